/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mesh.h - a mesh node, as a value.
 *
 * The engine takes packets from the network below and from the TUN, and the time; it appends what
 * is to be done to an outbox (core/outbox.h). It has no clock, no socket, no thread, and keeps
 * nothing that it was handed past the call, but for packets that wait for a session, which it
 * copies. One engine is used by one thread at a time.
 *
 * The life of one: mesh_new, mesh_recall for every remembered row, mesh_net_changed with the
 * addresses of this machine, mesh_start; then packets and ticks; mesh_close, mesh_free.
 */
#ifndef NODE_MESH_H
#define NODE_MESH_H

#include "core/base.h"
#include "core/outbox.h"
#include "core/rng.h"
#include "node/config.h"

struct mesh;

#define PEERS_MAX_DEFAULT 10000

/* Packets that wait for a session, for each peer. The oldest make room. */
#define MESH_QUEUE_PACKETS 64
#define MESH_QUEUE_BYTES   (256 * 1024)

/* What an outbox for mesh_from_net, _from_tun and _tick has to have room for. */
#define MESH_OUTBOX_EFFECTS 1024
#define MESH_OUTBOX_BYTES   (1024 * 1024)

/* The largest batch that one call takes. */
#define MESH_BATCH_MAX 64

/*
 * A node with the identity and network of `c`, which is copied. `rng` is kept and must outlive the
 * engine's use of it. 0; ERR_* with a sentence when certificate, key and roots do not fit.
 */
int mesh_new(struct mesh **ret, const struct mesh_config *c, const struct rng *rng,
    struct instant now, struct err *e) must_check;

/* Wipes every key. NULL is allowed. */
void mesh_free(struct mesh *m);

/*
 * A row that was remembered in an earlier life, before mesh_start, those of MEMORY_STATE before all
 * others. It is parsed like network input:
 * 0, or ERR_* and the row is of no use any more.
 */
int mesh_recall(struct mesh *m, struct instant now, enum memory_table table, const uint8_t *key,
    size_t key_len, const uint8_t *value, size_t value_len);

/* Registers with the lighthouses and calls the peers of the last ten minutes. */
void mesh_start(struct mesh *m, struct instant now, struct outbox *out);

/*
 * The addresses of this machine's interfaces with the port of the main socket of their family (at
 * most MESH_LOCAL_MAX; the overlay and loopback need not be left out). To be called before
 * mesh_start and whenever the machine's addresses, routes or links have changed.
 */
#define MESH_LOCAL_MAX 16
void mesh_net_changed(struct mesh *m, struct instant now, const struct addr *local, size_t n,
    struct outbox *out);

/*
 * The link-layer address of the gateway, by which this network is told from others that look the
 * same. To be called after mesh_net_changed, and whenever it is found out; where it is not known,
 * not at all.
 */
void mesh_gateway(struct mesh *m, struct instant now, const uint8_t gateway[static 6],
    struct outbox *out);

/* An interface that has a way to the Internet. */
struct uplink {
	uint32_t ifindex;
	uint8_t family;
	bool preferred; /* the kernel sends by it what names no interface */
	bool metered;	/* to be used where nothing else works */
};

/*
 * All of them, to be called like mesh_net_changed. By each that is not preferred peers are reached
 * too, at most MESH_UPLINKS_MAX.
 */
#define MESH_UPLINKS_MAX 4
void mesh_uplinks(struct mesh *m, struct instant now, const struct uplink *uplinks, size_t n,
    struct outbox *out);

/* What a router has agreed to pass on to us, and for how long. */
enum mapping_method {
	MAPPING_PCP = 1, /* RFC 6887 */
	MAPPING_NATPMP,	 /* RFC 6886 */
	MAPPING_UPNP,	 /* UPnP's Internet Gateway Device */
};

struct mapping {
	uint8_t method;
	struct addr external;	/* what the router says that it passes on */
	uint16_t internal_port; /* of the main socket of its family */
	uint32_t lifetime;	/* seconds granted, 0: until the router forgets it */
	bool double_nat;	/* the router's outside is not the Internet's, as far as we can tell */
};

/* "PCP", "NAT-PMP", "UPnP" */
const char *mapping_method_word(uint8_t method);

/*
 * All that is mapped now, at most MESH_MAPPINGS_MAX; what was given before and is not among them is
 * over. It lasts until the next call. `double_nat` may be said by the caller; where it is not, the
 * engine compares with what the lighthouses see.
 */
#define MESH_MAPPINGS_MAX 4
void mesh_mapped(struct mesh *m, struct instant now, const struct mapping *mapping, size_t n,
    struct outbox *out);

/*
 * Where several threads use the engine, one at a time (mesh_config.deferral): notes the data
 * messages among `packets` that are to be opened before mesh_from_net() is called with them. Once
 * they are open, mesh_expect_relayed() notes what lies within those that relays passed on to us;
 * mesh_has_relayed(), which asks the engine nothing, tells whether there may be any.
 */
struct sealing;
void mesh_expect(struct mesh *m, const struct packet *packets, size_t n, struct sealing *s);
bool mesh_has_relayed(const struct sealing *s) must_check;
void mesh_expect_relayed(struct mesh *m, struct sealing *s);

/*
 * Datagrams from the network, at most MESH_BATCH_MAX, with headroom and tailroom. They are
 * decrypted in place, and effects point into them.
 */
void mesh_from_net(struct mesh *m, struct instant now, struct packet *packets, size_t n,
    struct outbox *out);

/*
 * What became of the stream `id`, which an EFFECT_STREAM opened: after STREAM_UP its frames are
 * datagrams to and from that socket, after anything else it is closed and forgotten. To be called
 * after settling, never from within.
 */
void mesh_stream_changed(struct mesh *m, struct instant now, socket_id id, enum stream_news news,
    struct outbox *out);

/*
 * Sockets beside the main ones are opened and closed by EFFECT_SOCKET, at most MESH_SOCKETS_MAX at
 * once. A number is not given twice before many others were, and MESH_SOCKET_ROW of two that are
 * open differ. All are to be closed with the engine.
 *
 * Once an outbox that opens one is settled, the shell says where it is bound (the IP address may
 * be unspecified), or with FAMILY_NONE that it could not be opened.
 */
#define MESH_SOCKETS_MAX    320
#define MESH_SOCKET_ROW(id) (((id) - SOCKET_EXTRA) % MESH_SOCKETS_MAX)
void mesh_socket_opened(struct mesh *m, struct instant now, socket_id id, const struct addr *local,
    struct outbox *out);

/* IP packets from the TUN, likewise. */
void mesh_from_tun(struct mesh *m, struct instant now, struct packet *packets, size_t n,
    struct outbox *out);

/*
 * Measures the network that this node is in once more (node/netcheck.h), as far as there are
 * lighthouses to ask and nothing is under way. view_netcheck() shows what comes of it.
 */
void mesh_measure(struct mesh *m, struct instant now, struct outbox *out);

/* Whatever is due. Stops at half an outbox; then mesh_next_due() is not later than `now`. */
void mesh_tick(struct mesh *m, struct instant now, struct outbox *out);

/* When mesh_tick has something to do: a mono time, 0 for never. */
usec_t mesh_next_due(const struct mesh *m);

/*
 * What is pinned from now on, without the name of this host. Sessions with whoever contradicts it
 * end, and who was refused for a pin that is gone may come. 0 or -ENOMEM, and nothing has changed.
 */
int mesh_pin(struct mesh *m, struct instant now, const struct pin_list *pins,
    struct outbox *out) must_check;

/* New settings; the firewall's tracked flows stay. */
void mesh_configure(struct mesh *m, struct instant now, const struct mesh_settings *s,
    struct outbox *out);

/*
 * Sends an ICMP echo request with `payload_len` bytes to the overlay address `to`, through
 * everything that a user's packet goes through. Its answer is an EVENT_PING_ANSWER with `token`
 * (below 2^16) and `seq`. 0; ERR_UNKNOWN when `to` is no address of the network.
 */
int mesh_ping(struct mesh *m, struct instant now, struct ip to, uint16_t token, uint16_t seq,
    size_t payload_len, struct outbox *out);

/*
 * Wants a peer by name although nothing is to be sent yet: looked up at the lighthouses, connected.
 * 0, or ERR_FORMAT.
 */
int mesh_want(struct mesh *m, struct instant now, const char *name, struct outbox *out);

/*
 * Asks the peer `name` why it reaches us as it does; its answer is an EVENT_WHY_ANSWER with `ref`
 * as its token. 0; ERR_UNKNOWN; ERR_STATE when it cannot be asked now.
 */
int mesh_ask_why(struct mesh *m, struct instant now, const char *name, uint32_t ref,
    struct outbox *out) must_check;

/* A certificate that a person brought (`join FILE` of a stock peer). 0, or ERR_* with a sentence. */
int mesh_add_member(struct mesh *m, struct instant now, const uint8_t *cert, size_t cert_len,
    const uint8_t *issuing, size_t issuing_len, struct outbox *out, struct err *e) must_check;

/*
 * Somebody says that the member `name` is reached at `at` (a stock peer, which registers nowhere;
 * a lighthouse whose name was resolved anew). 0; ERR_UNKNOWN.
 */
int mesh_add_endpoint(struct mesh *m, struct instant now, const char *name, const struct addr *at,
    struct outbox *out) must_check;

/* The row with this ticket (EFFECT_REMEMBER) is on the disk. */
void mesh_written(struct mesh *m, struct instant now, uint64_t ticket, struct outbox *out);

/* A blob of the network state that a person brought: as spread_bring (core/spread.h). */
int mesh_bring_state(struct mesh *m, struct instant now, const uint8_t *blob, size_t len,
    struct outbox *out, struct err *e) must_check;

/*
 * Says goodbye, to as many peers as the outbox holds. True: there are more, settle and call again.
 * Nothing but mesh_close and mesh_free may follow.
 */
bool mesh_close(struct mesh *m, struct instant now, struct outbox *out);

#endif
