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
	return true;
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
}

/* Both lists are in order of name: walked side by side. */
struct walk {
	struct compare *compare;
	struct moves *moves;
	struct hgt_error *err;
	size_t at;	/* in the repository's list */
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

/* The refs of the repository that come before `name` (NULL: all that are left) are new to the journal. */
static int take_new(struct walk *w, const char *name)
{
	int code = 0;

	for (; w->at < w->compare->n && code == 0; w->at++) {
		const struct listed_ref *listed = &w->compare->refs[w->at];

		if (name && strcmp(listed->name, name) >= 0)
			break;
		code = differs(w, listed->name, ZERO_ID, listed->id);
		if (code != 0)
			break;
	}
	return code;
}

static int known_ref(void *ctx, const char *repo, const char *ref, const char *id, uint64_t seq)
{
	struct walk *w = ctx;
	const struct listed_ref *listed;
	int code = take_new(w, ref);

	(void)repo, (void)seq;
	w->compare->unknown = false;
	if (code != 0)
		return code;
	listed = w->at < w->compare->n ? &w->compare->refs[w->at] : NULL;
	if (!listed || strcmp(listed->name, ref) != 0)
		return differs(w, ref, id, ZERO_ID);
	w->at++;
	return strcmp(listed->id, id) == 0 ? 0 : differs(w, ref, id, listed->id);
}

int compare_with(struct compare *compare, struct hgt_journal *journal, const char *repo, struct moves *moves, struct hgt_error *err)
{
	struct walk w = {.compare = compare, .moves = moves, .err = err};
	int code;

	compare->unknown = true;
	code = hgt_journal_refs(journal, repo, known_ref, &w, err);
	if (code == 0 && !compare->more)
		code = take_new(&w, NULL);
	return code < 0 ? code : 0;
}
