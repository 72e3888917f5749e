/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * igd.h - UPnP's Internet Gateway Device: a router that maps ports by SOAP.
 *
 * Discovery asks the default gateway, and the whole link for routers that hear nothing else, but
 * takes an answer from the gateway alone; its description and its control have to be at the
 * gateway's own private address. All of it blocks until its deadline at most, and so belongs on
 * libuv's thread pool. miniupnpc reads descriptions and answers; it is not let near a socket, since
 * it bounds neither the bytes nor the time of what it fetches.
 */
#ifndef HOST_IGD_H
#define HOST_IGD_H

#include "host/http.h"

#define IGD_SERVICE_MAX 128

struct igd {
	struct http_url control;
	char service[IGD_SERVICE_MAX]; /* "urn:schemas-upnp-org:service:WANIPConnection:1" */
};

/*
 * Finds the gateway's device from our address `self` in its network. 0; -ETIMEDOUT when nobody
 * answered, ERR_DENIED for an answer that leads elsewhere, ERR_FORMAT, ERR_UNKNOWN for a device
 * that maps no ports, or what http_exchange() says.
 */
int igd_find(struct igd *ret, struct ip gateway, struct ip self, usec_t deadline) must_check;

/* The same from where its description is; `gateway` and the description's host must be one. */
int igd_describe(struct igd *ret, struct ip gateway, const char *location, usec_t deadline)
    must_check;

/* The IPv4 address that the router has outside. */
int igd_external(const struct igd *d, struct ip *ret, usec_t deadline) must_check;

/*
 * Maps UDP port `external` to `self`'s `internal` for `*lifetime` seconds; 0 is for ever, and what
 * `lifetime` becomes with a router that knows nothing else. ERR_CONFLICT when the port is taken.
 */
int igd_map(const struct igd *d, struct ip self, uint16_t internal, uint16_t external,
    uint32_t *lifetime, usec_t deadline) must_check;

int igd_unmap(const struct igd *d, uint16_t external, usec_t deadline) must_check;

#endif
