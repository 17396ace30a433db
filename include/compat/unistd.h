/*
 * unistd.h: NetBSD's <unistd.h> has setgroups and its like, which here are in <grp.h>, and writes modes as ls(1) does.
 */
#pragma GCC system_header
#include_next <unistd.h>

#ifndef PUFFS_COMPAT_UNISTD_H
#define PUFFS_COMPAT_UNISTD_H

#include <sys/cdefs.h>
#include <sys/types.h>

#include <grp.h>

__BEGIN_DECLS
/* To 12 bytes: eleven letters and a NUL. */
void strmode(mode_t, char *) __asm__("puffs_compat_strmode");
__END_DECLS

#endif
