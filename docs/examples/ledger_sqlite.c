/* SPDX-License-Identifier: MIT */
/*
 * ledger_sqlite: invoices in SQLite, numbered by hooks of their model inside the program's own transaction.
 *
 *     cc -o ledger_sqlite ledger_sqlite.c $(pkg-config --cflags --libs libdocket sqlite3)
 *     docket series add acme/INV --order gapless
 *     ./ledger_sqlite REALM FILE invoice order-4711 1250     one invoice, for one order
 *     ./ledger_sqlite REALM FILE refuse order-4712           one whose transaction is rolled back
 *     ./ledger_sqlite REALM FILE sweep                       at the start of the program, and every minute
 *     ./ledger_sqlite REALM FILE list
 *
 * The order of things: issue (pending), insert, commit mine, settle. Whatever dies in between: the number is pending
 * or in doubt under the order's key, and the table says which way it goes: a row has it, then it is settled; none has
 * it, then it is released and given again. Released only under the lock under which rows are made: without it
 * another process that was asked for the same order could just be about to commit. To see what each step leaves,
 * CRASH_AFTER=begun, issued, inserted, committed, settled or "rolled back" kills the program there (docs/RECIPES.md);
 * STOP_AFTER stops it.
 */
#include <docket_ledger.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct invoice {
    const char *order; /* the business key: one invoice for each order */
    long cents;
    char number[DOCKET_TEXT_MAX];
};

/* What a framework calls around the statements of a model. 0: well. */
struct model {
    int (*before_insert)(struct invoice *invoice);
    int (*after_commit)(const struct invoice *invoice);
    int (*after_rollback)(const struct invoice *invoice);
};

static docket_series *series;
static sqlite3 *db;

static void crash_after(const char *step)
{
    const char *killed = getenv("CRASH_AFTER"), *stopped = getenv("STOP_AFTER");
    if (killed != NULL && strcmp(killed, step) == 0)
        raise(SIGKILL);
    if (stopped != NULL && strcmp(stopped, step) == 0)
        raise(SIGSTOP);
}

static int complain(const char *what, docket_status status)
{
    fprintf(stderr, "%s: %s (%s)\n", what, docket_last_error(), docket_status_name(status));
    return 1;
}

/* ---- the table ---- */

static int run(const char *statement)
{
    char *why = NULL;
    if (sqlite3_exec(db, statement, NULL, NULL, &why) == SQLITE_OK)
        return 0;
    fprintf(stderr, "%s: %s\n", statement, why);
    sqlite3_free(why);
    return 1;
}

static int insert(const struct invoice *invoice)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(db, "INSERT INTO invoices VALUES (?, ?, ?)", -1, &statement, NULL);
    sqlite3_bind_text(statement, 1, invoice->order, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, invoice->number, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, invoice->cents);
    int code = sqlite3_step(statement);
    if (code != SQLITE_DONE)
        fprintf(stderr, "no row: %s\n", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return code != SQLITE_DONE;
}

static int has_row(const char *order)
{
    sqlite3_stmt *statement = NULL;
    sqlite3_prepare_v2(db, "SELECT 1 FROM invoices WHERE \"order\" = ?", -1, &statement, NULL);
    sqlite3_bind_text(statement, 1, order, -1, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : -1;
}

/* ---- the hooks ---- */

/* The same order again (a retry, after a crash, by another process) has the same number again. */
static int number_it(struct invoice *invoice)
{
    struct docket_issue asked = {.key = invoice->order, .flags = DOCKET_PENDING};
    struct docket_number got;
    docket_status status = docket_issue(series, &asked, DOCKET_TIMEOUT_DEFAULT, &got);
    if (status != DOCKET_OK)
        return complain("no number", status);
    snprintf(invoice->number, sizeof invoice->number, "%s", got.text);
    return 0;
}

/* The row stands: so does the number. If this fails the sweep does it. */
static int settle_it(const struct invoice *invoice)
{
    docket_status status = docket_settle(series, invoice->order, DOCKET_TIMEOUT_DEFAULT);
    if (status == DOCKET_OK || status == DOCKET_ALREADY_SETTLED)
        return 0;
    return complain("left for the sweep to settle", status);
}

/* There is no row: the number is free for the next invoice. */
static int release_it(const struct invoice *invoice)
{
    struct docket_which which = {.key = invoice->order};
    docket_status told;
    docket_status status = docket_decide(series, DOCKET_RELEASE, &which, 1, NULL, DOCKET_TIMEOUT_DEFAULT, &told);
    if (status == DOCKET_OK)
        status = told;
    if (status == DOCKET_OK || status == DOCKET_ALREADY_RELEASED || status == DOCKET_NOT_HELD)
        return 0;
    return complain("left for the sweep to release", status);
}

/* By the table, and while nobody else can put a row there: settled or released. */
static int put_right(const struct invoice *invoice)
{
    if (run("BEGIN IMMEDIATE") != 0)
        return 1;
    int row = has_row(invoice->order);
    int failed = row < 0 ? 1 : row > 0 ? settle_it(invoice) : release_it(invoice);
    if (failed == 0)
        printf("%s %s\n", invoice->order, row > 0 ? "settled" : "released");
    return run("ROLLBACK") != 0 || failed;
}

static const struct model invoices = {number_it, settle_it, put_right};

/* ---- the framework ---- */

/* One row, with its hooks. It cannot be rolled back behind COMMIT, and is not settled before it. */
static int save(const struct model *model, struct invoice *invoice)
{
    if (run("BEGIN IMMEDIATE") != 0)
        return 1;
    crash_after("begun");
    if (has_row(invoice->order) == 1) {
        fprintf(stderr, "%s has its invoice\n", invoice->order);
        return run("ROLLBACK");
    }
    int failed = model->before_insert(invoice);
    crash_after("issued");
    if (failed == 0)
        failed = insert(invoice);
    crash_after("inserted");
    if (failed == 0)
        failed = run("COMMIT");
    if (failed != 0) {
        if (sqlite3_get_autocommit(db) == 0)
            run("ROLLBACK");
        crash_after("rolled back");
        model->after_rollback(invoice);
        return 1;
    }
    crash_after("committed");
    printf("%s %s\n", invoice->order, invoice->number);
    failed = model->after_commit(invoice);
    crash_after("settled");
    return failed;
}

/* ---- the sweep ---- */

struct doubts {
    char (*orders)[DOCKET_KEY_MAX + 1];
    size_t count, room;
};

static int keep(void *context, const struct docket_record *record)
{
    struct doubts *doubts = context;
    if (doubts->count == doubts->room) {
        doubts->room = doubts->room * 2 + 16;
        doubts->orders = realloc(doubts->orders, doubts->room * sizeof *doubts->orders);
        if (doubts->orders == NULL)
            abort();
    }
    snprintf(doubts->orders[doubts->count++], sizeof *doubts->orders, "%s", record->key);
    return 0;
}

/* Numbers whose holder died, and only those: what is pending is in the hands of somebody who lives. */
static int sweep(void)
{
    struct doubts doubts = {NULL, 0, 0};
    int failed = 0;
    docket_status status = docket_records(series, DOCKET_EVERY_PERIOD, 1, "in doubt", keep, &doubts);
    if (status != DOCKET_OK)
        return complain("no sweep", status);
    for (size_t i = 0; i < doubts.count; i++)
        failed |= put_right(&(struct invoice){.order = doubts.orders[i]});
    free(doubts.orders);
    return failed;
}

static int show(void *context, int count, char **values, char **names)
{
    (void)context;
    (void)count;
    (void)names;
    return printf("%s %s\n", values[0], values[1]) < 0;
}

int main(int count, char **words)
{
    docket_realm *realm = NULL;
    int failed = 2;
    if (count < 4) {
        fprintf(stderr, "usage: ledger_sqlite REALM FILE invoice ORDER CENTS | refuse ORDER | sweep | list\n");
        return 2;
    }
    docket_status status = docket_realm_open(words[1], &realm);
    if (status == DOCKET_OK)
        status = docket_series_open(realm, "acme", "INV", &series);
    if (status != DOCKET_OK)
        return complain(words[1], status);
    if (sqlite3_open(words[2], &db) != SQLITE_OK || sqlite3_busy_timeout(db, 10000) != SQLITE_OK ||
        run("PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS invoices (\"order\" TEXT PRIMARY KEY, number TEXT UNIQUE "
            "NOT NULL, cents INTEGER CHECK (cents > 0))") != 0)
        return 1;
    int refuse = strcmp(words[3], "refuse") == 0; /* SQLite does: a row of 0 cents */
    struct invoice invoice = {.order = count > 4 ? words[4] : "", .cents = count > 5 && !refuse ? atol(words[5]) : 0};
    if (refuse || strcmp(words[3], "invoice") == 0)
        failed = save(&invoices, &invoice);
    else if (strcmp(words[3], "sweep") == 0)
        failed = sweep();
    else if (strcmp(words[3], "list") == 0)
        failed = sqlite3_exec(db, "SELECT \"order\", number FROM invoices ORDER BY number", show, NULL, NULL) != SQLITE_OK;
    sqlite3_close(db);
    docket_realm_close(realm);
    return failed;
}
