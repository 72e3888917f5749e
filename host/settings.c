/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * settings.c - what a person may set, as rows of one table.
 */
#include "host/settings.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

const char settings_schema[] =
    "CREATE TABLE setting ("
    "	key TEXT NOT NULL PRIMARY KEY,"
    "	value TEXT NOT NULL"
    ") STRICT, WITHOUT ROWID;";

const struct setting *
setting_find(const struct setting *list, const char *key, struct err *err)
{
	for (; list->key; list++)
		if (strcmp(list->key, key) == 0)
			return list;
	err_set(err, ERR_UNKNOWN, "there is no setting \"%.64s\"; `get` lists them", key);
	return NULL;
}

int
setting_get(struct db *db, const struct setting *s, char to[static SETTING_VALUE_MAX],
    struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = db_query(db, &stmt, err, "SELECT value FROM setting WHERE key = ?", "t", s->key);

	if (rc < 0)
		return rc;
	rc = db_next(db, stmt, err);
	if (rc >= 0)
		snprintf(to, SETTING_VALUE_MAX, "%s",
		    rc == 1 ? (const char *)sqlite3_column_text(stmt, 0) : s->fallback);
	sqlite3_finalize(stmt);
	return rc;
}

bool
setting_yes(struct db *db, const struct setting *list, const char *key)
{
	const struct setting *s = setting_find(list, key, NULL);
	char value[SETTING_VALUE_MAX];

	assert(s);
	if (setting_get(db, s, value, NULL) < 0)
		return strcmp(s->fallback, "yes") == 0;
	return strcmp(value, "yes") == 0;
}

int
setting_set(struct db *db, const struct setting *list, const char *key, const char *value,
    struct err *err)
{
	const struct setting *s = setting_find(list, key, err);
	char spelt[SETTING_VALUE_MAX];
	int rc;

	if (!s)
		return ERR_UNKNOWN;
	rc = s->check(spelt, value, err);
	return rc < 0 ? rc : db_run(db, err, "INSERT OR REPLACE INTO setting VALUES (?, ?)", "tt",
	    key, spelt);
}

int
setting_unset(struct db *db, const struct setting *list, const char *key, struct err *err)
{
	if (!setting_find(list, key, err))
		return ERR_UNKNOWN;
	return db_run(db, err, "DELETE FROM setting WHERE key = ?", "t", key);
}

static int
append_setting(struct db *db, const struct setting *s, json_t *to, struct err *err)
{
	char value[SETTING_VALUE_MAX];
	int set = setting_get(db, s, value, err);
	json_t *row;

	if (set < 0)
		return set;
	row = json_pack("{s:s, s:s, s:b, s:b, s:s}", "key", s->key, "value", value, "set", set,
	    "now", s->now, "help", s->help);
	return json_array_append_new(to, row) < 0 ? -ENOMEM : 0;
}

int
settings_body(struct db *db, const struct setting *list, const char *key, json_t **ret,
    struct err *err)
{
	const struct setting *one = key ? setting_find(list, key, err) : NULL;
	json_t *rows = json_array();
	int rc = 0;

	if (key && !one)
		rc = ERR_UNKNOWN;
	else if (one)
		rc = append_setting(db, one, rows, err);
	else
		for (; list->key && rc == 0; list++)
			rc = list->hidden ? 0 : append_setting(db, list, rows, err);
	if (rc < 0) {
		json_decref(rows);
		return rc;
	}
	*ret = json_pack("{s:i, s:o}", "schema", 1, "settings", rows);
	return *ret ? 0 : -ENOMEM;
}

int
setting_check_yes_no(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return err_set(err, -EINVAL, "\"%.64s\" is neither yes nor no", value);
	strcpy(to, value);
	return 0;
}

int
setting_check_names(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	const char *p = value;

	if (strlen(value) >= SETTING_VALUE_MAX)
		return err_set(err, -EINVAL, "the list of names is too long");
	while (*p) {
		size_t len = strcspn(p, ",");

		if (!text_is_name(p, len))
			return err_set(err, -EINVAL, "\"%.*s\" is no name; say names of peers, "
			    "separated by commas", (int)min_u64(len, 64), p);
		p += len;
		if (*p == ',' && *++p == '\0')
			return err_set(err, -EINVAL, "a name is missing after the last comma");
	}
	strcpy(to, value);
	return 0;
}

#define RATE_MAX 100000 /* Mbit/s */

int
setting_check_rate(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	size_t digits = strspn(value, "0123456789");
	unsigned long rate = digits > 0 && digits < 9 ? strtoul(value, NULL, 10) : 0;

	if (value[digits] != '\0' || rate == 0 || rate > RATE_MAX)
		return err_set(err, -EINVAL, "\"%.64s\" is no rate; say Mbit/s, from 1 to %d", value,
		    RATE_MAX);
	snprintf(to, SETTING_VALUE_MAX, "%lu", rate);
	return 0;
}

int
setting_check_spin(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	uint64_t n;

	if (text_u64(&n, value, 0, SETTING_SPIN_MAX) < 0)
		return err_set(err, -EINVAL, "\"%.64s\" is no time to look out for packets; say "
		    "microseconds, 0 to %d", value, SETTING_SPIN_MAX);
	snprintf(to, SETTING_VALUE_MAX, "%u", (unsigned)n);
	return 0;
}

usec_t
setting_spin(struct db *db, const struct setting *list)
{
	const struct setting *s = setting_find(list, "spin", NULL);
	char value[SETTING_VALUE_MAX];
	uint64_t n = 0;

	assert(s);
	if (setting_get(db, s, value, NULL) < 0 || text_u64(&n, value, 0, SETTING_SPIN_MAX) < 0)
		return 0;
	return n;
}

uint64_t
setting_rate(const char *value)
{
	return strtoull(value, NULL, 10) * 1000000 / 8;
}

/* "7717" or "192.0.2.1:7717"; port 0 refuses. */
static int
parse_listen(struct addr *ret, const char *value)
{
	char *end;
	unsigned long port = strspn(value, "0123456789") > 0 ? strtoul(value, &end, 10) : 0;

	if (port > 0 && *end == '\0') {
		if (port > 65535)
			return -EINVAL;
		*ret = (struct addr){ .port = (uint16_t)port };
		return 0;
	}
	return addr_parse(ret, value, 0) < 0 || ret->port == 0 ? -EINVAL : 0;
}

struct addr
setting_listen(const char *value)
{
	struct addr a = { 0 };

	return parse_listen(&a, value) < 0 ? (struct addr){ 0 } : a;
}

int
setting_check_listen(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	struct addr a;

	if (parse_listen(&a, value) < 0)
		return err_set(err, -EINVAL, "\"%.64s\" is neither a port nor ADDRESS:PORT", value);
	if (a.family == FAMILY_NONE)
		snprintf(to, SETTING_VALUE_MAX, "%u", a.port);
	else
		addr_format(to, &a);
	return 0;
}

int
setting_check_interface(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	size_t len = strlen(value);

	/* What the kernel takes, but also nothing that a shell or a log could stumble over. */
	if (len == 0 || len >= IFNAMSIZ || value[0] == '-' || value[0] == '.' ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != len)
		return err_set(err, -EINVAL, "\"%.64s\" is no name of an interface; say up to %d "
		    "letters and digits", value, IFNAMSIZ - 1);
	strcpy(to, value);
	return 0;
}

int
setting_check_interfaces(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	char one[SETTING_VALUE_MAX], spelt[SETTING_VALUE_MAX];
	size_t len = strlen(value);

	if (len >= SETTING_VALUE_MAX)
		return err_set(err, -EINVAL, "the list of interfaces is too long");
	for (const char *p = value; p < value + len;) {
		size_t n = strcspn(p, ",");

		memcpy(one, p, n);
		one[n] = '\0';
		if (setting_check_interface(spelt, one, err) < 0)
			return -EINVAL;
		p += n;
		if (*p == ',' && *++p == '\0')
			return err_set(err, -EINVAL, "a name is missing after the last comma");
	}
	memcpy(to, value, len + 1);
	return 0;
}
