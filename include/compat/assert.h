/*
 * assert.h: NetBSD's assertions of its own libraries, which are off there.
 */
#pragma GCC system_header
#include_next <assert.h>

#ifndef _DIAGASSERT
#define _DIAGASSERT(what) ((void)0)
#endif
