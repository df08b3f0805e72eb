/* SPDX-License-Identifier: MIT */
/* links: base/status base/files base/log numbering/cells numbering/check_digit numbering/collide numbering/collide_say numbering/date numbering/fate numbering/form numbering/ledger numbering/period numbering/policy numbering/profile numbering/reason numbering/repeat numbering/setting numbering/start numbering/start_remedy numbering/template numbering/template_read numbering/template_remedy numbering/template_text  store/arrive store/backup store/bring store/chain store/commit store/copy store/create store/env store/facts store/far store/fold store/hook store/image store/image_series store/index store/journal store/law store/ledger store/ledger_image store/ledger_log store/ledger_part store/ledger_read store/ledger_verify store/ledger_view store/lock store/losses store/marks store/meta store/migrate store/migrations/0003_retired store/migrations/0004_texts store/migrations/0005_ledger store/migrations/0006_fence store/migrations/step store/move store/pages store/pen store/ranges store/record store/restore store/seen store/sha store/shelf store/store store/texts store/time store/vouch store/walk store/witness  daemon/backup/manifest */
/* libs: jansson lmdb md */
/*
 * The manifest of a backup: any text is read or refused; one that we wrote is read back as it
 * was, and one in which a byte is another is refused, or says the same.
 */
#include "fuzz.h"

#include "daemon/backup/manifest.h"

static bool same(const struct dk_manifest *a, const struct dk_manifest *b)
{
    return memcmp(a->id, b->id, sizeof a->id) == 0 && a->time_ns == b->time_ns && a->uid == b->uid &&
           a->copy.generation == b->copy.generation && a->copy.commit == b->copy.commit && a->copy.bytes == b->copy.bytes &&
           memcmp(a->copy.store_id, b->copy.store_id, sizeof a->copy.store_id) == 0 &&
           memcmp(a->copy.sha256, b->copy.sha256, sizeof a->copy.sha256) == 0;
}

static void go_round(struct draw *draw)
{
    static struct dk_manifest made, read, again;
    char text[DK_MANIFEST_BYTES];
    memset(&made, 0, sizeof made);
    draw_bytes(draw, made.id, sizeof made.id);
    draw_bytes(draw, made.copy.store_id, sizeof made.copy.store_id);
    draw_bytes(draw, made.copy.sha256, sizeof made.copy.sha256);
    made.copy.generation = draw_number(draw, 4);
    made.copy.commit = draw_number(draw, 4);
    made.copy.bytes = draw_number(draw, 4);
    made.time_ns = (int64_t)draw_number(draw, 7);
    made.uid = (uint32_t)draw_number(draw, 3);
    made.copy.schema = DK_SCHEMA_VERSION;
    made.copy.trail.begins = 1;
    snprintf(made.docket, sizeof made.docket, "0.1.0");
    MUST(dk_manifest_spell(&made, text) == DOCKET_OK);
    size_t bytes = strlen(text), at = draw_number(draw, 2) % bytes;
    MUST(dk_manifest_parse(text, bytes, "it", &read) == DOCKET_OK);
    MUST(same(&made, &read));
    text[at] = (char)draw_number(draw, 1);
    if (dk_manifest_parse(text, bytes, "it", &again) == DOCKET_OK)
        MUST(same(&read, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    static struct dk_manifest manifest;
    if (draw_number(&draw, 1) % 2 == 0) {
        go_round(&draw);
        return 0;
    }
    (void)!dk_manifest_parse((const char *)bytes + (size - draw.left), draw.left, "it", &manifest);
    return 0;
}
