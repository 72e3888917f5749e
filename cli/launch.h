/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * launch.h - starts a daemon: joins, keeps what the command line says as settings, and waits.
 */
#ifndef CLI_LAUNCH_H
#define CLI_LAUNCH_H

#include "cli/command.h"
#include "host/home.h"
#include "host/settings.h"

/*
 * Joins with the bundle in `file`, if that is not NULL; then the state must have joined as `role`.
 * 0, or negative with what would do.
 */
int launch_join(struct context *c, enum home_role role, const char *file, struct err *e) must_check;

/* An option of the command line that is a setting of the daemon; a flag means yes. */
struct preset {
	const char *option, *key;
};

/* Keeps the options that are given as settings. `presets` ends with one without an option. */
int launch_presets(struct db *db, const struct setting *list, const struct preset *presets,
    const struct args *a, struct err *e) must_check;

/*
 * Starts the daemon and returns when it is ready, having said what runs and what comes next; or
 * runs it in the foreground until it is told to stop.
 */
int launch(struct context *c, enum home_role role, bool foreground, struct err *e) must_check;

/* A node whose device is in a network namespace of its own (node/run.h): nobody has to be root. */
int launch_apart(struct context *c, bool foreground, struct err *e) must_check;

/*
 * Starts a node for a program that is to run now, and says nothing: it ends with the last program
 * that attaches. It returns when a lighthouse answers, or after a while. Who may not make an
 * interface gets one in a network namespace.
 */
int launch_transient(struct context *c, struct err *e) must_check;

/* The same as launch() for the node of an authority, with who answers there (node/desk.h). */
struct desk;
int launch_authority(struct context *c, const struct desk *desk, bool foreground,
    struct err *e) must_check;

#endif
