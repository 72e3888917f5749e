/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * members_row.c - a member as a row that outlives the engine.
 */
#include "core/bytes.h"
#include "core/members.h"

#include <string.h>

#define ROW_VERSION 1

void
members_remember(const struct member *m, struct outbox *o)
{
	uint8_t row[MEMBER_ROW_MAX];
	struct wr w = wr_init(row, sizeof(row));
	int len;

	wr_u8(&w, ROW_VERSION);
	wr_bytes(&w, m->timestamp, sizeof(m->timestamp));
	wr_u16(&w, m->host_len);
	wr_bytes(&w, m->bytes, m->host_len);
	wr_u16(&w, m->issuing_len);
	wr_bytes(&w, m->bytes + m->host_len, m->issuing_len);
	len = wr_end(&w);
	assert(len > 0);
	outbox_remember(o, MEMORY_MEMBER, m->key, sizeof(m->key), row, (uint32_t)len, 0);
}

int
members_recall(struct members *ms, struct trust *t, const uint8_t *key, size_t key_len,
    const uint8_t *value, size_t value_len, usec_t wall, struct member **ret)
{
	struct rd r = rd_init(value, value_len);
	uint8_t version = rd_u8(&r);
	uint8_t timestamp[MEMBER_TIMESTAMP_LEN];
	struct rd host, issuing;
	struct verified v;
	struct member *m;
	int rc;

	rd_bytes(&r, timestamp, sizeof(timestamp));
	host = rd_sub(&r, rd_u16(&r));
	issuing = rd_sub(&r, rd_u16(&r));
	if (rd_end(&r) < 0)
		return rd_end(&r);
	if (version != ROW_VERSION)
		return ERR_VERSION;
	rc = trust_verify(t, host.p, host.left, issuing.p, issuing.left, wall, &v, NULL);
	if (rc < 0)
		return rc;
	if (key_len != sizeof(v.cert.key) || memcmp(key, v.cert.key, key_len) != 0)
		return ERR_FORMAT;
	rc = members_learn(ms, &v, host.p, host.left, trust_now(t, wall), NULL, &m, NULL);
	if (rc < 0)
		return rc;
	members_stamp(m, timestamp);
	if (ret != NULL)
		*ret = m;
	return rc;
}
