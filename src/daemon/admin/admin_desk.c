/* SPDX-License-Identifier: MIT */
/*
 * admin_desk: a desk is drained; a desk more stands in the configuration.
 *
 * Drained: no seat is given, no series made, nothing laid or raised, and nothing given at
 * record speed; what is held may be decided; what is laid
 * is taken back by turns, as in a stop in order. It is not written down: the next
 * docketd lays again.
 */
#include "daemon/admin/errand.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/ledger/ledger.h"
#include "table/judge.h"
#include "table/seat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- drain ---- */

static bool is_meant(const struct dk_errand *errand, const struct dk_desk_book *desk)
{
    return errand->asked.desk[0] == 0 || strcmp(errand->asked.desk, desk->rule.name) == 0;
}

static bool is_settled(struct dk_errand *errand)
{
    const struct dk_daemon *daemon = errand->daemon;
    int64_t now_ns = dk_clock_monotonic_ns();
    if (now_ns < errand->look_ns)
        return false; /* there may be very many: not in each turn of the loop */
    errand->look_ns = now_ns + 5 * DK_MILLISECOND_NS;
    for (const struct dk_counter *counter = daemon->counters; counter != NULL; counter = counter->next_of_all)
        if (is_meant(errand, counter->series->desk) && !counter->settled && !counter->series->quarantined)
            return false;
    return true;
}

/* One open lease, added to what its seat holds. */
static void add_holding(const struct dk_desk_book *desk, const struct dk_place_book *place, uint64_t word,
                        struct dk_holder_wire *holders)
{
    struct dk_claim claim = dk_claim_unpack(word);
    uint32_t offset = place->seen_offset;
    uint64_t cursor;
    if (claim.state != DK_OWNED || claim.seat >= desk->map.geometry.seats_max ||
        claim.line >= desk->map.geometry.lines_per_seat)
        return;
    const struct dk_seat_book *seat = &desk->seats[claim.seat];
    struct dk_holder_wire *holder = &holders[claim.seat];
    /* What cannot be read, or fails its check, may still be held. */
    bool read = dk_seat_cursor(seat->keep, claim.line, &cursor);
    enum dk_verdict verdict = read ? dk_judge(&claim, place->size, cursor, seat->salt, &offset) : DK_OPEN_LEASE;
    if (verdict == DK_USED_UP)
        return;
    int64_t claimed_s = dk_seat_claimed_s(seat->keep, claim.line);
    holder->leases++;
    holder->numbers += place->size - (offset < place->size ? offset : place->size);
    if (claimed_s > 0 && (holder->oldest_s == 0 || claimed_s < holder->oldest_s))
        holder->oldest_s = claimed_s;
}

struct dk_holder_wire *dk_holders_of(const struct dk_desk_book *desk, const struct dk_counter *only, uint32_t *count)
{
    struct dk_holder_wire *holders = dk_must_alloc(desk->map.geometry.seats_max, sizeof *holders);
    for (uint32_t row = 0; row < desk->rows_used; row++) {
        const struct dk_counter *counter = desk->row_owner[row];
        if (only != NULL && counter != only)
            continue;
        for (uint32_t r = 0; counter != NULL && !counter->series->quarantined && r < counter->row_count; r++)
            for (int i = 0; counter->rows[r].row == row && i < DK_PLACES_PER_ROW; i++)
                if (counter->rows[r].place[i].live)
                    add_holding(desk, &counter->rows[r].place[i], dk_load_acquire(dk_book_claim(desk, row, i)),
                                holders); /* ORDER-10 */
    }
    *count = 0;
    for (uint32_t seat = 0; seat < desk->map.geometry.seats_max; seat++) {
        if (only == NULL && seat < desk->seats_used && desk->seats[seat].state == DK_SEAT_TAKEN)
            holders[seat].held = dk_holds_of_seat(desk->daemon, desk->index, seat);
        if (holders[seat].leases == 0 && holders[seat].held == 0)
            continue;
        struct dk_holder_wire *kept = &holders[(*count)++];
        *kept = holders[seat];
        kept->seat = seat;
        kept->uid = desk->seats[seat].uid;
        kept->pid = (int64_t)dk_load_relaxed(&dk_desk_seat(&desk->map, seat)->pid); /* relaxed: display */
        snprintf(kept->desk, sizeof kept->desk, "%s", desk->rule.name);
    }
    return holders;
}

void dk_errand_answer(struct dk_errand *errand, const void *rows, size_t bytes)
{
    errand->answer = dk_must_grow(errand->answer, errand->answer_bytes + bytes, 1);
    if (bytes > 0)
        memcpy((char *)errand->answer + errand->answer_bytes, rows, bytes);
    errand->answer_bytes += bytes;
}

static void put_holders(struct dk_errand *errand, const struct dk_desk_book *desk)
{
    uint32_t count;
    struct dk_holder_wire *holders = dk_holders_of(desk, NULL, &count);
    dk_errand_answer(errand, holders, count * sizeof *holders);
    free(holders);
}

static void drain_on(struct dk_errand *errand)
{
    if (!is_settled(errand))
        return;
    for (uint32_t i = 0; i < errand->daemon->desk_count; i++)
        if (is_meant(errand, &errand->daemon->desks[i]))
            put_holders(errand, &errand->daemon->desks[i]);
    dk_errand_end(errand, DOCKET_OK);
}

static void set_draining(struct dk_errand *errand, bool draining, bool *changed)
{
    struct dk_daemon *daemon = errand->daemon;
    for (uint32_t i = 0; i < daemon->desk_count; i++) {
        if (!is_meant(errand, &daemon->desks[i]) || daemon->desks[i].draining == draining)
            continue;
        daemon->desks[i].draining = draining;
        *changed = true;
    }
    for (struct dk_counter *counter = daemon->counters; *changed && counter != NULL; counter = counter->next_of_all)
        if (is_meant(errand, counter->series->desk))
            dk_keeper_ask_later(counter); /* other desks go on meanwhile */
    if (*changed && !draining)
        dk_edges_all_due(daemon); /* every period is looked at */
}

/* The event is durable. */
static void noted(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    dk_job_free(job);
    if (errand->asked.flags & DK_ADMIN_UNDO)
        dk_errand_end(errand, DOCKET_OK);
    else
        errand->go_on = drain_on;
}

docket_status dk_errand_drain(struct dk_errand *errand)
{
    bool undo = errand->asked.flags & DK_ADMIN_UNDO, found = false, changed = false;
    for (uint32_t i = 0; i < errand->daemon->desk_count; i++)
        found = found || is_meant(errand, &errand->daemon->desks[i]);
    if (!found)
        return dk_fail(DOCKET_BAD_ARGUMENT, "there is no desk %s", errand->asked.desk);
    set_draining(errand, !undo, &changed);
    errand->go_on = undo ? NULL : drain_on; /* when its counters have been written down */
    errand->waits = !undo;
    if (changed) {
        struct dk_job *job = dk_job_new(noted, errand);
        dk_errand_event(errand, job, "drain", "%s %s", errand->asked.desk[0] ? errand->asked.desk : "every desk",
                        undo ? "is used again" : "is drained: nothing is given anew");
        dk_errand_post(errand, job);
    }
    return DOCKET_OK;
}

/* ---- a desk more ---- */

bool dk_admin_moves(const struct dk_daemon *daemon, const char *tenant)
{
    for (uint32_t i = 0; i < daemon->moving_count; i++)
        if (strcmp(daemon->moving[i], tenant) == 0)
            return true;
    return false;
}

/* Letters that cannot leave their line of the file. */
static docket_status check_word(const char *what, const char *word)
{
    for (size_t at = 0; word[at] != 0; at++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", word[at]) == NULL)
            return dk_fail(DOCKET_BAD_ARGUMENT, "%s %.60s has other characters than A-Z a-z 0-9 . _ -", what, word);
    return DOCKET_OK;
}

/* docketd would not start with somebody whom the machine does not know. */
static docket_status check_sitters(const struct dk_admin_request *asked)
{
    uid_t uid;
    gid_t gid;
    docket_status status = asked->user[0] != 0 ? dk_resolve_user(asked->user, &uid) : DOCKET_OK;
    if (status == DOCKET_OK && asked->group[0] != 0)
        status = dk_resolve_group(asked->group, &gid);
    return status;
}

struct settled {
    const char *tenant;
    char found[DOCKET_NAME_MAX + 1], desk[DOCKET_NAME_MAX + 1];
};

static docket_status look_for_tenant(void *context, const struct dk_series_record *record)
{
    struct settled *settled = context;
    if (strcmp(record->tenant, settled->tenant) != 0)
        return DOCKET_OK;
    snprintf(settled->found, sizeof settled->found, "%s", record->name);
    snprintf(settled->desk, sizeof settled->desk, "%s", record->desk);
    return DOCKET_EXISTS; /* ends the walk */
}

/* OK: it has no series, on the board or off it. */
static docket_status check_tenant(struct dk_daemon *daemon, const char *tenant)
{
    struct settled settled = {.tenant = tenant};
    dk_fate_wait(daemon); /* one may be on its way into the store */
    docket_status status = dk_store_each_series(daemon->store, look_for_tenant, &settled);
    if (status != DOCKET_EXISTS)
        return status;
    return dk_fail(DOCKET_REFUSED,
                   "tenant %s has series at desk %s (%s), and a tenant that has series cannot be moved; nothing was "
                   "changed",
                   tenant, settled.desk, settled.found);
}

/* Every tenant is well named and has no series anywhere. found gets them. */
static docket_status check_tenants(struct dk_errand *errand, struct dk_desk_config *found)
{
    char names[sizeof errand->asked.tenants], *rest = names;
    docket_status status = DOCKET_OK;
    snprintf(names, sizeof names, "%s", errand->asked.tenants);
    for (char *name; status == DOCKET_OK && (name = strtok_r(rest, ", \t", &rest)) != NULL;) {
        status = dk_name_check("tenant", name);
        if (status == DOCKET_OK)
            status = check_tenant(errand->daemon, name);
        if (status == DOCKET_OK && found->tenant_count == DK_DESK_TENANTS_MAX)
            status = dk_fail(DOCKET_BAD_ARGUMENT, "a desk has at most %d tenants", DK_DESK_TENANTS_MAX);
        if (status == DOCKET_OK)
            snprintf(found->tenants[found->tenant_count++], sizeof found->tenants[0], "%s", name);
    }
    if (status == DOCKET_OK && found->tenant_count == 0)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "a desk wants the tenants that sit there");
    return status;
}

static docket_status copy_lines(const char *from, FILE *to)
{
    FILE *in = fopen(from, "re");
    int last = '\n';
    if (in == NULL && errno == ENOENT)
        return DOCKET_OK;
    if (in == NULL)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot read %s", from);
    for (int byte; (byte = getc(in)) != EOF; last = byte)
        putc(byte, to);
    bool failed = ferror(in) != 0;
    fclose(in);
    if (failed)
        return dk_fail(DOCKET_SYSTEM, "cannot read %s", from);
    if (last != '\n')
        putc('\n', to);
    return DOCKET_OK;
}

static void put_section(const struct dk_admin_request *asked, const struct dk_desk_config *desk, FILE *to)
{
    fprintf(to, "\n[desk %s]\ntenants =", asked->desk);
    for (uint32_t i = 0; i < desk->tenant_count; i++)
        fprintf(to, "%s %s", i > 0 ? "," : "", desk->tenants[i]);
    fputc('\n', to);
    if (asked->user[0] != 0)
        fprintf(to, "user = %s\n", asked->user);
    if (asked->group[0] != 0)
        fprintf(to, "group = %s\n", asked->group);
}

/* The file as it will be, whole, beside the one that is. */
static docket_status write_new(struct dk_errand *errand, const struct dk_desk_config *desk, const char *file,
                               const char *new)
{
    struct stat facts;
    mode_t mode = stat(file, &facts) == 0 ? facts.st_mode & 0777 : 0644;
    unlink(new);
    int fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    if (to == NULL) {
        docket_status status = dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make %s", new);
        if (fd >= 0)
            close(fd);
        return status;
    }
    docket_status status = copy_lines(file, to);
    put_section(&errand->asked, desk, to);
    bool written = fflush(to) == 0 && !ferror(to) && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    int error = errno;
    if (fclose(to) != 0 || !written)
        status = status != DOCKET_OK ? status : dk_fail_errno(dk_status_of_errno(error), error, "cannot write %s", new);
    return status;
}

static docket_status try_new(const struct dk_daemon *daemon, const char *new)
{
    struct dk_config *config = dk_must_alloc(1, sizeof *config);
    docket_status status = dk_config_load(config, daemon->config.realm, new);
    free(config->desks);
    free(config);
    return status == DOCKET_OK ? status : dk_wrap(status, "with that desk the configuration would be refused, and it stays "
                                                          "as it is");
}

static docket_status put_in_place(const struct dk_daemon *daemon, const char *file, const char *new)
{
    if (rename(new, file) != 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot rename %s", new);
    if (fsync(daemon->realm_fd) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "%s is written, and its directory cannot be synced", file);
    return DOCKET_OK;
}

static void remember(struct dk_daemon *daemon, const struct dk_desk_config *desk)
{
    daemon->moving =
        dk_must_grow(daemon->moving, daemon->moving_count + desk->tenant_count, sizeof *daemon->moving);
    for (uint32_t i = 0; i < desk->tenant_count; i++)
        memcpy(daemon->moving[daemon->moving_count++], desk->tenants[i], sizeof *daemon->moving);
}

static docket_status add_desk(struct dk_errand *errand, const struct dk_desk_config *desk)
{
    char own[DK_PATH_BYTES + 16], new[DK_PATH_BYTES + 32];
    const char *file = errand->daemon->config.file;
    snprintf(own, sizeof own, "%s/docket.conf", errand->daemon->config.realm);
    if (strcmp(own, file) != 0)
        return dk_fail(DOCKET_REFUSED, "docketd was started with --config %s, which is not its own to write; add [desk %s] "
                                       "there",
                       file, errand->asked.desk);
    snprintf(new, sizeof new, "%s.new", file);
    docket_status status = write_new(errand, desk, file, new);
    if (status == DOCKET_OK)
        status = try_new(errand->daemon, new);
    if (status == DOCKET_OK)
        status = put_in_place(errand->daemon, file, new);
    else
        unlink(new);
    return status;
}

static void desk_noted(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    dk_job_free(job);
    dk_errand_end(errand, DOCKET_OK);
}

docket_status dk_errand_desk(struct dk_errand *errand)
{
    const struct dk_admin_request *asked = &errand->asked;
    struct dk_desk_config *desk = dk_must_alloc(1, sizeof *desk);
    docket_status status = dk_name_check("desk", asked->desk);
    if (status == DOCKET_OK && strcmp(asked->desk, "default") == 0)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "desk default is there always, for all other tenants");
    for (uint32_t i = 0; status == DOCKET_OK && i < errand->daemon->desk_count; i++)
        if (strcmp(errand->daemon->desks[i].rule.name, asked->desk) == 0)
            status = dk_fail(DOCKET_REFUSED, "there is a desk %s already", asked->desk);
    if (status == DOCKET_OK)
        status = check_word("user", asked->user);
    if (status == DOCKET_OK)
        status = check_word("group", asked->group);
    if (status == DOCKET_OK)
        status = check_sitters(asked);
    if (status == DOCKET_OK)
        status = check_tenants(errand, desk);
    if (status == DOCKET_OK)
        status = add_desk(errand, desk);
    if (status == DOCKET_OK) {
        remember(errand->daemon, desk);
        struct dk_job *job = dk_job_new(desk_noted, errand);
        dk_errand_event(errand, job, "desk", "desk %s added for %u tenants, from docketd's next start on", asked->desk,
                        desk->tenant_count);
        dk_errand_post(errand, job);
    }
    free(desk);
    return status;
}
