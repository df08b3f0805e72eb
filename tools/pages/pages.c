/* SPDX-License-Identifier: MIT */
/*
 * pages FOLDER PIECES TEMPLATE.in...
 *
 * Writes each template's page to FOLDER, with its lines @WORD ARGUMENTS@ filled
 * in; a page of its own for each group of commands that no template has; a link
 * for each group that stands in another's page; and the completion,
 * FOLDER/docket.bash. A template without a line @commands@ is
 * always written, another one if one of its commands exists.
 *
 *   @head TITLE SECTION@      @synopsis GROUPS@     @commands GROUPS@
 *   @summaries@ @options@ @exit-codes@ @statuses@   @insert FILE@ (of PIECES)
 */
#include "pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1024, CLAIMS_MAX = 64 };

/* Which page has which group. */
static struct claim {
    char group[64];
    char page[64];
} claims[CLAIMS_MAX];
static size_t claim_count;

static _Noreturn void give_up(const char *what, const char *why)
{
    fprintf(stderr, "pages: %s: %s\n", what, why);
    exit(1);
}

static FILE *open_file(const char *folder, const char *name, const char *mode)
{
    char path[LINE_BYTES];
    snprintf(path, sizeof path, "%s%s%s", folder, *folder != '\0' ? "/" : "", name);
    FILE *file = fopen(path, mode);
    if (file == NULL)
        give_up(path, strerror(errno));
    return file;
}

static void close_file(FILE *file, const char *name)
{
    if (ferror(file) || fclose(file) != 0)
        give_up(name, "cannot be read or written");
}

/* "docs/man/docket-next.1.in" -> "docket-next.1", or "docket-next". */
static void name_of(const char *template, const char *ending, char name[64])
{
    const char *slash = strrchr(template, '/');
    snprintf(name, 64, "%s", slash != NULL ? slash + 1 : template);
    char *end = strstr(name, ending);
    if (end == NULL)
        give_up(template, "a template's name ends with .SECTION.in");
    *end = '\0';
}

static void claim(const char *group, size_t bytes, const char *page)
{
    if (claim_count == CLAIMS_MAX)
        give_up(page, "too many groups of commands");
    snprintf(claims[claim_count].group, sizeof claims[0].group, "%.*s", (int)bytes, group);
    snprintf(claims[claim_count++].page, sizeof claims[0].page, "%s", page);
}

static const char *page_of(const struct cli_command *command)
{
    for (size_t i = 0; i < claim_count; i++)
        if (pages_in_group(command, claims[i].group, strlen(claims[i].group)))
            return strcmp(claims[i].page, "docket") != 0 ? claims[i].page : NULL;
    return NULL;
}

static bool is_claimed(const struct cli_command *command)
{
    for (size_t i = 0; i < claim_count; i++)
        if (pages_in_group(command, claims[i].group, strlen(claims[i].group)))
            return true;
    return false;
}

/* "@commands next block@" -> true, word "commands", rest "next block". */
static bool is_directive(const char *line, char word[32], char rest[LINE_BYTES])
{
    size_t bytes = strcspn(line, "\n");
    if (bytes < 3 || line[0] != '@' || line[bytes - 1] != '@')
        return false;
    snprintf(rest, LINE_BYTES, "%.*s", (int)(bytes - 2), line + 1);
    size_t word_bytes = strcspn(rest, " ");
    snprintf(word, 32, "%.*s", (int)word_bytes, rest);
    memmove(rest, rest + word_bytes + (rest[word_bytes] == ' '), strlen(rest + word_bytes) + 1);
    return true;
}

static void insert(FILE *out, const char *pieces, const char *name)
{
    char line[LINE_BYTES];
    FILE *in = open_file(pieces, name, "r");
    bool any = false;
    while (fgets(line, sizeof line, in) != NULL) {
        fputs(line, out);
        any = true;
    }
    close_file(in, name);
    if (!any)
        give_up(name, "this piece is empty");
}

static void head(FILE *out, char *rest)
{
    char *section = strchr(rest, ' ');
    if (section == NULL)
        give_up(rest, "@head@ wants a title and a section");
    *section++ = '\0';
    pages_head(out, rest, section);
}

static void fill(FILE *out, const char *pieces, const char *word, char *rest)
{
    if (strcmp(word, "head") == 0)
        head(out, rest);
    else if (strcmp(word, "synopsis") == 0)
        pages_synopsis(out, rest);
    else if (strcmp(word, "commands") == 0)
        pages_commands(out, rest);
    else if (strcmp(word, "summaries") == 0)
        pages_summaries(out, page_of);
    else if (strcmp(word, "options") == 0)
        pages_common_options(out);
    else if (strcmp(word, "exit-codes") == 0)
        pages_exit_codes(out);
    else if (strcmp(word, "statuses") == 0)
        pages_statuses(out);
    else if (strcmp(word, "insert") == 0)
        insert(out, pieces, rest);
    else
        give_up(word, "a template has no such line");
}

/* First reading: which groups it has. False: none of its commands exists. */
static bool claim_groups(const char *template)
{
    char line[LINE_BYTES], word[32], rest[LINE_BYTES], page[64];
    bool wants = false, has = false;
    FILE *in = open_file("", template, "r");
    name_of(template, ".", page);
    while (fgets(line, sizeof line, in) != NULL) {
        if (!is_directive(line, word, rest) || strcmp(word, "commands") != 0)
            continue;
        wants = true;
        const char *at = rest;
        for (size_t bytes; *(at += strspn(at, " ")) != '\0'; at += bytes) {
            const struct cli_command *command;
            bytes = strcspn(at, " ");
            claim(at, bytes, page);
            for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
                has = has || pages_in_group(command, at, bytes);
        }
    }
    close_file(in, template);
    return has || !wants;
}

static void write_page(const char *folder, const char *pieces, const char *template)
{
    char line[LINE_BYTES], word[32], rest[LINE_BYTES], name[64];
    FILE *in = open_file("", template, "r");
    name_of(template, ".in", name);
    FILE *out = open_file(folder, name, "w");
    while (fgets(line, sizeof line, in) != NULL) {
        if (is_directive(line, word, rest))
            fill(out, pieces, word, rest);
        else
            fputs(line, out);
    }
    close_file(in, template);
    close_file(out, name);
}

/* A group that nobody has written a page for. */
static void write_plain_page(const char *folder, const struct cli_command *command)
{
    char group[64], page[64], title[64];
    snprintf(group, sizeof group, "%.*s", (int)pages_group_bytes(command), command->name);
    snprintf(page, sizeof page, "docket-%.40s.1", group);
    snprintf(title, sizeof title, "DOCKET-%.40s", group);
    for (char *at = title; *at != '\0'; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    FILE *out = open_file(folder, page, "w");
    fputs(".\\\" SPDX-License-Identifier: MIT\n", out);
    pages_head(out, title, "1");
    fprintf(out, ".Sh NAME\n.Nm docket-%s\n.Nd ", group);
    pages_literal(out, command->summary);
    fputs(".Sh SYNOPSIS\n", out);
    pages_synopsis(out, group);
    fputs(".Sh DESCRIPTION\n", out);
    pages_commands(out, group);
    fputs(".Sh EXIT STATUS\n", out);
    pages_exit_codes(out);
    fputs(".Sh SEE ALSO\n.Xr docket 1 ,\n.Xr docket 7\n", out);
    close_file(out, page);
}

/* `man docket-block` leads to the page that has the command. */
static void write_links(const char *folder)
{
    for (size_t i = 0; i < claim_count; i++) {
        const struct cli_command *command;
        char page[80];
        bool exists = false;
        snprintf(page, sizeof page, "docket-%.63s", claims[i].group);
        for (size_t at = 0; (command = cli_command_at(at)) != NULL; at++)
            exists = exists || pages_in_group(command, claims[i].group, strlen(claims[i].group));
        if (!exists || strcmp(claims[i].page, page) == 0)
            continue;
        snprintf(page, sizeof page, "docket-%.63s.1", claims[i].group);
        FILE *out = open_file(folder, page, "w");
        fprintf(out, ".so man1/%s.1\n", claims[i].page);
        close_file(out, page);
    }
}

int main(int count, char **values)
{
    static bool wanted[256];
    const struct cli_command *command;
    if (count < 4 || count > 256) {
        fprintf(stderr, "usage: pages FOLDER PIECES TEMPLATE.in...\n");
        return 2;
    }
    for (int i = 3; i < count; i++)
        wanted[i] = claim_groups(values[i]);
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        char page[64];
        if (is_claimed(command))
            continue;
        snprintf(page, sizeof page, "docket-%.*s", (int)pages_group_bytes(command), command->name);
        claim(command->name, pages_group_bytes(command), page);
        write_plain_page(values[1], command);
    }
    for (int i = 3; i < count; i++)
        if (wanted[i])
            write_page(values[1], values[2], values[i]);
    write_links(values[1]);
    FILE *out = open_file(values[1], "docket.bash", "w");
    pages_completion(out);
    close_file(out, "docket.bash");
    return 0;
}
