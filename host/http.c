/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http.c - one HTTP exchange with somebody who is not trusted (RFC 9112, what of it is needed).
 */
#include "host/http.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "host/loop.h"
#include "host/sockaddr.h"

#define REQUEST_MAX 4096

static const char scheme[] = "http://";

/* Nothing that could end a line of the request. */
static int
take_path(struct http_url *ret, const char *path)
{
	size_t len = strlen(path);

	if (len == 0)
		path = "/", len = 1;
	if (path[0] != '/' || len >= sizeof(ret->path))
		return ERR_FORMAT;
	for (size_t i = 0; i < len; i++) {
		if (path[i] <= ' ' || path[i] > '~')
			return ERR_FORMAT;
	}
	memcpy(ret->path, path, len + 1);
	return 0;
}

int
http_url_parse(struct http_url *ret, const char *text, const struct http_url *base)
{
	struct http_url url = { 0 };
	char host[ADDR_TEXT_MAX];
	size_t len;

	if (strncasecmp(text, scheme, strlen(scheme)) != 0) {
		if (!base || strstr(text, "://") || take_path(&url, text) < 0)
			return ERR_FORMAT;
		url.at = base->at;
		*ret = url;
		return 0;
	}
	text += strlen(scheme);
	len = strcspn(text, "/");
	if (len >= sizeof(host))
		return ERR_FORMAT;
	memcpy(host, text, len);
	host[len] = '\0';
	if (addr_parse(&url.at, host, 80) < 0 || take_path(&url, text + len) < 0)
		return ERR_FORMAT;
	*ret = url;
	return 0;
}

/* Waits until `fd` is ready for `events`. 0, or -ETIMEDOUT. */
static int
wait_for(int fd, short events, usec_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	usec_t now = clock_now().mono;
	int n;

	if (now >= deadline)
		return -ETIMEDOUT;
	n = poll(&p, 1, (int)((deadline - now + USEC_PER_MS - 1) / USEC_PER_MS));
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

static int
connect_to(int fd, const struct addr *at, usec_t deadline)
{
	struct sockaddr_storage to;
	socklen_t len = addr_to_sockaddr(&to, at);
	int failed = 0, rc;
	socklen_t size = sizeof(failed);

	if (connect(fd, (struct sockaddr *)&to, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	rc = wait_for(fd, POLLOUT, deadline);
	if (rc == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) < 0)
		rc = -errno;
	return rc < 0 ? rc : -failed;
}

static int
send_all(int fd, const char *p, size_t len, usec_t deadline)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
		int rc;

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		rc = wait_for(fd, POLLOUT, deadline);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int
http_header(char *to, size_t cap, const char *message, const char *name)
{
	const char *line = message, *end;

	while ((end = strstr(line, "\r\n")) != NULL && end != line) {
		size_t len = strlen(name);

		if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
			line += len + 1;
			line += strspn(line, " \t");
			while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
				end--;
			len = (size_t)(end - line);
			if (len >= cap)
				return ERR_UNKNOWN;
			memcpy(to, line, len);
			to[len] = '\0';
			return 0;
		}
		line = end + 2;
	}
	return ERR_UNKNOWN;
}

/*
 * Takes the framing of chunks out of `body`, in place. Returns the length, ERR_SHORT when there is
 * more to come, or ERR_FORMAT.
 */
static int
join_chunks(char *body, size_t len)
{
	size_t at = 0, joined = 0;

	for (;;) {
		const char *eol = memmem(body + at, len - at, "\r\n", 2);
		unsigned long size;
		char *end;

		if (!eol)
			return ERR_SHORT;
		size = strtoul(body + at, &end, 16);
		if (end == body + at || size > HTTP_ANSWER_MAX)
			return ERR_FORMAT;
		at = (size_t)(eol - body) + 2;
		if (size == 0)
			break;
		if (len - at < size + 2)
			return ERR_SHORT;
		memmove(body + joined, body + at, size);
		joined += size;
		at += size + 2;
	}
	body[joined] = '\0';
	return (int)joined;
}

/* Is the chunked body whole? Judged on a copy, since joining destroys it. */
static bool
chunks_end(const char *body, size_t len)
{
	return len >= 5 && memmem(body, len, "0\r\n", 3) != NULL &&
	    memcmp(body + len - 4, "\r\n\r\n", 4) == 0;
}

/* Is the message in `a` whole, as far as its head says? */
static bool
is_whole(const struct http_answer *a, size_t len)
{
	const char *head_end = strstr(a->bytes, "\r\n\r\n");
	char value[32];
	size_t have;

	if (!head_end)
		return false;
	have = len - (size_t)(head_end + 4 - a->bytes);
	if (http_header(value, sizeof(value), a->bytes, "Transfer-Encoding") == 0)
		return chunks_end(head_end + 4, have);
	return http_header(value, sizeof(value), a->bytes, "Content-Length") == 0 &&
	    have >= strtoul(value, NULL, 10);
}

static int
receive(int fd, usec_t deadline, struct http_answer *a, size_t *ret)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = recv(fd, a->bytes + len, HTTP_ANSWER_MAX - len, 0);
		int rc;

		if (n > 0) {
			len += (size_t)n;
			a->bytes[len] = '\0';
			if (is_whole(a, len))
				break;
			if (len == HTTP_ANSWER_MAX)
				return ERR_FULL;
			continue;
		}
		if (n == 0)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		rc = wait_for(fd, POLLIN, deadline);
		if (rc < 0)
			return rc;
	}
	*ret = len;
	return 0;
}

/* "HTTP/1.1 200 OK", and what follows the head. */
static int
take_apart(struct http_answer *a, size_t len)
{
	char *body = strstr(a->bytes, "\r\n\r\n");
	char value[32];
	int n;

	if (!body || strlen(a->bytes) != len ||
	    sscanf(a->bytes, "HTTP/1.%*1[01] %3d", &a->status) != 1)
		return ERR_FORMAT;
	body += 4;
	a->body = body;
	a->len = len - (size_t)(body - a->bytes);
	if (http_header(value, sizeof(value), a->bytes, "Transfer-Encoding") == 0) {
		n = strcasecmp(value, "chunked") == 0 ? join_chunks(body, a->len) : ERR_FORMAT;
		if (n < 0)
			return ERR_FORMAT;
		a->len = (size_t)n;
	}
	return 0;
}

static int
format_request(char to[static REQUEST_MAX], const struct http_url *url, const char *headers,
    const char *body)
{
	char host[ADDR_TEXT_MAX];
	int n = snprintf(to, REQUEST_MAX,
	    "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nUser-Agent: mpynet UPnP/1.1\r\n"
	    "%sContent-Length: %zu\r\n\r\n%s", body ? "POST" : "GET", url->path,
	    addr_format(host, &url->at), headers, body ? strlen(body) : 0, body ? body : "");

	return n >= REQUEST_MAX ? ERR_FULL : n;
}

int
http_exchange(const struct http_url *url, const char *headers, const char *body, usec_t deadline,
    struct http_answer *ret)
{
	char request[REQUEST_MAX];
	int family = url->at.family == FAMILY_V6 ? AF_INET6 : AF_INET;
	int n = format_request(request, url, headers, body);
	size_t len = 0;
	int fd, rc;

	if (n < 0)
		return n;
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = connect_to(fd, &url->at, deadline);
	if (rc == 0)
		rc = send_all(fd, request, (size_t)n, deadline);
	if (rc == 0)
		rc = receive(fd, deadline, ret, &len);
	close(fd);
	return rc < 0 ? rc : take_apart(ret, len);
}
