/* SPDX-License-Identifier: MIT */
/* template_remedy: what was meant by a token that is not there. */
#include "numbering/template_inside.h"

#include <string.h>

enum { SHOWN_MAX = 20, FAR = 99 };

static char capital(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Words that people of other systems write, and what they are here. */
static const struct word {
    const char *words; /* capitals; each ends with a blank; "Y*" is any count of Y */
    const char *remedy;
} words[] = {
    {"Y* YEAR ", "for a year write {YYYY} or {YY}"},
    {"M* MON MONTH ", "for a month write {MM}"},
    {"D* DAY DOM JJJ DOY YDAY ", "for a day write {DD}, for the day of the year {DDD}"},
    {"DATE YYYYMMDD YYMMDD YYYY-MM-DD ", "for a date write {YYYY}{MM}{DD}"},
    {"YYYYMM YYMM ", "for a month with its year write {YYYY}{MM}"},
    {"W* WEEK KW ISOWEEK V ", "for a week write {GGGG}{WW}: {GGGG} is the year that the week belongs to"},
    {"G* ", "for the year of a week write {GGGG} or {GG}"},
    {"Q* QTR QUARTER ", "for a quarter write {Q}"},
    {"FY F* FISCAL FISCALYEAR FISCAL_YEAR FYYYY FYY ",
     "for a fiscal year write it as it is for the one that begins in 2025, such as {FY:2025-26}, {FY:2526} or {FY:2026}"},
    {"H* HOUR TIME MI SS SEC ", "a time of day cannot be shown, a date can: {YYYY}{MM}{DD}"},
    {"0* #* X* NO NR NUM NUMBER SEQ SEQUENCE COUNTER INDEX ID N6 ", "for the number write {N:6}, with 6 for its least width"},
    {"HEX B36 BASE36 NUM36 ", "for the number in base 36 write {N36:6}"},
    {"CODE JOURNAL DOCTYPE NAME ", "for the name of the series write {SERIES}, for its prefix {PREFIX}"},
    {"COMPANY CLIENT CUSTOMER ORG ", "for the tenant's name write {TENANT}"},
    {"FIELD BRANCH STORE SHOP TILL LOCATION SITE ", "for a text of your own write {FIELD:branch} and say fields=branch=VIE"},
    {"CHECK CHECKSUM CD CC MOD10 ", "for a check digit write {LUHN}, {MOD97}, {MOD1110}, {SWISS} or {FINNISH}"},
    {"MOD11 ", "for ISO 7064 MOD 11,10 write {MOD1110}"},
    {"MOD9710 MOD97-10 ISO7064 RF ", "for ISO 7064 MOD 97-10 write {MOD97}"},
    {"QRR ESR ISR ", "for the Swiss reference's check digit write {SWISS}"},
};

/* bytes: of the word, which is in capitals. */
static bool is_word(const char *word, size_t bytes, const char *name, size_t length)
{
    bool repeated = bytes == 2 && word[1] == '*';
    if (length == 0 || (!repeated && length != bytes))
        return false;
    for (size_t at = 0; at < length; at++)
        if (capital(name[at]) != word[repeated ? 0 : at])
            return false;
    return true;
}

static bool is_among(const char *row, const char *name, size_t length)
{
    for (const char *end; (end = strchr(row, ' ')) != NULL; row = end + 1)
        if (is_word(row, (size_t)(end - row), name, length))
            return true;
    return false;
}

/* How many letters must be put in, taken out or changed; small ones are capitals. */
static unsigned distance(const char *wanted, const char *name, size_t length)
{
    unsigned row[SHOWN_MAX + 1], columns = (unsigned)strlen(wanted);
    if (length > SHOWN_MAX || columns > SHOWN_MAX)
        return FAR;
    for (unsigned i = 0; i <= columns; i++)
        row[i] = i;
    for (size_t at = 0; at < length; at++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)at + 1;
        for (unsigned i = 1; i <= columns; i++) {
            unsigned changed = diagonal + (capital(name[at]) != wanted[i - 1]);
            unsigned other = (row[i] < row[i - 1] ? row[i] : row[i - 1]) + 1;
            diagonal = row[i];
            row[i] = changed < other ? changed : other;
        }
    }
    return row[columns];
}

/* The token that is nearest to the name; NULL: none is near. */
static const char *nearest(const char *name, size_t length)
{
    const char *found = NULL;
    unsigned least = length <= 3 ? 2 : 3;
    for (unsigned kind = 0; kind < DK_PIECE_KINDS; kind++) {
        const char *wanted = dk_piece_name(kind);
        unsigned far = wanted != NULL ? distance(wanted, name, length) : FAR;
        if (far < least && far < strlen(wanted)) {
            least = far;
            found = wanted;
        }
    }
    return found;
}

docket_status dk_refuse_token(const char *text, size_t at, const char *name, size_t length)
{
    int shown = (int)(length < SHOWN_MAX ? length : SHOWN_MAX);
    char printed[SHOWN_MAX + 1] = "";
    for (int i = 0; i < shown; i++)
        printed[i] = name[i] >= ' ' && name[i] <= '~' ? name[i] : '?';
    const char *colon = memchr(name, ':', length);
    if (colon != NULL)
        length = (size_t)(colon - name);
    const char *near = nearest(name, length);
    if (near != NULL && distance(near, name, length) == 0)
        return dk_refuse_at("template", text, at, "no such token {%s}; tokens have capital letters: {%s}", printed, near);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is_among(words[i].words, name, length))
            return dk_refuse_at("template", text, at, "no such token {%s}; %s", printed, words[i].remedy);
    if (near != NULL)
        return dk_refuse_at("template", text, at, "no such token {%s}; did you mean {%s}?", printed, near);
    return dk_refuse_at("template", text, at,
                        "no such token {%s}; there are {SERIES} {TENANT} {PREFIX} {FIELD:name} {YYYY} {YY} {MM} {DD} {Q} "
                        "{DDD} {GGGG} {GG} {WW} {FY:2025-26} {N:6} {N36:6} {LUHN} {MOD97} {MOD1110} {SWISS} {FINNISH}",
                        printed);
}
