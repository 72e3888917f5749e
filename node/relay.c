/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * relay.c - the table of our circuits.
 */
#include "node/relay.h"
#include "core/circuit.h"
#include "core/grow.h"
#include "core/wire.h"
#include "node/peer.h"

#include <stdlib.h>

struct circuit_key {
	uint8_t relay[32];
	uint8_t id[4];
};

static struct circuit_key
circuit_key(const struct peer *relay, uint32_t id)
{
	struct circuit_key k;

	memcpy(k.relay, relay->key, sizeof(k.relay));
	put_le32(k.id, id);
	return k;
}

void
relay_init(struct relaying *c, const uint8_t self[static 32], const uint8_t hash_key[static 16],
    const struct rng *rng)
{
	memset(c, 0, sizeof(*c));
	memcpy(c->self, self, sizeof(c->self));
	table_init(&c->by_id, hash_key, sizeof(struct circuit_key), CIRCUITS_MAX);
	/* Not from 1 in every life, so that a relay's memory of an earlier one does no harm. */
	c->next_id = rng_u32(rng);
}

void
relay_wipe(struct relaying *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->all[i]);
	free(c->all);
	table_free(&c->by_id);
	c->all = NULL;
	c->count = c->room = 0;
}

static struct circuit *
add(struct relaying *c, struct peer *relay, uint32_t id, const uint8_t key[static 32])
{
	struct circuit_key at = circuit_key(relay, id);
	struct circuit **more = grow(c->all, &c->room, c->count, sizeof(*more), CIRCUITS_MAX);
	struct circuit *circuit;

	if (more == NULL)
		return NULL;
	c->all = more;
	circuit = calloc(1, sizeof(*circuit));
	if (circuit == NULL || table_put(&c->by_id, &at, circuit) < 0) {
		free(circuit);
		return NULL;
	}
	circuit->id = id;
	circuit->relay = relay;
	memcpy(circuit->key, key, sizeof(circuit->key));
	circuit->at = c->count;
	c->all[c->count++] = circuit;
	return circuit;
}

struct circuit *
relay_get(const struct relaying *c, const struct peer *relay, uint32_t id)
{
	struct circuit_key at = circuit_key(relay, id);

	return table_get(&c->by_id, &at);
}

struct circuit *
relay_circuit_to(struct relaying *c, usec_t now, struct peer *relay, const uint8_t key[static 32])
{
	struct circuit *circuit;
	uint32_t id;

	for (size_t i = 0; i < c->count; i++) {
		circuit = c->all[i];
		if (circuit->relay == relay &&
		    memcmp(circuit->key, key, sizeof(circuit->key)) == 0)
			return circuit;
	}
	do {
		id = c->next_id++ & ~(CIRCUIT_BY_RELAY | CIRCUIT_GREATER);
		id |= circuit_side(relay->key, c->self);
	} while (relay_get(c, relay, id) != NULL);
	circuit = add(c, relay, id, key);
	if (circuit != NULL) {
		circuit->due = now;
		c->due = due_min(c->due, now);
	}
	return circuit;
}

struct circuit *
relay_announced(
    struct relaying *c, struct peer *relay, uint32_t id, const uint8_t key[static 32])
{
	struct circuit *circuit = relay_get(c, relay, id);

	if (circuit != NULL && memcmp(circuit->key, key, sizeof(circuit->key)) != 0) {
		relay_close(c, circuit); /* the relay lives again and counts anew */
		circuit = NULL;
	}
	if (circuit == NULL)
		circuit = add(c, relay, id, key);
	if (circuit != NULL) {
		circuit->incoming = true;
		circuit->open = true;
	}
	return circuit;
}

void
relay_close(struct relaying *c, struct circuit *circuit)
{
	struct circuit_key at = circuit_key(circuit->relay, circuit->id);

	table_del(&c->by_id, &at);
	c->all[circuit->at] = c->all[--c->count];
	c->all[circuit->at]->at = circuit->at;
	free(circuit);
}

struct circuit *
relay_next_due(struct relaying *c, usec_t now)
{
	usec_t due = 0;

	if (!due_reached(c->due, now))
		return NULL;
	for (size_t i = 0; i < c->count; i++) {
		if (due_reached(c->all[i]->due, now))
			return c->all[i];
		due = due_min(due, c->all[i]->due);
	}
	c->due = due;
	return NULL;
}

bool
relay_asked(struct circuit *circuit, usec_t now)
{
	if (circuit->tries == CIRCUIT_TRIES)
		return false;
	circuit->due = now + (250 * USEC_PER_MS << circuit->tries);
	circuit->tries++;
	return true;
}
