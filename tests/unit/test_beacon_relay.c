/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Circuits through a lighthouse.
 */
#include "tests/unit/parties.h"

TEST(what_one_relays_the_other_gets_both_ways)
{
	struct relay_open incoming;
	uint32_t circuit;
	struct frame f;

	begin_registered();
	ASSERT_EQ(open_circuit(one, 5, &parties[3]).code, RELAY_OK);
	ASSERT(got(two, FRAME_RELAY_INCOMING, &f));
	ASSERT_EQ(relay_open_decode(&incoming, &f), 0);
	ASSERT_MEM(incoming.key, parties[2].cert.key, 32);
	for (size_t len = 32; len <= 1472; len += 32) {
		scene_run(&scene, USEC_PER_MS);
		relay(one, 5, len, (uint8_t)len);
		ASSERT_EQ(relayed(two, &circuit, (uint8_t)len), len);
		ASSERT_EQ(circuit, incoming.circuit);
		relay(two, incoming.circuit, len, 0x5a);
		ASSERT_EQ(relayed(one, &circuit, 0x5a), len);
		ASSERT_EQ(circuit, 5);
	}
	ASSERT_EQ(totals().relayed_packets, 92);
	ASSERT_EQ(totals().circuits, 1);
	ASSERT_EQ(relayed(three, &circuit, 0), 0);
}

TEST(a_circuit_outlives_rekeys_and_changes_of_address_and_ends_when_it_is_idle)
{
	struct relay_end end;
	uint32_t circuit;
	struct frame f;

	begin_registered();
	ASSERT_EQ(open_circuit(one, 5, &parties[3]).code, RELAY_OK);
	for (int n = 0; n < 60; n++) {
		scene_run(&scene, 10 * USEC_PER_SEC);
		relay(one, 5, 100, 1);
		ASSERT_EQ(relayed(two, &circuit, 1), 100);
		relay(two, circuit, 100, 2);
		ASSERT_EQ(relayed(one, &circuit, 2), 100);
		if (n == 30) {
			two->at.port++;
			enrol(two);
		}
	}
	ASSERT(totals().handshakes > 6);
	for (int n = 0; n < 20; n++) {
		scene_run(&scene, 10 * USEC_PER_SEC);
		enrol(one);
		enrol(two);
	}
	ASSERT(got(one, FRAME_RELAY_CLOSE, &f));
	ASSERT_EQ(relay_end_decode(&end, &f), 0);
	ASSERT_EQ(end.circuit, 5);
	ASSERT_EQ(end.code, RELAY_IDLE);
	ASSERT(got(two, FRAME_RELAY_CLOSE, &f));
	ASSERT_EQ(totals().circuits, 0);
}

TEST(a_circuit_ends_with_either_client_and_the_other_is_told)
{
	uint8_t frame[FRAME_MAX];
	struct relay_end end = { .circuit = 5, .code = RELAY_CLOSED };
	struct close bye = { CLOSE_STOP };
	struct frame f;

	begin_registered();
	ASSERT_EQ(open_circuit(one, 5, &parties[3]).code, RELAY_OK);
	ASSERT(guest_say(&scene, one, frame,
	    relay_end_encode(frame, sizeof(frame), FRAME_RELAY_CLOSE, &end)));
	ASSERT(got(two, FRAME_RELAY_CLOSE, &f));
	ASSERT_EQ(relay_end_decode(&end, &f), 0);
	ASSERT_EQ(end.code, RELAY_CLOSED);

	ASSERT_EQ(open_circuit(one, 5, &parties[3]).code, RELAY_OK);
	ASSERT(guest_say(&scene, two, frame, close_encode(frame, sizeof(frame), &bye)));
	ASSERT(got(one, FRAME_RELAY_CLOSE, &f));
	ASSERT_EQ(relay_end_decode(&end, &f), 0);
	ASSERT_EQ(end.code, RELAY_ABSENT);
	ASSERT_EQ(totals().circuits, 0);
}

TEST(a_relay_says_why_it_does_not_relay)
{
	struct host nobody = { 0 };
	struct relay_end end;
	uint8_t frame[64];
	struct relay_open o = { .circuit = 1 };
	struct error e;
	struct frame f;

	begin_registered();
	ASSERT_EQ(open_circuit(one, 1, &nobody).code, RELAY_ABSENT);
	ASSERT_EQ(open_circuit(one, 1, &parties[2]).code, RELAY_DENIED);
	ASSERT_EQ(open_circuit(one, 1, &parties[3]).code, RELAY_OK);
	ASSERT_EQ(open_circuit(one, 1, &parties[3]).code, RELAY_OK);
	ASSERT_EQ(open_circuit(one, 1, &parties[4]).code, RELAY_DENIED);

	relay(three, 1, 64, 1);
	ASSERT(got(three, FRAME_RELAY_CLOSE, &f));
	ASSERT_EQ(relay_end_decode(&end, &f), 0);
	ASSERT_EQ(end.code, RELAY_NO_SUCH);

	config.relay = false;
	restart();
	config.relay = true;
	guest_restart(&scene, one);
	ASSERT(guest_connect(&scene, one));
	memcpy(o.key, parties[3].cert.key, 32);
	ASSERT(guest_say(&scene, one, frame,
	    relay_open_encode(frame, sizeof(frame), FRAME_RELAY_OPEN, &o)));
	ASSERT(got(one, FRAME_ERROR, &f));
	ASSERT_EQ(error_decode(&e, &f), 0);
	ASSERT_EQ(e.code, ERROR_NOT_HERE);
	ASSERT_EQ(e.type, FRAME_RELAY_OPEN);
	ASSERT_EQ(e.ref, 1);
}

TEST(a_client_over_its_share_loses_packets_and_nothing_else)
{
	uint32_t circuit;
	unsigned through = 0;

	begin_registered();
	config.relay_rate = 100000;
	restart();
	config.relay_rate = 0;
	for (unsigned g = 0; g < 2; g++) {
		guest_restart(&scene, scene.guests[g]);
		ASSERT(guest_connect(&scene, scene.guests[g]));
	}
	ASSERT_EQ(open_circuit(one, 1, &parties[3]).code, RELAY_OK);
	for (int n = 0; n < 1000; n++) {
		scene_run(&scene, USEC_PER_MS);
		relay(one, 1, 1000, 7);
		through += relayed(two, &circuit, 7) > 0;
	}
	ASSERT(through >= 100 && through <= 125);
	ASSERT_EQ(totals().relay_dropped, 1000 - through);
	enrol(one);
	ASSERT_EQ(totals().registrations, 3);
}
