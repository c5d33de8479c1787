/* An event and what its repository says of it, as the message of a target's format. */
#include "base/timing.h"
#include "base/workers.h"
#include "daemon/repos.h"
#include "daemon/webhook.h"
#include "doc/doc.h"
#include "git/commit.h"
#include "headgate/protocol.h"

/* A look at a repository, on a git worker: its default branch, and the commit that the ref has moved to. Either may not be known. */
struct look {
	struct target *target;		/* a reference */
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
	target_unref(look->target);
	free(look);
}

static void on_worker(void *job)
{
	static const char heads[] = "refs/heads/";
	struct look *look = job;
	struct hgt_buf ref = HGT_BUF_INIT;
	struct hgt_repo *repo = NULL;

	if (hgt_repo_open(look->path, &repo, NULL) < 0)
		return;
	if (hgt_repo_default_branch(repo, &ref, NULL) == 0 && !ref.failed && strncmp(ref.data, heads, sizeof(heads) - 1) == 0 &&
	    ref.len - (sizeof(heads) - 1) < sizeof(look->branch))
		memcpy(look->branch, ref.data + sizeof(heads) - 1, ref.len - (sizeof(heads) - 1) + 1);
	if (strspn(look->id, "0") != strlen(look->id))
		look->has_commit = hgt_commit_read(repo, look->id, &look->commit, NULL) == 0;
	hgt_buf_release(&ref);
	hgt_repo_close(repo);
}

static struct hgt_webhook_to to(const struct target *target)
{
	const struct hgt_config_webhook *config = target->config;

	return (struct hgt_webhook_to){
		.format = config->format, .name = target->name, .url = config->url, .site = target->webhooks->config->site,
		.http_url = config->http_url, .ssh_url = config->ssh_url, .web_url = config->web_url,
		.secret = &target->secret, .body_max = config->body,
	};
}

/* look NULL: nothing is known of the repository. */
static void write_and_send(struct target *target, const struct look *look)
{
	const struct hgt_webhook_to receiver = to(target);
	const struct load *load = target->active;
	struct hgt_webhook_message message = HGT_WEBHOOK_MESSAGE_INIT;
	struct hgt_webhook_commit commit;
	struct hgt_ref_event ref;
	struct hgt_doc_set set;
	struct hgt_error err = {0};
	struct hgt_buf id = HGT_BUF_INIT;
	struct hgt_webhook_event event = {.delivery = load->delivery, .type = load->type, .time_ms = load->time_ms, .body = load->body.data,
		.body_len = load->body.len, .default_branch = look ? look->branch : ""};
	int64_t now_s = hgt_time_now_ms() / 1000;
	int code = 0;

	hgt_doc_set_init(&set);
	if (load->kind == LOAD_TEST) {
		code = hgt_webhook_write_test(&receiver, load->delivery, now_s, &message, &err);
		goto out;
	}
	hgt_buf_addf(&id, "%s.%llu", hgt_journal_id(target->webhooks->daemon->reader), (unsigned long long)load->seq);
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
		code = hgt_webhook_write(&receiver, &event, now_s, &message, &err);
out:
	if (code == 0)
		target_send(target, &message);
	else
		target_failed(target, err.message);
	hgt_webhook_message_release(&message);
	hgt_buf_release(&id);
	hgt_doc_set_release(&set);
}

static void looked(void *job)
{
	struct look *look = job;
	struct target *target = look->target;

	if (target->active && !target->gone) {
		if (target->webhooks->draining)
			target_abandon(target);
		else
			write_and_send(target, look);
	}
	look_free(look);
}

/* The new id out of the event's text, without a parse of its paths: its keys are in the order that hgt_ref_event_write gives them. */
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

void target_prepare(struct target *target)
{
	struct daemon *daemon = target->webhooks->daemon;
	const struct load *load = target->active;
	bool is_ref = load->kind != LOAD_TEST && !strcmp(load->type, HGT_EVENT_REF_UPDATED);
	const struct repo *repo = is_ref && target->config->format != HGT_WEBHOOK_CLOUDEVENTS ? repos_find(daemon->repos, load->repo) : NULL;
	struct look *look = repo ? calloc(1, sizeof(*look)) : NULL;
	struct hgt_error err = {0};

	if (!look || !read_id(load, look->id)) {
		free(look);
		write_and_send(target, NULL);
		return;
	}
	look->target = target_ref(target);
	look->path = strdup(repo->path);
	target->state = TARGET_PREPARING;
	if (!look->path || hgt_workers_submit(daemon->git, on_worker, looked, look, &err) < 0) {
		look_free(look);
		write_and_send(target, NULL);
	}
}
