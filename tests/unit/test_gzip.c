/* daemon/gzip: who takes it, and what comes out again. */
#include "daemon/gzip.h"

#include <zlib.h>

#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void test_accepted(void **state)
{
	static const struct {
		const char *header;
		bool accepted;
	} cases[] = {
		{NULL, false}, {"", false}, {"gzip", true}, {"GZip", true}, {"x-gzip", true}, {"br, gzip", true}, {"gzip;q=0", false},
		{"gzip;q=0.000", false}, {"gzip; q=0.5", true}, {"gzip;q=1", true}, {"deflate, br", false}, {"*", true}, {"*;q=0", false},
		{"gzip;q=0, *", false}, {"*, gzip;q=0", false}, {"identity;q=1, *;q=0", false}, {"gzipped", false}, {" \tgzip ", true},
		{",,gzip", true}, {"gzip ;q=0.0, br", false}, {"gzip;q=0,br;q=1", false}, {"br;q=0, gzip", true}, {"gzip;q=", true},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		if (gzip_is_accepted(cases[i].header) != cases[i].accepted)
			fail_msg("\"%s\"", cases[i].header);
}

static void test_round_trip(void **state)
{
	static const size_t sizes[] = {0, 1, 1000, 100000};

	(void)state;
	for (size_t i = 0; i < N_OF(sizes); i++) {
		struct hgt_buf in = HGT_BUF_INIT, out = HGT_BUF_INIT;
		struct hgt_error err = {0};
		char *back = malloc(sizes[i] + 1);
		z_stream z = {0};

		while (in.len < sizes[i])
			hgt_buf_addc(&in, "{\"events\":[]}"[in.len * in.len % 13]);
		hgt_buf_adds(&out, "kept");
		assert_int_equal(gzip_bytes(in.data, in.len, &out, &err), 0);
		assert_memory_equal(out.data, "kept", 4);
		assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
		z.next_in = (Bytef *)out.data + 4;
		z.avail_in = (uInt)out.len - 4;
		z.next_out = (Bytef *)back;
		z.avail_out = (uInt)sizes[i] + 1;
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		assert_int_equal(z.total_out, sizes[i]);
		assert_memory_equal(back, in.data, sizes[i]);
		inflateEnd(&z);
		free(back);
		hgt_buf_release(&in);
		hgt_buf_release(&out);
	}
}

static void test_no_memory(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int code;

	(void)state;
	for (long n = 1;; n++) {
		fail_alloc_at(n);
		code = gzip_bytes("some", 4, &out, &err);
		if (!fail_alloc_off())
			break;
		assert_int_equal(code, HGT_ENOMEM);
		hgt_buf_reset(&out);
	}
	assert_int_equal(code, 0);
	hgt_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
