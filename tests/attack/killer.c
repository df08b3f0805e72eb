/* SPDX-License-Identifier: MIT */
#include "killer.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* No call has a timeout above 2 s; one of this age hangs, however slow the machine. */
#define HUNG_NS 40000000000u

static const char help[] =
    "usage: docket-killer --realm DIR --logs DIR --id NAME --series T/S:MODE[,...] [options]\n"
    "\n"
    "MODE is s (strict) or l (leased), with p behind it for one that restarts.\n"
    "\n"
    "  --seed N            of every choice (1)\n"
    "  --workers N         8\n"
    "  --rate N            calls a second of each worker (3000)\n"
    "  --block N           largest block (40)\n"
    "  --kills N           workers to kill (0)\n"
    "  --pause-us N        between two kills, on average (4000)\n"
    "  --docketd PATH --daemon-log FILE --daemon-kills N\n"
    "                      starts docketd and kills it, --pause-us after each start on average\n"
    "  --marks PATH --scratch DIR\n"
    "                      docket-marks: judges the durable marks after each kill of docketd\n"
    "  --seconds N --runtime DIR [--ballast FILE] [--clock FILE]\n"
    "                      the mixed plan instead\n";

uint64_t killer_below(struct killer *killer, uint64_t bound)
{
    return crew_random(&killer->dice) % bound;
}

void killer_sleep_us(uint64_t us)
{
    struct timespec rest = {(time_t)(us / 1000000), (long)(us % 1000000 * 1000)};
    nanosleep(&rest, NULL);
}

void killer_hire(struct killer *killer, unsigned post)
{
    uint64_t seed = crew_random(&killer->dice);
    atomic_store(&killer->options.crew.ground->posts[post].call_since, 0);
    pid_t pid = fork();
    if (pid < 0) {
        perror("killer: fork");
        exit(2);
    }
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        crew_work(&killer->options.crew, post, seed);
    }
    killer->workers[post] = pid;
}

/* What the dead worker owed is excused in its logs. True if it owed anything. */
static bool collect(struct killer *killer, unsigned post)
{
    struct post *at = &killer->options.crew.ground->posts[post];
    bool any = false;
    for (unsigned t = 0; t < killer->options.crew.target_count; t++) {
        uint32_t owed = atomic_exchange(&at->owed[t], 0);
        killer->owed[post][t] += owed;
        any = any || owed;
    }
    return any;
}

static void look_for_hang(struct killer *killer, unsigned post)
{
    uint64_t since = atomic_load(&killer->options.crew.ground->posts[post].call_since), now = crew_now_ns();
    if (!since || now < since || now - since < HUNG_NS)
        return;
    killer->counts.hung++;
    printf("the worker at post %u is in one call since %llu s\n", post, (unsigned long long)((now - since) / 1000000000u));
}

static void say_end(struct killer *killer, unsigned post, int state)
{
    killer->counts.ended++;
    printf("the worker at post %u ended by itself: %s %d: %s\n", post, WIFEXITED(state) ? "exit code" : "signal",
           WIFEXITED(state) ? WEXITSTATUS(state) : WTERMSIG(state), killer->options.crew.ground->posts[post].failure);
}

void killer_kill(struct killer *killer, unsigned post)
{
    int state;
    if (!killer->workers[post])
        return;
    look_for_hang(killer, post);
    kill(killer->workers[post], SIGKILL);
    while (waitpid(killer->workers[post], &state, 0) < 0 && errno == EINTR)
        ;
    killer->workers[post] = 0;
    killer->counts.kills++;
    if (!WIFSIGNALED(state) || WTERMSIG(state) != SIGKILL)
        say_end(killer, post, state);
    bool in_call = atomic_load(&killer->options.crew.ground->posts[post].call_since) != 0;
    if (collect(killer, post) || in_call)
        killer->counts.inside++;
}

void killer_end_in_order(struct killer *killer, unsigned post)
{
    int state;
    if (!killer->workers[post])
        return;
    kill(killer->workers[post], SIGTERM);
    for (unsigned turn = 0; turn < 40000; turn++) {
        if (waitpid(killer->workers[post], &state, WNOHANG) == killer->workers[post]) {
            killer->workers[post] = 0;
            (void)collect(killer, post);
            /* Told before it had set its handler, it just ends. */
            if ((WIFEXITED(state) && WEXITSTATUS(state) == 0) || (WIFSIGNALED(state) && WTERMSIG(state) == SIGTERM))
                killer->counts.ends_in_order++;
            else
                say_end(killer, post, state);
            return;
        }
        killer_sleep_us(1000);
    }
    printf("the worker at post %u did not end within 40 s of SIGTERM\n", post);
    killer->counts.hung++;
    killer_kill(killer, post);
}

void killer_expect_progress(struct killer *killer, unsigned seconds)
{
    const struct crew *crew = &killer->options.crew;
    uint64_t before[POSTS_MAX], until = crew_now_ns() + (uint64_t)seconds * 1000000000u;
    unsigned waiting = crew->posts;
    for (unsigned p = 0; p < crew->posts; p++)
        before[p] = atomic_load(&crew->ground->posts[p].numbers);
    while (waiting && crew_now_ns() < until) {
        waiting = 0;
        for (unsigned p = 0; p < crew->posts; p++)
            waiting += atomic_load(&crew->ground->posts[p].numbers) == before[p];
        if (waiting)
            killer_sleep_us(5000);
    }
    if (waiting)
        printf("%u workers took no number within %u s, though docketd serves\n", waiting, seconds);
    killer->counts.stuck += waiting;
}

/* Row 4. */
static void kill_workers(struct killer *killer)
{
    const struct options *options = &killer->options;
    while (killer->counts.kills < options->kills) {
        unsigned post = (unsigned)killer_below(killer, options->crew.posts);
        killer_sleep_us(killer_below(killer, options->pause_us * 2));
        killer_kill(killer, post);
        killer_hire(killer, post);
    }
}

/* Workers come and go: killed, or in order, or they stay. */
static void change_crew(struct killer *killer)
{
    unsigned post = (unsigned)killer_below(killer, killer->options.crew.posts);
    uint64_t what = killer_below(killer, 8);
    if (what == 0)
        killer_kill(killer, post);
    else if (what == 1)
        killer_end_in_order(killer, post);
    if (what < 2)
        killer_hire(killer, post);
}

/* Row 5. From its first instruction on: starting, adopting, serving. */
static void kill_docketd(struct killer *killer)
{
    const struct options *options = &killer->options;
    while (killer->counts.daemon_kills + killer->counts.daemon_ended < options->daemon_kills) {
        daemon_start(killer);
        killer_sleep_us(killer_below(killer, options->pause_us * 2));
        if (killer_below(killer, 2) == 0)
            daemon_await_commit(killer);
        daemon_kill(killer);
        if (options->marks)
            daemon_judge_marks(killer);
        change_crew(killer);
    }
    daemon_start(killer);
    killer_expect_progress(killer, 60);
    for (unsigned p = 0; p < options->crew.posts; p += 2)
        killer_end_in_order(killer, p);
    daemon_kill(killer);
}

static bool take_mode(struct target *target, const char *mode)
{
    target->strict = mode[0] == 's';
    target->periodic = mode[1] == 'p';
    return (mode[0] == 's' || mode[0] == 'l') && (mode[1] == 0 || (mode[1] == 'p' && mode[2] == 0));
}

static bool parse_series(struct crew *crew, char *list)
{
    char *rest = NULL;
    for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        char *slash = strchr(word, '/'), *colon = strchr(word, ':');
        if (!slash || !colon || crew->target_count == TARGETS_MAX)
            return false;
        struct target *target = &crew->targets[crew->target_count++];
        *slash = *colon = 0;
        snprintf(target->tenant, sizeof target->tenant, "%.64s", word);
        snprintf(target->name, sizeof target->name, "%.64s", slash + 1);
        if (!take_mode(target, colon + 1))
            return false;
    }
    return crew->target_count > 0;
}

static const struct option known[] = {
    {"realm", required_argument, NULL, 'R'},      {"logs", required_argument, NULL, 'L'},
    {"id", required_argument, NULL, 'I'},         {"series", required_argument, NULL, 'S'},
    {"seed", required_argument, NULL, 's'},       {"workers", required_argument, NULL, 'w'},
    {"rate", required_argument, NULL, 'r'},       {"block", required_argument, NULL, 'b'},
    {"kills", required_argument, NULL, 'k'},      {"pause-us", required_argument, NULL, 'p'},
    {"docketd", required_argument, NULL, 'd'},    {"daemon-log", required_argument, NULL, 'l'},
    {"daemon-kills", required_argument, NULL, 'K'}, {"marks", required_argument, NULL, 'm'},
    {"scratch", required_argument, NULL, 'x'},    {"seconds", required_argument, NULL, 'n'},
    {"runtime", required_argument, NULL, 'u'},    {"ballast", required_argument, NULL, 'B'},
    {"clock", required_argument, NULL, 'c'},      {NULL, 0, NULL, 0},
};

static bool take_option(struct options *options, int letter, char *value)
{
    uint64_t number = strtoull(value, NULL, 10);
    switch (letter) {
    case 'R': options->crew.realm = value; return true;
    case 'L': options->crew.logs = value; return true;
    case 'I': options->crew.id = value; return true;
    case 'S': return parse_series(&options->crew, value);
    case 's': options->seed = number; return true;
    case 'w': options->crew.posts = (unsigned)number; return number > 0 && number <= POSTS_MAX;
    case 'r': options->crew.rate = (uint32_t)number; return number > 0 && number <= 1000000;
    case 'b': options->crew.block = (uint32_t)number; return number > 0 && number <= 10000;
    case 'k': options->kills = number; return true;
    case 'p': options->pause_us = number; return number > 0;
    case 'd': options->docketd = value; return true;
    case 'l': options->daemon_log = value; return true;
    case 'K': options->daemon_kills = number; return true;
    case 'm': options->marks = value; return true;
    case 'x': options->scratch = value; return true;
    case 'n': options->seconds = number; options->crew.stops = number > 0; return true;
    case 'u': options->runtime = value; return true;
    case 'B': options->ballast = value; return true;
    case 'c': options->clock = value; return true;
    default: return false;
    }
}

static bool parse_options(int count, char **words, struct options *options)
{
    int letter;
    *options = (struct options){.seed = 1, .pause_us = 4000, .crew = {.posts = 8, .rate = 3000, .block = 40}};
    while ((letter = getopt_long(count, words, "", known, NULL)) != -1)
        if (!take_option(options, letter, optarg))
            return false;
    const struct crew *crew = &options->crew;
    return optind == count && crew->realm && crew->logs && crew->id && crew->target_count &&
           ((!options->daemon_kills && !options->seconds) || (options->docketd && options->daemon_log)) &&
           (!options->seconds || options->runtime) &&
           (!options->marks || options->scratch);
}

static void print(const struct killer *killer)
{
    const struct counts *counts = &killer->counts;
    const struct crew *crew = &killer->options.crew;
    uint64_t numbers = 0, refused = 0, owed = 0, unanswered = 0;
    for (unsigned p = 0; p < crew->posts; p++) {
        numbers += atomic_load(&crew->ground->posts[p].numbers);
        refused += atomic_load(&crew->ground->posts[p].refused);
        unanswered += atomic_load(&crew->ground->posts[p].unanswered);
        for (unsigned t = 0; t < crew->target_count; t++)
            owed += killer->owed[p][t];
    }
    printf("kills %llu\ninside %llu\nended %llu\nhung %llu\nin_order %llu\n", (unsigned long long)counts->kills,
           (unsigned long long)counts->inside, (unsigned long long)counts->ended, (unsigned long long)counts->hung,
           (unsigned long long)counts->ends_in_order);
    printf("daemon_kills %llu\ndaemon_ended %llu\ndaemon_stops %llu\nmarks_read %llu\nmarks_behind %llu\nstuck %llu\n",
           (unsigned long long)counts->daemon_kills, (unsigned long long)counts->daemon_ended,
           (unsigned long long)counts->daemon_stops, (unsigned long long)counts->marks_read,
           (unsigned long long)counts->marks_behind, (unsigned long long)counts->stuck);
    printf("losses %llu\nfull %llu\nclock_steps %llu\n", (unsigned long long)counts->losses,
           (unsigned long long)counts->full, (unsigned long long)counts->clock_steps);
    printf("numbers %llu\nrefused %llu\nowed %llu\nunanswered %llu\n", (unsigned long long)numbers,
           (unsigned long long)refused, (unsigned long long)owed, (unsigned long long)unanswered);
}

int main(int count, char **words)
{
    static struct killer killer;
    struct crew *crew = &killer.options.crew;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!parse_options(count, words, &killer.options))
        return fputs(help, stderr), 2;
    killer.dice = killer.options.seed;
    crew->ground = mmap(NULL, sizeof *crew->ground, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crew->ground == MAP_FAILED)
        return perror("killer: mmap"), 2;
    int error = crew_begin_logs(crew);
    for (unsigned p = 0; !error && p < crew->posts; p++)
        killer_hire(&killer, p);
    if (!error && killer.options.seconds)
        plan_run(&killer);
    else if (!error && killer.options.daemon_kills)
        kill_docketd(&killer);
    else if (!error)
        kill_workers(&killer);
    for (unsigned p = 0; p < crew->posts; p++)
        killer_kill(&killer, p);
    if (!error)
        error = crew_end_logs(crew, killer.owed);
    if (error)
        return fprintf(stderr, "killer: the logs: %s\n", strerror(error)), 2;
    print(&killer);
    return 0;
}
