/* SPDX-License-Identifier: MIT */
/*
 * serve_ledger: the store's ledger in memory, for fuzz_serve. Each commit is checked as it comes: it can be
 * written down, no two numbers of a series have one key or one text, and what is void stays void.
 */
#ifndef TESTS_FUZZ_SERVE_LEDGER_H
#define TESTS_FUZZ_SERVE_LEDGER_H

#include "store/store.h"

void serve_ledger_keep(const struct dk_ledger_change *change);
/* The records of a tracked counter go with its image. */
void serve_ledger_check(const struct dk_counter_image *image);
void serve_ledger_end(void);

#endif
