/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * why.h - why a peer is reached as it is: the closed list of reasons.
 *
 * Whoever asks "why is it relayed, slow, or not there at all" gets one code, the measurements that
 * it was deduced from, a sentence that has them in it, and one that says what would change it. The
 * same words are in `why`, `peers`, --json and the metrics, and a reason that is not in this list
 * does not exist. explain.h deduces one from an engine's state; this file knows no engine.
 */
#ifndef NODE_WHY_H
#define NODE_WHY_H

#include "core/addr.h"
#include "core/base.h"
#include "core/cert.h"
#include "core/text.h"
#include "core/wire.h"

/* Numbers are on the wire (frame WHY): never reuse. */
enum why_code {
	WHY_UNSAID = 0, /* nothing was said: no reason of this list */

	/* Direct, and how the way was found. */
	WHY_LAN = 1, /* an address of a network that both are on */
	WHY_OPEN = 2, /* no NAT between: one side's own address is what the world sees */
	WHY_IPV6 = 3,
	WHY_MAPPED = 4, /* a router keeps a port open on request */
	WHY_PUNCHED = 5, /* both sides opened their NATs at once */
	WHY_PREDICTED = 6, /* the port that a NAT would take was foretold */
	WHY_BIRTHDAY = 7, /* one port of many met one socket of many */
	WHY_FIXED = 8, /* its address is in the bundle, or was given by hand */

	/* Relayed, and why not direct. */
	WHY_PUNCHING = 16,
	WHY_PREDICTING = 17,
	WHY_PREDICTION_FAILED = 18,
	WHY_BIRTHDAY_RUNNING = 19,
	WHY_BIRTHDAY_QUEUED = 20, /* its turn comes later: one at a time, not too often */
	WHY_BIRTHDAY_FAILED = 21,
	WHY_BOTH_SYMMETRIC = 22, /* no technique fits these two NATs */
	WHY_UDP_BLOCKED_HERE = 23,
	WHY_UDP_BLOCKED_THERE = 24,
	WHY_NEVER_ANSWERED = 26,
	WHY_NOT_HEARD_THERE = 27, /* what we send does not arrive, the other way works */
	WHY_NOT_HEARD_HERE = 28,
	WHY_WENT_SILENT = 29, /* a direct path worked, and does not any more */
	WHY_HELD_DOWN = 30, /* it works again, and has to prove itself after it died */
	WHY_LOSSY = 31, /* it loses so much that one answer does not prove it */
	WHY_DOUBLE_NAT = 32, /* the router's mapping ends at another NAT */
	WHY_NO_HAIRPIN = 33, /* both behind one NAT that does not turn packets round */
	WHY_METERED = 34, /* an interface that costs money is left for when nothing else works */

	/* Not connected. */
	WHY_IDLE = 48,
	WHY_CONNECTING = 49,
	WHY_NO_ANSWER = 50,
	WHY_NO_NETWORK = 51, /* this host has no address */
	WHY_NO_LIGHTHOUSE = 52, /* none answers */
	WHY_UNKNOWN = 53, /* no lighthouse has heard of it */
	WHY_NOT_REGISTERED = 54, /* it is a member, and with no lighthouse now */
	WHY_NO_RELAY = 55, /* nothing is heard directly, and no relay has us both */
	WHY_RELAY_REFUSED = 56,
	WHY_RELAY_FULL = 57,
	WHY_NO_PATH = 58, /* a session, and not one path that works */
	WHY_PEER_STOPPED = 59, /* it said goodbye */
	WHY_VERSION = 61, /* no version of the protocol in common */
	WHY_CERT_REFUSED = 62, /* ours, there */
	WHY_CERT_EXPIRED = 63, /* the peer's */
	WHY_OWN_CERT_EXPIRED = 64,
	WHY_CERT_CONFLICT = 66, /* its name or address belongs to another key */
	WHY_CLOCK_APART = 67,
	WHY_NO_ENDPOINT = 68, /* a STOCK peer that nobody gave an address */
	WHY_PINNED = 69, /* whoever comes by this name has not the key that is pinned here */

	WHY_CODES = 80, /* all are below */
};

/* What a reason may carry. The numbers come first and are on the wire: never reuse. */
enum why_fact {
	WHY_RTT, /* microseconds */
	WHY_LOSS, /* percent */
	WHY_TRIES, /* packets, attempts or handshakes, as its sentence says */
	WHY_ADDRESSES, /* how many were tried */
	WHY_SINCE, /* microseconds ago */
	WHY_NEXT, /* microseconds until the next try; 0: at once */
	WHY_APART, /* seconds that the other clock is ahead, as int64_t */
	WHY_NUMBERS,
	WHY_AT = WHY_NUMBERS, /* an address of the network below */
	WHY_VIA, /* the name of a relay or lighthouse */
	WHY_NAT_ME, /* the NAT of who gives this reason */
	WHY_NAT_PEER,
	WHY_KEY_PINNED, /* words of keys */
	WHY_KEY_OFFERED,
	WHY_FACTS,
};

struct why {
	enum why_code code;
	uint64_t number[WHY_NUMBERS];
	struct addr at; /* FAMILY_NONE: not known */
	char via[NAME_MAX_LEN + 1]; /* also the relay in use, whatever the reason */
	struct nat nat_me;
	struct nat nat_peer;
	uint8_t key_pinned[CERT_WORDS]; /* what its words stand for */
	uint8_t key_offered[CERT_WORDS];
};

enum why_state {
	WHY_STATE_NONE, /* not connected */
	WHY_STATE_RELAYED,
	WHY_STATE_DIRECT,
};

/* A row of the closed list. */
struct why_entry {
	enum why_code code;
	enum why_state state;
	const char *word;   /* [a-z-], unique */
	unsigned facts;	    /* 1 << enum why_fact of those that it carries */
	const char *text;   /* a sentence, with each of its facts as {fact} */
	const char *change; /* what would change it, likewise, or that nothing need change */
};

/* The row of `code`, or NULL: not in the list (that of a peer of a later version). */
const struct why_entry *why_entry(enum why_code code);

/* The codes one after the other: the least above `after`, WHY_UNSAID at the end. */
enum why_code why_next(enum why_code after);

/* "never-answered"; "other" for a code that is not in the list. */
const char *why_word(enum why_code code);

/* "rtt_us": what a fact is called in bodies of the control protocol. */
const char *why_fact_word(enum why_fact fact);

/* Does its code carry `fact`? */
static inline bool
why_has(const struct why *w, enum why_fact fact)
{
	const struct why_entry *e = why_entry(w->code);

	return e != NULL && (e->facts & 1u << fact) != 0;
}

static inline bool
why_is_direct(const struct why *w)
{
	const struct why_entry *e = why_entry(w->code);

	return e != NULL && e->state == WHY_STATE_DIRECT;
}

#define WHY_TEXT_MAX 512

/*
 * The sentences of `w`, with the facts in them. `me` is who gives the reason ("this host"), `peer`
 * whom it is about. Plain ASCII; returns `to`.
 */
const char *why_text(char to[static WHY_TEXT_MAX], const struct why *w, const char *me,
    const char *peer);
const char *why_change(char to[static WHY_TEXT_MAX], const struct why *w, const char *me,
    const char *peer);

/*
 * The same two with words in the place of measurements ("TIME", "N packets", "PEER"), for whoever
 * reads the list itself.
 */
const char *why_text_form(char to[static WHY_TEXT_MAX], const struct why_entry *e);
const char *why_change_form(char to[static WHY_TEXT_MAX], const struct why_entry *e);

/* "not connected", "relayed", "direct". */
const char *why_state_word(enum why_state state);

#endif
