/* Changes of who may do what. */
#include "daemon/change.h"

#include "base/timing.h"
#include "daemon/agent.h"
#include "daemon/store.h"
#include "daemon/tokens.h"

struct change *change_new(struct daemon *daemon, agents_done_cb done, void *ctx)
{
	struct change *change = calloc(1, sizeof(*change));

	if (!change)
		return NULL;
	change->daemon = daemon;
	hgt_buf_init(&change->subject);
	hgt_buf_init(&change->data);
	hgt_buf_init(&change->report);
	change->time_ms = hgt_time_now_ms();
	change->done = done;
	change->ctx = ctx;
	return change;
}

void change_free(struct change *change)
{
	agent_unref(change->agent);
	token_unref(change->token);
	free(change->instance);
	free(change->info);
	free(change->hash);
	free(change->old_hash);
	hgt_buf_release(&change->subject);
	hgt_buf_release(&change->data);
	hgt_buf_release(&change->report);
	free(change);
}

bool change_next_secret(struct change *change, struct secret *secret, void *owner, struct hgt_map *map, const char *prefix,
	uint64_t overlap_seconds, char text[SECRET_MAX])
{
	char hash[HGT_SHA256_HEX];

	if (secret_make(prefix, text, hash)) {
		change->hash = strdup(hash);
		change->old_hash = strdup(secret->hash);
	}
	change->until_ms = change->time_ms + (int64_t)overlap_seconds * 1000;
	return change->hash && change->old_hash && secret_put_next(secret, hash, owner, map);
}

/* On the writer thread. */
static int run_change(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct change *change = job;
	const struct hgt_journal_entry entry = {
		.type = change->type,
		.subject = change->subject.data,
		.repo = "",
		.ref = "",
		.data = change->data.data,
		.data_len = change->data.len,
	};
	int code = change->write ? change->write(journal, change, err) : 0;

	if (code == 0 && change->type)
		code = store_append(batch, &entry, &change->seq, err);
	return code;
}

static void change_done(void *job, int code, const struct hgt_error *err)
{
	struct change *change = job;

	if (code == 0 && change->commit)
		change->commit(change);
	if (code < 0 && change->fail)
		change->fail(change);
	if (change->done)
		change->done(change->ctx, code, change->seq, err);
	change_free(change);
}

int change_submit(struct change *change, struct hgt_error *err)
{
	int code = change->subject.failed || change->data.failed || change->report.failed ? hgt_error_nomem(err) : 0;

	if (code == 0)
		code = store_submit(change->daemon->store, run_change, change_done, change, err);
	if (code < 0) {
		if (change->fail)
			change->fail(change);
		change_free(change);
	}
	return code;
}
