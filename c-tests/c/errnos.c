/*
 * errnos.c: the table of errno numbers that a kernel fills has each number at its place.
 *
 * c-test: lang=c11,c++17
 */
#include <puffs_sys.h>

#include <errno.h>

#include "check.h"

static const int table[] = PUFFS_ERRNO_TABLE;

int
main(void)
{

    CHECK_EQ(sizeof(table) / sizeof(table[0]), PUFFS_E_COUNT);
    CHECK_EQ(sizeof(((struct puffs_hooks *)0)->ph_errno), sizeof(table));
    CHECK_EQ(table[PUFFS_E_PERM], EPERM);
    CHECK_EQ(table[PUFFS_E_NOENT], ENOENT);
    CHECK_EQ(table[PUFFS_E_NXIO], ENXIO);
    CHECK_EQ(table[PUFFS_E_2BIG], E2BIG);
    CHECK_EQ(table[PUFFS_E_AGAIN], EAGAIN);
    CHECK_EQ(table[PUFFS_E_DEADLK], EDEADLK);
    CHECK_EQ(table[PUFFS_E_CANCELED], ECANCELED);
    CHECK_EQ(table[PUFFS_E_ROFS], EROFS);
    CHECK_EQ(table[PUFFS_E_INTR], EINTR);
    CHECK_EQ(table[PUFFS_E_WOKEN], EINTR);
    return 0;
}
