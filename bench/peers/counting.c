/*
 * counting.c: context switches as /proc has them, system calls as the kernel's tracing counts them.
 */
#include "drive.h"

#include <dirent.h>

#define EVENT "/sys/kernel/tracing/events/raw_syscalls/sys_enter/"
/* It stays, so that another run finds it. */
#define TRIGGER "hist:keys=common_pid,id.syscall:size=4096"

static char call_names[CALLS][32];

/* Whether `tid` is a thread of `pid`. */
static bool
is_thread_of(pid_t pid, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, tid);
	return access(path, F_OK) == 0;
}

struct switches
switches_of(pid_t pid)
{
	struct switches sum = { 0, 0 };
	char path[400], line[200];
	unsigned long value;
	struct dirent *d;
	DIR *dir;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	if ((dir = opendir(path)) == NULL)
		err(1, "%s", path);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, d->d_name);
		/* It may have ended meanwhile. */
		if ((file = fopen(path, "r")) == NULL)
			continue;
		while (fgets(line, sizeof(line), file) != NULL) {
			if (sscanf(line, "voluntary_ctxt_switches: %lu", &value) == 1)
				sum.voluntary += value;
			if (sscanf(line, "nonvoluntary_ctxt_switches: %lu", &value) == 1)
				sum.involuntary += value;
		}
		fclose(file);
	}
	closedir(dir);
	return sum;
}

void
calls_count(void)
{
	int fd;

	if ((fd = open(EVENT "trigger", O_WRONLY)) == -1)
		err(1, EVENT "trigger");
	if (write(fd, TRIGGER, strlen(TRIGGER)) == -1 && errno != EEXIST)
		err(1, EVENT "trigger: " TRIGGER);
	close(fd);
}

void
calls_of(pid_t pid, unsigned long calls[CALLS])
{
	char line[400], name[32];
	unsigned long hits;
	unsigned number;
	FILE *file;
	int tid;

	memset(calls, 0, CALLS * sizeof(calls[0]));
	if ((file = fopen(EVENT "hist", "r")) == NULL)
		err(1, EVENT "hist");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, " Dropped: %lu", &hits) == 1 && hits != 0)
			errx(1, "%lu system calls were not counted", hits);
		if (sscanf(line, "{ common_pid: %d, id: sys_%31s [%u] } hitcount: %lu", &tid, name, &number, &hits) != 4)
			continue;
		if (number >= CALLS || !is_thread_of(pid, tid))
			continue;
		calls[number] += hits;
		strcpy(call_names[number], name);
	}
	fclose(file);
}

const char *
call_name(unsigned number)
{

	return call_names[number];
}
