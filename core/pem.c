/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pem.c - blocks of base64 between two lines, read strictly and written in one way.
 */
#include "core/pem.h"

#include "core/cert.h"
#include "core/crypto.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define LINE_CHARS 64
#define LINE_BYTES 48
#define VARIANT    sodium_base64_VARIANT_ORIGINAL

static const char begin[] = "-----BEGIN ";
static const char end[] = "-----END ";
static const char dashes[] = "-----";

int
pem_open(struct pem_reader *r, const char *text, size_t len, struct err *e)
{
	if (len > PEM_TEXT_MAX)
		return err_set(e, -EFBIG,
		    "it has %zu bytes, and no file of keys or certificates has more "
		    "than %d",
		    len, PEM_TEXT_MAX);
	*r = (struct pem_reader){ .p = text, .left = len, .line = 1 };
	return 0;
}

/* The next line without its newline, which it must have. */
static int
next_line(struct pem_reader *r, const char **line, size_t *len, struct err *e)
{
	const char *newline = memchr(r->p, '\n', r->left);

	if (newline == NULL)
		return err_set(e, ERR_FORMAT, "line %u does not end: the file was cut off",
		    r->line);
	*line = r->p;
	*len = (size_t)(newline - r->p);
	if (*len > 0 && newline[-1] == '\r')
		return err_set(e, ERR_FORMAT,
		    "line %u ends in a carriage return: convert the file to Unix lines", r->line);
	r->p = newline + 1;
	r->left -= *len + 1;
	r->line++;
	return 0;
}

/* Is it `before`, a label and five dashes? Then the label, else false. */
static bool
label_line(char label[static PEM_LABEL_MAX], const char *before, const char *line, size_t len)
{
	size_t around = strlen(before) + strlen(dashes), n = len - around;

	if (len <= around || n >= PEM_LABEL_MAX)
		return false;
	if (memcmp(line, before, strlen(before)) != 0 ||
	    memcmp(line + len - strlen(dashes), dashes, strlen(dashes)) != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = line[strlen(before) + i];

		if (c != ' ' && (c < 'A' || c > 'Z'))
			return false;
	}
	memcpy(label, line + strlen(before), n);
	label[n] = '\0';
	return true;
}

/*
 * libsodium takes bytes above 127 for letters (1.0.18), so they are refused here, and like there in
 * a time that does not depend on them.
 */
static bool
is_ascii(const char *line, size_t len)
{
	unsigned char bits = 0;

	for (size_t i = 0; i < len; i++)
		bits |= (unsigned char)line[i];
	return bits < 128;
}

/* Appends what one line of base64 says to `to`, of which `n` bytes are used. */
static int
body_line(uint8_t *to, size_t *n, size_t cap, const char *line, size_t len)
{
	uint8_t bytes[LINE_BYTES];
	size_t got = 0;
	int rc = 0;

	if (len == 0 || len > LINE_CHARS || !is_ascii(line, len) ||
	    sodium_base642bin(bytes, sizeof(bytes), line, len, NULL, &got, NULL, VARIANT) != 0)
		rc = ERR_FORMAT;
	else if (got > cap - *n)
		rc = ERR_FULL;
	if (rc == 0) {
		memcpy(to + *n, bytes, got);
		*n += got;
	}
	crypto_wipe(bytes, sizeof(bytes));
	return rc;
}

/* Lines of base64 up to the end of the block, which must have the same label. */
static int
block_body(struct pem_reader *r, const char *label, uint8_t *to, size_t cap, struct err *e)
{
	char end_label[PEM_LABEL_MAX];
	const char *line;
	size_t len, n = 0;

	for (;;) {
		unsigned number = r->line;
		size_t before = n;
		int rc = next_line(r, &line, &len, e);

		if (rc < 0)
			return rc;
		if (label_line(end_label, end, line, len) && strcmp(end_label, label) == 0 && n > 0)
			return (int)n;
		/* Only the last line may be short, or be filled up with '='. */
		rc = before % LINE_BYTES == 0 ? body_line(to, &n, cap, line, len) : ERR_FORMAT;
		if (rc == ERR_FULL)
			return err_set(e, rc, "line %u: the %s is longer than it can be", number,
			    label);
		if (rc < 0)
			return err_set(e, rc, "line %u is not base64 of a %s", number, label);
	}
}

int
pem_next(struct pem_reader *r, char label[static PEM_LABEL_MAX], uint8_t *to, size_t cap,
    struct err *e)
{
	char found[PEM_LABEL_MAX];
	const char *line;
	size_t len;
	int rc;

	if (r->left == 0)
		return 0;
	rc = next_line(r, &line, &len, e);
	if (rc < 0)
		return rc;
	if (!label_line(found, begin, line, len))
		return err_set(e, ERR_FORMAT, "line %u is not \"-----BEGIN MPYNET ...-----\"",
		    r->line - 1);
	rc = block_body(r, found, to, cap, e);
	if (rc < 0)
		crypto_wipe(to, cap);
	else
		memcpy(label, found, sizeof(found));
	return rc;
}

static void
put_text(char *to, size_t *n, const char *text)
{
	memcpy(to + *n, text, strlen(text));
	*n += strlen(text);
}

static void
put_label(char *to, size_t *n, const char *before, const char *label)
{
	put_text(to, n, before);
	put_text(to, n, label);
	put_text(to, n, dashes);
	put_text(to, n, "\n");
}

int
pem_write(char *to, size_t cap, const char *label, const uint8_t *p, size_t len)
{
	char line[LINE_CHARS + 1];
	size_t n = 0;

	assert(len > 0 && strlen(label) < PEM_LABEL_MAX);
	if (cap < PEM_LEN(strlen(label), len))
		return ERR_FULL;
	put_label(to, &n, begin, label);
	for (size_t i = 0; i < len; i += LINE_BYTES) {
		size_t part = min_u64(LINE_BYTES, len - i);

		(void)sodium_bin2base64(line, sizeof(line), p + i, part, VARIANT);
		put_text(to, &n, line);
		put_text(to, &n, "\n");
	}
	put_label(to, &n, end, label);
	crypto_wipe(line, sizeof(line));
	assert(n == PEM_LEN(strlen(label), len));
	return (int)n;
}

const char *
pem_label(const uint8_t *object, size_t len)
{
	switch (len > 4 ? object[4] : 0) {
	case OBJECT_HOST: return PEM_CERTIFICATE;
	case OBJECT_CA: return PEM_CA_CERTIFICATE;
	case OBJECT_REQUEST: return PEM_REQUEST;
	case OBJECT_STUDY: return PEM_STUDY;
	case OBJECT_COSIGNER: return PEM_COSIGNER;
	}
	return NULL;
}

int
pem_read_object(uint8_t *to, size_t cap, const char *text, size_t len, struct err *e)
{
	struct pem_reader r = { 0 };
	char label[PEM_LABEL_MAX];
	const char *right;
	int n = pem_open(&r, text, len, e);

	if (n < 0)
		return n;
	n = pem_next(&r, label, to, cap, e);
	if (n == 0)
		return err_set(e, ERR_SHORT, "it is empty");
	if (n < 0)
		return n;
	right = pem_label(to, (size_t)n);
	if (right == NULL || strcmp(right, label) != 0)
		return err_set(e, ERR_FORMAT, "what it holds is not what \"%s\" says", label);
	if (r.left > 0)
		return err_set(e, ERR_EXCESS, "something follows the %s on line %u", label, r.line);
	return n;
}
