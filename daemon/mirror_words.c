/* What the other peer says, and what it is told. */
#include "base/json_writer.h"
#include "daemon/fields.h"
#include "daemon/mirror_link.h"
#include "daemon/mirror_survey.h"
#include "daemon/request.h"

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
	if (peer_survey(link, true, grant_surveyed, grant, &err) == 0)
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
		link_plan(link->patience, PEER_PATIENCE_MS);
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

struct link *links_want_peer(struct links *links, struct request *request, const struct hgt_node *root)
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
	else if ((link = links_want_peer(links, request, root)))
		take_word(link, request, (enum hgt_peer_word)hgt_peer_word_parse(word), &other, digests);
	hgt_doc_set_release(&set);
}
