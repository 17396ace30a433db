/*
 * request.h: requests that the program makes itself and lets the library execute.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <puffs_msgif.h>

#include "server.h"

#define REQUEST_HEAD { .version = PUFFS_MSG_VERSION, .cred = PUFFS_MSG_CRED_KERNEL }

/* A request's parts in a buffer; `tail` may be NULL. */
static inline struct puffs_framebuf *
request_make(uint8_t optype, void *cookie, const void *body, size_t len, const char *tail)
{
	struct puffs_req req = { .preq_opclass = PUFFSOP_VN, .preq_optype = optype, .preq_cookie = cookie };
	struct puffs_framebuf *fb = puffs_framebuf_make();

	CHECK(fb != NULL);
	CHECK_EQ(puffs_framebuf_putdata(fb, &req, sizeof(req)), 0);
	CHECK_EQ(puffs_framebuf_putdata(fb, body, len), 0);
	if (tail != NULL)
		CHECK_EQ(puffs_framebuf_putdata(fb, tail, strlen(tail)), 0);
	return fb;
}

/* Executes a request that is not left in its middle. The result is the operation's; with 0 the answer is in `ans`, unless NULL. */
static inline int
request(struct puffs_usermount *pu, uint8_t optype, void *cookie, const void *body, size_t len, const char *tail, void *ans,
    size_t anslen)
{
	struct puffs_framebuf *fb = request_make(optype, cookie, body, len, tail);
	struct puffs_cc *pcc;
	struct puffs_req req;

	CHECK_EQ(puffs_dispatch_create(pu, fb, &pcc), 0);
	CHECK_EQ(puffs_dispatch_exec(pcc, &fb), 1);
	CHECK_EQ(puffs_framebuf_getdata(fb, &req, sizeof(req)), 0);
	if (req.preq_rv == 0 && ans != NULL)
		CHECK_EQ(puffs_framebuf_getdata(fb, ans, anslen), 0);
	puffs_framebuf_destroy(fb);
	return req.preq_rv;
}

/* Looks up, for the purpose `nameiop`; the cookie is in `cookie`, unless NULL. */
static inline int
request_lookup(struct puffs_usermount *pu, void *dir, const char *name, uint32_t nameiop, void **cookie)
{
	struct puffs_msg_lookup_req body = { .head = REQUEST_HEAD, .nameiop = nameiop, .flags = PUFFS_MSG_NAMEI_ISLASTCN,
	    .namelen = (uint32_t)strlen(name) };
	struct puffs_msg_node_ans ans;
	int rv = request(pu, PUFFS_VN_LOOKUP, dir, &body, sizeof(body), name, &ans, sizeof(ans));

	if (rv == 0 && cookie != NULL)
		*cookie = (void *)(uintptr_t)ans.cookie;
	return rv;
}

/* REMOVE, RMDIR or LINK. */
static inline int
request_name(struct puffs_usermount *pu, uint8_t optype, void *dir, void *target, const char *name)
{
	struct puffs_msg_name_req body = { .head = REQUEST_HEAD, .target = (uintptr_t)target, .namelen = (uint32_t)strlen(name) };

	return request(pu, optype, dir, &body, sizeof(body), name, NULL, 0);
}

/* Renames within a directory, to a name that is free. */
static inline int
request_rename(struct puffs_usermount *pu, void *dir, void *source, const char *from, const char *to)
{
	struct puffs_msg_rename_req body = { .head = REQUEST_HEAD, .source = (uintptr_t)source, .target_dir = (uintptr_t)dir,
	    .namelen = (uint32_t)strlen(from), .target_namelen = (uint32_t)strlen(to) };
	char names[64];

	CHECK(snprintf(names, sizeof(names), "%s%s", from, to) < (int)sizeof(names));
	return request(pu, PUFFS_VN_RENAME, dir, &body, sizeof(body), names, NULL, 0);
}

/* RECLAIM: the other side has got the cookie so often. */
static inline void
request_reclaim(struct puffs_usermount *pu, void *cookie, uint32_t nlookup)
{
	struct puffs_msg_reclaim_req body = { .head = REQUEST_HEAD, .nlookup = nlookup };

	CHECK_EQ(request(pu, PUFFS_VN_RECLAIM, cookie, &body, sizeof(body), NULL, NULL, 0), 0);
}

/* A node of a server whose paths the library keeps. */
static inline struct puffs_node *
path_node(struct puffs_usermount *pu, const char *path, enum vtype type)
{
	struct puffs_node *pn = puffs_pn_new(pu, NULL);

	CHECK(pn != NULL && (PNPATH(pn) = strdup(path)) != NULL);
	PNPLEN(pn) = strlen(path);
	if (type != VNON)
		pn->pn_va.va_type = type;
	return pn;
}

#endif
