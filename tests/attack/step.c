/* SPDX-License-Identifier: MIT */
#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the watchdog ---- */

pid_t goes_with_us;
static char doing[256];

static void too_long(int signal)
{
    (void)signal;
    const char *before = "it took too long: ";
    ssize_t got = write(STDOUT_FILENO, before, strlen(before));
    got = write(STDOUT_FILENO, doing, strlen(doing));
    got = write(STDOUT_FILENO, "\n", 1);
    (void)got;
    _exit(1); /* the children follow by PR_SET_PDEATHSIG */
}

void watch(unsigned seconds, const char *format, ...)
{
    va_list arguments;
    signal(SIGALRM, too_long);
    alarm(0);
    va_start(arguments, format);
    vsnprintf(doing, sizeof doing, format, arguments);
    va_end(arguments);
    alarm(seconds);
}

void give_up(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf(" (while: %s)\n", doing);
    fflush(stdout);
    if (goes_with_us > 0) {
        kill(goes_with_us, SIGKILL);
        while (waitpid(goes_with_us, NULL, WNOHANG | __WALL) == 0)
            usleep(1000);
    }
    _exit(1);
}

void die_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* ---- the view ---- */

static uint8_t *map_file(const char *directory, const char *name, size_t *bytes)
{
    char path[512];
    struct stat facts;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0)
        give_up("cannot open %s: %s", path, strerror(errno));
    uint8_t *mapped = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        give_up("cannot map %s: %s", path, strerror(errno));
    *bytes = (size_t)facts.st_size;
    return mapped;
}

void view_open(struct view *view, const char *realm)
{
    char link[512];
    snprintf(link, sizeof link, "%s/runtime", realm);
    ssize_t length = readlink(link, view->runtime, sizeof view->runtime - 1);
    if (length <= 0)
        give_up("%s leads nowhere: %s", link, strerror(errno));
    view->runtime[length] = 0;
    struct dk_desk *desk = &view->desk;
    memset(desk, 0, sizeof *desk);
    desk->board = map_file(view->runtime, "board-0", &desk->board_bytes);
    desk->table = map_file(view->runtime, "table-0", &desk->table_bytes);
    const struct shared_header *header = (const void *)desk->board;
    desk->geometry = (struct dk_geometry){header->slots_max, header->rows_max, header->seats_max,
                                          header->lines_per_seat};
    desk->incarnation = header->incarnation;
}

uint32_t view_slot(const struct view *view, const char *series)
{
    uint64_t used = dk_load_acquire(&dk_desk_words(&view->desk)->slots_used);
    for (uint32_t i = 0; i < used; i++) {
        const struct shared_board_slot *slot = dk_desk_slot(&view->desk, i);
        if (slot->name_bytes == strlen(series) && memcmp(slot->name, series, slot->name_bytes) == 0)
            return i;
    }
    give_up("the board has no series %s", series);
}

uint32_t view_seats_free(const struct view *view)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < view->desk.geometry.seats_max; i++)
        count += dk_load_acquire(&dk_desk_seat(&view->desk, i)->state) == 0;
    return count;
}

int view_seat_of(const struct view *view, pid_t pid, int *fd)
{
    char path[512], line[512];
    int seat = -1;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    if (maps == NULL)
        return -1;
    while (seat < 0 && fgets(line, sizeof line, maps) != NULL) {
        const char *name = strstr(line, "/seat-0-");
        if (name != NULL)
            seat = atoi(name + strlen("/seat-0-"));
    }
    fclose(maps);
    if (seat >= 0 && fd != NULL) {
        snprintf(path, sizeof path, "%s/seat-0-%d", view->runtime, seat);
        *fd = open(path, O_RDONLY | O_CLOEXEC);
        if (*fd < 0)
            give_up("cannot open %s: %s", path, strerror(errno));
    }
    return seat;
}

uint64_t view_own_left(const struct view *view, uint32_t seat, int fd)
{
    const struct dk_desk *desk = &view->desk;
    uint64_t left = 0, salt = dk_load_relaxed(&dk_desk_seat(desk, seat)->salt);
    uint64_t rows = dk_load_acquire(&dk_desk_words(desk)->rows_used);
    for (uint32_t row = 0; row < rows; row++) {
        for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
            struct dk_claim claim = dk_claim_unpack(dk_load_acquire(&dk_table_row(desk, row)->claim[i]));
            struct dk_laid laid = dk_place_read(&dk_desk_row(desk, row)->place[i]);
            struct dk_cursor cursor;
            uint64_t word = 0;
            off_t at = (off_t)(dk_lines_at() + claim.line * sizeof(struct shared_line));
            if (claim.state != DK_OWNED || claim.seat != seat || pread(fd, &word, sizeof word, at) != sizeof word ||
                !dk_cursor_unpack(word, salt, claim.line, &cursor))
                continue;
            int order = dk_lease_compare(cursor.lease, claim.lease);
            left += order < 0 ? laid.size : order == 0 && !cursor.stop ? laid.size - cursor.offset : 0;
        }
    }
    return left;
}

struct shared_board_bank *view_bank(const struct view *view, uint32_t slot, int bank)
{
    return &dk_desk_slot(&view->desk, slot)->bank[bank];
}

int view_bank_now(const struct view *view, uint32_t slot)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (int i = 0; i < DK_BANKS; i++) {
        const struct shared_board_bank *bank = view_bank(view, slot, i);
        if (dk_load_acquire(&bank->epoch) != 0 && (int64_t)dk_load_relaxed(&bank->start_s) <= now.tv_sec &&
            now.tv_sec < (int64_t)dk_load_relaxed(&bank->end_s))
            return i;
    }
    return 0;
}

uint64_t view_supply(const struct view *view, uint32_t slot, uint32_t *blocks)
{
    const struct dk_desk *desk = &view->desk;
    int index = view_bank_now(view, slot);
    uint32_t serial = dk_epoch_serial(dk_load_acquire(&view_bank(view, slot, index)->epoch));
    uint64_t rows = dk_load_acquire(&dk_desk_words(desk)->rows_used), supply = 0;
    *blocks = 0;
    if (dk_desk_slot(desk, slot)->order == 0)
        return dk_strict_unpack(dk_load_acquire(&dk_table_slot(desk, slot)->bank[index].strict)).room;
    for (uint32_t row = 0; row < rows; row++) {
        for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
            uint64_t word = dk_load_acquire(&dk_table_row(desk, row)->claim[i]);
            struct dk_laid laid = dk_place_read(&dk_desk_row(desk, row)->place[i]);
            if (word >> 62 != DK_FREE || laid.serial != serial)
                continue;
            supply += laid.size;
            (*blocks)++;
        }
    }
    return supply;
}

/* Four lanes, so that one word need not wait for another. */
static uint64_t fold(uint64_t hash, const void *bytes, size_t count)
{
    const uint64_t *words = bytes, prime = 0x9e3779b97f4a7c15ull;
    uint64_t lane[4] = {hash, hash + 1, hash + 2, hash + 3};
    size_t left = count / sizeof *words;
    for (; left >= 4; left -= 4, words += 4)
        for (int i = 0; i < 4; i++)
            lane[i] = ((lane[i] << 5 | lane[i] >> 59) ^ words[i]) * prime;
    for (; left > 0; left--, words++)
        lane[0] = ((lane[0] << 5 | lane[0] >> 59) ^ words[0]) * prime;
    for (int i = 1; i < 4; i++)
        lane[0] = (lane[0] ^ lane[i] >> 29 ^ lane[i]) * prime;
    return lane[0];
}

uint64_t view_hash(const struct view *view)
{
    const struct dk_desk *desk = &view->desk;
    const struct shared_board_words *words = dk_desk_words(desk);
    uint64_t slots = dk_load_acquire(&words->slots_used), rows = dk_load_acquire(&words->rows_used);
    uint64_t hash = fold(0, &words->slots_ready, offsetof(struct shared_board_words, calendars_ready) -
                                                     offsetof(struct shared_board_words, slots_ready));
    for (uint32_t i = 0; i < desk->geometry.seats_max; i++)
        hash = fold(hash, &dk_desk_seat(desk, i)->state, 2 * sizeof(dk_word));
    /* One more than used: it is written before it is counted. */
    slots += slots < desk->geometry.slots_max;
    rows += rows < desk->geometry.rows_max;
    hash = fold(hash, dk_desk_slot(desk, 0), slots * sizeof(struct shared_board_slot));
    if (desk->geometry.slots_max <= 64) /* a small one's directory too: entries come and go there */
        hash = fold(hash, dk_desk_directory(desk), 2 * slots * sizeof(dk_word32));
    hash = fold(hash, dk_desk_row(desk, 0), rows * sizeof(struct shared_board_row));
    hash = fold(hash, dk_table_words(desk), sizeof(struct shared_table_words));
    hash = fold(hash, dk_table_want_summary(desk), dk_want_summary_words(&desk->geometry) * sizeof(dk_word));
    hash = fold(hash, dk_table_want_bits(desk), dk_want_words(&desk->geometry) * sizeof(dk_word));
    hash = fold(hash, dk_table_slot(desk, 0), slots * sizeof(struct shared_table_slot));
    return fold(hash, dk_table_row(desk, 0), rows * sizeof(struct shared_table_row));
}

uint64_t view_hash_seat(const struct view *view, int fd)
{
    struct shared_line lines[64];
    size_t count = view->desk.geometry.lines_per_seat < 64 ? view->desk.geometry.lines_per_seat : 64;
    if (fd < 0 || pread(fd, lines, count * sizeof *lines, (off_t)dk_lines_at()) != (ssize_t)(count * sizeof *lines))
        return 0;
    return fold(0, lines, count * sizeof *lines);
}

/* ---- tracing ---- */

static enum stop go_on(enum __ptrace_request how, pid_t thread)
{
    int status, signal = 0;
    for (;;) {
        if (ptrace(how, thread, NULL, (void *)(intptr_t)signal) != 0)
            return STOP_ENDED;
        if (waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status))
            return STOP_ENDED;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            return STOP_SYSCALL;
        if (WSTOPSIG(status) == SIGTRAP && status >> 16 == 0)
            return STOP_STEP;
        /* Events of tracing and group stops are not signals to pass on. */
        signal = status >> 16 == 0 ? WSTOPSIG(status) : 0;
    }
}

enum stop step_one(pid_t thread)
{
    return go_on(PTRACE_SINGLESTEP, thread);
}

enum stop step_syscall(pid_t thread)
{
    return go_on(PTRACE_SYSCALL, thread);
}

bool step_await_stop(pid_t child)
{
    int status;
    return waitpid(child, &status, __WALL) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

uint64_t step_rip(pid_t thread)
{
    return (uint64_t)ptrace(PTRACE_PEEKUSER, thread, (void *)offsetof(struct user_regs_struct, rip), NULL);
}

bool step_at_syscall(pid_t thread)
{
    errno = 0;
    long text = ptrace(PTRACE_PEEKTEXT, thread, (void *)step_rip(thread), NULL);
    return errno == 0 && (text & 0xffff) == 0x050f;
}

bool step_run_to(pid_t thread, uint64_t address)
{
    void *rip = (void *)offsetof(struct user_regs_struct, rip), *at = (void *)address;
    if (step_rip(thread) == address)
        return true;
    errno = 0;
    long text = ptrace(PTRACE_PEEKTEXT, thread, at, NULL);
    if (errno != 0 || ptrace(PTRACE_POKETEXT, thread, at, (void *)((text & ~0xffl) | 0xcc)) != 0)
        give_up("cannot set a breakpoint: %s", strerror(errno));
    if (go_on(PTRACE_CONT, thread) != STOP_STEP || step_rip(thread) != address + 1)
        return false;
    return ptrace(PTRACE_POKETEXT, thread, at, (void *)text) == 0 &&
           ptrace(PTRACE_POKEUSER, thread, rip, at) == 0;
}

void step_kill(pid_t child)
{
    int status;
    kill(child, SIGKILL);
    while (waitpid(child, &status, __WALL) == child && !WIFEXITED(status) && !WIFSIGNALED(status))
        ;
}
