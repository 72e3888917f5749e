/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state.c - finds the state directory.
 */
#include "cli/state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The value of an environment variable, NULL also when it is empty. */
static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/* Writes "a", "/" and "b" without doubling the slash. */
static int
join(char *to, size_t cap, const char *a, const char *b, struct err *e)
{
	size_t len = strlen(a);
	const char *slash = len > 0 && a[len - 1] == '/' ? "" : "/";
	int n = snprintf(to, cap, "%s%s%s", a, slash, b);

	if (n < 0 || (size_t)n >= cap)
		return err_set(e, -EINVAL, "the path of the state directory is too long");
	return 0;
}

static int
make_absolute(char *to, size_t cap, const char *path, struct err *e)
{
	char here[PATH_MAX];

	if (path[0] == '/')
		return join(to, cap, "/", path + 1, e);
	if (getcwd(here, sizeof(here)) == NULL)
		return err_set(e, -EINVAL, "this directory cannot be read: %s", strerror(errno));
	return join(to, cap, here, path, e);
}

bool
state_is_given(const char *option)
{
	return option != NULL || environment("MPYNET_STATE") != NULL;
}

int
state_check_node(const char *option, const char *command, const char *what, struct err *e)
{
	if (geteuid() == 0 || state_is_given(option))
		return 0;
	return err_set(e, -EPERM, "a node runs as root, who keeps its key: sudo mpynet %s %s",
	    command, what);
}

int
state_find(char *to, size_t cap, const char *option, struct err *e)
{
	const char *given = option != NULL ? option : environment("MPYNET_STATE");
	const char *xdg = environment("XDG_STATE_HOME"), *home = environment("HOME");

	if (given != NULL && *given == '\0')
		return err_set(e, -EINVAL, "--state is empty");
	if (given != NULL)
		return make_absolute(to, cap, given, e);
	if (geteuid() == 0)
		return join(to, cap, "/var/lib", "mpynet", e);
	if (xdg != NULL && xdg[0] == '/')
		return join(to, cap, xdg, "mpynet", e);
	if (home != NULL)
		return join(to, cap, home, ".local/state/mpynet", e);
	return err_set(e, -EINVAL, "neither HOME nor MPYNET_STATE is set: say --state <dir>");
}
