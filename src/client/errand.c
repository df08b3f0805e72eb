/* SPDX-License-Identifier: MIT */
/* errand: the decisions of docket_admin.h over the wire. */
#include "docket_admin.h"

#include "client/inside.h"
#include "numbering/start.h"
#include "numbering/fate.h"
#include "numbering/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ERRAND_TIMEOUT_NS (10 * DK_SECOND_NS)
#define PAUSE_FIRST_NS (2 * DK_MILLISECOND_NS)
#define PAUSE_LAST_NS (100 * DK_MILLISECOND_NS)

_Static_assert((int)DOCKET_DRY_RUN == (int)DK_ADMIN_DRY_RUN && (int)DOCKET_VOID_REST == (int)DK_ADMIN_VOID_REST,
               "flags go as they are");
_Static_assert(DOCKET_EVIDENCE_MAX == DK_WIRE_EVIDENCE_MAX, "one limit");

/* ---- asking ---- */

/* False: time is over. */
static bool pause_before(int64_t until_ns, int64_t *pause_ns)
{
    if (until_ns - dk_clock_monotonic_ns() < *pause_ns)
        return false;
    struct timespec pause = {.tv_nsec = (long)*pause_ns};
    nanosleep(&pause, NULL);
    *pause_ns = *pause_ns * 2 < PAUSE_LAST_NS ? *pause_ns * 2 : PAUSE_LAST_NS;
    return true;
}

/* However long the answer may take: whoever does not hear at all soon is not there. */
static docket_status connect_in_time(struct docket_realm *realm, int64_t until_ns, int *fd)
{
    int64_t pause_ns = PAUSE_FIRST_NS, soon_ns = dk_clock_monotonic_ns() + ERRAND_TIMEOUT_NS;
    until_ns = until_ns < soon_ns ? until_ns : soon_ns;
    docket_status status;
    do
        status = dk_reach_connect(realm, fd);
    while (status == DOCKET_UNREACHABLE && pause_before(until_ns, &pause_ns));
    if (status == DOCKET_UNREACHABLE)
        dk_wrap(status, "realm %s cannot be reached, and nothing was changed; is docketd running? `docket status` shows "
                        "its heartbeat",
                realm->directory);
    return status;
}

docket_status dk_errand_ask(struct docket_realm *realm, const struct dk_admin_request *request, int descriptor,
                            int64_t timeout_ns, struct dk_reply *reply, int *rows_fd)
{
    int64_t until_ns = dk_clock_monotonic_ns() + timeout_ns, pause_ns = PAUSE_FIRST_NS;
    int fds[DK_WIRE_FDS], fd;
    docket_status status;
    if (realm->memory != NULL)
        return dk_fail(DOCKET_UNREACHABLE, "a realm in memory has no docketd; this needs a real realm");
    do {
        status = connect_in_time(realm, until_ns, &fd);
        if (status != DOCKET_OK)
            return status;
        int64_t left_ns = until_ns - dk_clock_monotonic_ns();
        status = dk_wire_ask_admin(fd, request, descriptor, left_ns > 0 ? left_ns : 0, reply, fds);
        close(fd);
    } while (status == DOCKET_BUSY && pause_before(until_ns, &pause_ns)); /* nothing was begun: it may be asked again */
    if (status == DOCKET_UNREACHABLE)
        dk_wrap(status, "docketd went away before it answered: all of it is done, or nothing; `docket events` and `docket "
                        "fate` say which");
    if (status != DOCKET_OK)
        return status;
    for (int i = 1; i < DK_WIRE_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    *rows_fd = fds[0];
    return DOCKET_OK;
}

/* ---- what all have in common ---- */

static docket_status fill(struct dk_admin_request *request, const struct docket_counter_name *counter)
{
    docket_status status = dk_names_fill(counter->tenant, counter->series, request->tenant, request->name);
    if (status == DOCKET_OK && counter->period < -1)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "%d is no period", counter->period);
    request->period = counter->period;
    return status;
}

docket_status dk_errand_put(char *field, size_t size, const char *what, const char *text)
{
    if (text == NULL)
        return DOCKET_OK;
    if (strlen(text) >= size - 1)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the %s has %zu bytes and %zu are allowed", what, strlen(text), size - 2);
    snprintf(field, size, "%s", text);
    return DOCKET_OK;
}

docket_status dk_errand_reason(struct dk_admin_request *request, const char *reason)
{
    docket_status status = dk_reason_check(reason);
    if (status == DOCKET_OK)
        snprintf(request->reason, sizeof request->reason, "%s", reason);
    return status;
}

static docket_status ask_changes(struct docket_realm *realm, const struct dk_admin_request *request, int descriptor,
                                 docket_each_change each, void *context)
{
    struct dk_reply reply;
    void *read = NULL;
    size_t count = 0;
    int fd;
    docket_status status = dk_errand_ask(realm, request, descriptor, ERRAND_TIMEOUT_NS, &reply, &fd);
    if (status == DOCKET_OK && fd >= 0)
        status = dk_errand_rows(fd, sizeof(struct dk_change_wire), &read, &count);
    const struct dk_change_wire *rows = read;
    for (size_t i = 0; status == DOCKET_OK && each != NULL && i < count; i++) {
        struct docket_change change = {.line = rows[i].line,
                                       .period = rows[i].period,
                                       .first = rows[i].first,
                                       .last = rows[i].last,
                                       .before = dk_fate_name(rows[i].before),
                                       .after = dk_fate_name(rows[i].after),
                                       .cause = dk_cause_name(rows[i].cause)};
        if (each(context, &change) != 0)
            break;
    }
    free(read);
    return status;
}

docket_status docket_admin_void(docket_realm *realm, const struct docket_counter_name *counter, uint64_t first,
                                uint64_t last, const char *reason, unsigned flags, docket_each_change each,
                                void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_VOID, .first = first, .last = last};
    if (realm == NULL || counter == NULL || flags > DOCKET_DRY_RUN)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_void wants a realm, a counter's name and known flags");
    docket_status status = fill(&request, counter);
    if (status == DOCKET_OK)
        status = dk_errand_reason(&request, reason);
    request.flags = flags;
    return status == DOCKET_OK ? ask_changes(realm, &request, -1, each, context) : status;
}

docket_status docket_admin_series_advance(docket_realm *realm, const struct docket_counter_name *counter, uint64_t to,
                                          const char *reason, docket_each_change each, void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_ADVANCE, .first = to};
    if (realm == NULL || counter == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_series_advance wants a realm and a counter's name");
    docket_status status = fill(&request, counter);
    if (status == DOCKET_OK)
        status = dk_errand_reason(&request, reason);
    return status == DOCKET_OK ? ask_changes(realm, &request, -1, each, context) : status;
}

docket_status docket_admin_series_advance_text(docket_realm *realm, const struct docket_counter_name *counter,
                                               const char *text, const char *reason, unsigned flags,
                                               docket_each_change each, void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_ADVANCE};
    if (realm == NULL || counter == NULL || text == NULL ||
        (flags & ~(unsigned)(DOCKET_DRY_RUN | DOCKET_ADVANCE_TO)) != 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_series_advance_text wants a realm, a counter's name, a text and "
                                            "known flags");
    docket_status status = fill(&request, counter);
    if (status == DOCKET_OK)
        status = dk_errand_reason(&request, reason);
    if (status == DOCKET_OK)
        status = dk_start_add_line(request.settings, flags & DOCKET_ADVANCE_TO ? DK_START_AT_LINE : DK_START_AFTER_LINE, text);
    request.flags = flags & DOCKET_DRY_RUN;
    return status == DOCKET_OK ? ask_changes(realm, &request, -1, each, context) : status;
}

/* ---- reconcile ---- */

/* A memory file that nobody can change any more: docketd asks for no less. */
docket_status dk_errand_seal(const char *evidence, size_t bytes, int *fd)
{
    int made = memfd_create("docket-evidence", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (made < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make a memory file for the evidence");
    size_t at = 0;
    while (at < bytes) {
        ssize_t put = write(made, evidence + at, bytes - at);
        if (put <= 0)
            break;
        at += (size_t)put;
    }
    if (at < bytes || fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
        docket_status status = dk_fail_errno(dk_status_of_errno(errno), errno, "cannot write the evidence to memory");
        close(made);
        return status;
    }
    *fd = made;
    return DOCKET_OK;
}

docket_status docket_admin_reconcile(docket_realm *realm, const struct docket_counter_name *counter,
                                     const char *evidence, size_t bytes, const char *reason, unsigned flags,
                                     docket_each_change each, void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_RECONCILE};
    int fd = -1;
    if (realm == NULL || counter == NULL || (evidence == NULL && bytes > 0) ||
        flags > (DOCKET_DRY_RUN | DOCKET_VOID_REST))
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_reconcile wants a realm, a counter's name, evidence and known "
                                            "flags");
    if (bytes > DOCKET_EVIDENCE_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the evidence has %zu bytes and %u are allowed; split it", bytes,
                       DOCKET_EVIDENCE_MAX);
    docket_status status = fill(&request, counter);
    if (status == DOCKET_OK && (reason != NULL || flags & DOCKET_VOID_REST))
        status = dk_errand_reason(&request, reason);
    if (status == DOCKET_OK)
        status = dk_errand_seal(evidence, bytes, &fd);
    request.flags = flags;
    if (status == DOCKET_OK)
        status = ask_changes(realm, &request, fd, each, context);
    if (fd >= 0)
        close(fd);
    return status;
}
