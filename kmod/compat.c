/*
 * compat.c: servers of 32 bits, whose pointers, and so whose structures, are smaller.
 *
 * The library knows one layout. What such a server names is handed to it as an address that no process has: a tag, which
 * structure is there, the server's address of it, and an offset. The copy functions know these addresses, and read and write
 * the server's fields, narrower and at other places, one by one. Nothing is kept between a copy and the next, so a call may
 * sleep, be interrupted and be made again.
 *
 * Only the calls of such a process are taken this way, and all that such an address leads to is its own memory: it may
 * guess one, and gains nothing.
 */
#include <linux/compat.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "kmod.h"

#ifdef CONFIG_COMPAT

/* Tag, structure (3), the server's address (32), offset (20): more than any array of a call is long. */
#define TAG (5ULL << 60)
#define KIND_SHIFT 52
#define BASE_SHIFT 20
#define OFFSET_MASK ((1ULL << BASE_SHIFT) - 1)

struct req32 {
	compat_u64 preq_id;
	uint8_t preq_opclass;
	uint8_t preq_optype;
	int32_t preq_rv;
	compat_uptr_t preq_cookie;
	compat_uptr_t preq_aux;
	compat_size_t preq_auxlen;
};

struct sizeop32 {
	compat_u64 pso_reqid;
	compat_uptr_t pso_userbuf;
	compat_size_t pso_bufsize;
};

struct batch32 {
	compat_uptr_t pb_put;
	compat_size_t pb_nput;
	compat_uptr_t pb_get;
	compat_size_t pb_nget;
	compat_u64 pb_flags;
};

static_assert(sizeof(struct req32) == 28);
static_assert(sizeof(struct sizeop32) == 16);
static_assert(sizeof(struct batch32) == 24);

/* A field of ours, and the server's; `f_reqs`: it names an array of requests. */
struct field {
	uint8_t f_at;
	uint8_t f_len;
	uint8_t f_at32;
	uint8_t f_len32;
	bool f_reqs;
};

#define FIELD(name, member, reqs) { \
	offsetof(struct puffs_##name, member), sizeof_field(struct puffs_##name, member), \
	offsetof(struct name##32, member), sizeof_field(struct name##32, member), reqs }

static const struct field req_fields[] = {
	FIELD(req, preq_id, false),
	FIELD(req, preq_opclass, false),
	FIELD(req, preq_optype, false),
	FIELD(req, preq_rv, false),
	FIELD(req, preq_cookie, false),
	FIELD(req, preq_aux, false),
	FIELD(req, preq_auxlen, false),
};

static const struct field sizeop_fields[] = {
	FIELD(sizeop, pso_reqid, false),
	FIELD(sizeop, pso_userbuf, false),
	FIELD(sizeop, pso_bufsize, false),
};

static const struct field batch_fields[] = {
	FIELD(batch, pb_put, true),
	FIELD(batch, pb_nput, false),
	FIELD(batch, pb_get, true),
	FIELD(batch, pb_nget, false),
	FIELD(batch, pb_flags, false),
};

static const struct kind {
	size_t k_size;
	size_t k_size32;
	const struct field *k_fields;
	size_t k_nfields;
} kinds[] = {
#define REQ 0
	{ sizeof(struct puffs_req), sizeof(struct req32), req_fields, ARRAY_SIZE(req_fields) },
#define SIZEOP 1
	{ sizeof(struct puffs_sizeop), sizeof(struct sizeop32), sizeop_fields, ARRAY_SIZE(sizeop_fields) },
#define BATCH 2
	{ sizeof(struct puffs_batch), sizeof(struct batch32), batch_fields, ARRAY_SIZE(batch_fields) },
};

/* NULL stays what it is. */
static uint64_t
encode(unsigned int kind, compat_uptr_t base)
{

	return base == 0 ? 0 : TAG | (uint64_t)kind << KIND_SHIFT | (uint64_t)base << BASE_SHIFT;
}

bool
puffs_compat_addr(const void *uaddr)
{

	return (uint64_t)uaddr >> 60 == TAG >> 60 && in_compat_syscall();
}

/* The structure at an address, where it is at the server's, and the offset in it; NULL: that is none. */
static const struct kind *
decode(const void *uaddr, char __user **base, size_t *offset)
{
	uint64_t addr = (uint64_t)uaddr;
	size_t number = (addr & ~TAG) >> KIND_SHIFT, from = addr & OFFSET_MASK;
	const struct kind *kind;

	if (number >= ARRAY_SIZE(kinds))
		return NULL;
	kind = &kinds[number];
	*base = compat_ptr((compat_uptr_t)(addr >> BASE_SHIFT));
	*base += from / kind->k_size * kind->k_size32;
	*offset = from % kind->k_size;
	return kind;
}

/*
 * Copies `len` bytes at `offset` of a structure of ours, of which they are whole fields; between them there may be holes.
 */
static int
move(const struct kind *kind, char __user *base, size_t offset, char *kaddr, size_t len, bool in)
{
	const struct field *f;
	uint64_t value;

	/* A structure at a time, and a server's address may not wrap. */
	if (len > kind->k_size - offset || (uint64_t)base + kind->k_size32 > U32_MAX)
		return -EFAULT;
	if (in)
		memset(kaddr, 0, len);
	for (f = kind->k_fields; f < kind->k_fields + kind->k_nfields; f++) {
		if (f->f_at + f->f_len <= offset || f->f_at >= offset + len)
			continue;
		if (f->f_at < offset || f->f_at + f->f_len > offset + len)
			return -EFAULT;
		value = 0;
		if (in) {
			if (copy_from_user(&value, base + f->f_at32, f->f_len32))
				return -EFAULT;
			if (f->f_reqs)
				value = encode(REQ, (compat_uptr_t)value);
			memcpy(kaddr + (f->f_at - offset), &value, f->f_len);
		} else {
			/* The server's own, which stays what it is. */
			if (f->f_reqs)
				continue;
			memcpy(&value, kaddr + (f->f_at - offset), f->f_len);
			if (copy_to_user(base + f->f_at32, &value, f->f_len32))
				return -EFAULT;
		}
	}
	return 0;
}

int
puffs_compat_in(const void *uaddr, void *kaddr, size_t len)
{
	const struct kind *kind;
	char __user *base;
	size_t offset;

	if ((kind = decode(uaddr, &base, &offset)) == NULL)
		return -EFAULT;
	return move(kind, base, offset, kaddr, len, true);
}

int
puffs_compat_out(const void *kaddr, void *uaddr, size_t len)
{
	const struct kind *kind;
	char __user *base;
	size_t offset;

	if ((kind = decode(uaddr, &base, &offset)) == NULL)
		return -EFAULT;
	return move(kind, base, offset, (char *)kaddr, len, false);
}

unsigned int
puffs_compat_cmd(unsigned int cmd, unsigned long *arg)
{
	compat_uptr_t base = (compat_uptr_t)*arg;

	switch (cmd) {
	case _IOWR('p', 1, struct req32):
		*arg = encode(REQ, base);
		return PUFFSGETOP;
	case _IOWR('p', 2, struct req32):
		*arg = encode(REQ, base);
		return PUFFSPUTOP;
	case _IOWR('p', 3, struct sizeop32):
		*arg = encode(SIZEOP, base);
		return PUFFSSIZEOP;
	case _IOWR('p', 16, struct batch32):
		*arg = encode(BATCH, base);
		return PUFFSBATCH;
	case PUFFSSTARTOP:
	case PUFFSWAKE:
	case PUFFSSTALE:
		/* Numbers of fixed width only, or nothing: the same everywhere. */
		*arg = (unsigned long)base;
		return cmd;
	default:
		return 0;
	}
}

#endif
