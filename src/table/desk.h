/* SPDX-License-Identifier: MIT */
/*
 * desk: the board and the table of one desk, mapped. docketd creates and grows
 * them; workers and tools map what docketd made.
 *
 * Address space is mapped once at the largest size; files are grown in place
 * by allocating their next step, so no mapping ever moves.
 */
#ifndef DK_TABLE_DESK_H
#define DK_TABLE_DESK_H

#include "base/status.h"
#include "table/layout.h"

#include <stdbool.h>
#include <sys/types.h>

struct dk_desk {
    struct dk_geometry geometry;
    uint32_t index;
    uint64_t store_id[2];
    uint64_t incarnation;
    uint64_t compatible_flags, incompatible_flags; /* of the files; a seat's are its desk's */
    uint8_t *board; /* read-only for workers */
    uint8_t *table;
    size_t board_bytes;
    size_t table_bytes;
};

/* Who a file must belong to, which realm and desk it must speak of, and the
 * flags that it is made with. */
struct dk_identity {
    uint64_t store_id[2];
    uint64_t generation;
    uint64_t incarnation;
    uint64_t compatible_flags, incompatible_flags;
    uint32_t desk;
};

static inline struct shared_board_words *dk_desk_words(const struct dk_desk *desk)
{
    return (struct shared_board_words *)(void *)(desk->board + dk_board_words_at());
}

static inline struct shared_board_guard *dk_desk_guard(const struct dk_desk *desk)
{
    return (struct shared_board_guard *)(void *)(desk->board + dk_board_guard_at());
}

/* Below calendars_ready, which dk_calendar_at() of calendar.h looks at. */
static inline struct shared_calendar *dk_desk_calendar(const struct dk_desk *desk, uint32_t index)
{
    return (struct shared_calendar *)(void *)(desk->board + dk_calendars_at()) + index;
}

static inline struct shared_seat_entry *dk_desk_seat(const struct dk_desk *desk, uint32_t seat)
{
    return (struct shared_seat_entry *)(void *)(desk->board + dk_seats_at()) + seat;
}

static inline dk_word32 *dk_desk_directory(const struct dk_desk *desk)
{
    return (dk_word32 *)(void *)(desk->board + dk_directory_at(&desk->geometry));
}

static inline struct shared_board_slot *dk_desk_slot(const struct dk_desk *desk, uint32_t slot)
{
    return (struct shared_board_slot *)(void *)(desk->board + dk_board_slots_at(&desk->geometry)) + slot;
}

/* What stands in a slot between its state and its forms. */
struct dk_slot_key {
    uint64_t series_id;
    uint32_t window;
    uint8_t order;
    uint8_t restart;
    uint8_t tenant_bytes;
    uint8_t name_bytes;
    uint8_t profile;
    uint8_t flags;
    uint8_t warn;
    uint8_t documents;
    uint16_t calendar;
    uint16_t close_after;
    uint64_t reserved[2]; /* pace */
    uint32_t valid_from;
    uint32_t valid_to;
    char tenant[DK_NAME_BYTES];
    char name[DK_NAME_BYTES];
};

_Static_assert(sizeof(struct dk_slot_key) == 176, "from 16 to 192");
_Static_assert(offsetof(struct shared_board_slot, series_id) == 16, "behind generation and state");
_Static_assert(offsetof(struct shared_board_slot, profile) - 16 == offsetof(struct dk_slot_key, profile) &&
                   offsetof(struct shared_board_slot, valid_from) - 16 == offsetof(struct dk_slot_key, valid_from) &&
                   offsetof(struct shared_board_slot, tenant) - 16 == offsetof(struct dk_slot_key, tenant),
               "word by word the same");

/* Copies it, whole, of this very generation; false if the slot is another
 * series' by now. Each word by acquire, so that the look at the generation stays
 * behind them. */
bool dk_slot_read(const struct shared_board_slot *slot, uint64_t generation, struct dk_slot_key *key);
/* docketd: the slot is nobody's (generation 0). */
void dk_slot_write(struct shared_board_slot *slot, const struct dk_slot_key *key);
/* docketd: what may change under workers (window, profile to close_after,
 * an interval's days), each in one store of the word it lies in. */
void dk_slot_write_settings(struct shared_board_slot *slot, const struct dk_slot_key *key);

/* What of a slot's settings a worker reads with a bank. */
struct dk_slot_settings {
    uint8_t flags; /* enum dk_slot_flags of that bank */
    uint16_t calendar;
};
struct dk_slot_settings dk_slot_settings(const struct shared_board_slot *slot, int bank);

struct dk_interval {
    uint32_t valid_from, valid_to; /* yyyymmdd, inclusive; 0 no bound */
};
static inline bool dk_interval_holds(const struct dk_interval *interval, uint32_t yyyymmdd)
{
    return (interval->valid_from == 0 || yyyymmdd >= interval->valid_from) &&
           (interval->valid_to == 0 || yyyymmdd <= interval->valid_to);
}

/* Of a slot whose generation the caller looks at afterwards. */
struct dk_interval dk_slot_interval(const struct shared_board_slot *slot);

/* How a bank's numbers are written: the words of a struct dk_form. docketd writes
 * them while the bank's epoch is 0; a reader looks at the epoch before and after. */
void dk_slot_write_form(struct shared_board_slot *slot, int bank, const void *form);
void dk_slot_read_form(const struct shared_board_slot *slot, int bank, void *form);

static inline uint8_t dk_slot_flags_of(uint8_t flags, int bank)
{
    return flags >> (bank * DK_FLAG_BITS) & ((1 << DK_FLAG_BITS) - 1);
}

static inline struct shared_board_row *dk_desk_row(const struct dk_desk *desk, uint32_t row)
{
    return (struct shared_board_row *)(void *)(desk->board + dk_board_rows_at(&desk->geometry)) + row;
}

static inline struct shared_table_words *dk_table_words(const struct dk_desk *desk)
{
    return (struct shared_table_words *)(void *)(desk->table + dk_table_words_at());
}

static inline dk_word *dk_table_want_summary(const struct dk_desk *desk)
{
    return (dk_word *)(void *)(desk->table + dk_want_summary_at());
}

static inline dk_word *dk_table_want_bits(const struct dk_desk *desk)
{
    return (dk_word *)(void *)(desk->table + dk_want_bits_at(&desk->geometry));
}

static inline struct shared_table_slot *dk_table_slot(const struct dk_desk *desk, uint32_t slot)
{
    return (struct shared_table_slot *)(void *)(desk->table + dk_table_slots_at(&desk->geometry)) + slot;
}

static inline struct shared_table_row *dk_table_row(const struct dk_desk *desk, uint32_t row)
{
    return (struct shared_table_row *)(void *)(desk->table + dk_table_rows_at(&desk->geometry)) + row;
}

/* Worker: supply runs low. Cheap if somebody has said so already. */
void dk_desk_want(const struct dk_desk *desk, uint32_t slot);

/* Worker: docketd must look at what was stored before this call (a cursor with
 * STOP, a wish, a wait): never skipped, since a bit seen set may be on its way
 * to be cleared by a docketd that has not seen that store. */
void dk_desk_ask(const struct dk_desk *desk, uint32_t slot);

/* BAD_LAYOUT if this header cannot be used: magic, version, size, flags,
 * signature; UNREACHABLE if it is not ready yet. name goes into the sentence. */
docket_status dk_header_check(const struct shared_header *header, uint64_t magic, uint64_t file_bytes,
                              const char *name) DK_MUST_USE;
void dk_header_fill(struct shared_header *header, uint64_t magic, const struct dk_geometry *geometry,
                    const struct dk_identity *identity, uint32_t seat, uint64_t file_bytes);

/* Maps and checks; board read-only unless docketd. The descriptors stay the
 * caller's and may be closed afterwards. */
docket_status dk_desk_map(struct dk_desk *desk, int board_fd, int table_fd, bool docketd) DK_MUST_USE;
void dk_desk_unmap(struct dk_desk *desk);

/* docketd: makes board-N and table-N in directory under temporary names with
 * their first steps allocated, and maps them; not ready, not yet under their
 * names. dk_desk_publish() writes the ready words and renames. */
docket_status dk_desk_create(struct dk_desk *desk, int directory, const struct dk_geometry *geometry,
                             const struct dk_identity *identity, gid_t group, bool group_set) DK_MUST_USE;
docket_status dk_desk_publish(struct dk_desk *desk, int directory) DK_MUST_USE;

/* docketd: opens an existing desk for adoption. NO_REALM if a file is absent. */
docket_status dk_desk_adopt(struct dk_desk *desk, int directory, uint32_t index) DK_MUST_USE;

/* docketd: allocates the next step. NO_SPACE or REALM_FULL leave all as it was. */
docket_status dk_desk_grow_slots(struct dk_desk *desk, int directory) DK_MUST_USE;
docket_status dk_desk_grow_rows(struct dk_desk *desk, int directory) DK_MUST_USE;

/* docketd: takes the page of calendar `index`, zeroed. NO_SPACE, REALM_FULL. Filled
 * and then counted by the caller (calendar.h). */
docket_status dk_desk_take_calendar(struct dk_desk *desk, int directory, uint32_t index) DK_MUST_USE;

/* Step arithmetic: the ready count that follows `ready`, at most max. */
uint32_t dk_step_next(uint32_t ready, uint32_t first, uint32_t max);

#endif
