/* SPDX-License-Identifier: MIT */
#include "fates.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *fate;
    enum fates_class class;
} classes[] = {
    {"handed out", FATES_ISSUED}, {"issued", FATES_ISSUED},   {"void", FATES_VOID},      {"unknown", FATES_UNKNOWN},
    {"reserved", FATES_HELD},     {"pending", FATES_HELD},    {"in doubt", FATES_HELD},  {"laid", FATES_TO_COME},
    {"open", FATES_TO_COME},      {"spare", FATES_TO_COME},   {"free", FATES_TO_COME},
};

enum fates_class fates_class_of(const char *fate)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(classes[i].fate, fate) == 0)
            return classes[i].class;
    return FATES_UNKNOWN;
}

const char *fates_who(const struct docket_fate_row *row, char text[FATES_WHO_BYTES])
{
    enum fates_class class = fates_class_of(row->fate);
    if (row->uid >= 0)
        snprintf(text, FATES_WHO_BYTES, "uid %" PRId64, row->uid);
    else if (row->seat >= 0)
        snprintf(text, FATES_WHO_BYTES, "seat %" PRId32, row->seat);
    else
        snprintf(text, FATES_WHO_BYTES, "%s", class == FATES_VOID || class == FATES_UNKNOWN ? "docketd" : "-");
    return text;
}

int fates_choose(const struct cli *cli, struct fates_choice *choice)
{
    struct address *address = &choice->address;
    int32_t period = ADDRESS_NO_PERIOD;
    int code = CLI_DONE;
    *address = (struct address){.period = ADDRESS_NO_PERIOD};
    if (cli->operand_count > 0)
        code = address_parse_wide(cli, cli->operands[0], address);
    if (code == CLI_DONE && cli_given(cli, OPT_PERIOD))
        code = address_period(cli, cli->values[OPT_PERIOD], &period);
    if (code != CLI_DONE || period == ADDRESS_NO_PERIOD)
        return code;
    if (address->period != ADDRESS_NO_PERIOD && address->period != period)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--period names another period than '%.160s'", cli->operands[0]);
    address->period = period;
    return CLI_DONE;
}

struct chosen {
    const struct address *address;
    int (*each)(void *context, const struct docket_fate_row *row);
    void *context;
};

static int choose(void *context, const struct docket_fate_row *row)
{
    const struct chosen *chosen = context;
    const struct address *address = chosen->address;
    if (address->period != ADDRESS_NO_PERIOD && address->period != row->period)
        return 0; /* docketd chooses where it is asked for one series */
    return chosen->each(chosen->context, row);
}

docket_status fates_each(docket_realm *realm, const struct fates_choice *choice,
                         int (*each)(void *context, const struct docket_fate_row *row), void *context)
{
    const struct address *address = &choice->address;
    bool one = address->series[0] != '\0';
    struct chosen chosen = {address, each, context};
    return docket_admin_fate(realm, address->tenant[0] != '\0' ? address->tenant : NULL, one ? address->series : NULL,
                             address->period, choose, &chosen);
}
