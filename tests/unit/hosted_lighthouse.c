/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shell of a lighthouse, from its bundle to its end, as a process of its own on loopback.
 */
#include "lighthouse/run.h"

#include "host/udp.h"
#include "lighthouse/store.h"
#include "tests/unit/daemons.h"
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

static void
write_bundle(uint32_t flags)
{
	daemon_bundle(state, HOME_LIGHTHOUSE, "unit-test-lh", "10.87.0.1/32", flags);
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
	uint16_t port = free_port();

	snprintf(value, sizeof(value), "%u", port);
	set("listen", value);
	daemon_begin(run, NULL);
	return port;
}

static void
stop(int fd)
{
	ASSERT(strstr(daemon_end(fd), "\"name\":\"unit-test-lh\""));
}

TEST(a_lighthouse_starts_answers_and_stops_and_can_start_again)
{
	const char *status;
	uint16_t port;
	char want[32];
	int fd;

	write_bundle(CERT_LIGHTHOUSE | CERT_RELAY);
	for (int i = 0; i < 2; i++) {
		port = start();
		fd = daemon_dial(state, HOME_LIGHTHOUSE);
		status = daemon_ask(fd, "{\"v\":1,\"id\":1,\"verb\":\"status\"}\n");
		ASSERT(strstr(status, "\"role\":\"lighthouse\""));
		ASSERT(strstr(status, "\"10.87.0.1/16\""));
		snprintf(want, sizeof(want), "\"0.0.0.0:%u\"", port);
		ASSERT(strstr(status, want));
		ASSERT(strstr(daemon_ask(fd, "{\"v\":1,\"id\":2,\"verb\":\"peers\"}\n"), "\"peers\":[]"));
		ASSERT(strstr(daemon_ask(fd, "{\"v\":1,\"id\":3,\"verb\":\"peer\",\"args\":{\"name\":\"x\"}}\n"),
		    "\"code\":1"));
		stop(fd);
	}
}

TEST(settings_are_kept_and_a_new_certificate_is_taken_while_it_runs)
{
	int fd;

	write_bundle(CERT_LIGHTHOUSE);
	start();
	fd = daemon_dial(state, HOME_LIGHTHOUSE);
	ASSERT(strstr(daemon_ask(fd, "{\"v\":1,\"id\":1,\"verb\":\"set\",\"args\":{\"key\":\"stun\","
	    "\"value\":\"yes\"}}\n"), "\"value\":\"yes\",\"set\":true"));
	ASSERT(strstr(daemon_ask(fd, "{\"v\":1,\"id\":2,\"verb\":\"set\",\"args\":{\"key\":\"stun\","
	    "\"value\":\"often\"}}\n"), "\"code\":2"));
	write_bundle(CERT_LIGHTHOUSE | CERT_RELAY);
	ASSERT(strstr(daemon_ask(fd, "{\"v\":1,\"id\":3,\"verb\":\"reload\"}\n"), "\"name\":\"unit-test-lh\""));
	stop(fd);
	start();
	fd = daemon_dial(state, HOME_LIGHTHOUSE);
	ASSERT(strstr(daemon_ask(fd, "{\"v\":1,\"id\":4,\"verb\":\"status\"}\n"), "\"stun\":true"));
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

	write_bundle(CERT_LIGHTHOUSE);
	port = start();
	ASSERT_EQ(addr_parse(&out.to, "127.0.0.1", port), 0);
	ASSERT_EQ(udp_open(&u, FAMILY_V4, 0, NULL, 0, NULL), 0);
	for (int i = 0; i < 100; i++)
		udp_send(&u, &out, 1);
	fd = daemon_dial(state, HOME_LIGHTHOUSE);
	ASSERT(strstr(daemon_ask(fd, "{\"v\":1,\"id\":1,\"verb\":\"status\"}\n"), "\"sessions\":0"));
	ASSERT_EQ(udp_receive(&u, packets), 0);
	udp_close(&u);
	stop(fd);
}

TEST(what_keeps_it_from_starting_is_said_to_who_started_it)
{
	struct err err = { 0 };
	struct udp taken;
	char value[16], path[PATH_MAX];

	write_bundle(CERT_RELAY);
	ASSERT_EQ(daemon_start(run, NULL, &err), ERR_DENIED);
	ASSERT(strstr(err.text, "--lighthouse"));

	write_bundle(CERT_LIGHTHOUSE);
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
