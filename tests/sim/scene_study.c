/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scene_study.c - a study comes to all of its parties: whatever NATs are between them, over links
 * that lose, after hours of absence, where no two are ever there at once, with a lighthouse gone,
 * beside a stranger who lies.
 */
#include "node/mesh_impl.h"
#include "node/study.h"
#include "tests/sim/scene.h"
#include "tests/sim/stage.h"

#define SEC USEC_PER_SEC
#define MS  USEC_PER_MS

#define PARTIES 5

static const unsigned sites[PARTIES] = { KIND_LINUX, KIND_SYM_RAND, KIND_PUBLIC, KIND_UDP_BLOCK,
	KIND_CGN_SYM };

static struct stage st;
static struct box *party[PARTIES];
static uint8_t hash[STUDY_HASH_LEN];

static void
begin(struct world *w)
{
	stage_init(&st, w);
	(void)stage_lighthouse(&st);
	(void)stage_lighthouse(&st);
	for (size_t i = 0; i < PARTIES; i++)
		party[i] = stage_node(&st, sites[i]);
	stage_on(&st);
	stage_run(&st, 20 * SEC);
}

/* All links of all parties lose a packet in ten, and repeat and swap some. */
static void
spoil_links(void)
{
	for (size_t i = 0; i < PARTIES; i++) {
		struct station *edge = site_edge(&party[i]->site, &party[i]->station);

		party[i]->patience = 200;
		edge->up.loss = edge->down.loss = 100000;
		edge->up.duplicate = edge->down.duplicate = 50000;
		edge->up.reorder = edge->down.reorder = 50000;
		edge->up.jitter = edge->down.jitter = 5 * MS;
	}
}

/* `by` makes a study of all, which must know the certificates of all for that. */
static void
propose(struct box *by)
{
	const char *names[PARTIES];
	struct study s;
	struct err e = { "" };
	size_t missing = 0;
	int rc = ERR_UNKNOWN;

	for (size_t i = 0; i < PARTIES; i++)
		names[i] = party[i]->id.name;
	for (int i = 0; i < 100 && rc == ERR_UNKNOWN; i++) {
		rc = mesh_study_make(by->mesh, box_clock(by), &s, "salaries", names, PARTIES, 4000,
		    &missing, &st.out, &e);
		box_settle(by);
		stage_run(&st, 250 * MS);
	}
	if (rc < 0)
		world_fail(st.w, "no study of all: %s is missing; %s", names[missing], e.text);
	memcpy(hash, s.hash, sizeof(hash));
	rc = mesh_study_bring(by->mesh, box_clock(by), &s, &st.out, &e);
	if (rc < 0)
		world_fail(st.w, "%s cannot take part in its own study: %s", by->id.name, e.text);
	box_settle(by);
}

static void
accept(struct box *b)
{
	if (mesh_study_decide(b->mesh, box_clock(b), hash, STANCE_ACCEPTED, &st.out) < 0)
		world_fail(st.w, "%s does not hold the study", b->id.name);
	box_settle(b);
}

/* How many parties does `b` know to have accepted? */
static unsigned
known_to(const struct box *b)
{
	const struct lobby_study *s = mesh_study_find(b->mesh, hash);
	unsigned n = 0;

	for (unsigned i = 0; s != NULL && i < s->study.count; i++)
		n += (i == s->self ? s->stance : s->parties[i].said) ==
		     STANCE_ACCEPTED;
	return n;
}

/* Everybody holds it within `span`; and when all have accepted it, all know that. */
static void
expect_all(usec_t span)
{
	usec_t end = st.w->now + span;
	unsigned holders = 0, agreed = 0;

	while (holders < PARTIES && st.w->now < end) {
		stage_run(&st, SEC);
		holders = 0;
		for (size_t i = 0; i < PARTIES; i++)
			holders += mesh_study_find(party[i]->mesh, hash) != NULL;
	}
	if (holders < PARTIES)
		world_fail(st.w, "%u of %d parties hold the study", holders, PARTIES);
	for (size_t i = 0; i < PARTIES; i++)
		accept(party[i]);
	while (agreed < PARTIES && st.w->now < end + span) {
		stage_run(&st, SEC);
		agreed = 0;
		for (size_t i = 0; i < PARTIES; i++)
			agreed += known_to(party[i]) == PARTIES;
	}
	if (agreed < PARTIES)
		world_fail(st.w, "%u of %d parties know that all have accepted", agreed, PARTIES);
}

/* One is away for hours, and the proposer's host has started again meanwhile. */
static void
absent(struct world *w)
{
	begin(w);
	propose(party[0]);
	box_crash(party[3]);
	stage_run(&st, 3600 * SEC);
	box_crash(party[0]);
	box_on(party[0]);
	stage_run(&st, 5 * 3600 * SEC);
	box_on(party[3]);
	expect_all(600 * SEC);
}

/* A lighthouse dies before anything has come anywhere. */
static void
dark(struct world *w)
{
	begin(w);
	propose(party[2]);
	box_crash(st.lighthouses[0]);
	expect_all(600 * SEC);
}

/*
 * No two parties are ever there at the same time: letters, left with the lighthouses, do it all. Each
 * lighthouse dies once, and one of them never comes back.
 */
static void
apart(void)
{
	propose(party[0]);
	for (size_t i = 1; i < PARTIES; i++)
		box_crash(party[i]);
	stage_run(&st, 120 * SEC);
	box_crash(party[0]);
	for (size_t i = 1; i < PARTIES; i++) {
		box_on(party[i]);
		stage_run(&st, 60 * SEC);
		accept(party[i]);
		stage_run(&st, 120 * SEC);
		box_crash(party[i]);
		stage_run(&st, 3600 * SEC);
		if (i == 1) {
			box_crash(st.lighthouses[0]);
			box_on(st.lighthouses[0]);
		}
		if (i == 2)
			box_crash(st.lighthouses[1]);
	}
	for (size_t i = 0; i < PARTIES; i++) {
		box_on(party[i]);
		stage_run(&st, 120 * SEC);
		if (known_to(party[i]) != PARTIES)
			world_fail(st.w, "%s knows of %u of %d that they have accepted",
			    party[i]->id.name, known_to(party[i]), PARTIES);
		box_crash(party[i]);
	}
}

static void
say(struct box *from, const struct box *to, uint8_t *frame, int len)
{
	uint8_t key[32];
	struct peer *peer;

	crypto_dh_public(key, to->id.private_key);
	peer = roster_by_key(from->mesh, key);
	if (peer == NULL || peer_best(peer) == NULL || len < 0)
		return;
	(void)reach_seal(from->mesh, box_clock(from), peer, peer_best(peer), frame, (size_t)len,
	    false, &st.out);
	box_settle(from);
}

/* A stranger offers what there is not, asks for what is not its own, and speaks for others. */
static void
lie(struct box *liar, const struct box *to)
{
	uint8_t room[PACKET_HEADROOM + FRAME_MAX + PACKET_TAILROOM], *frame = room + PACKET_HEADROOM;
	struct study_says says = { .stance = STANCE_ACCEPTED, .flags = STUDY_SAYS_ASK };
	struct study_req req = { .offset = 0 };

	says.size = (uint16_t)(STUDY_MIN + rng_below(&st.w->rng, STUDY_MAX - STUDY_MIN));
	rng_fill(&st.w->rng, says.hash, sizeof(says.hash));
	say(liar, to, frame, study_says_encode(frame, FRAME_MAX, &says));
	memcpy(says.hash, hash, sizeof(says.hash));
	says.stance = STANCE_CLOSED;
	says.yours = STANCE_CLOSED;
	say(liar, to, frame, study_says_encode(frame, FRAME_MAX, &says));
	memcpy(req.hash, hash, sizeof(req.hash));
	say(liar, to, frame, study_req_encode(frame, FRAME_MAX, &req));
}

static void
stranger(struct world *w)
{
	static struct flow flows[PARTIES];
	struct box *liar;

	begin(w);
	liar = stage_node(&st, KIND_PUBLIC);
	box_on(liar);
	stage_run(&st, 5 * SEC);
	for (size_t i = 0; i < PARTIES; i++)
		flow_start(&flows[i], liar, party[i], 500 * MS, 100);
	stage_run(&st, 20 * SEC);
	propose(party[1]);
	for (unsigned n = 0; n < 200; n++) {
		lie(liar, party[n % PARTIES]);
		stage_run(&st, 50 * MS);
	}
	expect_all(300 * SEC);
	for (size_t i = 0; i < PARTIES; i++) {
		if (mesh_study_at(party[i]->mesh, 1) != NULL)
			world_fail(w, "%s holds a study of a stranger", party[i]->id.name);
	}
	if (mesh_study_at(liar->mesh, 0) != NULL)
		world_fail(w, "a stranger holds a study");
}

void
scene_study(struct world *w, unsigned number)
{
	switch (number) {
	case 0:
	case 1:
		begin(w);
		if (number == 1)
			spoil_links();
		propose(party[0]);
		expect_all(600 * SEC);
		break;
	case 2: absent(w); break;
	case 3: dark(w); break;
	case 4:
	case 5:
		begin(w);
		if (number == 5)
			spoil_links();
		apart();
		break;
	default: stranger(w); break;
	}
	stage_free(&st);
}
