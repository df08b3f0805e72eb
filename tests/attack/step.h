/* SPDX-License-Identifier: MIT */
/*
 * step: what the two steppers share: a read-only view of the desk's files, a
 * hash of what they say, single steps and system-call stops of a traced thread,
 * and a watchdog, so that no run can hang.
 *
 * The shared bytes are read by the picture of layout.h, with nothing of docket
 * linked but libdocket.
 */
#ifndef TESTS_STEP_H
#define TESTS_STEP_H

#include "table/cursor.h"
#include "table/desk.h"
#include "table/place.h"
#include "table/slot.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define STEP_TENANT "acme"
#define SECOND_NS ((int64_t)1000000000)

/* ---- the view ---- */

struct view {
    struct dk_desk desk; /* read-only */
    char runtime[256];
};

/* The desk's files as they lie there now. */
void view_open(struct view *view, const char *realm);
uint32_t view_slot(const struct view *view, const char *series);
uint32_t view_seats_free(const struct view *view);
/* The seat that a process has mapped; -1 none. fd: the seat file, opened. */
int view_seat_of(const struct view *view, pid_t pid, int *fd);
/* Numbers left in blocks that this seat has claimed. */
uint64_t view_own_left(const struct view *view, uint32_t seat, int fd);
/* Numbers that anybody may take now, in the current period; and in how many blocks. */
uint64_t view_supply(const struct view *view, uint32_t slot, uint32_t *blocks);
struct shared_board_bank *view_bank(const struct view *view, uint32_t slot, int bank);
/* The bank that holds the period of this moment. */
int view_bank_now(const struct view *view, uint32_t slot);

/* Of all words that decide something: not heartbeat, calendar, statistics. */
uint64_t view_hash(const struct view *view);
/* Of a seat's lines. */
uint64_t view_hash_seat(const struct view *view, int fd);

/* ---- tracing ---- */

enum stop { STOP_STEP, STOP_SYSCALL, STOP_ENDED };

/* One instruction of a stopped thread, or on to its next system-call stop. A
 * signal that arrives meanwhile is passed on. */
enum stop step_one(pid_t thread);
enum stop step_syscall(pid_t thread);
/* Lets it run to an address, by a breakpoint. False: it stopped or ended elsewhere. */
bool step_run_to(pid_t thread, uint64_t address);
/* Waits until a traced child has stopped by itself (int3). False: it ended. */
bool step_await_stop(pid_t child);
uint64_t step_rip(pid_t thread);
/* True if the next instruction is a system call. */
bool step_at_syscall(pid_t thread);
/* SIGKILL, and waits until the process is gone. */
void step_kill(pid_t child);

/* ---- the watchdog ---- */

/* What is done now; the program ends with a sentence if it takes longer. */
void watch(unsigned seconds, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints and ends the program (exit 1), and its children with it. */
void give_up(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Killed and waited for by give_up(): a process that holds what the next run needs. */
extern pid_t goes_with_us;
/* Children that die with the program: each child calls it first. */
void die_with_parent(void);
int64_t now_ns(void);

#endif
