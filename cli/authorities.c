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

/* Below a root: whose network it is, and what this office may sign there. */
static void
add_permits(json_t *body, const struct cert *c)
{
	static const char *const members[] = { "groups", "routes", "flags", "max_lifetime_s",
		"name_suffix", "serial" };
	json_t *j = cert_json(c);

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		json_t *value = json_object_get(j, members[i]);

		if (value != NULL)
			json_object_set(body, members[i], value);
	}
	json_decref(j);
}

int
authority_describe(json_t *body, struct office *o, struct err *e)
{
	static const char *const roles[] = {
		[LEDGER_ROOT] = "root",
		[LEDGER_APPLICATION] = "applied, and not admitted yet",
		[LEDGER_ISSUING] = "issuing authority",
	};
	char words[CERT_WORDS_MAX];
	struct cert root;
	int rc;

	json_object_set_new(body, "role", json_string(roles[o->ca.role]));
	if (o->ca.role == LEDGER_ROOT)
		return 0;
	json_object_set_new(body, "key_words", json_string(cert_key_words(words, o->ca.cert.key)));
	if (o->ca.role == LEDGER_APPLICATION)
		return 0;
	rc = office_root(o, &root, NULL, e);
	if (rc == 0) {
		json_object_set_new(body, "root", json_string(root.name));
		add_permits(body, &o->ca.cert);
	}
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
