/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * budget.c - what is counted when the engine's instructions are counted.
 *
 *	budget [NAME]	only the count of this name
 *
 * tools/check-budget runs this below callgrind, which collects within count_from_tun() and
 * count_from_net() only, and writes down what it has when count_end() is called. For each such count
 * a line on the standard output says what was done and how many packets it was done with.
 *
 * What a cipher takes is the library's and depends on the processor. So there is none here: the
 * linker puts the two functions below in the place of cipher_seal() and cipher_open().
 */
#include "bench/pair.h"

#define ROUNDS 16

void count_from_tun(struct mesh *m, struct instant now, struct lot *lot, struct outbox *out);
void count_from_net(struct mesh *m, struct instant now, struct lot *lot, struct outbox *out);
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
	mesh_from_tun(m, now, lot->packets, LOT, out);
}

__attribute__((noinline)) void
count_from_net(struct mesh *m, struct instant now, struct lot *lot, struct outbox *out)
{
	mesh_from_net(m, now, lot->packets, LOT, out);
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
	bool follow;  /* the packets were cut from one */
	bool sealing; /* in the engine that sends, or else in the one that receives */
};

static void
count(struct pair *p, const struct counted *c)
{
	static struct lot bulk, back;
	struct end *one = &p->ends[0], *two = &p->ends[1];

	lot_fill(&bulk, p, one, c->len, c->follow);
	lot_fill(&back, p, two, 60, false);
	for (unsigned i = 0; i < ROUNDS; i++) {
		(c->sealing ? count_from_tun : lot_seal)(one->mesh, p->now, &bulk, &one->out);
		must_be(lot_sealed(&bulk, one));
		(c->sealing ? lot_open : count_from_net)(two->mesh, p->now, &bulk, &two->out);
		must_be(lot_opened(&bulk, two));
		lot_pass(&back, p, two);
		pair_run(p, USEC_PER_MS);
	}
	count_end(c->name);
}

int
main(int argc, char **argv)
{
	static const struct counted all[] = {
		{ "tun", 1400, .sealing = true },
		{ "tun-follows", 1400, .sealing = true, .follow = true },
		{ "tun-small", 60, .sealing = true },
		{ "net", 1400 },
		{ "net-small", 60 },
	};
	static struct pair p;

	pair_open(&p);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (argc < 2 || strcmp(argv[1], all[i].name) == 0)
			count(&p, &all[i]);
	pair_close(&p);
	return 0;
}
