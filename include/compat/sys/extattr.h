/*
 * sys/extattr.h: NetBSD's namespaces of extended attributes. An attribute that is not there is ENOATTR, of <errno.h>.
 */
#ifndef PUFFS_COMPAT_SYS_EXTATTR_H
#define PUFFS_COMPAT_SYS_EXTATTR_H

#include <errno.h>

#define EXTATTR_NAMESPACE_EMPTY 0
#define EXTATTR_NAMESPACE_USER 1
#define EXTATTR_NAMESPACE_SYSTEM 2
#define EXTATTR_NAMESPACE_EMPTY_STRING "empty"
#define EXTATTR_NAMESPACE_USER_STRING "user"
#define EXTATTR_NAMESPACE_SYSTEM_STRING "system"

/* Longest name. */
#define EXTATTR_MAXNAMELEN 255
/* In a list: a length of one byte before each name, instead of a NUL after it. */
#define EXTATTR_LIST_LENPREFIX 1

#endif
