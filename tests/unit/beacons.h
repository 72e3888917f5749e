/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * beacons.h - the lighthouse of a scene (guest.h), and members that come to it.
 */
#ifndef TESTS_UNIT_BEACONS_H
#define TESTS_UNIT_BEACONS_H

#include "lighthouse/beacon_impl.h"
#include "tests/unit/certs.h"
#include "tests/unit/guest.h"

#define START (5000 * USEC_PER_SEC)

static struct scene scene;
static struct authority root;
static struct host lighthouse;
static struct host parties[GUESTS_MAX]; /* by their numbers, which are those of arrive() */
static struct beacon_config config;

/* A scene in which nobody is yet, and a root. */
static inline void
set_scene(void)
{
	scene_free(&scene);
	ASSERT_EQ(outbox_init(&scene.out, 512, 1 << 20), 0);
	scene.now = (struct instant){ .mono = START, .wall = CERTS_WALL };
	scene.rng = certs_rng();
	root = certs_root();
}

/* Fills `config` for a lighthouse certified with `flags`, as well as it can be without light(). */
static inline void
build_lighthouse(uint32_t flags)
{
	lighthouse = certs_host(&root, "lighthouse", "10.87.0.1/32", 2);
	lighthouse.cert.flags = flags;
	lighthouse.cert.addresses[lighthouse.cert.address_count++] = certs_prefix("fd87::1/128");
	certs_sign_host(&lighthouse, &root);
	memcpy(scene.lighthouse_key, lighthouse.cert.key, 32);
	config = (struct beacon_config){
		.cert = { lighthouse.bytes, (uint16_t)lighthouse.len },
		.authorities = { { root.bytes, (uint16_t)root.len } },
		.authority_count = 1,
	};
	memcpy(config.key, lighthouse.secret, 32);
}

static inline void
light(void)
{
	struct err e = { "" };

	if (beacon_new(&scene.beacon, &config, scene.rng, scene.now, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.text);
}

static inline void
recall_from(int table, const struct memory *m)
{
	if ((int)m->table == table && m->value_len > 0)
		ASSERT_EQ(beacon_recall(scene.beacon, scene.now, m), 0);
}

/* The lighthouse ends without a word, and begins with what it remembers, table by table. */
static inline void
restart(void)
{
	beacon_free(scene.beacon);
	light();
	for (int table = MEMORY_MEMBER; table <= MEMORY_LETTER; table++)
		for (unsigned r = 0; r < scene.row_count; r++)
			recall_from(table, &scene.rows[r].memory);
}

/* The member `n`, at 10.87.0.n inside; not connected yet. */
static inline struct guest *
arrive(const char *name, uint8_t n, uint32_t flags)
{
	struct host *h = &parties[n];
	char ip[32];

	snprintf(ip, sizeof(ip), "10.87.0.%u/32", n);
	*h = certs_host(&root, name, ip, 10 + n);
	h->cert.flags = flags;
	certs_sign_host(h, &root);
	return guest_new(&scene, n, h->secret, (struct blob){ h->bytes, (uint16_t)h->len });
}

static inline bool
got(struct guest *g, enum frame_type type, struct frame *f)
{
	return guest_got(g, (uint8_t)type, f, NULL);
}

#endif
