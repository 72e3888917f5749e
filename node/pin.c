/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pin.c - keys that are fixed by name, in a node.
 *
 * Whoever comes is judged where members are learned (core/members.h). What is left to do is to look
 * at those who are here already when another key is pinned, and to tell of it.
 */
#include "node/mesh_impl.h"
#include "node/view.h"

/* From the last to the first, since the last takes the place of one that goes. */
static void
look_at_members(struct mesh *m, struct instant now, struct outbox *out)
{
	uint64_t seconds = trust_now(m->trust, now.wall);
	struct cert cert;

	for (uint32_t i = members_count(m->members); i-- > 0;) {
		struct member *member = members_at(m->members, i);

		if (member->superseded)
			continue;
		member_cert(member, &cert);
		if (members_against_pins(m->members, &cert, seconds, out) < 0)
			state_put_out(m, now, member, TRACE_PIN_ENDED, CLOSE_CERTIFICATE, out);
	}
	members_revive(m->members);
}

int
mesh_pin(struct mesh *m, struct instant now, const struct pin_list *pins, struct outbox *out)
{
	int rc = members_pin(m->members, pins);

	if (rc > 0) {
		door_forgive(m->door);
		look_at_members(m, now, out);
		if (m->started)
			landmarks_add(m, now, out);
	}
	return rc < 0 ? rc : 0;
}

static void
fill_row(const struct mesh *m, const struct pinned *p, struct view_pin *ret)
{
	const struct member *member = members_by_name(m->members, p->pin.name);

	*ret = (struct view_pin){ .pinned = *p, .known = member != NULL };
	if (member != NULL)
		memcpy(ret->key, member->key, sizeof(ret->key));
}

bool
view_pin_next(const struct mesh *m, size_t *at, struct view_pin *ret)
{
	const struct pins *ps = members_pins(m->members);

	if (*at >= ps->count)
		return false;
	fill_row(m, &ps->row[(*at)++], ret);
	return true;
}

int
view_key(const struct mesh *m, const char *name, uint8_t key[static 32])
{
	const struct member *member = members_by_name(m->members, name);

	if (member == NULL)
		return ERR_UNKNOWN;
	memcpy(key, member->key, 32);
	return 0;
}
