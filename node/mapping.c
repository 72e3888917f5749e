/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mapping.c - what routers pass on to us, and what that is worth.
 *
 * A router that is itself behind a NAT maps in vain: what it calls its outside is an address that
 * the Internet does not know. Such a mapping is kept, since a peer behind the same outer NAT may
 * use it, but it is offered last.
 */
#include "node/mesh_impl.h"

static const char *const method_words[] = {
	[MAPPING_PCP] = "PCP",
	[MAPPING_NATPMP] = "NAT-PMP",
	[MAPPING_UPNP] = "UPnP",
};

const char *
mapping_method_word(uint8_t method)
{
	return method >= MAPPING_PCP && method <= MAPPING_UPNP ? method_words[method] : "unknown";
}

/* An IPv6 firewall that was opened for us leaves our address as it is. */
static bool
is_pinhole(const struct mesh *m, const struct addr *external)
{
	for (size_t i = 0; i < m->local_count; i++) {
		if (addr_same_ip(&m->local[i], external))
			return true;
	}
	return false;
}

/* Do lighthouses see us, and all of them elsewhere? */
static bool
seen_elsewhere(const struct mesh *m, const struct addr *external)
{
	bool elsewhere = false;

	for (size_t i = 0; i < m->lighthouse_count; i++) {
		const struct addr *seen =
		    &m->lighthouses[i].observed[external->family == FAMILY_V6];

		if (seen->family == FAMILY_NONE)
			continue;
		if (addr_same_ip(seen, external))
			return false;
		elsewhere = true;
	}
	return elsewhere;
}

struct mapping
mapping_judged(const struct mesh *m, const struct mapping *mapped)
{
	struct mapping judged = *mapped;

	if (!is_pinhole(m, &mapped->external))
		judged.double_nat |= addr_class(&mapped->external) != ADDR_CLASS_PUBLIC ||
		    seen_elsewhere(m, &mapped->external);
	return judged;
}

void
mapping_candidates(const struct mesh *m, bool double_nat, struct eps *to)
{
	for (size_t i = 0; i < m->mapped_count; i++) {
		struct mapping judged = mapping_judged(m, &m->mapped[i]);

		if (judged.double_nat == double_nat)
			eps_add(to, EP_MAPPED, &judged.external);
	}
}

/* Nothing but an address that a peer could send to is offered, whatever the router says. */
static bool
is_address(const struct mesh *m, const struct addr *external)
{
	enum addr_class c = addr_class(external);

	return (c == ADDR_CLASS_PUBLIC || c == ADDR_CLASS_PRIVATE) && external->port != 0 &&
	    !trust_in_overlay(m->trust, addr_ip(external));
}

static bool
same_candidates(const struct mesh *m, const struct mapping *kept, size_t n)
{
	if (n != m->mapped_count)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!addr_equal(&kept[i].external, &m->mapped[i].external))
			return false;
	}
	return true;
}

void
mesh_mapped(struct mesh *m, struct instant now, const struct mapping *mapping, size_t n,
    struct outbox *out)
{
	struct mapping kept[MESH_MAPPINGS_MAX];
	size_t count = 0;
	bool same;

	for (size_t i = 0; i < n && count < MESH_MAPPINGS_MAX; i++) {
		if (is_address(m, &mapping[i].external))
			kept[count++] = mapping[i];
	}
	same = same_candidates(m, kept, count);
	memcpy(m->mapped, kept, count * sizeof(kept[0]));
	m->mapped_count = count;
	if (m->started && !same)
		upkeep_candidates_changed(m, now, out);
}
