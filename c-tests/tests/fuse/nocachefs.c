/*
 * memfs whose files are kept out of the page cache, for the tests: every read and every write comes to the
 * server, and shared mappings are refused.
 */

#define _DEFAULT_SOURCE 1

/* memfs calls variant_init in its place. */
#undef puffs_init
#include <puffs.h>

struct puffs_usermount *
variant_init(struct puffs_ops *ops, const char *from, const char *name, void *priv, uint32_t flags)
{

	return puffs_init(ops, from, name, priv, flags | PUFFS_KFLAG_NOCACHE_PAGE);
}
