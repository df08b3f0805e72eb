/* SPDX-License-Identifier: MIT */
/* table: what output.c and table.c share. */
#ifndef DOCKET_TOOLS_TABLE_H
#define DOCKET_TOOLS_TABLE_H

#include "output.h"

/* The columns to show, by their place among the headings. */
struct table_choice {
    size_t count;
    size_t at[OUTPUT_COLUMNS_MAX];
};

void table_choose(const struct cli *cli, const struct output_heads *heads, struct table_choice *choice);

/* Something found no memory for its part of the output: the command's end says so. */
void output_lacks_memory(void);

#endif
