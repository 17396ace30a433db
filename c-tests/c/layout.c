/*
 * layout.c: sizes, offsets and numbers of the message interface, compared with numbers written down here. A
 * server built today must understand a kernel side built tomorrow: a number that changes is a new interface.
 *
 * c-test: lang=c11,c++17
 */
#include <puffs_msgif.h>

#include "check.h"

#define CHECK_SIZE(type, size) CHECK_EQ(sizeof(struct type), size)
#define CHECK_AT(type, field, offset) CHECK_EQ(offsetof(struct type, field), offset)

static void
device_calls(void)
{

    CHECK_SIZE(puffs_req, 40);
    CHECK_AT(puffs_req, preq_id, 0);
    CHECK_AT(puffs_req, preq_opclass, 8);
    CHECK_AT(puffs_req, preq_optype, 9);
    CHECK_AT(puffs_req, preq_rv, 12);
    CHECK_AT(puffs_req, preq_cookie, 16);
    CHECK_AT(puffs_req, preq_aux, 24);
    CHECK_AT(puffs_req, preq_auxlen, 32);

    CHECK_SIZE(puffs_sizeop, 24);
    CHECK_AT(puffs_sizeop, pso_reqid, 0);
    CHECK_AT(puffs_sizeop, pso_userbuf, 8);
    CHECK_AT(puffs_sizeop, pso_bufsize, 16);

    CHECK_SIZE(puffs_batch, 40);
    CHECK_AT(puffs_batch, pb_put, 0);
    CHECK_AT(puffs_batch, pb_nput, 8);
    CHECK_AT(puffs_batch, pb_get, 16);
    CHECK_AT(puffs_batch, pb_nget, 24);
    CHECK_AT(puffs_batch, pb_flags, 32);

    CHECK_SIZE(puffs_startreq, 104);
    CHECK_AT(puffs_startreq, psr_cookie, 0);
    CHECK_AT(puffs_startreq, psr_sb, 8);

    /* Read and write, group 'p'; direction and size as Linux encodes them. */
    CHECK_EQ(PUFFSGETOP, 0xc0287001u);
    CHECK_EQ(PUFFSPUTOP, 0xc0287002u);
    CHECK_EQ(PUFFSSIZEOP, 0xc0187003u);
    CHECK_EQ(PUFFSSTARTOP, 0xc0687004u);
    CHECK_EQ(PUFFSBATCH, 0xc0287010u);
    CHECK_EQ(PUFFSWAKE, 0x7011u);
    CHECK_EQ(PUFFS_BATCH_NOWAIT, 1);
}

static void
numbers(void)
{

    CHECK_EQ(PUFFS_CLONER, 0x7ffff);
    CHECK_EQ(PUFFSOP_VFS, 1);
    CHECK_EQ(PUFFSOP_VN, 2);
    CHECK_EQ(PUFFSOP_ERROR, 4);
    CHECK_EQ(PUFFSOPFLAG_FAF, 0x10);
    CHECK_EQ(PUFFSOP_OPCLASS(PUFFSOP_VN | PUFFSOPFLAG_FAF), PUFFSOP_VN);
    CHECK(PUFFSOP_WANTREPLY(PUFFSOP_VN));
    CHECK(!PUFFSOP_WANTREPLY(PUFFSOP_VN | PUFFSOPFLAG_FAF));

    CHECK_EQ(PUFFS_VFS_MOUNT, 0);
    CHECK_EQ(PUFFS_VFS_UNMOUNT, 2);
    CHECK_EQ(PUFFS_VFS_STATVFS, 5);
    CHECK_EQ(PUFFS_VFS_SYNC, 6);
    CHECK_EQ(PUFFS_VFS_FHTOVP, 8);
    CHECK_EQ(PUFFS_VFS_SUSPEND, 14);

    CHECK_EQ(PUFFS_VN_LOOKUP, 0);
    CHECK_EQ(PUFFS_VN_GETATTR, 6);
    CHECK_EQ(PUFFS_VN_READ, 8);
    CHECK_EQ(PUFFS_VN_WRITE, 9);
    CHECK_EQ(PUFFS_VN_RENAME, 20);
    CHECK_EQ(PUFFS_VN_READDIR, 24);
    CHECK_EQ(PUFFS_VN_INACTIVE, 27);
    CHECK_EQ(PUFFS_VN_RECLAIM, 28);
    CHECK_EQ(PUFFS_VN_PATHCONF, 35);
    CHECK_EQ(PUFFS_VN_FDISCARD, 48);

    CHECK_EQ(PUFFS_SETBACK_INACT_N1, 0x01);
    CHECK_EQ(PUFFS_SETBACK_INACT_N2, 0x02);
    CHECK_EQ(PUFFS_SETBACK_NOREF_N1, 0x04);
    CHECK_EQ(PUFFS_SETBACK_NOREF_N2, 0x08);
    CHECK_EQ(PUFFS_SETBACK_MASK, 0x0f);

    CHECK_EQ(PUFFS_MSG_NAMEI_RENAME, 3);
    CHECK_EQ(PUFFS_MSG_NAMEI_ISDOTDOT, 0x2000);
    CHECK_EQ(PUFFS_MSG_NAMEI_ISLASTCN, 0x8000);
    CHECK_EQ(PUFFS_MSG_CRED_FS, 3);
    CHECK_EQ(PUFFS_MSG_NAME_MAX, 255);
    CHECK(PUFFS_MSG_NOVAL == UINT64_MAX);
}

static void
bodies(void)
{

    CHECK_EQ(PUFFS_MSG_VERSION, 1);
    CHECK_SIZE(puffs_msg_head, 88);
    CHECK_AT(puffs_msg_head, pid, 4);
    CHECK_AT(puffs_msg_head, groups, 20);
    CHECK_SIZE(puffs_msg_ans, 8);
    CHECK_SIZE(puffs_msg_attr, 160);
    CHECK_AT(puffs_msg_attr, fsid, 24);
    CHECK_AT(puffs_msg_attr, atime, 56);
    CHECK_AT(puffs_msg_attr, gen, 120);
    CHECK_AT(puffs_msg_attr, filerev, 152);

    CHECK_SIZE(puffs_msg_lookup_req, 104);
    CHECK_AT(puffs_msg_lookup_req, nameiop, 88);
    CHECK_AT(puffs_msg_lookup_req, namelen, 96);
    CHECK_SIZE(puffs_msg_create_req, 264);
    CHECK_AT(puffs_msg_create_req, namelen, 248);
    CHECK_SIZE(puffs_msg_node_ans, 232);
    CHECK_AT(puffs_msg_node_ans, cookie, 8);
    CHECK_AT(puffs_msg_node_ans, attr, 40);
    CHECK_AT(puffs_msg_node_ans, name_ttl, 216);
    CHECK_SIZE(puffs_msg_plain_req, 88);
    CHECK_SIZE(puffs_msg_setattr_req, 248);
    CHECK_SIZE(puffs_msg_attr_ans, 184);
    CHECK_SIZE(puffs_msg_flags_req, 112);
    CHECK_SIZE(puffs_msg_open_ans, 16);
    CHECK_SIZE(puffs_msg_read_req, 104);
    CHECK_AT(puffs_msg_read_req, offset, 88);
    CHECK_AT(puffs_msg_read_req, len, 96);
    CHECK_SIZE(puffs_msg_data_ans, 16);
    CHECK_SIZE(puffs_msg_readdir_ans, 24);
    CHECK_SIZE(puffs_msg_write_req, 104);
    CHECK_SIZE(puffs_msg_write_ans, 16);
    CHECK_SIZE(puffs_msg_name_req, 104);
    CHECK_SIZE(puffs_msg_rename_req, 128);
    CHECK_AT(puffs_msg_rename_req, has_target, 120);
    CHECK_SIZE(puffs_msg_reclaim_req, 96);
    CHECK_SIZE(puffs_msg_error_req, 96);
    CHECK_AT(puffs_msg_error_req, textlen, 92);
    CHECK_SIZE(puffs_msg_statvfs, 96);
    CHECK_AT(puffs_msg_statvfs, namemax, 88);
    CHECK_SIZE(puffs_msg_statvfs_ans, 104);
    CHECK_SIZE(puffs_msg_dirent, PUFFS_MSG_DIRENT_NAME);
    CHECK_EQ(PUFFS_MSG_DIRENT_NAME, 13);
    CHECK_AT(puffs_msg_dirent, dtype, 12);
}

int
main(void)
{

    device_calls();
    numbers();
    bodies();
    return 0;
}
