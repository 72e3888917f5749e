/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enrol.c - one question at a time, asked until it is answered.
 *
 * What is asked follows from what is known: without a welcome for it, then with the plea, then for
 * the piece of the answer that comes next. So a packet lost, a session that ended and a lighthouse
 * that began anew are one case: the same question again, in a new session if need be.
 */
#include "node/enrol.h"
#include "core/channel.h"
#include "core/crypto.h"
#include "core/request.h"
#include "core/text.h"
#include "core/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ASK_FIRST   (250 * USEC_PER_MS) /* doubled with each time that there is no answer */
#define ASK_TRIES   6			/* then the session is given up */
#define WAIT_FIRST  (2 * USEC_PER_SEC)	/* doubled while the answer is: not yet */
#define WAIT_MOST   (60 * USEC_PER_SEC)
#define SESSION_USE (50 * USEC_PER_SEC) /* of the minute that the lighthouse gives it */

struct enrol_host {
	const struct rng *rng;
	struct token token;
	struct token_keys keys;
	struct noise_identity self;
	struct noise_clock clock;
	struct channel *channel;
	struct addr endpoints[ENROL_ENDPOINTS_MAX];
	size_t endpoint_count;
	struct addr at; /* where the lighthouse answered */
	socket_id socket;
	bool begun;

	enum enrol_phase phase;
	usec_t ask_due;
	unsigned asked;	 /* times, without any answer */
	unsigned waited; /* times that the answer was: not yet */
	struct err err;

	char name[NAME_MAX_LEN + 1]; /* of the welcome */
	struct cert ca;		     /* that is asked */
	uint8_t plea[WIRE_PLEA_MAX];
	size_t plea_len; /* 0: not welcomed yet */
	uint8_t ref[ENROL_REF_LEN];

	uint16_t got; /* bytes of the answer */
	uint16_t total;
	uint8_t answer[WIRE_ANSWER_MAX]; /* sealed */
	uint8_t plain[WIRE_ANSWER_MAX];
	const char *bundle;
	size_t bundle_len;
};

struct enrol_host *
enrol_host_new(const struct token *t, const uint8_t private[static 32],
    const struct addr *endpoints, size_t n, const struct rng *rng)
{
	struct enrol_host *h = calloc(1, sizeof(*h));
	struct channel_config c = { .rng = rng };

	assert(n > 0 && n <= ENROL_ENDPOINTS_MAX);
	if (h == NULL)
		return NULL;
	h->rng = rng;
	h->token = *t;
	h->endpoint_count = n;
	memcpy(h->endpoints, endpoints, n * sizeof(*endpoints));
	token_keys(&h->keys, t->id, t->secret);
	noise_clock_init(&h->clock, 0);
	if (noise_identity_init(&h->self, private) == 0) {
		c.self = &h->self;
		memcpy(c.key, t->lighthouse, sizeof(c.key));
		memcpy(c.psk, h->keys.psk, sizeof(c.psk));
		h->channel = channel_new(&c);
	}
	crypto_wipe(&c, sizeof(c));
	if (h->channel == NULL) {
		enrol_host_free(h);
		return NULL;
	}
	return h;
}

void
enrol_host_add(struct enrol_host *h, const struct addr *endpoint)
{
	for (size_t i = 0; i < h->endpoint_count; i++)
		if (addr_equal(&h->endpoints[i], endpoint))
			return;
	if (h->endpoint_count < ENROL_ENDPOINTS_MAX)
		h->endpoints[h->endpoint_count++] = *endpoint;
}

void
enrol_host_free(struct enrol_host *h)
{
	if (h == NULL)
		return;
	channel_free(h->channel);
	noise_identity_wipe(&h->self);
	crypto_wipe(h, sizeof(*h));
	free(h);
}

enum enrol_phase
enrol_host_phase(const struct enrol_host *h)
{
	return h->phase;
}

const char *
enrol_host_name(const struct enrol_host *h)
{
	return h->name;
}

const char *
enrol_host_error(const struct enrol_host *h)
{
	return h->err.text;
}

const char *
enrol_host_bundle(const struct enrol_host *h, size_t *ret_len)
{
	*ret_len = h->bundle_len;
	return h->bundle;
}

static bool
is_over(const struct enrol_host *h)
{
	return h->phase >= ENROL_ISSUED;
}

static void
end(struct enrol_host *h, enum enrol_phase phase)
{
	h->phase = phase;
	h->ask_due = 0;
	channel_close(h->channel);
}

/*
 * Calling
 */

static void
send_everywhere(const struct enrol_host *h, const uint8_t *msg, int len, struct outbox *out)
{
	for (size_t i = 0; i < h->endpoint_count; i++) {
		const struct addr *to = &h->endpoints[i];
		uint8_t *p = outbox_room(out, (size_t)len);

		if (p == NULL)
			return;
		memcpy(p, msg, (size_t)len);
		outbox_to_net(out, to->family == FAMILY_V4 ? SOCKET_V4 : SOCKET_V6, to, p,
		    (uint32_t)len);
	}
}

static void
initiate(struct enrol_host *h, struct instant now, struct outbox *out)
{
	uint8_t plain[PRESENT_PLAIN_MAX], timestamp[NOISE_TIMESTAMP];
	struct presentation p = {
		.flags = PRESENTATION_ENROL,
		.token = { h->token.id, sizeof(h->token.id) },
	};
	const uint8_t *msg;
	uint32_t index;
	int len = presentation_encode(plain, sizeof(plain), &p);

	assert(len > 0);
	while (channel_retired(h->channel) != 0)
		; /* one channel is found without them */
	do {
		index = rng_u32(h->rng);
	} while (index == 0);
	(void)noise_clock_next(&h->clock, timestamp, now.wall);
	len = channel_initiate(h->channel, now, index, timestamp, plain, (size_t)len, &msg);
	if (len > 0)
		send_everywhere(h, msg, len, out);
}

/* Nothing came back: that is how a token is refused, too. */
static void
note_silence(struct enrol_host *h, struct instant now)
{
	char until[32];

	text_format_time(until, h->token.expires);
	if (now.wall / USEC_PER_SEC > h->token.expires)
		err_set(&h->err, -ETIMEDOUT,
		    "no answer from the lighthouse at %s: by this machine's clock the invitation "
		    "has expired on %s",
		    h->token.endpoint, until);
	else
		err_set(&h->err, -ETIMEDOUT,
		    "no answer from the lighthouse at %s: it is not there, UDP to it is blocked, "
		    "or it does not know this invitation (any more)",
		    h->token.endpoint);
}

static void
seal_and_send(struct enrol_host *h, struct instant now, const uint8_t *frame, int len,
    struct outbox *out)
{
	uint8_t *p = len >= 0 ? outbox_room(out, (size_t)len) : NULL;

	if (p == NULL)
		return;
	memcpy(p, frame, (size_t)len);
	len = channel_seal(h->channel, now, p, (size_t)len);
	if (len > 0)
		outbox_to_net(out, h->socket, &h->at, p - DATA_HEADER, (uint32_t)len);
}

static void
run_channel(struct enrol_host *h, struct instant now, struct outbox *out)
{
	unsigned due = channel_tick(h->channel, now);
	const uint8_t *msg;
	int len;

	if (due & CHANNEL_GAVE_UP)
		channel_want(h->channel, now.mono);
	if (due & CHANNEL_INITIATE)
		initiate(h, now, out);
	if (due & CHANNEL_REPEAT) {
		len = channel_repeat(h->channel, now.mono, &msg);
		if (len > 0)
			send_everywhere(h, msg, len, out);
	}
	if (due & CHANNEL_HELLO)
		channel_hello_sent(h->channel, now.mono); /* a guest says none */
	if (due & CHANNEL_KEEPALIVE)
		seal_and_send(h, now, (const uint8_t *)"", 0, out);
}

/*
 * Asking
 */

static bool
in_session(const struct enrol_host *h, struct instant now)
{
	struct channel_view v;

	channel_view(h->channel, now, &v);
	return v.ready && now.mono - v.since < SESSION_USE;
}

static void
call_anew(struct enrol_host *h, struct instant now, struct outbox *out)
{
	channel_close(h->channel);
	h->asked = 0;
	h->ask_due = 0;
	channel_want(h->channel, now.mono);
	run_channel(h, now, out);
}

static void
send_question(struct enrol_host *h, struct instant now, enum enrol_step step, struct outbox *out)
{
	uint8_t frame[FRAME_MAX];
	struct enrol e = { .step = (uint8_t)step };

	memcpy(e.id, h->token.id, sizeof(e.id));
	if (step != ENROL_KNOCK)
		memcpy(e.ref, h->ref, sizeof(e.ref));
	if (step == ENROL_PLEA)
		e.plea = (struct blob){ h->plea, (uint16_t)h->plea_len };
	if (step == ENROL_FETCH)
		e.offset = h->got;
	seal_and_send(h, now, frame, enrol_encode(frame, sizeof(frame), &e), out);
}

static void
ask(struct enrol_host *h, struct instant now, struct outbox *out)
{
	if (!in_session(h, now) || h->asked >= ASK_TRIES) {
		call_anew(h, now, out);
		return;
	}
	if (h->plea_len == 0)
		send_question(h, now, ENROL_KNOCK, out);
	else if (h->got > 0)
		send_question(h, now, ENROL_FETCH, out);
	else
		send_question(h, now, ENROL_PLEA, out);
	h->ask_due = now.mono + (ASK_FIRST << h->asked++);
}

/* It has answered: not yet. */
static void
wait(struct enrol_host *h, struct instant now, enum enrol_phase phase)
{
	usec_t span = WAIT_FIRST << min_u64(h->waited, 10);

	h->waited++;
	h->asked = 0;
	h->phase = phase;
	h->ask_due = now.mono + rng_jitter(h->rng, min_u64(span, WAIT_MOST));
}

/*
 * The welcome
 */

/* The CA certificates hold, and the root is the one that the token names. */
static int
check_authority(struct enrol_host *h, const struct welcome *w, struct instant now)
{
	struct trust *t = trust_new(h->rng);
	enum breach why = BREACH_NONE;
	uint8_t fingerprint[32];
	struct blob asked = w->issuing.len > 0 ? w->issuing : w->root;
	int rc;

	if (t == NULL)
		return -ENOMEM;
	cert_fingerprint(fingerprint, w->root.p, w->root.len);
	rc = crypto_equal(fingerprint, h->token.root, sizeof(fingerprint)) ? 0 : ERR_AUTH;
	if (rc < 0)
		err_set(&h->err, rc,
		    "the authority that answers is not the one of this invitation: its root has "
		    "another fingerprint; ask whoever invited you");
	if (rc == 0) {
		rc = trust_add(t, w->root.p, w->root.len, now.wall, &why);
		if (rc == 0 && w->issuing.len > 0)
			rc = trust_add(t, w->issuing.p, w->issuing.len, now.wall, &why);
		if (rc < 0)
			err_set(&h->err, rc, "the authority's certificate %s",
			    breach_reason(rc, why));
	}
	if (rc == 0)
		rc = cert_decode(&h->ca, asked.p, asked.len, &why);
	trust_free(t);
	return rc;
}

static int
make_plea(struct enrol_host *h, const char *name)
{
	uint8_t request[CERT_REQUEST_MAX];
	enum breach why = BREACH_NONE;
	int len = request_make(request, sizeof(request), &h->ca, h->self.private, name, &why);

	if (len < 0)
		return err_set(&h->err, len, "no request can be made to this authority: it %s",
		    breach_reason(len, why));
	len = plea_seal(h->plea, sizeof(h->plea), &h->keys, h->rng, request, (size_t)len);
	if (len < 0)
		return len;
	plea_ref(h->ref, h->plea, (size_t)len);
	h->plea_len = (size_t)len;
	return 0;
}

static void
on_welcome(struct enrol_host *h, struct instant now, const struct enrol_result *r,
    struct outbox *out)
{
	uint8_t plain[WELCOME_PLAIN_MAX];
	struct welcome w;
	int rc;

	if (h->plea_len > 0)
		return;
	rc = welcome_open(&w, plain, &h->keys, r->piece.p, r->piece.len);
	if (rc < 0) {
		err_set(&h->err, rc,
		    "what the lighthouse gave as the authority's welcome is not sealed by it");
		return;
	}
	rc = check_authority(h, &w, now);
	if (rc == 0)
		rc = make_plea(h, w.name);
	if (rc < 0) {
		end(h, ENROL_REFUSED);
		return;
	}
	memcpy(h->name, w.name, sizeof(h->name));
	h->phase = ENROL_ASKED;
	h->asked = 0;
	ask(h, now, out);
}

/*
 * The answer
 */

static bool
has_root(const struct bundle *b, const uint8_t root[static 32])
{
	uint8_t fingerprint[32];

	for (uint32_t i = 0; i < b->ca_count; i++) {
		cert_fingerprint(fingerprint, b->cas[i].bytes, b->cas[i].len);
		if (crypto_equal(fingerprint, root, sizeof(fingerprint)))
			return true;
	}
	return false;
}

static int
judge_bundle(struct enrol_host *h, const struct bundle *b, struct instant now)
{
	struct verified v;
	int rc = bundle_check(b, now.wall, &v, &h->err);

	if (rc < 0)
		return rc;
	if (b->has_key || !crypto_equal(v.cert.key, h->self.public, sizeof(v.cert.key)))
		return err_set(&h->err, ERR_DENIED, "it is for another key than this host's");
	if (!has_root(b, h->token.root))
		return err_set(&h->err, ERR_AUTH, "it does not hold the root of the invitation");
	return 0;
}

static int
check_bundle(struct enrol_host *h, const struct answer *a, struct instant now)
{
	struct bundle *b = calloc(1, sizeof(*b));
	int rc;

	if (b == NULL)
		return err_set(&h->err, -ENOMEM, "there is not enough memory");
	rc = bundle_read(b, a->bundle, a->bundle_len, &h->err);
	if (rc == 0)
		rc = judge_bundle(h, b, now);
	bundle_wipe(b);
	free(b);
	if (rc < 0)
		return err_prefix(&h->err, rc, "the bundle that came cannot be used");
	return 0;
}

/* Collected another time, from the beginning. */
static void
forget_answer(struct enrol_host *h)
{
	h->got = h->total = 0;
}

static void
on_whole_answer(struct enrol_host *h, struct instant now, struct outbox *out)
{
	struct answer a;
	int rc = answer_open(&a, h->plain, &h->keys, h->ref, h->self.private, h->ca.enrol_key,
	    h->answer, h->total);

	if (rc < 0) {
		err_set(&h->err, rc, "what the lighthouse gave as the authority's answer is not "
				     "sealed by it");
		forget_answer(h);
		wait(h, now, ENROL_ASKED);
		(void)make_plea(h, h->name); /* another one, or the same answer would come again */
		return;
	}
	h->err.text[0] = '\0';
	if (a.refusal == 0 && check_bundle(h, &a, now) < 0) {
		end(h, ENROL_REFUSED); /* unthanked: it can be had again */
		return;
	}
	send_question(h, now, ENROL_THANKS, out);
	if (a.refusal != 0) {
		err_set(&h->err, ERR_DENIED, "%s", refusal_phrase(a.refusal));
		end(h, ENROL_REFUSED);
		return;
	}
	h->bundle = a.bundle;
	h->bundle_len = a.bundle_len;
	end(h, ENROL_ISSUED);
}

static void
on_piece(struct enrol_host *h, struct instant now, const struct enrol_result *r,
    struct outbox *out)
{
	if (h->total != r->total)
		forget_answer(h);
	if (r->offset != h->got)
		return;
	h->total = r->total;
	memcpy(h->answer + h->got, r->piece.p, r->piece.len);
	h->got += r->piece.len;
	h->asked = 0;
	if (h->got == h->total)
		on_whole_answer(h, now, out);
	else
		ask(h, now, out);
}

static void
on_result(struct enrol_host *h, struct instant now, const struct enrol_result *r,
    struct outbox *out)
{
	bool no_ref = crypto_is_zero(r->ref, sizeof(r->ref));
	bool ours = h->plea_len > 0 && memcmp(r->ref, h->ref, sizeof(h->ref)) == 0;

	if (memcmp(r->id, h->token.id, sizeof(r->id)) != 0)
		return;
	switch (r->status) {
	case ENROL_WELCOME: on_welcome(h, now, r, out); return;
	case ENROL_ANSWER:
		if (ours)
			on_piece(h, now, r, out);
		return;
	}
	if (!ours && !no_ref)
		return;
	h->err.text[0] = '\0';
	switch (r->status) {
	case ENROL_KEPT: wait(h, now, ENROL_AWAY); break;
	case ENROL_PENDING: wait(h, now, ENROL_UNDECIDED); break;
	case ENROL_TAKEN:
		err_set(&h->err, ERR_CONFLICT,
		    "other hosts have asked with this invitation, and the authority has not "
		    "decided yet");
		wait(h, now, ENROL_AWAY);
		break;
	case ENROL_FULL:
		err_set(&h->err, ERR_FULL, "the lighthouse has no room for another request");
		wait(h, now, ENROL_AWAY);
		break;
	case ENROL_GONE:
		err_set(&h->err, ERR_EXPIRED,
		    "the invitation is not valid any more: it has expired or was withdrawn; ask for "
		    "another");
		end(h, ENROL_REFUSED);
		break;
	}
}

/*
 * In and out
 */

static void
on_response(struct enrol_host *h, struct instant now, const struct packet *pk, struct outbox *out)
{
	if (channel_response(h->channel, now, pk->data) < 0)
		return;
	h->at = pk->from;
	h->socket = pk->socket;
	h->err.text[0] = '\0';
	if (h->phase == ENROL_CALLING)
		h->phase = ENROL_WELCOMED;
	run_channel(h, now, out);
	ask(h, now, out);
}

static void
on_data(struct enrol_host *h, struct instant now, struct packet *pk, struct outbox *out)
{
	struct channel_opened o;
	struct enrol_result r;
	struct frame f;

	if (channel_open(h->channel, now, pk->data, pk->len, &o) < 0 || o.len == 0)
		return;
	if (frame_is(o.p, o.len) && frame_open(&f, o.p, o.len) == FRAME_SPOKEN &&
	    f.type == FRAME_ENROL_RESULT && enrol_result_decode(&r, &f) == 0)
		on_result(h, now, &r, out);
}

void
enrol_host_from_net(struct enrol_host *h, struct instant now, struct packet *packets, size_t n,
    struct outbox *out)
{
	for (size_t i = 0; i < n && !is_over(h); i++) {
		struct packet *pk = &packets[i];

		switch (outer_check(pk->data, pk->len)) {
		case OUTER_RESPONSE: on_response(h, now, pk, out); break;
		case OUTER_COOKIE:
			if (channel_cookie(h->channel, now.mono, pk->data) == 0)
				run_channel(h, now, out);
			break;
		case OUTER_DATA: on_data(h, now, pk, out); break;
		}
	}
}

void
enrol_host_tick(struct enrol_host *h, struct instant now, struct outbox *out)
{
	struct channel_view v;

	if (is_over(h))
		return;
	if (!h->begun) {
		h->begun = true;
		channel_want(h->channel, now.mono);
	}
	run_channel(h, now, out);
	channel_view(h->channel, now, &v);
	if (!v.ready && v.attempts > 1)
		note_silence(h, now);
	if (due_reached(h->ask_due, now.mono))
		ask(h, now, out);
}

usec_t
enrol_host_next_due(const struct enrol_host *h)
{
	if (is_over(h))
		return 0;
	return due_min(h->ask_due, channel_next_due(h->channel));
}
