/*
 * t_mount_hostile.c: a server mounts a file system and then answers garbage: more or less of what it answers is made wrong, or comes
 * late or twice. Several processes do everything to the file system meanwhile. They may be told anything; but each comes back, the
 * kernel stays up, and nothing is left. SEED= repeats what came to mind.
 */
#include "tinyfs.h"

#include <dirent.h>
#include <setjmp.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#define DIR_ "/mnt/hostile"
#define ROUNDS 8
#define CALLERS 3
#define CALLS 120
#define HELD 4

static uint64_t state;

static uint64_t
any(uint64_t below)
{

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

/* Numbers that somebody might not have thought of. */
static uint64_t
number(void)
{
	static const uint64_t odd[] = {
		0, 1, 2, 7, 255, 256, 4095, 4096, 65536, INT32_MAX, UINT32_MAX, 1ULL << 32, INT64_MAX, 1ULL << 63, UINT64_MAX,
		UINT64_MAX - 4095, 1ULL << 43, 999999999, 1000000000,
	};

	return any(4) == 0 ? state : odd[any(sizeof(odd) / sizeof(odd[0]))];
}

/*
 * The server.
 */

/* Makes something of an answer wrong. */
static void
mangle(struct puffs_req *req)
{
	uint8_t *body = req->preq_aux;
	size_t len = req->preq_auxlen != 0 ? req->preq_auxlen : 8, i;
	struct puffs_msg_node_ans *node = req->preq_aux;
	struct puffs_msg_readdir_ans *list = req->preq_aux;
	uint64_t value = number();

	switch (any(16)) {
	case 0:
		for (i = any(8) + 1; i > 0; i--)
			body[any(len)] ^= (uint8_t)(1 << any(8));
		break;
	case 1: case 2: case 3:
		memcpy(body + any(len) / 8 * 8, &value, 8);
		break;
	case 4: case 5:
		memcpy(body + any(len) / 4 * 4, &value, 4);
		break;
	case 6:
		req->preq_auxlen = any(len);
		break;
	case 7:
		req->preq_auxlen = any(4) == 0 ? (size_t)number() : len + any(TINY_MAXLEN - len);
		break;
	case 8:
		req->preq_rv = any(3) == 0 ? (int)number() : (int)any(140);
		break;
	case 9:
		for (i = 0; i < len; i++)
			body[i] = (uint8_t)any(256);
		break;
	case 10:
		/* Another node, of another type, or the root once more. */
		node->cookie = any(4) == 0 ? TINY_ROOT : TINY_ROOT + any(TINY_NODES + 9);
		break;
	case 11:
		node->vtype = (uint32_t)any(10);
		break;
	case 12:
		/* A directory without an end. */
		list->eof = 0;
		list->offset = any(2) ? list->offset : any(TINY_NODES);
		break;
	case 13:
		/* Names as they must not be. */
		if (len > sizeof(*list) + PUFFS_MSG_DIRENT_NAME + 3)
			body[sizeof(*list) + PUFFS_MSG_DIRENT_NAME + any(3)] = "/\0.\n\377"[any(5)];
		break;
	case 14:
		req->preq_optype = (uint8_t)any(256);
		break;
	case 15:
		req->preq_id = any(2) ? any(1000) : state;
		break;
	}
}

static void
let_go(int fd, struct puffs_req *held)
{

	if (held->preq_id != 0)
		(void)call(fd, PUFFSPUTOP, held);
	held->preq_id = 0;
}

/* Answers, some of it late or twice. What the device thinks of it is its own affair. */
static void
answer(int fd, struct puffs_req *req, unsigned wrong, struct puffs_req *held)
{
	struct puffs_req *slot = &held[any(HELD)], right = *req;
	void *buf;

	if (any(100) >= wrong) {
		(void)call(fd, PUFFSPUTOP, req);
		return;
	}
	switch (any(12)) {
	case 0:
		/* Later. The one that was held comes now. */
		let_go(fd, slot);
		buf = slot->preq_aux;
		*slot = *req;
		slot->preq_aux = memcpy(buf, req->preq_aux, TINY_MAXLEN);
		break;
	case 1:
		(void)call(fd, PUFFSPUTOP, req);
		(void)call(fd, PUFFSPUTOP, req);
		break;
	default:
		mangle(req);
		(void)call(fd, PUFFSPUTOP, req);
		/* It may not have found its request. */
		right.preq_rv = EIO;
		right.preq_auxlen = 0;
		(void)call(fd, PUFFSPUTOP, &right);
	}
}

static void
server_process(int fd, unsigned wrong)
{
	struct puffs_req req, held[HELD], given;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int error, i;

	memset(held, 0, sizeof(held));
	for (i = 0; i < HELD; i++)
		CHECK((held[i].preq_aux = calloc(1, TINY_MAXLEN)) != NULL);
	CHECK((req.preq_aux = calloc(1, TINY_MAXLEN)) != NULL);
	CHECK_EQ(tiny_start(fd), 0);
	for (;;) {
		/* Whoever waits for what is held is not alone for ever. */
		if (poll(&pfd, 1, 20) == 0)
			for (i = 0; i < HELD; i++)
				let_go(fd, &held[i]);
		req.preq_auxlen = TINY_MAXLEN;
		if ((error = call(fd, PUFFSGETOP, &req)) != 0)
			break;
		given = req;
		if (tiny_operation(&req))
			answer(fd, &req, wrong, held);
		else if (wrong != 0 && any(8) == 0)
			/* Nobody asked for that. */
			(void)call(fd, PUFFSPUTOP, &given);
	}
	_exit(error == ENXIO || error == ENOENT ? 0 : error);
}

/*
 * Callers.
 */

static sigjmp_buf away;

static void
no_page(int signal)
{

	siglongjmp(away, signal);
}

static const char *
path(char *to)
{
	int depth = (int)any(3) + 1, len = sprintf(to, "%s", DIR_);

	while (depth-- > 0)
		len += sprintf(to + len, "/n%u", (unsigned)any(TINY_NODES + 2));
	return to;
}

static void
read_dir(const char *name)
{
	DIR *dir = opendir(name);
	int n = 0;

	if (dir == NULL)
		return;
	while (n++ < 500 && readdir(dir) != NULL)
		if (any(100) == 0)
			seekdir(dir, (long)any(200));
	closedir(dir);
}

static void
use_file(const char *name, char *buf)
{
	int fd = open(name, (int)any(3) | O_NONBLOCK | (any(4) == 0 ? O_CREAT : 0) | (any(8) == 0 ? O_TRUNC : 0) |
	    (any(8) == 0 ? O_DIRECT : 0) | (any(8) == 0 ? O_APPEND : 0), 0644);
	struct flock lock = { .l_type = (short)any(3) };
	volatile char *map;
	int n;

	if (fd == -1)
		return;
	for (n = (int)any(6); n > 0; n--) {
		switch (any(9)) {
		case 0: case 1:
			(void)!pread(fd, buf, any(70000), (off_t)(any(4) ? any(TINY_SIZE) : number() >> 1));
			break;
		case 2: case 3:
			(void)!pwrite(fd, buf, any(70000), (off_t)(any(4) ? any(TINY_SIZE) : number() >> 1));
			break;
		case 4:
			(void)!ftruncate(fd, (off_t)any(TINY_SIZE));
			break;
		case 5:
			(void)lseek(fd, (off_t)number(), (int)any(5));
			break;
		case 6:
			(void)fsync(fd);
			break;
		case 7:
			(void)fcntl(fd, F_SETLK, &lock);
			(void)fallocate(fd, any(2) ? 0 : 3, (off_t)any(TINY_SIZE), (off_t)any(TINY_SIZE));
			break;
		case 8:
			map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, any(2) ? MAP_SHARED : MAP_PRIVATE, fd, 0);
			if (map != MAP_FAILED && sigsetjmp(away, 1) == 0) {
				buf[0] = map[any(8192)];
				map[any(8192)] = 'y';
			}
			if (map != MAP_FAILED)
				munmap((void *)map, 8192);
			break;
		}
	}
	close(fd);
}

static void
use_names(const char *name, char *buf)
{
	char other[64];

	(void)path(other);
	switch (any(16)) {
	case 0: (void)!mkdir(name, 0755); break;
	case 1: (void)!rmdir(name); break;
	case 2: (void)!unlink(name); break;
	case 3: (void)!rename(name, other); break;
	case 4: (void)!link(name, other); break;
	case 5: (void)!symlink("n3", name); break;
	case 6: (void)!readlink(name, buf, 4096); break;
	case 7: (void)!mknod(name, S_IFIFO | 0644, 0); break;
	case 8: (void)!chmod(name, 0777); break;
	case 9: (void)!chown(name, 5, 5); break;
	case 10: (void)!truncate(name, (off_t)any(TINY_SIZE)); break;
	case 11: (void)!getxattr(name, "user.x", buf, any(100)); break;
	case 12: (void)!setxattr(name, "user.x", buf, any(100), 0); break;
	case 13: (void)!listxattr(name, buf, any(4096)); break;
	case 14: (void)!removexattr(name, "user.x"); break;
	case 15: (void)!utimensat(AT_FDCWD, name, NULL, 0); break;
	}
}

static void
caller_process(void)
{
	static char buf[70000];
	struct statvfs fs;
	struct stat st;
	char name[64];
	int n;

	signal(SIGBUS, no_page);
	signal(SIGXFSZ, SIG_IGN);
	for (n = 0; n < CALLS; n++) {
		(void)path(name);
		switch (any(8)) {
		case 0: case 1:
			use_file(name, buf);
			break;
		case 2: case 3: case 4:
			use_names(name, buf);
			break;
		case 5:
			read_dir(any(2) ? name : DIR_);
			break;
		case 6:
			(void)lstat(name, &st);
			break;
		case 7:
			(void)statvfs(DIR_, &fs);
			(void)access(name, (int)any(8));
			break;
		}
	}
	_exit(0);
}

/* As long as nothing is wrong, it is a file system, and what the callers do means something. */
static void
check_right(void)
{
	static char buf[2 * TINY_SIZE];
	struct stat st;
	int fd = open(DIR_ "/n0", O_RDWR);

	CHECK(fd != -1);
	CHECK_EQ(read(fd, buf, sizeof(buf)), TINY_SIZE);
	CHECK_EQ(write(fd, buf, 5000), 5000);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(readlink(DIR_ "/n1", buf, sizeof(buf)), 2);
	CHECK_EQ(stat(DIR_ "/n2/n0", &st), 0);
	CHECK_EQ(st.st_size, TINY_SIZE);
	CHECK_EQ(getxattr(DIR_ "/n0", "user.x", buf, sizeof(buf)), 6);
	CHECK_EQ(access(DIR_ "/n64", F_OK), -1);
	CHECK_EQ(errno, ENOENT);
}

static void
round_of(int round, uint64_t seed)
{
	static const unsigned wrong[] = { 0, 5, 20, 50, 100 };
	int fd = open("/dev/puffs", O_RDWR | O_CLOEXEC), i;
	char more[64];
	pid_t server, callers[CALLERS];

	CHECK(fd != -1);
	state = seed * 1000003 + (uint64_t)round * 7919 + 1;
	/* With and without caches, and lifetimes as the server says. */
	snprintf(more, sizeof(more), ",allow_other,kflags=%#x", (unsigned)any(3) == 0 ? 0 : (unsigned)any(512));
	CHECK_EQ(tiny_mount(DIR_, tiny_options(fd, more)), 0);
	fflush(stdout);
	if ((server = fork()) == 0)
		server_process(fd, wrong[round % 5]);
	CHECK(server != -1);
	CHECK_EQ(close(fd), 0);
	if (wrong[round % 5] == 0)
		check_right();
	for (i = 0; i < CALLERS; i++) {
		(void)any(2);
		if ((callers[i] = fork()) == 0)
			caller_process();
		CHECK(callers[i] != -1);
	}
	CHECK_EQ(exit_of(callers[0]), 0);
	if (round % 2 == 0)
		CHECK_EQ(kill(server, SIGKILL), 0);
	else
		CHECK_EQ(umount2(DIR_, MNT_FORCE | MNT_DETACH), 0);
	for (i = 1; i < CALLERS; i++)
		CHECK_EQ(exit_of(callers[i]), 0);
	CHECK_EQ(exit_of(server), round % 2 == 0 ? -SIGKILL : 0);
	if (round % 2 == 0)
		CHECK_EQ(umount(DIR_), 0);
}

int
main(void)
{
	const char *word = getenv("SEED");
	uint64_t seed = word != NULL ? strtoull(word, NULL, 10) : 1;
	int round, rounds = getenv("LONG") != NULL ? 20 * ROUNDS : ROUNDS;

	printf("seed %ju\n", (uintmax_t)seed);
	for (round = 0; round < rounds; round++)
		round_of(round, seed);
	return 0;
}
