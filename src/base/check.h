/* SPDX-License-Identifier: MIT */
/*
 * check: assertions that stay on in release. One that fails is our own bug;
 * bad input, a bad file and a bad shared word are statuses, never assertions.
 */
#ifndef DK_BASE_CHECK_H
#define DK_BASE_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define DK_CHECK(condition)                                                                        \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            fprintf(stderr, "docket: internal check failed at %s:%d: %s\n", __FILE__, __LINE__,    \
                    #condition);                                                                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
