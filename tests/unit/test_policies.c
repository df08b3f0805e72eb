/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c daemon/series/policies.c numbering/policy.c */
/* policies: which one holds for which period, and one with settings of another. */
#include "daemon/series/policies.h"
#include "daemon/days/zones.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "policy_with.h"

/* Everything happens in UTC here. */
const struct dk_zone *dk_zone_of_policy(const struct dk_policy *policy)
{
    (void)policy;
    return &dk_zone_utc;
}

bool dk_zone_is_lost(const struct dk_zone *zone)
{
    (void)zone;
    return false;
}

static const struct dk_policy *kept_with(const char *lines)
{
    struct dk_policy policy = policy_with(lines);
    return dk_policy_keep(&policy);
}

static bool row(const char *name, uint64_t rows)
{
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    for (unsigned at = 0; at < count; at++)
        if (strcmp(settings[at].name, name) == 0)
            return rows >> at & 1;
    fail_msg("no setting %s", name);
    return false;
}

static void the_next_policy_holds_from_its_period_on(void **state)
{
    (void)state;
    struct dk_series_record record = {.policy = kept_with("last=100\n"), .tenant = "acme", .name = "INV"};
    assert_ptr_equal(dk_series_policy(&record, 2099), record.policy);
    record.next = kept_with("last=200\n");
    record.next_from = 2027;
    assert_ptr_equal(dk_series_policy(&record, 2026), record.policy);
    assert_ptr_equal(dk_series_policy(&record, 2027), record.next);
    assert_ptr_equal(dk_series_policy(&record, 2030), record.next);
    assert_int_equal(dk_record_last(&record, 2026), 100);
    assert_int_equal(dk_record_last(&record, 2027), 200);
}

static void a_counter_ends_at_the_interval_or_the_width_or_never(void **state)
{
    (void)state;
    struct dk_series_record record = {.policy = kept_with(""), .tenant = "acme", .name = "INV"};
    assert_int_equal(dk_record_last(&record, 2026), DOCKET_NUMBER_MAX);
    record.policy = kept_with("at-end=stop\n");
    assert_int_equal(dk_record_last(&record, 2026), 999999);
    record.policy = kept_with("at-end=stop\nlast=1000\n");
    assert_int_equal(dk_record_last(&record, 2026), 1000);
    record.policy = kept_with("template={SERIES}-{YYYY}-{N36:2}\nat-end=stop\n");
    assert_int_equal(dk_record_last(&record, 2026), 36 * 36 - 1);
}

static void validity_is_the_later_ones_where_two_intervals_join(void **state)
{
    (void)state;
    struct dk_series_record record = {.policy = kept_with("valid-to=2026-12-31\n")};
    assert_int_equal(dk_record_valid_to(&record), 20261231);
    record.next = kept_with("valid-from=2027-01-01\nvalid-to=2027-06-30\n");
    record.next_from = 2027;
    assert_int_equal(dk_record_valid_to(&record), 20270630);
    record.next = kept_with("");
    assert_int_equal(dk_record_valid_to(&record), 0);
    record.next = kept_with("valid-from=2027-01-02\nvalid-to=2027-06-30\n"); /* a day between has none */
    assert_int_equal(dk_record_valid_to(&record), 20261231);
    record.policy = kept_with("valid-to=2026-12-30\n");
    record.next = kept_with("valid-to=2027-06-30\n");
    assert_int_equal(dk_record_valid_to(&record), 20261230);
    record.policy = kept_with("");
    assert_int_equal(dk_record_valid_to(&record), 0);
}

static void settings_are_compared_and_taken_over_one_by_one(void **state)
{
    (void)state;
    struct dk_policy merged;
    const struct dk_policy *a = kept_with("template=A-{YYYY}-{N:5}\nwindow=500\nprofile=fr\n");
    const struct dk_policy *b = kept_with("template=B-{YYYY}-{N:5}\nwindow=600\nwarn=50\n");
    uint64_t rows = dk_policy_differ(a, b);
    assert_true(row("template", rows) && row("window", rows) && row("warn", rows) && row("profile", rows));
    assert_true(row("chronological", rows) && row("release", rows)); /* of the profile */
    assert_false(row("order", rows) || row("last", rows));
    assert_int_equal(dk_policy_differ(a, a), 0);
    assert_int_equal(dk_policy_merge(a, b, 0, &merged), DOCKET_OK);
    assert_memory_equal(&merged, a, sizeof merged);
    assert_int_equal(dk_policy_merge(a, b, rows, &merged), DOCKET_OK);
    assert_memory_equal(&merged, b, sizeof merged);
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    for (unsigned at = 0; at < count; at++) {
        assert_int_equal(dk_policy_merge(a, b, UINT64_C(1) << at, &merged), DOCKET_OK);
        if (strcmp(settings[at].name, "profile") == 0)
            continue; /* what it sets by itself is kept as the base has it */
        assert_int_equal(dk_policy_differ(&merged, b), rows & ~(UINT64_C(1) << at));
    }
}

/* A profile that is taken over brings nothing of its own: each other row stays. */
static void a_profile_taken_over_alone_leaves_the_rest(void **state)
{
    (void)state;
    struct dk_policy merged;
    const struct dk_policy *plain = kept_with(""), *french = kept_with("profile=fr\n");
    uint64_t rows = dk_policy_differ(plain, french), only = 0;
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    for (unsigned at = 0; at < count; at++)
        if (strcmp(settings[at].name, "profile") == 0)
            only = UINT64_C(1) << at;
    assert_int_equal(dk_policy_merge(plain, french, only, &merged), DOCKET_OK);
    assert_int_equal(dk_policy_differ(&merged, plain), only);
    assert_int_equal(dk_policy_differ(&merged, french), rows & ~only);
}

static void a_template_is_resolved_for_its_tenant(void **state)
{
    (void)state;
    struct dk_template resolved;
    const struct dk_policy *policy = kept_with("template={TENANT}/{FIELD:till}/{YYYY}-{N:4}\nfields=till=03\n");
    assert_int_equal(dk_policy_template(policy, "acme", &resolved), DOCKET_OK);
    struct dk_rendered rendered;
    char text[DOCKET_TEXT_MAX];
    dk_template_render(&resolved, "INV", 20261124, &rendered);
    dk_rendered_write(&rendered, 7, text);
    assert_string_equal(text, "acme/03/2026-0007");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_policy_holds_from_its_period_on),
        cmocka_unit_test(a_counter_ends_at_the_interval_or_the_width_or_never),
        cmocka_unit_test(validity_is_the_later_ones_where_two_intervals_join),
        cmocka_unit_test(settings_are_compared_and_taken_over_one_by_one),
        cmocka_unit_test(a_profile_taken_over_alone_leaves_the_rest),
        cmocka_unit_test(a_template_is_resolved_for_its_tenant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
