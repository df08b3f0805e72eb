/* SPDX-License-Identifier: MIT */
#include "table/slot.h"

bool dk_strict_untake(dk_word *word, uint64_t epoch, uint64_t base, uint64_t first, uint32_t count)
{
    uint64_t seen = dk_load_acquire(word); /* ORDER-8 */
    for (;;) {
        struct dk_strict now = dk_strict_unpack(seen);
        bool ours_are_last = count <= now.next && now.epoch == epoch % DK_STRICT_EPOCHS && base + now.next == first + count;
        if (!ours_are_last || now.room + count > DK_ROOM_MAX)
            return false;
        if (dk_cas_acq_rel(word, &seen, dk_strict_pack(now.epoch, now.next - count, now.room + count)))
            return true;
    }
}

void dk_strict_raise(dk_word *word, uint32_t more)
{
    uint64_t seen = dk_load_acquire(word);
    for (;;) {
        struct dk_strict now = dk_strict_unpack(seen);
        uint32_t room = now.room + more;
        if (room > DK_ROOM_MAX)
            room = DK_ROOM_MAX; /* a scribbled room must not run into next */
        /* ORDER-8: behind this word stand the committed mark and board.limit. */
        if (dk_cas_acq_rel(word, &seen, dk_strict_pack(now.epoch, now.next, room)))
            return;
    }
}

uint64_t dk_strict_lower(dk_word *word, uint32_t most, uint32_t *room)
{
    uint64_t seen = dk_load_acquire(word); /* ORDER-8 */
    for (;;) {
        struct dk_strict now = dk_strict_unpack(seen);
        *room = now.room < most ? now.room : most;
        if (dk_cas_acq_rel(word, &seen, dk_strict_pack(now.epoch, now.next, *room)))
            return now.next;
    }
}

uint64_t dk_strict_close(dk_word *word)
{
    uint32_t none;
    return dk_strict_lower(word, 0, &none);
}

uint64_t dk_strict_start(const dk_word *word)
{
    uint64_t seen = dk_load_acquire(word); /* ORDER-8 */
    struct dk_strict now = dk_strict_unpack(seen);
    if (seen == 0)
        return 0; /* never used */
    /* next was never above next + room as it stood before the close, and room is bounded. */
    uint64_t start = now.next + DK_ROOM_MAX + 1;
    return start <= DK_NEXT_MAX / 2 ? start : 0;
}

void dk_strict_open(dk_word *word, uint32_t epoch, uint64_t next)
{
    uint64_t seen = dk_load_acquire(word);
    while (!dk_cas_acq_rel(word, &seen, dk_strict_pack(epoch, next, 0)))
        ;
}
