/*
 * remote.h: what remotefs and remoted say to each other.
 *
 * Frames in both directions, over any stream. All numbers are big endian:
 *
 *	uint32_t	length of the frame, these four bytes included
 *	uint32_t	number of the request, which its answer has too; 0 when no answer is wanted
 *	uint32_t	of a request: what is to be done; of an answer: 0 or an errno value
 *	...		what belongs to it
 *
 * A node is known by a number, which is never used for another one. What a client has heard of is kept for it, even when its
 * name is removed, until the client says that it has forgotten it.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef REMOTE_H
#define REMOTE_H

#define REMOTE_HEADER   12
#define REMOTE_MAXDATA  (128 * 1024)
#define REMOTE_MAXFRAME (REMOTE_HEADER + 64 + REMOTE_MAXDATA)
#define REMOTE_NAMEMAX  255
#define REMOTE_ROOT     1

enum remote_op {
	/* request: node; answer: node, type, uint64_t size */
	REMOTE_GETATTR = 1,
	/* request: directory, name to the end of the frame; answer: as of GETATTR */
	REMOTE_LOOKUP,
	/* request: directory, type, name to the end of the frame; answer: as of GETATTR */
	REMOTE_CREATE,
	/* request: directory, node, name to the end of the frame */
	REMOTE_REMOVE,
	/* request: node, uint64_t offset, length; answer: data to the end of the frame */
	REMOTE_READ,
	/* request: node, uint64_t offset, data to the end of the frame */
	REMOTE_WRITE,
	/* request: node, uint64_t size */
	REMOTE_TRUNCATE,
	/* request: directory, node after which to begin or 0; answer: node, type, length of name, name; and again, in order */
	REMOTE_LIST,
	/* request: node. Wants no answer. */
	REMOTE_FORGET
};

enum remote_type { REMOTE_FILE = 1, REMOTE_DIR };

#endif
