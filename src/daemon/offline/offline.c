/* SPDX-License-Identifier: MIT */
#include "daemon/offline/offline.h"

#include "base/clock.h"
#include "base/spell.h"
#include "daemon/door/serve.h"
#include "numbering/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

const char dk_offline_usage[] =
    "  --offline VERB ... do one thing to the store of a realm that nobody serves, and end:\n"
    "                       verify\n"
    "                       verify DIR (a backup)\n"
    "                       backup DIR\n"
    "                       restore DIR [--replace]\n"
    "                       accept [--floor T/S[/PERIOD]=N,...] [--floors FILE] [--from-witness] [--skip N]\n"
    "                              --dry-run | --yes\n"
    "                       export-state DIR --to TICKET [--reason TEXT] | import-state --prepare | import-state DIR\n"
    "                       events [--kind KIND] [--limit N]\n"
    "                       audit verify | audit head\n"
    "                       fate TENANT/SERIES | fate all\n"
    "                       series list\n"
    "                       void TENANT/SERIES FIRST[-LAST] --reason TEXT [--period P] [--dry-run]\n"
    "                       reconcile TENANT/SERIES --issued FILE [--period P] [--dry-run]\n"
    "                                 [--void-rest --reason TEXT]\n"
    "                       series retire TENANT/SERIES --reason TEXT\n"
    "                       migrate upgrade [TARGET] [--dry-run] | migrate downgrade TARGET [--dry-run]\n"
    "                       migrate current | migrate check | migrate history | migrate heads\n"
    "                       migrate stamp TARGET --yes\n";

const struct dk_offline_row dk_offline_options[DK_OFFLINE_OPTIONS] = {
    [DK_OFFLINE_PERIOD] = {"period", true},         [DK_OFFLINE_REASON] = {"reason", true},
    [DK_OFFLINE_ISSUED] = {"issued", true},         [DK_OFFLINE_VOID_REST] = {"void-rest", false},
    [DK_OFFLINE_DRY_RUN] = {"dry-run", false},      [DK_OFFLINE_KIND] = {"kind", true},
    [DK_OFFLINE_LIMIT] = {"limit", true},           [DK_OFFLINE_JSON] = {"json", false},
    [DK_OFFLINE_YES] = {"yes", false},
    [DK_OFFLINE_REPLACE] = {"replace", false},      [DK_OFFLINE_FLOOR] = {"floor", true},
    [DK_OFFLINE_FLOORS] = {"floors", true},         [DK_OFFLINE_SKIP] = {"skip", true},
    [DK_OFFLINE_FROM_WITNESS] = {"from-witness", false},
    [DK_OFFLINE_TO] = {"to", true},                 [DK_OFFLINE_PREPARE] = {"prepare", false},
};

struct verb {
    const char *first, *second; /* words */
    int operands;
    uint32_t type; /* of an admin's request; 0: it only reads */
    docket_status (*run)(struct dk_daemon *daemon, const struct dk_offline *asked);
    bool alone; /* without a start */
};

static docket_status verify(struct dk_daemon *daemon, const struct dk_offline *asked);
static docket_status events(struct dk_daemon *daemon, const struct dk_offline *asked);
static docket_status audit_verify(struct dk_daemon *daemon, const struct dk_offline *asked);
static docket_status audit_head(struct dk_daemon *daemon, const struct dk_offline *asked);
static docket_status fate(struct dk_daemon *daemon, const struct dk_offline *asked);
static docket_status list(struct dk_daemon *daemon, const struct dk_offline *asked);
static docket_status decide(struct dk_daemon *daemon, const struct dk_offline *asked);

static const struct verb verbs[] = {
    {"verify", NULL, 0, 0, .run = verify},
    {"verify", NULL, 1, 0, .run = dk_offline_verify_backup, .alone = true},
    {"backup", NULL, 1, 0, .run = dk_offline_backup},
    {"restore", NULL, 1, 0, .run = dk_offline_restore, .alone = true},
    {"accept", NULL, 0, 0, .run = dk_offline_accept},
    {"accept", "shapes", 0, 0, .run = dk_offline_accept_shapes, .alone = true},
    {"export-state", NULL, 1, 0, .run = dk_offline_export_state, .alone = true},
    {"import-state", NULL, 0, 0, .run = dk_offline_import_prepare, .alone = true},
    {"import-state", NULL, 1, 0, .run = dk_offline_import_state, .alone = true},
    {"events", NULL, 0, 0, .run = events},
    {"audit", "verify", 0, 0, .run = audit_verify},
    {"audit", "head", 0, 0, .run = audit_head},
    {"fate", NULL, 1, 0, .run = fate},
    {"series", "list", 0, 0, .run = list},
    {"void", NULL, 2, DK_ADMIN_VOID, .run = decide},
    {"reconcile", NULL, 1, DK_ADMIN_RECONCILE, .run = decide},
    {"series", "retire", 1, DK_ADMIN_RETIRE, .run = decide},
    {"migrate", "upgrade", 0, 0, .run = dk_offline_migrate_up, .alone = true},
    {"migrate", "upgrade", 1, 0, .run = dk_offline_migrate_up, .alone = true},
    {"migrate", "downgrade", 1, 0, .run = dk_offline_migrate_down, .alone = true},
    {"migrate", "current", 0, 0, .run = dk_offline_migrate_current, .alone = true},
    {"migrate", "check", 0, 0, .run = dk_offline_migrate_current, .alone = true},
    {"migrate", "history", 0, 0, .run = dk_offline_migrate_history, .alone = true},
    {"migrate", "heads", 0, 0, .run = dk_offline_migrate_heads, .alone = true},
    {"migrate", "stamp", 1, 0, .run = dk_offline_migrate_stamp, .alone = true},
};

static const struct verb *verb_of(const struct dk_offline *asked, const char *const **operands)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        int words = verbs[i].second != NULL ? 2 : 1;
        if (asked->word_count != words + verbs[i].operands || strcmp(asked->words[0], verbs[i].first) != 0 ||
            (words == 2 && strcmp(asked->words[1], verbs[i].second) != 0))
            continue;
        *operands = asked->words + words;
        return &verbs[i];
    }
    return NULL;
}

/* TENANT/SERIES, and --period. */
static docket_status fill(const struct dk_offline *asked, const char *address, struct dk_admin_request *request)
{
    const char *slash = strchr(address, '/');
    size_t bytes = slash != NULL ? (size_t)(slash - address) : 0;
    if (slash == NULL || bytes > DOCKET_NAME_MAX || strlen(slash + 1) > DOCKET_NAME_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "'%.80s' is no TENANT/SERIES, such as acme/INV", address);
    memcpy(request->tenant, address, bytes);
    snprintf(request->name, sizeof request->name, "%s", slash + 1);
    docket_status status = dk_name_check("tenant", request->tenant);
    if (status == DOCKET_OK)
        status = dk_name_check("series", request->name);
    request->period = -1;
    if (status == DOCKET_OK && asked->values[DK_OFFLINE_PERIOD] != NULL &&
        !dk_period_parse(strcmp(asked->values[DK_OFFLINE_PERIOD], "never") == 0 ? "" : asked->values[DK_OFFLINE_PERIOD], &request->period))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "'%.40s' is no period; use 2026, 2026-11, 2026-11-24 or never",
                         asked->values[DK_OFFLINE_PERIOD]);
    return status;
}

static docket_status fill_range(const char *text, struct dk_admin_request *request)
{
    char *end;
    errno = 0;
    request->first = request->last = strtoull(text, &end, 10);
    if (*end == '-')
        request->last = strtoull(end + 1, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != 0 || errno != 0 || request->first < 1 ||
        request->first > request->last || request->last > DOCKET_NUMBER_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "'%.60s' is no range of numbers, such as 17 or 17-20", text);
    return DOCKET_OK;
}

static docket_status make_request(const struct dk_offline *asked, struct dk_admin_request *request)
{
    const char *const *operands;
    const struct verb *verb = verb_of(asked, &operands);
    *request = (struct dk_admin_request){.type = verb->type};
    docket_status status = fill(asked, operands[0], request);
    if (status == DOCKET_OK && verb->type == DK_ADMIN_VOID)
        status = fill_range(operands[1], request);
    if (status == DOCKET_OK && (verb->type != DK_ADMIN_RECONCILE || dk_offline_given(asked, DK_OFFLINE_VOID_REST) || asked->values[DK_OFFLINE_REASON] != NULL))
        status = dk_reason_check(asked->values[DK_OFFLINE_REASON]);
    if (status == DOCKET_OK && verb->type == DK_ADMIN_RECONCILE && asked->values[DK_OFFLINE_ISSUED] == NULL)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "reconcile wants --issued FILE");
    if (asked->values[DK_OFFLINE_REASON] != NULL)
        snprintf(request->reason, sizeof request->reason, "%s", asked->values[DK_OFFLINE_REASON]);
    request->flags = (dk_offline_given(asked, DK_OFFLINE_DRY_RUN) ? DK_ADMIN_DRY_RUN : 0u) | (dk_offline_given(asked, DK_OFFLINE_VOID_REST) ? DK_ADMIN_VOID_REST : 0u);
    return status;
}

/* --limit: 1 to 1000000, 100 if it is not given. */
static bool read_limit(const struct dk_offline *asked, uint64_t *limit)
{
    const char *text = asked->values[DK_OFFLINE_LIMIT];
    char *end;
    *limit = 100;
    if (text == NULL)
        return true;
    errno = 0;
    *limit = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && *limit >= 1 && *limit <= 1000000;
}

docket_status dk_offline_check(const struct dk_offline *asked)
{
    uint64_t limit;
    if (!read_limit(asked, &limit))
        return dk_fail(DOCKET_BAD_ARGUMENT, "--limit wants a number, 1 to 1000000");
    struct dk_admin_request request;
    const char *const *operands;
    const struct verb *verb = asked->word_count > 0 ? verb_of(asked, &operands) : NULL;
    if (verb == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "--offline does not know this verb, or it wants other words; see docketd "
                                            "--help");
    return verb->type != 0 ? make_request(asked, &request) : DOCKET_OK;
}

bool dk_offline_is_alone(const struct dk_offline *asked)
{
    const char *const *operands;
    return verb_of(asked, &operands)->alone;
}

docket_status dk_offline_run(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    const char *const *operands;
    docket_status status = verb_of(asked, &operands)->run(daemon, asked);
    if (status == DOCKET_OK && (fflush(stdout) != 0 || ferror(stdout)))
        status = dk_fail(DOCKET_SYSTEM, "cannot write to stdout");
    return status;
}

/* ---- reading ---- */

static docket_status verify(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    uint64_t records = 0;
    (void)asked;
    docket_status status = dk_store_verify(daemon->store, &records);
    if (status == DOCKET_OK)
        printf("the store is sound: %llu records, their sum, and every page of its file\n",
               (unsigned long long)records);
    uint64_t waiting = status == DOCKET_OK ? dk_ledger_backlog(daemon->store) : 0;
    if (waiting > 0)
        printf("%llu entries of the ledger's log wait to be folded\n", (unsigned long long)waiting);
    return status;
}

static docket_status audit_verify(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_audit audit;
    char hash[2 * DK_DIGEST_BYTES + 1];
    (void)asked;
    docket_status status = dk_store_audit(daemon->store, &audit);
    if (status == DOCKET_OK && audit.broken != 0)
        status = dk_audit_broken(&audit);
    if (status != DOCKET_OK)
        return status;
    dk_digest_text(audit.trail.hash, hash);
    printf("the audit trail is whole: %llu events, hash of the last one %s\n", (unsigned long long)audit.trail.number, hash);
    if (audit.trail.begins > 1)
        printf("the chain begins with event %llu; those before it are hashed as they stood then\n",
               (unsigned long long)audit.trail.begins);
    return DOCKET_OK;
}

static docket_status audit_head(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_trail trail;
    char hash[2 * DK_DIGEST_BYTES + 1];
    (void)asked;
    docket_status status = dk_store_trail(daemon->store, &trail);
    if (status != DOCKET_OK)
        return status;
    dk_digest_text(trail.hash, hash);
    printf("%llu %s\n", (unsigned long long)trail.number, hash);
    return DOCKET_OK;
}

struct last {
    const struct dk_offline *asked;
    struct dk_event *ring;
    uint64_t room, found;
};

static docket_status keep_event(void *context, const struct dk_event *event)
{
    struct last *last = context;
    if (last->asked->values[DK_OFFLINE_KIND] == NULL || strcmp(last->asked->values[DK_OFFLINE_KIND], event->kind) == 0)
        last->ring[last->found++ % last->room] = *event;
    return DOCKET_OK;
}

static docket_status events(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct last last = {.asked = asked};
    (void)read_limit(asked, &last.room); /* dk_offline_check() has */
    last.ring = dk_must_alloc(last.room, sizeof *last.ring);
    docket_status status = dk_store_each_event(daemon->store, 1, keep_event, &last);
    uint64_t count = last.found < last.room ? last.found : last.room;
    for (uint64_t i = 0; status == DOCKET_OK && i < count; i++) {
        const struct dk_event *event = &last.ring[(last.found - count + i) % last.room];
        char text[DK_SPELL_UTC_BYTES];
        dk_spell_utc(event->time_ns / DK_SECOND_NS, text);
        printf("%6llu  %s  uid %-5u  %-10s  %s%s%s\n", (unsigned long long)event->number, text, event->uid,
               event->kind, event->text, event->reason[0] ? "; because: " : "", event->reason);
    }
    free(last.ring);
    return status;
}

static docket_status list_one(void *context, const struct dk_series_record *record)
{
    const struct dk_policy *policy = record->policy;
    (void)context;
    printf("%s/%s  %s, restarting %s, window %u, %s, desk %s%s\n", record->tenant, record->name,
           dk_order_name(policy->order), dk_restart_name(policy->restart), policy->window, policy->template_text,
           record->desk, record->retired_ns != 0 ? ", RETIRED" : "");
    return DOCKET_OK;
}

static docket_status list(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    (void)asked;
    return dk_store_each_series(daemon->store, list_one, NULL);
}

static docket_status fate(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_admin_request request = {.period = -1};
    int fds[2];
    bool all = strcmp(asked->words[1], "all") == 0;
    docket_status status = all ? DOCKET_OK : fill(asked, asked->words[1], &request);
    if (status == DOCKET_OK)
        status = dk_fate_write(daemon, all ? NULL : request.tenant, all ? NULL : request.name, request.period, fds);
    if (status != DOCKET_OK)
        return status;
    if (fds[1] >= 0)
        close(fds[1]);
    return dk_offline_print_fates(daemon->store, fds[0]);
}

/* ---- deciding ---- */

/* The evidence as docketd hears it from a library: sealed. */
static docket_status read_issued(const char *path, int *fd)
{
    char bytes[65536];
    ssize_t got;
    size_t total = 0;
    int in = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    int out = memfd_create("docket-evidence", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    docket_status status = DOCKET_OK;
    if (in < 0 || out < 0)
        status = dk_fail_errno(DOCKET_BAD_ARGUMENT, errno, "cannot read %s", path);
    while (status == DOCKET_OK && (got = read(in, bytes, sizeof bytes)) != 0) {
        total += got > 0 ? (size_t)got : 0;
        if (total > DK_WIRE_EVIDENCE_MAX)
            status = dk_fail(DOCKET_BAD_ARGUMENT, "%s has more than %d bytes; split it", path, DK_WIRE_EVIDENCE_MAX);
        else if (got < 0 || write(out, bytes, (size_t)got) != got)
            status = dk_fail_errno(DOCKET_SYSTEM, errno, "cannot read %s", path);
    }
    if (status == DOCKET_OK && fcntl(out, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        status = dk_fail_errno(DOCKET_SYSTEM, errno, "cannot seal the evidence");
    if (in >= 0)
        close(in);
    if (status == DOCKET_OK)
        *fd = out;
    else if (out >= 0)
        close(out);
    return status;
}

static void print_changes(int fd)
{
    struct dk_change_wire row;
    char period[16];
    for (off_t at = 0; pread(fd, &row, sizeof row, at) == (ssize_t)sizeof row; at += (off_t)sizeof row) {
        dk_period_text(row.period, period);
        if (row.line != 0)
            printf("line %llu: ", (unsigned long long)row.line);
        printf("%s%s%llu - %llu  %s -> %s (%s)\n", period, period[0] ? "  " : "", (unsigned long long)row.first,
               (unsigned long long)row.last, dk_fate_name(row.before), dk_fate_name(row.after),
               dk_cause_name(row.cause));
    }
}

/* What the loop does, as far as an errand needs it. */
static void until_done(struct dk_daemon *daemon)
{
    while (daemon->errands != NULL) {
        struct pollfd finished = {.fd = daemon->clerk_fd, .events = POLLIN};
        poll(&finished, 1, 10);
        dk_clerk_collect(daemon->clerk);
        dk_keeper_run(daemon);
        dk_admin_turn(daemon);
    }
}

static docket_status decide(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_admin_request request;
    struct dk_reply reply;
    struct dk_connection *connection;
    int fds[DK_WIRE_FDS], evidence = -1, far;
    docket_status status = make_request(asked, &request);
    if (status == DOCKET_OK && request.type == DK_ADMIN_RECONCILE)
        status = read_issued(asked->values[DK_OFFLINE_ISSUED], &evidence);
    if (status == DOCKET_OK)
        status = dk_serve_own(daemon, &connection, &far);
    if (status != DOCKET_OK)
        return status;
    dk_keeper_run(daemon);
    dk_admin_hear(connection, &request, evidence);
    until_done(daemon);
    status = dk_wire_answer_of(far, request.type, DK_SECOND_NS, &reply, fds);
    close(far);
    if (status != DOCKET_OK)
        return status;
    if (fds[0] >= 0) {
        print_changes(fds[0]);
        close(fds[0]);
    }
    printf(dk_offline_given(asked, DK_OFFLINE_DRY_RUN) ? "nothing was changed (--dry-run)\n" : "done\n");
    return DOCKET_OK;
}
