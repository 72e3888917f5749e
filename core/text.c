/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.c - numbers, durations, names and escaping.
 */
#include "core/text.h"

#include <stdio.h>
#include <string.h>

int
text_u64(uint64_t *ret, const char *text, uint64_t min, uint64_t max)
{
	uint64_t v = 0;

	if (*text == '\0')
		return ERR_FORMAT;
	for (; *text != '\0'; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*text < '0' || *text > '9' || v > (UINT64_MAX - digit) / 10)
			return ERR_FORMAT;
		v = v * 10 + digit;
	}
	if (v < min || v > max)
		return ERR_FORMAT;
	*ret = v;
	return 0;
}

static const struct {
	char letter;
	uint64_t seconds;
} units[] = {
	{ 'y', 365 * 86400 },
	{ 'w', 7 * 86400 },
	{ 'd', 86400 },
	{ 'h', 3600 },
	{ 'm', 60 },
	{ 's', 1 },
};

static uint64_t
unit_seconds(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].letter == letter)
			return units[i].seconds;
	}
	return 0;
}

int
text_duration(uint64_t *ret_seconds, const char *text)
{
	uint64_t sum = 0;

	if (*text == '\0')
		return ERR_FORMAT;
	while (*text != '\0') {
		uint64_t n = 0, unit;
		size_t digits = strspn(text, "0123456789");

		if (digits == 0 || digits > 9)
			return ERR_FORMAT;
		for (size_t i = 0; i < digits; i++)
			n = n * 10 + (uint64_t)(text[i] - '0');
		unit = unit_seconds(text[digits]);
		if (unit == 0)
			return ERR_FORMAT;
		sum += n * unit;
		text += digits + 1;
	}
	*ret_seconds = sum;
	return 0;
}

const char *
text_format_duration(char to[static 32], uint64_t seconds)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		uint64_t n = seconds / units[i].seconds;
		uint64_t rest = seconds % units[i].seconds;

		if (units[i].letter == 'w' || n == 0)
			continue;
		if (units[i].letter == 'y')
			(void)snprintf(to, 32, "%lluy %llud", (unsigned long long)n,
			    (unsigned long long)(rest / 86400));
		else if (units[i].letter == 's' || rest / units[i + 1].seconds == 0)
			(void)snprintf(to, 32, "%llu%c", (unsigned long long)n, units[i].letter);
		else
			(void)snprintf(to, 32, "%llu%c %llu%c", (unsigned long long)n,
			    units[i].letter, (unsigned long long)(rest / units[i + 1].seconds),
			    units[i + 1].letter);
		return to;
	}
	memcpy(to, "0s", 3);
	return to;
}

/* Days since 1970-01-01 to a civil date, by the era method: 400 years have 146097 days. */
static void
civil_from_days(uint64_t days, uint64_t *year, unsigned *month, unsigned *day)
{
	uint64_t z = days + 719468;
	uint64_t era = z / 146097;
	unsigned doe = (unsigned)(z % 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

const char *
text_format_time(char to[static 32], uint64_t unix_seconds)
{
	uint64_t year;
	unsigned month, day;
	unsigned minutes = (unsigned)(unix_seconds % 86400 / 60);

	if (unix_seconds > 253402300799) { /* 9999-12-31 23:59:59 */
		memcpy(to, "after the year 9999", 20);
		return to;
	}
	civil_from_days(unix_seconds / 86400, &year, &month, &day);
	(void)snprintf(to, 32, "%04u-%02u-%02u %02u:%02u UTC", (unsigned)year % 10000u,
	    month % 100u, day % 100u, minutes / 60, minutes % 60);
	return to;
}

const char *
text_format_bytes(char to[static 16], uint64_t n)
{
	static const char *const names[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	size_t i = 0;
	double v = (double)n;

	while (v >= 999.95 && i + 1 < ARRAY_LEN(names)) {
		v /= 1000;
		i++;
	}
	(void)snprintf(to, 16, i == 0 ? "%.0f %s" : "%.1f %s", v, names[i]);
	return to;
}

void
text_hex(char *to, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		to[2 * i] = digits[p[i] >> 4];
		to[2 * i + 1] = digits[p[i] & 15];
	}
	to[2 * n] = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
text_unhex(uint8_t *to, size_t n, const char *text)
{
	if (strlen(text) != 2 * n)
		return ERR_FORMAT;
	for (size_t i = 0; i < 2 * n; i++) {
		if (hex_digit(text[i]) < 0)
			return ERR_FORMAT;
	}
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	return 0;
}

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
text_is_name(const char *p, size_t len)
{
	if (len < 1 || len > NAME_MAX_LEN || !is_alnum(p[0]) || !is_alnum(p[len - 1]))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(p[i]) && p[i] != '.' && p[i] != '_' && p[i] != '-')
			return false;
	}
	return true;
}

bool
text_ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && memcmp(text + len - suffix_len, suffix, suffix_len) == 0;
}

const char *
text_escape(char *to, size_t cap, const void *p, size_t len)
{
	const uint8_t *b = p;
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		bool plain = b[i] >= 0x20 && b[i] < 0x7f && b[i] != '\\';
		size_t need = plain ? 1 : 4;

		/* Room for this, and for "..." and NUL should the next not fit. */
		if (at + need + (i + 1 < len ? 4 : 1) > cap) {
			memcpy(to + at, "...", 4);
			return to;
		}
		if (plain) {
			to[at] = (char)b[i];
		} else {
			to[at] = '\\';
			to[at + 1] = 'x';
			to[at + 2] = "0123456789abcdef"[b[i] >> 4];
			to[at + 3] = "0123456789abcdef"[b[i] & 15];
		}
		at += need;
	}
	to[at] = '\0';
	return to;
}

unsigned
text_distance(const char *a, const char *b)
{
	unsigned row[32];
	size_t la = min_u64(strlen(a), 31), lb = min_u64(strlen(b), 31);

	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);
			unsigned insert = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diagonal = row[j];
			row[j] = change < insert ? change : insert;
		}
	}
	return row[lb];
}
