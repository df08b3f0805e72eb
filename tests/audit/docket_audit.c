/* SPDX-License-Identifier: MIT */
/*
 * docket-audit: the independent auditor. Reads what `docket fate --json` says
 * and what the workers logged, and tells whether every number was given at
 * most once and is accounted for. Run it when every worker has ended.
 */
#include "audit.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: docket-audit --fate FILE|- --logs DIR [options]\n"
    "\n"
    "  --fate FILE|-          output of `docket fate --all --json`\n"
    "  --logs DIR             the workers' logs (*.log)\n"
    "  --only TENANT/SERIES   judge this series alone\n"
    "  --killed-allow N       a killed thread's log excuses N numbers, not its step\n"
    "  --unknown-max N        more unknown numbers than N are a finding\n"
    "  --gapless              a gapless period's numbers are all issued, or void with a cause\n"
    "  --json                 the result as JSON\n"
    "  --help                 this text\n"
    "\n"
    "exit: 0 clean, 1 findings, 2 wrong usage, 3 unreadable input\n";

static bool parse_count(const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (errno || end == text || *end || parsed < 0)
        return false;
    *value = parsed;
    return true;
}

/* -1: go on. Anything else is the exit code. */
static int parse_options(int count, char **words, struct options *options)
{
    static const struct option known[] = {
        {"fate", required_argument, NULL, 'f'},         {"logs", required_argument, NULL, 'l'},
        {"only", required_argument, NULL, 'o'},         {"json", no_argument, NULL, 'j'},
        {"killed-allow", required_argument, NULL, 'k'}, {"help", no_argument, NULL, 'h'},
        {"unknown-max", required_argument, NULL, 'u'},  {"gapless", no_argument, NULL, 'g'},
        {NULL, 0, NULL, 0},
    };
    *options = (struct options){.killed_allow = -1, .unknown_max = -1};
    bool right = true;
    int letter;
    while ((letter = getopt_long(count, words, "", known, NULL)) != -1) {
        if (letter == 'f')
            options->fate_path = optarg;
        else if (letter == 'l')
            options->logs_path = optarg;
        else if (letter == 'o')
            options->only = optarg;
        else if (letter == 'j')
            options->json = true;
        else if (letter == 'k')
            right = right && parse_count(optarg, &options->killed_allow);
        else if (letter == 'u')
            right = right && parse_count(optarg, &options->unknown_max);
        else if (letter == 'g')
            options->gapless = true;
        else if (letter == 'h')
            return fputs(help, stdout), AUDIT_CLEAN;
        else
            right = false;
    }
    if (options->only && !strchr(options->only, '/'))
        right = false;
    if (right && optind == count && options->fate_path && options->logs_path)
        return -1;
    fputs(help, stderr);
    return AUDIT_USAGE;
}

static int judge(struct audit *audit)
{
    int result = fates_read(audit);
    if (result == AUDIT_CLEAN)
        result = logs_read(audit);
    if (result != AUDIT_CLEAN)
        return result;
    checks_run(audit);
    bool clean = findings_none(&audit->findings);
    if (!clean)
        logs_locate(audit);
    if (audit->options.json)
        report_json(audit, stdout);
    else
        report_text(audit, stdout);
    return clean ? AUDIT_CLEAN : AUDIT_FINDINGS;
}

int main(int count, char **words)
{
    struct audit *audit = calloc(1, sizeof *audit);
    if (!audit || !(audit->table = table_make())) {
        fprintf(stderr, "docket-audit: out of memory\n");
        return AUDIT_UNREADABLE;
    }
    int result = parse_options(count, words, &audit->options);
    if (result < 0)
        result = judge(audit);
    table_free(audit->table);
    free(audit);
    if (fflush(stdout) != 0)
        return AUDIT_UNREADABLE;
    return result;
}
