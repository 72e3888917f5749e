/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * channel_impl.h - the inside of a channel, for the files that are one: channel.c (what it holds,
 * what is due, sealing and opening), channel_handshake.c (how it comes to new keys) and
 * channel_hello.c (what both can, said in each session).
 */
#ifndef CORE_CHANNEL_IMPL_H
#define CORE_CHANNEL_IMPL_H

#include "core/bytes.h"
#include "core/channel.h"

/* Nothing heard for this long after we said something: the other side has lost its keys. */
#define DEAD_AFTER_TIME (KEEPALIVE_TIMEOUT + REKEY_TIMEOUT)

struct keypair {
	struct session session;
	usec_t hello_due;
	usec_t hello_last;	/* sent */
	unsigned hellos_sent;
	bool hello_seen;	/* one of theirs came */
	bool hello_said_seen;	/* one of ours said so */
	bool hello_agreed;	/* one of theirs said that they saw ours */
	uint32_t caps;		/* CAP_* of both, once one of theirs came */
	usec_t dead_after;	/* what was said, if nothing is heard */
};

enum slot {
	PREVIOUS,
	CURRENT,
	NEXT,
	SLOTS,
};

struct attempt {
	struct noise noise;
	usec_t made;
	unsigned repeats;
	bool with_cookie;
	size_t len;
	uint8_t msg[PRESENT_MAX];
};

/* The last initiation that we answered. */
struct accepted {
	bool any;
	usec_t at;
	unsigned copies;
	uint8_t hash[16];
	uint8_t response[RESPONSE_LEN];
};

enum due {
	DUE_INITIATE,
	DUE_REPEAT,
	DUE_KEEPALIVE,
	DUE_DEAD,	/* something was said and nothing heard since */
	DUE_COUNT,
};

#define RETIRED_MAX 8

struct channel {
	struct channel_config config;
	struct noise_remote remote;
	struct keypair *keypairs[SLOTS];
	struct attempt *attempt;
	struct accepted accepted;
	struct cookie cookie;
	usec_t due[DUE_COUNT];
	usec_t give_up;		/* no attempt is repeated after this */
	usec_t end;		/* of the certificates, mono; 0: not known */
	unsigned attempts;	/* made since the last success */
	usec_t last_attempt;
	usec_t last_heard;
	usec_t last_handshake;
	uint32_t retired[RETIRED_MAX];
	unsigned retired_count;
};

/* Ends the session in this slot, if there is one, and retires its index. */
void channel_drop(struct channel *ch, enum slot slot);

/* The attempt, if there is one, has failed: it goes, and its index is retired. */
void channel_drop_attempt(struct channel *ch);

/* The same for one that has become a session, in which its index lives on. */
void channel_free_attempt(struct channel *ch);

/* A packet came in the next session: they have it, and it becomes the current one. */
void channel_confirm(struct channel *ch, usec_t now);

/* Where the session of our index is. False: it is none of this channel's. */
static inline bool
channel_find(const struct channel *ch, uint32_t index, enum slot *ret)
{
	for (int s = 0; s < SLOTS; s++)
		if (ch->keypairs[s] != NULL && ch->keypairs[s]->session.local_index == index) {
			*ret = (enum slot)s;
			return true;
		}
	return false;
}

/* Something authentic came. */
static inline void
channel_heard(struct channel *ch, usec_t now)
{
	ch->last_heard = now;
	ch->due[DUE_DEAD] = 0;
}

#endif
