/* SPDX-License-Identifier: MIT */
/* scan_reader: which series there are: those of a realm, or one that --template says. */
#include "scan.h"

#include "../session.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

struct asking {
    const struct cli *cli;
    docket_reader *reader;
    uint64_t added;
};

static docket_status ask(docket_realm *realm, void *context)
{
    struct asking *asking = context;
    return docket_reader_add_realm(asking->reader, realm, asking->cli->values[OPT_TENANT], &asking->added);
}

/* Whoever only looks at numbers makes no realm. */
static bool has_store(const char *realm)
{
    char path[PATH_MAX];
    struct stat facts;
    int used = snprintf(path, sizeof path, "%s/store", realm);
    return used > 0 && used < PATH_MAX && stat(path, &facts) == 0;
}

static int read_realm(const struct cli *cli, docket_reader *reader)
{
    struct asking asking = {cli, reader, 0};
    const char *tenant = cli->values[OPT_TENANT];
    if (!has_store(cli->realm))
        return cli_fail(cli, DOCKET_NO_REALM, "there is no realm %.200s whose series could read the numbers; say how they are "
                                              "written, such as --template 'INV-{YYYY}-{N:6}' --restart yearly",
                        cli->realm);
    int code = session_run(cli, ask, &asking);
    if (code == CLI_DONE && asking.added == 0)
        code = cli_fail(cli, DOCKET_NO_SERIES, "realm %.200s has no series%s%.64s that could read the numbers; or give --template",
                        cli->realm, tenant != NULL ? " of tenant " : "", tenant != NULL ? tenant : "");
    return code;
}

static int read_options(const struct cli *cli, docket_reader *reader)
{
    const struct docket_policy policy = {.template_text = cli->values[OPT_TEMPLATE],
                                         .restart = cli->values[OPT_RESTART],
                                         .fiscal_year = cli->values[OPT_FISCAL_YEAR],
                                         .prefix = cli->values[OPT_PREFIX],
                                         .fields = cli->values[OPT_FIELDS]};
    const char *series = cli_given(cli, OPT_SERIES) ? cli->values[OPT_SERIES] : "INV";
    docket_status status = docket_reader_add(reader, NULL, series, &policy);
    return status == DOCKET_OK ? CLI_DONE : cli_fail_status(cli, status);
}

int scan_open_reader(const struct cli *cli, docket_reader **reader)
{
    static const enum cli_option_id of_template[] = {OPT_RESTART, OPT_FISCAL_YEAR, OPT_PREFIX, OPT_FIELDS, OPT_SERIES};
    bool by_template = cli_given(cli, OPT_TEMPLATE);
    for (size_t i = 0; !by_template && i < sizeof of_template / sizeof of_template[0]; i++)
        if (cli_given(cli, of_template[i]))
            return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--%s goes with --template; without one the realm's series are asked",
                            cli_option_of(cli->command, (int)of_template[i])->name);
    docket_status status = docket_reader_open(reader);
    if (status != DOCKET_OK)
        return cli_fail_status(cli, status);
    int code = by_template ? read_options(cli, *reader) : read_realm(cli, *reader);
    if (code != CLI_DONE) {
        docket_reader_close(*reader);
        *reader = NULL;
    }
    return code;
}
