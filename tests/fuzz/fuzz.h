/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz.h - what libFuzzer calls.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Once, before the first input. A fuzzer may leave it out. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Every input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
