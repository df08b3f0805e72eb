/* SPDX-License-Identifier: MIT */
/* breaks: what its files share. */
#ifndef TESTS_BREAKS_H
#define TESTS_BREAKS_H

#include "trial.h"

extern struct trial trial;
extern uint64_t breaks_turn;     /* the number of the break in this iteration */
extern const char *breaks_self;  /* the path of this program */
extern const char *breaks_words; /* of the command that is broken */

/* The mode and kind that were asked for, at this turn; not armed. */
void breaks_plan(void);

/* A process that works through docket.h, with its calls broken; it runs in a
 * process of its own, be_client(). And the command, with breaks_words. */
void breaks_library(void);
void breaks_command(void);
void breaks_command_end(void);
int breaks_be_client(char **words);

/* Decisions of admins, with docketd broken in the middle. */
void breaks_admin(void);

#endif
