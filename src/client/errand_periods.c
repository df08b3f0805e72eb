/* SPDX-License-Identifier: MIT */
/* errand_periods: the periods of a series, told and closed. */
#include "docket_admin.h"

#include "client/inside.h"

#include <stdlib.h>
#include <unistd.h>

#define ERRAND_TIMEOUT_NS (10 * DK_SECOND_NS)

static struct docket_holder holder_of(struct dk_holder_wire *row)
{
    row->desk[sizeof row->desk - 1] = 0;
    return (struct docket_holder){.desk = row->desk,
                                  .seat = row->seat,
                                  .uid = row->uid,
                                  .pid = row->pid,
                                  .leases = row->leases,
                                  .numbers = row->numbers,
                                  .oldest_s = row->oldest_s,
                                  .held = row->held};
}

void dk_errand_holders(struct dk_holder_wire *rows, size_t count, docket_each_holder each, void *context)
{
    for (size_t i = 0; each != NULL && i < count; i++) {
        struct docket_holder holder = holder_of(&rows[i]);
        if (each(context, &holder) != 0)
            return;
    }
}

static void tell_periods(struct dk_period_wire *rows, size_t count, docket_each_period each, void *context)
{
    struct docket_holder holders[DK_PERIOD_HOLDERS];
    for (size_t i = 0; i < count; i++) {
        struct dk_period_wire *row = &rows[i];
        uint32_t told = row->holder_count < DK_PERIOD_HOLDERS ? row->holder_count : DK_PERIOD_HOLDERS;
        for (uint32_t h = 0; h < told; h++)
            holders[h] = holder_of(&row->holders[h]);
        struct docket_period period = {.period = row->period,
                                       .first = row->first,
                                       .last = row->last,
                                       .start_s = row->start_s,
                                       .end_s = row->end_s,
                                       .state = dk_period_state_name(row->state),
                                       .given = row->given,
                                       .first_number = row->extent_first,
                                       .mark = row->mark,
                                       .last_date = row->last_date,
                                       .holder_count = row->holder_count,
                                       .holders_told = told,
                                       .holders = holders};
        if (each(context, &period) != 0)
            return;
    }
}

docket_status docket_admin_period_list(docket_realm *realm, const char *tenant, const char *series,
                                       docket_each_period each, void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_PERIODS, .period = -1};
    struct dk_reply reply;
    void *read = NULL;
    size_t count = 0;
    int fd;
    if (realm == NULL || each == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_period_list wants a realm and a callback");
    docket_status status = dk_names_fill(tenant, series, request.tenant, request.name);
    if (status == DOCKET_OK)
        status = dk_errand_ask(realm, &request, -1, ERRAND_TIMEOUT_NS, &reply, &fd);
    if (status == DOCKET_OK && fd >= 0)
        status = dk_errand_rows(fd, sizeof(struct dk_period_wire), &read, &count);
    if (status == DOCKET_OK)
        tell_periods(read, count, each, context);
    free(read);
    return status;
}

docket_status docket_admin_period_close(docket_realm *realm, const struct docket_counter_name *counter,
                                        const char *reason, int *is_closed, docket_each_holder each, void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_CLOSE};
    struct dk_reply reply;
    void *read = NULL;
    size_t count = 0;
    int fd;
    if (realm == NULL || counter == NULL || is_closed == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_period_close wants a realm, a counter's name and a place for "
                                            "the answer");
    docket_status status = dk_names_fill(counter->tenant, counter->series, request.tenant, request.name);
    if (status == DOCKET_OK && counter->period <= 0)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "%d is no period that can be closed", counter->period);
    request.period = counter->period;
    if (status == DOCKET_OK)
        status = dk_errand_reason(&request, reason);
    if (status == DOCKET_OK)
        status = dk_errand_ask(realm, &request, -1, ERRAND_TIMEOUT_NS, &reply, &fd);
    if (status == DOCKET_OK && fd >= 0)
        status = dk_errand_rows(fd, sizeof(struct dk_holder_wire), &read, &count);
    if (status == DOCKET_OK) {
        *is_closed = reply.salt == 1;
        dk_errand_holders(read, count, each, context);
    }
    free(read);
    return status;
}
