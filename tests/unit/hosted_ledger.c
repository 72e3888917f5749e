/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_ledger.c - what the ledger's tables hold to, beside certificates: invitations, requests,
 * the network's state; and that a ledger of an earlier version is still the same authority.
 */
#include "ca/ledger_queue.h"
#include "ca/ledger_schema.h"
#include "ca/ledger_state.h"
#include "ca/ledger_token.h"
#include "ca/office_revoke.h"
#include "ca/template.h"
#include "tests/unit/place.h"

#include <sys/stat.h>
#include <unistd.h>

/* Every certificate is for a key of its own; a renewal for one that follows the key before. */
static uint64_t
sign_as(struct place *p, const char *name, struct commission c)
{
	struct ledger_cert before;
	struct outcome done;

	if (c.order.renew && ledger_find(p->l, &before, name, &p->err) == 1)
		memcpy(c.order.old_key, before.cert.key, sizeof(c.order.old_key));
	if (place_sign(p, name, c, &done) < 0)
		test_fail(__FILE__, __LINE__, "%s", p->err.text);
	return done.cert.serial;
}

static uint64_t
sign(struct place *p, const char *name)
{
	return sign_as(p, name, (struct commission){ 0 });
}

static struct ledger_token
an_invitation(const char *name, uint8_t id)
{
	struct ledger_token t = { .made = 1000, .expires = 2000, .approve = true };

	memset(t.keys.id, id, sizeof(t.keys.id));
	memset(t.keys.psk, 7, sizeof(t.keys.psk));
	memset(t.keys.enrol, 8, sizeof(t.keys.enrol));
	(void)snprintf(t.order.name, sizeof(t.order.name), "%s", name);
	t.order.lifetime = 3600;
	t.order.group_count = 1;
	strcpy(t.order.groups[0], "nurses");
	return t;
}

TEST(an_invitation_is_good_for_one_certificate)
{
	struct ledger_token t = an_invitation("a", 1), got;
	struct place p;
	uint64_t a, b;

	place_open(&p, "10.9.8.0/24", NULL);
	a = sign(&p, "x");
	b = sign(&p, "y");
	ASSERT_EQ(ledger_token_add(p.l, &t, &p.err), 0);
	ASSERT_EQ(ledger_token_find(p.l, &got, t.keys.id, &p.err), 1);
	ASSERT_EQ(got.status, TOKEN_OPEN);
	ASSERT_MEM(&got.order, &t.order, sizeof(t.order));
	ASSERT_MEM(&got.keys, &t.keys, sizeof(t.keys));
	ASSERT_EQ(ledger_token_use(p.l, t.keys.id, a, &p.err), 0);
	ASSERT_EQ(ledger_token_use(p.l, t.keys.id, b, &p.err), ERR_CONFLICT);
	ASSERT_EQ(ledger_token_withdraw(p.l, t.keys.id, &p.err), ERR_CONFLICT);
	ASSERT_EQ(ledger_token_find(p.l, &got, t.keys.id, &p.err), 1);
	ASSERT_EQ(got.status, TOKEN_USED);
	ASSERT_EQ(got.serial, a);
	place_close(&p);
}

TEST(a_name_has_one_open_invitation_and_one_certificate_comes_of_one)
{
	struct ledger_token first = an_invitation("a", 1), second = an_invitation("a", 2), got;
	struct place p;
	uint64_t serial;

	place_open(&p, "10.9.8.0/24", NULL);
	serial = sign(&p, "x");
	ASSERT_EQ(ledger_token_add(p.l, &first, &p.err), 0);
	ASSERT_EQ(ledger_token_add(p.l, &second, &p.err), ERR_CONFLICT);
	ASSERT_EQ(ledger_token_withdraw(p.l, first.keys.id, &p.err), 0);
	ASSERT_EQ(ledger_token_add(p.l, &second, &p.err), 0);
	ASSERT_EQ(ledger_token_open(p.l, &got, "a", &p.err), 1);
	ASSERT_MEM(got.keys.id, second.keys.id, TOKEN_ID_LEN);
	ASSERT_EQ(ledger_token_use(p.l, second.keys.id, serial, &p.err), 0);
	first = an_invitation("b", 3);
	ASSERT_EQ(ledger_token_add(p.l, &first, &p.err), 0);
	ASSERT_EQ(ledger_token_use(p.l, first.keys.id, serial, &p.err), ERR_CONFLICT);
	place_close(&p);
}

TEST(the_keys_of_an_invitation_are_wiped_when_its_time_is_over)
{
	static const struct token_keys none;
	struct ledger_token open = an_invitation("a", 1), used = an_invitation("b", 2), got;
	struct place p;

	place_open(&p, "10.9.8.0/24", NULL);
	ASSERT_EQ(ledger_token_add(p.l, &open, &p.err), 0);
	ASSERT_EQ(ledger_token_add(p.l, &used, &p.err), 0);
	ASSERT_EQ(ledger_token_use(p.l, used.keys.id, sign(&p, "b"), &p.err), 0);
	ASSERT_EQ(ledger_token_expire(p.l, open.expires, &p.err), 0);
	ASSERT_EQ(ledger_token_find(p.l, &got, used.keys.id, &p.err), 1);
	ASSERT_MEM(got.keys.psk, used.keys.psk, 32);	/* it may still ask again */
	ASSERT_EQ(ledger_token_expire(p.l, open.expires + 1, &p.err), 0);
	ASSERT_EQ(ledger_token_find(p.l, &got, open.keys.id, &p.err), 1);
	ASSERT_EQ(got.status, TOKEN_EXPIRED);
	ASSERT_MEM(got.keys.enrol, none.enrol, 32);
	ASSERT_EQ(ledger_token_find(p.l, &got, used.keys.id, &p.err), 1);
	ASSERT_EQ(got.status, TOKEN_USED);
	ASSERT_MEM(got.keys.psk, none.psk, 32);
	place_close(&p);
}

/* Whatever order there is comes back; and no damaged one is read as another. */
TEST(a_template_is_the_order_it_was_made_of)
{
	uint8_t bytes[TEMPLATE_MAX];
	struct order o = { .flags = CERT_GATEWAY, .lifetime = 86400 }, got;
	size_t len;

	o.address_count = 2;
	ASSERT_EQ(ip_parse(&o.addresses[0], "10.9.8.7"), 0);
	ASSERT_EQ(ip_parse(&o.addresses[1], "fd00::7"), 0);
	o.route_count = 1;
	ASSERT_EQ(prefix_parse(&o.routes[0], "192.168.0.0/24"), 0);
	o.group_count = CERT_GROUPS_MAX;
	for (size_t i = 0; i < o.group_count; i++)
		(void)snprintf(o.groups[i], sizeof(o.groups[i]), "group-%02u", (unsigned)i);
	len = template_write(bytes, &o);
	ASSERT_EQ(template_read(&got, bytes, len), 0);
	ASSERT_MEM(&got, &o, sizeof(o));
	for (size_t cut = 0; cut < len; cut++)
		ASSERT(template_read(&got, bytes, cut) < 0);
	for (unsigned i = 0; i < 2000; i++) {
		uint8_t bent[TEMPLATE_MAX];
		size_t again;

		memcpy(bent, bytes, len);
		bent[test_rand() % len] = (uint8_t)test_rand();
		if (template_read(&got, bent, len) < 0)
			continue;
		again = template_write(bytes, &got);
		ASSERT_EQ(again, len);
		ASSERT_MEM(bytes, bent, len);
		ASSERT_EQ(template_write(bytes, &o), len);
	}
}

/* A request as the queue keeps it; what is in the object is looked at by who puts it there. */
static struct ledger_request
a_request(struct place *p, uint8_t key)
{
	struct ledger_request r = { .name = "a", .came = 1500 };

	memset(r.key, key, sizeof(r.key));
	r.object = p->office.ca.object;
	return r;
}

TEST(an_invitation_has_one_request_and_it_is_of_who_came_first)
{
	struct ledger_token t = an_invitation("a", 1);
	struct ledger_request first, again, other;
	struct place p;

	place_open(&p, "10.9.8.0/24", NULL);
	ASSERT_EQ(ledger_token_add(p.l, &t, &p.err), 0);
	first = again = a_request(&p, 5);
	other = a_request(&p, 6);
	memcpy(first.token, t.keys.id, TOKEN_ID_LEN);
	again = first;
	memcpy(other.token, t.keys.id, TOKEN_ID_LEN);
	ASSERT_EQ(ledger_request_put(p.l, &first, &p.err), 0);
	ASSERT_EQ(ledger_request_put(p.l, &again, &p.err), 1);
	ASSERT_EQ(again.id, first.id);
	ASSERT_EQ(ledger_request_put(p.l, &other, &p.err), ERR_CONFLICT);
	ASSERT_EQ(ledger_request_decide(p.l, first.id, REQUEST_APPROVED, 0, 1600, &p.err), 0);
	ASSERT_EQ(ledger_request_decide(p.l, first.id, REQUEST_SIGNED, sign(&p, "a"), 1700,
	    &p.err), 0);
	ASSERT_EQ(ledger_request_decide(p.l, first.id, REQUEST_DENIED, 0, 1800, &p.err),
	    ERR_CONFLICT);
	ASSERT_EQ(ledger_request_put(p.l, &again, &p.err), 1);
	ASSERT_EQ(again.status, REQUEST_SIGNED);
	ASSERT_EQ(ledger_request_forget(p.l, 1700, &p.err), 0);
	ASSERT_EQ(ledger_request_of_token(p.l, &again, t.keys.id, &p.err), 1);
	ASSERT_EQ(ledger_request_forget(p.l, 1701, &p.err), 0);
	ASSERT_EQ(ledger_request_of_token(p.l, &again, t.keys.id, &p.err), 0);
	place_close(&p);
}

TEST(a_member_has_one_place_in_the_queue)
{
	struct ledger_request r, again;
	struct ledger_walk w;
	struct place p;
	unsigned n = 0;

	place_open(&p, "10.9.8.0/24", NULL);
	r = a_request(&p, 5);
	r.renewal = true;
	memset(r.member, 4, sizeof(r.member));
	again = r;
	ASSERT_EQ(ledger_request_put(p.l, &r, &p.err), 0);
	ASSERT_EQ(ledger_request_put(p.l, &again, &p.err), 1);
	memset(again.key, 9, sizeof(again.key));	/* it made a new key meanwhile */
	ASSERT_EQ(ledger_request_put(p.l, &again, &p.err), 0);
	ASSERT_EQ(ledger_request_decide(p.l, again.id, REQUEST_SIGNED, sign(&p, "a"), 1700,
	    &p.err), 0);
	ASSERT_EQ(ledger_request_put(p.l, &again, &p.err), 0);	/* the next renewal */
	ASSERT_EQ(ledger_walk_requests(p.l, &w, true, &p.err), 0);
	while (ledger_request_next(&w, &r, &p.err) == 1)
		n++;
	ledger_end(&w);
	ASSERT_EQ(n, 1);
	ASSERT_EQ(r.status, REQUEST_WAITING);
	ASSERT_EQ(r.serial, 0);
	place_close(&p);
}

/* A renewal takes nothing away, a replacement the serial, a revocation the key too. */
TEST(what_is_revoked_is_what_certificates_are)
{
	struct commission renew = { .order.renew = true }, replace = { .order.replace = true };
	struct ledger_revoked r;
	struct ledger_walk w;
	uint64_t first, second, third;
	struct place p;

	place_open(&p, "10.9.8.0/24", NULL);
	first = sign(&p, "a");
	second = sign_as(&p, "a", renew);
	third = sign_as(&p, "a", replace);
	ASSERT_EQ(ledger_end_cert(p.l, first, LEDGER_REVOKED, &p.err), 0);
	ASSERT_EQ(ledger_end_cert(p.l, first, LEDGER_SUPERSEDED, &p.err), ERR_CONFLICT);
	ASSERT_EQ(ledger_walk_revoked(p.l, &w, office_now(), &p.err), 0);
	ASSERT_EQ(ledger_revoked_next(&w, &r, &p.err), 1);
	ASSERT(r.cert.serial == second && !r.key_too && !r.ca);
	ASSERT_EQ(ledger_revoked_next(&w, &r, &p.err), 1);
	ASSERT(r.cert.serial == first && r.key_too);
	ASSERT_EQ(ledger_key_revoked(p.l, r.cert.key, &p.err), 1);
	ASSERT_EQ(ledger_revoked_next(&w, &r, &p.err), 0);
	ledger_end(&w);
	/* What would have expired is listed no longer; they were not all signed in one second. */
	ASSERT_EQ(ledger_walk_revoked(p.l, &w, r.cert.not_after + 60, &p.err), 0);
	ASSERT_EQ(ledger_revoked_next(&w, &r, &p.err), 0);
	ledger_end(&w);
	ASSERT_EQ(ledger_end_cert(p.l, third, LEDGER_LIVE, &p.err), ERR_CONFLICT);
	ASSERT_EQ(ledger_end_cert(p.l, second, LEDGER_REVOKED, &p.err), 0);
	place_close(&p);
}

TEST(a_state_takes_the_place_of_an_older_one_only)
{
	struct ledger_policy policy = { .min_not_before = 5, .state_required = true }, got;
	struct ledger_state *s = calloc(1, sizeof(*s));
	struct place p;

	ASSERT(s != NULL);
	place_open(&p, "10.9.8.0/24", NULL);
	ASSERT_EQ(ledger_state(p.l, s, &p.err), 0);
	s->version = 10;
	s->len = LEDGER_STATE_MAX;
	ASSERT_EQ(ledger_state_put(p.l, s, &p.err), 0);
	ASSERT_EQ(ledger_state_put(p.l, s, &p.err), ERR_CONFLICT);
	s->version = 9;
	ASSERT_EQ(ledger_state_put(p.l, s, &p.err), ERR_CONFLICT);
	s->version = 11;
	s->len = 1;
	ASSERT_EQ(ledger_state_put(p.l, s, &p.err), 0);
	ASSERT_EQ(ledger_state(p.l, s, &p.err), 1);
	ASSERT(s->version == 11 && s->len == 1);
	ASSERT_EQ(ledger_set_policy(p.l, &policy, &p.err), 0);
	ASSERT_EQ(ledger_policy(p.l, &got, &p.err), 0);
	ASSERT(got.min_not_before == 5 && got.state_required);
	place_close(&p);
	free(s);
}

/* What the newest state says, which the caller frees. */
static struct netstate
newest_state(struct place *p)
{
	struct ledger_state *kept = calloc(1, sizeof(*kept));
	struct netstate s;

	ASSERT(kept != NULL);
	ASSERT_EQ(ledger_state(p->l, kept, &p->err), 1);
	ASSERT_EQ(netstate_decode(&s, kept->object, kept->len, NULL), 0);
	free(kept);
	return s;
}

static struct revoked
end(struct place *p, struct revoking r)
{
	struct revoked done;

	if (office_may_revoke(&p->office, &r, &p->err) < 0 ||
	    office_revoke(&p->office, &p->keys, &r, 1, &done, &p->err) < 0)
		test_fail(__FILE__, __LINE__, "%s", p->err.text);
	return done;
}

TEST(who_is_revoked_by_name_has_no_certificate_key_or_invitation_left)
{
	struct commission renew = { .order.renew = true };
	struct ledger_token t = an_invitation("a", 1);
	struct ledger_cert first, second;
	struct netstate s;
	struct revoked done;
	struct place p;

	place_open(&p, "10.9.8.0/24", NULL);
	sign(&p, "a");
	ASSERT_EQ(ledger_find(p.l, &first, "a", &p.err), 1);
	sign_as(&p, "a", renew);
	ASSERT_EQ(ledger_find(p.l, &second, "a", &p.err), 1);
	sign(&p, "b");
	ASSERT_EQ(ledger_token_add(p.l, &t, &p.err), 0);
	done = end(&p, (struct revoking){ .name = "a" });
	ASSERT(done.count == 2 && done.invitation && done.proclaimed);
	s = newest_state(&p);
	ASSERT(netstate_has_serial(&s, first.cert.issuer, first.cert.serial));
	ASSERT(netstate_has_serial(&s, first.cert.issuer, second.cert.serial));
	ASSERT(!netstate_has_serial(&s, first.cert.issuer, second.cert.serial + 1));
	ASSERT(netstate_has_key(&s, first.cert.key) && netstate_has_key(&s, second.cert.key));
	ASSERT_EQ(s.range_count, 1);
	netstate_free(&s);
	ASSERT_EQ(office_may_revoke(&p.office, &(struct revoking){ .name = "a" }, &p.err),
	    ERR_UNKNOWN);
	place_close(&p);
}

/* A host that renewed keeps its key, so ending the certificate before takes only its number. */
TEST(a_serial_number_ends_alone_where_its_key_lives_on)
{
	struct commission same = { .order.renew = true };
	struct ledger_cert c;
	struct netstate s;
	struct outcome done;
	struct place p;
	char path[192];

	place_open(&p, "10.9.8.0/24", NULL);
	sign(&p, "a");
	ASSERT_EQ(ledger_find(p.l, &c, "a", &p.err), 1);
	strcpy(same.order.name, "a");
	memcpy(same.order.key, c.cert.key, sizeof(same.order.key));
	(void)snprintf(path, sizeof(path), "%s/again", p.dir);
	same.path = path;
	ASSERT_EQ(office_sign(&p.office, &p.keys, &same, &done, &p.err), 0);
	end(&p, (struct revoking){ .serial = c.cert.serial });
	s = newest_state(&p);
	ASSERT(netstate_has_serial(&s, c.cert.issuer, c.cert.serial));
	ASSERT(!netstate_has_serial(&s, c.cert.issuer, done.cert.serial));
	ASSERT(!netstate_has_key(&s, c.cert.key));
	netstate_free(&s);
	end(&p, (struct revoking){ .serial = done.cert.serial });
	s = newest_state(&p);
	ASSERT(netstate_has_key(&s, c.cert.key));
	netstate_free(&s);
	/* And nobody is ever given that key again. */
	strcpy(same.order.name, "b");
	same.order.renew = false;
	(void)snprintf(path, sizeof(path), "%s/b", p.dir);
	ASSERT_EQ(office_sign(&p.office, &p.keys, &same, &done, &p.err), ERR_REVOKED);
	place_close(&p);
}

TEST(a_state_is_newer_than_the_last_and_names_it)
{
	struct proclaimed first, second;
	struct netstate s;
	struct place p;

	place_open(&p, "10.9.8.0/24", NULL);
	ASSERT_EQ(office_state_shown(&p.office, &first, &p.err), 0);
	ASSERT_EQ(office_state_sign(&p.office, &p.keys, &first, &p.err), 0);
	ASSERT_EQ(office_state_sign(&p.office, &p.keys, &second, &p.err), 0);
	ASSERT(second.id.version > first.id.version);
	ASSERT(first.id.version >= office_now() - 60);
	s = newest_state(&p);
	ASSERT_MEM(s.previous, first.id.hash, sizeof(first.id.hash));
	netstate_free(&s);
	place_close(&p);
}

/* A thousand certificates in the life of an authority whose every second one was revoked. */
TEST(more_than_a_state_can_list_is_refused_until_what_is_old_is_revoked)
{
	struct revoking *all = calloc(NETSTATE_ENTRIES_MAX + 1, sizeof(*all));
	struct cert c = { .kind = OBJECT_HOST };
	struct revoked done;
	struct ledger_cert model;
	uint32_t entries;
	struct place p;

	ASSERT(all != NULL);
	place_open(&p, "10.9.8.0/24", NULL);
	sign(&p, "a");
	ASSERT_EQ(ledger_find(p.l, &model, "a", &p.err), 1);
	ASSERT_EQ(ledger_begin(p.l, &p.err), 0);
	for (unsigned i = 0; i < 2 * (NETSTATE_ENTRIES_MAX + 1); i++) {
		struct log_line line = { .time = office_now(), .event = "issue" };
		uint8_t bytes[CERT_MAX];
		int len;

		c = model.cert;
		c.serial = model.cert.serial + 1 + i;
		c.address_count = 1;
		c.not_before -= 60;
		(void)snprintf(c.name, sizeof(c.name), "host-%u", i);
		memset(c.key, 0x40, sizeof(c.key));
		memcpy(c.key, &i, sizeof(i));
		len = cert_sign(&c, bytes, sizeof(bytes), p.keys.seed, NULL);
		ASSERT(len > 0);
		c.address_count = 0;	/* the ledger would have each of its own */
		ASSERT_EQ(ledger_add(p.l, &c, bytes, (size_t)len, office_now(), &p.err), 0);
		line.serial = c.serial;
		memcpy(line.name, c.name, sizeof(line.name));
		memcpy(line.digest, c.fingerprint, sizeof(line.digest));
		ASSERT_EQ(ledger_log(p.l, &line, &p.err), 0);
		if (i % 2 == 0)
			all[i / 2].serial = c.serial;
	}
	ASSERT_EQ(ledger_finish(p.l, 0, &p.err), 0);
	ASSERT_EQ(office_revoke(&p.office, &p.keys, all, NETSTATE_ENTRIES_MAX + 1, &done, &p.err),
	    ERR_FULL);
	ASSERT_EQ(office_revoke(&p.office, &p.keys, all, NETSTATE_ENTRIES_MAX, &done, &p.err), 0);
	ASSERT_EQ(done.state.ranges, NETSTATE_ENTRIES_MAX);
	ASSERT_EQ(done.state.keys, 0);
	ASSERT_EQ(office_state_entries(&p.office, &entries, &p.err), 0);
	ASSERT_EQ(entries, 2 * NETSTATE_ENTRIES_MAX);
	done = end(&p, (struct revoking){ .before = office_now() });
	ASSERT_EQ(done.state.keys, NETSTATE_ENTRIES_MAX);
	ASSERT_EQ(done.state.ranges, 0);
	place_close(&p);
	free(all);
}

/* The same authority, with the same rows, in the tables of version 1. */
static void
write_version_1(struct place *p, const char *dir)
{
	char path[128], attach[160];
	struct db db;

	(void)snprintf(path, sizeof(path), "%s/ca.db", dir);
	(void)snprintf(attach, sizeof(attach), "ATTACH '%s/ca.db' AS new", p->dir);
	ASSERT_EQ(db_open(&db, path, DB_LEDGER, ledger_migrations, 1, &p->err), 0);
	ASSERT_EQ(db_exec(&db, attach, &p->err), 0);
	ASSERT_EQ(db_exec(&db, "UPDATE meta SET (log_seq, log_head) ="
	    " (SELECT log_seq, log_head FROM new.meta);"
	    "INSERT INTO ca SELECT serial, name, fingerprint, object, keyfile, psk FROM new.ca;"
	    "INSERT INTO cert SELECT serial, name, key, not_after, fingerprint,"
	    " replace(status, 'replaced', 'revoked'), object FROM new.cert;"
	    "INSERT INTO addr SELECT ip, name, until FROM new.addr;"
	    "INSERT INTO endpoint SELECT * FROM new.endpoint;"
	    "INSERT INTO handout SELECT * FROM new.handout;"
	    "INSERT INTO log SELECT * FROM new.log ORDER BY seq;", &p->err), 0);
	db_close(&db);
}

TEST(a_ledger_of_the_first_version_is_the_same_authority)
{
	struct commission lh = { .order.flags = CERT_LIGHTHOUSE, .lighthouse.endpoint_count = 1 };
	struct commission replace = { .order.replace = true };
	struct ledger_cert c, other;
	struct place old;
	struct place p;

	place_open(&p, "10.9.8.0/24", NULL);
	strcpy(lh.lighthouse.endpoints[0], "192.0.2.1:4242");
	sign_as(&p, "lh", lh);
	sign(&p, "a");
	p.office.ca.role = LEDGER_APPLICATION;	/* the first version signed no states */
	sign_as(&p, "a", replace);
	folder_make(old.dir, "old");
	write_version_1(&p, old.dir);
	if (office_open(&old.office, old.dir, &old.err) < 0)
		test_fail(__FILE__, __LINE__, "%s", old.err.text);
	ASSERT_MEM(old.office.ca.cert.fingerprint, p.office.ca.cert.fingerprint, 32);
	ASSERT_EQ(old.office.ca.role, LEDGER_ROOT);
	ASSERT_EQ(ledger_find(&old.office.ledger, &c, "a", &old.err), 1);
	ASSERT_EQ(c.status, LEDGER_LIVE);
	memcpy(&old.keys, &p.keys, sizeof(p.keys));
	ASSERT_EQ(sign(&old, "b"), sign(&p, "b"));
	ASSERT_EQ(ledger_find(&old.office.ledger, &c, "b", &old.err), 1);
	ASSERT_EQ(ledger_find(p.l, &other, "b", &p.err), 1);
	ASSERT_MEM(c.cert.addresses, other.cert.addresses, sizeof(other.cert.addresses));
	sign_as(&old, "a", replace);
	place_close(&old);
	place_close(&p);
}
