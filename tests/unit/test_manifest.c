/* agent/manifest: what is written is read again, and nothing else is. */
#include "agent/manifest.h"

#include "base/io.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void fill(struct manifest *m)
{
	static const struct {
		enum manifest_kind kind;
		const char *path;
	} entries[] = {
		{MANIFEST_FILE, "b/file with \n and \xff bytes"}, {MANIFEST_FOLDER, "b"}, {MANIFEST_EXECUTABLE, "a"},
		{MANIFEST_LINK, "l"}, {MANIFEST_FOLDER_FOUND, "d"}, {MANIFEST_STALE, "end 7"}, {MANIFEST_FOLDER_STALE, "z"},
	};

	for (size_t i = 0; i < N_OF(entries); i++) {
		static const struct manifest_stamp stamp = {1, 2, 0, UINT64_MAX, 0xabcdef0123456789};
		unsigned char digest[HGT_SHA256_SIZE];

		hgt_sha256(entries[i].path, strlen(entries[i].path), digest);
		assert_int_equal(manifest_add(m, entries[i].kind, entries[i].path, strlen(entries[i].path), digest,
			i == 0 ? &stamp : NULL, NULL), 0);
	}
}

static void reads_what_it_wrote(void **state)
{
	struct manifest m = MANIFEST_INIT, again = MANIFEST_INIT, none = MANIFEST_INIT;
	char *file = unit_path(*state, "files");

	assert_int_equal(manifest_load(&none, file, NULL), 0);
	assert_int_equal(none.n, 0);
	fill(&m);
	assert_int_equal(manifest_save(&m, file, NULL), 0);
	assert_int_equal(manifest_load(&again, file, NULL), 0);
	assert_int_equal(again.n, m.n);
	manifest_sort(&m);
	for (size_t i = 0; i < m.n; i++) {
		assert_string_equal(again.items[i]->path, m.items[i]->path);
		assert_int_equal(again.items[i]->kind, m.items[i]->kind);
		assert_memory_equal(again.items[i]->digest, m.items[i]->digest, HGT_SHA256_SIZE);
		assert_true(manifest_stamp_is_equal(&again.items[i]->stamp, &m.items[i]->stamp));
		assert_int_equal(manifest_stamp_is_known(&again.items[i]->stamp), again.items[i]->path[0] == 'b' && again.items[i]->path[1]);
	}
	assert_ptr_equal(manifest_find(&again, "l", 1), again.items[5]);
	assert_null(manifest_find(&again, "nowhere", 7));
	manifest_release(&m);
	manifest_release(&again);
	free(file);
}

/* Every cut of the file, and some changes. */
static void refuses_what_it_did_not_write(void **state)
{
	static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	/* what is before the digest and behind it */
	static const struct {
		const char *header, *kind, *rest;
	} cases[] = {
		{"1", "q", "- path"}, {"1", "", "- path"}, {"1", "F", "- path"}, {"1", "f", ""}, {"1", "f", "path"},
		{"1", "f", "- "}, {"1", "f", "-"}, {"1", "f", "1.2.3.4.5"}, {"1", "f", "1.2.3.4.5 "}, {"1", "f", "1.2.3.4 path"},
		{"1", "f", "1.2.3.4.5.6 path"}, {"1", "f", "1..3.4.5 path"}, {"1", "f", "1.2.3.4.g path"},
		{"1", "f", "1.2.3.4.10123456789abcdef path"}, {"2", "f", "- path"},
	};
	struct manifest m = MANIFEST_INIT;
	char *file = unit_path(*state, "files");
	struct hgt_buf text = HGT_BUF_INIT, wrong = HGT_BUF_INIT;

	fill(&m);
	assert_int_equal(manifest_save(&m, file, NULL), 0);
	manifest_release(&m);
	assert_int_equal(hgt_read_file(file, 1 << 20, &text, NULL), 0);
	for (size_t n = 0; n <= text.len; n++) {
		struct hgt_error err = {0};

		hgt_buf_reset(&wrong);
		hgt_buf_add(&wrong, text.data, n);
		if (n == text.len)
			hgt_buf_addc(&wrong, 'x');
		assert_int_equal(hgt_write_file(file, wrong.data, wrong.len, 0600, NULL), 0);
		assert_int_equal(manifest_load(&m, file, &err), HGT_ECORRUPT);
		assert_non_null(strstr(err.message, "is damaged"));
		manifest_release(&m);
	}
	for (size_t i = 0; i < N_OF(cases); i++) {
		hgt_buf_reset(&wrong);
		hgt_buf_addf(&wrong, "headgate-files %s\n%s %s %s", cases[i].header, cases[i].kind, digest, cases[i].rest);
		hgt_buf_addc(&wrong, '\0');
		hgt_buf_adds(&wrong, "end 1");
		hgt_buf_addc(&wrong, '\0');
		assert_int_equal(hgt_write_file(file, wrong.data, wrong.len, 0600, NULL), 0);
		assert_int_equal(manifest_load(&m, file, NULL), HGT_ECORRUPT);
		manifest_release(&m);
	}
	hgt_buf_release(&wrong);
	hgt_buf_release(&text);
	free(file);
}

static void survives_failing_allocations(void **state)
{
	struct manifest m = MANIFEST_INIT;
	char *file = unit_path(*state, "files");

	fill(&m);
	assert_int_equal(manifest_save(&m, file, NULL), 0);
	manifest_release(&m);
	for (long n = 1;; n++) {
		int code;

		fail_alloc_at(n);
		code = manifest_load(&m, file, NULL);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
		manifest_release(&m);
	}
	manifest_release(&m);
	free(file);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, unit_folder_make, unit_folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_what_it_wrote), TEST(refuses_what_it_did_not_write), TEST(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
