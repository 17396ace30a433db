/*
 * memfs whose requests have no stacks of their own (puffs_fakecc). The first tries to yield, which it is told it cannot.
 */

#define _DEFAULT_SOURCE 1

/* memfs calls variant_init in its place. */
#undef puffs_init
#include <puffs.h>

static void
try_to_yield(struct puffs_usermount *pu)
{
	static bool tried;

	if (!tried)
		puffs_cc_yield(puffs_cc_getcc(pu));
	tried = true;
}

struct puffs_usermount *
variant_init(struct puffs_ops *ops, const char *from, const char *name, void *priv, uint32_t flags)
{
	struct puffs_usermount *pu;

	puffs_fakecc = 1;
	if ((pu = puffs_init(ops, from, name, priv, flags)) != NULL)
		puffs_set_prepost(pu, try_to_yield, NULL);
	return pu;
}
