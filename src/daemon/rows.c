/* SPDX-License-Identifier: MIT */
/* rows: rows of places on their way between the desk's pool and a counter. */
#include "daemon/daemon.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

struct dk_row_book *dk_leased_add_row_book(struct dk_counter *counter, uint32_t row)
{
    struct dk_desk_book *desk = counter->series->desk;
    counter->rows = dk_must_grow(counter->rows, counter->row_count + 1, sizeof *counter->rows);
    struct dk_row_book *book = &counter->rows[counter->row_count++];
    memset(book, 0, sizeof *book);
    book->row = row;
    for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
        uint64_t word = dk_load_acquire(dk_book_claim(desk, row, i));
        /* An EMPTY word keeps its place's seq, and so does the board, which no
         * worker can write: blocks up to it are finished. */
        uint64_t seq = dk_load_relaxed(&dk_book_place(desk, row, i)->seq);
        if (word >> 62 == DK_EMPTY && (word & DK_SEQ_MASK) > seq)
            seq = word & DK_SEQ_MASK;
        book->place[i].seq = book->place[i].closed_seq = seq;
    }
    desk->row_owner[row] = counter;
    return book;
}

/* A row for a counter whose places are all in use: from the pool, else new. */
bool dk_leased_add_row(struct dk_counter *counter)
{
    struct dk_desk_book *desk = counter->series->desk;
    struct shared_board_words *words = dk_desk_words(&desk->map);
    uint32_t row;
    if (counter->row_count >= DK_ROWS_PER_COUNTER)
        return false;
    if (desk->row_pool_count > 0) {
        row = desk->row_pool[--desk->row_pool_count];
    } else {
        if (desk->rows_used >= dk_load_relaxed(&words->rows_ready) &&
            dk_desk_grow_rows(&desk->map, desk->daemon->runtime_fd) != DOCKET_OK) {
            dk_log(DK_LOG_WARNING, "no more places at desk %s: %s", desk->rule.name, dk_error_text());
            return false;
        }
        row = desk->rows_used++;
        dk_store_release(&words->rows_used, desk->rows_used);
    }
    struct shared_board_row *shared = dk_desk_row(&desk->map, row);
    struct shared_board_bank *bank = dk_book_bank(counter);
    dk_store32_release(&shared->period, (uint32_t)counter->period.label);
    dk_store32_release(&shared->next, dk_load32_relaxed(&bank->row));
    dk_store32_release(&shared->slot, counter->series->slot + 1);
    dk_leased_add_row_book(counter, row);
    dk_store32_release(&bank->row, row + 1); /* ORDER-6 */
    return true;
}

void dk_leased_link_rows(struct dk_counter *counter)
{
    struct dk_desk *map = &counter->series->desk->map;
    uint32_t next = 0;
    for (uint32_t r = counter->row_count; r-- > 0;) {
        dk_store32_release(&dk_desk_row(map, counter->rows[r].row)->next, next);
        next = counter->rows[r].row + 1;
    }
    dk_store32_release(&dk_book_bank(counter)->row, next); /* ORDER-6 */
}

void dk_leased_release_rows(struct dk_counter *counter)
{
    struct dk_desk_book *desk = counter->series->desk;
    for (uint32_t r = 0; r < counter->row_count; r++) {
        uint32_t row = counter->rows[r].row;
        dk_store32_release(&dk_desk_row(&desk->map, row)->slot, 0);
        desk->row_owner[row] = NULL;
        desk->row_pool[desk->row_pool_count++] = row; /* as many entries as rows: never full */
    }
    free(counter->rows);
    counter->rows = NULL;
    counter->row_count = 0;
}
