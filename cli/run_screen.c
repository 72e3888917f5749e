/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * run_screen.c - lines that stay at the bottom of a terminal.
 */
#include "cli/run_screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void
screen_init(struct screen *s, int fd)
{
	const char *term = getenv("TERM");
	bool can = isatty(fd) == 1 && term != NULL && strcmp(term, "dumb") != 0;

	memset(s, 0, sizeof(*s));
	s->fd = can ? fd : -1;
}

void
screen_size(const struct screen *s, unsigned *width, unsigned *height)
{
	struct winsize size;
	bool known = s->fd >= 0 && ioctl(s->fd, TIOCGWINSZ, &size) == 0;

	*width = known && size.ws_col > 0 ? size.ws_col : 80;
	*height = known && size.ws_row > 0 ? size.ws_row : 24;
}

void
screen_put(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno != EINTR)
			return; /* whoever read it has gone */
		p += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
}

/* Up to where the block begins, the text, and the block; what was longer before is cleared. */
static void
redraw(struct screen *s, const struct screen_line *above, const char *p, size_t n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	const char *at = s->block, *end;

	if (to == NULL)
		return;
	fputc('\r', to);
	if (s->drawn > 0)
		fprintf(to, "\033[%uA", s->drawn);
	if (above != NULL || n > 0)
		fputs("\033[J", to); /* colours and wrapped lines are the program's own */
	if (above != NULL)
		fwrite(above->bytes, 1, above->have, to);
	if (n > 0)
		fwrite(p, 1, n, to);
	for (s->drawn = 0; (end = strchr(at, '\n')) != NULL; at = end + 1, s->drawn++)
		fprintf(to, "%.*s\033[K\n", (int)(end - at), at);
	fputs("\033[J", to);
	fclose(to);
	screen_put(s->fd, text, len);
	free(text);
}

void
screen_draw(struct screen *s, const char *block)
{
	if (s->fd < 0)
		return;
	(void)snprintf(s->block, sizeof(s->block), "%s", block);
	redraw(s, NULL, NULL, 0);
}

static size_t
whole_lines(const char *p, size_t n)
{
	while (n > 0 && p[n - 1] != '\n')
		n--;
	return n;
}

/* What is left of a line that was begun; one that is too long is ended here. */
static void
keep(struct screen *s, struct screen_line *l, const char *p, size_t n)
{
	while (n > 0) {
		size_t room = sizeof(l->bytes) - l->have, part = n < room ? n : room;

		memcpy(l->bytes + l->have, p, part);
		l->have += part;
		p += part;
		n -= part;
		if (l->have == sizeof(l->bytes)) {
			redraw(s, l, "\n", 1);
			l->have = 0;
		}
	}
}

void
screen_above(struct screen *s, unsigned which, const char *p, size_t n)
{
	struct screen_line *l = &s->line[which % 2];
	size_t whole = whole_lines(p, n);

	if (s->fd < 0)
		return;
	if (whole > 0) {
		redraw(s, l, p, whole);
		l->have = 0;
	}
	keep(s, l, p + whole, n - whole);
}

void
screen_end(struct screen *s)
{
	if (s->fd < 0)
		return;
	s->block[0] = '\0';
	for (unsigned i = 0; i < ARRAY_LEN(s->line); i++) {
		if (s->line[i].have > 0)
			redraw(s, &s->line[i], "\n", 1);
		s->line[i].have = 0;
	}
	redraw(s, NULL, NULL, 0);
	s->fd = -1;
}
