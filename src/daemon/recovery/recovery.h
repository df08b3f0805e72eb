/* SPDX-License-Identifier: MIT */
/* recovery: what its three files share. Nobody else includes this. */
#ifndef DK_DAEMON_RECOVERY_H
#define DK_DAEMON_RECOVERY_H

#include "daemon/daemon.h"
#include "daemon/recovery/floors.h"

/* What a start knows of each series of the store, by its id, without keeping a
 * million records in memory. */
struct dk_known {
    uint64_t room;
    uint64_t count;   /* of series */
    uint8_t *desk;    /* its desk + 1; 0: there is no such series */
    bool *needed;     /* it comes into memory: it is on the board, or has something to lose */
    int32_t *newest;  /* its latest period, closed ones too */
};

/* The open counters of the store, by series and period. */
struct dk_images {
    struct dk_counter_image *all;
    size_t count;
    uint32_t *first; /* [known.room], once they are sorted: a series' first image + 1; 0: it has none. NULL: not made */
    struct dk_known known;
};

/* True if the counter is as a settled one is: nothing of it is laid, open or
 * ahead of its position. Losing the desk's files loses nothing of it. */
static inline bool dk_image_rests(const struct dk_counter_image *image)
{
    bool rests = image->mark == image->next;
    for (uint32_t i = 0; i < image->place_count; i++)
        rests = rests && image->places[i].size == 0;
    return rests;
}

/* Copies an image that is not closed; for dk_store_each_counter(). */
docket_status dk_images_keep(void *context, const struct dk_counter_image *image) DK_MUST_USE;
void dk_images_sort(struct dk_images *images);
void dk_images_free(struct dk_images *images);
/* Series that come into memory, and how many: those on the board of an adopted desk, those
 * that have something to lose, and all of them where they are few, or none is
 * ever evicted. */
size_t dk_images_choose(const struct dk_daemon *daemon, struct dk_images *images, const bool *adopted);
/* The image of one counter in a sorted list, or NULL. */
const struct dk_counter_image *dk_images_find(const struct dk_images *images, uint64_t series_id, int32_t period);

/* The series sits at this desk, in memory or not. */
static inline bool dk_images_at_desk(const struct dk_images *images, uint64_t series_id, const struct dk_desk_book *desk)
{
    return series_id < images->known.room && images->known.desk[series_id] == desk->index + 1;
}

/* recovery.c, for advance.c */
enum { DK_RESOLVED_IMAGES = 65536 }; /* of one commit */
_Noreturn void dk_recovery_cannot_build(void);
void dk_recovery_raise_last_date(struct dk_daemon *daemon, const struct dk_series_book *series, struct dk_counter_image *image);
/* A counter of a series that keeps a ledger is off the board, as one whose period has ended. */
bool dk_recovery_is_off_board(const struct dk_series_book *series, bool ended);
/* What this counter's last image cannot vouch for, moved so far, is unknown; the rest stands. */
void dk_recovery_resolve(struct dk_store *store, struct dk_job *job, struct dk_counter_image *image, uint32_t cause,
                         uint64_t incarnation, const struct dk_move *move, bool off_board);
/* job: of dk_job_new(dk_recovery_note_done, &done) */
void dk_recovery_note_done(struct dk_job *job);
void dk_recovery_commit_now(struct dk_daemon *daemon, struct dk_job *job, bool *done);

/* advance.c */
struct dk_move dk_advance_of(const struct dk_daemon *daemon, const struct dk_series_book *series,
                             const struct dk_counter_image *image);
void dk_advance_tell(struct dk_job *job, const struct dk_series_book *series, const struct dk_counter_image *image,
                     const struct dk_move *move);
void dk_advance_ended(struct dk_daemon *daemon, struct dk_desk_book *desk, const struct dk_images *images);
void dk_advance_unseen(struct dk_daemon *daemon, struct dk_desk_book *desk, struct dk_images *images, struct dk_job *job);

/* takeover.c: files of another release or of other settings. True: an adopted
 * desk is built anew in this build's form, and its workers move. */
bool dk_takeover_renew(struct dk_daemon *daemon, const struct dk_desk_book *desk, const struct dk_images *images);
/* Files that this build cannot read: NO_REALM if they may be replaced, else a
 * refusal that leaves them as they are. */
docket_status dk_takeover_foreign(struct dk_daemon *daemon, const struct dk_desk_book *desk,
                                  const struct dk_images *images) DK_MUST_USE;

/* load.c: a counter of a series that is on the board, as its image says. */
void dk_load_counter(struct dk_daemon *daemon, struct dk_series_book *series, const struct dk_counter_image *image);

/* Reads a desk's live files into the books. DAMAGED if they cannot be what a
 * docketd of this store wrote; a single counter that cannot be is quarantined. */
docket_status dk_adopt_desk(struct dk_daemon *daemon, struct dk_desk_book *desk,
                            const struct dk_images *images) DK_MUST_USE;

#endif
