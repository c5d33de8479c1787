/* daemon/brief: what is left of a report and of an event that tells of one. */
#include "daemon/brief.h"

#include "base/json_writer.h"
#include "doc/doc.h"
#include "tests/unit/unit.h"

static char *brief_of(const char *report)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);
	struct brief brief;

	brief_find(report, strlen(report), &brief);
	brief_write(report, strlen(report), &brief, &json);
	return hgt_buf_take(&out);
}

static void members_go(void **state)
{
	static const struct {
		const char *report, *brief;
	} cases[] = {
		{"{\"target\":\"a\",\"sync\":\"Synced\"}", NULL},
		{"{\"target\":\"a\",\"diff\":null,\"redacted\":0,\"ignored\":[],\"resources\":[],\"resources_total\":0}",
			"{\"target\":\"a\",\"redacted\":0,\"resources_total\":0}"},
		{"{\"target\":\"a\",\"diff\":\"-a}\\\"]\\\\\"}", "{\"target\":\"a\"}"},
		{"{\"target\":\"a\",\"resources\":[{\"name\":\"x\\\"],\",\"sync\":\"Extra\"},{\"name\":\"{\"}],\"truncated\":true}",
			"{\"target\":\"a\",\"truncated\":true}"},
		/* Only members of the report itself count, not what is within one, or a value of that name. */
		{"{\"target\":\"a\",\"changes\":{\"diff\":1,\"ignored\":[2]},\"message\":\"diff\"}", NULL},
		{"{\"target\":\"\\\",\\\"diff\\\":\\\"\",\"ignored\":[{\"rule\":\"resources\",\"hits\":1}],\"next\":null}",
			"{\"target\":\"\\\",\\\"diff\\\":\\\"\",\"next\":null}"},
		{"{}", NULL},
		/* What is cut short is left alone as far as it goes. */
		{"{\"target\":\"a", NULL},
		{"{\"target\":", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char *got = brief_of(cases[i].report);

		assert_string_equal(got ? got : "", cases[i].brief ? cases[i].brief : cases[i].report);
		free(got);
	}
}

/* Of a long message what is left is still a string, wherever it is cut. */
static void messages_are_cut(void **state)
{
	static const char *const units[] = {"x", "\\n", "\\\\", "\\\"", "\\u001f", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

	(void)state;
	for (size_t u = 0; u < N_OF(units); u++) {
		for (size_t shift = 0; shift < 6; shift++) {
			struct hgt_buf report = HGT_BUF_INIT;
			struct hgt_doc_set set;
			struct hgt_error err = {0};
			const char *message;
			char *got;

			hgt_buf_adds(&report, "{\"target\":\"a\",\"message\":\"");
			for (size_t i = 0; i < shift; i++)
				hgt_buf_addc(&report, 'y');
			while (report.len < BRIEF_MESSAGE + 200)
				hgt_buf_adds(&report, units[u]);
			hgt_buf_adds(&report, "\",\"diff\":\"+\",\"next\":null}");
			assert_false(report.failed);
			got = brief_of(report.data);
			assert_non_null(got);
			hgt_doc_set_init(&set);
			if (hgt_json_parse_message(got, strlen(got), &set, &err) < 0)
				fail_msg("%s: %s", err.message, got);
			message = hgt_node_get_string(set.docs[0].root, "message");
			assert_non_null(message);
			assert_in_range(strlen(got), BRIEF_MESSAGE, BRIEF_MESSAGE + 64);
			assert_null(hgt_node_get(set.docs[0].root, "diff"));
			assert_non_null(hgt_node_get(set.docs[0].root, "next"));
			hgt_doc_set_release(&set);
			free(got);
			hgt_buf_release(&report);
		}
	}
}

static void events(void **state)
{
	static const struct {
		const char *event, *brief;
	} cases[] = {
		{"{\"id\":\"1\",\"diff\":\"kept\",\"data\":{\"agent\":\"a\",\"diff\":\"x\",\"truncated\":false}}",
			"{\"id\":\"1\",\"diff\":\"kept\",\"data\":{\"agent\":\"a\",\"truncated\":false}}"},
		{"{\"id\":\"1\",\"data\":{\"agent\":\"a\",\"resources\":[1]},\"time\":\"t\"}",
			"{\"id\":\"1\",\"data\":{\"agent\":\"a\"},\"time\":\"t\"}"},
		{"{\"id\":\"1\"}", "{\"id\":\"1\"}"},
		{"{\"id\":\"1\",\"data\":null}", "{\"id\":\"1\",\"data\":null}"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;

		brief_event(cases[i].event, strlen(cases[i].event), &out);
		assert_false(out.failed);
		assert_string_equal(out.data, cases[i].brief);
		hgt_buf_release(&out);
	}
}

/* In an array, as lists have it. */
static void commas(void **state)
{
	static const char report[] = "{\"target\":\"a\",\"diff\":null}";
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);
	struct brief brief;

	(void)state;
	brief_find(report, strlen(report), &brief);
	hgt_json_begin_array(&json);
	for (int i = 0; i < 2; i++)
		brief_write(report, strlen(report), &brief, &json);
	hgt_json_end_array(&json);
	assert_string_equal(out.data, "[{\"target\":\"a\"},{\"target\":\"a\"}]");
	hgt_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_go),
		cmocka_unit_test(messages_are_cut),
		cmocka_unit_test(events),
		cmocka_unit_test(commas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
