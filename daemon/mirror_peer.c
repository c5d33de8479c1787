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
	BUSY_MS = 200,		/* until pushes under way are looked for again */
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

bool peer_may_pull(const struct link *link)
{
	return link->met && hgt_peer_may_follow(&link->row.peer, &link->other);
}

void peer_let_pull(struct link *link)
{
	mirrors_let_pull(link->links->daemon->mirrors, link->name, peer_may_pull(link), link->row.peer.role == HGT_PEER_LEADER);
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
		link_plan(link->patience, PEER_PATIENCE_MS);
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
	if (link->row.peer.role == HGT_PEER_FOLLOWER && link->row.peer.phase == HGT_PEER_FOLLOWING && !peer_may_pull(link))
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
		promote_force(link, heard ? &other : NULL);
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
	if (peer_may_pull(link) && !link->writing) {
		link->hellos = 0;
		link_feed_start(link);
	}
	if (link->row.peer.role == HGT_PEER_LEADER && other.role == HGT_PEER_FOLLOWER && other.term == link->row.peer.term)
		link->hellos = 0;
	else if (!peer_may_pull(link))
		plan_hello(link);
}

int peer_tell(struct link *link, enum hgt_peer_word word, struct hgt_error *err)
{
	upstream_cancel(link->hello);
	link->hello = NULL;
	return peer_send(link, word, &link->row.peer, false, on_hello, &link->hello, err);
}

static void say_hello(struct link *link)
{
	struct hgt_error err = {0};

	if (link->hello)
		return;
	if (peer_tell(link, HGT_PEER_HELLO, &err) < 0) {
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

int peer_survey(struct link *link, bool tips, void (*done)(void *ctx, struct survey *survey), void *ctx, struct hgt_error *err)
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
	if (peer_survey(link, false, closed_surveyed, link, &err) < 0)
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
