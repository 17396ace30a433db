/*
 * handles DIR [COMMAND]: file handles of what is mounted at DIR.
 *
 * handles DIR none		there are none
 * handles DIR file		that of DIR/file: given, and good for as long as the file is there
 * handles DIR forgotten	those of waitfs, also when the kernel has forgotten the node: all its inodes go when nobody uses them
 */
#define _GNU_SOURCE 1
#include <sys/stat.h>
#include <sys/wait.h>

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "mounted.h"

struct handle {
	struct file_handle h_handle;
	unsigned char h_bytes[MAX_HANDLE_SZ];
};

static int dirfd_of_mount;

static struct handle
handle_of(const char *name)
{
	struct handle h;
	int mount;

	memset(&h, 0, sizeof(h));
	h.h_handle.handle_bytes = MAX_HANDLE_SZ;
	CHECK(name_to_handle_at(dirfd_of_mount, name, &h.h_handle, &mount, 0) == 0);
	return h;
}

static int
open_by(struct handle h, int flags)
{

	return open_by_handle_at(dirfd_of_mount, &h.h_handle, flags);
}

static void
no_handles(void)
{
	struct handle h = { .h_handle = { .handle_bytes = MAX_HANDLE_SZ } };
	int mount;

	CHECK(name_to_handle_at(dirfd_of_mount, "file", &h.h_handle, &mount, 0) == -1 && errno == EOPNOTSUPP);
}

static void
of_a_file(void)
{
	struct handle h = handle_of("file"), small = h, wrong;
	struct stat by_name, by_handle;
	int fd, mount;

	/* One that has no room says how much it takes. */
	small.h_handle.handle_bytes = 0;
	CHECK(name_to_handle_at(dirfd_of_mount, "file", &small.h_handle, &mount, 0) == -1 && errno == EOVERFLOW);
	CHECK(small.h_handle.handle_bytes == h.h_handle.handle_bytes);
	CHECK((fd = open_by(h, O_RDWR)) != -1);
	CHECK(fstat(fd, &by_handle) == 0 && fstatat(dirfd_of_mount, "file", &by_name, 0) == 0);
	CHECK(by_handle.st_ino == by_name.st_ino && by_handle.st_dev == by_name.st_dev);
	CHECK(write(fd, "by handle\n", 10) == 10);
	close(fd);
	/* What nobody gave leads nowhere, and breaks nothing. */
	wrong = h;
	wrong.h_handle.handle_type++;
	CHECK(open_by(wrong, O_RDONLY) == -1 && errno == ESTALE);
	wrong = h;
	wrong.h_bytes[0] = 200;
	CHECK(open_by(wrong, O_RDONLY) == -1 && errno == ESTALE);
	wrong.h_bytes[0] = 0;
	CHECK(open_by(wrong, O_RDONLY) == -1 && errno == ESTALE);
	wrong = h;
	wrong.h_handle.handle_bytes = 4;
	CHECK(open_by(wrong, O_RDONLY) == -1 && errno == ESTALE);
	wrong = h;
	wrong.h_bytes[wrong.h_handle.handle_bytes / 2] ^= 0x55;
	CHECK(open_by(wrong, O_RDONLY) == -1 && errno == ESTALE);
	CHECK(unlinkat(dirfd_of_mount, "file", 0) == 0);
	CHECK(open_by(h, O_RDONLY) == -1 && errno == ESTALE);
}

/* What waitfs counts under a name. */
static int
counted(const char *what)
{
	int fd = openat(dirfd_of_mount, "log", O_RDONLY), n;
	char text[256], *at;
	ssize_t len;

	CHECK(fd != -1);
	CHECK((len = pread(fd, text, sizeof(text) - 1, 0)) > 0);
	text[len] = '\0';
	close(fd);
	CHECK((at = strstr(text, what)) != NULL);
	CHECK(sscanf(at + strlen(what), "%d", &n) == 1);
	return n;
}

/* Has the kernel forget what nobody uses, as far as it likes. */
static void
drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

	CHECK(fd != -1);
	CHECK(write(fd, "2", 1) == 1);
	close(fd);
}

/* The same until "unloved" was reclaimed since then. */
static void
forget(int then)
{
	time_t limit = time(NULL) + PATIENCE;

	do {
		drop_caches();
		CHECK(time(NULL) <= limit);
	} while (counted(" unloved ") == then);
}

/*
 * The server still works for one who was killed, and hears only after that that the kernel has forgotten the node: until then nobody gets it by its
 * handle.
 */
static void
of_the_busy(void)
{
	struct handle later = handle_of("later");
	time_t limit = time(NULL) + PATIENCE;
	int fd, go, status;
	pid_t child;
	char byte;

	if ((child = fork()) == 0) {
		CHECK((fd = openat(dirfd_of_mount, "later", O_RDONLY)) != -1);
		_exit(read(fd, &byte, 1) == 1);
	}
	while (counted("waiting ") == 0)
		CHECK(time(NULL) <= limit);
	CHECK(kill(child, SIGKILL) == 0);
	CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	while ((fd = open_by(later, O_RDONLY)) != -1) {
		close(fd);
		drop_caches();
		CHECK(time(NULL) <= limit);
	}
	CHECK(errno == ESTALE);
	CHECK((go = openat(dirfd_of_mount, "go", O_WRONLY)) != -1);
	CHECK(write(go, "continue", 8) == 8);
	close(go);
	while ((fd = open_by(later, O_RDONLY)) == -1)
		CHECK(errno == ESTALE && time(NULL) <= limit);
	close(fd);
}

static void
of_the_forgotten(void)
{
	int then = counted(" unloved "), fd, other;
	struct handle file = handle_of("unloved"), a = handle_of("a"), b = handle_of("b");
	char text[64], path[64], target[256], expected[256];
	ssize_t len;

	forget(then);
	/* It comes back, and goes again. */
	then = counted(" unloved ");
	CHECK((fd = open_by(file, O_RDONLY)) != -1);
	CHECK((len = read(fd, text, sizeof(text))) > 0);
	CHECK(strncmp(text, "this is unloved\n", (size_t)len) == 0);
	close(fd);
	forget(then);
	/* A name that is looked up counts, a handle does not. */
	then = counted(" unloved ");
	CHECK((fd = open_by(file, O_RDONLY)) != -1);
	CHECK((other = openat(dirfd_of_mount, "unloved", O_RDONLY)) != -1);
	close(fd);
	close(other);
	forget(then);
	CHECK(counted(" wrong ") == 0);
	/* A directory finds its parent. */
	CHECK((fd = open_by(a, O_RDONLY | O_DIRECTORY)) != -1);
	CHECK((other = openat(fd, "f", O_RDONLY)) != -1);
	close(other);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK((len = readlink(path, target, sizeof(target) - 1)) != -1);
	target[len] = '\0';
	snprintf(expected, sizeof(expected), "%s/a", dir);
	CHECK(strcmp(target, expected) == 0);
	close(fd);
	/* The other one says that it has none. */
	CHECK(open_by(b, O_RDONLY | O_DIRECTORY) == -1 && errno == ESTALE);
}

int
main(int argc, char *argv[])
{

	if (argc != 3)
		return 2;
	dir = argv[1];
	CHECK((dirfd_of_mount = open(dir, O_RDONLY | O_DIRECTORY)) != -1);
	if (strcmp(argv[2], "none") == 0)
		no_handles();
	else if (strcmp(argv[2], "file") == 0)
		of_a_file();
	else {
		of_the_forgotten();
		of_the_busy();
	}
	return 0;
}
