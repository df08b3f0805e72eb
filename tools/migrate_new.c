/* SPDX-License-Identifier: MIT */
#include "migrate_new.h"

#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "src/store/migrations"

enum { NAME_MAX_BYTES = 32, LAST_NUMBER = 9999 };

/* %1$04u the schema, %2$s the name, %u the schema as a number. */
static const char template[] =
    "/* SPDX-License-Identifier: MIT */\n"
    "/*\n"
    " * %04u_%s: TODO what this schema has that the one before has not.\n"
    " *\n"
    " * TODO what up makes of a store of before, and what down makes of one of now.\n"
    " */\n"
    "#include \"store/migrations/migrations.h\"\n"
    "\n"
    "static docket_status up(struct dk_step *step)\n"
    "{\n"
    "    (void)step; /* TODO: dk_env_make_database(), dk_env_put() in step->txn */\n"
    "    return DOCKET_OK;\n"
    "}\n"
    "\n"
    "static docket_status down(struct dk_step *step)\n"
    "{\n"
    "    (void)step; /* TODO: dk_step_drop(), dk_step_remove_meta() */\n"
    "    return DOCKET_OK;\n"
    "}\n"
    "\n"
    "/* What the schema before cannot hold. */\n"
    "static docket_status look_at_series(struct dk_step *step, const struct dk_series_record *record)\n"
    "{\n"
    "    if (record->id == 0) /* TODO: what is new, and says something */\n"
    "        dk_step_loses(step, \"series with TODO\", \"%%s/%%s\", record->tenant, record->name);\n"
    "    return DOCKET_OK;\n"
    "}\n"
    "\n"
    "static docket_status loses(struct dk_step *step)\n"
    "{\n"
    "    return dk_step_each_series(step, look_at_series);\n"
    "}\n"
    "\n"
    "const struct dk_migration dk_migration_%04u_%s = {\n"
    "    .id = \"%04u_%s\",\n"
    "    .schema = %u,\n"
    "    .brings = \"TODO\",\n"
    "    .leaves = \"nothing\",\n"
    "    .up = up,\n"
    "    .down = down,\n"
    "    .loses = loses};\n";

/* The tree that the working directory is in. */
static bool find_tree(char folder[PATH_MAX])
{
    char at[PATH_MAX];
    if (getcwd(at, sizeof at) == NULL)
        return false;
    for (;;) {
        int length = snprintf(folder, PATH_MAX, "%s/" FOLDER, strcmp(at, "/") == 0 ? "" : at);
        char list[PATH_MAX + 16];
        snprintf(list, sizeof list, "%s/migrations.h", folder);
        if (length > 0 && length < PATH_MAX && access(list, R_OK) == 0)
            return true;
        char *slash = strrchr(at, '/');
        if (slash == NULL || slash == at)
            return false;
        *slash = '\0';
    }
}

/* The highest NNNN of the files there; 0: none. */
static unsigned last_of(const char *folder)
{
    unsigned last = 0;
    DIR *entries = opendir(folder);
    const struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (strspn(entry->d_name, "0123456789") != 4 || entry->d_name[4] != '_')
            continue;
        unsigned number = (unsigned)strtoul(entry->d_name, NULL, 10);
        last = number > last ? number : last;
    }
    if (entries != NULL)
        closedir(entries);
    return last;
}

static int write_file(const struct cli *cli, const char *path, unsigned schema, const char *name)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL)
        return cli_fail(cli, DOCKET_SYSTEM, "cannot make %s: %s", path, strerror(errno));
    fprintf(file, template, schema, name, schema, name, schema, name, schema);
    bool failed = fflush(file) != 0 || ferror(file);
    if (fclose(file) != 0 || failed) {
        unlink(path);
        return cli_fail(cli, DOCKET_SYSTEM, "cannot write %s: %s", path, strerror(errno));
    }
    return CLI_DONE;
}

static int tell(const struct cli *cli, const char *path, unsigned schema, const char *name)
{
    if (cli->json) {
        json_t *object = output_object();
        if (object != NULL)
            json_object_update_new(object, json_pack("{s:o, s:i}", "file", output_string(path), "schema", (int)schema));
        return output_json(cli, object);
    }
    printf("%s\n", path);
    cli_note(cli,
             "left to do: its TODOs; ROW(%04u_%s) in migrations.h; DK_SCHEMA_VERSION %u in store.h; what facts.c hashes, if "
             "records are spelled anew; a row in docs/SCHEMA.md; and tests/unit/test_migrate.c, which goes up and down",
             schema, name, schema);
    return CLI_DONE;
}

int migrate_new(const struct cli *cli, const char *name)
{
    char folder[PATH_MAX], path[PATH_MAX + NAME_MAX_BYTES + 16];
    size_t length = strlen(name);
    if (length == 0 || length > NAME_MAX_BYTES || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != length)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "a migration's name is 1 to %d of a-z, 0-9 and _, not '%.60s'",
                        NAME_MAX_BYTES, name);
    if (!find_tree(folder))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "this is for developers, in a source tree: there is no " FOLDER
                                                  "/migrations.h here, nor above");
    unsigned last = last_of(folder);
    if (last == 0 || last >= LAST_NUMBER)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "%s holds no NNNN_name.c that the next one could follow", folder);
    snprintf(path, sizeof path, "%s/%04u_%s.c", folder, last + 1, name);
    int code = write_file(cli, path, last + 1, name);
    return code == CLI_DONE ? tell(cli, path, last + 1, name) : code;
}
