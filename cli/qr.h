/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qr.h - a QR code on a terminal.
 */
#ifndef CLI_QR_H
#define CLI_QR_H

#include "core/err.h"

#include <stdio.h>

/*
 * Draws `text` (ISO/IEC 18004, level L) in half blocks, dark on light with a quiet zone of 2, which
 * a camera reads off a terminal of either colour. ERR_FULL when it is too long for one; -ENOMEM.
 */
int qr_print(FILE *to, const char *text, struct err *e) must_check;

#endif
