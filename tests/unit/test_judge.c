/* lib/gate/judge: which policy judges a move, what the change is told from, and what is judged in it. */
#include "gate/judge.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/timing.h"
#include "tests/unit/unit.h"

#define Z "0000000000000000000000000000000000000000"

static struct hgt_repo *repo;

/* Run a shell script in the tests' folder, the current one. */
static void sh(const char *script)
{
	if (system(script) != 0)
		fail_msg("script failed: %s", script);
}

/*
 * Commits of main: base (a.yaml well), broken (b.yaml not), mended (b.yaml gone), kinds (a.yaml a link to outside, c.txt, d.yaml
 * executable). Of side, from base: s.yaml not well. Of apart: a root of its own, p.yaml well.
 */
static int make_repository(void **state)
{
	if (unit_folder_make(state) < 0 || chdir(*state) < 0)
		return -1;
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("HOME", *state, 1);
	for (size_t i = 0; i < 2; i++) {
		setenv(i ? "GIT_AUTHOR_NAME" : "GIT_COMMITTER_NAME", "A", 1);
		setenv(i ? "GIT_AUTHOR_EMAIL" : "GIT_COMMITTER_EMAIL", "a@example.org", 1);
	}
	sh("git init -q -b main infra && cd infra && echo 'a: 1' >a.yaml && git add . && git commit -qm base && git tag base");
	sh("cd infra && git checkout -qb side && echo '{' >s.yaml && git add . && git commit -qm side && git checkout -q main");
	sh("cd infra && echo 'b: [' >b.yaml && git add . && git commit -qm broken && git tag broken &&"
	   " git rm -q b.yaml && git commit -qm mended && git tag mended");
	sh("cd infra && ln -sf ../out.yaml a.yaml && echo '{' >c.txt && echo 'd: 1' >d.yaml && chmod +x d.yaml && git add . &&"
	   " git commit -qm kinds && git symbolic-ref refs/heads/old-name refs/heads/main");
	sh("cd infra && git checkout -q --orphan apart && git rm -rqf . && echo 'p: 1' >p.yaml && git add . && git commit -qm apart &&"
	   " git checkout -q main");
	return hgt_repo_open("infra", &repo, NULL);
}

static int remove_repository(void **state)
{
	hgt_repo_close(repo);
	return chdir("/") < 0 ? -1 : unit_folder_remove(state);
}

static struct hgt_config *config_of(const char *policies)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_config *config = NULL;
	struct hgt_error err = {0};

	hgt_buf_addf(&text, "repositories: {root: /srv/git}\n%s", policies);
	if (hgt_config_parse(text.data, text.len, "test", &config, &err) < 0)
		fail_msg("%s", err.message);
	hgt_buf_release(&text);
	return config;
}

static void resolve(const char *rev, char id[HGT_OID_HEX + 1])
{
	struct hgt_error err = {0};

	if (!rev)
		memcpy(id, Z, sizeof(Z));
	else if (hgt_repo_resolve(repo, rev, id, &err) < 0)
		fail_msg("%s: %s", rev, err.message);
}

/* "<ref that moves>: <files>" and the findings, one "rule path" each; "<ref>: -" when no policy holds. */
static void tell(const struct hgt_verdict *verdict, struct hgt_buf *out)
{
	const struct hgt_findings *list = verdict->engine ? hgt_engine_findings(verdict->engine) : NULL;

	hgt_buf_addf(out, "%s:", verdict->ref.data);
	if (list)
		hgt_buf_addf(out, " %zu", verdict->files);
	else
		hgt_buf_adds(out, " -");
	for (size_t i = 0; list && i < list->n; i++)
		hgt_buf_addf(out, "; %s %s", list->items[i].rule, list->items[i].path);
}

static void expect(const struct hgt_config *config, const char *actor, const char *old, const char *new, const char *ref,
	const char *want)
{
	char old_id[HGT_OID_HEX + 1], new_id[HGT_OID_HEX + 1];
	const struct hgt_update update = {.old_id = old_id, .new_id = new_id, .ref = ref};
	struct hgt_verdict verdict = HGT_VERDICT_INIT;
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct hgt_judge *judge;

	resolve(old, old_id);
	resolve(new, new_id);
	if (hgt_judge_new(repo, config, "infra", actor, &judge, &err) < 0 ||
		hgt_judge_update(judge, &update, hgt_time_mono_ms(), &verdict, &err) < 0)
		fail_msg("%s: %s", want, err.message);
	tell(&verdict, &out);
	assert_string_equal(out.data, want);
	hgt_buf_release(&out);
	hgt_verdict_release(&verdict);
	hgt_judge_free(judge);
}

static void judges_what_a_move_brings(void **state)
{
	static const struct {
		const char *old, *new, *want;
	} cases[] = {
		{"base", "broken", "refs/heads/main: 1; yaml/syntax b.yaml"},
		{"broken", "mended", "refs/heads/main: 0"},
		{"base", "mended", "refs/heads/main: 0"},
		{"mended", "main", "refs/heads/main: 2; git/symlink a.yaml"},
		{"main", "main", "refs/heads/main: 0"},
	};
	struct hgt_config *config = config_of("");

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		expect(config, "alice", cases[i].old, cases[i].new, "refs/heads/main", cases[i].want);
	hgt_config_free(config);
}

/* A refused move is told as such, and what it brings is not looked into; in history it is what it brings that counts. */
static void judges_the_move_itself_first(void **state)
{
	struct hgt_config *config = config_of("policies:\n  - {repos: ['**'], refs: [HEAD], push: {allow: [bob]}}\n");

	(void)state;
	expect(config, "bob", "broken", "side", "refs/heads/main", "refs/heads/main: 0; policy/force-push refs/heads/main");
	expect(config, "alice", "base", "broken", "refs/heads/main", "refs/heads/main: 0; policy/not-allowed refs/heads/main");
	expect(config, "bob", "base", NULL, "refs/heads/main", "refs/heads/main: 0; policy/delete refs/heads/main");
	expect(config, NULL, "broken", "side", "refs/heads/main", "refs/heads/main: 1; yaml/syntax s.yaml");
	hgt_config_free(config);
}

static void follows_a_symbolic_ref(void **state)
{
	struct hgt_config *config = config_of("");

	(void)state;
	expect(config, "alice", "base", "broken", "refs/heads/old-name", "refs/heads/main: 1; yaml/syntax b.yaml");
	expect(config, "alice", "base", "broken", "refs/heads/topic", "refs/heads/topic: -");
	hgt_config_free(config);
}

/* A new ref is told from the default branch where the same policy judges that; else, and in history, from nothing. */
static void knows_what_a_new_ref_is_told_from(void **state)
{
	struct hgt_config *same = config_of("policies:\n  - {repos: ['**'], refs: ['refs/heads/**']}\n");
	struct hgt_config *other = config_of("policies:\n  - {repos: ['**'], refs: ['refs/heads/side', 'refs/heads/apart']}\n");

	(void)state;
	expect(same, "alice", NULL, "main", "refs/heads/side", "refs/heads/side: 0");
	expect(same, "alice", NULL, "side", "refs/heads/side", "refs/heads/side: 2; yaml/syntax s.yaml");
	expect(other, "alice", NULL, "main", "refs/heads/side", "refs/heads/side: 2; git/symlink a.yaml");
	expect(same, NULL, NULL, "main", "refs/heads/side", "refs/heads/side: 2; git/symlink a.yaml");
	expect(other, "alice", NULL, "apart", "refs/heads/apart", "refs/heads/apart: 1");
	hgt_config_free(other);
	hgt_config_free(same);
}

/* Another ref may stand for the default branch: its policy then judges, and a new ref is told from its tip. */
static void takes_another_default_branch(void **state)
{
	struct hgt_config *config = config_of("policies:\n  - {repos: ['**'], refs: [HEAD, refs/heads/new]}\n");
	char new_id[HGT_OID_HEX + 1];
	const struct hgt_update update = {.old_id = Z, .new_id = new_id, .ref = "refs/heads/new"};
	struct hgt_verdict verdict = HGT_VERDICT_INIT;
	struct hgt_judge *judge;

	(void)state;
	resolve("side", new_id);
	assert_int_equal(hgt_judge_new(repo, config, "infra", "alice", &judge, NULL), 0);
	assert_int_equal(hgt_judge_set_default_branch(judge, "refs/heads/side", NULL), 0);
	assert_string_equal(hgt_judge_default_branch(judge), "refs/heads/side");
	assert_int_equal(hgt_judge_update(judge, &update, hgt_time_mono_ms(), &verdict, NULL), 0);
	assert_int_equal(verdict.files, 0);
	hgt_verdict_release(&verdict);
	assert_int_equal(hgt_judge_set_default_branch(judge, "refs/heads/gone", NULL), 0);
	assert_int_equal(hgt_judge_update(judge, &update, hgt_time_mono_ms(), &verdict, NULL), 0);
	assert_int_equal(verdict.files, 2);
	hgt_verdict_release(&verdict);
	hgt_judge_free(judge);
	hgt_config_free(config);
}

/* The seconds of the policy count from when the push began. */
static void keeps_the_deadline(void **state)
{
	struct hgt_config *config = config_of("policies:\n  - {repos: ['**'], refs: [HEAD], limits: {seconds: 1}}\n");
	struct hgt_verdict verdict = HGT_VERDICT_INIT;
	char old_id[HGT_OID_HEX + 1], new_id[HGT_OID_HEX + 1];
	const struct hgt_update update = {.old_id = old_id, .new_id = new_id, .ref = "refs/heads/main"};
	struct hgt_judge *judge;

	(void)state;
	resolve("base", old_id);
	resolve("main", new_id);
	assert_int_equal(hgt_judge_new(repo, config, "infra", "alice", &judge, NULL), 0);
	assert_string_equal(hgt_judge_default_branch(judge), "refs/heads/main");
	assert_int_equal(hgt_judge_update(judge, &update, hgt_time_mono_ms() - 1001, &verdict, NULL), 0);
	assert_int_equal(hgt_engine_findings(verdict.engine)->n, 1);
	assert_string_equal(hgt_engine_findings(verdict.engine)->items[0].rule, "gate/timeout");
	hgt_verdict_release(&verdict);
	hgt_judge_free(judge);
	hgt_config_free(config);
}

/* What cannot be judged is an error, not a verdict. */
static void fails_on_what_is_no_commit(void **state)
{
	static const struct hgt_update update = {.old_id = Z, .new_id = "0123456789012345678901234567890123456789",
		.ref = "refs/heads/main"};
	struct hgt_config *config = config_of("");
	struct hgt_verdict verdict = HGT_VERDICT_INIT;
	struct hgt_error err = {0};
	struct hgt_judge *judge;

	(void)state;
	assert_int_equal(hgt_judge_new(repo, config, "infra", "alice", &judge, NULL), 0);
	assert_int_equal(hgt_judge_update(judge, &update, hgt_time_mono_ms(), &verdict, &err), HGT_ENOENT);
	assert_non_null(strstr(err.message, update.new_id));
	hgt_verdict_release(&verdict);
	hgt_judge_free(judge);
	hgt_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_what_a_move_brings), cmocka_unit_test(judges_the_move_itself_first),
		cmocka_unit_test(follows_a_symbolic_ref), cmocka_unit_test(knows_what_a_new_ref_is_told_from),
		cmocka_unit_test(takes_another_default_branch),
		cmocka_unit_test(keeps_the_deadline), cmocka_unit_test(fails_on_what_is_no_commit),
	};

	return cmocka_run_group_tests(tests, make_repository, remove_repository);
}
