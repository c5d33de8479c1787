/* cli/remote/mirror_view: mirrors, copies and refs as people read them; answers that lack what they should have. */
#include "cli/remote/mirror_view.h"

#include "base/timing.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define MINUTE ((int64_t)60 * 1000)

/* 2026-01-02T03:04:05Z */
static int64_t now_ms(void)
{
	int64_t ms;

	assert_int_equal(hgt_time_parse("2026-01-02T03:04:05Z", &ms, NULL), 0);
	return ms;
}

static int set_up(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static const struct hgt_node *parse(struct hgt_doc_set *set, const char *text)
{
	hgt_doc_set_init(set);
	assert_int_equal(hgt_json_parse_message(text, strlen(text), set, NULL), 0);
	return set->docs[0].root;
}

/* The items of a list. */
static struct mirror_list items_of(const struct hgt_node *root)
{
	return (struct mirror_list){(const struct hgt_node **)(void *)root->v.seq.items, root->v.seq.n};
}

static void says_spans_and_bytes(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} spans[] = {
		{-5, "0 s"}, {0, "0 s"}, {59999, "59 s"}, {MINUTE, "1 min"}, {59 * MINUTE, "59 min"}, {60 * MINUTE, "1 h"},
		{61 * MINUTE, "1 h 1 min"}, {24 * 60 * MINUTE - 1, "23 h 59 min"}, {24 * 60 * MINUTE, "1 day"}, {49 * 60 * MINUTE, "2 days"},
	};
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{0, "0 bytes"}, {1, "1 byte"}, {1023, "1023 bytes"}, {1024, "1.0 KiB"}, {1536 * 1024, "1.5 MiB"},
		{UINT64_C(3) << 30, "3.0 GiB"}, {UINT64_C(5000) << 40, "5000.0 TiB"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(spans); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		mirror_view_span(spans[i].ms, &out);
		assert_string_equal(out.data, spans[i].text);
		hgt_buf_release(&out);
	}
	for (size_t i = 0; i < N_OF(sizes); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		mirror_view_bytes(sizes[i].bytes, &out);
		assert_string_equal(out.data, sizes[i].text);
		hgt_buf_release(&out);
	}
}

static void lists_mirrors(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_doc_set set;
	const struct hgt_node *root = parse(&set, "[{\"name\":\"up\",\"direction\":\"pull\",\"url\":\"https://example.org/{repo}\","
		"\"copies\":12,\"new\":0,\"in_step\":9,\"behind\":1,\"failing\":2,\"stopped\":0,\"paused\":1},{\"name\":7}]");

	(void)state;
	assert_int_equal(mirror_view_mirrors(root, false, &out, NULL), 0);
	assert_string_equal(out.data,
		"MIRROR  WAY   COPIES  IN-STEP  NEW  BEHIND  FAILING  STOPPED  PAUSED  URL\n"
		"up      pull  12      9        0    1       2        0        1       https://example.org/{repo}\n"
		"-       -     -       -        -    -       -        -        -       -\n");
	hgt_buf_reset(&out);
	assert_int_equal(mirror_view_mirrors(NULL, false, &out, NULL), 0);
	assert_string_equal(out.data, "No mirrors in the config.\n");
	hgt_doc_set_release(&set);
	hgt_buf_release(&out);
}

static const char copies[] =
	"[{\"mirror\":\"up\",\"repo\":\"b\",\"state\":\"in-step\",\"refs\":3,\"out_of_step\":0,\"ok\":\"2026-01-02T03:00:05Z\",\"bytes\":2048},"
	"{\"mirror\":\"up\",\"repo\":\"a\",\"state\":\"in-step\",\"paused\":true,\"refs\":3,\"out_of_step\":0,\"bytes\":0},"
	"{\"mirror\":\"up\",\"repo\":\"hid\",\"state\":\"behind\",\"since\":\"2026-01-02T03:04:00Z\",\"refs\":null,\"out_of_step\":null,"
	"\"bytes\":null,\"running\":{\"phase\":\"receiving\"}},"
	"{\"mirror\":\"up\",\"repo\":\"c\",\"state\":\"failing\",\"since\":\"2026-01-02T01:04:05Z\",\"refs\":1,\"out_of_step\":1,"
	"\"error\":\"away\\u001b[31m\"},"
	"{\"mirror\":\"up\",\"repo\":\"d\",\"state\":\"failing\",\"since\":\"2026-01-01T03:04:05Z\",\"refs\":1,\"out_of_step\":1,\"waiting\":true},"
	"{\"mirror\":\"up\",\"repo\":\"e\",\"state\":\"stopped\",\"refs\":4,\"out_of_step\":2,\"error\":\"2 refs have diverged\"},"
	"{\"mirror\":\"up\",\"repo\":\"f\",\"state\":\"odd\"}]";

static void lists_the_worst_first(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_doc_set set;
	struct mirror_list list = items_of(parse(&set, copies));

	(void)state;
	assert_true(mirror_view_is_well(list.items[0]));
	assert_false(mirror_view_is_well(list.items[2]));
	mirror_list_sort(&list);
	assert_int_equal(mirror_view_copies(&list, SIZE_MAX, false, now_ms(), false, &out, NULL), 0);
	assert_string_equal(out.data,
		"REPOSITORY  STATE                        LAG  REFS  OUT-OF-STEP  LAST-OK  MOVED    ERROR\n"
		"e           stopped                      -    4     2            -        -        2 refs have diverged\n"
		"d           failing, waits for its turn  24h  1     1            -        -        -\n"
		"c           failing                      2h   1     1            -        -        away\\e[31m\n"
		"hid         behind, moving               5s   -     -            -        -        -\n"
		"a           in step, paused              -    3     0            -        0 bytes  -\n"
		"b           in step                      -    3     0            4m       2.0 KiB  -\n"
		"f           odd                          -    -     -            -        -        -\n");
	hgt_buf_reset(&out);
	assert_int_equal(mirror_view_copies(&list, 1, true, now_ms(), false, &out, NULL), 0);
	assert_string_equal(out.data,
		"MIRROR  REPOSITORY  STATE    LAG  REFS  OUT-OF-STEP  LAST-OK  MOVED  ERROR\n"
		"up      e           stopped  -    4     2            -        -      2 refs have diverged\n"
		"and 6 more\n");
	hgt_doc_set_release(&set);
	hgt_buf_release(&out);
}

static const struct {
	const char *copy, *text;
} shown[] = {
	{"{\"mirror\":\"up\",\"repo\":\"vendor/x\",\"direction\":\"pull\",\"url\":\"https://example.org/x\",\"state\":\"stopped\","
		"\"paused\":false,\"since\":\"2026-01-02T01:02:05Z\",\"tried\":\"2026-01-02T03:03:05Z\",\"ok\":\"2026-01-02T03:03:05Z\","
		"\"verified\":\"2026-01-02T02:04:05Z\",\"next\":null,\"attempts\":0,\"error\":\"refs/heads/main was forced\",\"bytes\":1536,"
		"\"refs\":5,\"out_of_step\":1,\"running\":null,\"waiting\":false}",
		"vendor/x of mirror up, pulled from https://example.org/x\n"
		"state      stopped: refs/heads/main was forced\n"
		"behind for 2 h 2 min, since 2026-01-02 01:02:05\n"
		"last good  1 min ago, 2026-01-02 03:03:05\n"
		"verified   1 h ago, 2026-01-02 02:04:05\n"
		"refs       5, 1 of them not in step\n"
		"moved      1.5 KiB\n"
		"\n"
		"`headgate mirror sync up vendor/x --accept` follows upstream, and keeps what was here under refs/headgate/kept/\n"},
	{"{\"mirror\":\"bak\",\"repo\":\"r\",\"direction\":\"push\",\"url\":\"ssh://h/r\",\"state\":\"failing\","
		"\"since\":\"2026-01-02T03:04:00Z\",\"tried\":\"2026-01-02T03:04:03Z\",\"ok\":null,\"verified\":null,"
		"\"next\":\"2026-01-02T03:09:05Z\",\"attempts\":3,\"error\":\"the host does not answer\",\"bytes\":0,\"refs\":0,\"out_of_step\":0}",
		"r of mirror bak, pushed to ssh://h/r\n"
		"state      failing: the host does not answer\n"
		"behind for 5 s, since 2026-01-02 03:04:00\n"
		"last good  never\n"
		"last try   2 s ago, 2026-01-02 03:04:03\n"
		"next try   in 5 min, 3 have failed\n"
		"verified   never\n"
		"refs       0, none is known yet\n"
		"moved      0 bytes\n"
		"\n"
		"`headgate mirror sync bak r` tries it now\n"},
	{"{\"mirror\":\"bak\",\"repo\":\"r\",\"direction\":\"push\",\"url\":\"/b/r\",\"state\":\"behind\",\"paused\":true,\"refs\":null}",
		"r of mirror bak, pushed to /b/r\n"
		"state      behind, paused\n"
		"last good  never\n"
		"verified   never\n"
		"\n"
		"`headgate mirror resume bak r` goes on with it\n"},
	{"{\"mirror\":\"up\",\"repo\":\"r\",\"direction\":\"pull\",\"url\":\"/u\",\"state\":\"new\",\"refs\":2,\"out_of_step\":0,\"bytes\":1,"
		"\"running\":{\"phase\":\"receiving\",\"percent\":45,\"objects\":1234,\"objects_total\":2742,\"bytes\":10}}",
		"r of mirror up, pulled from /u\n"
		"state      new, moving\n"
		"now        receiving, 45% (1234 of 2742 objects)\n"
		"last good  never\n"
		"verified   never\n"
		"refs       2, all in step\n"
		"moved      1 byte\n"},
	{"{}",
		"- of mirror -, pulled from -\n"
		"state      -\n"
		"last good  never\n"
		"verified   never\n"},
};

static void shows_a_copy(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(shown); i++) {
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_doc_set set;

		mirror_view_copy(parse(&set, shown[i].copy), now_ms(), false, &out);
		assert_string_equal(out.data, shown[i].text);
		hgt_doc_set_release(&set);
		hgt_buf_release(&out);
	}
}

static const char refs[] =
	"[{\"ref\":\"refs/heads/main\",\"state\":\"diverged\",\"id\":null,\"ours\":\"" A "\",\"theirs\":\"" B "\","
	"\"since\":\"2026-01-02T03:00:05Z\",\"note\":\"somebody else has pushed there\"},"
	"{\"ref\":\"refs/heads/gone\",\"state\":\"held\",\"id\":\"" A "\",\"ours\":\"" A "\",\"theirs\":null,\"since\":null,\"note\":null},"
	"{\"ref\":\"refs/heads/new\",\"state\":\"held\",\"ours\":null,\"theirs\":\"" B "\"},"
	"{\"ref\":\"refs/heads/slow\",\"state\":\"behind\",\"ours\":\"" A "\",\"theirs\":null},"
	"{\"ref\":\"refs/heads/well\",\"state\":\"in-step\",\"ours\":\"" A "\",\"theirs\":\"" A "\",\"id\":\"" A "\"}]";

static void lists_refs(void **state)
{
	struct mirror_list none = {0}, list;
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_doc_set set;

	(void)state;
	list = items_of(parse(&set, refs));
	assert_int_equal(mirror_view_refs(&list, true, now_ms(), false, &out, NULL), 0);
	assert_string_equal(out.data,
		"REF              STATE     LAG  OURS      THEIRS    LAST-IN-STEP  WHY\n"
		"refs/heads/main  diverged  4m   aaaaaaaa  bbbbbbbb  -             somebody else has pushed there\n"
		"refs/heads/gone  held      -    aaaaaaaa  -         aaaaaaaa      -\n"
		"refs/heads/new   held      -    -         bbbbbbbb  -             -\n"
		"refs/heads/slow  behind    -    aaaaaaaa  -         -             -\n"
		"refs/heads/well  in step   -    aaaaaaaa  aaaaaaaa  aaaaaaaa      -\n");
	hgt_buf_reset(&out);
	assert_int_equal(mirror_view_refs(&none, true, now_ms(), false, &out, NULL), 0);
	assert_string_equal(out.data, "Every ref that is known is in step.\n");
	hgt_buf_reset(&out);
	assert_int_equal(mirror_view_refs(&none, false, now_ms(), false, &out, NULL), 0);
	assert_string_equal(out.data, "No ref is known yet.\n");
	hgt_buf_reset(&out);
	for (size_t i = 0; i < list.n; i++)
		mirror_view_accept(list.items[i], true, &out);
	assert_string_equal(out.data,
		"refs/heads/main: bbbbbbbb there is overwritten with aaaaaaaa\n"
		"refs/heads/gone: made there again, at aaaaaaaa\n"
		"refs/heads/new: bbbbbbbb there is deleted, as it is here\n");
	hgt_buf_reset(&out);
	for (size_t i = 0; i < list.n; i++)
		mirror_view_accept(list.items[i], false, &out);
	assert_string_equal(out.data,
		"refs/heads/main: aaaaaaaa here is kept under refs/headgate/kept/, and upstream followed to bbbbbbbb\n"
		"refs/heads/gone: aaaaaaaa here is kept under refs/headgate/kept/, and upstream followed to its deletion\n"
		"refs/heads/new: made here, at bbbbbbbb\n");
	hgt_doc_set_release(&set);
	hgt_buf_release(&out);
}

static void says_how_a_turn_ended(void **state)
{
	static const struct {
		const char *copy, *line;
	} ends[] = {
		{"{\"repo\":\"r\",\"state\":\"in-step\",\"bytes\":100}", "r: in step\n"},
		{"{\"repo\":\"r\",\"state\":\"in-step\",\"bytes\":1124}", "r: in step, 1.0 KiB moved\n"},
		{"{\"repo\":\"r\",\"state\":\"stopped\",\"bytes\":100,\"out_of_step\":1,\"error\":\"it has diverged\"}",
			"r: stopped, 1 ref not in step: it has diverged\n"},
		{"{\"repo\":\"r\",\"state\":\"failing\",\"out_of_step\":2,\"error\":\"away\",\"next\":\"2026-01-02T03:04:10Z\"}",
			"r: failing, 2 refs not in step: away; tried again in 5 s\n"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(ends); i++) {
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_doc_set set;

		mirror_view_end(parse(&set, ends[i].copy), 100, now_ms(), false, &out);
		assert_string_equal(out.data, ends[i].line);
		hgt_doc_set_release(&set);
		hgt_buf_release(&out);
	}
}

static void survives_failing_allocations(void **state)
{
	struct hgt_doc_set set;
	struct mirror_list list = items_of(parse(&set, copies));
	bool failed = true;

	(void)state;
	for (long n = 1; failed; n++) {
		struct hgt_buf out = HGT_BUF_INIT;
		int code;

		fail_alloc_at(n);
		code = mirror_view_copies(&list, SIZE_MAX, true, now_ms(), false, &out, NULL);
		failed = fail_alloc_off();
		assert_int_equal(code, failed ? HGT_ENOMEM : 0);
		hgt_buf_release(&out);
	}
	hgt_doc_set_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_spans_and_bytes), cmocka_unit_test(lists_mirrors), cmocka_unit_test(lists_the_worst_first),
		cmocka_unit_test(shows_a_copy), cmocka_unit_test(lists_refs), cmocka_unit_test(says_how_a_turn_ended),
		cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
