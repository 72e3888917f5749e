/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parties.c - a study as what programs read: MPyC's options, an environment, templates.
 */
#include "cli/parties.h"

#include "core/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text that grows within a buffer, or has failed. */
struct page {
	char *to;
	size_t cap, len;
	bool full;
};

static void printf_like(2, 3)
put(struct page *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(p->to + p->len, p->cap - p->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= p->cap - p->len)
		p->full = true;
	else
		p->len += (size_t)n;
}

static int
page_end(const struct page *p)
{
	return p->full ? ERR_FULL : (int)p->len;
}

/*
 * MPyC
 */

const char *
party_mpyc_endpoint(char to[static PARTY_ENDPOINT_MAX], const struct study_party *p)
{
	char ip[ADDR_TEXT_MAX];

	snprintf(to, PARTY_ENDPOINT_MAX, "%s:%u", ip_format(ip, p->address), p->port);
	return to;
}

static void
put_mpyc_args(struct page *page, const struct study *s, unsigned self)
{
	char at[PARTY_ENDPOINT_MAX];

	for (uint32_t i = 0; i < s->count; i++)
		put(page, "-P %s ", party_mpyc_endpoint(at, &s->parties[i]));
	put(page, "-I %u", self);
}

int
parties_mpyc_args(char *to, size_t cap, const struct study *s, unsigned self)
{
	struct page page = { .to = to, .cap = cap };

	put_mpyc_args(&page, s, self);
	return page_end(&page);
}

/*
 * An environment. Names and addresses hold nothing that a shell would take for its own.
 */

static void
put_party(struct page *page, const struct study_party *p, uint32_t i)
{
	char ip[ADDR_TEXT_MAX];

	put(page, "MPYNET_NAME_%u='%s'\n", i, p->name);
	put(page, "MPYNET_ADDR_%u='%s'\n", i, ip_format(ip, p->address));
	put(page, "MPYNET_PORT_%u='%u'\n", i, p->port);
}

int
parties_env(char *to, size_t cap, const struct study *s, unsigned self)
{
	struct page page = { .to = to, .cap = cap };
	char hash[2 * STUDY_HASH_LEN + 1];

	text_hex(hash, s->hash, STUDY_HASH_LEN);
	put(&page, "MPYNET_STUDY='%s'\n", s->name);
	put(&page, "MPYNET_HASH='%s'\n", hash);
	put(&page, "MPYNET_INDEX='%u'\n", self);
	put(&page, "MPYNET_PARTIES='%u'\n", s->count);
	put(&page, "MPYNET_THRESHOLD='%u'\n", study_threshold(s));
	for (uint32_t i = 0; i < s->count; i++)
		put_party(&page, &s->parties[i], i);
	put(&page, "MPYNET_MPYC_ARGS='");
	put_mpyc_args(&page, s, self);
	put(&page, "'\n");
	return page_end(&page);
}

/* One line of it: NAME='value'. */
static int
export_line(char *line)
{
	char *value = strchr(line, '=');

	if (value == NULL)
		return 0;
	*value++ = '\0';
	value[strlen(value) - 1] = '\0';
	return setenv(line, value + 1, 1) < 0 ? -errno : 0;
}

int
parties_export(const struct study *s, unsigned self, struct err *e)
{
	char *text = malloc(PARTIES_TEXT_MAX), *save = NULL;
	int rc = text == NULL ? -ENOMEM : parties_env(text, PARTIES_TEXT_MAX, s, self);

	for (char *line = rc < 0 ? NULL : strtok_r(text, "\n", &save); line != NULL && rc >= 0;
	    line = strtok_r(NULL, "\n", &save))
		rc = export_line(line);
	free(text);
	return rc < 0 ? err_set(e, rc, "cannot tell the program of the parties: %s", err_phrase(rc)) : 0;
}

/*
 * Templates
 */

static bool
is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

/* What is of the study as a whole, or of us alone. False: it is none of these. */
static bool
put_of_study(struct page *page, const char *word, size_t len, const struct study *s, unsigned self)
{
	char hash[2 * STUDY_HASH_LEN + 1];

	if (is(word, len, "study")) {
		put(page, "%s", s->name);
	} else if (is(word, len, "hash")) {
		text_hex(hash, s->hash, STUDY_HASH_LEN);
		put(page, "%s", hash);
	} else if (is(word, len, "parties")) {
		put(page, "%u", s->count);
	} else if (is(word, len, "threshold")) {
		put(page, "%u", study_threshold(s));
	} else if (is(word, len, "index")) {
		put(page, "%u", self);
	} else {
		return false;
	}
	return true;
}

static bool
put_of_party(struct page *page, const char *word, size_t len, const struct study_party *p)
{
	char text[ADDR_TEXT_MAX];
	struct addr at = addr_from_ip(p->address, p->port);

	if (is(word, len, "name"))
		put(page, "%s", p->name);
	else if (is(word, len, "addr"))
		put(page, "%s", ip_format(text, p->address));
	else if (is(word, len, "port"))
		put(page, "%u", p->port);
	else if (is(word, len, "endpoint"))
		put(page, "%s", addr_format(text, &at));
	else
		return false;
	return true;
}

/* The party that what follows the colon means, or ERR_FORMAT. */
static int
party_index(const char *digits, size_t len, const struct study *s)
{
	char text[4] = "";
	uint64_t i;

	if (len == 0 || len >= sizeof(text))
		return ERR_FORMAT;
	memcpy(text, digits, len);
	return text_u64(&i, text, 0, s->count - 1) < 0 ? ERR_FORMAT : (int)i;
}

/* What stands for the `len` characters between braces. */
static int
expand_word(struct page *page, const char *word, size_t len, const struct study *s, unsigned self,
    struct err *e)
{
	const char *colon = memchr(word, ':', len);
	size_t name_len = colon != NULL ? (size_t)(colon - word) : len;
	int i = (int)self;

	if (colon == NULL && put_of_study(page, word, len, s, self))
		return 0;
	if (colon != NULL)
		i = party_index(colon + 1, len - name_len - 1, s);
	if (i < 0)
		return err_set(e, ERR_FORMAT,
		    "{%.*s} means no party: they are numbered from 0 to %u", (int)min_u64(len, 32),
		    word, s->count - 1);
	if (put_of_party(page, word, name_len, &s->parties[i]))
		return 0;
	return err_set(e, ERR_FORMAT,
	    "{%.*s} stands for nothing; say study, hash, parties, threshold, index, or name, addr, "
	    "port, endpoint, with :0 for party 0",
	    (int)min_u64(len, 32), word);
}

int
parties_expand(char *to, size_t cap, const char *text, const struct study *s, unsigned self,
    struct err *e)
{
	struct page page = { .to = to, .cap = cap };
	const char *p = text;

	while (*p != '\0') {
		const char *end = *p == '{' ? strchr(p, '}') : NULL;
		int rc;

		if ((p[0] == '{' || p[0] == '}') && p[1] == p[0]) {
			put(&page, "%c", p[0]);
			p += 2;
		} else if (*p == '{' && end != NULL) {
			rc = expand_word(&page, p + 1, (size_t)(end - p - 1), s, self, e);
			if (rc < 0)
				return rc;
			p = end + 1;
		} else if (*p == '{' || *p == '}') {
			return err_set(e, ERR_FORMAT,
			    "a brace stands alone; {{ and }} are braces themselves");
		} else {
			put(&page, "%c", *p++);
		}
	}
	return page.full ? err_set(e, ERR_FULL, "what the template stands for is too long") : 0;
}
