/* lib/base/digest: published test vectors of SHA-256 and base64. */
#include "base/digest.h"

#include "base/io.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void sha256_vectors(void **state)
{
	static const struct {
		const char *in, *hex;
	} cases[] = {	/* FIPS 180-4 examples */
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		unsigned char digest[HGT_SHA256_SIZE], again[HGT_SHA256_SIZE];
		char hex[HGT_SHA256_HEX];
		struct hgt_sha256 sha;

		hgt_sha256(cases[i].in, strlen(cases[i].in), digest);
		hgt_hex(digest, sizeof(digest), hex);
		assert_string_equal(hex, cases[i].hex);
		hgt_sha256_init(&sha);
		for (const char *p = cases[i].in; *p; p++)
			hgt_sha256_update(&sha, p, 1);
		hgt_sha256_final(&sha, again);
		assert_memory_equal(again, digest, sizeof(digest));
	}
}

static void base64_vectors(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *standard, *url;
	} cases[] = {	/* RFC 4648 section 10 */
		{"", 0, "", ""}, {"f", 1, "Zg==", "Zg"}, {"fo", 2, "Zm8=", "Zm8"}, {"foo", 3, "Zm9v", "Zm9v"},
		{"foob", 4, "Zm9vYg==", "Zm9vYg"}, {"fooba", 5, "Zm9vYmE=", "Zm9vYmE"}, {"foobar", 6, "Zm9vYmFy", "Zm9vYmFy"},
		{"\xfb\xff\xfe", 3, "+//+", "-__-"}, {"\0\0", 2, "AAA=", "AAA"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		hgt_buf_adds(&out, "a+/=");	/* what was there is left alone */
		hgt_base64(&out, cases[i].in, cases[i].len);
		assert_string_equal(out.data + 4, cases[i].standard);
		hgt_buf_truncate(&out, 4);
		hgt_base64_url(&out, cases[i].in, cases[i].len);
		assert_memory_equal(out.data, "a+/=", 4);
		assert_string_equal(out.data + 4, cases[i].url);
		hgt_buf_release(&out);
	}
}

static void digest_field(void **state)
{
	unsigned char digest[HGT_SHA256_SIZE];
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	hgt_sha256("{\"hello\": \"world\"}\n", 19, digest);	/* RFC 9530, appendix A */
	hgt_digest_field(&out, digest);
	assert_string_equal(out.data, "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
	hgt_buf_release(&out);
}

static void compares_secrets(void **state)
{
	(void)state;
	assert_true(hgt_equal_secret("abc", "abc", 3));
	assert_false(hgt_equal_secret("abc", "abd", 3));
	assert_false(hgt_equal_secret("xbc", "abc", 3));
	assert_true(hgt_equal_secret("", "", 0));
}

static void survives_failing_allocations(void **state)
{
	bool failed = true;

	(void)state;
	for (long n = 1; failed; n++) {
		struct hgt_buf out = HGT_BUF_INIT;
		char data[100] = {0};

		fail_alloc_at(n);
		hgt_base64_url(&out, data, sizeof(data));
		failed = fail_alloc_off();
		assert_int_equal(out.failed, failed);
		hgt_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_vectors), cmocka_unit_test(base64_vectors), cmocka_unit_test(digest_field),
		cmocka_unit_test(compares_secrets), cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
