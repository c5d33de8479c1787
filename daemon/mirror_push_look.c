/* What a push has to do: what is here, what is known, and, where that was asked, what is there. On a git worker. */
#include "base/glob.h"
#include "base/workers.h"
#include "daemon/mirror_push.h"
#include "daemon/repos.h"
#include "git/repository_pool.h"

struct look {
	struct push *push;
	struct hgt_repo_pool *pool;
	struct hgt_repo *repo;
	char *journal_path;
	void (*looked)(struct push *push, int code);
	int code;
	struct hgt_error err;
};

/* The turn and what it holds of the config stay as they are while a worker reads them. */
static bool belongs_to(const struct turn *turn, const char *ref)
{
	return !hgt_push_is_own(ref) && hgt_glob_match_any((char *const *)turn->mirror->refs.items, turn->mirror->refs.n, ref);
}

bool push_wants(const struct push *push, const char *ref)
{
	return belongs_to(push->turn, ref) && (!push->only.n || hgt_tips_find(&push->only, ref));
}

static int take_ours(void *ctx, const char *ref, const char *id)
{
	struct look *look = ctx;

	return push_wants(look->push, ref) ? hgt_tips_add(&look->push->ours, ref, id, &look->err) : 0;
}

static int take_row(void *ctx, const struct hgt_copy_ref_row *row)
{
	struct look *look = ctx;
	struct push *push = look->push;
	struct hgt_push_known *known;

	if (push->only.n && !hgt_tips_find(&push->only, row->ref))
		return 0;
	if (push->n_known == push->known_room) {
		size_t room = push->known_room ? push->known_room * 2 : 64;

		known = reallocarray(push->known, room, sizeof(*known));
		if (!known)
			return hgt_error_nomem(&look->err);
		push->known = known;
		push->known_room = room;
	}
	known = &push->known[push->n_known];
	*known = (struct hgt_push_known){.ref = strdup(row->ref), .state = row->state, .since_ms = row->since_ms};
	if (!known->ref)
		return hgt_error_nomem(&look->err);
	push->n_known++;
	snprintf(known->id, sizeof(known->id), "%s", row->id);
	snprintf(known->theirs, sizeof(known->theirs), "%s", row->theirs);
	snprintf(known->ours, sizeof(known->ours), "%s", row->ours);
	return 0;
}

static int list(struct look *look)
{
	struct push *push = look->push;
	struct hgt_journal *journal = NULL;
	int code = hgt_journal_open(look->journal_path, HGT_JOURNAL_READ, &journal, &look->err);

	if (code == 0)
		code = hgt_copy_refs(journal, push->turn->mirror->name, push->turn->copy->repo, "", false, INT64_MAX, take_row, look, &look->err);
	hgt_journal_close(journal);
	if (code == 0)
		code = hgt_repo_refs(look->repo, take_ours, look, &look->err);
	hgt_tips_sort(&push->ours);
	push->listed = code == 0;
	return code;
}

static bool belongs(void *ctx, const char *ref)
{
	const struct look *look = ctx;

	return belongs_to(look->push->turn, ref);
}

/* Commits alone have a history; a tag that gives way to another is lost even where its commit is not. */
static int contains(void *ctx, const char *id, const char *ancestor, struct hgt_error *err)
{
	struct look *look = ctx;
	char tip[HGT_OID_HEX + 1], base[HGT_OID_HEX + 1];
	int code;

	if (!hgt_repo_has(look->repo, ancestor) || !hgt_repo_has(look->repo, id))
		return 0;
	code = hgt_repo_commit(look->repo, ancestor, base, err);
	if (code == 0)
		code = hgt_repo_commit(look->repo, id, tip, err);
	if (code == HGT_ENOENT || code == HGT_EINVAL)
		return 0;
	if (code < 0 || strcmp(base, ancestor) != 0)
		return code;
	return hgt_repo_descends(look->repo, tip, base, err);
}

static int plan(struct look *look)
{
	struct push *push = look->push;
	struct hgt_push_sides sides = {.ours = &push->ours, .theirs = push->asked ? &push->theirs : NULL, .known = push->known,
		.n_known = push->n_known, .accept = push->turn->accept, .belongs = belongs, .contains = contains, .ctx = look};

	hgt_tips_sort(&push->theirs);
	return hgt_push_plan_make(&sides, &push->plan, &look->err);
}

static void on_worker(void *job)
{
	struct look *look = job;
	struct push *push = look->push;

	look->code = hgt_repo_pool_get(look->pool, push->turn->path, &look->repo, &look->err);
	if (look->code == 0 && !push->listed)
		look->code = list(look);
	/* What failed to be asked is planned by what the rows say, so that it is known how far it is behind. */
	if (look->code == 0 && !push->asked && !push->err.code && hgt_push_must_ask(push->known, push->n_known))
		look->code = 1;
	else if (look->code == 0)
		look->code = plan(look);
	hgt_repo_pool_put(look->pool, look->repo);
}

static void done(void *job)
{
	struct look *look = job;
	struct push *push = look->push;
	void (*looked)(struct push *, int) = look->looked;
	int code = look->code;

	if (code < 0 && !push->err.code)
		push->err = look->err;
	free(look->journal_path);
	free(look);
	looked(push, code);
}

int push_look(struct push *push, void (*looked)(struct push *push, int code), struct hgt_error *err)
{
	struct turn *turn = push->turn;
	struct look *look = calloc(1, sizeof(*look));
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	if (!look)
		return hgt_error_nomem(err);
	hgt_buf_addf(&path, "%s/" HGT_JOURNAL_FILE, turn->config->state);
	*look = (struct look){.push = push, .pool = repos_pool(turn->daemon->repos), .looked = looked, .journal_path = hgt_buf_take(&path)};
	code = look->journal_path ? hgt_workers_submit(turn->daemon->git, on_worker, done, look, err) : hgt_error_nomem(err);
	if (code < 0) {
		free(look->journal_path);
		free(look);
	}
	return code;
}
