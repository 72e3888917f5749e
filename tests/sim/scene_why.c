/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_why.c - every reason of the closed list, and a network in which it is the right one.
 *
 * A story makes its network and waits until a node explains a peer with the code that the story is
 * of; how long that may take is part of it. The last case compares the stories with the list, so
 * that no reason can be added that nobody has seen.
 */
#include "core/circuit.h"
#include "node/explain.h"
#include "node/mesh_impl.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS
#define LOOK_EVERY (10 * MS)

/* Two nodes; the story is told of how `a` reaches `b`. */
struct story {
	struct stage st;
	struct box *a;
	struct box *b;
	struct flow flow;
	enum why_code code;
};

static struct story story;

/*
 * Telling
 */

static enum why_code
code_of(const struct box *of, const struct box *about, struct why *ret)
{
	struct peer *peer = roster_by_name(of->mesh, about->id.name);

	if (peer != NULL)
		explain_peer(of->mesh, box_clock(of), peer, ret);
	else
		explain_stranger(of->mesh, box_clock(of), about->id.name, ret);
	return ret->code;
}

/* Within `span` the reason why `of` reaches `about` as it does is the one of the story. */
static void
comes(struct story *s, const struct box *of, const struct box *about, usec_t span)
{
	usec_t end = s->st.w->now + span;
	char text[WHY_TEXT_MAX];
	struct why w = { 0 };

	while (s->st.w->now < end && code_of(of, about, &w) != s->code)
		stage_run(&s->st, LOOK_EVERY);
	if (w.code != s->code)
		world_fail(s->st.w, "not %s but %s: %s", why_word(s->code), why_word(w.code),
		    why_text(text, &w, of->id.name, about->id.name));
	world_say(s->st.w, "%s: %s", why_word(w.code),
	    why_text(text, &w, of->id.name, about->id.name));
}

static void
ends(struct story *s, usec_t within)
{
	comes(s, s->a, s->b, within);
}

/* A lighthouse and two nodes that are on and know their NATs. */
static void
meet(struct story *s, unsigned kind_a, unsigned kind_b)
{
	stage_lighthouse(&s->st);
	s->a = stage_node(&s->st, kind_a);
	s->b = stage_node(&s->st, kind_b);
	stage_on(&s->st);
	stage_run(&s->st, 5 * SEC);
}

static void
talk(struct story *s)
{
	flow_start(&s->flow, s->a, s->b, 50 * MS, 200);
}

/* And have talked for a while. */
static void
meet_and_talk(struct story *s, unsigned kind_a, unsigned kind_b)
{
	meet(s, kind_a, kind_b);
	talk(s);
	stage_run(&s->st, 10 * SEC);
}

static void
cut_both(struct story *s)
{
	stage_cut(&s->st, s->a, s->b);
	stage_cut(&s->st, s->b, s->a);
}

static void
heal_both(struct story *s)
{
	stage_heal(&s->st, s->a, s->b);
	stage_heal(&s->st, s->b, s->a);
}

/*
 * Direct
 */

static void
two_on_one_lan(struct story *s)
{
	stage_lighthouse(&s->st);
	s->a = stage_node(&s->st, KIND_LINUX);
	s->b = stage_neighbour(&s->st, s->a);
	stage_on(&s->st);
	talk(s);
	ends(s, 5 * SEC);
}

static void
one_is_public(struct story *s)
{
	meet(s, KIND_LINUX, KIND_PUBLIC);
	talk(s);
	ends(s, 5 * SEC);
}

static void
both_have_ipv6(struct story *s)
{
	meet(s, KIND_V6FW, KIND_V6FW);
	talk(s);
	ends(s, 5 * SEC);
}

static void
one_router_maps(struct story *s)
{
	meet(s, KIND_SYM_RAND, KIND_UPNP);
	talk(s);
	ends(s, 10 * SEC);
}

static void
both_have_nats(struct story *s)
{
	meet(s, KIND_LINUX, KIND_PCONE);
	talk(s);
	ends(s, 5 * SEC);
}

static void
a_port_is_foretold(struct story *s)
{
	meet(s, KIND_LINUX, KIND_SYM_SEQ);
	talk(s);
	ends(s, 10 * SEC);
}

static void
a_port_is_found(struct story *s)
{
	meet(s, KIND_LINUX, KIND_SYM_RAND);
	talk(s);
	ends(s, 30 * SEC);
}

static void
a_lighthouse(struct story *s)
{
	meet(s, KIND_LINUX, KIND_LINUX);
	comes(s, s->a, s->st.lighthouses[0], SEC);
}

/*
 * Relayed
 */

static void
just_begun(struct story *s)
{
	meet(s, KIND_LINUX, KIND_LINUX);
	cut_both(s);
	talk(s);
	ends(s, SEC);
}

static void
foretold_in_vain(struct story *s)
{
	meet(s, KIND_LINUX, KIND_SYM_SEQ);
	cut_both(s);
	talk(s);
	ends(s, 60 * SEC);
}

static void
searched_in_vain(struct story *s)
{
	meet(s, KIND_LINUX, KIND_SYM_RAND);
	cut_both(s);
	talk(s);
	ends(s, 60 * SEC);
}

/* There is a search for one, and the other one waits. */
static void
one_search_at_a_time(struct story *s)
{
	static struct flow other;
	struct box *c;

	meet(s, KIND_SYM_RAND, KIND_LINUX);
	c = stage_node(&s->st, KIND_LINUX);
	box_on(c);
	stage_run(&s->st, 5 * SEC);
	cut_both(s);
	stage_cut(&s->st, s->a, c);
	stage_cut(&s->st, c, s->a);
	flow_start(&other, s->a, c, 50 * MS, 200);
	stage_run(&s->st, 500 * MS);
	talk(s);
	ends(s, 60 * SEC);
}

static void
both_symmetric(struct story *s)
{
	meet(s, KIND_SYM_RAND, KIND_SYM_RAND);
	talk(s);
	ends(s, 10 * SEC);
}

static void
no_udp_here(struct story *s)
{
	meet(s, KIND_TCP443, KIND_LINUX);
	talk(s);
	ends(s, 5 * SEC);
}

static void
no_udp_there(struct story *s)
{
	meet(s, KIND_LINUX, KIND_TCP443);
	talk(s);
	ends(s, 5 * SEC);
}

static void
never_answered(struct story *s)
{
	meet(s, KIND_LINUX, KIND_LINUX);
	cut_both(s);
	talk(s);
	ends(s, 5 * SEC);
}

static void
deaf_there(struct story *s)
{
	meet_and_talk(s, KIND_PUBLIC, KIND_PUBLIC);
	stage_cut(&s->st, s->a, s->b);
	ends(s, 5 * SEC);
}

/* Only the other side knows that it is heard: it has to be asked. */
static void
deaf_here(struct story *s)
{
	meet_and_talk(s, KIND_PUBLIC, KIND_PUBLIC);
	stage_cut(&s->st, s->b, s->a);
	stage_run(&s->st, 3 * SEC);
	if (mesh_ask_why(s->a->mesh, box_clock(s->a), s->b->id.name, 1, &s->st.out) < 0)
		world_fail(s->st.w, "it cannot be asked");
	box_settle(s->a);
	ends(s, SEC);
}

static void
went_silent(struct story *s)
{
	meet_and_talk(s, KIND_LINUX, KIND_LINUX);
	cut_both(s);
	ends(s, 5 * SEC);
}

static void
held_down(struct story *s)
{
	meet_and_talk(s, KIND_PUBLIC, KIND_PUBLIC);
	for (int i = 0; i < 4; i++) { /* it flaps, and is held down ever longer */
		cut_both(s);
		stage_run(&s->st, 3 * SEC);
		heal_both(s);
		for (int k = 0; k < 60 && i < 3 && !s->flow.direct; k++)
			stage_run(&s->st, SEC);
	}
	ends(s, 20 * SEC);
}

static void
lossy(struct story *s)
{
	meet_and_talk(s, KIND_PUBLIC, KIND_PUBLIC);
	cut_both(s);
	stage_run(&s->st, 20 * SEC);
	heal_both(s);
	ends(s, 60 * SEC);
}

/* The router maps on its outside, which is the inside of another NAT. */
static void
two_nats_in_a_row(struct story *s)
{
	struct mapping m = { .method = MAPPING_UPNP, .lifetime = 7200 };

	meet(s, KIND_CGN_SYM, KIND_LINUX_FRANDOM);
	m.external = s->a->site.home->v4.outside;
	m.external.port = BOX_PORT;
	mesh_mapped(s->a->mesh, box_clock(s->a), &m, 1, &s->st.out);
	box_settle(s->a);
	talk(s);
	ends(s, 10 * SEC);
}

/* A network for guests, whose hosts do not reach each other. */
static void
kept_apart_on_one_lan(struct story *s)
{
	stage_lighthouse(&s->st);
	s->a = stage_node(&s->st, KIND_LINUX);
	s->b = stage_neighbour(&s->st, s->a);
	net_cut(&s->st.net, &s->a->station, &s->b->station);
	net_cut(&s->st.net, &s->b->station, &s->a->station);
	stage_on(&s->st);
	stage_run(&s->st, 3 * SEC);
	talk(s);
	ends(s, 10 * SEC);
}

/* There is a second interface, by which nothing is sent unless it must be. */
static void
a_costly_way(struct story *s)
{
	struct uplink up = { .ifindex = 2, .family = FAMILY_V4, .metered = true };

	meet(s, KIND_LINUX, KIND_LINUX);
	cut_both(s);
	mesh_uplinks(s->a->mesh, box_clock(s->a), &up, 1, &s->st.out);
	box_settle(s->a);
	stage_run(&s->st, SEC);
	talk(s);
	ends(s, 10 * SEC);
}

/*
 * Not connected
 */

/* Both know each other from before, and their session is over. */
static void
meet_and_forget(struct story *s)
{
	meet_and_talk(s, KIND_LINUX, KIND_LINUX);
	flow_stop(&s->flow);
	stage_run(&s->st, 600 * SEC);
}

static void
nobody_wanted(struct story *s)
{
	meet_and_forget(s);
	ends(s, SEC);
}

static void
called_just_now(struct story *s)
{
	meet_and_forget(s);
	talk(s);
	ends(s, SEC);
}

static void
crashed(struct story *s)
{
	meet_and_forget(s);
	box_crash(s->b);
	talk(s);
	ends(s, 30 * SEC);
}

/* Nothing gets from `a` to anybody, nor back. */
static void
cut_off(struct story *s)
{
	cut_both(s);
	stage_cut(&s->st, s->a, s->st.lighthouses[0]);
	stage_cut(&s->st, s->st.lighthouses[0], s->a);
}

/* Every interface is down. */
static void
unplugged(struct story *s)
{
	meet_and_talk(s, KIND_LINUX, KIND_LINUX);
	cut_off(s);
	mesh_net_changed(s->a->mesh, box_clock(s->a), NULL, 0, &s->st.out);
	box_settle(s->a);
	ends(s, 400 * SEC);
}

static void
lighthouses_dead(struct story *s)
{
	meet_and_forget(s);
	box_crash(s->st.lighthouses[0]);
	box_crash(s->b);
	stage_run(&s->st, 60 * SEC);
	talk(s);
	ends(s, 60 * SEC);
}

static void
never_heard_of(struct story *s)
{
	meet(s, KIND_LINUX, KIND_LINUX);
	box_crash(s->b);
	s->b = stage_node(&s->st, KIND_LINUX); /* certified, and never on */
	if (mesh_want(s->a->mesh, box_clock(s->a), s->b->id.name, &s->st.out) < 0)
		world_fail(s->st.w, "this is a name");
	box_settle(s->a);
	ends(s, SEC);
}

static void
away_for_long(struct story *s)
{
	meet_and_talk(s, KIND_LINUX, KIND_LINUX);
	flow_stop(&s->flow);
	box_crash(s->b);
	stage_run(&s->st, 400 * SEC);
	talk(s);
	ends(s, 30 * SEC);
}

static void
no_relay_at_all(struct story *s)
{
	s->st.no_relay = true;
	meet(s, KIND_LINUX, KIND_LINUX);
	cut_both(s);
	talk(s);
	ends(s, 30 * SEC);
}

/* It is certified to relay, and its operator has said no. */
static void
relays_no_more(struct story *s)
{
	struct mesh_settings settings = { .no_relay = true };
	struct box *relay;

	s->st.no_relay = true;
	s->st.node_flags = CERT_RELAY;
	relay = stage_node(&s->st, KIND_PUBLIC);
	s->st.node_flags = 0;
	meet(s, KIND_LINUX, KIND_LINUX);
	mesh_configure(relay->mesh, box_clock(relay), &settings, &s->st.out);
	box_settle(relay);
	cut_both(s);
	talk(s);
	ends(s, 30 * SEC);
}

/* One client may have so many circuits through one relay. */
static void
one_too_many(struct story *s)
{
	static struct flow flows[CIRCUITS_OF_CLIENT];
	struct box *others[CIRCUITS_OF_CLIENT];

	stage_lighthouse(&s->st);
	s->a = stage_node(&s->st, KIND_SYM_RAND);
	s->b = stage_node(&s->st, KIND_SYM_RAND);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		others[i] = stage_node(&s->st, KIND_SYM_RAND);
	stage_on(&s->st);
	stage_run(&s->st, 3 * SEC);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		flow_start(&flows[i], s->a, others[i], SEC, 100);
		stage_run(&s->st, 20 * MS);
	}
	stage_run(&s->st, 5 * SEC);
	talk(s);
	ends(s, 30 * SEC);
}

static void
dark(struct story *s)
{
	meet_and_talk(s, KIND_LINUX, KIND_LINUX);
	cut_off(s);
	ends(s, 10 * SEC);
}

static void
turned_off(struct story *s)
{
	meet_and_talk(s, KIND_LINUX, KIND_LINUX);
	box_off(s->b);
	ends(s, 5 * SEC);
}

/* `b` ends the conversation for this reason, as a program of another version or network would. */
static void
says_goodbye(struct story *s, enum close_reason reason)
{
	struct peer *a;
	struct box *b;

	meet_and_talk(s, KIND_LINUX, KIND_LINUX);
	b = s->b;
	a = roster_by_name(b->mesh, s->a->id.name);
	speak_close(b->mesh, box_clock(b), a, reason, &s->st.out);
	box_settle(b);
	box_crash(b);
	ends(s, 5 * SEC);
}

static void
of_another_version(struct story *s)
{
	says_goodbye(s, CLOSE_VERSION);
}

static void
not_believed(struct story *s)
{
	says_goodbye(s, CLOSE_CERTIFICATE);
}

static void
somebody_took_the_name(struct story *s)
{
	struct box *successor;
	struct flow other;

	meet_and_talk(s, KIND_LINUX, KIND_LINUX);
	successor = stage_successor(&s->st, s->a);
	box_on(successor);
	flow_start(&other, successor, s->b, SEC, 100);
	ends(s, 30 * SEC);
	flow_stop(&other);
}

static void
theirs_has_ended(struct story *s)
{
	s->st.lifetime = 60;
	stage_lighthouse(&s->st);
	s->st.lifetime = 0;
	s->a = stage_node(&s->st, KIND_LINUX);
	stage_on(&s->st);
	stage_run(&s->st, 5 * SEC);
	comes(s, s->a, s->st.lighthouses[0], 120 * SEC);
}

static void
ours_has_ended(struct story *s)
{
	stage_lighthouse(&s->st);
	s->b = stage_node(&s->st, KIND_LINUX);
	s->st.lifetime = 60;
	s->a = stage_node(&s->st, KIND_LINUX);
	stage_on(&s->st);
	stage_run(&s->st, 5 * SEC);
	talk(s);
	ends(s, 120 * SEC);
}

/* An hour slow, and the peer does not answer either. */
static void
wrong_clock(struct story *s)
{
	stage_lighthouse(&s->st);
	s->a = stage_node(&s->st, KIND_LINUX);
	s->b = stage_node(&s->st, KIND_LINUX);
	s->a->clock_error = -3600 * (int64_t)SEC;
	stage_on(&s->st);
	talk(s);
	stage_run(&s->st, 5 * SEC);
	flow_stop(&s->flow);
	stage_run(&s->st, 600 * SEC);
	box_crash(s->b);
	talk(s);
	ends(s, 30 * SEC);
}

static void
stock_without_address(struct story *s)
{
	struct err e;

	stage_lighthouse(&s->st);
	s->a = stage_node(&s->st, KIND_LINUX);
	s->st.node_flags = CERT_STOCK;
	s->b = stage_node(&s->st, KIND_LINUX);
	box_on(s->st.lighthouses[0]);
	box_on(s->a);
	stage_run(&s->st, SEC);
	if (mesh_add_member(s->a->mesh, box_clock(s->a), s->b->id.cert, s->b->id.cert_len, NULL, 0,
		&s->st.out, &e) < 0)
		world_fail(s->st.w, "%s", e.text);
	box_settle(s->a);
	ends(s, SEC);
}

/* It is gone, and somebody else is certified in its place. */
static void
another_key_than_the_pinned_one(struct story *s)
{
	static struct pin_list pins;
	struct flow other;

	meet_and_talk(s, KIND_LINUX, KIND_LINUX);
	pins = (struct pin_list){ .count = 1, .pin[0].len = 32 };
	strcpy(pins.pin[0].name, s->b->id.name);
	crypto_dh_public(pins.pin[0].bytes, s->b->id.private_key);
	if (mesh_pin(s->a->mesh, box_clock(s->a), &pins, &s->st.out) < 0)
		world_fail(s->st.w, "no memory for a pin");
	box_settle(s->a);
	box_crash(s->b);
	s->b = stage_successor(&s->st, s->b);
	box_on(s->b);
	flow_start(&other, s->b, s->a, SEC, 100);
	ends(s, 60 * SEC);
	flow_stop(&other);
}

/*
 * The list
 */

static const struct {
	enum why_code code;
	void (*tell)(struct story *s);
} stories[] = {
	{ WHY_LAN, two_on_one_lan },
	{ WHY_OPEN, one_is_public },
	{ WHY_IPV6, both_have_ipv6 },
	{ WHY_MAPPED, one_router_maps },
	{ WHY_PUNCHED, both_have_nats },
	{ WHY_PREDICTED, a_port_is_foretold },
	{ WHY_BIRTHDAY, a_port_is_found },
	{ WHY_FIXED, a_lighthouse },

	{ WHY_PUNCHING, just_begun },
	{ WHY_PREDICTING, a_port_is_foretold },
	{ WHY_PREDICTION_FAILED, foretold_in_vain },
	{ WHY_BIRTHDAY_RUNNING, a_port_is_found },
	{ WHY_BIRTHDAY_QUEUED, one_search_at_a_time },
	{ WHY_BIRTHDAY_FAILED, searched_in_vain },
	{ WHY_BOTH_SYMMETRIC, both_symmetric },
	{ WHY_UDP_BLOCKED_HERE, no_udp_here },
	{ WHY_UDP_BLOCKED_THERE, no_udp_there },
	{ WHY_NEVER_ANSWERED, never_answered },
	{ WHY_NOT_HEARD_THERE, deaf_there },
	{ WHY_NOT_HEARD_HERE, deaf_here },
	{ WHY_WENT_SILENT, went_silent },
	{ WHY_HELD_DOWN, held_down },
	{ WHY_LOSSY, lossy },
	{ WHY_DOUBLE_NAT, two_nats_in_a_row },
	{ WHY_NO_HAIRPIN, kept_apart_on_one_lan },
	{ WHY_METERED, a_costly_way },

	{ WHY_IDLE, nobody_wanted },
	{ WHY_CONNECTING, called_just_now },
	{ WHY_NO_ANSWER, crashed },
	{ WHY_NO_NETWORK, unplugged },
	{ WHY_NO_LIGHTHOUSE, lighthouses_dead },
	{ WHY_UNKNOWN, never_heard_of },
	{ WHY_NOT_REGISTERED, away_for_long },
	{ WHY_NO_RELAY, no_relay_at_all },
	{ WHY_RELAY_REFUSED, relays_no_more },
	{ WHY_RELAY_FULL, one_too_many },
	{ WHY_NO_PATH, dark },
	{ WHY_PEER_STOPPED, turned_off },
	{ WHY_VERSION, of_another_version },
	{ WHY_CERT_REFUSED, not_believed },
	{ WHY_CERT_EXPIRED, theirs_has_ended },
	{ WHY_OWN_CERT_EXPIRED, ours_has_ended },
	{ WHY_CERT_CONFLICT, somebody_took_the_name },
	{ WHY_CLOCK_APART, wrong_clock },
	{ WHY_NO_ENDPOINT, stock_without_address },
	{ WHY_PINNED, another_key_than_the_pinned_one },
};

static_assert(ARRAY_LEN(stories) + 1 == SCENE_WHY_CASES, "each story is a case, and the list is");

static bool
is_told(enum why_code code)
{
	for (size_t i = 0; i < ARRAY_LEN(stories); i++) {
		if (stories[i].code == code)
			return true;
	}
	return false;
}

/* One reason and its story; the last case is the list itself. */
void
scene_why(struct world *w, unsigned number)
{
	if (number == ARRAY_LEN(stories)) {
		for (enum why_code c = why_next(WHY_UNSAID); c != WHY_UNSAID; c = why_next(c)) {
			if (!is_told(c))
				world_fail(w, "nobody has ever seen the reason %s", why_word(c));
		}
		return;
	}
	stage_init(&story.st, w);
	story.code = stories[number].code;
	stories[number].tell(&story);
	stage_free(&story.st);
}
