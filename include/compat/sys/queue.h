/*
 * sys/queue.h: NetBSD's walks over a list whose elements may go on the way, and changes that the C library's has not.
 */
#pragma GCC system_header
#include_next <sys/queue.h>

#include <stddef.h>

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

#define LIST_REPLACE(old, new, field) \
	do { \
		if (((new)->field.le_next = (old)->field.le_next) != NULL) \
			(new)->field.le_next->field.le_prev = &(new)->field.le_next; \
		(new)->field.le_prev = (old)->field.le_prev; \
		*(new)->field.le_prev = (new); \
	} while (0)
#define LIST_MOVE(from, to, field) \
	do { \
		if (((to)->lh_first = (from)->lh_first) != NULL) \
			(to)->lh_first->field.le_prev = &(to)->lh_first; \
		LIST_INIT(from); \
	} while (0)
#define TAILQ_REPLACE(head, old, new, field) \
	do { \
		TAILQ_INSERT_AFTER(head, old, new, field); \
		TAILQ_REMOVE(head, old, field); \
	} while (0)
#define SLIST_REMOVE_AFTER(element, field) (SLIST_NEXT(element, field) = SLIST_NEXT(SLIST_NEXT(element, field), field))
/* The address of the element that the last pointer is in. */
#define PUFFS_COMPAT_LAST(last, type, field) ((struct type *)(void *)((char *)(last) - offsetof(struct type, field)))
#define SIMPLEQ_LAST(head, type, field) \
	(SIMPLEQ_EMPTY(head) ? NULL : PUFFS_COMPAT_LAST((head)->sqh_last, type, field))
#define STAILQ_LAST(head, type, field) \
	(STAILQ_EMPTY(head) ? NULL : PUFFS_COMPAT_LAST((head)->stqh_last, type, field))
#define SIMPLEQ_CONCAT(head, more) \
	do { \
		if (!SIMPLEQ_EMPTY(more)) { \
			*(head)->sqh_last = (more)->sqh_first; \
			(head)->sqh_last = (more)->sqh_last; \
			SIMPLEQ_INIT(more); \
		} \
	} while (0)

#endif
