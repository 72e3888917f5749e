/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.c - what a lighthouse knows across restarts: settings, and what the engine remembers.
 */
#include "lighthouse/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bundle.h"
#include "core/text.h"
#include "host/offloads.h"

/* Endpoints separated by commas, or nothing. */
static int
check_public(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	char copy[SETTING_VALUE_MAX], *next = copy, *one;

	if (strlen(value) >= sizeof(copy))
		return err_set(err, -EINVAL, "the list of endpoints is too long");
	strcpy(copy, value);
	while (*value && (one = strsep(&next, ",")) != NULL)
		if (endpoint_check(one) < 0)
			return err_set(err, -EINVAL, "\"%.64s\" is no endpoint; say HOST:PORT", one);
	strcpy(to, value);
	return 0;
}

/* A port, or "no". */
static int
check_tcp(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	unsigned long port = strtoul(value, NULL, 10);

	if (strcmp(value, "no") == 0) {
		strcpy(to, value);
		return 0;
	}
	if (value[strspn(value, "0123456789")] != '\0' || port < 1 || port > 65535)
		return err_set(err, -EINVAL, "a TCP port is 1 to 65535, or \"no\"");
	snprintf(to, SETTING_VALUE_MAX, "%lu", port);
	return 0;
}

/* Members that it holds sessions with, and knows the addresses of, at once. */
#define CLIENTS_LEAST 16
#define CLIENTS_MOST  4000000

static int
check_clients(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	uint64_t n;

	if (text_u64(&n, value, CLIENTS_LEAST, CLIENTS_MOST) < 0)
		return err_set(err, -EINVAL, "\"%.64s\" is no number of members; say %d to %d", value,
		    CLIENTS_LEAST, CLIENTS_MOST);
	snprintf(to, SETTING_VALUE_MAX, "%" PRIu64, n);
	return 0;
}

uint32_t
lighthouse_store_clients(struct store *s)
{
	char value[SETTING_VALUE_MAX];
	uint64_t n = 0;

	if (setting_get(&s->settings, setting_find(lighthouse_settings, "clients", NULL), value,
	    NULL) < 0 || text_u64(&n, value, CLIENTS_LEAST, CLIENTS_MOST) < 0)
		return 0;
	return (uint32_t)n;
}

const struct setting lighthouse_settings[] = {
	{ "stun", "no", false, "answer STUN Binding requests of strangers", setting_check_yes_no },
	{ "relay", "yes", false, "pass datagrams between members that cannot reach one another",
	    setting_check_yes_no },
	{ "relay-rate", "1000", false, "Mbit/s to relay at most, shared fairly by who uses it",
	    setting_check_rate },
	{ "clients", "65536", false, "members at once, each with 7 KB of memory while it is there",
	    check_clients },
	{ "listen", "7717", false, "UDP port, or ADDRESS:PORT", setting_check_listen },
	{ "tcp", "443", false, "TCP port for members whose networks block UDP, or \"no\"",
	    check_tcp },
	{ "public", "", false, "where members reach it", check_public },
	{ "spin", SETTING_SPIN, false, "microseconds to look out for a packet before sleeping",
	    setting_check_spin },
	{ "offload", "all", false, "what is left to the kernel, to compare", offloads_check, true },
	{ 0 },
};

int
lighthouse_store_open(struct store *s, const char *dir, struct err *err)
{
	static const char *const nothing_more[] = { "" };

	return store_open(s, dir, DB_LIGHTHOUSE, nothing_more, ARRAY_LEN(nothing_more), err);
}
