/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * authorities.c - roots and issuing CAs, as several commands meet them.
 */
#include "cli/authorities.h"

#include "ca/ledger_chain.h"
#include "ca/office_join.h"
#include "cli/certs.h"
#include "cli/order.h"
#include "host/file.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

const struct column authority_table[] = {
	{ "AUTHORITY", "name", COLUMN_TEXT },
	{ "RANGES", "addresses", COLUMN_TEXT },
	{ "NAMES", "name_suffix", COLUMN_TEXT },
	{ "SERIAL", "serial", COLUMN_TEXT },
	{ "STATUS", "status", COLUMN_STATE },
	{ "EXPIRES", "not_after", COLUMN_TIME },
	{ "FLAGS", "flags", COLUMN_TEXT },
	{ "GROUPS", "groups", COLUMN_TEXT },
	{ NULL },
};

int
authority_load(struct issued *ret, const char *path, struct err *e)
{
	struct bundle_cert cas[BUNDLE_CAS_MAX];
	size_t len;
	char *text;
	int rc = file_load(&text, &len, path, FILE_SIZE_MAX, e);

	if (rc < 0)
		return rc;
	rc = bundle_read_cas(cas, text, len, e);
	file_free(text, len);
	if (rc < 0)
		return err_prefix(e, rc, "%s", path);
	ret->len = cas[rc - 1].len;
	memcpy(ret->bytes, cas[rc - 1].bytes, ret->len);
	rc = cert_decode(&ret->cert, ret->bytes, ret->len, NULL);
	return rc < 0 ? err_set(e, rc, "%s holds no CA certificate", path) : 0;
}

/*
 * Applications
 */

int
application_read(struct founding *f, const struct args *a, struct err *e)
{
	static const char *const of_roots[] = { "--network", "--lighthouse", "--lifetime",
		"--cosigners", "--cosigner", "--psk" };
	const char *ca = arg(a, "--ca");
	struct issued root;
	int rc;

	if ((arg(a, "--issuing") != NULL) != (ca != NULL))
		return err_set(e, -EINVAL, "--issuing and --ca belong together: the authority is to "
		    "issue in the network whose root's certificate the file is");
	if (ca == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(of_roots); i++) {
		if (arg(a, of_roots[i]) != NULL)
			return err_set(e, -EINVAL, "%s is for the root to say, when it admits this "
			    "authority", of_roots[i]);
	}
	if (arg(a, "name") == NULL)
		return err_set(e, -EINVAL, "an issuing authority needs a name, as in mpynet ca init "
		    "bank --issuing --ca %s", ca);
	rc = authority_load(&root, ca, e);
	if (rc < 0)
		return rc;
	f->root.len = (uint16_t)root.len;
	memcpy(f->root.bytes, root.bytes, root.len);
	return 1;
}

void
application_say_next(struct context *c, const struct cert *ca)
{
	output_say(&c->out, "Next: mpynet ca export --ca > %s.ca, and where the root is: mpynet ca "
	    "admit %s.ca --network CIDR. It shows the words of the key. Then here: mpynet ca join, "
	    "with the charter that it writes", ca->name, ca->name);
}

/*
 * What people see
 */

static json_t *
protection_json(struct keyfile_cost cost)
{
	if (cost.passes == 0)
		return json_string("without a passphrase: whoever reads the ledger is the "
		    "authority");
	return json_sprintf("under a passphrase, by Argon2id with %u passes over %u MiB",
	    (unsigned)cost.passes, (unsigned)(cost.memory_kib / 1024));
}

/* What holds of every authority. */
static json_t *
authority_body(const struct office *o)
{
	const struct cert *c = &o->ca.cert;
	struct keyfile_cost cost = { 0 };
	json_t *body = output_body(1);
	struct err e;

	json_object_set_new(body, "name", json_string(c->name));
	json_object_set_new(body, "network", hex_json(c->network, sizeof(c->network)));
	json_object_set_new(body, "ranges", addresses_json(c->addresses, c->address_count));
	json_object_set_new(body, "fingerprint", hex_json(c->fingerprint, sizeof(c->fingerprint)));
	json_object_set_new(body, "not_before", json_integer((json_int_t)c->not_before));
	json_object_set_new(body, "not_after", json_integer((json_int_t)c->not_after));
	if (office_cost(o, &cost, &e) == 0) {
		json_object_set_new(body, "protection", protection_json(cost));
		json_object_set_new(body, "argon2_passes", json_integer(cost.passes));
		json_object_set_new(body, "argon2_memory_bytes",
		    json_integer((json_int_t)cost.memory_kib * 1024));
	}
	json_object_set_new(body, "psk", json_boolean(o->ca.has_psk));
	json_object_set_new(body, "ledger", json_string(o->ledger.path));
	return body;
}

/* Below a root: whose network it is, and what this office may sign there. */
static int
add_standing(json_t *body, struct office *o, struct err *e)
{
	static const char *const members[] = { "groups", "routes", "flags", "max_lifetime_s",
		"name_suffix", "serial" };
	struct cert root;
	json_t *j;
	int rc = office_root(o, &root, NULL, e);

	if (rc < 0)
		return rc;
	json_object_set_new(body, "root", json_string(root.name));
	j = cert_json(&o->ca.cert);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		json_object_set(body, members[i], json_object_get(j, members[i]));
	json_decref(j);
	return 0;
}

int
authority_describe(json_t **ret, struct office *o, struct err *e)
{
	static const char *const roles[] = {
		[LEDGER_ROOT] = "root",
		[LEDGER_APPLICATION] = "applied, and not admitted yet",
		[LEDGER_ISSUING] = "issuing authority",
	};
	json_t *body = authority_body(o);
	char words[CERT_WORDS_MAX];
	int rc = 0;

	json_object_set_new(body, "role", json_string(roles[o->ca.role]));
	if (o->ca.role != LEDGER_ROOT)
		json_object_set_new(body, "key_words",
		    json_string(cert_key_words(words, o->ca.cert.key)));
	if (o->ca.role == LEDGER_ISSUING)
		rc = add_standing(body, o, e);
	if (rc < 0)
		json_decref(body);
	else
		*ret = body;
	return rc;
}

static const char *
status_now(const struct ledger_cert *c)
{
	bool over = c->status == LEDGER_LIVE && c->cert.not_after < office_now();

	return ledger_status_name(over ? LEDGER_EXPIRED : c->status);
}

int
authorities_list(json_t *body, struct office *o, struct err *e)
{
	json_t *list = json_array();
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk_issuing(&o->ledger, &w, e);

	json_object_set_new(body, "authorities", list);
	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		json_t *row = cert_json(&c.cert);

		json_object_set_new(row, "status", json_string(status_now(&c)));
		json_array_append_new(list, row);
	}
	ledger_end(&w);
	return rc;
}

int
authorities_expiring(json_t *list, struct office *o, struct err *e)
{
	uint64_t now = office_now();
	struct ledger_walk w;
	struct ledger_cert c;
	int count = 0, rc = ledger_walk_admitted(&o->ledger, &w, now, e);

	if (rc < 0)
		return rc;
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		if (c.status != LEDGER_LIVE || c.cert.not_after - now > CLOSE_TO_END(&c.cert))
			continue;
		json_array_append_new(list, cert_json(&c.cert));
		count++;
	}
	ledger_end(&w);
	return rc < 0 ? rc : count;
}

void
authority_say_renew(struct context *c, const struct office *o)
{
	if (o->ca.role == LEDGER_ROOT)
		output_say(&c->out, "Next: mpynet ca rotate. The authority ends before a host's "
		    "certificate would, so hosts get less time than they should.");
	else if (o->ca.role == LEDGER_ISSUING)
		output_say(&c->out, "Next: give the root what `mpynet ca export --ca` prints, for "
		    "mpynet ca admit FILE --replace, and here: mpynet ca join, with its new charter. "
		    "Hosts get less time than they should until then.");
	else
		output_say(&c->out, "After that the root admits it no more; it would have to apply "
		    "anew, with another --state.");
}

int
charter_lighthouses(json_t *list, struct office *o, struct err *e)
{
	struct bundle *charter;
	int rc = office_standing(o, &charter, e);

	for (uint32_t i = 0; rc == 0 && charter != NULL && i < charter->lighthouse_count; i++) {
		const struct bundle_lighthouse *l = &charter->lighthouses[i];
		struct cert c;
		json_t *row;

		if (cert_decode(&c, l->cert.bytes, l->cert.len, NULL) < 0)
			continue;
		row = cert_json(&c);
		json_object_set_new(row, "endpoints", endpoints_json(l));
		json_array_append_new(list, row);
	}
	sodium_free(charter);
	return rc;
}
