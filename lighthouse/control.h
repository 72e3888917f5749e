/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control.h - a lighthouse's answers on its control socket; docs/control.md is their content.
 */
#ifndef LIGHTHOUSE_CONTROL_H
#define LIGHTHOUSE_CONTROL_H

#include "host/ctl.h"

/* A ctl handler; `ctx` is the struct lighthouse. */
void lighthouse_control(void *ctx, const struct ctl_request *r);

#endif
