/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * err.c - sentences and phrases for what went wrong.
 */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const own_phrases[] = {
	[-1001 - ERR_SHORT] = "ends before its last field",
	[-1001 - ERR_EXCESS] = "has bytes left over",
	[-1001 - ERR_FORMAT] = "has a field with a value that is not allowed",
	[-1001 - ERR_VERSION] = "is of a version or kind that is not known here",
	[-1001 - ERR_AUTH] = "does not verify",
	[-1001 - ERR_REPLAY] = "was seen before",
	[-1001 - ERR_FULL] = "a limit is reached",
	[-1001 - ERR_UNKNOWN] = "is not known",
	[-1001 - ERR_EXPIRED] = "has expired",
	[-1001 - ERR_NOT_YET] = "is not valid yet",
	[-1001 - ERR_DENIED] = "is not allowed",
	[-1001 - ERR_CONFLICT] = "is taken by another",
	[-1001 - ERR_REVOKED] = "is revoked",
	[-1001 - ERR_CANON] = "is not in canonical form",
	[-1001 - ERR_STATE] = "is not possible in this state",
	[-1001 - ERR_LIMITED] = "comes too often",
	[-1001 - ERR_CRYPTO] = "the cryptography failed",
	[-1001 - ERR_SUPERSEDED] = "is older than one that is known",
	[-1001 - ERR_PINNED] = "is not the one that is pinned here",
};

int
err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return code;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return code;
}

int
err_prefix(struct err *e, int code, const char *fmt, ...)
{
	char context[ERR_TEXT_MAX / 2];
	char said[ERR_TEXT_MAX];
	va_list ap;

	if (e == NULL)
		return code;
	va_start(ap, fmt);
	(void)vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	memcpy(said, e->text, sizeof(said));
	(void)snprintf(e->text, sizeof(e->text), "%s: %.*s", context,
	    (int)(sizeof(said) - strlen(context) - 3), said);
	return code;
}

const char *
err_phrase(int code)
{
	if (code <= -1001 && code > -1001 - (int)ARRAY_LEN(own_phrases))
		return own_phrases[-1001 - code];
	if (code < 0 && code > -1000)
		return strerrordesc_np(-code) != NULL ? strerrordesc_np(-code) : "failed";
	return code >= 0 ? "is fine" : "failed";
}
