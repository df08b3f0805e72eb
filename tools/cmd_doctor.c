/* SPDX-License-Identifier: MIT */
/*
 * docket doctor: looks at everything a realm needs and says what to do next.
 */
#include "doctor.h"
#include "output.h"
#include "refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { COLUMNS = 4 };
static const char *const headings[COLUMNS] = {"RESULT", "CHECK", "FOUND", "NEXT"};
static const struct output_heads heads = {headings, COLUMNS};

static const char *const names[VERDICTS] = {"PASS", "WARN", "FAIL"};

void doctor_say(struct doctor *doctor, const char *check, enum verdict verdict, const char *next, const char *format,
                ...)
{
    static const enum output_colour colours[VERDICTS] = {OUTPUT_GREEN, OUTPUT_YELLOW, OUTPUT_RED};
    char found[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(found, sizeof found, format, arguments);
    va_end(arguments);
    doctor->counts[verdict]++;
    if (doctor->list != NULL) {
        json_array_append_new(doctor->list,
                              json_pack("{s:s, s:s, s:o, s:o}", "check", check, "result", names[verdict], "found",
                                        output_string(found), "next",
                                        next != NULL ? output_string(next) : json_null()));
        return;
    }
    const char *const cells[COLUMNS] = {names[verdict], check, found, next != NULL ? next : ""};
    output_row(doctor->table, cells);
    output_paint(doctor->table, 0, colours[verdict]);
}

/* The view, or why there is none; the other checks go on without it. */
static void open_view(struct doctor *doctor)
{
    docket_status status = docket_view_open(doctor->cli->realm, &doctor->view);
    if (status == DOCKET_OK)
        status = docket_view_realm_show(doctor->view, &doctor->realm);
    if (status != DOCKET_OK) {
        const char *next = status == DOCKET_UNREACHABLE ? "start docketd for this realm"
                           : status == DOCKET_NOT_PERMITTED
                               ? "run the doctor as the realm's owner"
                               : "see what the sentence says, then start docketd anew";
        doctor_say(doctor, "shared files", VERDICT_FAIL, next, "%s", docket_last_error());
        docket_view_close(doctor->view);
        doctor->view = NULL;
        return;
    }
    if (doctor->realm.desks_left_out > 0)
        doctor_say(doctor, "shared files", VERDICT_FAIL,
                   "stop that desk's workers, then docketd in order, and start it again",
                   "%u of %u desks cannot be read: %s", doctor->realm.desks_left_out,
                   doctor->realm.desk_count + doctor->realm.desks_left_out, doctor->realm.left_out_why);
    else
        doctor_say(doctor, "shared files", VERDICT_PASS, NULL, "%u desks in %s", doctor->realm.desk_count,
                   doctor->realm.runtime);
    doctor->about_known = docket_view_about_show(doctor->view, &doctor->about) == DOCKET_OK;
}

/* Why nobody serves: docketd said so itself. */
static void examine_refusal(struct doctor *doctor)
{
    static struct refusal refusal;
    if (doctor->realm.serving <= 0 && refusal_read(doctor->cli->realm, &refusal))
        doctor_say(doctor, "last start", VERDICT_FAIL, "read REALM/refused: what was found, what it means, what can be done",
                   "docketd refused to serve: %s", refusal.sentence);
    if (doctor->realm.serving > 0 && refusal_read_held(doctor->cli->realm, &refusal))
        doctor_say(doctor, "witness command", VERDICT_FAIL, "mend it: docketd gives nothing once it may go no further", "%s",
                   refusal.sentence);
}

static void examine(struct doctor *doctor)
{
    open_view(doctor);
    /* The view's strings live until its next call. */
    if (doctor->about_known && doctor->about.witness[0] != '\0')
        snprintf(doctor->witness, sizeof doctor->witness, "%s", doctor->about.witness);
    else
        snprintf(doctor->witness, sizeof doctor->witness, "%s/witness", doctor->path);
    examine_refusal(doctor);
    if (doctor->view != NULL) {
        doctor_docketd(doctor);
        doctor_versions(doctor);
        doctor_config(doctor);
    }
    doctor_disk(doctor);
    if (doctor->view != NULL) {
        doctor_tmpfs(doctor);
        doctor_descriptors(doctor);
    }
    doctor_modes(doctor);
    doctor_witness(doctor);
    if (doctor->about_known)
        doctor_far_witness(doctor);
    doctor_clock(doctor);
    doctor_ntp(doctor);
    if (doctor->view != NULL) {
        doctor_desks(doctor);
        doctor_seats(doctor);
        doctor_series(doctor);
    }
}

static int print(struct doctor *doctor)
{
    const unsigned *counts = doctor->counts;
    const char *worst = names[counts[VERDICT_FAIL] > 0   ? VERDICT_FAIL
                              : counts[VERDICT_WARN] > 0 ? VERDICT_WARN
                                                         : VERDICT_PASS];
    if (doctor->list != NULL) {
        json_t *object = output_object();
        if (object != NULL)
            json_object_update_new(object, json_pack("{s:o, s:s, s:{s:i, s:i, s:i}, s:O}", "realm",
                                                     output_string(doctor->path), "result", worst, "counts", "pass",
                                                     (int)counts[VERDICT_PASS], "warn", (int)counts[VERDICT_WARN],
                                                     "fail", (int)counts[VERDICT_FAIL], "checks", doctor->list));
        return output_json(doctor->cli, object);
    }
    output_table_print(doctor->table);
    doctor->table = NULL;
    printf("%u passed, %u to look at, %u failed\n", counts[VERDICT_PASS], counts[VERDICT_WARN], counts[VERDICT_FAIL]);
    return CLI_DONE;
}

static int run(struct cli *cli)
{
    static struct doctor doctor;
    struct stat facts;
    int code = output_check(cli, &heads, 1);
    if (code != CLI_DONE)
        return code;
    doctor = (struct doctor){.cli = cli};
    snprintf(doctor.witness, sizeof doctor.witness, "%s/store", cli->realm);
    bool there = realpath(cli->realm, doctor.path) != NULL && stat(doctor.witness, &facts) == 0;
    if (!there && errno == EACCES)
        return cli_fail(cli, DOCKET_NOT_PERMITTED, "cannot look into %s; run the doctor as the realm's owner",
                        cli->realm);
    if (!there)
        return cli_fail(cli, DOCKET_NO_REALM, "%s holds no realm (it has no store): there is nothing to look at",
                        cli->realm);
    if (cli->json)
        doctor.list = json_array();
    else
        doctor.table = output_table_new(cli, &heads);
    examine(&doctor);
    code = print(&doctor);
    json_decref(doctor.list);
    output_table_drop(doctor.table);
    docket_view_close(doctor.view);
    return code == CLI_DONE && doctor.counts[VERDICT_FAIL] > 0 ? CLI_NO : code;
}

const struct cli_command command_doctor = {
    .name = "doctor",
    .examples = "$ docket doctor\n"
                "$ docket doctor --columns RESULT,CHECK\n",
    .operands = "",
    .summary = "looks at all that the realm needs: PASS, WARN or FAIL, and the next step",
    .text = "Disk, inodes and tmpfs; docketd and its limit of descriptors; versions; owners and\n"
            "modes; witness; clock and its synchronisation; configuration changed since the\n"
            "start; desks, seats of dead processes, quarantined series, windows that are not\n"
            "for books. Changes nothing, asks docketd nothing, and works while it is dead. Run\n"
            "it as the realm's owner. Exit code 1 if a check failed, 0 if not.",
    .options = CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run};
