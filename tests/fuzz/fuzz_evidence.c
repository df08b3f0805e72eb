/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/template numbering/policy numbering/reason daemon/evidence */
/*
 * Evidence of any bytes: what is taken ascends, names no number twice and comes
 * from a line that is there; a text that a template writes is read back as its
 * number; a reason that passes has no control character.
 */
#include "fuzz.h"

#include "daemon/errand.h"
#include "numbering/reason.h"
#include "numbering/template.h"

void *dk_must_grow(void *old, size_t count, size_t bytes)
{
    void *grown = realloc(old, (count ? count : 1) * bytes);
    MUST(grown != NULL);
    return grown;
}

static void check_evidence(const struct dk_series_record *record, int32_t period, const char *text, size_t bytes)
{
    struct dk_evidence *found = NULL;
    size_t count = 0, lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    if (dk_evidence_read(record, period, text, bytes, &found, &count) != DOCKET_OK) {
        MUST(dk_error_text()[0] != 0);
        return;
    }
    MUST(memchr(text, 0, bytes) == NULL);
    for (size_t i = 0; i < count; i++) {
        MUST(found[i].first >= 1 && found[i].first <= found[i].last && found[i].last <= DOCKET_NUMBER_MAX);
        MUST(found[i].line >= 1 && found[i].line <= lines && (i == 0 || found[i - 1].last < found[i].first));
    }
    free(found);
}

static void check_text(const struct dk_series_record *record, uint64_t number)
{
    struct dk_template template;
    struct dk_rendered rendered;
    struct dk_read_text read;
    char text[DOCKET_TEXT_MAX];
    if (dk_policy_check(&record->policy, record->name) != DOCKET_OK)
        return;
    MUST(dk_template_parse(record->policy.template_text, &template) == DOCKET_OK);
    dk_template_render(&template, record->name, 20261124, &rendered);
    size_t length = dk_rendered_write(&rendered, number, text);
    MUST(dk_template_read(&template, record->name, text, length, &read) && read.number == number);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const templates[] = {"{SERIES}-{YYYY}{MM}{DD}-{N:6}", "{N}", "{YYYY}-{N}", "{YYYY}.{N:3}.{SERIES}"};
    static const int32_t periods[] = {0, 2026, 202611, 20261124};
    struct draw draw = {bytes, size};
    struct dk_series_record record = {.id = 1, .tenant = "acme", .name = "INV"};
    uint64_t choice = draw_number(&draw, 1);
    char reason[220];
    dk_policy_default(&record.policy);
    if (choice & 4)
        draw_text(&draw, record.policy.template_text, sizeof record.policy.template_text);
    else
        snprintf(record.policy.template_text, sizeof record.policy.template_text, "%s", templates[choice & 3]);
    check_text(&record, 1 + draw_number(&draw, 6) % DOCKET_NUMBER_MAX);
    draw_text(&draw, reason, sizeof reason);
    if (dk_reason_check(reason) == DOCKET_OK)
        for (size_t i = 0; reason[i] != 0; i++)
            MUST((unsigned char)reason[i] >= ' ' && reason[i] != 0x7f);
    char *text = malloc(draw.left + 1); /* of exactly its size: what goes beyond is seen */
    MUST(text != NULL);
    size_t left = draw.left;
    draw_bytes(&draw, text, left);
    check_evidence(&record, periods[choice >> 3 & 3], text, left);
    free(text);
    return 0;
}
