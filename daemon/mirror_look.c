/* What a worker does for a pull: what is here, what is known, what has to be fetched, what is to be done. */
#include "base/escape.h"
#include "base/glob.h"
#include "daemon/mirror_pull.h"
#include "git/related.h"
#include "git/repository_pool.h"

enum { ROWS_MAX = 2000000 };

static const char overtaken[] = "upstream has moved it while it was fetched";
static const char missing[] = "upstream did not send it";

struct look {
	struct pull *pull;
	struct hgt_repo *repo;
	struct hgt_map ids;	/* ids that refs here have, incoming ones too */
	struct hgt_error *err;
};

static int grow(void **items, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 64;
	void *p = reallocarray(*items, more, size);

	if (!p)
		return HGT_ENOMEM;
	*items = p;
	*room = more;
	return 0;
}

static const char *keep(struct pull *pull, const char *s)
{
	return hgt_arena_strndup(&pull->arena, s, strlen(s));
}

static int take_row(void *ctx, const struct hgt_copy_ref_row *row)
{
	struct pull *pull = ctx;
	struct pull_row *copy;

	if (pull->n_rows == pull->rows_room && grow((void **)&pull->rows, &pull->rows_room, sizeof(*pull->rows)) < 0)
		return HGT_ENOMEM;
	copy = &pull->rows[pull->n_rows];
	*copy = (struct pull_row){.ref = keep(pull, row->ref), .id = keep(pull, row->id), .theirs = keep(pull, row->theirs),
		.ours = keep(pull, row->ours), .note = keep(pull, row->note), .state = row->state, .since_ms = row->since_ms};
	if (!copy->ref || !copy->id || !copy->theirs || !copy->ours || !copy->note)
		return HGT_ENOMEM;
	pull->n_rows++;
	return *copy->id ? hgt_tips_add(&pull->known, copy->ref, copy->id, NULL) : 0;
}

static int read_rows(struct pull *pull, struct hgt_error *err)
{
	struct hgt_journal *journal = NULL;
	int code = hgt_journal_open(pull->journal_path, HGT_JOURNAL_READ, &journal, err);

	if (code == 0) {
		code = hgt_copy_refs(journal, pull->name, pull->repo, "", false, ROWS_MAX, take_row, pull, err);
		if (code == HGT_ENOMEM)
			hgt_error_nomem(err);
	}
	hgt_journal_close(journal);
	hgt_tips_sort(&pull->known);
	pull->rows_read = code == 0;
	return code;
}

/* One of this mirror's incoming refs: by the id it is named by, and by the one that it has. */
static int take_slot(struct look *l, const char *name, const char *id)
{
	int code = hgt_tips_add(&l->pull->slots, name, id, l->err);

	return code < 0 ? code : hgt_tips_add(&l->pull->came, id, id, l->err);
}

static int take_ref(void *ctx, const char *ref, const char *id)
{
	struct look *l = ctx;

	if (!hgt_ref_is_own(ref))
		return hgt_tips_add(&l->pull->ours, ref, id, l->err);
	return strncmp(ref, l->pull->incoming, strlen(l->pull->incoming)) == 0 ? take_slot(l, ref + strlen(l->pull->incoming), id) : 0;
}

static int list_ours(struct look *l)
{
	int code;

	hgt_tips_release(&l->pull->ours);
	hgt_tips_release(&l->pull->slots);
	hgt_tips_release(&l->pull->came);
	code = hgt_repo_refs(l->repo, take_ref, l, l->err);
	hgt_tips_sort(&l->pull->ours);
	hgt_tips_sort(&l->pull->slots);
	hgt_tips_sort(&l->pull->came);
	return code;
}

static int index_ids(struct look *l)
{
	const struct hgt_tips *lists[] = {&l->pull->ours, &l->pull->slots};

	hgt_map_clear(&l->ids);
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < lists[k]->n; i++)
			if (hgt_map_put(&l->ids, lists[k]->items[i].id, HGT_OID_HEX, l, NULL) < 0)
				return hgt_error_nomem(l->err);
	return 0;
}

/* All that is reachable from it is here: a ref has it. */
static bool is_here(const struct look *l, const char *id)
{
	return hgt_map_get(&l->ids, id, HGT_OID_HEX) != NULL;
}

static bool is_followed(const struct pull *pull, const char *ref)
{
	return !hgt_ref_is_own(ref) && hgt_glob_match_any(pull->mirror->refs.items, pull->mirror->refs.n, ref);
}

static int lack(struct look *l, struct hgt_map *map, const char *ref, const char *why)
{
	return hgt_map_put(map, ref, strlen(ref), (void *)(uintptr_t)why, NULL) < 0 ? hgt_error_nomem(l->err) : 0;
}

static int need(struct look *l, struct hgt_map *asked, const struct hgt_tip *tip)
{
	struct pull *pull = l->pull;
	const struct pull_row *row = pull_row(pull, tip->ref);

	/* It was refused, and is no better now. */
	if (row && row->state == HGT_COPY_REF_REFUSED && !pull->judge_again && strcmp(row->theirs, tip->id) == 0)
		return lack(l, &pull->refused, tip->ref, row->note);
	if (hgt_map_get(asked, tip->id, HGT_OID_HEX))
		return 0;
	if (pull->n_needs == pull->needs_room && grow((void **)&pull->needs, &pull->needs_room, sizeof(*pull->needs)) < 0)
		return hgt_error_nomem(l->err);
	pull->needs[pull->n_needs] = (struct pull_need){.tip = (size_t)(tip - pull->theirs.items), .ref = tip->ref,
		.id = keep(pull, tip->id)};
	if (!pull->needs[pull->n_needs++].id)
		return hgt_error_nomem(l->err);
	return hgt_map_put(asked, tip->id, HGT_OID_HEX, l, NULL) < 0 ? hgt_error_nomem(l->err) : 0;
}

/* What upstream has and no ref here does. */
static int find_needs(struct look *l)
{
	struct pull *pull = l->pull;
	struct hgt_map asked = HGT_MAP_INIT;
	int code = 0;

	for (size_t i = 0; i < pull->theirs.n && code == 0; i++) {
		const struct hgt_tip *tip = &pull->theirs.items[i];
		const char *ours = hgt_tips_find(&pull->ours, tip->ref);

		if (is_followed(pull, tip->ref) && (!ours || strcmp(ours, tip->id) != 0) && !is_here(l, tip->id))
			code = need(l, &asked, tip);
	}
	hgt_map_release(&asked);
	return code;
}

/* What came: a ref may have moved between the list and the fetch. Then it has gone to where it was fetched. */
static int take_fetched(struct look *l)
{
	struct pull *pull = l->pull;
	struct hgt_map failed = HGT_MAP_INIT;
	int code = 0;

	for (size_t i = 0; i < pull->n_needs && code == 0; i++) {
		const struct pull_need *need = &pull->needs[i];
		const char *got = hgt_tips_find(&pull->slots, need->id);

		if (got)
			memcpy(pull->theirs.items[need->tip].id, got, HGT_OID_HEX);
		if (!got && need->failed && hgt_map_put(&failed, need->id, HGT_OID_HEX, (void *)(uintptr_t)need, NULL) < 0)
			code = hgt_error_nomem(l->err);
	}
	for (size_t i = 0; i < pull->theirs.n && code == 0; i++) {
		const struct hgt_tip *tip = &pull->theirs.items[i];
		const char *ours = hgt_tips_find(&pull->ours, tip->ref);
		const struct pull_need *need = hgt_map_get(&failed, tip->id, HGT_OID_HEX);

		if (!is_followed(pull, tip->ref) || (ours && strcmp(ours, tip->id) == 0) || is_here(l, tip->id) ||
			hgt_map_get(&pull->refused, tip->ref, strlen(tip->ref)))
			continue;
		code = lack(l, need && need->refused ? &pull->refused : &pull->late, tip->ref,
			need ? need->failed : hgt_tips_find(&pull->slots, tip->id) ? overtaken : missing);
	}
	hgt_map_release(&failed);
	return code;
}

static int ask_contains(void *ctx, const char *id, const char *ancestor, struct hgt_error *err)
{
	return hgt_repo_contains(((struct look *)ctx)->repo, id, ancestor, err);
}

static int ask_related(void *ctx, const char *const *theirs, size_t n_theirs, const char *const *ours, size_t n_ours,
	struct hgt_error *err)
{
	return hgt_repo_related(((struct look *)ctx)->repo, theirs, n_theirs, ours, n_ours, err);
}

static int ask_came(void *ctx, const char *id, struct hgt_error *err)
{
	(void)err;
	return hgt_tips_find(&((struct look *)ctx)->pull->came, id) != NULL;
}

static const char *ask_unfit(void *ctx, const char *ref, const char *id)
{
	struct look *l = ctx;
	const char *why = hgt_map_get(&l->pull->refused, ref, strlen(ref));
	struct hgt_buf real = HGT_BUF_INIT;
	char commit[HGT_OID_HEX + 1];

	if (!why)
		why = hgt_map_get(&l->pull->late, ref, strlen(ref));
	if (why)
		return why;
	if (strncmp(ref, "refs/heads/", strlen("refs/heads/")) == 0 &&
		(hgt_repo_commit(l->repo, id, commit, NULL) < 0 || strcmp(commit, id) != 0))
		return "what upstream has there is no commit, and a branch is one";
	if (hgt_repo_real_ref(l->repo, ref, &real, NULL) < 0 || strcmp(real.data, ref) != 0)
		why = "here it is a symbolic ref, which a mirror does not move; delete it here";
	hgt_buf_release(&real);
	return why;
}

static const char *ask_refused(void *ctx, const struct hgt_pull_item *item)
{
	const struct pull *pull = ((struct look *)ctx)->pull;
	const struct pull_row *row = pull->mirror->gate && !pull->judge_again ? pull_row(pull, item->ref) : NULL;

	return row && row->state == HGT_COPY_REF_REFUSED && strcmp(row->theirs, item->theirs) == 0 && strcmp(row->ours, item->ours) == 0 ?
		row->note : NULL;
}

/* What is not here yet is no refusal: it is tried again. */
static void mend_plan(const struct look *l)
{
	for (size_t i = 0; i < l->pull->plan.n; i++) {
		struct hgt_pull_item *item = &l->pull->plan.items[i];

		if (item->what == HGT_PULL_LEAVE && item->state == HGT_COPY_REF_REFUSED &&
			hgt_map_get(&l->pull->late, item->ref, strlen(item->ref)))
			item->state = HGT_COPY_REF_BEHIND;
	}
}

/* A slot is needed while what it has brought is not published, or is but the journal does not know that yet. */
static int find_stale(struct look *l)
{
	struct pull *pull = l->pull;
	struct hgt_map needed = HGT_MAP_INIT;
	int code = 0;

	hgt_buf_reset(&pull->stale);
	for (size_t i = 0; i < pull->plan.n && code == 0 && pull->slots.n; i++) {
		const struct hgt_pull_item *item = &pull->plan.items[i];

		if (hgt_pull_moves(item) || item->what == HGT_PULL_LEAVE) {
			if (hgt_map_put(&needed, item->theirs, strlen(item->theirs), l, NULL) < 0)
				code = hgt_error_nomem(l->err);
		}
		if (code == 0 && strcmp(item->ours, item->known) != 0 && hgt_map_put(&needed, item->ours, strlen(item->ours), l, NULL) < 0)
			code = hgt_error_nomem(l->err);
	}
	for (size_t i = 0; i < pull->slots.n && code == 0; i++) {
		const struct hgt_tip *slot = &pull->slots.items[i];

		if (hgt_map_get(&needed, slot->id, HGT_OID_HEX))
			continue;
		hgt_buf_addf(&pull->stale, "%s%s", pull->incoming, slot->ref);
		hgt_buf_add(&pull->stale, "", 1);
		hgt_buf_add(&pull->stale, slot->id, HGT_OID_HEX + 1);
	}
	hgt_map_release(&needed);
	return code < 0 ? code : hgt_buf_check(&pull->stale, l->err);
}

static int make_plan(struct look *l)
{
	struct pull *pull = l->pull;
	const struct hgt_pull ask = {.theirs = &pull->theirs, .ours = &pull->ours, .known = &pull->known, .refs = &pull->mirror->refs,
		.on_force = pull->mirror->on_force, .on_delete = pull->mirror->on_delete, .guard = pull->mirror->guard, .accept = pull->accept,
		.asks = {ask_contains, ask_related, ask_came, ask_unfit, ask_refused, l}};
	int code;

	hgt_pull_plan_release(&pull->plan);
	code = hgt_pull_plan_make(&ask, &pull->plan, l->err);
	if (code == 0) {
		mend_plan(l);
		code = find_stale(l);
	}
	pull->planned = code == 0;
	return code;
}

static int look(struct look *l)
{
	struct pull *pull = l->pull;
	int code = 0;

	if (!pull->rows_read) {
		code = read_rows(pull, l->err);
		if (code == 0)
			code = pull_clear_locks(pull, l->err);
	}
	if (code == 0)
		code = hgt_repo_pool_get(pull->pool, pull->path, &l->repo, l->err);
	if (code == 0)
		code = list_ours(l);
	if (code == 0)
		code = index_ids(l);
	if (code < 0)
		return code;
	code = hgt_repo_hides(l->repo, PULL_HIDDEN, l->err);
	pull->hidden = code == 1;
	if (code >= 0)
		code = pull->fetched ? take_fetched(l) : find_needs(l);
	if (code == 0 && (pull->fetched || !pull->n_needs))
		code = make_plan(l);
	return code < 0 || !pull->planned ? code : pull_note(pull, l->err);
}

void pull_look(void *arg)
{
	struct pull *pull = arg;
	struct look l = {.pull = pull, .err = &pull->err};

	pull->code = look(&l);
	hgt_repo_pool_put(pull->pool, l.repo);
	hgt_map_release(&l.ids);
}
