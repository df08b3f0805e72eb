/* SPDX-License-Identifier: MIT */
/*
 * docket: docket itself, in the same rounds: leased series that never restart and that
 * restart each year, a strict one, and one with a ledger, of which each number has a
 * record that is synced before it is given. Every one is durable: a mark above each
 * number was synced before it.
 */
#include "peer.h"

#include "docket.h"
#include "docket_admin.h"
#include "docket_ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct docket_worker {
    docket_realm *realm;
    docket_series *series;
};

static bool failed(docket_status status, const char *what)
{
    return status == DOCKET_OK || peer_complain("docket, %s: %s", what, docket_last_error());
}

static void series_name(const struct peer *peer, char name[static 16])
{
    snprintf(name, 16, "N%u", peer->at);
}

static bool open_realm(docket_realm **realm)
{
    const char *directory = peer_setting("PEERS_REALM");
    return directory != NULL && failed(docket_realm_open(directory, realm), "opening the realm");
}

static bool docket_create(const struct peer *peer)
{
    char name[16];
    docket_realm *realm;
    struct docket_policy policy = {.order = peer->form == PEER_STRICT ? "strict" : "leased",
                                   .restart = peer->form == PEER_LEASED_YEARLY ? "yearly" : "never",
                                   .template_text = "{SERIES}-{N:6}",
                                   .window = DOCKET_WINDOW_BENCHMARK};
    if (peer->form == PEER_LEASED_YEARLY)
        policy.template_text = "{SERIES}-{YYYY}{MM}{DD}-{N:6}";
    if (peer->form == PEER_ISSUED)
        policy = (struct docket_policy){.order = "strict", .restart = "never", .template_text = "{SERIES}-{N:6}", .ledger = "on"};
    if (!open_realm(&realm))
        return false;
    series_name(peer, name);
    bool good = failed(docket_admin_series_add(realm, "bench", name, &policy), name);
    docket_realm_close(realm);
    return good;
}

static void *docket_open(const struct peer *peer, unsigned worker)
{
    char name[16];
    struct docket_worker *self = calloc(1, sizeof *self);
    (void)worker;
    series_name(peer, name);
    if (self == NULL || !open_realm(&self->realm) ||
        !failed(docket_series_open(self->realm, "bench", name, &self->series), name))
        return NULL;
    return self;
}

/* Of a series with a ledger this is docket_issue() without a key, sent once. */
static bool docket_take(void *worker, uint64_t *numbers, unsigned count)
{
    const struct docket_worker *self = worker;
    for (unsigned i = 0; i < count; i++) {
        docket_status status = docket_next(self->series, DOCKET_TIMEOUT_DEFAULT, &numbers[i], NULL);
        if (status != DOCKET_OK)
            return failed(status, "the next number");
    }
    return true;
}

/* What is left of the lease goes back. */
static void docket_close(void *worker)
{
    struct docket_worker *self = worker;
    docket_realm_close(self->realm);
    free(self);
}

static int add_row(void *context, const struct docket_fate_row *row)
{
    if (strcmp(row->fate, "handed out") == 0 || strcmp(row->fate, "issued") == 0)
        *(uint64_t *)context += row->last - row->first + 1;
    return 0;
}

static bool docket_stand(const struct peer *peer, uint64_t *given)
{
    char name[16];
    docket_realm *realm;
    if (!open_realm(&realm))
        return false;
    *given = 0;
    series_name(peer, name);
    bool good = failed(docket_admin_fate(realm, "bench", name, -1, add_row, given), name);
    docket_realm_close(realm);
    return good;
}

const struct peer_ways peer_docket_ways = {docket_create, docket_open, docket_take, docket_close, docket_stand};
