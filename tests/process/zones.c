/* SPDX-License-Identifier: MIT */
/*
 * zones: what docket makes of the cases of zone_cases.py, which come on standard
 * input. A line for each that differs, then the count. "--name NAME": what
 * docketd says of one zone.
 */
#include "daemon/days/zones.h"
#include "numbering/period.h"
#include "numbering/template.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 11 };

struct made {
    const char *trouble; /* NULL: none */
    char label[16];
    struct dk_period period;
    uint32_t date;
    char text[DOCKET_TEXT_MAX];
};

static void render(const char *template, const struct dk_fiscal *fiscal, uint32_t date, uint64_t number, struct made *made)
{
    const struct dk_texts texts = {.tenant = "acme", .prefix = "", .fields = ""};
    struct dk_template parsed, resolved;
    struct dk_rendered rendered;
    if (dk_template_parse(template, &parsed) != DOCKET_OK ||
        dk_template_resolve(&parsed, &texts, fiscal, &resolved) != DOCKET_OK) {
        made->trouble = dk_error_text();
        return;
    }
    dk_template_render(&resolved, "INV", date, &rendered);
    dk_rendered_write(&rendered, number, made->text);
}

static bool find_restart(const char *word, uint8_t *restart)
{
    static const char *const words[DK_RESTART_COUNT] = {"never",  "yearly",    "monthly", "daily",
                                                        "fiscal", "quarterly", "weekly"};
    for (*restart = 0; *restart < DK_RESTART_COUNT; ++*restart)
        if (strcmp(word, words[*restart]) == 0)
            return true;
    return false;
}

static void make(char *const field[FIELDS], struct made *made)
{
    const struct dk_zone *zone;
    struct dk_policy policy = {0};
    int64_t instant_s = strtoll(field[1], NULL, 10);
    *made = (struct made){0};
    if (dk_zone_find(field[0], &zone) != DOCKET_OK)
        made->trouble = dk_error_text();
    else if (!find_restart(field[2], &policy.restart) || !dk_fiscal_parse(field[3], &policy.fiscal))
        made->trouble = "no such restart, or no such fiscal year";
    if (made->trouble != NULL)
        return;
    dk_period_at(&policy, zone, instant_s, &made->period);
    dk_period_text(made->period.label, made->label);
    made->date = zone->date(zone, instant_s);
    render(field[4], &policy.fiscal, made->date, strtoull(field[5], NULL, 10), made);
}

static bool agrees(char *const field[FIELDS], const struct made *made)
{
    const char *label = strcmp(field[6], "-") == 0 ? "" : field[6];
    return made->trouble == NULL && strcmp(made->label, label) == 0 &&
           made->period.start_s == strtoll(field[7], NULL, 10) && made->period.end_s == strtoll(field[8], NULL, 10) &&
           made->date == strtoul(field[9], NULL, 10) && strcmp(made->text, field[10]) == 0;
}

static bool split(char *line, char *field[FIELDS])
{
    line[strcspn(line, "\n")] = 0;
    for (int at = 0; at < FIELDS; at++) {
        field[at] = line;
        line = strchr(line, '\t');
        if ((line == NULL) != (at == FIELDS - 1))
            return false;
        if (line != NULL)
            *line++ = 0;
    }
    return true;
}

static int say_name(const char *name)
{
    const struct dk_zone *zone;
    docket_status status = dk_zone_find(name, &zone);
    printf("%s\n", status == DOCKET_OK ? zone->name : dk_error_text());
    return status == DOCKET_OK ? 0 : 1;
}

int main(int count, char **words)
{
    char line[1024], *field[FIELDS];
    unsigned cases = 0, differ = 0;
    if (count == 3 && strcmp(words[1], "--name") == 0)
        return say_name(words[2]);
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct made made;
        if (!split(line, field)) {
            fprintf(stderr, "no case: %s\n", line);
            return 2;
        }
        make(field, &made);
        cases++;
        if (agrees(field, &made))
            continue;
        differ++;
        printf("%s %s %s %s %s: the oracle says %s %s to %s, %s, %s; docket %s %" PRId64 " to %" PRId64 ", %u, %s%s\n",
               field[0], field[1], field[2], field[3], field[4], field[6], field[7], field[8], field[9], field[10],
               made.label, made.period.start_s, made.period.end_s, made.date, made.text,
               made.trouble != NULL ? made.trouble : "");
    }
    printf("%u cases, %u differ\n", cases, differ);
    return differ != 0;
}
