/*
 * jobs.c: what applications do.
 */
#include "drive.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#define THREADS 4
#define DATA (128 << 10)

/* Of each thread its own, so that none waits for another's pages. */
static __thread uint8_t data[DATA] __attribute__((aligned(4096)));

/* The kernel alone, which asks no server. */
static void
job_nothing(struct side *s, unsigned count)
{

	(void)s;
	while (count-- > 0)
		if (syscall(SYS_getppid) == -1)
			err(1, "getppid");
}

static void
job_stat(struct side *s, unsigned count)
{
	struct stat st;

	while (count-- > 0)
		if (stat(s->s_file, &st) == -1)
			err(1, "stat: %s", s->s_file);
}

static void
job_fstat(struct side *s, unsigned count)
{
	struct stat st;

	while (count-- > 0)
		if (fstat(s->s_fd, &st) == -1)
			err(1, "fstat: %s", s->s_file);
}

static void
job_open(struct side *s, unsigned count)
{
	int fd;

	while (count-- > 0)
		if ((fd = open(s->s_file, O_RDONLY)) == -1 || close(fd) == -1)
			err(1, "open: %s", s->s_file);
}

static void
reads(struct side *s, unsigned count, size_t len)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (pread(s->s_fd, data, len, (off_t)(i * len % TREE_FILESIZE)) != (ssize_t)len)
			err(1, "pread: %s", s->s_file);
}

static void
writes(struct side *s, unsigned count, size_t len)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (pwrite(s->s_fd, data, len, (off_t)(i * len % TREE_FILESIZE)) != (ssize_t)len)
			err(1, "pwrite: %s", s->s_file);
}

static void job_read4(struct side *s, unsigned count) { reads(s, count, 4 << 10); }
static void job_read64(struct side *s, unsigned count) { reads(s, count, 64 << 10); }
static void job_read128(struct side *s, unsigned count) { reads(s, count, 128 << 10); }
static void job_write4(struct side *s, unsigned count) { writes(s, count, 4 << 10); }
static void job_write128(struct side *s, unsigned count) { writes(s, count, 128 << 10); }

static void
job_readdir(struct side *s, unsigned count)
{
	long len;
	int fd;

	while (count-- > 0) {
		if ((fd = open(s->s_dir, O_RDONLY | O_DIRECTORY)) == -1)
			err(1, "open: %s", s->s_dir);
		while ((len = syscall(SYS_getdents64, fd, data, 32 << 10)) > 0)
			;
		if (len == -1 || close(fd) == -1)
			err(1, "getdents: %s", s->s_dir);
	}
}

static void
job_create(struct side *s, unsigned count)
{
	int fd;

	while (count-- > 0)
		if ((fd = open(s->s_new, O_WRONLY | O_CREAT | O_EXCL, 0644)) == -1 || close(fd) == -1 || unlink(s->s_new) == -1)
			err(1, "create and unlink: %s", s->s_new);
}

static void
job_statvfs(struct side *s, unsigned count)
{
	struct statvfs st;

	while (count-- > 0)
		if (fstatvfs(s->s_fd, &st) == -1)
			err(1, "fstatvfs: %s", s->s_file);
}

const struct job jobs[] = {
	{ "getppid (no file system)", job_nothing, 1000, 1 },
	{ "fstat", job_fstat, 250, 1 },
	{ "stat", job_stat, 250, 1 },
	{ "open, close", job_open, 150, 1 },
	{ "pread 4 KiB", job_read4, 250, 1 },
	{ "pread 64 KiB", job_read64, 100, 1 },
	{ "pread 128 KiB", job_read128, 60, 1 },
	{ "pwrite 4 KiB", job_write4, 250, 1 },
	{ "pwrite 128 KiB", job_write128, 60, 1 },
	{ "list a directory", job_readdir, 100, 1 },
	{ "create, unlink", job_create, 100, 1 },
	{ "statvfs", job_statvfs, 250, 1 },
	{ "stat, 4 threads", job_stat, 500, THREADS },
	{ "pread 4 KiB, 4 threads", job_read4, 500, THREADS },
	{ NULL, NULL, 0, 0 },
};

struct work {
	const struct job *w_job;
	struct side *w_side;
	unsigned w_count;
};

static void *
work_main(void *arg)
{
	const struct work *w = arg;

	w->w_job->j_run(w->w_side, w->w_count);
	return NULL;
}

void
job_run(const struct job *j, struct side *s, unsigned count)
{
	struct work work = { j, s, count / j->j_threads };
	pthread_t threads[THREADS];
	unsigned i;

	if (j->j_threads == 1) {
		j->j_run(s, count);
		return;
	}
	for (i = 0; i < j->j_threads; i++)
		if ((errno = pthread_create(&threads[i], NULL, work_main, &work)) != 0)
			err(1, "pthread_create");
	for (i = 0; i < j->j_threads; i++)
		pthread_join(threads[i], NULL);
}

/*
 * What the servers say.
 */

static uint32_t
sum(const uint8_t *bytes, size_t len)
{
	uint32_t s = 1;

	while (len-- > 0)
		s = s * 31 + *bytes++;
	return s;
}

static void
file_answers(const char *path, FILE *to)
{
	struct stat st;
	uint8_t small[100];
	ssize_t len;
	off_t off;
	int fd;

	if ((fd = open(path, O_RDWR)) == -1 || fstat(fd, &st) == -1)
		err(1, "%s", path);
	fprintf(to, "%ju %o %ju %u %u %jd %jd %jd %jd %jd %jd\n", (uintmax_t)st.st_ino, st.st_mode, (uintmax_t)st.st_nlink, st.st_uid,
	    st.st_gid, (intmax_t)st.st_size, (intmax_t)st.st_blocks, (intmax_t)st.st_blksize, (intmax_t)st.st_atime,
	    (intmax_t)st.st_mtime, (intmax_t)st.st_ctime);
	for (off = 0; (len = pread(fd, data, sizeof(data), off)) > 0; off += len)
		fprintf(to, "%zd bytes, %" PRIx32 "\n", len, sum(data, (size_t)len));
	/* In the middle of pages; and what is written is forgotten. */
	if (len == -1 || (len = pread(fd, small, sizeof(small), 4000)) == -1)
		err(1, "%s", path);
	fprintf(to, "%zd bytes, %" PRIx32 "; %zd\n", len, sum(small, (size_t)len), pwrite(fd, small, sizeof(small), 1000));
	close(fd);
}

static void
directory_answers(const char *path, FILE *to)
{
	char name[400];
	struct dirent *d;
	struct stat st;
	DIR *dir;

	if ((dir = opendir(path)) == NULL)
		err(1, "%s", path);
	while ((d = readdir(dir)) != NULL) {
		fprintf(to, "%s %ju %d\n", d->d_name, (uintmax_t)d->d_ino, d->d_type);
		snprintf(name, sizeof(name), "%s/%s", path, d->d_name);
		if (stat(name, &st) == -1)
			err(1, "%s", name);
		if (S_ISREG(st.st_mode))
			file_answers(name, to);
	}
	closedir(dir);
}

void
answers(struct side *s, FILE *to)
{
	char root[64];
	struct statvfs st;
	int fd;

	snprintf(root, sizeof(root), "%.*s", (int)(strlen(s->s_dir) - strlen("/dir")), s->s_dir);
	directory_answers(root, to);
	directory_answers(s->s_dir, to);
	if ((fd = open(s->s_new, O_RDWR | O_CREAT | O_EXCL, 0640)) == -1)
		err(1, "%s", s->s_new);
	fprintf(to, "made again: %d\n", open(s->s_new, O_RDWR | O_CREAT | O_EXCL, 0640));
	directory_answers(s->s_dir, to);
	close(fd);
	fprintf(to, "removed, and once more: %d, %d, %d\n", unlink(s->s_new), unlink(s->s_new), errno);
	if (statvfs(root, &st) == -1)
		err(1, "%s", root);
	fprintf(to, "%lu %lu %ju %ju %ju %lu\n", st.f_bsize, st.f_frsize, (uintmax_t)st.f_blocks, (uintmax_t)st.f_bfree,
	    (uintmax_t)st.f_files, st.f_namemax);
}
