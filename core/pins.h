/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pins.h - keys that this host has fixed by name (docs/certificates.md, "Pins").
 *
 * A pin says that whoever is certified as `name` has this key, and that nobody else has it. It
 * stands above every authority: a certificate that says otherwise is refused, however genuine. So
 * people who have compared keys need trust nobody who could certify another one.
 *
 * A pin holds a whole key, or the eight words of one that this host has not met (cert_key_words),
 * which are 64 bits of its hash.
 */
#ifndef CORE_PINS_H
#define CORE_PINS_H

#include "core/cert.h"
#include "core/text.h"

#define PINS_MAX 256

struct pin {
	char name[NAME_MAX_LEN + 1];
	uint8_t len; /* 32: the key; CERT_WORDS: the bytes that its words stand for */
	uint8_t bytes[32];
};

/* No two have the same name. */
struct pin_list {
	size_t count;
	struct pin pin[PINS_MAX];
};

/* A pin, and what was refused for it. */
struct pinned {
	struct pin pin;
	uint64_t count; /* certificates refused; 0: none, and the rest is unused */
	uint64_t at;	/* Unix seconds, of the last one */
	uint64_t said;	/* likewise, of the last one that pins_refuse() had said */
	uint8_t offered[32];		 /* its key */
	char offered_as[NAME_MAX_LEN + 1]; /* its name; another than the pin's: it has the pin's key */
};

struct pins {
	size_t count;
	uint64_t refused;
	struct pinned row[PINS_MAX];
};

/* Is `key` the key of `p`, as far as `p` tells? */
bool pin_fits(const struct pin *p, const uint8_t key[static 32]);

/* The bytes that the words of its key stand for, and the words. Return `to`. */
const uint8_t *pin_word_bytes(uint8_t to[static CERT_WORDS], const struct pin *p);
const char *pin_words(char to[static CERT_WORDS_MAX], const struct pin *p);

/*
 * A pin of `name` from what a person says: the 64 hex digits of a key, or its eight words in any
 * case, with blanks or hyphens between them. 0, or ERR_FORMAT with a sentence.
 */
int pin_parse(struct pin *ret, const char *name, const char *text, struct err *e) must_check;

/* The pin of this name, or NULL. */
const struct pinned *pins_of(const struct pins *ps, const char *name);

/* The pin that speaks against a host of this name with this key, or NULL. */
struct pinned *pins_against(struct pins *ps, const char *name, const uint8_t key[static 32]);

/*
 * These are the pins from now on. One that was there before keeps what it has refused. True when
 * any has come, gone or changed.
 */
bool pins_set(struct pins *ps, const struct pin_list *list);

/*
 * A certificate for `name` and `key` was refused for `p` at `now`, Unix seconds. True when that is
 * to be said: it is another one than the last, or was said PINS_SAY_AGAIN ago.
 */
#define PINS_SAY_AGAIN 600
bool pins_refuse(struct pins *ps, struct pinned *p, const char *name,
    const uint8_t key[static 32], uint64_t now);

#endif
