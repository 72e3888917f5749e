/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The node of an authority: without a device, without root, with somebody at its desk.
 */
#include "node/desk.h"

#include "node/run.h"
#include "tests/unit/daemons.h"
#include "tests/unit/folder.h"

TEST_FOLDER(state, "desk");

/* Who sits there writes down what happens, in the daemon's process. */
struct diary {
	int opened, started, looked;
	int refuse;
};

static int
on_open(void *ctx, struct err *err)
{
	struct diary *d = ctx;

	d->opened++;
	return d->refuse < 0 ? err_set(err, d->refuse, "the ledger is locked") : 0;
}

static void
on_started(void *ctx, struct node *n)
{
	struct diary *d = ctx;

	d->started++;
	desk_log(n, TRACE_NOTICE, "%s sits down", desk_own(n)->cert.name);
}

static void
on_heard(void *ctx, struct node *n, const struct petition *p)
{
	(void)ctx;
	(void)n;
	(void)p;
}

static void
on_look(void *ctx, struct node *n)
{
	struct diary *d = ctx;

	(void)n;
	d->looked++;
}

static void
on_show(void *ctx, json_t *body)
{
	const struct diary *d = ctx;

	json_object_set_new(body, "diary", json_sprintf("opened %d, started %d, looked %s",
	    d->opened, d->started, d->looked > 0 ? "yes" : "no"));
}

/* What is open must be closed: a file tells it to the process that started the daemon. */
static void
on_close(void *ctx)
{
	char path[PATH_MAX];

	(void)ctx;
	snprintf(path, sizeof(path), "%s/closed", state);
	ASSERT_EQ(file_replace(path, 0600, "", 0, NULL), 0);
}

static int
run(void *arg, struct ready *ready, struct err *err)
{
	const struct desk desk = { arg, on_open, on_started, on_heard, on_look, on_show, on_close };
	struct node_options o = { .state = state, .role = HOME_AUTHORITY, .desk = &desk };

	return node_run(&o, ready, err);
}

static bool
was_closed(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/closed", state);
	return unlink(path) == 0;
}

TEST(an_authoritys_node_runs_without_device_or_root_and_asks_its_desk)
{
	struct diary diary = { 0 };
	struct err err = { 0 };
	const char *status;
	int fd;

	daemon_bundle(state, HOME_AUTHORITY, "unit-test-ca", "10.87.0.2/32", CERT_ENROL);
	daemon_begin(run, &diary);
	fd = daemon_dial(state, HOME_AUTHORITY);
	do {
		status = daemon_ask(fd, "{\"v\":1,\"id\":1,\"verb\":\"status\"}\n");
	} while (strstr(status, "looked no"));
	ASSERT(strstr(status, "\"role\":\"authority\""));
	ASSERT(strstr(status, "opened 1, started 1, looked yes"));
	ASSERT(!strstr(status, "\"interface\""));
	ASSERT(strstr(daemon_ask(fd, "{\"v\":1,\"id\":2,\"verb\":\"reload\"}\n"), "\"id\":2"));
	ASSERT_EQ(daemon_start(run, &diary, &err), -EWOULDBLOCK);
	ASSERT(strstr(err.text, "an authority runs already"));
	daemon_await(false);
	ASSERT(!was_closed());
	(void)daemon_end(fd);
	ASSERT(was_closed());
}

TEST(a_desk_that_cannot_be_opened_says_why_and_is_closed)
{
	struct diary diary = { .refuse = -EACCES };
	struct err err = { 0 };

	daemon_bundle(state, HOME_AUTHORITY, "unit-test-ca", "10.87.0.2/32", CERT_ENROL);
	ASSERT_EQ(daemon_start(run, &diary, &err), -EACCES);
	ASSERT(strstr(err.text, "the ledger is locked"));
	daemon_await(false);
	ASSERT(was_closed());
}
