/* SPDX-License-Identifier: MIT */
/* strerror_r in its POSIX form, which shares no state between threads. */
#undef _GNU_SOURCE
#define _POSIX_C_SOURCE 200809L

#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct status_row {
    docket_status status;
    const char *name;
    docket_category category;
    int retryable;
    const char *text;
};

#define ROW(name, category, retryable, text) \
    [DOCKET_##name] = {DOCKET_##name, "DOCKET_" #name, DOCKET_CATEGORY_##category, retryable, text}

static const struct status_row rows[] = {
    ROW(OK, OK, 0, "done"),
    ROW(TIMEOUT, TRY_AGAIN, 1, "no number was laid within the timeout"),
    ROW(BUSY, TRY_AGAIN, 1, "called from inside a call on the same series"),
    ROW(UNREACHABLE, TRY_AGAIN, 1, "docketd does not answer"),
    ROW(PERIOD_NOT_OPEN, TRY_AGAIN, 1, "the current period has not been published"),
    ROW(EXHAUSTED, EXHAUSTED, 0, "the counter has given its last number"),
    ROW(BAD_NAME, CALLER, 0, "a name is outside the safe set"),
    ROW(BAD_COUNT, CALLER, 0, "the count is 0 or above the limit"),
    ROW(BAD_ARGUMENT, CALLER, 0, "an argument is missing or outside its range"),
    ROW(BUFFER_TOO_SMALL, CALLER, 0, "the longest text of the series does not fit the buffer"),
    ROW(NO_REALM, CALLER, 0, "the directory holds no realm"),
    ROW(NO_SERIES, CALLER, 0, "the series has not been declared"),
    ROW(EXISTS, CALLER, 0, "it exists already with other settings"),
    ROW(BAD_POLICY, CALLER, 0, "the policy cannot be used"),
    ROW(NOT_PERMITTED, ENVIRONMENT, 0, "this user may not do that"),
    ROW(SEATS_EXHAUSTED, ENVIRONMENT, 1, "all seats of the desk are taken"),
    ROW(LINES_EXHAUSTED, ENVIRONMENT, 1, "the process holds all its lease lines"),
    ROW(REALM_FULL, ENVIRONMENT, 0, "the realm has no room for another series"),
    ROW(NO_SPACE, ENVIRONMENT, 0, "the disk or the tmpfs is full"),
    ROW(NO_MEMORY, ENVIRONMENT, 1, "out of memory or descriptors"),
    ROW(UNSAFE_FILES, SAFETY, 0, "files have a foreign owner or a loose mode"),
    ROW(NOT_TMPFS, SAFETY, 0, "the runtime directory is not a tmpfs whose locks hold"),
    ROW(BAD_LAYOUT, SAFETY, 0, "a shared file has another layout"),
    ROW(DAMAGED, SAFETY, 0, "a record or shared word failed its check"),
    ROW(STORE_IN_USE, SAFETY, 0, "another docketd serves this realm"),
    ROW(STORE_REWOUND, SAFETY, 0, "the store is older than its witness"),
    ROW(STORE_FAILED, ENVIRONMENT, 0, "the store cannot be opened, written or synced"),
    ROW(QUARANTINED, SAFETY, 0, "the counter is quarantined"),
    ROW(FOREIGN_BLOCK, CALLER, 0, "the block belongs to the parent process"),
    ROW(BLOCK_EMPTY, EXHAUSTED, 0, "every number of the block has been taken"),
    ROW(PROTOCOL, ENVIRONMENT, 0, "docketd and the library do not understand each other"),
    ROW(BAD_CONFIG, CALLER, 0, "the configuration cannot be used"),
    ROW(SYSTEM, ENVIRONMENT, 0, "the operating system refused"),
    ROW(RETIRED, EXHAUSTED, 0, "the series was retired"),
    ROW(REFUSED, CALLER, 0, "what stands does not allow it"),
    ROW(PERIOD_CLOSED, EXHAUSTED, 0, "the period was closed"),
    ROW(BAD_DATE, CALLER, 0, "there is no such date, or it is outside the supported range"),
    ROW(OUT_OF_ORDER, CALLER, 0, "the date lies before the last one of a chronological series"),
    ROW(INTERVAL_OVER, EXHAUSTED, 0, "the interval is not valid on this date"),
    ROW(NOT_OF_SERIES, CALLER, 0, "the series writes no such text"),
    ROW(COLLISION, CALLER, 0, "two numbers would have the same text"),
    ROW(KEY_DIFFERS, CALLER, 0, "the key is known, with other arguments"),
    ROW(KEY_VOID, CALLER, 0, "the key's number is void"),
    ROW(NOT_TRACKED, CALLER, 0, "the series keeps no ledger of its numbers"),
    ROW(ALREADY_SETTLED, CALLER, 0, "the number is issued already"),
    ROW(ALREADY_RELEASED, CALLER, 0, "the number was given back already"),
    ROW(ALREADY_VOID, CALLER, 0, "the number is void already"),
    ROW(NOT_HELD, CALLER, 0, "nobody was given this number, key or name"),
    ROW(NOT_YOURS, CALLER, 0, "somebody else holds the number"),
    ROW(PARTIAL, EXHAUSTED, 0, "fewer numbers than were asked for: those that there were"),
    ROW(OVERLOADED, TRY_AGAIN, 1, "docketd has as much waiting as it takes on"),
    ROW(GAVE_UP, TRY_AGAIN, 1, "three tries without an answer"),
    ROW(STORE_FENCED, SAFETY, 0, "the store is fenced: restored and not yet accepted, or moved away"),
    ROW(STORE_COPIED, SAFETY, 0, "another copy of this store is open on this host"),
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };
_Static_assert(ROW_COUNT == DOCKET_STORE_COPIED + 1, "every status has its row");

static __thread char last_error[DK_ERROR_BYTES];

static const struct status_row *row_of(docket_status status)
{
    return (unsigned)status < ROW_COUNT ? &rows[status] : NULL;
}

const char *docket_status_name(docket_status status)
{
    const struct status_row *row = row_of(status);
    return row ? row->name : "DOCKET_UNKNOWN_STATUS";
}

const char *docket_status_text(docket_status status)
{
    const struct status_row *row = row_of(status);
    return row ? row->text : "a status that this version does not know";
}

docket_category docket_status_category(docket_status status)
{
    const struct status_row *row = row_of(status);
    return row ? row->category : DOCKET_CATEGORY_SAFETY;
}

int docket_status_retryable(docket_status status)
{
    const struct status_row *row = row_of(status);
    return row ? row->retryable : 0;
}

const char *docket_category_name(docket_category category)
{
    static const char *const names[] = {"ok",          "try again", "caller",
                                        "environment", "safety",    "exhausted"};
    return (unsigned)category < sizeof names / sizeof names[0] ? names[category] : "unknown";
}

const char *docket_version(void)
{
    return DOCKET_VERSION;
}

const char *docket_last_error(void)
{
    return last_error;
}

const char *dk_error_text(void)
{
    return last_error;
}

docket_status dk_fail(docket_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

docket_status dk_fail_errno(docket_status status, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used < sizeof last_error) {
        char reason[128] = "";
        if (strerror_r(error, reason, sizeof reason) != 0)
            snprintf(reason, sizeof reason, "error %d", error);
        snprintf(last_error + used, sizeof last_error - (size_t)used, ": %s", reason);
    }
    return status;
}

docket_status dk_wrap(docket_status status, const char *format, ...)
{
    char inner[DK_ERROR_BYTES - 4];
    memcpy(inner, last_error, sizeof inner);
    inner[sizeof inner - 1] = 0;
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used < sizeof last_error)
        snprintf(last_error + used, sizeof last_error - (size_t)used, ": %s", inner);
    return status;
}

docket_status dk_status_of_errno(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return DOCKET_NO_SPACE;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return DOCKET_NO_MEMORY;
    case EACCES:
    case EPERM:
        return DOCKET_NOT_PERMITTED;
    default:
        return DOCKET_SYSTEM;
    }
}
