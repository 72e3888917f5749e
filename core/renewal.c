/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renewal.c - when this host asks for its next certificate, and what it takes for one.
 */
#include "core/renewal.h"
#include "core/request.h"
#include "core/trace.h"

#include <string.h>

/* Until there is something to ask for, the clock is looked at so often: it may be set. */
#define LOOK_EVERY (3600 * USEC_PER_SEC)

/* The time as well as we know it: clocks that stand or fall back do not count. */
static uint64_t
best_time(const struct renewal *r, struct instant now, uint64_t unix_now)
{
	return max_u64(unix_now, r->at_least + (now.mono - r->since) / USEC_PER_SEC);
}

static usec_t
time_left(const struct renewal *r, struct instant now, uint64_t unix_now)
{
	uint64_t t = best_time(r, now, unix_now);

	return r->until > t ? min_u64(r->until - t, 1u << 31) * USEC_PER_SEC : 0;
}

/*
 * Between 0.6 and 0.73 of the life, which begins when the certificate was signed: that is later
 * than its first second, since issuers date back.
 */
static uint64_t
start_of(const struct verified *own)
{
	uint64_t end = own->valid_until;
	uint64_t begin = min_u64(own->cert.not_before + CERT_BACKDATE, end);
	uint64_t share = 600 + own->cert.fingerprint[0] * 133u / 255;

	return begin + (end - begin) * share / 1000;
}

/* The root whose key has this id, or NULL. */
static const struct cert *
root_by_id(const struct trust *t, const uint8_t key_id[static 16])
{
	const struct cert *root;

	for (size_t i = 0; (root = trust_root(t, i)) != NULL; i++) {
		uint8_t id[16];

		cert_key_id(id, root->key);
		if (memcmp(id, key_id, sizeof(id)) == 0)
			return root;
	}
	return NULL;
}

/* Asks whoever issued `own`, or the root that has followed it; for the key `next`, or NULL. */
static int
prepare(struct renewal *r, const struct trust *t, const struct verified *own,
    const uint8_t private[static 32], const uint8_t *next)
{
	const struct cert *ca = trust_heir(t, own->cert.issuer), *c = &own->cert;
	struct cert issuing;
	int n;

	if (own->issuing_len > 0 && cert_decode(&issuing, own->issuing, own->issuing_len, NULL) == 0)
		ca = &issuing;
	if (ca == NULL)
		return ERR_UNKNOWN;
	cert_key_id(r->issuer, ca->key);
	n = next == NULL ? request_renew(r->request, sizeof(r->request), ca, private, c->name,
			       c->serial, NULL) :
			   request_rekey(r->request, sizeof(r->request), ca, private, next, c->name,
			       c->serial, NULL);
	r->request_len = n > 0 ? (uint16_t)n : 0;
	return n < 0 ? n : 0;
}

void
renewal_begin(struct renewal *r, struct instant now, const struct trust *t,
    const struct verified *own, const uint8_t private[static 32], bool again)
{
	uint64_t unix_now = trust_now(t, now.wall);

	*r = (struct renewal){
		.start = start_of(own),
		.until = own->valid_until,
		.at_least = unix_now,
		.since = now.mono,
		.due = now.mono + USEC_PER_SEC,
	};
	if (again && r->start <= unix_now && r->until > unix_now)
		r->start = unix_now + max_u64((r->until - unix_now) / 2, 5);
	r->warn = r->until - (r->until - min_u64(own->cert.not_before + CERT_BACKDATE, r->until)) / 4;
	(void)prepare(r, t, own, private, NULL);	/* else there is nothing to be asked */
}

int
renewal_rekey(struct renewal *r, struct instant now, const struct trust *t,
    const struct verified *own, const uint8_t private[static 32], const uint8_t next[static 32])
{
	int rc = prepare(r, t, own, private, next);

	r->rekey = rc == 0;
	if (rc == 0)
		renewal_want(r, now.mono);
	return rc;
}

void
renewal_taken(struct renewal *r, usec_t now)
{
	r->taken = true;
	r->due = due_min(r->due, now + USEC_PER_SEC);
}

bool
renewal_rekey_waits(const struct renewal *r, struct instant now, uint64_t unix_now)
{
	uint64_t grace = r->status == RENEW_REFUSED ? 0 : (r->until - r->start) / 2;

	return r->rekey && best_time(r, now, unix_now) >= r->start + grace;
}

bool
renewal_rotated(struct renewal *r, struct instant now, const struct trust *t,
    const struct verified *own, const uint8_t private[static 32])
{
	uint64_t unix_now = trust_now(t, now.wall);
	struct renewal next;

	if (own == NULL) {
		r->until = min_u64(r->until, unix_now - 1);
		return true;
	}
	renewal_begin(&next, now, t, own, private, false);
	if (next.until == r->until && memcmp(next.issuer, r->issuer, sizeof(next.issuer)) == 0)
		return false;
	if ((next.start <= unix_now || next.until < own->cert.not_after) && next.until > unix_now)
		next.start = unix_now +
		    (next.until - unix_now) * own->cert.fingerprint[1] / (8 * 256);
	next.wanted = r->wanted;
	next.taken = r->taken;
	*r = next;
	return true;
}

void
renewal_clock(struct renewal *r, struct instant now, uint64_t unix_time)
{
	/* A clock beyond the end says nothing that could be acted on. */
	if (unix_time <= best_time(r, now, 0) || unix_time > r->until)
		return;
	r->at_least = unix_time;
	r->since = now.mono;
	if (unix_time >= r->start && r->total == 0)
		r->due = due_min(r->due, now.mono + USEC_PER_SEC);
}

void
renewal_want(struct renewal *r, usec_t now)
{
	r->wanted = true;
	r->asked = 0;
	r->due = now;
}

bool
renewal_ask(struct renewal *r, struct instant now, uint64_t unix_now)
{
	uint64_t t = best_time(r, now, unix_now);

	if (!due_reached(r->due, now.mono))
		return false;
	if (t > r->until || r->request_len == 0) {
		r->due = now.mono + LOOK_EVERY;
		return false;
	}
	if (r->wanted || r->taken || t >= r->start)
		return true;
	r->due = now.mono + min_u64((r->start - t) * USEC_PER_SEC, LOOK_EVERY);
	return false;
}

/* `pause`, but not longer than what is left allows, and never at the same time as all others. */
static void
pause_for(struct renewal *r, const struct rng *rng, struct instant now, usec_t longest)
{
	usec_t most = time_left(r, now, now.wall / USEC_PER_SEC) / 20;
	usec_t p = max_u64(min_u64(longest, most), RENEWAL_PAUSE_MIN);

	r->due = now.mono + rng_jitter(rng, p);
}

void
renewal_asked(struct renewal *r, const struct rng *rng, struct instant now)
{
	usec_t grown = RENEWAL_PAUSE_FIRST << min_u64(r->asked, 12);

	r->asked++;
	r->total++;
	pause_for(r, rng, now, min_u64(grown, RENEWAL_PAUSE_MAX));
}

void
renewal_no_way(struct renewal *r, usec_t now)
{
	r->due = now + RENEWAL_NO_WAY;
}

void
renewal_answered(struct renewal *r, const struct rng *rng, struct instant now,
    enum renew_status status)
{
	usec_t grown;

	r->status = (uint8_t)status;
	r->invalid = 0;
	r->early = false;
	switch (status) {
	case RENEW_KEPT:
	case RENEW_PENDING:
		r->asked = 0;
		pause_for(r, rng, now, RENEWAL_KEPT_MAX);
		break;
	case RENEW_REFUSED:
		r->wanted = false;
		grown = RENEWAL_PAUSE_FIRST << min_u64(r->asked, 12);
		pause_for(r, rng, now, max_u64(RENEWAL_REFUSED_MIN, grown));
		break;
	default:	/* the next lighthouse may do better; the pause stays as it grew */
		break;
	}
}

void
renewal_refused(struct renewal *r, int code)
{
	r->invalid = code;
}

enum renewal_phase
renewal_phase(const struct renewal *r, struct instant now, uint64_t unix_now)
{
	uint64_t t = best_time(r, now, unix_now);

	if (t > r->until)
		return RENEWAL_OVER;
	if (t < r->start && !r->wanted && (r->total == 0 || r->taken))
		return RENEWAL_EARLY;
	if (r->invalid != 0 || r->early)
		return RENEWAL_TROUBLE;
	switch (r->status) {
	case 0:
		return RENEWAL_ASKING;
	case RENEW_KEPT:
	case RENEW_PENDING:
		return RENEWAL_WAITING;
	default:
		return RENEWAL_TROUBLE;
	}
}

bool
renewal_too_early(struct renewal *r)
{
	if (r->taken) {
		r->taken = false;
		r->total = r->asked = 0;
		r->status = 0;
		return true;
	}
	r->early = true;
	r->wanted = false;
	r->asked = max_u64(r->asked, 6); /* minutes, not seconds */
	return false;
}

bool
renewal_warns(struct renewal *r, struct instant now, uint64_t unix_now, uint64_t *left)
{
	uint64_t t = best_time(r, now, unix_now);

	if (t < r->warn || renewal_phase(r, now, unix_now) == RENEWAL_EARLY)
		return false;
	*left = t > r->until ? 0 : r->until - t;
	if (t > r->until)
		r->warn = UINT64_MAX;
	else
		r->warn = min_u64(t + max_u64(*left / 2, 60), r->until + 1);
	return t > r->until || *left > 0;
}

void
renewal_warning(struct trace_fact *f, const struct renewal *r, struct instant now,
    uint64_t unix_now, const char *name, uint64_t left)
{
	const char *phrase = renewal_phrase(r, renewal_phase(r, now, unix_now));

	*f = (struct trace_fact){
		.what = left > 0 ? TRACE_CERT_ENDS : TRACE_CERT_ENDED,
		.level = TRACE_WARNING,
		.number = (int64_t)left,
		.number2 = (int64_t)r->until,
	};
	memcpy(f->name, name, strlen(name) + 1);
	assert(strlen(phrase) < sizeof(f->other));
	memcpy(f->other, phrase, strlen(phrase) + 1);
}

static bool
is_newer(const struct cert *c, const struct cert *own)
{
	if (memcmp(c->issuer, own->issuer, sizeof(c->issuer)) == 0)
		return c->serial > own->serial;
	return c->not_before > own->not_before;
}

int
renewal_judge(struct trust *t, const struct cert *own, const uint8_t *next, struct blob cert,
    struct blob ca, usec_t wall, struct verified *ret, enum breach *why)
{
	struct cert c;
	int r = cert_decode(&c, cert.p, cert.len, why);

	/* Before trust_own(), which may set the clock forward. */
	if (r < 0)
		return r;
	if (strcmp(c.name, own->name) != 0 || (memcmp(c.key, own->key, sizeof(c.key)) != 0 &&
		(next == NULL || memcmp(c.key, next, sizeof(c.key)) != 0)))
		return ERR_CONFLICT;
	if (!is_newer(&c, own))
		return ERR_SUPERSEDED;
	return trust_own(t, cert.p, cert.len, ca.len > 0 ? ca.p : NULL, ca.len, wall, ret, why);
}

void
renewed_take(struct renewed *to, const struct trust *t, struct blob cert,
    const struct verified *chain)
{
	const struct cert *root = root_by_id(t, chain->cert.issuer);
	struct cert issuing;
	int n = 0;

	if (root == NULL && cert_decode(&issuing, chain->issuing, chain->issuing_len, NULL) == 0)
		root = root_by_id(t, issuing.issuer);
	if (root != NULL)
		n = cert_encode_whole(to->root, sizeof(to->root), root, NULL);
	to->root_len = n > 0 ? (uint16_t)n : 0;
	to->chain = *chain;
	to->cert_len = cert.len;
	memcpy(to->cert, cert.p, cert.len);
}

bool
renewed_is_same_host(const struct renewed *r, const struct cert *own)
{
	const struct cert *c = &r->chain.cert;

	return memcmp(c->key, own->key, sizeof(c->key)) == 0 && c->flags == own->flags &&
	    c->address_count == own->address_count && c->route_count == own->route_count &&
	    c->group_count == own->group_count &&
	    memcmp(c->addresses, own->addresses, c->address_count * sizeof(own->addresses[0])) == 0 &&
	    memcmp(c->routes, own->routes, c->route_count * sizeof(own->routes[0])) == 0 &&
	    memcmp(c->groups, own->groups, c->group_count * sizeof(own->groups[0])) == 0 &&
	    memcmp(c->tls_pin, own->tls_pin, sizeof(own->tls_pin)) == 0;
}

const char *
renewal_phrase(const struct renewal *r, enum renewal_phase phase)
{
	static const char *const troubles[] = {
		[RENEW_REFUSED] = "the authority refuses to renew it",
		[RENEW_UNABLE] = "the authority cannot renew it now",
		[RENEW_FULL] = "the lighthouses have no room for its renewal now",
		[RENEW_NOBODY] = "no authority that could renew it has been at the lighthouses",
	};

	switch (phase) {
	case RENEWAL_EARLY:
		return "it is renewed in time by itself";
	case RENEWAL_ASKING:
		return "its renewal is asked for, and nobody has answered yet";
	case RENEWAL_WAITING:
		return r->status == RENEW_KEPT ? "its renewal waits until the authority is there" :
						 "its renewal waits for somebody at the authority";
	case RENEWAL_OVER:
		return "it cannot be renewed any more";
	default:
		break;
	}
	if (r->invalid != 0)
		return "what came as its renewal was none";
	if (r->early)
		return "the authority finds it too early to renew it";
	return r->status < ARRAY_LEN(troubles) && troubles[r->status] != NULL ?
		       troubles[r->status] : "its renewal does not come";
}
