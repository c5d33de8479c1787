/* The line that a hook hands over, read and checked. */
#include "daemon/hook_line.h"

#include "base/map.h"
#include "base/timing.h"
#include "headgate/protocol.h"

enum { PUSH_ID_HEX = 32, REF_MAX = 4096, ACTOR_MAX = 1024, PATH_TEXT_MAX = 4096 };

static int malformed(struct hgt_error *err, const char *what)
{
	return hgt_error_set(err, HGT_EPARSE, "the announcement's %s", what);
}

/* A string without NUL bytes of 1 to max bytes. */
static bool is_text(const struct hgt_node *node, size_t max)
{
	return node && node->type == HGT_NODE_STRING && node->len > 0 && node->len <= max && !memchr(node->text, '\0', node->len);
}

static bool is_ref(const struct hgt_node *node)
{
	if (!is_text(node, REF_MAX) || strncmp(node->text, "refs/", 5) != 0)
		return false;
	for (size_t i = 0; i < node->len; i++)
		if ((unsigned char)node->text[i] <= ' ' || node->text[i] == 0x7f)
			return false;
	return true;
}

static bool is_oid(const struct hgt_node *node)
{
	return is_text(node, HGT_OID_HEX_SHA256) && hgt_oid_is_valid(node->text);
}

static int read_update(const struct hgt_node *node, struct hgt_update *out, struct hgt_error *err)
{
	const struct hgt_node *old_id = hgt_node_get(node, "old"), *new_id = hgt_node_get(node, "new"), *ref = hgt_node_get(node, "ref");

	if (!is_oid(old_id) || !is_oid(new_id) || old_id->len != new_id->len)
		return malformed(err, "updates hold something that is no pair of object ids");
	if (old_id->len != HGT_OID_HEX)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "this is a SHA-256 repository, which Headgate does not read yet");
	if (!is_ref(ref))
		return malformed(err, "updates hold something that is no ref");
	*out = (struct hgt_update){.old_id = old_id->text, .new_id = new_id->text, .ref = ref->text};
	return 0;
}

static int read_updates(const struct hgt_node *node, struct hook_line *line, struct hgt_error *err)
{
	struct hgt_map refs = HGT_MAP_INIT;
	int code = 0;

	if (!node || node->type != HGT_NODE_SEQ || node->v.seq.n == 0)
		return malformed(err, "updates are no list of some");
	if (node->v.seq.n > HGT_HOOK_UPDATES_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the push moves %zu refs; %d at once is the most", node->v.seq.n,
			HGT_HOOK_UPDATES_MAX);
	line->updates = hgt_arena_array(&line->set.arena, node->v.seq.n, sizeof(*line->updates));
	if (!line->updates)
		return hgt_error_nomem(err);
	for (size_t i = 0; code == 0 && i < node->v.seq.n; i++) {
		struct hgt_update *update = &line->updates[i];

		code = read_update(node->v.seq.items[i], update, err);
		if (code < 0)
			break;
		code = hgt_map_put(&refs, update->ref, strlen(update->ref), update, NULL);
		if (code < 0)
			hgt_error_nomem(err);
		else if (code == 1)
			code = malformed(err, "updates name one ref twice");
	}
	if (code == 0)
		line->n_updates = node->v.seq.n;
	hgt_map_release(&refs);
	return code;
}

static int read_head(const struct hgt_node *root, struct hook_line *line, struct hgt_error *err)
{
	const struct hgt_node *actor = hgt_node_get(root, "actor"), *name = hgt_node_get(actor, "name");
	const struct hgt_node *repo = hgt_node_get(root, "repo"), *push = hgt_node_get(root, "push");
	const struct hgt_node *remote = hgt_node_get(actor, "remote");
	const char *type = hgt_node_get_string(root, "type"), *time = hgt_node_get_string(root, "time");
	int64_t version;

	if (!hgt_node_get_int(root, "v", &version))
		return malformed(err, "version is missing");
	if (version != HGT_HOOK_VERSION)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "the announcement has version %lld; this daemon reads version %d",
			(long long)version, HGT_HOOK_VERSION);
	if (!type || (strcmp(type, "received") != 0 && strcmp(type, "refused") != 0 && strcmp(type, "wait") != 0))
		return malformed(err, "type is neither received, refused nor wait");
	if (!is_text(repo, PATH_TEXT_MAX) || repo->text[0] != '/')
		return malformed(err, "repo is no absolute path");
	if (!is_text(push, PUSH_ID_HEX) || push->len != PUSH_ID_HEX || strspn(push->text, "0123456789abcdef") != PUSH_ID_HEX)
		return malformed(err, "push is no id of 32 hex digits");
	if (!is_text(name, ACTOR_MAX))
		return malformed(err, "actor has no name");
	line->refused = strcmp(type, "refused") == 0;
	line->wait = strcmp(type, "wait") == 0;
	if (line->wait && (!hgt_node_get_int(root, "seconds", &line->seconds) || line->seconds < 1))
		return malformed(err, "seconds to wait are no number above 0");
	line->repo = repo->text;
	line->push = push->text;
	line->actor = name->text;
	line->remote = is_text(remote, ACTOR_MAX) ? remote->text : NULL;
	if (!time || hgt_time_parse(time, &line->time_ms, NULL) < 0)
		line->time_ms = 0;
	return 0;
}

static int read_refusal(const struct hgt_node *root, struct hook_line *line, struct hgt_error *err)
{
	const struct hgt_node *findings = hgt_node_get(root, "findings");

	if (!hgt_node_get_int(root, "errors", &line->errors) || !hgt_node_get_int(root, "warnings", &line->warnings) ||
		line->errors < 0 || line->warnings < 0)
		return malformed(err, "numbers of errors and warnings are missing");
	if (findings && findings->type != HGT_NODE_SEQ)
		return malformed(err, "findings are no list");
	line->findings = findings;
	return 0;
}

int hook_line_parse(const char *text, size_t len, struct hook_line **out, struct hgt_error *err)
{
	struct hook_line *line;
	const struct hgt_node *root;
	int code;

	if (len > HGT_HOOK_LINE_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the announcement is longer than %d bytes", HGT_HOOK_LINE_MAX);
	line = calloc(1, sizeof(*line));
	if (!line)
		return hgt_error_nomem(err);
	hgt_doc_set_init(&line->set);
	code = hgt_json_parse_message(text, len, &line->set, err);
	if (code < 0) {
		free(line);
		return code;
	}
	root = line->set.docs[0].root;
	if (!root || root->type != HGT_NODE_MAP)
		code = hgt_error_set(err, HGT_EPARSE, "the announcement is no JSON object");
	if (code == 0)
		code = read_head(root, line, err);
	if (code == 0)
		code = read_updates(hgt_node_get(root, "updates"), line, err);
	if (code == 0 && line->refused)
		code = read_refusal(root, line, err);
	if (code == 0) {
		*out = line;
		line = NULL;
	}
	hook_line_free(line);
	return code;
}

void hook_line_free(struct hook_line *line)
{
	if (line)
		hgt_doc_set_release(&line->set);
	free(line);
}
