/*
 * glassfs.c: a directory of the host behind glass, written for NetBSD: to look at only, and every letter of a name is a capital
 * one. Reads directories with readdir_r and walks over their records, asks statvfs, keeps paths in nodes of its own.
 */
#include <sys/types.h>
#include <sys/statvfs.h>

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <puffs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <util.h>

PUFFSOP_PROTOS(glass)

static const struct mntopt glassopts[] = {
	MOPT_STDOPTS,
	PUFFSMOPT_STD,
	{ "depth", 0, 0, 0 },
	MOPT_NULL
};

static const char *behind;

static void
usage(void)
{

	errx(1, "usage: %s [-s] [-o options] directory mountpoint", getprogname());
}

#define HOSTPATH(opc) ((const char *)((struct puffs_node *)(opc))->pn_data)

static void
capitals(char *name)
{

	for (; *name != '\0'; name++)
		*name = (char)toupper((unsigned char)*name);
}

int
glass_fs_statvfs(struct puffs_usermount *pu, struct statvfs *sbp)
{

	(void)pu;
	return statvfs(behind, sbp) == -1 ? errno : 0;
}

static void *
sameplace(struct puffs_usermount *pu, struct puffs_node *pn, void *arg)
{

	(void)pu;
	return strcmp(HOSTPATH(pn), arg) == 0 ? pn : NULL;
}

/* The path of the host that this name of ours stands for. */
static char *
findhost(const char *dir, const char *name)
{
	struct dirent *dp;
	char *path = NULL, *shown;
	DIR *dirp;

	if ((dirp = opendir(dir)) == NULL)
		return NULL;
	while (path == NULL && (dp = readdir(dirp)) != NULL) {
		shown = estrndup(dp->d_name, dp->d_namlen);
		capitals(shown);
		if (strcmp(shown, name) == 0)
			easprintf(&path, "%s/%s", dir, dp->d_name);
		free(shown);
	}
	closedir(dirp);
	if (path == NULL)
		errno = ENOENT;
	return path;
}

int
glass_node_lookup(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{
	struct puffs_node *pn;
	struct stat sb;
	char *path;

	if ((path = findhost(HOSTPATH(opc), pcn->pcn_name)) == NULL)
		return errno;
	if (lstat(path, &sb) == -1) {
		free(path);
		return errno;
	}
	if ((pn = puffs_pn_nodewalk(pu, sameplace, path)) == NULL) {
		if ((pn = puffs_pn_new(pu, path)) == NULL)
			err(1, "puffs_pn_new");
	} else
		free(path);
	puffs_stat2vattr(&pn->pn_va, &sb);
	puffs_newinfo_setcookie(pni, pn);
	puffs_newinfo_setvtype(pni, pn->pn_va.va_type);
	puffs_newinfo_setsize(pni, (voff_t)pn->pn_va.va_size);
	puffs_newinfo_setrdev(pni, pn->pn_va.va_rdev);
	return 0;
}

int
glass_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *vap, const struct puffs_cred *pcr)
{
	struct puffs_node *pn = opc;
	struct stat sb;

	if (lstat(HOSTPATH(pn), &sb) == -1)
		return errno;
	puffs_stat2vattr(&pn->pn_va, &sb);
	pn->pn_va.va_atime = sb.st_mtimespec;
	return puffs_genfs_node_getattr(pu, opc, vap, pcr);
}

int
glass_node_read(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{
	ssize_t n;
	int fd;

	(void)pu, (void)pcr, (void)ioflag;
	if ((fd = open(HOSTPATH(opc), O_RDONLY)) == -1)
		return errno;
	n = pread(fd, buf, *resid, offset);
	close(fd);
	if (n == -1)
		return errno;
	*resid -= (size_t)n;
	return 0;
}

int
glass_node_readlink(struct puffs_usermount *pu, puffs_cookie_t opc, const struct puffs_cred *pcr, char *linkname,
    size_t *linklen)
{
	ssize_t n;

	(void)pu, (void)pcr;
	if ((n = readlink(HOSTPATH(opc), linkname, *linklen)) == -1)
		return errno;
	*linklen = (size_t)n;
	return 0;
}

/* The records as the host has them, from the one at *readoff on. */
static int
hostdents(const char *path, struct dirent *dent, off_t *readoff, size_t *reslen, int *eofflag)
{
	struct dirent entry, *result;
	off_t skip = *readoff;
	int error = 0;
	DIR *dirp;

	if ((dirp = opendir(path)) == NULL)
		return errno;
	for (;;) {
		if ((error = readdir_r(dirp, &entry, &result)) != 0)
			break;
		if (result == NULL) {
			*eofflag = 1;
			break;
		}
		if (skip-- > 0)
			continue;
		if (puffs_nextdent(&dent, entry.d_name, entry.d_fileno, entry.d_type, reslen) == 0)
			break;
		(*readoff)++;
	}
	closedir(dirp);
	return error;
}

int
glass_node_readdir(struct puffs_usermount *pu, puffs_cookie_t opc, struct dirent *dent, off_t *readoff, size_t *reslen,
    const struct puffs_cred *pcr, int *eofflag, off_t *cookies, size_t *ncookies)
{
	struct dirent *dp = dent;
	off_t at = *readoff;
	size_t left = *reslen, used;
	int error;

	(void)pu, (void)pcr;
	*ncookies = 0;
	if ((error = hostdents(HOSTPATH(opc), dent, readoff, reslen, eofflag)) != 0)
		return error;
	for (used = left - *reslen; used > 0; used -= _DIRENT_SIZE(dp), dp = _DIRENT_NEXT(dp)) {
		if (dp->d_namlen != strlen(dp->d_name) || dp->d_reclen != _DIRENT_SIZE(dp))
			errx(1, "a broken record: %s", dp->d_name);
		capitals(dp->d_name);
		at++;
		PUFFS_STORE_DCOOKIE(cookies, ncookies, at);
	}
	return 0;
}

int
glass_node_reclaim(struct puffs_usermount *pu, puffs_cookie_t opc)
{
	struct puffs_node *pn = opc;

	(void)pu;
	free(pn->pn_data);
	puffs_pn_put(pn);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct puffs_usermount *pu;
	struct puffs_ops *pops;
	struct puffs_node *root;
	struct statvfs sb;
	char path[MAXPATHLEN];
	mntoptparse_t mp;
	int mntflags = MNT_RDONLY, pflags = 0, detach = 1, ch;

	setprogname(argv[0]);
	while ((ch = getopt(argc, argv, "o:s")) != -1) {
		switch (ch) {
		case 'o':
			mp = getmntopts(optarg, glassopts, &mntflags, &pflags);
			if (mp == NULL)
				err(1, "getmntopts");
			if (getmntoptstr(mp, "depth") != NULL)
				printf("depth %ld\n", getmntoptnum(mp, "depth"));
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
	if (realpath(argv[0], path) == NULL || statvfs(path, &sb) == -1)
		err(1, "%s", argv[0]);
	behind = path;
	printf("%s on %s type %.*s\n", sb.f_mntfromname, sb.f_mntonname, (int)sizeof(sb.f_fstypename), sb.f_fstypename);
	fflush(stdout);

	PUFFSOP_INIT(pops);
	PUFFSOP_SETFSNOP(pops, unmount);
	PUFFSOP_SETFSNOP(pops, sync);
	PUFFSOP_SET(pops, glass, fs, statvfs);
	PUFFSOP_SET(pops, glass, node, lookup);
	PUFFSOP_SET(pops, glass, node, getattr);
	PUFFSOP_SET(pops, glass, node, read);
	PUFFSOP_SET(pops, glass, node, readlink);
	PUFFSOP_SET(pops, glass, node, readdir);
	PUFFSOP_SET(pops, glass, node, reclaim);
	if ((pu = puffs_init(pops, argv[0], "glass", NULL, (uint32_t)pflags)) == NULL)
		err(1, "init");
	if ((root = puffs_pn_new(pu, estrdup(path))) == NULL)
		err(1, "puffs_pn_new");
	puffs_setroot(pu, root);

	if (detach && puffs_daemon(pu, 0, 0) == -1)
		err(1, "puffs_daemon");
	if (puffs_mount(pu, argv[1], mntflags, root) == -1)
		err(1, "puffs_mount");
	if (puffs_mainloop(pu) == -1)
		err(1, "mainloop");
	return 0;
}
