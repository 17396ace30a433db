/*
 * remoted: the files of remotefs, in the memory of this process.
 *
 *	cc -o remoted remoted.c
 *	./remoted /tmp/socket
 *
 * It serves one remotefs after the other; the files stay. It knows nothing of puffs. remote.h has what is said.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#define _DEFAULT_SOURCE 1

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <endian.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "remote.h"

#define MAXSIZE (64 << 20) /* of a file */

struct node {
	LIST_ENTRY(node) n_all;
	TAILQ_ENTRY(node) n_siblings;
	TAILQ_HEAD(, node) n_children; /* in the order of their numbers */
	struct node *n_parent;         /* NULL: of the root, or its name is removed */
	char *n_name;
	uint32_t n_number;
	uint32_t n_type;
	bool n_known; /* to the client */
	uint8_t *n_data;
	size_t n_size;
};

static LIST_HEAD(, node) nodes = LIST_HEAD_INITIALIZER(nodes);
static uint32_t last;

/* The request, what of it has not been looked at, and the answer. */
static uint8_t in[REMOTE_MAXFRAME], out[REMOTE_MAXFRAME];
static const uint8_t *rest;
static size_t restlen, outlen;

static uint64_t
get(size_t bytes)
{
	uint64_t n = 0;

	for (; bytes > 0 && restlen > 0; bytes--, restlen--)
		n = n << 8 | *rest++;
	return bytes == 0 ? n : 0;
}

static void
put(uint64_t n, size_t bytes)
{
	for (; bytes > 0; bytes--)
		out[outlen++] = (uint8_t)(n >> 8 * (bytes - 1));
}

static struct node *
find(uint32_t number)
{
	struct node *np;

	LIST_FOREACH(np, &nodes, n_all)
		if (np->n_number == number)
			return np;
	return NULL;
}

/* The name is what is left of the request. */
static struct node *
find_in(struct node *dir)
{
	struct node *np;

	TAILQ_FOREACH(np, &dir->n_children, n_siblings)
		if (strlen(np->n_name) == restlen && memcmp(np->n_name, rest, restlen) == 0)
			return np;
	return NULL;
}

static struct node *
new_node(struct node *parent, uint32_t type, const char *name, size_t len)
{
	struct node *np = calloc(1, sizeof(*np));

	if (np == NULL || (np->n_name = strndup(name, len)) == NULL) {
		free(np);
		return NULL;
	}
	np->n_number = ++last;
	np->n_type = type;
	np->n_parent = parent;
	TAILQ_INIT(&np->n_children);
	LIST_INSERT_HEAD(&nodes, np, n_all);
	if (parent != NULL)
		TAILQ_INSERT_TAIL(&parent->n_children, np, n_siblings);
	return np;
}

/* Frees a node that has no name, and of which nobody knows. */
static void
release(struct node *np)
{
	if (np->n_parent != NULL || np->n_known || np->n_number == REMOTE_ROOT)
		return;
	LIST_REMOVE(np, n_all);
	free(np->n_name);
	free(np->n_data);
	free(np);
}

static int
resize(struct node *np, uint64_t size)
{
	uint8_t *data;

	if (np->n_type != REMOTE_FILE)
		return EISDIR;
	if (size > MAXSIZE)
		return EFBIG;
	if ((data = realloc(np->n_data, size > 0 ? size : 1)) == NULL)
		return ENOMEM;
	if (size > np->n_size)
		memset(data + np->n_size, 0, size - np->n_size);
	np->n_data = data;
	np->n_size = size;
	return 0;
}

static int
put_attributes(struct node *np)
{
	if (np == NULL)
		return ENOENT;
	np->n_known = true;
	put(np->n_number, 4);
	put(np->n_type, 4);
	put(np->n_size, 8);
	return 0;
}

static int
create(struct node *dir)
{
	uint32_t type = (uint32_t)get(4);
	struct node *np;

	if ((type != REMOTE_FILE && type != REMOTE_DIR) || restlen == 0)
		return EINVAL;
	if (restlen > REMOTE_NAMEMAX)
		return ENAMETOOLONG;
	if (find_in(dir) != NULL)
		return EEXIST;
	if (dir->n_parent == NULL && dir->n_number != REMOTE_ROOT)
		return ENOENT; /* it is removed itself */
	np = new_node(dir, type, (const char *)rest, restlen);
	return np == NULL ? ENOMEM : put_attributes(np);
}

static int
remove_name(struct node *dir)
{
	uint32_t number = (uint32_t)get(4);
	struct node *np = find_in(dir);

	if (np == NULL || np->n_number != number)
		return ENOENT;
	if (!TAILQ_EMPTY(&np->n_children))
		return ENOTEMPTY;
	TAILQ_REMOVE(&dir->n_children, np, n_siblings);
	np->n_parent = NULL;
	release(np);
	return 0;
}

static int
read_data(struct node *np)
{
	uint64_t off = get(8);
	size_t len = (size_t)get(4);

	if (np->n_type != REMOTE_FILE)
		return EISDIR;
	if (len > REMOTE_MAXDATA)
		return EINVAL;
	if (off >= np->n_size)
		return 0;
	if (len > np->n_size - off)
		len = np->n_size - (size_t)off;
	memcpy(out + outlen, np->n_data + off, len);
	outlen += len;
	return 0;
}

static int
write_data(struct node *np)
{
	uint64_t off = get(8);
	int error = 0;

	if (off > MAXSIZE)
		return EFBIG;
	if (off + restlen > np->n_size || np->n_type != REMOTE_FILE)
		error = resize(np, off + restlen);
	if (error == 0 && restlen > 0)
		memcpy(np->n_data + off, rest, restlen);
	return error;
}

static int
list(struct node *dir)
{
	uint32_t after = (uint32_t)get(4);
	struct node *np;

	if (dir->n_type != REMOTE_DIR)
		return ENOTDIR;
	TAILQ_FOREACH(np, &dir->n_children, n_siblings) {
		size_t len = strlen(np->n_name);

		if (np->n_number <= after)
			continue;
		if (outlen + 12 + len > sizeof(out))
			break; /* it will be asked again */
		put(np->n_number, 4);
		put(np->n_type, 4);
		put(len, 4);
		memcpy(out + outlen, np->n_name, len);
		outlen += len;
	}
	return 0;
}

static int
forget(struct node *np)
{
	np->n_known = false;
	release(np);
	return 0;
}

static int
answer(uint32_t op)
{
	struct node *np = find((uint32_t)get(4));

	if (np == NULL)
		return ESTALE;
	if ((op == REMOTE_LOOKUP || op == REMOTE_CREATE || op == REMOTE_REMOVE) && np->n_type != REMOTE_DIR)
		return ENOTDIR;
	switch (op) {
	case REMOTE_GETATTR:
		return put_attributes(np);
	case REMOTE_LOOKUP:
		return put_attributes(find_in(np));
	case REMOTE_CREATE:
		return create(np);
	case REMOTE_REMOVE:
		return remove_name(np);
	case REMOTE_READ:
		return read_data(np);
	case REMOTE_WRITE:
		return write_data(np);
	case REMOTE_TRUNCATE:
		return resize(np, get(8));
	case REMOTE_LIST:
		return list(np);
	case REMOTE_FORGET:
		return forget(np);
	default:
		return EOPNOTSUPP;
	}
}

/* All of it, or nothing that could be used. */
static bool
transfer(int fd, uint8_t *at, size_t len, bool sending)
{
	while (len > 0) {
		ssize_t n = sending ? send(fd, at, len, MSG_NOSIGNAL) : recv(fd, at, len, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void
serve(int fd)
{
	while (transfer(fd, in, REMOTE_HEADER, false)) {
		uint32_t len, id, op, error;

		rest = in, restlen = REMOTE_HEADER;
		len = (uint32_t)get(4), id = (uint32_t)get(4), op = (uint32_t)get(4);
		if (len < REMOTE_HEADER || len > sizeof(in) || !transfer(fd, in + REMOTE_HEADER, len - REMOTE_HEADER, false))
			return;
		rest = in + REMOTE_HEADER, restlen = len - REMOTE_HEADER;
		outlen = REMOTE_HEADER;
		error = (uint32_t)answer(op);
		if (id == 0)
			continue;
		len = (uint32_t)(error != 0 ? REMOTE_HEADER : outlen);
		outlen = 0;
		put(len, 4), put(id, 4), put(error, 4);
		if (!transfer(fd, out, len, true))
			return;
	}
}

int
main(int argc, char *argv[])
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct node *np, *next;
	int listener, fd;

	if (argc != 2 || strlen(argv[1]) >= sizeof(name.sun_path))
		errx(1, "usage: remoted socket");
	strcpy(name.sun_path, argv[1]);
	if ((listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    bind(listener, (struct sockaddr *)&name, sizeof(name)) == -1 || listen(listener, 1) == -1)
		err(1, "%s", argv[1]);
	if (new_node(NULL, REMOTE_DIR, "/", 1) == NULL)
		err(1, "out of memory");
	while ((fd = accept(listener, NULL, NULL)) != -1) {
		serve(fd);
		close(fd);
		/* Nobody knows anything any more. */
		for (np = LIST_FIRST(&nodes); np != NULL; np = next) {
			next = LIST_NEXT(np, n_all);
			(void)forget(np);
		}
	}
	err(1, "accept");
}
