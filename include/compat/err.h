/*
 * err.h: NetBSD's warnings with an error number that is given.
 */
#pragma GCC system_header
#include_next <err.h>

#ifndef PUFFS_COMPAT_ERR_H
#define PUFFS_COMPAT_ERR_H

#include <sys/cdefs.h>

#include <errno.h>
#include <stdarg.h>

static __inline void __printflike(2, 0)
vwarnc(int code, const char *format, va_list arguments)
{
	int kept = errno;

	errno = code;
	vwarn(format, arguments);
	errno = kept;
}

static __inline void __printflike(2, 3)
warnc(int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vwarnc(code, format, arguments);
	va_end(arguments);
}

static __inline void __dead __printflike(3, 0)
verrc(int status, int code, const char *format, va_list arguments)
{

	errno = code;
	verr(status, format, arguments);
}

static __inline void __dead __printflike(3, 4)
errc(int status, int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	verrc(status, code, format, arguments);
}

#endif
