/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_serve.c - the authority answers over the network, for as long as somebody wants it to.
 *
 * It is a member of its own network, under a certificate that it signs for itself; that is made at
 * the first start, and its bundle is made anew at each, so that it knows every lighthouse.
 */
#include "ca/admission.h"
#include "cli/clerk.h"
#include "cli/cmd.h"
#include "cli/join.h"
#include "cli/launch.h"
#include "cli/unlock.h"
#include "host/file.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

/* What it is called among the members: what issuing CAs give ends as theirs do. */
static void
own_name(char to[static NAME_MAX_LEN + 1], const struct cert *ca)
{
	if (cert_is_root(ca))
		(void)snprintf(to, NAME_MAX_LEN + 1, "ca");
	else if (ca->name_suffix[0] != '\0')
		(void)snprintf(to, NAME_MAX_LEN + 1, "ca%.60s", ca->name_suffix);
	else
		(void)snprintf(to, NAME_MAX_LEN + 1, "ca.%.60s", ca->name);
}

/* A certificate for ourselves, whose bundle goes straight to where the daemon looks. */
static int
sign_own(struct office *o, const struct ca_keys *keys, const char *path, bool replace,
    struct err *e)
{
	struct commission work = {
		.order = { .flags = CERT_ENROL, .replace = replace },
		.make_key = true,
		.path = path,
	};
	struct outcome done;
	int rc;

	own_name(work.order.name, &o->ca.cert);
	if (keys == NULL)
		return err_set(e, -EINVAL, "the authority has no certificate for itself yet, and "
		    "needs its key to sign one: start it once without --no-key");
	if (replace && unlink(path) < 0 && errno != ENOENT)
		return err_set(e, -errno, "%s: %s", path, err_phrase(-errno));
	rc = office_sign(o, keys, &work, &done, e);
	return rc < 0 ? err_prefix(e, rc, "its own certificate") : 0;
}

/* The bundle again, with the lighthouses that there are by now and the key that we have. */
static int
refresh_own(struct context *c, struct office *o, const struct ledger_cert *own, struct err *e)
{
	char *text = sodium_malloc(BUNDLE_TEXT_MAX);
	struct joined joined;
	struct verified me = { .cert = own->cert };
	struct bundle b;
	int rc;

	if (text == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a bundle");
	rc = office_bundle(o, text, &own->object, e);
	if (rc >= 0)
		rc = bundle_read(&b, text, (size_t)rc, e);
	sodium_free(text);
	if (rc < 0)
		return rc;
	rc = join_store(&joined, c->state, HOME_AUTHORITY, &b, &me, e);
	bundle_wipe(&b);
	return rc;
}

/* Is the certificate the one that the bundle has, and does it last? */
static int
prepare_own(struct context *c, struct office *o, const struct ca_keys *keys, struct err *e)
{
	struct ledger_cert own;
	char path[PATH_MAX], name[NAME_MAX_LEN + 1];
	bool live, have;
	int rc = application_admitted(&o->ca.cert, e);

	own_name(name, &o->ca.cert);
	if (rc == 0)
		rc = home_make(c->state, HOME_AUTHORITY, e);
	if (rc == 0)
		rc = home_path(path, c->state, HOME_AUTHORITY, HOME_BUNDLE, e);
	if (rc == 0)
		rc = ledger_find(&o->ledger, &own, name, e);
	if (rc < 0)
		return rc;
	live = rc == 1 && own.status == LEDGER_LIVE && own.cert.not_after > office_now();
	have = access(path, F_OK) == 0;
	if (live && !(own.cert.flags & CERT_ENROL))
		return err_set(e, ERR_CONFLICT, "the name %s belongs to a host that may not answer "
		    "for the authority; revoke that first: mpynet revoke %s", name, name);
	if (live && have && refresh_own(c, o, &own, e) == 0)
		return 0;
	/* Without the key of a live certificate there is nothing to be saved of it. */
	return sign_own(o, keys, path, live || have, e);
}

static int
serve(struct context *c, const struct args *a, struct ca_keys *keys, struct err *e)
{
	struct clerk_desk d = {
		.state = c->state,
		.approve = arg(a, "--approve") != NULL,
		.keep_old = arg(a, "--keep-old-keys") != NULL,
		.given = keys,
	};
	const struct desk desk = clerk_desk(&d);

	return launch_authority(c, &desk, arg(a, "--foreground") != NULL, e);
}

int
cmd_ca_serve(struct context *c, const struct args *a, struct err *e)
{
	struct ca_keys *keys = NULL;
	struct office o;
	int rc = open_office(&o, c, e);

	if (rc < 0)
		return rc;
	if (arg(a, "--no-key") == NULL)
		rc = unlock_keys(&keys, &o, a, e);
	if (rc == 0)
		rc = prepare_own(c, &o, keys, e);
	/* The daemon is another process, and opens the ledger for itself. */
	office_close(&o);
	if (rc == 0)
		rc = serve(c, a, keys, e);
	lock_keys(keys);
	return rc;
}
