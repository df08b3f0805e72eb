/* SPDX-License-Identifier: MIT */
#include "policy_options.h"

#include <string.h>

static const struct {
    enum cli_option_id option;
    size_t member;
} texts[] = {
    {OPT_PROFILE, offsetof(struct docket_policy, profile)},
    {OPT_DOCUMENTS, offsetof(struct docket_policy, documents)},
    {OPT_ORDER, offsetof(struct docket_policy, order)},
    {OPT_RESTART, offsetof(struct docket_policy, restart)},
    {OPT_FISCAL_YEAR, offsetof(struct docket_policy, fiscal_year)},
    {OPT_ZONE, offsetof(struct docket_policy, zone)},
    {OPT_TEMPLATE, offsetof(struct docket_policy, template_text)},
    {OPT_PREFIX, offsetof(struct docket_policy, prefix)},
    {OPT_FIELDS, offsetof(struct docket_policy, fields)},
    {OPT_AT_END, offsetof(struct docket_policy, at_end)},
    {OPT_RELEASE, offsetof(struct docket_policy, release)},
    {OPT_CHRONOLOGICAL, offsetof(struct docket_policy, chronological)},
    {OPT_LAST, offsetof(struct docket_policy, last)},
    {OPT_VALID_FROM, offsetof(struct docket_policy, valid_from)},
    {OPT_VALID_TO, offsetof(struct docket_policy, valid_to)},
    {OPT_WARN, offsetof(struct docket_policy, warn)},
    {OPT_CLOSE_AFTER, offsetof(struct docket_policy, close_after)},
    {OPT_LEDGER, offsetof(struct docket_policy, ledger)},
    {OPT_ON_EXPIRY, offsetof(struct docket_policy, on_expiry)},
};

int policy_options(const struct cli *cli, struct docket_policy *policy)
{
    uint64_t window = policy->window;
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        const char *const *value = &cli->values[texts[at].option];
        if (*value != NULL)
            memcpy((char *)policy + texts[at].member, value, sizeof *value);
    }
    int code = cli_window(cli, &window);
    policy->window = (uint32_t)window;
    return code;
}

void policy_warn(const struct cli *cli)
{
    const char *expiry = cli->values[OPT_ON_EXPIRY];
    if (expiry != NULL && strcmp(expiry, "free") == 0)
        cli_note(cli, "on-expiry=free: a number whose holder ends, or whose time runs out, is given to the next caller; a "
                      "document that its holder printed all the same then shares it with another");
}
