/* SPDX-License-Identifier: MIT */
#include "picking.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_BYTES_MAX = 64 << 20 };

static int add(const struct cli *cli, struct picking *picking, const struct docket_which *one)
{
    if (picking->count == PICKING_MAX)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "these are more than %u numbers; split them", PICKING_MAX);
    if (picking->count == picking->room) {
        size_t room = picking->room > 0 ? picking->room * 2 : 64;
        struct docket_which *more = realloc(picking->which, room * sizeof *more);
        if (more == NULL)
            return cli_fail(cli, DOCKET_NO_MEMORY, "no memory for so many numbers");
        picking->which = more;
        picking->room = room;
    }
    picking->which[picking->count] = *one;
    picking->which[picking->count++].hold = picking->name;
    return CLI_DONE;
}

/* 17, 17..20, and 17-20 where it always could be said so (docket void). Anything else is a document
 * number, which may have digits and a dash alone: 2026-3000. */
static bool take_range(const char *text, bool dashes, uint64_t *first, uint64_t *last)
{
    uint64_t edges[2] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 15 || text[0] == '0')
            return false;
        edges[i] = strtoull(text, NULL, 10);
        text += digits;
        if (i == 0 && *text == '\0')
            edges[++i] = edges[0];
        else if (i == 0)
            text += strncmp(text, "..", 2) == 0 ? 2 : dashes && *text == '-';
    }
    *first = edges[0];
    *last = edges[1];
    return *text == '\0' && *first <= *last;
}

bool picking_is_range(const char *text)
{
    size_t digits = strspn(text, "0123456789"), dots = text[digits] == '.' ? 2 : text[digits] == '-';
    if (digits == 0 || text[digits] == '\0')
        return digits > 0;
    const char *rest = strncmp(text + digits, "..", dots) == 0 || dots == 1 ? text + digits + dots : "";
    return text[0] != '0' && rest[0] != '0' && rest[0] != '\0' && rest[strspn(rest, "0123456789")] == '\0';
}

static int add_text(const struct cli *cli, struct picking *picking, const char *text)
{
    uint64_t first, last;
    int code = CLI_DONE;
    bool ranged = take_range(text, strcmp(cli->command->name, "void") == 0, &first, &last);
    if (!ranged && strstr(text, "..") != NULL && picking_is_range(text))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "%.60s is no range: it wants two numbers of at most 15 digits, the lower one first, such as 17..20", text);
    if (!ranged)
        return add(cli, picking, &(struct docket_which){.text = text});
    picking->has_numbers = true;
    for (uint64_t number = first; code == CLI_DONE && number <= last; number++)
        code = add(cli, picking, &(struct docket_which){.number = number});
    return code;
}

static int read_lines(const struct cli *cli, struct picking *picking)
{
    size_t room = 1 << 16, used = 0;
    picking->lines = malloc(room);
    while (picking->lines != NULL && !feof(stdin) && !ferror(stdin) && used < LINES_BYTES_MAX) {
        if (used + 1 == room) {
            char *more = realloc(picking->lines, room *= 2);
            if (more == NULL)
                free(picking->lines);
            picking->lines = more;
            if (more == NULL)
                break;
        }
        used += fread(picking->lines + used, 1, room - used - 1, stdin);
    }
    if (ferror(stdin))
        return cli_fail(cli, DOCKET_SYSTEM, "cannot read stdin: %s", strerror(errno));
    if (used >= LINES_BYTES_MAX)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "stdin has more than %d bytes; split it", LINES_BYTES_MAX);
    if (picking->lines == NULL)
        return cli_fail(cli, DOCKET_NO_MEMORY, "no memory for what stdin has");
    picking->lines[used] = '\0';
    if (strlen(picking->lines) != used)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "stdin has a zero byte in it, and wants one number a line");
    return CLI_DONE;
}

static int take_lines(const struct cli *cli, struct picking *picking, bool texts_only)
{
    int code = read_lines(cli, picking);
    for (char *at = picking->lines; code == CLI_DONE && *at != '\0';) {
        size_t bytes = strcspn(at, "\n");
        char *next = at + bytes + (at[bytes] == '\n');
        at[bytes] = '\0';
        if (bytes > 0 && at[bytes - 1] == '\r')
            at[bytes - 1] = '\0';
        if (at[0] != '\0')
            code = texts_only ? add(cli, picking, &(struct docket_which){.text = at}) : add_text(cli, picking, at);
        at = next;
    }
    return code;
}

static int take_all(const struct cli *cli, int first, struct picking *picking, bool texts_only)
{
    int code = CLI_DONE;
    for (int i = first; code == CLI_DONE && i < cli->operand_count; i++) {
        const char *text = cli->operands[i];
        if (strcmp(text, "-") != 0)
            code = texts_only ? add(cli, picking, &(struct docket_which){.text = text}) : add_text(cli, picking, text);
        else if (picking->lines != NULL)
            code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "stdin can be read once; say - once");
        else
            code = take_lines(cli, picking, texts_only);
    }
    return code;
}

int picking_take_texts(const struct cli *cli, int first, struct picking *picking)
{
    *picking = (struct picking){0};
    return take_all(cli, first, picking, true);
}

int picking_take(const struct cli *cli, int first, struct picking *picking)
{
    bool has_list = cli->operand_count > first;
    *picking = (struct picking){.key = cli->values[OPT_KEY], .name = cli->values[OPT_NAME]};
    picking->whole = picking->name != NULL && !has_list;
    if (picking->key != NULL && (picking->name != NULL || has_list))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket %s wants a --key, or numbers (and the --name that holds them), not both",
                        cli->command->name);
    if (picking->key == NULL && picking->name == NULL && !has_list)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT,
                        "docket %s wants --key KEY, --name NAME, or document numbers (- reads them from stdin)",
                        cli->command->name);
    if (picking->key != NULL)
        return add(cli, picking, &(struct docket_which){.key = picking->key});
    return take_all(cli, first, picking, false);
}

docket_status picking_period(struct picking *picking, docket_realm *realm, const struct address *address)
{
    struct tracked tracked = {.period = address->period};
    docket_status status = DOCKET_OK;
    if (picking->has_numbers && address->period == ADDRESS_NO_PERIOD)
        status = tracked_ask(realm, address, &tracked);
    for (size_t i = 0; status == DOCKET_OK && i < picking->count; i++)
        if (picking->which[i].number != 0)
            picking->which[i].period = tracked.period;
    return status;
}

void picking_free(struct picking *picking)
{
    free(picking->which);
    free(picking->lines);
    *picking = (struct picking){0};
}

const char *picking_label(const struct docket_which *which, char label[PICKING_LABEL_BYTES])
{
    char period[PERIOD_TEXT_BYTES];
    if (which->number != 0)
        snprintf(label, PICKING_LABEL_BYTES, "%" PRIu64 " of %s", which->number, address_period_text(which->period, period));
    else
        snprintf(label, PICKING_LABEL_BYTES, "%s", which->key != NULL ? which->key : which->text);
    return label;
}
