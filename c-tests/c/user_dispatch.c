/*
 * user_dispatch.c: requests that a program executes by hand, whole and left in their middle.
 *
 * c-test: run=plain,asan,valgrind
 */
#include <puffs.h>
#include <puffs_msgif.h>

#include <errno.h>
#include <string.h>

#include "check.h"

#define FAILS(call, error) \
    do { \
        errno = 0; \
        CHECK_EQ(call, -1); \
        CHECK_EQ(errno, error); \
    } while (0)

#define FILE_COOKIE ((void *)0x40)

static int leaves;

static int
byhand_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *va, const struct puffs_cred *pcr)
{

    (void)pcr;
    CHECK(puffs_cc_getcc(pu) != NULL);
    while (leaves-- > 0)
        puffs_cc_yield(puffs_cc_getcc(pu));
    va->va_type = VREG;
    va->va_size = 1234;
    return opc == FILE_COOKIE ? 0 : ESTALE;
}

static int
byhand_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{

    (void)pu, (void)dir, (void)pni, (void)pcn;
    return ENOENT;
}

static struct puffs_usermount *
context_new(void)
{
    struct puffs_usermount *pu;
    struct puffs_ops *pops;

    PUFFSOP_INIT(pops);
    PUFFSOP_SETFSNOP(pops, unmount);
    PUFFSOP_SETFSNOP(pops, sync);
    PUFFSOP_SETFSNOP(pops, statvfs);
    PUFFSOP_SET(pops, byhand, node, lookup);
    PUFFSOP_SET(pops, byhand, node, getattr);
    CHECK((pu = puffs_init(pops, "byhand", "byhand", NULL, 0)) != NULL);
    return pu;
}

static struct puffs_framebuf *
request(void *cookie)
{
    struct puffs_req req = { .preq_opclass = PUFFSOP_VN, .preq_optype = PUFFS_VN_GETATTR, .preq_cookie = cookie };
    struct puffs_msg_plain_req body = { .head = { .version = PUFFS_MSG_VERSION, .cred = PUFFS_MSG_CRED_KERNEL } };
    struct puffs_framebuf *fb;

    CHECK((fb = puffs_framebuf_make()) != NULL);
    CHECK_EQ(puffs_framebuf_putdata(fb, &req, sizeof(req)), 0);
    CHECK_EQ(puffs_framebuf_putdata(fb, &body, sizeof(body)), 0);
    return fb;
}

static void
check_answer(struct puffs_framebuf *fb, int rv)
{
    struct puffs_msg_attr_ans answer;
    struct puffs_req req;

    CHECK_EQ(puffs_framebuf_telloff(fb), 0);
    CHECK_EQ(puffs_framebuf_getdata(fb, &req, sizeof(req)), 0);
    CHECK_EQ(req.preq_rv, rv);
    CHECK_EQ(puffs_framebuf_remaining(fb), req.preq_auxlen);
    if (rv == 0) {
        CHECK_EQ(puffs_framebuf_getdata(fb, &answer, sizeof(answer)), 0);
        CHECK_EQ(answer.attr.size, 1234);
        CHECK_EQ(answer.attr.vtype, VREG);
    }
    puffs_framebuf_destroy(fb);
}

int
main(void)
{
    struct puffs_usermount *pu = context_new();
    struct puffs_framebuf *fb, *other, *done;
    struct puffs_cc *pcc, *second;

    /* Whole, and with an error of the server's. */
    fb = request(FILE_COOKIE);
    CHECK_EQ(puffs_dispatch_create(pu, fb, &pcc), 0);
    FAILS(puffs_dispatch_create(pu, fb, &second), EBUSY);
    CHECK_EQ(puffs_dispatch_exec(pcc, &done), 1);
    CHECK(done == fb);
    check_answer(done, 0);
    FAILS(puffs_dispatch_exec(pcc, &done), EINVAL);
    CHECK_EQ(puffs_dispatch_create(pu, request((void *)1), &pcc), 0);
    CHECK_EQ(puffs_dispatch_exec(pcc, &done), 1);
    check_answer(done, ESTALE);

    /* Left in its middle, while another one runs; gone on with by either call. */
    fb = request(FILE_COOKIE);
    other = request(FILE_COOKIE);
    CHECK_EQ(puffs_dispatch_create(pu, fb, &pcc), 0);
    CHECK_EQ(puffs_dispatch_create(pu, other, &second), 0);
    leaves = 2;
    CHECK_EQ(puffs_dispatch_exec(pcc, &done), 0);
    puffs_cc_continue(pcc);
    leaves = 0;
    CHECK_EQ(puffs_dispatch_exec(second, &done), 1);
    CHECK(done == other);
    check_answer(done, 0);
    CHECK_EQ(puffs_dispatch_exec(pcc, &done), 1);
    CHECK(done == fb);
    check_answer(done, 0);

    /* What is no request. */
    CHECK((fb = puffs_framebuf_make()) != NULL);
    FAILS(puffs_dispatch_create(pu, fb, &pcc), EINVAL);
    CHECK_EQ(puffs_framebuf_putdata(fb, "short", 5), 0);
    FAILS(puffs_dispatch_create(pu, fb, &pcc), EINVAL);
    FAILS(puffs_dispatch_create(NULL, fb, &pcc), EINVAL);
    FAILS(puffs_dispatch_create(pu, NULL, &pcc), EINVAL);
    puffs_framebuf_destroy(fb);
    fb = request(FILE_COOKIE);
    FAILS(puffs_dispatch_create(pu, fb, NULL), EINVAL);
    puffs_framebuf_destroy(fb);
    FAILS(puffs_dispatch_exec(NULL, &done), EINVAL);
    puffs_cancel(pu, 0);
    return 0;
}
