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

static const char *const kinds[EX_FAULTS] = {"duplicates", "unaccounted", "above_mark", "hangs", "quarantines", "disorders", "others"};

/* One series in the store, its desk made by docketd's own start, workers seated. */
static void set_up(const struct ex_config *config)
{
    ex_forget_all();
    world = ex_alloc(sizeof *world);
    world->config = config;
    world->now_s = EX_TODAY_S;
    world->series.id = 1;
    strcpy(world->series.tenant, "t");
    strcpy(world->series.name, "s");
    strcpy(world->series.desk, "default");
    static struct dk_policy policy;
    policy = (struct dk_policy){.order = config->strict ? DK_STRICT : DK_LEASED,
                                .restart = config->timed ? DK_DAILY : DK_NEVER,
                                .chronological = config->dated,
                                .window = config->window,
                                .template_text = "{N}"};
    world->series.policy = &policy;
    struct dk_period period;
    dk_period_at(&policy, &dk_zone_utc, world->now_s, &period);
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

struct total {
    uint64_t configurations, cut, schedules, faults[EX_FAULTS], bad;
};

static void search(const struct ex_config *config, enum ex_order order, bool torture, uint64_t most, struct total *total)
{
    struct ex_result result;
    char name[64];
    double began = now();
    snprintf(name, sizeof name, "%s/%s", config->name, order == EX_EAGER ? "eager" : "late");
    set_up(config);
    ex_search(name, torture ? &config->torture : &config->check, order, most, begin, ex_judge, &result);
    double took = now() - began;
    printf("%-32s %10llu schedules %5llu steps %7.2f s %8.0f/s%s", name, (unsigned long long)result.schedules,
           (unsigned long long)result.longest, took, (double)result.schedules / took,
           result.exhausted ? "" : " (cut short)");
    total->configurations++;
    total->cut += !result.exhausted;
    total->schedules += result.schedules;
    for (int kind = 0; kind < EX_FAULTS; kind++) {
        total->faults[kind] += result.faults[kind];
        total->bad += result.faults[kind];
        if (result.faults[kind] != 0)
            printf(" %s %llu", kinds[kind], (unsigned long long)result.faults[kind]);
    }
    printf("\n");
}

int main(int count, char **arguments)
{
    struct total total = {0};
    bool torture = count > 1 && strcmp(arguments[1], "torture") == 0, known_bad = getenv("KNOWN_BAD") != NULL;
    const char *only = count > 2 ? arguments[2] : "";
    uint64_t most = count > 3 ? strtoull(arguments[3], NULL, 10) : UINT64_MAX;
    setvbuf(stdout, NULL, _IOLBF, 0);
    ex_died = died;
    ex_name_of = ex_word_name;
    for (int order = 0; order < EX_ORDERS; order++)
        for (size_t i = 0; i < ex_config_count; i++)
            if (strncmp(ex_configs[i].name, only, strlen(only)) == 0 && !(known_bad && total.bad > 0))
                search(&ex_configs[i], (enum ex_order)order, torture, most, &total);
    printf("configurations %llu\ncut_short %llu\nschedules %llu\n", (unsigned long long)total.configurations,
           (unsigned long long)total.cut, (unsigned long long)total.schedules);
    for (int kind = 0; kind < EX_FAULTS; kind++)
        printf("%s %llu\n", kinds[kind], (unsigned long long)total.faults[kind]);
    return total.bad == 0 && total.configurations > 0 ? 0 : 1;
}
