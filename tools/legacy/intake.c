/* SPDX-License-Identifier: MIT */
/*
 * intake: see intake.h.
 *
 * Words that are sorted: counter, 32 bits, and the number's upper 18 | its lower 32, and the day | place, void, made.
 * A row without a day comes behind those with one.
 */
#include "intake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SORT_RECORDS = 1200000, BUFFER_RECORDS = 4096 };

#define NO_DAY UINT32_MAX

static int fail_spool(struct intake *intake)
{
    return cli_fail(intake->cli, DOCKET_NO_SPACE, "%s", intake->spool.error);
}

static int fail_sorter(const struct intake *intake)
{
    return cli_fail(intake->cli, DOCKET_NO_SPACE, "%s", sorter_error(intake->sorter));
}

static int fail_file(const struct intake *intake, const char *what)
{
    return cli_fail(intake->cli, DOCKET_NO_SPACE, "cannot %s a temporary file in %.120s: %s; TMPDIR names a folder with more room",
                    what, sorter_folder(), strerror(errno));
}

int intake_open(const struct cli *cli, docket_reader *reader, struct intake *intake)
{
    *intake = (struct intake){.cli = cli, .reader = reader, .file = -1};
    names_open(&intake->names);
    if (!spool_open(&intake->spool))
        return fail_spool(intake);
    intake->sorter = sorter_open(SORT_RECORDS);
    intake->buffer = malloc(BUFFER_RECORDS * sizeof(struct sorted));
    if (intake->sorter == NULL || intake->buffer == NULL)
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory to sort in");
    intake->file = sorter_file();
    return intake->file < 0 ? fail_file(intake, "make") : CLI_DONE;
}

void intake_close(struct intake *intake)
{
    names_close(&intake->names);
    spool_close(&intake->spool);
    sorter_close(intake->sorter);
    free(intake->buffer);
    free(intake->lasts);
    if (intake->file >= 0)
        close(intake->file);
}

/* ---- what is odd ---- */

static void copy_text(char *to, size_t size, struct span text)
{
    size_t bytes = text.bytes < size ? text.bytes : size - 1;
    for (size_t at = 0; at < bytes; at++) /* what a file says must not move a terminal's cursor */
        to[at] = (unsigned char)text.text[at] < ' ' || text.text[at] == 0x7f ? '?' : text.text[at];
    to[bytes] = '\0';
}

static void keep_odd(struct intake *intake, const struct spooled *row, uint64_t other_line, const char *why)
{
    if (intake->odd_count == INTAKE_TOLD)
        return;
    struct intake_oddity *odd = &intake->odd[intake->odd_count++];
    *odd = (struct intake_oddity){.why = why, .line = row->line, .other_line = other_line};
    copy_text(odd->text, sizeof odd->text, row->number);
    copy_text(odd->id, sizeof odd->id, row->id);
}

static const char *why_misfit(docket_status status)
{
    return status == DOCKET_COLLISION ? "two series of the tenant could have written it"
           : status == DOCKET_BAD_DATE ? "its series restarts, and neither text nor row has a date from 2001 to 2099"
                                       : "no series of the tenant writes it";
}

/* ---- reading ---- */

static int put_number(struct intake *intake, uint32_t tenant, const char *series, int32_t period, uint64_t number,
                      uint32_t day, uint64_t word)
{
    uint32_t counter = names_counter(&intake->names, tenant, series, period);
    if (counter == NAMES_NONE)
        return cli_fail(intake->cli, DOCKET_NO_MEMORY, "no memory for so many series and periods");
    intake->names.counters[counter].rows++;
    const struct sorted record = {
        {(uint64_t)counter << 18 | number >> 32, number << 32 | (day != 0 ? day : NO_DAY), word}};
    return sorter_add(intake->sorter, &record) ? CLI_DONE : fail_sorter(intake);
}

/* The row's day, if it lies in the number's period; else what the text shows. */
static uint32_t day_of(struct intake *intake, const char *tenant, const struct docket_reading *reading, uint32_t day)
{
    int32_t period;
    if (day != 0 && docket_reader_period(intake->reader, tenant, reading->series, day, &period) == DOCKET_OK &&
        period == reading->period)
        return day;
    return reading->date;
}

static int take_row(struct intake *intake, const struct legacy_row *read)
{
    struct docket_reading reading;
    struct spooled *row = &intake->spooled; /* its room is not used here */
    uint64_t place;
    uint32_t day = legacy_day(read->date);
    intake->rows++;
    if (read->number.bytes == 0) {
        intake->unnumbered++;
        return CLI_DONE;
    }
    row->line = read->line;
    row->day = day;
    row->number = read->number;
    row->date = read->date;
    row->id = read->id;
    row->tenant = names_tenant(&intake->names, read->tenant);
    if (row->tenant == NAMES_NONE)
        return cli_fail(intake->cli, DOCKET_NO_MEMORY, "no memory for so many tenants");
    const char *tenant = intake->names.tenants[row->tenant];
    docket_status status =
        docket_reader_read_dated(intake->reader, tenant, read->number.text, read->number.bytes, day, &reading);
    bool above = status == DOCKET_OK && reading.number > reading.last;
    if (status == DOCKET_OK && intake->series != NULL && strcmp(reading.series, intake->series) != 0) {
        intake->others++;
        return CLI_DONE;
    }
    if (status != DOCKET_OK || above) {
        intake->misfits++;
        keep_odd(intake, row, 0, above ? "it is above the largest number of its series" : why_misfit(status));
        return CLI_DONE;
    }
    intake->fitting++;
    if (!spool_put(&intake->spool, row, &place))
        return fail_spool(intake);
    return put_number(intake, row->tenant, reading.series, reading.period, reading.number,
                      day_of(intake, tenant, &reading, day), place << 2 | (uint64_t)legacy_is_void(read->state) << 1);
}

int intake_read(struct intake *intake, struct legacy_source *source)
{
    struct legacy_row row;
    int got, code = CLI_DONE;
    progress_begin(&intake->progress, intake->cli, "rows read");
    while (code == CLI_DONE && (got = legacy_next(source, &row)) != 0) {
        progress_step(&intake->progress);
        code = got < 0 ? legacy_code(source) : take_row(intake, &row);
    }
    progress_end(&intake->progress);
    return code;
}

int intake_add_last(struct intake *intake, const char *tenant, const char *series, int32_t period, uint64_t number,
                    uint64_t line)
{
    struct spooled *row = &intake->spooled;
    uint64_t place;
    *row = (struct spooled){.line = line, .id = {"", 0}};
    row->tenant = names_tenant(&intake->names, (struct span){tenant, strlen(tenant)});
    if (row->tenant == NAMES_NONE)
        return cli_fail(intake->cli, DOCKET_NO_MEMORY, "no memory for so many tenants");
    if (!spool_put(&intake->spool, row, &place))
        return fail_spool(intake);
    return put_number(intake, row->tenant, series, period, number, 0, place << 2 | 3);
}

/* ---- sorting ---- */

static struct intake_row row_of(const struct sorted *record)
{
    uint32_t day = (uint32_t)record->key[1];
    return (struct intake_row){.counter = (uint32_t)(record->key[0] >> 18),
                               .day = day == NO_DAY ? 0 : day,
                               .number = (record->key[0] & ((1u << 18) - 1)) << 32 | record->key[1] >> 32,
                               .place = record->key[2] >> 2,
                               .is_void = (record->key[2] & 2) != 0,
                               .made = (record->key[2] & 1) != 0};
}

static bool flush(struct intake *intake)
{
    bool done = sorter_write(intake->file, intake->buffer, intake->used);
    intake->used = 0;
    return done;
}

static int put_sorted(struct intake *intake, const struct sorted *record)
{
    memcpy(intake->buffer + intake->used, record, sizeof *record);
    intake->used += sizeof *record;
    if (intake->used == BUFFER_RECORDS * sizeof *record && !flush(intake))
        return fail_file(intake, "write");
    return CLI_DONE;
}

/* A number again. A sequence's last value is no row: that an invoice has it is as it should be. */
static int take_repeat(struct intake *intake, const struct intake_row *before, const struct intake_row *row)
{
    const struct spooled *again;
    if (row->made)
        return CLI_DONE;
    intake->repeats++;
    if (intake->odd_count == INTAKE_TOLD)
        return CLI_DONE;
    if (!intake_again(intake, before->place, &again))
        return CLI_EXHAUSTED;
    uint64_t line = again->line;
    if (!intake_again(intake, row->place, &again))
        return CLI_EXHAUSTED;
    keep_odd(intake, again, line, "another row has its number");
    return CLI_DONE;
}

int intake_sort(struct intake *intake)
{
    struct intake_row before = {.counter = NAMES_NONE};
    struct sorted record;
    int got, code = CLI_DONE;
    intake->lasts = calloc(intake->names.counter_count + 1u, sizeof *intake->lasts);
    if (intake->lasts == NULL)
        return cli_fail(intake->cli, DOCKET_NO_MEMORY, "no memory for so many series and periods");
    progress_begin(&intake->progress, intake->cli, "numbers compared");
    while (code == CLI_DONE && (got = sorter_next(intake->sorter, &record)) != 0) {
        progress_step(&intake->progress);
        if (got < 0) {
            code = fail_sorter(intake);
            break;
        }
        struct intake_row row = row_of(&record);
        if (row.counter == before.counter && row.number == before.number) {
            code = take_repeat(intake, &before, &row);
            continue;
        }
        before = row;
        intake->lasts[row.counter] = row; /* they ascend */
        code = put_sorted(intake, &record);
    }
    progress_end(&intake->progress);
    sorter_close(intake->sorter); /* its memory and files are needed no more */
    intake->sorter = NULL;
    if (code == CLI_DONE && (!flush(intake) || lseek(intake->file, 0, SEEK_SET) != 0))
        code = fail_file(intake, "write");
    return code;
}

int intake_next(struct intake *intake, struct intake_row *row)
{
    struct sorted record;
    if (intake->at == intake->used) {
        ssize_t got = read(intake->file, intake->buffer, BUFFER_RECORDS * sizeof record);
        if (got == 0)
            return 0;
        if (got < 0 || (size_t)got % sizeof record != 0) {
            errno = got < 0 ? errno : EIO;
            fail_file(intake, "read");
            return -1;
        }
        intake->used = (size_t)got;
        intake->at = 0;
    }
    memcpy(&record, intake->buffer + intake->at, sizeof record);
    intake->at += sizeof record;
    *row = row_of(&record);
    return 1;
}

bool intake_again(struct intake *intake, uint64_t place, const struct spooled **row)
{
    *row = &intake->spooled;
    if (spool_get(&intake->spool, place, &intake->spooled))
        return true;
    fail_spool(intake);
    return false;
}
