/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * aim.h - one attempt to get through two NATs of which at least one gives every flow a port of its
 * own, and what became of the ones before.
 *
 * The two sides agree on it in session, over whatever path there is: one asks, the other does the
 * first part and says so, then the first does the rest (docs/protocol.md, section 10).
 */
#ifndef NODE_AIM_H
#define NODE_AIM_H

#include "core/bucket.h"
#include "core/outbox.h"
#include "core/wire.h"
#include "node/predict.h"

/* A quiet birthday: ports that the NAT of one side is opened for, less where it is a carrier's. */
#define AIM_SPRAY	  1024
#define AIM_SPRAY_CARRIER 512
#define AIM_SPRAY_RATE	  1000 /* a second */
/* A loud one: so many ports are called by name, and slowly enough for routers that ban. */
#define AIM_CALLS	  600
#define AIM_CALLS_RATE	  50
/* Sockets of either, of which each is seen at another port. */
#define AIM_SOCKETS	  256
#define AIM_SOCKETS_BLOCK 64 /* where a subscriber has few ports, */
#define AIM_BLOCK_SHARE	  16 /* and then one of so many at the most */
#define AIM_SOCKETS_RATE  100
/* Sweeps and meetings with all peers together: so many packets at once, so many a second. */
#define AIM_AT_ONCE 64
#define AIM_PACE    100
/* What one attempt at the most sends to ports that may be closed; loud ones are slow instead. */
#define AIM_PACKETS 300

static_assert(2 * PREDICT_SWEEP <= AIM_PACKETS && 3 * PREDICT_MEET <= AIM_PACKETS &&
	AIM_SOCKETS + PREDICT_SWEEP <= AIM_PACKETS,
    "an attempt keeps to what it may send");
static_assert(PREDICT_MEET <= AIM_AT_ONCE, "a volley can be sent at once");

/* Attempts in a row, and how long it is until the next ones: a sweep is cheap. */
#define AIM_SWEEP_TRIES	   3
#define AIM_SWEEP_REST	   (30 * USEC_PER_SEC)
#define AIM_SWEEP_REST_MAX (300 * USEC_PER_SEC)
#define AIM_BIRTHDAY_TRIES 2
#define AIM_REST	   (600 * USEC_PER_SEC)
#define AIM_REST_LONG	   (1800 * USEC_PER_SEC)
#define AIM_REFUSED_REST   (60 * USEC_PER_SEC)
/* Whoever asks for more birthdays than this in a row is asked to wait. */
#define AIM_PATIENCE	   4

/*
 * So often may a peer say at once that its NAT is another one, or ask for what is no birthday; and
 * then again every so many seconds. It is packets to others that these words have us send.
 */
#define AIM_NEWS	   4
#define AIM_NEWS_EVERY	   300
#define AIM_ASKS	   8
#define AIM_ASKS_EVERY	   10

enum aim_state {
	AIM_ASKING,    /* we have asked, and wait for the other side to be ready */
	AIM_MEASURING, /* where our fresh socket is seen */
	AIM_FIRST,     /* ours is the first part, and it is under way */
	AIM_WAITING,   /* ours is done: for the other side, or for what comes of it */
	AIM_LAST,      /* the other side is ready, and we do the rest */
};

/* An attempt that is under way. */
struct attempt {
	uint32_t number;
	uint8_t technique; /* enum aim_technique */
	uint8_t state;
	bool asked;	   /* by us */
	bool is_ready;     /* we have said so */
	bool they_are;
	uint8_t code;      /* why it will have failed, if it does; 0: no answer */
	usec_t began;
	usec_t due;	   /* the next step */
	usec_t deadline;   /* and the end */
	usec_t again;      /* the question is repeated */
	unsigned step;     /* of the part that is under way */
	uint32_t chance;   /* picks the order of ports */
	struct aim theirs; /* where to aim at: their last word */
	struct aim ours;   /* the last that we said */
	socket_id socket;  /* the fresh one, or SOCKET_NONE */
	uint64_t txid;	   /* of the PING that measures it */
};

/* What became of all of them, for limits and for people. */
struct aimed {
	uint8_t technique; /* of the last one; 0: there was none */
	uint8_t code;      /* enum aim_code if it was refused, else 0 */
	bool won;          /* it led to a path */
	uint8_t worked;    /* the last that did, through both NATs as they are; 0: none */
	unsigned tries;    /* of this technique that failed since something was new */
	unsigned births;   /* birthdays that failed since something was new */
	usec_t birth_next; /* when another one may begin; 0: at once */
	usec_t began;      /* the last one; 0: never */
	usec_t took;       /* until its end */
	usec_t next;       /* when another one may begin; 0: at once */
	uint32_t number;   /* of the last that we asked for */
	uint32_t theirs;   /* of the last that they did, which is not begun again */
	struct bucket news; /* AIM_NEWS */
	struct bucket asks; /* AIM_ASKS */
};

#endif
