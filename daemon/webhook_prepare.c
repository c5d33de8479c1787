/* An event and what its repository says of it, as the message of a receiver's format. */
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/repos.h"
#include "daemon/webhook.h"
#include "doc/doc.h"
#include "git/commit.h"
#include "git/repository_pool.h"
#include "headgate/protocol.h"

/* A look at a repository, on a git worker: its default branch, and the commit that the ref has moved to. Either may not be
 * known. */
struct look {
	struct receiver *receiver;		/* a reference */
	struct hgt_repo_pool *pool;
	char *path;
	char id[HGT_OID_HEX + 1];	/* the ref's new id */
	char branch[256];		/* short name, or "" */
	struct hgt_commit commit;
	bool has_commit;
};

static void look_free(struct look *look)
{
	hgt_commit_release(&look->commit);
	free(look->path);
	receiver_unref(look->receiver);
	free(look);
}

static void on_worker(void *job)
{
	static const char heads[] = "refs/heads/";
	struct look *look = job;
	struct hgt_buf ref = HGT_BUF_INIT;
	struct hgt_repo *repo = NULL;

	if (hgt_repo_pool_get(look->pool, look->path, &repo, NULL) < 0)
		return;
	if (hgt_repo_default_branch(repo, &ref, NULL) == 0 && !ref.failed && strncmp(ref.data, heads, sizeof(heads) - 1) == 0 &&
	    ref.len - (sizeof(heads) - 1) < sizeof(look->branch))
		memcpy(look->branch, ref.data + sizeof(heads) - 1, ref.len - (sizeof(heads) - 1) + 1);
	if (strspn(look->id, "0") != strlen(look->id))
		look->has_commit = hgt_commit_read(repo, look->id, &look->commit, NULL) == 0;
	hgt_buf_release(&ref);
	hgt_repo_pool_put(look->pool, repo);
}

static struct hgt_webhook_to to(const struct receiver *receiver)
{
	const struct hgt_config_webhook *config = receiver->config;

	return (struct hgt_webhook_to){
		.format = config->format, .name = receiver->name, .url = config->url, .site = receiver->webhooks->config->site,
		.http_url = config->http_url, .ssh_url = config->ssh_url, .web_url = config->web_url,
		.secret = &receiver->secret, .body_max = config->body,
	};
}

/* look NULL: nothing is known of the repository. */
static void write_and_send(struct receiver *receiver, const struct look *look)
{
	const struct hgt_webhook_to whom = to(receiver);
	const struct load *load = receiver->active;
	struct hgt_webhook_message message = HGT_WEBHOOK_MESSAGE_INIT;
	struct hgt_webhook_commit commit;
	struct hgt_ref_event ref;
	struct hgt_doc_set set;
	struct hgt_error err = {0};
	struct hgt_buf id = HGT_BUF_INIT;
	struct hgt_webhook_event event = {.delivery = load->delivery, .type = load->type, .time_ms = load->time_ms,
		.body = load->body.data, .body_len = load->body.len, .default_branch = look ? look->branch : ""};
	int64_t now_s = hgt_time_now_ms() / 1000;
	int code = 0;

	hgt_doc_set_init(&set);
	if (load->kind == LOAD_TEST) {
		code = hgt_webhook_write_test(&whom, load->delivery, now_s, &message, &err);
		goto out;
	}
	hgt_buf_addf(&id, "%s.%llu", hgt_journal_id(receiver->webhooks->daemon->reader), (unsigned long long)load->seq);
	event.id = id.data;
	code = hgt_buf_check(&id, &err);
	if (code == 0 && !strcmp(load->type, HGT_EVENT_REF_UPDATED)) {
		code = hgt_webhook_read_ref(load->body.data, load->body.len, &set, &ref, &err);
		event.ref = &ref;
	}
	if (look && look->has_commit) {
		commit = (struct hgt_webhook_commit){.message = look->commit.message, .author = look->commit.author,
			.email = look->commit.email, .committer = look->commit.committer, .committer_email = look->commit.committer_email,
			.seconds = look->commit.seconds, .offset = look->commit.offset};
		memcpy(commit.id, look->commit.id, sizeof(look->commit.id));
		memcpy(commit.tree, look->commit.tree, sizeof(look->commit.tree));
		event.commit = &commit;
	}
	if (code == 0)
		code = hgt_webhook_write(&whom, &event, now_s, &message, &err);
out:
	if (code == 0)
		receiver_send(receiver, &message);
	else
		receiver_failed(receiver, err.message);
	hgt_webhook_message_release(&message);
	hgt_buf_release(&id);
	hgt_doc_set_release(&set);
}

static void looked(void *job)
{
	struct look *look = job;
	struct receiver *receiver = look->receiver;

	if (receiver->active && !receiver->gone) {
		if (receiver->webhooks->draining)
			receiver_abandon(receiver);
		else
			write_and_send(receiver, look);
	}
	look_free(look);
}

/* The new id out of the event's text, without a parse of its paths: its keys are in the order that hgt_ref_event_write gives
 * them. */
static bool read_id(const struct load *load, char id[HGT_OID_HEX + 1])
{
	static const char key[] = "\"new\":\"";
	const char *at = strstr(load->body.data, key);
	size_t len;

	if (!at)
		return false;
	at += sizeof(key) - 1;
	len = strspn(at, "0123456789abcdef");
	if (len != HGT_OID_HEX)
		return false;
	memcpy(id, at, len);
	id[len] = '\0';
	return true;
}

void receiver_prepare(struct receiver *receiver)
{
	struct daemon *daemon = receiver->webhooks->daemon;
	const struct load *load = receiver->active;
	bool is_ref = load->kind != LOAD_TEST && !strcmp(load->type, HGT_EVENT_REF_UPDATED);
	bool looks = is_ref && receiver->config->format != HGT_WEBHOOK_CLOUDEVENTS;
	const struct repo *repo = looks ? repos_find(daemon->repos, load->repo) : NULL;
	struct look *look = repo ? calloc(1, sizeof(*look)) : NULL;
	struct hgt_error err = {0};

	if (!look || !read_id(load, look->id)) {
		free(look);
		write_and_send(receiver, NULL);
		return;
	}
	look->receiver = receiver_ref(receiver);
	look->pool = repos_pool(daemon->repos);
	look->path = strdup(repo->path);
	receiver->state = RECEIVER_PREPARING;
	if (!look->path || hgt_workers_submit(daemon->git, on_worker, looked, look, &err) < 0) {
		look_free(look);
		write_and_send(receiver, NULL);
	}
}
