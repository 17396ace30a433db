/*
 * server.h: what the programs of the checklist have in common: a server's table, and a directory with a few files.
 */
#ifndef SERVER_H
#define SERVER_H

#include <puffs.h>

#include <errno.h>
#include <string.h>

#include "../../support/check.h"

PUFFSOP_PROTOS(few)

/* A table with the operations on the whole file system, which do nothing, and none on nodes. */
static inline struct puffs_ops *
bare_table(void)
{
	struct puffs_ops *pops;

	PUFFSOP_INIT(pops);
	CHECK(pops != NULL);
	PUFFSOP_SETFSNOP(pops, unmount);
	PUFFSOP_SETFSNOP(pops, sync);
	PUFFSOP_SETFSNOP(pops, statvfs);
	return pops;
}

/* A context of the server with this table. */
static inline struct puffs_usermount *
context(struct puffs_ops *pops, uint32_t flags)
{
	struct puffs_usermount *pu = puffs_init(pops, "checklist", "checklist", NULL, flags);

	CHECK(pu != NULL);
	return pu;
}

/* The root directory, and the files in it that have names. Their addresses are the cookies. */
struct few {
	const char *name;
	enum vtype type;
	uint64_t size;
};

static struct few few[8] = { { "", VDIR, 0 } };
#define ROOT (&few[0])

/* A file of the directory, by its name. */
static inline struct few *
few_named(const char *name)
{
	size_t i;

	for (i = 1; i < sizeof(few) / sizeof(few[0]); i++)
		if (few[i].name != NULL && strcmp(few[i].name, name) == 0)
			return &few[i];
	return NULL;
}

int
few_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{
	struct few *file = few_named(pcn->pcn_name);

	(void)pu;
	CHECK(dir == ROOT);
	if (file == NULL)
		return ENOENT;
	puffs_newinfo_setcookie(pni, file);
	puffs_newinfo_setvtype(pni, file->type);
	puffs_newinfo_setsize(pni, (off_t)file->size);
	return 0;
}

int
few_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *va, const struct puffs_cred *pcr)
{
	struct few *file = opc;

	(void)pu, (void)pcr;
	puffs_vattr_null(va);
	va->va_type = file->type;
	va->va_mode = file->type == VDIR ? 0755 : 0644;
	va->va_nlink = file->type == VDIR ? 2 : 1;
	va->va_uid = va->va_gid = 0;
	va->va_fileid = (ino_t)(file - few + 2);
	va->va_size = va->va_bytes = file->size;
	return 0;
}

/* The table of a server of that directory. */
static inline struct puffs_ops *
few_table(void)
{
	struct puffs_ops *pops = bare_table();

	PUFFSOP_SET(pops, few, node, lookup);
	PUFFSOP_SET(pops, few, node, getattr);
	return pops;
}

#endif
