/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stun.h - the one question of RFC 8489 that a lighthouse answers: where do I come from?
 *
 * For programs that speak STUN and nothing else. A Binding request is told by its magic cookie; the
 * answer is never longer than 20 bytes plus what an address needs. Nodes of the mesh do not use it.
 */
#ifndef LIGHTHOUSE_STUN_H
#define LIGHTHOUSE_STUN_H

#include "core/addr.h"
#include "core/base.h"

/* The longest answer: header, XOR-MAPPED-ADDRESS (IPv6) or two error attributes, FINGERPRINT. */
#define STUN_ANSWER_MAX 128

/* Is it a STUN message, by the first two bits, the length and the magic cookie? */
bool stun_is(const uint8_t *p, size_t len) must_check;

/*
 * Answers the message of `len` bytes at `p`, which stun_is(), that came from `from`. Returns the
 * length of the answer in `to`; 0 when there is none to give: it is no Binding request, or damaged.
 */
size_t stun_answer(uint8_t to[static STUN_ANSWER_MAX], const uint8_t *p, size_t len,
    const struct addr *from) must_check;

#endif
