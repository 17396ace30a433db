/*
 * sys/time.h: NetBSD's arithmetic on struct timespec.
 */
#pragma GCC system_header
#include_next <sys/time.h>

#ifndef PUFFS_COMPAT_SYS_TIME_H
#define PUFFS_COMPAT_SYS_TIME_H

#include <time.h>

#define timespecclear(ts) ((ts)->tv_sec = (time_t)((ts)->tv_nsec = 0L))
#define timespecisset(ts) ((ts)->tv_sec != 0 || (ts)->tv_nsec != 0)
#define timespeccmp(a, b, op) \
	((a)->tv_sec == (b)->tv_sec ? (a)->tv_nsec op (b)->tv_nsec : (a)->tv_sec op (b)->tv_sec)
#define timespecadd(a, b, sum) \
	do { \
		(sum)->tv_sec = (a)->tv_sec + (b)->tv_sec; \
		(sum)->tv_nsec = (a)->tv_nsec + (b)->tv_nsec; \
		if ((sum)->tv_nsec >= 1000000000L) { \
			(sum)->tv_sec++; \
			(sum)->tv_nsec -= 1000000000L; \
		} \
	} while (0)
#define timespecsub(a, b, rest) \
	do { \
		(rest)->tv_sec = (a)->tv_sec - (b)->tv_sec; \
		(rest)->tv_nsec = (a)->tv_nsec - (b)->tv_nsec; \
		if ((rest)->tv_nsec < 0) { \
			(rest)->tv_sec--; \
			(rest)->tv_nsec += 1000000000L; \
		} \
	} while (0)

#endif
