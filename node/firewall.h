/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * firewall.h - which inner packets may come in.
 *
 * Closed, but for ICMP echo, ICMP errors about what we sent, answers within flows that we opened,
 * and what a rule lets in. Who sent a packet is known by its session, so rules speak of names and
 * groups of certificates, never of addresses.
 */
#ifndef NODE_FIREWALL_H
#define NODE_FIREWALL_H

#include "core/cert.h"
#include "core/icmp.h"
#include "core/table.h"
#include "node/config.h"

/* Flows tracked at the most. A new one takes the place of the one that has been quiet longest. */
#define FIREWALL_FLOWS_MAX 16384

/*
 * How long a quiet flow is remembered. TCP is not ours to cut: a computation may think for hours
 * between two messages (RFC 5382 REQ-5 asks for 2 h 4 min at least).
 */
#define FIREWALL_TCP_TIMEOUT   (24 * 3600 * USEC_PER_SEC)
#define FIREWALL_UDP_TIMEOUT   (300 * USEC_PER_SEC) /* RFC 4787 REQ-5 c */
#define FIREWALL_OTHER_TIMEOUT (60 * USEC_PER_SEC)

struct flow;

struct firewall {
	bool allow_all;
	size_t rule_count;
	struct firewall_rule *rules;
	struct table flows; /* struct flow_key -> struct flow */
	struct flow *newest;
	struct flow *oldest;
};

void firewall_init(struct firewall *fw, const uint8_t hash_key[static 16]);
void firewall_wipe(struct firewall *fw);

/* Takes over the rules of `s`, or without memory for them none. Tracked flows stay. */
void firewall_configure(struct firewall *fw, const struct mesh_settings *s);

/*
 * A packet of ours goes out to `who` (NULL: not known yet): its answers may come in. An answer of
 * ours to what a rule lets in takes no flow, so that nobody can push out those that we opened.
 */
void firewall_sent(struct firewall *fw, usec_t now, const struct inner *in,
    const struct cert *who);

/* May the packet at `p`, described by `in`, that `who` sent, come in? */
bool firewall_admits(struct firewall *fw, usec_t now, const struct inner *in, const uint8_t *p,
    const struct cert *who);

#endif
