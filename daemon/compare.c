/* A repository's refs against what the journal knows of them. */
#include "daemon/compare.h"

#include "git/repository_pool.h"

#define ZERO_ID "0000000000000000000000000000000000000000"

struct listed_ref {
	const char *name;
	char id[HGT_OID_HEX + 1];
};

bool compare_takes_ref(const char *ref)
{
	/* GitLab keeps objects alive through these. */
	static const char *const internal[] = {"refs/keep-around/", "refs/environments/", "refs/pipelines/", "refs/tmp/"};

	for (size_t i = 0; i < sizeof(internal) / sizeof(*internal); i++)
		if (strncmp(ref, internal[i], strlen(internal[i])) == 0)
			return false;
	return !hgt_ref_is_own(ref);
}

struct listing {
	struct compare *compare;
	size_t cap;
};

static int list_ref(void *ctx, const char *ref, const char *id)
{
	struct listing *l = ctx;
	struct compare *c = l->compare;
	struct listed_ref *listed;

	if (!compare_takes_ref(ref))
		return 0;
	if (c->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct listed_ref *refs = hgt_arena_array(&c->arena, cap, sizeof(*refs));

		if (!refs)
			return HGT_ENOMEM;
		if (c->n)
			memcpy(refs, c->refs, c->n * sizeof(*refs));
		c->refs = refs;
		l->cap = cap;
	}
	listed = &c->refs[c->n];
	listed->name = hgt_arena_strndup(&c->arena, ref, strlen(ref));
	if (!listed->name)
		return HGT_ENOMEM;
	snprintf(listed->id, sizeof(listed->id), "%s", id);
	c->n++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct listed_ref *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int compare_list(struct compare *compare, struct hgt_repo_pool *pool, const char *path, struct hgt_error *err)
{
	struct listing listing = {.compare = compare};
	struct hgt_repo *repo = NULL;
	int code = hgt_repo_pool_get(pool, path, &repo, err);

	if (code == 0) {
		code = hgt_repo_refs(repo, list_ref, &listing, err);
		if (code == HGT_ENOMEM)
			hgt_error_nomem(err);
	}
	hgt_repo_pool_put(pool, repo);
	if (code == 0 && compare->n > 0)
		qsort(compare->refs, compare->n, sizeof(*compare->refs), by_name);
	return code;
}

void compare_release(struct compare *compare)
{
	hgt_arena_release(&compare->arena);
	hgt_buf_release(&compare->after);
}

/* Both lists are in order of name: walked side by side. */
struct walk {
	struct compare *compare;
	const char *repo;
	struct moves *moves;
	struct hgt_error *err;
};

/* 0, 1 when enough have been found, or negative. */
static int differs(struct walk *w, const char *ref, const char *old_id, const char *new_id)
{
	if (w->moves->n == COMPARE_MOVES_MAX) {
		w->compare->more = true;
		return 1;
	}
	return moves_add(w->moves, ref, old_id, new_id, w->err);
}

/* The next round begins behind this ref. */
static int come_to(struct walk *w, const char *ref)
{
	hgt_buf_reset(&w->compare->after);
	hgt_buf_adds(&w->compare->after, ref);
	return hgt_buf_check(&w->compare->after, w->err);
}

/* The refs of the repository that come before `name` (NULL: all that are left) are new to the journal. */
static int take_new(struct walk *w, const char *name)
{
	struct compare *c = w->compare;
	int code = 0;

	while (c->at < c->n && (!name || strcmp(c->refs[c->at].name, name) < 0) && code == 0) {
		code = differs(w, c->refs[c->at].name, ZERO_ID, c->refs[c->at].id);
		if (code == 0)
			code = come_to(w, c->refs[c->at++].name);
	}
	return code;
}

static int known_ref(void *ctx, const char *repo, const char *ref, const char *id, uint64_t seq)
{
	struct walk *w = ctx;
	struct compare *c = w->compare;
	const struct listed_ref *listed;
	int code;

	(void)seq;
	/* The journal goes on with the next repository. */
	if (strcmp(repo, w->repo) != 0)
		return 1;
	c->unknown = false;
	code = take_new(w, ref);
	if (code != 0)
		return code;
	listed = c->at < c->n && strcmp(c->refs[c->at].name, ref) == 0 ? &c->refs[c->at] : NULL;
	if (!listed || strcmp(listed->id, id) != 0)
		code = differs(w, ref, id, listed ? listed->id : ZERO_ID);
	if (code != 0)
		return code;
	c->at += listed != NULL;
	return come_to(w, ref);
}

int compare_with(struct compare *compare, struct hgt_journal *journal, const char *repo, struct moves *moves, struct hgt_error *err)
{
	struct walk w = {.compare = compare, .repo = repo, .moves = moves, .err = err};
	int code;

	compare->more = false;
	compare->unknown = true;
	code = hgt_journal_refs_after(journal, repo, compare->after.data, known_ref, &w, err);
	if (code == 0 && !compare->more)
		code = take_new(&w, NULL);
	return code < 0 ? code : 0;
}
