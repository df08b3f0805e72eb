/* SPDX-License-Identifier: MIT */
/* links: base/status tools:address tools:cli tools:failure tools:output tools:table tools:progress tools:viewing */
/* links: tools:cmd_block tools:cmd_fate tools:cmd_help tools:cmd_inspect tools:cmd_next tools:cmd_peek tools:cmd_period tools:cmd_series */
/* links: tools:cmd_status tools:cmd_seat_list tools:cmd_desk_list tools:cmd_where tools:cmd_doctor tools:doctor_machine */
/* links: tools:doctor_realm tools:cmd_top tools:top_look tools:top_screen tools:cmd_version tools:docket */
/* links: tools:cmd_void tools:fates tools:cmd_gaps tools:cmd_report tools:cmd_records tools:cmd_series_change tools:cmd_series_show tools:coming tools:policy_options tools:cmd_profile tools:cmd_drain tools:cmd_clock tools:cmd_store tools:refusal tools:cmd_restore tools:cmd_move tools:deciding */
/* links: tools:cmd_issue tools:issuing_many tools:cmd_reserve tools:cmd_settle tools:cmd_resolve tools:cmd_elsewhere */
/* links: tools:tracked tools:picking tools:verdict */
/* links: tools:cmd_audit tools:cmd_log tools:cmd_retention tools:cmd_scan tools:cmd_import tools:cmd_migrate tools:migrate_served */
/* links: tools:cmd_fix_plan tools:cmd_fix_apply tools:legacy/arena tools:legacy/plan_decide tools:legacy/plan_index */
/* links: tools:legacy/plan_write tools:legacy/sql fuzz:cli_fix */
/* links: fuzz:cli_library */
/* libs: md jansson smartcols ncursesw */
/*
 * The command line: whatever is typed, no more reaches the library than its
 * header allows, and the exit code is one of those that are written down. The
 * library behind the command is the stand-in of cli_library.c.
 */
#include "fuzz.h"

#include "../../tools/cli.h"

#include <getopt.h>
#include <unistd.h>

enum { WORDS_MAX = 12 };

int docket_main(int count, char **words);
void cli_library_begin(uint64_t mood);

int LLVMFuzzerInitialize(int *count, char ***words)
{
    (void)count;
    (void)words;
    stdout = fopen("/dev/null", "w");
    stderr = fopen("/dev/null", "w"); /* ours go to descriptor 2 */
    MUST(stdout != NULL && stderr != NULL);
    return 0;
}

/* glibc remembers a half read "-abc" of the command before. */
static void forget_options(void)
{
    char name[] = "docket";
    char *none[] = {name, NULL};
    optind = 0;
    getopt(1, none, "");
}

/* The first bytes choose words that are there, so that the rest is reached;
 * then comes text, words apart by a zero or a newline. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const known[] = {"next", "block", "peek", "status", "inspect", "fate", "series", "add", "list",
                                        "show", "seat", "desk", "where", "version", "help", "--json", "--count", "--timeout", "--all",
                                        "--order", "--restart", "--template", "--window", "--start-after",
                                        "--verbose", "--columns", "--no-headings", "--rows", "--sort", "--realm", "--no-start", "--quiet", "--help", "-n", "-t", "--",
                                        "acme/INV", "acme/INV/2026-11", "a/b/never", "strict", "leased", "monthly",
                                        "void", "reconcile", "set", "advance", "retire", "drain", "clock", "accept", "desk", "verify", "events",
                                        "--reason", "--yes", "--dry-run", "--period", "--issued", "--void-rest", "--to",
                                        "--desk", "--wait", "--undo", "--since", "--kind", "--limit", "--tenants", "17-20",
                                        "2026-11-24", "/dev/null", "0.1", "issue", "reserve", "settle", "release", "resolve",
                                        "elsewhere", "--key", "--keys", "--metadata", "--pending", "--settled", "--expires",
                                        "15m", "--name", "--texts", "--settle", "--void", "--release", "--note", "-", "17..20"};
    struct draw draw = {bytes, size};
    char *words[WORDS_MAX + 2];
    int count = 0;
    words[count++] = strdup("docket");
    uint64_t mood = draw_number(&draw, 2);
    while (count < WORDS_MAX && draw.left > 0) {
        uint64_t choice = draw_number(&draw, 1);
        if (choice >= 128) {
            words[count++] = strdup(known[(choice - 128) % (sizeof known / sizeof known[0])]);
            continue;
        }
        char text[160];
        size_t length = 0;
        if (choice > 0 && choice != '\n')
            text[length++] = (char)choice;
        while (draw.left > 0 && length + 1 < sizeof text && *draw.at != 0 && *draw.at != '\n')
            text[length++] = (char)draw_number(&draw, 1);
        (void)draw_number(&draw, 1);
        text[length] = 0;
        words[count++] = strdup(text);
    }
    words[count] = NULL;
    char *kept[WORDS_MAX + 2]; /* getopt changes their order */
    memcpy(kept, words, sizeof kept);
    unsetenv("DOCKET_REALM");
    cli_library_begin(mood);
    forget_options();
    int code = docket_main(count, words);
    MUST(code >= CLI_DONE && code <= CLI_EXHAUSTED);
    clearerr(stdout);
    for (int i = 0; i < count; i++)
        free(kept[i]);
    return 0;
}
