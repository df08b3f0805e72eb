/* SPDX-License-Identifier: MIT */
/*
 * redis: INCR of one key through hiredis over the server's Unix socket, commands
 * formatted once. appendfsync always is durable; everysec gives numbers of the last
 * second again after a power loss. One server serves every worker: it stands on the
 * first worker's processor, or on the next one.
 */
#include "peer.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct redis_worker {
    redisContext *link;
    char *command;
    size_t command_bytes;
    unsigned pipeline;
};

static bool complain(const redisContext *link, const char *what)
{
    return peer_complain("Redis, %s: %s", what, link == NULL ? "no memory" : link->errstr);
}

static redisContext *connect_to(void)
{
    const char *path = peer_setting("PEERS_REDIS");
    if (path == NULL)
        return NULL;
    redisContext *link = redisConnectUnix(path);
    if (link != NULL && link->err == 0)
        return link;
    complain(link, path);
    if (link != NULL)
        redisFree(link);
    return NULL;
}

static void key_name(const struct peer *peer, char name[static 64])
{
    snprintf(name, 64, "counter:%u", peer->at);
}

/* No key is a counter of 0. */
static bool redis_create(const struct peer *peer)
{
    (void)peer;
    return true;
}

/* The server is one for all: the first worker tells it how to sync and where to run. */
static bool set_server(const struct peer *peer, redisContext *link)
{
    const char *pid = peer_setting("PEERS_REDIS_PID");
    redisReply *reply = redisCommand(link, "CONFIG SET appendfsync %s", peer->durable ? "always" : "everysec");
    bool good = reply != NULL && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return (good || complain(link, "setting appendfsync")) && pid != NULL && peer_pin_server(peer, atol(pid));
}

static void *redis_open(const struct peer *peer, unsigned worker)
{
    char name[64];
    struct redis_worker *self = calloc(1, sizeof *self);
    if (self == NULL || (self->link = connect_to()) == NULL || (worker == 0 && !set_server(peer, self->link)))
        return NULL;
    key_name(peer, name);
    int bytes = redisFormatCommand(&self->command, "INCR %s", name);
    if (bytes < 0)
        return NULL;
    self->command_bytes = (size_t)bytes;
    self->pipeline = peer->pipeline;
    return self;
}

/* count commands on their way at a time. */
static bool take_pipeline(const struct redis_worker *self, uint64_t *numbers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (redisAppendFormattedCommand(self->link, self->command, self->command_bytes) != REDIS_OK)
            return complain(self->link, "sending");
    for (unsigned i = 0; i < count; i++) {
        void *reply = NULL;
        if (redisGetReply(self->link, &reply) != REDIS_OK || ((redisReply *)reply)->type != REDIS_REPLY_INTEGER)
            return complain(self->link, "the next number");
        numbers[i] = (uint64_t)((redisReply *)reply)->integer;
        freeReplyObject(reply);
    }
    return true;
}

static bool redis_take(void *worker, uint64_t *numbers, unsigned count)
{
    const struct redis_worker *self = worker;
    if (self->pipeline > 1)
        return take_pipeline(self, numbers, count);
    for (unsigned i = 0; i < count; i++)
        if (!take_pipeline(self, &numbers[i], 1))
            return false;
    return true;
}

static void redis_close(void *worker)
{
    struct redis_worker *self = worker;
    redisFreeCommand(self->command);
    redisFree(self->link);
    free(self);
}

static bool redis_stand(const struct peer *peer, uint64_t *given)
{
    char name[64];
    redisContext *link = connect_to();
    if (link == NULL)
        return false;
    key_name(peer, name);
    redisReply *reply = redisCommand(link, "GET %s", name);
    bool good = reply != NULL && reply->type == REDIS_REPLY_STRING;
    if (good)
        *given = strtoull(reply->str, NULL, 10);
    else
        complain(link, "reading the counter");
    freeReplyObject(reply);
    redisFree(link);
    return good;
}

const struct peer_ways peer_redis_ways = {redis_create, redis_open, redis_take, redis_close, redis_stand};
