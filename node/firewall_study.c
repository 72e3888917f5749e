/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * firewall_study.c - what a study that runs lets in: the parties that dial this host, and they are
 * those before it in the list. A party is its key at its address, whatever is certified since.
 */
#include "node/firewall.h"

#include <errno.h>
#include <stdlib.h>

struct firewall_study {
	uint8_t hash[STUDY_HASH_LEN];
	uint16_t port; /* of this host */
	unsigned diallers;
	struct {
		uint8_t key[32];
		struct ip address;
	} dialler[];
};

/* Its place among those that run, or `study_count`. */
static size_t
find(const struct firewall *fw, const uint8_t hash[static STUDY_HASH_LEN])
{
	size_t i = 0;

	while (i < fw->study_count && memcmp(fw->studies[i]->hash, hash, STUDY_HASH_LEN) != 0)
		i++;
	return i;
}

bool
firewall_study_has(const struct firewall *fw, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < fw->study_count && protocol == IPPROTO_OF_TCP; i++) {
		if (fw->studies[i]->port == port)
			return true;
	}
	return false;
}

int
firewall_study_open(struct firewall *fw, const struct study *s, unsigned self)
{
	struct firewall_study *f;

	assert(self < s->count);
	if (find(fw, s->hash) < fw->study_count)
		return 0;
	if (firewall_study_has(fw, IPPROTO_OF_TCP, s->parties[self].port))
		return ERR_CONFLICT;
	if (fw->study_count == FIREWALL_STUDIES_MAX)
		return ERR_FULL;
	f = calloc(1, sizeof(*f) + self * sizeof(f->dialler[0]));
	if (f == NULL)
		return -ENOMEM;
	memcpy(f->hash, s->hash, sizeof(f->hash));
	f->port = s->parties[self].port;
	f->diallers = self;
	for (unsigned i = 0; i < self; i++) {
		memcpy(f->dialler[i].key, s->parties[i].key, sizeof(f->dialler[i].key));
		f->dialler[i].address = s->parties[i].address;
	}
	fw->studies[fw->study_count++] = f;
	return 0;
}

void
firewall_study_close(struct firewall *fw, const uint8_t hash[static STUDY_HASH_LEN])
{
	size_t i = find(fw, hash);

	if (i == fw->study_count)
		return;
	free(fw->studies[i]);
	fw->studies[i] = fw->studies[--fw->study_count];
}

void
firewall_study_close_all(struct firewall *fw)
{
	while (fw->study_count > 0)
		free(fw->studies[--fw->study_count]);
}

static bool
dials(const struct firewall_study *f, struct ip from, const uint8_t key[static 32])
{
	for (unsigned i = 0; i < f->diallers; i++) {
		if (memcmp(f->dialler[i].key, key, sizeof(f->dialler[i].key)) == 0)
			return ip_equal(f->dialler[i].address, from);
	}
	return false;
}

bool
firewall_study_admits(const struct firewall *fw, uint8_t protocol, uint16_t port, struct ip from,
    const struct cert *who)
{
	for (size_t i = 0; i < fw->study_count && protocol == IPPROTO_OF_TCP; i++) {
		if (fw->studies[i]->port == port)
			return dials(fw->studies[i], from, who->key);
	}
	return false;
}
