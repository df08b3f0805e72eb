/* SPDX-License-Identifier: MIT */
/* docket version */
#include "output.h"

#include <stdio.h>

static int run(struct cli *cli)
{
    if (!cli->json) {
        printf("docket %s\n", docket_version());
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_set_new(object, "version", json_string(docket_version()));
    return output_json(cli, object);
}

const struct cli_command command_version = {.name = "version",
                                            .examples = "$ docket version\n",
                                            .operands = "",
                                            .summary = "the version of docket",
                                            .text = "Prints the version of the library that docket uses.",
                                            .options = BIT(OPT_JSON),
                                            .run = run};
