/* SPDX-License-Identifier: MIT */
#include "table/place.h"

void dk_place_write(struct shared_board_place *place, const struct dk_laid *laid)
{
    /* seq 0 first: a docketd that dies in the middle leaves "nothing was laid".
     * Workers do not look until the claim word says FREE; the orders here are
     * for the next docketd, which sees this process's stores through its death. */
    dk_store_release(&place->seq, 0);
    dk_store_release(&place->first, laid->first);
    dk_store_release(&place->size_epoch, (uint64_t)laid->size << 32 | laid->serial);
    dk_store_release(&place->seq, laid->seq);
}

bool dk_place_lay(dk_word *claim, uint64_t seq)
{
    uint64_t seen = dk_load_acquire(claim);
    if (seen >> 62 != DK_EMPTY || (seen & DK_SEQ_MASK) >= seq)
        return false;
    return dk_cas_acq_rel(claim, &seen, dk_claim_pack(DK_FREE, seq)); /* ORDER-9 */
}

bool dk_place_take_back(dk_word *claim, uint64_t seq, uint64_t *seen)
{
    *seen = dk_claim_pack(DK_FREE, seq);
    return dk_cas_acq_rel(claim, seen, dk_claim_pack(DK_TAKEN, seq)); /* ORDER-10 */
}

bool dk_place_clear(dk_word *claim, uint64_t word, uint64_t seq)
{
    return dk_cas_acq_rel(claim, &word, dk_claim_pack(DK_EMPTY, seq)); /* ORDER-10 */
}
