/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * patience.h - how much of one peer's talk is listened to.
 *
 * A peer is authenticated, but it may be broken or hostile, and every control frame costs work. So
 * each peer may say PATIENCE_BURST frames at once and PATIENCE_RATE a second; PING and PONG, which
 * come in bursts while a path is sought, have an allowance in bytes instead; and whoever sends more
 * than PATIENCE_BAD malformed frames in a minute is not listened to for the next one. RELAY_DATA is
 * counted by circuit.h alone: its users must not suffer for the control plane.
 */
#ifndef CORE_PATIENCE_H
#define CORE_PATIENCE_H

#include "core/bucket.h"
#include "core/wire.h"

#define PATIENCE_RATE        50
#define PATIENCE_BURST       100
#define PATIENCE_PROBE_RATE  (32 * 1024) /* bytes */
#define PATIENCE_PROBE_BURST (128 * 1024)
#define PATIENCE_BAD         16
#define PATIENCE_BAD_TIME    (60 * USEC_PER_SEC)
#define PATIENCE_MUTE        (60 * USEC_PER_SEC)

/* Of one peer. Zeroed, it has all its patience. */
struct patience {
	struct bucket frames;
	struct bucket probes;
	unsigned bad; /* since bad_since */
	usec_t bad_since;
	usec_t mute_until;
};

/* May a frame of `type`, `len` bytes long, be looked at? If so, it is charged for. */
bool patience_allow(struct patience *p, usec_t now, uint8_t type, size_t len) must_check;

/* The frame was malformed. True when this was one too many: the peer is told, once, and muted. */
bool patience_bad(struct patience *p, usec_t now) must_check;

#endif
