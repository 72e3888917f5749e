/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mailbox_renewal.c - what members ask for their next certificate, and what came of it.
 */
#include "core/bytes.h"
#include "lighthouse/mailbox_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In renewal_row.bytes, behind the request. */
#define RENEWAL_CERT WIRE_CA_MAX
#define RENEWAL_CA   (RENEWAL_CERT + WIRE_CERT_MAX)

#define RENEWAL_ROW_MAX (MATTER_ROW_HEAD + 3 * 2 + RENEWAL_CA + WIRE_CA_MAX)

static struct blob
part(const struct renewal_row *r, size_t at, uint16_t len)
{
	return (struct blob){ len > 0 ? r->bytes + at : NULL, len };
}

struct blob
renewal_request(const struct renewal_row *r)
{
	return part(r, 0, r->request_len);
}

struct blob
renewal_cert(const struct renewal_row *r)
{
	return part(r, RENEWAL_CERT, r->cert_len);
}

struct blob
renewal_ca(const struct renewal_row *r)
{
	return part(r, RENEWAL_CA, r->ca_len);
}

/* Copies a part to its place: its length. */
static uint16_t
set_part(struct renewal_row *r, size_t at, struct blob b)
{
	if (b.len > 0)
		memcpy(r->bytes + at, b.p, b.len);
	return b.len;
}

static void
renewal_remember(const struct renewal_row *r, struct outbox *out)
{
	uint8_t row[RENEWAL_ROW_MAX];
	struct wr w = wr_init(row, sizeof(row));

	matter_put(&w, &r->matter);
	put_counted(&w, renewal_request(r));
	put_counted(&w, renewal_cert(r));
	put_counted(&w, renewal_ca(r));
	outbox_remember(out, MEMORY_RENEWAL, r->key, sizeof(r->key), row, (uint32_t)w.len, 0);
}

void
renewal_drop(struct mailbox *m, struct renewal_row *r, struct outbox *out)
{
	matter_count(m, &r->matter, -1);
	matter_later(m, &r->matter, 0);
	table_del(&m->renewals, r->key);
	outbox_remember(out, MEMORY_RENEWAL, r->key, sizeof(r->key), NULL, 0, 0);
	free(r);
}

struct renewal_row *
mailbox_find_renewal(struct mailbox *m, const uint8_t key[static 32])
{
	return table_get(&m->renewals, key);
}

static int
renewal_new(struct mailbox *m, const uint8_t key[static 32], struct renewal_row **ret)
{
	struct renewal_row *r = calloc(1, sizeof(*r));
	int rc = r == NULL ? -ENOMEM : mailbox_reserve(m);

	if (rc == 0)
		rc = table_put(&m->renewals, key, r);
	if (rc < 0) {
		free(r);
		return rc;
	}
	memcpy(r->key, key, sizeof(r->key));
	r->matter.renewal = true;
	matter_count(m, &r->matter, 1);
	*ret = r;
	return 0;
}

int
mailbox_renew(struct mailbox *m, uint64_t now, const uint8_t key[static 32],
    const uint8_t issuer[static ISSUER_LEN], struct blob request, struct outbox *out,
    struct renewal_row **ret)
{
	struct renewal_row *r = mailbox_find_renewal(m, key);
	int rc = 0;

	if (r != NULL && r->request_len == request.len &&
	    memcmp(r->bytes, request.p, request.len) == 0) {
		*ret = r;
		return 0;
	}
	if (r == NULL)
		rc = renewal_new(m, key, &r);
	if (rc < 0)
		return rc;
	matter_set_done(m, &r->matter, false);
	memcpy(r->matter.issuer, issuer, ISSUER_LEN);
	r->matter.status = 0;
	r->matter.asked = 0;
	r->matter.until = now + MAILBOX_RENEWAL_TIME;
	r->request_len = set_part(r, 0, request);
	r->cert_len = r->ca_len = 0;
	renewal_remember(r, out);
	*ret = r;
	return 0;
}

void
renewal_result(struct mailbox *m, struct renewal_row *r, const struct renew_result *result,
    struct outbox *out)
{
	if (r->matter.done || (r->matter.status == result->status && result->cert.len == 0))
		return;
	r->matter.status = result->status;
	r->cert_len = set_part(r, RENEWAL_CERT, result->cert);
	r->ca_len = set_part(r, RENEWAL_CA, result->ca);
	if (result->status == RENEW_ISSUED || result->status == RENEW_REFUSED)
		matter_set_done(m, &r->matter, true);
	renewal_remember(r, out);
}

int
renewal_recall(struct mailbox *m, uint64_t now, const struct memory *row)
{
	struct in in = in_init(row->value, row->value_len);
	struct renewal_row *r;
	struct matter e = { .renewal = true };
	struct blob request, cert, ca;
	int rc;

	if (row->key_len != 32)
		return ERR_FORMAT;
	matter_in(&in, &e);
	request = in_counted(&in, WIRE_CA_MAX);
	cert = in_counted(&in, WIRE_CERT_MAX);
	ca = in_counted(&in, WIRE_CA_MAX);
	in_demand(&in, request.len > 0);
	if (in_end(&in) < 0)
		return in_end(&in);
	if (e.until < now)
		return ERR_EXPIRED;
	rc = renewal_new(m, row->key, &r);
	if (rc < 0)
		return rc;
	matter_count(m, &r->matter, -1);
	r->matter = e;
	matter_count(m, &r->matter, 1);
	r->request_len = set_part(r, 0, request);
	r->cert_len = set_part(r, RENEWAL_CERT, cert);
	r->ca_len = set_part(r, RENEWAL_CA, ca);
	return 0;
}
