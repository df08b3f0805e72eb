/* SPDX-License-Identifier: MIT */
/*
 * locks: counters that a program makes of what every system has: a number in a file
 * under flock(), and a word of shared memory under a robust mutex.
 * One form of the file is broken on purpose, nobody locks: the bench must find it out.
 */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- a number in a file ---- */

struct file_worker {
    int file;
    enum peer_form form;
};

static int open_file(const struct peer *peer, int flags)
{
    char folder[256], path[300];
    if (!peer_folder(peer, folder, sizeof folder))
        return -1;
    snprintf(path, sizeof path, "%s/number", folder);
    int file = open(path, flags | O_CLOEXEC, 0600);
    if (file < 0)
        peer_complain("%s cannot be opened: %s", path, strerror(errno));
    return file;
}

/* Its 4096 bytes are there before the clock: a file that grows is synced more slowly. */
static bool file_create(const struct peer *peer)
{
    static const char empty[4096];
    int file = open_file(peer, O_RDWR | O_CREAT | O_TRUNC);
    if (file < 0)
        return false;
    bool good = pwrite(file, empty, sizeof empty, 0) == (ssize_t)sizeof empty && fsync(file) == 0;
    close(file);
    return good || peer_complain("the file of %s cannot be written: %s", peer->name, strerror(errno));
}

static void *file_open(const struct peer *peer, unsigned worker)
{
    struct file_worker *self = malloc(sizeof *self);
    (void)worker;
    if (self == NULL)
        return NULL;
    *self = (struct file_worker){.file = open_file(peer, O_RDWR), .form = peer->form};
    return self->file < 0 ? NULL : self;
}

static bool file_take(void *worker, uint64_t *numbers, unsigned count)
{
    const struct file_worker *self = worker;
    for (unsigned i = 0; i < count; i++) {
        uint64_t number;
        if (self->form != PEER_FILE_UNLOCKED && flock(self->file, LOCK_EX) != 0)
            return peer_complain("flock: %s", strerror(errno));
        if (pread(self->file, &number, sizeof number, 0) != sizeof number)
            return peer_complain("the number in the file cannot be read: %s", strerror(errno));
        number++;
        if (pwrite(self->file, &number, sizeof number, 0) != sizeof number ||
            (self->form == PEER_FILE_SYNCED && fdatasync(self->file) != 0))
            return peer_complain("the number in the file cannot be written: %s", strerror(errno));
        if (self->form != PEER_FILE_UNLOCKED && flock(self->file, LOCK_UN) != 0)
            return peer_complain("flock: %s", strerror(errno));
        numbers[i] = number;
    }
    return true;
}

static void file_close(void *worker)
{
    struct file_worker *self = worker;
    close(self->file);
    free(self);
}

static bool file_stand(const struct peer *peer, uint64_t *given)
{
    int file = open_file(peer, O_RDONLY);
    if (file < 0)
        return false;
    bool good = pread(file, given, sizeof *given, 0) == sizeof *given;
    close(file);
    return good || peer_complain("the number in the file cannot be read: %s", strerror(errno));
}

const struct peer_ways peer_file_ways = {file_create, file_open, file_take, file_close, file_stand};

/* ---- a word under a robust mutex ---- */

struct word {
    pthread_mutex_t mutex;
    _Alignas(64) uint64_t number;
};

enum { WORDS_MAX = 4 };
static struct word *words[WORDS_MAX]; /* by the number of processes */

static bool word_create(const struct peer *peer)
{
    pthread_mutexattr_t attributes;
    struct word *word = mmap(NULL, sizeof *word, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (word == MAP_FAILED)
        return peer_complain("no memory to share: %s", strerror(errno));
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    int error = pthread_mutex_init(&word->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    words[peer->processes] = word;
    return error == 0 || peer_complain("a robust mutex cannot be made: %s", strerror(error));
}

static void *word_open(const struct peer *peer, unsigned worker)
{
    (void)worker;
    return words[peer->processes];
}

static bool word_take(void *worker, uint64_t *numbers, unsigned count)
{
    struct word *word = worker;
    for (unsigned i = 0; i < count; i++) {
        int error = pthread_mutex_lock(&word->mutex);
        if (error != 0)
            return peer_complain("the robust mutex cannot be locked: %s", strerror(error));
        numbers[i] = ++word->number;
        pthread_mutex_unlock(&word->mutex);
    }
    return true;
}

static void word_close(void *worker)
{
    (void)worker;
}

static bool word_stand(const struct peer *peer, uint64_t *given)
{
    *given = words[peer->processes]->number;
    return true;
}

const struct peer_ways peer_word_ways = {word_create, word_open, word_take, word_close, word_stand};
