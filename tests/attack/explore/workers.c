/* SPDX-License-Identifier: MIT */
/* workers: libdocket's own calls, and what each was given. */
#include "world.h"

#include "env.h"
#include "table/seat.h"

#include <string.h>

struct ex_account *ex_account_of(int32_t label)
{
    for (uint32_t i = 0; i < world->account_count; i++)
        if (world->account[i].label == label)
            return &world->account[i];
    if (world->account_count == EX_IMAGES)
        abort();
    struct ex_account *account = &world->account[world->account_count++];
    account->label = label;
    return account;
}

/* A process's seat; threads of one process share it. */
static struct seat *seat_of(unsigned process)
{
    unsigned index = process - 1;
    if (world->seat[index] != NULL)
        return world->seat[index];
    uint32_t number;
    int locked, probe;
    struct dk_desk_book *desk = &world->daemon->desks[0];
    while (desk->seats_used <= index)
        if (dk_seat_assign(desk, &(struct dk_sitter){0}, &number, &locked, &probe) != DOCKET_OK)
            abort();
    struct seat *seat = ex_alloc(sizeof *seat);
    seat->map = world->map;
    seat->number = index;
    seat->salt = desk->seats[index].salt;
    seat->base = ex_seat_base(index);
    seat->live = &world->live[index];
    seat->lines = ex_alloc(world->map.geometry.lines_per_seat * sizeof *seat->lines);
    world->seat[index] = seat;
    return seat;
}

void ex_worker_make(unsigned index)
{
    struct ex_worker *worker = &world->worker[index];
    worker->process = world->config->worker[index].process;
    worker->date = EX_MONTH + 10;
    if (worker->process == 0)
        return;
    struct docket_series *series = &worker->series;
    series->serial = index + 1;
    series->strict = world->config->strict;
    series->restart = world->config->timed ? DK_DAILY : DK_NEVER;
    series->described = true;
    series->window = world->config->window;
    struct hand *hand = &worker->hand;
    hand->serial = series->serial;
    hand->strict = series->strict;
    hand->timed = world->config->timed;
    hand->bank = -1;
    hand->seat = seat_of(worker->process);
    hand->slot = 0;
    hand->generation = dk_load_relaxed(&dk_desk_slot(&world->map, 0)->generation);
    hand->series = series;
    hand->gate = dk_gate_of(series, DK_GATE_OTHER);
    for (unsigned i = 0; i < index; i++)
        if (dk_hand_place(&world->worker[i].series) == dk_hand_place(series))
            abort(); /* two workers share an entry of the memo: struct ex_worker wants another size */
    *dk_hand_place(series) = hand;
}

/* ---- what a worker was given ---- */

static uint64_t durable_mark(int32_t label)
{
    for (uint32_t i = 0; i < world->store.counter_count; i++)
        if (world->store.counters[i].image.period == label)
            return world->store.counters[i].image.mark;
    return 0;
}

static void given(const struct ex_worker *worker, int32_t label, uint64_t number)
{
    struct ex_account *account = ex_account_of(label);
    if (number == 0 || number > EX_NUMBERS) {
        ex_fault(EX_OTHER, "number %llu of period %d", (unsigned long long)number, label);
        return;
    }
    if (number >= durable_mark(label))
        ex_fault(EX_ABOVE_MARK, "%llu of period %d was handed out, the mark is %llu", (unsigned long long)number, label,
                 (unsigned long long)durable_mark(label));
    account->date[number] = worker->date;
    if (account->given[number]++ != 0)
        ex_fault(EX_DUPLICATE, "%llu of period %d was handed out twice", (unsigned long long)number, label);
}

static void check_status(const struct ex_worker *worker, docket_status status)
{
    if (status == DOCKET_OK || status == DOCKET_TIMEOUT || status == DOCKET_EXHAUSTED || status == DOCKET_BLOCK_EMPTY ||
        (world->config->dated && status == DOCKET_OUT_OF_ORDER) ||
        (((worker->series.restart != DK_NEVER) || world->config->evicts) && status == DOCKET_PERIOD_NOT_OPEN))
        return;
    ex_fault(status == DOCKET_QUARANTINED ? EX_QUARANTINE : EX_OTHER, "a call answers with status %d", (int)status);
}

static void do_next(struct ex_worker *worker, bool waits)
{
    uint64_t number;
    int32_t period;
    worker->in_call = 1;
    worker->waits = waits;
    docket_status status = docket_next(&worker->series, waits ? DK_SECOND_NS : 0, &number, &period);
    worker->waits = 0;
    check_status(worker, status);
    ex_death_point(); /* on its way to the caller */
    worker->in_call = 0;
    if (status == DOCKET_OK)
        given(worker, period, number);
    ex_death_point();
}

static void do_open(struct ex_worker *worker, uint32_t count)
{
    /* Dead in here, a strict block is handed out, a leased one comes back whole. */
    worker->in_call = worker->series.strict ? count : 0;
    docket_status status = docket_block_open(&worker->series, count, 0, &worker->block);
    check_status(worker, status);
    worker->in_call = 0;
    if (status != DOCKET_OK) {
        worker->block = NULL;
        return;
    }
    if (docket_block_show(worker->block, &worker->block_first, &worker->block_left, &worker->block_period) != DOCKET_OK)
        ex_fault(EX_OTHER, "a block that was opened cannot be shown");
    for (uint32_t i = 0; worker->series.strict && i < count; i++)
        given(worker, worker->block_period, worker->block_first + i);
}

static void do_take(struct ex_worker *worker)
{
    uint64_t number;
    if (worker->block == NULL)
        return;
    worker->in_call = worker->series.strict ? 0 : 1;
    docket_status status = docket_block_next(worker->block, &number);
    check_status(worker, status);
    ex_death_point();
    worker->in_call = 0;
    if (status != DOCKET_OK)
        return;
    if (number != worker->block_first)
        ex_fault(EX_OTHER, "a block gives %llu, not %llu", (unsigned long long)number,
                 (unsigned long long)worker->block_first);
    if (!worker->series.strict)
        given(worker, worker->block_period, number);
    worker->block_first++;
    worker->block_left--;
    ex_death_point();
}

static void do_back(struct ex_worker *worker)
{
    uint32_t returned = 0;
    if (worker->block == NULL)
        return;
    struct ex_account *account = ex_account_of(worker->block_period);
    uint64_t first = worker->block_first, end = first + worker->block_left;
    /* From the asking on its end may be anybody's, or its own for ever. */
    for (uint64_t n = first; worker->series.strict && n < end; n++) {
        account->given[n]--;
        account->maybe[n]++;
    }
    docket_status status = docket_block_give_back(worker->block, &returned);
    worker->block = NULL;
    worker->block_left = 0;
    if (!worker->series.strict || status != DOCKET_OK)
        return;
    for (uint64_t n = first; n < end; n++)
        account->maybe[n]--;
    for (uint64_t n = first; returned == 0 && n < end; n++)
        account->given[n]++; /* it stays handed out, or is void */
}

static bool is_answered(void *context)
{
    const struct ex_request *request = context;
    return request->answered || request->lost;
}

/* Each worker has a day of its own: it has looked at the clock some time ago. */
const struct shared_calendar *dk_calendar_at(const struct dk_desk *desk, uint32_t index)
{
    static struct shared_calendar nobodys;
    (void)desk;
    (void)index;
    return &nobodys;
}

bool dk_calendar_find(const struct shared_calendar *calendar, int64_t now_s, struct dk_calendar_found *found)
{
    (void)calendar;
    *found = (struct dk_calendar_found){.from_s = now_s,
                                        .until_s = now_s,
                                        .yyyymmdd = world->worker[ex_current() - EX_FIBER_WORKER].date};
    return true;
}

/* The socket: a question, and an answer or none. */
docket_status dk_reach_ask(struct docket_realm *realm, const struct dk_request *request, int64_t timeout_ns,
                           struct dk_reply *reply, int fds[DK_WIRE_FDS])
{
    struct ex_request *asked = &world->worker[ex_current() - EX_FIBER_WORKER].request;
    (void)realm;
    (void)timeout_ns;
    (void)fds;
    *asked = (struct ex_request){.wire = *request};
    ex_pseudo(PSEUDO_INBOX, EX_READ | EX_WRITE);
    asked->queued = true;
    ex_block(is_answered, asked);
    if (!asked->answered)
        return DOCKET_UNREACHABLE;
    memset(reply, 0, sizeof *reply);
    reply->returned = asked->returned;
    return DOCKET_OK;
}

void ex_worker_run(void *context)
{
    struct ex_worker *worker = context;
    const struct ex_do *does = world->config->worker[worker - world->worker].does;
    for (int i = 0; i < EX_OPS && does[i].op != OP_END; i++) {
        switch (does[i].op) {
        case OP_DATED:
            worker->date = EX_MONTH + does[i].count;
            do_next(worker, false);
            break;
        case OP_NEXT:
        case OP_WAIT:
            do_next(worker, does[i].op == OP_WAIT);
            break;
        case OP_OPEN:
            do_open(worker, does[i].count);
            break;
        case OP_TAKE:
            do_take(worker);
            break;
        case OP_BACK:
            do_back(worker);
            break;
        case OP_LEAVE:
            dk_lease_give_back(&worker->hand.lease, worker->hand.slot);
            break;
        case OP_EXIT:
            ex_exit();
        default:
            break;
        }
        ex_yield();
    }
    ex_death_point();
}
