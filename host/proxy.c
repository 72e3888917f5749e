/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proxy.c - requests and answers of HTTP CONNECT.
 */
#include "host/proxy.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int
bad(struct err *err)
{
	return err_set(err, -EINVAL, "a proxy is http://[USER:PASSWORD@]HOST[:PORT]");
}

/* Takes percent encoding back. Control characters are no part of a name or password. */
static int
decode(char *to, size_t cap, const char *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = p[i];

		if (c == '%') {
			char hex[3] = { 0 };

			if (len - i < 3 || !isxdigit((unsigned char)p[i + 1]) ||
			    !isxdigit((unsigned char)p[i + 2]))
				return -EINVAL;
			memcpy(hex, p + i + 1, 2);
			c = (char)strtoul(hex, NULL, 16);
			i += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7f || n + 1 >= cap)
			return -EINVAL;
		to[n++] = c;
	}
	to[n] = '\0';
	return 0;
}

/* "HOST", "HOST:PORT", "[ADDRESS]:PORT", without a path but "/". */
static int
parse_authority(struct proxy *p, const char *text)
{
	size_t len = strcspn(text, "/");
	const char *host = text, *colon;
	char port[8] = "80";
	size_t host_len;
	char *end;

	if (strspn(text + len, "/") != strlen(text + len))
		return -EINVAL;
	if (*text == '[') {
		const char *close = memchr(text, ']', len);

		if (close == NULL)
			return -EINVAL;
		host = text + 1;
		host_len = (size_t)(close - host);
		colon = close + 1 < text + len ? close + 1 : NULL;
	} else {
		colon = memchr(text, ':', len);
		host_len = colon != NULL ? (size_t)(colon - text) : len;
	}
	if (colon != NULL) {
		size_t n = (size_t)(text + len - colon - 1);

		if (*colon != ':' || n == 0 || n >= sizeof(port))
			return -EINVAL;
		memcpy(port, colon + 1, n);
		port[n] = '\0';
	}
	p->port = (uint16_t)strtoul(port, &end, 10);
	if (*end != '\0' || !isdigit((unsigned char)port[0]) || p->port == 0 ||
	    strtoul(port, NULL, 10) > 65535 || host_len == 0 || host_len >= sizeof(p->host) ||
	    strcspn(host, " \t\r\n@") < host_len)
		return -EINVAL;
	memcpy(p->host, host, host_len);
	p->host[host_len] = '\0';
	return 0;
}

int
proxy_parse(struct proxy *ret, const char *text, struct err *err)
{
	struct proxy p = { .port = 0 };
	const char *scheme = strstr(text, "://"), *at;

	if (scheme != NULL && strncasecmp(text, "http://", 7) != 0)
		return err_set(err, -EINVAL, "only proxies that speak plain HTTP to us are "
		    "supported: http://HOST:PORT");
	if (scheme != NULL)
		text = scheme + 3;
	at = strrchr(text, '@');
	if (at != NULL) {
		if (decode(p.user, sizeof(p.user), text, (size_t)(at - text)) < 0 ||
		    strchr(p.user, ':') == NULL)
			return bad(err);
		text = at + 1;
	}
	if (parse_authority(&p, text) < 0)
		return bad(err);
	*ret = p;
	return 0;
}

static const char *
environment(const char *const *names)
{
	for (; *names != NULL; names++) {
		const char *value = getenv(*names);

		if (value != NULL && *value != '\0')
			return value;
	}
	return NULL;
}

/* Does an entry of no_proxy name `host`, or a domain that it lies in? */
static bool
names(const char *entry, size_t len, const char *host)
{
	size_t host_len = strlen(host);

	if (len > 0 && *entry == '.') {
		entry++;
		len--;
	}
	if (len == 1 && *entry == '*')
		return true;
	return len > 0 && len <= host_len &&
	    strncasecmp(host + host_len - len, entry, len) == 0 &&
	    (len == host_len || host[host_len - len - 1] == '.');
}

static bool
is_excepted(const char *host)
{
	static const char *const variables[] = { "no_proxy", "NO_PROXY", NULL };
	const char *list = environment(variables);

	while (list != NULL && *list != '\0') {
		size_t len;

		list += strspn(list, ", \t");
		len = strcspn(list, ", \t");
		if (names(list, len, host))
			return true;
		list += len;
	}
	return false;
}

int
proxy_for(struct proxy *ret, const char *setting, const char *host, struct err *err)
{
	static const char *const variables[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
		"ALL_PROXY", NULL };
	const char *text = setting;
	int rc;

	*ret = (struct proxy){ .port = 0 };
	if (strcmp(setting, "none") == 0)
		return 0;
	if (*setting == '\0')
		text = is_excepted(host) ? NULL : environment(variables);
	if (text == NULL)
		return 0;
	rc = proxy_parse(ret, text, err);
	return rc < 0 && *setting == '\0' ? err_prefix(err, rc, "the environment's proxy") : rc;
}

size_t
proxy_request(char to[static PROXY_REQUEST_MAX], const struct proxy *p, const char *host,
    uint16_t port)
{
	bool v6 = strchr(host, ':') != NULL;
	char target[PROXY_HOST_MAX + 16], secret[2 * PROXY_USER_MAX];
	int n;

	snprintf(target, sizeof(target), v6 ? "[%.255s]:%u" : "%.255s:%u", host, port);
	n = snprintf(to, PROXY_REQUEST_MAX, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target);
	if (p->user[0] != '\0') {
		sodium_bin2base64(secret, sizeof(secret), (const uint8_t *)p->user, strlen(p->user),
		    sodium_base64_VARIANT_ORIGINAL);
		n += snprintf(to + n, PROXY_REQUEST_MAX - (size_t)n,
		    "Proxy-Authorization: Basic %s\r\n", secret);
		sodium_memzero(secret, sizeof(secret));
	}
	n += snprintf(to + n, PROXY_REQUEST_MAX - (size_t)n, "\r\n");
	assert(n < PROXY_REQUEST_MAX);
	return (size_t)n;
}

/* "HTTP/1.x NNN" and whatever follows. */
static int
parse_line(struct proxy_answer *a)
{
	const char *l = a->line;

	if (strncmp(l, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)l[7]) || l[8] != ' ')
		return ERR_FORMAT;
	for (int i = 9; i < 12; i++)
		if (!isdigit((unsigned char)l[i]))
			return ERR_FORMAT;
	if (l[12] != '\0' && l[12] != ' ')
		return ERR_FORMAT;
	a->status = (unsigned)(100 * (l[9] - '0') + 10 * (l[10] - '0') + (l[11] - '0'));
	return 0;
}

static void
take_char(struct proxy_answer *a, char c)
{
	a->have++;
	if (c == '\n') {
		a->line_over = true;
		a->over = ++a->ending == 2;
	} else if (c != '\r') {
		a->ending = 0;
		if (!a->line_over && a->line_len < sizeof(a->line) - 1)
			a->line[a->line_len++] = c;
	}
}

int
proxy_answer_take(struct proxy_answer *a, const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && !a->over) {
		take_char(a, p[n++]);
		if (a->have > PROXY_ANSWER_MAX)
			return ERR_FORMAT;
	}
	if (!a->over)
		return (int)n;
	return parse_line(a) < 0 ? ERR_FORMAT : (int)n;
}

const char *
proxy_phrase(unsigned status)
{
	switch (status) {
	case 403: return "it forbids the connection (403)";
	case 404: return "it does not know the host (404)";
	case 405: return "it does not speak CONNECT (405)";
	case 407: return "it wants a name and password (407): http://USER:PASSWORD@HOST:PORT";
	case 502: return "it got no connection (502)";
	case 503: return "it is overloaded (503)";
	case 504: return "it got no answer in time (504)";
	}
	return status >= 500 ? "it failed" : "it refuses";
}
