/*
 * memfs, or the server SERVER, that lets other requests go first, for the tests: each operation yields some times before it begins.
 */

#define _DEFAULT_SOURCE 1

/* memfs calls variant_init in its place. */
#undef puffs_init
#include <puffs.h>

static void
let_others(struct puffs_usermount *pu)
{
	static unsigned requests;
	struct puffs_cc *cc = puffs_cc_getcc(pu);
	unsigned times;

	for (times = requests++ % 4; times > 0; times--) {
		puffs_cc_schedule(cc);
		puffs_cc_yield(cc);
	}
}

struct puffs_usermount *
variant_init(struct puffs_ops *ops, const char *from, const char *name, void *priv, uint32_t flags)
{
	struct puffs_usermount *pu = puffs_init(ops, from, name, priv, flags);

	if (pu != NULL)
		puffs_set_prepost(pu, let_others, NULL);
	return pu;
}
