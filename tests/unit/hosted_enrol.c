/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_enrol.c - joining on real sockets, where nobody is there to answer.
 */
#include "core/base.h"
#include "node/enrol_run.h"
#include "tests/unit/test.h"

static struct token
some_token(const char *endpoint)
{
	struct token t = { .expires = UINT32_MAX };

	test_fill(t.id, sizeof(t.id));
	test_fill(t.secret, sizeof(t.secret));
	test_fill(t.lighthouse, sizeof(t.lighthouse));
	snprintf(t.endpoint, sizeof(t.endpoint), "%s", endpoint);
	return t;
}

static int
join(const char *endpoint, usec_t patience, struct err *e)
{
	struct token t = some_token(endpoint);
	uint8_t key[32];
	char *bundle = NULL;
	size_t len;
	struct enrol_run run = { .token = &t, .private = key, .patience = patience };
	int rc;

	test_fill(key, sizeof(key));
	rc = enrol_run(&run, &bundle, &len, e);
	ASSERT(bundle == NULL);
	return rc;
}

TEST(a_lighthouse_that_does_not_answer_is_waited_for_and_named)
{
	struct err e = { "" };

	ASSERT_EQ(join("127.0.0.1:9", 300 * USEC_PER_MS, &e), -ETIMEDOUT);
	ASSERT(strstr(e.text, "127.0.0.1:9") != NULL);
}

TEST(a_name_that_nobody_has_is_waited_for_and_named)
{
	struct err e = { "" };

	ASSERT_EQ(join("no-such-lighthouse.invalid:7717", 300 * USEC_PER_MS, &e), -ETIMEDOUT);
	ASSERT(strstr(e.text, "no-such-lighthouse.invalid:7717") != NULL);
}

static void
interrupt(int signum)
{
	(void)signum;
	kill(getpid(), SIGINT);
}

TEST(a_person_who_stops_it_is_told_how_it_goes_on)
{
	struct err e = { "" };

	signal(SIGALRM, interrupt);
	alarm(1);
	ASSERT_EQ(join("127.0.0.1:9", 0, &e), -EINTR);
	ASSERT(strstr(e.text, "goes on") != NULL);
}
