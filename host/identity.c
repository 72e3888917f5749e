/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * identity.c - who a daemon is: the bundle that its state joined with.
 */
#include "host/identity.h"

#include <errno.h>

#include "host/file.h"

int
identity_load(const struct home *h, struct bundle *ret, struct verified *me, usec_t wall,
    struct err *err)
{
	static const char *const up[HOME_ROLES] = { "up FILE.mpynet", "lighthouse FILE.mpynet",
		"ca serve" };
	char path[PATH_MAX], *text;
	size_t len;
	int rc = home_file(path, h, HOME_BUNDLE, err);

	if (rc < 0)
		return rc;
	rc = file_load_secret(&text, &len, path, BUNDLE_TEXT_MAX, err);
	if (rc == -ENOENT)
		return err_set(err, rc, "this state has not joined a network yet; "
		    "give it a bundle: mpynet %s", up[h->role]);
	if (rc < 0)
		return rc;
	rc = bundle_read(ret, text, len, err);
	file_free(text, len);
	if (rc == 0)
		rc = bundle_check(ret, wall, me, err);
	if (rc == 0 && !ret->has_key)
		rc = err_set(err, -ENOENT, "%s holds no key", path);
	return rc < 0 ? err_prefix(err, rc, "%s", path) : 0;
}
