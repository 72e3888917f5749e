/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * box.h - a machine with one engine in it, a mesh node or a lighthouse.
 *
 * A box does what a shell does: it hands datagrams, packets and time to its engine, and carries
 * out what the engine wants done. It has a place in the network below, clocks that may be wrong,
 * and a disk: what the engine wants remembered outlives a crash. All that an engine does passes
 * through here, so here it is watched.
 */
#ifndef TESTS_SIM_BOX_H
#define TESTS_SIM_BOX_H

#include "core/cert.h"
#include "core/outbox.h"
#include "core/pins.h"
#include "core/table.h"
#include "tests/sim/kinds.h"
#include "tests/sim/world.h"

struct mesh;
struct beacon;
struct petition;
struct stage;

/* Who somebody is: what the authority gave it. */
struct identity {
	char name[16];
	uint8_t private_key[32];
	uint8_t tls_pin[32]; /* of a lighthouse */
	uint8_t cert[CERT_MAX];
	size_t cert_len;
	uint8_t next_key[32]; /* private; that is to take the place of the other; zeros: none */
	/* Its first one, which the bundles of others name where it is a lighthouse. */
	uint8_t first[CERT_MAX];
	size_t first_len;
	/* A root that followed the stage's, which it has its certificate from. */
	uint8_t root[CERT_MAX];
	size_t root_len; /* 0: it has no other */
	struct ip addresses[2];
};

/* A row on a box's disk. */
struct row_key {
	uint32_t table; /* enum memory_table */
	uint32_t len;
	uint8_t bytes[MEMORY_KEY_MAX];
};

struct row {
	struct row_key key;
	uint32_t len;
	uint8_t value[];
};

#define BOX_BATCH_MAX 64

/* A socket beside the main ones. */
struct box_socket {
	uint32_t id;
	uint16_t port; /* 0: a free row */
	uint8_t family;
};

/* Ports of the main sockets and of a lighthouse's second ones. */
#define BOX_PORT     7717
#define BOX_PORT_ALT 7718
/* And where a node hears what is said to everybody on its LAN. */
#define BOX_PORT_LAN 7719

struct box {
	struct stage *stage;
	uint32_t number;
	uint32_t wards; /* the lighthouses that its bundle names, a bit each; 0: all */
	bool is_lighthouse;
	struct identity id;
	const struct pin_list *pins; /* of a node; NULL: none */
	struct mesh *mesh;     /* the engine of a node that is on, else NULL */
	struct beacon *beacon; /* of a lighthouse */
	struct site site;
	struct station station;
	bool asleep;
	usec_t mono_base;    /* its monotonic clock is that much ahead of the world's */
	int64_t clock_error; /* its wall clock too, in microseconds */
	struct alarm timer;
	struct alarm portmap;
	struct box_socket *sockets; /* MESH_SOCKETS_MAX, or NULL while none was opened */
	struct table disk;   /* struct row_key -> struct row */
	struct table routes; /* struct prefix -> MTU, as a number */
	usec_t patience;     /* how long datagrams wait to be taken in a batch; 0: not */
	struct alarm batch;
	struct datagram *waiting[BOX_BATCH_MAX];
	size_t waiting_count;
	uint64_t sent;
	usec_t period; /* the one that is counted */
	unsigned sent_in_period;
	uint64_t frames_sent; /* by streams */
	uint64_t received;
	/* Of a node that speaks for an authority: somebody wants something. NULL: it is not heard. */
	void (*on_petition)(struct box *b, const struct petition *p);
	/* Of a node that takes part in runs: there is news of this one. */
	void (*on_run)(struct box *b, int id);
	uint64_t pings_answered;
	usec_t ping_rtt; /* of the last answer to a ping of its own */
};

/* Attaches a new box to its site. */
void box_place(struct box *b);

/* Its engine starts with what is on the disk. */
void box_on(struct box *b);

/* A person wants another key for it, which waits on its disk until it is certified. */
void box_rekey(struct box *b);

/* Power off: nothing is said, and only the disk remains. */
void box_crash(struct box *b);

/* A graceful stop. */
void box_off(struct box *b);

bool box_is_on(const struct box *b);

/* Off for ever, and freed. */
void box_free(struct box *b);

/* The machine's addresses have changed: its engine is told. */
void box_net_changed(struct box *b);

/* What its clocks say. */
struct instant box_clock(const struct box *b);

/* Carries out what an engine's call left in the outbox, and then the errands that came of it. */
void box_settle(struct box *b);

/* They are all gone: the cable is out. */
void box_net_lost(struct box *b);

/* The machine sleeps: it hears nothing and does nothing, but its monotonic clock runs on. */
void box_sleep(struct box *b);
void box_wake(struct box *b);

/* What its engine has counted, for a person who looks for a bug. */
void box_say_counts(const struct box *b);

/* What its engine has counted under this name; 0 for a name that it does not know. */
uint64_t box_count(const struct box *b, const char *name);

/* The largest packet that its kernel hands to the TUN for `to`; 0: there is no route. */
uint32_t box_mtu(const struct box *b, struct ip to);

/* Hands an IP packet to its TUN. Does nothing when it is off. */
void box_tun(struct box *b, const uint8_t *p, size_t len);

/* Sends an ICMP echo request, as `mpynet ping` does. */
void box_ping(struct box *b, struct ip to);

#endif
