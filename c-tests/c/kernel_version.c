/*
 * kernel_version.c: the kernel library links into a program that brings nothing but the C library.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind
 */
#include <puffs_sys.h>

#include "check.h"

int
main(void)
{

    CHECK_EQ(puffs_version(), PUFFS_VERSION);
    return 0;
}
