/* lib/base/error: codes from errno, messages that are cut rather than overrun, context put before them. */
#include "base/error.h"

#include <errno.h>

#include "tests/unit/unit.h"

static void sets_code_and_message(void **state)
{
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(hgt_error_set(&err, HGT_EPARSE, "line %d", 7), HGT_EPARSE);
	assert_int_equal(err.code, HGT_EPARSE);
	assert_string_equal(err.message, "line 7");
	assert_int_equal(hgt_error_nomem(&err), HGT_ENOMEM);
	assert_string_equal(err.message, "out of memory");
}

static void takes_null(void **state)
{
	(void)state;
	errno = ENOENT;
	assert_int_equal(hgt_error_set(NULL, HGT_EIO, "x"), HGT_EIO);
	assert_int_equal(hgt_error_set_errno(NULL, "x"), HGT_ENOENT);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(hgt_error_nomem(NULL), HGT_ENOMEM);
	hgt_error_prefix(NULL, "x");
}

static void knows_errno(void **state)
{
	static const struct {
		int errnum, code;
	} cases[] = {
		{ENOMEM, HGT_ENOMEM}, {ENOENT, HGT_ENOENT}, {ENOTDIR, HGT_ENOENT}, {EEXIST, HGT_EEXIST},
		{EACCES, HGT_EPERM}, {EPERM, HGT_EPERM}, {EINVAL, HGT_EINVAL}, {ETIMEDOUT, HGT_ETIMEOUT},
		{ECONNREFUSED, HGT_EUNAVAILABLE}, {ECONNRESET, HGT_EUNAVAILABLE}, {EPIPE, HGT_EUNAVAILABLE},
		{EHOSTUNREACH, HGT_EUNAVAILABLE}, {ENETUNREACH, HGT_EUNAVAILABLE}, {ENOSPC, HGT_EIO}, {0, HGT_EIO},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_error err = {0};

		assert_int_equal(hgt_code_from_errno(cases[i].errnum), cases[i].code);
		errno = cases[i].errnum;
		assert_int_equal(hgt_error_set_errno(&err, "open %s", "/a"), cases[i].code);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(errno, cases[i].errnum);
	}
}

static void appends_strerror(void **state)
{
	struct hgt_error err = {0};

	(void)state;
	errno = ENOENT;
	assert_int_equal(hgt_error_set_errno(&err, "cannot open %s", "/a"), HGT_ENOENT);
	assert_string_equal(err.message, "cannot open /a: No such file or directory");
}

static void prefixes(void **state)
{
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(hgt_error_set(&err, HGT_EPARSE, "bad"), HGT_EPARSE);
	hgt_error_prefix(&err, "%s:%d", "file", 3);
	assert_string_equal(err.message, "file:3: bad");
	assert_int_equal(err.code, HGT_EPARSE);
}

static void cuts_what_is_too_long(void **state)
{
	char text[HGT_ERROR_MESSAGE_MAX + 100];
	struct hgt_error err = {0};

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';

	assert_int_equal(hgt_error_set(&err, HGT_EIO, "%s", text), HGT_EIO);
	assert_int_equal(strlen(err.message), HGT_ERROR_MESSAGE_MAX - 1);
	assert_string_equal(err.message + HGT_ERROR_MESSAGE_MAX - 5, "a...");

	/* the longest that fits is not cut */
	text[HGT_ERROR_MESSAGE_MAX - 1] = '\0';
	assert_int_equal(hgt_error_set(&err, HGT_EIO, "%s", text), HGT_EIO);
	assert_string_equal(err.message, text);

	/* nor does what is added later overrun, and the cut shows there too */
	hgt_error_prefix(&err, "context");
	assert_int_equal(strlen(err.message), HGT_ERROR_MESSAGE_MAX - 1);
	assert_memory_equal(err.message, "context: aaa", 12);
	assert_string_equal(err.message + HGT_ERROR_MESSAGE_MAX - 5, "a...");
	errno = EIO;
	assert_int_equal(hgt_error_set_errno(&err, "%s", text), HGT_EIO);
	assert_int_equal(strlen(err.message), HGT_ERROR_MESSAGE_MAX - 1);
	assert_string_equal(err.message + HGT_ERROR_MESSAGE_MAX - 4, "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_code_and_message), cmocka_unit_test(takes_null), cmocka_unit_test(knows_errno),
		cmocka_unit_test(appends_strerror), cmocka_unit_test(prefixes), cmocka_unit_test(cuts_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
