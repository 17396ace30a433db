/*
 * util.h: of NetBSD's libutil the functions that end the program when they fail.
 */
#ifndef PUFFS_COMPAT_UTIL_H
#define PUFFS_COMPAT_UTIL_H

#include <sys/cdefs.h>
#include <sys/types.h>

#include <stdarg.h>
#include <stdio.h>

__BEGIN_DECLS
void *emalloc(size_t) __asm__("puffs_compat_emalloc");
void *ecalloc(size_t, size_t) __asm__("puffs_compat_ecalloc");
void *erealloc(void *, size_t) __asm__("puffs_compat_erealloc");
char *estrdup(const char *) __asm__("puffs_compat_estrdup");
char *estrndup(const char *, size_t) __asm__("puffs_compat_estrndup");
size_t estrlcpy(char *, const char *, size_t) __asm__("puffs_compat_estrlcpy");
size_t estrlcat(char *, const char *, size_t) __asm__("puffs_compat_estrlcat");
FILE *efopen(const char *, const char *) __asm__("puffs_compat_efopen");
/* Sets what is called instead of err(3), and returns what was. */
void (*esetfunc(void (*)(int, const char *, ...)))(int, const char *, ...) __asm__("puffs_compat_esetfunc");
/* Calls that, with words. */
void puffs_compat_efail(const char *);
__END_DECLS

static __inline int __printflike(2, 0)
evasprintf(char **__restrict to, const char *__restrict format, va_list arguments)
{
	int length = vasprintf(to, format, arguments);

	if (length == -1)
		puffs_compat_efail("Cannot format string");
	return length;
}

static __inline int __printflike(2, 3)
easprintf(char **__restrict to, const char *__restrict format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = evasprintf(to, format, arguments);
	va_end(arguments);
	return length;
}

#endif
