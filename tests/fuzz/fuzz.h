/* SPDX-License-Identifier: MIT */
/*
 * fuzz: what the fuzz targets share: a failed law that stops the run with its
 * sentence, and a reader that turns the input into values.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *count, char ***words);

/* A law that does not hold is a finding, as a crash is. */
#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            dprintf(2, "law broken at %s:%d: %s\n", __FILE__, __LINE__, #condition);                                   \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

struct draw {
    const uint8_t *at;
    size_t left;
};

/* Little-endian; zeros behind the end. */
static inline uint64_t draw_number(struct draw *draw, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes && draw->left > 0; i++, draw->at++, draw->left--)
        value |= (uint64_t)*draw->at << 8 * i;
    return value;
}

/* At most size - 1 bytes, with a zero behind them; the first byte says how many. */
static inline void draw_text(struct draw *draw, char *text, size_t size)
{
    size_t wanted = (size_t)draw_number(draw, 1) % size;
    if (wanted > draw->left)
        wanted = draw->left;
    if (wanted > 0)
        memcpy(text, draw->at, wanted);
    text[wanted] = 0;
    draw->at += wanted;
    draw->left -= wanted;
}

/* The bytes as an object: short input leaves zeros. */
static inline void draw_bytes(struct draw *draw, void *to, size_t size)
{
    size_t taken = size < draw->left ? size : draw->left;
    memset(to, 0, size);
    if (taken > 0)
        memcpy(to, draw->at, taken);
    draw->at += taken;
    draw->left -= taken;
}

#endif
