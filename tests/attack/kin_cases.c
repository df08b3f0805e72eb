/* SPDX-License-Identifier: MIT */
/* kin_cases: relatives made with the calls of the C library. */
#include "kin.h"

#include "docket_inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK = 20, BEFORE = 40, AFTER = 30 };

/* A founder in mid-lease, with a block of which a part is used: others may
 * take none of it while the founder lives. */
static bool found(struct kin *kin, struct member *founder)
{
    if (!member_begin(founder, kin, "founder") || !member_take(founder, 1 + kin_random(BEFORE)) ||
        !member_block(founder, BLOCK) || !member_use_block(founder, kin_random(BLOCK)))
        return false;
    kin->guard_first = founder->block_first;
    kin->guard_end = founder->block_first + founder->block_size;
    return true;
}

/* The founder goes on beside its child, and again behind it. */
static bool go_on(struct kin *kin, struct member *founder, pid_t child)
{
    struct kin alone = *kin;
    alone.guard_end = 0;
    founder->kin = &alone; /* its own block is no stranger's */
    return member_take(founder, AFTER) && kin_await(kin, child, "the child") && member_take(founder, AFTER) &&
           member_end(founder);
}

static bool be_child(struct kin *kin, docket_block *block, const char *who)
{
    return kin_block_is_foreign(kin, block) && member_live(kin, who, 1 + kin_random(AFTER)) &&
           kin_block_is_foreign(kin, block);
}

bool case_fork(struct kin *kin)
{
    struct member founder;
    if (!found(kin, &founder))
        return false;
    pid_t child = fork();
    if (child == 0) {
        bool good = be_child(kin, founder.block, "child");
        if (kin_random(2) == 0)
            docket_realm_close(kin->realm); /* frees the child's copies only */
        _exit(!good);
    }
    return go_on(kin, &founder, child);
}

/* The child forks, before its first call or after it, and is gone before its own child's. */
bool case_double_fork(struct kin *kin)
{
    struct member founder;
    int go[2], done[2];
    if (!found(kin, &founder) || pipe(go) != 0 || pipe(done) != 0)
        return false;
    pid_t child = fork();
    if (child != 0)
        close(done[1]);
    if (child == 0) {
        bool good = kin_random(2) == 0 || member_live(kin, "child", 3);
        if (fork() == 0) {
            char byte;
            close(go[1]);
            good = read(go[0], &byte, 1) == 0; /* the founder let go: our parent is dead */
            _exit(!(be_child(kin, founder.block, "grandchild") && good));
        }
        _exit(!good);
    }
    struct kin alone = *kin;
    alone.guard_end = 0;
    founder.kin = &alone;
    bool good = kin_await(kin, child, "the child") && member_take(&founder, AFTER);
    close(go[1]); /* the child is dead: go */
    char byte;
    good = read(done[0], &byte, 1) == 0 && good; /* the driver adopted the grandchild and judges it */
    return member_end(&founder) && good;
}

/* The founder ends first: in order, with its block open, or as a crash would; the child goes on. */
bool case_parent_first(struct kin *kin)
{
    struct member founder;
    int gone[2], beside[2];
    char byte = 0;
    pid_t parent = fork();
    if (parent != 0)
        return kin_await(kin, parent, "the one who dies first");
    if (!found(kin, &founder) || pipe(gone) != 0 || pipe(beside) != 0)
        _exit(1);
    int how = (int)kin_random(3);
    if (fork() == 0) {
        close(gone[1]);
        bool good = member_live(kin, "child", 5) && write(beside[1], &byte, 1) == 1 && read(gone[0], &byte, 1) == 0;
        kin->guard_end = 0; /* the dead parent's rest may come to anybody */
        good = good && member_live(kin, "orphan", AFTER) && kin_block_is_foreign(kin, founder.block);
        _exit(!good);
    }
    close(beside[1]);
    if (read(beside[0], &byte, 1) != 1) /* the child has taken beside a living parent */
        _exit(1);
    bool good = how == 0 ? member_end(&founder) : member_leave(&founder);
    if (how < 2)
        docket_realm_close(kin->realm);
    _exit(!good);
}

struct search {
    pid_t pid;
    bool seated;
};

static int look_at_seat(void *context, const struct docket_view_seat *seat)
{
    struct search *search = context;
    search->seated = search->seated || seat->pid == search->pid;
    return 0;
}

static bool is_seated(const struct kin *kin, pid_t pid)
{
    struct search search = {.pid = pid};
    docket_view *view;
    if (docket_view_open(kin->realm_path, &view) != DOCKET_OK)
        return true;
    if (docket_view_each_seat(view, look_at_seat, &search) != DOCKET_OK)
        search.seated = true;
    docket_view_close(view);
    return search.seated;
}

/* The founder dies; its child lives on and never calls docket. What it inherited
 * must not keep the dead one's seat. */
bool case_idle_child(struct kin *kin)
{
    struct member founder;
    int hold[2];
    if (pipe(hold) != 0)
        return false;
    pid_t parent = fork();
    if (parent == 0) {
        if (!found(kin, &founder))
            _exit(1);
        if (fork() == 0) {
            char byte;
            close(hold[1]);
            _exit(read(hold[0], &byte, 1) != 0);
        }
        _exit(!member_leave(&founder));
    }
    bool good = kin_await(kin, parent, "the one who dies first");
    for (int i = 0; good && is_seated(kin, parent); i++) {
        usleep(10000);
        if (i == KIN_SECONDS * 100)
            good = kin_complain(kin, "the dead parent", "keeps its seat while its child lives");
    }
    close(hold[1]);
    return good && member_live(kin, "later", AFTER);
}

/* exec in mid-lease with an open block: the mapping goes, and the seat with it. */
bool case_exec(struct kin *kin)
{
    struct member founder;
    pid_t child = fork();
    if (child == 0) {
        if (!found(kin, &founder) || !member_leave(&founder))
            _exit(1);
        kin_exec(kin, "reborn", AFTER);
        _exit(1);
    }
    return member_live(kin, "parent", AFTER) && kin_await(kin, child, "the one who called exec") &&
           member_live(kin, "later", AFTER);
}

struct taker {
    struct member member;
    atomic_bool started, stop;
    bool good;
};

static void *take_until_told(void *argument)
{
    struct taker *taker = argument;
    taker->good = true;
    for (unsigned i = 0; i < 190 && taker->good && !atomic_load(&taker->stop); i++) {
        taker->good = member_take(&taker->member, 1);
        atomic_store(&taker->started, true);
        if (i > 100)
            usleep(100);
    }
    return NULL;
}

static bool start_taker(struct kin *kin, struct taker *taker, const char *who, pthread_t *thread)
{
    atomic_init(&taker->started, false);
    atomic_init(&taker->stop, false);
    if (!member_begin(&taker->member, kin, who) || pthread_create(thread, NULL, take_until_told, taker) != 0)
        return kin_complain(kin, who, "no thread");
    return true;
}

static bool end_taker(struct taker *taker, pthread_t thread)
{
    atomic_store(&taker->stop, true);
    pthread_join(thread, NULL);
    return taker->good && member_end(&taker->member);
}

/* exec from a second thread while the first is inside its calls: killed there. */
bool case_exec_thread(struct kin *kin)
{
    pid_t child = fork();
    if (child == 0) {
        struct taker taker;
        pthread_t thread;
        if (!start_taker(kin, &taker, "cut", &thread))
            _exit(1);
        while (!atomic_load(&taker.started))
            usleep(10);
        usleep(kin_random(300));
        kin_exec(kin, "reborn", AFTER);
        _exit(1);
    }
    return member_live(kin, "parent", AFTER) && kin_await(kin, child, "the one who called exec");
}

/* fork while other threads of the process are inside their calls. */
bool case_mid_operation(struct kin *kin)
{
    struct taker takers[2];
    pthread_t threads[2];
    struct member founder;
    pid_t children[2];
    if (!start_taker(kin, &takers[0], "thread-0", &threads[0]) ||
        !start_taker(kin, &takers[1], "thread-1", &threads[1]) || !found(kin, &founder))
        return false;
    for (int i = 0; i < 2; i++) {
        usleep(kin_random(200));
        children[i] = fork();
        if (children[i] == 0)
            _exit(!be_child(kin, founder.block, i == 0 ? "child-0" : "child-1"));
    }
    bool good = kin_await(kin, children[1], "the second child");
    good = end_taker(&takers[0], threads[0]) && good;
    good = end_taker(&takers[1], threads[1]) && good;
    return go_on(kin, &founder, children[0]) && good;
}

static struct kin *at_exit_kin;
static docket_block *at_exit_block;
static pid_t at_exit_owner;
static bool at_exit_good;

/* What a program's exit handler does, run by the child too. */
static void say_goodbye(void)
{
    uint32_t back;
    if (at_exit_kin == NULL)
        return;
    if (getpid() != at_exit_owner) {
        at_exit_good = kin_block_is_foreign(at_exit_kin, at_exit_block) && member_live(at_exit_kin, "at-exit", 7);
        docket_realm_close(at_exit_kin->realm);
        if (!at_exit_good)
            _exit(1);
        return;
    }
    docket_block_give_back(at_exit_block, &back);
}

static bool destructor_armed;
static docket_realm *destructor_realm;

/* Runs after every exit handler; the realm was closed by then, or never used. */
__attribute__((destructor)) static void last_words(void)
{
    if (destructor_armed)
        docket_realm_close(destructor_realm);
}

bool case_atexit(struct kin *kin)
{
    struct member founder;
    if (!found(kin, &founder) || atexit(say_goodbye) != 0)
        return false;
    at_exit_kin = kin;
    at_exit_block = founder.block;
    at_exit_owner = getpid();
    bool talks = kin_random(2) == 0;
    pid_t child = fork();
    if (child == 0) {
        if (!talks && !member_live(kin, "child", 5))
            _exit(1);
        if (kin_random(2) == 0) { /* not the handler: a destructor closes the copy */
            at_exit_kin = NULL;
            destructor_armed = true;
            destructor_realm = kin->realm;
        }
        exit(0);
    }
    bool good = go_on(kin, &founder, child);
    at_exit_kin = NULL;
    return good;
}

/* Every descriptor is closed, the library's too if it kept any. */
static bool live_closed(struct kin *kin, const char *first, const char *second)
{
    if (!member_live(kin, first, 1 + kin_random(BEFORE)))
        return false;
    closefrom(3);
    return member_live(kin, second, AFTER);
}

bool case_closed(struct kin *kin)
{
    struct member founder;
    if (!live_closed(kin, "before", "closed") || !found(kin, &founder))
        return false;
    pid_t child = fork();
    if (child == 0) {
        closefrom(3);
        _exit(!be_child(kin, founder.block, "child"));
    }
    return go_on(kin, &founder, child);
}

enum { FILES = 24 };

static bool fill_descriptors(const struct kin *kin, int fds[FILES])
{
    char path[600];
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%s-%d-%d.file", kin->logs, kin->id, (int)getpid(), i);
        fds[i] = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fds[i] < 0 || write(fds[i], path, 20) != 20)
            return kin_complain(kin, path, strerror(errno));
        unlink(path);
    }
    return true;
}

static bool untouched(const struct kin *kin, const int fds[FILES])
{
    char bytes[64];
    for (int i = 0; i < FILES; i++)
        if (pread(fds[i], bytes, sizeof bytes, 0) != 20 || memcmp(bytes, kin->logs, 8) != 0)
            return kin_complain(kin, "a descriptor of the program", "was closed, read or written by docket");
    return true;
}

/* All descriptors are closed and their numbers used for files of the program. */
bool case_reused(struct kin *kin)
{
    struct member founder;
    int fds[FILES];
    if (!member_live(kin, "before", 1 + kin_random(BEFORE)))
        return false;
    closefrom(3);
    if (!fill_descriptors(kin, fds) || !found(kin, &founder))
        return false;
    pid_t child = fork();
    if (child == 0)
        _exit(!(be_child(kin, founder.block, "child") && untouched(kin, fds)));
    return go_on(kin, &founder, child) && untouched(kin, fds);
}
