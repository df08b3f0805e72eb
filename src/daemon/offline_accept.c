/* SPDX-License-Identifier: MIT */
/*
 * offline_accept: an older store serves again, above what can have been given. First it is looked at as it stands,
 * and told what would become of each counter; one that nobody vouches for refuses all of it. Then docketd starts with
 * these floors behind the fence ACCEPTING, and the fence comes down last: a crash in between leaves a store that is
 * refused until the same command has come to its end.
 */
#include "daemon/offline.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/admin/errand.h"
#include "daemon/recovery/accept.h"
#include "daemon/series/policies.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LACKING_SHOWN = 20, EXIT_SAFETY = 4 };

static struct dk_accept accepting;

bool dk_offline_accepts(const struct dk_offline *asked)
{
    return asked->word_count == 1 && strcmp(asked->words[0], "accept") == 0;
}

/* ---- what is told ---- */

static const char *address_of(const struct dk_accept_cell *cell)
{
    static char text[2 * DOCKET_NAME_MAX + 32];
    char period[16] = "";
    if (cell->period > 0)
        dk_period_text(cell->period, period);
    snprintf(text, sizeof text, "%s/%s%s%s", cell->tenant, cell->name, period[0] ? "/" : "", period);
    return text;
}

static void print_cells(void)
{
    printf("%-32s %12s %12s  %-10s %12s\n", "COUNTER", "KNOWN", "FLOOR", "SOURCE", "NEXT");
    for (size_t at = 0; at < accepting.count; at++) {
        const struct dk_accept_cell *cell = &accepting.cells[at];
        char floor[24] = "-", next[24] = "-";
        if (cell->floor != 0)
            snprintf(floor, sizeof floor, "%llu", (unsigned long long)cell->floor);
        if (cell->covered && !cell->past)
            snprintf(next, sizeof next, "%llu", (unsigned long long)cell->next);
        printf("%-32s %12llu %12s  %-10s %12s%s\n", address_of(cell), (unsigned long long)cell->known, floor,
               cell->covered ? dk_floor_source_name(cell->source) : "LACKING", next,
               cell->past ? "  (not in the store; it gives none)" : cell->unknown ? "  (not in the store)" : "");
    }
}

static json_t *spell_cell(const struct dk_accept_cell *cell)
{
    char period[16] = "";
    if (cell->period > 0)
        dk_period_text(cell->period, period);
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:b, s:b, s:o}", "tenant", cell->tenant, "series", cell->name, "period",
                     period, "known", (json_int_t)cell->known, "floor", (json_int_t)cell->floor, "source",
                     cell->covered ? dk_floor_source_name(cell->source) : "", "covered", cell->covered, "in_store",
                     !cell->unknown, "next", cell->covered && !cell->past ? json_integer((json_int_t)cell->next) : json_null());
}

static docket_status print_json(const struct dk_daemon *daemon, bool done)
{
    json_t *rows = json_array();
    for (size_t at = 0; at < accepting.count; at++)
        json_array_append_new(rows, spell_cell(&accepting.cells[at]));
    json_t *object = json_pack("{s:i, s:s, s:b, s:I, s:I, s:I, s:o}", "schema_version", 1, "realm", daemon->config.realm,
                               "accepted", done, "generation", (json_int_t)daemon->facts.generation, "skip",
                               (json_int_t)accepting.floors.skip, "lacking", (json_int_t)accepting.lacking, "counters", rows);
    if (object == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to print");
    json_dumpf(object, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    json_decref(object);
    return DOCKET_OK;
}

/* ---- before the start ---- */

static docket_status read_order(const struct dk_offline *asked, struct dk_accept_order *order)
{
    const char *skip = asked->values[DK_OFFLINE_SKIP];
    *order = (struct dk_accept_order){.floors = asked->values[DK_OFFLINE_FLOOR],
                                      .file = asked->values[DK_OFFLINE_FLOORS],
                                      .from_witness = dk_offline_given(asked, DK_OFFLINE_FROM_WITNESS),
                                      .skip_given = skip != NULL};
    char *end = NULL;
    errno = 0;
    if (skip != NULL)
        order->skip = strtoull(skip, &end, 10);
    if (skip != NULL && (skip[0] < '0' || skip[0] > '9' || *end != 0 || errno != 0 || order->skip > DOCKET_NUMBER_MAX / 2))
        return dk_fail(DOCKET_BAD_ARGUMENT, "--skip wants how many numbers to go ahead of mark and floor, not '%.40s'", skip);
    return DOCKET_OK;
}

static docket_status refuse_lacking(void)
{
    size_t shown = 0;
    char list[700] = "";
    for (size_t at = 0, used = 0; at < accepting.count && shown < LACKING_SHOWN; at++) {
        const char *address = address_of(&accepting.cells[at]);
        if (accepting.cells[at].covered || used + strlen(address) + 3 > sizeof list)
            continue;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", shown > 0 ? ", " : "", address);
        shown++;
    }
    return dk_fail(DOCKET_STORE_FENCED,
                   "%zu counter%s may have given numbers that this store does not know, and nobody says how many: %s%s. Give a "
                   "floor for each (--floor, --floors, --scan, --from-witness), or --skip N; nothing was changed",
                   accepting.lacking, accepting.lacking == 1 ? "" : "s", list, shown < accepting.lacking ? " ..." : "");
}

static docket_status look(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_accept_order order;
    bool dry_run = dk_offline_given(asked, DK_OFFLINE_DRY_RUN);
    docket_status status = read_order(asked, &order);
    if (status == DOCKET_OK && !dry_run && !dk_offline_given(asked, DK_OFFLINE_YES))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "accept wants --dry-run, to see what it would do, or --yes");
    if (status == DOCKET_OK)
        status = dk_accept_plan(daemon, &order, &accepting);
    if (status != DOCKET_OK)
        return status;
    if (!dk_offline_given(asked, DK_OFFLINE_JSON))
        print_cells();
    else if (dry_run || accepting.lacking > 0)
        status = print_json(daemon, false);
    if (status == DOCKET_OK && accepting.lacking > 0)
        status = refuse_lacking();
    if (status == DOCKET_OK && dry_run && !dk_offline_given(asked, DK_OFFLINE_JSON))
        printf("nothing was changed (--dry-run)\n");
    return status;
}

docket_status dk_offline_accept_look(struct dk_daemon *daemon, const struct dk_offline *asked, bool *go_on)
{
    docket_status status = dk_boot_id(daemon->boot_id);
    dk_guard_install(daemon);
    dk_guard_reading_store(true);
    if (status == DOCKET_OK)
        status = look(daemon, asked);
    dk_guard_reading_store(false);
    fflush(stdout);
    daemon->floors = &accepting.floors;
    *go_on = status == DOCKET_OK && !dk_offline_given(asked, DK_OFFLINE_DRY_RUN);
    return status;
}

/* ---- for docket accept --scan: how the series of a store that nobody serves write their numbers ---- */

docket_status dk_offline_accept_shapes(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_store_place place;
    struct dk_shape_wire *rows = NULL;
    size_t count = 0;
    (void)asked;
    dk_store_place_of(daemon, &place);
    docket_status status = dk_store_look(&place.options, &daemon->store, &daemon->facts);
    if (status != DOCKET_OK)
        return status;
    status = dk_shapes_gather(daemon->store, NULL, &rows, &count);
    if (status == DOCKET_OK && fwrite(rows, sizeof *rows, count, stdout) != count)
        status = dk_fail_errno(DOCKET_SYSTEM, errno, "cannot write what the series write");
    free(rows);
    (void)dk_store_close(daemon->store, false);
    return status;
}

/* ---- after it, while the fence stands ---- */

/* A series that was made after the copy: as its first use would make it, behind its floor. */
static docket_status make_series(struct dk_daemon *daemon, const struct dk_floor_new *floor)
{
    struct dk_request request = {.type = DK_ASK_DECLARE, .start_after = floor->number + accepting.floors.skip};
    struct dk_connection *connection;
    struct dk_reply reply;
    int fds[DK_WIRE_FDS], far;
    snprintf(request.tenant, sizeof request.tenant, "%s", floor->tenant);
    snprintf(request.name, sizeof request.name, "%s", floor->name);
    docket_status status = dk_serve_own(daemon, &connection, &far);
    if (status != DOCKET_OK)
        return status;
    connection->asked = request.type;
    dk_serve_handle(connection, &request);
    struct pollfd ready[2] = {{.fd = daemon->clerk_fd, .events = POLLIN}, {.fd = far, .events = POLLIN}};
    while (poll(ready, 2, 10) >= 0 && ready[1].revents == 0) { /* what the loop does, as far as this needs it */
        dk_clerk_collect(daemon->clerk);
        dk_keeper_run(daemon);
    }
    status = dk_wire_answer_of(far, request.type, DK_SECOND_NS, &reply, fds);
    close(far);
    return status == DOCKET_OK ? status : dk_wrap(status, "%s/%s cannot be made behind its floor; the store stays fenced",
                                                  floor->tenant, floor->name);
}

docket_status dk_offline_accept(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    docket_status status = DOCKET_OK;
    dk_keeper_run(daemon);
    for (size_t at = 0; status == DOCKET_OK && at < accepting.floors.new_count; at++)
        status = accepting.floors.news[at].past ? DOCKET_OK : make_series(daemon, &accepting.floors.news[at]);
    if (status != DOCKET_OK)
        return status;
    if (daemon->facts.fence.kind != DK_FENCE_NONE)
        dk_recovery_take_fence_down(daemon);
    if (dk_offline_given(asked, DK_OFFLINE_JSON))
        return print_json(daemon, true);
    printf("accepted: generation %llu. What lies between is unknown: docket fate --all lists it, docket reconcile and docket void "
           "settle it\n", (unsigned long long)daemon->facts.generation);
    return DOCKET_OK;
}
