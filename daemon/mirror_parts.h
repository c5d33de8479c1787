/* What the files share that are the mirrors' own heart: mirrors.c and mirror_queue, _copy, _outcome, _save, _events, _act, _view. */
#ifndef HEADGATE_DAEMON_MIRROR_PARTS_H
#define HEADGATE_DAEMON_MIRROR_PARTS_H

#include "daemon/mirror.h"

TAILQ_HEAD(mirror_list, mirror);
TAILQ_HEAD(copy_list, copy);
TAILQ_HEAD(turn_list, turn);

struct mirrors {
	struct daemon *daemon;
	unsigned refs;				/* the daemon, and what is on its way to disk */
	const struct way *const *ways;		/* by direction */
	const struct hgt_config *config;	/* the daemon's, or during a reload the one to come */
	struct mirror_list list;		/* in order of name */
	struct hgt_turns turns;
	struct hgt_heap due;			/* all copies, by when something is to be done about them */
	struct event *clock, *pump, *note;
	int64_t clock_ms;			/* what the clock is set for, monotonic; INT64_MAX: nothing */
	struct copy_list unsettled;
	uint64_t settled;			/* as it is on disk */
	size_t n_push;				/* copies of push mirrors: without any nothing is settled */
	bool settling;
	bool note_due;				/* which mirrors there are is not on disk yet */
	bool reloading;
	bool draining;
	struct turn_list running;		/* those of mirrors that are gone included */
};

/* mirror_load.c */
int mirrors_load(struct mirrors *mirrors, struct hgt_error *err) HGT_MUST_CHECK;	/* at a start */
int mirror_recall(struct mirror *mirror, struct hgt_error *err) HGT_MUST_CHECK;		/* of one that a reload has brought */
void mirrors_note(struct mirrors *mirrors);	/* if that is due: those that are new, and no others, are on disk before anything of them */
void mirrors_on_note(int fd, short what, void *mirrors);

/* mirror_queue.c */
void mirrors_pump_soon(struct mirrors *mirrors);
void mirrors_on_pump(int fd, short what, void *mirrors);
void mirrors_on_clock(int fd, short what, void *mirrors);
void mirrors_set_clock(struct mirrors *mirrors);
void turn_stop(struct turn *turn);
void turn_not_listed(struct turn *turn);	/* the same, when upstream's manifest has the repository no more */
void turn_free(struct turn *turn);	/* the way's own has been released */
uint64_t mirrors_dice(void);

/* mirrors.c. ways: by direction, they outlive the mirrors; mirrors_new has those that there are. */
int mirrors_new_with(struct daemon *daemon, const struct way *const *ways, struct mirrors **out, struct hgt_error *err) HGT_MUST_CHECK;
void mirror_unref(struct mirror *mirror);
void mirrors_unref(struct mirrors *mirrors);

/* mirrors.c: the place among its copies of the first whose repository is not before that name. */
size_t mirror_place_of(const struct mirror *mirror, const char *repo);

/* mirror_copy.c */
int copy_new(struct mirror *mirror, const char *repo, struct copy **out, struct hgt_error *err) HGT_MUST_CHECK;
int copy_take_row(struct copy *copy, const struct hgt_copy_row *row, struct hgt_error *err) HGT_MUST_CHECK;
void copy_start(struct copy *copy);	/* as its row says: at a start, or when its repository is there again */
void copy_moved(struct copy *copy, uint64_t seq);
void copy_step(struct copy *copy);	/* look what is to be done, and when */
void copy_due(struct copy *copy);	/* its time has come */
bool copy_is_paused(const struct copy *copy);
void copy_saved(struct copy *copy, const struct hgt_copy_row *row);
void copy_set_state(struct copy *copy, enum hgt_copy_state state);
void copy_set_error(struct copy *copy, const char *text);
void copy_set_since(struct copy *copy, int64_t now_ms);	/* it is behind, unless it has been */
void copy_set_looks(struct copy *copy, bool verified);	/* those that nobody asks for, from now on */
void copy_unlist(struct copy *copy);
void copy_end(struct copy *copy);	/* it is gone: what still runs for it is stopped. The caller's reference stays */
void copy_replan(struct copy *copy);	/* another config */

/* mirror_outcome.c */
void turn_not_begun(struct turn *turn, const struct hgt_error *err);	/* takes it */
void copy_failed(struct copy *copy, const struct hgt_error *err);
void copy_unsaved(struct copy *copy, const struct hgt_error *err);

/* mirror_save.c: rows of copies and events on their way to disk, all in one transaction. Nothing is on disk before `done`. */
struct save;
typedef void (*save_done_cb)(void *ctx, int code, const struct hgt_error *err);
struct save *save_new(struct mirrors *mirrors);		/* NULL: no memory */
void save_free(struct save *save);
int save_copy(struct save *save, struct copy *copy, struct hgt_error *err) HGT_MUST_CHECK;	/* as it is now */
void save_turn_refs(struct save *save, struct turn *turn);	/* takes them; the copy was the first to be saved */
int save_mirror(struct save *save, const struct mirror *mirror, struct hgt_error *err) HGT_MUST_CHECK;
int save_forget(struct save *save, const char *mirror, struct hgt_error *err) HGT_MUST_CHECK;	/* before all else of this save */
/* Takes the data. repo NULL: it is about the whole mirror. */
int save_event(struct save *save, const char *type, const char *mirror, const char *repo, struct hgt_buf *data,
	struct hgt_error *err) HGT_MUST_CHECK;
/* Takes the save. done (or NULL) is called in any case, at once when it cannot even be submitted. */
void save_submit(struct save *save, save_done_cb done, void *ctx);
void mirrors_settle(struct mirrors *mirrors);	/* note up to where all is on disk, and see to it that this goes on */
void turn_refs_free(struct turn_ref *refs);

/* mirror_events.c: write the data of events; the buffer is checked by who takes it. */
bool mirror_has_moved(const struct turn *turn);
void mirror_write_updated(const struct turn *turn, struct hgt_buf *out);
void mirror_write_diverged(const struct turn *turn, const char *reason, struct hgt_buf *out);
void mirror_write_late(const struct copy *copy, struct hgt_buf *out);
void mirror_write_caught_up(const struct copy *copy, int64_t since_ms, struct hgt_buf *out);
void mirror_write_acted(const char *mirror, const char *repo, const char *action, const char *actor, struct hgt_buf *out);

#endif
