/* SPDX-License-Identifier: MIT */
/*
 * bench_scale: one docketd with very many series on its board: what it costs when nobody
 * calls, when 100,000 of them are used once a second each, when it is killed and the next one
 * adopts the desk under live workers, and what a worker and a tool pay.
 *
 *     bench_scale -b PROGRAMS [-n SERIES] [-u USED] [-s SECONDS] FOLDER
 *
 * PROGRAMS: the folder of docketd, docket, scale_store and scale_use. SERIES (1000000) on the
 * board; USED (100000) once a second, of a strict and a leased realm, for SECONDS (30: so long
 * a window lasts at that rate, so that each series is supplied once).
 *
 * Verified: scale_use keeps each number that it was given: none may come twice, a strict series
 * may have no gap, and all that were asked for must have come. A worker whose docketd was
 * killed must go on with the next number; a series on first touch must begin with 1.
 */
#include "scale_bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *bench_programs;
char bench_folder[256];
uint64_t series_count = 1000000;
static uint64_t used_count = 100000, use_seconds = 30;

/* ---- programs of ours ---- */

void must(bool held, const char *what)
{
    if (!held)
        bench_fail("cannot %s: %s", what, strerror(errno));
}

void must_docket(docket_status status, const char *what)
{
    if (status != DOCKET_OK)
        bench_fail("cannot %s: %s", what, docket_last_error());
}

pid_t run(const char *output, const char *const *words)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", bench_programs, words[0]);
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid > 0)
        return pid;
    int fd = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
        _exit(127);
    execv(path, (char *const *)(uintptr_t)words);
    _exit(127);
}

void run_whole(const char *output, const char *const *words)
{
    int code;
    pid_t pid = run(output, words);
    must(waitpid(pid, &code, 0) == pid, "wait");
    if (code != 0)
        bench_fail("%s failed; see %s", words[0], output);
}

/* ---- realms ---- */

void make_realm(struct realm *realm, const char *name, uint64_t series, const char *settings)
{
    char path[400], count[32], log[400];
    snprintf(realm->path, sizeof realm->path, "%s/%s", bench_folder, name);
    snprintf(realm->log, sizeof realm->log, "%s/%s.log", bench_folder, name);
    snprintf(log, sizeof log, "%s/%s.store", bench_folder, name);
    snprintf(count, sizeof count, "%llu", (unsigned long long)series);
    snprintf(path, sizeof path, "%s/docket.conf", realm->path);
    must(mkdir(realm->path, 0700) == 0, "make a realm");
    FILE *config = fopen(path, "w");
    must(config != NULL, "write docket.conf");
    fprintf(config, "[realm]\nevict_after_s = 0\nrows_max = 262144\nlines_per_seat = 65535\n");
    must(fclose(config) == 0, "write docket.conf");
    const char *const words[] = {"scale_store", realm->path, count, settings, NULL};
    run_whole(log, words);
    realm->series = series;
}

static bool serves(const struct realm *realm)
{
    char text[4096] = "";
    int fd = open(realm->log, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    return got > 0 && strstr(text, "docketd: serving ") != NULL;
}

void start_docketd(struct realm *realm)
{
    const char *const words[] = {"docketd", "--realm", realm->path, NULL};
    unlink(realm->log);
    realm->docketd = run(realm->log, words);
    bench_own_process(realm->docketd);
    while (!serves(realm)) {
        usleep(1000);
        if (waitpid(realm->docketd, NULL, WNOHANG) != 0)
            bench_fail("docketd ended; see %s", realm->log);
    }
}

void end_docketd(struct realm *realm, int how)
{
    if (realm->docketd <= 0)
        return;
    kill(realm->docketd, how);
    waitpid(realm->docketd, NULL, 0);
    realm->docketd = 0;
}

/* ---- what docketd has used so far ---- */

double cpu_s(pid_t pid)
{
    char path[64], text[1024] = "";
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    must(file != NULL && fgets(text, sizeof text, file) != NULL, "read what docketd used");
    fclose(file);
    char *behind = strrchr(text, ')');
    must(behind != NULL && sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2,
         "read what docketd used");
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* How often its threads went to sleep: so often they were woken. */
static uint64_t sleeps(pid_t pid)
{
    char folder[64], path[384], line[256];
    uint64_t sum = 0, count;
    snprintf(folder, sizeof folder, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(folder);
    must(tasks != NULL, "look at docketd's threads");
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s/status", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        while (file != NULL && fgets(line, sizeof line, file) != NULL)
            if (sscanf(line, "voluntary_ctxt_switches: %lu", &count) == 1)
                sum += count;
        if (file != NULL)
            fclose(file);
    }
    closedir(tasks);
    return sum;
}

/* ---- nobody calls ---- */

static struct realm large;
static struct { double wakes, percent; } idle;

/* What a start leaves to be done later is done: a million series are looked at in a minute. */
void wait_until_idle(const struct realm *realm)
{
    enum { PATIENCE_S = 120, QUIET_S = 3, FEW = 3 };
    for (int quiet = 0, waited = 0; quiet < QUIET_S && waited < PATIENCE_S; waited++) {
        uint64_t before = sleeps(realm->docketd);
        sleep(1);
        quiet = sleeps(realm->docketd) - before <= FEW ? quiet + 1 : 0;
    }
}

static double measure_wakes(struct bench_cell *cell)
{
    enum { SECONDS = 10 };
    (void)cell;
    wait_until_idle(&large);
    uint64_t woken = sleeps(large.docketd);
    double used = cpu_s(large.docketd), began = (double)bench_now_ns();
    sleep(SECONDS);
    double took_s = ((double)bench_now_ns() - began) / 1e9;
    idle.wakes = (double)(sleeps(large.docketd) - woken) / took_s;
    idle.percent = (cpu_s(large.docketd) - used) / took_s * 100;
    return idle.wakes;
}

static double measure_idle(struct bench_cell *cell)
{
    (void)cell;
    return idle.percent;
}

/* ---- each series once a second ---- */

enum { USERS = 2 };

struct use {
    struct realm realm;
    const char *settings, *word; /* of scale_store, of scale_use */
    pid_t users[USERS];
    double percent;
};

static struct use strict = {.settings = "order=strict", .word = "strict"}, leased = {.settings = "order=leased"};
static bool used_right = true;

static void output_of(const struct use *use, int user, char path[400])
{
    snprintf(path, 400, "%s.use%d", use->realm.path, user);
}

static void begin_use(struct use *use)
{
    for (int user = 0; user < USERS; user++) {
        char first[32], count[32], seconds[32], output[400];
        output_of(use, user, output);
        snprintf(first, sizeof first, "%llu", 1 + (unsigned long long)(use->realm.series / USERS) * (unsigned)user);
        snprintf(count, sizeof count, "%llu", (unsigned long long)use->realm.series / USERS);
        snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)use_seconds + 10);
        const char *const words[] = {"scale_use", use->realm.path, first, count, seconds, use->word, NULL};
        use->users[user] = run(output, words);
    }
}

static void end_use(struct use *use)
{
    for (int user = 0; user < USERS; user++) {
        int code;
        char output[400];
        output_of(use, user, output);
        must(waitpid(use->users[user], &code, 0) == use->users[user], "wait");
        if (code != 0)
            bench_say("scale_use was given what it must not, or less than it asked for: see %s", output);
        used_right = used_right && code == 0;
    }
}

/* Both realms at once, each with a docketd of its own. */
static double measure_strict(struct bench_cell *cell)
{
    struct use *const uses[] = {&strict, &leased};
    double before[2];
    (void)cell;
    for (int i = 0; i < 2; i++)
        begin_use(uses[i]);
    sleep(5); /* opening them, and their first numbers */
    double began = (double)bench_now_ns();
    for (int i = 0; i < 2; i++)
        before[i] = cpu_s(uses[i]->realm.docketd);
    sleep((unsigned)use_seconds);
    double took_s = ((double)bench_now_ns() - began) / 1e9;
    for (int i = 0; i < 2; i++)
        uses[i]->percent = (cpu_s(uses[i]->realm.docketd) - before[i]) / took_s * 100;
    for (int i = 0; i < 2; i++)
        end_use(uses[i]);
    return strict.percent;
}

static double measure_leased(struct bench_cell *cell)
{
    (void)cell;
    return leased.percent;
}

static bool verify_use(const struct bench_cell *cell, const struct bench_got *got)
{
    (void)cell;
    (void)got;
    return used_right;
}

/* ---- killed, and adopted; a worker; a tool ---- */

static double measure_adopt(struct bench_cell *cell)
{
    (void)cell;
    return adopt(&large);
}

static double measure_bare(struct bench_cell *cell)
{
    (void)cell;
    return scan_bare(&large);
}

static double measure_attach(struct bench_cell *cell)
{
    (void)cell;
    return attach_us(&large);
}

static double measure_touch(struct bench_cell *cell)
{
    (void)cell;
    return touch_us(&large);
}

static double measure_status(struct bench_cell *cell)
{
    (void)cell;
    return status_ms(&large);
}

static bool verify_large(const struct bench_cell *cell, const struct bench_got *got)
{
    (void)cell;
    (void)got;
    return large_is_right();
}

static struct bench_cell cells[] = {
    {.id = "idle_wakes", .name = "nobody calls: docketd is woken, a second", .measure = measure_wakes, .unit = "/s"},
    {.id = "idle_cpu", .name = "nobody calls: of a core", .measure = measure_idle, .unit = "%"},
    {.id = "use_strict", .name = "strict series, each once a second: of a core", .measure = measure_strict, .unit = "%",
     .verify = verify_use},
    {.id = "use_leased", .name = "leased series, each once a second: of a core", .measure = measure_leased, .unit = "%",
     .verify = verify_use},
    {.id = "bare", .name = "bare scan of the store and index of its names", .measure = measure_bare, .unit = "ms"},
    {.id = "adopt", .name = "docketd killed: until the next one serves", .base = "bare", .measure = measure_adopt,
     .unit = "ms", .verify = verify_large},
    {.id = "attach", .name = "a worker opens the realm", .measure = measure_attach, .unit = "us"},
    {.id = "touch", .name = "it opens a series and takes its first number", .measure = measure_touch, .unit = "us",
     .verify = verify_large},
    {.id = "status", .name = "docket status", .measure = measure_status, .unit = "ms"},
};

static const struct bench_figure figures[] = {
    {.id = "idle", .sentence = "daemon idle: woken for the heartbeat alone, twice a second", .asked_as = "<=", .asked = 2.5,
     .of = "idle_wakes"},
    {.id = "strict_cpu", .sentence = "daemon: strict series at one number a second each: % of a core", .asked_as = "<=",
     .asked = 5, .of = "use_strict"},
    {.id = "leased_cpu", .sentence = "daemon: leased series at one number a second each: % of a core", .asked_as = "<=",
     .asked = 5, .of = "use_leased"},
    {.id = "adopt", .sentence = "adopting a live desk / (bare scan and index build)", .asked_as = "<=", .asked = 1.5,
     .of = "adopt", .over = "bare"},
    {.id = "status", .sentence = "docket status with all of them on the board, ms", .of = "status"},
    {.id = "touch", .sentence = "first touch of a series, us", .of = "touch"},
};

/* ---- options ---- */

static bool option(int letter, const char *value)
{
    if (letter == 'b')
        bench_programs = value;
    else if (letter == 'n')
        series_count = strtoull(value, NULL, 10);
    else if (letter == 'u')
        used_count = strtoull(value, NULL, 10);
    else if (letter == 's')
        use_seconds = strtoull(value, NULL, 10);
    return series_count > 0 && used_count >= USERS && use_seconds > 0;
}

static bool set_up(int count, char **operands)
{
    if (count != 1 || bench_programs == NULL || strlen(operands[0]) >= sizeof bench_folder)
        return false;
    snprintf(bench_folder, sizeof bench_folder, "%s", operands[0]);
    must(mkdir(bench_folder, 0700) == 0 || errno == EEXIST, "make the folder");
    make_realm(&large, "large", series_count, "order=strict");
    make_realm(&strict.realm, "strict", used_count, strict.settings);
    make_realm(&leased.realm, "leased", used_count, leased.settings);
    start_docketd(&large);
    start_docketd(&strict.realm);
    start_docketd(&leased.realm);
    return true;
}

static void tear_down(void)
{
    end_docketd(&large, SIGTERM);
    end_docketd(&strict.realm, SIGTERM);
    end_docketd(&leased.realm, SIGTERM);
    drop_runtime(&large);
    drop_runtime(&strict.realm);
    drop_runtime(&leased.realm);
}

int main(int count, char **words)
{
    static const struct bench_suite suite = {.program = "bench_scale",
                                             .title = "very many series",
                                             .cells = cells,
                                             .cell_count = sizeof cells / sizeof cells[0],
                                             .figures = figures,
                                             .figure_count = sizeof figures / sizeof figures[0],
                                             .letters = "b:n:u:s:",
                                             .usage = "-b PROGRAMS [-n SERIES] [-u USED] [-s SECONDS] FOLDER",
                                             .option = option,
                                             .set_up = set_up,
                                             .tear_down = tear_down};
    return bench_main(count, words, &suite);
}
