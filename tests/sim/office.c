/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office.c - the authority of a stage: certificates, one root after the other, and the state.
 */
#include "tests/sim/office.h"

#include "core/crypto.h"
#include "core/request.h"
#include "lighthouse/beacon.h"
#include "node/mesh.h"
#include "node/registrar.h"

#define DAY (UINT64_C(24) * 3600)

/* Whoever is brought a petition knows only its box. */
static struct office *open_office;

static uint64_t
unix_now(const struct office *o)
{
	return (WORLD_EPOCH + o->st->w->now) / USEC_PER_SEC;
}

/* The successor of what box `i` has: same name and addresses, by the authority's record. */
static void
sign_next(struct office *o, unsigned i)
{
	struct cert *c = &o->newest[i];
	int len;

	c->serial = ++o->st->serial;
	c->not_before = unix_now(o) - CERT_BACKDATE;
	c->not_after = unix_now(o) + o->lifetime;
	len = cert_sign(c, o->bytes[i], sizeof(o->bytes[i]), o->seed, NULL);
	if (len < 0)
		world_fail(o->st->w, "no certificate can be signed for box %u", i);
	o->len[i] = (size_t)len;
	o->signed_for[i]++;
}

/* Who asks? Its key may have been followed already by the one that it asks for. */
static unsigned
number_of(const struct office *o, const struct cert *asked)
{
	for (unsigned i = 0; i < o->st->box_count; i++)
		if (memcmp(o->newest[i].key, asked->key, 32) == 0 ||
		    memcmp(o->newest[i].key, request_member(asked), 32) == 0)
			return i;
	world_fail(o->st->w, "a stranger wants a renewal");
	return 0;
}

/* The state: who signs it, how one comes from the root before to that, and what keys were left. */
static void
write_state(struct office *o)
{
	static uint8_t object[NETSTATE_MAX];
	struct netstate s = {
		.version = ++o->version,
		.issued = unix_now(o),
		.next_update = unix_now(o) + 300 * DAY,
		.expires = unix_now(o) + 300 * DAY,
		.key_count = o->revoked_count,
		.keys = o->revoked,
	};
	struct netstate_blob b = {
		.rotation_count = o->statement_len > 0,
		.rotations[0] = { o->statement, o->statement_len },
		.state.p = object,
	};
	int n;

	memcpy(s.network, o->root.network, sizeof(s.network));
	n = netstate_sign(&s, object, sizeof(object), o->seed, NULL);
	if (n < 0)
		world_fail(o->st->w, "a network state cannot be signed");
	b.state.len = (size_t)n;
	n = netstate_blob_write(o->blob, sizeof(o->blob), &b);
	if (n < 0)
		world_fail(o->st->w, "a network state has no room");
	o->blob_len = (size_t)n;
}

void
office_tell(const struct office *o, struct box *to)
{
	struct outbox *out = &o->st->out;
	struct err e = { "" };
	int rc = to->mesh != NULL ?
	    mesh_bring_state(to->mesh, box_clock(to), o->blob, o->blob_len, out, &e) :
	    beacon_bring_state(to->beacon, box_clock(to), o->blob, o->blob_len, out, &e);

	if (rc < 0)
		world_fail(o->st->w, "%s does not take the state: %s", to->id.name, e.text);
	box_settle(to);
}

static bool
is_by_root(const struct office *o, const struct cert *c)
{
	return memcmp(c->issuer, o->root.issuer, sizeof(c->issuer)) == 0;
}

/* The new key is in use: the one before is revoked, and everybody hears of it. */
static void
retire(struct office *o, unsigned i)
{
	o->untaken[i] = false;
	if (o->revoked_count == OFFICE_KEYS_MAX)
		world_fail(o->st->w, "too many keys were left");
	memcpy(o->revoked[o->revoked_count++].key, o->left[i], 32);
	netstate_sort_keys(o->revoked, &o->revoked_count);
	write_state(o);
	office_tell(o, o->desk);
}

static void
sign_for(struct office *o, unsigned i, const struct cert *asked)
{
	if (memcmp(o->newest[i].key, asked->key, sizeof(asked->key)) != 0) {
		o->untaken[i] = true;
		memcpy(o->left[i], o->newest[i].key, sizeof(o->left[i]));
		memcpy(o->newest[i].key, asked->key, sizeof(asked->key));
	}
	sign_next(o, i);
}

/* It gives what it has, or the next if what is known of it is the newest; or what comes to its mind. */
static void
rule(struct office *o, const struct cert *asked, struct ruling *r)
{
	static uint8_t said[CERT_MAX];
	unsigned i = number_of(o, asked);

	if (o->mind == SANE && o->untaken[i] && asked->serial == o->newest[i].serial)
		retire(o, i);
	else if (o->mind == SANE &&
	    (asked->serial == o->newest[i].serial || !is_by_root(o, &o->newest[i])))
		sign_for(o, i, asked);
	if (o->mind == ANOTHERS)
		i = o->one->number == i ? o->other->number : o->one->number;
	memcpy(said, o->bytes[i], o->len[i]);
	said[o->len[i] - 1] ^= o->mind == GARBAGE;
	r->cert = (struct blob){ said, (uint16_t)o->len[i] };
}

static void
on_petition(struct box *box, const struct petition *p)
{
	struct office *o = open_office;
	struct ruling r = { .kind = PETITION_RENEW, .status = RENEW_ISSUED };
	struct cert c;
	int rc = p->kind != PETITION_RENEW ? ERR_FORMAT :
	    request_verify(&c, p->bytes.p, p->bytes.len, &o->root, o->seed, NULL);

	/* One to the root before, whose keys are gone, has no answer. */
	if (rc == ERR_DENIED && o->statement_len > 0)
		return;
	if (rc < 0)
		world_fail(o->st->w, "the authority was brought what is no request");
	if (o->ignored != NULL && o->ignored->number == number_of(o, &c))
		return;
	if (!cert_has_old_key(&c) || o->of_keys == NEW_KEYS)
		rule(o, &c, &r);
	else
		r.status = o->of_keys == NO_NEW_KEYS ? RENEW_REFUSED : RENEW_PENDING;
	memcpy(r.key, p->key, sizeof(r.key));
	memcpy(r.ref, p->ref, sizeof(r.ref));
	if (mesh_answer(box->mesh, box_clock(box), &r, &o->st->out) < 0)
		world_fail(o->st->w, "the engine takes no answer");
	box_settle(box);
}

void
office_open(struct office *o, struct stage *st, struct box *desk, uint64_t lifetime)
{
	*o = (struct office){ .st = st, .desk = desk, .root = st->ca, .lifetime = lifetime };
	memcpy(o->seed, st->ca_seed, sizeof(o->seed));
	cert_key_id(o->root.issuer, o->root.key);
	desk->on_petition = on_petition;
	open_office = o;
	assert(st->box_count <= OFFICE_HOSTS_MAX);
	for (unsigned i = 0; i < st->box_count; i++) {
		const struct identity *id = &st->boxes[i]->id;

		o->len[i] = id->cert_len;
		memcpy(o->bytes[i], id->cert, id->cert_len);
		if (cert_decode(&o->newest[i], id->cert, id->cert_len, NULL) < 0)
			world_fail(st->w, "a certificate of the stage is none");
	}
}

void
office_rotate(struct office *o, uint64_t overlap)
{
	struct rotation r = { .from = unix_now(o), .until = unix_now(o) + overlap };
	uint8_t old_seed[32];
	int n;

	memcpy(old_seed, o->seed, sizeof(old_seed));
	rng_fill(&o->st->w->rng, o->seed, sizeof(o->seed));
	crypto_ed25519_public(o->root.key, o->seed);
	crypto_dh_public(o->root.enrol_key, o->seed);
	o->root.serial = ++o->st->serial;
	o->root.not_before = unix_now(o) - CERT_BACKDATE;
	n = cert_sign(&o->root, r.root_bytes, sizeof(r.root_bytes), o->seed, NULL);
	if (n < 0)
		world_fail(o->st->w, "no new root can be made");
	r.root_len = (size_t)n;
	n = rotation_sign(&r, o->statement, sizeof(o->statement), old_seed, NULL);
	if (n < 0)
		world_fail(o->st->w, "the old root cannot name the new one");
	o->statement_len = (size_t)n;
	write_state(o);
}

void
office_expect(const struct office *o, const struct box *box, unsigned least, unsigned most)
{
	unsigned n = o->signed_for[box->number];

	if (n < least || n > most)
		world_fail(o->st->w, "%s was given %u certificates, not %u to %u", box->id.name,
		    n, least, most);
}

bool
office_signed(const struct office *o, const struct box *box)
{
	struct cert c;

	return cert_decode(&c, box->id.cert, box->id.cert_len, NULL) == 0 && is_by_root(o, &c);
}
