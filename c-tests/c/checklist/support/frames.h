/*
 * frames.h: a connection with frames, and who answers at its far end. A frame is its length, a number, and text.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <sys/socket.h>

#include "mount.h"

#define FRAME_HEAD ((size_t)8)

/* The near end, and how often a frame was begun. */
static int frame_fd, frame_starts;

static inline int
frame_read(struct puffs_usermount *pu, struct puffs_framebuf *fb, int fd, int *done)
{
	uint32_t len = (uint32_t)FRAME_HEAD;
	size_t have;
	ssize_t n;
	char buf[64];

	(void)pu;
	for (;;) {
		have = puffs_framebuf_tellsize(fb);
		if (have >= FRAME_HEAD)
			CHECK_EQ(puffs_framebuf_getdata_atoff(fb, 0, &len, sizeof(len)), 0);
		if (have == len && have > FRAME_HEAD)
			break;
		CHECK(len <= sizeof(buf));
		n = recv(fd, buf, len - have, MSG_DONTWAIT);
		if (n == 0)
			return ECONNRESET;
		if (n == -1)
			return errno == EAGAIN ? 0 : errno;
		CHECK_EQ(puffs_framebuf_putdata(fb, buf, (size_t)n), 0);
	}
	/* Who reads goes on behind the head. */
	CHECK_EQ(puffs_framebuf_seekset(fb, FRAME_HEAD), 0);
	*done = 1;
	return 0;
}

static inline int
frame_write(struct puffs_usermount *pu, struct puffs_framebuf *fb, int fd, int *done)
{
	uint32_t len = (uint32_t)puffs_framebuf_tellsize(fb);
	size_t left;
	ssize_t n;
	void *win;

	(void)pu;
	if (puffs_framebuf_telloff(fb) == 0) {
		frame_starts++;
		CHECK_EQ(puffs_framebuf_putdata_atoff(fb, 0, &len, sizeof(len)), 0);
	}
	while ((left = puffs_framebuf_remaining(fb)) > 0) {
		CHECK_EQ(puffs_framebuf_getwindow(fb, puffs_framebuf_telloff(fb), &win, &left), 0);
		n = send(fd, win, left, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n == -1)
			return errno == EAGAIN ? 0 : errno;
		CHECK_EQ(puffs_framebuf_seekset(fb, puffs_framebuf_telloff(fb) + (size_t)n), 0);
	}
	*done = 1;
	return 0;
}

static inline int
frame_compare(struct puffs_usermount *pu, struct puffs_framebuf *in, struct puffs_framebuf *waiting, int *notresp)
{
	uint32_t a, b;

	(void)pu, (void)notresp;
	CHECK_EQ(puffs_framebuf_getdata_atoff(in, 4, &a, sizeof(a)), 0);
	CHECK_EQ(puffs_framebuf_getdata_atoff(waiting, 4, &b, sizeof(b)), 0);
	return a != b;
}

/* A frame made as servers make theirs: behind the place of the length. */
static inline struct puffs_framebuf *
frame_make(uint32_t number, const char *text)
{
	struct puffs_framebuf *fb = puffs_framebuf_make();

	CHECK(fb != NULL);
	CHECK_EQ(puffs_framebuf_seekset(fb, 4), 0);
	CHECK_EQ(puffs_framebuf_putdata(fb, &number, sizeof(number)), 0);
	CHECK_EQ(puffs_framebuf_putdata(fb, text, strlen(text)), 0);
	return fb;
}

/* Whether a buffer has this text behind its head. */
static inline void
frame_check(struct puffs_framebuf *fb, const char *text)
{
	char buf[64];
	size_t len = strlen(text);

	CHECK_EQ(puffs_framebuf_tellsize(fb), FRAME_HEAD + len);
	CHECK_EQ(puffs_framebuf_getdata_atoff(fb, FRAME_HEAD, buf, len), 0);
	CHECK_EQ(memcmp(buf, text, len), 0);
}

static int frame_far;

/* Answers each frame with "answer: " and its text, until the connection closes. */
static inline void
frame_answer(void)
{
	struct {
		uint32_t len, number;
		char text[56];
	} in, out;

	close(frame_fd);
	while (recv(frame_far, &in, FRAME_HEAD, MSG_WAITALL) == (ssize_t)FRAME_HEAD) {
		CHECK(in.len > FRAME_HEAD && in.len < 40);
		CHECK_EQ(recv(frame_far, in.text, in.len - FRAME_HEAD, MSG_WAITALL), in.len - FRAME_HEAD);
		out.number = in.number;
		out.len = (uint32_t)FRAME_HEAD;
		out.len += (uint32_t)snprintf(out.text, sizeof(out.text), "answer: %.*s", (int)(in.len - FRAME_HEAD), in.text);
		if (send(frame_far, &out, out.len, MSG_NOSIGNAL) == -1)
			break;
	}
}

/* Starts who answers, and adds the near end. */
static inline pid_t
frame_connect(struct puffs_usermount *pu, puffs_framev_fdnotify_fn notify)
{
	int pair[2];
	pid_t pid;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	frame_fd = pair[0];
	frame_far = pair[1];
	pid = child_start(frame_answer);
	close(frame_far);
	puffs_framev_init(pu, frame_read, frame_write, frame_compare, NULL, notify);
	CHECK_EQ(puffs_framev_addfd(pu, frame_fd, PUFFS_FBIO_READ | PUFFS_FBIO_WRITE), 0);
	return pid;
}

#endif
