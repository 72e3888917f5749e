/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * processor.h - what this machine's processor does well. Engines ask no processor: they are told.
 */
#ifndef HOST_PROCESSOR_H
#define HOST_PROCESSOR_H

#include "core/base.h"

/*
 * Has it instructions for AES and GHASH? With them AES-256-GCM takes half the time of
 * ChaCha20-Poly1305, without them several times as long.
 */
bool processor_has_aes(void) must_check;

#endif
