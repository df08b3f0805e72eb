/* SPDX-License-Identifier: MIT */
/*
 * power: what the three programs of row 7 share: the recorder (power_shim.so,
 * preloaded into docketd), the takers (docket-power-take) and the judge of the
 * images (docket-power-images).
 *
 * The clock is a count in a shared file: docketd's recorder makes it odd when
 * an operation on the realm's disk begins and even when it has ended. A taker
 * stamps each number with the count that it reads after it got the number. So
 * the numbers that were out when operation k (counted from 1) had not ended are
 * those with stamps up to 2k - 1, and up to 2k when it had and no other had begun.
 */
#ifndef TESTS_POWER_H
#define TESTS_POWER_H

#include <stdatomic.h>
#include <stdint.h>

/* The shared file. */
struct power_clock {
    _Atomic uint64_t count;
    _Atomic uint64_t crash_in; /* 0: never; n: docketd ends before the n-th operation from now */
};

enum power_kind {
    POWER_MAKE = 1, /* in directory `where`, names: one; size of a file is 0 */
    POWER_MAKE_DIRECTORY,
    POWER_WRITE, /* bytes at offset */
    POWER_WRITE_DURABLE,
    POWER_TRUNCATE, /* to offset */
    POWER_SYNC,
    POWER_RENAME, /* from directory `where` to `there`, names: both */
    POWER_UNLINK,
    POWER_LINK, /* object under a new name in `where` */
    POWER_ROOT  /* object is a directory that existed before; offset: which root */
};

/* One operation that succeeded. `bytes` follow: data, or names that end in 0. */
struct power_record {
    uint64_t number; /* of the operation */
    uint64_t kind;
    uint64_t object; /* inode */
    uint64_t where;
    uint64_t there;
    uint64_t offset;
    uint64_t bytes;
};

/* One number that was handed out; stored number last. */
struct power_taken {
    _Atomic uint64_t number;
    uint64_t stamp;
    int32_t period;
    uint16_t series; /* place in the taker's list */
    uint16_t block;  /* 1: of a block */
};

enum { POWER_SERIES_MAX = 64, POWER_THREADS_MAX = 64 };

#endif
