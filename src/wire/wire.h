/* SPDX-License-Identifier: MIT */
/*
 * wire: messages between library and daemon, over a SEQPACKET socket on the
 * same host: one packet is one message, whole or not at all. Both ends check
 * magic, version, length and the zero bytes that end names before they look
 * further. Knows nothing of what the messages mean.
 */
#ifndef DK_WIRE_WIRE_H
#define DK_WIRE_WIRE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#define DK_WIRE_MAGIC 0x31574b44u /* "DKW1" */
#define DK_WIRE_VERSION 2u
#define DK_WIRE_FDS 4
#define DK_WIRE_NAME 66 /* room of a name, zeros behind it */
#define DK_WIRE_SETTINGS 768 /* room of "name=value\n" lines and the zero behind them */

enum dk_request_type {
    DK_ASK_HELLO = 1,  /* who are you: store id, generation, incarnation */
    DK_ASK_OPEN,       /* where does (tenant, name) sit; made on first use */
    DK_ASK_DECLARE,    /* make (tenant, name); settings: what is not the tenant's default */
    DK_ASK_ATTACH,     /* a seat at desk: board, table, seat, probe; first: incompatible flags that the library knows */
    DK_ASK_GIVE_BACK,  /* the end of a strict block: slot, period, first, count */
    DK_ASK_FATE,       /* rows of fate in a memory file; of (tenant, name), of a tenant (name empty), of all (both) */
    DK_ASK_DATED,       /* a number of (tenant, name) of the period that holds the date `first`, yyyymmdd, which is on
                          no board any more. count: room for its text, 0 if none is wanted; what does not fit is
                          BUFFER_TOO_SMALL, and no number is spent */
    DK_ASK_ACCOUNT     /* answered when the store can tell that number `first` of (tenant, name, period) was handed out */
};

/* What admins ask: a packet of its own, and its types begin at 64, so that
 * dk_request keeps its size. Evidence comes as a descriptor beside the packet. */
enum dk_admin_type {
    DK_ADMIN_VOID = 64, /* numbers first to last of a counter, handed out, become void */
    DK_ADMIN_RECONCILE, /* evidence for unknown numbers */
    DK_ADMIN_ADVANCE,   /* the next number is at least first */
    DK_ADMIN_RETIRE,    /* the series gives no number any more */
    DK_ADMIN_SET,       /* another policy */
    DK_ADMIN_DRAIN,     /* nothing is laid any more; who holds leases */
    DK_ADMIN_VERIFY,    /* every record and page of the store */
    DK_ADMIN_EVENTS,    /* events from number first on, at most count, since since_ns, of kind, of the series */
    DK_ADMIN_DESK,      /* a desk more in the configuration */
    DK_ADMIN_CLOSE,     /* a period that has ended gives no number any more; the answer's salt is 1 if it is closed,
                           0 if it will be when those who hold leases (its rows) have given them back */
    DK_ADMIN_PERIODS,   /* the periods of a series */
    DK_ADMIN_CLOCK,     /* docketd's clock is right, however far ahead; the answer's salt is 1 if it was not followed */
    DK_ADMIN_SHOW,      /* one series in numbers; not for admins only */
    DK_ADMIN_PREVIEW,   /* the next document numbers under these settings; likewise */
    DK_ADMIN_RECORDS,   /* records of a series with a ledger, from number first of the period on (-1: of every one), at
                           most count, of the state that kind names; settings: of this key alone. A page that goes on in
                           every one begins with period start_after, and there with number since_ns. With RUNS ranges of
                           one state, up to number last. Rows of wire/ledger_row.h; likewise */
    DK_ADMIN_AUDIT,     /* the whole chain of events; a row of struct dk_audit_wire */
    DK_ADMIN_HEAD,      /* where it stands; likewise, and for everybody */
    DK_ADMIN_RETENTION, /* records of a closed period are dropped: first how many there are, desk their digest, since_ns
                           when the latest changed, user the exported file's; with DRY_RUN looked over. A row of
                           struct dk_retention_wire, and the answer's salt: how many were dropped */
    DK_ADMIN_BACKUP,    /* the store copied to the regular file that comes with it; the rows are the manifest's text */
    DK_ADMIN_SHAPES,    /* what each series of the tenant (none named: of all) writes and ever wrote; for who may sit at its
                           desk, and all of them for admins; rows of struct dk_shape_wire */
    DK_ADMIN_IMPORT,    /* numbers of the period that another system gave, count rows of wire/import.h in a memory file;
                           settings: what they come from, first: numbers from here on were not spoken of by an import
                           before. Its answer: wire/import.h too */
    DK_ADMIN_END
};

enum {
    DK_ADMIN_DRY_RUN = 1,     /* says what would change */
    DK_ADMIN_VOID_REST = 2,   /* RECONCILE: unknown numbers without evidence become void */
    DK_ADMIN_UNDO = 4,        /* DRAIN: lay again */
    DK_ADMIN_START_AFTER = 8, /* SET: start_after is meant, also if it is 0 */
    DK_ADMIN_FROM_NEXT = 16,  /* SET, PREVIEW: from the next period on */
    DK_ADMIN_RUNS = 32,       /* RECORDS: neighbours of one state as one row */
    DK_ADMIN_DECLARE = 128,   /* PREVIEW: as DECLARE: a series that exists is the same, or EXISTS */
    DK_ADMIN_SKIP = 64,       /* IMPORT: numbers that clash are left out, and the others imported */
    DK_ADMIN_FLAGS = 255
};

enum { DK_WIRE_REASON = 200, DK_WIRE_TENANTS = 1022, DK_WIRE_EVIDENCE_MAX = 4 << 20 };

struct dk_admin_request {
    uint32_t magic;
    uint32_t version;
    uint32_t type;
    uint32_t flags;
    int32_t period; /* -1: the current one */
    uint32_t count;
    uint64_t first;
    uint64_t last;
    int64_t since_ns;
    uint64_t start_after;
    char tenant[DK_WIRE_NAME];
    char name[DK_WIRE_NAME];
    char settings[DK_WIRE_SETTINGS]; /* SET: lines of those that are meant. Beside them "start-after=TEXT", as in
                                        DECLARE: the number or document number that the series begins behind, which
                                        goes before the member start_after. ADVANCE: "start-after=TEXT" or
                                        "start-at=TEXT" in the place of first (numbering/start.h) */
    char desk[66];
    char user[66];
    char group[66];
    char kind[26];
    char reason[DK_WIRE_REASON + 2];
    char tenants[DK_WIRE_TENANTS + 2];
};

struct dk_request {
    uint32_t magic;
    uint32_t version;
    uint32_t type;
    uint32_t desk;
    uint32_t slot;
    int32_t period; /* FATE: -1 for every one */
    uint64_t first;
    uint64_t start_after;
    uint64_t incarnation;
    uint32_t count;
    char tenant[DK_WIRE_NAME];
    char name[DK_WIRE_NAME];
    char settings[DK_WIRE_SETTINGS];
};

struct dk_reply {
    uint32_t magic;
    uint32_t version;
    uint32_t type;
    uint32_t status; /* docket_status */
    uint32_t desk;
    uint32_t slot;
    uint32_t seat; /* DATED: the period's label */
    uint32_t returned;
    uint64_t salt; /* VERIFY: records. DATED: the number */
    uint64_t incarnation;
    uint64_t store_id[2];
    uint64_t generation;
    char text[512]; /* the sentence of a failure. DATED, OK: struct dk_form, how the number is written; zeros: as the
                       board says now */
};

/* A row of the memory file that answers DK_ASK_FATE. */
struct dk_fate_wire {
    uint64_t mark;
    uint64_t first;
    uint64_t last;
    int64_t time_ns;
    int32_t period;
    int32_t seat;
    uint8_t order;
    uint8_t fate;
    uint8_t cause;
    uint8_t counter_ends;
    uint32_t event; /* that says why; 0 none. A second memory file has their rows, ascending */
    uint32_t period_first, period_last; /* days of the period, yyyymmdd; 0: never restarts */
    uint8_t period_state;               /* enum dk_period_state */
    uint8_t documents;                  /* of the policy: which documents it numbers */
    uint8_t profile;
    uint8_t tracked;                    /* the series keeps a ledger */
    char tenant[64 + 1];
    char name[64 + 1];
    char padding[2];
};

/* Rows of the memory files that answer an admin. */
struct dk_change_wire {
    uint64_t line; /* of the evidence; 0: of none */
    uint64_t first;
    uint64_t last;
    int32_t period;
    uint8_t before; /* fates */
    uint8_t after;
    uint8_t cause;
    uint8_t reserved;
};

struct dk_event_wire {
    uint64_t number;
    int64_t time_ns;
    uint32_t uid;
    char kind[24];
    char text[256];
    char reason[DK_WIRE_REASON + 1];
    char hash[64 + 1]; /* hexadecimal; "" of an event that is not in the chain */
    char tenant[64 + 1];
    char name[64 + 1];
    uint8_t erased;
    uint8_t reserved;
    int32_t period;
};

struct dk_retention_wire {
    uint64_t records, issued, voided, free, undecided;
    uint64_t first, last;
    int64_t latest_ns; /* UTC, of the latest change */
    uint64_t store_id[2];
    uint32_t dropping; /* 1: some were dropped already */
    char digest[64 + 1];
    char padding[3];
};

struct dk_audit_wire {
    uint64_t begins;
    uint64_t head;
    uint64_t broken; /* 0: it is whole */
    char hash[64 + 1];
    char expected[64 + 1];
    char found[64 + 1];
    char what[160 + 1];
    char padding[4];
};

struct dk_holder_wire {
    uint32_t seat;
    uint32_t uid;
    int64_t pid;
    int64_t oldest_s; /* UTC, of the oldest lease's claim; 0 not known */
    uint64_t leases;
    uint64_t numbers;
    uint64_t held; /* of DRAIN: numbers of a ledger that are pending or reserved in its hands */
    char desk[64 + 1];
    char padding[7];
};

enum dk_period_state {
    DK_PERIOD_NEXT = 0, /* not begun */
    DK_PERIOD_OPEN = 1,
    DK_PERIOD_ENDED = 2, /* numbers at record speed */
    DK_PERIOD_CLOSING = 3,
    DK_PERIOD_CLOSED = 4,
    DK_PERIOD_STATES
};

enum { DK_PERIOD_HOLDERS = 4 };

struct dk_period_wire {
    int64_t start_s, end_s; /* UTC; 0 and INT64_MAX: never */
    uint64_t given;         /* handed out, those included that became void or unknown later */
    uint64_t mark;
    uint64_t extent_first;
    int32_t period;
    uint32_t first, last;   /* days, inclusive; 0: never */
    uint32_t last_date;     /* yyyymmdd; 0: not known */
    uint32_t state;
    uint32_t holder_count;  /* processes; the first few are below */
    struct dk_holder_wire holders[DK_PERIOD_HOLDERS];
};

/* A setting that an admin wants otherwise. */
struct dk_setting_wire {
    char name[16];
    char before[132];
    char after[132];
    char why_not[236]; /* "": it may change */
};

/* A document number that would come, of PREVIEW. With a text to start after, the first row is what that was read
 * as (text: as given), and the answer's salt 1. */
struct dk_number_wire {
    uint64_t number;
    int32_t period;
    uint32_t date; /* that its text shows */
    char text[DOCKET_TEXT_MAX];
};

/* The one row of SHOW. Dates as yyyymmdd. */
struct dk_show_wire {
    uint64_t first, last;    /* of the counter, or of its interval */
    uint64_t next;           /* lowest that nobody has */
    uint64_t left;           /* that may still be given up to last */
    uint64_t open;           /* left in open leases */
    uint64_t longest_number;
    int64_t start_s, end_s;  /* UTC, of the period; INT64_MAX for never */
    int64_t created_ns;
    uint32_t period_first, period_last; /* days; 0 for never */
    uint32_t today;          /* in the series' zone */
    int32_t period;
    int32_t next_from;       /* the period that next_settings hold from; 0 none */
    uint32_t uid;            /* who made it */
    uint32_t leases;         /* open */
    uint32_t lease_block;    /* most numbers of one lease; 0 in a strict series */
    uint32_t used_percent;
    uint32_t longest_bytes;
    uint8_t warned, retired, quarantined, reserved[5];
    char longest_text[DOCKET_TEXT_MAX];
    char desk[64 + 1];
    char profile[23];
    char profile_title[64];
    char profile_source[96];
    char profile_against[512]; /* "": nothing */
    char settings[768];        /* "name=value" lines, where they are not the default */
    char next_settings[768];   /* ... where they differ from those */
};

/* One policy of one series, of SHAPES. */
struct dk_shape_wire {
    char tenant[DK_WIRE_NAME];
    char series[DK_WIRE_NAME];
    uint8_t form[64]; /* struct dk_form */
    uint64_t last;    /* its largest number */
    uint8_t restart;  /* enum dk_restart */
    uint8_t current;  /* 1: the series writes so now; 0: it did, or will from its next period on */
    uint8_t reserved[6];
};

/* Client: connects to the SEQPACKET socket `socket` in an open directory.
 * UNREACHABLE if nobody listens. */
docket_status dk_wire_connect(int directory, int *fd) DK_MUST_USE;

/* docketd: makes the socket in an open directory (mode as given), listening. */
docket_status dk_wire_listen(int directory, mode_t mode, int *fd) DK_MUST_USE;

/* Closes the descriptors of a message that are there; -1 stands for each afterwards. */
static inline void dk_wire_close(int fds[DK_WIRE_FDS])
{
    for (int i = 0; i < DK_WIRE_FDS; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

/* Client: sends and waits at most timeout_ns for the answer; fds gets up to
 * DK_WIRE_FDS descriptors (close-on-exec), -1 where none came. On any failure
 * no descriptor is left open. A reply with another status than OK is returned
 * as that status, its sentence as the last error. */
docket_status dk_wire_ask(int fd, const struct dk_request *request, int64_t timeout_ns, struct dk_reply *reply,
                          int fds[DK_WIRE_FDS]) DK_MUST_USE;

/* Client: the same for an admin's packet; descriptor: of the evidence, or -1. */
docket_status dk_wire_ask_admin(int fd, const struct dk_admin_request *request, int descriptor, int64_t timeout_ns,
                                struct dk_reply *reply, int fds[DK_WIRE_FDS]) DK_MUST_USE;

/* For wire's own files. Is this packet of got bytes a request? */
docket_status dk_wire_check(const struct dk_request *request, size_t got) DK_MUST_USE;
docket_status dk_wire_check_admin(const struct dk_admin_request *request) DK_MUST_USE; /* texts and flags */
docket_status dk_wire_answer_of(int fd, uint32_t type, int64_t timeout_ns, struct dk_reply *reply,
                                int fds[DK_WIRE_FDS]) DK_MUST_USE;
void dk_wire_take_descriptors(void *message, int *fds, size_t most);

/* docketd: reads one request without waiting. OK, TIMEOUT (nothing there),
 * UNREACHABLE (the peer is gone), PROTOCOL (not a request of ours). */
docket_status dk_wire_read(int fd, struct dk_request *request) DK_MUST_USE;

/* docketd: sends without waiting; a full socket or a dead peer is UNREACHABLE. */
docket_status dk_wire_answer(int fd, struct dk_reply *reply, const int *fds, size_t fd_count) DK_MUST_USE;

#endif
