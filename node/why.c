/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * why.c - the closed list of reasons, and the sentences they become.
 *
 * A sentence is written once, with the names of its facts in braces: {at} is an address,
 * {tries:packet} a number with its noun. {me} is who gives the reason and {peer} whom it is about,
 * so that one sentence serves both ends.
 */
#include "node/why.h"
#include "core/nat.h"
#include "core/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define F(fact) (1u << WHY_##fact)

#define NOTHING_TO_CHANGE "nothing need change: there is no shorter way"
#define BY_ITSELF	  "nothing need be done: this changes by itself"

#define MAP_A_PORT \
	"let the router of either side map a port (UPnP, NAT-PMP or PCP), or forward a UDP port"

/* clang-format off */
static const struct why_entry entries[] = {
	/* Direct */
	{ WHY_LAN, WHY_STATE_DIRECT, "lan", F(AT) | F(RTT),
	  "{peer} is on a network of {me}: it answers at {at} after {rtt}",
	  NOTHING_TO_CHANGE },
	{ WHY_OPEN, WHY_STATE_DIRECT, "open", F(AT) | F(RTT) | F(NAT_ME) | F(NAT_PEER),
	  "not both are behind a NAT (that of {me}: {nat-me}; of {peer}: {nat-peer}): {peer} answers "
	  "at {at} after {rtt}",
	  NOTHING_TO_CHANGE },
	{ WHY_IPV6, WHY_STATE_DIRECT, "ipv6", F(AT) | F(RTT),
	  "both have IPv6, which needs no NAT: {peer} answers at {at} after {rtt}",
	  NOTHING_TO_CHANGE },
	{ WHY_MAPPED, WHY_STATE_DIRECT, "mapped-port", F(AT) | F(RTT),
	  "a router keeps a port open, as it was asked to: {peer} answers at {at} after {rtt}",
	  NOTHING_TO_CHANGE },
	{ WHY_PUNCHED, WHY_STATE_DIRECT, "punched", F(AT) | F(RTT),
	  "both sides opened their NATs at the same time: {peer} answers at {at} after {rtt}",
	  NOTHING_TO_CHANGE },
	{ WHY_PREDICTED, WHY_STATE_DIRECT, "predicted", F(AT) | F(RTT),
	  "the next port of a NAT was foretold: {peer} answers at {at} after {rtt}",
	  NOTHING_TO_CHANGE },
	{ WHY_BIRTHDAY, WHY_STATE_DIRECT, "birthday", F(AT) | F(RTT),
	  "one of many opened ports met one of many sockets: {peer} answers at {at} after {rtt}",
	  NOTHING_TO_CHANGE },
	{ WHY_FIXED, WHY_STATE_DIRECT, "fixed-address", F(AT) | F(RTT),
	  "its address was given: {peer} answers at {at} after {rtt}",
	  NOTHING_TO_CHANGE },

	/* Relayed */
	{ WHY_PUNCHING, WHY_STATE_RELAYED, "punching", F(TRIES) | F(ADDRESSES),
	  "direct ways to {peer} are being tried: {tries:packet} so far, to {addresses:address}",
	  BY_ITSELF ", within seconds" },
	{ WHY_PREDICTING, WHY_STATE_RELAYED, "predicting", F(TRIES) | F(NAT_ME) | F(NAT_PEER),
	  "the port that a NAT will take next is being foretold, attempt {tries} (NAT of {me}: "
	  "{nat-me}; of {peer}: {nat-peer})",
	  BY_ITSELF ", within seconds" },
	{ WHY_PREDICTION_FAILED, WHY_STATE_RELAYED, "prediction-failed",
	  F(TRIES) | F(NEXT) | F(NAT_ME) | F(NAT_PEER),
	  "the port that a NAT would take next was foretold wrongly in {tries:attempt} (NAT of {me}: "
	  "{nat-me}; of {peer}: {nat-peer}); next try {next}",
	  MAP_A_PORT },
	{ WHY_BIRTHDAY_RUNNING, WHY_STATE_RELAYED, "birthday-running",
	  F(TRIES) | F(NAT_ME) | F(NAT_PEER),
	  "the ports of a symmetric NAT are being searched, attempt {tries} (NAT of {me}: {nat-me}; of "
	  "{peer}: {nat-peer})",
	  BY_ITSELF ", within seconds" },
	{ WHY_BIRTHDAY_QUEUED, WHY_STATE_RELAYED, "birthday-queued",
	  F(NEXT) | F(NAT_ME) | F(NAT_PEER),
	  "the ports of a symmetric NAT will be searched when it is the turn of {peer}: one search at a "
	  "time (NAT of {me}: {nat-me}; of {peer}: {nat-peer}); next try {next}",
	  BY_ITSELF "; sooner if the router of either side maps ports (UPnP, NAT-PMP or PCP)" },
	{ WHY_BIRTHDAY_FAILED, WHY_STATE_RELAYED, "birthday-failed",
	  F(TRIES) | F(NEXT) | F(NAT_ME) | F(NAT_PEER),
	  "{tries:search} for an open port of a symmetric NAT found none (NAT of {me}: {nat-me}; of "
	  "{peer}: {nat-peer}); next try {next}",
	  MAP_A_PORT },
	{ WHY_BOTH_SYMMETRIC, WHY_STATE_RELAYED, "both-symmetric", F(NAT_ME) | F(NAT_PEER),
	  "the NATs of {me} and {peer} give every flow another port, and neither can be foretold or "
	  "searched (NAT of {me}: {nat-me}; of {peer}: {nat-peer})",
	  MAP_A_PORT ", or give both sides IPv6" },
	{ WHY_UDP_BLOCKED_HERE, WHY_STATE_RELAYED, "udp-blocked-here", F(SINCE),
	  "no UDP has come back to {me} for {since}, so it speaks TCP to a lighthouse",
	  "allow outgoing UDP, and its answers, on the firewall of {me}" },
	{ WHY_UDP_BLOCKED_THERE, WHY_STATE_RELAYED, "udp-blocked-there", 0,
	  "{peer} has no UDP: no lighthouse has seen it anywhere but at the end of a TCP connection",
	  "allow outgoing UDP, and its answers, on the firewall of {peer}" },
	{ WHY_NEVER_ANSWERED, WHY_STATE_RELAYED, "never-answered",
	  F(TRIES) | F(ADDRESSES) | F(NEXT),
	  "{tries:packet} to {addresses:address} of {peer} had no answer, so a firewall drops them on "
	  "the way; next try {next}",
	  "open UDP on the firewall of {me} or of {peer}, or let the router of either side map a port "
	  "(UPnP, NAT-PMP or PCP)" },
	{ WHY_NOT_HEARD_THERE, WHY_STATE_RELAYED, "not-heard-there", F(AT) | F(SINCE) | F(NEXT),
	  "what {me} sends to {at} has not arrived there for {since}, though what comes from there "
	  "does; next try {next}",
	  "look for what drops UDP from {me} to {peer}: a firewall rule or a route on the way" },
	{ WHY_NOT_HEARD_HERE, WHY_STATE_RELAYED, "not-heard-here", F(AT) | F(SINCE) | F(NEXT),
	  "{peer} hears {me}, but nothing has come from {at} for {since}; next try {next}",
	  "look for what drops UDP from {peer} to {me}: a firewall rule or a route on the way" },
	{ WHY_WENT_SILENT, WHY_STATE_RELAYED, "went-silent", F(AT) | F(SINCE) | F(NEXT),
	  "{peer} was reached directly at {at}, where nothing has been heard for {since}; next try "
	  "{next}",
	  BY_ITSELF " if the network comes back; else a NAT or firewall on the way has changed" },
	{ WHY_HELD_DOWN, WHY_STATE_RELAYED, "held-down", F(AT) | F(NEXT),
	  "the direct path to {peer} at {at} died a short while ago and works again; it may carry "
	  "data {next}",
	  BY_ITSELF "; a path that dies often is held down longer, up to a minute" },
	{ WHY_LOSSY, WHY_STATE_RELAYED, "lossy", F(AT) | F(LOSS),
	  "the direct path to {peer} at {at} loses {loss} of the packets, and has to answer twice "
	  "in a row before it is taken",
	  "look for what loses packets: weak radio, or a line that is full" },
	{ WHY_DOUBLE_NAT, WHY_STATE_RELAYED, "double-nat", F(AT) | F(TRIES) | F(NEXT),
	  "the router of {me} maps {at}, which is not where the world sees it, so there is another NAT "
	  "in front; {tries:packet} to {peer} had no answer; next try {next}",
	  "set the inner router to bridge mode, ask the provider for a public address or IPv6, or let "
	  "the router of {peer} map a port" },
	{ WHY_NO_HAIRPIN, WHY_STATE_RELAYED, "no-hairpin", F(AT) | F(NEXT),
	  "{me} and {peer} are behind the same NAT at {at}, which does not turn packets round, and "
	  "their own addresses do not reach each other; next try {next}",
	  "let the hosts of that network reach each other (guest networks and wireless isolation "
	  "forbid it)" },
	{ WHY_METERED, WHY_STATE_RELAYED, "metered", F(TRIES) | F(NEXT),
	  "{tries:packet} to {peer} had no answer, and the interface that costs money is not tried "
	  "while a relay works; next try {next}",
	  "take that interface out of the setting `metered` on {me}, or open UDP on the firewalls of the "
	  "others" },

	/* Not connected */
	{ WHY_IDLE, WHY_STATE_NONE, "idle", 0,
	  "nobody has wanted to talk to {peer} lately",
	  "send it something: `mpynet ping {peer}`" },
	{ WHY_CONNECTING, WHY_STATE_NONE, "connecting", F(SINCE),
	  "{peer} is being called, for {since} now",
	  BY_ITSELF ", within seconds" },
	{ WHY_NO_ANSWER, WHY_STATE_NONE, "no-answer", F(TRIES) | F(SINCE) | F(ADDRESSES),
	  "{peer} has not answered {tries:handshake} in {since}, sent through relays and to "
	  "{addresses:address}",
	  "see whether it is up, and whether its firewall lets UDP through: `mpynet netcheck` there" },
	{ WHY_NO_NETWORK, WHY_STATE_NONE, "no-network", 0,
	  "{me} has no network: not one interface has an address",
	  "connect this machine to a network" },
	{ WHY_NO_LIGHTHOUSE, WHY_STATE_NONE, "no-lighthouse", F(SINCE),
	  "no lighthouse has answered {me} for {since}, and {peer} is not where it was last",
	  "see whether this host has Internet, whether its firewall lets UDP or TCP 443 out, and "
	  "whether a lighthouse runs: `mpynet status`, `mpynet netcheck`" },
	{ WHY_UNKNOWN, WHY_STATE_NONE, "unknown", 0,
	  "no lighthouse has heard of {peer}",
	  "see that the name is right, and that it is up: `mpynet status` there" },
	{ WHY_NOT_REGISTERED, WHY_STATE_NONE, "not-registered", F(SINCE),
	  "{peer} is a member, but no lighthouse had it registered when asked {since} ago",
	  "start it: `mpynet up` there; if it runs, `mpynet status` there says why no lighthouse "
	  "answers it" },
	{ WHY_NO_RELAY, WHY_STATE_NONE, "no-relay", F(TRIES) | F(ADDRESSES) | F(SINCE),
	  "{peer} has not answered {tries:handshake} in {since}, sent to {addresses:address}, and there "
	  "is no relay that both can use",
	  "sign a host that both reach with --relay, or a lighthouse without --no-relay" },
	{ WHY_RELAY_REFUSED, WHY_STATE_NONE, "relay-refused", F(VIA) | F(NEXT),
	  "{via} may relay and says that it does not, and no other way to {peer} answers; it is asked "
	  "again {next}",
	  "let it relay (`mpynet set relay yes` on {via}), or sign another host with --relay" },
	{ WHY_RELAY_FULL, WHY_STATE_NONE, "relay-full", F(VIA) | F(SINCE),
	  "{via} said {since} ago that it relays for too many already to do so for {peer}, and no "
	  "other way answers",
	  "sign another host with --relay; it takes a share by itself" },
	{ WHY_NO_PATH, WHY_STATE_NONE, "no-path", F(SINCE) | F(ADDRESSES),
	  "there is a session with {peer}, but nothing has been heard for {since} on any of "
	  "{addresses:path}",
	  BY_ITSELF " when the network is back, here or there" },
	{ WHY_PEER_STOPPED, WHY_STATE_NONE, "stopped", F(SINCE),
	  "{peer} was stopped {since} ago: it said goodbye",
	  "start it: `mpynet up` there" },
	{ WHY_VERSION, WHY_STATE_NONE, "version", F(SINCE),
	  "{me} and {peer} found {since} ago that they speak no version of the protocol in common",
	  "upgrade the older of the two: `mpynet version`" },
	{ WHY_CERT_REFUSED, WHY_STATE_NONE, "certificate-refused", F(SINCE),
	  "{peer} refused the certificate of {me} {since} ago",
	  "have it signed again by the authority of this network: `mpynet sign`, and `mpynet join` "
	  "here" },
	{ WHY_CERT_EXPIRED, WHY_STATE_NONE, "certificate-expired", F(SINCE),
	  "the certificate of {peer} expired {since} ago",
	  "sign {peer} again: `mpynet sign {peer}`, and `mpynet join` there" },
	{ WHY_OWN_CERT_EXPIRED, WHY_STATE_NONE, "own-certificate-expired", F(SINCE),
	  "the certificate of {me} expired {since} ago",
	  "have it signed again: `mpynet sign`, and `mpynet join` here" },
	{ WHY_CERT_CONFLICT, WHY_STATE_NONE, "certificate-conflict", F(SINCE),
	  "{peer} said {since} ago that the name or an address of {me} belongs to another key",
	  "give each host a bundle of its own: one that is copied to two machines makes them fight" },
	{ WHY_CLOCK_APART, WHY_STATE_NONE, "clock-apart", F(VIA) | F(APART),
	  "the clock of {me} and that of {via} are apart by {apart}, so that certificates seem to "
	  "have expired, or not to have begun",
	  "set the clock of {me}: timedatectl set-ntp true" },
	{ WHY_NO_ENDPOINT, WHY_STATE_NONE, "no-endpoint", 0,
	  "{peer} is a stock WireGuard whose address nobody has told {me}, and has not called yet",
	  "let it call first, or give its address: `mpynet join {peer}.crt --endpoint ADDRESS`" },
	{ WHY_PINNED, WHY_STATE_NONE, "pinned",
	  F(TRIES) | F(SINCE) | F(KEY_PINNED) | F(KEY_OFFERED),
	  "the key of {peer} is pinned here to \"{key-pinned}\", and a certificate that says otherwise, "
	  "with the key \"{key-offered}\", was refused {tries:time}, the last one {since} ago",
	  "ask {peer}, by a way that you trust, for the words of its key: if they are the second "
	  "ones, `mpynet pin` them; else the authority has certified somebody else" },
};
/* clang-format on */

static const char *const fact_words[WHY_FACTS] = {
	[WHY_RTT] = "rtt_us",
	[WHY_LOSS] = "loss_percent",
	[WHY_TRIES] = "tries",
	[WHY_ADDRESSES] = "addresses",
	[WHY_SINCE] = "since_s",
	[WHY_NEXT] = "next_s",
	[WHY_APART] = "apart_s",
	[WHY_AT] = "at",
	[WHY_VIA] = "via",
	[WHY_NAT_ME] = "nat_me",
	[WHY_NAT_PEER] = "nat_peer",
	[WHY_KEY_PINNED] = "key_pinned",
	[WHY_KEY_OFFERED] = "key_offered",
};

const struct why_entry *
why_entry(enum why_code code)
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		if (entries[i].code == code)
			return &entries[i];
	}
	return NULL;
}

enum why_code
why_next(enum why_code after)
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		if (entries[i].code > after)
			return entries[i].code;
	}
	return WHY_UNSAID;
}

const char *
why_word(enum why_code code)
{
	const struct why_entry *e = why_entry(code);

	return e != NULL ? e->word : "other";
}

const char *
why_state_word(enum why_state state)
{
	static const char *const words[] = {
		[WHY_STATE_NONE] = "not connected",
		[WHY_STATE_RELAYED] = "relayed",
		[WHY_STATE_DIRECT] = "direct",
	};

	return words[state];
}

const char *
why_fact_word(enum why_fact fact)
{
	return fact_words[fact];
}

/*
 * Sentences
 */

/* Text that grows to its end and is cut there. */
struct text {
	char *to;
	size_t len, cap;
};

static void
add(struct text *t, const char *fmt, ...) printf_like(2, 3);

static void
add(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->to + t->len, t->cap - t->len, fmt, args);
	va_end(args);
	if (n > 0)
		t->len = min_u64(t->len + (size_t)n, t->cap - 1);
}

/* The ending that makes many of it: packets, addresses, searches. */
static const char *
plural(const char *noun, size_t len)
{
	bool hisses = noun[len - 1] == 's' || (len > 1 && memcmp(noun + len - 2, "ch", 2) == 0);

	return hisses ? "es" : "s";
}

/* "3 packets", "1 address". */
static void
add_count(struct text *t, uint64_t n, const char *noun, size_t len)
{
	add(t, "%llu", (unsigned long long)n);
	if (len > 0)
		add(t, " %.*s%s", (int)len, noun, n == 1 ? "" : plural(noun, len));
}

static void
add_usec(struct text *t, usec_t usec)
{
	char text[32];

	if (usec < 100 * USEC_PER_MS)
		add(t, "%.1f ms", (double)usec / USEC_PER_MS);
	else if (usec < 10 * USEC_PER_SEC)
		add(t, "%.1f s", (double)usec / USEC_PER_SEC);
	else
		add(t, "%s", text_format_duration(text, usec / USEC_PER_SEC));
}

static void
add_apart(struct text *t, int64_t seconds)
{
	char text[32];

	add(t, "%s", text_format_duration(text, (uint64_t)(seconds < 0 ? -seconds : seconds)));
}

static void
add_addr(struct text *t, const struct addr *at)
{
	char text[ADDR_TEXT_MAX];

	add(t, "%s", at->family == FAMILY_NONE ? "an address not known" : addr_format(text, at));
}

static void
add_number(struct text *t, const struct why *w, enum why_fact fact, const char *noun, size_t len)
{
	uint64_t n = w->number[fact];

	switch (fact) {
	case WHY_LOSS:
		add(t, "%llu %%", (unsigned long long)n);
		break;
	case WHY_TRIES:
	case WHY_ADDRESSES:
		add_count(t, n, noun, len);
		break;
	case WHY_NEXT:
		add(t, n == 0 ? "now" : "in ");
		if (n != 0)
			add_usec(t, n);
		break;
	case WHY_APART:
		add_apart(t, (int64_t)n);
		break;
	default:
		add_usec(t, n);
		break;
	}
}

/* What stands for a fact where no measurement is at hand. */
static void
add_form(struct text *t, enum why_fact fact, const char *noun, size_t len)
{
	static const char *const words[WHY_FACTS] = {
		[WHY_RTT] = "TIME",
		[WHY_LOSS] = "N %",
		[WHY_TRIES] = "N",
		[WHY_ADDRESSES] = "N",
		[WHY_SINCE] = "TIME",
		[WHY_NEXT] = "in TIME",
		[WHY_APART] = "TIME",
		[WHY_AT] = "ADDRESS",
		[WHY_VIA] = "RELAY",
		[WHY_NAT_ME] = "KIND",
		[WHY_NAT_PEER] = "KIND",
		[WHY_KEY_PINNED] = "WORDS",
		[WHY_KEY_OFFERED] = "OTHER WORDS",
	};

	add(t, "%s", words[fact]);
	if (len > 0)
		add(t, " %.*s%s", (int)len, noun, plural(noun, len));
}

/* `w` NULL: there is no measurement. */
static void
add_fact(struct text *t, const struct why *w, enum why_fact fact, const char *noun, size_t len)
{
	char words[CERT_WORDS_MAX];

	if (w == NULL) {
		add_form(t, fact, noun, len);
		return;
	}
	switch (fact) {
	case WHY_AT:
		add_addr(t, &w->at);
		break;
	case WHY_VIA:
		add(t, "%s", w->via[0] != '\0' ? w->via : "a relay");
		break;
	case WHY_NAT_ME:
		add(t, "%s", nat_words(&w->nat_me));
		break;
	case WHY_NAT_PEER:
		add(t, "%s", nat_words(&w->nat_peer));
		break;
	case WHY_KEY_PINNED:
		add(t, "%s", words_format(words, w->key_pinned, CERT_WORDS));
		break;
	case WHY_KEY_OFFERED:
		add(t, "%s", words_format(words, w->key_offered, CERT_WORDS));
		break;
	default:
		add_number(t, w, fact, noun, len);
		break;
	}
}

static bool
is(const char *what, const char *name, size_t len)
{
	return strlen(what) == len && memcmp(what, name, len) == 0;
}

/* The fact that is called so between braces; WHY_FACTS: none is. */
static enum why_fact
fact_called(const char *name, size_t len)
{
	static const char *const names[WHY_FACTS] = {
		[WHY_RTT] = "rtt",
		[WHY_LOSS] = "loss",
		[WHY_TRIES] = "tries",
		[WHY_ADDRESSES] = "addresses",
		[WHY_SINCE] = "since",
		[WHY_NEXT] = "next",
		[WHY_APART] = "apart",
		[WHY_AT] = "at",
		[WHY_VIA] = "via",
		[WHY_NAT_ME] = "nat-me",
		[WHY_NAT_PEER] = "nat-peer",
		[WHY_KEY_PINNED] = "key-pinned",
		[WHY_KEY_OFFERED] = "key-offered",
	};
	size_t i = 0;

	while (i < WHY_FACTS && !is(names[i], name, len))
		i++;
	return (enum why_fact)i;
}

static const char *
fill(char to[static WHY_TEXT_MAX], const char *form, const struct why *w, const char *me,
    const char *peer)
{
	struct text t = { .to = to, .cap = WHY_TEXT_MAX };
	const char *open;

	to[0] = '\0';
	while ((open = strchr(form, '{')) != NULL) {
		size_t len = strcspn(open + 1, "}");
		size_t name_len = strcspn(open + 1, ":}");
		enum why_fact fact = fact_called(open + 1, name_len);

		add(&t, "%.*s", (int)(open - form), form);
		if (is("me", open + 1, len))
			add(&t, "%s", me);
		else if (is("peer", open + 1, len))
			add(&t, "%s", peer);
		else if (fact < WHY_FACTS)
			add_fact(&t, w, fact, open + 2 + name_len, len > name_len ? len - name_len - 1 : 0);
		form = open + 2 + len;
	}
	add(&t, "%s", form);
	return to;
}

const char *
why_text(char to[static WHY_TEXT_MAX], const struct why *w, const char *me, const char *peer)
{
	const struct why_entry *e = why_entry(w->code);

	return fill(to, e != NULL ? e->text : "{me} gives a reason for {peer} that is not known here",
	    w, me, peer);
}

const char *
why_change(char to[static WHY_TEXT_MAX], const struct why *w, const char *me, const char *peer)
{
	const struct why_entry *e = why_entry(w->code);

	return fill(to, e != NULL ? e->change : "upgrade this host", w, me, peer);
}

const char *
why_text_form(char to[static WHY_TEXT_MAX], const struct why_entry *e)
{
	return fill(to, e->text, NULL, "this host", "PEER");
}

const char *
why_change_form(char to[static WHY_TEXT_MAX], const struct why_entry *e)
{
	return fill(to, e->change, NULL, "this host", "PEER");
}
