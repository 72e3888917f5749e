/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_sign.c - certificates for hosts.
 */
#include "cli/certs.h"
#include "cli/cmd.h"
#include "cli/draftsend.h"
#include "cli/issue.h"
#include "cli/order.h"
#include "cli/unlock.h"
#include "core/pem.h"
#include "core/request.h"
#include "host/file.h"

#include <errno.h>
#include <string.h>

/* One `sign`: what holds for all of its names. */
struct signing {
	struct context *context;
	const struct args *args;
	struct office office;
	struct ca_keys *keys;
	struct commission work; /* the name and the file change from one to the next */
	struct cert request;	/* kind 0: there is none */
	struct outcome last;
	uint32_t lighthouses;	/* that the bundles name */
	json_t *body;
};

/* Options *************************************************************************************/

/* What the host is to be. A lighthouse relays too, unless told otherwise. */
static int
read_roles(struct commission *w, const struct args *a, struct err *e)
{
	bool lighthouse = arg(a, "--lighthouse") != NULL, stock = arg(a, "--stock") != NULL;
	int rc = 0;

	if (lighthouse)
		w->order.flags |= CERT_LIGHTHOUSE;
	if (arg(a, "--relay") != NULL || (lighthouse && arg(a, "--no-relay") == NULL))
		w->order.flags |= CERT_RELAY;
	if (stock)
		w->order.flags |= CERT_STOCK;
	if (stock && w->order.flags != CERT_STOCK)
		return err_set(e, -EINVAL, "a stock WireGuard peer can be neither lighthouse nor "
		    "relay");
	if (lighthouse && arg(a, "--public") == NULL && arg(a, "--replace") == NULL)
		return err_set(e, -EINVAL, "a lighthouse must be found by everybody; say with "
		    "--public HOST:PORT where it is");
	if (!lighthouse && arg(a, "--public") != NULL)
		return err_set(e, -EINVAL, "--public is for a lighthouse; say --lighthouse too");
	if (arg(a, "--tcp") != NULL && arg(a, "--public") == NULL)
		return err_set(e, -EINVAL, "--tcp is the port at what --public says; say that too");
	for (size_t i = 0; rc == 0 && i < arg_count(a, "--public"); i++)
		rc = endpoint_add(&w->lighthouse, arg_nth(a, "--public", i), e);
	return rc < 0 ? rc : endpoint_add_tcp(&w->lighthouse, arg(a, "--tcp"), e);
}

/* Where the host's key comes from: made here, made there and proved, or of a stock WireGuard. */
static int
read_key(struct commission *w, const struct args *a, struct err *e)
{
	const char *key = arg(a, "--public-key");
	bool stock = arg(a, "--stock") != NULL, request = arg(a, "--request") != NULL;

	w->bare = stock;
	w->make_key = !stock && !request;
	if (stock && request)
		return err_set(e, -EINVAL, "--stock and --request exclude each other: a stock "
		    "WireGuard cannot make a request");
	if (stock != (key != NULL))
		return err_set(e, -EINVAL, "--stock and --public-key belong together: the key that "
		    "`wg pubkey` prints on that machine");
	if (key != NULL && key_parse(w->order.key, key) < 0)
		return err_set(e, -EINVAL, "--public-key takes 44 characters, as `wg pubkey` "
		    "prints them");
	return 0;
}

static int
check_counts(const struct args *a, struct err *e)
{
	static const char *const one_host[] = { "--ip", "--request", "--out", "--public-key",
		"--public" };

	if (arg_count(a, "name") == 1)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(one_host); i++) {
		if (arg(a, one_host[i]) != NULL)
			return err_set(e, -EINVAL, "%s is of one host; sign the others with "
			    "commands of their own", one_host[i]);
	}
	return 0;
}

static int
read_options(struct commission *w, const struct args *a, struct err *e)
{
	int rc = check_counts(a, e);

	w->order.replace = arg(a, "--replace") != NULL;
	if (rc == 0)
		rc = read_roles(w, a, e);
	if (rc == 0)
		rc = read_key(w, a, e);
	return rc < 0 ? rc : order_read(&w->order, a, e);
}

/* The request *********************************************************************************/

/* Reads it, and checks what can be checked without the keys. */
static int
load_request(struct bundle_cert *ret, const char *path, struct err *e)
{
	size_t len;
	char *text;
	int rc = file_load(&text, &len, path, FILE_SIZE_MAX, e);

	if (rc < 0)
		return rc;
	rc = pem_read_object(ret->bytes, sizeof(ret->bytes), text, len, e);
	file_free(text, len);
	if (rc < 0)
		return err_prefix(e, rc, "%s", path);
	if (strcmp(pem_label(ret->bytes, (size_t)rc), PEM_REQUEST) != 0)
		return err_set(e, ERR_FORMAT, "%s holds no request; make one with `mpynet request "
		    "NAME --ca FILE` on the host", path);
	ret->len = (uint16_t)rc;
	return 0;
}

static int
request_refused(int rc, enum breach why, const char *path, const struct cert *ca, struct err *e)
{
	if (rc == ERR_AUTH)
		return err_set(e, rc, "%s does not prove that its sender has the key in it; ask "
		    "for a new request", path);
	if (rc == ERR_DENIED)
		return err_set(e, rc, "%s asks another authority, not %s; on the host: mpynet "
		    "request NAME --ca FILE, with what `mpynet ca export --ca` prints here", path,
		    ca->name);
	return err_set(e, rc, "%s: the request %s", path, breach_phrase(why));
}

static int
use_request(struct signing *s, const struct bundle_cert *object, struct err *e)
{
	const char *path = arg(s->args, "--request"), *name = arg(s->args, "name");
	enum breach why = BREACH_NONE;
	int rc = request_verify(&s->request, object->bytes, object->len, &s->office.ca.cert,
	    s->keys->enrol, &why);

	if (rc < 0)
		return request_refused(rc, why, path, &s->office.ca.cert, e);
	if (strcmp(s->request.name, name) != 0)
		return err_set(e, ERR_CONFLICT, "%s asks for the name %s, not %s", path,
		    s->request.name, name);
	memcpy(s->work.order.key, s->request.key, sizeof(s->request.key));
	memcpy(s->work.order.tls_pin, s->request.tls_pin, sizeof(s->request.tls_pin));
	return order_confirm(s->request.name, s->request.key, s->args, e);
}

/* A stock peer ********************************************************************************/

static void
print_addresses(FILE *to, const struct cert *c)
{
	char text[PREFIX_TEXT_MAX];

	for (uint32_t i = 0; i < c->address_count; i++)
		fprintf(to, "%s%s", i > 0 ? ", " : "", prefix_format(text, c->addresses[i]));
}

static void
print_peer(FILE *to, const struct office *o, const struct cert *c)
{
	char key[KEY_TEXT_MAX];

	fprintf(to, "\n[Peer]\n# %s; its mpynet listens on UDP port %d unless that is taken\n"
	    "PublicKey = %s\n", c->name, DEFAULT_PORT, key_format(key, c->key));
	if (o->ca.has_psk)
		fprintf(to, "PresharedKey = %s\n", key_format(key, o->ca.psk));
	fprintf(to, "AllowedIPs = ");
	print_addresses(to, c);
	fprintf(to, "\n# Endpoint = HOST:%d\nPersistentKeepalive = 25\n", DEFAULT_PORT);
}

/*
 * What wg-quick wants: its own part, and every member that a stock WireGuard could talk to. It has
 * no way to find anybody, so their endpoints are for whoever sets it up to fill in.
 */
static int
print_wg_quick(FILE *to, struct signing *s, struct err *e)
{
	const struct cert *self = &s->last.cert;
	uint64_t now = office_now();
	char key[KEY_TEXT_MAX];
	struct ledger_walk w;
	struct ledger_cert c;
	int rc = ledger_walk(&s->office.ledger, &w, e);

	if (rc < 0)
		return rc;
	fprintf(to, "# %s in network %s, for wg-quick\n[Interface]\n"
	    "# the private key that belongs to %s\nPrivateKey = PRIVATE_KEY\nAddress = ",
	    self->name, s->office.ca.cert.name, key_format(key, self->key));
	print_addresses(to, self);
	fprintf(to, "\nMTU = 1420\n");
	while ((rc = ledger_next(&w, &c, e)) == 1) {
		if (c.status == LEDGER_LIVE && c.cert.not_after >= now &&
		    !(c.cert.flags & (CERT_STOCK | CERT_LIGHTHOUSE)))
			print_peer(to, &s->office, &c.cert);
	}
	ledger_end(&w);
	fprintf(to, "\n# Next: fill in the private key and, for members that can be reached, "
	    "Endpoint.\n# A member answers only who it knows; on each: mpynet join %s\n",
	    s->last.path);
	return rc;
}

static int
show_stock(struct signing *s, struct err *e)
{
	char *text = NULL;
	size_t len;
	FILE *f;
	int rc;

	if (s->context->out.format == OUTPUT_PEOPLE)
		return print_wg_quick(s->context->out.to, s, e);
	f = open_memstream(&text, &len);
	if (f == NULL)
		return err_set(e, -ENOMEM, "there is no memory for the file");
	rc = print_wg_quick(f, s, e);
	fclose(f);
	json_object_set_new(s->body, "wg_quick", json_string(text));
	file_free(text, len);
	if (rc == 0)
		show_outcomes(s->context, s->body);
	return rc;
}

/* Signing *************************************************************************************/

/* The order and the file for the i-th name. */
static int
set_name(struct commission *w, char path[static PATH_MAX], const struct args *a, size_t i,
    struct err *e)
{
	const char *name = arg_nth(a, "name", i), *out = arg(a, "--out");
	int n = order_name(&w->order, name, e);

	if (n < 0)
		return n;
	n = out != NULL ? snprintf(path, PATH_MAX, "%s", out) :
			  snprintf(path, PATH_MAX, "%s.%s", name, w->bare ? "crt" : "mpynet");
	w->path = path;
	return n < PATH_MAX ? 0 : err_set(e, -ENAMETOOLONG, "%s: the name is too long", out);
}

static bool
given_before(const struct args *a, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(arg_nth(a, "name", k), arg_nth(a, "name", i)) == 0)
			return true;
	}
	return false;
}

/* Everything that can go wrong is better known before a passphrase is typed. */
static int
check_all(struct signing *s, struct err *e)
{
	char path[PATH_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < arg_count(s->args, "name"); i++) {
		if (given_before(s->args, i))
			return err_set(e, -EINVAL, "%s is named twice",
			    arg_nth(s->args, "name", i));
		rc = set_name(&s->work, path, s->args, i, e);
		if (rc == 0)
			rc = office_check(&s->office, &s->work, e);
	}
	return rc;
}

static int
sign_all(struct signing *s, struct err *e)
{
	json_t *list = json_array();
	char path[PATH_MAX];
	int rc = 0;

	json_object_set_new(s->body, "signed", list);
	for (size_t i = 0; i < arg_count(s->args, "name"); i++) {
		rc = set_name(&s->work, path, s->args, i, e);
		if (rc == 0)
			rc = office_sign(&s->office, s->keys, &s->work, &s->last, e);
		if (rc < 0)
			break;
		s->lighthouses = s->last.lighthouses;
		json_array_append_new(list, outcome_json(&s->last));
	}
	return rc;
}

/* Right for members on one network, and a mistake for all others. */
static void
say_if_private(struct output *out, const char *endpoint)
{
	struct addr at;

	if (addr_parse(&at, endpoint, DEFAULT_PORT) == 0 && addr_class(&at) != ADDR_CLASS_PUBLIC)
		output_say(out, "%s is not a public address: only who is on the same network "
		    "finds the lighthouse there", endpoint);
}

static int
say_next(struct signing *s, struct err *e)
{
	struct output *out = &s->context->out;
	const char *name = arg(s->args, "name");
	bool one = arg_count(s->args, "name") == 1;
	const char *file = one ? s->last.path : "NAME.mpynet";

	if (s->last.cert.flags & CERT_LIGHTHOUSE) {
		for (size_t i = 0; i < arg_count(s->args, "--public"); i++)
			say_if_private(out, arg_nth(s->args, "--public", i));
		output_say(out, "Next: copy %s to that machine, and there: mpynet lighthouse %s",
		    s->last.path, strrchr(s->last.path, '/') + 1);
		return say_who_must_learn(s->context, &s->office, &s->last.cert, e);
	}
	if (s->lighthouses == 0)
		output_say(out, "There is no lighthouse yet, so %s cannot find anybody; first: "
		    "mpynet sign lh --lighthouse --public HOST:%d", one ? name : "they",
		    DEFAULT_PORT);
	if (s->request.kind == OBJECT_REQUEST)
		output_say(out, "Next: copy %s to %s, and there: sudo mpynet up %s", file, name,
		    strrchr(s->last.path, '/') + 1);
	else
		output_say(out, "Next: copy %s, which holds %s key, to %s, and there: sudo mpynet "
		    "up %s", file, one ? "its" : "a", one ? name : "each host",
		    one ? strrchr(s->last.path, '/') + 1 : file);
	return 0;
}

/* Nobody signs alone here: a draft goes to the co-signers. The host's key is not ours to see. */
static int
sign_together(struct signing *s, struct err *e)
{
	char path[PATH_MAX];
	int rc = s->work.make_key || arg_count(s->args, "name") > 1
	    ? err_set(e, -EINVAL, "%s is signed for by co-signers: one host at a time, and only "
		  "with --request", s->office.ca.cert.name)
	    : set_name(&s->work, path, s->args, 0, e);

	return rc < 0 ? rc : send_host(s->context, &s->office, s->keys, &s->work.order,
	    arg(s->args, "--out"), e);
}

static int
sign_unlocked(struct signing *s, const struct bundle_cert *request, struct err *e)
{
	int rc = request->len > 0 ? use_request(s, request, e) : 0;

	if (rc < 0)
		return rc;
	if (s->office.ca.cert.cosigners.count > 0)
		return sign_together(s, e);
	s->body = output_body(1);
	rc = sign_all(s, e);
	if (rc == 0 && s->work.bare) {
		rc = show_stock(s, e);
	} else if (json_array_size(json_object_get(s->body, "signed")) > 0) {
		/* Also when a later name failed: these are signed. */
		show_outcomes(s->context, s->body);
		if (rc == 0)
			rc = say_next(s, e);
	}
	json_decref(s->body);
	return rc;
}

int
cmd_sign(struct context *c, const struct args *a, struct err *e)
{
	struct signing s = { .context = c, .args = a };
	struct bundle_cert request = { 0 };
	int rc = read_options(&s.work, a, e);

	if (rc == 0 && arg(a, "--request") != NULL)
		rc = load_request(&request, arg(a, "--request"), e);
	if (rc < 0)
		return rc;
	rc = open_office(&s.office, c, e);
	if (rc < 0)
		return rc;
	rc = check_all(&s, e);
	if (rc == 0)
		rc = unlock_keys(&s.keys, &s.office, a, e);
	if (rc == 0) {
		rc = sign_unlocked(&s, &request, e);
		lock_keys(s.keys);
	}
	office_close(&s.office);
	return rc;
}
