/* cli/remote/event_view: every type of event as its line; events that lack what they should have. */
#include "cli/remote/event_view.h"

#include "tests/unit/unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ZERO "0000000000000000000000000000000000000000"
#define EVENT(type, subject, data) \
	"{\"id\":\"j.1\",\"type\":\"" type "\",\"time\":\"2026-01-02T03:04:05Z\",\"subject\":\"" subject "\",\"data\":{" data "}}"
#define OURS(type, subject, data) EVENT("io.headgate." type ".v1", subject, data)
#define WHEN "2026-01-02 03:04:05  "

static const struct {
	const char *event, *line;
} cases[] = {
	{OURS("ref.updated", "r:refs/heads/m", "\"old\":\"" A "\",\"new\":\"" B "\",\"actor\":\"alice\",\"source\":\"hook\","
		"\"forced\":false,\"paths\":[{\"path\":\"a\",\"status\":\"M\"},{\"path\":\"b\",\"status\":\"A\"}]"),
		WHEN "ref.updated      r:refs/heads/m  alice  aaaaaaaa..bbbbbbbb, 2 paths\n"},
	{OURS("ref.updated", "r:refs/heads/m", "\"old\":\"" ZERO "\",\"new\":\"" B "\",\"actor\":null,\"source\":\"watch\","
		"\"forced\":true,\"paths\":[{\"path\":\"a\",\"status\":\"M\"}],\"paths_truncated\":true"),
		WHEN "ref.updated      r:refs/heads/m  (not told)  new bbbbbbbb forced, 1 path and more, seen by watch\n"},
	{OURS("ref.updated", "r:refs/heads/m", "\"old\":\"" A "\",\"new\":\"" ZERO "\",\"actor\":\"a\",\"source\":\"hook\",\"paths\":[]"),
		WHEN "ref.updated      r:refs/heads/m  a  gone, was aaaaaaaa, 0 paths\n"},
	{OURS("push.refused", "r", "\"actor\":\"eve\\u001b[31m\",\"errors\":2,\"warnings\":1"),
		WHEN "push.refused     r  eve\\e[31m  2 errors, 1 warning\n"},
	{OURS("push.refused", "r", "\"actor\":\"eve\",\"errors\":0,\"warnings\":3"), WHEN "push.refused     r  eve  3 warnings\n"},
	{OURS("push.refused", "r", "\"actor\":\"eve\",\"errors\":0,\"warnings\":0"), WHEN "push.refused     r  eve  0 errors\n"},
	{OURS("push.attributed", "r:m", "\"old\":\"" A "\",\"new\":\"" B "\",\"actor\":\"bob\",\"event\":\"j.1\""),
		WHEN "push.attributed  r:m  bob  aaaaaaaa..bbbbbbbb, explains j.1\n"},
	{OURS("push.superseded", "r:m", "\"old\":\"" A "\",\"new\":\"" B "\",\"actor\":\"bob\""),
		WHEN "push.superseded  r:m  bob  aaaaaaaa..bbbbbbbb, overtaken before it was seen\n"},
	{OURS("agent.added", "w", "\"agent\":\"w\",\"kind\":\"host\",\"allow\":[\"a/*\",\"b\"]"),
		WHEN "agent.added      w  host, may see a/* b\n"},
	{OURS("agent.refused", "", "\"agent\":null,\"remote\":\"192.0.2.7\",\"reason\":\"no such token\""),
		WHEN "agent.refused      no such token, from 192.0.2.7\n"},
	{OURS("agent.reported", "w/t", "\"sync\":\"Synced\",\"health\":\"Healthy\",\"operation\":\"Succeeded\",\"applied\":\"" A "\","
		"\"message\":\"all is well\""), WHEN "agent.reported   w/t  Synced Healthy Succeeded at aaaaaaaa\n"},
	{OURS("agent.reported", "w/t", "\"sync\":\"Unknown\",\"health\":\"Unknown\",\"operation\":\"Failed\",\"applied\":null,"
		"\"message\":\"a\\nb\""), WHEN "agent.reported   w/t  Unknown Unknown Failed at -: a\\nb\n"},
	{OURS("sync.requested", "w/t", "\"agent\":\"w\",\"target\":\"t\",\"action\":\"sync\",\"revision\":\"" A "\",\"actor\":\"token:ci\""),
		WHEN "sync.requested   w/t  token:ci  sync to aaaaaaaa\n"},
	{OURS("sync.requested", "w/t", "\"agent\":\"w\",\"target\":\"t\",\"action\":\"suspend\",\"revision\":null,\"actor\":\"eve\\u0007\""),
		WHEN "sync.requested   w/t  eve\\x07  suspend\n"},
	{OURS("journal.compacted", "", "\"journal\":\"j\",\"seq\":31,\"count\":12,\"time\":\"2025-01-02T03:04:05Z\",\"reason\":\"age\""),
		WHEN "journal.compacted    12 events up to 31 removed by age, the last of 2025-01-02 03:04:05\n"},
	{OURS("journal.restored", "", "\"journal\":\"j\",\"seq\":31,\"copied\":\"2025-01-02T03:04:05Z\""),
		WHEN "journal.restored    goes on from a backup of 2025-01-02 03:04:05, after j.31\n"},
	{OURS("mirror.updated", "up/r", "\"mirror\":\"up\",\"repo\":\"r\",\"direction\":\"pull\",\"refs\":[{\"ref\":\"a\"},{\"ref\":\"b\"}],"
		"\"refs_truncated\":true,\"milliseconds\":120"), WHEN "mirror.updated   up/r  pulled from up: 2 refs and more in 120 ms\n"},
	{OURS("mirror.diverged", "bak/r", "\"mirror\":\"bak\",\"repo\":\"r\",\"direction\":\"push\",\"refs\":[{\"ref\":\"a\"}],"
		"\"reason\":\"odd\\u0007\""), WHEN "mirror.diverged  bak/r  pushed to bak: odd\\x07, 1 ref\n"},
	{OURS("mirror.late", "bak/r", "\"mirror\":\"bak\",\"direction\":\"push\",\"since\":\"2025-01-02T03:04:05Z\",\"error\":\"away\""),
		WHEN "mirror.late      bak/r  pushed to bak: behind since 2025-01-02 03:04:05: away\n"},
	{OURS("mirror.caught_up", "bak/r", "\"mirror\":\"bak\",\"direction\":\"push\",\"since\":\"2025-01-02T03:04:05Z\""),
		WHEN "mirror.caught_up  bak/r  pushed to bak: in step again, behind since 2025-01-02 03:04:05\n"},
	{OURS("mirror.acted", "bak", "\"mirror\":\"bak\",\"repo\":null,\"action\":\"pause\",\"actor\":\"token:ci\""),
		WHEN "mirror.acted     bak  token:ci  pause\n"},
	{OURS("mirror.promoted", "site", "\"mirror\":\"site\",\"role\":\"leader\",\"term\":2,\"actor\":\"root\",\"forced\":true,"
		"\"server\":\"http://other\""),
		WHEN "mirror.promoted  site  root  leads from now on, term 2, by force; the other is http://other\n"},
	{OURS("mirror.promoted", "site", "\"mirror\":\"site\",\"role\":\"follower\",\"term\":3,\"forced\":false"),
		WHEN "mirror.promoted  site  (not told)  follows from now on, term 3; the other is -\n"},
	{EVENT("org.example.other", "s", "\"actor\":\"x\""), WHEN "org.example.other  s\n"},
	{OURS("ref.updated", "s", ""), WHEN "ref.updated      s  (not told)  gone, was -\n"},
	{"{\"type\":7,\"time\":[],\"data\":\"x\"}", "-  -                -\n"},
	{"[]", "-  -                -\n"},
};

static void tells_every_event(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_doc_set set;

		hgt_doc_set_init(&set);
		assert_int_equal(hgt_json_parse_message(cases[i].event, strlen(cases[i].event), &set, NULL), 0);
		event_view_line(set.docs[0].root, false, &out);
		assert_string_equal(out.data, cases[i].line);
		hgt_doc_set_release(&set);
		hgt_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(tells_every_event)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
