/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resolve.c - endpoints that have a name instead of an address.
 */
#include "host/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

bool
endpoint_is_addr(struct addr *ret, const char *endpoint)
{
	return addr_parse(ret, endpoint, 0) == 0;
}

static struct addr
addr_of(const struct addrinfo *info)
{
	struct addr a = { 0 };

	if (info->ai_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)info->ai_addr;

		a.family = FAMILY_V4;
		a.port = ntohs(in->sin_port);
		memcpy(a.ip, &in->sin_addr, 4);
	} else if (info->ai_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)info->ai_addr;

		a.family = FAMILY_V6;
		a.port = ntohs(in6->sin6_port);
		memcpy(a.ip, &in6->sin6_addr, 16);
	}
	return a;
}

static void
on_retry(uv_timer_t *timer)
{
	resolve_again(timer->data);
}

static void
on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct resolve *r = request->data;
	int taken = 0;

	r->busy = false;
	if (r->closed) {
		uv_freeaddrinfo(found);
		return;
	}
	for (struct addrinfo *i = found; status == 0 && i; i = i->ai_next) {
		struct addr a = addr_of(i);

		if (a.family != FAMILY_NONE && taken++ < RESOLVE_ADDRESSES_MAX)
			r->on_found(r->ctx, r, &a);
	}
	uv_freeaddrinfo(found);
	r->failed = taken == 0;
	if (r->again)
		resolve_again(r);
	else if (r->failed)
		uv_timer_start(&r->retry, on_retry, RESOLVE_RETRY_MS, 0);
}

void
resolve_again(struct resolve *r)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV };

	r->again = r->busy;
	if (r->busy || r->closed)
		return;
	r->busy = uv_getaddrinfo(r->retry.loop, &r->request, on_resolved, r->host, r->service,
	    &hints) == 0;
	if (!r->busy)
		uv_timer_start(&r->retry, on_retry, RESOLVE_RETRY_MS, 0);
}

int
resolve_open(struct resolve *r, uv_loop_t *loop, const char *endpoint, void *ctx,
    void (*on_found)(void *ctx, struct resolve *r, const struct addr *at))
{
	const char *colon = strrchr(endpoint, ':');

	*r = (struct resolve){ .ctx = ctx, .on_found = on_found };
	if (!colon || (size_t)(colon - endpoint) >= sizeof(r->host) ||
	    strlen(colon + 1) >= sizeof(r->service))
		return -EINVAL;
	memcpy(r->host, endpoint, (size_t)(colon - endpoint));
	strcpy(r->service, colon + 1);
	r->request.data = r;
	r->retry.data = r;
	uv_timer_init(loop, &r->retry);
	resolve_again(r);
	return 0;
}

void
resolve_close(struct resolve *r)
{
	r->closed = true;
	uv_close((uv_handle_t *)&r->retry, NULL);
	if (r->busy)
		uv_cancel((uv_req_t *)&r->request);
}
