/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_admit.c - organisations that certify their own hosts: admitted by the root, and joining it.
 */
#include "ca/office_admit.h"
#include "ca/office_join.h"
#include "cli/authorities.h"
#include "cli/certs.h"
#include "cli/charter.h"
#include "cli/cmd.h"
#include "cli/draftsend.h"
#include "cli/order.h"
#include "cli/unlock.h"
#include "core/crypto.h"
#include "host/file.h"
#include "host/loop.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ca admit ************************************************************************************/

static int
read_ranges(struct admission *to, const struct args *a, struct err *e)
{
	char shown[64];

	to->range_count = arg_count(a, "--network");
	if (to->range_count > CERT_ADDRESSES_MAX)
		return err_set(e, -EINVAL, "an authority has at most %d ranges",
		    CERT_ADDRESSES_MAX);
	for (size_t i = 0; i < to->range_count; i++) {
		const char *text = arg_nth(a, "--network", i);

		if (prefix_parse(&to->ranges[i], text) < 0)
			return err_set(e, -EINVAL, "--network %s is no range; one looks like "
			    "10.87.4.0/22, with zeros behind its length",
			    output_escape(shown, sizeof(shown), text));
	}
	return 0;
}

/* As for a host; and the group that is any. */
static int
read_lists(struct admission *to, const struct args *a, struct err *e)
{
	struct order lists = { .flags = 0 };
	const char *groups = arg(a, "--groups");
	bool any = groups != NULL && strcmp(groups, "*") == 0 && arg_count(a, "--groups") == 1;
	int rc = order_read_routes(&lists, a, e);

	if (rc == 0 && !any)
		rc = order_read_groups(&lists, a, e);
	if (rc < 0)
		return rc;
	if (any)
		memcpy(lists.groups[lists.group_count++], "*", 2);
	to->route_count = lists.route_count;
	memcpy(to->routes, lists.routes, sizeof(to->routes));
	to->group_count = lists.group_count;
	memcpy(to->groups, lists.groups, sizeof(to->groups));
	return 0;
}

/* What can be given by name; the network's state is the root's to sign. */
static uint32_t
flag_of(const char *word)
{
	static const uint32_t given = CERT_LIGHTHOUSE | CERT_RELAY | CERT_GATEWAY | CERT_STOCK |
	    CERT_ENROL;

	for (uint32_t flag = 1; flag <= given; flag <<= 1) {
		if ((flag & given) != 0 && strcmp(word, cert_flag_name(flag)) == 0)
			return flag;
	}
	return 0;
}

static int
read_flags(struct admission *to, const struct args *a, struct err *e)
{
	struct list l = { .text = arg(a, "--flags") };
	char word[32];
	int rc;

	if (l.text == NULL)
		return 0;
	to->flagged = true;
	if (strcmp(l.text, "none") == 0)
		return 0;
	while ((rc = list_next(&l, word, sizeof(word))) == 1 && flag_of(word) != 0)
		to->flags |= flag_of(word);
	if (rc != 0)
		return err_set(e, -EINVAL, "--flags takes what hosts may be, of lighthouse, relay, "
		    "gateway, stock and enrol with commas between them, or none");
	return 0;
}

static int
read_duration(uint64_t *ret, const struct args *a, const char *option, struct err *e)
{
	const char *text = arg(a, option);

	if (text != NULL && (text_duration(ret, text) < 0 || *ret == 0))
		return err_set(e, -EINVAL, "%s takes a duration, as in 90d or 1y", option);
	return 0;
}

static int
read_admission(struct admission *to, const struct args *a, struct err *e)
{
	const char *suffix = arg(a, "--suffix");
	bool any = arg(a, "--any-name") != NULL;
	int rc;

	if (suffix != NULL && any)
		return err_set(e, -EINVAL, "--suffix and --any-name exclude each other");
	to->suffix = any ? "" : suffix;
	to->replace = arg(a, "--replace") != NULL;
	to->shared = arg(a, "--shared") != NULL;
	rc = read_duration(&to->lifetime, a, "--lifetime", e);
	if (rc == 0)
		rc = read_duration(&to->max_lifetime, a, "--max-lifetime", e);
	if (rc == 0)
		rc = read_flags(to, a, e);
	if (rc == 0)
		rc = read_ranges(to, a, e);
	return rc < 0 ? rc : read_lists(to, a, e);
}

static int
admit(struct context *c, struct office *o, const struct issued *application, const char *path,
    const struct args *a, struct err *e)
{
	struct admission what = { .lifetime = 0 };
	struct ca_keys *keys;
	struct issued done;
	int rc = read_admission(&what, a, e);

	if (rc == 0)
		rc = office_may_admit(o, application, &what, e);
	if (rc == 0 && application_is(&application->cert))
		rc = order_confirm(application->cert.name, application->cert.key, a, e);
	if (rc == 0)
		rc = unlock_keys(&keys, o, a, e);
	if (rc < 0)
		return rc;
	if (office_is_cosigned(o)) {
		rc = send_authority(c, o, keys, application, &what, arg(a, "--out"), e);
		lock_keys(keys);
		return rc;
	}
	rc = office_admit(o, keys, application, &what, &done, e);
	lock_keys(keys);
	return rc < 0 ? rc : charter_hand_out(c, o, &done.cert, path, e);
}

int
cmd_ca_admit(struct context *c, const struct args *a, struct err *e)
{
	struct issued application;
	char path[PATH_MAX];
	struct office o;
	int rc = authority_load(&application, arg(a, "file"), e);

	if (rc == 0)
		rc = charter_path(path, application.cert.name, arg(a, "--out"), e);
	if (rc == 0)
		rc = open_office(&o, c, e);
	if (rc < 0)
		return rc;
	rc = admit(c, &o, &application, path, a, e);
	office_close(&o);
	return rc;
}

/* ca join *************************************************************************************/

static int
load_charter(struct bundle *ret, struct cert *ca, const char *path, struct err *e)
{
	size_t len;
	char *text;
	int rc = file_load(&text, &len, path, BUNDLE_TEXT_MAX, e);

	if (rc < 0)
		return rc;
	rc = bundle_read_charter(ret, text, len, e);
	file_free(text, len);
	if (rc == 0)
		rc = bundle_check_charter(ret, clock_now().wall, ca, e);
	return rc < 0 ? err_prefix(e, rc, "%s", path) : 0;
}

/* A new root that the operator names. */
static int
load_root(struct bundle_cert *ret, size_t *count, const char *path, struct err *e)
{
	struct issued root;
	int rc = path != NULL ? authority_load(&root, path, e) : 0;

	*count = path != NULL;
	if (rc < 0 || path == NULL)
		return rc;
	ret->len = (uint16_t)root.len;
	memcpy(ret->bytes, root.bytes, root.len);
	return 0;
}

static int
join(struct context *c, struct office *o, const struct bundle *charter, const struct args *a,
    struct err *e)
{
	struct bundle_cert root;
	size_t count;
	int rc = load_root(&root, &count, arg(a, "--ca"), e);

	if (rc == 0)
		rc = office_join(o, charter, &root, count, e);
	if (rc < 0)
		return rc;
	charter_show(c, &o->ca.cert, NULL);
	if (rc == 1)
		output_say(&c->out, "This office had that certificate already, and knows the "
		    "roots and lighthouses of this charter from now on.");
	else
		output_say(&c->out, "Next: mpynet sign NAME%s, or mpynet ca serve and mpynet invite "
		    "NAME%s", o->ca.cert.name_suffix, o->ca.cert.name_suffix);
	return 0;
}

int
cmd_ca_join(struct context *c, const struct args *a, struct err *e)
{
	struct bundle *charter = NULL;
	struct office o;
	struct cert ca;
	int rc = open_office(&o, c, e);

	if (rc < 0)
		return rc;
	charter = sodium_malloc(sizeof(*charter));
	rc = charter == NULL ? err_set(e, -ENOMEM, "there is no memory for a charter") :
			       load_charter(charter, &ca, arg(a, "charter"), e);
	if (rc == 0)
		rc = join(c, &o, charter, a, e);
	sodium_free(charter);
	office_close(&o);
	return rc;
}
