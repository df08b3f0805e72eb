/* SPDX-License-Identifier: MIT */
/* cli_fix: what stands behind docket fix for fuzz_cli: no source is read, no database changed. */
#include "fuzz.h"

#include "../../tools/legacy/check.h"
#include "../../tools/legacy/find.h"
#include "../../tools/legacy/plan_file.h"
#include "../../tools/legacy/run.h"
#include "../../tools/legacy/source.h"

enum legacy_kind legacy_kind_of(const char *source)
{
    MUST(source != NULL);
    return source[0] == 's' ? LEGACY_SQLITE : source[0] == 'p' ? LEGACY_POSTGRESQL : LEGACY_CSV;
}

int known_open(const struct cli *cli, bool quiet, struct known *known)
{
    (void)quiet;
    *known = (struct known){.cli = cli};
    return CLI_DONE;
}

void known_close(struct known *known)
{
    *known = (struct known){0};
}

int find_keep_stdin(const struct cli *cli)
{
    MUST(cli != NULL);
    return CLI_DONE;
}

int find_plan(const struct cli *cli, const char *source, struct known *known, uint64_t largest, struct plan *plan)
{
    const struct plan_row row = {.what = PLAN_LEFT, .tenant = "acme", .number = source, .why = "stands here"};
    MUST(cli != NULL && known->cli == cli && largest <= DOCKET_NUMBER_MAX && plan->count == 0);
    return plan_add(plan, &row) != NULL ? CLI_DONE : CLI_EXHAUSTED;
}

int check_names(const struct cli *cli, const char *source, struct checked *checked)
{
    MUST(cli != NULL && source != NULL && checked->id == NULL);
    return CLI_DONE;
}

int check_plan(const struct cli *cli, const struct plan *plan, const char *plan_name, const char *source, struct known *known,
               struct checked *checked)
{
    MUST(cli != NULL && plan != NULL && plan_name != NULL && source != NULL && known->cli == cli && checked->done == NULL);
    return CLI_REFUSED;
}

void checked_drop(struct checked *checked)
{
    MUST(checked->done == NULL);
}

int run_begin(const struct cli *cli, const char *source, const struct sql_table *table, struct run *run)
{
    (void)source, (void)table;
    *run = (struct run){.cli = cli};
    return CLI_REFUSED;
}

int run_change(struct run *run, const struct plan *plan, const uint8_t *done)
{
    MUST(run->cli != NULL && plan != NULL && done != NULL);
    return CLI_DONE;
}

void run_end(struct run *run)
{
    *run = (struct run){0};
}

int plan_file_write(const struct cli *cli, const struct plan *plan, const char *name)
{
    MUST(cli != NULL && plan != NULL && name != NULL);
    return CLI_DONE;
}

int plan_file_read(const struct cli *cli, const char *name, struct plan *plan)
{
    MUST(cli != NULL && name != NULL && plan->count == 0);
    return CLI_DONE;
}
