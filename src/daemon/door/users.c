/* SPDX-License-Identifier: MIT */
/* users: names of the configuration as the machine's ids. */
#include "daemon/daemon.h"

#include <stdlib.h>

docket_status dk_resolve_user(const char *name, uid_t *uid)
{
    char *end;
    const struct passwd *found = getpwnam(name);
    unsigned long number = strtoul(name, &end, 10);
    if (found == NULL && (*end != 0 || number > UINT32_MAX - 1))
        return dk_fail(DOCKET_BAD_CONFIG, "there is no user %s on this machine", name);
    *uid = found != NULL ? found->pw_uid : (uid_t)number;
    return DOCKET_OK;
}

docket_status dk_resolve_group(const char *name, gid_t *gid)
{
    char *end;
    const struct group *found = getgrnam(name);
    unsigned long number = strtoul(name, &end, 10);
    if (found == NULL && (*end != 0 || number > UINT32_MAX - 1))
        return dk_fail(DOCKET_BAD_CONFIG, "there is no group %s on this machine", name);
    *gid = found != NULL ? found->gr_gid : (gid_t)number;
    return DOCKET_OK;
}
