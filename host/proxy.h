/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * proxy.h - how a proxy is asked to connect us to somebody (HTTP CONNECT, RFC 9110 9.3.6).
 *
 * Text in and out, and no socket: which proxy serves for whom, the request, and what it answers.
 */
#ifndef HOST_PROXY_H
#define HOST_PROXY_H

#include "core/base.h"
#include "core/err.h"

#define PROXY_HOST_MAX	   256
#define PROXY_USER_MAX	   256 /* "user:password" */
#define PROXY_REQUEST_MAX  1536
#define PROXY_ANSWER_MAX   8192 /* of head and fields; a longer one is no answer */

struct proxy {
	char host[PROXY_HOST_MAX]; /* empty: none */
	uint16_t port;
	char user[PROXY_USER_MAX]; /* "user:password", or empty */
};

/*
 * "http://[USER:PASSWORD@]HOST[:PORT]", the scheme may be left out, the port is else 80; percent
 * encoding in user and password is taken back. 0, or -EINVAL with a sentence: no proxy is spoken to
 * by TLS.
 */
int proxy_parse(struct proxy *ret, const char *text, struct err *err) must_check;

/*
 * The proxy for `host`: `setting` if it is not empty ("none": no proxy), else what the environment
 * says (https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY), unless no_proxy or NO_PROXY has the host,
 * a domain that it lies in, or "*". 0 with ret->host empty where there is none; -EINVAL.
 */
int proxy_for(struct proxy *ret, const char *setting, const char *host, struct err *err) must_check;

/* What is sent to be connected to `host`, a name or an address without brackets. Its length. */
size_t proxy_request(char to[static PROXY_REQUEST_MAX], const struct proxy *p, const char *host,
    uint16_t port);

/* Its answer, of which only the first line and the end of the head matter. Zeroed at the start. */
struct proxy_answer {
	char line[128]; /* the first, cut off */
	uint32_t have;  /* bytes of the head so far */
	uint32_t line_len;
	uint8_t ending; /* of "\r\n\r\n" or "\n\n" so far */
	bool line_over;
	bool over;
	unsigned status; /* once it is over */
};

/*
 * Takes bytes until the head is over, and how many. ERR_FORMAT when it is no HTTP answer or too
 * long.
 */
int proxy_answer_take(struct proxy_answer *a, const char *p, size_t len) must_check;

/* A phrase for a status that is no success. */
const char *proxy_phrase(unsigned status);

#endif
