/*
 * puffs_init copies the table of operations and gives it to free: it comes from malloc, and the server must not touch it again.
 */
#include "support/request.h"

static const void *table;
static int freed;

/* glibc's own, by the name that stays when a program has another. */
void __libc_free(void *);

/* Counts the table's end, and leaves nothing of it to whoever would still use it. */
void
free(void *memory)
{

	if (memory != NULL && memory == table) {
		memset(memory, 0xff, sizeof(struct puffs_ops));
		freed++;
	}
	__libc_free(memory);
}

int
main(void)
{
	struct puffs_msg_plain_req body = { .head = REQUEST_HEAD };
	struct puffs_msg_attr_ans ans;
	struct puffs_usermount *pu;
	struct puffs_ops *pops = few_table();

	table = pops;
	pu = context(pops, 0);
	CHECK_EQ(freed, 1);
	CHECK_EQ(request(pu, PUFFS_VN_GETATTR, ROOT, &body, sizeof(body), NULL, &ans, sizeof(ans)), 0);
	CHECK_EQ(ans.attr.vtype, VDIR);
	table = NULL;
	puffs_cancel(pu, 0);
	return 0;
}
