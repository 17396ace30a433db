/*
 * copy.c: copy_file_range, sendfile, splice.
 */
#include "posix.h"

#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <linux/fs.h>

#define SIZE 300000

static uint8_t bytes[SIZE], back[SIZE];

/* What `len` bytes at `at` of a file are, compared with those of `bytes` from `from` on. */
static void
same(int fd, off_t at, size_t from, size_t len)
{
	IS((long)len, pread(fd, back, len, at));
	HOLDS(memcmp(back, bytes + from, len) == 0);
}

void
topic_copy(void)
{
	loff_t in_at, out_at;
	off_t at;
	int in, out, pipes[2];

	fill(bytes, SIZE, 5);
	in = (int)MUST(open("in", O_CREAT | O_RDWR, 0644));
	MUST(write(in, bytes, SIZE));
	out = (int)MUST(open("out", O_CREAT | O_RDWR, 0644));
	scene("copy_file_range");
	in_at = 1000;
	out_at = 0;
	IS(200000, copy_file_range(in, &in_at, out, &out_at, 200000, 0));
	IS(201000, in_at);
	IS(200000, out_at);
	same(out, 0, 1000, 200000);
	IS(99000, copy_file_range(in, &in_at, out, &out_at, 200000, 0));
	IS(0, copy_file_range(in, &in_at, out, &out_at, 200000, 0));
	look("out");
	scene("copy_file_range with the files' own offsets");
	MUST(lseek(in, 10, SEEK_SET));
	MUST(lseek(out, 5, SEEK_SET));
	IS(100, copy_file_range(in, NULL, out, NULL, 100, 0));
	IS(110, lseek(in, 0, SEEK_CUR));
	IS(105, lseek(out, 0, SEEK_CUR));
	same(out, 5, 10, 100);
	scene("copy_file_range within a file");
	in_at = 0;
	out_at = 400000;
	IS(1000, copy_file_range(in, &in_at, in, &out_at, 1000, 0));
	same(in, 400000, 0, 1000);
	in_at = 0;
	out_at = 500;
	FAILS(EINVAL, copy_file_range(in, &in_at, in, &out_at, 1000, 0));
	scene("copy_file_range, times");
	mark("out");
	out_at = in_at = 0;
	IS(10, copy_file_range(in, &in_at, out, &out_at, 10, 0));
	MOVED("mc", "out");
	scene("copy_file_range, refused");
	FAILS(EINVAL, copy_file_range(in, NULL, out, NULL, 10, 7));
	close(out);
	out = (int)MUST(open("out", O_RDONLY));
	FAILS(EBADF, copy_file_range(in, NULL, out, NULL, 10, 0));
	close(out);
	out = (int)MUST(open("out", O_WRONLY | O_APPEND));
	FAILS(EBADF, copy_file_range(in, NULL, out, NULL, 10, 0));
	close(out);
	dir("d");
	out = (int)MUST(open("d", O_RDONLY));
	FAILS(EISDIR, copy_file_range(out, NULL, in, NULL, 10, 0));
	close(out);

	scene("sendfile");
	out = (int)MUST(open("sent", O_CREAT | O_RDWR, 0644));
	at = 100;
	IS(250000, sendfile(out, in, &at, 250000));
	IS(250100, at);
	same(out, 0, 100, 250000);
	MUST(lseek(in, 0, SEEK_SET));
	IS(1000, sendfile(out, in, NULL, 1000));
	IS(1000, lseek(in, 0, SEEK_CUR));
	look("sent");
	scene("splice");
	MUST(pipe(pipes));
	in_at = 20000;
	IS(4096, splice(in, &in_at, pipes[1], NULL, 4096, 0));
	IS(4096, read(pipes[0], back, SIZE));
	HOLDS(memcmp(back, bytes + 20000, 4096) == 0);
	MUST(write(pipes[1], bytes + 70000, 5000));
	out_at = 123;
	IS(5000, splice(pipes[0], NULL, out, &out_at, 5000, 0));
	same(out, 123, 70000, 5000);
	scene("cloning");
	FAILS(EOPNOTSUPP, ioctl(out, FICLONE, in));
	scene("other ioctls");
	GIVES(ioctl(out, FS_IOC_GETFLAGS, &(int){0}));
	FAILS(ENOTTY, ioctl(out, 0x5401, back)); /* TCGETS */
	close(in);
	close(out);
}
