/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * life.c - how a lighthouse begins and ends, and what it remembers between.
 */
#include "core/bytes.h"
#include "core/crypto.h"
#include "lighthouse/beacon_impl.h"

#include <errno.h>
#include <stdlib.h>

#define RELAY_RATE          UINT64_C(125000000)
#define CIRCUITS_OF_CLIENTS 4 /* circuits in all, for each client that there may be */

/*
 * Beginning and end
 */

static int
trust_authorities(struct beacon *b, const struct beacon_config *c, struct instant now,
    struct err *e)
{
	enum breach why = BREACH_NONE;

	for (size_t i = 0; i < c->authority_count; i++) {
		int r =
		    trust_add(b->trust, c->authorities[i].p, c->authorities[i].len, now.wall, &why);

		if (r < 0)
			return err_set(e, r, "authority certificate %zu %s", i + 1,
			    breach_reason(r, why));
	}
	return 0;
}

/* Our own certificate: it holds, it is ours, and it makes us a lighthouse. */
static int
verify_own(struct beacon *b, const struct beacon_config *c, struct instant now, struct err *e)
{
	enum breach why = BREACH_NONE;
	int r = trust_own(b->trust, c->cert.p, c->cert.len, NULL, 0, now.wall, &b->own, &why);

	if (r < 0)
		return err_set(e, r, "our certificate %s",
		    breach_reason(r, why));
	if (!crypto_equal(b->own.cert.key, b->self.public, 32))
		return err_set(e, ERR_AUTH, "the certificate of %s is for another key than ours",
		    b->own.cert.name);
	if (!(b->own.cert.flags & CERT_LIGHTHOUSE))
		return err_set(e, ERR_DENIED,
		    "the certificate of %s does not make it a lighthouse; sign it with "
		    "--lighthouse",
		    b->own.cert.name);
	memcpy(b->cert, c->cert.p, c->cert.len);
	b->cert_bytes = (struct blob){ b->cert, c->cert.len };
	b->issuing_bytes = (struct blob){ b->own.issuing, (uint16_t)b->own.issuing_len };
	return 0;
}

static int
make_tables(struct beacon *b, const struct beacon_config *c)
{
	uint64_t rate = c->relay_rate > 0 ? c->relay_rate : RELAY_RATE;
	unsigned load = c->handshake_rate > 0 ? c->handshake_rate : DOOR_LOAD_DEFAULT;
	uint8_t key[3][16];

	rng_fill(&b->rng, key, sizeof(key));
	table_init(&b->by_key, key[0], 32, b->clients_max);
	table_init_random(&b->by_index, b->clients_max * CLIENT_INDICES);
	introduce_limit_init(&b->introduce, key[1]);
	limit_init(&b->stun_limit, key[2]);
	b->clients = calloc(b->clients_max, sizeof(struct client *));
	b->registry = registry_new(&b->rng, b->clients_max);
	b->circuits = circuits_new(b->self.public, &b->rng,
	    b->clients_max * CIRCUITS_OF_CLIENTS, rate);
	b->members = members_new(&b->rng, MEMBERS_LIGHTHOUSE_MAX);
	b->spread = spread_new(b->trust);
	if (b->members == NULL || b->spread == NULL)
		return -ENOMEM;
	members_reserve(b->members, &b->own.cert);
	b->door = door_new(&b->self, b->trust, b->members, &b->rng, load, b->clients_max);
	b->mailbox = mailbox_new(&b->rng);
	b->letters = letters_new(&b->rng);
	if (b->clients == NULL || b->registry == NULL || b->circuits == NULL || b->door == NULL ||
	    b->mailbox == NULL || b->letters == NULL)
		return -ENOMEM;
	door_take_guests(b->door);
	return 0;
}

int
beacon_new(struct beacon **ret, const struct beacon_config *c, struct rng rng, struct instant now,
    struct err *e)
{
	struct beacon *b = calloc(1, sizeof(*b));
	int r;

	if (b == NULL)
		return err_set(e, -ENOMEM, "not enough memory for a lighthouse");
	b->rng = rng;
	b->stun = c->stun;
	b->alt_port = c->alt_port;
	b->clients_max = c->clients_max > 0 ? c->clients_max : BEACON_CLIENTS_MAX;
	memcpy(b->psk, c->psk, sizeof(b->psk));
	noise_clock_init(&b->clock, 0);
	b->trust = trust_new(&b->rng);
	r = b->trust == NULL ? err_set(e, -ENOMEM, "not enough memory for a lighthouse")
	                     : noise_identity_init(&b->self, c->key);
	if (r == ERR_CRYPTO)
		err_set(e, r, "our private key is not usable");
	if (r == 0)
		r = trust_authorities(b, c, now, e);
	if (r == 0)
		r = verify_own(b, c, now, e);
	if (r == 0 && make_tables(b, c) < 0)
		r = err_set(e, -ENOMEM, "not enough memory for %u clients", b->clients_max);
	if (r < 0) {
		beacon_free(b);
		return r;
	}
	b->relay = c->relay && (b->own.cert.flags & CERT_RELAY) != 0;
	b->expire_due = now.mono + BEACON_EXPIRE_EVERY;
	own_renewal_begin(b, now, false);
	*ret = b;
	return 0;
}

void
beacon_free(struct beacon *b)
{
	if (b == NULL)
		return;
	limit_wipe(&b->stun_limit);
	for (uint32_t i = 0; i < b->client_count; i++) {
		channel_free(b->clients[i]->channel);
		free(b->clients[i]);
	}
	free(b->clients);
	heap_free(&b->timers);
	table_free(&b->by_key);
	table_free(&b->by_index);
	registry_free(b->registry);
	circuits_free(b->circuits);
	door_free(b->door);
	mailbox_free(b->mailbox);
	letters_free(b->letters);
	quarantine_wipe(&b->quarantine);
	spread_free(b->spread);
	members_free(b->members);
	trust_free(b->trust);
	noise_identity_wipe(&b->self);
	crypto_wipe(b, sizeof(*b));
	free(b);
}

/*
 * Memory that lasts
 */

/* u64 reserved step, u64 newest issue time. */
#define CLOCK_ROW_LEN 16

static const uint8_t clock_row_key[1] = { 0 };

void
beacon_remember_clock(struct beacon *b, struct outbox *out)
{
	uint8_t row[CLOCK_ROW_LEN];

	put_le64(row, b->clock.reserved);
	put_le64(row + 8, trust_newest(b->trust));
	outbox_remember(out, MEMORY_CLOCK, clock_row_key, sizeof(clock_row_key), row, sizeof(row),
	    0);
	b->newest_written = trust_newest(b->trust);
}

static int
recall_clock(struct beacon *b, const struct memory *row)
{
	if (row->value_len != CLOCK_ROW_LEN)
		return ERR_FORMAT;
	noise_clock_init(&b->clock, le64(row->value));
	trust_saw(b->trust, le64(row->value + 8));
	b->newest_written = trust_newest(b->trust);
	return 0;
}

int
beacon_recall(struct beacon *b, struct instant now, const struct memory *row)
{
	int r;

	switch (row->table) {
	case MEMORY_MEMBER:
		r = members_recall(b->members, b->trust, row->key, row->key_len, row->value,
		    row->value_len, now.wall, NULL);
		return r < 0 ? r : 0;
	case MEMORY_REGISTRATION:
		return registry_recall(b->registry, now, row->key, row->key_len, row->value,
		    row->value_len);
	case MEMORY_CLOCK: return recall_clock(b, row);
	case MEMORY_TOKEN:
	case MEMORY_PLEA:
	case MEMORY_RENEWAL:
		return mailbox_recall(b->mailbox, trust_now(b->trust, now.wall), row);
	case MEMORY_LETTER:
		return letters_recall(b->letters, trust_now(b->trust, now.wall), row);
	case MEMORY_STATE:
		return spread_recall(
		    b->spread, now, row->key, row->key_len, row->value, row->value_len);
	case MEMORY_ENDPOINT:
	case MEMORY_STUDY:
	case MEMORY_NETWORK: break;
	}
	return ERR_UNKNOWN;
}
