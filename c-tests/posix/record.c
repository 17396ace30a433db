/*
 * record.c: the lines, and what they show of files.
 */
#include "posix.h"

#include <ftw.h>
#include <stdarg.h>
#include <time.h>
#include <sys/sysmacros.h>

#include "run.h"

static char now_showing[256];

void
scene(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(now_showing, sizeof(now_showing), format, ap);
	va_end(ap);
}

/* One write for each line, so that those of a child come in between and never in the middle. */
static void
line(const char *what, const char *result)
{
	char text[8192];
	int n = snprintf(text, sizeof(text), "%s/%s: %s -> %s\n", run->r_topic, now_showing, what, result);

	if (n >= (int)sizeof(text)) {
		n = sizeof(text);
		text[n - 1] = '\n';
	}
	if (write(STDOUT_FILENO, text, (size_t)n) != n)
		abort();
}

static void
wrong(const char *file, int at, const char *what, const char *want)
{
	fprintf(stderr, "%s:%d: %s/%s: %s: not %s\n", file, at, run->r_topic, now_showing, what, want);
	__atomic_add_fetch(&run->r_wrong, 1, __ATOMIC_RELAXED);
}

void
show(const char *what, const char *format, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	line(what, text);
}

static const char *
error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name != NULL ? name : "unknown error";
}

long
record(const char *file, int at, long want, const char *call, long got)
{
	int error = errno;
	char value[32];

	snprintf(value, sizeof(value), "%ld", got);
	line(call, got == -1 ? error_name(error) : want == OKAY ? "ok" : value);
	if (want == OKAY) {
		if (got < 0)
			wrong(file, at, call, "ok");
	} else if (want != WHATEVER && want < 0) {
		if (got != -1 || error != (int)-want)
			wrong(file, at, call, error_name((int)-want));
	} else if (want != WHATEVER && got != want) {
		snprintf(value, sizeof(value), "%ld", want);
		wrong(file, at, call, value);
	}
	errno = error;
	return got;
}

long
must(const char *file, int at, const char *call, long got)
{
	char what[512];
	int error = errno;

	if (got < 0) {
		snprintf(what, sizeof(what), "(before) %s", call);
		line(what, error_name(error));
		wrong(file, at, call, "ok");
	}
	return got;
}

bool
holds(const char *file, int at, const char *condition, bool value)
{
	line(condition, value ? "yes" : "no");
	if (!value)
		wrong(file, at, condition, "so");
	return value;
}

static const char *
type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "dir";
	case S_IFLNK:
		return "symlink";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	case S_IFCHR:
		return "chr";
	case S_IFBLK:
		return "blk";
	}
	return "strange";
}

static void
show_stat(const char *what, int result, const struct stat *st)
{
	char size[64] = "";

	if (result == -1) {
		line(what, error_name(errno));
		return;
	}
	if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
		snprintf(size, sizeof(size), " size %jd", (intmax_t)st->st_size);
	else if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		snprintf(size, sizeof(size), " device %u,%u", major(st->st_rdev), minor(st->st_rdev));
	show(what, "%s %04o %u:%u links %ju%s", type_name(st->st_mode), st->st_mode & 07777, st->st_uid,
	    st->st_gid, (uintmax_t)st->st_nlink, size);
}

void
look(const char *path)
{
	char what[4200];
	struct stat st;
	int result = lstat(path, &st);

	snprintf(what, sizeof(what), "lstat(%s)", path);
	show_stat(what, result, &st);
}

void
lookfd(const char *what, int fd)
{
	char text[256];
	struct stat st;
	int result = fstat(fd, &st);

	snprintf(text, sizeof(text), "fstat(%s)", what);
	show_stat(text, result, &st);
}

void
content(const char *path)
{
	char what[300], text[200];
	uint8_t buf[64];
	uint64_t hash = 0xcbf29ce484222325;
	size_t all = 0, i, at = 0;
	ssize_t n;
	int fd;

	snprintf(what, sizeof(what), "contents of %s", path);
	if ((fd = open(path, O_RDONLY | O_NONBLOCK)) == -1) {
		line(what, error_name(errno));
		return;
	}
	text[0] = '\0';
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < (size_t)n; i++) {
			hash = (hash ^ buf[i]) * 0x100000001b3;
			if (all + i >= 40)
				continue;
			at += (size_t)snprintf(text + at, sizeof(text) - at,
			    buf[i] >= ' ' && buf[i] < 127 ? "%c" : "\\%o", buf[i]);
		}
		all += (size_t)n;
	}
	if (n == -1)
		line(what, error_name(errno));
	else if (all <= 40)
		show(what, "%zu \"%s\"", all, text);
	else
		show(what, "%zu, sum %jx", all, (uintmax_t)hash);
	close(fd);
}

static int
by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* A name as it is listed: no control bytes, and ls -F's mark. It has to be what lstat says. */
static char *
listed(int at, const struct dirent *d)
{
	struct stat st;
	char *text = NULL, mark = ' ';
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const char *p;

	for (p = d->d_name; *p != '\0'; p++)
		fprintf(out, *p > ' ' && *p < 127 && *p != '\\' ? "%c" : "\\%03o", (uint8_t)*p);
	if (fstatat(at, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		mark = '?';
	else if (IFTODT(st.st_mode) != d->d_type || (st.st_ino != d->d_ino && strcmp(d->d_name, "..") != 0))
		mark = '!';
	else if (S_ISDIR(st.st_mode))
		mark = '/';
	else if (S_ISLNK(st.st_mode))
		mark = '@';
	else if (S_ISFIFO(st.st_mode))
		mark = '|';
	else if (S_ISSOCK(st.st_mode))
		mark = '=';
	if (mark != ' ')
		fputc(mark, out);
	fclose(out);
	return text;
}

void
list(const char *path)
{
	char what[300], *names[1000], *text = NULL;
	DIR *d = opendir(path);
	struct dirent *entry;
	size_t n = 0, i, len;
	FILE *out;

	snprintf(what, sizeof(what), "names in %s", path);
	if (d == NULL) {
		line(what, error_name(errno));
		return;
	}
	errno = 0;
	while (n < 1000 && (entry = readdir(d)) != NULL)
		names[n++] = listed(dirfd(d), entry);
	if (errno != 0 && n < 1000)
		line(what, error_name(errno));
	closedir(d);
	qsort(names, n, sizeof(names[0]), by_name);
	out = open_memstream(&text, &len);
	for (i = 0; i < n; i++) {
		fprintf(out, "%s%s", i > 0 ? " " : "", names[i]);
		free(names[i]);
	}
	fclose(out);
	line(what, text);
	free(text);
}

static int
clear_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

void
clear(const char *path)
{
	MUST(nftw(path, clear_one, 20, FTW_DEPTH | FTW_PHYS));
}

struct mark {
	char m_path[64];
	struct stat m_stat;
};
static struct mark marks[16];
static const struct timespec long_ago = {.tv_sec = 1000000000};

static struct mark *
marked(const char *path)
{
	size_t i;

	for (i = 0; i < 16 && marks[i].m_path[0] != '\0'; i++)
		if (strcmp(marks[i].m_path, path) == 0)
			break;
	if (i == 16)
		abort();
	return &marks[i];
}

static bool
later(struct timespec left, struct timespec right)
{
	return left.tv_sec != right.tv_sec ? left.tv_sec > right.tv_sec : left.tv_nsec > right.tv_nsec;
}

void
mark(const char *path)
{
	const struct timespec both[2] = {long_ago, long_ago};
	struct mark *m = marked(path);
	struct timespec now;

	snprintf(m->m_path, sizeof(m->m_path), "%s", path);
	MUST(utimensat(AT_FDCWD, path, both, AT_SYMLINK_NOFOLLOW));
	if (MUST(lstat(path, &m->m_stat)) != 0)
		return;
	/* ctime cannot be taken back. The clock that a kernel stamps files from goes in steps: to the next one. */
	do
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	while (!later(now, m->m_stat.st_ctim));
}

/* A time that moved went from where it was put to about now. */
static const char *
motion(struct timespec was, struct timespec is, const char *name)
{
	static char text[3][16];
	static int which;
	struct timespec now;

	which = (which + 1) % 3;
	if (memcmp(&was, &is, sizeof(is)) == 0)
		return "";
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(text[which], sizeof(text[which]), " %s%s", name,
	    later(is, was) && !later(is, now) && now.tv_sec - is.tv_sec < 60 ? "" : "?");
	return text[which];
}

void
moved(const char *file, int at, const char *want, const char *path)
{
	struct mark *m = marked(path);
	char what[100], text[64], wanted[64];
	struct stat st;

	snprintf(what, sizeof(what), "times of %s that moved", path);
	if (lstat(path, &st) == -1) {
		line(what, error_name(errno));
		return;
	}
	snprintf(text, sizeof(text), "%s%s%s", motion(m->m_stat.st_atim, st.st_atim, "atime"),
	    motion(m->m_stat.st_mtim, st.st_mtim, "mtime"), motion(m->m_stat.st_ctim, st.st_ctim, "ctime"));
	snprintf(wanted, sizeof(wanted), "%s%s%s", strchr(want, 'a') != NULL ? " atime" : "",
	    strchr(want, 'm') != NULL ? " mtime" : "", strchr(want, 'c') != NULL ? " ctime" : "");
	line(what, text[0] != '\0' ? text + 1 : "none");
	if (strcmp(text, wanted) != 0)
		wrong(file, at, what, wanted[0] != '\0' ? wanted + 1 : "none");
}

void
forget_marks(void)
{
	memset(marks, 0, sizeof(marks));
}
