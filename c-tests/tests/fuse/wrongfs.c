/*
 * A server that calls the library wrongly: wrongfs what directory
 *
 *	no-table	puffs_init without operations
 *	no-name		puffs_init without a name
 *	no-unmount, no-statvfs, no-sync, no-lookup
 *			puffs_init without this operation
 *	no-directory	puffs_mount without a directory
 *	early-loop	puffs_mainloop without a mount
 *	second-loop	puffs_mainloop again, when the first has returned
 *	second-mount	puffs_mount again, here and on the directory "other" beside it, and then everything as usual
 *
 * It says the errno value that it got, and ends with 3; with 4 if nothing was refused.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <puffs.h>

static int root;

int
wrongfs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *pcn)
{
	(void)pu;
	(void)dir;
	(void)ni;
	(void)pcn;
	return ENOENT;
}

int
wrongfs_node_getattr(struct puffs_usermount *pu, puffs_cookie_t node, struct vattr *va, const struct puffs_cred *cred)
{
	(void)pu;
	(void)node;
	(void)cred;
	puffs_vattr_null(va);
	va->va_type = VDIR;
	va->va_mode = 0555;
	return 0;
}

static void
refused(int failed)
{
	if (!failed)
		exit(4);
	fprintf(stderr, "errno %d\n", errno);
}

int
main(int argc, char *argv[])
{
	struct puffs_ops *ops;
	struct puffs_usermount *pu;
	const char *what = argc == 3 ? argv[1] : "";
	char other[4096];

	PUFFSOP_INIT(ops);
	if (strcmp(what, "no-unmount") != 0)
		PUFFSOP_SETFSNOP(ops, unmount);
	if (strcmp(what, "no-statvfs") != 0)
		PUFFSOP_SETFSNOP(ops, statvfs);
	if (strcmp(what, "no-sync") != 0)
		PUFFSOP_SETFSNOP(ops, sync);
	if (strcmp(what, "no-lookup") != 0)
		PUFFSOP_SET(ops, wrongfs, node, lookup);
	PUFFSOP_SET(ops, wrongfs, node, getattr);

	pu = puffs_init(strcmp(what, "no-table") == 0 ? NULL : ops, strcmp(what, "no-name") == 0 ? NULL : "wrongfs",
	    "wrongfs", NULL, 0);
	if (pu == NULL) {
		refused(1);
		return 3;
	}
	if (strcmp(what, "no-directory") == 0) {
		refused(puffs_mount(pu, NULL, 0, &root) == -1);
		return 3;
	}
	if (strcmp(what, "early-loop") == 0) {
		refused(puffs_mainloop(pu) == -1);
		return 3;
	}
	if (puffs_mount(pu, argv[2], 0, &root) == -1)
		return 1;
	if (strcmp(what, "second-mount") == 0) {
		/* The mount itself must not be asked where it is. */
		snprintf(other, sizeof(other), "%.*sother", (int)(strrchr(argv[2], '/') + 1 - argv[2]), argv[2]);
		refused(puffs_mount(pu, argv[2], 0, &root) == -1);
		refused(puffs_mount(pu, other, 0, &root) == -1);
	}
	if (puffs_mainloop(pu) == -1)
		return 1;
	if (strcmp(what, "second-loop") == 0)
		refused(puffs_mainloop(pu) == -1);
	puffs_cancel(pu, 0);
	return 3;
}
