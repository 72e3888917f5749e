/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * renewal.h - when this host asks for its next certificate, and what it takes for one.
 *
 * Nobody has to think of it: at two thirds of a certificate's life, give or take a tenth (by the
 * certificate's own hash, so that hosts that were signed together do not come together), the host
 * asks its lighthouses in turn, by the request that proves its key, until it has the next one under
 * the same key. Whoever answers is not believed: the certificate is.
 *
 * Between two questions lies a growing pause, which shrinks again with the time that is left. An
 * authority that is away has all of the last third; docs/certificates.md, "Renewal".
 *
 * A host whose clock stands or is behind still renews in time: the seconds that have passed since
 * the certificate was taken count as well, and a lighthouse's clock may say that it is later. All
 * that can come of a lie is to be asked too early.
 */
#ifndef CORE_RENEWAL_H
#define CORE_RENEWAL_H

#include "core/trust.h"
#include "core/wire_enrol.h"

/* Pauses between questions. None is longer than a twentieth of the time that is left. */
#define RENEWAL_PAUSE_FIRST (5 * USEC_PER_SEC)
#define RENEWAL_PAUSE_MIN   (2 * USEC_PER_SEC)
#define RENEWAL_PAUSE_MAX   (3600 * USEC_PER_SEC)
#define RENEWAL_KEPT_MAX    (900 * USEC_PER_SEC) /* somebody has it: is there an answer? */
#define RENEWAL_REFUSED_MIN (600 * USEC_PER_SEC) /* asked again all the same: it may be a lie */
/* Where nobody can be asked at all. */
#define RENEWAL_NO_WAY	    (10 * USEC_PER_SEC)

enum renewal_phase {
	RENEWAL_EARLY,	 /* not yet */
	RENEWAL_ASKING,	 /* nobody has answered yet */
	RENEWAL_WAITING, /* a lighthouse keeps the request, or a person decides */
	RENEWAL_TROUBLE, /* refused, or not to be had now; `status` says why, and it goes on */
	RENEWAL_OVER,	 /* expired: only a person can help */
};

struct renewal {
	uint64_t start;	   /* Unix seconds, when it begins */
	uint64_t until;	   /* of the certificate and its chain */
	uint64_t at_least; /* Unix seconds at `since`: it is not earlier than that */
	usec_t since;	   /* mono */
	usec_t due;	   /* mono, of the next question or look at the clock */
	bool wanted;	   /* a person has asked for it */
	bool rekey;	   /* and it is to be for another key */
	bool taken;	   /* the authority is to hear that this certificate is in use */
	unsigned asked;	   /* questions since there was an answer */
	unsigned total;	   /* and in all, for this certificate */
	uint8_t status;	   /* enum renew_status of the last answer; 0: none yet */
	int invalid;	   /* ERR_*: what came instead of a certificate; 0: nothing did */
	bool early;	   /* the authority gave back the one that we have: not yet */
	uint64_t warn;	   /* Unix seconds, when it is next said that the end is near */
	uint8_t issuer[16]; /* key id of the CA that is asked */
	uint16_t request_len;
	uint8_t request[CERT_REQUEST_MAX];
};

/*
 * `own`, of the key `private`, is this host's certificate from now on. `again`: it is a renewal, and
 * should its time come at once (a clock that is ahead, a CA that ends soon), half of what is left is
 * waited for. Where no request can be made (whoever issued it is not known) none is.
 */
void renewal_begin(struct renewal *r, struct instant now, const struct trust *t,
    const struct verified *own, const uint8_t private[static 32], bool again);

/*
 * After renewal_begin() with the same arguments: what is asked for is a certificate for the key
 * `next`, which is to take the place of `private`; at once. 0, or as request_rekey().
 */
int renewal_rekey(struct renewal *r, struct instant now, const struct trust *t,
    const struct verified *own, const uint8_t private[static 32],
    const uint8_t next[static 32]) must_check;

/*
 * After renewal_begin(): the certificate is the first for another key than before, and the authority
 * is to hear that it is in use, so that it can revoke the key before. That is the same question,
 * asked within a second; whoever answers with this certificate has heard it: renewal_too_early().
 */
void renewal_taken(struct renewal *r, usec_t now);

/*
 * Is another key still asked for in vain, or refused, while the certificate for the one that we have
 * has to be renewed? Then that comes first: renewal_begin().
 */
bool renewal_rekey_waits(const struct renewal *r, struct instant now,
    uint64_t unix_now) must_check;

/*
 * Another network state is in force. Where that rotated the root, the next certificate is asked of
 * its successor; and should the old root end before `own` does, then the renewal begins earlier, at
 * some moment of the first eighth of what is left, so that not all hosts come at once. `own` is what
 * trust_own() says by now; NULL: it has ended with the old root. True: something has changed.
 */
bool renewal_rotated(struct renewal *r, struct instant now, const struct trust *t,
    const struct verified *own, const uint8_t private[static 32]) must_check;

/* Somebody's clock says that it is `unix_time`. */
void renewal_clock(struct renewal *r, struct instant now, uint64_t unix_time);

/* A person wants it now. */
void renewal_want(struct renewal *r, usec_t now);

/* Does `r->request` have to be sent now? Then renewal_asked(), or renewal_no_way() follows. */
bool renewal_ask(struct renewal *r, struct instant now, uint64_t unix_now) must_check;
void renewal_asked(struct renewal *r, const struct rng *rng, struct instant now);
void renewal_no_way(struct renewal *r, usec_t now);

/* An answer other than RENEW_ISSUED. */
void renewal_answered(struct renewal *r, const struct rng *rng, struct instant now,
    enum renew_status status);

/* An answer that pretends to be a certificate and is not ours, by renewal_judge(). */
void renewal_refused(struct renewal *r, int code);

/*
 * What came is the certificate that we have: the authority gives no other yet. True: that is what was
 * to be heard (renewal_taken), and all is well.
 */
bool renewal_too_early(struct renewal *r);

/*
 * Is it time to say that the end is near, for which `*left` seconds are left, or that it is here (0)?
 * When a quarter of the life is left and there is no successor, and then whenever half of what was
 * left has gone by.
 */
bool renewal_warns(struct renewal *r, struct instant now, uint64_t unix_now,
    uint64_t *left) must_check;

/* That as a fact for the log, of the host `name`. */
struct trace_fact;
void renewal_warning(struct trace_fact *f, const struct renewal *r, struct instant now,
    uint64_t unix_now, const char *name, uint64_t left);

enum renewal_phase renewal_phase(const struct renewal *r, struct instant now, uint64_t unix_now);

/*
 * Is `cert` (with `ca`, which is absent if a root signed it) the successor of `own`? It must verify,
 * be for the same name and the same key, or the public key `next` (NULL: none was asked for), and
 * newer: a higher serial, or of another issuer a later not_before. 0 with everything in `ret`;
 * ERR_SUPERSEDED for one that is not newer; ERR_CONFLICT for another key or name; as trust_own.
 * `why` may be NULL.
 */
int renewal_judge(struct trust *t, const struct cert *own, const uint8_t *next, struct blob cert,
    struct blob ca, usec_t wall, struct verified *ret, enum breach *why) must_check;

/* A certificate that has come, until it is stored and in use. */
struct renewed {
	struct verified chain;
	uint16_t cert_len; /* 0: none */
	uint16_t root_len;
	uint8_t cert[CERT_HOST_MAX];
	uint8_t root[CERT_CA_MAX]; /* that it stands on, which may be younger than the bundle */
};

/* Keeps what renewal_judge() found to be our next certificate. */
void renewed_take(struct renewed *to, const struct trust *t, struct blob cert,
    const struct verified *chain);

/*
 * Is nothing new in it that an engine is built upon (key, addresses, routes, groups, roles)? Then the
 * one that runs can take it as it is.
 */
bool renewed_is_same_host(const struct renewed *r, const struct cert *own) must_check;

/* "renewal is asked for", ...: what there is to say of `r` to a person, one phrase. */
const char *renewal_phrase(const struct renewal *r, enum renewal_phase phase);

#endif
