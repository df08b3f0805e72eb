/* SPDX-License-Identifier: MIT */
/* serve_inside: daemon/door/serve.c, and an end that leaves nothing behind. */
#include "daemon/door/serve.c"

#include "fuzz.h"

void serve_inside_end(struct dk_daemon *daemon);

void serve_inside_end(struct dk_daemon *daemon)
{
    struct dk_connections *all = daemon->connections;
    MUST(all->count == 0 && all->first == NULL && all->coming.used == 0 && all->parked == NULL);
    dk_names_free(&all->coming);
    close(all->reserve_fd);
    free(all);
    daemon->connections = NULL;
}
