/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.h - what a person may set, as rows of one table.
 *
 * A daemon has a list of settings; each knows its default, its help and how a value is checked and
 * spelt. A value is stored only in that spelling, so that whoever reads it need not check again.
 */
#ifndef HOST_SETTINGS_H
#define HOST_SETTINGS_H

#include <jansson.h>

#include "core/addr.h"
#include "core/err.h"
#include "host/db.h"

#define SETTING_VALUE_MAX 4096
/* What the setting "spin" is where nobody set it; and at most. */
#define SETTING_SPIN	  "50"
#define SETTING_SPIN_MAX  1000

struct setting {
	const char *key;	/* NULL ends a list */
	const char *fallback;
	bool now;		/* a change takes effect at once; else at the next start */
	const char *help;
	/* Writes the one spelling of `value`; or says what would be valid. */
	int (*check)(char to[static SETTING_VALUE_MAX], const char *value, struct err *err);
	bool hidden;		/* shown only to who asks for it by name */
};

/* The SQL of the table, to stand in the migrations of a database. */
extern const char settings_schema[];

/* NULL, with a sentence, when there is none. */
const struct setting *setting_find(const struct setting *list, const char *key, struct err *err);

/* The value in force: what was set, else the default. Returns 1 when it was set, else 0. */
int setting_get(struct db *db, const struct setting *s, char to[static SETTING_VALUE_MAX],
    struct err *err) must_check;

/* Shorthand: is a yes-or-no setting yes? What cannot be read counts as its default. */
bool setting_yes(struct db *db, const struct setting *list, const char *key);

/* On the disk when it returns 0. ERR_UNKNOWN: no such key; -EINVAL: no such value. */
int setting_set(struct db *db, const struct setting *list, const char *key, const char *value,
    struct err *err) must_check;
int setting_unset(struct db *db, const struct setting *list, const char *key,
    struct err *err) must_check;

/* The answer to `get`: all settings but the hidden ones, or the one named `key`. */
int settings_body(struct db *db, const struct setting *list, const char *key, json_t **ret,
    struct err *err) must_check;

/* Checks that several settings share. */
int setting_check_yes_no(char to[static SETTING_VALUE_MAX], const char *value, struct err *err);
int setting_check_names(char to[static SETTING_VALUE_MAX], const char *value, struct err *err);
int setting_check_listen(char to[static SETTING_VALUE_MAX], const char *value, struct err *err);
int setting_check_rate(char to[static SETTING_VALUE_MAX], const char *value, struct err *err);
int setting_check_interface(char to[static SETTING_VALUE_MAX], const char *value,
    struct err *err);

/* What setting_check_rate took, Mbit/s in its spelling, as bytes a second. */
uint64_t setting_rate(const char *value);

/* Microseconds that a daemon looks out for a packet before it sleeps; what list's "spin" says. */
int setting_check_spin(char to[static SETTING_VALUE_MAX], const char *value, struct err *err);
usec_t setting_spin(struct db *db, const struct setting *list);

/* Several, separated by commas, or none. */
int setting_check_interfaces(char to[static SETTING_VALUE_MAX], const char *value,
    struct err *err);

/* What setting_check_listen took: family FAMILY_NONE for a port of all addresses. */
struct addr setting_listen(const char *value);

#endif
