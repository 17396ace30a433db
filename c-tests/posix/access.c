/*
 * access.c: access and faccessat: what they say to root, to owner, group and others, for every mode.
 */
#include "posix.h"

/* All answers for one file, as in ls. */
static void
ask(const char *path)
{
	char what[100], text[200];
	static const int modes[] = {F_OK, R_OK, W_OK, X_OK, R_OK | W_OK, R_OK | X_OK, W_OK | X_OK,
	    R_OK | W_OK | X_OK};
	static const char *const names[] = {"f", "r", "w", "x", "rw", "rx", "wx", "rwx"};
	size_t i, at = 0;

	snprintf(what, sizeof(what), "access(%s)", path);
	text[0] = '\0';
	for (i = 0; i < 8; i++)
		if (access(path, modes[i]) == 0)
			at += (size_t)snprintf(text + at, sizeof(text) - at, " %s", names[i]);
		else if (errno != EACCES)
			at += (size_t)snprintf(text + at, sizeof(text) - at, " %s!%s", names[i],
			    strerrorname_np(errno));
	show(what, "%s", text[0] != '\0' ? text + 1 : "nothing");
}

/* What the mode says, for one who is in this class. */
static bool
allows(mode_t mode, int shift, int want)
{
	return (((int)mode >> shift) & want) == want;
}

static void
classes(void)
{
	static const mode_t modes[] = {0, 0400, 0200, 0100, 0040, 0020, 0010, 0004, 0002, 0001, 0700, 0070,
	    0007, 0640, 0604, 0064, 0755, 0751, 0711, 0077, 0707, 0770};
	size_t i;

	touch("f");
	dir("d");
	MUST(chown("f", 41001, 41002));
	MUST(chown("d", 41001, 41002));
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		MUST(chmod("f", modes[i]));
		MUST(chmod("d", modes[i]));
		scene("mode %04o, root", modes[i]);
		ask("f");
		ask("d");
		HOLDS(access("f", R_OK | W_OK) == 0);
		HOLDS((access("f", X_OK) == 0) == ((modes[i] & 0111) != 0));
		scene("mode %04o, owner", modes[i]);
		AS(ALICE) {
			ask("f");
			ask("d");
			HOLDS((access("f", R_OK) == 0) == allows(modes[i], 6, 4));
			HOLDS((access("d", W_OK | X_OK) == 0) == allows(modes[i], 6, 3));
		}
		scene("mode %04o, group", modes[i]);
		AS(BOB) {
			ask("f");
			ask("d");
			HOLDS((access("f", R_OK) == 0) == allows(modes[i], 3, 4));
			HOLDS((access("d", W_OK | X_OK) == 0) == allows(modes[i], 3, 3));
		}
		scene("mode %04o, others", modes[i]);
		AS(CAROL) {
			ask("f");
			ask("d");
			HOLDS((access("f", R_OK) == 0) == allows(modes[i], 0, 4));
			HOLDS((access("d", W_OK | X_OK) == 0) == allows(modes[i], 0, 3));
		}
	}
	scene("a group besides");
	MUST(chown("f", 41002, 41001));
	MUST(chmod("f", 0750));
	AS(CAROL) {
		ask("f");
		HOLDS(access("f", R_OK | X_OK) == 0);
		HOLDS(access("f", W_OK) == -1);
	}
}

static void
ways(void)
{
	int fd;

	scene("refused");
	FAILS(ENOENT, access("none", F_OK));
	FAILS(EINVAL, access("f", 8));
	FAILS(EINVAL, faccessat(AT_FDCWD, "f", F_OK, AT_SYMLINK_FOLLOW));
	MUST(symlink("none", "dangling"));
	MUST(symlink("f", "s"));
	FAILS(ENOENT, access("dangling", F_OK));
	OK(faccessat(AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
	scene("through a symlink");
	ask("s");
	scene("open files");
	fd = (int)MUST(open("f", O_PATH));
	OK(faccessat(fd, "", R_OK, AT_EMPTY_PATH));
	close(fd);
	scene("who is really meant");
	MUST(chmod("f", 0600));
	MUST(chown("f", 0, 0));
	CHILD {
		/* Root in effect, Alice in truth, as after exec of a set-user-id program. */
		MUST(setresgid(41001, 0, 0));
		MUST(setresuid(41001, 0, 0));
		FAILS(EACCES, access("f", R_OK));
		OK(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
		OK(close(open("f", O_RDONLY)));
	}
	CHILD {
		MUST(setresgid(0, 41001, 0));
		MUST(setresuid(0, 41001, 0));
		OK(access("f", R_OK));
		FAILS(EACCES, faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
		FAILS(EACCES, open("f", O_RDONLY));
	}
}

void
topic_access(void)
{
	classes();
	ways();
}
