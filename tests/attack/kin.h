/* SPDX-License-Identifier: MIT */
/*
 * kin: what the files of docket-kin share. kin.c has the members of a family
 * and the main program, kin_cases.c the cases made with the C library's calls,
 * kin_raw.c those made behind its back.
 *
 * A case runs in a process of its own, the round's founder, which may die: the
 * driver above it adopts whoever is orphaned and judges every ending.
 */
#ifndef TESTS_KIN_H
#define TESTS_KIN_H

#include "docket.h"
#include "../lib/worklog.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct kin {
    const char *program, *realm_path, *logs, *tenant, *name; /* name: of the series of this round */
    const char *id;                                          /* of the round: prefix of its logs */
    docket_realm *realm;
    docket_series *series;
    uint64_t guard_first, guard_end; /* the open block of a living parent: nobody else gets these */
};

/* One who takes numbers, with a log of its own. */
struct member {
    const struct kin *kin;
    struct worklog log;
    docket_block *block;
    uint64_t block_first;
    int32_t block_period;
    uint32_t block_size;
};

enum { KIN_SECONDS = 20 };

/* Says what went wrong, with the calling process's round; false. */
bool kin_complain(const struct kin *kin, const char *what, const char *reason);
/* complaint with docket's status and sentence */
bool kin_refused(const struct kin *kin, const char *what, docket_status status);

/* Opens realm and series; waits for a seat while others leave theirs. */
bool kin_open(struct kin *kin);
bool member_begin(struct member *member, const struct kin *kin, const char *who);
bool member_take(struct member *member, unsigned count);
bool member_block(struct member *member, uint32_t size);
bool member_use_block(struct member *member, unsigned count);
/* Uses the block up and ends the log in order. */
bool member_end(struct member *member);
/* Ends the log and leaves the block open: the process is about to end. What is
 * left of a leased block must come back; nothing excuses it. */
bool member_leave(struct member *member);
/* From the first call to the orderly end: count numbers. */
bool member_live(const struct kin *kin, const char *who, unsigned count);
/* A block that a child inherited answers FOREIGN_BLOCK, whatever is asked. */
bool kin_block_is_foreign(const struct kin *kin, docket_block *block);

/* Waits for the child, KIN_SECONDS at most; it must have ended with 0. */
bool kin_await(const struct kin *kin, pid_t child, const char *who);
/* Runs this program anew as a member; only returns when exec failed. */
void kin_exec(const struct kin *kin, const char *who, unsigned count);
unsigned kin_random(unsigned below);

typedef bool kin_case(struct kin *kin);

kin_case case_fork, case_double_fork, case_parent_first, case_idle_child, case_exec, case_exec_thread, case_mid_operation, case_atexit,
    case_closed, case_reused;
kin_case case_clone, case_vfork, case_sibling, case_signal;

#endif
