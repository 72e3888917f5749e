/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words.h - bytes as words that two people can read to each other.
 */
#ifndef CORE_WORDS_H
#define CORE_WORDS_H

#include "core/base.h"

#define WORDS_WORD_MAX 11 /* letters of the longest word */

/*
 * The word of `byte` at position `at`: even positions have words of two syllables, odd ones of
 * three, so that a word left out or two swapped are heard. Static storage.
 */
const char *words_word(uint8_t byte, size_t at);

/*
 * `n` bytes as words with one space between them, NUL-terminated. `to` has room for
 * n * (WORDS_WORD_MAX + 1) bytes; `n` is not 0. Returns `to`.
 */
const char *words_format(char *to, const uint8_t *p, size_t n);

/*
 * The `n` bytes that words stand for, whatever their case, with blanks or hyphens between them. 0,
 * or ERR_FORMAT: a word that is none, or not one of its position, or too many or too few.
 */
int words_parse(uint8_t *to, size_t n, const char *text) must_check;

#endif
