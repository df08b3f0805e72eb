/* SPDX-License-Identifier: MIT */
/*
 * docket-marks: the durable marks of a realm whose docketd is dead, read off a
 * copy of its store, so that nothing of the realm is touched: a line "tenant
 * series period mark" for each counter.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 16, SERIES_MAX = 4096 };

/* Holes stay holes: most of the store is one. */
static int copy_pieces(int from, int to, off_t size)
{
    static unsigned char piece[PIECE];
    off_t at = 0;
    while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
        ssize_t got = pread(from, piece, sizeof piece, at);
        if (got < 0 || pwrite(to, piece, (size_t)got, at) != got)
            return errno ? errno : EIO;
        at += got;
        if (got == 0)
            break;
    }
    return ftruncate(to, size) == 0 ? 0 : errno;
}

static int copy_file(const char *directory, const char *scratch, const char *name)
{
    char path[1024];
    struct stat facts;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return errno;
    snprintf(path, sizeof path, "%s/%s", scratch, name);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int error = to < 0 || fstat(from, &facts) != 0 ? errno : copy_pieces(from, to, facts.st_size);
    close(from);
    if (to >= 0)
        close(to);
    return error;
}

static int copy_store(const char *realm, const char *scratch)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/store", scratch);
    (void)mkdir(scratch, 0700);
    (void)mkdir(path, 0700);
    int error = copy_file(realm, scratch, "store/data.mdb");
    return error ? error : copy_file(realm, scratch, "witness");
}

struct names {
    char of[SERIES_MAX][2 * DOCKET_NAME_MAX + 2];
};

static docket_status each_series(void *context, const struct dk_series_record *record)
{
    struct names *names = context;
    if (record->id < SERIES_MAX)
        snprintf(names->of[record->id], sizeof names->of[0], "%s %s", record->tenant, record->name);
    return DOCKET_OK;
}

static docket_status each_counter(void *context, const struct dk_counter_image *image)
{
    const struct names *names = context;
    if (image->series_id < SERIES_MAX)
        printf("%s %d %llu\n", names->of[image->series_id], image->period, (unsigned long long)image->mark);
    return DOCKET_OK;
}

int main(int count, char **words)
{
    static struct names names;
    if (count != 3)
        return fputs("usage: docket-marks REALM SCRATCH\n", stderr), 2;
    int error = copy_store(words[1], words[2]);
    if (error)
        return fprintf(stderr, "docket-marks: %s: %s\n", words[1], strerror(error)), 1;
    struct dk_store_options options = {.realm = words[2], .map_bytes = (size_t)1 << 30};
    struct dk_store_facts facts;
    struct dk_store *store;
    docket_status status = dk_store_open(&options, &store, &facts);
    if (status == DOCKET_OK) {
        status = dk_store_each_series(store, each_series, &names);
        if (status == DOCKET_OK)
            status = dk_store_each_counter(store, each_counter, &names);
        (void)dk_store_close(store, false);
    }
    if (status == DOCKET_OK)
        return 0;
    fprintf(stderr, "docket-marks: %s: %s\n", docket_status_name(status), dk_error_text());
    return 1;
}
