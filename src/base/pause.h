/* SPDX-License-Identifier: MIT */
/* pause: a moment for somebody else. */
#ifndef DK_BASE_PAUSE_H
#define DK_BASE_PAUSE_H

/* After a compare-and-swap that somebody else was before: leaves the line to them for
 * some hundred nanoseconds. Orders nothing. */
static inline void dk_step_aside(void)
{
    for (int i = 0; i < 8; i++)
#if defined __x86_64__ || defined __i386__
        __builtin_ia32_pause(); /* 10 to 50 ns each */
#elif defined __aarch64__
        __asm__ volatile("isb"); /* `yield` is nothing at all on most */
#else
        __asm__ volatile("");
#endif
}

#endif
