/* SPDX-License-Identifier: MIT */
/*
 * start_remedy: a text that the template does not write, and a template that does. What
 * stands between digits stays as it is; the last run of digits is the number, and those
 * before it are years, months and days where they can be. Each guess is tried: only a
 * policy that is in order, and reads the text, is offered.
 */
#include "numbering/start.h"

#include "numbering/period.h"
#include "numbering/template_inside.h"

#include <stdio.h>
#include <string.h>

enum { RUNS_MAX = 8, GUESS_BYTES = 192, PLAIN_DIGITS = 8 };

struct run {
    size_t from, bytes;
};

struct guessing {
    const struct dk_start_ask *ask;
    struct run runs[RUNS_MAX];
    unsigned count;
    uint32_t year_last; /* later ones are none */
};

/* What is known of the date by the runs before. */
struct seen {
    bool year, month, day;
};

static unsigned value_of(const char *text, size_t bytes)
{
    unsigned value = 0;
    for (size_t at = 0; at < bytes; at++)
        value = value * 10 + (unsigned)(text[at] - '0');
    return value;
}

static bool find_runs(struct guessing *guessing)
{
    const char *text = guessing->ask->text;
    for (size_t at = 0; text[at] != 0;) {
        size_t bytes = strspn(text + at, "0123456789");
        if (bytes == 0 && !dk_is_literal(text[at]))
            return false;
        if (bytes > 0 && guessing->count == RUNS_MAX)
            return false;
        if (bytes > 0)
            guessing->runs[guessing->count++] = (struct run){at, bytes};
        at += bytes > 0 ? bytes : 1;
    }
    return guessing->count > 0;
}

static bool is_year(const struct guessing *guessing, unsigned year)
{
    return year > 2000 && year <= guessing->year_last;
}

static bool is_month(unsigned month)
{
    return month >= 1 && month <= 12;
}

/* Tokens for the digits of a run that are a date: NULL, they are none. */
static const char *date_tokens(const struct guessing *guessing, const char *digits, size_t bytes, struct seen *seen)
{
    unsigned value = value_of(digits, bytes);
    if (bytes == 8 && !seen->year && is_year(guessing, value / 10000) && dk_date_supported(value)) {
        *seen = (struct seen){true, true, true};
        return "{YYYY}{MM}{DD}";
    }
    if (bytes == 6 && !seen->year && is_year(guessing, value / 100) && is_month(value % 100)) {
        seen->year = seen->month = true;
        return "{YYYY}{MM}";
    }
    if (bytes == 4 && !seen->year && is_year(guessing, value)) {
        seen->year = true;
        return "{YYYY}";
    }
    if (bytes == 4 && !seen->year && is_year(guessing, 2000 + value / 100) && is_month(value % 100)) {
        seen->year = seen->month = true;
        return "{YY}{MM}";
    }
    if (bytes == 2 && !seen->year && value > 9 && is_year(guessing, 2000 + value)) {
        seen->year = true;
        return "{YY}";
    }
    if (bytes == 2 && seen->year && !seen->month && is_month(value)) {
        seen->month = true;
        return "{MM}";
    }
    if (bytes == 2 && seen->month && !seen->day && value >= 1 && value <= 31) {
        seen->day = true;
        return "{DD}";
    }
    return NULL;
}

/* Two runs that are a fiscal year: 2025-26, 25-26, 2025-2026. The token is as they are,
 * for the year that begins in 2025. */
static bool fiscal_token(const struct guessing *guessing, unsigned run, char token[32])
{
    const struct run *first = &guessing->runs[run], *last = first + 1;
    const char *text = guessing->ask->text;
    if (guessing->ask->policy->restart != DK_FISCAL || run + 2 >= guessing->count ||
        last->from != first->from + first->bytes + 1)
        return false;
    unsigned begins = value_of(text + first->from, first->bytes), ends = value_of(text + last->from, last->bytes);
    bool long_first = first->bytes == 4, long_last = last->bytes == 4;
    if ((!long_first && first->bytes != 2) || (!long_last && last->bytes != 2) || (long_last && !long_first) ||
        (begins + 1) % 100 != ends % 100)
        return false;
    snprintf(token, 32, "{FY:%s%c%s}", long_first ? "2025" : "25", text[first->from + first->bytes],
             long_last ? "2026" : "26");
    return true;
}

static void put(char template[GUESS_BYTES], const char *bytes, size_t count)
{
    size_t used = strlen(template);
    if (used + count < GUESS_BYTES) {
        memcpy(template + used, bytes, count);
        template[used + count] = 0;
    }
}

/* before: tokens for so many digits of the number's own run, which are a date before it. */
static void guess(const struct guessing *guessing, bool dates, const char *before, size_t before_bytes,
                  char template[GUESS_BYTES])
{
    const char *text = guessing->ask->text;
    const struct run *number = &guessing->runs[guessing->count - 1];
    struct seen seen = {0};
    char token[32];
    size_t at = 0;
    template[0] = 0;
    for (unsigned run = 0; run + 1 < guessing->count; run++) {
        const struct run *one = &guessing->runs[run];
        put(template, text + at, one->from - at);
        at = one->from + one->bytes;
        if (dates && fiscal_token(guessing, run, token)) {
            put(template, token, strlen(token));
            run++;
            at = guessing->runs[run].from + guessing->runs[run].bytes;
            continue;
        }
        const char *tokens = dates ? date_tokens(guessing, text + one->from, one->bytes, &seen) : NULL;
        put(template, tokens != NULL ? tokens : text + one->from, tokens != NULL ? strlen(tokens) : one->bytes);
    }
    put(template, text + at, number->from - at);
    put(template, before, strlen(before));
    snprintf(token, sizeof token, "{N:%zu}", number->bytes - before_bytes);
    put(template, token, strlen(token));
    put(template, text + number->from + number->bytes, strlen(text + number->from + number->bytes));
}

/* The series' own template, with as many digits as the text's last run. */
static bool other_width(const struct guessing *guessing, char template[GUESS_BYTES])
{
    const char *own = guessing->ask->policy->template_text, *at = strstr(own, "{N");
    const char *end = at != NULL && (at[2] == ':' || at[2] == '}') ? strchr(at, '}') : NULL;
    if (end == NULL)
        return false;
    snprintf(template, GUESS_BYTES, "%.*s{N:%zu}%s", (int)(at - own), own, guessing->runs[guessing->count - 1].bytes,
             end + 1);
    return true;
}

/* Is a policy with this template and restart in order, and does it read the text as a
 * number of a period that has begun? */
static bool fits(const struct guessing *guessing, const char *template, uint8_t restart, struct dk_start *found)
{
    const struct dk_start_ask *ask = guessing->ask;
    struct dk_policy policy = *ask->policy;
    struct dk_template resolved;
    struct dk_read_text read;
    struct dk_span of = {0}, now;
    if (strlen(template) >= sizeof policy.template_text)
        return false;
    snprintf(policy.template_text, sizeof policy.template_text, "%.*s", DK_TEMPLATE_TEXT - 1, template);
    policy.restart = restart;
    if (dk_policy_check(&policy, ask->tenant, ask->series, &resolved) != DOCKET_OK ||
        !dk_template_read(&resolved, ask->series, ask->text, strlen(ask->text), &read))
        return false;
    if (read.date != 0)
        dk_span_of_date((enum dk_restart)restart, &policy.fiscal, read.date, &of);
    dk_span_of_date((enum dk_restart)restart, &policy.fiscal, ask->today, &now);
    *found = (struct dk_start){.number = read.number, .date = read.date, .period = of.label};
    return of.label <= now.label && read.number < dk_policy_last(&policy, &resolved);
}

static bool offer(const struct guessing *guessing, const char *template, uint8_t restart, char remedy[DK_START_BYTES],
                  struct dk_start *found)
{
    if (!fits(guessing, template, restart, found))
        return false;
    int bytes = restart == guessing->ask->policy->restart
                    ? snprintf(remedy, DK_START_BYTES, "--template '%s'", template)
                    : snprintf(remedy, DK_START_BYTES, "--template '%s' --restart %s", template, dk_restart_name(restart));
    return bytes > 0 && bytes < DK_START_BYTES;
}

/* Dates that stand in the number's own run, as in INV2025004711. */
static const struct {
    const char *tokens;
    size_t bytes;
} joined[] = {{"", 0}, {"{YYYY}{MM}{DD}", 8}, {"{YYYY}{MM}", 6}, {"{YYYY}", 4}, {"{YY}{MM}", 4}, {"{YY}", 2}};

static bool is_joined_date(const struct guessing *guessing, unsigned row)
{
    const struct run *number = &guessing->runs[guessing->count - 1];
    struct seen seen = {0};
    if (joined[row].bytes == 0) /* a number so long has a date in it; without one it is tried last */
        return number->bytes <= PLAIN_DIGITS;
    if (number->bytes < joined[row].bytes + 3)
        return false; /* too short for both */
    const char *tokens = date_tokens(guessing, guessing->ask->text + number->from, joined[row].bytes, &seen);
    return tokens != NULL && strcmp(tokens, joined[row].tokens) == 0;
}

static bool try_restart(const struct guessing *guessing, uint8_t restart, char remedy[DK_START_BYTES],
                        struct dk_start *found)
{
    char template[GUESS_BYTES];
    if (other_width(guessing, template) && offer(guessing, template, restart, remedy, found))
        return true;
    for (unsigned row = 0; row < sizeof joined / sizeof joined[0]; row++) {
        if (!is_joined_date(guessing, row))
            continue;
        guess(guessing, true, joined[row].tokens, joined[row].bytes, template);
        if (offer(guessing, template, restart, remedy, found))
            return true;
    }
    guess(guessing, false, "", 0, template);
    return offer(guessing, template, restart, remedy, found);
}

bool dk_start_remedy(const struct dk_start_ask *ask, char remedy[DK_START_BYTES], struct dk_start *found)
{
    struct guessing guessing = {.ask = ask, .year_last = ask->today / 10000 + 1};
    static const uint8_t others[] = {DK_YEARLY, DK_MONTHLY, DK_NEVER};
    if (!find_runs(&guessing))
        return false;
    if (try_restart(&guessing, ask->policy->restart, remedy, found))
        return true;
    for (unsigned at = 0; at < sizeof others; at++)
        if (others[at] != ask->policy->restart && try_restart(&guessing, others[at], remedy, found))
            return true;
    return false;
}
