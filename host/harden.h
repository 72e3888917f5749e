/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * harden.h - what a process that holds keys denies the rest of the machine.
 *
 * Keys are in its memory, and memory gets out in two ways that nobody meant: as a core file after a
 * crash, and to another process of the same user that attaches to it.
 */
#ifndef HOST_HARDEN_H
#define HOST_HARDEN_H

/*
 * No core file, and no debugger but root's. Holds for the process and what it becomes by fork();
 * first thing in main(). What the machine does not offer is left out.
 */
void harden_process(void);

#endif
