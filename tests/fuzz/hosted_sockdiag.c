/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hosted_sockdiag.c - what the kernel says of connections may be anything.
 */
#include "tests/fuzz/fuzz.h"

#include "host/sockdiag.h"

static void
take(void *ctx, const struct sockdiag_tcp *t)
{
	size_t *seen = ctx;

	assert(t->remote.port != 0);
	(*seen)++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t seen = 0;
	int rc = sockdiag_parse(data, size, take, &seen);

	assert(rc <= 1 && seen <= size / 72);
	return 0;
}
