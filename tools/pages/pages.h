/* SPDX-License-Identifier: MIT */
/*
 * pages: makes the manual pages and the completion out of the tables that the
 * command is made of. Runs when docket is built; nothing of it is installed.
 */
#ifndef DOCKET_TOOLS_PAGES_H
#define DOCKET_TOOLS_PAGES_H

#include "cli.h"

#include <stdio.h>

/* Options that nearly every command has: described once, in docket(1). */
bool pages_is_common(int option);

/* The first word of a command's name: its group. */
size_t pages_group_bytes(const struct cli_command *command);
bool pages_in_group(const struct cli_command *command, const char *group, size_t bytes);

/* sections.c: pieces of a page. A list of groups is words with spaces between. */
void pages_text(FILE *out, const char *text);    /* prose: filled */
void pages_literal(FILE *out, const char *text); /* lines as they are */
void pages_head(FILE *out, const char *title, const char *section);
void pages_synopsis(FILE *out, const char *groups);
void pages_commands(FILE *out, const char *groups);
void pages_summaries(FILE *out, const char *(*page_of)(const struct cli_command *command));
void pages_common_options(FILE *out);
void pages_exit_codes(FILE *out);
void pages_statuses(FILE *out);

/* completion.c */
void pages_completion(FILE *out);

#endif
