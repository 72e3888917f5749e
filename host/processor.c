/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * processor.c - what this machine's processor does well.
 */
#include "host/processor.h"

#include <sodium.h>

bool
processor_has_aes(void)
{
	return sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1;
}
