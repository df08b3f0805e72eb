/* SPDX-License-Identifier: MIT */
/*
 * top_screen: the live view of `docket top`, and the only place that knows
 * ncurses. It looks, draws, waits for a key, and looks again; never oftener than
 * ten times the work of a look, so that it takes at most a tenth of a core.
 */
#include "top.h"

#include "address.h"
#include "viewing.h"

#include <inttypes.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAIR_BAD = 1, PAIR_GOOD, HEAD_LINES = 7, LINE_BYTES = 512, WORK_SHARE = 10 };

#define INTERVAL_MIN_NS INT64_C(100000000)
#define INTERVAL_MAX_NS (INT64_C(3600) * 1000000000)

struct screen {
    struct top *top;
    int64_t interval_ns;
    bool colour, help, with_seats;
    int line; /* the next to be drawn */
};

/* One line, cut at the edge; what is no plain byte becomes '?'. */
static void put(struct screen *screen, attr_t attributes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void put(struct screen *screen, attr_t attributes, const char *format, ...)
{
    char text[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *byte = text; *byte != '\0'; byte++)
        if (*byte < ' ' || *byte > '~')
            *byte = '?';
    if (screen->line >= LINES)
        return;
    attron(attributes);
    mvaddnstr(screen->line, 0, text, COLS);
    attroff(attributes);
    screen->line++;
}

static attr_t pair(const struct screen *screen, short number)
{
    return screen->colour ? (attr_t)COLOR_PAIR(number) : number == PAIR_BAD ? A_BOLD : A_NORMAL;
}

/* ---- the head ---- */

static void put_docketd(struct screen *screen)
{
    const struct top *top = screen->top;
    double age_s = (double)top->realm.heartbeat_age_ns / 1e9;
    char age[VIEWING_TIME_BYTES], since[OUTPUT_TIME_BYTES];
    if (!top->readable)
        put(screen, pair(screen, PAIR_BAD), "docketd   NOT THERE: %s", top->error);
    else if (top->realm.serving > 0)
        put(screen, pair(screen, PAIR_GOOD), "docketd   serving, pid %" PRId64 ", since %s", top->realm.docketd_pid,
            output_time(top->realm.started_s, since));
    else
        put(screen, pair(screen, PAIR_BAD), "docketd   %s for %s: workers go on with what is laid",
            top->realm.serving == 0 ? "STOPPED" : "DEAD", viewing_duration(age_s, age));
}

static void put_head(struct screen *screen)
{
    const struct top *top = screen->top;
    const struct top_sums *now = &top->sums, *before = &top->before;
    char clock[OUTPUT_TIME_BYTES];
    char waits[VIEWING_WAITS_BYTES];
    put(screen, A_BOLD, "docket top  %s  %s  every %.1f s  by %s", top->directory,
        output_time((int64_t)time(NULL), clock), (double)screen->interval_ns / 1e9, top_sort_name(top->sort));
    put_docketd(screen);
    put(screen, A_NORMAL,
        "commits   %.1f a second, last %.2f ms, slowest %.2f ms; %.1f blocks and %.1f limits laid a second",
        top_rate(top, now->commits, before->commits), (double)now->commit_ns_last / 1e6,
        (double)now->commit_ns_max / 1e6, top_rate(top, now->blocks_laid, before->blocks_laid),
        top_rate(top, now->raises, before->raises));
    put(screen, A_NORMAL, "waits     %.1f a second; %s", top_rate(top, now->waits.waits, before->waits.waits),
        viewing_waits_text(&now->waits, waits));
    put(screen, A_NORMAL, "seats     %" PRIu64 " of %" PRIu64 ", %" PRIu64 " leases open with %" PRIu64 " numbers",
        now->seats_taken, now->seats_max, now->leases, now->open);
    put(screen, now->quarantined > 0 ? pair(screen, PAIR_BAD) : A_NORMAL,
        "series    %" PRIu64 ", %" PRIu64 " wait for supply, %" PRIu64 " quarantined; %.0f numbers a second, %" PRIu64
        " laid%s",
        now->series, now->waiting, now->quarantined, top->per_second, now->laid,
        top->readable && top->realm.desks_left_out > 0 ? "; SOME DESKS CANNOT BE READ" : "");
}

/* ---- the tables ---- */

static void put_series(struct screen *screen, size_t most)
{
    const struct top *top = screen->top;
    put(screen, A_REVERSE, "%-28s %-7s %-10s %12s %9s %15s %9s %9s %6s %7s", "SERIES", "ORDER", "PERIOD", "RATE/s",
        "RUNWAY", "NEXT", "LAID", "OPEN", "LEASES", "OLDEST");
    for (size_t i = 0; i < top->row_count && i < most; i++) {
        const struct top_row *row = &top->rows[i];
        char period[PERIOD_TEXT_BYTES], runway[VIEWING_TIME_BYTES], age[VIEWING_TIME_BYTES], next[24];
        snprintf(next, sizeof next, "%" PRIu64, row->period.next);
        snprintf(age, sizeof age, "-");
        if (row->has_period && row->period.oldest_lease_age_s >= 0)
            viewing_duration((double)row->period.oldest_lease_age_s, age);
        put(screen, row->quarantined ? pair(screen, PAIR_BAD) : A_NORMAL,
            "%-28s %-7s %-10s %12.1f %9s %15s %9" PRIu64 " %9" PRIu64 " %6" PRIu32 " %7s%s", row->name, row->order,
            row->has_period ? address_period_text(row->period.period, period) : "-", row->per_second,
            row->has_ledger ? "-" : viewing_runway(row->period.laid, row->per_second, runway), row->period.next != 0 ? next : "-",
            row->period.laid, row->period.open, row->period.leases, age, row->quarantined ? " QUARANTINED" : row->has_ledger ? " ledger" : "");
    }
}

static void put_seats(struct screen *screen, size_t most)
{
    const struct top *top = screen->top;
    put(screen, A_REVERSE, "%-6s %10s %8s %-5s %7s %12s %7s %12s %9s %9s %10s %-8s", "SEAT", "PID", "UID", "LIFE",
        "LEASES", "OPEN", "OLDEST", "CLAIMS", "WAITS", "TIMEOUTS", "LONGEST", "DESK");
    for (size_t i = 0; i < top->seat_count && i < most; i++) {
        const struct docket_view_seat *seat = &top->seats[i].seat;
        char age[VIEWING_TIME_BYTES] = "-", longest[VIEWING_TIME_BYTES];
        if (seat->oldest_lease_age_s >= 0)
            viewing_duration((double)seat->oldest_lease_age_s, age);
        snprintf(longest, sizeof longest, "%.1f ms", (double)seat->wait_ns_max / 1e6);
        put(screen, seat->lives == 0 ? pair(screen, PAIR_BAD) : A_NORMAL,
            "%-6" PRIu32 " %10" PRId64 " %8" PRIu32 " %-5s %7" PRIu32 " %12" PRIu64 " %7s %12" PRIu64 " %9" PRIu64
            " %9" PRIu64 " %10s %-8s",
            seat->seat, seat->pid, seat->uid, seat->lives > 0 ? "alive" : seat->lives == 0 ? "gone" : "-",
            seat->leases, seat->numbers_open, age, seat->claims, seat->waits, seat->timeouts, longest, seat->desk);
    }
}

static const char keys_line[] =
    "q quit  r rate  w runway  l laid  o open  n name  s seats  +/- interval  space look now";

static void draw(struct screen *screen)
{
    struct top *top = screen->top;
    erase();
    screen->line = 0;
    put_head(screen);
    put(screen, A_NORMAL, " ");
    size_t room = LINES > HEAD_LINES + 2 ? (size_t)(LINES - HEAD_LINES - 2) : 0;
    size_t for_seats = screen->with_seats && room > 6 ? (top->seat_count + 2 < room / 2 ? top->seat_count + 2 : room / 2) : 0;
    if (room > 0)
        put_series(screen, room - for_seats);
    if (for_seats > 2) {
        put(screen, A_NORMAL, " ");
        put_seats(screen, for_seats - 2);
    }
    screen->line = LINES > 0 ? LINES - 1 : 0;
    put(screen, A_DIM, "%s", keys_line);
    refresh();
}

/* ---- keys ---- */

static void slower(struct screen *screen, bool faster)
{
    screen->interval_ns = faster ? screen->interval_ns / 2 : screen->interval_ns * 2;
    if (screen->interval_ns < INTERVAL_MIN_NS)
        screen->interval_ns = INTERVAL_MIN_NS;
    if (screen->interval_ns > INTERVAL_MAX_NS)
        screen->interval_ns = INTERVAL_MAX_NS;
}

enum what_now { LOOK_AGAIN, WAIT_ON, LEAVE };

static enum what_now obey(struct screen *screen, int key)
{
    static const char sort_keys[TOP_SORTS] = {[TOP_BY_RATE] = 'r', [TOP_BY_RUNWAY] = 'w', [TOP_BY_LAID] = 'l',
                                              [TOP_BY_OPEN] = 'o', [TOP_BY_NAME] = 'n'};
    switch (key) {
    case ERR: /* the time is over */
    case ' ':
    case KEY_RESIZE: /* other lines are wanted */
        return LOOK_AGAIN;
    case 'q':
    case 'Q':
    case 27:
        return LEAVE;
    case '+':
    case '-':
        slower(screen, key == '+');
        return LOOK_AGAIN;
    case 's':
        screen->with_seats = !screen->with_seats;
        draw(screen);
        return WAIT_ON;
    default:
        for (int i = 0; i < TOP_SORTS; i++) {
            if (key == sort_keys[i]) {
                screen->top->sort = (enum top_sort)i;
                return LOOK_AGAIN;
            }
        }
        return WAIT_ON;
    }
}

static int64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Until it is time to look again, or a key says so. */
static enum what_now wait_for_key(struct screen *screen)
{
    int64_t least_ns = (int64_t)(screen->top->work_s * 1e9) * WORK_SHARE;
    int64_t until_ns = monotonic_ns() + (screen->interval_ns > least_ns ? screen->interval_ns : least_ns);
    for (;;) {
        int64_t left_ms = (until_ns - monotonic_ns()) / 1000000;
        if (left_ms <= 0)
            return LOOK_AGAIN;
        timeout((int)(left_ms < 1000000 ? left_ms : 1000000));
        int key = getch();
        /* A terminal that went away answers at once and for ever. */
        if (key == ERR && isatty(STDIN_FILENO) != 1)
            return LEAVE;
        if (key == ERR)
            continue;
        enum what_now what = obey(screen, key);
        if (what != WAIT_ON)
            return what;
    }
}

/* Somebody cut a table in the middle of a look. The fault is our own walk's, so
 * ncurses is not at work: the terminal is given back as it was. */
static void give_up(int signal)
{
    static const char why[] = "docket: a shared file was cut short while it was looked at; start docket top again\n";
    (void)signal;
    endwin();
    if (write(STDERR_FILENO, why, sizeof why - 1) < 0)
        _exit(CLI_REFUSED);
    _exit(CLI_REFUSED);
}

static void use_colours(struct screen *screen)
{
    const char *no_color = getenv("NO_COLOR");
    screen->colour = (no_color == NULL || no_color[0] == '\0') && has_colors() && start_color() == OK &&
                     use_default_colors() == OK && init_pair(PAIR_BAD, COLOR_RED, -1) == OK &&
                     init_pair(PAIR_GOOD, COLOR_GREEN, -1) == OK;
}

bool top_screen_run(struct top *top, int64_t interval_ns)
{
    struct screen screen = {.top = top, .interval_ns = interval_ns, .with_seats = true};
    SCREEN *terminal = newterm(NULL, stdout, stdin);
    if (terminal == NULL)
        return false;
    set_term(terminal);
    signal(SIGBUS, give_up);
    cbreak();
    noecho();
    curs_set(0);
    keypad(stdscr, TRUE);
    use_colours(&screen);
    do {
        top->rows_wanted = LINES > 1 && LINES < TOP_ROWS_MAX ? (size_t)LINES : TOP_ROWS_MAX;
        top_look(top);
        draw(&screen);
    } while (wait_for_key(&screen) != LEAVE);
    endwin();
    delscreen(terminal);
    return true;
}
