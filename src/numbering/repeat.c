/* SPDX-License-Identifier: MIT */
/*
 * repeat: does one shape write a text twice? All its texts of one length have the
 * same cells, so equal texts have equal numbers and show equal dates: it repeats
 * exactly if two dates of different periods look alike. That depends on the
 * digits shown, the restart and the fiscal year alone; the verdicts are kept, as
 * docketd asks at each creation.
 */
#include "numbering/cells.h"

#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MEMOS = 256 };

struct memo {
    bool used, repeats;
    uint8_t restart;
    struct dk_fiscal fiscal;
    uint32_t shown;
    uint32_t date[2];
};

static struct memo memos[MEMOS];
static pthread_mutex_t memo_lock = PTHREAD_MUTEX_INITIALIZER;

static bool same_question(const struct memo *memo, const struct memo *asked)
{
    return memo->used && memo->shown == asked->shown && memo->restart == asked->restart &&
           memo->fiscal.rule == asked->fiscal.rule && memo->fiscal.month == asked->fiscal.month &&
           memo->fiscal.weekday == asked->fiscal.weekday;
}

static struct memo *memo_of(const struct memo *asked)
{
    uint32_t mix = asked->shown * 31u + asked->restart;
    mix = mix * 31u + asked->fiscal.rule * 7u * 12u + asked->fiscal.month * 7u + asked->fiscal.weekday;
    return &memos[(mix * 2654435761u >> 16) % MEMOS];
}

static int by_look(const void *left, const void *right)
{
    const struct dk_look *a = left, *b = right;
    int order = memcmp(a->digit, b->digit, DK_DIGITS);
    return order != 0 ? order : (a->label > b->label) - (a->label < b->label);
}

static void decide(const struct dk_shape *shape, struct memo *asked)
{
    struct dk_look *looks;
    unsigned count = dk_looks_make(shape, asked->shown, &looks);
    qsort(looks, count, sizeof *looks, by_look);
    for (unsigned at = 1; at < count && !asked->repeats; at++) {
        if (memcmp(looks[at].digit, looks[at - 1].digit, DK_DIGITS) != 0 || looks[at].label == looks[at - 1].label)
            continue;
        asked->repeats = true;
        asked->date[0] = looks[at - 1].date;
        asked->date[1] = looks[at].date;
    }
    free(looks);
}

/* Nobody waits for the lock: in a child that was forked while another thread held
 * it, it stays held, and then the answer is found anew each time. */
static bool recall(const struct memo *memo, struct memo *asked)
{
    if (pthread_mutex_trylock(&memo_lock) != 0)
        return false;
    bool known = same_question(memo, asked);
    if (known)
        *asked = *memo;
    pthread_mutex_unlock(&memo_lock);
    return known;
}

static void ask(const struct dk_shape *shape, struct memo *asked)
{
    struct memo *memo = memo_of(asked);
    if (recall(memo, asked))
        return;
    decide(shape, asked);
    asked->used = true;
    if (pthread_mutex_trylock(&memo_lock) != 0)
        return;
    *memo = *asked;
    pthread_mutex_unlock(&memo_lock);
}

/* Digits of the date that the template shows; cheaper than its cells. */
static void question_of(const struct dk_shape *shape, struct memo *asked)
{
    *asked = (struct memo){.restart = (uint8_t)shape->restart, .shown = dk_digits_shown(shape->template)};
    if (shape->restart == DK_FISCAL || (asked->shown & DK_DIGITS_FISCAL))
        asked->fiscal = shape->template->fiscal;
}

bool dk_shape_repeats(const struct dk_shape *shape, struct dk_collision *found)
{
    if (shape->restart == DK_NEVER)
        return false;
    struct memo asked;
    question_of(shape, &asked);
    ask(shape, &asked);
    if (!asked.repeats)
        return false;
    memset(found, 0, sizeof *found);
    if (dk_template_size(shape->template, shape->series, 1) > DOCKET_TEXT_MAX)
        return true; /* nothing that could be written down */
    for (unsigned side = 0; side < 2; side++) {
        struct dk_rendered rendered;
        struct dk_span span;
        dk_template_render(shape->template, shape->series, asked.date[side], &rendered);
        dk_rendered_write(&rendered, 1, found->text[side]);
        dk_span_of_date(shape->restart, &shape->template->fiscal, asked.date[side], &span);
        found->period[side] = span.label;
        found->date[side] = asked.shown != 0 ? asked.date[side] : 0;
        found->number[side] = 1;
    }
    found->shown = strcasecmp(found->text[0], found->text[1]) == 0;
    return true;
}
