/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The node of an authority: without a device, without root, with somebody at its desk.
 */
#include "node/desk.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "core/bundle.h"
#include "host/file.h"
#include "host/home.h"
#include "host/loop.h"
#include "node/run.h"
#include "tests/unit/certs.h"
#include "tests/unit/folder.h"

TEST_FOLDER(state, "desk");

/* Writes the bundle of a host that may enrol, valid today. */
static void
write_bundle(void)
{
	static char text[BUNDLE_TEXT_MAX];
	uint64_t today = clock_now().wall / USEC_PER_SEC;
	struct authority root = certs_authority("study");
	struct bundle b = { .has_key = true, .ca_count = 1 };
	struct host host;
	char path[PATH_MAX];
	int len;

	root.cert.not_before = today - CERTS_DAY;
	root.cert.not_after = today + CERTS_DAY * 3650;
	certs_sign_authority(&root, &root);
	host = certs_host(&root, "unit-test-ca", "10.87.0.2/32", 2);
	host.cert.not_before = today - 60;
	host.cert.not_after = today + CERTS_DAY * 30;
	host.cert.flags = CERT_ENROL;
	certs_sign_host(&host, &root);
	memcpy(b.host.bytes, host.bytes, host.len);
	b.host.len = (uint16_t)host.len;
	memcpy(b.key, host.secret, sizeof(b.key));
	memcpy(b.cas[0].bytes, root.bytes, root.len);
	b.cas[0].len = (uint16_t)root.len;
	len = bundle_write(text, sizeof(text), &b);
	ASSERT(len > 0);
	ASSERT_EQ(home_make(state, HOME_AUTHORITY, NULL), 0);
	ASSERT_EQ(home_path(path, state, HOME_AUTHORITY, HOME_BUNDLE, NULL), 0);
	ASSERT_EQ(file_replace(path, 0600, text, (size_t)len, NULL), 0);
}

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

static int
dial(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char path[PATH_MAX];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ASSERT_EQ(home_path(path, state, HOME_AUTHORITY, HOME_SOCKET, NULL), 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%.100s", path);
	ASSERT_EQ(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* One request to the daemon; the line that it answers. */
static const char *
ask(int fd, const char *request)
{
	static char answer[65536];
	size_t have = 0;

	ASSERT_EQ(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	do {
		ssize_t n = recv(fd, answer + have, sizeof(answer) - 1 - have, 0);

		if (n <= 0)
			break;
		have += (size_t)n;
	} while (answer[have - 1] != '\n');
	answer[have] = '\0';
	return answer;
}

static bool
was_closed(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/closed", state);
	return unlink(path) == 0;
}

static void
await_end(bool well)
{
	int status;

	ASSERT(waitpid(-1, &status, 0) > 0);
	ASSERT(WIFEXITED(status));
	if ((WEXITSTATUS(status) == 0) != well)
		test_fail(__FILE__, __LINE__, "ended with %d", WEXITSTATUS(status));
}

TEST(an_authoritys_node_runs_without_device_or_root_and_asks_its_desk)
{
	struct diary diary = { 0 };
	struct err err = { 0 };
	const char *status;
	char c;
	int fd, rc;

	write_bundle();
	/* It is nobody's child; so it becomes ours, and its exit status is seen. */
	ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	rc = daemon_start(run, &diary, &err);
	if (rc < 0)
		test_fail(__FILE__, __LINE__, "started: %s", err.text);
	fd = dial();
	do {
		status = ask(fd, "{\"v\":1,\"id\":1,\"verb\":\"status\"}\n");
	} while (strstr(status, "looked no"));
	ASSERT(strstr(status, "\"role\":\"authority\""));
	ASSERT(strstr(status, "opened 1, started 1, looked yes"));
	ASSERT(!strstr(status, "\"interface\""));
	ASSERT(strstr(ask(fd, "{\"v\":1,\"id\":2,\"verb\":\"reload\"}\n"), "\"id\":2"));
	ASSERT_EQ(daemon_start(run, &diary, &err), -EWOULDBLOCK);
	ASSERT(strstr(err.text, "an authority runs already"));
	await_end(false);
	ASSERT(!was_closed());
	ask(fd, "{\"v\":1,\"id\":9,\"verb\":\"stop\"}\n");
	ASSERT_EQ(recv(fd, &c, 1, 0), 0);
	close(fd);
	await_end(true);
	ASSERT(was_closed());
}

TEST(a_desk_that_cannot_be_opened_says_why_and_is_closed)
{
	struct diary diary = { .refuse = -EACCES };
	struct err err = { 0 };

	write_bundle();
	ASSERT_EQ(daemon_start(run, &diary, &err), -EACCES);
	ASSERT(strstr(err.text, "the ledger is locked"));
	await_end(false);
	ASSERT(was_closed());
}
