/*
 * user_comfd.c: a server that talks to us over a socket (PUFFS_COMFD), while we play the kernel: requests, answers, and the ends that a connection can
 * have.
 *
 * c-test: run=plain,asan
 */
#include <puffs.h>
#include <puffs_msgif.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define ROOT ((void *)0x10)
#define FILE_COOKIE ((void *)0x40)
#define LATER ((void *)0x50)
#define LEAVES ((void *)0x60)
#define LENGTH (200 << 10)

/* The server: a file that keeps what is written, one whose attributes come when those of another are asked for, one that ends it all. */

static char contents[LENGTH];
static struct puffs_cc *waiting;
static int unmounts, mntflags, reclaims;
static int leaving = -1; /* where fs_unmount says that it has begun */

static int
com_fs_unmount(struct puffs_usermount *pu, int flags)
{
    struct puffs_cc *own = puffs_cc_getcc(pu);

    if (leaving != -1) {
        /* Who goes on when all is over finds another request behind his own. */
        CHECK_EQ(write(leaving, "", 1), 1);
        CHECK_EQ(poll(&(struct pollfd){ .fd = atoi(getenv("PUFFS_COMFD")), .events = POLLIN }, 1, 10000), 1);
        puffs_cc_schedule(own);
        puffs_cc_schedule(waiting);
        puffs_cc_yield(own);
    }
    unmounts++;
    mntflags = flags;
    return 0;
}

static int
com_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{

    (void)pu;
    CHECK(dir == ROOT);
    if (strcmp(pcn->pcn_name, "file") != 0)
        return ENOENT;
    puffs_newinfo_setcookie(pni, FILE_COOKIE);
    puffs_newinfo_setvtype(pni, VREG);
    puffs_newinfo_setsize(pni, LENGTH);
    return 0;
}

static int
com_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *va, const struct puffs_cred *pcr)
{

    (void)pcr;
    CHECK_EQ(unmounts, 0);
    if (opc == LATER) {
        waiting = puffs_cc_getcc(pu);
        puffs_cc_yield(waiting);
        waiting = NULL;
    } else if (opc == LEAVES)
        puffs_exit(pu, 0);
    else if (waiting != NULL)
        puffs_cc_schedule(waiting);
    va->va_type = VREG;
    va->va_size = LENGTH;
    return 0;
}

static int
com_node_write(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{

    (void)pu, (void)opc, (void)pcr, (void)ioflag;
    CHECK(offset + *resid <= LENGTH);
    memcpy(contents + offset, buf, *resid);
    *resid = 0;
    return 0;
}

static int
com_node_read(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{

    (void)pu, (void)opc, (void)pcr, (void)ioflag;
    CHECK(offset + *resid <= LENGTH);
    memcpy(buf, contents + offset, *resid);
    *resid = 0;
    return 0;
}

static int
com_node_reclaim(struct puffs_usermount *pu, puffs_cookie_t opc)
{

    (void)pu;
    CHECK(opc == FILE_COOKIE);
    reclaims++;
    return 0;
}

static struct puffs_usermount *
context_new(void)
{
    struct puffs_usermount *pu;
    struct puffs_ops *pops;

    PUFFSOP_INIT(pops);
    PUFFSOP_SET(pops, com, fs, unmount);
    PUFFSOP_SETFSNOP(pops, sync);
    PUFFSOP_SETFSNOP(pops, statvfs);
    PUFFSOP_SET(pops, com, node, lookup);
    PUFFSOP_SET(pops, com, node, getattr);
    PUFFSOP_SET(pops, com, node, read);
    PUFFSOP_SET(pops, com, node, write);
    PUFFSOP_SET(pops, com, node, reclaim);
    CHECK((pu = puffs_init(pops, "somewhere", "comfs", NULL, PUFFS_KFLAG_NOCACHE)) != NULL);
    return pu;
}

static void
name_descriptor(int fd)
{
    char number[20];

    snprintf(number, sizeof(number), "%d", fd);
    setenv("PUFFS_COMFD", number, 1);
}

static void *
loop(void *pu)
{

    return (void *)(intptr_t)puffs_mainloop(pu);
}

/* The main loop on another thread than the one that mounted. */
static intptr_t
loop_elsewhere(struct puffs_usermount *pu)
{
    pthread_t thread;
    void *result;

    CHECK_EQ(pthread_create(&thread, NULL, loop, pu), 0);
    CHECK_EQ(pthread_join(thread, &result), 0);
    return (intptr_t)result;
}

/* A server in a child, which ends well if it is unmounted once, with these flags. */
static pid_t
serve(int *fdp, int wanted)
{
    struct puffs_usermount *pu;
    int ends[2];
    pid_t child;

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    CHECK((child = fork()) != -1);
    if (child != 0) {
        close(ends[1]);
        *fdp = ends[0];
        return child;
    }
    close(ends[0]);
    name_descriptor(ends[1]);
    pu = context_new();
    puffs_setrootinfo(pu, VDIR, 7, 0);
    CHECK_EQ(puffs_mount(pu, "/", PUFFS_MNT_RDONLY, ROOT), 0);
    CHECK_EQ(puffs_getstate(pu), PUFFS_STATE_RUNNING);
    CHECK_EQ(wanted == 0 ? loop_elsewhere(pu) : puffs_mainloop(pu), 0);
    CHECK_EQ(puffs_getstate(pu), PUFFS_STATE_UNMOUNTED);
    CHECK_EQ(unmounts, 1);
    CHECK_EQ(mntflags, wanted);
    CHECK(reclaims == (wanted == 0));
    puffs_cancel(pu, 0);
    exit(0);
}

static void
ends_well(pid_t child)
{
    int status;

    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

/* We. */

static void
get(int fd, void *data, size_t len)
{
    char *at = data;
    ssize_t n;

    for (; len > 0; at += n, len -= (size_t)n)
        CHECK((n = read(fd, at, len)) > 0);
}

static void
put(int fd, const void *data, size_t len)
{
    const char *at = data;
    ssize_t n;

    for (; len > 0; at += n, len -= (size_t)n)
        CHECK((n = send(fd, at, len, MSG_NOSIGNAL)) > 0);
}

static void
introduced(int fd)
{
    struct puffs_comargs args;
    char strings[100];

    get(fd, &args, sizeof(args));
    CHECK_EQ(args.pca_version, PUFFS_MSG_VERSION);
    CHECK_EQ(args.pca_len, sizeof(args) + strlen("somewherecomfs/"));
    CHECK_EQ(args.pca_root, (uint64_t)(uintptr_t)ROOT);
    CHECK_EQ(args.pca_roottype, VDIR);
    CHECK_EQ(args.pca_rootsize, 7);
    CHECK((args.pca_mntflags & PUFFS_MNT_RDONLY) != 0);
    CHECK_EQ(args.pca_kflags, PUFFS_KFLAG_NOCACHE);
    CHECK(args.pca_maxdata >= LENGTH);
    CHECK_EQ(args.pca_ops >> PUFFS_VN_READ & 1, 1);
    CHECK_EQ(args.pca_ops >> PUFFS_VN_MKDIR & 1, 0);
    CHECK_EQ(args.pca_ops >> (49 + PUFFS_VFS_UNMOUNT) & 1, 1);
    get(fd, strings, args.pca_len - sizeof(args));
    CHECK_EQ(args.pca_fromlen, strlen("somewhere"));
    CHECK_EQ(args.pca_typelen, strlen("comfs"));
    CHECK(memcmp(strings, "somewherecomfs/", strlen("somewherecomfs/")) == 0);
}

static const struct puffs_msg_head head = { .version = PUFFS_MSG_VERSION, .cred = PUFFS_MSG_CRED_KERNEL };

static void
ask(int fd, uint64_t id, int opclass, int optype, void *cookie, const void *body, size_t len, const void *tail, size_t taillen)
{
    struct puffs_req req = { .preq_id = id, .preq_opclass = (uint8_t)opclass, .preq_optype = (uint8_t)optype, .preq_cookie = cookie,
        .preq_auxlen = len + taillen };

    put(fd, &req, sizeof(req));
    put(fd, body, len);
    put(fd, tail, taillen);
}

static size_t
answered(int fd, uint64_t id, int rv, void *body, size_t room)
{
    struct puffs_req req;

    get(fd, &req, sizeof(req));
    CHECK_EQ(req.preq_id, id);
    CHECK_EQ(req.preq_rv, rv);
    CHECK(req.preq_auxlen <= room);
    get(fd, body, req.preq_auxlen);
    return req.preq_auxlen;
}

static void
getattr(int fd, uint64_t id, void *cookie)
{
    struct puffs_msg_plain_req plain = { .head = head };

    ask(fd, id, PUFFSOP_VN, PUFFS_VN_GETATTR, cookie, &plain, sizeof(plain), NULL, 0);
}

static void
serves(int fd)
{
    static char data[LENGTH], back[LENGTH + 100], large[4 << 20];
    struct puffs_msg_lookup_req lookup = { .head = head, .namelen = 4 };
    struct puffs_msg_write_req write_req = { .head = head, .len = LENGTH };
    struct puffs_msg_read_req read_req = { .head = head, .len = LENGTH };
    struct puffs_msg_reclaim_req reclaim = { .head = head, .nlookup = 1 };
    struct puffs_msg_flags_req flags = { .head = head };
    struct puffs_msg_node_ans node;
    struct puffs_msg_attr_ans attr;
    struct puffs_msg_data_ans got;
    size_t i;

    ask(fd, 1, PUFFSOP_VN, PUFFS_VN_LOOKUP, ROOT, &lookup, sizeof(lookup), "file", 4);
    CHECK(answered(fd, 1, 0, &node, sizeof(node)) == sizeof(node));
    CHECK_EQ(node.cookie, (uint64_t)(uintptr_t)FILE_COOKIE);
    ask(fd, 2, PUFFSOP_VN, PUFFS_VN_LOOKUP, ROOT, &lookup, sizeof(lookup), "fire", 4);
    answered(fd, 2, ENOENT, &node, sizeof(node));

    for (i = 0; i < LENGTH; i++)
        data[i] = (char)(i * 7 / 3);
    ask(fd, 3, PUFFSOP_VN, PUFFS_VN_WRITE, FILE_COOKIE, &write_req, sizeof(write_req), data, LENGTH);
    answered(fd, 3, 0, back, sizeof(back));
    ask(fd, 4, PUFFSOP_VN, PUFFS_VN_READ, FILE_COOKIE, &read_req, sizeof(read_req), NULL, 0);
    CHECK_EQ(answered(fd, 4, 0, back, sizeof(back)), sizeof(got) + LENGTH);
    CHECK(memcmp(back + sizeof(got), data, LENGTH) == 0);

    /* One is left in its middle until another has been answered. */
    getattr(fd, 5, LATER);
    getattr(fd, 6, FILE_COOKIE);
    answered(fd, 6, 0, &attr, sizeof(attr));
    answered(fd, 5, 0, &attr, sizeof(attr));
    CHECK_EQ(attr.attr.size, LENGTH);

    /* More than the server has room for at first, of which it needs a part only; and nonsense. */
    ask(fd, 7, PUFFSOP_VN, PUFFS_VN_WRITE, FILE_COOKIE, &write_req, sizeof(write_req), large, sizeof(large));
    answered(fd, 7, 0, back, sizeof(back));
    ask(fd, 8, PUFFSOP_VN, PUFFS_VN_GETATTR, FILE_COOKIE, "?", 1, NULL, 0);
    answered(fd, 8, EINVAL, back, sizeof(back));

    ask(fd, 0, PUFFSOP_VN | PUFFSOPFLAG_FAF, PUFFS_VN_RECLAIM, FILE_COOKIE, &reclaim, sizeof(reclaim), NULL, 0);
    ask(fd, 9, PUFFSOP_VFS, PUFFS_VFS_UNMOUNT, NULL, &flags, sizeof(flags), NULL, 0);
    answered(fd, 9, 0, back, sizeof(back));
    CHECK_EQ(read(fd, back, 1), 0);
}

static void
refused(int fd, const char *number, int error)
{
    struct puffs_usermount *pu = context_new();

    if (number != NULL)
        setenv("PUFFS_COMFD", number, 1);
    else
        name_descriptor(fd);
    errno = 0;
    CHECK_EQ(puffs_mount(pu, "/", 0, ROOT), -1);
    CHECK_EQ(errno, error);
    CHECK_EQ(puffs_getstate(pu), PUFFS_STATE_BEFOREMOUNT);
    puffs_cancel(pu, 0);
}

struct twins {
    struct puffs_usermount *pu;
    int fds[2];
};

/* Both wait for something; then one of them is to exit. */
static void *
end_one(void *arg)
{
    struct twins *twins = arg;
    struct puffs_msg_attr_ans attr;
    int i;

    for (i = 0; i < 2; i++) {
        introduced(twins->fds[i]);
        getattr(twins->fds[i], 1, FILE_COOKIE);
        answered(twins->fds[i], 1, 0, &attr, sizeof(attr));
    }
    CHECK_EQ(puffs_exit(twins->pu, 0), 0);
    return NULL;
}

/* Two processes mount what was made before they parted, and each exits by itself. */
static void
part(void)
{
    struct twins twins;
    int i, ends[2][2];
    pthread_t thread;
    pid_t child;

    alarm(20);
    twins.pu = context_new();
    puffs_setrootinfo(twins.pu, VDIR, 7, 0);
    for (i = 0; i < 2; i++) {
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends[i]), 0);
        twins.fds[i] = ends[i][0];
    }
    CHECK((child = fork()) != -1);
    name_descriptor(ends[child == 0][1]);
    CHECK_EQ(puffs_mount(twins.pu, "/", PUFFS_MNT_RDONLY, ROOT), 0);
    if (child == 0) {
        close(ends[1][0]);
        CHECK_EQ(puffs_mainloop(twins.pu), 0);
        exit(0);
    }
    close(ends[1][1]);
    CHECK_EQ(pthread_create(&thread, NULL, end_one, &twins), 0);
    CHECK_EQ(puffs_mainloop(twins.pu), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    close(ends[1][0]);
    ends_well(child);
    puffs_cancel(twins.pu, 0);
    exit(0);
}

int
main(void)
{
    struct puffs_req huge = { .preq_opclass = PUFFSOP_VN, .preq_auxlen = (size_t)1 << 40 };
    int i, fd, ends[2];
    pid_t child;
    char byte;

    /* It serves until it is unmounted. */
    child = serve(&fd, 0);
    introduced(fd);
    serves(fd);
    ends_well(child);
    close(fd);

    /* We leave; with a request in its middle too, and in the middle of a request. */
    child = serve(&fd, PUFFS_MNT_FORCE);
    introduced(fd);
    close(fd);
    ends_well(child);
    child = serve(&fd, PUFFS_MNT_FORCE);
    introduced(fd);
    getattr(fd, 1, LATER);
    put(fd, &huge, 8);
    close(fd);
    ends_well(child);

    /* It leaves. */
    child = serve(&fd, PUFFS_MNT_FORCE);
    introduced(fd);
    getattr(fd, 1, LEAVES);
    answered(fd, 1, 0, &(struct puffs_msg_attr_ans){ 0 }, sizeof(struct puffs_msg_attr_ans));
    ends_well(child);
    close(fd);

    /* It leaves, and serves nothing any more. */
    CHECK_EQ(pipe(ends), 0);
    leaving = ends[1];
    child = serve(&fd, PUFFS_MNT_FORCE);
    introduced(fd);
    getattr(fd, 1, LATER);
    getattr(fd, 2, LEAVES);
    answered(fd, 2, 0, &(struct puffs_msg_attr_ans){ 0 }, sizeof(struct puffs_msg_attr_ans));
    get(ends[0], &byte, 1);
    getattr(fd, 3, FILE_COOKIE);
    ends_well(child);
    close(fd);
    leaving = -1;

    /* Nobody sends so much. */
    child = serve(&fd, PUFFS_MNT_FORCE);
    put(fd, &huge, sizeof(huge));
    ends_well(child);
    close(fd);

    for (i = 0; i < 20; i++) {
        CHECK((child = fork()) != -1);
        if (child == 0)
            part();
        ends_well(child);
    }

    refused(-1, "x", EBADF);
    refused(-1, "999", EBADF);
    CHECK_EQ(pipe(ends), 0);
    refused(ends[0], NULL, ENOTSOCK);
    return 0;
}
