/*
 * casefs.c: a directory passed through, in which upper and lower case are the same, by the hooks for paths: a name becomes the host's spelling of
 * it, and paths are compared without a look at case. Listings are in lower case. Usage: casefs directory mountpoint; it stays in the foreground.
 */
#define _GNU_SOURCE

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <puffs.h>

PUFFSOP_PROTOS(casefs)

static size_t freed;

/* The component of a path: as the host spells the name, or as it came when the host has no such name. */
static int
spell(struct puffs_usermount *pu, const struct puffs_pathobj *base, const struct puffs_cn *pcn, struct puffs_pathobj *comp)
{
	struct dirent *d;
	DIR *dir;

	(void)pu;
	comp->po_path = strndup(pcn->pcn_name, pcn->pcn_namelen);
	comp->po_len = pcn->pcn_namelen;
	if (comp->po_path == NULL)
		return ENOMEM;
	if ((dir = opendir(base->po_path)) == NULL)
		return 0; /* the operation will say why */
	while ((d = readdir(dir)) != NULL) {
		if (strcasecmp(d->d_name, comp->po_path) == 0) {
			strcpy(comp->po_path, d->d_name);
			break;
		}
	}
	closedir(dir);
	return 0;
}

static int
compare(struct puffs_usermount *pu, struct puffs_pathobj *a, struct puffs_pathobj *b, size_t len, int checkprefix)
{
	const char *path = a->po_path;

	(void)pu;
	if (a->po_len < len || b->po_len < len || strncasecmp(path, b->po_path, len) != 0)
		return 1;
	return checkprefix && path[len] != '/';
}

static void
free_path(struct puffs_usermount *pu, struct puffs_pathobj *po)
{

	freed++;
	puffs_stdpath_freepath(pu, po);
}

int
casefs_node_readdir(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_dirent *dent, off_t *readoff, size_t *reslen,
    const struct puffs_cred *pcr, int *eofflag, off_t *cookies, size_t *ncookies)
{
	char *end = (char *)dent + *reslen;
	int error;
	char *p;

	error = puffs_null_node_readdir(pu, opc, dent, readoff, reslen, pcr, eofflag, cookies, ncookies);
	if (error != 0)
		return error;
	for (end -= *reslen; (char *)dent < end; dent = _DIRENT_NEXT(dent))
		for (p = dent->d_name; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
	return 0;
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
		errx(1, "usage: casefs directory mountpoint");
	PUFFSOP_INIT(pops);
	puffs_null_setops(pops);
	PUFFSOP_SET(pops, casefs, node, readdir);
	/* Names that differ in case only must not be remembered as different. */
	pu = puffs_init(pops, argv[1], "casefs", NULL, PUFFS_FLAG_BUILDPATH | PUFFS_KFLAG_NOCACHE_NAME);
	if (pu == NULL)
		err(1, "puffs_init");
	puffs_set_pathtransform(pu, spell);
	puffs_set_pathcmp(pu, compare);
	puffs_set_pathfree(pu, free_path);
	if ((root = puffs_pn_new(pu, NULL)) == NULL || stat(argv[1], &st) == -1)
		err(1, "%s", argv[1]);
	puffs_setroot(pu, root);
	puffs_getrootpathobj(pu)->po_path = strdup(argv[1]);
	puffs_getrootpathobj(pu)->po_len = strlen(argv[1]);
	puffs_stat2vattr(&root->pn_va, &st);
	if (puffs_mount(pu, argv[2], 0, root) == -1 || puffs_mainloop(pu) == -1)
		err(1, "%s", argv[2]);
	puffs_pn_nodewalk(pu, walk_free, NULL);
	puffs_cancel(pu, 0);
	return freed > 0 ? 0 : 1;
}
