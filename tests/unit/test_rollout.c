/* lib/rollout: what a report says of a revision, and how it is told. */
#include "rollout/rollout.h"

#include "doc/doc.h"
#include "rollout/teller.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define ID "1111111111111111111111111111111111111111"
#define TIP "2222222222222222222222222222222222222222"

static const struct hgt_node *parse(struct hgt_doc_set *set, const char *text)
{
	hgt_doc_set_init(set);
	assert_int_equal(hgt_json_parse_message(text, strlen(text), set, NULL), 0);
	return set->docs[0].root;
}

static void states_and_ends_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < HGT_ROLLOUT_STATES; i++)
		assert_int_equal(hgt_rollout_state_parse(hgt_rollout_state_name((enum hgt_rollout_state)i)), i);
	for (int i = HGT_ROLLOUT_CONVERGED; i < HGT_ROLLOUT_ENDS; i++)
		assert_int_equal(hgt_rollout_end_parse(hgt_rollout_end_name((enum hgt_rollout_end)i)), i);
	assert_null(hgt_rollout_end_name(HGT_ROLLOUT_GOES_ON));
	assert_int_equal(hgt_rollout_state_parse("no"), -1);
	assert_int_equal(hgt_rollout_state_parse(NULL), -1);
	assert_int_equal(hgt_rollout_end_parse(NULL), HGT_ROLLOUT_GOES_ON);
	assert_int_equal(hgt_rollout_end_parse(""), HGT_ROLLOUT_GOES_ON);
}

static void it_ends_when_nothing_more_comes(void **state)
{
	static const struct {
		size_t counts[HGT_ROLLOUT_STATES];	/* pending, running, synced, failed, waiting, away, overtaken */
		enum hgt_rollout_end end;
	} cases[] = {
		{{0}, HGT_ROLLOUT_NOBODY},
		{{0, 0, 3}, HGT_ROLLOUT_CONVERGED},
		{{1, 0, 3}, HGT_ROLLOUT_GOES_ON},
		{{0, 1, 3}, HGT_ROLLOUT_GOES_ON},
		{{0, 0, 3, 0, 0, 1}, HGT_ROLLOUT_GOES_ON},
		{{1, 1, 1, 1, 1, 1, 1}, HGT_ROLLOUT_HAS_FAILED},
		{{0, 0, 1, 0, 1}, HGT_ROLLOUT_HAS_STOPPED},
		{{0, 0, 0, 0, 0, 0, 1}, HGT_ROLLOUT_HAS_STOPPED},
		{{0, 1, 0, 0, 1, 0, 1}, HGT_ROLLOUT_GOES_ON},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		if (hgt_rollout_end_of(cases[i].counts) != cases[i].end)
			fail_msg("case %zu", i);
}

/* A report, and what is known besides, as one word each: c connected, m manual, d desired has it, a applied has it, o overtaken. */
static void a_report_is_judged(void **state)
{
	static const struct {
		const char *report;	/* NULL: none */
		const char *known;
		enum hgt_rollout_state want;
		const char *message;
	} cases[] = {
		{NULL, "c", HGT_ROLLOUT_PENDING, ""},
		{NULL, "", HGT_ROLLOUT_AWAY, "away since 1970-01-01 00:00:01 UTC"},
		{NULL, "cm", HGT_ROLLOUT_WAITING, "waits for headgate sync web1 site"},
		{"{\"sync\":\"Synced\",\"health\":\"Healthy\",\"operation\":\"Succeeded\",\"message\":\"done\\nmore\"}", "cda", HGT_ROLLOUT_SYNCED, "done"},
		/* It has been applied, whether its agent is still there or not; and though the ref has gone on without it. */
		{"{\"sync\":\"Synced\",\"health\":\"Healthy\",\"operation\":\"Succeeded\"}", "dao", HGT_ROLLOUT_SYNCED, ""},
		{"{\"sync\":\"Synced\",\"health\":\"Unknown\",\"operation\":\"Succeeded\"}", "cma", HGT_ROLLOUT_SYNCED, ""},
		/* In sync with something else. */
		{"{\"sync\":\"Synced\",\"health\":\"Healthy\",\"operation\":\"Succeeded\",\"message\":\"old\"}", "c", HGT_ROLLOUT_PENDING, ""},
		/* Applied, and not as it should be: changed by hand since, or nobody can tell. */
		{"{\"sync\":\"OutOfSync\",\"health\":\"Degraded\",\"operation\":\"Succeeded\",\"cause\":\"drift\",\"message\":\"a differs\"}", "cda",
			HGT_ROLLOUT_PENDING, "a differs"},
		{"{\"sync\":\"Unknown\",\"health\":\"Unknown\",\"operation\":\"Succeeded\"}", "cda", HGT_ROLLOUT_PENDING, ""},
		{"{\"sync\":\"Synced\",\"health\":\"Progressing\",\"operation\":\"Succeeded\",\"message\":\"1 of 3 pods\"}", "cda", HGT_ROLLOUT_RUNNING,
			"1 of 3 pods"},
		{"{\"sync\":\"Synced\",\"health\":\"Progressing\",\"operation\":\"Succeeded\"}", "da", HGT_ROLLOUT_AWAY,
			"away since 1970-01-01 00:00:01 UTC"},
		{"{\"sync\":\"Synced\",\"health\":\"Degraded\",\"operation\":\"Succeeded\",\"message\":\"crashes\"}", "cda", HGT_ROLLOUT_FAILED, "crashes"},
		{"{\"sync\":\"OutOfSync\",\"health\":\"Progressing\",\"operation\":\"Running\",\"message\":\"applying\"}", "cd", HGT_ROLLOUT_RUNNING,
			"applying"},
		{"{\"sync\":\"OutOfSync\",\"health\":\"Progressing\",\"operation\":\"Running\",\"message\":\"applying\"}", "cdm", HGT_ROLLOUT_RUNNING,
			"applying"},
		/* Something else is running: this comes after it. */
		{"{\"sync\":\"OutOfSync\",\"health\":\"Progressing\",\"operation\":\"Running\",\"message\":\"applying\"}", "c", HGT_ROLLOUT_PENDING, ""},
		{"{\"sync\":\"OutOfSync\",\"health\":\"Degraded\",\"operation\":\"Failed\",\"message\":\"no\"}", "cd", HGT_ROLLOUT_FAILED, "no"},
		{"{\"sync\":\"OutOfSync\",\"health\":\"Degraded\",\"operation\":\"Failed\",\"message\":\"no\"}", "d", HGT_ROLLOUT_FAILED, "no"},
		/* What failed before. */
		{"{\"sync\":\"OutOfSync\",\"health\":\"Degraded\",\"operation\":\"Failed\",\"message\":\"no\"}", "c", HGT_ROLLOUT_PENDING, ""},
		{"{\"sync\":\"Synced\",\"health\":\"Healthy\",\"operation\":\"Failed\",\"message\":\"no\"}", "cda", HGT_ROLLOUT_FAILED, "no"},
		{"{\"sync\":\"OutOfSync\",\"health\":\"Healthy\",\"operation\":\"Pending\"}", "co", HGT_ROLLOUT_OVERTAKEN,
			"refs/heads/main is at 22222222 by now, which does not contain it"},
		{"{\"sync\":\"OutOfSync\",\"health\":\"Suspended\",\"operation\":\"Pending\"}", "cd", HGT_ROLLOUT_WAITING,
			"suspended; waits for headgate resume web1 site"},
		{"{\"sync\":\"OutOfSync\",\"health\":\"Healthy\",\"operation\":\"Running\",\"suspended\":true}", "cd", HGT_ROLLOUT_WAITING,
			"suspended; waits for headgate resume web1 site"},
		{"{\"sync\":\"OutOfSync\",\"health\":\"Healthy\",\"operation\":\"Pending\",\"next\":\"2026-01-02T03:04:05Z\"}", "cd", HGT_ROLLOUT_WAITING,
			"waits until 2026-01-02 03:04:05 UTC"},
		{"{\"sync\":\"OutOfSync\",\"health\":\"Healthy\",\"operation\":\"Pending\",\"next\":\"1970-01-01T00:00:01Z\"}", "cd", HGT_ROLLOUT_PENDING, ""},
		/* A report that is none says nothing. */
		{"{}", "cda", HGT_ROLLOUT_PENDING, ""},
		{"[]", "cda", HGT_ROLLOUT_PENDING, ""},
		{"{\"sync\":1,\"message\":{}}", "cda", HGT_ROLLOUT_PENDING, ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const char *known = cases[i].known;
		struct hgt_rollout_report report;
		struct hgt_rollout_facts facts = {.agent = "web1", .target = "site", .ref = "refs/heads/main", .connected = strchr(known, 'c'),
			.manual = strchr(known, 'm'), .has_desired = strchr(known, 'd'), .has_applied = strchr(known, 'a'),
			.overtaken = strchr(known, 'o'), .tip = TIP, .seen_ms = 1000, .now_ms = 2000};
		struct hgt_buf message = HGT_BUF_INIT;
		struct hgt_doc_set set;
		enum hgt_rollout_state got;

		hgt_rollout_report_init(&report);
		if (cases[i].report) {
			assert_int_equal(hgt_rollout_report_read(parse(&set, cases[i].report), &report, NULL), 0);
			hgt_doc_set_release(&set);
			facts.report = &report;
		}
		got = hgt_rollout_judge(&facts, &message);
		if (got != cases[i].want || strcmp(message.data, cases[i].message) != 0)
			fail_msg("case %zu: %s \"%s\"", i, hgt_rollout_state_name(got), message.data);
		hgt_buf_release(&message);
		hgt_rollout_report_release(&report);
	}
}

static void what_is_gone_and_what_never_was(void **state)
{
	struct hgt_rollout_facts facts = {.agent = "a", .target = "t", .ref = "refs/heads/x", .overtaken = true, .tip = ""};
	struct hgt_buf message = HGT_BUF_INIT;

	(void)state;
	assert_int_equal(hgt_rollout_judge(&facts, &message), HGT_ROLLOUT_OVERTAKEN);
	assert_string_equal(message.data, "refs/heads/x is gone");
	hgt_buf_reset(&message);
	facts.overtaken = false;
	assert_int_equal(hgt_rollout_judge(&facts, &message), HGT_ROLLOUT_AWAY);
	assert_string_equal(message.data, "away: it has never been connected");
	hgt_buf_release(&message);
}

/* The first line, and of a long one the beginning, cut between two characters. */
static void a_message_is_cut(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_rollout_report report;
	struct hgt_doc_set set;

	(void)state;
	hgt_rollout_report_init(&report);
	hgt_buf_adds(&text, "{\"message\":\"x");
	for (int i = 0; i < 1000; i++)
		hgt_buf_adds(&text, "\xc3\xa4");
	hgt_buf_adds(&text, "\"}");
	assert_int_equal(hgt_rollout_report_read(parse(&set, text.data), &report, NULL), 0);
	assert_int_equal(report.message.len, 1 + 2 * 119 + 3);
	assert_string_equal(report.message.data + 1 + 2 * 118, "\xc3\xa4...");
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
	hgt_rollout_report_release(&report);
}

/* A teller that was told of a beginning. */
static struct hgt_rollout_teller *begin(const char *text, struct hgt_buf *out)
{
	struct hgt_rollout_teller *teller;
	struct hgt_doc_set set;

	assert_int_equal(hgt_rollout_teller_new(1000, &teller, NULL), 0);
	hgt_rollout_tell_begin(teller, parse(&set, text), 60, out);
	hgt_doc_set_release(&set);
	return teller;
}

static int tell(struct hgt_rollout_teller *teller, const char *text, int64_t now_ms, struct hgt_buf *out)
{
	struct hgt_doc_set set;
	int code = hgt_rollout_tell_target(teller, parse(&set, text), now_ms, out, NULL);

	hgt_doc_set_release(&set);
	return code;
}

static void lines(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_rollout_teller *teller = begin("{\"moves\":[{\"ref\":\"refs/heads/main\",\"revision\":\"" ID "\"}],\"count\":3,\"width\":10}", &out);

	(void)state;
	assert_int_equal(tell(teller, "{\"agent\":\"web1\",\"target\":\"site\",\"ref\":\"refs/heads/main\",\"state\":\"pending\",\"message\":null}", 1001, &out), 0);
	assert_int_equal(tell(teller, "{\"agent\":\"database\",\"target\":\"c\",\"state\":\"away\",\"message\":\"away since then\"}", 1001, &out), 0);
	assert_int_equal(tell(teller, "{\"agent\":\"web1\",\"target\":\"site\",\"state\":\"pending\"}", 1002, &out), 0);
	assert_int_equal(tell(teller, "{\"agent\":\"web1\",\"target\":\"site\",\"state\":\"running\",\"message\":\"a\\u001b[1m\"}", 1002, &out), 0);
	assert_int_equal(tell(teller, "{\"agent\":\"web1\",\"target\":\"site\",\"state\":\"synced\",\"message\":\"1 added\"}", 1234, &out), 0);
	assert_int_equal(tell(teller, "{\"agent\":\"x\",\"target\":\"y\",\"state\":\"failed\",\"message\":\"no\"}", 4567, &out), 0);
	hgt_rollout_tell_still(teller, 31000, &out);
	hgt_rollout_tell_end(teller, HGT_ROLLOUT_HAS_FAILED, 126000, &out);
	hgt_rollout_tell_end(teller, HGT_ROLLOUT_LEFT, 31000, &out);
	assert_string_equal(out.data,
		"headgate: main at 11111111: 3 targets, waiting 60 s at most\n"
		"  web1/site   pending\n"
		"  database/c  away since then\n"
		"  web1/site   running: a\\e[1m\n"
		"  web1/site   synced after 234 ms: 1 added\n"
		"  x/y         failed after 3.5 s: no\n"
		"  still waiting, 1 of 3 has it, after 30 s; failed: x/y; away: database/c\n"
		"headgate: 1 of 3 targets has it, after 2 min 5 s; failed: x/y; away: database/c\n"
		"headgate: 1 of 3 targets has it, after 30 s; failed: x/y; away: database/c; the daemon can tell no more\n");
	hgt_rollout_teller_free(teller);
	hgt_buf_release(&out);
}

static void several_refs_and_nobody(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_rollout_teller *teller = begin("{\"moves\":[{\"ref\":\"refs/heads/a\"},{\"ref\":\"refs/tags/v1\"}],\"count\":1,\"width\":0}", &out);

	(void)state;
	assert_int_equal(tell(teller, "{\"agent\":\"w\",\"target\":\"t\",\"ref\":\"refs/tags/v1\",\"state\":\"synced\"}", 1000, &out), 0);
	assert_int_equal(tell(teller, "{\"agent\":\"w\",\"target\":\"t\",\"ref\":\"refs/heads/a\",\"state\":\"synced\"}", 1000, &out), 0);
	hgt_rollout_tell_end(teller, HGT_ROLLOUT_CONVERGED, 1000, &out);
	assert_string_equal(out.data, "headgate: 2 refs: 1 target, waiting 60 s at most\n  w/t (tags/v1)  synced after 0 ms\n"
		"  w/t (a)  synced after 0 ms\nheadgate: all 2 targets have it, after 0 ms\n");
	hgt_rollout_teller_free(teller);
	hgt_buf_reset(&out);

	teller = begin("{\"moves\":[],\"count\":0,\"width\":0}", &out);
	hgt_rollout_tell_end(teller, HGT_ROLLOUT_NOBODY, 1000, &out);
	assert_string_equal(out.data, "headgate: no target takes this change\n");
	hgt_buf_reset(&out);
	hgt_rollout_tell_end(teller, HGT_ROLLOUT_LEFT, 1000, &out);
	assert_string_equal(out.data, "headgate: nobody can tell what became of this change\n");
	hgt_rollout_teller_free(teller);
	hgt_buf_release(&out);
}

/* With many only failures are told one by one, and now and then how many there are. */
static void many(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT, text = HGT_BUF_INIT;
	struct hgt_rollout_teller *teller = begin("{\"moves\":[{\"ref\":\"refs/heads/main\",\"revision\":\"" ID "\"}],\"count\":1000,\"width\":4000}", &out);

	(void)state;
	hgt_buf_reset(&out);
	for (int i = 0; i < 1000; i++) {
		hgt_buf_reset(&text);
		hgt_buf_addf(&text, "{\"agent\":\"w%d\",\"target\":\"t\",\"state\":\"%s\",\"message\":\"m\"}", i,
			i % 20 == 0 ? "failed" : i % 2 ? "synced" : "pending");
		assert_int_equal(tell(teller, text.data, 1000 + 10 * i, &out), 0);
	}
	hgt_rollout_tell_end(teller, HGT_ROLLOUT_HAS_FAILED, 11000, &out);
	assert_non_null(strstr(out.data, "  50 of 1000 have it, after 1.0 s\n"));
	assert_null(strstr(out.data, "pending: m"));
	assert_non_null(strstr(out.data, "failed after 0 ms: m\n"));
	assert_non_null(strstr(out.data, "headgate: 500 of 1000 targets have it, after 10 s; failed: w0/t, w20/t, w40/t, w60/t, w80/t, w100/t, w120/t, "
		"w140/t, w160/t, w180/t and 40 more; pending: w2/t, "));
	/* 20 failures, 9 lines of progress, and the summary: not one a target. */
	{
		size_t n = 0;

		for (const char *at = out.data; (at = strchr(at, '\n')); at++)
			n++;
		assert_int_equal(n, 20 + 9 + 1);
	}
	hgt_rollout_teller_free(teller);
	hgt_buf_release(&text);
	hgt_buf_release(&out);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const texts[] = {"{}", "[]", "{\"agent\":\"a\",\"target\":\"t\"}", "{\"agent\":\"a\",\"target\":\"t\",\"state\":\"no\"}",
		"{\"agent\":\"\",\"target\":\"t\",\"state\":\"synced\"}", "{\"agent\":1,\"target\":\"t\",\"state\":\"synced\"}"};
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_rollout_teller *teller = begin("{\"moves\":7,\"count\":-1,\"width\":-5}", &out);

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++)
		assert_int_equal(tell(teller, texts[i], 1000, &out), HGT_EPARSE);
	assert_int_equal(out.len, 0);
	hgt_rollout_teller_free(teller);
	hgt_buf_release(&out);
}

static void memory_runs_out(void **state)
{
	bool done = false;

	(void)state;
	for (long n = 1; !done; n++) {
		struct hgt_rollout_teller *teller = NULL;
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_doc_set set;
		const struct hgt_node *node = parse(&set, "{\"agent\":\"a\",\"target\":\"t\",\"state\":\"synced\",\"message\":\"m\"}");
		int code;

		fail_alloc_at(n);
		code = hgt_rollout_teller_new(0, &teller, NULL);
		if (code == 0)
			code = hgt_rollout_tell_target(teller, node, 0, &out, NULL);
		done = !fail_alloc_off();
		if (!done)
			assert_true(code == HGT_ENOMEM || out.failed);
		else
			assert_int_equal(code, 0);
		hgt_rollout_teller_free(teller);
		hgt_buf_release(&out);
		hgt_doc_set_release(&set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_and_ends_have_names), cmocka_unit_test(it_ends_when_nothing_more_comes),
		cmocka_unit_test(a_report_is_judged), cmocka_unit_test(what_is_gone_and_what_never_was), cmocka_unit_test(a_message_is_cut),
		cmocka_unit_test(lines), cmocka_unit_test(several_refs_and_nobody), cmocka_unit_test(many), cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
