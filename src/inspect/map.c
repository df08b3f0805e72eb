/* SPDX-License-Identifier: MIT */
/*
 * map: from a realm's directory to its desks, mapped read-only. Every check is
 * made on the descriptor that is then mapped, never on a path.
 */
#include "inspect/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* More desks than this is a damaged directory, not a realm. */
#define DESKS_LIMIT 4096u

static docket_status find_runtime(docket_view *view, int realm)
{
    struct stat facts;
    char target[DK_PATH_BYTES];
    if (fstatat(realm, "store", &facts, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT)
            return dk_fail(DOCKET_NO_REALM, "%s holds no realm (it has no store)", view->directory);
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot look into %s", view->directory);
    }
    ssize_t bytes = readlinkat(realm, "runtime", target, sizeof target - 1);
    if (bytes < 0 && errno == ENOENT)
        return dk_fail(DOCKET_UNREACHABLE, "docketd has not run for %s since the machine started; start it",
                       view->directory);
    if (bytes < 0 && errno == EINVAL)
        return dk_fail(DOCKET_UNSAFE_FILES, "%s/runtime is not the symbolic link that docketd makes",
                       view->directory);
    if (bytes < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot read %s/runtime", view->directory);
    target[bytes] = '\0';
    int used = target[0] == '/' ? snprintf(view->runtime, sizeof view->runtime, "%s", target)
                                : snprintf(view->runtime, sizeof view->runtime, "%s/%s", view->directory, target);
    if (used < 0 || (size_t)used >= sizeof view->runtime)
        return dk_fail(DOCKET_SYSTEM, "the path behind %s/runtime is too long", view->directory);
    return DOCKET_OK;
}

static docket_status open_runtime(docket_view *view, uid_t owner)
{
    uid_t runtime_owner = 0;
    docket_status status = dk_directory_open(view->runtime, &view->runtime_fd, &runtime_owner);
    if (status == DOCKET_NO_REALM) /* a dangling link: tmpfs is empty after a restart of the machine */
        return dk_fail(DOCKET_UNREACHABLE, "docketd has not run for %s since the machine started (%s is gone); start it",
                       view->directory, view->runtime);
    if (status != DOCKET_OK)
        return status;
    if (runtime_owner != owner)
        return dk_fail(DOCKET_UNSAFE_FILES, "%s belongs to uid %u and the realm %s to uid %u", view->runtime,
                       (unsigned)runtime_owner, view->directory, (unsigned)owner);
    return dk_tmpfs_check(view->runtime_fd, view->runtime);
}

/* Opens and checks one file, and leaves a private copy of its header. */
static docket_status open_file(const docket_view *view, const char *name, uint64_t magic, uid_t owner, int *fd,
                               struct shared_header *header)
{
    struct stat facts;
    int opened = openat(view->runtime_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (opened < 0) {
        docket_status failed = errno == ENOENT   ? DOCKET_UNREACHABLE
                               : errno == ELOOP ? DOCKET_UNSAFE_FILES
                                                : dk_status_of_errno(errno);
        return dk_fail_errno(failed, errno, "cannot open %s/%s", view->runtime, name);
    }
    docket_status status = dk_file_check(opened, name, owner, 0660);
    if (status == DOCKET_OK && fstat(opened, &facts) != 0)
        status = dk_fail_errno(DOCKET_SYSTEM, errno, "cannot look at %s", name);
    if (status == DOCKET_OK) {
        memset(header, 0, sizeof *header);
        ssize_t got = pread(opened, header, sizeof *header, 0);
        status = dk_header_check(header, magic, got == (ssize_t)sizeof *header ? (uint64_t)facts.st_size : 0, name);
    }
    if (status != DOCKET_OK) {
        close(opened);
        return status;
    }
    *fd = opened;
    return DOCKET_OK;
}

static docket_status map_file(int fd, const char *name, size_t bytes, uint8_t **base)
{
    void *mapped = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot map %s", name);
    *base = mapped;
    return DOCKET_OK;
}

static docket_status check_pair(struct view_desk *desk, uint32_t index, const struct shared_header *board,
                                const struct shared_header *table)
{
    const struct dk_geometry geometry = {.slots_max = board->slots_max,
                                         .rows_max = board->rows_max,
                                         .seats_max = board->seats_max,
                                         .lines_per_seat = board->lines_per_seat};
    if (dk_board_bytes(&geometry) != board->file_bytes || dk_table_bytes(&geometry) != table->file_bytes)
        return dk_fail(DOCKET_BAD_LAYOUT, "board-%u and table-%u do not have the sizes of their geometry", index,
                       index);
    if (board->incarnation != table->incarnation || board->desk != index || table->desk != index ||
        memcmp(board->store_id, table->store_id, sizeof board->store_id) != 0)
        return dk_fail(DOCKET_BAD_LAYOUT, "board-%u and table-%u are not of one desk", index, index);
    desk->desk = (struct dk_desk){.geometry = geometry,
                                  .index = index,
                                  .store_id = {board->store_id[0], board->store_id[1]},
                                  .incarnation = board->incarnation,
                                  .board_bytes = (size_t)board->file_bytes,
                                  .table_bytes = (size_t)table->file_bytes};
    return DOCKET_OK;
}

/* docketd renames the board into place last: who finds it finds both. */
static docket_status open_desk(docket_view *view, struct view_desk *desk, uint32_t index, uid_t owner)
{
    struct shared_header headers[2];
    char board[32], table[32];
    snprintf(board, sizeof board, "board-%u", index);
    snprintf(table, sizeof table, "table-%u", index);
    snprintf(desk->name, sizeof desk->name, "desk-%u", index);
    docket_status status = open_file(view, board, DK_MAGIC_BOARD, owner, &desk->board_fd, &headers[0]);
    if (status == DOCKET_OK)
        status = open_file(view, table, DK_MAGIC_TABLE, owner, &desk->table_fd, &headers[1]);
    if (status == DOCKET_OK)
        status = check_pair(desk, index, &headers[0], &headers[1]);
    if (status == DOCKET_OK)
        status = map_file(desk->board_fd, board, desk->desk.board_bytes, &desk->desk.board);
    if (status == DOCKET_OK)
        status = map_file(desk->table_fd, table, desk->desk.table_bytes, &desk->desk.table);
    if (status != DOCKET_OK)
        return status;
    desk->seats = calloc(desk->desk.geometry.seats_max, sizeof *desk->seats);
    return desk->seats != NULL ? DOCKET_OK : dk_fail(DOCKET_NO_MEMORY, "no memory for the seats of %s", desk->name);
}

static uint32_t count_desks(const docket_view *view)
{
    uint32_t count = 0;
    for (; count < DESKS_LIMIT; count++) {
        char name[32];
        snprintf(name, sizeof name, "board-%u", count);
        if (faccessat(view->runtime_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
            break;
    }
    return count;
}

static docket_status open_desks(docket_view *view, uid_t owner)
{
    uint32_t count = count_desks(view);
    if (count == 0)
        return dk_fail(DOCKET_UNREACHABLE, "docketd has not made its files in %s yet; start it, or try again", view->runtime);
    view->desks = calloc(count, sizeof *view->desks);
    if (view->desks == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for %u desks", count);
    for (uint32_t i = 0; i < count; i++)
        view->desks[i].board_fd = view->desks[i].table_fd = -1;
    view->desk_count = count;
    docket_status status = DOCKET_OK;
    for (uint32_t i = 0, at = 0; i < count; i++) {
        status = open_desk(view, &view->desks[at], i, owner);
        if (status != DOCKET_OK && (!view->lenient || view->desk_count == 1))
            return status;
        if (status != DOCKET_OK) {
            dk_map_leave_out(view, at, dk_error_text());
            continue;
        }
        if (memcmp(view->desks[at].desk.store_id, view->desks[0].desk.store_id, 16) != 0)
            return dk_fail(DOCKET_BAD_LAYOUT, "%s and %s are not of one realm", view->desks[0].name,
                           view->desks[at].name);
        at++;
    }
    return DOCKET_OK;
}

docket_status dk_map_open(docket_view *view)
{
    int realm = -1;
    uid_t owner = 0;
    docket_status status = dk_directory_open(view->directory, &realm, &owner);
    if (status != DOCKET_OK)
        return status;
    status = find_runtime(view, realm);
    close(realm);
    if (status == DOCKET_OK)
        status = open_runtime(view, owner);
    if (status == DOCKET_OK)
        status = open_desks(view, owner);
    return status;
}

static void close_desk(struct view_desk *desk)
{
    if (desk->seats != NULL)
        dk_seats_forget(desk);
    free(desk->seats);
    dk_desk_unmap(&desk->desk);
    if (desk->board_fd >= 0)
        close(desk->board_fd);
    if (desk->table_fd >= 0)
        close(desk->table_fd);
}

void dk_map_leave_out(docket_view *view, uint32_t at, const char *why)
{
    snprintf(view->left_out_why, sizeof view->left_out_why, "%s: %s", view->desks[at].name, why);
    view->left_out++;
    close_desk(&view->desks[at]);
    view->desk_count--;
    memmove(&view->desks[at], &view->desks[at + 1], (view->desk_count - at) * sizeof *view->desks);
    memset(&view->desks[view->desk_count], 0, sizeof *view->desks);
    view->desks[view->desk_count].board_fd = view->desks[view->desk_count].table_fd = -1;
}

void dk_map_close(docket_view *view)
{
    for (uint32_t i = 0; i < view->desk_count; i++)
        close_desk(&view->desks[i]);
    free(view->desks);
    view->desks = NULL;
    view->desk_count = view->left_out = 0;
    if (view->runtime_fd >= 0)
        close(view->runtime_fd);
    view->runtime_fd = -1;
}

docket_status dk_map_check(const struct view_desk *desk)
{
    struct stat board, table;
    if (fstat(desk->board_fd, &board) != 0 || fstat(desk->table_fd, &table) != 0)
        return dk_fail_errno(DOCKET_SYSTEM, errno, "cannot look at the files of %s", desk->name);
    if (board.st_nlink == 0 || table.st_nlink == 0)
        return dk_fail(DOCKET_UNREACHABLE, "docketd has built %s anew since it was opened; open it again",
                       desk->name);
    if ((size_t)board.st_size != desk->desk.board_bytes || (size_t)table.st_size != desk->desk.table_bytes)
        return dk_fail(DOCKET_DAMAGED, "somebody changed the size of a file of %s", desk->name);
    return DOCKET_OK;
}

static uint32_t at_most(uint64_t value, uint32_t max)
{
    return value < max ? (uint32_t)value : max;
}

uint32_t dk_map_slots_ready(const struct view_desk *desk)
{
    uint64_t ready = dk_load_acquire(&dk_desk_words(&desk->desk)->slots_ready); /* ORDER-2 */
    return at_most(ready, desk->desk.geometry.slots_max);
}

uint32_t dk_map_rows_ready(const struct view_desk *desk)
{
    uint64_t ready = dk_load_acquire(&dk_desk_words(&desk->desk)->rows_ready); /* ORDER-2 */
    return at_most(ready, desk->desk.geometry.rows_max);
}
