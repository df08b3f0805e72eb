/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void dk_log(enum dk_level level, const char *format, ...)
{
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (getenv("JOURNAL_STREAM") != NULL)
        fprintf(stderr, "<%d>%s\n", (int)level, line);
    else
        fprintf(stderr, "docketd: %s%s\n", level <= DK_LOG_ERROR ? "error: " : level == DK_LOG_WARNING ? "warning: " : "",
                line);
}
