/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ranges.h - which addresses a new network takes when nobody says.
 */
#ifndef CLI_RANGES_H
#define CLI_RANGES_H

#include "core/addr.h"
#include "core/rng.h"

/*
 * 10.87.0.0/16, or where this machine uses that already another /16 of 10.0.0.0/8 that it does
 * not; and a random /48 of fd00::/8 (RFC 4193), which nobody else has.
 */
void ranges_default(struct prefix ret[static 2], const struct rng *rng);

#endif
