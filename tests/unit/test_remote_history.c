/* cli/remote/history: the journal's events put together to what was applied. */
#include "cli/remote/history.h"

#include "headgate/protocol.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define ONE "1111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222"

#define J "0123456789abcdef."
#define EVENT(seq, type, data) "{\"id\":\"" J #seq "\",\"type\":\"" type "\",\"data\":" data "}"
#define MOVED(seq, ref, id, actor, push) EVENT(seq, HGT_EVENT_REF_UPDATED, "{\"repo\":\"infra\",\"ref\":\"refs/heads/" ref "\",\"new\":\"" id \
	"\",\"actor\":" actor ",\"push\":" push "}")
#define REPORT(seq, target, operation, desired, applied, more) EVENT(seq, HGT_EVENT_AGENT_REPORTED, "{\"agent\":\"web1\",\"target\":\"" target \
	"\",\"operation\":\"" operation "\",\"desired\":\"" desired "\",\"applied\":\"" applied "\"" more "}")
#define BEGAN(seq, target, id, cause) REPORT(seq, target, "Running", id, "", ",\"cause\":" cause)
#define ENDED(seq, target, operation, id, finished) REPORT(seq, target, operation, id, id, ",\"finished\":\"" finished \
	"\",\"message\":\"first\\nsecond\",\"changes\":{\"added\":1,\"modified\":2,\"removed\":3}")
#define AGENTS "[{\"name\":\"web1\",\"targets\":[{\"name\":\"web\",\"repo\":\"infra\",\"ref\":\"refs/heads/main\"}," \
	"{\"name\":\"db\",\"repo\":\"other\",\"ref\":\"refs/heads/main\"}]},7,{\"targets\":3}]"

typedef int (*adder)(struct history *h, const struct hgt_node *event, struct hgt_error *err);

static int add(struct history *h, adder to, const char *text)
{
	struct hgt_doc_set set;
	struct hgt_error err = {0};
	int code;

	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(text, strlen(text), &set, &err), 0);
	code = to(h, set.docs[0].root, &err);
	hgt_doc_set_release(&set);
	return code;
}

static void well(struct history *h, adder to, const char *text)
{
	assert_int_equal(add(h, to, text), 0);
}

static void an_apply_is_one_entry(void **state)
{
	struct history h;

	(void)state;
	history_init(&h, NULL, NULL, NULL, 10);
	/* From the newest down: an ending that is told again, with what was found later. */
	well(&h, history_report, REPORT(9, "web", "Succeeded", ONE, ONE, ",\"finished\":\"t1\",\"message\":\"later\""));
	well(&h, history_report, REPORT(8, "db", "Failed", TWO, ONE, ",\"finished\":\"t2\",\"message\":null"));
	well(&h, history_report, ENDED(7, "web", "Succeeded", ONE, "t1"));
	well(&h, history_report, BEGAN(6, "db", ONE, "\"drift\""));
	well(&h, history_report, BEGAN(5, "web", ONE, "\"pending\""));
	/* A beginning without an ending, and an ending without a beginning. */
	well(&h, history_report, BEGAN(4, "web", ONE, "\"drift\""));
	well(&h, history_report, ENDED(3, "web", "Succeeded", ONE, "t0"));
	assert_int_equal(history_choose(&h, NULL), 0);
	assert_int_equal(h.n, 2);
	assert_string_equal(h.entries[0].agent, "web1");
	assert_string_equal(h.entries[0].target, "web");
	assert_string_equal(h.entries[0].revision, ONE);
	assert_string_equal(h.entries[0].time, "t1");
	assert_string_equal(h.entries[0].why, "push");
	assert_string_equal(h.entries[0].message, "first");
	assert_int_equal(h.entries[0].added * 100 + h.entries[0].modified * 10 + h.entries[0].removed, 123);
	assert_false(h.entries[0].failed);
	/* Of a failure, what was to be applied. */
	assert_true(h.entries[1].failed);
	assert_string_equal(h.entries[1].revision, TWO);
	assert_string_equal(h.entries[1].why, "drift");
	history_release(&h);
}

static void the_newest_and_when_they_are_enough(void **state)
{
	struct history h;

	(void)state;
	history_init(&h, NULL, NULL, NULL, 1);
	well(&h, history_report, ENDED(9, "slow", "Succeeded", ONE, "t5"));
	well(&h, history_report, ENDED(8, "fast", "Succeeded", ONE, "t3"));
	/* Told again: it ended long ago. */
	well(&h, history_report, ENDED(7, "old", "Succeeded", ONE, "t1"));
	well(&h, history_report, BEGAN(6, "fast", ONE, "null"));
	assert_false(history_is_enough(&h));
	well(&h, history_report, BEGAN(5, "slow", ONE, "null"));
	assert_true(history_is_enough(&h));
	assert_int_equal(history_choose(&h, NULL), 0);
	assert_int_equal(h.n, 1);
	assert_string_equal(h.entries[0].target, "slow");
	history_release(&h);
}

/* Two entries of one revision, at 5 and 9, and one of a target that nobody announces, at 7. */
static void begin(struct history *h)
{
	struct hgt_doc_set set;

	history_init(h, NULL, NULL, NULL, 10);
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(AGENTS, strlen(AGENTS), &set, NULL), 0);
	assert_int_equal(history_agents(h, set.docs[0].root, NULL), 0);
	hgt_doc_set_release(&set);
	well(h, history_report, REPORT(9, "web", "Succeeded", ONE, ONE, ",\"finished\":\"t3\",\"request\":\"" J "8\""));
	well(h, history_report, BEGAN(9, "web", ONE, "null"));
	well(h, history_report, ENDED(7, "gone", "Succeeded", ONE, "t2"));
	well(h, history_report, BEGAN(6, "gone", ONE, "null"));
	well(h, history_report, ENDED(5, "web", "Succeeded", ONE, "t1"));
	well(h, history_report, BEGAN(4, "web", ONE, "null"));
	assert_int_equal(history_choose(h, NULL), 0);
	assert_int_equal(h->n, 3);
}

static void who_brought_it(void **state)
{
	struct history h;

	(void)state;
	begin(&h);
	assert_int_equal(history_needs_move(&h), 0);
	well(&h, history_move, MOVED(10, "main", ONE, "\"late\"", "\"p\""));
	well(&h, history_move, MOVED(8, "main", ONE, "\"bob\"", "\"p8\""));
	well(&h, history_move, MOVED(6, "other", ONE, "\"carol\"", "\"p6\""));
	well(&h, history_move, MOVED(4, "main", TWO, "\"dave\"", "\"p4\""));
	assert_int_equal(history_needs_move(&h), 0);
	assert_int_equal(history_needs_attribution(&h), UINT64_MAX);
	well(&h, history_move, MOVED(3, "main", ONE, "null", "null"));
	assert_int_equal(history_needs_move(&h), UINT64_MAX);
	assert_null(h.entries[0].push->actor);
	assert_string_equal(h.entries[1].push->actor, "carol");
	assert_string_equal(h.entries[2].push->actor, "bob");
	assert_string_equal(h.entries[2].push->push, "p8");
	/* Nobody said at once who moved it. */
	assert_int_equal(history_needs_attribution(&h), 3);
	well(&h, history_attribution, EVENT(6, HGT_EVENT_PUSH_ATTRIBUTED, "{\"event\":\"" J "2\",\"actor\":\"x\",\"push\":\"p\"}"));
	well(&h, history_attribution, EVENT(4, HGT_EVENT_PUSH_ATTRIBUTED, "{\"event\":\"" J "3\",\"actor\":\"alice\",\"push\":\"p3\"}"));
	assert_int_equal(history_needs_attribution(&h), UINT64_MAX);
	assert_string_equal(h.entries[0].push->actor, "alice");
	assert_string_equal(h.entries[0].push->push, "p3");
	assert_string_equal(h.entries[0].push->ref, "refs/heads/main");
	history_release(&h);
}

static void who_asked(void **state)
{
	struct history h;

	(void)state;
	begin(&h);
	assert_string_equal(h.entries[2].why, "sync");
	assert_int_equal(history_needs_command(&h), 8);
	well(&h, history_command, EVENT(9, HGT_EVENT_SYNC_REQUESTED, "{\"actor\":\"token:other\"}"));
	well(&h, history_command, EVENT(8, HGT_EVENT_SYNC_REQUESTED, "{\"actor\":\"token:ops\"}"));
	assert_int_equal(history_needs_command(&h), UINT64_MAX);
	assert_string_equal(h.entries[2].asked_by, "token:ops");
	assert_null(h.entries[0].asked_by);
	history_release(&h);
}

static void only_what_is_asked_for(void **state)
{
	static const struct {
		const char *agent, *target, *repo;
		size_t n;
	} cases[] = {
		{NULL, NULL, NULL, 2}, {"web1", NULL, NULL, 2}, {"web2", NULL, NULL, 0}, {"web1", "db", NULL, 1}, {"web1", "x", NULL, 0},
		{NULL, NULL, "in*", 1}, {NULL, NULL, "nothing", 0}, {"web1", "db", "in*", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_doc_set set;
		struct history h;

		history_init(&h, cases[i].agent, cases[i].target, cases[i].repo, 10);
		hgt_doc_set_init(&set);
		assert_int_equal(hgt_json_parse_message(AGENTS, strlen(AGENTS), &set, NULL), 0);
		assert_int_equal(history_agents(&h, set.docs[0].root, NULL), 0);
		hgt_doc_set_release(&set);
		well(&h, history_report, ENDED(4, "web", "Succeeded", ONE, "t1"));
		well(&h, history_report, ENDED(3, "db", "Succeeded", ONE, "t1"));
		well(&h, history_report, BEGAN(2, "db", ONE, "null"));
		well(&h, history_report, BEGAN(1, "web", ONE, "null"));
		if (h.n != cases[i].n)
			fail_msg("case %zu: %zu entries", i, h.n);
		history_release(&h);
	}
}

static void events_that_say_nothing(void **state)
{
	static const char *const texts[] = {"{}", "[]", "{\"type\":3}", EVENT(1, HGT_EVENT_AGENT_REPORTED, "null"),
		EVENT(2, HGT_EVENT_REF_UPDATED, "{}"), EVENT(3, HGT_EVENT_SYNC_REQUESTED, "[]"), EVENT(4, HGT_EVENT_PUSH_ATTRIBUTED, "3")};
	static const adder adders[] = {history_report, history_move, history_attribution, history_command};
	struct history h;

	(void)state;
	begin(&h);
	for (size_t i = 0; i < N_OF(texts); i++)
		for (size_t k = 0; k < N_OF(adders); k++)
			well(&h, adders[k], texts[i]);
	assert_int_equal(h.n, 3);
	assert_int_equal(history_needs_command(&h), 8);
	history_release(&h);
}

static int choose(struct history *h, const struct hgt_node *event, struct hgt_error *err)
{
	(void)event;
	return history_choose(h, err);
}

static void memory_runs_out(void **state)
{
	static const struct {
		adder to;
		const char *text;
	} steps[] = {
		{history_report, ENDED(3, "web", "Succeeded", ONE, "t1")}, {history_report, BEGAN(2, "web", ONE, "\"pending\"")}, {choose, "{}"},
		{history_move, MOVED(1, "main", ONE, "null", "null")},
		{history_attribution, EVENT(2, HGT_EVENT_PUSH_ATTRIBUTED, "{\"event\":\"" J "1\",\"actor\":\"alice\",\"push\":\"p1\"}")},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(steps); i++) {
		bool all = false;

		for (long n = 1; !all; n++) {
			struct hgt_doc_set set;
			struct history h;
			int code;

			history_init(&h, NULL, NULL, NULL, 10);
			for (size_t before = 0; before < i; before++)
				well(&h, steps[before].to, steps[before].text);
			hgt_doc_set_init(&set);
			assert_int_equal(hgt_json_parse_message(steps[i].text, strlen(steps[i].text), &set, NULL), 0);
			fail_alloc_at(n);
			code = steps[i].to(&h, set.docs[0].root, NULL);
			all = !fail_alloc_off();
			assert_int_equal(code, all ? 0 : HGT_ENOMEM);
			hgt_doc_set_release(&set);
			history_release(&h);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_apply_is_one_entry), cmocka_unit_test(the_newest_and_when_they_are_enough), cmocka_unit_test(who_brought_it),
		cmocka_unit_test(who_asked), cmocka_unit_test(only_what_is_asked_for), cmocka_unit_test(events_that_say_nothing),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
