/* SPDX-License-Identifier: MIT */
/* docketd's own periods; the calendar of dates, which no number depends on, stands still. */
#include "daemon/daemon.h"

#define dk_day_start(utc_s) ((void)(utc_s), 86400)
#include "../../../src/daemon/periods.c"
