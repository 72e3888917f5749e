/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resolve.h - endpoints that have a name instead of an address.
 *
 * A name is looked up on libuv's thread pool, so nothing waits for a name server that is not
 * there; it is looked up again when it was not found, and when it may mean something else now.
 */
#ifndef HOST_RESOLVE_H
#define HOST_RESOLVE_H

#include <uv.h>

#include "core/addr.h"
#include "core/bundle.h"

#define RESOLVE_RETRY_MS 15000
/* Addresses taken of one name. */
#define RESOLVE_ADDRESSES_MAX 4

struct resolve {
	uv_getaddrinfo_t request;
	uv_timer_t retry;
	bool busy, again;
	bool failed;		/* the last time */
	bool closed;
	char host[ENDPOINT_TEXT_MAX];
	char service[8];	/* the port, as getaddrinfo wants it */
	void *ctx;
	void (*on_found)(void *ctx, struct resolve *r, const struct addr *at);
};

/* Is this endpoint an address? Then it is in `ret`, and there is nothing to look up. */
bool endpoint_is_addr(struct addr *ret, const char *endpoint);

/*
 * Looks `endpoint` up, now and whenever resolve_again() is called. `on_found` is called for each
 * address. `r` must live until the loop has turned once more after resolve_close().
 */
int resolve_open(struct resolve *r, uv_loop_t *loop, const char *endpoint, void *ctx,
    void (*on_found)(void *ctx, struct resolve *r, const struct addr *at)) must_check;
void resolve_again(struct resolve *r);
void resolve_close(struct resolve *r);

#endif
