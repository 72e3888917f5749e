/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.c - what a node knows across restarts: settings, rules, and what the engine remembers.
 */
#include "node/store.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/wire.h"
#include "host/offloads.h"
#include "host/processor.h"
#include "host/proxy.h"
#include "node/workers.h"

static int
check_proxy(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	struct proxy proxy = { .port = 0 };
	int rc = 0;

	if (*value != '\0' && strcmp(value, "none") != 0)
		rc = proxy_parse(&proxy, value, err);
	if (rc == 0)
		snprintf(to, SETTING_VALUE_MAX, "%s", value);
	sodium_memzero(&proxy, sizeof(proxy));
	return rc;
}

static int
check_workers(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	uint64_t n;

	if (text_u64(&n, value, 1, WORKERS_MAX) < 0)
		return err_set(err, -EINVAL, "\"%.64s\" is no number of threads; say 1 to %d", value,
		    WORKERS_MAX);
	snprintf(to, SETTING_VALUE_MAX, "%u", (unsigned)n);
	return 0;
}

/* What seals inner packets: the faster one where both ends have it, or one of them regardless. */
static int
check_cipher(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	if (strcmp(value, "auto") != 0 && strcmp(value, "aes") != 0 &&
	    strcmp(value, "chacha") != 0)
		return err_set(err, -EINVAL, "\"%.64s\" is no cipher; say auto, aes or chacha",
		    value);
	strcpy(to, value);
	return 0;
}

const struct setting node_settings[] = {
	{ "allow-all", "no", true, "let every member of the network in", setting_check_yes_no },
	{ "accept-routes", "", true, "peers whose subnets are reached through them",
	    setting_check_names },
	{ "lan-discovery", "yes", true, "tell other members on the same links that we are here",
	    setting_check_yes_no },
	{ "relay", "yes", true, "pass datagrams between members, if the certificate says that it may",
	    setting_check_yes_no },
	{ "relay-rate", "100", true, "Mbit/s to relay at most, shared fairly by who uses it",
	    setting_check_rate },
	{ "listen", "7717", false, "UDP port, or ADDRESS:PORT", setting_check_listen },
	{ "port-mapping", "yes", true, "ask the router for a port by PCP, NAT-PMP or UPnP",
	    setting_check_yes_no },
	{ "proxy", "", true, "HTTP proxy to reach lighthouses by where UDP is blocked, or \"none\"",
	    check_proxy },
	{ "metered", "", true, "interfaces that cost money: used where nothing else works",
	    setting_check_interfaces },
	{ "interface", "mpy0", false, "name of the network device", setting_check_interface },
	{ "workers", "1", false, "threads that handle packets, where many cores wait for work",
	    check_workers },
	{ "cipher", "auto", false, "how packets to other nodes are sealed, to compare",
	    check_cipher, true },
	{ "spin", SETTING_SPIN, false, "microseconds to look out for a packet before sleeping",
	    setting_check_spin },
	{ "offload", "all", false, "what is left to the kernel, to compare", offloads_check, true },
	{ 0 },
};

/* What leads from one version to the next. */
static const char *const schema[] = {
	/* Rules stand in the order in which they were added; each is in its one spelling. */
	"CREATE TABLE rule ("
	"	id INTEGER PRIMARY KEY,"
	"	rule TEXT NOT NULL UNIQUE"
	") STRICT;",
	/* A key, or the bytes that its words stand for (core/pins.h). */
	"CREATE TABLE pin ("
	"	name TEXT PRIMARY KEY,"
	"	key BLOB NOT NULL UNIQUE"
	") STRICT;",
};

int
node_store_open(struct store *s, const char *dir, struct err *err)
{
	return store_open(s, dir, DB_NODE, schema, ARRAY_LEN(schema), err);
}

unsigned
node_store_workers(struct store *s)
{
	char value[SETTING_VALUE_MAX];
	uint64_t n;

	if (setting_get(&s->settings, setting_find(node_settings, "workers", NULL), value, NULL) < 0 ||
	    text_u64(&n, value, 1, WORKERS_MAX) < 0)
		return 1;
	return (unsigned)n;
}

static int
load_rules(struct store *s, struct mesh_settings *to, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&s->settings, &stmt, err, "SELECT rule FROM rule ORDER BY id", "");

	while (rc == 0 && (rc = db_next(&s->settings, stmt, err)) == 1) {
		rc = 0;
		if (to->rule_count == FIREWALL_RULES_MAX)
			break;
		/* A rule that this version does not know opens nothing. */
		if (firewall_rule_parse(&to->rules[to->rule_count],
		    (const char *)sqlite3_column_text(stmt, 0), NULL) == 0)
			to->rule_count++;
	}
	sqlite3_finalize(stmt);
	return rc;
}

static int
load_accepted(struct store *s, struct mesh_settings *to, struct err *err)
{
	char value[SETTING_VALUE_MAX], *next = value, *name;
	int rc = setting_get(&s->settings, setting_find(node_settings, "accept-routes", NULL), value,
	    err);

	while (rc >= 0 && (name = strsep(&next, ",")) != NULL &&
	    to->accept_route_count < ACCEPT_ROUTES_MAX)
		if (text_is_name(name, strlen(name)))
			strcpy(to->accept_routes[to->accept_route_count++], name);
	return rc < 0 ? rc : 0;
}

static int
load_relaying(struct store *s, struct mesh_settings *to, struct err *err)
{
	char value[SETTING_VALUE_MAX];
	int rc = setting_get(&s->settings, setting_find(node_settings, "relay-rate", NULL), value,
	    err);

	to->no_relay = !setting_yes(&s->settings, node_settings, "relay");
	if (rc >= 0)
		to->relay_rate = setting_rate(value);
	return rc < 0 ? rc : 0;
}

int
node_store_load(struct store *s, struct mesh_settings *ret, struct err *err)
{
	int rc;

	*ret = (struct mesh_settings){
		.allow_all = setting_yes(&s->settings, node_settings, "allow-all"),
		.no_lan = !setting_yes(&s->settings, node_settings, "lan-discovery"),
	};
	rc = load_rules(s, ret, err);
	if (rc == 0)
		rc = load_relaying(s, ret, err);
	return rc < 0 ? rc : load_accepted(s, ret, err);
}

uint32_t
node_store_caps(struct store *s)
{
	char cipher[SETTING_VALUE_MAX];
	bool aes = processor_has_aes();

	if (setting_get(&s->settings, setting_find(node_settings, "cipher", NULL), cipher, NULL) > 0 &&
	    strcmp(cipher, "auto") != 0)
		aes = strcmp(cipher, "aes") == 0;
	return aes ? CAP_AES : 0;
}

/* The rule in its one spelling. */
static int
spell(char to[static FIREWALL_RULE_TEXT_MAX], const char *text, struct err *err)
{
	struct firewall_rule rule;

	if (firewall_rule_parse(&rule, text, err) < 0)
		return -EINVAL;
	firewall_rule_format(to, &rule);
	return 0;
}

int
node_store_allow(struct store *s, const char *text, struct err *err)
{
	char rule[FIREWALL_RULE_TEXT_MAX];
	int64_t count;
	int rc = spell(rule, text, err);

	if (rc == 0)
		rc = db_int(&s->settings, &count, err, "SELECT count(*) FROM rule WHERE rule <> ?",
		    "t", rule);
	if (rc < 0)
		return rc;
	if (count >= FIREWALL_RULES_MAX)
		return err_set(err, ERR_FULL, "there are %d rules already; remove one first",
		    FIREWALL_RULES_MAX);
	return db_run(&s->settings, err, "INSERT OR IGNORE INTO rule (rule) VALUES (?)", "t", rule);
}

int
node_store_disallow(struct store *s, const char *text, struct err *err)
{
	char rule[FIREWALL_RULE_TEXT_MAX];
	int rc = spell(rule, text, err);

	if (rc == 0)
		rc = db_run(&s->settings, err, "DELETE FROM rule WHERE rule = ?", "t", rule);
	if (rc == 0 && sqlite3_changes(s->settings.sql) == 0)
		return err_set(err, ERR_UNKNOWN, "there is no rule \"%s\"", rule);
	return rc;
}

/* A row that this version cannot read is no pin, and must not pass for none. */
static int
read_pin(struct pin *ret, sqlite3_stmt *stmt, const char *path, struct err *err)
{
	const char *name = (const char *)sqlite3_column_text(stmt, 0);
	int len = sqlite3_column_bytes(stmt, 1);

	if (name == NULL || !text_is_name(name, strlen(name)) ||
	    (len != CERT_WORDS && len != (int)sizeof(ret->bytes)))
		return err_set(err, ERR_FORMAT, "%s: it has a pin that cannot be read", path);
	*ret = (struct pin){ .len = (uint8_t)len };
	strcpy(ret->name, name);
	memcpy(ret->bytes, sqlite3_column_blob(stmt, 1), (size_t)len);
	return 0;
}

int
node_store_pins(struct store *s, struct pin_list *ret, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc = db_query(&s->settings, &stmt, err, "SELECT name, key FROM pin ORDER BY name", "");

	ret->count = 0;
	while (rc == 0 && (rc = db_next(&s->settings, stmt, err)) == 1) {
		if (ret->count == PINS_MAX) {
			rc = err_set(err, ERR_FULL, "%s: there are more than %d pins", s->path,
			    PINS_MAX);
			break;
		}
		rc = read_pin(&ret->pin[ret->count], stmt, s->path, err);
		ret->count += rc == 0;
	}
	sqlite3_finalize(stmt);
	return rc;
}

/* Has another name a pin that this key, or these words, would go against? */
static int
check_others(const struct pin_list *list, const struct pin *p, struct err *err)
{
	uint8_t bytes[CERT_WORDS], others[CERT_WORDS];

	(void)pin_word_bytes(bytes, p);
	for (size_t i = 0; i < list->count; i++) {
		const struct pin *other = &list->pin[i];

		if (strcmp(other->name, p->name) != 0 &&
		    memcmp(pin_word_bytes(others, other), bytes, sizeof(bytes)) == 0)
			return err_set(err, ERR_CONFLICT, "this key is pinned for %s already; if it "
			    "is not its key, `mpynet unpin %s` first", other->name, other->name);
	}
	return 0;
}

int
node_store_pin(struct store *s, const struct pin *p, struct err *err)
{
	struct pin_list *list = malloc(sizeof(*list));
	int rc = list ? node_store_pins(s, list, err) : err_set(err, -ENOMEM, "no memory for pins");
	int64_t others;

	if (rc == 0)
		rc = check_others(list, p, err);
	free(list);
	if (rc == 0)
		rc = db_int(&s->settings, &others, err, "SELECT count(*) FROM pin WHERE name <> ?",
		    "t", p->name);
	if (rc < 0)
		return rc;
	if (others >= PINS_MAX)
		return err_set(err, ERR_FULL, "there are %d pins already; remove one first",
		    PINS_MAX);
	return db_run(&s->settings, err, "INSERT OR REPLACE INTO pin (name, key) VALUES (?, ?)",
	    "tb", p->name, p->bytes, (size_t)p->len);
}

int
node_store_unpin(struct store *s, const char *name, struct err *err)
{
	int rc = db_run(&s->settings, err, "DELETE FROM pin WHERE name = ?", "t", name);

	if (rc == 0 && sqlite3_changes(s->settings.sql) == 0)
		return err_set(err, ERR_UNKNOWN, "no key is pinned for %.64s", name);
	return rc;
}
