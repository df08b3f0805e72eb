/* SPDX-License-Identifier: MIT */
/*
 * board: what the boards say the store was. Written after each commit, before anything is laid by it; so whatever a
 * worker ever got of this boot was allowed by a commit that stands there. A start asks them before the store is
 * opened for writing: a store that has not that commit in its past is not the latest one, however little it lacks.
 *
 * Only docketd can write a board; but a board of another boot, store or layout says nothing of this one.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void dk_board_note(const struct dk_desk *map, uint64_t generation, const struct dk_durable *last)
{
    struct shared_board_guard *guard = dk_desk_guard(map);
    uint64_t run[4], version = dk_load_relaxed(&guard->version) | 1; /* docketd wrote it itself, or one that died in it */
    memcpy(run, last->run, sizeof run);
    dk_store_release(&guard->version, version); /* ORDER-24: died behind this, the digest is nobody's */
    dk_store_release(&guard->commit, last->commit);
    dk_store_release(&guard->generation, generation);
    for (int at = 0; at < 4; at++)
        dk_store_release(&guard->run[at], run[at]);
    dk_store_release(&guard->version, version + 1);
}

/* For dk_clerk_watch(). */
static void note_all(void *context, const struct dk_durable *last)
{
    struct dk_daemon *daemon = context;
    for (uint32_t i = 0; i < daemon->desk_count; i++)
        if (daemon->desks[i].map.board != NULL)
            dk_board_note(&daemon->desks[i].map, daemon->facts.generation, last);
}

void dk_board_watch(struct dk_daemon *daemon)
{
    struct dk_durable now = {0};
    if (dk_store_run(daemon->store, &now.commit, now.run) == DOCKET_OK)
        note_all(daemon, &now);
    dk_clerk_watch(daemon->clerk, note_all, daemon);
}

/* ---- at a start ---- */

struct board_head {
    struct shared_header header;
    struct shared_board_words words;
    struct shared_board_guard guard;
};

_Static_assert(sizeof(struct shared_header) + sizeof(struct shared_board_words) + sizeof(struct shared_board_guard) ==
                   sizeof(struct board_head), "one behind the other, as in the file");

/* False: there is none, or it says nothing of this store. */
static bool read_board(const struct dk_daemon *daemon, int folder, uint32_t desk, const struct dk_standing *store,
                       struct board_head *head)
{
    char name[48];
    uint64_t boot[2];
    snprintf(name, sizeof name, "board-%u", desk);
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    ssize_t got = pread(fd, head, sizeof *head, 0);
    close(fd);
    if (got != (ssize_t)sizeof *head || head->header.magic != DK_MAGIC_BOARD ||
        head->header.layout_version != DK_LAYOUT_VERSION || dk_load_relaxed(&head->header.ready) != DK_READY ||
        memcmp(head->header.store_id, store->store_id, sizeof store->store_id) != 0)
        return false;
    for (int at = 0; at < 2; at++)
        boot[at] = dk_load_relaxed(&head->words.boot_id[at]);
    return memcmp(boot, daemon->boot_id, sizeof boot) == 0;
}

static docket_status judge_board(const struct board_head *head, const struct dk_standing *store,
                                 struct dk_voice_report *voice)
{
    const struct shared_board_guard *guard = &head->guard;
    uint64_t version = dk_load_acquire(&guard->version); /* ORDER-24 */
    uint64_t commit = dk_load_relaxed(&guard->commit), shown = dk_load_relaxed(&head->words.commit_number);
    uint64_t run[4], zeros[4] = {0};
    for (int at = 0; at < 4; at++)
        run[at] = dk_load_relaxed(&guard->run[at]);
    voice->found = true;
    voice->commit = voice->seen = commit > shown ? commit : shown;
    voice->generation = dk_load_relaxed(&guard->generation);
    if (voice->commit > store->commit)
        return dk_fail(DOCKET_STORE_REWOUND,
                       "the store is older than the live files: it is at commit %llu, and they have seen commit %llu. It was put "
                       "back, and workers have numbers that it does not know. Put the newer store back",
                       (unsigned long long)store->commit, (unsigned long long)voice->commit);
    bool told = version != 0 && version % 2 == 0 && memcmp(run, zeros, sizeof run) != 0;
    if (told && commit == store->commit && memcmp(run, store->run, sizeof run) != 0)
        return dk_fail(DOCKET_STORE_REWOUND,
                       "the live files are of another copy of this store: both are at commit %llu, and it is not the same one. "
                       "Put the store back that they were made with",
                       (unsigned long long)commit);
    return DOCKET_OK;
}

docket_status dk_board_judge(void *asked, const struct dk_standing *store, struct dk_voice_report *voice)
{
    const struct dk_board_place *place = asked;
    const struct dk_daemon *daemon = place->daemon;
    uint64_t id;
    memcpy(&id, store->store_id, sizeof id);
    snprintf(voice->where, sizeof voice->where, "%.400s/%016llx", place->root, (unsigned long long)id);
    int folder = open(voice->where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return DOCKET_OK;
    docket_status status = DOCKET_OK;
    for (uint32_t desk = 0; desk < DK_DESKS_MAX && status == DOCKET_OK; desk++) {
        struct board_head head;
        if (read_board(daemon, folder, desk, store, &head)) {
            voice->asked = true;
            status = judge_board(&head, store, voice);
        }
    }
    close(folder);
    return status;
}
