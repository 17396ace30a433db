/*
 * stdlib.h: NetBSD's name of the program, which err(3) prints too.
 */
#pragma GCC system_header
#include_next <stdlib.h>

#ifndef PUFFS_COMPAT_STDLIB_H
#define PUFFS_COMPAT_STDLIB_H

#include <sys/cdefs.h>

__BEGIN_DECLS
void setprogname(const char *) __asm__("puffs_compat_setprogname");
const char *getprogname(void) __asm__("puffs_compat_getprogname");
__END_DECLS

#endif
