/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * office_bundle.h - the bundles of an authority, for what signs and what exports.
 */
#ifndef CA_OFFICE_BUNDLE_H
#define CA_OFFICE_BUNDLE_H

#include "ca/office.h"

/*
 * What the host of this certificate needs to know; `key` is NULL when it made its own. The caller
 * wipes `b` (bundle_wipe). ERR_FULL when there are more lighthouses than a bundle holds.
 */
int office_make_bundle(struct office *o, struct bundle *b, const struct bundle_cert *host,
    const uint8_t *key, struct err *e) must_check;

/* Its text without NUL, at most BUNDLE_TEXT_MAX: the length. */
int office_write_bundle(char *to, const struct bundle *b, struct err *e) must_check;

#endif
