/* daemon/wants: the index finds what a look at each want would find. */
#include "daemon/wants.h"

#include "daemon/rows.h"
#include "headgate/protocol.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define JOURNAL "0123456789abcdef"
#define ID1 "1111111111111111111111111111111111111111"
#define ID2 "2222222222222222222222222222222222222222"
#define MAIN "refs/heads/main"

/* A row as the hub has it; path lists end with NULL. */
static struct row *make_row(uint64_t seq, const char *type, const char *repo, const char *ref, const char *const *paths,
	bool truncated)
{
	struct hgt_event_path listed[64];
	struct hgt_ref_event event = {.repo = repo, .ref = ref, .old_id = ID1, .new_id = ID2, .change = "update", .source = "hook",
		.paths = listed, .paths_truncated = truncated};
	struct hgt_buf data = HGT_BUF_INIT, body = HGT_BUF_INIT;
	struct hgt_journal_row from = {.seq = seq, .type = type, .subject = "", .repo = repo, .ref = ref};
	struct row *row;

	for (; paths && paths[event.n_paths]; event.n_paths++)
		listed[event.n_paths] = (struct hgt_event_path){.path = paths[event.n_paths], .status = 'M'};
	hgt_ref_event_write(&event, &data);
	hgt_event_write(JOURNAL, seq, "test", type, NULL, 0, data.data, data.len, &body);
	from.body = body.data;
	from.body_len = body.len;
	row = row_new(&from);
	assert_non_null(row);
	hgt_buf_release(&data);
	hgt_buf_release(&body);
	return row;
}

struct found {
	struct want *want;
	enum hgt_match match;
};

struct finds {
	struct found items[256];
	size_t n;
};

static void note(void *ctx, struct want *want, enum hgt_match match)
{
	struct finds *finds = ctx;

	assert_true(finds->n < N_OF(finds->items));
	for (size_t i = 0; i < finds->n; i++) {
		assert_ptr_not_equal(finds->items[i].want, want);
		/* Questions come after all that is certain. */
		assert_false(finds->items[i].match == HGT_MATCH_ASK && match == HGT_MATCH_YES);
	}
	finds->items[finds->n++] = (struct found){want, match};
}

static enum hgt_match found_as(const struct finds *finds, const struct want *want)
{
	for (size_t i = 0; i < finds->n; i++)
		if (finds->items[i].want == want)
			return finds->items[i].match;
	return HGT_MATCH_NO;
}

static struct wants *new_wants(void)
{
	struct hgt_error err = {0};
	struct wants *wants;

	assert_int_equal(wants_new(&wants, &err), 0);
	return wants;
}

static void add(struct wants *wants, struct want *want, bool exact, const char *repo, const char *ref, const char *path,
	const char *type)
{
	const struct hub_want spec = {exact, {.repo = repo, .ref = ref, .path = path, .type = type}};
	struct hgt_error err = {0};

	assert_int_equal(wants_add(wants, &spec, want, want, &err), 0);
	assert_ptr_equal(want->owner, want);
}

static void test_cases(void **state)
{
	static const char *const paths[] = {"hosts/web/nginx.conf", "hosts/web/more", "x", NULL}, *const deep[] = {"a/b/c", NULL};
	static const struct {
		bool exact;
		const char *repo, *ref, *path, *type;
		const char *const *changed;
		bool truncated;
		enum hgt_match match;
	} cases[] = {
		{true, "infra", MAIN, "", "", paths, false, HGT_MATCH_YES},
		{true, "infra", MAIN, "hosts/web", "", paths, false, HGT_MATCH_YES},
		{true, "infra", MAIN, "hosts/web/more", "", paths, false, HGT_MATCH_YES},
		{true, "infra", MAIN, "hosts/web/more/still", "", paths, false, HGT_MATCH_NO},
		{true, "infra", MAIN, "hosts/webb", "", paths, false, HGT_MATCH_NO},
		{true, "infra", MAIN, "hosts/we", "", paths, false, HGT_MATCH_NO},
		{true, "infra", MAIN, "web", "", paths, false, HGT_MATCH_NO},
		{true, "infra", MAIN, "web", "", paths, true, HGT_MATCH_ASK},
		{true, "infra", MAIN, "hosts", "", paths, true, HGT_MATCH_YES},
		{true, "infra", "refs/heads/other", "", "", paths, false, HGT_MATCH_NO},
		{true, "infr*", MAIN, "", "", paths, false, HGT_MATCH_NO},
		{false, "infr*", MAIN, "", "", paths, false, HGT_MATCH_YES},
		{false, "infra", "refs/heads/*", "x", "", paths, false, HGT_MATCH_YES},
		{false, "", "", "", "", paths, false, HGT_MATCH_YES},
		{false, "", "", "a/b/c", "", deep, false, HGT_MATCH_YES},
		{false, "", "", "a/b/c/d", "", deep, false, HGT_MATCH_NO},
		{false, "", "", "", "io.headgate.ref.*", paths, false, HGT_MATCH_YES},
		{false, "infra", MAIN, "", "io.headgate.push.*", paths, false, HGT_MATCH_NO},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct wants *wants = new_wants();
		struct row *row = make_row(1, HGT_EVENT_REF_UPDATED, "infra", MAIN, cases[i].changed, cases[i].truncated);
		struct finds finds = {.n = 0};
		struct wants_stats stats;
		struct want want;

		add(wants, &want, cases[i].exact, cases[i].repo, cases[i].ref, cases[i].path, cases[i].type);
		wants_find(wants, row, note, &finds);
		if (found_as(&finds, &want) != cases[i].match || want_match(&want, row) != cases[i].match)
			fail_msg("case %zu: %s %s %s", i, cases[i].repo, cases[i].ref, cases[i].path);
		wants_remove(wants, &want);
		wants_stats(wants, &stats);
		assert_int_equal(stats.groups, 0);
		assert_int_equal(stats.nodes, 0);
		wants_free(wants);
		row_unref(row);
	}
}

/* What is no ref event is for those alone who asked for no path. */
static void test_other_events(void **state)
{
	struct wants *wants = new_wants();
	struct row *row = make_row(1, "io.headgate.push.refused.v1", "infra", "", NULL, false);
	struct finds finds = {.n = 0};
	struct want all, exact, path, repo;

	(void)state;
	add(wants, &all, false, "", "", "", "");
	add(wants, &repo, false, "infra", "", "", "io.headgate.push.*");
	add(wants, &path, false, "infra", "", "x", "");
	add(wants, &exact, true, "infra", MAIN, "", "");
	wants_find(wants, row, note, &finds);
	assert_int_equal(found_as(&finds, &all), HGT_MATCH_YES);
	assert_int_equal(found_as(&finds, &repo), HGT_MATCH_YES);
	assert_int_equal(found_as(&finds, &path), HGT_MATCH_NO);
	assert_int_equal(found_as(&finds, &exact), HGT_MATCH_NO);
	wants_remove(wants, &all);
	wants_remove(wants, &exact);
	wants_remove(wants, &path);
	wants_remove(wants, &repo);
	wants_free(wants);
	row_unref(row);
}

/* Random wants that come and go, random rows: the index and a look at each agree. */
static void test_against_a_look_at_each(void **state)
{
	enum { WANTS = 120, ROUNDS = 4000 };
	static const char *const repos[] = {"a", "b", "team/one", "team/two"};
	static const char *const repo_globs[] = {"", "*", "team/*", "a", "team/one", "t**"};
	static const char *const refs[] = {MAIN, "refs/heads/x", "refs/tags/v1"};
	static const char *const ref_globs[] = {"", MAIN, "refs/heads/*", "refs/**"};
	static const char *const types[] = {"", "io.headgate.ref.*", "*agent*", HGT_EVENT_REF_UPDATED};
	static const char *const paths[] = {"", "a", "b", "a/a", "a/b", "ab", "a/a/a", "a/a/b", "b/b", "c/d/e", "c/d", "c/dd"};
	struct wants *wants = new_wants();
	struct want all[WANTS];
	bool there[WANTS] = {false};
	unsigned seed = 7, yes = 0, asked = 0;

	(void)state;
#define PICK(from) ((from)[(unsigned)rand_r(&seed) % N_OF(from)])
	for (uint64_t seq = 1; seq <= ROUNDS; seq++) {
		size_t at = (unsigned)rand_r(&seed) % WANTS;
		const char *changed[6] = {NULL};
		struct finds finds = {.n = 0};
		struct row *row;

		if (there[at])
			wants_remove(wants, &all[at]);
		else if (rand_r(&seed) % 2)
			add(wants, &all[at], true, PICK(repos), PICK(refs), PICK(paths), "");
		else
			add(wants, &all[at], false, PICK(repo_globs), PICK(ref_globs), PICK(paths), PICK(types));
		there[at] = !there[at];
		for (size_t i = 0; i < (unsigned)rand_r(&seed) % 6; i++)
			changed[i] = paths[1 + (unsigned)rand_r(&seed) % (N_OF(paths) - 1)];
		row = make_row(seq, rand_r(&seed) % 8 ? HGT_EVENT_REF_UPDATED : "io.headgate.agent.reported.v1", PICK(repos), PICK(refs),
			changed, rand_r(&seed) % 4 == 0);
		wants_find(wants, row, note, &finds);
		for (size_t i = 0; i < WANTS; i++) {
			enum hgt_match match = there[i] ? want_match(&all[i], row) : HGT_MATCH_NO;

			assert_int_equal(found_as(&finds, &all[i]), match);
			yes += match == HGT_MATCH_YES;
			asked += match == HGT_MATCH_ASK;
		}
		row_unref(row);
	}
#undef PICK
	assert_true(yes > 1000 && asked > 100);
	for (size_t i = 0; i < WANTS; i++)
		if (there[i])
			wants_remove(wants, &all[i]);
	wants_free(wants);
}

/* A row whose event cannot be read is for everyone whom it might be for. */
static void test_unreadable(void **state)
{
	const struct hgt_journal_row from = {
		.seq = 1, .type = HGT_EVENT_REF_UPDATED, .subject = "", .repo = "a", .ref = MAIN, .body = "{", .body_len = 1,
	};
	struct wants *wants = new_wants();
	struct row *row = row_new(&from);
	struct finds finds = {.n = 0};
	struct want path, other;

	(void)state;
	assert_non_null(row);
	add(wants, &path, true, "a", MAIN, "x", "");
	add(wants, &other, true, "b", MAIN, "x", "");
	wants_find(wants, row, note, &finds);
	assert_int_equal(found_as(&finds, &path), HGT_MATCH_YES);
	assert_int_equal(found_as(&finds, &other), HGT_MATCH_NO);
	wants_remove(wants, &path);
	wants_remove(wants, &other);
	wants_free(wants);
	row_unref(row);
}

static void test_no_memory(void **state)
{
	const struct hub_want spec = {false, {.repo = "a", .ref = "refs/heads/*", .path = "x/y/z", .type = ""}};
	struct wants *wants = new_wants();
	struct wants_stats stats;
	struct hgt_error err;
	struct want want;
	int code;

	(void)state;
	for (long n = 1;; n++) {
		fail_alloc_at(n);
		code = wants_add(wants, &spec, NULL, &want, &err);
		if (!fail_alloc_off())
			break;
		/* What the maps keep for the next time may have grown before. */
		if (code < 0)
			assert_int_equal(code, HGT_ENOMEM);
		else
			wants_remove(wants, &want);
		wants_stats(wants, &stats);
		assert_int_equal(stats.groups, 0);
		assert_int_equal(stats.nodes, 0);
	}
	assert_int_equal(code, 0);
	wants_remove(wants, &want);
	wants_free(wants);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_other_events),
		cmocka_unit_test(test_against_a_look_at_each),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
