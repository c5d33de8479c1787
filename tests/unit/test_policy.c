/* lib/policy: which policy holds, what it says of a movement, and as what it has a path checked. */
#include "policy/policy.h"


#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "0123456789abcdef0123456789abcdef01234567"
#define Z "0000000000000000000000000000000000000000"

static const char config_text[] =
	"repositories: {root: /srv/git}\n"
	"policies:\n"
	"  - repos: [infra/**]\n"
	"    refs: [refs/heads/main, refs/heads/release/*]\n"
	"    push: {allow: ['@ops', carol]}\n"
	"    checks:\n"
	"      - {paths: ['clusters/*/skip/**'], as: other}\n"
	"      - {paths: ['clusters/**'], as: kubernetes, strict: true}\n"
	"      - {paths: ['docs/**']}\n"
	"  - refs: [HEAD]\n"
	"    push: {force: allow, delete: allow}\n"
	"  - repos: [closed]\n"
	"    refs: ['refs/tags/**']\n"
	"    push: {allow: []}\n"
	"groups: {ops: [alice, bob], dev: [dave]}\n";

static struct hgt_config *load(const char *text)
{
	struct hgt_config *config = NULL;
	struct hgt_error err = {0};

	if (hgt_config_parse(text, strlen(text), "test.yaml", &config, &err) < 0)
		fail_msg("%s", err.message);
	return config;
}

static void finds_the_first_that_matches(void **state)
{
	static const struct {
		const char *repo, *ref, *default_branch;
		int policy;	/* its place; -1: none */
	} cases[] = {
		{"infra/prod", "refs/heads/main", "refs/heads/main", 0},
		{"infra/prod", "refs/heads/main", NULL, 0},
		{"infra/a/b", "refs/heads/release/1", "refs/heads/main", 0},
		{"infra/prod", "refs/heads/release/1/2", "refs/heads/main", -1},
		{"infra/prod", "refs/heads/trunk", "refs/heads/trunk", 1},
		{"apps", "refs/heads/main", "refs/heads/main", 1},
		{"apps", "refs/heads/main", "refs/heads/trunk", -1},
		{"apps", "refs/heads/main", NULL, -1},
		{"apps", "HEAD", "refs/heads/main", -1},
		{"closed", "refs/tags/a/b", "refs/heads/main", 2},
		{"infraprod", "refs/heads/release/1", "refs/heads/main", -1},
	};
	struct hgt_config *config = load(config_text);

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct hgt_config_policy *want = cases[i].policy < 0 ? NULL : &config->policies[cases[i].policy];

		assert_ptr_equal(hgt_policy_for(config, cases[i].repo, cases[i].ref, cases[i].default_branch), want);
	}
	hgt_config_free(config);
}

static void has_one_built_in(void **state)
{
	struct hgt_config *config = load("repositories: {root: /srv/git}\n");
	const struct hgt_config_policy *policy = hgt_policy_for(config, "any", "refs/heads/trunk", "refs/heads/trunk");
	bool strict = true;

	(void)state;
	assert_non_null(policy);
	assert_int_equal(policy->push.force, HGT_PUSH_NEVER);
	assert_int_equal(policy->push.delete, HGT_PUSH_NEVER);
	assert_false(policy->push.restricted);
	assert_int_equal(policy->limits.seconds, 5);
	assert_int_equal(policy->limits.blob, 10 * 1024 * 1024);
	assert_int_equal(policy->limits.findings, 50);
	assert_int_equal(hgt_policy_class(policy, "a.yaml", &strict), HGT_CLASS_AUTO);
	assert_false(strict);
	assert_null(hgt_policy_for(config, "any", "refs/heads/other", "refs/heads/trunk"));
	assert_null(hgt_policy_for(config, "any", "refs/heads/trunk", NULL));
	hgt_config_free(config);
}

/* Headgate's own refs are closed, whatever a config says of all refs. */
static void closes_its_own(void **state)
{
	static const char *const texts[] = {"repositories: {root: /srv/git}\n",
		"repositories: {root: /srv/git}\npolicies: [{refs: ['**'], push: {allow: [alice], force: allow, delete: allow}}]\n"};

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++) {
		const struct hgt_update update = {.old_id = Z, .new_id = A, .ref = "refs/headgate/kept/heads/main/x"};
		struct hgt_config *config = load(texts[i]);
		const struct hgt_config_policy *policy = hgt_policy_for(config, "any", update.ref, "refs/heads/main");
		struct hgt_findings found;
		struct hgt_error err = {0};

		hgt_findings_init(&found, 10);
		assert_non_null(policy);
		assert_int_equal(hgt_policy_judge(config, policy, &update, "alice", false, &found, &err), 0);
		assert_int_equal(found.errors, 1);
		assert_string_equal(found.items[0].rule, "policy/not-allowed");
		assert_non_null(strstr(found.items[0].hint, "refs/headgate/"));
		hgt_findings_release(&found);
		hgt_config_free(config);
	}
}

static void judges_movements(void **state)
{
	static const struct {
		int policy;
		struct hgt_update update;
		const char *actor;
		bool forced;
		const char *rules[3];
	} cases[] = {
		{0, {A, B, "refs/heads/main"}, "alice", false, {NULL}},
		{0, {A, B, "refs/heads/main"}, "bob", false, {NULL}},
		{0, {A, B, "refs/heads/main"}, "carol", false, {NULL}},
		{0, {A, B, "refs/heads/main"}, "dave", false, {"policy/not-allowed"}},
		{0, {A, B, "refs/heads/main"}, "@ops", false, {"policy/not-allowed"}},
		{0, {A, B, "refs/heads/main"}, "ops", false, {"policy/not-allowed"}},
		{0, {A, B, "refs/heads/main"}, "", false, {"policy/not-allowed"}},
		{0, {A, B, "refs/heads/main"}, "alice", true, {"policy/force-push"}},
		{0, {A, Z, "refs/heads/main"}, "alice", false, {"policy/delete"}},
		{0, {Z, B, "refs/heads/main"}, "alice", false, {NULL}},
		{0, {A, Z, "refs/heads/main"}, "dave", false, {"policy/not-allowed", "policy/delete"}},
		{1, {A, B, "refs/heads/main"}, "dave", true, {NULL}},
		{1, {A, Z, "refs/heads/main"}, "dave", false, {NULL}},
		{2, {Z, B, "refs/tags/v1"}, "alice", false, {"policy/not-allowed"}},
	};
	struct hgt_config *config = load(config_text);

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_findings found;
		size_t n = 0;

		hgt_findings_init(&found, 10);
		assert_int_equal(hgt_policy_judge(config, &config->policies[cases[i].policy], &cases[i].update, cases[i].actor,
			cases[i].forced, &found, NULL), 0);
		for (; cases[i].rules[n]; n++) {
			assert_true(n < found.n);
			assert_string_equal(found.items[n].rule, cases[i].rules[n]);
			assert_string_equal(found.items[n].path, cases[i].update.ref);
			assert_int_equal(found.items[n].line, 0);
			assert_non_null(hgt_rule_find(found.items[n].rule));
		}
		assert_int_equal(found.n, n);
		assert_int_equal(found.errors, n);
		hgt_findings_release(&found);
	}
	hgt_config_free(config);
}

static void escapes_the_actor(void **state)
{
	static const struct hgt_update update = {A, B, "refs/heads/main"};
	struct hgt_config *config = load(config_text);
	struct hgt_findings found;

	(void)state;
	hgt_findings_init(&found, 10);
	assert_int_equal(hgt_policy_judge(config, &config->policies[0], &update, "x\x1b[2J", false, &found, NULL), 0);
	assert_null(strchr(found.items[0].message, '\x1b'));
	assert_non_null(strstr(found.items[0].message, "x\\e[2J"));
	assert_non_null(strstr(found.items[0].hint, "@ops, carol"));
	hgt_findings_release(&found);
	hgt_config_free(config);
}

static void classes_by_path(void **state)
{
	static const struct {
		int policy;
		const char *path;
		enum hgt_class cls;
		bool strict;
	} cases[] = {
		{0, "clusters/a/web.yaml", HGT_CLASS_KUBERNETES, true},
		{0, "clusters/a/skip/x.yaml", HGT_CLASS_OTHER, false},
		{0, "docs/a.yaml", HGT_CLASS_AUTO, false},
		{0, "hosts/a.yaml", HGT_CLASS_OTHER, false},
		{1, "hosts/a.yaml", HGT_CLASS_AUTO, false},
	};
	struct hgt_config *config = load(config_text);

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		bool strict = !cases[i].strict;

		assert_int_equal(hgt_policy_class(&config->policies[cases[i].policy], cases[i].path, &strict), cases[i].cls);
		assert_int_equal(strict, cases[i].strict);
	}
	hgt_config_free(config);
}

static void survives_want_of_memory(void **state)
{
	static const struct hgt_update update = {A, Z, "refs/heads/main"};
	struct hgt_config *config = load(config_text);

	(void)state;
	for (long n = 1;; n++) {
		struct hgt_findings found;
		int code;

		hgt_findings_init(&found, 10);
		fail_alloc_at(n);
		code = hgt_policy_judge(config, &config->policies[0], &update, "dave", false, &found, NULL);
		hgt_findings_release(&found);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
	hgt_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_first_that_matches), cmocka_unit_test(has_one_built_in), cmocka_unit_test(closes_its_own),
		cmocka_unit_test(judges_movements), cmocka_unit_test(escapes_the_actor), cmocka_unit_test(classes_by_path),
		cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
