/* SPDX-License-Identifier: MIT */
#include "inside.h"
int source_open_database(struct legacy_source *source)
{
    return cli_fail(source->cli, DOCKET_BAD_ARGUMENT, "%.40s: databases are not read yet", source->name);
}
