/*
 * dirent.h: NetBSD's struct dirent, and the calls that fill it. Streams are the C library's own.
 */
#ifndef PUFFS_COMPAT_DIRENT_H
#define PUFFS_COMPAT_DIRENT_H

#pragma GCC system_header

/* What the C library declares with its own structure is declared under names that nobody uses. */
#define dirent puffs_libc_dirent
#define readdir puffs_libc_readdir
#define readdir_r puffs_libc_readdir_r
#define scandir puffs_libc_scandir
#define scandirat puffs_libc_scandirat
#define alphasort puffs_libc_alphasort
#define versionsort puffs_libc_versionsort
#include_next <dirent.h>
#undef dirent
#undef readdir
#undef readdir_r
#undef scandir
#undef scandirat
#undef alphasort
#undef versionsort
#undef d_fileno
#undef d_ino
#undef _DIRENT_HAVE_D_OFF
#undef _D_EXACT_NAMLEN
#undef _D_ALLOC_NAMLEN
#undef MAXNAMLEN

#include <sys/cdefs.h>
#include <sys/types.h>

/* What <puffs.h> declares by another name. */
#define puffs_dirent dirent
#include <puffs_dirent.h>

#define d_ino d_fileno
#define _DIRENT_HAVE_D_NAMLEN 1
#define _DIRENT_NAMEOFF(dp) __builtin_offsetof(struct dirent, d_name)
#define MAXNAMLEN 511

__BEGIN_DECLS
struct dirent *readdir(DIR *) __asm__("puffs_compat_readdir");
int readdir_r(DIR *__restrict, struct dirent *__restrict, struct dirent **__restrict) __asm__("puffs_compat_readdir_r");
int closedir(DIR *) __asm__("puffs_compat_closedir");
int scandir(const char *, struct dirent ***, int (*)(const struct dirent *),
    int (*)(const struct dirent **, const struct dirent **)) __asm__("puffs_compat_scandir");
int alphasort(const struct dirent **, const struct dirent **) __asm__("puffs_compat_alphasort");
__END_DECLS

#endif
