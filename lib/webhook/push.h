/* What the forms of forges share: a move of a ref as the "push" that each of them tells in its own words. Nobody else includes
 * this. */
#ifndef HEADGATE_WEBHOOK_PUSH_H
#define HEADGATE_WEBHOOK_PUSH_H

#include "base/json_writer.h"
#include "webhook/message.h"

struct push {
	const struct hgt_webhook_to *to;
	const struct hgt_webhook_event *event;
	const struct hgt_ref_event *ref;
	struct hgt_buf http_url, ssh_url, web_url;	/* with the repository's name in them */
	const char *name, *space;	/* "web" and "infra/apps" of infra/apps/web; space "" where there is none */
	size_t space_len;
	const char *actor;		/* never NULL */
	bool created, deleted, is_tag;
	bool list_paths;		/* else the lists of paths are empty, which receivers take for "anything" */
	int64_t seconds;		/* of the event */
	uint64_t id;			/* a number for the repository that stays the same */
};

/* Write the body; what failed shows in out. */
void push_write_github(const struct push *push, struct hgt_buf *out);
void push_write_gitlab(const struct push *push, struct hgt_buf *out);
void push_write_gitea(const struct push *push, struct hgt_buf *out);
void push_write_ping(const struct hgt_webhook_to *to, const char *delivery, int64_t seconds, struct hgt_buf *out);

/* "added", "modified" and "removed", each a list. */
void push_write_paths(const struct push *push, struct hgt_json *json);

/* Whether one commit is told: the ref has one. Its id, message and times, known or not. */
bool push_has_commit(const struct push *push);
const char *push_commit_id(const struct push *push);
const char *push_message(const struct push *push);

/* Committer's time, RFC 3339 with seconds and the offset, as forges write it. */
#define PUSH_TIME 32
void push_commit_time(const struct push *push, char out[PUSH_TIME]);
void push_event_time(const struct push *push, char out[PUSH_TIME]);

/* "<base><suffix>" under a key. */
void push_key_url(struct hgt_json *json, const char *key, const struct hgt_buf *base, const char *suffix);

#endif
