/* SPDX-License-Identifier: MIT */
/*
 * setting: the one table of a policy's settings; see policy.h. A row says its
 * name, its values, and when it may change; `ways` says how its value is read and
 * written. What read() writes, it writes whole, zeros behind a text's end too:
 * policies are compared as bytes.
 */
#include "numbering/policy.h"

#include "numbering/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum setting {
    SET_PROFILE, /* first: what it asks for is there before the settings that are said by name */
    SET_DOCUMENTS,
    SET_ORDER,
    SET_RESTART,
    SET_FISCAL_YEAR,
    SET_ZONE,
    SET_TEMPLATE,
    SET_PREFIX,
    SET_FIELDS,
    SET_AT_END,
    SET_RELEASE,
    SET_LEDGER,
    SET_ON_EXPIRY,
    SET_CHRONOLOGICAL,
    SET_LAST,
    SET_VALID_FROM,
    SET_VALID_TO,
    SET_WARN,
    SET_CLOSE_AFTER,
    SET_WINDOW,
    SETTING_COUNT
};

/* What a profile may set beside itself: written out with it, so that reading the
 * lines again gives this policy, whatever the profile asks for in a later release. */
#define OF_PROFILE                                                                                                     \
    (1u << SET_DOCUMENTS | 1u << SET_ORDER | 1u << SET_RESTART | 1u << SET_FISCAL_YEAR | 1u << SET_AT_END |            \
     1u << SET_RELEASE | 1u << SET_CHRONOLOGICAL | 1u << SET_LAST)

static const struct dk_setting settings[SETTING_COUNT] = {
    [SET_PROFILE] = {"profile", "none", "none, eu-vat, in-gst, de, fr, pt, es, it, br-nfe, mx, uk, us",
                     "a country's rules that the other settings are checked against; sets what it asks for where that "
                     "is not said",
                     DK_FROM_NOW_ON},
    [SET_DOCUMENTS] = {"documents", "any", "any, invoices, corrective, recipient-issued",
                       "which documents it numbers, where a law wants some of them in a series of their own",
                       DK_FROM_NOW_ON},
    [SET_ORDER] = {"order", "strict", "strict, leased, gapless",
                   "strict: call order across the host; leased: own blocks, faster under load; gapless: the lowest free "
                   "number first, each with its record, to be settled",
                   DK_AT_FIRST},
    [SET_RESTART] = {"restart", "yearly", "never, yearly, fiscal, quarterly, monthly, weekly, daily",
                     "when numbers begin again at 1", DK_AT_FIRST},
    [SET_FISCAL_YEAR] = {"fiscal-year", "january",
                         "a month such as april; last-saturday-january or nearest-saturday-january for 52/53 weeks",
                         "the month that the fiscal year begins with, or the day that a year of weeks ends on",
                         DK_AT_FIRST},
    [SET_ZONE] = {"zone", "UTC", "a name of the zone database, such as Europe/Vienna",
                  "where the day begins: of periods, and of the date that a text shows", DK_AT_FIRST},
    [SET_TEMPLATE] = {"template", DK_TEMPLATE_DEFAULT, "at most 64 characters; docs/TEMPLATES.md",
                      "text of a document number", DK_FROM_NOW_ON},
    [SET_PREFIX] = {"prefix", "", "at most 32 of A-Z a-z 0-9 - / . _; nothing: the series' name",
                    "what stands for {PREFIX}", DK_FROM_NOW_ON},
    [SET_FIELDS] = {"fields", "",
                    "name=value name=value, at most 128 characters; names of a-z 0-9 _, values of A-Z a-z 0-9 - / . _",
                    "what stands for {FIELD:name}", DK_FROM_NOW_ON},
    [SET_AT_END] = {"at-end", "widen", "widen, stop",
                    "what comes when the template's width is used up: longer numbers, or none", DK_FROM_NOW_ON},
    [SET_RELEASE] = {"release", "recycle", "recycle, void",
                     "what becomes of numbers that are given back: given again, or void with the cause",
                     DK_FROM_NOW_ON},
    [SET_LEDGER] = {"ledger", "off", "off, on",
                    "on: each number is durable, with its record, before it is given; gapless series always. Once on, it "
                    "stays on",
                    DK_FROM_NOW_ON},
    [SET_ON_EXPIRY] = {"on-expiry", "doubt", "doubt, free",
                       "what becomes of numbers whose holder ended, or whose time ran out, before they were settled: in "
                       "doubt until somebody decides, or free at once; wants a ledger",
                       DK_ANY_TIME},
    [SET_CHRONOLOGICAL] = {"chronological", "no", "no, yes",
                           "yes: no document date before the last one of the series; strict only", DK_FROM_NOW_ON},
    [SET_LAST] = {"last", "none", "none, 1 to 999999999999999", "last number of an authority's interval",
                  DK_FROM_NOW_ON},
    [SET_VALID_FROM] = {"valid-from", "none", "none, a date such as 2026-11-24 from 2001 to 2099",
                        "first day of the interval", DK_FROM_NOW_ON},
    [SET_VALID_TO] = {"valid-to", "none", "none, a date such as 2026-11-24 from 2001 to 2099",
                      "last day of the interval", DK_FROM_NOW_ON},
    [SET_WARN] = {"warn", "90", "never, 1 to 99",
                  "percent of the interval, or of the width with at-end=stop, from which on status warns", DK_ANY_TIME},
    [SET_CLOSE_AFTER] = {"close-after", "never", "never, 0 to 3660",
                         "days after a period's end until it closes for good", DK_ANY_TIME},
    [SET_WINDOW] = {"window", "10000", "16 to 10000, benchmark, benchmark-250000",
                    "most numbers that a power loss makes unknown, and most that are left when docketd stays away",
                    DK_ANY_TIME},
};

enum { CLOSE_AFTER_MAX = 3660, WARN_MAX = 99 };

/* ---- words ---- */

struct words {
    const char *const *names;
    unsigned count;
};

#define WORDS(...)                                                                                                     \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
    }

static const struct words orders = WORDS("strict", "leased", "gapless");
static const struct words restarts = WORDS("never", "yearly", "monthly", "daily", "fiscal", "quarterly", "weekly");
static const struct words at_ends = WORDS("widen", "stop");
static const struct words releases = WORDS("recycle", "void");
static const struct words switches = WORDS("off", "on");
static const struct words on_expiries = WORDS("doubt", "free");
static const struct words truths = WORDS("no", "yes");
static const struct words documents = WORDS("any", "invoices", "corrective", "recipient-issued");

static const char *word_of(const struct words *words, unsigned at)
{
    return at < words->count ? words->names[at] : "unknown";
}

static bool read_word(const struct words *words, const char *text, uint8_t *at)
{
    for (unsigned i = 0; i < words->count; i++) {
        if (strcmp(text, words->names[i]) == 0) {
            *at = (uint8_t)i;
            return true;
        }
    }
    return false;
}

const char *dk_order_name(unsigned order)
{
    return word_of(&orders, order);
}

const char *dk_restart_name(unsigned restart)
{
    return word_of(&restarts, restart);
}

const char *dk_documents_name(unsigned which)
{
    return word_of(&documents, which);
}

bool dk_order_parse(const char *text, uint8_t *order)
{
    return read_word(&orders, text, order);
}

bool dk_restart_parse(const char *text, uint8_t *restart)
{
    return read_word(&restarts, text, restart);
}

/* ---- values ---- */

/* Digits only, and no zero before others. */
static bool read_number(const char *text, uint64_t low, uint64_t high, uint64_t *number)
{
    uint64_t value = 0;
    if (text[0] == 0 || (text[0] == '0' && text[1] != 0))
        return false;
    for (; *text != 0; text++) {
        if (*text < '0' || *text > '9' || value > DOCKET_NUMBER_MAX)
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    if (value < low || value > high)
        return false;
    *number = value;
    return true;
}

static bool read_date(const char *text, uint32_t *yyyymmdd)
{
    uint32_t date = 0;
    if (strcmp(text, "none") != 0 && (!dk_date_parse(text, &date) || !dk_date_supported(date)))
        return false;
    *yyyymmdd = date;
    return true;
}

static void write_date(uint32_t yyyymmdd, char *text)
{
    if (yyyymmdd != 0)
        dk_date_text(yyyymmdd, text);
    else
        memcpy(text, "none", sizeof "none");
}

static bool read_text(char *to, size_t size, const char *text)
{
    size_t bytes = strlen(text);
    if (bytes >= size)
        return false;
    memset(to, 0, size);
    memcpy(to, text, bytes);
    return true;
}

/* ---- one pair for each row ---- */

static bool read_profile(struct dk_policy *policy, const char *text)
{
    uint8_t profile;
    if (!dk_profile_parse(text, &profile))
        return false;
    policy->profile = profile;
    dk_profile_apply(policy);
    return true;
}

static bool read_documents(struct dk_policy *policy, const char *text)
{
    return read_word(&documents, text, &policy->documents);
}

static bool read_order(struct dk_policy *policy, const char *text)
{
    if (!read_word(&orders, text, &policy->order))
        return false;
    if (policy->order == DK_GAPLESS)
        policy->ledger = 1; /* the one place that says so; ledger=off beside it is heard, and refused */
    return true;
}

static bool read_restart(struct dk_policy *policy, const char *text)
{
    return read_word(&restarts, text, &policy->restart);
}

static bool read_fiscal_year(struct dk_policy *policy, const char *text)
{
    struct dk_fiscal fiscal;
    if (!dk_fiscal_parse(text, &fiscal))
        return false;
    policy->fiscal = fiscal;
    return true;
}

static bool read_zone(struct dk_policy *policy, const char *text)
{
    return dk_zone_name_ok(text) && read_text(policy->zone, sizeof policy->zone, text);
}

static bool read_template(struct dk_policy *policy, const char *text)
{
    return text[0] != 0 && strchr(text, '\n') == NULL && read_text(policy->template_text, sizeof policy->template_text, text);
}

static bool read_prefix(struct dk_policy *policy, const char *text)
{
    return dk_prefix_ok(text) && read_text(policy->prefix, sizeof policy->prefix, text);
}

static bool read_fields(struct dk_policy *policy, const char *text)
{
    return dk_fields_ok(text) && read_text(policy->fields, sizeof policy->fields, text);
}

static bool read_at_end(struct dk_policy *policy, const char *text)
{
    return read_word(&at_ends, text, &policy->at_end);
}

static bool read_release(struct dk_policy *policy, const char *text)
{
    return read_word(&releases, text, &policy->release);
}

static bool read_ledger(struct dk_policy *policy, const char *text)
{
    return read_word(&switches, text, &policy->ledger);
}

static bool read_on_expiry(struct dk_policy *policy, const char *text)
{
    return read_word(&on_expiries, text, &policy->on_expiry);
}

static bool read_chronological(struct dk_policy *policy, const char *text)
{
    return read_word(&truths, text, &policy->chronological);
}

static bool read_last(struct dk_policy *policy, const char *text)
{
    uint64_t last = 0;
    if (strcmp(text, "none") != 0 && !read_number(text, 1, DOCKET_NUMBER_MAX, &last))
        return false;
    policy->last = last;
    return true;
}

static bool read_valid_from(struct dk_policy *policy, const char *text)
{
    return read_date(text, &policy->valid_from);
}

static bool read_valid_to(struct dk_policy *policy, const char *text)
{
    return read_date(text, &policy->valid_to);
}

static bool read_warn(struct dk_policy *policy, const char *text)
{
    uint64_t warn = 0;
    if (strcmp(text, "never") != 0 && !read_number(text, 1, WARN_MAX, &warn))
        return false;
    policy->warn = (uint8_t)warn;
    return true;
}

static bool read_close_after(struct dk_policy *policy, const char *text)
{
    uint64_t days = DK_CLOSE_NEVER;
    if (strcmp(text, "never") != 0 && !read_number(text, 0, CLOSE_AFTER_MAX, &days))
        return false;
    policy->close_after = (uint16_t)days;
    return true;
}

bool dk_window_read(const char *text, uint32_t *window)
{
    uint64_t read;
    if (strcmp(text, DK_WINDOW_BENCHMARK_NAME) == 0)
        read = DOCKET_WINDOW_BENCHMARK;
    else if (strcmp(text, DK_WINDOW_SMALL_NAME) == 0)
        read = DK_WINDOW_SMALL;
    else if (!read_number(text, DK_WINDOW_MIN, DOCKET_WINDOW_MAX, &read))
        return false;
    *window = (uint32_t)read;
    return true;
}

const char *dk_window_text(uint32_t window, char text[16])
{
    if (window == DOCKET_WINDOW_BENCHMARK)
        return DK_WINDOW_BENCHMARK_NAME;
    if (window == DK_WINDOW_SMALL)
        return DK_WINDOW_SMALL_NAME;
    snprintf(text, 16, "%u", window);
    return text;
}

static bool read_window(struct dk_policy *policy, const char *text)
{
    return dk_window_read(text, &policy->window);
}

static bool (*const reads[SETTING_COUNT])(struct dk_policy *policy, const char *text) = {
    [SET_PROFILE] = read_profile,
    [SET_DOCUMENTS] = read_documents,
    [SET_ORDER] = read_order,
    [SET_RESTART] = read_restart,
    [SET_FISCAL_YEAR] = read_fiscal_year,
    [SET_ZONE] = read_zone,
    [SET_TEMPLATE] = read_template,
    [SET_PREFIX] = read_prefix,
    [SET_FIELDS] = read_fields,
    [SET_AT_END] = read_at_end,
    [SET_RELEASE] = read_release,
    [SET_LEDGER] = read_ledger,
    [SET_ON_EXPIRY] = read_on_expiry,
    [SET_CHRONOLOGICAL] = read_chronological,
    [SET_LAST] = read_last,
    [SET_VALID_FROM] = read_valid_from,
    [SET_VALID_TO] = read_valid_to,
    [SET_WARN] = read_warn,
    [SET_CLOSE_AFTER] = read_close_after,
    [SET_WINDOW] = read_window,
};

static void write_number(uint64_t number, uint64_t none, const char *word, char text[DK_SETTING_BYTES])
{
    if (number == none)
        snprintf(text, DK_SETTING_BYTES, "%s", word);
    else
        snprintf(text, DK_SETTING_BYTES, "%llu", (unsigned long long)number);
}

static const char *word_at(const struct dk_policy *policy, enum setting at)
{
    switch (at) {
    case SET_PROFILE:
        return dk_profile(policy->profile) != NULL ? dk_profile(policy->profile)->name : "unknown";
    case SET_DOCUMENTS:
        return word_of(&documents, policy->documents);
    case SET_ORDER:
        return word_of(&orders, policy->order);
    case SET_RESTART:
        return word_of(&restarts, policy->restart);
    case SET_ZONE:
        return policy->zone;
    case SET_TEMPLATE:
        return policy->template_text;
    case SET_PREFIX:
        return policy->prefix;
    case SET_FIELDS:
        return policy->fields;
    case SET_AT_END:
        return word_of(&at_ends, policy->at_end);
    case SET_RELEASE:
        return word_of(&releases, policy->release);
    case SET_LEDGER:
        return word_of(&switches, policy->ledger);
    case SET_ON_EXPIRY:
        return word_of(&on_expiries, policy->on_expiry);
    default:
        return word_of(&truths, policy->chronological);
    }
}

void dk_policy_get(const struct dk_policy *policy, unsigned at, char text[DK_SETTING_BYTES])
{
    char digits[16];
    switch ((enum setting)at) {
    case SET_FISCAL_YEAR:
        dk_fiscal_text(&policy->fiscal, text);
        break;
    case SET_LAST:
        write_number(policy->last, 0, "none", text);
        break;
    case SET_VALID_FROM:
        write_date(policy->valid_from, text);
        break;
    case SET_VALID_TO:
        write_date(policy->valid_to, text);
        break;
    case SET_WARN:
        write_number(policy->warn, 0, "never", text);
        break;
    case SET_CLOSE_AFTER:
        write_number(policy->close_after, DK_CLOSE_NEVER, "never", text);
        break;
    case SET_WINDOW:
        snprintf(text, DK_SETTING_BYTES, "%s", dk_window_text(policy->window, digits));
        break;
    default:
        snprintf(text, DK_SETTING_BYTES, "%.*s", DK_SETTING_BYTES - 1, word_at(policy, (enum setting)at));
        break;
    }
}

const struct dk_setting *dk_settings(unsigned *count)
{
    *count = SETTING_COUNT;
    return settings;
}

/* ---- by name ---- */

/* What somebody typed, fit for a sentence. */
static const char *shown(const char *text, char clean[DK_SETTING_BYTES])
{
    size_t at = 0;
    for (; text[at] != 0 && at < DK_SETTING_BYTES - 1; at++)
        clean[at] = text[at] >= ' ' && text[at] <= '~' ? text[at] : '?';
    clean[at] = 0;
    return clean;
}

static unsigned setting_named(const char *name, size_t bytes)
{
    unsigned at = 0;
    while (at < SETTING_COUNT && (strlen(settings[at].name) != bytes || memcmp(settings[at].name, name, bytes) != 0))
        at++;
    return at;
}

static docket_status say_unknown(const char *name)
{
    char clean[DK_SETTING_BYTES], all[320] = "";
    size_t used = 0;
    for (unsigned at = 0; at < SETTING_COUNT; at++)
        used += (size_t)snprintf(all + used, sizeof all - used, " %s", settings[at].name);
    return dk_fail(DOCKET_BAD_POLICY, "there is no setting %.60s; there are%s", shown(name, clean), all);
}

docket_status dk_policy_set(struct dk_policy *policy, const char *name, const char *value)
{
    char clean[DK_SETTING_BYTES];
    unsigned at = setting_named(name, strlen(name));
    if (at == SETTING_COUNT)
        return say_unknown(name);
    if (reads[at](policy, value))
        return DOCKET_OK;
    return dk_fail(DOCKET_BAD_POLICY, "%s cannot be \"%s\"; it can be: %s", settings[at].name, shown(value, clean),
                   settings[at].values);
}

/* A line of at most DK_SETTINGS_BYTES, in two. */
struct line {
    char name[24];
    char value[DK_SETTINGS_BYTES];
};

/* Takes one line; NULL: it is no line. */
static const char *take_line(const char *lines, struct line *line)
{
    const char *end = strchr(lines, '\n');
    const char *equals = end != NULL ? memchr(lines, '=', (size_t)(end - lines)) : NULL;
    if (equals == NULL || (size_t)(equals - lines) >= sizeof line->name ||
        (size_t)(end - equals) > sizeof line->value)
        return NULL;
    snprintf(line->name, sizeof line->name, "%.*s", (int)(equals - lines), lines);
    snprintf(line->value, sizeof line->value, "%.*s", (int)(end - equals - 1), equals + 1);
    return end + 1;
}

/* Rows that set others beside themselves are read before those. */
enum turn { PROFILE_TURN, ORDER_TURN, LAST_TURN };

static enum turn turn_of(const char *name)
{
    if (strcmp(name, settings[SET_PROFILE].name) == 0)
        return PROFILE_TURN;
    return strcmp(name, settings[SET_ORDER].name) == 0 ? ORDER_TURN : LAST_TURN;
}

static docket_status apply_lines(struct dk_policy *policy, const char *lines, enum turn turn)
{
    struct line line;
    while (*lines != 0) {
        lines = take_line(lines, &line);
        if (lines == NULL)
            return dk_fail(DOCKET_BAD_POLICY, "settings are lines of name=value, each with its end");
        if (turn_of(line.name) != turn)
            continue;
        docket_status status = dk_policy_set(policy, line.name, line.value);
        if (status != DOCKET_OK)
            return status;
    }
    return DOCKET_OK;
}

docket_status dk_policy_apply(struct dk_policy *policy, const char *lines)
{
    struct dk_policy made = *policy;
    docket_status status = DOCKET_OK;
    for (enum turn turn = PROFILE_TURN; status == DOCKET_OK && turn <= LAST_TURN; turn++)
        status = apply_lines(&made, lines, turn);
    if (status == DOCKET_OK)
        *policy = made;
    return status;
}

docket_status dk_policy_add_line(char lines[DK_SETTINGS_BYTES], const char *name, const char *value)
{
    struct dk_policy scratch;
    size_t used = strlen(lines);
    dk_policy_default(&scratch);
    docket_status status = dk_policy_set(&scratch, name, value);
    if (status != DOCKET_OK)
        return status;
    int bytes = snprintf(lines + used, DK_SETTINGS_BYTES - used, "%s=%s\n", name, value);
    if (bytes < 0 || (size_t)bytes >= DK_SETTINGS_BYTES - used)
        return dk_fail(DOCKET_BAD_POLICY, "the settings together have more than %d bytes", DK_SETTINGS_BYTES - 1);
    return DOCKET_OK;
}

bool dk_policy_lines(const struct dk_policy *policy, const struct dk_policy *base, char *lines, size_t size)
{
    size_t used = 0;
    unsigned beside = policy->profile != base->profile ? OF_PROFILE : 0;
    if (policy->order != base->order)
        beside |= 1u << SET_LEDGER; /* gapless would set it */
    if (size == 0)
        return false;
    lines[0] = 0;
    for (unsigned at = 0; at < SETTING_COUNT; at++) {
        char is[DK_SETTING_BYTES], was[DK_SETTING_BYTES];
        dk_policy_get(policy, at, is);
        dk_policy_get(base, at, was);
        if (strcmp(is, was) == 0 && !(beside & 1u << at))
            continue;
        int bytes = snprintf(lines + used, size - used, "%s=%s\n", settings[at].name, is);
        if (bytes < 0 || (size_t)bytes >= size - used)
            return false;
        used += (size_t)bytes;
    }
    return true;
}

/* "restart=yearly, not monthly; ...": "" if they are the same. Cut where it does not fit. */
static void write_difference(const struct dk_policy *is, const struct dk_policy *wanted, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (unsigned at = 0; at < SETTING_COUNT && used < size; at++) {
        char has[DK_SETTING_BYTES], wants[DK_SETTING_BYTES];
        dk_policy_get(is, at, has);
        dk_policy_get(wanted, at, wants);
        if (strcmp(has, wants) != 0)
            used += (size_t)snprintf(text + used, size - used, "%s%s=%s, not %s", used > 0 ? "; " : "",
                                     settings[at].name, has, wants);
    }
}

docket_status dk_policy_compare(const struct dk_policy *is, const struct dk_policy *wanted, const char *tenant,
                                const char *name)
{
    char difference[300];
    write_difference(is, wanted, difference, sizeof difference);
    if (difference[0] == 0)
        return DOCKET_OK;
    return dk_fail(DOCKET_EXISTS, "%s/%s exists with %s; `docket series set` changes a series", tenant, name, difference);
}
