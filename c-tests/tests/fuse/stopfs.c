/*
 * memfs, or the server SERVER, that stops itself, for the tests: SIGUSR1 makes the next request the one in whose middle it is.
 */

#define _DEFAULT_SOURCE 1

#include <signal.h>
#include <unistd.h>

/* memfs calls variant_init in its place. */
#undef puffs_init
#include <puffs.h>

static volatile sig_atomic_t armed;

static void
arm(int sig)
{
	static const char text[] = "armed\n";

	(void)sig;
	armed = 1;
	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
}

static void
stop_once(struct puffs_usermount *pu)
{
	(void)pu;
	if (armed) {
		armed = 0;
		raise(SIGSTOP);
	}
}

struct puffs_usermount *
variant_init(struct puffs_ops *ops, const char *from, const char *name, void *priv, uint32_t flags)
{
	struct puffs_usermount *pu = puffs_init(ops, from, name, priv, flags);
	struct sigaction sa = {.sa_handler = arm, .sa_flags = SA_RESTART};

	if (pu != NULL) {
		puffs_set_prepost(pu, stop_once, NULL);
		sigaction(SIGUSR1, &sa, NULL);
	}
	return pu;
}
