/* SPDX-License-Identifier: MIT */
/* links: tools:legacy/arena tools:legacy/plan_index tools:legacy/plan_decide tools:legacy/plan_write tools:legacy/plan_read */
/* libs: md */
/*
 * A plan of any bytes: what is refused has a line of the text and a sentence; what is taken gives no row a new number
 * without an id and an old one, and is the same plan once it was written and read again, no longer edited.
 */
#include "fuzz.h"

#include "../../tools/legacy/plan.h"

static void check_fault(const struct plan_fault *fault, const char *text, size_t bytes)
{
    uint64_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    MUST(fault->line <= lines && fault->text[0] != '\0');
}

static void check_row(const struct plan_row *row, const struct plan_row *back)
{
    MUST(row->what <= PLAN_LEFT && row->line >= 1);
    MUST((row->what == PLAN_RENUMBER) == (row->new_number[0] != '\0'));
    if (row->what == PLAN_RENUMBER)
        MUST(row->id[0] != '\0' && row->number[0] != '\0' && strcmp(row->number, row->new_number) != 0);
    MUST(row->what == back->what && strcmp(row->tenant, back->tenant) == 0 && strcmp(row->id, back->id) == 0 &&
         strcmp(row->number, back->number) == 0 && strcmp(row->new_number, back->new_number) == 0);
}

static void check_again(struct plan *plan)
{
    struct plan back = {0};
    struct plan_fault fault = {0};
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    MUST(to != NULL && plan_write(plan, to) && fclose(to) == 0);
    MUST(plan_read(&back, text, bytes, &fault) && !back.edited && back.count == plan->count);
    for (size_t i = 0; i < plan->count; i++)
        check_row(&plan->rows[i], &back.rows[i]);
    plan_drop(&back);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plan plan = {0};
    struct plan_fault fault = {0};
    char *text = malloc(size + 1); /* exactly as much as it may read */
    MUST(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    if (plan_read(&plan, text, size, &fault))
        check_again(&plan);
    else
        check_fault(&fault, text, size);
    plan_drop(&plan);
    free(text);
    return 0;
}
