/*
 * user_frames.c: frame buffers, and descriptors with frames as far as they go without a main loop: what is refused, and what
 * becomes of buffers when their descriptor is removed. With a main loop: tests/fuse/remote.rs and puffs-user/src/frame/tests.
 *
 * c-test: run=plain,asan,valgrind
 */
#include <puffs.h>

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

#define FAILS(call, error) \
    do { \
        errno = 0; \
        CHECK_EQ(call, -1); \
        CHECK_EQ(errno, error); \
    } while (0)

static int closed, nclosed, called, lasterror;
static void *lastarg;

static void
test_cursor(void)
{
    struct puffs_framebuf *fb;
    char buf[16];

    CHECK((fb = puffs_framebuf_make()) != NULL);
    CHECK_EQ(puffs_framebuf_telloff(fb), 0);
    CHECK_EQ(puffs_framebuf_tellsize(fb), 0);
    CHECK_EQ(puffs_framebuf_remaining(fb), 0);

    /* As servers begin a message: room for the length first. */
    CHECK_EQ(puffs_framebuf_seekset(fb, 4), 0);
    CHECK_EQ(puffs_framebuf_tellsize(fb), 0);
    CHECK_EQ(puffs_framebuf_putdata(fb, "abcdef", 6), 0);
    CHECK_EQ(puffs_framebuf_telloff(fb), 10);
    CHECK_EQ(puffs_framebuf_tellsize(fb), 10);
    CHECK_EQ(puffs_framebuf_putdata_atoff(fb, 0, "\0\0\0\6", 4), 0);
    CHECK_EQ(puffs_framebuf_telloff(fb), 10);

    FAILS(puffs_framebuf_getdata(fb, buf, 1), ENOBUFS);
    CHECK_EQ(puffs_framebuf_seekset(fb, 4), 0);
    CHECK_EQ(puffs_framebuf_remaining(fb), 6);
    FAILS(puffs_framebuf_getdata(fb, buf, 7), ENOBUFS);
    CHECK_EQ(puffs_framebuf_telloff(fb), 4);
    CHECK_EQ(puffs_framebuf_getdata(fb, buf, 6), 0);
    CHECK_EQ(memcmp(buf, "abcdef", 6), 0);
    CHECK_EQ(puffs_framebuf_getdata_atoff(fb, 2, buf, 4), 0);
    CHECK_EQ(memcmp(buf, "\0\6ab", 4), 0);
    FAILS(puffs_framebuf_getdata_atoff(fb, 9, buf, 2), ENOBUFS);
    FAILS(puffs_framebuf_getdata_atoff(fb, SIZE_MAX, buf, 2), ENOBUFS);
    CHECK_EQ(puffs_framebuf_telloff(fb), 10);

    /* Behind the end, with nothing in between. */
    CHECK_EQ(puffs_framebuf_putdata_atoff(fb, 12, "x", 1), 0);
    CHECK_EQ(puffs_framebuf_getdata(fb, buf, 3), 0);
    CHECK_EQ(memcmp(buf, "\0\0x", 3), 0);
    CHECK_EQ(puffs_framebuf_getdata(fb, NULL, 0), 0);
    CHECK_EQ(puffs_framebuf_putdata(fb, NULL, 0), 0);
    puffs_framebuf_destroy(fb);
}

static void
test_memory(void)
{
    struct puffs_framebuf *fb, *dup;
    size_t len = 100000, i;
    void *win, *again;
    char last;

    CHECK((fb = puffs_framebuf_make()) != NULL);
    CHECK_EQ(puffs_framebuf_reserve_space(fb, len), 0);
    CHECK_EQ(puffs_framebuf_tellsize(fb), 0);
    CHECK_EQ(puffs_framebuf_getwindow(fb, 0, &win, &len), 0);
    CHECK_EQ(len, 100000);
    CHECK_EQ(puffs_framebuf_tellsize(fb), 100000);
    CHECK_EQ(puffs_framebuf_telloff(fb), 0);
    for (i = 0; i < len; i++)
        ((char *)win)[i] = (char)i;
    len = 10;
    CHECK_EQ(puffs_framebuf_getwindow(fb, 50, &again, &len), 0);
    CHECK(again == (char *)win + 50);
    CHECK_EQ(puffs_framebuf_tellsize(fb), 100000);

    CHECK_EQ(puffs_framebuf_seekset(fb, 77), 0);
    CHECK_EQ(puffs_framebuf_dup(fb, &dup), 0);
    puffs_framebuf_destroy(fb);
    CHECK_EQ(puffs_framebuf_telloff(dup), 77);
    CHECK_EQ(puffs_framebuf_tellsize(dup), 100000);
    CHECK_EQ(puffs_framebuf_getdata_atoff(dup, 99999, &last, 1), 0);
    CHECK_EQ(last, (char)99999);
    puffs_framebuf_recycle(dup);
    CHECK_EQ(puffs_framebuf_telloff(dup), 0);
    CHECK_EQ(puffs_framebuf_tellsize(dup), 0);

    FAILS(puffs_framebuf_reserve_space(dup, SIZE_MAX), ENOMEM);
    FAILS(puffs_framebuf_seekset(dup, SIZE_MAX), ENOMEM);
    FAILS(puffs_framebuf_putdata_atoff(dup, SIZE_MAX, "x", 1), ENOMEM);
    len = SIZE_MAX;
    FAILS(puffs_framebuf_getwindow(dup, 0, &win, &len), ENOMEM);
    CHECK_EQ(puffs_framebuf_tellsize(dup), 0);
    puffs_framebuf_destroy(dup);
}

static int
readframe(struct puffs_usermount *pu, struct puffs_framebuf *fb, int fd, int *done)
{

    (void)pu, (void)fb, (void)fd, (void)done;
    return EIO;
}

static int
cmpframe(struct puffs_usermount *pu, struct puffs_framebuf *a, struct puffs_framebuf *b, int *notresp)
{

    (void)pu, (void)a, (void)b, (void)notresp;
    return 0;
}

static void
notify(struct puffs_usermount *pu, int fd, int what)
{

    (void)fd;
    closed = what;
    nclosed++;
    /* It is on its way already. */
    puffs_framev_removeonclose(pu, fd, what);
}

static void
gotanswer(struct puffs_usermount *pu, struct puffs_framebuf *fb, void *arg, int error)
{

    CHECK(puffs_cc_getcc(pu) == NULL);
    called++;
    lastarg = arg;
    lasterror = error;
    puffs_framebuf_destroy(fb);
}

static struct puffs_framebuf *
message(void)
{
    struct puffs_framebuf *fb = puffs_framebuf_make();

    CHECK(fb != NULL);
    CHECK_EQ(puffs_framebuf_putdata(fb, "message", 7), 0);
    return fb;
}

static void
test_descriptors(struct puffs_usermount *pu)
{
    struct puffs_framebuf *fb, *queued;
    int pair[2], file, what = PUFFS_FBIO_READ | PUFFS_FBIO_WRITE;

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    CHECK((file = open("/proc/self/exe", O_RDONLY)) != -1);
    fb = message();

    /* Nothing is known of it yet. */
    FAILS(puffs_framev_enablefd(pu, pair[0], what), ENXIO);
    FAILS(puffs_framev_disablefd(pu, pair[0], what), ENXIO);
    FAILS(puffs_framev_removefd(pu, pair[0], 0), ENXIO);
    FAILS(puffs_framev_enqueue_justsend(pu, pair[0], fb, 0, 0), EINVAL);
    FAILS(puffs_framev_addfd(pu, -1, what), EBADF);
    /* What cannot be waited for is always ready. */
    CHECK_EQ(puffs_framev_addfd(pu, file, PUFFS_FBIO_READ), 0);
    CHECK_EQ(puffs_framev_removefd(pu, file, 0), 0);
    nclosed = 0;
    FAILS(puffs_framev_addfd(pu, pair[0], PUFFS_FBIO_ERROR), EINVAL);

    CHECK_EQ(puffs_framev_addfd(pu, pair[0], PUFFS_FBIO_READ), 0);
    CHECK_EQ(puffs_framev_disablefd(pu, pair[0], what), 0);
    CHECK_EQ(puffs_framev_enablefd(pu, pair[0], what), 0);
    FAILS(puffs_framev_enablefd(pu, pair[0], 8), EINVAL);
    FAILS(puffs_framev_enqueue_cb(pu, pair[0], fb, NULL, NULL, 0), EINVAL);
    FAILS(puffs_framev_enqueue_cb(pu, pair[0], fb, gotanswer, NULL, 8), EINVAL);

    /* Queued, it is the library's. */
    queued = message();
    CHECK_EQ(puffs_framebuf_telloff(queued), 7);
    CHECK_EQ(puffs_framev_enqueue_cb(pu, pair[0], queued, gotanswer, &what, 0), 0);
    CHECK_EQ(puffs_framebuf_telloff(queued), 0);
    FAILS(puffs_framev_enqueue_cb(pu, pair[0], queued, gotanswer, &what, 0), EBUSY);
    puffs_framebuf_recycle(queued);
    puffs_framebuf_destroy(queued);
    CHECK_EQ(puffs_framebuf_tellsize(queued), 7);
    CHECK_EQ(puffs_framev_enqueue_justsend(pu, pair[0], message(), 1, PUFFS_FBQUEUE_URGENT), 0);
    CHECK_EQ(puffs_framev_enqueue_justsend(pu, pair[0], message(), 0, 0), 0);
    CHECK_EQ(called, 0);

    /* Both sides close, what waits fails, once. */
    CHECK_EQ(puffs_framev_removefd(pu, pair[0], EBADMSG), 0);
    CHECK_EQ(called, 1);
    CHECK(lastarg == &what);
    CHECK_EQ(lasterror, EBADMSG);
    CHECK_EQ(nclosed, 2);
    CHECK_EQ(closed, what);
    FAILS(puffs_framev_removefd(pu, pair[0], 0), ENXIO);

    /* And with the usual error. The same number once more, and never sent. */
    CHECK_EQ(puffs_framev_addfd(pu, pair[0], what), 0);
    CHECK_EQ(puffs_framev_enqueue_cb(pu, pair[0], message(), gotanswer, NULL, 0), 0);
    CHECK_EQ(puffs_framev_removefd(pu, pair[0], 0), 0);
    CHECK_EQ(lasterror, ECONNRESET);
    CHECK_EQ(nclosed, 4);
    CHECK_EQ(puffs_framev_addfd(pu, pair[0], what), 0);
    CHECK_EQ(puffs_framev_enqueue_justsend(pu, pair[0], message(), 0, 0), 0);

    /* Who waits has to be a request. */
    FAILS(puffs_framev_enqueue_cc(NULL, pair[0], fb, 0), EINVAL);
    FAILS(puffs_framev_enqueue_directsend(NULL, pair[0], fb, 0), EINVAL);
    FAILS(puffs_framev_enqueue_directreceive(NULL, pair[0], fb, 0), EINVAL);
    FAILS(puffs_framev_enqueue_waitevent(NULL, pair[0], &what), EINVAL);
    FAILS(puffs_framev_framebuf_ccpromote(fb, NULL), EINVAL);

    puffs_framebuf_destroy(fb);
    close(file);
    close(pair[1]);
    /* pair[0] stays added, with a message: it goes with the context. */
    close(pair[0]);
}

int
main(void)
{
    struct puffs_ops *pops;
    struct puffs_usermount *pu;

    test_cursor();
    test_memory();

    PUFFSOP_INIT(pops);
    PUFFSOP_SETFSNOP(pops, unmount);
    PUFFSOP_SETFSNOP(pops, sync);
    PUFFSOP_SETFSNOP(pops, statvfs);
    pops->puffs_node_lookup = (int (*)(struct puffs_usermount *, puffs_cookie_t, struct puffs_newinfo *,
        const struct puffs_cn *))abort;
    CHECK((pu = puffs_init(pops, "a", "b", NULL, 0)) != NULL);
    /* The same form of function reads and writes. */
    puffs_framev_init(pu, readframe, readframe, cmpframe, NULL, notify);
    test_descriptors(pu);
    puffs_cancel(pu, 0);
    return 0;
}
