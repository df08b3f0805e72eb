/* SPDX-License-Identifier: MIT */
/*
 * policy: see policy.h. A policy is checked once, when the series is made or set
 * anew; everything that reads one later may rely on it. The table of settings:
 * setting.c.
 */
#include "numbering/policy.h"

#include "base/hash.h"
#include "numbering/collide.h"
#include "numbering/profile.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void dk_policy_default(struct dk_policy *policy)
{
    memset(policy, 0, sizeof *policy); /* padding too: policies are compared as bytes */
    policy->order = DK_STRICT;
    policy->restart = DK_YEARLY;
    policy->window = DK_WINDOW_DEFAULT;
    policy->warn = DK_WARN_DEFAULT;
    policy->close_after = DK_CLOSE_NEVER;
    memcpy(policy->zone, "UTC", sizeof "UTC");
    memcpy(policy->template_text, DK_TEMPLATE_DEFAULT, sizeof DK_TEMPLATE_DEFAULT);
}

/* ---- forms of values ---- */

static bool is_letter_or_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_literal(char c)
{
    return is_letter_or_digit(c) || (c != 0 && strchr("-/._", c) != NULL);
}

bool dk_zone_name_ok(const char *zone)
{
    size_t at = 0;
    for (char before = '/'; zone[at] != 0; before = zone[at++]) {
        if (zone[at] == '/' ? before == '/' : !is_letter_or_digit(zone[at]) && strchr("_+-", zone[at]) == NULL)
            return false;
        if (before == '/' && !is_letter_or_digit(zone[at]))
            return false; /* no part of it is hidden, or an option */
    }
    return at > 0 && at < DK_ZONE_BYTES && zone[at - 1] != '/';
}

bool dk_prefix_ok(const char *prefix)
{
    size_t at = 0;
    while (is_literal(prefix[at]))
        at++;
    return prefix[at] == 0 && at < DK_PREFIX_BYTES;
}

/* "name=value"; how many bytes, 0: it is none. */
static size_t field_bytes(const char *text, size_t *name_bytes)
{
    size_t at = 0;
    while ((text[at] >= 'a' && text[at] <= 'z') || (text[at] >= '0' && text[at] <= '9') || text[at] == '_')
        at++;
    *name_bytes = at;
    if (at == 0 || text[at] != '=')
        return 0;
    size_t from = ++at;
    while (is_literal(text[at]))
        at++;
    return at > from ? at : 0;
}

bool dk_fields_ok(const char *fields)
{
    if (strlen(fields) >= DK_FIELDS_BYTES)
        return false;
    for (const char *at = fields; *at != 0;) {
        size_t name, other, bytes = field_bytes(at, &name);
        if (bytes == 0)
            return false;
        for (const char *before = fields; before < at;) {
            size_t past = field_bytes(before, &other);
            if (other == name && memcmp(before, at, name) == 0)
                return false;
            before += past + 1;
        }
        at += bytes;
        if (*at != 0 && (*at++ != ' ' || *at == 0))
            return false;
    }
    return true;
}

/* ---- each field by itself ---- */

static bool ends(const char *text, size_t size)
{
    return memchr(text, 0, size) != NULL;
}

static bool bound_is_good(uint32_t yyyymmdd)
{
    return yyyymmdd == 0 || dk_date_supported(yyyymmdd);
}

/* Also of a policy that a store held: nothing of it is believed. */
static docket_status check_ranges(const struct dk_policy *policy)
{
    const struct dk_fiscal *fiscal = &policy->fiscal;
    if (policy->order >= DK_ORDER_COUNT || policy->restart >= DK_RESTART_COUNT || policy->at_end >= DK_AT_END_COUNT ||
        policy->release >= DK_RELEASE_COUNT || policy->ledger > 1 || policy->on_expiry >= DK_EXPIRY_COUNT ||
        policy->documents >= DK_DOCUMENTS_COUNT || policy->chronological > 1 ||
        dk_profile(policy->profile) == NULL)
        return dk_fail(DOCKET_BAD_POLICY,
                       "order %u, restart %u, at-end %u, release %u, ledger %u, on-expiry %u, documents %u, "
                       "chronological %u, profile %u: not all of them are known to this release",
                       policy->order, policy->restart, policy->at_end, policy->release, policy->ledger,
                       policy->on_expiry, policy->documents, policy->chronological, policy->profile);
    if (fiscal->rule >= DK_FISCAL_RULE_COUNT || fiscal->month > 11 || fiscal->weekday > 6 ||
        (fiscal->rule == DK_FISCAL_MONTH && fiscal->weekday != 0))
        return dk_fail(DOCKET_BAD_POLICY, "fiscal-year has rule %u, month %u, weekday %u, and no such year is known",
                       fiscal->rule, fiscal->month, fiscal->weekday);
    bool for_books = policy->window >= DK_WINDOW_MIN && policy->window <= DOCKET_WINDOW_MAX;
    if (!for_books && policy->window != DOCKET_WINDOW_BENCHMARK && policy->window != DK_WINDOW_SMALL)
        return dk_fail(DOCKET_BAD_POLICY,
                       "window %u is outside %u to %u (the window called benchmark is %u, and not for books)",
                       policy->window, DK_WINDOW_MIN, DOCKET_WINDOW_MAX, DOCKET_WINDOW_BENCHMARK);
    if (policy->warn > 99 || (policy->close_after > 3660 && policy->close_after != DK_CLOSE_NEVER) ||
        policy->last > DOCKET_NUMBER_MAX || !bound_is_good(policy->valid_from) || !bound_is_good(policy->valid_to))
        return dk_fail(DOCKET_BAD_POLICY, "warn %u, close-after %u, last %llu, valid-from %u or valid-to %u is outside "
                                          "its range",
                       policy->warn, policy->close_after, (unsigned long long)policy->last, policy->valid_from,
                       policy->valid_to);
    return DOCKET_OK;
}

static docket_status check_texts(const struct dk_policy *policy)
{
    if (!ends(policy->template_text, sizeof policy->template_text))
        return dk_fail(DOCKET_BAD_POLICY, "the template is longer than %zu characters",
                       sizeof policy->template_text - 1);
    if (!ends(policy->zone, sizeof policy->zone) || !dk_zone_name_ok(policy->zone))
        return dk_fail(DOCKET_BAD_POLICY, "zone is no name that the zone database could have; use one such as "
                                          "Europe/Vienna, at most %d characters",
                       DK_ZONE_BYTES - 1);
    if (!ends(policy->prefix, sizeof policy->prefix) || !dk_prefix_ok(policy->prefix))
        return dk_fail(DOCKET_BAD_POLICY, "prefix is not at most %d characters of A-Z a-z 0-9 - / . _",
                       DK_PREFIX_BYTES - 1);
    if (!ends(policy->fields, sizeof policy->fields) || !dk_fields_ok(policy->fields))
        return dk_fail(DOCKET_BAD_POLICY, "fields are not name=value name=value of at most %d characters, each name "
                                          "once",
                       DK_FIELDS_BYTES - 1);
    return DOCKET_OK;
}

/* ---- settings together ---- */

static docket_status check_ledger(const struct dk_policy *policy)
{
    if (policy->order == DK_LEASED && policy->ledger)
        return dk_fail(DOCKET_BAD_POLICY, "ledger=on writes each number down before it is given, and with order=leased "
                                          "each thread gives those of its block by itself: use order=strict or "
                                          "order=gapless, or say ledger=off");
    if (policy->order == DK_GAPLESS && !policy->ledger)
        return dk_fail(DOCKET_BAD_POLICY, "order=gapless always keeps a ledger: leave ledger=off out, or use "
                                          "order=strict");
    if (policy->order == DK_GAPLESS && policy->chronological)
        return dk_fail(DOCKET_BAD_POLICY, "chronological=yes wants order=strict: with order=gapless a number that came "
                                          "back is given before new ones, and a later date can get a lower number");
    bool comes_again = policy->release == DK_RECYCLE || policy->on_expiry == DK_EXPIRY_FREE;
    if (policy->ledger && policy->chronological && comes_again)
        return dk_fail(DOCKET_BAD_POLICY, "chronological=yes with ledger=on wants release=void and on-expiry=doubt: a number "
                                          "that came back would be given again, and a later date can get a lower number");
    if (policy->on_expiry == DK_EXPIRY_FREE && !policy->ledger)
        return dk_fail(DOCKET_BAD_POLICY, "on-expiry=free says what becomes of a number whose holder ended, and without "
                                          "a ledger none has a holder: say ledger=on too, or leave it at "
                                          "on-expiry=doubt");
    return DOCKET_OK;
}

static docket_status check_order(const struct dk_policy *policy)
{
    if (policy->order != DK_LEASED || (!policy->chronological && policy->release == DK_RECYCLE))
        return check_ledger(policy);
    return dk_fail(DOCKET_BAD_POLICY,
                   "%s wants order=strict: with order=leased each thread gives numbers of a block of its own, and %s",
                   policy->chronological ? "chronological=yes" : "release=void",
                   policy->chronological ? "a later date can get a lower number"
                                         : "what is left of a block is given again");
}

static bool shows(const struct dk_template *resolved, unsigned kind)
{
    for (unsigned at = 0; at < resolved->count; at++)
        if (resolved->pieces[at].kind == kind)
            return true;
    return false;
}

static bool shows_two_fiscal_years(const struct dk_template *resolved)
{
    bool first = shows(resolved, DK_FISCAL_FIRST4) || shows(resolved, DK_FISCAL_FIRST2);
    return first && (shows(resolved, DK_FISCAL_LAST4) || shows(resolved, DK_FISCAL_LAST2));
}

static docket_status check_fiscal(const struct dk_policy *policy, const struct dk_template *resolved)
{
    char year[32];
    if (!dk_fiscal_is_calendar(&policy->fiscal) || !shows_two_fiscal_years(resolved))
        return DOCKET_OK;
    dk_fiscal_text(&policy->fiscal, year);
    return dk_fail(DOCKET_BAD_POLICY,
                   "%s shows two years, and a fiscal year of fiscal-year=%s begins and ends in one: say when it begins, "
                   "such as fiscal-year=april, or write {FY:2025}",
                   policy->template_text, year);
}

static docket_status check_interval(const struct dk_policy *policy, const struct dk_template *resolved)
{
    char from[12], to[12];
    uint64_t widest = dk_template_widest(resolved);
    if (policy->valid_from != 0 && policy->valid_to != 0 && policy->valid_from > policy->valid_to) {
        dk_date_text(policy->valid_from, from);
        dk_date_text(policy->valid_to, to);
        return dk_fail(DOCKET_BAD_POLICY, "the interval is valid from %s to %s, which is no day at all", from, to);
    }
    if (policy->at_end != DK_STOP)
        return DOCKET_OK;
    if (policy->last > widest)
        return dk_fail(DOCKET_BAD_POLICY,
                       "at-end=stop ends %s at %llu, before last=%llu: give the number more width, or use at-end=widen",
                       policy->template_text, (unsigned long long)widest, (unsigned long long)policy->last);
    if (policy->last == 0 && dk_template_digits(resolved, 0) < 2)
        return dk_fail(DOCKET_BAD_POLICY,
                       "at-end=stop ends %s at %llu, as its number has a width of 1: give it the width that it may use "
                       "up, such as {N:6}",
                       policy->template_text, (unsigned long long)widest);
    return DOCKET_OK;
}

/* `last` is not on the board: a worker makes room for the longest that width and
 * at-end allow. */
static docket_status check_length(const struct dk_policy *policy, const char *series,
                                  const struct dk_template *resolved)
{
    uint64_t last = policy->at_end == DK_STOP ? dk_template_widest(resolved) : DOCKET_NUMBER_MAX;
    size_t size = dk_template_size(resolved, series, last);
    if (size <= DOCKET_TEXT_MAX)
        return DOCKET_OK;
    return dk_fail(DOCKET_BAD_POLICY, "the longest document number would have %zu characters; the limit is %d",
                   size - 1, DOCKET_TEXT_MAX - 1);
}

static void say_where(const struct dk_collision *found, int at, char text[64])
{
    char period[16], date[12] = "";
    dk_period_text(found->period[at], period);
    if (found->date[at] != 0)
        dk_date_text(found->date[at], date);
    snprintf(text, 64, "number %llu%s%s%s%s", (unsigned long long)found->number[at],
             period[0] != 0 ? " of period " : "", period, date[0] != 0 ? " on " : "", date);
}

static docket_status check_repeats(const struct dk_policy *policy, const char *series,
                                   const struct dk_template *resolved)
{
    struct dk_shape shape = {.template = resolved,
                             .series = series,
                             .restart = (enum dk_restart)policy->restart,
                             .last = dk_policy_last(policy, resolved)};
    struct dk_collision found;
    char a[64], b[64];
    if (!dk_shape_repeats(&shape, &found))
        return DOCKET_OK;
    if (!found.shown)
        return dk_fail(DOCKET_BAD_POLICY,
                       "template %s with restart=%s: there is no proof that two of its numbers never have the same text; "
                       "show what tells the periods apart, in digits of fixed width",
                       policy->template_text, dk_restart_name(policy->restart));
    say_where(&found, 0, a);
    say_where(&found, 1, b);
    return dk_fail(DOCKET_BAD_POLICY,
                   "template %s with restart=%s writes %s for %s and %s for %s: show in it what tells them apart%s",
                   policy->template_text, dk_restart_name(policy->restart), found.text[0], a, found.text[1], b,
                   found.period[0] != found.period[1] ? ", or restart less often" : "");
}

docket_status dk_policy_template(const struct dk_policy *policy, const char *tenant, struct dk_template *resolved)
{
    struct dk_template parsed;
    struct dk_texts texts = {tenant, policy->prefix, policy->fields};
    docket_status status = dk_template_parse(policy->template_text, &parsed);
    return status == DOCKET_OK ? dk_template_resolve(&parsed, &texts, &policy->fiscal, resolved) : status;
}

docket_status dk_policy_shape(const struct dk_policy *policy, const char *tenant, const char *series,
                              struct dk_template *resolved)
{
    docket_status status = dk_policy_template(policy, tenant, resolved);
    if (status == DOCKET_OK)
        status = check_fiscal(policy, resolved);
    if (status == DOCKET_OK)
        status = check_interval(policy, resolved);
    if (status == DOCKET_OK)
        status = check_length(policy, series, resolved);
    return status == DOCKET_OK ? check_repeats(policy, series, resolved) : status;
}

docket_status dk_policy_check(const struct dk_policy *policy, const char *tenant, const char *series,
                              struct dk_template *resolved)
{
    struct dk_template made;
    docket_status status = check_ranges(policy);
    if (status == DOCKET_OK)
        status = check_texts(policy);
    if (status == DOCKET_OK)
        status = check_order(policy);
    if (status == DOCKET_OK)
        status = dk_policy_shape(policy, tenant, series, &made);
    if (status == DOCKET_OK)
        status = dk_profile_check(policy, tenant, series, &made);
    if (status == DOCKET_OK && resolved != NULL)
        *resolved = made;
    return status;
}

uint64_t dk_policy_last(const struct dk_policy *policy, const struct dk_template *resolved)
{
    uint64_t last = policy->last != 0 ? policy->last : DOCKET_NUMBER_MAX;
    uint64_t widest = policy->at_end == DK_STOP ? dk_template_widest(resolved) : DOCKET_NUMBER_MAX;
    return widest < last ? widest : last;
}

docket_status dk_name_check(const char *what, const char *name)
{
    if (!name || !name[0])
        return dk_fail(DOCKET_BAD_NAME, "the %s has no name", what);
    if (!is_letter_or_digit(name[0]))
        return dk_fail(DOCKET_BAD_NAME, "the name of a %s must begin with a letter or a digit",
                       what);
    for (size_t at = 1; name[at]; at++) {
        if (at == DOCKET_NAME_MAX)
            return dk_fail(DOCKET_BAD_NAME, "the name of the %s is longer than %d characters", what,
                           DOCKET_NAME_MAX);
        if (!is_letter_or_digit(name[at]) && !strchr("._-", name[at]))
            return dk_fail(DOCKET_BAD_NAME,
                           "character %zu of the %s's name is not one of A-Z a-z 0-9 . _ -", at + 1,
                           what);
    }
    return DOCKET_OK;
}

/* ---- kept policies ---- */

struct kept {
    struct dk_policy policy; /* first: callers have its address */
    struct kept *next;
};

static struct {
    pthread_mutex_t lock;
    struct kept **buckets;
    size_t bucket_count; /* a power of two, or 0 */
    size_t count;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *must(void *made)
{
    static const char sentence[] = "docketd: error: out of memory for policies; ending so that a restart can begin clean\n";
    if (made != NULL)
        return made;
    (void)!write(STDERR_FILENO, sentence, sizeof sentence - 1);
    _exit(70);
}

static struct kept **bucket_of(const struct dk_policy *policy)
{
    return &all.buckets[dk_hash(policy, sizeof *policy, 0) & (all.bucket_count - 1)];
}

static void grow(void)
{
    struct kept **old = all.buckets;
    size_t old_count = all.bucket_count;
    all.bucket_count = old_count == 0 ? 64 : 2 * old_count;
    all.buckets = must(calloc(all.bucket_count, sizeof *all.buckets));
    for (size_t at = 0; at < old_count; at++) {
        for (struct kept *kept = old[at], *next; kept != NULL; kept = next) {
            struct kept **bucket = bucket_of(&kept->policy);
            next = kept->next;
            kept->next = *bucket;
            *bucket = kept;
        }
    }
    free(old);
}

/* The same settings, and every byte between them zero. */
static void copy_clean(struct dk_policy *to, const struct dk_policy *from)
{
    memset(to, 0, sizeof *to);
    to->order = from->order;
    to->restart = from->restart;
    to->at_end = from->at_end;
    to->release = from->release;
    to->profile = from->profile;
    to->chronological = from->chronological;
    to->documents = from->documents;
    to->ledger = from->ledger;
    to->on_expiry = from->on_expiry;
    to->warn = from->warn;
    to->fiscal = from->fiscal;
    to->close_after = from->close_after;
    to->window = from->window;
    to->valid_from = from->valid_from;
    to->valid_to = from->valid_to;
    to->last = from->last;
    memcpy(to->template_text, from->template_text, strnlen(from->template_text, sizeof from->template_text));
    memcpy(to->prefix, from->prefix, strnlen(from->prefix, sizeof from->prefix));
    memcpy(to->fields, from->fields, strnlen(from->fields, sizeof from->fields));
    memcpy(to->zone, from->zone, strnlen(from->zone, sizeof from->zone));
}

bool dk_policy_same(const struct dk_policy *a, const struct dk_policy *b)
{
    struct dk_policy clean[2];
    copy_clean(&clean[0], a);
    copy_clean(&clean[1], b);
    return memcmp(&clean[0], &clean[1], sizeof clean[0]) == 0;
}

const struct dk_policy *dk_policy_keep(const struct dk_policy *policy)
{
    struct dk_policy clean;
    copy_clean(&clean, policy);
    pthread_mutex_lock(&all.lock);
    if (all.count >= all.bucket_count)
        grow();
    struct kept **bucket = bucket_of(&clean), *kept = *bucket;
    while (kept != NULL && memcmp(&kept->policy, &clean, sizeof clean) != 0)
        kept = kept->next;
    if (kept == NULL) {
        kept = must(malloc(sizeof *kept));
        memcpy(&kept->policy, &clean, sizeof clean);
        kept->next = *bucket;
        *bucket = kept;
        all.count++;
    }
    pthread_mutex_unlock(&all.lock);
    return &kept->policy;
}
