/*
 * coherent: a file is one file, however it is looked at. "coherent FILE SEED STEPS" reads, writes, maps, cuts and punches at random, by the page cache
 * and past it, and compares with what should be there; with "whole" behind it, the server must refuse to punch. "coherent FILE beside" has writes
 * beside a program that changes the same page through a mapping; "coherent FILE huge" reads much at once; "coherent FILE direct" has its mode changed
 * while it is read.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX (256 << 10)
#define PAGE 4096

static const char *path;
static int fd, direct;
static uint8_t good[MAX + PAGE], buf[MAX + PAGE];
static size_t size;
static int whole;
static unsigned long step;

static void
must(int is, const char *what)
{

	if (!is)
		errx(1, "step %lu: %s (size %zu, errno %d)", step, what, size, errno);
}

static void
compare(const uint8_t *got, size_t at, size_t len, const char *what)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (got[i] != good[at + i])
			errx(1, "step %lu: %s: at %zu is %d, should be %d (size %zu)", step, what, at + i, got[i], good[at + i], size);
}

static uint8_t *
map(int prot)
{
	uint8_t *at = mmap(NULL, MAX, prot, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		err(1, "mmap");
	return at;
}

static void
random_bytes(uint8_t *to, size_t len)
{

	while (len-- > 0)
		*to++ = (uint8_t)random();
}

static void
write_some(int to, size_t at, size_t len)
{

	random_bytes(buf, len);
	must(pwrite(to, buf, len, (off_t)at) == (ssize_t)len, "write");
	memcpy(good + at, buf, len);
	size = at + len > size ? at + len : size;
}

static void
read_some(int from, size_t at, size_t len)
{
	size_t there = at >= size ? 0 : len < size - at ? len : size - at;

	must(pread(from, buf, len, (off_t)at) == (ssize_t)there, "length of a read");
	compare(buf, at, there, from == direct ? "read past the cache" : "read");
}

/* What is mapped behind the end is zero, and what is written there is no contents. */
static void
map_some(size_t at, size_t len, int writes)
{
	size_t end = (size + PAGE - 1) / PAGE * PAGE, i;
	uint8_t *m;

	if (at >= size)
		return;
	len = len < size - at ? len : size - at;
	m = map(PROT_READ | PROT_WRITE);
	if (writes) {
		random_bytes(good + at, len);
		memcpy(m + at, good + at, len);
		if (end > size)
			m[end - 1] = 1;
	} else
		compare(m + at, at, len, "mapped");
	for (i = size; i < end && !writes; i++)
		must(m[i] == 0 || i == end - 1, "mapped behind the end");
	munmap(m, MAX);
}

static void
cut(size_t at)
{

	must(ftruncate(fd, (off_t)at) == 0, "ftruncate");
	if (at < size)
		memset(good + at, 0, size - at);
	size = at;
}

static void
look(void)
{
	struct stat st;

	switch (random() % 4) {
	case 0:
		must(fsync(fd) == 0, "fsync");
		break;
	case 1:
		must(fstat(fd, &st) == 0 && (size_t)st.st_size == size, "size");
		break;
	case 2:
		must(close(fd) == 0, "close");
		must((fd = open(path, O_RDWR)) != -1, "open");
		break;
	case 3:
		sync();
		break;
	}
}

static void
at_random(unsigned long steps)
{
	size_t at, len;
	int which;

	for (step = 0; step < steps; step++) {
		at = (size_t)random() % MAX;
		len = (size_t)random() % (random() % 3 != 0 ? 300 : 40000) + 1;
		len = len < MAX - at ? len : MAX - at;
		which = random() % 5 == 0 ? direct : fd;
		switch (random() % 12) {
		case 0: case 1: case 2:	write_some(which, at, len); break;
		case 3: case 4: case 5:	read_some(which, at, len); break;
		case 6: case 7:		map_some(at, len, 1); break;
		case 8:			map_some(at, len, 0); break;
		case 9:			cut(at); break;
		case 10:
			if (whole) {
				must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1) == -1 && errno == EOPNOTSUPP, "no punch");
				break;
			}
			must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)len) == 0, "punch");
			memset(good + at, 0, len);
			break;
		case 11:		look(); break;
		}
	}
}

static atomic_int over;

static void *
dirty_main(void *arg)
{
	volatile uint8_t *at = arg;

	while (!over)
		at[0]++;
	return NULL;
}

/* Bytes beside those that a program keeps changing. */
static void
beside(void)
{
	uint8_t *m, word[4];
	pthread_t thread;
	unsigned int i;

	cut(0);
	write_some(fd, 0, PAGE);
	m = map(PROT_READ | PROT_WRITE);
	if (pthread_create(&thread, NULL, dirty_main, m) != 0)
		errx(1, "no thread");
	for (i = 1; i <= 300; i++, step++) {
		memcpy(word, &i, sizeof(word));
		must(pwrite(fd, word, sizeof(word), 200) == sizeof(word), "write");
		must(i % 8 != 0 || fsync(fd) == 0, "fsync");
		must(memcmp(m + 200, word, sizeof(word)) == 0, "mapped beside");
		must(pread(direct, buf, 4, 200) == 4 && memcmp(buf, word, sizeof(word)) == 0, "at the server");
	}
	over = 1;
	pthread_join(thread, NULL);
	munmap(m, MAX);
}

/* Readahead of more than one message. */
static void
huge(void)
{
	size_t len = 6 << 20, i;
	uint32_t *words = malloc(len), *m;

	for (i = 0; i < len / 4; i++)
		words[i] = (uint32_t)i;
	must(pwrite(fd, words, len, 0) == (ssize_t)len, "write");
	m = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	must(m != MAP_FAILED, "mmap");
	(void)madvise(m, len, MADV_HUGEPAGE);
	for (i = 0; i < len / 4; i++)
		must(m[i] == i, "mapped");
	munmap(m, len);
	must(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL) == 0, "advice");
	memset(words, 0xff, len);
	must(pread(fd, words, len, 0) == (ssize_t)len, "read");
	for (i = 0; i < len / 4; i++)
		must(words[i] == i, "contents");
	free(words);
}

static void *
toggle_main(void *arg)
{

	(void)arg;
	while (!over)
		if (fcntl(fd, F_SETFL, O_DIRECT) == -1 || fcntl(fd, F_SETFL, 0) == -1)
			err(1, "fcntl");
	return NULL;
}

static void
toggled(void)
{
	pthread_t thread;

	cut(0);
	write_some(fd, 0, PAGE);
	if (pthread_create(&thread, NULL, toggle_main, NULL) != 0)
		errx(1, "no thread");
	for (step = 0; step < 20000; step++)
		read_some(fd, 0, 100);
	over = 1;
	pthread_join(thread, NULL);
}

int
main(int argc, char *argv[])
{

	if (argc < 3)
		errx(2, "usage: coherent file seed steps [whole] | beside | huge | direct");
	path = argv[1];
	if ((fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644)) == -1 || (direct = open(path, O_RDWR | O_DIRECT)) == -1)
		err(1, "%s", path);
	if (strcmp(argv[2], "beside") == 0)
		beside();
	else if (strcmp(argv[2], "huge") == 0)
		huge();
	else if (strcmp(argv[2], "direct") == 0)
		toggled();
	else {
		srandom((unsigned int)strtoul(argv[2], NULL, 10));
		whole = argc > 4 && strcmp(argv[4], "whole") == 0;
		at_random(argc > 3 ? strtoul(argv[3], NULL, 10) : 1000);
	}
	return 0;
}
