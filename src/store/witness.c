/* SPDX-License-Identifier: MIT */
/* witness: see witness.h. */
#include "store/witness.h"

#include "base/files.h"
#include "store/checksum.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WITNESS_BYTES = 512, NAME_BYTES = 272 };

static const char *const phase_names[DK_WITNESS_PHASE_COUNT] = {"opening", "running", "clean"};

/* ---- the text ---- */

static void spell_id(const uint8_t id[16], char text[33])
{
    for (int at = 0; at < 16; at++)
        snprintf(text + 2 * at, 3, "%02x", (unsigned)id[at]);
}

static size_t spell(const struct dk_witness *witness, char text[WITNESS_BYTES])
{
    char id[33], half[2][33];
    spell_id(witness->store_id, id);
    int length = snprintf(text, WITNESS_BYTES,
                          "docket witness %d\nstore %s\ngeneration %" PRIu64 "\nstart %" PRIu64
                          "\ncommit %" PRIu64 "\nphase %s\n",
                          witness->event != 0 ? 2 : 1, id, witness->generation, witness->start, witness->commit,
                          phase_names[witness->phase]);
    size_t size = (size_t)length;
    spell_id(witness->head, half[0]);
    spell_id(witness->head + 16, half[1]);
    if (witness->event != 0)
        size += (size_t)snprintf(text + size, WITNESS_BYTES - size, "event %" PRIu64 " %s%s\n", witness->event, half[0],
                                 half[1]);
    size += (size_t)snprintf(text + size, WITNESS_BYTES - size, "check %016" PRIx64 "\n",
                             dk_checksum_bytes(text, size));
    return size;
}

static bool parse_id(const char *text, uint8_t id[16])
{
    for (int at = 0; at < 16; at++) {
        unsigned byte;
        if (sscanf(text + 2 * at, "%2x", &byte) != 1)
            return false;
        id[at] = (uint8_t)byte;
    }
    return true;
}

static bool parse_phase(const char *text, uint32_t *phase)
{
    for (uint32_t at = 0; at < DK_WITNESS_PHASE_COUNT; at++) {
        if (strcmp(text, phase_names[at]) == 0) {
            *phase = at;
            return true;
        }
    }
    return false;
}

/* Lenient in reading, then spelled anew and compared byte for byte: the text
 * is sound only if it is the one that we would have written. */
static bool parse(const char *text, struct dk_witness *witness)
{
    char id[33], phase[16], head[65], again[WITNESS_BYTES];
    int version;
    struct dk_witness made = {0};
    int got = sscanf(text,
                     "docket witness %d store %32s generation %" SCNu64 " start %" SCNu64
                     " commit %" SCNu64 " phase %15s event %" SCNu64 " %64s",
                     &version, id, &made.generation, &made.start, &made.commit, phase, &made.event, head);
    if (got != (got > 6 ? 8 : 6) || strlen(id) != 32 || !parse_id(id, made.store_id) ||
        !parse_phase(phase, &made.phase))
        return false;
    if (got == 8 && (strlen(head) != 64 || !parse_id(head, made.head) || !parse_id(head + 32, made.head + 16)))
        return false;
    spell(&made, again);
    if (strcmp(text, again) != 0)
        return false;
    *witness = made;
    return true;
}

/* ---- the file ---- */

docket_status dk_witness_read(int directory, const char *name, struct dk_witness *witness,
                              enum dk_witness_find *found)
{
    char text[WITNESS_BYTES + 1];
    struct stat facts;
    if (fstatat(directory, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT)
            return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot look at the witness %s",
                                 name);
        *found = DK_WITNESS_ABSENT;
        return DOCKET_OK;
    }
    docket_status status = dk_file_read(directory, name, text, sizeof text);
    if (status != DOCKET_OK)
        return dk_wrap(status, "cannot read the witness %s", name);
    *found = parse(text, witness) ? DK_WITNESS_FOUND : DK_WITNESS_DAMAGED;
    return DOCKET_OK;
}

/* The spare file, open: one of its own, never another name of the witness,
 * which a swap that was cut short can leave. -1: errno. */
static int open_spare(int directory, const char *spare, const char *old)
{
    const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    struct stat facts;
    if (fstatat(directory, spare, &facts, AT_SYMLINK_NOFOLLOW) != 0 && renameat(directory, old, directory, spare) != 0 &&
        errno != ENOENT)
        return -1;
    unlinkat(directory, old, 0);
    /* Only a file that the disk, too, knows as the spare may be written in place. */
    if (fsync(directory) != 0)
        return -1;
    int fd = openat(directory, spare, flags, 0600);
    if (fd >= 0 && (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_nlink != 1 ||
                    facts.st_uid != geteuid())) {
        close(fd);
        fd = unlinkat(directory, spare, 0) != 0 ? -1 : openat(directory, spare, flags | O_EXCL, 0600);
    }
    return fd;
}

/* In place: the file has its block already. 0, or an errno. */
static int write_spare(int fd, const char *text, size_t size)
{
    ssize_t put = pwrite(fd, text, size, 0);
    int error = put < 0 ? errno : put != (ssize_t)size ? ENOSPC : 0;
    if (!error && (ftruncate(fd, (off_t)size) != 0 || fchmod(fd, 0600) != 0 || fsync(fd) != 0))
        error = errno;
    if (close(fd) != 0 && !error)
        error = errno;
    return error;
}

/* The witness and its spare change names, so that a full disk, which cannot
 * give a block, stops no commit. The witness's own change is one rename. */
static int swap_in(int directory, const char *name, const char *text, size_t size)
{
    char spare[NAME_BYTES], old[NAME_BYTES];
    snprintf(spare, sizeof spare, "%s.spare", name);
    snprintf(old, sizeof old, "%s.old", name);
    int fd = open_spare(directory, spare, old);
    int error = fd < 0 ? errno : write_spare(fd, text, size);
    if (error)
        return error;
    int kept = linkat(directory, name, directory, old, 0); /* a failure costs the spare only */
    (void)kept;
    if (renameat(directory, spare, directory, name) != 0)
        return errno;
    int back = renameat(directory, old, directory, spare);
    (void)back;
    return fsync(directory) != 0 ? errno : 0; /* or a power loss may bring the old one back */
}

docket_status dk_witness_write(int directory, const char *name, const struct dk_witness *witness)
{
    char text[WITNESS_BYTES];
    size_t size = spell(witness, text);
    int error = swap_in(directory, name, text, size);
    docket_status status = DOCKET_OK;
    if (error)
        status = dk_fail_errno(dk_status_of_errno(error), error, "cannot write %s", name);
    if (status == DOCKET_OK)
        return status;
    return dk_wrap(status == DOCKET_NO_SPACE ? status : DOCKET_STORE_FAILED,
                   "the witness must be written ahead of the commits that it covers");
}

/* ---- the judgement ---- */

static docket_status rewound(const char *what, const struct dk_witness *witness,
                             uint64_t generation, uint64_t commit)
{
    return dk_fail(
        DOCKET_STORE_REWOUND,
        "%s: it is at generation %" PRIu64 ", commit %" PRIu64
        "; the witness, at generation %" PRIu64 ", commit %" PRIu64
        " (%s). Numbers that this store does not know may be on documents. Put the right "
        "store back; or, if this one is meant, start docketd --accept-store N",
        what, generation, commit, witness->generation, witness->commit,
        phase_names[witness->phase]);
}

static bool within_phase(const struct dk_witness *witness, uint64_t generation, uint64_t commit)
{
    switch (witness->phase) {
    case DK_WITNESS_OPENING:
        return (generation + 1 == witness->generation && commit == witness->start) ||
               (generation == witness->generation && commit == witness->start + 1);
    case DK_WITNESS_RUNNING:
        return generation == witness->generation && commit > witness->start &&
               commit <= witness->commit && witness->commit - commit <= DK_WITNESS_LAG + 1;
    default:
        return generation == witness->generation && commit == witness->commit;
    }
}

docket_status dk_witness_judge(const struct dk_witness *witness, const uint8_t store_id[16],
                               uint64_t generation, uint64_t commit)
{
    if (memcmp(witness->store_id, store_id, 16) != 0)
        return rewound("this is another store than the witness knows", witness, generation, commit);
    if (within_phase(witness, generation, commit))
        return DOCKET_OK;
    bool newer = generation > witness->generation ||
                 (generation == witness->generation && commit > witness->commit);
    return rewound(newer ? "the witness is older than the store"
                         : "the store is older than its witness",
                   witness, generation, commit);
}
