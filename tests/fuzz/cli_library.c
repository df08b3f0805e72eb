/* SPDX-License-Identifier: MIT */
/*
 * cli_library: stands behind the command in fuzz_cli instead of the library.
 * Each call checks that its arguments are what the public headers allow, and
 * answers as the mood (a word of the input) says.
 */
#include "fuzz.h"

#include "../../tools/cli.h"
#include "../../tools/legacy/importing.h"
#include "../../tools/legacy/reconciling.h"
#include "../../tools/legacy/scan.h"
#include "../../tools/migrate_new.h"
#include "../../tools/offline.h"
#include "../../tools/session.h"
#include "docket_admin.h"
#include "docket_inspect.h"
#include "docket_ledger.h"

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

/* Commands that write where they are told to, and docketd's own errands: their words only. */
static int do_nothing(struct cli *cli)
{
    MUST(cli->operand_count >= cli->command->operands_min && cli->operand_count <= cli->command->operands_max);
    return CLI_DONE;
}

const struct cli_command command_backup = {
    .name = "backup", .operands = "DIR", .summary = "", .text = "", .operands_min = 1, .operands_max = 1, .run = do_nothing};
const struct cli_command command_accept = {.name = "accept", .operands = "", .summary = "", .text = "", .run = do_nothing};

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

docket_status docket_next_text_dated(docket_series *series, uint32_t yyyymmdd, int64_t timeout_ns, char *text,
                                     size_t size, uint64_t *number, int32_t *period)
{
    MUST(yyyymmdd >= 10000101 && yyyymmdd <= 99991231);
    return docket_next_text(series, timeout_ns, text, size, number, period);
}

docket_status docket_realm_open(const char *directory, docket_realm **realm)
{
    MUST(directory != NULL);
    *realm = &one_realm;
    return answer();
}

void docket_realm_close(docket_realm *realm)
{
    MUST(realm == NULL || realm == &one_realm);
}

docket_status docket_admin_profile(unsigned at, struct docket_profile *profile)
{
    *profile = (struct docket_profile){.name = "none", .title = "none", .source = "", .asks = ""};
    return at < 2 ? DOCKET_OK : DOCKET_BAD_ARGUMENT;
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

/* ---- decisions: no more reaches the library than its header allows ---- */

static void check_counter(const docket_realm *realm, const struct docket_counter_name *counter)
{
    MUST(realm == &one_realm && counter->period >= -1);
    check_names(counter->tenant, counter->series);
}

static docket_status tell_changes(docket_each_change each, void *context)
{
    docket_status status = answer();
    for (uint64_t i = 0; status == DOCKET_OK && i < mood % 4; i++) {
        struct docket_change change = {.line = i,
                                       .period = i & 1 ? 2026 : 0,
                                       .first = i * 10 + 1,
                                       .last = i * 10 + 1 + (mood >> 3) % 9,
                                       .before = "unknown",
                                       .after = "void",
                                       .cause = "voided"};
        if (each(context, &change) != 0)
            break;
    }
    return status;
}

docket_status docket_admin_void(docket_realm *realm, const struct docket_counter_name *counter, uint64_t first,
                                uint64_t last, const char *reason, unsigned flags, docket_each_change each,
                                void *context)
{
    check_counter(realm, counter);
    MUST(first >= 1 && first <= last && last <= DOCKET_NUMBER_MAX && reason != NULL && flags <= DOCKET_DRY_RUN);
    return tell_changes(each, context);
}

docket_status docket_admin_reconcile(docket_realm *realm, const struct docket_counter_name *counter,
                                     const char *evidence, size_t bytes, const char *reason, unsigned flags,
                                     docket_each_change each, void *context)
{
    check_counter(realm, counter);
    MUST(evidence != NULL && bytes <= DOCKET_EVIDENCE_MAX && flags <= (DOCKET_DRY_RUN | DOCKET_VOID_REST));
    MUST(reason != NULL || !(flags & DOCKET_VOID_REST));
    return tell_changes(each, context);
}

docket_status docket_admin_series_advance_text(docket_realm *realm, const struct docket_counter_name *counter,
                                               const char *text, const char *reason, unsigned flags,
                                               docket_each_change each, void *context)
{
    check_counter(realm, counter);
    MUST(text != NULL && reason != NULL && (flags & ~(unsigned)(DOCKET_DRY_RUN | DOCKET_ADVANCE_TO)) == 0);
    return tell_changes(each, context);
}

docket_status docket_admin_series_retire(docket_realm *realm, const char *tenant, const char *name, const char *reason)
{
    MUST(realm == &one_realm && reason != NULL);
    check_names(tenant, name);
    return answer();
}

docket_status docket_admin_series_preview(docket_realm *realm, const char *tenant, const char *name,
                                          const struct docket_policy *policy, int has_start, unsigned flags,
                                          docket_each_coming each, void *context)
{
    MUST(realm == &one_realm && (flags & ~(unsigned)(DOCKET_FROM_NEXT | DOCKET_AS_DECLARED)) == 0 &&
         (has_start == 0 || policy->start_after < DOCKET_NUMBER_MAX));
    check_names(tenant, name);
    docket_status status = answer();
    for (uint64_t i = 0; status == DOCKET_OK && i < mood % 11; i++) {
        struct docket_coming coming = {.number = i + 1, .period = 2026, .date = 20261124, .text = "INV-1"};
        if (each(context, &coming) != 0)
            break;
    }
    return status;
}

docket_status docket_admin_series_show(docket_realm *realm, const struct docket_counter_name *counter,
                                       int (*each)(void *context, const struct docket_series_facts *facts),
                                       void *context)
{
    struct docket_setting settings[] = {{"zone", "UTC", "UTC", ""},
                                        {"last", "none", "9", ""},
                                        {"ledger", mood & 1 ? "on" : "off", "on", ""},
                                        {"order", mood & 64 ? "gapless" : "strict", "strict", ""}};
    struct docket_series_facts facts = {.tenant = counter->tenant,
                                        .series = counter->series,
                                        .desk = "default",
                                        .settings = settings,
                                        .setting_count = 4,
                                        .period = 2026,
                                        .period_first = mood & 8 ? 20260101 : 0,
                                        .period_last = mood & 8 ? 20261231 : 0,
                                        .next_from = mood & 4 ? 2027 : 0,
                                        .last = mood & 2 ? 99 : DOCKET_NUMBER_MAX,
                                        .longest_text = "INV-1",
                                        .profile = mood & 16 ? "none" : "fr",
                                        .profile_title = "France",
                                        .profile_source = "CGI",
                                        .against = mood & 32 ? "" : "much"};
    MUST(realm == &one_realm && counter->period == -1);
    check_names(counter->tenant, counter->series);
    docket_status status = answer();
    if (status == DOCKET_OK)
        (void)each(context, &facts);
    return status;
}

docket_status docket_admin_series_set(docket_realm *realm, const char *tenant, const char *name,
                                      const struct docket_policy *policy, int has_start, const char *reason,
                                      unsigned flags, docket_each_setting each, void *context)
{
    (void)reason;
    MUST(realm == &one_realm && (flags & ~(unsigned)(DOCKET_DRY_RUN | DOCKET_FROM_NEXT)) == 0 &&
         (has_start == 0 || policy->start_after < DOCKET_NUMBER_MAX));
    check_names(tenant, name);
    docket_status status = answer();
    for (uint64_t i = 0; status == DOCKET_OK && i < mood % 3; i++) {
        struct docket_setting setting = {
            .name = "window", .before = "16", .after = "17", .why_not = mood & 8 ? "because" : ""};
        if (each(context, &setting) != 0)
            break;
    }
    return status;
}

docket_status docket_admin_drain(docket_realm *realm, const char *desk, docket_each_holder each, void *context)
{
    static unsigned calls;
    (void)desk;
    MUST(realm == &one_realm);
    docket_status status = answer();
    if (status == DOCKET_OK && ++calls % 2 == 0) { /* a wait for nobody ends */
        struct docket_holder holder = {.desk = "default", .pid = 1, .leases = 1, .numbers = 7, .oldest_s = (int64_t)mood};
        each(context, &holder);
    }
    return status;
}

docket_status docket_admin_period_list(docket_realm *realm, const char *tenant, const char *series,
                                       docket_each_period each, void *context)
{
    static const char *const states[] = {"next", "open", "ended", "closing", "closed"};
    struct docket_holder holder = {.desk = "default", .pid = 1, .leases = 1, .numbers = 7};
    MUST(realm == &one_realm && tenant != NULL && series != NULL);
    docket_status status = answer();
    for (int i = 0; status == DOCKET_OK && i < 5; i++) {
        struct docket_period period = {.period = (int32_t)(mood % 3000),
                                       .first = 20260101,
                                       .last = (uint32_t)mood,
                                       .start_s = (int64_t)mood,
                                       .end_s = i == 0 ? INT64_MAX : (int64_t)mood + 1,
                                       .state = states[i],
                                       .given = mood,
                                       .holder_count = i == 3,
                                       .holders_told = i == 3,
                                       .holders = &holder};
        if (each(context, &period) != 0)
            break;
    }
    return status;
}

docket_status docket_admin_period_close(docket_realm *realm, const struct docket_counter_name *counter,
                                        const char *reason, int *is_closed, docket_each_holder each, void *context)
{
    static unsigned calls;
    MUST(realm == &one_realm && counter != NULL && reason != NULL);
    docket_status status = answer();
    *is_closed = status == DOCKET_OK && ++calls % 2 == 0;
    if (status == DOCKET_OK && !*is_closed) {
        struct docket_holder holder = {.desk = "default", .pid = 1, .leases = 1, .numbers = 7};
        each(context, &holder);
    }
    return status;
}

docket_status docket_admin_drain_undo(docket_realm *realm, const char *desk)
{
    (void)desk;
    MUST(realm == &one_realm);
    return answer();
}

docket_status docket_admin_clock_accept(docket_realm *realm, const char *reason, int *was_held)
{
    MUST(realm == &one_realm && reason != NULL);
    *was_held = mood & 1;
    return answer();
}

docket_status docket_admin_desk_add(docket_realm *realm, const char *desk, const char *tenants, const char *user,
                                    const char *group)
{
    (void)user;
    (void)group;
    MUST(realm == &one_realm && desk != NULL && tenants != NULL);
    return answer();
}

docket_status docket_admin_verify(docket_realm *realm, int64_t timeout_ns, uint64_t *records)
{
    MUST(realm == &one_realm && timeout_ns > 0);
    *records = mood;
    return answer();
}

docket_status docket_admin_retention_look(docket_realm *realm, const struct docket_counter_name *counter,
                                          struct docket_retention *found)
{
    MUST(realm == &one_realm && counter->period >= 0);
    check_names(counter->tenant, counter->series);
    *found = (struct docket_retention){.records = mood % 3, .digest = "0a"};
    return answer();
}

docket_status docket_admin_retention_drop(docket_realm *realm, const struct docket_counter_name *counter,
                                          const struct docket_retention *exported, const char *file_sha256,
                                          uint64_t *dropped)
{
    MUST(realm == &one_realm && counter->period >= 0 && strlen(file_sha256) == 64 && strlen(exported->digest) == 64);
    *dropped = mood;
    return answer();
}

docket_status docket_admin_audit_verify(docket_realm *realm, int64_t timeout_ns, struct docket_audit *audit)
{
    MUST(realm == &one_realm && timeout_ns > 0);
    *audit = (struct docket_audit){.begins = 1, .head = mood, .broken = mood % 3, .hash = "0a"};
    return answer();
}

docket_status docket_admin_audit_head(docket_realm *realm, uint64_t *number, char hash[DOCKET_HASH_TEXT])
{
    MUST(realm == &one_realm);
    *number = mood;
    snprintf(hash, DOCKET_HASH_TEXT, "0a");
    return answer();
}

docket_status docket_admin_events(docket_realm *realm, const struct docket_event_choice *choice, uint64_t *found,
                                  docket_each_event each, void *context)
{
    MUST(realm == &one_realm && choice->limit <= 10000);
    docket_status status = answer();
    *found = mood % 7;
    for (uint64_t i = 0; status == DOCKET_OK && i < mood % 3; i++) {
        struct docket_event event = {
            .number = i + 1, .time_ns = (int64_t)(mood << 40), .kind = "void", .text = "\xff", .reason = i ? "r" : "",
            .tenant = i ? "acme" : "", .series = i ? "INV" : "", .hash = "0a"};
        if (each(context, &event) != 0)
            break;
    }
    return status;
}

docket_status docket_admin_fate(docket_realm *realm, const char *tenant, const char *name, int32_t period,
                                int (*each)(void *context, const struct docket_fate_row *row), void *context)
{
    static const char *const fates[] = {"spare", "handed out", "void", "open", "in doubt", "issued", "what?"};
    MUST(realm == &one_realm && (tenant != NULL || name == NULL) && period >= -1);
    if (tenant != NULL)
        check_names(tenant, name != NULL ? name : "INV");
    docket_status status = answer();
    for (uint64_t i = 0; status == DOCKET_OK && i < mood % 5; i++) {
        struct docket_fate_row row = {.tenant = "acme",
                                      .series = "INV",
                                      .order = i & 1 ? "strict" : "leased",
                                      .period = i & 1 ? 2026 : 0,
                                      .mark = DOCKET_NUMBER_MAX,
                                      .first = i * 10 + 1,
                                      .last = i * 10 + 10,
                                      .fate = fates[(mood + i) % 7],
                                      .cause = i & 2 ? "power loss" : "",
                                      .seat = (int32_t)i - 1,
                                      .time_ns = (int64_t)(mood << 40),
                                      .counter_ends = i & 1,
                                      .event = i,
                                      .reason = "r",
                                      .uid = (int64_t)i - 1,
                                      .period_first = i & 1 ? 20260101 : 0,
                                      .period_last = i & 1 ? 20261231 : 0,
                                      .period_state = "open",
                                      .documents = "any",
                                      .profile = "none"};
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
                                        .heartbeat_age_ns = mood % 3 == 2 ? 0 : (int64_t)(mood << 47), /* nobody waits for a beat */
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
    facts->tracked = (int)(mood & 1);
    return answer();
}

docket_status docket_view_text(const struct docket_view_series *facts, const struct docket_view_period *period,
                               uint64_t number, char *text, size_t size)
{
    MUST(period != NULL && facts->tenant != NULL && size >= DOCKET_TEXT_MAX);
    snprintf(text, size, "INV-%llu", (unsigned long long)number);
    return answer();
}

/* ---- series with a ledger ---- */

static void put_number(struct docket_number *got)
{
    *got = (struct docket_number){.number = next_number++, .period = 2026, .date = 20261124, .state = "pending"};
    snprintf(got->text, sizeof got->text, "INV-%llu", (unsigned long long)got->number);
}

static void check_issue(const struct docket_issue *asked)
{
    bool settled = asked->flags == DOCKET_SETTLED, pending = asked->flags == (DOCKET_PENDING | DOCKET_DETACHED);
    MUST(settled || pending || asked->flags == 0);
    MUST(pending == (asked->expires_s > 0) && asked->expires_s <= DOCKET_HOLD_S_MAX);
    MUST(asked->date == 0 || (asked->date >= 101 && asked->date <= 99999999));
    MUST(asked->metadata == NULL || strlen(asked->metadata) < 4096);
}

docket_status docket_wait_accounted(docket_series *series, int32_t period, uint64_t number, int64_t timeout_ns)
{
    MUST(series == &one_series && period >= 0 && number >= 1);
    check_timeout(timeout_ns);
    return DOCKET_OK;
}

docket_status docket_issue(docket_series *series, const struct docket_issue *asked, int64_t timeout_ns,
                           struct docket_number *got)
{
    MUST(series == &one_series);
    check_timeout(timeout_ns);
    check_issue(asked);
    put_number(got);
    return answer();
}

docket_status docket_issue_many(docket_series *series, const struct docket_issue *asked, size_t count, int64_t timeout_ns,
                                struct docket_number *got, docket_status *statuses)
{
    MUST(series == &one_series && count >= 1);
    check_timeout(timeout_ns);
    for (size_t i = 0; i < count; i++) {
        check_issue(&asked[i]);
        MUST(asked[i].key != NULL && asked[i].key[0] != '\0');
        put_number(&got[i]);
        statuses[i] = answer();
    }
    return answer();
}

docket_status docket_reserve(docket_series *series, const struct docket_reserve *asked, int64_t timeout_ns,
                             uint64_t *numbers, struct docket_reserved *held)
{
    MUST(series == &one_series && asked->name != NULL && asked->count >= 1 && asked->count <= DOCKET_RESERVE_MAX);
    MUST(asked->expires_s >= 1 && asked->expires_s <= DOCKET_HOLD_S_MAX && asked->flags == DOCKET_DETACHED);
    check_timeout(timeout_ns);
    uint64_t step = 1 + (mood & 3);
    uint32_t count = mood & 4 ? asked->count : 1 + asked->count / 2;
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = 1 + i / 2 * step + i;
    *held = (struct docket_reserved){.period = 2026, .date = 20261124, .count = count, .again = mood & 1};
    docket_status status = answer();
    return status == DOCKET_OK && count < asked->count ? DOCKET_PARTIAL : status;
}

static void check_verb(enum docket_verb verb, const char *reason)
{
    MUST(verb >= DOCKET_SETTLE && verb <= DOCKET_RELEASE && (verb == DOCKET_VOID) == (reason != NULL));
}

docket_status docket_decide(docket_series *series, enum docket_verb verb, const struct docket_which *which, size_t count,
                            const char *reason, int64_t timeout_ns, docket_status *statuses)
{
    MUST(series == &one_series && count >= 1);
    check_verb(verb, reason);
    check_timeout(timeout_ns);
    for (size_t i = 0; i < count; i++) {
        MUST((which[i].key != NULL) + (which[i].text != NULL) + (which[i].number != 0) == 1);
        MUST(which[i].number == 0 || (which[i].number <= DOCKET_NUMBER_MAX && which[i].period >= 0));
        statuses[i] = answer();
    }
    return answer();
}

docket_status docket_decide_reserved(docket_series *series, enum docket_verb verb, const char *name, const char *reason,
                                     int64_t timeout_ns, uint32_t *done)
{
    MUST(series == &one_series && name != NULL);
    check_verb(verb, reason);
    check_timeout(timeout_ns);
    *done = 3;
    return answer();
}

docket_status docket_resolve(docket_series *series, enum docket_verb verb, int32_t period, const uint64_t *numbers,
                             size_t count, const char *reason, int64_t timeout_ns, uint64_t *done)
{
    MUST(series == &one_series && verb >= DOCKET_SETTLE && verb <= DOCKET_RELEASE && reason != NULL);
    MUST(period >= 0 && count >= 1 && numbers[0] >= 1);
    check_timeout(timeout_ns);
    *done = count;
    return answer();
}

docket_status docket_elsewhere(docket_series *series, const char *text, const char *note, int64_t timeout_ns,
                               struct docket_number *got)
{
    MUST(series == &one_series && text != NULL && note != NULL && got == NULL);
    check_timeout(timeout_ns);
    return answer();
}

docket_status docket_records(docket_series *series, int32_t period, uint64_t from, const char *state,
                             docket_each_record each, void *context)
{
    MUST(series == &one_series && period >= -1 && from <= DOCKET_NUMBER_MAX);
    for (uint64_t i = 0; i < 8; i++) {
        struct docket_record record = {.number = from + i, .period = 2026, .state = state != NULL ? state : "free",
                                       .text = "INV-1", .key = mood & 1 ? "" : "k", .hold = "", .trace = "", .metadata = "",
                                       .error = mood & 2 ? "" : "e", .host = "h", .reason = "", .seat = -1};
        if (each(context, &record) != 0)
            break;
    }
    return answer();
}

docket_status docket_record_of_key(docket_series *series, const char *key, docket_each_record each, void *context)
{
    MUST(key != NULL);
    return docket_records(series, -1, 1, NULL, each, context);
}

/* ---- what stands for another system's invoices ---- */

int scan_open_reader(const struct cli *cli, docket_reader **reader)
{
    (void)cli;
    *reader = NULL;
    return CLI_DONE;
}

void docket_reader_close(docket_reader *reader)
{
    MUST(reader == NULL);
}

int legacy_open(const struct cli *cli, const char *source, struct legacy_source **opened)
{
    MUST(cli != NULL && source != NULL);
    *opened = NULL;
    return CLI_DONE;
}

const char *legacy_shown(const char *source)
{
    MUST(source != NULL);
    return source;
}

bool legacy_has(const struct legacy_source *source, const char *what)
{
    MUST(source == NULL && what != NULL);
    return true;
}

void legacy_close(struct legacy_source *source)
{
    MUST(source == NULL);
}

const char *scan_kind_name(enum scan_kind kind)
{
    MUST(kind < SCAN_KINDS);
    return "gap";
}

int scan_run(const struct cli *cli, struct legacy_source *source, const struct scan_options *options, struct scan_totals *totals)
{
    const struct scan_finding gap = {.kind = SCAN_GAP, .tenant = "acme", .series = "INV", .first = 2, .last = 3, .why = "missing"};
    const struct scan_counter counter = {"acme", "INV", 0, 2, 2, 1, 4, 4, SCAN_NO_DAY, SCAN_NO_DAY};
    (void)cli, (void)source;
    MUST((options->finding != NULL || options->only_counters) && options->largest <= DOCKET_NUMBER_MAX);
    *totals = (struct scan_totals){.rows = 2, .all = 1, .found = {[SCAN_GAP] = 1}};
    if (options->finding != NULL && options->finding(options->context, &gap) != 0)
        return CLI_DONE;
    if (options->counter != NULL)
        (void)options->counter(options->context, &counter);
    return CLI_DONE;
}

/* ---- what would run docketd, or write into a source tree ---- */

int offline_run(const struct cli *cli, const char *const *words)
{
    const char *const *words_of = words;
    MUST(cli != NULL && cli->realm != NULL && words[0] != NULL);
    for (; *words != NULL; words++)
        MUST(strcmp(words_of[0], "migrate") != 0 || (*words)[0] != ' '); /* the shield of a step such as -1 is taken off */
    return (int)(mood % 5);
}

int offline_read(const struct cli *cli, const char *const *words, json_t **object)
{
    MUST(cli != NULL && words[0] != NULL);
    *object = NULL;
    return CLI_UNREACHABLE;
}

int migrate_new(const struct cli *cli, const char *name)
{
    MUST(cli != NULL && name != NULL);
    return CLI_DONE;
}

int importing_read(struct importing *importing)
{
    MUST(importing->cli->operand_count == 1);
    return CLI_DONE;
}

int importing_send(struct importing *importing)
{
    MUST(importing->cli != NULL);
    return CLI_DONE;
}

void importing_end(struct importing *importing)
{
    MUST(importing->intake.misfits == 0);
}

int reconciling_run(const struct cli *cli, const struct docket_counter_name *name, struct deciding_changes *changes)
{
    MUST(cli->values[OPT_FROM_SOURCE] != NULL && name->tenant[0] != 0 && changes->cli == cli);
    return CLI_DONE;
}
