/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_run_report.c - what is written and drawn of a run.
 */
#include "tests/unit/test.h"

#include "cli/run_report.h"
#include "cli/run_status.h"
#include "tests/unit/folder.h"

#include <string.h>

TEST_FOLDER(folder, "report");

static struct meter meter;

static const char *
in_folder(char to[static 128], const char *name)
{
	(void)snprintf(to, 128, "%s/%s", folder, name);
	return to;
}

/* `count` parties, of which one is called so that it would break a file that does not escape. */
static struct study
study_of(unsigned count)
{
	struct study s = { .name = "salaries", .count = count };

	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(s.parties[i].name, sizeof(s.parties[i].name), "%s%u",
		    i == 1 ? "<a&b>\033" : "party", i);
		s.parties[i].address = (struct ip){ FAMILY_V4, { 10, 0, 0, (uint8_t)(i + 1) } };
		s.parties[i].port = 11365;
	}
	return s;
}

/* Party 0 sends to every other one, and to the first of them in vain. */
static void
measure(const struct study *s)
{
	struct sockdiag_tcp t = { .rtt = 1500, .local = addr_from_ip(s->parties[0].address, 40000) };

	meter_begin(&meter, s, 0, USEC_PER_SEC);
	for (usec_t at = 0; at < 20; at++) {
		for (unsigned i = 1; i < s->count; i++) {
			t.cookie = i;
			t.remote = addr_from_ip(s->parties[i].address, 11365);
			t.sent = 1000 * at;
			t.sent_segments = (uint32_t)at;
			t.acked = i == 1 ? 0 : t.sent;
			t.unacked = 1;
			meter_see(&meter, USEC_PER_SEC + at * METER_EVERY, &t);
		}
		meter_seen(&meter, USEC_PER_SEC + at * METER_EVERY);
	}
}

static json_t *
reported(const struct study *s)
{
	const struct report_attempt a = { .number = 1, .began = USEC_PER_SEC, .outcome = "failed",
		.party = s->parties[s->count - 1].name, .text = "\"it\" <failed> & ended\n" };
	json_t *report = report_new(s, "0123456789abcdef", 0);

	measure(s);
	meter_end(&meter, 3 * USEC_PER_SEC);
	report_add(report, s, &meter, &a);
	return report;
}

static unsigned
count_of(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		n++;
	return n;
}

TEST(a_report_has_every_other_party_and_the_stall)
{
	struct study s = study_of(3);
	json_t *report = reported(&s);
	const json_t *run = json_array_get(json_object_get(report, "runs"), 0);
	const json_t *first = json_array_get(json_object_get(run, "traffic"), 0);
	const json_t *stall = json_array_get(json_object_get(run, "stalls"), 0);

	ASSERT_EQ(json_array_size(json_object_get(report, "parties")), 3);
	ASSERT_EQ(json_array_size(json_object_get(run, "traffic")), 2);
	ASSERT_EQ(json_array_size(json_object_get(run, "stalls")), 1);
	ASSERT_EQ(json_integer_value(json_object_get(first, "sent_bytes")), 19000);
	ASSERT_EQ(json_integer_value(json_object_get(first, "sent_messages")), 19);
	ASSERT(strcmp(json_string_value(json_object_get(stall, "party")), s.parties[1].name) == 0);
	ASSERT(json_real_value(json_object_get(stall, "length_s")) > 1.5);
	json_decref(report);
}

TEST(a_picture_escapes_what_others_chose_and_closes_what_it_opens)
{
	static const unsigned counts[] = { 1, 2, 3, STUDY_PARTIES_MAX };

	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct study s = study_of(counts[i]);
		json_t *report = reported(&s);
		size_t len;
		char *text = report_draw(report, &len);

		ASSERT(text != NULL && strlen(text) == len);
		ASSERT(strncmp(text, "<svg ", 5) == 0);
		ASSERT(strcmp(text + len - 7, "</svg>\n") == 0);
		ASSERT_EQ(count_of(text, "<text "), count_of(text, "</text>"));
		ASSERT(counts[i] < 2 || count_of(text, "&lt;a&amp;b&gt;") > 0);
		ASSERT_EQ(count_of(text, "<failed>"), 0);
		ASSERT_EQ(count_of(text, "\033"), 0);
		free(text);
		json_decref(report);
	}
}

TEST(a_report_is_two_files_whatever_ending_was_said)
{
	static const char *const names[] = { "a", "b.json", "c.svg" };
	static const char *const files[] = { "a.json", "a.svg", "b.json", "b.svg", "c.json",
		"c.svg" };
	struct study s = study_of(2);
	json_t *report = reported(&s);
	char path[128];
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ASSERT_EQ(report_write(report, in_folder(path, names[i]), &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		ASSERT_EQ(access(in_folder(path, files[i]), R_OK), 0);
	ASSERT(report_write(report, in_folder(path, "nowhere/a"), &e) < 0);
	json_decref(report);
}

TEST(a_block_keeps_to_the_terminal)
{
	struct study s = study_of(STUDY_PARTIES_MAX);
	struct run_status r = { .study = &s, .meter = &meter, .number = 1 };
	char block[8192], line[512];

	measure(&s);
	for (unsigned height = 5; height < 80; height += 5) {
		unsigned lines = 0;

		run_status_block(block, sizeof(block), &r, 80, height);
		for (const char *p = block, *end; (end = strchr(p, '\n')) != NULL; p = end + 1) {
			ASSERT(end - p < 80);
			lines++;
		}
		ASSERT(lines >= 2 && lines < height);
	}
	ASSERT(strstr(block, "stalls for 1.9 s"));
	run_status_line(line, &r);
	ASSERT(strstr(line, "stalls for"));
}
