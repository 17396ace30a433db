/*
 * puffs_gendotdent writes nothing when a record has no room, and servers step over it all the same. So the first buffer that
 * readdir gets has room for "." and "..", however little room the caller has.
 *
 * c-test: link=shared mount=yes
 */
#include <sys/syscall.h>

#include <dirent.h>

#include "support/mount.h"

PUFFSOP_PROTOS(dots)

static int readdirs;

int
dots_node_readdir(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_dirent *dent, off_t *readoff, size_t *reslen,
    const struct puffs_cred *pcr, int *eofflag, off_t *cookies, size_t *ncookies)
{

	(void)pu, (void)opc, (void)pcr;
	readdirs++;
	*ncookies = 0;
	for (; *readoff == DENT_DOT || *readoff == DENT_DOTDOT; ++*readoff) {
		puffs_gendotdent(&dent, 2, (int)*readoff, reslen);
		PUFFS_STORE_DCOOKIE(cookies, ncookies, *readoff + 1);
	}
	while (few[DENT_ADJ(*readoff) + 1].name != NULL) {
		struct few *file = &few[DENT_ADJ(*readoff) + 1];

		if (puffs_nextdent(&dent, file->name, (ino_t)(file - few + 2), DT_REG, reslen) == 0)
			return 0;
		++*readoff;
		PUFFS_STORE_DCOOKIE(cookies, ncookies, *readoff);
	}
	*eofflag = 1;
	return 0;
}

static void
helper(void)
{
	struct puffs_dirent one, *dent = &one;
	size_t left = _DIRENT_RECLEN(dent, 1) - 1;

	CHECK_EQ(puffs_gendotdent(&dent, 2, 0, &left), 0);
	CHECK(dent == &one);
	CHECK_EQ(left, _DIRENT_RECLEN(dent, 1) - 1);
}

/* As many entries as go into the smallest buffer that the system takes for these names, one or two at a time. */
static void
use(void)
{
	struct entry {
		uint64_t ino;
		int64_t off;
		uint16_t reclen;
		uint8_t type;
		char name[13];
	} *entry;
	uint64_t buf[4];
	char names[32] = "";
	long n, at;
	int fd;

	CHECK((fd = open(MNT, O_RDONLY | O_DIRECTORY)) != -1);
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n; at += entry->reclen) {
			entry = (struct entry *)((char *)buf + at);
			strcat(strcat(names, entry->name), " ");
		}
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(strcmp(names, ". .. a b "), 0);
}

int
main(void)
{
	struct puffs_ops *pops = few_table();

	helper();
	few[1] = (struct few){ "a", VREG, 0 };
	few[2] = (struct few){ "b", VREG, 0 };
	PUFFSOP_SET(pops, dots, node, readdir);
	serve(context(pops, 0), ROOT, use);
	CHECK(readdirs > 0);
	return 0;
}
