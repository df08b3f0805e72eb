/* SPDX-License-Identifier: MIT */
/* holddisk: LD_PRELOAD for docketd: a disk that hangs while the file that DOCKET_HOLD names is there. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void hold(void)
{
    const char *file = getenv("DOCKET_HOLD");
    while (file != NULL && access(file, F_OK) == 0)
        usleep(20000);
}

int fdatasync(int fd)
{
    hold();
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    hold();
    return (int)syscall(SYS_fsync, fd);
}

int msync(void *from, size_t bytes, int flags)
{
    hold();
    return (int)syscall(SYS_msync, from, bytes, flags);
}
