/* SPDX-License-Identifier: MIT */
/*
 * page: the page of help of a start that is refused because the store may not be the latest: what was found on each side,
 * what it probably means, and what can be done, step by step. It goes to stderr before the error's line, each line of it
 * behind a bar; and whole into REALM/refused, where `docket status`, `docket doctor` and the command that tried to start docketd
 * find it, until the next start that serves. Nothing is decided by that file.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/spell.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum scene {
    SCENE_OLDER,
    SCENE_WHOLE_COPY,
    SCENE_APART,
    SCENE_FILES,
    SCENE_WITNESS_OLD,
    SCENE_NEAR_LOST,
    SCENE_FAR_LOST,
    SCENE_BOTH_LOST,
    SCENE_HOOK,
    SCENE_TRAIL,
    SCENE_COPIED,
    SCENE_RESTORED,
    SCENE_ACCEPTING,
    SCENE_MOVED,
    SCENE_WAITS
};

enum { STEPS_MAX = 4 };

#define PUT_BACK "if the newer store still exists (another disk, the machine that it ran on, a replaced one beside it as " \
                 "store.replaced-*), put it back as REALM/store: nothing else has every number"
#define RESTORE "if it is lost: put the newest backup in its place, docket restore DIR --realm REALM --replace"
#define ACCEPT "if this store is the best there is, accept it with a floor for every counter, so that nothing is given twice: docket " \
               "accept --realm REALM --from-witness --skip 1000, or --scan invoices.csv, or --floor TENANT/SERIES=NUMBER; with " \
               "--dry-run first"
#define LATEST "if this is known to be the latest store and nobody has gone on: docketd --realm REALM --accept-store 0, once; that " \
               "is noted as an event"

/* What it probably means; REALM is put in. */
static const struct {
    const char *means;
    const char *steps[STEPS_MAX];
} scenes[] = {
    [SCENE_OLDER] = {"the store was put back to an older state: a backup, a snapshot or a copy was restored. Numbers were given "
                     "since, and this store does not know them",
                     {PUT_BACK, RESTORE, ACCEPT}},
    [SCENE_WHOLE_COPY] = {"the whole realm was copied or restored, with its near witness, and on this host somebody has gone on: "
                          "the original beside this copy, or the realm after this backup of it",
                          {"if this is a copy to look at: read it on a host of its own, with witness_dir = none, and never let it "
                           "number documents", PUT_BACK, ACCEPT}},
    [SCENE_APART] = {"two copies of one store have both gone on. Numbers that either gave are unknown to the other",
                     {"find out which of the two numbered documents (its events: docketd --realm REALM --offline events), and put that "
                      "one in the place of this one",
                      "if both did, some documents have the same number: docket scan finds them in your invoices", ACCEPT}},
    [SCENE_FILES] = {"the store was put back under files that are still in use: workers hold numbers that it does not know",
                     {PUT_BACK, RESTORE, ACCEPT}},
    [SCENE_WITNESS_OLD] = {"a witness was put back to an older state (a restored home or disk), or the store has been used where that "
                           "witness was out of reach",
                           {"if the newer witness still exists, put it back", LATEST, ACCEPT}},
    [SCENE_NEAR_LOST] = {"the witness beside the store was lost or not copied along; the store alone says nothing of how far it had "
                         "come",
                         {"if the witness still exists, put it back", LATEST, ACCEPT}},
    [SCENE_FAR_LOST] = {"this host has no far witness of the store: the realm came from another host, or the folder was removed or is "
                        "not mounted",
                        {"if the realm moved here: move it in order, docket export-state there and docket import-state here",
                         "if the folder still exists, mount it or put it back (or name it: witness_dir in docket.conf)", LATEST,
                         ACCEPT}},
    [SCENE_BOTH_LOST] = {"the store came here alone, without any witness: from a backup of its file, or another host", {PUT_BACK, RESTORE, ACCEPT}},
    [SCENE_HOOK] = {"the command that keeps the witness outside of this host says otherwise, or cannot be asked",
                    {"run it by hand: COMMAND get STORE_ID; see docs/STORE.md, witness_command", PUT_BACK, ACCEPT}},
    [SCENE_WAITS] = {"this realm was made for the state of another one (docket import-state --prepare), which has not arrived yet",
                     {"on the old host: docket drain --wait 300, stop docketd, docket export-state DIR --to TICKET; the ticket: docket "
                      "import-state --prepare --realm REALM",
                      "here: docket import-state DIR --realm REALM"}},
    [SCENE_TRAIL] = {"the trail of events was written anew, or the witness is of another store's trail",
                     {PUT_BACK, RESTORE, "if only the trail is meant, and the numbers are not in doubt: docketd --realm REALM "
                                         "--accept-store 0"}},
    [SCENE_COPIED] = {"another docketd has a copy of this very store open, on this host: one of the two is a copy",
                      {"leave the one running that numbers documents, and remove the other",
                       "if it is not known which: stop both, compare their events (docketd --realm REALM --offline events), keep the "
                       "one with the later ones",
                       "never run both: each would give the same numbers"}},
    [SCENE_RESTORED] = {"the store was restored from a backup, and is fenced: numbers may have been given since", {ACCEPT}},
    [SCENE_ACCEPTING] = {"the store was being accepted, which did not come to its end; it stays fenced until it does",
                         {"accept it again, with the same floors", ACCEPT}},
    [SCENE_MOVED] = {"the realm has moved to another place for good (docket export-state), and goes on there",
                     {"use it there; the file moved in REALM says when, by which ticket and why",
                      "if the state never arrived: docket export-state DIR --to TICKET with the same ticket gives the same state again"}},
};

static bool is_ok(const struct dk_voice_report *voice)
{
    return !voice->asked || voice->verdict == DOCKET_OK;
}

static bool is_lost(const struct dk_voice_report *voice)
{
    return voice->asked && voice->verdict != DOCKET_OK && !voice->found;
}

static enum scene scene_of(docket_status status, const struct dk_store_report *report)
{
    const struct dk_voice_report *near = &report->voice[DK_VOICE_NEAR], *far = &report->voice[DK_VOICE_FAR];
    const struct dk_voice_report *no = !is_ok(near) ? near : far;
    if (status == DOCKET_STORE_COPIED)
        return SCENE_COPIED;
    if (status == DOCKET_STORE_FENCED)
        return !report->known                        ? SCENE_WAITS
               : report->fence == DK_FENCE_MOVED     ? SCENE_MOVED
               : report->fence == DK_FENCE_ACCEPTING ? SCENE_ACCEPTING
                                                     : SCENE_RESTORED;
    if (is_lost(near))
        return is_lost(far) ? SCENE_BOTH_LOST : SCENE_NEAR_LOST;
    if (is_lost(far) && is_ok(near))
        return SCENE_FAR_LOST;
    if (!is_ok(near) || !is_ok(far)) {
        if (strstr(no->why, "another copy of this store") != NULL)
            return SCENE_APART;
        if (strstr(no->why, "is older than the store") != NULL)
            return SCENE_WITNESS_OLD;
        return is_ok(near) ? SCENE_WHOLE_COPY : SCENE_OLDER;
    }
    if (!is_ok(&report->voice[DK_VOICE_HOOK]))
        return SCENE_HOOK;
    return is_ok(&report->voice[DK_VOICE_FILES]) ? SCENE_TRAIL : SCENE_FILES;
}

/* REALM in a step becomes the realm's path. */
static void put_step(FILE *out, const char *step, const char *realm)
{
    for (const char *at; (at = strstr(step, "REALM")) != NULL; step = at + 5)
        fprintf(out, "%.*s%s", (int)(at - step), step, realm);
    fputs(step, out);
}

static void put_time(FILE *out, int64_t time_ns)
{
    char text[DK_SPELL_UTC_BYTES];
    dk_spell_utc(time_ns / DK_SECOND_NS, text);
    fputs(text, out);
}

static const char *const voice_names[DK_VOICES] = {"witness", "far witness", "witness command", "live files"};

static void put_voice(FILE *out, const char *name, const struct dk_voice_report *voice)
{
    if (!voice->asked)
        return;
    fprintf(out, "  %-16s", name);
    if (voice->damaged)
        fputs("damaged", out);
    else if (!voice->found)
        fputs("missing, or out of reach", out);
    else if (voice->phase[0] != 0)
        fprintf(out, "generation %llu, commit %llu (%s)", (unsigned long long)voice->generation,
                (unsigned long long)voice->commit, voice->phase);
    else
        fprintf(out, "have seen commit %llu", (unsigned long long)voice->seen);
    fprintf(out, ": %s\n  %-16s%s\n", voice->verdict == DOCKET_OK ? "fits the store" : "does NOT fit", "", voice->where);
}

static void put_found(FILE *out, const struct dk_store_report *report)
{
    char id[33];
    fputs("\nwhat was found\n", out);
    if (!report->known)
        fputs("  store           it was not read\n", out);
    if (report->known) {
        dk_spell_hex(report->store.store_id, sizeof report->store.store_id, id);
        fprintf(out, "  %-16sgeneration %llu, commit %llu (%s), id %s\n  %-16slast event %llu", "store",
                (unsigned long long)report->store.generation, (unsigned long long)report->store.commit,
                report->clean ? "stopped in order" : "not stopped in order", id, "", (unsigned long long)report->events);
        if (report->event_kind[0] != 0) {
            fputs(", ", out);
            put_time(out, report->event_ns);
            fprintf(out, " %s: %s", report->event_kind, report->event_text);
        }
        fputc('\n', out);
    }
    for (int at = 0; at < DK_VOICES; at++)
        put_voice(out, voice_names[at], &report->voice[at]);
}

static char *spell_page(const char *realm, docket_status status, const struct dk_store_report *report)
{
    enum scene scene = scene_of(status, report);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    fprintf(out, "docketd does not serve %s: %s\n", realm, docket_status_text(status));
    put_found(out, report);
    fprintf(out, "\nwhat it probably means\n  %s\n\nwhat can be done\n", scenes[scene].means);
    for (int at = 0; at < STEPS_MAX && scenes[scene].steps[at] != NULL; at++) {
        fprintf(out, "  %d. ", at + 1);
        put_step(out, scenes[scene].steps[at], realm);
        fputc('\n', out);
    }
    fputs("\nUntil then no number is given. docs/RECOVERY.md tells more.\n", out);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* For `docket`: the facts by name, then the page. */
static void keep_page(const struct dk_daemon *daemon, docket_status status, const char *sentence, const char *page)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = daemon->realm_fd > 0 ? open_memstream(&text, &size) : NULL;
    if (out == NULL)
        return;
    fprintf(out, "status\t%s\ntime\t%lld\nsentence\t%s\n\n%s", docket_status_name(status), (long long)dk_clock_wall_s(), sentence,
            page);
    if (fclose(out) == 0 && dk_file_replace_volatile(daemon->realm_fd, DK_PAGE_NAME, 0600, text, size) != DOCKET_OK)
        dk_log(DK_LOG_WARNING, "%s", dk_error_text());
    free(text);
}

static json_t *voices_json(const struct dk_store_report *report)
{
    json_t *list = json_array();
    for (int at = 0; at < DK_VOICES; at++) {
        const struct dk_voice_report *voice = &report->voice[at];
        if (voice->asked)
            json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:b, s:I, s:I, s:s, s:b, s:s}", "what", voice_names[at], "where",
                                                  voice->where, "found", voice->found, "damaged", voice->damaged, "generation",
                                                  (json_int_t)voice->generation, "commit", (json_int_t)voice->commit, "phase",
                                                  voice->phase, "fits", voice->verdict == DOCKET_OK, "why", voice->why));
    }
    return list;
}

static void print_json(const char *realm, docket_status status, const char *sentence, const struct dk_store_report *report)
{
    enum scene scene = scene_of(status, report);
    char id[33];
    json_t *steps = json_array();
    for (int at = 0; at < STEPS_MAX && scenes[scene].steps[at] != NULL; at++) {
        char step[1024] = "";
        FILE *out = fmemopen(step, sizeof step - 1, "w");
        if (out == NULL)
            break;
        put_step(out, scenes[scene].steps[at], realm);
        fclose(out);
        json_array_append_new(steps, json_string(step));
    }
    dk_spell_hex(report->store.store_id, sizeof report->store.store_id, id);
    json_t *all = json_pack("{s:i, s:{s:s, s:s, s:s}, s:{s:b, s:s, s:I, s:I, s:b, s:I}, s:o, s:s, s:o}", "schema_version", 1, "error",
                            "status", docket_status_name(status), "category",
                            docket_category_name(docket_status_category(status)), "message", sentence, "store", "read",
                            report->known, "id", id, "generation", (json_int_t)report->store.generation, "commit",
                            (json_int_t)report->store.commit, "clean", report->clean, "events", (json_int_t)report->events,
                            "witnesses", voices_json(report), "means", scenes[scene].means, "steps", steps);
    if (all != NULL)
        json_dumpf(all, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(all);
}

bool dk_page_wanted(docket_status status)
{
    return status == DOCKET_STORE_REWOUND || status == DOCKET_STORE_COPIED || status == DOCKET_STORE_FENCED;
}

void dk_page_put(const struct dk_daemon *daemon, docket_status status, bool json)
{
    const struct dk_store_report *report = dk_store_place_report();
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    char *page = spell_page(daemon->config.realm, status, report);
    if (json)
        print_json(daemon->config.realm, status, sentence, report);
    for (char *line = page, *rest; !json && line != NULL && *line != 0; line = rest) {
        size_t bytes = strcspn(line, "\n");
        rest = line + bytes + (line[bytes] == '\n');
        fprintf(stderr, "|%s%.*s\n", bytes > 0 ? " " : "", (int)bytes, line);
    }
    if (page != NULL)
        keep_page(daemon, status, sentence, page);
    free(page);
    if (!json)
        dk_log(DK_LOG_ERROR, "%s", sentence);
}

void dk_page_clear(const struct dk_daemon *daemon)
{
    unlinkat(daemon->realm_fd, DK_PAGE_NAME, 0);
}
