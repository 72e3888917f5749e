/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * endpoint.c - where a lighthouse is reached, as text.
 */
#include "core/bundle.h"

#include "core/text.h"

#include <stdio.h>
#include <string.h>

/* What stands before the port of streams. */
#define TCP_PREFIX "tcp/"

static bool
is_label(const char *p, size_t len)
{
	if (len == 0 || len > 63 || p[0] == '-' || p[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (p[i] != '-' && (p[i] < '0' || p[i] > '9') && (p[i] < 'a' || p[i] > 'z'))
			return false;
	}
	return true;
}

/* A name of labels, the last of which is no number, so that no address is taken for a name. */
static bool
is_host_name(const char *p, size_t len)
{
	const char *label = p, *end = p + len, *dot;

	while ((dot = memchr(label, '.', (size_t)(end - label))) != NULL) {
		if (!is_label(label, (size_t)(dot - label)))
			return false;
		label = dot + 1;
	}
	return len <= 253 && is_label(label, (size_t)(end - label)) &&
	       (label[0] < '0' || label[0] > '9');
}

int
endpoint_check(const char *text)
{
	char again[ADDR_TEXT_MAX];
	const char *colon = strrchr(text, ':');
	struct addr a;
	uint64_t port;

	if (strnlen(text, ENDPOINT_TEXT_MAX) == ENDPOINT_TEXT_MAX || colon == NULL)
		return ERR_FORMAT;
	if (addr_parse(&a, text, 0) == 0)
		return a.scope == 0 && strcmp(addr_format(again, &a), text) == 0 ? 0 : ERR_FORMAT;
	if (colon[1] == '0' || text_u64(&port, colon + 1, 1, UINT16_MAX) < 0)
		return ERR_FORMAT;
	return is_host_name(text, (size_t)(colon - text)) ? 0 : ERR_FORMAT;
}

uint32_t
endpoint_count_all(const struct bundle_lighthouse *l)
{
	return l->endpoint_count + (l->tcp != 0);
}

const char *
endpoint_nth(const struct bundle_lighthouse *l, uint32_t i, char to[static ENDPOINT_TEXT_MAX])
{
	if (i < l->endpoint_count)
		return l->endpoints[i];
	snprintf(to, ENDPOINT_TCP_MAX, TCP_PREFIX "%u", l->tcp);
	return to;
}

static int
take_tcp(struct bundle_lighthouse *l, const char *digits)
{
	uint64_t port;

	if (digits[0] == '0' || text_u64(&port, digits, 1, UINT16_MAX) < 0 ||
	    l->endpoint_count == 0 || l->tcp != 0)
		return ERR_FORMAT;
	l->tcp = (uint16_t)port;
	return 0;
}

int
endpoint_take(struct bundle_lighthouse *l, const char *text)
{
	size_t len = strnlen(text, ENDPOINT_TEXT_MAX);

	if (len == ENDPOINT_TEXT_MAX || l->tcp != 0)
		return ERR_FORMAT;
	if (strncmp(text, TCP_PREFIX, strlen(TCP_PREFIX)) == 0)
		return take_tcp(l, text + strlen(TCP_PREFIX));
	if (l->endpoint_count == BUNDLE_ENDPOINTS_MAX)
		return ERR_FULL;
	memcpy(l->endpoints[l->endpoint_count++], text, len + 1);
	return 0;
}
