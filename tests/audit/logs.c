/* SPDX-License-Identifier: MIT */
/*
 * logs: reads the workers' own logs: a header of 4096 bytes (text, and at byte
 * 4088 the word `closed`), then records of 16 bytes: number, period, kind. A
 * zero number ends a log; nothing may follow it, but the one record that a kill cut.
 *
 * The logs are read by mapping them: they must not change meanwhile.
 */
#include "audit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_BYTES = 4096, CLOSED_AT = 4088, RECORD_BYTES = 16, NAME_MAX_BYTES = 64 };
enum { KIND_NEXT = 1, KIND_BLOCK = 2, PERIODS_KEPT = 8 };

struct record {
    uint64_t number;
    int32_t period;
    uint32_t kind;
};

struct log {
    const char *name; /* file name, for sentences */
    int fd;
    const unsigned char *bytes;
    size_t size, records; /* records: room for them, not how many there are */
    char id[NAME_MAX_BYTES * 3], tenant[NAME_MAX_BYTES + 1], series[NAME_MAX_BYTES + 1];
    uint64_t step;
    bool closed;
};

typedef int visit_log(struct audit *audit, struct log *log);

static void bad_log(struct audit *audit, const struct log *log, const char *reason)
{
    finding_add(&audit->findings, FINDING_BAD_LOG, 1, NULL, 0, "%s: %s", log->name, reason);
}

static struct record record_at(const struct log *log, size_t position)
{
    const unsigned char *from = log->bytes + HEADER_BYTES + position * RECORD_BYTES;
    struct record record;
    memcpy(&record.number, from, 8);
    memcpy(&record.period, from + 8, 4);
    memcpy(&record.kind, from + 12, 4);
    return record;
}

/* The value of line "key=value" in the header's text. */
static bool header_value(const char *text, const char *key, char *value, size_t size)
{
    size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) != 0 || line[length] != '=')
            continue;
        size_t bytes = strcspn(line + length + 1, "\n");
        if (bytes == 0 || bytes >= size)
            return false;
        memcpy(value, line + length + 1, bytes);
        value[bytes] = 0;
        return true;
    }
    return false;
}

/* NULL, or why the header cannot be read. */
static const char *read_header(struct log *log)
{
    char text[CLOSED_AT + 1];
    char step[24];
    uint64_t closed;

    if (log->size < HEADER_BYTES)
        return "shorter than its header";
    memcpy(text, log->bytes, CLOSED_AT);
    text[CLOSED_AT] = 0;
    memcpy(&closed, log->bytes + CLOSED_AT, 8);
    if (strncmp(text, "docket-log 1\n", 13) != 0)
        return "does not begin with \"docket-log 1\"";
    if (!header_value(text, "id", log->id, sizeof log->id) ||
        !header_value(text, "tenant", log->tenant, sizeof log->tenant) ||
        !header_value(text, "series", log->series, sizeof log->series) ||
        !header_value(text, "step", step, sizeof step))
        return "id, tenant, series or step is missing";
    char *end;
    log->step = strtoull(step, &end, 10);
    if (*end || log->step == 0 || step[0] == '-')
        return "step is no number";
    if (closed > 1)
        return "closed is neither 0 nor 1";
    log->closed = closed == 1;
    log->records = (log->size - HEADER_BYTES) / RECORD_BYTES;
    return NULL;
}

/* Whether a byte of [from, to) is not zero. Holes are skipped: most of a
 * killed thread's log is one. */
static bool any_written(const struct log *log, size_t from, size_t to)
{
    while (from < to) {
        size_t end = (from / 4096 + 1) * 4096;
        for (; from < end && from < to; from++)
            if (log->bytes[from])
                return true;
        if (from == to)
            return false;
        off_t data = lseek(log->fd, (off_t)from, SEEK_DATA);
        if (data < 0)
            return errno != ENXIO; /* ENXIO: only a hole is left */
        from = (size_t)data;
    }
    return false;
}

/* A record's number is stored last: behind a killed thread's last record one may stand that has no number yet. */
static void check_rest(struct audit *audit, const struct log *log, size_t end)
{
    if (!log->closed && end < log->records)
        end++;
    if (any_written(log, HEADER_BYTES + end * RECORD_BYTES, log->size))
        bad_log(audit, log, "something stands behind its end");
}

/* What reading a log needs to know of the record before. */
struct reader {
    struct counter *counter;
    int32_t period;
    uint64_t last_next; /* the highest number that next gave in this period */
    struct {
        int32_t period;
        uint64_t last_next;
    } before[PERIODS_KEPT]; /* of other periods: documents may be dated back and forth */
    unsigned before_at;
};

/* Another period's record: what is known of this one is kept, and that one's found again. */
static void turn_to(struct reader *reader, int32_t period)
{
    uint64_t last_next = 0;
    unsigned at = reader->before_at++ % PERIODS_KEPT;
    for (unsigned i = 0; i < PERIODS_KEPT; i++) {
        if (reader->before[i].period != period)
            continue;
        last_next = reader->before[i].last_next;
        at = i;
    }
    reader->before[at].period = reader->period;
    reader->before[at].last_next = reader->last_next;
    reader->period = period;
    reader->last_next = last_next;
}

static int take_record(struct audit *audit, struct log *log, struct reader *reader,
                       const struct record *record)
{
    if (!reader->counter || record->period != reader->period) {
        reader->counter = table_counter(audit->table, log->tenant, log->series, record->period);
        turn_to(reader, record->period);
    }
    struct counter *counter = reader->counter;
    int added = counter ? number_set_add(&counter->logged, record->number) : -1;
    if (added < 0) {
        fprintf(stderr, "docket-audit: out of memory\n");
        return AUDIT_UNREADABLE;
    }
    audit->totals.records++;
    counter->logged_count++;
    if (added == 0)
        finding_add(&audit->findings, FINDING_GIVEN_TWICE, 1, counter, record->number,
                    "%llu was given again", (unsigned long long)record->number);
    if (record->kind == KIND_NEXT && counter->series->strict) {
        if (record->number <= reader->last_next)
            finding_add(&audit->findings, FINDING_OUT_OF_ORDER, 1, counter, record->number,
                        "%s was given %llu after %llu", log->id,
                        (unsigned long long)record->number,
                        (unsigned long long)reader->last_next);
        reader->last_next = record->number;
    }
    return AUDIT_CLEAN;
}

static int take_log(struct audit *audit, struct log *log)
{
    struct reader reader = {0};
    struct series *series = table_series(audit->table, log->tenant, log->series);
    if (!series)
        return AUDIT_UNREADABLE;
    audit->totals.logs++;
    series->logs++;
    if (!log->closed) {
        int64_t allow = audit->options.killed_allow;
        audit->totals.logs_killed++;
        series->excuse += allow >= 0 ? (uint64_t)allow : log->step;
    }
    size_t i = 0;
    for (; i < log->records; i++) {
        struct record record = record_at(log, i);
        if (record.number == 0)
            break;
        if (record.number > AUDIT_NUMBER_MAX || record.period < 0 ||
            (record.kind != KIND_NEXT && record.kind != KIND_BLOCK)) {
            bad_log(audit, log, "a record makes no sense");
            return AUDIT_CLEAN;
        }
        if (take_record(audit, log, &reader, &record) != AUDIT_CLEAN)
            return AUDIT_UNREADABLE;
    }
    check_rest(audit, log, i);
    return AUDIT_CLEAN;
}

/* Maps one file, reads its header and visits it. */
static int open_log(struct audit *audit, int directory, const char *name, visit_log *visit)
{
    struct log log = {.name = name};
    struct stat facts;
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0) {
        fprintf(stderr, "docket-audit: %s: %s\n", name, strerror(errno));
        if (fd >= 0)
            close(fd);
        return AUDIT_UNREADABLE;
    }
    log.size = (size_t)facts.st_size;
    void *map = log.size ? mmap(NULL, log.size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (map == MAP_FAILED) {
        fprintf(stderr, "docket-audit: %s: %s\n", name, strerror(errno));
        close(fd);
        return AUDIT_UNREADABLE;
    }
    log.fd = fd;
    log.bytes = map;
    const char *reason = read_header(&log);
    int result = AUDIT_CLEAN;
    if (reason && visit == take_log)
        bad_log(audit, &log, reason);
    else if (!reason && audit_wants(audit, log.tenant, log.series))
        result = visit(audit, &log);
    if (map)
        munmap(map, log.size);
    close(fd);
    return result;
}

static int visit_logs(struct audit *audit, visit_log *visit)
{
    DIR *directory = opendir(audit->options.logs_path);
    if (!directory) {
        fprintf(stderr, "docket-audit: %s: %s\n", audit->options.logs_path, strerror(errno));
        return AUDIT_UNREADABLE;
    }
    int result = AUDIT_CLEAN;
    struct dirent *entry;
    while (result == AUDIT_CLEAN && (entry = readdir(directory))) {
        size_t length = strlen(entry->d_name);
        if (length > 4 && strcmp(entry->d_name + length - 4, ".log") == 0)
            result = open_log(audit, dirfd(directory), entry->d_name, visit);
    }
    closedir(directory);
    return result;
}

int logs_read(struct audit *audit)
{
    int result = visit_logs(audit, take_log);
    if (result == AUDIT_CLEAN && audit->totals.logs + audit->findings.count[FINDING_BAD_LOG] == 0) {
        fprintf(stderr, "docket-audit: %s: no logs to judge by\n", audit->options.logs_path);
        return AUDIT_UNREADABLE;
    }
    for (size_t i = 0; i < table_counter_count(audit->table); i++)
        number_set_seal(&table_counter_at(audit->table, i)->logged);
    return result;
}

static void locate_number(struct audit *audit, const struct log *log, size_t position,
                          const struct record *record)
{
    for (unsigned kind = 0; kind < FINDING_KINDS; kind++)
        for (unsigned i = 0; i < audit->findings.example_count[kind]; i++) {
            struct example *example = &audit->findings.examples[kind][i];
            if (example->number != record->number || !example->counter ||
                example->counter->period != record->period ||
                strcmp(example->counter->series->tenant, log->tenant) != 0 ||
                strcmp(example->counter->series->name, log->series) != 0 ||
                example->place_count == PLACES_PER_EXAMPLE)
                continue;
            snprintf(example->places[example->place_count++], sizeof example->places[0],
                     "%.120s record %zu", log->name, position);
        }
}

static int locate_log(struct audit *audit, struct log *log)
{
    for (size_t i = 0; i < log->records; i++) {
        struct record record = record_at(log, i);
        if (record.number == 0)
            break;
        locate_number(audit, log, i, &record);
    }
    return AUDIT_CLEAN;
}

void logs_locate(struct audit *audit)
{
    (void)visit_logs(audit, locate_log);
}
