/* SPDX-License-Identifier: MIT */
/* log: one line to stderr for each thing docketd has to say; never used by the
 * library. Under the journal (JOURNAL_STREAM set) lines carry a priority. */
#ifndef DK_BASE_LOG_H
#define DK_BASE_LOG_H

enum dk_level { DK_LOG_ERROR = 3, DK_LOG_WARNING = 4, DK_LOG_NOTICE = 5, DK_LOG_INFO = 6 };

void dk_log(enum dk_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
