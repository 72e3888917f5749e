/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * firewall.c - tracked flows, and rules for what nobody here asked for.
 */
#include "node/firewall.h"

#include <stdio.h>
#include <stdlib.h>

/* A flow as seen from here. Without padding: it is hashed as bytes. */
struct flow_key {
	struct ip local;
	struct ip remote;
	uint8_t local_port[2];
	uint8_t remote_port[2];
	uint8_t protocol;
};

struct flow {
	struct flow_key key;
	usec_t expires;
	struct flow *newer;
	struct flow *older;
};

void
firewall_init(struct firewall *fw, const uint8_t hash_key[static 16])
{
	memset(fw, 0, sizeof(*fw));
	table_init(&fw->flows, hash_key, sizeof(struct flow_key), FIREWALL_FLOWS_MAX);
}

void
firewall_wipe(struct firewall *fw)
{
	struct flow *f = fw->newest;

	while (f != NULL) {
		struct flow *older = f->older;

		free(f);
		f = older;
	}
	table_free(&fw->flows);
	firewall_study_close_all(fw);
	free(fw->rules);
	memset(fw, 0, sizeof(*fw));
}

void
firewall_configure(struct firewall *fw, const struct mesh_settings *s)
{
	fw->allow_all = s->allow_all;
	fw->rule_count = 0;
	free(fw->rules);
	fw->rules = NULL;
	if (s->rule_count == 0)
		return;
	fw->rules = malloc(s->rule_count * sizeof(s->rules[0]));
	if (fw->rules == NULL)
		return;
	fw->rule_count = s->rule_count;
	memcpy(fw->rules, s->rules, s->rule_count * sizeof(s->rules[0]));
}

static usec_t
flow_timeout(uint8_t protocol)
{
	return protocol == IPPROTO_OF_TCP ? FIREWALL_TCP_TIMEOUT :
	    protocol == IPPROTO_OF_UDP	? FIREWALL_UDP_TIMEOUT :
					  FIREWALL_OTHER_TIMEOUT;
}

static struct flow_key
flow_key(struct ip local, uint16_t local_port, struct ip remote, uint16_t remote_port,
    uint8_t protocol)
{
	struct flow_key k = { .local = local, .remote = remote, .protocol = protocol };

	put_be16(k.local_port, local_port);
	put_be16(k.remote_port, remote_port);
	return k;
}

static void
unlink_flow(struct firewall *fw, struct flow *f)
{
	*(f->newer != NULL ? &f->newer->older : &fw->newest) = f->older;
	*(f->older != NULL ? &f->older->newer : &fw->oldest) = f->newer;
}

static void
push_newest(struct firewall *fw, struct flow *f)
{
	f->newer = NULL;
	f->older = fw->newest;
	*(fw->newest != NULL ? &fw->newest->newer : &fw->oldest) = f;
	fw->newest = f;
}

static struct flow *
find_flow(struct firewall *fw, const struct flow_key *key)
{
	if (fw->last == NULL || memcmp(&fw->last->key, key, sizeof(*key)) != 0)
		fw->last = table_get(&fw->flows, key);
	return fw->last;
}

/* A flow object that is in no list: a fresh one, or the quietest when there may be no more. */
static struct flow *
take_flow(struct firewall *fw)
{
	struct flow *f;

	if (fw->flows.count < FIREWALL_FLOWS_MAX)
		return calloc(1, sizeof(*f));
	f = fw->oldest;
	if (fw->last == f)
		fw->last = NULL;
	table_del(&fw->flows, &f->key);
	unlink_flow(fw, f);
	return f;
}

/* In a second many packets pass, and each that moves its flow to the front touches two others. */
static void
touch(struct firewall *fw, usec_t now, struct flow *f)
{
	usec_t expires = now + flow_timeout(f->key.protocol);

	if (expires < f->expires + USEC_PER_SEC)
		return;
	f->expires = expires;
	if (fw->newest != f) {
		unlink_flow(fw, f);
		push_newest(fw, f);
	}
}

/* Is there a flow that we opened between these two? Hearing from it keeps it. */
static bool
answers_flow(struct firewall *fw, usec_t now, const struct flow_key *key)
{
	struct flow *f = find_flow(fw, key);

	if (f == NULL || f->expires <= now)
		return false;
	touch(fw, now, f);
	return true;
}

static bool
rule_names(const struct firewall_rule *r, const struct cert *who)
{
	switch (r->who) {
	case RULE_ANYONE:
		return true;
	case RULE_NAME:
		return strcmp(r->subject, who->name) == 0;
	case RULE_GROUP:
		return cert_has_group(who, r->subject);
	}
	return false;
}

/* ICMP has one number in each family and one name for people. */
static uint8_t
protocol_for_rules(uint8_t protocol)
{
	return protocol == IPPROTO_OF_ICMP6 ? IPPROTO_OF_ICMP : protocol;
}

static bool
rule_admits(const struct firewall_rule *r, uint8_t protocol, uint16_t port, const struct cert *who)
{
	if (r->protocol != 0 && r->protocol != protocol_for_rules(protocol))
		return false;
	if (port < r->port_first || port > r->port_last)
		return false;
	return rule_names(r, who);
}

/* May `who`, from its address `from`, come to our `port` unasked? */
static bool
is_let_in(const struct firewall *fw, uint8_t protocol, uint16_t port, struct ip from,
    const struct cert *who)
{
	if (fw->study_count > 0)
		return firewall_study_admits(fw, protocol, port, from, who);
	for (size_t i = 0; i < fw->rule_count; i++) {
		if (rule_admits(&fw->rules[i], protocol, port, who))
			return true;
	}
	return false;
}

void
firewall_sent(struct firewall *fw, usec_t now, const struct inner *in, const struct cert *who)
{
	struct flow_key key = flow_key(in->src, in->sport, in->dst, in->dport, in->protocol);
	struct flow *f = find_flow(fw, &key);

	if (in->fragment || in->icmp == ICMP_ERROR || in->icmp == ICMP_ECHO_REPLY)
		return;
	if (f == NULL) {
		if (who != NULL && is_let_in(fw, in->protocol, in->sport, in->dst, who))
			return;
		f = take_flow(fw);
		if (f == NULL)
			return;
		f->key = key;
		f->expires = 0;
		if (table_put(&fw->flows, &key, f) < 0) {
			free(f);
			return;
		}
		push_newest(fw, f);
	}
	touch(fw, now, f);
}

/* Does the ICMP error quote a packet of a flow of ours, or of one that a rule lets in? */
static bool
quotes_flow(struct firewall *fw, usec_t now, const struct inner *in, const uint8_t *p,
    const struct cert *who)
{
	struct inner quoted;
	struct flow_key key;

	if (inner_parse_quoted(&quoted, p, in) < 0)
		return false;
	key = flow_key(quoted.src, quoted.sport, quoted.dst, quoted.dport, quoted.protocol);
	return ip_equal(quoted.src, in->dst) &&
	    (answers_flow(fw, now, &key) ||
		is_let_in(fw, quoted.protocol, quoted.sport, quoted.dst, who));
}

bool
firewall_admits(struct firewall *fw, usec_t now, const struct inner *in, const uint8_t *p,
    const struct cert *who)
{
	struct flow_key key = flow_key(in->dst, in->dport, in->src, in->sport, in->protocol);

	/*
	 * A later fragment does nothing without the first one, which has the ports and was judged
	 * by them; the kernel refuses overlaps (RFC 5722).
	 */
	if ((fw->allow_all && fw->study_count == 0) || in->icmp == ICMP_ECHO || in->fragment)
		return true;
	if (in->icmp == ICMP_ERROR)
		return quotes_flow(fw, now, in, p, who);
	/* Whoever was answered there before, were it by a reset, has a flow: it is worth nothing now. */
	if (fw->study_count > 0 && firewall_study_has(fw, in->protocol, in->dport))
		return is_let_in(fw, in->protocol, in->dport, in->src, who);
	return answers_flow(fw, now, &key) ||
	    is_let_in(fw, in->protocol, in->dport, in->src, who);
}

static int
parse_who(struct firewall_rule *r, const char *word, struct err *e)
{
	const char *name = word;

	if (strcmp(word, "anyone") == 0) {
		r->who = RULE_ANYONE;
		return 0;
	}
	r->who = RULE_NAME;
	if (strncmp(word, "name:", 5) == 0) {
		name = word + 5;
	} else if (strncmp(word, "group:", 6) == 0) {
		r->who = RULE_GROUP;
		name = word + 6;
	}
	if (!text_is_name(name, strlen(name)))
		return err_set(e, ERR_FORMAT,
		    "a rule begins with anyone, a peer's name, or group:NAME");
	memcpy(r->subject, name, strlen(name) + 1);
	return 0;
}

static int
parse_ports(struct firewall_rule *r, char *ports, struct err *e)
{
	char *dash = strchr(ports, '-');
	uint64_t first, last;

	if (dash != NULL)
		*dash = '\0';
	if (text_u64(&first, ports, 1, UINT16_MAX) < 0 ||
	    text_u64(&last, dash != NULL ? dash + 1 : ports, first, UINT16_MAX) < 0)
		return err_set(e, ERR_FORMAT, "a port is 1 to 65535, or a range like 8000-8080");
	if (r->protocol != IPPROTO_OF_TCP && r->protocol != IPPROTO_OF_UDP)
		return err_set(e, ERR_FORMAT, "only tcp and udp have ports");
	r->port_first = (uint16_t)first;
	r->port_last = (uint16_t)last;
	return 0;
}

static int
parse_protocol(struct firewall_rule *r, char *word, struct err *e)
{
	char *slash = strchr(word, '/');
	uint64_t number;

	if (slash != NULL)
		*slash = '\0';
	if (strcmp(word, "any") == 0)
		r->protocol = 0;
	else if (strcmp(word, "tcp") == 0)
		r->protocol = IPPROTO_OF_TCP;
	else if (strcmp(word, "udp") == 0)
		r->protocol = IPPROTO_OF_UDP;
	else if (strcmp(word, "icmp") == 0)
		r->protocol = IPPROTO_OF_ICMP;
	else if (text_u64(&number, word, 1, 254) == 0)
		r->protocol = protocol_for_rules((uint8_t)number);
	else
		return err_set(e, ERR_FORMAT,
		    "a protocol is any, tcp, udp, icmp, or a number from 1 to 254");
	return slash != NULL ? parse_ports(r, slash + 1, e) : 0;
}

int
firewall_rule_parse(struct firewall_rule *ret, const char *text, struct err *e)
{
	char buf[FIREWALL_RULE_TEXT_MAX];
	struct firewall_rule r = { .port_last = UINT16_MAX };
	char *space;
	int rc;

	if (strlen(text) >= sizeof(buf))
		return err_set(e, ERR_FORMAT, "a rule has at most %zu characters", sizeof(buf) - 1);
	memcpy(buf, text, strlen(text) + 1);
	space = strchr(buf, ' ');
	if (space != NULL) {
		*space = '\0';
		rc = parse_protocol(&r, space + 1, e);
		if (rc < 0)
			return rc;
	}
	rc = parse_who(&r, buf, e);
	if (rc < 0)
		return rc;
	*ret = r;
	return 0;
}

/* Writes " tcp", " 47" or nothing for any protocol. */
static int
format_protocol(char *to, size_t cap, uint8_t protocol)
{
	switch (protocol) {
	case 0:
		return 0;
	case IPPROTO_OF_TCP:
		return snprintf(to, cap, " tcp");
	case IPPROTO_OF_UDP:
		return snprintf(to, cap, " udp");
	case IPPROTO_OF_ICMP:
		return snprintf(to, cap, " icmp");
	default:
		return snprintf(to, cap, " %u", protocol);
	}
}

const char *
firewall_rule_format(char to[static FIREWALL_RULE_TEXT_MAX], const struct firewall_rule *r)
{
	static const char *const prefixes[] = {
		[RULE_ANYONE] = "anyone",
		[RULE_NAME] = "name:",
		[RULE_GROUP] = "group:",
	};
	const size_t cap = FIREWALL_RULE_TEXT_MAX;
	int n = snprintf(to, cap, "%s%s", prefixes[r->who], r->subject);

	n += format_protocol(to + n, cap - (size_t)n, r->protocol);
	if (r->port_first != 0 && r->port_first == r->port_last)
		(void)snprintf(to + n, cap - (size_t)n, "/%u", r->port_first);
	else if (r->port_first != 0)
		(void)snprintf(to + n, cap - (size_t)n, "/%u-%u", r->port_first, r->port_last);
	return to;
}
