/* SPDX-License-Identifier: MIT */
/* image, of series and of the texts that they write: see image.h. */
#include "store/image.h"

#include <string.h>

/* ---- series ---- */

static bool policy_is_sound(const struct dk_policy *policy)
{
    return dk_ended(policy->template_text, sizeof policy->template_text) &&
           dk_ended(policy->prefix, sizeof policy->prefix) && dk_ended(policy->fields, sizeof policy->fields) &&
           dk_ended(policy->zone, sizeof policy->zone) && policy->order < DK_ORDER_COUNT &&
           policy->restart < DK_RESTART_COUNT;
}

static bool series_is_sound(const struct dk_series_record *record)
{
    return record->id > 0 && dk_ended(record->tenant, sizeof record->tenant) && record->tenant[0] &&
           dk_ended(record->name, sizeof record->name) && record->name[0] &&
           dk_ended(record->desk, sizeof record->desk) && policy_is_sound(record->policy) &&
           (record->next != NULL ? record->next_from > 0 && policy_is_sound(record->next) : record->next_from == 0);
}

/* The settings that a record of schema 3 had fields for. */
static void copy_fields(struct dk_policy *to, const struct dk_policy *from)
{
    to->window = from->window;
    to->order = from->order;
    to->restart = from->restart;
    memset(to->template_text, 0, sizeof to->template_text); /* policies are compared as bytes */
    memcpy(to->template_text, from->template_text, strlen(from->template_text));
}

/* The lines in which the policy differs from base; refused if they would not be
 * read back as this policy. */
static docket_status spell_settings(const struct dk_policy *policy, const struct dk_policy *base, char *lines)
{
    char rest[DK_SETTINGS_BYTES];
    struct dk_policy read = *base;
    lines[0] = 0;
    if (memcmp(policy, base, sizeof *base) == 0)
        return DOCKET_OK; /* of a million series nearly all */
    if (!dk_policy_lines(policy, base, lines, DK_SETTINGS_BYTES))
        return dk_fail(DOCKET_BAD_ARGUMENT, "the settings of a series have no room in its record");
    if (lines[0] == 0)
        return DOCKET_OK;
    docket_status status = dk_policy_apply(&read, lines);
    if (status == DOCKET_OK && (!dk_policy_lines(&read, policy, rest, sizeof rest) || rest[0] != 0))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "a setting cannot be written");
    return status == DOCKET_OK ? status : dk_wrap(DOCKET_BAD_ARGUMENT, "the settings of a series");
}

/* What a record of schema 3 has no field for. */
struct series_tail {
    char settings[DK_SETTINGS_BYTES];
    char next[DK_SETTINGS_BYTES];
    size_t bytes;
};

static docket_status spell_tail(const struct dk_series_record *record, struct series_tail *tail)
{
    struct dk_policy base;
    dk_policy_default(&base);
    copy_fields(&base, record->policy);
    docket_status status = spell_settings(record->policy, &base, tail->settings);
    if (status == DOCKET_OK && record->next != NULL)
        status = spell_settings(record->next, record->policy, tail->next);
    if (status != DOCKET_OK)
        return status;
    bool whole = tail->settings[0] || record->next != NULL;
    tail->bytes = whole ? 8 + 4 + strlen(tail->settings) : record->retired_ns != 0 ? 8 : 0;
    if (record->next != NULL)
        tail->bytes += 4 + 4 + strlen(tail->next);
    return DOCKET_OK;
}

static uint8_t *put_lines(uint8_t *at, const char *lines)
{
    size_t length = strlen(lines);
    at = dk_put_u32(at, (uint32_t)length);
    memcpy(at, lines, length);
    return at + length;
}

static void put_tail(uint8_t *at, const struct dk_series_record *record, const struct series_tail *tail)
{
    if (tail->bytes == 0)
        return;
    at = dk_put_u64(at, (uint64_t)record->retired_ns);
    if (tail->bytes == 8)
        return;
    at = put_lines(at, tail->settings);
    if (record->next == NULL)
        return;
    at = dk_put_u32(at, (uint32_t)record->next_from);
    put_lines(at, tail->next);
}

docket_status dk_image_encode_series(const struct dk_series_record *record, struct dk_key *key,
                                     struct dk_buffer *value)
{
    struct series_tail tail;
    if (!series_is_sound(record))
        return dk_fail(DOCKET_BAD_ARGUMENT,
                       "a series record without an id, or with an unended text");
    docket_status status = spell_tail(record, &tail);
    if (status != DOCKET_OK)
        return status;
    size_t texts = strlen(record->policy->template_text) + strlen(record->desk) + 2;
    uint8_t *at = dk_buffer_reserve(value, 8 + 8 + 4 + 4 + 1 + 1 + texts + tail.bytes);
    if (!at)
        return dk_image_no_memory();
    at = dk_put_u64(at, record->id);
    at = dk_put_u64(at, (uint64_t)record->created_ns);
    at = dk_put_u32(at, record->uid);
    at = dk_put_u32(at, record->policy->window);
    at = dk_put_u8(at, record->policy->order);
    at = dk_put_u8(at, record->policy->restart);
    at = dk_put_text(at, record->policy->template_text);
    at = dk_put_text(at, record->desk);
    put_tail(at, record, &tail);
    dk_key_of_series(key, record->tenant, record->name);
    return dk_record_seal(DK_KIND_SERIES, dk_key_slice(key), value);
}

/* The key is tenant, a zero byte, series. */
static bool split_series_key(struct dk_slice key, struct dk_series_record *record)
{
    const uint8_t *zero = memchr(key.bytes, 0, key.size);
    if (!zero)
        return false;
    size_t tenant = (size_t)(zero - key.bytes);
    size_t name = key.size - tenant - 1;
    if (tenant > DOCKET_NAME_MAX || name > DOCKET_NAME_MAX || memchr(zero + 1, 0, name))
        return false;
    memcpy(record->tenant, key.bytes, tenant);
    memcpy(record->name, zero + 1, name);
    return true;
}

/* Lines of settings into a policy that has what they do not say. */
static void take_lines(struct dk_reader *reader, struct dk_policy *policy)
{
    char lines[DK_SETTINGS_BYTES];
    size_t length = dk_take_u32(reader);
    const uint8_t *bytes = dk_take(reader, length);
    if (bytes == NULL || length >= sizeof lines || memchr(bytes, 0, length)) {
        reader->odd = true;
        return;
    }
    memcpy(lines, bytes, length);
    lines[length] = 0;
    reader->odd = length > 0 && dk_policy_apply(policy, lines) != DOCKET_OK;
}

/* *has_next: there is a next policy, and it is in *next. */
static void read_tail(struct dk_reader *reader, struct dk_series_record *made, struct dk_policy *policy,
                      struct dk_policy *next, bool *has_next)
{
    if (reader->odd || reader->left == 0)
        return;
    made->retired_ns = (int64_t)dk_take_u64(reader);
    if (reader->left == 0) {
        reader->odd = reader->odd || made->retired_ns == 0;
        return;
    }
    size_t before = reader->left;
    take_lines(reader, policy);
    *has_next = !reader->odd && reader->left > 0;
    if (!*has_next) {
        reader->odd = reader->odd || before == 4; /* no settings, and nothing after them */
        return;
    }
    *next = *policy;
    made->next_from = (int32_t)dk_take_u32(reader);
    take_lines(reader, next);
}

docket_status dk_image_decode_series(struct dk_slice key, struct dk_slice value,
                                     struct dk_series_record *record)
{
    struct dk_slice payload;
    docket_status status = dk_record_unseal(DK_KIND_SERIES, key, value, &payload);
    if (status != DOCKET_OK)
        return status;
    struct dk_series_record made = {0};
    struct dk_policy policy, next;
    bool has_next = false;
    struct dk_reader reader = dk_reader_of(payload);
    dk_policy_default(&policy);
    memset(policy.template_text, 0, sizeof policy.template_text);
    made.id = dk_take_u64(&reader);
    made.created_ns = (int64_t)dk_take_u64(&reader);
    made.uid = dk_take_u32(&reader);
    policy.window = dk_take_u32(&reader);
    policy.order = dk_take_u8(&reader);
    policy.restart = dk_take_u8(&reader);
    dk_take_text(&reader, policy.template_text, sizeof policy.template_text);
    dk_take_text(&reader, made.desk, sizeof made.desk);
    read_tail(&reader, &made, &policy, &next, &has_next);
    made.policy = &policy;
    made.next = has_next ? &next : NULL;
    if (!dk_reader_done(&reader) || !split_series_key(key, &made) || !series_is_sound(&made))
        return dk_record_damaged(DK_KIND_SERIES, key, "holds an impossible value");
    made.policy = dk_policy_keep(&policy);
    made.next = has_next ? dk_policy_keep(&next) : NULL;
    *record = made;
    return DOCKET_OK;
}

/* ---- texts ---- */

static bool text_is_sound(const struct dk_text_record *record)
{
    struct dk_template template;
    return record->series_id > 0 && record->version > 0 && dk_ended(record->tenant, sizeof record->tenant) &&
           record->tenant[0] && dk_ended(record->series, sizeof record->series) && record->series[0] &&
           dk_ended(record->beginning, sizeof record->beginning) && record->restart < DK_RESTART_COUNT &&
           record->last > 0 && record->last <= DOCKET_NUMBER_MAX && dk_form_unpack(&record->form, &template);
}

void dk_image_key_of_text(const struct dk_text_record *record, struct dk_key *key)
{
    dk_key_of_tenant(key, record->tenant);
    dk_key_add_beginning(key, record->beginning, strlen(record->beginning));
    dk_key_end_beginning(key);
    dk_key_add_text(key, record->series_id, record->version);
}

/* A form is mostly zeros at its end: they are left away. */
static size_t form_bytes(const struct dk_form *form)
{
    const uint8_t *bytes = (const uint8_t *)form;
    size_t count = sizeof *form;
    while (count > 0 && bytes[count - 1] == 0)
        count--;
    return count;
}

docket_status dk_image_encode_text(const struct dk_text_record *record, struct dk_key *key, struct dk_buffer *value)
{
    if (!text_is_sound(record))
        return dk_fail(DOCKET_BAD_ARGUMENT, "an entry of texts without a series, or with a form that is none");
    size_t form = form_bytes(&record->form), tail = record->until_ns != 0 ? 8 : 0;
    uint8_t *at = dk_buffer_reserve(value, 8 + 8 + 1 + 1 + strlen(record->series) + 1 + form + tail);
    if (!at)
        return dk_image_no_memory();
    at = dk_put_u64(at, record->last);
    at = dk_put_u64(at, (uint64_t)record->from_ns);
    at = dk_put_u8(at, record->restart);
    at = dk_put_text(at, record->series);
    at = dk_put_u8(at, (uint8_t)form);
    memcpy(at, &record->form, form);
    if (tail > 0)
        dk_put_u64(at + form, (uint64_t)record->until_ns);
    dk_image_key_of_text(record, key);
    return dk_record_seal(DK_KIND_TEXTS, dk_key_slice(key), value);
}

/* The key is tenant, 0, beginning, 0, id, version; the last two are 12 bytes and
 * may hold zeros. */
static bool split_text_key(struct dk_slice key, struct dk_text_record *record)
{
    enum { END = 8 + 4 };
    const uint8_t *zero = memchr(key.bytes, 0, key.size);
    if (!zero || key.size < (size_t)(zero - key.bytes) + 1 + 1 + END)
        return false;
    size_t tenant = (size_t)(zero - key.bytes);
    size_t beginning = key.size - tenant - 1 - 1 - END;
    const uint8_t *end = key.bytes + key.size - END;
    if (tenant >= sizeof record->tenant || beginning >= sizeof record->beginning || memchr(zero + 1, 0, beginning) ||
        end[-1] != 0)
        return false;
    memcpy(record->tenant, key.bytes, tenant);
    memcpy(record->beginning, zero + 1, beginning);
    record->series_id = dk_key_number(end, 8);
    record->version = (uint32_t)dk_key_number(end + 8, 4);
    return true;
}

docket_status dk_image_decode_text(struct dk_slice key, struct dk_slice value, struct dk_text_record *record)
{
    struct dk_slice payload;
    docket_status status = dk_record_unseal(DK_KIND_TEXTS, key, value, &payload);
    if (status != DOCKET_OK)
        return status;
    struct dk_text_record made = {0};
    struct dk_reader reader = dk_reader_of(payload);
    made.last = dk_take_u64(&reader);
    made.from_ns = (int64_t)dk_take_u64(&reader);
    made.restart = dk_take_u8(&reader);
    dk_take_text(&reader, made.series, sizeof made.series);
    size_t form = dk_take_u8(&reader);
    const uint8_t *bytes = dk_take(&reader, form);
    bool whole = bytes != NULL && form > 0 && form <= sizeof made.form && bytes[form - 1] != 0;
    if (whole)
        memcpy(&made.form, bytes, form);
    made.until_ns = (int64_t)dk_take_tail(&reader);
    if (!whole || !dk_reader_done(&reader) || !split_text_key(key, &made) || !text_is_sound(&made))
        return dk_record_damaged(DK_KIND_TEXTS, key, "holds an impossible value");
    *record = made;
    return DOCKET_OK;
}
