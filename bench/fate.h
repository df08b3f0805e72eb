/* SPDX-License-Identifier: MIT */
/* fate: docket's own account beside what a cell counted; and series for cells. */
#ifndef BENCH_FATE_H
#define BENCH_FATE_H

#include "docket.h"
#include "harness.h"

/*
 * Ends the workers' share and asks `docket fate`: were exactly got->numbers numbers of the series
 * handed out, and is each of the sample among them? false: bench_say() has told. Waits a little
 * for leases of workers that have just ended. tenant-wide with series NULL (then the sample
 * is not looked up).
 */
bool bench_fate_agrees(docket_realm *realm, const char *tenant, const char *series, const struct bench_got *got);

/* Declares a series and opens it; ends the program with docket's own sentence if that fails. */
struct docket_policy;
docket_series *bench_series(docket_realm *realm, const char *tenant, const char *name, const struct docket_policy *policy);

#endif
