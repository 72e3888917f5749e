/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * join.c - puts a bundle where a daemon finds it.
 */
#include "cli/join.h"

#include "cli/output.h"
#include "core/crypto.h"
#include "host/file.h"
#include "host/hostkey.h"
#include "host/loop.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int
join_read_text(struct bundle *ret, struct verified *me, const char *text, size_t len, struct err *e)
{
	int r = bundle_read(ret, text, len, e);

	if (r < 0)
		return r;
	r = bundle_check(ret, clock_now().wall, me, e);
	if (r < 0)
		bundle_wipe(ret);
	return r;
}

/* Reads and checks a bundle; without `secret` it may belong to anybody, as a copy by hand does. */
static int
read_bundle(struct bundle *ret, struct verified *me, const char *path, bool secret, struct err *e)
{
	char *text;
	size_t len;
	int r = secret ? file_load_secret(&text, &len, path, BUNDLE_TEXT_MAX, e)
	               : file_load(&text, &len, path, BUNDLE_TEXT_MAX, e);

	if (r < 0)
		return r;
	r = join_read_text(ret, me, text, len, e);
	file_free(text, len);
	return r < 0 ? err_prefix(e, r, "%s", path) : 0;
}

int
join_read(struct bundle *ret, struct verified *me, enum home_role *role, const char *file,
    struct err *e)
{
	int r = read_bundle(ret, me, file, false, e);

	if (r == 0)
		*role = (me->cert.flags & CERT_LIGHTHOUSE) != 0 ? HOME_LIGHTHOUSE : HOME_NODE;
	return r;
}

int
join_load(struct bundle *ret, const char *path, struct err *e)
{
	char *text;
	size_t len;
	int r = file_load_secret(&text, &len, path, BUNDLE_TEXT_MAX, e);

	if (r < 0)
		return r;
	r = bundle_read(ret, text, len, e);
	file_free(text, len);
	return r < 0 ? err_prefix(e, r, "%s", path) : 0;
}

int
request_key_obtain(uint8_t key[static 32], const char *state, enum home_role role, struct err *e)
{
	char path[PATH_MAX];
	int rc = home_make(state, role, e);

	if (rc == 0)
		rc = home_path(path, state, role, HOME_REQUEST, e);
	return rc < 0 ? rc : hostkey_obtain(key, path, e);
}

/* Completes a bundle without a key. */
static int
find_key(struct bundle *b, const struct verified *me, const struct bundle *old, const char *request,
    struct err *e)
{
	int r;

	if (old != NULL && old->has_key && hostkey_fits(old->key, me->cert.key)) {
		memcpy(b->key, old->key, 32);
		b->has_key = true;
		return 0;
	}
	r = hostkey_read(b->key, request, e);
	if (r < 0 && r != -ENOENT)
		return r;
	b->has_key = r == 0 && hostkey_fits(b->key, me->cert.key);
	if (b->has_key)
		return 0;
	crypto_wipe(b->key, sizeof(b->key));
	return err_set(e, -ENOENT,
	    "this bundle has no key, and the key it is for is not in this state: join where "
	    "'mpynet request' was run, with the same --state");
}

/* May `me` take the place of `old`? */
static int
check_successor(const struct verified *me, const struct verified *old, const char *state,
    struct err *e)
{
	if (memcmp(old->cert.network, me->cert.network, sizeof(me->cert.network)) != 0 ||
	    strcmp(old->cert.name, me->cert.name) != 0)
		return err_set(e, -EEXIST,
		    "%s has joined as %s already: 'mpynet leave' first, or choose another --state",
		    state, old->cert.name);
	if (old->cert.serial > me->cert.serial)
		return err_set(e, -EEXIST,
		    "%s has a newer certificate already: serial %llu, and this one is %llu", state,
		    (unsigned long long)old->cert.serial, (unsigned long long)me->cert.serial);
	return 0;
}

static int
store(const char *path, const struct bundle *b, struct err *e)
{
	char text[BUNDLE_TEXT_MAX];
	int len = bundle_write(text, sizeof(text), b), r;

	if (len < 0)
		return err_set(e, len, "the bundle cannot be written: %s", err_phrase(len));
	r = file_replace(path, 0600, text, (size_t)len, e);
	crypto_wipe(text, sizeof(text));
	return r;
}

/* The network's name is that of its root, the first CA of a bundle. */
static void
describe(struct joined *ret, const struct bundle *b, const struct verified *me)
{
	struct cert root;

	memcpy(ret->name, me->cert.name, sizeof(ret->name));
	ret->network[0] = '\0';
	if (cert_decode(&root, b->cas[0].bytes, b->cas[0].len, NULL) == 0)
		memcpy(ret->network, root.name, sizeof(ret->network));
}

/* Where what joining touches is. */
struct place {
	char bundle[PATH_MAX], request[PATH_MAX];
};

static int
find_place(struct place *p, const char *state, enum home_role role, struct err *e)
{
	int r = home_path(p->bundle, state, role, HOME_BUNDLE, e);

	return r < 0 ? r : home_path(p->request, state, role, HOME_REQUEST, e);
}

int
join_store(struct joined *ret, const char *state, enum home_role role, struct bundle *b,
    const struct verified *me, struct err *e)
{
	struct bundle old = { .has_key = false };
	struct verified was;
	struct place at;
	bool anew;
	int r = find_place(&at, state, role, e);

	if (r < 0)
		return r;
	anew = access(at.bundle, F_OK) < 0;
	/* What is there may have expired: then only its text can be read, and it is replaced. */
	if (!anew && read_bundle(&old, &was, at.bundle, true, NULL) == 0)
		r = check_successor(me, &was, state, e);
	if (r == 0 && !b->has_key)
		r = find_key(b, me, anew ? NULL : &old, at.request, e);
	bundle_wipe(&old);
	if (r == 0)
		r = home_make(state, role, e);
	if (r == 0)
		r = store(at.bundle, b, e);
	if (r < 0)
		return r;
	unlink(at.request); /* its key is in the bundle now */
	*ret = (struct joined){ .role = role, .anew = anew };
	describe(ret, b, me);
	return 0;
}

int
join_have(const char *state, enum home_role role, struct err *e)
{
	struct place at;
	int r = find_place(&at, state, role, e);

	if (r < 0 || access(at.bundle, F_OK) == 0)
		return r;
	return err_set(e, -ENOENT, "%s has not joined a network yet: mpynet %s FILE.mpynet", state,
	    role == HOME_NODE ? "up" : "lighthouse");
}
