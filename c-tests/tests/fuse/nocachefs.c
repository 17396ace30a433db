/*
 * memfs whose files are kept out of the page cache, for the tests: every read and every write comes to the
 * server, and shared mappings are refused.
 */

#define _DEFAULT_SOURCE 1

#include <puffs.h>

#define puffs_init(ops, from, name, priv, flags)                                                   \
	(puffs_init)(ops, from, name, priv, (flags) | PUFFS_KFLAG_NOCACHE_PAGE)

#include "../../../examples/memfs.c"
