/* SPDX-License-Identifier: MIT */
/*
 * daemon: what docketd's parts share: the realm, its desks, its clerk, its loop.
 */
#ifndef DK_DAEMON_DAEMON_H
#define DK_DAEMON_DAEMON_H

#include "daemon/books.h"
#include "daemon/config.h"
#include "wire/wire.h"

#include <stdio.h>

struct dk_connections;
struct dk_errand;
struct dk_ended;
struct dk_closing_walk;
struct dk_ledger_book;
struct dk_readover;
struct dk_marker;
struct dk_holds;
struct dk_floors;
struct dk_admin_request;

enum { DK_ADMINS_MAX = 32 };

struct dk_tenant {
    const char *name;
    uint32_t desk;
};

struct dk_daemon {
    struct dk_config config;
    struct dk_store *store;
    struct dk_store_facts facts;
    struct dk_clerk *clerk;
    char runtime[DK_PATH_BYTES];
    int runtime_fd;
    int realm_fd;
    int epoll_fd;
    int clerk_fd;
    int bell_fd;
    int listen_fd;
    int given_fd; /* a service manager's listening socket; 0: none */
    int signal_fd;
    struct dk_desk_book *desks;
    uint32_t desk_count;
    struct dk_tenant *tenants;   /* of the desks but the first, by name */
    size_t tenant_count;
    struct dk_counter *counters, *last_counter; /* all in memory */
    struct dk_counter *turn_first, *turn_last;   /* who waits for a turn now */
    struct dk_counter *later_first, *later_last; /* ... and in batches, when the others have had theirs */
    struct dk_names names;   /* of the series in memory */
    struct dk_series_book **series_by_id; /* [id] */
    uint64_t series_room;
    struct dk_connections *connections;
    struct dk_errand *errands; /* what admins asked for and is not answered yet */
    struct dk_ended *ended;    /* counters of ended periods of which something is asked */
    uid_t admins[DK_ADMINS_MAX];
    uint32_t admin_count;
    gid_t admin_group;
    char (*moving)[DOCKET_NAME_MAX + 1]; /* tenants whose desk begins at the next start */
    uint32_t moving_count;
    bool admin_group_set;
    int64_t refused_ns;      /* when it was last said that somebody is no admin */
    uint64_t refused_unsaid; /* and how often it was not */
    struct dk_series_book **edges; /* edges.c: a heap by next_edge_s */
    size_t edge_count, edge_room;
    int64_t next_edge_s;     /* of the first of them: when some series must be looked at */
    int64_t next_calendar_s;
    int64_t swept_s;         /* when that was last asked: a clock that is set back moves every edge */
    int64_t clock_far_s;     /* clockguard.c: how far ahead the wall clock may be */
    int64_t clock_held_s;    /* it is farther ahead, and not followed: docketd goes by this instant; else 0 */
    int64_t next_time_s;     /* CLOCK_BOOTTIME: when the time is written down again */
    int64_t clock_said_ns;   /* when the log last said so ... */
    bool clock_said;         /* ... and if it did this time */
    bool clock_accepted;     /* --accept-clock, until it is durable */
    int64_t heard_ns;        /* last sign of a worker */
    uint8_t boot_id[16];
    bool stopping;
    bool offline;            /* one verb, no socket */
    bool closes;             /* some series is closed by policy */
    int64_t next_closing_s;  /* monotonic: when the store is looked through for it */
    struct dk_closing_walk *closing_walk;
    struct dk_ledger_book *ledger; /* series that track their numbers, of which something is asked */
    size_t ledger_bytes;           /* of the packets that wait for it */
    bool ledger_elsewhere;         /* texts of elsewhere were taken by this docketd */
    struct dk_holds *holds;        /* ledger/holds.c */
    struct dk_marker *marker;      /* marker.c; NULL: no marks are noted */
    struct dk_readover *readover;  /* readover.c; NULL: nothing is read over */
    bool accept_known;       /* accepted_ns is */
    int64_t accepted_ns;     /* when an older store was accepted last; 0 never. ended.c looks for it */
    bool accepted;           /* --accept-store: desks are built anew ... */
    const struct dk_floors *floors; /* ... and every counter moves beyond its floor: recovery/floors.h */
    int64_t ticked_ns;       /* pause.c: when everything was looked at last */
    int64_t stirred_ns;      /* ... and when something went on */
    bool poll_soon;          /* somebody asked for a turn that comes at once */
    int64_t flagged_ns;      /* when want bits were found last */
    struct dk_watch {
        struct dk_counter *first, *last;
    } watch[2]; /* counters of which a power loss would cost something, by when they are looked at */
    int64_t look_gap_ns;     /* so long after that they are looked at again; 0: with the next tick */
};

/* keeper.c: supply. Queues a turn; turns run from the loop, never nested. */
void dk_keeper_ask(struct dk_counter *counter);
/* Likewise, where nobody waits: so many at a time that those who wait do not notice. */
void dk_keeper_ask_later(struct dk_counter *counter);
void dk_keeper_forget(struct dk_counter *counter);
/* True if the next batch could run at once. */
bool dk_keeper_goes_on(const struct dk_daemon *daemon);
void dk_keeper_run(struct dk_daemon *daemon);
/* Counters that have left the board and wait for their last leases. */
void dk_keeper_ask_detached(struct dk_daemon *daemon);
/* Less lies ahead of counters that nobody has used for a while. Each tick. */
void dk_keeper_calm_tick(struct dk_daemon *daemon, int64_t now_ns);
/* A turn lets at most so many lie ahead, if nobody uses it until then. */
void dk_keeper_calm(struct dk_counter *counter, uint32_t most);
/* Strict, leased: is this turn to do so? The window has fallen then. */
bool dk_keeper_calms(struct dk_counter *counter, uint64_t position);
void dk_keeper_unwatch(struct dk_counter *counter);
/* Looks at the want bits of every desk; true if some were set. */
bool dk_keeper_sweep(struct dk_daemon *daemon);
/* So many numbers are left to take: when must the bits be looked at again? */
void dk_keeper_expect(struct dk_counter *counter, uint64_t left);
/* When that is, from now; INT64_MAX: not before somebody rings, or the next tick. */
int64_t dk_keeper_look_in_ns(struct dk_daemon *daemon, int64_t now_ns);
/* Commits the turn's job; apply runs when it is durable. */
void dk_keeper_post(struct dk_counter *counter, struct dk_job *job);
/* Ends a turn: not busy; asks again if a turn was asked for meanwhile. */
void dk_keeper_done(struct dk_counter *counter);

/* A counter that was adopted goes on with the window it had: a docketd that died
 * must not cost the runway. */
void dk_keeper_adopt_pace(struct dk_counter *counter);

/* How many numbers the next lay may put ahead: follows the rate. */
void dk_keeper_judge_window(struct dk_counter *counter, uint64_t given, int64_t now_ns);

/* pause.c: how long the loop may sleep now; something went on; is it time to look at everything? */
int64_t dk_pause_ns(struct dk_daemon *daemon);
void dk_pause_stir(struct dk_daemon *daemon);
bool dk_pause_is_tick(struct dk_daemon *daemon);

/* quarantine.c: says so on the board, in the log and in an event; nothing more
 * is laid, raised or claimed. */
void dk_series_quarantine(struct dk_series_book *series, const char *why);

/* strict.c, leased.c: one turn of a counter. */
void dk_strict_turn(struct dk_counter *counter);
/* strict.c: answers those who wait to give back: nothing comes back. */
void dk_strict_refuse(struct dk_counter *counter);
void dk_leased_turn(struct dk_counter *counter);
/* rows.c: a row for a counter whose places are all in use; false if there is none. */
bool dk_leased_add_row(struct dk_counter *counter);
/* Rows to the pool, once every place is EMPTY. */
void dk_leased_release_rows(struct dk_counter *counter);
/* The chain of the counter's rows, for a bank that begins with them. */
void dk_leased_link_rows(struct dk_counter *counter);
/* Adopts a row of the desk's files for a counter. */
struct dk_row_book *dk_leased_add_row_book(struct dk_counter *counter, uint32_t row);

/* evict.c: series that nobody uses leave the board. */
void dk_evict_tick(struct dk_daemon *daemon);
/* A slot is wanted and none is left: sends some series away. True if it is worth
 * waiting for; false where none is ever evicted. */
bool dk_evict_for_room(struct dk_desk_book *desk);
/* So few slots can still be had that somebody must leave. */
bool dk_evict_is_short(const struct dk_desk_book *desk);
/* Nothing of the series is under way, and nothing of it is in anybody's hands. */
bool dk_evict_may(const struct dk_series_book *series);
/* It may leave, and goes. The series may be gone on return. */
void dk_evict_begin(struct dk_series_book *series);
/* Somebody wants it after all. Nothing happens to one that is not leaving. */
void dk_evict_cancel(struct dk_series_book *series);
/* Its last counter is off the board: the series leaves memory too. */
void dk_evict_finish(struct dk_series_book *series);

/* clockguard.c: the instant by which docketd decides, UTC. The only one that it reads
 * for that: a clock that is far ahead is not followed. */
int64_t dk_now_s(struct dk_daemon *daemon);
/* Writes the time down now and then. */
void dk_clockguard_tick(struct dk_daemon *daemon);
/* --accept-clock: before anything is decided. */
void dk_clockguard_accept(struct dk_daemon *daemon);

/* today.c: the zone of a policy; zones.h says what a lost one is. */
const struct dk_zone *dk_zone_of_policy(const struct dk_policy *policy);
/* Can a series of this policy begin today? BAD_POLICY: no such zone. PERIOD_NOT_OPEN:
 * today is no date that a document may carry. */
docket_status dk_today_check(struct dk_daemon *daemon, const struct dk_policy *policy) DK_MUST_USE;
/* The policy's period, in its zone, at an instant; and now. */
void dk_period_at_instant(const struct dk_policy *policy, int64_t utc_s, struct dk_period *period);
void dk_period_now(struct dk_daemon *daemon, const struct dk_policy *policy, struct dk_period *period);

/* edges.c: when which series' periods move. INT64_MAX: never. */
void dk_edges_set(struct dk_daemon *daemon, struct dk_series_book *series, int64_t when_s);
struct dk_series_book *dk_edges_due(const struct dk_daemon *daemon, int64_t now_s);
void dk_edges_all_due(struct dk_daemon *daemon);

/* periods.c: banks follow the clock. */
void dk_periods_look(struct dk_daemon *daemon, struct dk_series_book *series, int64_t now_s);
void dk_periods_sweep(struct dk_daemon *daemon);
/* No number of this period may follow those that were given of a later one. */
bool dk_periods_too_late(struct dk_daemon *daemon, const struct dk_series_book *series, int32_t label);
/* Puts a counter on the board: its bank, its first supply by a turn. */
void dk_periods_publish(struct dk_counter *counter, int bank);
void dk_periods_counter_settled(struct dk_counter *counter);
/* The bank of an ended counter is free for another period; its rows go on without it. */
void dk_periods_release_bank(struct dk_counter *counter);
/* recovery.c: of an accepted store, when nothing can be given twice any more. */
void dk_recovery_take_fence_down(struct dk_daemon *daemon);
/* calendars.c: the days that texts carry, from yesterday on, a page for each zone in
 * use. Reads which pages the board has; a new one gets UTC's. */
docket_status dk_calendars_open(struct dk_desk_book *desk) DK_MUST_USE;
/* The page of a zone, made if there is none: REALM_FULL, NO_SPACE. */
docket_status dk_calendars_take(struct dk_desk_book *desk, const struct dk_zone *zone, uint16_t *index) DK_MUST_USE;
/* Each series of the desk knows its page. */
docket_status dk_calendars_assign(struct dk_desk_book *desk) DK_MUST_USE;
void dk_calendars_write(struct dk_desk_book *desk, int64_t now_s);
/* Says so if the database has other rules by now than docketd goes by. */
void dk_calendars_check(struct dk_desk_book *desk, int64_t now_s);

/* series.c: creation. */
struct dk_series_book *dk_series_by_id(struct dk_daemon *daemon, uint64_t id); /* or NULL */
struct dk_series_book *dk_series_find(struct dk_daemon *daemon, const char *tenant, const char *name);
struct dk_desk_book *dk_series_desk(struct dk_daemon *daemon, const char *tenant);
struct dk_series_book *dk_series_book_new(struct dk_daemon *daemon, const struct dk_series_record *record);
/* The series' counter of this period that is on the board, or in memory at all; NULL if none. */
struct dk_counter *dk_series_on_board(const struct dk_series_book *series, int32_t period);
struct dk_counter *dk_series_counter(const struct dk_series_book *series, int32_t period);
/* The policy of a period of the series; its form, as its bank has it. False: the
 * stored template is no template, and the form is one that nobody can use. */
const struct dk_policy *dk_series_policy(const struct dk_series_record *record, int32_t period);
bool dk_series_form(const struct dk_series_record *record, int32_t period, struct dk_form *form);
/* The counter of a bank whose epoch is 0 goes on the board: how its numbers are written. */
void dk_series_bank_begins(const struct dk_series_book *series, int bank);
/* Writes the series' slot on its desk; the banks follow by periods. */
docket_status dk_series_place(struct dk_daemon *daemon, struct dk_series_book *series) DK_MUST_USE;
/* The slot says what the record says; nobody may be seated at the desk, unless the
 * window alone differs. */
void dk_series_rewrite(struct dk_series_book *series);
bool dk_series_slot_differs(const struct dk_series_book *series);
/* A series whose record says so gives no number any more: on the
 * board at once, its counters by their next turns. */
void dk_series_retire_now(struct dk_series_book *series);
/* Room for one more beside those that are coming: REALM_FULL, NO_SPACE. */
docket_status dk_slots_make_room(struct dk_desk_book *desk) DK_MUST_USE;
void dk_slots_put_free(struct dk_desk_book *desk, uint32_t slot);
/* Out of memory: it has no counter and no slot any more. */
void dk_series_forget(struct dk_daemon *daemon, struct dk_series_book *series);
/* load.c: a series of the store that is not in memory comes back to the board. */
docket_status dk_series_load(struct dk_daemon *daemon, const struct dk_series_record *record,
                             struct dk_series_book **loaded) DK_MUST_USE;
/* The desk's next serial: of an epoch, or of a slot's generation. */
static inline uint64_t dk_desk_serial(const struct dk_desk *map)
{
    struct shared_board_words *words = dk_desk_words(map);
    uint64_t serial = dk_load_relaxed(&words->assignments) + 1; /* docketd wrote it itself */
    dk_store_release(&words->assignments, serial);
    return serial;
}

/* reaper.c: seats. */
void dk_reaper_tick(struct dk_daemon *daemon, bool probe);
struct dk_sitter {
    uid_t uid;
    pid_t pid;      /* for display only */
    uint64_t knows; /* incompatible flags that its library can read */
};
docket_status dk_seat_assign(struct dk_desk_book *desk, const struct dk_sitter *sitter, uint32_t *seat, int *locked,
                             int *probe) DK_MUST_USE;

/* accounted.c: who waits until the store can tell what became of a number. A turn that commits the counter's image takes
 * them along; true if there are some, and then it has to commit. */
bool dk_accounted_plan(struct dk_counter *counter);
/* That image is durable (NULL: there is none to come). saw_all: every cursor could be read. */
void dk_accounted_committed(struct dk_counter *counter, const struct dk_counter_image *image, bool saw_all);
/* No image will come. */
void dk_accounted_refuse(struct dk_counter *counter, docket_status status, const char *why);

/* ended.c: periods that have ended give numbers at record speed. Each turn of the loop. */
void dk_ended_turn(struct dk_daemon *daemon);
/* Something is asked of this period of the series (label -1: of any): it stays in
 * memory, and no period of this label is opened. */
bool dk_ended_concerns(const struct dk_series_book *series, int32_t label);
/* A commit of one of them is in flight: what the store says of the series is not all. */
bool dk_ended_is_written(const struct dk_series_book *series);
/* closing.c: periods whose policy says when they are closed. When the series must
 * be looked at again for it; INT64_MAX: never. */
int64_t dk_closing_look(struct dk_daemon *daemon, struct dk_series_book *series, int64_t now_s);
/* ... of series that are not in memory; in each tick. */
void dk_closing_tick(struct dk_daemon *daemon, int64_t now_s);
void dk_closing_stop(struct dk_daemon *daemon);
/* leased.c: numbers for those who wait, lowest first; next: the first that was never
 * laid. False: there is nothing to give. */
bool dk_ended_plan(struct dk_counter *counter, struct dk_range **spares, size_t *spare_count, uint64_t *next);
/* ... and they are durable. */
void dk_ended_given(struct dk_counter *counter);

/* readover.c: a large ledger is read once docketd serves; damage ends docketd. */
void dk_readover_start(struct dk_daemon *daemon);
void dk_readover_stop(struct dk_daemon *daemon);

/* ledger/: series that track their numbers. A packet at record speed; bytes are the heap's and become the ledger's. */
struct dk_record_head;
void dk_ledger_hear(struct dk_connection *connection, const struct dk_record_head *head, uint8_t *bytes);
/* Says why a packet of which no more is known is no packet: the last error. */
void dk_ledger_refuse(struct dk_connection *connection, docket_status status);
/* Each turn of the loop; each tick. */
void dk_ledger_turn(struct dk_daemon *daemon);
void dk_ledger_tick(struct dk_daemon *daemon);
/* due.c: how long until a hold ends by its time; INT64_MAX: none will. */
int64_t dk_ledger_until_ns(const struct dk_daemon *daemon, int64_t wall_ns);
/* COLLISION if a new series of this template, whose first number is above `above`, could write a text that was given
 * elsewhere. One with a ledger looks at each text; others are asked here, before they are made. */
docket_status dk_ledger_check_new(struct dk_daemon *daemon, const char *tenant, const char *series,
                                  const struct dk_template *resolved, uint64_t above, uint64_t last) DK_MUST_USE;
/* At start, when seats are known; at stop. */
docket_status dk_ledger_start(struct dk_daemon *daemon) DK_MUST_USE;
void dk_ledger_stop(struct dk_daemon *daemon);
/* Something waits, is in flight, or is held: the series stays in memory, and no admin changes it meanwhile
 * (waits: the first two only). */
bool dk_ledger_concerns(const struct dk_series_book *series, bool waits);
/* Some packet waits for its answer. */
bool dk_ledger_waits(const struct dk_daemon *daemon);
/* A commit of it is in flight: nobody else writes its images. */
bool dk_ledger_is_written(const struct dk_series_book *series);
/* A seat was reaped: who sat there holds nothing any more. */
void dk_ledger_seat_gone(struct dk_daemon *daemon, uint32_t desk, uint32_t seat, uint64_t salt);
/* series/tracked.c: what the board shows of one, for tools. Its current period, from the store; the same when an image
 * of it is durable; nothing. */
void dk_tracked_show(struct dk_daemon *daemon, const struct dk_series_book *series, const struct dk_period *period);
void dk_tracked_given(const struct dk_series_book *series, const struct dk_counter_image *image);
void dk_tracked_hide(const struct dk_series_book *series);
/* Does it track its numbers? Then nothing of it is on the board but its slot, which says so. */
static inline bool dk_is_tracked(const struct dk_series_book *series)
{
    return series->record.policy->ledger;
}

/* recovery.c: from store and files to books. */
docket_status dk_recovery_run(struct dk_daemon *daemon) DK_MUST_USE;

/* takeover.c: what a start would do with each desk's files, without touching
 * them; docketd may be running. BAD_LAYOUT: it would refuse. */
docket_status dk_takeover_check(const struct dk_config *config, FILE *out) DK_MUST_USE;

/* serve.c: connections. */
docket_status dk_serve_start(struct dk_daemon *daemon) DK_MUST_USE;
void dk_serve_accept(struct dk_daemon *daemon);
/* The highest id that a series has, or is about to have. */
uint64_t dk_serve_series_last(const struct dk_daemon *daemon);
/* Those who wait for a slot are heard again; in each turn of the loop. */
void dk_serve_parked(struct dk_daemon *daemon);
void dk_serve_event(struct dk_daemon *daemon, void *token, uint32_t events);
/* Frees connections that have ended; between two turns of the loop. */
void dk_serve_bury(struct dk_daemon *daemon);
size_t dk_serve_count(const struct dk_daemon *daemon);
void dk_serve_given_back(struct dk_connection *connection, uint32_t returned);
void dk_serve_stop(struct dk_daemon *daemon);

/* activate.c: the listening socket that a service manager hands over; 0: there
 * is none. BAD_ARGUMENT if it is not one that docketd can serve. Before any
 * other descriptor is opened. */
docket_status dk_activate_take(int *fd) DK_MUST_USE;

/* fate.c: rows of fate into a memory file. name NULL: of all series of the tenant; tenant NULL: of all. */
docket_status dk_fate_write(struct dk_daemon *daemon, const char *tenant, const char *name, int32_t period,
                            int fds[2]) DK_MUST_USE; /* rows, and the events that they name or -1 */

struct dk_fate_piece {
    uint64_t first, last;
    uint8_t fate;
    uint8_t cause;
    int32_t seat;
    int64_t time_ns;
    uint64_t event;
    bool recorded; /* as it stands in the store; else it is as the books have it now */
};

/* Every number of a counter from first to mark - 1, ascending. */
struct dk_fate_list {
    struct dk_fate_piece *pieces; /* the caller frees them */
    size_t count;
    uint64_t first, mark;
    bool found; /* false: the store has no such counter */
};

docket_status dk_fate_list(struct dk_daemon *daemon, struct dk_series_book *series, int32_t period,
                           struct dk_fate_list *list) DK_MUST_USE;
/* Only pieces that reach into numbers low to high, without a look at the store's other ranges. high 0: all. */
docket_status dk_fate_list_part(struct dk_daemon *daemon, struct dk_series_book *series, int32_t period, uint64_t low,
                                uint64_t high, struct dk_fate_list *list) DK_MUST_USE;
/* admin_periods.c: how a period stands; counter: NULL, or the one that is in memory; now: the current period's label. */
enum dk_period_state dk_period_state_of(bool tracked, const struct dk_counter *counter,
                                        const struct dk_counter_image *image, int32_t now);
/* Waits until no commit is in flight: then books and store speak of one moment. */
void dk_fate_wait(struct dk_daemon *daemon);

/* Rows of an answer: a memory file to write to, and its descriptor for the asker. */
docket_status dk_rows_begin(FILE **out, int *fd) DK_MUST_USE;
docket_status dk_rows_end(FILE *out) DK_MUST_USE;
struct dk_event_wire;
void dk_event_fill(struct dk_event_wire *row, const struct dk_event *event);
void dk_event_put(FILE *out, const struct dk_event *event);

/* admin.c: what admins ask; docs/ADMIN.md. Takes the packet's descriptor over. */
void dk_admin_hear(struct dk_connection *connection, const struct dk_admin_request *request, int descriptor);
/* Goes on with what waits for turns, commits or a thread; each turn of the loop. */
void dk_admin_turn(struct dk_daemon *daemon);
/* An errand is about this series: it stays in memory. */
bool dk_admin_concerns(const struct dk_series_book *series);
/* May it do what admins may? NOT_PERMITTED: it asked to `what`, of this series (tenant NULL: of none); logged, and an event. */
bool dk_is_admin(const struct dk_connection *connection);
docket_status dk_admin_check(const struct dk_connection *connection, const char *what, const char *tenant,
                             const char *name) DK_MUST_USE;
/* The configuration gives this tenant a desk at the next start. */
bool dk_admin_moves(const struct dk_daemon *daemon, const char *tenant);

/* aside.c: joins the threads that still read the store. */
void dk_admin_stop(struct dk_daemon *daemon);

/* users.c: names, or numbers, of the configuration. */
docket_status dk_resolve_user(const char *name, uid_t *uid) DK_MUST_USE;
docket_status dk_resolve_group(const char *name, gid_t *gid) DK_MUST_USE;

/* store_place.c: the store's options, as configured; `options` points to the rest. Neither create nor accept. */
struct dk_board_place {
    const struct dk_daemon *daemon;
    char root[DK_PATH_BYTES]; /* of the runtime folders */
};
struct dk_store_place {
    char far[DK_PATH_BYTES];
    struct dk_board_place board;
    struct dk_store_options options;
};
void dk_store_place_of(const struct dk_daemon *daemon, struct dk_store_place *place);
/* What the last opening found. */
const struct dk_store_report *dk_store_place_report(void);

/* recovery/page.c: why the store is not served, what was found, and what can be done: to stderr with the error's line (the
 * last error), and into REALM/refused, which goes when docketd serves again. */
#define DK_PAGE_NAME "refused"
bool dk_page_wanted(docket_status status);
void dk_page_put(const struct dk_daemon *daemon, docket_status status, bool json);
void dk_page_clear(const struct dk_daemon *daemon);

/* command.c: runs the command that keeps a witness. */
#define DK_HELD_NAME "held" /* in the realm, while it fails */
struct dk_command {
    const struct dk_daemon *daemon;
    bool told;
    struct dk_witness_command calls;
};
void dk_command_of(const struct dk_daemon *daemon, struct dk_command *command);

/* recovery/board.c: what the boards say the store was; asked of them before it is opened for writing (asked: a struct
 * dk_board_place). STORE_REWOUND: it is not that store's future. */
docket_status dk_board_judge(void *asked, const struct dk_standing *store, struct dk_voice_report *voice) DK_MUST_USE;
/* From now on each board says what is durable before anything is done by it. */
void dk_board_watch(struct dk_daemon *daemon);
void dk_board_note(const struct dk_desk *map, uint64_t generation, const struct dk_durable *last);

/* marker.c: notes marks outside of the store, beside the far witness. */
void dk_marker_start(struct dk_daemon *daemon);
void dk_marker_stop(struct dk_daemon *daemon);

/* bell.c: a thread for each desk waits on its bell and wakes the loop. */
docket_status dk_bell_start(struct dk_daemon *daemon, struct dk_desk_book *desk) DK_MUST_USE;

/* guard.c: a file truncated under docketd costs its desk, not docketd. */
void dk_guard_install(struct dk_daemon *daemon);
/* While the store is opened and walked at the start: a crash in it is damage. */
void dk_guard_reading_store(bool reading);

/* witness_dir.c: the folder of this host's far witnesses, as nobody named one. False: this user has none. */
bool dk_witness_dir(char *folder, size_t size) DK_MUST_USE;

/* about.c: writes down, beside the shared files, what this docketd is: for tools, also when it is dead. */
void dk_about_write(const struct dk_daemon *daemon);

/* notify.c: one datagram to the service manager; nothing if there is none. */
void dk_notify(const char *text);

/* loop.c */
docket_status dk_loop_run(struct dk_daemon *daemon) DK_MUST_USE;

/* Nothing is laid or raised for it any more; what is laid is taken back. */
static inline bool dk_winding_down(const struct dk_counter *counter)
{
    const struct dk_desk_book *desk = counter->series->desk;
    return counter->ended || counter->ahead || desk->draining || desk->daemon->stopping;
}

static inline struct dk_daemon *dk_daemon_of(const struct dk_counter *counter)
{
    return counter->series->desk->daemon;
}

#endif
