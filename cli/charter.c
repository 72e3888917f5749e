/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * charter.c - the file with which an issuing CA begins, and what it may sign, on the screen.
 */
#include "cli/charter.h"

#include "ca/office_admit.h"
#include "cli/certs.h"
#include "host/file.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

static const struct column standing_columns[] = {
	{ "authority", "name", COLUMN_TEXT },
	{ "ranges", "addresses", COLUMN_TEXT },
	{ "names end with", "name_suffix", COLUMN_TEXT },
	{ "groups", "groups", COLUMN_TEXT },
	{ "routes", "routes", COLUMN_TEXT },
	{ "flags", "flags", COLUMN_TEXT },
	{ "hosts at most", "max_lifetime_s", COLUMN_DURATION },
	{ "serial", "serial", COLUMN_TEXT },
	{ "valid until", "not_after", COLUMN_TIME },
	{ "fingerprint", "fingerprint", COLUMN_TEXT },
	{ "charter", "file", COLUMN_TEXT },
	{ NULL },
};

static const struct view standing_views[] = { { NULL, standing_columns, NULL }, { NULL } };

void
charter_show(struct context *c, const struct cert *ca, const char *file)
{
	json_t *body = output_body(1), *j = cert_json(ca);

	json_object_update(body, j);
	json_decref(j);
	if (file != NULL)
		json_object_set_new(body, "file", json_string(file));
	output_show(&c->out, body, standing_views);
	json_decref(body);
}

/*
 * What is committed is said, even if its file cannot be written: it can be had again. Half a charter
 * might be taken for a whole one, so the file appears with all that it has.
 */
static int
write_charter(struct office *o, const char *name, const char *path, struct err *e)
{
	char *text = sodium_malloc(BUNDLE_TEXT_MAX);
	int rc;

	if (text == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a charter");
	rc = office_charter(o, text, name, e);
	if (rc >= 0)
		rc = file_replace(path, 0600, text, (size_t)rc, e);
	sodium_free(text);
	return rc < 0 ? err_prefix(e, rc, "%s is admitted, and its charter comes with `mpynet ca "
	    "export %s`", name, name) : 0;
}

int
charter_path(char to[static PATH_MAX], const char *name, const char *out, struct err *e)
{
	int n = out != NULL ? snprintf(to, PATH_MAX, "%s", out) :
			      snprintf(to, PATH_MAX, "%s.charter", name);

	if (n >= PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", out);
	if (access(to, F_OK) == 0)
		return err_set(e, -EEXIST, "%s exists already and is never overwritten; move it "
		    "away, or choose another name with --out", to);
	return 0;
}

int
charter_hand_out(struct context *c, struct office *o, const struct cert *ca, const char *path,
    struct err *e)
{
	int rc = write_charter(o, ca->name, path, e);

	if (rc < 0)
		return rc;
	charter_show(c, ca, path);
	output_say(&c->out, "Next: give %s to %s%s, and there: mpynet ca join FILE", path, ca->name,
	    o->ca.has_psk ? " by a way that nobody reads, since it holds the network's pre-shared "
	    "key" : "");
	return 0;
}
