/* lib/webhook/signature: vectors of the specifications, and which files may hold a secret. */
#include "webhook/signature.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/io.h"
#include "tests/unit/unit.h"

static struct hgt_secret secret_of(const char *text)
{
	return (struct hgt_secret){(char *)text, strlen(text)};
}

static void hmac_vectors(void **state)
{
	static const struct {
		const char *key, *data, *sha256, *sha1;
	} cases[] = {
		/* RFC 4231 test case 2, RFC 2202 test case 2 */
		{"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
			"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		/* GitHub's "Validating webhook deliveries" */
		{"It's a Secret to Everybody", "Hello, World!", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const struct hgt_secret secret = secret_of(cases[i].key);
		struct hgt_buf out = HGT_BUF_INIT;

		hgt_hmac_sha256_hex(&secret, cases[i].data, strlen(cases[i].data), &out);
		assert_string_equal(out.data, cases[i].sha256);
		assert_true(hgt_hmac_sha256_verify(&secret, cases[i].data, strlen(cases[i].data), out.data));
		hgt_buf_reset(&out);
		hgt_hmac_sha1_hex(&secret, cases[i].data, strlen(cases[i].data), &out);
		if (cases[i].sha1)
			assert_string_equal(out.data, cases[i].sha1);
		hgt_buf_release(&out);
	}
}

/* The example of the Standard Webhooks specification. */
static void standard_vector(void **state)
{
	static const char key[] = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body[] = "{\"test\": 2432232314}";
	struct hgt_buf bytes = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_secret secret;
	size_t bad;

	(void)state;
	assert_true(hgt_base64_decode(&bytes, key, strlen(key), &bad));
	secret = (struct hgt_secret){bytes.data, bytes.len};
	hgt_standard_signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, strlen(body), &out);
	assert_string_equal(out.data, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	hgt_buf_release(&bytes);
	hgt_buf_release(&out);
}

static void refuses_what_differs(void **state)
{
	static const char *const bad[] = {
		"", "757107", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18",
		"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1g",
		"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1700",
		" 57107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
	};
	const struct hgt_secret secret = secret_of("It's a Secret to Everybody"), none = {0};
	static const char good[] = "757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17";

	(void)state;
	for (size_t i = 0; i < N_OF(bad); i++)
		assert_false(hgt_hmac_sha256_verify(&secret, "Hello, World!", 13, bad[i]));
	assert_true(hgt_hmac_sha256_verify(&secret, "Hello, World!", 13, good));
	assert_false(hgt_hmac_sha256_verify(&none, "Hello, World!", 13, good));
	assert_false(hgt_hmac_sha256_verify(&secret, "Hello, World?", 13, good));
	assert_true(hgt_secret_equals(&secret, "It's a Secret to Everybody"));
	assert_false(hgt_secret_equals(&secret, "It's a Secret to Everybod"));
	assert_false(hgt_secret_equals(&secret, "It's a Secret to Everybody!"));
	assert_false(hgt_secret_equals(&none, ""));
}

static void reads_files(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		mode_t mode;
		int code;
		const char *want;
	} cases[] = {
		{"geheim\n", 7, 0600, 0, "geheim"}, {"geheim\r\n\n", 9, 0640, 0, "geheim"}, {" a b ", 5, 0400, 0, " a b "},
		{"geheim", 6, 0644, HGT_EPERM, NULL}, {"geheim", 6, 0660, HGT_EPERM, NULL}, {"geheim", 6, 0601, HGT_EPERM, NULL},
		{"\n", 1, 0600, HGT_EINVAL, NULL}, {"", 0, 0600, HGT_EINVAL, NULL}, {"a\0b", 3, 0600, HGT_EINVAL, NULL},
	};
	char *path = unit_path(*state, "secret");

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_secret secret = {0};
		struct hgt_error err = {0};

		unlink(path);
		assert_int_equal(hgt_write_file(path, cases[i].text, cases[i].len, 0600, &err), 0);
		assert_int_equal(chmod(path, cases[i].mode), 0);
		assert_int_equal(hgt_secret_read(path, &secret, &err), cases[i].code);
		if (cases[i].code == 0) {
			assert_string_equal(secret.data, cases[i].want);
			assert_int_equal(secret.len, strlen(cases[i].want));
		} else {
			assert_null(secret.data);
			assert_non_null(strstr(err.message, path));
		}
		hgt_secret_release(&secret);
	}
	free(path);
}

static void refuses_what_is_no_file(void **state)
{
	static char long_text[HGT_SECRET_MAX + 1];
	struct hgt_secret secret = {0};
	struct hgt_error err = {0};
	char *path = unit_path(*state, "long");

	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(hgt_write_file(path, long_text, sizeof(long_text), 0600, &err), 0);
	assert_int_equal(hgt_secret_read(path, &secret, &err), HGT_ELIMIT);
	assert_int_equal(hgt_secret_read(*state, &secret, &err), HGT_EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(hgt_secret_read(path, &secret, &err), HGT_ENOENT);
	/* A pipe that nobody writes to is not waited for. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(hgt_secret_read(path, &secret, &err), HGT_EINVAL);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hmac_vectors),
		cmocka_unit_test(standard_vector),
		cmocka_unit_test(refuses_what_differs),
		cmocka_unit_test_setup_teardown(reads_files, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_file, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
