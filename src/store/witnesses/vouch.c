/* SPDX-License-Identifier: MIT */
/*
 * vouch: everybody who may know whether this store is the latest is asked, and each must say yes: the near witness, the far
 * one, the one that a command keeps, and whom the options name (what live files have seen). What they say goes into the report, also of
 * those behind the first no: whoever has to decide wants to see all of them.
 */
#include "store/guard.h"
#include "store/inside.h"

#include <stdio.h>
#include <string.h>

static docket_status judge_near(enum dk_witness_find found, const struct dk_witness *near,
                                const struct dk_standing *standing)
{
    if (found == DK_WITNESS_FOUND)
        return dk_witness_judge(near, "witness", standing);
    return dk_fail(DOCKET_STORE_REWOUND,
                   "the witness %s, so nothing says whether this store is the latest. Put the "
                   "witness back; or, if this store is known to be the latest, start docketd "
                   "--accept-store N",
                   found == DK_WITNESS_ABSENT ? "is missing" : "is damaged");
}

static void tell_witness(struct dk_voice_report *voice, enum dk_witness_find found, const struct dk_witness *witness)
{
    voice->asked = true;
    voice->found = found == DK_WITNESS_FOUND;
    voice->damaged = found == DK_WITNESS_DAMAGED;
    if (!voice->found)
        return;
    voice->generation = witness->generation;
    voice->commit = witness->commit;
    voice->seen = witness->seen;
    snprintf(voice->phase, sizeof voice->phase, "%s", dk_witness_phase_name(witness->phase));
}

static void tell_event(struct dk_store *store, const struct dk_meta *meta, struct dk_store_report *report)
{
    struct dk_event event = {0};
    struct dk_key key;
    struct dk_slice value;
    MDB_txn *txn;
    bool found = false;
    dk_key_of_event(&key, meta->trail.number);
    if (dk_env_begin(store, false, &txn) != DOCKET_OK)
        return;
    docket_status status = dk_env_get(store, txn, DK_KIND_EVENTS, &key, &value, &found);
    if (status == DOCKET_OK && found && dk_image_decode_event(dk_key_slice(&key), value, &event) == DOCKET_OK) {
        report->event_ns = event.time_ns;
        snprintf(report->event_kind, sizeof report->event_kind, "%s", event.kind);
        snprintf(report->event_text, sizeof report->event_text, "%s", event.text);
    }
    mdb_txn_abort(txn);
}

void dk_vouch_tell_store(struct dk_store *store, const struct dk_meta *meta, struct dk_store_report *report)
{
    if (report == NULL || report->known)
        return;
    report->known = true;
    report->store = dk_far_standing(meta);
    report->clean = meta->clean != 0;
    report->written_ns = (int64_t)meta->time.wall_ns;
    report->events = meta->trail.number;
    report->fence = meta->fence.kind;
    tell_event(store, meta, report);
}

/* Keeps the first no, and tells each. */
static void hear(struct dk_voice_report *voice, docket_status said, docket_status *status, char why[DK_ERROR_BYTES])
{
    voice->verdict = said;
    if (said != DOCKET_OK)
        snprintf(voice->why, sizeof voice->why, "%s", dk_error_text());
    if (*status == DOCKET_OK && said != DOCKET_OK) {
        *status = said;
        memcpy(why, voice->why, sizeof voice->why);
    }
}

docket_status dk_vouch(struct dk_store *store, const struct dk_store_options *options, const struct dk_meta *meta,
                       enum dk_witness_find found, const struct dk_witness *near)
{
    static const struct dk_voice_report none;
    struct dk_standing standing = dk_far_standing(meta);
    struct dk_store_report unwanted = {.known = true}, *report = options->report ? options->report : &unwanted;
    struct dk_voice_report *voice = report->voice;
    const struct dk_far *far = &store->far;
    char why[DK_ERROR_BYTES] = "";
    docket_status status = DOCKET_OK;
    voice[DK_VOICE_FILES] = none;
    snprintf(voice[DK_VOICE_NEAR].where, sizeof voice->where, "%.480s%s", options->witness ? options->witness : store->realm,
             options->witness ? "" : "/witness");
    tell_witness(&voice[DK_VOICE_NEAR], found, near);
    hear(&voice[DK_VOICE_NEAR], judge_near(found, near, &standing), &status, why);
    if (options->far != NULL && (options->far[0] != 0 || (meta->guard.kept & DK_KEEPS_FAR))) {
        snprintf(voice[DK_VOICE_FAR].where, sizeof voice->where, "%.256s/%.40s",
                 far->folder[0] ? far->folder : meta->guard.folder[0] ? meta->guard.folder : options->far, far->name);
        tell_witness(&voice[DK_VOICE_FAR], far->other.found, &far->other.witness);
        hear(&voice[DK_VOICE_FAR], dk_far_judge(store, options, &meta->guard, &standing), &status, why);
    }
    if (options->command != NULL || (meta->guard.kept & DK_KEEPS_HOOK)) {
        snprintf(voice[DK_VOICE_HOOK].where, sizeof voice->where, "%.500s", options->command ? options->command->called : "(none)");
        tell_witness(&voice[DK_VOICE_HOOK], store->hook.other.found, &store->hook.other.witness);
        hear(&voice[DK_VOICE_HOOK], dk_hook_judge(store, options, &meta->guard, &standing), &status, why);
    }
    if (options->ask != NULL)
        hear(&voice[DK_VOICE_FILES], options->ask(options->asked, &standing, &voice[DK_VOICE_FILES]), &status, why);
    return status == DOCKET_OK ? status : dk_fail(status, "%s", why);
}
