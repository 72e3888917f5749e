/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * limits.c - what an authority may not sign, said so that a person knows what would do.
 */
#include "ca/limits.h"

#include <stdio.h>
#include <string.h>

/* A list in a sentence: what does not fit is not said. */
struct list {
	char text[160];
	size_t len;
	bool cut;
};

#define LIST_CUT ", .."

static void
list_add(struct list *l, const char *word)
{
	const char *comma = l->len > 0 ? ", " : "";

	if (l->cut)
		return;
	l->cut = l->len + strlen(comma) + strlen(word) + sizeof(LIST_CUT) > sizeof(l->text);
	l->len += (size_t)snprintf(l->text + l->len, sizeof(l->text) - l->len, "%s%s",
	    l->cut ? LIST_CUT : comma, l->cut ? "" : word);
}

static const char *
list_ranges(struct list *l, const struct prefix *p, uint32_t count)
{
	char text[PREFIX_TEXT_MAX];

	for (uint32_t i = 0; i < count; i++)
		list_add(l, prefix_format(text, p[i]));
	return count > 0 ? l->text : "none";
}

static bool
within_any(struct prefix p, const struct prefix *permitted, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (prefix_within(p, permitted[i]))
			return true;
	}
	return false;
}

/* "10.87.0.9" of a host, "10.87.0.0/24" of a range. */
static const char *
format_whole(char to[static ADDR_TEXT_MAX], struct prefix p)
{
	return p.len == ip_size(p.ip) * 8 ? ip_format(to, p.ip) : prefix_format(to, p);
}

static int
check_ranges(const struct cert *c, const struct cert *ca, struct err *e)
{
	struct list l = { .len = 0 };
	char text[ADDR_TEXT_MAX];

	for (uint32_t i = 0; i < c->address_count; i++) {
		if (!within_any(c->addresses[i], ca->addresses, ca->address_count))
			return err_set(e, ERR_DENIED, "%s cannot have %s; the addresses that %s "
			    "may give: %s", c->name, format_whole(text, c->addresses[i]), ca->name,
			    list_ranges(&l, ca->addresses, ca->address_count));
	}
	for (uint32_t i = 0; i < c->route_count; i++) {
		if (!within_any(c->routes[i], ca->routes, ca->route_count))
			return err_set(e, ERR_DENIED, "%s cannot have a route to %s; the routes "
			    "that %s may give: %s", c->name, prefix_format(text, c->routes[i]),
			    ca->name, list_ranges(&l, ca->routes, ca->route_count));
	}
	return 0;
}

static int
check_groups(const struct cert *c, const struct cert *ca, struct err *e)
{
	struct list l = { .len = 0 };

	if (cert_has_group(ca, "*"))
		return 0;
	for (uint32_t i = 0; i < ca->group_count; i++)
		list_add(&l, ca->groups[i]);
	for (uint32_t i = 0; i < c->group_count; i++) {
		if (!cert_has_group(ca, c->groups[i]))
			return err_set(e, ERR_DENIED, "%s cannot be in group %s; the groups that "
			    "%s may give: %s", c->name, c->groups[i], ca->name,
			    l.len > 0 ? l.text : "none");
	}
	return 0;
}

static int
check_flags(const struct cert *c, const struct cert *ca, struct err *e)
{
	struct list wanted = { .len = 0 }, given = { .len = 0 };

	for (uint32_t flag = 1; flag <= CERT_FLAGS_ALL; flag <<= 1) {
		if (c->flags & ~ca->flags & flag)
			list_add(&wanted, cert_flag_name(flag));
		if (ca->flags & flag)
			list_add(&given, cert_flag_name(flag));
	}
	if (wanted.len == 0)
		return 0;
	return err_set(e, ERR_DENIED, "%s cannot have the flag %s; the flags that %s may give: %s",
	    c->name, wanted.text, ca->name, given.len > 0 ? given.text : "none");
}

static int
check_names(const struct cert *c, const struct cert *ca, struct err *e)
{
	if (!text_ends_with(c->name, ca->name_suffix))
		return err_set(e, ERR_DENIED, "%s is no name that %s may give; those end with %s, "
		    "as in %s%s", c->name, ca->name, ca->name_suffix, c->name, ca->name_suffix);
	if (c->kind == OBJECT_CA && !text_ends_with(c->name_suffix, ca->name_suffix))
		return err_set(e, ERR_DENIED, "%s cannot give names that end with \"%s\"; those that "
		    "%s may give end with %s", c->name, c->name_suffix, ca->name, ca->name_suffix);
	return 0;
}

static int
check_lifetimes(const struct cert *c, const struct cert *ca, struct err *e)
{
	char text[32];

	if (c->kind == OBJECT_CA && c->max_lifetime > ca->max_lifetime)
		return err_set(e, ERR_DENIED, "%s cannot sign hosts for so long; %s may for at most %s",
		    c->name, ca->name, text_format_duration(text, ca->max_lifetime));
	return 0;
}

int
limits_check(const struct cert *c, const struct cert *ca, const struct cert *root, struct err *e)
{
	enum breach why = BREACH_NONE;
	int rc = check_names(c, ca, e);

	if (rc == 0)
		rc = check_ranges(c, ca, e);
	if (rc == 0)
		rc = check_groups(c, ca, e);
	if (rc == 0)
		rc = check_flags(c, ca, e);
	if (rc == 0)
		rc = check_lifetimes(c, ca, e);
	if (rc < 0)
		return rc;
	/* The rules themselves, should one have no sentence above. */
	rc = cert_permitted(c, ca, &why);
	if (rc == 0 && c->kind == OBJECT_HOST)
		rc = cert_routes_outside(c, root, &why);
	return rc < 0 ? err_set(e, rc, "a certificate for %s cannot be signed, because it %s",
	    c->name, breach_phrase(why)) : 0;
}
