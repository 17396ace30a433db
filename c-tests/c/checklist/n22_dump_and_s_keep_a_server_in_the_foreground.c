/*
 * Only puffs_daemon goes into the background, and servers call it unless they were given -s or the option "dump". So with either,
 * the process that was started is the one that serves, in the session and with the output that it had.
 *
 * c-test: link=shared mount=yes
 */
#include <sys/stat.h>

#include <puffs-compat/mntopts.h>

#include "support/mount.h"

/* It is declared together with all of NetBSD's names. */
extern const struct mntopt puffsmopts[];

PUFFSOP_PROTOS(fore)

/* What serves is the file's size. */
int
fore_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *va, const struct puffs_cred *pcr)
{
	int rv = few_node_getattr(pu, opc, va, pcr);

	va->va_size = (uint64_t)getpid();
	return rv;
}

/* As the main function of any server. */
static int
server_main(int argc, char *argv[])
{
	int ch, mntflags = 0, pflags = 0, detach = 1;
	struct puffs_ops *pops = few_table();
	struct puffs_usermount *pu;
	mntoptparse_t mp;
	pid_t session = getsid(0);

	optind = 1;
	while ((ch = getopt(argc, argv, "o:s")) != -1)
		switch (ch) {
		case 'o':
			CHECK((mp = getmntopts(optarg, puffsmopts, &mntflags, &pflags)) != NULL);
			freemntopts(mp);
			break;
		case 's':
			detach = 0;
			break;
		default:
			return 1;
		}
	if (pflags & PUFFS_FLAG_OPDUMP)
		detach = 0;
	PUFFSOP_SET(pops, fore, node, getattr);
	pu = context(pops, (uint32_t)pflags);
	if (detach)
		CHECK_EQ(puffs_daemon(pu, 1, 1), 0);
	CHECK_EQ(puffs_mount(pu, MNT, mntflags, ROOT), 0);
	CHECK_EQ(puffs_mainloop(pu), 0);
	CHECK_EQ(getsid(0) == session, !detach);
	puffs_cancel(pu, 0);
	return 0;
}

/* Starts a server with these arguments and tells whether the process started is the one that serves; `said`: what it printed. */
static bool
in_foreground(const char *flag, const char *option, char *said, size_t room)
{
	char *argv[] = { strdup("server"), flag == NULL ? NULL : strdup(flag), option == NULL ? NULL : strdup(option), NULL };
	int status, argc = 1 + (flag != NULL) + (option != NULL);
	FILE *output = tmpfile();
	struct stat st;
	bool itself;
	pid_t pid;

	CHECK(output != NULL);
	CHECK((pid = fork()) != -1);
	if (pid == 0) {
		CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
		CHECK_EQ(dup2(fileno(output), STDERR_FILENO), STDERR_FILENO);
		exit(server_main(argc, argv));
	}
	mount_wait(true);
	CHECK_EQ(stat(MNT "/file", &st), 0);
	itself = st.st_size == pid;
	mount_leave();
	/* A parent that was left behind, and whoever serves. */
	while (wait(&status) != -1)
		CHECK_EQ(status, 0);
	rewind(output);
	said[fread(said, 1, room - 1, output)] = '\0';
	fclose(output);
	while (argc-- > 0)
		free(argv[argc]);
	return itself;
}

int
main(void)
{
	char said[4096];

	few[1] = (struct few){ "file", VREG, 0 };
	mount_alone();
	CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	CHECK(in_foreground("-s", NULL, said, sizeof(said)));
	CHECK_EQ(strlen(said), 0);
	CHECK(in_foreground("-o", "dump", said, sizeof(said)));
	CHECK(strstr(said, "lookup") != NULL);
	/* And neither. */
	CHECK(!in_foreground(NULL, NULL, said, sizeof(said)));
	return 0;
}
