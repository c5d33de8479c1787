/*
 * A change of who may do what: rows and an event go through the store, memory follows once they are on disk, then whoever asked
 * is told. For agents.h and tokens.h.
 */
#ifndef HEADGATE_DAEMON_CHANGE_H
#define HEADGATE_DAEMON_CHANGE_H

#include "daemon/agents.h"

struct token;

struct change {
	struct daemon *daemon;
	/* Whose; references, NULL for none. The writer thread reads of them only what never changes. */
	struct agent *agent;
	struct token *token;
	/* On the writer thread; NULL when only an event is told. */
	int (*write)(struct hgt_journal *journal, const struct change *change, struct hgt_error *err);
	char *instance, *info;	/* of an announcement */
	int64_t seen_ms;
	char *hash, *old_hash;	/* of secrets */
	int64_t until_ms;	/* wall clock: how long the old one holds */
	struct hgt_buf report;	/* the last report of `target` */
	char target[HGT_NAME_MAX + 1];
	const char *type;	/* of the event; NULL for none */
	struct hgt_buf subject, data;
	int64_t time_ms;
	uint64_t seq;
	void (*commit)(struct change *change);	/* memory follows, on the loop */
	void (*fail)(struct change *change);	/* or is put back */
	agents_done_cb done;
	void *ctx;
};

/* NULL when memory runs out. done may be NULL. */
struct change *change_new(struct daemon *daemon, agents_done_cb done, void *ctx);
void change_free(struct change *change);

/* Another secret for the owner, which the map has it under from now on; the one that it has holds for so long once that is on disk. `text` gets it.
 * False when memory runs out: then nothing has changed but the change. */
bool change_next_secret(struct change *change, struct secret *secret, void *owner, struct hgt_map *map, const char *prefix,
	uint64_t overlap_seconds, char text[SECRET_MAX]);

/* Takes the change, also when it fails: then `fail` is called and `done` is not. */
int change_submit(struct change *change, struct hgt_error *err) HGT_MUST_CHECK;

#endif
