/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/log.h"

#include <sys/stat.h>

#include "host/file.h"
#include "tests/unit/test.h"

static char path[64];

static struct log
fresh(void)
{
	struct log l;

	snprintf(path, sizeof(path), "/tmp/mpynet-log-%d", (int)getpid());
	unlink(path);
	ASSERT_EQ(log_to_file(&l, path, NULL), 0);
	return l;
}

/* What was written, which is removed. */
static const char *
contents(struct log *l)
{
	static char text[1 << 16];
	char *bytes;
	size_t len;

	log_close(l);
	ASSERT_EQ(file_load(&bytes, &len, path, sizeof(text) - 1, NULL), 0);
	memcpy(text, bytes, len + 1);
	file_free(bytes, len);
	unlink(path);
	return text;
}

static int
count(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

TEST(a_line_has_its_time_and_level_and_the_file_is_private)
{
	struct log l = fresh();
	struct stat st;
	const char *text;

	ASSERT_EQ(stat(path, &st), 0);
	ASSERT_EQ(st.st_mode & 07777, 0600);
	log_line(&l, TRACE_WARNING, "%d words", 2);
	log_line(&l, TRACE_DEBUG, "nobody asked");
	text = contents(&l);
	ASSERT(text[4] == '-' && text[10] == 'T' && text[23] == 'Z');
	ASSERT_STR(text + 24, " warning: 2 words\n");
}

TEST(foreign_bytes_are_escaped)
{
	struct log l = fresh();

	log_line(&l, TRACE_INFO, "a\x1b[31m\nb\xff");
	ASSERT(strstr(contents(&l), "info: a\\x1b[31m\\x0ab\\xff\n"));
}

TEST(a_flood_is_cut_and_the_next_line_says_how_much_was_left_out)
{
	struct trace_fact f = { .what = TRACE_CERT_REFUSED, .level = TRACE_WARNING };
	struct trace_fact other = { .what = TRACE_UNDER_LOAD, .level = TRACE_NOTICE };
	struct log l = fresh();
	const char *text;

	for (int i = 0; i < 1000; i++)
		log_fact(&l, 1000, &f);
	log_fact(&l, 1000, &other);
	log_fact(&l, 1000 + LOG_EVERY, &f);
	text = contents(&l);
	ASSERT_EQ(count(text, "warning: "), LOG_BURST + 1);
	ASSERT_EQ(count(text, "notice: "), 1);
	ASSERT_EQ(count(text, "(and 980 like it before)\n"), 1);
}

TEST(a_full_file_is_put_aside_and_the_log_goes_on)
{
	struct log l = fresh();
	char aside[80];
	const char *text;

	snprintf(aside, sizeof(aside), "%s.1", path);
	l.size = LOG_FILE_MAX;
	log_line(&l, TRACE_INFO, "the last");
	log_line(&l, TRACE_INFO, "the first");
	ASSERT_EQ(access(aside, F_OK), 0);
	unlink(aside);
	text = contents(&l);
	ASSERT_EQ(count(text, "the first"), 1);
	ASSERT_EQ(count(text, "the last"), 0);
}
