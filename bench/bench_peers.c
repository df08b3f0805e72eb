/* SPDX-License-Identifier: MIT */
/*
 * bench_peers: the next number of one counter, by docket and by what people use instead, in
 * the same rounds. bench/peers.sh starts the servers and says in the environment where they
 * are; bench/peers/ has what each is asked; docs/decisions/0029 says how each is run.
 *
 * After the clock each counter's own state is held against what its workers counted: to the
 * number where workers take nothing ahead; else what is more may not be above what they can
 * have lost of it. The harness looks for doubles.
 */
#include "harness.h"
#include "peers/peer.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

enum { CELLS_MAX = 80, FIGURES_MAX = 32, PIPELINE_MAX = 100 };

/* A cell and its peer. */
struct seat {
    struct peer *peer;
    char id[96], name[128];
    bool created;
    uint64_t runs;
};

static struct seat seats[CELLS_MAX];
static struct bench_cell cells[CELLS_MAX];
static int cell_count;
static int processors[CPU_SETSIZE], processor_count;

/* ---- what peer.h promises ---- */

bool peer_complain(const char *form, ...)
{
    char text[600];
    va_list values;
    va_start(values, form);
    vsnprintf(text, sizeof text, form, values);
    va_end(values);
    text[strcspn(text, "\n")] = 0;
    bench_say("%s", text);
    return false;
}

const char *peer_setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL || value[0] == 0)
        peer_complain("%s is not set; bench/peers.sh sets it: run make bench-peers", name);
    return value;
}

bool peer_folder(const struct peer *peer, char *path, size_t size)
{
    const char *directory = peer_setting("PEERS_DIR");
    if (directory == NULL)
        return false;
    snprintf(path, size, "%s/%s-%u", directory, peer->group, peer->at);
    return mkdir(path, 0700) == 0 || errno == EEXIST || peer_complain("%s cannot be made: %s", path, strerror(errno));
}

static int next_processor(int processor)
{
    for (int i = 0; i < processor_count; i++)
        if (processors[i] == processor)
            return processors[(i + 1) % processor_count];
    return processor;
}

bool peer_pin_server(const struct peer *peer, long pid)
{
    char path[64];
    cpu_set_t set;
    int here = sched_getcpu();
    CPU_ZERO(&set);
    CPU_SET((unsigned)(peer->server == PEER_OTHER ? next_processor(here) : here), &set);
    snprintf(path, sizeof path, "/proc/%ld/task", pid);
    DIR *tasks = opendir(path);
    bool good = tasks != NULL;
    for (const struct dirent *task; good && (task = readdir(tasks)) != NULL;)
        if (isdigit((unsigned char)task->d_name[0]))
            good = sched_setaffinity(atoi(task->d_name), sizeof set, &set) == 0 || errno == ESRCH;
    int error = errno;
    if (tasks != NULL)
        closedir(tasks);
    return good || peer_complain("the server of %s (process %ld) cannot be pinned: %s", peer->name, pid, strerror(error));
}

/* ---- hooks of the harness ---- */

struct station {
    void *self;
    const struct peer *peer;
    unsigned left; /* of a pipeline that was taken, at the end of got */
    uint64_t got[PIPELINE_MAX];
};

static bool before(struct bench_cell *cell)
{
    struct seat *seat = cell->context;
    const char *rounds = getenv("ROUNDS");
    fprintf(stderr, "PROGRESS round %d of %s: %s, %u process%s\n", bench_round() + 1, rounds != NULL ? rounds : "?", seat->name,
            seat->peer->processes, seat->peer->processes == 1 ? "" : "es");
    seat->runs++;
    if (!seat->created && !seat->peer->ways->create(seat->peer))
        return false;
    seat->created = true;
    return true;
}

static bool open_peer(struct bench_worker *worker)
{
    const struct peer *peer = ((struct seat *)worker->cell->context)->peer;
    struct station *station = calloc(1, sizeof *station);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* Ctrl-C leaves no worker behind */
    if (station == NULL || (station->self = peer->ways->open(peer, (unsigned)worker->index)) == NULL)
        return false;
    station->peer = peer;
    worker->state = station;
    return true;
}

static void gave_none(const struct peer *peer)
{
    bench_fail("%s gave no number", peer->name);
}

static uint64_t work(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    const struct station *station = worker->state;
    if (!station->peer->ways->take(station->self, out, calls))
        gave_none(station->peer);
    return calls;
}

/* Always a whole pipeline, however many numbers are asked for at a time. */
static uint64_t work_pipeline(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    struct station *station = worker->state;
    unsigned length = station->peer->pipeline;
    for (unsigned i = 0; i < calls; i++) {
        if (station->left == 0) {
            if (!station->peer->ways->take(station->self, station->got, length))
                gave_none(station->peer);
            station->left = length;
        }
        out[i] = station->got[length - station->left--];
    }
    return calls;
}

static void close_peer(struct bench_worker *worker)
{
    struct station *station = worker->state;
    station->peer->ways->close(station->self);
    free(station);
}

/* Most that workers can have taken ahead and lost: each of them, in each run. */
static uint64_t may_be_lost(const struct seat *seat)
{
    const struct peer *peer = seat->peer;
    uint64_t cache = peer->cache > 1 ? peer->cache - 1 : 0, pipeline = peer->pipeline > 1 ? peer->pipeline - 1 : 0;
    return seat->runs * peer->processes * (cache + pipeline);
}

static bool verify(const struct bench_cell *cell, const struct bench_got *got)
{
    uint64_t given;
    const struct seat *seat = cell->context;
    if (!seat->peer->ways->stand(seat->peer, &given))
        return false;
    if (given < got->numbers || given - got->numbers > may_be_lost(seat))
        return peer_complain("%s: its workers counted %llu numbers, and its counter says that it gave %llu (at most %llu may be lost)",
                             seat->name, (unsigned long long)got->numbers, (unsigned long long)given,
                             (unsigned long long)may_be_lost(seat));
    /* docket tells a count; what lies in leases of other runs may be below it, or above. */
    uint64_t last = got->kept[got->kept_count - 1];
    if (strcmp(seat->peer->group, "docket") != 0 && last > given)
        return peer_complain("%s gave number %llu, and its counter stands at %llu", seat->name, (unsigned long long)last,
                             (unsigned long long)given);
    return true;
}

/* ---- which peers ---- */

/* ONLY=bdb,pg: these and docket. Without it all but the one that is broken. */
static bool is_wanted(const struct peer *peer)
{
    const char *only = getenv("ONLY");
    size_t bytes = strlen(peer->group);
    if (strcmp(peer->group, "docket") == 0)
        return true;
    if (only == NULL || only[0] == 0)
        return strcmp(peer->group, "broken") != 0;
    for (const char *at = only; (at = strstr(at, peer->group)) != NULL; at += bytes)
        if ((at == only || at[-1] == ',') && (at[bytes] == ',' || at[bytes] == 0))
            return true;
    return false;
}

/* Why a peer cannot be run here: NULL if it can. */
static const char *why_not(const struct peer *peer)
{
    char name[64];
    if (peer->ways == NULL)
        return "its library's header is not here";
    snprintf(name, sizeof name, "PEERS_WITHOUT_%s", peer->group);
    if (getenv(name) != NULL)
        return getenv(name);
    return peer->server == PEER_OTHER && processor_count < 2 ? "it wants a second processor" : NULL;
}

static void name_seat(struct seat *seat)
{
    static const char *const where[] = {"", ", same CPU", ", other CPU"};
    static const char *const short_where[] = {"", "_same", "_other"};
    const struct peer *peer = seat->peer;
    size_t at = 0;
    for (const char *from = peer->name; *from != 0; from++) {
        if (isalnum((unsigned char)*from))
            seat->id[at++] = (char)tolower((unsigned char)*from);
        else if (at > 0 && seat->id[at - 1] != '_')
            seat->id[at++] = '_';
    }
    snprintf(seat->id + at, sizeof seat->id - at, "%s_%up", short_where[peer->server], peer->processes);
    snprintf(seat->name, sizeof seat->name, "%s%s, %s", peer->name, where[peer->server], peer->durable ? "durable" : "not durable");
}

#define FIRST "docket_leased_never_restarting_1p"
#define FIRST_2 "docket_leased_never_restarting_2p"
#define YEARLY "docket_leased_restarting_yearly_1p"

/* docket with as many processes. */
static const char *base_of(const struct seat *seat)
{
    if (strcmp(seat->id, FIRST) == 0)
        return NULL;
    return seat->peer->processes == 1 || strcmp(seat->id, FIRST_2) == 0 ? FIRST : FIRST_2;
}

static void make_cells(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        for (int i = 0; i < CPU_SETSIZE; i++)
            if (CPU_ISSET((unsigned)i, &set))
                processors[processor_count++] = i;
    for (unsigned i = 0; i < peer_count && cell_count < CELLS_MAX; i++) {
        struct seat *seat = &seats[cell_count];
        struct peer *peer = &peers[i];
        peer->at = i;
        if (!is_wanted(peer))
            continue;
        seat->peer = peer;
        name_seat(seat);
        cells[cell_count++] = (struct bench_cell){.id = seat->id,
                                                  .name = seat->name,
                                                  .base = base_of(seat),
                                                  .workers = (int)peer->processes,
                                                  .context = seat,
                                                  .numbers = true,
                                                  .latency = peer->processes == 1 && peer->pipeline <= 1,
                                                  .before = before,
                                                  .open = open_peer,
                                                  .work = peer->pipeline > 1 ? work_pipeline : work,
                                                  .close = close_peer,
                                                  .verify = verify,
                                                  .skip = why_not(peer)};
    }
}

/* ---- figures ---- */

/* Each beside a series that never restarts, as asked; and beside one that does, to be seen. */
#define AGAINST(id_, sentence_, asked_, peer_)                                                         \
    {.id = id_, .sentence = sentence_ " / docket leased, never restarting", .asked_as = ">=", .asked = asked_, .of = peer_, .over = FIRST}, \
    {.id = id_ "_restarting", .sentence = sentence_ " / docket leased, restarting yearly", .of = peer_, .over = YEARLY}
#define SEEN(id_, sentence_, of_, over_) {.id = id_, .sentence = sentence_, .of = of_, .over = over_}

static const struct bench_figure wanted[] = {
    AGAINST("peers_bdb_synced", "Berkeley DB cache 1000, synced", 40, "berkeley_db_cache_1000_synced_1p"),
    AGAINST("peers_pg_1", "PostgreSQL nextval, cache 1, same CPU", 4000, "postgresql_nextval_cache_1_same_1p"),
    AGAINST("peers_pg_100", "PostgreSQL nextval, cache 100, same CPU", 4000, "postgresql_nextval_cache_100_same_1p"),
    AGAINST("peers_redis_everysec", "Redis INCR, everysec, same CPU", 3000, "redis_incr_everysec_same_1p"),
    AGAINST("peers_redis_always", "Redis INCR, always, same CPU", 3000, "redis_incr_always_same_1p"),
    AGAINST("peers_bdb_nosync", "Berkeley DB cache 1000, NOSYNC", 2, "berkeley_db_cache_1000_nosync_1p"),
    SEEN("peers_bdb_thread", "Berkeley DB cache 1000, NOSYNC, DB_THREAD / docket leased", "berkeley_db_cache_1000_nosync_thread_1p",
         FIRST),
    SEEN("peers_pg_other", "PostgreSQL nextval, cache 1, other CPU / docket leased", "postgresql_nextval_cache_1_other_1p", FIRST),
    SEEN("peers_redis_other", "Redis INCR, everysec, other CPU / docket leased", "redis_incr_everysec_other_1p", FIRST),
    SEEN("peers_mutex_1", "robust mutex / docket strict, 1 process", "robust_mutex_in_shared_memory_1p", "docket_strict_never_restarting_1p"),
    SEEN("peers_mutex_2", "robust mutex / docket strict, 2 processes", "robust_mutex_in_shared_memory_2p",
         "docket_strict_never_restarting_2p"),
};

enum { WANTED = sizeof wanted / sizeof wanted[0] };
static struct bench_figure figures[WANTED];
static int figure_count;

static bool is_here(const char *id)
{
    for (int i = 0; i < cell_count; i++)
        if (strcmp(cells[i].id, id) == 0)
            return true;
    return false;
}

/* Only those whose peers ONLY= names. */
static void make_figures(void)
{
    for (int i = 0; i < WANTED; i++)
        if (is_here(wanted[i].of) && is_here(wanted[i].over))
            figures[figure_count++] = wanted[i];
}

static void count_skipped(void)
{
    int skipped = 0;
    for (int i = 0; i < cell_count; i++)
        skipped += cells[i].skip != NULL;
    fprintf(stderr, "%d of %d rows were skipped%s\n", skipped, cell_count, skipped > 0 ? "; each says why" : "");
}

int main(int count, char **words)
{
    make_cells();
    make_figures();
    const struct bench_suite suite = {.program = "bench_peers",
                                      .title = "The next number of one counter: docket and what people use instead",
                                      .cells = cells,
                                      .cell_count = cell_count,
                                      .figures = figures,
                                      .figure_count = figure_count,
                                      .tear_down = count_skipped};
    return bench_main(count, words, &suite);
}
