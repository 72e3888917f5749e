/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nat.h - a NAT in words, those of RFC 4787 where it has one.
 */
#ifndef CORE_NAT_H
#define CORE_NAT_H

#include "core/wire.h"

/* "endpoint-independent", "symmetric, random ports", "unknown". Static storage. */
const char *nat_words(const struct nat *nat);

/* RFC 4787's own: "address- and port-dependent"; "none" and "unknown" beside them. Static storage. */
const char *nat_mapping_word(enum nat_mapping m);
const char *nat_filtering_word(enum nat_filtering f);

#endif
