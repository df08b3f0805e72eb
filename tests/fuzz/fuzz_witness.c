/* SPDX-License-Identifier: MIT */
/* links: base/status base/files numbering/fate store/record store/witnesses/witness */
/*
 * The witness file: a text is accepted only if it is the one that we would
 * have written, byte for byte; and what is accepted judges within its law.
 */
#define _GNU_SOURCE 1
#include "fuzz.h"

#include "store/checksum.h"
#include "store/store.h"
#include "store/witnesses/witness.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 1024 };

static int folder = -1;
static char folder_name[] = "/dev/shm/docket-fuzz-witness.XXXXXX";

static void leave(void)
{
    unlinkat(folder, "witness", 0);
    rmdir(folder_name);
}

int LLVMFuzzerInitialize(int *count, char ***words)
{
    (void)count;
    (void)words;
    MUST(mkdtemp(folder_name) != NULL);
    folder = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    MUST(folder >= 0);
    atexit(leave);
    return 0;
}

static size_t read_back(char *text, size_t room)
{
    int fd = openat(folder, "witness", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, room);
    MUST(got >= 0);
    close(fd);
    return (size_t)got;
}

static void judge(const struct dk_witness *witness, uint64_t generation, uint64_t commit)
{
    struct dk_standing standing = {.generation = generation, .commit = commit};
    memcpy(standing.store_id, witness->store_id, sizeof standing.store_id);
    docket_status status = dk_witness_judge(witness, "witness", &standing);
    MUST(status == DOCKET_OK || status == DOCKET_STORE_REWOUND);
    if (status == DOCKET_OK) {
        MUST(generation == witness->generation || generation + 1 == witness->generation);
        MUST(commit <= witness->commit || witness->phase == DK_WITNESS_OPENING);
        MUST(commit >= witness->start || witness->phase == DK_WITNESS_CLEAN);
    }
    /* Who opened it last, or what it saw last, was another one. */
    memcpy(standing.token, witness->token, sizeof standing.token);
    standing.token[commit % 16] ^= 1;
    standing.generation = witness->generation;
    uint8_t zeros[16] = {0};
    bool knows = memcmp(witness->token, zeros, 16) != 0 && memcmp(standing.token, zeros, 16) != 0;
    MUST(!knows || dk_witness_judge(witness, "witness", &standing) == DOCKET_STORE_REWOUND);
    standing.store_id[generation % 16] ^= 1;
    MUST(dk_witness_judge(witness, "witness", &standing) == DOCKET_STORE_REWOUND);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    char text[TEXT_MAX], again[TEXT_MAX];
    struct dk_witness witness = {.phase = 77};
    enum dk_witness_find found = DK_WITNESS_ABSENT;
    uint64_t sealed = draw_number(&draw, 1);
    uint64_t generation = draw_number(&draw, 2), commit = draw_number(&draw, 2);
    size_t length = draw.left < TEXT_MAX - 64 ? draw.left : TEXT_MAX - 64;
    draw_bytes(&draw, text, length);
    if (sealed % 2 == 0) /* with the check that a writer would have put */
        length += (size_t)snprintf(text + length, 40, "check %016" PRIx64 "\n", dk_checksum_bytes(text, length));
    int fd = openat(folder, "witness", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, text, length) == (ssize_t)length);
    close(fd);
    docket_status status = dk_witness_read(folder, "witness", &witness, &found);
    if (status != DOCKET_OK)
        return 0;
    MUST(found == DK_WITNESS_FOUND || (found == DK_WITNESS_DAMAGED && witness.phase == 77));
    if (found != DK_WITNESS_FOUND)
        return 0;
    MUST(witness.phase < DK_WITNESS_PHASE_COUNT);
    judge(&witness, generation, commit);
    judge(&witness, witness.generation - (generation & 1), witness.commit - commit % 300);
    judge(&witness, witness.generation, witness.start + commit % 3);
    MUST(dk_witness_write(folder, "witness", &witness) == DOCKET_OK);
    MUST(read_back(again, sizeof again) == length && memcmp(again, text, length) == 0);
    return 0;
}
