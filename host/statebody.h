/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * statebody.h - the network state on a daemon's control socket (docs/control.md).
 */
#ifndef HOST_STATEBODY_H
#define HOST_STATEBODY_H

#include "core/spread.h"
#include "host/ctl.h"

/* What a daemon knows of the state, and what it means for itself. */
struct statebody {
	struct spread_view view;
	bool revoked; /* its own certificate is */
	bool halted;  /* no new sessions are made, since the state has expired */
};

/* The member "network_state" of the body of `status`; nothing where there is no state. */
void body_state(json_t *body, const struct statebody *s);

/* Appends what a person should see to. */
void body_warn_state(json_t *warnings, const struct statebody *s);

/* A blob that came with the verb `state`, in memory that the caller frees. */
struct brought {
	uint8_t *bytes;
	size_t len;
};

/* 0, or -EINVAL and -ENOMEM with a sentence. */
int brought_read(struct brought *ret, const struct ctl_request *r, struct err *err) must_check;

/* The answer to `state` with a blob. */
json_t *body_brought(const struct statebody *s);

/* And without one: what is in force. 0, or ERR_UNKNOWN when nothing is. */
int body_held(json_t **ret, const struct statebody *s, struct err *err) must_check;

#endif
