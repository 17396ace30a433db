/*
 * va_nlink has 32 bits, whatever nlink_t is: servers fill attributes with ones and then let scanf write an int there.
 */
#include "support/request.h"

PUFFSOP_PROTOS(scan)

int
scan_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *va, const struct puffs_cred *pcr)
{
	void *nlink = &va->va_nlink;

	(void)few_node_getattr(pu, opc, va, pcr);
	memset(&va->va_nlink, 0xff, sizeof(va->va_nlink));
	CHECK_EQ(sscanf("7 links", "%d", (int *)nlink), 1);
	return 0;
}

int
main(void)
{
	struct puffs_msg_plain_req body = { .head = REQUEST_HEAD };
	struct puffs_msg_attr_ans ans;
	struct puffs_ops *pops = few_table();
	struct puffs_usermount *pu;
	struct vattr va;

	CHECK_EQ(sizeof(va.va_nlink), 4);
	CHECK((__typeof__(va.va_nlink))-1 > 0);
	PUFFSOP_SET(pops, scan, node, getattr);
	pu = context(pops, 0);
	CHECK_EQ(request(pu, PUFFS_VN_GETATTR, ROOT, &body, sizeof(body), NULL, &ans, sizeof(ans)), 0);
	CHECK_EQ(ans.attr.nlink, 7);
	puffs_cancel(pu, 0);
	return 0;
}
