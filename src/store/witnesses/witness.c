/* SPDX-License-Identifier: MIT */
/* witness: see witness.h. */
#include "store/witnesses/witness.h"

#include "base/files.h"
#include "base/spell.h"
#include "store/checksum.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 272 };

static const char *const phase_names[DK_WITNESS_PHASE_COUNT] = {"opening", "running", "clean"};

/* ---- the text ---- */

static bool is_set(const uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (bytes[at] != 0)
            return true;
    return false;
}

static int version_of(const struct dk_witness *witness)
{
    return is_set(witness->token, sizeof witness->token) ? 3 : witness->event != 0 ? 2 : 1;
}

size_t dk_witness_spell(const struct dk_witness *witness, char text[DK_WITNESS_BYTES])
{
    char id[33], head[65], token[33], run[65];
    int version = version_of(witness);
    dk_spell_hex(witness->store_id, 16, id);
    dk_spell_hex(witness->head, 32, head);
    dk_spell_hex(witness->token, 16, token);
    dk_spell_hex(witness->run, 32, run);
    int length = snprintf(text, DK_WITNESS_BYTES,
                          "docket witness %d\nstore %s\ngeneration %" PRIu64 "\nstart %" PRIu64
                          "\ncommit %" PRIu64 "\nphase %s\n",
                          version, id, witness->generation, witness->start, witness->commit,
                          dk_witness_phase_name(witness->phase));
    size_t size = (size_t)length;
    if (version > 1)
        size += (size_t)snprintf(text + size, DK_WITNESS_BYTES - size, "event %" PRIu64 " %s\n", witness->event, head);
    if (version > 2)
        size += (size_t)snprintf(text + size, DK_WITNESS_BYTES - size, "token %s\nseen %" PRIu64 " %s\n", token,
                                 witness->seen, run);
    size += (size_t)snprintf(text + size, DK_WITNESS_BYTES - size, "check %016" PRIx64 "\n",
                             dk_checksum_bytes(text, size));
    return size;
}

const char *dk_witness_phase_name(uint32_t phase)
{
    return phase < DK_WITNESS_PHASE_COUNT ? phase_names[phase] : "unknown";
}

/* Exactly so many bytes. */
static bool parse_hex(const char *text, uint8_t *bytes, size_t count)
{
    if (strlen(text) != 2 * count)
        return false;
    for (size_t at = 0; at < count; at++) {
        unsigned byte;
        if (sscanf(text + 2 * at, "%2x", &byte) != 1)
            return false;
        bytes[at] = (uint8_t)byte;
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
bool dk_witness_parse(const char *text, struct dk_witness *witness)
{
    char id[33] = "", phase[16] = "", head[65] = "", token[33] = "", run[65] = "", again[DK_WITNESS_BYTES];
    int version;
    struct dk_witness made = {0};
    int got = sscanf(text,
                     "docket witness %d store %32s generation %" SCNu64 " start %" SCNu64
                     " commit %" SCNu64 " phase %15s event %" SCNu64 " %64s token %32s seen %" SCNu64 " %64s",
                     &version, id, &made.generation, &made.start, &made.commit, phase, &made.event, head, token,
                     &made.seen, run);
    if ((got != 6 && got != 8 && got != 11) || !parse_hex(id, made.store_id, 16) || !parse_phase(phase, &made.phase))
        return false;
    if (got > 6 && !parse_hex(head, made.head, 32))
        return false;
    if (got > 8 && (!parse_hex(token, made.token, 16) || !parse_hex(run, made.run, 32)))
        return false;
    dk_witness_spell(&made, again);
    if (strcmp(text, again) != 0)
        return false;
    *witness = made;
    return true;
}

/* ---- the file ---- */

docket_status dk_witness_read(int directory, const char *name, struct dk_witness *witness,
                              enum dk_witness_find *found)
{
    char text[DK_WITNESS_BYTES + 1];
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
    *found = dk_witness_parse(text, witness) ? DK_WITNESS_FOUND : DK_WITNESS_DAMAGED;
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
    char text[DK_WITNESS_BYTES];
    size_t size = dk_witness_spell(witness, text);
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

static docket_status rewound(const char *what, const struct dk_witness *witness, const char *called,
                             const struct dk_standing *standing)
{
    return dk_fail(
        DOCKET_STORE_REWOUND,
        "%s: it is at generation %" PRIu64 ", commit %" PRIu64
        "; the %s, at generation %" PRIu64 ", commit %" PRIu64
        " (%s). Numbers that this store does not know may be on documents. Put the right "
        "store back; or, if this one is meant, accept it with floors (docket help accept), or start docketd "
        "--accept-store N",
        what, standing->generation, standing->commit, called, witness->generation, witness->commit,
        dk_witness_phase_name(witness->phase));
}

/* Up to version 2 a witness does not say what was durable: then it is what the lag allows. */
static bool is_within(const struct dk_witness *witness, uint64_t commit)
{
    if (commit <= witness->start || commit > witness->commit)
        return false;
    return version_of(witness) > 2 ? commit >= witness->seen : witness->commit - commit <= DK_WITNESS_LAG + 1;
}

static bool within_phase(const struct dk_witness *witness, uint64_t generation, uint64_t commit)
{
    switch (witness->phase) {
    case DK_WITNESS_OPENING:
        return (generation + 1 == witness->generation && commit == witness->start) ||
               (generation == witness->generation && commit == witness->start + 1);
    case DK_WITNESS_RUNNING:
        return generation == witness->generation && is_within(witness, commit);
    default:
        return generation == witness->generation && commit == witness->commit;
    }
}

/* Two that went on from one copy: at the same generation, or at the same commit, and yet not the same. */
static bool went_apart(const struct dk_witness *witness, const struct dk_standing *standing)
{
    if (version_of(witness) < 3)
        return false;
    if (standing->generation == witness->generation && is_set(standing->token, sizeof standing->token) &&
        memcmp(standing->token, witness->token, sizeof standing->token) != 0)
        return true;
    return standing->commit == witness->seen && is_set(witness->run, sizeof witness->run) &&
           is_set(standing->run, sizeof standing->run) && memcmp(standing->run, witness->run, sizeof witness->run) != 0;
}

docket_status dk_witness_judge(const struct dk_witness *witness, const char *called, const struct dk_standing *standing)
{
    char what[128];
    if (memcmp(witness->store_id, standing->store_id, 16) != 0) {
        snprintf(what, sizeof what, "this is another store than the %s knows", called);
        return rewound(what, witness, called, standing);
    }
    if (went_apart(witness, standing)) {
        snprintf(what, sizeof what, "another copy of this store has gone on, and the %s is of that one", called);
        return rewound(what, witness, called, standing);
    }
    if (within_phase(witness, standing->generation, standing->commit))
        return DOCKET_OK;
    bool newer = standing->generation > witness->generation ||
                 (standing->generation == witness->generation && standing->commit > witness->commit);
    if (newer)
        snprintf(what, sizeof what, "the %s is older than the store", called);
    else
        snprintf(what, sizeof what, "the store is older than its %s", called);
    return rewound(what, witness, called, standing);
}
