/* SPDX-License-Identifier: MIT */
#include "plan.h"

#include <inttypes.h>
#include <sha2.h>
#include <stdarg.h>
#include <string.h>

const char *const plan_columns[PLAN_COLUMNS] = {"group", "do", "tenant", "id", "date", "number", "new", "why"};
const char *const plan_words[] = {[PLAN_KEEP] = "keep", [PLAN_RENUMBER] = "renumber", [PLAN_LEFT] = "left"};

struct writing {
    FILE *to;
    SHA2_CTX sum; /* of every byte so far */
};

static void put(struct writing *writing, const char *text, size_t bytes)
{
    fwrite(text, 1, bytes, writing->to);
    SHA256Update(&writing->sum, (const uint8_t *)text, bytes);
}

static void put_text(struct writing *writing, const char *text)
{
    put(writing, text, strlen(text));
}

static void put_line(struct writing *writing, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line of the head: what would end it is a '?'. */
static void put_line(struct writing *writing, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    for (char *c = line; *c != '\0'; c++)
        if ((unsigned char)*c < ' ')
            *c = '?';
    put_text(writing, line);
    put_text(writing, "\n");
}

static void put_cell(struct writing *writing, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL && text[0] != '#') {
        put_text(writing, text);
        return;
    }
    put_text(writing, "\"");
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        put(writing, text, (size_t)(quote + 1 - text));
        put_text(writing, "\"");
    }
    put_text(writing, text);
    put_text(writing, "\"");
}

static void put_row(struct writing *writing, const char *const *cells)
{
    for (size_t i = 0; i < PLAN_COLUMNS; i++) {
        if (i > 0)
            put_text(writing, ",");
        put_cell(writing, cells[i]);
    }
    put_text(writing, "\n");
}

static void put_head(struct writing *writing, const struct plan *plan)
{
    static const char *const with[] = {
        [PLAN_WITH_EITHER] = "the next numbers where the text fits a series; else a suffix",
        [PLAN_WITH_NUMBERS] = "the next numbers",
        [PLAN_WITH_SUFFIX] = "a suffix"};
    put_line(writing, "# docket fix plan %d", PLAN_VERSION);
    put_line(writing, "# source: %s", plan->source);
    put_line(writing, "# rows: %" PRIu64, plan->source_rows);
    put_line(writing, "# digest: %s", plan->digest);
    put_line(writing, "# rule: the oldest row of a group keeps its number: by date and then id");
    if (plan->twice)
        put_line(writing, "# a group: also other texts of one number of a series and period");
    put_line(writing, "# the others get: %s", with[plan->with]);
    put_line(writing, "# groups: %" PRIu64, plan->groups);
    put_line(writing, "# renumbered: %" PRIu64, plan->renumbered);
    put_line(writing, "# left as they are: %" PRIu64, plan->left);
    for (size_t i = 0; i < plan->use_count; i++) {
        const struct plan_use *use = &plan->uses[i];
        put_line(writing, "# uses: %s/%s/%s %" PRIu64 " to %" PRIu64 ": import them before docket gives numbers of it",
                 use->tenant, use->series, use->period_text, use->first, use->last);
    }
}

static void put_end(struct writing *writing)
{
    char sum[SHA256_DIGEST_STRING_LENGTH];
    SHA256End(&writing->sum, sum);
    fprintf(writing->to, "# sha256: %s\n", sum);
}

bool plan_write(const struct plan *plan, FILE *to)
{
    struct writing writing = {.to = to};
    SHA256Init(&writing.sum);
    put_head(&writing, plan);
    put_row(&writing, plan_columns);
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_row *row = &plan->rows[i];
        char group[24] = "";
        if (row->group != 0)
            snprintf(group, sizeof group, "%" PRIu64, row->group);
        put_row(&writing, (const char *const[PLAN_COLUMNS]){group, plan_words[row->what], row->tenant, row->id, row->date,
                                                            row->number, row->new_number, row->why});
    }
    put_end(&writing);
    return fflush(to) == 0 && !ferror(to);
}
