/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shell of a lighthouse, from its bundle to its end, as a process of its own on loopback.
 */
#include "lighthouse/run.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "core/bundle.h"
#include "host/file.h"
#include "host/home.h"
#include "host/loop.h"
#include "host/udp.h"
#include "lighthouse/store.h"
#include "tests/unit/certs.h"
#include "tests/unit/folder.h"

TEST_FOLDER(state, "lighthouse");

__attribute__((destructor)) static void
remove_socket(void)
{
	unlink(HOME_RUN_DIR "/unit-test-lh.sock");	/* which nobody could not */
}

/* A port that was free a moment ago, and so was the next one. */
static uint16_t
free_port(void)
{
	struct udp u;
	uint16_t port;

	ASSERT_EQ(udp_open(&u, FAMILY_V4, 0, NULL, 0, NULL), 0);
	port = u.port;
	udp_close(&u);
	return port;
}

/* Writes the bundle of a host called `name` with these flags, valid today. */
static void
write_bundle(const char *name, uint32_t flags)
{
	static char text[BUNDLE_TEXT_MAX];
	uint64_t today = clock_now().wall / USEC_PER_SEC;
	struct authority root = certs_authority("study");
	struct host host;
	struct bundle b = { .has_key = true, .ca_count = 1 };
	char path[PATH_MAX];
	int len;

	root.cert.not_before = today - CERTS_DAY;
	root.cert.not_after = today + CERTS_DAY * 3650;
	certs_sign_authority(&root, &root);
	host = certs_host(&root, "lh", "10.87.0.1/32", 2);
	host.cert.not_before = today - 60;
	host.cert.not_after = today + CERTS_DAY * 30;
	host.cert.flags = flags;
	snprintf(host.cert.name, sizeof(host.cert.name), "%s", name);
	certs_sign_host(&host, &root);
	memcpy(b.host.bytes, host.bytes, host.len);
	b.host.len = (uint16_t)host.len;
	memcpy(b.key, host.secret, sizeof(b.key));
	memcpy(b.cas[0].bytes, root.bytes, root.len);
	b.cas[0].len = (uint16_t)root.len;
	len = bundle_write(text, sizeof(text), &b);
	ASSERT(len > 0);
	ASSERT_EQ(home_make(state, HOME_LIGHTHOUSE, NULL), 0);
	ASSERT_EQ(home_path(path, state, HOME_LIGHTHOUSE, HOME_BUNDLE, NULL), 0);
	ASSERT_EQ(file_replace(path, 0600, text, (size_t)len, NULL), 0);
}

static void
set(const char *key, const char *value)
{
	struct store store;
	char dir[PATH_MAX];

	ASSERT_EQ(home_path(dir, state, HOME_LIGHTHOUSE, "", NULL), 0);
	ASSERT_EQ(lighthouse_store_open(&store, dir, NULL), 0);
	ASSERT_EQ(setting_set(&store.settings, lighthouse_settings, key, value, NULL), 0);
	store_close(&store);
}

static int
run(void *arg, struct ready *ready, struct err *err)
{
	struct lighthouse_options o = { .state = state };

	(void)arg;
	return lighthouse_run(&o, ready, err);
}

static uint16_t
start(void)
{
	char value[16];
	struct err err = { 0 };
	uint16_t port = free_port();
	int rc;

	snprintf(value, sizeof(value), "%u", port);
	set("listen", value);
	/* It is nobody's child; so it becomes ours, and its exit status is seen. */
	ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	rc = daemon_start(run, NULL, &err);
	if (rc < 0)
		test_fail(__FILE__, __LINE__, "started: %s", err.text);
	return port;
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

static int
dial(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char path[PATH_MAX];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ASSERT_EQ(home_path(path, state, HOME_LIGHTHOUSE, HOME_SOCKET, NULL), 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%.100s", path);
	ASSERT_EQ(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Stops it, and waits as a command does: for the connection to close. */
static void
stop(int fd)
{
	char c;
	int status;

	ASSERT(strstr(ask(fd, "{\"v\":1,\"id\":9,\"verb\":\"stop\"}\n"), "\"name\":\"unit-test-lh\""));
	ASSERT_EQ(recv(fd, &c, 1, 0), 0);
	close(fd);
	ASSERT(waitpid(-1, &status, 0) > 0);
	ASSERT(WIFEXITED(status));
	ASSERT_EQ(WEXITSTATUS(status), 0);
}

TEST(a_lighthouse_starts_answers_and_stops_and_can_start_again)
{
	const char *status;
	uint16_t port;
	char want[32];
	int fd;

	write_bundle("unit-test-lh", CERT_LIGHTHOUSE | CERT_RELAY);
	for (int i = 0; i < 2; i++) {
		port = start();
		fd = dial();
		status = ask(fd, "{\"v\":1,\"id\":1,\"verb\":\"status\"}\n");
		ASSERT(strstr(status, "\"role\":\"lighthouse\""));
		ASSERT(strstr(status, "\"10.87.0.1/16\""));
		snprintf(want, sizeof(want), "\"0.0.0.0:%u\"", port);
		ASSERT(strstr(status, want));
		ASSERT(strstr(ask(fd, "{\"v\":1,\"id\":2,\"verb\":\"peers\"}\n"), "\"peers\":[]"));
		ASSERT(strstr(ask(fd, "{\"v\":1,\"id\":3,\"verb\":\"peer\",\"args\":{\"name\":\"x\"}}\n"),
		    "\"code\":1"));
		stop(fd);
	}
}

TEST(settings_are_kept_and_a_new_certificate_is_taken_while_it_runs)
{
	int fd;

	write_bundle("unit-test-lh", CERT_LIGHTHOUSE);
	start();
	fd = dial();
	ASSERT(strstr(ask(fd, "{\"v\":1,\"id\":1,\"verb\":\"set\",\"args\":{\"key\":\"stun\","
	    "\"value\":\"yes\"}}\n"), "\"value\":\"yes\",\"set\":true"));
	ASSERT(strstr(ask(fd, "{\"v\":1,\"id\":2,\"verb\":\"set\",\"args\":{\"key\":\"stun\","
	    "\"value\":\"often\"}}\n"), "\"code\":2"));
	write_bundle("unit-test-lh", CERT_LIGHTHOUSE | CERT_RELAY);
	ASSERT(strstr(ask(fd, "{\"v\":1,\"id\":3,\"verb\":\"reload\"}\n"), "\"name\":\"unit-test-lh\""));
	stop(fd);
	start();
	fd = dial();
	ASSERT(strstr(ask(fd, "{\"v\":1,\"id\":4,\"verb\":\"status\"}\n"), "\"stun\":true"));
	stop(fd);
}

TEST(how_many_members_it_serves_is_set_within_bounds)
{
	struct store store;
	char dir[PATH_MAX];

	ASSERT_EQ(home_make(state, HOME_LIGHTHOUSE, NULL), 0);
	ASSERT_EQ(home_path(dir, state, HOME_LIGHTHOUSE, "", NULL), 0);
	ASSERT_EQ(lighthouse_store_open(&store, dir, NULL), 0);
	ASSERT_EQ(lighthouse_store_clients(&store), 65536);
	ASSERT_EQ(setting_set(&store.settings, lighthouse_settings, "clients", "100000", NULL), 0);
	ASSERT_EQ(lighthouse_store_clients(&store), 100000);
	ASSERT_EQ(setting_set(&store.settings, lighthouse_settings, "clients", "15", NULL), -EINVAL);
	ASSERT_EQ(setting_set(&store.settings, lighthouse_settings, "clients", "many", NULL), -EINVAL);
	ASSERT_EQ(lighthouse_store_clients(&store), 100000);
	ASSERT_EQ(setting_unset(&store.settings, lighthouse_settings, "clients", NULL), 0);
	store_close(&store);
}

TEST(noise_from_the_network_is_counted_and_not_answered)
{
	struct udp_out out = { (const uint8_t *)"garbage", 7, { 0 } };
	struct packet packets[UDP_BATCH];
	struct udp u;
	uint16_t port;
	int fd;

	write_bundle("unit-test-lh", CERT_LIGHTHOUSE);
	port = start();
	ASSERT_EQ(addr_parse(&out.to, "127.0.0.1", port), 0);
	ASSERT_EQ(udp_open(&u, FAMILY_V4, 0, NULL, 0, NULL), 0);
	for (int i = 0; i < 100; i++)
		udp_send(&u, &out, 1);
	fd = dial();
	ASSERT(strstr(ask(fd, "{\"v\":1,\"id\":1,\"verb\":\"status\"}\n"), "\"sessions\":0"));
	ASSERT_EQ(udp_receive(&u, packets), 0);
	udp_close(&u);
	stop(fd);
}

TEST(what_keeps_it_from_starting_is_said_to_who_started_it)
{
	struct err err = { 0 };
	struct udp taken;
	char value[16], path[PATH_MAX];

	write_bundle("unit-test-lh", CERT_RELAY);
	ASSERT_EQ(daemon_start(run, NULL, &err), ERR_DENIED);
	ASSERT(strstr(err.text, "--lighthouse"));

	write_bundle("unit-test-lh", CERT_LIGHTHOUSE);
	ASSERT_EQ(udp_open(&taken, FAMILY_V4, 0, NULL, 0, NULL), 0);
	snprintf(value, sizeof(value), "%u", taken.port);
	set("listen", value);
	ASSERT_EQ(daemon_start(run, NULL, &err), -EADDRINUSE);
	ASSERT(strstr(err.text, value));
	udp_close(&taken);

	ASSERT_EQ(home_path(path, state, HOME_LIGHTHOUSE, HOME_BUNDLE, NULL), 0);
	ASSERT_EQ(unlink(path), 0);
	ASSERT_EQ(daemon_start(run, NULL, &err), -ENOENT);
	ASSERT(strstr(err.text, "has not joined"));
	while (waitpid(-1, NULL, 0) > 0)
		;
}
