/* SPDX-License-Identifier: MIT */
/*
 * layout: every byte that another process sees is drawn here, with who writes
 * it and who reads it. docs/LAYOUT.md is the same picture for people.
 *
 * A desk is three kinds of files on tmpfs:
 *
 *   board   docketd writes, workers map read-only
 *     0      shared_header | board words | statistics | what the store was
 *     4096   calendars[DK_CALENDARS_MAX]: the days that dates in texts are made from, a page for each zone
 *     2625536  seats[seats_max] . directory[2 * slots_max] . slots[slots_max] . rows[rows_max]
 *   table   workers and docketd write
 *     0      shared_header | bell
 *     4096   want summary . want bits . slots[slots_max] . rows[rows_max]
 *   seat    one process writes; docketd initialises and reads
 *     0      shared_header | statistics
 *     4096   lines[lines_per_seat]
 *
 * Invariants
 *  1. Files have their full length from the start (holes cost nothing); the
 *     bytes of calendars, slots, directory and rows are allocated and zeroed in
 *     steps, and nobody touches an index at or above board.calendars_ready /
 *     slots_ready / rows_ready.
 *  2. Reserved bytes are zero.
 *  3. docketd never derives a durable value from a table or seat word alone.
 *
 * Types whose bytes other processes see start with shared_; no other type does.
 */
#ifndef DK_TABLE_LAYOUT_H
#define DK_TABLE_LAYOUT_H

#include "base/atomics.h"
#include "docket.h"

#include <stddef.h>

#define DK_LAYOUT_VERSION 3u

#define DK_MAGIC_BOARD 0x3144524142544b44ull /* "DKTBARD1" */
#define DK_MAGIC_TABLE 0x31454c4254544b44ull /* "DKTTBLE1" */
#define DK_MAGIC_SEAT 0x3154414553544b44ull  /* "DKTSEAT1" */

/* Flag words: an unknown compatible flag is ignored, an unknown incompatible
 * one refuses the file. None is defined in layout 3. KNOWN: the incompatible
 * flags that this build can read; MADE: those that its desks are made with.
 * The tests build a next release by defining them otherwise. */
#ifndef DK_MADE_INCOMPATIBLE
#define DK_MADE_INCOMPATIBLE 0ull
#define DK_KNOWN_INCOMPATIBLE 0ull
#endif
#ifndef DK_MADE_COMPATIBLE
#define DK_MADE_COMPATIBLE 0ull
#endif

/* The zone database has some 600 names, links and all. */
#ifndef DK_CALENDARS_MAX
#define DK_CALENDARS_MAX 640u
#endif

enum {
    DK_PAGE = 4096,
    DK_CACHE_LINE = 64,
    DK_PLACES_PER_ROW = 8,
    DK_BANKS = 2,
    DK_NAME_BYTES = 64,
    DK_FORM_WORDS = 8,           /* struct dk_form of numbering/template.h is 64 bytes */
    DK_CALENDAR_DAYS = 252,
    DK_CALENDAR_ZONE = 40,       /* a zone's name with its zero */
    DK_SLOTS_LIMIT = 1 << 20,
    DK_ROWS_LIMIT = 1 << 18,
    DK_SEATS_LIMIT = 4095,       /* 12 bits in the claim word */
    DK_LINES_LIMIT = 65535,      /* 16 bits in the claim word */
    DK_ROWS_PER_COUNTER = 1024,  /* 8192 places; see cursor.h on the wrap of lease numbers */
    DK_FIRST_STEP = 1024         /* slots (and rows / 8) of the first step; each step doubles */
};

/* First bytes of each of the three files. docketd writes all of it before
 * `ready`; nobody writes it afterwards. */
struct shared_header {
    uint64_t magic;
    uint32_t layout_version;
    uint32_t header_bytes;
    uint64_t compatible_flags;
    uint64_t incompatible_flags;
    uint64_t signature;       /* folds the sizes of the structures below */
    uint64_t store_id[2];
    uint64_t generation;      /* the store's, when the file was made */
    uint64_t incarnation;     /* random; one for all files of a desk, new at each build */
    uint32_t desk;
    uint32_t seat;            /* seat files only */
    uint32_t slots_max;
    uint32_t rows_max;
    uint32_t seats_max;
    uint32_t lines_per_seat;
    uint64_t file_bytes;
    dk_word ready;            /* ORDER-1: written last, DK_READY */
    uint64_t reserved[2];
};

#define DK_READY 0x5941455241455259ull

/* Board, page 0 behind the header. Written by docketd, read by all. */
struct shared_board_words {
    dk_word heartbeat_ns;    /* CLOCK_BOOTTIME of docketd's last turn */
    dk_word docketd_pid;     /* for display only */
    dk_word started_s;       /* UTC of docketd's start */
    dk_word serving;         /* 1 serving, 0 stopped in order */
    dk_word generation_now;  /* the store's generation under the running docketd */
    dk_word commit_number;   /* last commit known synced */
    dk_word boot_id[2];
    dk_word slots_ready;     /* ORDER-2 */
    dk_word rows_ready;      /* ORDER-2 */
    dk_word slots_used;  /* no slot at or above it has ever held a series */
    dk_word rows_used;
    dk_word assignments; /* last serial of an epoch or a slot's generation */
    dk_word slots_free;  /* below slots_used, of nobody */
    dk_word evictions;   /* series that left their slot, since the desk was built */
    dk_word calendars_ready; /* ORDER-2; at least 1 once the desk is ready */
    /* statistics: of the running docketd ... */
    dk_word commits;
    dk_word commit_ns_last;
    dk_word commit_ns_max;
    /* ... and since the desk was built */
    dk_word blocks_laid;
    dk_word raises;          /* strict limits raised */
    dk_word seats_reaped;
    dk_word tails_recovered; /* blocks of dead owners that had a tail */
    dk_word numbers_recovered;
    dk_word numbers_given_back;
    dk_word quarantines;
    dk_word clock_held_s;    /* 0; else docketd does not follow the wall clock, but goes by this instant (UTC) */
    dk_word numbers_out;     /* laid or raised, less what came back or was taken back: handed out, open, or lying there */
    dk_word past_waits;      /* of processes whose seats were reaped: as in shared_seat_words */
    dk_word past_wait_ns_total;
    dk_word past_wait_ns_max;
    dk_word past_timeouts;
};

/* Behind the board words: what the store was when all that lies here was allowed. Written by docketd after each commit and
 * before it lays anything by it; read by the next docketd, of whose store it must be the past. A board of before
 * layout's guard has zeros here. version is odd while it is written: docketd that died in it has told no digest. */
struct shared_board_guard {
    dk_word version;
    dk_word commit;
    dk_word generation;
    dk_word run[4]; /* the running digest of that commit */
    uint64_t reserved;
};

/* One UTC instant at which a day begins in the calendar's zone, and the date
 * that documents carry from then on. */
struct shared_day {
    dk_word start_s;
    dk_word yyyymmdd;
};

/* The days of one zone. Written by docketd between two increments of `version`
 * (odd while written). Index 0 is UTC; a page's zone never changes while the desk
 * lives. */
struct shared_calendar {
    dk_word version; /* ORDER-3 */
    dk_word count;
    dk_word zone[DK_CALENDAR_ZONE / 8]; /* its name, zeros behind it */
    dk_word fingerprint; /* of the zone's rules as docketd read them; docketd's own */
    struct shared_day days[DK_CALENDAR_DAYS];
};

/* Who sits where: for display and to salt cursors. Written by docketd. */
struct shared_seat_entry {
    dk_word state; /* 0 free, 1 taken, 2 being reaped, 3 lost; taken before descriptors are sent */
    dk_word salt;  /* of this sitting's cursors */
    dk_word pid;
    dk_word uid;
    dk_word attached_s;
    dk_word knows; /* the incompatible flags that its library can read */
    uint64_t reserved[2];
};

/* One period of a series. Written by docketd, read by workers. */
struct shared_board_bank {
    dk_word epoch;    /* ORDER-4: 0 absent or being rewritten; else dk_epoch_make() */
    dk_word period;   /* int32 as uint64 */
    dk_word start_s;  /* UTC: first second of the period */
    dk_word end_s;    /* UTC: first second after it; INT64_MAX for never */
    dk_word base;     /* a strict word's next == 0 stands for number base */
    dk_word limit;    /* strict: no number at or above it may be given. leased: first number
                         never laid (docketd's own memory across its death) */
    dk_word32 row;    /* leased: first row + 1, 0 none */
    dk_word32 supply; /* futex: changes when something was laid or raised */
    dk_word last;     /* last number of the counter's extent */
};

/* An epoch names one assignment of a bank to a period: a serial that never
 * recurs on the desk (leased places carry its low 32 bits), and a count of the
 * bank's own assignments (a strict word carries 6 bits of it). */
static inline uint64_t dk_epoch_make(uint64_t serial, uint64_t count)
{
    return serial << 6 | (count & 63);
}

static inline uint32_t dk_epoch_serial(uint64_t epoch)
{
    return (uint32_t)(epoch >> 6);
}

/* A slot that is not open gives no number; workers look before each one. LEDGER: no
 * bank of it is ever open, and docketd gives its numbers. (A library that does not
 * know a state takes it for a quarantine.) */
enum dk_slot_state { DK_SLOT_OPEN = 0, DK_SLOT_QUARANTINED = 1, DK_SLOT_RETIRED = 2, DK_SLOT_LEDGER = 3 };

/* Bits of a slot's flags, for the numbers of bank 0; those of bank 1 stand
 * DK_FLAG_BITS higher: a policy may change with a period. */
enum { DK_FLAG_BITS = 4 };
enum dk_slot_flags {
    DK_FLAG_CHRONOLOGICAL = 1, /* no number of an earlier date than the last one's: ORDER-17 */
    DK_FLAG_STOPS = 2,         /* no text is longer than the template's width makes it */
    DK_FLAG_VOID_RELEASED = 4  /* a number that comes back is not given again */
};

/* A series. Written by docketd, then `generation`; banks and their forms change.
 * A slot whose series is evicted goes to another one: generation 0, another key,
 * another generation. Window, profile to close_after and the interval's days may be
 * written anew under workers, but for `calendar`, and the flags of a bank that is not
 * absent: workers read them with the bank. ORDER-4 */
struct shared_board_slot {
    dk_word generation; /* ORDER-5: 0 nobody's; else a serial that never recurs on the desk */
    dk_word state;      /* enum dk_slot_state */
    uint64_t series_id;
    uint32_t window;
    uint8_t order;      /* enum dk_order */
    uint8_t restart;    /* enum dk_restart */
    uint8_t tenant_bytes;
    uint8_t name_bytes;
    uint8_t profile;    /* numbering/profile.h */
    uint8_t flags;      /* enum dk_slot_flags, of both banks */
    uint8_t warn;       /* percent; 0 never */
    uint8_t documents;  /* enum dk_documents */
    uint16_t calendar;  /* index of its zone's page */
    uint16_t close_after; /* days; 65535 never */
    dk_word pace[DK_BANKS]; /* pace.h; docketd's, for tools */
    uint32_t valid_from; /* days of an authority's interval, yyyymmdd, inclusive; 0 no bound */
    uint32_t valid_to;
    char tenant[DK_NAME_BYTES];
    char name[DK_NAME_BYTES];
    dk_word form[DK_BANKS][DK_FORM_WORDS]; /* struct dk_form: how the bank's numbers are written. ORDER-4, with the bank */
    struct shared_board_bank bank[DK_BANKS];
};

/* What lies in a place. Rewritten by docketd only while the claim word is EMPTY. */
struct shared_board_place {
    dk_word seq;        /* 0 while rewritten */
    dk_word first;
    dk_word size_epoch; /* size 32 | serial of the bank's epoch 32 */
};

/* Eight places of one counter. A row stays with its counter after the bank has
 * gone on to another period, until its last lease is back; then it is pooled. */
struct shared_board_row {
    dk_word32 next;  /* next row of the bank + 1, 0 none; ORDER-6 */
    dk_word32 slot;  /* slot + 1, 0 in the pool; written last */
    dk_word32 period;
    uint32_t reserved[13];
    struct shared_board_place place[DK_PLACES_PER_ROW];
};

/* Table, page 0 behind the header. */
struct shared_table_words {
    dk_word32 bell;  /* futex: workers add 1 and wake; docketd waits */
    uint32_t reserved[15];
};

/* Hot words of one bank, on a line of their own. */
struct shared_table_bank {
    dk_word strict; /* slot.h: epoch | next | room; workers and docketd, by CAS only */
    dk_word want;   /* workers: most numbers asked for in one piece, 0 nothing; docketd exchanges 0 */
    dk_word last_date; /* chronological series: slot.h; workers raise it, by CAS only. ORDER-17 */
    dk_word first;  /* docketd's, for tools: first number of the counter, or of its interval */
    uint64_t reserved[4];
};

struct shared_table_slot {
    struct shared_table_bank bank[DK_BANKS];
};

struct shared_table_row {
    dk_word claim[DK_PLACES_PER_ROW]; /* place.h; workers and docketd, by CAS only */
};

/* Seat, page 0 behind the header: what its process counted. Written by the
 * worker (relaxed), read by tools. */
struct shared_seat_words {
    dk_word claims;
    dk_word waits;
    dk_word wait_ns_total;
    dk_word wait_ns_max;
    dk_word timeouts;
    dk_word give_backs;
    dk_word numbers; /* handed out of leases that are used up or given back */
    uint64_t reserved[9];
};

/* One lease line. cursor: the worker stores, docketd reads (ORDER-7). */
struct shared_line {
    dk_word cursor; /* cursor.h */
    dk_word claimed_s;
    uint64_t reserved[6];
};

_Static_assert(sizeof(struct shared_header) == 128, "drawn as 128 bytes");
_Static_assert(sizeof(struct shared_board_words) == 256, "drawn as 256 bytes");
_Static_assert(sizeof(struct shared_board_guard) == 64, "a line");
_Static_assert(sizeof(struct shared_calendar) == DK_PAGE, "a calendar is one page");
_Static_assert(sizeof(struct shared_seat_entry) == 64, "a line each");
_Static_assert(sizeof(struct shared_board_bank) == 64, "a line each");
_Static_assert(sizeof(struct shared_board_slot) == 448, "seven lines");
_Static_assert(offsetof(struct shared_board_slot, form) == 192, "forms on lines of their own");
_Static_assert(offsetof(struct shared_board_slot, bank) == 320, "banks on lines of their own");
_Static_assert(sizeof(struct shared_board_row) == 256, "four lines");
_Static_assert(sizeof(struct shared_table_slot) == 128, "a line for each bank");
_Static_assert(sizeof(struct shared_table_row) == 64, "a line");
_Static_assert(sizeof(struct shared_line) == 64, "a line");

/* Sizes chosen when a desk is built. */
struct dk_geometry {
    uint32_t slots_max;
    uint32_t rows_max;
    uint32_t seats_max;
    uint32_t lines_per_seat;
};

/* Folds the sizes that two builds must agree on. */
static inline uint64_t dk_layout_signature(void)
{
    const uint64_t sizes[] = {
        sizeof(struct shared_header),     sizeof(struct shared_board_words),
        sizeof(struct shared_calendar),   sizeof(struct shared_seat_entry),
        sizeof(struct shared_board_slot), sizeof(struct shared_board_row),
        sizeof(struct shared_table_slot), sizeof(struct shared_table_row),
        sizeof(struct shared_line),       offsetof(struct shared_board_slot, bank),
        DK_PLACES_PER_ROW,                DK_BANKS,
        DK_CALENDARS_MAX,                 offsetof(struct shared_board_slot, form),
        1 /* slots change hands: who does not know that would take another series' numbers */};
    uint64_t folded = 0x646f636b6574ull; /* and the byte order, by its own bytes */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        folded = (folded ^ sizes[i]) * 0x100000001b3ull;
    return folded;
}

/* Offsets in the board file. */
static inline size_t dk_board_words_at(void) { return sizeof(struct shared_header); }
static inline size_t dk_board_guard_at(void) { return dk_board_words_at() + sizeof(struct shared_board_words); }
static inline size_t dk_calendars_at(void) { return DK_PAGE; }
static inline size_t dk_seats_at(void) { return (1 + (size_t)DK_CALENDARS_MAX) * DK_PAGE; }

static inline size_t dk_page_up(size_t bytes)
{
    return (bytes + DK_PAGE - 1) & ~(size_t)(DK_PAGE - 1);
}

static inline size_t dk_directory_at(const struct dk_geometry *g)
{
    return dk_seats_at() + dk_page_up(g->seats_max * sizeof(struct shared_seat_entry));
}

static inline size_t dk_board_slots_at(const struct dk_geometry *g)
{
    return dk_directory_at(g) + dk_page_up(2 * (size_t)g->slots_max * sizeof(dk_word32));
}

static inline size_t dk_board_rows_at(const struct dk_geometry *g)
{
    return dk_board_slots_at(g) + dk_page_up(g->slots_max * sizeof(struct shared_board_slot));
}

static inline size_t dk_board_bytes(const struct dk_geometry *g)
{
    return dk_board_rows_at(g) + dk_page_up(g->rows_max * sizeof(struct shared_board_row));
}

/* Offsets in the table file. A summary bit stands for 64 want words, a want
 * bit for a slot. */
static inline size_t dk_table_words_at(void) { return sizeof(struct shared_header); }
static inline size_t dk_want_summary_at(void) { return DK_PAGE; }

static inline size_t dk_want_words(const struct dk_geometry *g)
{
    return ((size_t)g->slots_max + 63) / 64;
}

static inline size_t dk_want_summary_words(const struct dk_geometry *g)
{
    return (dk_want_words(g) + 63) / 64;
}

static inline size_t dk_want_bits_at(const struct dk_geometry *g)
{
    return dk_want_summary_at() + dk_page_up(dk_want_summary_words(g) * sizeof(dk_word));
}

static inline size_t dk_table_slots_at(const struct dk_geometry *g)
{
    return dk_want_bits_at(g) + dk_page_up(dk_want_words(g) * sizeof(dk_word));
}

static inline size_t dk_table_rows_at(const struct dk_geometry *g)
{
    return dk_table_slots_at(g) + dk_page_up(g->slots_max * sizeof(struct shared_table_slot));
}

static inline size_t dk_table_bytes(const struct dk_geometry *g)
{
    return dk_table_rows_at(g) + dk_page_up(g->rows_max * sizeof(struct shared_table_row));
}

/* Offsets in a seat file. */
static inline size_t dk_seat_words_at(void) { return sizeof(struct shared_header); }
static inline size_t dk_lines_at(void) { return DK_PAGE; }

static inline size_t dk_seat_bytes(const struct dk_geometry *g)
{
    return dk_lines_at() + dk_page_up(g->lines_per_seat * sizeof(struct shared_line));
}

#endif
