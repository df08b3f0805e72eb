/* SPDX-License-Identifier: MIT */
/*
 * losses: what of a store an older schema cannot hold, counted by kind, with the
 * first of each by name.
 */
#ifndef DK_STORE_LOSSES_H
#define DK_STORE_LOSSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DK_LOSS_KINDS = 16, DK_LOSS_EXAMPLES = 240, DK_LOSS_TEXT = 384 };

struct dk_loss {
    uint64_t count;
    uint64_t schema;  /* the newest one that cannot hold them */
    const char *what; /* "counter|s closed for good": what stands behind the bar is for all counts but 1, up to a blank */
    bool full;        /* no more examples */
    char examples[DK_LOSS_EXAMPLES];
};

/* Zero it before use. */
struct dk_losses {
    unsigned kinds;
    struct dk_loss rows[DK_LOSS_KINDS];
};

/* what: static memory; one of a kind is one string. */
void dk_loss_add(struct dk_losses *losses, uint64_t schema, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "2 series with settings that schema 3 cannot hold: acme/INV profile=in-gst, acme/B window=16" */
void dk_loss_text(const struct dk_loss *loss, char text[DK_LOSS_TEXT]);

#endif
