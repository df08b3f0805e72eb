/* SPDX-License-Identifier: MIT */
#include "refusal.h"

#include "output.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_text(const char *realm, const char *name, char *text, size_t size)
{
    char path[PATH_MAX];
    struct stat facts;
    int used = snprintf(path, sizeof path, "%s/%s", realm, name);
    int fd = used > 0 && used < (int)sizeof path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (fd < 0)
        return false;
    ssize_t got = fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) ? read(fd, text, size - 1) : -1;
    close(fd);
    text[got > 0 ? got : 0] = '\0';
    for (char *byte = text; *byte != '\0'; byte++) /* it goes to a terminal */
        if ((unsigned char)*byte < ' ' && *byte != '\n' && *byte != '\t')
            *byte = '?';
    return got > 0;
}

static docket_status status_of(const char *name)
{
    for (int status = DOCKET_OK; status <= DOCKET_STORE_COPIED; status++)
        if (strcmp(docket_status_name((docket_status)status), name) == 0)
            return (docket_status)status;
    return DOCKET_STORE_REWOUND;
}

/* The rest of the line behind "key TAB"; NULL: there is no such line. */
static const char *value_of(const char *text, const char *key, size_t *bytes)
{
    size_t length = strlen(key);
    for (const char *line = text; *line != '\0' && *line != '\n'; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, key, length) == 0 && line[length] == '\t') {
            *bytes = strcspn(line + length + 1, "\n");
            return line + length + 1;
        }
    }
    return NULL;
}

static bool read_as(const char *realm, const char *file, struct refusal *refusal)
{
    static char text[sizeof refusal->page + sizeof refusal->sentence + 256];
    char name[64];
    size_t bytes = 0;
    *refusal = (struct refusal){0};
    if (!read_text(realm, file, text, sizeof text))
        return false;
    const char *value = value_of(text, "status", &bytes);
    if (value == NULL)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)bytes, value);
    refusal->status = status_of(name);
    if ((value = value_of(text, "time", &bytes)) != NULL)
        refusal->time_s = strtoll(value, NULL, 10);
    if ((value = value_of(text, "sentence", &bytes)) != NULL)
        snprintf(refusal->sentence, sizeof refusal->sentence, "%.*s", (int)bytes, value);
    if ((value = strstr(text, "\n\n")) != NULL)
        snprintf(refusal->page, sizeof refusal->page, "%s", value + 2);
    return true;
}

bool refusal_read(const char *realm, struct refusal *refusal)
{
    return read_as(realm, "refused", refusal);
}

bool refusal_read_held(const char *realm, struct refusal *refusal)
{
    return read_as(realm, "held", refusal);
}

json_t *refusal_json(const char *realm)
{
    static struct refusal refusal;
    if (!refusal_read(realm, &refusal))
        return json_null();
    return json_pack("{s:s, s:I, s:o, s:o}", "status", docket_status_name(refusal.status), "time_s",
                     (json_int_t)refusal.time_s, "message", output_string(refusal.sentence), "page",
                     output_string(refusal.page));
}

void refusal_print(const char *realm, bool serving)
{
    static struct refusal refusal;
    char since[OUTPUT_TIME_BYTES];
    if (serving && refusal_read_held(realm, &refusal))
        printf("witness   %sNOT KEPT%s: %s\n", output_colour(OUTPUT_RED), output_colour(OUTPUT_PLAIN), refusal.sentence);
    if (serving)
        return;
    if (refusal_read(realm, &refusal))
        printf("refused   %sNOT SERVED%s since %s: %s (%s/refused says what can be done)\n", output_colour(OUTPUT_RED),
               output_colour(OUTPUT_PLAIN), output_time(refusal.time_s, since), refusal.sentence, realm);
}
