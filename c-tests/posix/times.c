/*
 * times.c: which times of a file and of its directory a call moves. What other topics say of times is not
 * repeated here.
 */
#include "posix.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static void
contents(void)
{
	char buf[16], *p;
	int fd;

	dir("d");
	put("d/f", "some text");
	scene("making");
	mark("d");
	put("d/new", "text");
	MOVED("mc", "d");
	scene("opening");
	forget(); /* what is in memory already is read in silence */
	mark("d/f");
	mark("d");
	fd = (int)OK(open("d/f", O_RDWR));
	MOVED("", "d/f");
	scene("reading");
	IS(4, read(fd, buf, 4));
	MOVED("a", "d/f");
	MOVED("", "d");
	scene("reading at the end");
	mark("d/f");
	IS(0, pread(fd, buf, 4, 100));
	GIVES(pread(fd, buf, 4, 9));
	scene("writing");
	mark("d/f");
	mark("d");
	IS(4, write(fd, "more", 4));
	MOVED("mc", "d/f");
	MOVED("", "d");
	scene("writing past the end");
	mark("d/f");
	IS(4, pwrite(fd, "more", 4, 100));
	MOVED("mc", "d/f");
	scene("cutting");
	mark("d/f");
	OK(ftruncate(fd, 5));
	MOVED("mc", "d/f");
	scene("syncing, closing");
	mark("d/f");
	OK(fsync(fd));
	OK(close(fd));
	MOVED("", "d/f");
	scene("reading in memory");
	mark("d/f");
	forget();
	fd = (int)MUST(open("d/f", O_RDONLY));
	p = mmap(NULL, 5, PROT_READ, MAP_SHARED, fd, 0);
	HOLDS(p != MAP_FAILED && memcmp(p, "some", 4) == 0);
	MOVED("a", "d/f");
	munmap(p, 5);
	close(fd);
	scene("vectors");
	mark("d/f");
	fd = (int)MUST(open("d/f", O_RDWR));
	IS(3, writev(fd, &(struct iovec){buf, 3}, 1));
	MOVED("mc", "d/f");
	close(fd);
}

static void
others(void)
{
	char buf[16];

	scene("asking");
	mark("d/f");
	mark("d");
	OK(access("d/f", R_OK));
	look("d/f");
	FAILS(EINVAL, readlink("d/f", buf, sizeof(buf)));
	FAILS(ENOENT, access("d/none", F_OK));
	OK(chdir("d"));
	OK(chdir(".."));
	MOVED("", "d/f");
	MOVED("", "d");
	scene("reading a symlink");
	MUST(symlink("f", "d/s"));
	mark("d/s");
	IS(1, readlink("d/s", buf, sizeof(buf)));
	MOVED("a", "d/s");
	scene("following a symlink");
	mark("d/s");
	OK(access("d/s", F_OK));
	MOVED("a", "d/s");
	scene("writing through a symlink");
	mark("d/s");
	put("d/s", "text");
	MOVED("a", "d/s");
	scene("a fifo");
	MUST(mkfifo("d/p", 0644));
	mark("d/p");
	CHILD {
		int fd = (int)OK(open("d/p", O_RDWR));

		IS(2, write(fd, "xy", 2));
		IS(2, read(fd, buf, 2));
	}
	MOVED("amc", "d/p");
	scene("a directory that is read");
	mark("d");
	list("d");
	MOVED("a", "d");
	scene("what is new has one time");
	{
		struct stat st;

		touch("n");
		MUST(stat("n", &st));
		HOLDS(memcmp(&st.st_atim, &st.st_mtim, sizeof(st.st_atim)) == 0);
		MUST(mkdir("nd", 0755));
		MUST(stat("nd", &st));
		HOLDS(memcmp(&st.st_mtim, &st.st_ctim, sizeof(st.st_mtim)) == 0);
	}
	scene("time does not go back");
	{
		struct stat before, after;

		touch("m");
		MUST(stat("m", &before));
		put("m", "x");
		MUST(stat("m", &after));
		HOLDS(after.st_mtim.tv_sec > before.st_mtim.tv_sec ||
		    (after.st_mtim.tv_sec == before.st_mtim.tv_sec &&
			after.st_mtim.tv_nsec >= before.st_mtim.tv_nsec));
	}
}

void
topic_times(void)
{
	contents();
	others();
}
