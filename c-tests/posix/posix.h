/*
 * posix.h: what the topics of the suite record with.
 *
 * A topic makes calls in its own empty directory and prints a line for each result and for what can be
 * seen after it:
 *
 *	topic/scene: call -> result
 *
 * The lines depend on nothing but what the file system does, so those of two file systems can be compared. Where
 * POSIX or Linux leaves no choice, the call says what it has to give, and anything else is told on stderr.
 */
#ifndef POSIX_H
#define POSIX_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* The topics, each in a file of its name. */
#define TOPICS(X)                                                                                  \
	X(names) X(badpaths) X(loops) X(open) X(openflags) X(make) X(link) X(removal) X(rename)    \
	X(renameflags) X(renamepaths) X(chmod) X(chown) X(utimens) X(access) X(stat) X(truncate)   \
	X(rw) X(append) X(seek) X(readdir) X(many) X(deep) X(mmap) X(sparse) X(opened) X(perm)     \
	X(search) X(sticky) X(setgid) X(suid) X(nlink) X(times) X(locks) X(fifo) X(sock)           \
	X(device) X(xattr) X(falloc) X(copy) X(statvfs) X(full) X(exec) X(race) X(signals)       \
	X(readonly) X(cold) X(root) X(tangle)
#define DECLARE(topic) void topic_##topic(void);
TOPICS(DECLARE)

/* What a call may be told to give. */
enum { OKAY = -10000, WHATEVER };

/* The call succeeds. */
#define OK(call) record(__FILE__, __LINE__, OKAY, #call, (long)(call))
/* The call gives this value. */
#define IS(value, call) record(__FILE__, __LINE__, (value), #call, (long)(call))
/* The call gives -1 and this errno value. */
#define FAILS(error, call) record(__FILE__, __LINE__, -(error), #call, (long)(call))
/* The call gives what it gives. */
#define GIVES(call) record(__FILE__, __LINE__, WHATEVER, #call, (long)(call))
/* The call succeeds and is not worth a line then. */
#define MUST(call) must(__FILE__, __LINE__, #call, (long)(call))
/* It holds; "yes" or "no". */
#define HOLDS(condition) holds(__FILE__, __LINE__, #condition, (condition))

/* Names what follows, in the style of printf. */
void scene(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A line of another form: "what -> text". */
void show(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

long record(const char *file, int line, long want, const char *call, long got);
long must(const char *file, int line, const char *call, long got);
bool holds(const char *file, int line, const char *condition, bool value);

/* What lstat says of a path; of an open file. */
void look(const char *path);
void lookfd(const char *what, int fd);
/* The contents of a file: its length and what is in it. */
void content(const char *path);
/* The names in a directory, sorted, with a mark for each type. */
void list(const char *path);

/* Short ways to prepare: a file with a text, an empty file, a directory. */
void put(const char *path, const char *text);
void touch(const char *path);
void dir(const char *path);
/* Removes a path and all below it. */
void clear(const char *path);
/* Makes the kernel forget what it need not know of the file system, in the topic's own directory. */
void forget(void);
/* Bytes that differ from place to place, and where they first are different from that (len: nowhere). */
void fill(uint8_t *buf, size_t len, unsigned seed);
size_t differs(const uint8_t *buf, size_t len, unsigned seed);

/*
 * Times. mark() takes a path's times back to 2001, so that whatever moves them is seen; moved() says which of
 * them a call has moved since, and they have to be those of `want`: "a", "m", "c".
 */
void mark(const char *path);
#define MOVED(want, path) moved(__FILE__, __LINE__, (want), (path))
void moved(const char *file, int line, const char *want, const char *path);

/* Somebody else. */
struct user {
	uid_t u_uid;
	gid_t u_gid;
	int u_ngroups;
	gid_t u_groups[2];
};
extern const struct user ALICE, BOB, CAROL; /* Carol is in Alice's group as well */
/* Runs the block that follows in a child process of that user. */
#define AS(who) for (bool go_on = become(&(who)); go_on; leave())
/* Runs the block that follows in a child process. */
#define CHILD for (bool go_on = become(NULL); go_on; leave())
bool become(const struct user *user);
_Noreturn void leave(void);
/* The same in two steps: 0 in the child; the parent gets its id, and goes on beside it. */
pid_t spawn(void);
void reap(pid_t pid);

#endif
