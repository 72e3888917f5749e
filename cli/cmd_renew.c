/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_renew.c - asks for this host's next certificate now, instead of in time.
 */
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/talk.h"
#include "core/text.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* How long an authority that is there may take, over a lighthouse. */
#define RENEW_PATIENCE_MS 15000
#define RENEW_LOOK_MS	  200
/* That it waits, or that there is trouble, may change as the next lighthouse is asked. */
#define RENEW_SETTLED_MS  3000

/* The daemon's status until there is another certificate, or no hope for one now. */
struct await {
	struct context *c;
	json_int_t had;	 /* serial */
	json_t *status;
	struct err why;
	int result;	 /* of asking the daemon */
};

static bool
is_hopeless(const json_t *status)
{
	const char *phase =
	    json_string_value(json_object_get(json_object_get(status, "renewal"), "phase"));

	return phase != NULL && (strcmp(phase, "waiting") == 0 || strcmp(phase, "trouble") == 0 ||
				    strcmp(phase, "over") == 0);
}

static json_int_t
serial_of(const json_t *status)
{
	return json_integer_value(json_object_get(status, "serial"));
}

/* 1 when it has come, 0 when it has not, negative when the daemon does not say. */
static int
await_certificate(void *arg)
{
	static const struct timespec pause = { .tv_nsec = RENEW_LOOK_MS * 1000000L };
	struct await *w = arg;
	int settled = 0;

	for (int ms = 0; ms < RENEW_PATIENCE_MS && settled < RENEW_SETTLED_MS; ms += RENEW_LOOK_MS) {
		nanosleep(&pause, NULL);
		if (interrupt_seen())
			return err_set(&w->why, -EINTR, "interrupted");
		json_decref(w->status);
		w->status = NULL;
		w->result = talk_call(w->c, "status", NULL, &w->status, &w->why);
		if (w->result != 0)
			return -EIO;
		if (serial_of(w->status) != w->had)
			return 1;
		settled = is_hopeless(w->status) ? settled + RENEW_LOOK_MS : 0;
	}
	return 0;
}

static int
tell_renewed(struct context *c, const json_t *status)
{
	char name[64], until[32];

	output_escape(name, sizeof(name), json_string_value(json_object_get(status, "name")));
	output_say(&c->out, "%s has a new certificate, serial %lld, valid until %s", name,
	    (long long)serial_of(status),
	    text_format_time(until,
		(uint64_t)json_integer_value(json_object_get(status, "expires"))));
	return EXIT_DONE;
}

static int
tell_waiting(const json_t *status, struct err *e)
{
	const json_t *renewal = json_object_get(status, "renewal");
	char text[128];

	output_escape(text, sizeof(text), json_string_value(json_object_get(renewal, "text")));
	return err_set(e, EXIT_NO, "no new certificate yet: %s. It is taken as soon as it is there; "
	    "Next: mpynet status", text);
}

/* A person at the authority may want to compare them before anything comes of it. */
static void
tell_words(struct context *c, const json_t *asked)
{
	const char *words = json_string_value(json_object_get(asked, "key_words"));
	char text[256];

	if (words != NULL)
		output_say(&c->out, "The new key in words: %s",
		    output_escape(text, sizeof(text), words));
}

/* Until the certificate is there, or it is clear that it will not be for now. */
static int
follow(struct context *c, const json_t *asked, struct err *e)
{
	struct await w = { .c = c, .had = serial_of(asked) };
	int r = progress_while("asking the authority", await_certificate, &w);

	if (r < 0) {
		*e = w.why;
		r = w.result != 0 ? w.result : r;
	} else {
		if (c->out.format != OUTPUT_PEOPLE)
			show_status(c, w.status);
		r = r == 1 ? tell_renewed(c, w.status) : tell_waiting(w.status, e);
	}
	json_decref(w.status);
	return r;
}

int
cmd_renew(struct context *c, const struct args *a, struct err *e)
{
	bool rekey = arg(a, "--rekey") != NULL, offline = arg(a, "--offline") != NULL;
	json_t *body;
	int r;

	if (offline && !rekey)
		return err_set(e, -EINVAL, "--offline is for --rekey: a renewal without a new key "
		    "needs no person");
	if (offline)
		return rekey_by_hand(c, e);
	r = talk_call(c, "renew", rekey ? json_pack("{s:b}", "rekey", true) : NULL, &body, e);
	if (rekey && r == -ECONNREFUSED)
		return rekey_by_hand(c, e);
	if (r != 0)
		return r;
	tell_words(c, body);
	r = follow(c, body, e);
	json_decref(body);
	return r;
}
