/* SPDX-License-Identifier: MIT */
/* ledger_part: see ledger_part.h. */
#include "store/ledger_part.h"

#include "store/ledger_image.h"

docket_status dk_log_add(enum dk_kind kind, struct dk_slice key, struct dk_slice value, struct dk_buffer *part,
                         uint32_t *offset)
{
    *offset = (uint32_t)part->used;
    uint8_t *at = dk_buffer_reserve(part, DK_LOG_ENTRY_HEAD + key.size + value.size);
    if (!at)
        return dk_image_no_memory();
    at = dk_put_u8(at, (uint8_t)kind);
    at = dk_put_u8(at, (uint8_t)key.size);
    at = dk_put_u32(at, (uint32_t)value.size);
    memcpy(at, key.bytes, key.size);
    memcpy(at + key.size, value.bytes, value.size);
    return DOCKET_OK;
}

docket_status dk_log_seal(uint64_t commit_number, uint32_t number, struct dk_key *key, struct dk_buffer *part)
{
    dk_key_of_part(key, commit_number, number);
    return dk_record_seal(DK_KIND_LEDGERLOG, dk_key_slice(key), part);
}

docket_status dk_log_open(struct dk_slice name, struct dk_slice value, struct dk_log_reader *reader)
{
    struct dk_slice payload;
    docket_status status = dk_record_unseal(DK_KIND_LEDGERLOG, name, value, &payload);
    if (status != DOCKET_OK)
        return status;
    if (name.size != 8 + 4 || payload.size == 0 || payload.size > UINT32_MAX)
        return dk_record_damaged(DK_KIND_LEDGERLOG, name, "has an impossible key or size");
    *reader = (struct dk_log_reader){.name = name, .value = value, .end = payload.size};
    reader->commit_number = dk_key_number(name.bytes, 8);
    reader->number = (uint32_t)dk_key_number(name.bytes + 8, 4);
    return DOCKET_OK;
}

/* False: no entry of a kind that we know fits there. */
static bool read_entry(struct dk_slice value, size_t offset, size_t end, struct dk_log_entry *entry)
{
    if (offset >= end)
        return false;
    struct dk_reader reader = {value.bytes + offset, end - offset, false};
    unsigned kind = dk_take_u8(&reader);
    size_t key_bytes = dk_take_u8(&reader);
    size_t value_bytes = dk_take_u32(&reader);
    entry->kind = (enum dk_kind)kind;
    entry->offset = (uint32_t)offset;
    entry->key = (struct dk_slice){dk_take(&reader, key_bytes), key_bytes};
    entry->value = (struct dk_slice){dk_take(&reader, value_bytes), value_bytes};
    return !reader.odd && dk_kind_is_folded_ledger(kind) && key_bytes > 0 && key_bytes <= DK_KEY_BYTES &&
           value_bytes >= DK_CHECKSUM_BYTES;
}

docket_status dk_log_next(struct dk_log_reader *reader, struct dk_log_entry *entry, bool *more)
{
    *more = reader->at < reader->end;
    if (!*more)
        return DOCKET_OK;
    if (!read_entry(reader->value, reader->at, reader->end, entry))
        return dk_record_damaged(DK_KIND_LEDGERLOG, reader->name, "holds an entry that cannot be");
    reader->at += DK_LOG_ENTRY_HEAD + entry->key.size + entry->value.size;
    return DOCKET_OK;
}

docket_status dk_log_at(struct dk_slice name, struct dk_slice value, uint32_t offset, struct dk_log_entry *entry)
{
    if (value.size < DK_CHECKSUM_BYTES || !read_entry(value, offset, value.size - DK_CHECKSUM_BYTES, entry))
        return dk_record_damaged(DK_KIND_LEDGERLOG, name, "does not hold what it held");
    return DOCKET_OK;
}

static docket_status check_value(const struct dk_log_entry *entry)
{
    struct dk_ledger_record record;
    struct dk_key_read key = {0};
    struct dk_hold_read hold;
    struct dk_elsewhere_read elsewhere;
    docket_status status;
    switch (entry->kind) {
    case DK_KIND_LEDGER: return dk_image_decode_ledger(entry->key, entry->value, &record);
    case DK_KIND_KEYS:
        status = dk_image_decode_key(entry->key, entry->value, &key);
        dk_image_free_key(&key);
        return status;
    case DK_KIND_HOLDS: return dk_image_decode_hold(entry->key, entry->value, &hold);
    default: return dk_image_decode_elsewhere(entry->key, entry->value, &elsewhere);
    }
}

docket_status dk_log_check(const struct dk_log_entry *entry)
{
    struct dk_slice nothing;
    if (!dk_log_removes(entry))
        return check_value(entry);
    if (entry->kind == DK_KIND_ELSEWHERE)
        return dk_record_damaged(entry->kind, entry->key, "is taken away, and none ever is");
    return dk_record_unseal(entry->kind, entry->key, entry->value, &nothing);
}
