/* The other side of a mirror: URLs, hosts, and what git ls-remote says. */
#include "mirror/remote.h"

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"

static void puts_the_repository_into_the_url(void **state)
{
	static const struct {
		const char *url, *repo, *is;
	} cases[] = {
		{"ssh://git@h/{repo}.git", "infra/prod", "ssh://git@h/infra/prod.git"},
		{"https://h/{repo}.git", "a b/\xc3\xa4?#%", "https://h/a%20b/%C3%A4%3F%23%25.git"},
		{"git@h:{repo}.git", "a b", "git@h:a b.git"},
		{"/srv/{repo}.git", "x/y", "/srv/x/y.git"},
		{"file:///srv/{repo}/{repo}", "x", "file:///srv/x/x"},
		{"https://h/one.git", "x", "https://h/one.git"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		assert_int_equal(hgt_remote_url(cases[i].url, cases[i].repo, &out, NULL), 0);
		assert_string_equal(out.data, cases[i].is);
		hgt_buf_release(&out);
	}
}

static void finds_the_host(void **state)
{
	static const struct {
		const char *url, *is;
	} cases[] = {
		{"ssh://git@Host.Example/x", "host.example"}, {"ssh://h:2222/x", "h:2222"}, {"ssh://a@[::1]:22/x", "[::1]:22"},
		{"https://h", "h"}, {"http://h:8080/a@b/c", "h:8080"}, {"git@H:x/y", "h"}, {"h:x", "h"}, {"git@[::1]:x", "[::1]"}, {"[::1]:x", "[::1]"},
		{"/srv/x", ""}, {"/srv/a:b", ""}, {"file:///srv/x", ""}, {"file://h/x", ""}, {"relative/a:b", ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		assert_int_equal(hgt_remote_host(cases[i].url, &out, NULL), 0);
		if (strcmp(out.data, cases[i].is) != 0)
			fail_msg("%s: %s", cases[i].url, out.data);
		hgt_buf_release(&out);
	}
}

static void keeps_tips_in_order(void **state)
{
	struct hgt_tips tips = HGT_TIPS_INIT;

	(void)state;
	assert_null(hgt_tips_find(&tips, "refs/heads/a"));
	assert_int_equal(hgt_tips_add(&tips, "refs/heads/b", B, NULL), 0);
	assert_int_equal(hgt_tips_add(&tips, "refs/heads/a", A, NULL), 0);
	assert_int_equal(hgt_tips_add(&tips, "refs/heads/\xff", A, NULL), 0);
	assert_int_equal(hgt_tips_add(&tips, "refs/heads/s", A "111111111111111111111111", NULL), HGT_EUNSUPPORTED);
	hgt_tips_sort(&tips);
	assert_string_equal(tips.items[0].ref, "refs/heads/a");
	assert_string_equal(hgt_tips_find(&tips, "refs/heads/b"), B);
	assert_string_equal(hgt_tips_find(&tips, "refs/heads/\xff"), A);
	assert_null(hgt_tips_find(&tips, "refs/heads/aa"));
	hgt_tips_release(&tips);
	assert_int_equal(tips.n, 0);
}

static int take(struct hgt_tips *tips, const char *line, struct hgt_error *err)
{
	return hgt_tips_take(tips, line, strlen(line), err);
}

static void reads_lines(void **state)
{
	static const struct {
		const char *line;
		int code;
		size_t n;
	} cases[] = {
		{A "\trefs/heads/main", 0, 1}, {A "\trefs/heads/a@b", 0, 1}, {A "\trefs/heads/\xff\xfe", 0, 1}, {A "\trefs/x/y/z.l", 0, 1},
		{A "\tHEAD", 0, 0}, {A "\trefs/tags/v1^{}", 0, 0},
		{A "22222222222222222222222222222222\trefs/heads/main", HGT_EPARSE, 0},
		{A "222222222222222222222222\trefs/heads/main", HGT_EUNSUPPORTED, 0},
		{"", HGT_EPARSE, 0}, {A, HGT_EPARSE, 0}, {A "\t", HGT_EPARSE, 0}, {A " refs/heads/main", HGT_EPARSE, 0},
		{"111111111111111111111111111111111111111G\trefs/heads/main", HGT_EPARSE, 0}, {A "\trefs/", HGT_EPARSE, 0}, {A "\tmain", HGT_EPARSE, 0},
		{A "\trefs/heads/../x", HGT_EPARSE, 0}, {A "\trefs/heads//x", HGT_EPARSE, 0}, {A "\trefs/heads/.x", HGT_EPARSE, 0},
		{A "\trefs/heads/x.lock", HGT_EPARSE, 0}, {A "\trefs/heads/x.lock/y", HGT_EPARSE, 0}, {A "\trefs/heads/x/", HGT_EPARSE, 0},
		{A "\trefs/heads/x.", HGT_EPARSE, 0}, {A "\trefs/heads/a b", HGT_EPARSE, 0}, {A "\trefs/heads/a:b", HGT_EPARSE, 0},
		{A "\trefs/heads/a~b", HGT_EPARSE, 0}, {A "\trefs/heads/a^b", HGT_EPARSE, 0}, {A "\trefs/heads/a*", HGT_EPARSE, 0},
		{A "\trefs/heads/a@{b", HGT_EPARSE, 0}, {A "\trefs/heads/a\\b", HGT_EPARSE, 0}, {A "\trefs/heads/a\x7f", HGT_EPARSE, 0},
		{A "\trefs/heads/\x1b[31m", HGT_EPARSE, 0}, {"ref: refs/heads/main\tHEAD", HGT_EPARSE, 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_tips tips = HGT_TIPS_INIT;
		struct hgt_error err = {0};

		if (take(&tips, cases[i].line, &err) != cases[i].code || tips.n != cases[i].n)
			fail_msg("%s: %d, %zu", cases[i].line, err.code, tips.n);
		hgt_tips_release(&tips);
	}
}

static void lives_with_little_memory(void **state)
{
	(void)state;
	for (long n = 1;; n++) {
		struct hgt_tips tips = HGT_TIPS_INIT;
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = take(&tips, A "\trefs/heads/main", &err);
		if (code == 0)
			code = hgt_remote_url("https://h/{repo}", "a", &out, &err);
		hgt_tips_release(&tips);
		hgt_buf_release(&out);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_the_repository_into_the_url),
		cmocka_unit_test(finds_the_host),
		cmocka_unit_test(keeps_tips_in_order),
		cmocka_unit_test(reads_lines),
		cmocka_unit_test(lives_with_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
