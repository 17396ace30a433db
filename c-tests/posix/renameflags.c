/*
 * renameflags.c: renameat2.
 */
#include "posix.h"

#include "kinds.h"

static int
rename2(const char *old, const char *new, unsigned flags)
{
	return renameat2(AT_FDCWD, old, AT_FDCWD, new, flags);
}

static void
noreplace(void)
{
	enum kind from, to;

	for (from = ABSENT; from < KINDS; from++)
		for (to = ABSENT; to < KINDS; to++) {
			scene("NOREPLACE, %s to %s", kind_names[from], kind_names[to]);
			MUST(mkdir("w", 0755));
			MUST(chdir("w"));
			make_kind(from, "old");
			make_kind(to, "new");
			if (from == ABSENT)
				FAILS(ENOENT, rename2("old", "new", RENAME_NOREPLACE));
			else if (to != ABSENT)
				FAILS(EEXIST, rename2("old", "new", RENAME_NOREPLACE));
			else
				OK(rename2("old", "new", RENAME_NOREPLACE));
			list(".");
			MUST(chdir(".."));
			clear("w");
		}
	scene("NOREPLACE, itself");
	touch("f");
	FAILS(EEXIST, rename2("f", "f", RENAME_NOREPLACE));
	MUST(link("f", "g"));
	FAILS(EEXIST, rename2("f", "g", RENAME_NOREPLACE));
	list(".");
}

static void
others(void)
{
	scene("EXCHANGE");
	put("a", "aaa");
	dir("b");
	touch("b/inner");
	OK(rename2("a", "b", RENAME_EXCHANGE));
	look("a");
	look("b");
	FAILS(ENOENT, rename2("a", "none", RENAME_EXCHANGE));
	FAILS(ENOENT, rename2("none", "a", RENAME_EXCHANGE));
	scene("WHITEOUT");
	put("c", "ccc");
	OK(rename2("c", "d", RENAME_WHITEOUT));
	look("c");
	look("d");
	scene("flags that exclude each other");
	FAILS(EINVAL, rename2("f", "h", RENAME_NOREPLACE | RENAME_EXCHANGE));
	FAILS(EINVAL, rename2("f", "h", RENAME_WHITEOUT | RENAME_EXCHANGE));
	FAILS(EINVAL, rename2("f", "h", 1 << 20));
	look("f");
	look("h");
}

void
topic_renameflags(void)
{
	noreplace();
	others();
}
