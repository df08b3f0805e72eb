/* SPDX-License-Identifier: MIT */
/*
 * caller REALM TENANT SERIES: takes numbers when it is told to, line by line on
 * stdin, and answers each with a line: a number, "ok", or a status and its
 * sentence. It keeps its seat and its leases between lines, so that a script can
 * change docketd under it.
 *
 *   next        docket_next
 *   many N      docket_next_many, at most 100; answers with the first number
 *   open N      a block of N numbers
 *   take        the block's next number
 *   give        gives the block back
 *   end         ends in order, as the end of stdin does
 */
#include "docket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(docket_status status, uint64_t number)
{
    if (status != DOCKET_OK)
        printf("%s %s\n", docket_status_name(status), docket_last_error());
    else if (number == 0)
        puts("ok");
    else
        printf("%llu\n", (unsigned long long)number);
    fflush(stdout);
}

int main(int count, char **values)
{
    const int64_t wait_ns = 20000000000; /* docketd may be starting */
    docket_realm *realm;
    docket_series *series;
    docket_block *block = NULL;
    char line[64];
    if (count != 4) {
        fputs("usage: caller REALM TENANT SERIES\n", stderr);
        return 2;
    }
    docket_status status = docket_realm_open(values[1], &realm);
    if (status == DOCKET_OK)
        status = docket_series_open(realm, values[2], values[3], &series);
    say(status, 0);
    if (status != DOCKET_OK)
        return 1;
    while (fgets(line, sizeof line, stdin) != NULL) {
        uint64_t number = 0;
        line[strcspn(line, "\n")] = 0;
        if (strcmp(line, "end") == 0)
            break;
        if (strcmp(line, "next") == 0) {
            status = docket_next(series, wait_ns, &number, NULL);
        } else if (strncmp(line, "many ", 5) == 0) {
            uint64_t numbers[100] = {0};
            uint32_t got;
            status = docket_next_many(series, wait_ns, numbers, (uint32_t)strtoul(line + 5, NULL, 10) % 101, &got, NULL);
            number = numbers[0];
        } else if (strncmp(line, "open ", 5) == 0) {
            status = docket_block_open(series, (uint32_t)strtoul(line + 5, NULL, 10), wait_ns, &block);
        } else if (strcmp(line, "take") == 0) {
            status = docket_block_next(block, &number);
        } else if (strcmp(line, "give") == 0) {
            status = docket_block_give_back(block, NULL);
            block = NULL;
        } else {
            fprintf(stderr, "caller: what is '%s'?\n", line);
            return 2;
        }
        say(status, number);
    }
    docket_realm_close(realm);
    return 0;
}
