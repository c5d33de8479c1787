/* Who wants what. */
#include "daemon/wants.h"

#include <assert.h>

#include "base/buf.h"
#include "base/glob.h"
#include "base/map.h"
#include "daemon/rows.h"
#include "headgate/protocol.h"

LIST_HEAD(want_list, want);

/* A path that is wanted below a group, or a folder on the way to one; the group's own node, with no path, stands above them. */
struct want_node {
	struct want_list wants;
	LIST_ENTRY(want_node) entry;	/* of group->wanted: a path that is wanted itself */
	struct group *group;
	struct want_node *parent;
	size_t children;
	uint64_t told;			/* the row that it was last told of */
	size_t key_len;
	char key[];			/* as in wants->nodes: the group's address, then the path; terminated */
};

#define PATH_AT sizeof(struct group *)

LIST_HEAD(node_list, want_node);

struct group {
	LIST_ENTRY(group) entry;	/* of its bucket */
	struct bucket *bucket;
	struct hub_want spec;		/* its path is "" */
	struct want_node *root;
	struct node_list wanted;	/* all but the root */
	LIST_ENTRY(group) found;	/* while a row is looked at */
	char texts[];
};

LIST_HEAD(group_list, group);

/* The groups of one (repository, ref) by name, of one repository by name with patterns of refs, or of patterns of repositories. */
struct bucket {
	struct group_list groups;
	struct hgt_map *map;		/* NULL: the last kind, of which there is one */
	size_t key_len;
	char key[];
};

struct wants {
	struct hgt_map refs;		/* "<repo>\0<ref>" -> bucket */
	struct hgt_map repos;		/* "<repo>" -> bucket */
	struct bucket *patterns;
	struct hgt_map nodes;
	size_t n_groups;
	struct hgt_buf key;		/* of what is being looked for */
};

static struct bucket *bucket_new(struct hgt_map *map, const char *key, size_t len)
{
	struct bucket *bucket = malloc(sizeof(*bucket) + len);

	if (!bucket)
		return NULL;
	LIST_INIT(&bucket->groups);
	bucket->map = map;
	bucket->key_len = len;
	memcpy(bucket->key, key, len);
	if (map && hgt_map_put(map, bucket->key, len, bucket, NULL) < 0) {
		free(bucket);
		return NULL;
	}
	return bucket;
}

int wants_new(struct wants **out, struct hgt_error *err)
{
	struct wants *wants = calloc(1, sizeof(*wants));

	if (wants) {
		hgt_buf_init(&wants->key);
		wants->patterns = bucket_new(NULL, "", 0);
	}
	if (!wants || !wants->patterns) {
		free(wants);
		return hgt_error_nomem(err);
	}
	*out = wants;
	return 0;
}

void wants_free(struct wants *wants)
{
	if (!wants)
		return;
	assert(!wants->n_groups);
	hgt_map_release(&wants->refs);
	hgt_map_release(&wants->repos);
	hgt_map_release(&wants->nodes);
	hgt_buf_release(&wants->key);
	free(wants->patterns);
	free(wants);
}

void wants_stats(const struct wants *wants, struct wants_stats *out)
{
	*out = (struct wants_stats){.groups = wants->n_groups, .nodes = wants->nodes.len};
}

/* Keys. */

/* NULL when memory runs out. */
static const char *key_of_ref(struct wants *wants, const char *repo, const char *ref, size_t *len)
{
	hgt_buf_reset(&wants->key);
	hgt_buf_add(&wants->key, repo, strlen(repo) + 1);
	hgt_buf_adds(&wants->key, ref);
	*len = wants->key.len;
	return wants->key.failed ? NULL : wants->key.data;
}

static const char *key_of_path(struct wants *wants, const struct group *group, const char *path, size_t path_len)
{
	hgt_buf_reset(&wants->key);
	hgt_buf_add(&wants->key, &group, sizeof(group));
	hgt_buf_add(&wants->key, path, path_len);
	return wants->key.failed ? NULL : wants->key.data;
}

/* The end of the path's next component, from `at` on, empty ones passed over; at itself when there is none. */
static size_t next_component(const char *path, size_t at)
{
	size_t begin = at + strspn(path + at, "/");

	return path[begin] ? begin + strcspn(path + begin, "/") : at;
}

/* Groups. */

static bool is_name(const struct hub_want *spec, const char *text)
{
	return spec->exact || (*text && !text[strcspn(text, "*?[\\")]);
}

/* The bucket where a group of this is, or is to be: NULL for want of memory. */
static struct bucket *find_bucket(struct wants *wants, const struct hub_want *spec)
{
	const struct hgt_filter *f = &spec->filter;
	struct hgt_map *map = &wants->repos;
	const char *key = f->repo;
	size_t len = strlen(key);
	struct bucket *bucket;

	if (!is_name(spec, f->repo))
		return wants->patterns;
	if (is_name(spec, f->ref)) {
		map = &wants->refs;
		key = key_of_ref(wants, f->repo, f->ref, &len);
		if (!key)
			return NULL;
	}
	bucket = hgt_map_get(map, key, len);
	return bucket ? bucket : bucket_new(map, key, len);
}

static void drop_bucket(struct bucket *bucket)
{
	if (!bucket->map || !LIST_EMPTY(&bucket->groups))
		return;
	hgt_map_remove(bucket->map, bucket->key, bucket->key_len);
	free(bucket);
}

static struct want_node *node_new(struct group *group, struct want_node *parent, const char *path, size_t path_len)
{
	struct want_node *node = calloc(1, sizeof(*node) + PATH_AT + path_len + 1);

	if (!node)
		return NULL;
	LIST_INIT(&node->wants);
	node->group = group;
	node->parent = parent;
	node->key_len = PATH_AT + path_len;
	memcpy(node->key, &group, PATH_AT);
	memcpy(node->key + PATH_AT, path, path_len);
	if (parent)
		parent->children++;
	return node;
}

static const char *put(char **room, const char *text)
{
	size_t len = strlen(text) + 1;
	char *at = *room;

	memcpy(at, text, len);
	*room = at + len;
	return at;
}

static struct group *group_new(struct bucket *bucket, const struct hub_want *spec)
{
	const struct hgt_filter *f = &spec->filter;
	struct group *group = calloc(1, sizeof(*group) + strlen(f->repo) + strlen(f->ref) + strlen(f->type) + 4);
	char *room;

	if (!group)
		return NULL;
	room = group->texts;
	group->spec.exact = spec->exact;
	group->spec.filter.repo = put(&room, f->repo);
	group->spec.filter.ref = put(&room, f->ref);
	group->spec.filter.type = put(&room, f->type);
	group->spec.filter.path = put(&room, "");
	LIST_INIT(&group->wanted);
	group->root = node_new(group, NULL, "", 0);
	if (!group->root) {
		free(group);
		return NULL;
	}
	group->bucket = bucket;
	LIST_INSERT_HEAD(&bucket->groups, group, entry);
	return group;
}

static struct group *find_group(struct wants *wants, const struct hub_want *spec)
{
	const struct hgt_filter *f = &spec->filter;
	struct bucket *bucket = find_bucket(wants, spec);
	struct group *group;

	if (!bucket)
		return NULL;
	LIST_FOREACH(group, &bucket->groups, entry) {
		const struct hgt_filter *g = &group->spec.filter;

		if (group->spec.exact == spec->exact && !strcmp(g->repo, f->repo) && !strcmp(g->ref, f->ref) && !strcmp(g->type, f->type))
			return group;
	}
	group = group_new(bucket, spec);
	if (group)
		wants->n_groups++;
	else
		drop_bucket(bucket);
	return group;
}

static void drop_group(struct wants *wants, struct group *group)
{
	struct bucket *bucket = group->bucket;

	LIST_REMOVE(group, entry);
	wants->n_groups--;
	free(group->root);
	free(group);
	drop_bucket(bucket);
}

/* Take out a node that nobody needs any more, those above it that were there for its sake, and the group after its last. */
static void drop_node(struct wants *wants, struct want_node *node)
{
	while (LIST_EMPTY(&node->wants) && !node->children) {
		struct want_node *parent = node->parent;

		if (!parent) {
			drop_group(wants, node->group);
			return;
		}
		hgt_map_remove(&wants->nodes, node->key, node->key_len);
		free(node);
		parent->children--;
		node = parent;
	}
}

/* The node of a path, made with those above it; NULL for want of memory, and then nothing has been made. */
static struct want_node *find_node(struct wants *wants, struct group *group, const char *path)
{
	struct want_node *node = group->root;

	for (size_t at = 0, end; (end = next_component(path, at)) != at; at = end) {
		const char *key = key_of_path(wants, group, path, end);
		struct want_node *next = key ? hgt_map_get(&wants->nodes, key, wants->key.len) : NULL;

		if (!next) {
			next = key ? node_new(group, node, path, end) : NULL;
			if (next && hgt_map_put(&wants->nodes, next->key, next->key_len, next, NULL) < 0) {
				node->children--;
				free(next);
				next = NULL;
			}
			if (!next) {
				drop_node(wants, node);
				return NULL;
			}
		}
		node = next;
	}
	return node;
}

int wants_add(struct wants *wants, const struct hub_want *spec, void *owner, struct want *want, struct hgt_error *err)
{
	struct group *group = find_group(wants, spec);
	struct want_node *node = group ? find_node(wants, group, spec->filter.path) : NULL;

	if (!node)
		return hgt_error_nomem(err);
	if (node->parent && LIST_EMPTY(&node->wants))
		LIST_INSERT_HEAD(&group->wanted, node, entry);
	want->node = node;
	want->owner = owner;
	LIST_INSERT_HEAD(&node->wants, want, entry);
	return 0;
}

void wants_remove(struct wants *wants, struct want *want)
{
	struct want_node *node = want->node;

	LIST_REMOVE(want, entry);
	if (LIST_EMPTY(&node->wants) && node->parent)
		LIST_REMOVE(node, entry);
	drop_node(wants, node);
}

struct hub_want want_spec(const struct want *want)
{
	struct hub_want spec = want->node->group->spec;

	spec.filter.path = want->node->key + PATH_AT;
	return spec;
}

/* Matching. */

static bool group_matches(const struct group *group, const struct row *row)
{
	const struct hgt_filter *f = &group->spec.filter;

	if (group->spec.exact)
		return row->is_ref && !strcmp(f->repo, row->repo) && !strcmp(f->ref, row->ref);
	return (!*f->type || hgt_glob_match(f->type, row->type)) && (!*f->repo || hgt_glob_match(f->repo, row->repo)) &&
		(!*f->ref || hgt_glob_match(f->ref, row->ref));
}

enum hgt_match want_match(const struct want *want, struct row *row)
{
	const struct hgt_filter path_only = {.repo = "", .ref = "", .path = want->node->key + PATH_AT, .type = ""};
	const struct hgt_ref_event *event;

	if (!group_matches(want->node->group, row))
		return HGT_MATCH_NO;
	if (!want->node->parent)
		return HGT_MATCH_YES;
	if (!row->is_ref)
		return HGT_MATCH_NO;
	event = row_event(row);
	return event ? hgt_filter_match_ref(&path_only, event) : HGT_MATCH_YES;
}

struct finding {
	struct wants *wants;
	struct row *row;
	wants_cb cb;
	void *ctx;
	struct group_list found;
};

static void tell(struct finding *finding, struct want_node *node, enum hgt_match match)
{
	struct want *want;

	if (node->told == finding->row->seq)
		return;
	node->told = finding->row->seq;
	LIST_FOREACH(want, &node->wants, entry)
		finding->cb(finding->ctx, want, match);
}

static void tell_all(struct finding *finding, struct group *group, enum hgt_match match)
{
	struct want_node *node;

	LIST_FOREACH(node, &group->wanted, entry)
		tell(finding, node, match);
}

/* Those at or above one changed path. False for want of memory. */
static bool tell_path(struct finding *finding, struct group *group, const char *path)
{
	struct wants *wants = finding->wants;
	const char *key = key_of_path(wants, group, path, strlen(path));

	if (!key)
		return false;
	for (size_t at = 0, end; (end = next_component(path, at)) != at; at = end) {
		struct want_node *node = hgt_map_get(&wants->nodes, key, PATH_AT + end);

		if (!node)
			break;
		tell(finding, node, HGT_MATCH_YES);
	}
	return true;
}

static void find_in_group(struct finding *finding, struct group *group)
{
	const struct hgt_ref_event *event;

	tell(finding, group->root, HGT_MATCH_YES);
	if (LIST_EMPTY(&group->wanted) || !finding->row->is_ref)
		return;
	event = row_event(finding->row);
	if (!event) {
		tell_all(finding, group, HGT_MATCH_YES);
		return;
	}
	for (size_t i = 0; i < event->n_paths; i++) {
		if (!tell_path(finding, group, event->paths[i].path)) {
			tell_all(finding, group, HGT_MATCH_YES);	/* better woken for nothing than left asleep */
			return;
		}
	}
	if (event->paths_truncated)
		LIST_INSERT_HEAD(&finding->found, group, found);
}

static void find_in_bucket(struct finding *finding, struct bucket *bucket)
{
	struct group *group;

	if (!bucket)
		return;
	LIST_FOREACH(group, &bucket->groups, entry)
		if (group_matches(group, finding->row))
			find_in_group(finding, group);
}

void wants_find(struct wants *wants, struct row *row, wants_cb cb, void *ctx)
{
	struct finding finding = {.wants = wants, .row = row, .cb = cb, .ctx = ctx};
	struct group *group;
	const char *key;
	size_t len;

	LIST_INIT(&finding.found);
	key = key_of_ref(wants, row->repo, row->ref, &len);
	if (key) {
		find_in_bucket(&finding, hgt_map_get(&wants->refs, key, len));
	} else {
		/* The key's memory could not be had: look at all of them. */
		const struct hgt_map_entry *entry;

		for (size_t pos = 0; (entry = hgt_map_next(&wants->refs, &pos));)
			find_in_bucket(&finding, entry->value);
	}
	find_in_bucket(&finding, hgt_map_get(&wants->repos, row->repo, strlen(row->repo)));
	find_in_bucket(&finding, wants->patterns);
	LIST_FOREACH(group, &finding.found, found)
		tell_all(&finding, group, HGT_MATCH_ASK);
}
