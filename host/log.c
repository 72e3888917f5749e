/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log.c - lines for whoever looks after this machine.
 */
#include "host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A line with its prefix; every foreign byte may become four. */
#define LINE_MAX_BYTES (4 * TRACE_TEXT_MAX + 64)

static const struct {
	const char *word;
	int syslog;		/* RFC 5424 severity */
} levels[] = {
	[TRACE_DEBUG] = { "debug", 7 },
	[TRACE_INFO] = { "info", 6 },
	[TRACE_NOTICE] = { "notice", 5 },
	[TRACE_WARNING] = { "warning", 4 },
};

void
log_to_stderr(struct log *l)
{
	*l = (struct log){
		.fd = STDERR_FILENO,
		/* systemd's promise that stderr is the journal */
		.style = getenv("JOURNAL_STREAM") ? LOG_JOURNAL : LOG_TERMINAL,
		.level = TRACE_INFO,
	};
}

static int
open_file(struct log *l)
{
	struct stat st;
	int fd = open(l->path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	l->fd = fd;
	l->size = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	return 0;
}

int
log_to_file(struct log *l, const char *path, struct err *err)
{
	int rc;

	*l = (struct log){ .fd = -1, .style = LOG_FILE, .level = TRACE_INFO };
	if ((size_t)snprintf(l->path, sizeof(l->path), "%s", path) >= sizeof(l->path))
		return err_set(err, -ENAMETOOLONG, "%s: the name is too long", path);
	rc = open_file(l);
	return rc < 0 ? err_set(err, rc, "%s: cannot be opened: %s", path, err_phrase(rc)) : 0;
}

void
log_close(struct log *l)
{
	if (l->style == LOG_FILE && l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* Puts the full file aside. Where that fails, the old one is written on: better long than mute. */
static void
rotate(struct log *l)
{
	char aside[PATH_MAX + 2];
	int old = l->fd;

	snprintf(aside, sizeof(aside), "%s.1", l->path);
	l->size = 0;
	if (rename(l->path, aside) == 0 && open_file(l) == 0)
		close(old);
}

static size_t
write_prefix(char *to, size_t cap, enum log_style style, enum trace_level level)
{
	struct timespec now;
	struct tm tm;
	size_t n = 0;

	if (style == LOG_JOURNAL)
		return (size_t)snprintf(to, cap, "<%d>", levels[level].syslog);
	if (style == LOG_FILE) {
		clock_gettime(CLOCK_REALTIME, &now);
		gmtime_r(&now.tv_sec, &tm);
		n = strftime(to, cap, "%Y-%m-%dT%H:%M:%S", &tm);
		n += (size_t)snprintf(to + n, cap - n, ".%03ldZ ", now.tv_nsec / 1000000);
	}
	if (style == LOG_FILE || level == TRACE_WARNING || level == TRACE_DEBUG)
		n += (size_t)snprintf(to + n, cap - n, "%s: ", levels[level].word);
	return n;
}

/* Appends `text` with what is not printable ASCII as \xNN. */
static size_t
write_escaped(char *to, size_t cap, const char *text)
{
	size_t n = 0;

	for (; *text && n + 5 < cap; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c < 0x7f)
			to[n++] = (char)c;
		else
			n += (size_t)snprintf(to + n, cap - n, "\\x%02x", c);
	}
	return n;
}

static void
write_line(struct log *l, enum trace_level level, const char *text)
{
	char line[LINE_MAX_BYTES];
	size_t n = write_prefix(line, sizeof(line) - 1, l->style, level);
	ssize_t written;

	n += write_escaped(line + n, sizeof(line) - 1 - n, text);
	line[n++] = '\n';
	/* There is nobody to tell that the log cannot be written. */
	written = write(l->fd, line, n);
	if (written > 0)
		l->size += (uint64_t)written;
	if (l->style == LOG_FILE && l->size >= LOG_FILE_MAX)
		rotate(l);
}

void
log_line(struct log *l, enum trace_level level, const char *fmt, ...)
{
	char text[TRACE_TEXT_MAX];
	va_list ap;

	if (level < l->level || l->fd < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	write_line(l, level, text);
}

/* May one more of this kind be written now? */
static bool
within_limit(struct log_limit *limit, usec_t now)
{
	usec_t from = max_u64(limit->spent_until, now);

	if (from + LOG_EVERY > now + LOG_BURST * LOG_EVERY) {
		limit->left_out++;
		return false;
	}
	limit->spent_until = from + LOG_EVERY;
	return true;
}

void
log_fact(struct log *l, usec_t now, const struct trace_fact *f)
{
	struct log_limit *limit = &l->limits[f->what];
	char text[TRACE_TEXT_MAX];

	if (f->level < l->level || l->fd < 0 || !within_limit(limit, now))
		return;
	trace_format(text, f);
	if (limit->left_out > 0)
		log_line(l, f->level, "%s (and %llu like it before)", text,
		    (unsigned long long)limit->left_out);
	else
		write_line(l, f->level, text);
	limit->left_out = 0;
}
