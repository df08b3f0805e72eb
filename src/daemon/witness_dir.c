/* SPDX-License-Identifier: MIT */
/*
 * witness_dir: where this host keeps far witnesses, if the configuration does not say. What a service manager gives comes
 * first, then what the environment says of state; so a docketd under systemd and a command of root's come to one folder.
 * Beside the unit's folder, and not in it: there the realm lies.
 */
#include "daemon/daemon.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_STATE "/var/lib/docket"

/* The first of a list with colons; length 0: there is none that can be used. */
static size_t first_path(const char *paths)
{
    return paths != NULL && paths[0] == '/' ? strcspn(paths, ":") : 0;
}

static bool spell(char *folder, size_t size, const char *state, size_t bytes, const char *below)
{
    int length = snprintf(folder, size, "%.*s%s", (int)bytes, state, below);
    return length > 0 && (size_t)length < size;
}

static bool is_ours(const char *folder)
{
    struct stat facts;
    return stat(folder, &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == geteuid();
}

bool dk_witness_dir(char *folder, size_t size)
{
    const char *given = getenv("STATE_DIRECTORY"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (first_path(given) > 0)
        return spell(folder, size, given, first_path(given), "-witness");
    if (first_path(state) > 0)
        return spell(folder, size, state, strlen(state), "/docket/witness");
    if (geteuid() == 0 || is_ours(SYSTEM_STATE "-witness")) /* the service's user, also when a person runs docketd as it */
        return spell(folder, size, SYSTEM_STATE, strlen(SYSTEM_STATE), "-witness");
    if (first_path(home) == 0) {
        const struct passwd *user = getpwuid(geteuid());
        home = user != NULL ? user->pw_dir : NULL;
    }
    return first_path(home) > 0 && spell(folder, size, home, strlen(home), "/.local/state/docket/witness");
}
