/* SPDX-License-Identifier: MIT */
/*
 * accept_hear: floors out of what people say, of the desks' files that live on, and of the
 * marks beside the far witness. None of them is trusted for less than the store's own mark.
 */
#include "daemon/recovery/accept_hear.h"

#include "store/guard.h"
#include "table/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what people say ---- */

struct saying {
    char address[2 * DOCKET_NAME_MAX + 32];
    char tenant[DOCKET_NAME_MAX + 1], name[DOCKET_NAME_MAX + 1];
    int32_t period; /* -1: the current one */
    uint64_t number;
    uint8_t source;
};

static docket_status no_floor(const char *text)
{
    return dk_fail(DOCKET_BAD_ARGUMENT, "'%.120s' is no floor: it wants TENANT/SERIES[/PERIOD] and the highest number that may "
                                        "have been given, such as acme/INV/2026=4711", text);
}

static docket_status read_address(struct saying *saying)
{
    char text[sizeof saying->address], *rest = text;
    snprintf(text, sizeof text, "%s", saying->address);
    const char *tenant = strsep(&rest, "/"), *name = rest != NULL ? strsep(&rest, "/") : NULL;
    if (name == NULL || strlen(tenant) > DOCKET_NAME_MAX || strlen(name) > DOCKET_NAME_MAX)
        return no_floor(saying->address);
    snprintf(saying->tenant, sizeof saying->tenant, "%s", tenant);
    snprintf(saying->name, sizeof saying->name, "%s", name);
    saying->period = -1;
    if (rest != NULL && !dk_period_parse(strcmp(rest, "never") == 0 ? "" : rest, &saying->period))
        return no_floor(saying->address);
    docket_status status = dk_name_check("tenant", saying->tenant);
    return status == DOCKET_OK ? dk_name_check("series", saying->name) : status;
}

static docket_status take(struct dk_planning *planning, struct saying *saying)
{
    struct dk_series_record record;
    struct dk_floors *floors = &planning->accept->floors;
    bool found = false;
    docket_status status = read_address(saying);
    if (status == DOCKET_OK)
        status = dk_store_find_series(planning->daemon->store, saying->tenant, saying->name, &record, &found);
    if (status != DOCKET_OK)
        return status;
    if (!found) {
        struct dk_floor_new made = {.period = saying->period, .number = saying->number, .source = saying->source};
        memcpy(made.tenant, saying->tenant, sizeof made.tenant);
        memcpy(made.name, saying->name, sizeof made.name);
        dk_floors_add_new(floors, &made);
        return DOCKET_OK;
    }
    int32_t period = saying->period >= 0 ? saying->period : planning->series[record.id].now;
    dk_floors_add(floors, &(struct dk_floor){.series_id = record.id,
                                             .period = period,
                                             .number = saying->number,
                                             .source = saying->source,
                                             .covers = true});
    return DOCKET_OK;
}

static bool read_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && *number <= DOCKET_NUMBER_MAX;
}

/* "acme/INV=4711,acme/INV/2025=9000" */
static docket_status hear_list(struct dk_planning *planning, const char *list)
{
    char *all = strdup(list), *rest = all, *one;
    docket_status status = all != NULL ? DOCKET_OK : dk_fail(DOCKET_NO_MEMORY, "no memory for the floors");
    while (status == DOCKET_OK && (one = strsep(&rest, ",")) != NULL) {
        struct saying saying = {.source = DK_FLOOR_HAND};
        char *equals = strchr(one, '=');
        if (equals == NULL || equals - one >= (ptrdiff_t)sizeof saying.address || !read_number(equals + 1, &saying.number)) {
            status = no_floor(one);
            break;
        }
        snprintf(saying.address, sizeof saying.address, "%.*s", (int)(equals - one), one);
        status = take(planning, &saying);
    }
    free(all);
    return status;
}

/* T/S[/PERIOD] N [scan] */
static docket_status hear_line(struct dk_planning *planning, char *line)
{
    char *rest = NULL, *address = strtok_r(line, " \t\r\n", &rest);
    if (address == NULL || address[0] == '#')
        return DOCKET_OK;
    struct saying saying = {.source = DK_FLOOR_FILE};
    const char *number = strtok_r(NULL, " \t\r\n", &rest), *source = strtok_r(NULL, " \t\r\n", &rest);
    if (number == NULL || strlen(address) >= sizeof saying.address || !read_number(number, &saying.number) ||
        (source != NULL && strcmp(source, "scan") != 0) || strtok_r(NULL, " \t\r\n", &rest) != NULL)
        return no_floor(address);
    if (source != NULL)
        saying.source = DK_FLOOR_SCAN;
    snprintf(saying.address, sizeof saying.address, "%s", address);
    return take(planning, &saying);
}

static docket_status hear_file(struct dk_planning *planning, const char *path)
{
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    unsigned long number = 0;
    docket_status status = in != NULL ? DOCKET_OK
                                      : dk_fail_errno(DOCKET_BAD_ARGUMENT, errno, "cannot read the floors of %s", path);
    while (status == DOCKET_OK && getline(&line, &room, in) >= 0) {
        number++;
        status = hear_line(planning, line);
    }
    if (status == DOCKET_OK && ferror(in))
        status = dk_fail_errno(DOCKET_SYSTEM, errno, "cannot read %s to its end", path);
    if (status != DOCKET_OK && number > 0)
        status = dk_wrap(status, "%s, line %lu", path, number);
    free(line);
    if (in != NULL && in != stdin)
        fclose(in);
    return status;
}

/* ---- the desks' files ---- */

struct boarding {
    struct dk_planning *planning;
    const struct dk_desk *map;
    bool covers; /* they are those of the docketd that ran last */
};

/* First number that was never laid of this series and period, by this bank or row. */
static void hear_end(const struct boarding *boarding, const struct shared_board_slot *slot, uint64_t period, uint64_t end)
{
    struct dk_planning *planning = boarding->planning;
    const struct dk_series_record *record = slot->series_id < planning->room ? &planning->series[slot->series_id].record : NULL;
    size_t tenant = slot->tenant_bytes, name = slot->name_bytes;
    if (end == 0 || end > DOCKET_NUMBER_MAX + 1 || period > INT32_MAX || tenant > DOCKET_NAME_MAX || name > DOCKET_NAME_MAX)
        return;
    bool known = record != NULL && record->id != 0 && strlen(record->tenant) == tenant && strlen(record->name) == name &&
                 memcmp(record->tenant, slot->tenant, tenant) == 0 && memcmp(record->name, slot->name, name) == 0;
    if (known) {
        dk_floors_add(&planning->accept->floors, &(struct dk_floor){.series_id = record->id,
                                                                    .period = (int32_t)period,
                                                                    .number = end - 1,
                                                                    .source = DK_FLOOR_BOARD,
                                                                    .covers = boarding->covers});
        return;
    }
    struct saying saying = {.number = end - 1, .source = DK_FLOOR_BOARD};
    char text[16];
    dk_period_text((int32_t)period, text);
    snprintf(saying.address, sizeof saying.address, "%.*s/%.*s%s%s", (int)tenant, slot->tenant, (int)name, slot->name,
             text[0] ? "/" : "", text);
    (void)!take(planning, &saying); /* a name that cannot be is none */
}

static void hear_slots(const struct boarding *boarding)
{
    const struct dk_desk *map = boarding->map;
    uint64_t ready = dk_load_acquire(&dk_desk_words(map)->slots_ready), rows = dk_load_acquire(&dk_desk_words(map)->rows_ready);
    for (uint32_t at = 0; at < ready && at < map->geometry.slots_max; at++) {
        const struct shared_board_slot *slot = dk_desk_slot(map, at);
        if (dk_load_acquire(&slot->generation) == 0)
            continue;
        for (int bank = 0; bank < DK_BANKS; bank++)
            if (dk_load_acquire(&slot->bank[bank].epoch) != 0) /* ORDER-4 */
                hear_end(boarding, slot, dk_load_relaxed(&slot->bank[bank].period), dk_load_relaxed(&slot->bank[bank].limit));
    }
    for (uint32_t at = 0; at < rows && at < map->geometry.rows_max; at++) {
        const struct shared_board_row *row = dk_desk_row(map, at);
        uint32_t slot = dk_load32_acquire(&row->slot); /* ORDER-6 */
        for (int place = 0; slot > 0 && slot <= ready && place < DK_PLACES_PER_ROW; place++)
            if (dk_load_relaxed(&row->place[place].seq) != 0)
                hear_end(boarding, dk_desk_slot(map, slot - 1), dk_load32_relaxed(&row->period),
                         dk_load_relaxed(&row->place[place].first) + (dk_load_relaxed(&row->place[place].size_epoch) >> 32));
    }
}

/* Workers may live on at a desk's files, and go on with what is laid there. What is beyond its limits nobody has. */
static docket_status hear_boards(struct dk_planning *planning)
{
    struct dk_store_place place;
    const struct dk_store_facts *facts = &planning->accept->facts;
    char path[DK_PATH_BYTES + 32];
    int folder;
    dk_store_place_of(planning->daemon, &place);
    if (place.options.lock_folder == NULL)
        return DOCKET_OK;
    snprintf(path, sizeof path, "%s/%016llx", place.options.lock_folder, (unsigned long long)facts->store_id[0]);
    if (dk_directory_open(path, &folder, NULL) != DOCKET_OK)
        return DOCKET_OK; /* none are left */
    for (uint32_t at = 0; at < planning->daemon->config.desk_count; at++) {
        struct dk_desk map;
        if (dk_desk_adopt(&map, folder, at) != DOCKET_OK)
            continue;
        struct boarding boarding = {.planning = planning, .map = &map};
        boarding.covers = dk_load_relaxed(&dk_desk_words(&map)->generation_now) == facts->seen_generation;
        if (memcmp(map.store_id, facts->store_id, sizeof map.store_id) == 0)
            hear_slots(&boarding);
        dk_desk_unmap(&map);
    }
    close(folder);
    return DOCKET_OK;
}

/* ---- the marks beside the far witness ---- */

struct marking {
    struct dk_planning *planning;
    bool covers;
};

static docket_status hear_mark(void *context, const struct dk_mark *mark)
{
    struct marking *marking = context;
    struct saying saying = {.number = mark->mark > 0 ? mark->mark - 1 : 0, .source = DK_FLOOR_WITNESS};
    char text[16];
    dk_period_text(mark->period, text);
    snprintf(saying.address, sizeof saying.address, "%s/%s%s%s", mark->tenant, mark->series, text[0] ? "/" : "", text);
    docket_status status = take(marking->planning, &saying);
    struct dk_floors *floors = &marking->planning->accept->floors;
    if (status == DOCKET_OK && floors->count > 0 && floors->all[floors->count - 1].source == DK_FLOOR_WITNESS)
        floors->all[floors->count - 1].covers = marking->covers;
    return status;
}

static docket_status pass(void *context, const struct dk_mark *mark)
{
    (void)context;
    (void)mark;
    return DOCKET_OK;
}

/* They vouch for the counters only if --from-witness asks for that; less than they say is never accepted. */
static docket_status hear_witness(struct dk_planning *planning, const struct dk_accept_order *order)
{
    const struct dk_store_facts *facts = &planning->accept->facts;
    struct dk_marks marks = {0};
    uint8_t id[16];
    memcpy(id, facts->store_id, sizeof id);
    docket_status status = dk_marks_read(facts->far, id, &marks, pass, NULL);
    if (!order->from_witness && (status != DOCKET_OK || !marks.found))
        return DOCKET_OK;
    if (status != DOCKET_OK)
        return status;
    if (order->from_witness && (!marks.found || marks.left_out))
        return dk_fail(DOCKET_BAD_ARGUMENT, "there are no marks beside the far witness%s; give floors by --floor, --floors, --scan "
                                            "or --skip", marks.left_out ? ": this realm has more counters than are noted" : "");
    /* Of a stop in order, and nobody has opened the store since. */
    bool exact = marks.exact && marks.generation == facts->seen_generation;
    if (order->from_witness && !exact && !order->skip_given)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the marks beside the far witness are of generation %llu, commit %llu, %s: what was given "
                                            "after them is not in them. Say with --skip N how much that can be",
                       (unsigned long long)marks.generation, (unsigned long long)marks.commit,
                       marks.exact ? "and docketd ran again after it" : "while docketd ran");
    struct marking marking = {.planning = planning, .covers = exact && order->from_witness};
    return dk_marks_read(facts->far, id, &marks, hear_mark, &marking);
}

docket_status dk_accept_hear(struct dk_planning *planning, const struct dk_accept_order *order)
{
    docket_status status = hear_boards(planning);
    if (status == DOCKET_OK)
        status = hear_witness(planning, order);
    if (status == DOCKET_OK && order->floors != NULL)
        status = hear_list(planning, order->floors);
    if (status == DOCKET_OK && order->file != NULL)
        status = hear_file(planning, order->file);
    return status;
}
