/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stock.c - the stock WireGuards that a person made known to this node.
 */
#include "node/stock.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/pem.h"
#include "host/file.h"

/* STATE/node/members/NAME with another ending. */
static bool
member_path(char to[static PATH_MAX], const struct node *n, const char *name, const char *ending)
{
	return snprintf(to, PATH_MAX, "%s/%s/%s%s", n->home.dir, HOME_MEMBERS, name, ending) <
	    PATH_MAX;
}

static int
add_certificate(struct node *n, const char *path, struct err *err)
{
	struct cert_bytes issuing = { 0 };
	uint8_t object[CERT_HOST_MAX];
	struct cert cert;
	char *text;
	size_t len;
	int rc = file_load(&text, &len, path, FILE_SIZE_MAX, err);

	if (rc < 0)
		return rc;
	rc = pem_read_object(object, sizeof(object), text, len, err);
	file_free(text, len);
	if (rc < 0)
		return rc;
	len = (size_t)rc;
	if (cert_decode(&cert, object, len, NULL) == 0)
		issuing = node_issuing_of(&n->bundle, &cert);
	return mesh_add_member(n->mesh, clock_now(), object, len, issuing.p, issuing.len, &n->out,
	    err);
}

static int
add_endpoint(struct node *n, const char *name, const char *path, struct err *err)
{
	struct addr at;
	char *text;
	size_t len;
	int rc = file_load(&text, &len, path, ADDR_TEXT_MAX, err);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	text[strcspn(text, "\n")] = '\0';
	rc = endpoint_is_addr(&at, text) ? 0 : err_set(err, ERR_FORMAT, "\"%s\" is no address and "
	    "port", text);
	file_free(text, len);
	return rc < 0 ? rc : mesh_add_endpoint(n->mesh, clock_now(), name, &at, &n->out);
}

static void
load_one(struct node *n, const char *name)
{
	char path[PATH_MAX];
	struct err err = { 0 };
	int rc = -ENAMETOOLONG;

	if (member_path(path, n, name, ".crt"))
		rc = add_certificate(n, path, &err);
	if (rc == 0 && member_path(path, n, name, ".endpoint"))
		rc = add_endpoint(n, name, path, &err);
	if (rc < 0)
		log_line(&n->log, TRACE_WARNING, "%s: %s", path,
		    err.text[0] != '\0' ? err.text : err_phrase(rc));
	node_settle(n);
}

void
stock_load(struct node *n)
{
	char path[PATH_MAX], name[NAME_MAX_LEN + 1];
	const struct dirent *entry;
	DIR *dir;

	if (!member_path(path, n, "", ""))
		return;
	dir = opendir(path);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len <= 4 || len - 4 > NAME_MAX_LEN ||
		    strcmp(entry->d_name + len - 4, ".crt") != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(len - 4), entry->d_name);
		load_one(n, name);
	}
	closedir(dir);
}
