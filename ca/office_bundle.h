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

/*
 * The lighthouses that bundles of this office name: its own, and those of the charter that admitted
 * it as far as there is room; each with its certificate and where it is reached. How many, at most
 * BUNDLE_LIGHTHOUSES_MAX, or ERR_FULL.
 */
int office_lighthouses(struct office *o, struct bundle_lighthouse *to, struct err *e) must_check;

/* The charter of the issuing CA that `issuing` certifies; likewise to be wiped. */
int office_make_charter(struct office *o, struct bundle *b, const struct bundle_cert *issuing,
    struct err *e) must_check;

/* The log says that this certificate was handed out. A transaction of its own. */
int office_log_export(struct office *o, const struct cert *c, struct err *e) must_check;

/* Its text without NUL, at most BUNDLE_TEXT_MAX: the length. */
int office_write_bundle(char *to, const struct bundle *b, struct err *e) must_check;

#endif
