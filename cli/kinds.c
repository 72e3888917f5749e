/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kinds.c - what may stand for a <kind> of a pattern, for completion.
 */
#include "ca/ledger.h"
#include "cli/cmd.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

/* The directory part of a begun path, its last slash included; "" for this directory. */
static struct span
directory_of(const char *prefix)
{
	const char *slash = strrchr(prefix, '/');

	return (struct span){ prefix, slash != NULL ? (size_t)(slash + 1 - prefix) : 0 };
}

/* Directories end with a slash, so that the next Tab goes on inside. Hidden ones must be begun. */
static void
list_paths(const char *prefix, bool files_too, candidate_fn found, void *to)
{
	struct span in = directory_of(prefix);
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%.*s", (int)in.len, in.p);
	dir = opendir(in.len > 0 ? path : ".");
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct stat st;
		bool is_dir;

		if (entry->d_name[0] == '.' && prefix[in.len] != '.')
			continue;
		snprintf(path, sizeof(path), "%.*s%s", (int)in.len, in.p, entry->d_name);
		is_dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
		if (is_dir && strlen(path) + 1 < sizeof(path))
			strcat(path, "/");
		if (is_dir || files_too)
			found(to, path, NULL);
	}
	if (dir != NULL)
		closedir(dir);
}

static void
list_files(struct context *c, const char *prefix, candidate_fn found, void *to)
{
	(void)c;
	list_paths(prefix, true, found, to);
}

static void
list_directories(struct context *c, const char *prefix, candidate_fn found, void *to)
{
	(void)c;
	list_paths(prefix, false, found, to);
}

/* The hosts that the authority of this state has certified, if there is one. */
static void
list_names(struct context *c, const char *prefix, candidate_fn found, void *to)
{
	struct ledger_cert row;
	struct ledger_walk walk;
	struct ledger ledger;
	struct err e;

	(void)prefix;
	if (ledger_open(&ledger, c->state, false, &e) < 0)
		return;
	if (ledger_walk(&ledger, &walk, &e) == 0) {
		while (ledger_next(&walk, &row, &e) == 1)
			if (row.status == LEDGER_LIVE)
				found(to, row.cert.name, NULL);
		ledger_end(&walk);
	}
	ledger_close(&ledger);
}

const struct kind kinds[] = {
	{ "file", list_files },
	{ "bundle", list_files },
	{ "charter", list_files },
	{ "dir", list_directories },
	{ "name", list_names },
	{ "peer", list_peers },
	{ "who", list_peers },
	{ "key", list_settings },
	{ "study", list_studies },
	{ NULL, NULL },
};
