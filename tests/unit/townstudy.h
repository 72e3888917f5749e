/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * townstudy.h - studies of the houses of a town.
 */
#ifndef TESTS_UNIT_TOWNSTUDY_H
#define TESTS_UNIT_TOWNSTUDY_H

#include "core/study.h"
#include "tests/unit/meshes.h"

/* Of these houses in this order, at MPyC's port. */
static inline struct study
town_study(const char *name, const struct house *const *parties, uint32_t count)
{
	struct study s = { .count = count };
	uint8_t bytes[STUDY_MAX];

	snprintf(s.name, sizeof(s.name), "%s", name);
	memcpy(s.network, parties[0]->host.cert.network, sizeof(s.network));
	for (uint32_t i = 0; i < count; i++) {
		struct study_party *p = &s.parties[i];

		memcpy(p->name, parties[i]->host.cert.name, sizeof(p->name));
		memcpy(p->key, parties[i]->host.cert.key, sizeof(p->key));
		p->address = house_ip(parties[i]);
		p->port = STUDY_PORT;
	}
	ASSERT(study_encode(&s, bytes, sizeof(bytes), NULL) > 0);
	return s;
}

#endif
