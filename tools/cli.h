/* SPDX-License-Identifier: MIT */
/*
 * cli: the command line of docket. What every subcommand gets, and how each
 * says what happened.
 *
 * Invariants
 *  1. stdout carries data, stderr carries talk. A number is printed after it
 *     was taken, never before.
 *  2. Options are declared once, in cli.c; parser, usage and help are made of
 *     that table. Exit codes are declared once, in failure.c.
 *  3. tools/ includes public headers only.
 */
#ifndef DOCKET_TOOLS_CLI_H
#define DOCKET_TOOLS_CLI_H

#include "docket.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first key of every JSON object that we print. Raised when a key changes
 * its meaning or goes; new keys do not raise it. */
#define CLI_SCHEMA_VERSION 1

enum cli_exit {
    CLI_DONE = 0,
    CLI_NO = 1,
    CLI_USAGE = 2,
    CLI_UNREACHABLE = 3,
    CLI_REFUSED = 4,
    CLI_EXHAUSTED = 5
};

enum cli_option_id {
    OPT_COUNT,
    OPT_TIMEOUT,
    OPT_ACCOUNTED,
    OPT_DATE,
    OPT_ALL,
    OPT_ORDER,
    OPT_RESTART,
    OPT_TEMPLATE,
    OPT_FISCAL_YEAR,
    OPT_ZONE,
    OPT_PREFIX,
    OPT_FIELDS,
    OPT_PROFILE,
    OPT_DOCUMENTS,
    OPT_AT_END,
    OPT_RELEASE,
    OPT_LEDGER,
    OPT_ON_EXPIRY,
    OPT_CHRONOLOGICAL,
    OPT_LAST,
    OPT_VALID_FROM,
    OPT_VALID_TO,
    OPT_WARN,
    OPT_CLOSE_AFTER,
    OPT_WINDOW,
    OPT_START_AFTER,
    OPT_VERBOSE,
    OPT_PERIOD,
    OPT_REASON,
    OPT_ISSUED,
    OPT_VOID_REST,
    OPT_TO,
    OPT_AFTER,
    OPT_DESK,
    OPT_WAIT,
    OPT_UNDO,
    OPT_SINCE,
    OPT_KIND,
    OPT_LIMIT,
    OPT_TENANTS,
    OPT_USER,
    OPT_GROUP,
    OPT_FROM,
    OPT_DRY_RUN,
    OPT_YES,
    OPT_FROM_DAY,
    OPT_TO_DAY,
    OPT_STATE,
    OPT_FROM_NUMBER,
    OPT_CSV,
    OPT_EXIT_CODE,
    OPT_COLUMNS,
    OPT_NO_HEADINGS,
    OPT_INTERVAL,
    OPT_ONCE,
    OPT_SORT,
    OPT_ROWS,
    OPT_KEY,
    OPT_KEYS,
    OPT_TRACE,
    OPT_METADATA,
    OPT_PENDING,
    OPT_SETTLED,
    OPT_EXPIRES,
    OPT_NAME,
    OPT_TEXTS,
    OPT_SETTLE,
    OPT_VOID,
    OPT_FREE,
    OPT_EVERY,
    OPT_NOTE,
    OPT_FOLLOW,
    OPT_MANIFEST,
    OPT_MAP,
    OPT_QUERY,
    OPT_TENANT,
    OPT_DELIMITER,
    OPT_DATES,
    OPT_HIGHEST,
    OPT_LARGEST,
    OPT_REPLACE,
    OPT_FLOOR,
    OPT_FLOORS,
    OPT_SCAN,
    OPT_SKIP,
    OPT_FROM_WITNESS,
    OPT_SERIES,
    OPT_TICKET,
    OPT_PREPARE,
    OPT_WITH,
    OPT_OUTPUT,
    OPT_SQL,
    OPT_RUN,
    OPT_TABLE,
    OPT_DIALECT,
    OPT_TWICE,
    OPT_ONE_SERIES,
    OPT_FROM_SOURCE,
    OPT_ID_KEYS,
    OPT_SERVICE,
    OPT_DECLARE,
    OPT_SEQUENCE_COLUMNS,
    OPT_SKIP_MISFITS,
    OPT_SKIP_CLASHES,
    OPT_REALM,
    OPT_NO_START,
    OPT_JSON,
    OPT_QUIET,
    OPT_HELP,
    OPT_IDS
};

/* A set of options. */
__extension__ typedef unsigned __int128 cli_options;
#define BIT(id) ((cli_options)1 << (id))
_Static_assert(OPT_IDS <= 128, "a command's options are one word");

struct cli;

struct cli_command {
    const char *name;     /* "next", "series add" */
    const char *examples; /* lines that begin with "$ docket"; the tests run them in order. NULL: none */
    const char *operands; /* "TENANT/SERIES", "" */
    const char *summary;  /* a line for `docket help` */
    const char *text;     /* what `docket help NAME` adds */
    cli_options options;  /* BIT()s; OPT_HELP is always there */
    int operands_min, operands_max;
    const char *offline;  /* what docketd --offline calls it; NULL: it cannot */
    int (*run)(struct cli *cli); /* returns an exit code */
};

/* One row of the table of options. */
struct cli_option {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: takes none */
    const char *text;
    const char *choices;  /* words that the argument may be, for completion; NULL: anything */
};

/* What every command takes that prints a table and reads the realm. */
#define CLI_TABLE (BIT(OPT_COLUMNS) | BIT(OPT_NO_HEADINGS))

enum { CLI_OPERANDS_ANY = 1000000 }; /* operands_max: as many as somebody writes */

struct cli {
    const struct cli_command *command;
    const char *values[OPT_IDS]; /* NULL: not given; "" for one without argument */
    const char *const *operands; /* of the command line */
    int operand_count;
    const char *realm;
    bool json;
    bool quiet;
};

/* cli.c */
/* CLI_DONE, or CLI_USAGE when it has said why. */
int cli_parse(struct cli *cli, const struct cli_command *command, int argc, char **argv);
/* --json stands on the line: how errors are to look must be known before the first one. */
bool cli_asks_json(int argc, char **argv);
bool cli_given(const struct cli *cli, enum cli_option_id id);
/* Leaves *value alone if the option was not given. */
int cli_number(const struct cli *cli, enum cli_option_id id, uint64_t min, uint64_t max, uint64_t *value);
/* --window: a number of numbers, or benchmark. Leaves *window alone if it was not given. */
int cli_window(const struct cli *cli, uint64_t *window);
int cli_seconds(const struct cli *cli, enum cli_option_id id, int64_t *timeout_ns);
/* A day such as 2026-11-24 or 20261124, as yyyymmdd; whether the calendar has it is the library's to say. Leaves
 * *day alone if it was not given. */
int cli_day(const struct cli *cli, enum cli_option_id id, uint32_t *day);
/* The same of a text that is no option. */
bool cli_is_day(const char *text, uint32_t *day);
bool cli_is_in_calendar(int year, int month, int day);
void cli_print_options(const struct cli_command *command);
/* Flushes stdout; an exit code that says whether everything was written. */
int cli_finish(const struct cli *cli, int code);
/* The option's row, or NULL if the command does not have it. */
const struct cli_option *cli_option_of(const struct cli_command *command, int id);

/* failure.c */
/* Says the formatted sentence and what to do next; returns the exit code of the status. */
int cli_fail(const struct cli *cli, docket_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with the library's own sentence. */
int cli_fail_status(const struct cli *cli, docket_status status);
/* An honest no: exit code 1, whatever the status. */
int cli_no(const struct cli *cli, docket_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether one of these said something. */
bool cli_has_said(void);
/* A line on stderr, unless --quiet. */
void cli_note(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cli_exit_of(docket_status status);
void cli_print_exit_codes(void);
/* What an exit code means; NULL if there is no such code. */
const char *cli_exit_text(int code);

/* commands.c */
const struct cli_command *cli_command_at(size_t index); /* NULL behind the last */

/* One file each. */
extern const struct cli_command command_log, command_audit_verify, command_audit_head, command_retention_export,
    command_retention_drop;
extern const struct cli_command command_next, command_block, command_peek, command_status, command_inspect,
    command_fate, command_gaps, command_report, command_records, command_void, command_reconcile, command_series_set, command_series_advance, command_series_retire,
    command_drain, command_clock_accept, command_desk_add, command_verify, command_events, command_series_add, command_series_list, command_series_show, command_seat_list, command_desk_list,
    command_profile_list, command_period_list, command_period_close, command_where, command_doctor, command_top, command_version, command_help;
extern const struct cli_command command_scan;
extern const struct cli_command command_fix_plan, command_fix_apply;
extern const struct cli_command command_import;
extern const struct cli_command command_issue, command_reserve, command_settle, command_release, command_resolve,
    command_elsewhere; /* of series with a ledger */
extern const struct cli_command command_backup, command_restore, command_accept, command_export_state, command_import_state;
extern const struct cli_command command_migrate_upgrade, command_migrate_downgrade, command_migrate_current,
    command_migrate_history, command_migrate_heads, command_migrate_check, command_migrate_stamp, command_migrate_new;

#endif
