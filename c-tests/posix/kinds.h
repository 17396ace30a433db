/*
 * kinds.h: all kinds of files, for what is asked of each.
 */
#ifndef KINDS_H
#define KINDS_H

#include <stdbool.h>

enum kind { ABSENT, FILE_, EMPTY, FULL, SYMLINK, DANGLING, DIRLINK, FIFO, SOCKET, CHR, KINDS };
extern const char *const kind_names[KINDS];

/* Makes one; what it may need beside it is `beside` and `beside-dir`. */
void make_kind(enum kind kind, const char *path);
bool is_dir(enum kind kind);

#endif
