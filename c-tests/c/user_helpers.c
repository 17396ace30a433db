/*
 * user_helpers.c: the server library without a mount: contexts, settings, nodes, attributes, directory records.
 *
 * c-test: run=plain,asan,valgrind
 */
#include <puffs.h>

#include <errno.h>
#include <unistd.h>

#include "check.h"

#define FAILS(call, error) \
    do { \
        errno = 0; \
        CHECK(call); \
        CHECK_EQ(errno, error); \
    } while (0)

PUFFSOP_PROTOS(testfs)

int
testfs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{

    (void)pu, (void)opc, (void)pni, (void)pcn;
    return ENOENT;
}

static struct puffs_ops *
ops(void)
{
    struct puffs_ops *pops;

    PUFFSOP_INIT(pops);
    CHECK(pops != NULL);
    PUFFSOP_SETFSNOP(pops, unmount);
    PUFFSOP_SETFSNOP(pops, sync);
    PUFFSOP_SETFSNOP(pops, statvfs);
    PUFFSOP_SET(pops, testfs, node, lookup);
    return pops;
}

static void
contexts(void)
{
    struct puffs_ops *pops;
    struct puffs_usermount *pu;
    struct timespec ts = { 1, 5 };
    int priv;

    /* On failure the table stays ours; on success it is freed. */
    pops = ops();
    pops->puffs_node_lookup = NULL;
    FAILS(puffs_init(pops, "a", "b", NULL, 0) == NULL, EINVAL);
    pops->puffs_node_lookup = testfs_node_lookup;
    CHECK((pu = puffs_init(pops, "a", "b", &priv, PUFFS_KFLAG_NOCACHE)) != NULL);

    CHECK(puffs_getspecific(pu) == &priv);
    puffs_setspecific(pu, pu);
    CHECK(puffs_getspecific(pu) == pu);
    CHECK_EQ(puffs_getstate(pu), PUFFS_STATE_BEFOREMOUNT);
    FAILS(puffs_getselectable(pu) == -1, ENXIO);
    FAILS(puffs_setblockingmode(pu, PUFFSDEV_NONBLOCK) == -1, EINVAL);
    FAILS(puffs_mainloop(pu) == -1, EINVAL);
    FAILS(puffs_mount(pu, "/there/is/no/such", 0, NULL) == -1, ENOENT);
    CHECK_EQ(puffs_exit(pu, 0), 0);
    CHECK(puffs_cc_getcc(pu) == NULL);

    puffs_setmaxreqlen(pu, 1);
    CHECK_EQ(puffs_getmaxreqlen(pu), 8192);
    puffs_setmaxreqlen(pu, 0);
    CHECK_EQ(puffs_getmaxreqlen(pu), 256 * 1024);
    puffs_setfhsize(pu, 8, PUFFS_FHFLAG_DYNAMIC);
    puffs_setncookiehash(pu, 5);
    puffs_setrootinfo(pu, VREG, 10, 0);
    puffs_setmntinfo(pu, (const char *)PUFFS_DEFER, "c");
    puffs_ml_settimeout(pu, &ts);
    puffs_ml_settimeout(pu, NULL);
    puffs_cancel(pu, 0);

    pops = ops();
    CHECK((pu = puffs_init(pops, (const char *)PUFFS_DEFER, (const char *)PUFFS_DEFER, PUFFS_DEFER, 0)) != NULL);
    CHECK(puffs_getspecific(pu) == NULL);
    puffs_cancel(pu, 0);
}

static int walked;

static void *
walker(struct puffs_usermount *pu, struct puffs_node *pn, void *arg)
{

    CHECK(puffs_pn_getmnt(pn) == pu);
    walked = walked * 10 + *(int *)puffs_pn_getpriv(pn);
    if (arg != NULL && *(int *)puffs_pn_getpriv(pn) == *(int *)arg)
        return pn;
    if (arg == NULL)
        puffs_pn_put(pn);
    return NULL;
}

static void
nodes(void)
{
    struct puffs_usermount *pu = puffs_init(ops(), "a", "b", NULL, 0);
    int names[] = { 1, 2, 3 }, none = 4;
    struct puffs_node *pn[3];
    struct vattr va;
    int i;

    CHECK(pu != NULL);
    FAILS(puffs_getrootpathobj(pu) == NULL, ENOENT);
    CHECK(puffs_getroot(pu) == NULL);
    puffs_setspecific(pu, &none);
    for (i = 0; i < 3; i++)
        CHECK((pn[i] = puffs_pn_new(pu, &names[i])) != NULL);
    puffs_setroot(pu, pn[0]);
    CHECK(puffs_getroot(pu) == pn[0] && puffs_getrootpathobj(pu) == &pn[0]->pn_po);
    CHECK(puffs_pn_getpo(pn[0]) == &pn[0]->pn_po && puffs_pn_getvap(pn[0]) == &pn[0]->pn_va);
    CHECK(puffs_pn_getmntspecific(pn[0]) == &none);
    CHECK_EQ(pn[0]->pn_va.va_size, (uint64_t)PUFFS_VNOVAL);
    CHECK_EQ(pn[0]->pn_nlookup, 0);

    CHECK(puffs_pn_nodewalk(pu, walker, &none) == NULL);
    CHECK_EQ(walked, 321);
    walked = 0;
    CHECK(puffs_pn_nodewalk(pu, walker, &names[1]) == pn[1]);
    CHECK_EQ(walked, 32);
    puffs_pn_remove(pn[1]);
    CHECK_EQ(pn[1]->pn_flags, PUFFS_NODE_REMOVED);
    walked = 0;
    CHECK(puffs_pn_nodewalk(pu, walker, &names[1]) == NULL);
    CHECK_EQ(walked, 31);

    pn[1]->pn_va.va_size = 99;
    CHECK_EQ(puffs_genfs_node_getattr(pu, pn[1], &va, NULL), 0);
    CHECK_EQ(va.va_size, 99);
    /* The path goes with the node. */
    CHECK((pn[1]->pn_po.po_path = malloc(10)) != NULL);
    CHECK_EQ(puffs_genfs_node_reclaim(pu, pn[1]), 0);
    puffs_pn_setpriv(pn[2], &names[1]);
    walked = 0;
    CHECK(puffs_pn_nodewalk(pu, walker, NULL) == NULL);
    CHECK_EQ(walked, 21);
    CHECK(puffs_pn_nodewalk(pu, walker, NULL) == NULL);
    CHECK_EQ(walked, 21);
    puffs_cancel(pu, 0);
}

static void
attributes(void)
{
    struct vattr va, from;
    struct stat sb;

    memset(&va, 0, sizeof(va));
    va.va_filerev = 5;
    puffs_vattr_null(&va);
    CHECK_EQ(va.va_type, VNON);
    CHECK_EQ(va.va_nlink, (uint32_t)PUFFS_VNOVAL);
    CHECK_EQ(va.va_birthtime.tv_nsec, PUFFS_VNOVAL);
    CHECK_EQ(va.va_blocksize, sysconf(_SC_PAGESIZE));
    CHECK_EQ(va.va_flags, 0);
    CHECK_EQ(va.va_filerev, 5);

    memset(&from, -1, sizeof(from));
    from.va_type = VNON;
    from.va_mode = 0600;
    from.va_ctime.tv_sec = 7;
    puffs_setvattr(&va, &from);
    CHECK_EQ(va.va_type, VNON);
    CHECK_EQ(va.va_mode, 0600);
    CHECK_EQ(va.va_ctime.tv_sec, 7);
    CHECK_EQ(va.va_ctime.tv_nsec, PUFFS_VNOVAL);
    CHECK_EQ(va.va_filerev, 5);
    CHECK_EQ(va.va_vaflags, 0);
    from = va;
    puffs_setvattr(&va, &va);
    CHECK(memcmp(&va, &from, sizeof(va)) == 0);

    CHECK_EQ(stat("/", &sb), 0);
    puffs_stat2vattr(&va, &sb);
    CHECK_EQ(va.va_type, VDIR);
    CHECK_EQ(va.va_mode, sb.st_mode);
    CHECK_EQ(va.va_fileid, sb.st_ino);
    CHECK_EQ(va.va_bytes, sb.st_blocks * 512);
    CHECK_EQ(va.va_mtime.tv_nsec, sb.st_mtim.tv_nsec);

    CHECK_EQ(puffs_vtype2dt(VDIR), DT_DIR);
    CHECK_EQ(puffs_vtype2dt(VBAD), DT_UNKNOWN);
    CHECK_EQ(puffs_vtype2dt((enum vtype)99), DT_UNKNOWN);
    CHECK_EQ(puffs_mode2vt(S_IFLNK | 0777), VLNK);
    CHECK_EQ(puffs_mode2vt(0777), VBAD);
    CHECK_EQ(puffs_addvtype2mode(0755, VDIR), S_IFDIR | 0755);
}

static void
records(void)
{
    union { struct puffs_dirent dirent; uint64_t align; char bytes[56]; } room;
    struct puffs_dirent *dent = &room.dirent;
    size_t left = sizeof(room.bytes);

    CHECK_EQ(puffs_gendotdent(&dent, 5, DENT_DOT, &left), 1);
    CHECK_EQ(puffs_gendotdent(&dent, 6, DENT_DOTDOT, &left), 1);
    CHECK_EQ(puffs_gendotdent(&dent, 6, 2, &left), 0);
    CHECK_EQ(left, 24);
    CHECK_EQ(puffs_nextdent(&dent, "elevenchars", 7, DT_REG, &left), 0);
    CHECK_EQ(left, 24);
    CHECK_EQ(puffs_nextdent(&dent, "tenletters", 7, DT_REG, &left), 1);
    CHECK_EQ(left, 0);
    CHECK((char *)dent == room.bytes + 56);

    dent = &room.dirent;
    CHECK(dent->d_fileno == 5 && dent->d_type == DT_DIR && strcmp(dent->d_name, ".") == 0);
    dent = (struct puffs_dirent *)_DIRENT_NEXT(dent);
    CHECK(dent->d_fileno == 6 && dent->d_namlen == 2 && strcmp(dent->d_name, "..") == 0);
    dent = (struct puffs_dirent *)_DIRENT_NEXT(dent);
    CHECK(dent->d_fileno == 7 && dent->d_reclen == 24 && strcmp(dent->d_name, "tenletters") == 0);
}

static void
figures(void)
{
    struct puffs_statvfs sb;

    memset(&sb, -1, sizeof(sb));
    CHECK_EQ(puffs_fsnop_statvfs(NULL, &sb), 0);
    CHECK(sb.f_bsize == 512 && sb.f_frsize == 512 && sb.f_iosize == 512);
    CHECK(sb.f_blocks == 0 && sb.f_fresvd == 0 && sb.f_namemax == 511 && sb.f_mntonname[0] == '\0');
    CHECK_EQ(puffs_fsnop_unmount(NULL, 0), 0);
    CHECK_EQ(puffs_fsnop_sync(NULL, PUFFS_MNT_WAIT, NULL), 0);
}

int
main(void)
{

    contexts();
    nodes();
    attributes();
    records();
    figures();
    FAILS(puffs_unmountonsignal(0, true) == -1, EINVAL);
    FAILS(puffs_unmountonsignal(9, true) == -1, EINVAL);
    return 0;
}
