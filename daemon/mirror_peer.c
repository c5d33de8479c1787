/* Which of two peers leads: on disk, at the hooks' door, told to the other. */
#include <event2/event.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/fields.h"
#include "daemon/mirror_link.h"
#include "daemon/mirror_survey.h"
#include "daemon/mirrors.h"
#include "daemon/request.h"
#include "daemon/store.h"
#include "headgate/protocol.h"
#include "journal/mirrors.h"
#include "webhook/backoff.h"

enum {
	HELLO_FIRST_MS = 500, HELLO_MOST_MS = 15000,
	PATIENCE_MS = 60000,	/* that a leader is closed without a word from who asked */
	BUSY_MS = 200,		/* until pushes under way are looked for again */
	NAME_MAX_BYTES = 256,
};

/* What any reader of JSON has as it is; it leaves room to count on. */
#define NUMBER_MAX ((int64_t)1 << 53)

/* As JSON. */

void peer_write(const struct hgt_peer *peer, struct hgt_json *json)
{
	hgt_json_key_string(json, "role", hgt_peer_role_name(peer->role));
	hgt_json_key_string(json, "phase", hgt_peer_phase_name(peer->phase));
	hgt_json_key_uint(json, "term", peer->term);
	hgt_json_key_uint(json, "attempt", peer->attempt);
	hgt_json_key_uint(json, "ceded", peer->ceded);
}

int peer_read(const struct hgt_node *node, struct hgt_peer *out, struct hgt_error *err)
{
	const int role = hgt_peer_role_parse(hgt_node_get_string(node, "role"));
	const int phase = hgt_peer_phase_parse(hgt_node_get_string(node, "phase"));
	int64_t term = 0, attempt = 0, ceded = 0;
	bool there;
	int code;

	if (!node || node->type != HGT_NODE_MAP || role < 0 || phase < 0)
		return hgt_error_set(err, HGT_EPARSE, "\"peer\" is to say a role and a phase");
	if ((code = field_int(node, "term", 1, &there, &term, err)) < 0 || (code = field_int(node, "attempt", 0, &there, &attempt, err)) < 0 ||
	    (code = field_int(node, "ceded", 0, &there, &ceded, err)) < 0)
		return code;
	*out = (struct hgt_peer){.role = (enum hgt_peer_role)role, .phase = (enum hgt_peer_phase)phase, .term = (uint64_t)term,
		.attempt = (uint64_t)attempt, .ceded = (uint64_t)ceded, .heard = (uint64_t)term};
	if (!hgt_peer_is_sound(out) || term > NUMBER_MAX || attempt > NUMBER_MAX || ceded > NUMBER_MAX)
		return hgt_error_set(err, HGT_EPARSE, "\"peer\" says what cannot be");
	return 0;
}

/* On disk, and what follows. */

static enum hgt_door door_of(const struct hgt_peer *peer)
{
	if (peer->role == HGT_PEER_FOLLOWER)
		return HGT_DOOR_FOLLOWS;
	return peer->phase == HGT_PEER_OPEN ? HGT_DOOR_OPEN : peer->phase == HGT_PEER_CLOSED ? HGT_DOOR_CLOSING : HGT_DOOR_DISPUTED;
}

struct commit {
	struct link *link;	/* a reference */
	struct peer_change change;
	struct hgt_peer_row row;
	char *actor, *server;
	bool changes_role;
	peer_done_cb done;
	void *ctx;
};

static void commit_free(struct commit *commit)
{
	free(commit->actor);
	free(commit->server);
	free(commit);
}

static int tell_role(struct store_batch *batch, const struct commit *commit, struct hgt_error *err)
{
	const struct hgt_peer *peer = &commit->row.peer;
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&data);
	int code;

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "mirror", commit->link->name);
	hgt_json_key_string(&json, "role", hgt_peer_role_name(peer->role));
	hgt_json_key_uint(&json, "term", peer->term);
	hgt_json_key_bool(&json, "forced", commit->change.forced);
	hgt_json_key_string(&json, "actor", commit->actor);
	hgt_json_key_string(&json, "server", commit->server);
	hgt_json_end_object(&json);
	code = hgt_buf_check(&data, err);
	if (code == 0)
		code = store_append(batch, &(struct hgt_journal_entry){.type = HGT_EVENT_MIRROR_PROMOTED, .subject = commit->link->name, .repo = "",
			.ref = "", .data = data.data, .data_len = data.len}, NULL, err);
	hgt_buf_release(&data);
	return code;
}

/* What both have at the moment in which one cedes: from there on it follows. */
static int put_tips(struct hgt_journal *journal, const struct commit *commit, struct hgt_error *err)
{
	const struct survey *survey = commit->change.tips;
	int code = 0;

	for (size_t i = 0; survey && i < survey->n && code == 0; i++)
		for (const struct survey_ref *tip = survey->places[i].tips; tip && code == 0; tip = tip->next)
			code = hgt_copy_ref_put(journal, &(struct hgt_copy_ref_row){.mirror = commit->link->name, .repo = survey->places[i].repo,
				.ref = tip->ref, .state = HGT_COPY_REF_IN_STEP, .id = tip->id, .theirs = tip->id, .ours = tip->id, .note = ""}, err);
	return code;
}

/* The door is shut before the journal says so: should it then say nothing, the door is opened again. */
static int run_commit(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct commit *commit = job;
	const enum hgt_door door = door_of(&commit->row.peer);
	int code = 0;

	if (door != HGT_DOOR_OPEN)
		code = hgt_door_set(commit->link->config->state, commit->link->name, door, err);
	if (code == 0)
		code = hgt_peer_put(journal, commit->link->name, &commit->row, err);
	if (code == 0)
		code = put_tips(journal, commit, err);
	if (code == 0 && commit->changes_role)
		code = tell_role(batch, commit, err);
	return code;
}

/* A door as the journal has it by now. */
struct door_job {
	struct link *link;
	enum hgt_door door;
};

static int run_door(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct door_job *door = job;

	(void)journal, (void)batch;
	return hgt_door_set(door->link->config->state, door->link->name, door->door, err);
}

static void door_set(void *job, int code, const struct hgt_error *err)
{
	struct door_job *door = job;

	if (code < 0)
		hgt_log(HGT_LOG_ERROR, "mirrors", "cannot tell the hooks that they may let pushes in; they refuse all until a restart",
			HGT_S("mirror", door->link->name), HGT_S("error", err->message));
	link_end_job(door->link);
	free(door);
}

static void open_door(struct link *link)
{
	struct door_job *door = calloc(1, sizeof(*door));
	struct hgt_error err = {0};

	if (!door) {
		hgt_log(HGT_LOG_ERROR, "mirrors", "out of memory: the hooks refuse all pushes until a restart", HGT_S("mirror", link->name));
		return;
	}
	door->link = link_ref(link);
	door->door = HGT_DOOR_OPEN;
	link->links->jobs++;
	if (store_submit(link->links->daemon->store, run_door, door_set, door, &err) < 0)
		door_set(door, err.code, &err);
}

static bool may_pull(const struct link *link)
{
	return link->met && hgt_peer_may_follow(&link->row.peer, &link->other);
}

void peer_let_pull(struct link *link)
{
	mirrors_let_pull(link->links->daemon->mirrors, link->name, may_pull(link), link->row.peer.role == HGT_PEER_LEADER);
}

static void note_trouble(struct link *link, const char *text)
{
	hgt_buf_reset(&link->trouble);
	hgt_buf_adds(&link->trouble, text);
}

/* What the role means for the rest. */
static void apply(struct link *link, const struct hgt_peer *before)
{
	const struct hgt_peer *now = &link->row.peer;

	if (now->role != before->role || now->term != before->term) {
		hgt_log(HGT_LOG_WARNING, "mirrors", now->role == HGT_PEER_LEADER ? "we lead" : "we follow", HGT_S("mirror", link->name),
			HGT_S("server", link->mirror->upstream.server), HGT_I("term", now->term));
		link_feed_stop(link);
		hgt_buf_reset(&link->trouble);
		/* What is known of the other side's events is of another time. */
		hgt_buf_reset(&link->feed.cursor);
		handover_reset(link);
	}
	if (now->phase != HGT_PEER_CLOSED || now->attempt != before->attempt) {
		survey_free(link->closed);
		link->closed = NULL;
		hgt_buf_reset(&link->busy);
		evtimer_del(link->patience);
	}
	if (now->phase == HGT_PEER_CLOSED)
		link_plan(link->patience, PATIENCE_MS);
	if (now->phase == HGT_PEER_FOLLOWING && before->phase != HGT_PEER_FOLLOWING)
		handover_reset(link);
	peer_let_pull(link);
}

static void committed(void *job, int code, const struct hgt_error *err)
{
	struct commit *commit = job;
	struct link *link = commit->link;
	const struct hgt_peer before = link->row.peer;

	link->writing = false;
	if (code == 0)
		link->row = commit->row;
	else
		hgt_log(HGT_LOG_ERROR, "mirrors", "cannot write which of two peers leads", HGT_S("mirror", link->name), HGT_S("error", err->message));
	if (door_of(&link->row.peer) == HGT_DOOR_OPEN)
		open_door(link);
	if (code == 0 && !link->gone && !link->links->draining)
		apply(link, &before);
	if (commit->done)
		commit->done(link, commit->ctx, code, err);
	if (!link->gone)
		peer_step(link);
	commit_free(commit);
	link_end_job(link);
}

void peer_commit(struct link *link, const struct peer_change *change, peer_done_cb done, void *ctx)
{
	struct commit *commit = calloc(1, sizeof(*commit));
	const struct hgt_peer *now = &link->row.peer;
	struct hgt_error err = {0};

	if (commit) {
		commit->change = *change;
		commit->row = link->row;
		commit->row.peer = change->next;
		commit->changes_role = change->next.role != now->role || change->next.term != now->term;
		if (commit->changes_role || change->next.phase != now->phase || !commit->row.since_ms)
			commit->row.since_ms = hgt_time_now_ms();
		commit->actor = change->actor ? strdup(change->actor) : NULL;
		commit->server = strdup(link->mirror->upstream.server);
		commit->done = done;
		commit->ctx = ctx;
		commit->link = link_ref(link);
	}
	if (!commit || !commit->server || (change->actor && !commit->actor))
		hgt_error_nomem(&err);
	else if (store_submit(link->links->daemon->store, run_commit, committed, commit, &err) == 0) {
		link->writing = true;
		link->links->jobs++;
		return;
	}
	if (commit) {
		link_unref(commit->link);
		commit_free(commit);
	}
	if (done)
		done(link, ctx, err.code, &err);
}

void peer_heard(struct link *link, const struct hgt_peer *other)
{
	struct hgt_peer next = link->row.peer;

	link->other = *other;
	link->met = true;
	if (link->writing)
		return;
	if (hgt_peer_hear(&next, other)) {
		if (link->row.peer.role == HGT_PEER_LEADER && next.role == HGT_PEER_FOLLOWER)
			hgt_log(HGT_LOG_WARNING, "mirrors", "another leads by now; what only we have stays here, and is told ref by ref",
				HGT_S("mirror", link->name), HGT_I("term", link->row.peer.term), HGT_I("newer", next.term));
		peer_commit(link, &(struct peer_change){.next = next, .forced = next.role != link->row.peer.role}, NULL, NULL);
		return;
	}
	if (link->row.peer.role == HGT_PEER_FOLLOWER && link->row.peer.phase == HGT_PEER_FOLLOWING && !may_pull(link))
		note_trouble(link, other->role == HGT_PEER_LEADER ? "the other leads in a term that has passed; headgate mirror promote --force says "
			"who leads" : "neither of the two leads; headgate mirror promote --force says who does");
	peer_let_pull(link);
}

/* Asking. */

int peer_send(struct link *link, enum hgt_peer_word word, const struct hgt_peer *self, bool digests,
	void (*done)(void *ctx, const struct upstream_answer *answer), struct upstream_call **call, struct hgt_error *err)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	int code;

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "mirror", link->name);
	hgt_json_key_string(&json, "word", hgt_peer_word_name(word));
	hgt_json_key_bool(&json, "digests", digests);
	hgt_json_key(&json, "peer");
	hgt_json_begin_object(&json);
	peer_write(self, &json);
	hgt_json_end_object(&json);
	hgt_json_end_object(&json);
	code = hgt_buf_check(&body, err);
	if (code == 0)
		code = upstream_call(link->upstream, &(struct upstream_spec){.path = "/v1/mirrors/upstreams", .body = body.data, .done = done, .ctx = link},
			call, err);
	hgt_buf_release(&body);
	return code;
}

static void plan_hello(struct link *link)
{
	const struct hgt_backoff backoff = {HELLO_FIRST_MS, HELLO_MOST_MS};
	uint64_t dice;

	hgt_random_bytes(&dice, sizeof(dice));
	link_plan(link->step, hgt_backoff_ms(&backoff, ++link->hellos, dice, 0));
}

static void force_now(struct link *link, const struct hgt_peer *other);

static void on_hello(void *ctx, const struct upstream_answer *answer)
{
	struct link *link = ctx;
	struct hgt_error err = {0};
	struct hgt_doc_set set;
	struct hgt_peer other;
	bool heard = false;

	link->hello = NULL;
	hgt_doc_set_init(&set);
	if (answer->status != 200)
		err = *answer->err;
	else if (hgt_json_parse_message(answer->body->data, answer->body->len, &set, &err) == 0)
		heard = peer_read(hgt_node_get(set.docs[0].root, "peer"), &other, &err) == 0;
	hgt_doc_set_release(&set);
	if (link->force) {
		force_now(link, heard ? &other : NULL);
		return;
	}
	if (!heard) {
		if (!link->hellos)
			hgt_log(HGT_LOG_WARNING, "mirrors", "the peer does not answer", HGT_S("mirror", link->name), HGT_S("error", err.message));
		note_trouble(link, err.message);
		plan_hello(link);
		return;
	}
	hgt_buf_reset(&link->trouble);
	peer_heard(link, &other);
	if (may_pull(link) && !link->writing) {
		link->hellos = 0;
		link_feed_start(link);
	}
	if (link->row.peer.role == HGT_PEER_LEADER && other.role == HGT_PEER_FOLLOWER && other.term == link->row.peer.term)
		link->hellos = 0;
	else if (!may_pull(link))
		plan_hello(link);
}

static void say_hello(struct link *link)
{
	struct hgt_error err = {0};

	if (link->hello)
		return;
	if (peer_send(link, HGT_PEER_HELLO, &link->row.peer, false, on_hello, &link->hello, &err) < 0) {
		note_trouble(link, err.message);
		plan_hello(link);
	}
}

/* A leader that is closed: once no push is under way any more it knows what it has. */

static void closed_surveyed(void *ctx, struct survey *survey)
{
	struct link *link = ctx;
	bool wanted = !link->gone && !link->links->draining && link->row.peer.phase == HGT_PEER_CLOSED && !link->closed;

	link->surveying = false;
	hgt_buf_reset(&link->busy);
	if (wanted && survey->code < 0) {
		hgt_buf_adds(&link->busy, survey->err.message);
	} else if (wanted && survey->busy.len) {
		hgt_buf_adds(&link->busy, survey->busy.data);
	} else if (wanted) {
		link->closed = survey;
		survey = NULL;
	}
	if (wanted && survey)
		link_plan(link->step, BUSY_MS);
	survey_free(survey);
	link_end_job(link);
}

static int begin_survey(struct link *link, bool tips, void (*done)(void *ctx, struct survey *survey), void *ctx, struct hgt_error *err)
{
	struct survey *survey = NULL;
	int code = survey_new(link->links->daemon, link->config, link->mirror, &survey, err);

	if (code < 0)
		return code;
	survey->wait_for_pushes = true;
	survey->tips = tips;
	survey->done = done;
	survey->ctx = ctx;
	code = survey_start(survey, err);
	if (code < 0) {
		survey_free(survey);
		return code;
	}
	link_ref(link);
	link->links->jobs++;
	link->surveying = true;
	return 0;
}

static void look_closed(struct link *link)
{
	struct hgt_error err = {0};

	if (link->closed || link->surveying)
		return;
	if (begin_survey(link, false, closed_surveyed, link, &err) < 0)
		link_plan(link->step, BUSY_MS);
}

void peer_step(struct link *link)
{
	const struct hgt_peer *self = &link->row.peer;

	if (link->gone || link->links->draining || link->writing)
		return;
	if (self->phase == HGT_PEER_CLOSED)
		look_closed(link);
	else if (self->phase == HGT_PEER_ASKING || self->phase == HGT_PEER_GRANTING)
		handover_step(link);
	else if (self->role == HGT_PEER_LEADER ? !link->met || link->other.role != HGT_PEER_FOLLOWER || link->other.term != self->term :
		link->feed.state != FEED_FOLLOWING && link->feed.state != FEED_DIALLING)
		say_hello(link);
}

void peer_feed_lost(struct link *link)
{
	plan_hello(link);
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	peer_step(arg);
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	struct hgt_peer next = link->row.peer;

	(void)fd, (void)what;
	if (link->writing || next.phase != HGT_PEER_CLOSED)
		return;
	hgt_log(HGT_LOG_WARNING, "mirrors", "who asked for the hand-over says nothing any more; pushes are taken again", HGT_S("mirror", link->name));
	hgt_buf_reset(&link->outcome);
	hgt_buf_adds(&link->outcome, "who asked for the hand-over said nothing any more");
	hgt_peer_abort(&next);
	peer_commit(link, &(struct peer_change){.next = next}, NULL, NULL);
}

int peer_new(struct link *link, struct hgt_error *err)
{
	struct daemon *daemon = link->links->daemon;
	struct hgt_buf folder = HGT_BUF_INIT;
	int code;

	link->step = evtimer_new(daemon->base, on_step, link);
	link->patience = evtimer_new(daemon->base, on_patience, link);
	if (!link->step || !link->patience)
		return hgt_error_nomem(err);
	hgt_buf_addf(&folder, "%s/" HGT_DOOR_FOLDER, link->config->state);
	code = hgt_buf_check(&folder, err);
	if (code == 0)
		code = hgt_make_folders(folder.data, 0750, err);
	hgt_buf_release(&folder);
	if (code == 0)
		code = hgt_peer_get(daemon->reader, link->name, &link->row, err);
	if (code == 0)
		link->row = (struct hgt_peer_row){.peer = hgt_peer_first(link->mirror->peer == HGT_MIRROR_LEADER)};
	return code < 0 ? code : 0;
}

void peer_start(struct link *link)
{
	peer_let_pull(link);
	/* What is on disk already is written once more, for the door. */
	peer_commit(link, &(struct peer_change){.next = link->row.peer}, NULL, NULL);
}

void peer_stop(struct link *link)
{
	upstream_cancel(link->hello);
	link->hello = NULL;
	if (link->step)
		evtimer_del(link->step);
	if (link->patience)
		evtimer_del(link->patience);
	if (link->force) {
		request_reply_error(link->force, 503, NULL, "the daemon stops, or its config has changed");
		link->force = NULL;
	}
	handover_reset(link);
}

/* Words of the other. */

struct word {
	struct request *request;
	enum hgt_peer_verdict verdict;
	bool digests;
	const char *reason;
};

static void answer_word(struct link *link, struct request *request, enum hgt_peer_verdict verdict, const char *reason, bool digests)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	bool ready = link->row.peer.phase == HGT_PEER_CLOSED && link->closed;

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "verdict", hgt_peer_verdict_name(verdict));
	hgt_json_key_string(&json, "reason", reason);
	hgt_json_key(&json, "peer");
	hgt_json_begin_object(&json);
	peer_write(&link->row.peer, &json);
	hgt_json_end_object(&json);
	hgt_json_key_bool(&json, "ready", ready);
	hgt_json_key_string(&json, "waiting_for", !ready && link->busy.len ? link->busy.data : NULL);
	hgt_json_key(&json, "repositories");
	if (ready && digests)
		survey_write(link->closed, &json);
	else
		hgt_json_null(&json);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, 200, &body);
	hgt_buf_release(&body);
}

static void word_done(struct link *link, void *ctx, int code, const struct hgt_error *err)
{
	struct word *word = ctx;

	if (code < 0)
		request_reply_failure(word->request, err);
	else
		answer_word(link, word->request, word->verdict, word->reason, word->digests);
	free(word);
}

static void commit_word(struct link *link, struct word *word, const struct peer_change *change)
{
	peer_commit(link, change, word_done, word);
}

/* A grant is given for what was told: had anything moved since by whatever way, the other would lack it. */
struct grant {
	struct link *link;
	struct word *word;
	struct hgt_peer next;
	struct survey *tips;
	char *actor;
};

static void grant_done(struct link *link, void *ctx, int code, const struct hgt_error *err)
{
	struct grant *grant = ctx;

	word_done(link, grant->word, code, err);
	survey_free(grant->tips);
	free(grant->actor);
	free(grant);
}

static void grant_surveyed(void *ctx, struct survey *survey)
{
	struct grant *grant = ctx;
	struct link *link = grant->link;
	struct hgt_peer next = link->row.peer;
	bool same = survey->code == 0 && !survey->busy.len && link->closed && survey_is_same(link->closed, survey);

	link->surveying = false;
	grant->tips = survey;
	if (link->writing || link->gone || link->links->draining || next.phase != HGT_PEER_CLOSED || next.attempt != grant->next.attempt) {
		request_reply_error(grant->word->request, 503, NULL, "something else has happened meanwhile; ask again");
		free(grant->word);
		grant->word = NULL;
	} else if (same) {
		peer_commit(link, &(struct peer_change){.next = grant->next, .actor = grant->actor, .tips = survey}, grant_done, grant);
		grant = NULL;
	} else {
		hgt_peer_abort(&next);
		grant->word->verdict = HGT_PEER_ENDED;
		grant->word->reason = "refs have moved there that no push has moved; what moves them has to stop first";
		peer_commit(link, &(struct peer_change){.next = next}, grant_done, grant);
		grant = NULL;
	}
	if (grant) {
		survey_free(grant->tips);
		free(grant->actor);
		free(grant);
	}
	link_end_job(link);
}

static void begin_grant(struct link *link, struct word *word, const struct hgt_peer *next, const char *actor)
{
	struct grant *grant = link->closed && !link->surveying ? calloc(1, sizeof(*grant)) : NULL;
	struct hgt_error err = {0};

	if (!grant) {
		request_reply_error(word->request, 503, NULL, "what is here is not known yet; ask again");
		free(word);
		return;
	}
	*grant = (struct grant){.link = link, .word = word, .next = *next, .actor = strdup(actor)};
	if (begin_survey(link, true, grant_surveyed, grant, &err) == 0)
		return;
	request_reply_failure(word->request, &err);
	free(word);
	free(grant->actor);
	free(grant);
}

static void take_word(struct link *link, struct request *request, enum hgt_peer_word said, const struct hgt_peer *other, bool digests)
{
	struct word *word = calloc(1, sizeof(*word));
	struct hgt_peer next = link->row.peer;
	char actor[REQUEST_WHO_MAX];

	if (link->writing || !word) {
		request_reply_error(request, 503, NULL, "the last word is still being written down; ask again");
		free(word);
		return;
	}
	*word = (struct word){.request = request, .verdict = hgt_peer_take(&next, said, other), .digests = digests};
	link->other = *other;
	link->met = true;
	if (said == HGT_PEER_YIELD && word->verdict == HGT_PEER_DONE)
		link_plan(link->patience, PATIENCE_MS);
	if (said == HGT_PEER_GRANT && word->verdict == HGT_PEER_DONE && link->row.peer.role == HGT_PEER_LEADER) {
		begin_grant(link, word, &next, request_who(request, actor));
	} else if (!hgt_peer_is_same(&next, &link->row.peer)) {
		commit_word(link, word, &(struct peer_change){.next = next, .forced = next.role != link->row.peer.role});
	} else {
		word_done(link, word, 0, NULL);
		peer_let_pull(link);
		peer_step(link);
	}
}

/* The link that a body names, of a peer; NULL when the request has been answered. */
static struct link *want_peer(struct links *links, struct request *request, const struct hgt_node *root)
{
	struct hgt_error err = {0};
	const char *name;
	struct link *link;

	/* A hand-over is of all that the mirror has. */
	if (request->scope) {
		request_refuse(request, "a hand-over concerns all repositories of a mirror, and who has a scope may not ask for one");
		return NULL;
	}
	if (field_name(root, "mirror", &name, &err) < 0) {
		request_reply_failure(request, &err);
		return NULL;
	}
	link = links_find(links, name);
	if (link && link->is_peer)
		return link;
	request_reply_error(request, 404, NULL, "there is no mirror named \"%s\" with a peer in the config", name);
	return NULL;
}

void links_word(struct links *links, struct request *request)
{
	static const char *const words[] = {"hello", "yield", "grant", "resume", NULL};
	const struct hgt_node *root;
	struct hgt_doc_set set;
	struct hgt_error err = {0};
	struct hgt_peer other;
	const char *word, *text;
	bool digests = false;
	struct link *link;
	size_t len;

	hgt_doc_set_init(&set);
	text = request_body(request, &len);
	if (field_object(text, len, &set, &root, &err) < 0 || field_word(root, "word", words, true, &word, &err) < 0 ||
	    field_bool(root, "digests", &digests, &err) < 0 || peer_read(hgt_node_get(root, "peer"), &other, &err) < 0)
		request_reply_failure(request, &err);
	else if ((link = want_peer(links, request, root)))
		take_word(link, request, (enum hgt_peer_word)hgt_peer_word_parse(word), &other, digests);
	hgt_doc_set_release(&set);
}

/* What people ask for. */

static void reply_state(struct link *link, struct request *request, int status)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	link_write(link, &json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, status, &body);
	hgt_buf_release(&body);
}

static void promote_done(struct link *link, void *ctx, int code, const struct hgt_error *err)
{
	if (code < 0)
		request_reply_failure(ctx, err);
	else
		reply_state(link, ctx, 202);
}

static void force_gone(void *ctx)
{
	struct link *link = ctx;
	struct request *request = link->force;

	link->force = NULL;
	request_free(request);
}

/* The leader has answered, or has not. */
static void force_now(struct link *link, const struct hgt_peer *other)
{
	struct request *request = link->force;
	struct hgt_peer next = link->row.peer;

	link->force = NULL;
	request->gone = NULL;
	if (other && hgt_peer_may_follow(&next, other)) {
		request_reply_error(request, 409, "leader-answers", "the leader is there; promote without --force, and nothing is lost");
		return;
	}
	if (other && other->term > next.heard)
		next.heard = other->term;
	if (link->writing || !hgt_peer_force(&next)) {
		request_reply_error(request, 409, NULL, "this Headgate leads already");
		return;
	}
	peer_commit(link, &(struct peer_change){.next = next, .forced = true, .actor = link->force_actor}, promote_done, request);
}

static void force(struct link *link, struct request *request, const char *actor)
{
	struct hgt_error err = {0};

	if (link->force) {
		request_reply_error(request, 409, NULL, "somebody else asks for the same");
		return;
	}
	if (link->row.peer.role == HGT_PEER_LEADER && link->row.peer.phase != HGT_PEER_DISPUTED) {
		request_reply_error(request, 409, "leads-already", "this Headgate leads already");
		return;
	}
	free(link->force_actor);
	link->force_actor = strdup(actor);
	link->force = request;
	request->gone = force_gone;
	request->gone_ctx = link;
	upstream_cancel(link->hello);
	link->hello = NULL;
	if (link->row.peer.phase == HGT_PEER_DISPUTED)
		force_now(link, NULL);
	else if (peer_send(link, HGT_PEER_HELLO, &link->row.peer, false, on_hello, &link->hello, &err) < 0)
		force_now(link, NULL);
}

static void abort_handover(struct link *link, struct request *request)
{
	struct hgt_peer next = link->row.peer;
	struct hgt_error err = {0};

	if (!hgt_peer_abort(&next)) {
		link->handover.aborting = true;
		peer_step(link);
		reply_state(link, request, 202);
	} else if (hgt_peer_is_same(&next, &link->row.peer)) {
		request_reply_error(request, 409, "no-handover", "no hand-over of this mirror is under way here");
	} else {
		/* The leader need not wait until it loses patience. */
		if (next.role == HGT_PEER_FOLLOWER) {
			upstream_cancel(link->hello);
			link->hello = NULL;
			if (peer_send(link, HGT_PEER_RESUME, &link->row.peer, false, on_hello, &link->hello, &err) < 0)
				hgt_log(HGT_LOG_WARNING, "mirrors", "the leader is not told that the hand-over was called off", HGT_S("mirror", link->name),
					HGT_S("error", err.message));
		}
		peer_commit(link, &(struct peer_change){.next = next}, promote_done, request);
	}
}

struct obstacle {
	const char *repo;
	char text[512];
};

static int look_at_copy(void *ctx, const struct copy_view *view)
{
	struct obstacle *obstacle = ctx;

	if (view->row->state != HGT_COPY_STOPPED && view->row->state != HGT_COPY_FAILING && !view->row->paused)
		return 0;
	snprintf(obstacle->text, sizeof(obstacle->text), "%s is %s: %s", view->repo, view->row->paused ? "paused" :
		hgt_copy_state_name(view->row->state), view->row->error);
	return 1;
}

static void promote(struct link *link, struct request *request, const char *actor)
{
	struct hgt_peer next = link->row.peer;
	struct obstacle obstacle = {.text = ""};

	if (!hgt_peer_promote(&next, hgt_time_now_ms())) {
		request_reply_error(request, 409, "leads-already", "this Headgate leads already; promote is for the one that follows");
		return;
	}
	if (hgt_peer_is_same(&next, &link->row.peer)) {
		link->handover.aborting = false;
		reply_state(link, request, 202);
		return;
	}
	if (!may_pull(link)) {
		request_reply_error(request, 503, "no-leader", "the leader does not answer, or does not lead%s%s; --force leads without it",
			link->trouble.len ? ": " : "", link->trouble.data);
		return;
	}
	mirrors_walk(link->links->daemon->mirrors, link->name, "", "", look_at_copy, &obstacle);
	if (*obstacle.text) {
		request_reply_error(request, 409, "not-in-step", "%s; the copies have to be in step before one may lead", obstacle.text);
		return;
	}
	handover_reset(link);
	hgt_buf_reset(&link->outcome);
	free(link->handover.actor);
	link->handover.actor = strdup(actor);
	link->handover.began_ms = hgt_time_mono_ms();
	peer_commit(link, &(struct peer_change){.next = next}, promote_done, request);
}

void links_promote(struct links *links, struct request *request)
{
	const struct hgt_node *root;
	struct hgt_doc_set set;
	struct hgt_error err = {0};
	char who[REQUEST_WHO_MAX];
	const char *actor = NULL, *text;
	bool forced = false, aborted = false;
	struct link *link;
	size_t len;

	hgt_doc_set_init(&set);
	text = request_body(request, &len);
	if (field_object(text, len, &set, &root, &err) < 0 || field_bool(root, "force", &forced, &err) < 0 ||
	    field_bool(root, "abort", &aborted, &err) < 0 || field_string(root, "actor", NAME_MAX_BYTES, false, &actor, &err) < 0) {
		request_reply_failure(request, &err);
		goto out;
	}
	link = want_peer(links, request, root);
	if (!link)
		goto out;
	/* Who came by a token is that one, whatever he says. */
	if (request->token || !actor)
		actor = request->token ? request_who(request, who) : "admin";
	if (forced && aborted)
		request_reply_error(request, 400, NULL, "\"force\" and \"abort\" exclude each other");
	else if (link->writing)
		request_reply_error(request, 503, NULL, "the last change is still being written down; ask again");
	else if (forced)
		force(link, request, actor);
	else if (aborted)
		abort_handover(link, request);
	else
		promote(link, request, actor);
out:
	hgt_doc_set_release(&set);
}
