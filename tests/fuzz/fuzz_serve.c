/* SPDX-License-Identifier: MIT */
/* links: base/status base/files numbering/fate numbering/period numbering/policy numbering/template table/desk */
/* links: table/directory table/doorbell table/place table/seat table/slot wire/wire store/record store/image store/image_series */
/* links: daemon/accounted daemon/recovery/adopt daemon/books daemon/counters daemon/edges daemon/series/evict daemon/admin/fate daemon/recovery/images daemon/keeper daemon/leased daemon/recovery/load daemon/series/names daemon/series/opening daemon/series/parked daemon/periods */
/* links: daemon/days/clockguard daemon/series/policies daemon/admin/set_next daemon/admin/set_off daemon/series/begin daemon/admin/set_past daemon/series/shapes daemon/admin/admin_show daemon/admin/preview */
/* links: daemon/admin/admin daemon/admin/admin_fates daemon/admin/admin_series daemon/admin/admin_set daemon/admin/admin_desk daemon/admin/admin_periods daemon/admin/aside daemon/admin/shapes_read daemon/admin/records daemon/admin/retention wire/ledger_row daemon/ended/closing daemon/ended/dated daemon/ended/ended daemon/door/users */
/* links: daemon/admin/backup daemon/backup/manifest daemon/recovery/floors daemon/recovery/advance */
/* links: daemon/admin/import daemon/admin/import_rows daemon/admin/import_sweep daemon/ledger/import */
/* links: daemon/config daemon/config_policy daemon/admin/cut daemon/admin/evidence numbering/reason wire/admin wire/packet wire/record daemon/days/calendars daemon/days/today daemon/days/zones daemon/days/tzif table/calendar */
/* libs: inih jansson */
/* links: daemon/ledger/hear daemon/ledger/book daemon/ledger/plan daemon/ledger/issue daemon/ledger/texts daemon/ledger/metadata daemon/ledger/reserve daemon/ledger/decide daemon/ledger/holds daemon/ledger/due store/ledger_image */
/* links: daemon/quarantine daemon/reaper daemon/recovery/recovery daemon/rows daemon/series/series daemon/series/tracked daemon/strict daemon/recovery/takeover fuzz:serve_clerk fuzz:serve_inside fuzz:serve_ledger */
/*
 * docketd against its callers: everything of it but main, loop and clerk, with
 * real sockets and desk files. The input is a list of steps: packets of any
 * kind, takes by an honest worker, commits that finish sooner or later,
 * connections that come and go. No list of steps makes docketd post what
 * cannot be written, lower a mark, quarantine a series, or lose a number: at
 * the end the fate of each counter is whole. Some series keep a ledger: serve_ledger.h
 * says what holds of them.
 */
#define _GNU_SOURCE 1
#include "fuzz.h"

#include "base/clock.h"
#include "daemon/daemon.h"
#include "serve_clerk.h"
#include "table/slot.h"
#include "numbering/ledger.h"
#include "wire/import.h"
#include "wire/record.h"
#include "wire/wire.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CALLERS = 3, HELD_MAX = 4, TAKEN_MAX = 64, DESKS = 2, STEPS_MAX = 200 };

struct caller {
    int fd;
    uint32_t asked, answered;
    char dated[32]; /* the series of which it asked for a number of an ended period */
};

/* Numbers of ended periods, as they were answered. */
struct dated {
    char series[32];
    uint32_t period;
    uint64_t number;
};

struct taken {
    uint32_t desk, slot;
    uint64_t first;
    uint32_t count;
    int32_t period;
    struct dk_series_record record; /* whose they are: the slot may be another's by now */
};

static struct dk_daemon docketd;
static struct caller callers[CALLERS];
static int held[HELD_MAX]; /* locks of seats that live on */
static struct taken taken[TAKEN_MAX];
static struct dated dated[TAKEN_MAX];
static uint32_t taken_count, dated_count;
static bool gave_back, decided;
static char heard_text[DOCKET_TEXT_MAX]; /* the last document number of a series with a ledger */
static char folder_name[] = "/dev/shm/docket-fuzz-serve.XXXXXX";

/* ---- docketd, up and down ---- */

static void empty_folder(void)
{
    static const char *const kinds[] = {"board", "table"};
    char name[64];
    for (unsigned desk = 0; desk < DESKS; desk++) {
        for (int kind = 0; kind < 2; kind++) {
            snprintf(name, sizeof name, "%s-%u", kinds[kind], desk);
            unlinkat(docketd.runtime_fd, name, 0);
        }
        for (unsigned seat = 0; seat < 3; seat++) {
            snprintf(name, sizeof name, "seat-%u-%u", desk, seat);
            unlinkat(docketd.runtime_fd, name, 0);
        }
    }
}

static void leave(void)
{
    empty_folder();
    unlinkat(docketd.runtime_fd, "socket", 0);
    rmdir(folder_name);
}

int LLVMFuzzerInitialize(int *count, char ***words)
{
    (void)count;
    (void)words;
    static struct dk_desk_config rules[DESKS] = {{.name = "default"},
                                                 {.name = "vip", .tenant_count = 1, .tenants = {"vip"}}};
    struct dk_config *config = &docketd.config;
    MUST(mkdtemp(folder_name) != NULL);
    docketd.runtime_fd = open(folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    atexit(leave);
    config->geometry = (struct dk_geometry){.slots_max = 4, .rows_max = 6, .seats_max = 3, .lines_per_seat = 4};
    dk_policy_default(&config->policy);
    config->desk_count = DESKS;
    config->desks = rules;
    docketd.listen_fd = -1;
    return 0;
}

void serve_inside_end(struct dk_daemon *daemon);

static void begin(uint64_t choice)
{
    docketd.config.declared_only = choice & 1;
    docketd.config.policy.order = choice >> 1 & 1;
    docketd.config.evict_after_s = choice >> 2 & 1 ? 86400 : 0; /* and at once when the four slots are taken */
    docketd.facts = (struct dk_store_facts){.store_id = {1, 2}, .generation = 1};
    docketd.clerk_fd = eventfd(1, EFD_CLOEXEC); /* always readable: nobody waits */
    docketd.clerk = serve_clerk_begin();
    docketd.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    docketd.desk_count = DESKS;
    docketd.desks = dk_must_alloc(DESKS, sizeof *docketd.desks);
    for (uint32_t i = 0; i < DESKS; i++) {
        docketd.desks[i].daemon = &docketd;
        docketd.desks[i].index = i;
        snprintf(docketd.desks[i].rule.name, sizeof docketd.desks[i].rule.name, "%s", docketd.config.desks[i].name);
    }
    MUST(dk_recovery_run(&docketd) == DOCKET_OK && dk_serve_start(&docketd) == DOCKET_OK);
    MUST(dk_ledger_start(&docketd) == DOCKET_OK);
    for (int i = 0; i < CALLERS; i++)
        callers[i] = (struct caller){.fd = -1};
    for (int i = 0; i < HELD_MAX; i++)
        held[i] = -1;
    taken_count = dated_count = 0;
    gave_back = decided = false;
}

static void drop_desk(struct dk_desk_book *desk)
{
    for (uint32_t seat = 0; seat < desk->map.geometry.seats_max; seat++)
        if (desk->seats[seat].state != DK_SEAT_FREE)
            close(desk->seats[seat].keep);
    for (uint32_t slot = 0; slot < desk->slots_used; slot++)
        free(desk->series[slot]);
    free(desk->seats);
    free(desk->zones);
    free(desk->series);
    free(desk->free_slots);
    free(desk->row_owner);
    free(desk->row_pool);
    dk_desk_unmap(&desk->map);
}

static void end(void)
{
    dk_serve_stop(&docketd);
    dk_ledger_stop(&docketd);
    docketd.ledger_elsewhere = false;
    while (docketd.counters != NULL) {
        struct dk_counter *counter = docketd.counters;
        docketd.counters = counter->next_of_all;
        MUST(counter->give_backs == NULL);
        dk_counter_free(counter);
    }
    serve_inside_end(&docketd);
    for (uint32_t i = 0; i < DESKS; i++)
        drop_desk(&docketd.desks[i]);
    free(docketd.desks);
    free(docketd.series_by_id);
    docketd.series_by_id = NULL;
    docketd.series_room = 0;
    memset(docketd.watch, 0, sizeof docketd.watch);
    docketd.turn_first = docketd.turn_last = docketd.later_first = docketd.later_last = docketd.last_counter = NULL;
    dk_names_free(&docketd.names);
    free(docketd.edges);
    free(docketd.tenants);
    docketd.edges = NULL;
    docketd.tenants = NULL;
    docketd.edge_count = docketd.edge_room = docketd.tenant_count = 0;
    close(docketd.epoll_fd);
    close(docketd.clerk_fd);
    serve_clerk_end();
    empty_folder();
}

/* ---- callers ---- */

static void hang_up(struct caller *caller)
{
    if (caller->fd >= 0)
        close(caller->fd);
    *caller = (struct caller){.fd = -1};
}

/* docketd hears what came, as its loop does. */
static void hear(void)
{
    struct epoll_event events[16];
    int count = epoll_wait(docketd.epoll_fd, events, 16, 0);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == &docketd.listen_fd)
            dk_serve_accept(&docketd);
        else
            dk_serve_event(&docketd, events[i].data.ptr, events[i].events);
    }
    dk_serve_parked(&docketd);
    dk_serve_bury(&docketd);
}

static void keep_descriptors(struct msghdr *message, const struct dk_reply *reply)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        MUST(reply->status == DOCKET_OK && (reply->type == DK_ASK_ATTACH || reply->type == DK_ASK_FATE || reply->type >= DK_ADMIN_VOID));
        MUST(reply->type == DK_ASK_ATTACH ? count == 4 : reply->type == DK_ASK_FATE ? count == 1 || count == 2 : count == 1);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            int *place = &held[reply->seat % HELD_MAX];
            if (count == 4 && i == 2 && *place < 0)
                *place = fd;
            else
                close(fd);
        }
    }
}

/* No number of an ended period comes twice. */
static void keep_dated(const struct caller *caller, const struct dk_reply *reply)
{
    struct dated new = {.period = reply->seat, .number = reply->salt};
    memcpy(new.series, caller->dated, sizeof new.series);
    MUST(new.number > 0 && new.series[0] != 0);
    for (uint32_t i = 0; i < dated_count; i++)
        MUST(strcmp(dated[i].series, new.series) != 0 || dated[i].period != new.period ||
             dated[i].number != new.number);
    if (dated_count < TAKEN_MAX)
        dated[dated_count++] = new;
}

static void keep_record_answer(struct caller *caller, const struct dk_record_head *head, const uint8_t *bytes, size_t got)
{
    struct dk_record_reader reader = {0};
    struct dk_record_answer answer;
    MUST(dk_record_check(head, got) == DOCKET_OK && (head->status == DOCKET_OK) == (head->text[0] == 0));
    MUST(head->more <= 1 && (head->more == 1 || ++caller->answered <= caller->asked));
    dk_record_read(&reader, head, bytes);
    while (dk_record_next_answer(&reader, &answer)) {
        MUST(answer.status < 64 && answer.state < DK_STATE_COUNT);
        MUST(answer.status == DOCKET_OK ? answer.sentence[0] == 0 : answer.sentence[0] != 0);
        if (answer.text[0] != 0)
            snprintf(heard_text, sizeof heard_text, "%s", answer.text);
    }
    MUST(!reader.damaged);
    dk_record_reader_end(&reader);
}

static void read_answers(struct caller *caller)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * 8)];
        struct cmsghdr aligned;
    } control;
    static union {
        struct dk_reply reply;
        struct {
            struct dk_record_head head;
            uint8_t bytes[DK_RECORD_BYTES];
        } record;
    } packet;
    while (caller->fd >= 0) {
        struct iovec body = {.iov_base = &packet, .iov_len = sizeof packet};
        struct msghdr message = {
            .msg_iov = &body, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        ssize_t got = recvmsg(caller->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got < 0)
            return;
        if (got == 0) {
            hang_up(caller);
            return;
        }
        if (packet.reply.magic == DK_RECORD_MAGIC) {
            keep_record_answer(caller, &packet.record.head, packet.record.bytes, (size_t)got);
            continue;
        }
        struct dk_reply reply = packet.reply;
        MUST(got == (ssize_t)sizeof reply && reply.magic == DK_WIRE_MAGIC && reply.version == DK_WIRE_VERSION);
        bool is_dated = reply.type == DK_ASK_DATED && reply.status == DOCKET_OK; /* a form stands in it */
        MUST(memchr(reply.text, 0, sizeof reply.text) != NULL);
        MUST(is_dated || (reply.status == DOCKET_OK) == (reply.text[0] == 0));
        if (is_dated)
            keep_dated(caller, &reply);
        MUST(reply.returned <= DOCKET_BLOCK_MAX && ++caller->answered <= caller->asked);
        keep_descriptors(&message, &reply);
    }
}

static void settle(void)
{
    hear();
    for (int i = 0; i < CALLERS; i++)
        read_answers(&callers[i]);
    hear();
}

static void say(struct caller *caller, const void *bytes, size_t size)
{
    if (caller->fd < 0 && dk_wire_connect(docketd.runtime_fd, &caller->fd) != DOCKET_OK) {
        caller->fd = -1;
        return;
    }
    if (send(caller->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size)
        caller->asked++;
}

static void say_anything(struct draw *draw, struct caller *caller)
{
    uint8_t packet[sizeof(struct dk_request) + 32];
    size_t size = (size_t)draw_number(draw, 2) % sizeof packet;
    draw_bytes(draw, packet, size);
    if (size > 0)
        say(caller, packet, size);
}

/* Lines of settings, good ones and others; the last one may have no end. */
static void say_settings(char settings[DK_WIRE_SETTINGS], uint64_t which, uint64_t window)
{
    static const char *const some[] = {
        "order=leased\n", "order=strict\n", "restart=never\n", "restart=monthly\n", "restart=fiscal\n", "restart=weekly\n",
        "template={SERIES}-{YYYY}{MM}{DD}-{N:6}\n", "template={N}\n", "template={YYYY}-{MM}/{N:15}\n",
        "template={N:4}.{YYYY}\n", "profile=in-gst\n", "profile=fr\n", "at-end=stop\n", "last=20\n", "fiscal-year=april\n",
        "zone=Nowhere\n", "prefix=P-\n", "fields=a=1\n", "order", "=\n", "", "ledger=on\n", "order=gapless\n",
        "release=void\n", "on-expiry=free\n"};
    enum { SOME = sizeof some / sizeof some[0] };
    int used = snprintf(settings, DK_WIRE_SETTINGS, "%s%s", some[which % SOME], some[which / SOME % SOME]);
    if (window != 0)
        snprintf(settings + used, DK_WIRE_SETTINGS - (size_t)used, "window=%llu\n", (unsigned long long)window);
}

static void say_something(struct draw *draw, struct caller *caller)
{
    static const char *const tenants[] = {"acme", "vip", "b", ""}, *const names[] = {"INV", "CRN", "x.y", "A", "", "-"};
    struct dk_request request = {.magic = DK_WIRE_MAGIC, .version = DK_WIRE_VERSION};
    request.type = (uint32_t)draw_number(draw, 1) % 8;
    uint64_t which = draw_number(draw, 2), bits = draw_number(draw, 1);
    snprintf(request.tenant, sizeof request.tenant, "%s", tenants[which % 4]);
    snprintf(request.name, sizeof request.name, "%s", names[which / 4 % 6]);
    say_settings(request.settings, which / 24, bits & 32 ? draw_number(draw, 3) : 0);
    request.desk = bits & 1;
    request.slot = bits >> 1 & 7;
    request.incarnation = docketd.desks[request.desk].map.incarnation;
    if (bits & 16) { /* the end of what was really taken */
        const struct taken *some = &taken[taken_count > 0 ? which % taken_count : 0];
        uint32_t left = taken_count > 0 ? some->count : 1;
        request.desk = some->desk;
        request.slot = some->slot;
        request.incarnation = docketd.desks[some->desk].map.incarnation;
        request.count = 1 + (uint32_t)draw_number(draw, 1) % left;
        request.first = some->first + left - request.count;
        request.period = some->period;
        memcpy(request.tenant, some->record.tenant, sizeof some->record.tenant);
        memcpy(request.name, some->record.name, sizeof some->record.name);
    } else {
        request.period = (int32_t)draw_number(draw, 4);
        request.first = draw_number(draw, 8);
        request.count = (uint32_t)draw_number(draw, 2);
    }
    if (bits & 64)
        request.start_after = draw_number(draw, 7);
    if (request.type == DK_ASK_DATED) {
        static const uint32_t dates[] = {20200105, 20201231, 20210630, 20010101, 20991231, 20200230, 0};
        request.first = bits & 128 ? request.first : dates[which / 24 % 7];
        snprintf(caller->dated, sizeof caller->dated, "%.14s/%.14s", request.tenant, request.name);
    }
    gave_back = gave_back || request.type == DK_ASK_GIVE_BACK;
    say(caller, &request, sizeof request);
}

/* Rows of an import, in order more often than not; bytes behind them are texts. */
static int write_rows(struct draw *draw, const struct dk_admin_request *request, char *evidence)
{
    uint64_t number = request->first;
    const uint32_t behind = request->count * (uint32_t)sizeof(struct dk_import_wire);
    for (uint32_t i = 0; i < request->count; i++) {
        uint64_t bits = draw_number(draw, 1);
        struct dk_import_wire row = {.first = number + bits % 4, .line = i + 1, .flags = bits >> 2 & 1};
        row.last = row.first + (bits >> 3 & 1) * (bits >> 4 & 3);
        row.key = bits & 64 ? behind : 0;
        row.text = bits & 128 ? behind + 2 : 0;
        row.date = bits == 255 ? 20200105 : 0;
        number = row.last + 1;
        memcpy(evidence + i * sizeof row, &row, sizeof row);
    }
    memcpy(evidence + behind, "k\0A-1", 6);
    return (int)behind + 6;
}

/* An admin: the descriptor of the evidence may be anything. */
static void say_an_admin(struct draw *draw, struct caller *caller)
{
    static const char *const tenants[] = {"acme", "vip", "b", ""}, *const names[] = {"INV", "CRN", "x.y", "A", "", "-"};
    struct dk_admin_request request = {.magic = DK_WIRE_MAGIC, .version = DK_WIRE_VERSION, .period = -1};
    uint64_t which = draw_number(draw, 1), bits = draw_number(draw, 1);
    request.type = DK_ADMIN_VOID + (uint32_t)draw_number(draw, 1) % (DK_ADMIN_END - DK_ADMIN_VOID);
    request.flags = (uint32_t)draw_number(draw, 1) & DK_ADMIN_FLAGS;
    snprintf(request.tenant, sizeof request.tenant, "%s", tenants[which % 4]);
    snprintf(request.name, sizeof request.name, "%s", names[which / 4 % 6]);
    snprintf(request.reason, sizeof request.reason, "%s", bits & 2 ? "" : "because");
    request.first = draw_number(draw, 1);
    request.last = request.first + draw_number(draw, 1) % 32;
    if (bits & 28)
        say_settings(request.settings, bits >> 2, bits & 4 ? draw_number(draw, 2) : 0);
    request.start_after = draw_number(draw, 1);
    request.count = 3;
    if (request.type == DK_ADMIN_CLOSE)
        request.period = bits & 32 ? 2020 : bits & 64 ? 202001 : 20200105;
    if (caller->fd < 0 && dk_wire_connect(docketd.runtime_fd, &caller->fd) != DOCKET_OK) {
        caller->fd = -1;
        return;
    }
    char evidence[256];
    int length = snprintf(evidence, sizeof evidence, "%llu\n%llu-%llu\n", (unsigned long long)request.first,
                          (unsigned long long)request.first + 2, (unsigned long long)request.last);
    if (request.type == DK_ADMIN_IMPORT) {
        request.period = bits & 32 ? 2020 : bits & 64 ? 0 : 2019;
        length = write_rows(draw, &request, evidence);
        request.first = request.first > 1 ? request.first - (bits & 1) : 0;
    }
    int file = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    MUST(file >= 0 && write(file, evidence, (size_t)length) == length);
    if (bits & 1)
        MUST(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0);
    union {
        char bytes[CMSG_SPACE(sizeof file)];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec body = {.iov_base = &request, .iov_len = sizeof request};
    struct msghdr message = {
        .msg_iov = &body, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(part), &file, sizeof file);
    if (sendmsg(caller->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof request)
        caller->asked++;
    close(file);
    decided = true; /* what was handed out may be void now */
}

/* ---- at record speed ---- */

static void fill_item(struct draw *draw, struct dk_record_item *item)
{
    static const char *const words[] = {"", "a", "b", "c", "d", "a key", " bad", "e"};
    static const char *const data[] = {"", "{}", "{\"a\":[1,2]}", "{", "[]"};
    static const uint32_t dates[] = {0, 0, 20200105, 20210630, 20991231, 20200230};
    uint64_t which = draw_number(draw, 3);
    *item = (struct dk_record_item){.key = words[which & 7], .hold = words[which >> 3 & 7], .metadata = data[(which >> 6 & 7) % 5]};
    item->flags = (uint32_t)(which >> 9 & 7);
    item->date = dates[(which >> 12 & 7) % 6];
    item->expires_s = which >> 15 & 1 ? 3600 : which >> 16 & 1;
    item->count = 1 + (uint32_t)(which >> 17 & 31);
    item->text = which >> 22 & 1 ? heard_text : "";
    item->reason = which >> 23 & 1 ? "because" : "";
    uint64_t number = draw_number(draw, 1);
    item->number = number & 63;
    item->period = number & 64 ? 0 : number & 128 ? -1 : 2020;
    if (item->number != 0 && number & 64) /* the current one, by the clock */
        item->period = (int32_t)(dk_clock_wall_s() / 31556952 + 1970);
}

/* The seat is one that is taken, as a rule. */
static void say_a_record(struct draw *draw, struct caller *caller)
{
    static struct dk_record_writer writer;
    static const char *const tenants[] = {"acme", "vip", "b", ""}, *const names[] = {"INV", "CRN", "x.y", "A", "", "-"};
    uint64_t which = draw_number(draw, 2), bits = draw_number(draw, 2);
    dk_record_begin(&writer, 1 + (uint32_t)(which & 7) % (DK_RECORD_TYPES - 1));
    struct dk_record_head *head = &writer.head;
    snprintf(head->tenant, sizeof head->tenant, "%s", tenants[(which >> 3 & 15) == 0 ? which >> 7 & 3 : 0]);
    snprintf(head->name, sizeof head->name, "%s", names[(which >> 9 & 7) % 6]);
    head->attempt = 1 + (uint32_t)(bits & 3) % 3;
    head->verb = (uint32_t)(bits >> 2 & 3);
    head->flags = bits >> 4 & 1;
    head->desk = bits >> 5 & 1;
    head->seat = (int32_t)(bits >> 6 & 3) - 1;
    if (head->seat >= 0)
        head->salt = docketd.desks[head->desk].seats[head->seat].salt + (bits >> 8 & 15 ? 0 : 1);
    for (uint64_t items = 1 + (bits >> 12 & 3); items > 0; items--) {
        struct dk_record_item item;
        fill_item(draw, &item);
        MUST(dk_record_put(&writer, &item));
    }
    if (bits >> 14 & 1 && bits >> 15 & 1 && head->bytes > 0)
        writer.bytes[draw_number(draw, 2) % head->bytes] ^= (uint8_t)draw_number(draw, 1);
    uint8_t packet[sizeof *head + 4096];
    if (head->bytes > 4096)
        return;
    memcpy(packet, head, sizeof *head);
    memcpy(packet + sizeof *head, writer.bytes, head->bytes);
    say(caller, packet, sizeof *head + head->bytes);
}

/* ---- an honest worker ---- */

static void take(struct draw *draw)
{
    uint64_t choice = draw_number(draw, 1);
    uint32_t count = 1 + (uint32_t)draw_number(draw, 1) % 40, left;
    struct dk_desk_book *desk = &docketd.desks[choice & 1];
    uint32_t slot = choice >> 1 & 3;
    if (slot >= desk->slots_used || taken_count == TAKEN_MAX || !desk->series[slot] || !desk->series[slot]->bank[0] ||
        desk->series[slot]->record.policy->order != DK_STRICT)
        return;
    const struct shared_board_bank *bank = &dk_desk_slot(&desk->map, slot)->bank[0];
    uint64_t epoch = dk_load_acquire(&bank->epoch), first;
    if (epoch == 0)
        return;
    struct dk_strict_bank strict = {.word = &dk_table_slot(&desk->map, slot)->bank[0].strict,
                                    .epoch = epoch,
                                    .current = &bank->epoch,
                                    .base = dk_load_acquire(&bank->base),
                                    .limit = &bank->limit};
    enum dk_take took = dk_strict_take(&strict, count, &first, &left);
    MUST(took == DK_TAKE_DONE || took == DK_TAKE_EMPTY);
    dk_store_relaxed(&dk_table_slot(&desk->map, slot)->bank[0].want, count);
    dk_desk_ask(&desk->map, slot);
    if (took != DK_TAKE_DONE)
        return;
    const struct dk_series_book *of = desk->series[slot];
    int32_t period = of->bank[0]->period.label;
    for (uint32_t i = 0; !gave_back && i < taken_count; i++) /* whatever admins decide, no number comes twice */
        MUST(taken[i].record.id != of->record.id || taken[i].period != period ||
             taken[i].first + taken[i].count <= first || first + count <= taken[i].first);
    taken[taken_count++] = (struct taken){.desk = (uint32_t)(choice & 1),
                                          .slot = slot,
                                          .first = first,
                                          .count = count,
                                          .period = period,
                                          .record = of->record};
}

static void commit(void)
{
    dk_clerk_collect(docketd.clerk);
    dk_ended_turn(&docketd);
    dk_ledger_tick(&docketd);
    dk_ledger_turn(&docketd);
    dk_keeper_run(&docketd);
    dk_admin_turn(&docketd);
}

static void step(struct draw *draw)
{
    uint64_t choice = draw_number(draw, 1);
    struct caller *caller = &callers[choice / 8 % CALLERS];
    switch (choice % 8) {
    case 0:
        say_anything(draw, caller);
        break;
    case 1:
    case 2:
        if (choice % 8 == 1 && choice >= 96)
            say_a_record(draw, caller);
        else if (choice >= 128 && choice % 8 == 2)
            say_an_admin(draw, caller);
        else
            say_something(draw, caller);
        break;
    case 3:
        commit();
        break;
    case 4:
        take(draw);
        break;
    case 5:
        dk_keeper_sweep(&docketd);
        dk_keeper_run(&docketd);
        break;
    case 6:
        hang_up(caller);
        break;
    default:
        if (held[choice / 8 % HELD_MAX] >= 0)
            close(held[choice / 8 % HELD_MAX]);
        held[choice / 8 % HELD_MAX] = -1;
        dk_reaper_tick(&docketd, true);
        dk_keeper_run(&docketd);
        break;
    }
    settle();
}

/* ---- the end: every number below a mark has one fate ---- */

static bool handed_out(const struct dk_fate_wire *rows, size_t count, const struct taken *some)
{
    const struct dk_series_record *record = &some->record;
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].tenant, record->tenant) == 0 && strcmp(rows[i].name, record->name) == 0 && rows[i].period == some->period &&
            rows[i].first <= some->first && some->first + some->count - 1 <= rows[i].last)
            return rows[i].fate == DK_FATE_HANDED_OUT;
    return false;
}

static void check_fate(void)
{
    int fds[2];
    struct stat facts;
    MUST(dk_fate_write(&docketd, NULL, NULL, -1, fds) == DOCKET_OK && fstat(fds[0], &facts) == 0);
    int fd = fds[0];
    if (fds[1] >= 0)
        close(fds[1]);
    struct dk_fate_wire *rows = malloc((size_t)facts.st_size + 1);
    MUST(rows != NULL && pread(fd, rows, (size_t)facts.st_size, 0) == facts.st_size);
    size_t count = (size_t)facts.st_size / sizeof *rows;
    uint64_t expected = 0;
    for (size_t i = 0; i < count; i++) {
        MUST(rows[i].first <= rows[i].last && rows[i].fate <= DK_FATE_UNKNOWN && rows[i].cause <= DK_CAUSE_LAST);
        MUST(expected == 0 || rows[i].first == expected);
        expected = rows[i].last + 1;
        if (rows[i].counter_ends) {
            MUST(rows[i].last + 1 == rows[i].mark);
            expected = 0;
        }
    }
    MUST(expected == 0);
    for (uint32_t i = 0; !gave_back && !decided && i < taken_count; i++)
        MUST(handed_out(rows, count, &taken[i]));
    free(rows);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct draw draw = {bytes, size};
    begin(draw_number(&draw, 1));
    for (int steps = 0; draw.left > 0 && steps < STEPS_MAX; steps++)
        step(&draw);
    for (int i = 0; i < CALLERS; i++)
        hang_up(&callers[i]);
    for (int turns = 0; turns < 64 || ((docketd.errands != NULL || dk_ledger_waits(&docketd)) && turns < 20000); turns++) {
        if (turns >= 64) { /* a thread still reads, or a seat is reaped */
            usleep(50);
            dk_reaper_tick(&docketd, true);
        }
        hear();
        commit();
    }
    hear();
    MUST(dk_clerk_pending(docketd.clerk) == 0 && docketd.errands == NULL && docketd.ended == NULL &&
         !dk_ledger_waits(&docketd) && docketd.ledger_bytes == 0);
    check_fate();
    for (int i = 0; i < HELD_MAX; i++)
        if (held[i] >= 0)
            close(held[i]);
    end();
    return 0;
}
