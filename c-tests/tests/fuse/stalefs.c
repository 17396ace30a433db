/*
 * stalefs: what the kernel may believe for an hour, and what changes nevertheless. The directory has a file, whose name and contents are the number of
 * the state, and "control": what is written there is done, and the result of the call is logged.
 *
 *	next		the next state, without a word
 *	names, all	the names of the directory are stale, or all
 *	pages, write	the file's contents are stale, or to be written
 *	wrong		calls that must fail
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <puffs.h>

#define FILE_COOKIE ((void *)1)
#define CONTROL_COOKIE ((void *)2)

static int state = 1;
static char contents[4096];
static size_t length;

static void
become(int next)
{

	state = next;
	length = (size_t)snprintf(contents, sizeof(contents), "%d\n", state);
}

static void
said(const char *what, int result)
{

	fprintf(stderr, "%s: %s\n", what, result == 0 ? "done" : strerror(errno));
}

static void
control(struct puffs_usermount *pu, const char *word)
{

	if (strcmp(word, "next") == 0)
		become(state + 1);
	else if (strcmp(word, "names") == 0)
		said(word, puffs_inval_namecache_dir(pu, NULL));
	else if (strcmp(word, "all") == 0)
		said(word, puffs_inval_namecache_all(pu));
	else if (strcmp(word, "pages") == 0)
		said(word, puffs_inval_pagecache_node(pu, FILE_COOKIE));
	else if (strcmp(word, "write") == 0)
		said(word, puffs_flush_pagecache_node(pu, FILE_COOKIE));
	else if (strcmp(word, "wrong") == 0) {
		said("names of a file", puffs_inval_namecache_dir(pu, FILE_COOKIE));
		said("pages of a directory", puffs_inval_pagecache_node(pu, NULL));
		said("pages of nobody", puffs_inval_pagecache_node(pu, (void *)99));
		said("pages behind the end", puffs_inval_pagecache_node_range(pu, FILE_COOKIE, 8192, 0));
		said("pages backwards", puffs_inval_pagecache_node_range(pu, FILE_COOKIE, 2, 1));
	} else
		warnx("what is %s?", word);
}

static void
attributes(puffs_cookie_t node, struct vattr *va, struct timespec *ttl)
{

	puffs_vattr_null(va);
	va->va_type = node == NULL ? VDIR : VREG;
	va->va_mode = node == NULL ? 0755 : 0666;
	va->va_nlink = 1;
	va->va_uid = va->va_gid = 0;
	va->va_fileid = (ino_t)(intptr_t)node + 2;
	va->va_size = node == FILE_COOKIE ? length : 0;
	*ttl = (struct timespec){ 3600, 0 };
}

static int
stalefs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{
	struct timespec ttl;
	struct vattr va;
	void *node;

	(void)pu, (void)dir;
	if (strcmp(pcn->pcn_name, "control") == 0)
		node = CONTROL_COOKIE;
	else if (atoi(pcn->pcn_name) == state)
		node = FILE_COOKIE;
	else
		return ENOENT;
	attributes(node, &va, &ttl);
	puffs_newinfo_setcookie(pni, node);
	puffs_newinfo_setvtype(pni, VREG);
	puffs_newinfo_setsize(pni, (off_t)va.va_size);
	puffs_newinfo_setva(pni, &va);
	puffs_newinfo_setvattl(pni, &ttl);
	puffs_newinfo_setcnttl(pni, &ttl);
	return 0;
}

static int
stalefs_node_getattr(struct puffs_usermount *pu, puffs_cookie_t node, struct vattr *va, const struct puffs_cred *pcr)
{
	struct timespec ttl;

	(void)pu, (void)pcr;
	attributes(node, va, &ttl);
	return 0;
}

static int
stalefs_node_getattr_ttl(struct puffs_usermount *pu, puffs_cookie_t node, struct vattr *va, const struct puffs_cred *pcr,
    struct timespec *ttl)
{

	(void)pu, (void)pcr;
	attributes(node, va, ttl);
	return 0;
}

static int
stalefs_node_setattr(struct puffs_usermount *pu, puffs_cookie_t node, const struct vattr *va, const struct puffs_cred *pcr)
{

	(void)pu, (void)node, (void)va, (void)pcr;
	return 0;
}

static int
stalefs_node_setattr_ttl(struct puffs_usermount *pu, puffs_cookie_t node, struct vattr *va, const struct puffs_cred *pcr,
    struct timespec *ttl, int xflag)
{

	(void)xflag;
	*ttl = (struct timespec){ 3600, 0 };
	return stalefs_node_setattr(pu, node, va, pcr);
}

static int
stalefs_node_read(struct puffs_usermount *pu, puffs_cookie_t node, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *pcr, int ioflag)
{
	size_t n;

	(void)pu, (void)pcr, (void)ioflag;
	if (node != FILE_COOKIE || off >= (off_t)length)
		return 0;
	n = length - (size_t)off < *left ? length - (size_t)off : *left;
	memcpy(buf, contents + off, n);
	*left -= n;
	return 0;
}

static int
stalefs_node_write(struct puffs_usermount *pu, puffs_cookie_t node, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *pcr, int ioflag)
{
	char word[64];

	(void)pcr, (void)ioflag;
	if (node == CONTROL_COOKIE) {
		snprintf(word, sizeof(word), "%.*s", (int)strcspn((char *)buf, "\n"), (char *)buf);
		control(pu, word);
	} else {
		if ((size_t)off + *left > sizeof(contents))
			return ENOSPC;
		memcpy(contents + off, buf, *left);
		fprintf(stderr, "written: %.*s\n", (int)strcspn((char *)buf, "\n"), (char *)buf);
	}
	*left = 0;
	return 0;
}

int
main(int argc, char *argv[])
{
	struct puffs_usermount *pu;
	struct puffs_ops *pops;

	PUFFSOP_INIT(pops);
	PUFFSOP_SETFSNOP(pops, unmount);
	PUFFSOP_SETFSNOP(pops, sync);
	PUFFSOP_SETFSNOP(pops, statvfs);
	PUFFSOP_SET(pops, stalefs, node, lookup);
	PUFFSOP_SET(pops, stalefs, node, getattr);
	PUFFSOP_SET(pops, stalefs, node, getattr_ttl);
	PUFFSOP_SET(pops, stalefs, node, setattr);
	PUFFSOP_SET(pops, stalefs, node, setattr_ttl);
	PUFFSOP_SET(pops, stalefs, node, read);
	PUFFSOP_SET(pops, stalefs, node, write);
	if (argc != 2)
		errx(1, "usage: stalefs directory");
	become(1);
	setvbuf(stderr, NULL, _IOLBF, 0);
	if ((pu = puffs_init(pops, "stalefs", "stalefs", NULL, PUFFS_KFLAG_CACHE_FS_TTL)) == NULL ||
	    puffs_mount(pu, argv[1], 0, NULL) == -1)
		err(1, "%s", argv[1]);
	return puffs_mainloop(pu) == 0 ? 0 : 1;
}
