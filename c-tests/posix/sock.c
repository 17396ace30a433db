/*
 * sock.c: sockets that have a name.
 */
#include "posix.h"

#include <sys/socket.h>
#include <sys/un.h>

static int
named(int (*call)(int, const struct sockaddr *, socklen_t), int fd, const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	strcpy(un.sun_path, path);
	return call(fd, (const struct sockaddr *)&un, sizeof(un));
}

static int
make(int type)
{
	return (int)MUST(socket(AF_UNIX, type, 0));
}

void
topic_sock(void)
{
	char buf[16];
	int listener, client, server;
	struct sockaddr_un un;
	socklen_t len = sizeof(un);
	pid_t pid;

	scene("bind");
	listener = make(SOCK_STREAM);
	umask(027);
	OK(named(bind, listener, "s"));
	umask(0);
	look("s");
	list(".");
	OK(listen(listener, 5));
	client = make(SOCK_STREAM);
	FAILS(EADDRINUSE, named(bind, client, "s"));
	FAILS(ENOENT, named(bind, client, "none/s"));
	OK(getsockname(listener, (struct sockaddr *)&un, &len));
	HOLDS(strcmp(un.sun_path, "s") == 0);
	scene("connect");
	OK(named(connect, client, "s"));
	server = (int)OK(accept(listener, NULL, NULL));
	IS(5, write(client, "hello", 5));
	IS(5, read(server, buf, sizeof(buf)));
	IS(2, write(server, "hi", 2));
	IS(2, read(client, buf, sizeof(buf)));
	close(client);
	IS(0, read(server, buf, sizeof(buf)));
	close(server);
	scene("connect from another process");
	if ((pid = spawn()) == 0) {
		client = make(SOCK_STREAM);
		OK(named(connect, client, "s"));
		MUST(write(client, "child", 5));
		leave();
	}
	server = (int)MUST(accept(listener, NULL, NULL));
	reap(pid);
	IS(5, read(server, buf, sizeof(buf)));
	close(server);
	scene("by other names");
	OK(rename("s", "t"));
	OK(link("t", "u"));
	MUST(symlink("t", "v"));
	client = make(SOCK_STREAM);
	FAILS(ENOENT, named(connect, client, "s"));
	OK(named(connect, client, "t"));
	close(client);
	client = make(SOCK_STREAM);
	OK(named(connect, client, "u"));
	close(client);
	client = make(SOCK_STREAM);
	OK(named(connect, client, "v"));
	close(client);
	scene("refused");
	client = make(SOCK_STREAM);
	FAILS(EPROTOTYPE, named(connect, make(SOCK_DGRAM), "t"));
	touch("file");
	FAILS(ECONNREFUSED, named(connect, client, "file"));
	FAILS(ENOENT, named(connect, client, "none"));
	OK(named(connect, client, "t"));
	FAILS(EISCONN, named(connect, client, "t"));
	FAILS(ENXIO, open("t", O_RDWR));
	MUST(chmod("t", 0600));
	AS(ALICE) {
		FAILS(EACCES, named(connect, make(SOCK_STREAM), "t"));
	}
	MUST(chmod("t", 0666));
	AS(ALICE) {
		OK(named(connect, make(SOCK_STREAM), "t"));
	}
	scene("nobody listens any more");
	close(listener);
	FAILS(ECONNREFUSED, named(connect, make(SOCK_STREAM), "t"));
	look("t");
	OK(unlink("t"));
	OK(unlink("u"));
	scene("datagrams");
	server = make(SOCK_DGRAM);
	OK(named(bind, server, "d"));
	client = make(SOCK_DGRAM);
	OK(named(connect, client, "d"));
	IS(3, send(client, "one", 3, 0));
	IS(3, recv(server, buf, sizeof(buf), 0));
	OK(unlink("d"));
	IS(3, send(client, "two", 3, 0));
	IS(3, recv(server, buf, sizeof(buf), 0));
	close(server);
	FAILS(ECONNREFUSED, send(client, "x", 1, 0));
	scene("a name that mknod made");
	MUST(mknod("m", S_IFSOCK | 0666, 0));
	FAILS(ECONNREFUSED, named(connect, make(SOCK_STREAM), "m"));
	OK(unlink("m"));
	scene("relative to where one is");
	dir("sub");
	MUST(chdir("sub"));
	OK(named(bind, make(SOCK_STREAM), "../x"));
	MUST(chdir(".."));
	list(".");
}
