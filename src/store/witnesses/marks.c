/* SPDX-License-Identifier: MIT */
/*
 * marks: noted outside of the store, beside the far witness. They decide nothing by themselves: an older store is accepted by an
 * admin, who takes them for floors. A crash leaves the file before or the new one, whole; what lies between the last note and
 * the loss of the store is not in it, which is why a note that is not of a stop in order says so.
 */
#include "base/clock.h"
#include "base/spell.h"
#include "store/checksum.h"
#include "store/guard.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_BYTES = 192, FILE_BYTES_MAX = DK_MARKS_MAX * LINE_BYTES + 1024, CHECK_BYTES = 6 + 16 + 1 };

struct names {
    char tenant[DOCKET_NAME_MAX + 1], series[DOCKET_NAME_MAX + 1];
};

struct noting {
    struct names *names; /* by series id */
    uint64_t room;
    FILE *out;
    uint64_t count;
};

const char *dk_store_far_folder(const struct dk_store *store)
{
    return store->far.fd >= 0 ? store->far.folder : store->meta.guard.folder;
}

/* ---- writing ---- */

static docket_status know(void *context, const struct dk_series_record *record)
{
    struct noting *noting = context;
    if (record->id >= noting->room)
        return DOCKET_OK; /* made meanwhile: the next note has it */
    snprintf(noting->names[record->id].tenant, DOCKET_NAME_MAX + 1, "%s", record->tenant);
    snprintf(noting->names[record->id].series, DOCKET_NAME_MAX + 1, "%s", record->name);
    return DOCKET_OK;
}

static docket_status note(void *context, const struct dk_counter_image *image)
{
    struct noting *noting = context;
    const struct names *names = image->series_id < noting->room ? &noting->names[image->series_id] : NULL;
    if (names == NULL || names->tenant[0] == 0)
        return DOCKET_OK;
    if (++noting->count > DK_MARKS_MAX)
        return DOCKET_REALM_FULL;
    fprintf(noting->out, "%s %s %d %" PRIu64 "\n", names->tenant, names->series, (int)image->period, image->mark);
    return DOCKET_OK;
}

/* The lines, in *text; *count of them. REALM_FULL: more than are noted. */
static docket_status spell_lines(struct dk_store *store, uint64_t series_last, char **text, size_t *size, uint64_t *count)
{
    struct noting noting = {.room = series_last + 1};
    if (series_last > DK_MARKS_MAX)
        return DOCKET_REALM_FULL;
    noting.names = calloc(noting.room, sizeof *noting.names);
    noting.out = open_memstream(text, size);
    docket_status status = noting.names == NULL || noting.out == NULL ? dk_fail(DOCKET_NO_MEMORY, "no memory for marks")
                                                                      : dk_store_each_series(store, know, &noting);
    if (status == DOCKET_OK)
        status = dk_store_each_counter(store, note, &noting);
    if (noting.out != NULL && fclose(noting.out) != 0 && status == DOCKET_OK)
        status = dk_fail(DOCKET_NO_MEMORY, "no memory for marks");
    free(noting.names);
    *count = noting.count;
    return status;
}

static void name_of(const uint8_t store_id[16], char name[48])
{
    dk_spell_hex(store_id, 16, name);
    snprintf(name + 32, 16, ".marks");
}

/* The file: a head, the lines, and the check of both. */
static docket_status put_file(struct dk_store *store, const struct dk_marks *marks, const char *lines, size_t size)
{
    char *text = NULL, name[48], id[48];
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (out == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for marks");
    name_of(store->meta.store_id, name);
    snprintf(id, sizeof id, "%.32s", name);
    fprintf(out, "docket marks 1\nstore %s\ngeneration %" PRIu64 "\ncommit %" PRIu64 "\ntime %" PRId64 "\nexact %d\nleft_out %d\n"
                 "count %" PRIu64 "\n",
            id, marks->generation, marks->commit, marks->time_ns, marks->exact, marks->left_out, marks->count);
    fwrite(lines, 1, size, out);
    fflush(out);
    fprintf(out, "check %016" PRIx64 "\n", dk_checksum_bytes(text, bytes));
    docket_status status = fclose(out) != 0 ? dk_fail(DOCKET_NO_MEMORY, "no memory for marks")
                                            : dk_file_replace(store->far.fd, name, 0600, text, bytes);
    free(text);
    return status;
}

docket_status dk_marks_write(struct dk_store *store, bool exact)
{
    struct dk_marks marks = {.exact = exact, .generation = store->meta.generation, .time_ns = dk_clock_wall_ns()};
    char *lines = NULL;
    size_t size = 0;
    uint8_t run[DK_DIGEST_BYTES];
    if (store->far.fd < 0)
        return DOCKET_OK;
    /* The commit first: what is read after it may be newer, and says more. */
    docket_status status = dk_store_run(store, &marks.commit, run);
    if (status == DOCKET_OK)
        status = spell_lines(store, dk_load_relaxed(&store->far.series_last), &lines, &size, &marks.count);
    marks.left_out = status == DOCKET_REALM_FULL;
    if (marks.left_out) {
        marks.count = size = 0;
        status = DOCKET_OK;
    }
    uint64_t sum = dk_hash(lines != NULL ? lines : "", size, marks.left_out);
    if (status == DOCKET_OK && (exact || sum != store->far.marks_sum)) {
        status = put_file(store, &marks, lines != NULL ? lines : "", size);
        store->far.marks_sum = status == DOCKET_OK ? sum : 0;
    }
    free(lines);
    return status == DOCKET_OK ? status : dk_wrap(status, "the marks in %s", store->far.folder);
}

/* ---- reading ---- */

/* The file whole, with a zero behind it; NULL with OK: there is none. */
static docket_status read_file(const char *folder, const char *name, char **text, size_t *size)
{
    int directory, fd;
    struct stat facts;
    docket_status status = dk_directory_open(folder, &directory, NULL);
    if (status == DOCKET_NO_REALM)
        return DOCKET_OK;
    if (status != DOCKET_OK)
        return status;
    fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int error = errno;
    close(directory);
    if (fd < 0)
        return error == ENOENT ? DOCKET_OK : dk_fail_errno(dk_status_of_errno(error), error, "cannot read %s", name);
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size > FILE_BYTES_MAX)
        status = dk_fail(DOCKET_DAMAGED, "%s is no file of marks", name);
    *text = status == DOCKET_OK ? malloc((size_t)facts.st_size + 1) : NULL;
    if (status == DOCKET_OK && *text == NULL)
        status = dk_fail(DOCKET_NO_MEMORY, "no memory for %s", name);
    ssize_t got = status == DOCKET_OK ? read(fd, *text, (size_t)facts.st_size) : 0;
    close(fd);
    if (status == DOCKET_OK && got != facts.st_size)
        status = dk_fail(DOCKET_DAMAGED, "%s cannot be read whole", name);
    if (status != DOCKET_OK)
        return status;
    (*text)[got] = 0;
    *size = (size_t)got;
    return strlen(*text) == *size ? DOCKET_OK : dk_fail(DOCKET_DAMAGED, "%s is no text", name);
}

static bool check_fits(const char *text, size_t size)
{
    char check[CHECK_BYTES + 1];
    if (size < CHECK_BYTES)
        return false;
    snprintf(check, sizeof check, "check %016" PRIx64 "\n", dk_checksum_bytes(text, size - CHECK_BYTES));
    return strcmp(text + size - CHECK_BYTES, check) == 0;
}

/* Its head; *lines is where it ends. */
static bool read_head(const char *text, const char *id, struct dk_marks *marks, const char **lines)
{
    char found[33];
    int exact, left_out, head = 0;
    if (sscanf(text, "docket marks 1 store %32s generation %" SCNu64 " commit %" SCNu64 " time %" SCNd64 " exact %d left_out %d "
                     "count %" SCNu64 "%n",
               found, &marks->generation, &marks->commit, &marks->time_ns, &exact, &left_out, &marks->count, &head) != 7 ||
        head == 0 || text[head] != '\n')
        return false;
    marks->exact = exact != 0;
    marks->left_out = left_out != 0;
    marks->found = strcmp(found, id) == 0;
    *lines = text + head + 1;
    return true;
}

/* One line: "TENANT SERIES PERIOD MARK"; where the next begins, or NULL. */
static const char *read_line(const char *line, struct names *names, struct dk_mark *mark)
{
    char one[LINE_BYTES]; /* sscanf() looks for the end of what it is given, each time */
    const char *end = strchr(line, '\n');
    int period, bytes = 0;
    if (end == NULL || (size_t)(end - line) >= sizeof one)
        return NULL;
    memcpy(one, line, (size_t)(end - line));
    one[end - line] = 0;
    if (sscanf(one, "%64s %64s %d %" SCNu64 "%n", names->tenant, names->series, &period, &mark->mark, &bytes) != 4 ||
        one[bytes] != 0 || period < 0 || mark->mark > (uint64_t)DOCKET_NUMBER_MAX + 1)
        return NULL;
    mark->tenant = names->tenant;
    mark->series = names->series;
    mark->period = period;
    return end + 1;
}

docket_status dk_marks_read(const char *folder, const uint8_t store_id[16], struct dk_marks *marks,
                            docket_status (*each)(void *context, const struct dk_mark *mark), void *context)
{
    char name[48], id[48], *text = NULL;
    const char *line = NULL;
    size_t size = 0;
    *marks = (struct dk_marks){0};
    if (folder[0] == 0)
        return DOCKET_OK;
    name_of(store_id, name);
    snprintf(id, sizeof id, "%.32s", name);
    docket_status status = read_file(folder, name, &text, &size);
    if (status == DOCKET_OK && text != NULL && (!check_fits(text, size) || !read_head(text, id, marks, &line)))
        status = dk_fail(DOCKET_DAMAGED, "the marks %s/%s do not fit their checksum", folder, name);
    for (uint64_t at = 0; status == DOCKET_OK && marks->found && at < marks->count; at++) {
        struct names names;
        struct dk_mark mark;
        line = read_line(line, &names, &mark);
        status = line == NULL ? dk_fail(DOCKET_DAMAGED, "the marks %s/%s cannot be read at line %" PRIu64, folder, name, at + 9)
                              : each(context, &mark);
    }
    free(text);
    return status;
}
