/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * order.c - what a certificate is to say, as a command line has it.
 */
#include "cli/order.h"

#include "cli/certs.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int
order_name(struct order *o, const char *name, struct err *e)
{
	if (!text_is_name(name, strlen(name)))
		return err_set(e, -EINVAL, "a name has 1 to 63 of a-z, 0-9, '.', '_' and '-', with "
		    "a letter or digit at both ends");
	memcpy(o->name, name, strlen(name) + 1);
	return 0;
}

static int
read_addresses(struct order *o, const struct args *a, struct err *e)
{
	char shown[64];

	for (size_t i = 0; i < arg_count(a, "--ip"); i++) {
		const char *text = arg_nth(a, "--ip", i);

		if (o->address_count == CERT_ADDRESSES_MAX - 2)
			return err_set(e, -EINVAL, "a host has fewer addresses");
		if (ip_parse(&o->addresses[o->address_count++], text) < 0)
			return err_set(e, -EINVAL, "--ip %s is no address; one looks like "
			    "10.87.0.20", output_escape(shown, sizeof(shown), text));
	}
	return 0;
}

int
order_read_groups(struct order *o, const struct args *a, struct err *e)
{
	for (size_t i = 0; i < arg_count(a, "--groups"); i++) {
		struct list l = { .text = arg_nth(a, "--groups", i) };
		char group[CERT_GROUP_LEN + 1];
		int rc;

		while ((rc = list_next(&l, group, sizeof(group))) == 1) {
			if (!text_is_name(group, strlen(group)))
				rc = ERR_FORMAT;
			if (rc < 0 || o->group_count == CERT_GROUPS_MAX)
				break;
			memcpy(o->groups[o->group_count++], group, sizeof(group));
		}
		if (rc < 0)
			return err_set(e, -EINVAL, "--groups takes names with commas between them; "
			    "each has 1 to %d of a-z, 0-9, '.', '_' and '-'", CERT_GROUP_LEN);
		if (rc == 1)
			return err_set(e, -EINVAL, "a host has at most %d groups", CERT_GROUPS_MAX);
	}
	return 0;
}

int
order_read_routes(struct order *o, const struct args *a, struct err *e)
{
	for (size_t i = 0; i < arg_count(a, "--routes"); i++) {
		struct list l = { .text = arg_nth(a, "--routes", i) };
		char text[PREFIX_TEXT_MAX];
		int rc;

		while ((rc = list_next(&l, text, sizeof(text))) == 1) {
			if (o->route_count == CERT_ROUTES_MAX)
				break;
			rc = prefix_parse(&o->routes[o->route_count++], text);
			if (rc < 0)
				break;
		}
		if (rc < 0)
			return err_set(e, -EINVAL, "--routes takes ranges with commas between "
			    "them; one looks like 192.168.7.0/24");
		if (rc == 1)
			return err_set(e, -EINVAL, "a host has at most %d routes", CERT_ROUTES_MAX);
	}
	return 0;
}

int
order_read(struct order *o, const struct args *a, struct err *e)
{
	const char *lifetime = arg(a, "--lifetime");
	int rc = 0;

	if (lifetime != NULL && (text_duration(&o->lifetime, lifetime) < 0 || o->lifetime == 0))
		rc = err_set(e, -EINVAL, "--lifetime takes a duration, as in 90d or 12h");
	if (rc == 0)
		rc = read_addresses(o, a, e);
	if (rc == 0)
		rc = order_read_groups(o, a, e);
	return rc < 0 ? rc : order_read_routes(o, a, e);
}

int
order_confirm(const char *name, const uint8_t key[static 32], const struct args *a,
    struct err *e)
{
	char words[CERT_WORDS_MAX], answer[8] = "";
	int tty;
	ssize_t n;

	cert_key_words(words, key);
	if (arg(a, "--yes") != NULL)
		return 0;
	tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		return err_set(e, -EINVAL, "the key of %s is: %s. There is no terminal to ask on "
		    "whether it shows the same where it is; say --yes if it does", name, words);
	dprintf(tty, "%s asks to be certified. Its key in words:\n  %s\n"
	    "Does it show the same words where it is? [y/N] ", name, words);
	n = read(tty, answer, sizeof(answer) - 1);
	close(tty);
	if (n > 0 && (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return err_set(e, ERR_UNKNOWN, "%s was not signed", name);
}
