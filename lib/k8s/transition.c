/*
 * What objects were before the change, and the comparison with what they are. An object is who it is by group, kind, namespace
 * and name, whatever its version and file.
 *
 * Trees of environments state one identity many times. So an object is compared with what stood at the same path; where nothing
 * did, with one that has left its own: it has moved. Which of them left is known at the end only, until when findings are held.
 */
#include "k8s/transition.h"

#include "base/map.h"

enum {
	KEPT_MAX = 32 * 1024 * 1024,	/* bytes of parsed documents; past it texts are kept and read again */
	CANDIDATES_MAX = 16,		/* old places that a moved object is compared with */
	HELD_MAX = 20,			/* findings of one comparison */
	WHOLE = -1,			/* the document itself, not an item of it */
};

struct old_file {
	struct old_file *next;
	const char *path;
	bool json, parsed;
	struct hgt_doc_set set;		/* when parsed */
	char *text;			/* when not */
	size_t len;
};

struct old_object {
	struct old_object *next;	/* of the same identity */
	struct old_file *file;
	size_t doc;
	ptrdiff_t item;
	uint32_t line;
	bool stays;			/* the new state of its file has it too */
};

/* An object of a file in which it was not before, compared with each place where it was. */
struct arrival {
	struct arrival *next;
	const char *path;
	size_t n;
	struct {
		const struct old_object *from;
		struct hgt_findings told;
	} candidates[];
};

struct identity {
	struct identity *next;
	const struct hgt_transition_kind *kind;
	struct old_object *first, **last;
	bool seen;			/* in the new state of some file */
	struct arrival *arrivals;
};

struct hgt_transitions {
	struct hgt_arena arena;
	struct hgt_map map;		/* identities */
	struct identity *identities, **last_identity;
	struct old_file *files;
	struct hgt_doc_limits limits;
	size_t kept;
	size_t work;			/* keys that were compared */
};

struct hgt_transitions *hgt_transitions_new(void)
{
	struct hgt_transitions *t = calloc(1, sizeof(*t));

	if (t)
		t->last_identity = &t->identities;
	return t;
}

static void release_arrival(struct arrival *arrival)
{
	for (size_t i = 0; i < arrival->n; i++)
		hgt_findings_release(&arrival->candidates[i].told);
}

void hgt_transitions_free(struct hgt_transitions *t)
{
	if (!t)
		return;
	for (struct identity *id = t->identities; id; id = id->next)
		for (struct arrival *arrival = id->arrivals; arrival; arrival = arrival->next)
			release_arrival(arrival);
	for (struct old_file *file = t->files; file; file = file->next) {
		hgt_doc_set_release(&file->set);
		free(file->text);
	}
	hgt_map_release(&t->map);
	hgt_arena_release(&t->arena);
	free(t);
}

static const char *skip(const char *c, const char *end, const char *set)
{
	while (c < end && memchr(set, *c, strlen(set)))
		c++;
	return c;
}

/* Every value of a key `kind` is looked at. One that is no plain word on the same line may be anything. */
bool hgt_transitions_concern(const char *text, size_t len)
{
	const char *end = text + len, *c = text;

	while ((c = memmem(c, (size_t)(end - c), "kind", 4))) {
		const char *word, *after;

		c = skip(c + 4, end, "\"'");
		c = skip(c, end, " \t");
		if (c == end || *c != ':')
			continue;
		word = skip(c + 1, end, " \t\"'");
		for (after = word; after < end && ((*after >= 'A' && *after <= 'Z') || (*after >= 'a' && *after <= 'z'));)
			after++;
		if (after == word || hgt_transition_kind_named(word, (size_t)(after - word)))
			return true;
		c = after;
	}
	return false;
}

/* The group under which the resource is stored, whichever it was stated with. */
static void add_group(const struct hgt_gvk *gvk, struct hgt_buf *out)
{
	if (!hgt_k8s_group_is(gvk, "extensions"))
		hgt_buf_add(out, gvk->group, gvk->group_len);
	else if (strcmp(gvk->kind, "Ingress") == 0 || strcmp(gvk->kind, "NetworkPolicy") == 0)
		hgt_buf_adds(out, "networking.k8s.io");
	else
		hgt_buf_adds(out, "apps");
}

/* The object's kind, and its identity appended; NULL when it has no identity, or none that matters. */
static const struct hgt_transition_kind *identify(const struct hgt_node *object, struct hgt_buf *out)
{
	const struct hgt_node *metadata = hgt_node_get(object, "metadata");
	const char *name = hgt_node_get_string(metadata, "name");
	const char *namespace = hgt_node_get_string(metadata, "namespace");
	const struct hgt_transition_kind *kind;
	struct hgt_gvk gvk;

	if (!hgt_k8s_gvk(object, &gvk) || !name || !*name || strstr(name, "ENC["))
		return NULL;
	kind = hgt_transition_kind_of(&gvk);
	if (!kind)
		return NULL;
	add_group(&gvk, out);
	hgt_buf_addc(out, '\0');
	hgt_buf_add(out, gvk.kind, strlen(gvk.kind) + 1);
	hgt_buf_add(out, namespace ? namespace : "", namespace ? strlen(namespace) + 1 : 1);
	hgt_buf_adds(out, name);
	return kind;
}

static struct identity *identity_of(struct hgt_transitions *t, const struct hgt_buf *name,
	const struct hgt_transition_kind *kind)
{
	struct identity *id = hgt_map_get(&t->map, name->data, name->len);
	const char *key;

	if (id)
		return id;
	key = hgt_arena_strndup(&t->arena, name->data, name->len);
	id = hgt_arena_alloc(&t->arena, sizeof(*id));
	if (!key || !id || hgt_map_put(&t->map, key, name->len, id, NULL) < 0)
		return NULL;
	id->kind = kind;
	id->last = &id->first;
	*t->last_identity = id;
	t->last_identity = &id->next;
	return id;
}

/* Make one old object known, when it is of a kind that matters. */
static int note_object(struct hgt_transitions *t, struct old_file *file, size_t doc, ptrdiff_t item,
	const struct hgt_node *object, bool *noted)
{
	struct hgt_buf name = HGT_BUF_INIT;
	const struct hgt_transition_kind *kind = identify(object, &name);
	struct identity *id = kind && !name.failed ? identity_of(t, &name, kind) : NULL;
	struct old_object *old = id ? hgt_arena_alloc(&t->arena, sizeof(*old)) : NULL;

	hgt_buf_release(&name);
	if (!old)
		return kind ? HGT_ENOMEM : 0;
	*old = (struct old_object){.file = file, .doc = doc, .item = item, .line = object->line};
	*id->last = old;
	id->last = &old->next;
	*noted = true;
	return 0;
}

static int note_objects(struct hgt_transitions *t, struct old_file *file, const char *text, enum hgt_class cls, bool forced,
	bool *noted)
{
	int code = 0;

	for (size_t i = 0; i < file->set.n_docs && code == 0; i++) {
		const struct hgt_node *root = file->set.docs[i].root, *items;
		const char *key;

		if (!root || !hgt_class_holds_objects(hgt_class_of_document(file->path, text, &file->set.docs[i], cls, forced)))
			continue;
		code = note_object(t, file, i, WHOLE, root, noted);
		items = hgt_k8s_items(root, &key);
		for (size_t j = 0; items && j < items->v.seq.n && code == 0; j++)
			code = note_object(t, file, i, (ptrdiff_t)j, items->v.seq.items[j], noted);
	}
	return code;
}

static int parse(const struct hgt_transitions *t, struct old_file *file, const char *text, size_t len, struct hgt_error *err)
{
	return (file->json ? hgt_json_parse : hgt_yaml_parse)(text, len, &t->limits, &file->set, err);
}

/* Keep the documents, or past a limit the text. */
static int keep(struct hgt_transitions *t, struct old_file *file, const char *text, size_t len, struct hgt_error *err)
{
	if (t->kept + file->set.arena.used <= KEPT_MAX) {
		t->kept += file->set.arena.used;
		file->parsed = true;
		return 0;
	}
	hgt_doc_set_release(&file->set);
	hgt_doc_set_init(&file->set);
	file->text = malloc(len);
	if (!file->text)
		return hgt_error_nomem(err);
	memcpy(file->text, text, len);
	file->len = len;
	return 0;
}

int hgt_transitions_before(struct hgt_transitions *t, const char *path, const char *text, size_t len, enum hgt_class cls,
	bool forced, const struct hgt_doc_limits *limits, struct hgt_error *err)
{
	struct old_file *file = hgt_arena_alloc(&t->arena, sizeof(*file));
	bool noted = false;
	int code;

	if (!file)
		return hgt_error_nomem(err);
	hgt_doc_set_init(&file->set);
	file->path = hgt_arena_strndup(&t->arena, path, strlen(path));
	if (!file->path)
		return hgt_error_nomem(err);
	file->json = hgt_class_reads_json(path, cls);
	t->limits = *limits;
	file->next = t->files;
	t->files = file;
	code = parse(t, file, text, len, err);
	/* What is broken was nothing that could be applied. */
	if (code == 0 && file->set.n_problems == 0 && note_objects(t, file, text, cls, forced, &noted) < 0)
		code = hgt_error_nomem(err);
	if (code == 0 && noted)
		return keep(t, file, text, len, err);
	hgt_doc_set_release(&file->set);
	hgt_doc_set_init(&file->set);
	return code;
}

/* The object's node, its file read again where need be; NULL when memory runs out. close_file ends its life. */
static const struct hgt_node *open_object(const struct hgt_transitions *t, const struct old_object *old)
{
	const struct hgt_node *root;
	const char *key;

	if (!old->file->parsed && parse(t, old->file, old->file->text, old->file->len, NULL) < 0)
		return NULL;
	root = old->file->set.docs[old->doc].root;
	return old->item == WHOLE ? root : hgt_k8s_items(root, &key)->v.seq.items[old->item];
}

static void close_file(struct old_file *file)
{
	if (file->parsed)
		return;
	hgt_doc_set_release(&file->set);
	hgt_doc_set_init(&file->set);
}

/* Compare with one old object; what is found is added to `told`. */
static int compare(const struct hgt_subject *s, const struct hgt_transition_kind *kind, const struct old_object *old,
	struct hgt_findings *told)
{
	struct hgt_subject now = *s;
	struct hgt_transition transition = {.subject = &now, .before_path = old->file->path, .kind = kind,
		.work = &s->transitions->work};
	struct hgt_gvk gvk;

	now.held = told;
	transition.before = open_object(s->transitions, old);
	if (transition.before && hgt_k8s_gvk(transition.before, &gvk) && hgt_k8s_is_whole(transition.before, &gvk))
		hgt_transition_check(&transition);
	close_file(old->file);
	return transition.before ? 0 : HGT_ENOMEM;
}

static void tell_all(struct hgt_engine *engine, const struct hgt_findings *told)
{
	for (size_t i = 0; i < told->n; i++)
		hgt_engine_tell(engine, &told->items[i]);
}

static int compare_in_place(struct hgt_subject *s, const struct identity *id, const struct old_object *old)
{
	struct hgt_findings told;
	int code;

	hgt_findings_init(&told, HELD_MAX);
	code = compare(s, id->kind, old, &told);
	tell_all(s->engine, &told);
	hgt_findings_release(&told);
	return code;
}

/* Compare with each place where it was, and wait for which of them it has left. */
static int note_arrival(struct hgt_subject *s, struct identity *id)
{
	struct hgt_transitions *t = s->transitions;
	struct arrival *arrival;
	size_t n = 0;
	int code = 0;

	for (const struct old_object *old = id->first; old && n < CANDIDATES_MAX; old = old->next)
		n += !old->stays;
	if (n == 0)
		return 0;
	arrival = hgt_arena_alloc(&t->arena, sizeof(*arrival) + n * sizeof(arrival->candidates[0]));
	if (!arrival)
		return HGT_ENOMEM;
	arrival->path = hgt_arena_strndup(&t->arena, s->path, strlen(s->path));
	arrival->next = id->arrivals;
	id->arrivals = arrival;
	for (const struct old_object *old = id->first; old && arrival->n < n && code == 0; old = old->next) {
		if (old->stays)
			continue;
		hgt_findings_init(&arrival->candidates[arrival->n].told, HELD_MAX);
		arrival->candidates[arrival->n].from = old;
		code = compare(s, id->kind, old, &arrival->candidates[arrival->n++].told);
	}
	return arrival->path ? code : HGT_ENOMEM;
}

void hgt_check_k8s_transition(struct hgt_subject *s)
{
	struct hgt_buf name = HGT_BUF_INIT;
	struct identity *id = NULL;
	struct old_object *old;
	struct hgt_gvk gvk;

	if (!s->transitions)
		return;
	if (identify(s->object, &name) && !name.failed)
		id = hgt_map_get(&s->transitions->map, name.data, name.len);
	if (name.failed)
		hgt_engine_fail(s->engine);
	hgt_buf_release(&name);
	if (!id)
		return;
	id->seen = true;
	for (old = id->first; old && strcmp(old->file->path, s->path) != 0;)
		old = old->next;
	if (old)
		old->stays = true;
	/* A patch says that the object is there, not what it is. */
	if (s->cls == HGT_CLASS_KUSTOMIZE_PATCH || hgt_k8s_is_set_apart(s->path) || !hgt_k8s_gvk(s->object, &gvk) ||
		!hgt_k8s_is_whole(s->object, &gvk))
		return;
	if ((old ? compare_in_place(s, id, old) : note_arrival(s, id)) < 0)
		hgt_engine_fail(s->engine);
}

/* How much of two paths is alike: parts from the end, then from the beginning. */
static size_t likeness(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), tail = 0, head = 0;

	for (size_t i = 1; i <= n && i <= m && a[n - i] == b[m - i]; i++)
		tail += a[n - i] == '/' || i == n || i == m;
	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		head += a[i] == '/';
	return tail * 4096 + head;
}

/* An object that has come to a file: from the likeliest of the places that it has left, but not when coming from another would
 * do. */
static void judge_arrival(struct hgt_engine *engine, const struct arrival *arrival)
{
	const struct hgt_findings *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < arrival->n; i++) {
		const struct old_object *from = arrival->candidates[i].from;
		size_t alike = likeness(arrival->path, from->file->path);

		if (from->stays)
			continue;
		if (!arrival->candidates[i].told.n)
			return;
		if (!best || alike > most) {
			best = &arrival->candidates[i].told;
			most = alike;
		}
	}
	if (best)
		tell_all(engine, best);
}

/* Whether removing the file removes the object from a cluster, as far as the object says. */
static bool is_pruned(const struct hgt_node *object)
{
	const struct hgt_node *annotations = hgt_transition_at(object, "metadata.annotations");
	const char *flux = hgt_node_get_string(annotations, "kustomize.toolkit.fluxcd.io/prune");
	const char *argo = hgt_node_get_string(annotations, "argocd.argoproj.io/sync-options");
	const char *helm = hgt_node_get_string(annotations, "helm.sh/resource-policy");

	return !(flux && strcmp(flux, "disabled") == 0) && !(argo && strstr(argo, "Prune=false")) &&
		!(helm && strcmp(helm, "keep") == 0);
}

/* Namespaces that no manifest makes. */
static bool is_built_in(const char *namespace)
{
	return strcmp(namespace, "default") == 0 || strncmp(namespace, "kube-", 5) == 0;
}

/* What of an object that is gone may be used: 1, 0 when nothing is, or HGT_ENOMEM. */
static int describe_gone(struct hgt_transitions *t, const struct identity *id, struct hgt_gone *gone)
{
	const struct old_object *old = id->first;
	const struct hgt_node *object = open_object(t, old);
	bool namespace = id->kind->removal == HGT_REMOVAL_NAMESPACE;
	const struct hgt_node *name = hgt_transition_at(object, namespace ? "metadata.name" : "spec.names.kind");
	const struct hgt_node *group = namespace ? NULL : hgt_transition_at(object, "spec.group");
	int code = object ? 0 : HGT_ENOMEM;

	if (object && is_pruned(object) && name && name->len && name->type == HGT_NODE_STRING &&
		(namespace ? !is_built_in(name->text) : group && group->len && group->type == HGT_NODE_STRING)) {
		*gone = (struct hgt_gone){.path = old->file->path, .line = old->line,
			.name = hgt_arena_strndup(&t->arena, name->text, name->len),
			.group = group ? hgt_arena_strndup(&t->arena, group->text, group->len) : NULL};
		hgt_findings_init(&gone->first, 1);
		code = gone->name && (!group || gone->group) ? 1 : HGT_ENOMEM;
	}
	close_file(old->file);
	return code;
}

static bool is_gone(const struct identity *id)
{
	return id->kind->removal != HGT_REMOVAL_FREE && !id->seen && !hgt_k8s_is_set_apart(id->first->file->path);
}

/* Judge what is gone, when something is that matters and there is a tree to look around in. */
static int judge_gone(struct hgt_transitions *t, struct hgt_engine *engine, const struct hgt_engine_options *options,
	struct hgt_error *err)
{
	struct hgt_gone *gone;
	size_t most = 0, n = 0;
	int code = 0;

	for (const struct identity *id = t->identities; id; id = id->next)
		most += is_gone(id);
	if (!most || !options->tree)
		return 0;
	gone = hgt_arena_array(&t->arena, most, sizeof(*gone));
	if (!gone)
		return hgt_error_nomem(err);
	for (const struct identity *id = t->identities; id && code >= 0; id = id->next) {
		code = is_gone(id) ? describe_gone(t, id, &gone[n]) : 0;
		n += code > 0;
	}
	if (code < 0)
		hgt_error_nomem(err);
	else
		code = n ? hgt_transition_find_users(gone, n, engine, options, &t->limits, err) : 0;
	for (size_t i = 0; i < n; i++)
		hgt_findings_release(&gone[i].first);
	return code;
}

int hgt_transitions_finish(struct hgt_transitions *t, struct hgt_engine *engine, const struct hgt_engine_options *options,
	struct hgt_error *err)
{
	for (const struct identity *id = t->identities; id; id = id->next)
		for (const struct arrival *arrival = id->arrivals; arrival; arrival = arrival->next)
			judge_arrival(engine, arrival);
	return judge_gone(t, engine, options, err);
}
