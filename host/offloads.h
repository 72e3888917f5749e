/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * offloads.h - what the kernel does for us where it can, and may be told not to.
 *
 * All of it is used where the kernel has it, and done without where it has not; the hidden setting
 * `offload` leaves some of it out, so that the ways without it can be tested and compared.
 */
#ifndef HOST_OFFLOADS_H
#define HOST_OFFLOADS_H

#include "host/settings.h"

enum {
	OFFLOAD_CHECKSUM = 1 << 0, /* the device leaves checksums to us: "checksum" */
	OFFLOAD_TSO = 1 << 1,	   /* and the cutting of TCP, for which it needs that: "tso" */
	OFFLOAD_USO = 1 << 2,	   /* and that of UDP: "uso" */
	OFFLOAD_UDP_GSO = 1 << 3,  /* many datagrams to a socket at once: "udp-gso" */
	OFFLOAD_UDP_GRO = 1 << 4,  /* and from one: "udp-gro" */
	OFFLOAD_LANES = 1 << 5,	   /* the device tells flows apart (host/tun.h): "lanes" */
	OFFLOAD_ALL = (1 << 6) - 1,
};

/* A setting's check: "all", "none", or names separated by commas. */
int offloads_check(char to[static SETTING_VALUE_MAX], const char *value, struct err *err);

/* What offloads_check took, as OFFLOAD_ flags. */
unsigned offloads_parse(const char *value);

/* What `list`'s setting "offload" says; OFFLOAD_ALL when it cannot be read. */
unsigned offloads_get(struct db *db, const struct setting *list);

#endif
