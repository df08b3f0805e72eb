/* SPDX-License-Identifier: MIT */
#include "table/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROWS_FIRST_STEP (DK_FIRST_STEP / DK_PLACES_PER_ROW)

void dk_desk_want(const struct dk_desk *desk, uint32_t slot)
{
    dk_word *bits = dk_table_want_bits(desk) + slot / 64;
    dk_word *summary = dk_table_want_summary(desk) + slot / 4096;
    uint64_t bit = 1ull << (slot % 64);
    uint64_t summary_bit = 1ull << (slot / 64 % 64);
    /* Relaxed looks first: the lines are shared, and most of the time it is
     * asked already. Bit before summary: docketd clears summary, then bits. */
    if ((dk_load_relaxed(bits) & bit) == 0)
        dk_or_release(bits, bit); /* ORDER-12 */
    if ((dk_load_relaxed(summary) & summary_bit) == 0)
        dk_or_release(summary, summary_bit); /* ORDER-12 */
}

void dk_desk_ask(const struct dk_desk *desk, uint32_t slot)
{
    dk_or_release(dk_table_want_bits(desk) + slot / 64, 1ull << (slot % 64));               /* ORDER-12 */
    dk_or_release(dk_table_want_summary(desk) + slot / 4096, 1ull << (slot / 64 % 64)); /* ORDER-12 */
}

static dk_word *key_words(const struct shared_board_slot *slot)
{
    union {
        const struct shared_board_slot *slot;
        dk_word *words;
    } both = {slot}; /* the words are written by docketd only, whose mapping is not const */
    return both.words + offsetof(struct shared_board_slot, series_id) / sizeof(dk_word);
}

bool dk_slot_read(const struct shared_board_slot *slot, uint64_t generation, struct dk_slot_key *key)
{
    const dk_word *words = key_words(slot);
    for (size_t i = 0; i < sizeof *key / sizeof *words; i++) {
        uint64_t word = dk_load_acquire(&words[i]); /* ORDER-5 */
        memcpy((uint8_t *)key + i * sizeof word, &word, sizeof word);
    }
    return generation != 0 && dk_load_acquire(&slot->generation) == generation; /* ORDER-5 */
}

void dk_slot_write(struct shared_board_slot *slot, const struct dk_slot_key *key)
{
    dk_word *words = key_words(slot);
    for (size_t i = 0; i < sizeof *key / sizeof *words; i++) {
        uint64_t word;
        memcpy(&word, (const uint8_t *)key + i * sizeof word, sizeof word);
        dk_store_release(&words[i], word); /* behind the generation 0. ORDER-5 */
    }
}

static void store_key_word(struct shared_board_slot *slot, const struct dk_slot_key *key, size_t at)
{
    uint64_t word;
    memcpy(&word, (const uint8_t *)key + at, sizeof word);
    dk_store_release(key_words(slot) + at / sizeof word, word);
}

void dk_slot_write_settings(struct shared_board_slot *slot, const struct dk_slot_key *key)
{
    store_key_word(slot, key, offsetof(struct dk_slot_key, window)); /* with the names' lengths, which stay */
    store_key_word(slot, key, offsetof(struct dk_slot_key, profile));
    store_key_word(slot, key, offsetof(struct dk_slot_key, valid_from));
}

struct dk_slot_settings dk_slot_settings(const struct shared_board_slot *slot, int bank)
{
    const size_t at = offsetof(struct dk_slot_key, profile);
    uint64_t word = dk_load_acquire(key_words(slot) + at / sizeof word); /* as the form: ORDER-4 */
    struct dk_slot_key key;
    memcpy((uint8_t *)&key + at, &word, sizeof word);
    return (struct dk_slot_settings){.flags = dk_slot_flags_of(key.flags, bank), .calendar = key.calendar};
}

struct dk_interval dk_slot_interval(const struct shared_board_slot *slot)
{
    const size_t at = offsetof(struct dk_slot_key, valid_from) / sizeof(dk_word);
    uint64_t word = dk_load_acquire(key_words(slot) + at); /* the look at the generation stays behind it. ORDER-5 */
    struct dk_interval interval;
    memcpy(&interval, &word, sizeof interval);
    return interval;
}

void dk_slot_write_form(struct shared_board_slot *slot, int bank, const void *form)
{
    for (size_t i = 0; i < DK_FORM_WORDS; i++) {
        uint64_t word;
        memcpy(&word, (const uint8_t *)form + i * sizeof word, sizeof word);
        dk_store_release(&slot->form[bank][i], word); /* behind the epoch 0. ORDER-4 */
    }
}

void dk_slot_read_form(const struct shared_board_slot *slot, int bank, void *form)
{
    for (size_t i = 0; i < DK_FORM_WORDS; i++) {
        uint64_t word = dk_load_acquire(&slot->form[bank][i]); /* the second look at the epoch stays behind it. ORDER-4 */
        memcpy((uint8_t *)form + i * sizeof word, &word, sizeof word);
    }
}

void dk_header_fill(struct shared_header *header, uint64_t magic, const struct dk_geometry *geometry,
                    const struct dk_identity *identity, uint32_t seat, uint64_t file_bytes)
{
    header->magic = magic;
    header->layout_version = DK_LAYOUT_VERSION;
    header->header_bytes = sizeof *header;
    header->compatible_flags = identity->compatible_flags;
    header->incompatible_flags = identity->incompatible_flags;
    header->signature = dk_layout_signature();
    header->store_id[0] = identity->store_id[0];
    header->store_id[1] = identity->store_id[1];
    header->generation = identity->generation;
    header->incarnation = identity->incarnation;
    header->desk = identity->desk;
    header->seat = seat;
    header->slots_max = geometry->slots_max;
    header->rows_max = geometry->rows_max;
    header->seats_max = geometry->seats_max;
    header->lines_per_seat = geometry->lines_per_seat;
    header->file_bytes = file_bytes;
}

static bool geometry_sane(const struct shared_header *h)
{
    return h->slots_max >= 1 && h->slots_max <= DK_SLOTS_LIMIT && h->rows_max >= 1 &&
           h->rows_max <= DK_ROWS_LIMIT && h->seats_max >= 1 && h->seats_max <= DK_SEATS_LIMIT &&
           h->lines_per_seat >= 1 && h->lines_per_seat <= DK_LINES_LIMIT;
}

docket_status dk_header_check(const struct shared_header *header, uint64_t magic, uint64_t file_bytes,
                              const char *name)
{
    if (file_bytes < sizeof *header || header->magic != magic)
        return dk_fail(DOCKET_BAD_LAYOUT, "%s is not a docket file of its kind (wrong magic)", name);
    if (header->layout_version != DK_LAYOUT_VERSION)
        return dk_fail(DOCKET_BAD_LAYOUT,
                       "%s has layout version %u and this build knows %u; use the docketd and libdocket "
                       "of one release",
                       name, header->layout_version, DK_LAYOUT_VERSION);
    if ((header->incompatible_flags & ~DK_KNOWN_INCOMPATIBLE) != 0)
        return dk_fail(DOCKET_BAD_LAYOUT, "%s carries incompatible flags %#llx that this build does not know",
                       name, (unsigned long long)header->incompatible_flags);
    if (header->header_bytes != sizeof *header || header->signature != dk_layout_signature())
        return dk_fail(DOCKET_BAD_LAYOUT, "%s was made by a build with other structure sizes", name);
    if (header->file_bytes != file_bytes || !geometry_sane(header))
        return dk_fail(DOCKET_BAD_LAYOUT, "%s has %llu bytes where its header says %llu", name,
                       (unsigned long long)file_bytes, (unsigned long long)header->file_bytes);
    if (dk_load_acquire(&header->ready) != DK_READY) /* ORDER-1: all of the above and the first step */
        return dk_fail(DOCKET_UNREACHABLE, "%s is still being made", name);
    return DOCKET_OK;
}

static docket_status map_one(int fd, bool writable, const char *name, uint8_t **base, size_t *bytes)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot look at the %s", name);
    if (facts.st_size < DK_PAGE)
        return dk_fail(DOCKET_BAD_LAYOUT, "the %s has only %lld bytes", name, (long long)facts.st_size);
    void *mapped = mmap(NULL, (size_t)facts.st_size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot map the %s of %lld bytes", name,
                             (long long)facts.st_size);
    *base = mapped;
    *bytes = (size_t)facts.st_size;
    return DOCKET_OK;
}

static void take_facts(struct dk_desk *desk, const struct shared_header *header)
{
    desk->geometry = (struct dk_geometry){.slots_max = header->slots_max,
                                          .rows_max = header->rows_max,
                                          .seats_max = header->seats_max,
                                          .lines_per_seat = header->lines_per_seat};
    desk->index = header->desk;
    desk->store_id[0] = header->store_id[0];
    desk->store_id[1] = header->store_id[1];
    desk->incarnation = header->incarnation;
    desk->compatible_flags = header->compatible_flags;
    desk->incompatible_flags = header->incompatible_flags;
}

static docket_status check_pair(struct dk_desk *desk)
{
    const struct shared_header *board = (const void *)desk->board;
    const struct shared_header *table = (const void *)desk->table;
    docket_status status = dk_header_check(board, DK_MAGIC_BOARD, desk->board_bytes, "the board");
    if (status == DOCKET_OK)
        status = dk_header_check(table, DK_MAGIC_TABLE, desk->table_bytes, "the table");
    if (status != DOCKET_OK)
        return status;
    take_facts(desk, board);
    if (dk_board_bytes(&desk->geometry) != desk->board_bytes ||
        dk_table_bytes(&desk->geometry) != desk->table_bytes)
        return dk_fail(DOCKET_BAD_LAYOUT, "board and table do not have the sizes of their geometry");
    if (table->incarnation != board->incarnation || table->desk != board->desk ||
        table->slots_max != board->slots_max || table->rows_max != board->rows_max ||
        table->seats_max != board->seats_max || table->lines_per_seat != board->lines_per_seat ||
        memcmp(table->store_id, board->store_id, sizeof board->store_id) != 0)
        return dk_fail(DOCKET_BAD_LAYOUT, "board and table are not of one desk");
    return DOCKET_OK;
}

docket_status dk_desk_map(struct dk_desk *desk, int board_fd, int table_fd, bool docketd)
{
    memset(desk, 0, sizeof *desk);
    docket_status status = map_one(board_fd, docketd, "board", &desk->board, &desk->board_bytes);
    if (status == DOCKET_OK)
        status = map_one(table_fd, true, "table", &desk->table, &desk->table_bytes);
    if (status == DOCKET_OK)
        status = check_pair(desk);
    if (status != DOCKET_OK)
        dk_desk_unmap(desk);
    return status;
}

void dk_desk_unmap(struct dk_desk *desk)
{
    if (desk->board != NULL)
        munmap(desk->board, desk->board_bytes);
    if (desk->table != NULL)
        munmap(desk->table, desk->table_bytes);
    desk->board = NULL;
    desk->table = NULL;
}

uint32_t dk_step_next(uint32_t ready, uint32_t first, uint32_t max)
{
    uint32_t next = ready == 0 ? first : ready * 2;
    return next < max ? next : max;
}

/* posix_fallocate on tmpfs takes the pages now: a full tmpfs is an error here,
 * not a SIGBUS at the first touch. */
static docket_status allocate(int fd, size_t at, size_t bytes, const char *what)
{
    size_t from = at & ~(size_t)(DK_PAGE - 1);
    int error = posix_fallocate(fd, (off_t)from, (off_t)(dk_page_up(at + bytes) - from));
    if (error != 0)
        return dk_fail_errno(dk_status_of_errno(error), error,
                             "cannot allocate %zu bytes of %s on the runtime tmpfs; enlarge it or free space on it",
                             bytes, what);
    return DOCKET_OK;
}

/* A step that did not fit gives back what it had got. Steps begin on pages of their own. */
static void release(int fd, size_t at, size_t bytes)
{
    (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)dk_page_up(bytes));
}

static docket_status allocate_slots(const struct dk_geometry *g, int board, int table, uint32_t from, uint32_t to)
{
    size_t count = to - from;
    docket_status status = allocate(board, dk_directory_at(g) + 2 * (size_t)from * sizeof(dk_word32),
                                    2 * count * sizeof(dk_word32), "directory");
    if (status == DOCKET_OK)
        status = allocate(board, dk_board_slots_at(g) + from * sizeof(struct shared_board_slot),
                          count * sizeof(struct shared_board_slot), "board slots");
    if (status == DOCKET_OK)
        status = allocate(table, dk_table_slots_at(g) + from * sizeof(struct shared_table_slot),
                          count * sizeof(struct shared_table_slot), "table slots");
    if (status != DOCKET_OK) {
        release(board, dk_directory_at(g) + 2 * (size_t)from * sizeof(dk_word32), 2 * count * sizeof(dk_word32));
        release(board, dk_board_slots_at(g) + from * sizeof(struct shared_board_slot),
                count * sizeof(struct shared_board_slot));
        release(table, dk_table_slots_at(g) + from * sizeof(struct shared_table_slot),
                count * sizeof(struct shared_table_slot));
    }
    return status;
}

static docket_status allocate_rows(const struct dk_geometry *g, int board, int table, uint32_t from, uint32_t to)
{
    size_t count = to - from;
    docket_status status = allocate(board, dk_board_rows_at(g) + from * sizeof(struct shared_board_row),
                                    count * sizeof(struct shared_board_row), "board rows");
    if (status == DOCKET_OK)
        status = allocate(table, dk_table_rows_at(g) + from * sizeof(struct shared_table_row),
                          count * sizeof(struct shared_table_row), "table rows");
    if (status != DOCKET_OK) {
        release(board, dk_board_rows_at(g) + from * sizeof(struct shared_board_row),
                count * sizeof(struct shared_board_row));
        release(table, dk_table_rows_at(g) + from * sizeof(struct shared_table_row),
                count * sizeof(struct shared_table_row));
    }
    return status;
}

static docket_status open_pair(int directory, uint32_t index, const char *suffix, int flags, int fds[2])
{
    static const char *const kinds[2] = {"board", "table"};
    for (int i = 0; i < 2; i++) {
        char name[48];
        snprintf(name, sizeof name, "%s-%u%s", kinds[i], index, suffix);
        fds[i] = openat(directory, name, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (fds[i] < 0) {
            int error = errno;
            if (i == 1)
                close(fds[0]);
            docket_status status = error == ENOENT ? DOCKET_NO_REALM : dk_status_of_errno(error);
            return dk_fail_errno(status, error, "cannot open %s in the runtime directory", name);
        }
    }
    return DOCKET_OK;
}

static docket_status size_and_group(const int fds[2], const struct dk_geometry *g, gid_t group, bool group_set)
{
    const size_t sizes[2] = {dk_board_bytes(g), dk_table_bytes(g)};
    for (int i = 0; i < 2; i++) {
        if (group_set && fchown(fds[i], (uid_t)-1, group) != 0)
            return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot give the desk's files to group %u",
                                 (unsigned)group);
        if (fchmod(fds[i], 0640) != 0 || ftruncate(fds[i], (off_t)sizes[i]) != 0)
            return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot size a desk file to %zu bytes", sizes[i]);
    }
    return DOCKET_OK;
}

static docket_status allocate_first(const int fds[2], const struct dk_geometry *g, uint32_t slots, uint32_t rows)
{
    docket_status status = allocate(fds[0], 0, dk_calendars_at() + sizeof(struct shared_calendar), "board header");
    if (status == DOCKET_OK)
        status = allocate(fds[0], dk_seats_at(), dk_directory_at(g) - dk_seats_at(), "seats");
    if (status == DOCKET_OK)
        status = allocate(fds[1], 0, dk_table_slots_at(g), "table header and want bits");
    if (status == DOCKET_OK)
        status = allocate_slots(g, fds[0], fds[1], 0, slots);
    if (status == DOCKET_OK)
        status = allocate_rows(g, fds[0], fds[1], 0, rows);
    return status;
}

static void drop_made(int directory, uint32_t index)
{
    char name[48];
    snprintf(name, sizeof name, "board-%u.new", index);
    unlinkat(directory, name, 0);
    snprintf(name, sizeof name, "table-%u.new", index);
    unlinkat(directory, name, 0);
}

docket_status dk_desk_create(struct dk_desk *desk, int directory, const struct dk_geometry *geometry,
                             const struct dk_identity *identity, gid_t group, bool group_set)
{
    int fds[2];
    memset(desk, 0, sizeof *desk);
    drop_made(directory, identity->desk); /* what a starter that was killed left behind */
    docket_status status = open_pair(directory, identity->desk, ".new", O_CREAT | O_EXCL, fds);
    if (status != DOCKET_OK) {
        drop_made(directory, identity->desk);
        return status;
    }
    uint32_t slots = dk_step_next(0, DK_FIRST_STEP, geometry->slots_max);
    uint32_t rows = dk_step_next(0, ROWS_FIRST_STEP, geometry->rows_max);
    status = size_and_group(fds, geometry, group, group_set);
    if (status == DOCKET_OK)
        status = allocate_first(fds, geometry, slots, rows);
    if (status == DOCKET_OK)
        status = map_one(fds[0], true, "board", &desk->board, &desk->board_bytes);
    if (status == DOCKET_OK)
        status = map_one(fds[1], true, "table", &desk->table, &desk->table_bytes);
    if (status == DOCKET_OK) {
        dk_header_fill((void *)desk->board, DK_MAGIC_BOARD, geometry, identity, 0, desk->board_bytes);
        dk_header_fill((void *)desk->table, DK_MAGIC_TABLE, geometry, identity, 0, desk->table_bytes);
        take_facts(desk, (const void *)desk->board);
        dk_store_release(&dk_desk_words(desk)->slots_ready, slots);
        dk_store_release(&dk_desk_words(desk)->rows_ready, rows);
    } else {
        dk_desk_unmap(desk);
        drop_made(directory, identity->desk);
    }
    close(fds[0]);
    close(fds[1]);
    return status;
}

docket_status dk_desk_publish(struct dk_desk *desk, int directory)
{
    static const char *const kinds[2] = {"table", "board"}; /* the board last: who finds it finds both */
    dk_store_release(&((struct shared_header *)(void *)desk->table)->ready, DK_READY); /* ORDER-1 */
    dk_store_release(&((struct shared_header *)(void *)desk->board)->ready, DK_READY); /* ORDER-1 */
    for (int i = 0; i < 2; i++) {
        char made[48], name[40];
        snprintf(name, sizeof name, "%s-%u", kinds[i], desk->index);
        snprintf(made, sizeof made, "%s.new", name);
        if (renameat(directory, made, directory, name) != 0)
            return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot put %s into the runtime directory", name);
    }
    return DOCKET_OK;
}

docket_status dk_desk_adopt(struct dk_desk *desk, int directory, uint32_t index)
{
    int fds[2];
    memset(desk, 0, sizeof *desk);
    docket_status status = open_pair(directory, index, "", 0, fds);
    if (status != DOCKET_OK)
        return status;
    status = dk_desk_map(desk, fds[0], fds[1], true);
    if (status == DOCKET_OK && desk->index != index) {
        dk_desk_unmap(desk);
        status = dk_fail(DOCKET_BAD_LAYOUT, "board-%u says that it is desk %u", index, desk->index);
    }
    close(fds[0]);
    close(fds[1]);
    return status;
}

/* What grows, and how. */
struct growing {
    dk_word *ready;
    uint32_t first, max;
    docket_status (*allocate_step)(const struct dk_geometry *, int, int, uint32_t, uint32_t);
    size_t bytes_each; /* of all files together */
    const char *what, *setting;
};

/* Which file system is full, and how much is wanted of it. */
static docket_status no_space(const struct growing *growing, int directory, uint32_t now, uint32_t next)
{
    char link[48], path[256];
    struct statvfs facts;
    unsigned long long left = fstatvfs(directory, &facts) == 0 ? (unsigned long long)facts.f_bavail * facts.f_frsize : 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t bytes = readlink(link, path, sizeof path - 1);
    path[bytes > 0 ? bytes : 0] = 0;
    return dk_fail(DOCKET_NO_SPACE,
                   "the runtime tmpfs of %s has %llu bytes left, and to go from %u to %u %s takes %zu; enlarge it (mount "
                   "-o remount,size=...) or free space on it. What is there goes on as it is",
                   path, left, now, next, growing->what, (size_t)(next - now) * growing->bytes_each);
}

/* A desk that is still being built has its files under their temporary names. */
static docket_status open_published(const struct dk_desk *desk, int directory, int fds[2])
{
    bool published = dk_load_relaxed(&((struct shared_header *)(void *)desk->board)->ready) == DK_READY;
    return open_pair(directory, desk->index, published ? "" : ".new", 0, fds);
}

static docket_status grow(struct dk_desk *desk, int directory, const struct growing *growing)
{
    int fds[2];
    uint32_t now = (uint32_t)dk_load_relaxed(growing->ready); /* docketd wrote it itself */
    uint32_t next = dk_step_next(now, growing->first, growing->max);
    if (next == now)
        return dk_fail(DOCKET_REALM_FULL,
                       "the desk holds %u %s, as many as it was made for; raise %s in docket.conf, stop the workers and "
                       "docketd in order, and start again",
                       now, growing->what, growing->setting);
    docket_status status = open_published(desk, directory, fds);
    if (status != DOCKET_OK)
        return status;
    status = growing->allocate_step(&desk->geometry, fds[0], fds[1], now, next);
    close(fds[0]);
    close(fds[1]);
    if (status == DOCKET_OK)
        dk_store_release(growing->ready, next); /* ORDER-2: the pages are there */
    return status == DOCKET_NO_SPACE ? no_space(growing, directory, now, next) : status;
}

docket_status dk_desk_take_calendar(struct dk_desk *desk, int directory, uint32_t index)
{
    int fds[2];
    if (index >= DK_CALENDARS_MAX)
        return dk_fail(DOCKET_REALM_FULL, "the desk has a calendar for each of %u time zones and no room for another",
                       DK_CALENDARS_MAX);
    docket_status status = open_published(desk, directory, fds);
    if (status != DOCKET_OK)
        return status;
    status = allocate(fds[0], dk_calendars_at() + (size_t)index * DK_PAGE, DK_PAGE, "calendar");
    close(fds[0]);
    close(fds[1]);
    return status;
}

docket_status dk_desk_grow_slots(struct dk_desk *desk, int directory)
{
    const struct growing growing = {.ready = &dk_desk_words(desk)->slots_ready,
                                    .first = DK_FIRST_STEP,
                                    .max = desk->geometry.slots_max,
                                    .allocate_step = allocate_slots,
                                    .bytes_each = 2 * sizeof(dk_word32) + sizeof(struct shared_board_slot) +
                                                  sizeof(struct shared_table_slot),
                                    .what = "series",
                                    .setting = "series_max"};
    return grow(desk, directory, &growing);
}

docket_status dk_desk_grow_rows(struct dk_desk *desk, int directory)
{
    const struct growing growing = {.ready = &dk_desk_words(desk)->rows_ready,
                                    .first = ROWS_FIRST_STEP,
                                    .max = desk->geometry.rows_max,
                                    .allocate_step = allocate_rows,
                                    .bytes_each = sizeof(struct shared_board_row) + sizeof(struct shared_table_row),
                                    .what = "rows of places",
                                    .setting = "rows_max"};
    return grow(desk, directory, &growing);
}
