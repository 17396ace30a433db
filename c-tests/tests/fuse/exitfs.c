/*
 * A server that ends itself by puffs_exit, for the tests: "op" from inside an operation, "after" when
 * the main loop has returned, "before" instead of mounting. In the middle, puffs_cancel is without
 * effect. It serves a directory with one empty
 * file; to look up the name "exit" is what makes "op" end.
 */

#define _DEFAULT_SOURCE 1

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <puffs.h>

PUFFSOP_PROTOS(exitfs)

static const char *when;
static int root, file; /* their addresses are the cookies */

int
exitfs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn)
{
	(void)opc;
	puffs_cancel(pu, EIO);
	if (strcmp(pcn->pcn_name, "exit") == 0 && strcmp(when, "op") == 0 && puffs_exit(pu, 0) != 0)
		return EIO;
	if (strcmp(pcn->pcn_name, "file") != 0)
		return ENOENT;
	puffs_newinfo_setcookie(pni, &file);
	puffs_newinfo_setvtype(pni, VREG);
	return 0;
}

int
exitfs_node_getattr(
    struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *vap, const struct puffs_cred *pcr)
{
	(void)pu, (void)pcr;
	vap->va_type = opc == &root ? VDIR : VREG;
	vap->va_mode = opc == &root ? 0755 : 0644;
	vap->va_nlink = 1;
	vap->va_uid = vap->va_gid = 0;
	vap->va_fileid = opc == &root ? 1 : 2;
	vap->va_size = vap->va_bytes = 0;
	return 0;
}

int
main(int argc, char **argv)
{
	struct puffs_usermount *pu;
	struct puffs_ops *pops;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: exitfs op|after|before mountpoint");
	when = argv[1];

	PUFFSOP_INIT(pops);
	PUFFSOP_SETFSNOP(pops, unmount);
	PUFFSOP_SETFSNOP(pops, sync);
	PUFFSOP_SETFSNOP(pops, statvfs);
	PUFFSOP_SET(pops, exitfs, node, lookup);
	PUFFSOP_SET(pops, exitfs, node, getattr);
	if ((pu = puffs_init(pops, "exitfs", "exitfs", NULL, 0)) == NULL)
		err(EXIT_FAILURE, "puffs_init");
	if (strcmp(when, "before") == 0) {
		if (puffs_exit(pu, 0) != 0)
			return EXIT_FAILURE;
		puffs_cancel(pu, 0);
		return EXIT_SUCCESS;
	}
	if (puffs_mount(pu, argv[2], 0, &root) == -1)
		err(EXIT_FAILURE, "%s", argv[2]);
	if (puffs_mainloop(pu) == -1)
		err(EXIT_FAILURE, "puffs_mainloop");
	if (strcmp(when, "after") == 0 && (puffs_exit(pu, 0) != 0 || puffs_exit(pu, 0) != 0))
		return EXIT_FAILURE;
	puffs_cancel(pu, 0);
	return EXIT_SUCCESS;
}
