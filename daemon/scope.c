/* What of the repositories somebody may see. */
#include "daemon/scope.h"

#include "base/glob.h"
#include "base/json_writer.h"
#include "daemon/messages.h"
#include "doc/doc.h"

struct scope *scope_ref(struct scope *scope)
{
	if (scope)
		scope->refs++;
	return scope;
}

void scope_unref(struct scope *scope)
{
	if (!scope || --scope->refs)
		return;
	for (size_t i = 0; i < scope->n_paths; i++)
		free(scope->paths[i]);
	free(scope->paths);
	free(scope->repos);
	free(scope->ref_names);
	free(scope->text);
	free(scope);
}

/* Reading. */

/* The strings of a list; *out stays empty when there is none. */
static int read_list(const struct hgt_node *object, const char *key, struct hgt_arena *arena, struct hgt_strings *out,
	struct hgt_error *err)
{
	const struct hgt_node *list = hgt_node_get(object, key);

	*out = (struct hgt_strings){0};
	if (!list || list->type == HGT_NODE_NULL)
		return 0;
	if (list->type != HGT_NODE_SEQ)
		return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is to be an array, not %s", key, hgt_node_type_name(list->type));
	if (list->v.seq.n > SCOPE_ITEMS_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "field \"%s\" has more than %d items", key, SCOPE_ITEMS_MAX);
	out->items = hgt_arena_array(arena, list->v.seq.n + 1, sizeof(*out->items));
	if (!out->items)
		return hgt_error_nomem(err);
	for (; out->n < list->v.seq.n; out->n++) {
		const struct hgt_node *item = list->v.seq.items[out->n];

		if (item->type != HGT_NODE_STRING)
			return hgt_error_set(err, HGT_EPARSE, "field \"%s\" is to hold strings", key);
		for (size_t i = 0; i < item->len; i++)
			if ((unsigned char)item->text[i] < ' ')
				return hgt_error_set(err, HGT_EPARSE, "field \"%s\" has a control character", key);
		out->items[out->n] = hgt_arena_strndup(arena, item->text, item->len);
		if (!out->items[out->n])
			return hgt_error_nomem(err);
	}
	return 0;
}

static int check_globs(const char *key, const struct hgt_strings *globs, struct hgt_error *err)
{
	for (size_t i = 0; i < globs->n; i++) {
		int code = hgt_glob_check(globs->items[i], err);

		if (code < 0) {
			hgt_error_prefix(err, "field \"%s\"", key);
			return code;
		}
	}
	return 0;
}

static int check_paths(const struct hgt_strings *paths, struct hgt_error *err)
{
	for (size_t i = 0; i < paths->n; i++)
		if (!*paths->items[i] || !message_path_is_valid(paths->items[i]))
			return hgt_error_set(err, HGT_EPARSE, "field \"paths\" is to hold relative paths without empty, \".\" or \"..\" "
				"components");
	return 0;
}

static void write_list(struct hgt_json *json, const char *key, const struct hgt_strings *list)
{
	hgt_json_key(json, key);
	hgt_json_begin_array(json);
	for (size_t i = 0; i < list->n; i++)
		hgt_json_string(json, list->items[i]);
	hgt_json_end_array(json);
}

static char *write_text(const struct hgt_strings *repos, const struct hgt_strings *refs, const struct hgt_strings *paths)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);

	hgt_json_begin_object(&json);
	write_list(&json, "repos", repos);
	write_list(&json, "refs", refs);
	write_list(&json, "paths", paths);
	hgt_json_end_object(&json);
	return hgt_buf_take(&text);
}

/* "" for none; NULL when memory runs out. */
static char *join(const struct hgt_strings *globs)
{
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_buf_adds(&text, "");
	hgt_glob_join_any(globs->items, globs->n, &text);
	return hgt_buf_take(&text);
}

static struct scope *scope_new(const struct hgt_strings *repos, const struct hgt_strings *refs, const struct hgt_strings *paths)
{
	struct scope *scope = calloc(1, sizeof(*scope));

	if (!scope)
		return NULL;
	scope->refs = 1;
	scope->repos = join(repos);
	scope->ref_names = join(refs);
	scope->text = write_text(repos, refs, paths);
	scope->paths = calloc(paths->n + 1, sizeof(*scope->paths));
	if (!scope->repos || !scope->ref_names || !scope->text || !scope->paths)
		goto fail;
	for (; scope->n_paths < paths->n; scope->n_paths++) {
		scope->paths[scope->n_paths] = strdup(paths->items[scope->n_paths]);
		if (!scope->paths[scope->n_paths])
			goto fail;
	}
	return scope;
fail:
	scope_unref(scope);
	return NULL;
}

int scope_parse(const struct hgt_node *object, const struct hgt_strings *repos, struct scope **out, struct hgt_error *err)
{
	struct hgt_strings own = {0}, refs, paths;
	struct hgt_arena arena = HGT_ARENA_INIT;
	int code;

	if ((!repos && ((code = read_list(object, "repos", &arena, &own, err)) < 0 || (code = check_globs("repos", &own, err)) < 0)) ||
	    (code = read_list(object, "refs", &arena, &refs, err)) < 0 || (code = check_globs("refs", &refs, err)) < 0 ||
	    (code = read_list(object, "paths", &arena, &paths, err)) < 0 || (code = check_paths(&paths, err)) < 0)
		goto out;
	*out = scope_new(repos ? repos : &own, &refs, &paths);
	code = *out ? 0 : hgt_error_nomem(err);
out:
	hgt_arena_release(&arena);
	return code;
}

/* Asking. */

bool scope_is_all(const struct scope *scope)
{
	return !scope || (!*scope->repos && !*scope->ref_names && !scope->n_paths);
}

bool scope_has_repo(const struct scope *scope, const char *repo)
{
	return !scope || !*scope->repos || hgt_glob_match(scope->repos, repo);
}

bool scope_has_ref(const struct scope *scope, const char *ref)
{
	return !scope || !*scope->ref_names || hgt_glob_match(scope->ref_names, ref);
}

bool scope_has_every_ref(const struct scope *scope)
{
	return !scope || (!*scope->ref_names && !scope->n_paths);
}

bool scope_has_path(const struct scope *scope, const char *path)
{
	bool has = !scope || !scope->n_paths;

	for (size_t i = 0; !has && i < scope->n_paths; i++)
		has = hgt_path_below(path, scope->paths[i]);
	return has;
}

bool scope_has_target(const struct scope *scope, const char *repo, const char *ref, const char *path)
{
	return scope_has_repo(scope, repo) && scope_has_ref(scope, ref) && scope_has_path(scope, path);
}

/* Narrowing. */

/* Both patterns in one; "" takes all. What names no repository or ref is no match of a scope that has some. */
static const char *both(const char *asked, const char *allowed, struct hgt_arena *room)
{
	struct hgt_buf text = HGT_BUF_INIT;
	const char *own = NULL;

	if (!*allowed)
		return asked;
	hgt_glob_join_both(allowed, "?**", &text);
	if (*asked)
		hgt_glob_join_both("", asked, &text);
	if (!text.failed)
		own = hgt_arena_strndup(room, text.data, text.len);
	hgt_buf_release(&text);
	return own;
}

int scope_narrow(const struct scope *scope, const struct hgt_filter *filter, struct hgt_arena *room, struct hgt_filter **out,
	size_t *n, struct hgt_error *err)
{
	const size_t n_paths = scope && scope->n_paths ? scope->n_paths : 1;
	struct hgt_filter *filters = hgt_arena_array(room, n_paths, sizeof(*filters));
	struct hgt_filter base = *filter;

	*n = 0;
	if (!filters)
		return hgt_error_nomem(err);
	if (scope) {
		base.repo = both(filter->repo, scope->repos, room);
		base.ref = both(filter->ref, scope->ref_names, room);
		if (!base.repo || !base.ref)
			return hgt_error_nomem(err);
	}
	*out = filters;
	if (!scope || !scope->n_paths || scope_has_path(scope, filter->path)) {
		filters[(*n)++] = base;
		return 0;
	}
	/* What was asked for is wider than some of the paths, or lies beside them. */
	for (size_t i = 0; i < scope->n_paths; i++) {
		base.path = scope->paths[i];
		if (hgt_path_below(scope->paths[i], filter->path))
			filters[(*n)++] = base;
	}
	return 0;
}

bool scope_cuts_events(const struct scope *scope)
{
	return scope && scope->n_paths;
}

static void write_paths(const struct scope *scope, const struct hgt_node *paths, struct hgt_json *json)
{
	hgt_json_begin_array(json);
	for (size_t i = 0; paths->type == HGT_NODE_SEQ && i < paths->v.seq.n; i++) {
		const char *path = hgt_node_get_string(paths->v.seq.items[i], "path");

		if (path && scope_has_path(scope, path))
			hgt_node_write_json(paths->v.seq.items[i], json);
	}
	hgt_json_end_array(json);
}

/* A map with one of its members written by another function. */
static void write_map(const struct scope *scope, const struct hgt_node *map, const char *key,
	void (*write)(const struct scope *scope, const struct hgt_node *node, struct hgt_json *json), struct hgt_json *json)
{
	hgt_json_begin_object(json);
	for (size_t i = 0; i < map->v.map.n; i++) {
		const struct hgt_pair *pair = &map->v.map.pairs[i];

		hgt_json_key_len(json, pair->key->text, pair->key->len);
		if (strcmp(pair->key->text, key) == 0)
			write(scope, pair->value, json);
		else
			hgt_node_write_json(pair->value, json);
	}
	hgt_json_end_object(json);
}

static void write_data(const struct scope *scope, const struct hgt_node *data, struct hgt_json *json)
{
	if (data->type == HGT_NODE_MAP)
		write_map(scope, data, "paths", write_paths, json);
	else
		hgt_node_write_json(data, json);
}

int scope_narrow_event(const struct scope *scope, const char *body, size_t len, struct hgt_buf *out, struct hgt_error *err)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(body, len, &set, err);
	if (code == 0 && (!set.docs[0].root || set.docs[0].root->type != HGT_NODE_MAP))
		code = hgt_error_set(err, HGT_ECORRUPT, "an event that is no object");
	if (code == 0) {
		write_map(scope, set.docs[0].root, "data", write_data, &json);
		code = hgt_buf_check(out, err);
	}
	hgt_doc_set_release(&set);
	return code;
}
