/*
 * append.c: O_APPEND, from several descriptors and processes.
 */
#include "posix.h"

void
topic_append(void)
{
	char buf[16], piece[33], *all;
	int fd, other, i, k, bad = 0;
	pid_t pids[4];
	int seen[4] = {0};

	scene("two descriptors");
	fd = (int)OK(open("f", O_CREAT | O_WRONLY | O_APPEND, 0644));
	other = (int)OK(open("f", O_RDWR | O_APPEND));
	IS(3, write(fd, "one", 3));
	IS(3, write(other, "two", 3));
	IS(5, write(fd, "three", 5));
	IS(11, lseek(fd, 0, SEEK_CUR));
	IS(6, lseek(other, 0, SEEK_CUR));
	content("f");
	scene("the offset does not matter");
	IS(0, lseek(other, 0, SEEK_SET));
	IS(4, write(other, "four", 4));
	IS(15, lseek(other, 0, SEEK_CUR));
	IS(0, lseek(other, 0, SEEK_SET));
	IS(6, read(other, buf, 6));
	IS(1, pwrite(other, "!", 1, 0)); /* Linux appends even this */
	content("f");
	scene("after a truncation by somebody else");
	OK(truncate("f", 2));
	IS(1, write(fd, "+", 1));
	content("f");
	OK(truncate("f", 5));
	IS(1, write(fd, "+", 1));
	content("f");
	close(fd);
	close(other);

	/* Nothing is lost and nothing is torn. */
	scene("four processes");
	MUST(unlink("f"));
	touch("f");
	for (k = 0; k < 4; k++) {
		if ((pids[k] = spawn()) != 0)
			continue;
		fd = (int)MUST(open("f", O_WRONLY | O_APPEND));
		memset(piece, 'a' + k, 32);
		for (i = 0; i < 200; i++)
			if (write(fd, piece, 32) != 32)
				_exit(1);
		leave();
	}
	for (k = 0; k < 4; k++)
		reap(pids[k]);
	look("f");
	all = calloc(1, 4 * 200 * 32);
	fd = (int)MUST(open("f", O_RDONLY));
	IS(25600, read(fd, all, 25600));
	for (i = 0; i < 800; i++) {
		if (all[i * 32] < 'a' || all[i * 32] > 'd')
			bad++;
		else
			seen[all[i * 32] - 'a']++;
		for (k = 0; k < 32; k++)
			bad += all[i * 32 + k] != all[i * 32];
	}
	IS(0, bad);
	HOLDS(seen[0] == 200 && seen[1] == 200 && seen[2] == 200 && seen[3] == 200);
	free(all);
	close(fd);
}
