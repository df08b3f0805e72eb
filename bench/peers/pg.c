/* SPDX-License-Identifier: MIT */
/*
 * pg: PostgreSQL through libpq, prepared statements, results in binary, over its Unix
 * socket. Each worker has its own backend, put on the worker's processor or on the next
 * one. nextval is durable in that no number is given again: 32 are written ahead to the
 * log, which is flushed once in so many; synchronous_commit off is not durable.
 */
#include "peer.h"

#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pg_worker {
    PGconn *link;
    unsigned pipeline;
};

static bool complain(const PGconn *link, const char *what)
{
    return peer_complain("PostgreSQL, %s: %s", what, PQerrorMessage(link));
}

static bool run(PGconn *link, const char *text)
{
    PGresult *result = PQexec(link, text);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || complain(link, text);
}

static PGconn *connect_to(void)
{
    char words[400];
    const char *host = peer_setting("PEERS_PG");
    if (host == NULL)
        return NULL;
    snprintf(words, sizeof words, "host='%s' dbname=postgres user=bench", host);
    PGconn *link = PQconnectdb(words);
    if (PQstatus(link) == CONNECTION_OK)
        return link;
    complain(link, "connecting");
    PQfinish(link);
    return NULL;
}

/* Each peer has a counter of its own. */
static void counter_name(const struct peer *peer, char name[static 64])
{
    snprintf(name, 64, "counter_%u", peer->at);
}

static bool pg_create(const struct peer *peer)
{
    char name[64], text[300];
    PGconn *link = connect_to();
    if (link == NULL)
        return false;
    counter_name(peer, name);
    if (peer->form == PEER_PG_NEXTVAL)
        snprintf(text, sizeof text, "create sequence %s cache %u", name, peer->cache > 1 ? peer->cache : 1);
    else
        snprintf(text, sizeof text, "create table %s (last bigint not null); insert into %s values (0)", name, name);
    bool good = run(link, text);
    PQfinish(link);
    return good;
}

static bool prepare_statement(const struct peer *peer, PGconn *link)
{
    char name[64], text[200];
    counter_name(peer, name);
    snprintf(text, sizeof text, peer->form == PEER_PG_NEXTVAL ? "select nextval('%s')" : "update %s set last = last + 1 returning last",
             name);
    PGresult *result = PQprepare(link, "next", text, 0, NULL);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return (good || complain(link, text)) &&
           run(link, peer->durable ? "set synchronous_commit = on" : "set synchronous_commit = off");
}

static void *pg_open(const struct peer *peer, unsigned worker)
{
    struct pg_worker *self = calloc(1, sizeof *self);
    (void)worker;
    if (self == NULL || (self->link = connect_to()) == NULL || !prepare_statement(peer, self->link) ||
        !peer_pin_server(peer, PQbackendPID(self->link)))
        return NULL;
    self->pipeline = peer->pipeline;
    if (self->pipeline > 1 && PQenterPipelineMode(self->link) != 1) {
        complain(self->link, "beginning a pipeline");
        return NULL;
    }
    return self;
}

/* The number of a result, which is freed. */
static bool read_number(const struct pg_worker *self, PGresult *result, uint64_t *number)
{
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 && PQgetlength(result, 0, 0) == 8;
    if (good) {
        uint64_t sent;
        memcpy(&sent, PQgetvalue(result, 0, 0), sizeof sent);
        *number = be64toh(sent);
    }
    PQclear(result);
    return good || complain(self->link, "the next number");
}

static bool take_pipeline(const struct pg_worker *self, uint64_t *numbers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (PQsendQueryPrepared(self->link, "next", 0, NULL, NULL, NULL, 1) != 1)
            return complain(self->link, "sending");
    if (PQpipelineSync(self->link) != 1)
        return complain(self->link, "sending");
    for (unsigned i = 0; i < count; i++) {
        /* Behind each result stands a null. */
        if (!read_number(self, PQgetResult(self->link), &numbers[i]) || PQgetResult(self->link) != NULL)
            return complain(self->link, "the pipeline's results");
    }
    PGresult *end = PQgetResult(self->link);
    bool good = PQresultStatus(end) == PGRES_PIPELINE_SYNC;
    PQclear(end);
    return good || complain(self->link, "the pipeline's end");
}

static bool pg_take(void *worker, uint64_t *numbers, unsigned count)
{
    const struct pg_worker *self = worker;
    if (self->pipeline > 1)
        return take_pipeline(self, numbers, count);
    for (unsigned i = 0; i < count; i++)
        if (!read_number(self, PQexecPrepared(self->link, "next", 0, NULL, NULL, NULL, 1), &numbers[i]))
            return false;
    return true;
}

static void pg_close(void *worker)
{
    struct pg_worker *self = worker;
    PQfinish(self->link);
    free(self);
}

static bool pg_stand(const struct peer *peer, uint64_t *given)
{
    char name[64], text[200];
    PGconn *link = connect_to();
    if (link == NULL)
        return false;
    counter_name(peer, name);
    snprintf(text, sizeof text, peer->form == PEER_PG_NEXTVAL ? "select case when is_called then last_value else 0 end from %s"
                                                         : "select last from %s", name);
    PGresult *result = PQexec(link, text);
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
    if (good)
        *given = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    else
        complain(link, text);
    PQclear(result);
    PQfinish(link);
    return good;
}

const struct peer_ways peer_pg_ways = {pg_create, pg_open, pg_take, pg_close, pg_stand};
