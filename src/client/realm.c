/* SPDX-License-Identifier: MIT */
/* realm: opening and closing, and handles. */
#include "client/inside.h"

#include "base/hash.h"

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
    for (struct seat *seat = realm->live->seats, *next; seat != NULL; seat = next) {
        next = seat->next;
        dk_seat_leave(seat);
    }
    for (uint32_t i = 0; i < realm->bucket_count; i++) {
        for (struct docket_series *series = realm->series[i], *next; series != NULL; series = next) {
            next = series->next;
            free(series);
        }
    }
    free(realm->series);
    munmap(realm->live, DK_PAGE);
    free(realm);
}

/* What the board says of the series decides its handle. *moved: the series has
 * left the slot while it was read. */
static docket_status read_slot(struct docket_series *series, const struct shared_board_slot *slot, uint64_t generation,
                               bool *moved)
{
    char text[DK_TEMPLATE_BYTES + 1];
    struct dk_slot_key key;
    *moved = !dk_slot_read(slot, generation, &key);
    if (*moved)
        return DOCKET_OK;
    size_t bytes = key.template_bytes <= DK_TEMPLATE_BYTES ? key.template_bytes : DK_TEMPLATE_BYTES;
    memcpy(text, key.template_text, bytes);
    text[bytes] = 0;
    series->strict = key.order == DK_STRICT;
    series->timed = key.restart != DK_NEVER;
    series->window = key.window;
    docket_status status = dk_template_parse(text, &series->template);
    if (status != DOCKET_OK)
        return dk_wrap(DOCKET_DAMAGED, "the board's template of %s/%s cannot be used", series->tenant, series->name);
    series->text_bytes = dk_template_size(&series->template, series->name);
    return DOCKET_OK;
}

static docket_status make_series(docket_realm *realm, const char *tenant, const char *name, struct docket_series **made)
{
    struct hand probe = {0};
    struct docket_series *series = calloc(1, sizeof *series);
    if (series == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a series");
    series->realm = realm;
    series->serial = dk_serial_next();
    snprintf(series->tenant, sizeof series->tenant, "%s", tenant);
    snprintf(series->name, sizeof series->name, "%s", name);
    probe.series = series;
    docket_status status;
    bool moved = false; /* to another slot while it was read: read again */
    do {
        status = dk_hand_bind(&probe, false, DK_TIMEOUT_NS);
        if (status == DOCKET_OK)
            status = read_slot(series, dk_desk_slot(&probe.seat->map, probe.slot), probe.generation, &moved);
    } while (status == DOCKET_OK && moved);
    if (status != DOCKET_OK) {
        free(series);
        return status;
    }
    *made = series;
    return DOCKET_OK;
}

static uint32_t bucket_of(const docket_realm *realm, const char *tenant, const char *name)
{
    uint64_t hash = dk_hash(tenant, strlen(tenant), dk_hash(name, strlen(name), 0));
    return (uint32_t)hash & (realm->bucket_count - 1);
}

/* Under live->lock. */
static struct docket_series *find_series(const docket_realm *realm, const char *tenant, const char *name)
{
    if (realm->bucket_count == 0)
        return NULL;
    struct docket_series *found = realm->series[bucket_of(realm, tenant, name)];
    while (found != NULL && (strcmp(found->tenant, tenant) != 0 || strcmp(found->name, name) != 0))
        found = found->next;
    return found;
}

static bool grow_buckets(docket_realm *realm)
{
    uint32_t before = realm->bucket_count, count = before == 0 ? 16 : before * 2;
    struct docket_series **old = realm->series, **buckets = calloc(count, sizeof *buckets);
    if (buckets == NULL)
        return before != 0; /* longer chains will do */
    realm->series = buckets;
    realm->bucket_count = count;
    for (uint32_t i = 0; i < before; i++) {
        for (struct docket_series *series = old[i], *next; series != NULL; series = next) {
            next = series->next;
            uint32_t bucket = bucket_of(realm, series->tenant, series->name);
            series->next = buckets[bucket];
            buckets[bucket] = series;
        }
    }
    free(old);
    return true;
}

/* Another thread may have made the same series meanwhile: then its handle is
 * the one, and ours is freed. */
static docket_status keep_series(docket_realm *realm, struct docket_series *made, docket_series **kept)
{
    docket_status status = DOCKET_OK;
    pthread_mutex_lock(&realm->live->lock);
    *kept = find_series(realm, made->tenant, made->name);
    if (*kept != NULL) {
        free(made);
    } else if (realm->series_count >= realm->bucket_count && !grow_buckets(realm)) {
        free(made);
        status = dk_fail(DOCKET_NO_MEMORY, "no memory for a handle");
    } else {
        uint32_t bucket = bucket_of(realm, made->tenant, made->name);
        made->next = realm->series[bucket];
        realm->series[bucket] = made;
        realm->series_count++;
        *kept = made;
    }
    pthread_mutex_unlock(&realm->live->lock);
    return status;
}

docket_status docket_series_open(docket_realm *realm, const char *tenant, const char *name, docket_series **series)
{
    struct docket_series *made;
    if (realm == NULL || tenant == NULL || name == NULL || series == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_series_open wants a realm, two names and a place for the series");
    docket_status status = dk_name_check("tenant", tenant);
    if (status == DOCKET_OK)
        status = dk_name_check("series", name);
    if (status != DOCKET_OK)
        return status;
    pthread_mutex_lock(&realm->live->lock);
    made = find_series(realm, tenant, name);
    pthread_mutex_unlock(&realm->live->lock);
    if (made == NULL) {
        status = make_series(realm, tenant, name, &made);
        if (status == DOCKET_OK)
            status = keep_series(realm, made, &made);
    }
    if (status == DOCKET_OK)
        *series = made;
    return status;
}

size_t docket_text_size(const docket_series *series)
{
    return series == NULL ? DOCKET_TEXT_MAX : series->text_bytes;
}
