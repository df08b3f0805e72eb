/* SPDX-License-Identifier: MIT */
/* errand_more: the decisions of docket_admin.h about series, desks and the store. */
#include "docket_admin.h"

#include "client/inside.h"
#include "numbering/reason.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERRAND_TIMEOUT_NS (10 * DK_SECOND_NS)

/* Asks, and reads the rows of the answer; the caller frees them. */
static docket_status ask(struct docket_realm *realm, const struct dk_admin_request *request, int64_t timeout_ns,
                         size_t row_bytes, struct dk_reply *reply, void **rows, size_t *count)
{
    int fd;
    *rows = NULL;
    *count = 0;
    docket_status status = dk_errand_ask(realm, request, -1, timeout_ns, reply, &fd);
    if (status != DOCKET_OK || fd < 0)
        return status;
    if (row_bytes > 0)
        return dk_errand_rows(fd, row_bytes, rows, count);
    close(fd);
    return DOCKET_OK;
}

static docket_status ask_plain(struct docket_realm *realm, const struct dk_admin_request *request)
{
    struct dk_reply reply;
    void *rows;
    size_t count;
    return ask(realm, request, ERRAND_TIMEOUT_NS, 0, &reply, &rows, &count);
}

/* ---- series ---- */

docket_status docket_admin_series_retire(docket_realm *realm, const char *tenant, const char *name, const char *reason)
{
    struct dk_admin_request request = {.type = DK_ADMIN_RETIRE, .period = -1};
    if (realm == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_series_retire wants a realm");
    docket_status status = dk_names_fill(tenant, name, request.tenant, request.name);
    if (status == DOCKET_OK)
        status = dk_errand_reason(&request, reason);
    return status == DOCKET_OK ? ask_plain(realm, &request) : status;
}

static void tell_settings(struct dk_setting_wire *rows, size_t count, docket_each_setting each, void *context)
{
    for (size_t i = 0; each != NULL && i < count; i++) {
        rows[i].name[sizeof rows[i].name - 1] = rows[i].before[sizeof rows[i].before - 1] = 0;
        rows[i].after[sizeof rows[i].after - 1] = rows[i].why_not[sizeof rows[i].why_not - 1] = 0;
        struct docket_setting setting = {
            .name = rows[i].name, .before = rows[i].before, .after = rows[i].after, .why_not = rows[i].why_not};
        if (each(context, &setting) != 0)
            return;
    }
}

docket_status docket_admin_series_set(docket_realm *realm, const char *tenant, const char *name,
                                      const struct docket_policy *policy, int has_start, const char *reason,
                                      unsigned flags, docket_each_setting each, void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_SET, .period = -1, .flags = flags};
    struct dk_reply reply;
    void *rows;
    size_t count;
    if (realm == NULL || policy == NULL || (flags & ~(unsigned)(DOCKET_DRY_RUN | DOCKET_FROM_NEXT)) != 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_series_set wants a realm, a policy and known flags");
    docket_status status = dk_names_fill(tenant, name, request.tenant, request.name);
    if (status == DOCKET_OK)
        status = dk_policy_fill(request.settings, policy);
    if (status == DOCKET_OK && has_start && policy->start_after_text == NULL) {
        request.start_after = policy->start_after;
        request.flags |= DK_ADMIN_START_AFTER;
    }
    if (status == DOCKET_OK && reason != NULL)
        status = dk_errand_reason(&request, reason);
    if (status == DOCKET_OK)
        status = ask(realm, &request, ERRAND_TIMEOUT_NS, sizeof(struct dk_setting_wire), &reply, &rows, &count);
    if (status != DOCKET_OK)
        return status;
    tell_settings(rows, count, each, context);
    free(rows);
    return DOCKET_OK;
}

/* ---- desks ---- */

docket_status docket_admin_drain(docket_realm *realm, const char *desk, docket_each_holder each, void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_DRAIN, .period = -1};
    struct dk_reply reply;
    void *read = NULL;
    size_t count = 0;
    if (realm == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_drain wants a realm");
    docket_status status = dk_errand_put(request.desk, sizeof request.desk, "desk's name", desk);
    if (status == DOCKET_OK)
        status = ask(realm, &request, ERRAND_TIMEOUT_NS, sizeof(struct dk_holder_wire), &reply, &read, &count);
    if (status == DOCKET_OK)
        dk_errand_holders(read, count, each, context);
    free(read);
    return status;
}

docket_status docket_admin_drain_undo(docket_realm *realm, const char *desk)
{
    struct dk_admin_request request = {.type = DK_ADMIN_DRAIN, .period = -1, .flags = DK_ADMIN_UNDO};
    if (realm == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_drain_undo wants a realm");
    docket_status status = dk_errand_put(request.desk, sizeof request.desk, "desk's name", desk);
    return status == DOCKET_OK ? ask_plain(realm, &request) : status;
}

docket_status docket_admin_clock_accept(docket_realm *realm, const char *reason, int *was_held)
{
    struct dk_admin_request request = {.type = DK_ADMIN_CLOCK, .period = -1};
    struct dk_reply reply;
    void *rows = NULL;
    size_t count;
    if (realm == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_clock_accept wants a realm");
    docket_status status = dk_errand_reason(&request, reason);
    if (status == DOCKET_OK)
        status = ask(realm, &request, ERRAND_TIMEOUT_NS, 1, &reply, &rows, &count);
    free(rows);
    if (status == DOCKET_OK && was_held != NULL)
        *was_held = reply.salt != 0;
    return status;
}

docket_status docket_admin_desk_add(docket_realm *realm, const char *desk, const char *tenants, const char *user,
                                    const char *group)
{
    struct dk_admin_request request = {.type = DK_ADMIN_DESK, .period = -1};
    if (realm == NULL || desk == NULL || tenants == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_desk_add wants a realm, a name and tenants");
    docket_status status = dk_name_check("desk", desk);
    if (status == DOCKET_OK)
        status = dk_errand_put(request.desk, sizeof request.desk, "desk's name", desk);
    if (status == DOCKET_OK)
        status = dk_errand_put(request.tenants, sizeof request.tenants, "list of tenants", tenants);
    if (status == DOCKET_OK)
        status = dk_errand_put(request.user, sizeof request.user, "user", user);
    if (status == DOCKET_OK)
        status = dk_errand_put(request.group, sizeof request.group, "group", group);
    return status == DOCKET_OK ? ask_plain(realm, &request) : status;
}

/* ---- the store ---- */

docket_status docket_admin_verify(docket_realm *realm, int64_t timeout_ns, uint64_t *records)
{
    struct dk_admin_request request = {.type = DK_ADMIN_VERIFY, .period = -1};
    struct dk_reply reply;
    void *rows;
    size_t count;
    if (realm == NULL || records == NULL || timeout_ns <= 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_verify wants a realm, a timeout above 0 and a place for the "
                                            "count");
    docket_status status = ask(realm, &request, timeout_ns, 0, &reply, &rows, &count);
    if (status == DOCKET_OK)
        *records = reply.salt;
    return status;
}
