/* SPDX-License-Identifier: MIT */
/*
 * ledger_ask: questions at record speed. Items go in packets, of which a few are on their way; each
 * item remembers what has become of it, so that a try that comes to nothing is followed by one with what is
 * left. At most three tries are sent, with a pause between that doubles and is a bit longer or shorter by
 * chance. To be heard at all may take until the caller's time is over: nothing is sent meanwhile.
 */
#include "client/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TRIES = 3, /* that were sent */
    WAY_PACKETS = 16,
    WAY_ITEMS = 512,    /* on their way: their answers fit into a socket of the usual size */
    PACKET_ITEMS = 256
};

#define PAUSE_FIRST_NS (5 * DK_MILLISECOND_NS)
#define PATIENCE_NS (250 * DK_MILLISECOND_NS) /* an answer is waited for no shorter than this */

/* A packet on its way: items from `at` to `end` that are SENT. */
struct way {
    uint32_t tag;
    size_t at, end;
};

struct run {
    struct dk_ask *ask;
    struct dk_line *line;
    int64_t end_ns;
    int64_t patience_ns;       /* of this try */
    uint32_t attempt;          /* 1, 2, 3 */
    docket_status failed;      /* of the try before */
    uint32_t desk;
    int32_t seat;
    uint64_t salt;
    size_t next;               /* item that this try looks at next */
    struct way ways[WAY_PACKETS];
    size_t way_count;
    size_t way_items;
    bool sent;                 /* something, in this try */
    bool unseated;             /* it does not know our seat */
    bool seat_tried;
    docket_status refused;     /* a packet of this try was, and may be sent again; OK: none was */
};

/* ---- where the caller sits ---- */

static docket_status sit(struct run *run, bool fresh)
{
    struct hand *hand;
    struct docket_series *series = run->ask->series;
    int64_t left_ns = run->end_ns - dk_clock_monotonic_ns();
    docket_status status = dk_hand_make(series, left_ns > 0 ? left_ns : 0, &hand);
    if (status != DOCKET_OK)
        return status;
    if (hand->gate == DK_GATE_BUSY)
        return dk_fail(DOCKET_BUSY, "this thread is inside a call already (%s/%s asked from a signal handler?)",
                       series->tenant, series->name);
    if (fresh) {
        left_ns = run->end_ns - dk_clock_monotonic_ns();
        status = dk_hand_bind(hand, true, left_ns > 0 ? left_ns : 0);
    }
    if (status != DOCKET_OK)
        return status;
    run->desk = hand->seat->map.index;
    run->seat = (int32_t)hand->seat->number;
    run->salt = hand->seat->salt;
    return DOCKET_OK;
}

/* docketd does not know our seat: perhaps it has built the desk anew. True: we sit again. */
static bool sit_again(struct run *run)
{
    struct hand *hand;
    int64_t left_ns = run->end_ns - dk_clock_monotonic_ns();
    if (run->seat_tried || left_ns <= 0)
        return false;
    run->seat_tried = true;
    return dk_hand_make(run->ask->series, left_ns, &hand) == DOCKET_OK &&
           dk_reach_moved(run->ask->series->realm, hand->seat, left_ns) && sit(run, true) == DOCKET_OK;
}

/* ---- sending ---- */

static void fill_host(char host[66])
{
    memset(host, 0, 66);
    if (gethostname(host, DK_HOST_MAX) != 0)
        host[0] = 0;
    for (char *at = host; *at != 0; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

static void begin_packet(struct run *run)
{
    const struct dk_ask *ask = run->ask;
    struct dk_record_head *head = &run->line->writer.head;
    dk_record_begin(&run->line->writer, ask->type);
    head->tag = ++run->line->tag;
    head->verb = ask->verb;
    head->flags = ask->flags;
    head->attempt = run->attempt;
    head->desk = run->desk;
    head->seat = run->seat;
    head->salt = run->salt;
    snprintf(head->tenant, sizeof head->tenant, "%s", ask->series->tenant);
    snprintf(head->name, sizeof head->name, "%s", ask->series->name);
    fill_host(head->host);
    if (run->failed != DOCKET_OK)
        snprintf(head->error, sizeof head->error, "%s", docket_status_name(run->failed));
}

/* The next items that nobody has heard of, as many as fit; *way says which. */
static void fill_packet(struct run *run, struct way *way)
{
    struct dk_ask *ask = run->ask;
    size_t most = WAY_ITEMS - run->way_items < PACKET_ITEMS ? WAY_ITEMS - run->way_items : PACKET_ITEMS;
    begin_packet(run);
    way->tag = run->line->tag;
    way->at = run->next;
    for (; run->next < ask->count && run->line->writer.head.count < most; run->next++) {
        struct dk_record_item item = {.period = -1};
        if (ask->asked[run->next] == DK_ASKED_DONE)
            continue;
        ask->fill(ask, run->next, &item);
        if (!dk_record_put(&run->line->writer, &item))
            break;
    }
    way->end = run->next;
}

/* Bits beside enum dk_asked: it was sent in a try before this one, and nobody knows. */
enum { SENT_BEFORE = 4 };

static docket_status send_packet(struct run *run, bool *any)
{
    struct way *way = &run->ways[run->way_count];
    fill_packet(run, way);
    uint32_t count = run->line->writer.head.count;
    *any = count > 0;
    if (count == 0)
        return DOCKET_OK;
    int64_t left_ns = run->end_ns - dk_clock_monotonic_ns();
    docket_status status = dk_record_send(run->line->fd, &run->line->writer, left_ns > 0 ? left_ns : 0);
    if (status != DOCKET_OK)
        return status; /* it went not at all */
    for (size_t i = way->at; i < way->end; i++)
        if (run->ask->asked[i] != DK_ASKED_DONE)
            run->ask->asked[i] |= DK_ASKED_SENT;
    run->sent = true;
    run->way_count++;
    run->way_items += count;
    return DOCKET_OK;
}

/* ---- answers ---- */

static struct way *find_way(struct run *run, uint32_t tag)
{
    for (size_t i = 0; i < run->way_count; i++)
        if (run->ways[i].tag == tag)
            return &run->ways[i];
    return NULL;
}

static void forget_way(struct run *run, struct way *way)
{
    size_t index = (size_t)(way - run->ways);
    memmove(way, way + 1, (run->way_count - index - 1) * sizeof *way);
    run->way_count--;
}

static docket_status no_sense(const struct run *run)
{
    return dk_fail(DOCKET_PROTOCOL, "docketd answered for %s/%s what this library does not understand; use the docketd and "
                                    "libdocket of one release",
                   run->ask->series->tenant, run->ask->series->name);
}

/* An answer to the next item of the way. */
static docket_status hear_item(struct run *run, struct way *way, const struct dk_record_answer *answer)
{
    struct dk_ask *ask = run->ask;
    while (way->at < way->end && ask->asked[way->at] == DK_ASKED_DONE)
        way->at++;
    if (way->at == way->end)
        return no_sense(run);
    size_t index = way->at++;
    run->way_items--;
    if (answer->status == DOCKET_NOT_PERMITTED && run->seat >= 0 && !run->seat_tried) {
        run->unseated = true;
        ask->asked[index] &= SENT_BEFORE; /* it changed nothing */
        return DOCKET_OK;
    }
    bool sent_before = (ask->asked[index] & SENT_BEFORE) != 0;
    ask->asked[index] = DK_ASKED_DONE;
    return ask->hear(ask, index, answer, sent_before);
}

/* The packet as a whole was refused: nothing of it was done. */
static docket_status hear_refusal(struct run *run, struct way *way)
{
    docket_status status = (docket_status)run->line->head.status;
    dk_fail(status, "%s", run->line->head.text[0] != 0 ? run->line->head.text : "docketd gives no reason");
    for (size_t i = way->at; i < way->end; i++) {
        if (run->ask->asked[i] == DK_ASKED_DONE)
            continue;
        run->ask->asked[i] &= SENT_BEFORE;
        run->way_items--;
    }
    forget_way(run, way);
    if (status != DOCKET_OVERLOADED && status != DOCKET_UNREACHABLE)
        return status;
    run->refused = status;
    return DOCKET_OK;
}

static docket_status hear_packet(struct run *run)
{
    struct dk_record_reader reader;
    struct dk_record_answer answer;
    const struct dk_record_head *head = &run->line->head;
    int64_t now_ns = dk_clock_monotonic_ns();
    int64_t until_ns = now_ns + run->patience_ns < run->end_ns ? now_ns + run->patience_ns : run->end_ns;
    docket_status status = dk_record_receive(run->line->fd, until_ns - now_ns, &run->line->head, run->line->bytes);
    if (status != DOCKET_OK)
        return status;
    struct way *way = find_way(run, head->tag);
    if (way == NULL || head->type != run->ask->type)
        return no_sense(run);
    if (head->status != DOCKET_OK)
        return hear_refusal(run, way);
    dk_record_read(&reader, head, run->line->bytes);
    while (status == DOCKET_OK && dk_record_next_answer(&reader, &answer))
        status = hear_item(run, way, &answer);
    if (status == DOCKET_OK && reader.damaged)
        status = no_sense(run);
    dk_record_reader_end(&reader);
    if (status != DOCKET_OK || head->more != 0)
        return status;
    while (way->at < way->end && run->ask->asked[way->at] == DK_ASKED_DONE)
        way->at++;
    if (way->at != way->end)
        return no_sense(run); /* some item has no answer */
    forget_way(run, way);
    return DOCKET_OK;
}

/* ---- tries ---- */

/* docketd takes in whom it has no room for and hangs up, unread. So what may be sent only once is sent to a docketd
 * that has answered on this connection. */
static docket_status be_heard(struct run *run)
{
    const struct dk_request hello = {.type = DK_ASK_HELLO};
    struct dk_reply reply;
    int fds[DK_WIRE_FDS];
    int64_t left_ns = run->end_ns - dk_clock_monotonic_ns();
    docket_status status = dk_wire_ask(run->line->fd, &hello, left_ns > 0 ? left_ns : 0, &reply, fds);
    if (status == DOCKET_OK)
        dk_wire_close(fds);
    return status;
}

/* One try: all that is not done. OK: each packet has its answer, though some may have been refused. */
static docket_status try_once(struct run *run)
{
    run->next = 0;
    run->way_count = run->way_items = 0;
    run->refused = DOCKET_OK;
    run->unseated = run->sent = false;
    bool made;
    docket_status status = dk_line_connect(run->ask->series->realm, run->line, run->end_ns, &made);
    if (status == DOCKET_OK && made && run->ask->is_safe != NULL)
        status = be_heard(run);
    for (bool more = true; status == DOCKET_OK && (more || run->way_count > 0);) {
        if (more && run->way_count < WAY_PACKETS && run->way_items < WAY_ITEMS)
            status = send_packet(run, &more);
        else
            status = hear_packet(run);
    }
    return status;
}

enum told { ALL_DONE, SOME_LEFT, LEFT_UNSAFE };

/* What is left after a try? What was sent and is not known stays so marked. */
static enum told look_through(struct dk_ask *ask)
{
    enum told told = ALL_DONE;
    for (size_t i = 0; i < ask->count; i++) {
        if (ask->asked[i] == DK_ASKED_DONE)
            continue;
        bool sent = (ask->asked[i] & (DK_ASKED_SENT | SENT_BEFORE)) != 0;
        ask->asked[i] = sent ? SENT_BEFORE : DK_ASKED_NOT;
        if (sent && ask->is_safe != NULL && !ask->is_safe(ask, i))
            told = LEFT_UNSAFE;
        else if (told == ALL_DONE)
            told = SOME_LEFT;
    }
    return told;
}

/* Doubles from try to try, up to a quarter longer or shorter. False: time is over. */
static bool pause_after(const struct run *run)
{
    int64_t pause_ns = PAUSE_FIRST_NS << (2 * run->attempt);
    pause_ns += pause_ns / 512 * ((dk_clock_monotonic_ns() >> 4) % 256 - 128);
    if (run->end_ns - dk_clock_monotonic_ns() <= pause_ns)
        return false;
    struct timespec pause = {.tv_nsec = (long)pause_ns};
    nanosleep(&pause, NULL);
    return true;
}

static bool is_worth_another(docket_status status)
{
    return status == DOCKET_UNREACHABLE || status == DOCKET_TIMEOUT || status == DOCKET_OVERLOADED;
}

static docket_status give_up(const struct run *run, docket_status status, uint32_t tries)
{
    const struct docket_series *series = run->ask->series;
    if (status == DOCKET_OVERLOADED)
        return dk_wrap(status, "%s/%s was asked %u time%s, and docketd has no room for more", series->tenant, series->name,
                       tries, tries == 1 ? "" : "s");
    if (tries == 0)
        return dk_wrap(DOCKET_UNREACHABLE, "realm %s cannot be reached, and nothing was asked; is docketd running? `docket "
                                           "status` shows its heartbeat",
                       series->realm->directory);
    return dk_wrap(DOCKET_GAVE_UP, "%s/%s was asked %u time%s, and nobody answered: what was asked for may be done; ask for it "
                                   "again, by the same key",
                   series->tenant, series->name, tries, tries == 1 ? "" : "s");
}

static docket_status lost(const struct run *run, docket_status status)
{
    dk_wrap(status, "%s/%s was asked for a number without a key, once, and nobody answered: if one was given nobody knows of "
                    "it; `docket gaps` shows it",
            run->ask->series->tenant, run->ask->series->name);
    return DOCKET_UNREACHABLE;
}

static docket_status try_all(struct run *run)
{
    int64_t whole_ns = run->end_ns - dk_clock_monotonic_ns();
    uint32_t tries = 0;
    for (;;) {
        run->attempt = tries + 1;
        run->patience_ns = whole_ns / 7 * (1 << tries) > PATIENCE_NS ? whole_ns / 7 * (1 << tries) : PATIENCE_NS;
        bool fresh = run->line->fd < 0;
        docket_status status = try_once(run);
        if (status != DOCKET_OK)
            dk_line_hang_up(run->line);
        enum told told = look_through(run->ask);
        if (status != DOCKET_OK && !is_worth_another(status))
            return status;
        if (told == ALL_DONE)
            return DOCKET_OK;
        if (status == DOCKET_OK && run->unseated && run->refused == DOCKET_OK) {
            (void)sit_again(run); /* if not, the refusal stands, and is heard now */
            continue;
        }
        if (status == DOCKET_OK)
            status = run->refused;
        if (told == LEFT_UNSAFE)
            return lost(run, status);
        if (!run->sent && !fresh)
            continue; /* a connection that was at rest had ended: no try */
        tries += run->sent;
        if (tries == TRIES || !pause_after(run))
            return give_up(run, status, tries);
        run->failed = status;
    }
}

docket_status dk_ask(struct dk_ask *ask)
{
    struct run run = {.ask = ask, .seat = -1};
    struct docket_series *series = ask->series;
    if (series->realm->memory != NULL)
        return dk_fail(DOCKET_UNREACHABLE, "%s/%s: a realm in memory keeps no ledger; this needs a real realm", series->tenant,
                       series->name);
    if (ask->timeout_ns == 0)
        return dk_fail(DOCKET_TIMEOUT, "%s/%s: an answer at record speed takes a commit, and the call would not wait; nothing "
                                       "was asked",
                       series->tenant, series->name);
    if (look_through(ask) == ALL_DONE)
        return DOCKET_OK;
    run.end_ns = dk_clock_monotonic_ns() + (ask->timeout_ns < 0 ? DK_TIMEOUT_NS : ask->timeout_ns);
    if (!dk_slow_enter())
        return dk_fail(DOCKET_BUSY, "this thread is inside a call already (%s/%s asked from a signal handler?)",
                       series->tenant, series->name);
    docket_status status = ask->seated ? sit(&run, false) : DOCKET_OK;
    if (status == DOCKET_OK)
        status = dk_line_take(series->realm, &run.line);
    if (status == DOCKET_OK) {
        status = try_all(&run);
        dk_line_put_back(series->realm, run.line);
    }
    dk_slow_leave();
    return status;
}
