/* SPDX-License-Identifier: MIT */
/* links: base/status base/files numbering/period numbering/policy numbering/template table/desk table/directory */
/* links: table/seat wire/wire fuzz:attach_inside fuzz:../lib/no_memory */
/*
 * Attaching, as the library does it: a reply with any seat, desk, salt and
 * incarnation, and board, table and seat files whose bytes and lengths are the
 * input's. What is refused leaves no mapping and no descriptor; what is
 * accepted is large enough for everything that a worker will touch.
 */
#define _GNU_SOURCE 1
#include "fuzz.h"

#include "attach_inside.h"
#include "client/inside.h"
#include "table/directory.h"
#include "table/seat.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BOARD, TABLE, SEAT, FILES, EDITS_MAX = 8 };

static const struct dk_geometry geometry = {.slots_max = 4, .rows_max = 4, .seats_max = 3, .lines_per_seat = 5};
static char folder_name[] = "/dev/shm/docket-fuzz-attach.XXXXXX";
static uint8_t *whole[FILES];
static size_t bytes_of[FILES];
static struct dk_identity identity = {.store_id = {1, 2}, .generation = 3, .incarnation = 4, .desk = 0};

static uint8_t *copy_of(int fd, size_t size)
{
    uint8_t *copy = malloc(size);
    MUST(copy != NULL && pread(fd, copy, size, 0) == (ssize_t)size);
    return copy;
}

/* One sound desk and seat, made by docketd's own functions. */
int LLVMFuzzerInitialize(int *count, char ***words)
{
    struct dk_desk desk;
    int keep, locked, probe;
    (void)count;
    (void)words;
    MUST(mkdtemp(folder_name) != NULL);
    int folder = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    MUST(dk_desk_create(&desk, folder, &geometry, &identity, 0, false) == DOCKET_OK);
    MUST(dk_desk_publish(&desk, folder) == DOCKET_OK);
    MUST(dk_seat_make(folder, &geometry, &identity, 1, 99, 0, false, &keep, &locked, &probe) == DOCKET_OK);
    bytes_of[BOARD] = desk.board_bytes;
    bytes_of[TABLE] = desk.table_bytes;
    bytes_of[SEAT] = dk_seat_bytes(&geometry);
    whole[BOARD] = malloc(desk.board_bytes);
    whole[TABLE] = malloc(desk.table_bytes);
    memcpy(whole[BOARD], desk.board, desk.board_bytes);
    memcpy(whole[TABLE], desk.table, desk.table_bytes);
    whole[SEAT] = copy_of(keep, bytes_of[SEAT]);
    static const char *const names[] = {"board-0", "table-0", "seat-0-1"};
    for (int i = 0; i < FILES; i++)
        unlinkat(folder, names[i], 0);
    rmdir(folder_name);
    close(keep);
    close(locked);
    close(probe);
    close(folder);
    dk_desk_unmap(&desk);
    return 0;
}

/* The file as the input has edited it: words overwritten, then cut or grown. */
static int file_of(struct draw *draw, int which)
{
    static const uint64_t boundary[] = {0, 1, 2, 4, 127, 128, 4095, 4096, 65535, 65536, UINT32_MAX, UINT64_MAX};
    uint8_t *copy = malloc(bytes_of[which] + 4096);
    MUST(copy != NULL);
    memset(copy, 0, bytes_of[which] + 4096);
    memcpy(copy, whole[which], bytes_of[which]);
    uint64_t edits = draw_number(draw, 1) % EDITS_MAX;
    for (uint64_t i = 0; i < edits; i++) {
        size_t at = (size_t)draw_number(draw, 2);
        unsigned width = at & 1 ? 4 : 8;
        at = at & 0x8000 ? (at & 0x7fff) / 2 % (bytes_of[which] / 8) * 8 : at / 2 % 32 * 4; /* mostly the header */
        uint64_t how = draw_number(draw, 1), value;
        value = how & 1 ? boundary[how / 2 % 12] : draw_number(draw, width);
        memcpy(copy + at, &value, width);
    }
    size_t size = bytes_of[which];
    uint64_t cut = draw_number(draw, 1);
    if (cut & 1)
        size = cut & 2 ? size - (size_t)cut * size / 256 : size + (size_t)cut * 16;
    if (cut & 4) /* a header that agrees about the length */
        memcpy(copy + offsetof(struct shared_header, file_bytes), &(uint64_t){size}, 8);
    int fd = memfd_create("docket-fuzz", MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, copy, size) == (ssize_t)size);
    free(copy);
    return fd;
}

static int opened_again(int fd, int flags)
{
    char name[40];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    int again = open(name, flags | O_CLOEXEC);
    MUST(again >= 0);
    return again;
}

/* What the library will do with a seat: every line, every slot's key. */
static void use(const struct seat *seat, struct draw *draw)
{
    char tenant[DOCKET_NAME_MAX + 1], name[DOCKET_NAME_MAX + 1];
    const struct dk_geometry *g = &seat->map.geometry;
    MUST(dk_seat_bytes(g) <= seat->bytes);
    MUST(dk_board_bytes(g) <= seat->map.board_bytes && dk_table_bytes(g) <= seat->map.table_bytes);
    for (uint32_t line = 0; line < g->lines_per_seat; line++)
        (void)dk_load_relaxed(&dk_seat_line(seat->base, line)->cursor);
    draw_text(draw, tenant, sizeof tenant);
    draw_text(draw, name, sizeof name);
    uint32_t slot = dk_directory_find(&seat->map, tenant, name);
    MUST(slot == DK_NO_SLOT || slot < g->slots_max);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    struct dk_reply reply = {.incarnation = identity.incarnation, .seat = 1, .salt = 99};
    int fds[DK_WIRE_FDS];
    int before = memfd_create("mark", MFD_CLOEXEC);
    close(before);
    uint64_t choice = draw_number(&draw, 1);
    if (choice & 1)
        reply.incarnation = draw_number(&draw, 8);
    if (choice & 2)
        reply.seat = (uint32_t)draw_number(&draw, 4);
    if (choice & 4)
        reply.desk = (uint32_t)draw_number(&draw, 4);
    fds[0] = file_of(&draw, BOARD);
    fds[1] = file_of(&draw, TABLE);
    int made = file_of(&draw, SEAT);
    fds[2] = opened_again(made, O_RDWR);
    fds[3] = opened_again(made, O_RDONLY);
    if (!(choice & 8))
        MUST(dk_seat_take_lock(fds[2]));
    struct seat *seat = calloc(1, sizeof *seat);
    MUST(seat != NULL);
    docket_status status = attach_fill(seat, &reply, fds);
    if (status == DOCKET_OK) {
        MUST(!(choice & 8) && reply.incarnation == seat->map.incarnation);
        use(seat, &draw);
    } else {
        MUST(dk_error_text()[0] != 0);
    }
    attach_leave(seat);
    close(fds[0]);
    close(fds[1]);
    close(made);
    int after = memfd_create("mark", MFD_CLOEXEC);
    MUST(after == before);
    close(after);
    return 0;
}
