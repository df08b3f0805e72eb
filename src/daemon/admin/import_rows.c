/* SPDX-License-Identifier: MIT */
/* import_rows: what an import brought, from the bytes of a stranger to rows that are in order. */
#include "daemon/admin/import.h"

#include "numbering/ledger.h"
#include "numbering/reason.h"

#include <string.h>

static docket_status refuse(const struct dk_import_row *row, const char *why)
{
    if (row->line == 0)
        return dk_fail(DOCKET_REFUSED, "number %llu of the import %s; nothing was changed", (unsigned long long)row->first,
                       why);
    return dk_fail(DOCKET_REFUSED, "line %llu, number %llu: it %s; nothing was changed", (unsigned long long)row->line,
                   (unsigned long long)row->first, why);
}

/* The evidence ends in a zero, behind what was sent. */
static bool take_text(const struct dk_errand *errand, uint32_t at, size_t texts_from, const char **text)
{
    *text = "";
    if (at == 0)
        return true;
    if (at < texts_from || at >= errand->evidence_bytes)
        return false;
    *text = errand->evidence + at;
    return true;
}

static docket_status check_texts(const struct dk_import_row *row)
{
    docket_status status = DOCKET_OK;
    if (row->key[0] != 0)
        status = dk_key_check("key", row->key);
    if (status == DOCKET_OK && row->reason[0] != 0)
        status = dk_reason_check(row->reason);
    if (status == DOCKET_OK && row->text[0] != 0)
        status = dk_printable_check("document number", row->text);
    if (status == DOCKET_OK && strlen(row->text) >= DOCKET_TEXT_MAX)
        return refuse(row, "has a text that is too long for a document number");
    return status == DOCKET_OK ? status
                               : dk_wrap(status, "line %llu of the import is not in order; nothing was changed",
                                         (unsigned long long)row->line);
}

static docket_status check_numbers(const struct dk_import *import, const struct dk_import_row *row, uint64_t before)
{
    if (row->first < 1 || row->first > row->last || row->last > DOCKET_NUMBER_MAX)
        return refuse(row, "is no number, or no range of numbers");
    if (row->first <= before)
        return refuse(row, "is not above the row before it: rows ascend, and no number comes twice");
    if (row->first < import->from)
        return refuse(row, "lies below the numbers that this chunk speaks for");
    if (row->date != 0 && !dk_date_supported(row->date))
        return refuse(row, "has a date that is none from 2001-01-01 to 2099-12-31");
    return DOCKET_OK;
}

docket_status dk_import_read(struct dk_errand *errand, struct dk_import *import)
{
    const struct dk_admin_request *asked = &errand->asked;
    size_t texts_from = (size_t)asked->count * sizeof(struct dk_import_wire);
    docket_status status = DOCKET_OK;
    if (asked->count < 1 || asked->count > DK_IMPORT_ROWS_MAX || texts_from > errand->evidence_bytes)
        return dk_fail(DOCKET_BAD_ARGUMENT, "an import of %u rows in %zu bytes: 1 to %d rows come at once", asked->count,
                       errand->evidence_bytes, DK_IMPORT_ROWS_MAX);
    import->rows = dk_must_alloc(asked->count, sizeof *import->rows);
    import->count = asked->count;
    import->from = asked->first < 1 ? 1 : asked->first;
    for (size_t i = 0; status == DOCKET_OK && i < import->count; i++) {
        struct dk_import_row *row = &import->rows[i];
        struct dk_import_wire wire;
        memcpy(&wire, errand->evidence + i * sizeof wire, sizeof wire);
        *row = (struct dk_import_row){.first = wire.first,
                                      .last = wire.last,
                                      .line = wire.line,
                                      .date = wire.date,
                                      .is_void = (wire.flags & DK_IMPORT_IS_VOID) != 0};
        if (wire.flags > DK_IMPORT_IS_VOID || !take_text(errand, wire.text, texts_from, &row->text) ||
            !take_text(errand, wire.key, texts_from, &row->key) ||
            !take_text(errand, wire.reason, texts_from, &row->reason))
            return dk_fail(DOCKET_PROTOCOL, "row %zu of an import is none of ours; use the library of this release", i);
        status = check_numbers(import, row, i > 0 ? import->rows[i - 1].last : 0);
        if (status == DOCKET_OK)
            status = check_texts(row);
    }
    import->highest = import->rows[import->count - 1].last;
    return status;
}

docket_status dk_import_check(const struct dk_import *import, uint64_t last, uint32_t today)
{
    const struct dk_policy *policy = dk_series_policy(&import->series->record, import->period);
    for (size_t i = 0; i < import->count; i++) {
        const struct dk_import_row *row = &import->rows[i];
        struct dk_span span;
        if (row->last > last)
            return refuse(row, "is above the largest number that this series can give in this period");
        if (import->tracked && row->first != row->last)
            return refuse(row, "is a range, and the series keeps a ledger: each number has a record of its own");
        if (!import->tracked && row->key[0] != 0)
            return refuse(row, "has a key, and the series keeps no ledger: set ledger=on first, or import without keys");
        if (row->date == 0)
            continue;
        dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, row->date, &span);
        if (span.label != import->period)
            return refuse(row, "has a date that lies in another period");
        if (today != 0 && row->date > today)
            return refuse(row, "has a date that has not come, and the series is chronological");
    }
    return DOCKET_OK;
}

uint32_t dk_import_last_date(const struct dk_import *import, uint32_t unknown)
{
    uint32_t last = 0;
    for (size_t i = 0; i < import->count; i++) {
        uint32_t date = import->rows[i].date != 0 ? import->rows[i].date : unknown;
        last = date > last ? date : last;
    }
    return last;
}
