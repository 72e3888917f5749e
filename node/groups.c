/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * groups.c - announcements in and out.
 */
#include "node/groups.h"

#include "core/here.h"
#include "node/shell.h"

static void
on_group(void *ctx, struct group *g)
{
	struct node *n = ctx;
	struct packet packet;

	while (n->mesh && group_receive(g, &packet)) {
		mesh_from_net(n->mesh, clock_now(), &packet, 1, &n->out);
		node_settle(n);
	}
}

void
groups_open(struct node *n)
{
	static const struct {
		const char *at;
		socket_id id;
	} all[] = {
		{ HERE_GROUP4, SOCKET_LAN_V4 },
		{ "[" HERE_GROUP6 "]", SOCKET_LAN_V6 },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct addr at;
		struct err err;

		if (n->udp[i].fd < 0)	/* this family is not spoken here */
			continue;
		if (addr_parse(&at, all[i].at, HERE_PORT) < 0)
			assert(false);
		if (group_open(&n->groups.of[i], &at, all[i].id, &n->loop.uv, n, on_group, &err) < 0)
			log_line(&n->log, TRACE_WARNING, "%s; nobody on this site hears of us", err.text);
	}
}

void
groups_join(struct node *n, const struct net_address *found, size_t count)
{
	for (size_t i = 0; i < ARRAY_LEN(n->groups.of); i++) {
		uint8_t family = i == 0 ? FAMILY_V4 : FAMILY_V6;
		uint32_t interfaces[GROUP_INTERFACES_MAX] = { 0 };
		size_t known = 0;

		for (size_t k = 0; k < count && known < GROUP_INTERFACES_MAX; k++)
			if (found[k].ip.family == family)
				interfaces[known++] = found[k].ifindex;
		group_join(&n->groups.of[i], interfaces, known);
	}
}

void
groups_settle(struct node *n)
{
	for (size_t i = 0; i < ARRAY_LEN(n->groups.of); i++)
		group_settle(&n->groups.of[i], &n->out);
}

void
groups_close(struct node *n)
{
	for (size_t i = 0; i < ARRAY_LEN(n->groups.of); i++)
		group_close(&n->groups.of[i]);
}
