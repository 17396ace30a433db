/*
 * cipherfs.c: a directory of the host whose names and contents are shown in a cipher, written for NetBSD: the null layer with paths that
 * the library builds, names that are changed on their way to the host, records that are changed on their way back.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <puffs.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

PUFFSOP_PROTOS(cipher)

static void
usage(void)
{

	errx(1, "usage: %s [-s] [-o mntopts] cipherpath mount_path", getprogname());
}

/* Each letter becomes the one that is 13 further on, and the same brings it back. */
static void
turn(void *what, size_t length)
{
	uint8_t *b = what;

	for (; length > 0; length--, b++)
		if (isalpha(*b))
			*b = (uint8_t)(tolower(*b) < 'n' ? *b + 13 : *b - 13);
}

static int
turnname(struct puffs_usermount *pu, struct puffs_pathobj *dir, struct puffs_cn *pcn)
{

	(void)pu, (void)dir;
	turn(pcn->pcn_name, pcn->pcn_namelen);
	return 0;
}

int
cipher_node_readdir(struct puffs_usermount *pu, void *opc, struct dirent *dent, off_t *readoff, size_t *reslen,
    const struct puffs_cred *pcr, int *eofflag, off_t *cookies, size_t *ncookies)
{
	struct dirent *dp = dent;
	size_t rl = *reslen;
	int rv;

	rv = puffs_null_node_readdir(pu, opc, dent, readoff, reslen, pcr, eofflag, cookies, ncookies);
	if (rv)
		return rv;
	while (rl > *reslen) {
		turn(dp->d_name, dp->d_namlen);
		rl -= _DIRENT_SIZE(dp);
		dp = _DIRENT_NEXT(dp);
	}
	return 0;
}

int
cipher_node_read(struct puffs_usermount *pu, void *opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{
	uint8_t *begin = buf;
	size_t asked = *resid;
	int rv;

	rv = puffs_null_node_read(pu, opc, buf, offset, resid, pcr, ioflag);
	if (rv)
		return rv;
	turn(begin, asked - *resid);
	return 0;
}

int
cipher_node_write(struct puffs_usermount *pu, void *opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{

	turn(buf, *resid);
	return puffs_null_node_write(pu, opc, buf, offset, resid, pcr, ioflag);
}

int
main(int argc, char *argv[])
{
	struct puffs_usermount *pu;
	struct puffs_ops *pops;
	struct puffs_pathobj *po_root;
	struct puffs_node *pn_root;
	struct stat sb;
	mntoptparse_t mp;
	int mntflags = 0, pflags = PUFFS_FLAG_BUILDPATH, detach = 1, ch;

	setprogname(argv[0]);
	while ((ch = getopt(argc, argv, "o:s")) != -1) {
		switch (ch) {
		case 'o':
			mp = getmntopts(optarg, puffsmopts, &mntflags, &pflags);
			if (mp == NULL)
				err(1, "getmntopts");
			freemntopts(mp);
			break;
		case 's':
			detach = 0;
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (argc != 2)
		usage();
	if (pflags & PUFFS_FLAG_OPDUMP)
		detach = 0;
	if (lstat(argv[0], &sb) == -1)
		err(1, "stat %s", argv[0]);
	if (!S_ISDIR(sb.st_mode))
		errx(1, "%s is not a directory", argv[0]);

	PUFFSOP_INIT(pops);
	puffs_null_setops(pops);
	PUFFSOP_SET(pops, cipher, node, readdir);
	PUFFSOP_SET(pops, cipher, node, read);
	PUFFSOP_SET(pops, cipher, node, write);
	if ((pu = puffs_init(pops, argv[0], "cipher", NULL, (uint32_t)pflags)) == NULL)
		err(1, "init");

	if ((pn_root = puffs_pn_new(pu, NULL)) == NULL)
		err(1, "newroot");
	puffs_setroot(pu, pn_root);
	if ((po_root = puffs_getrootpathobj(pu)) == NULL)
		err(1, "getrootpathobj");
	po_root->po_path = argv[0];
	po_root->po_len = strlen(argv[0]);
	puffs_stat2vattr(&pn_root->pn_va, &sb);
	puffs_set_namemod(pu, turnname);

	if (detach && puffs_daemon(pu, 1, 1) == -1)
		err(1, "puffs_daemon");
	if (puffs_mount(pu, argv[1], mntflags, pn_root) == -1)
		err(1, "puffs_mount");
	if (puffs_mainloop(pu) == -1)
		err(1, "mainloop");
	return 0;
}
