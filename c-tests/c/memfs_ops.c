/*
 * memfs_ops.c: the operations of examples/memfs called directly: what no mount can show, such as a directory that is read in
 * small pieces, limits that cannot be reached, and that everything is counted back to where it was.
 *
 * c-test: run=plain,asan,valgrind
 */
#define _DEFAULT_SOURCE 1

#include <puffs.h>

#include "check.h"

/* There is no request here, and so nobody whose rights the library could judge: these two say. */
static int access_error;
static bool is_root = true;
#define puffs_access(type, mode, uid, gid, wanted, pcr) ((void)(mode), (void)(wanted), access_error)
#define puffs_cred_isjuggernaut(pcr) ((void)(pcr), is_root)
#define MEMFS_LINKMAX 4
#define main memfs_main
#include "../../examples/memfs/attr.c"
#include "../../examples/memfs/data.c"
#include "../../examples/memfs/dir.c"
#include "../../examples/memfs/extattr.c"
#include "../../examples/memfs/main.c"
#include "../../examples/memfs/names.c"
#include "../../examples/memfs/node.c"
#include "../../examples/memfs/pages.c"
#undef main

#define USER EXTATTR_NAMESPACE_USER
#define SYSTEM EXTATTR_NAMESPACE_SYSTEM

static struct memfs fs;
static struct puffs_usermount *pu;
static struct puffs_node *root;
static uint64_t used_at_start;

static void
begin_test(uint64_t limit, uint64_t nodes)
{
    struct puffs_ops *pops;
    struct vattr va;

    memset(&fs, 0, sizeof(fs));
    fs.fs_limit = limit;
    fs.fs_maxnodes = nodes;
    PUFFSOP_INIT(pops);
    CHECK(pops != NULL);
    PUFFSOP_SETFSNOP(pops, unmount);
    PUFFSOP_SETFSNOP(pops, sync);
    PUFFSOP_SETFSNOP(pops, statvfs);
    PUFFSOP_SET(pops, memfs, node, lookup);
    CHECK((pu = puffs_init(pops, "memfs", "memfs", &fs, 0)) != NULL);
    puffs_vattr_null(&va);
    va.va_type = VDIR;
    va.va_mode = 0755;
    CHECK((root = node_new(pu, &va, 0, 0)) != NULL);
    root->pn_va.va_nlink = 2;
    MEM(root)->m_parent = root;
    puffs_setroot(pu, root);
    used_at_start = fs.fs_used;
}

/* Whatever was made and not removed goes as it does at the end of the program. */
static void
end_test(void)
{
    puffs_pn_nodewalk(pu, walk_free, NULL);
    CHECK_EQ(fs.fs_used, 0);
    CHECK_EQ(fs.fs_nodes, 0);
    puffs_cancel(pu, 0);
}

static struct puffs_cn *
name(const char *text)
{
    static struct puffs_kcn kcns[8];
    static struct puffs_cn cns[8];
    static int turn;
    struct puffs_cn *pcn = &cns[turn = (turn + 1) % 8];

    pcn->pcn_pkcnp = &kcns[turn];
    strcpy(pcn->pcn_name, text);
    pcn->pcn_namelen = strlen(text);
    return pcn;
}

static int
try_make(struct puffs_node *dir, const char *text, enum vtype type, mode_t mode)
{
    struct vattr va;

    puffs_vattr_null(&va);
    va.va_type = type;
    va.va_mode = mode;
    va.va_rdev = 7;
    switch (type) {
    case VDIR:
        return memfs_node_mkdir(pu, dir, NULL, name(text), &va);
    case VLNK:
        return memfs_node_symlink(pu, dir, NULL, name(text), &va, "target");
    case VREG:
        return memfs_node_create(pu, dir, NULL, name(text), &va);
    default:
        return memfs_node_mknod(pu, dir, NULL, name(text), &va);
    }
}

static struct puffs_node *
find(struct puffs_node *dir, const char *text)
{
    struct entry *e = dir_find(dir, name(text));

    return e != NULL ? e->e_node : NULL;
}

static struct puffs_node *
made(struct puffs_node *dir, const char *text, enum vtype type)
{
    CHECK_EQ(try_make(dir, text, type, 0644), 0);
    return find(dir, text);
}

static void
gone(struct puffs_node *dir, const char *text)
{
    struct puffs_node *pn = find(dir, text);

    CHECK(pn != NULL);
    CHECK_EQ(isdir(pn) ? memfs_node_rmdir(pu, dir, pn, name(text)) : memfs_node_remove(pu, dir, pn, name(text)), 0);
    CHECK_EQ(memfs_node_reclaim(pu, pn), 0);
}

static int
write_at(struct puffs_node *pn, off_t pos, size_t len)
{
    uint8_t *bytes = malloc(len);
    size_t resid = len;
    int error;

    CHECK(bytes != NULL);
    memset(bytes, 'x', len);
    error = memfs_node_write(pu, pn, bytes, pos, &resid, NULL, 0);
    CHECK_EQ(resid, error == 0 ? 0 : len);
    free(bytes);
    return error;
}

static int
byte_at(struct puffs_node *pn, off_t pos)
{
    uint8_t byte = 99;
    size_t resid = 1;

    CHECK_EQ(memfs_node_read(pu, pn, &byte, pos, &resid, NULL, 0), 0);
    return resid == 0 ? byte : -1;
}

static void
truncate_to(struct puffs_node *pn, uint64_t size)
{
    struct vattr va;

    memset(&va, 0xff, sizeof(va));
    va.va_type = VNON;
    va.va_vaflags = 0;
    va.va_size = size;
    CHECK_EQ(memfs_node_setattr(pu, pn, &va, NULL), 0);
}

static void
holes(void)
{
    struct puffs_node *pn;
    uint64_t empty, used;
    off_t at;

    begin_test(1 << 24, 100);
    pn = made(root, "file", VREG);
    empty = fs.fs_used;

    /* Reserved space counts, reads as zeros, and makes the file longer. */
    CHECK_EQ(memfs_node_fallocate(pu, pn, 100, 10000), 0);
    CHECK_EQ(pn->pn_va.va_size, 10100);
    CHECK_EQ(pn->pn_va.va_bytes, 3 * PAGEBYTES);
    CHECK_EQ(byte_at(pn, 10099), 0);
    CHECK_EQ(byte_at(pn, 10100), -1);
    CHECK_EQ(memfs_node_fallocate(pu, pn, 0, 50), 0);
    CHECK_EQ(pn->pn_va.va_size, 10100);

    /* A hole takes whole pages away and leaves zeros in others. */
    CHECK_EQ(write_at(pn, 0, 5 * PAGEBYTES), 0);
    CHECK_EQ(memfs_node_fdiscard(pu, pn, PAGEBYTES - 10, 2 * PAGEBYTES + 20), 0);
    CHECK_EQ(pn->pn_va.va_size, 5 * PAGEBYTES);
    CHECK_EQ(pn->pn_va.va_bytes, 3 * PAGEBYTES);
    CHECK_EQ(byte_at(pn, PAGEBYTES - 11), 'x');
    CHECK_EQ(byte_at(pn, PAGEBYTES - 10), 0);
    CHECK_EQ(byte_at(pn, 2 * PAGEBYTES), 0);
    CHECK_EQ(byte_at(pn, 3 * PAGEBYTES + 9), 0);
    CHECK_EQ(byte_at(pn, 3 * PAGEBYTES + 10), 'x');
    CHECK_EQ(memfs_node_fdiscard(pu, pn, 4 * PAGEBYTES + 5, 6), 0);
    CHECK_EQ(byte_at(pn, 4 * PAGEBYTES + 4), 'x');
    CHECK_EQ(byte_at(pn, 4 * PAGEBYTES + 5), 0);
    CHECK_EQ(byte_at(pn, 4 * PAGEBYTES + 10), 0);
    CHECK_EQ(byte_at(pn, 4 * PAGEBYTES + 11), 'x');
    CHECK_EQ(memfs_node_fdiscard(pu, pn, 0, INT64_MAX), 0);
    CHECK_EQ(fs.fs_used, empty);

    /* What a far write needed goes with it, and what was there before stays. */
    CHECK_EQ(write_at(pn, 0, 1), 0);
    used = fs.fs_used;
    for (at = 1 << 13; at < (off_t)1 << 62; at *= 2) {
        CHECK_EQ(write_at(pn, at, 1), 0);
        CHECK_EQ(byte_at(pn, at), 'x');
        CHECK(fs.fs_used - used <= 16 * PAGEBYTES);
        truncate_to(pn, 1);
        CHECK_EQ(fs.fs_used, used);
        CHECK_EQ(byte_at(pn, 0), 'x');
    }

    CHECK_EQ(memfs_node_fallocate(pu, pn, -1, 5), EINVAL);
    CHECK_EQ(memfs_node_fallocate(pu, pn, 0, 0), EINVAL);
    CHECK_EQ(memfs_node_fdiscard(pu, pn, 5, -1), EINVAL);
    CHECK_EQ(memfs_node_fallocate(pu, pn, INT64_MAX, 1), EFBIG);
    CHECK_EQ(memfs_node_fallocate(pu, root, 0, 1), EISDIR);
    gone(root, "file");
    CHECK_EQ(fs.fs_used, used_at_start);
    end_test();
}

static void
limits(void)
{
    struct puffs_node *pn, *dir;
    uint64_t used;

    begin_test(100 * PAGEBYTES, 4);
    pn = made(root, "file", VREG);
    CHECK_EQ(write_at(pn, 50 * PAGEBYTES, PAGEBYTES), 0);
    used = fs.fs_used;

    /* What does not fit leaves no trace. */
    CHECK_EQ(write_at(pn, 0, 99 * PAGEBYTES), ENOSPC);
    CHECK_EQ(memfs_node_fallocate(pu, pn, 0, 99 * PAGEBYTES), ENOSPC);
    CHECK_EQ(memfs_node_fallocate(pu, pn, 0, (off_t)1 << 62), ENOSPC);
    CHECK_EQ(fs.fs_used, used);
    CHECK_EQ(pn->pn_va.va_size, 51 * PAGEBYTES);
    CHECK_EQ(byte_at(pn, 50 * PAGEBYTES), 'x');
    CHECK_EQ(byte_at(pn, 0), 0);
    CHECK_EQ(memfs_node_fallocate(pu, pn, 0, 90 * PAGEBYTES), 0);
    CHECK_EQ(write_at(pn, (off_t)1 << 40, 1), 0);
    CHECK_EQ(write_at(pn, (off_t)1 << 45, 1), ENOSPC);
    truncate_to(pn, 0);

    /* Nodes. */
    CHECK_EQ(try_make(root, "link", VLNK, 0777), 0);
    CHECK_EQ(try_make(root, "fifo", VFIFO, 0644), 0);
    CHECK_EQ(try_make(root, "over", VREG, 0644), ENOSPC);
    CHECK(find(root, "over") == NULL);
    gone(root, "link");
    gone(root, "fifo");

    /* Links, of files and of directories. */
    CHECK_EQ(memfs_node_link(pu, root, pn, name("2")), 0);
    CHECK_EQ(memfs_node_link(pu, root, pn, name("3")), 0);
    CHECK_EQ(memfs_node_link(pu, root, pn, name("4")), 0);
    CHECK_EQ(memfs_node_link(pu, root, pn, name("5")), EMLINK);
    CHECK_EQ(pn->pn_va.va_nlink, 4);
    fs.fs_maxnodes = 100;
    dir = made(root, "dir", VDIR);
    CHECK(made(dir, "inner", VDIR) != NULL);
    CHECK(made(root, "dir2", VDIR) != NULL);
    CHECK_EQ(try_make(root, "dir3", VDIR, 0755), EMLINK);
    CHECK_EQ(memfs_node_rename(pu, dir, find(dir, "inner"), name("inner"), root, NULL, name("up")), EMLINK);
    CHECK_EQ(memfs_node_link(pu, root, dir, name("x")), EPERM);

    /* Devices are root's to make. */
    is_root = false;
    CHECK_EQ(try_make(root, "dev", VCHR, 0644), EPERM);
    is_root = true;
    CHECK_EQ(try_make(root, "dev", VCHR, 0644), 0);
    CHECK_EQ(find(root, "dev")->pn_va.va_rdev, 7);
    end_test();
}

static void
attributes(void)
{
    struct puffs_node *pn;
    uint8_t value[] = "value", buf[100];
    size_t resid, size;
    uint64_t used;

    begin_test(1 << 20, 100);
    pn = made(root, "file", VREG);
    used = fs.fs_used;
    resid = 5;
    CHECK_EQ(memfs_node_setextattr(pu, pn, USER, "one", value, &resid, NULL), 0);
    CHECK_EQ(resid, 0);
    CHECK_EQ(memfs_node_setextattr(pu, pn, USER, "empty", NULL, NULL, NULL), 0);
    resid = 1;
    CHECK_EQ(memfs_node_setextattr(pu, pn, SYSTEM, "trusted.one", value, &resid, NULL), 0);

    /* The size alone, too little room, and the value. */
    size = 99;
    CHECK_EQ(memfs_node_getextattr(pu, pn, USER, "one", &size, NULL, NULL, NULL), 0);
    CHECK_EQ(size, 5);
    resid = 4;
    CHECK_EQ(memfs_node_getextattr(pu, pn, USER, "one", NULL, buf, &resid, NULL), ERANGE);
    CHECK_EQ(resid, 4);
    resid = sizeof(buf);
    CHECK_EQ(memfs_node_getextattr(pu, pn, USER, "one", &size, buf, &resid, NULL), 0);
    CHECK_EQ(resid, sizeof(buf) - 5);
    CHECK(memcmp(buf, "value", 5) == 0);
    CHECK_EQ(memfs_node_getextattr(pu, pn, USER, "empty", &size, buf, &resid, NULL), 0);
    CHECK_EQ(size, 0);
    CHECK_EQ(memfs_node_getextattr(pu, pn, USER, "trusted.one", &size, NULL, NULL, NULL), ENODATA);
    CHECK_EQ(memfs_node_getextattr(pu, pn, SYSTEM, "one", &size, NULL, NULL, NULL), EOPNOTSUPP);
    CHECK_EQ(memfs_node_getextattr(pu, pn, SYSTEM, "security.one", &size, NULL, NULL, NULL), ENODATA);

    /* The list, in both forms. */
    CHECK_EQ(memfs_node_listextattr(pu, pn, USER, &size, NULL, NULL, 0, NULL), 0);
    CHECK_EQ(size, 10);
    resid = 9;
    CHECK_EQ(memfs_node_listextattr(pu, pn, USER, &size, buf, &resid, 0, NULL), ERANGE);
    resid = 10;
    CHECK_EQ(memfs_node_listextattr(pu, pn, USER, &size, buf, &resid, 0, NULL), 0);
    CHECK_EQ(resid, 0);
    CHECK(memcmp(buf, "one\0empty", 10) == 0);
    resid = 10;
    CHECK_EQ(memfs_node_listextattr(pu, pn, USER, NULL, buf, &resid, PUFFS_EXTATTR_LIST_LENPREFIX, NULL), 0);
    CHECK(memcmp(buf, "\3one\5empty", 10) == 0);

    /* Replaced, it is one attribute as before. */
    resid = 3;
    CHECK_EQ(memfs_node_setextattr(pu, pn, USER, "one", value, &resid, NULL), 0);
    CHECK_EQ(memfs_node_getextattr(pu, pn, USER, "one", &size, NULL, NULL, NULL), 0);
    CHECK_EQ(size, 3);
    CHECK_EQ(memfs_node_deleteextattr(pu, pn, USER, "one", NULL), 0);
    CHECK_EQ(memfs_node_deleteextattr(pu, pn, USER, "one", NULL), ENODATA);
    CHECK_EQ(memfs_node_deleteextattr(pu, pn, USER, "empty", NULL), 0);
    CHECK_EQ(memfs_node_deleteextattr(pu, pn, SYSTEM, "trusted.one", NULL), 0);
    CHECK_EQ(fs.fs_used, used);

    /* Who may. */
    is_root = false;
    access_error = EACCES;
    resid = 1;
    CHECK_EQ(memfs_node_setextattr(pu, pn, USER, "one", value, &resid, NULL), EACCES);
    CHECK_EQ(memfs_node_getextattr(pu, pn, USER, "one", NULL, NULL, NULL, NULL), EACCES);
    CHECK_EQ(memfs_node_deleteextattr(pu, pn, USER, "one", NULL), EACCES);
    access_error = 0;
    CHECK_EQ(memfs_node_setextattr(pu, pn, SYSTEM, "trusted.one", value, &resid, NULL), EPERM);
    CHECK_EQ(memfs_node_getextattr(pu, pn, SYSTEM, "trusted.one", NULL, NULL, NULL, NULL), ENODATA);
    is_root = true;
    CHECK_EQ(memfs_node_setextattr(pu, pn, SYSTEM, "system.posix_acl_access", value, &resid, NULL), EOPNOTSUPP);
    CHECK_EQ(memfs_node_setextattr(pu, pn, 3, "one", value, &resid, NULL), EOPNOTSUPP);
    CHECK_EQ(memfs_node_setextattr(pu, pn, USER, "", value, &resid, NULL), EINVAL);
    fs.fs_limit = fs.fs_used;
    CHECK_EQ(memfs_node_setextattr(pu, pn, USER, "one", value, &resid, NULL), ENOSPC);
    fs.fs_limit = 1 << 20;

    /* They go with the file. */
    CHECK_EQ(memfs_node_setextattr(pu, pn, USER, "one", value, &resid, NULL), 0);
    gone(root, "file");
    CHECK_EQ(fs.fs_used, used_at_start);
    end_test();
}

/* Reads one entry; 0 at the end. */
static int
read_one(struct puffs_node *dir, off_t *off, char *into)
{
    uint64_t buf[8];
    struct puffs_dirent *dent = (struct puffs_dirent *)buf;
    size_t len = _DIRENT_RECLEN(dent, 5), ncookies = 0, left = len;
    int eof = 0;

    CHECK_EQ(memfs_node_readdir(pu, dir, dent, off, &left, NULL, &eof, NULL, &ncookies), 0);
    if (left == len)
        return 0;
    strcpy(into, ((struct puffs_dirent *)buf)->d_name);
    return 1;
}

/* A directory that changes while it is read: who stays comes once. */
static void
reading(void)
{
    int seen[100] = {0}, n, turn = 0;
    const char *over;
    char text[16];
    off_t off = 0;

    begin_test(1 << 24, 1000);
    for (n = 0; n < 100; n++) {
        snprintf(text, sizeof(text), "f%03d", n);
        made(root, text, VREG);
    }
    made(root, "x000", VREG);
    while (read_one(root, &off, text)) {
        if (text[0] == 'f')
            seen[atoi(text + 1)]++;
        turn++;
        CHECK(turn < 400);
        if (turn > 90)
            continue;
        /* One that came goes, one that is to come goes, one is new, and one gets other contents. */
        snprintf(text, sizeof(text), "f%03d", turn);
        if (turn % 3 == 0 && find(root, text) != NULL)
            gone(root, text);
        snprintf(text, sizeof(text), "n%03d", turn);
        made(root, text, VREG);
        over = turn < 20 ? "f050" : "f001";
        CHECK_EQ(memfs_node_rename(pu, root, find(root, text), name(text), root, find(root, over), name(over)), 0);
        snprintf(text, sizeof(text), "m%03d", turn);
        made(root, text, VREG);
    }
    for (n = 0; n < 100; n++)
        CHECK(seen[n] == 1 || (seen[n] == 0 && n % 3 == 0 && n > 0));
    end_test();
}

int
main(void)
{
    holes();
    limits();
    attributes();
    reading();
    return 0;
}
