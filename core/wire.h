/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire.h - every message: what it is called, how long it may be, where its fields lie.
 *
 * Two layers. Outer messages are UDP payloads and begin with a u32 type: WireGuard's four, PRESENT,
 * OPEN and HERE. Control frames travel inside a session, as the plaintext of WireGuard data messages.
 * docs/protocol.md has the byte tables; this header and the files behind it (wire.c, field.c,
 * frame*.c) are the only code that knows them.
 *
 * A decoder accepts exactly what the matching encoder can produce (decode, encode: the same bytes),
 * but for three places that protocol.md leaves open for later: caps, unknown TLVs of HELLO and
 * PRESENT, and the padding of PING. What a decoder hands out points into its input.
 */
#ifndef CORE_WIRE_H
#define CORE_WIRE_H

#include "core/addr.h"
#include "core/base.h"
#include "core/err.h"
#include "core/state_id.h"

#include <string.h>

/*
 * Outer messages
 */

enum outer_type {
	OUTER_INITIATION = 1,
	OUTER_RESPONSE = 2,
	OUTER_COOKIE = 3,
	OUTER_DATA = 4,
	OUTER_PRESENT = 0x50,
	OUTER_DATA_AES = 0x51, /* the same, sealed with AES-256-GCM: CAP_AES */
	OUTER_OPEN = 0x52,
	OUTER_HERE = 0x53,
};

#define INITIATION_LEN 148
#define RESPONSE_LEN   92
#define COOKIE_LEN     64
#define DATA_HEADER    16 /* type, receiver, counter */
#define DATA_TAG       16
#define DATA_MIN       (DATA_HEADER + DATA_TAG)
#define OPEN_LEN       32

/* Where the fields of the outer messages lie; sizes follow from the next field. */
enum {
	INITIATION_SENDER = 4,
	INITIATION_EPHEMERAL = 8,
	INITIATION_STATIC = 40,    /* 32 + tag */
	INITIATION_TIMESTAMP = 88, /* 12 + tag */
	INITIATION_MAC1 = 116,
	INITIATION_MAC2 = 132,

	RESPONSE_SENDER = 4,
	RESPONSE_RECEIVER = 8,
	RESPONSE_EPHEMERAL = 12,
	RESPONSE_NOTHING = 44, /* tag */
	RESPONSE_MAC1 = 60,
	RESPONSE_MAC2 = 76,

	COOKIE_RECEIVER = 4,
	COOKIE_NONCE = 8,
	COOKIE_SEALED = 32, /* 16 + tag */

	DATA_RECEIVER = 4,
	DATA_COUNTER = 8,
	DATA_SEALED = 16,

	PRESENT_SEALED_LEN = 4,
	PRESENT_ZERO = 6,
	PRESENT_INITIATION = 8,
	PRESENT_SEALED = 156,

	OPEN_DIRECTION = 4,
	OPEN_ID = 8,
	OPEN_TAG = 16,

	HERE_NONCE = 4,
	HERE_SEALED = 28,
};

/* The sealed part of PRESENT is a tag and k blocks of 64 bytes, k = 1..15. */
#define PRESENT_BLOCK     64
#define PRESENT_BLOCKS    15
#define PRESENT_PLAIN_MAX (PRESENT_BLOCKS * PRESENT_BLOCK)
#define PRESENT_MIN       (PRESENT_SEALED + DATA_TAG + PRESENT_BLOCK)
#define PRESENT_MAX       (PRESENT_SEALED + DATA_TAG + PRESENT_PLAIN_MAX)

/* The sealed part of HERE is its plaintext (struct here) and a tag. */
#define HERE_PLAIN_MIN (6 + 2 + 1 + 2)
#define HERE_PLAIN_MAX (6 + 2 + WIRE_CERT_MAX + 2 + WIRE_CA_MAX)
#define HERE_MIN       (HERE_SEALED + DATA_TAG + HERE_PLAIN_MIN)
#define HERE_MAX       (HERE_SEALED + DATA_TAG + HERE_PLAIN_MAX)

enum open_direction {
	OPEN_CALL = 0,
	OPEN_ANSWER = 1,
};

/*
 * The one gate for datagrams: the type of a message whose type and length go together, or
 * ERR_VERSION for a type that is not spoken, ERR_SHORT, ERR_EXCESS or ERR_FORMAT for a length that
 * this type cannot have.
 */
int outer_check(const uint8_t *p, size_t len) must_check;

/* Bytes that belong to somebody else. p is NULL when there are none. */
struct blob {
	const uint8_t *p;
	uint16_t len;
};

/* The largest signed objects that a message carries, signature included (certificates.md). */
#define WIRE_CERT_MAX 540
#define WIRE_CA_MAX   380

/* The plaintext of PRESENT: who is calling, and what it already knows. */
#define PRESENTATION_VERSION 1
enum {
	PRESENTATION_ENROL = 1, /* a token instead of certificates */
};

struct presentation {
	uint8_t flags;
	uint32_t caps; /* advisory; those in HELLO count */
	uint64_t state_version;
	uint8_t peer_prefix[8]; /* of the fingerprint of the receiver's certificate held, or 0 */
	struct blob cert;
	struct blob ca;    /* absent if the root issued `cert` */
	struct blob token; /* 8 bytes, with PRESENTATION_ENROL */
};

/*
 * Writes the plaintext, padded with zeros to a multiple of PRESENT_BLOCK. Returns its length, or
 * ERR_FULL when it does not fit `cap` or PRESENT_PLAIN_MAX.
 */
int presentation_encode(uint8_t *to, size_t cap, const struct presentation *p) must_check;
int presentation_decode(struct presentation *ret, const uint8_t *p, size_t len) must_check;

/* The plaintext of HERE: who is on this link, and on which ports. */
#define HERE_VERSION 1
enum {
	HERE_ASK = 1, /* who hears it answers to where it came from, at the port that it names */
};

struct here {
	uint8_t flags;
	uint16_t port4; /* of the sender's main sockets; 0: it has none of that family */
	uint16_t port6;
	struct blob cert;
	struct blob ca; /* absent if the root issued `cert` */
};

/* Writes the plaintext: its length, or ERR_FULL. */
int here_encode(uint8_t *to, size_t cap, const struct here *h) must_check;
int here_decode(struct here *ret, const uint8_t *p, size_t len) must_check;

/*
 * Control frames
 *
 * A frame is u8 0xC1, u8 type, u16 length of the body, body; then at most 15 zeros, the padding
 * that WireGuard asks for.
 */

#define FRAME_MAGIC  0xc1
#define FRAME_HEADER 4
/* The largest frame, but for RELAY_DATA and PING, which may fill the path's MTU. */
#define FRAME_MAX      1200
#define FRAME_LONG_MAX 2000

enum frame_type {
	FRAME_HELLO = 0x01,
	FRAME_CLOSE = 0x02,
	FRAME_ERROR = 0x03,
	FRAME_REGISTER = 0x10,
	FRAME_REG_ACK = 0x11,
	FRAME_QUERY = 0x12,
	FRAME_REPLY = 0x13,
	FRAME_PUNCH = 0x14,
	FRAME_CANDIDATES = 0x18,
	FRAME_WHY = 0x19,
	FRAME_AIM = 0x1a,
	FRAME_PING = 0x20,
	FRAME_PONG = 0x21,
	FRAME_RELAY_OPEN = 0x30,
	FRAME_RELAY_OPENED = 0x31,
	FRAME_RELAY_INCOMING = 0x32,
	FRAME_RELAY_CLOSE = 0x33,
	FRAME_RELAY_DATA = 0x34,
	FRAME_STATE_ADV = 0x40,
	FRAME_BLOB_REQ = 0x41,
	FRAME_BLOB = 0x42,
	FRAME_ENROL = 0x48, /* to 0x4d: core/wire_enrol.h */
	FRAME_ENROL_RESULT = 0x49,
	FRAME_RENEW = 0x4a,
	FRAME_RENEW_RESULT = 0x4b,
	FRAME_TOKEN = 0x4c,
	FRAME_TOKEN_ACK = 0x4d,
	FRAME_STUDY = 0x50, /* to 0x52: core/wire_study.h */
	FRAME_STUDY_REQ = 0x51,
	FRAME_STUDY_PART = 0x52,
	FRAME_LETTER = 0x53, /* and 0x54: core/wire_letter.h */
	FRAME_LETTER_ACK = 0x54,
	FRAME_RUN_HELLO = 0x58, /* to 0x5d: core/wire_run.h */
	FRAME_RUN_READY = 0x59,
	FRAME_RUN_GO = 0x5a,
	FRAME_RUN_ABORT = 0x5b,
	FRAME_RUN_DONE = 0x5c,
	FRAME_RUN_ROW = 0x5d,
	/* Reserved to 0x5f, and refused with ERROR_RESERVED. */
	FRAME_RUN_RESERVED = 0x5e,
};

struct frame {
	uint8_t type;
	uint16_t len;  /* of the body */
	uint8_t *body; /* in the packet that was opened: RELAY_DATA goes on in place */
};

/* Is a decrypted payload a control frame, by its first nibble? */
static inline bool
frame_is(const uint8_t *p, size_t len)
{
	return len > 0 && p[0] >> 4 == FRAME_MAGIC >> 4;
}

enum frame_verdict {
	FRAME_SPOKEN,   /* decode it */
	FRAME_IGNORED,  /* unknown, below 0x80: nothing happens */
	FRAME_UNKNOWN,  /* unknown, from 0x80: answer ERROR_UNKNOWN */
	FRAME_RESERVED, /* answer ERROR_RESERVED */
};

/*
 * Takes a frame out of a decrypted payload of `len` bytes: header, padding, and the length that
 * this type may have. Returns its verdict, or a negative code for a bad frame, which is dropped and
 * counted while the session stays.
 */
int frame_open(struct frame *ret, uint8_t *p, size_t len) must_check;

/* "HELLO", "PING", ...; "frame" for what has no name. */
const char *frame_name(uint8_t type);

/* Where somebody might be reached. */
enum ep_kind {
	EP_HOST = 1,      /* an address of an interface */
	EP_REFLEXIVE = 2, /* as somebody outside saw it */
	EP_MAPPED = 3,    /* by PCP, NAT-PMP or UPnP */
	EP_TCP = 4,       /* the far end of a stream to a lighthouse: nobody else can call there */
};

struct ep {
	uint8_t kind;
	struct addr addr; /* without scope; FAMILY_NONE only where that is said */
};

#define EP_LEN 20

/* How a node's NAT behaves, in the terms of RFC 4787. Advisory: nobody is believed or refused. */
enum nat_mapping {
	NAT_MAPPING_UNKNOWN = 0,
	NAT_MAPPING_NONE = 1,     /* no NAT */
	NAT_MAPPING_ENDPOINT = 2, /* endpoint-independent */
	NAT_MAPPING_ADDRESS = 3,  /* address-dependent */
	NAT_MAPPING_PORT = 4,     /* address- and port-dependent */
};

enum nat_filtering {
	NAT_FILTERING_UNKNOWN = 0,
	NAT_FILTERING_ENDPOINT = 1,
	NAT_FILTERING_ADDRESS = 2,
	NAT_FILTERING_PORT = 3,
};

enum {
	NAT_SEQUENTIAL = 1,  /* new ports are `step` apart, from `base_port` */
	NAT_FIRST_KEEPS = 2, /* the first flow of a socket keeps its local port */
	NAT_BLOCK = 4,       /* ports come from one block */
	NAT_POOLED = 8,      /* several public addresses */
	NAT_HAIRPIN = 16,
	NAT_CARRIER = 32, /* more than one NAT in a row */
};

struct nat {
	uint8_t mapping;
	uint8_t filtering;
	int8_t step;
	uint8_t flags;
	uint16_t base_port;
	uint32_t epoch; /* counts the networks that this node has been in */
};

#define NAT_LEN 10

#define WIRE_EPS_MAX    16 /* in REGISTER and CANDIDATES */
#define WIRE_RELAYS_MAX 4
#define CONTACT_EPS     8 /* in REPLY and PUNCH, beside two certificates */
#define CONTACT_RELAYS  2

struct eps {
	uint8_t n;
	struct ep ep[WIRE_EPS_MAX];
};

/* Appends an endpoint, unless its address is there already or there is no room. */
void eps_add(struct eps *to, enum ep_kind kind, const struct addr *at);

struct relays {
	uint8_t n;
	uint8_t key[WIRE_RELAYS_MAX][32];
};

/*
 * One struct for each layout. Every X_encode writes a whole frame, header included, to `to`, which
 * has room for `cap` bytes, and returns its length or ERR_FULL; every X_decode reads the body that
 * frame_open() found, and returns 0, ERR_SHORT, ERR_EXCESS or ERR_FORMAT. Where two types share a
 * layout the encoder is told which.
 */

/* HELLO: the first packet of a keypair, both ways. */
enum {
	HELLO_SEEN_YOURS = 1,
};

/*
 * What a side says in HELLO that it can open and use. What both have said may be used from when
 * both have seen that both have said it.
 */
enum {
	CAP_AES = 1, /* OUTER_DATA_AES */
};

#define HELLO_PROTO       1
#define HELLO_VERSION_MAX 64
#define HELLO_MAX_INNER   1420 /* the MTU of our devices */

struct hello {
	uint16_t proto_min;
	uint16_t proto_max;
	uint8_t flags;
	uint32_t caps; /* CAP_*; bits that we do not know are ignored */
	struct state_id state; /* that the sender holds */
	uint64_t unix_time;
	uint16_t max_inner;
	uint8_t fingerprint[32]; /* of the sender's own certificate */
	struct blob cert;        /* when the receiver held another one */
	struct blob ca;
	struct blob version; /* "mpynet 0.1.0": printable ASCII */
};

int hello_encode(uint8_t *to, size_t cap, const struct hello *h) must_check;
int hello_decode(struct hello *ret, const struct frame *f) must_check;

/* CLOSE: this conversation is over. Numbers are on the wire: never reuse. */
enum close_reason {
	CLOSE_STOP = 1,        /* a graceful stop */
	CLOSE_VERSION = 2,     /* no protocol version in common */
	CLOSE_CERTIFICATE = 3, /* does not certify this session's key, or does not verify */
	CLOSE_EXPIRED = 4,
	CLOSE_REVOKED = 5,
	CLOSE_CONFLICT = 6, /* name or address belongs to another key */
	CLOSE_FULL = 7,     /* no room: ask again later */
};

struct close {
	uint8_t reason;
};

int close_encode(uint8_t *to, size_t cap, const struct close *c) must_check;
int close_decode(struct close *ret, const struct frame *f) must_check;

/* ERROR: something you sent cannot be served. Never the answer to an ERROR. */
enum error_code {
	ERROR_UNKNOWN = 1,     /* frame type from 0x80 that is not spoken here */
	ERROR_RESERVED = 2,    /* frame type that this version reserves */
	ERROR_NOT_HERE = 3,    /* no lighthouse, or no relay */
	ERROR_NOT_ALLOWED = 4, /* your certificate does not say that you may */
	ERROR_LIMITED = 5,     /* too often */
	ERROR_FULL = 6,        /* a table is full */
	ERROR_MALFORMED = 7,   /* 16 bad frames in a minute: not listening for 60 s */
};

struct error {
	uint16_t code;
	uint8_t type; /* of the frame that this is about */
	uint32_t ref; /* its seq, qid or circuit, or 0 */
};

int error_encode(uint8_t *to, size_t cap, const struct error *e) must_check;
int error_decode(struct error *ret, const struct frame *f) must_check;

/* REGISTER to a lighthouse, CANDIDATES end to end: where I might be reached. */
struct candidates {
	uint32_t seq; /* grows with every change */
	struct nat nat;
	struct eps eps;
	struct relays relays;
};

int candidates_encode(uint8_t *to, size_t cap, enum frame_type type,
    const struct candidates *c) must_check;
int candidates_decode(struct candidates *ret, const struct frame *f) must_check;

/* REG_ACK */
struct reg_ack {
	uint32_t seq;
	struct ep observed;
	uint16_t ttl; /* seconds: register again before */
	uint64_t state_version;
	struct relays relays; /* nodes that relay and are registered, for who may need one */
};

int reg_ack_encode(uint8_t *to, size_t cap, const struct reg_ack *a) must_check;
int reg_ack_decode(struct reg_ack *ret, const struct frame *f) must_check;

/* QUERY: who has this address, key or name? */
enum query_by {
	QUERY_BY_ADDRESS = 1,
	QUERY_BY_KEY = 2,
	QUERY_BY_NAME = 3,
};

enum {
	QUERY_INTRODUCE = 1, /* and tell it that I am about to call */
};

struct query {
	uint32_t qid;
	uint8_t by;
	uint8_t flags;
	struct ip address;
	uint8_t key[32];
	struct blob name; /* a legal name */
};

int query_encode(uint8_t *to, size_t cap, const struct query *q) must_check;
int query_decode(struct query *ret, const struct frame *f) must_check;

/* What REPLY and PUNCH say of a node. */
struct contact {
	struct blob cert;
	struct blob ca; /* absent if the root issued `cert` */
	struct nat nat;
	struct eps eps;       /* at most CONTACT_EPS, the observed one first */
	struct relays relays; /* at most CONTACT_RELAYS */
};

#define INTRODUCTION_ID_LEN 8

enum reply_status {
	REPLY_FOUND = 0,
	REPLY_UNKNOWN = 1,  /* nobody here has that; the rest is empty */
	REPLY_NOT_TOLD = 2, /* found; the other side could not be told of the introduction */
	REPLY_LIMITED = 3,  /* found; introductions come too often */
};

struct reply {
	uint32_t qid;
	uint8_t status;
	uint8_t introduction[INTRODUCTION_ID_LEN]; /* zeros: none */
	uint16_t delay_ms; /* wait this long before the first packet of a punch */
	struct contact contact;
};

int reply_encode(uint8_t *to, size_t cap, const struct reply *r) must_check;
int reply_decode(struct reply *ret, const struct frame *f) must_check;

/* PUNCH: somebody asked for you and is about to call. */
struct punch {
	uint8_t introduction[INTRODUCTION_ID_LEN];
	uint16_t delay_ms; /* wait this long before the first packet */
	struct contact contact;
};

int punch_encode(uint8_t *to, size_t cap, const struct punch *p) must_check;
int punch_decode(struct punch *ret, const struct frame *f) must_check;

/* WHY: this is why I reach you as I do; and you? The codes and facts are node/why.h's. */
enum {
	REASON_ASKS = 1, /* tell me yours, with the same ref */
};

#define REASON_NUMBERS_MAX 8
#define REASON_PATH_MAX    4 /* 0 none, 1 LAN, 2 direct, 3 relay, 4 stream */

struct reason {
	uint32_t ref;
	uint8_t flags;
	uint8_t path; /* class of the path in use */
	uint8_t loss_percent;
	uint16_t code; /* 0: no reason, the question alone */
	uint32_t rtt_us;
	struct ep at; /* kind 0 and FAMILY_NONE: none */
	struct nat nat; /* the sender's own */
	uint8_t n;
	struct {
		uint8_t fact;
		uint64_t value;
	} numbers[REASON_NUMBERS_MAX];
	struct blob via; /* the legal name of a relay, or absent */
};

int reason_encode(uint8_t *to, size_t cap, const struct reason *r) must_check;
int reason_decode(struct reason *ret, const struct frame *f) must_check;

/* AIM: let us get through our NATs so, and at these ports of mine. */
enum aim_step {
	AIM_ASK = 1,     /* do your part */
	AIM_READY = 2,   /* it is done, now yours */
	AIM_REFUSED = 3, /* not now, or not so: enum aim_code */
};

enum aim_technique {
	AIM_SWEEP = 1,    /* one side's port is known, or one of a few in a row */
	AIM_MEET = 2,     /* both sides' ports are in a row */
	AIM_BIRTHDAY = 3, /* one side opens its NAT for many ports, the other is seen at some of many */
	AIM_LOUD = 4,     /* the same in the other order: the many ports are really called */
};

enum aim_code {
	AIM_BUSY = 1,     /* another attempt is under way */
	AIM_SOON = 2,     /* this was tried too often lately */
	AIM_NOT_SO = 3,   /* not with the NAT that the refuser has */
	AIM_CANNOT = 4,   /* no socket, no answer of a lighthouse, no address */
};

#define AIM_PORTS_MAX 64512 /* all from 1024 */

struct aim {
	uint32_t attempt; /* of who asks; grows */
	uint8_t step;
	uint8_t technique;
	uint8_t code;   /* REFUSED, else 0 */
	int8_t stride;  /* between the ports */
	uint16_t ports; /* how many; 0 with REFUSED */
	struct ep at;   /* the first one, as it is seen from outside; with REFUSED none */
};

int aim_encode(uint8_t *to, size_t cap, const struct aim *a) must_check;
int aim_decode(struct aim *ret, const struct frame *f) must_check;

/* PING and PONG: is this path alive, and what do you see of me? */
enum {
	PING_OTHER_PORT = 1, /* lighthouse: answer from your second port */
	PING_MEASURE = 2,    /* lighthouse: answer, and take nothing from where this came from */
	PING_ROAM = 4,	     /* peer: I have moved, your other ways to me may be gone */
	PING_FLAGS = PING_OTHER_PORT | PING_MEASURE | PING_ROAM,
};

#define PING_LEN 64 /* the whole frame; a longer PING probes the MTU */

struct ping {
	uint64_t txid;
	uint32_t path;
	uint64_t time_us;
	struct ep observed; /* you, as I see you; kind 0 and FAMILY_NONE: not known. In a PING with
	                       PING_MEASURE: where the answer goes, none for its source */
	uint8_t flags;      /* 0 in PONG */
	uint8_t delay_s;    /* lighthouse: answer after this long; 0 in PONG */
	uint64_t highest;   /* counter received on this path */
};

/* `len` is the size of the frame, PING_LEN..FRAME_LONG_MAX; a PONG has PING_LEN. */
int ping_encode(uint8_t *to, size_t cap, enum frame_type type, const struct ping *p,
    size_t len) must_check;
int ping_decode(struct ping *ret, const struct frame *f) must_check;

/* Is the decrypted payload a PING with PING_MEASURE? Nothing else of it is looked at. */
bool ping_measures(const uint8_t *p, size_t len) must_check;

/*
 * RELAY_OPEN (client to relay), RELAY_INCOMING (relay to client). Whoever opens a circuit on a
 * session picks its number there: RELAY_OPEN has bit 31 clear, RELAY_INCOMING has it set.
 */
#define CIRCUIT_BY_RELAY 0x80000000u
/*
 * Two nodes that both relay may each be the other's client, in one session. Bit 30 tells whose
 * circuit it is: set where the relay is the one with the greater static key. Who is a lighthouse is
 * nobody's client and need not look.
 */
#define CIRCUIT_GREATER 0x40000000u

struct relay_open {
	uint32_t circuit;
	uint8_t key[32]; /* the other client */
};

int relay_open_encode(uint8_t *to, size_t cap, enum frame_type type,
    const struct relay_open *o) must_check;
int relay_open_decode(struct relay_open *ret, const struct frame *f) must_check;

/* RELAY_OPENED carries a status (0: open), RELAY_CLOSE a reason: one list of numbers. */
enum relay_code {
	RELAY_OK = 0,
	RELAY_CLOSED = 1,  /* by the other client */
	RELAY_ABSENT = 2,  /* the other client has no session here */
	RELAY_DENIED = 3,  /* not two valid certificates of one network */
	RELAY_FULL = 4,    /* too many circuits */
	RELAY_IDLE = 5,    /* nothing passed for 180 s */
	RELAY_NO_SUCH = 6, /* data for a circuit that is not open */
	RELAY_STOP = 7,    /* the relay stops */
};

struct relay_end {
	uint32_t circuit;
	uint8_t code;
};

int relay_end_encode(uint8_t *to, size_t cap, enum frame_type type,
    const struct relay_end *e) must_check;
int relay_end_decode(struct relay_end *ret, const struct frame *f) must_check;

/* RELAY_DATA: 8 bytes before the datagram, so that it is wrapped where it lies. */
#define RELAY_DATA_HEADER 8

struct relay_data {
	uint32_t circuit;
	uint8_t *datagram;
	uint16_t len;
};

/*
 * Writes the RELAY_DATA_HEADER bytes before `datagram`, in the packet's headroom. Returns the
 * frame, of RELAY_DATA_HEADER + `len` bytes.
 */
uint8_t *relay_data_wrap(uint8_t *datagram, size_t len, uint32_t circuit);
int relay_data_decode(struct relay_data *ret, const struct frame *f) must_check;

/*
 * STATE_ADV, BLOB_REQ, BLOB: the network state, from whoever holds a newer one (docs/protocol.md,
 * "Network state"). What travels is a blob: the statements that lead to the state's signer, and the
 * state, by which it is named.
 */
#define BLOB_SIZE_MAX   65536 /* of a whole blob */
#define BLOB_CHUNK_MAX  1024  /* bytes of one BLOB */
#define BLOB_WINDOW_MAX 8192  /* bytes that one BLOB_REQ asks for */

/* STATE_ADV: this is the state that I hold now. */
struct state_adv {
	struct state_id id;
	uint32_t size; /* of its blob; 0 with no state */
};

int state_adv_encode(uint8_t *to, size_t cap, const struct state_adv *a) must_check;
int state_adv_decode(struct state_adv *ret, const struct frame *f) must_check;

/* BLOB_REQ: send me these bytes of it. Without an id: the first ones of whatever you hold. */
struct blob_req {
	struct state_id id;
	uint32_t offset; /* below BLOB_SIZE_MAX; 0 without an id */
	uint16_t len;	 /* 1 to BLOB_WINDOW_MAX; what lies past the end is not sent */
};

int blob_req_encode(uint8_t *to, size_t cap, const struct blob_req *q) must_check;
int blob_req_decode(struct blob_req *ret, const struct frame *f) must_check;

/* BLOB: some bytes of it. */
struct blob_part {
	struct state_id id; /* of a state that there is */
	uint32_t size;	    /* of the whole, 1 to BLOB_SIZE_MAX */
	uint32_t offset;
	struct blob bytes; /* 1 to BLOB_CHUNK_MAX, within the whole */
};

int blob_part_encode(uint8_t *to, size_t cap, const struct blob_part *b) must_check;
int blob_part_decode(struct blob_part *ret, const struct frame *f) must_check;

#endif
