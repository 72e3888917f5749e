/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config.h - what a node is told before it starts, and what may be changed while it runs.
 *
 * All of it is plain values: the shell reads them from the bundle and from the table of settings.
 */
#ifndef NODE_CONFIG_H
#define NODE_CONFIG_H

#include "core/addr.h"
#include "core/base.h"
#include "core/cert.h"
#include "core/pins.h"
#include "core/text.h"

#include <string.h>

#define MESH_LIGHTHOUSES_MAX	     4
#define MESH_LIGHTHOUSE_ENDPOINTS_MAX 8
#define MESH_ROOTS_MAX		     4
#define FIREWALL_RULES_MAX	     256
#define ACCEPT_ROUTES_MAX	     64

/* A certificate as it came: the bytes that were signed, and the signature. */
struct cert_bytes {
	uint16_t len; /* 0: absent */
	uint8_t p[CERT_HOST_MAX];
};

/* `len` is at most that; `p` may be NULL with 0. */
static inline struct cert_bytes
cert_bytes_of(const uint8_t *p, size_t len)
{
	struct cert_bytes b = { .len = (uint16_t)len };

	assert(len <= sizeof(b.p));
	if (len > 0)
		memcpy(b.p, p, len);
	return b;
}

struct mesh_lighthouse {
	struct cert_bytes cert;
	struct cert_bytes issuing; /* absent if a root issued it */
	struct addr endpoints[MESH_LIGHTHOUSE_ENDPOINTS_MAX]; /* names resolved by the shell */
	size_t endpoint_count;
	uint16_t tcp; /* port of its streams; 0: STREAM_PORT */
};

/* Who may open a flow towards us, and what for. Anything that no rule names stays closed. */
enum rule_who {
	RULE_ANYONE, /* every member of the network */
	RULE_NAME,
	RULE_GROUP,
};

struct firewall_rule {
	enum rule_who who;
	char subject[NAME_MAX_LEN + 1]; /* name or group */
	uint8_t protocol;		/* IP protocol number, 0 any */
	uint16_t port_first;		/* destination; 0 and 65535 for all */
	uint16_t port_last;
};

/*
 * "anyone", "name:party2" or "group:nurses" (a bare word is a name), then optionally a protocol
 * (any, tcp, udp, icmp or a number) and for tcp and udp "/port" or "/first-last":
 * "group:nurses tcp/11365-11370". 0, or ERR_FORMAT with a sentence.
 */
int firewall_rule_parse(struct firewall_rule *ret, const char *text, struct err *e) must_check;

#define FIREWALL_RULE_TEXT_MAX 112
const char *firewall_rule_format(char to[static FIREWALL_RULE_TEXT_MAX],
    const struct firewall_rule *r);

/* What may change while the node runs (mesh_configure). */
struct mesh_settings {
	bool allow_all; /* inbound open to every member: the rule "anyone" */
	struct firewall_rule rules[FIREWALL_RULES_MAX];
	size_t rule_count;
	char accept_routes[ACCEPT_ROUTES_MAX][NAME_MAX_LEN + 1]; /* peers whose routes we take */
	size_t accept_route_count;
	bool no_lan;	     /* neither announce ourselves on our links nor listen there */
	bool no_relay;	     /* relay for nobody, although the certificate says that we may */
	uint64_t relay_rate; /* bytes a second, shared fairly by who relays; 0: CARRY_RATE */
};

struct deferral;

struct mesh_config {
	uint8_t private_key[32];
	struct cert_bytes cert;
	struct cert_bytes issuing;
	struct cert_bytes roots[MESH_ROOTS_MAX];
	size_t root_count;
	bool has_psk;
	uint8_t psk[32]; /* of the network */
	struct mesh_lighthouse lighthouses[MESH_LIGHTHOUSES_MAX];
	size_t lighthouse_count;
	uint32_t peers_max;	   /* 0: PEERS_MAX_DEFAULT */
	uint32_t handshakes_per_second; /* above this we are under load; 0: default */
	uint32_t caps; /* CAP_* (core/wire.h): what this machine does well, said to every peer */
	struct mesh_settings settings;
	struct pin_list pins;
	struct deferral *deferral; /* must outlive the engine; NULL: it seals and opens by itself */
};

#endif
