/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certs.c - certificates, as commands show them.
 */
#include "cli/certs.h"

#include <sodium.h>
#include <string.h>

#include "core/crypto.h"

const struct column cert_columns[] = {
	{ "kind", "kind", COLUMN_TEXT },
	{ "name", "name", COLUMN_TEXT },
	{ "addresses", "addresses", COLUMN_TEXT },
	{ "routes", "routes", COLUMN_TEXT },
	{ "groups", "groups", COLUMN_TEXT },
	{ "flags", "flags", COLUMN_TEXT },
	{ "serial", "serial", COLUMN_TEXT },
	{ "valid from", "not_before", COLUMN_TIME },
	{ "valid until", "not_after", COLUMN_TIME },
	{ "hosts at most", "max_lifetime_s", COLUMN_DURATION },
	{ "names end with", "name_suffix", COLUMN_TEXT },
	{ "key", "key", COLUMN_TEXT },
	{ "key in words", "key_words", COLUMN_TEXT },
	{ "TLS key SHA-256", "tls_pin", COLUMN_TEXT },
	{ "network", "network", COLUMN_TEXT },
	{ "issuer", "issuer", COLUMN_TEXT },
	{ "fingerprint", "fingerprint", COLUMN_TEXT },
	{ NULL },
};

const struct column cert_table[] = {
	{ "NAME", "name", COLUMN_TEXT },
	{ "IP", "addresses", COLUMN_TEXT },
	{ "SERIAL", "serial", COLUMN_TEXT },
	{ "STATUS", "status", COLUMN_STATE },
	{ "EXPIRES", "not_after", COLUMN_TIME },
	{ "FLAGS", "flags", COLUMN_TEXT },
	{ "GROUPS", "groups", COLUMN_TEXT },
	{ "ROUTES", "routes", COLUMN_TEXT },
	{ NULL },
};

const char *
key_format(char to[static KEY_TEXT_MAX], const uint8_t key[static 32])
{
	return sodium_bin2base64(to, KEY_TEXT_MAX, key, 32, sodium_base64_VARIANT_ORIGINAL);
}

int
key_parse(uint8_t to[static 32], const char *text)
{
	const char *end;
	size_t len;

	if (sodium_base642bin(to, 32, text, strlen(text), NULL, &len, &end,
	    sodium_base64_VARIANT_ORIGINAL) != 0 || len != 32 || *end != '\0')
		return ERR_FORMAT;
	return 0;
}

json_t *
hex_json(const uint8_t *p, size_t len)
{
	char text[2 * 64 + 1];

	assert(len <= 64);
	text_hex(text, p, len);
	return json_string(text);
}

json_t *
addresses_json(const struct prefix *p, uint32_t count)
{
	json_t *list = json_array();
	char text[ADDR_TEXT_MAX];

	for (uint32_t i = 0; i < count; i++) {
		bool whole = p[i].len == ip_size(p[i].ip) * 8;

		json_array_append_new(list, json_string(whole ? ip_format(text, p[i].ip) :
		    prefix_format(text, p[i])));
	}
	return list;
}

json_t *
flags_json(uint32_t flags)
{
	json_t *list = json_array();

	for (uint32_t flag = 1; flag <= CERT_FLAGS_ALL; flag <<= 1) {
		if (flags & flag)
			json_array_append_new(list, json_string(cert_flag_name(flag)));
	}
	return list;
}

static json_t *
groups_json(const struct cert *c)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < c->group_count; i++)
		json_array_append_new(list, json_string(c->groups[i]));
	return list;
}

static const char *
kind_name(const struct cert *c)
{
	if (c->kind == OBJECT_HOST)
		return "host certificate";
	if (c->kind == OBJECT_REQUEST)
		return "request";
	if (c->kind == OBJECT_COSIGNER)
		return "co-signer's card";
	return cert_is_root(c) ? "root CA certificate" : "issuing CA certificate";
}

/* What only an authority has. */
static void
add_ca(json_t *j, const struct cert *c)
{
	json_object_set_new(j, "max_lifetime_s", json_integer(c->max_lifetime));
	json_object_set_new(j, "path_length", json_integer(c->path_length));
	json_object_set_new(j, "enrol_key", hex_json(c->enrol_key, sizeof(c->enrol_key)));
	if (c->name_suffix[0] != '\0')
		json_object_set_new(j, "name_suffix", json_string(c->name_suffix));
}

static void
add_key(json_t *j, const struct cert *c)
{
	char text[KEY_TEXT_MAX], words[CERT_WORDS_MAX];

	if (c->kind == OBJECT_CA || c->kind == OBJECT_COSIGNER)
		json_object_set_new(j, "key", hex_json(c->key, sizeof(c->key)));
	else
		json_object_set_new(j, "key", json_string(key_format(text, c->key)));
	json_object_set_new(j, "key_words", json_string(cert_key_words(words, c->key)));
}

json_t *
cert_json(const struct cert *c)
{
	json_t *j = json_object();

	json_object_set_new(j, "kind", json_string(kind_name(c)));
	json_object_set_new(j, "name", json_string(c->name));
	add_key(j, c);
	if (c->kind == OBJECT_COSIGNER)
		return j;
	json_object_set_new(j, "network", hex_json(c->network, sizeof(c->network)));
	json_object_set_new(j, "issuer", hex_json(c->issuer, sizeof(c->issuer)));
	json_object_set_new(j, "fingerprint", hex_json(c->fingerprint, sizeof(c->fingerprint)));
	if (!crypto_is_zero(c->tls_pin, sizeof(c->tls_pin)))
		json_object_set_new(j, "tls_pin", hex_json(c->tls_pin, sizeof(c->tls_pin)));
	if (c->kind == OBJECT_REQUEST)
		return j;
	json_object_set_new(j, "serial", json_integer((json_int_t)c->serial));
	json_object_set_new(j, "not_before", json_integer((json_int_t)c->not_before));
	json_object_set_new(j, "not_after", json_integer((json_int_t)c->not_after));
	json_object_set_new(j, "addresses", addresses_json(c->addresses, c->address_count));
	json_object_set_new(j, "routes", addresses_json(c->routes, c->route_count));
	json_object_set_new(j, "groups", groups_json(c));
	json_object_set_new(j, "flags", flags_json(c->flags));
	if (c->kind == OBJECT_CA)
		add_ca(j, c);
	return j;
}

int
list_next(struct list *l, char *to, size_t cap)
{
	const char *p;
	size_t len;

	if (l->at > strlen(l->text))
		return 0;
	p = l->text + l->at;
	len = strcspn(p, ",");
	if (len == 0 || len >= cap)
		return ERR_FORMAT;
	memcpy(to, p, len);
	to[len] = '\0';
	l->at += len + 1;
	return 1;
}

json_t *
endpoints_json(const struct bundle_lighthouse *l)
{
	json_t *list = json_array();
	char room[ENDPOINT_TEXT_MAX];

	for (uint32_t i = 0; i < endpoint_count_all(l); i++)
		json_array_append_new(list, json_string(endpoint_nth(l, i, room)));
	return list;
}
