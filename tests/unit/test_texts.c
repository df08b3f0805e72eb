/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c store/record.c store/image.c store/image_series.c store/seen.c store/index.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/journal.c store/commit.c store/create.c store/walk.c store/texts.c store/time.c numbering/fate.c store/store.c */
/* libs: lmdb pthread */
/* What a series is told and what it writes, as the store keeps it: settings and
 * the next policy in its record, an entry of texts for each policy it ever had. */
#include "store_fixture.h"

#include "numbering/collide.h"

/* ---- policies ---- */

static const struct dk_policy *policy_of(const char *template, const char *lines)
{
    struct dk_policy policy;
    dk_policy_default(&policy);
    memset(policy.template_text, 0, sizeof policy.template_text);
    memcpy(policy.template_text, template, strlen(template));
    if (dk_policy_apply(&policy, lines) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    return dk_policy_keep(&policy);
}

static struct dk_series_record told(uint64_t id, const char *name, const struct dk_policy *policy)
{
    struct dk_series_record record = series_of(id, "acme", name);
    record.policy = policy;
    return record;
}

static docket_status add(const struct dk_series_record *record)
{
    uint64_t number;
    return dk_store_commit(store, &(struct dk_change){.series = &record, .series_count = 1}, &number);
}

static void must_add(const struct dk_series_record *record)
{
    if (add(record) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
}

static void must_change(const struct dk_series_record *record)
{
    must_commit(&(struct dk_change){.changed = &record, .changed_count = 1});
}

/* ---- the record of a series ---- */

static docket_status around(const struct dk_series_record *record, struct dk_series_record *read, size_t *bytes)
{
    struct dk_key key;
    struct dk_buffer value = {0};
    docket_status status = dk_image_encode_series(record, &key, &value);
    if (status == DOCKET_OK)
        status = dk_image_decode_series(dk_key_slice(&key), (struct dk_slice){value.bytes, value.used}, read);
    *bytes = value.used;
    dk_buffer_free(&value);
    return status;
}

/* As schema 3 wrote it. */
static void spell_as_schema_3(const struct dk_series_record *record, struct dk_key *key, struct dk_buffer *value)
{
    size_t size = 8 + 8 + 4 + 4 + 1 + 1 + 2 + strlen(record->policy->template_text) + strlen(record->desk);
    uint8_t *at = dk_buffer_reserve(value, size + (record->retired_ns != 0 ? 8 : 0));
    assert_non_null(at);
    at = dk_put_u64(at, record->id);
    at = dk_put_u64(at, (uint64_t)record->created_ns);
    at = dk_put_u32(at, record->uid);
    at = dk_put_u32(at, record->policy->window);
    at = dk_put_u8(at, record->policy->order);
    at = dk_put_u8(at, record->policy->restart);
    at = dk_put_text(at, record->policy->template_text);
    at = dk_put_text(at, record->desk);
    if (record->retired_ns != 0)
        dk_put_u64(at, (uint64_t)record->retired_ns);
    dk_key_of_series(key, record->tenant, record->name);
    assert_int_equal(dk_record_seal(DK_KIND_SERIES, dk_key_slice(key), value), DOCKET_OK);
}

static void a_series_that_schema_3_knew_is_spelled_as_it_was(void **state)
{
    (void)state;
    for (int retired = 0; retired < 2; retired++) {
        struct dk_series_record record = told(3, "INV", policy_of("{SERIES}-{YYYY}-{N:6}", "window=500\n"));
        struct dk_buffer old = {0}, new = {0};
        struct dk_key old_key, new_key;
        record.retired_ns = retired ? 99 : 0;
        spell_as_schema_3(&record, &old_key, &old);
        assert_int_equal(dk_image_encode_series(&record, &new_key, &new), DOCKET_OK);
        assert_true(old.used == new.used && old_key.size == new_key.size);
        assert_memory_equal(old.bytes, new.bytes, new.used);
        dk_buffer_free(&old);
        dk_buffer_free(&new);
    }
}

static void settings_and_the_next_policy_are_read_as_they_were_written(void **state)
{
    (void)state;
    const struct dk_policy *policies[] = {
        policy_of("{SERIES}-{N}", ""), policy_of("{SERIES}-{N}", "zone=Europe/Vienna\n"),
        policy_of("{PREFIX}-{YYYY}-{N}", "prefix=VIE\nlast=5000\nwindow=300\n"),
        policy_of("{SERIES}/{YYYY}/{N}", "prefix=VIE\nzone=Europe/Vienna\n")};
    for (unsigned now = 0; now < 4; now++) {
        for (unsigned next = 0; next <= 4; next++) {
            for (int64_t retired = 0; retired <= 77; retired += 77) {
                struct dk_series_record record = told(3, "INV", policies[now]), read;
                size_t bytes;
                record.next = next < 4 ? policies[next] : NULL; /* it may be the same again */
                record.next_from = record.next != NULL ? 2027 : 0;
                record.retired_ns = retired;
                if (around(&record, &read, &bytes) != DOCKET_OK)
                    fail_msg("%u then %u: %s", now, next, dk_error_text());
                assert_ptr_equal(read.policy, record.policy);
                assert_ptr_equal(read.next, record.next);
                assert_int_equal(read.next_from, record.next_from);
                assert_true(read.retired_ns == retired);
            }
        }
    }
}

static void a_record_cut_short_in_its_settings_is_damaged(void **state)
{
    (void)state;
    struct dk_series_record record = told(3, "INV", policy_of("{SERIES}-{N}", "zone=Europe/Vienna\n")), read;
    struct dk_series_record plain = told(3, "INV", policy_of("{SERIES}-{N}", ""));
    struct dk_buffer value = {0};
    struct dk_key key;
    size_t bare;
    assert_int_equal(around(&plain, &read, &bare), DOCKET_OK);
    bare -= DK_CHECKSUM_BYTES;
    record.next = policy_of("{PREFIX}-{N}", "prefix=VIE\n");
    record.next_from = 2027;
    assert_int_equal(dk_image_encode_series(&record, &key, &value), DOCKET_OK);
    size_t settings = bare + 8 + 4 + strlen("zone=Europe/Vienna\n"), whole = value.used - DK_CHECKSUM_BYTES;
    for (size_t size = bare + 1; size < whole; size++) {
        struct dk_buffer cut = {0};
        memcpy(dk_buffer_reserve(&cut, size), value.bytes, size);
        assert_int_equal(dk_record_seal(DK_KIND_SERIES, dk_key_slice(&key), &cut), DOCKET_OK);
        docket_status status = dk_image_decode_series(dk_key_slice(&key), (struct dk_slice){cut.bytes, cut.used}, &read);
        dk_buffer_free(&cut);
        if (status != (size == settings ? DOCKET_OK : DOCKET_DAMAGED)) /* there a record without next ends */
            fail_msg("%zu of %zu: %s", size, whole, docket_status_name(status));
    }
    dk_buffer_free(&value);
}

/* The checksum is right: what refuses is the reading of the settings. */
static void settings_that_nobody_could_have_told_are_damaged(void **state)
{
    (void)state;
    const char *const lines[] = {"zone=", "zone", "=\n", "no-such=1\n", "zone=UTC\nno-such=1\n", "window=many\n", "\n"};
    struct dk_series_record record = told(3, "INV", policy_of("{SERIES}-{N}", "")), read;
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++) {
        struct dk_buffer value = {0};
        struct dk_key key;
        spell_as_schema_3(&record, &key, &value);
        value.used -= DK_CHECKSUM_BYTES;
        size_t length = strlen(lines[at]);
        uint8_t *put = dk_put_u64(dk_buffer_reserve(&value, 8 + 4 + length), 0);
        memcpy(dk_put_u32(put, (uint32_t)length), lines[at], length);
        assert_int_equal(dk_record_seal(DK_KIND_SERIES, dk_key_slice(&key), &value), DOCKET_OK);
        docket_status status =
            dk_image_decode_series(dk_key_slice(&key), (struct dk_slice){value.bytes, value.used}, &read);
        dk_buffer_free(&value);
        if (status != DOCKET_DAMAGED)
            fail_msg("\"%s\": %s", lines[at], docket_status_name(status));
    }
}

static void a_next_policy_without_a_period_is_not_written(void **state)
{
    (void)state;
    struct dk_series_record record = told(3, "INV", policy_of("{SERIES}-{N}", "")), read;
    size_t bytes;
    record.next_from = 2027;
    assert_int_equal(around(&record, &read, &bytes), DOCKET_BAD_ARGUMENT);
    record.next = record.policy;
    record.next_from = 0;
    assert_int_equal(around(&record, &read, &bytes), DOCKET_BAD_ARGUMENT);
    record.next_from = -2027;
    assert_int_equal(around(&record, &read, &bytes), DOCKET_BAD_ARGUMENT);
}

static void a_counter_tells_how_it_was_closed_and_its_last_date(void **state)
{
    (void)state;
    for (uint32_t closed = 0; closed <= 2; closed++) {
        for (uint32_t date = 0; date <= 20261124; date += 20261124) {
            struct dk_counter_image image = counter_of(1, 2026, 5), read;
            struct dk_range spares[] = {{1, 2}};
            struct dk_key key;
            struct dk_buffer value = {0}, part = {0};
            image.closed = closed;
            image.last_date = date;
            image.interval_first = closed == 1 ? image.extent_first : 0;
            image.spares = spares;
            image.spare_count = 1;
            assert_int_equal(dk_image_encode_counter(&image, &key, &value), DOCKET_OK);
            struct dk_slice slice = {value.bytes, value.used};
            assert_int_equal(dk_image_decode_counter(dk_key_slice(&key), slice, &read), DOCKET_OK);
            assert_true(read.closed == closed && read.last_date == date &&
                        read.interval_first == image.interval_first && read.spares[0].last == 2);
            dk_image_free_counter(&read);
            assert_int_equal(dk_image_add_to_part(&image, &part), DOCKET_OK);
            assert_int_equal(part.used, 4 + value.used - DK_CHECKSUM_BYTES);
            dk_buffer_free(&value);
            dk_buffer_free(&part);
        }
    }
}

/* ---- texts follow their series ---- */

struct texts {
    unsigned count;
    char text[2048];
};

static docket_status list(void *context, const struct dk_text_record *record)
{
    struct texts *texts = context;
    size_t used = strlen(texts->text);
    texts->count++;
    snprintf(texts->text + used, sizeof texts->text - used, "%s:%s.%u%s ", record->series,
             record->beginning, record->version, record->until_ns != 0 ? "!" : "");
    return DOCKET_OK;
}

static const char *texts_of(const char *tenant, const char *beginning)
{
    static struct texts texts;
    texts = (struct texts){0};
    if (dk_store_each_text(store, tenant, beginning, list, &texts) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    return texts.text;
}

static docket_status keep_text(void *context, const struct dk_text_record *record)
{
    *(struct dk_text_record *)context = *record;
    return DOCKET_OK;
}

static void a_new_series_has_its_texts_in_the_same_commit(void **state)
{
    (void)state;
    struct dk_text_record text;
    struct dk_template template;
    must_open();
    struct dk_series_record record = told(1, "inv", policy_of("{SERIES}-{MM}-{YYYY}-{N:6}", "last=5000\n"));
    must_add(&record);
    crash();
    must_open();
    assert_string_equal(texts_of("acme", ""), "inv:INV-##-20##-.1 ");
    assert_int_equal(dk_store_each_text(store, "acme", "", keep_text, &text), DOCKET_OK);
    assert_true(text.series_id == 1 && text.last == 5000 && text.restart == DK_YEARLY && text.until_ns == 0);
    assert_true(text.from_ns > 0);
    assert_true(dk_form_unpack(&text.form, &template));
    assert_string_equal(text.tenant, "acme");
    must_add(&record); /* the same again is no change */
    assert_string_equal(texts_of("acme", ""), "inv:INV-##-20##-.1 ");
    assert_string_equal(texts_of("acm", ""), "");
    assert_sound();
}

static void a_series_whose_texts_cannot_be_told_is_not_made(void **state)
{
    (void)state;
    struct reading reading = {0};
    must_open();
    struct dk_series_record record = told(1, "INV", policy_of("{SERIES}-{NO}", ""));
    assert_int_equal(add(&record), DOCKET_BAD_ARGUMENT);
    assert_int_equal(dk_store_each_series(store, read_series, &reading), DOCKET_OK);
    assert_int_equal(reading.count, 0);
    assert_string_equal(texts_of("acme", ""), "");
    assert_int_equal(commit_series(1, "acme", "INV"), DOCKET_OK); /* the store lives on */
    assert_sound();
}

static void a_change_ends_the_old_texts_and_begins_the_new_ones(void **state)
{
    (void)state;
    must_open();
    struct dk_series_record record = told(1, "INV", policy_of("{SERIES}-{N}", ""));
    must_add(&record);
    record.policy = policy_of("{SERIES}-{N}", "window=500\n");
    must_change(&record); /* not a word of it is on a document */
    assert_string_equal(texts_of("acme", ""), "INV:INV-.1 ");
    record.next = policy_of("R{SERIES}-{N}", "");
    record.next_from = 2027;
    must_change(&record); /* what is to come is taken as soon as it is decided */
    assert_string_equal(texts_of("acme", ""), "INV:INV-.1 INV:RINV-.1 ");
    record.policy = record.next;
    record.next = NULL;
    record.next_from = 0;
    must_change(&record);
    assert_string_equal(texts_of("acme", ""), "INV:INV-.1! INV:RINV-.1 ");
    record.policy = policy_of("{SERIES}-{N}", "");
    must_change(&record); /* back to what it was: it writes again */
    assert_string_equal(texts_of("acme", ""), "INV:INV-.1! INV:INV-.2 INV:RINV-.1! ");
    record.policy = policy_of("{SERIES}-{N}", "last=10\n");
    must_change(&record); /* fewer numbers are other texts */
    assert_string_equal(texts_of("acme", ""), "INV:INV-.1! INV:INV-.2! INV:INV-.3 INV:RINV-.1! ");
    record.retired_ns = 5;
    must_change(&record);
    assert_string_equal(texts_of("acme", ""), "INV:INV-.1! INV:INV-.2! INV:INV-.3! INV:RINV-.1! ");
    crash();
    must_open();
    assert_string_equal(texts_of("acme", "RI"), "INV:RINV-.1! ");
    assert_sound();
}

/* ---- which texts a beginning finds ---- */

static bool begins_alike(const char *text, const char *with)
{
    for (; *with != 0; text++, with++) {
        bool digits = (*text == '#' && (*with == '#' || (*with >= '0' && *with <= '9'))) ||
                      (*with == '#' && *text >= '0' && *text <= '9');
        if (*text != *with && !digits)
            return false;
    }
    return true;
}

enum { SERIES = 300 };

struct shape {
    struct dk_template template;
    char name[16], beginning[DK_BEGINNING_BYTES];
    struct dk_shape shape;
};
static struct shape shapes[SERIES];

/* Texts of few characters before the number, so that most beginnings are alike. */
static const struct dk_policy *draw_policy(unsigned at, uint64_t *seed)
{
    static const char *const parts[] = {"A", "1", "2", "-", "{Q}", "{YY}", "{SERIES}", "0", "{MM}", "a"};
    char template[65] = "";
    unsigned count = at % 7, most = at % 11 == 0 ? 10 : 2 + at % 8;
    if (at % 13 == 0)
        strcpy(template, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"); /* and one part more is beyond what is kept */
    for (unsigned part = 0; part < count; part++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        strcat(template, parts[(*seed >> 40) % most]);
    }
    strcat(template, "{N}");
    return policy_of(template, "last=99\n");
}

static void make_shape(struct shape *made, unsigned at, const struct dk_policy *policy)
{
    struct dk_texts names = {"acme", "", ""};
    snprintf(made->name, sizeof made->name, "%s%u", at % 2 ? "A" : "2", at % 50);
    assert_int_equal(dk_template_parse(policy->template_text, &made->template), DOCKET_OK);
    assert_int_equal(dk_template_resolve(&made->template, &names, &policy->fiscal, &made->template), DOCKET_OK);
    made->shape = (struct dk_shape){&made->template, made->name, DK_NEVER, 99};
    dk_shape_mask(&made->shape, made->beginning, sizeof made->beginning);
}

static void a_beginning_finds_all_that_could_be_alike_and_no_others(void **state)
{
    (void)state;
    static const char *const tenants[] = {"acme", "acm", "acme.at"};
    uint64_t seed = 12345;
    unsigned found = 0;
    static struct dk_series_record records[SERIES];
    const struct dk_series_record *all[SERIES];
    must_open();
    for (unsigned at = 0; at < SERIES; at++) {
        const struct dk_policy *policy = draw_policy(at, &seed);
        make_shape(&shapes[at], at, policy);
        struct dk_series_record *record = &records[at];
        *record = told(at + 1, shapes[at].name, policy);
        all[at] = record;
        snprintf(record->tenant, sizeof record->tenant, "%s", tenants[at % 3]);
        snprintf(record->name, sizeof record->name, "%s%s", shapes[at].name, at < 150 ? "" : "x"); /* names are used once */
        if (at >= 150) {
            shapes[at].shape.series = strcat(shapes[at].name, "x");
            dk_shape_mask(&shapes[at].shape, shapes[at].beginning, sizeof shapes[at].beginning);
        }
    }
    must_commit(&(struct dk_change){.series = all, .series_count = SERIES});
    for (unsigned at = 0; at < SERIES; at++) {
        for (unsigned tenant = 0; tenant < 3; tenant++) {
            unsigned wanted = 0;
            struct texts texts = {0};
            for (unsigned with = tenant; with < SERIES; with += 3)
                wanted += begins_alike(shapes[at].beginning, shapes[with].beginning) ||
                          begins_alike(shapes[with].beginning, shapes[at].beginning);
            assert_int_equal(dk_store_each_text(store, tenants[tenant], shapes[at].beginning, list, &texts), DOCKET_OK);
            if (texts.count != wanted)
                fail_msg("%s of %s: %u instead of %u", shapes[at].beginning, tenants[tenant], texts.count, wanted);
            found += wanted;
        }
    }
    print_message("%u of %u pairs have beginnings that are alike\n", found, SERIES * SERIES);
    assert_true(found > SERIES * SERIES / 50 && found < SERIES * SERIES / 2);
    assert_sound();
}

/* What the index leaves out, the proof must not have called a collision. */
static void texts_that_meet_have_beginnings_that_are_alike(void **state)
{
    (void)state;
    uint64_t seed = 777;
    unsigned meet = 0;
    for (unsigned at = 0; at < SERIES; at++)
        make_shape(&shapes[at], at, draw_policy(at, &seed));
    for (unsigned a = 0; a < SERIES; a++) {
        for (unsigned b = a % 7; b < a; b += 7) {
            struct dk_collision found;
            bool left_out = !begins_alike(shapes[a].beginning, shapes[b].beginning) &&
                            !begins_alike(shapes[b].beginning, shapes[a].beginning);
            if (!left_out) {
                meet++;
            } else if (dk_shapes_meet(&shapes[a].shape, &shapes[b].shape, &found)) {
                fail_msg("%s and %s", found.text[0], found.text[1]);
            }
        }
    }
    assert_true(meet > 0);
}

static docket_status stop_at_first(void *context, const struct dk_text_record *record)
{
    (void)record;
    ++*(unsigned *)context;
    return DOCKET_COLLISION;
}

static void a_walk_over_texts_ends_where_it_is_told_to(void **state)
{
    (void)state;
    unsigned count = 0;
    must_open();
    for (uint64_t id = 1; id <= 3; id++) {
        char name[8];
        snprintf(name, sizeof name, "A%llu", (unsigned long long)id);
        struct dk_series_record record = told(id, name, policy_of("{SERIES}-{N}", ""));
        must_add(&record);
    }
    assert_int_equal(dk_store_each_text(store, "acme", "A", stop_at_first, &count), DOCKET_COLLISION);
    assert_int_equal(count, 1);
}

static void a_store_that_lost_its_texts_is_damaged(void **state)
{
    (void)state;
    MDB_txn *txn;
    must_open();
    assert_int_equal(dk_env_begin(store, true, &txn), DOCKET_OK);
    assert_int_equal(mdb_drop(txn, store->dbi[DK_KIND_TEXTS], 1), 0);
    assert_int_equal(dk_meta_write_end(store, txn, store->meta.commit), DOCKET_OK);
    assert_int_equal(mdb_txn_commit(txn), 0);
    crash();
    assert_refused(DOCKET_DAMAGED, "no database \"texts\"");
}

static void an_entry_of_a_series_that_is_not_there_is_damaged(void **state)
{
    (void)state;
    MDB_txn *txn;
    struct dk_key key;
    must_open();
    assert_int_equal(commit_series(1, "acme", "INV"), DOCKET_OK);
    assert_int_equal(dk_env_begin(store, true, &txn), DOCKET_OK);
    dk_key_of_series(&key, "acme", "INV");
    assert_int_equal(dk_env_remove(store, txn, DK_KIND_SERIES, &key), DOCKET_OK);
    assert_int_equal(dk_meta_write_end(store, txn, store->meta.commit), DOCKET_OK);
    assert_int_equal(mdb_txn_commit(txn), 0);
    crash();
    assert_refused(DOCKET_DAMAGED, "a series that is not there");
}

#define PURE(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PURE(a_series_that_schema_3_knew_is_spelled_as_it_was),
        PURE(settings_and_the_next_policy_are_read_as_they_were_written),
        PURE(a_record_cut_short_in_its_settings_is_damaged),
        PURE(settings_that_nobody_could_have_told_are_damaged),
        PURE(a_next_policy_without_a_period_is_not_written),
        PURE(a_counter_tells_how_it_was_closed_and_its_last_date),
        IN_A_REALM(a_new_series_has_its_texts_in_the_same_commit),
        IN_A_REALM(a_series_whose_texts_cannot_be_told_is_not_made),
        IN_A_REALM(a_change_ends_the_old_texts_and_begins_the_new_ones),
        IN_A_REALM(a_beginning_finds_all_that_could_be_alike_and_no_others),
        PURE(texts_that_meet_have_beginnings_that_are_alike),
        IN_A_REALM(a_walk_over_texts_ends_where_it_is_told_to),
        IN_A_REALM(a_store_that_lost_its_texts_is_damaged),
        IN_A_REALM(an_entry_of_a_series_that_is_not_there_is_damaged),
    };
    return cmocka_run_group_tests_name("texts", tests, NULL, NULL);
}
