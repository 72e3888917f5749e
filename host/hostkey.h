/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hostkey.h - a host's private key in a file of its own: PEM, mode 0600, from its making until a
 * bundle with its certificate holds it.
 */
#ifndef HOST_HOSTKEY_H
#define HOST_HOSTKEY_H

#include "core/base.h"
#include "core/err.h"

/* The key in the file `path`, which is for the caller to wipe. 0, or -ENOENT when there is none. */
int hostkey_read(uint8_t key[static 32], const char *path, struct err *err) must_check;

/* The same; a new one, which is on the disk when this returns, where there is none. */
int hostkey_obtain(uint8_t key[static 32], const char *path, struct err *err) must_check;

/* Is `key` the one of which this is the public part? */
bool hostkey_fits(const uint8_t key[static 32], const uint8_t public[static 32]);

#endif
