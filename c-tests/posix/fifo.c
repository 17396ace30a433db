/*
 * fifo.c: fifos: what is written by one process is read by another; poll; ends that are missing.
 */
#include "posix.h"

#include <poll.h>
#include <sys/ioctl.h>

static void
show_poll(const char *what, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT};

	if (poll(&p, 1, 0) == -1) {
		show(what, "%s", strerrorname_np(errno));
		return;
	}
	show(what, "%s%s%s%s", (p.revents & POLLIN) != 0 ? "in " : "", (p.revents & POLLOUT) != 0 ? "out " : "",
	    (p.revents & POLLHUP) != 0 ? "hup " : "", (p.revents & POLLERR) != 0 ? "err " : "");
}

void
topic_fifo(void)
{
	char buf[16];
	int in, out, n;
	pid_t pid;

	scene("making");
	OK(mkfifo("p", 0622));
	look("p");
	FAILS(EEXIST, mkfifo("p", 0644));
	scene("without the other end");
	FAILS(ENXIO, open("p", O_WRONLY | O_NONBLOCK));
	in = (int)OK(open("p", O_RDONLY | O_NONBLOCK));
	IS(0, read(in, buf, sizeof(buf))); /* no writer */
	show_poll("poll of the reader", in);
	scene("both ends");
	out = (int)OK(open("p", O_WRONLY | O_NONBLOCK));
	FAILS(EAGAIN, read(in, buf, sizeof(buf)));
	show_poll("poll of the reader", in);
	show_poll("poll of the writer", out);
	IS(5, write(out, "hello", 5));
	show_poll("poll of the reader", in);
	OK(ioctl(in, FIONREAD, &n));
	IS(5, n);
	IS(3, read(in, buf, 3));
	IS(2, read(in, buf, sizeof(buf)));
	FAILS(EBADF, read(out, buf, 1));
	FAILS(EBADF, write(in, buf, 1));
	look("p");
	scene("full");
	while (write(out, buf, sizeof(buf)) > 0)
		continue;
	FAILS(EAGAIN, write(out, buf, sizeof(buf)));
	show_poll("poll of the writer", out);
	scene("the writer goes");
	close(out);
	while ((n = (int)read(in, buf, sizeof(buf))) > 0)
		continue;
	IS(0, n);
	show_poll("poll of the reader", in);
	scene("the reader goes");
	out = (int)MUST(open("p", O_WRONLY | O_NONBLOCK));
	close(in);
	FAILS(EPIPE, write(out, "x", 1));
	show_poll("poll of the writer", out);
	close(out);
	scene("two processes that wait for each other");
	if ((pid = spawn()) == 0) {
		out = (int)OK(open("p", O_WRONLY));
		MUST(write(out, "from a child", 12));
		leave();
	}
	in = (int)MUST(open("p", O_RDONLY));
	reap(pid);
	IS(12, read(in, buf, sizeof(buf)));
	IS(0, read(in, buf, sizeof(buf)));
	close(in);
	scene("by another name");
	OK(link("p", "q"));
	OK(rename("q", "r"));
	in = (int)MUST(open("p", O_RDONLY | O_NONBLOCK));
	out = (int)MUST(open("r", O_WRONLY | O_NONBLOCK));
	IS(1, write(out, "x", 1));
	IS(1, read(in, buf, 1));
	scene("removed while open");
	OK(unlink("p"));
	OK(unlink("r"));
	IS(1, write(out, "y", 1));
	IS(1, read(in, buf, 1));
	lookfd("fifo", in);
	close(in);
	close(out);
	scene("rights");
	MUST(mkfifo("p", 0600));
	AS(ALICE) {
		FAILS(EACCES, open("p", O_RDONLY | O_NONBLOCK));
	}
	MUST(chmod("p", 0644));
	AS(ALICE) {
		OK(close(open("p", O_RDONLY | O_NONBLOCK)));
		FAILS(EACCES, open("p", O_RDWR));
	}
	scene("what else");
	in = (int)MUST(open("p", O_RDWR | O_TRUNC));
	FAILS(ESPIPE, lseek(in, 0, SEEK_SET));
	FAILS(EINVAL, ftruncate(in, 0));
	FAILS(EINVAL, fsync(in));
	OK(fchmod(in, 0600));
	look("p");
	close(in);
}
