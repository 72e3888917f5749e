/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * offloads.c - what the kernel does for us where it can.
 */
#include "host/offloads.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	unsigned flags;
} words[] = {
	{ "all", OFFLOAD_ALL },
	{ "none", 0 },
	{ "checksum", OFFLOAD_CHECKSUM },
	{ "tso", OFFLOAD_CHECKSUM | OFFLOAD_TSO },
	{ "uso", OFFLOAD_CHECKSUM | OFFLOAD_TSO | OFFLOAD_USO },
	{ "udp-gso", OFFLOAD_UDP_GSO },
	{ "udp-gro", OFFLOAD_UDP_GRO },
	{ "lanes", OFFLOAD_LANES },
};

/* Adds the flags of the first word of `list` to `to`. Returns its length, or -EINVAL. */
static int
add_word(unsigned *to, const char *list)
{
	size_t len = strcspn(list, ",");

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strlen(words[i].word) == len && memcmp(words[i].word, list, len) == 0) {
			*to |= words[i].flags;
			return (int)len;
		}
	}
	return -EINVAL;
}

static int
parse(unsigned *ret, const char *value)
{
	unsigned flags = 0;

	for (const char *p = value;; p++) {
		int len = add_word(&flags, p);

		if (len < 0)
			return len;
		p += len;
		if (*p == '\0')
			break;
	}
	*ret = flags;
	return 0;
}

int
offloads_check(char to[static SETTING_VALUE_MAX], const char *value, struct err *err)
{
	unsigned flags;

	if (strlen(value) >= SETTING_VALUE_MAX || parse(&flags, value) < 0)
		return err_set(err, -EINVAL, "\"%.64s\" is no list of offloads; say all, none, or "
		    "some of checksum,tso,uso,udp-gso,udp-gro,lanes", value);
	strcpy(to, value);
	return 0;
}

unsigned
offloads_parse(const char *value)
{
	unsigned flags = OFFLOAD_ALL;

	return parse(&flags, value) < 0 ? OFFLOAD_ALL : flags;
}

unsigned
offloads_get(struct db *db, const struct setting *list)
{
	const struct setting *s = setting_find(list, "offload", NULL);
	char value[SETTING_VALUE_MAX];

	assert(s);
	return setting_get(db, s, value, NULL) < 0 ? OFFLOAD_ALL : offloads_parse(value);
}
