/*
 * calls.h: every call that takes a path, for what they have in common.
 */
#ifndef CALLS_H
#define CALLS_H

#include <stdbool.h>

struct path_call {
	const char *pc_name;
	int (*pc_call)(const char *path);
	bool pc_follows; /* a symlink at the end of the path */
	bool pc_makes;   /* what was not there: it need not exist */
};
/* Ends with one without a name. They want a file "calls-file" in the current directory. */
extern const struct path_call path_calls[];

/* All of them fail alike; `but` says which are left out. */
enum but { NONE, FOLLOWERS, MAKERS };
void all_fail(int error, const char *path, enum but but);

#endif
