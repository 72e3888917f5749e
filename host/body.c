/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * body.c - how the values of an engine are written in the body of an answer (docs/control.md).
 */
#include "host/body.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/text.h"
#include "core/wire.h"
#include "host/keep.h"

void
body_put(json_t *body, const char *key, json_t *value)
{
	if (json_object_set_new(body, key, value) < 0)
		abort();	/* no memory, or a text of ours that is not UTF-8 */
}

json_t *
body_new(int schema)
{
	json_t *body = json_object();

	body_put(body, "schema", json_integer(schema));
	return body;
}

void
body_text(json_t *body, const char *key, const char *value)
{
	body_put(body, key, json_string(value));
}

void
body_number(json_t *body, const char *key, uint64_t value)
{
	body_put(body, key, json_integer((json_int_t)min_u64(value, INT64_MAX)));
}

void
body_flag(json_t *body, const char *key, bool value)
{
	body_put(body, key, json_boolean(value));
}

void
body_addr(json_t *body, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	if (a->family != FAMILY_NONE)
		body_text(body, key, addr_format(text, a));
}

void
body_ip(json_t *body, const char *key, struct ip ip)
{
	char text[ADDR_TEXT_MAX];

	if (ip.family != FAMILY_NONE)
		body_text(body, key, ip_format(text, ip));
}

void
body_hex(json_t *body, const char *key, const uint8_t *p, size_t n)
{
	char text[2 * 64 + 1];

	assert(n <= 64);
	text_hex(text, p, n);
	body_text(body, key, text);
}

void
body_key(json_t *body, const char *key, const uint8_t p[static 32])
{
	char text[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];

	body_text(body, key,
	    sodium_bin2base64(text, sizeof(text), p, 32, sodium_base64_VARIANT_ORIGINAL));
}

void
body_seconds_since(json_t *body, const char *key, usec_t then, usec_t now)
{
	if (then != 0)
		body_number(body, key, now > then ? (now - then) / USEC_PER_SEC : 0);
}

/* `ip` with the prefix length of the range of `root` that it is in. */
static struct prefix
in_overlay(struct ip ip, const struct cert *root)
{
	for (uint32_t i = 0; i < root->address_count; i++)
		if (prefix_contains(root->addresses[i], ip))
			return (struct prefix){ ip, root->addresses[i].len };
	return (struct prefix){ ip, (uint8_t)(8 * ip_size(ip)) };
}

void
body_identity(json_t *body, const struct verified *me, const struct cert *root)
{
	json_t *ips = json_array();
	char text[PREFIX_TEXT_MAX], words[CERT_WORDS_MAX];

	body_text(body, "name", me->cert.name);
	body_text(body, "network", root->name);
	body_hex(body, "network_id", root->network, sizeof(root->network));
	body_hex(body, "fingerprint", me->cert.fingerprint, sizeof(me->cert.fingerprint));
	body_text(body, "key_words", cert_key_words(words, me->cert.key));
	body_number(body, "serial", me->cert.serial);
	body_number(body, "expires", me->valid_until);
	for (uint32_t i = 0; i < me->cert.address_count; i++)
		json_array_append_new(ips, json_string(prefix_format(text,
		    in_overlay(me->cert.addresses[i].ip, root))));
	body_put(body, "ips", ips);
}

void
body_warning(json_t *warnings, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	json_t *row = json_object();
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	body_text(row, "text", text);
	json_array_append_new(warnings, row);
}

/* Is a person to look after it? */
static bool
is_urgent(enum renewal_phase phase, const struct verified *me, uint64_t now)
{
	uint64_t end = me->valid_until, begin = min_u64(me->cert.not_before + CERT_BACKDATE, end);

	return now > end ||
	    (phase != RENEWAL_EARLY && (now > end || end - now < (end - begin) / 4));
}

static void
warn_expiry(json_t *warnings, const char *phrase, const struct verified *me, uint64_t now)
{
	char text[32];

	if (now > me->valid_until)
		body_warning(warnings, "the certificate expired at %s: mpynet sign %s --replace "
		    "where the authority is makes a bundle with a new one",
		    text_format_time(text, me->valid_until), me->cert.name);
	else
		body_warning(warnings, "the certificate expires in %s: %s; mpynet sign %s "
		    "--replace where the authority is makes a bundle with a new one",
		    text_format_duration(text, me->valid_until - now), phrase, me->cert.name);
}

void
body_renewal(json_t *body, json_t *warnings, const struct renewal *r, enum renewal_phase phase,
    const struct verified *me, usec_t wall)
{
	static const char *const words[] = {
		[RENEWAL_EARLY] = "early",
		[RENEWAL_ASKING] = "asking",
		[RENEWAL_WAITING] = "waiting",
		[RENEWAL_TROUBLE] = "trouble",
		[RENEWAL_OVER] = "over",
	};
	bool urgent = is_urgent(phase, me, wall / USEC_PER_SEC);
	const char *phrase = renewal_phrase(r, phase);
	json_t *row = json_object();

	body_text(row, "phase", words[phase]);
	body_text(row, "text", phrase);
	body_number(row, "starts", r->start);
	body_number(row, "asked", r->total);
	body_flag(row, "urgent", urgent);
	body_put(body, "renewal", row);
	if (urgent)
		warn_expiry(warnings, phrase, me, wall / USEC_PER_SEC);
}

void
body_warn_keep(json_t *warnings, const struct keep *k)
{
	if (k->result < 0)
		body_warning(warnings, "what must survive a restart cannot be written: %s",
		    k->error.text);
}
