/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "../progress.h"
#include "source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Rows of the plan by a hash; several may have one. */
struct table {
    struct entry {
        uint64_t hash;
        size_t row; /* from 1; 0: none here */
    } *entries;
    size_t room; /* a power of two */
};

struct checking {
    const struct cli *cli;
    const struct plan *plan;
    const char *plan_name;
    struct known *known;
    struct checked *checked;
    struct table by_old, by_new, by_text; /* (tenant, id, old), (tenant, id, new), (tenant, new folded) */
    uint8_t *seen; /* how often each row of the plan was seen; 2 stands for more */
    /* The first new number that another row has. */
    const struct plan_row *taken;
    char taken_by[128];
    struct progress progress;
    bool same_data;
};

/* ---- tables ---- */

static bool make_table(struct table *table, size_t rows)
{
    table->room = 64;
    while (table->room < rows * 2 + 1)
        table->room *= 2;
    table->entries = calloc(table->room, sizeof *table->entries);
    return table->entries != NULL;
}

static void put(struct table *table, uint64_t hash, size_t row)
{
    size_t at = hash & (table->room - 1);
    while (table->entries[at].row != 0)
        at = (at + 1) & (table->room - 1);
    table->entries[at] = (struct entry){hash, row + 1};
}

/* The next row with this hash from *at on, which is moved behind it; NULL at the end. */
static const struct plan_row *next_of(const struct table *table, const struct plan *plan, uint64_t hash, size_t *at)
{
    while (table->entries[*at].row != 0) {
        const struct entry *entry = &table->entries[*at];
        *at = (*at + 1) & (table->room - 1);
        if (entry->hash == hash)
            return &plan->rows[entry->row - 1];
    }
    return NULL;
}

static size_t first_of(const struct table *table, uint64_t hash)
{
    return hash & (table->room - 1);
}

static struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

static bool is_text(struct span span, const char *text)
{
    return strlen(text) == span.bytes && (span.bytes == 0 || memcmp(span.text, text, span.bytes) == 0);
}

static uint64_t row_hash(struct span tenant, struct span id, struct span number)
{
    return plan_hash(tenant.text, tenant.bytes, id.text, id.bytes) * 31 + plan_hash("", 0, number.text, number.bytes);
}

static uint64_t text_hash(struct span tenant, struct span number)
{
    return plan_hash(tenant.text, tenant.bytes, number.text, number.bytes);
}

/* ---- the plan by itself ---- */

static int refuse_line(const struct checking *checking, const struct plan_row *row, const char *why)
{
    return cli_fail(checking->cli, DOCKET_BAD_ARGUMENT, "%s, line %" PRIu64 ": %s; nothing was done", checking->plan_name, row->line,
                    why);
}

static int add_row(struct checking *checking, size_t at)
{
    const struct plan *plan = checking->plan;
    const struct plan_row *row = &plan->rows[at], *other;
    struct span tenant = span_of(row->tenant), id = span_of(row->id), old = span_of(row->number), new_number = span_of(row->new_number);
    uint64_t by_old = row_hash(tenant, id, old), by_text = text_hash(tenant, new_number);
    char why[160];
    size_t place = first_of(&checking->by_old, by_old);
    while ((other = next_of(&checking->by_old, plan, by_old, &place)) != NULL)
        if (strcmp(other->tenant, row->tenant) == 0 && strcmp(other->id, row->id) == 0 && strcmp(other->number, row->number) == 0) {
            snprintf(why, sizeof why, "the row gets a new number in line %" PRIu64 " too", other->line);
            return refuse_line(checking, row, why);
        }
    place = first_of(&checking->by_text, by_text);
    while ((other = next_of(&checking->by_text, plan, by_text, &place)) != NULL)
        if (strcmp(other->tenant, row->tenant) == 0 && plan_same_folded(other->new_number, row->new_number)) {
            snprintf(why, sizeof why, "the new number is that of line %" PRIu64 " too", other->line);
            return refuse_line(checking, row, why);
        }
    put(&checking->by_old, by_old, at);
    put(&checking->by_new, row_hash(tenant, id, new_number), at);
    put(&checking->by_text, by_text, at);
    return CLI_DONE;
}

static int prepare(struct checking *checking)
{
    const struct plan *plan = checking->plan;
    int code = CLI_DONE;
    checking->seen = calloc(plan->count + 1, 1);
    checking->checked->done = calloc(plan->count + 1, 1);
    if (checking->seen == NULL || checking->checked->done == NULL || !make_table(&checking->by_old, plan->count) ||
        !make_table(&checking->by_new, plan->count) || !make_table(&checking->by_text, plan->count))
        return cli_fail(checking->cli, DOCKET_NO_MEMORY, "no memory for a plan of %zu rows", plan->count);
    for (size_t i = 0; code == CLI_DONE && i < plan->count; i++)
        if (plan->rows[i].what == PLAN_RENUMBER)
            code = add_row(checking, i);
    return code;
}

/* ---- the source ---- */

static void see(struct checking *checking, const struct plan_row *row, bool done)
{
    size_t at = (size_t)(row - checking->plan->rows);
    checking->seen[at] = (uint8_t)(checking->seen[at] < 2 ? checking->seen[at] + 1 : 2);
    checking->checked->done[at] = done;
}

static const struct plan_row *find_row(struct checking *checking, const struct legacy_row *row, bool with_new)
{
    const struct table *table = with_new ? &checking->by_new : &checking->by_old;
    uint64_t hash = row_hash(row->tenant, row->id, row->number);
    size_t at = first_of(table, hash);
    const struct plan_row *found;
    while ((found = next_of(table, checking->plan, hash, &at)) != NULL)
        if (is_text(row->tenant, found->tenant) && is_text(row->id, found->id) &&
            is_text(row->number, with_new ? found->new_number : found->number))
            return found;
    return NULL;
}

static void find_taken(struct checking *checking, const struct legacy_row *row)
{
    uint64_t hash = text_hash(row->tenant, row->number);
    size_t at = first_of(&checking->by_text, hash);
    const struct plan_row *found;
    while ((found = next_of(&checking->by_text, checking->plan, hash, &at)) != NULL)
        if (is_text(row->tenant, found->tenant) && row->number.bytes == strlen(found->new_number) &&
            (checking->taken == NULL || found->line < checking->taken->line)) {
            checking->taken = found;
            snprintf(checking->taken_by, sizeof checking->taken_by, "row %" PRIu64 " of the source, id %.*s", row->line,
                     (int)(row->id.bytes < 60 ? row->id.bytes : 60), row->id.bytes > 0 ? row->id.text : "-");
        }
}

static void look_at(struct checking *checking, struct legacy_source *source, const struct legacy_row *row)
{
    const struct plan_row *found = find_row(checking, row, true);
    if (found != NULL) {
        see(checking, found, true);
        legacy_digest_as(source, row, span_of(found->number));
        return;
    }
    if (row->number.bytes > 0)
        find_taken(checking, row);
    found = find_row(checking, row, false);
    if (found != NULL)
        see(checking, found, false);
}

static char *copy_name(const struct legacy_source *source, const char *what)
{
    const char *name = legacy_column(source, what);
    return name != NULL ? strdup(name) : NULL;
}

static void keep_names(struct checked *checked, const struct legacy_source *source)
{
    checked->id = copy_name(source, "id");
    checked->tenant = copy_name(source, "tenant");
    checked->number = copy_name(source, "number");
    checked->has_tenant = legacy_has(source, "tenant");
}

int check_names(const struct cli *cli, const char *name, struct checked *checked)
{
    struct legacy_source *source = NULL;
    int code = legacy_open(cli, name, &source);
    if (code == CLI_DONE)
        keep_names(checked, source);
    legacy_close(source);
    return code;
}

static int read_source(struct checking *checking, const char *name)
{
    uint8_t digest[LEGACY_DIGEST_BYTES];
    char text[2 * LEGACY_DIGEST_BYTES + 1] = "";
    struct legacy_source *source = NULL;
    struct legacy_row row;
    int code = legacy_open(checking->cli, name, &source), got;
    if (code != CLI_DONE)
        return code;
    legacy_want_digest(source);
    progress_begin(&checking->progress, checking->cli, "rows read");
    while ((got = legacy_next(source, &row)) == 1) {
        checking->checked->source_rows++;
        look_at(checking, source, &row);
        progress_step(&checking->progress);
    }
    progress_end(&checking->progress);
    code = got < 0 ? legacy_code(source) : CLI_DONE;
    if (checking->checked->id == NULL) /* check_names() may have them */
        keep_names(checking->checked, source);
    legacy_digest(source, digest);
    legacy_close(source);
    legacy_digest_text(digest, text);
    checking->same_data = strcmp(text, checking->plan->digest) == 0;
    return code;
}

/* ---- the verdict ---- */

static int refuse_changed(const struct checking *checking)
{
    const struct plan *plan = checking->plan;
    const struct plan_row *gone = NULL;
    char more[400] = "";
    for (size_t i = 0; gone == NULL && i < plan->count; i++)
        if (plan->rows[i].what == PLAN_RENUMBER && checking->seen[i] == 0)
            gone = &plan->rows[i];
    if (gone != NULL)
        snprintf(more, sizeof more, " Of line %" PRIu64 " neither %.100s nor %.100s is there with id %.60s.", gone->line, gone->number,
                 gone->new_number, gone->id);
    cli_no(checking->cli, DOCKET_REFUSED,
                    "the data changed since %s was made (%" PRIu64 " rows then, %" PRIu64
                    " now), or is read by other --columns, --query or --tenant.%s Nothing was done; make a new plan",
                    checking->plan_name, plan->source_rows, checking->checked->source_rows, more);
    return CLI_REFUSED;
}

static int judge(const struct checking *checking)
{
    const struct plan *plan = checking->plan;
    char why[400];
    if (!checking->same_data)
        return refuse_changed(checking);
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_row *row = &plan->rows[i];
        if (row->what != PLAN_RENUMBER || checking->seen[i] == 1)
            continue;
        snprintf(why, sizeof why, "%s has id %.100s and number %.100s", checking->seen[i] == 0 ? "no row of the source" : "more than one row",
                 row->id, row->number);
        return refuse_line(checking, row, why);
    }
    if (checking->taken == NULL)
        return CLI_DONE;
    snprintf(why, sizeof why, "the new number %.100s is in the data already: %s", checking->taken->new_number, checking->taken_by);
    return refuse_line(checking, checking->taken, why);
}

static void count(struct checking *checking)
{
    for (size_t i = 0; i < checking->plan->count; i++) {
        if (checking->plan->rows[i].what != PLAN_RENUMBER)
            continue;
        checking->checked->already += checking->checked->done[i];
        checking->checked->waiting += !checking->checked->done[i];
    }
}

/* A number that docket itself could give, or has given, is no number for the old system. */
static int ask_docket(struct checking *checking)
{
    const struct plan *plan = checking->plan;
    struct known *known = checking->known;
    for (size_t i = 0; known->of_realm && i < plan->count; i++) {
        const struct plan_row *row = &plan->rows[i];
        struct docket_reading reading;
        char name[2 * DOCKET_NAME_MAX + 2];
        if (row->what != PLAN_RENUMBER || checking->checked->done[i] ||
            docket_reader_read(known->reader, row->tenant, row->new_number, strlen(row->new_number), &reading) != DOCKET_OK)
            continue;
        snprintf(name, sizeof name, "%s/%s", reading.tenant, reading.series);
        int code = known_ask(known, name);
        if (code != CLI_DONE)
            return code;
        if (!known_gives(known, reading.tenant, reading.series, reading.period))
            continue;
        cli_no(checking->cli, DOCKET_REFUSED,
                            "%s, line %" PRIu64 ": docket itself gives numbers of %s in the period of %s, and could give this one; "
                            "nothing was done; make a new plan",
                            checking->plan_name, row->line, name, row->new_number);
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

int check_plan(const struct cli *cli, const struct plan *plan, const char *plan_name, const char *source, struct known *known,
               struct checked *checked)
{
    struct checking checking = {.cli = cli, .plan = plan, .plan_name = plan_name, .known = known, .checked = checked};
    int code = prepare(&checking);
    if (code == CLI_DONE)
        code = read_source(&checking, source);
    if (code == CLI_DONE)
        code = judge(&checking);
    if (code == CLI_DONE)
        count(&checking);
    if (code == CLI_DONE)
        code = ask_docket(&checking);
    free(checking.by_old.entries);
    free(checking.by_new.entries);
    free(checking.by_text.entries);
    free(checking.seen);
    return code;
}

void checked_drop(struct checked *checked)
{
    free(checked->done);
    free(checked->id);
    free(checked->tenant);
    free(checked->number);
    *checked = (struct checked){0};
}
