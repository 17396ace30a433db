/*
 * main.c: the program: options, and the calls that every server makes, numbered.
 */
#include "memfs.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const op_names[OP_COUNT] = {COUNTED(AS_STRING)};

static _Noreturn void
usage(void)
{
	fprintf(stderr, "usage: memfs [-sv] [-o option[,option...]] mountpoint\n"
			"  -s            stay in the foreground\n"
			"  -v            print how often each operation ran, at the end\n"
			"  -o size=N     the most memory to use: bytes, or with k, m or g\n"
			"                (without it half of this machine's)\n"
			"  -o nodes=N    the most files and directories\n"
			"  -o mode=N     permissions of the root directory, octal (0755)\n");
	exit(EXIT_FAILURE);
}

static uint64_t
parse_size(const char *text)
{
	static const char units[] = "kmg";
	const char *unit;
	uint64_t n;
	char *end;
	int shift = 0;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*end != '\0' && (unit = strchr(units, *end)) != NULL) {
		shift = 10 * (int)(unit - units + 1);
		end++;
	}
	if (isdigit((unsigned char)*text) && errno == 0 && *end == '\0' &&
	    n <= UINT64_MAX >> shift && n << shift >= PAGEBYTES)
		return n << shift;
	warnx("bad size: %s", text);
	usage();
}

static uint64_t
parse_nodes(const char *text)
{
	uint64_t n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (isdigit((unsigned char)*text) && errno == 0 && *end == '\0' && n > 0)
		return n;
	warnx("bad number of nodes: %s", text);
	usage();
}

static mode_t
parse_mode(const char *text)
{
	unsigned long n;
	char *end;

	n = strtoul(text, &end, 8);
	if (!isdigit((unsigned char)*text) || *end != '\0' || n > PERMBITS) {
		warnx("bad mode: %s", text);
		usage();
	}
	return (mode_t)n;
}

static void
parse_options(struct memfs *fs, char *options)
{
	static char size[] = "size", nodes[] = "nodes", mode[] = "mode";
	char *const names[] = {size, nodes, mode, NULL};
	char *value, *word;

	while (*options != '\0') {
		word = options;
		switch (getsubopt(&options, names, &value)) {
		case 0:
			fs->fs_limit = parse_size(value != NULL ? value : "");
			break;
		case 1:
			fs->fs_maxnodes = parse_nodes(value != NULL ? value : "");
			break;
		case 2:
			fs->fs_rootmode = parse_mode(value != NULL ? value : "");
			break;
		default:
			warnx("unknown option: %s", word);
			usage();
		}
	}
}

static void
print_counts(const struct memfs *fs)
{
	int i;

	for (i = 0; i < OP_COUNT; i++)
		printf("memfs: %-13s %10" PRIu64 "\n", op_names[i], fs->fs_ops[i]);
	printf("memfs: bytes read %" PRIu64 ", bytes written %" PRIu64 "\n", fs->fs_bytesread,
	    fs->fs_byteswritten);
	fflush(stdout);
}

static void *
walk_free(struct puffs_usermount *pu, struct puffs_node *pn, void *arg)
{
	(void)arg;
	node_free(pu, pn);
	return NULL; /* not NULL would end the walk */
}

int
main(int argc, char **argv)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct memfs fs = {.fs_rootmode = 0755, .fs_maxnodes = UINT64_MAX};
	struct puffs_usermount *pu;
	struct puffs_ops *pops;
	struct puffs_node *root;
	struct vattr va;
	struct stat st;
	bool foreground = false, verbose = false;
	char *dir;
	size_t i;
	int ch;

	fs.fs_limit = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;
	while ((ch = getopt(argc, argv, "so:v")) != -1) {
		switch (ch) {
		case 's':
			foreground = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'o':
			parse_options(&fs, optarg);
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (argc != 1)
		usage();

	/* Now, while messages still reach a terminal and a relative path still holds. */
	if ((dir = realpath(argv[0], NULL)) == NULL || stat(dir, &st) == -1)
		err(EXIT_FAILURE, "%s", argv[0]);
	if (!S_ISDIR(st.st_mode))
		errx(EXIT_FAILURE, "%s: not a directory", argv[0]);

	/* 1. The table of operations, which puffs_init takes over. The rest is answered for us. */
	PUFFSOP_INIT(pops);
	if (pops == NULL)
		err(EXIT_FAILURE, "out of memory");
	PUFFSOP_SETFSNOP(pops, unmount);
	PUFFSOP_SETFSNOP(pops, sync);
	PUFFSOP_SET(pops, memfs, fs, statvfs);
	PUFFSOP_SET(pops, memfs, node, lookup);
	PUFFSOP_SET(pops, memfs, node, create);
	PUFFSOP_SET(pops, memfs, node, mkdir);
	PUFFSOP_SET(pops, memfs, node, mknod);
	PUFFSOP_SET(pops, memfs, node, symlink);
	PUFFSOP_SET(pops, memfs, node, link);
	PUFFSOP_SET(pops, memfs, node, open);
	PUFFSOP_SET(pops, memfs, node, close);
	PUFFSOP_SET(pops, memfs, node, getattr);
	PUFFSOP_SET(pops, memfs, node, setattr);
	PUFFSOP_SET(pops, memfs, node, read);
	PUFFSOP_SET(pops, memfs, node, write);
	PUFFSOP_SET(pops, memfs, node, fallocate);
	PUFFSOP_SET(pops, memfs, node, fdiscard);
	PUFFSOP_SET(pops, memfs, node, readlink);
	PUFFSOP_SET(pops, memfs, node, readdir);
	PUFFSOP_SET(pops, memfs, node, remove);
	PUFFSOP_SET(pops, memfs, node, rmdir);
	PUFFSOP_SET(pops, memfs, node, rename);
	PUFFSOP_SET(pops, memfs, node, getextattr);
	PUFFSOP_SET(pops, memfs, node, setextattr);
	PUFFSOP_SET(pops, memfs, node, listextattr);
	PUFFSOP_SET(pops, memfs, node, deleteextattr);
	PUFFSOP_SET(pops, memfs, node, inactive);
	PUFFSOP_SET(pops, memfs, node, reclaim);

	/* 2. The context, and our pointer in it. */
	if ((pu = puffs_init(pops, "memfs", "memfs", &fs, 0)) == NULL)
		err(EXIT_FAILURE, "puffs_init");

	/* 3. The root: no lookup leads to it, it is its own parent, and it is never reclaimed. */
	puffs_vattr_null(&va);
	va.va_type = VDIR;
	va.va_mode = fs.fs_rootmode;
	if ((root = node_new(pu, &va, geteuid(), getegid())) == NULL)
		err(EXIT_FAILURE, "out of memory");
	root->pn_va.va_nlink = 2;
	MEM(root)->m_parent = root;
	puffs_setroot(pu, root);

	/* 4. Signals that unmount. */
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (puffs_unmountonsignal(ends[i], true) == -1)
			err(EXIT_FAILURE, "signal %d", ends[i]);

	/* 5. Into the background. The parent waits for the mount and exits with its result. */
	if (!foreground && puffs_daemon(pu, 0, verbose) == -1)
		err(EXIT_FAILURE, "cannot go into the background");

	/* 6. The mount, and the work, until somebody unmounts. */
	if (puffs_mount(pu, dir, 0, root) == -1)
		err(EXIT_FAILURE, "cannot mount on %s", dir);
	if (puffs_mainloop(pu) == -1)
		err(EXIT_FAILURE, "cannot go on serving %s", dir);

	/* 7. Unmounted. */
	if (verbose)
		print_counts(&fs);
	puffs_pn_nodewalk(pu, walk_free, NULL);
	puffs_cancel(pu, 0);
	free(dir);
	return EXIT_SUCCESS;
}
