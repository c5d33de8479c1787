/*
 * Watching the repositories for moves that no hook tells of: inotify on each one's refs/, packed-refs and HEAD, and on the folders
 * where repositories may appear. What is seen only says where to look: 300 ms later, when the hook of the same push has had its word,
 * the repository is compared with the journal (intake.h). Everything is compared at start, when inotify has lost events, and every 5 minutes:
 * that is also how moves are found where inotify takes no more watches (fs.inotify.max_user_watches).
 */
#ifndef HEADGATE_DAEMON_REF_WATCH_H
#define HEADGATE_DAEMON_REF_WATCH_H

#include "daemon/daemon.h"

struct ref_watch;

/* Watches nothing yet. `compared` is called once, when everything has been compared for the first time. */
int ref_watch_new(struct daemon *daemon, void (*compared)(void *ctx), void *ctx, struct ref_watch **out,
	struct hgt_error *err) HGT_MUST_CHECK;
void ref_watch_free(struct ref_watch *watch);

/* Look for repositories, watch them, and compare all of them. */
void ref_watch_all(struct ref_watch *watch);

/* Look for repositories again, soon, and compare those that are new. */
void ref_watch_rescan(struct ref_watch *watch);

/* Another config is in force: look for the repositories that it means. moved: the root is another folder. */
void ref_watch_reload(struct ref_watch *watch, bool moved);

/* Numbers: of now, and since the start. */
struct ref_watch_stats {
	uint64_t repositories;	/* that are looked after */
	uint64_t unwatched;	/* of them, those that inotify takes not all folders of: they are compared at the beat */
	uint64_t watches;	/* of inotify */
	uint64_t overflows;	/* of its queue */
	uint64_t saves;		/* moves that only a compare at the beat, or after an overflow, has found */
};
void ref_watch_stats(const struct ref_watch *watch, struct ref_watch_stats *out);

#endif
