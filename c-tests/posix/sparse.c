/*
 * sparse.c: files with holes, and files beyond 2 and 4 GiB.
 */
#include "posix.h"

#define GB ((off_t)1 << 30)

static void
zeros(const char *what, int fd, off_t at, size_t len)
{
	char *buf = malloc(len);
	size_t i;

	memset(buf, 'x', len);
	IS((long)len, pread(fd, buf, len, at));
	for (i = 0; i < len && buf[i] == 0; i++)
		continue;
	show(what, "%zu of %zu zeros", i, len);
	free(buf);
}

void
topic_sparse(void)
{
	static const off_t places[] = {2 * GB - 1, 2 * GB, 4 * GB - 1, 4 * GB, 4 * GB + 4095, 1000 * GB,
	    8000000 * GB};
	char buf[16];
	struct stat st;
	size_t i;
	int fd;

	scene("a hole in the middle");
	fd = (int)OK(open("f", O_CREAT | O_RDWR, 0644));
	IS(5, pwrite(fd, "start", 5, 0));
	IS(3, pwrite(fd, "end", 3, 100000));
	look("f");
	zeros("hole", fd, 5, 99995);
	IS(3, pread(fd, buf, sizeof(buf), 100000));
	MUST(fstat(fd, &st));
	HOLDS(st.st_blocks * 512 < 65536);
	scene("filling it");
	IS(4, pwrite(fd, "fill", 4, 50000));
	zeros("first", fd, 5, 49995);
	zeros("second", fd, 50004, 49996);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		scene("at %jd", (intmax_t)places[i]);
		MUST(ftruncate(fd, 0));
		IS(4, pwrite(fd, "far!", 4, places[i]));
		look("f");
		memset(buf, 0, sizeof(buf));
		IS(4, pread(fd, buf, sizeof(buf), places[i]));
		HOLDS(memcmp(buf, "far!", 4) == 0);
		zeros("before", fd, places[i] - 10000, 10000);
		IS(places[i] + 4, lseek(fd, 0, SEEK_END));
		IS(1, write(fd, "+", 1));
		MUST(fstat(fd, &st));
		HOLDS(st.st_blocks * 512 < 1 << 20);
		MUST(ftruncate(fd, places[i] + 2));
		IS(2, pread(fd, buf, sizeof(buf), places[i]));
	}
	scene("cut in a hole");
	MUST(ftruncate(fd, 3 * GB));
	look("f");
	zeros("end", fd, 3 * GB - 5000, 5000);
	MUST(ftruncate(fd, 0));
	MUST(fstat(fd, &st));
	IS(0, st.st_blocks);
	scene("many holes");
	for (i = 0; i < 200; i++)
		MUST(pwrite(fd, &i, 1, (off_t)i * 10007));
	for (i = 0; i < 200; i++)
		if (pread(fd, buf, 2, (off_t)i * 10007) < 1 || (uint8_t)buf[0] != i || (i < 199 && buf[1] != 0))
			break;
	IS(200, i);
	look("f");
	close(fd);
}
