/*
 * open.c: open and creat: what they make, find and refuse.
 */
#include "posix.h"

#include <sys/socket.h>
#include <sys/un.h>

static void
creating(void)
{
	static const mode_t modes[] = {0, 0400, 0644, 0777, 01644, 02644, 04755, 07777};
	char name[20];
	size_t i;
	int fd;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		scene("create with mode %04o", modes[i]);
		snprintf(name, sizeof(name), "m%04o", modes[i]);
		OK(close(open(name, O_CREAT | O_WRONLY, modes[i])));
		look(name);
		MUST(unlink(name));
	}
	scene("create under a umask");
	umask(027);
	OK(close(open("f", O_CREAT | O_WRONLY, 0777)));
	look("f");
	OK(close(creat("f", 0600))); /* the mode of a file that is there stays */
	look("f");
	MUST(unlink("f"));
	umask(0);

	scene("read-only and written at once");
	fd = (int)OK(open("ro", O_CREAT | O_WRONLY, 0));
	IS(5, write(fd, "hello", 5));
	OK(close(fd));
	content("ro");
	scene("O_EXCL");
	FAILS(EEXIST, open("ro", O_CREAT | O_EXCL | O_WRONLY, 0644));
	OK(close(open("new", O_CREAT | O_EXCL | O_WRONLY, 0644)));
	FAILS(EEXIST, open("new", O_CREAT | O_EXCL | O_RDONLY, 0644));
	dir("d");
	FAILS(EEXIST, open("d", O_CREAT | O_EXCL | O_RDONLY, 0644));
	scene("without O_CREAT");
	FAILS(ENOENT, open("none", O_RDONLY));
	FAILS(ENOENT, open("none", O_RDWR | O_TRUNC));
	FAILS(ENOENT, open("d/none", O_RDWR | O_EXCL));
	scene("creat");
	put("full", "contents");
	OK(close(creat("full", 0600)));
	look("full");
	FAILS(EISDIR, creat("d", 0644));
	FAILS(ENOENT, creat("none/x", 0644));
	list(".");
}

static void
directories(void)
{
	char buf[8];
	int fd;

	scene("directory");
	FAILS(EISDIR, open("d", O_WRONLY));
	FAILS(EISDIR, open("d", O_RDWR));
	FAILS(EISDIR, open("d", O_RDONLY | O_TRUNC));
	FAILS(EISDIR, open("d", O_RDONLY | O_CREAT, 0644));
	fd = (int)OK(open("d", O_RDONLY));
	FAILS(EISDIR, read(fd, buf, sizeof(buf)));
	FAILS(EBADF, write(fd, buf, sizeof(buf)));
	FAILS(EINVAL, ftruncate(fd, 0));
	OK(fchmod(fd, 0700));
	OK(fsync(fd));
	OK(close(fd));
	scene("O_DIRECTORY");
	OK(close(open("d", O_RDONLY | O_DIRECTORY)));
	FAILS(ENOTDIR, open("full", O_RDONLY | O_DIRECTORY));
	FAILS(ENOENT, open("none", O_RDONLY | O_DIRECTORY));
	FAILS(EINVAL, open("none", O_RDONLY | O_DIRECTORY | O_CREAT, 0644));
	FAILS(EISDIR, open("d", O_RDWR | O_DIRECTORY));
}

static void
modes_of_access(void)
{
	char buf[8] = "";
	int fd;

	put("f", "hello");
	scene("O_RDONLY");
	fd = (int)OK(open("f", O_RDONLY));
	IS(5, read(fd, buf, sizeof(buf)));
	FAILS(EBADF, write(fd, buf, 1));
	FAILS(EINVAL, ftruncate(fd, 0));
	OK(close(fd));
	scene("O_WRONLY");
	fd = (int)OK(open("f", O_WRONLY));
	FAILS(EBADF, read(fd, buf, sizeof(buf)));
	IS(1, write(fd, "H", 1));
	OK(close(fd));
	scene("O_RDWR");
	fd = (int)OK(open("f", O_RDWR));
	IS(5, read(fd, buf, sizeof(buf)));
	IS(1, write(fd, "!", 1));
	OK(close(fd));
	FAILS(EBADF, close(fd));
	content("f");
	scene("neither read nor write");
	fd = (int)OK(open("f", O_ACCMODE));
	FAILS(EBADF, read(fd, buf, sizeof(buf)));
	FAILS(EBADF, write(fd, buf, 1));
	OK(close(fd));
}

static void
what_is_no_file(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	scene("socket");
	OK(bind(s, (struct sockaddr *)&un, sizeof(un)));
	close(s);
	FAILS(ENXIO, open("socket", O_RDONLY));
	FAILS(ENXIO, open("socket", O_RDWR));
	OK(close(open("socket", O_PATH)));
	scene("fifo");
	OK(mkfifo("fifo", 0644));
	FAILS(ENXIO, open("fifo", O_WRONLY | O_NONBLOCK));
	OK(close(open("fifo", O_RDONLY | O_NONBLOCK)));
	FAILS(EEXIST, open("fifo", O_CREAT | O_EXCL | O_RDONLY, 0644));
	scene("device");
	OK(mknod("null", S_IFCHR | 0644, 259)); /* 1,3 */
	look("null");
	scene("device that nobody has");
	OK(mknod("nobody", S_IFCHR | 0644, (dev_t)0xee << 8 | 0xdd));
	FAILS(ENXIO, open("nobody", O_RDONLY));
	FAILS(ENXIO, open("nobody", O_RDWR | O_CREAT, 0644));
}

void
topic_open(void)
{
	creating();
	directories();
	modes_of_access();
	what_is_no_file();
}
