/*
 * memory.c: includes and needs of a file system in memory: limits, device numbers, the alarm clock, memory or death.
 */
#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <mntopts.h>
#include <paths.h>
#include <puffs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <util.h>

PUFFSOP_PROTOS(memory);

struct page {
	LIST_ENTRY(page) p_list;
	quad_t p_size;
};
static LIST_HEAD(, page) pages;

int
memory_node_pathconf(struct puffs_usermount *pu, puffs_cookie_t opc, int name, register_t *retval)
{

	(void)pu, (void)opc;
	switch (name) {
	case _PC_LINK_MAX:
		*retval = LINK_MAX;
		return 0;
	case _PC_NAME_MAX:
		*retval = NAME_MAX;
		return 0;
	case _PC_PATH_MAX:
		*retval = PATH_MAX;
		return 0;
	case _PC_PIPE_BUF:
		*retval = PIPE_BUF;
		return 0;
	case _PC_2_SYMLINKS:
		*retval = 1;
		return 0;
	default:
		return EINVAL;
	}
}

int
memory_node_mmap(struct puffs_usermount *pu, puffs_cookie_t opc, vm_prot_t prot, const struct puffs_cred *pcr)
{

	(void)pu, (void)opc, (void)pcr;
	return (prot & ~VM_PROT_ALL) != 0 ? EACCES : 0;
}

static void
speciality(void)
{
	struct itimerval it;
	struct timeval tv;
	struct timespec ts;
	struct page *pp = emalloc(sizeof(*pp)), *found;
	char type[_VFS_NAMELEN], *name;
	fsfilcnt_t left = 10;
	register_t most;
	dev_t dev;

	memset(&it, 0, sizeof(it));
	if (setitimer(ITIMER_REAL, &it, NULL) == -1)
		err(1, "setitimer");
	gettimeofday(&tv, NULL);
	TIMEVAL_TO_TIMESPEC(&tv, &ts);
	dev = makedev(1, 2);
	pp->p_size = MIN((quad_t)left, (quad_t)3);
	LIST_INSERT_HEAD(&pages, pp, p_list);
	LIST_FOREACH(found, &pages, p_list)
		if (found->p_size != 3)
			errx(1, "size");
	pp = erealloc(pp, 2 * sizeof(*pp));
	free(pp);
	name = estrndup("memoryfs", 6);
	if (strlcpy(type, name, sizeof(type)) >= sizeof(type) || strcmp(type, "memory") != 0)
		errx(1, "type");
	free(name);
	if (memory_node_pathconf(NULL, NULL, _PC_LINK_MAX, &most) != 0 || most < 1000 || dev == 0 || ts.tv_sec == 0)
		errx(1, "pathconf");
	if (strcmp(_PATH_PUFFS, "/dev/puffs") != 0 || memory_node_mmap(NULL, NULL, VM_PROT_ALL, NULL) != 0)
		errx(1, "numbers");
}

#define OPTSTRING "bc:dfilm:n:o:p:r:st"
#include "parse.h"
