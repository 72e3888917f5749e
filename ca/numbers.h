/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * numbers.h - the addresses of a network as numbers, and which of them is free.
 *
 * Number 1 is the first usable address of the network's first range of a family, and counting goes
 * on in the next range. A host gets the lowest number that is free in every family at once, so that
 * 10.87.0.10 and fd..::a are the same host. The first numbers are kept for lighthouses, so that .1
 * is one whatever was signed first. Pure, like ca/authority.h.
 */
#ifndef CA_NUMBERS_H
#define CA_NUMBERS_H

#include "core/cert.h"
#include "core/err.h"

/* The first number for hosts where a network has at least NUMBERS_ROOMY numbers, else 1. */
#define NUMBERS_FIRST_HOST 10
#define NUMBERS_ROOMY	   200

/*
 * Who knows which addresses others hold, others than the host that is signed for. It is asked and
 * not listed, so that one more host costs the same in a large network. Zeros: nobody holds any.
 */
struct tenants {
	void *ctx;
	/* Does another one hold `ip`? 1, 0, or negative with a sentence. */
	int (*hold)(void *ctx, struct ip ip, struct err *e);
	/* The lowest address from `from` on, of its family, that no other holds. 0, or negative. */
	int (*vacant)(void *ctx, struct ip *ret, struct ip from, struct err *e);
};

/* The address of number `n` in `ca`'s ranges of `family`: 0, or ERR_FULL past the last. */
int numbers_address(struct ip *ret, const struct cert *ca, uint8_t family, uint64_t n) must_check;

/* The number that an address has in `ca`'s ranges, or 0: it is not for hosts. */
uint64_t numbers_of(const struct cert *ca, struct ip ip);

/* Where counting starts for a host with these flags. */
uint64_t numbers_first(const struct cert *ca, uint32_t flags);

/* 1 when another one holds `ip`, else 0; or negative with a sentence. */
int numbers_held(const struct tenants *t, struct ip ip, struct err *e) must_check;

/* What is to be found for a host: an address in each of these families, of one number. */
struct numbers_wanted {
	size_t count;
	uint8_t families[2];
	struct ip found[2];
};

/*
 * Number `hint` (if it is not 0) where that is free in all wanted families, else the lowest from
 * `first` on that is. 0; ERR_FULL when there is none; else negative with a sentence.
 */
int numbers_find(struct numbers_wanted *w, const struct cert *ca, const struct tenants *t,
    uint64_t first, uint64_t hint, struct err *e) must_check;

#endif
