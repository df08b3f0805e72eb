/* SPDX-License-Identifier: MIT */
/*
 * docket-ledger: numbers at record speed for the process tests.
 *
 *   docket-ledger REALM TENANT/SERIES issue PROCESSES KEYS SECONDS [PREFIX]
 *       each process asks for each of KEYS keys, in an order of its own, until each has its number (so long as
 *       SECONDS last); a line for each answer: KEY PERIOD NUMBER TEXT STATE AGAIN ATTEMPTS
 *   docket-ledger REALM TENANT/SERIES batch PROCESSES KEYS SECONDS [PREFIX]
 *       the same in one docket_issue_many()
 *   docket-ledger REALM TENANT/SERIES one [NAME=VALUE...]
 *       one call: key date metadata trace flags expires; a line: STATUS NUMBER STATE AGAIN ATTEMPTS TEXT, and the
 *       last error; with hold=1 it stays until it is killed
 *   docket-ledger REALM TENANT/SERIES elsewhere TEXT NOTE
 *       a line: STATUS NUMBER TEXT, and the last error
 *   docket-ledger REALM TENANT/SERIES flood PACKETS ROUNDS
 *       a raw packet with many keys, whose commit takes a while, and behind it PACKETS with one key each, before any answer
 *       is read, until some answer is OVERLOADED: how many packets were sent, OK, OVERLOADED, something else. REALM is
 *       the folder of docketd's socket
 */
#include "docket_ledger.h"

#include "wire/record.h"
#include "wire/wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KEYS_MAX = 100000, FLOOD_KEYS = 600 };

#define BATCH_NS (int64_t)20000000000

static docket_realm *realm;
static docket_series *series;
static char tenant[DK_WIRE_NAME], name[DK_WIRE_NAME];

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* docketd may just be away. */
static docket_status open_series(const char *directory, double until)
{
    docket_status status;
    do {
        status = realm == NULL ? docket_realm_open(directory, &realm) : DOCKET_OK;
        if (status == DOCKET_OK)
            status = docket_series_open(realm, tenant, name, &series);
        if (status != DOCKET_OK)
            usleep(20000);
    } while (status != DOCKET_OK && now_s() < until);
    return status;
}

/* ---- many keys, many processes ---- */

static void shuffle(uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = (uint32_t)rand() % i, moved = order[i - 1];
        order[i - 1] = order[other];
        order[other] = moved;
    }
}

static void say_number(const char *key, const struct docket_number *got)
{
    printf("%s %d %llu %s %s %d %u\n", key, got->period, (unsigned long long)got->number, got->text, got->state, got->again,
           got->attempts);
}

static int issue_all(const char *prefix, uint32_t count, double until)
{
    static uint32_t order[KEYS_MAX];
    shuffle(order, count);
    for (uint32_t i = 0; i < count;) {
        char key[64];
        struct docket_issue asked = {.key = key};
        struct docket_number got;
        snprintf(key, sizeof key, "%s%u", prefix, order[i]);
        docket_status status = docket_issue(series, &asked, DOCKET_TIMEOUT_DEFAULT, &got);
        if (status == DOCKET_OK) {
            say_number(key, &got);
            i++;
        } else if (!docket_status_retryable(status) || now_s() > until) {
            fprintf(stderr, "%s: %s: %s\n", key, docket_status_name(status), docket_last_error());
            return 1;
        }
    }
    return 0;
}

static int issue_batch(const char *prefix, uint32_t count, double until)
{
    static uint32_t order[KEYS_MAX];
    char(*keys)[64] = calloc(count, sizeof *keys);
    struct docket_issue *asked = calloc(count, sizeof *asked);
    struct docket_number *got = calloc(count, sizeof *got);
    docket_status *statuses = calloc(count, sizeof *statuses), status;
    shuffle(order, count);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "%s%u", prefix, order[i]);
        asked[i].key = keys[i];
    }
    do
        status = docket_issue_many(series, asked, count, BATCH_NS, got, statuses);
    while (status != DOCKET_OK && docket_status_retryable(status) && now_s() < until);
    for (uint32_t i = 0; i < count && status == DOCKET_OK; i++) {
        status = statuses[i];
        if (status == DOCKET_OK)
            say_number(keys[i], &got[i]);
    }
    if (status != DOCKET_OK)
        fprintf(stderr, "%s: %s\n", docket_status_name(status), docket_last_error());
    return status != DOCKET_OK;
}

static int run_many(const char *directory, bool batch, int count, char **words)
{
    if (count < 3)
        return 2;
    unsigned processes = (unsigned)atoi(words[0]);
    uint32_t keys = (uint32_t)atoi(words[1]);
    double until = now_s() + atof(words[2]);
    const char *prefix = count > 3 ? words[3] : "key-";
    int code = 0;
    if (keys > KEYS_MAX)
        return 2;
    for (unsigned i = 0; i < processes; i++) {
        pid_t made = fork();
        if (made != 0)
            continue;
        srand((unsigned)getpid());
        if (open_series(directory, until) != DOCKET_OK) {
            fprintf(stderr, "%s\n", docket_last_error());
            exit(1);
        }
        exit(batch ? issue_batch(prefix, keys, until) : issue_all(prefix, keys, until));
    }
    int ended;
    while (wait(&ended) > 0)
        code |= ended != 0;
    return code;
}

/* ---- one ---- */

static int run_one(int count, char **words)
{
    struct docket_issue asked = {0};
    struct docket_number got = {.state = "-"};
    bool hold = false;
    for (int i = 0; i < count; i++) {
        char *value = strchr(words[i], '=');
        if (value == NULL)
            return 2;
        *value++ = 0;
        if (strcmp(words[i], "key") == 0)
            asked.key = value;
        else if (strcmp(words[i], "date") == 0)
            asked.date = (uint32_t)atoi(value);
        else if (strcmp(words[i], "metadata") == 0)
            asked.metadata = value;
        else if (strcmp(words[i], "trace") == 0)
            asked.trace = value;
        else if (strcmp(words[i], "flags") == 0)
            asked.flags = (unsigned)atoi(value);
        else if (strcmp(words[i], "expires") == 0)
            asked.expires_s = (uint32_t)atoi(value);
        else if (strcmp(words[i], "hold") == 0)
            hold = atoi(value) != 0;
        else
            return 2;
    }
    docket_status status = docket_issue(series, &asked, DOCKET_TIMEOUT_DEFAULT, &got);
    printf("%s %llu %s %d %u %s\n%s\n", docket_status_name(status), (unsigned long long)got.number, got.state, got.again,
           got.attempts, got.text, status == DOCKET_OK ? "" : docket_last_error());
    fflush(stdout);
    while (hold)
        pause();
    return 0;
}

static int run_elsewhere(int count, char **words)
{
    struct docket_number got = {0};
    if (count != 2)
        return 2;
    docket_status status = docket_elsewhere(series, words[0], words[1], DOCKET_TIMEOUT_DEFAULT, &got);
    printf("%s %llu %s\n%s\n", docket_status_name(status), (unsigned long long)got.number, got.text,
           status == DOCKET_OK ? "" : docket_last_error());
    return 0;
}

/* ---- a flood ---- */

static docket_status send_keys(int fd, unsigned tag, unsigned keys)
{
    static struct dk_record_writer writer;
    char key[32];
    const struct dk_record_item item = {.key = key, .flags = DOCKET_SETTLED}; /* held by nobody: it has no seat */
    dk_record_begin(&writer, DK_RECORD_ISSUE);
    writer.head.tag = tag;
    writer.head.attempt = 1;
    writer.head.seat = -1;
    snprintf(writer.head.tenant, sizeof writer.head.tenant, "%s", tenant);
    snprintf(writer.head.name, sizeof writer.head.name, "%s", name);
    for (unsigned i = 0; i < keys; i++) {
        snprintf(key, sizeof key, "flood-%u-%u", tag, i);
        if (!dk_record_put(&writer, &item))
            return DOCKET_BAD_ARGUMENT;
    }
    return dk_record_send(fd, &writer, 1000000000);
}

static int run_flood(const char *runtime, int count, char **words)
{
    static struct dk_record_head head;
    static uint8_t bytes[DK_RECORD_BYTES];
    unsigned sent = 0, given = 0, overloaded = 0, other = 0;
    int directory = open(runtime, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
    if (count != 2 || directory < 0 || dk_wire_connect(directory, &fd) != DOCKET_OK)
        return 2;
    for (int round = atoi(words[1]); round > 0 && overloaded == 0; round--) {
        if (send_keys(fd, sent++, FLOOD_KEYS) != DOCKET_OK)
            break;
        for (int i = atoi(words[0]); i > 0 && send_keys(fd, sent, 1) == DOCKET_OK; i--)
            sent++;
        head.more = 0;
        while (given + overloaded + other < sent && dk_record_receive(fd, 5000000000, &head, bytes) == DOCKET_OK) {
            given += head.status == DOCKET_OK && !head.more;
            overloaded += head.status == DOCKET_OVERLOADED;
            other += head.status != DOCKET_OK && head.status != DOCKET_OVERLOADED;
        }
    }
    printf("sent %u given %u overloaded %u other %u\n", sent, given, overloaded, other);
    return 0;
}

int main(int count, char **words)
{
    const char *slash = count > 3 ? strchr(words[2], '/') : NULL;
    if (slash == NULL || slash - words[2] >= (ptrdiff_t)sizeof tenant) {
        fprintf(stderr, "usage: docket-ledger REALM TENANT/SERIES MODE ...; see tests/process/ledger.c\n");
        return 2;
    }
    memcpy(tenant, words[2], (size_t)(slash - words[2]));
    snprintf(name, sizeof name, "%s", slash + 1);
    const char *mode = words[3];
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(mode, "issue") == 0 || strcmp(mode, "batch") == 0)
        return run_many(words[1], mode[0] == 'b', count - 4, words + 4);
    if (strcmp(mode, "flood") == 0)
        return run_flood(words[1], count - 4, words + 4);
    if (open_series(words[1], now_s() + 5) != DOCKET_OK) {
        printf("%s 0 - 0 0\n%s\n", "NOT_OPENED", docket_last_error());
        return 1;
    }
    if (strcmp(mode, "one") == 0)
        return run_one(count - 4, words + 4);
    if (strcmp(mode, "elsewhere") == 0)
        return run_elsewhere(count - 4, words + 4);
    return 2;
}
