/* lib/webhook/message: what each format says of an event, its headers and its signatures. */
#include "webhook/message.h"

#include "doc/doc.h"
#include "tests/unit/unit.h"

#define OLD "1111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222"
#define NONE "0000000000000000000000000000000000000000"

static const struct hgt_event_path paths[] = {{"apps/a.yaml", 'A'}, {"apps/m.yaml", 'M'}, {"apps/d.yaml", 'D'},
	{"apps/t.yaml", 'T'}};
static const struct hgt_secret secret = {(char *)"It's a Secret", 13}, no_secret = {0};

static struct hgt_ref_event ref_event(void)
{
	return (struct hgt_ref_event){.repo = "infra/my web", .ref = "refs/heads/main", .old_id = OLD, .new_id = NEW, .change = "update",
		.actor = "alice", .source = "hook", .paths = paths, .n_paths = N_OF(paths)};
}

static struct hgt_webhook_to receiver(enum hgt_webhook_format format)
{
	return (struct hgt_webhook_to){.format = format, .name = "argo", .url = "https://ci.example.org/hook", .site = "git.example.org",
		.http_url = "https://{site}/{repo}.git", .ssh_url = "git@{site}:{repo}.git", .web_url = "https://{site}/{repo}",
		.secret = &secret, .body_max = 1 << 20};
}

static struct hgt_webhook_event event_of(const struct hgt_ref_event *ref, struct hgt_buf *body)
{
	struct hgt_buf data = HGT_BUF_INIT;

	hgt_ref_event_write(ref, &data);
	hgt_event_write("0123456789abcdef", 7, "git.example.org", "io.headgate.ref.updated.v1", "s", 1767323045678, data.data, data.len,
		body);
	hgt_buf_release(&data);
	return (struct hgt_webhook_event){.delivery = "01234567-89ab-8def-8123-456789abcdef", .id = "0123456789abcdef.7",
		.type = "io.headgate.ref.updated.v1", .time_ms = 1767323045678, .body = body->data, .body_len = body->len, .ref = ref,
		.default_branch = "main"};
}

/* The value of a header, to be freed; NULL when it is not there. */
static char *header_of(const struct hgt_webhook_message *m, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = m->headers.data; *line; line = strchr(line, '\n') + 1)
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			return strndup(line + len + 2, strcspn(line, "\n") - len - 2);
	return NULL;
}

static void has_header(const struct hgt_webhook_message *m, const char *name, const char *want)
{
	char *value = header_of(m, name);

	if (!value || (want && strcmp(value, want) != 0))
		fail_msg("%s is %s", name, value ? value : "missing");
	free(value);
}

static void lacks_header(const struct hgt_webhook_message *m, const char *name)
{
	char *value = header_of(m, name);

	assert_null(value);
}

/* The scalar at a path of keys in the body: "commits.0.added". "-" when it is not there. */
static const char *text_at(const struct hgt_doc_set *set, const char *path)
{
	const struct hgt_node *node = set->docs[0].root;

	while (node && *path) {
		size_t len = strcspn(path, ".");
		char key[64];

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		if (node->type == HGT_NODE_SEQ)
			node = node->v.seq.n > (size_t)(key[0] - '0') ? node->v.seq.items[key[0] - '0'] : NULL;
		else
			node = hgt_node_get(node, key);
		path += len + (path[len] == '.');
	}
	return node ? node->text : "-";
}

static void is_at(const struct hgt_doc_set *set, const char *path, const char *want)
{
	if (strcmp(text_at(set, path), want) != 0)
		fail_msg("%s is %s, not %s", path, text_at(set, path), want);
}

static void write_it(enum hgt_webhook_format format, const struct hgt_ref_event *ref, struct hgt_webhook_message *m,
	struct hgt_doc_set *set)
{
	const struct hgt_webhook_to to = receiver(format);
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_webhook_event event = event_of(ref, &body);
	const struct hgt_webhook_commit commit = {.tree = "3333333333333333333333333333333333333333", .message = "subject\n\nmore\xff\n",
		.author = "A U Thor", .email = "a@example.org", .committer = "C", .committer_email = "c@example.org", .seconds = 1767323045,
		.offset = 330};
	struct hgt_error err = {0};

	event.commit = strcmp(ref->new_id, NONE) != 0 ? &commit : NULL;
	assert_int_equal(hgt_webhook_write(&to, &event, 1767323046, m, &err), 0);
	hgt_doc_set_init(set);
	if (m->body.len)
		assert_int_equal(hgt_json_parse_message(m->body.data, m->body.len, set, &err), 0);
	hgt_buf_release(&body);
}

static void signature_is(const struct hgt_webhook_message *m, const char *name, const char *prefix,
	void (*hmac)(const struct hgt_secret *, const char *, size_t, struct hgt_buf *))
{
	struct hgt_buf want = HGT_BUF_INIT;

	hgt_buf_adds(&want, prefix);
	hmac(&secret, m->body.data, m->body.len, &want);
	has_header(m, name, want.data);
	hgt_buf_release(&want);
}

static void github(void **state)
{
	struct hgt_webhook_message m = HGT_WEBHOOK_MESSAGE_INIT;
	const struct hgt_ref_event ref = ref_event();
	struct hgt_doc_set set;

	(void)state;
	write_it(HGT_WEBHOOK_GITHUB, &ref, &m, &set);
	assert_false(m.get);
	assert_string_equal(m.url.data, "https://ci.example.org/hook");
	has_header(&m, "Content-Type", "application/json");
	has_header(&m, "X-GitHub-Event", "push");
	has_header(&m, "X-GitHub-Delivery", "01234567-89ab-8def-8123-456789abcdef");
	signature_is(&m, "X-Hub-Signature-256", "sha256=", hgt_hmac_sha256_hex);
	signature_is(&m, "X-Hub-Signature", "sha1=", hgt_hmac_sha1_hex);
	signature_is(&m, "X-Signature", "sha256=", hgt_hmac_sha256_hex);
	lacks_header(&m, "X-Gogs-Event");	/* readers that know both would take this one */
	is_at(&set, "ref", "refs/heads/main");
	is_at(&set, "before", OLD);
	is_at(&set, "after", NEW);
	is_at(&set, "repository.html_url", "https://git.example.org/infra/my%20web");
	is_at(&set, "repository.clone_url", "https://git.example.org/infra/my%20web.git");
	is_at(&set, "repository.ssh_url", "git@git.example.org:infra/my%20web.git");
	is_at(&set, "repository.default_branch", "main");
	is_at(&set, "repository.name", "my web");
	is_at(&set, "repository.owner.login", "infra");
	assert_int_equal(hgt_node_get(hgt_node_get(set.docs[0].root, "repository"), "created_at")->type, HGT_NODE_INT);
	is_at(&set, "commits.0.id", NEW);
	is_at(&set, "commits.0.timestamp", "2026-01-02T08:34:05+05:30");
	is_at(&set, "commits.0.added.0", "apps/a.yaml");
	is_at(&set, "commits.0.modified.0", "apps/m.yaml");
	is_at(&set, "commits.0.modified.1", "apps/t.yaml");
	is_at(&set, "commits.0.removed.0", "apps/d.yaml");
	is_at(&set, "head_commit.message", "subject\n\nmore\xef\xbf\xbd\n");
	is_at(&set, "pusher.name", "alice");
	hgt_doc_set_release(&set);
	hgt_webhook_message_release(&m);
}

static void deletions(void **state)
{
	static const enum hgt_webhook_format formats[] = {HGT_WEBHOOK_GITHUB, HGT_WEBHOOK_GITLAB, HGT_WEBHOOK_GITEA};
	struct hgt_ref_event ref = ref_event();

	(void)state;
	ref.new_id = NONE;
	ref.n_paths = 0;
	for (size_t i = 0; i < N_OF(formats); i++) {
		struct hgt_webhook_message m = HGT_WEBHOOK_MESSAGE_INIT;
		struct hgt_doc_set set;

		write_it(formats[i], &ref, &m, &set);
		is_at(&set, "after", NONE);
		is_at(&set, "commits.0", "-");
		if (formats[i] == HGT_WEBHOOK_GITHUB)
			is_at(&set, "deleted", "true");
		if (formats[i] == HGT_WEBHOOK_GITLAB)
			assert_int_equal(hgt_node_get(set.docs[0].root, "checkout_sha")->type, HGT_NODE_NULL);
		hgt_doc_set_release(&set);
		hgt_webhook_message_release(&m);
	}
}

static void gitlab(void **state)
{
	struct hgt_webhook_message m = HGT_WEBHOOK_MESSAGE_INIT;
	struct hgt_ref_event ref = ref_event();
	struct hgt_doc_set set;

	(void)state;
	write_it(HGT_WEBHOOK_GITLAB, &ref, &m, &set);
	has_header(&m, "X-Gitlab-Event", "Push Hook");
	has_header(&m, "X-Gitlab-Token", "It's a Secret");
	has_header(&m, "X-Gitlab-Event-UUID", "01234567-89ab-8def-8123-456789abcdef");
	is_at(&set, "object_kind", "push");
	is_at(&set, "event_id", "0123456789abcdef.7");
	is_at(&set, "checkout_sha", NEW);
	is_at(&set, "project.web_url", "https://git.example.org/infra/my%20web");
	is_at(&set, "project.path_with_namespace", "infra/my web");
	is_at(&set, "commits.0.title", "subject");
	is_at(&set, "commits.0.removed.0", "apps/d.yaml");
	hgt_doc_set_release(&set);
	ref.ref = "refs/tags/v1";
	write_it(HGT_WEBHOOK_GITLAB, &ref, &m, &set);
	has_header(&m, "X-Gitlab-Event", "Tag Push Hook");
	is_at(&set, "object_kind", "tag_push");
	hgt_doc_set_release(&set);
	hgt_webhook_message_release(&m);
}

static void gitea(void **state)
{
	struct hgt_webhook_message m = HGT_WEBHOOK_MESSAGE_INIT;
	const struct hgt_ref_event ref = ref_event();
	struct hgt_doc_set set;

	(void)state;
	write_it(HGT_WEBHOOK_GITEA, &ref, &m, &set);
	has_header(&m, "X-Gitea-Event", "push");
	has_header(&m, "X-Gogs-Event", "push");
	signature_is(&m, "X-Gitea-Signature", "", hgt_hmac_sha256_hex);
	signature_is(&m, "X-Gogs-Signature", "", hgt_hmac_sha256_hex);
	lacks_header(&m, "X-GitHub-Event");
	is_at(&set, "head_commit.committer.name", "C");
	is_at(&set, "repository.full_name", "infra/my web");
	hgt_doc_set_release(&set);
	hgt_webhook_message_release(&m);
}

static void jenkins(void **state)
{
	static const struct hgt_secret token = {(char *)"a b&c", 5};
	struct hgt_webhook_to to = receiver(HGT_WEBHOOK_JENKINS);
	struct hgt_webhook_message m = HGT_WEBHOOK_MESSAGE_INIT;
	struct hgt_ref_event ref = ref_event();
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_webhook_event event = event_of(&ref, &body);

	(void)state;
	to.url = "https://jenkins.example.org/git/notifyCommit";
	to.secret = &token;
	ref.ref = "refs/heads/feature/x";
	assert_int_equal(hgt_webhook_write(&to, &event, 1, &m, NULL), 0);
	assert_true(m.get);
	assert_int_equal(m.body.len, 0);
	assert_string_equal(m.url.data,
		"https://jenkins.example.org/git/notifyCommit?url=https%3A%2F%2Fgit.example.org%2Finfra%2Fmy%2520web.git"
		"&branches=feature%2Fx&sha1=" NEW "&token=a%20b%26c");
	ref.ref = "refs/tags/v1";
	ref.new_id = NONE;
	to.url = "https://jenkins.example.org/git/notifyCommit?delay=0";
	to.secret = &no_secret;
	assert_int_equal(hgt_webhook_write(&to, &event, 1, &m, NULL), 0);
	assert_string_equal(m.url.data, "https://jenkins.example.org/git/notifyCommit?delay=0"
		"&url=https%3A%2F%2Fgit.example.org%2Finfra%2Fmy%2520web.git");
	hgt_buf_release(&body);
	hgt_webhook_message_release(&m);
}

static void cloudevents(void **state)
{
	struct hgt_webhook_message m = HGT_WEBHOOK_MESSAGE_INIT;
	const struct hgt_ref_event ref = ref_event();
	struct hgt_buf want = HGT_BUF_INIT, body = HGT_BUF_INIT;
	struct hgt_doc_set set;

	(void)state;
	event_of(&ref, &body);
	write_it(HGT_WEBHOOK_CLOUDEVENTS, &ref, &m, &set);
	assert_string_equal(m.body.data, body.data);	/* byte for byte what the journal has */
	has_header(&m, "Content-Type", "application/cloudevents+json; charset=utf-8");
	has_header(&m, "webhook-id", "01234567-89ab-8def-8123-456789abcdef");
	has_header(&m, "webhook-timestamp", "1767323046");
	hgt_standard_signature(&secret, "01234567-89ab-8def-8123-456789abcdef", 1767323046, m.body.data, m.body.len, &want);
	has_header(&m, "webhook-signature", want.data);
	signature_is(&m, "X-Signature", "sha256=", hgt_hmac_sha256_hex);
	hgt_doc_set_release(&set);
	hgt_buf_release(&want);
	hgt_buf_release(&body);
	hgt_webhook_message_release(&m);
}

/* A list that would take the body over its limit is left out, and what was cut says so. */
static void large_pushes(void **state)
{
	static const enum hgt_webhook_format formats[] = {HGT_WEBHOOK_CLOUDEVENTS, HGT_WEBHOOK_GITHUB, HGT_WEBHOOK_GITLAB,
		HGT_WEBHOOK_GITEA};
	static struct hgt_event_path many[1000];
	static char name[3000];
	struct hgt_ref_event ref = ref_event();

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	for (size_t i = 0; i < N_OF(many); i++)
		many[i] = (struct hgt_event_path){name, 'M'};
	ref.paths = many;
	ref.n_paths = N_OF(many);
	for (size_t i = 0; i < N_OF(formats); i++) {
		struct hgt_webhook_message m = HGT_WEBHOOK_MESSAGE_INIT;
		struct hgt_doc_set set;
		bool truncated;

		write_it(formats[i], &ref, &m, &set);
		assert_true(m.body.len < 16384);
		if (formats[i] == HGT_WEBHOOK_CLOUDEVENTS) {
			is_at(&set, "id", "0123456789abcdef.7");
			is_at(&set, "data.new", NEW);
			is_at(&set, "data.paths.0", "-");
			assert_true(hgt_node_get_bool(hgt_node_get(set.docs[0].root, "data"), "paths_truncated", &truncated) && truncated);
		} else {
			is_at(&set, "commits.0.id", NEW);
			is_at(&set, "commits.0.modified.0", "-");
		}
		hgt_doc_set_release(&set);
		/* One that is cut already lists nothing: half a list would look like all of it. */
		ref.paths_truncated = true;
		write_it(formats[i], &ref, &m, &set);
		is_at(&set, "commits.0.modified.0", "-");
		ref.paths_truncated = false;
		hgt_doc_set_release(&set);
		hgt_webhook_message_release(&m);
	}
}

static void without_a_secret_nothing_is_signed(void **state)
{
	(void)state;
	for (int format = 0; format < HGT_WEBHOOK_FORMATS; format++) {
		struct hgt_webhook_to to = receiver((enum hgt_webhook_format)format);
		struct hgt_webhook_message m = HGT_WEBHOOK_MESSAGE_INIT;
		const struct hgt_ref_event ref = ref_event();
		struct hgt_buf body = HGT_BUF_INIT;
		struct hgt_webhook_event event = event_of(&ref, &body);

		to.secret = &no_secret;
		assert_int_equal(hgt_webhook_write(&to, &event, 1, &m, NULL), 0);
		assert_null(strstr(m.headers.data, "ignature:"));
		assert_null(strstr(m.headers.data, "Signature-256:"));
		assert_null(strstr(m.headers.data, "Token:"));
		assert_null(strstr(m.url.data, "token="));
		hgt_buf_release(&body);
		hgt_webhook_message_release(&m);
	}
}

static void other_events_and_tests(void **state)
{
	struct hgt_webhook_message m = HGT_WEBHOOK_MESSAGE_INIT;
	const struct hgt_webhook_event event = {.delivery = "d", .id = "i", .type = "io.headgate.agent.added.v1", .body = "{}",
		.body_len = 2,
		.default_branch = ""};
	struct hgt_error err = {0};

	(void)state;
	for (int format = 0; format < HGT_WEBHOOK_FORMATS; format++) {
		const struct hgt_webhook_to to = receiver((enum hgt_webhook_format)format);

		assert_int_equal(hgt_webhook_write(&to, &event, 1, &m, &err), format == HGT_WEBHOOK_CLOUDEVENTS ? 0 : HGT_EINVAL);
		assert_int_equal(hgt_webhook_write_test(&to, "01234567-89ab-8def-8123-456789abcdef", 1767323046, &m, &err), 0);
		if (format == HGT_WEBHOOK_GITHUB)
			has_header(&m, "X-GitHub-Event", "ping");
		else
			assert_non_null(strstr(format == HGT_WEBHOOK_JENKINS ? m.url.data : m.body.data, format ? "headgate-test" : "webhook.tested"));
	}
	hgt_webhook_message_release(&m);
}

static void ids_of_deliveries(void **state)
{
	char a[HGT_DELIVERY_ID], b[HGT_DELIVERY_ID];

	(void)state;
	hgt_delivery_id("0123456789abcdef", 7, "argo", a);
	hgt_delivery_id("0123456789abcdef", 7, "argo", b);
	assert_string_equal(a, b);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(a[14], '8');
	assert_non_null(strchr("89ab", a[19]));
	hgt_delivery_id("0123456789abcdef", 8, "argo", b);
	assert_string_not_equal(a, b);
	hgt_delivery_id("0123456789abcdef", 7, "flux", b);
	assert_string_not_equal(a, b);
	hgt_delivery_id("1123456789abcdef", 7, "argo", b);
	assert_string_not_equal(a, b);
}

/* What hgt_ref_event_write writes is read as it was. */
static void reads_its_own_events(void **state)
{
	const struct hgt_ref_event ref = ref_event();
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_ref_event again;
	struct hgt_doc_set set;

	(void)state;
	event_of(&ref, &body);
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_webhook_read_ref(body.data, body.len, &set, &again, NULL), 0);
	assert_string_equal(again.repo, ref.repo);
	assert_string_equal(again.new_id, NEW);
	assert_string_equal(again.actor, "alice");
	assert_null(again.push);
	assert_int_equal(again.n_paths, 4);
	assert_int_equal(again.paths[2].status, 'D');
	assert_false(again.paths_truncated);
	assert_int_equal(hgt_webhook_read_ref("{\"data\":{}}", 11, &set, &again, NULL), HGT_EPARSE);
	assert_int_equal(hgt_webhook_read_ref("{", 1, &set, &again, NULL), HGT_EPARSE);
	hgt_doc_set_release(&set);
	hgt_buf_release(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(github), cmocka_unit_test(deletions), cmocka_unit_test(gitlab), cmocka_unit_test(gitea),
		cmocka_unit_test(jenkins), cmocka_unit_test(cloudevents), cmocka_unit_test(large_pushes),
		cmocka_unit_test(without_a_secret_nothing_is_signed), cmocka_unit_test(other_events_and_tests),
		cmocka_unit_test(ids_of_deliveries), cmocka_unit_test(reads_its_own_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
