/* SPDX-License-Identifier: MIT */
/*
 * policy: see policy.h. A policy is checked once, when the series is made;
 * everything that reads one later may rely on it.
 */
#include "numbering/policy.h"

#include "base/check.h"
#include "numbering/template.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *const order_names[DK_ORDER_COUNT] = {
    [DK_STRICT] = "strict",
    [DK_LEASED] = "leased",
};

/* The date tokens that tell the periods of each restart apart. {YY} is not
 * enough: it repeats after a century, and with it every number of the year. */
struct restart_row {
    const char *name;
    unsigned needs; /* bits 1 << dk_piece_kind */
    const char *tokens;
};

#define SHOWS(kind) (1u << (kind))

static const struct restart_row restarts[DK_RESTART_COUNT] = {
    [DK_NEVER] = {"never", 0, ""},
    [DK_YEARLY] = {"yearly", SHOWS(DK_YEAR4), "{YYYY}"},
    [DK_MONTHLY] = {"monthly", SHOWS(DK_YEAR4) | SHOWS(DK_MONTH), "{YYYY} and {MM}"},
    [DK_DAILY] = {"daily", SHOWS(DK_YEAR4) | SHOWS(DK_MONTH) | SHOWS(DK_DAY),
                  "{YYYY}, {MM} and {DD}"},
};

void dk_policy_default(struct dk_policy *policy)
{
    memset(policy, 0, sizeof *policy); /* padding too: policies are compared as bytes */
    policy->order = DK_STRICT;
    policy->restart = DK_YEARLY;
    policy->window = DK_WINDOW_DEFAULT;
    policy->close_after = DK_CLOSE_NEVER;
    memcpy(policy->zone, "UTC", sizeof "UTC");
    memcpy(policy->template_text, DK_TEMPLATE_DEFAULT, sizeof DK_TEMPLATE_DEFAULT);
}

static docket_status check_ranges(const struct dk_policy *policy)
{
    if (policy->order >= DK_ORDER_COUNT)
        return dk_fail(DOCKET_BAD_POLICY, "order %u is not known; use strict or leased",
                       (unsigned)policy->order);
    if (policy->restart >= DK_RESTART_COUNT)
        return dk_fail(DOCKET_BAD_POLICY,
                       "restart %u is not known; use never, yearly, monthly or daily",
                       (unsigned)policy->restart);
    bool for_books = policy->window >= DK_WINDOW_MIN && policy->window <= DOCKET_WINDOW_MAX;
    if (!for_books && policy->window != DOCKET_WINDOW_BENCHMARK)
        return dk_fail(DOCKET_BAD_POLICY,
                       "window %u is outside %u to %u (the window called benchmark is %u, and not for books)",
                       policy->window, DK_WINDOW_MIN, DOCKET_WINDOW_MAX, DOCKET_WINDOW_BENCHMARK);
    if (!memchr(policy->template_text, 0, sizeof policy->template_text))
        return dk_fail(DOCKET_BAD_POLICY, "the template is longer than %zu characters",
                       sizeof policy->template_text - 1);
    return DOCKET_OK;
}

static unsigned pieces_shown(const struct dk_template *parsed)
{
    unsigned shown = 0;
    for (unsigned at = 0; at < parsed->count; at++)
        shown |= SHOWS(parsed->pieces[at].kind);
    return shown;
}

docket_status dk_policy_check(const struct dk_policy *policy, const char *tenant, const char *series,
                              struct dk_template *resolved)
{
    docket_status status = check_ranges(policy);
    if (status != DOCKET_OK)
        return status;
    struct dk_template parsed;
    struct dk_texts names = {tenant, policy->prefix, policy->fields};
    status = dk_template_parse(policy->template_text, &parsed);
    if (status == DOCKET_OK)
        status = dk_template_resolve(&parsed, &names, &policy->fiscal, &parsed);
    if (status != DOCKET_OK)
        return status;
    const struct restart_row *restart = &restarts[policy->restart];
    if (restart->needs & ~pieces_shown(&parsed))
        return dk_fail(DOCKET_BAD_POLICY,
                       "a series that restarts %s must show %s in its template, else two periods "
                       "would have the same document numbers",
                       restart->name, restart->tokens);
    size_t size = dk_template_size(&parsed, series, DOCKET_NUMBER_MAX);
    if (size > DOCKET_TEXT_MAX)
        return dk_fail(DOCKET_BAD_POLICY,
                       "the longest document number would have %zu characters; the limit is %d",
                       size - 1, DOCKET_TEXT_MAX - 1);
    if (resolved != NULL)
        *resolved = parsed;
    return DOCKET_OK;
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
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

const char *dk_order_name(unsigned order)
{
    return order < DK_ORDER_COUNT ? order_names[order] : "unknown";
}

const char *dk_restart_name(unsigned restart)
{
    return restart < DK_RESTART_COUNT ? restarts[restart].name : "unknown";
}

bool dk_order_parse(const char *text, uint8_t *order)
{
    for (uint8_t at = 0; at < DK_ORDER_COUNT; at++) {
        if (strcmp(text, order_names[at]) == 0) {
            *order = at;
            return true;
        }
    }
    return false;
}

bool dk_restart_parse(const char *text, uint8_t *restart)
{
    for (uint8_t at = 0; at < DK_RESTART_COUNT; at++) {
        if (strcmp(text, restarts[at].name) == 0) {
            *restart = at;
            return true;
        }
    }
    return false;
}

/* ---- kept policies ---- */

struct kept {
    struct dk_policy policy;
    struct kept *next;
};

static struct kept *all;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

const struct dk_policy *dk_policy_keep(const struct dk_policy *policy)
{
    pthread_mutex_lock(&kept_lock);
    struct kept *kept = all;
    while (kept != NULL && memcmp(&kept->policy, policy, sizeof *policy) != 0)
        kept = kept->next;
    if (kept == NULL) {
        kept = malloc(sizeof *kept);
        DK_CHECK(kept != NULL);
        memcpy(&kept->policy, policy, sizeof *policy); /* padding too: compared as bytes */
        kept->next = all;
        all = kept;
    }
    pthread_mutex_unlock(&kept_lock);
    return &kept->policy;
}
