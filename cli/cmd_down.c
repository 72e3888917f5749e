/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd_down.c - stops and reloads daemons, and forgets a network.
 */
#include "cli/cmd.h"
#include "cli/talk.h"
#include "host/home.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* How long a daemon may take to say goodbye and to clean up. */
#define STOP_PATIENCE_MS 15000

/* What is only worth a sentence to people is still a body to programs. */
static const struct view no_views[] = { { NULL } };

/* Asks to stop, and waits until the daemon has closed the connection: then nothing is left. */
static int
stop(struct talk *t, json_t **ret_body, struct err *e)
{
	bool more;
	int r = talk_ask(t, "stop", NULL, e);

	if (r == 0)
		r = talk_next(t, ret_body, &more, TALK_PATIENCE_MS, e);
	return r != 0 ? r : talk_wait_closed(t, STOP_PATIENCE_MS, e);
}

int
cmd_down(struct context *c, const struct args *a, struct err *e)
{
	json_t *body = NULL;
	struct talk t;
	char name[64];
	int r = talk_open(&t, c, e);

	(void)a;
	if (r < 0)
		return r;
	r = stop(&t, &body, e);
	talk_close(&t);
	if (r == 0) {
		const char *who = json_string_value(json_object_get(body, "name"));

		if (who != NULL)
			talk_sweep(who);
		output_show(&c->out, body, no_views);
		output_say(&c->out, "%s is down",
		    output_escape(name, sizeof(name), who));
	}
	json_decref(body);
	return r;
}

int
cmd_reload(struct context *c, const struct args *a, struct err *e)
{
	char name[64];
	json_t *body;
	int r = talk_call(c, "reload", NULL, &body, e);

	(void)a;
	if (r != 0)
		return r;
	output_escape(name, sizeof(name), json_string_value(json_object_get(body, "name")));
	if (c->out.format != OUTPUT_PEOPLE)
		show_status(c, body);
	output_say(&c->out, "%s has read its state again", name);
	json_decref(body);
	return EXIT_DONE;
}

/* Leaving *************************************************************************************/

/* Everything that a role keeps; the directory itself goes last. */
static int
forget(const struct home *h, struct err *e)
{
	static const char *const files[] = { HOME_BUNDLE, HOME_REQUEST, HOME_REKEY, HOME_DB,
		HOME_DB "-wal", HOME_DB "-shm", HOME_DB "-journal", HOME_SOCKET, HOME_LOG, HOME_LOCK };
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		int r = home_file(path, h, files[i], e);

		if (r < 0)
			return r;
		if (unlink(path) < 0 && errno != ENOENT)
			return err_set(e, -errno, "%s cannot be removed: %s", path,
			    err_phrase(-errno));
	}
	if (rmdir(h->dir) < 0)
		return err_set(e, -errno, "%s cannot be removed: %s", h->dir, err_phrase(-errno));
	return 0;
}

/* The role that this state has joined in, a node before a lighthouse. */
static int
find_role(enum home_role *ret, const struct context *c, struct err *e)
{
	char path[PATH_MAX];

	for (int role = HOME_NODE; role < HOME_ROLES; role++) {
		int r = home_path(path, c->state, (enum home_role)role, HOME_BUNDLE, e);

		if (r < 0)
			return r;
		*ret = (enum home_role)role;
		if (access(path, F_OK) == 0)
			return 0;
	}
	return err_set(e, EXIT_NO, "%s has joined no network", c->state);
}

/* A key that is gone does not come back, so a person is asked. */
static int
ask(const struct context *c, enum home_role role, struct err *e)
{
	char line[16] = "";

	if (isatty(STDIN_FILENO) != 1)
		return err_set(e, -EINVAL, "the %s's key and settings would be gone: say --yes",
		    home_role_name(role));
	fprintf(stderr, "Remove the %s's key and settings from %s? [y/N] ", home_role_name(role),
	    c->state);
	if (fgets(line, sizeof(line), stdin) == NULL || (line[0] != 'y' && line[0] != 'Y'))
		return err_set(e, EXIT_NO, "nothing was removed");
	return 0;
}

int
cmd_leave(struct context *c, const struct args *a, struct err *e)
{
	enum home_role role;
	struct home home;
	json_t *body;
	int r = find_role(&role, c, e);

	if (r == 0 && arg(a, "--yes") == NULL)
		r = ask(c, role, e);
	if (r != 0)
		return r;
	r = home_open(&home, c->state, role, e); /* nobody runs, and nobody starts meanwhile */
	if (r < 0)
		return r;
	r = forget(&home, e);
	home_close(&home);
	if (r < 0)
		return r;
	body = output_body(1);
	json_object_set_new(body, "role", json_string(home_role_name(role)));
	output_show(&c->out, body, no_views);
	output_say(&c->out, "the %s of %s is forgotten", home_role_name(role), c->state);
	json_decref(body);
	return EXIT_DONE;
}
