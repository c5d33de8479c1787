/* What people ask of a peer: to lead, by agreement or by force. */
#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/fields.h"
#include "daemon/mirror_link.h"
#include "daemon/mirrors.h"
#include "daemon/request.h"

enum { NAME_MAX_BYTES = 256 };

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
void promote_force(struct link *link, const struct hgt_peer *other)
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
	if (link->row.peer.phase == HGT_PEER_DISPUTED)
		promote_force(link, NULL);
	else if (peer_tell(link, HGT_PEER_HELLO, &err) < 0)
		promote_force(link, NULL);
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
		if (next.role == HGT_PEER_FOLLOWER && peer_tell(link, HGT_PEER_RESUME, &err) < 0)
			hgt_log(HGT_LOG_WARNING, "mirrors", "the leader is not told that the hand-over was called off", HGT_S("mirror", link->name),
				HGT_S("error", err.message));
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
	if (!peer_may_pull(link)) {
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
	link = links_want_peer(links, request, root);
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
