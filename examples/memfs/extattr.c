/*
 * extattr.c: extended attributes: a list. Few files have more than two or three.
 */
#include "memfs.h"

#include <errno.h>
#include <string.h>

static struct attribute *
attribute_find(const struct puffs_node *pn, int ns, const char *name)
{
	struct attribute *a;

	TAILQ_FOREACH (a, &MEM(pn)->m_attributes, a_order)
		if (a->a_ns == ns && strcmp(a->a_name, name) == 0)
			break;
	return a;
}

static char *
attribute_value(struct attribute *a)
{
	return a->a_name + a->a_namelen + 1;
}

void
attribute_free(struct memfs *fs, struct puffs_node *pn, struct attribute *a)
{
	TAILQ_REMOVE(&MEM(pn)->m_attributes, a, a_order);
	mem_free(fs, a, sizeof(*a) + a->a_namelen + 1 + a->a_size);
}

/*
 * Extended attributes. Those of users go with the permission to read and write the file. Those of
 * the system come with Linux's prefix, and are root's to change. There are no access control lists
 * ("system."), since we would have to obey them.
 */
static int
may_attribute(const struct puffs_node *pn, int ns, const char *name, int mode,
    const struct puffs_cred *pcr)
{
	const struct vattr *va = &pn->pn_va;

	if (ns == EXTATTR_NAMESPACE_USER)
		return puffs_access(
		    va->va_type, va->va_mode, va->va_uid, va->va_gid, (mode_t)mode, pcr);
	if (ns != EXTATTR_NAMESPACE_SYSTEM ||
	    (strncmp(name, "trusted.", 8) != 0 && strncmp(name, "security.", 9) != 0))
		return EOPNOTSUPP;
	return mode == PUFFS_VREAD || puffs_cred_isjuggernaut(pcr) ? 0 : EPERM;
}

/* Without a buffer only the size is wanted, and attrsize may be NULL as well. */
int
memfs_node_getextattr(struct puffs_usermount *pu, puffs_cookie_t opc, int ns, const char *name,
    size_t *attrsize, uint8_t *data, size_t *resid, const struct puffs_cred *pcr)
{
	struct attribute *a;
	int error;

	begin(pu, OP_getextattr);
	if ((error = may_attribute(opc, ns, name, PUFFS_VREAD, pcr)) != 0)
		return error;
	if ((a = attribute_find(opc, ns, name)) == NULL)
		return ENODATA;
	if (attrsize != NULL)
		*attrsize = a->a_size;
	if (data == NULL)
		return 0;
	if (*resid < a->a_size)
		return ERANGE;
	memcpy(data, attribute_value(a), a->a_size);
	*resid -= a->a_size;
	return 0;
}

int
memfs_node_setextattr(struct puffs_usermount *pu, puffs_cookie_t opc, int ns, const char *name,
    uint8_t *data, size_t *resid, const struct puffs_cred *pcr)
{
	struct memfs *fs = begin(pu, OP_setextattr);
	struct puffs_node *pn = opc;
	size_t namelen = strlen(name), size = data != NULL ? *resid : 0;
	struct attribute *a, *old;
	int error;

	if ((error = may_attribute(pn, ns, name, PUFFS_VWRITE, pcr)) != 0)
		return error;
	if (namelen == 0 || namelen > MEMFS_NAMEMAX)
		return namelen == 0 ? EINVAL : ERANGE;
	if ((a = mem_alloc(fs, sizeof(*a) + namelen + 1 + size)) == NULL)
		return ENOSPC;
	a->a_ns = ns;
	a->a_namelen = namelen;
	a->a_size = size;
	memcpy(a->a_name, name, namelen);
	if (size > 0) {
		memcpy(attribute_value(a), data, size);
		*resid = 0;
	}
	if ((old = attribute_find(pn, ns, name)) != NULL)
		attribute_free(fs, pn, old);
	TAILQ_INSERT_TAIL(&MEM(pn)->m_attributes, a, a_order);
	pn->pn_va.va_ctime = now();
	return 0;
}

/* Names one after the other, each with a NUL behind it or, if so wished, its length before it. */
int
memfs_node_listextattr(struct puffs_usermount *pu, puffs_cookie_t opc, int ns, size_t *attrssize,
    uint8_t *data, size_t *resid, int flag, const struct puffs_cred *pcr)
{
	bool prefix = (flag & PUFFS_EXTATTR_LIST_LENPREFIX) != 0;
	struct puffs_node *pn = opc;
	struct attribute *a;
	size_t total = 0;

	(void)pcr;
	begin(pu, OP_listextattr);
	TAILQ_FOREACH (a, &MEM(pn)->m_attributes, a_order)
		if (a->a_ns == ns)
			total += a->a_namelen + 1;
	if (attrssize != NULL)
		*attrssize = total;
	if (data == NULL)
		return 0;
	if (*resid < total)
		return ERANGE;
	TAILQ_FOREACH (a, &MEM(pn)->m_attributes, a_order) {
		if (a->a_ns != ns)
			continue;
		if (prefix)
			*data = (uint8_t)a->a_namelen;
		memcpy(data + prefix, a->a_name, a->a_namelen + !prefix);
		data += a->a_namelen + 1;
	}
	*resid -= total;
	return 0;
}

int
memfs_node_deleteextattr(struct puffs_usermount *pu, puffs_cookie_t opc, int ns, const char *name,
    const struct puffs_cred *pcr)
{
	struct memfs *fs = begin(pu, OP_deleteextattr);
	struct puffs_node *pn = opc;
	struct attribute *a;
	int error;

	if ((error = may_attribute(pn, ns, name, PUFFS_VWRITE, pcr)) != 0)
		return error;
	if ((a = attribute_find(pn, ns, name)) == NULL)
		return ENODATA;
	attribute_free(fs, pn, a);
	pn->pn_va.va_ctime = now();
	return 0;
}
