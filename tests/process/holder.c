/* SPDX-License-Identifier: MIT */
/*
 * docket-holder: a process that holds numbers of a series with a ledger, and does what it is told.
 *
 *     docket-holder REALM TENANT/SERIES [COMMAND]...
 *
 * Without commands it reads them from its input, a line each, until that ends. Each is answered by one line.
 *
 *     issue KEY|- [pending|settled|detached|DATE|SECONDSs]...   STATUS text state again attempts
 *     reserve NAME COUNT SECONDSs [detached|DATE]...            STATUS count again first-last ...
 *     settle|release|void WHICH...                             STATUS ... (of each)
 *         WHICH: key=K, text=T, n=PERIOD/NUMBER, NAME:PERIOD/NUMBER
 *     all settle|release|void NAME                             STATUS done
 *     resolve settle|release|void PERIOD [NUMBER]...           STATUS done
 *     next                                                     STATUS text
 *     child COMMAND                                            a forked child's answer
 *     why                                                      the last error
 */
#include "docket_ledger.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_NS 10000000000 /* a machine may be busy */

enum { WORDS_MAX = 1100 };

static docket_series *series;
static const char reason[] = "the test said so";

static void say(docket_status status)
{
    printf("%s", docket_status_name(status) + sizeof "DOCKET_" - 1);
}

/* ---- issue, next ---- */

static void read_option(const char *word, struct docket_issue *asked)
{
    size_t length = strlen(word);
    if (strcmp(word, "pending") == 0)
        asked->flags |= DOCKET_PENDING;
    else if (strcmp(word, "settled") == 0)
        asked->flags |= DOCKET_SETTLED;
    else if (strcmp(word, "detached") == 0)
        asked->flags |= DOCKET_DETACHED;
    else if (word[length - 1] == 's')
        asked->expires_s = (uint32_t)atol(word);
    else
        asked->date = (uint32_t)atol(word);
}

static void issue(char **words, size_t count)
{
    struct docket_issue asked = {.key = strcmp(words[1], "-") == 0 ? NULL : words[1]};
    struct docket_number got = {.state = "-"};
    for (size_t i = 2; i < count; i++)
        read_option(words[i], &asked);
    docket_status status = docket_issue(series, &asked, TIMEOUT_NS, &got);
    say(status);
    if (status == DOCKET_OK || status == DOCKET_KEY_VOID || status == DOCKET_KEY_DIFFERS)
        printf(" %s %s %d %u", got.text, got.state, got.again, got.attempts);
}

static void next(void)
{
    char text[DOCKET_TEXT_MAX] = "";
    say(docket_next_text(series, TIMEOUT_NS, text, sizeof text, NULL, NULL));
    printf(" %s", text);
}

/* ---- reserve ---- */

static void reserve(char **words, size_t count)
{
    static uint64_t numbers[DOCKET_RESERVE_MAX];
    struct docket_issue options = {0};
    struct docket_reserved held = {0};
    for (size_t i = 3; i < count; i++)
        read_option(words[i], &options);
    struct docket_reserve asked = {.name = words[1],
                                   .count = (uint32_t)atol(words[2]),
                                   .expires_s = options.expires_s,
                                   .date = options.date,
                                   .flags = options.flags};
    docket_status status = docket_reserve(series, &asked, TIMEOUT_NS, numbers, &held);
    say(status);
    printf(" %u %d", held.count, held.again);
    if (status != DOCKET_OK && status != DOCKET_PARTIAL)
        return;
    for (uint32_t i = 0, first = 0; i < held.count; i++) {
        if (i + 1 < held.count && numbers[i + 1] == numbers[i] + 1)
            continue;
        printf(" %" PRIu64 "-%" PRIu64, numbers[first], numbers[i]);
        first = i + 1;
    }
}

/* ---- decide ---- */

static enum docket_verb verb_of(const char *word)
{
    return strcmp(word, "settle") == 0 ? DOCKET_SETTLE : strcmp(word, "void") == 0 ? DOCKET_VOID : DOCKET_RELEASE;
}

static void read_which(char *word, struct docket_which *which)
{
    char *colon = strchr(word, ':'), *slash = strrchr(word, '/');
    if (strncmp(word, "key=", 4) == 0) {
        which->key = word + 4;
        return;
    }
    if (strncmp(word, "text=", 5) == 0) {
        which->text = word + 5;
        return;
    }
    if (strncmp(word, "n=", 2) == 0)
        colon = word + 1;
    else
        which->hold = word;
    if (colon == NULL || slash == NULL)
        exit(2);
    *colon = 0;
    which->period = (int32_t)atol(colon + 1);
    which->number = strtoull(slash + 1, NULL, 10);
}

static void decide(char **words, size_t count)
{
    static struct docket_which which[WORDS_MAX];
    static docket_status statuses[WORDS_MAX];
    enum docket_verb verb = verb_of(words[0]);
    memset(which, 0, sizeof which);
    for (size_t i = 1; i < count; i++)
        read_which(words[i], &which[i - 1]);
    docket_status status =
        docket_decide(series, verb, which, count - 1, verb == DOCKET_VOID ? reason : NULL, TIMEOUT_NS, statuses);
    if (status != DOCKET_OK)
        say(status);
    for (size_t i = 1; i < count && status == DOCKET_OK; i++) {
        say(statuses[i - 1]);
        printf("%s", i + 1 < count ? " " : "");
    }
}

static void decide_all(char **words)
{
    enum docket_verb verb = verb_of(words[1]);
    uint32_t done = 0;
    say(docket_decide_reserved(series, verb, words[2], verb == DOCKET_VOID ? reason : NULL, TIMEOUT_NS, &done));
    printf(" %u", done);
}

static void resolve(char **words, size_t count)
{
    uint64_t numbers[WORDS_MAX], done = 0;
    for (size_t i = 3; i < count; i++)
        numbers[i - 3] = strtoull(words[i], NULL, 10);
    say(docket_resolve(series, verb_of(words[1]), (int32_t)atol(words[2]), numbers, count - 3, reason,
                       TIMEOUT_NS, &done));
    printf(" %" PRIu64, done);
}

/* ---- commands ---- */

static void run(char **words, size_t count)
{
    if (count == 1 && strcmp(words[0], "why") == 0)
        printf("%s", docket_last_error());
    else if (count == 1 && strcmp(words[0], "next") == 0)
        next();
    else if (count >= 2 && strcmp(words[0], "issue") == 0)
        issue(words, count);
    else if (count >= 4 && strcmp(words[0], "reserve") == 0)
        reserve(words, count);
    else if (count == 3 && strcmp(words[0], "all") == 0)
        decide_all(words);
    else if (count >= 3 && strcmp(words[0], "resolve") == 0)
        resolve(words, count);
    else if (count >= 2)
        decide(words, count);
    else
        exit(2);
}

static void obey(char *line)
{
    char *words[WORDS_MAX];
    size_t count = 0;
    for (char *word = strtok(line, " \n"); word != NULL && count < WORDS_MAX; word = strtok(NULL, " \n"))
        words[count++] = word;
    if (count > 1 && strcmp(words[0], "child") == 0) {
        fflush(stdout);
        pid_t child = fork();
        if (child != 0) {
            waitpid(child, NULL, 0);
            return;
        }
        run(words + 1, count - 1);
        printf("\n");
        fflush(stdout);
        _exit(0);
    }
    if (count > 0)
        run(words, count);
    printf("\n");
    fflush(stdout);
}

int main(int count, char **values)
{
    docket_realm *realm;
    char names[2 * DOCKET_NAME_MAX + 2];
    if (count < 3 || strchr(values[2], '/') == NULL || strlen(values[2]) >= sizeof names)
        return 2;
    strcpy(names, values[2]);
    char *slash = strchr(names, '/');
    *slash = 0;
    docket_status status = docket_realm_open(values[1], &realm);
    if (status == DOCKET_OK)
        status = docket_series_open(realm, names, slash + 1, &series);
    if (status != DOCKET_OK) {
        fprintf(stderr, "%s: %s\n", docket_status_name(status), docket_last_error());
        return 1;
    }
    for (int i = 3; i < count; i++)
        obey(values[i]);
    static char line[65536];
    while (count == 3 && fgets(line, sizeof line, stdin) != NULL)
        obey(line);
    docket_realm_close(realm);
    return 0;
}
