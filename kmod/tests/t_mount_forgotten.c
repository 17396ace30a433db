/*
 * t_mount_forgotten.c: file handles whose node is reclaimed after the server has named it by its handle, and before that is known here: the server is
 * asked again. A handle that is too long for Linux is none.
 */
#include "tinyfs.h"

#include <puffs.h>

#define DIR "/mnt/forgotten"
/* Names of files: one whose handle is asked for, and one with a longer handle than there can be. */
#define FILE "n3"
#define LONG "n0"

/* What the server says. */
static int said[2];

static void
say(char what)
{

	CHECK_EQ(write(said[1], &what, 1), 1);
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

static bool
is_held(const struct puffs_req *req, uint8_t opclass, uint8_t optype)
{

	return PUFFSOP_OPCLASS(req->preq_opclass) == opclass && req->preq_optype == optype;
}

static void
found(int fd, struct puffs_req *req, uint64_t cookie)
{

	(void)tiny_found(req, cookie);
	check_answered(call(fd, PUFFSPUTOP, req));
}

/* Handles are cookies. */
static bool
handle(struct puffs_req *req)
{
	struct puffs_msg_data_ans *ans = req->preq_aux;
	uint64_t cookie = (uintptr_t)req->preq_cookie;

	memset(ans, 0, sizeof(*ans));
	ans->len = cookie == tiny_node(LONG, 2) ? PUFFS_MSG_HANDLE_MAX : sizeof(cookie);
	memset(ans + 1, 'h', ans->len);
	memcpy(ans + 1, &cookie, sizeof(cookie));
	return tiny_done(req, sizeof(*ans) + ans->len, 0);
}

/*
 * Serves until the mount is gone. The first lookup of the file ("l") is answered after the first question for its handle ("f") has come, and
 * before that question is. The third question waits until the node has been reclaimed ("r") and has come again. Each question that follows such a
 * one is answered by that there is no such node.
 */
static void
serve(int fd)
{
	struct puffs_req req, lookup = { .preq_id = 0 }, held = { .preq_id = 0 };
	uint64_t file = tiny_node(FILE, 2);
	const struct puffs_msg_lookup_req *name;
	unsigned lookups = 0, questions = 0, reclaims = 0;
	int error;

	CHECK_EQ(tiny_start(fd), 0);
	for (;;) {
		CHECK((req.preq_aux = malloc(TINY_MAXLEN)) != NULL);
		req.preq_auxlen = TINY_MAXLEN;
		if ((error = call(fd, PUFFSGETOP, &req)) != 0)
			break;
		if (is_held(&req, PUFFSOP_VN, PUFFS_VN_RECLAIM) && (uintptr_t)req.preq_cookie == file) {
			reclaims++;
			say('r');
		}
		name = req.preq_aux;
		if (is_held(&req, PUFFSOP_VN, PUFFS_VN_LOOKUP) && tiny_node((const char *)(name + 1), name->namelen) == file) {
			if (++lookups == 1) {
				lookup = req;
				say('l');
				continue;
			}
			found(fd, &req, file);
			if (reclaims == 2 && held.preq_id != 0) {
				found(fd, &held, file);
				held.preq_id = 0;
			}
		} else if (is_held(&req, PUFFSOP_VFS, PUFFS_VFS_VPTOFH)) {
			(void)handle(&req);
			check_answered(call(fd, PUFFSPUTOP, &req));
		} else if (is_held(&req, PUFFSOP_VFS, PUFFS_VFS_FHTOVP)) {
			say('f');
			questions++;
			if (questions == 1) {
				found(fd, &lookup, file);
				found(fd, &req, file);
			} else if (questions == 3)
				held = req;
			else {
				(void)tiny_done(&req, 0, ESTALE);
				check_answered(call(fd, PUFFSPUTOP, &req));
			}
		} else if (tiny_operation(&req))
			check_answered(call(fd, PUFFSPUTOP, &req));
	}
	_exit(error == ENXIO || error == ENOENT ? 0 : error);
}

static struct {
	struct file_handle h_handle;
	char h_bytes[MAX_HANDLE_SZ];
} of_file;

/* In a process, the file's handle leads nowhere in the end. */
static pid_t
opens(int dir)
{
	pid_t child;

	if ((child = fork()) == 0) {
		CHECK_EQ(open_by_handle_at(dir, &of_file.h_handle, O_RDONLY), -1);
		_exit(errno != ESTALE);
	}
	return child;
}

int
main(void)
{
	int fd = open("/dev/puffs", O_RDWR | O_CLOEXEC), dir, mount;
	uint64_t cookie = tiny_node(FILE, 2), other;
	pid_t server, child;
	struct stat st;
	char more[32], *at;

	CHECK(fd != -1 && pipe(said) == 0);
	/* Each walk asks. */
	snprintf(more, sizeof(more), ",kflags=%u", (unsigned)PUFFS_KFLAG_NOCACHE_NAME);
	CHECK_EQ(tiny_mount(DIR, tiny_options(fd, more)), 0);
	if ((server = fork()) == 0)
		serve(fd);
	close(fd);
	CHECK((dir = open(DIR, O_RDONLY | O_DIRECTORY)) != -1);

	of_file.h_handle.handle_bytes = 0;
	CHECK_EQ(name_to_handle_at(dir, LONG, &of_file.h_handle, &mount, 0), -1);
	CHECK_EQ(errno, EOVERFLOW);
	CHECK_EQ(of_file.h_handle.handle_bytes, 0);

	/* The handle of a file that nobody has looked up, made from another's. */
	other = tiny_node("n8", 2);
	of_file.h_handle.handle_bytes = MAX_HANDLE_SZ;
	CHECK_EQ(name_to_handle_at(dir, "n8", &of_file.h_handle, &mount, 0), 0);
	CHECK((at = memmem(of_file.h_handle.f_handle, of_file.h_handle.handle_bytes, &other, sizeof(other))) != NULL);
	memcpy(at, &cookie, sizeof(cookie));

	/* The lookup of one who was killed comes late, and its node is reclaimed at once. */
	if ((child = fork()) == 0)
		_exit(stat(DIR "/" FILE, &st) == 0);
	awaits('l');
	CHECK_EQ(kill(child, SIGKILL), 0);
	CHECK_EQ(exit_of(child), -SIGKILL);
	child = opens(dir);
	awaits('f');
	awaits('r');
	awaits('f');
	CHECK_EQ(exit_of(child), 0);

	/* The node goes, and its cookie comes again, of a file that has an inode. */
	CHECK_EQ(stat(DIR "/" FILE, &st), 0);
	child = opens(dir);
	awaits('f');
	CHECK_EQ(unlink(DIR "/" FILE), 0);
	awaits('r');
	CHECK_EQ(stat(DIR "/" FILE, &st), 0);
	awaits('f');
	CHECK_EQ(exit_of(child), 0);

	close(dir);
	CHECK_EQ(umount(DIR), 0);
	CHECK_EQ(exit_of(server), 0);
	return 0;
}
