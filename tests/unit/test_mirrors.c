/* daemon/mirrors on a loop, with ways that do nothing until the test says what they have come to: what makes copies wanted, what is on disk
 * when, what is told, restarts, reloads. What git does is in the tests of the ways. */
#include "daemon/mirror_parts.h"

#include <event2/event.h>

#include "base/timing.h"
#include "daemon/hub.h"
#include "daemon/repos.h"
#include "daemon/request.h"
#include "daemon/store.h"
#include "headgate/protocol.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

#define OLD "1111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222"
#define PUSH(name, more) "{name: " name ", direction: push, url: 'ssh://git@far.example/{repo}.git'" more "}"
#define PULL(name, more) "{name: " name ", direction: pull, url: 'https://up.example/{repo}.git'" more "}"

static const char *const no_paths[] = {"x", NULL};
static const struct rig_move elsewhere = {"elsewhere", "refs/heads/main", OLD, NEW, no_paths, false};
static const struct rig_move move = {"infra", "refs/heads/main", OLD, NEW, no_paths, false};

/* The ways. */

static struct {
	struct turn *turns[512];
	size_t n, begun, stopped, released;
	bool refuses;
} fake;

static int fake_begin(struct turn *turn, struct hgt_error *err)
{
	if (fake.refuses)
		return hgt_error_set(err, HGT_EIO, "no git here");
	assert_true(fake.n < N_OF(fake.turns));
	fake.turns[fake.n++] = turn;
	fake.begun++;
	return 0;
}

static void fake_stop(struct turn *turn)
{
	(void)turn;
	fake.stopped++;
}

static void fake_release(struct turn *turn)
{
	fake.released++;
	for (size_t i = 0; i < fake.n; i++)
		if (fake.turns[i] == turn)
			fake.turns[i] = fake.turns[--fake.n];
}

static const struct way fake_push = {"push", fake_begin, fake_stop, fake_release}, fake_pull = {"pull", fake_begin, fake_stop, fake_release};
static const struct way *const ways[] = {[HGT_MIRROR_PUSH] = &fake_push, [HGT_MIRROR_PULL] = &fake_pull};

/* The scene. */

static void load(struct rig *rig)
{
	struct hgt_error err = {0};

	if (mirrors_new_with(&rig->daemon, ways, &rig->daemon.mirrors, &err) < 0)
		fail_msg("%s", err.message);
}

static void start(struct rig *rig, const char *mirrors, const char *repos)
{
	struct hgt_buf more = HGT_BUF_INIT, script = HGT_BUF_INIT;

	memset(&fake, 0, sizeof(fake));
	hgt_buf_addf(&more, "mirrors: [%s]\n", mirrors);
	rig_start(rig, more.data);
	hgt_buf_addf(&script, "cd git; for r in %s; do git init -q --bare $r.git; done", repos);
	free(rig_sh(rig, script.data));
	/* They are found at a start. */
	rig_restart(rig);
	rig_publish(rig, &elsewhere);
	load(rig);
	hgt_buf_release(&more);
	hgt_buf_release(&script);
}

static void stop(struct rig *rig)
{
	rig_settle(rig);
	mirrors_free(rig->daemon.mirrors);
	rig->daemon.mirrors = NULL;
	rig_stop(rig);
}

/* As after kill -9, between what is on disk and what is not: nothing is drained. */
static void kill_and_start(struct rig *rig)
{
	rig_settle(rig);
	mirrors_free(rig->daemon.mirrors);
	rig->daemon.mirrors = NULL;
	assert_int_equal(fake.n, 0);
	rig_restart(rig);
	load(rig);
}

static struct copy *copy_of(struct rig *rig, const char *mirror, const char *repo)
{
	struct mirror *found = mirrors_find(rig->daemon.mirrors, mirror);

	assert_non_null(found);
	return mirror_find_copy(found, repo);
}

static bool has_turn(void *copy)
{
	return ((struct copy *)copy)->turn != NULL;
}

static bool is_over(void *copy)
{
	return !((struct copy *)copy)->turn && !((struct copy *)copy)->ending && !((struct copy *)copy)->writing;
}

/* Wait for its turn. */
static struct turn *turn_of(struct rig *rig, const char *mirror, const char *repo)
{
	struct copy *copy = copy_of(rig, mirror, repo);

	assert_non_null(copy);
	assert_true(rig_until(rig, has_turn, copy));
	return copy->turn;
}

/* The turn ends that way, and that is on disk. */
static void finish(struct rig *rig, const char *mirror, const char *repo, enum turn_end end, const char *why)
{
	struct copy *copy = copy_of(rig, mirror, repo);
	struct hgt_error err = {0};

	if (why)
		hgt_error_set(&err, HGT_EUNAVAILABLE, "%s", why);
	/* Else it is asked for everything soon, when chance has it. */
	turn_of(rig, mirror, repo)->verified = end == TURN_DONE || end == TURN_STOPPED;
	turn_ended(copy->turn, end, why ? &err : NULL);
	assert_true(rig_until(rig, is_over, copy));
}

static void nothing_runs(struct rig *rig)
{
	for (int i = 0; i < 5; i++)
		rig_turn(rig);
	assert_int_equal(fake.n, 0);
}

static enum hgt_copy_state state_of(struct rig *rig, const char *mirror, const char *repo)
{
	return copy_of(rig, mirror, repo)->row.state;
}

struct found {
	const char *type;
	struct hgt_buf text;
	size_t n;
};

static int look_at_event(void *ctx, const struct hgt_journal_row *row)
{
	struct found *found = ctx;

	if (strcmp(row->type, found->type) != 0)
		return 0;
	found->n++;
	hgt_buf_reset(&found->text);
	hgt_buf_addf(&found->text, "%s|%s|%s", row->subject, row->repo, strstr(row->body, "\"data\":"));
	return 0;
}

/* How many events of that type there are; the last must say all this (up to a NULL). */
static size_t events(struct rig *rig, const char *type, const char *const *says)
{
	struct found found = {.type = type, .text = HGT_BUF_INIT};
	struct hgt_error err = {0};
	size_t n;

	rig_settle(rig);
	assert_int_equal(hgt_journal_read(rig->daemon.reader, 0, SIZE_MAX / 2, look_at_event, &found, &err), 0);
	for (; says && *says; says++)
		if (!strstr(found.text.data, *says))
			fail_msg("\"%s\" is not in %s", *says, found.text.data);
	n = found.n;
	hgt_buf_release(&found.text);
	return n;
}

static int take_state(void *ctx, const struct hgt_copy_row *row)
{
	struct hgt_buf *out = ctx;

	hgt_buf_addf(out, "%s/%s %s %d %s;", row->mirror, row->repo, hgt_copy_state_name(row->state), row->paused, row->error);
	return 0;
}

static void check_disk(struct rig *rig, const char *want)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_error err = {0};

	rig_settle(rig);
	assert_int_equal(hgt_copies(rig->daemon.reader, NULL, take_state, &out, &err), 0);
	assert_string_equal(out.data, want);
	hgt_buf_release(&out);
}

static uint64_t settled(struct rig *rig)
{
	struct hgt_error err = {0};
	uint64_t seq;

	rig_settle(rig);
	assert_int_equal(hgt_mirrors_get_settled(rig->daemon.reader, &seq, &err), 0);
	return seq;
}

static struct hgt_config *config_of(struct rig *rig, const char *mirrors)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_config *config;
	struct hgt_error err = {0};

	hgt_buf_addf(&text, "site: test\nstate: %s/state\nrepositories: {root: %s/git}\nlisten: []\nmirrors: [%s]\n", rig->folder, rig->folder,
		mirrors);
	if (hgt_config_parse(text.data, text.len, "test.yaml", &config, &err) < 0)
		fail_msg("%s", err.message);
	hgt_buf_release(&text);
	return config;
}

/* To be freed once another is in force, or the mirrors are gone. */
static struct hgt_config *reload_to(struct rig *rig, const char *mirrors)
{
	struct hgt_config *config = config_of(rig, mirrors);
	struct hgt_error err = {0};

	if (mirrors_reload(rig->daemon.mirrors, config, &err) < 0)
		fail_msg("%s", err.message);
	return config;
}

static void stop_with(struct rig *rig, struct hgt_config *config)
{
	rig_settle(rig);
	mirrors_free(rig->daemon.mirrors);
	rig->daemon.mirrors = NULL;
	hgt_config_free(config);
	rig_stop(rig);
}

/* What people see in the end. */

static void a_move_is_followed(void **state)
{
	static const char *const says[] = {"backup/infra|infra|", "\"direction\":\"push\"", "\"refs\":[{\"ref\":\"refs/heads/main\",\"old\":\"" OLD
		"\",\"new\":\"" NEW "\",\"forced\":false}]", "\"refs_truncated\":false,\"bytes\":42", NULL};
	struct hgt_copy_ref_row row = {.ref = "refs/heads/main", .state = HGT_COPY_REF_IN_STEP, .id = NEW, .theirs = NEW, .ours = NEW};
	struct mirrors_stats stats;
	struct hgt_error err = {0};
	struct turn_ref *ref;
	struct turn *turn;
	struct rig rig;
	uint64_t n = 0, out_of_step = 0;
	size_t pos = 0;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other");
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_NEW);
	assert_string_equal(turn_of(&rig, "backup", "infra")->url, "ssh://git@far.example/infra.git");
	assert_true(turn_of(&rig, "backup", "infra")->verify);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_UPDATED, NULL), 0);
	nothing_runs(&rig);
	assert_int_equal(rig.daemon.mirrors->clock_ms != INT64_MAX, 1);	/* verify_every */

	rig_publish(&rig, &move);
	turn = turn_of(&rig, "backup", "infra");
	assert_int_equal(fake.n, 1);
	assert_false(turn->verify);
	assert_int_equal(turn->seq, 2);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_BEHIND);
	mirrors_stats(rig.daemon.mirrors, &stats);
	assert_int_equal(stats.running, 1);
	assert_int_equal(stats.by_state[HGT_COPY_IN_STEP], 1);
	assert_int_equal(stats.by_state[HGT_COPY_BEHIND], 1);
	assert_true(stats.oldest_ms > 0);
	ref = turn_ref(turn, &row, &err);
	assert_non_null(ref);
	assert_int_equal(turn_ref_moved(ref, OLD, false, &err), 0);
	turn->bytes = 42;
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_UPDATED, says), 1);
	check_disk(&rig, "backup/infra in-step 0 ;backup/other in-step 0 ;");
	assert_int_equal(hgt_copy_refs_count(rig.daemon.reader, "backup", "infra", &n, &out_of_step, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(mirrors_next(rig.daemon.mirrors, &pos, &stats), "backup");
	assert_int_equal(stats.turns, 3);
	assert_int_equal(stats.bytes, 42);
	assert_int_equal(stats.oldest_ms, 0);
	assert_null(mirrors_next(rig.daemon.mirrors, &pos, &stats));
	assert_int_equal(fake.released, 3);
	stop(&rig);
}

static void nothing_begins_before_the_daemon_is_ready(void **state)
{
	struct mirrors_stats stats;
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra");
	mirrors_free(rig.daemon.mirrors);
	rig.daemon.ready = false;
	load(&rig);
	nothing_runs(&rig);
	mirrors_stats(rig.daemon.mirrors, &stats);
	assert_int_equal(stats.waiting, 1);
	rig.daemon.ready = true;
	mirrors_begin(rig.daemon.mirrors);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	stop(&rig);
}

static void only_its_refs_count(void **state)
{
	const struct rig_move side = {"infra", "refs/heads/side", OLD, NEW, no_paths, false};
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ", refs: [refs/heads/main]"), "infra");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	rig_publish(&rig, &side);
	nothing_runs(&rig);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_IN_STEP);
	rig_publish(&rig, &move);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	stop(&rig);
}

static void what_moves_during_a_turn_has_another(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra");
	turn_of(&rig, "backup", "infra");
	rig_publish(&rig, &move);
	rig_publish(&rig, &move);
	assert_int_equal(fake.begun, 1);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	check_disk(&rig, "backup/infra behind 0 ;");
	assert_int_equal(turn_of(&rig, "backup", "infra")->seq, 3);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	check_disk(&rig, "backup/infra in-step 0 ;");
	assert_int_equal(fake.begun, 2);
	stop(&rig);
}

static void failures_are_tried_again(void **state)
{
	struct copy *copy;
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ", retry_first: 1s, retry_most: 1s"), "infra");
	finish(&rig, "backup", "infra", TURN_FAILED, "nobody answers");
	copy = copy_of(&rig, "backup", "infra");
	assert_int_equal(copy->row.attempts, 1);
	assert_true(copy->row.next_ms > copy->row.tried_ms && copy->row.next_ms <= copy->row.tried_ms + 1000);
	check_disk(&rig, "backup/infra failing 0 nobody answers;");
	assert_true(turn_of(&rig, "backup", "infra")->verify);	/* how the last one ended is not known */
	finish(&rig, "backup", "infra", TURN_FAILED, "nobody answers");
	assert_int_equal(copy->row.attempts, 2);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	assert_int_equal(copy->row.attempts, 0);
	check_disk(&rig, "backup/infra in-step 0 ;");
	fake.refuses = true;
	rig_publish(&rig, &move);
	assert_true(rig_until(&rig, is_over, copy));
	while (copy->row.state != HGT_COPY_FAILING)
		rig_turn(&rig);
	assert_string_equal(copy->row.error, "no git here");
	assert_true(rig_until(&rig, is_over, copy));
	stop(&rig);
}

static void a_move_does_not_shorten_a_wait(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ", retry_first: 1h, retry_most: 2h"), "infra");
	finish(&rig, "backup", "infra", TURN_FAILED, "away");
	rig_publish(&rig, &move);
	copy_of(&rig, "backup", "infra")->due_ms = hgt_time_mono_ms() + 3600000;	/* whatever the dice have said */
	copy_step(copy_of(&rig, "backup", "infra"));
	nothing_runs(&rig);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_FAILING);
	copy_look(copy_of(&rig, "backup", "infra"), true);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_IN_STEP);
	stop(&rig);
}

static void a_stop_is_told_once_a_reason(void **state)
{
	static const char *const says[] = {"backup/infra|infra|", "\"refs\":[{\"ref\":\"refs/heads/main\",\"ours\":\"" NEW "\",\"theirs\":\"" OLD
		"\",\"state\":\"diverged\",\"note\":\"theirs\"}]", "\"reason\":\"it has what we lack\"", NULL};
	struct hgt_copy_ref_row row = {.ref = "refs/heads/main", .state = HGT_COPY_REF_DIVERGED, .id = "", .theirs = OLD, .ours = NEW, .note = "theirs"};
	struct hgt_error err = {0};
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra");
	assert_non_null(turn_ref(turn_of(&rig, "backup", "infra"), &row, &err));
	finish(&rig, "backup", "infra", TURN_STOPPED, "it has what we lack");
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_DIVERGED, says), 1);
	check_disk(&rig, "backup/infra stopped 0 it has what we lack;");
	nothing_runs(&rig);
	rig_publish(&rig, &move);
	finish(&rig, "backup", "infra", TURN_STOPPED, "it has what we lack");
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_DIVERGED, NULL), 1);
	rig_publish(&rig, &move);
	finish(&rig, "backup", "infra", TURN_STOPPED, "another reason");
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_DIVERGED, NULL), 2);
	stop(&rig);
}

static bool is_alerted(void *copy)
{
	return ((struct copy *)copy)->row.alerted && !((struct copy *)copy)->writing;
}

static void who_is_late_is_told_once_and_when_it_is_over(void **state)
{
	static const char *const late[] = {"backup/infra|infra|", "\"since\":\"20", "\"error\":\"away\"", NULL};
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ", alert_after: 1s, retry_first: 1h, retry_most: 1h"), "infra");
	finish(&rig, "backup", "infra", TURN_FAILED, "away");
	assert_true(rig_until(&rig, is_alerted, copy_of(&rig, "backup", "infra")));
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_LATE, late), 1);
	copy_look(copy_of(&rig, "backup", "infra"), true);
	finish(&rig, "backup", "infra", TURN_FAILED, "away");
	kill_and_start(&rig);
	nothing_runs(&rig);
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_LATE, NULL), 1);
	copy_look(copy_of(&rig, "backup", "infra"), true);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_CAUGHT_UP, NULL), 1);
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_LATE, NULL), 1);
	stop(&rig);
}

static void act(struct rig *rig, const char *repo, enum mirror_action action)
{
	struct request *request = calloc(1, sizeof(*request));

	assert_non_null(request);
	request->daemon = &rig->daemon;	/* its client has gone: what is answered is only freed */
	mirrors_act(rig->daemon.mirrors, request, "backup", repo, action, "alice");
	rig_settle(rig);
}

/* Restarts. */

static void what_was_in_step_stays_so(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	rig_publish(&rig, &move);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	kill_and_start(&rig);
	nothing_runs(&rig);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_IN_STEP);
	stop(&rig);
}

/* Whatever a kill meets: a move that is journaled and has no turn yet, one that has, and one that came during it. */
static void no_move_is_forgotten_over_a_kill(void **state)
{
	const struct rig_move other = {"other", "refs/heads/main", OLD, NEW, no_paths, false};
	struct rig rig;
	uint64_t at;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other third");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	finish(&rig, "backup", "third", TURN_DONE, NULL);

	rig_publish(&rig, &move);
	kill_and_start(&rig);
	assert_true(turn_of(&rig, "backup", "infra")->verify);
	rig_publish(&rig, &other);
	kill_and_start(&rig);
	turn_of(&rig, "backup", "infra");
	turn_of(&rig, "backup", "other");
	assert_int_equal(fake.n, 2);

	/* One that is done says nothing of one that is not. */
	at = settled(&rig);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	assert_true(settled(&rig) >= at && settled(&rig) < hub_head(rig.daemon.hub));
	kill_and_start(&rig);
	turn_of(&rig, "backup", "infra");
	assert_int_equal(fake.n, 1);

	/* What comes between the end of a turn and its being on disk. */
	turn_of(&rig, "backup", "infra")->verified = true;
	turn_ended(turn_of(&rig, "backup", "infra"), TURN_DONE, NULL);
	rig_publish(&rig, &move);
	kill_and_start(&rig);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	assert_true(settled(&rig) == hub_head(rig.daemon.hub));
	kill_and_start(&rig);
	nothing_runs(&rig);
	stop(&rig);
}

static void what_is_behind_on_disk_holds_nobody_up(void **state)
{
	const struct rig_move other = {"other", "refs/heads/main", OLD, NEW, no_paths, false};
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ", retry_first: 1h, retry_most: 1h"), "infra other");
	finish(&rig, "backup", "infra", TURN_FAILED, "away");
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	rig_publish(&rig, &move);
	rig_publish(&rig, &other);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	assert_true(settled(&rig) == hub_head(rig.daemon.hub));
	kill_and_start(&rig);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_FAILING);
	stop(&rig);
}

/*
 * Chance: moves, turns that end in all ways before and after what they have come to is on disk, pauses, kills. What has moved behind the last
 * turn that was done with it is never taken to be in step, and in the end all is.
 */

enum { REPOS = 5, STEPS = 150 };

struct chance {
	struct rig rig;
	uint64_t seed;
	uint64_t moved[REPOS];	/* the last move that is on disk */
	size_t pending;
};

struct blow {
	struct chance *chance;
	size_t repo;
	char name[24];
	uint64_t seq;
};

static unsigned roll(struct chance *c, unsigned most)
{
	c->seed = c->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(c->seed >> 33) % most;
}

static int run_blow(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct blow *blow = job;
	const struct hgt_journal_entry entry = {.type = HGT_EVENT_REF_UPDATED, .subject = "s", .repo = blow->name, .ref = "refs/heads/main",
		.data = "{}", .data_len = 2};

	(void)journal;
	return store_append(batch, &entry, &blow->seq, err);
}

static void blow_done(void *job, int code, const struct hgt_error *err)
{
	struct blow *blow = job;

	(void)err;
	assert_int_equal(code, 0);
	blow->chance->moved[blow->repo] = blow->seq;
	blow->chance->pending--;
	free(blow);
}

/* One more move, which is not waited for. */
static void blow(struct chance *c, unsigned repo)
{
	struct blow *blow = calloc(1, sizeof(*blow));
	struct hgt_error err = {0};

	assert_non_null(blow);
	blow->chance = c;
	blow->repo = repo;
	snprintf(blow->name, sizeof(blow->name), "r%zu", blow->repo);
	c->pending++;
	assert_int_equal(store_submit(c->rig.daemon.store, run_blow, blow_done, blow, &err), 0);
}

static void end_some_turn(struct chance *c)
{
	struct hgt_error err = {0};
	enum turn_end end;
	struct turn *turn;

	if (!fake.n)
		return;
	turn = fake.turns[roll(c, (unsigned)fake.n)];
	end = turn->stopping ? TURN_BROKEN_OFF : roll(c, 3) ? TURN_DONE : roll(c, 2) ? TURN_FAILED : TURN_STOPPED;
	turn->verified = true;
	hgt_error_set(&err, HGT_EIO, "chance has it");
	turn_ended(turn, end, &err);
}

static void pause_some(struct chance *c)
{
	struct copy *copy;
	char name[24];

	snprintf(name, sizeof(name), "r%u", roll(c, REPOS));
	copy = copy_of(&c->rig, "backup", name);
	act(&c->rig, name, copy->row.paused ? MIRROR_RESUME : MIRROR_PAUSE);
}

static void check_start_of(struct chance *c, const char *name, uint64_t moved)
{
	const struct copy *copy = copy_of(&c->rig, "backup", name);

	if (copy->row.state == HGT_COPY_IN_STEP && copy->row.seq < moved)
		fail_msg("%s has moved at %u and is in step at %u", name, (unsigned)moved, (unsigned)copy->row.seq);
	assert_true(copy->row.state == HGT_COPY_IN_STEP || copy->wanted);
}

/* After a start: what has moved since it was last dealt with is not taken to be in step. */
static void check_start(struct chance *c)
{
	for (size_t i = 0; i < REPOS; i++)
		check_start_of(c, (const char[]){'r', (char)('0' + i), '\0'}, c->moved[i]);
}

/* A move that is told before the loop hears that what the turn has come to is on disk. */
static void what_moves_as_a_turn_is_written_is_not_forgotten(void **state)
{
	struct chance c = {.seed = 1};
	struct hgt_error err = {0};
	uint64_t head, before;

	(void)state;
	start(&c.rig, PUSH("backup", ""), "r0 other");
	finish(&c.rig, "backup", "r0", TURN_DONE, NULL);
	finish(&c.rig, "backup", "other", TURN_DONE, NULL);
	rig_publish(&c.rig, &(struct rig_move){"r0", "refs/heads/main", OLD, NEW, no_paths, false});
	turn_of(&c.rig, "backup", "r0")->verified = true;
	assert_int_equal(hgt_journal_head(c.rig.daemon.reader, &before, &err), 0);
	turn_ended(fake.turns[0], TURN_DONE, NULL);
	blow(&c, 0);
	for (head = before; head == before;)
		assert_int_equal(hgt_journal_head(c.rig.daemon.reader, &head, &err), 0);
	rig_settle(&c.rig);
	rig_publish(&c.rig, &(struct rig_move){"other", "refs/heads/main", OLD, NEW, no_paths, false});
	finish(&c.rig, "backup", "other", TURN_DONE, NULL);
	assert_true(settled(&c.rig) <= before);
	kill_and_start(&c.rig);
	check_start_of(&c, "r0", c.moved[0]);
	turn_of(&c.rig, "backup", "r0");
	stop(&c.rig);
}

static bool all_in_step(void *ctx)
{
	struct rig *rig = ctx;

	while (fake.n) {
		fake.turns[0]->verified = true;
		turn_ended(fake.turns[0], TURN_DONE, NULL);
	}
	for (size_t i = 0; i < REPOS; i++) {
		const struct copy *copy = rig->daemon.mirrors->list.tqh_first->copies[i];

		if (copy->row.state != HGT_COPY_IN_STEP || copy->ending || copy->writing)
			return false;
	}
	return true;
}

static void play(uint64_t seed)
{
	struct chance c = {.seed = seed};

	start(&c.rig, PUSH("backup", ", retry_first: 1s, retry_most: 1s"), "r0 r1 r2 r3 r4");
	for (int i = 0; i < STEPS; i++) {
		switch (roll(&c, 12)) {
		case 0: case 1: case 2: case 3:
			blow(&c, roll(&c, REPOS));
			break;
		case 4: case 5: case 6: case 7:
			end_some_turn(&c);
			break;
		case 8: case 9:
			rig_turn(&c.rig);
			break;
		case 10:
			pause_some(&c);
			break;
		default:
			if (roll(&c, 3))
				break;
			kill_and_start(&c.rig);
			check_start(&c);
		}
	}
	for (size_t i = 0; i < REPOS; i++)
		copy_of(&c.rig, "backup", (const char[]){'r', (char)('0' + i), '\0'})->row.paused = false;
	for (size_t i = 0; i < REPOS; i++)
		copy_look(copy_of(&c.rig, "backup", (const char[]){'r', (char)('0' + i), '\0'}), true);
	assert_true(rig_until(&c.rig, all_in_step, &c.rig));
	rig_settle(&c.rig);
	assert_int_equal(c.pending, 0);
	for (size_t i = 0; i < REPOS; i++)
		assert_true(copy_of(&c.rig, "backup", (const char[]){'r', (char)('0' + i), '\0'})->row.seq >= c.moved[i]);
	assert_true(TAILQ_EMPTY(&c.rig.daemon.mirrors->unsettled));
	stop(&c.rig);
}

static void chance_loses_no_move(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++)
		play(seed);
}

/* Where many events go by that are nobody's, a start need not look through them. */
static void settles_without_turns(void **state)
{
	const struct rig_move other = {"other", "refs/heads/main", OLD, NEW, no_paths, false};
	struct rig rig;
	uint64_t at;

	(void)state;
	start(&rig, PUSH("backup", ", retry_first: 1h, retry_most: 1h"), "infra other");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	rig_publish(&rig, &other);	/* its turn does not end */
	at = settled(&rig);
	rig_publish_many(&rig, 4500, "x", 1);
	assert_true(settled(&rig) > at + 4000);
	check_disk(&rig, "backup/infra in-step 0 ;backup/other behind 0 ;");
	kill_and_start(&rig);
	turn_of(&rig, "backup", "other");
	stop(&rig);
}

static void run_sql(struct rig *rig, const char *sql)
{
	struct hgt_buf script = HGT_BUF_INIT;

	hgt_buf_addf(&script, "python3 -c \"import sqlite3; c = sqlite3.connect('state/journal.db'); c.execute('''%s'''); c.commit()\"", sql);
	free(rig_sh(rig, script.data));
	hgt_buf_release(&script);
}

static void where_the_journal_does_not_go_back_all_are_asked(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	rig_publish(&rig, &move);
	rig_publish(&rig, &move);
	rig_publish(&rig, &move);
	rig_settle(&rig);
	run_sql(&rig, "DELETE FROM events WHERE seq < 4");
	kill_and_start(&rig);
	assert_true(turn_of(&rig, "backup", "infra")->verify);
	assert_true(turn_of(&rig, "backup", "other")->verify);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	kill_and_start(&rig);
	nothing_runs(&rig);
	stop(&rig);
}

static void a_journal_that_cannot_be_written_forgets_nothing(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ", retry_first: 1s, retry_most: 1s"), "infra");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	rig_publish(&rig, &move);
	turn_of(&rig, "backup", "infra");
	run_sql(&rig, "CREATE TRIGGER full BEFORE INSERT ON mirror_copies BEGIN SELECT RAISE(ABORT, 'full'); END");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_FAILING);
	assert_true(turn_of(&rig, "backup", "infra")->verify);
	assert_true(settled(&rig) < hub_head(rig.daemon.hub));
	run_sql(&rig, "DROP TRIGGER full");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	check_disk(&rig, "backup/infra in-step 0 ;");
	assert_true(settled(&rig) == hub_head(rig.daemon.hub));
	stop(&rig);
}

/* Pull. */

static void pull_looks_by_the_clock_and_when_told(void **state)
{
	struct copy *copy;
	struct rig rig;

	(void)state;
	start(&rig, PULL("up", ", repos: [infra, new], every: 1s"), "infra");
	assert_null(turn_of(&rig, "up", "new")->path);
	assert_non_null(turn_of(&rig, "up", "infra")->path);
	finish(&rig, "up", "new", TURN_FAILED, "there is no repository");
	finish(&rig, "up", "infra", TURN_DONE, NULL);
	copy = copy_of(&rig, "up", "infra");
	assert_true(copy->look_ms > 0);
	finish(&rig, "up", "infra", TURN_DONE, NULL);
	assert_int_equal(copy->row.state, HGT_COPY_IN_STEP);
	rig_publish(&rig, &move);	/* of ours: none of its business */
	assert_int_equal(copy->row.state, HGT_COPY_IN_STEP);
	mirrors_upstream_moved(rig.daemon.mirrors, "up", "infra");
	assert_int_equal(copy->row.state, HGT_COPY_BEHIND);
	finish(&rig, "up", "infra", TURN_DONE, NULL);
	mirrors_upstream_moved(rig.daemon.mirrors, "up", "nothing");
	mirrors_upstream_moved(rig.daemon.mirrors, "nobody", "infra");
	stop(&rig);
}

/* With every: 0s nothing is due once they have been looked at. */
static void idle_has_no_timer(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, PULL("up", ", every: 0s, verify_every: 0s") ", " PUSH("backup", ", verify_every: 0s"), "infra");
	finish(&rig, "up", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	nothing_runs(&rig);
	assert_true(rig.daemon.mirrors->clock_ms == INT64_MAX);
	assert_false(evtimer_pending(rig.daemon.mirrors->clock, NULL) || evtimer_pending(rig.daemon.mirrors->pump, NULL));
	stop(&rig);
}

/* Pause. */

static void a_pause_survives(void **state)
{
	static const char *const says[] = {"backup/infra|infra|", "\"repo\":\"infra\",\"action\":\"pause\",\"actor\":\"alice\"", NULL};
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other");
	turn_of(&rig, "backup", "infra");
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	act(&rig, "infra", MIRROR_PAUSE);
	assert_int_equal(fake.stopped, 1);
	finish(&rig, "backup", "infra", TURN_BROKEN_OFF, NULL);
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_ACTED, says), 1);
	check_disk(&rig, "backup/infra new 1 ;backup/other in-step 0 ;");
	rig_publish(&rig, &move);
	nothing_runs(&rig);
	kill_and_start(&rig);
	nothing_runs(&rig);
	assert_true(copy_is_paused(copy_of(&rig, "backup", "infra")));
	act(&rig, "infra", MIRROR_SYNC);
	nothing_runs(&rig);
	act(&rig, "infra", MIRROR_RESUME);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_ACTED, NULL), 2);

	/* What moves while it is paused is on disk, and holds nobody up. */
	act(&rig, "infra", MIRROR_PAUSE);
	rig_publish(&rig, &move);
	check_disk(&rig, "backup/infra behind 1 ;backup/other in-step 0 ;");
	kill_and_start(&rig);
	act(&rig, "infra", MIRROR_RESUME);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	stop(&rig);
}

static void a_whole_mirror_pauses(void **state)
{
	static const char *const says[] = {"backup||", "\"repo\":null,\"action\":\"pause\"", NULL};
	struct mirrors_stats stats;
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	act(&rig, NULL, MIRROR_PAUSE);
	assert_int_equal(events(&rig, HGT_EVENT_MIRROR_ACTED, says), 1);
	free(rig_sh(&rig, "cd git; git init -q --bare later.git"));
	kill_and_start(&rig);
	nothing_runs(&rig);
	mirrors_stats(rig.daemon.mirrors, &stats);
	assert_int_equal(stats.paused, 3);
	act(&rig, "later", MIRROR_RESUME);	/* refused: all of it is */
	nothing_runs(&rig);
	act(&rig, NULL, MIRROR_RESUME);
	finish(&rig, "backup", "later", TURN_DONE, NULL);
	mirrors_stats(rig.daemon.mirrors, &stats);
	assert_int_equal(stats.paused, 0);
	kill_and_start(&rig);
	nothing_runs(&rig);
	stop(&rig);
}

static void accept_holds_until_it_is_decided(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ", retry_first: 1s, retry_most: 1s"), "infra");
	finish(&rig, "backup", "infra", TURN_STOPPED, "diverged");
	act(&rig, "infra", MIRROR_ACCEPT);
	assert_true(turn_of(&rig, "backup", "infra")->accept);
	finish(&rig, "backup", "infra", TURN_FAILED, "away");
	assert_true(turn_of(&rig, "backup", "infra")->accept);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	rig_publish(&rig, &move);
	assert_false(turn_of(&rig, "backup", "infra")->accept);
	stop(&rig);
}

/* Reload. */

static void another_place_is_asked_anew(void **state)
{
	struct hgt_copy_ref_row row = {.ref = "refs/heads/main", .state = HGT_COPY_REF_IN_STEP, .id = NEW, .theirs = NEW, .ours = NEW};
	struct hgt_error err = {0};
	struct hgt_config *config;
	uint64_t n = 7, out_of_step;
	struct rig rig;
	struct turn *old;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra");
	assert_non_null(turn_ref(turn_of(&rig, "backup", "infra"), &row, &err));
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	rig_publish(&rig, &move);
	old = turn_of(&rig, "backup", "infra");
	assert_non_null(turn_ref(old, &row, &err));
	config = reload_to(&rig, "{name: backup, direction: push, url: 'ssh://git@other.example/{repo}.git'}");
	assert_int_equal(fake.stopped, 1);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_NEW);
	rig_settle(&rig);
	assert_null(copy_of(&rig, "backup", "infra")->turn);	/* not beside the other */
	turn_ended(old, TURN_DONE, NULL);
	assert_string_equal(turn_of(&rig, "backup", "infra")->url, "ssh://git@other.example/infra.git");
	assert_int_equal(hgt_copy_refs_count(rig.daemon.reader, "backup", "infra", &n, &out_of_step, &err), 0);
	assert_int_equal(n, 0);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	check_disk(&rig, "backup/infra in-step 0 ;");
	stop_with(&rig, config);
}

/* The same when the config was changed while the daemon was away. */
static void another_place_at_a_start_as_well(void **state)
{
	struct hgt_config *config, *first;
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	act(&rig, "other", MIRROR_PAUSE);
	config = config_of(&rig, "{name: backup, direction: push, url: 'ssh://git@other.example/{repo}.git'}");
	first = rig.config;
	rig_settle(&rig);
	mirrors_free(rig.daemon.mirrors);
	rig.daemon.config = config;
	load(&rig);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_NEW);
	assert_true(copy_is_paused(copy_of(&rig, "backup", "other")));
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	rig_settle(&rig);
	mirrors_free(rig.daemon.mirrors);
	rig.daemon.mirrors = NULL;
	rig.daemon.config = first;
	hgt_config_free(config);
	rig_stop(&rig);
}

static void mirrors_come_and_go(void **state)
{
	struct hgt_config *both, *none;
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	both = reload_to(&rig, PUSH("backup", ", repos: [infra]") ", " PUSH("second", ""));
	assert_null(copy_of(&rig, "backup", "other"));
	turn_of(&rig, "second", "infra");
	turn_of(&rig, "second", "other");
	assert_int_equal(fake.n, 2);
	none = reload_to(&rig, PUSH("backup", ", repos: [infra]"));
	hgt_config_free(both);
	assert_false(mirrors_has(rig.daemon.mirrors, "second"));
	assert_int_equal(fake.stopped, 2);
	turn_ended(fake.turns[0], TURN_DONE, NULL);
	turn_ended(fake.turns[0], TURN_BROKEN_OFF, NULL);
	assert_int_equal(fake.n, 0);
	/* What is known of a repository that is left out stays: it may come back. */
	check_disk(&rig, "backup/infra in-step 0 ;backup/other in-step 0 ;");
	stop_with(&rig, none);
}

/* Another part has refused the config: this one gets the old one back, and nothing was forgotten. */
static void a_config_is_put_back(void **state)
{
	struct hgt_config *none, *other;
	struct hgt_error err = {0};
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_STOPPED, "diverged");
	act(&rig, "infra", MIRROR_PAUSE);
	act(&rig, "other", MIRROR_SYNC);
	turn_of(&rig, "backup", "other");
	none = reload_to(&rig, "");
	assert_int_equal(mirrors_reload(rig.daemon.mirrors, rig.config, &err), 0);
	hgt_config_free(none);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_BEHIND);
	assert_true(copy_is_paused(copy_of(&rig, "backup", "infra")) && copy_of(&rig, "backup", "infra")->row.ok_ms > 0);
	assert_int_equal(state_of(&rig, "backup", "other"), HGT_COPY_STOPPED);
	/* Not beside the turn that still ends. */
	rig_settle(&rig);
	assert_int_equal(fake.n, 1);
	turn_ended(fake.turns[0], TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_STOPPED, "diverged");
	check_disk(&rig, "backup/infra behind 1 ;backup/other stopped 0 diverged;");
	act(&rig, "infra", MIRROR_RESUME);
	assert_true(turn_of(&rig, "backup", "infra")->verify);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);

	other = reload_to(&rig, "{name: backup, direction: push, url: '/other/{repo}'}");
	assert_int_equal(mirrors_reload(rig.daemon.mirrors, rig.config, &err), 0);
	hgt_config_free(other);
	assert_true(turn_of(&rig, "backup", "infra")->verify);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	check_disk(&rig, "backup/infra in-step 0 ;backup/other in-step 0 ;");
	kill_and_start(&rig);
	nothing_runs(&rig);
	stop(&rig);
}

static void what_stood_in_the_way_may_be_gone(void **state)
{
	struct hgt_config *config;
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ", retry_first: 1h, retry_most: 1h"), "infra other");
	finish(&rig, "backup", "infra", TURN_FAILED, "the key is refused");
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	config = reload_to(&rig, PUSH("backup", ", retry_first: 1h, retry_most: 1h, timeout: 5s"));
	assert_int_equal(turn_of(&rig, "backup", "infra")->mirror->timeout, 5);
	assert_int_equal(fake.n, 1);
	stop_with(&rig, config);
}

/* Whichever allocation fails, it is taken whole or nothing has changed, and what follows is well. */
static void reloads_without_memory(void **state)
{
	static const char *const texts[] = {PUSH("backup", "") ", " PUSH("second", ""), "{name: backup, direction: push, url: '/other/{repo}'}"};
	struct hgt_config *in_force = NULL;
	struct hgt_error err = {0};
	unsigned failed = 0;
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other");
	for (long n = 1; n < 120; n++) {
		struct hgt_config *next = config_of(&rig, texts[n % 2]);
		size_t before = 0, pos = 0;
		struct mirrors_stats stats;
		int code;

		while (mirrors_next(rig.daemon.mirrors, &pos, &stats))
			before++;
		fail_alloc_at(n);
		code = mirrors_reload(rig.daemon.mirrors, next, &err);
		fail_alloc_off();
		pos = 0;
		while (code < 0 && mirrors_next(rig.daemon.mirrors, &pos, &stats))
			before--;
		if (code < 0) {
			assert_int_equal(code, HGT_ENOMEM);
			assert_int_equal(before, 0);
			failed++;
			hgt_config_free(next);
			continue;
		}
		hgt_config_free(in_force);
		in_force = next;
		while (fake.n)
			turn_ended(fake.turns[0], TURN_BROKEN_OFF, NULL);
		rig_settle(&rig);
	}
	assert_true(failed > 5);
	stop_with(&rig, in_force);
}

static void turns_without_memory(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ", retry_first: 1s, retry_most: 1s"), "infra");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	for (long n = 1; n < 40; n++) {
		struct copy *copy = copy_of(&rig, "backup", "infra");

		copy_want(copy);
		copy->due_ms = 0;
		copy_step(copy);
		fail_alloc_at(n);
		rig_turn(&rig);
		if (fake.n) {
			struct turn *turn = fake.turns[0];

			turn->verified = true;
			turn_ended(turn, TURN_DONE, NULL);
		}
		fail_alloc_off();
		rig_settle(&rig);
		assert_true(copy->row.state == HGT_COPY_IN_STEP || copy->wanted || copy->turn);
		while (fake.n)
			turn_ended(fake.turns[0], TURN_BROKEN_OFF, NULL);
		rig_settle(&rig);
	}
	copy_look(copy_of(&rig, "backup", "infra"), true);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	assert_int_equal(state_of(&rig, "backup", "infra"), HGT_COPY_IN_STEP);
	stop(&rig);
}

/* Repositories. */

static void repositories_come_and_go(void **state)
{
	struct repo infra = {.name = "infra", .path = "/nowhere/infra.git"}, later = {.name = "later", .path = "/nowhere/later.git"};
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", "") ", " PULL("up", ", repos: [later], every: 1h, retry_first: 1h, retry_most: 1h"), "infra");
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	finish(&rig, "up", "later", TURN_FAILED, "there is no repository");
	rig_publish(&rig, &move);
	turn_of(&rig, "backup", "infra");
	mirrors_repo_gone(rig.daemon.mirrors, &infra);
	assert_null(copy_of(&rig, "backup", "infra"));
	assert_int_equal(fake.stopped, 1);
	rig_publish(&rig, &move);
	turn_ended(fake.turns[0], TURN_BROKEN_OFF, NULL);
	check_disk(&rig, "backup/infra behind 0 ;up/later failing 0 there is no repository;");
	mirrors_repo_added(rig.daemon.mirrors, &infra);
	assert_true(turn_of(&rig, "backup", "infra")->verify);
	finish(&rig, "backup", "infra", TURN_DONE, NULL);
	check_disk(&rig, "backup/infra in-step 0 ;up/later failing 0 there is no repository;");
	mirrors_repo_added(rig.daemon.mirrors, &later);
	finish(&rig, "backup", "later", TURN_DONE, NULL);
	finish(&rig, "up", "later", TURN_DONE, NULL);
	mirrors_repo_gone(rig.daemon.mirrors, &later);
	assert_null(copy_of(&rig, "backup", "later"));
	assert_non_null(copy_of(&rig, "up", "later"));	/* it is named */
	stop(&rig);
}

/* Limits, the end, and how it looks. */

static void only_so_many_at_once(void **state)
{
	struct mirrors_stats stats;
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", "") ", {name: near, direction: push, url: '/mnt/{repo}'}", "a b c d e f g h i j k l");
	turn_of(&rig, "backup", "a");
	turn_of(&rig, "near", "a");
	assert_int_equal(fake.n, 8);
	mirrors_stats(rig.daemon.mirrors, &stats);
	assert_int_equal(stats.copies, 24);
	assert_int_equal(stats.running, 8);
	assert_int_equal(stats.waiting, 16);
	for (size_t i = 0, far = 0; i < 8; i++) {
		far += !strcmp(fake.turns[i]->copy->mirror->name, "backup");
		assert_true(far <= 4 || i < 7);
		assert_int_equal(i < 7 ? 4 : far, 4);
	}
	while (fake.n)
		finish(&rig, fake.turns[0]->copy->mirror->name, fake.turns[0]->copy->repo, TURN_DONE, NULL);
	nothing_runs(&rig);
	assert_int_equal(fake.begun, 24);
	stop(&rig);
}

static void drains(void **state)
{
	struct rig rig;

	(void)state;
	start(&rig, PUSH("backup", ""), "infra other");
	finish(&rig, "backup", "other", TURN_DONE, NULL);
	turn_of(&rig, "backup", "infra");
	assert_int_equal(mirrors_drain(rig.daemon.mirrors), 0);
	assert_int_equal(fake.stopped, 1);
	assert_int_equal(mirrors_drain(rig.daemon.mirrors), 0);
	assert_int_equal(fake.stopped, 1);
	finish(&rig, "backup", "infra", TURN_BROKEN_OFF, NULL);
	assert_int_equal(mirrors_drain(rig.daemon.mirrors), 1);
	nothing_runs(&rig);
	kill_and_start(&rig);
	turn_of(&rig, "backup", "infra");
	assert_int_equal(fake.n, 1);
	stop(&rig);
}

static int take_view(void *ctx, const struct copy_view *view)
{
	struct hgt_buf *out = ctx;

	hgt_buf_addf(out, "%s/%s %s %d %d %s %u;", view->mirror, view->repo, view->url, view->running, view->waiting, view->phase, view->percent);
	return out->len > 150;
}

static void walks(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct rig rig;

	(void)state;
	start(&rig, "{name: z, direction: push, url: '/z/{repo}'}, {name: a, direction: push, url: '/a/{repo}', repos: ['y']}", "x y");
	turn_of(&rig, "z", "y")->phase = "sending";
	turn_of(&rig, "z", "y")->percent = 7;
	mirrors_walk(rig.daemon.mirrors, NULL, "", "", take_view, &out);
	assert_string_equal(out.data, "a/y /a/y 1 0  0;z/x /z/x 1 0  0;z/y /z/y 1 0 sending 7;");
	hgt_buf_reset(&out);
	mirrors_walk(rig.daemon.mirrors, NULL, "a", "y", take_view, &out);
	assert_string_equal(out.data, "z/x /z/x 1 0  0;z/y /z/y 1 0 sending 7;");
	hgt_buf_reset(&out);
	mirrors_walk(rig.daemon.mirrors, "z", "z", "x", take_view, &out);
	assert_string_equal(out.data, "z/y /z/y 1 0 sending 7;");
	hgt_buf_release(&out);
	stop(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_move_is_followed), cmocka_unit_test(nothing_begins_before_the_daemon_is_ready),
		cmocka_unit_test(only_its_refs_count), cmocka_unit_test(what_moves_during_a_turn_has_another),
		cmocka_unit_test(failures_are_tried_again), cmocka_unit_test(a_move_does_not_shorten_a_wait),
		cmocka_unit_test(a_stop_is_told_once_a_reason), cmocka_unit_test(who_is_late_is_told_once_and_when_it_is_over),
		cmocka_unit_test(what_was_in_step_stays_so), cmocka_unit_test(no_move_is_forgotten_over_a_kill),
		cmocka_unit_test(what_is_behind_on_disk_holds_nobody_up), cmocka_unit_test(settles_without_turns),
		cmocka_unit_test(what_moves_as_a_turn_is_written_is_not_forgotten), cmocka_unit_test(chance_loses_no_move),
		cmocka_unit_test(where_the_journal_does_not_go_back_all_are_asked), cmocka_unit_test(a_journal_that_cannot_be_written_forgets_nothing),
		cmocka_unit_test(pull_looks_by_the_clock_and_when_told), cmocka_unit_test(idle_has_no_timer), cmocka_unit_test(a_pause_survives),
		cmocka_unit_test(a_whole_mirror_pauses), cmocka_unit_test(accept_holds_until_it_is_decided),
		cmocka_unit_test(another_place_is_asked_anew), cmocka_unit_test(another_place_at_a_start_as_well),
		cmocka_unit_test(mirrors_come_and_go), cmocka_unit_test(a_config_is_put_back), cmocka_unit_test(what_stood_in_the_way_may_be_gone),
		cmocka_unit_test(reloads_without_memory), cmocka_unit_test(turns_without_memory),
		cmocka_unit_test(repositories_come_and_go), cmocka_unit_test(only_so_many_at_once), cmocka_unit_test(drains), cmocka_unit_test(walks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
