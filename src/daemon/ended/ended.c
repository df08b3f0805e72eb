/* SPDX-License-Identifier: MIT */
/* ended: numbers of periods that have ended, one durable commit for all who wait. */
#include "daemon/ended/ended.h"

#include "base/clock.h"
#include "daemon/series/policies.h"
#include "daemon/recovery/recovery.h"
#include "table/slot.h"

#include <stdlib.h>
#include <string.h>

/* ---- entries ---- */

static struct dk_ended *find(const struct dk_daemon *daemon, uint64_t series_id, int32_t label)
{
    struct dk_ended *ended = daemon->ended;
    while (ended != NULL && (ended->series_id != series_id || ended->label != label))
        ended = ended->next; /* as many as are asked for at once */
    return ended;
}

struct dk_ended *dk_ended_entry(struct dk_daemon *daemon, uint64_t series_id, int32_t label)
{
    struct dk_ended *ended = find(daemon, series_id, label);
    if (ended != NULL)
        return ended;
    ended = dk_must_alloc(1, sizeof *ended);
    *ended = (struct dk_ended){.next = daemon->ended, .daemon = daemon, .series_id = series_id, .label = label};
    daemon->ended = ended;
    return ended;
}

bool dk_ended_is_free(struct dk_daemon *daemon, uint64_t series_id, int32_t label)
{
    const struct dk_ended *ended = find(daemon, series_id, label);
    const struct dk_series_book *series = dk_series_by_id(daemon, series_id);
    if (series != NULL && dk_ledger_is_written(series))
        return false;
    return ended == NULL || (!ended->busy && !ended->held && ended->given == NULL);
}

bool dk_ended_concerns(const struct dk_series_book *series, int32_t label)
{
    const struct dk_ended *ended = series->desk->daemon->ended;
    while (ended != NULL && (ended->series_id != series->record.id || (label >= 0 && ended->label != label)))
        ended = ended->next;
    return ended != NULL;
}

bool dk_ended_is_written(const struct dk_series_book *series)
{
    for (const struct dk_ended *ended = series->desk->daemon->ended; ended != NULL; ended = ended->next)
        if (ended->series_id == series->record.id && (ended->busy || ended->held || ended->given != NULL))
            return true;
    return false;
}

/* ---- what is known ---- */

/* Of a period ahead only a date tells that a number was given, by a clock that was
 * ahead: its position moves by an advance too, and by a loss. */
static bool gave_any(const struct dk_counter *counter, int32_t now)
{
    uint64_t position = counter->next;
    uint32_t date = counter->last_date;
    if (counter->bank >= 0 && dk_is_strict(counter)) {
        struct shared_table_bank *bank = dk_book_table_bank(counter);
        uint64_t word = dk_load_acquire(&bank->strict); /* ORDER-8 */
        if (counter->base + dk_strict_unpack(word).next > position)
            position = counter->base + dk_strict_unpack(word).next; /* a scribble refuses; it gives nothing */
        if (date == 0)
            date = dk_last_date_of(dk_load_acquire(&bank->last_date), counter->epoch); /* ORDER-17 */
    }
    return date != 0 || (counter->period.label <= now && position > counter->extent_first);
}

struct looking {
    int32_t label;
    int32_t now; /* label of the current period */
    struct dk_ended_facts *facts;
};

static docket_status look_at_image(void *context, const struct dk_counter_image *image)
{
    const struct looking *looking = context;
    struct dk_ended_facts *facts = looking->facts;
    bool given = image->last_date != 0 || (image->period <= looking->now && image->next > image->extent_first);
    if (image->period > looking->label && given)
        facts->later = image->period;
    if (image->period != looking->label)
        return DOCKET_OK;
    facts->found = true;
    facts->image = *image;
    facts->image.places = NULL;
    facts->image.place_count = 0;
    dk_image_copy_spares(&facts->image, image->spares, image->spare_count);
    return DOCKET_OK;
}

docket_status dk_ended_look(struct dk_daemon *daemon, uint64_t series_id, int32_t label, struct dk_ended_facts *facts)
{
    struct looking looking = {.label = label, .now = INT32_MAX, .facts = facts};
    const struct dk_series_book *series = dk_series_by_id(daemon, series_id);
    struct dk_period now;
    *facts = (struct dk_ended_facts){.later = -1};
    if (series != NULL) {
        dk_period_now(daemon, series->record.policy, &now);
        looking.now = now.label;
    }
    docket_status status = dk_store_each_counter_of(daemon->store, series_id, look_at_image, &looking);
    for (const struct dk_counter *counter = series == NULL ? NULL : series->counters; counter != NULL;
         counter = counter->next_of_series)
        if (counter->period.label > label && gave_any(counter, looking.now))
            facts->later = counter->period.label;
    return status;
}

void dk_ended_begin(const struct dk_series_record *record, int32_t label, uint64_t incarnation,
                    struct dk_counter_image *image)
{
    dk_image_begin(image, record->id, label, 0, incarnation);
    image->extent_last = dk_record_last(record, label);
    image->closed = DK_ENDED;
}

uint64_t dk_ended_first(struct dk_daemon *daemon, uint64_t series_id, int32_t label)
{
    struct dk_ended_facts facts;
    docket_status status = dk_ended_look(daemon, series_id, label, &facts);
    free(facts.image.spares);
    return status == DOCKET_OK && facts.found ? facts.image.extent_first : 0;
}

/* ---- answers ---- */

/* The caller went away before it was told: nobody has the number. */
static void void_unheard(const struct dk_ended *ended, uint64_t number, uint32_t uid)
{
    struct dk_job *job = dk_job_new(dk_job_free, NULL);
    struct dk_fate_record record = {.series_id = ended->series_id,
                                    .period = ended->label,
                                    .fate = DK_FATE_VOID,
                                    .cause = DK_CAUSE_GIVEN_BACK,
                                    .range = {number, number},
                                    .time_ns = dk_clock_wall_ns(),
                                    .event_at = 1};
    dk_job_event(job, "give-back", uid, "who asked for number %llu of period %d was gone before it was told, and it is void",
                 (unsigned long long)number, ended->label);
    const struct dk_series_book *series = dk_series_by_id(ended->daemon, ended->series_id); /* it stays while it is asked for */
    if (series != NULL)
        dk_job_about(job, series->record.tenant, series->record.name, ended->label);
    dk_job_range(job, &record);
    dk_clerk_post(ended->daemon->clerk, job);
}

static void answer(struct dk_ended *ended, struct dk_asking *asking, docket_status status)
{
    struct dk_reply reply = {.salt = asking->number, .seat = (uint32_t)ended->label};
    struct dk_daemon *daemon = ended->daemon;
    reply.store_id[0] = daemon->facts.store_id[0];
    reply.store_id[1] = daemon->facts.store_id[1];
    reply.generation = daemon->facts.generation;
    if (status == DOCKET_OK)
        memcpy(reply.text, &ended->form, sizeof ended->form);
    else
        reply.salt = 0;
    dk_serve_answer(asking->connection, DK_ASK_DATED, status, &reply, NULL, 0);
    if (status == DOCKET_OK && asking->connection->gone)
        void_unheard(ended, asking->number, asking->connection->uid);
    free(asking);
}

/* The thread's last error is the sentence for each of them. */
static void refuse_all(struct dk_ended *ended, docket_status status)
{
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    while (ended->asked != NULL) {
        struct dk_asking *asking = ended->asked;
        ended->asked = asking->next;
        answer(ended, asking, dk_fail(status, "%s", sentence));
    }
}

static void answer_given(struct dk_ended *ended, docket_status status)
{
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    while (ended->given != NULL) {
        struct dk_asking *asking = ended->given;
        ended->given = asking->next;
        answer(ended, asking, status == DOCKET_OK ? status : dk_fail(status, "%s", sentence));
    }
}

/* ---- giving ---- */

/* What numbers are taken from: spares, lowest first, then those never laid. They end
 * where the policy ends them by whose template they are written, which may have been
 * set since the period ended: above it a text could be another series' (collide.h). */
struct source {
    struct dk_range *spares;
    size_t *spare_count;
    uint64_t *next;
    uint64_t last;
};

static uint64_t last_of(const struct dk_series_book *series, int32_t label, uint64_t extent_last)
{
    uint64_t last = dk_record_last(&series->record, label);
    return last < extent_last ? last : extent_last;
}

/* 0: there is none. */
static uint64_t next_of(const struct source *source)
{
    uint64_t next = *source->spare_count > 0 ? source->spares[0].first : *source->next;
    return next <= source->last ? next : 0;
}

static void take_one(const struct source *source)
{
    if (*source->spare_count > 0)
        (void)dk_ranges_cut(source->spares, source->spare_count, 0, 1);
    else
        (*source->next)++;
}

/* Before it is taken: a text that does not fit spends no number. */
static docket_status check_room(const struct dk_series_book *series, const struct dk_ended *ended,
                                const struct dk_asking *asking, uint64_t number)
{
    struct dk_template template;
    if (asking->room == 0)
        return DOCKET_OK;
    if (!dk_form_unpack(&ended->form, &template))
        return dk_fail(DOCKET_DAMAGED, "the template of %s/%s cannot be read", series->record.tenant,
                       series->record.name);
    size_t size = dk_template_size(&template, series->record.name, number);
    if (size <= asking->room)
        return DOCKET_OK;
    return dk_fail(DOCKET_BUFFER_TOO_SMALL, "number %llu of %s has a text of %zu bytes, and there is room for %u; no "
                                            "number was taken",
                   (unsigned long long)number, dk_ended_name(&series->record, ended->label), size, asking->room);
}

/* Moves those who get a number from `asked` to `given`; the others hear why not. */
static bool give(struct dk_ended *ended, const struct dk_series_book *series, struct dk_ended_facts *facts,
                 const struct source *source)
{
    struct dk_asking **last = &ended->given;
    (void)dk_series_form(&series->record, ended->label, &ended->form); /* logged; texts are refused */
    while (ended->asked != NULL) {
        struct dk_asking *asking = ended->asked;
        ended->asked = asking->next;
        asking->next = NULL;
        docket_status status = dk_ended_check(series, ended->label, facts, asking->date, 0);
        if (status == DOCKET_OK && asking->connection->gone)
            status = DOCKET_UNREACHABLE; /* nobody hears it: no number is spent */
        uint64_t number = next_of(source);
        if (status == DOCKET_OK && number == 0)
            status = dk_fail(DOCKET_EXHAUSTED, "%s has given its last number, %llu", dk_ended_name(&series->record, ended->label),
                             (unsigned long long)source->last);
        if (status == DOCKET_OK)
            status = check_room(series, ended, asking, number);
        if (status != DOCKET_OK) {
            answer(ended, asking, status);
            continue;
        }
        take_one(source);
        asking->number = number;
        if (series->record.policy->chronological && asking->date > facts->image.last_date)
            facts->image.last_date = asking->date;
        *last = asking;
        last = &asking->next;
    }
    return ended->given != NULL;
}

/* ---- a leased counter whose leases are still out: in its own turn ---- */

bool dk_ended_plan(struct dk_counter *counter, struct dk_range **spares, size_t *spare_count, uint64_t *next)
{
    struct dk_daemon *daemon = dk_daemon_of(counter);
    struct dk_ended *ended = find(daemon, counter->series->record.id, counter->period.label);
    struct dk_ended_facts facts = {.later = -1};
    struct source source = {.spares = *spares,
                            .spare_count = spare_count,
                            .next = next,
                            .last = last_of(counter->series, counter->period.label, counter->extent_last)};
    if (ended == NULL || ended->asked == NULL || ended->given != NULL || counter->series->held ||
        dk_ended_check_series(counter->series) != DOCKET_OK)
        return false;
    return give(ended, counter->series, &facts, &source);
}

void dk_ended_given(struct dk_counter *counter)
{
    struct dk_ended *ended = find(dk_daemon_of(counter), counter->series->record.id, counter->period.label);
    if (ended == NULL || ended->busy || ended->given == NULL)
        return;
    answer_given(ended, counter->series->quarantined
                            ? dk_fail(DOCKET_QUARANTINED, "%s was quarantined meanwhile",
                                      dk_ended_name(&counter->series->record, ended->label))
                            : DOCKET_OK);
}

/* ---- all others: by their image ---- */

static void committed(struct dk_job *job)
{
    struct dk_ended *ended = job->context;
    dk_job_free(job);
    ended->busy = false;
    answer_given(ended, DOCKET_OK);
}

/* The image to change: OK and *wait false, or why not, or it is not its time yet. */
static docket_status prepare(struct dk_ended *ended, struct dk_series_book *series, struct dk_ended_facts *facts,
                             bool *wait)
{
    struct dk_period now;
    dk_period_now(ended->daemon, series->record.policy, &now);
    if (ended->label > now.label)
        return DOCKET_OK; /* each hears it by check_date() */
    if (facts->found && dk_image_has_ended(&facts->image))
        return DOCKET_OK;
    if (ended->label == now.label)
        return dk_fail(DOCKET_TIMEOUT, "%s is the current period: it is on the board, or about to be; ask again",
                       dk_ended_name(&series->record, ended->label));
    if (!facts->found) {
        docket_status status = dk_ended_check_unseen(series, ended->label);
        dk_ended_begin(&series->record, ended->label, series->desk->map.incarnation, &facts->image);
        return status;
    }
    /* It was ahead of a clock that was set back, and its time has passed since:
     * it ends by its own turn. */
    *wait = true;
    dk_load_counter(ended->daemon, series, &facts->image);
    return DOCKET_OK;
}

static void give_by_image(struct dk_ended *ended, struct dk_series_book *series)
{
    struct dk_ended_facts facts;
    bool wait = false;
    docket_status status = dk_ended_look(ended->daemon, ended->series_id, ended->label, &facts);
    if (status == DOCKET_OK)
        status = prepare(ended, series, &facts, &wait);
    size_t spare_count = facts.image.spare_count;
    struct source source = {.spares = facts.image.spares,
                            .spare_count = &spare_count,
                            .next = &facts.image.next,
                            .last = last_of(series, ended->label, facts.image.extent_last)};
    if (status != DOCKET_OK)
        refuse_all(ended, status);
    if (status != DOCKET_OK || wait || !give(ended, series, &facts, &source)) {
        free(facts.image.spares);
        return;
    }
    struct dk_job *job = dk_job_new(committed, ended);
    struct dk_counter_image *image = dk_job_image(job);
    *image = facts.image; /* its spares are the job's now */
    image->spare_count = (uint32_t)spare_count;
    image->mark = image->next;
    if (ended->label > series->newest)
        series->newest = ended->label; /* no clock opens it again */
    ended->busy = true;
    dk_clerk_post(ended->daemon->clerk, job);
}

/* ---- turns ---- */

void dk_ended_end(struct dk_counter *counter)
{
    struct dk_daemon *daemon = dk_daemon_of(counter);
    if (counter->bank >= 0) {
        dk_periods_look(daemon, counter->series, dk_now_s(daemon));
    } else if (!counter->busy) {
        counter->ahead = counter->settled = false;
        counter->ended = true;
        dk_keeper_ask(counter);
    }
}

static void turn(struct dk_ended *ended)
{
    struct dk_series_book *series = dk_series_by_id(ended->daemon, ended->series_id);
    if (ended->asked == NULL || ended->busy || ended->held || ended->given != NULL)
        return;
    if (series == NULL) { /* it stays in memory while it stands here */
        refuse_all(ended, dk_fail(DOCKET_UNREACHABLE, "the series left the board"));
        return;
    }
    docket_status status = dk_ended_check_series(series);
    if (status != DOCKET_OK) {
        refuse_all(ended, status);
        return;
    }
    if (series->held || series->publishing)
        return;
    struct dk_counter *counter = dk_series_counter(series, ended->label);
    if (counter == NULL) {
        give_by_image(ended, series);
        return;
    }
    if (counter->closing) {
        refuse_all(ended, dk_ended_say_closed(series, ended->label));
        return;
    }
    if (counter->ended) {
        dk_keeper_ask(counter); /* its last word, or numbers beside its leases */
        return;
    }
    struct dk_period now;
    dk_period_now(ended->daemon, series->record.policy, &now);
    if (ended->label < now.label) {
        dk_ended_end(counter);
        return;
    }
    refuse_all(ended, dk_fail(DOCKET_TIMEOUT, "%s is on the board: its numbers are there; ask again",
                              dk_ended_name(&series->record, ended->label)));
}

void dk_ended_turn(struct dk_daemon *daemon)
{
    for (struct dk_ended *ended = daemon->ended, *next; ended != NULL; ended = next) {
        next = ended->next; /* a turn makes no entry and frees none */
        turn(ended);
    }
    for (struct dk_ended **at = &daemon->ended; *at != NULL;) {
        struct dk_ended *ended = *at;
        if (ended->asked != NULL || ended->given != NULL || ended->busy || ended->held) {
            at = &ended->next;
            continue;
        }
        *at = ended->next;
        free(ended);
    }
}
