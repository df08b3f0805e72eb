/* SPDX-License-Identifier: MIT */
/*
 * docket-issuer: calls at record speed, as processes make them; tests/process/ledger_calls.sh.
 *
 *     docket-issuer REALM TENANT/SERIES next             docket_next() and its forms give tracked numbers
 *     docket-issuer REALM TENANT/SERIES keys COUNT       COUNT keys in one call, then again: "again K" for each run
 *     docket-issuer REALM TENANT/SERIES descriptors      descriptors that are closed, reused, inherited
 *     docket-issuer REALM TENANT/SERIES rest FILE SECONDS [KEY]   one number; once FILE is there, another one
 *     docket-issuer REALM TENANT/SERIES lots COUNT       COUNT keys of this process one by one, each told
 *
 * Each case says "ok" or "FAIL"; statuses are told by name. Exit: 0 if none failed.
 */
#include "docket_ledger.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000ll

static docket_realm *realm;
static docket_series *series;
static int failed;

static void judge(bool right, const char *what)
{
    printf("%s  %s%s%s\n", right ? "ok  " : "FAIL", what, right ? "" : ": ", right ? "" : docket_last_error());
    fflush(stdout);
    failed += !right;
}

static docket_status issue(const char *key, struct docket_number *got)
{
    return docket_issue(series, &(struct docket_issue){.key = key}, 10 * SECOND_NS, got);
}

static uint32_t today(void)
{
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    return (uint32_t)(parts.tm_year + 1900) * 10000 + (uint32_t)(parts.tm_mon + 1) * 100 + (uint32_t)parts.tm_mday;
}

/* ---- docket_next() ---- */

static void next_forms(const char *tenant, const char *name)
{
    uint64_t number = 0, before;
    int32_t period = -1;
    char text[DOCKET_TEXT_MAX], expected[DOCKET_TEXT_MAX];
    uint32_t date = today();
    judge(docket_next(series, 10 * SECOND_NS, &number, &period) == DOCKET_OK && number != 0 && period == (int32_t)date / 10000,
          "docket_next() gives a number and its period");
    before = number;
    judge(docket_next_text(series, 10 * SECOND_NS, text, 4, &number, &period) == DOCKET_BUFFER_TOO_SMALL && number == before,
          "a text that does not fit takes no number");
    snprintf(expected, sizeof expected, "%s-%u-%06u", name, date, (unsigned)before + 1);
    judge(docket_next_text(series, 10 * SECOND_NS, text, strlen(expected) + 1, &number, &period) == DOCKET_OK &&
              number == before + 1 && strcmp(text, expected) == 0,
          "docket_next_text() gives the next one's text, in a buffer that just holds it");
    uint32_t other = date % 100 == 1 ? date + 1 : date - date % 100 + 1; /* of the same month */
    judge(docket_next_dated(series, other, 10 * SECOND_NS, &number, NULL) == DOCKET_OK && number == before + 2,
          "docket_next_dated() gives one of a date");
    judge(docket_next_dated(series, 20260230, 10 * SECOND_NS, &number, NULL) == DOCKET_BAD_DATE, "a date that is none is told");
    snprintf(expected, sizeof expected, "%s-%u-%06u", name, other, (unsigned)before + 4);
    judge(docket_next_for(realm, tenant, name, 10 * SECOND_NS, &number, NULL) == DOCKET_OK && number == before + 3 &&
              docket_next_text_dated_for(realm, tenant, name, other, 10 * SECOND_NS, text, sizeof text, NULL, NULL) ==
                  DOCKET_OK &&
              strcmp(text, expected) == 0,
          "and so do the calls by name");
    judge(docket_next(series, 0, &number, NULL) == DOCKET_TIMEOUT, "who would not wait gets none");
    judge(docket_text_size(series) == DOCKET_TEXT_MAX, "docket_text_size() promises no less room than is ever needed");
}

/* ---- many ---- */

static void many_keys(size_t count)
{
    struct docket_issue *asked = calloc(count, sizeof *asked);
    struct docket_number *got = calloc(count, sizeof *got);
    docket_status *told = calloc(count, sizeof *told);
    char(*keys)[24] = calloc(count, sizeof *keys);
    for (size_t i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "many-%zu", i);
        asked[i].key = keys[i];
        asked[i].metadata = "{\"kind\": \"test\"}";
    }
    uint64_t sum = 0;
    for (int round = 0; round < 2; round++) {
        size_t again = 0, good = 0;
        uint64_t total = 0;
        judge(docket_issue_many(series, asked, count, 60 * SECOND_NS, got, told) == DOCKET_OK, "many keys in one call");
        for (size_t i = 0; i < count; i++) {
            again += (size_t)got[i].again;
            good += told[i] == DOCKET_OK && strncmp(got[i].text, "STR-", 4) == 0;
            total += got[i].number * (i + 1);
        }
        judge(good == count, "each has its number");
        judge(round == 0 || total == sum, "and the same ones the second time");
        sum = total;
        printf("again %zu\n", again);
    }
    free(asked);
    free(got);
    free(told);
    free(keys);
}

/* ---- descriptors ---- */

static int count_open(void)
{
    int count = 0;
    for (int fd = 3; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void descriptors(void)
{
    struct docket_number got;
    int before = count_open();
    for (int i = 0; i < 5; i++)
        judge(docket_issue(series, &(struct docket_issue){0}, 10 * SECOND_NS, &got) == DOCKET_OK, "a number");
    judge(count_open() == before + 1, "one connection is kept, however many calls");
    for (int fd = 3; fd < 256; fd++)
        close(fd);
    judge(docket_issue(series, &(struct docket_issue){0}, 10 * SECOND_NS, &got) == DOCKET_OK, "the program closed it: a number all the same");
    char path[] = "/tmp/docket-issuer.XXXXXX";
    int file = mkstemp(path), socks[2];
    unlink(path);
    for (int fd = 3; fd < 256; fd++)
        if (fd != file && fcntl(fd, F_GETFD) >= 0)
            dup2(file, fd);
    judge(docket_issue(series, &(struct docket_issue){0}, 10 * SECOND_NS, &got) == DOCKET_OK && lseek(file, 0, SEEK_END) == 0,
          "a file has its descriptor: nothing is written there");
    bool made = socketpair(AF_UNIX, SOCK_SEQPACKET, 0, socks) == 0;
    for (int fd = 3; fd < 256; fd++)
        if (fd != socks[1] && fd != socks[0] && fd != file && fcntl(fd, F_GETFD) >= 0)
            dup2(socks[0], fd);
    char byte;
    judge(made && docket_issue(series, &(struct docket_issue){0}, 10 * SECOND_NS, &got) == DOCKET_OK &&
              recv(socks[1], &byte, 1, MSG_DONTWAIT) < 0,
          "another socket has it: nothing is sent there");
    uint64_t parents = got.number;
    pid_t child = fork();
    if (child == 0)
        _exit(docket_issue(series, &(struct docket_issue){0}, 10 * SECOND_NS, &got) == DOCKET_OK && got.number == parents + 1
                  ? 0
                  : 1);
    int result = -1;
    waitpid(child, &result, 0);
    judge(result == 0, "a child has a number by a connection of its own");
    judge(docket_issue(series, &(struct docket_issue){0}, 10 * SECOND_NS, &got) == DOCKET_OK && got.number == parents + 2,
          "and its parent goes on");
    int open_now = count_open();
    docket_realm_close(realm);
    realm = NULL;
    judge(count_open() == open_now - 1 && fcntl(socks[0], F_GETFD) >= 0 && fcntl(file, F_GETFD) >= 0,
          "closing the realm closes the connection and nothing else");
}

/* ---- docketd comes and goes ---- */

static void tell(docket_status status)
{
    printf("%s%s%s\n", docket_status_name(status), status == DOCKET_OK ? "" : ": ",
           status == DOCKET_OK ? "" : docket_last_error());
    fflush(stdout);
}

static void rest(const char *path, const char *key, int seconds)
{
    struct docket_number got;
    struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    tell(docket_issue(series, &(struct docket_issue){0}, 20 * SECOND_NS, &got));
    while (access(path, F_OK) != 0)
        nanosleep(&pause, NULL);
    tell(docket_issue(series, &(struct docket_issue){.key = key}, seconds * SECOND_NS, &got));
}

static void lots(int count)
{
    struct docket_number got;
    char key[64];
    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof key, "lots-%d", i);
        docket_status status = issue(key, &got);
        if (status != DOCKET_OK)
            printf("%s %s\n", docket_status_name(status), docket_last_error());
        else
            printf("%s %llu %s\n", key, (unsigned long long)got.number, got.text);
        fflush(stdout);
    }
}

int main(int count, char **words)
{
    char tenant[DOCKET_NAME_MAX + 1] = "", name[DOCKET_NAME_MAX + 1] = "";
    if (count < 4 || sscanf(words[2], "%64[^/]/%64s", tenant, name) != 2) {
        fprintf(stderr, "usage: docket-issuer REALM TENANT/SERIES CASE [WORD]\n");
        return 2;
    }
    if (docket_realm_open(words[1], &realm) != DOCKET_OK || docket_series_open(realm, tenant, name, &series) != DOCKET_OK) {
        judge(false, "opens");
        return 1;
    }
    const char *what = words[3];
    int many = count > 4 ? atoi(words[4]) : 0;
    if (strcmp(what, "next") == 0)
        next_forms(tenant, name);
    else if (strcmp(what, "keys") == 0)
        many_keys((size_t)many);
    else if (strcmp(what, "descriptors") == 0)
        descriptors();
    else if (strcmp(what, "rest") == 0 && count > 5)
        rest(words[4], count > 6 ? words[6] : NULL, atoi(words[5]));
    else if (strcmp(what, "lots") == 0)
        lots(many);
    docket_realm_close(realm);
    return failed == 0 ? 0 : 1;
}
