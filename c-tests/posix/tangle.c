/*
 * tangle.c: processes that make, move and remove whole trees in each other's way, while the kernel forgets what it
 * can. Nobody knows who wins, but every error has to be one of those that this explains, and in the end all counts
 * must fit.
 */
#include "posix.h"

#include <sys/mman.h>

#define WORKERS 4
#define STEPS 700

static int *odd; /* calls that failed for no good reason; the first such errno */

static const char *
path(uint32_t *random)
{
	static char text[2][40];
	static int which;
	int depth, at = 0, i;

	which ^= 1;
	*random = *random * 1664525 + 1013904223;
	depth = 1 + (int)(*random >> 24) % 3;
	for (i = 0; i < depth; i++) {
		*random = *random * 1664525 + 1013904223;
		at += snprintf(text[which] + at, sizeof(text[which]) - (size_t)at, "%s%c", i > 0 ? "/" : "",
		    "abcd"[*random >> 28 & 3]);
	}
	return text[which];
}

static void
check(int result)
{
	if (result >= 0)
		return;
	switch (errno) {
	case ENOENT:
	case EEXIST:
	case ENOTDIR:
	case EISDIR:
	case ENOTEMPTY:
	case EINVAL: /* a directory below itself */
	case EPERM:  /* a link to a directory */
		return;
	}
	if (__atomic_fetch_add(&odd[0], 1, __ATOMIC_SEQ_CST) == 0)
		odd[1] = errno;
}

static void
step(uint32_t *random)
{
	const char *one = path(random), *two = path(random);
	struct dirent *entry;
	struct stat st;
	char buf[10];
	DIR *d;
	int fd;

	*random = *random * 1664525 + 1013904223;
	switch (*random >> 28) {
	case 0:
	case 1:
	case 2:
		check(mkdir(one, 0755));
		break;
	case 3:
	case 4:
	case 5:
		check(rename(one, two));
		break;
	case 6:
		check(rmdir(one));
		break;
	case 7:
		check(unlink(one));
		break;
	case 8:
		check(link(one, two));
		break;
	case 9:
		check(symlink("nowhere", one));
		break;
	case 10:
		check(lstat(one, &st));
		break;
	case 11:
		if ((d = opendir(one)) == NULL) {
			check(-1);
			break;
		}
		errno = 0;
		while ((entry = readdir(d)) != NULL)
			continue;
		check(errno == 0 ? 0 : -1);
		closedir(d);
		break;
	default:
		check(fd = open(one, O_CREAT | O_RDWR, 0644));
		if (fd == -1)
			break;
		check(pwrite(fd, "contents", 8, 0) == 8 ? 0 : -1);
		check(pread(fd, buf, sizeof(buf), 0) == 8 ? 0 : -1);
		check(fstat(fd, &st));
		close(fd);
	}
}

/* Counts what is below a directory; link counts that do not fit are bad. */
static int
survey(const char *name, int *bad)
{
	struct dirent *entry;
	struct stat st;
	int dirs = 0, all = 0;
	DIR *d;

	MUST(chdir(name));
	d = opendir(".");
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		all++;
		if (lstat(entry->d_name, &st) == -1 || st.st_ino != entry->d_ino ||
		    IFTODT(st.st_mode) != entry->d_type)
			++*bad;
		else if (S_ISDIR(st.st_mode)) {
			dirs++;
			all += survey(entry->d_name, bad);
		}
	}
	closedir(d);
	if (stat(".", &st) == -1 || (int)st.st_nlink != 2 + dirs)
		++*bad;
	MUST(chdir(".."));
	return all;
}

void
topic_tangle(void)
{
	pid_t pids[WORKERS];
	uint32_t random;
	int i, k, bad = 0;

	odd = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	dir("w");
	scene("many at once");
	for (k = 0; k < WORKERS; k++) {
		if ((pids[k] = spawn()) != 0)
			continue;
		random = 12345u * (uint32_t)(k + 1);
		for (i = 0; i < STEPS; i++) {
			if (k == 0 && i % 10 == 0)
				forget();
			MUST(chdir("w"));
			step(&random);
			MUST(chdir(".."));
		}
		leave();
	}
	for (k = 0; k < WORKERS; k++)
		reap(pids[k]);
	IS(0, odd[0]);
	IS(0, odd[1]);
	scene("what is left");
	survey("w", &bad);
	IS(0, bad);
	forget();
	survey("w", &bad);
	IS(0, bad);
	clear("w");
	list(".");
	munmap(odd, 4096);
}
