/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * runs.h - the runs of a node: rallies (node/rally.h) between the sessions that they speak in and
 * whoever starts the programs.
 *
 *	mesh_run_join  ->  an id, and EVENT_RUN with it as token whenever there is news
 *	mesh_run_news  ->  RALLY_GO: start; RALLY_STOP: stop it, then mesh_run_stopped(); ...
 *	mesh_run_leave     when the program's owner has gone; what is left to say is still said
 *
 * Parties without a session are sought. From the moment that all agree, and while it runs, the
 * firewall lets in whom the study says (node/firewall.h). A party whose certificate is revoked, or
 * whose key goes against a pin, is none any more; a study that is closed here ends its run.
 */
#ifndef NODE_RUNS_H
#define NODE_RUNS_H

#include "node/firewall.h"
#include "node/mesh.h"
#include "node/rally.h"

#define RUNS_MAX FIREWALL_STUDIES_MAX

struct run_order {
	uint8_t study[STUDY_HASH_LEN]; /* held and accepted here */
	struct blob facts;	       /* run_facts_encode()'s */
	unsigned restarts;
	usec_t absence; /* 0: silence fails no run */
};

/*
 * Takes part. The run's id, above 0; ERR_UNKNOWN: the study is not held; ERR_DENIED: nobody has
 * accepted it here; ERR_CONFLICT: it runs here already, or another one at its port; ERR_FULL;
 * -ENOMEM; all with a sentence.
 */
int mesh_run_join(struct mesh *m, struct instant now, const struct run_order *o,
    struct outbox *out, struct err *e) must_check;

/* The rally of this id, to look at (rally_view() and the like), or NULL: it is over. */
const struct rally *mesh_run(const struct mesh *m, int id);

/* rally_news(), rally_ended(), rally_stopped() and rally_abort() of the run; 0 or nothing for none. */
unsigned mesh_run_news(struct mesh *m, int id);
void mesh_run_ended(struct mesh *m, struct instant now, int id, bool well, const char *text,
    struct outbox *out);
void mesh_run_stopped(struct mesh *m, struct instant now, int id, struct outbox *out);
void mesh_run_abort(struct mesh *m, struct instant now, int id, enum run_reason reason,
    const char *text, struct outbox *out);

/*
 * Nobody asks for news of it any more: it is aborted, unless it has ended, and forgotten when all
 * know.
 */
void mesh_run_leave(struct mesh *m, struct instant now, int id, struct outbox *out);

#endif
