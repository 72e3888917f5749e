/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * daemons.h - a daemon that a test starts as a process of its own, and speaks to by its socket.
 */
#ifndef TESTS_UNIT_DAEMONS_H
#define TESTS_UNIT_DAEMONS_H

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "core/bundle.h"
#include "host/daemon.h"
#include "host/file.h"
#include "host/home.h"
#include "host/loop.h"
#include "tests/unit/certs.h"

/*
 * Writes the bundle of a host to the state, as if it had joined: called `name`, with these flags, in
 * a network that is new each time, valid today.
 */
static inline void
daemon_bundle(const char *state, enum home_role role, const char *name, const char *address,
    uint32_t flags)
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
	host = certs_host(&root, name, address, 2);
	host.cert.not_before = today - 60;
	host.cert.not_after = today + CERTS_DAY * 30;
	host.cert.flags = flags;
	certs_sign_host(&host, &root);
	memcpy(b.host.bytes, host.bytes, host.len);
	b.host.len = (uint16_t)host.len;
	memcpy(b.key, host.secret, sizeof(b.key));
	memcpy(b.cas[0].bytes, root.bytes, root.len);
	b.cas[0].len = (uint16_t)root.len;
	len = bundle_write(text, sizeof(text), &b);
	ASSERT(len > 0);
	ASSERT_EQ(home_make(state, role, NULL), 0);
	ASSERT_EQ(home_path(path, state, role, HOME_BUNDLE, NULL), 0);
	ASSERT_EQ(file_replace(path, 0600, text, (size_t)len, NULL), 0);
}

/* Starts it; `arg` is handed to `run`. */
static inline void
daemon_begin(int (*run)(void *arg, struct ready *ready, struct err *err), void *arg)
{
	struct err err = { 0 };

	/* It is nobody's child; so it becomes ours, and its exit status is seen. */
	ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	if (daemon_start(run, arg, &err) < 0)
		test_fail(__FILE__, __LINE__, "started: %s", err.text);
}

/* A connection to the daemon of this role. */
static inline int
daemon_dial(const char *state, enum home_role role)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char path[PATH_MAX];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ASSERT_EQ(home_path(path, state, role, HOME_SOCKET, NULL), 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%.100s", path);
	ASSERT_EQ(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* One request to the daemon; the line that it answers. */
static inline const char *
daemon_ask(int fd, const char *request)
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

/* One that was started ends, well or not. */
static inline void
daemon_await(bool well)
{
	int status;

	ASSERT(waitpid(-1, &status, 0) > 0);
	ASSERT(WIFEXITED(status));
	if ((WEXITSTATUS(status) == 0) != well)
		test_fail(__FILE__, __LINE__, "ended with %d", WEXITSTATUS(status));
}

/* Stops it, and waits as a command does: for the connection to close. What it answered. */
static inline const char *
daemon_end(int fd)
{
	const char *answer = daemon_ask(fd, "{\"v\":1,\"id\":9,\"verb\":\"stop\"}\n");
	char c;

	ASSERT_EQ(recv(fd, &c, 1, 0), 0);
	close(fd);
	daemon_await(true);
	return answer;
}

#endif
