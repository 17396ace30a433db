/*
 * version.c: every form of the version, in the header and in the library.
 *
 * c-test: lang=c11,c++17 run=plain,asan,valgrind
 */
#include <puffs.h>

#include <string.h>

#include "check.h"

/* Usable by the preprocessor. */
#if PUFFS_VERSION < PUFFS_MAKE_VERSION(0, 1, 0)
#error "PUFFS_VERSION is older than the first version"
#endif
#if PUFFS_MAKE_VERSION(1, 2, 3) != 0x010203
#error "PUFFS_MAKE_VERSION"
#endif

int
main(void)
{
    char text[32];

    CHECK_EQ(puffs_version(), PUFFS_VERSION);
    CHECK_EQ(puffs_version() >> 16, PUFFS_VERSION_MAJOR);
    CHECK_EQ((puffs_version() >> 8) & 0xff, PUFFS_VERSION_MINOR);
    CHECK_EQ(puffs_version() & 0xff, PUFFS_VERSION_PATCH);

    snprintf(text, sizeof(text), "%d.%d.%d", PUFFS_VERSION_MAJOR, PUFFS_VERSION_MINOR, PUFFS_VERSION_PATCH);
    CHECK(strcmp(text, PUFFS_VERSION_STRING) == 0);

    CHECK(PUFFS_MAKE_VERSION(0, 9, 9) < PUFFS_MAKE_VERSION(1, 0, 0));
    CHECK(PUFFS_MAKE_VERSION(1, 0, 9) < PUFFS_MAKE_VERSION(1, 1, 0));
    return 0;
}
