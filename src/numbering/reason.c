/* SPDX-License-Identifier: MIT */
#include "numbering/reason.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character at text, and its number; 0 if it is no UTF-8. */
static size_t decode(const unsigned char *text, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t bytes = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3 : text[0] >> 3 == 30 ? 4 : 0;
    uint32_t value = bytes == 1 ? text[0] : text[0] & (0xffu >> (bytes + 1));
    for (size_t at = 1; at < bytes; at++) {
        if (text[at] >> 6 != 2) /* the zero that ends the text does not pass */
            return 0;
        value = value << 6 | (text[at] & 0x3fu);
    }
    if (bytes == 0 || value < least[bytes] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *character = value;
    return bytes;
}

static bool is_printable(uint32_t c)
{
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    bool turns = c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
                 (c >= 0x2066 && c <= 0x2069);
    bool none = c == 0xfeff || (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
    return !control && !turns && !none;
}

docket_status dk_printable_check(const char *what, const char *words)
{
    const unsigned char *text = (const unsigned char *)words;
    bool says_something = false;
    for (size_t at = 0, bytes; text[at] != 0; at += bytes) {
        uint32_t character;
        bytes = decode(text + at, &character);
        if (bytes == 0 || !is_printable(character))
            return dk_fail(DOCKET_BAD_ARGUMENT, "byte %zu of the %s is no printable UTF-8", at + 1, what);
        says_something = says_something || (character != ' ' && character != 0xa0);
    }
    if (!says_something)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the %s is blank", what);
    return DOCKET_OK;
}

docket_status dk_reason_check(const char *reason)
{
    if (reason == NULL || reason[0] == 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a reason is needed, of 1 to %d bytes: it is kept for those who ask later",
                       DK_REASON_MAX);
    if (strlen(reason) > DK_REASON_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the reason has %zu bytes and %d are allowed", strlen(reason),
                       DK_REASON_MAX);
    return dk_printable_check("reason", reason);
}
