/* SPDX-License-Identifier: MIT */
/* docketd: options, and the order of starting and stopping. */
#include "daemon/offline.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
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

enum { EXIT_USAGE = 2, EXIT_UNREACHABLE = 3, EXIT_SAFETY = 4, EXIT_OTHER = 1 };

struct options {
    const char *realm;
    const char *config;
    bool check_config;
    bool print_config;
    bool check_takeover;
    bool create;
    bool accept;
    bool accept_clock;
    uint64_t advance;
    int64_t idle_exit_s;
    bool offline;
    struct dk_offline verb;
};

static const char usage[] =
    "usage: docketd --realm DIR [options]\n"
    "\n"
    "Serves one realm: keeps its numbers durable, hands out seats, takes back what the dead left.\n"
    "Runs in the foreground; says READY=1 to NOTIFY_SOCKET; SIGTERM stops it in order.\n"
    "\n"
    "  --realm DIR        the realm's directory (or DOCKET_REALM)\n"
    "  --create           make the realm if DIR holds none; without it an empty DIR is refused,\n"
    "                     so that a disk that is not mounted never starts a second number 1\n"
    "  --config FILE      configuration (default: DIR/docket.conf, if it exists)\n"
    "  --check-config     read the configuration, say what is wrong with it, and end\n"
    "  --print-config     the same, and print all of it, defaults too, as a configuration\n"
    "  --check-takeover   say what a start of this release would do with each desk's files, and end;\n"
    "                     another docketd may be running\n"
    "  --help-config      list every key with its default and meaning\n"
    "  --accept-store N   serve a store whose witness is missing or does not fit: every counter is\n"
    "                     moved N numbers forward first, and those are unknown; N must be at\n"
    "                     least what any counter can have given since the copy was made\n"
    "  --accept-clock     this machine's clock is right, however far it is ahead of the store's last\n"
    "                     commit (an event says so); see clock_guard_days in docket.conf\n"
    "  --idle-exit S      stop after S seconds without any worker\n"
    "  --version, --help\n";

static const char usage_codes[] =
    "\n"
    "exit codes: 0 stopped in order, 1 failed, 2 usage or configuration, 3 no realm there or in use,\n"
    "4 refused for safety, 70 out of memory, 74 a commit failed\n";

static int exit_code(docket_status status)
{
    switch (status) {
    case DOCKET_OK:
        return 0;
    case DOCKET_BAD_CONFIG:
    case DOCKET_BAD_ARGUMENT:
        return EXIT_USAGE;
    case DOCKET_NO_REALM:
    case DOCKET_STORE_IN_USE:
        return EXIT_UNREACHABLE;
    default:
        return docket_status_category(status) == DOCKET_CATEGORY_SAFETY ? EXIT_SAFETY : EXIT_OTHER;
    }
}

enum {
    OPTION_REALM = 256,
    OPTION_CONFIG,
    OPTION_CHECK,
    OPTION_PRINT,
    OPTION_TAKEOVER,
    OPTION_CREATE,
    OPTION_ACCEPT,
    OPTION_CLOCK,
    OPTION_IDLE,
    OPTION_REFERENCE,
    OPTION_VERSION,
    OPTION_HELP,
    OPTION_OFFLINE,
    OPTION_REASON,
    OPTION_ISSUED,
    OPTION_PERIOD,
    OPTION_VOID_REST,
    OPTION_DRY_RUN,
    OPTION_KIND,
    OPTION_LIMIT,
    OPTION_JSON
};

static const struct option option_table[] = {{"realm", required_argument, NULL, OPTION_REALM},
                                             {"config", required_argument, NULL, OPTION_CONFIG},
                                             {"check-config", no_argument, NULL, OPTION_CHECK},
                                             {"print-config", no_argument, NULL, OPTION_PRINT},
                                             {"check-takeover", no_argument, NULL, OPTION_TAKEOVER},
                                             {"create", no_argument, NULL, OPTION_CREATE},
                                             {"accept-store", required_argument, NULL, OPTION_ACCEPT},
                                             {"accept-clock", no_argument, NULL, OPTION_CLOCK},
                                             {"idle-exit", required_argument, NULL, OPTION_IDLE},
                                             {"help-config", no_argument, NULL, OPTION_REFERENCE},
                                             {"version", no_argument, NULL, OPTION_VERSION},
                                             {"help", no_argument, NULL, OPTION_HELP},
                                             {"offline", no_argument, NULL, OPTION_OFFLINE},
                                             {"reason", required_argument, NULL, OPTION_REASON},
                                             {"issued", required_argument, NULL, OPTION_ISSUED},
                                             {"period", required_argument, NULL, OPTION_PERIOD},
                                             {"void-rest", no_argument, NULL, OPTION_VOID_REST},
                                             {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
                                             {"kind", required_argument, NULL, OPTION_KIND},
                                             {"limit", required_argument, NULL, OPTION_LIMIT},
                                             {"json", no_argument, NULL, OPTION_JSON},
                                             {NULL, 0, NULL, 0}};

static int refuse(const char *sentence)
{
    fprintf(stderr, "docketd: %s\n", sentence);
    return EXIT_USAGE;
}

/* Digits up to the largest; false if it is anything else. */
static bool read_number(const char *text, uint64_t largest, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && *number <= largest;
}

/* An option of --offline; false if it is none. */
static bool take_offline(int option, struct options *options)
{
    switch (option) {
    case OPTION_OFFLINE: options->offline = true; return true;
    case OPTION_REASON: options->verb.reason = optarg; return true;
    case OPTION_ISSUED: options->verb.issued = optarg; return true;
    case OPTION_PERIOD: options->verb.period = optarg; return true;
    case OPTION_VOID_REST: options->verb.void_rest = true; return true;
    case OPTION_DRY_RUN: options->verb.dry_run = true; return true;
    case OPTION_JSON: options->verb.json = true; return true;
    case OPTION_KIND: options->verb.kind = optarg; return true;
    default: return false;
    }
}

/* -1: go on. Otherwise the exit code. */
static int take_option(int option, struct options *options)
{
    uint64_t number;
    switch (option) {
    case OPTION_REALM: options->realm = optarg; break;
    case OPTION_CONFIG: options->config = optarg; break;
    case OPTION_CHECK: options->check_config = true; break;
    case OPTION_PRINT: options->check_config = options->print_config = true; break;
    case OPTION_TAKEOVER: options->check_takeover = true; break;
    case OPTION_CREATE: options->create = true; break;
    case OPTION_ACCEPT:
        options->accept = true;
        if (!read_number(optarg, DOCKET_NUMBER_MAX / 2, &options->advance))
            return refuse("--accept-store wants how many numbers to move forward");
        break;
    case OPTION_CLOCK: options->accept_clock = true; break;
    case OPTION_IDLE:
        if (!read_number(optarg, 31536000, &number))
            return refuse("--idle-exit wants seconds, 0 to 31536000");
        options->idle_exit_s = (int64_t)number;
        break;
    case OPTION_LIMIT:
        if (!read_number(optarg, 1000000, &number) || number == 0)
            return refuse("--limit wants a number, 1 to 1000000");
        options->verb.limit = (uint32_t)number;
        break;
    case OPTION_REFERENCE: dk_config_print_reference(stdout); return 0;
    case OPTION_VERSION: printf("docketd %s (layout %u, schema %u)\n", DOCKET_VERSION, DK_LAYOUT_VERSION,
                                DK_SCHEMA_VERSION); return 0;
    case OPTION_HELP: printf("%s%s%s", usage, dk_offline_usage, usage_codes); return 0;
    default: return take_offline(option, options) ? -1 : refuse("see docketd --help");
    }
    return -1;
}

/* The words of --offline; without it there are none. */
static int take_words(int count, char **values, struct options *options)
{
    if (!options->offline && optind < count)
        return refuse("it takes options only; see docketd --help");
    for (int at = optind; at < count; at++) {
        if (options->verb.word_count == DK_OFFLINE_WORDS)
            return refuse("too many words behind --offline; see docketd --help");
        options->verb.words[options->verb.word_count++] = values[at];
    }
    if (options->offline && (options->create || options->accept || options->accept_clock || options->check_config ||
                             options->check_takeover))
        return refuse("--offline goes with neither --create nor an --accept nor a --check");
    if (options->offline && dk_offline_check(&options->verb) != DOCKET_OK)
        return refuse(dk_error_text());
    return -1;
}

/* -1: go on. Otherwise the exit code. */
static int read_options(int count, char **values, struct options *options)
{
    *options = (struct options){.realm = getenv("DOCKET_REALM"), .idle_exit_s = -1};
    for (int option; (option = getopt_long(count, values, "", option_table, NULL)) != -1;) {
        int code = option == '?' ? refuse("see docketd --help") : take_option(option, options);
        if (code >= 0)
            return code;
    }
    int code = take_words(count, values, options);
    if (code < 0 && (options->realm == NULL || options->realm[0] == 0))
        return refuse("which realm? give --realm DIR or DOCKET_REALM");
    return code;
}

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

static docket_status open_store(struct dk_daemon *daemon, const struct options *options)
{
    if (options->create && mkdir(options->realm, 0700) != 0 && errno != EEXIST)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot make the realm %s", options->realm);
    struct dk_store_options store = {.realm = options->realm,
                                     .witness = daemon->config.witness[0] ? daemon->config.witness : NULL,
                                     .create = options->create,
                                     .accept = options->accept};
    memcpy(store.boot_id, daemon->boot_id, sizeof store.boot_id);
    docket_status status = dk_directory_open(options->realm, &daemon->realm_fd, NULL);
    if (status == DOCKET_OK)
        status = dk_store_open(&store, &daemon->store, &daemon->facts);
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
    dk_log(DK_LOG_NOTICE, "serving %s: generation %llu, %u desk(s), files in %s", daemon->config.realm,
           (unsigned long long)daemon->facts.generation, daemon->desk_count, daemon->runtime);
    if (daemon->config.policy.window > DOCKET_WINDOW_MAX)
        dk_log(DK_LOG_WARNING, "window = %s: a power loss may make %u numbers of each new series unknown; this "
                               "is not for books",
               dk_window_text(daemon->config.policy.window, digits), daemon->config.policy.window);
    dk_notify("READY=1\nSTATUS=serving");
}

static docket_status start(struct dk_daemon *daemon, const struct options *options)
{
    docket_status status = dk_boot_id(daemon->boot_id);
    daemon->accepted = options->accept;
    daemon->offline = options->offline;
    daemon->advance = options->advance;
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
    dk_guard_reading_store(false);
    for (uint32_t i = 0; i < daemon->desk_count && status == DOCKET_OK; i++)
        status = dk_bell_start(daemon, &daemon->desks[i]);
    if (status == DOCKET_OK)
        status = dk_serve_start(daemon);
    return status;
}

/* A verb that needs no start of docketd: it looks at what it was told to, or opens the store by itself. */
static int run_alone(struct dk_daemon *daemon, const struct options *options)
{
    docket_status status = dk_boot_id(daemon->boot_id);
    snprintf(daemon->config.realm, sizeof daemon->config.realm, "%s", options->realm);
    dk_guard_install(daemon);
    dk_guard_reading_store(true);
    if (status == DOCKET_OK)
        status = dk_offline_run(daemon, &options->verb);
    dk_guard_reading_store(false);
    if (status != DOCKET_OK)
        dk_log(DK_LOG_ERROR, "%s", dk_error_text());
    return exit_code(status);
}

enum { KEPT_BYTES = 32 << 20 };

int main(int count, char **values)
{
    /* LMDB takes the pages of each commit from malloc() and frees them after it; pages that go back to the kernel
     * each time cost as much as the writing. */
    mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    struct options options;
    static struct dk_daemon daemon = {.listen_fd = -1};
    docket_status outcome = DOCKET_OK; /* of the offline verb */
    char sentence[DK_ERROR_BYTES] = "";
    int code = read_options(count, values, &options);
    if (code >= 0)
        return code;
    if (options.offline && dk_offline_is_alone(&options.verb))
        return run_alone(&daemon, &options);
    docket_status status = dk_config_load(&daemon.config, options.realm, options.config);
    if (options.idle_exit_s >= 0)
        daemon.config.idle_exit_s = (uint32_t)options.idle_exit_s;
    docket_status zones = status == DOCKET_OK ? dk_config_check_zones(&daemon.config) : DOCKET_OK;
    if (zones != DOCKET_OK && options.check_config)
        status = zones;
    else if (zones != DOCKET_OK) /* the zone database may be gone: series that need no new period go on */
        dk_log(DK_LOG_ERROR, "%s. No series is made there meanwhile", dk_error_text());
    if (status == DOCKET_OK && options.check_config) {
        if (options.print_config)
            dk_config_print(&daemon.config, stdout);
        else
            printf("%s: good\n", daemon.config.file);
        return fflush(stdout) == 0 ? 0 : EXIT_OTHER;
    }
    if (status == DOCKET_OK && options.check_takeover) {
        status = dk_takeover_check(&daemon.config, stdout);
        if (status != DOCKET_OK)
            fprintf(stderr, "docketd: %s\n", dk_error_text());
        return exit_code(status);
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
    }
    if (status == DOCKET_OK)
        status = dk_loop_run(&daemon);
    dk_readover_stop(&daemon);
    if (status == DOCKET_OK) {
        dk_clerk_stop(daemon.clerk);
        status = dk_store_close(daemon.store, true);
    }
    if (status != DOCKET_OK)
        dk_log(DK_LOG_ERROR, "%s", dk_error_text());
    else if (outcome != DOCKET_OK)
        dk_log(DK_LOG_ERROR, "%s", sentence);
    else if (!options.offline)
        dk_log(DK_LOG_NOTICE, "stopped in order");
    return exit_code(status != DOCKET_OK ? status : outcome);
}
