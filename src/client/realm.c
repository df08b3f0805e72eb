/* SPDX-License-Identifier: MIT */
/* realm: opening and closing, and handles. */
#include "client/inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static docket_status check_realm(struct docket_realm *realm)
{
    char store[DK_PATH_BYTES + 8];
    struct stat facts;
    int directory;
    docket_status status = dk_directory_open(realm->directory, &directory, &realm->owner);
    if (status != DOCKET_OK)
        return status;
    close(directory);
    snprintf(store, sizeof store, "%s/store", realm->directory);
    if (lstat(store, &facts) != 0 || !S_ISDIR(facts.st_mode))
        return dk_fail(DOCKET_NO_REALM, "%s holds no realm; `docketd --realm %s --create` makes one",
                       realm->directory, realm->directory);
    return DOCKET_OK;
}

docket_status docket_realm_open(const char *directory, docket_realm **realm)
{
    if (directory == NULL || directory[0] == 0 || realm == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_realm_open wants a directory and a place for the realm");
    /* Made absolute now: the program may change its directory later. */
    char *whole = realpath(directory, NULL);
    if (whole == NULL)
        return dk_fail_errno(errno == ENOENT || errno == ENOTDIR ? DOCKET_NO_REALM : dk_status_of_errno(errno), errno,
                             "cannot open the realm %s", directory);
    struct docket_realm *made = calloc(1, sizeof *made);
    docket_status status = DOCKET_OK;
    if (made == NULL)
        status = dk_fail(DOCKET_NO_MEMORY, "no memory for a realm");
    else if ((size_t)snprintf(made->directory, sizeof made->directory, "%s", whole) >= sizeof made->directory - 16)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "the realm's path has more than %d bytes", DK_PATH_BYTES - 16);
    free(whole);
    if (status == DOCKET_OK)
        status = check_realm(made);
    if (status == DOCKET_OK && (made->live = dk_wiped_page()) == NULL)
        status = dk_fail(DOCKET_NO_MEMORY, "no memory that is wiped on fork; docket needs Linux 4.14 or later");
    if (status != DOCKET_OK) {
        free(made);
        return status;
    }
    *realm = made;
    return DOCKET_OK;
}

void docket_realm_close(docket_realm *realm)
{
    if (realm == NULL)
        return;
    dk_hand_drop_all(realm);
    dk_lines_end(realm);
    for (struct seat *seat = realm->live->seats, *next; seat != NULL; seat = next) {
        next = seat->next;
        dk_seat_leave(seat);
    }
    dk_handles_free(&realm->handles);
    if (realm->memory != NULL)
        dk_memory_close(realm);
    munmap(realm->live, DK_PAGE);
    free(realm);
}

/* What the board says of the series decides its handle. False: the series has
 * left the slot while it was read. */
static bool read_slot(struct docket_series *series, const struct shared_board_slot *slot, uint64_t generation)
{
    struct dk_slot_key key;
    struct writing writing;
    for (int bank = 0; bank < DK_BANKS; bank++) {
        uint64_t epoch = dk_load_acquire(&slot->bank[bank].epoch); /* ORDER-4 */
        if (epoch != 0)
            (void)dk_writing_read(&writing, series, slot, bank, epoch); /* for its size; hands read it again */
    }
    if (!dk_slot_read(slot, generation, &key))
        return false;
    series->strict = key.order == DK_STRICT;
    series->restart = (enum dk_restart)key.restart;
    series->window = key.window;
    series->described = true;
    return true;
}

/* A process's first ones at 32 different bytes of the address, by which a thread remembers its hands (dk_hand_place()): a
 * program with few series has all of them there. */
static struct docket_series *new_series(void)
{
    uint64_t serial = dk_serial_next();
    size_t slack = serial <= 2 * DK_MEMO ? 256 : 0;
    uint8_t *memory = calloc(1, sizeof(struct docket_series) + slack);
    if (memory == NULL)
        return NULL;
    size_t at = slack > 0 ? (serial * 8 - (uintptr_t)memory) % slack : 0;
    struct docket_series *series = (struct docket_series *)(void *)(memory + at);
    series->lies_in = memory;
    series->serial = serial;
    return series;
}

static docket_status make_series(docket_realm *realm, const char *tenant, const char *name, int64_t timeout_ns,
                                 struct docket_series **made)
{
    struct hand probe = {0};
    struct docket_series *series = new_series();
    if (series == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a series");
    series->realm = realm;
    snprintf(series->tenant, sizeof series->tenant, "%s", tenant);
    snprintf(series->name, sizeof series->name, "%s", name);
    probe.series = series;
    docket_status status;
    do { /* it may move to another slot while it is read */
        status = realm->memory != NULL ? dk_memory_bind(series) : dk_hand_bind(&probe, false, timeout_ns);
    } while (status == DOCKET_OK && realm->memory == NULL &&
             !read_slot(series, dk_desk_slot(&probe.seat->map, probe.slot), probe.generation));
    if (status != DOCKET_OK) {
        free(series->lies_in);
        return status;
    }
    *made = series;
    return DOCKET_OK;
}

/* Another thread may have made the same series meanwhile: then its handle is
 * the one, and ours is freed. */
static docket_status keep_series(docket_realm *realm, struct docket_series *made, docket_series **kept)
{
    pthread_mutex_lock(&realm->live->lock);
    docket_status status = dk_handles_add(&realm->handles, made, kept);
    pthread_mutex_unlock(&realm->live->lock);
    if (status != DOCKET_OK || *kept != made)
        free(made->lies_in);
    return status;
}

/* Asked before docketd is: no series is made there that gets no handle here. */
static docket_status check_room(docket_realm *realm, const struct dk_key *key)
{
    pthread_mutex_lock(&realm->live->lock);
    docket_status status = dk_handles_check_room(&realm->handles, key);
    pthread_mutex_unlock(&realm->live->lock);
    return status;
}

docket_status dk_series_reach(docket_realm *realm, const char *tenant, const char *name, int64_t timeout_ns,
                              struct docket_series **series)
{
    struct dk_key key;
    struct docket_series *made = NULL;
    bool fit = dk_key_make(&key, tenant, name);
    struct docket_series *found = fit ? dk_handles_find(&realm->handles, &key) : NULL;
    if (found != NULL) {
        *series = found;
        return DOCKET_OK;
    }
    docket_status status = dk_name_check("tenant", tenant);
    if (status == DOCKET_OK)
        status = dk_name_check("series", name);
    if (status != DOCKET_OK)
        return status;
    if (!dk_slow_enter())
        return dk_fail(DOCKET_BUSY, "this thread is inside a call already (%s/%s asked for from a signal handler?)",
                       tenant, name);
    status = check_room(realm, &key);
    if (status == DOCKET_OK)
        status = make_series(realm, tenant, name, timeout_ns < 0 ? DK_TIMEOUT_NS : timeout_ns, &made);
    if (status == DOCKET_OK)
        status = keep_series(realm, made, series);
    dk_slow_leave();
    return status;
}

docket_status docket_series_open(docket_realm *realm, const char *tenant, const char *name, docket_series **series)
{
    if (realm == NULL || tenant == NULL || name == NULL || series == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_series_open wants a realm, two names and a place for the series");
    return dk_series_reach(realm, tenant, name, DK_TIMEOUT_NS, series);
}

docket_status docket_realm_limit_handles(docket_realm *realm, uint32_t most)
{
    if (realm == NULL || most == 0 || most > DOCKET_HANDLES_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_realm_limit_handles wants a realm and 1 to %u handles",
                       DOCKET_HANDLES_MAX);
    pthread_mutex_lock(&realm->live->lock);
    realm->handles.most = most;
    pthread_mutex_unlock(&realm->live->lock);
    return DOCKET_OK;
}

size_t docket_text_size(const docket_series *series)
{
    uint64_t bytes = series == NULL ? 0 : dk_load_relaxed(&series->text_bytes); /* relaxed: a figure */
    return bytes == 0 ? DOCKET_TEXT_MAX : bytes;
}
