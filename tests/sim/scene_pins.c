/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_pins.c - the operator of an authority certifies a second key for a name that is taken.
 *
 * Whoever has pinned the first one goes on with it and refuses the second; whoever has not believes
 * the newer certificate, as everybody does when a machine is replaced.
 */
#include "core/crypto.h"
#include "node/mesh.h"
#include "node/view.h"
#include "tests/sim/office.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

static struct stage st;
static struct box *careful, *trusting, *real, *second, *authority;
static struct flow flow;
static struct pin_list pins;

static void
pin(struct box *b, size_t count)
{
	pins.count = count;
	b->pins = &pins;
	if (!box_is_on(b))
		return;
	if (mesh_pin(b->mesh, box_clock(b), &pins, &st.out) < 0)
		world_fail(st.w, "no memory for a pin");
	box_settle(b);
}

/* Both talk to the real one; the careful one pins it, by its key or by the words of that. */
static void
begin(struct world *w, bool words)
{
	static struct flow other;
	uint8_t key[32];

	stage_init(&st, w);
	(void)stage_lighthouse(&st);
	careful = stage_node(&st, KIND_LINUX);
	trusting = stage_node(&st, KIND_LINUX);
	real = stage_node(&st, KIND_PCONE);
	st.node_flags |= CERT_ENROL;
	authority = stage_node(&st, KIND_LINUX);
	crypto_dh_public(key, real->id.private_key);
	pins = (struct pin_list){ .pin[0].len = words ? CERT_WORDS : 32 };
	strcpy(pins.pin[0].name, real->id.name);
	if (words)
		cert_key_word_bytes(pins.pin[0].bytes, key);
	else
		memcpy(pins.pin[0].bytes, key, sizeof(key));
	careful->pins = trusting->pins = NULL;
	stage_on(&st);
	stage_run(&st, 5 * SEC);
	flow_start(&flow, careful, real, 50 * MS, 200);
	flow_start(&other, trusting, real, 50 * MS, 200);
	stage_run(&st, 15 * SEC);
	if (flow.answered == 0 || other.answered == 0)
		world_fail(w, "no answer to begin with");
	flow_stop(&other);
	pin(careful, 1);
	flow_mark(&flow);
}

static bool
has_key_of(const struct box *b, const struct box *other)
{
	uint8_t key[32], has[32];

	crypto_dh_public(key, other->id.private_key);
	return view_key(b->mesh, real->id.name, has) == 0 && memcmp(key, has, sizeof(key)) == 0;
}

static bool
has_second(const struct box *b)
{
	return has_key_of(b, second);
}

/* The second one is there, and calls whoever it may. */
static void
come(struct flow *to_careful, struct flow *to_trusting)
{
	second = stage_successor(&st, real);
	box_on(second);
	stage_run(&st, 3 * SEC);
	flow_start(to_careful, second, careful, 500 * MS, 200);
	flow_start(to_trusting, second, trusting, 500 * MS, 200);
	stage_run(&st, 60 * SEC);
}

/* It has refused somebody, and does not know `other` by the key that that has. */
static void
expect_refused_key(const struct box *b, const struct box *other)
{
	struct view_pin v;
	size_t at = 0;

	if (!view_pin_next(b->mesh, &at, &v) || v.pinned.count == 0)
		world_fail(st.w, "%s has refused nobody", b->id.name);
	if (has_key_of(b, other))
		world_fail(st.w, "%s has taken another key than the one that it pinned",
		    b->id.name);
}

static void
expect_refused(const struct box *b)
{
	expect_refused_key(b, second);
}

/* Nothing that brings a certificate brings the second one in: calls, lighthouses, memory. */
static void
refused(struct world *w, bool words)
{
	static struct flow to_careful, to_trusting;

	begin(w, words);
	come(&to_careful, &to_trusting);
	if (to_careful.answered > 0)
		world_fail(w, "the second key has %llu answers of who pinned the first",
		    (unsigned long long)to_careful.answered);
	if (to_trusting.answered == 0 || !has_second(trusting))
		world_fail(w, "who pinned nothing does not take the newer certificate");
	if (flow_gap(&flow) > 200 * MS)
		world_fail(w, "who is pinned had no answer for %.3f s",
		    (double)flow_gap(&flow) / 1e6);
	expect_refused(careful);
	box_crash(careful);
	stage_run(&st, 5 * SEC);
	box_on(careful);
	flow_resume(&flow);
	stage_run(&st, 60 * SEC);
	if (to_careful.answered > 0)
		world_fail(w, "the second key has answers after a restart");
	expect_refused(careful);
}

/* A pin that is made too late ends what it speaks against, and one that is taken back lets it in. */
static void
late(struct world *w)
{
	static struct flow to_careful, to_trusting;
	uint64_t answered;

	begin(w, false);
	come(&to_careful, &to_trusting);
	pin(trusting, 1);
	stage_run(&st, SEC);
	answered = to_trusting.answered;
	stage_run(&st, 60 * SEC);
	if (to_trusting.answered != answered)
		world_fail(w, "a session goes on that a pin speaks against");
	expect_refused(trusting);
	pin(trusting, 0);
	stage_run(&st, 30 * SEC);
	if (to_trusting.answered == answered || !has_second(trusting))
		world_fail(w, "the newer certificate is not taken when the pin is gone");
}

/* The first one comes back to who had taken the second: the pin gives it its name again. */
static void
revived(struct world *w)
{
	static struct flow to_careful, to_trusting, again;

	begin(w, false);
	come(&to_careful, &to_trusting);
	flow_stop(&to_careful);
	flow_stop(&to_trusting);
	box_off(second);
	pin(trusting, 1);
	flow_start(&again, real, trusting, 500 * MS, 200);
	stage_run(&st, 60 * SEC);
	if (again.answered == 0)
		world_fail(w, "who is pinned does not get its name back");
}

/* A lighthouse that is pinned to another key is left, and found again when the pin is gone. */
static void
lighthouse(struct world *w)
{
	static struct view_status v;

	begin(w, false);
	strcpy(pins.pin[0].name, st.boxes[0]->id.name);
	pin(careful, 1);
	stage_run(&st, 60 * SEC);
	view_status(careful->mesh, box_clock(careful), &v);
	if (v.lighthouses[0].registered)
		world_fail(w, "it goes on with a lighthouse that it has pinned to another key");
	pin(careful, 0);
	stage_run(&st, 10 * SEC);
	view_status(careful->mesh, box_clock(careful), &v);
	if (!v.lighthouses[0].registered)
		world_fail(w, "it does not come back to its lighthouse");
	pin(careful, 1);
	box_crash(careful);
	box_on(careful);
	stage_run(&st, 20 * SEC);
	pin(careful, 0);
	stage_run(&st, 10 * SEC);
	view_status(careful->mesh, box_clock(careful), &v);
	if (v.lighthouse_count != 1 || !v.lighthouses[0].registered)
		world_fail(w, "it does not find the lighthouse that it began without");
}

/* Who is pinned changes its key: it is nobody where it is pinned, until its new key is. */
static void
rekeyed(struct world *w)
{
	static struct office office;
	static struct flow again;

	begin(w, false);
	office_open(&office, &st, authority, 86400);
	memset(office.signed_for, 0, sizeof(office.signed_for));
	box_rekey(real);
	stage_run(&st, 60 * SEC);
	office_expect(&office, real, 1, 1);
	expect_refused_key(careful, real);
	flow_stop(&flow);
	flow_start(&again, careful, real, 500 * MS, 200);
	stage_run(&st, 60 * SEC);
	if (again.answered > 0)
		world_fail(w, "a key that nobody pinned has answers");
	crypto_dh_public(pins.pin[0].bytes, real->id.private_key);
	pin(careful, 1);
	stage_run(&st, 30 * SEC);
	if (again.answered == 0)
		world_fail(w, "who was pinned anew does not come back");
}

void
scene_pins(struct world *w, unsigned number)
{
	switch (number) {
	case 0: refused(w, false); break;
	case 1: refused(w, true); break;
	case 2: late(w); break;
	case 3: revived(w); break;
	case 4: lighthouse(w); break;
	default: rekeyed(w); break;
	}
	stage_free(&st);
}
