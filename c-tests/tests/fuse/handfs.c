/*
 * A file server with a request of its own making (puffs_dispatch_create), left in its middle before the main loop, which forgets it in the end:
 * what waits.rs expects of it is that it says nothing and ends with 0.
 */

#include <err.h>
#include <errno.h>
#include <signal.h>

#include <puffs.h>
#include <puffs_msgif.h>

PUFFSOP_PROTOS(handfs)

int
handfs_node_getattr(struct puffs_usermount *pu, puffs_cookie_t file, struct vattr *va, const struct puffs_cred *cred)
{
	(void)file;
	(void)cred;
	puffs_vattr_null(va);
	va->va_type = VDIR;
	va->va_mode = 0755;
	/* Over the mount it is answered at once. */
	if (puffs_getstate(pu) == PUFFS_STATE_BEFOREMOUNT)
		puffs_cc_yield(puffs_cc_getcc(pu));
	return 0;
}

int
handfs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *cn)
{
	(void)pu;
	(void)dir;
	(void)ni;
	(void)cn;
	return ENOENT;
}

int
main(int argc, char *argv[])
{
	struct puffs_req req = {.preq_opclass = PUFFSOP_VN, .preq_optype = PUFFS_VN_GETATTR};
	struct puffs_msg_plain_req body = {.head = {.version = PUFFS_MSG_VERSION, .cred = PUFFS_MSG_CRED_KERNEL}};
	struct puffs_framebuf *fb, *done = NULL;
	struct puffs_usermount *pu;
	struct puffs_ops *ops;
	struct puffs_cc *cc;

	if (argc != 2)
		errx(1, "usage: handfs directory");
	PUFFSOP_INIT(ops);
	PUFFSOP_SETFSNOP(ops, unmount);
	PUFFSOP_SETFSNOP(ops, sync);
	PUFFSOP_SETFSNOP(ops, statvfs);
	PUFFSOP_SET(ops, handfs, node, lookup);
	PUFFSOP_SET(ops, handfs, node, getattr);
	if ((pu = puffs_init(ops, "handfs", "handfs", NULL, 0)) == NULL || (fb = puffs_framebuf_make()) == NULL)
		err(1, "puffs_init");
	if (puffs_framebuf_putdata(fb, &req, sizeof(req)) == -1 || puffs_framebuf_putdata(fb, &body, sizeof(body)) == -1 ||
	    puffs_dispatch_create(pu, fb, &cc) == -1)
		err(1, "puffs_dispatch_create");
	if (puffs_dispatch_exec(cc, &done) != 0)
		errx(1, "it was not left");
	if (puffs_unmountonsignal(SIGINT, true) == -1 || puffs_mount(pu, argv[1], 0, NULL) == -1 || puffs_mainloop(pu) == -1)
		err(1, "%s", argv[1]);
	if (puffs_dispatch_exec(cc, &done) != -1 || errno != ECANCELED || done != NULL)
		err(1, "it was not cancelled");
	if (puffs_dispatch_exec(cc, &done) != -1 || errno != EINVAL)
		err(1, "it is still there");
	/* The buffer is ours again, and can be used. */
	puffs_framebuf_recycle(fb);
	if (puffs_framebuf_putdata(fb, &req, sizeof(req)) == -1)
		err(1, "the buffer");
	puffs_framebuf_destroy(fb);
	puffs_cancel(pu, 0);
	return 0;
}
