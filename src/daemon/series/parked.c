/* SPDX-License-Identifier: MIT */
/* parked: requests that wait for a slot. */
#include "daemon/door/serve.h"

#include "base/clock.h"

#include <stdlib.h>

/* How long a request waits for a slot. */
#define PATIENCE_NS DK_SECOND_NS

static void park(struct dk_connection *connection, const struct dk_request *request)
{
    struct parked *parked = dk_must_alloc(1, sizeof *parked);
    *parked = (struct parked){.connection = connection,
                              .request = *request,
                              .until_ns = dk_clock_monotonic_ns() + PATIENCE_NS,
                              .next = connection->daemon->connections->parked};
    connection->asked = request->type;
    connection->daemon->connections->parked = parked;
}

/* Room is made before anything else, so that a full desk refuses with nothing
 * half made. */
bool dk_serve_make_room(struct dk_connection *connection, const struct dk_request *request, struct dk_desk_book *desk,
                        docket_status *status)
{
    *status = dk_slots_make_room(desk);
    if ((*status != DOCKET_REALM_FULL && *status != DOCKET_NO_SPACE) || connection->out_of_patience ||
        !dk_evict_for_room(desk))
        return false;
    park(connection, request);
    return true;
}

/* Those who wait for a slot are heard again, in the order in which they came;
 * with none left they wait on, or hear why not. */
void dk_serve_parked(struct dk_daemon *daemon)
{
    struct parked *waiting = NULL;
    for (struct parked *parked = daemon->connections->parked, *next; parked != NULL; parked = next) {
        next = parked->next; /* the list has the last one first */
        parked->next = waiting;
        waiting = parked;
    }
    daemon->connections->parked = NULL;
    for (struct parked *next; waiting != NULL; waiting = next) {
        struct dk_connection *connection = waiting->connection;
        next = waiting->next;
        connection->asked = 0;
        connection->out_of_patience = dk_clock_monotonic_ns() >= waiting->until_ns;
        int64_t until_ns = waiting->until_ns;
        if (!connection->gone)
            dk_serve_handle(connection, &waiting->request);
        /* Parked anew it keeps its time. */
        struct parked *again = daemon->connections->parked;
        if (again != NULL && again->connection == connection)
            again->until_ns = until_ns;
        free(waiting);
    }
}
