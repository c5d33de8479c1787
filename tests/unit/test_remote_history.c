/* cli/remote/history: the journal's events put together to what was applied. */
#include "cli/remote/history.h"

#include "headgate/protocol.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define ONE "1111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222"

#define EVENT(type, data) "{\"id\":\"j.1\",\"type\":\"" type "\",\"data\":" data "}"
#define MOVED(id, actor, push) EVENT(HGT_EVENT_REF_UPDATED, "{\"repo\":\"infra\",\"ref\":\"refs/heads/main\",\"new\":\"" id "\",\"actor\":" actor ",\"push\":" push "}")
#define REPORT(target, operation, desired, applied, more) EVENT(HGT_EVENT_AGENT_REPORTED, "{\"agent\":\"web1\",\"target\":\"" target \
	"\",\"operation\":\"" operation "\",\"desired\":\"" desired "\",\"applied\":\"" applied "\"" more "}")
#define BEGAN(target, id, cause) REPORT(target, "Running", id, "", ",\"cause\":" cause)
#define ENDED(target, operation, id, finished) REPORT(target, operation, id, id, ",\"finished\":\"" finished "\",\"message\":\"first\\nsecond\"," \
	"\"changes\":{\"added\":1,\"modified\":2,\"removed\":3}")

static int add(struct history *h, const char *text)
{
	struct hgt_doc_set set;
	struct hgt_error err = {0};
	int code;

	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(text, strlen(text), &set, &err), 0);
	code = history_add(h, set.docs[0].root, &err);
	hgt_doc_set_release(&set);
	return code;
}

static void an_apply_is_one_entry(void **state)
{
	struct history h;

	(void)state;
	history_init(&h, NULL, NULL, NULL);
	assert_int_equal(add(&h, MOVED(ONE, "\"alice\"", "\"p1\"")), 0);
	/* What it told before we looked, and an ending whose beginning was not seen. */
	assert_int_equal(add(&h, ENDED("web", "Succeeded", ONE, "t0")), 0);
	assert_int_equal(h.n, 0);
	assert_int_equal(add(&h, BEGAN("web", ONE, "\"pending\"")), 0);
	assert_int_equal(add(&h, BEGAN("db", ONE, "\"drift\"")), 0);
	assert_int_equal(add(&h, ENDED("web", "Succeeded", ONE, "t1")), 0);
	/* The same ending again, with what was found later. */
	assert_int_equal(add(&h, ENDED("web", "Succeeded", ONE, "t1")), 0);
	assert_int_equal(add(&h, REPORT("db", "Failed", TWO, ONE, ",\"finished\":\"t2\",\"message\":null")), 0);
	assert_int_equal(h.n, 2);
	assert_string_equal(h.entries[0].agent, "web1");
	assert_string_equal(h.entries[0].target, "web");
	assert_string_equal(h.entries[0].revision, ONE);
	assert_string_equal(h.entries[0].time, "t1");
	assert_string_equal(h.entries[0].why, "push");
	assert_string_equal(h.entries[0].message, "first");
	assert_int_equal(h.entries[0].added * 100 + h.entries[0].modified * 10 + h.entries[0].removed, 123);
	assert_false(h.entries[0].failed);
	assert_string_equal(h.entries[0].push->actor, "alice");
	assert_string_equal(h.entries[0].push->push, "p1");
	/* Of a failure, what was to be applied; whose push that was lies further back. */
	assert_true(h.entries[1].failed);
	assert_string_equal(h.entries[1].revision, TWO);
	assert_string_equal(h.entries[1].why, "drift");
	assert_null(h.entries[1].push);
	history_release(&h);
}

static void who_pushed_may_be_told_later(void **state)
{
	struct history h;

	(void)state;
	history_init(&h, NULL, NULL, NULL);
	assert_int_equal(add(&h, MOVED(ONE, "null", "null")), 0);
	assert_int_equal(add(&h, BEGAN("web", ONE, "null")), 0);
	assert_int_equal(add(&h, ENDED("web", "Succeeded", ONE, "t1")), 0);
	assert_null(h.entries[0].push->actor);
	assert_int_equal(add(&h, EVENT(HGT_EVENT_PUSH_ATTRIBUTED, "{\"new\":\"" ONE "\",\"actor\":\"bob\",\"push\":\"p\",\"repo\":\"infra\",\"ref\":\"r\"}")), 0);
	assert_string_equal(h.entries[0].push->actor, "bob");
	/* Another ref that comes to the same commit takes nothing from who brought it. */
	assert_int_equal(add(&h, MOVED(ONE, "\"carol\"", "\"p2\"")), 0);
	assert_string_equal(h.entries[0].push->actor, "bob");
	history_release(&h);
}

static void who_asked(void **state)
{
	struct history h;

	(void)state;
	history_init(&h, NULL, NULL, NULL);
	assert_int_equal(add(&h, "{\"id\":\"j.7\",\"type\":\"" HGT_EVENT_SYNC_REQUESTED "\",\"data\":{\"agent\":\"web1\",\"actor\":\"token:ops\"}}"), 0);
	assert_int_equal(add(&h, BEGAN("web", ONE, "\"pending\"")), 0);
	assert_int_equal(add(&h, REPORT("web", "Succeeded", ONE, ONE, ",\"finished\":\"t1\",\"request\":\"j.7\"")), 0);
	assert_string_equal(h.entries[0].why, "sync");
	assert_string_equal(h.entries[0].asked_by, "token:ops");
	history_release(&h);
}

static void only_what_is_asked_for(void **state)
{
	static const char agents[] = "[{\"name\":\"web1\",\"targets\":[{\"name\":\"web\",\"repo\":\"infra/a\"},{\"name\":\"db\",\"repo\":\"other\"}]},7,{\"targets\":3}]";
	static const struct {
		const char *agent, *target, *repo;
		size_t n;
	} cases[] = {
		{NULL, NULL, NULL, 2}, {"web1", NULL, NULL, 2}, {"web2", NULL, NULL, 0}, {"web1", "db", NULL, 1}, {"web1", "x", NULL, 0},
		{NULL, NULL, "infra/*", 1}, {NULL, NULL, "nothing", 0}, {"web1", "db", "infra/*", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_doc_set set;
		struct history h;

		history_init(&h, cases[i].agent, cases[i].target, cases[i].repo);
		hgt_doc_set_init(&set);
		assert_int_equal(hgt_json_parse_message(agents, strlen(agents), &set, NULL), 0);
		assert_int_equal(history_agents(&h, set.docs[0].root, NULL), 0);
		hgt_doc_set_release(&set);
		/* A longer stretch of the journal is read from its beginning. */
		for (int round = 0; round < 2; round++) {
			history_reset(&h);
			assert_int_equal(add(&h, BEGAN("web", ONE, "null")), 0);
			assert_int_equal(add(&h, BEGAN("db", ONE, "null")), 0);
			assert_int_equal(add(&h, ENDED("db", "Succeeded", ONE, "t1")), 0);
			assert_int_equal(add(&h, ENDED("web", "Succeeded", ONE, "t1")), 0);
			if (h.n != cases[i].n)
				fail_msg("case %zu: %zu entries", i, h.n);
		}
		history_release(&h);
	}
}

static void events_that_say_nothing(void **state)
{
	static const char *const texts[] = {"{}", "[]", "{\"type\":3}", EVENT(HGT_EVENT_AGENT_REPORTED, "null"), EVENT(HGT_EVENT_REF_UPDATED, "{}"),
		EVENT(HGT_EVENT_AGENT_ADDED, "{\"agent\":\"a\"}"), EVENT(HGT_EVENT_SYNC_REQUESTED, "[]"), EVENT(HGT_EVENT_PUSH_ATTRIBUTED, "3")};
	struct history h;

	(void)state;
	history_init(&h, NULL, NULL, NULL);
	for (size_t i = 0; i < N_OF(texts); i++)
		assert_int_equal(add(&h, texts[i]), 0);
	assert_int_equal(h.n, 0);
	history_release(&h);
}

static void memory_runs_out(void **state)
{
	static const char *const texts[] = {MOVED(ONE, "\"alice\"", "\"p1\""), BEGAN("web", ONE, "\"pending\""), ENDED("web", "Succeeded", ONE, "t1")};

	(void)state;
	for (size_t i = 0; i < N_OF(texts); i++) {
		bool all = false;

		for (long n = 1; !all; n++) {
			struct hgt_doc_set set;
			struct history h;
			int code;

			history_init(&h, NULL, NULL, NULL);
			for (size_t before = 0; before < i; before++)
				assert_int_equal(add(&h, texts[before]), 0);
			hgt_doc_set_init(&set);
			assert_int_equal(hgt_json_parse_message(texts[i], strlen(texts[i]), &set, NULL), 0);
			fail_alloc_at(n);
			code = history_add(&h, set.docs[0].root, NULL);
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
		cmocka_unit_test(an_apply_is_one_entry), cmocka_unit_test(who_pushed_may_be_told_later), cmocka_unit_test(who_asked),
		cmocka_unit_test(only_what_is_asked_for), cmocka_unit_test(events_that_say_nothing), cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
