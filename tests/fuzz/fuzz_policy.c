/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/policy */
/*
 * Settings as lines: what is refused changes nothing and says why; what is taken,
 * written as lines and read again, is the same policy. A policy that passes its
 * check writes texts that fit and are read back, and its profile's bound holds for
 * the largest number.
 */
#include "fuzz.h"

#include "numbering/collide.h"
#include "numbering/policy.h"
#include "numbering/profile.h"

static const char series[] = "INV";

static void is_written_as_read(const struct dk_policy *policy, const struct dk_policy *base)
{
    char lines[DK_SETTINGS_BYTES];
    struct dk_policy again = *base;
    MUST(dk_policy_lines(policy, base, lines, sizeof lines));
    MUST(dk_policy_apply(&again, lines) == DOCKET_OK);
    MUST(memcmp(&again, policy, sizeof again) == 0 && dk_policy_same(&again, policy));
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    for (unsigned at = 0; at < count; at++) {
        char text[DK_SETTING_BYTES];
        dk_policy_get(policy, at, text);
        MUST(memchr(text, 0, sizeof text) != NULL);
        struct dk_policy one = *base; /* each value by itself is one that can be said */
        MUST(dk_policy_set(&one, settings[at].name, text) == DOCKET_OK);
    }
}

static void writes(const struct dk_policy *policy, const struct dk_template *resolved, uint64_t number)
{
    struct dk_rendered rendered;
    struct dk_read_text read;
    char text[DOCKET_TEXT_MAX];
    const struct dk_profile *profile = dk_profile(policy->profile);
    dk_template_render(resolved, series, 20280229, &rendered);
    size_t bytes = dk_rendered_write(&rendered, number, text);
    MUST(bytes < dk_template_size(resolved, series, dk_policy_last(policy, resolved)));
    MUST(dk_template_read(resolved, series, text, bytes, &read) && read.number == number);
    MUST(profile->longest == 0 || bytes <= profile->longest);
    MUST(profile->last == 0 || number <= profile->last);
}

static void look(const struct dk_policy *policy)
{
    struct dk_template resolved;
    docket_status status = dk_policy_check(policy, "acme", series, &resolved);
    MUST(status == DOCKET_OK || (status == DOCKET_BAD_POLICY && dk_error_text()[0] != 0));
    if (status != DOCKET_OK)
        return;
    const struct dk_profile *profile = dk_profile(policy->profile);
    bool late = policy->order == DK_LEASED || policy->release != DK_VOID_RELEASED;
    MUST(!late || (!profile->chronological && !profile->consecutive));
    MUST(policy->order == DK_STRICT || (!profile->chronological && !policy->chronological));
    MUST(policy->ledger == (policy->order == DK_GAPLESS) || policy->order == DK_STRICT);
    MUST(policy->on_expiry == DK_EXPIRY_DOUBT || (policy->ledger && policy->profile == 0));
    writes(policy, &resolved, 1);
    writes(policy, &resolved, dk_policy_last(policy, &resolved));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct dk_policy plain, policy, base;
    char *text = malloc(size + 1);
    MUST(text != NULL);
    memcpy(text, bytes, size);
    text[size] = 0;
    dk_policy_default(&plain);
    policy = plain;
    if (dk_policy_apply(&policy, text) == DOCKET_OK) {
        is_written_as_read(&policy, &plain);
        base = plain; /* over another tenant's defaults */
        MUST(dk_policy_apply(&base, "profile=in-gst\nrestart=monthly\nprefix=X\nlast=5\n") == DOCKET_OK);
        is_written_as_read(&policy, &base);
        is_written_as_read(&base, &policy);
        base = plain; /* what an order sets beside itself */
        MUST(dk_policy_apply(&base, "order=gapless\n") == DOCKET_OK);
        is_written_as_read(&policy, &base);
        is_written_as_read(&base, &policy);
        look(&policy);
    } else {
        MUST(memcmp(&policy, &plain, sizeof plain) == 0 && dk_error_text()[0] != 0);
    }
    free(text);
    return 0;
}
