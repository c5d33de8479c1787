/* daemon/intake and the moves behind it: every way in which a ref's move and its hook's word can meet, each journaled once. */
#include "daemon/intake.h"

#include <event2/event.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/map.h"
#include "base/timing.h"
#include "daemon/repos.h"
#include "daemon/store.h"
#include "git/repository.h"
#include "headgate/protocol.h"
#include "tests/unit/small_daemon.h"
#include "tests/unit/unit.h"

#define Z "0000000000000000000000000000000000000000"
#define UNKNOWN_ID "1234567890123456789012345678901234567890"

enum { COMMITS = 6 };

static struct small_daemon small;
static char *commits[COMMITS];	/* a line of history: each the parent of the next; the last a root of its own */
static unsigned pushes;		/* announced so far */

static int start(void **state)
{
	(void)state;
	small_daemon_start(&small);
	free(small_daemon_sh(&small, "git init -q -b main work && git init -q --bare git/r.git"));
	for (int i = 0; i < COMMITS; i++) {
		if (i == COMMITS - 1)
			free(small_daemon_sh(&small, "git -C work checkout -q --orphan other"));
		commits[i] = small_daemon_sh(&small, "cd work && echo %d >f%d && git add . && GIT_COMMITTER_DATE='%d +0000' "
			"git commit -q -m %d --date '%d +0000' && git push -q ../git/r.git HEAD:refs/heads/all%d && git rev-parse HEAD",
			i, i, 1700000000 + i, i, 1700000000 + i, i);
		free(small_daemon_sh(&small, "git -C git/r.git update-ref -d refs/heads/all%d", i));
	}
	free(small_daemon_sh(&small, "git -C git/r.git config core.fsync none"));
	small_daemon_restart(&small);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	small_daemon_stop(&small);
	for (int i = 0; i < COMMITS; i++)
		free(commits[i]);
	return 0;
}

/* What an announcement came to. */
struct outcome {
	bool done;
	int code;
	uint64_t seq;
};

static void on_done(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	*(struct outcome *)ctx = (struct outcome){.done = true, .code = code, .seq = seq};
	if (code < 0)
		assert_true(err->message[0]);
}

static void announce_as(const char *type, const char *repo, unsigned push, const char *updates, const char *more, struct outcome *outcome)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hook_line *line = NULL;
	struct hgt_error err = {0};

	*outcome = (struct outcome){0};
	hgt_buf_addf(&text, "{\"v\":1,\"type\":\"%s\",\"repo\":\"%s/git/%s\",\"push\":\"%032x\",\"actor\":{\"name\":\"alice\"},"
		"\"updates\":[%s]%s}", type, small.folder, repo, push, updates, more);
	if (hook_line_parse(text.data, text.len, &line, &err) < 0)
		fail_msg("%s", err.message);
	hgt_buf_release(&text);
	intake_announce(small.daemon.intake, line, "hook", on_done, outcome);
}

/* Announce one move of r.git, as of that time (0: it is not said). */
static void announce_soon(const char *ref, const char *from, const char *to, int64_t time_ms, struct outcome *outcome)
{
	char update[600], when[HGT_TIME_TEXT], time[64] = "";

	hgt_time_format(time_ms, when);
	if (time_ms)
		snprintf(time, sizeof(time), ",\"time\":\"%s\"", when);

	snprintf(update, sizeof(update), "{\"old\":\"%s\",\"new\":\"%s\",\"ref\":\"%s\"}", from, to, ref);
	announce_as("received", "r.git", ++pushes, update, time, outcome);
}

/* The same, and wait for its end; the push's number. */
static unsigned announce_at(const char *ref, const char *from, const char *to, int64_t time_ms)
{
	struct outcome outcome;

	announce_soon(ref, from, to, time_ms, &outcome);
	small_daemon_run(&small, &outcome.done);
	assert_int_equal(outcome.code, 0);
	return pushes;
}

static unsigned announce(const char *ref, const char *from, const char *to)
{
	return announce_at(ref, from, to, 0);
}

static void set(const char *ref, const char *id)
{
	free(small_daemon_sh(&small, "git -C git/r.git update-ref %s %s %s", strcmp(id, Z) == 0 ? "-d" : "", ref,
		strcmp(id, Z) == 0 ? "" : id));
}

static void on_compared(void *ctx)
{
	*(bool *)ctx = true;
}

static void compare(void)
{
	const struct repo *repo = repos_find(small.daemon.repos, "r");
	bool done = false;

	assert_non_null(repo);
	intake_compare(small.daemon.intake, repo->name, repo->path, INTAKE_SEEN);
	intake_when_compared(small.daemon.intake, on_compared, &done);
	small_daemon_run(&small, &done);
}

/* One word an event: its type's middle, source, and the ends of its move by number. */
struct told {
	struct hgt_buf *out;
	const char *ref;
};

static char number_of(const char *id)
{
	if (strcmp(id, Z) == 0)
		return '-';
	for (int i = 0; i < COMMITS; i++)
		if (strcmp(id, commits[i]) == 0)
			return (char)('0' + i);
	return '?';
}

static int tell_row(void *ctx, const struct hgt_journal_row *row)
{
	struct told *told = ctx;
	const char *type = row->type + strlen(HGT_EVENT_PREFIX), *source, *actor;
	const struct hgt_node *data;
	struct hgt_doc_set set;

	if (strcmp(row->ref, told->ref) != 0)
		return 0;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(row->body, row->body_len, &set, NULL), 0);
	data = hgt_node_get(set.docs[0].root, "data");
	source = hgt_node_get_string(data, "source");
	actor = hgt_node_get_string(data, "actor");
	hgt_buf_addf(told->out, "%s%.*s%s%s:%c%c", told->out->len ? " " : "", (int)strcspn(type + 4 + (*type == 'p'), "."),
		type + 4 + (*type == 'p'), source ? "/" : "", source ? source : "", number_of(hgt_node_get_string(data, "old")),
		number_of(hgt_node_get_string(data, "new")));
	/* Who pushed is told exactly where a hook's word was taken. */
	assert_true((actor != NULL) == (!source || strcmp(source, "watch") != 0));
	hgt_doc_set_release(&set);
	return 0;
}

/* What the journal tells of a ref, in order. */
static void expect(const char *ref, const char *want)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct told told = {.out = &out, .ref = ref};

	assert_int_equal(hgt_journal_read(small.daemon.reader, 0, SIZE_MAX, tell_row, &told, NULL), 0);
	assert_string_equal(out.data, want);
	hgt_buf_release(&out);
}

static void expect_known(const char *ref, const char *want)
{
	char id[HGT_JOURNAL_OID_TEXT];

	assert_int_equal(hgt_journal_get_ref(small.daemon.reader, "r", ref, id, NULL, NULL), 0);
	assert_string_equal(id, want);
}

/*
 * Scripts: '+' sets the ref to the commit of the digit that follows ('-' deletes it), '!' announces the move between the two digits that
 * follow, '&' does so too and goes on before that is taken, '=' compares. '<' and '>' say that the next announcement is of a minute ago, or in a minute. '?' stands for an id that no repository
 * has.
 */
static const char *id_of(char c)
{
	return c == '-' ? Z : c == '?' ? UNKNOWN_ID : commits[c - '0'];
}

static const struct {
	const char *name, *script, *events, *end;
} meetings[] = {
	{"hook", "+0!-0=", "updated/hook:-0", "0"},
	{"hooks", "+0!-0+1!01+2!12=", "updated/hook:-0 updated/hook:01 updated/hook:12", "2"},
	{"nobody", "+0=+1==", "updated/watch:-0 updated/watch:01", "1"},
	{"late", "+0=!-0=", "updated/watch:-0 attributed:-0", "0"},
	{"late-update", "+0!-0+1=!01=", "updated/hook:-0 updated/watch:01 attributed:01", "1"},
	{"late-of-two", "+0!-0+1+2=!01!12=", "updated/hook:-0 updated/watch:02 attributed:01 attributed:12", "2"},
	{"missed", "+0!-0+1+2!12=", "updated/hook:-0 updated/watch:01 updated/hook:12", "2"},
	{"out-of-order", "+0!-0+1+2!12!01=", "updated/hook:-0 updated/watch:01 updated/hook:12 attributed:01", "2"},
	{"overtaken", "+0!-0+1+2!01=", "updated/hook:-0 updated/hook:01 updated/watch:12", "2"},
	{"rewind", "+2!-2+0!20=", "updated/hook:-2 updated/hook:20", "0"},
	{"false-rewind", "+2!-2!20=", "updated/hook:-2 superseded:20", "2"},
	{"false-forward", "+0!-0!01=", "updated/hook:-0 superseded:01", "0"},
	{"other-line", "+2!-2+5!25=", "updated/hook:-2 updated/hook:25", "5"},
	{"moved-off", "+1!-1+2+5!12=", "updated/hook:-1 superseded:12 updated/watch:15", "5"},
	{"delete", "+0!-0+-!0-=", "updated/hook:-0 updated/hook:0-", "-"},
	{"late-delete", "+0!-0+-=!0-=", "updated/hook:-0 updated/watch:0- attributed:0-", "-"},
	{"false-delete", "+0!-0!0-=", "updated/hook:-0 superseded:0-", "0"},
	{"delete-of-missed", "+1!1-=", "superseded:1- updated/watch:-1", "1"},
	{"deleted-unknown", "!1-=", "superseded:1-", "-"},
	{"late-delete-of-seen", "+0!-0+1+-=!01!1-=", "updated/hook:-0 updated/watch:0- superseded:01 superseded:1-", "-"},
	{"recreate", "+0!-0+-+1!0-=!-1=", "updated/hook:-0 superseded:0- updated/watch:01 attributed:-1", "1"},
	{"back-and-forth", "+0!-0+1+0+1!01=", "updated/hook:-0 updated/hook:01", "1"},
	{"again", "+0!-0+1!01+0!10+1!01=", "updated/hook:-0 updated/hook:01 updated/hook:10 updated/hook:01", "1"},
	{"unseen-back", "+0!-0+1!01+0+1!01=", "updated/hook:-0 updated/hook:01 updated/watch:10 updated/hook:01", "1"},
	{"unknown-old", "+0!-0+1!?1=", "updated/hook:-0 updated/hook:01", "1"},
	{"unknown-new", "+0!-0!0?=", "updated/hook:-0 superseded:0?", "0"},
	{"told-twice", "+0=!-0!-0=", "updated/watch:-0 attributed:-0 updated/watch:0- updated/hook:-0", "0"},
	{"late-first-of-seen", "+0!-0+1+5=+2!52!01=", "updated/hook:-0 updated/watch:05 updated/hook:52 attributed:01", "2"},
	{"late-last-of-seen", "+0!-0+1+5=+2!52!15=", "updated/hook:-0 updated/watch:05 updated/hook:52 attributed:15", "2"},
	{"late-before-forced", "+0!-0+5!05+1!51+2!12!-0=", "updated/hook:-0 updated/hook:05 updated/hook:51 updated/hook:12 superseded:-0", "2"},
	{"late-of-another-line", "+0!-0+1!01+5!15+2!52+3!01=",
		"updated/hook:-0 updated/hook:01 updated/hook:15 updated/hook:52 superseded:01 updated/watch:23", "3"},
	{"no-part-of-the-last", "+0+1+5+2!52+3=!01=",
		"updated/watch:-5 updated/hook:52 updated/watch:23 superseded:01", "3"},
	{"late-creation-of-one-made-anew", "+0=+->!0-+1<!-0=", "updated/watch:-0 updated/hook:0- attributed:-0 updated/watch:-1", "1"},
	{"creation-of-one-made-anew", "+0=+->!0-+1>!-0=", "updated/watch:-0 updated/hook:0- updated/hook:-0 updated/watch:01", "1"},
	{"together", "+0!-0+4&01&12&23&34=", "updated/hook:-0 updated/hook:01 updated/hook:12 updated/hook:23 updated/hook:34", "4"},
	{"together-and-on", "+0!-0+4&01&12=&23=", "updated/hook:-0 updated/hook:01 updated/hook:12 updated/watch:24 attributed:23", "4"},
	{"together-but-one", "+0!-0+4&01&23&34=", "updated/hook:-0 updated/hook:01 updated/watch:12 updated/hook:23 updated/hook:34", "4"},
	{"together-but-every-second", "+4&-0&12&34=", "updated/hook:-0 updated/watch:01 updated/hook:12 updated/watch:23 updated/hook:34", "4"},
	{"together-out-of-order", "+0!-0+4&12&01&34&23=",
		"updated/hook:-0 updated/watch:01 updated/hook:12 attributed:01 updated/watch:23 updated/hook:34 attributed:23", "4"},
	{"with-lies", "+0!-0+2!01=!05!?2!12!34=",
		"updated/hook:-0 updated/hook:01 updated/watch:12 superseded:05 attributed:?2 attributed:12 superseded:34", "2"},
	{"together-with-lies", "+0!-0+2&01&05&?2&12&34=",
		"updated/hook:-0 updated/hook:01 superseded:05 updated/hook:12 updated/watch:21 updated/hook:12 superseded:34", "2"},
	{"long-gone", "+0!-0+1!01+2!12!-0=", "updated/hook:-0 updated/hook:01 updated/hook:12 superseded:-0", "2"},
};

/* Announcements that are not waited for one by one. */
struct crowd {
	struct outcome outcomes[32];
	size_t n;
};

/* Their words are on disk in the order in which they came. */
static void crowd_wait(struct crowd *crowd)
{
	for (size_t i = 0; i < crowd->n; i++) {
		small_daemon_run(&small, &crowd->outcomes[i].done);
		assert_int_equal(crowd->outcomes[i].code, 0);
		assert_true(i == 0 || crowd->outcomes[i].seq >= crowd->outcomes[i - 1].seq);
	}
	crowd->n = 0;
}

static void run_script(const char *ref, const char *script)
{
	struct crowd crowd = {.n = 0};
	int64_t time_ms = 0;

	for (const char *s = script; *s; s++) {
		if (*s != '&')
			crowd_wait(&crowd);
		switch (*s) {
		case '+':
			set(ref, id_of(*++s));
			break;
		case '!':
			announce_at(ref, id_of(s[1]), id_of(s[2]), time_ms);
			time_ms = 0;
			s += 2;
			break;
		case '&':
			announce_soon(ref, id_of(s[1]), id_of(s[2]), 0, &crowd.outcomes[crowd.n++]);
			s += 2;
			break;
		case '<':
		case '>':
			time_ms = hgt_time_now_ms() + (*s == '<' ? -60000 : 60000);
			break;
		default:
			compare();
		}
	}
}

static void words_and_moves_meet(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_OF(meetings); i++) {
		char ref[64];

		snprintf(ref, sizeof(ref), "refs/heads/%s", meetings[i].name);
		run_script(ref, meetings[i].script);
		print_message("%s\n", meetings[i].name);
		expect(ref, meetings[i].events);
		expect_known(ref, meetings[i].end[0] == '-' ? "" : id_of(meetings[i].end[0]));
	}
}

/* However many pushes of a repository come at once, it is not a commit of the journal for each. */
static void those_who_wait_share_a_commit(void **state)
{
	struct crowd crowd = {.n = 0};
	struct store_stats before, after;
	int64_t took;

	(void)state;
	compare();
	store_stats(small.daemon.store, &before);
	for (int ref = 0; ref < 8; ref++) {
		char name[64];

		snprintf(name, sizeof(name), "refs/heads/shared-%d", ref);
		set(name, commits[3]);
	}
	took = hgt_time_mono_ms();
	for (int ref = 0; ref < 8; ref++) {
		char name[64];

		snprintf(name, sizeof(name), "refs/heads/shared-%d", ref);
		for (int i = 0; i < 4; i++)
			announce_soon(name, i ? commits[i - 1] : Z, commits[i], 0, &crowd.outcomes[crowd.n++]);
	}
	crowd_wait(&crowd);
	store_stats(small.daemon.store, &after);
	assert_int_equal(after.events - before.events, 32);
	took = hgt_time_mono_ms() - took;
	/* The first one's and that of the rest; and since the first of those are not kept waiting for all, one more for each 5 ms of planning. */
	assert_in_range(after.commits - before.commits, 1, 3 + took / 5);
	compare();
	expect("refs/heads/shared-7", "updated/hook:-0 updated/hook:01 updated/hook:12 updated/hook:23");
}

static void a_push_is_taken_once(void **state)
{
	struct outcome first, second;
	char update[300];

	(void)state;
	set("refs/heads/once", commits[0]);
	snprintf(update, sizeof(update), "{\"old\":\"" Z "\",\"new\":\"%s\",\"ref\":\"refs/heads/once\"}", commits[0]);
	announce_as("received", "r.git", ++pushes, update, "", &first);
	announce_as("received", "r.git", pushes, update, "", &second);
	small_daemon_run(&small, &second.done);
	assert_true(first.done);
	assert_int_equal(first.code, 0);
	assert_int_equal(second.code, 0);
	assert_true(second.seq >= first.seq && first.seq > 0);
	expect("refs/heads/once", "updated/hook:-0");
	small_daemon_restart(&small);
	announce_as("received", "r.git", pushes, update, "", &second);
	small_daemon_run(&small, &second.done);
	assert_int_equal(second.code, 0);
	expect("refs/heads/once", "updated/hook:-0");
}

static void strangers_move_nothing(void **state)
{
	static const char *const repos[] = {"none.git", "../state", "scratch/x.git", "sha.git", "plain"};
	char update[300];
	uint64_t before, after;

	(void)state;
	free(small_daemon_sh(&small, "git init -q --bare git/scratch/x.git && mkdir git/plain &&"
		" git init -q --bare --object-format=sha256 git/sha.git"));
	snprintf(update, sizeof(update), "{\"old\":\"" Z "\",\"new\":\"%s\",\"ref\":\"refs/heads/main\"}", commits[0]);
	assert_int_equal(hgt_journal_head(small.daemon.reader, &before, NULL), 0);
	for (size_t i = 0; i < N_OF(repos); i++) {
		struct outcome outcome;

		announce_as("received", repos[i], ++pushes, update, "", &outcome);
		small_daemon_run(&small, &outcome.done);
		assert_int_equal(outcome.code, 0);
		assert_int_equal(outcome.seq, before);
	}
	assert_int_equal(hgt_journal_head(small.daemon.reader, &after, NULL), 0);
	assert_int_equal(after, before);
}

static void new_repositories_are_taken(void **state)
{
	struct outcome outcome;
	bool compared = false;
	char update[300];

	(void)state;
	free(small_daemon_sh(&small, "git clone -q --bare git/r.git git/team/new.git && git -C git/team/new.git update-ref refs/heads/x %s",
		commits[0]));
	snprintf(update, sizeof(update), "{\"old\":\"" Z "\",\"new\":\"%s\",\"ref\":\"refs/heads/x\"}", commits[0]);
	announce_as("received", "team/new.git", ++pushes, update, "", &outcome);
	small_daemon_run(&small, &outcome.done);
	assert_int_equal(outcome.code, 0);
	expect("refs/heads/x", "updated/hook:-0");
	/* Its other refs follow once the watcher has found it. */
	while (!repos_find(small.daemon.repos, "team/new"))
		assert_int_equal(event_base_loop(small.daemon.base, EVLOOP_ONCE), 0);
	intake_when_compared(small.daemon.intake, on_compared, &compared);
	small_daemon_run(&small, &compared);
	expect("refs/heads/x", "updated/hook:-0");
}

static int last_refused(void *ctx, const struct hgt_journal_row *row)
{
	struct hgt_buf *out = ctx;

	if (strcmp(row->type, HGT_EVENT_PUSH_REFUSED) == 0) {
		hgt_buf_reset(out);
		hgt_buf_adds(out, row->body);
	}
	return 0;
}

static void refusals_are_bounded(void **state)
{
	struct hgt_buf findings = HGT_BUF_INIT, body = HGT_BUF_INIT;
	const struct hgt_node *data, *list;
	struct hgt_doc_set set;
	struct outcome outcome;
	char update[300];
	int64_t errors;

	(void)state;
	hgt_buf_adds(&findings, ",\"errors\":80,\"warnings\":0,\"findings\":[");
	for (int i = 0; i < 80; i++)
		hgt_buf_addf(&findings, "%s{\"rule\":\"k8s/name\",\"message\":\"\\u001b[31m%d\"}", i ? "," : "", i);
	hgt_buf_addc(&findings, ']');
	snprintf(update, sizeof(update), "{\"old\":\"" Z "\",\"new\":\"%s\",\"ref\":\"refs/heads/main\"}", UNKNOWN_ID);
	announce_as("refused", "r.git", ++pushes, update, findings.data, &outcome);
	small_daemon_run(&small, &outcome.done);
	assert_int_equal(outcome.code, 0);
	assert_int_equal(hgt_journal_read(small.daemon.reader, 0, SIZE_MAX, last_refused, &body, NULL), 0);
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_json_parse_message(body.data, body.len, &set, NULL), 0);
	data = hgt_node_get(set.docs[0].root, "data");
	list = hgt_node_get(data, "findings");
	assert_non_null(list);
	assert_int_equal(list->v.seq.n, HOOK_FINDINGS_MAX);
	assert_true(hgt_node_get_int(data, "errors", &errors));
	assert_int_equal(errors, 80);
	assert_string_equal(hgt_node_get_string(data, "repo"), "r");
	hgt_doc_set_release(&set);
	hgt_buf_release(&findings);
	hgt_buf_release(&body);
}

/* One push of thousands of refs: one transaction, lists of paths bounded over all of them. */
static void thousands_of_refs(void **state)
{
	enum { REFS = 3000 };
	struct hgt_buf updates = HGT_BUF_INIT;
	struct outcome outcome;
	uint64_t before, after;

	(void)state;
	free(small_daemon_sh(&small, "i=0; while [ $i -lt %d ]; do echo \"create refs/tags/many/$i %s\"; i=$((i+1)); done |"
		" git -C git/r.git update-ref --stdin", REFS, commits[2]));
	for (int i = 0; i < REFS; i++)
		hgt_buf_addf(&updates, "%s{\"old\":\"" Z "\",\"new\":\"%s\",\"ref\":\"refs/tags/many/%d\"}", i ? "," : "", commits[2], i);
	assert_int_equal(hgt_journal_head(small.daemon.reader, &before, NULL), 0);
	announce_as("received", "r.git", ++pushes, updates.data, "", &outcome);
	small_daemon_run(&small, &outcome.done);
	assert_int_equal(outcome.code, 0);
	assert_int_equal(hgt_journal_head(small.daemon.reader, &after, NULL), 0);
	assert_int_equal(after - before, REFS);
	assert_int_equal(outcome.seq, after);
	compare();
	assert_int_equal(hgt_journal_head(small.daemon.reader, &after, NULL), 0);
	assert_int_equal(after - before, REFS);
	free(small_daemon_sh(&small, "git -C git/r.git for-each-ref --format='delete %%(refname)' refs/tags/many |"
		" git -C git/r.git update-ref --stdin"));
	hgt_buf_release(&updates);
}

/* More than one compare takes up at once. */
static void compares_go_on(void **state)
{
	uint64_t before, after;

	(void)state;
	free(small_daemon_sh(&small, "i=0; while [ $i -lt 5300 ]; do echo \"create refs/notes/n$i %s\"; i=$((i+1)); done |"
		" git -C git/r.git update-ref --stdin && git -C git/r.git pack-refs --all", commits[0]));
	assert_int_equal(hgt_journal_head(small.daemon.reader, &before, NULL), 0);
	compare();
	assert_int_equal(hgt_journal_head(small.daemon.reader, &after, NULL), 0);
	assert_true(after - before >= 5300);
	before = after;
	compare();
	assert_int_equal(hgt_journal_head(small.daemon.reader, &after, NULL), 0);
	assert_int_equal(after, before);
	free(small_daemon_sh(&small, "git -C git/r.git for-each-ref --format='delete %%(refname)' refs/notes |"
		" git -C git/r.git update-ref --stdin"));
	compare();
}

static void internal_refs_stay_out(void **state)
{
	uint64_t before, after;

	(void)state;
	compare();
	assert_int_equal(hgt_journal_head(small.daemon.reader, &before, NULL), 0);
	set("refs/keep-around/x", commits[0]);
	announce("refs/keep-around/x", Z, commits[0]);
	set("refs/headgate/kept/heads/x/y", commits[0]);
	announce("refs/headgate/kept/heads/x/y", Z, commits[0]);
	compare();
	assert_int_equal(hgt_journal_head(small.daemon.reader, &after, NULL), 0);
	assert_int_equal(after, before);
	set("refs/keep-around/x", Z);
	set("refs/headgate/kept/heads/x/y", Z);
}

/* Git moves what a symbolic ref leads to, and that is what is journaled. */
static void a_symbolic_ref_is_followed(void **state)
{
	(void)state;
	set("refs/heads/real", commits[0]);
	compare();
	free(small_daemon_sh(&small, "git -C git/r.git symbolic-ref refs/heads/old-name refs/heads/real"));
	set("refs/heads/old-name", commits[1]);
	announce("refs/heads/old-name", commits[0], commits[1]);
	compare();
	expect("refs/heads/real", "updated/watch:-0 updated/hook:01");
	expect("refs/heads/old-name", "");
}

/* A damaged ref is not a deleted one, and one whose name Git would not take does not keep the compare going round. */
static void damaged_refs_harm_no_other(void **state)
{
	(void)state;
	set("refs/heads/damaged", commits[0]);
	compare();
	expect("refs/heads/damaged", "updated/watch:-0");
	free(small_daemon_sh(&small, "cd git/r.git && git rev-parse -q --verify refs/heads/damaged && echo nonsense >refs/heads/damaged &&"
		" echo %s >refs/heads/no..name", commits[1]));
	set("refs/heads/sound", commits[1]);
	compare();
	expect("refs/heads/damaged", "updated/watch:-0");
	expect("refs/heads/sound", "updated/watch:-1");
	free(small_daemon_sh(&small, "cd git/r.git && rm refs/heads/no..name && echo %s >refs/heads/damaged", commits[2]));
	compare();
	expect("refs/heads/damaged", "updated/watch:-0 updated/watch:02");
}

static void on_room(evutil_socket_t fd, short what, void *arg)
{
	struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

	(void)fd, (void)what, (void)arg;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What a full disk (a limit on the size of files stands for it) kept out of the journal comes in when there is room again. */
static void a_full_disk_delays_what_is_seen(void **state)
{
	const struct timeval soon = {.tv_usec = 200 * 1000};
	struct rlimit limit = {.rlim_cur = 1, .rlim_max = RLIM_INFINITY};
	struct event *room = evtimer_new(small.daemon.base, on_room, NULL);
	const struct repo *repo = repos_find(small.daemon.repos, "r");
	struct outcome outcome;
	char update[300];
	bool compared = false;

	(void)state;
	set("refs/heads/kept-waiting", commits[0]);
	set("refs/heads/spooled", commits[0]);
	snprintf(update, sizeof(update), "{\"old\":\"" Z "\",\"new\":\"%s\",\"ref\":\"refs/heads/spooled\"}", commits[0]);
	signal(SIGXFSZ, SIG_IGN);
	assert_true(room && event_add(room, &soon) == 0 && setrlimit(RLIMIT_FSIZE, &limit) == 0);
	announce_as("received", "r.git", ++pushes, update, "", &outcome);
	small_daemon_run(&small, &outcome.done);
	assert_int_equal(outcome.code, HGT_EIO);
	intake_compare(small.daemon.intake, repo->name, repo->path, INTAKE_SEEN);
	intake_when_compared(small.daemon.intake, on_compared, &compared);
	small_daemon_run(&small, &compared);
	event_free(room);
	expect("refs/heads/kept-waiting", "updated/watch:-0");
	/* The hook's second try: its word is of what has been seen meanwhile. */
	announce_as("received", "r.git", pushes, update, "", &outcome);
	small_daemon_run(&small, &outcome.done);
	assert_int_equal(outcome.code, 0);
	expect("refs/heads/spooled", "updated/watch:-0 attributed:-0");
}

/* What follows from the events: each of a ref's moves begins where the one before ended. */
struct replay {
	struct hgt_map refs;	/* repo + ref -> the last id */
	struct hgt_doc_set sets[4096];
	size_t n;
};

static int replay_row(void *ctx, const struct hgt_journal_row *row)
{
	struct replay *r = ctx;
	const struct hgt_node *data;
	const char *subject, *before, *old_id;

	if (strcmp(row->type, HGT_EVENT_REF_UPDATED) != 0 || strncmp(row->ref, "refs/heads/random", 17) != 0)
		return 0;
	assert_true(r->n < N_OF(r->sets));
	hgt_doc_set_init(&r->sets[r->n]);
	assert_int_equal(hgt_json_parse_message(row->body, row->body_len, &r->sets[r->n], NULL), 0);
	subject = hgt_node_get_string(r->sets[r->n].docs[0].root, "subject");
	data = hgt_node_get(r->sets[r->n].docs[0].root, "data");
	r->n++;
	before = hgt_map_get(&r->refs, subject, strlen(subject));
	old_id = hgt_node_get_string(data, "old");
	assert_string_equal(old_id, before ? before : Z);
	assert_string_not_equal(old_id, hgt_node_get_string(data, "new"));
	assert_true(hgt_map_put(&r->refs, subject, strlen(subject), (void *)hgt_node_get_string(data, "new"), NULL) >= 0);
	return 0;
}

/* Moves, their words late, twice, in any order or never, and compares in between: in the end the events add up to what is there. */
static void whatever_happens(void **state)
{
	enum { STEPS = 250, REFS = 2, WORDS = 8 };
	static struct replay replay;
	struct {
		unsigned push;
		char update[300];
	} words[WORDS] = {{0}};
	char now[REFS] = {'-', '-'};
	unsigned seed = (unsigned)hgt_time_now_ms();
	struct crowd crowd = {.n = 0};

	(void)state;
	print_message("seed %u\n", seed);
	for (int step = 0; step < STEPS; step++) {
		unsigned dice = (unsigned)rand_r(&seed), ref = dice / 8 % REFS, word = dice / 64 % WORDS;
		char name[32], to = "-0123455"[dice / 1024 % 8];

		snprintf(name, sizeof(name), "refs/heads/random%u", ref);
		switch (dice % 8) {
		default:
			if (to == now[ref])
				break;
			set(name, id_of(to));
			words[word].push = ++pushes;
			snprintf(words[word].update, sizeof(words[word].update), "{\"old\":\"%s\",\"new\":\"%s\",\"ref\":\"%s\"}",
				id_of(now[ref]), id_of(to), name);
			now[ref] = to;
			break;
		case 0 ... 3:
			if (!words[word].push)
				break;
			announce_as("received", "r.git", words[word].push, words[word].update, "", &crowd.outcomes[crowd.n++]);
			if (crowd.n == N_OF(crowd.outcomes) || dice / 8192 % 4 == 0)
				crowd_wait(&crowd);
			break;
		case 4:
			compare();
			break;
		}
	}
	crowd_wait(&crowd);
	compare();
	for (unsigned ref = 0; ref < REFS; ref++) {
		char name[32];

		snprintf(name, sizeof(name), "refs/heads/random%u", ref);
		expect_known(name, now[ref] == '-' ? "" : id_of(now[ref]));
	}
	assert_int_equal(hgt_journal_read(small.daemon.reader, 0, SIZE_MAX, replay_row, &replay, NULL), 0);
	assert_true(replay.n > 0);
	for (size_t i = 0; i < replay.n; i++)
		hgt_doc_set_release(&replay.sets[i]);
	hgt_map_release(&replay.refs);
}

static uint64_t saves(void)
{
	struct intake_stats stats;

	intake_stats(small.daemon.intake, &stats);
	return stats.saves;
}

/* What only the beat has found was saved by it; what was seen was not, and neither is anything twice. */
static void the_beat_saves(void **state)
{
	static const enum intake_why whys[] = {INTAKE_START, INTAKE_SEEN, INTAKE_BEAT};
	const struct repo *repo = repos_find(small.daemon.repos, "r");

	(void)state;
	for (size_t i = 0; i < N_OF(whys); i++) {
		for (int again = 0; again < 2; again++) {
			uint64_t before = saves();
			bool done = false;
			char ref[64];

			snprintf(ref, sizeof(ref), "refs/heads/saved-%zu", i);
			if (!again)
				set(ref, commits[0]);
			intake_compare(small.daemon.intake, repo->name, repo->path, whys[i]);
			intake_when_compared(small.daemon.intake, on_compared, &done);
			small_daemon_run(&small, &done);
			assert_int_equal(saves() - before, whys[i] == INTAKE_BEAT && !again);
		}
	}
}

static void the_journal_holds(void **state)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_error err = {0};
	uint64_t rows;

	(void)state;
	hgt_buf_addf(&path, "%s/state/" HGT_JOURNAL_FILE, small.folder);
	if (hgt_journal_verify(path.data, &rows, &err) < 0)
		fail_msg("%s", err.message);
	assert_true(rows > 3000);
	hgt_buf_release(&path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_moves_meet), cmocka_unit_test(those_who_wait_share_a_commit),
		cmocka_unit_test(a_push_is_taken_once), cmocka_unit_test(strangers_move_nothing),
		cmocka_unit_test(new_repositories_are_taken), cmocka_unit_test(refusals_are_bounded), cmocka_unit_test(thousands_of_refs),
		cmocka_unit_test(compares_go_on), cmocka_unit_test(internal_refs_stay_out), cmocka_unit_test(a_symbolic_ref_is_followed), cmocka_unit_test(damaged_refs_harm_no_other),
		cmocka_unit_test(a_full_disk_delays_what_is_seen), cmocka_unit_test(whatever_happens),
		cmocka_unit_test(the_beat_saves), cmocka_unit_test(the_journal_holds),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
