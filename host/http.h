/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http.h - one HTTP exchange with somebody who is not trusted.
 *
 * For the web server in a router, which may be anything: an answer is bounded in bytes and time
 * however slowly it drips, redirects are not followed, and names are not looked up. It blocks until
 * its deadline at most, and so belongs on libuv's thread pool.
 */
#ifndef HOST_HTTP_H
#define HOST_HTTP_H

#include "core/addr.h"

/* Of a whole answer, head and body. */
#define HTTP_ANSWER_MAX 65536
#define HTTP_PATH_MAX	256

struct http_url {
	struct addr at;
	char path[HTTP_PATH_MAX]; /* begins with a slash; no space and no control character */
};

/*
 * "http://192.168.1.1:5000/desc.xml": the host is an address, the port 80 if it is left out. A text
 * without a scheme is a path on the host of `base` (which may be NULL). 0, or ERR_FORMAT.
 */
int http_url_parse(struct http_url *ret, const char *text, const struct http_url *base) must_check;

struct http_answer {
	int status;		/* 200, ... */
	const char *body;	/* in `bytes`, NUL-terminated */
	size_t len;
	char bytes[HTTP_ANSWER_MAX + 1];
};

/*
 * Sends one request, and fills `ret` with the answer that was whole by `deadline` (clock_now().mono).
 * `headers` are whole lines with \r\n, or empty; a `body` that is not NULL makes it a POST. 0;
 * -ETIMEDOUT, another -errno, ERR_FULL for an answer that is too long, ERR_FORMAT for no HTTP.
 */
int http_exchange(const struct http_url *url, const char *headers, const char *body,
    usec_t deadline, struct http_answer *ret) must_check;

/*
 * Finds the value of a header in the head of a message, NUL-terminated: copied to `to` without
 * spaces around it. 0, or ERR_UNKNOWN when there is none, or it is longer than `cap` - 1.
 */
int http_header(char *to, size_t cap, const char *message, const char *name) must_check;

#endif
