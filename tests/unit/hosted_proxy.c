/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/proxy.h"

#include <errno.h>

#include "tests/unit/test.h"

static struct err err;

TEST(proxies_are_read_as_people_write_them)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		const char *user;
	} good[] = {
		{ "http://proxy.example:3128", "proxy.example", 3128, "" },
		{ "proxy.example:3128", "proxy.example", 3128, "" },
		{ "HTTP://proxy.example/", "proxy.example", 80, "" },
		{ "http://192.0.2.1:8080/", "192.0.2.1", 8080, "" },
		{ "http://[2001:db8::1]:8080", "2001:db8::1", 8080, "" },
		{ "http://[2001:db8::1]", "2001:db8::1", 80, "" },
		{ "http://me:pass@proxy:1", "proxy", 1, "me:pass" },
		{ "http://me:p%40ss%3a@proxy:1", "proxy", 1, "me:p@ss:" },
		{ "http://me:p@ss@proxy:1", "proxy", 1, "me:p@ss" },
	};
	static const char *const bad[] = { "", "http://", "https://proxy:443",
		"socks5://proxy:1080", "proxy:", "proxy:0", "proxy:65536", "proxy:99999999",
		"proxy:x", "proxy:80/path", "http://me@proxy", "http://me:%0a@proxy",
		"http://me:%4@proxy", "http://[::1", "[::1]x", "pro xy:80", ":80" };
	struct proxy p;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		ASSERT_EQ(proxy_parse(&p, good[i].text, &err), 0);
		ASSERT_STR(p.host, good[i].host);
		ASSERT_EQ(p.port, good[i].port);
		ASSERT_STR(p.user, good[i].user);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (proxy_parse(&p, bad[i], &err) != -EINVAL || err.text[0] == '\0')
			test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
}

static void
environment(const char *https, const char *all, const char *no)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
		"no_proxy", "NO_PROXY" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	if (https)
		setenv("https_proxy", https, 1);
	if (all)
		setenv("ALL_PROXY", all, 1);
	if (no)
		setenv("NO_PROXY", no, 1);
}

static const char *
chosen(const char *setting, const char *host)
{
	static struct proxy p;

	ASSERT_EQ(proxy_for(&p, setting, host, &err), 0);
	return p.host;
}

TEST(the_setting_comes_before_the_environment)
{
	environment("http://env:1", "http://all:2", NULL);
	ASSERT_STR(chosen("", "lh.example"), "env");
	ASSERT_STR(chosen("http://set:3", "lh.example"), "set");
	ASSERT_STR(chosen("none", "lh.example"), "");
	environment(NULL, "http://all:2", NULL);
	ASSERT_STR(chosen("", "lh.example"), "all");
	environment(NULL, NULL, NULL);
	ASSERT_STR(chosen("", "lh.example"), "");
}

TEST(who_is_excepted_is_connected_to_directly)
{
	environment("http://env:1", NULL, "other.example, .example.org,192.0.2.1");
	ASSERT_STR(chosen("", "lh.example"), "env");
	ASSERT_STR(chosen("", "other.example"), "");
	ASSERT_STR(chosen("", "a.other.example"), "");
	ASSERT_STR(chosen("", "another.example"), "env");
	ASSERT_STR(chosen("", "a.EXAMPLE.org"), "");
	ASSERT_STR(chosen("", "192.0.2.1"), "");
	ASSERT_STR(chosen("", "192.0.2.10"), "env");
	ASSERT_STR(chosen("http://set:3", "192.0.2.1"), "set");
	environment("http://env:1", NULL, "*");
	ASSERT_STR(chosen("", "lh.example"), "");
	environment("ftp://env", NULL, NULL);
	ASSERT_EQ(proxy_for(&(struct proxy){ 0 }, "", "lh", &err), -EINVAL);
	environment(NULL, NULL, NULL);
}

TEST(a_request_names_whom_it_wants_and_who_asks)
{
	struct proxy p = { .host = "proxy", .port = 1 };
	char text[PROXY_REQUEST_MAX];

	ASSERT_EQ(proxy_request(text, &p, "lh.example", 443), strlen(text));
	ASSERT_STR(text, "CONNECT lh.example:443 HTTP/1.1\r\nHost: lh.example:443\r\n\r\n");
	strcpy(p.user, "Aladdin:open sesame"); /* RFC 7617 2 */
	proxy_request(text, &p, "2001:db8::1", 443);
	ASSERT_STR(text, "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n"
	    "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
	memset(p.user, 'x', sizeof(p.user) - 1);
	memset(text, 'h', PROXY_HOST_MAX - 1);
	text[PROXY_HOST_MAX - 1] = '\0';
	ASSERT(proxy_request((char[PROXY_REQUEST_MAX]){ 0 }, &p, text, 65535) <
	    PROXY_REQUEST_MAX);
}

/* The status of an answer that comes in pieces of `piece` bytes; negative when it is none. */
static int
status_of(const char *text, size_t piece, size_t *taken)
{
	struct proxy_answer a = { 0 };
	size_t len = strlen(text);

	*taken = 0;
	while (*taken < len && !a.over) {
		size_t n = len - *taken < piece ? len - *taken : piece;
		int rc = proxy_answer_take(&a, text + *taken, n);

		if (rc < 0)
			return rc;
		*taken += (size_t)rc;
	}
	return a.over ? (int)a.status : 0;
}

TEST(answers_are_understood_however_they_are_cut)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{ "HTTP/1.1 200 Connection established\r\n\r\n", 200 },
		{ "HTTP/1.0 200 OK\r\nVia: x\r\nA: b\r\n\r\n", 200 },
		{ "HTTP/1.1 200\n\n", 200 },
		{ "HTTP/1.1 407 Authenticate\r\nProxy-Authenticate: Basic realm=x\r\n\r\n", 407 },
		{ "HTTP/1.1 200 OK\r\nVia: x\r\n", 0 },
		{ "HTTP/2 200\r\n\r\n", ERR_FORMAT },
		{ "HTTP/1.1 20\r\n\r\n", ERR_FORMAT },
		{ "HTTP/1.1 2000\r\n\r\n", ERR_FORMAT },
		{ "SSH-2.0-x\r\n\r\n", ERR_FORMAT },
		{ "\r\n\r\n", ERR_FORMAT },
	};
	size_t taken;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (size_t piece = 1; piece < 40; piece++)
			ASSERT_EQ(status_of(cases[i].text, piece, &taken), cases[i].status);
	ASSERT_EQ(status_of("HTTP/1.1 200 OK\r\n\r\nrest", 100, &taken), 200);
	ASSERT_EQ(taken, 19); /* what follows is somebody else's */
}

TEST(an_answer_without_end_is_none)
{
	struct proxy_answer a = { 0 };
	int rc = 0;

	for (size_t i = 0; i < 2 * PROXY_ANSWER_MAX && rc >= 0; i++)
		rc = proxy_answer_take(&a, "x", 1);
	ASSERT_EQ(rc, ERR_FORMAT);
	ASSERT(a.have <= PROXY_ANSWER_MAX + 1);
}
