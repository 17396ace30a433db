/*
 * signals.c: signals that are caught while the file system works. Calls on files are not cut short by
 * them, whatever sigaction was told; programs do not expect it.
 */
#include "posix.h"

#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t caught;

static void
catch(int signal)
{
	(void)signal;
	caught++;
}

/* One round of everything; how many calls did not do what they should. */
static int
work(int fd, const uint8_t *bytes, uint8_t *back, size_t len)
{
	struct stat st;
	int bad = 0, other;

	bad += pwrite(fd, bytes, len, 0) != (ssize_t)len;
	bad += pread(fd, back, len, 0) != (ssize_t)len || memcmp(bytes, back, len) != 0;
	bad += mkdir("d", 0755) == -1;
	bad += (other = open("d/f", O_CREAT | O_EXCL | O_RDWR, 0644)) == -1;
	bad += write(other, bytes, 5000) != 5000;
	bad += fstat(other, &st) == -1 || st.st_size != 5000;
	bad += fsync(other) == -1;
	bad += close(other) == -1;
	bad += rename("d/f", "d/g") == -1;
	bad += truncate("d/g", 3) == -1;
	bad += stat("d/g", &st) == -1 || st.st_size != 3;
	bad += chmod("d/g", 0600) == -1;
	bad += symlink("x", "d/s") == -1 || link("d/g", "d/h") == -1;
	bad += unlink("d/g") == -1 || unlink("d/h") == -1 || unlink("d/s") == -1;
	bad += rmdir("d") == -1;
	return bad;
}

void
topic_signals(void)
{
	const struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
	struct sigaction act = {.sa_handler = catch}, old;
	size_t len = 1 << 20;
	uint8_t *bytes = malloc(len), *back = malloc(len);
	int fd, bad = 0, rounds;

	fill(bytes, len, 11);
	fd = (int)MUST(open("f", O_CREAT | O_RDWR, 0644));
	scene("without signals");
	IS(0, work(fd, bytes, back, len));
	scene("five thousand a second");
	sigaction(SIGALRM, &act, &old);
	alarm(0);
	setitimer(ITIMER_REAL, &often, NULL);
	/* As long as it takes for some to have come in between. */
	for (rounds = 0; rounds < 40 || caught < 200; rounds++)
		bad += work(fd, bytes, back, len);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	alarm(50);
	IS(0, bad);
	HOLDS(caught >= 200);
	close(fd);
	free(bytes);
	free(back);
	list(".");
}
