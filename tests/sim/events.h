/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * events.h - what came of every event, and the page that says so, docs/events.md.
 */
#ifndef TESTS_SIM_EVENTS_H
#define TESTS_SIM_EVENTS_H

/* Events, each for several pairs of kinds. */
#define EVENT_CASES (14 * 8)

/* The page, in Markdown, after scene_events() ran for all. */
void events_print(void);

#endif
