/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/template daemon/admin/evidence */
/*
 * Evidence of any bytes: what is taken ascends, names no number twice and comes
 * from a line that is there; a text that a template writes is read back as its
 * number; a reason that passes has no control character.
 */
#include "fuzz.h"

#include "daemon/admin/errand.h"
#include "numbering/period.h"
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

/* A document number that the series writes in the period is its evidence, unless its
 * digits say something else too. */
static void check_text(const struct dk_series_record *record, uint64_t number, uint32_t date)
{
    struct dk_template resolved;
    struct dk_rendered rendered;
    struct dk_span span;
    struct dk_evidence *found = NULL;
    size_t count = 0;
    char text[DOCKET_TEXT_MAX];
    if (dk_policy_check(record->policy, record->tenant, record->name, &resolved) != DOCKET_OK)
        return;
    dk_template_render(&resolved, record->name, date, &rendered);
    size_t length = dk_rendered_write(&rendered, number, text);
    dk_span_of_date((enum dk_restart)record->policy->restart, &record->policy->fiscal, date, &span);
    if (dk_evidence_read(record, span.label, text, length, &found, &count) != DOCKET_OK) {
        MUST(strstr(dk_error_text(), "it can be read as a ") != NULL);
        return;
    }
    MUST(count == 1 && found[0].first == number && found[0].last == number);
    free(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const templates[] = {"{SERIES}-{YYYY}{MM}{DD}-{N:6}", "{N}", "{YYYY}-{N}", "{YYYY}.{N:3}.{SERIES}"};
    static const int32_t periods[] = {0, 2026, 202611, 20261124};
    struct draw draw = {bytes, size};
    struct dk_policy policies[2];
    struct dk_series_record record = {.id = 1, .tenant = "acme", .name = "INV", .policy = &policies[0]};
    uint64_t choice = draw_number(&draw, 1);
    char reason[220];
    for (int i = 0; i < 2; i++) {
        dk_policy_default(&policies[i]);
        policies[i].restart = (uint8_t)((choice >> 5) % DK_RESTART_COUNT);
        if (choice & 4)
            draw_text(&draw, policies[i].template_text, sizeof policies[i].template_text);
        else
            snprintf(policies[i].template_text, sizeof policies[i].template_text, "%s", templates[(choice + (unsigned)i) & 3]);
    }
    uint64_t number = draw_number(&draw, 6) % DOCKET_NUMBER_MAX;
    check_text(&record, 1 + number, dk_date_add(DK_DATE_FIRST, (int32_t)(number % 36159)));
    record.next = choice & 16 ? &policies[1] : NULL;
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
