/* An event as the HTTP request that a receiver of webhooks understands. */
#include "webhook/message.h"

#include <inttypes.h>

#include "base/digest.h"
#include "base/escape.h"
#include "base/io.h"
#include "doc/doc.h"
#include "headgate/protocol.h"
#include "webhook/push.h"

#define TEST_REPO "headgate-test"
#define TEST_REF "refs/heads/headgate-test"
#define NO_ID "0000000000000000000000000000000000000000"

void hgt_delivery_id(const char *journal, uint64_t seq, const char *target, char out[HGT_DELIVERY_ID])
{
	unsigned char digest[HGT_SHA256_SIZE];
	char hex[HGT_SHA256_HEX];
	struct hgt_sha256 sha;
	char number[24];

	snprintf(number, sizeof(number), ".%" PRIu64 " ", seq);
	hgt_sha256_init(&sha);
	hgt_sha256_update(&sha, journal, strlen(journal));
	hgt_sha256_update(&sha, number, strlen(number));
	hgt_sha256_update(&sha, target, strlen(target));
	hgt_sha256_final(&sha, digest);
	digest[6] = (unsigned char)(0x80 | (digest[6] & 0x0f));
	digest[8] = (unsigned char)(0x80 | (digest[8] & 0x3f));
	hgt_hex(digest, sizeof(digest), hex);
	snprintf(out, HGT_DELIVERY_ID, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

void hgt_webhook_message_release(struct hgt_webhook_message *message)
{
	hgt_buf_release(&message->url);
	hgt_buf_release(&message->headers);
	hgt_buf_release(&message->body);
}

static void header(struct hgt_webhook_message *m, const char *name, const char *value)
{
	hgt_buf_addf(&m->headers, "%s: %s\n", name, value);
}

/* A header whose value is a signature over the body. */
static void sign(const struct hgt_webhook_to *to, struct hgt_webhook_message *m, const char *name, const char *prefix,
	void (*hmac)(const struct hgt_secret *, const char *, size_t, struct hgt_buf *))
{
	struct hgt_buf value = HGT_BUF_INIT;

	hgt_buf_adds(&value, prefix);
	hmac(to->secret, m->body.data, m->body.len, &value);
	header(m, name, value.data);
	m->headers.failed |= value.failed;
	hgt_buf_release(&value);
}

/* A name as a part of a URL: its slashes stay. */
static void add_path(struct hgt_buf *out, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, "/");

		hgt_escape_url(out, name, len);
		name += len;
		for (; *name == '/'; name++)
			hgt_buf_addc(out, '/');
	}
}

static void expand(const char *pattern, const char *site, const char *repo, struct hgt_buf *out)
{
	while (*pattern) {
		if (strncmp(pattern, "{repo}", 6) == 0) {
			add_path(out, repo);
			pattern += 6;
		} else if (strncmp(pattern, "{site}", 6) == 0) {
			hgt_buf_adds(out, site);
			pattern += 6;
		} else {
			hgt_buf_addc(out, *pattern++);
		}
	}
}

static bool is_nothing(const char *id)
{
	return strspn(id, "0") == strlen(id);
}

static void push_init(struct push *push, const struct hgt_webhook_to *to, const struct hgt_webhook_event *event)
{
	const struct hgt_ref_event *ref = event->ref;
	const char *slash = strrchr(ref->repo, '/');
	unsigned char digest[HGT_SHA256_SIZE];
	struct hgt_sha256 sha;

	*push = (struct push){
		.to = to, .event = event, .ref = ref,
		.http_url = HGT_BUF_INIT, .ssh_url = HGT_BUF_INIT, .web_url = HGT_BUF_INIT,
		.name = slash ? slash + 1 : ref->repo,
		.space = ref->repo, .space_len = slash ? (size_t)(slash - ref->repo) : 0,
		.actor = ref->actor ? ref->actor : "unknown",
		.created = is_nothing(ref->old_id), .deleted = is_nothing(ref->new_id),
		.is_tag = strncmp(ref->ref, "refs/tags/", 10) == 0,
		.list_paths = !ref->paths_truncated,
		.seconds = event->time_ms / 1000,
	};
	expand(to->http_url, to->site, ref->repo, &push->http_url);
	expand(to->ssh_url, to->site, ref->repo, &push->ssh_url);
	expand(to->web_url, to->site, ref->repo, &push->web_url);
	hgt_sha256_init(&sha);
	hgt_sha256_update(&sha, to->site, strlen(to->site) + 1);
	hgt_sha256_update(&sha, ref->repo, strlen(ref->repo));
	hgt_sha256_final(&sha, digest);
	/* 48 bits: every reader of JSON can hold them. */
	for (int i = 0; i < 6; i++)
		push->id = push->id << 8 | digest[i];
}

static void push_release(struct push *push)
{
	hgt_buf_release(&push->http_url);
	hgt_buf_release(&push->ssh_url);
	hgt_buf_release(&push->web_url);
}

/* A body that would be too large is written again without its list of paths. */
static void write_push(struct push *push, void (*write)(const struct push *, struct hgt_buf *), struct hgt_buf *out)
{
	write(push, out);
	if (out->len <= push->to->body_max || !push->list_paths)
		return;
	push->list_paths = false;
	hgt_buf_reset(out);
	write(push, out);
}

static void github_headers(const struct hgt_webhook_to *to, const char *event, const char *delivery, struct hgt_webhook_message *m)
{
	header(m, "Content-Type", "application/json");
	header(m, "X-GitHub-Event", event);
	header(m, "X-GitHub-Delivery", delivery);
	header(m, "X-GitHub-Hook-ID", "1");
	if (!to->secret->data)
		return;
	sign(to, m, "X-Hub-Signature-256", "sha256=", hgt_hmac_sha256_hex);
	sign(to, m, "X-Hub-Signature", "sha1=", hgt_hmac_sha1_hex);
	sign(to, m, "X-Signature", "sha256=", hgt_hmac_sha256_hex);
}

static void write_github(struct push *push, struct hgt_webhook_message *m)
{
	write_push(push, push_write_github, &m->body);
	github_headers(push->to, "push", push->event->delivery, m);
}

static void write_gitlab(struct push *push, struct hgt_webhook_message *m)
{
	struct hgt_buf instance = HGT_BUF_INIT;

	write_push(push, push_write_gitlab, &m->body);
	hgt_buf_addf(&instance, "https://%s", push->to->site);
	header(m, "Content-Type", "application/json");
	header(m, "X-Gitlab-Event", push->is_tag ? "Tag Push Hook" : "Push Hook");
	header(m, "X-Gitlab-Event-UUID", push->event->delivery);
	header(m, "Idempotency-Key", push->event->delivery);
	header(m, "X-Gitlab-Instance", instance.data);
	if (push->to->secret->data)
		header(m, "X-Gitlab-Token", push->to->secret->data);
	hgt_buf_release(&instance);
}

/* Without GitHub's headers, which Gitea itself adds: readers that know both would have to choose. */
static void write_gitea(struct push *push, struct hgt_webhook_message *m)
{
	write_push(push, push_write_gitea, &m->body);
	header(m, "Content-Type", "application/json");
	header(m, "X-Gitea-Event", "push");
	header(m, "X-Gitea-Event-Type", "push");
	header(m, "X-Gitea-Delivery", push->event->delivery);
	header(m, "X-Gogs-Event", "push");
	header(m, "X-Gogs-Event-Type", "push");
	header(m, "X-Gogs-Delivery", push->event->delivery);
	if (!push->to->secret->data)
		return;
	sign(push->to, m, "X-Gitea-Signature", "", hgt_hmac_sha256_hex);
	sign(push->to, m, "X-Gogs-Signature", "", hgt_hmac_sha256_hex);
	sign(push->to, m, "X-Signature", "sha256=", hgt_hmac_sha256_hex);
}

static void add_query(struct hgt_buf *url, const char *key, const char *value, size_t len)
{
	hgt_buf_addf(url, "%c%s=", strchr(url->data, '?') ? '&' : '?', key);
	hgt_escape_url(url, value, len);
}

static void write_jenkins(struct push *push, struct hgt_webhook_message *m)
{
	static const char heads[] = "refs/heads/";

	m->get = true;
	add_query(&m->url, "url", push->http_url.data, push->http_url.len);
	if (strncmp(push->ref->ref, heads, sizeof(heads) - 1) == 0)
		add_query(&m->url, "branches", push->ref->ref + sizeof(heads) - 1, strlen(push->ref->ref) - (sizeof(heads) - 1));
	if (!push->deleted)
		add_query(&m->url, "sha1", push_commit_id(push), strlen(push_commit_id(push)));
	if (push->to->secret->data)
		add_query(&m->url, "token", push->to->secret->data, push->to->secret->len);
}

/* The event without its list of paths. */
static int cut_event(const char *body, size_t len, struct hgt_buf *out, struct hgt_error *err)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	struct hgt_doc_set set;
	const struct hgt_node *root, *data;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(body, len, &set, err);
	root = code == 0 ? set.docs[0].root : NULL;
	data = hgt_node_get(root, "data");
	if (code == 0 && (!data || data->type != HGT_NODE_MAP))
		code = hgt_error_set(err, HGT_EPARSE, "the event has no data");
	if (code < 0)
		goto out;
	hgt_json_begin_object(&json);
	for (size_t i = 0; i < root->v.map.n; i++) {
		const struct hgt_pair *pair = &root->v.map.pairs[i];

		hgt_json_key_len(&json, pair->key->text, pair->key->len);
		if (pair->value != data) {
			hgt_node_write_json(pair->value, &json);
			continue;
		}
		hgt_json_begin_object(&json);
		for (size_t j = 0; j < data->v.map.n; j++) {
			const struct hgt_pair *field = &data->v.map.pairs[j];

			if (!strcmp(field->key->text, "paths") || !strcmp(field->key->text, "paths_truncated"))
				continue;
			hgt_json_key_len(&json, field->key->text, field->key->len);
			hgt_node_write_json(field->value, &json);
		}
		hgt_json_key(&json, "paths");
		hgt_json_begin_array(&json);
		hgt_json_end_array(&json);
		hgt_json_key_bool(&json, "paths_truncated", true);
		hgt_json_end_object(&json);
	}
	hgt_json_end_object(&json);
out:
	hgt_doc_set_release(&set);
	return code;
}

static void cloudevents_headers(const struct hgt_webhook_to *to, const char *delivery, int64_t now_s, struct hgt_webhook_message *m)
{
	struct hgt_buf signature = HGT_BUF_INIT;
	char time[32];

	snprintf(time, sizeof(time), "%" PRId64, now_s);
	header(m, "Content-Type", "application/cloudevents+json; charset=utf-8");
	header(m, "webhook-id", delivery);
	header(m, "webhook-timestamp", time);
	if (to->secret->data) {
		hgt_standard_signature(to->secret, delivery, now_s, m->body.data, m->body.len, &signature);
		header(m, "webhook-signature", signature.data);
		sign(to, m, "X-Signature", "sha256=", hgt_hmac_sha256_hex);
	}
	m->headers.failed |= signature.failed;
	hgt_buf_release(&signature);
}

static int write_cloudevents(const struct hgt_webhook_to *to, const struct hgt_webhook_event *event, int64_t now_s,
	struct hgt_webhook_message *m, struct hgt_error *err)
{
	int code = 0;

	if (event->ref && event->body_len > to->body_max)
		code = cut_event(event->body, event->body_len, &m->body, err);
	else
		hgt_buf_add(&m->body, event->body, event->body_len);
	if (code == 0)
		cloudevents_headers(to, event->delivery, now_s, m);
	return code;
}

static void begin(const struct hgt_webhook_to *to, struct hgt_webhook_message *m)
{
	m->get = false;
	hgt_buf_reset(&m->url);
	hgt_buf_reset(&m->headers);
	hgt_buf_reset(&m->body);
	hgt_buf_adds(&m->url, to->url);
	header(m, "User-Agent", "Headgate/" HGT_VERSION);
	header(m, "Accept", "*/*");
}

static int check(const struct hgt_webhook_message *m, struct hgt_error *err)
{
	int code = hgt_buf_check(&m->url, err);

	if (code == 0)
		code = hgt_buf_check(&m->headers, err);
	return code < 0 ? code : hgt_buf_check(&m->body, err);
}

int hgt_webhook_write(const struct hgt_webhook_to *to, const struct hgt_webhook_event *event, int64_t now_s,
	struct hgt_webhook_message *m, struct hgt_error *err)
{
	static void (*const writers[HGT_WEBHOOK_FORMATS])(struct push *, struct hgt_webhook_message *) = {
		[HGT_WEBHOOK_GITHUB] = write_github,
		[HGT_WEBHOOK_GITLAB] = write_gitlab,
		[HGT_WEBHOOK_GITEA] = write_gitea,
		[HGT_WEBHOOK_JENKINS] = write_jenkins,
	};
	struct push push;
	int code = 0;

	begin(to, m);
	if (to->format == HGT_WEBHOOK_CLOUDEVENTS) {
		code = write_cloudevents(to, event, now_s, m, err);
	} else if (!event->ref) {
		code = hgt_error_set(err, HGT_EINVAL, "the format %s has no word for %s", hgt_webhook_format_name(to->format), event->type);
	} else {
		push_init(&push, to, event);
		writers[to->format](&push, m);
		m->body.failed |= push.http_url.failed || push.ssh_url.failed || push.web_url.failed;
		push_release(&push);
	}
	return code < 0 ? code : check(m, err);
}

int hgt_webhook_write_test(const struct hgt_webhook_to *to, const char *delivery, int64_t now_s, struct hgt_webhook_message *m,
	struct hgt_error *err)
{
	const struct hgt_ref_event ref = {.repo = TEST_REPO, .ref = TEST_REF, .old_id = NO_ID, .new_id = NO_ID, .change = "delete",
		.source = "test"};
	struct hgt_buf body = HGT_BUF_INIT, data = HGT_BUF_INIT;
	struct hgt_webhook_event event = {.delivery = delivery, .id = delivery, .type = HGT_EVENT_WEBHOOK_TESTED, .time_ms = now_s * 1000,
		.default_branch = "main"};
	struct hgt_json json = HGT_JSON_INIT(&data);
	int code = 0;

	if (to->format == HGT_WEBHOOK_GITHUB) {
		begin(to, m);
		push_write_ping(to, delivery, now_s, &m->body);
		github_headers(to, "ping", delivery, m);
		return check(m, err);
	}
	if (to->format == HGT_WEBHOOK_CLOUDEVENTS) {
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "webhook", to->name);
		hgt_json_end_object(&json);
		hgt_event_write_id(delivery, to->site, event.type, to->name, event.time_ms, data.data, data.len, &body);
		code = hgt_buf_check(&data, err);
		if (code == 0)
			code = hgt_buf_check(&body, err);
		event.body = body.data;
		event.body_len = body.len;
	} else {
		event.ref = &ref;
	}
	if (code == 0)
		code = hgt_webhook_write(to, &event, now_s, m, err);
	hgt_buf_release(&data);
	hgt_buf_release(&body);
	return code;
}

static const char *text(const struct hgt_node *data, const char *key)
{
	const char *s = hgt_node_get_string(data, key);

	return s ? s : "";
}

int hgt_webhook_read_ref(const char *body, size_t len, struct hgt_doc_set *set, struct hgt_ref_event *out, struct hgt_error *err)
{
	const struct hgt_node *data, *paths;
	struct hgt_event_path *list;
	struct hgt_ref_event ref;
	bool truncated = true;
	int code = hgt_json_parse_message(body, len, set, err);

	if (code < 0)
		return code;
	data = hgt_node_get(set->docs[0].root, "data");
	ref = (struct hgt_ref_event){
		.repo = text(data, "repo"), .ref = text(data, "ref"), .old_id = text(data, "old"), .new_id = text(data, "new"),
		.change = text(data, "change"), .actor = hgt_node_get_string(data, "actor"), .push = hgt_node_get_string(data, "push"),
		.source = text(data, "source"),
	};
	if (!ref.repo[0] || !ref.ref[0] || !ref.old_id[0] || !ref.new_id[0])
		return hgt_error_set(err, HGT_EPARSE, "an event in the journal does not say of which ref it is");
	hgt_node_get_bool(data, "forced", &ref.forced);
	paths = hgt_node_get(data, "paths");
	if (paths && paths->type == HGT_NODE_SEQ) {
		list = hgt_arena_array(&set->arena, paths->v.seq.n + 1, sizeof(*list));
		if (!list)
			return hgt_error_nomem(err);
		for (; ref.n_paths < paths->v.seq.n; ref.n_paths++) {
			list[ref.n_paths].path = text(paths->v.seq.items[ref.n_paths], "path");
			list[ref.n_paths].status = text(paths->v.seq.items[ref.n_paths], "status")[0];
		}
		ref.paths = list;
	}
	/* Without the word that the list is whole, it is not. */
	ref.paths_truncated = !hgt_node_get_bool(data, "paths_truncated", &truncated) || truncated;
	*out = ref;
	return 0;
}
