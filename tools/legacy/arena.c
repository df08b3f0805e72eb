/* SPDX-License-Identifier: MIT */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024 };

struct arena_chunk {
    struct arena_chunk *before;
    size_t used, room;
    char bytes[];
};

static struct arena_chunk *chunk_for(struct arena *arena, size_t bytes)
{
    struct arena_chunk *chunk = arena->last;
    if (chunk != NULL && chunk->room - chunk->used >= bytes)
        return chunk;
    size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    chunk = malloc(sizeof *chunk + room);
    if (chunk == NULL)
        return NULL;
    *chunk = (struct arena_chunk){.before = arena->last, .room = room};
    arena->last = chunk;
    return chunk;
}

const char *arena_text(struct arena *arena, const char *text, size_t bytes)
{
    struct arena_chunk *chunk = chunk_for(arena, bytes + 1);
    if (chunk == NULL)
        return NULL;
    char *copy = chunk->bytes + chunk->used;
    if (bytes > 0)
        memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    chunk->used += bytes + 1;
    return copy;
}

void arena_drop(struct arena *arena)
{
    while (arena->last != NULL) {
        struct arena_chunk *before = arena->last->before;
        free(arena->last);
        arena->last = before;
    }
}
