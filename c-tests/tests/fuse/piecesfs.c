/*
 * memfs that answers reads in pieces, for the tests, as do servers whose own protocol carries no more at once: less than was asked for, before the
 * end of the file. Nobody may take that for the end.
 */

#define _DEFAULT_SOURCE 1

/* memfs calls variant_init in its place. */
#undef puffs_init
#include <puffs.h>

#define PIECE 5000 /* not of whole pages */

static int (*read_all)(struct puffs_usermount *, puffs_cookie_t, uint8_t *, off_t, size_t *, const struct puffs_cred *, int);

static int
read_piece(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{
	size_t beyond = *resid > PIECE ? *resid - PIECE : 0;
	int error;

	*resid -= beyond;
	error = read_all(pu, opc, buf, offset, resid, pcr, ioflag);
	*resid += beyond;
	return error;
}

struct puffs_usermount *
variant_init(struct puffs_ops *ops, const char *from, const char *name, void *priv, uint32_t flags)
{

	read_all = ops->puffs_node_read;
	ops->puffs_node_read = read_piece;
	return puffs_init(ops, from, name, priv, flags);
}
