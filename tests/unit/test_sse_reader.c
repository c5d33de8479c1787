/* lib/event/sse_reader: the format's own rules, whatever pieces it comes in; what hgt_sse_write writes comes back. */
#include "event/sse_reader.h"

#include "event/event.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

/* What the callback saw, as text: "id|type|data" and a line feed each. */
static int note(void *ctx, const struct hgt_sse_event *event)
{
	struct hgt_buf *seen = ctx;

	hgt_buf_addf(seen, "%s|%s|", event->id, event->type);
	hgt_buf_add(seen, event->data, event->len);
	hgt_buf_addc(seen, '\n');
	return 0;
}

static const struct {
	const char *in, *seen;
} cases[] = {
	{"", ""}, {"data: x\n\n", "|message|x\n"}, {"data:x\n\n", "|message|x\n"}, {"data:  x\n\n", "|message| x\n"},
	{"data: x\n", ""}, {"data: x\r\n\r\n", "|message|x\n"}, {"data: x\r\r", "|message|x\n"},
	{"data: x\r\n\n", "|message|x\n"}, {"id: 7\nevent: tick\ndata: x\n\n", "7|tick|x\n"},
	{"data: a\ndata: b\n\n", "|message|a\nb\n"}, {"data\n\n", "|message|\n"}, {"data\ndata\n\n", "|message|\n\n"},
	{": comment\n\ndata: x\n\n", "|message|x\n"}, {"event: tick\n\ndata: x\n\n", "|message|x\n"},
	{"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", "1|message|a\n1|message|b\n|message|c\n"},
	{"\xef\xbb\xbf" "data: x\n\n", "|message|x\n"}, {"\n\xef\xbb\xbf" "data: x\n\n", ""},
	{"retry: 10\nfoo: bar\nDATA: y\ndata: x\n\n", "|message|x\n"}, {"data: a:b: c\n\n", "|message|a:b: c\n"},
	{"event: a\nevent: b\ndata: x\n\n", "|b|x\n"}, {"data: 1\n\n\n\ndata: 2\n\n", "|message|1\n|message|2\n"},
};

static void reads_in_pieces_of_any_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		size_t len = strlen(cases[i].in);

		for (size_t piece = 1; piece <= len + 1; piece++) {
			struct hgt_sse_reader reader;
			struct hgt_buf seen = HGT_BUF_INIT;

			hgt_sse_reader_init(&reader, 100);
			for (size_t at = 0; at < len; at += piece)
				assert_int_equal(hgt_sse_reader_feed(&reader, cases[i].in + at,
					len - at < piece ? len - at : piece,
							 note, &seen, NULL), 0);
			assert_string_equal(seen.data, cases[i].seen);
			hgt_buf_release(&seen);
			hgt_sse_reader_release(&reader);
		}
	}
}

static void reads_what_is_written(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT, seen = HGT_BUF_INIT;
	struct hgt_sse_reader reader;

	(void)state;
	hgt_sse_write(&text, "j.1", "tick", "{\"a\":1}", 7);
	hgt_sse_write(&text, "j.2", NULL, "{}", 2);
	hgt_sse_write(&text, NULL, "tock", "", 0);
	hgt_sse_reader_init(&reader, 100);
	assert_int_equal(hgt_sse_reader_feed(&reader, text.data, text.len, note, &seen, NULL), 0);
	assert_string_equal(seen.data, "j.1|tick|{\"a\":1}\nj.2|message|{}\nj.2|tock|\n");
	assert_string_equal(hgt_sse_reader_last_id(&reader), "j.2");
	hgt_sse_reader_release(&reader);
	hgt_buf_release(&text);
	hgt_buf_release(&seen);
}

static void restarts(void **state)
{
	struct hgt_buf seen = HGT_BUF_INIT;
	struct hgt_sse_reader reader;

	(void)state;
	hgt_sse_reader_init(&reader, 100);
	assert_int_equal(hgt_sse_reader_feed(&reader, "id: 5\ndata: x\n\nevent: e\ndata: half", 33, note, &seen, NULL),
		0);
	hgt_sse_reader_restart(&reader);
	assert_string_equal(hgt_sse_reader_last_id(&reader), "5");
	assert_int_equal(hgt_sse_reader_feed(&reader, "data: y\n\n", 9, note, &seen, NULL), 0);
	assert_string_equal(seen.data, "5|message|x\n5|message|y\n");
	hgt_sse_reader_release(&reader);
	hgt_buf_release(&seen);
}

static int stop(void *ctx, const struct hgt_sse_event *event)
{
	(void)event;
	++*(int *)ctx;
	return HGT_ECONFLICT;
}

static void stops_and_limits(void **state)
{
	static const char *const too_long[] = {"data: 0123456789", "data: 01234\ndata: 67890", ":0123456789abcdef"};
	struct hgt_sse_reader reader;
	int calls = 0;

	(void)state;
	hgt_sse_reader_init(&reader, 15);
	assert_int_equal(hgt_sse_reader_feed(&reader, "data: x\n\ndata: y\n\n", 18, stop, &calls, NULL),
		HGT_ECONFLICT);
	assert_int_equal(calls, 1);
	for (size_t i = 0; i < N_OF(too_long); i++) {
		struct hgt_error err = {0};

		hgt_sse_reader_restart(&reader);
		assert_int_equal(hgt_sse_reader_feed(&reader, too_long[i], strlen(too_long[i]), stop, &calls, &err),
			HGT_ELIMIT);
		assert_string_equal(err.message, "an event is longer than 15 bytes");
	}
	hgt_sse_reader_release(&reader);
}

static void survives_failing_allocations(void **state)
{
	static const char text[] = "id: 1\nevent: e\ndata: x\n\n";
	bool failed = true;

	(void)state;
	for (long n = 1; failed; n++) {
		struct hgt_sse_reader reader;
		int calls = 0, code;

		hgt_sse_reader_init(&reader, 100);
		fail_alloc_at(n);
		code = hgt_sse_reader_feed(&reader, text, sizeof(text) - 1, stop, &calls, NULL);
		failed = fail_alloc_off();
		assert_int_equal(code, failed ? HGT_ENOMEM : HGT_ECONFLICT);
		assert_int_equal(calls, !failed);
		hgt_sse_reader_release(&reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_pieces_of_any_size), cmocka_unit_test(reads_what_is_written),
		cmocka_unit_test(restarts),
		cmocka_unit_test(stops_and_limits), cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
