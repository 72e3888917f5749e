/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * member.c - certificates of other members that a person brings.
 */
#include "cli/member.h"

#include "cli/join.h"
#include "core/pem.h"
#include "core/trust.h"
#include "host/file.h"
#include "host/loop.h"
#include "host/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Does the text have one block, and is that a certificate? */
static bool
is_one_certificate(const char *text)
{
	static const char begin[] = "-----BEGIN " PEM_CERTIFICATE "-----";
	const char *first = strstr(text, "-----BEGIN ");

	return first != NULL && strncmp(first, begin, strlen(begin)) == 0 &&
	    strstr(first + 1, "-----BEGIN ") == NULL;
}

int
member_read(struct cert *ret, struct bundle_cert *object, const char *file, struct err *e)
{
	enum breach why = BREACH_NONE;
	size_t len;
	char *text;
	int rc = file_load(&text, &len, file, FILE_SIZE_MAX, e);

	if (rc < 0)
		return rc;
	if (!is_one_certificate(text)) {
		file_free(text, len);
		return 0;
	}
	rc = pem_read_object(object->bytes, sizeof(object->bytes), text, len, e);
	file_free(text, len);
	if (rc < 0)
		return err_prefix(e, rc, "%s", file);
	object->len = (uint16_t)rc;
	rc = cert_decode(ret, object->bytes, object->len, &why);
	if (rc < 0)
		return err_set(e, rc, "%s: the certificate %s", file, breach_phrase(why));
	if (!(ret->flags & CERT_STOCK))
		return err_set(e, ERR_FORMAT, "%s is the certificate of %s alone, and not of a "
		    "stock WireGuard; join with a bundle, or have another made: mpynet ca export %s",
		    file, ret->name, ret->name);
	return 1;
}

/* What the node was given to believe. -ENOENT when there is none. */
static int
load_bundle(struct bundle *ret, const char *state, struct err *e)
{
	char path[PATH_MAX];
	int rc = home_path(path, state, HOME_NODE, HOME_BUNDLE, e);

	return rc < 0 ? rc : join_load(ret, path, e);
}

/* Would the node that has this bundle believe the certificate? */
static int
check_member(const struct bundle *b, const struct cert *cert, const struct bundle_cert *object,
    struct err *e)
{
	struct rng rng = kernel_rng();
	struct trust *t = trust_new(&rng);
	enum breach why = BREACH_NONE;
	usec_t now = clock_now().wall;
	struct verified v;
	int rc;

	if (t == NULL)
		return err_set(e, -ENOMEM, "there is no memory to check the certificate");
	rc = bundle_trust(t, b, now, e);
	if (rc == 0) {
		rc = trust_verify(t, object->bytes, object->len, NULL, 0, now, &v, &why);
		if (rc < 0)
			(void)err_set(e, rc, "the certificate of %s %s", cert->name,
			    breach_reason(rc, why));
	}
	trust_free(t);
	return rc;
}

static int
write_beside(const char *dir, const char *name, const char *ending, const char *text, size_t len,
    struct err *e)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s%s", dir, name, ending) >= (int)sizeof(path))
		return err_set(e, -ENAMETOOLONG, "%s: the name is too long", dir);
	return file_replace(path, 0600, text, len, e);
}

static int
write_member(const char *state, const struct cert *cert, const struct bundle_cert *object,
    const char *endpoint, struct err *e)
{
	char dir[PATH_MAX];
	char text[PEM_LEN(sizeof(PEM_CERTIFICATE), CERT_HOST_MAX)];
	int len, rc = home_path(dir, state, HOME_NODE, HOME_MEMBERS, e);

	if (rc == 0)
		rc = dir_make(dir, 0700, e);
	if (rc == 0 && endpoint != NULL)
		rc = write_beside(dir, cert->name, ".endpoint", endpoint, strlen(endpoint), e);
	if (rc < 0)
		return rc;
	len = pem_write(text, sizeof(text), PEM_CERTIFICATE, object->bytes, object->len);
	assert(len > 0);
	return write_beside(dir, cert->name, ".crt", text, (size_t)len, e);
}

int
member_store(const char *state, const struct cert *cert, const struct bundle_cert *object,
    const char *endpoint, struct err *e)
{
	struct bundle *b;
	struct addr at;
	int rc;

	if (endpoint != NULL && !endpoint_is_addr(&at, endpoint))
		return err_set(e, -EINVAL, "\"%s\" is not where %s could be called: an address and "
		    "its port is, as 192.0.2.7:51820", endpoint, cert->name);
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return err_set(e, -ENOMEM, "there is no memory for a bundle");
	rc = load_bundle(b, state, e);
	if (rc == -ENOENT)
		rc = err_set(e, rc, "%s has joined as no host, and only hosts answer %s; first: "
		    "mpynet join FILE.mpynet", state, cert->name);
	if (rc == 0)
		rc = check_member(b, cert, object, e);
	bundle_wipe(b);
	free(b);
	return rc < 0 ? rc : write_member(state, cert, object, endpoint, e);
}
