/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/template */
/*
 * Forms of any 64 bytes, as another process could write them: what is taken is what
 * would be packed, its text parses to the same, and it renders within its size.
 */
#include "fuzz.h"

#include "numbering/template.h"

static void check_text(const struct dk_template *resolved, uint32_t date, uint64_t number)
{
    struct dk_rendered rendered;
    struct dk_read_text read;
    size_t room = dk_template_size(resolved, "INV", number);
    if (dk_template_size(resolved, "INV", DOCKET_NUMBER_MAX) > DOCKET_TEXT_MAX)
        return;
    char *text = malloc(room);
    MUST(text != NULL);
    dk_template_render(resolved, "INV", date, &rendered);
    size_t length = dk_rendered_write(&rendered, number, text);
    MUST(length + 1 == room && text[length] == 0);
    MUST(dk_template_read(resolved, "INV", text, length, &read) && read.number == number);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    struct dk_form form, packed;
    struct dk_template resolved, untouched, parsed;
    memset(&resolved, 0x5a, sizeof resolved);
    memset(&untouched, 0x5a, sizeof untouched);
    uint32_t date = dk_date_add(DK_DATE_FIRST, (int32_t)(draw_number(&draw, 3) % 36159));
    uint64_t number = 1 + draw_number(&draw, 7) % DOCKET_NUMBER_MAX;
    draw_bytes(&draw, &form, sizeof form);
    if (!dk_form_unpack(&form, &resolved)) {
        MUST(memcmp(&resolved, &untouched, sizeof resolved) == 0);
        return 0;
    }
    dk_form_pack(&resolved, &packed);
    MUST(memcmp(&packed, &form, sizeof form) == 0);
    MUST(memchr(resolved.text, 0, sizeof resolved.text) != NULL && resolved.count <= DK_PIECES_MAX);
    if (strlen(resolved.text) < DK_TEMPLATE_TEXT) {
        const struct dk_texts plain = {"t", "", ""};
        struct dk_template again;
        MUST(dk_template_parse(resolved.text, &parsed) == DOCKET_OK);
        MUST(dk_template_resolve(&parsed, &plain, &resolved.fiscal, &again) == DOCKET_OK);
        MUST(memcmp(&again, &resolved, sizeof again) == 0);
    }
    check_text(&resolved, date, number);
    return 0;
}
