/* SPDX-License-Identifier: MIT */
/* `skew files|replies|requests|store REALM`: docketd serves REALM, but for store. */
#include "skew.h"

#include "docket_inspect.h"
#include "table/desk.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t cases, refusals, wrong;

/* ---- values and verdicts ---- */

bool skew_value(const struct field *field, uint64_t now, unsigned i, uint64_t *value)
{
    uint64_t mask = field->bytes == 8 ? UINT64_MAX : (1ull << 8 * field->bytes) - 1;
    uint64_t sign = mask ^ mask >> 1;
    const uint64_t values[VALUES] = {0, 1, mask, now + 1, now - 1, now ^ sign, now * 2 + 7};
    *value = values[i] & mask;
    for (unsigned before = 0; before < i; before++)
        if ((values[before] & mask) == *value)
            return false;
    return *value != now;
}

uint64_t skew_get(const void *base, const struct field *field)
{
    uint64_t value = 0;
    memcpy(&value, (const uint8_t *)base + field->at, field->bytes);
    return value;
}

void skew_put(void *base, const struct field *field, uint64_t value)
{
    memcpy((uint8_t *)base + field->at, &value, field->bytes);
}

void skew_wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("WRONG ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    _exit(1);
}

static bool names(const char *sentence, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, " %llu", (unsigned long long)number);
    for (const char *at = strstr(sentence, text); at != NULL; at = strstr(at + 1, text))
        if (at[strlen(text)] < '0' || at[strlen(text)] > '9')
            return true;
    return false;
}

void skew_judge(const struct field *field, uint64_t value, uint64_t known, docket_status status)
{
    const char *sentence = docket_last_error();
    if (field->expect == SERVED && status != DOCKET_OK)
        skew_wrong("%s = %llu: not served: %s (%s)", field->name, (unsigned long long)value, sentence,
                   docket_status_name(status));
    if ((field->expect == REFUSED || field->expect == VERSIONS) && status == DOCKET_OK)
        skew_wrong("%s = %llu: served", field->name, (unsigned long long)value);
    if (status != DOCKET_OK && sentence[0] == 0)
        skew_wrong("%s = %llu: %s without a sentence", field->name, (unsigned long long)value,
                   docket_status_name(status));
    if (field->expect == VERSIONS && (!names(sentence, value) || !names(sentence, known)))
        skew_wrong("%s = %llu: the sentence does not name both versions: %s", field->name, (unsigned long long)value,
                   sentence);
    if (status != DOCKET_OK)
        _exit(2); /* refused, as it may be */
}

void skew_case(const char *what, const struct field *field, uint64_t value,
               void (*trial)(const char *what, const struct field *field, uint64_t value))
{
    int code = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(15);
        trial(what, field, value);
        _exit(0);
    }
    cases++;
    if (child < 0 || waitpid(child, &code, 0) != child) {
        printf("WRONG no child could be made\n");
        wrong++;
    } else if (WIFSIGNALED(code)) {
        printf("WRONG %s %s = %llu: %s\n", what, field->name, (unsigned long long)value,
               WTERMSIG(code) == SIGALRM ? "it hangs" : "it ended by a signal");
        wrong++;
    } else if (WEXITSTATUS(code) == 1) {
        printf("      (%s)\n", what);
        wrong++;
    } else if (WEXITSTATUS(code) == 2) {
        refusals++;
    }
}

docket_status skew_attach(const char *realm)
{
    docket_realm *opened;
    docket_series *series;
    uint64_t number;
    docket_status status = docket_realm_open(realm, &opened);
    if (status == DOCKET_OK)
        status = docket_series_open(opened, "acme", "INV", &series);
    if (status == DOCKET_OK)
        status = docket_next(series, 1000000000, &number, NULL);
    return status;
}

/* ---- board and table ---- */

static const struct field header[] = {
    FIELD(shared_header, magic, REFUSED),
    FIELD(shared_header, layout_version, VERSIONS),
    FIELD(shared_header, header_bytes, REFUSED),
    FIELD(shared_header, compatible_flags, SERVED),
    FIELD(shared_header, incompatible_flags, REFUSED),
    FIELD(shared_header, signature, REFUSED),
    FIELD(shared_header, store_id[0], REFUSED),
    FIELD(shared_header, store_id[1], REFUSED),
    FIELD(shared_header, generation, SERVED),
    FIELD(shared_header, incarnation, REFUSED),
    FIELD(shared_header, desk, REFUSED),
    FIELD(shared_header, seat, SERVED), /* of a seat file only */
    FIELD(shared_header, slots_max, REFUSED),
    FIELD(shared_header, rows_max, REFUSED),
    FIELD(shared_header, seats_max, REFUSED),
    FIELD(shared_header, lines_per_seat, REFUSED),
    FIELD(shared_header, file_bytes, REFUSED),
    FIELD(shared_header, ready, REFUSED),
    FIELD(shared_header, reserved[0], SERVED),
    FIELD(shared_header, reserved[1], SERVED),
};

static const char *the_realm;
static void *mapped;

static void attach_trial(const char *what, const struct field *field, uint64_t value)
{
    (void)what;
    skew_put(mapped, field, value);
    skew_judge(field, value, DK_LAYOUT_VERSION, skew_attach(the_realm));
}

/* Tools read the files by themselves. */
static void view_trial(const char *what, const struct field *field, uint64_t value)
{
    docket_view *view;
    (void)what;
    skew_put(mapped, field, value);
    docket_status status = docket_view_open(the_realm, &view);
    if (field->expect == VERSIONS)
        skew_judge(field, value, DK_LAYOUT_VERSION, status);
    if (status != DOCKET_OK && docket_last_error()[0] == 0)
        skew_wrong("%s = %llu: a view is refused without a sentence", field->name, (unsigned long long)value);
}

/* docketd of another release finds the files of this one. */
static void adopt_trial(const char *what, const struct field *field, uint64_t value)
{
    char path[4200];
    struct dk_desk desk;
    (void)what;
    skew_put(mapped, field, value);
    snprintf(path, sizeof path, "%s/runtime", the_realm);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    skew_judge(field, value, DK_LAYOUT_VERSION, dk_desk_adopt(&desk, folder, 0));
}

void skew_files(const char *realm)
{
    static void (*const trials[])(const char *, const struct field *, uint64_t) = {attach_trial, view_trial,
                                                                                   adopt_trial};
    static const char *const kinds[] = {"board", "table"};
    the_realm = realm;
    for (unsigned kind = 0; kind < 2; kind++) {
        char path[4200];
        snprintf(path, sizeof path, "%s/runtime/%s-0", realm, kinds[kind]);
        int fd = open(path, O_RDWR | O_CLOEXEC);
        mapped = mmap(NULL, DK_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (mapped == MAP_FAILED)
            exit(2);
        close(fd);
        for (size_t f = 0; f < sizeof header / sizeof header[0]; f++) {
            uint64_t now = skew_get(mapped, &header[f]), value;
            for (unsigned i = 0; i < VALUES * 3; i++) {
                if (!skew_value(&header[f], now, i / 3, &value))
                    continue;
                skew_case(kinds[kind], &header[f], value, trials[i % 3]);
                skew_put(mapped, &header[f], now);
            }
            if (skew_attach(realm) != DOCKET_OK) {
                printf("WRONG %s %s put back: %s\n", kinds[kind], header[f].name, docket_last_error());
                wrong++;
            }
        }
        munmap(mapped, DK_PAGE);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return fprintf(stderr, "skew files|replies|requests|store REALM\n"), 2;
    if (strcmp(argv[1], "files") == 0)
        skew_files(argv[2]);
    else if (strcmp(argv[1], "replies") == 0)
        skew_replies(argv[2]);
    else if (strcmp(argv[1], "requests") == 0)
        skew_requests(argv[2]);
    else
        skew_store(argv[2]);
    printf("cases %llu\nrefused %llu\nwrong %llu\n", (unsigned long long)cases, (unsigned long long)refusals,
           (unsigned long long)wrong);
    return wrong > 0;
}
