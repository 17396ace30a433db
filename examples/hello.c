#include <err.h>
#include <errno.h>
#include <signal.h>
#include <puffs.h>

static const char text[] = "hello, world\n"; /* its address is the file's cookie, NULL the directory's */
static int hello_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni,
    const struct puffs_cn *cn)
{
	puffs_newinfo_setcookie(ni, (void *)text);
	puffs_newinfo_setvtype(ni, VREG), puffs_newinfo_setsize(ni, strlen(text));
	return (void)pu, (void)dir, strcmp(cn->pcn_name, "hello") == 0 ? 0 : ENOENT;
}
static int hello_node_readdir(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_dirent *dent, off_t *off,
    size_t *left, const struct puffs_cred *cred, int *eof, off_t *cookies, size_t *ncookies)
{
	*off = *eof = *off > 0 || puffs_nextdent(&dent, "hello", 2, puffs_vtype2dt(VREG), left);
	return (void)pu, (void)dir, (void)cred, (void)cookies, *ncookies = 0;
}
static int hello_node_read(struct puffs_usermount *pu, puffs_cookie_t file, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int flags)
{
	for (; *left > 0 && off < (off_t)strlen(text); --*left)
		*buf++ = text[off++];
	return (void)pu, (void)file, (void)cred, (void)flags, 0;
}
int main(int argc, char *argv[])
{
	struct puffs_ops *ops = PUFFSOP_INIT(ops);
	PUFFSOP_SETFSNOP(ops, unmount), PUFFSOP_SETFSNOP(ops, sync), PUFFSOP_SETFSNOP(ops, statvfs);
	PUFFSOP_SET(ops, hello, node, lookup), PUFFSOP_SET(ops, hello, node, readdir), PUFFSOP_SET(ops, hello, node, read);
	struct puffs_usermount *pu = puffs_init(ops, "hello", "hello", NULL, 0);
	if (argc != 2)
		errx(1, "usage: hello directory");
	if (pu == NULL || puffs_unmountonsignal(SIGINT, true) == -1 || puffs_mount(pu, argv[1], 0, NULL) == -1)
		err(1, "%s", argv[1]);
	int failed = puffs_mainloop(pu);
	return puffs_cancel(pu, 0), failed != 0;
}
