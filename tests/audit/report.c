/* SPDX-License-Identifier: MIT */
/*
 * report: the audit's result for people and for programs.
 */
#include "audit.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

/* 1234567 as 1,234,567 */
static const char *grouped(uint64_t value, char text[32])
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, value);
    char *to = text;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = 0;
    return text;
}

static void line(FILE *to, const char *what, uint64_t value, const char *remark)
{
    char text[32];
    fprintf(to, "  %-14s %17s%s%s\n", what, grouped(value, text), *remark ? "   " : "", remark);
}

static void print_totals(const struct audit *audit, FILE *to)
{
    const struct totals *totals = &audit->totals;
    char remark[96];
    snprintf(remark, sizeof remark, "of them %" PRIu64 " of killed threads", totals->logs_killed);
    line(to, "logs", totals->logs, remark);
    line(to, "counters", totals->counters, "");
    line(to, "logged", totals->records, "");
    snprintf(remark, sizeof remark, "%" PRIu64 " not logged, %" PRIu64 " excused by kills",
             totals->unlogged, totals->excused);
    line(to, "handed out", totals->fate[FATE_HANDED_OUT], totals->unlogged ? remark : "");
    for (unsigned fate = FATE_FREE; fate < FATES; fate++)
        if (totals->fate[fate] > 0)
            line(to, fate_name((enum fate)fate), totals->fate[fate], "");
    line(to, "spare", totals->fate[FATE_SPARE], "");
    line(to, "laid", totals->fate[FATE_LAID], "");
    line(to, "open", totals->fate[FATE_OPEN], "");
    line(to, "void", totals->fate[FATE_VOID], "");
    line(to, "unknown", totals->fate[FATE_UNKNOWN], "");
    for (unsigned i = 0; i < totals->cause_count; i++) {
        const struct cause *cause = &totals->causes[i];
        snprintf(remark, sizeof remark, "in %" PRIu64 " ranges: %s", cause->ranges, cause->text);
        line(to, "", cause->numbers, remark);
    }
}

static void print_example(const struct example *example, FILE *to)
{
    fprintf(to, "    %s\n", example->text);
    for (unsigned i = 0; i < example->place_count; i++)
        fprintf(to, "      %s\n", example->places[i]);
}

static void print_findings(const struct findings *findings, FILE *to)
{
    char text[32];
    fprintf(to, "\nfindings\n");
    for (unsigned i = 0; i < FINDING_KINDS; i++) {
        enum finding_kind kind = (enum finding_kind)i;
        fprintf(to, "  %-52s %17s\n", finding_text(kind), grouped(findings->count[kind], text));
        for (unsigned j = 0; j < findings->example_count[kind]; j++)
            print_example(&findings->examples[kind][j], to);
    }
}

void report_text(const struct audit *audit, FILE *to)
{
    fprintf(to, "audit: what the workers logged against what docket says of it\n\n");
    print_totals(audit, to);
    print_findings(&audit->findings, to);
    fprintf(to, "\nduplicates %" PRIu64 "\nunaccounted %" PRIu64 "\n%s\n",
            audit->findings.count[FINDING_GIVEN_TWICE], findings_unaccounted(&audit->findings),
            findings_none(&audit->findings) ? "clean" : "NOT CLEAN");
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *causes_json(const struct totals *totals)
{
    json_t *causes = json_array();
    for (unsigned i = 0; i < totals->cause_count; i++) {
        json_t *cause = json_object();
        json_object_set_new(cause, "cause", json_string(totals->causes[i].text));
        json_object_set_new(cause, "ranges", number(totals->causes[i].ranges));
        json_object_set_new(cause, "numbers", number(totals->causes[i].numbers));
        json_array_append_new(causes, cause);
    }
    return causes;
}

static json_t *findings_json(const struct findings *findings)
{
    json_t *counts = json_object();
    for (unsigned kind = 0; kind < FINDING_KINDS; kind++)
        json_object_set_new(counts, finding_key((enum finding_kind)kind),
                            number(findings->count[kind]));
    return counts;
}

static json_t *examples_json(const struct findings *findings)
{
    json_t *examples = json_array();
    for (unsigned kind = 0; kind < FINDING_KINDS; kind++)
        for (unsigned i = 0; i < findings->example_count[kind]; i++) {
            const struct example *from = &findings->examples[kind][i];
            json_t *example = json_object();
            json_t *places = json_array();
            for (unsigned j = 0; j < from->place_count; j++)
                json_array_append_new(places, json_string(from->places[j]));
            json_object_set_new(example, "finding",
                                json_string(finding_key((enum finding_kind)kind)));
            json_object_set_new(example, "text", json_string(from->text));
            json_object_set_new(example, "places", places);
            json_array_append_new(examples, example);
        }
    return examples;
}

void report_json(const struct audit *audit, FILE *to)
{
    const struct totals *totals = &audit->totals;
    json_t *root = json_object();
    json_object_set_new(root, "schema_version", number(1));
    json_object_set_new(root, "clean", json_boolean(findings_none(&audit->findings)));
    json_object_set_new(root, "logs", number(totals->logs));
    json_object_set_new(root, "logs_killed", number(totals->logs_killed));
    json_object_set_new(root, "counters", number(totals->counters));
    json_object_set_new(root, "counters_logged_from_first",
                        number(totals->counters_logged_from_first));
    json_object_set_new(root, "logged", number(totals->records));
    for (unsigned fate = 0; fate < FATES; fate++) {
        char key[16];
        snprintf(key, sizeof key, "%s", fate_name((enum fate)fate));
        char *space = strchr(key, ' ');
        if (space)
            *space = '_';
        json_object_set_new(root, key, number(totals->fate[fate]));
    }
    json_object_set_new(root, "not_logged", number(totals->unlogged));
    json_object_set_new(root, "excused", number(totals->excused));
    json_object_set_new(root, "unknown_causes", causes_json(totals));
    json_object_set_new(root, "duplicates", number(audit->findings.count[FINDING_GIVEN_TWICE]));
    json_object_set_new(root, "unaccounted", number(findings_unaccounted(&audit->findings)));
    json_object_set_new(root, "findings", findings_json(&audit->findings));
    json_object_set_new(root, "examples", examples_json(&audit->findings));
    json_dumpf(root, to, JSON_INDENT(2));
    fputc('\n', to);
    json_decref(root);
}
