/*
 * t_mount_options.c: what mount -t puffs is told. Wrong options are an error and say what is wrong; nothing is mounted then, and the device
 * is as good as before. Who may mount, who may use what is mounted, and what becomes of a mount that nobody serves.
 */
#include "tinyfs.h"

#include <sys/klog.h>

#include <puffs.h>
#include "kflags.h"

#define DIR "/mnt/options"
#define OTHER "/mnt/other"
#define ALICE 1001

static bool
is_mounted(const char *dir)
{
	char line[512];
	bool found = false;
	FILE *f;

	CHECK((f = fopen("/proc/mounts", "r")) != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		found |= strstr(line, dir) != NULL;
	fclose(f);
	return found;
}

static int
device(void)
{
	int fd = open("/dev/puffs", O_RDWR | O_CLOEXEC);

	CHECK(fd != -1);
	return fd;
}

/*
 * What the kernel log has on options, which is read away: for each mount that was refused since the last time, one line that says why. What
 * else is there goes back.
 */
static void
check_log(int refused)
{
	char *log, *line, *text;
	FILE *back;
	int len, said = 0;

	CHECK((log = malloc(1 << 20)) != NULL);
	CHECK((len = klogctl(4, log, (1 << 20) - 1)) != -1);
	log[len] = '\0';
	CHECK((back = fopen("/dev/kmsg", "w")) != NULL);
	setlinebuf(back);
	for (line = strtok(log, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		text = strstr(line, "] ");
		/* But for what the kernel itself says about any module that is not Debian's. */
		if (text != NULL && strncmp(text + 2, "puffs: ", 7) == 0 && strstr(text, " taint") == NULL)
			said++;
		else
			fprintf(back, "%s\n", line);
	}
	fclose(back);
	free(log);
	CHECK_EQ(said, refused);
}

static int refused;

/* Nothing has been mounted at the device. */
static void
check_embryo(int fd)
{
	struct puffs_req req = { .preq_id = 0 };

	CHECK_EQ(call(fd, PUFFSGETOP, &req), ENOENT);
}

static void
check_refused(int fd, const char *options, int error)
{
	int got = tiny_mount(DIR, options);

	if (got != error) {
		fprintf(stderr, "mount with %s: %s, and not %s\n", options, strerror(got), strerror(error));
		exit(1);
	}
	CHECK(!is_mounted(DIR));
	check_embryo(fd);
	refused++;
}

/* The same options, but for one word, which is replaced. */
static void
check_word(int fd, const char *word, const char *other)
{
	char text[512];
	const char *good = tiny_options(fd, ""), *at = strstr(good, word), *end;

	CHECK(at != NULL && (at == good || at[-1] == ','));
	end = at + strcspn(at, ",");
	/* Without the word, its comma goes too. */
	if (*other == '\0' && *end == ',')
		end++;
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, other, end);
	check_refused(fd, text, EINVAL);
}

static void
wrong_options(void)
{
	static const struct {
		const char *word, *other[10];
	} wrong[] = {
		{ "fd=", { "", "fd", "fd=", "fd=-1", "fd=999", "fd=x", "fd=4294967296", "fd=0x3", "fd=3.5" } },
		{ "version=", { "", "version=0", "version=2", "version=-1", "version=one", "version=4294967297" } },
		{ "root=", { "", "root", "root=", "root=-1", "root=0x10000000000000000", "root=x" } },
		{ "vtype=", { "", "vtype=0", "vtype=3", "vtype=5", "vtype=8", "vtype=4294967295", "vtype=-2", "vtype=4294967298" } },
		{ "maxlen=", { "", "maxlen=0", "maxlen=12287", "maxlen=67108865", "maxlen=18446744073709551615", "maxlen=-1", "maxlen=" } },
		{ "ops=", { "", "ops=-1", "ops=0x1ffffffffffffffff", "ops=all" } },
	};
	static const char *const more[] = {
		",nonsense", ",nonsense=1", ",FD=3", ",size=9223372036854775808", ",size=-1", ",size=x", ",size=18446744073709551616",
		",rdev=-1", ",rdev=x", ",kflags=-1", ",kflags=4294967296", ",kflags", ",allow_other=1", ",subtype=a,subtype=b",
	};
	size_t i, j;
	int fd = device(), null = open("/dev/null", O_RDWR), pipes[2];
	char text[512];

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		for (j = 0; j < 10 && wrong[i].other[j] != NULL; j++)
			check_word(fd, wrong[i].word, wrong[i].other[j]);
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		check_refused(fd, tiny_options(fd, more[i]), EINVAL);
	/* No options, and none that make sense. */
	check_refused(fd, NULL, EINVAL);
	check_refused(fd, "", EINVAL);
	check_refused(fd, ",,,=,", EINVAL);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	check_refused(fd, text, EINVAL);

	/* Other open files are not the device. */
	CHECK(null != -1 && pipe(pipes) == 0);
	check_refused(fd, tiny_options(null, ""), EINVAL);
	check_refused(fd, tiny_options(pipes[0], ""), EINVAL);
	close(null);
	close(pipes[0]);
	close(pipes[1]);
	check_log(refused);
	/* A file is not for a directory's place. */
	snprintf(text, sizeof(text), "fd=%d,version=%d,root=1,vtype=%d,maxlen=%d,ops=1", fd, PUFFS_MSG_VERSION, PUFFS_VT_REG, TINY_MAXLEN);
	CHECK_EQ(tiny_mount(DIR, text), ENOTDIR);
	CHECK(!is_mounted(DIR));
	close(fd);
}

/* What a kernel says about a mount that it refuses, on the file of fsopen(2). */
static void
check_says(int fd, const char *option, const char *value, const char *words)
{
	int fs = fsopen("puffs", FSOPEN_CLOEXEC);
	char text[512], number[16];
	ssize_t len;

	CHECK(fs != -1);
	snprintf(number, sizeof(number), "%d", TINY_MAXLEN);
	if (option == NULL || strcmp(option, "fd") != 0)
		CHECK_EQ(fsconfig(fs, FSCONFIG_SET_FD, "fd", NULL, fd), 0);
	CHECK_EQ(fsconfig(fs, FSCONFIG_SET_STRING, "version", "1", 0), 0);
	CHECK_EQ(fsconfig(fs, FSCONFIG_SET_STRING, "root", "1", 0), 0);
	CHECK_EQ(fsconfig(fs, FSCONFIG_SET_STRING, "vtype", "2", 0), 0);
	CHECK_EQ(fsconfig(fs, FSCONFIG_SET_STRING, "maxlen", number, 0), 0);
	CHECK_EQ(fsconfig(fs, FSCONFIG_SET_STRING, "ops", "1", 0), 0);
	if (option != NULL && fsconfig(fs, FSCONFIG_SET_STRING, option, value, 0) == 0) {
		CHECK_EQ(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), -1);
		CHECK_EQ(errno, EINVAL);
	}
	if (option == NULL && value != NULL) {
		CHECK_EQ(fsconfig(fs, FSCONFIG_SET_FD, value, NULL, fd), -1);
		CHECK_EQ(errno, EINVAL);
	} else if (option == NULL)
		/* Good ones make a file system, which is gone when nobody mounts it. */
		CHECK_EQ(fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), 0);
	if (words != NULL) {
		len = read(fs, text, sizeof(text) - 1);
		CHECK(len > 0);
		text[len] = '\0';
		if (strstr(text, words) == NULL) {
			fprintf(stderr, "%s=%s: it says %s, and not %s\n", option != NULL ? option : "", value, text, words);
			exit(1);
		}
	}
	close(fs);
}

static void
says_why(void)
{
	int fd = device();

	check_says(fd, "version", "7", "version 7");
	check_says(fd, "vtype", "5", "root");
	check_says(fd, "maxlen", "1", "maxlen");
	check_says(fd, "size", "18446744073709551614", "long");
	check_says(fd, "fd", "999", "fd 999");
	check_says(fd, "fd", "0", "not /dev/puffs");
	check_says(fd, NULL, "fd", "two fds");
	check_says(fd, "nonsense", "1", "nonsense");
	check_says(fd, "root", "x", "root");
	check_embryo(fd);
	check_says(fd, NULL, NULL, NULL);
	close(fd);
}

/* An instance serves one mount. */
static void
one_mount_each(void)
{
	int fd = device(), other = device();

	CHECK_EQ(tiny_mount(DIR, tiny_options(fd, "")), 0);
	CHECK(is_mounted(DIR));
	CHECK_EQ(tiny_mount(OTHER, tiny_options(fd, "")), EBUSY);
	CHECK(!is_mounted(OTHER));
	CHECK_EQ(tiny_mount(OTHER, tiny_options(other, "")), 0);
	CHECK_EQ(tiny_start(fd), 0);
	CHECK_EQ(tiny_start(fd), EBUSY);
	/* One of them dies. */
	close(other);
	CHECK_EQ(access(OTHER "/x", F_OK), -1);
	CHECK_EQ(errno, ENXIO);
	CHECK(is_mounted(OTHER));
	CHECK_EQ(umount(OTHER), 0);
	CHECK_EQ(umount2(DIR, MNT_FORCE), 0);
	/* And never another. */
	check_embryo(fd);
	CHECK(tiny_mount(DIR, tiny_options(fd, "")) != 0);
	CHECK(!is_mounted(DIR));
	check_log(2);
	close(fd);
}

static void
nobody_serves(void)
{
	int fd = device();
	pid_t pid;

	CHECK_EQ(tiny_mount(DIR, tiny_options(fd, "")), 0);
	/* Whoever comes waits for the server to start, and dies when killed. */
	if ((pid = fork()) == 0)
		_exit(access(DIR "/n0", F_OK) == 0 ? 0 : errno);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(exit_of(pid), -SIGKILL);
	if ((pid = fork()) == 0) {
		close(fd);
		_exit(access(DIR "/n0", F_OK) == 0 ? 0 : errno);
	}
	/* The server ends without having started. */
	close(fd);
	CHECK_EQ(exit_of(pid), ENXIO);
	CHECK_EQ(umount(DIR), 0);

	/* Unmounted before it started. */
	fd = device();
	CHECK_EQ(tiny_mount(DIR, tiny_options(fd, "")), 0);
	CHECK_EQ(umount(DIR), 0);
	check_embryo(fd);
	close(fd);
}

/* Serves until the mount is gone. */
static void
serve(int fd)
{
	struct puffs_req req;
	int error;

	CHECK((req.preq_aux = malloc(TINY_MAXLEN)) != NULL);
	CHECK_EQ(tiny_start(fd), 0);
	for (;;) {
		req.preq_auxlen = TINY_MAXLEN;
		if ((error = call(fd, PUFFSGETOP, &req)) != 0)
			break;
		if (tiny_operation(&req))
			check_answered(call(fd, PUFFSPUTOP, &req));
	}
	_exit(error == ENXIO || error == ENOENT ? 0 : error);
}

/* The result of looking at a node, as somebody else. */
static int
seen_by(uid_t uid, const char *path)
{
	struct stat st;
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (setuid(uid) == -1)
			_exit(255);
		_exit(stat(path, &st) == 0 ? 0 : errno);
	}
	return exit_of(pid);
}

static void
who_may_use(const char *more, int others)
{
	int fd = device();
	struct stat st;
	pid_t server;

	CHECK_EQ(tiny_mount(DIR, tiny_options(fd, more)), 0);
	if ((server = fork()) == 0)
		serve(fd);
	close(fd);
	CHECK_EQ(seen_by(0, DIR "/n0"), 0);
	CHECK_EQ(seen_by(ALICE, DIR "/n0"), others);
	CHECK_EQ(seen_by(ALICE, DIR), others);
	CHECK_EQ(stat(DIR "/n0", &st), 0);
	CHECK_EQ(st.st_ino, TINY_ROOT + 1);
	/* A remount does not look at what only a mount is told. */
	CHECK_EQ(mount(NULL, DIR, NULL, MS_REMOUNT | MS_RDONLY, "fd=99,nonsense"), 0);
	CHECK_EQ(open(DIR "/n0", O_WRONLY), -1);
	CHECK_EQ(errno, EROFS);
	CHECK_EQ(umount(DIR), 0);
	CHECK_EQ(exit_of(server), 0);
}

/* Only root mounts: not another user with the device open, and not the root of a name space of users. */
static void
who_may_mount(void)
{
	int fd = device();
	pid_t pid;

	if ((pid = fork()) == 0) {
		if (setuid(ALICE) == -1)
			_exit(255);
		_exit(tiny_mount(DIR, tiny_options(fd, "")));
	}
	CHECK_EQ(exit_of(pid), EPERM);
	if ((pid = fork()) == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1)
			_exit(255);
		_exit(tiny_mount(DIR, tiny_options(fd, "")));
	}
	CHECK_EQ(exit_of(pid), EPERM);
	if ((pid = fork()) == 0)
		_exit(setuid(ALICE) == -1 ? 255 : open("/dev/puffs", O_RDWR) == -1 ? errno : 0);
	CHECK_EQ(exit_of(pid), EACCES);
	check_embryo(fd);
	close(fd);
}

int
main(void)
{

	wrong_options();
	says_why();
	one_mount_each();
	nobody_serves();
	who_may_use("", EACCES);
	who_may_use(",allow_other", 0);
	who_may_mount();
	return 0;
}
