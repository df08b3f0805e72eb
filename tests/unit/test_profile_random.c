/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/profile.c */
/*
 * A random search for a policy that passes its check and writes what its
 * profile's rule forbids. The rules are written down here a second time, from
 * docs/PROFILES.md, and looked for in the texts. What a refusal proposes is tried
 * too. SCALE=torture: 30,000 policies; else as many as fit in 2 s. SEED: another run.
 */
#include "numbering/period.h"
#include "numbering/profile.h"
#include "shapes.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { POLICIES = 30000, FEWEST = 10, SECONDS = 2, DATES = 12, LINES = 700 };

static uint64_t seed = 46;

static uint32_t chance(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 11) % below);
}

#define PICK(list) (list[chance(sizeof list / sizeof list[0])])

static const char *const profile_names[] = {"in-gst", "in-gst", "in-gst", "br-nfe", "br-nfe", "fr",   "pt",
                                            "es",     "it",     "in-gst", "eu-vat", "mx",     "none", "in-gst"};
static const char *const tokens[] = {"{SERIES}", "{PREFIX}", "{TENANT}",  "{FIELD:till}", "{YYYY}",     "{YY}",      "{MM}",
                                     "{DD}",     "{Q}",      "{DDD}",     "{GGGG}",       "{WW}",       "{FY:25-26}", "{FY:2526}",
                                     "{FY:2025}", "{GG}{WW}", "{YY}{MM}{DD}", "-",       "/",         ".",            "_",          "A",         "7"};
static const char *const numbers[] = {"{N}", "{N:4}", "{N:6}", "{N:9}", "{N:9}", "{N:10}", "{N:15}", "{N36:4}", "{N36:9}"};
static const char *const checks[] = {"", "", "", "{LUHN}", "{MOD97}"};
static const char *const series_names[] = {"INV", "G", "till.3", "a_b", "x-1", "GST2526"};
static const char *const prefixes[] = {"", "A", "b/", "V.1", "Q_", "FT-2026"};
static const char *const restarts[] = {"never", "yearly", "fiscal", "quarterly", "monthly", "weekly", "daily"};
static const char *const fiscals[] = {"january", "april", "april", "july", "last-sunday-march", "nearest-friday-march"};
static const char *const lasts[] = {"none", "9", "9999", "999999", "999999999", "1000000000", "999999999999999"};
static const char *const documents[] = {"any", "invoices", "corrective"};

static void say(char lines[LINES], const char *name, const char *value)
{
    size_t used = strlen(lines);
    snprintf(lines + used, LINES - used, "%s=%s\n", name, value);
}

static void some_template(char text[200])
{
    unsigned pieces = chance(5), number = chance(pieces + 1);
    text[0] = 0;
    if (chance(3) == 0) { /* one that people use, or nearly */
        snprintf(text, 200, "%s%s", chance(3) ? "" : PICK(tokens), used_shapes[chance(USED_SHAPES)].template_text);
        return;
    }
    for (unsigned at = 0; at <= pieces; at++)
        strcat(text, at == number ? PICK(numbers) : PICK(tokens));
    strcat(text, PICK(checks));
}

static void some_lines(char lines[LINES])
{
    char text[200];
    lines[0] = 0;
    say(lines, "profile", PICK(profile_names));
    some_template(text);
    say(lines, "template", text);
    if (chance(2))
        say(lines, "prefix", PICK(prefixes));
    say(lines, "fields", "till=T3");
    if (chance(3))
        say(lines, "restart", PICK(restarts));
    if (chance(3) == 0)
        say(lines, "fiscal-year", PICK(fiscals));
    if (chance(2))
        say(lines, "last", PICK(lasts));
    if (chance(3) == 0)
        say(lines, "at-end", chance(3) ? "widen" : "stop");
    if (chance(2))
        say(lines, "documents", PICK(documents));
    if (chance(4) == 0)
        say(lines, "order", chance(2) ? "leased" : "strict");
    if (chance(4) == 0)
        say(lines, "release", chance(2) ? "recycle" : "void");
    if (chance(4) == 0)
        say(lines, "chronological", chance(2) ? "no" : "yes");
}

/* ---- the rules, once more ---- */

static const char *india(const char *text)
{
    size_t length = strlen(text);
    if (length < 1 || length > 16)
        return "not 1 to 16 characters";
    for (size_t at = 0; at < length; at++)
        if (!isalnum((unsigned char)text[at]) && text[at] != '-' && text[at] != '/')
            return "a character that is none of letters, digits, - and /";
    return NULL;
}

/* A period of these dates lies within one year from April. */
static bool within_april(const struct dk_policy *policy, uint32_t date)
{
    struct dk_span span;
    dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, date, &span);
    uint32_t first = span.first, last = span.last;
    return span.label == 0 || (first / 100 % 100 >= 4 ? first / 10000 : first / 10000 - 1) ==
                                  (last / 100 % 100 >= 4 ? last / 10000 : last / 10000 - 1);
}

static const char *law(const char *profile, const struct dk_policy *policy, uint32_t date, uint64_t number, const char *text)
{
    bool in_order = policy->order == DK_STRICT && policy->release == DK_VOID_RELEASED;
    if (strcmp(profile, "in-gst") == 0) {
        if (!in_order || !within_april(policy, date))
            return "not consecutive within a year from April";
        return india(text);
    }
    if (strcmp(profile, "fr") == 0 || strcmp(profile, "pt") == 0)
        return in_order && policy->chronological ? NULL : "not chronological";
    if (strcmp(profile, "es") == 0)
        return in_order && policy->documents != DK_ANY_DOCUMENTS ? NULL : "not correlative, or any documents";
    if (strcmp(profile, "it") == 0)
        return policy->restart == DK_NEVER || policy->restart == DK_YEARLY ? NULL : "another restart";
    if (strcmp(profile, "br-nfe") == 0) {
        char digits[24];
        snprintf(digits, sizeof digits, "%09llu", (unsigned long long)number);
        if (!in_order || policy->restart != DK_NEVER || number > 999999999)
            return "not consecutive from 1 to 999,999,999";
        return strlen(digits) == 9 && strstr(text, digits) ? NULL : "not in nine digits";
    }
    return NULL;
}

static uint64_t some_number(uint64_t last)
{
    uint64_t number = 1;
    switch (chance(4)) {
    case 0:
        return 1;
    case 1:
        return last;
    default:
        while (number < last / 10 && chance(4) != 0)
            number = number * 10 + chance(10);
        return number;
    }
}

/* ---- the search ---- */

struct search {
    unsigned policies, accepted, laws, proposals;
    char lines[LINES];
    const char *series;
};

static void write_one(const struct dk_template *resolved, const char *series, uint32_t date, uint64_t number,
                      char text[DOCKET_TEXT_MAX])
{
    struct dk_rendered rendered;
    dk_template_render(resolved, series, date, &rendered);
    dk_rendered_write(&rendered, number, text);
}

static void judge(struct search *search, const struct dk_policy *policy, const struct dk_template *resolved)
{
    const char *profile = dk_profile(policy->profile)->name;
    uint64_t last = dk_policy_last(policy, resolved);
    size_t longest = dk_template_size(resolved, search->series, last) - 1;
    for (int turn = 0; turn < DATES; turn++) {
        char text[DOCKET_TEXT_MAX];
        uint32_t date = dk_date_add(DK_DATE_FIRST, (int32_t)chance(36159));
        uint64_t number = turn == 0 ? last : some_number(last);
        write_one(resolved, search->series, date, number, text);
        const char *fault = strlen(text) > longest ? "longer than the longest" : law(profile, policy, date, number, text);
        if (fault)
            fail_msg("%s\nwrites %s: %s", search->lines, text, fault);
    }
    search->accepted++;
    search->laws += strcmp(profile, "none") != 0;
}

/* What the sentence proposes must pass beside the same settings. */
static void try_proposals(struct search *search, const struct dk_policy *policy, const char *sentence)
{
    const char *at = strstr(sentence, "what would fit: ");
    bool with_end = strstr(sentence, "with at-end=stop") != NULL;
    if (!at)
        return;
    at += strlen("what would fit: ");
    while (*at) {
        char setting[DK_TEMPLATE_TEXT];
        size_t bytes = strcspn(at, " ");
        if (at[bytes] != ' ' || at[bytes + 1] != '(' || bytes >= sizeof setting)
            return; /* the sentence goes on */
        snprintf(setting, sizeof setting, "%.*s", (int)bytes, at);
        struct dk_policy tried = *policy;
        struct dk_template resolved;
        bool end = strcmp(setting, "at-end=stop") == 0;
        docket_status status = end || with_end ? dk_policy_set(&tried, "at-end", "stop") : DOCKET_OK;
        if (status == DOCKET_OK && !end)
            status = dk_policy_set(&tried, "template", setting);
        if (status != DOCKET_OK || dk_policy_check(&tried, "acme", search->series, &resolved) != DOCKET_OK)
            fail_msg("%s\nproposed: %s%s, and then: %s", search->lines, setting, with_end ? " with at-end=stop" : "",
                     dk_error_text());
        judge(search, &tried, &resolved);
        search->proposals++;
        at = strchr(at, ')');
        at = at && strncmp(at, "), ", 3) == 0 ? at + 3 : "";
    }
}

/* What is kept as lines over another policy is read back as the same. */
static void write_and_read(const struct search *search, const struct dk_policy *policy)
{
    static struct dk_policy base; /* the one before */
    char lines[DK_SETTINGS_BYTES];
    struct dk_policy read;
    if (chance(2) || base.template_text[0] == 0)
        dk_policy_default(&base);
    read = base;
    if (!dk_policy_lines(policy, &base, lines, sizeof lines) || dk_policy_apply(&read, lines) != DOCKET_OK)
        fail_msg("%s\nis not written, or not read: %s", search->lines, dk_error_text());
    if (memcmp(&read, policy, sizeof read) != 0)
        fail_msg("%s\nis written as\n%s\nand read as another", search->lines, lines);
    base = *policy;
}

static void try_one(struct search *search)
{
    struct dk_policy policy;
    struct dk_template resolved;
    char sentence[1024];
    dk_policy_default(&policy);
    search->series = PICK(series_names);
    some_lines(search->lines);
    search->policies++;
    if (dk_policy_apply(&policy, search->lines) != DOCKET_OK)
        return;
    write_and_read(search, &policy);
    if (dk_policy_check(&policy, "acme", search->series, &resolved) == DOCKET_OK) {
        judge(search, &policy, &resolved);
        return;
    }
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    try_proposals(search, &policy, sentence);
}

static void no_policy_that_passes_breaks_its_profiles_rule(void **state)
{
    (void)state;
    struct search search = {0};
    const char *scale = getenv("SCALE"), *other_seed = getenv("SEED");
    bool whole = scale && strcmp(scale, "torture") == 0;
    struct timespec began, now;
    if (other_seed && atoll(other_seed) > 0)
        seed = (uint64_t)atoll(other_seed);
    clock_gettime(CLOCK_MONOTONIC, &began);
    do {
        try_one(&search);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (search.policies < POLICIES && (whole || search.laws < FEWEST || search.proposals < FEWEST ||
                                              now.tv_sec - began.tv_sec < SECONDS));
    print_message("%u random policies: %u accepted, %u of them under a profile, %u proposals tried; no text breaks a rule\n",
                  search.policies, search.accepted, search.laws, search.proposals);
    assert_true(search.laws >= FEWEST && search.proposals >= FEWEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_policy_that_passes_breaks_its_profiles_rule)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
