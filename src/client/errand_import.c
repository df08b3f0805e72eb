/* SPDX-License-Identifier: MIT */
/* errand_import: docket_import.h: rows into a sealed memory file, and what docketd found. */
#include "docket_import.h"

#include "client/inside.h"
#include "numbering/fate.h"
#include "numbering/reason.h"
#include "wire/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERRAND_TIMEOUT_NS (60 * DK_SECOND_NS)

_Static_assert((int)DOCKET_SKIP_CLASHES == (int)DK_ADMIN_SKIP, "flags go as they are");
_Static_assert(DOCKET_IMPORT_ROWS_MAX == DK_IMPORT_ROWS_MAX, "one limit");

struct packing {
    char *bytes;
    size_t used, room;
};

/* 0: there is none, or it does not fit any more. */
static uint32_t add_text(struct packing *packing, const char *text)
{
    size_t size = text != NULL && text[0] != 0 ? strlen(text) + 1 : 0;
    if (size == 0 || size > packing->room - packing->used)
        return 0;
    memcpy(packing->bytes + packing->used, text, size);
    packing->used += size;
    return (uint32_t)(packing->used - size);
}

static size_t size_of(const char *text)
{
    return text != NULL && text[0] != 0 ? strlen(text) + 1 : 0;
}

static docket_status pack(const struct docket_import *import, struct packing *packing)
{
    packing->used = packing->room = import->count * sizeof(struct dk_import_wire);
    for (size_t i = 0; i < import->count; i++)
        packing->room += size_of(import->rows[i].text) + size_of(import->rows[i].key) + size_of(import->rows[i].reason);
    if (packing->room > DK_WIRE_EVIDENCE_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "these %zu rows have %zu bytes and %d are allowed; send fewer at once",
                       import->count, packing->room, DK_WIRE_EVIDENCE_MAX);
    packing->bytes = malloc(packing->room);
    if (packing->bytes == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for %zu rows of an import", import->count);
    for (size_t i = 0; i < import->count; i++) {
        const struct docket_import_row *row = &import->rows[i];
        const struct dk_import_wire wire = {.first = row->first,
                                            .last = row->last,
                                            .line = row->line,
                                            .date = row->date,
                                            .flags = row->is_void ? DK_IMPORT_IS_VOID : 0,
                                            .text = add_text(packing, row->text),
                                            .key = add_text(packing, row->key),
                                            .reason = add_text(packing, row->reason)};
        memcpy(packing->bytes + i * sizeof wire, &wire, sizeof wire);
    }
    return DOCKET_OK;
}

static void tell(struct dk_clash_wire *rows, size_t count, docket_each_clash each, void *context)
{
    for (size_t i = 0; each != NULL && i < count; i++) {
        struct dk_clash_wire *row = &rows[i];
        row->key[sizeof row->key - 1] = row->trace[sizeof row->trace - 1] = row->text[sizeof row->text - 1] = 0;
        const struct docket_clash clash = {.first = row->first,
                                           .last = row->last,
                                           .line = row->line,
                                           .is_void = row->is_void,
                                           .fate = dk_fate_name(row->fate),
                                           .cause = dk_cause_name(row->cause),
                                           .time_ns = row->time_ns,
                                           .event = row->event,
                                           .key = row->key,
                                           .trace = row->trace,
                                           .text = row->text,
                                           .by_key = row->by_key,
                                           .period = row->period,
                                           .number = row->number};
        if (each(context, &clash) != 0)
            return;
    }
}

/* The answer: what was found, and the clashes behind it. */
static docket_status read_answer(char *bytes, size_t size, struct docket_import_found *found, docket_each_clash each,
                                 void *context)
{
    struct dk_import_answer answer;
    if (size < sizeof answer)
        return dk_fail(DOCKET_PROTOCOL, "docketd answered an import without what it found");
    memcpy(&answer, bytes, sizeof answer);
    if ((size - sizeof answer) / sizeof(struct dk_clash_wire) != answer.clashes ||
        (size - sizeof answer) % sizeof(struct dk_clash_wire) != 0)
        return dk_fail(DOCKET_PROTOCOL, "docketd answered an import with another number of clashes than it said");
    *found = (struct docket_import_found){.imported = answer.imported,
                                          .voided = answer.voided,
                                          .named = answer.named,
                                          .already = answer.already,
                                          .below = answer.below,
                                          .unnamed = answer.unnamed,
                                          .clashing = answer.clashing,
                                          .highest = answer.highest,
                                          .changed = answer.changed != 0};
    tell((struct dk_clash_wire *)(void *)(bytes + sizeof answer), answer.clashes, each, context);
    return DOCKET_OK;
}

static docket_status fill(struct dk_admin_request *request, const struct docket_counter_name *counter,
                          const struct docket_import *import)
{
    docket_status status = dk_names_fill(counter->tenant, counter->series, request->tenant, request->name);
    if (status == DOCKET_OK && counter->period < 0)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "an import names its period");
    if (status == DOCKET_OK && (import->count < 1 || import->count > DOCKET_IMPORT_ROWS_MAX))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "%zu rows of an import: 1 to %u come at once", import->count,
                         DOCKET_IMPORT_ROWS_MAX);
    if (status == DOCKET_OK && import->source != NULL && import->source[0] != 0)
        status = dk_printable_check("source", import->source);
    if (status == DOCKET_OK)
        status = dk_errand_put(request->settings, 202, "source", import->source);
    request->period = counter->period;
    request->count = (uint32_t)import->count;
    request->first = import->from;
    request->flags = import->flags;
    return status;
}

docket_status docket_import(docket_realm *realm, const struct docket_counter_name *counter,
                            const struct docket_import *import, struct docket_import_found *found,
                            docket_each_clash each, void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_IMPORT};
    struct packing packing = {0};
    struct dk_reply reply;
    void *bytes = NULL;
    size_t size = 0;
    int fd = -1, rows_fd = -1;
    if (realm == NULL || counter == NULL || import == NULL || import->rows == NULL || found == NULL ||
        (import->flags & ~(unsigned)(DOCKET_DRY_RUN | DOCKET_SKIP_CLASHES)) != 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_import wants a realm, a counter's name, rows, a place for what is found "
                                            "and known flags");
    docket_status status = fill(&request, counter, import);
    if (status == DOCKET_OK)
        status = pack(import, &packing);
    if (status == DOCKET_OK)
        status = dk_errand_seal(packing.bytes, packing.room, &fd);
    if (status == DOCKET_OK)
        status = dk_errand_ask(realm, &request, fd, ERRAND_TIMEOUT_NS, &reply, &rows_fd);
    if (status == DOCKET_OK && rows_fd < 0)
        status = dk_fail(DOCKET_PROTOCOL, "docketd answered an import without what it found");
    if (status == DOCKET_OK)
        status = dk_errand_rows(rows_fd, 1, &bytes, &size);
    if (status == DOCKET_OK)
        status = read_answer(bytes, size, found, each, context);
    if (fd >= 0)
        close(fd);
    free(packing.bytes);
    free(bytes);
    return status;
}
