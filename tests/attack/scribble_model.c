/* SPDX-License-Identifier: MIT */
/*
 * scribble, the oracle: for each look of docketd at a counter it says before
 * what must come of it. What docketd cannot notice is exactly the list in
 * docs/ORDERING.md ("What cannot be noticed"): the numbers that may then be
 * given again are marked one by one, and a repeat of any other ends the run.
 */
#include "scribble.h"

#include "table/seat.h"
#include "table/slot.h"

enum says { NOTICED, PERHAPS, ACCEPTED };

/* The word that must be noticed: for the sentence, if it is not. */
static uint64_t odd_truth, odd_now, odd_seq;

static const struct dk_geometry *geometry_of(uint32_t desk)
{
    return &world.map[desk].geometry;
}

/* ---- writing, as any worker could ---- */

static struct track *track_of_row(uint32_t desk, uint32_t row)
{
    uint32_t slot = dk_load32_relaxed(&dk_desk_row(&world.map[desk], row)->slot);
    return slot == 0 || slot > SLOTS_MAX ? NULL : world.by_slot[desk][slot - 1];
}

static struct dk_laid board_of(uint32_t desk, uint32_t row, int index)
{
    return dk_place_read(&dk_desk_row(&world.map[desk], row)->place[index]);
}

static void note_hit(struct track *track)
{
    if (track != NULL)
        track->scribbled = track->unseen = true;
}

static void scribble_claim(uint32_t desk, uint32_t row, int index, uint64_t value)
{
    struct place_model *model = &world.place[desk][row][index];
    dk_word *word = &dk_table_row(&world.map[desk], row)->claim[index];
    struct dk_laid laid = board_of(desk, row, index);
    struct track *track = track_of_row(desk, row);
    uint64_t before = dk_load_relaxed(word);
    if (!model->dirty || model->board_seq != laid.seq)
        *model = (struct place_model){.seq = model->seq, .seen_word = model->seen_word,
                                      .seen_offset = model->seen_offset, .dirty = true, .truth = before,
                                      .board_seq = laid.seq};
    model->dirty = value != model->truth;
    dk_store_relaxed(word, value);
    note_hit(track);
    /* Until docketd looks, a caller may claim what reads as laid. */
    if (track != NULL && model->dirty && laid.seq != 0 && value == dk_claim_pack(DK_FREE, laid.seq))
        mark_repeat(track, laid.first, laid.first + laid.size);
}

static uint64_t position_of(const struct shared_board_bank *bank, uint64_t word)
{
    return dk_load_relaxed(&bank->base) + dk_strict_unpack(word).next;
}

static void scribble_strict(uint32_t desk, uint32_t slot, dk_word *word, uint64_t value)
{
    struct track *track = world.by_slot[desk][slot];
    const struct shared_board_bank *bank = &dk_desk_slot(&world.map[desk], slot)->bank[0];
    uint64_t before = dk_load_relaxed(word);
    dk_store_relaxed(word, value);
    if (track == NULL || !track->strict)
        return;
    note_hit(track);
    track->dirty_strict = track->dirty_strict || value != before;
    uint64_t at = position_of(bank, before), limit = dk_load_relaxed(&bank->limit);
    if (at > limit)
        at = limit; /* nobody got anything there */
    if (at > track->furthest)
        track->furthest = at;
    mark_repeat(track, position_of(bank, value), track->furthest);
}

/* The latest date of a chronological series. */
static void scribble_date(uint32_t desk, uint32_t slot, dk_word *word, uint64_t value)
{
    struct track *track = world.by_slot[desk][slot];
    uint64_t before = dk_load_relaxed(word);
    dk_store_relaxed(word, value);
    if (track == NULL || !track->chronological)
        return;
    note_hit(track);
    track->dirty_date = track->dirty_date || value != before;
}

/* What docketd must say of it: another assignment's, no day, earlier than it has
 * seen, later than tomorrow. */
static bool date_breaks_law(const struct dk_counter *counter, const struct track *track)
{
    const struct shared_board_bank *bank = &dk_desk_slot(&world.map[track->desk], track->slot)->bank[0];
    uint64_t word = dk_load_relaxed(&dk_table_slot(&world.map[track->desk], track->slot)->bank[0].last_date);
    uint32_t date = (uint32_t)word, today = dk_zone_utc.date(&dk_zone_utc, dk_clock_wall_s());
    if (!track->chronological)
        return false;
    if (word >> 32 != (dk_load_relaxed(&bank->epoch) >> 6 & UINT32_MAX) || date < counter->last_date)
        return true;
    return date != counter->last_date && (!dk_date_supported(date) || date > dk_date_add(today, 1));
}

void scribble_table(uint32_t desk, size_t word_at, uint64_t value)
{
    const struct dk_geometry *g = geometry_of(desk);
    size_t at = word_at * sizeof(dk_word), slots = dk_table_slots_at(g), rows = dk_table_rows_at(g);
    dk_word *word = (dk_word *)(void *)(world.map[desk].table + at);
    if (at >= rows && at < rows + g->rows_max * sizeof(struct shared_table_row)) {
        scribble_claim(desk, (uint32_t)((at - rows) / sizeof(struct shared_table_row)), (int)(at / 8 % 8), value);
        return;
    }
    if (at >= slots && at < slots + g->slots_max * sizeof(struct shared_table_slot) &&
        (at - slots) % sizeof(struct shared_table_slot) == 0) {
        scribble_strict(desk, (uint32_t)((at - slots) / sizeof(struct shared_table_slot)), word, value);
        return;
    }
    if (at >= slots && at < slots + g->slots_max * sizeof(struct shared_table_slot) &&
        (at - slots) % sizeof(struct shared_table_slot) == offsetof(struct shared_table_bank, last_date)) {
        scribble_date(desk, (uint32_t)((at - slots) / sizeof(struct shared_table_slot)), word, value);
        return;
    }
    dk_store_relaxed(word, value); /* wishes, flags, the bell, words that nobody reads */
}

void scribble_seat(uint32_t desk, uint32_t seat, size_t word_at, uint64_t value)
{
    size_t at = word_at * sizeof(dk_word), lines = dk_lines_at();
    dk_word *word = (dk_word *)(void *)(world.seat_view[desk][seat] + at);
    if (at >= lines && (at - lines) % sizeof(struct shared_line) == 0) {
        struct cursor_model *model = &world.cursor[desk][seat][(at - lines) / sizeof(struct shared_line)];
        uint64_t before = dk_load_relaxed(word);
        if (!model->scribbled || before != model->now)
            model->truth = before;
        model->scribbled = true;
        model->now = value;
    }
    dk_store_relaxed(word, value);
}

void model_seat_given(uint32_t desk, uint32_t seat)
{
    for (uint32_t line = 0; line < LINES; line++)
        world.cursor[desk][seat][line].scribbled = false;
}

/* ---- what a look must say ---- */

/* A claim that its owner could have written: a seat that is taken, a line of it, this block. */
static bool is_plausible(uint32_t desk, uint64_t word, uint64_t seq)
{
    struct dk_claim claim = dk_claim_unpack(word);
    const struct dk_geometry *g = geometry_of(desk);
    return claim.seq == (seq & DK_SEQ_LOW_MASK) && claim.seat < g->seats_max && claim.line < g->lines_per_seat &&
           dk_load_relaxed(&dk_desk_seat(&world.map[desk], claim.seat)->state) != DK_SEAT_FREE;
}

static enum says judge_claim(struct track *track, const struct place_model *model, const struct dk_laid *laid,
                             uint64_t now)
{
    enum dk_claim_state was = (enum dk_claim_state)(model->truth >> 62), is = (enum dk_claim_state)(now >> 62);
    if (was == DK_EMPTY)
        return is != DK_EMPTY ? NOTICED : PERHAPS; /* by its seq, when a block comes to lie here */
    if (was == DK_OWNED && model->seen_word == model->truth)
        return NOTICED; /* docketd had seen whose it is */
    if (is == DK_OWNED && is_plausible(track->desk, now, laid->seq)) {
        if (was == DK_OWNED)
            mark_repeat(track, laid->first, laid->first + laid->size);
        return ACCEPTED;
    }
    if (was == DK_OWNED && now == dk_claim_pack(DK_FREE, laid->seq)) {
        mark_repeat(track, laid->first, laid->first + laid->size);
        return ACCEPTED;
    }
    return NOTICED;
}

enum use { DAMAGED, USED, BACK, OPEN };

/* The cursor read once more, in our words: src/table/cursor.h is under test. */
static bool read_cursor(uint64_t word, uint64_t salt, uint32_t line, uint64_t *body)
{
    uint64_t key = (salt ^ line ^ (uint64_t)line << 32) * 0x9e3779b97f4a7c15ull;
    key = (key ^ key >> 32) * 0xbf58476d1ce4e5b9ull;
    key ^= key >> 29;
    for (int at = 15; at <= 47; at += 16)
        key = (key & ~(3ull << at)) | 1ull << at;
    *body = word * (key | 1);
    return *body >> 47 == 0x15a5a;
}

static enum use judge_cursor(const struct dk_claim *claim, uint32_t size, uint64_t word, uint64_t salt,
                             uint32_t *offset)
{
    uint64_t body;
    if (!read_cursor(word, salt, claim->line, &body))
        return DAMAGED;
    uint32_t used = (uint32_t)body & ((1u << 30) - 1);
    int16_t order = (int16_t)(uint16_t)((uint16_t)(body >> 31) - claim->lease);
    *offset = order < 0 ? 0 : order > 0 ? size : used;
    if (*offset > size)
        return DAMAGED;
    if (order < 0)
        return OPEN;
    return *offset == size ? USED : (body >> 30 & 1) != 0 ? BACK : OPEN;
}

/* The cursor of a claimed place as docketd is about to see it. */
static void look_at_cursor(struct track *track, struct place_model *model, const struct dk_laid *laid, uint64_t word)
{
    struct dk_claim claim = dk_claim_unpack(word);
    const struct cursor_model *cursor = &world.cursor[track->desk][claim.seat][claim.line];
    const struct shared_seat_entry *entry = dk_desk_seat(&world.map[track->desk], claim.seat);
    uint64_t salt = dk_load_relaxed(&entry->salt);
    uint64_t now = dk_load_relaxed(&dk_seat_line(world.seat_view[track->desk][claim.seat], claim.line)->cursor);
    uint32_t offset = 0, real = 0;
    bool forged = cursor->scribbled && cursor->now == now && cursor->truth != now;
    track->cursor_hit = track->cursor_hit || forged;
    enum use use = judge_cursor(&claim, laid->size, now, salt, &offset);
    if (use == DAMAGED || offset < model->seen_offset)
        return; /* what is left becomes unknown when the owner is dead, and nothing before */
    model->seen_offset = offset;
    if (!forged || use == USED)
        return;
    if (judge_cursor(&claim, laid->size, cursor->truth, salt, &real) == DAMAGED)
        real = laid->size;
    if (dk_load_relaxed(&entry->state) == DK_SEAT_TAKEN)
        real = use == BACK ? laid->size : 0; /* "given back" while its owner goes on */
    mark_repeat(track, laid->first + offset, laid->first + real);
}

static void look_at_place(struct track *track, uint32_t row, int index)
{
    struct place_model *model = &world.place[track->desk][row][index];
    struct dk_laid laid = board_of(track->desk, row, index);
    uint64_t now = dk_load_relaxed(&dk_table_row(&world.map[track->desk], row)->claim[index]);
    if (model->seq != laid.seq) {
        model->seq = laid.seq;
        model->seen_word = 0;
        model->seen_offset = 0;
    }
    if (model->board_seq != laid.seq || now == model->truth)
        model->dirty = false;
    if (model->dirty) {
        enum says says = judge_claim(track, model, &laid, now);
        track->must_fall = track->must_fall || says == NOTICED;
        if (says == NOTICED) {
            odd_truth = model->truth;
            odd_now = now;
            odd_seq = laid.seq;
        }
        track->may_fall = track->may_fall || says == PERHAPS;
        if (says == ACCEPTED) {
            model->dirty = false;
            model->seen_word = 0; /* another owner, another cursor */
            model->seen_offset = 0;
        }
    }
    if (!model->dirty && now >> 62 == DK_OWNED && is_plausible(track->desk, now, laid.seq)) {
        look_at_cursor(track, model, &laid, now);
        model->seen_word = now;
    }
}

static void each_place(struct track *track, void (*visit)(struct track *track, uint32_t row, int index))
{
    const struct shared_board_bank *bank = &dk_desk_slot(&world.map[track->desk], track->slot)->bank[0];
    for (uint32_t row = dk_load32_relaxed(&bank->row); row != 0;
         row = dk_load32_relaxed(&dk_desk_row(&world.map[track->desk], row - 1)->next))
        for (int i = 0; i < DK_PLACES_PER_ROW; i++)
            visit(track, row - 1, i);
}

static bool dirty_found;

static void find_dirty(struct track *track, uint32_t row, int index)
{
    dirty_found = dirty_found || world.place[track->desk][row][index].dirty;
}

bool model_may_fall(const struct track *track)
{
    dirty_found = track->may_fall || track->must_fall || track->dirty_strict || track->dirty_date;
    if (!track->strict && !dirty_found)
        each_place(&world.tracks[track->id], find_dirty);
    return dirty_found;
}

/* Runs around every turn of docketd: first we say what must come of it. */
static void around(struct dk_counter *counter, void (*turn)(struct dk_counter *counter))
{
    struct track *track = &world.tracks[counter->series->record.id];
    bool fallen = track->quarantined;
    bool unlooked = track->strict && counter->settled; /* the word of a stopped counter is left to the next docketd */
    figures.looks++;
    turn(counter);
    if (fallen || unlooked)
        return;
    if (track->must_fall && !track->quarantined)
        found("%s: docketd looked and noticed nothing; block %llu, word %016llx became %016llx", track->name,
              (unsigned long long)odd_seq, (unsigned long long)odd_truth, (unsigned long long)odd_now);
    figures.noticed += track->must_fall;
    figures.harmless += track->unseen && !track->must_fall;
    track->unseen = track->dirty_strict = track->dirty_date = false;
}

void __real_dk_strict_turn(struct dk_counter *counter);
void __real_dk_leased_turn(struct dk_counter *counter);
void __real_dk_series_quarantine(struct dk_series_book *series, const char *why);
void __wrap_dk_strict_turn(struct dk_counter *counter);
void __wrap_dk_leased_turn(struct dk_counter *counter);
void __wrap_dk_series_quarantine(struct dk_series_book *series, const char *why);

void __wrap_dk_strict_turn(struct dk_counter *counter)
{
    struct track *track = &world.tracks[counter->series->record.id];
    const struct shared_board_bank *bank = &dk_desk_slot(&world.map[track->desk], track->slot)->bank[0];
    uint64_t word = dk_load_relaxed(&dk_table_slot(&world.map[track->desk], track->slot)->bank[0].strict);
    struct dk_strict now = dk_strict_unpack(word);
    uint64_t at = position_of(bank, word);
    if (!track->quarantined && !counter->settled) {
        track->must_fall = now.epoch != dk_load_relaxed(&bank->epoch) % DK_STRICT_EPOCHS ||
                           at + now.room != dk_load_relaxed(&bank->limit) || at < track->seen_next ||
                           date_breaks_law(counter, track);
        if (track->must_fall && !track->dirty_strict && !track->dirty_date)
            found("%s: its word breaks the law and nobody scribbled: at %llu, room %u, limit %llu, seen %llu",
                  track->name, (unsigned long long)at, now.room,
                  (unsigned long long)dk_load_relaxed(&bank->limit), (unsigned long long)track->seen_next);
        odd_truth = track->seen_next;
        odd_now = word;
        track->seen_next = at;
        if (at > track->furthest)
            track->furthest = at;
    }
    around(counter, __real_dk_strict_turn);
}

void __wrap_dk_leased_turn(struct dk_counter *counter)
{
    struct track *track = &world.tracks[counter->series->record.id];
    if (!track->quarantined)
        each_place(track, look_at_place);
    around(counter, __real_dk_leased_turn);
}

void __wrap_dk_series_quarantine(struct dk_series_book *series, const char *why)
{
    struct track *track = &world.tracks[series->record.id];
    if (!track->quarantined && !model_may_fall(track))
        found("%s is quarantined and nobody scribbled on it: %s", track->name, why);
    track->quarantined = true;
    __real_dk_series_quarantine(series, why);
}

void model_still_waits(const dk_word32 *supply)
{
    for (uint32_t d = 0; d < DESKS; d++) {
        const uint8_t *at = (const uint8_t *)supply, *board = world.map[d].board;
        if (at < board || at >= board + world.map[d].board_bytes)
            continue;
        size_t slot = ((size_t)(at - board) - dk_board_slots_at(geometry_of(d))) / sizeof(struct shared_board_slot);
        const struct track *track = world.by_slot[d][slot];
        if (track != NULL && !track->quarantined)
            found("%s: a caller asked and waits, docketd had its turn, and nothing came", track->name);
    }
}

/* ---- a restart: what the next docketd can know is what store and board say ---- */

static void before_adopt(struct track *track, uint32_t row, int index)
{
    struct place_model *model = &world.place[track->desk][row][index];
    struct dk_laid laid = board_of(track->desk, row, index);
    uint64_t now = dk_load_relaxed(&dk_table_row(&world.map[track->desk], row)->claim[index]);
    if (!model->dirty || model->board_seq != laid.seq || now == model->truth)
        return;
    track->may_fall = true;
    mark_repeat(track, laid.first, laid.first + laid.size);
}

void model_restart(void)
{
    for (uint32_t id = 1; id <= world.track_count; id++) {
        struct track *track = &world.tracks[id];
        const struct shared_board_bank *bank = &dk_desk_slot(&world.map[track->desk], track->slot)->bank[0];
        uint64_t word = dk_load_relaxed(&dk_table_slot(&world.map[track->desk], track->slot)->bank[0].strict);
        struct dk_strict now = dk_strict_unpack(word);
        uint64_t at = position_of(bank, word);
        if (track->quarantined)
            continue;
        if (!track->strict) {
            each_place(track, before_adopt);
            continue;
        }
        track->must_fall = now.epoch != dk_load_relaxed(&bank->epoch) % DK_STRICT_EPOCHS || at < track->stored.next ||
                           at + now.room > track->stored.mark;
        track->seen_next = at;
        if (track->must_fall && !track->dirty_strict)
            found("%s: its word breaks the law and nobody scribbled: at %llu, room %u, stored %llu to %llu, epochs %u %u",
                  track->name, (unsigned long long)at, (unsigned)now.room, (unsigned long long)track->stored.next,
                  (unsigned long long)track->stored.mark, (unsigned)now.epoch,
                  (unsigned)(dk_load_relaxed(&bank->epoch) % DK_STRICT_EPOCHS));
    }
}

void model_adopted(void)
{
    for (uint32_t id = 1; id <= world.track_count; id++) {
        struct track *track = &world.tracks[id];
        if (track->must_fall && !track->quarantined)
            found("%s: docketd started over its word and noticed nothing", track->name);
        track->unseen = track->dirty_strict = false;
    }
    for (uint32_t d = 0; d < DESKS; d++)
        for (uint32_t row = 0; row < geometry_of(d)->rows_max; row++)
            for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
                struct place_model *model = &world.place[d][row][i];
                if (track_of_row(d, row) != NULL)
                    model->dirty = false;
                model->seen_word = 0;
                model->seen_offset = 0;
            }
}
