/* SPDX-License-Identifier: MIT */
/* admin: docket_admin.h over the wire. */
#include "docket_admin.h"

#include "client/inside.h"
#include "numbering/start.h"
#include "numbering/profile.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADMIN_TIMEOUT_NS (10 * DK_SECOND_NS)

docket_status dk_names_fill(const char *tenant, const char *name, char to_tenant[DK_WIRE_NAME], char to_name[DK_WIRE_NAME])
{
    docket_status status = dk_name_check("tenant", tenant);
    if (status == DOCKET_OK)
        status = dk_name_check("series", name);
    if (status != DOCKET_OK)
        return status;
    snprintf(to_tenant, DK_WIRE_NAME, "%s", tenant);
    snprintf(to_name, DK_WIRE_NAME, "%s", name);
    return DOCKET_OK;
}

_Static_assert(DK_WIRE_SETTINGS == DK_SETTINGS_BYTES, "any policy's lines fit into a packet");

/* Each text of struct docket_policy and the setting that it is of. */
static const struct {
    const char *setting;
    size_t member;
} members[] = {
    {"profile", offsetof(struct docket_policy, profile)},
    {"documents", offsetof(struct docket_policy, documents)},
    {"order", offsetof(struct docket_policy, order)},
    {"restart", offsetof(struct docket_policy, restart)},
    {"fiscal-year", offsetof(struct docket_policy, fiscal_year)},
    {"zone", offsetof(struct docket_policy, zone)},
    {"template", offsetof(struct docket_policy, template_text)},
    {"prefix", offsetof(struct docket_policy, prefix)},
    {"fields", offsetof(struct docket_policy, fields)},
    {"at-end", offsetof(struct docket_policy, at_end)},
    {"release", offsetof(struct docket_policy, release)},
    {"chronological", offsetof(struct docket_policy, chronological)},
    {"last", offsetof(struct docket_policy, last)},
    {"valid-from", offsetof(struct docket_policy, valid_from)},
    {"valid-to", offsetof(struct docket_policy, valid_to)},
    {"warn", offsetof(struct docket_policy, warn)},
    {"close-after", offsetof(struct docket_policy, close_after)},
    {"ledger", offsetof(struct docket_policy, ledger)},
    {"on-expiry", offsetof(struct docket_policy, on_expiry)},
};

docket_status dk_policy_fill(char settings[DK_WIRE_SETTINGS], const struct docket_policy *policy)
{
    docket_status status = DOCKET_OK;
    char window[16];
    settings[0] = 0;
    if (policy == NULL)
        return DOCKET_OK;
    for (size_t at = 0; status == DOCKET_OK && at < sizeof members / sizeof members[0]; at++) {
        const char *value;
        memcpy(&value, (const char *)policy + members[at].member, sizeof value);
        if (value != NULL)
            status = dk_policy_add_line(settings, members[at].setting, value);
    }
    if (status == DOCKET_OK && policy->window != 0)
        status = dk_policy_add_line(settings, "window", dk_window_text(policy->window, window));
    if (status == DOCKET_OK && policy->start_after_text != NULL)
        status = dk_start_add_line(settings, DK_START_AFTER_LINE, policy->start_after_text);
    return status;
}

docket_status docket_admin_profile(unsigned at, struct docket_profile *profile)
{
    const struct dk_profile *found = dk_profile(at);
    if (found == NULL || profile == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, found == NULL ? "there is no profile number %u"
                                                          : "docket_admin_profile wants a place for profile %u",
                       at);
    *profile = (struct docket_profile){.name = found->name,
                                       .title = found->title,
                                       .source = found->source,
                                       .asks = found->asks,
                                       .longest = found->longest,
                                       .digits = found->digits,
                                       .last = found->last,
                                       .chronological = found->chronological,
                                       .consecutive = found->consecutive};
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
    docket_status status = dk_names_fill(tenant, name, request.tenant, request.name);
    if (status == DOCKET_OK)
        status = dk_policy_fill(request.settings, policy);
    if (status == DOCKET_OK && policy != NULL && policy->start_after_text == NULL)
        request.start_after = policy->start_after;
    if (status == DOCKET_OK)
        status = dk_reach_ask(realm, &request, ADMIN_TIMEOUT_NS, &reply, fds);
    return status;
}

docket_status dk_errand_rows(int fd, size_t row_bytes, void **rows, size_t *count)
{
    struct stat facts;
    char *read = NULL;
    *rows = NULL;
    *count = 0;
    if (fstat(fd, &facts) != 0 || facts.st_size < 0 || (size_t)facts.st_size % row_bytes != 0) {
        close(fd);
        return dk_fail(DOCKET_PROTOCOL, "docketd's answer does not hold whole rows");
    }
    size_t bytes = (size_t)facts.st_size, at = 0;
    if (bytes > 0)
        read = malloc(bytes);
    ssize_t got = 1;
    while (read != NULL && at < bytes && (got = pread(fd, read + at, bytes - at, (off_t)at)) > 0)
        at += (size_t)got;
    close(fd);
    if (at < bytes) {
        docket_status status = read == NULL ? dk_fail(DOCKET_NO_MEMORY, "no memory for docketd's answer")
                                            : dk_fail_errno(DOCKET_SYSTEM, got < 0 ? errno : EIO,
                                                            "docketd's answer cannot be read");
        free(read);
        return status;
    }
    *rows = read;
    *count = bytes / row_bytes;
    return DOCKET_OK;
}
