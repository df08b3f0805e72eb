/* SPDX-License-Identifier: MIT */
/*
 * docket-importer: one call of docket_import(), of the rows on stdin.
 *
 *     docket-importer REALM TENANT SERIES PERIOD [dry|skip|from=N]...
 *
 * A row: FIRST LAST used|void DATE KEY TEXT ("-" where there is none); its line is its line. Says what was found
 * on one line, then each clash. Exit: 0 done or there, 1 something clashes, 2 a status other than OK, which it says.
 */
#include "docket_import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct docket_import_row rows[DOCKET_IMPORT_ROWS_MAX + 1];
static char texts[DOCKET_IMPORT_ROWS_MAX + 1][2][160];

static int show(void *context, const struct docket_clash *clash)
{
    (void)context;
    printf("clash line %" PRIu64 ": %" PRIu64 "-%" PRIu64 " %s, docket: %s (%s) key '%s' text '%s' trace '%s'%s %" PRIu64
           "\n",
           clash->line, clash->first, clash->last, clash->is_void ? "void" : "used", clash->fate, clash->cause, clash->key,
           clash->text, clash->trace, clash->by_key ? " by key" : "", clash->number);
    return 0;
}

static size_t read_rows(void)
{
    char line[512], kind[16];
    size_t count = 0;
    while (count <= DOCKET_IMPORT_ROWS_MAX && fgets(line, sizeof line, stdin) != NULL) {
        struct docket_import_row *row = &rows[count];
        char (*of)[160] = texts[count];
        if (sscanf(line, "%" SCNu64 " %" SCNu64 " %15s %" SCNu32 " %159s %159s", &row->first, &row->last, kind, &row->date,
                   of[0], of[1]) != 6)
            continue;
        row->is_void = strcmp(kind, "void") == 0;
        row->key = strcmp(of[0], "-") == 0 ? NULL : of[0];
        row->text = strcmp(of[1], "-") == 0 ? NULL : of[1];
        row->line = ++count;
    }
    return count;
}

int main(int argc, char **argv)
{
    struct docket_import import = {.rows = rows, .source = "the test's rows"};
    struct docket_import_found found = {0};
    docket_realm *realm;
    if (argc < 5)
        return 2;
    const struct docket_counter_name name = {argv[2], argv[3], atoi(argv[4])};
    for (int i = 5; i < argc; i++) {
        import.flags |= strcmp(argv[i], "dry") == 0 ? DOCKET_DRY_RUN : 0u;
        import.flags |= strcmp(argv[i], "skip") == 0 ? DOCKET_SKIP_CLASHES : 0u;
        if (strncmp(argv[i], "from=", 5) == 0)
            import.from = strtoull(argv[i] + 5, NULL, 10);
    }
    import.count = read_rows();
    docket_status status = docket_realm_open(argv[1], &realm);
    if (status == DOCKET_OK)
        status = docket_import(realm, &name, &import, &found, show, NULL);
    if (status != DOCKET_OK) {
        printf("%s: %s\n", docket_status_name(status), docket_last_error());
        return 2;
    }
    printf("imported %" PRIu64 " void %" PRIu64 " already %" PRIu64 " below %" PRIu64 " unnamed %" PRIu64
           " clashing %" PRIu64 " highest %" PRIu64 " changed %d\n",
           found.imported, found.voided, found.already, found.below, found.unnamed, found.clashing, found.highest,
           found.changed);
    docket_realm_close(realm);
    return found.clashing != 0;
}
