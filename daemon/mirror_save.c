/*
 * What the mirrors write down, and up to where all is.
 *
 * A move of a ref makes push copies wanted, which for a while only memory knows. The disk knows enough when a copy's row says that there is
 * something to do, for then it is done at the next start whatever has moved. So of the copies that are in step on disk and have moved
 * since, those in `unsettled` in the order of the first such event, the first says up to where the journal has been dealt with: that is
 * `settled`. It goes to disk with the rows that let it go on, and where many events have gone by without any, with rows that say "behind".
 */
#include "base/log.h"
#include "daemon/hub.h"
#include "daemon/mirror_parts.h"
#include "daemon/store.h"
#include "headgate/protocol.h"

#define SETTLE_ROWS 256	/* at once */

struct saved_copy {
	struct copy *copy;		/* a reference */
	struct hgt_copy_row row;
	char *error;			/* what row.error is */
};

struct saved_event {
	struct saved_event *next;
	const char *type;
	char *subject, *repo;		/* repo "": of the whole mirror */
	struct hgt_buf data;
};

struct save {
	struct mirrors *mirrors;
	struct saved_copy *copies;
	size_t n, room;
	struct turn_ref *refs;
	char *forget;			/* a mirror */
	struct hgt_mirror_row mirror;	/* its strings are the save's own; name NULL: none */
	struct saved_event *events, **last_event;
	uint64_t settled;		/* 0: not written */
	save_done_cb done;
	void *ctx;
};

void turn_refs_free(struct turn_ref *ref)
{
	struct turn_ref *next;

	for (; ref; ref = next) {
		next = ref->next;
		free((char *)ref->row.ref);
		free((char *)ref->row.id);
		free((char *)ref->row.theirs);
		free((char *)ref->row.ours);
		free((char *)ref->row.note);
		free(ref->before);
		free(ref);
	}
}

struct save *save_new(struct mirrors *mirrors)
{
	struct save *save;

	mirrors_note(mirrors);
	save = calloc(1, sizeof(*save));
	if (save) {
		save->mirrors = mirrors;
		mirrors->refs++;
		save->last_event = &save->events;
	}
	return save;
}

void save_free(struct save *save)
{
	if (!save)
		return;
	for (size_t i = 0; i < save->n; i++) {
		save->copies[i].copy->writing--;
		copy_unref(save->copies[i].copy);
		free(save->copies[i].error);
	}
	free(save->copies);
	turn_refs_free(save->refs);
	free(save->forget);
	free((char *)save->mirror.mirror);
	free((char *)save->mirror.url);
	while (save->events) {
		struct saved_event *event = save->events;

		save->events = event->next;
		free(event->subject);
		free(event->repo);
		hgt_buf_release(&event->data);
		free(event);
	}
	mirrors_unref(save->mirrors);
	free(save);
}

int save_copy(struct save *save, struct copy *copy, struct hgt_error *err)
{
	char *error = strdup(copy->row.error);

	if (error && save->n == save->room) {
		size_t room = save->room ? save->room * 4 : 1;
		struct saved_copy *copies = realloc(save->copies, room * sizeof(*copies));

		if (!copies) {
			free(error);
			return hgt_error_nomem(err);
		}
		save->copies = copies;
		save->room = room;
	}
	if (!error)
		return hgt_error_nomem(err);
	save->copies[save->n] = (struct saved_copy){copy_ref(copy), copy->row, error};
	save->copies[save->n++].row.error = error;
	copy->writing++;
	return 0;
}

void save_turn_refs(struct save *save, struct turn *turn)
{
	save->refs = turn->turn_refs;
	turn->turn_refs = NULL;
	turn->last_ref = &turn->turn_refs;
}

int save_mirror(struct save *save, const struct mirror *mirror, struct hgt_error *err)
{
	save->mirror = (struct hgt_mirror_row){strdup(mirror->name), mirror->way->name, strdup(mirror->url), mirror->paused};
	return save->mirror.mirror && save->mirror.url ? 0 : hgt_error_nomem(err);
}

int save_forget(struct save *save, const char *mirror, struct hgt_error *err)
{
	save->forget = strdup(mirror);
	return save->forget ? 0 : hgt_error_nomem(err);
}

int save_event(struct save *save, const char *type, const char *mirror, const char *repo, struct hgt_buf *data,
	struct hgt_error *err)
{
	struct saved_event *event = calloc(1, sizeof(*event));
	struct hgt_buf subject = HGT_BUF_INIT;

	if (!event) {
		hgt_buf_release(data);
		return hgt_error_nomem(err);
	}
	*save->last_event = event;
	save->last_event = &event->next;
	event->type = type;
	event->data = *data;
	hgt_buf_init(data);
	hgt_buf_adds(&subject, mirror);
	if (repo)
		hgt_buf_addf(&subject, "/%s", repo);
	event->subject = hgt_buf_take(&subject);
	event->repo = strdup(repo ? repo : "");
	if (!event->subject || !event->repo || event->data.failed)
		return hgt_error_nomem(err);
	return 0;
}

static int put_ref(struct hgt_journal *journal, const struct turn_ref *ref, struct hgt_error *err)
{
	if (ref->forget)
		return hgt_copy_ref_forget(journal, ref->row.mirror, ref->row.repo, ref->row.ref, err);
	return hgt_copy_ref_put(journal, &ref->row, err);
}

/* On the writer thread. Names of mirrors and repositories in the rows live as long as the copies, which are held. */
static int run_save(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct save *save = job;
	uint64_t seq = 0;
	int code = 0;

	if (save->forget)
		code = hgt_mirror_forget(journal, save->forget, err);
	if (code == 0 && save->mirror.mirror)
		code = hgt_mirror_put(journal, &save->mirror, err);
	for (const struct saved_event *event = save->events; event && code == 0; event = event->next)
		code = store_append(batch, &(struct hgt_journal_entry){.type = event->type, .subject = event->subject, .repo = event->repo,
			.ref = "", .data = event->data.data, .data_len = event->data.len}, &seq, err);
	for (const struct turn_ref *ref = save->refs; ref && code == 0; ref = ref->next)
		code = put_ref(journal, ref, err);
	for (size_t i = 0; i < save->n && code == 0; i++) {
		if (seq && save->copies[i].copy->mirror->direction == HGT_MIRROR_PULL)
			save->copies[i].row.seq = seq;
		code = hgt_copy_put(journal, &save->copies[i].row, err);
	}
	if (code == 0 && save->settled)
		code = hgt_mirrors_set_settled(journal, save->settled, err);
	return code;
}

static void saved(void *job, int code, const struct hgt_error *err)
{
	struct save *save = job;

	if (code < 0)
		hgt_log(HGT_LOG_WARNING, "mirrors", "cannot write where the mirrors stand", HGT_S("error", err->message));
	if (code == 0 && save->settled > save->mirrors->settled)
		save->mirrors->settled = save->settled;
	for (size_t i = 0; i < save->n; i++) {
		if (code == 0)
			copy_saved(save->copies[i].copy, &save->copies[i].row);
		else
			copy_unsaved(save->copies[i].copy, err);
	}
	if (save->done)
		save->done(save->ctx, code, err);
	save_free(save);
}

static bool is_in(const struct save *save, const struct copy *copy)
{
	for (size_t i = 0; i < save->n; i++)
		if (save->copies[i].copy == copy)
			return true;
	return false;
}

/* Once this is on disk all up to here is. Those of the save are at the front where there are many. */
static uint64_t settled_with(const struct save *save)
{
	const struct mirrors *m = save->mirrors;
	const struct copy *first = TAILQ_FIRST(&m->unsettled);

	while (first && is_in(save, first))
		first = TAILQ_NEXT(first, entry);
	return first ? first->unsettled - 1 : hub_head(m->daemon->hub);
}

void save_submit(struct save *save, save_done_cb done, void *ctx)
{
	struct mirrors *m = save->mirrors;
	struct hgt_error err = {0};

	save->done = done;
	save->ctx = ctx;
	if (m->n_push)
		save->settled = settled_with(save);
	if (save->settled <= m->settled)
		save->settled = 0;
	for (size_t i = 0; i < save->n; i++)
		if (save->copies[i].row.state == HGT_COPY_IN_STEP)
			save->copies[i].copy->known_behind = false;
	if (store_submit(m->daemon->store, run_save, saved, save, &err) < 0)
		saved(save, err.code, &err);
}

static void on_settled(void *ctx, int code, const struct hgt_error *err)
{
	struct mirrors *m = ctx;

	(void)code, (void)err;
	m->settling = false;
}

void mirrors_settle(struct mirrors *m)
{
	struct save *save = m->settling ? NULL : save_new(m);
	struct hgt_error err = {0};
	struct copy *copy;

	if (!save)
		return;
	TAILQ_FOREACH(copy, &m->unsettled, entry)
		if (save->n == SETTLE_ROWS || save_copy(save, copy, &err) < 0)
			break;
	m->settling = true;
	save_submit(save, on_settled, m);
}
