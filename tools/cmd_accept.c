/* SPDX-License-Identifier: MIT */
/*
 * docket accept: a store that was restored, or is older than its witness, serves again above what can have been given.
 * docketd does it on the stopped realm, in two runs: what would become of each counter, and, once somebody has agreed, it.
 * What invoices say is found out before, and goes to docketd as a file of floors.
 */
#include "deciding.h"
#include "legacy/scan.h"
#include "offline.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WORDS = 16 };

/* ---- the invoices ---- */

struct scanning {
    const struct cli *cli;
    FILE *out;
};

/* The highest number, however far above the others: too high a floor costs numbers, too low a one the promise. With
 * --largest those above it count as mistyped. */
static int take_counter(void *context, const struct scan_counter *counter)
{
    struct scanning *scanning = context;
    bool capped = cli_given(scanning->cli, OPT_LARGEST);
    uint64_t highest = capped ? counter->plausible : counter->highest;
    char period[PERIOD_TEXT_BYTES] = "";
    if (counter->period != 0)
        address_period_text(counter->period, period);
    if (!capped && counter->highest > counter->plausible)
        cli_note(scanning->cli, "%s/%s%s%s: %" PRIu64 " is far above all others, the highest of which is %" PRIu64
                 "; if it was mistyped, say --largest N", counter->tenant, counter->series, period[0] != '\0' ? "/" : "", period,
                 counter->highest, counter->plausible);
    if (highest > 0)
        fprintf(scanning->out, "%s/%s%s%s %" PRIu64 " scan\n", counter->tenant, counter->series, period[0] != '\0' ? "/" : "", period,
                highest);
    return 0;
}

/* The series as the fenced store has them: docketd prints them into a memory file. */
static int read_shapes(const struct cli *cli, docket_reader *reader)
{
    int shapes = memfd_create("docket-shapes", MFD_CLOEXEC), kept = dup(STDOUT_FILENO);
    if (shapes < 0 || kept < 0)
        return cli_fail(cli, DOCKET_SYSTEM, "cannot make a memory file: %s", strerror(errno));
    fflush(stdout);
    dup2(shapes, STDOUT_FILENO);
    int code = offline_run(cli, (const char *const[]){"accept", "shapes", NULL});
    dup2(kept, STDOUT_FILENO);
    close(kept);
    docket_status status = code == CLI_DONE ? docket_reader_add_told(reader, shapes, NULL) : DOCKET_OK;
    close(shapes);
    return status == DOCKET_OK ? code : cli_fail_status(cli, status);
}

static int scan_source(const struct cli *cli, docket_reader *reader, FILE *out)
{
    struct scanning scanning = {.cli = cli, .out = out};
    struct scan_options options = {.reader = reader, .only_counters = true, .counter = take_counter, .context = &scanning};
    struct scan_totals totals;
    struct legacy_source *source = NULL;
    int code = cli_number(cli, OPT_LARGEST, 1, UINT64_C(999999999999999), &options.largest);
    if (code == CLI_DONE)
        code = legacy_open(cli, cli->values[OPT_SCAN], &source);
    if (code == CLI_DONE)
        code = scan_run(cli, source, &options, &totals);
    legacy_close(source);
    if (code == CLI_DONE && totals.fitting + totals.unnumbered < totals.rows)
        cli_note(cli, "%" PRIu64 " of %" PRIu64 " rows have a number of no series of this store; docket scan lists them",
                 totals.rows - totals.fitting - totals.unnumbered, totals.rows);
    if (code == CLI_DONE && (fflush(out) != 0 || ferror(out)))
        code = cli_fail(cli, DOCKET_SYSTEM, "cannot keep the floors: %s", strerror(errno));
    return code;
}

/* path: of the floors, for a child of ours. The file lives as long as this process. */
static int scan(const struct cli *cli, char *path, size_t size)
{
    docket_reader *reader = NULL;
    int fd = memfd_create("docket-floors", 0);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out == NULL)
        return cli_fail(cli, DOCKET_SYSTEM, "cannot make a memory file: %s", strerror(errno));
    snprintf(path, size, "/proc/self/fd/%d", fd);
    docket_status status = docket_reader_open(&reader);
    int code = status == DOCKET_OK ? read_shapes(cli, reader) : cli_fail_status(cli, status);
    if (code == CLI_DONE)
        code = scan_source(cli, reader, out);
    docket_reader_close(reader);
    return code;
}

/* ---- the two runs ---- */

static size_t add_value(const struct cli *cli, enum cli_option_id id, const char *name, const char **words, size_t count)
{
    if (cli_given(cli, id)) {
        words[count++] = name;
        words[count++] = cli->values[id];
    }
    return count;
}

static int run_both(const struct cli *cli, const char **words, size_t count)
{
    bool sure = cli_given(cli, OPT_YES), look = cli_given(cli, OPT_DRY_RUN);
    if (!sure || look) {
        words[count] = "--dry-run";
        int code = offline_run(cli, words);
        if (code != CLI_DONE || look)
            return code;
        code = deciding_confirm(cli, "accept the store of %s like this: what lies between becomes unknown, and is never given",
                                cli->realm);
        if (code != CLI_DONE)
            return code;
    }
    words[count] = "--yes";
    return offline_run(cli, words);
}

static int run_accept(struct cli *cli)
{
    const char *words[WORDS] = {"accept"};
    char path[64];
    size_t count = 1;
    if (cli_given(cli, OPT_SCAN) && cli_given(cli, OPT_FLOORS))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--scan makes a file of floors itself; use it with --floor, or give --floors FILE");
    count = add_value(cli, OPT_FLOOR, "--floor", words, count);
    count = add_value(cli, OPT_FLOORS, "--floors", words, count);
    count = add_value(cli, OPT_SKIP, "--skip", words, count);
    if (cli_given(cli, OPT_FROM_WITNESS))
        words[count++] = "--from-witness";
    if (cli_given(cli, OPT_SCAN)) {
        int code = scan(cli, path, sizeof path);
        if (code != CLI_DONE)
            return code;
        words[count++] = "--floors";
        words[count++] = path;
    }
    return run_both(cli, words, count);
}

const struct cli_command command_accept = {
    .name = "accept",
    .examples = NULL,
    .operands = "",
    .summary = "let a restored or older store serve again, above floors",
    .text = "A floor is the highest number that may have been given of a counter: by hand, from a file of lines\n"
            "T/S[/PERIOD] N, from invoices (--scan reads them as docket scan does), or from the marks beside the far\n"
            "witness (exact after a stop in order, else with --skip). Files of the desks that live on are floors\n"
            "too. Each counter goes on above its own mark, its floor, and --skip numbers more; what lies between is\n"
            "unknown and never given. A counter that nobody vouches for refuses all of it (exit code 4) and is\n"
            "listed. --dry-run shows mark, floor and next number of each. docketd must be stopped; a crash leaves a\n"
            "store that is refused until this was done again.",
    .options = BIT(OPT_FLOOR) | BIT(OPT_FLOORS) | BIT(OPT_SCAN) | BIT(OPT_SKIP) | BIT(OPT_FROM_WITNESS) | LEGACY_OPTIONS | BIT(OPT_LARGEST) |
               BIT(OPT_DRY_RUN) | BIT(OPT_YES) | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .offline = "accept",
    .run = run_accept};
