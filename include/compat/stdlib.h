/*
 * stdlib.h: NetBSD's name of the program, which err(3) prints too, and memory for so many elements.
 */
#pragma GCC system_header
#include_next <stdlib.h>

#ifndef PUFFS_COMPAT_STDLIB_H
#define PUFFS_COMPAT_STDLIB_H

#include <sys/cdefs.h>

__BEGIN_DECLS
/* Gives the memory that the pointer at this address is of, which may be null, another size. Returns an errno value. */
int reallocarr(void *, size_t, size_t) __asm__("puffs_compat_reallocarr");
void setprogname(const char *) __asm__("puffs_compat_setprogname");
const char *getprogname(void) __asm__("puffs_compat_getprogname");
__END_DECLS

#endif
