/*
 * memfs, or the server SERVER, that is slow now and then, for the tests: every fortieth request takes 30 ms.
 */

#define _DEFAULT_SOURCE 1

#include <time.h>

/* memfs calls variant_init in its place. */
#undef puffs_init
#include <puffs.h>

static void
take_time(struct puffs_usermount *pu)
{
	static unsigned requests;
	struct timespec left = {0, 30000000};

	(void)pu;
	if (++requests % 40 == 0)
		while (nanosleep(&left, &left) == -1)
			continue;
}

struct puffs_usermount *
variant_init(struct puffs_ops *ops, const char *from, const char *name, void *priv, uint32_t flags)
{
	struct puffs_usermount *pu = puffs_init(ops, from, name, priv, flags);

	if (pu != NULL)
		puffs_set_prepost(pu, take_time, NULL);
	return pu;
}
