/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * budget.c - what is counted when the engine's instructions are counted.
 *
 *	budget [NAME]	only the count of this name
 *
 * tools/check-budget runs this below callgrind, which collects within count_from_tun(),
 * count_from_net() and count_relay() only, and writes down what it has when count_end() is called.
 * For each such count a line on the standard output says what was done, and with how many packets.
 *
 * What a cipher takes is the library's and depends on the processor. So there is none here: the
 * linker puts the two functions below in the place of cipher_seal() and cipher_open().
 */
#include "bench/pair.h"

#define ROUNDS 16

lot_sealer count_from_tun;
lot_sealer count_from_net;
lot_relayer count_relay;
void count_end(const char *name);

__typeof__(cipher_seal) __wrap_cipher_seal;
__typeof__(cipher_open) __wrap_cipher_open;

void
__wrap_cipher_seal(struct cipher *c, uint64_t counter, uint8_t *p, size_t len)
{
	(void)c;
	(void)counter;
	memset(p + len, 0, CRYPTO_TAG);
}

int
__wrap_cipher_open(struct cipher *c, uint64_t counter, uint8_t *p, size_t len)
{
	(void)c;
	(void)counter;
	(void)p;
	(void)len;
	return 0;
}

__attribute__((noinline)) void
count_from_tun(struct mesh *m, struct instant now, struct lot *lot, struct outbox *out)
{
	lot_seal(m, now, lot, out);
}

__attribute__((noinline)) void
count_from_net(struct mesh *m, struct instant now, struct lot *lot, struct outbox *out)
{
	lot_open(m, now, lot, out);
}

__attribute__((noinline)) void
count_relay(struct beacon *b, struct instant now, struct lot *lot, struct outbox *out)
{
	lot_relay(b, now, lot, out);
}

__attribute__((noinline)) void
count_end(const char *name)
{
	printf("%s %d\n", name, ROUNDS * LOT);
}

/* What is counted of a bulk transfer with small packets the other way. */
struct counted {
	const char *name;
	size_t len;
	bool follow; /* the packets were cut from one */
	enum {
		AT_SENDER,
		AT_RELAY,
		AT_RECEIVER,
	} where;
};

static void
count(struct pair *p, const struct counted *c)
{
	static struct lot bulk, back;

	lot_fill(&bulk, p, &p->ends[ONE], c->len, c->follow);
	lot_fill(&back, p, &p->ends[TWO], 60, false);
	for (unsigned i = 0; i < ROUNDS; i++) {
		lot_pass_by(&bulk, p, &p->ends[ONE],
		    c->where == AT_SENDER ? count_from_tun : lot_seal,
		    c->where == AT_RELAY ? count_relay : lot_relay,
		    c->where == AT_RECEIVER ? count_from_net : lot_open);
		lot_pass(&back, p, &p->ends[TWO]);
		pair_run(p, USEC_PER_MS);
	}
	count_end(c->name);
}

int
main(int argc, char **argv)
{
	static const struct counted all[] = {
		{ "tun", 1400, .where = AT_SENDER },
		{ "tun-follows", 1400, .where = AT_SENDER, .follow = true },
		{ "tun-small", 60, .where = AT_SENDER },
		{ "net", 1400, .where = AT_RECEIVER },
		{ "net-small", 60, .where = AT_RECEIVER },
		{ "relay", 1200, .where = AT_RELAY },
	};
	static struct pair p;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (argc > 1 && strcmp(argv[1], all[i].name) != 0)
			continue;
		pair_open(&p, all[i].where == AT_RELAY);
		count(&p, &all[i]);
		pair_close(&p);
	}
	return 0;
}
