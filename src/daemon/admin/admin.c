/* SPDX-License-Identifier: MIT */
/*
 * admin: who may ask, what is asked for, and the errands on their way. Who a
 * peer is comes from the kernel (serve.c); what it wants is checked here before
 * anything is looked up.
 */
#include "daemon/admin/errand.h"

#include "base/clock.h"
#include "base/log.h"
#include "numbering/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ERRANDS_MAX = 8 };

/* Refusals are events too, but a stranger must not fill the disk with them. */
#define REFUSALS_EVERY_NS (10 * DK_SECOND_NS)

static const struct errand_row {
    const char *name; /* as in "asked to void" */
    docket_status (*begin)(struct dk_errand *errand);
    bool changes;
    bool names_series;
    bool wants_reason;
    bool for_all; /* who may sit at the series' desk */
    bool harmless; /* for whoever is heard at all */
} rows[DK_ADMIN_END - DK_ADMIN_VOID] = {
    [DK_ADMIN_VOID - DK_ADMIN_VOID] = {"void numbers", dk_errand_void, true, true, true},
    [DK_ADMIN_RECONCILE - DK_ADMIN_VOID] = {"reconcile", dk_errand_reconcile, true, true, false},
    [DK_ADMIN_ADVANCE - DK_ADMIN_VOID] = {"advance a counter", dk_errand_advance, true, true, true},
    [DK_ADMIN_RETIRE - DK_ADMIN_VOID] = {"retire a series", dk_errand_retire, true, true, true},
    [DK_ADMIN_SET - DK_ADMIN_VOID] = {"set a policy", dk_errand_set, true, true, false},
    [DK_ADMIN_DRAIN - DK_ADMIN_VOID] = {"drain a desk", dk_errand_drain, true, false, false},
    [DK_ADMIN_VERIFY - DK_ADMIN_VOID] = {"verify the store", dk_errand_verify, false, false, false},
    [DK_ADMIN_EVENTS - DK_ADMIN_VOID] = {"read events", dk_errand_events, false, false, false},
    [DK_ADMIN_DESK - DK_ADMIN_VOID] = {"add a desk", dk_errand_desk, true, false, false},
    [DK_ADMIN_CLOSE - DK_ADMIN_VOID] = {"close a period", dk_errand_close, true, true, true},
    [DK_ADMIN_CLOCK - DK_ADMIN_VOID] = {"accept the clock", dk_errand_clock, true, false, true},
    [DK_ADMIN_PERIODS - DK_ADMIN_VOID] = {"list periods", dk_errand_periods, false, true, false},
    [DK_ADMIN_SHOW - DK_ADMIN_VOID] = {"show a series", dk_errand_show, false, true, false, true},
    [DK_ADMIN_PREVIEW - DK_ADMIN_VOID] = {"show next numbers", dk_errand_preview, false, true, false, true},
    [DK_ADMIN_RECORDS - DK_ADMIN_VOID] = {"read records", dk_errand_records, false, true, false, true},
    [DK_ADMIN_AUDIT - DK_ADMIN_VOID] = {"verify the audit trail", dk_errand_audit, false, false, false},
    [DK_ADMIN_RETENTION - DK_ADMIN_VOID] = {"drop records", dk_errand_retention, true, true, false},
    [DK_ADMIN_BACKUP - DK_ADMIN_VOID] = {"back the store up", dk_errand_backup, false, false, false},
    [DK_ADMIN_IMPORT - DK_ADMIN_VOID] = {"import numbers", dk_errand_import, true, true, false},
    [DK_ADMIN_HEAD - DK_ADMIN_VOID] = {"read the audit trail's head", dk_errand_head, false, false, false, .harmless = true},
    [DK_ADMIN_SHAPES - DK_ADMIN_VOID] = {"read what series write", dk_errand_shapes, false, false, false, true},
};

static const struct errand_row *row_of(uint32_t type)
{
    const struct errand_row *row = type >= DK_ADMIN_VOID && type < DK_ADMIN_END ? &rows[type - DK_ADMIN_VOID] : NULL;
    return row != NULL && row->begin != NULL ? row : NULL;
}

/* ---- who may ---- */

bool dk_is_admin(const struct dk_connection *connection)
{
    const struct dk_daemon *daemon = connection->daemon;
    if (connection->uid == 0 || connection->uid == geteuid())
        return true;
    for (uint32_t i = 0; i < daemon->admin_count; i++)
        if (daemon->admins[i] == connection->uid)
            return true;
    for (uint32_t i = 0; daemon->admin_group_set && i < connection->group_count; i++)
        if (connection->groups[i] == daemon->admin_group)
            return true;
    return false;
}

/* tenant NULL: none is named. */
static void note_refusal(const struct dk_connection *connection, const char *what, const char *tenant, const char *name)
{
    struct dk_daemon *daemon = connection->daemon;
    int64_t now_ns = dk_clock_monotonic_ns();
    if (daemon->refused_ns != 0 && now_ns - daemon->refused_ns < REFUSALS_EVERY_NS) {
        daemon->refused_unsaid++;
        return;
    }
    daemon->refused_ns = now_ns;
    dk_log(DK_LOG_WARNING, "uid %u, pid %d asked to %s and is no admin (%llu such since the last line)",
           (unsigned)connection->uid, (int)connection->pid, what, (unsigned long long)daemon->refused_unsaid);
    struct dk_job *job = dk_job_new(dk_job_free, NULL);
    bool named = tenant != NULL;
    dk_job_event(job, "refused", connection->uid, "asked to %s%s%s%s%s and is no admin; %llu more before", what,
                 named ? " in " : "", named ? tenant : "", named ? "/" : "", named ? name : "",
                 (unsigned long long)daemon->refused_unsaid);
    if (named)
        dk_job_about(job, tenant, name, 0);
    daemon->refused_unsaid = 0;
    dk_clerk_post(daemon->clerk, job);
}

docket_status dk_admin_check(const struct dk_connection *connection, const char *what, const char *tenant,
                             const char *name)
{
    if (dk_is_admin(connection))
        return DOCKET_OK;
    note_refusal(connection, what, tenant, name);
    return dk_fail(DOCKET_NOT_PERMITTED,
                   "uid %u may not %s: root, docketd's user and those of admins and admin_group in docket.conf may; "
                   "nothing was changed",
                   (unsigned)connection->uid, what);
}

static docket_status check_asker(struct dk_connection *connection, const struct dk_admin_request *request)
{
    const struct errand_row *row = row_of(request->type);
    if (row == NULL)
        return dk_fail(DOCKET_PROTOCOL, "admin request %u is not known to this docketd", request->type);
    if (row->harmless)
        return DOCKET_OK;
    if (row->for_all && !dk_is_admin(connection))
        return dk_serve_check_desk(connection, dk_series_desk(connection->daemon, request->tenant));
    bool named = row->names_series && dk_name_check("tenant", request->tenant) == DOCKET_OK &&
                 dk_name_check("series", request->name) == DOCKET_OK;
    return dk_admin_check(connection, row->name, named ? request->tenant : NULL, request->name);
}

/* ---- what is asked ---- */

static docket_status check_request(const struct dk_admin_request *request)
{
    const struct errand_row *row = row_of(request->type);
    docket_status status = DOCKET_OK;
    if (row->names_series) {
        status = dk_name_check("tenant", request->tenant);
        if (status == DOCKET_OK)
            status = dk_name_check("series", request->name);
    }
    bool wanted = row->wants_reason || request->flags & DK_ADMIN_VOID_REST || request->reason[0] != 0;
    if (status == DOCKET_OK && wanted)
        status = dk_reason_check(request->reason);
    if (status == DOCKET_OK && request->period < -1)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "%d is no period", request->period);
    return status;
}

/* Only memory that cannot change nor make us wait: a sealed memory file, read by
 * pread into memory of our own. */
static docket_status read_evidence(struct dk_errand *errand, int descriptor)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    struct stat facts;
    int found = descriptor < 0 ? -1 : fcntl(descriptor, F_GET_SEALS);
    if (found < 0 || (found & seals) != seals || fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode))
        return dk_fail(DOCKET_PROTOCOL, "evidence comes in a sealed memory file; use the library of this release");
    if (facts.st_size > DK_WIRE_EVIDENCE_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the evidence has %lld bytes and %d are allowed; split it",
                       (long long)facts.st_size, DK_WIRE_EVIDENCE_MAX);
    errand->evidence = dk_must_alloc((size_t)facts.st_size + 1, 1);
    errand->evidence_bytes = (size_t)facts.st_size;
    for (size_t at = 0; at < errand->evidence_bytes;) {
        ssize_t got = pread(descriptor, errand->evidence + at, errand->evidence_bytes - at, (off_t)at);
        if (got <= 0)
            return dk_fail_errno(DOCKET_SYSTEM, got == 0 ? EIO : errno, "the evidence cannot be read");
        at += (size_t)got;
    }
    return DOCKET_OK;
}

docket_status dk_errand_series(struct dk_errand *errand, struct dk_series_book **series)
{
    const struct dk_admin_request *asked = &errand->asked;
    struct dk_daemon *daemon = errand->daemon;
    struct dk_series_record record;
    bool found = false;
    *series = dk_series_find(daemon, asked->tenant, asked->name);
    if (*series != NULL) {
        bool leaving = (*series)->evicting || (*series)->wanted;
        dk_evict_cancel(*series);
        return leaving ? dk_fail(DOCKET_BUSY, "%s/%s was about to leave the board; ask again", asked->tenant, asked->name)
                       : DOCKET_OK;
    }
    docket_status status = dk_store_find_series(daemon->store, asked->tenant, asked->name, &record, &found);
    if (status == DOCKET_OK && !found)
        status = dk_fail(DOCKET_NO_SERIES, "there is no series %s/%s", asked->tenant, asked->name);
    struct dk_desk_book *desk = dk_series_desk(daemon, asked->tenant);
    if (status == DOCKET_OK)
        status = dk_slots_make_room(desk);
    if ((status == DOCKET_REALM_FULL || status == DOCKET_NO_SPACE) && dk_evict_for_room(desk))
        status = dk_fail(DOCKET_BUSY, "%s/%s waits for a slot of the board; ask again", asked->tenant, asked->name);
    if (status == DOCKET_OK)
        status = dk_series_load(daemon, &record, series);
    if (status == DOCKET_OK)
        dk_keeper_run(daemon);
    return status;
}

/* The period that is asked for, or the current one. */
void dk_errand_current(struct dk_errand *errand, struct dk_series_book *series)
{
    struct dk_period now;
    dk_period_now(errand->daemon, series->record.policy, &now);
    errand->series = series;
    errand->period = errand->asked.period >= 0 ? errand->asked.period : now.label;
}

docket_status dk_errand_find(struct dk_errand *errand)
{
    const struct dk_admin_request *asked = &errand->asked;
    struct dk_series_book *series;
    docket_status status = dk_errand_series(errand, &series);
    if (status != DOCKET_OK)
        return status;
    if (series->quarantined)
        return dk_fail(DOCKET_QUARANTINED, "%s/%s is quarantined: until its desk's files were looked into nothing is "
                                           "known well enough to change it",
                       asked->tenant, asked->name);
    dk_errand_current(errand, series);
    return DOCKET_OK;
}

const char *dk_errand_name(const struct dk_errand *errand)
{
    static char text[2 * DOCKET_NAME_MAX + 32];
    char period[16];
    dk_period_text(errand->period, period);
    snprintf(text, sizeof text, "%s/%s%s%s", errand->asked.tenant, errand->asked.name, period[0] ? "/" : "", period);
    return text;
}

docket_status dk_errand_cut_start(struct dk_errand *errand, const char *line)
{
    if (dk_start_cut(errand->asked.settings, line, errand->start))
        return DOCKET_OK;
    return dk_fail(DOCKET_BAD_ARGUMENT, "%s is longer than any document number", line);
}

/* ---- the errand's way ---- */

void dk_errand_row(struct dk_errand *errand, const struct dk_change_wire *row)
{
    if ((errand->row_count & (errand->row_count + 1)) == 0) /* room doubles at 0, 1, 3, 7 ... */
        errand->rows = dk_must_grow(errand->rows, errand->row_count * 2 + 1, sizeof *errand->rows);
    errand->rows[errand->row_count++] = *row;
}

void dk_errand_post(struct dk_errand *errand, struct dk_job *job)
{
    errand->waits = true;
    errand->go_on = NULL;
    for (size_t i = 0; i < job->event_count; i++)
        dk_log(DK_LOG_NOTICE, "uid %u: %s: %s%s%s", job->events[i].uid, job->events[i].kind, job->events[i].text,
               job->events[i].reason[0] ? "; because: " : "", job->events[i].reason);
    if (errand->counter != NULL)
        dk_keeper_post(errand->counter, job);
    else
        dk_clerk_post(errand->daemon->clerk, job);
}

/* What it decides is about one period. */
static bool is_of_period(const struct dk_errand *errand)
{
    return errand->asked.type != DK_ADMIN_SET && errand->asked.type != DK_ADMIN_RETIRE;
}

void dk_errand_event(const struct dk_errand *errand, struct dk_job *job, const char *kind, const char *format, ...)
{
    char text[sizeof job->events->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dk_job_event(job, kind, errand->connection->uid, "%s", text);
    dk_job_reason(job, errand->asked.reason);
    if (row_of(errand->asked.type)->names_series)
        dk_job_about(job, errand->asked.tenant, errand->asked.name, is_of_period(errand) ? errand->period : 0);
}

static docket_status write_answer(struct dk_errand *errand, int *fd)
{
    FILE *out;
    docket_status status = dk_rows_begin(&out, fd);
    if (status != DOCKET_OK)
        return status;
    if (errand->row_count > 0)
        fwrite(errand->rows, sizeof *errand->rows, errand->row_count, out);
    if (errand->answer_bytes > 0)
        fwrite(errand->answer, 1, errand->answer_bytes, out);
    return dk_rows_end(out);
}

void dk_errand_end(struct dk_errand *errand, docket_status status)
{
    struct dk_reply reply = {.salt = errand->figure};
    int fd = errand->out_fd;
    /* What is done is done: an answer without its rows says so and is no failure. */
    if (status == DOCKET_OK && fd < 0 && write_answer(errand, &fd) != DOCKET_OK)
        dk_log(DK_LOG_WARNING, "an admin's answer has no rows: %s", dk_error_text());
    dk_serve_answer(errand->connection, errand->asked.type, status, &reply, &fd, status == DOCKET_OK && fd >= 0);
    if (fd >= 0)
        close(fd);
    struct dk_errand **at = &errand->daemon->errands;
    while (*at != errand)
        at = &(*at)->next;
    *at = errand->next;
    if (errand->target >= 0)
        close(errand->target);
    free(errand->evidence);
    free(errand->rows);
    free(errand->answer);
    free(errand->retention);
    dk_import_free(errand->import);
    free(errand);
}

static docket_status check_turn(const struct dk_daemon *daemon, const struct errand_row *row)
{
    size_t count = 0;
    for (const struct dk_errand *errand = daemon->errands; errand != NULL; errand = errand->next) {
        count++;
        if (row->changes && errand->changes)
            return dk_fail(DOCKET_BUSY, "docketd is at another admin's errand; ask again");
    }
    if (count >= ERRANDS_MAX)
        return dk_fail(DOCKET_BUSY, "docketd is at %d admins' errands; ask again", ERRANDS_MAX);
    return daemon->stopping ? dk_fail(DOCKET_UNREACHABLE, "docketd is stopping") : DOCKET_OK;
}

static struct dk_errand *errand_new(struct dk_connection *connection, const struct dk_admin_request *request)
{
    struct dk_errand *errand = dk_must_alloc(1, sizeof *errand);
    errand->daemon = connection->daemon;
    errand->connection = connection;
    errand->asked = *request;
    errand->out_fd = errand->target = -1;
    errand->changes = row_of(request->type)->changes;
    errand->next = connection->daemon->errands;
    connection->daemon->errands = errand;
    connection->asked = request->type;
    return errand;
}

void dk_admin_hear(struct dk_connection *connection, const struct dk_admin_request *request, int descriptor)
{
    struct dk_reply reply = {0};
    docket_status status = check_asker(connection, request);
    if (status == DOCKET_OK)
        status = check_request(request);
    if (status == DOCKET_OK)
        status = check_turn(connection->daemon, row_of(request->type));
    if (status != DOCKET_OK) {
        if (descriptor >= 0)
            close(descriptor);
        dk_serve_answer(connection, request->type, status, &reply, NULL, 0);
        return;
    }
    struct dk_errand *errand = errand_new(connection, request);
    if (request->type == DK_ADMIN_RECONCILE || request->type == DK_ADMIN_IMPORT)
        status = read_evidence(errand, descriptor);
    if (request->type == DK_ADMIN_BACKUP)
        errand->target = descriptor; /* closed with the errand */
    else if (descriptor >= 0)
        close(descriptor);
    if (status == DOCKET_OK)
        status = row_of(request->type)->begin(errand);
    if (status != DOCKET_OK || !errand->waits)
        dk_errand_end(errand, status);
}

bool dk_admin_concerns(const struct dk_series_book *series)
{
    for (const struct dk_errand *errand = series->desk->daemon->errands; errand != NULL; errand = errand->next)
        if (errand->series == series)
            return true;
    return false;
}

void dk_admin_turn(struct dk_daemon *daemon)
{
    for (struct dk_errand *errand = daemon->errands, *next; errand != NULL; errand = next) {
        next = errand->next; /* going on may end this one, and no other */
        if (errand->go_on != NULL)
            errand->go_on(errand);
    }
}
