/* SPDX-License-Identifier: MIT */
/* policy_with: policies for tests, docket's default but for what is said. After cmocka.h. */
#ifndef DK_TESTS_POLICY_WITH_H
#define DK_TESTS_POLICY_WITH_H

#include "numbering/policy.h"

#include <stdio.h>
#include <string.h>

/* Not read as a setting is: a template that nobody could set is taken too. */
static inline struct dk_policy policy_of(uint8_t restart, const char *template_text)
{
    struct dk_policy policy;
    dk_policy_default(&policy);
    policy.restart = restart;
    memset(policy.template_text, 0, sizeof policy.template_text);
    snprintf(policy.template_text, sizeof policy.template_text, "%s", template_text);
    return policy;
}

static inline struct dk_policy policy_with(const char *lines)
{
    struct dk_policy policy;
    dk_policy_default(&policy);
    if (dk_policy_apply(&policy, lines) != DOCKET_OK)
        fail_msg("%s: %s", lines, dk_error_text());
    return policy;
}

#endif
