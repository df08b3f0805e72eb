/* SPDX-License-Identifier: MIT */
/*
 * serve_clerk: a clerk and a store in memory for fuzz_serve, without threads
 * or disk. Each commit is checked as it comes: it can be written down, and no
 * durable mark ever falls.
 */
#ifndef TESTS_FUZZ_SERVE_CLERK_H
#define TESTS_FUZZ_SERVE_CLERK_H

#include "daemon/clerk.h"

struct dk_clerk *serve_clerk_begin(void);
void serve_clerk_end(void);

#endif
