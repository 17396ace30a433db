/*
 * sys/queue.h: NetBSD's walks over a list whose elements may go on the way.
 */
#pragma GCC system_header
#include_next <sys/queue.h>

#ifndef PUFFS_COMPAT_SYS_QUEUE_H
#define PUFFS_COMPAT_SYS_QUEUE_H

#define PUFFS_COMPAT_SAFE(var, first, after, next) \
	for ((var) = (first); (var) != NULL && ((next) = (after), 1); (var) = (next))
#define LIST_FOREACH_SAFE(var, head, field, next) \
	PUFFS_COMPAT_SAFE(var, LIST_FIRST(head), LIST_NEXT(var, field), next)
#define SLIST_FOREACH_SAFE(var, head, field, next) \
	PUFFS_COMPAT_SAFE(var, SLIST_FIRST(head), SLIST_NEXT(var, field), next)
#define SIMPLEQ_FOREACH_SAFE(var, head, field, next) \
	PUFFS_COMPAT_SAFE(var, SIMPLEQ_FIRST(head), SIMPLEQ_NEXT(var, field), next)
#define STAILQ_FOREACH_SAFE(var, head, field, next) \
	PUFFS_COMPAT_SAFE(var, STAILQ_FIRST(head), STAILQ_NEXT(var, field), next)
#define TAILQ_FOREACH_SAFE(var, head, field, next) \
	PUFFS_COMPAT_SAFE(var, TAILQ_FIRST(head), TAILQ_NEXT(var, field), next)
#define TAILQ_FOREACH_REVERSE_SAFE(var, head, headname, field, next) \
	PUFFS_COMPAT_SAFE(var, TAILQ_LAST(head, headname), TAILQ_PREV(var, headname, field), next)

#endif
