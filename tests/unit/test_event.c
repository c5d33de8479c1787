/* lib/event: what is written, what is read back, what a filter takes. */
#include "event/event.h"

#include "headgate/protocol.h"
#include "tests/unit/unit.h"

#define JOURNAL "0123456789abcdef"

static void cursors(void **state)
{
	static const struct {
		const char *text, *journal;
		uint64_t seq;
	} good[] = {
		{"0", "", 0},
		{JOURNAL ".0", JOURNAL, 0},
		{JOURNAL ".1", JOURNAL, 1},
		{JOURNAL ".9223372036854775807", JOURNAL, INT64_MAX},
	};
	static const char *const bad[] = {"", "1", "00", ".1", JOURNAL, JOURNAL ".", JOURNAL ".-1", JOURNAL ". 1", JOURNAL ".1 ",
		JOURNAL "0.1", "0123456789ABCDEF.1", "0123456789abcde.1", JOURNAL ".9223372036854775808", JOURNAL "/1"};

	(void)state;
	for (size_t i = 0; i < N_OF(good); i++) {
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_cursor cursor;

		assert_int_equal(hgt_cursor_parse(good[i].text, &cursor, NULL), 0);
		assert_string_equal(cursor.journal, good[i].journal);
		assert_int_equal(cursor.seq, good[i].seq);
		hgt_cursor_format(&cursor, &out);
		assert_string_equal(out.data, good[i].text);
		hgt_buf_release(&out);
	}
	for (size_t i = 0; i < N_OF(bad); i++) {
		struct hgt_cursor cursor = {.seq = 7};
		struct hgt_error err = {0};

		assert_int_equal(hgt_cursor_parse(bad[i], &cursor, &err), HGT_EPARSE);
		assert_int_equal(cursor.seq, 7);
		assert_true(err.message[0]);
	}
}

static void whole_events(void **state)
{
	static const struct hgt_event_path paths[] = {{"a/b", 'M'}, {"caf\xe9", 'A'}};
	const struct hgt_ref_event event = {.repo = "infra/prod", .ref = "refs/heads/main", .old_id = "00", .new_id = "11",
		.change = "update", .forced = true, .push = "77", .source = "hook", .paths = paths, .n_paths = 2};
	struct hgt_buf data = HGT_BUF_INIT, out = HGT_BUF_INIT;

	(void)state;
	hgt_ref_event_write(&event, &data);
	assert_string_equal(data.data, "{\"repo\":\"infra/prod\",\"ref\":\"refs/heads/main\",\"old\":\"00\",\"new\":\"11\","
		"\"change\":\"update\",\"forced\":true,\"actor\":null,\"push\":\"77\",\"source\":\"hook\","
		"\"paths\":[{\"path\":\"a/b\",\"status\":\"M\"},{\"path\":\"caf\xef\xbf\xbd\",\"status\":\"A\"}],"
		"\"paths_truncated\":false}");
	hgt_event_write(JOURNAL, 3, "git.example.org", HGT_EVENT_REF_UPDATED, "infra/prod:refs/heads/main", 0, "{}", 2, &out);
	assert_string_equal(out.data, "{\"specversion\":\"1.0\",\"id\":\"" JOURNAL ".3\",\"source\":\"/headgate/git.example.org\","
		"\"type\":\"io.headgate.ref.updated.v1\",\"time\":\"1970-01-01T00:00:00.000Z\","
		"\"subject\":\"infra/prod:refs/heads/main\",\"datacontenttype\":\"application/json\",\"data\":{}}");
	hgt_buf_reset(&out);
	hgt_event_write(JOURNAL, 4, "s", "t", NULL, 0, "{}", 2, &out);
	assert_null(strstr(out.data, "subject"));
	hgt_buf_release(&data);
	hgt_buf_release(&out);
}

static void server_sent(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	hgt_sse_write(&out, "j.1", "bookmark", "{}", 2);
	hgt_sse_write(&out, NULL, NULL, "x", 1);
	assert_string_equal(out.data, "id: j.1\nevent: bookmark\ndata: {}\n\ndata: x\n\n");
	hgt_buf_release(&out);
}

static void below(void **state)
{
	static const struct {
		const char *path, *prefix;
		bool is;
	} cases[] = {
		{"hosts/web", "", true}, {"hosts/web", "hosts/web", true}, {"hosts/web/a", "hosts/web", true},
		{"hosts/webb", "hosts/web", false}, {"hosts/we", "hosts/web", false}, {"hosts/web/a", "hosts/web/", true},
		{"hosts/web", "hosts/web/", true}, {"hosts", "hosts/web", false}, {"a", "/", true}, {"b/hosts/web", "hosts/web", false},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		assert_int_equal(hgt_path_below(cases[i].path, cases[i].prefix), cases[i].is);
}

static void filters(void **state)
{
	static const struct hgt_event_path paths[] = {{"hosts/web/nginx.conf", 'M'}, {"README", 'M'}};
	static const struct {
		struct hgt_filter filter;
		enum hgt_match whole, cut;
	} cases[] = {
		{{"", "", "", ""}, HGT_MATCH_YES, HGT_MATCH_YES},
		{{"infra/*", "refs/heads/*", "", "io.headgate.ref.*"}, HGT_MATCH_YES, HGT_MATCH_YES},
		{{"infra/*", "", "hosts/web", ""}, HGT_MATCH_YES, HGT_MATCH_YES},
		{{"infra/*", "", "hosts/db", ""}, HGT_MATCH_NO, HGT_MATCH_ASK},
		{{"apps/*", "", "hosts/db", ""}, HGT_MATCH_NO, HGT_MATCH_NO},
		{{"", "refs/tags/**", "", ""}, HGT_MATCH_NO, HGT_MATCH_NO},
		{{"", "", "", "io.headgate.agent.*"}, HGT_MATCH_NO, HGT_MATCH_NO},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_ref_event event = {.repo = "infra/prod", .ref = "refs/heads/main", .paths = paths, .n_paths = 2};

		assert_int_equal(hgt_filter_match_ref(&cases[i].filter, &event), cases[i].whole);
		event.paths_truncated = true;
		assert_int_equal(hgt_filter_match_ref(&cases[i].filter, &event), cases[i].cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cursors), cmocka_unit_test(whole_events), cmocka_unit_test(server_sent), cmocka_unit_test(below),
		cmocka_unit_test(filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
