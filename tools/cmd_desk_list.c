/* SPDX-License-Identifier: MIT */
/*
 * docket desk list: the desks of a realm, whose they are, what they take.
 */
#include "output.h"
#include "viewing.h"

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>

enum { COLUMNS = 14 };
static const char *const headings[COLUMNS] = {"DESK",    "FILES",   "USER",    "GROUP",        "OWNER",        "FILE_GROUP",
                                              "MODE",    ">SEATS",  ">SERIES", ">BYTES",       "->BOARD_BYTES", "->TABLE_BYTES",
                                              "->SEAT_BYTES", ">WAITING"};
static const struct output_heads heads = {headings, COLUMNS};

struct listing {
    json_t *desks; /* or */
    struct output_table *table;
};

/* The name of a number, or the number. */
enum { NAME_BYTES = 48 };

static const char *owner_name(uint32_t uid, char text[NAME_BYTES])
{
    const struct passwd *found = getpwuid(uid);
    if (found != NULL)
        snprintf(text, NAME_BYTES, "%.40s", found->pw_name);
    else
        snprintf(text, NAME_BYTES, "%" PRIu32, uid);
    return text;
}

static const char *group_name(uint32_t gid, char text[NAME_BYTES])
{
    const struct group *found = getgrgid(gid);
    if (found != NULL)
        snprintf(text, NAME_BYTES, "%.40s", found->gr_name);
    else
        snprintf(text, NAME_BYTES, "%" PRIu32, gid);
    return text;
}

static json_t *desk_json(const struct docket_view_desk *desk)
{
    char mode[16];
    snprintf(mode, sizeof mode, "%04o", desk->mode);
    return json_pack("{s:s, s:o, s:o, s:o, s:I, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "files", desk->name,
                     "desk", output_string(desk->title), "user", output_string(desk->user), "group",
                     output_string(desk->group), "owner_uid", (json_int_t)desk->owner_uid, "group_gid",
                     (json_int_t)desk->group_gid, "mode", mode, "seats_taken", (json_int_t)desk->seats_taken,
                     "seats_max", (json_int_t)desk->seats_max, "series", (json_int_t)desk->slots_used, "series_max",
                     (json_int_t)desk->slots_max, "board_bytes", (json_int_t)desk->board_bytes, "table_bytes",
                     (json_int_t)desk->table_bytes, "seats_bytes", (json_int_t)desk->seats_bytes, "waiting",
                     (json_int_t)desk->waiting);
}

static const char *or_dash(const char *text)
{
    return text[0] != '\0' ? text : "-";
}

static int list_one(void *context, const struct docket_view_desk *desk)
{
    struct listing *listing = context;
    char owner[NAME_BYTES], group[NAME_BYTES], mode[16], seats[32], series[32], figures[5][24];
    if (listing->desks != NULL) {
        json_array_append_new(listing->desks, desk_json(desk));
        return 0;
    }
    const uint64_t values[5] = {desk->board_bytes + desk->table_bytes + desk->seats_bytes, desk->board_bytes,
                                desk->table_bytes, desk->seats_bytes, desk->waiting};
    for (size_t i = 0; i < 5; i++)
        snprintf(figures[i], sizeof figures[i], "%" PRIu64, values[i]);
    snprintf(mode, sizeof mode, "%04o", desk->mode);
    snprintf(seats, sizeof seats, "%" PRIu32 "/%" PRIu32, desk->seats_taken, desk->seats_max);
    snprintf(series, sizeof series, "%" PRIu32 "/%" PRIu32, desk->slots_used, desk->slots_max);
    const char *const cells[COLUMNS] = {or_dash(desk->title),
                                        desk->name,
                                        or_dash(desk->user),
                                        or_dash(desk->group),
                                        owner_name(desk->owner_uid, owner),
                                        group_name(desk->group_gid, group),
                                        mode,
                                        seats,
                                        series,
                                        figures[0],
                                        figures[1],
                                        figures[2],
                                        figures[3],
                                        figures[4]};
    output_row(listing->table, cells);
    return 0;
}

static int list(const struct cli *cli, docket_view *view)
{
    struct listing listing = {0};
    if (cli->json)
        listing.desks = json_array();
    else
        listing.table = output_table_new(cli, &heads);
    docket_status status = docket_view_each_desk(view, list_one, &listing);
    int code = CLI_DONE;
    if (status != DOCKET_OK) {
        code = cli_fail_status(cli, status);
        output_table_drop(listing.table);
    } else if (cli->json) {
        json_t *object = output_object();
        if (object != NULL) {
            json_object_set_new(object, "realm", output_string(cli->realm));
            json_object_set(object, "desks", listing.desks);
        }
        code = output_json(cli, object);
    } else {
        output_table_print(listing.table);
    }
    json_decref(listing.desks);
    return code;
}

static int run(struct cli *cli)
{
    docket_view *view = NULL;
    int code = output_check(cli, &heads, 1);
    if (code == CLI_DONE)
        code = viewing_open(cli, &view);
    if (code == CLI_DONE)
        code = list(cli, view);
    docket_view_close(view);
    return code;
}

const struct cli_command command_desk_list = {
    .name = "desk list",
    .examples = "$ docket desk list\n"
                "$ docket desk list --columns DESK,MODE,BYTES --no-headings\n",
    .operands = "",
    .summary = "the realm's desks: who may sit there, and what they take",
    .text = "USER and GROUP may sit there, as docket.conf said when docketd started (a dash: root,\n"
            "docketd's user, and with access = shared everybody else at the default desk). OWNER,\n"
            "FILE_GROUP and MODE are those of the shared files, BYTES what they take of the\n"
            "tmpfs. More columns: BOARD_BYTES, TABLE_BYTES, SEAT_BYTES. Reads the shared files\n"
            "only and works while docketd is dead.",
    .options = CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run};
