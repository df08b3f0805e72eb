/* SPDX-License-Identifier: MIT */
/*
 * daemon_fixture: one series of a docketd whose store and committer are real, for tests of
 * what gives numbers at record speed. The board, the keeper and admins are stood in for.
 */
#ifndef DK_TESTS_DAEMON_FIXTURE_H
#define DK_TESTS_DAEMON_FIXTURE_H

#include "daemon/ended/ended.h"
#include "daemon/recovery/recovery.h"
#include "daemon/series/policies.h"

#include "base/clock.h"

#include "store_fixture.h"

#include <poll.h>

enum { SERIES = 1 };

static struct dk_daemon docketd;
static struct dk_desk_book desk;
static struct dk_series_book book;
static struct dk_series_book *by_id[SERIES + 1];
static struct dk_policy policy;
static struct dk_counter *in_memory;
static unsigned keeper_asked;
static uint64_t last_of_policy;

/* ---- what stands around ---- */

docket_status dk_serve_check_desk(const struct dk_connection *connection, const struct dk_desk_book *at)
{
    (void)connection;
    (void)at;
    return DOCKET_OK;
}

bool dk_serve_make_room(struct dk_connection *connection, const struct dk_request *request, struct dk_desk_book *at,
                        docket_status *status)
{
    (void)connection;
    (void)request;
    (void)at;
    *status = DOCKET_REALM_FULL;
    return false;
}

docket_status dk_series_load(struct dk_daemon *daemon, const struct dk_series_record *record,
                             struct dk_series_book **loaded)
{
    (void)daemon;
    (void)record;
    (void)loaded;
    return DOCKET_REALM_FULL;
}

struct dk_desk_book *dk_series_desk(struct dk_daemon *daemon, const char *tenant)
{
    (void)daemon;
    (void)tenant;
    return &desk;
}

struct dk_series_book *dk_series_find(struct dk_daemon *daemon, const char *tenant, const char *name)
{
    (void)daemon;
    return strcmp(tenant, "acme") == 0 && strcmp(name, "INV") == 0 ? by_id[SERIES] : NULL;
}

struct dk_series_book *dk_series_by_id(struct dk_daemon *daemon, uint64_t id)
{
    (void)daemon;
    return id <= SERIES ? by_id[id] : NULL;
}

struct dk_counter *dk_series_counter(const struct dk_series_book *series, int32_t period)
{
    (void)series;
    return in_memory != NULL && in_memory->period.label == period ? in_memory : NULL;
}

bool dk_series_form(const struct dk_series_record *record, int32_t period, struct dk_form *form)
{
    struct dk_template parsed, resolved;
    const struct dk_texts texts = {.tenant = record->tenant, .prefix = "", .fields = ""};
    (void)period;
    assert_int_equal(dk_template_parse(record->policy->template_text, &parsed), DOCKET_OK);
    assert_int_equal(dk_template_resolve(&parsed, &texts, &record->policy->fiscal, &resolved), DOCKET_OK);
    dk_form_pack(&resolved, form);
    return true;
}

uint64_t dk_record_last(const struct dk_series_record *record, int32_t period)
{
    (void)record;
    (void)period;
    return last_of_policy;
}

int64_t dk_now_s(struct dk_daemon *daemon)
{
    (void)daemon;
    return dk_clock_wall_s();
}

void dk_evict_cancel(struct dk_series_book *series)
{
    (void)series;
}

void dk_keeper_ask(struct dk_counter *counter)
{
    assert_ptr_equal(counter, in_memory);
    keeper_asked++;
}

void dk_load_counter(struct dk_daemon *daemon, struct dk_series_book *series, const struct dk_counter_image *image)
{
    (void)daemon;
    (void)series;
    (void)image;
}

void dk_periods_look(struct dk_daemon *daemon, struct dk_series_book *series, int64_t now_s)
{
    (void)daemon;
    (void)series;
    (void)now_s;
}

void dk_edges_set(struct dk_daemon *daemon, struct dk_series_book *series, int64_t when_s)
{
    (void)daemon;
    series->next_edge_s = when_s;
}

/* closing.c's errands are tried by tests/process/periods.sh. */
void dk_errand_end(struct dk_errand *errand, docket_status status)
{
    (void)errand;
    (void)status;
    fail();
}

docket_status dk_errand_find(struct dk_errand *errand)
{
    (void)errand;
    return DOCKET_NO_SERIES;
}

const char *dk_errand_name(const struct dk_errand *errand)
{
    (void)errand;
    return "";
}

void dk_errand_post(struct dk_errand *errand, struct dk_job *job)
{
    (void)errand;
    (void)job;
}

void dk_errand_event(const struct dk_errand *errand, struct dk_job *job, const char *kind, const char *format, ...)
{
    (void)errand;
    (void)job;
    (void)kind;
    (void)format;
}

void dk_errand_answer(struct dk_errand *errand, const void *rows, size_t bytes)
{
    (void)errand;
    (void)rows;
    (void)bytes;
}

struct dk_holder_wire *dk_holders_of(const struct dk_desk_book *at, const struct dk_counter *only, uint32_t *count)
{
    (void)at;
    (void)only;
    *count = 0;
    return NULL;
}

/* ---- a realm with one series ---- */

static inline int begin_docketd(void **state)
{
    make_realm(state);
    must_open();
    assert_int_equal(commit_series(SERIES, "acme", "INV"), DOCKET_OK);
    docketd = (struct dk_daemon){.store = store};
    assert_int_equal(dk_clerk_start(store, facts.commit_number, &docketd.clerk, &docketd.clerk_fd), DOCKET_OK);
    desk = (struct dk_desk_book){.daemon = &docketd};
    dk_policy_default(&policy);
    snprintf(policy.template_text, sizeof policy.template_text, "{YYYY}-{N}");
    book = (struct dk_series_book){.record = series_of(SERIES, "acme", "INV"), .desk = &desk};
    book.record.policy = &policy;
    by_id[SERIES] = &book;
    docketd.series_by_id = by_id;
    docketd.series_room = SERIES + 1;
    in_memory = NULL;
    keeper_asked = 0;
    last_of_policy = DOCKET_NUMBER_MAX;
    return 0;
}

/* Every commit is durable, and its callers answered. */
static inline void finish_commits(void)
{
    while (dk_clerk_pending(docketd.clerk) > 0) {
        struct pollfd finished = {.fd = docketd.clerk_fd, .events = POLLIN};
        poll(&finished, 1, 100);
        dk_clerk_collect(docketd.clerk);
    }
}

#endif
