/* SPDX-License-Identifier: MIT */
/* breaker: see breaker.h. x86-64 only: a call is turned into a failing one in its registers. */
#include "breaker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS_MAX = 128, PAGE_BYTES = 4096 };

/* Calls that may fail, and how: the likely errno, and another. Not brk, which has no errno:
 * what it stands for is failed as an allocation. */
static const struct breakable {
    long call;
    const char *name;
    int error, second;
} breakables[] = {
    {SYS_read, "read", EIO, EINTR},
    {SYS_pread64, "pread64", EIO, EINTR},
    {SYS_write, "write", ENOSPC, EIO},
    {SYS_pwrite64, "pwrite64", EIO, ENOSPC},
    {SYS_writev, "writev", EIO, ENOSPC},
    {SYS_pwritev, "pwritev", EIO, ENOSPC},
    {SYS_fsync, "fsync", EIO, ENOSPC},
    {SYS_fdatasync, "fdatasync", EIO, ENOSPC},
    {SYS_msync, "msync", EIO, ENOMEM},
    {SYS_open, "open", EMFILE, ENOSPC},
    {SYS_openat, "openat", EMFILE, ENOSPC},
    {SYS_mmap, "mmap", ENOMEM, EAGAIN},
    {SYS_mprotect, "mprotect", ENOMEM, EACCES},
    {SYS_madvise, "madvise", ENOMEM, EINVAL},
    {SYS_socket, "socket", EMFILE, ENOBUFS},
    {SYS_connect, "connect", ECONNREFUSED, EAGAIN},
    {SYS_bind, "bind", EADDRINUSE, ENOMEM},
    {SYS_listen, "listen", EADDRINUSE, ENOBUFS},
    {SYS_accept4, "accept4", EMFILE, ECONNABORTED},
    {SYS_sendto, "sendto", ENOBUFS, ECONNRESET},
    {SYS_sendmsg, "sendmsg", ENOBUFS, ETOOMANYREFS},
    {SYS_recvfrom, "recvfrom", ECONNRESET, ENOMEM},
    {SYS_recvmsg, "recvmsg", ECONNRESET, ENOMEM},
    {SYS_getsockopt, "getsockopt", ENOBUFS, ENOMEM},
    {SYS_fcntl, "fcntl", ENOLCK, EINTR},
    {SYS_ftruncate, "ftruncate", ENOSPC, EINTR},
    {SYS_fallocate, "fallocate", ENOSPC, EINTR},
    {SYS_rename, "rename", ENOSPC, EIO},
    {SYS_renameat, "renameat", ENOSPC, EIO},
    {SYS_renameat2, "renameat2", ENOSPC, EIO},
    {SYS_link, "link", ENOSPC, EIO},
    {SYS_linkat, "linkat", ENOSPC, EIO},
    {SYS_unlink, "unlink", EIO, EROFS},
    {SYS_unlinkat, "unlinkat", EIO, EROFS},
    {SYS_mkdir, "mkdir", ENOSPC, EIO},
    {SYS_mkdirat, "mkdirat", ENOSPC, EIO},
    {SYS_symlinkat, "symlinkat", ENOSPC, EIO},
    {SYS_fchmod, "fchmod", EIO, EROFS},
    {SYS_fchmodat, "fchmodat", EIO, EROFS},
    {SYS_fstat, "fstat", EIO, ENOMEM},
    {SYS_newfstatat, "newfstatat", EIO, ENOMEM},
    {SYS_fstatfs, "fstatfs", EIO, ENOMEM},
    {SYS_readlink, "readlink", EIO, ENOMEM},
    {SYS_getdents64, "getdents64", EIO, ENOMEM},
    {SYS_lseek, "lseek", EIO, EINVAL},
    {SYS_epoll_create1, "epoll_create1", EMFILE, ENOMEM},
    {SYS_epoll_ctl, "epoll_ctl", ENOSPC, ENOMEM},
    {SYS_epoll_wait, "epoll_wait", EINTR, EINTR},
    {SYS_poll, "poll", EINTR, ENOMEM},
    {SYS_eventfd2, "eventfd2", EMFILE, ENOMEM},
    {SYS_signalfd4, "signalfd4", EMFILE, ENOMEM},
    {SYS_memfd_create, "memfd_create", EMFILE, ENOMEM},
    {SYS_clone, "clone", EAGAIN, ENOMEM},
    {SYS_clone3, "clone3", EAGAIN, ENOMEM},
    {SYS_dup, "dup", EMFILE, EMFILE},
    {SYS_getrandom, "getrandom", ENOSYS, EINTR},
};

/* A thread whose call was taken away: what it gets instead. */
static struct {
    pid_t thread;
    int error;
} pending[THREADS_MAX];

static const struct breakable *find_breakable(long call)
{
    for (size_t i = 0; i < sizeof breakables / sizeof breakables[0]; i++)
        if (breakables[i].call == call)
            return &breakables[i];
    return NULL;
}

const char *breaker_call_name(int64_t call)
{
    static char text[24];
    const struct breakable *known = find_breakable((long)call);
    snprintf(text, sizeof text, "%lld", (long long)call);
    return call == -1 ? "an allocation" : known != NULL ? known->name : text;
}

struct breaker *breaker_new(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    void *page = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, PAGE_BYTES) == 0)
        page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    return page == MAP_FAILED ? NULL : page;
}

void breaker_plan(struct breaker *breaker, enum break_mode mode, enum break_kind kind, uint64_t at)
{
    breaker->armed = 0;
    breaker->mode = mode;
    breaker->kind = kind;
    breaker->at = at;
    breaker->seen = breaker->injected = breaker->syncs_after = 0;
    breaker->call = breaker->error = 0;
    breaker->sync_failed = 0;
}

/* ---- the tracing process ---- */

static bool is_sync(long call)
{
    return call == SYS_fsync || call == SYS_fdatasync || call == SYS_msync || call == SYS_sync_file_range;
}

/* Between two of these the disk is as it was. */
static bool changes_a_file(const struct __ptrace_syscall_info *info)
{
    static const long calls[] = {SYS_write, SYS_pwrite64, SYS_writev, SYS_pwritev, SYS_fsync, SYS_fdatasync, SYS_msync,
                                 SYS_sync_file_range, SYS_ftruncate, SYS_fallocate, SYS_rename, SYS_renameat,
                                 SYS_renameat2, SYS_link, SYS_linkat, SYS_unlink, SYS_unlinkat, SYS_mkdir, SYS_mkdirat,
                                 SYS_rmdir, SYS_symlink, SYS_symlinkat, SYS_copy_file_range, SYS_sendfile};
    long call = (long)info->entry.nr;
    for (size_t at = 0; at < sizeof calls / sizeof calls[0]; at++)
        if (calls[at] == call)
            return (call != SYS_write && call != SYS_writev) || info->entry.args[0] > STDERR_FILENO;
    return call == SYS_openat && (info->entry.args[2] & (O_CREAT | O_TRUNC)) != 0;
}

/* Whether this call counts: main has begun, the plan is armed, and it may fail. */
static bool counts(struct breaker *breaker, const struct __ptrace_syscall_info *info)
{
    long call = (long)info->entry.nr;
    if (!breaker->started || !breaker->armed || breaker->kind != BREAK_CALLS || breaker->mode == BREAK_NOTHING)
        return false;
    if (breaker->inside_only && !breaker->inside)
        return false;
    if (breaker->mode == BREAK_KILL)
        return breaker->changes_only ? changes_a_file(info) : call != SYS_exit_group;
    /* Without its output nothing can be said of why it ended. */
    return find_breakable(call) != NULL && !(call == SYS_write && info->entry.args[0] == STDERR_FILENO);
}

static void take_away(struct breaker *breaker, pid_t thread, long call)
{
    struct user_regs_struct registers;
    const struct breakable *known = find_breakable(call);
    int error = breaker->second ? known->second : known->error;
    if (ptrace(PTRACE_GETREGS, thread, NULL, &registers) != 0)
        return;
    registers.orig_rax = (unsigned long long)-1;
    if (ptrace(PTRACE_SETREGS, thread, NULL, &registers) != 0)
        return;
    for (int i = 0; i < THREADS_MAX; i++) {
        if (pending[i].thread == 0 || pending[i].thread == thread) {
            pending[i].thread = thread;
            pending[i].error = error;
            break;
        }
    }
    if (breaker->injected++ == 0) {
        breaker->call = call;
        breaker->error = error;
    }
    if (is_sync(call))
        breaker->sync_failed = 1;
}

static void enter(struct breaker *breaker, pid_t thread, const struct __ptrace_syscall_info *info)
{
    long call = (long)info->entry.nr;
    if (call == SYS_prctl && info->entry.args[0] == BREAKER_MARK)
        breaker->started = 1;
    if (is_sync(call) && breaker->sync_failed)
        breaker->syncs_after++;
    if (!counts(breaker, info))
        return;
    uint64_t number = ++breaker->seen;
    if (breaker->mode == BREAK_KILL) {
        if (number != breaker->at)
            return;
        breaker->call = call;
        breaker->injected = 1;
        kill(breaker->pid, SIGKILL);
    } else if (number == breaker->at || (breaker->mode == BREAK_FOR_GOOD && breaker->injected > 0 && call == breaker->call)) {
        take_away(breaker, thread, call);
    }
}

static void leave(pid_t thread)
{
    struct user_regs_struct registers;
    for (int i = 0; i < THREADS_MAX; i++) {
        if (pending[i].thread != thread)
            continue;
        pending[i].thread = 0;
        if (ptrace(PTRACE_GETREGS, thread, NULL, &registers) != 0)
            return;
        registers.rax = (unsigned long long)-(long long)pending[i].error;
        ptrace(PTRACE_SETREGS, thread, NULL, &registers);
        return;
    }
}

static void at_call(struct breaker *breaker, pid_t thread)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        enter(breaker, thread, &info);
    else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
        leave(thread);
}

static void follow(struct breaker *breaker, pid_t leader)
{
    int status;
    pid_t thread;
    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            if (thread == leader)
                breaker->status = status;
            continue;
        }
        int signal = WSTOPSIG(status), deliver = 0;
        if (signal == (SIGTRAP | 0x80))
            at_call(breaker, thread);
        else if (status >> 16 == 0)
            deliver = signal;
        ptrace(PTRACE_SYSCALL, thread, NULL, (void *)(intptr_t)deliver);
    }
}

static void become(const char *page, const char *preload, const char *log, char *const words[], int gate)
{
    char byte;
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(126);
    close(fd);
    setenv("LD_PRELOAD", preload, 1);
    setenv("BREAKER_PAGE", page, 1);
    if (read(gate, &byte, 1) != 1)
        _exit(126);
    close(gate);
    execv(words[0], words);
    _exit(127);
}

static void trace(struct breaker *breaker, const char *page, const char *preload, const char *log, char *const words[])
{
    int gate[2];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN); /* the program is ended by whoever started us */
    if (pipe2(gate, O_CLOEXEC) != 0)
        _exit(125);
    pid_t leader = fork();
    if (leader == 0) {
        close(gate[1]);
        become(page, preload, log, words, gate[0]);
    }
    close(gate[0]);
    breaker->pid = leader;
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    if (leader < 0 || ptrace(PTRACE_SEIZE, leader, NULL, options) != 0 || write(gate[1], "", 1) != 1)
        _exit(125);
    close(gate[1]);
    follow(breaker, leader);
    breaker->ended = 1;
    _exit(0);
}

pid_t breaker_run(struct breaker *breaker, const char *page, const char *preload, const char *log, char *const words[])
{
    breaker->started = breaker->ended = breaker->status = breaker->pid = 0;
    pid_t tracer = fork();
    if (tracer == 0)
        trace(breaker, page, preload, log, words);
    return tracer;
}
