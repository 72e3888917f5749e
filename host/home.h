/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * home.h - where a daemon's files are, and that only one daemon uses them.
 *
 * One directory holds everything: ca.db and its key beside it, node/, lighthouse/ and authority/
 * for the daemons (the last is the node that speaks for the authority), each with a database, a
 * lock and a control socket of its own, so that one host may be all of them. As root the control
 * socket is also in HOME_RUN_DIR, which others may enter.
 */
#ifndef HOST_HOME_H
#define HOST_HOME_H

#include <limits.h>

#include "core/base.h"
#include "core/err.h"

enum home_role {
	HOME_NODE,
	HOME_LIGHTHOUSE,
	HOME_AUTHORITY,
};
#define HOME_ROLES 3

#define HOME_BUNDLE  "bundle.mpynet" /* what was joined with: certificate, key, authorities */
#define HOME_REQUEST "request.key"   /* a key that waits for its certificate */
#define HOME_REKEY   "rekey.key"     /* one that is to take the place of the bundle's */
#define HOME_DB      "state.db"	     /* settings, and what the engine remembers */
#define HOME_MEMBERS "members"	     /* certificates that a person brought, NAME.crt each */
#define HOME_LOCK    "lock"	     /* held while the daemon runs */
#define HOME_SOCKET  "control.sock"  /* where it answers */
#define HOME_LOG     "log"
#define HOME_RUN_DIR "/run/mpynet"

struct home {
	enum home_role role;
	char dir[PATH_MAX];	/* the role's own directory */
	int lock;		/* descriptor of the lock; -1: not held */
};

/* "node", "lighthouse" or "authority": the directory, and what the daemon is called. */
const char *home_role_name(enum home_role role);

/*
 * Writes the path of `file` of a role below the state directory `root`; "" gives the role's own
 * directory. -ENAMETOOLONG when it does not fit.
 */
int home_path(char to[static PATH_MAX], const char *root, enum home_role role, const char *file,
    struct err *err) must_check;

/* Makes the role's directory (0700, as are its parents that are missing) and nothing else. */
int home_make(const char *root, enum home_role role, struct err *err) must_check;

/* home_make(), and the lock: -EWOULDBLOCK while another daemon has this state. */
int home_open(struct home *h, const char *root, enum home_role role, struct err *err) must_check;

/* The path of a file of an open home. */
int home_file(char to[static PATH_MAX], const struct home *h, const char *file,
    struct err *err) must_check;

void home_close(struct home *h);

#endif
