/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/verbs.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "host/loop.h"
#include "tests/unit/test.h"

static const struct setting settings[] = {
	{ "open", "no", true, "is it open", setting_check_yes_no },
	{ 0 },
};

static const char *const migrations[] = { settings_schema };

/* A door whose one setting is asked for by whoever `may` says. */
struct door {
	struct loop loop;
	struct ctl ctl;
	struct db db;
	bool may_see, may_change;
	int client;
	char name[64], database[80];
};

static int
verb_get(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct door *d = ctx;

	return verb_get_setting(&d->db, settings, r, ret, err);
}

static int
verb_set(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct door *d = ctx;
	int rc = verb_set_setting(&d->db, settings, r, err);

	return rc < 0 ? rc : verb_get(d, r, ret, err);
}

static int
verb_unset(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	struct door *d = ctx;
	int rc = verb_unset_setting(&d->db, settings, r, err);

	return rc < 0 ? rc : verb_get(d, r, ret, err);
}

static int
verb_later(void *ctx, const struct ctl_request *r, json_t **ret, struct err *err)
{
	(void)ctx;
	(void)r;
	(void)ret;
	(void)err;
	return 0;
}

static const struct verb verbs[] = {
	{ "get", false, verb_get },
	{ "set", true, verb_set },
	{ "unset", true, verb_unset },
	{ "later", false, verb_later },
	{ NULL },
};

static void
on_request(void *ctx, const struct ctl_request *r)
{
	struct door *d = ctx;
	struct ctl_request as = *r;

	as.may_see = d->may_see;
	as.may_change = d->may_change;
	verbs_answer(&d->ctl, "a door", verbs, d, &as);
}

static void
on_due(void *ctx)
{
	(void)ctx;
}

static void
on_signal(void *ctx, int signum)
{
	(void)ctx;
	(void)signum;
}

static void
start(struct door *d)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	*d = (struct door){ .may_see = true, .may_change = true };
	snprintf(d->name, sizeof(d->name), "/tmp/mpynet-verbs-%d", (int)getpid());
	snprintf(d->database, sizeof(d->database), "%s.db", d->name);
	ASSERT_EQ(db_open(&d->db, d->database, DB_NODE, migrations, 1, NULL), 0);
	ASSERT_EQ(loop_init(&d->loop, d, on_due, on_signal, NULL), 0);
	ctl_init(&d->ctl, &d->loop.uv, d, on_request);
	ASSERT_EQ(ctl_listen(&d->ctl, d->name, 0600, NULL), 0);
	d->client = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	memcpy(to.sun_path, d->name, sizeof(d->name));
	ASSERT_EQ(connect(d->client, (struct sockaddr *)&to, sizeof(to)), 0);
}

static void
stop(struct door *d)
{
	close(d->client);
	ctl_close(&d->ctl);
	loop_free(&d->loop);
	db_close(&d->db);
	unlink(d->name);
	unlink(d->database);
}

/* What is answered to `verb` with `args`, if anything. */
static const char *
ask(struct door *d, const char *verb, const char *args)
{
	static char line[4096];
	int len = snprintf(line, sizeof(line), "{\"v\":1,\"id\":1,\"verb\":\"%s\",\"args\":%s}\n",
	    verb, args);
	ssize_t n;

	ASSERT_EQ(send(d->client, line, (size_t)len, MSG_NOSIGNAL), len);
	for (int i = 0; i < 20; i++)
		uv_run(&d->loop.uv, UV_RUN_NOWAIT);
	n = recv(d->client, line, sizeof(line) - 1, 0);
	line[n > 0 ? n : 0] = '\0';
	return line;
}

TEST(a_verb_that_is_not_in_the_list_is_refused_by_role_and_name)
{
	struct door d;

	start(&d);
	ASSERT(strstr(ask(&d, "dance", "{}"), "\"code\":2"));
	ASSERT(strstr(ask(&d, "dance", "{}"), "a door has no answer to \\\"dance\\\""));
	stop(&d);
}

TEST(who_may_only_look_changes_nothing_and_who_may_not_look_sees_nothing)
{
	struct door d;

	start(&d);
	d.may_change = false;
	ASSERT(strstr(ask(&d, "set", "{\"key\":\"open\",\"value\":\"yes\"}"), "\"code\":4"));
	ASSERT(strstr(ask(&d, "get", "{}"), "\"value\":\"no\""));
	d.may_see = false;
	ASSERT(strstr(ask(&d, "get", "{}"), "\"code\":4"));
	stop(&d);
}

TEST(what_changes_a_setting_is_answered_as_get_is)
{
	struct door d;

	start(&d);
	ASSERT(strstr(ask(&d, "set", "{\"key\":\"open\",\"value\":\"yes\"}"),
	    "\"value\":\"yes\",\"set\":true"));
	ASSERT(strstr(ask(&d, "get", "{\"key\":\"open\"}"), "\"value\":\"yes\",\"set\":true"));
	ASSERT(strstr(ask(&d, "unset", "{\"key\":\"open\"}"), "\"value\":\"no\",\"set\":false"));
	stop(&d);
}

TEST(arguments_that_are_missing_or_no_texts_are_refused)
{
	struct door d;

	start(&d);
	ASSERT(strstr(ask(&d, "set", "{\"key\":\"open\"}"), "\"code\":2"));
	ASSERT(strstr(ask(&d, "set", "{\"key\":\"open\",\"value\":1}"), "\"code\":2"));
	ASSERT(strstr(ask(&d, "unset", "{}"), "\"code\":2"));
	ASSERT(strstr(ask(&d, "set", "{\"key\":\"opne\",\"value\":\"yes\"}"), "\"code\":1"));
	stop(&d);
}

TEST(a_verb_without_a_body_answers_by_itself_later)
{
	struct door d;

	start(&d);
	ASSERT_STR(ask(&d, "later", "{}"), "");
	stop(&d);
}
