/* SPDX-License-Identifier: MIT */
#include "run.h"

#include "../progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef void (*put_statement)(FILE *to, const struct sql_table *table, const struct plan_row *row);

static void put_begin(FILE *to, const struct sql_table *table, const struct plan_row *row)
{
    (void)row;
    sql_begin(to, table);
}

static void put_lock(FILE *to, const struct sql_table *table, const struct plan_row *row)
{
    (void)row;
    sql_lock(to, table);
}

static void put_commit(FILE *to, const struct sql_table *table, const struct plan_row *row)
{
    (void)table, (void)row;
    fputs("COMMIT", to);
}

/* The statement as a text of its own; NULL when it has said why not. */
static char *text_of(const struct run *run, put_statement put, const struct plan_row *row)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    if (to != NULL) {
        put(to, run->table, row);
        if (fclose(to) == 0)
            return text;
    }
    free(text);
    cli_fail(run->cli, DOCKET_NO_MEMORY, "no memory for a statement");
    return NULL;
}

/* CLI_DONE, or it has said why. */
static int run_statement(struct run *run, put_statement put, const struct plan_row *row, uint64_t *changed)
{
    char *text = text_of(run, put, row);
    if (text == NULL)
        return cli_exit_of(DOCKET_NO_MEMORY);
    int code = text[0] == '\0' || database_run(run->database, text, changed) == 0 ? CLI_DONE : database_code(run->database);
    free(text);
    return code;
}

int run_begin(const struct cli *cli, const char *source, const struct sql_table *table, struct run *run)
{
    uint64_t changed;
    *run = (struct run){.cli = cli, .table = table};
    int code = database_open(cli, source, true, &run->database);
    if (code == CLI_DONE)
        code = run_statement(run, put_begin, NULL, &changed);
    if (code == CLI_DONE)
        code = run_statement(run, put_lock, NULL, &changed);
    return code;
}

static int change_row(struct run *run, const struct plan_row *row)
{
    uint64_t changed = 0;
    int code = run_statement(run, sql_update, row, &changed);
    if (code == CLI_DONE && changed == 1)
        return CLI_DONE;
    if (code == CLI_DONE)
        cli_no(run->cli, DOCKET_REFUSED, "line %" PRIu64 " of the plan, id %.60s: the statement would change %" PRIu64
                                         " rows, and not one; nothing was changed, for this row or any other", row->line, row->id, changed);
    else
        cli_note(run->cli, "that was line %" PRIu64 " of the plan, id %.60s; nothing was changed, for this row or any other", row->line,
                 row->id);
    return code == CLI_DONE ? CLI_REFUSED : code;
}

/* How many rows have this id and the new number; -1 when it has said why nobody knows. */
static int64_t count_new(struct run *run, const struct plan_row *row)
{
    static const size_t first = 0;
    struct span cell = {NULL, 0};
    char digits[24] = "";
    char *text = text_of(run, sql_count_new, row);
    int got = text != NULL && database_query(run->database, text) == 0 ? database_next(run->database, &first, 1, &cell) : -1;
    free(text);
    if (got == 1 && cell.bytes > 0 && cell.bytes < sizeof digits)
        memcpy(digits, cell.text, cell.bytes);
    while (got == 1) /* to the answer's end: the connection is for the next one then */
        got = database_next(run->database, &first, 1, &cell);
    return digits[0] != '\0' && got == 0 ? strtoll(digits, NULL, 10) : -1;
}

static int read_row_back(struct run *run, const struct plan_row *row)
{
    int64_t count = count_new(run, row);
    if (count == 1)
        return CLI_DONE;
    cli_no(run->cli, DOCKET_DAMAGED, "the transaction was committed, but read back id %.60s is there %" PRId64 " times with %.100s, not "
                                     "once: look at the database before you go on", row->id, count, row->new_number);
    return CLI_REFUSED;
}

static int each_row(struct run *run, const struct plan *plan, const uint8_t *done, const char *what,
                    int (*act)(struct run *run, const struct plan_row *row))
{
    struct progress progress;
    int code = CLI_DONE;
    progress_begin(&progress, run->cli, what);
    for (size_t i = 0; code == CLI_DONE && i < plan->count; i++) {
        if (plan->rows[i].what != PLAN_RENUMBER || done[i])
            continue;
        code = act(run, &plan->rows[i]);
        progress_step(&progress);
    }
    progress_end(&progress);
    return code;
}

int run_change(struct run *run, const struct plan *plan, const uint8_t *done)
{
    uint64_t changed;
    int code = each_row(run, plan, done, "rows changed", change_row);
    if (code != CLI_DONE)
        return code;
    code = run_statement(run, put_commit, NULL, &changed);
    if (code == CLI_DONE)
        return each_row(run, plan, done, "rows read back", read_row_back);
    cli_note(run->cli, "the database did not say that it has committed: all rows are changed or none, and the same command again "
                       "says which");
    return code;
}

void run_end(struct run *run)
{
    database_close(run->database);
    *run = (struct run){0};
}
