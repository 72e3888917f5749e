/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.h - text that people or strangers wrote, and text that they will read.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include "core/base.h"
#include "core/err.h"

/* A decimal number in min..max, digits only, whole string. 0, or ERR_FORMAT. */
int text_u64(uint64_t *ret, const char *text, uint64_t min, uint64_t max) must_check;

/* "90d", "12h", "30m", "45s", "10y" (of 365 days), "2w", or a sum "1d12h". Whole seconds. */
int text_duration(uint64_t *ret_seconds, const char *text) must_check;

/* The largest unit that fits, two at most: "3d 4h", "12s". Writes at most 32 bytes. */
const char *text_format_duration(char to[static 32], uint64_t seconds);

/* "2026-05-01 12:00 UTC" (RFC 3339 date and time to the minute). Writes at most 32 bytes. */
const char *text_format_time(char to[static 32], uint64_t unix_seconds);

/* "1.5 GB" in powers of 1000. Writes at most 16 bytes. */
const char *text_format_bytes(char to[static 16], uint64_t n);

/* 2n hex digits and NUL. */
void text_hex(char *to, const uint8_t *p, size_t n);

/* Exactly n bytes from 2n hex digits, or ERR_FORMAT. */
int text_unhex(uint8_t *to, size_t n, const char *text) must_check;

/* A name of certificates.md: 1-63 of [a-z0-9._-], alphanumeric at both ends. */
#define NAME_MAX_LEN 63
bool text_is_name(const char *p, size_t len);

bool text_ends_with(const char *text, const char *suffix);

/*
 * Copies `len` bytes to `to` with everything but printable ASCII written as \xNN, cut to fit `cap`
 * (at least 5) with "..." at the end. Returns `to`. What came from outside goes to a terminal or a
 * log only through this.
 */
const char *text_escape(char *to, size_t cap, const void *p, size_t len);

/* Edit distance of two short words (at most 31 bytes each count), for "did you mean". */
unsigned text_distance(const char *a, const char *b);

#endif
