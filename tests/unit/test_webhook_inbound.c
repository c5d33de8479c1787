/* lib/webhook/inbound: what forges send, read and distrusted. */
#include "webhook/inbound.h"

#include "doc/doc.h"
#include "tests/unit/unit.h"

#define OLD "1111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222"
#define NONE "0000000000000000000000000000000000000000"
#define PUSH "{\"ref\":\"refs/heads/main\",\"before\":\"" OLD "\",\"after\":\"" NEW "\"}"

/* Names and values in turn, NULL at the end. */
static const char *get(void *ctx, const char *name)
{
	for (const char *const *header = ctx; *header; header += 2)
		if (!strcasecmp(header[0], name))
			return header[1];
	return NULL;
}

static void verifies(void **state)
{
	/* GitHub's "Validating webhook deliveries" */
	static const char body[] = "Hello, World!", digest[] = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
	static const struct hgt_secret secret = {(char *)"It's a Secret to Everybody", 26};
	const char *github[] = {"X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", NULL};
	const char *bare[] = {"X-Hub-Signature-256", digest, NULL};
	const char *sha1[] = {"X-Hub-Signature", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59", NULL};
	const char *gitea[] = {"X-Gitea-Signature", digest, NULL}, *forgejo[] = {"X-Forgejo-Signature", digest, NULL};
	const char *gitlab[] = {"X-Gitlab-Token", "It's a Secret to Everybody", NULL};
	const char *wrong[] = {"X-Gitlab-Token", "It's a Secret to Everybody?", "X-Gitea-Signature", "", "X-Hub-Signature-256", "sha256=",
		NULL};
	const char *none[] = {NULL};

	(void)state;
	assert_true(hgt_inbound_verify(HGT_WEBHOOK_GITHUB, &secret, get, github, body, 13));
	assert_false(hgt_inbound_verify(HGT_WEBHOOK_GITHUB, &secret, get, github, body, 12));
	assert_false(hgt_inbound_verify(HGT_WEBHOOK_GITHUB, &secret, get, bare, body, 13));
	assert_false(hgt_inbound_verify(HGT_WEBHOOK_GITHUB, &secret, get, sha1, body, 13));	/* the old one alone is not enough */
	assert_true(hgt_inbound_verify(HGT_WEBHOOK_GITEA, &secret, get, gitea, body, 13));
	assert_true(hgt_inbound_verify(HGT_WEBHOOK_GITEA, &secret, get, forgejo, body, 13));
	assert_true(hgt_inbound_verify(HGT_WEBHOOK_GITLAB, &secret, get, gitlab, body, 13));
	/* The token of one kind is no signature of another. */
	assert_false(hgt_inbound_verify(HGT_WEBHOOK_GITHUB, &secret, get, gitlab, body, 13));
	assert_false(hgt_inbound_verify(HGT_WEBHOOK_JENKINS, &secret, get, gitlab, body, 13));
	for (int kind = 0; kind < HGT_WEBHOOK_FORMATS; kind++) {
		assert_false(hgt_inbound_verify((enum hgt_webhook_format)kind, &secret, get, wrong, body, 13));
		assert_false(hgt_inbound_verify((enum hgt_webhook_format)kind, &secret, get, none, body, 13));
	}
}

static void reads(void **state)
{
	static const struct {
		enum hgt_webhook_format kind;
		const char *event, *value, *delivery, *body;
		int code;
		const char *ref, *old_id, *new_id;
	} cases[] = {
		{HGT_WEBHOOK_GITHUB, "X-GitHub-Event", "push", "X-GitHub-Delivery", PUSH, 1, "refs/heads/main", OLD, NEW},
		{HGT_WEBHOOK_GITHUB, "X-GitHub-Event", "ping", "X-GitHub-Delivery", "{}", 0, NULL, NULL, NULL},
		{HGT_WEBHOOK_GITHUB, "X-GitHub-Event", "issues", "X-GitHub-Delivery", "no JSON at all", 0, NULL, NULL, NULL},
		{HGT_WEBHOOK_GITHUB, "X-Other", "push", "X-GitHub-Delivery", PUSH, HGT_EPARSE, NULL, NULL, NULL},
		{HGT_WEBHOOK_GITHUB, "X-GitHub-Event", "push", "X-GitHub-Delivery", "payload=%7B%7D", HGT_EPARSE, NULL, NULL, NULL},
		{HGT_WEBHOOK_GITHUB, "X-GitHub-Event", "push", "X-GitHub-Delivery", "[]", HGT_EPARSE, NULL, NULL, NULL},
		{HGT_WEBHOOK_GITLAB, "X-Gitlab-Event", "Push Hook", "X-Gitlab-Event-UUID", PUSH, 1, "refs/heads/main", OLD, NEW},
		{HGT_WEBHOOK_GITLAB, "X-Gitlab-Event", "Tag Push Hook", "Idempotency-Key",
			"{\"ref\":\"refs/tags/v1\",\"before\":\"" OLD "\",\"after\":\"" NONE "\"}", 1, "refs/tags/v1", OLD, NONE},
		{HGT_WEBHOOK_GITLAB, "X-Gitlab-Event", "Issue Hook", "Idempotency-Key", "{}", 0, NULL, NULL, NULL},
		{HGT_WEBHOOK_GITEA, "X-Gitea-Event", "push", "X-Gitea-Delivery", PUSH, 1, "refs/heads/main", OLD, NEW},
		{HGT_WEBHOOK_GITEA, "X-Forgejo-Event", "push", "X-Forgejo-Delivery", PUSH, 1, "refs/heads/main", OLD, NEW},
		{HGT_WEBHOOK_GITEA, "X-Gitea-Event", "delete", "X-Gitea-Delivery", "{\"ref\":\"old/one\",\"ref_type\":\"branch\"}", 1,
			"refs/heads/old/one", NULL, NONE},
		{HGT_WEBHOOK_GITEA, "X-Gitea-Event", "delete", "X-Gitea-Delivery", "{\"ref\":\"v1\",\"ref_type\":\"tag\"}", 1, "refs/tags/v1",
			NULL, NONE},
		{HGT_WEBHOOK_GITEA, "X-Gitea-Event", "delete", "X-Gitea-Delivery", "{\"ref\":\"v1\",\"ref_type\":\"moon\"}", HGT_EPARSE, NULL,
			NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		const char *headers[] = {cases[i].event, cases[i].value, cases[i].delivery, "id-1", NULL};
		struct hgt_inbound_push push = {0};
		struct hgt_error err = {0};
		struct hgt_doc_set set;

		hgt_doc_set_init(&set);
		if (hgt_inbound_read(cases[i].kind, get, headers, cases[i].body, strlen(cases[i].body), &set, &push, &err) != cases[i].code)
			fail_msg("case %zu: %s", i, err.message);
		if (cases[i].code == 1) {
			assert_string_equal(push.ref, cases[i].ref);
			assert_string_equal(push.new_id, cases[i].new_id);
			assert_string_equal(push.delivery, "id-1");
			if (cases[i].old_id)
				assert_string_equal(push.old_id, cases[i].old_id);
			else
				assert_null(push.old_id);
		}
		hgt_doc_set_release(&set);
	}
}

static void refuses_what_is_no_ref_or_id(void **state)
{
	static const char *const refs[] = {"", "main", "refs/", "refs/heads/../x", "refs/heads/a b", "refs/heads/a\\u0000b",
		"refs/heads/a~1", "refs//a",
		"refs/heads/x.lock", "refs/heads/.x", "refs/heads/x.", "refs/heads/x/", "refs/heads/@{x", "refs/heads/\\u001b[31m",
			"refs/heads/x?"};
	static const char *const ids[] = {"", "111", OLD "1", "111111111111111111111111111111111111111g",
		"ABCDEF1111111111111111111111111111111111",
		"1111111111111111111111111111111111\\u0000"};
	const char *headers[] = {"X-GitHub-Event", "push", NULL};
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_inbound_push push;
	struct hgt_doc_set set;

	(void)state;
	for (size_t i = 0; i < N_OF(refs) + N_OF(ids); i++) {
		const char *ref = i < N_OF(refs) ? refs[i] : "refs/heads/main", *id = i < N_OF(refs) ? NEW : ids[i - N_OF(refs)];

		hgt_buf_reset(&body);
		hgt_buf_addf(&body, "{\"ref\":\"%s\",\"before\":\"" OLD "\",\"after\":\"%s\"}", ref, id);
		hgt_doc_set_init(&set);
		if (hgt_inbound_read(HGT_WEBHOOK_GITHUB, get, headers, body.data, body.len, &set, &push, NULL) != HGT_EPARSE)
			fail_msg("taken: %s", body.data);
		hgt_doc_set_release(&set);
	}
	hgt_buf_release(&body);
}

static void bounds_the_id_of_a_delivery(void **state)
{
	char long_id[HGT_INBOUND_DELIVERY_MAX + 2];
	const char *headers[] = {"X-GitHub-Event", "push", "X-GitHub-Delivery", long_id, NULL};
	struct hgt_inbound_push push;
	struct hgt_doc_set set;

	(void)state;
	memset(long_id, 'x', sizeof(long_id));
	long_id[sizeof(long_id) - 1] = '\0';
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_inbound_read(HGT_WEBHOOK_GITHUB, get, headers, PUSH, strlen(PUSH), &set, &push, NULL), HGT_EPARSE);
	long_id[HGT_INBOUND_DELIVERY_MAX] = '\0';
	assert_int_equal(hgt_inbound_read(HGT_WEBHOOK_GITHUB, get, headers, PUSH, strlen(PUSH), &set, &push, NULL), 1);
	headers[2] = NULL;
	assert_int_equal(hgt_inbound_read(HGT_WEBHOOK_GITHUB, get, headers, PUSH, strlen(PUSH), &set, &push, NULL), 1);
	assert_null(push.delivery);
	hgt_doc_set_release(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifies), cmocka_unit_test(reads), cmocka_unit_test(refuses_what_is_no_ref_or_id),
		cmocka_unit_test(bounds_the_id_of_a_delivery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
