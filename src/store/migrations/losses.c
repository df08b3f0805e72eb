/* SPDX-License-Identifier: MIT */
/* losses: see losses.h. */
#include "store/migrations/losses.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Of more kinds than there is room for the last one gathers the rest: it is a loss, and is not forgotten. */
static struct dk_loss *row_of(struct dk_losses *losses, uint64_t schema, const char *what)
{
    for (unsigned at = 0; at < losses->kinds; at++)
        if (losses->rows[at].schema == schema && strcmp(losses->rows[at].what, what) == 0)
            return &losses->rows[at];
    if (losses->kinds == DK_LOSS_KINDS)
        return &losses->rows[DK_LOSS_KINDS - 1];
    struct dk_loss *made = &losses->rows[losses->kinds++];
    *made = (struct dk_loss){.schema = schema, .what = what};
    return made;
}

void dk_loss_add(struct dk_losses *losses, uint64_t schema, const char *what, const char *format, ...)
{
    char example[DK_LOSS_EXAMPLES];
    struct dk_loss *row = row_of(losses, schema, what);
    size_t used = strlen(row->examples);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(example, sizeof example, format, arguments);
    va_end(arguments);
    const char *dots = ", ...";
    row->count++;
    if (row->full)
        return;
    bool fits = length > 0 && used + 2 + (size_t)length + strlen(dots) < sizeof row->examples;
    row->full = !fits;
    const char *comma = fits && used > 0 ? ", " : "";
    snprintf(row->examples + used, sizeof row->examples - used, "%s%.*s", comma, DK_LOSS_EXAMPLES - 1,
             fits ? example : used > 0 ? dots : "...");
}

void dk_loss_text(const struct dk_loss *loss, char text[DK_LOSS_TEXT])
{
    const char *bar = strchr(loss->what, '|');
    const char *rest = bar != NULL ? bar + 1 : "";
    size_t plural = loss->count == 1 ? strcspn(rest, " ") : 0;
    int stem = bar != NULL ? (int)(bar - loss->what) : (int)strlen(loss->what);
    snprintf(text, DK_LOSS_TEXT, "%llu %.*s%s that schema %llu cannot hold: %s", (unsigned long long)loss->count, stem,
             loss->what, rest + plural, (unsigned long long)loss->schema, loss->examples);
}
