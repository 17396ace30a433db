/*
 * locks.c: locks of POSIX, of open files, and flock, between processes.
 */
#include "posix.h"

#include <sys/file.h>
#include <sys/mman.h>

static int
lock(int fd, int command, short type, off_t start, off_t len)
{
	struct flock fl = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	return fcntl(fd, command, &fl);
}

static const char *
type_name(short type)
{
	return type == F_RDLCK ? "read" : type == F_WRLCK ? "write" : "none";
}

/* Who would be in the way. */
static void
ask(int fd, int command, short type, off_t start, off_t len)
{
	struct flock fl = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
	char what[100];

	snprintf(what, sizeof(what), "%s in the way of %s %jd %jd", command == F_GETLK ? "posix" : "of open files",
	    type_name(type), (intmax_t)start, (intmax_t)len);
	if (fcntl(fd, command, &fl) == -1)
		show(what, "%s", strerrorname_np(errno));
	else if (fl.l_type == F_UNLCK)
		show(what, "none");
	else
		show(what, "%s %jd %jd%s", type_name(fl.l_type), (intmax_t)fl.l_start, (intmax_t)fl.l_len,
		    fl.l_pid == getppid() ? " of the parent" : fl.l_pid == -1 ? " of an open file" : "");
}

static void
posix_locks(void)
{
	int fd, twin;

	scene("posix");
	put("f", "0123456789");
	fd = (int)MUST(open("f", O_RDWR));
	OK(lock(fd, F_SETLK, F_WRLCK, 0, 10));
	OK(lock(fd, F_SETLK, F_RDLCK, 4, 2)); /* in its middle, by the same process */
	ask(fd, F_GETLK, F_WRLCK, 0, 0);
	CHILD {
		twin = (int)MUST(open("f", O_RDWR));
		ask(twin, F_GETLK, F_WRLCK, 0, 0);
		ask(twin, F_GETLK, F_WRLCK, 4, 1);
		ask(twin, F_GETLK, F_RDLCK, 4, 2);
		ask(twin, F_GETLK, F_RDLCK, 6, 0);
		ask(twin, F_GETLK, F_WRLCK, 10, 0);
		FAILS(EAGAIN, lock(twin, F_SETLK, F_WRLCK, 0, 1));
		FAILS(EAGAIN, lock(twin, F_SETLK, F_RDLCK, 3, 2));
		OK(lock(twin, F_SETLK, F_RDLCK, 4, 2));
		FAILS(EAGAIN, lock(twin, F_SETLK, F_WRLCK, 4, 2));
		OK(lock(twin, F_SETLK, F_WRLCK, 10, 0));
		FAILS(EAGAIN, lock(fd, F_SETLK, F_WRLCK, 0, 1)); /* a descriptor that came by fork */
	}
	scene("posix, released");
	OK(lock(fd, F_SETLK, F_UNLCK, 4, 2));
	CHILD {
		ask(fd, F_GETLK, F_WRLCK, 4, 2);
		ask(fd, F_GETLK, F_WRLCK, 0, 0);
		OK(lock(fd, F_SETLK, F_WRLCK, 4, 2));
	}
	scene("posix, released by any close");
	twin = (int)MUST(open("f", O_RDONLY));
	close(twin);
	CHILD {
		ask(fd, F_GETLK, F_WRLCK, 0, 0);
	}
	scene("posix, released by the end of a process");
	CHILD {
		OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	}
	OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	OK(lockf(fd, F_ULOCK, 0));
	scene("posix, refused");
	close(fd);
	fd = (int)MUST(open("f", O_RDONLY));
	FAILS(EBADF, lock(fd, F_SETLK, F_WRLCK, 0, 0));
	OK(lock(fd, F_SETLK, F_RDLCK, 0, 0));
	FAILS(EINVAL, lock(fd, F_SETLK, F_RDLCK, -1, 0));
	FAILS(EINVAL, lock(fd, F_SETLK, 77, 0, 0));
	close(fd);
	fd = (int)MUST(open("f", O_WRONLY));
	FAILS(EBADF, lock(fd, F_SETLK, F_RDLCK, 0, 0));
	OK(lock(fd, F_SETLK, F_WRLCK, 5, -5));
	CHILD {
		ask(fd, F_GETLK, F_WRLCK, 0, 0);
	}
	close(fd);
}

/* A child that wants what its parent has waits, and gets it when the parent lets go. */
static void
waiting(void)
{
	int *released = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = (int)MUST(open("f", O_RDWR)), ready[2];
	pid_t pid;
	char c;

	scene("posix, waiting");
	MUST(pipe(ready));
	OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	if ((pid = spawn()) == 0) {
		MUST(write(ready[1], "x", 1));
		OK(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
		HOLDS(__atomic_load_n(released, __ATOMIC_SEQ_CST) == 1);
		leave();
	}
	MUST(read(ready[0], &c, 1));
	__atomic_store_n(released, 1, __ATOMIC_SEQ_CST);
	MUST(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	reap(pid);

	scene("flock, waiting");
	*released = 0;
	OK(flock(fd, LOCK_EX));
	if ((pid = spawn()) == 0) {
		int own = (int)MUST(open("f", O_RDONLY));

		MUST(write(ready[1], "x", 1));
		OK(flock(own, LOCK_SH));
		HOLDS(__atomic_load_n(released, __ATOMIC_SEQ_CST) == 1);
		leave();
	}
	MUST(read(ready[0], &c, 1));
	__atomic_store_n(released, 1, __ATOMIC_SEQ_CST);
	MUST(flock(fd, LOCK_UN));
	reap(pid);

	/* Each has one and wants the other's: one of the two is told. */
	scene("posix, waiting for each other");
	*released = 0;
	MUST(lock(fd, F_SETLK, F_WRLCK, 0, 1));
	if ((pid = spawn()) == 0) {
		MUST(lock(fd, F_SETLK, F_WRLCK, 1, 1));
		MUST(write(ready[1], "x", 1));
		if (lock(fd, F_SETLKW, F_WRLCK, 0, 1) == -1 && errno == EDEADLK)
			__atomic_add_fetch(released, 1, __ATOMIC_SEQ_CST);
		leave();
	}
	MUST(read(ready[0], &c, 1));
	if (lock(fd, F_SETLKW, F_WRLCK, 1, 1) == -1 && errno == EDEADLK)
		__atomic_add_fetch(released, 1, __ATOMIC_SEQ_CST);
	MUST(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	reap(pid);
	IS(1, *released);
	close(fd);
}

static void
open_file_locks(void)
{
	int one, two;

	scene("of open files");
	one = (int)MUST(open("f", O_RDWR));
	two = (int)MUST(open("f", O_RDWR));
	OK(lock(one, F_OFD_SETLK, F_WRLCK, 0, 5));
	FAILS(EAGAIN, lock(two, F_OFD_SETLK, F_WRLCK, 4, 2)); /* even in one process */
	OK(lock(two, F_OFD_SETLK, F_WRLCK, 5, 5));
	ask(two, F_OFD_GETLK, F_RDLCK, 0, 0);
	FAILS(EAGAIN, lock(one, F_SETLK, F_WRLCK, 0, 1)); /* and against those of POSIX */
	CHILD {
		OK(lock(one, F_OFD_SETLK, F_RDLCK, 0, 5)); /* it is the open file's */
		ask(two, F_OFD_GETLK, F_WRLCK, 0, 1);
	}
	close(one);
	OK(lock(two, F_OFD_SETLK, F_WRLCK, 0, 0));
	close(two);
}

static void
flocks(void)
{
	int one, two, dirs;

	scene("flock");
	one = (int)MUST(open("f", O_RDONLY));
	two = (int)MUST(open("f", O_RDWR));
	OK(flock(one, LOCK_SH));
	OK(flock(two, LOCK_SH | LOCK_NB));
	FAILS(EAGAIN, flock(two, LOCK_EX | LOCK_NB));
	OK(flock(one, LOCK_UN));
	OK(flock(two, LOCK_EX | LOCK_NB));
	FAILS(EAGAIN, flock(one, LOCK_SH | LOCK_NB));
	CHILD {
		OK(flock(two, LOCK_SH | LOCK_NB)); /* the open file's, shared by fork */
		close(two);
		FAILS(EAGAIN, flock(one, LOCK_EX | LOCK_NB));
	}
	OK(lock(two, F_SETLK, F_WRLCK, 0, 0)); /* nothing to do with those */
	close(two);
	OK(flock(one, LOCK_EX | LOCK_NB));
	FAILS(EINVAL, flock(one, 77));
	close(one);
	FAILS(EBADF, flock(one, LOCK_SH));
	scene("flock of a directory");
	dir("d");
	dirs = (int)MUST(open("d", O_RDONLY));
	one = (int)MUST(open("d", O_RDONLY));
	OK(flock(dirs, LOCK_EX));
	FAILS(EAGAIN, flock(one, LOCK_EX | LOCK_NB));
	close(dirs);
	OK(flock(one, LOCK_EX | LOCK_NB));
	close(one);
}

void
topic_locks(void)
{
	posix_locks();
	waiting();
	open_file_locks();
	flocks();
}
