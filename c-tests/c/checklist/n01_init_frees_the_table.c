/*
 * puffs_init copies the table of operations and gives it to free: it comes from malloc, and the server must not touch it again.
 */
#include "support/frees.h"
#include "support/request.h"

int
main(void)
{
	struct puffs_msg_plain_req body = { .head = REQUEST_HEAD };
	struct puffs_msg_attr_ans ans;
	struct puffs_usermount *pu;
	struct puffs_ops *pops = few_table();
	const struct watched *table = watch(pops);

	pu = context(pops, 0);
	CHECK(table->freed);
	CHECK_EQ(request(pu, PUFFS_VN_GETATTR, ROOT, &body, sizeof(body), NULL, &ans, sizeof(ans)), 0);
	CHECK_EQ(ans.attr.vtype, VDIR);
	puffs_cancel(pu, 0);
	return 0;
}
