/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cosigned.c - what a co-signer signed last: kept, found, compared.
 */
#include "cli/cosigned.h"

#include "cli/drafts.h"
#include "core/text.h"
#include "host/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COSIGNED_DIR "cosigned"
#define NETWORK_HEX  16 /* digits of the network's id in the name of a file */

static const uint8_t *
network_of(const struct draft *d)
{
	return d->root.network;
}

/* "cosigned/0123456789abcdef-host-party3.draft": names are letters, digits and marks. */
static int
path_of(char to[static PATH_MAX], const struct context *c, const struct draft *d, struct err *e)
{
	const char *name = d->kind == OBJECT_HOST || d->kind == OBJECT_CA ? d->says.name : "";
	const char *what = d->kind == OBJECT_HOST ? "host-" :
	    d->kind == OBJECT_CA                  ? "ca-" :
	    d->kind == OBJECT_STATE               ? "state" :
						    "rotation";
	char network[NETWORK_HEX + 1];
	int n;

	text_hex(network, network_of(d), NETWORK_HEX / 2);
	n = snprintf(to, PATH_MAX, "%s/%s/%s-%s%s.draft", c->state, COSIGNED_DIR, network, what,
	    name);
	return n < PATH_MAX ? 0 : err_set(e, -ENAMETOOLONG, "%s: the name is too long", c->state);
}

/* The one draft of a file. */
static int
load(struct draft *ret, const char *path, struct err *e)
{
	struct drafts s;
	int rc = drafts_new(&s, e);

	if (rc == 0)
		rc = drafts_load(&s, path, e);
	if (rc == 0) {
		*ret = s.list[0];
		s.list[0] = (struct draft){ .root_len = 0 };
	}
	drafts_free(&s);
	return rc;
}

int
cosigned_find(struct draft *ret, const struct context *c, const struct draft *d, struct err *e)
{
	char path[PATH_MAX];
	int rc = path_of(path, c, d, e);

	if (rc < 0)
		return rc;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	rc = load(ret, path, e);
	return rc < 0 ? rc : 1;
}

/* A version of its own kind; of a rotation there is but one. */
static uint64_t
version_of(const struct draft *d)
{
	return d->kind == OBJECT_STATE ? d->state.version :
	    d->kind == OBJECT_ROTATION ? 0 :
					 d->says.serial;
}

int
cosigned_check(const struct draft *d, const struct draft *before, struct err *e)
{
	unsigned long long now = version_of(d), then = version_of(before);
	const char *what = d->kind == OBJECT_STATE ? "a state of version" : "serial";

	if (memcmp(d->fingerprint, before->fingerprint, sizeof(d->fingerprint)) == 0)
		return 0;
	if (d->kind == OBJECT_ROTATION &&
	    memcmp(d->rotation.issuer, before->rotation.issuer, sizeof(d->rotation.issuer)) == 0)
		return err_set(e, ERR_CONFLICT, "you have signed another successor for this root of "
		    "%s, and it can have one only; ask why, and say --go-back to sign all the "
		    "same", d->root.name);
	if (d->kind == OBJECT_ROTATION || now > then)
		return 0;
	if (now == then)
		return err_set(e, ERR_CONFLICT, "you have signed %s %llu for %s before, and it said "
		    "something else: whoever gets both sees a fork; ask why, and say --go-back to "
		    "sign all the same", what, now, d->root.name);
	return err_set(e, ERR_CONFLICT, "you have signed %s %llu for %s before, and this is %llu: "
	    "it goes back in time; ask for a newer draft, or say --go-back to sign all the same",
	    what, then, d->root.name, now);
}

int
cosigned_keep(const struct context *c, const struct draft *d, struct err *e)
{
	struct drafts one = { .count = 1, .list = (struct draft *)d };
	char path[PATH_MAX], *slash;
	int rc = path_of(path, c, d, e);

	if (rc < 0)
		return rc;
	slash = strrchr(path, '/');
	*slash = '\0';
	rc = dir_make(path, 0700, e);
	*slash = '/';
	return rc < 0 ? rc : drafts_save(&one, path, true, e);
}

static bool
is_of(const struct draft *d, uint64_t serial, const uint8_t *key)
{
	return key != NULL ? memcmp(d->says.key, key, sizeof(d->says.key)) == 0
	                   : d->says.serial == serial;
}

/* Does the file `name` of the directory `dir` certify whom is asked for? Then who it is. */
static int
look_into(char ret[static NAME_MAX_LEN + 1], const char *dir, const char *name, uint64_t serial,
    const uint8_t *key)
{
	char path[PATH_MAX];
	struct draft kept;
	int found;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= PATH_MAX ||
	    load(&kept, path, NULL) < 0)
		return 0;
	found = is_of(&kept, serial, key);
	if (found)
		memcpy(ret, kept.says.name, NAME_MAX_LEN + 1);
	draft_free(&kept);
	return found;
}

int
cosigned_name(char ret[static NAME_MAX_LEN + 1], const struct context *c, const struct draft *d,
    uint64_t serial, const uint8_t *key)
{
	char dir[PATH_MAX], prefix[NETWORK_HEX + sizeof("-host-")];
	struct dirent *entry;
	int found = 0;
	DIR *entries;

	if (snprintf(dir, sizeof(dir), "%s/%s", c->state, COSIGNED_DIR) >= PATH_MAX)
		return 0;
	entries = opendir(dir);
	if (entries == NULL)
		return 0;
	text_hex(prefix, network_of(d), NETWORK_HEX / 2);
	(void)snprintf(prefix + NETWORK_HEX, sizeof(prefix) - NETWORK_HEX, "-host-");
	while (!found && (entry = readdir(entries)) != NULL) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			found = look_into(ret, dir, entry->d_name, serial, key);
	}
	closedir(entries);
	return found;
}
