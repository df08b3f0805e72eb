/* SPDX-License-Identifier: MIT */
/* arena: very many texts that go away together. */
#ifndef DOCKET_TOOLS_LEGACY_ARENA_H
#define DOCKET_TOOLS_LEGACY_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_chunk *last;
};

/* A copy that ends with a zero; NULL without memory. */
const char *arena_text(struct arena *arena, const char *text, size_t bytes);
void arena_drop(struct arena *arena);

#endif
