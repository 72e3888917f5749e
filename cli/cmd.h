/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmd.h - the functions of the table in commands.c, one of each command.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "cli/command.h"

int cmd_help(struct context *c, const struct args *a, struct err *e);
int cmd_version(struct context *c, const struct args *a, struct err *e);
int cmd_completion(struct context *c, const struct args *a, struct err *e);
int cmd_complete(struct context *c, const struct args *a, struct err *e);
int cmd_watch(struct context *c, const struct args *a, struct err *e);

int cmd_up(struct context *c, const struct args *a, struct err *e);
int cmd_run(struct context *c, const struct args *a, struct err *e);
int cmd_exec(struct context *c, const struct args *a, struct err *e);
int cmd_lighthouse(struct context *c, const struct args *a, struct err *e);
int cmd_down(struct context *c, const struct args *a, struct err *e);
int cmd_reload(struct context *c, const struct args *a, struct err *e);
int cmd_renew(struct context *c, const struct args *a, struct err *e);
int cmd_leave(struct context *c, const struct args *a, struct err *e);

int cmd_ca_init(struct context *c, const struct args *a, struct err *e);
int cmd_ca_show(struct context *c, const struct args *a, struct err *e);
int cmd_ca_list(struct context *c, const struct args *a, struct err *e);
int cmd_ca_log(struct context *c, const struct args *a, struct err *e);
int cmd_ca_export(struct context *c, const struct args *a, struct err *e);
int cmd_ca_check(struct context *c, const struct args *a, struct err *e);
int cmd_ca_state(struct context *c, const struct args *a, struct err *e);
int cmd_ca_rotate(struct context *c, const struct args *a, struct err *e);
int cmd_revoke(struct context *c, const struct args *a, struct err *e);
int cmd_ca_serve(struct context *c, const struct args *a, struct err *e);
int cmd_ca_pending(struct context *c, const struct args *a, struct err *e);
int cmd_ca_renew(struct context *c, const struct args *a, struct err *e);
int cmd_invite(struct context *c, const struct args *a, struct err *e);
int cmd_ca_backup(struct context *c, const struct args *a, struct err *e);
int cmd_ca_restore(struct context *c, const struct args *a, struct err *e);
int cmd_ca_admit(struct context *c, const struct args *a, struct err *e);
int cmd_ca_join(struct context *c, const struct args *a, struct err *e);
int cmd_ca_cosigner(struct context *c, const struct args *a, struct err *e);
int cmd_ca_cosign(struct context *c, const struct args *a, struct err *e);
int cmd_sign(struct context *c, const struct args *a, struct err *e);
int cmd_inspect(struct context *c, const struct args *a, struct err *e);
int cmd_request(struct context *c, const struct args *a, struct err *e);
int cmd_join(struct context *c, const struct args *a, struct err *e);

int cmd_state(struct context *c, const struct args *a, struct err *e);
int cmd_status(struct context *c, const struct args *a, struct err *e);
int cmd_peers(struct context *c, const struct args *a, struct err *e);
int cmd_peer(struct context *c, const struct args *a, struct err *e);
int cmd_ping(struct context *c, const struct args *a, struct err *e);
int cmd_why(struct context *c, const struct args *a, struct err *e);
int cmd_netcheck(struct context *c, const struct args *a, struct err *e);
int cmd_metrics(struct context *c, const struct args *a, struct err *e);
int cmd_routes(struct context *c, const struct args *a, struct err *e);

int cmd_set(struct context *c, const struct args *a, struct err *e);
int cmd_get(struct context *c, const struct args *a, struct err *e);
int cmd_unset(struct context *c, const struct args *a, struct err *e);
int cmd_allow(struct context *c, const struct args *a, struct err *e);
int cmd_pin(struct context *c, const struct args *a, struct err *e);
int cmd_unpin(struct context *c, const struct args *a, struct err *e);
int cmd_disallow(struct context *c, const struct args *a, struct err *e);

int cmd_study_new(struct context *c, const struct args *a, struct err *e);
int cmd_study_list(struct context *c, const struct args *a, struct err *e);
int cmd_study_show(struct context *c, const struct args *a, struct err *e);
int cmd_study_accept(struct context *c, const struct args *a, struct err *e);
int cmd_study_close(struct context *c, const struct args *a, struct err *e);
int cmd_mpyc_args(struct context *c, const struct args *a, struct err *e);

/* Makes a new key for the node of this state, which waits, and prints the request for it. */
int rekey_by_hand(struct context *c, struct err *e);

/* Draws the body of `status`. */
void show_status(struct context *c, const json_t *body);

/* For completion: what the daemon knows, or nothing when none runs. */
void list_peers(struct context *c, const char *prefix, candidate_fn found, void *to);
void list_settings(struct context *c, const char *prefix, candidate_fn found, void *to);
void list_studies(struct context *c, const char *prefix, candidate_fn found, void *to);

#endif
