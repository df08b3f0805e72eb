/* SPDX-License-Identifier: MIT */
/* admin: docket_admin.h over the wire. */
#include "docket_admin.h"

#include "client/inside.h"
#include "numbering/fate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ADMIN_TIMEOUT_NS (10 * DK_SECOND_NS)

static docket_status fill_names(struct dk_request *request, const char *tenant, const char *name)
{
    docket_status status = dk_name_check("tenant", tenant);
    if (status == DOCKET_OK)
        status = dk_name_check("series", name);
    if (status != DOCKET_OK)
        return status;
    snprintf(request->tenant, sizeof request->tenant, "%s", tenant);
    snprintf(request->name, sizeof request->name, "%s", name);
    return DOCKET_OK;
}

docket_status dk_policy_fill(struct dk_request *request, const struct docket_policy *policy)
{
    request->order = request->restart = DK_WIRE_DEFAULT;
    if (policy == NULL)
        return DOCKET_OK;
    if (policy->order != NULL && !dk_order_parse(policy->order, &request->order))
        return dk_fail(DOCKET_BAD_POLICY, "there is no order mode %s; there are strict and leased", policy->order);
    if (policy->restart != NULL && !dk_restart_parse(policy->restart, &request->restart))
        return dk_fail(DOCKET_BAD_POLICY, "a series restarts never, yearly, monthly or daily, not %s",
                       policy->restart);
    if (policy->template_text != NULL) {
        if (strlen(policy->template_text) > DK_TEMPLATE_BYTES)
            return dk_fail(DOCKET_BAD_POLICY, "the template has %zu bytes and %d are allowed",
                           strlen(policy->template_text), DK_TEMPLATE_BYTES);
        snprintf(request->template_text, sizeof request->template_text, "%s", policy->template_text);
    }
    request->window = policy->window;
    request->start_after = policy->start_after;
    return DOCKET_OK;
}

docket_status docket_admin_series_add(docket_realm *realm, const char *tenant, const char *name,
                                      const struct docket_policy *policy)
{
    struct dk_request request = {.type = DK_ASK_DECLARE};
    struct dk_reply reply;
    int fds[DK_WIRE_FDS];
    if (realm == NULL || tenant == NULL || name == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_series_add wants a realm and two names");
    docket_status status = fill_names(&request, tenant, name);
    if (status == DOCKET_OK)
        status = dk_policy_fill(&request, policy);
    if (status == DOCKET_OK)
        status = dk_reach_ask(realm, &request, ADMIN_TIMEOUT_NS, &reply, fds);
    return status;
}

static docket_status read_rows(int fd, int (*each)(void *context, const struct docket_fate_row *row), void *context)
{
    struct dk_fate_wire wire;
    FILE *in = fdopen(fd, "r");
    if (in == NULL) {
        close(fd);
        return dk_fail_errno(DOCKET_NO_MEMORY, errno, "cannot read docketd's answer");
    }
    if (fseek(in, 0, SEEK_SET) != 0) {
        docket_status status = dk_fail_errno(DOCKET_SYSTEM, errno, "docketd's answer cannot be read");
        fclose(in);
        return status;
    }
    while (fread(&wire, sizeof wire, 1, in) == 1) {
        wire.tenant[sizeof wire.tenant - 1] = wire.name[sizeof wire.name - 1] = 0;
        struct docket_fate_row row = {.tenant = wire.tenant,
                                      .series = wire.name,
                                      .order = dk_order_name(wire.order),
                                      .period = wire.period,
                                      .mark = wire.mark,
                                      .first = wire.first,
                                      .last = wire.last,
                                      .fate = dk_fate_name(wire.fate),
                                      .cause = dk_cause_name(wire.cause),
                                      .seat = wire.seat,
                                      .time_ns = wire.time_ns,
                                      .counter_ends = wire.counter_ends};
        if (each(context, &row) != 0)
            break;
    }
    docket_status status = ferror(in) ? dk_fail(DOCKET_SYSTEM, "docketd's answer cannot be read") : DOCKET_OK;
    fclose(in);
    return status;
}

docket_status docket_admin_fate(docket_realm *realm, const char *tenant, const char *name, int32_t period,
                                int (*each)(void *context, const struct docket_fate_row *row), void *context)
{
    struct dk_request request = {.type = DK_ASK_FATE, .period = period};
    struct dk_reply reply;
    int fds[DK_WIRE_FDS];
    docket_status status = DOCKET_OK;
    if (realm == NULL || each == NULL || (tenant == NULL) != (name == NULL))
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_fate wants a realm, both names or none, and a callback");
    if (tenant != NULL)
        status = fill_names(&request, tenant, name);
    if (status == DOCKET_OK)
        status = dk_reach_ask(realm, &request, ADMIN_TIMEOUT_NS, &reply, fds);
    if (status != DOCKET_OK)
        return status;
    for (int i = 1; i < DK_WIRE_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (fds[0] < 0)
        return dk_fail(DOCKET_PROTOCOL, "docketd answered without the rows");
    return read_rows(fds[0], each, context);
}
