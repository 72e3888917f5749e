/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * here.h - "I am on this link": an announcement that only members of the network can read.
 *
 * It goes to a multicast group, so that two nodes at one site find each other although no
 * lighthouse can be reached. The seal keeps names and keys from everybody else on the link and
 * proves nothing but membership: who is meant is proven by the certificate inside, and that it is
 * there by its answer to a handshake. One that is sent again from elsewhere therefore costs a few
 * packets to a wrong address.
 */
#ifndef CORE_HERE_H
#define CORE_HERE_H

#include "core/base.h"
#include "core/rng.h"
#include "core/wire.h"

/* The groups and port that announcements go to, on every interface and no further. */
#define HERE_PORT   7719
#define HERE_GROUP4 "239.255.77.17"
#define HERE_GROUP6 "ff02::4d50:7717"

/*
 * The key of the network whose root certificate has this fingerprint; `psk` is zeros where there is
 * none.
 */
void here_key(uint8_t ret[static 32], const uint8_t root[static 32], const uint8_t psk[static 32]);

/*
 * Writes the whole outer message, sealed with a random nonce: its length, or ERR_FULL. `cap` is
 * HERE_MAX at the most that is needed.
 */
int here_seal(uint8_t *to, size_t cap, const uint8_t key[static 32], const struct rng *rng,
    const struct here *h) must_check;

/*
 * Opens a message that outer_check() let pass, in place; `ret` points into it. 0; ERR_AUTH for
 * another network's; as here_decode(). After ERR_AUTH the message is as it was, and another key can
 * be tried.
 */
int here_open(struct here *ret, const uint8_t key[static 32], uint8_t *msg, size_t len) must_check;

#endif
