/*
 * nullfs: shows a directory a second time, served by an ordinary process.
 *
 *	cc -o nullfs nullfs.c $(pkg-config --cflags --libs puffs)
 *	./nullfs /usr/share/doc /mnt		# umount /mnt ends it
 *
 * All its operations are the library's null layer, which works on the files of the directory. That
 * makes it the place to start from for a file system that changes something on the way: enter
 * operations of your own in place of those of the layer and call puffs_null_node_... from them, or
 * have names and paths changed by puffs_set_namemod, puffs_set_pathtransform and their relatives.
 *
 * A node's path (PNPATH) is the path of the file that it stands for. The library builds the paths
 * of names, since we ask for that by PUFFS_FLAG_BUILDPATH; all it needs is that of the root.
 *
 * Whoever may use a file is decided by its owner and mode, as everywhere, since there is no access
 * operation here. But it is this process that uses the files: run by root it gives new files to
 * those who make them; run by somebody else it makes them its own.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#define _DEFAULT_SOURCE 1

#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <puffs.h>

/* What may be given to -o: for the mount, or for puffs_init. */
static const struct option {
	const char *o_name;
	int o_mntflag;
	uint32_t o_pflag;
} options[] = {
	{"ro", PUFFS_MNT_RDONLY, 0},
	{"sync", PUFFS_MNT_SYNCHRONOUS, 0},
	{"noexec", PUFFS_MNT_NOEXEC, 0},
	{"nosuid", PUFFS_MNT_NOSUID, 0},
	{"nodev", PUFFS_MNT_NODEV, 0},
	{"noatime", PUFFS_MNT_NOATIME, 0},
	{"nonamecache", 0, PUFFS_KFLAG_NOCACHE_NAME}, /* changes beside us are seen at once */
	{"noattrcache", 0, PUFFS_KFLAG_NOCACHE_ATTR},
	{"nopagecache", 0, PUFFS_KFLAG_NOCACHE_PAGE},
	{"dump", 0, PUFFS_FLAG_OPDUMP}, /* each request on stderr; wants -s */
};

static void
usage(void)
{
	size_t i;

	fprintf(stderr, "usage: nullfs [-s] [-o option,...] directory mountpoint\n"
	                "  -s  stay in the foreground\n"
	                "  -o ");
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		fprintf(stderr, "%s%s", i == 0 ? "" : ", ", options[i].o_name);
	fprintf(stderr, "\n");
	exit(EXIT_FAILURE);
}

static void
parse_options(char *list, int *mntflags, uint32_t *pflags)
{
	const struct option *o, *end = options + sizeof(options) / sizeof(options[0]);
	char *word;

	for (word = strtok(list, ","); word != NULL; word = strtok(NULL, ",")) {
		for (o = options; o != end && strcmp(o->o_name, word) != 0; o++)
			continue;
		if (o == end)
			errx(EXIT_FAILURE, "-o %s: no such option", word);
		*mntflags |= o->o_mntflag;
		*pflags |= o->o_pflag;
	}
}

/* The path of a directory, without links and dots, in memory of its own. */
static char *
directory(const char *path)
{
	struct stat st;
	char *real;

	if ((real = realpath(path, NULL)) == NULL || stat(real, &st) == -1)
		err(EXIT_FAILURE, "%s", path);
	if (!S_ISDIR(st.st_mode))
		errx(EXIT_FAILURE, "%s: not a directory", path);
	return real;
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
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct puffs_usermount *pu;
	struct puffs_pathobj *po;
	struct puffs_node *root;
	struct puffs_ops *pops;
	uint32_t pflags = PUFFS_FLAG_BUILDPATH;
	int ch, error, mntflags = 0;
	bool foreground = false;
	char *target, *dir;
	size_t i;

	while ((ch = getopt(argc, argv, "so:")) != -1) {
		switch (ch) {
		case 's':
			foreground = true;
			break;
		case 'o':
			parse_options(optarg, &mntflags, &pflags);
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (argc != 2)
		usage();
	/* Now, while messages still reach a terminal and relative paths still hold. */
	target = directory(argv[0]);
	dir = directory(argv[1]);

	/* 1. The table of operations. Those of our own would be entered behind this, by PUFFSOP_SET. */
	PUFFSOP_INIT(pops);
	if (pops == NULL)
		err(EXIT_FAILURE, "out of memory");
	puffs_null_setops(pops);

	/* 2. The context. The host's file handles are ours. */
	if ((pu = puffs_init(pops, target, "nullfs", NULL, pflags)) == NULL)
		err(EXIT_FAILURE, "puffs_init");
	puffs_setfhsize(pu, 0, PUFFS_FHFLAG_PASSTHROUGH);

	/* 3. The root and its path. From the path all others are built. */
	if ((root = puffs_pn_new(pu, NULL)) == NULL)
		err(EXIT_FAILURE, "out of memory");
	puffs_setroot(pu, root);
	po = puffs_getrootpathobj(pu);
	po->po_path = target;
	po->po_len = strlen(target);
	/* This opens the directory, too: from now on it may be mounted over, or be renamed. */
	if ((error = puffs_null_node_getattr(pu, root, &root->pn_va, NULL)) != 0)
		errx(EXIT_FAILURE, "%s: %s", target, strerror(error));

	/* 4. Signals that unmount, and into the background. The parent waits for the mount. */
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (puffs_unmountonsignal(ends[i], true) == -1)
			err(EXIT_FAILURE, "signal %d", ends[i]);
	if (!foreground && puffs_daemon(pu, 0, 0) == -1)
		err(EXIT_FAILURE, "cannot go into the background");

	/* 5. The mount, and the work, until somebody unmounts. */
	if (puffs_mount(pu, dir, mntflags, root) == -1)
		err(EXIT_FAILURE, "cannot mount on %s", dir);
	if (puffs_mainloop(pu) == -1)
		err(EXIT_FAILURE, "cannot go on serving %s", dir);

	/* 6. Unmounted. The root's node takes its path along. */
	puffs_pn_nodewalk(pu, walk_free, NULL);
	puffs_cancel(pu, 0);
	free(dir);
	return EXIT_SUCCESS;
}
