/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * preflight_script.h - what a Python interpreter is asked about itself and its program.
 */
#ifndef CLI_PREFLIGHT_SCRIPT_H
#define CLI_PREFLIGHT_SCRIPT_H

/*
 * A program for `python -c`, whose arguments are those of the interpreter that is asked about. It
 * prints a line "agree NAME VALUE" or "told NAME VALUE" for each fact, and "error TEXT" for what
 * cannot be run.
 */
extern const char preflight_script[];

#endif
