/*
 * t_mount_late.c: an answer that comes late, when the node that it tells of has been removed and forgotten. The kernel takes the node for one that
 * is there, and must not keep it: nobody else would let go of the file.
 */
#include "tinyfs.h"

#include <pthread.h>

#include <puffs.h>

#define DIR "/mnt/late"
/* Names of files that stay and that go. */
#define STAYS "n0"
#define GOES "n3"

static int said[2];

/*
 * Serves until the mount is gone. The second time that somebody looks for the first name, it leads to the other's node: the answer waits until
 * that is forgotten.
 */
static void
serve(int fd)
{
	struct puffs_req req, held = { .preq_id = 0 };
	uint64_t stays = tiny_node(STAYS, 2), goes = tiny_node(GOES, 2), node;
	const struct puffs_msg_lookup_req *lookup;
	unsigned lookups = 0;
	int error;

	CHECK((req.preq_aux = malloc(TINY_MAXLEN)) != NULL);
	CHECK((held.preq_aux = malloc(TINY_MAXLEN)) != NULL);
	CHECK_EQ(tiny_start(fd), 0);
	for (;;) {
		req.preq_auxlen = TINY_MAXLEN;
		if ((error = call(fd, PUFFSGETOP, &req)) != 0)
			break;
		if (req.preq_optype == PUFFS_VN_RECLAIM && PUFFSOP_OPCLASS(req.preq_opclass) == PUFFSOP_VN &&
		    (uintptr_t)req.preq_cookie == goes) {
			CHECK_EQ(write(said[1], "r", 1), 1);
			if (held.preq_id != 0) {
				(void)tiny_found(&held, goes);
				CHECK_EQ(call(fd, PUFFSPUTOP, &held), 0);
				held.preq_id = 0;
			}
			continue;
		}
		if (req.preq_optype == PUFFS_VN_LOOKUP && PUFFSOP_OPCLASS(req.preq_opclass) == PUFFSOP_VN) {
			lookup = req.preq_aux;
			node = tiny_node((const char *)(lookup + 1), lookup->namelen);
			if (node == stays && ++lookups == 2) {
				void *room = held.preq_aux;

				held = req;
				req.preq_aux = room;
				CHECK_EQ(write(said[1], "h", 1), 1);
				continue;
			}
		}
		if (tiny_operation(&req))
			check_answered(call(fd, PUFFSPUTOP, &req));
	}
	_exit(error == ENXIO || error == ENOENT ? 0 : error);
}

/* The server says so, in time. */
static void
awaits(char what)
{
	struct pollfd pfd = { .fd = said[0], .events = POLLIN };
	char got;

	CHECK_EQ(poll(&pfd, 1, 20000), 1);
	CHECK_EQ(read(said[0], &got, 1), 1);
	CHECK_EQ(got, what);
}

static void *
look_again(void *arg)
{
	struct stat st;

	(void)arg;
	CHECK_EQ(stat(DIR "/" STAYS, &st), 0);
	CHECK_EQ(st.st_ino, tiny_node(STAYS, 2));
	return NULL;
}

int
main(void)
{
	int fd = open("/dev/puffs", O_RDWR | O_CLOEXEC);
	pthread_t thread;
	struct stat st;
	char more[32];
	pid_t server;

	CHECK(fd != -1 && pipe(said) == 0);
	/* Each walk asks. */
	snprintf(more, sizeof(more), ",kflags=%u", (unsigned)PUFFS_KFLAG_NOCACHE_NAME);
	CHECK_EQ(tiny_mount(DIR, tiny_options(fd, more)), 0);
	if ((server = fork()) == 0)
		serve(fd);
	close(fd);
	CHECK_EQ(stat(DIR "/" STAYS, &st), 0);
	CHECK_EQ(stat(DIR "/" GOES, &st), 0);
	CHECK_EQ(pthread_create(&thread, NULL, look_again, NULL), 0);
	awaits('h');
	CHECK_EQ(unlink(DIR "/" GOES), 0);
	/* Forgotten, and then again what the late answer told. */
	awaits('r');
	awaits('r');
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(umount(DIR), 0);
	CHECK_EQ(exit_of(server), 0);
	return 0;
}
