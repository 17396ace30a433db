/*
 * drive.h: the parts of the driver.
 */
#ifndef DRIVE_H
#define DRIVE_H

#include "tree.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

/* A mount of the tree and its server. */
struct side {
	const char *s_name;
	char s_dir[64];			/* /dir in it */
	char s_file[64];		/* /file */
	char s_new[64];			/* /dir/new, which is not there */
	int s_fd;			/* /file, open */
	struct counts *s_counts;
};

/* Something that applications do, so many times, in so many threads. Ends the program when it fails. */
struct job {
	const char *j_name;
	void (*j_run)(struct side *, unsigned);
	unsigned j_count;		/* in a batch */
	unsigned j_threads;
};

/* jobs.c; the last one has no name. */
extern const struct job jobs[];
void job_run(const struct job *, struct side *, unsigned);
/* What the file system says about everything in it, as text. */
void answers(struct side *, FILE *);

/* counting.c: everything so far, of a process with its threads. */
struct switches {
	unsigned long voluntary;
	unsigned long involuntary;
};
struct switches switches_of(pid_t);
/* No system call's number is as large. They are counted from calls_count() on. */
#define CALLS 512
void calls_count(void);
void calls_of(pid_t, unsigned long[CALLS]);
const char *call_name(unsigned);

#endif
