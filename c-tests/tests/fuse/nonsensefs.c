/*
 * A file server whose answers make no sense, for the tests of nonsense.rs. With the option -a it ends at the first of them.
 *
 * In the root are "log", which tells what puffs_set_errnotify's function was told since the last time, and what makes sense:
 * "file", whose contents can be changed, and "dir". Each other name is that of its nonsense.
 */

#define _DEFAULT_SOURCE 1
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <puffs.h>

/* Whatever is done with the last ones gives a negative result; lookup works, so that something can be done. */
enum { ROOT, LOG, FILE_, DIR_, READ, WRITE, LINK, COOKIES, LONGLIST, RECLEN, SLASH, BADATTR, BADFILE, BADDIR, BADLINK, NODES };

static const char *const names[NODES] = {"/", "log", "file", "dir", "read", "write", "link", "cookies", "longlist", "reclen",
    "slash", "badattr", "badfile", "baddir", "badlink"};
static char nodes[NODES];	/* cookies are their addresses */
static char told[4096], contents[64];
static size_t told_len, contents_len;

PUFFSOP_PROTOS(nonsensefs)

static int
number(puffs_cookie_t node)
{
	return (int)((char *)node - nodes);
}

static bool
isdir(int i)
{
	return i == ROOT || i == DIR_ || i == BADDIR || (i >= COOKIES && i <= SLASH);
}

/* What operations on a node that makes no sense give. */
static int
result(puffs_cookie_t node)
{
	return number(node) >= BADFILE ? -7 : 0;
}

static void
errnotify(struct puffs_usermount *pu, uint8_t type, int error, const char *text, puffs_cookie_t cookie)
{
	int i = number(cookie);
	size_t room = sizeof(told) - told_len;
	int n = snprintf(told + told_len, room, "%d %d %s %s\n", type, error, i >= 0 && i < NODES ? names[i] : "?", text);

	(void)pu;
	if (n > 0 && (size_t)n < room)
		told_len += (size_t)n;
}

int
nonsensefs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni,
    const struct puffs_cn *pcn)
{
	const char *name = pcn->pcn_name;
	int i;

	(void)pu;
	for (i = 1; i < NODES && strcmp(names[i], name) != 0; i++)
		continue;
	if (i < NODES) {
		puffs_newinfo_setcookie(ni, &nodes[i]);
		puffs_newinfo_setvtype(ni, isdir(i) ? VDIR : i == LINK || i == BADLINK ? VLNK : VREG);
		return 0;
	}
	if (strcmp(name, "negative") == 0)
		return -1;
	if (strcmp(name, "large") == 0)
		return 134;
	if (strcmp(name, "larger") == 0)
		return INT32_MAX;
	if (strcmp(name, "least") == 0)
		return INT32_MIN;
	puffs_newinfo_setcookie(ni, &nodes[FILE_]);
	puffs_newinfo_setvtype(ni, VREG);
	if (strcmp(name, "self") == 0)
		puffs_newinfo_setcookie(ni, dir);
	else if (strcmp(name, "root") == 0)
		puffs_newinfo_setcookie(ni, &nodes[ROOT]);
	else if (strcmp(name, "vnon") == 0)
		puffs_newinfo_setvtype(ni, VNON);
	else if (strcmp(name, "vbad") == 0)
		puffs_newinfo_setvtype(ni, VBAD);
	else if (strcmp(name, "sizeless") == 0)
		puffs_newinfo_setsize(ni, UINT64_MAX);
	else
		return ENOENT;
	return 0;
}

int
nonsensefs_node_getattr(struct puffs_usermount *pu, puffs_cookie_t node, struct vattr *va, const struct puffs_cred *cred)
{
	int i = number(node);

	(void)pu;
	(void)cred;
	if (i == BADATTR)
		return -7;
	puffs_vattr_null(va);
	va->va_type = isdir(i) ? VDIR : i == LINK || i == BADLINK ? VLNK : VREG;
	va->va_mode = 0777;
	va->va_nlink = isdir(i) ? 2 : 1;
	va->va_uid = va->va_gid = 0;
	va->va_fileid = (ino_t)i + 2;
	va->va_size = i == FILE_ ? contents_len : 0;
	return 0;
}

int
nonsensefs_node_setattr(struct puffs_usermount *pu, puffs_cookie_t node, const struct vattr *va,
    const struct puffs_cred *cred)
{
	(void)pu;
	(void)va;
	(void)cred;
	return result(node);
}

static int
make(puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *pcn)
{
	if (strcmp(pcn->pcn_name, "live") == 0)
		puffs_newinfo_setcookie(ni, &nodes[FILE_]);
	else if (strcmp(pcn->pcn_name, "newroot") == 0)
		puffs_newinfo_setcookie(ni, &nodes[ROOT]);
	else
		return result(dir) != 0 ? result(dir) : EPERM;
	return 0;
}

int
nonsensefs_node_create(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *pcn,
    const struct vattr *va)
{
	(void)pu;
	(void)va;
	return make(dir, ni, pcn);
}

int
nonsensefs_node_mkdir(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *pcn,
    const struct vattr *va)
{
	(void)pu;
	(void)va;
	return make(dir, ni, pcn);
}

int
nonsensefs_node_symlink(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni,
    const struct puffs_cn *pcn, const struct vattr *va, const char *target)
{
	(void)pu;
	(void)va;
	(void)target;
	return make(dir, ni, pcn);
}

int
nonsensefs_node_link(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t target, const struct puffs_cn *pcn)
{
	(void)pu;
	(void)target;
	(void)pcn;
	return result(dir);
}

int
nonsensefs_node_remove(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t target, const struct puffs_cn *pcn)
{
	(void)pu;
	(void)target;
	(void)pcn;
	return result(dir);
}

int
nonsensefs_node_rmdir(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t target, const struct puffs_cn *pcn)
{
	(void)pu;
	(void)target;
	(void)pcn;
	return result(dir);
}

int
nonsensefs_node_rename(struct puffs_usermount *pu, puffs_cookie_t sdir, puffs_cookie_t src, const struct puffs_cn *scn,
    puffs_cookie_t tdir, puffs_cookie_t targ, const struct puffs_cn *tcn)
{
	(void)pu;
	(void)src;
	(void)scn;
	(void)tdir;
	(void)targ;
	(void)tcn;
	return result(sdir);
}

int
nonsensefs_node_open2(struct puffs_usermount *pu, puffs_cookie_t node, int mode, const struct puffs_cred *cred, int *oflags)
{
	(void)pu;
	(void)mode;
	(void)cred;
	if (!isdir(number(node)))
		*oflags = PUFFS_OPEN_IO_DIRECT;
	return number(node) == BADFILE ? -7 : 0;
}

int
nonsensefs_node_read(struct puffs_usermount *pu, puffs_cookie_t node, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	int i = number(node);
	const char *from = i == LOG ? told : contents;
	size_t len = i == LOG ? told_len : i == FILE_ ? contents_len : 0;

	(void)pu;
	(void)cred;
	(void)ioflag;
	if (i == READ) {
		*left += 1;
		return 0;
	}
	if ((size_t)off >= len) {
		if (i == LOG)
			told_len = 0;	/* somebody has read it all */
		return 0;
	}
	len -= (size_t)off;
	if (len > *left)
		len = *left;
	memcpy(buf, from + off, len);
	*left -= len;
	return 0;
}

int
nonsensefs_node_write(struct puffs_usermount *pu, puffs_cookie_t node, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	(void)pu;
	(void)cred;
	(void)ioflag;
	if (number(node) == WRITE) {
		*left += 1;
		return 0;
	}
	if (number(node) != FILE_ || off != 0 || *left > sizeof(contents))
		return EFBIG;
	memcpy(contents, buf, *left);
	contents_len = *left;
	*left = 0;
	return 0;
}

int
nonsensefs_node_readlink(struct puffs_usermount *pu, puffs_cookie_t node, const struct puffs_cred *cred, char *link,
    size_t *linklen)
{
	(void)pu;
	(void)cred;
	(void)link;
	*linklen += 1;
	return result(node);
}

int
nonsensefs_node_readdir(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_dirent *dent, off_t *off, size_t *left,
    const struct puffs_cred *cred, int *eof, off_t *cookies, size_t *ncookies)
{
	struct puffs_dirent *first = dent;
	int i = number(dir);

	(void)pu;
	(void)cred;
	(void)cookies;
	*ncookies = i == COOKIES ? 1 : 0;
	if (i == LONGLIST) {
		*left += 1;
		return 0;
	}
	if (*off == 0 && puffs_nextdent(&dent, "file", FILE_ + 2, 0, left))
		*off = 1;
	*eof = 1;
	if (i == RECLEN)
		first->d_reclen = 60000;
	if (i == SLASH)
		first->d_name[1] = '/';
	return result(dir);
}

int
main(int argc, char *argv[])
{
	struct puffs_ops *ops;
	struct puffs_usermount *pu;
	bool fatal = argc == 3 && strcmp(argv[1], "-a") == 0;

	PUFFSOP_INIT(ops);
	PUFFSOP_SETFSNOP(ops, unmount);
	PUFFSOP_SETFSNOP(ops, statvfs);
	PUFFSOP_SETFSNOP(ops, sync);
	PUFFSOP_SET(ops, nonsensefs, node, lookup);
	PUFFSOP_SET(ops, nonsensefs, node, getattr);
	PUFFSOP_SET(ops, nonsensefs, node, setattr);
	PUFFSOP_SET(ops, nonsensefs, node, create);
	PUFFSOP_SET(ops, nonsensefs, node, mkdir);
	PUFFSOP_SET(ops, nonsensefs, node, symlink);
	PUFFSOP_SET(ops, nonsensefs, node, link);
	PUFFSOP_SET(ops, nonsensefs, node, remove);
	PUFFSOP_SET(ops, nonsensefs, node, rmdir);
	PUFFSOP_SET(ops, nonsensefs, node, rename);
	PUFFSOP_SET(ops, nonsensefs, node, open2);
	PUFFSOP_SET(ops, nonsensefs, node, read);
	PUFFSOP_SET(ops, nonsensefs, node, write);
	PUFFSOP_SET(ops, nonsensefs, node, readlink);
	PUFFSOP_SET(ops, nonsensefs, node, readdir);
	if ((pu = puffs_init(ops, "nonsensefs", "nonsensefs", NULL, 0)) == NULL)
		return 1;
	puffs_set_errnotify(pu, fatal ? puffs_kernerr_abort : errnotify);
	if (puffs_mount(pu, argv[argc - 1], 0, &nodes[ROOT]) == -1)
		return 1;
	return puffs_mainloop(pu) == -1;
}
