/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/template */
/*
 * Templates: what is refused is refused with a caret and changes nothing; whatever
 * parses is rendered within its stated size, is read back to its number and date,
 * and never gives one text to two numbers of a series. Any text that is read is
 * what would be written.
 */
#include "fuzz.h"

#include "numbering/period.h"
#include "numbering/policy.h"
#include "numbering/template.h"

#include <strings.h>

static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/";

static void draw_name(struct draw *draw, char *name)
{
    char raw[DOCKET_NAME_MAX + 8];
    draw_text(draw, raw, sizeof raw);
    size_t length = strlen(raw);
    bool sound = length >= 1 && length <= DOCKET_NAME_MAX && strspn(raw, safe) == length &&
                 strchr("._-/", raw[0]) == NULL && strchr(raw, '/') == NULL;
    MUST((dk_name_check("series", raw) == DOCKET_OK) == sound);
    if (sound) {
        memcpy(name, raw, length + 1);
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < length && kept < DOCKET_NAME_MAX; i++)
        name[kept++] = safe[(unsigned char)raw[i] % 62];
    name[kept] = 0;
    if (kept == 0)
        memcpy(name, "S", 2);
}

/* A sentence with a position, and two lines below it. */
static void check_refusal(const void *made, const void *untouched, size_t size)
{
    const char *error = dk_error_text(), *first = strchr(error, '\n'), *second = first != NULL ? strchr(first + 1, '\n') : NULL;
    MUST(memcmp(made, untouched, size) == 0);
    MUST(second != NULL && strchr(second + 1, '\n') == NULL && error[strlen(error) - 1] == '^');
    MUST(strstr(error, ", character ") != NULL && strlen(error) < 512);
    for (const char *at = error; *at != 0; at++)
        MUST((*at >= ' ' && *at <= '~') || *at == '\n');
}

static bool same_text(const struct dk_template *resolved, const char *series, const char *text, size_t length,
                      const struct dk_read_text *read)
{
    struct dk_rendered rendered;
    char again[DOCKET_TEXT_MAX];
    dk_template_render(resolved, series, read->date, &rendered);
    return dk_rendered_write(&rendered, read->number, again) == length && memcmp(again, text, length) == 0;
}

/* Into memory of exactly the size that was promised, and back. */
static char *render(const struct dk_template *resolved, const char *series, uint32_t date, uint64_t number)
{
    struct dk_rendered rendered;
    struct dk_read_text read;
    size_t room = dk_template_size(resolved, series, number);
    char *text = malloc(room);
    dk_template_render(resolved, series, date, &rendered);
    MUST(text != NULL);
    memset(text, 'x', room);
    size_t length = dk_rendered_write(&rendered, number, text);
    MUST(length + 1 == room && room <= DOCKET_TEXT_MAX && text[length] == 0 && strspn(text, safe) == length);
    MUST(dk_template_read(resolved, series, text, length, &read) && read.number == number);
    MUST(resolved->dated ? dk_date_supported(read.date) && read.date <= date : read.date == 0);
    MUST(same_text(resolved, series, text, length, &read));
    return text;
}

static void read_anything(struct draw *draw, const struct dk_template *resolved, const char *series)
{
    size_t length = draw->left;
    char *text = malloc(length + 1); /* of its size: what goes beyond is seen */
    struct dk_read_text read;
    MUST(text != NULL);
    draw_bytes(draw, text, length);
    if (dk_template_read(resolved, series, text, length, &read))
        MUST(same_text(resolved, series, text, length, &read));
    free(text);
}

static void check_form(const struct dk_template *resolved)
{
    struct dk_form form, second;
    struct dk_template again, parsed;
    const struct dk_texts plain = {"t", "", ""};
    dk_form_pack(resolved, &form);
    MUST(dk_form_unpack(&form, &again) && memcmp(&again, resolved, sizeof again) == 0);
    if (strlen(resolved->text) >= DK_TEMPLATE_TEXT)
        return;
    MUST(dk_template_parse(resolved->text, &parsed) == DOCKET_OK);
    MUST(dk_template_resolve(&parsed, &plain, &resolved->fiscal, &again) == DOCKET_OK);
    dk_form_pack(&again, &second);
    MUST(memcmp(&form, &second, sizeof form) == 0);
}

static void compare(const struct dk_policy *policy, const struct dk_template *resolved, const char *series,
                    const uint32_t date[2], const uint64_t number[2])
{
    struct dk_span span[2];
    char *text[2];
    for (int i = 0; i < 2; i++) {
        dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, date[i], &span[i]);
        text[i] = render(resolved, series, date[i], number[i]);
    }
    if (number[0] != number[1] || span[0].label != span[1].label)
        MUST(strcasecmp(text[0], text[1]) != 0);
    free(text[0]);
    free(text[1]);
}

static void draw_policy(struct draw *draw, struct dk_policy *policy)
{
    dk_policy_default(policy);
    policy->restart = (uint8_t)(draw_number(draw, 1) % DK_RESTART_COUNT);
    uint64_t fiscal = draw_number(draw, 2);
    policy->fiscal.rule = (uint8_t)(fiscal % DK_FISCAL_RULE_COUNT);
    policy->fiscal.month = (uint8_t)((fiscal >> 4) % 12);
    policy->fiscal.weekday = policy->fiscal.rule == DK_FISCAL_MONTH ? 0 : (uint8_t)((fiscal >> 8) % 7);
    draw_text(draw, policy->prefix, sizeof policy->prefix);
    draw_text(draw, policy->fields, sizeof policy->fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    struct dk_template parsed, resolved, untouched;
    struct dk_policy policy;
    char series[DOCKET_NAME_MAX + 1], text[80];
    uint32_t date[2];
    uint64_t number[2];
    memset(&untouched, 0x5a, sizeof untouched);
    parsed = resolved = untouched;
    draw_policy(&draw, &policy);
    for (int i = 0; i < 2; i++) {
        date[i] = dk_date_add(DK_DATE_FIRST, (int32_t)(draw_number(&draw, 3) % 36159));
        number[i] = 1 + draw_number(&draw, 7) % DOCKET_NUMBER_MAX;
    }
    draw_name(&draw, series);
    draw_text(&draw, text, sizeof text);
    docket_status status = dk_template_parse(text, &parsed);
    MUST(status == DOCKET_OK || status == DOCKET_BAD_POLICY);
    if (status != DOCKET_OK) {
        check_refusal(&parsed, &untouched, sizeof parsed);
        return 0;
    }
    MUST(strlen(text) < DK_TEMPLATE_TEXT);
    memset(policy.template_text, 0, sizeof policy.template_text);
    memcpy(policy.template_text, text, strlen(text));
    struct dk_texts texts = {"acme", policy.prefix, policy.fields};
    status = dk_template_resolve(&parsed, &texts, &policy.fiscal, &resolved);
    MUST(status == DOCKET_OK || status == DOCKET_BAD_POLICY);
    if (status != DOCKET_OK) {
        check_refusal(&resolved, &untouched, sizeof resolved);
        return 0;
    }
    check_form(&resolved);
    if (dk_template_size(&resolved, series, DOCKET_NUMBER_MAX) > DOCKET_TEXT_MAX)
        return 0;
    free(render(&resolved, series, date[0], number[0]));
    read_anything(&draw, &resolved, series);
    if (dk_policy_check(&policy, "acme", series, NULL) != DOCKET_OK)
        return 0;
    compare(&policy, &resolved, series, date, number);
    number[1] = number[0]; /* the same number in two periods, another number on one day */
    compare(&policy, &resolved, series, date, number);
    number[1] = number[0] >= 10 ? number[0] / 10 : 1;
    date[1] = date[0];
    compare(&policy, &resolved, series, date, number);
    return 0;
}
