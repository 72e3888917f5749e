/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * boot.h - an engine for a box, with what its disk remembers.
 */
#ifndef TESTS_SIM_BOOT_H
#define TESTS_SIM_BOOT_H

struct box;

/* Of a node, and of a lighthouse. One that does not start ends the world. */
void boot_mesh(struct box *b);
void boot_beacon(struct box *b);

/* Asks for a certificate for the key that waits on the disk of a node, if one does. */
void boot_rekey(struct box *b);

#endif
