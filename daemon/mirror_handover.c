/* A hand-over, from the side of the follower that is to lead: the leader closes, we catch up, all is compared, it cedes. */
#include <event2/event.h>

#include "base/log.h"
#include "base/timing.h"
#include "daemon/mirror_link.h"
#include "daemon/mirror_survey.h"
#include "daemon/mirrors.h"
#include "doc/doc.h"
#include "webhook/backoff.h"

enum {
	WHOLE_MS = 600000,	/* until it is given up */
	ANSWER_MS = 20000,	/* the same when the leader does not answer */
	AGAIN_MS = 300,
	RENEW_MS = 5000,	/* a leader that hears nothing takes pushes again */
};

static void drop_answer(struct handover *h)
{
	if (h->answer)
		hgt_doc_set_release(h->answer);
	free(h->answer);
	h->answer = NULL;
	h->theirs = NULL;
}

void handover_reset(struct link *link)
{
	struct handover *h = &link->handover;

	upstream_cancel(h->call);
	h->call = NULL;
	drop_answer(h);
	if (!h->surveying)
		survey_free(h->ours);
	h->ours = NULL;
	free(h->actor);
	*h = (struct handover){.surveying = h->surveying};
	if (link->row.peer.role == HGT_PEER_FOLLOWER)
		hgt_buf_reset(&link->busy);
}

static void again(struct link *link, int64_t ms)
{
	link_plan(link->step, ms);
}

static void failed_to_end(void *ctx, const struct upstream_answer *answer)
{
	struct link *link = ctx;

	/* A leader that has not heard loses patience by itself. */
	(void)answer;
	link->hello = NULL;
	peer_step(link);
}

/* It is over without having come about. The leader is told, and nothing is lost should that not arrive. */
static void give_up(struct link *link, const char *why)
{
	struct hgt_peer next = link->row.peer;
	struct hgt_error err = {0};

	hgt_log(HGT_LOG_WARNING, "mirrors", "the hand-over was given up", HGT_S("mirror", link->name), HGT_S("reason", why));
	if (!hgt_peer_abort(&next)) {
		again(link, AGAIN_MS);
		return;
	}
	upstream_cancel(link->hello);
	link->hello = NULL;
	if (peer_send(link, HGT_PEER_RESUME, &link->row.peer, false, failed_to_end, &link->hello, &err) < 0)
		hgt_log(HGT_LOG_WARNING, "mirrors", "the leader is not told that the hand-over was given up", HGT_S("mirror", link->name),
			HGT_S("error", err.message));
	hgt_buf_reset(&link->outcome);
	hgt_buf_adds(&link->outcome, why);
	peer_commit(link, &(struct peer_change){.next = next}, NULL, NULL);
}

static const char *verdict_text(enum hgt_peer_verdict verdict)
{
	switch (verdict) {
	case HGT_PEER_NOT_LEADER:
		return "the other does not lead";
	case HGT_PEER_OTHER_TERM:
		return "the other leads in another term";
	case HGT_PEER_CEDED:
		return "it had been granted already";
	case HGT_PEER_ENDED:
		return "the leader has ended it";
	case HGT_PEER_DONE:
		break;
	}
	return "";
}

/* The leader's verdict on what we asked: what it makes of us, on disk. */
static void take_verdict(struct link *link, enum hgt_peer_word word, enum hgt_peer_verdict verdict, const char *reason,
	const struct hgt_peer *other)
{
	struct hgt_peer next = link->row.peer;
	bool ended;

	link->other = *other;
	link->met = true;
	hgt_peer_answered(&next, word, verdict);
	hgt_peer_hear(&next, other);
	ended = next.phase == HGT_PEER_FOLLOWING;
	if (ended)
		hgt_log(HGT_LOG_WARNING, "mirrors", "the hand-over did not come about", HGT_S("mirror", link->name),
			HGT_S("reason", reason ? reason : verdict_text(verdict)));
	if (hgt_peer_is_same(&next, &link->row.peer))
		return;
	peer_commit(link, &(struct peer_change){.next = next, .actor = next.role == HGT_PEER_LEADER ? link->handover.actor : NULL}, NULL, NULL);
	if (ended && !link->handover.aborting) {
		hgt_buf_reset(&link->outcome);
		hgt_buf_adds(&link->outcome, reason ? reason : verdict_text(verdict));
	}
}

/* Read an answer; false when it is none, and then the next step is planned. */
static bool read_answer(struct link *link, const struct upstream_answer *answer, struct hgt_doc_set *set, enum hgt_peer_verdict *verdict,
	struct hgt_peer *other)
{
	const struct hgt_backoff backoff = {500, 5000};
	struct handover *h = &link->handover;
	struct hgt_error err = {0};
	int word = -1;

	if (answer->status != 200)
		err = *answer->err;
	else if (hgt_json_parse_message(answer->body->data, answer->body->len, set, &err) == 0 &&
		peer_read(hgt_node_get(set->docs[0].root, "peer"), other, &err) == 0) {
		word = hgt_peer_verdict_parse(hgt_node_get_string(set->docs[0].root, "verdict"));
		if (word < 0)
			hgt_error_set(&err, HGT_EPARSE, "the peer answers in words that this version does not know");
	}
	if (word >= 0) {
		h->attempts = 0;
		*verdict = (enum hgt_peer_verdict)word;
		return true;
	}
	hgt_buf_reset(&link->busy);
	hgt_buf_adds(&link->busy, err.message);
	again(link, hgt_backoff_ms(&backoff, ++h->attempts, (uint64_t)hgt_time_mono_us(), 0));
	return false;
}

static void on_granted(void *ctx, const struct upstream_answer *answer)
{
	struct link *link = ctx;
	enum hgt_peer_word word = link->handover.aborting ? HGT_PEER_RESUME : HGT_PEER_GRANT;
	enum hgt_peer_verdict verdict;
	struct hgt_doc_set set;
	struct hgt_peer other;

	link->handover.call = NULL;
	hgt_doc_set_init(&set);
	if (link->writing)
		again(link, AGAIN_MS);
	else if (read_answer(link, answer, &set, &verdict, &other))
		take_verdict(link, word, verdict, hgt_node_get_string(set.docs[0].root, "reason"), &other);
	hgt_doc_set_release(&set);
}

/* What differs is brought; what cannot be brought ends it. */
struct look {
	struct link *link;
	size_t n;
	char first[256];
	char obstacle[512];
};

static int look_at_copy(void *ctx, const struct copy_view *view)
{
	struct look *look = ctx;
	bool bad = view->row->state == HGT_COPY_STOPPED || view->row->paused;

	if (strcmp(view->repo, look->first) != 0)
		return 0;
	if (bad && !view->running && !view->waiting)
		snprintf(look->obstacle, sizeof(look->obstacle), "%s is %s: %s", view->repo, view->row->paused ? "paused" : "stopped",
			view->row->error);
	return 1;
}

static void on_differs(void *ctx, const char *repo)
{
	struct look *look = ctx;
	struct mirrors *mirrors = look->link->links->daemon->mirrors;

	look->n++;
	snprintf(look->first, sizeof(look->first), "%s", repo);
	mirrors_walk(mirrors, look->link->name, "", "", look_at_copy, look);
	mirrors_upstream_moved(mirrors, look->link->name, repo);
}

static void compare(struct link *link)
{
	struct handover *h = &link->handover;
	struct look look = {.link = link};
	struct hgt_peer next = link->row.peer;
	struct hgt_error err = {0};

	h->repos = h->ours->n;
	if (survey_compare(h->ours, h->theirs, on_differs, &look, &h->left, &err) < 0) {
		give_up(link, err.message);
		return;
	}
	hgt_buf_reset(&link->busy);
	if (h->left == 0) {
		hgt_peer_compared(&next);
		peer_commit(link, &(struct peer_change){.next = next}, NULL, NULL);
		return;
	}
	if (*look.obstacle) {
		give_up(link, look.obstacle);
		return;
	}
	hgt_buf_addf(&link->busy, "%zu of %zu repositories are not the same yet, %s among them", h->left, h->repos, look.first);
	again(link, AGAIN_MS);
}

static void surveyed(void *ctx, struct survey *survey)
{
	struct link *link = ctx;
	struct handover *h = &link->handover;
	bool wanted = h->ours == survey && !link->gone && !link->links->draining && !link->writing && link->row.peer.phase == HGT_PEER_ASKING;

	h->surveying = false;
	if (!wanted)
		again(link, AGAIN_MS);
	else if (survey->code < 0)
		give_up(link, survey->err.message);
	else
		compare(link);
	/* Giving up has forgotten it. */
	if (link->handover.ours == survey)
		link->handover.ours = NULL;
	survey_free(survey);
	link_end_job(link);
}

static void begin_survey(struct link *link)
{
	struct handover *h = &link->handover;
	struct hgt_error err = {0};
	struct survey *survey = NULL;
	int code = survey_new(link->links->daemon, link->config, link->mirror, &survey, &err);

	if (code == 0) {
		survey->done = surveyed;
		survey->ctx = link;
		code = survey_start(survey, &err);
	}
	if (code < 0) {
		survey_free(survey);
		again(link, AGAIN_MS);
		return;
	}
	h->ours = survey;
	h->surveying = true;
	link_ref(link);
	link->links->jobs++;
}

static void take_yield(struct link *link, struct hgt_doc_set *set)
{
	struct handover *h = &link->handover;
	const struct hgt_node *root = set->docs[0].root;
	const char *waits = hgt_node_get_string(root, "waiting_for");
	bool ready = false;

	h->renewed_ms = hgt_time_mono_ms();
	hgt_node_get_bool(root, "ready", &ready);
	if (h->closed && ready) {
		again(link, 0);
		return;
	}
	hgt_buf_reset(&link->busy);
	if (waits)
		hgt_buf_adds(&link->busy, waits);
	if (!ready) {
		/* It has begun anew: what it told before may have been more, or less. */
		h->closed = false;
		again(link, AGAIN_MS);
		return;
	}
	drop_answer(h);
	h->answer = malloc(sizeof(*h->answer));
	if (!h->answer) {
		again(link, AGAIN_MS);
		return;
	}
	*h->answer = *set;
	hgt_doc_set_init(set);
	h->theirs = hgt_node_get(h->answer->docs[0].root, "repositories");
	h->closed = true;
	begin_survey(link);
}

static void on_yielded(void *ctx, const struct upstream_answer *answer)
{
	struct link *link = ctx;
	enum hgt_peer_verdict verdict;
	struct hgt_doc_set set;
	struct hgt_peer other;

	link->handover.call = NULL;
	hgt_doc_set_init(&set);
	if (link->writing) {
		again(link, AGAIN_MS);
	} else if (read_answer(link, answer, &set, &verdict, &other)) {
		link->other = other;
		link->met = true;
		peer_let_pull(link);
		if (verdict == HGT_PEER_DONE)
			take_yield(link, &set);
		else
			take_verdict(link, HGT_PEER_YIELD, verdict, hgt_node_get_string(set.docs[0].root, "reason"), &other);
	}
	hgt_doc_set_release(&set);
}

void handover_step(struct link *link)
{
	struct handover *h = &link->handover;
	const bool asks = link->row.peer.phase == HGT_PEER_ASKING;
	struct hgt_error err = {0};
	int64_t now = hgt_time_mono_ms();
	int code = 0;

	if (h->call || h->surveying)
		return;
	/* One that goes on after a restart. */
	if (!h->began_ms)
		h->began_ms = now;
	if (!h->renewed_ms)
		h->renewed_ms = now;
	if (asks && h->aborting) {
		give_up(link, "it was called off");
		return;
	}
	if (asks && now - h->began_ms > WHOLE_MS) {
		give_up(link, link->busy.len ? link->busy.data : "it takes too long");
		return;
	}
	if (asks && h->attempts && now - h->renewed_ms > ANSWER_MS) {
		give_up(link, link->busy.len ? link->busy.data : "the leader does not answer");
		return;
	}
	if (!asks)
		code = peer_send(link, h->aborting ? HGT_PEER_RESUME : HGT_PEER_GRANT, &link->row.peer, false, on_granted, &h->call, &err);
	else if (!h->closed || now - h->renewed_ms > RENEW_MS)
		code = peer_send(link, HGT_PEER_YIELD, &link->row.peer, !h->closed, on_yielded, &h->call, &err);
	else
		begin_survey(link);
	if (code < 0) {
		hgt_buf_reset(&link->busy);
		hgt_buf_adds(&link->busy, err.message);
		again(link, AGAIN_MS);
	}
}
