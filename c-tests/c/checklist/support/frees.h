/*
 * frees.h: sees memory being freed, by standing in free's place, whoever calls it.
 */
#ifndef FREES_H
#define FREES_H

#include <malloc.h>
#include <stddef.h>
#include <string.h>

#include "../../support/check.h"

/* What is watched, until it is freed: an address within it. */
static struct watched {
	const char *at;
	int freed;
} watched[8];

/* Watches memory, and says how that goes. */
static inline const struct watched *
watch(const void *at)
{
	struct watched *w = watched;

	while (w->at != NULL || w->freed)
		CHECK(++w < watched + sizeof(watched) / sizeof(watched[0]));
	w->at = at;
	return w;
}

/* glibc's own, by the name that stays when a program has another. */
void __libc_free(void *);

/* Nothing of what is watched is left to whoever would still use it. */
void
free(void *memory)
{
	size_t size = memory == NULL ? 0 : malloc_usable_size(memory);
	struct watched *w;

	for (w = watched; w < watched + sizeof(watched) / sizeof(watched[0]); w++) {
		if (w->at == NULL || w->at < (char *)memory || w->at >= (char *)memory + size)
			continue;
		w->at = NULL;
		w->freed = 1;
		memset(memory, 0xff, size);
	}
	__libc_free(memory);
}

#endif
