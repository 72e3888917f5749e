/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sockaddr.h - our addresses and the kernel's.
 */
#ifndef HOST_SOCKADDR_H
#define HOST_SOCKADDR_H

#include <sys/socket.h>

#include "core/addr.h"

/* FAMILY_NONE for what is neither IPv4 nor IPv6. */
struct addr addr_from_sockaddr(const struct sockaddr_storage *ss);

/* Returns the length; an address of FAMILY_NONE is written as IPv6's "any". */
socklen_t addr_to_sockaddr(struct sockaddr_storage *ss, const struct addr *a);

#endif
