/* SPDX-License-Identifier: MIT */
/*
 * main: searches the configurations' schedules and says what came of them.
 *
 *   explore check|torture [NAME]      all configurations, or those whose name begins so
 */
#include "world.h"

#include "configs.h"
#include "daemon/daemon.h"
#include "env.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const kinds[EX_FAULTS] = {"duplicates", "unaccounted", "above_mark", "hangs", "quarantines", "others"};

/* One series in the store, its desk made by docketd's own start, workers seated. */
static void set_up(const struct ex_config *config)
{
    ex_forget_all();
    world = ex_alloc(sizeof *world);
    world->config = config;
    world->now_s = 10 * 86400 + 5;
    world->series.id = 1;
    strcpy(world->series.tenant, "t");
    strcpy(world->series.name, "s");
    strcpy(world->series.desk, "default");
    world->series.policy = (struct dk_policy){.order = config->strict ? DK_STRICT : DK_LEASED,
                                              .restart = config->timed ? DK_DAILY : DK_NEVER,
                                              .window = config->window};
    struct dk_period period;
    dk_period_at((enum dk_restart)world->series.policy.restart, world->now_s, &period);
    struct ex_image *first = &world->store.counters[world->store.counter_count++];
    dk_image_begin(&first->image, 1, period.label, 0, 0);
    if (config->numbers != 0)
        first->image.extent_last = config->numbers;
    ex_docketd_start();
    if (config->first_block != 0)
        dk_store_release(&dk_table_slot(&world->map, 0)->bank[0].want, config->first_block);
    ex_docketd_pump();
    for (unsigned i = 0; i < EX_WORKERS; i++)
        ex_worker_make(i);
    ex_docketd_pump();
    ex_snapshot();
}

static void begin(void)
{
    ex_docketd_fibers();
    for (unsigned i = 0; i < EX_WORKERS; i++)
        if (world->config->worker[i].process != 0)
            ex_spawn(EX_FIBER_WORKER + i, world->config->worker[i].process, ex_worker_run, &world->worker[i]);
    if (world->config->operator_does[0].op != OP_END)
        ex_spawn(EX_FIBER_OPERATOR, EX_PROCESS_OPERATOR, ex_operator_run, (void *)(uintptr_t)world->config);
}

static void died(unsigned process)
{
    if (process == EX_DOCKETD) {
        ex_docketd_died();
        return;
    }
    for (int i = 0; i < EX_WORKERS; i++)
        if (world->worker[i].process == process)
            world->may_cost += world->worker[i].in_call;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **arguments)
{
    uint64_t schedules = 0, faults[EX_FAULTS] = {0}, bad = 0, searched = 0, cut = 0;
    bool torture = count > 1 && strcmp(arguments[1], "torture") == 0;
    const char *only = count > 2 ? arguments[2] : "";
    uint64_t most = count > 3 ? strtoull(arguments[3], NULL, 10) : UINT64_MAX;
    setvbuf(stdout, NULL, _IOLBF, 0);
    ex_died = died;
    ex_name_of = ex_word_name;
    for (size_t i = 0; i < ex_config_count; i++) {
        const struct ex_config *config = &ex_configs[i];
        struct ex_result result;
        if (strncmp(config->name, only, strlen(only)) != 0 || (bad != 0 && getenv("KNOWN_BAD") != NULL))
            continue;
        double began = now();
        set_up(config);
        ex_search(config->name, torture ? &config->torture : &config->check, most, begin, ex_judge, &result);
        double took = now() - began;
        printf("%-28s %10llu schedules %5llu steps %7.2f s %8.0f/s%s", config->name, (unsigned long long)result.schedules,
               (unsigned long long)result.longest, took, (double)result.schedules / took, result.exhausted ? "" : " (cut short)");
        searched++;
        cut += !result.exhausted;
        schedules += result.schedules;
        for (int kind = 0; kind < EX_FAULTS; kind++) {
            faults[kind] += result.faults[kind];
            bad += result.faults[kind];
            if (result.faults[kind] != 0)
                printf(" %s %llu", kinds[kind], (unsigned long long)result.faults[kind]);
        }
        printf("\n");
    }
    printf("configurations %llu\ncut_short %llu\nschedules %llu\n", (unsigned long long)searched, (unsigned long long)cut,
           (unsigned long long)schedules);
    for (int kind = 0; kind < EX_FAULTS; kind++)
        printf("%s %llu\n", kinds[kind], (unsigned long long)faults[kind]);
    return bad == 0 && searched > 0 ? 0 : 1;
}
