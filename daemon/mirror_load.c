/* What the disk knows of mirrors: read at a start and of those that a reload brings, and made to be of what there is. */
#include <event2/event.h>

#include "base/log.h"
#include "daemon/hub.h"
#include "daemon/mirror_parts.h"

#define AGAIN_SECONDS 5	/* after a note that could not be written */

/* What is under a name is of this place, of another one, or of a mirror that is gone. */

static int load_mirror(void *ctx, const struct hgt_mirror_row *row)
{
	struct mirror *mirror = mirrors_find(ctx, row->mirror);

	if (!mirror || mirror->known)
		return 0;
	/* Of another place all that stays is what a person has said. */
	mirror->paused = mirror->paused || row->paused;
	mirror->known = !strcmp(row->direction, mirror->way->name) && !strcmp(row->url, mirror->url);
	return 0;
}

struct loading {
	struct mirrors *mirrors;
	struct hgt_error *err;
};

static int load_copy(void *ctx, const struct hgt_copy_row *row)
{
	struct loading *loading = ctx;
	struct mirror *mirror = mirrors_find(loading->mirrors, row->mirror);
	struct copy *copy = mirror ? mirror_find_copy(mirror, row->repo) : NULL;

	if (!copy)
		return 0;
	if (mirror->known)
		return copy_take_row(copy, row, loading->err);
	copy->row.paused = copy->row.paused || row->paused;
	return 0;
}

static int load_move(void *ctx, const char *repo, uint64_t seq)
{
	struct mirrors *m = ctx;
	struct mirror *mirror;

	TAILQ_FOREACH(mirror, &m->list, entry) {
		struct copy *copy = mirror->direction == HGT_MIRROR_PUSH ? mirror_find_copy(mirror, repo) : NULL;

		if (copy && copy->row.state != HGT_COPY_NEW && copy->row.seq < seq) {
			copy->verify = true;
			copy_moved(copy, seq);
		}
	}
	return 0;
}

/* What has moved behind the place up to which all is in the rows; where the journal does not go back so far, that may be anything. */
static int load_moves(struct mirrors *m, struct hgt_error *err)
{
	struct hgt_journal *reader = m->daemon->reader;
	uint64_t tail = 0;
	struct mirror *mirror;
	int code = hgt_mirrors_get_settled(reader, &m->settled, err);

	if (code == 0)
		code = hgt_journal_tail(reader, &tail, err);
	if (code < 0 || !m->n_push)
		return code;
	if (m->settled && m->settled <= hub_head(m->daemon->hub) && tail <= m->settled + 1)
		return hgt_repos_moved(reader, m->settled, load_move, m, err);
	m->settled = 0;
	TAILQ_FOREACH(mirror, &m->list, entry)
		for (size_t i = 0; i < mirror->n_copies && mirror->direction == HGT_MIRROR_PUSH; i++) {
			mirror->copies[i]->verify = true;
			copy_look(mirror->copies[i], false);
		}
	return 0;
}

int mirrors_load(struct mirrors *m, struct hgt_error *err)
{
	struct loading loading = {m, err};
	struct mirror *mirror;
	int code = hgt_mirrors(m->daemon->reader, load_mirror, m, err);

	if (code == 0)
		code = hgt_copies(m->daemon->reader, NULL, load_copy, &loading, err);
	if (code < 0)
		return code;
	TAILQ_FOREACH(mirror, &m->list, entry)
		for (size_t i = 0; i < mirror->n_copies; i++)
			copy_start(mirror->copies[i]);
	m->note_due = true;
	mirrors_note(m);
	return load_moves(m, err);
}

/* One that was taken out a moment ago, and is put back because another part has refused the config, is still there. What has moved since it
 * was last in step is known no more: all of it is asked. */
int mirror_recall(struct mirror *mirror, struct hgt_error *err)
{
	struct mirrors *m = mirror->mirrors;
	struct loading loading = {m, err};
	int code = hgt_mirrors(m->daemon->reader, load_mirror, m, err);

	if (code == 0)
		code = hgt_copies(m->daemon->reader, mirror->name, load_copy, &loading, err);
	for (size_t i = 0; i < mirror->n_copies; i++) {
		struct copy *copy = mirror->copies[i];

		copy->wanted = copy->verify = true;
		copy_start(copy);
		if (copy->row.state == HGT_COPY_IN_STEP && mirror->direction == HGT_MIRROR_PUSH)
			copy_moved(copy, m->settled + 1);
	}
	return code;
}

static void note_again(struct mirrors *m)
{
	const struct timeval in = {.tv_sec = AGAIN_SECONDS};

	m->note_due = true;
	if (m->note && !m->draining && evtimer_add(m->note, &in) < 0)
		hgt_log(HGT_LOG_ERROR, "mirrors", "no timer: which mirrors there are is noted later");
}

static void on_noted(void *ctx, int code, const struct hgt_error *err)
{
	struct mirror *mirror = ctx;

	(void)err;
	mirror->noting = false;
	mirror->known = code == 0;
	if (code < 0)
		note_again(mirror->mirrors);
	for (size_t i = 0; i < mirror->n_copies && code == 0; i++)
		copy_step(mirror->copies[i]);
	mirror_unref(mirror);
}

/* Begin anew with a mirror (NULL: it is gone): nothing on disk is about it. */
static int forget(struct mirrors *m, const char *name, struct mirror *mirror, struct hgt_error *err)
{
	struct save *save = save_new(m);
	int code = save ? save_forget(save, name, err) : hgt_error_nomem(err);

	if (code == 0 && mirror)
		code = save_mirror(save, mirror, err);
	if (code < 0) {
		save_free(save);
		return code;
	}
	if (mirror) {
		mirror->noting = true;
		mirror->refs++;
	}
	save_submit(save, mirror ? on_noted : NULL, mirror);
	return 0;
}

static int forget_gone(void *ctx, const struct hgt_mirror_row *row)
{
	struct loading *loading = ctx;

	return mirrors_find(loading->mirrors, row->mirror) ? 0 : forget(loading->mirrors, row->mirror, NULL, loading->err);
}

void mirrors_note(struct mirrors *m)
{
	struct hgt_error err = {0};
	struct loading loading = {m, &err};
	struct mirror *mirror;
	int code;

	if (!m->note_due || m->reloading)
		return;
	m->note_due = false;
	code = hgt_mirrors(m->daemon->reader, forget_gone, &loading, &err);
	TAILQ_FOREACH(mirror, &m->list, entry)
		if (code == 0 && !mirror->known && !mirror->noting)
			code = forget(m, mirror->name, mirror, &err);
	if (code < 0) {
		hgt_log(HGT_LOG_ERROR, "mirrors", "which mirrors there are cannot be noted", HGT_S("error", err.message));
		note_again(m);
	}
}

void mirrors_on_note(int fd, short what, void *mirrors)
{
	(void)fd, (void)what;
	mirrors_note(mirrors);
}
