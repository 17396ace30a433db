/*
 * mapped: has a file mapped for all to see. "mapped FILE read C" prints the first byte, and again after SIGUSR1; "mapped FILE write C" makes it C, and
 * ends after SIGUSR1.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	int writes, fd, signal;
	volatile char *at;
	sigset_t set;

	if (argc != 4)
		errx(2, "usage: mapped file read|write character");
	writes = strcmp(argv[2], "write") == 0;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if ((fd = open(argv[1], writes ? O_RDWR : O_RDONLY)) == -1)
		err(1, "%s", argv[1]);
	at = mmap(NULL, 1, writes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		err(1, "mmap");
	if (writes)
		*at = argv[3][0];
	printf("%c\n", *at);
	fflush(stdout);
	if (sigwait(&set, &signal) != 0)
		err(1, "sigwait");
	if (!writes)
		printf("%c\n", *at);
	return 0;
}
