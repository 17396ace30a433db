/*
 * rename.c: every kind of file renamed to every kind, in one directory and from one to another.
 */
#include "posix.h"

#include "kinds.h"

static void
one(enum kind from, enum kind to, const char *old, const char *new)
{
	int want = 0;

	if (from == ABSENT)
		want = ENOENT;
	else if (to != ABSENT && is_dir(from) && !is_dir(to))
		want = ENOTDIR;
	else if (is_dir(to) && !is_dir(from))
		want = EISDIR;
	else if (to == FULL)
		want = ENOTEMPTY;

	touch("beside");
	dir("beside-dir");
	dir("d1");
	dir("d2");
	make_kind(from, old);
	make_kind(to, new);
	if (want != 0)
		FAILS(want, rename(old, new));
	else
		OK(rename(old, new));
	look(old);
	look(new);
	look("d1");
	look("d2");
	if (strchr(old, '/') != NULL) {
		list("d1");
		list("d2");
	} else {
		list(".");
	}
	if (want == 0 && from == FULL)
		list(new);
}

static void
matrix(bool across)
{
	enum kind from, to;

	for (from = ABSENT; from < KINDS; from++)
		for (to = ABSENT; to < KINDS; to++) {
			scene("%s to %s%s", kind_names[from], kind_names[to],
			    across ? ", elsewhere" : "");
			MUST(mkdir("w", 0755));
			MUST(chdir("w"));
			one(from, to, across ? "d1/old" : "old", across ? "d2/new" : "new");
			MUST(chdir(".."));
			clear("w");
		}
}

void
topic_rename(void)
{
	matrix(false);
	matrix(true);
}
