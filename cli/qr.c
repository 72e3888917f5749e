/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qr.c - a QR code on a terminal.
 */
#include "cli/qr.h"

#include "core/crypto.h"

#include <errno.h>
#include <qrencode.h>

#define QUIET 2 /* modules around it */

static bool
is_dark(const QRcode *q, int x, int y)
{
	if (x < 0 || y < 0 || x >= q->width || y >= q->width)
		return false;
	return (q->data[y * q->width + x] & 1) != 0;
}

/* Two rows of modules are one line of text; light is what is drawn, so black stays the ground. */
static void
print_rows(FILE *to, const QRcode *q, int y)
{
	static const char *const blocks[2][2] = { { "\u2588", "\u2580" }, { "\u2584", " " } };

	fputs("\033[40;37m", to);
	for (int x = -QUIET; x < q->width + QUIET; x++)
		fputs(blocks[is_dark(q, x, y)][is_dark(q, x, y + 1)], to);
	fputs("\033[0m\n", to);
}

int
qr_print(FILE *to, const char *text, struct err *e)
{
	QRcode *q = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

	if (q == NULL)
		return err_set(e, errno == ERANGE ? ERR_FULL : -ENOMEM,
		    "no QR code can be drawn of this");
	for (int y = -QUIET; y < q->width + QUIET; y += 2)
		print_rows(to, q, y);
	crypto_wipe(q->data, (size_t)q->width * (size_t)q->width);
	QRcode_free(q);
	return 0;
}
