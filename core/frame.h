/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frame.h - how every control frame begins and ends.
 *
 * For the files that know layouts of frames (frame*.c), and nobody else: core/wire.h is what the
 * others see.
 */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "core/field.h"

/* Lengths of bodies, and of their fixed beginnings. */
#define NAT_AND_LISTS (NAT_LEN + 1 + 1)
#define CONTACT_MIN   (2 + 2 + NAT_AND_LISTS)
#define CONTACT_MAX                                                                                \
	(CONTACT_MIN + WIRE_CERT_MAX + WIRE_CA_MAX + CONTACT_EPS * EP_LEN + CONTACT_RELAYS * 32)
#define CANDIDATES_MIN (4 + NAT_AND_LISTS)
#define CANDIDATES_MAX (CANDIDATES_MIN + WIRE_EPS_MAX * EP_LEN + WIRE_RELAYS_MAX * 32)
#define REG_ACK_MIN    (4 + EP_LEN + 2 + 8 + 1)
#define HELLO_MIN      75
#define REPLY_HEAD     (4 + 1 + INTRODUCTION_ID_LEN + 2)
#define PUNCH_HEAD     (INTRODUCTION_ID_LEN + 2)
#define QUERY_HEAD     (4 + 1 + 1)
#define REASON_MIN     (4 + 1 + 1 + 1 + 2 + 4 + EP_LEN + NAT_LEN + 1 + 1)
#define REASON_MAX     (REASON_MIN + REASON_NUMBERS_MAX * 9 + NAME_MAX_LEN)
#define AIM_LEN        (4 + 1 + 1 + 1 + 1 + 2 + EP_LEN)
#define STATE_ID_LEN   (8 + STATE_HASH_LEN)
#define STATE_ADV_LEN  (STATE_ID_LEN + 4)
#define BLOB_REQ_LEN   (STATE_ID_LEN + 4 + 2)
#define BLOB_HEAD      (STATE_ID_LEN + 4 + 4)
#define ENROL_HEAD     (1 + WIRE_TOKEN_ID + ENROL_REF_LEN + 2)
#define ENROL_RESULT_HEAD (1 + WIRE_TOKEN_ID + ENROL_REF_LEN + 2 + 2)
#define RENEW_HEAD     32
#define RENEW_RESULT_MIN (32 + 1 + 2 + 2)
#define OFFER_HEAD     (WIRE_TOKEN_ID + 32 + 8)
#define RUN_HEAD       (STUDY_HASH_LEN + 4 + 8 + 8 + 1)
#define RUN_HELLO_MIN  (RUN_HEAD + 1 + 2)
#define RUN_MARK_LEN   (RUN_HEAD + RUN_AGREEMENT_LEN)
#define RUN_ABORT_MIN  (RUN_HEAD + 1 + 1 + 1 + 1)
#define RUN_ROW_HEAD   (RUN_HEAD + 1 + 1)
#define RUN_CELL_LEN   (1 + 1 + 4 + 4 * 8)
#define STUDY_SAYS_LEN (32 + 1 + 1 + 1 + 2)
#define STUDY_REQ_LEN  (32 + 2)
#define STUDY_PART_HEAD (32 + 2 + 2)
#define LETTER_PART_HEAD (32 + 16 + 2 + 2)
#define LETTER_ACK_LEN	(32 + 16 + 1)
#define BODY_MAX       (FRAME_MAX - FRAME_HEADER)
#define LONG_BODY_MAX  (FRAME_LONG_MAX - FRAME_HEADER)

/* Writes the header of a frame of `type`, the length still open. */
struct wr frame_start(uint8_t *to, size_t cap, uint8_t type);

/*
 * Fills in the length: that of the frame, or ERR_FULL. The shape of what we send is ours to get
 * right.
 */
int frame_end(struct wr *w);

/* A reader of the frame's body. */
struct in frame_in(const struct frame *f);

#endif
