/* SPDX-License-Identifier: MIT */
/*
 * offline: what a verb does to a realm that nobody serves is done by docketd
 * itself, run once: docketd --realm R --offline WORDS. Its output is the command's,
 * and so is its exit code.
 */
#ifndef DOCKET_TOOLS_OFFLINE_H
#define DOCKET_TOOLS_OFFLINE_H

#include "cli.h"

#include <limits.h>

/* words: the verb, its operands and options, ended by NULL. --json is handed on.
 * Returns docketd's exit code, or that of a failure which has been said. */
int offline_run(const struct cli *cli, const char *const *words);

/* The same with --json, and what it printed; CLI_DONE: *object is the caller's. */
int offline_read(const struct cli *cli, const char *const *words, json_t **object);

/* start.c: of the same build first: beside the command, then where packages put it, then PATH. */
bool find_docketd(char path[PATH_MAX]);

#endif
