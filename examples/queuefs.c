/*
 * queuefs: a directory of message queues, whose readers and writers wait.
 *
 *	cc -o queuefs queuefs.c $(pkg-config --cflags --libs puffs)
 *	./queuefs /mnt			# in the background, until umount /mnt
 *	cat /mnt/jobs &			# (touch it first) prints messages as they come, and waits for more
 *	echo hello >/mnt/jobs
 *	cat /mnt/status
 *
 * Each file is a queue. A write puts one message into it, a read takes the oldest one out. Who finds a queue empty, or full, waits; who
 * waits is served in the order of arrival. Removing a queue ends it with what is in it, and whoever waits there gets EIDRM.
 *
 * The server has one thread, and waits all the same: an operation that cannot go on yields. Its request keeps its stack, with all variables
 * on it, and other requests run, until one of them finds that there is something to do and has it go on. A place in a line is therefore
 * nothing but a variable of the operation that waits. Three rules keep this simple:
 *
 *  - Who changes something wakes the first of each line, and decides nothing for him. Who wakes looks at everything again, since
 *    other operations ran in between; and yields again if it is not his turn. See wait_for().
 *  - What is on the stack of a waiting operation is not touched after the main loop, which forgets operations that still wait. So all of them
 *    are ended before, in unmount; and they own nothing meanwhile that somebody would have to free.
 *  - A caller can be killed while his operation waits. He is let go at once, and nobody tells the operation: it stays in line, and
 *    would take a message for nobody. See is_gone().
 *
 * From top to bottom: waiting, the operations, and main().
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#define _DEFAULT_SOURCE 1

#include <sys/queue.h>

#include <assert.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <puffs.h>

#define MESSAGES 16	/* that a queue holds */
#define BYTES	 65536	/* of the longest message */

struct message {
	STAILQ_ENTRY(message) next;
	size_t len;
	uint8_t bytes[];
};

/* An operation in line. It is on that operation's stack. */
struct waiter {
	TAILQ_ENTRY(waiter) next;
	struct puffs_cc *cc;
};
TAILQ_HEAD(line, waiter);

/* A file. Its cookie is its address; NULL is the directory, and &status the file that tells who waits. */
struct queue {
	TAILQ_ENTRY(queue) next;
	STAILQ_HEAD(, message) messages;
	unsigned count;		/* of messages */
	size_t size;		/* of all of them */
	struct line readers, writers;
	ino_t fileid;
	bool removed;		/* it has no name any more, and goes when it is reclaimed */
	char name[NAME_MAX + 1];
};

static TAILQ_HEAD(, queue) queues = TAILQ_HEAD_INITIALIZER(queues);
static struct queue status = {.fileid = 3, .name = "status"};
static ino_t last_fileid = 3;
static bool ending; /* nobody waits any more */

PUFFSOP_PROTOS(queuefs)

/*
 * Whether the caller of an operation is no more. The library does not say, since nothing is asked of an operation whose caller was killed but
 * to end some time: what it returns then is dropped. But a message that was taken for him would be lost, so we ask the system.
 *
 * What cannot be known is whether somebody who lives now will get what he is given: he may be killed while it is on its way. A server that must
 * not lose anything keeps it until the receiver has said that he has it.
 */
static bool
is_gone(struct puffs_cc *cc)
{
	char buf[512], *name_end;
	lwpid_t thread;
	ssize_t len;
	int fd;

	if (puffs_cc_getcaller(cc, NULL, &thread) == -1)
		return false; /* nobody knows */
	snprintf(buf, sizeof(buf), "/proc/%d/stat", (int)thread);
	if ((fd = open(buf, O_RDONLY | O_CLOEXEC)) == -1)
		return errno == ENOENT;
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (len == -1)
		return errno == ESRCH;
	buf[len] = '\0';
	/* The state is behind the name: dead, and its parent has not asked for it yet, or just dying. */
	name_end = strrchr(buf, ')');
	return name_end != NULL && (strncmp(name_end, ") Z", 3) == 0 || strncmp(name_end, ") X", 3) == 0);
}

/* Has the first in line look again, once the operation that runs is over or yields. */
static void
wake(struct line *line)
{
	struct waiter *first = TAILQ_FIRST(line);

	if (first != NULL)
		puffs_cc_schedule(first->cc);
}

static bool
has_message(const struct queue *q)
{
	return q->count > 0;
}

static bool
has_room(const struct queue *q)
{
	return q->count < MESSAGES;
}

/*
 * Waits at the end of a line of the queue until it is our turn and the queue is `ready`; returns 0 then, and an error otherwise. Either way
 * there is another first one, who will be woken.
 */
static int
wait_for(struct puffs_usermount *pu, struct queue *q, struct line *line, bool (*ready)(const struct queue *), int ioflag)
{
	struct waiter me = {.cc = puffs_cc_getcc(pu)};
	int error = 0;

	if ((ioflag & PUFFS_IO_NDELAY) != 0 && (!ready(q) || !TAILQ_EMPTY(line)))
		return q->removed ? EIDRM : EAGAIN;
	TAILQ_INSERT_TAIL(line, &me, next);
	for (;;) {
		if (ending)
			error = ENXIO;
		else if (q->removed)
			error = EIDRM;
		else if (TAILQ_FIRST(line) == &me && ready(q))
			error = is_gone(me.cc) ? EINTR : 0;
		else {
			/* Here we are left, and others run. It is also where we are while nobody knows that our caller is gone. */
			puffs_cc_yield(me.cc);
			continue;
		}
		break;
	}
	TAILQ_REMOVE(line, &me, next);
	wake(line);
	return error;
}

/* Ends all waiting: at once, since there will be no next turn of the main loop. Each of them leaves its line when it goes on. */
static void
end_line(struct line *line)
{
	struct waiter *first;

	while ((first = TAILQ_FIRST(line)) != NULL)
		puffs_cc_continue(first->cc);
}

int
queuefs_fs_unmount(struct puffs_usermount *pu, int flags)
{
	struct queue *q;

	(void)pu;
	(void)flags;
	ending = true;
	TAILQ_FOREACH(q, &queues, next) {
		end_line(&q->readers);
		end_line(&q->writers);
	}
	return 0;
}

/* The file `status`: who waits where. */
static int
report(uint8_t *buf, off_t off, size_t *left)
{
	const struct queue *q;
	const struct waiter *w;
	size_t len = 0;
	char *text = NULL;
	FILE *to;

	if ((to = open_memstream(&text, &len)) == NULL)
		return errno;
	TAILQ_FOREACH(q, &queues, next) {
		unsigned readers = 0, writers = 0;

		TAILQ_FOREACH(w, &q->readers, next)
			readers++;
		TAILQ_FOREACH(w, &q->writers, next)
			writers++;
		fprintf(to, "%s: %u messages, %u readers and %u writers wait\n", q->name, q->count, readers, writers);
	}
	if (fclose(to) == 0 && (size_t)off < len) {
		len -= (size_t)off;
		if (len > *left)
			len = *left;
		memcpy(buf, text + off, len);
		*left -= len;
	}
	free(text);
	return 0;
}

int
queuefs_node_read(struct puffs_usermount *pu, puffs_cookie_t file, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	struct queue *q = file;
	struct message *m;
	int error;

	(void)cred;
	if (q == &status)
		return report(buf, off, left);
	if ((error = wait_for(pu, q, &q->readers, has_message, ioflag)) != 0)
		return error;
	m = STAILQ_FIRST(&q->messages);
	if (m->len > *left)
		return EMSGSIZE; /* the next one may have more room */
	STAILQ_REMOVE_HEAD(&q->messages, next);
	q->count--;
	q->size -= m->len;
	memcpy(buf, m->bytes, m->len);
	*left -= m->len;
	free(m);
	wake(&q->writers);
	return 0;
}

int
queuefs_node_write(struct puffs_usermount *pu, puffs_cookie_t file, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	struct queue *q = file;
	struct message *m;
	int error;

	(void)off;
	(void)cred;
	if (q == &status)
		return EACCES;
	if (*left > BYTES)
		return EMSGSIZE;
	/* What is written is in `buf` however long this takes, so that nothing need be allocated before. */
	if ((error = wait_for(pu, q, &q->writers, has_room, ioflag)) != 0)
		return error;
	if ((m = malloc(sizeof(*m) + *left)) == NULL)
		return ENOMEM;
	m->len = *left;
	memcpy(m->bytes, buf, m->len);
	*left = 0;
	STAILQ_INSERT_TAIL(&q->messages, m, next);
	q->count++;
	q->size += m->len;
	wake(&q->readers);
	return 0;
}

static struct queue *
find(const char *name)
{
	struct queue *q;

	if (strcmp(name, status.name) == 0)
		return &status;
	TAILQ_FOREACH(q, &queues, next)
		if (strcmp(name, q->name) == 0)
			break;
	return q;
}

int
queuefs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *cn)
{
	struct queue *q = find(cn->pcn_name);

	(void)pu;
	(void)dir;
	if (q == NULL)
		return ENOENT;
	puffs_newinfo_setcookie(ni, q);
	puffs_newinfo_setvtype(ni, VREG);
	return 0;
}

int
queuefs_node_create(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *cn,
    const struct vattr *va)
{
	struct queue *q;

	(void)pu;
	(void)dir;
	(void)va;
	if (cn->pcn_namelen >= sizeof(q->name))
		return ENAMETOOLONG;
	if ((q = calloc(1, sizeof(*q))) == NULL)
		return ENOMEM;
	STAILQ_INIT(&q->messages);
	TAILQ_INIT(&q->readers);
	TAILQ_INIT(&q->writers);
	q->fileid = ++last_fileid;
	memcpy(q->name, cn->pcn_name, cn->pcn_namelen);
	TAILQ_INSERT_TAIL(&queues, q, next);
	puffs_newinfo_setcookie(ni, q);
	puffs_newinfo_setvtype(ni, VREG);
	return 0;
}

/* Those who wait leave one after the other, in the turns that follow. Until then they, and who has it open, keep it from being reclaimed. */
int
queuefs_node_remove(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t target, const struct puffs_cn *cn)
{
	struct queue *q = target;

	(void)pu;
	(void)dir;
	(void)cn;
	if (q == &status)
		return EPERM;
	TAILQ_REMOVE(&queues, q, next);
	q->removed = true;
	wake(&q->readers);
	wake(&q->writers);
	return 0;
}

static void
destroy(struct queue *q)
{
	struct message *m;

	assert(TAILQ_EMPTY(&q->readers) && TAILQ_EMPTY(&q->writers));
	while ((m = STAILQ_FIRST(&q->messages)) != NULL) {
		STAILQ_REMOVE_HEAD(&q->messages, next);
		free(m);
	}
	free(q);
}

int
queuefs_node_reclaim(struct puffs_usermount *pu, puffs_cookie_t file)
{
	struct queue *q = file;

	(void)pu;
	if (q != NULL && q->removed)
		destroy(q);
	return 0;
}

/* The kernel caches nothing, and asks us for every read and write. */
int
queuefs_node_open2(struct puffs_usermount *pu, puffs_cookie_t file, int mode, const struct puffs_cred *cred, int *oflags)
{
	(void)pu;
	(void)mode;
	(void)cred;
	if (file != NULL)
		*oflags = PUFFS_OPEN_IO_DIRECT;
	return 0;
}

int
queuefs_node_getattr(struct puffs_usermount *pu, puffs_cookie_t file, struct vattr *va, const struct puffs_cred *cred)
{
	const struct queue *q = file;

	(void)pu;
	(void)cred;
	puffs_vattr_null(va);
	va->va_type = q == NULL ? VDIR : VREG;
	va->va_mode = q == NULL ? 0777 : q == &status ? 0444 : 0666;
	va->va_nlink = q == NULL ? 2 : 1;
	va->va_uid = getuid();
	va->va_gid = getgid();
	va->va_fileid = q == NULL ? 2 : q->fileid;
	va->va_size = q == NULL ? 0 : q->size;
	return 0;
}

/* As for a fifo, there is nothing to be truncated, so that a shell's ">" does no harm. */
int
queuefs_node_setattr(struct puffs_usermount *pu, puffs_cookie_t file, const struct vattr *va, const struct puffs_cred *cred)
{
	(void)pu;
	(void)file;
	(void)va;
	(void)cred;
	return 0;
}

/* The offset behind an entry is how many there are up to it. Nobody misses "." and "..", which need not be there. */
int
queuefs_node_readdir(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_dirent *dent, off_t *off, size_t *left,
    const struct puffs_cred *cred, int *eof, off_t *cookies, size_t *ncookies)
{
	const struct queue *q;
	off_t place = 0;

	(void)pu;
	(void)dir;
	(void)cred;
	(void)cookies;
	*ncookies = 0;
	for (q = &status; q != NULL; q = q == &status ? TAILQ_FIRST(&queues) : TAILQ_NEXT(q, next)) {
		if (place++ < *off)
			continue;
		if (!puffs_nextdent(&dent, q->name, q->fileid, DT_REG, left))
			return 0; /* no room for more */
		++*off;
	}
	*eof = 1;
	return 0;
}

int
main(int argc, char *argv[])
{
	struct puffs_usermount *pu;
	struct puffs_ops *ops;
	struct queue *q;
	bool foreground = argc > 1 && strcmp(argv[1], "-s") == 0;
	char *dir;

	argv += foreground;
	argc -= foreground;
	if (argc != 2)
		errx(1, "usage: queuefs [-s] directory");
	if ((dir = realpath(argv[1], NULL)) == NULL)
		err(1, "%s", argv[1]);

	PUFFSOP_INIT(ops);
	if (ops == NULL)
		err(1, "out of memory");
	PUFFSOP_SET(ops, queuefs, fs, unmount);
	PUFFSOP_SETFSNOP(ops, sync);
	PUFFSOP_SETFSNOP(ops, statvfs);
	PUFFSOP_SET(ops, queuefs, node, lookup);
	PUFFSOP_SET(ops, queuefs, node, create);
	PUFFSOP_SET(ops, queuefs, node, remove);
	PUFFSOP_SET(ops, queuefs, node, open2);
	PUFFSOP_SET(ops, queuefs, node, getattr);
	PUFFSOP_SET(ops, queuefs, node, setattr);
	PUFFSOP_SET(ops, queuefs, node, read);
	PUFFSOP_SET(ops, queuefs, node, write);
	PUFFSOP_SET(ops, queuefs, node, readdir);
	PUFFSOP_SET(ops, queuefs, node, reclaim);
	if ((pu = puffs_init(ops, "queuefs", "queuefs", NULL, 0)) == NULL)
		err(1, "puffs_init");
	if (puffs_unmountonsignal(SIGINT, true) == -1 || puffs_unmountonsignal(SIGTERM, true) == -1)
		err(1, "signals");
	if (!foreground && puffs_daemon(pu, 0, 0) == -1)
		err(1, "cannot go into the background");
	if (puffs_mount(pu, dir, 0, NULL) == -1)
		err(1, "cannot mount on %s", dir);
	if (puffs_mainloop(pu) == -1)
		err(1, "cannot go on serving %s", dir);
	puffs_cancel(pu, 0);
	while ((q = TAILQ_FIRST(&queues)) != NULL) {
		TAILQ_REMOVE(&queues, q, next);
		destroy(q);
	}
	free(dir);
	return 0;
}
