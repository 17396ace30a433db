/*
 * mount.h: a mount at MNT that nobody else sees, which the program serves and a child of it uses.
 */
#ifndef MOUNT_H
#define MOUNT_H

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

/* Every system has it, and in a name space of our own what is on it goes with the last process. */
#define MNT "/mnt"

/* Ends the mount, whoever uses it. */
static inline void
mount_leave(void)
{

	(void)umount2(MNT, MNT_DETACH);
}

/* Whether there is a mount. Nobody is asked who serves it. */
static inline bool
mount_is_there(void)
{
	FILE *table = fopen("/proc/self/mounts", "re");
	char line[4096];
	bool found = false;

	CHECK(table != NULL);
	while (!found && fgets(line, sizeof(line), table) != NULL)
		found = strstr(line, " " MNT " ") != NULL;
	fclose(table);
	return found;
}

/* Waits until there is a mount, or is none. */
static inline void
mount_wait(bool there)
{
	const struct timespec moment = { 0, 5000000 };
	int tries;

	for (tries = 0; mount_is_there() != there; tries++) {
		CHECK(tries < 4000);
		nanosleep(&moment, NULL);
	}
}

/* Runs `use` in a child, which dies with its parent. */
static inline pid_t
child_start(void (*use)(void))
{
	pid_t pid;

	CHECK((pid = fork()) != -1);
	if (pid != 0)
		return pid;
	CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
	use();
	exit(0);
}

/* Waits for a child, which must have been satisfied. */
static inline void
child_end(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

static int mount_pipe[2];
static void (*mount_use)(void);

/* Waits for the mount. The mount ends with this process, also when a check fails. */
static inline void
mount_client(void)
{
	char byte;

	close(mount_pipe[1]);
	if (read(mount_pipe[0], &byte, 1) != 1)
		exit(1);
	atexit(mount_leave);
	mount_use();
}

/* From here on what this process mounts is seen by itself and its children only. */
static inline void
mount_alone(void)
{

	CHECK_EQ(unshare(CLONE_NEWNS), 0);
	CHECK_EQ(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	mount_leave();
}

/* Mounts at MNT. `use` runs in a child, at whose end the mount ends. */
static inline pid_t
mount_for(struct puffs_usermount *pu, void *root, void (*use)(void))
{
	pid_t client;

	mount_alone();
	/* It is started before there is a channel that it would inherit. */
	CHECK_EQ(pipe(mount_pipe), 0);
	mount_use = use;
	client = child_start(mount_client);
	close(mount_pipe[0]);
	CHECK_EQ(puffs_mount(pu, MNT, 0, root), 0);
	CHECK_EQ(write(mount_pipe[1], "", 1), 1);
	close(mount_pipe[1]);
	return client;
}

/* The same, and serves to the end. */
static inline void
serve(struct puffs_usermount *pu, void *root, void (*use)(void))
{
	pid_t client = mount_for(pu, root, use);

	CHECK_EQ(puffs_mainloop(pu), 0);
	child_end(client);
}

#endif
