/* SPDX-License-Identifier: MIT */
/*
 * preview: the next document numbers, as they would be written. Nothing is laid,
 * taken or changed by it.
 */
#include "daemon/admin/preview.h"

#include "daemon/series/policies.h"

#include <stdlib.h>
#include <string.h>

static bool is_free(const struct dk_fate_piece *piece)
{
    return piece->fate == DK_FATE_LAID || piece->fate == DK_FATE_SPARE;
}

docket_status dk_room_look(struct dk_daemon *daemon, struct dk_series_book *series, int32_t period, struct dk_room *room)
{
    struct dk_fate_list list = {0};
    *room = (struct dk_room){.first = 1, .next = 1, .last = dk_record_last(&series->record, period)};
    docket_status status = dk_fate_list(daemon, series, period, &list);
    if (status != DOCKET_OK || !list.found)
        return status;
    room->found = true;
    room->first = list.first;
    room->next = list.mark;
    for (size_t i = 0; i < list.count; i++) {
        const struct dk_fate_piece *piece = &list.pieces[i];
        room->open += piece->fate == DK_FATE_OPEN ? piece->last - piece->first + 1 : 0;
        room->leases += piece->fate == DK_FATE_OPEN;
        if (!is_free(piece))
            continue;
        room->free += piece->last - piece->first + 1;
        if (room->range_count < DK_ROOM_RANGES)
            room->ranges[room->range_count++] = (struct dk_range){piece->first, piece->last};
    }
    free(list.pieces);
    return DOCKET_OK;
}

uint64_t dk_room_left(const struct dk_room *room)
{
    return room->free + (room->next <= room->last ? room->last - room->next + 1 : 0);
}

static bool one_ahead(const struct dk_room *room, uint64_t at, uint64_t *number)
{
    for (uint32_t i = 0; i < room->range_count; i++) {
        uint64_t size = room->ranges[i].last - room->ranges[i].first + 1;
        if (at < size) {
            *number = room->ranges[i].first + at;
            return *number <= room->last;
        }
        at -= size;
    }
    *number = room->next + at;
    return *number <= room->last;
}

unsigned dk_preview_write(const struct dk_preview *preview, struct dk_number_wire *rows, unsigned most)
{
    struct dk_rendered rendered;
    unsigned count = 0;
    dk_template_render(preview->template, preview->series, preview->date, &rendered);
    for (uint64_t number; count < most && one_ahead(preview->room, count, &number); count++) {
        rows[count] = (struct dk_number_wire){.number = number, .period = preview->period, .date = preview->date};
        dk_rendered_write(&rendered, number, rows[count].text);
    }
    return count;
}
