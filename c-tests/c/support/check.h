/*
 * check.h: what the programs of c-tests check with. A failed check prints its place and values and ends the program.
 */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The condition holds. */
#define CHECK(condition) \
    ((condition) ? (void)0 : (void)check_failed(__FILE__, __LINE__, #condition))

/* Two integers, of whatever type, are equal. */
#define CHECK_EQ(left, right) \
    check_equal(__FILE__, __LINE__, #left, (intmax_t)(left), #right, (intmax_t)(right))

static inline int
check_failed(const char *file, int line, const char *what)
{

    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    exit(1);
}

static inline void
check_equal(const char *file, int line, const char *left, intmax_t l, const char *right, intmax_t r)
{

    if (l == r)
        return;
    fprintf(stderr, "%s:%d: %s is %jd, and %s is %jd\n", file, line, left, l, right, r);
    exit(1);
}

#endif
