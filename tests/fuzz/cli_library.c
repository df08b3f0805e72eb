/* SPDX-License-Identifier: MIT */
/*
 * cli_library: stands behind the command in fuzz_cli instead of the library.
 * Each call checks that its arguments are what the public headers allow, and
 * answers as the mood (a word of the input) says.
 */
#include "fuzz.h"

#include "../../tools/cli.h"
#include "../../tools/session.h"
#include "docket_admin.h"
#include "docket_inspect.h"

#include <time.h>

void cli_library_begin(uint64_t mood);

struct docket_realm {
    char unused;
};
struct docket_series {
    char unused;
};
struct docket_block {
    uint32_t left;
};
struct docket_view {
    char unused;
};

static struct docket_realm one_realm;
static struct docket_series one_series;
static struct docket_block one_block;
static struct docket_view one_view;
static uint64_t mood, next_number;

void cli_library_begin(uint64_t wanted)
{
    mood = wanted;
    next_number = wanted & 1 ? 1 : DOCKET_NUMBER_MAX - 20000;
}

/* Mostly well: a mood of which few bits are set fails now and then. */
static docket_status answer(void)
{
    uint64_t turn = mood % 67;
    mood = mood / 3 + (mood << 11 & 0xffff);
    return turn < 60 ? DOCKET_OK : (docket_status)(turn - 30);
}

static void check_names(const char *tenant, const char *series)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *const names[] = {tenant, series};
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(names[i]);
        MUST(length >= 1 && length <= DOCKET_NAME_MAX && strspn(names[i], safe) == length);
        MUST(strchr("._-", names[i][0]) == NULL);
    }
}

static void check_timeout(int64_t timeout_ns)
{
    MUST(timeout_ns >= -1 && timeout_ns <= 86400 * (int64_t)1000000000);
}

int session_run(const struct cli *cli, docket_status (*step)(docket_realm *realm, void *context), void *context)
{
    MUST(cli->realm != NULL && cli->realm[0] != 0);
    docket_status status = step(&one_realm, context);
    return status == DOCKET_OK ? CLI_DONE : cli_fail_status(cli, status);
}

docket_status docket_series_open(docket_realm *realm, const char *tenant, const char *name, docket_series **series)
{
    MUST(realm == &one_realm);
    check_names(tenant, name);
    *series = &one_series;
    return answer();
}

docket_status docket_next_text(docket_series *series, int64_t timeout_ns, char *text, size_t size, uint64_t *number,
                               int32_t *period)
{
    MUST(series == &one_series && size >= DOCKET_TEXT_MAX);
    check_timeout(timeout_ns);
    snprintf(text, size, "INV-%llu", (unsigned long long)next_number);
    *number = next_number++;
    *period = 2026;
    return next_number % 64 == 0 ? answer() : DOCKET_OK;
}

docket_status docket_block_open(docket_series *series, uint32_t count, int64_t timeout_ns, docket_block **block)
{
    MUST(series == &one_series && count >= 1 && count <= DOCKET_BLOCK_MAX);
    check_timeout(timeout_ns);
    one_block.left = count;
    docket_status status = answer();
    if (status == DOCKET_OK)
        *block = &one_block;
    return status;
}

docket_status docket_block_show(const docket_block *block, uint64_t *first, uint32_t *left, int32_t *period)
{
    MUST(block == &one_block && first == NULL && left == NULL);
    *period = 20261124;
    return answer();
}

docket_status docket_block_next_text(docket_block *block, char *text, size_t size, uint64_t *number)
{
    MUST(block == &one_block && size >= DOCKET_TEXT_MAX);
    if (block->left == 0)
        return DOCKET_BLOCK_EMPTY;
    block->left--;
    snprintf(text, size, "INV-%llu", (unsigned long long)next_number);
    *number = next_number++;
    return DOCKET_OK;
}

docket_status docket_block_give_back(docket_block *block, uint32_t *returned)
{
    MUST((block == NULL || block == &one_block) && returned == NULL);
    return answer();
}

docket_status docket_admin_series_add(docket_realm *realm, const char *tenant, const char *name,
                                      const struct docket_policy *policy)
{
    MUST(realm == &one_realm);
    check_names(tenant, name);
    MUST(policy->start_after < DOCKET_NUMBER_MAX);
    return answer();
}

docket_status docket_admin_fate(docket_realm *realm, const char *tenant, const char *name, int32_t period,
                                int (*each)(void *context, const struct docket_fate_row *row), void *context)
{
    MUST(realm == &one_realm && (tenant == NULL) == (name == NULL) && period >= -1);
    if (tenant != NULL)
        check_names(tenant, name);
    docket_status status = answer();
    for (uint64_t i = 0; status == DOCKET_OK && i < mood % 5; i++) {
        struct docket_fate_row row = {.tenant = "acme",
                                      .series = "INV",
                                      .order = i & 1 ? "strict" : "leased",
                                      .period = i & 1 ? 2026 : 0,
                                      .mark = DOCKET_NUMBER_MAX,
                                      .first = i * 10 + 1,
                                      .last = i * 10 + 10,
                                      .fate = "spare",
                                      .cause = i & 2 ? "power loss" : "",
                                      .seat = (int32_t)i - 1,
                                      .time_ns = (int64_t)(mood << 40),
                                      .counter_ends = i & 1};
        if (each(context, &row) != 0)
            break;
    }
    return status;
}

/* ---- the view ---- */

/* `top` looks twice and `doctor` looks again: here no time passes between. */
int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)left;
    MUST(wanted->tv_sec >= 0 && wanted->tv_sec <= 3600 && wanted->tv_nsec >= 0 && wanted->tv_nsec < 1000000000);
    return 0;
}

docket_status docket_view_open(const char *directory, docket_view **view)
{
    MUST(directory != NULL && directory[0] != 0);
    docket_status status = answer();
    if (status == DOCKET_OK)
        *view = &one_view;
    return status;
}

void docket_view_close(docket_view *view)
{
    MUST(view == NULL || view == &one_view);
}

docket_status docket_view_realm_show(docket_view *view, struct docket_view_realm *facts)
{
    MUST(view == &one_view);
    *facts = (struct docket_view_realm){.directory = mood & 1 ? "/realm" : "/re\xff\xfe",
                                        .runtime = "/dev/shm/docket",
                                        .store_id = "00",
                                        .serving = (int)(mood % 3) - 1,
                                        .heartbeat_age_ns = (int64_t)(mood << 47),
                                        .started_s = (int64_t)(mood << 45),
                                        .desk_count = 1};
    return answer();
}

docket_status docket_view_about_show(docket_view *view, struct docket_view_about *about)
{
    MUST(view == &one_view);
    *about = (struct docket_view_about){.docketd_version = mood & 2 ? "0.1.0" : "",
                                        .lmdb_version = mood & 4 ? "0.9.24" : "0.9.28",
                                        .realm = mood & 1 ? "/realm" : "/re\xff\xfe",
                                        .store = "/realm/store",
                                        .socket = "",
                                        .witness = "/realm/witness",
                                        .config = mood & 8 ? "/nowhere/docket.conf" : "",
                                        .log = "journal"};
    return answer();
}

static struct docket_view_series some_series(void)
{
    struct docket_view_series series = {.tenant = "acme",
                                        .name = "INV",
                                        .desk = "desk-0",
                                        .template_text = "{SERIES}-{YYYY}-{N:6}",
                                        .order = "strict",
                                        .restart = "yearly",
                                        .window = 10000,
                                        .quarantined = mood % 7 == 1,
                                        .period_count = (uint32_t)(mood % 3)};
    series.periods[0] = (struct docket_view_period){
        .period = 2026, .start_s = 0, .end_s = INT64_MAX, .next = mood % 4, .laid = mood % 5, .open = mood};
    series.periods[1] = (struct docket_view_period){.period = 2027, .next = UINT64_MAX, .laid = UINT64_MAX};
    return series;
}

docket_status docket_view_each_desk(docket_view *view,
                                    int (*each)(void *context, const struct docket_view_desk *desk), void *context)
{
    MUST(view == &one_view);
    struct docket_view_desk desk = {
        .name = "desk-0", .title = mood & 1 ? "default" : "", .user = "", .group = "\xff", .seats_taken = 3, .commits = mood, .commit_ns_max = UINT64_MAX};
    docket_status status = answer();
    if (status == DOCKET_OK && each(context, &desk) == 0)
        each(context, &desk);
    return status;
}

docket_status docket_view_each_series(docket_view *view,
                                      int (*each)(void *context, const struct docket_view_series *series),
                                      void *context)
{
    MUST(view == &one_view);
    struct docket_view_series series = some_series();
    docket_status status = answer();
    if (status == DOCKET_OK && each(context, &series) == 0)
        each(context, &series);
    return status;
}

docket_status docket_view_each_seat(docket_view *view,
                                    int (*each)(void *context, const struct docket_view_seat *seat), void *context)
{
    MUST(view == &one_view);
    struct docket_view_seat seat = {.desk = "desk-0",
                                    .state = mood & 64 ? "taken" : "lost",
                                    .lives = (int)(mood % 3) - 1,
                                    .pid = (int64_t)mood,
                                    .attached_s = (int64_t)(mood << 45),
                                    .oldest_lease_age_s = (int64_t)(mood % 9) - 1,
                                    .wait_ns_total = UINT64_MAX,
                                    .wait_ns_max = mood};
    docket_status status = answer();
    if (status == DOCKET_OK)
        each(context, &seat);
    return status;
}

docket_status docket_view_series_find(docket_view *view, const char *tenant, const char *name,
                                      struct docket_view_series *facts)
{
    MUST(view == &one_view);
    check_names(tenant, name);
    *facts = some_series();
    return answer();
}

docket_status docket_view_text(const struct docket_view_series *facts, uint64_t number, char *text, size_t size)
{
    MUST(facts->tenant != NULL && size >= DOCKET_TEXT_MAX);
    snprintf(text, size, "INV-%llu", (unsigned long long)number);
    return answer();
}
