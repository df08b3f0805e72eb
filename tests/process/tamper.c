/* SPDX-License-Identifier: MIT */
/*
 * tamper REALM flip NUMBER AT      flips a bit of byte AT of event NUMBER's record
 * tamper REALM size NUMBER         how many bytes it has
 * tamper REALM rewrite NUMBER TEXT another text, and new hashes from there to the end
 * Of a realm that nobody serves; all checksums fit afterwards (tests/lib/tamper.h).
 */
#include "../lib/tamper.h"

#include <stdlib.h>

int main(int count, char **words)
{
    struct tamper tamper;
    uint8_t bytes[TAMPER_BYTES];
    if (count < 4)
        return 2;
    uint64_t number = strtoull(words[3], NULL, 10);
    tamper_begin(&tamper, words[1]);
    size_t size = tamper_read(&tamper, number, bytes);
    size_t at = count > 4 ? (size_t)strtoull(words[4], NULL, 10) : 0;
    bool flips = strcmp(words[2], "flip") == 0, rewrites = strcmp(words[2], "rewrite") == 0 && count > 4;
    if (size == 0 || (flips && at >= size)) {
        fprintf(stderr, "tamper: event %s has %zu bytes\n", words[3], size);
        tamper_end(&tamper, false);
        return 1;
    }
    if (flips) {
        bytes[at] ^= 1;
        tamper_write(&tamper, number, bytes, size);
    } else if (rewrites) {
        tamper_relink(&tamper, number, words[4]);
    } else {
        printf("%zu\n", size);
    }
    tamper_end(&tamper, flips || rewrites);
    return 0;
}
