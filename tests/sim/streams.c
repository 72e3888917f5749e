/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * streams.c - a stream is two ends, a delay, and where it came from.
 */
#include "tests/sim/streams.h"
#include "lighthouse/beacon.h"
#include "node/mesh.h"
#include "tests/sim/stage.h"

#include <stdlib.h>

#define PORT 443

enum state {
	OPENING, /* rings when the node is told what came of it */
	UP,
	ENDING, /* rings when the other end is told */
};

enum side {
	NODE,
	LIGHTHOUSE,
};

struct stream {
	struct alarm alarm;
	struct stage *stage;
	enum state state;
	enum stream_news news;
	struct box *box[2]; /* by side; that of the lighthouse may be NULL until it is UP */
	socket_id id[2];
	struct addr at[2];  /* the endpoints as the lighthouse sees them */
	usec_t arrived[2];  /* when the last frame to that side does */
	enum side tell;     /* ENDING */
};

/* A stream as one of its ends knows it. */
struct end_key {
	uint32_t box;
	socket_id id;
};

static struct end_key
end_key(const struct stream *s, enum side side)
{
	return (struct end_key){ .box = s->box[side]->number, .id = s->id[side] };
}

static struct stream *
find(const struct box *b, socket_id id)
{
	struct end_key key = { .box = b->number, .id = id };

	return table_get(&b->stage->streams, &key);
}

static void
know(struct stream *s, enum side side)
{
	struct end_key key = end_key(s, side);

	if (table_put(&s->stage->streams, &key, s) < 0)
		abort();
}

static void
stream_free(struct stream *s)
{
	for (int side = NODE; side <= LIGHTHOUSE; side++)
		if (s->box[side] != NULL) {
			struct end_key key = end_key(s, side);

			table_del(&s->stage->streams, &key);
		}
	world_never(s->stage->w, &s->alarm);
	free(s);
}

/* One way between a site's host and the Internet. */
static usec_t
delay(const struct box *b)
{
	return b->station.up.delay + (b->site.home == NULL ? 0 : b->site.home->outer.up.delay) +
	       (b->site.carrier == NULL ? 0 : b->site.carrier->outer.up.delay);
}

/* Where the Internet sees what `b` connects to addresses of `family`; FAMILY_NONE: it cannot. */
static struct addr
seen_from(const struct box *b, uint8_t family)
{
	const struct site *s = &b->site;

	if (family == FAMILY_V6)
		return s->host_v6;
	if (s->carrier != NULL)
		return s->carrier->v4.outside;
	if (s->home != NULL && s->home->v4.is.ports != NAT_PORTS_SAME)
		return s->home->v4.outside;
	return s->host_v4;
}

static struct box *
lighthouse_at(const struct stage *st, const struct addr *a)
{
	for (size_t i = 0; i < st->lighthouse_count; i++)
		if (addr_same_ip(&st->lighthouses[i]->site.host_v4, a) ||
		    addr_same_ip(&st->lighthouses[i]->site.host_v6, a))
			return st->lighthouses[i];
	return NULL;
}

/* Does anything pass between the two ends, in that direction? */
static bool
passes(struct stream *s, enum side from)
{
	struct box *a = s->box[from], *b = s->box[!from];
	struct addr now = seen_from(s->box[NODE], s->at[NODE].family);

	return addr_same_ip(&now, &s->at[NODE]) &&
	       !net_is_cut(&s->stage->net, site_edge(&a->site, &a->station),
	           site_edge(&b->site, &b->station));
}

/* What became of stream `id` of a node; one that is off hears nothing. */
static void
tell_node(struct box *b, socket_id id, enum stream_news news)
{
	if (b->mesh == NULL)
		return;
	mesh_stream_changed(b->mesh, box_clock(b), id, news, &b->stage->out);
	box_settle(b);
}

static void
tell_lighthouse(struct box *b, socket_id id)
{
	if (b->beacon == NULL)
		return;
	beacon_stream_ended(b->beacon, box_clock(b), id, &b->stage->out);
	box_settle(b);
}

static void
ring(struct world *w, struct alarm *a)
{
	struct stream *s = CONTAINER_OF(a, struct stream, alarm);
	struct stream was = *s;

	(void)w;
	if (was.state == OPENING) {
		if (was.box[LIGHTHOUSE] == NULL || !box_is_on(was.box[LIGHTHOUSE]) ||
		    !passes(s, NODE))
			was.news = STREAM_UNREACHED;
		s->state = UP;
		if (was.news != STREAM_UP)
			stream_free(s);
		tell_node(was.box[NODE], was.id[NODE], was.news);
	} else {
		stream_free(s);
		if (was.tell == NODE)
			tell_node(was.box[NODE], was.id[NODE], STREAM_ENDED);
		else
			tell_lighthouse(was.box[LIGHTHOUSE], was.id[LIGHTHOUSE]);
	}
}

/* A connection is made in one round trip, and TLS 1.3 is agreed in another. */
static void
open_stream(struct box *b, const struct stream_change *c)
{
	struct stage *st = b->stage;
	struct stream *s = calloc(1, sizeof(*s));
	struct box *to = lighthouse_at(st, &c->to);

	if (s == NULL)
		abort();
	s->stage = st;
	s->state = OPENING;
	s->alarm.ring = ring;
	s->box[NODE] = b;
	s->id[NODE] = c->id;
	s->at[NODE] = seen_from(b, c->to.family);
	s->at[NODE].port = (uint16_t)(32768 + st->stream_count % 28232);
	s->at[LIGHTHOUSE] = c->to;
	know(s, NODE);
	if (to != NULL && c->to.port == PORT && s->at[NODE].family == c->to.family) {
		s->box[LIGHTHOUSE] = to;
		s->id[LIGHTHOUSE] = SOCKET_STREAM + st->stream_count++;
		know(s, LIGHTHOUSE);
	}
	s->news = to != NULL && memcmp(c->pin, to->id.tls_pin, sizeof(c->pin)) == 0
	              ? STREAM_UP
	              : STREAM_WRONG_KEY;
	world_at(st->w, &s->alarm, st->w->now + 4 * delay(b));
}

void
streams_change(struct box *b, const struct stream_change *c)
{
	struct stream *s = find(b, c->id);

	if (c->open && s != NULL)
		world_fail(b->stage->w, "box %u opens stream %u twice", b->number, c->id);
	if (c->open) {
		open_stream(b, c);
	} else if (s != NULL && s->state == UP) {
		s->state = ENDING;
		s->tell = LIGHTHOUSE;
		world_at(b->stage->w, &s->alarm, b->stage->w->now + delay(b));
	} else if (s != NULL && s->state == OPENING) {
		stream_free(s);
	}
}

void
streams_send(struct box *b, socket_id id, const uint8_t *p, uint32_t len)
{
	struct stream *s = find(b, id);
	struct stage *st = b->stage;
	enum side from;
	usec_t *arrived;

	if (s == NULL || s->state != UP)
		return;
	b->frames_sent++;
	from = s->box[NODE] == b ? NODE : LIGHTHOUSE;
	if (!passes(s, from))
		return;
	arrived = &s->arrived[!from];
	*arrived = max_u64(*arrived, st->w->now + delay(s->box[NODE]));
	net_frame(&st->net, &b->station, &s->box[!from]->station, s->at[from], s->at[!from],
	    s->id[!from], *arrived, p, len);
}

/* One stream of `b`, or NULL; they are few, and a box is seldom turned off. */
static struct stream *
any_of(const struct box *b)
{
	size_t cursor = 0;
	struct stream *s;

	while ((s = table_next(&b->stage->streams, &cursor, NULL)) != NULL)
		if ((s->box[NODE] == b || s->box[LIGHTHOUSE] == b) && s->state != ENDING)
			return s;
	return NULL;
}

void
streams_end(struct box *b)
{
	struct stream *s;

	while ((s = any_of(b)) != NULL) {
		if (s->box[LIGHTHOUSE] == NULL) {
			stream_free(s);
			continue;
		}
		s->tell = s->box[NODE] == b ? LIGHTHOUSE : NODE;
		s->state = ENDING;
		world_at(b->stage->w, &s->alarm, b->stage->w->now + delay(s->box[NODE]));
	}
}

void
streams_free(struct stage *st)
{
	size_t cursor = 0;
	struct stream *s;

	while ((s = table_next(&st->streams, &cursor, NULL)) != NULL) {
		stream_free(s);
		cursor = 0;
	}
	table_free(&st->streams);
}
