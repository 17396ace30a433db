/*
 * posix: makes the calls of POSIX and Linux in a directory and prints what they did, see posix.h.
 *
 *	posix directory topic...
 *	posix -l				# lists the topics
 *
 * It wants to be root, since it becomes others. It ends with 0 when every result was as it has to be.
 */
#include "posix.h"

#include <err.h>
#include <grp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "run.h"

/* No topic needs so long, except on an emulated machine. */
#ifndef SECONDS
#define SECONDS 50
#endif

struct run *run;

const struct user ALICE = {41001, 41001, 0, {0}};
const struct user BOB = {41002, 41002, 0, {0}};
const struct user CAROL = {41003, 41003, 1, {41001}};

static const struct {
	const char *t_name;
	void (*t_run)(void);
} topics[] = {
#define ENTRY(topic) {#topic, topic_##topic},
	TOPICS(ENTRY)};

pid_t
spawn(void)
{
	pid_t pid = fork();

	if (pid == -1)
		err(EXIT_FAILURE, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(SECONDS);
	}
	return pid;
}

void
reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		err(EXIT_FAILURE, "waitpid");
	if (status != 0) {
		show("end of a child", "status %#x", status);
		run->r_wrong++;
	}
}

bool
become(const struct user *user)
{
	pid_t pid = spawn();

	if (pid != 0) {
		reap(pid);
		return false;
	}
	if (user != NULL && (setgroups((size_t)user->u_ngroups, user->u_groups) == -1 ||
				setgid(user->u_gid) == -1 || setuid(user->u_uid) == -1))
		err(EXIT_FAILURE, "cannot become another user");
	return true;
}

void
leave(void)
{
	_exit(0);
}

void
put(const char *path, const char *text)
{
	int fd = (int)MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));

	if (fd != -1) {
		MUST(write(fd, text, strlen(text)));
		close(fd);
	}
}

void
touch(const char *path)
{
	put(path, "");
}

void
dir(const char *path)
{
	MUST(mkdir(path, 0755));
}

/* A remount that changes nothing has this effect. The topic's directory is right below the mount point. */
void
forget(void)
{
	MUST(mount(NULL, "..", NULL, MS_REMOUNT, NULL));
}

static uint8_t
byte_at(size_t i, unsigned seed)
{
	uint32_t x = (uint32_t)i * 2654435761u + seed * 40503u + 1;

	return (uint8_t)(x >> 13 ^ x >> 24);
}

void
fill(uint8_t *buf, size_t len, unsigned seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = byte_at(i, seed);
}

size_t
differs(const uint8_t *buf, size_t len, unsigned seed)
{
	size_t i;

	for (i = 0; i < len && buf[i] == byte_at(i, seed); i++)
		continue;
	return i;
}

static void
run_topic(const char *top, const char *name)
{
	size_t i, n = sizeof(topics) / sizeof(topics[0]);

	for (i = 0; i < n && strcmp(topics[i].t_name, name) != 0; i++)
		continue;
	if (i == n)
		errx(EXIT_FAILURE, "no topic %s", name);
	run->r_topic = topics[i].t_name;
	forget_marks();
	if (chdir(top) == -1 || mkdir(name, 0777) == -1 || chdir(name) == -1)
		err(EXIT_FAILURE, "%s/%s", top, name);
	topics[i].t_run();
	scene("end");
	/* All of it can be taken away again. */
	if (chdir(top) == -1)
		err(EXIT_FAILURE, "%s", top);
	clear(name);
}

int
main(int argc, char **argv)
{
	char *top;
	size_t t;
	int i;

	if (argc == 2 && strcmp(argv[1], "-l") == 0) {
		for (t = 0; t < sizeof(topics) / sizeof(topics[0]); t++)
			puts(topics[t].t_name);
		return 0;
	}
	/* A program that is run from the mount, for as long as its standard input stays open. */
	if (argc == 2 && strcmp(argv[1], "-w") == 0)
		return getchar() == EOF ? 0 : 1;
	if (argc < 3)
		errx(EXIT_FAILURE, "usage: posix directory topic...");
	if ((top = realpath(argv[1], NULL)) == NULL)
		err(EXIT_FAILURE, "%s", argv[1]);
	run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run == MAP_FAILED)
		err(EXIT_FAILURE, "mmap");
	umask(0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	alarm(SECONDS);
	for (i = 2; i < argc; i++)
		run_topic(top, argv[i]);
	free(top);
	return run->r_wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
