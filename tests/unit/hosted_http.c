/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_http.c - web servers on the loopback that mean no good, and one that does.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/http.h"
#include "host/igd.h"
#include "host/loop.h"
#include "host/sockaddr.h"
#include "tests/unit/test.h"

/* A server for one connection: says `says` `times` times, `pause` apart. */
static struct server {
	int fd;
	struct http_url url;
	const char *says;
	unsigned times;
	usec_t pause;
	char heard[4096];
	pthread_t thread;
} server;

static struct http_answer answer;

static void *
serve(void *arg)
{
	int fd = accept(server.fd, NULL, NULL);
	ssize_t n = recv(fd, server.heard, sizeof(server.heard) - 1, 0);

	(void)arg;
	server.heard[n > 0 ? n : 0] = '\0';
	for (unsigned i = 0; i < server.times; i++) {
		if (send(fd, server.says, strlen(server.says), MSG_NOSIGNAL) < 0)
			break;
		usleep((useconds_t)server.pause);
	}
	close(fd);
	return NULL;
}

static void
begin(const char *says, unsigned times, usec_t pause)
{
	struct addr at = { .family = FAMILY_V4, .ip = { 127, 0, 0, 1 } };
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&ss, &at);

	server = (struct server){ .says = says, .times = times, .pause = pause };
	server.fd = socket(AF_INET, SOCK_STREAM, 0);
	ASSERT_EQ(bind(server.fd, (struct sockaddr *)&ss, len), 0);
	ASSERT_EQ(listen(server.fd, 1), 0);
	ASSERT_EQ(getsockname(server.fd, (struct sockaddr *)&ss, &len), 0);
	server.url = (struct http_url){ .at = addr_from_sockaddr(&ss), .path = "/desc.xml" };
	ASSERT_EQ(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static int
ask(const char *body, usec_t patience)
{
	int rc = http_exchange(&server.url, body ? "X: y\r\n" : "", body,
	    clock_now().mono + patience, &answer);

	pthread_join(server.thread, NULL);
	close(server.fd);
	return rc;
}

TEST(an_answer_is_taken_apart)
{
	begin("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 1, 0);
	ASSERT_EQ(ask(NULL, USEC_PER_SEC), 0);
	ASSERT_EQ(answer.status, 200);
	ASSERT_EQ(answer.len, 5);
	ASSERT_STR(answer.body, "hello");
	ASSERT(strncmp(server.heard, "GET /desc.xml HTTP/1.1\r\nHost: 127.0.0.1:", 40) == 0);
	begin("HTTP/1.0 500 No\r\n\r\n<errorCode>718</errorCode>", 1, 0);
	ASSERT_EQ(ask("body", USEC_PER_SEC), 0);
	ASSERT_EQ(answer.status, 500);
	ASSERT_STR(answer.body, "<errorCode>718</errorCode>");
	ASSERT(strncmp(server.heard, "POST ", 5) == 0);
	ASSERT(strstr(server.heard, "\r\nX: y\r\nContent-Length: 4\r\n\r\nbody") != NULL);
}

TEST(chunks_are_joined)
{
	begin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	      "5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\n\r\n", 1, 0);
	ASSERT_EQ(ask(NULL, USEC_PER_SEC), 0);
	ASSERT_STR(answer.body, "hello, world");
	ASSERT_EQ(answer.len, 12);
}

TEST(what_is_not_http_is_refused)
{
	static const char *const bad[] = {
		"", "hello", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 OK\r\n\r\n", "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n0\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		begin(bad[i], 1, 0);
		ASSERT_EQ(ask(NULL, USEC_PER_SEC), ERR_FORMAT);
	}
}

TEST(an_answer_that_never_ends_is_cut_off)
{
	begin("HTTP/1.1 200 OK\r\n\r\n0123456789abcdef0123456789abcdef0123456789abcdef", 100000, 0);
	ASSERT_EQ(ask(NULL, 5 * USEC_PER_SEC), ERR_FULL);
}

TEST(an_answer_that_drips_ends_with_our_patience)
{
	usec_t start = clock_now().mono;

	begin("HTTP/1.1 200 OK\r\nX: ", 20, 20 * USEC_PER_MS);
	ASSERT_EQ(ask(NULL, 200 * USEC_PER_MS), -ETIMEDOUT);
	ASSERT(clock_now().mono - start < 2 * USEC_PER_SEC);
}

TEST(a_url_names_a_host_by_its_address)
{
	static const char *const bad[] = {
		"http://router.lan/x", "https://192.168.1.1/x", "192.168.1.1", "", "x",
		"http://192.168.1.1:99999/", "http://192.168.1.1/a b", "http://192.168.1.1/a\r\nb",
		"ftp://192.168.1.1/", "http:///x", "http://[fe80::1/x", "http://u@192.168.1.1/",
	};
	struct http_url url, base;
	struct addr at = { .family = FAMILY_V4, .port = 5000, .ip = { 192, 168, 1, 1 } };

	ASSERT_EQ(http_url_parse(&base, "http://192.168.1.1:5000/desc.xml", NULL), 0);
	ASSERT(addr_equal(&base.at, &at));
	ASSERT_STR(base.path, "/desc.xml");
	ASSERT_EQ(http_url_parse(&url, "http://192.168.1.1", NULL), 0);
	ASSERT_EQ(url.at.port, 80);
	ASSERT_STR(url.path, "/");
	ASSERT_EQ(http_url_parse(&url, "/ctl", &base), 0);
	ASSERT(addr_equal(&url.at, &at));
	ASSERT_STR(url.path, "/ctl");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT(http_url_parse(&url, bad[i], i % 2 == 0 ? NULL : &base) < 0 ||
		    bad[i][0] == '\0');
}

TEST(a_header_is_found_by_its_whole_name)
{
	static const char message[] =
	    "HTTP/1.1 200 OK\r\nX-LOCATION: no\r\nLocation:  http://a/  \r\nST:\r\n\r\nBODY: no\r\n";
	char value[16];

	ASSERT_EQ(http_header(value, sizeof(value), message, "LOCATION"), 0);
	ASSERT_STR(value, "http://a/");
	ASSERT_EQ(http_header(value, sizeof(value), message, "ST"), 0);
	ASSERT_STR(value, "");
	ASSERT_EQ(http_header(value, sizeof(value), message, "BODY"), ERR_UNKNOWN);
	ASSERT_EQ(http_header(value, 9, message, "LOCATION"), ERR_UNKNOWN);
}

TEST(a_description_somewhere_else_is_not_fetched)
{
	struct ip gateway = ip_v4((const uint8_t[]){ 192, 168, 1, 1 });
	struct igd d;

	ASSERT_EQ(igd_describe(&d, gateway, "http://192.168.1.2/x", USEC_NEVER), ERR_DENIED);
	ASSERT_EQ(igd_describe(&d, gateway, "http://[::1]/x", USEC_NEVER), ERR_DENIED);
	gateway = ip_v4((const uint8_t[]){ 198, 51, 100, 1 });
	ASSERT_EQ(igd_describe(&d, gateway, "http://198.51.100.1/x", USEC_NEVER), ERR_DENIED);
}
