/*
 * run.h: what the recorder and main() share, children included.
 */
#ifndef RUN_H
#define RUN_H

struct run {
	const char *r_topic;
	int r_wrong; /* results that are not what they have to be */
};
extern struct run *run;

void forget_marks(void);

#endif
