/* SPDX-License-Identifier: MIT */
/* check_digit: see check_digit.h. */
#include "numbering/check_digit.h"

#include "base/check.h"
#include "numbering/template.h"

#include <stdint.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ISO/IEC 7812-1, annex B: from the right each second digit, the last one first,
 * counts double; of a double above 9 both digits count. */
static unsigned luhn(const char *text, size_t length)
{
    static const uint8_t doubled[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    unsigned sum = 0;
    bool twice = true;
    while (length-- > 0) {
        if (!is_digit(text[length]))
            continue;
        unsigned digit = (unsigned)(text[length] - '0');
        sum += twice ? doubled[digit] : digit;
        twice = !twice;
    }
    return (10 - sum % 10) % 10;
}

/* ISO/IEC 7064, MOD 11,10: a hybrid system with one check digit. */
static unsigned mod_11_10(const char *text, size_t length)
{
    unsigned product = 10;
    for (size_t at = 0; at < length; at++) {
        if (!is_digit(text[at]))
            continue;
        unsigned sum = (product + (unsigned)(text[at] - '0')) % 10;
        product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return (11 - product) % 10;
}

/* ISO/IEC 7064, MOD 97-10: the number with the check digits is 1 modulo 97. The
 * rest is taken only before the sum could pass 64 bits. */
static unsigned mod_97(const char *text, size_t length)
{
    uint64_t sum = 0;
    for (size_t at = 0; at < length; at++) {
        char c = text[at];
        if (is_digit(c))
            sum = sum * 10 + (uint64_t)(c - '0');
        else if (c >= 'A' && c <= 'Z')
            sum = sum * 100 + (uint64_t)(c - 'A' + 10);
        else if (c >= 'a' && c <= 'z')
            sum = sum * 100 + (uint64_t)(c - 'a' + 10);
        if (sum >= 10000000000000000u)
            sum %= 97;
    }
    return 98 - (unsigned)(sum % 97 * 100 % 97);
}

/* Modulo 10, recursive, of Swiss QR and inpayment references: the carry walks
 * through this row, turned by one for each value of it. */
static unsigned swiss(const char *text, size_t length)
{
    static const uint8_t row[10] = {0, 9, 4, 6, 8, 2, 7, 1, 3, 5};
    unsigned carry = 0;
    for (size_t at = 0; at < length; at++)
        if (is_digit(text[at]))
            carry = row[(carry + (unsigned)(text[at] - '0')) % 10];
    return (10 - carry) % 10;
}

/* Weights 7, 3, 1 from the right, of Finnish national reference numbers. */
static unsigned finnish(const char *text, size_t length)
{
    static const uint8_t weights[3] = {7, 3, 1};
    unsigned sum = 0, next = 0;
    while (length-- > 0) {
        if (!is_digit(text[length]))
            continue;
        sum += weights[next] * (unsigned)(text[length] - '0');
        next = next == 2 ? 0 : next + 1;
    }
    return (10 - sum % 10) % 10;
}

unsigned dk_check_digits_count(unsigned kind)
{
    if (kind == DK_MOD97)
        return 2;
    return kind >= DK_LUHN && kind <= DK_FINNISH ? 1 : 0;
}

void dk_check_digits_write(unsigned kind, const char *text, size_t length, char *to)
{
    unsigned digits;
    switch (kind) {
    case DK_LUHN:
        digits = luhn(text, length);
        break;
    case DK_MOD1110:
        digits = mod_11_10(text, length);
        break;
    case DK_SWISS:
        digits = swiss(text, length);
        break;
    case DK_FINNISH:
        digits = finnish(text, length);
        break;
    default:
        DK_CHECK(kind == DK_MOD97);
        digits = mod_97(text, length);
        *to++ = (char)('0' + digits / 10);
        break;
    }
    *to = (char)('0' + digits % 10);
}

bool dk_check_digits_fit(unsigned kind, const char *text, size_t length, const char *written)
{
    char wanted[DK_CHECK_DIGITS_MAX];
    dk_check_digits_write(kind, text, length, wanted);
    return memcmp(written, wanted, dk_check_digits_count(kind)) == 0;
}
