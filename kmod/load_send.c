/*
 * load_send.c: requests of every form, with bodies that both sides can check (load.h).
 */
#include <linux/completion.h>
#include <linux/string.h>

#include "kmod.h"
#include "load.h"

#define BULK 9000

/*
 * Bodies.
 */

static void
fill(void *data, size_t len, uint64_t seq)
{
	size_t i;

	for (i = 0; i < len; i++)
		((uint8_t *)data)[i] = load_byte(seq, i);
}

static bool
filled(const void *data, size_t len, uint64_t seq)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((const uint8_t *)data)[i] != load_byte(seq, i))
			return false;
	return true;
}

/* A body with `data` bytes behind it, from the library's allocator. */
static struct load_msg *
msg_new(uint64_t seq, size_t data)
{
	struct load_msg *msg;

	if ((msg = puffs_alloc(sizeof(*msg) + data)) == NULL)
		return NULL;
	msg->lm_seq = seq;
	msg->lm_len = data;
	fill(msg + 1, data, seq);
	return msg;
}

/* 0 when this is the answer to `seq` with so much data. */
static int
msg_check(const struct load_msg *msg, size_t len, uint64_t seq, size_t data)
{

	if (len != sizeof(*msg) + data || msg->lm_seq != ~seq || msg->lm_len != data)
		return EBADMSG;
	return filled(msg + 1, data, seq) ? 0 : EBADMSG;
}

/*
 * The forms.
 */

struct waiter {
	struct completion w_done;
	int w_error;
	uint64_t w_seq;
};

/* The buffer is ours again. */
static void
done(void *arg, int error, void *kbuf, size_t len)
{
	struct waiter *w = arg;

	w->w_error = error == 0 ? msg_check(kbuf, len, w->w_seq, 0) : error;
	puffs_free(kbuf);
	complete(&w->w_done);
}

static int
send_done(struct puffs_mount *pmp, uint64_t seq, void *cookie, uint64_t timeout_ns)
{
	struct waiter w = { .w_seq = seq };
	struct puffs_touseropt opt = {
		.pto_size = sizeof(opt), .pto_timeout_ns = timeout_ns, .pto_done = done, .pto_arg = &w,
	};
	size_t len = sizeof(struct load_msg);
	void *kbuf = msg_new(seq, 0);
	int error;

	if (kbuf == NULL)
		return ENOMEM;
	init_completion(&w.w_done);
	if ((error = puffs_touser_opt(pmp, PUFFSOP_VN, PUFFS_VN_OPEN, &kbuf, &len, len, cookie, &opt)) != 0)
		return error;
	/* Nobody sends this thread away: `w` is on its stack. */
	wait_for_completion(&w.w_done);
	return w.w_error;
}

static int
send_opt(struct puffs_mount *pmp, uint64_t seq, void *cookie, int optype, uint32_t flags, uint64_t timeout_ns)
{
	struct puffs_touseropt opt = { .pto_size = sizeof(opt), .pto_flags = flags, .pto_timeout_ns = timeout_ns };
	size_t len = sizeof(struct load_msg);
	void *kbuf = msg_new(seq, 0);
	int error;

	if (kbuf == NULL)
		return ENOMEM;
	error = puffs_touser_opt(pmp, PUFFSOP_VN, optype, &kbuf, &len, len, cookie, &opt);
	if (error == 0)
		error = msg_check(kbuf, len, seq, 0);
	puffs_free(kbuf);
	return error;
}

static int
send_adjbuf(struct puffs_mount *pmp, uint64_t seq, void *cookie)
{
	size_t want = seq * 977 % 20000, len = sizeof(struct load_msg);
	struct load_msg *msg = msg_new(seq, 0);
	void *kbuf = msg;
	int error;

	if (msg == NULL)
		return ENOMEM;
	msg->lm_len = want;
	error = puffs_vntouser_adjbuf(pmp, PUFFS_VN_READ, &kbuf, &len, len, cookie, NULL, NULL);
	if (error == 0)
		error = msg_check(kbuf, len, seq, want);
	puffs_free(kbuf);
	return error;
}

static int
send_bulk(struct puffs_mount *pmp, uint64_t seq, void *cookie)
{
	size_t data = seq * 613 % BULK;
	struct load_msg *msg = msg_new(seq, data);
	int error;

	if (msg == NULL)
		return ENOMEM;
	error = puffs_vntouser(pmp, PUFFS_VN_WRITE, msg, sizeof(*msg) + data, cookie, NULL, NULL);
	/* The answer is the head; behind it the buffer is as it was. */
	if (error == 0 && (msg->lm_len != 0 || msg->lm_seq != ~seq || !filled(msg + 1, data, seq)))
		error = EBADMSG;
	puffs_free(msg);
	return error;
}

static int
send_sizeop(struct puffs_mount *pmp, uint64_t seq, void *cookie)
{
	struct load_msg msg = { .lm_seq = seq };
	uint64_t id = puffs_getreqid(pmp);
	size_t moved[2] = { 0, 0 };
	struct puffs_sizeops *pso;
	char *out, *in;
	int error;

	if ((out = puffs_alloc(LOAD_SIZEOP_OUT + LOAD_SIZEOP_IN)) == NULL)
		return ENOMEM;
	in = out + LOAD_SIZEOP_OUT;
	fill(out, LOAD_SIZEOP_OUT, seq);
	if ((error = puffs_sizeop_new(pmp, id, NULL, &pso)) != 0)
		goto out;
	if ((error = puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_OUT, out, LOAD_SIZEOP_OUT)) != 0 ||
	    (error = puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_IN, in, LOAD_SIZEOP_IN)) != 0) {
		puffs_sizeop_cancel(pso);
		goto out;
	}
	error = puffs_vntouser_req(pmp, PUFFS_VN_READLINK, &msg, sizeof(msg), cookie, id, NULL, NULL);
	if (error != 0) {
		puffs_sizeop_cancel(pso);
		goto out;
	}
	if ((error = puffs_sizeop_finish(pso, moved, 2)) == 0 && (msg_check(&msg, sizeof(msg), seq, 0) != 0 ||
	    moved[0] != LOAD_SIZEOP_OUT || moved[1] != LOAD_SIZEOP_IN || !filled(in, LOAD_SIZEOP_IN, ~seq)))
		error = EBADMSG;
out:
	puffs_free(out);
	return error;
}

int
puffs_load_send(struct puffs_mount *pmp, uint64_t seq, enum load_form form, void *cookie, uint32_t flags, uint64_t timeout_ns)
{
	struct load_msg msg = { .lm_seq = seq };
	void *kbuf;
	int error;

	switch (form) {
	case LOAD_VFS:
		error = puffs_vfstouser(pmp, PUFFS_VFS_STATVFS, &msg, sizeof(msg));
		break;
	case LOAD_VN:
		error = puffs_vntouser(pmp, PUFFS_VN_GETATTR, &msg, sizeof(msg), cookie, NULL, NULL);
		break;
	case LOAD_REQ:
		error = puffs_vntouser_req(pmp, PUFFS_VN_SETATTR, &msg, sizeof(msg), cookie, puffs_getreqid(pmp), NULL, NULL);
		break;
	case LOAD_BULK:
		return send_bulk(pmp, seq, cookie);
	case LOAD_ADJBUF:
		return send_adjbuf(pmp, seq, cookie);
	case LOAD_FAF:
		if ((kbuf = msg_new(seq, 0)) == NULL)
			return ENOMEM;
		return puffs_vntouser_faf(pmp, PUFFS_VN_RECLAIM, kbuf, sizeof(msg), cookie);
	case LOAD_OPT:
		return send_opt(pmp, seq, cookie, PUFFS_VN_ACCESS, flags, timeout_ns);
	case LOAD_DEADLINE:
		return send_opt(pmp, seq, cookie, PUFFS_VN_POLL, 0, 2000000);
	case LOAD_DONE:
		return send_done(pmp, seq, cookie, timeout_ns);
	case LOAD_SIZEOP:
		return send_sizeop(pmp, seq, cookie);
	default:
		return EINVAL;
	}
	return error != 0 ? error : msg_check(&msg, sizeof(msg), seq, 0);
}
