/* SPDX-License-Identifier: MIT */
/*
 * worklog: a worker's own log of the numbers it was given, one file per
 * (thread, series), for the auditor. Written by one thread, through a shared
 * mapping: what was stored is in the kernel's hands, so SIGKILL loses nothing
 * but the number of the call that was cut.
 *
 *   0     text: "docket-log 1\nid=...\ntenant=...\nseries=...\nstep=N\n", zeros
 *   4088  u64 closed: 0 while running (or killed), 1 after an orderly end
 *   4096  records of 16 bytes: u64 number, i32 period, u32 kind
 *
 * All little-endian. A zero number ends the log.
 *
 * Invariants
 *  1. The file appears under its name complete with its header.
 *  2. A record's number is stored last.
 *  3. step: the most numbers that one call of this thread takes; what a killed
 *     thread may have taken without logging it.
 */
#ifndef TESTS_WORKLOG_H
#define TESTS_WORKLOG_H

#include <stddef.h>
#include <stdint.h>

enum worklog_kind { WORKLOG_NEXT = 1, WORKLOG_BLOCK = 2 };

struct worklog {
    int fd;
    unsigned char *window; /* the mapped part of the file */
    size_t window_at;      /* its offset in the file */
    size_t window_size;
    size_t file_size;
    size_t end; /* offset in the window where the next record goes */
    uint64_t records;
    uint64_t unreturned; /* numbers told to worklog_excuse() */
    uint32_t step;
    char head[512]; /* the header's text up to its last line */
};

/* Makes DIR/ID.TENANT.SERIES.log. records: how many are expected, 0 if that is
 * not known. 0, or an errno. */
int worklog_open(struct worklog *log, const char *directory, const char *id, const char *tenant,
                 const char *series, uint32_t step, uint64_t records);

/* Goes on with a log whose thread was killed, behind its last record. The file's
 * header is left as it is until worklog_excuse() or worklog_close(). 0, or an errno. */
int worklog_resume(struct worklog *log, const char *directory, const char *id, const char *tenant,
                   const char *series);

/* Before the next call into docket. 0, or an errno: the number is not logged. */
int worklog_add(struct worklog *log, uint64_t number, int32_t period, enum worklog_kind kind);

/* The thread took count numbers that it will not use and could not give back:
 * the log stays unclosed and excuses them. 0, or an errno. */
int worklog_excuse(struct worklog *log, uint32_t count);

/* The thread's orderly end. 0, or an errno. */
int worklog_close(struct worklog *log);

/* A forked child drops its parent's log. */
void worklog_drop(struct worklog *log);

#endif
