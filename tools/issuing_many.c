/* SPDX-License-Identifier: MIT */
/*
 * docket issue --keys: lines in, JSON lines out. A line is KEY, or KEY, DATE and METADATA with
 * tabs between them; DATE and METADATA may be empty. The lines that are there are asked for at
 * once, up to a bound, and what they got is out before others are read: so a program may write a
 * line, wait for its answer and write the next.
 */
#include "issuing.h"
#include "progress.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AT_ONCE = 2048, LINE_BYTES = 4096, INPUT_BYTES = 64 << 10 };

struct entry {
    uint64_t line;
    docket_status status;
    const char *wrong;     /* NULL: it is asked for ... */
    size_t at;             /* ... as this one of asked, got and statuses */
    char text[LINE_BYTES]; /* the line; key and metadata point into it */
};

struct many {
    struct issuing *issuing;
    int fd;
    char *input;                /* what was read, and not taken as lines yet: from begin to end */
    size_t begin, end;
    int error;                  /* errno of a read that failed */
    struct progress progress;
    struct entry *entries;      /* the lines of this batch ... */
    size_t entry_count;
    struct docket_issue *asked; /* ... and those of them that can be asked for */
    struct docket_number *got;
    docket_status *statuses;
    size_t count;               /* of asked */
    uint64_t line, given, again, failed;
    bool at_end, lost;          /* lost: stdout takes no more */
};

/* ---- one line ---- */

/* Reads on, behind what is there. */
static void fill(struct many *many)
{
    ssize_t got;
    if (many->begin == many->end)
        many->begin = many->end = 0;
    if (many->begin > 0 && many->end == INPUT_BYTES) {
        memmove(many->input, many->input + many->begin, many->end - many->begin);
        many->end -= many->begin;
        many->begin = 0;
    }
    do
        got = read(many->fd, many->input + many->end, INPUT_BYTES - many->end);
    while (got < 0 && errno == EINTR);
    many->error = got < 0 ? errno : 0;
    many->at_end = got <= 0;
    many->end += got > 0 ? (size_t)got : 0;
}

/* Would a look at the input wait? Then the lines that are there are asked for first. */
static bool would_wait(const struct many *many)
{
    struct pollfd ready = {.fd = many->fd, .events = POLLIN};
    return memchr(many->input + many->begin, '\n', many->end - many->begin) == NULL && poll(&ready, 1, 0) == 0;
}

/* One whole line without its end; false at the end of the input. What is too long is cut, and *too_long. */
static bool read_line(struct many *many, char *line, bool *too_long)
{
    size_t bytes = 0;
    bool whole = false, any = false;
    *too_long = false;
    while (!whole) {
        if (many->begin == many->end && !many->at_end)
            fill(many);
        if (many->begin == many->end)
            break;
        char c = many->input[many->begin++];
        any = true;
        whole = c == '\n';
        if (!whole && bytes < LINE_BYTES - 1)
            line[bytes++] = c == '\0' ? '\1' : c; /* no key may have it, as none may have a zero byte */
        else if (!whole)
            *too_long = true;
    }
    if (bytes > 0 && line[bytes - 1] == '\r')
        bytes--;
    line[bytes] = '\0';
    many->line += any;
    return any;
}

/* NULL, or what is wrong with the line. */
static const char *take_line(const struct many *many, char *line, struct docket_issue *asked, docket_status *status)
{
    char *date = NULL, *metadata = NULL;
    *asked = many->issuing->asked;
    *status = DOCKET_BAD_ARGUMENT;
    asked->key = line;
    if ((date = strchr(line, '\t')) != NULL) {
        *date++ = '\0';
        if ((metadata = strchr(date, '\t')) != NULL)
            *metadata++ = '\0';
    }
    if (line[0] == '\0')
        return "there is no key before the first tab";
    if (metadata != NULL && metadata[0] != '\0')
        asked->metadata = metadata;
    if (date != NULL && date[0] != '\0' && !cli_is_day(date, &asked->date)) {
        *status = DOCKET_BAD_DATE;
        return "the date is no day of the calendar, such as 2026-11-24";
    }
    return NULL;
}

/* A batch has a status for each line, and no sentence. */
static const char *why(docket_status status)
{
    if (status == DOCKET_BAD_ARGUMENT)
        return "the key is no printable UTF-8 of 1 to 128 bytes without a blank at either end, or the metadata is no JSON "
               "object of at most 2048 bytes; docket issue --key says which";
    return docket_status_text(status);
}

static void put_line(struct many *many, const struct entry *entry)
{
    docket_status status = entry->wrong != NULL ? entry->status : many->statuses[entry->at];
    const struct docket_number *got = entry->wrong == NULL ? &many->got[entry->at] : NULL;
    bool has_number = got != NULL && (status == DOCKET_OK || status == DOCKET_KEY_DIFFERS || status == DOCKET_KEY_VOID);
    json_t *object = output_object();
    if (object != NULL) {
        json_object_update_new(object, json_pack("{s:I, s:o, s:s}", "line", (json_int_t)entry->line, "key",
                                                 output_string(entry->text), "status", docket_status_name(status)));
        if (has_number)
            issuing_put(object, got);
        if (status != DOCKET_OK)
            json_object_set_new(object, "message",
                                json_string(entry->wrong != NULL ? entry->wrong : why(status)));
        many->lost = many->lost || json_dumpf(object, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF;
    }
    json_decref(object);
    many->failed += status != DOCKET_OK;
    many->given += status == DOCKET_OK;
    many->again += status == DOCKET_OK && got->again;
    progress_step(&many->progress);
}

/* ---- a batch ---- */

static void read_batch(struct many *many)
{
    while (many->entry_count < AT_ONCE && (many->entry_count == 0 || !would_wait(many))) {
        struct entry *entry = &many->entries[many->entry_count];
        bool too_long;
        if (!read_line(many, entry->text, &too_long))
            break;
        if (entry->text[0] == '\0')
            continue;
        entry->line = many->line;
        entry->wrong = take_line(many, entry->text, &many->asked[many->count], &entry->status);
        if (too_long)
            entry->wrong = "the line is too long";
        entry->at = many->count;
        many->count += entry->wrong == NULL;
        many->entry_count++;
    }
}

static void tell_batch(struct many *many)
{
    for (size_t i = 0; i < many->entry_count; i++)
        put_line(many, &many->entries[i]);
    many->lost = many->lost || fflush(stdout) != 0;
    many->count = many->entry_count = 0;
}

/* May be called twice, should docketd have been started meanwhile: what it has read waits. */
static docket_status issue_all(docket_realm *realm, void *context)
{
    struct many *many = context;
    struct issuing *issuing = many->issuing;
    docket_series *series = NULL;
    docket_status status = issuing_open(realm, issuing, &series);
    if (issuing->code != CLI_DONE)
        return DOCKET_OK;
    progress_tick_end(); /* from here on keys are counted */
    while (status == DOCKET_OK && !many->lost) {
        read_batch(many);
        if (many->entry_count == 0)
            break;
        if (many->count > 0)
            status = docket_issue_many(series, many->asked, many->count, issuing->timeout_ns, many->got, many->statuses);
        if (status == DOCKET_OK)
            tell_batch(many);
    }
    return status;
}

/* ---- all of it ---- */

static int finish(const struct many *many, int code)
{
    const struct cli *cli = many->issuing->cli;
    if (many->lost)
        return cli_fail(cli, DOCKET_SYSTEM, "cannot write to stdout any more, at line %" PRIu64
                                            "; the same lines may be given again", many->line);
    if (code == CLI_DONE && many->error != 0)
        code = cli_fail(cli, DOCKET_SYSTEM, "cannot read on behind line %" PRIu64 ": %s", many->line, strerror(many->error));
    else if (code != CLI_DONE && many->entry_count > 0)
        cli_note(cli, "lines %" PRIu64 " to %" PRIu64 " have no answer; the same lines may be given again",
                 many->entries[0].line, many->line);
    if (code == CLI_DONE || many->given + many->failed > 0)
        cli_note(cli, "%" PRIu64 " numbers, of them %" PRIu64 " known before; %" PRIu64 " lines refused", many->given,
             many->again, many->failed);
    return code == CLI_DONE && many->failed > 0 ? CLI_NO : code;
}

static bool has_room(struct many *many)
{
    many->input = malloc(INPUT_BYTES);
    many->entries = calloc(AT_ONCE, sizeof *many->entries);
    many->asked = calloc(AT_ONCE, sizeof *many->asked);
    many->got = calloc(AT_ONCE, sizeof *many->got);
    many->statuses = calloc(AT_ONCE, sizeof *many->statuses);
    return many->input != NULL && many->entries != NULL && many->asked != NULL && many->got != NULL &&
           many->statuses != NULL;
}

int issuing_many(struct issuing *issuing, const char *path)
{
    const struct cli *cli = issuing->cli;
    bool from_stdin = strcmp(path, "-") == 0;
    struct many many = {.issuing = issuing, .fd = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)};
    int code = CLI_DONE;
    if (many.fd < 0)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "cannot read the keys %.200s: %s", path, strerror(errno));
    if (!has_room(&many))
        code = cli_fail(cli, DOCKET_NO_MEMORY, "no memory for the lines");
    if (code == CLI_DONE) {
        progress_begin(&many.progress, cli, isatty(STDOUT_FILENO) == 1 ? NULL : "keys");
        code = session_run(cli, issue_all, &many);
        progress_end(&many.progress);
        code = issuing->code != CLI_DONE ? issuing->code : finish(&many, code);
    }
    free(many.input);
    free(many.entries);
    free(many.asked);
    free(many.got);
    free(many.statuses);
    if (!from_stdin)
        close(many.fd);
    return code;
}
