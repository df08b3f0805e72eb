/* SPDX-License-Identifier: MIT */
/*
 * offline_migrate: docketd --offline migrate VERB, on a store of whatever schema.
 * There is no start around it, and so no desk: store/migrations/migrate.h opens the store.
 */
#include "daemon/offline/offline.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/spell.h"
#include "store/migrations/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { JSON_VERSION = 1, TIME_BYTES = 32 };

/* ---- what is printed ---- */

static void put_string(const char *text)
{
    putchar('"');
    for (; *text != 0; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else if (byte < ' ')
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void begin_object(const struct dk_daemon *daemon)
{
    printf("{\"schema_version\":%d,\"realm\":", JSON_VERSION);
    put_string(daemon->config.realm);
}

static void put_facts(const struct dk_facts *facts)
{
    char digest[2 * DK_DIGEST_BYTES + 1];
    dk_digest_text(facts->digest, digest);
    printf(",\"facts\":{\"sha256\":\"%s\",\"series\":%llu,\"counters\":%llu,\"ranges\":%llu,\"events\":%llu,\"records\":%llu}",
           digest, (unsigned long long)facts->series, (unsigned long long)facts->counters,
           (unsigned long long)facts->ranges, (unsigned long long)facts->events, (unsigned long long)facts->records);
}

static const char *s_of(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void print_facts(const struct dk_facts *facts)
{
    char digest[2 * DK_DIGEST_BYTES + 1];
    dk_digest_text(facts->digest, digest);
    printf("facts: %llu series, %llu counter%s, %llu range%s, %llu event%s, %llu record%s of the ledger; SHA-256\n  %s\n",
           (unsigned long long)facts->series, (unsigned long long)facts->counters, s_of(facts->counters),
           (unsigned long long)facts->ranges, s_of(facts->ranges), (unsigned long long)facts->events, s_of(facts->events),
           (unsigned long long)facts->records, s_of(facts->records), digest);
}

static const char *parent_of(const struct dk_migration *migration)
{
    return dk_migration_name(migration->schema - 1);
}

/* ---- upgrade, downgrade, stamp ---- */

struct running {
    bool dry_run;
    unsigned steps;
    FILE *json; /* what was made so far, as an array's elements; NULL: it is printed at once */
    char *text;
    size_t size;
};

static void print_step(void *context, const struct dk_migrate_done *done)
{
    struct running *running = context;
    const char *way = done->up ? "up" : "down";
    long long took_ms = done->took_ns / 1000000;
    running->steps++;
    if (running->json != NULL) {
        fprintf(running->json, "%s{\"id\":\"%s\",\"direction\":\"%s\",\"from\":%llu,\"to\":%llu,\"took_ms\":%lld,\"commit\":%llu}",
               running->steps > 1 ? "," : "", done->migration->id, way, (unsigned long long)done->from,
               (unsigned long long)done->to, took_ms, (unsigned long long)done->commit);
        return;
    }
    printf("%-12s  %-4s  schema %llu to %llu, in %lld ms%s\n", done->migration->id, way, (unsigned long long)done->from,
           (unsigned long long)done->to, took_ms, running->dry_run ? " (not written)" : "");
    printf("    %s: %s\n", done->up ? "brings" : "leaves away", done->up ? done->migration->brings : done->migration->leaves);
    fflush(stdout);
}

static void print_losses(const struct dk_losses *losses, bool json)
{
    char text[DK_LOSS_TEXT];
    for (unsigned at = 0; at < losses->kinds; at++) {
        dk_loss_text(&losses->rows[at], text);
        if (json) {
            printf("%s", at > 0 ? "," : "");
            put_string(text);
        } else {
            printf("it would lose %s\n", text);
        }
    }
}

static void print_object(const struct dk_daemon *daemon, const struct dk_migrate_order *order, const char *steps)
{
    begin_object(daemon);
    printf(",\"steps\":[%s],\"losses\":[", steps);
    print_losses(&order->losses, true);
    printf("],\"dry_run\":%s,\"from\":%llu,\"to\":%llu,\"head\":%u", order->dry_run ? "true" : "false",
           (unsigned long long)order->before.schema, (unsigned long long)order->after.schema, DK_SCHEMA_VERSION);
    put_facts(&order->after.facts);
    printf("}\n");
}

static void print_text(const struct dk_migrate_order *order)
{
    const struct dk_migrate_at *after = &order->after;
    print_losses(&order->losses, false);
    if (order->losses.kinds > 0)
        return;
    printf("the store %s of schema %llu (%s%s)\n",
           order->before.schema == after->schema ? "is" : order->dry_run ? "would be" : "is now",
           (unsigned long long)after->schema, dk_migration_name(after->schema),
           after->schema == DK_SCHEMA_VERSION ? ", head" : "");
    print_facts(&after->facts);
}

static docket_status run(struct dk_daemon *daemon, const struct dk_offline *asked, struct dk_migrate_order *order)
{
    struct running running = {.dry_run = dk_offline_given(asked, DK_OFFLINE_DRY_RUN)};
    struct dk_store_place place;
    bool json = dk_offline_given(asked, DK_OFFLINE_JSON);
    if (json && (running.json = open_memstream(&running.text, &running.size)) == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for what is to be told");
    dk_store_place_of(daemon, &place);
    order->dry_run = running.dry_run;
    order->told = print_step;
    order->context = &running;
    docket_status status = order->way == DK_MIGRATE_STAMP ? dk_migrate_stamp(&place.options, order)
                                                          : dk_migrate_run(&place.options, order);
    if (json)
        fclose(running.json);
    if (json && order->before.schema != 0) /* the store was opened */
        print_object(daemon, order, running.text != NULL ? running.text : "");
    else if (!json && (status == DOCKET_OK || order->losses.kinds > 0))
        print_text(order);
    free(running.text);
    if (status == DOCKET_STORE_IN_USE)
        status = dk_wrap(status, "this is done on a stopped store: stop that docketd in order first (systemctl stop "
                                 "docketd.socket docketd.service, or SIGTERM), and then again");
    return status;
}

docket_status dk_offline_migrate_up(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_migrate_order order = {.way = DK_MIGRATE_UP, .target = asked->word_count > 2 ? asked->words[2] : "head"};
    return run(daemon, asked, &order);
}

docket_status dk_offline_migrate_down(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_migrate_order order = {.way = DK_MIGRATE_DOWN, .target = asked->words[2]};
    return run(daemon, asked, &order);
}

docket_status dk_offline_migrate_stamp(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_migrate_order order = {.way = DK_MIGRATE_STAMP, .target = asked->words[2]};
    if (!dk_offline_given(asked, DK_OFFLINE_YES) && !dk_offline_given(asked, DK_OFFLINE_DRY_RUN))
        return dk_fail(DOCKET_BAD_ARGUMENT, "stamp only changes what the store says that it is; if that is meant, add --yes");
    return run(daemon, asked, &order);
}

/* ---- current, check, heads ---- */

/* An honest no, where it is not at the head. */
static docket_status behind(const struct dk_migrate_at *at)
{
    if (at->schema == DK_SCHEMA_VERSION)
        return DOCKET_OK;
    return dk_fail(DOCKET_REFUSED, "the store is of schema %llu (%s), and this docketd serves %u (%s): docket migrate upgrade",
                   (unsigned long long)at->schema, dk_migration_name(at->schema), DK_SCHEMA_VERSION,
                   dk_migration_name(DK_SCHEMA_VERSION));
}

docket_status dk_offline_migrate_current(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_store_place place;
    struct dk_migrate_at at;
    dk_store_place_of(daemon, &place);
    docket_status status = dk_migrate_look(&place.options, &at, NULL, NULL);
    if (status != DOCKET_OK)
        return status;
    bool head = at.schema == DK_SCHEMA_VERSION;
    if (dk_offline_given(asked, DK_OFFLINE_JSON)) {
        begin_object(daemon);
        printf(",\"schema\":%llu,\"id\":\"%s\",\"head\":%u,\"at_head\":%s,\"generation\":%llu,\"commit\":%llu",
               (unsigned long long)at.schema, dk_migration_name(at.schema), DK_SCHEMA_VERSION, head ? "true" : "false",
               (unsigned long long)at.generation, (unsigned long long)at.commit);
        put_facts(&at.facts);
        printf("}\n");
    } else {
        printf("%s (schema %llu%s)\n", dk_migration_name(at.schema), (unsigned long long)at.schema, head ? ", head" : "");
        print_facts(&at.facts);
    }
    return behind(&at);
}

/* With --json all of the chain too: whoever asks a docketd that serves has it from here. */
docket_status dk_offline_migrate_heads(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    const struct dk_migration *head = dk_migration_to(DK_SCHEMA_VERSION);
    if (!dk_offline_given(asked, DK_OFFLINE_JSON)) {
        printf("%s (head, schema %u)\n", head->id, head->schema);
        return DOCKET_OK;
    }
    begin_object(daemon);
    printf(",\"heads\":[{\"id\":\"%s\",\"schema\":%u,\"parent\":\"%s\"}],\"migrations\":[", head->id, head->schema,
           parent_of(head));
    for (uint64_t schema = DK_SCHEMA_VERSION; schema > DK_SCHEMA_OLDEST; schema--) {
        const struct dk_migration *migration = dk_migration_to(schema);
        printf("%s{\"id\":\"%s\",\"schema\":%u,\"parent\":\"%s\",\"brings\":", migration == head ? "" : ",", migration->id,
               migration->schema, parent_of(migration));
        put_string(migration->brings);
        printf(",\"leaves\":");
        put_string(migration->leaves);
        putchar('}');
    }
    printf("]}\n");
    return DOCKET_OK;
}

/* ---- history ---- */

enum { RUNS_MAX = 64 }; /* of all migrations, the last ones */

struct history {
    struct dk_event runs[RUNS_MAX]; /* a ring */
    unsigned count;
};

static docket_status keep_run(void *context, const struct dk_event *event)
{
    struct history *history = context;
    history->runs[history->count++ % RUNS_MAX] = *event;
    return DOCKET_OK;
}

/* An event's text begins with the id and a blank. */
static bool is_of(const struct dk_event *event, const char *id)
{
    size_t length = strlen(id);
    return strncmp(event->text, id, length) == 0 && event->text[length] == ' ';
}

static void print_run(const struct dk_event *event, const char *id, bool json, bool first)
{
    char time_text[DK_SPELL_UTC_BYTES];
    const char *what = event->text + strlen(id) + 1;
    dk_spell_utc(event->time_ns / DK_SECOND_NS, time_text);
    if (!json) {
        printf("    %s  uid %u  %s\n", time_text, event->uid, what);
        return;
    }
    printf("%s{\"event\":%llu,\"time\":\"%s\",\"uid\":%u,\"what\":", first ? "" : ",", (unsigned long long)event->number,
           time_text, event->uid);
    put_string(what);
    putchar('}');
}

static void print_runs(const struct history *history, const char *id, bool json)
{
    unsigned kept = history->count < RUNS_MAX ? history->count : RUNS_MAX;
    bool first = true;
    for (unsigned at = history->count - kept; at < history->count; at++) {
        const struct dk_event *event = &history->runs[at % RUNS_MAX];
        if (!is_of(event, id))
            continue;
        print_run(event, id, json, first);
        first = false;
    }
}

static void print_migration(const struct history *history, const struct dk_migration *migration, uint64_t at, bool json)
{
    bool head = migration->schema == DK_SCHEMA_VERSION, current = migration->schema == at;
    if (json) {
        printf("%s{\"id\":\"%s\",\"schema\":%u,\"parent\":\"%s\",\"head\":%s,\"current\":%s,\"brings\":", head ? "" : ",",
               migration->id, migration->schema, parent_of(migration), head ? "true" : "false", current ? "true" : "false");
        put_string(migration->brings);
        printf(",\"leaves\":");
        put_string(migration->leaves);
        printf(",\"runs\":[");
        print_runs(history, migration->id, true);
        printf("]}");
        return;
    }
    printf("%s -> %s%s%s, %s\n", parent_of(migration), migration->id, head ? " (head)" : "", current ? " (current)" : "",
           migration->brings);
    print_runs(history, migration->id, false);
}

docket_status dk_offline_migrate_history(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    bool json = dk_offline_given(asked, DK_OFFLINE_JSON);
    struct dk_store_place place;
    struct dk_migrate_at at;
    struct history *history = dk_must_alloc(1, sizeof *history);
    dk_store_place_of(daemon, &place);
    docket_status status = dk_migrate_look(&place.options, &at, keep_run, history);
    if (status == DOCKET_OK && json) {
        begin_object(daemon);
        printf(",\"schema\":%llu,\"migrations\":[", (unsigned long long)at.schema);
    }
    for (uint64_t schema = DK_SCHEMA_VERSION; status == DOCKET_OK && schema > DK_SCHEMA_OLDEST; schema--)
        print_migration(history, dk_migration_to(schema), at.schema, json);
    if (status == DOCKET_OK && json)
        printf("]}\n");
    else if (status == DOCKET_OK)
        printf("base%s, schema %u\n", at.schema == DK_SCHEMA_OLDEST ? " (current)" : "", DK_SCHEMA_OLDEST);
    free(history);
    return status;
}
