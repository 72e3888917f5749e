/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runner.c - a program of a run.
 */
#include "cli/runner.h"

#include "cli/run_screen.h"
#include "cli/spawn.h"
#include "host/file.h"
#include "host/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Streams
 */

/* "2026-01-01T12:00:00.123Z " before a line. */
static void
stamp(FILE *to)
{
	usec_t now = clock_now().wall;
	time_t seconds = (time_t)(now / USEC_PER_SEC);
	struct tm tm;
	char text[32];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(to, "%s.%03uZ ", text, (unsigned)(now / USEC_PER_MS % 1000));
}

static void
log_byte(struct runner_stream *s, char c)
{
	if (s->log == NULL)
		return;
	if (!s->midline)
		stamp(s->log);
	s->midline = c != '\n';
	putc(c, s->log);
}

/* Remembers the line that is being written; what has a beginning is enough. */
static void
note_byte(struct runner_stream *s, char c)
{
	if (c != '\n') {
		if (s->have < sizeof(s->line) - 1)
			s->line[s->have++] = c < ' ' || c > '~' ? '?' : c;
		return;
	}
	s->line[s->have] = '\0';
	if (strspn(s->line, " ") < s->have)
		memcpy(s->last, s->line, s->have + 1);
	s->have = 0;
}

void
runner_pump(struct runner_stream *s)
{
	char bytes[4096];
	ssize_t n = read(s->from, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close(s->from);
		s->from = -1;
		return;
	}
	if (s->sink.take == NULL || !s->sink.take(s->sink.ctx, s->to, bytes, (size_t)n))
		screen_put(s->to, bytes, (size_t)n);
	for (ssize_t i = 0; i < n; i++) {
		log_byte(s, bytes[i]);
		note_byte(s, bytes[i]);
	}
	if (s->log != NULL)
		fflush(s->log);
}

static void
close_stream(struct runner_stream *s)
{
	if (s->from >= 0)
		close(s->from);
	if (s->log != NULL)
		fclose(s->log);
	s->from = -1;
	s->log = NULL;
}

/* Its pipe: the end that the program gets, or negative. */
static int
open_stream(struct runner_stream *s, int to, struct runner_sink sink, const char *dir,
    const char *name, struct err *e)
{
	char path[PATH_MAX];
	int ends[2], fd;

	*s = (struct runner_stream){ .from = -1, .to = to, .sink = sink };
	if (dir[0] != '\0') {
		if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
			return err_set(e, -ENAMETOOLONG, "%s: the name is too long", dir);
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return err_set(e, -errno, "%s: %s", path, err_phrase(-errno));
		s->log = fdopen(fd, "a");
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, -errno, "cannot make a pipe: %s", err_phrase(-errno));
	s->from = ends[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[1];
}

/*
 * The program
 */

int
runner_start(struct runner *r, char *const *argv, pid_t holder, const char *dir, struct err *e)
{
	struct spawn s = { argv, holder, -1, -1 };
	int rc = dir[0] != '\0' ? dir_make(dir, 0700, e) : 0;

	*r = (struct runner){ .out.from = -1, .err.from = -1, .sink = r->sink };
	if (rc == 0)
		rc = s.out = open_stream(&r->out, STDOUT_FILENO, r->sink, dir, "out.log", e);
	if (rc >= 0)
		rc = s.err = open_stream(&r->err, STDERR_FILENO, r->sink, dir, "err.log", e);
	if (rc >= 0)
		rc = r->pid = spawn_start(&s, e);
	if (s.out >= 0)
		close(s.out);
	if (s.err >= 0)
		close(s.err);
	if (rc >= 0)
		return 0;
	r->pid = 0;
	runner_close(r);
	return rc;
}

int
runner_dir(char to[static PATH_MAX], const char *given, const char *state, const char *study,
    const char *hash, struct err *e)
{
	time_t now = (time_t)(clock_now().wall / USEC_PER_SEC);
	char time[24];
	struct tm tm;
	int n;

	gmtime_r(&now, &tm);
	strftime(time, sizeof(time), "%Y%m%dT%H%M%SZ", &tm);
	n = given != NULL ? snprintf(to, PATH_MAX, "%s", given) :
	    snprintf(to, PATH_MAX, "%s/runs/%s-%.8s/%s", state, study, hash, time);
	if (n >= PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "the name for the logs is too long");
	return dir_make(to, 0700, e);
}

static int
code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool
runner_is_over(struct runner *r)
{
	int status;

	if (r->pid == 0 || waitpid(r->pid, &status, WNOHANG) != r->pid)
		return false;
	/* What it left behind in its group ends with it, and so do the pipes. */
	kill(-r->pid, SIGKILL);
	r->pid = 0;
	r->status = code_of(status);
	for (int i = 0; i < 64 && r->out.from >= 0; i++)
		runner_pump(&r->out);
	for (int i = 0; i < 64 && r->err.from >= 0; i++)
		runner_pump(&r->err);
	return true;
}

void
runner_stop(struct runner *r, usec_t now)
{
	if (r->pid == 0 || r->kill_at != 0)
		return;
	kill(-r->pid, SIGTERM);
	r->kill_at = now + RUNNER_GRACE;
}

void
runner_tick(struct runner *r, usec_t now)
{
	if (r->pid != 0 && r->kill_at != 0 && now >= r->kill_at)
		kill(-r->pid, SIGKILL);
}

const char *
runner_last_words(const struct runner *r)
{
	return r->err.last[0] != '\0' ? r->err.last : r->out.last;
}

void
runner_close(struct runner *r)
{
	if (r->pid != 0) {
		kill(-r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	r->pid = 0;
	close_stream(&r->out);
	close_stream(&r->err);
}
