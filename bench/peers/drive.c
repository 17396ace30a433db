/*
 * drive: does the same things on several mounts of the tree of tree.h, whose servers run already, and says what they cost: lines of fields
 * with tabs between them: the quantity, the job, the side, the round, the value.
 *
 *	drive check SIDE...			the servers' answers are the same, or else it fails
 *	drive times PLACE ROUNDS SIDE...	nanoseconds for each of a job's operations
 *	drive counts PLACE SIDE...		messages and context switches for each
 *	drive calls PLACE SIDE...		the server's system calls for each, by the kernel's tracing
 *	drive instructions PLACE ROUNDS SIDE...	the processor's cycles, which are instructions under QEMU's -icount shift=0
 *
 * A SIDE is NAME=DIRECTORY=COUNTS. PLACE is a word for the machine, which becomes part of the quantity's name.
 */
#include "drive.h"

#include <sched.h>
#include <time.h>

#define SIDES 8
#define ROUNDS 100
/* Operations that are counted together; they can be divided among the threads. */
#define COUNTED 60
/* A batch: so many operations at least, and so long unless those take longer. All rounds of a job: so long, if those are three. */
#define TRIED 12
#define BATCH_NS UINT64_C(20000000)
#define JOB_NS UINT64_C(1500000000)

static struct side sides[SIDES];
static unsigned nsides;

static void
side_open(struct side *s, char *arg)
{
	char *dir, *counts;

	s->s_name = strsep(&arg, "=");
	if ((dir = strsep(&arg, "=")) == NULL || (counts = strsep(&arg, "=")) == NULL)
		errx(2, "a side is NAME=DIRECTORY=COUNTS");
	snprintf(s->s_dir, sizeof(s->s_dir), "%s/dir", dir);
	snprintf(s->s_file, sizeof(s->s_file), "%s/file", dir);
	snprintf(s->s_new, sizeof(s->s_new), "%s/dir/new", dir);
	if ((s->s_counts = counts_open(counts, false)) == NULL)
		err(1, "%s", counts);
	if ((s->s_fd = open(s->s_file, O_RDWR)) == -1)
		err(1, "%s", s->s_file);
}

/* The server has done what nobody waits for, and sleeps. */
static void
settle(struct side *s)
{
	char path[32], line[400];
	const char *state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", s->s_counts->c_pid);
	do {
		sched_yield();
		if ((file = fopen(path, "r")) == NULL)
			err(1, "the server of %s", s->s_name);
		if (fgets(line, sizeof(line), file) == NULL || (state = strrchr(line, ')')) == NULL)
			errx(1, "%s", path);
		fclose(file);
	} while (state[2] != 'S');
}

static int
check(void)
{
	char *text[SIDES];
	size_t len;
	unsigned i;
	FILE *to;

	for (i = 0; i < nsides; i++) {
		if ((to = open_memstream(&text[i], &len)) == NULL)
			err(1, "no memory");
		answers(&sides[i], to);
		fclose(to);
		if (strcmp(text[0], text[i]) != 0) {
			fprintf(stderr, "%s:\n%s\nand %s:\n%s", sides[0].s_name, text[0], sides[i].s_name, text[i]);
			return 1;
		}
	}
	return 0;
}

static uint64_t
nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t
cycles(void)
{

	return __builtin_ia32_rdtsc();
}

/* How many of a job's operations are done at once: `most`, or fewer where that would take long. */
static unsigned
batch(const struct job *j, unsigned most)
{
	uint64_t begun, taken = 1;
	unsigned i;

	for (i = 0; i < nsides; i++) {
		/* The first time is not like any other. */
		job_run(j, &sides[i], j->j_threads);
		begun = nanoseconds();
		job_run(j, &sides[i], TRIED);
		taken = nanoseconds() - begun > taken ? nanoseconds() - begun : taken;
	}
	taken = BATCH_NS * TRIED / taken;
	taken = taken < TRIED ? TRIED : taken > most ? most : taken;
	return (unsigned)(taken - taken % j->j_threads);
}

/* One batch of each side, in turn, and each round another one begins. */
static void
measure(const char *quantity, uint64_t (*clock)(void), unsigned rounds)
{
	const struct job *j;
	unsigned round, i;

	for (j = jobs; j->j_name != NULL; j++) {
		unsigned count = batch(j, j->j_count);
		uint64_t started = nanoseconds();

		for (round = 0; round < rounds && (round < 3 || nanoseconds() - started < JOB_NS); round++) {
			for (i = 0; i < nsides; i++) {
				struct side *s = &sides[(round + i) % nsides];
				uint64_t begun;

				settle(s);
				begun = clock();
				job_run(j, s, count);
				printf("%s\t%s\t%s\t%u\t%.1f\n", quantity, j->j_name, s->s_name, round,
				    (double)(clock() - begun) / count);
			}
		}
	}
}

static void
print(const char *quantity, const char *where, const struct job *j, const struct side *s, unsigned long value)
{

	printf("%s.%s\t%s\t%s\t0\t%.2f\n", quantity, where, j->j_name, s->s_name, (double)value / COUNTED);
}

static void
count_messages(const char *where, const struct job *j, struct side *s)
{
	struct counts before = *s->s_counts;
	struct switches server = switches_of(s->s_counts->c_pid), caller = switches_of(getpid()), after;
	const char *comma = "";
	unsigned i;

	job_run(j, s, COUNTED);
	/* Of threads that have ended nothing is left to read. */
	if (j->j_threads == 1) {
		after = switches_of(getpid());
		print("switches-caller", where, j, s, after.voluntary - caller.voluntary + after.involuntary - caller.involuntary);
	}
	settle(s);
	after = switches_of(s->s_counts->c_pid);
	print("switches-server", where, j, s, after.voluntary - server.voluntary + after.involuntary - server.involuntary);
	printf("messages.%s\t%s\t%s\t0\t", where, j->j_name, s->s_name);
	for (i = 0; i < COUNTS_OPS; i++) {
		uint64_t n = s->s_counts->c_ops[i].co_count - before.c_ops[i].co_count;

		if (n == 0)
			continue;
		printf("%s%s %.2f", comma, s->s_counts->c_ops[i].co_name[0] != '\0' ? s->s_counts->c_ops[i].co_name : "?",
		    (double)n / COUNTED);
		comma = ", ";
	}
	printf("\n");
}

static void
count_calls(const char *where, const struct job *j, struct side *s)
{
	unsigned long before[CALLS], calls[CALLS], sum = 0;
	const char *comma = "";
	unsigned i;

	calls_of(s->s_counts->c_pid, before);
	job_run(j, s, COUNTED);
	settle(s);
	calls_of(s->s_counts->c_pid, calls);
	for (i = 0; i < CALLS; i++)
		sum += calls[i] -= before[i];
	print("calls-server", where, j, s, sum);
	printf("calls.%s\t%s\t%s\t0\t", where, j->j_name, s->s_name);
	for (i = 0; i < CALLS; i++) {
		if (calls[i] == 0)
			continue;
		printf("%s%s %.2f", comma, call_name(i), (double)calls[i] / COUNTED);
		comma = ", ";
	}
	printf("\n");
}

/* Each job on each side. */
static void
count(const char *where, void (*one)(const char *, const struct job *, struct side *))
{
	const struct job *j;
	unsigned i;

	for (j = jobs; j->j_name != NULL; j++) {
		for (i = 0; i < nsides; i++) {
			settle(&sides[i]);
			one(where, j, &sides[i]);
		}
	}
}

/* What is known beforehand: two instructions, so many times; and a copy by one instruction, which may count as several. */
static void
calibrate(void)
{
	static uint8_t from[1 << 16], to[1 << 16];
	unsigned long i = 1000000, bytes = sizeof(from), words = sizeof(from) / 8;
	void *source = from, *target = to;
	uint64_t begun;

	begun = cycles();
	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(i) : : "cc");
	printf("calibration\ta loop of 2000000 instructions\t-\t0\t%ju\n", (uintmax_t)(cycles() - begun));
	memset(from, 1, sizeof(from));
	memset(to, 1, sizeof(to));
	begun = cycles();
	__asm__ volatile("rep movsb" : "+c"(bytes), "+S"(source), "+D"(target) : : "memory");
	printf("calibration\trep movsb of 65536 bytes\t-\t0\t%ju\n", (uintmax_t)(cycles() - begun));
	source = from, target = to;
	begun = cycles();
	__asm__ volatile("rep movsq" : "+c"(words), "+S"(source), "+D"(target) : : "memory");
	printf("calibration\trep movsq of 65536 bytes\t-\t0\t%ju\n", (uintmax_t)(cycles() - begun));
}

int
main(int argc, char *argv[])
{
	const char *what, *where = "";
	char quantity[32];
	unsigned rounds = 0;

	if (argc < 2)
		errx(2, "usage: drive check|times|counts|calls|instructions ...");
	what = *++argv;
	argv++;
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (strcmp(what, "check") != 0 && *argv != NULL)
		where = *argv++;
	if ((strcmp(what, "times") == 0 || strcmp(what, "instructions") == 0) && *argv != NULL)
		rounds = (unsigned)atoi(*argv++);
	for (; *argv != NULL; argv++) {
		if (nsides == SIDES)
			errx(2, "too many sides");
		side_open(&sides[nsides++], *argv);
	}
	if (nsides == 0 || rounds > ROUNDS)
		errx(2, "no sides, or too many rounds");
	if (strcmp(what, "check") == 0)
		return check();
	snprintf(quantity, sizeof(quantity), "%s.%s", what, where);
	if (strcmp(what, "times") == 0) {
		measure(quantity, nanoseconds, rounds);
	} else if (strcmp(what, "counts") == 0) {
		count(where, count_messages);
	} else if (strcmp(what, "calls") == 0) {
		calls_count();
		count(where, count_calls);
	} else if (strcmp(what, "instructions") == 0) {
		calibrate();
		measure(quantity, cycles, rounds);
	} else {
		errx(2, "not a thing to do: %s", what);
	}
	return 0;
}
