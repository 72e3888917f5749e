/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_lighthouse.c - starts a lighthouse.
 */
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/issue.h"
#include "cli/join.h"
#include "cli/launch.h"
#include "lighthouse/store.h"

#include <errno.h>
#include <string.h>

/* Keeps `value` unless somebody has set `key` already. */
static int
suggest(struct db *db, const char *key, const char *value, struct err *e)
{
	const struct setting *setting = setting_find(lighthouse_settings, key, e);
	char now[SETTING_VALUE_MAX];
	int r = setting_get(db, setting, now, e);

	if (r != 0)
		return r < 0 ? r : 0;
	return setting_set(db, lighthouse_settings, key, value, e);
}

/* The endpoints of `l` with commas between them. */
static void
join_endpoints(char to[static SETTING_VALUE_MAX], const struct bundle_lighthouse *l)
{
	size_t used = 0;

	to[0] = '\0';
	for (uint32_t i = 0; i < l->endpoint_count && used < SETTING_VALUE_MAX; i++)
		used += (size_t)snprintf(to + used, SETTING_VALUE_MAX - used, "%s%s",
		    i > 0 ? "," : "", l->endpoints[i]);
}

/*
 * Members will call where the lighthouse's own bundle says: so that is where it listens, and what
 * it shows as its public endpoints, unless it is told otherwise.
 */
static int
suggest_endpoints(struct db *db, const struct bundle_lighthouse *own, struct err *e)
{
	char public[SETTING_VALUE_MAX], tcp[8];
	int r;

	if (own->endpoint_count == 0)
		return 0;
	join_endpoints(public, own);
	r = suggest(db, "public", public, e);
	if (r == 0 && own->tcp != 0) {
		snprintf(tcp, sizeof(tcp), "%u", own->tcp);
		r = suggest(db, "tcp", tcp, e);
	}
	return r < 0 ? r : suggest(db, "listen", strrchr(own->endpoints[0], ':') + 1, e);
}

/* What the bundle that this state joined with says of this lighthouse itself. */
static int
suggest_from_bundle(const struct context *c, struct db *db, struct err *e)
{
	char path[PATH_MAX];
	enum home_role role;
	struct verified me;
	struct bundle b;
	int r = home_path(path, c->state, HOME_LIGHTHOUSE, HOME_BUNDLE, e);

	if (r == 0)
		r = join_read(&b, &me, &role, path, e);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < b.lighthouse_count && r == 0; i++) {
		const struct bundle_cert *cert = &b.lighthouses[i].cert;

		if (cert->len == b.host.len && memcmp(cert->bytes, b.host.bytes, cert->len) == 0)
			r = suggest_endpoints(db, &b.lighthouses[i], e);
	}
	bundle_wipe(&b);
	return r;
}

/* --public, spelt as `sign` spells it: "192.0.2.1" has the usual port. */
static int
keep_public(struct db *db, const struct args *a, struct err *e)
{
	struct bundle_lighthouse given = { .endpoint_count = 0 };
	struct list l = { .text = arg(a, "--public") };
	char text[ENDPOINT_TEXT_MAX], public[SETTING_VALUE_MAX];
	int r = 0;

	if (l.text == NULL)
		return 0;
	while (r == 0 && (r = list_next(&l, text, sizeof(text))) == 1)
		r = endpoint_add(&given, text, e);
	if (r == ERR_FORMAT)
		return err_set(e, -EINVAL, "--public takes HOST:PORT");
	if (r < 0)
		return r;
	join_endpoints(public, &given);
	return setting_set(db, lighthouse_settings, "public", public, e);
}

static int
keep_options(const struct context *c, const struct args *a, struct err *e)
{
	static const struct preset presets[] = {
		{ "--listen", "listen" },
		{ "--tcp", "tcp" },
		{ "--stun", "stun" },
		{ NULL },
	};
	struct store store;
	char dir[PATH_MAX];
	int r = home_path(dir, c->state, HOME_LIGHTHOUSE, "", e);

	if (r == 0)
		r = lighthouse_store_open(&store, dir, e);
	if (r < 0)
		return r;
	r = launch_presets(&store.settings, lighthouse_settings, presets, a, e);
	if (r == 0)
		r = keep_public(&store.settings, a, e);
	if (r == 0)
		r = suggest_from_bundle(c, &store.settings, e);
	store_close(&store);
	return r;
}

/*
 * Without a bundle, on the machine that holds the authority, --public is enough: a lighthouse
 * certificate is signed for this machine itself.
 */
static int
join_as_lighthouse(struct context *c, const struct args *a, struct err *e)
{
	const char *bundle = arg(a, "bundle"), *endpoint = arg(a, "--public");
	struct err none;
	int r;

	if (bundle != NULL || endpoint == NULL || join_have(c->state, HOME_LIGHTHOUSE, &none) == 0)
		return launch_join(c, HOME_LIGHTHOUSE, bundle, e);
	r = issue_own_lighthouse(c, a, endpoint, e);
	return r == -ENOENT ? join_have(c->state, HOME_LIGHTHOUSE, e) : r;
}

int
cmd_lighthouse(struct context *c, const struct args *a, struct err *e)
{
	int r = join_as_lighthouse(c, a, e);

	if (r == 0)
		r = keep_options(c, a, e);
	return r < 0 ? r : launch(c, HOME_LIGHTHOUSE, arg(a, "--foreground") != NULL, e);
}
