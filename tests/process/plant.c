/* SPDX-License-Identifier: MIT */
/*
 * plant: invoices of another system with planted faults, and what a scan has to say of them: all of it, and nothing else.
 *
 *     plant ROWS EACH EXPECTED > FILE.csv         ROWS sound rows and EACH faults of each kind
 *     plant ROWS EACH EXPECTED sqlite:FILE        the same as the table invoices
 *
 * Ten tenants, two years, texts of docket's default template, in an order that looks like none. Faults lie apart, so
 * that each is by itself. EXPECTED gets a line for each: finding,tenant,what,id (what: the text; of a gap first-last).
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TENANTS = 10, YEARS = 2, COUNTERS = TENANTS * YEARS, KINDS = 7, APART = 8, FIRST_FAULT = 60, TEXT = 64 };
enum kind { DUPLICATE, FOLDED, TWICE, MISFIT, GAP, DISORDER, LARGEST };

struct planting {
    uint64_t rows, each, of_counter, faults_of_counter, step;
    uint64_t id; /* of the rows that are added */
    FILE *expected;
    sqlite3 *database;
    sqlite3_stmt *insert;
};

struct row {
    uint64_t id, number;
    unsigned tenant, year, day, text_day; /* days of the year from 0 */
};

static void die(const char *what)
{
    fprintf(stderr, "plant: %s\n", what);
    exit(1);
}

/* A day of 2024 or 2025 as yyyymmdd. A day below 0 is of the year before (as 2^32 - n). */
static unsigned date_of(unsigned year, unsigned day)
{
    static const unsigned lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if ((int)day < 0) {
        year--;
        day += year % 4 == 0 ? 366u : 365u;
    }
    for (unsigned month = 0; month < 12; month++) {
        unsigned length = lengths[month] + (month == 1 && year % 4 == 0);
        if (day < length)
            return year * 10000 + (month + 1) * 100 + day + 1;
        day -= length;
    }
    return year * 10000 + 1231;
}

static const char *text_of(const struct row *row, char text[TEXT])
{
    snprintf(text, TEXT, "INV-%u-%06" PRIu64, date_of(row->year, row->text_day), row->number);
    return text;
}

static void put(struct planting *planting, const struct row *row, const char *text)
{
    char tenant[16], date[16];
    unsigned day = date_of(row->year, row->day);
    snprintf(tenant, sizeof tenant, "tenant%u", row->tenant);
    snprintf(date, sizeof date, "%04u-%02u-%02u", day / 10000, day / 100 % 100, day % 100);
    if (planting->insert == NULL) {
        printf("%s,%s,%s,%" PRIu64 "\n", tenant, text, date, row->id);
        return;
    }
    sqlite3_bind_int64(planting->insert, 1, (sqlite3_int64)row->id);
    sqlite3_bind_text(planting->insert, 2, tenant, -1, SQLITE_STATIC);
    sqlite3_bind_text(planting->insert, 3, text, -1, SQLITE_STATIC);
    sqlite3_bind_text(planting->insert, 4, date, -1, SQLITE_STATIC);
    if (sqlite3_step(planting->insert) != SQLITE_DONE || sqlite3_reset(planting->insert) != SQLITE_OK)
        die(sqlite3_errmsg(planting->database));
}

static void expect(struct planting *planting, const char *finding, const struct row *row, const char *what)
{
    fprintf(planting->expected, "%s,tenant%u,%s,%" PRIu64 "\n", finding, row->tenant, what, row->id);
}

/* The sound row number `number` of a counter. */
static struct row sound(const struct planting *planting, uint64_t counter, uint64_t number)
{
    unsigned day = (unsigned)((number - 1) * 365 / planting->of_counter);
    return (struct row){(number - 1) * COUNTERS + counter + 1, number, (unsigned)counter % TENANTS,
                        2024 + (unsigned)(counter / TENANTS), day, day};
}

/* The fault that this number has to do with, and which of its numbers it is; false: none. */
static int fault_of(const struct planting *planting, uint64_t counter, uint64_t number, uint64_t *at, uint64_t *fault)
{
    if (number < FIRST_FAULT)
        return 0;
    *at = (number - FIRST_FAULT) % planting->step;
    *fault = (number - FIRST_FAULT) / planting->step;
    if (*fault >= planting->faults_of_counter || *at > 3)
        return 0;
    *fault = *fault * COUNTERS + counter;
    return *fault < planting->each * KINDS;
}

static void add_row(struct planting *planting, struct row row, enum kind kind, uint64_t fault)
{
    char text[TEXT];
    row.id = ++planting->id;
    row.day++;
    text_of(&row, text);
    if (kind == FOLDED)
        memcpy(text, "inv", 3);
    if (kind == TWICE) {
        row.text_day = row.text_day > 180 ? row.text_day - 1 : row.text_day + 1;
        text_of(&row, text);
    }
    if (kind == MISFIT) {
        static const char *const shapes[] = {"%" PRIu64, "INV-20251340-%06" PRIu64, "INV-20250101-0%06" PRIu64, "R%" PRIu64 " \"draft, old\""};
        snprintf(text, sizeof text, shapes[fault / KINDS % 4], fault + 1);
    }
    if (kind == LARGEST) {
        row.number = 900000000 + fault;
        text_of(&row, text);
    }
    static const char *const names[KINDS] = {"duplicate", "folded", "twice", "misfit", "", "", "largest"};
    expect(planting, names[kind], &row, text);
    if (kind == FOLDED)
        expect(planting, "misfit", &row, text);
    if (kind == MISFIT && planting->insert == NULL && strchr(text, '"') != NULL) { /* as CSV has it */
        char quoted[2 * TEXT];
        snprintf(quoted, sizeof quoted, "\"R%" PRIu64 " \"\"draft, old\"\"\"", fault + 1);
        put(planting, &row, quoted);
        return;
    }
    put(planting, &row, text);
}

static void put_sound(struct planting *planting, uint64_t index)
{
    char text[TEXT], range[64];
    uint64_t counter = index % COUNTERS, number = index / COUNTERS + 1, at, fault;
    struct row row = sound(planting, counter, number);
    if (fault_of(planting, counter, number, &at, &fault)) {
        enum kind kind = (enum kind)(fault % KINDS);
        uint64_t longest = fault / KINDS % 3; /* of a gap: one to three numbers */
        if (kind == GAP && at <= longest) {
            if (at == 0) {
                snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, number, number + longest);
                fprintf(planting->expected, "gap,tenant%u,%s,\n", row.tenant, range);
            }
            return;
        }
        if (kind == DISORDER && at == 1) {
            row.day -= 40;
            expect(planting, "disorder", &row, text_of(&row, text));
        }
        if (kind != GAP && kind != DISORDER && at == 0)
            add_row(planting, row, kind, fault);
    }
    put(planting, &row, text_of(&row, text));
}

static uint64_t common(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void open_database(struct planting *planting, const char *path)
{
    remove(path);
    if (sqlite3_open(path, &planting->database) != SQLITE_OK ||
        sqlite3_exec(planting->database,
                     "PRAGMA journal_mode = off; PRAGMA synchronous = off; CREATE TABLE invoices (id INTEGER, tenant TEXT, number TEXT, "
                     "date TEXT); BEGIN",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(planting->database, "INSERT INTO invoices VALUES (?, ?, ?, ?)", -1, &planting->insert, NULL) != SQLITE_OK)
        die("cannot make the database");
}

int main(int argc, char **argv)
{
    struct planting planting = {0};
    if (argc < 4)
        die("wants ROWS EACH EXPECTED [sqlite:FILE]");
    planting.rows = strtoull(argv[1], NULL, 10) / COUNTERS * COUNTERS;
    planting.each = strtoull(argv[2], NULL, 10);
    planting.of_counter = planting.rows / COUNTERS;
    planting.faults_of_counter = (planting.each * KINDS + COUNTERS - 1) / COUNTERS;
    planting.step = planting.of_counter > 2 * FIRST_FAULT ? (planting.of_counter - 2 * FIRST_FAULT) / (planting.faults_of_counter + 1) : 0;
    if (planting.step < APART)
        die("too many faults for so few rows");
    planting.id = planting.rows;
    planting.expected = fopen(argv[3], "w");
    if (planting.expected == NULL)
        die("cannot write what is expected");
    if (argc > 4)
        open_database(&planting, argv[4] + strlen("sqlite:"));
    else
        printf("tenant,number,date,id\n");
    uint64_t stride = planting.rows / 3 * 2 + 1; /* every row once, far apart */
    while (common(stride, planting.rows) != 1)
        stride++;
    for (uint64_t at = 0, index = 0; at < planting.rows; at++, index = (index + stride) % planting.rows)
        put_sound(&planting, index);
    if (planting.database != NULL && (sqlite3_exec(planting.database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK ||
                                      sqlite3_finalize(planting.insert) != SQLITE_OK || sqlite3_close(planting.database) != SQLITE_OK))
        die("cannot finish the database");
    return fflush(stdout) == 0 && fclose(planting.expected) == 0 ? 0 : 1;
}
