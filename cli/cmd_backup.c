/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_backup.c - the authority into one file, and back.
 */
#include "ca/backup.h"
#include "ca/office_import.h"
#include "cli/bring.h"
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/progress.h"
#include "cli/states.h"
#include "cli/unlock.h"
#include "core/text.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ca backup ***********************************************************************************/

static const struct column backup_columns[] = {
	{ "network", "name", COLUMN_TEXT },
	{ "file", "file", COLUMN_TEXT },
	{ "log ends at line", "line", COLUMN_TEXT },
	{ "its hash", "head", COLUMN_TEXT },
	{ NULL },
};

static const struct view backup_views[] = { { NULL, backup_columns, NULL }, { NULL } };

/* A backup, as work for a thread. */
struct packing {
	struct office *office;
	const char *path;
	const struct secret *secret;
	struct ca_keys *keys; /* room for them: NULL when the key has no passphrase */
	struct mark *end;
	struct err *err;
};

/* A backup under a mistyped passphrase would be lost, so it opens the authority's key first. */
static int
pack(void *arg_)
{
	struct packing *p = arg_;
	int rc = p->keys == NULL ? 0 : office_unlock(p->office, p->keys, p->secret->passphrase,
	    p->secret->passphrase_len, p->err);

	return rc < 0 ? rc : backup_make(p->office, p->path, p->secret, p->end, p->err);
}

/* The passphrase of the authority's key, if it has one; else one of the backup's own. */
static int
backup_secret(struct secret *s, struct passphrase *p, const struct office *o,
    const struct args *a, struct err *e)
{
	bool none = arg(a, "--no-passphrase") != NULL;
	char question[NAME_MAX_LEN + 32];
	int rc = office_cost(o, &s->cost, e);

	if (rc < 0)
		return rc;
	s->passphrase = "";
	if (none && (s->cost.passes > 0 || arg(a, "--passphrase-fd") != NULL))
		return err_set(e, -EINVAL, "--no-passphrase is for an authority whose key has none "
		    "either, and excludes --passphrase-fd");
	if (none)
		return 0;
	if (s->cost.passes > 0) {
		(void)snprintf(question, sizeof(question), "Passphrase of %s", o->ca.cert.name);
		rc = passphrase_ask(p, question, a, e);
	} else {
		s->cost = passphrase_cost();
		rc = passphrase_choose(p, "backup", a, e);
	}
	if (rc < 0)
		return rc;
	s->passphrase = p->text;
	s->passphrase_len = p->len;
	return 0;
}

static void
show_backup(struct context *c, const struct office *o, const char *path, const struct mark *end)
{
	json_t *body = output_body(1);

	json_object_set_new(body, "name", json_string(o->ca.cert.name));
	json_object_set_new(body, "file", json_string(path));
	json_object_set_new(body, "line", json_integer((json_int_t)end->line));
	json_object_set_new(body, "head", hex_json(end->hash, sizeof(end->hash)));
	output_show(&c->out, body, backup_views);
	json_decref(body);
	output_say(&c->out, "Next: keep it on another machine, and again after what you sign.");
}

/* With the office open. */
static int
make_backup(struct context *c, struct office *o, const struct args *a, struct err *e)
{
	struct passphrase p = { NULL };
	struct secret s = { { 0 } };
	struct mark end;
	struct packing work = { o, arg(a, "file"), &s, NULL, &end, e };
	struct keyfile_cost cost;
	int rc = backup_secret(&s, &p, o, a, e);

	if (rc == 0)
		rc = office_cost(o, &cost, e);
	if (rc == 0 && cost.passes > 0 &&
	    (work.keys = sodium_malloc(sizeof(*work.keys))) == NULL)
		rc = err_set(e, -ENOMEM, "there is no memory for the authority's key");
	if (rc == 0)
		rc = progress_while("sealing the backup", pack, &work);
	lock_keys(work.keys);
	passphrase_free(&p);
	if (rc == 0)
		show_backup(c, o, work.path, &end);
	return rc;
}

int
cmd_ca_backup(struct context *c, const struct args *a, struct err *e)
{
	struct office o;
	int rc = open_office(&o, c, e);

	if (rc < 0)
		return rc;
	rc = make_backup(c, &o, a, e);
	office_close(&o);
	return rc;
}

/* ca restore **********************************************************************************/

static const struct column restore_columns[] = {
	{ "network", "name", COLUMN_TEXT },
	{ "fingerprint", "fingerprint", COLUMN_TEXT },
	{ "as it was at", "made", COLUMN_TIME },
	{ "log ended at line", "line", COLUMN_TEXT },
	{ "ledger before", "kept", COLUMN_TEXT },
	{ NULL },
};

static const struct view restore_views[] = { { NULL, restore_columns, NULL }, { NULL } };

static void
show_restored(struct context *c, const struct restored *r, bool informed)
{
	json_t *body = output_body(1);
	char text[32];

	json_object_set_new(body, "name", json_string(r->ca.name));
	json_object_set_new(body, "fingerprint",
	    hex_json(r->ca.fingerprint, sizeof(r->ca.fingerprint)));
	json_object_set_new(body, "made", json_integer((json_int_t)r->made));
	json_object_set_new(body, "line", json_integer((json_int_t)r->end.line));
	json_object_set_new(body, "same", json_boolean(r->same));
	if (r->kept[0] != '\0')
		json_object_set_new(body, "kept", json_string(r->kept));
	output_show(&c->out, body, restore_views);
	json_decref(body);
	if (r->same)
		output_say(&c->out, "Nothing to do: the ledger holds all that the backup does.");
	else
		output_say(&c->out, "Next: what was signed or revoked after %s is not in the ledger; "
		    "compare `mpynet peers` of a host with `mpynet ca list`%s.",
		    text_format_time(text, r->made), informed ? "" :
		    ", and before you sign: `mpynet state` on a host, and here `mpynet ca restore "
		    "--network-state FILE`");
}

/* Opening a backup and putting it in place, as work for a thread. */
struct unpacking {
	struct backup *backup;
	const struct passphrase *passphrase;
	const char *dir;
	bool go_back;
	struct restored *ret;
	struct err *err;
};

static int
unpack(void *arg_)
{
	struct unpacking *u = arg_;
	int rc = backup_open(u->backup, u->passphrase->text, u->passphrase->len, u->err);

	return rc < 0 ? rc : backup_restore(u->ret, u->backup, u->dir, u->go_back, u->err);
}

static int
restore_file(struct context *c, const struct args *a, struct restored *ret, struct err *e)
{
	struct passphrase p = { NULL };
	struct keyfile_cost cost;
	struct backup b;
	struct unpacking work = { &b, &p, c->state, arg(a, "--go-back") != NULL, ret, e };
	int rc = backup_load(&b, &cost, arg(a, "file"), e);

	if (rc < 0)
		return rc;
	if (sodium_init() < 0)
		rc = err_set(e, ERR_CRYPTO, "libsodium does not start");
	if (rc == 0 && cost.passes > 0)
		rc = passphrase_ask(&p, "Passphrase of the backup", a, e);
	if (rc == 0)
		rc = progress_while("opening the backup", unpack, &work);
	passphrase_free(&p);
	backup_free(&b);
	return rc;
}

/* What the network was told after the backup, from a file that a host or the authority wrote. */
static int
import_state(struct context *c, const char *path, struct err *e)
{
	struct brought_file f;
	struct imported done;
	struct office o;
	int rc = bring_read(&f, path, e);

	if (rc == 0)
		return err_set(e, ERR_FORMAT, "%s is no network state; `mpynet state` on a host prints "
		    "one", path);
	if (rc < 0)
		return rc;
	rc = open_office(&o, c, e);
	if (rc == 0) {
		rc = office_import_state(&o, f.blob, f.len, &done, e);
		if (rc == 0)
			rc = state_show(c, &o, &done.state, e);
		if (rc == 0)
			output_say(&c->out, "%zu certificates of the ledger end by it, and what it "
			    "revokes that the ledger does not know stays revoked.", done.ended);
		office_close(&o);
	}
	free(f.blob);
	return rc;
}

int
cmd_ca_restore(struct context *c, const struct args *a, struct err *e)
{
	const char *file = arg(a, "file"), *state = arg(a, "--network-state");
	bool go_back = arg(a, "--go-back") != NULL;
	struct restored r;
	int rc = 0;

	if (file == NULL && !go_back && state == NULL)
		return err_set(e, -EINVAL, "name the backup to restore; without one, --go-back "
		    "accepts the ledger that is there, and --network-state what the network was told");
	if (file != NULL)
		rc = restore_file(c, a, &r, e);
	else if (go_back)
		rc = backup_accept(&r, c->state, e);
	if (rc == 0 && (file != NULL || go_back))
		show_restored(c, &r, state != NULL);
	return rc == 0 && state != NULL ? import_state(c, state, e) : rc;
}
