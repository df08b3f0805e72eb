/* SPDX-License-Identifier: MIT */
/*
 * guard: a process at a desk can truncate its table; docketd's next touch is
 * then a SIGBUS. The handler puts a page of zeros where the file ended and
 * marks the desk: no zero is ever a word that docketd wrote, so its books
 * disagree, and the desk's series are quarantined, while other desks go on.
 */
#include "daemon/daemon.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct dk_daemon *guarded;

/* LMDB checks little of what it reads: a damaged page can end in its own abort,
 * or in a touch behind the file's end. Nothing is served then; say why. */
static void refuse_store(int number)
{
    static const char words[] =
        "docketd: error: the store's file is damaged: touching it ended docketd. Keep the file, put "
        "the newest good copy back, and read about --accept-store before you start it\n";
    ssize_t written = write(STDERR_FILENO, words, sizeof words - 1);
    (void)written;
    (void)number;
    _exit(4);
}

void dk_guard_reading_store(bool reading)
{
    signal(SIGABRT, reading ? refuse_store : SIG_DFL);
}

static bool inside(const uint8_t *base, size_t bytes, const uint8_t *address)
{
    return base != NULL && address >= base && address < base + bytes;
}

static void mend(int number, siginfo_t *facts, void *context)
{
    uint8_t *address = facts->si_addr;
    (void)context;
    for (uint32_t i = 0; i < guarded->desk_count; i++) {
        struct dk_desk_book *desk = &guarded->desks[i];
        if (!inside(desk->map.table, desk->map.table_bytes, address) &&
            !inside(desk->map.board, desk->map.board_bytes, address))
            continue;
        uint8_t *page = (uint8_t *)((uintptr_t)address & ~(uintptr_t)(DK_PAGE - 1));
        if (mmap(page, DK_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
            desk->damaged = true;
            return;
        }
    }
    refuse_store(number); /* nothing else that docketd maps can shrink */
}

void dk_guard_install(struct dk_daemon *daemon)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = mend;
    action.sa_flags = SA_SIGINFO;
    guarded = daemon;
    sigaction(SIGBUS, &action, NULL);
}
