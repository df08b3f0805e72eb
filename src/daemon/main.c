/* SPDX-License-Identifier: MIT */
/* docketd: the order of starting and stopping. */
#include "daemon/options.h"
#include "daemon/recovery/floors.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static docket_status make_desks(struct dk_daemon *daemon)
{
    daemon->desk_count = daemon->config.desk_count;
    daemon->desks = dk_must_alloc(daemon->desk_count, sizeof *daemon->desks);
    for (uint32_t i = 0; i < daemon->desk_count; i++) {
        const struct dk_desk_config *config = &daemon->config.desks[i];
        struct dk_desk_book *desk = &daemon->desks[i];
        docket_status status = DOCKET_OK;
        desk->daemon = daemon;
        desk->index = i;
        snprintf(desk->rule.name, sizeof desk->rule.name, "%s", config->name);
        desk->rule.user_set = config->user[0] != 0;
        desk->rule.group_set = config->group[0] != 0;
        if (desk->rule.user_set)
            status = dk_resolve_user(config->user, &desk->rule.user);
        if (status == DOCKET_OK && desk->rule.group_set)
            status = dk_resolve_group(config->group, &desk->rule.group);
        if (status != DOCKET_OK)
            return dk_wrap(status, "%s: desk %s", daemon->config.file, config->name);
    }
    return DOCKET_OK;
}

static docket_status resolve_admins(struct dk_daemon *daemon)
{
    char names[sizeof daemon->config.admins], *rest = names;
    snprintf(names, sizeof names, "%s", daemon->config.admins);
    docket_status status = DOCKET_OK;
    for (char *name; status == DOCKET_OK && (name = strtok_r(rest, ", \t", &rest)) != NULL;) {
        if (daemon->admin_count == DK_ADMINS_MAX)
            status = dk_fail(DOCKET_BAD_CONFIG, "more than %d admins; use admin_group", DK_ADMINS_MAX);
        else
            status = dk_resolve_user(name, &daemon->admins[daemon->admin_count++]);
    }
    daemon->admin_group_set = daemon->config.admin_group[0] != 0;
    if (status == DOCKET_OK && daemon->admin_group_set)
        status = dk_resolve_group(daemon->config.admin_group, &daemon->admin_group);
    return status == DOCKET_OK ? status : dk_wrap(status, "%s: admins", daemon->config.file);
}

static bool link_stands(const struct dk_daemon *daemon)
{
    char target[DK_PATH_BYTES];
    ssize_t bytes = readlinkat(daemon->realm_fd, "runtime", target, sizeof target);
    return bytes == (ssize_t)strlen(daemon->runtime) && memcmp(target, daemon->runtime, (size_t)bytes) == 0;
}

/* REALM/runtime leads to the shared files: one folder for each store under the root. */
static docket_status open_runtime(struct dk_daemon *daemon)
{
    char root[DK_PATH_BYTES - 64], link_name[64];
    const struct dk_config *config = &daemon->config;
    docket_status status =
        dk_runtime_root(config->runtime_dir[0] ? config->runtime_dir : NULL, config->shared, root, sizeof root);
    if (status != DOCKET_OK)
        return status;
    snprintf(daemon->runtime, sizeof daemon->runtime, "%s/%016llx", root,
             (unsigned long long)daemon->facts.store_id[0]);
    if (mkdir(daemon->runtime, 0700) != 0 && errno != EEXIST)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make %s", daemon->runtime);
    uid_t owner;
    status = dk_directory_open(daemon->runtime, &daemon->runtime_fd, &owner);
    if (status == DOCKET_OK)
        status = dk_tmpfs_check(daemon->runtime_fd, daemon->runtime);
    if (status == DOCKET_OK && owner != geteuid())
        status = dk_fail(DOCKET_UNSAFE_FILES, "%s belongs to uid %u, not to docketd", daemon->runtime, (unsigned)owner);
    if (status != DOCKET_OK)
        return status;
    /* Shared: others look the socket up; the files' own modes keep their bytes. */
    if (fchmod(daemon->runtime_fd, config->shared ? 0755 : 0700) != 0 ||
        (config->shared && fchmod(daemon->realm_fd, 0755) != 0))
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot set the mode of %s or %s", daemon->runtime,
                             config->realm);
    snprintf(link_name, sizeof link_name, "runtime.%d", (int)getpid());
    unlinkat(daemon->realm_fd, link_name, 0);
    if (link_stands(daemon)) /* as a rule; a full disk may have no room for a new one */
        return DOCKET_OK;
    if (symlinkat(daemon->runtime, daemon->realm_fd, link_name) != 0 ||
        renameat(daemon->realm_fd, link_name, daemon->realm_fd, "runtime") != 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make the link %s/runtime", config->realm);
    return DOCKET_OK;
}

static docket_status open_descriptors(struct dk_daemon *daemon)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    daemon->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    daemon->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    daemon->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (daemon->epoll_fd < 0 || daemon->bell_fd < 0 || daemon->signal_fd < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make docketd's own descriptors");
    /* A descriptor for each seat: take what the hard limit allows. */
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    return DOCKET_OK;
}

static docket_status open_store(struct dk_daemon *daemon, const struct dk_options *options)
{
    if (options->create && mkdir(options->realm, 0700) != 0 && errno != EEXIST)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make the realm %s", options->realm);
    struct dk_store_place place;
    dk_store_place_of(daemon, &place);
    place.options.create = options->create;
    place.options.accept = options->accept;
    docket_status status = dk_directory_open(options->realm, &daemon->realm_fd, NULL);
    if (status == DOCKET_OK)
        status = dk_store_open(&place.options, &daemon->store, &daemon->facts);
    if (status == DOCKET_OK && daemon->facts.far_why[0] != 0)
        dk_log(DK_LOG_WARNING, "no far witness is kept: %s. A copy of the whole realm would not be noticed", daemon->facts.far_why);
    return status;
}

static void announce(struct dk_daemon *daemon)
{
    char digits[16];
    for (uint32_t i = 0; i < daemon->desk_count; i++) {
        struct shared_board_words *words = dk_desk_words(&daemon->desks[i].map);
        dk_store_relaxed(&words->docketd_pid, (uint64_t)getpid());
        dk_store_relaxed(&words->started_s, (uint64_t)dk_clock_wall_s());
        dk_store_relaxed(&words->generation_now, daemon->facts.generation);
        dk_store_relaxed(&words->heartbeat_ns, (uint64_t)dk_clock_boot_ns());
        dk_store_relaxed(&words->clock_held_s, (uint64_t)daemon->clock_held_s);
        dk_store_release(&words->serving, 1);
    }
    dk_about_write(daemon);
    dk_page_clear(daemon);
    dk_log(DK_LOG_NOTICE, "serving %s: generation %llu, %u desk(s), files in %s", daemon->config.realm,
           (unsigned long long)daemon->facts.generation, daemon->desk_count, daemon->runtime);
    if (daemon->config.policy.window > DOCKET_WINDOW_MAX)
        dk_log(DK_LOG_WARNING, "window = %s: a power loss may make %u numbers of each new series unknown; this "
                               "is not for books",
               dk_window_text(daemon->config.policy.window, digits), daemon->config.policy.window);
    dk_notify("READY=1\nSTATUS=serving");
}

static docket_status start(struct dk_daemon *daemon, const struct dk_options *options)
{
    docket_status status = dk_boot_id(daemon->boot_id);
    daemon->accepted = options->accept;
    daemon->offline = options->offline;
    if (options->accept && daemon->floors == NULL) { /* --accept-store N */
        static struct dk_floors skipping = {.skip_given = true};
        skipping.skip = options->advance;
        daemon->floors = &skipping;
    }
    if (status == DOCKET_OK)
        status = make_desks(daemon);
    if (status == DOCKET_OK)
        status = resolve_admins(daemon);
    if (status == DOCKET_OK)
        status = open_descriptors(daemon);
    dk_guard_install(daemon);
    dk_guard_reading_store(true);
    if (status == DOCKET_OK)
        status = open_store(daemon, options);
    if (status == DOCKET_OK)
        status = open_runtime(daemon);
    if (status == DOCKET_OK)
        status = dk_clerk_start(daemon->store, daemon->facts.commit_number, &daemon->clerk, &daemon->clerk_fd);
    if (status == DOCKET_OK && options->accept_clock)
        dk_clockguard_accept(daemon);
    if (status == DOCKET_OK)
        (void)dk_now_s(daemon); /* judged before the first commit, which would record it */
    if (status == DOCKET_OK)
        status = dk_recovery_run(daemon);
    if (status == DOCKET_OK)
        dk_board_watch(daemon);
    dk_guard_reading_store(false);
    for (uint32_t i = 0; i < daemon->desk_count && status == DOCKET_OK; i++)
        status = dk_bell_start(daemon, &daemon->desks[i]);
    if (status == DOCKET_OK)
        status = dk_serve_start(daemon);
    return status;
}

/* Why docketd does not serve: the page of help, or the sentence. */
static void say_why(struct dk_daemon *daemon, const struct dk_options *options, docket_status status, bool page)
{
    if (page)
        dk_page_put(daemon, status, dk_offline_given(&options->verb, DK_OFFLINE_JSON));
    else if (status != DOCKET_OK)
        dk_offline_say(&options->verb, status, dk_error_text());
}

/* A verb that needs no start of docketd: it looks at what it was told to, or opens the store by itself. */
static int run_alone(struct dk_daemon *daemon, const struct dk_options *options)
{
    docket_status status = dk_boot_id(daemon->boot_id);
    dk_guard_install(daemon);
    dk_guard_reading_store(true);
    if (status == DOCKET_OK)
        status = dk_offline_run(daemon, &options->verb);
    dk_guard_reading_store(false);
    fflush(stdout);
    say_why(daemon, options, status, dk_page_wanted(status));
    return dk_options_exit_code(status);
}

/* What only looks at the configuration, or at what a start would do. -1: go on; else the exit code. */
static int look_only(struct dk_daemon *daemon, const struct dk_options *options)
{
    if (options->check_config) {
        if (options->print_config)
            dk_config_print(&daemon->config, stdout);
        else
            printf("%s: good\n", daemon->config.file);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    if (!options->check_takeover)
        return -1;
    docket_status status = dk_takeover_check(&daemon->config, stdout);
    if (status != DOCKET_OK)
        fprintf(stderr, "docketd: %s\n", dk_error_text());
    return dk_options_exit_code(status);
}

enum { KEPT_BYTES = 32 << 20 };

int main(int count, char **values)
{
    /* LMDB takes the pages of each commit from malloc() and frees them after it; pages that go back to the kernel
     * each time cost as much as the writing. */
    mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    struct dk_options options;
    static struct dk_daemon daemon = {.listen_fd = -1};
    docket_status outcome = DOCKET_OK; /* of the offline verb */
    char sentence[DK_ERROR_BYTES] = "";
    int code = dk_options_read(count, values, &options);
    if (code >= 0)
        return code;
    docket_status status = dk_config_load(&daemon.config, options.realm, options.config);
    if (options.idle_exit_s >= 0)
        daemon.config.idle_exit_s = (uint32_t)options.idle_exit_s;
    docket_status zones = status == DOCKET_OK ? dk_config_check_zones(&daemon.config) : DOCKET_OK;
    if (zones != DOCKET_OK && options.check_config)
        status = zones;
    else if (zones != DOCKET_OK) /* the zone database may be gone: series that need no new period go on */
        dk_log(DK_LOG_ERROR, "%s. No series is made there meanwhile", dk_error_text());
    if (status == DOCKET_OK && (code = look_only(&daemon, &options)) >= 0)
        return code;
    if (status == DOCKET_OK && options.offline && dk_offline_is_alone(&options.verb))
        return run_alone(&daemon, &options);
    if (status == DOCKET_OK && options.offline && dk_offline_accepts(&options.verb)) {
        status = dk_offline_accept_look(&daemon, &options.verb, &options.accept);
        if (status == DOCKET_OK && !options.accept)
            return 0;
    }
    if (status == DOCKET_OK)
        status = dk_activate_take(&daemon.given_fd);
    if (status == DOCKET_OK)
        status = start(&daemon, &options);
    if (status == DOCKET_OK && options.offline) {
        outcome = dk_offline_run(&daemon, &options.verb);
        snprintf(sentence, sizeof sentence, "%s", dk_error_text());
        daemon.stopping = true; /* the loop only stops what was started */
    } else if (status == DOCKET_OK) {
        announce(&daemon);
        dk_readover_start(&daemon);
        dk_marker_start(&daemon);
    }
    if (status == DOCKET_OK)
        status = dk_loop_run(&daemon);
    dk_readover_stop(&daemon);
    dk_marker_stop(&daemon);
    if (status == DOCKET_OK) {
        dk_store_wait_no_more(daemon.store);
        dk_clerk_stop(daemon.clerk);
        status = dk_store_close(daemon.store, true);
    }
    if (status != DOCKET_OK) /* whoever accepts has read the page */
        say_why(&daemon, &options, status, dk_page_wanted(status) && !dk_offline_accepts(&options.verb));
    else if (outcome != DOCKET_OK)
        dk_offline_say(&options.verb, outcome, sentence);
    else if (!options.offline)
        dk_log(DK_LOG_NOTICE, "stopped in order");
    return dk_options_exit_code(status != DOCKET_OK ? status : outcome);
}
