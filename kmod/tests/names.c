/*
 * names.c: many names of a directory, with few questions to the file system.
 *
 *	names make directory first step last	# makes "the-name-of-file-number-" and each number
 *	names remove directory first step last	# removes them
 *	names list directory			# prints what the directory has but for "." and "..", as it comes
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
list(void)
{
	struct dirent *dent;
	DIR *dir;

	if ((dir = opendir(".")) == NULL)
		err(1, "opendir");
	while (errno = 0, (dent = readdir(dir)) != NULL)
		if (strcmp(dent->d_name, ".") != 0 && strcmp(dent->d_name, "..") != 0)
			puts(dent->d_name);
	if (errno != 0)
		err(1, "readdir");
	closedir(dir);
}

int
main(int argc, char **argv)
{
	char name[64];
	int n;

	if (argc < 3 || chdir(argv[2]) == -1)
		err(1, "no directory");
	if (argc == 3) {
		list();
		return 0;
	}
	for (n = atoi(argv[3]); n <= atoi(argv[5]); n += atoi(argv[4])) {
		snprintf(name, sizeof(name), "the-name-of-file-number-%d", n);
		if ((strcmp(argv[1], "make") == 0 ? mknod(name, S_IFREG | 0644, 0) : unlink(name)) == -1)
			err(1, "%s", name);
	}
	return 0;
}
