/*
 * user_layout.c: structures, numbers and macros of <puffs.h>, compared with what is written down here. A server that was
 * built today must run with tomorrow's library.
 *
 * c-test: lang=c11,c++17
 */
#include <puffs.h>

#include "check.h"

#define CHECK_SIZE(type, size) CHECK_EQ(sizeof(struct type), size)
#define CHECK_AT(type, field, offset) CHECK_EQ(offsetof(struct type, field), offset)

#ifdef __cplusplus
extern "C" {
#endif
/* It may be repeated. */
PUFFSOP_PROTOS(testfs)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
PUFFSOP_PROTOS(testfs)
#pragma GCC diagnostic pop

int
testfs_node_lookup(struct puffs_usermount *pu, void *opc, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{

    (void)pu, (void)opc, (void)pni, (void)pcn;
    return 2;
}

int
testfs_fs_unmount(struct puffs_usermount *pu, int flags)
{

    (void)pu;
    return flags;
}
#ifdef __cplusplus
}
#endif

static void
structures(void)
{

    /* 6 and 39 operations, 26 to come. */
    CHECK_SIZE(puffs_ops, 71 * sizeof(void *));
    CHECK_AT(puffs_ops, puffs_fs_unmount, 0);
    CHECK_AT(puffs_ops, puffs_node_lookup, 6 * sizeof(void *));
    CHECK_AT(puffs_ops, puffs_node_fdiscard, 44 * sizeof(void *));
    CHECK_AT(puffs_ops, puffs_ops_spare, 45 * sizeof(void *));

    /* Servers scan 32 bits into the links, and 64 into the size. */
    CHECK_EQ(sizeof(((struct vattr *)0)->va_nlink), 4);
    CHECK_EQ(sizeof(((struct vattr *)0)->va_size), 8);
    CHECK_EQ(sizeof(((struct vattr *)0)->va_mode), 4);
    CHECK_AT(vattr, va_type, 0);
    CHECK_AT(vattr, va_fsid, 24);
    CHECK_AT(vattr, va_size, 40);
    CHECK_AT(vattr, va_atime, 56);
    CHECK_AT(vattr, va_birthtime, 104);
    CHECK_AT(vattr, va_bytes, 144);
    CHECK_AT(vattr, va_vaflags, 160);
    CHECK_SIZE(vattr, 176);

    CHECK_AT(puffs_dirent, d_fileno, 0);
    CHECK_AT(puffs_dirent, d_reclen, 8);
    CHECK_AT(puffs_dirent, d_namlen, 10);
    CHECK_AT(puffs_dirent, d_type, 12);
    CHECK_AT(puffs_dirent, d_name, 13);
    CHECK_EQ(sizeof(((struct puffs_dirent *)0)->d_name), 512);

    CHECK_AT(puffs_kcn, pkcn_name, 8);
    CHECK_EQ(sizeof(((struct puffs_kcn *)0)->pkcn_name), 4096);
    CHECK_SIZE(puffs_kcn, 8 + 4096 + 16);
    CHECK_AT(puffs_cn, pcn_cred, 8);
    CHECK_SIZE(puffs_cn, 16 + 24);
    CHECK_SIZE(puffs_pathobj, 24);

    CHECK_AT(puffs_node, pn_flags, 8);
    CHECK_AT(puffs_node, pn_nlookup, 12);
    CHECK_AT(puffs_node, pn_va, 16);
    CHECK_AT(puffs_node, pn_data, 192);
    CHECK_AT(puffs_node, pn_po, 200);
    CHECK_AT(puffs_node, pn_mnt, 224);
    CHECK_AT(puffs_node, pn_entries, 232);
    CHECK_SIZE(puffs_node, 256);

    CHECK_AT(puffs_statvfs, f_bsize, 8);
    CHECK_AT(puffs_statvfs, f_blocks, 32);
    CHECK_AT(puffs_statvfs, f_fsidx, 128);
    CHECK_AT(puffs_statvfs, f_namemax, 144);
    CHECK_AT(puffs_statvfs, f_fstypename, 156);
    CHECK_SIZE(puffs_statvfs, 156 + 32 + 1024 + 1024 + 4);
}

static void
numbers(void)
{

    CHECK_EQ(VNON, 0);
    CHECK_EQ(VREG, 1);
    CHECK_EQ(VDIR, 2);
    CHECK_EQ(VBLK, 3);
    CHECK_EQ(VCHR, 4);
    CHECK_EQ(VLNK, 5);
    CHECK_EQ(VSOCK, 6);
    CHECK_EQ(VFIFO, 7);
    CHECK_EQ(VBAD, 8);

    CHECK_EQ(PUFFS_VNOVAL, -1);
    CHECK(PUFFS_DEFER == (void *)-1);
    CHECK_EQ(VA_UTIMES_NULL, 1);
    CHECK_EQ(VA_EXCLUSIVE, 2);

    CHECK_EQ(PUFFS_KFLAG_NOCACHE_NAME, 0x001);
    CHECK_EQ(PUFFS_KFLAG_NOCACHE_PAGE, 0x002);
    CHECK_EQ(PUFFS_KFLAG_NOCACHE, 0x003);
    CHECK_EQ(PUFFS_KFLAG_ALLOPS, 0x004);
    CHECK_EQ(PUFFS_KFLAG_WTCACHE, 0x008);
    CHECK_EQ(PUFFS_KFLAG_IAONDEMAND, 0x010);
    CHECK_EQ(PUFFS_KFLAG_LOOKUP_FULLPNBUF, 0x020);
    CHECK_EQ(PUFFS_KFLAG_NOCACHE_ATTR, 0x040);
    CHECK_EQ(PUFFS_KFLAG_CACHE_FS_TTL, 0x080);
    CHECK_EQ(PUFFS_KFLAG_CACHE_DOTDOT, 0x100);
    CHECK_EQ(PUFFS_KFLAG_NOFLUSH_META, 0x200);
    CHECK_EQ(PUFFS_KFLAG_MASK, 0x3bf);
    CHECK_EQ(PUFFS_FLAG_OPDUMP, 0x40000000);
    CHECK_EQ(PUFFS_FLAG_PNCOOKIE, 0x10000000);
    CHECK_EQ(PUFFS_FLAG_MASK, 0xf0000000);
    CHECK_EQ(PUFFS_FLAG_KERN(0x4000003f), 0x3f);
    CHECK_EQ(PUFFS_FLAG_LIB(0x4000003f), 0x40000000);

    CHECK_EQ(PUFFS_STATE_BEFOREMOUNT, 0);
    CHECK_EQ(PUFFS_STATE_RUNNING, 1);
    CHECK_EQ(PUFFS_STATE_UNMOUNTING, 2);
    CHECK_EQ(PUFFS_STATE_UNMOUNTED, 3);

    CHECK_EQ(PUFFS_SETBACK_INACT_N1, 1);
    CHECK_EQ(PUFFS_SETBACK_INACT_N2, 2);
    CHECK_EQ(PUFFS_SETBACK_NOREF_N1, 4);
    CHECK_EQ(PUFFS_SETBACK_NOREF_N2, 8);
    CHECK_EQ(PUFFS_SETBACK_MASK, 15);

    CHECK_EQ(NAMEI_LOOKUP, 0);
    CHECK_EQ(NAMEI_CREATE, 1);
    CHECK_EQ(NAMEI_DELETE, 2);
    CHECK_EQ(NAMEI_RENAME, 3);
    CHECK_EQ(NAMEI_ISDOTDOT, 0x2000);
    CHECK_EQ(NAMEI_MAKEENTRY, 0x4000);
    CHECK_EQ(NAMEI_ISLASTCN, 0x8000);
    CHECK_EQ(NAMEI_REQUIREDIR, 0x80000);

    CHECK_EQ(PUFFS_VREAD, 4);
    CHECK_EQ(PUFFS_VWRITE, 2);
    CHECK_EQ(PUFFS_VEXEC, 1);
    CHECK_EQ(PUFFS_IO_APPEND, 0x20);
    CHECK_EQ(PUFFS_IO_NDELAY, 0x100);
    CHECK_EQ(PUFFS_FSYNC_DATAONLY, 2);
    CHECK_EQ(PUFFS_FSYNC_CACHE, 0x100);
    CHECK_EQ(PUFFS_OPEN_IO_DIRECT, 1);
    CHECK_EQ(PUFFS_FHFLAG_MASK, 0xf);
    CHECK_EQ(PUFFS_FHSIZE_MAX, 1020);
    CHECK_EQ(PUFFSDEV_BLOCK, 0);
    CHECK_EQ(PUFFSDEV_NONBLOCK, 1);
    CHECK_EQ(PUFFS_ERR_ERROR, 0);
    CHECK_EQ(PUFFS_ERR_LISTEXTATTR, 9);
    CHECK_EQ(PUFFS_MNT_FORCE, 0x80000);
    CHECK_EQ(PUFFS_MNT_WAIT, 1);
    CHECK_EQ(PUFFS_MNT_LAZY, 3);
    CHECK_EQ(PUFFS_FBIO_READ, 1);
    CHECK_EQ(PUFFS_FBIO_WRITE, 2);
    CHECK_EQ(PUFFS_FBIO_ERROR, 4);
    CHECK_EQ(PUFFS_FBQUEUE_URGENT, 1);
    CHECK_EQ(VM_PROT_ALL, 7);
    CHECK_EQ(FREAD, 1);
    CHECK_EQ(FWRITE, 2);
}

static void
operations(void)
{
    struct puffs_ops *pops;
    size_t i;

    PUFFSOP_INIT(pops);
    CHECK(pops != NULL);
    for (i = 0; i < sizeof(*pops); i++)
        CHECK_EQ(((unsigned char *)pops)[i], 0);

    PUFFSOP_SET(pops, testfs, node, lookup);
    CHECK(pops->puffs_node_lookup == testfs_node_lookup);
    CHECK_EQ(pops->puffs_node_lookup(NULL, NULL, NULL, NULL), 2);
    PUFFSOP_SETFSNOP(pops, sync);
    PUFFSOP_SETFSNOP(pops, statvfs);
    CHECK(pops->puffs_fs_sync == puffs_fsnop_sync && pops->puffs_fs_statvfs == puffs_fsnop_statvfs);
    /* An expression, good for a branch. */
    if (i == 0)
        PUFFSOP_SETFSNOP(pops, unmount);
    else
        PUFFSOP_SET(pops, testfs, fs, unmount);
    CHECK(pops->puffs_fs_unmount == testfs_fs_unmount);
    free(pops);
}

static void
names(void)
{
    static struct puffs_kcn kcn;
    struct puffs_cn cn;
    const struct puffs_cn *pcn = &cn;
    struct puffs_node node;

    memset(&cn, 0, sizeof(cn));
    memset(&node, 0, sizeof(node));
    cn.pcn_pkcnp = &kcn;
    strcpy(kcn.pkcn_name, "..");
    kcn.pkcn_namelen = 2;
    CHECK(PCNISDOTDOT(pcn));
    /* Servers write through the const. */
    pcn->pcn_namelen = 3;
    CHECK(!PCNISDOTDOT(pcn));
    pcn->pcn_namelen = 2;
    pcn->pcn_name[1] = 'x';
    CHECK(!PCNISDOTDOT(pcn));
    pcn->pcn_consume = 5;
    pcn->pcn_flags &= ~(unsigned)NAMEI_REQUIREDIR;
    pcn->pcn_nameiop = NAMEI_DELETE;
    CHECK_EQ(kcn.pkcn_consume, 5);
    CHECK_EQ(kcn.pkcn_nameiop, 2);

    PCNPATH(&cn) = &cn;
    PCNPLEN(&cn) = 7;
    PNPATH(&node) = &node;
    PNPLEN(&node) = 8;
    CHECK(cn.pcn_po_full.po_path == &cn && node.pn_po.po_path == &node);
    CHECK_EQ(cn.pcn_po_full.po_len, 7);
    CHECK_EQ(node.pn_po.po_len, 8);
}

static void
records(void)
{
    struct puffs_dirent dirent;
    off_t slots[2] = { 0, 0 }, *cookies = slots;
    size_t ncookies = 0;

    memset(&dirent, 0, sizeof(dirent));
    CHECK_EQ(_DIRENT_MINSIZE(&dirent), 16);
    CHECK_EQ(_DIRENT_RECLEN(&dirent, 2), 16);
    CHECK_EQ(_DIRENT_RECLEN(&dirent, 3), 24);
    dirent.d_namlen = 11;
    CHECK_EQ(_DIRENT_SIZE(&dirent), 32);
    dirent.d_reclen = 40;
    CHECK(_DIRENT_NEXT(&dirent) == (char *)&dirent + 40);
    CHECK_EQ(DENT_DOT, 0);
    CHECK_EQ(DENT_DOTDOT, 1);
    CHECK_EQ(DENT_ADJ(5), 3);

    PUFFS_STORE_DCOOKIE(cookies, &ncookies, 11);
    PUFFS_STORE_DCOOKIE(cookies, &ncookies, 12);
    CHECK(cookies == slots + 2 && slots[0] == 11 && slots[1] == 12);
    CHECK_EQ(ncookies, 2);
    cookies = NULL;
    PUFFS_STORE_DCOOKIE(cookies, &ncookies, 13);
    CHECK(cookies == NULL);
    CHECK_EQ(ncookies, 2);
}

int
main(void)
{

    structures();
    numbers();
    operations();
    names();
    records();
    return 0;
}
