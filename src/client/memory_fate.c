/* SPDX-License-Identifier: MIT */
/*
 * memory_fate: every number below the mark of a realm in memory, as the rows
 * that docketd would send: what no run speaks of, below the position, was
 * handed out.
 */
#include "client/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct sheet {
    FILE *out;
    const struct memory_series *series;
    const struct memory_counter *counter;
    struct dk_fate_wire row; /* not written yet */
    bool begun;
};

static void flush(struct sheet *sheet, bool ends)
{
    sheet->row.counter_ends = ends;
    if (sheet->begun)
        fwrite(&sheet->row, sizeof sheet->row, 1, sheet->out);
    sheet->begun = false;
}

/* Neighbours of one fate, cause, seat and time are one row. */
static void add(struct sheet *sheet, uint64_t first, uint64_t end, enum dk_fate fate, enum dk_cause cause,
                int64_t time_ns)
{
    int32_t seat = fate == DK_FATE_OPEN ? 0 : -1;
    struct dk_fate_wire *row = &sheet->row;
    if (first >= end)
        return;
    if (sheet->begun && row->fate == fate && row->cause == cause && row->seat == seat && row->time_ns == time_ns) {
        row->last = end - 1;
        return;
    }
    flush(sheet, false);
    *row = (struct dk_fate_wire){.mark = sheet->counter->mark,
                                 .first = first,
                                 .last = end - 1,
                                 .time_ns = time_ns,
                                 .period = sheet->counter->period.label,
                                 .seat = seat,
                                 .order = sheet->series->policy->order,
                                 .period_state = DK_PERIOD_OPEN, /* it ends for nobody who has the realm */
                                 .documents = sheet->series->policy->documents,
                                 .profile = sheet->series->policy->profile,
                                 .fate = (uint8_t)fate,
                                 .cause = (uint8_t)cause};
    memcpy(row->tenant, sheet->series->tenant, sizeof row->tenant);
    memcpy(row->name, sheet->series->name, sizeof row->name);
    sheet->begun = true;
}

/* The list whose next run comes first; NULL when all have ended. */
static const struct memory_run **choose(const struct memory_run *lists[3])
{
    const struct memory_run **lowest = NULL;
    for (int i = 0; i < 3; i++)
        if (lists[i] != NULL && (lowest == NULL || lists[i]->first < (*lowest)->first))
            lowest = &lists[i];
    return lowest;
}

static void write_counter(struct sheet *sheet)
{
    const struct memory_counter *counter = sheet->counter;
    const struct memory_run *lists[3] = {counter->spares, counter->voids, counter->open}, **next;
    uint64_t at = counter->first;
    while ((next = choose(lists)) != NULL) {
        const struct memory_run *run = *next;
        struct dk_cursor cursor = {.offset = 0};
        if (next == &lists[2])
            (void)dk_cursor_unpack(dk_load_acquire(&run->cursor), 0, 0, &cursor); /* ORDER-7 */
        uint64_t first = run->first + cursor.offset;
        enum dk_fate fate = next == &lists[0] ? DK_FATE_SPARE : next == &lists[1] ? DK_FATE_VOID : DK_FATE_OPEN;
        add(sheet, at, first, DK_FATE_HANDED_OUT, DK_CAUSE_NONE, 0);
        add(sheet, first, run->last + 1, fate, fate == DK_FATE_VOID ? DK_CAUSE_GIVEN_BACK : DK_CAUSE_NONE,
            fate == DK_FATE_VOID ? run->time_ns : 0);
        at = run->last + 1;
        *next = run->next;
    }
    add(sheet, at, counter->number, DK_FATE_HANDED_OUT, DK_CAUSE_NONE, 0);
    add(sheet, counter->number, counter->mark, DK_FATE_LAID, DK_CAUSE_NONE, 0);
    flush(sheet, true);
}

static void write_series(struct sheet *sheet, const struct memory_series *series, int32_t period)
{
    sheet->series = series;
    for (sheet->counter = series->counters; sheet->counter != NULL; sheet->counter = sheet->counter->next)
        if (period < 0 || sheet->counter->period.label == period)
            write_counter(sheet);
}

static docket_status open_sheet(struct sheet *sheet, int *kept)
{
    int made = memfd_create("docket-fate", MFD_CLOEXEC), written = made < 0 ? -1 : dup(made);
    sheet->out = written < 0 ? NULL : fdopen(written, "w");
    if (sheet->out != NULL) {
        *kept = made;
        return DOCKET_OK;
    }
    int error = errno;
    if (written >= 0)
        close(written);
    if (made >= 0)
        close(made);
    return dk_fail_errno(dk_status_of_errno(error), error, "cannot make a memory file for the answer");
}

static bool has_series(const struct memory *memory, const char *tenant)
{
    const struct memory_series *series = memory->first;
    while (series != NULL && strcmp(series->tenant, tenant) != 0)
        series = series->next_of_all;
    return series != NULL;
}

docket_status dk_memory_fate(struct memory *memory, const struct dk_request *request, int *fd)
{
    struct sheet sheet = {.begun = false};
    const struct memory_series *series = NULL;
    int kept = -1;
    if (request->name[0] != 0 && (series = dk_memory_find(memory, request->tenant, request->name)) == NULL)
        return dk_fail(DOCKET_NO_SERIES, "there is no series %s/%s", request->tenant, request->name);
    if (request->name[0] == 0 && request->tenant[0] != 0 && !has_series(memory, request->tenant))
        return dk_fail(DOCKET_NO_SERIES, "there is no series of tenant %s", request->tenant);
    docket_status status = open_sheet(&sheet, &kept);
    if (status != DOCKET_OK)
        return status;
    if (series != NULL)
        write_series(&sheet, series, request->period);
    else
        for (series = memory->first; series != NULL; series = series->next_of_all)
            if (request->tenant[0] == 0 || strcmp(series->tenant, request->tenant) == 0)
                write_series(&sheet, series, request->period);
    bool failed = ferror(sheet.out) != 0;
    if (fclose(sheet.out) != 0 || failed) {
        close(kept);
        return dk_fail(DOCKET_NO_SPACE, "the answer did not fit into memory");
    }
    *fd = kept;
    return DOCKET_OK;
}
