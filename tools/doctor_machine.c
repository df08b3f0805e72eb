/* SPDX-License-Identifier: MIT */
/*
 * doctor_machine: the checks of what lies under a realm: disk, tmpfs, limits,
 * owners and modes, clocks.
 */
#include "doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define MIB (UINT64_C(1) << 20)

/* The store has its first 8 MiB from the start; a new series wants half a MiB
 * beyond the last page in use, and the journal some more. */
#define DISK_FAIL_BYTES (16 * MIB)
#define DISK_WARN_BYTES (256 * MIB)
#define TMPFS_FAIL_BYTES (MIB / 4) /* a seat takes 68 KiB of it */

enum { INODES_FAIL = 8, INODES_WARN = 1000, CLOCK_SLACK_S = 60, OTHER_DESCRIPTORS = 64 };

/* ---- disk and tmpfs ---- */

static void check_inodes(struct doctor *doctor, const char *check, const char *path, const struct statvfs *facts)
{
    if (facts->f_files == 0)
        doctor_say(doctor, check, VERDICT_PASS, NULL, "the file system of %s makes inodes as they are needed", path);
    else if (facts->f_favail < INODES_FAIL)
        doctor_say(doctor, check, VERDICT_FAIL, "remove files, or give the file system more inodes",
                   "%" PRIu64 " inodes free under %s", (uint64_t)facts->f_favail, path);
    else if (facts->f_favail < INODES_WARN)
        doctor_say(doctor, check, VERDICT_WARN, "remove files before none is left",
                   "%" PRIu64 " inodes free under %s", (uint64_t)facts->f_favail, path);
    else
        doctor_say(doctor, check, VERDICT_PASS, NULL, "%" PRIu64 " inodes free under %s", (uint64_t)facts->f_favail,
                   path);
}

void doctor_disk(struct doctor *doctor)
{
    struct statvfs facts;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/store", doctor->path);
    if (statvfs(path, &facts) != 0) {
        doctor_say(doctor, "disk", VERDICT_WARN, "run the doctor as the realm's owner",
                   "cannot ask for the room under %s: %s", path, strerror(errno));
        return;
    }
    uint64_t free_bytes = (uint64_t)facts.f_bavail * facts.f_frsize, all = (uint64_t)facts.f_blocks * facts.f_frsize;
    unsigned percent = all > 0 ? (unsigned)(free_bytes * 100 / all) : 0;
    if (free_bytes < DISK_FAIL_BYTES)
        doctor_say(doctor, "disk", VERDICT_FAIL, "make room: new series are refused when nothing is left",
                   "%" PRIu64 " MiB free for the store (%u %%) under %s", free_bytes / MIB, percent, path);
    else if (free_bytes < DISK_WARN_BYTES || percent < 3)
        doctor_say(doctor, "disk", VERDICT_WARN, "make room before it is needed",
                   "%" PRIu64 " MiB free for the store (%u %%) under %s", free_bytes / MIB, percent, path);
    else
        doctor_say(doctor, "disk", VERDICT_PASS, NULL, "%" PRIu64 " MiB free for the store (%u %%)", free_bytes / MIB,
                   percent);
    check_inodes(doctor, "disk inodes", path, &facts);
}

/* What the next step of a desk's growth takes: each step doubles what is there. */
static int add_growth(void *context, const struct docket_view_desk *desk)
{
    uint64_t *most = context, step = desk->board_bytes + desk->table_bytes;
    if (desk->slots_ready < desk->slots_max && step > *most)
        *most = step;
    return 0;
}

void doctor_tmpfs(struct doctor *doctor)
{
    struct statvfs facts;
    uint64_t growth = 0;
    const char *path = doctor->realm.runtime;
    if (statvfs(path, &facts) != 0) {
        doctor_say(doctor, "tmpfs", VERDICT_WARN, "run the doctor as the realm's owner",
                   "cannot ask for the room under %s: %s", path, strerror(errno));
        return;
    }
    uint64_t free_bytes = (uint64_t)facts.f_bavail * facts.f_frsize;
    if (docket_view_each_desk(doctor->view, add_growth, &growth) != DOCKET_OK)
        growth = 0;
    if (free_bytes < TMPFS_FAIL_BYTES)
        doctor_say(doctor, "tmpfs", VERDICT_FAIL,
                   "make room, or mount it larger (mount -o remount,size=...): seats and new series need it",
                   "%" PRIu64 " KiB free under %s", free_bytes / 1024, path);
    else if (free_bytes < growth)
        doctor_say(doctor, "tmpfs", VERDICT_WARN, "make room, or mount it larger, before a desk has to grow",
                   "%" PRIu64 " KiB free under %s, and a desk's next growth takes %" PRIu64, free_bytes / 1024, path,
                   growth / 1024);
    else
        doctor_say(doctor, "tmpfs", VERDICT_PASS, NULL, "%" PRIu64 " MiB free under %s", free_bytes / MIB, path);
    check_inodes(doctor, "tmpfs inodes", path, &facts);
}

/* ---- descriptors ---- */

/* Of docketd itself, if its pid means a docketd here; 0: cannot be told. */
static uint64_t docketd_limit(int64_t pid)
{
    char path[64], line[256];
    unsigned long long soft = 0;
    snprintf(path, sizeof path, "/proc/%" PRId64 "/comm", pid);
    FILE *in = fopen(path, "re");
    bool is_docketd = in != NULL && fgets(line, sizeof line, in) != NULL && strcmp(line, "docketd\n") == 0;
    if (in != NULL)
        fclose(in);
    snprintf(path, sizeof path, "/proc/%" PRId64 "/limits", pid);
    in = is_docketd ? fopen(path, "re") : NULL;
    while (in != NULL && fgets(line, sizeof line, in) != NULL)
        if (strncmp(line, "Max open files", 14) == 0 && sscanf(line + 14, "%llu", &soft) != 1)
            soft = strstr(line, "unlimited") != NULL ? UINT64_MAX : 0;
    if (in != NULL)
        fclose(in);
    return soft;
}

static int add_seats(void *context, const struct docket_view_desk *desk)
{
    uint64_t *seats = context;
    seats[0] += desk->seats_taken;
    seats[1] += desk->seats_max;
    return 0;
}

/* docketd keeps a descriptor for each seat that was ever taken. */
void doctor_descriptors(struct doctor *doctor)
{
    uint64_t seats[2] = {0, 0};
    uint64_t limit = doctor->realm.serving > 0 ? docketd_limit(doctor->realm.docketd_pid) : 0;
    const char *whose = "docketd";
    if (limit == 0) {
        struct rlimit own = {.rlim_max = 0};
        getrlimit(RLIMIT_NOFILE, &own);
        limit = own.rlim_max;
        whose = "this shell (docketd's own cannot be told)";
    }
    if (docket_view_each_desk(doctor->view, add_seats, seats) != DOCKET_OK)
        return; /* said by the desks' check */
    if (limit < seats[0] + OTHER_DESCRIPTORS)
        doctor_say(doctor, "descriptors", VERDICT_FAIL, "raise docketd's hard limit (LimitNOFILE=, ulimit -Hn)",
                   "%s may open %" PRIu64 " files, and %" PRIu64 " seats are taken", whose, limit, seats[0]);
    else if (limit < seats[1] + OTHER_DESCRIPTORS)
        doctor_say(doctor, "descriptors", VERDICT_WARN,
                   "raise docketd's hard limit (LimitNOFILE=, ulimit -Hn), or lower seats_max",
                   "%s may open %" PRIu64 " files, and %" PRIu64 " seats may be taken", whose, limit, seats[1]);
    else
        doctor_say(doctor, "descriptors", VERDICT_PASS, NULL, "%s may open %" PRIu64 " files; %" PRIu64 " seats", whose,
                   limit, seats[1]);
}

/* ---- owners, modes, the witness ---- */

struct expected {
    const char *name;  /* below the realm */
    mode_t may_not;    /* bits that must not be there */
    const char *chmod; /* what takes them away */
    bool needed;
};

static bool mode_is_good(struct doctor *doctor, const struct expected *expected, const char *path, uid_t owner)
{
    struct stat facts;
    char next[PATH_MAX + 96];
    if (stat(path, &facts) != 0) {
        if (errno == ENOENT && !expected->needed)
            return true;
        doctor_say(doctor, "owners and modes", errno == ENOENT ? VERDICT_FAIL : VERDICT_WARN,
                   errno == ENOENT ? "find out who removed it before docketd starts again"
                                   : "run the doctor as the realm's owner",
                   "cannot look at %s: %s", path, strerror(errno));
        return false;
    }
    snprintf(next, sizeof next, "chmod %s %.3000s", expected->chmod, path);
    if (facts.st_mode & expected->may_not) {
        doctor_say(doctor, "owners and modes", VERDICT_FAIL, next, "%s has mode %04o", path,
                   (unsigned)(facts.st_mode & 07777));
        return false;
    }
    snprintf(next, sizeof next, "chown %u %.3000s", (unsigned)owner, path);
    if (facts.st_uid != owner && facts.st_uid != 0) {
        doctor_say(doctor, "owners and modes", VERDICT_FAIL, next, "%s belongs to uid %u, the realm to uid %u", path,
                   (unsigned)facts.st_uid, (unsigned)owner);
        return false;
    }
    return true;
}

void doctor_modes(struct doctor *doctor)
{
    static const struct expected all[] = {
        {"", S_IWGRP | S_IWOTH, "go-w", true},
        {"/store", S_IRWXG | S_IRWXO, "go-rwx", true},
        {"/store/data.mdb", S_IRWXG | S_IRWXO, "go-rwx", true},
        {"/docketd.lock", S_IRWXG | S_IRWXO, "go-rwx", false},
        {"/docket.conf", S_IWGRP | S_IWOTH, "go-w", false},
        {"/docketd.log", S_IWGRP | S_IWOTH, "go-w", false},
    };
    static const struct expected witness = {"", S_IRWXG | S_IRWXO, "go-rwx", false};
    struct stat realm;
    bool good = true;
    if (stat(doctor->path, &realm) != 0)
        return; /* it was there a moment ago: the disk's check says what is wrong */
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char path[PATH_MAX + 32];
        snprintf(path, sizeof path, "%s%s", doctor->path, all[i].name);
        good = mode_is_good(doctor, &all[i], path, realm.st_uid) && good;
    }
    good = mode_is_good(doctor, &witness, doctor->witness, realm.st_uid) && good;
    if (good)
        doctor_say(doctor, "owners and modes", VERDICT_PASS, NULL, "store and configuration are uid %u's alone",
                   (unsigned)realm.st_uid);
}

static bool is_told(const char *value)
{
    return value != NULL && value[0] != '\0';
}

/* By what docketd wrote down at its start: the store says the same. */
void doctor_far_witness(struct doctor *doctor)
{
    const struct docket_view_about *about = &doctor->about;
    static char path[PATH_MAX + 64];
    struct stat facts;
    if (doctor->view == NULL || about->far_witness == NULL)
        return;
    snprintf(path, sizeof path, "%s/%s", about->far_witness, doctor->realm.store_id);
    if (!is_told(about->far_witness))
        doctor_say(doctor, "far witness", VERDICT_WARN,
                   "let one be kept (docket.conf: witness_dir), or know that a copy of the whole realm is not noticed on this host",
                   "none is kept: %s", is_told(about->far_why) ? about->far_why : "witness_dir = none");
    else if (stat(path, &facts) != 0)
        doctor_say(doctor, "far witness", errno == ENOENT ? VERDICT_FAIL : VERDICT_WARN,
                   errno == ENOENT ? "bring it back: without it docketd's next start is refused (docs/STORE.md, far witness)"
                                   : "run the doctor as the realm's owner",
                   "cannot look at %s: %s", path, strerror(errno));
    else
        doctor_say(doctor, "far witness", VERDICT_PASS, NULL, "%s%s%s", path,
                   is_told(about->witness_command) ? "; a command keeps another: " : "",
                   is_told(about->witness_command) ? about->witness_command : "");
}

void doctor_witness(struct doctor *doctor)
{
    struct stat store, witness;
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/store/data.mdb", doctor->path);
    if (stat(doctor->witness, &witness) != 0) {
        doctor_say(doctor, "witness", errno == ENOENT ? VERDICT_FAIL : VERDICT_WARN,
                   errno == ENOENT ? "bring it back: without it docketd's next start is refused (docs/STORE.md, witness)"
                                   : "run the doctor as the realm's owner",
                   "cannot look at %s: %s", doctor->witness, strerror(errno));
        return;
    }
    if (stat(path, &store) != 0)
        return; /* said by the modes' check */
    if (store.st_dev == witness.st_dev)
        doctor_say(doctor, "witness", VERDICT_WARN,
                   "put it on another disk (docket.conf: witness = ...): one restore brings both back",
                   "%s lies on the same file system as the store", doctor->witness);
    else
        doctor_say(doctor, "witness", VERDICT_PASS, NULL, "%s, on another file system than the store", doctor->witness);
}

/* ---- clocks ---- */

void doctor_clock(struct doctor *doctor)
{
    struct stat store;
    char path[PATH_MAX + 32];
    int64_t now_s = (int64_t)time(NULL), latest_s = 0;
    const char *what = "docketd's start";
    if (doctor->view != NULL)
        latest_s = doctor->realm.started_s;
    snprintf(path, sizeof path, "%s/store/data.mdb", doctor->path);
    if (stat(path, &store) == 0 && (int64_t)store.st_mtime > latest_s) {
        latest_s = (int64_t)store.st_mtime;
        what = "the store's last commit";
    }
    if (doctor->view != NULL && doctor->realm.clock_held_s != 0)
        doctor_say(doctor, "clock", VERDICT_FAIL,
                   "set the clock; or if it is right: docket clock accept --reason TEXT",
                   "docketd does not follow it: it stands %" PRId64 " days ahead of what the store's last commit vouches for",
                   (now_s - doctor->realm.clock_held_s) / 86400);
    else if (now_s + CLOCK_SLACK_S < latest_s)
        doctor_say(doctor, "clock", VERDICT_FAIL,
                   "set the clock: periods and dates in texts follow it; no number is given twice meanwhile",
                   "it stands %" PRId64 " s before %s", latest_s - now_s, what);
    else
        doctor_say(doctor, "clock", VERDICT_PASS, NULL, "not before %s", what);
}

void doctor_ntp(struct doctor *doctor)
{
    struct timex facts = {.modes = 0};
    int state = adjtimex(&facts);
    if (state < 0)
        doctor_say(doctor, "clock is synchronised", VERDICT_WARN, "ask the machine's own tools",
                   "the kernel does not tell: %s", strerror(errno));
    else if (state == TIME_ERROR || (facts.status & STA_UNSYNC) != 0)
        doctor_say(doctor, "clock is synchronised", VERDICT_WARN,
                   "run a time service (chrony, systemd-timesyncd): periods begin by this clock",
                   "the kernel's clock is not synchronised");
    else
        doctor_say(doctor, "clock is synchronised", VERDICT_PASS, NULL, "within %ld ms by the kernel's estimate",
                   facts.maxerror / 1000);
}
