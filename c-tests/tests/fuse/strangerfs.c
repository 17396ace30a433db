/*
 * A file server that calls every function that only its own thread may call from where it must not: the tests of strangers.rs.
 *
 * A read of one of its files does something and says what came of it, a line for each call:
 *
 *	thread		calls them all in another thread
 *	child		calls them all in a child
 *	any		calls what any thread may, in another one
 *	exit		calls puffs_exit in another thread
 *	open		the descriptors that a program has that is executed by this one
 *
 * SIGUSR1 calls puffs_exit in a handler. With -f a child mounts and serves what its parent made.
 */

#define _DEFAULT_SOURCE 1

#include <sys/prctl.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <puffs.h>

static const char *const names[] = {"/", "thread", "child", "any", "exit", "open"};
enum { ROOT, THREAD, CHILD, ANY, EXIT, OPEN, NODES };
static char nodes[NODES]; /* cookies are their addresses */

static struct puffs_usermount *server;
static struct puffs_cc *request;
static struct puffs_node *node;
static FILE *to;

PUFFSOP_PROTOS(strangerfs)

/* Whatever is set by a stranger is this, and must never be called. */
static void
never(void)
{
	abort();
}

/* A function that returns an errno value, -1, NULL, or nothing. */
#define ERRNO(call) fprintf(to, #call " %d\n", call)
#define MINUS1(call) (errno = 0, fprintf(to, #call " %d\n", call == -1 ? errno : -1))
#define POINTER(call) (errno = 0, fprintf(to, #call " %d\n", call == NULL ? errno : -1))
#define NULLED(call) fprintf(to, #call " %d\n", call == NULL ? -2 : -1)
#define NOTHING(call) (call, fprintf(to, #call " -2\n"))

/* The calls, each in a line of its own, since a name stands for all that is on it. */
static void
call_all(void)
{
	struct puffs_usermount *pu = server;
	struct puffs_framebuf *fb = puffs_framebuf_make();
	struct puffs_pathobj path = {0};
	struct puffs_kcn kcn = {0};
	struct puffs_cn cn = {.pcn_pkcnp = &kcn};
	struct puffs_cc *cc = NULL;
	struct puffs_statvfs statvfs;
	struct puffs_newinfo *ni = NULL;
	struct puffs_dirent dirent;
	struct vattr va;
	struct timespec ts = {0};
	struct puffs_pathinfo info = {&path, &path};
	size_t len = 0;
	off_t off = 0;
	int what = PUFFS_FBIO_READ;
	uint8_t byte = 0;

	puffs_vattr_null(&va);
	MINUS1(puffs_mount(pu, "/", 0, NULL));
	MINUS1(puffs_mainloop(pu));
	MINUS1(puffs_daemon(pu, 1, 1));
	NOTHING(puffs_cancel(pu, 0));
	MINUS1(puffs_getselectable(pu));
	MINUS1(puffs_setblockingmode(pu, PUFFSDEV_BLOCK));
	NOTHING(puffs_setstacksize(pu, 0));
	NOTHING(puffs_ml_setloopfn(pu, (puffs_ml_loop_fn)never));
	NOTHING(puffs_ml_settimeout(pu, &ts));
	NOTHING(puffs_setroot(pu, node));
	POINTER(puffs_getroot(pu));
	NULLED(puffs_getrootpathobj(pu));
	NOTHING(puffs_setrootinfo(pu, VREG, 0, 0));
	NOTHING(puffs_setspecific(pu, NULL));
	NOTHING(puffs_setmntinfo(pu, "x", "x"));
	NOTHING(puffs_setmaxreqlen(pu, 0));
	fprintf(to, "puffs_getmaxreqlen(pu) %d\n", puffs_getmaxreqlen(pu) == 0 ? -2 : -1);
	NOTHING(puffs_setfhsize(pu, 0, 0));
	NOTHING(puffs_setncookiehash(pu, 0));
	NOTHING(puffs_set_errnotify(pu, (pu_errnotify_fn)never));
	NOTHING(puffs_set_prepost(pu, (pu_prepost_fn)never, (pu_prepost_fn)never));
	NOTHING(puffs_set_cmap(pu, (pu_cmap_fn)never));
	NOTHING(puffs_setback(request, PUFFS_SETBACK_INACT_N1));
	MINUS1(puffs_dispatch_create(pu, fb, &cc));

	POINTER(puffs_pn_new(pu, NULL));
	NOTHING(puffs_pn_remove(node));
	NOTHING(puffs_pn_put(node));
	POINTER(puffs_pn_nodewalk(pu, (puffs_nodewalk_fn)never, NULL));
	ERRNO(puffs_path_pcnbuild(pu, &cn, NULL));
	NOTHING(puffs_set_pathbuild(pu, (pu_pathbuild_fn)never));
	NOTHING(puffs_set_pathtransform(pu, (pu_pathtransform_fn)never));
	NOTHING(puffs_set_pathcmp(pu, (pu_pathcmp_fn)never));
	NOTHING(puffs_set_pathfree(pu, (pu_pathfree_fn)never));
	NOTHING(puffs_set_namemod(pu, (pu_namemod_fn)never));
	NULLED(puffs_path_walkcmp(pu, node, &path));
	NULLED(puffs_path_prefixadj(pu, node, &info));
	NOTHING(puffs_path_buildhash(pu, &path));
	ERRNO(puffs_genfs_node_getattr(pu, node, &va, NULL));
	ERRNO(puffs_genfs_node_reclaim(pu, node));

	POINTER(puffs_cc_getcc(pu));
	NOTHING(puffs_cc_yield(request));
	NOTHING(puffs_cc_continue(request));
	NOTHING(puffs_cc_schedule(request));
	MINUS1(puffs_cc_getcaller(request, NULL, NULL));

	NOTHING(puffs_framev_init(pu, (puffs_framev_readframe_fn)never, (puffs_framev_writeframe_fn)never, NULL, NULL, NULL));
	MINUS1(puffs_framev_addfd(pu, 0, PUFFS_FBIO_READ));
	MINUS1(puffs_framev_enablefd(pu, 0, PUFFS_FBIO_READ));
	MINUS1(puffs_framev_disablefd(pu, 0, PUFFS_FBIO_READ));
	MINUS1(puffs_framev_removefd(pu, 0, 0));
	NOTHING(puffs_framev_removeonclose(pu, 0, PUFFS_FBIO_READ | PUFFS_FBIO_WRITE));
	NOTHING(puffs_framev_unmountonclose(pu, 0, PUFFS_FBIO_READ | PUFFS_FBIO_WRITE));
	MINUS1(puffs_framev_enqueue_cc(request, 0, fb, 0));
	MINUS1(puffs_framev_enqueue_cb(pu, 0, fb, (puffs_framev_cb)never, NULL, 0));
	MINUS1(puffs_framev_enqueue_justsend(pu, 0, fb, 0, 0));
	MINUS1(puffs_framev_enqueue_directsend(request, 0, fb, 0));
	MINUS1(puffs_framev_enqueue_directreceive(request, 0, fb, 0));
	MINUS1(puffs_framev_enqueue_waitevent(request, 0, &what));
	MINUS1(puffs_framev_framebuf_ccpromote(fb, request));

	MINUS1(puffs_inval_namecache_dir(pu, NULL));
	MINUS1(puffs_inval_namecache_all(pu));
	MINUS1(puffs_inval_pagecache_node(pu, NULL));
	MINUS1(puffs_inval_pagecache_node_range(pu, NULL, 0, 0));
	MINUS1(puffs_flush_pagecache_node(pu, NULL));
	MINUS1(puffs_flush_pagecache_node_range(pu, NULL, 0, 0));

	ERRNO(puffs_null_fs_statvfs(pu, &statvfs));
	ERRNO(puffs_null_fs_fhtonode(pu, &byte, 1, ni));
	ERRNO(puffs_null_fs_nodetofh(pu, node, &byte, &len));
	ERRNO(puffs_null_node_lookup(pu, node, ni, &cn));
	ERRNO(puffs_null_node_create(pu, node, ni, &cn, &va));
	ERRNO(puffs_null_node_mknod(pu, node, ni, &cn, &va));
	ERRNO(puffs_null_node_mkdir(pu, node, ni, &cn, &va));
	ERRNO(puffs_null_node_symlink(pu, node, ni, &cn, &va, ""));
	ERRNO(puffs_null_node_remove(pu, node, node, &cn));
	ERRNO(puffs_null_node_rmdir(pu, node, node, &cn));
	ERRNO(puffs_null_node_link(pu, node, node, &cn));
	ERRNO(puffs_null_node_rename(pu, node, node, &cn, node, node, &cn));
	ERRNO(puffs_null_node_getattr(pu, node, &va, NULL));
	ERRNO(puffs_null_node_setattr(pu, node, &va, NULL));
	ERRNO(puffs_null_node_fsync(pu, node, NULL, 0, 0, 0));
	ERRNO(puffs_null_node_readlink(pu, node, NULL, (char *)&byte, &len));
	ERRNO(puffs_null_node_readdir(pu, node, &dirent, &off, &len, NULL, &what, NULL, &len));
	ERRNO(puffs_null_node_read(pu, node, &byte, 0, &len, NULL, 0));
	ERRNO(puffs_null_node_write(pu, node, &byte, 0, &len, NULL, 0));
	puffs_framebuf_destroy(fb);
}

/* What any thread may: 0 when it did what it does. */
static void
call_any(void)
{
	struct puffs_framebuf *fb = puffs_framebuf_make();
	struct puffs_ops *ops;
	struct puffs_usermount *other;
	char byte = 'x';

	fprintf(to, "puffs_getstate %d\n", puffs_getstate(server) != PUFFS_STATE_RUNNING);
	fprintf(to, "puffs_getspecific %d\n", puffs_getspecific(server) != nodes);
	fprintf(to, "puffs_pn_getmntspecific %d\n", puffs_pn_getmntspecific(node) != nodes);
	fprintf(to, "puffs_unmountonsignal %d\n", puffs_unmountonsignal(SIGUSR2, true));
	fprintf(to, "puffs_framebuf_putdata %d\n", puffs_framebuf_putdata(fb, &byte, 1));
	puffs_framebuf_destroy(fb);
	/* A server of its own. */
	PUFFSOP_INIT(ops);
	PUFFSOP_SETFSNOP(ops, unmount);
	PUFFSOP_SETFSNOP(ops, sync);
	PUFFSOP_SETFSNOP(ops, statvfs);
	PUFFSOP_SET(ops, strangerfs, node, lookup);
	other = puffs_init(ops, "x", "x", NULL, 0);
	puffs_setmaxreqlen(other, 65536);
	fprintf(to, "puffs_init %d\n", puffs_getmaxreqlen(other) != 65536);
	puffs_cancel(other, 0);
}

static void
call_exit(void)
{
	fprintf(to, "puffs_exit %d\n", puffs_exit(server, 0));
}

static void *
start(void *f)
{
	void (*calls)(void);

	memcpy(&calls, f, sizeof(calls));
	calls();
	return NULL;
}

static void
in_a_thread(void (*calls)(void))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, start, &calls) != 0 || pthread_join(thread, NULL) != 0)
		abort();
}

/* What a child writes to a stream of the parent's goes with it, so it has one of its own. It ends by exit(3), as a careless one does. */
static void
in_a_child(void)
{
	char line[256];
	int fds[2];
	FILE *from;
	pid_t pid;
	int status;

	fflush(NULL);
	if (pipe(fds) == -1 || (pid = fork()) == -1)
		abort();
	if (pid == 0) {
		if ((to = fdopen(fds[1], "w")) == NULL)
			abort();
		call_all();
		MINUS1(puffs_exit(server, 0));
		exit(0);
	}
	close(fds[1]);
	from = fdopen(fds[0], "r");
	while (fgets(line, sizeof(line), from) != NULL)
		fputs(line, to);
	fclose(from);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		abort();
}

static void
in_a_program(void)
{
	char line[256];
	FILE *from = popen("ls -l /proc/self/fd", "r");

	while (from != NULL && fgets(line, sizeof(line), from) != NULL)
		fputs(line, to);
	if (from == NULL || pclose(from) != 0)
		abort();
}

int
strangerfs_node_read(struct puffs_usermount *pu, puffs_cookie_t file, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	char *text = NULL;
	size_t len = 0;

	(void)cred;
	(void)ioflag;
	if (off != 0)
		return 0;
	request = puffs_cc_getcc(pu);
	if ((to = open_memstream(&text, &len)) == NULL)
		return ENOMEM;
	switch ((char *)file - nodes) {
	case THREAD:
		in_a_thread(call_all);
		break;
	case CHILD:
		in_a_child();
		break;
	case ANY:
		in_a_thread(call_any);
		break;
	case EXIT:
		in_a_thread(call_exit);
		break;
	case OPEN:
		in_a_program();
		break;
	}
	if (fclose(to) != 0 || len > *left)
		return EIO;
	memcpy(buf, text, len);
	*left -= len;
	free(text);
	/* Nothing was changed. */
	if (puffs_getspecific(pu) != nodes || puffs_getroot(pu) != NULL || puffs_cc_getcc(pu) != request ||
	    puffs_pn_nodewalk(pu, puffs_path_walkcmp, NULL) != NULL)
		return EIO;
	return 0;
}

int
strangerfs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *cn)
{
	int i;

	(void)pu;
	(void)dir;
	for (i = 1; i < NODES && strcmp(names[i], cn->pcn_name) != 0; i++)
		continue;
	if (i == NODES)
		return ENOENT;
	puffs_newinfo_setcookie(ni, &nodes[i]);
	puffs_newinfo_setvtype(ni, VREG);
	return 0;
}

int
strangerfs_node_open2(struct puffs_usermount *pu, puffs_cookie_t file, int mode, const struct puffs_cred *cred, int *oflags)
{
	(void)pu;
	(void)file;
	(void)mode;
	(void)cred;
	*oflags = PUFFS_OPEN_IO_DIRECT;
	return 0;
}

static void
handler(int sig)
{
	(void)sig;
	puffs_exit(server, 0);
}

int
main(int argc, char *argv[])
{
	struct puffs_ops *ops;
	bool forks = argc > 1 && strcmp(argv[1], "-f") == 0;
	int status;

	argv += forks;
	argc -= forks;
	if (argc != 2)
		errx(1, "usage: strangerfs [-f] directory");
	PUFFSOP_INIT(ops);
	PUFFSOP_SETFSNOP(ops, unmount);
	PUFFSOP_SETFSNOP(ops, sync);
	PUFFSOP_SETFSNOP(ops, statvfs);
	PUFFSOP_SET(ops, strangerfs, node, lookup);
	PUFFSOP_SET(ops, strangerfs, node, open2);
	PUFFSOP_SET(ops, strangerfs, node, read);
	if ((server = puffs_init(ops, "strangerfs", "strangerfs", nodes, 0)) == NULL || (node = puffs_pn_new(server, NULL)) == NULL)
		err(1, "puffs_init");
	if (forks) {
		if (fork() != 0) {
			wait(&status);
			puffs_cancel(server, 0);
			return status != 0;
		}
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	signal(SIGUSR1, handler);
	if (puffs_mount(server, argv[1], 0, &nodes[ROOT]) == -1)
		err(1, "%s", argv[1]);
	if (puffs_mainloop(server) == -1)
		err(1, "puffs_mainloop");
	/* Now it is anybody's again. */
	to = stdout;
	in_a_thread(call_exit);
	puffs_pn_put(node);
	puffs_cancel(server, 0);
	return 0;
}
