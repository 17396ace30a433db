/*
 * t_compat.c: a server of 32 bits. This program has 64, but makes its calls as such a server does, through int 0x80, with structures
 * as that has them, in the lower 4 GiB.
 */
#include "server.h"

struct req32 {
	uint64_t preq_id;
	uint8_t preq_opclass;
	uint8_t preq_optype;
	uint8_t hole[2];
	int32_t preq_rv;
	uint32_t preq_cookie;
	uint32_t preq_aux;
	uint32_t preq_auxlen;
} __attribute__((packed, aligned(4)));

struct sizeop32 {
	uint64_t pso_reqid;
	uint32_t pso_userbuf;
	uint32_t pso_bufsize;
} __attribute__((packed, aligned(4)));

struct batch32 {
	uint32_t pb_put;
	uint32_t pb_nput;
	uint32_t pb_get;
	uint32_t pb_nget;
	uint64_t pb_flags;
} __attribute__((packed, aligned(4)));

_Static_assert(sizeof(struct req32) == 28, "as a compiler of 32 bits lays it out");
_Static_assert(sizeof(struct batch32) == 24, "as a compiler of 32 bits lays it out");

#define GETOP32 _IOWR('p', 1, struct req32)
#define PUTOP32 _IOWR('p', 2, struct req32)
#define SIZEOP32 _IOWR('p', 3, struct sizeop32)
#define BATCH32 _IOWR('p', 16, struct batch32)

/* All that the server has, where it can reach it, with guards around. */
static struct memory {
	uint32_t guard0;
	struct req32 req;
	uint32_t guard1;
	struct sizeop32 so;
	uint32_t guard2;
	struct batch32 batch;
	uint32_t guard3;
	struct req32 put[2];
	struct req32 get[3];
	uint32_t guard4;
	struct puffs_startreq start;
	uint32_t guard5;
	char body[3][24000];
} *m;

#define GUARD 0x600dbabe

static int
ioctl32(int fd, unsigned cmd, uint32_t arg)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(54L), "b"((long)fd), "c"((long)cmd), "d"((long)arg)
	    : "memory", "r8", "r9", "r10", "r11");
	CHECK(m->guard0 == GUARD && m->guard1 == GUARD && m->guard2 == GUARD && m->guard3 == GUARD && m->guard4 == GUARD &&
	    m->guard5 == GUARD);
	return (int)-result;
}

static uint32_t
low(const void *ptr)
{

	CHECK((uintptr_t)ptr >> 32 == 0);
	return (uint32_t)(uintptr_t)ptr;
}

struct caller {
	int load;
	struct load_call lc;
	pthread_t thread;
};

static void *
caller_main(void *arg)
{
	struct caller *c = arg;

	CHECK_EQ(call(c->load, LOADCALL, &c->lc), 0);
	return NULL;
}

static void
send(struct caller *c, int load, enum load_form form)
{

	*c = (struct caller){ .load = load, .lc = { .lc_form = form, .lc_cookie = 0x89abcdef } };
	CHECK_EQ(pthread_create(&c->thread, NULL, caller_main, c), 0);
}

static int
result(struct caller *c)
{

	CHECK_EQ(pthread_join(c->thread, NULL), 0);
	return c->lc.lc_result;
}

static void
fetch(int fd)
{

	memset(&m->req, 0x55, sizeof(m->req));
	m->req.preq_aux = low(m->body[0]);
	m->req.preq_auxlen = sizeof(m->body[0]);
	CHECK_EQ(ioctl32(fd, GETOP32, low(&m->req)), 0);
	CHECK_EQ(m->req.preq_opclass, PUFFSOP_VN);
	CHECK_EQ(m->req.preq_rv, 0);
	CHECK_EQ(m->req.preq_cookie, 0x89abcdef);
	CHECK_EQ(m->req.preq_aux, low(m->body[0]));
}

int
main(void)
{
	struct load_msg *msg;
	struct caller callers[2];
	uint64_t seq;
	int fd, load, i;

	m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(m != MAP_FAILED);
	m->guard0 = m->guard1 = m->guard2 = m->guard3 = m->guard4 = m->guard5 = GUARD;
	msg = (struct load_msg *)m->body[0];

	mount_open(&fd, &load, 0, 0);
	CHECK_EQ(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	CHECK_EQ(ioctl32(fd, GETOP32, low(&m->req)), EAGAIN);
	CHECK_EQ(fcntl(fd, F_SETFL, O_RDWR), 0);
	CHECK_EQ(ioctl32(fd, PUFFSSTARTOP, low(&m->start)), 0);
	CHECK_EQ(ioctl32(fd, PUFFSSTARTOP, low(&m->start)), EBUSY);

	/* The command tells the structure: those of 64 bits are not this one's. */
	CHECK_EQ(ioctl32(fd, PUFFSGETOP, low(&m->req)), EINVAL);
	CHECK_EQ(ioctl32(fd, GETOP32, 0), EFAULT);
	CHECK_EQ(ioctl32(fd, GETOP32, 8), EFAULT);
	CHECK_EQ(ioctl32(fd, GETOP32, 0xfffffff0), EFAULT);
	CHECK_EQ(ioctl32(fd, PUTOP32, 0xfffffff0), EFAULT);
	CHECK_EQ(ioctl32(fd, BATCH32, 0xfffffff8), EFAULT);

	/* Too small a buffer, in 32 bits; then the answer, longer than the request. */
	send(&callers[0], load, LOAD_ADJBUF);
	m->req.preq_aux = low(m->body[0]);
	m->req.preq_auxlen = 3;
	CHECK_EQ(ioctl32(fd, GETOP32, low(&m->req)), E2BIG);
	CHECK_EQ(m->req.preq_auxlen, sizeof(*msg));
	fetch(fd);
	CHECK_EQ(m->req.preq_optype, PUFFS_VN_READ);
	seq = msg->lm_seq;
	msg->lm_seq = ~seq;
	data_fill(msg + 1, msg->lm_len, seq);
	m->req.preq_auxlen = (uint32_t)(sizeof(*msg) + msg->lm_len);
	CHECK_EQ(ioctl32(fd, PUTOP32, low(&m->req)), 0);
	CHECK_EQ(result(&callers[0]), 0);
	CHECK_EQ(ioctl32(fd, PUTOP32, low(&m->req)), EINVAL);

	/* Data beside the request. */
	send(&callers[0], load, LOAD_SIZEOP);
	fetch(fd);
	seq = msg->lm_seq;
	m->so = (struct sizeop32){ m->req.preq_id, low(m->body[1]), sizeof(m->body[1]) };
	CHECK_EQ(ioctl32(fd, SIZEOP32, low(&m->so)), 0);
	CHECK_EQ(m->so.pso_bufsize, LOAD_SIZEOP_OUT);
	CHECK(data_right(m->body[1], LOAD_SIZEOP_OUT, seq));
	data_fill(m->body[1], LOAD_SIZEOP_IN, ~seq);
	CHECK_EQ(ioctl32(fd, SIZEOP32, low(&m->so)), 0);
	CHECK_EQ(m->so.pso_bufsize, LOAD_SIZEOP_IN);
	msg->lm_seq = ~seq;
	CHECK_EQ(ioctl32(fd, PUTOP32, low(&m->req)), 0);
	CHECK_EQ(result(&callers[0]), 0);

	/* Several at a time: fetch two, answer both, and fetch what nobody wants answered. */
	for (i = 0; i < 2; i++) {
		send(&callers[i], load, LOAD_VN);
		while (stats_of(load).pms_queued != (uint64_t)i + 1)
			sched_yield();
	}
	for (i = 0; i < 3; i++) {
		m->get[i].preq_aux = low(m->body[i]);
		m->get[i].preq_auxlen = sizeof(m->body[i]);
	}
	m->batch = (struct batch32){ 0, 0, low(m->get), 3, 0 };
	CHECK_EQ(ioctl32(fd, BATCH32, low(&m->batch)), 0);
	CHECK_EQ(m->batch.pb_nget, 2);
	CHECK_EQ(m->batch.pb_get, low(m->get));
	for (i = 0; i < 2; i++) {
		m->put[i] = m->get[i];
		CHECK_EQ(m->put[i].preq_optype, PUFFS_VN_GETATTR);
		((struct load_msg *)m->body[i])->lm_seq = ~((struct load_msg *)m->body[i])->lm_seq;
	}
	m->get[0].preq_aux = low(m->body[2]);
	m->get[0].preq_auxlen = sizeof(m->body[2]);
	CHECK_EQ(call(load, LOADSHIMFAF, NULL), 0);
	m->batch = (struct batch32){ low(m->put), 2, low(m->get), 1, 0 };
	CHECK_EQ(ioctl32(fd, BATCH32, low(&m->batch)), 0);
	CHECK_EQ(m->batch.pb_nget, 1);
	CHECK_EQ(m->get[0].preq_optype, PUFFS_VN_RECLAIM);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(m->put[i].preq_id, 0);
		CHECK_EQ(m->put[i].preq_rv, 0);
		CHECK_EQ(result(&callers[i]), 0);
	}
	/* An array that ends above 4 GiB, or where nothing is. */
	m->batch = (struct batch32){ 0xffffffe0, 2, low(m->get), 1, 0 };
	CHECK_EQ(ioctl32(fd, BATCH32, low(&m->batch)), EFAULT);
	m->batch = (struct batch32){ 0, 0, 0, 1, 0 };
	CHECK_EQ(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	CHECK_EQ(ioctl32(fd, BATCH32, low(&m->batch)), EFAULT);
	m->batch = (struct batch32){ 0, 0, low(m->get), 1025, 0 };
	CHECK_EQ(ioctl32(fd, BATCH32, low(&m->batch)), EINVAL);
	CHECK_EQ(fcntl(fd, F_SETFL, O_RDWR), 0);
	m->batch = (struct batch32){ 0, 0, low(m->get), 1, PUFFS_BATCH_NOWAIT };
	CHECK_EQ(ioctl32(fd, BATCH32, low(&m->batch)), EAGAIN);
	m->batch = (struct batch32){ 0, 0, low(m->get), 1, UINT64_C(1) << 32 };
	CHECK_EQ(ioctl32(fd, BATCH32, low(&m->batch)), EINVAL);

	/* Woken: the argument means nothing. */
	CHECK_EQ(ioctl32(fd, PUFFSWAKE, 0xfffffff0), 0);
	m->batch = (struct batch32){ 0, 0, low(m->get), 1, 0 };
	CHECK_EQ(ioctl32(fd, BATCH32, low(&m->batch)), EINTR);
	check_idle(load);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(load), 0);
	return 0;
}
