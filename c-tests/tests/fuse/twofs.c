/*
 * Two memfs in one process, for the tests: twofs mountpoint mountpoint. It ends when both are unmounted.
 */

#define _DEFAULT_SOURCE 1

#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* That of memfs is compiled under another name. */
#undef main
int memfs_main(int, char **);

struct mount {
	char *argv[4];
	int status;
};

static void *
serve(void *arg)
{
	struct mount *mount = arg;

	optind = 1;
	mount->status = memfs_main(3, mount->argv);
	return NULL;
}

static dev_t
device(const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		if (errno == ECONNABORTED || errno == ENOTCONN || errno == ECONNREFUSED)
			return 0; /* a mount that has ended already */
		err(EXIT_FAILURE, "%s", path);
	}
	return st.st_dev;
}

int
main(int argc, char **argv)
{
	static char name[] = "memfs", foreground[] = "-s";
	struct timespec moment = {0, 1000000};
	struct mount mounts[2];
	pthread_t threads[2];
	dev_t below;
	int i;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: twofs mountpoint mountpoint");
	for (i = 0; i < 2; i++) {
		mounts[i] = (struct mount){{name, foreground, argv[i + 1], NULL}, EXIT_FAILURE};
		below = device(argv[i + 1]);
		if (pthread_create(&threads[i], NULL, serve, &mounts[i]) != 0)
			errx(EXIT_FAILURE, "no thread");
		/* One after the other: getopt has one state for the whole process. */
		while (device(argv[i + 1]) == below)
			nanosleep(&moment, NULL);
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return mounts[0].status | mounts[1].status;
}
