/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_pinned.c - the lighthouses of a bundle outlive the certificates that they had in it.
 */
#include "core/members.h"
#include "core/trace.h"
#include "node/mesh.h"
#include "node/view.h"
#include "tests/unit/certs.h"

struct scene {
	struct authority root;
	struct host node, lighthouse;
	struct rng rng;
	struct instant now;
	struct outbox out;
	struct mesh *mesh;
};

/* A node whose bundle has one lighthouse, which expires a second before `now`. */
static void
open_scene(struct scene *s)
{
	static struct mesh_config c;
	struct err e = { "" };

	memset(s, 0, sizeof(*s));
	s->root = certs_root();
	s->rng = certs_rng();
	s->node = certs_host(&s->root, "party1", "10.87.0.10", 2);
	s->lighthouse = certs_host(&s->root, "lh", "10.87.0.1", 1);
	s->lighthouse.cert.flags = CERT_LIGHTHOUSE | CERT_RELAY;
	s->lighthouse.cert.not_after = CERTS_NOW;
	certs_sign_host(&s->lighthouse, &s->root);
	s->now = (struct instant){ USEC_PER_SEC, (CERTS_NOW + 1) * USEC_PER_SEC };
	ASSERT_EQ(outbox_init(&s->out, MESH_OUTBOX_EFFECTS, MESH_OUTBOX_BYTES), 0);
	memset(&c, 0, sizeof(c));
	memcpy(c.private_key, s->node.secret, 32);
	c.cert = cert_bytes_of(s->node.bytes, s->node.len);
	c.roots[c.root_count++] = cert_bytes_of(s->root.bytes, s->root.len);
	c.lighthouses[0].cert = cert_bytes_of(s->lighthouse.bytes, s->lighthouse.len);
	c.lighthouse_count = 1;
	if (mesh_new(&s->mesh, &c, &s->rng, s->now, &e) < 0)
		test_fail(__FILE__, __LINE__, "%s", e.text);
}

static void
close_scene(struct scene *s)
{
	mesh_free(s->mesh);
	outbox_free(&s->out);
}

static size_t
lighthouses(const struct scene *s)
{
	struct view_status v;

	view_status(s->mesh, s->now, &v);
	return v.lighthouse_count;
}

TEST(a_node_starts_although_its_lighthouse_has_expired)
{
	struct scene s;

	open_scene(&s);
	mesh_start(s.mesh, s.now, &s.out);
	ASSERT_EQ(lighthouses(&s), 0);
	ASSERT_EQ(s.out.effects[0].kind, EFFECT_TRACE);
	ASSERT_EQ(s.out.effects[0].fact->what, TRACE_CERT_REFUSED);
	ASSERT_EQ(s.out.effects[0].fact->code, ERR_EXPIRED);
	ASSERT_STR(s.out.effects[0].fact->name, "lh");
	close_scene(&s);
}

TEST(a_lighthouse_is_known_by_the_certificate_that_it_showed_since)
{
	struct scene s;
	struct members *ms;
	struct verified v = { 0 };
	struct member *m;
	struct memory row;

	open_scene(&s);
	s.lighthouse.cert.serial = 9;
	s.lighthouse.cert.not_after = CERTS_NOW + CERTS_DAY;
	certs_sign_host(&s.lighthouse, &s.root);
	v.cert = s.lighthouse.cert;
	v.valid_until = v.cert.not_after;
	ms = members_new(&s.rng, 1);
	ASSERT_EQ(
	    members_learn(ms, &v, s.lighthouse.bytes, s.lighthouse.len, CERTS_NOW, NULL, &m, NULL),
	    LEARNED_NEW);
	members_remember(m, &s.out);
	row = s.out.effects[0].memory;
	ASSERT(mesh_recall(s.mesh, s.now, row.table, row.key, row.key_len, row.value,
		   row.value_len) >= 0);
	members_free(ms);
	outbox_reset(&s.out);
	mesh_start(s.mesh, s.now, &s.out);
	ASSERT_EQ(lighthouses(&s), 1);
	close_scene(&s);
}
