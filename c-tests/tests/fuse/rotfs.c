/*
 * rotfs.c: a directory passed through with everything rotated: names by a hook, contents and listings by operations that stand in front of
 * the null layer's. What is "uryyb" on the host is "hello" here. Usage: rotfs directory mountpoint; it stays in the foreground.
 */
#define _GNU_SOURCE

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <puffs.h>

PUFFSOP_PROTOS(rotfs)

/* Letters by half the alphabet, so that twice is nothing. */
static void
rotate(void *bytes, size_t len)
{
	unsigned char *p = bytes;

	for (; len-- > 0; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = 'a' + (*p - 'a' + 13) % 26;
		else if (*p >= 'A' && *p <= 'Z')
			*p = 'A' + (*p - 'A' + 13) % 26;
	}
}

static int
rotate_name(struct puffs_usermount *pu, struct puffs_pathobj *dir, struct puffs_cn *pcn)
{

	(void)pu, (void)dir;
	rotate(pcn->pcn_name, pcn->pcn_namelen);
	return 0;
}

int
rotfs_node_readdir(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_dirent *dent, off_t *readoff, size_t *reslen,
    const struct puffs_cred *pcr, int *eofflag, off_t *cookies, size_t *ncookies)
{
	struct puffs_dirent *first = dent;
	size_t before = *reslen;
	int error;

	error = puffs_null_node_readdir(pu, opc, dent, readoff, reslen, pcr, eofflag, cookies, ncookies);
	if (error != 0)
		return error;
	for (before -= *reslen; before > 0; first = _DIRENT_NEXT(first)) {
		rotate(first->d_name, first->d_namlen);
		before -= _DIRENT_SIZE(first);
	}
	return 0;
}

int
rotfs_node_read(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{
	size_t before = *resid;
	int error;

	if ((error = puffs_null_node_read(pu, opc, buf, offset, resid, pcr, ioflag)) == 0)
		rotate(buf, before - *resid);
	return error;
}

/* The buffer is ours to write to. */
int
rotfs_node_write(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{

	rotate(buf, *resid);
	return puffs_null_node_write(pu, opc, buf, offset, resid, pcr, ioflag);
}

static void *
walk_free(struct puffs_usermount *pu, struct puffs_node *pn, void *arg)
{

	(void)pu, (void)arg;
	puffs_pn_put(pn);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct puffs_usermount *pu;
	struct puffs_ops *pops;
	struct puffs_node *root;
	struct stat st;

	if (argc != 3)
		errx(1, "usage: rotfs directory mountpoint");
	PUFFSOP_INIT(pops);
	puffs_null_setops(pops);
	PUFFSOP_SET(pops, rotfs, node, readdir);
	PUFFSOP_SET(pops, rotfs, node, read);
	PUFFSOP_SET(pops, rotfs, node, write);
	if ((pu = puffs_init(pops, argv[1], "rotfs", NULL, PUFFS_FLAG_BUILDPATH)) == NULL)
		err(1, "puffs_init");
	puffs_set_namemod(pu, rotate_name);
	if ((root = puffs_pn_new(pu, NULL)) == NULL || stat(argv[1], &st) == -1)
		err(1, "%s", argv[1]);
	puffs_setroot(pu, root);
	PNPATH(root) = strdup(argv[1]);
	PNPLEN(root) = strlen(argv[1]);
	puffs_stat2vattr(&root->pn_va, &st);
	if (puffs_mount(pu, argv[2], 0, root) == -1 || puffs_mainloop(pu) == -1)
		err(1, "%s", argv[2]);
	puffs_pn_nodewalk(pu, walk_free, NULL);
	puffs_cancel(pu, 0);
	return 0;
}
