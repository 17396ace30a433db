/*
 * readdir.c: reading directories that stay, that change, and that go.
 */
#include "posix.h"

#define COUNT 300

/* How often each of the names "n000" to "n299" comes in a whole reading from where it stands. */
struct seen {
	int s_times[COUNT];
	int s_dots, s_others;
};

static int
number(const char *name)
{
	return name[0] == 'n' && strlen(name) == 4 ? atoi(name + 1) : -1;
}

static void
note(struct seen *seen, const char *name)
{
	int n = number(name);

	if (n >= 0 && n < COUNT)
		seen->s_times[n]++;
	else if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		seen->s_dots++;
	else
		seen->s_others++;
}

static void
rest(DIR *d, struct seen *seen)
{
	struct dirent *entry;

	while ((entry = readdir(d)) != NULL)
		note(seen, entry->d_name);
}

/* How many of every `step`th name, from `first` on, came exactly once. */
static int
once(const struct seen *seen, int first, int step)
{
	int i, n = 0;

	for (i = first; i < COUNT; i += step)
		n += seen->s_times[i] == 1;
	return n;
}

static int
most(const struct seen *seen)
{
	int i, max = 0;

	for (i = 0; i < COUNT; i++)
		if (seen->s_times[i] > max)
			max = seen->s_times[i];
	return max;
}

static const char *
name(int i)
{
	static char text[32];

	snprintf(text, sizeof(text), "d/n%03d", i);
	return text;
}

static void
populate(void)
{
	int i;

	dir("d");
	for (i = 0; i < COUNT; i++)
		touch(name(i));
}

static void
still(void)
{
	struct seen seen = {0};
	struct dirent *entry;
	char at_half[256], again[256];
	struct stat st;
	long place, start;
	DIR *d, *twin;
	int i, bad = 0;

	scene("empty");
	dir("d");
	list("d");
	OK(rmdir("d"));
	scene("all of it");
	populate();
	d = opendir("d");
	rest(d, &seen);
	IS(COUNT, once(&seen, 0, 1));
	IS(2, seen.s_dots);
	IS(0, seen.s_others);
	HOLDS(readdir(d) == NULL && readdir(d) == NULL);
	scene("again from the start");
	memset(&seen, 0, sizeof(seen));
	rewinddir(d);
	rest(d, &seen);
	IS(COUNT, once(&seen, 0, 1));
	scene("two readers");
	memset(&seen, 0, sizeof(seen));
	rewinddir(d);
	twin = opendir("d");
	for (i = 0; i < 100; i++) {
		note(&seen, readdir(d)->d_name);
		MUST(readdir(twin) == NULL ? -1 : 0);
	}
	rest(d, &seen);
	IS(COUNT, once(&seen, 0, 1));
	closedir(twin);
	scene("telldir and seekdir");
	rewinddir(d);
	start = telldir(d);
	for (i = 0; i < 150; i++)
		readdir(d);
	place = telldir(d);
	snprintf(at_half, sizeof(at_half), "%s", readdir(d)->d_name);
	memset(&seen, 0, sizeof(seen));
	rest(d, &seen);
	seekdir(d, place);
	snprintf(again, sizeof(again), "%s", readdir(d)->d_name);
	HOLDS(strcmp(at_half, again) == 0);
	seekdir(d, start);
	memset(&seen, 0, sizeof(seen));
	rest(d, &seen);
	IS(COUNT, once(&seen, 0, 1));
	place = telldir(d);
	rewinddir(d);
	seekdir(d, place);
	HOLDS(readdir(d) == NULL);
	closedir(d);
	scene("every place can be gone back to");
	d = opendir("d");
	for (;;) {
		place = telldir(d);
		if ((entry = readdir(d)) == NULL)
			break;
		snprintf(at_half, sizeof(at_half), "%s", entry->d_name);
		seekdir(d, place);
		entry = readdir(d);
		bad += entry == NULL || strcmp(entry->d_name, at_half) != 0;
	}
	IS(0, bad);
	closedir(d);
	scene("inodes and types");
	d = opendir("d");
	while ((entry = readdir(d)) != NULL) {
		MUST(fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW));
		if (st.st_ino != entry->d_ino || entry->d_type != IFTODT(st.st_mode))
			bad++;
	}
	IS(0, bad);
	closedir(d);
	scene("times");
	mark("d");
	d = opendir("d");
	readdir(d);
	closedir(d);
	MOVED("a", "d");
}

static void
changing(void)
{
	struct seen seen = {0};
	struct dirent *entry;
	char to[40];
	DIR *d;
	int i, n;

	/* Every other name goes, new ones come: the rest is seen exactly once. */
	scene("removing and making while reading");
	d = opendir("d");
	for (i = 0; i < 20; i++)
		note(&seen, readdir(d)->d_name);
	for (i = 0; i < COUNT; i += 2)
		MUST(unlink(name(i)));
	for (i = 0; i < 100; i++) {
		snprintf(to, sizeof(to), "d/late%d", i);
		touch(to);
	}
	rest(d, &seen);
	IS(COUNT / 2, once(&seen, 1, 2));
	HOLDS(most(&seen) == 1);
	HOLDS(seen.s_others <= 100);
	memset(&seen, 0, sizeof(seen));
	rewinddir(d);
	rest(d, &seen);
	IS(COUNT / 2, once(&seen, 0, 1));
	IS(100, seen.s_others);
	closedir(d);

	scene("renaming while reading");
	memset(&seen, 0, sizeof(seen));
	d = opendir("d");
	for (i = 0; i < 20; i++)
		note(&seen, readdir(d)->d_name);
	for (i = 0; i < 100; i++) {
		snprintf(to, sizeof(to), "d/late%d", i);
		MUST(rename(to, "d/tmp"));
		snprintf(to, sizeof(to), "d/l%d", i);
		MUST(rename("d/tmp", to));
	}
	rest(d, &seen);
	IS(COUNT / 2, once(&seen, 1, 2));
	closedir(d);

	scene("removing each name as it comes");
	d = opendir("d");
	for (n = 0; (entry = readdir(d)) != NULL;)
		if (entry->d_name[0] != '.') {
			MUST(unlinkat(dirfd(d), entry->d_name, 0));
			n++;
		}
	IS(COUNT / 2 + 100, n);
	rewinddir(d);
	for (n = 0; readdir(d) != NULL;)
		n++;
	IS(2, n);
	scene("making after the end");
	touch("d/more");
	rewinddir(d);
	for (n = 0; readdir(d) != NULL;)
		n++;
	IS(3, n);
	MUST(unlink("d/more"));
	scene("a removed directory");
	rewinddir(d);
	OK(rmdir("d"));
	for (n = 0; (entry = readdir(d)) != NULL;)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	IS(0, n);
	closedir(d);
	scene("a renamed directory");
	dir("d");
	touch("d/x");
	d = opendir("d");
	MUST(rename("d", "e"));
	touch("e/y");
	for (n = 0; readdir(d) != NULL;)
		n++;
	HOLDS(n == 3 || n == 4);
	closedir(d);
}

static void
refused(void)
{
	struct dirent *entry;
	DIR *d;
	int fd;

	scene("refused");
	touch("f");
	FAILS(ENOTDIR, opendir("f") == NULL ? -1 : 0);
	FAILS(ENOENT, opendir("none") == NULL ? -1 : 0);
	fd = (int)MUST(open("f", O_RDONLY));
	FAILS(ENOTDIR, fdopendir(fd) == NULL ? -1 : 0);
	FAILS(ENOTDIR, getdents64(fd, (char[100]){0}, 100));
	close(fd);
	fd = (int)MUST(open("e", O_RDONLY));
	FAILS(EINVAL, getdents64(fd, (char[100]){0}, 4)); /* no room for one */
	close(fd);
	scene("through descriptors");
	fd = (int)MUST(open("e", O_RDONLY));
	d = fdopendir(fd);
	entry = readdir(d);
	HOLDS(entry != NULL);
	OK(lseek(fd, 0, SEEK_SET));
	closedir(d);
	FAILS(EBADF, close(fd));
}

void
topic_readdir(void)
{
	still();
	changing();
	refused();
}
