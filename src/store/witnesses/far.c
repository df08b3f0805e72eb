/* SPDX-License-Identifier: MIT */
/*
 * far: the far witness, a file named by the store id in a folder of this host that no copy of the realm brings
 * along: a realm that was copied whole, with its near witness, finds there that somebody has gone on. And the locks by
 * store id: of two copies that are live at once on one host the second is refused.
 *
 * Invariants
 *  1. No commit passes the far witness, as none passes the near one: both are written before it, the near one first. A crash
 *     between the two leaves the near one further ahead; each fits the store by itself.
 *  2. The locks are held before a witness is written: the far witness is that of whoever holds them.
 *  3. A store that says that a far witness was kept is not opened without it. Its folder is recorded in the store, so that
 *     other settings, or another environment, do not hide it.
 *  4. A far witness that is kept elsewhere from now on is removed from where it was once that is durable: a copy of
 *     before finds none there, and is refused. A crash before that leaves both; the next start removes it.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/spell.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where it lies: as it is named, else where it was last, else by default. "": nowhere. */
static const char *choose_folder(const struct dk_store_options *options, const struct dk_guard *recorded)
{
    if (options->far == NULL)
        return "";
    return !options->far_is_named && (recorded->kept & DK_KEEPS_FAR) ? recorded->folder : options->far;
}

static void keep_why(struct dk_far *far)
{
    snprintf(far->other.why, sizeof far->other.why, "%.*s", (int)sizeof far->other.why - 1, dk_error_text());
}

static bool lies_within(const char *folder, const char *realm)
{
    char inner[PATH_MAX], outer[PATH_MAX];
    if (realpath(folder, inner) == NULL || realpath(realm, outer) == NULL)
        return false;
    size_t bytes = strlen(outer);
    return strncmp(inner, outer, bytes) == 0 && (inner[bytes] == '/' || inner[bytes] == 0);
}

/* Its folder, ours to write. One that was never used is made. */
static docket_status open_folder(struct dk_far *far, const char *realm, const char *folder, bool make)
{
    uid_t owner;
    if (strlen(folder) >= sizeof far->folder)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the far witness's folder %.40s... has a path of more than %d bytes", folder,
                       DK_FAR_BYTES - 1);
    docket_status status = make ? dk_directory_make(folder, &far->fd, &owner) : dk_directory_open(folder, &far->fd, &owner);
    if (status != DOCKET_OK)
        return status;
    if (owner != geteuid())
        status = dk_fail(DOCKET_UNSAFE_FILES, "the folder %s belongs to uid %u, and docketd runs as uid %u", folder,
                         (unsigned)owner, (unsigned)geteuid());
    else if (lies_within(folder, realm))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "the folder %s lies inside of the realm: a copy of the realm would bring it "
                                              "along; name another one (witness_dir)", folder);
    if (status != DOCKET_OK) {
        close(far->fd);
        far->fd = -1;
        return status;
    }
    snprintf(far->folder, sizeof far->folder, "%s", folder);
    return DOCKET_OK;
}

/* A folder that cannot be locked is one that the far witness cannot be kept in. */
static docket_status lock_folder(struct dk_store *store)
{
    struct dk_far *far = &store->far;
    char name[sizeof far->name + 8];
    snprintf(name, sizeof name, "%s.lock", far->name);
    docket_status status = dk_lock_take_copy(far->fd, name, store->realm, &far->lock_fd);
    if (status == DOCKET_OK || status == DOCKET_STORE_COPIED)
        return status;
    keep_why(far);
    close(far->fd);
    far->fd = -1;
    return DOCKET_OK;
}

/* The runtime root: a docketd that cannot make files there ends later, and says so then. */
static docket_status lock_host(struct dk_store *store, const struct dk_store_options *options)
{
    struct dk_far *far = &store->far;
    char name[sizeof far->name + 8];
    uid_t owner;
    int fd;
    if (options->lock_folder == NULL || dk_directory_open(options->lock_folder, &fd, &owner) != DOCKET_OK)
        return DOCKET_OK;
    snprintf(name, sizeof name, "%s.lock", far->name);
    docket_status status =
        owner == geteuid() ? dk_lock_take_copy(fd, name, store->realm, &far->host_lock_fd) : DOCKET_OK;
    close(fd);
    return status == DOCKET_STORE_COPIED ? status : DOCKET_OK;
}

/* Where it was kept before it was given another folder, if it is not in the new one yet. */
static docket_status read_where_it_was(struct dk_far *far, const struct dk_guard *recorded)
{
    int fd;
    docket_status status = dk_directory_open(recorded->folder, &fd, NULL);
    if (status != DOCKET_OK) {
        keep_why(far);
        return DOCKET_OK;
    }
    status = dk_witness_read(fd, far->name, &far->other.witness, &far->other.found);
    close(fd);
    return status;
}

docket_status dk_far_open(struct dk_store *store, const struct dk_store_options *options, const uint8_t store_id[16],
                          const struct dk_guard *recorded)
{
    struct dk_far *far = &store->far;
    const char *folder = choose_folder(options, recorded);
    bool kept = (recorded->kept & DK_KEEPS_FAR) != 0, moves = kept && strcmp(folder, recorded->folder) != 0;
    if (far->looked)
        return DOCKET_OK;
    far->looked = true;
    dk_spell_hex(store_id, 16, far->name);
    docket_status status = lock_host(store, options);
    if (status != DOCKET_OK || folder[0] == 0)
        return status;
    if (open_folder(far, store->realm, folder, !kept || moves) != DOCKET_OK)
        keep_why(far);
    else
        status = lock_folder(store);
    if (status == DOCKET_OK && far->fd >= 0)
        status = dk_witness_read(far->fd, far->name, &far->other.witness, &far->other.found);
    if (status == DOCKET_OK && far->other.found == DK_WITNESS_ABSENT && moves)
        status = read_where_it_was(far, recorded);
    return status;
}

docket_status dk_far_judge(const struct dk_store *store, const struct dk_store_options *options,
                           const struct dk_guard *recorded, const struct dk_standing *standing)
{
    const struct dk_far *far = &store->far;
    const struct dk_other *other = &far->other;
    const char *folder = choose_folder(options, recorded);
    bool kept = (recorded->kept & DK_KEEPS_FAR) != 0;
    if (folder[0] == 0)
        return DOCKET_OK; /* somebody says in so many words that none is kept */
    if (kept && far->fd < 0)
        return dk_fail(DOCKET_STORE_REWOUND,
                       "the far witness, last kept as %s/%s, is out of reach (%s), so nothing on this host says whether "
                       "this store is the latest. Bring it back, or name another folder (witness_dir) and put the file "
                       "there; or, if this store is known to be the latest, start docketd --accept-store 0",
                       recorded->folder, far->name, other->why);
    if (other->found == DK_WITNESS_FOUND)
        return dk_witness_judge(&other->witness, "far witness", standing);
    if (other->found == DK_WITNESS_ABSENT && !kept)
        return DOCKET_OK;
    return dk_fail(DOCKET_STORE_REWOUND,
                   "the far witness %s/%s %s, so nothing on this host says whether this store is the latest. Put it "
                   "back; or, if this store is known to be the latest, start docketd --accept-store 0",
                   kept ? recorded->folder : folder, far->name,
                   other->found == DK_WITNESS_DAMAGED ? "is damaged" : "is missing");
}

bool dk_far_settle(const struct dk_store *store, const struct dk_store_options *options, struct dk_guard *guard,
                   char *text, size_t size)
{
    const struct dk_far *far = &store->far;
    struct dk_guard before = *guard;
    bool kept = (before.kept & DK_KEEPS_FAR) != 0;
    dk_random(guard->token, sizeof guard->token);
    memset(guard->folder, 0, sizeof guard->folder);
    guard->kept = before.kept & ~(uint64_t)DK_KEEPS_FAR;
    if (far->fd >= 0) {
        guard->kept |= DK_KEEPS_FAR;
        memcpy(guard->folder, far->folder, strlen(far->folder));
    }
    if (far->fd >= 0 && !kept)
        snprintf(text, size, "a far witness is kept from now on, in %s", far->folder);
    else if (far->fd >= 0 && strcmp(before.folder, far->folder) != 0)
        snprintf(text, size, "the far witness is kept in %.100s from now on, and not in %.100s any more", far->folder,
                 before.folder);
    else if (far->fd < 0 && kept)
        snprintf(text, size, "no far witness is kept any more (%s); it was kept in %s",
                 options->far == NULL ? "witness_dir = none" : "its folder cannot be used, and the store was accepted",
                 before.folder);
    else
        return false;
    return true;
}

docket_status dk_far_write_event(struct dk_store *store, MDB_txn *txn, const char *text)
{
    struct dk_event event = {.time_ns = dk_clock_wall_ns(), .kind = "witness", .uid = geteuid()};
    if (text[0] == 0)
        return DOCKET_OK;
    snprintf(event.text, sizeof event.text, "%s", text);
    return dk_commit_event(store, txn, &event, store->trail.number + 1);
}

struct dk_standing dk_far_standing(const struct dk_meta *meta)
{
    struct dk_standing standing = {.generation = meta->generation, .commit = meta->commit};
    memcpy(standing.store_id, meta->store_id, sizeof standing.store_id);
    memcpy(standing.token, meta->guard.token, sizeof standing.token);
    memcpy(standing.run, meta->run, sizeof standing.run);
    return standing;
}

static void remove_files(const struct dk_far *far, int folder)
{
    static const char *const ends[] = {"", ".spare", ".old", ".marks"};
    char name[sizeof far->name + 8];
    for (size_t at = 0; at < sizeof ends / sizeof ends[0]; at++) {
        snprintf(name, sizeof name, "%s%s", far->name, ends[at]);
        unlinkat(folder, name, 0);
    }
    fsync(folder);
}

void dk_far_moved(const struct dk_store *store, const struct dk_guard *before)
{
    int fd;
    /* Where none is kept any more it stays as it is: this may be a copy that somebody looks at, and it is the original's. */
    if (!(before->kept & DK_KEEPS_FAR) || store->far.fd < 0 || strcmp(before->folder, store->far.folder) == 0 ||
        dk_directory_open(before->folder, &fd, NULL) != DOCKET_OK)
        return;
    remove_files(&store->far, fd);
    close(fd);
}

void dk_far_leave(struct dk_store *store)
{
    if (store->far.fd >= 0)
        close(store->far.fd);
    store->far.fd = -1;
}

void dk_far_forget(const struct dk_store *store)
{
    const struct dk_witness_command *command = store->hook.command;
    if (store->far.fd >= 0)
        remove_files(&store->far, store->far.fd);
    /* An empty text: the command forgets it. If it does not, the next start that knows it finds it older than the store. */
    if (command != NULL && command->put(command->context, store->far.name, "", 0) != DOCKET_OK)
        dk_log(DK_LOG_WARNING, "the witness command keeps a witness that will not fit any more: %s", dk_error_text());
}

void dk_far_machine_id(uint8_t id[16])
{
    char text[64];
    memset(id, 0, 16);
    if (dk_file_read(AT_FDCWD, "/etc/machine-id", text, sizeof text) != DOCKET_OK)
        return;
    for (int at = 0; at < 16; at++) {
        unsigned byte;
        if (sscanf(text + 2 * at, "%2x", &byte) != 1)
            return;
        id[at] = (uint8_t)byte;
    }
}

void dk_far_close(struct dk_store *store)
{
    const int fds[] = {store->far.fd, store->far.lock_fd, store->far.host_lock_fd};
    for (size_t at = 0; at < sizeof fds / sizeof fds[0]; at++)
        if (fds[at] >= 0)
            close(fds[at]);
}
