/* SPDX-License-Identifier: MIT */
/*
 * profile: see profile.h. Where each row comes from, and what of its law is not
 * checked here: docs/PROFILES.md.
 */
#include "numbering/profile.h"

#include <stdio.h>
#include <string.h>

#define MAY(restart) (1u << (restart))

/* The values are not kept anywhere: stores and messages have the name. */
static const struct dk_profile profiles[] = {
    {.name = "none", .title = "no country's rules", .source = "", .asks = ""},
    {.name = "eu-vat",
     .title = "European Union, VAT invoices",
     .source = "Directive 2006/112/EC, art. 226(2)",
     .asks = "nothing beyond what every series has: a number once, and a text once"},
    {.name = "in-gst",
     .title = "India, GST invoices",
     .source = "CGST Rules 2017, rule 46(b)",
     .asks = "at most 16 characters of letters, digits, - and /; consecutive; periods within the year from April",
     .longest = 16,
     .characters = "-/",
     .folds = true,
     .consecutive = true,
     .per_fiscal_year = true,
     .fiscal_month = 3,
     .restarts = MAY(DK_NEVER) | MAY(DK_FISCAL) | MAY(DK_QUARTERLY) | MAY(DK_MONTHLY) | MAY(DK_DAILY),
     .restart = DK_FISCAL},
    {.name = "de",
     .title = "Germany, invoices",
     .source = "UStG sec. 14(4) no. 4; UStAE 14.5(10)-(11)",
     .asks = "nothing beyond what every series has: a number once; gaps are explained by their fate"},
    {.name = "fr",
     .title = "France, invoices",
     .source = "CGI, annex II, art. 242 nonies A",
     .asks = "chronological and continuous: strict, nothing given again, no earlier date",
     .chronological = true,
     .consecutive = true},
    {.name = "pt",
     .title = "Portugal, invoices",
     .source = "DL 28/2019; Portarias 363/2010 and 195/2020",
     .asks = "sequential and chronological: strict, nothing given again, no earlier date",
     .chronological = true,
     .consecutive = true},
    {.name = "es",
     .title = "Spain, invoices",
     .source = "RD 1619/2012, art. 6.1.a",
     .asks = "correlative; says which documents it numbers, as corrective and recipient-issued ones have their own",
     .consecutive = true,
     .corrective_apart = true},
    {.name = "it",
     .title = "Italy, invoices",
     .source = "DPR 633/1972, art. 21(2)(b); Res. 1/E 2013",
     .asks = "numbers run on for ever, or begin again each year",
     .restarts = MAY(DK_NEVER) | MAY(DK_YEARLY),
     .restart = DK_YEARLY},
    {.name = "br-nfe",
     .title = "Brazil, NF-e",
     .source = "Ajuste SINIEF 07/05",
     .asks = "nine digits, 1 to 999,999,999, consecutive, no restart before the last one",
     .consecutive = true,
     .restarts = MAY(DK_NEVER),
     .restart = DK_NEVER,
     .digits = 9,
     .last = 999999999},
    {.name = "mx",
     .title = "Mexico, CFDI",
     .source = "CFDI: the authority's UUID is the legal number",
     .asks = "nothing: series and folio are the issuer's own"},
    {.name = "uk",
     .title = "United Kingdom, VAT invoices",
     .source = "VAT rules: sequential, unique, several series allowed",
     .asks = "nothing beyond what every series has: a number once; void ones keep their fate"},
    {.name = "us",
     .title = "United States, invoices",
     .source = "no federal rule was found",
     .asks = "nothing"},
};

enum { PROFILE_COUNT = sizeof profiles / sizeof profiles[0] };

const struct dk_profile *dk_profile(unsigned profile)
{
    return profile < PROFILE_COUNT ? &profiles[profile] : NULL;
}

bool dk_profile_parse(const char *name, uint8_t *profile)
{
    for (unsigned at = 0; at < PROFILE_COUNT; at++) {
        if (strcmp(name, profiles[at].name) == 0) {
            *profile = (uint8_t)at;
            return true;
        }
    }
    return false;
}

static bool recycles_nothing(const struct dk_profile *profile)
{
    return profile->chronological || profile->consecutive;
}

static bool allows(const struct dk_profile *profile, unsigned restart)
{
    return profile->restarts == 0 || (profile->restarts & MAY(restart)) != 0;
}

static bool has_january(const struct dk_fiscal *fiscal)
{
    return fiscal->rule == DK_FISCAL_MONTH && fiscal->month == 0;
}

void dk_profile_apply(struct dk_policy *policy)
{
    const struct dk_profile *profile = &profiles[policy->profile];
    if (profile->chronological)
        policy->chronological = 1;
    if (recycles_nothing(profile))
        policy->release = DK_VOID_RELEASED;
    if (!allows(profile, policy->restart) && policy->restart == DK_YEARLY)
        policy->restart = profile->restart;
    if (profile->per_fiscal_year && has_january(&policy->fiscal))
        policy->fiscal = (struct dk_fiscal){DK_FISCAL_MONTH, profile->fiscal_month, 0};
    if (profile->longest != 0 || profile->digits != 0)
        policy->at_end = DK_STOP;
}

/* ---- faults ---- */

/* Why a profile refuses, and whether another template would help. */
struct fault {
    bool of_template;
    char why[256];
};

#define FAULT(fault, ...) (snprintf((fault)->why, sizeof(fault)->why, __VA_ARGS__), true)

static bool finds_order(const struct dk_profile *profile, const struct dk_policy *policy, struct fault *fault)
{
    const char *kind = profile->chronological ? "chronological" : "consecutive";
    if (!recycles_nothing(profile))
        return false;
    if (policy->order == DK_LEASED || (policy->order == DK_GAPLESS && profile->chronological))
        return FAULT(fault, "order=%s gives numbers out of order, and they must be %s; order=strict would fit",
                     dk_order_name(policy->order), kind);
    if (policy->release != DK_VOID_RELEASED)
        return FAULT(fault, "release=recycle gives a number after later ones, and they must be %s; release=void would "
                            "fit",
                     kind);
    if (profile->chronological && !policy->chronological)
        return FAULT(fault, "chronological=no lets a document have an earlier date than the one before it; "
                            "chronological=yes would fit");
    return false;
}

/* Whatever the country, where there is one. */
static bool finds_expiry(const struct dk_policy *policy, struct fault *fault)
{
    if (policy->profile == 0 || policy->on_expiry == DK_EXPIRY_DOUBT)
        return false;
    return FAULT(fault, "on-expiry=free gives a number again whose holder ended, and if that had printed it already, two "
                        "documents have it; on-expiry=doubt would fit");
}

/* Texts from first to last of the restarts that are allowed. */
static const char *allowed_restarts(const struct dk_profile *profile, char text[80])
{
    size_t used = 0;
    text[0] = 0;
    for (unsigned restart = 0; restart < DK_RESTART_COUNT; restart++)
        if (allows(profile, restart))
            used += (size_t)snprintf(text + used, 80 - used, "%s%s", used > 0 ? ", " : "", dk_restart_name(restart));
    return text;
}

static bool finds_period(const struct dk_profile *profile, const struct dk_policy *policy, struct fault *fault)
{
    char text[80];
    const struct dk_fiscal *fiscal = &policy->fiscal;
    if (!allows(profile, policy->restart))
        return FAULT(fault, "restart=%s is not one of its periods; restart=%s would fit (of: %s)",
                     dk_restart_name(policy->restart), dk_restart_name(profile->restart),
                     allowed_restarts(profile, text));
    if (profile->per_fiscal_year && (fiscal->rule != DK_FISCAL_MONTH || fiscal->month != profile->fiscal_month)) {
        struct dk_fiscal wanted = {DK_FISCAL_MONTH, profile->fiscal_month, 0};
        char is[32], be[32];
        dk_fiscal_text(fiscal, is);
        dk_fiscal_text(&wanted, be);
        return FAULT(fault, "fiscal-year=%s is not its year; fiscal-year=%s would fit", is, be);
    }
    if (profile->corrective_apart && policy->documents == DK_ANY_DOCUMENTS)
        return FAULT(fault, "documents=any mixes what wants series of their own; documents=invoices would fit, and other "
                            "series for documents=corrective and documents=recipient-issued");
    return false;
}

static const char *example(const struct dk_template *resolved, const char *series, uint64_t number,
                           char text[DOCKET_TEXT_MAX])
{
    struct dk_rendered rendered;
    dk_template_render(resolved, series, 20250725, &rendered);
    dk_rendered_write(&rendered, number, text);
    return text;
}

static bool finds_text(const struct dk_profile *profile, const struct dk_policy *policy, const char *series,
                       const struct dk_template *resolved, struct fault *fault)
{
    char text[DOCKET_TEXT_MAX];
    uint64_t last = dk_policy_last(policy, resolved);
    const struct dk_piece *number = &resolved->pieces[resolved->number_at];
    fault->of_template = true;
    if (profile->digits != 0 && (number->kind != DK_NUMBER || number->bytes != profile->digits))
        return FAULT(fault, "the number must have exactly %u digits, {N:%u}", profile->digits, profile->digits);
    if (profile->last != 0 && last > profile->last)
        return FAULT(fault, "numbers may grow to %llu, and the largest is %llu", (unsigned long long)last,
                     (unsigned long long)profile->last);
    size_t length = dk_template_size(resolved, series, last) - 1;
    if (profile->longest != 0 && length > profile->longest)
        return FAULT(fault, "the longest text, %s, has %zu characters, and %u are allowed",
                     example(resolved, series, last, text), length, profile->longest);
    if (profile->characters == NULL)
        return false;
    example(resolved, series, 1, text);
    size_t good = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/");
    if (text[good] != 0)
        return FAULT(fault, "the text %.100s has a \"%c\", and only letters, digits, - and / are allowed", text,
                     text[good]);
    return false;
}

static bool finds(const struct dk_policy *policy, const char *series, const struct dk_template *resolved,
                  struct fault *fault)
{
    const struct dk_profile *profile = &profiles[policy->profile];
    fault->of_template = false;
    return finds_order(profile, policy, fault) || finds_expiry(policy, fault) || finds_period(profile, policy, fault) ||
           finds_text(profile, policy, series, resolved, fault);
}

/* ---- what would fit ---- */

/* Tried from the first on; @ is the beginning that the refused template has. */
static const char *const shapes[] = {
    "@-{YYYY}{MM}{DD}-{N:6}", "@-{YY}{MM}{DD}-{N:5}", "@{FY:2526}-{N:6}",  "{FY:25-26}/@/{N:6}", "@-{YY}{MM}{DD}-{N:4}",
    "@/{FY:25-26}/{N:5}",     "@-{YY}{MM}-{N:6}",     "@-{YYYY}-{N:6}",    "@-{YY}-{N:6}",       "@{YY}-{N:6}",
    "@{YY}-{N:4}",            "@-{N:9}",              "@-{N:6}",           "{N:9}",
};

enum { SHAPE_COUNT = sizeof shapes / sizeof shapes[0], PROPOSALS_MAX = 3 };

/* The template's beginning: its names and literal text, without separators at the
 * end. What the profile does not allow becomes a dash. */
static void beginning(const struct dk_profile *profile, const char *text, char made[DK_TEMPLATE_TEXT])
{
    static const char *const names[] = {"{SERIES}", "{TENANT}", "{PREFIX}", "{FIELD:"};
    size_t at = 0;
    while (text[at] != 0) {
        size_t bytes = text[at] != '{';
        for (unsigned name = 0; bytes == 0 && name < sizeof names / sizeof names[0]; name++)
            if (strncmp(text + at, names[name], strlen(names[name])) == 0)
                bytes = strcspn(text + at, "}") + 1;
        if (bytes == 0)
            break;
        memcpy(made + at, text + at, bytes);
        if (profile->characters != NULL && (text[at] == '.' || text[at] == '_'))
            made[at] = '-';
        at += bytes;
    }
    while (at > 0 && strchr("-/._", made[at - 1]) != NULL)
        at--;
    made[at] = 0;
}

/* The shape with the beginning in it; false: longer than a template. */
static bool make_template(const char *shape, const char *begins, char made[DK_TEMPLATE_TEXT])
{
    size_t used = 0, bytes = strlen(begins);
    memset(made, 0, DK_TEMPLATE_TEXT);
    for (; *shape != 0; shape++) {
        size_t adds = *shape == '@' ? bytes : 1;
        if (used + adds >= DK_TEMPLATE_TEXT)
            return false;
        memcpy(made + used, *shape == '@' ? begins : shape, adds);
        used += adds;
        if (*shape == '@' && bytes == 0 && strchr("-/", shape[1]) != NULL)
            shape++; /* nothing to set apart */
    }
    return true;
}

/* A policy that may fit: this template, and an end where the profile has one. */
static bool fits(struct dk_policy *policy, const char *tenant, const char *series, char text[DOCKET_TEXT_MAX])
{
    const struct dk_profile *profile = &profiles[policy->profile];
    struct dk_template resolved;
    struct fault fault;
    if (profile->longest != 0 || profile->digits != 0)
        policy->at_end = DK_STOP;
    if (dk_policy_shape(policy, tenant, series, &resolved) != DOCKET_OK || finds(policy, series, &resolved, &fault))
        return false;
    example(&resolved, series, 1, text);
    return true;
}

struct proposals {
    unsigned count;
    size_t used;
    char text[360];
};

static void propose(struct proposals *proposals, const char *what, const char *text)
{
    int bytes = snprintf(proposals->text + proposals->used, sizeof proposals->text - proposals->used, "%s%s (%s)",
                         proposals->count == 0 ? "; what would fit: " : ", ", what, text);
    if (bytes > 0 && (size_t)bytes < sizeof proposals->text - proposals->used) {
        proposals->used += (size_t)bytes;
        proposals->count++;
    }
    proposals->text[proposals->used] = 0;
}

static void propose_shapes(struct proposals *proposals, const struct dk_policy *policy, const char *tenant,
                           const char *series, const char *begins)
{
    char text[DOCKET_TEXT_MAX];
    for (unsigned at = 0; at < SHAPE_COUNT && proposals->count < PROPOSALS_MAX; at++) {
        struct dk_policy tried = *policy;
        if (make_template(shapes[at], begins, tried.template_text) && fits(&tried, tenant, series, text))
            propose(proposals, tried.template_text, text);
    }
}

static void look_for_proposals(struct proposals *proposals, const struct dk_policy *policy, const char *tenant,
                               const char *series)
{
    char text[DOCKET_TEXT_MAX], begins[DK_TEMPLATE_TEXT];
    struct dk_policy tried = *policy;
    if (policy->at_end != DK_STOP && fits(&tried, tenant, series, text)) {
        propose(proposals, "at-end=stop", text);
        return;
    }
    beginning(&profiles[policy->profile], policy->template_text, begins);
    propose_shapes(proposals, policy, tenant, series, begins);
    if (proposals->count == 0 && begins[0] != 0)
        propose_shapes(proposals, policy, tenant, series, "");
}

docket_status dk_profile_check(const struct dk_policy *policy, const char *tenant, const char *series,
                               const struct dk_template *resolved)
{
    const struct dk_profile *profile = &profiles[policy->profile];
    struct proposals proposals = {0};
    struct fault fault;
    if (!finds(policy, series, resolved, &fault))
        return DOCKET_OK;
    if (fault.of_template)
        look_for_proposals(&proposals, policy, tenant, series);
    bool with_end = proposals.count > 0 && policy->at_end != DK_STOP && strstr(proposals.text, "at-end") == NULL;
    return dk_fail(DOCKET_BAD_POLICY, "profile %s (%s) refuses %s: %s%s%s", profile->name, profile->source,
                   fault.of_template ? policy->template_text : "this", fault.why, proposals.text,
                   with_end ? ", with at-end=stop" : "");
}
