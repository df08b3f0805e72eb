/* SPDX-License-Identifier: MIT */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2, EXIT_UNREACHABLE = 3, EXIT_SAFETY = 4, EXIT_OTHER = 1 };

static const char usage[] =
    "usage: docketd --realm DIR [options]\n"
    "\n"
    "Serves one realm: keeps its numbers durable, hands out seats, takes back what the dead left.\n"
    "Runs in the foreground; says READY=1 to NOTIFY_SOCKET; SIGTERM stops it in order.\n"
    "\n"
    "  --realm DIR        the realm's directory (or DOCKET_REALM)\n"
    "  --create           make the realm if DIR holds none; without it an empty DIR is refused,\n"
    "                     so that a disk that is not mounted never starts a second number 1\n"
    "  --config FILE      configuration (default: DIR/docket.conf, if it exists)\n"
    "  --check-config     read the configuration, say what is wrong with it, and end\n"
    "  --print-config     the same, and print all of it, defaults too, as a configuration\n"
    "  --check-takeover   say what a start of this release would do with each desk's files, and end;\n"
    "                     another docketd may be running\n"
    "  --help-config      list every key with its default and meaning\n"
    "  --accept-store N   serve a store whose witness is missing or does not fit: every counter is\n"
    "                     moved N numbers forward first, and those are unknown; N must be at\n"
    "                     least what any counter can have given since the copy was made\n"
    "  --accept-clock     this machine's clock is right, however far it is ahead of the store's last\n"
    "                     commit (an event says so); see clock_guard_days in docket.conf\n"
    "  --idle-exit S      stop after S seconds without any worker\n"
    "  --version, --help\n";

static const char usage_codes[] =
    "\n"
    "exit codes: 0 stopped in order, 1 failed, 2 usage or configuration, 3 no realm there or in use,\n"
    "4 refused for safety, 70 out of memory, 74 a commit failed\n";

int dk_options_exit_code(docket_status status)
{
    switch (status) {
    case DOCKET_OK:
        return 0;
    case DOCKET_BAD_CONFIG:
    case DOCKET_BAD_ARGUMENT:
        return EXIT_USAGE;
    case DOCKET_NO_REALM:
    case DOCKET_STORE_IN_USE:
        return EXIT_UNREACHABLE;
    default:
        return docket_status_category(status) == DOCKET_CATEGORY_SAFETY ? EXIT_SAFETY : EXIT_OTHER;
    }
}

enum {
    OPTION_REALM = 256,
    OPTION_CONFIG,
    OPTION_CHECK,
    OPTION_PRINT,
    OPTION_TAKEOVER,
    OPTION_CREATE,
    OPTION_ACCEPT,
    OPTION_CLOCK,
    OPTION_IDLE,
    OPTION_REFERENCE,
    OPTION_VERSION,
    OPTION_HELP,
    OPTION_OFFLINE,
    OPTION_OF_VERB /* and behind it: enum dk_offline_option */
};

static const struct option own[] = {{"realm", required_argument, NULL, OPTION_REALM},
                                    {"config", required_argument, NULL, OPTION_CONFIG},
                                    {"check-config", no_argument, NULL, OPTION_CHECK},
                                    {"print-config", no_argument, NULL, OPTION_PRINT},
                                    {"check-takeover", no_argument, NULL, OPTION_TAKEOVER},
                                    {"create", no_argument, NULL, OPTION_CREATE},
                                    {"accept-store", required_argument, NULL, OPTION_ACCEPT},
                                    {"accept-clock", no_argument, NULL, OPTION_CLOCK},
                                    {"idle-exit", required_argument, NULL, OPTION_IDLE},
                                    {"help-config", no_argument, NULL, OPTION_REFERENCE},
                                    {"version", no_argument, NULL, OPTION_VERSION},
                                    {"help", no_argument, NULL, OPTION_HELP},
                                    {"offline", no_argument, NULL, OPTION_OFFLINE}};

enum { OWN_COUNT = sizeof own / sizeof own[0] };

/* docketd's own, those of the offline verbs, and an end. */
static void make_table(struct option table[OWN_COUNT + DK_OFFLINE_OPTIONS + 1])
{
    memcpy(table, own, sizeof own);
    for (int at = 0; at < DK_OFFLINE_OPTIONS; at++)
        table[OWN_COUNT + at] = (struct option){dk_offline_options[at].name,
                                                dk_offline_options[at].wants ? required_argument : no_argument, NULL,
                                                OPTION_OF_VERB + at};
    table[OWN_COUNT + DK_OFFLINE_OPTIONS] = (struct option){NULL, 0, NULL, 0};
}

static int refuse(const char *sentence)
{
    fprintf(stderr, "docketd: %s\n", sentence);
    return EXIT_USAGE;
}

/* Digits up to the largest; false if it is anything else. */
static bool read_number(const char *text, uint64_t largest, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && *number <= largest;
}

/* -1: go on. Otherwise the exit code. */
static int take_option(int option, struct dk_options *options)
{
    uint64_t number;
    switch (option) {
    case OPTION_REALM: options->realm = optarg; break;
    case OPTION_CONFIG: options->config = optarg; break;
    case OPTION_CHECK: options->check_config = true; break;
    case OPTION_PRINT: options->check_config = options->print_config = true; break;
    case OPTION_TAKEOVER: options->check_takeover = true; break;
    case OPTION_CREATE: options->create = true; break;
    case OPTION_ACCEPT:
        options->accept = true;
        if (!read_number(optarg, DOCKET_NUMBER_MAX / 2, &options->advance))
            return refuse("--accept-store wants how many numbers to move forward");
        break;
    case OPTION_CLOCK: options->accept_clock = true; break;
    case OPTION_IDLE:
        if (!read_number(optarg, 31536000, &number))
            return refuse("--idle-exit wants seconds, 0 to 31536000");
        options->idle_exit_s = (int64_t)number;
        break;
    case OPTION_REFERENCE: dk_config_print_reference(stdout); return 0;
    case OPTION_VERSION: printf("docketd %s (layout %u, schema %u)\n", DOCKET_VERSION, DK_LAYOUT_VERSION,
                                DK_SCHEMA_VERSION); return 0;
    case OPTION_HELP: printf("%s%s%s", usage, dk_offline_usage, usage_codes); return 0;
    case OPTION_OFFLINE: options->offline = true; break;
    default: options->verb.values[option - OPTION_OF_VERB] = optarg != NULL ? optarg : ""; break;
    }
    return -1;
}

/* The words of --offline; without it there are none. */
static int take_words(int count, char **values, struct dk_options *options)
{
    if (!options->offline && optind < count)
        return refuse("it takes options only; see docketd --help");
    for (int at = 0; !options->offline && at < DK_OFFLINE_OPTIONS; at++)
        if (dk_offline_given(&options->verb, (enum dk_offline_option)at)) {
            fprintf(stderr, "docketd: --%s goes with --offline; see docketd --help\n", dk_offline_options[at].name);
            return EXIT_USAGE;
        }
    for (int at = optind; at < count; at++) {
        if (options->verb.word_count == DK_OFFLINE_WORDS)
            return refuse("too many words behind --offline; see docketd --help");
        options->verb.words[options->verb.word_count++] = values[at];
    }
    if (options->offline && (options->create || options->accept || options->accept_clock || options->check_config ||
                             options->check_takeover))
        return refuse("--offline goes with neither --create nor an --accept nor a --check");
    if (options->offline && dk_offline_check(&options->verb) != DOCKET_OK)
        return refuse(dk_error_text());
    return -1;
}

int dk_options_read(int count, char **values, struct dk_options *options)
{
    *options = (struct dk_options){.realm = getenv("DOCKET_REALM"), .idle_exit_s = -1};
    struct option table[OWN_COUNT + DK_OFFLINE_OPTIONS + 1];
    make_table(table);
    for (int option; (option = getopt_long(count, values, "", table, NULL)) != -1;) {
        int code = option == '?' ? refuse("see docketd --help") : take_option(option, options);
        if (code >= 0)
            return code;
    }
    int code = take_words(count, values, options);
    if (code < 0 && (options->realm == NULL || options->realm[0] == 0))
        return refuse("which realm? give --realm DIR or DOCKET_REALM");
    return code;
}

