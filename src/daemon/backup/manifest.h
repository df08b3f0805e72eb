/* SPDX-License-Identifier: MIT */
/*
 * manifest: manifest.json of a backup, which says what lies beside it. One writer and
 * one reader; the command only carries it. A manifest carries a SHA-256 of itself, and
 * everything in it that matters is compared with the copy (store/copies/backup.c).
 */
#ifndef DK_DAEMON_BACKUP_MANIFEST_H
#define DK_DAEMON_BACKUP_MANIFEST_H

#include "store/store.h"

enum { DK_MANIFEST_BYTES = 4096, DK_MANIFEST_VERSION = 1 };

#define DK_MANIFEST_FILE "manifest.json"
#define DK_BACKUP_FILE "data.mdb"

struct dk_manifest {
    struct dk_copy_facts copy;
    uint8_t id[16];  /* of this backup, random; the fence of what is restored from it has it */
    int64_t time_ns; /* UTC, when it was whole */
    uint32_t uid;    /* who asked for it */
    char docket[32]; /* the release that made it */
};

/* With a new id, and now as its time. */
void dk_manifest_fill(struct dk_manifest *manifest, uint32_t uid);
/* Ends in a newline and a zero. */
docket_status dk_manifest_spell(const struct dk_manifest *manifest, char text[DK_MANIFEST_BYTES]) DK_MUST_USE;
/* Of a text; name: for the sentence. DAMAGED, BAD_LAYOUT (of a later docket). */
docket_status dk_manifest_parse(const char *text, size_t bytes, const char *name, struct dk_manifest *manifest) DK_MUST_USE;
/* Of the file in a folder. DAMAGED: it is no backup. */
docket_status dk_manifest_read(const char *folder, struct dk_manifest *manifest) DK_MUST_USE;

#endif
