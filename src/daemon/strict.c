/* SPDX-License-Identifier: MIT */
/*
 * strict: a turn of a strict counter: raise its limit under a durable mark,
 * take back the end of a block, or close it.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "table/doorbell.h"
#include "table/slot.h"

#include <stdlib.h>

/* Below DK_ROOM_MAX by more than a block that may be taken back. */
enum { ROOM = 250000 };
_Static_assert(ROOM + DOCKET_BLOCK_MAX <= DK_ROOM_MAX && DOCKET_WINDOW_MAX <= ROOM, "a strict word has 18 bits of room");

static void announce(struct dk_counter *counter)
{
    dk_doorbell_announce(&dk_book_bank(counter)->supply);
}

/* The latest day that it can be, or have been: the clock may have been set back since
 * the date was given, the store's time does not go back. */
static uint32_t latest_day(const struct dk_counter *counter)
{
    bool carried;
    int64_t wall_s = dk_clock_wall_s();
    int64_t trusted_s = dk_store_trusted_now_ns(dk_daemon_of(counter)->store, &carried) / DK_SECOND_NS;
    return dk_date_add(dk_day_within(&counter->series->record, 0, wall_s > trusted_s ? wall_s : trusted_s), 1);
}

/* The latest date that a chronological counter has given: read behind its word, it
 * covers every number below the position (ORDER-17). False: no worker of ours wrote
 * this: another assignment's, no day of the period, earlier than it was, or later
 * than tomorrow, though it was not when it was seen last. */
static bool look_at_date(struct dk_counter *counter)
{
    const struct dk_series_record *record = &counter->series->record;
    if (!record->policy->chronological)
        return true;
    uint64_t word = dk_load_acquire(&dk_book_table_bank(counter)->last_date); /* ORDER-17 */
    uint32_t date = dk_last_date_of(word, counter->epoch);
    if (word != dk_last_date_pack(counter->epoch, date) || date < counter->last_date)
        return false;
    if (date == counter->last_date)
        return true;
    struct dk_span span = {.first = DK_DATE_FIRST, .last = DK_DATE_LAST};
    if (!dk_date_supported(date) ||
        (counter->period.label != 0 && !dk_span_of_label((enum dk_restart)record->policy->restart,
                                                         &record->policy->fiscal, counter->period.label, &span)) ||
        date < span.first || date > span.last || date > latest_day(counter))
        return false;
    counter->last_date = date;
    return true;
}

static bool agrees(struct dk_counter *counter)
{
    if (look_at_date(counter))
        return true;
    dk_series_quarantine(counter->series, "the last date of a chronological counter says what cannot be (unless a clock was days ahead)");
    return false;
}

/* Compares the word with the books; the position on success. */
static bool look(struct dk_counter *counter, struct dk_strict *now)
{
    *now = dk_strict_unpack(dk_load_acquire(&dk_book_table_bank(counter)->strict)); /* ORDER-8 */
    uint64_t position = counter->base + now->next;
    if (now->epoch != counter->epoch % DK_STRICT_EPOCHS || position + now->room != counter->limit ||
        position < counter->next) {
        dk_series_quarantine(counter->series, "the word of a strict counter does not agree with docketd's books");
        return false;
    }
    counter->next = position;
    return agrees(counter);
}

static struct dk_counter_image *image_of(struct dk_counter *counter, struct dk_job *job)
{
    struct dk_counter_image *image = dk_job_image(job);
    dk_counter_image_frame(counter, image);
    dk_image_copy_spares(image, counter->spares, counter->spare_count);
    return image;
}

/* The mark is durable: limit, then word, then wake. */
static void raise_to(struct dk_counter *counter, uint64_t target)
{
    struct shared_board_words *words = dk_desk_words(&counter->series->desk->map);
    uint32_t more = (uint32_t)(target - counter->limit);
    if (more == 0 || counter->series->quarantined)
        return;
    dk_store_release(&dk_book_bank(counter)->limit, target);      /* before the word: ORDER-8 */
    dk_strict_raise(&dk_book_table_bank(counter)->strict, more);
    counter->limit = target;
    dk_count_relaxed(&words->raises, 1);
    dk_count_relaxed(&words->numbers_out, more);
    announce(counter);
}

/* The word has room for ROOM numbers, whatever the window: the mark may be farther. */
static uint64_t within_room(const struct dk_counter *counter, uint64_t target)
{
    return target - counter->next < ROOM ? target : counter->limit > counter->next + ROOM ? counter->limit : counter->next + ROOM;
}

static void raised(struct dk_job *job)
{
    struct dk_counter *counter = job->context;
    counter->mark = job->images[0].mark;
    counter->exposed = counter->mark - job->images[0].next;
    dk_accounted_committed(counter, &job->images[0], true);
    if (!dk_winding_down(counter))
        raise_to(counter, within_room(counter, counter->mark));
    dk_job_free(job);
    dk_keeper_done(counter);
}

struct aim {
    uint64_t limit, mark; /* how far each should go; as they are: far enough */
};

/* The number behind the last one that may be taken with so many ahead. */
static uint64_t end_of(const struct dk_counter *counter, uint64_t ahead)
{
    uint64_t end = counter->next + ahead;
    if (end > counter->extent_last + 1)
        end = counter->extent_last + 1;
    if (end - counter->base > DK_NEXT_MAX - DK_ROOM_MAX)
        end = counter->base + DK_NEXT_MAX - DK_ROOM_MAX;
    return end;
}

/* Half a window in hand is enough, of what the word has room for. A window that is larger than
 * that lies under the mark: then most raises need no commit, and the next one is begun at half. */
static struct aim aim_of(struct dk_counter *counter, const struct dk_strict *now)
{
    struct aim aim = {.limit = counter->limit, .mark = counter->mark};
    uint64_t want = dk_exchange_acquire(&dk_book_table_bank(counter)->want, 0);
    if (want > DOCKET_BLOCK_MAX)
        want = DOCKET_BLOCK_MAX; /* what a worker wrote is a wish */
    uint32_t held = counter->window < ROOM ? counter->window : ROOM;
    if (now->room > held / 2 && now->room >= want)
        return aim;
    dk_keeper_judge_window(counter, counter->next, dk_clock_monotonic_ns());
    uint64_t end = end_of(counter, want > counter->window ? want : counter->window);
    if (end > counter->limit)
        aim.limit = within_room(counter, end);
    bool soon = counter->window > ROOM && counter->mark - counter->next < counter->window / 2;
    if ((aim.limit > counter->mark || soon) && end > counter->mark)
        aim.mark = end;
    return aim;
}

/* Nothing can come back any more: what was asked for stays handed out. */
void dk_strict_refuse(struct dk_counter *counter)
{
    while (counter->give_backs != NULL) {
        struct dk_give_back *request = counter->give_backs;
        counter->give_backs = request->next;
        dk_serve_given_back(request->connection, 0);
        free(request);
    }
}

static void settled(struct dk_job *job)
{
    struct dk_counter *counter = job->context;
    counter->mark = job->images[0].mark;
    counter->exposed = counter->mark - job->images[0].next;
    counter->closed = dk_image_has_ended(&job->images[0]) || counter->ahead; /* nothing of it is out: it may leave memory */
    counter->settled = counter->closed || !counter->ended; /* it may have ended since the image was made */
    counter->again = counter->again || !counter->settled;
    dk_accounted_committed(counter, &job->images[0], true);
    dk_job_free(job);
    dk_strict_refuse(counter);
    dk_keeper_done(counter);
    if (counter->closed)
        dk_periods_counter_settled(counter);
}

/* No more room than so many; the position stays in the word. False: quarantined. */
static bool lower_room(struct dk_counter *counter, uint32_t most)
{
    uint32_t room;
    counter->next = counter->base + dk_strict_lower(&dk_book_table_bank(counter)->strict, most, &room);
    uint64_t limit = counter->next + room;
    dk_count_relaxed(&dk_desk_words(&counter->series->desk->map)->numbers_out, limit - counter->limit); /* less */
    counter->limit = limit;
    dk_store_release(&dk_book_bank(counter)->limit, counter->limit);
    return agrees(counter); /* behind the last take */
}

/* Nobody uses it: the mark falls, durably. What the word has room for meanwhile lies below the mark that
 * is and the one that will be: a disk that hangs now, or our death, takes nothing from whoever comes. */
static void calm(struct dk_counter *counter)
{
    if (!lower_room(counter, counter->window))
        return;
    struct dk_job *job = dk_job_new(raised, counter);
    struct dk_counter_image *image = image_of(counter, job);
    (void)dk_accounted_plan(counter);
    image->mark = end_of(counter, counter->window);
    if (image->mark < counter->limit)
        image->mark = counter->limit;
    dk_keeper_post(counter, job);
}

/* Nothing more is given: the position goes into the store. */
static void settle(struct dk_counter *counter)
{
    if (!lower_room(counter, 0))
        return;
    struct dk_job *job = dk_job_new(settled, counter);
    struct dk_counter_image *image = image_of(counter, job);
    (void)dk_accounted_plan(counter);
    image->mark = counter->next;
    image->closed = counter->ended;
    dk_keeper_post(counter, job);
}

static void given_back(struct dk_job *job)
{
    struct dk_counter *counter = job->context;
    struct dk_give_back *request = counter->give_backs;
    uint32_t returned = 0;
    /* The durable position has fallen to first; now the word may. Whoever took a
     * later number meanwhile keeps it, and the rest of the block is void. */
    if (job->range_count == 0) {
        uint64_t before = counter->next;
        counter->next = request->first;
        if (dk_strict_untake(&dk_book_table_bank(counter)->strict, counter->epoch, counter->base, request->first,
                             request->count)) {
            returned = request->count;
            announce(counter);
        } else {
            counter->next = before; /* later numbers went, or the word has no room for them */
            request->tried = true;
        }
    }
    bool done = job->range_count > 0 || returned > 0;
    counter->exposed = counter->mark - job->images[0].next;
    dk_job_free(job);
    if (done) {
        counter->give_backs = request->next;
        dk_serve_given_back(request->connection, returned);
        free(request);
    }
    /* This turn looked at nothing else: a caller's wish, a stop or the period's
     * end may have asked for it too. */
    counter->again = true;
    dk_keeper_done(counter);
}

static void void_the_rest(struct dk_counter *counter, struct dk_job *job, const struct dk_give_back *request)
{
    struct dk_fate_record record = {.series_id = counter->series->record.id,
                                    .period = counter->period.label,
                                    .fate = DK_FATE_VOID,
                                    .cause = DK_CAUSE_GIVEN_BACK,
                                    .range = {request->first, request->first + request->count - 1},
                                    .time_ns = dk_clock_wall_ns(),
                                    .event_at = 1};
    const struct dk_series_record *series = &counter->series->record;
    char period[16];
    dk_period_text(counter->period.label, period);
    dk_job_event(job, "give-back", request->uid, "%llu to %llu of %s/%s%s%s came back after later numbers, and are void",
                 (unsigned long long)record.range.first, (unsigned long long)record.range.last, series->tenant,
                 series->name, period[0] ? "/" : "", period);
    dk_job_about(job, series->tenant, series->name, counter->period.label);
    dk_job_range(job, &record);
}

struct overlap {
    uint64_t first, end;
    bool found;
};

static docket_status look_at_range(void *context, const struct dk_fate_record *record)
{
    struct overlap *overlap = context;
    if (record->range.first < overlap->end && record->range.last >= overlap->first)
        overlap->found = true;
    return DOCKET_OK;
}

/* A number that has its fate in the store already cannot be given back. */
static bool on_record(const struct dk_counter *counter, const struct dk_give_back *request)
{
    struct overlap overlap = {.first = request->first, .end = request->first + request->count};
    docket_status status = dk_store_each_range(dk_daemon_of(counter)->store, counter->series->record.id,
                                               counter->period.label, look_at_range, &overlap);
    return status != DOCKET_OK || overlap.found;
}

/* True if a give-back was found impossible and answered, or is on its way. */
static bool give_back_turn(struct dk_counter *counter)
{
    struct dk_give_back *request = counter->give_backs;
    if (request == NULL)
        return false;
    uint64_t end = request->first + request->count; /* serve.c bounded both */
    if (request->first < counter->extent_first || end > counter->next || on_record(counter, request)) {
        counter->give_backs = request->next;
        dk_serve_given_back(request->connection, 0);
        free(request);
        counter->again = counter->again || counter->give_backs != NULL;
        return give_back_turn(counter);
    }
    struct dk_job *job = dk_job_new(given_back, counter);
    struct dk_counter_image *image = image_of(counter, job);
    bool again = counter->series->record.policy->release == DK_RECYCLE;
    if (end == counter->next && !request->tried && again)
        image->next = request->first;
    else
        void_the_rest(counter, job, request);
    dk_keeper_post(counter, job);
    return true;
}

/* An ended counter that never came on the board: nobody took from it. */
static void close_unpublished(struct dk_counter *counter)
{
    struct dk_job *job = dk_job_new(settled, counter);
    struct dk_counter_image *image = image_of(counter, job);
    (void)dk_accounted_plan(counter);
    image->mark = image->next;
    image->closed = 1;
    dk_keeper_post(counter, job);
}

void dk_strict_turn(struct dk_counter *counter)
{
    struct dk_strict now;
    if (counter->bank < 0 && counter->ended && !counter->settled) {
        close_unpublished(counter);
        return;
    }
    if (counter->settled && !dk_winding_down(counter))
        counter->settled = false; /* its desk was drained, and is no more */
    if (counter->bank < 0 || counter->settled || !look(counter, &now)) {
        dk_strict_refuse(counter);
        (void)dk_accounted_plan(counter);
        dk_accounted_committed(counter, NULL, true); /* the store says all there is to say, and was asked */
        return;
    }
    if (give_back_turn(counter))
        return;
    if (dk_winding_down(counter)) {
        settle(counter);
        return;
    }
    if (dk_keeper_calms(counter, counter->next)) {
        calm(counter);
        return;
    }
    struct aim aim = aim_of(counter, &now);
    bool account = dk_accounted_plan(counter);
    raise_to(counter, aim.limit < counter->mark ? aim.limit : counter->mark);
    dk_keeper_expect(counter, counter->limit - counter->next);
    if (aim.mark == counter->mark && !account)
        return;
    struct dk_job *job = dk_job_new(raised, counter);
    struct dk_counter_image *image = image_of(counter, job);
    image->mark = aim.mark;
    dk_keeper_post(counter, job);
}
