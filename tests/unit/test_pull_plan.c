/* lib/mirror/pull_plan: what becomes of each ref, under each policy; the guard; names in each other's way; all combinations keep what they
 * must. */
#include "mirror/pull_plan.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

/*
 * Commits are letters, an id is one forty times. History: a <- b <- c <- e, and b <- d: c and d are in each other's way. x <- y is
 * another one.
 * "0" stands for none.
 */
static const char *const parents[26] = {['b' - 'a'] = "a", ['c' - 'a'] = "ab", ['d' - 'a'] = "ab",
	['e' - 'a'] = "abc", ['y' - 'a'] = "x"};

struct world {
	struct hgt_tips theirs, ours, known;
	const char *came;	/* letters that incoming refs have */
	const char *unfit, *refused;	/* a ref */
	struct hgt_pull pull;
	struct hgt_pull_plan plan;
	struct hgt_error err;
};

static int contains(void *ctx, const char *id, const char *ancestor, struct hgt_error *err)
{
	const char *all = *id >= 'a' && *id <= 'z' ? parents[*id - 'a'] : NULL;

	(void)ctx, (void)err;
	return *id == *ancestor || (all && strchr(all, *ancestor));
}

static bool is_other(char c)
{
	return c == 'x' || c == 'y';
}

static int related(void *ctx, const char *const *theirs, size_t n_theirs, const char *const *ours, size_t n_ours,
	struct hgt_error *err)
{
	(void)ctx, (void)err;
	for (size_t i = 0; i < n_theirs; i++)
		for (size_t k = 0; k < n_ours; k++)
			if (is_other(*theirs[i]) == is_other(*ours[k]))
				return 1;
	return 0;
}

static int came(void *ctx, const char *id, struct hgt_error *err)
{
	const struct world *w = ctx;

	(void)err;
	return w->came && strchr(w->came, *id) != NULL;
}

static const char *unfit(void *ctx, const char *ref, const char *id)
{
	const struct world *w = ctx;

	(void)id;
	return w->unfit && strcmp(w->unfit, ref) == 0 ? "it does not fit" : NULL;
}

static const char *refused(void *ctx, const struct hgt_pull_item *item)
{
	const struct world *w = ctx;

	return w->refused && strcmp(w->refused, item->ref) == 0 ? "it was refused" : NULL;
}

static char *pattern_list[] = {(char *)(uintptr_t)"refs/heads/**", (char *)(uintptr_t)"refs/tags/**"};
static const struct hgt_strings patterns = {pattern_list, 2};
static char *everything_list[] = {(char *)(uintptr_t)"**"};
static const struct hgt_strings everything = {everything_list, 1};

static void world_init(struct world *w)
{
	*w = (struct world){.pull = {.refs = &patterns, .guard = 100}};
	w->pull.theirs = &w->theirs;
	w->pull.ours = &w->ours;
	w->pull.known = &w->known;
	w->pull.asks = (struct hgt_pull_asks){contains, related, came, unfit, refused, w};
}

static void world_release(struct world *w)
{
	hgt_pull_plan_release(&w->plan);
	hgt_tips_release(&w->theirs);
	hgt_tips_release(&w->ours);
	hgt_tips_release(&w->known);
}

static void put(struct hgt_tips *tips, const char *ref, char letter)
{
	char id[41];

	memset(id, letter, 40);
	id[40] = '\0';
	if (letter != '0')
		assert_int_equal(hgt_tips_add(tips, ref, id, NULL), 0);
}

/* A ref, by letters: upstream's, ours, known. */
static void has(struct world *w, const char *ref, const char *letters)
{
	put(&w->theirs, ref, letters[0]);
	put(&w->ours, ref, letters[1]);
	put(&w->known, ref, letters[2]);
}

static void plan(struct world *w)
{
	hgt_tips_sort(&w->theirs);
	hgt_tips_sort(&w->ours);
	hgt_tips_sort(&w->known);
	assert_int_equal(hgt_pull_plan_make(&w->pull, &w->plan, &w->err), 0);
}

static const struct hgt_pull_item *of(const struct world *w, const char *ref)
{
	for (size_t i = 0; i < w->plan.n; i++)
		if (strcmp(w->plan.items[i].ref, ref) == 0)
			return &w->plan.items[i];
	return NULL;
}

#define MAIN "refs/heads/main"
#define STILL "refs/heads/still"	/* in step, so that nobody is taken for a stranger */

static void one_ref(void **state)
{
	static const struct {
		const char *letters;	/* upstream, ours, known */
		enum hgt_pull_what what;
		enum hgt_copy_ref_state state;
	} cases[] = {
		{"aaa", HGT_PULL_IN_STEP, 0}, {"aa0", HGT_PULL_IN_STEP, 0}, {"ccb", HGT_PULL_IN_STEP, 0},
		{"00a", HGT_PULL_FORGET, 0},
		{"a00", HGT_PULL_CREATE, 0}, {"a0a", HGT_PULL_CREATE, 0},
		{"baa", HGT_PULL_FORWARD, 0}, {"ca0", HGT_PULL_FORWARD, 0},
		/* Moved back here: nothing is lost by going forward. */
		{"bab", HGT_PULL_FORWARD, 0}, {"cab", HGT_PULL_FORWARD, 0},
		{"abb", HGT_PULL_FORCE, 0}, {"dcc", HGT_PULL_FORCE, 0},
		{"0aa", HGT_PULL_DELETE, 0},
		/* Only here: none of the mirror's business. */
		{"0a0", HGT_PULL_IN_STEP, 0},
		/* Moved here. */
		{"bcb", HGT_PULL_LEAVE, HGT_COPY_REF_DIVERGED}, {"dcb", HGT_PULL_LEAVE, HGT_COPY_REF_DIVERGED},
		{"ab0", HGT_PULL_LEAVE, HGT_COPY_REF_DIVERGED}, {"dc0", HGT_PULL_LEAVE, HGT_COPY_REF_DIVERGED},
		{"0cb", HGT_PULL_LEAVE, HGT_COPY_REF_DIVERGED},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct world w;
		const struct hgt_pull_item *item;

		world_init(&w);
		has(&w, MAIN, cases[i].letters);
		has(&w, STILL, "aaa");
		plan(&w);
		item = of(&w, MAIN);
		assert_non_null(item);
		if (item->what != cases[i].what)
			fail_msg("%s: %d, not %d", cases[i].letters, item->what, cases[i].what);
		if (item->what == HGT_PULL_LEAVE) {
			assert_int_equal(item->state, cases[i].state);
			assert_true(*item->note);
		}
		assert_int_equal(item->keep, item->what == HGT_PULL_FORCE || item->what == HGT_PULL_DELETE);
		world_release(&w);
	}
}

static void rules(void **state)
{
	static const struct {
		const char *letters;
		enum hgt_mirror_rule rule;
		bool accept;
		enum hgt_pull_what what;
		bool keep;
	} cases[] = {
		{"abb", HGT_MIRROR_KEEP, false, HGT_PULL_FORCE, true}, {"abb", HGT_MIRROR_FOLLOW, false, HGT_PULL_FORCE, false},
		{"abb", HGT_MIRROR_STOP, false, HGT_PULL_LEAVE, false}, {"abb", HGT_MIRROR_STOP, true, HGT_PULL_FORCE, true},
		{"abb", HGT_MIRROR_FOLLOW, true, HGT_PULL_FORCE, true},
		{"0bb", HGT_MIRROR_KEEP, false, HGT_PULL_DELETE, true}, {"0bb", HGT_MIRROR_FOLLOW, false, HGT_PULL_DELETE, false},
		{"0bb", HGT_MIRROR_STOP, false, HGT_PULL_LEAVE, false}, {"0bb", HGT_MIRROR_STOP, true, HGT_PULL_DELETE, true},
		/* What was made here is never given up by a rule, and never without being kept. */
		{"bcb", HGT_MIRROR_FOLLOW, false, HGT_PULL_LEAVE, false}, {"bcb", HGT_MIRROR_FOLLOW, true, HGT_PULL_FORCE, true},
		{"0cb", HGT_MIRROR_FOLLOW, false, HGT_PULL_LEAVE, false}, {"0cb", HGT_MIRROR_FOLLOW, true, HGT_PULL_DELETE, true},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct world w;
		const struct hgt_pull_item *item;

		world_init(&w);
		w.pull.on_force = w.pull.on_delete = cases[i].rule;
		w.pull.accept = cases[i].accept;
		has(&w, MAIN, cases[i].letters);
		has(&w, STILL, "aaa");
		plan(&w);
		item = of(&w, MAIN);
		if (item->what != cases[i].what || item->keep != cases[i].keep)
			fail_msg("%s, rule %d, accept %d: %d keep %d", cases[i].letters, cases[i].rule, cases[i].accept, item->what, item->keep);
		world_release(&w);
	}
}

/* A turn was cut when refs had moved and the journal did not know yet: what is here had come from upstream. */
static void cut_turn(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.came = "c";
	has(&w, MAIN, "dcb");
	has(&w, "refs/heads/gone", "0cb");
	has(&w, STILL, "aaa");
	plan(&w);
	assert_int_equal(of(&w, MAIN)->what, HGT_PULL_FORCE);
	assert_true(of(&w, MAIN)->keep);
	assert_int_equal(of(&w, "refs/heads/gone")->what, HGT_PULL_DELETE);
	world_release(&w);
}

/* Each combination of upstream, ours, known, rules and accept: whatever moves is kept unless a rule says follow, it is contained, or
 * nothing is there. */
static void nothing_is_lost(void **state)
{
	static const char letters[] = "0abcdexy";
	const size_t n = sizeof(letters) - 1;
	size_t lost = 0;

	(void)state;
	for (size_t k = 0; k < n * n * n * 9 * 2; k++) {
		const char of_ref[] = {letters[k % n], letters[k / n % n], letters[k / n / n % n], '\0'};
		size_t rest = k / n / n / n;
		const struct hgt_pull_item *item;
		struct world w;

		world_init(&w);
		w.pull.on_force = (enum hgt_mirror_rule)(rest % 3);
		w.pull.on_delete = (enum hgt_mirror_rule)(rest / 3 % 3);
		w.pull.accept = rest / 9;
		has(&w, MAIN, of_ref);
		has(&w, STILL, "aaa");
		plan(&w);
		item = of(&w, MAIN);
		if (!item || !hgt_pull_moves(item) || !*item->ours || item->keep || contains(NULL, item->theirs, item->ours, NULL)) {
			world_release(&w);
			continue;
		}
		lost++;
		assert_string_equal(item->ours, item->known);
		assert_false(w.pull.accept);
		assert_int_equal(item->what == HGT_PULL_DELETE ? w.pull.on_delete : w.pull.on_force, HGT_MIRROR_FOLLOW);
		world_release(&w);
	}
	assert_true(lost > 0);
}

static void many(struct world *w, size_t n, const char *letters, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		char ref[64];

		snprintf(ref, sizeof(ref), "refs/heads/%s%zu", name, i);
		has(w, ref, letters);
	}
}

static void guarded(void **state)
{
	static const struct {
		size_t same, gone, forced;
		unsigned guard;
		bool accept, held;
	} cases[] = {
		{8, 2, 0, 20, false, false}, {8, 0, 2, 20, false, false}, {8, 1, 1, 20, false, false}, {7, 3, 0, 20, false, true},
		{7, 1, 2, 20, false, true}, {7, 1, 2, 20, true, false}, {7, 1, 2, 100, false, false}, {1, 9, 0, 100, false, false},
		/* One always may, two of two not. */
		{1, 1, 0, 0, false, false}, {1, 0, 1, 0, false, false}, {1, 1, 1, 0, false, true},
		{98, 2, 0, 1, false, true}, {198, 2, 0, 1, false, false},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct world w;

		world_init(&w);
		w.pull.guard = cases[i].guard;
		w.pull.accept = cases[i].accept;
		many(&w, cases[i].same, "aaa", "same");
		many(&w, cases[i].gone, "0aa", "gone");
		many(&w, cases[i].forced, "abb", "forced");
		has(&w, "refs/heads/new", "b00");
		has(&w, "refs/heads/next", "b00");
		plan(&w);
		if (!!w.plan.held != cases[i].held)
			fail_msg("case %zu: held: %s", i, w.plan.held ? w.plan.held : "no");
		/* Nothing moves, what is new included. */
		for (size_t k = 0; k < w.plan.n && cases[i].held; k++)
			assert_false(hgt_pull_moves(&w.plan.items[k]));
		assert_int_equal(of(&w, "refs/heads/new")->what, cases[i].held ? HGT_PULL_LEAVE : HGT_PULL_CREATE);
		if (cases[i].held)
			assert_int_equal(of(&w, "refs/heads/new")->state, HGT_COPY_REF_HELD);
		world_release(&w);
	}
}

/* One that the gate has refused does not move, so it is none of those that the guard counts. */
static void refused_before(void **state)
{
	static const char *const letters[] = {"baa", "abb", "0aa", "a00"};

	(void)state;
	for (size_t i = 0; i < N_OF(letters); i++) {
		struct world w;

		world_init(&w);
		w.pull.guard = 0;
		w.refused = MAIN;
		has(&w, MAIN, letters[i]);
		has(&w, "refs/heads/gone", "0aa");
		has(&w, STILL, "aaa");
		plan(&w);
		assert_null(w.plan.held);
		assert_int_equal(of(&w, MAIN)->what, HGT_PULL_LEAVE);
		assert_int_equal(of(&w, MAIN)->state, HGT_COPY_REF_REFUSED);
		assert_string_equal(of(&w, MAIN)->note, "it was refused");
		assert_false(of(&w, MAIN)->keep);
		assert_int_equal(of(&w, "refs/heads/gone")->what, HGT_PULL_DELETE);
		world_release(&w);
	}
}

static void emptied(void **state)
{
	struct world w;

	(void)state;
	/* One ref, and the guard lets all: it is no less empty. */
	world_init(&w);
	has(&w, MAIN, "0aa");
	w.pull.on_delete = HGT_MIRROR_FOLLOW;
	plan(&w);
	assert_non_null(w.plan.held);
	assert_int_equal(of(&w, MAIN)->state, HGT_COPY_REF_HELD);
	world_release(&w);
	world_init(&w);
	has(&w, MAIN, "0aa");
	w.pull.accept = true;
	plan(&w);
	assert_null(w.plan.held);
	assert_int_equal(of(&w, MAIN)->what, HGT_PULL_DELETE);
	assert_true(of(&w, MAIN)->keep);
	world_release(&w);
	/* Neither side ever had any, or only ours. */
	world_init(&w);
	has(&w, MAIN, "0a0");
	plan(&w);
	assert_null(w.plan.held);
	world_release(&w);
	/* A repository whose refs match no pattern has none. */
	world_init(&w);
	has(&w, MAIN, "0aa");
	has(&w, "refs/pull/1", "a00");
	plan(&w);
	assert_non_null(w.plan.held);
	assert_null(of(&w, "refs/pull/1"));
	world_release(&w);
}

static void stranger(void **state)
{
	static const struct {
		const char *main, *other;
		bool held;
	} cases[] = {
		{"xaa", NULL, true}, {"ybb", "xaa", true}, {"xaa", "aaa", false}, {"xaa", "baa", false}, {"caa", NULL, false},
		{"dcc", NULL, false},
		/* The branch has another name now, in the same history, and in another one. */
		{"0aa", "b00", false}, {"0aa", "x00", true},
		/* The first contact. */
		{"x00", NULL, false}, {"xa0", NULL, true}, {"0a0", "x00", true}, {"0a0", "b00", false},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct world w;

		world_init(&w);
		w.pull.on_force = w.pull.on_delete = HGT_MIRROR_FOLLOW;
		has(&w, MAIN, cases[i].main);
		if (cases[i].other)
			has(&w, "refs/heads/other", cases[i].other);
		plan(&w);
		if (!!w.plan.held != cases[i].held)
			fail_msg("%s %s: held: %s", cases[i].main, cases[i].other, w.plan.held ? w.plan.held : "no");
		world_release(&w);
		world_init(&w);
		w.pull.accept = true;
		has(&w, MAIN, cases[i].main);
		plan(&w);
		assert_null(w.plan.held);
		world_release(&w);
	}
}

static void names_in_the_way(void **state)
{
	static const struct {
		const char *old, *old_letters, *fresh;
		enum hgt_pull_what what;
		bool deletes_first;
	} cases[] = {
		{"refs/heads/a", "0aa", "refs/heads/a/b", HGT_PULL_CREATE, true},
		{"refs/heads/a/b", "0aa", "refs/heads/a", HGT_PULL_CREATE, true},
		{"refs/heads/a/b/c", "0aa", "refs/heads/a", HGT_PULL_CREATE, true},
		{"refs/heads/a", "0aa", "refs/heads/ab", HGT_PULL_CREATE, false},
		/* Only here, moved here, still there. */
		{"refs/heads/a", "0a0", "refs/heads/a/b", HGT_PULL_LEAVE, false},
		{"refs/heads/a/b", "0a0", "refs/heads/a", HGT_PULL_LEAVE, false},
		{"refs/heads/a", "0cb", "refs/heads/a/b", HGT_PULL_LEAVE, false},
		{"refs/heads/a", "aaa", "refs/heads/a/b", HGT_PULL_LEAVE, false},
		{"refs/heads/a", "a00", "refs/heads/a/b", HGT_PULL_LEAVE, false},
		{"refs/heads/a", "a00", "refs/heads/a-b", HGT_PULL_CREATE, false},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct hgt_pull_item *fresh;
		struct world w;

		world_init(&w);
		has(&w, cases[i].old, cases[i].old_letters);
		has(&w, cases[i].fresh, "a00");
		has(&w, STILL, "aaa");
		plan(&w);
		fresh = of(&w, cases[i].fresh);
		if (fresh->what != cases[i].what || w.plan.deletes_first != cases[i].deletes_first)
			fail_msg("%s %s: %d %d", cases[i].old, cases[i].fresh, fresh->what, w.plan.deletes_first);
		if (fresh->what == HGT_PULL_LEAVE)
			assert_non_null(strstr(fresh->note, cases[i].old));
		world_release(&w);
	}
}

static void not_followed(void **state)
{
	struct hgt_buf longest = HGT_BUF_INIT;
	struct world w;

	(void)state;
	world_init(&w);
	w.pull.refs = &everything;
	has(&w, "refs/headgate/kept/heads/main/x", "a00");
	has(&w, "refs/headgate/incoming/y", "0a0");
	has(&w, "refs/notes/x", "a00");
	has(&w, "refs/heads/blob", "a00");
	hgt_buf_adds(&longest, "refs/heads/");
	for (size_t i = 0; i <= HGT_PULL_PART_MAX; i++)
		hgt_buf_addc(&longest, 'n');
	has(&w, longest.data, "a00");
	has(&w, STILL, "aaa");
	w.unfit = "refs/heads/blob";
	plan(&w);
	assert_null(of(&w, "refs/headgate/kept/heads/main/x"));
	assert_null(of(&w, "refs/headgate/incoming/y"));
	assert_int_equal(of(&w, "refs/notes/x")->what, HGT_PULL_CREATE);
	assert_int_equal(of(&w, "refs/heads/blob")->what, HGT_PULL_LEAVE);
	assert_int_equal(of(&w, "refs/heads/blob")->state, HGT_COPY_REF_REFUSED);
	assert_string_equal(of(&w, "refs/heads/blob")->note, "it does not fit");
	assert_int_equal(of(&w, longest.data)->what, HGT_PULL_LEAVE);
	world_release(&w);
	/* What is followed no more is forgotten, and stays. */
	world_init(&w);
	has(&w, "refs/pull/1", "0aa");
	has(&w, STILL, "aaa");
	plan(&w);
	assert_int_equal(of(&w, "refs/pull/1")->what, HGT_PULL_FORGET);
	world_release(&w);
	hgt_buf_release(&longest);
}

static void twice(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	has(&w, MAIN, "aaa");
	put(&w.theirs, MAIN, 'b');
	hgt_tips_sort(&w.theirs);
	assert_int_equal(hgt_pull_plan_make(&w.pull, &w.plan, &w.err), HGT_EPARSE);
	assert_non_null(strstr(w.err.message, MAIN));
	world_release(&w);
}

static void no_memory(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.pull.guard = 0;
	many(&w, 100, "abb", "forced");
	has(&w, "refs/heads/a", "0a0");
	has(&w, "refs/heads/a/b", "a00");
	has(&w, STILL, "aaa");
	plan(&w);
	for (long n = 1;; n++) {
		int code;

		hgt_pull_plan_release(&w.plan);
		fail_alloc_at(n);
		code = hgt_pull_plan_make(&w.pull, &w.plan, &w.err);
		if (!fail_alloc_off())
			break;
		assert_int_equal(code, HGT_ENOMEM);
	}
	assert_non_null(w.plan.held);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_ref), cmocka_unit_test(rules), cmocka_unit_test(cut_turn), cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(guarded), cmocka_unit_test(refused_before), cmocka_unit_test(emptied), cmocka_unit_test(stranger),
		cmocka_unit_test(names_in_the_way),
		cmocka_unit_test(not_followed), cmocka_unit_test(twice), cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
