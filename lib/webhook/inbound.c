/* Webhooks that forges send to us. */
#include "webhook/inbound.h"

#include "doc/doc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NO_ID "0000000000000000000000000000000000000000"

static const char *get_any(hgt_inbound_header_cb get, void *ctx, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = get(ctx, names[i]);

		if (value)
			return value;
	}
	return NULL;
}

bool hgt_inbound_verify(enum hgt_webhook_format kind, const struct hgt_secret *secret, hgt_inbound_header_cb get, void *ctx,
	const char *body, size_t len)
{
	static const char prefix[] = "sha256=";
	static const char *const plain[] = {"X-Gitea-Signature", "X-Forgejo-Signature", "X-Gogs-Signature"};
	const char *value;

	switch (kind) {
	case HGT_WEBHOOK_GITHUB:
		value = get(ctx, "X-Hub-Signature-256");
		return value && strncmp(value, prefix, sizeof(prefix) - 1) == 0 &&
			hgt_hmac_sha256_verify(secret, body, len, value + sizeof(prefix) - 1);
	case HGT_WEBHOOK_GITLAB:
		value = get(ctx, "X-Gitlab-Token");
		return value && hgt_secret_equals(secret, value);
	case HGT_WEBHOOK_GITEA:
		value = get_any(get, ctx, plain, COUNT(plain));
		return value && hgt_hmac_sha256_verify(secret, body, len, value);
	default:
		return false;
	}
}

/* As git-check-ref-format(1) has it, in the main. */
static bool is_ref(const char *ref)
{
	static const char *const never[] = {"..", "//", "/.", "@{", ".lock/"};
	size_t len = strlen(ref);

	if (strncmp(ref, "refs/", 5) != 0 || len > HGT_INBOUND_REF_MAX || ref[len - 1] == '/' || ref[len - 1] == '.' ||
	    !strcmp(ref + len - 5, ".lock"))
		return false;
	for (size_t i = 0; i < COUNT(never); i++)
		if (strstr(ref, never[i]))
			return false;
	for (const unsigned char *p = (const unsigned char *)ref; *p; p++)
		if (*p <= ' ' || *p == 0x7f || strchr("~^:?*[\\", *p))
			return false;
	return true;
}

static bool is_id(const char *id)
{
	size_t len = strlen(id);

	return (len == 40 || len == 64) && strspn(id, "0123456789abcdef") == len;
}

/* A string without a NUL character in it; NULL when there is none. */
static const char *get_text(const struct hgt_node *map, const char *key)
{
	const struct hgt_node *node = hgt_node_get(map, key);

	return node && node->type == HGT_NODE_STRING && !memchr(node->text, '\0', node->len) ? node->text : NULL;
}

/* A deletion as Gitea tells it: the short name and what it is. */
static int read_deletion(const struct hgt_node *root, struct hgt_doc_set *set, struct hgt_inbound_push *push, struct hgt_error *err)
{
	const char *name = get_text(root, "ref"), *type = get_text(root, "ref_type");
	const char *folder = type && !strcmp(type, "branch") ? "refs/heads/" : type && !strcmp(type, "tag") ? "refs/tags/" : NULL;
	struct hgt_buf ref = HGT_BUF_INIT;

	if (!name || !folder)
		return hgt_error_set(err, HGT_EPARSE, "the body does not say which branch or tag was deleted");
	hgt_buf_addf(&ref, "%s%s", folder, name);
	push->ref = ref.failed ? NULL : hgt_arena_strndup(&set->arena, ref.data, ref.len);
	hgt_buf_release(&ref);
	if (!push->ref)
		return hgt_error_nomem(err);
	push->new_id = NO_ID;
	return 0;
}

/* Which events tell of a push, and which of a deletion. */
static const struct kind {
	enum hgt_webhook_format format;
	const char *event[3], *delivery[3];	/* headers */
	const char *pushes[3], *deletion;
} kinds[] = {
	{HGT_WEBHOOK_GITHUB, {"X-GitHub-Event"}, {"X-GitHub-Delivery"}, {"push"}, NULL},
	{HGT_WEBHOOK_GITLAB, {"X-Gitlab-Event"}, {"X-Gitlab-Event-UUID", "Idempotency-Key"}, {"Push Hook", "Tag Push Hook"}, NULL},
	{HGT_WEBHOOK_GITEA, {"X-Gitea-Event", "X-Forgejo-Event", "X-Gogs-Event"},
		{"X-Gitea-Delivery", "X-Forgejo-Delivery", "X-Gogs-Delivery"}, {"push"}, "delete"},
};

int hgt_inbound_read(enum hgt_webhook_format format, hgt_inbound_header_cb get, void *ctx, const char *body, size_t len,
	struct hgt_doc_set *set, struct hgt_inbound_push *out, struct hgt_error *err)
{
	struct hgt_inbound_push push = {0};
	const struct kind *kind = NULL;
	const struct hgt_node *root;
	bool pushes = false, deletes;
	const char *event;
	int code;

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].format == format)
			kind = &kinds[i];
	if (!kind)
		return hgt_error_set(err, HGT_EINVAL, "no such forge sends webhooks here");
	event = get_any(get, ctx, kind->event, kind->event[2] ? 3 : 1);
	if (!event)
		return hgt_error_set(err, HGT_EPARSE, "the header %s is missing", kind->event[0]);
	for (size_t i = 0; i < COUNT(kind->pushes) && kind->pushes[i]; i++)
		pushes |= !strcmp(event, kind->pushes[i]);
	deletes = kind->deletion && !strcmp(event, kind->deletion);
	if (!pushes && !deletes)
		return 0;
	push.delivery = get_any(get, ctx, kind->delivery, kind->delivery[2] ? 3 : kind->delivery[1] ? 2 : 1);
	if (push.delivery && (!push.delivery[0] || strlen(push.delivery) > HGT_INBOUND_DELIVERY_MAX))
		return hgt_error_set(err, HGT_EPARSE, "the id of the delivery has not 1 to %d bytes", HGT_INBOUND_DELIVERY_MAX);
	code = hgt_json_parse_message(body, len, set, err);
	if (code < 0)
		return code;
	root = set->docs[0].root;
	if (deletes) {
		code = read_deletion(root, set, &push, err);
		if (code < 0)
			return code;
	} else {
		push.ref = get_text(root, "ref");
		push.old_id = get_text(root, "before");
		push.new_id = get_text(root, "after");
	}
	if (!push.ref || !is_ref(push.ref))
		return hgt_error_set(err, HGT_EPARSE, "field \"ref\" is not a full ref name");
	if (!push.new_id || !is_id(push.new_id) || (!deletes && (!push.old_id || !is_id(push.old_id))))
		return hgt_error_set(err, HGT_EPARSE, "fields \"before\" and \"after\" are not object ids");
	*out = push;
	return 1;
}
