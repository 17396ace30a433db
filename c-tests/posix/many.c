/*
 * many.c: a directory with 20,000 names.
 */
#include "posix.h"

#define COUNT 20000

static const char *
name(int i)
{
	static char text[80];

	/* Lengths differ, so that records end everywhere in a buffer. */
	snprintf(text, sizeof(text), "%05d%.*s", i, i % 61,
	    "------------------------------------------------------------");
	return text;
}

void
topic_many(void)
{
	char *seen = calloc(1, COUNT);
	struct dirent *entry;
	struct stat st;
	DIR *d;
	int i, bad = 0, dots = 0, twice = 0, n;

	dir("d");
	MUST(chdir("d"));
	scene("making");
	touch("../source");
	for (i = 0; i < COUNT; i++)
		bad += i % 100 == 0 ? mkdir(name(i), 0755) == -1 : mknod(name(i), S_IFREG | 0644, 0) == -1;
	IS(0, bad);
	look(".");
	scene("reading");
	d = opendir(".");
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.') {
			dots++;
			continue;
		}
		n = atoi(entry->d_name);
		if (n < 0 || n >= COUNT || strcmp(entry->d_name, name(n)) != 0)
			bad++;
		else
			twice += seen[n]++;
	}
	for (i = 0, n = 0; i < COUNT; i++)
		n += seen[i] == 1;
	IS(COUNT, n);
	IS(0, bad);
	IS(0, twice);
	IS(2, dots);
	scene("finding");
	for (i = 0; i < COUNT; i += 7)
		bad += lstat(name(i), &st) == -1 || !S_ISDIR(st.st_mode) != (i % 100 != 0);
	IS(0, bad);
	for (i = 0; i < 1000; i++)
		bad += access(name(COUNT + i), F_OK) == 0 || errno != ENOENT;
	IS(0, bad);
	FAILS(ENOTEMPTY, rmdir("../d"));
	scene("removing all while reading");
	rewinddir(d);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			bad += unlinkat(dirfd(d), entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0) == -1;
	closedir(d);
	IS(0, bad);
	look(".");
	list(".");
	MUST(chdir(".."));
	OK(rmdir("d"));
	free(seen);
}
