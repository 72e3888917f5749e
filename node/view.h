/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view.h - what a person may know of a running node: copies, never pointers into the engine.
 */
#ifndef NODE_VIEW_H
#define NODE_VIEW_H

#include "core/addr.h"
#include "core/outbox.h"
#include "core/spread.h"
#include "node/config.h"
#include "node/netcheck.h"
#include "node/mesh.h"
#include "node/tell.h"

#define VIEW_IPS_MAX	 8
#define VIEW_PATHS_MAX	 16

enum view_path_state {
	VIEW_PATH_NEW,
	VIEW_PATH_PROBING,
	VIEW_PATH_VALID,
	VIEW_PATH_SUSPECT,
	VIEW_PATH_DEAD,
};
const char *view_path_state_word(enum view_path_state s);

struct view_path {
	enum path_class path;
	enum view_path_state state;
	bool in_use;
	struct addr at;	      /* of the relay, if relayed */
	char relay[NAME_MAX_LEN + 1];
	const char *origin;   /* where its address is from, a word; static storage */
	unsigned tries;	      /* packets of the last burst that were not answered */
	usec_t held_until;    /* mono; it may not carry data before */
	usec_t rtt;	      /* 0: not measured */
	usec_t rtt_var;
	unsigned loss_percent;
	uint32_t mtu;
	usec_t last_rx;	      /* mono, 0 never */
	usec_t last_tx;
};

struct view_peer {
	char name[NAME_MAX_LEN + 1];
	uint8_t key[32];
	uint8_t fingerprint[32];
	uint64_t serial;
	uint32_t flags; /* CERT_FLAG_* */
	struct ip ips[VIEW_IPS_MAX];
	size_t ip_count;
	uint64_t not_after; /* Unix seconds */
	bool connected;	    /* has a session */
	usec_t session_age;
	uint64_t tx_bytes;  /* of inner packets and frames */
	uint64_t rx_bytes;
	uint64_t tx_packets;
	uint64_t rx_packets;
	usec_t last_rx;	    /* mono, 0 never */
	uint32_t mtu;	    /* of its route */
	char version[32];
	int64_t clock_apart; /* seconds its clock is ahead of ours */
	struct why why;
	bool has_nat;
	struct nat nat;	    /* its own, as it says */
	uint64_t state_version; /* of the network state that it holds, as it says; 0: none */
	struct told there;  /* why it reaches us as it does, by its own word */
	struct view_path paths[VIEW_PATHS_MAX];
	size_t path_count;
};

struct view_lighthouse {
	char name[NAME_MAX_LEN + 1];
	struct ip ip;
	struct addr at;
	bool registered;
	bool over_tcp;
	usec_t rtt;
	struct addr observed; /* how it sees us */
	usec_t last_rx;
};

struct view_route {
	struct prefix to;
	char via[NAME_MAX_LEN + 1];
	uint32_t mtu;
	enum path_class path;
};

struct view_counter {
	const char *name; /* static storage */
	uint64_t value;
};

struct view_status {
	char name[NAME_MAX_LEN + 1];
	char network[NAME_MAX_LEN + 1]; /* the root's name */
	uint8_t network_id[16];
	uint8_t fingerprint[32];
	uint64_t serial;
	uint64_t not_after;
	struct prefix ips[VIEW_IPS_MAX]; /* own addresses with the network's prefix length */
	size_t ip_count;
	uint64_t peers_known;
	uint64_t peers_connected;
	uint64_t peers_direct;
	uint64_t peers_relayed;
	uint64_t tx_bytes;
	uint64_t rx_bytes;
	bool allow_all;
	bool relays; /* for others; and then: */
	uint64_t circuits;
	uint64_t relayed_packets;
	uint64_t relayed_bytes;
	uint64_t relay_dropped; /* over a client's share */
	struct view_lighthouse lighthouses[MESH_LIGHTHOUSES_MAX];
	size_t lighthouse_count;
};

/* The network state, and what it does to this node. */
struct view_state {
	struct spread_view spread;
	bool revoked; /* our own certificate is */
	bool halted;  /* it has expired, and no new sessions are made for that */
};

void view_state(const struct mesh *m, struct instant now, struct view_state *ret);

/* What is known of the network that this node is in. */
struct view_netcheck {
	struct netcheck found;
	struct nat told;  /* what others are told of it */
	bool running;	  /* it is being measured, or will be in a moment */
	bool life_runs;	  /* how long mappings live is still being watched */
	usec_t keepalive; /* how long a path may be idle, as follows from it */
};

void view_netcheck(const struct mesh *m, struct view_netcheck *ret);

void view_status(const struct mesh *m, struct instant now, struct view_status *ret);

/*
 * The next peer by name after `after` ("" for the first), so that a caller walks them without
 * holding anything. false at the end. Lighthouses are peers too.
 */
bool view_peer_next(const struct mesh *m, struct instant now, const char *after,
    struct view_peer *ret);

/* 0, or ERR_UNKNOWN. */
int view_peer(const struct mesh *m, struct instant now, const char *name, struct view_peer *ret);

/*
 * What is pinned, one after the other from *at = 0; false at the end. Whoever is known by the name
 * of a pin has its key.
 */
struct view_pin {
	struct pinned pinned;
	bool known; /* a member has the name, and this key: */
	uint8_t key[32];
};
bool view_pin_next(const struct mesh *m, size_t *at, struct view_pin *ret);

/* The key that the member of this name has now. 0, or ERR_UNKNOWN. */
int view_key(const struct mesh *m, const char *name, uint8_t key[static 32]) must_check;

/* What routers pass on to us, double NAT judged; at most `cap` rows; returns how many there are. */
size_t view_mappings(const struct mesh *m, struct mapping *ret, size_t cap);

/* At most `cap` rows; returns how many there are. */
size_t view_routes(const struct mesh *m, struct view_route *ret, size_t cap);

/* At most `cap` rows; returns how many there are. */
size_t view_counters(const struct mesh *m, struct view_counter *ret, size_t cap);

#endif
