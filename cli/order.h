/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * order.h - what a certificate is to say, as a command line has it.
 */
#ifndef CLI_ORDER_H
#define CLI_ORDER_H

#include "ca/authority.h"
#include "cli/command.h"

/* -EINVAL with a sentence when it is no name. */
int order_name(struct order *o, const char *name, struct err *e) must_check;

/* --lifetime, --ip, --groups and --routes. -EINVAL with a sentence. */
int order_read(struct order *o, const struct args *a, struct err *e) must_check;
int order_read_groups(struct order *o, const struct args *a, struct err *e) must_check;
int order_read_routes(struct order *o, const struct args *a, struct err *e) must_check;

/*
 * Asks on the terminal whether the host or authority that calls itself `name` shows the same words for its key;
 * --yes of `a` says so. A person compares them: only that binds name and key. 0; ERR_UNKNOWN for
 * no; -EINVAL where there is no terminal.
 */
int order_confirm(const char *name, const uint8_t key[static 32], const struct args *a,
    struct err *e) must_check;

#endif
