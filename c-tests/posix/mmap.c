/*
 * mmap.c: files in memory.
 */
#include "posix.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)

static char *
map(size_t pages, int prot, int flags, int fd)
{
	char *at = mmap(NULL, pages * PAGE, prot, flags, fd, 0);

	MUST(at == MAP_FAILED ? -1 : 0);
	return at;
}

/* errno of an mmap that has to fail, else 0. */
static int
try(int prot, int flags, int fd, off_t at)
{
	void *p = mmap(NULL, PAGE, prot, flags, fd, at);

	if (p == MAP_FAILED)
		return -1;
	munmap(p, PAGE);
	return 0;
}

static void
reading(void)
{
	char *p, *q;
	int fd;

	put("f", "mapped contents");
	scene("read");
	fd = (int)MUST(open("f", O_RDONLY));
	p = map(1, PROT_READ, MAP_SHARED, fd);
	q = map(1, PROT_READ, MAP_PRIVATE, fd);
	close(fd); /* it stays mapped */
	HOLDS(memcmp(p, "mapped contents\0\0", 17) == 0);
	HOLDS(memcmp(q, "mapped contents\0\0", 17) == 0);
	scene("a write is seen in the mapping");
	fd = (int)MUST(open("f", O_WRONLY));
	IS(6, pwrite(fd, "MAPPED", 6, 0));
	HOLDS(memcmp(p, "MAPPED contents", 15) == 0);
	scene("after unlink");
	OK(unlink("f"));
	IS(4, pwrite(fd, "gone", 4, 7));
	HOLDS(memcmp(p, "MAPPED gone", 11) == 0);
	close(fd);
	HOLDS(memcmp(p, "MAPPED gone", 11) == 0);
	munmap(p, PAGE);
	munmap(q, PAGE);
}

static void
writing(void)
{
	char *p, *q;
	int fd, other;

	put("g", "private or shared?");
	scene("private");
	fd = (int)MUST(open("g", O_RDWR));
	p = map(1, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	memcpy(p, "PRIVATE", 7);
	HOLDS(memcmp(p, "PRIVATE or", 10) == 0);
	content("g");
	munmap(p, PAGE);
	content("g");
	scene("shared");
	p = map(1, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	q = map(1, PROT_READ, MAP_SHARED, fd);
	mark("g");
	memcpy(p + 11, "SHARED", 6);
	HOLDS(memcmp(q, "private or SHARED?", 18) == 0);
	content("g");
	OK(msync(p, PAGE, MS_SYNC));
	content("g");
	p[100] = 'x'; /* past the end: it is nowhere */
	OK(msync(p, PAGE, MS_SYNC));
	look("g");
	OK(ftruncate(fd, 200));
	scene("a page past the end that grew");
	IS(0, p[150]);
	CHILD {
		memcpy(p, "CHILD", 5);
	}
	HOLDS(memcmp(q, "CHILDte", 7) == 0);
	munmap(p, PAGE);
	munmap(q, PAGE);
	close(fd);
	scene("written when all is closed");
	fd = (int)MUST(open("h", O_CREAT | O_RDWR, 0644));
	MUST(ftruncate(fd, 5 * (off_t)PAGE));
	p = map(5, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	close(fd);
	fill((uint8_t *)p, 5 * PAGE, 3);
	munmap(p, 5 * PAGE);
	other = (int)MUST(open("h", O_RDONLY));
	q = malloc(5 * PAGE);
	IS((long)(5 * PAGE), read(other, q, 5 * PAGE));
	IS((long)(5 * PAGE), differs((uint8_t *)q, 5 * PAGE, 3));
	free(q);
	close(other);
	scene("times of a file written in memory");
	fd = (int)MUST(open("h", O_RDWR));
	p = map(1, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	mark("h");
	p[0] = 'x';
	OK(msync(p, PAGE, MS_SYNC));
	munmap(p, PAGE);
	close(fd);
	MOVED("mc", "h");
}

static sigjmp_buf away;

static void
caught(int signal)
{
	siglongjmp(away, signal);
}

static int
poke(volatile char *p, bool write)
{
	int signal = sigsetjmp(away, 1);

	if (signal != 0)
		return signal;
	if (write)
		*p = 'x';
	else
		(void)*p;
	return 0;
}

static void
ends(void)
{
	struct sigaction old[2], act = {.sa_handler = caught};
	char *p;
	int fd;

	sigaction(SIGBUS, &act, &old[0]);
	sigaction(SIGSEGV, &act, &old[1]);
	scene("past the end");
	put("e", "end");
	fd = (int)MUST(open("e", O_RDWR));
	p = map(3, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	IS(0, poke(p, false));
	IS(0, poke(p + PAGE - 1, false));
	IS(SIGBUS, poke(p + PAGE, false));
	IS(SIGBUS, poke(p + 2 * PAGE, true));
	OK(ftruncate(fd, 2 * (off_t)PAGE));
	IS(0, poke(p + PAGE, true));
	IS(SIGBUS, poke(p + 2 * PAGE, true));
	scene("cut while mapped");
	IS(0, poke(p + 10, true));
	OK(ftruncate(fd, 5));
	IS(SIGBUS, poke(p + PAGE, false));
	IS(0, p[10]); /* cut off within the page */
	OK(ftruncate(fd, 2 * (off_t)PAGE));
	IS(0, p[10]);
	IS(0, p[PAGE]);
	OK(ftruncate(fd, 0));
	IS(SIGBUS, poke(p, false));
	munmap(p, 3 * PAGE);
	scene("protection");
	OK(ftruncate(fd, 10));
	p = map(1, PROT_READ, MAP_SHARED, fd);
	IS(SIGSEGV, poke(p, true));
	OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	IS(0, poke(p, true));
	munmap(p, PAGE);
	close(fd);
	sigaction(SIGBUS, &old[0], NULL);
	sigaction(SIGSEGV, &old[1], NULL);
}

static void
refused(void)
{
	int fd;

	scene("refused");
	fd = (int)MUST(open("e", O_RDONLY));
	FAILS(EACCES, try(PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	OK(try(PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	FAILS(EINVAL, try(PROT_READ, MAP_SHARED, fd, 100));
	close(fd);
	FAILS(EBADF, try(PROT_READ, MAP_SHARED, fd, 0));
	fd = (int)MUST(open("e", O_WRONLY));
	FAILS(EACCES, try(PROT_READ, MAP_SHARED, fd, 0));
	FAILS(EACCES, try(PROT_WRITE, MAP_SHARED, fd, 0));
	close(fd);
	dir("d");
	fd = (int)MUST(open("d", O_RDONLY));
	FAILS(ENODEV, try(PROT_READ, MAP_SHARED, fd, 0));
	close(fd);
}

void
topic_mmap(void)
{
	reading();
	writing();
	ends();
	refused();
}
