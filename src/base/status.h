/* SPDX-License-Identifier: MIT */
/*
 * status: the one table of statuses, and the calling thread's last error.
 *
 * Every fallible function inside docket returns a docket_status that must be
 * used. The layer that finds a failure calls dk_fail() with a whole sentence;
 * each layer above may put one sentence in front with dk_wrap(). The hot path
 * formats nothing.
 */
#ifndef DK_BASE_STATUS_H
#define DK_BASE_STATUS_H

#include "docket.h"

#define DK_MUST_USE __attribute__((warn_unused_result))

/* Room for the sentences of one error. Longer ones are cut. */
#define DK_ERROR_BYTES 1024

/* Sets the thread's last error to the formatted sentence and returns status. */
docket_status dk_fail(docket_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As dk_fail(), with the text of errno (saved by the caller as error) appended. */
docket_status dk_fail_errno(docket_status status, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts a sentence in front of the last error; returns status unchanged. */
docket_status dk_wrap(docket_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

const char *dk_error_text(void);

/* The status that an errno from file and memory calls stands for. */
docket_status dk_status_of_errno(int error);

#endif
