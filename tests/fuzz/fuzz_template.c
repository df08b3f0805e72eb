/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/period numbering/policy numbering/template */
/*
 * Templates: whatever parses is rendered within its stated size, is read back
 * to its number, and never gives one text to two numbers of a series.
 */
#include "fuzz.h"

#include "numbering/period.h"
#include "numbering/template.h"

static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static void draw_name(struct draw *draw, char *name)
{
    char raw[DOCKET_NAME_MAX + 8];
    draw_text(draw, raw, sizeof raw);
    size_t length = strlen(raw);
    bool sound = length >= 1 && length <= DOCKET_NAME_MAX && strspn(raw, safe) == length &&
                 strchr("._-", raw[0]) == NULL;
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

/* Into memory of exactly the size that was promised. */
static char *render(const struct dk_template *parsed, const char *series, int64_t utc_s, uint64_t number)
{
    struct dk_rendered rendered;
    size_t room = dk_template_size(parsed, series);
    char *text = malloc(room);
    dk_template_render(parsed, series, dk_day_date(utc_s), &rendered);
    MUST(text != NULL && rendered.width <= 15);
    memset(text, 'x', room);
    size_t length = dk_rendered_write(&rendered, number, text);
    MUST(length < room && room <= DOCKET_TEXT_MAX && text[length] == 0 && strlen(text) == length);
    for (size_t i = 0; i < length; i++)
        MUST(strchr(safe, text[i]) != NULL || text[i] == '/');
    /* Read back: prefix, digits, suffix. */
    char digits[32] = "";
    size_t middle = length - rendered.prefix_bytes - rendered.suffix_bytes;
    MUST(middle >= 1 && middle <= 15 && middle >= rendered.width);
    MUST(memcmp(text, rendered.prefix, rendered.prefix_bytes) == 0);
    MUST(memcmp(text + length - rendered.suffix_bytes, rendered.suffix, rendered.suffix_bytes) == 0);
    memcpy(digits, text + rendered.prefix_bytes, middle);
    MUST(strspn(digits, "0123456789") == middle && strtoull(digits, NULL, 10) == number);
    return text;
}

static void compare(const struct dk_policy *policy, const struct dk_template *parsed, const char *series,
                    const int64_t utc_s[2], const uint64_t number[2])
{
    struct dk_period period[2];
    char *text[2];
    for (int i = 0; i < 2; i++) {
        dk_period_at((enum dk_restart)policy->restart, utc_s[i], &period[i]);
        text[i] = render(parsed, series, utc_s[i], number[i]);
    }
    if (number[0] != number[1] || period[0].label != period[1].label)
        MUST(strcmp(text[0], text[1]) != 0);
    free(text[0]);
    free(text[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    struct dk_template parsed, untouched;
    struct dk_policy policy;
    char series[DOCKET_NAME_MAX + 1], text[80];
    int64_t utc_s[2];
    uint64_t number[2];
    dk_policy_default(&policy);
    policy.order = (uint8_t)draw_number(&draw, 1) % 3;
    policy.restart = (uint8_t)draw_number(&draw, 1) % 5;
    policy.window = (uint32_t)draw_number(&draw, 3);
    for (int i = 0; i < 2; i++) {
        utc_s[i] = (int64_t)(draw_number(&draw, 3) * 86400 / 4);
        number[i] = draw_number(&draw, 7) % (DOCKET_NUMBER_MAX + 1);
    }
    draw_name(&draw, series);
    draw_text(&draw, text, sizeof text);
    memset(&parsed, 0x5a, sizeof parsed);
    memset(&untouched, 0x5a, sizeof untouched);
    docket_status status = dk_template_parse(text, &parsed);
    MUST(status == DOCKET_OK || status == DOCKET_BAD_POLICY);
    if (status != DOCKET_OK) {
        MUST(memcmp(&parsed, &untouched, sizeof parsed) == 0 && dk_error_text()[0] != 0);
        return 0;
    }
    MUST(strlen(text) <= 64);
    memcpy(policy.template_text, text, strlen(text) + 1);
    if (dk_policy_check(&policy, series) != DOCKET_OK)
        return 0;
    MUST(policy.order < DK_ORDER_COUNT && policy.restart < DK_RESTART_COUNT && policy.window >= DK_WINDOW_MIN &&
         policy.window <= DK_WINDOW_MAX);
    compare(&policy, &parsed, series, utc_s, number);
    number[1] = number[0]; /* the same number in two periods, another number on one day */
    compare(&policy, &parsed, series, utc_s, number);
    number[1] = number[0] / 10;
    utc_s[1] = utc_s[0];
    compare(&policy, &parsed, series, utc_s, number);
    return 0;
}
