/*
 * tiny_kernel_vfs.c: a kernel whose VFS is <puffs_vfs.h>, and a server that is a small file system in memory and speaks the
 * message bodies itself. Every operation, as it should be.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#define TINY_KERNEL_OTHER_MAIN
#include "tiny_kernel.c"

#include "vfs_mount.h"
#include "vfs_server.h"
#include "vfs_operations.h"

int
main(void)
{

	boot();
	operations();
	halt();
	return 0;
}
