/* SPDX-License-Identifier: MIT */
/*
 * foreign: how much of the machine others used. /proc/stat has what all used, in ticks of
 * 10 ms; what we, the workers that have ended, and the servers of -p used is ours. Time that
 * the host took from a guest counts as others'.
 */
#include "parts.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SERVERS_MAX = 32 };

static int servers[SERVERS_MAX], server_count;

void bench_own_process(int pid)
{
    if (server_count < SERVERS_MAX)
        servers[server_count++] = pid;
}

static double machine_s(void)
{
    unsigned long long user = 0, nice = 0, system = 0, idle, wait, irq = 0, soft = 0, steal = 0;
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system, &idle, &wait, &irq, &soft,
               &steal) != 8)
        user = nice = system = irq = soft = steal = 0;
    fclose(file);
    return (double)(user + nice + system + irq + soft + steal) / (double)sysconf(_SC_CLK_TCK);
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double own_s(int who)
{
    struct rusage usage;
    return getrusage(who, &usage) == 0 ? seconds(usage.ru_utime) + seconds(usage.ru_stime) : 0;
}

/* utime, stime, cutime and cstime stand behind the name, which may hold blanks. */
static double server_s(int pid, int depth)
{
    char path[64], line[1024] = "";
    unsigned long long user = 0, system = 0;
    long long ended_user = 0, ended_system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    const char *rest = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    fclose(file);
    if (rest == NULL || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %lld %lld", &user, &system,
                               &ended_user, &ended_system) != 4)
        return 0;
    double sum = (double)(user + system) + (double)(ended_user + ended_system);
    double all = sum / (double)sysconf(_SC_CLK_TCK);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    if (depth < 4 && (file = fopen(path, "re")) != NULL) {
        for (int child; fscanf(file, "%d", &child) == 1;)
            all += server_s(child, depth + 1);
        fclose(file);
    }
    return all;
}

void bench_usage_now(struct bench_usage *usage)
{
    usage->at_ns = bench_now_ns();
    usage->machine_s = machine_s();
    usage->own_s = own_s(RUSAGE_SELF) + own_s(RUSAGE_CHILDREN);
    usage->servers_s = 0;
    for (int i = 0; i < server_count; i++)
        usage->servers_s += server_s(servers[i], 0);
}

void bench_usage_since(const struct bench_usage *before, double *others, double *of_servers, double *grain)
{
    struct bench_usage now;
    bench_usage_now(&now);
    double room_s = (double)(now.at_ns - before->at_ns) / 1e9 * (double)sysconf(_SC_NPROCESSORS_ONLN);
    *of_servers = (now.servers_s - before->servers_s) / room_s;
    *others = (now.machine_s - before->machine_s - (now.own_s - before->own_s)) / room_s - *of_servers;
    *others = *others > 0 ? *others : 0;
    *grain = 2 / (double)sysconf(_SC_CLK_TCK) / room_s; /* less than two ticks cannot be told from none */
}
