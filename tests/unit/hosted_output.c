/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_output.c - tables, JSON and porcelain are one body.
 */
#include "tests/unit/test.h"

#include "cli/talk.h"
#include "cli/output.h"

static const struct column columns[] = {
	{ "NAME", "name", COLUMN_TEXT },
	{ "PATH", "path", COLUMN_PATH },
	{ "RTT", "rtt_us", COLUMN_USEC },
	{ "TX", "n.tx", COLUMN_BYTES },
	{ "UP", "up", COLUMN_TEXT },
	{ NULL },
};
static const struct column fields[] = {
	{ "name", "name", COLUMN_TEXT },
	{ "expires", "expires", COLUMN_TIME },
	{ "absent", "absent", COLUMN_TEXT },
	{ NULL },
};
static const struct view views[] = {
	{ NULL, fields },
	{ "rows", columns, "nobody" },
	{ "silent", columns },
	{ NULL },
};

static json_t *
sample(void)
{
	json_t *body =
	    json_loads("{\"schema\":1,\"name\":\"a\\u001b[31m\\u00e9\\n\",\"expires\":86400,"
		       "\"rows\":[{\"name\":\"x\",\"path\":{\"kind\":\"relay\",\"relay\":"
		       "\"lh\",\"at\":\"192.0.2.1:1\"},\"rtt_us\":43100,\"n\":{\"tx\":1500},"
		       "\"up\":true},{\"name\":\"longer\",\"path\":{\"kind\":\"direct\",\"at\":"
		       "\"192.0.2.1:1\"},\"rtt_us\":null,\"up\":[\"a\",\"b\"]}]}",
		0, NULL);

	ASSERT(body != NULL);
	return body;
}

/* What is shown of `body`; the caller frees. */
static char *
shown(const json_t *body, enum output_format format, bool colour)
{
	struct output o = { .format = format, .colour = colour };
	char *text = NULL;
	size_t len;

	o.to = open_memstream(&text, &len);
	ASSERT(o.to != NULL);
	output_show(&o, body, views);
	fclose(o.to);
	return text;
}

TEST(a_table_is_aligned_and_escaped)
{
	json_t *body = sample();
	char *text = shown(body, OUTPUT_PEOPLE, false);

	ASSERT_STR(text, "name     a\\x1b[31m\\xc3\\xa9\\x0a\n"
			 "expires  1970-01-02 00:00 UTC\n"
			 "\n"
			 "NAME    PATH                    RTT      TX  UP\n"
			 "x       relay lh            43.1 ms  1.5 kB  yes\n"
			 "longer  direct 192.0.2.1:1        -       -  a, b\n");
	free(text);
	json_decref(body);
}

TEST(porcelain_has_the_values_of_the_body_between_tabs)
{
	json_t *body = sample();
	char *text = shown(body, OUTPUT_PORCELAIN, false);

	ASSERT_STR(text, "name\ta\\x1b[31m\\xc3\\xa9\\x0a\n"
			 "expires\t86400\n"
			 "x\trelay lh\t43100\t1500\tyes\n"
			 "longer\tdirect 192.0.2.1:1\t\t\ta, b\n");
	free(text);
	json_decref(body);
}

TEST(json_is_the_body_in_ascii)
{
	json_t *body = sample(), *again;
	char *text = shown(body, OUTPUT_JSON, false);

	for (const char *p = text; *p != '\0'; p++)
		ASSERT((*p >= ' ' && *p < 127) || *p == '\n');
	again = json_loads(text, 0, NULL);
	ASSERT(json_equal(body, again));
	json_decref(again);
	json_decref(body);
	free(text);
}

TEST(an_empty_table_says_so_or_nothing)
{
	json_t *body = json_loads("{\"schema\":1,\"name\":\"x\"}", 0, NULL);
	char *text = shown(body, OUTPUT_PEOPLE, false);

	ASSERT_STR(text, "name  x\n\nnobody\n");
	free(text);
	json_decref(body);
}

/* Colour changes no letter and no column: without its codes it is the same table. */
TEST(colour_is_only_added)
{
	json_t *body = sample();
	char *plain = shown(body, OUTPUT_PEOPLE, false), *text = shown(body, OUTPUT_PEOPLE, true);
	char *to = text;

	ASSERT(strstr(text, "\033[33mrelay lh\033[0m") != NULL);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\033')
			p += strcspn(p, "m");
		else
			*to++ = *p;
	}
	*to = '\0';
	ASSERT_STR(text, plain);
	free(plain);
	free(text);
	json_decref(body);
}

TEST(a_cell_is_bounded)
{
	char name[5000];
	json_t *body = output_body(1), *row = json_object();
	char *text;

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	json_object_set_new(row, "name", json_string(name));
	json_object_set_new(body, "rows", json_pack("[o]", row));
	text = shown(body, OUTPUT_PORCELAIN, false);
	ASSERT(strlen(text) < 600);
	ASSERT(strstr(text, "...") != NULL);
	free(text);
	json_decref(body);
}

/* Answers of a daemon *************************************************************************/

static int
parse(struct talk_answer *a, const char *line)
{
	*a = (struct talk_answer){ 0 };
	return talk_answer_parse(a, line, strlen(line));
}

TEST(an_answer_is_a_body_or_a_refusal)
{
	struct talk_answer a;

	ASSERT_EQ(parse(&a, "{\"v\":1,\"id\":7,\"body\":{\"schema\":1}}"), 0);
	ASSERT(a.id == 7 && a.body != NULL && !a.more);
	json_decref(a.body);
	ASSERT_EQ(parse(&a, "{\"v\":1,\"id\":7,\"more\":true,\"body\":{}}"), 0);
	ASSERT(a.more);
	json_decref(a.body);
	ASSERT_EQ(parse(&a, "{\"v\":1,\"id\":7,\"error\":{\"code\":4,\"text\":\"no\\u001b\"}}"), 0);
	ASSERT(a.body == NULL);
	ASSERT_EQ(a.code, EXIT_PERMISSION);
	ASSERT_STR(a.why.text, "no\\x1b");
}

TEST(what_is_no_answer_is_refused)
{
	static const char *const lines[] = { "", "[]", "{}", "{", "{\"v\":1,\"id\":1}",
		"{\"v\":1,\"id\":\"1\",\"body\":{}}", "{\"v\":1,\"id\":1,\"body\":[]}",
		"{\"v\":1,\"id\":1,\"error\":{\"code\":1}}",
		"{\"v\":1,\"v\":1,\"id\":1,\"body\":{}}" };
	struct talk_answer a;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		ASSERT_EQ(parse(&a, lines[i]), ERR_FORMAT);
	ASSERT_EQ(parse(&a, "{\"v\":2,\"id\":1,\"body\":{}}"), ERR_VERSION);
}

/* Whatever code a daemon sends, the command ends with one of the manual. */
TEST(a_refusal_never_looks_like_success)
{
	static const int codes[] = { 0, -1, 7, 256, 2147483647 };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		char line[128];
		struct talk_answer a;

		snprintf(line, sizeof(line),
		    "{\"v\":1,\"id\":1,\"error\":{\"code\":%d,\"text\":\"x\"}}", codes[i]);
		ASSERT_EQ(parse(&a, line), 0);
		ASSERT_EQ(a.code, EXIT_CONFIG);
	}
}

TEST(a_sentence_is_broken_at_words_to_fit_the_terminal)
{
	static const struct column prose[] = {
		{ "here", "text", COLUMN_PROSE },
		{ "what helps", "more", COLUMN_PROSE },
		{ NULL },
	};
	static const struct view list[] = { { NULL, prose }, { NULL } };
	json_t *body = json_pack("{s:s, s:s}", "text", "14 packets to 3 addresses had no answer at all",
	    "more", "wait");
	struct output o = { .format = OUTPUT_PEOPLE, .width = 40 };
	char *text = NULL;
	size_t len;

	o.to = open_memstream(&text, &len);
	ASSERT(body != NULL && o.to != NULL);
	output_show(&o, body, list);
	fclose(o.to);
	ASSERT_STR(text, "here        14 packets to 3 addresses\n"
			 "            had no answer at all\n"
			 "what helps  wait\n");
	free(text);
	json_decref(body);
}

TEST(a_narrow_terminal_gets_the_columns_that_matter)
{
	static const struct column spare[] = {
		{ "NAME", "name", COLUMN_TEXT },
		{ "EXPIRES", "expires", COLUMN_TEXT, 2 },
		{ "LAST", "last", COLUMN_TEXT, 1 },
		{ "WHY", "why", COLUMN_TEXT },
		{ NULL },
	};
	static const struct view list[] = { { "rows", spare }, { NULL } };
	static const struct {
		size_t width;
		const char *head;
	} widths[] = {
		{ 0, "NAME    EXPIRES  LAST  WHY\n" },
		{ 40, "NAME    EXPIRES  LAST  WHY\n" },
		{ 22, "NAME    LAST  WHY\n" },
		{ 16, "NAME    WHY\n" },
		{ 4, "NAME    WHY\n" },
	};
	json_t *body = json_pack("{s:[{s:s, s:s, s:s, s:s}]}", "rows", "name", "party3", "expires",
	    "2027", "last", "1s", "why", "lan");

	for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
		struct output o = { .format = OUTPUT_PEOPLE, .width = widths[i].width };
		char *text = NULL;
		size_t len;

		o.to = open_memstream(&text, &len);
		ASSERT(body != NULL && o.to != NULL);
		output_show(&o, body, list);
		fclose(o.to);
		ASSERT_EQ(strncmp(text, widths[i].head, strlen(widths[i].head)), 0);
		free(text);
	}
	json_decref(body);
}
