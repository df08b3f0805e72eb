/* SPDX-License-Identifier: MIT */
/*
 * docket-stepw: kills a worker at every point of one operation.
 *
 *     docket-stepw --list
 *     docket-stepw REALM LOGS OPERATION SERIES DOCKETD_PID SAMPLE
 *
 * A child makes ready (takes a seat, a lease, a block), stops at an int3, and
 * does the operation. The first pass counts its points by single steps: every
 * instruction, or every change of the shared words and every system call. Then
 * a fresh child is walked to each point and killed there with SIGKILL. After
 * each kill a survivor must be able to take numbers.
 *
 * What a killed child may have taken without logging it is told exactly: the
 * operation's numbers if its word had moved at the kill, else none. SAMPLE: at
 * most so many points, evenly spread; 0 all.
 */
#include "stepw.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEPS_MAX = 400000, SEATS_SPARE = 4, TRIES = 5, SUPPLY_MIN = 8 };

/* Reached by a breakpoint at the last instruction before it that the operation
 * comes to for the first time, and single steps from there. */
struct point {
    uint64_t mark; /* address of that instruction */
    uint32_t steps;
};

/* What of the desk says how far a child has taken numbers. */
struct moved {
    struct shared_line lines[64];
    uint64_t next[DK_BANKS]; /* of the strict words */
    uint64_t salt; /* of the seat */
};

static const struct operation *operation;
static uint32_t slot;
static pid_t docketd;
static int survivor = -1;
static struct point *points;
static size_t point_count;
static uint64_t excused, late;
static const char *logs;

/* ---- the child's clock ---- */

int64_t clock_shift_s;
static int (*real_clock)(clockid_t, struct timespec *);

/* Stands before the C library's, for libdocket too. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = real_clock(clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        now->tv_sec += clock_shift_s;
    return result;
}

__attribute__((constructor)) static void find_clock(void)
{
    void *found = dlsym(RTLD_NEXT, "clock_gettime");
    memcpy(&real_clock, &found, sizeof found);
}

/* ---- the child ---- */

#define STAND() __asm__ volatile("int3" ::: "memory")

/* The operation is over. */
__attribute__((noinline)) static void step_end(void)
{
    STAND();
}

static void child_life(void)
{
    die_with_parent();
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        must("PTRACE_TRACEME", DOCKET_SYSTEM);
    atexit(step_end); /* where a main thread that ended comes out */
    if (!(operation->flags & OP_COLD))
        child_attach();
    operation->prepare();
    STAND();
    if (operation->exhaust != NULL)
        operation->exhaust();
    STAND();
    operation->act();
    step_end();
    _exit(0);
}

/* ---- docketd, standing still or not ---- */

static char state_of(pid_t pid)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *stat = fopen(path, "re");
    if (stat == NULL || fgets(line, sizeof line, stat) == NULL)
        give_up("docketd is gone");
    fclose(stat);
    const char *after = strrchr(line, ')');
    return after == NULL ? '?' : after[2];
}

static void hold_docketd(void)
{
    kill(docketd, SIGSTOP);
    while (state_of(docketd) != 'T')
        usleep(100);
}

/* ---- the survivor ---- */

static void survivor_take(docket_series *series, struct worklog *log)
{
    uint64_t number;
    int32_t period;
    docket_block *block;
    must("the survivor's docket_next", docket_next(series, 10 * SECOND_NS, &number, &period));
    worklog_add(log, number, period, WORKLOG_NEXT);
    if (operation->order[0] != 'l')
        return;
    must("the survivor's docket_block_open", docket_block_open(series, 2, 10 * SECOND_NS, &block));
    must("the survivor's docket_block_next", docket_block_next(block, &number));
    worklog_add(log, number, period, WORKLOG_BLOCK);
    must("the survivor's give back", docket_block_give_back(block, NULL));
}

static void survivor_life(int fd)
{
    docket_realm *realm;
    docket_series *series;
    struct worklog log;
    char word, id[64];
    die_with_parent();
    must("the survivor's realm", docket_realm_open(child_realm, &realm));
    must("the survivor's series", docket_series_open(realm, STEP_TENANT, child_series, &series));
    snprintf(id, sizeof id, "survivor-%s", operation->name);
    if (worklog_open(&log, logs, id, STEP_TENANT, child_series, 3, 60000) != 0)
        must("the survivor's log", DOCKET_SYSTEM);
    while (read(fd, &word, 1) == 1 && word == 't') {
        survivor_take(series, &log);
        if (write(fd, &word, 1) != 1)
            _exit(9);
    }
    docket_realm_close(realm);
    worklog_close(&log);
    _exit(0);
}

static pid_t survivor_start(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        give_up("socketpair: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        survivor_life(pair[1]);
    }
    close(pair[1]);
    survivor = pair[0];
    return pid;
}

static void survivor_must_take(void)
{
    char word = 't';
    if (write(survivor, &word, 1) != 1 || read(survivor, &word, 1) != 1)
        give_up("FAULT after a kill nobody else can take: %s", told->why);
}

/* ---- the log of the children ---- */

/* Children write it through the mapping that they inherit, which does not move:
 * a log that is nearly full is followed by another. */
static void open_log(void)
{
    static unsigned count;
    char id[64];
    snprintf(id, sizeof id, "%s-%u", operation->name, ++count);
    int error = worklog_open(&told->log, logs, id, STEP_TENANT, child_series, 1, 65535);
    if (error != 0)
        give_up("cannot open the log %s: %s", id, strerror(error));
}

/* Closed in order: it excuses what was told to it and no more. */
static void close_log(void)
{
    int error = worklog_close(&told->log);
    if (error != 0)
        give_up("cannot close the log: %s", strerror(error));
}

/* ---- one child, from birth to the int3 before its operation ---- */

static void free_seats(void)
{
    watch(60, "waiting for seats of the dead to be free again (%s)", operation->name);
    while (view_seats_free(&view) < SEATS_SPARE)
        usleep(2000);
    /* Supply should lie there, or the child waits for it: another path. */
    uint32_t blocks;
    for (int i = 0; i < 100 && view_supply(&view, slot, &blocks) < SUPPLY_MIN; i++)
        usleep(1000);
}

static void must_stop(pid_t child, const char *where)
{
    if (!step_await_stop(child))
        give_up("FAULT the child ended while it %s: %s", where, told->why);
}

static void look(int seat_fd, struct moved *moved)
{
    uint32_t count = view.desk.geometry.lines_per_seat < 64 ? view.desk.geometry.lines_per_seat : 64;
    memset(moved, 0, sizeof *moved);
    struct shared_header header = {.seat = 0};
    if (seat_fd >= 0 && (pread(seat_fd, moved->lines, count * sizeof *moved->lines, (off_t)dk_lines_at()) < 0 ||
                         pread(seat_fd, &header, sizeof header, 0) < 0))
        give_up("cannot read a seat: %s", strerror(errno));
    if (header.seat < view.desk.geometry.seats_max)
        moved->salt = dk_load_relaxed(&dk_desk_seat(&view.desk, header.seat)->salt);
    for (int i = 0; i < DK_BANKS; i++)
        moved->next[i] = dk_strict_unpack(dk_load_acquire(&dk_table_slot(&view.desk, slot)->bank[i].strict)).next;
}

/* A line's cursor that has moved on, and not by a give back (STOP); or, of a
 * child without a seat before, one that has a lease. */
static bool has_taken(const struct moved *before, const struct moved *after)
{
    if (operation->order[0] == 's')
        return before->next[0] != after->next[0] || before->next[1] != after->next[1];
    for (uint32_t i = 0; i < 64; i++) {
        uint64_t word = after->lines[i].cursor;
        struct dk_cursor cursor;
        if (word != before->lines[i].cursor && dk_cursor_unpack(word, after->salt, i, &cursor) && !cursor.stop &&
            cursor.lease != 0)
            return true;
    }
    return false;
}

struct child {
    pid_t pid;
    int seat_fd;
    struct moved before;
};

static void give_birth(struct child *child)
{
    free_seats();
    if (told->log.records > 60000) {
        close_log();
        open_log();
    }
    watch(60, "a child making ready for %s", operation->name);
    told->unlogged = 0;
    child->pid = fork();
    if (child->pid == 0)
        child_life();
    must_stop(child->pid, "made ready");
    if (operation->flags & OP_AWAY)
        hold_docketd();
    ptrace(PTRACE_CONT, child->pid, NULL, NULL);
    must_stop(child->pid, "exhausted the supply");
    ptrace(PTRACE_SETOPTIONS, child->pid, NULL, (void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
    child->seat_fd = -1;
    (void)view_seat_of(&view, child->pid, &child->seat_fd);
    look(child->seat_fd, &child->before);
}

/* Kills it, tells what it may have taken, and lets the others go on. */
static void bury(struct child *child)
{
    struct moved after;
    watch(60, "burying a child of %s", operation->name);
    if (child->seat_fd < 0)
        (void)view_seat_of(&view, child->pid, &child->seat_fd);
    look(child->seat_fd, &after);
    uint32_t excuse = told->unlogged + (has_taken(&child->before, &after) ? operation->step : 0);
    step_kill(child->pid);
    if (child->seat_fd >= 0)
        close(child->seat_fd);
    if (excuse > 0 && worklog_excuse(&told->log, excuse) != 0)
        give_up("cannot write the log");
    excused += excuse;
    kill(docketd, SIGCONT);
    watch(60, "the survivor takes after a kill in %s", operation->name);
    survivor_must_take();
}

/* ---- counting ---- */

static void add_point(struct point here)
{
    if (point_count % 1024 == 0)
        points = realloc(points, (point_count + 1024) * sizeof *points);
    if (points == NULL)
        give_up("no memory");
    if (point_count == 0 || memcmp(&points[point_count - 1], &here, sizeof here) != 0)
        points[point_count++] = here;
}

static uint64_t state_of_desk(const struct child *child)
{
    return view_hash(&view) ^ view_hash_seat(&view, child->seat_fd);
}

/* True if the address was not met before. */
static bool is_new(uint64_t address)
{
    static uint64_t met[1 << 16];
    for (uint64_t at = address * 0x9e3779b97f4a7c15ull >> 48;; at = (at + 1) & 0xffff) {
        if (met[at] == address)
            return false;
        if (met[at] == 0) {
            met[at] = address;
            return true;
        }
    }
}

static void count_points(void)
{
    struct child child;
    bool states = operation->flags & OP_STATES, changed = true;
    struct point here = {0};
    const uint64_t end = (uint64_t)(uintptr_t)step_end;
    give_birth(&child);
    watch(120, "counting the points of %s", operation->name);
    uint64_t seen = state_of_desk(&child);
    for (uint32_t i = 0; i < STEPS_MAX; i++) {
        uint64_t rip = step_rip(child.pid);
        here = is_new(rip) ? (struct point){.mark = rip} : (struct point){here.mark, here.steps + 1};
        bool call = states && step_at_syscall(child.pid);
        if (!states || call || changed)
            add_point(here); /* of a call: before it is made */
        if (rip == end || step_one(child.pid) == STOP_ENDED)
            break;
        if (call && child.seat_fd < 0)
            (void)view_seat_of(&view, child.pid, &child.seat_fd);
        uint64_t now = states ? state_of_desk(&child) : 0;
        changed = call || now != seen;
        seen = now;
    }
    add_point((struct point){.mark = end}); /* at its end, before it is logged */
    bury(&child);
}

/* ---- killing ---- */

/* False if the operation was over before. */
static bool walk(const struct child *child, const struct point *to)
{
    if (!step_run_to(child->pid, to->mark))
        return false;
    for (uint32_t i = 0; i < to->steps; i++)
        if (step_one(child->pid) != STOP_STEP || step_rip(child->pid) == (uint64_t)(uintptr_t)step_end)
            return false;
    return true;
}

/* A walk that found the operation's end first (another path, by chance) was a
 * kill there, and is tried again a few times. */
static uint64_t kill_at_points(size_t sample)
{
    size_t count = sample == 0 || sample > point_count ? point_count : sample;
    for (size_t i = 0; i < count; i++) {
        size_t at = i * point_count / count;
        bool reached = false;
        for (int try = 0; !reached && try < TRIES; try++) {
            struct child child;
            give_birth(&child);
            watch(60, "walking to point %zu of %s", at, operation->name);
            reached = walk(&child, &points[at]);
            bury(&child);
        }
        late += !reached;
    }
    return count;
}

static int list(void)
{
    for (size_t i = 0; i < operation_count; i++)
        printf("%s %s %s\n", operations[i].name, operations[i].order, operations[i].what);
    return 0;
}

static void prepare_run(char **words)
{
    for (size_t i = 0; i < operation_count; i++)
        if (strcmp(operations[i].name, words[3]) == 0)
            operation = &operations[i];
    if (operation == NULL)
        give_up("there is no operation %s", words[3]);
    child_realm = words[1];
    child_series = words[4];
    docketd = (pid_t)atoi(words[5]);
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        give_up("no memory");
    view_open(&view, child_realm);
    slot = view_slot(&view, child_series);
    logs = words[2];
    open_log();
}

int main(int count, char **words)
{
    if (count == 2 && strcmp(words[1], "--list") == 0)
        return list();
    if (count != 7) {
        fprintf(stderr, "usage: docket-stepw --list | REALM LOGS OPERATION SERIES DOCKETD_PID SAMPLE\n");
        return 2;
    }
    prepare_run(words);
    watch(60, "starting the survivor");
    pid_t other = survivor_start();
    survivor_must_take();
    count_points();
    uint64_t kills = kill_at_points((size_t)atoi(words[6]));
    watch(60, "ending the survivor");
    close(survivor);
    int status = 0;
    waitpid(other, &status, 0);
    if (status != 0)
        give_up("FAULT the survivor did not end in order: %s", told->why);
    close_log();
    printf("points %zu\nkills %llu\nlate %llu\nexcused %llu\nloose %d\n", point_count, (unsigned long long)kills,
           (unsigned long long)late, (unsigned long long)excused, (operation->flags & OP_LOOSE) != 0);
    return 0;
}
