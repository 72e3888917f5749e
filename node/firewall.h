/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * firewall.h - which inner packets may come in.
 *
 * Closed, but for ICMP echo, ICMP errors about what we sent, answers within flows that we opened,
 * and what a rule lets in. Who sent a packet is known by its session, so rules speak of names and
 * groups of certificates, never of addresses.
 *
 * While a study runs (core/study.h), rules and allow-all let nothing in: only those of its parties
 * that dial this host reach it, by TCP at its port of the study, known by their keys. What listens
 * there believes whoever comes.
 */
#ifndef NODE_FIREWALL_H
#define NODE_FIREWALL_H

#include "core/cert.h"
#include "core/icmp.h"
#include "core/study.h"
#include "core/table.h"
#include "node/config.h"

/*
 * Flows tracked at the most. A new one takes the place of the one that has been quiet longest, to
 * the second.
 */
#define FIREWALL_FLOWS_MAX 16384

/*
 * How long a quiet flow is remembered. TCP is not ours to cut: a computation may think for hours
 * between two messages (RFC 5382 REQ-5 asks for 2 h 4 min at least).
 */
#define FIREWALL_TCP_TIMEOUT   (24 * 3600 * USEC_PER_SEC)
#define FIREWALL_UDP_TIMEOUT   (300 * USEC_PER_SEC) /* RFC 4787 REQ-5 c */
#define FIREWALL_OTHER_TIMEOUT (60 * USEC_PER_SEC)

/* Studies that may run at the same time, each at a port of its own. */
#define FIREWALL_STUDIES_MAX 16

struct flow;
struct firewall_study;

struct firewall {
	bool allow_all;
	size_t rule_count;
	struct firewall_rule *rules;
	struct table flows; /* struct flow_key -> struct flow */
	struct flow *last; /* that was looked for: packets come in rows; NULL: none */
	struct flow *newest;
	struct flow *oldest;
	size_t study_count;
	struct firewall_study *studies[FIREWALL_STUDIES_MAX];
};

void firewall_init(struct firewall *fw, const uint8_t hash_key[static 16]);
void firewall_wipe(struct firewall *fw);

/* Takes over the rules of `s`, or without memory for them none. Tracked flows stay. */
void firewall_configure(struct firewall *fw, const struct mesh_settings *s);

/*
 * firewall_study.c: a run of `s` begins, in which this host is party `self`. From now on the parties
 * before it reach its port of the study, nobody else does, and no rule lets anything in. Flows that
 * are tracked go on, but for those to that port. 0, also where it runs already; ERR_CONFLICT: another
 * study runs at that port; ERR_FULL; -ENOMEM.
 */
int firewall_study_open(struct firewall *fw, const struct study *s, unsigned self) must_check;

/* It is over. Without a study of that hash nothing happens. */
void firewall_study_close(struct firewall *fw, const uint8_t hash[static STUDY_HASH_LEN]);
void firewall_study_close_all(struct firewall *fw);

/* Is `port` that of a study that runs? Then only firewall_study_admits() opens it. */
bool firewall_study_has(const struct firewall *fw, uint8_t protocol, uint16_t port);

/* May `who`, from its address `from`, come to our `port` as a party that dials us? */
bool firewall_study_admits(const struct firewall *fw, uint8_t protocol, uint16_t port,
    struct ip from, const struct cert *who);

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
