/* SPDX-License-Identifier: MIT */
/*
 * bench_names: what a call by name costs beside a call by handle, and what
 * finding a handle costs with docket's map, with liburcu's cds_lfht (urcu-bp),
 * and with a mutex around docket's map. docs/decisions/0010 speaks of it.
 *
 *     bench_names [-r ROUNDS] [-m MILLISECONDS] [-n NAMES] [REALM]
 *
 * Cells run one after the other in every round; figures are medians. Without a
 * REALM only the maps are measured.
 */
#include "client/inside.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <urcu/urcu-bp.h>
#include <urcu/rculfhash.h>

#include "base/hash.h"

enum { ROUNDS_MAX = 99, BATCH = 1024 };

struct entry {
    struct cds_lfht_node node;
    char tenant[24], name[24];
    docket_series *handle; /* of the realm */
};

static struct entry *entries;
static unsigned names = 1000;
static struct dk_handles handles;
static struct cds_lfht *lfht;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static docket_realm *realm;
static uint32_t *order; /* names at random, so that no cell profits from neighbours */
static unsigned at;

/* The thread's own time: what other processes take of the machine is not counted. */
static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * DK_SECOND_NS + now.tv_nsec;
}

static void give_up(const char *what)
{
    fprintf(stderr, "bench_names: %s: %s\n", what, docket_last_error());
    exit(1);
}

static struct entry *next_entry(void)
{
    at = at + 1 < names ? at + 1 : 0;
    return &entries[order[at]];
}

/* ---- what is measured ---- */

static bool find_by_map(const struct entry *entry)
{
    struct dk_key key;
    return dk_key_make(&key, entry->tenant, entry->name) && dk_handles_find(&handles, &key) != NULL;
}

static bool find_under_mutex(const struct entry *entry)
{
    pthread_mutex_lock(&lock);
    bool found = find_by_map(entry);
    pthread_mutex_unlock(&lock);
    return found;
}

static int is_entry(struct cds_lfht_node *node, const void *context)
{
    const struct entry *entry = (const void *)((const char *)node - offsetof(struct entry, node));
    const struct dk_key *key = context;
    return memcmp(entry->name, key->name, key->name_bytes + 1) == 0 &&
           memcmp(entry->tenant, key->tenant, key->tenant_bytes + 1) == 0;
}

static bool find_by_lfht(const struct entry *entry)
{
    struct dk_key key;
    struct cds_lfht_iter found;
    if (!dk_key_make(&key, entry->tenant, entry->name))
        return false;
    urcu_bp_read_lock();
    cds_lfht_lookup(lfht, (unsigned long)key.hash, is_entry, &key, &found);
    bool is_there = cds_lfht_iter_get_node(&found) != NULL;
    urcu_bp_read_unlock();
    return is_there;
}

static bool find_nothing(const struct entry *entry)
{
    return entry->name[0] != 0;
}

static bool next_by_handle(const struct entry *entry)
{
    uint64_t number;
    return docket_next(entry->handle, DOCKET_TIMEOUT_DEFAULT, &number, NULL) == DOCKET_OK;
}

static bool next_by_name(const struct entry *entry)
{
    uint64_t number;
    return docket_next_for(realm, entry->tenant, entry->name, DOCKET_TIMEOUT_DEFAULT, &number, NULL) == DOCKET_OK;
}

struct cell {
    const char *name;
    bool (*work)(const struct entry *entry);
    bool one; /* the same name all the time */
    bool calls;
    double ns[ROUNDS_MAX];
};

static struct cell cells[] = {
    {.name = "going through the names, no look", .work = find_nothing},
    {.name = "docket's map, one name", .work = find_by_map, .one = true},
    {.name = "docket's map", .work = find_by_map},
    {.name = "cds_lfht, one name", .work = find_by_lfht, .one = true},
    {.name = "cds_lfht", .work = find_by_lfht},
    {.name = "docket's map under a mutex", .work = find_under_mutex},
    {.name = "docket_next, one series", .work = next_by_handle, .one = true, .calls = true},
    {.name = "docket_next_for, one series", .work = next_by_name, .one = true, .calls = true},
    {.name = "docket_next", .work = next_by_handle, .calls = true},
    {.name = "docket_next_for", .work = next_by_name, .calls = true},
};

enum { CELLS = sizeof cells / sizeof cells[0] };

static double run_cell(const struct cell *cell, int64_t length_ns)
{
    uint64_t count = 0;
    int64_t began_ns = now_ns();
    for (; now_ns() < began_ns + length_ns; count += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            const struct entry *entry = cell->one ? &entries[0] : next_entry();
            if (!cell->work(entry))
                give_up(cell->name);
        }
    }
    return (double)(now_ns() - began_ns) / (double)count;
}

/* ---- set-up ---- */

static void make_entry(unsigned i)
{
    struct dk_key key;
    struct entry *entry = &entries[i];
    struct docket_series *made = calloc(1, sizeof *made), *kept;
    snprintf(entry->tenant, sizeof entry->tenant, "tenant-%u", i / 10);
    snprintf(entry->name, sizeof entry->name, "INV%u", i % 10);
    snprintf(made->tenant, sizeof made->tenant, "%s", entry->tenant);
    snprintf(made->name, sizeof made->name, "%s", entry->name);
    if (dk_handles_add(&handles, made, &kept) != DOCKET_OK || !dk_key_make(&key, entry->tenant, entry->name))
        exit(1);
    urcu_bp_read_lock();
    cds_lfht_add(lfht, (unsigned long)key.hash, &entry->node);
    urcu_bp_read_unlock();
    if (realm != NULL && docket_series_open(realm, entry->tenant, entry->name, &entry->handle) != DOCKET_OK)
        give_up(entry->name);
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static void print(int rounds)
{
    printf("%u names\n%-36s %9s %9s\n", names, "", "ns each", "less going");
    for (int i = 0; i < CELLS; i++)
        qsort(cells[i].ns, (size_t)rounds, sizeof(double), compare);
    for (int i = 0; i < CELLS; i++)
        if (realm != NULL || !cells[i].calls)
            printf("%-36s %9.2f %9.2f\n", cells[i].name, cells[i].ns[rounds / 2],
                   cells[i].ns[rounds / 2] - (cells[i].one ? 0 : cells[0].ns[rounds / 2]));
}

int main(int count, char **words)
{
    int rounds = 15, length_ms = 20;
    unsigned seed = 3;
    for (int option; (option = getopt(count, words, "r:m:n:")) != -1;) {
        if (option == 'r')
            rounds = atoi(optarg);
        else if (option == 'm')
            length_ms = atoi(optarg);
        else if (option == 'n')
            names = (unsigned)atoi(optarg);
        else
            return 2;
    }
    if (rounds < 1 || rounds > ROUNDS_MAX || length_ms < 1 || names < 1)
        return 2;
    if (optind < count && docket_realm_open(words[optind], &realm) != DOCKET_OK)
        give_up(words[optind]);
    entries = calloc(names, sizeof *entries);
    order = calloc(names, sizeof *order);
    lfht = cds_lfht_new_flavor(1024, 1024, 0, CDS_LFHT_AUTO_RESIZE, &urcu_bp_flavor, NULL);
    for (unsigned i = 0; i < names; i++) {
        order[i] = i;
        make_entry(i);
    }
    for (unsigned i = names; i > 1; i--) {
        unsigned other = (unsigned)rand_r(&seed) % i, kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < CELLS; i++)
            if (realm != NULL || !cells[i].calls)
                cells[i].ns[round] = run_cell(&cells[i], (int64_t)length_ms * DK_MILLISECOND_NS);
    print(rounds);
    docket_realm_close(realm);
    return 0;
}
