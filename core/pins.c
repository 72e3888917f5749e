/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pins.c - keys that this host has fixed by name: a short list, looked through from its beginning.
 */
#include "core/pins.h"
#include "core/words.h"

#include <string.h>

bool
pin_fits(const struct pin *p, const uint8_t key[static 32])
{
	uint8_t id[CERT_WORDS];

	if (p->len == sizeof(p->bytes))
		return memcmp(p->bytes, key, sizeof(p->bytes)) == 0;
	cert_key_word_bytes(id, key);
	return memcmp(p->bytes, id, sizeof(id)) == 0;
}

const uint8_t *
pin_word_bytes(uint8_t to[static CERT_WORDS], const struct pin *p)
{
	if (p->len == sizeof(p->bytes))
		cert_key_word_bytes(to, p->bytes);
	else
		memcpy(to, p->bytes, CERT_WORDS);
	return to;
}

const char *
pin_words(char to[static CERT_WORDS_MAX], const struct pin *p)
{
	uint8_t bytes[CERT_WORDS];

	return words_format(to, pin_word_bytes(bytes, p), CERT_WORDS);
}

int
pin_parse(struct pin *ret, const char *name, const char *text, struct err *e)
{
	struct pin p = { .len = sizeof(p.bytes) };

	if (!text_is_name(name, strlen(name)))
		return err_set(e, ERR_FORMAT, "\"%.64s\" is no name of a host", name);
	memcpy(p.name, name, strlen(name) + 1);
	if (text_unhex(p.bytes, sizeof(p.bytes), text) < 0) {
		p.len = CERT_WORDS;
		if (words_parse(p.bytes, CERT_WORDS, text) < 0)
			return err_set(e, ERR_FORMAT, "\"%.120s\" is no key: say its %d words, as "
			    "`mpynet pin` or `mpynet request` shows them, or its 64 hex digits",
			    text, CERT_WORDS);
	}
	*ret = p;
	return 0;
}

const struct pinned *
pins_of(const struct pins *ps, const char *name)
{
	for (size_t i = 0; i < ps->count; i++) {
		if (strcmp(ps->row[i].pin.name, name) == 0)
			return &ps->row[i];
	}
	return NULL;
}

struct pinned *
pins_against(struct pins *ps, const char *name, const uint8_t key[static 32])
{
	for (size_t i = 0; i < ps->count; i++) {
		struct pinned *p = &ps->row[i];

		if ((strcmp(p->pin.name, name) == 0) != pin_fits(&p->pin, key))
			return p;
	}
	return NULL;
}

static bool
same(const struct pin *a, const struct pin *b)
{
	return strcmp(a->name, b->name) == 0 && a->len == b->len &&
	    memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool
lists(const struct pin_list *list, const struct pin *p)
{
	size_t i = 0;

	while (i < list->count && !same(&list->pin[i], p))
		i++;
	return i < list->count;
}

bool
pins_set(struct pins *ps, const struct pin_list *list)
{
	bool changed = false;

	for (size_t i = ps->count; i-- > 0;) {
		if (lists(list, &ps->row[i].pin))
			continue;
		ps->row[i] = ps->row[--ps->count];
		changed = true;
	}
	for (size_t i = 0; i < list->count; i++) {
		if (pins_of(ps, list->pin[i].name) != NULL)
			continue;
		assert(ps->count < PINS_MAX);
		ps->row[ps->count++] = (struct pinned){ .pin = list->pin[i] };
		changed = true;
	}
	return changed;
}

bool
pins_refuse(struct pins *ps, struct pinned *p, const char *name,
    const uint8_t key[static 32], uint64_t now)
{
	bool known = p->count > 0 && strcmp(p->offered_as, name) == 0 &&
	    memcmp(p->offered, key, sizeof(p->offered)) == 0;

	ps->refused++;
	p->count++;
	p->at = now;
	memcpy(p->offered_as, name, strlen(name) + 1);
	memcpy(p->offered, key, sizeof(p->offered));
	if (known && now - p->said < PINS_SAY_AGAIN)
		return false;
	p->said = now;
	return true;
}
