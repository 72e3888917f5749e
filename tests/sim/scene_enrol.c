/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_enrol.c - hosts that have a token and nothing else, an authority that comes and goes.
 */
#include "core/bundle.h"
#include "core/crypto.h"
#include "core/request.h"
#include "node/enrol.h"
#include "node/mesh.h"
#include "node/registrar.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#include <stdio.h>
#include <stdlib.h>

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

#define HOSTS_MAX 20

static struct stage st;
static struct box *lighthouse, *authority;
static struct token token;
static struct token_keys keys;

/* What the authority's owner does, and has done. */
static struct {
	bool approves; /* a person decides, later */
	bool mad;      /* what it seals can be opened by nobody */
	bool certified;
	uint8_t key[32]; /* that was */
	unsigned issued;
	struct petition waiting; /* the one that a person is to decide about */
	uint8_t waiting_bytes[WIRE_PLEA_MAX];
} office;

/* A machine whose only program joins. */
static struct newborn {
	struct enrol_host *host;
	uint8_t key[32];
	struct addr at;
	struct station station;
	struct alarm timer;
	struct outbox out;
} born[HOSTS_MAX];
static unsigned born_count;

/*
 * The authority
 */

static size_t
write_bundle(char *text, const uint8_t key[static 32])
{
	struct bundle *b = calloc(1, sizeof(*b));
	struct cert c = { .kind = OBJECT_HOST, .name = "newborn", .serial = 1000 };
	enum breach why = BREACH_NONE;
	int len;

	if (b == NULL)
		abort();
	memcpy(c.network, st.ca.network, sizeof(c.network));
	memcpy(c.key, key, sizeof(c.key));
	c.not_before = WORLD_EPOCH / USEC_PER_SEC - CERT_BACKDATE;
	c.not_after = WORLD_EPOCH / USEC_PER_SEC + 86400;
	c.address_count = 1;
	c.addresses[0] = (struct prefix){ .ip = ip_v4((uint8_t[4]){ 10, 87, 1, 1 }), .len = 32 };
	len = cert_sign(&c, b->host.bytes, sizeof(b->host.bytes), st.ca_seed, &why);
	if (len < 0)
		world_fail(st.w, "the certificate %s", breach_phrase(why));
	b->host.len = (uint16_t)len;
	b->ca_count = 1;
	b->cas[0].len = (uint16_t)st.ca_cert_len;
	memcpy(b->cas[0].bytes, st.ca_cert, st.ca_cert_len);
	b->lighthouse_count = 1;
	b->lighthouses[0].cert.len = (uint16_t)lighthouse->id.cert_len;
	memcpy(b->lighthouses[0].cert.bytes, lighthouse->id.cert, lighthouse->id.cert_len);
	b->lighthouses[0].endpoint_count = 1;
	memcpy(b->lighthouses[0].endpoints[0], token.endpoint, ENDPOINT_TEXT_MAX);
	len = bundle_write(text, BUNDLE_TEXT_MAX, b);
	free(b);
	if (len < 0)
		world_fail(st.w, "no bundle can be written");
	return (size_t)len;
}

static void
rule(const struct petition *p)
{
	static char text[BUNDLE_TEXT_MAX];
	static uint8_t sealed[WIRE_ANSWER_MAX];
	uint8_t request[CERT_REQUEST_MAX];
	struct ruling r = { .kind = PETITION_ENROL, .status = ENROL_ANSWER, .sealed = sealed };
	struct answer a = { 0 };
	struct cert c;
	int len = plea_open(request, &keys, p->bytes.p, p->bytes.len);

	if (len < 0 || request_verify(&c, request, (size_t)len, &st.ca, st.ca_seed, NULL) < 0)
		world_fail(st.w, "the authority was brought what is no plea");
	if (office.certified && memcmp(office.key, c.key, 32) != 0) {
		a.refusal = REFUSAL_USED;
	} else {
		a.bundle = text;
		a.bundle_len = write_bundle(text, c.key);
		office.issued += !office.certified;
		office.certified = true;
		memcpy(office.key, c.key, 32);
	}
	len = answer_seal(sealed, sizeof(sealed), &keys, p->ref, st.ca_seed, c.key, &st.w->rng, &a);
	if (len < 0)
		world_fail(st.w, "no answer can be sealed");
	if (office.mad)
		rng_fill(&st.w->rng, sealed, (size_t)len);
	r.sealed_len = (size_t)len;
	memcpy(r.id, p->id, sizeof(r.id));
	memcpy(r.ref, p->ref, sizeof(r.ref));
	if (mesh_answer(authority->mesh, box_clock(authority), &r, &st.out) < 0)
		world_fail(st.w, "the engine takes no answer");
	box_settle(authority);
}

static void
on_petition(struct box *b, const struct petition *p)
{
	struct ruling r = { .kind = PETITION_ENROL, .status = ENROL_PENDING };

	if (p->kind != PETITION_ENROL || memcmp(p->id, token.id, sizeof(token.id)) != 0)
		world_fail(st.w, "a petition that nobody made");
	if (!office.approves) {
		rule(p);
		return;
	}
	office.waiting = *p;
	memcpy(office.waiting_bytes, p->bytes.p, p->bytes.len);
	office.waiting.bytes.p = office.waiting_bytes;
	memcpy(r.id, p->id, sizeof(r.id));
	memcpy(r.ref, p->ref, sizeof(r.ref));
	if (mesh_answer(b->mesh, box_clock(b), &r, &st.out) < 0)
		world_fail(st.w, "the engine takes no word");
	box_settle(b);
}

/* The authority's node starts and offers the token. */
static void
open_office(void)
{
	uint8_t sealed[WIRE_WELCOME_MAX];
	struct welcome w = {
		.name = "newborn",
		.root = { st.ca_cert, (uint16_t)st.ca_cert_len },
	};
	struct offer o = { .expires = token.expires };
	int len = welcome_seal(sealed, sizeof(sealed), &keys, &st.w->rng, &w);

	if (!box_is_on(authority))
		box_on(authority);
	authority->on_petition = on_petition;
	memcpy(o.id, token.id, sizeof(o.id));
	memcpy(o.psk, keys.psk, sizeof(o.psk));
	o.welcome = (struct blob){ sealed, (uint16_t)len };
	if (len < 0 ||
	    mesh_offer(authority->mesh, box_clock(authority), &o, 1, &st.out) < 0)
		world_fail(st.w, "the engine takes no token");
	box_settle(authority);
}

/*
 * Hosts
 */

static void
newborn_settle(struct newborn *n)
{
	usec_t due = enrol_host_next_due(n->host);

	for (uint32_t i = 0; i < n->out.count; i++) {
		const struct effect *e = &n->out.effects[i];

		net_send(&st.net, &n->station, n->at, e->to, 0, e->data, e->len);
	}
	outbox_reset(&n->out);
	if (due == 0)
		world_never(st.w, &n->timer);
	else
		world_at(st.w, &n->timer, max_u64(due, st.w->now));
}

static struct instant
newborn_clock(void)
{
	return (struct instant){ .mono = st.w->now, .wall = WORLD_EPOCH + st.w->now };
}

static void
newborn_tick(struct world *w, struct alarm *a)
{
	struct newborn *n = CONTAINER_OF(a, struct newborn, timer);

	(void)w;
	enrol_host_tick(n->host, newborn_clock(), &n->out);
	newborn_settle(n);
}

static void
newborn_hears(void *ctx, struct datagram *d)
{
	struct newborn *n = ctx;
	struct packet pk = { .data = d->data, .len = d->len, .socket = SOCKET_V4, .from = d->src };

	if (n->host != NULL) {
		enrol_host_from_net(n->host, newborn_clock(), &pk, 1, &n->out);
		newborn_settle(n);
	}
	datagram_free(d);
}

static void
newborn_starts(struct newborn *n)
{
	struct addr at = lighthouse->site.host_v4;

	at.port = BOX_PORT;
	n->host = enrol_host_new(&token, n->key, &at, 1, &st.w->rng);
	if (n->host == NULL)
		abort();
	newborn_tick(st.w, &n->timer);
}

static struct newborn *
bear(uint32_t loss)
{
	struct newborn *n = &born[born_count];

	*n = (struct newborn){ .at = internet_v4(100 + born_count) };
	born_count++;
	n->at.port = 4242;
	n->timer.ring = newborn_tick;
	rng_fill(&st.w->rng, n->key, sizeof(n->key));
	if (outbox_init(&n->out, 64, 1 << 16) < 0)
		abort();
	net_host(&st.net, &n->station, NULL, newborn_hears, n);
	net_address(&st.net, &n->station, n->at);
	n->station.up.delay = n->station.down.delay = 15 * MS;
	n->station.up.loss = n->station.down.loss = loss;
	n->station.up.jitter = n->station.down.jitter = 5 * MS;
	newborn_starts(n);
	return n;
}

static void
newborn_dies(struct newborn *n)
{
	world_never(st.w, &n->timer);
	enrol_host_free(n->host);
	n->host = NULL;
}

static void
expect(struct newborn *n, enum enrol_phase phase)
{
	if (enrol_host_phase(n->host) != phase)
		world_fail(st.w, "a host is at %d instead of %d: %s", enrol_host_phase(n->host),
		    phase, enrol_host_error(n->host));
}

static void
expect_certified(struct newborn *n)
{
	expect(n, ENROL_ISSUED);
	if (office.issued != 1)
		world_fail(st.w, "%u certificates for one token", office.issued);
}

/*
 * The story
 */

static void
begin(struct world *w)
{
	char text[ADDR_TEXT_MAX];
	struct addr at;

	memset(&office, 0, sizeof(office));
	born_count = 0;
	stage_init(&st, w);
	lighthouse = stage_lighthouse(&st);
	st.node_flags = CERT_ENROL;
	authority = stage_node(&st, KIND_PCONE);
	st.node_flags = 0;
	at = lighthouse->site.host_v4;
	at.port = BOX_PORT;
	token = (struct token){ .expires = WORLD_EPOCH / USEC_PER_SEC + 86400 };
	token_draw(&token, &w->rng);
	cert_fingerprint(token.root, st.ca_cert, st.ca_cert_len);
	crypto_dh_public(token.lighthouse, lighthouse->id.private_key);
	snprintf(token.endpoint, sizeof(token.endpoint), "%s", addr_format(text, &at));
	token_keys(&keys, token.id, token.secret);
	stage_on(&st);
	stage_run(&st, 3 * SEC);
	open_office();
	stage_run(&st, SEC);
}

static void
end(void)
{
	for (struct newborn *n = born; n < born + born_count; n++) {
		newborn_dies(n);
		outbox_free(&n->out);
	}
	stage_free(&st);
}

static void
lighthouse_restarts(void)
{
	box_crash(lighthouse);
	stage_run(&st, SEC);
	box_on(lighthouse);
}

/* All with one token at once: one certificate, and everybody else knows why not. */
static void
many(void)
{
	unsigned issued = 0;

	for (unsigned i = 0; i < HOSTS_MAX; i++)
		bear(i % 2 == 0 ? 0 : 50000);
	stage_run(&st, 300 * SEC);
	for (struct newborn *n = born; n < born + born_count; n++) {
		issued += enrol_host_phase(n->host) == ENROL_ISSUED;
		if (enrol_host_phase(n->host) != ENROL_ISSUED)
			expect(n, ENROL_REFUSED);
	}
	if (issued != 1 || office.issued != 1)
		world_fail(st.w, "%u hosts of one token have a certificate", issued);
}

/* An authority that was there before and is again for a few seconds, while the host is not. */
static void
apart(void)
{
	struct newborn *n;

	box_off(authority);
	n = bear(0);
	stage_run(&st, 20 * SEC);
	expect(n, ENROL_AWAY);
	newborn_dies(n);
	lighthouse_restarts();
	stage_run(&st, 600 * SEC);
	open_office();
	stage_run(&st, 15 * SEC);
	if (office.issued != 0)
		world_fail(st.w, "certified before it was approved");
	office.approves = false;
	rule(&office.waiting);
	stage_run(&st, 15 * SEC);
	box_off(authority);
	lighthouse_restarts();
	stage_run(&st, 10 * SEC);
	newborn_starts(n); /* with another plea of the same key: the authority is needed again */
	stage_run(&st, 5 * SEC);
	open_office();
	stage_run(&st, 90 * SEC);
	expect_certified(n);
}

/* Nothing that cannot be opened is taken for an answer, and what can be later is. */
static void
madness(void)
{
	struct newborn *n;

	office.mad = true;
	n = bear(0);
	stage_run(&st, 20 * SEC);
	if (enrol_host_phase(n->host) >= ENROL_ISSUED || enrol_host_error(n->host)[0] == '\0')
		world_fail(st.w, "an answer that nobody sealed was taken");
	office.mad = false;
	stage_run(&st, 120 * SEC);
	expect_certified(n);
}

void
scene_enrol(struct world *w, unsigned number)
{
	struct newborn *n;

	begin(w);
	switch (number) {
	case 0: /* as it should be */
		n = bear(0);
		stage_run(&st, SEC);
		expect_certified(n);
		break;
	case 1: /* a third of what it sends and of what it is sent is lost */
	case 2:
		n = bear(333333);
		stage_run(&st, 240 * SEC);
		expect_certified(n);
		break;
	case 3: /* the lighthouse begins anew in the middle, at one moment or another */
	case 4:
	case 5:
		office.approves = number == 5;
		n = bear(0);
		stage_run(&st, number * 40 * MS);
		lighthouse_restarts();
		stage_run(&st, 60 * SEC);
		if (number == 5) {
			rule(&office.waiting);
			office.approves = false;
		}
		stage_run(&st, 120 * SEC);
		expect_certified(n);
		break;
	case 6: many(); break;
	case 7:
		office.approves = true;
		apart();
		break;
	case 8: madness(); break;
	case 9: /* the host dies with the answer on its way, and begins again with the same key */
		n = bear(0);
		stage_run(&st, 130 * MS);
		newborn_dies(n);
		stage_run(&st, 10 * SEC);
		newborn_starts(n);
		stage_run(&st, 60 * SEC);
		expect_certified(n);
		break;
	}
	end();
}
