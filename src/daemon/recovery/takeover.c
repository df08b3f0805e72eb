/* SPDX-License-Identifier: MIT */
/*
 * takeover: a desk that another release, or this one with other sizes, made.
 *
 * A desk keeps the form that it was made with while its workers need it: this
 * build goes on under every form whose incompatible flags it knows. It builds
 * the desk anew in its own form when that makes nothing unknown and every live
 * worker's library can read it; workers then move at their next call. Files that
 * it cannot read it replaces on the same terms only, else it refuses to start
 * and leaves them to the release that made them.
 */
#include "daemon/recovery/recovery.h"

#include "base/log.h"
#include "table/seat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct seated {
    uint32_t count;
    uint32_t unable;    /* of them: their library cannot read the new form */
    int64_t unable_pid; /* the last such; for display only */
};

static bool same_sizes(const struct dk_geometry *a, const struct dk_geometry *b)
{
    return a->slots_max == b->slots_max && a->rows_max == b->rows_max && a->seats_max == b->seats_max &&
           a->lines_per_seat == b->lines_per_seat;
}

static bool same_form(const struct dk_desk *map, const struct dk_geometry *geometry)
{
    return map->incompatible_flags == DK_MADE_INCOMPATIBLE && same_sizes(&map->geometry, geometry);
}

static bool is_held(int runtime_fd, uint32_t desk, uint32_t seat)
{
    int keep;
    docket_status status = dk_seat_open(runtime_fd, desk, seat, &keep);
    if (status != DOCKET_OK)
        return status != DOCKET_NO_REALM; /* gone: nobody's; else nobody can tell */
    bool held = dk_seat_is_held(keep);
    close(keep);
    return held;
}

static struct seated count_seated(int runtime_fd, const struct dk_desk *map)
{
    struct seated seated = {0};
    for (uint32_t i = 0; i < map->geometry.seats_max; i++) {
        const struct shared_seat_entry *entry = dk_desk_seat(map, i);
        if (dk_load_acquire(&entry->state) == DK_SEAT_FREE || !is_held(runtime_fd, map->index, i))
            continue;
        seated.count++;
        if ((DK_MADE_INCOMPATIBLE & ~dk_load_relaxed(&entry->knows)) != 0) {
            seated.unable++;
            seated.unable_pid = (int64_t)dk_load_relaxed(&entry->pid);
        }
    }
    return seated;
}

/* What building anew would make unknown: rests of open blocks, and what lies
 * between a counter's position and its mark. After a stop in order nothing, but
 * for leases that are still out. */
static bool loses_nothing(const struct dk_desk_book *desk, const struct dk_images *images)
{
    for (size_t i = 0; i < images->count; i++)
        if (dk_images_at_desk(images, images->all[i].series_id, desk) && !dk_image_rests(&images->all[i]))
            return false;
    return true;
}

bool dk_takeover_renew(struct dk_daemon *daemon, const struct dk_desk_book *desk, const struct dk_images *images)
{
    if (same_form(&desk->map, &daemon->config.geometry))
        return false;
    struct seated seated = count_seated(daemon->runtime_fd, &desk->map);
    const char *why = NULL;
    char unable[120];
    snprintf(unable, sizeof unable, "%u of %u seated workers have a library that cannot read the new form (pid %lld)",
             seated.unable, seated.count, (long long)seated.unable_pid);
    if (seated.unable > 0)
        why = unable;
    else if (dk_load_acquire(&dk_desk_words(&desk->map)->serving) != 0)
        why = "docketd was not stopped in order";
    else if (!loses_nothing(desk, images))
        why = "leases are still out";
    if (why == NULL) {
        dk_log(DK_LOG_NOTICE, "desk %s is built anew in this release's form and sizes; %u seated workers move at their "
                              "next call",
               desk->rule.name, seated.count);
        return true;
    }
    dk_log(DK_LOG_WARNING, "desk %s keeps the form and sizes it was made with: %s; new ones come at a start after a stop "
                           "in order without leases",
           desk->rule.name, why);
    return false;
}

/* ---- files that this build cannot read ---- */

static bool read_header(int runtime_fd, uint32_t desk, struct shared_header *header)
{
    char name[48];
    snprintf(name, sizeof name, "board-%u", desk);
    int fd = openat(runtime_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    ssize_t got = pread(fd, header, sizeof *header, 0);
    close(fd);
    return got == (ssize_t)sizeof *header && header->magic == DK_MAGIC_BOARD;
}

/* Only docketd can write the board, so a foreign header is another release's
 * work; magic, layout version, flags and store id stand where they are in every layout. */
static bool is_foreign(const struct shared_header *header)
{
    return header->layout_version != DK_LAYOUT_VERSION ||
           (header->incompatible_flags & ~DK_KNOWN_INCOMPATIBLE) != 0 || header->header_bytes != sizeof *header ||
           header->signature != dk_layout_signature();
}

static bool any_seat_held(int runtime_fd, uint32_t desk)
{
    bool held = false;
    for (uint32_t seat = 0; seat < DK_SEATS_LIMIT && !held; seat++)
        held = is_held(runtime_fd, desk, seat);
    return held;
}

docket_status dk_takeover_foreign(struct dk_daemon *daemon, const struct dk_desk_book *desk,
                                  const struct dk_images *images)
{
    struct shared_header header;
    if (!read_header(daemon->runtime_fd, desk->index, &header) || !is_foreign(&header) ||
        memcmp(header.store_id, daemon->facts.store_id, sizeof header.store_id) != 0)
        return DOCKET_NO_REALM;
    const char *why = NULL;
    if (any_seat_held(daemon->runtime_fd, desk->index))
        why = "its workers are seated, and their library is of that release";
    else if (!loses_nothing(desk, images))
        why = "replacing them would make numbers unknown";
    if (why == NULL)
        return DOCKET_NO_REALM;
    return dk_fail(DOCKET_BAD_LAYOUT,
                   "desk %s has files of another release (layout %u, flags %#llx) and %s; they were left as they are: "
                   "start that release's docketd again, end the workers, stop it in order, then start this one",
                   desk->rule.name, header.layout_version, (unsigned long long)header.incompatible_flags, why);
}

/* ---- asked before the other release's docketd is stopped ---- */

static const char *check_desk(int runtime_fd, const struct dk_config *config, uint32_t index, bool *refused)
{
    static char text[256];
    struct shared_header header;
    struct dk_desk map;
    *refused = false;
    if (!read_header(runtime_fd, index, &header))
        return "no files: it will be made";
    if (is_foreign(&header)) {
        *refused = any_seat_held(runtime_fd, index);
        snprintf(text, sizeof text, "files of another release (layout %u, flags %#llx): %s", header.layout_version,
                 (unsigned long long)header.incompatible_flags,
                 *refused ? "refused while its workers are seated"
                          : "built anew after a stop in order, else refused");
        return text;
    }
    if (dk_desk_adopt(&map, runtime_fd, index) != DOCKET_OK)
        return "its files cannot be read: built anew";
    struct seated seated = count_seated(runtime_fd, &map);
    if (same_form(&map, &config->geometry))
        snprintf(text, sizeof text, "taken over as it is; %u seated workers go on", seated.count);
    else if (seated.unable > 0)
        snprintf(text, sizeof text, "taken over in the form it has: %u of %u seated workers cannot read the new one "
                                    "(pid %lld)",
                 seated.unable, seated.count, (long long)seated.unable_pid);
    else
        snprintf(text, sizeof text, "built anew after a stop in order without leases, and %u seated workers move; else "
                                    "taken over in the form it has",
                 seated.count);
    dk_desk_unmap(&map);
    return text;
}

docket_status dk_takeover_check(const struct dk_config *config, FILE *out)
{
    int realm_fd, runtime_fd;
    bool any_refused = false;
    docket_status status = dk_directory_open(config->realm, &realm_fd, NULL);
    if (status != DOCKET_OK)
        return status;
    runtime_fd = openat(realm_fd, "runtime", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = errno;
    close(realm_fd);
    if (runtime_fd < 0 && error != ENOENT)
        return dk_fail_errno(dk_status_of_errno(error), error, "cannot look at %s/runtime", config->realm);
    for (uint32_t i = 0; i < config->desk_count; i++) {
        bool refused = false;
        const char *text = runtime_fd < 0 ? "no files: it will be made" : check_desk(runtime_fd, config, i, &refused);
        fprintf(out, "desk %s: %s\n", config->desks[i].name, text);
        any_refused |= refused;
    }
    if (runtime_fd >= 0)
        close(runtime_fd);
    return any_refused ? dk_fail(DOCKET_BAD_LAYOUT, "this release would refuse to start now; nothing was changed")
                       : DOCKET_OK;
}
