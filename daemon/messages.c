/* What clients of the HTTP API send as JSON, checked field by field. */
#include "daemon/messages.h"

#include "base/glob.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "daemon/fields.h"
#include "daemon/secret.h"
#include "git/update.h"
#include "headgate/protocol.h"

#define PATH_MAX_BYTES 4096	/* bytes of a path or ref */
#define ALLOW_MAX 256		/* globs of one agent */
#define COMPARE_EVERY_MAX 86400	/* seconds, as in an agent's config */

bool message_path_is_valid(const char *path)
{
	size_t n;

	if (!*path)
		return true;
	for (;; path += n + 1) {
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[n])
			return true;
	}
}

bool message_ref_is_valid(const char *ref)
{
	size_t len = strlen(ref);

	if (strncmp(ref, "refs/", 5) != 0 || !ref[5] || ref[len - 1] == '/' || ref[len - 1] == '.')
		return false;
	for (const char *p = ref; *p; p++)
		if ((unsigned char)*p <= ' ' || strchr("~^:?*[\\\x7f", *p))
			return false;
	return !strstr(ref, "..") && !strstr(ref, "//") && !strstr(ref, "/.") && !strstr(ref, "@{");
}

int message_agent_spec(const char *text, size_t len, struct hgt_doc_set *set, struct agent_spec *out, struct hgt_error *err)
{
	static const char *const kinds[] = {"cluster", "host", NULL};
	const struct hgt_node *root, *allow;
	int code;

	*out = (struct agent_spec){0};
	if ((code = field_object(text, len, set, &root, err)) < 0 || (code = field_name(root, "name", &out->name, err)) < 0 ||
	    (code = field_word(root, "kind", kinds, true, &out->kind, err)) < 0 ||
	    (code = field_string(root, "certificate", FIELD_TEXT_MAX, false, &out->certificate, err)) < 0 ||
	    (code = field_array(root, "allow", ALLOW_MAX, &allow, err)) < 0)
		return code;
	if (!strcmp(out->name, "self"))
		return hgt_error_set(err, HGT_EPARSE, "field \"name\" cannot be \"self\": that is how an agent calls itself");
	if (out->certificate && !*out->certificate)
		return hgt_error_set(err, HGT_EPARSE, "field \"certificate\" is empty: it is to be the name in the agent's certificate");
	out->body = root;
	if (!allow->v.seq.n)
		return hgt_error_set(err, HGT_EPARSE, "field \"allow\" is empty: the agent could see nothing");
	out->allow.items = hgt_arena_array(&set->arena, allow->v.seq.n, sizeof(*out->allow.items));
	if (!out->allow.items)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < allow->v.seq.n; i++) {
		const struct hgt_node *glob = allow->v.seq.items[i];

		if (glob->type != HGT_NODE_STRING || memchr(glob->text, '\0', glob->len))
			return hgt_error_set(err, HGT_EPARSE, "field \"allow\" is to hold strings");
		code = glob->text[strcspn(glob->text, "\x1e\x1f")] ? hgt_error_set(err, HGT_EPARSE, "control character") :
			hgt_glob_check(glob->text, err);
		if (code < 0) {
			hgt_error_prefix(err, "field \"allow\"");
			return code;
		}
		out->allow.items[i] = hgt_arena_strndup(&set->arena, glob->text, glob->len);
		if (!out->allow.items[i])
			return hgt_error_nomem(err);
		out->allow.n++;
	}
	return 0;
}

int message_token_spec(const char *text, size_t len, struct hgt_doc_set *set, struct token_spec *out, struct hgt_error *err)
{
	static const char *const roles[] = {"viewer", "operator", "admin", NULL};
	int code;

	*out = (struct token_spec){0};
	if ((code = field_object(text, len, set, &out->body, err)) < 0 || (code = field_name(out->body, "name", &out->name, err)) < 0 ||
	    (code = field_word(out->body, "role", roles, true, &out->role, err)) < 0)
		return code;
	return 0;
}

int message_rotation(const char *text, size_t len, uint64_t *overlap_seconds, struct hgt_error *err)
{
	const struct hgt_node *root;
	int64_t seconds = SECRET_OVERLAP_SECONDS;
	struct hgt_doc_set set;
	bool there;
	int code = 0;

	if (len) {
		hgt_doc_set_init(&set);
		code = field_object(text, len, &set, &root, err);
		if (code == 0)
			code = field_int(root, "overlap", 0, &there, &seconds, err);
		if (code == 0 && !there)
			seconds = SECRET_OVERLAP_SECONDS;
		if (code == 0 && seconds > SECRET_OVERLAP_MAX)
			code = hgt_error_set(err, HGT_EPARSE, "field \"overlap\" is over %d seconds", SECRET_OVERLAP_MAX);
		hgt_doc_set_release(&set);
	}
	if (code == 0)
		*overlap_seconds = (uint64_t)seconds;
	return code;
}

/* What of revparse's language names a commit and takes no search: names of refs and ids, ~ and ^ behind them. */
static bool is_revision(const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || strchr(":?*[\\{}\x7f", *p))
			return false;
	return *text && *text != '-';
}

int message_command(const char *text, size_t len, struct hgt_doc_set *set, struct command_spec *out, struct hgt_error *err)
{
	static const char *const actions[] = {"sync", "suspend", "resume", NULL};
	const struct hgt_node *root;
	int code;

	*out = (struct command_spec){0};
	if ((code = field_object(text, len, set, &root, err)) < 0 ||
	    (code = field_string(root, "target", FIELD_TEXT_MAX, false, &out->target, err)) < 0 ||
	    (code = field_word(root, "action", actions, true, &out->action, err)) < 0 ||
	    (code = field_string(root, "revision", FIELD_TEXT_MAX, false, &out->revision, err)) < 0 ||
	    (code = field_string(root, "actor", FIELD_TEXT_MAX, false, &out->actor, err)) < 0 ||
	    (out->target && (code = field_name(root, "target", &out->target, err)) < 0))
		return code;
	if (out->actor && !*out->actor)
		return hgt_error_set(err, HGT_EPARSE, "field \"actor\" is empty");
	if (!out->revision)
		return 0;
	if (!is_revision(out->revision))
		return hgt_error_set(err, HGT_EPARSE, "field \"revision\" is to be a commit's id or a name for one, like v1.2 or main~1");
	return strcmp(out->action, "sync") == 0 ? 0 : hgt_error_set(err, HGT_ECONFLICT, "a revision goes with sync, not with %s", out->action);
}

int message_acknowledgement(const char *text, size_t len, struct hgt_cursor *id, struct hgt_error *err)
{
	const struct hgt_node *root;
	struct hgt_doc_set set;
	const char *name;
	int code;

	hgt_doc_set_init(&set);
	code = field_object(text, len, &set, &root, err);
	if (code == 0)
		code = field_string(root, "id", FIELD_TEXT_MAX, true, &name, err);
	if (code == 0 && (hgt_cursor_parse(name, id, NULL) < 0 || !*id->journal))
		code = hgt_error_set(err, HGT_EPARSE, "field \"id\" is no id of a command");
	hgt_doc_set_release(&set);
	return code;
}

static int parse_target(const struct hgt_node *node, struct announced_target *out, struct hgt_error *err)
{
	static const char *const syncs[] = {"auto", "manual", NULL};
	bool there;
	int code;

	out->compare_every = 0;
	if (node->type != HGT_NODE_MAP)
		return hgt_error_set(err, HGT_EPARSE, "field \"targets\" is to hold objects, not %s", hgt_node_type_name(node->type));
	if ((code = field_name(node, "name", &out->name, err)) < 0 ||
	    (code = field_string(node, "repo", PATH_MAX_BYTES, true, &out->repo, err)) < 0 ||
	    (code = field_string(node, "ref", PATH_MAX_BYTES, true, &out->ref, err)) < 0 ||
	    (code = field_string(node, "path", PATH_MAX_BYTES, false, &out->path, err)) < 0 ||
	    (code = field_name(node, "driver", &out->driver, err)) < 0 ||
	    (code = field_word(node, "sync", syncs, false, &out->sync, err)) < 0 ||
	    (code = field_int(node, "compare_every", 0, &there, &out->compare_every, err)) < 0)
		return code;
	if (out->compare_every > COMPARE_EVERY_MAX)
		return hgt_error_set(err, HGT_EPARSE, "target %s: field \"compare_every\" is to be %d seconds at the most", out->name,
			COMPARE_EVERY_MAX);
	if (!*out->repo || !message_path_is_valid(out->repo))
		return hgt_error_set(err, HGT_EPARSE, "target %s: field \"repo\" is no name of a repository", out->name);
	if (!message_ref_is_valid(out->ref))
		return hgt_error_set(err, HGT_EPARSE, "target %s: field \"ref\" is no full ref name, like refs/heads/main", out->name);
	if (!out->path)
		out->path = "";
	if (!message_path_is_valid(out->path))
		return hgt_error_set(err, HGT_EPARSE, "target %s: field \"path\" is to be a relative path without empty, \".\" or "
			"\"..\" components", out->name);
	if (!out->sync)
		out->sync = "auto";
	return 0;
}

static int parse_announcement(const char *text, size_t len, bool stored, struct hgt_doc_set *set, struct announcement *out,
	struct hgt_error *err)
{
	const struct hgt_node *root, *targets;
	int code;

	*out = (struct announcement){0};
	if ((code = field_object(text, len, set, &root, err)) < 0 ||
	    (code = field_string(root, "version", FIELD_TEXT_MAX, false, &out->version, err)) < 0 ||
	    (code = field_string(root, "host", FIELD_TEXT_MAX, false, &out->host, err)) < 0 ||
	    (code = field_string(root, "instance", FIELD_TEXT_MAX, !stored, &out->instance, err)) < 0)
		return code;
	if (stored && !hgt_node_get(root, "targets"))
		return 0;	/* "{}": it has not announced itself yet */
	if (!stored && !*out->instance)
		return hgt_error_set(err, HGT_EPARSE, "field \"instance\" is empty");
	code = field_array(root, "targets", MESSAGE_TARGETS_MAX, &targets, err);
	if (code < 0 || !targets->v.seq.n)
		return code;
	out->targets = hgt_arena_array(&set->arena, targets->v.seq.n, sizeof(*out->targets));
	if (!out->targets)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < targets->v.seq.n; i++) {
		struct announced_target *target = &out->targets[i];

		code = parse_target(targets->v.seq.items[i], target, err);
		if (code < 0)
			return code;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(out->targets[k].name, target->name))
				return hgt_error_set(err, HGT_EPARSE, "target %s is given twice", target->name);
		out->n_targets++;
	}
	return 0;
}

int message_announcement(const char *text, size_t len, struct hgt_doc_set *set, struct announcement *out, struct hgt_error *err)
{
	return parse_announcement(text, len, false, set, out, err);
}

int message_announcement_stored(const char *text, size_t len, struct hgt_doc_set *set, struct announcement *out,
	struct hgt_error *err)
{
	return parse_announcement(text, len, true, set, out, err);
}

void message_announcement_write(const struct announcement *announcement, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "version", announcement->version);
	hgt_json_key_string(&json, "host", announcement->host);
	hgt_json_key(&json, "targets");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < announcement->n_targets; i++) {
		const struct announced_target *target = &announcement->targets[i];

		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "name", target->name);
		hgt_json_key_string(&json, "repo", target->repo);
		hgt_json_key_string(&json, "ref", target->ref);
		hgt_json_key_string(&json, "path", target->path);
		hgt_json_key_string(&json, "driver", target->driver);
		hgt_json_key_string(&json, "sync", target->sync);
		hgt_json_key_int(&json, "compare_every", target->compare_every);
		hgt_json_end_object(&json);
	}
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
}
