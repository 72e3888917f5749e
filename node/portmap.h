/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * portmap.h - has the default gateway pass a port on to us, and keeps it so.
 *
 * One such machine for each main socket. A round asks by PCP; by NAT-PMP where the gateway says
 * that it speaks no PCP, or nothing for PORTMAP_PATIENCE; and looks for an UPnP gateway meanwhile,
 * which is made use of when neither has answered by then. The first that grants the port is kept:
 * its lease is renewed, asked for anew when the gateway has forgotten it, and given back at the end.
 * Nothing waits for any of this.
 *
 *	asking -- granted --> held -- renewed --.
 *	   ^  ^------ expired ---'  ^-----------'
 *	   |
 *	resting <-- nobody grants it
 *
 * The machine is pure. Its shell (node/mapper.c) sends what portmap_tick() asks for and says what
 * came of it. It talks to nobody but the gateway, and believes nobody else.
 */
#ifndef NODE_PORTMAP_H
#define NODE_PORTMAP_H

#include "core/pcp.h"
#include "core/rng.h"
#include "node/lease.h"
#include "node/mesh.h"

#define PORTMAP_LIFETIME     7200u		   /* seconds that are asked for */
#define PORTMAP_LIFETIME_MIN 10u		   /* less that is granted is taken as this */
#define PORTMAP_LIFETIME_MAX 86400u		   /* more than this is as good as this */
#define PORTMAP_PATIENCE     (250 * USEC_PER_MS)
#define PORTMAP_ROUND_MAX    (128 * USEC_PER_SEC)  /* NAT-PMP's nine tries (RFC 6886, 3.1) */
#define PORTMAP_REST	     (600 * USEC_PER_SEC)  /* between rounds that led to nothing */
#define PORTMAP_AGAIN_EVERY  (10 * USEC_PER_SEC)   /* portmap_again() is not heard more often */
#define PORTMAP_PCP_IRT	     (3 * USEC_PER_SEC)	   /* of RFC 6887, 8.1.1 */
#define PORTMAP_PCP_MRT	     (1024 * USEC_PER_SEC)

/* What portmap_tick() wants done. */
enum {
	PORTMAP_SEND_PCP = 1,	 /* portmap_request() to the gateway's PCP_SERVER_PORT */
	PORTMAP_ASK_NATPMP = 2,	 /* the port, by NAT-PMP; its retransmissions are the library's */
	PORTMAP_FIND_UPNP = 4,
	PORTMAP_MAP_UPNP = 8,
	PORTMAP_DROP_UPNP = 16,	 /* the mapping of UPnP is to be deleted */
	PORTMAP_CHANGED = 32,	 /* portmap_mapping() says something else */
};

enum portmap_state {
	PORTMAP_OFF,	 /* no gateway */
	PORTMAP_ASKING,
	PORTMAP_RESTING, /* nobody has granted it */
	PORTMAP_HELD,
};

/* How one of the methods fares in this round. */
enum portmap_try {
	TRY_NOT_YET,
	TRY_ASKED,
	TRY_FOUND, /* UPnP: there is a gateway; it was not asked yet */
	TRY_FAILED,
};

struct portmap {
	struct rng rng;
	uint8_t secret[32];
	enum portmap_state state;
	struct ip gateway;
	struct ip self; /* what the gateway knows us by */
	uint16_t port;

	usec_t round_began;
	usec_t rest_until;
	enum portmap_try pcp, natpmp, upnp;
	uint8_t pcp_result; /* the last refusal, 0 none */
	usec_t pcp_due;
	usec_t pcp_rt;	    /* the next retransmission's time */

	struct lease lease;
	struct mapping held;	/* method 0: none */
	struct addr suggested;	/* what was held last, or our own port */
	uint8_t nonce[PCP_NONCE_LEN];
	bool ending;		/* requests delete */
	usec_t again_at;	/* when portmap_again() was last heard */
	uint32_t epoch;		/* the gateway's, at epoch_at; 0: not known */
	usec_t epoch_at;
	unsigned work;		/* wanted, and not yet told */
};

/* `secret` is known to nobody else and the same after a restart: nonces come from it. */
void portmap_init(struct portmap *p, const struct rng *rng, const uint8_t secret[static 32]);
void portmap_wipe(struct portmap *p);

/*
 * The default gateway, our address towards it, and the port that is to be mapped. Nothing happens
 * when all three are as before; else what was held is gone, and a round begins. A gateway of
 * FAMILY_NONE: there is none. IPv6 is asked for by PCP alone, which opens firewalls.
 */
void portmap_begin(struct portmap *p, usec_t now, struct ip gateway, struct ip self, uint16_t port);

/* There is reason to doubt what is held, or to hope: it is asked for again at once. */
void portmap_again(struct portmap *p, usec_t now);

/* What to do now: a set of PORTMAP_*. */
unsigned portmap_tick(struct portmap *p, usec_t now);

/* When portmap_tick() has something to say, 0 for never. */
usec_t portmap_due(const struct portmap *p);

/*
 * The end: what to do to give back what is held (PORTMAP_SEND_PCP, _ASK_NATPMP with a lifetime of
 * 0, _DROP_UPNP). Then nothing is held, and portmap_begin() begins anew.
 */
unsigned portmap_end(struct portmap *p);

/* The PCP request of now, of PCP_REQUEST_LEN bytes. */
void portmap_request(const struct portmap *p, uint8_t ret[static PCP_REQUEST_LEN]);

/*
 * A datagram from the gateway's PCP port, or to PCP_CLIENT_PORT from the gateway. Returns 0, or why
 * it was not taken: ERR_* of the decoder, ERR_AUTH for another nonce, ERR_UNKNOWN for another port.
 */
int portmap_heard_pcp(struct portmap *p, usec_t now, const uint8_t *msg, size_t len);

/* What came of another method. */
struct portmap_grant {
	struct addr external; /* address and port */
	uint32_t lifetime;    /* seconds; 0: for ever (UPnP) */
	uint32_t epoch;	      /* NAT-PMP */
};

/* NULL: refused, or unanswered. */
void portmap_heard_natpmp(struct portmap *p, usec_t now, const struct portmap_grant *grant);
void portmap_found_upnp(struct portmap *p, usec_t now, bool found);
void portmap_heard_upnp(struct portmap *p, usec_t now, const struct portmap_grant *grant);

/* What is held; false: nothing is. */
bool portmap_mapping(const struct portmap *p, struct mapping *ret);

#endif
