/*
 * An operation may be left in its middle for any time. Meanwhile others run, on the same node too.
 *
 * c-test: link=shared mount=yes
 */
#include <sys/stat.h>

#include "support/mount.h"

PUFFSOP_PROTOS(slow)

#define TEXT "text"

static struct puffs_cc *left;
static int left_pipe[2], meanwhile, over;

/* A read of the first byte is left until the mode is changed. */
int
slow_node_read(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{

	(void)opc, (void)pcr, (void)ioflag;
	CHECK(*resid == 1 && offset < (off_t)strlen(TEXT));
	if (offset == 0) {
		left = puffs_cc_getcc(pu);
		CHECK_EQ(write(left_pipe[1], "", 1), 1);
		puffs_cc_yield(left);
		CHECK_EQ(meanwhile, 2);
		over++;
	} else {
		CHECK(left != NULL && over == 0);
		meanwhile++;
	}
	*buf = (uint8_t)TEXT[offset];
	*resid = 0;
	return 0;
}

int
slow_node_setattr(struct puffs_usermount *pu, puffs_cookie_t opc, const struct vattr *va, const struct puffs_cred *pcr)
{

	(void)pu, (void)opc, (void)va, (void)pcr;
	CHECK(left != NULL && over == 0);
	meanwhile++;
	puffs_cc_continue(left);
	return 0;
}

static void
use_waiting(void)
{
	int fd = open(MNT "/file", O_RDONLY);
	char byte;

	CHECK_EQ(pread(fd, &byte, 1, 0), 1);
	CHECK_EQ(byte, TEXT[0]);
}

static void
use(void)
{
	pid_t waiting = child_start(use_waiting);
	char byte;
	int fd;

	CHECK_EQ(read(left_pipe[0], &byte, 1), 1);
	CHECK((fd = open(MNT "/file", O_RDONLY)) != -1);
	CHECK_EQ(pread(fd, &byte, 1, 2), 1);
	CHECK_EQ(byte, TEXT[2]);
	CHECK_EQ(fchmod(fd, 0600), 0);
	child_end(waiting);
}

int
main(void)
{
	struct puffs_ops *pops = few_table();

	few[1] = (struct few){ "file", VREG, strlen(TEXT) };
	CHECK_EQ(pipe(left_pipe), 0);
	PUFFSOP_SET(pops, slow, node, read);
	PUFFSOP_SET(pops, slow, node, setattr);
	serve(context(pops, PUFFS_KFLAG_NOCACHE_PAGE), ROOT, use);
	CHECK_EQ(over, 1);
	return 0;
}
