/* cli/remote/audit_trail: events joined into changes. */
#include "cli/remote/audit_trail.h"

#include <time.h>

#include "base/json_writer.h"
#include "cli/remote/audit_view.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"
#define EVENT(seq, type, subject, data) \
	"{\"id\":\"j." #seq "\",\"type\":\"io.headgate." type ".v1\",\"time\":\"2026-01-02T03:04:0" #seq "Z\"," \
	"\"subject\":\"" subject "\",\"data\":{" data "}}"
#define MOVED(seq, repo, old, new, actor) \
	EVENT(seq, "ref.updated", repo ":m", "\"repo\":\"" repo "\",\"ref\":\"m\",\"old\":\"" old "\",\"new\":\"" new "\",\"actor\":" \
		actor ",\"source\":\"hook\",\"forced\":false,\"paths\":[{\"path\":\"f\",\"status\":\"M\"}],\"paths_truncated\":false")
#define REPORTED(seq, agent, sync, operation, desired, added) \
	EVENT(seq, "agent.reported", agent "/t", "\"agent\":\"" agent "\",\"target\":\"t\",\"sync\":\"" sync "\",\"health\":\"Healthy\"," \
		"\"operation\":\"" operation "\",\"desired\":\"" desired "\",\"applied\":\"" desired "\",\"message\":\"why\"," \
		"\"changes\":{\"added\":" #added ",\"modified\":0,\"removed\":0}")

static int add_text(struct audit_trail *trail, const char *text, struct hgt_error *err)
{
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(text, strlen(text), &set, err);
	if (code == 0)
		code = audit_trail_add(trail, set.docs[0].root, err);
	hgt_doc_set_release(&set);
	return code;
}

static const char *const events[] = {
	MOVED(1, "one", A, B, "null"),
	MOVED(2, "two", A, B, "\"bob\""),	/* the same commit in another repository */
	EVENT(3, "push.refused", "one", "\"repo\":\"one\",\"actor\":\"eve\",\"remote\":\"192.0.2.7\",\"errors\":3,\"warnings\":1,"
		"\"updates\":[{\"old\":\"" B "\",\"new\":\"" C "\",\"ref\":\"m\"},{\"old\":\"" B "\",\"new\":\"" C "\",\"ref\":\"n\"}],"
		"\"findings\":[{\"rule\":\"x/a\"},{\"rule\":\"x/b\"},{\"rule\":\"x/a\"},{\"rule\":\"x/a\"}]"),
	EVENT(4, "push.attributed", "one:m", "\"repo\":\"one\",\"ref\":\"m\",\"actor\":\"alice\",\"push\":\"p\",\"event\":\"j.1\""),
	REPORTED(5, "w1", "OutOfSync", "Running", B, 0),
	REPORTED(6, "w1", "Synced", "Succeeded", B, 2),
	REPORTED(7, "w1", "Synced", "Succeeded", B, 0),
	REPORTED(8, "w2", "Synced", "Succeeded", B, 1),
	REPORTED(9, "w3", "Unknown", "Failed", C, 0),	/* of a change that is not in this stretch */
};

static const char agents[] = "[{\"name\":\"w1\",\"targets\":[{\"name\":\"t\",\"repo\":\"one\"}]},{\"name\":\"w9\"},7]";

static int build(struct audit_trail *trail, struct hgt_error *err)
{
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(agents, sizeof(agents) - 1, &set, err);
	if (code == 0)
		code = audit_trail_agents(trail, set.docs[0].root, err);
	hgt_doc_set_release(&set);
	for (size_t i = 0; i < N_OF(events) && code == 0; i++)
		code = add_text(trail, events[i], err);
	return code;
}

static void check(const struct audit_trail *trail)
{
	const struct audit_change *one = trail->changes[0], *two = trail->changes[1], *refused = trail->changes[2];

	assert_int_equal(trail->n, 3);
	assert_string_equal(one->actor, "alice");	/* told later */
	assert_string_equal(one->push, "p");
	assert_string_equal(one->reports->agent, "w1");
	assert_string_equal(one->reports->sync, "Synced");
	assert_int_equal(one->reports->added, 2);	/* not what the look after it found */
	assert_string_equal(one->reports->time, "2026-01-02T03:04:06Z");
	assert_null(one->reports->next);
	/* w2 has told nobody where its target lives: the latest move to that commit is taken. */
	assert_string_equal(two->actor, "bob");
	assert_string_equal(two->reports->agent, "w2");
	assert_null(two->reports->next);
	assert_int_equal(refused->kind, AUDIT_REFUSED);
	assert_string_equal(refused->moves->ref, "m");
	assert_string_equal(refused->moves->next->ref, "n");
	assert_string_equal(refused->rules->rule, "x/a");
	assert_int_equal(refused->rules->n, 3);
	assert_int_equal(refused->rules->next->n, 1);
}

static void joins(void **state)
{
	struct audit_trail trail;
	struct hgt_error err = {0};

	(void)state;
	audit_trail_init(&trail, NULL);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(build(&trail, &err), 0);
		check(&trail);
		audit_trail_reset(&trail);
		assert_int_equal(trail.n, 0);
	}
	audit_trail_release(&trail);
}

static void tells(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT, object = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&object);
	struct audit_trail trail;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	audit_trail_init(&trail, NULL);
	assert_int_equal(build(&trail, NULL), 0);
	audit_view_text(trail.changes[0], false, &text);
	audit_view_text(trail.changes[2], false, &text);
	assert_string_equal(text.data,
		"2026-01-02 03:04:01  one  by alice\n"
		"    m aaaaaaaa..bbbbbbbb\n"
		"    M f\n"
		"    -> w1/t: Synced, Healthy, Succeeded after 5.000 s: 2 added, 0 modified, 0 removed\n"
		"2026-01-02 03:04:03  one  refused: 3 errors, 1 warning  by eve from 192.0.2.7\n"
		"    m bbbbbbbb..cccccccc\n"
		"    n bbbbbbbb..cccccccc\n"
		"    3 x x/a\n"
		"    1 x x/b\n");
	audit_view_json(trail.changes[2], &json);
	assert_string_equal(object.data,
		"{\"kind\":\"refused\",\"event\":\"j.3\",\"time\":\"2026-01-02T03:04:03Z\",\"repo\":\"one\",\"actor\":\"eve\",\"push\":null,"
		"\"updates\":[{\"ref\":\"m\",\"old\":\"" B "\",\"new\":\"" C "\"},{\"ref\":\"n\",\"old\":\"" B "\",\"new\":\"" C "\"}],"
		"\"remote\":\"192.0.2.7\",\"errors\":3,\"warnings\":1,\"rules\":{\"x/a\":3,\"x/b\":1}}");
	audit_trail_release(&trail);
	hgt_buf_release(&text);
	hgt_buf_release(&object);
}

static void keeps_to_the_repositories_asked_for(void **state)
{
	struct audit_trail trail;

	(void)state;
	audit_trail_init(&trail, &(struct audit_filter){.repo = "tw*"});
	assert_int_equal(build(&trail, NULL), 0);
	assert_int_equal(trail.n, 1);
	assert_string_equal(trail.changes[0]->repo, "two");
	audit_trail_release(&trail);
}

static int add_asked(struct audit_trail *trail)
{
	static const char *const asked[] = {
		EVENT(10, "sync.requested", "w1/t", "\"agent\":\"w1\",\"target\":\"t\",\"action\":\"sync\",\"revision\":null,\"actor\":\"alice\""),
		EVENT(11, "sync.requested", "w2/t", "\"agent\":\"w2\",\"target\":\"t\",\"action\":\"suspend\",\"revision\":null,\"actor\":\"token:ci\""),
	};
	int code = 0;

	for (size_t i = 0; i < N_OF(asked) && code == 0; i++)
		code = add_text(trail, asked[i], NULL);
	return code;
}

/* Who asked for what is part of the trail, and is found by whom, of whom, and the repository of the target. */
static void tells_who_asked(void **state)
{
	static const struct {
		struct audit_filter filter;
		const char *actors;
	} cases[] = {
		{{.repo = NULL}, "alice token:ci"},
		{{.actor = "alice"}, "alice"},
		{{.actor = "token:*"}, "token:ci"},
		{{.agent = "w2"}, "token:ci"},
		{{.agent = "w3"}, ""},
		{{.repo = "one"}, "alice"},
		{{.repo = "two"}, ""},
		{{.type = "sync.requested"}, "alice token:ci"},
		{{.type = "sync.*", .agent = "w1"}, "alice"},
		{{.type = "ref.updated"}, ""},
		{{.path = "f"}, ""},
		{{.ref = "m"}, ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf actors = HGT_BUF_INIT;
		struct audit_trail trail;

		hgt_buf_adds(&actors, "");
		audit_trail_init(&trail, &cases[i].filter);
		assert_int_equal(build(&trail, NULL), 0);
		assert_int_equal(add_asked(&trail), 0);
		for (size_t k = 0; k < trail.n; k++)
			if (trail.changes[k]->kind == AUDIT_EVENT && strstr(trail.changes[k]->type, "sync.") && audit_trail_shows(&trail, trail.changes[k]))
				hgt_buf_addf(&actors, "%s%s", actors.len ? " " : "", trail.changes[k]->actor);
		if (strcmp(actors.data, cases[i].actors) != 0)
			fail_msg("case %zu: %s, not %s", i, actors.data, cases[i].actors);
		hgt_buf_release(&actors);
		audit_trail_release(&trail);
	}
}

/* Which of the changes are shown, as one letter each: u(pdated), r(efused), e(vent). */
static void shown(const struct audit_filter *filter, const char *want)
{
	struct audit_trail trail;
	struct hgt_buf have = HGT_BUF_INIT;

	audit_trail_init(&trail, filter);
	assert_int_equal(build(&trail, NULL), 0);
	for (size_t i = 0; i < trail.n; i++)
		if (audit_trail_shows(&trail, trail.changes[i]))
			hgt_buf_addc(&have, "ruse"[trail.changes[i]->kind == AUDIT_REFUSED ? 0 : trail.changes[i]->kind == AUDIT_UPDATED ? 1 :
				trail.changes[i]->kind == AUDIT_SUPERSEDED ? 2 : 3]);
	assert_string_equal(have.data, want);
	hgt_buf_release(&have);
	audit_trail_release(&trail);
}

static struct audit_when when(const char *text)
{
	struct audit_when out;

	assert_int_equal(audit_when_parse(text, 1767323050000, &out, NULL), 0);
	return out;
}

static void filters(void **state)
{
	(void)state;
	shown(NULL, "uur");
	shown(&(struct audit_filter){.repo = "one"}, "ur");
	shown(&(struct audit_filter){.ref = "n"}, "r");
	shown(&(struct audit_filter){.ref = "m"}, "uur");
	shown(&(struct audit_filter){.path = "f"}, "uu");
	shown(&(struct audit_filter){.path = "g"}, "");
	shown(&(struct audit_filter){.actor = "alice"}, "u");	/* who is only told later */
	shown(&(struct audit_filter){.actor = "*"}, "uur");
	shown(&(struct audit_filter){.agent = "w2"}, "u");
	shown(&(struct audit_filter){.agent = "w[12]"}, "uu");
	shown(&(struct audit_filter){.type = "push.*"}, "re");	/* push.attributed is no change: told as it is */
	shown(&(struct audit_filter){.type = "agent.*"}, "eeeee");
	shown(&(struct audit_filter){.type = "agent.*", .agent = "w1"}, "eee");
	shown(&(struct audit_filter){.type = "io.headgate.ref.updated.v1"}, "uu");
	shown(&(struct audit_filter){.type = "agent.*", .repo = "one"}, "");
	shown(&(struct audit_filter){.since = when("2026-01-02T03:04:02Z")}, "ur");
	shown(&(struct audit_filter){.until = when("2026-01-02T03:04:02Z")}, "uu");
	shown(&(struct audit_filter){.since = when("8s"), .until = when("2026-01-02T03:04:02Z")}, "u");
	/* The ids of these events are no cursors, so their seq is 0. */
	shown(&(struct audit_filter){.since = when("0123456789abcdef.2")}, "");
	shown(&(struct audit_filter){.until = when("0123456789abcdef.2")}, "uur");
}

static void points_in_time(void **state)
{
	static const char *const bad[] = {"", "x", "7", "7y", "-7d", "77777777d", "2026-02-30", "2026-1-2", "2026-01-02T", "0123456789abcdef.", "d", "7dd"};
	struct audit_when out = {.text = "before"};
	struct hgt_error err = {0};

	(void)state;
	setenv("TZ", "XYZ-2", 1);	/* two hours ahead of UTC */
	tzset();
	assert_int_equal(when("2026-01-02").ms, 1767304800000);
	assert_int_equal(when("2026-01-02T03:04:05.5Z").ms, 1767323045500);
	assert_int_equal(when("90s").ms, 1767322960000);
	assert_int_equal(when("2m").ms, 1767322930000);
	assert_int_equal(when("1h").ms, 1767319450000);
	assert_int_equal(when("7d").ms, 1766718250000);
	assert_true(when("0").is_place);
	assert_int_equal(when("0123456789abcdef.7").seq, 7);
	for (size_t i = 0; i < N_OF(bad); i++) {
		assert_int_equal(audit_when_parse(bad[i], 0, &out, &err), HGT_EPARSE);
		assert_string_equal(out.text, "before");
	}
	setenv("TZ", "UTC", 1);
	tzset();
}

/* Events that lack everything are no change, or one that says little; never a fault. */
static void takes_anything(void **state)
{
	static const char *const odd[] = {
		"{}", "[]", "7", "{\"type\":7}", EVENT(1, "ref.updated", "", ""), EVENT(1, "push.refused", "", "\"updates\":7,\"findings\":[7,{}]"),
		EVENT(1, "push.attributed", "", ""), EVENT(1, "agent.reported", "", "\"changes\":[]"),
		EVENT(1, "ref.updated", "", "\"paths\":[7,{\"path\":7}],\"repo\":[]"), EVENT(1, "other", "", ""),
	};
	struct hgt_buf out = HGT_BUF_INIT;
	struct audit_trail trail;

	(void)state;
	audit_trail_init(&trail, NULL);
	for (size_t i = 0; i < N_OF(odd); i++)
		assert_int_equal(add_text(&trail, odd[i], NULL), 0);
	assert_int_equal(trail.n, 3);
	for (size_t i = 0; i < trail.n; i++) {
		struct hgt_json json = HGT_JSON_INIT(&out);

		audit_view_text(trail.changes[i], true, &out);
		audit_view_json(trail.changes[i], &json);
	}
	assert_false(out.failed);
	hgt_buf_release(&out);
	audit_trail_release(&trail);
}

static void survives_failing_allocations(void **state)
{
	bool failed = true;

	(void)state;
	for (long n = 1; failed; n++) {
		struct audit_trail trail;
		int code;

		audit_trail_init(&trail, &(struct audit_filter){.agent = "*", .type = "*"});
		fail_alloc_at(n);
		code = build(&trail, NULL);
		failed = fail_alloc_off();
		assert_int_equal(code, failed ? HGT_ENOMEM : 0);
		if (!failed)
			assert_int_equal(trail.n, 8);
		audit_trail_release(&trail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins), cmocka_unit_test(tells), cmocka_unit_test(keeps_to_the_repositories_asked_for),
		cmocka_unit_test(tells_who_asked),
		cmocka_unit_test(filters), cmocka_unit_test(points_in_time), cmocka_unit_test(takes_anything), cmocka_unit_test(survives_failing_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
