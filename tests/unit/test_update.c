/* lib/git/update: what a hook's stdin may hold, and what it may not. */
#include "git/update.h"


#include "base/buf.h"
#include "headgate/protocol.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "0123456789abcdef0123456789abcdef01234567"
#define Z "0000000000000000000000000000000000000000"
#define S24 "000000000000000000000000"

static void parses_lines(void **state)
{
	static const char text[] = Z " " A " refs/heads/new\n" A " " B " refs/heads/main\n" B " " Z " refs/tags/v1\n"
		Z " " Z " refs/heads/never-was\n";
	static const enum hgt_change changes[] = {HGT_CHANGE_CREATE, HGT_CHANGE_UPDATE, HGT_CHANGE_DELETE, HGT_CHANGE_DELETE};
	struct hgt_arena arena = HGT_ARENA_INIT;
	struct hgt_updates updates;

	(void)state;
	assert_int_equal(hgt_updates_parse(text, strlen(text), &arena, &updates, NULL), 0);
	assert_int_equal(updates.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(hgt_update_change(&updates.items[i]), changes[i]);
	assert_string_equal(updates.items[1].old_id, A);
	assert_string_equal(updates.items[1].new_id, B);
	assert_string_equal(updates.items[1].ref, "refs/heads/main");
	assert_int_equal(hgt_updates_parse("", 0, &arena, &updates, NULL), 0);
	assert_int_equal(updates.n, 0);
	hgt_arena_release(&arena);
}

static void refuses_the_rest(void **state)
{
	static const struct {
		const char *text;
		size_t len;	/* 0: strlen */
		int code;
		const char *says;
	} cases[] = {
		{"\n", 0, HGT_EPARSE, "line 1 "},
		{A " " B "\n", 0, HGT_EPARSE, "line 1 "},
		{A " " B " \n", 0, HGT_EPARSE, "line 1 "},
		{A " " B " refs/\n", 0, HGT_EPARSE, "names no ref"},
		{A " " B " HEAD\n", 0, HGT_EPARSE, "names no ref"},
		{A " " B " refs/heads/a b\n", 0, HGT_EPARSE, "names no ref"},
		{A " " B " refs/heads/a\x1b[31m\n", 0, HGT_EPARSE, "names no ref"},
		{A " " B " refs/heads/a\x7f\n", 0, HGT_EPARSE, "names no ref"},
		{A " " B " refs/heads/main", 0, HGT_EPARSE, "cut short"},
		{A " " B " refs/heads/main\n" A, 0, HGT_EPARSE, "line 2 "},
		{A " " B " refs/heads/ma\0in\n", 99, HGT_EPARSE, "NUL"},
		{A "  " B " refs/heads/main\n", 0, HGT_EPARSE, "line 1 "},
		{"A" A " " B " refs/heads/main\n", 0, HGT_EPARSE, "line 1 "},
		{"AAAA" A " " B " refs/heads/main\n", 0, HGT_EPARSE, "line 1 "},
		{A " " B S24 " refs/heads/main\n", 0, HGT_EPARSE, "line 1 "},
		{A " " B " refs/heads/main\n" A " x refs/heads/main\n", 0, HGT_EPARSE, "line 2 "},
		{A S24 " " B S24 " refs/heads/main\n", 0, HGT_EUNSUPPORTED, "SHA-256"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_updates updates = {.n = 99};
		struct hgt_arena arena = HGT_ARENA_INIT;
		struct hgt_error err = {0};
		size_t len = cases[i].len ? cases[i].len : strlen(cases[i].text);

		assert_int_equal(hgt_updates_parse(cases[i].text, len, &arena, &updates, &err), cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_non_null(strstr(err.message, cases[i].says));
		assert_int_equal(updates.n, 99);
		hgt_arena_release(&arena);
	}
}

static void keeps_raw_bytes(void **state)
{
	static const char text[] = A " " B " refs/heads/caf\xe9\xff\n";
	struct hgt_arena arena = HGT_ARENA_INIT;
	struct hgt_updates updates;

	(void)state;
	assert_int_equal(hgt_updates_parse(text, strlen(text), &arena, &updates, NULL), 0);
	assert_string_equal(updates.items[0].ref, "refs/heads/caf\xe9\xff");
	hgt_arena_release(&arena);
}

/* A text of n lines whose refs have `ref_len` bytes. */
static void make_lines(struct hgt_buf *text, size_t n, size_t ref_len)
{
	for (size_t i = 0; i < n; i++) {
		hgt_buf_adds(text, A " " B " refs/heads/");
		for (size_t c = strlen("refs/heads/"); c < ref_len; c++)
			hgt_buf_addc(text, 'x');
		hgt_buf_addc(text, '\n');
	}
	assert_false(text->failed);
}

static void has_limits(void **state)
{
	static const struct {
		size_t lines, ref_len;
		int code;
	} cases[] = {
		{HGT_HOOK_UPDATES_MAX, 12, 0},
		{HGT_HOOK_UPDATES_MAX + 1, 12, HGT_ELIMIT},
		{1, 4096, 0},
		{1, 4097, HGT_EPARSE},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_arena arena = HGT_ARENA_INIT;
		struct hgt_buf text = HGT_BUF_INIT;
		struct hgt_updates updates;

		make_lines(&text, cases[i].lines, cases[i].ref_len);
		assert_int_equal(hgt_updates_parse(text.data, text.len, &arena, &updates, NULL), cases[i].code);
		hgt_buf_release(&text);
		hgt_arena_release(&arena);
	}
}

static void survives_want_of_memory(void **state)
{
	static const char text[] = A " " B " refs/heads/main\n";

	(void)state;
	for (long n = 1;; n++) {
		struct hgt_arena arena = HGT_ARENA_INIT;
		struct hgt_updates updates;
		int code;

		fail_alloc_at(n);
		code = hgt_updates_parse(text, strlen(text), &arena, &updates, NULL);
		hgt_arena_release(&arena);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
}

static void judges_ids(void **state)
{
	(void)state;
	assert_true(hgt_oid_is_zero(Z));
	assert_true(hgt_oid_is_zero(Z S24));
	assert_false(hgt_oid_is_zero(A));
	assert_false(hgt_oid_is_zero(""));
	assert_true(hgt_ref_is_own("refs/headgate/kept/heads/main/x"));
	assert_false(hgt_ref_is_own("refs/headgate"));
	assert_false(hgt_ref_is_own("refs/heads/refs/headgate/x"));
	assert_true(hgt_oid_is_valid(B));
	assert_true(hgt_oid_is_valid(B S24));
	assert_false(hgt_oid_is_valid(B "0"));
	assert_false(hgt_oid_is_valid(""));
	assert_false(hgt_oid_is_valid("ABCDEF6789abcdef0123456789abcdef01234567"));
	assert_string_equal(hgt_change_name(HGT_CHANGE_CREATE), "create");
	assert_string_equal(hgt_change_name(HGT_CHANGE_UPDATE), "update");
	assert_string_equal(hgt_change_name(HGT_CHANGE_DELETE), "delete");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_lines), cmocka_unit_test(refuses_the_rest), cmocka_unit_test(keeps_raw_bytes),
		cmocka_unit_test(has_limits), cmocka_unit_test(survives_want_of_memory), cmocka_unit_test(judges_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
