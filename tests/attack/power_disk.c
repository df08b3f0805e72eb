/* SPDX-License-Identifier: MIT */
/* power_disk: see power_disk.h. */
#include "power_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OBJECTS = 1 << 16, NAMES = 32, ROOTS = 2 };

struct name {
    char word[POWER_NAME];
    unsigned object; /* 0: the name is free */
};

struct object {
    uint64_t inode;
    bool directory, used;
    char *bytes;
    size_t size, room;
    struct name *names;
};

struct thing {
    enum power_kind kind;
    unsigned object; /* the file, or the directory */
    unsigned target; /* what a name leads to */
    char word[POWER_NAME], old[POWER_NAME];
    uint64_t offset;
    size_t size;
    char bytes[POWER_PAGE];
};

struct power_disk {
    struct object objects[OBJECTS]; /* from 1 */
    unsigned object_count;
    unsigned roots[ROOTS];
    struct thing *pending;
    size_t count;
    struct object shown[64]; /* scratch of an image: copies of what it changes */
    unsigned shown_of[64], shown_count;
};

static void die(const char *what)
{
    fprintf(stderr, "power_disk: %s\n", what);
    exit(2);
}

struct power_disk *power_disk_new(void)
{
    struct power_disk *disk = calloc(1, sizeof *disk);
    if (!disk || !(disk->pending = calloc(POWER_PENDING_MAX, sizeof *disk->pending)))
        die("out of memory");
    return disk;
}

/* ---- objects ---- */

/* The newest object of an inode: numbers of removed files come again. */
static unsigned find(const struct power_disk *disk, uint64_t inode)
{
    for (unsigned at = disk->object_count; at > 0; at--)
        if (disk->objects[at].inode == inode)
            return at;
    return 0;
}

static unsigned make(struct power_disk *disk, uint64_t inode, bool directory)
{
    if (++disk->object_count == OBJECTS)
        die("too many files");
    struct object *object = &disk->objects[disk->object_count];
    object->inode = inode;
    object->directory = directory;
    if (directory && !(object->names = calloc(NAMES, sizeof *object->names)))
        die("out of memory");
    return disk->object_count;
}

static void set_size(struct object *object, size_t size)
{
    if (size > object->room) {
        object->room = size * 2 + POWER_PAGE;
        object->bytes = realloc(object->bytes, object->room);
        if (!object->bytes)
            die("out of memory");
    }
    if (size > object->size)
        memset(object->bytes + object->size, 0, size - object->size);
    object->size = size;
}

static struct name *name_of(struct object *directory, const char *word, bool room)
{
    struct name *found = NULL;
    for (unsigned at = 0; at < NAMES; at++) {
        struct name *name = &directory->names[at];
        if (name->object != 0 && strcmp(name->word, word) == 0)
            return name;
        if (room && !found && name->object == 0)
            found = name;
    }
    if (room && !found)
        die("too many names in one directory");
    return found;
}

static void set_name(struct object *directory, const char *word, unsigned object)
{
    struct name *name = name_of(directory, word, object != 0);
    if (!name)
        return;
    snprintf(name->word, sizeof name->word, "%s", word);
    name->object = object;
}

/* sectors: of the page that the thing begins in */
static void apply(struct object *object, const struct thing *thing, unsigned sectors)
{
    switch (thing->kind) {
    case POWER_WRITE:
        for (size_t done = 0; done < thing->size;) {
            size_t at = (size_t)thing->offset + done;
            size_t some = POWER_SECTOR - at % POWER_SECTOR;
            if (some > thing->size - done)
                some = thing->size - done;
            if (sectors >> at % POWER_PAGE / POWER_SECTOR & 1) {
                if (at + some > object->size)
                    set_size(object, at + some);
                memcpy(object->bytes + at, thing->bytes + done, some);
            }
            done += some;
        }
        return;
    case POWER_TRUNCATE:
        set_size(object, (size_t)thing->offset);
        return;
    case POWER_MAKE:
        set_name(object, thing->word, thing->target);
        return;
    case POWER_UNLINK:
        set_name(object, thing->word, 0);
        return;
    case POWER_RENAME:
        set_name(object, thing->old, 0);
        set_name(object, thing->word, thing->target);
        return;
    default:
        die("an unknown operation");
    }
}

/* ---- operations ---- */

static struct thing *add(struct power_disk *disk, enum power_kind kind, unsigned object)
{
    if (disk->count == POWER_PENDING_MAX)
        die("too much is pending");
    struct thing *thing = &disk->pending[disk->count++];
    thing->kind = kind;
    thing->object = object;
    return thing;
}

static void add_write(struct power_disk *disk, unsigned object, const struct power_record *record,
                      const char *bytes)
{
    for (size_t done = 0; done < record->bytes;) {
        struct thing *thing = add(disk, POWER_WRITE, object);
        thing->offset = record->offset + done;
        thing->size = POWER_PAGE - thing->offset % POWER_PAGE;
        if (thing->size > record->bytes - done)
            thing->size = record->bytes - done;
        memcpy(thing->bytes, bytes + done, thing->size);
        done += thing->size;
    }
}

static void add_name(struct power_disk *disk, enum power_kind kind, unsigned directory, const char *word,
                     unsigned target)
{
    struct thing *thing = add(disk, kind, directory);
    snprintf(thing->word, sizeof thing->word, "%s", word);
    thing->target = target;
}

/* What a start makes anew or does not read, and a link to what is gone. */
static bool ignored(const char *word)
{
    return strcmp(word, "lock.mdb") == 0 || strcmp(word, "docketd.lock") == 0 || strcmp(word, "docket.conf") == 0 ||
           strncmp(word, "runtime", 7) == 0;
}

void power_disk_begin(struct power_disk *disk, const struct power_record *record, const char *bytes)
{
    unsigned object = find(disk, record->object), where = find(disk, record->where);
    switch (record->kind) {
    case POWER_ROOT:
        if (!object)
            disk->roots[record->offset] = make(disk, record->object, true);
        return;
    case POWER_MAKE:
    case POWER_MAKE_DIRECTORY:
        if (ignored(bytes))
            return;
        object = make(disk, record->object, record->kind == POWER_MAKE_DIRECTORY);
        add_name(disk, POWER_MAKE, where, bytes, object);
        return;
    case POWER_LINK:
        add_name(disk, POWER_MAKE, where, bytes, object);
        return;
    case POWER_UNLINK:
        if (!ignored(bytes))
            add_name(disk, POWER_UNLINK, where, bytes, 0);
        return;
    case POWER_RENAME:
        if (record->where != record->there)
            die("a rename between two directories");
        if (object) {
            add_name(disk, POWER_RENAME, where, bytes + strlen(bytes) + 1, object);
            struct thing *last = &disk->pending[disk->count - 1];
            snprintf(last->old, sizeof last->old, "%s", bytes);
        }
        return;
    case POWER_WRITE:
    case POWER_WRITE_DURABLE:
        if (object)
            add_write(disk, object, record, bytes);
        return;
    case POWER_TRUNCATE:
        if (object)
            add(disk, POWER_TRUNCATE, object)->offset = record->offset;
        return;
    default:
        return;
    }
}

static bool becomes_durable(const struct thing *thing, const struct power_record *record, unsigned object)
{
    if (thing->object != object)
        return false;
    if (record->kind == POWER_SYNC)
        return true;
    uint64_t first = record->offset / POWER_PAGE, last = (record->offset + record->bytes - 1) / POWER_PAGE;
    return thing->kind == POWER_WRITE && thing->offset / POWER_PAGE >= first && thing->offset / POWER_PAGE <= last;
}

void power_disk_end(struct power_disk *disk, const struct power_record *record)
{
    unsigned object = find(disk, record->object);
    size_t kept = 0;
    if (record->kind != POWER_SYNC && record->kind != POWER_WRITE_DURABLE)
        return;
    for (size_t at = 0; at < disk->count; at++) {
        struct thing *thing = &disk->pending[at];
        if (becomes_durable(thing, record, object))
            apply(&disk->objects[object], thing, POWER_WHOLE);
        else if (kept++ != at)
            disk->pending[kept - 1] = *thing;
    }
    disk->count = kept;
}

size_t power_disk_pending(const struct power_disk *disk)
{
    return disk->count;
}

bool power_disk_is_write(const struct power_disk *disk, size_t at)
{
    return disk->pending[at].kind == POWER_WRITE;
}

/* ---- an image ---- */

static struct object *shown(struct power_disk *disk, unsigned of)
{
    for (unsigned at = 0; at < disk->shown_count; at++)
        if (disk->shown_of[at] == of)
            return &disk->shown[at];
    if (disk->shown_count == sizeof disk->shown_of / sizeof disk->shown_of[0])
        die("an image changes too many files");
    const struct object *from = &disk->objects[of];
    struct object *to = &disk->shown[disk->shown_count];
    disk->shown_of[disk->shown_count++] = of;
    if (!to->names && !(to->names = calloc(NAMES, sizeof *to->names)))
        die("out of memory");
    to->directory = from->directory;
    if (from->directory)
        memcpy(to->names, from->names, NAMES * sizeof *to->names);
    to->size = to->room; /* nothing to fill with zeros */
    set_size(to, from->size);
    if (from->size)
        memcpy(to->bytes, from->bytes, from->size);
    return to;
}

static struct object *look(struct power_disk *disk, unsigned of)
{
    for (unsigned at = 0; at < disk->shown_count; at++)
        if (disk->shown_of[at] == of)
            return &disk->shown[at];
    return &disk->objects[of];
}

static void lay_file(const struct object *file, int directory, const char *word)
{
    int fd = openat(directory, word, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || pwrite(fd, file->bytes, file->size, 0) != (ssize_t)file->size ||
        ftruncate(fd, (off_t)file->size) != 0)
        die("cannot lay a file");
    close(fd);
}

static void clear(int directory, struct object *kept);

static void remove_one(int directory, const char *word)
{
    if (unlinkat(directory, word, 0) == 0 || errno == ENOENT)
        return;
    int fd = openat(directory, word, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        die("cannot clear an image");
    clear(fd, NULL);
    unlinkat(directory, word, AT_REMOVEDIR);
}

/* Removes what kept does not name. Files of the same name are overwritten. */
static void clear(int directory, struct object *kept)
{
    int copy = dup(directory);
    DIR *entries = fdopendir(copy);
    const struct dirent *entry;
    rewinddir(entries);
    while ((entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!kept || (!ignored(entry->d_name) && !name_of(kept, entry->d_name, false)))
            remove_one(directory, entry->d_name);
    }
    closedir(entries);
}

static void lay_directory(struct power_disk *disk, unsigned of, int parent, const char *word)
{
    struct object *object = look(disk, of);
    if (mkdirat(parent, word, 0700) != 0 && errno != EEXIST)
        die("cannot lay a directory");
    int fd = openat(parent, word, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        die("cannot lay a directory");
    clear(fd, object);
    for (unsigned at = 0; at < NAMES; at++) {
        const struct name *name = &object->names[at];
        if (!name->object)
            continue;
        if (look(disk, name->object)->directory)
            lay_directory(disk, name->object, fd, name->word);
        else
            lay_file(look(disk, name->object), fd, name->word);
    }
    close(fd);
}

void power_disk_lay(struct power_disk *disk, const unsigned char *choice, const char *folder)
{
    static const char *const words[ROOTS] = {"realm", "other"};
    disk->shown_count = 0;
    for (size_t at = 0; at < disk->count; at++)
        if (choice[at])
            apply(shown(disk, disk->pending[at].object), &disk->pending[at], choice[at]);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        die("there is no folder for the images");
    for (unsigned at = 0; at < ROOTS; at++)
        if (disk->roots[at])
            lay_directory(disk, disk->roots[at], fd, words[at]);
    close(fd);
}
