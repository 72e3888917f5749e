/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_office.c - the ledger keeps what it is told, and the office what it promises.
 *
 * What a crash leaves is tested by killing the program (tests/cli/test_crash.py); here are the
 * rules of the tables, and a random history against a model.
 */
#include "ca/ledger_addr.h"
#include "ca/office.h"
#include "core/bytes.h"
#include "core/crypto.h"
#include "host/loop.h"
#include "tests/unit/place.h"

#include <sys/stat.h>

static int
sign(struct place *p, const char *name, bool replace, struct outcome *ret)
{
	struct commission c = { .order.replace = replace };

	return place_sign(p, name, c, ret);
}

static void
verify(struct place *p, uint64_t expected_lines)
{
	uint64_t lines;
	uint8_t head[32];

	if (office_verify(&p->office, &lines, head, &p->err) < 0)
		test_fail(__FILE__, __LINE__, "%s", p->err.text);
	ASSERT_EQ(lines, expected_lines);
}

TEST(an_authority_is_made_once_and_found_again)
{
	struct founding f = { .name = "other", .now = office_now(), .range_count = 1 };
	struct secret none = { .passphrase = "" };
	struct office again;
	struct ca_keys keys;
	struct place p;

	place_open(&p, "10.9.8.0/27", "fd00::/48");
	ASSERT_EQ(prefix_parse(&f.ranges[0], "10.0.0.0/16"), 0);
	ASSERT_EQ(office_vacant(p.dir, &p.err), -EEXIST);
	ASSERT_EQ(office_found(&again, p.dir, &f, &none, &keys, &p.err), -EEXIST);
	ASSERT_EQ(office_open(&again, p.dir, &p.err), 0);
	ASSERT_STR(again.ca.cert.name, "study");
	ASSERT_EQ(office_unlock(&again, &keys, "", 0, &p.err), 0);
	ASSERT_MEM(&keys, &p.keys, sizeof(keys));
	office_close(&again);
	place_close(&p);
	ASSERT_EQ(office_open(&again, p.dir, &p.err), -ENOENT);
	ASSERT_EQ(office_vacant(p.dir, &p.err), 0);
}

/* A key that is not this authority's is worse than none: what it signed would be refused. */
TEST(the_key_of_another_authority_is_refused)
{
	struct place p, other;
	struct ca_keys keys;

	place_open(&p, "10.9.8.0/27", "fd00::/48");
	place_open(&other, "10.9.8.0/27", "fd00::/48");
	memcpy(p.office.ca.keyfile, other.office.ca.keyfile, sizeof(p.office.ca.keyfile));
	ASSERT_EQ(office_unlock(&p.office, &keys, "", 0, &p.err), ERR_AUTH);
	place_close(&other);
	place_close(&p);
}

TEST(a_ledger_that_others_can_read_is_not_opened)
{
	struct ledger l;
	struct place p;
	char path[PATH_MAX];

	place_open(&p, "10.9.8.0/27", "fd00::/48");
	(void)snprintf(path, sizeof(path), "%s/ca.db", p.dir);
	ASSERT_EQ(chmod(path, 0640), 0);
	ASSERT_EQ(ledger_open(&l, p.dir, false, &p.err), -EPERM);
	ASSERT_EQ(chmod(path, 0600), 0);
	ASSERT_EQ(ledger_open(&l, p.dir, false, &p.err), 0);
	ledger_close(&l);
	place_close(&p);
}

TEST(a_live_name_key_and_address_belong_to_one_certificate)
{
	struct ledger *l;
	struct outcome first;
	struct cert c;
	struct place p;
	uint64_t now = office_now();

	place_open(&p, "10.9.8.0/27", "fd00::/48");
	l = &p.office.ledger;
	ASSERT_EQ(sign(&p, "a", false, &first), 0);
	ASSERT_EQ(sign(&p, "a", false, &first), ERR_CONFLICT);

	/* The tables refuse what the authority would never ask for. */
	ASSERT_EQ(ledger_begin(l, &p.err), 0);
	c = first.cert;
	ASSERT_EQ(ledger_add(l, &c, first.object.bytes, first.object.len, now, &p.err),
	    ERR_CONFLICT);	/* the serial number */
	c.serial++;
	c.fingerprint[0] ^= 1;
	ASSERT_EQ(ledger_add(l, &c, first.object.bytes, first.object.len, now, &p.err),
	    ERR_CONFLICT);	/* the name */
	strcpy(c.name, "b");
	ASSERT_EQ(ledger_add(l, &c, first.object.bytes, first.object.len, now, &p.err),
	    ERR_CONFLICT);	/* the key */
	c.key[0] ^= 1;
	ASSERT_EQ(ledger_add(l, &c, first.object.bytes, first.object.len, now, &p.err),
	    ERR_CONFLICT);	/* the address */
	c.address_count = 0;
	ASSERT_EQ(ledger_add(l, &c, first.object.bytes, first.object.len, now, &p.err),
	    ERR_CONFLICT);	/* a row may be there already: the serial number again */
	ASSERT_EQ(ledger_finish(l, ERR_CONFLICT, &p.err), ERR_CONFLICT);
	verify(&p, 2);
	place_close(&p);
}

/* Does another name than `name` hold `ip` at `now`? */
static int
is_held(struct place *p, const char *name, struct ip ip, uint64_t now)
{
	struct ledger_tenancy of = { &p->office.ledger, name, now };
	struct tenants t = ledger_tenants(&of);

	return numbers_held(&t, ip, &p->err);
}

TEST(an_address_outlives_its_certificate_until_the_last_one_expires)
{
	struct outcome first;
	struct place p;
	struct ip ip;

	place_open(&p, "10.9.8.0/27", "fd00::/48");
	ASSERT_EQ(sign(&p, "a", false, &first), 0);
	ASSERT_EQ(ledger_end_cert(&p.office.ledger, first.cert.serial, LEDGER_REVOKED, &p.err), 0);
	ASSERT_EQ(first.cert.address_count, 2);
	for (size_t i = 0; i < first.cert.address_count; i++) {
		ip = first.cert.addresses[i].ip;
		ASSERT_EQ(is_held(&p, "b", ip, office_now()), 1);
		ASSERT_EQ(is_held(&p, "a", ip, office_now()), 0);
		ASSERT_EQ(is_held(&p, "b", ip, first.cert.not_after), 1);
		ASSERT_EQ(is_held(&p, "b", ip, first.cert.not_after + 1), 0);
	}
	place_close(&p);
}

TEST(a_bundle_is_whole_private_and_holds_the_lighthouses)
{
	struct commission c = {
		.make_key = true,
		.order = { .name = "lh", .flags = CERT_LIGHTHOUSE },
	};
	struct outcome lh, host;
	struct bundle b;
	struct place p;
	struct stat st;
	char path[192], text[BUNDLE_TEXT_MAX];
	uint8_t public[32];
	size_t len;
	FILE *f;

	place_open(&p, "10.9.8.0/27", "fd00::/48");
	(void)snprintf(path, sizeof(path), "%s/lh.mpynet", p.dir);
	c.path = path;
	ASSERT_EQ(office_sign(&p.office, &p.keys, &c, &lh, &p.err), ERR_FORMAT);
	strcpy(c.lighthouse.endpoints[0], "192.0.2.1:7717");
	c.lighthouse.endpoint_count = 1;
	c.lighthouse.tcp = 8443;
	ASSERT_EQ(office_sign(&p.office, &p.keys, &c, &lh, &p.err), 0);
	ASSERT_EQ(sign(&p, "a", false, &host), 0);
	ASSERT_EQ(host.lighthouses, 1);

	ASSERT_EQ(stat(host.path, &st), 0);
	ASSERT_EQ(st.st_mode & 0777, 0600);
	f = fopen(host.path, "r");
	ASSERT(f != NULL);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	ASSERT_EQ(bundle_read(&b, text, len, &p.err), 0);
	ASSERT_EQ(bundle_check(&b, clock_now().wall, NULL, &p.err), 0);
	ASSERT_EQ(b.lighthouse_count, 1);
	ASSERT_STR(b.lighthouses[0].endpoints[0], "192.0.2.1:7717");
	ASSERT_EQ(b.lighthouses[0].tcp, 8443);
	crypto_dh_public(public, b.key);
	ASSERT_MEM(public, host.cert.key, 32);
	bundle_wipe(&b);
	place_close(&p);
}

/* A model of who is live with which serial number, and how long the log is. */
#define NAMES 6

TEST(a_random_history_agrees_with_a_model)
{
	static const char *const names[NAMES] = { "a", "b", "c", "d", "e", "f" };
	uint64_t live[NAMES] = { 0 }, next = 2, lines = 1;
	struct place p;

	place_open(&p, "10.9.8.0/27", "fd00::/48");
	for (int step = 0; step < 120; step++) {
		size_t i = test_below(NAMES);
		bool replace = test_below(2);
		struct ledger_cert found;
		struct outcome done;
		int rc = sign(&p, names[i], replace, &done);

		if (replace != (live[i] != 0)) {
			ASSERT_EQ(rc, replace ? ERR_UNKNOWN : ERR_CONFLICT);
			continue;
		}
		ASSERT_EQ(rc, 0);
		ASSERT_EQ(done.cert.serial, next);
		live[i] = next++;
		lines += replace ? 3 : 1; /* what ended, and the state that says so */
		ASSERT_EQ(ledger_find(&p.office.ledger, &found, names[i], &p.err), 1);
		ASSERT_EQ(found.cert.serial, live[i]);
		ASSERT_EQ(found.status, LEDGER_LIVE);
		ASSERT_MEM(found.cert.fingerprint, done.cert.fingerprint, 32);
	}
	verify(&p, lines);
	place_close(&p);
}

TEST(every_line_of_the_log_holds_the_one_before)
{
	static const char context[24] = "mpynet log entry v1";
	struct outcome done;
	struct ledger_walk w;
	struct log_line line;
	struct place p;
	uint8_t before[32] = { 0 };

	place_open(&p, "10.9.8.0/27", "fd00::/48");
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(sign(&p, "a", i > 0, &done), 0);
	ASSERT_EQ(ledger_log_walk(&p.office.ledger, &w, &p.err), 0);
	while (ledger_log_next(&w, &line, &p.err) == 1) {
		uint8_t bytes[2048], hash[32];
		struct wr r = wr_init(bytes, sizeof(bytes));
		const char *texts[] = { line.event, line.name, line.detail };

		/* As ledger.h says it, written down a second time. */
		wr_bytes(&r, before, 32);
		wr_u64(&r, line.seq);
		wr_u64(&r, line.time);
		wr_u64(&r, line.serial);
		wr_bytes(&r, line.digest, 32);
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			wr_u16(&r, (uint16_t)strlen(texts[i]));
			wr_bytes(&r, texts[i], strlen(texts[i]));
		}
		crypto_blake2b(hash, 32, NULL, 0, context, sizeof(context), bytes, r.len);
		ASSERT_MEM(hash, line.hash, 32);
		memcpy(before, hash, 32);
	}
	ledger_end(&w);
	place_close(&p);
}
