/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * door.c - the order of a responder's work.
 *
 * door_knock() is that order. Each step of it is a function that answers DOOR_ADMITTED to go on, or
 * the reason why this initiation goes no further.
 */
#include "core/door.h"
#include "core/bytes.h"
#include "core/cookie.h"
#include "core/refused.h"
#include "core/table.h"

#include <stdlib.h>

#define HASH_LEN sizeof(((struct knock *)0)->hash)

/* The sliding second, in slots. */
#define LOAD_SLOTS 8
#define LOAD_SLOT  (USEC_PER_SEC / LOAD_SLOTS)

struct door {
	const struct noise_identity *self;
	struct trust *trust;
	struct members *members;
	const struct rng *rng;
	unsigned load_max;
	bool takes_guests;
	usec_t loaded_until;
	uint64_t load_now; /* number of the youngest slot */
	unsigned load[LOAD_SLOTS];
	struct limit limit;
	struct cookie_maker cookies;
	struct refused refused;
	struct table accepted; /* hash of an initiation -> who answered it */
	uint64_t counters[DOOR_COUNT];
};

static const char *const words[DOOR_COUNT] = {
	[DOOR_ADMITTED] = "admitted",
	[DOOR_GUEST] = "guest",
	[DOOR_COPY] = "copy",
	[DOOR_COOKIE] = "cookie",
	[DOOR_MALFORMED] = "malformed",
	[DOOR_MAC1] = "mac1",
	[DOOR_RATE] = "rate",
	[DOOR_STATIC] = "static",
	[DOOR_OURSELVES] = "ourselves",
	[DOOR_NOT_STOCK] = "not-stock",
	[DOOR_IMPOSTOR] = "impostor",
	[DOOR_REPLAY] = "replay",
	[DOOR_FUTURE] = "future",
	[DOOR_PRESENTATION] = "presentation",
	[DOOR_ENROL] = "enrol",
	[DOOR_REFUSED_BEFORE] = "refused-before",
	[DOOR_CERTIFICATE] = "certificate",
	[DOOR_EXPIRED] = "expired",
	[DOOR_OTHER_KEY] = "other-key",
	[DOOR_STOCK_PRESENTS] = "stock-presents",
	[DOOR_SUPERSEDED] = "superseded",
	[DOOR_CONFLICT] = "conflict",
	[DOOR_PINNED] = "pinned",
	[DOOR_FULL] = "full",
	[DOOR_POLICY] = "policy",
};

const char *
door_count_word(enum door_count c)
{
	assert(c < DOOR_COUNT);
	return words[c];
}

struct door *
door_new(const struct noise_identity *self, struct trust *trust, struct members *members,
    const struct rng *rng, unsigned load, unsigned accepted_max)
{
	struct door *d = calloc(1, sizeof(*d));
	uint8_t keys[3][16];

	if (d == NULL)
		return NULL;
	d->self = self;
	d->trust = trust;
	d->members = members;
	d->rng = rng;
	d->load_max = load;
	rng_fill(rng, keys, sizeof(keys));
	limit_init(&d->limit, keys[0]);
	refused_init(&d->refused, keys[1]);
	table_init(&d->accepted, keys[2], HASH_LEN, accepted_max);
	cookie_maker_init(&d->cookies);
	return d;
}

void
door_free(struct door *d)
{
	if (d == NULL)
		return;
	limit_wipe(&d->limit);
	refused_free(&d->refused);
	table_free(&d->accepted);
	cookie_maker_wipe(&d->cookies);
	free(d);
}

unsigned
door_load(const struct door *d, usec_t now)
{
	uint64_t slot = now / LOAD_SLOT;
	unsigned sum = 0;

	for (uint64_t i = slot < LOAD_SLOTS ? 0 : slot - LOAD_SLOTS + 1; i <= d->load_now; i++)
		sum += d->load[i % LOAD_SLOTS];
	return sum;
}

bool
door_under_load(const struct door *d, usec_t now)
{
	return d->load_max == 0 || now < d->loaded_until;
}

static void
count_load(struct door *d, usec_t now)
{
	uint64_t slot = now / LOAD_SLOT;

	for (uint64_t i = 0; d->load_now < slot && i < LOAD_SLOTS; i++)
		d->load[++d->load_now % LOAD_SLOTS] = 0;
	d->load_now = slot;
	d->load[slot % LOAD_SLOTS]++;
	if (door_load(d, now) > d->load_max)
		d->loaded_until = now + DOOR_LOAD_HOLD;
}

/* What is known of one initiation on its way through. */
struct caller {
	const struct source *from;
	const uint8_t *msg;
	size_t len;
	const uint8_t *msg1;  /* the initiation in `msg` */
	bool stock;	      /* it came without a presentation */
	struct noise noise;
	uint8_t timestamp[NOISE_TIMESTAMP];
	uint8_t plain[PRESENT_PLAIN_MAX];
	struct presentation said;
	uint8_t fingerprint[32];
};

static enum door_count
check_shape(struct caller *c)
{
	switch (outer_check(c->msg, c->len)) {
	case OUTER_INITIATION:
		c->stock = true;
		c->msg1 = c->msg;
		return DOOR_ADMITTED;
	case OUTER_PRESENT:
		c->msg1 = c->msg + PRESENT_INITIATION;
		return DOOR_ADMITTED;
	default:
		return DOOR_MALFORMED;
	}
}

static enum door_count
check_copy(const struct door *d, const struct caller *c, struct knock *ret)
{
	uint8_t hash[32];

	crypto_hash2(hash, c->msg, c->len, NULL, 0);
	memcpy(ret->hash, hash, HASH_LEN);
	ret->owner = table_get(&d->accepted, ret->hash);
	return ret->owner != NULL ? DOOR_COPY : DOOR_ADMITTED;
}

static enum door_count
check_load(struct door *d, usec_t now, const struct caller *c, struct knock *ret)
{
	count_load(d, now);
	if (!door_under_load(d, now))
		return DOOR_ADMITTED;
	if (!cookie_shown(&d->cookies, now, d->rng, c->from, c->msg1)) {
		cookie_reply(ret->cookie, &d->cookies, now, d->rng, d->self, c->from, c->msg1);
		return DOOR_COOKIE;
	}
	return limit_allow(&d->limit, now, c->from) ? DOOR_ADMITTED : DOOR_RATE;
}

/* The first DH. */
static enum door_count
check_static(const struct door *d, struct instant now, struct caller *c)
{
	if (noise_read_static(&c->noise, d->self, c->msg1) < 0)
		return DOOR_STATIC;
	if (crypto_equal(c->noise.remote, d->self->public, 32))
		return DOOR_OURSELVES;
	if (c->stock &&
	    !members_is_stock(d->members, c->noise.remote, trust_now(d->trust, now.wall)))
		return DOOR_NOT_STOCK;
	return DOOR_ADMITTED;
}

/* The second DH. */
static enum door_count
check_timestamp(const struct door *d, struct instant now, struct caller *c)
{
	const struct member *m;
	usec_t clock;

	if (noise_read_timestamp(c->timestamp, &c->noise, d->self, c->msg1) < 0)
		return DOOR_IMPOSTOR;
	m = members_get(d->members, c->noise.remote);
	if (m != NULL && memcmp(c->timestamp, m->timestamp, sizeof(c->timestamp)) <= 0)
		return DOOR_REPLAY;
	clock = max_u64(now.wall, trust_now(d->trust, now.wall) * USEC_PER_SEC);
	if (noise_timestamp_usec(c->timestamp) > clock + DOOR_AHEAD_MAX)
		return DOOR_FUTURE;
	return DOOR_ADMITTED;
}

static enum door_count
check_presentation(struct caller *c)
{
	int len = noise_read_presentation(c->plain, &c->noise, c->msg, c->len);

	if (len < 0 || presentation_decode(&c->said, c->plain, (size_t)len) < 0)
		return DOOR_PRESENTATION;
	if (c->said.flags & PRESENTATION_ENROL)
		return DOOR_ENROL;
	return c->said.cert.len > CERT_SIGNATURE_LEN ? DOOR_ADMITTED : DOOR_PRESENTATION;
}

static enum door_count
reason_of(int code)
{
	switch (code) {
	case ERR_EXPIRED:
	case ERR_NOT_YET: return DOOR_EXPIRED;
	case ERR_SUPERSEDED: return DOOR_SUPERSEDED;
	case ERR_CONFLICT: return DOOR_CONFLICT;
	case ERR_PINNED: return DOOR_PINNED;
	default: return DOOR_CERTIFICATE;
	}
}

static enum door_count
check_certificate(const struct door *d, struct instant now, const struct caller *c,
    struct verified *v, int *code)
{
	*code = trust_verify(d->trust, c->said.cert.p, c->said.cert.len, c->said.ca.p,
	    c->said.ca.len, now.wall, v, NULL);
	if (*code < 0)
		return reason_of(*code);
	*code = ERR_DENIED;
	if (!crypto_equal(v->cert.key, c->noise.remote, sizeof(v->cert.key)))
		return DOOR_OTHER_KEY;
	if (v->cert.flags & CERT_STOCK)
		return DOOR_STOCK_PRESENTS;
	*code = 0;
	return DOOR_ADMITTED;
}

/* The certificate joins the members, if its name and addresses are free. */
static enum door_count
learn(struct door *d, struct instant now, const struct caller *c, const struct verified *v,
    struct outbox *out, struct visitor *ret, int *code)
{
	int rc = members_learn(d->members, v, c->said.cert.p, c->said.cert.len,
	    trust_now(d->trust, now.wall), out, &ret->member, &ret->loser);

	if (rc == ERR_SUPERSEDED || rc == ERR_CONFLICT || rc == ERR_PINNED) {
		*code = rc;
		return reason_of(rc);
	}
	if (rc < 0)
		return DOOR_FULL;
	if (ret->member->superseded) {
		*code = ERR_SUPERSEDED;
		return DOOR_SUPERSEDED;
	}
	if (rc != LEARNED_REPLACED)
		ret->loser = NULL;
	ret->certificate_new = rc != LEARNED_NOTHING;
	return DOOR_ADMITTED;
}

/*
 * Whoever signed the certificate is not known here: perhaps a root that a network state names which
 * has not come yet, and this member would bring. Its key is proven, so the certificate that is held
 * of it stands for the one that says nothing, if that still holds.
 */
static bool
stands_by_held(const struct door *d, struct instant now, const struct caller *c,
    struct visitor *ret)
{
	struct member *m = members_get(d->members, c->noise.remote);
	struct verified v;

	if (m == NULL || m->superseded || (m->flags & CERT_STOCK) != 0 ||
	    trust_verify(d->trust, member_host(m), m->host_len, member_issuing(m), m->issuing_len,
	        now.wall, &v, NULL) < 0)
		return false;
	ret->member = m;
	return true;
}

/* Its key is proven and its token is not: what that is worth only the engine knows. */
static enum door_count
fill_newcomer(struct newcomer *n, const struct caller *c, const uint8_t hash[static HASH_LEN])
{
	n->handshake = c->noise;
	memcpy(n->timestamp, c->timestamp, sizeof(n->timestamp));
	memcpy(n->hash, hash, sizeof(n->hash));
	memcpy(n->token, c->said.token.p, sizeof(n->token));
	return DOOR_GUEST;
}

static enum door_count
check_presented(struct door *d, struct instant now, struct caller *c, struct outbox *out,
    struct knock *ret)
{
	enum door_count what = check_presentation(c);
	struct verified v;

	if (what == DOOR_ENROL && d->takes_guests)
		return fill_newcomer(&ret->newcomer, c, ret->hash);
	if (what != DOOR_ADMITTED)
		return what;
	cert_fingerprint(c->fingerprint, c->said.cert.p, c->said.cert.len);
	if (refused_recently(&d->refused, now.mono, c->noise.remote, c->fingerprint))
		return DOOR_REFUSED_BEFORE;
	what = check_certificate(d, now, c, &v, &ret->code);
	if (what == DOOR_ADMITTED)
		what = learn(d, now, c, &v, out, &ret->visitor, &ret->code);
	if (ret->code == ERR_UNKNOWN && stands_by_held(d, now, c, &ret->visitor)) {
		ret->code = 0;
		return DOOR_ADMITTED;
	}
	if (ret->code != 0) {
		refused_note(&d->refused, now.mono, c->noise.remote, c->fingerprint);
		memcpy(ret->key, c->noise.remote, sizeof(ret->key));
	}
	return what;
}

/* The certificate that this node holds of a STOCK peer stands for the one that it cannot send. */
static enum door_count
check_stock(struct door *d, struct instant now, const struct caller *c, struct knock *ret)
{
	struct member *m = members_get(d->members, c->noise.remote);

	if (m->superseded)
		return DOOR_SUPERSEDED;
	if (refused_recently(&d->refused, now.mono, m->key, m->fingerprint))
		return DOOR_REFUSED_BEFORE;
	ret->visitor.member = m;
	return DOOR_ADMITTED;
}

static void
fill_visitor(struct visitor *v, const struct caller *c, const uint8_t hash[static HASH_LEN])
{
	members_stamp(v->member, c->timestamp);
	v->handshake = c->noise;
	memcpy(v->timestamp, c->timestamp, sizeof(v->timestamp));
	memcpy(v->hash, hash, sizeof(v->hash));
	v->caps = c->said.caps;
	v->state_version = c->said.state_version;
	memcpy(v->our_prefix, c->said.peer_prefix, sizeof(v->our_prefix));
}

static enum door_count
knock_steps(struct door *d, struct instant now, struct caller *c, struct outbox *out,
    struct knock *ret)
{
	enum door_count what = check_shape(c);

	if (what == DOOR_ADMITTED && !noise_mac1_valid(d->self, c->msg1, INITIATION_LEN))
		what = DOOR_MAC1;
	if (what == DOOR_ADMITTED)
		what = check_copy(d, c, ret);
	if (what == DOOR_ADMITTED)
		what = check_load(d, now.mono, c, ret);
	if (what == DOOR_ADMITTED)
		what = check_static(d, now, c);
	if (what == DOOR_ADMITTED)
		what = check_timestamp(d, now, c);
	if (what == DOOR_ADMITTED)
		what = c->stock ? check_stock(d, now, c, ret) :
				  check_presented(d, now, c, out, ret);
	if (what == DOOR_ADMITTED)
		fill_visitor(&ret->visitor, c, ret->hash);
	return what;
}

enum door_count
door_knock(struct door *d, struct instant now, const struct source *from, const uint8_t *msg,
    size_t len, struct outbox *out, struct knock *ret)
{
	struct caller c = { .from = from, .msg = msg, .len = len };

	memset(ret, 0, sizeof(*ret));
	ret->what = knock_steps(d, now, &c, out, ret);
	d->counters[ret->what]++;
	crypto_wipe(&c, sizeof(c));
	return ret->what;
}

void
door_take_guests(struct door *d)
{
	d->takes_guests = true;
}

void
door_refuse(struct door *d, struct instant now, struct visitor *v)
{
	refused_note(&d->refused, now.mono, v->member->key, v->member->fingerprint);
	d->counters[DOOR_POLICY]++;
	noise_wipe(&v->handshake);
}

void
door_forgive(struct door *d)
{
	refused_forget(&d->refused);
}

void
door_remember(struct door *d, const uint8_t hash[static 16], void *owner)
{
	/* A full table only means that copies draw no answer. */
	int rc = table_put(&d->accepted, hash, owner);

	(void)rc;
}

void
door_forget(struct door *d, const uint8_t *hash)
{
	if (hash != NULL)
		table_del(&d->accepted, hash);
}

uint64_t
door_counter(const struct door *d, enum door_count c)
{
	assert(c < DOOR_COUNT);
	return d->counters[c];
}
