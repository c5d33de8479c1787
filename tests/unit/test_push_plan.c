/* What a push mirror has to do, from what is here, what is there and what is known of both. */
#include "mirror/push_plan.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

/* Commits by a letter: b has a, c has both; x has a alone. */
static const char *id(char letter)
{
	static const char *const ids[] = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
		"cccccccccccccccccccccccccccccccccccccccc", "dddddddddddddddddddddddddddddddddddddddd"};

	return letter == '-' ? "" : letter == 'x' ? ids[3] : ids[letter - 'a'];
}

static int contains(void *ctx, const char *tip, const char *ancestor, struct hgt_error *err)
{
	if (ctx && *(int *)ctx < 0)
		return hgt_error_set(err, *(int *)ctx, "no");
	return tip[0] == ancestor[0] || (tip[0] == 'd' ? ancestor[0] == 'a' : ancestor[0] != 'd' && ancestor[0] < tip[0]);
}

static bool belongs(void *ctx, const char *ref)
{
	(void)ctx;
	return strncmp(ref, "refs/other/", 11) != 0;
}

static void known_set(struct hgt_push_known *known, const char *ref, const char *ids, enum hgt_copy_ref_state state)
{
	*known = (struct hgt_push_known){.ref = strdup(ref), .state = state, .since_ms = 7};
	assert_non_null(known->ref);
	snprintf(known->id, sizeof(known->id), "%s", id(ids[0]));
	snprintf(known->theirs, sizeof(known->theirs), "%s", id(ids[1]));
	snprintf(known->ours, sizeof(known->ours), "%s", id(ids[2]));
}

#define IN_STEP HGT_COPY_REF_IN_STEP
#define BEHIND HGT_COPY_REF_BEHIND
#define DIVERGED HGT_COPY_REF_DIVERGED
#define HELD HGT_COPY_REF_HELD
#define REFUSED HGT_COPY_REF_REFUSED

static void judges_each_ref(void **state)
{
	static const struct {
		const char *sides;	/* ours, theirs (? not asked), then the row: id, theirs, ours; "" no row */
		enum hgt_copy_ref_state was;
		bool accept;
		int items;
		enum hgt_push_what what;
		enum hgt_copy_ref_state state;
		bool forget;
	} cases[] = {
		/* In step, known and not. */
		{"aaaaa", IN_STEP, false, 0, 0, 0, false}, {"a?aaa", IN_STEP, false, 0, 0, 0, false}, {"aa", 0, false, 1, HGT_PUSH_NOTHING, IN_STEP, false},
		{"aaaxa", DIVERGED, false, 1, HGT_PUSH_NOTHING, IN_STEP, false},
		/* Made. */
		{"a-", 0, false, 1, HGT_PUSH_MAKE, BEHIND, false}, {"a?", 0, false, 1, HGT_PUSH_MAKE, BEHIND, false},
		{"a-aaa", IN_STEP, false, 1, HGT_PUSH_MAKE, BEHIND, false},
		/* Forwarded: also what was moved back there, or never seen. */
		{"b?aaa", IN_STEP, false, 1, HGT_PUSH_FORWARD, BEHIND, false}, {"ba", 0, false, 1, HGT_PUSH_FORWARD, BEHIND, false},
		{"cabbb", IN_STEP, false, 1, HGT_PUSH_FORWARD, BEHIND, false},
		/* Forced by us: only what we had put there. */
		{"x?bbb", IN_STEP, false, 1, HGT_PUSH_FORCE, BEHIND, false}, {"a?bbb", IN_STEP, false, 1, HGT_PUSH_FORCE, BEHIND, false},
		{"xcbbb", IN_STEP, false, 1, HGT_PUSH_NOTHING, DIVERGED, false},
		/* There it has what is not here. */
		{"bx", 0, false, 1, HGT_PUSH_NOTHING, DIVERGED, false}, {"bxaaa", IN_STEP, false, 1, HGT_PUSH_NOTHING, DIVERGED, false},
		{"abaaa", IN_STEP, false, 1, HGT_PUSH_NOTHING, DIVERGED, false}, {"ab", 0, true, 1, HGT_PUSH_NOTHING, DIVERGED, false},
		{"bxaxb", DIVERGED, false, 0, 0, 0, false}, {"bxaxb", DIVERGED, true, 1, HGT_PUSH_FORCE, DIVERGED, false},
		{"bcaxb", DIVERGED, true, 1, HGT_PUSH_NOTHING, DIVERGED, false}, {"cbaxb", DIVERGED, true, 1, HGT_PUSH_FORWARD, BEHIND, false},
		/* Deleted here. */
		{"-?aaa", IN_STEP, false, 1, HGT_PUSH_DELETE, BEHIND, false}, {"-aaaa", IN_STEP, false, 1, HGT_PUSH_DELETE, BEHIND, false},
		{"-baaa", IN_STEP, false, 1, HGT_PUSH_NOTHING, DIVERGED, false}, {"-bab-", DIVERGED, true, 1, HGT_PUSH_DELETE, DIVERGED, false},
		{"--aaa", IN_STEP, false, 1, HGT_PUSH_NOTHING, 0, true}, {"-?a--", IN_STEP, false, 1, HGT_PUSH_NOTHING, 0, true},
		/* Only there. */
		{"-a", 0, false, 1, HGT_PUSH_NOTHING, IN_STEP, false}, {"-a", 0, true, 1, HGT_PUSH_NOTHING, IN_STEP, false},
		{"-a-a-", IN_STEP, false, 0, 0, 0, false}, {"-?-a-", IN_STEP, true, 0, 0, 0, false}, {"b?-x-", IN_STEP, false, 1, HGT_PUSH_NOTHING, DIVERGED, false},
		/* Refused before: tried again. */
		{"b?aab", REFUSED, false, 1, HGT_PUSH_FORWARD, BEHIND, false},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const char *sides = cases[i].sides;
		struct hgt_tips ours = HGT_TIPS_INIT, theirs = HGT_TIPS_INIT;
		struct hgt_push_plan plan = HGT_PUSH_PLAN_INIT;
		struct hgt_push_known known = {0};
		struct hgt_push_sides all = {.ours = &ours, .theirs = sides[1] == '?' ? NULL : &theirs, .known = &known, .n_known = sides[2] != 0,
			.accept = cases[i].accept, .belongs = belongs, .contains = contains};

		if (sides[0] != '-')
			assert_int_equal(hgt_tips_add(&ours, "refs/heads/m", id(sides[0]), NULL), 0);
		if (sides[1] != '-' && sides[1] != '?')
			assert_int_equal(hgt_tips_add(&theirs, "refs/heads/m", id(sides[1]), NULL), 0);
		if (sides[2])
			known_set(&known, "refs/heads/m", sides + 2, cases[i].was);
		assert_int_equal(hgt_push_plan_make(&all, &plan, NULL), 0);
		if ((int)plan.n != cases[i].items || (plan.n && (plan.items[0].what != cases[i].what || plan.items[0].forget != cases[i].forget ||
			(!plan.items[0].forget && plan.items[0].state != cases[i].state))))
			fail_msg("%zu, %s: %zu items, what %d, state %d", i, sides, plan.n, plan.n ? (int)plan.items[0].what : -1,
				plan.n ? (int)plan.items[0].state : -1);
		if (plan.n && plan.items[0].what == HGT_PUSH_NOTHING && plan.items[0].state == DIVERGED)
			assert_non_null(strstr(plan.items[0].note, "sync --accept"));
		assert_int_equal(plan.waiting, (plan.n && plan.items[0].state == DIVERGED && !plan.items[0].what && !plan.items[0].forget) ||
			(!plan.n && cases[i].was == DIVERGED));
		assert_true(!plan.n || plan.items[0].again == (sides[2] && cases[i].was == REFUSED));
		hgt_push_plan_release(&plan);
		hgt_tips_release(&ours);
		hgt_tips_release(&theirs);
		free(known.ref);
	}
}

static void walks_all_sides(void **state)
{
	static const struct {
		const char *ref;
		enum hgt_push_what what;
		enum hgt_copy_ref_state state;
		bool forget;
	} expected[] = {
		{"refs/heads/a", HGT_PUSH_MAKE, BEHIND, false},
		{"refs/heads/gone", HGT_PUSH_DELETE, BEHIND, false},
		{"refs/heads/refs/heads/b", HGT_PUSH_NOTHING, HELD, false},
		{"refs/heads/theirs", HGT_PUSH_NOTHING, IN_STEP, false},
		{"refs/other/x", HGT_PUSH_NOTHING, 0, true},
		{"refs/tags/t", HGT_PUSH_FORWARD, BEHIND, false},
	};
	struct hgt_tips ours = HGT_TIPS_INIT, theirs = HGT_TIPS_INIT;
	struct hgt_push_plan plan = HGT_PUSH_PLAN_INIT;
	struct hgt_push_known known[3];
	struct hgt_push_sides all = {.ours = &ours, .theirs = &theirs, .known = known, .n_known = 3, .belongs = belongs, .contains = contains};
	struct hgt_error err = {0};
	int fault = HGT_EIO;

	(void)state;
	assert_int_equal(hgt_tips_add(&ours, "refs/heads/a", id('a'), NULL), 0);
	assert_int_equal(hgt_tips_add(&ours, "refs/heads/b", id('a'), NULL), 0);
	assert_int_equal(hgt_tips_add(&ours, "refs/heads/refs/heads/b", id('a'), NULL), 0);
	assert_int_equal(hgt_tips_add(&ours, "refs/tags/t", id('b'), NULL), 0);
	assert_int_equal(hgt_tips_add(&theirs, "refs/heads/b", id('a'), NULL), 0);
	assert_int_equal(hgt_tips_add(&theirs, "refs/heads/gone", id('a'), NULL), 0);
	assert_int_equal(hgt_tips_add(&theirs, "refs/heads/theirs", id('a'), NULL), 0);
	assert_int_equal(hgt_tips_add(&theirs, "refs/tags/t", id('a'), NULL), 0);
	known_set(&known[0], "refs/heads/b", "aaa", IN_STEP);
	known_set(&known[1], "refs/heads/gone", "aaa", IN_STEP);
	known_set(&known[2], "refs/other/x", "aaa", IN_STEP);
	assert_int_equal(hgt_push_plan_make(&all, &plan, &err), 0);
	assert_int_equal(plan.n, N_OF(expected));
	assert_int_equal(plan.waiting, 1);
	assert_string_equal(plan.first, "refs/heads/refs/heads/b");
	for (size_t i = 0; i < plan.n; i++) {
		assert_string_equal(plan.items[i].ref, expected[i].ref);
		assert_int_equal(plan.items[i].what, expected[i].what);
		assert_int_equal(plan.items[i].forget, expected[i].forget);
		assert_true(expected[i].forget || plan.items[i].state == expected[i].state);
	}
	assert_false(hgt_push_must_ask(known, 3));
	known[1].state = DIVERGED;
	assert_true(hgt_push_must_ask(known, 3));
	/* What cannot be told is no divergence, and leaves the plan as it was. */
	all.ctx = &fault;
	assert_int_equal(hgt_push_plan_make(&all, &plan, &err), HGT_EIO);
	assert_int_equal(plan.n, N_OF(expected));
	all.ctx = NULL;
	for (long n = 1;; n++) {
		int code;

		fail_alloc_at(n);
		code = hgt_push_plan_make(&all, &plan, &err);
		if (!fail_alloc_off())
			break;
		assert_int_equal(code, HGT_ENOMEM);
	}
	hgt_push_plan_release(&plan);
	hgt_tips_release(&ours);
	hgt_tips_release(&theirs);
	for (size_t i = 0; i < 3; i++)
		free(known[i].ref);
}

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void writes_arguments(void **state)
{
	static const struct {
		enum hgt_push_what what;
		const char *ref, *lease, *refspec;
	} cases[] = {
		{HGT_PUSH_MAKE, "refs/heads/m", "", B "^{object}:refs/heads/m"},
		{HGT_PUSH_FORWARD, "refs/heads/m", "", B "^{object}:refs/heads/m"},
		{HGT_PUSH_FORWARD, "refs/tags/m", "--force-with-lease=refs/tags/m:" A, B "^{object}:refs/tags/m"},
		{HGT_PUSH_FORCE, "refs/heads/m", "--force-with-lease=refs/heads/m:" A, B "^{object}:refs/heads/m"},
		{HGT_PUSH_DELETE, "refs/heads/m", "--force-with-lease=refs/heads/m:" A, ":refs/heads/m"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_push_item item = {.what = cases[i].what, .theirs = A, .ours = B};
		struct hgt_buf lease = HGT_BUF_INIT, refspec = HGT_BUF_INIT;

		item.ref = strdup(cases[i].ref);
		hgt_push_lease(&item, &lease);
		hgt_push_refspec(&item, &refspec);
		assert_string_equal(lease.data, cases[i].lease);
		assert_string_equal(refspec.data, cases[i].refspec);
		hgt_buf_release(&lease);
		hgt_buf_release(&refspec);
		free(item.ref);
	}
	assert_true(hgt_push_is_own("refs/headgate/kept/x") && hgt_push_is_own("refs/keep-around/x") && !hgt_push_is_own("refs/heads/headgate/x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_each_ref),
		cmocka_unit_test(walks_all_sides),
		cmocka_unit_test(writes_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
