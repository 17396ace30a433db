/*
 * load.h: /dev/puffs-load, by which tests make the kernel side of a mount do what a VFS would. Not in the module that is installed.
 *
 * An open of it is a mount, once LOAD_MOUNT has bound it to the instance behind an open /dev/puffs; its close unmounts, and
 * waits for all that it started. Requests are about nothing, and their bodies are made so that both sides can check them.
 */
#ifndef PUFFS_LOAD_H
#define PUFFS_LOAD_H

/*
 * The head of each body, and in data that follows, byte i is load_byte(seq, i). An answer has the complement of `lm_seq`.
 * `lm_len` is the length of the data that follows; in a READ that of the data wanted in the answer.
 */
struct load_msg {
	uint64_t lm_seq;
	uint64_t lm_len;
};

static inline uint8_t
load_byte(uint64_t seq, size_t i)
{

	return (uint8_t)(seq * 31 + i + i / 251);
}

/* The forms that a request has, and the operation that each is. Of what is sent, 0 counts as right only when the answer is. */
enum load_form {
	LOAD_VFS,	/* STATVFS, puffs_vfstouser */
	LOAD_VN,	/* GETATTR, puffs_vntouser */
	LOAD_REQ,	/* SETATTR, puffs_vntouser_req */
	LOAD_BULK,	/* WRITE with data, answered by the head alone */
	LOAD_ADJBUF,	/* READ, puffs_vntouser_adjbuf, answered with data */
	LOAD_FAF,	/* RECLAIM; EAGAIN is no error */
	LOAD_OPT,	/* ACCESS, puffs_touser_opt with flags and timeout of the call */
	LOAD_DEADLINE,	/* POLL, which gives up after 2 ms; ETIMEDOUT is no error */
	LOAD_DONE,	/* OPEN, with a completion, and the timeout of the call */
	LOAD_SIZEOP,	/* READLINK, with LOAD_SIZEOP_OUT bytes for the server and LOAD_SIZEOP_IN from it */
	LOAD_NFORMS
};
#ifdef __KERNEL__
/* load_send.c: sends one request; 0 and the answer is right, EBADMSG and it is not, or an errno value. */
int puffs_load_send(struct puffs_mount *pmp, uint64_t seq, enum load_form form, void *cookie, uint32_t flags, uint64_t timeout_ns);
#endif
#define LOAD_ALL ((1u << LOAD_NFORMS) - 1)
#define LOAD_SIZEOP_OUT 5000
#define LOAD_SIZEOP_IN 3001

struct load_mount {
	int32_t lo_fd;
	uint32_t lo_flags;		/* PUFFS_MOUNT_* */
	uint64_t lo_timeout_ns;
	uint64_t lo_max_requests;
};

/* One request by the calling thread. The ioctl fails only when there is no mount; the result is here. */
struct load_call {
	uint32_t lc_form;
	uint32_t lc_flags;		/* PUFFS_TOUSER_* of LOAD_OPT */
	uint64_t lc_timeout_ns;		/* of LOAD_OPT and LOAD_DONE */
	uint64_t lc_cookie;
	int32_t lc_result;		/* 0, an errno value, or EBADMSG: the answer is wrong */
	uint32_t lc_pad;
};

/* Kernel threads, so many for each form; each sends so many requests, or until the mount is dead. */
struct load_run {
	uint32_t lr_forms;		/* bits */
	uint32_t lr_threads;
	uint64_t lr_rounds;
};

/* What became of the requests of all threads. */
struct load_tally {
	uint64_t lt_sent[LOAD_NFORMS];
	uint64_t lt_right;
	uint64_t lt_wrong;
	uint64_t lt_dead;		/* ENXIO */
	uint64_t lt_timedout;
	uint64_t lt_full;		/* EAGAIN */
	uint64_t lt_intr;
	uint64_t lt_failed;		/* EPROTO, and anything else */
	uint64_t lt_late;		/* answers that came too late */
	int64_t lt_lasterror;
};

#define LOADMOUNT _IOW('P', 1, struct load_mount)
#define LOADDIE _IO('P', 2)
#define LOADUNMOUNT _IO('P', 3)
#define LOADCALL _IOWR('P', 4, struct load_call)
#define LOADRUN _IOW('P', 5, struct load_run)
#define LOADWAIT _IOR('P', 6, struct load_tally)	/* for the threads, until they are through */
#define LOADSTATS _IOR('P', 7, struct puffs_mountstats)
/* What SHIM_* of c-tests/c/support/shim.h wants, with its body and cookie. */
#define LOADSHIMFAF _IO('P', 8)
#define LOADSHIMCALL _IO('P', 9)
#define LOADSHIMSUBMIT _IO('P', 10)
#define LOADSHIMINTERRUPT _IO('P', 11)

#endif
