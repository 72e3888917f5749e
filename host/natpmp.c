/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * natpmp.c - NAT-PMP (RFC 6886), by libnatpmp: the router's address, then a port of it.
 */
#include "host/natpmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "host/loop.h"

static in_addr_t
in_addr_of(struct ip ip)
{
	in_addr_t a;

	memcpy(&a, ip.b, sizeof(a));
	return a;
}

static void
finish(struct natpmp *n, const struct natpmp_answer *answer)
{
	natpmp_stop(n);
	n->on_answer(n->ctx, answer);
}

/* An answer to the question of the stage that we are in. */
static void
take(struct natpmp *n, const natpmpresp_t *r)
{
	struct natpmp_answer answer = { .external = n->at, .epoch = r->epoch };

	if (n->stage == NATPMP_ADDRESS && r->type == NATPMP_RESPTYPE_PUBLICADDRESS) {
		n->at = addr_from_ip(ip_v4((const uint8_t *)&r->pnu.publicaddress.addr), 0);
		n->stage = NATPMP_MAP;
		if (sendnewportmappingrequest(&n->lib, NATPMP_PROTOCOL_UDP, n->internal,
			n->external, n->lifetime) < 0)
			finish(n, NULL);
	} else if (n->stage == NATPMP_MAP && r->type == NATPMP_RESPTYPE_UDPPORTMAPPING &&
	    r->pnu.newportmapping.privateport == n->internal) {
		answer.external.port = r->pnu.newportmapping.mappedpublicport;
		answer.lifetime = r->pnu.newportmapping.lifetime;
		finish(n, &answer);
	}
}

void
natpmp_tick(struct natpmp *n)
{
	while (n->stage != NATPMP_IDLE) {
		natpmpresp_t r;
		int rc = readnatpmpresponseorretry(&n->lib, &r);

		if (rc == NATPMP_TRYAGAIN || rc == NATPMP_ERR_WRONGPACKETSOURCE)
			return;
		if (rc < 0) {
			finish(n, NULL);
			return;
		}
		take(n, &r);
		/* An answer to another question used up the library's request: it stays unanswered. */
		if (n->stage != NATPMP_IDLE && !n->lib.has_pending_request) {
			finish(n, NULL);
			return;
		}
	}
}

static void
on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	natpmp_tick(poll->data);
}

int
natpmp_ask(struct natpmp *n, uv_loop_t *loop, struct ip gateway, uint16_t internal,
    uint16_t external, uint32_t lifetime, void *ctx,
    void (*on_answer)(void *ctx, const struct natpmp_answer *answer))
{
	int rc;

	natpmp_stop(n);
	n->poll = malloc(sizeof(*n->poll));
	if (!n->poll)
		return -ENOMEM;
	rc = initnatpmp(&n->lib, 1, in_addr_of(gateway)) < 0
	    ? -EIO : uv_poll_init(loop, n->poll, n->lib.s);
	if (rc < 0) {
		closenatpmp(&n->lib);
		free(n->poll);
		return rc;
	}
	n->poll->data = n;
	n->stage = NATPMP_ADDRESS;
	n->internal = internal;
	n->external = external;
	n->lifetime = lifetime;
	n->ctx = ctx;
	n->on_answer = on_answer;
	rc = uv_poll_start(n->poll, UV_READABLE, on_readable);
	if (rc == 0 && sendpublicaddressrequest(&n->lib) < 0)
		rc = -EIO;
	if (rc < 0)
		natpmp_stop(n);
	return rc;
}

usec_t
natpmp_due(const struct natpmp *n)
{
	struct timeval left;
	usec_t now;

	if (n->stage == NATPMP_IDLE ||
	    getnatpmprequesttimeout((natpmp_t *)&n->lib, &left) < 0)
		return 0;
	now = clock_now().mono;
	if (left.tv_sec < 0)
		return now;
	/* The library counts in whole milliseconds: a moment later is never too early. */
	return now + (usec_t)left.tv_sec * USEC_PER_SEC + (usec_t)left.tv_usec + USEC_PER_MS;
}

void
natpmp_release(struct ip gateway, uint16_t internal)
{
	natpmp_t lib;

	if (initnatpmp(&lib, 1, in_addr_of(gateway)) < 0)
		return;
	(void)sendnewportmappingrequest(&lib, NATPMP_PROTOCOL_UDP, internal, 0, 0);
	closenatpmp(&lib);
}

static void
free_poll(uv_handle_t *poll)
{
	free(poll);
}

void
natpmp_stop(struct natpmp *n)
{
	if (n->stage == NATPMP_IDLE)
		return;
	n->stage = NATPMP_IDLE;
	uv_close((uv_handle_t *)n->poll, free_poll);
	closenatpmp(&n->lib);
}
