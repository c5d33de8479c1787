/* Objects as the server has them. */
#include <stdlib.h>

#include "agent/kubectl_health.h"
#include "agent/kubectl_look.h"
#include "agent/kubectl_names.h"
#include "base/log.h"
#include "doc/doc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A list of a thousand objects is one text. */
static struct hgt_doc_limits limits_of(const struct kubectl *k)
{
	return (struct hgt_doc_limits){.bytes = k->options->output_limit, .depth = 100, .documents = 1, .nodes = 20000000, .problems = 1,
		.memory = 16 * (size_t)k->options->output_limit};
}

void kubectl_lives_release(struct kubectl_lives *lives)
{
	free(lives->items);
	hgt_arena_release(&lives->arena);
	*lives = (struct kubectl_lives)KUBECTL_LIVES_INIT;
}

static bool says(const struct hgt_node *map, const char *key, const char *word)
{
	const char *text = hgt_node_get_string(map, key);

	return text && strcmp(text, word) == 0;
}

static const char *copy(struct kubectl_lives *lives, const char *text)
{
	return hgt_arena_strndup(&lives->arena, text, strlen(text));
}

static int add(struct kubectl *k, struct kubectl_lives *lives, const struct hgt_node *root, struct hgt_error *err)
{
	const struct hgt_node *metadata = hgt_node_get(root, "metadata"), *annotations = hgt_node_get(metadata, "annotations");
	const struct hgt_node *owners = hgt_node_get(metadata, "ownerReferences");
	const char *uid = hgt_node_get_string(metadata, "uid");
	struct hgt_buf message = HGT_BUF_INIT;
	struct kubectl_live live = {0};
	struct kubectl_object o;
	int code;

	if (lives->n == lives->cap) {
		size_t cap = lives->cap ? 2 * lives->cap : 32;
		struct kubectl_live *items = reallocarray(lives->items, cap, sizeof(*items));

		if (!items)
			return hgt_error_nomem(err);
		lives->items = items;
		lives->cap = cap;
	}
	code = kubectl_object_read(root, &lives->arena, &o, err);
	if (code < 0)
		return code;
	live.health = (int)kubectl_health_of(root, &o, &message);
	live.object = (struct kubectl_object){o.group, copy(lives, o.version), copy(lives, o.kind), copy(lives, o.namespace),
		copy(lives, o.name)};
	live.message = message.len ? copy(lives, message.data) : NULL;
	live.uid = copy(lives, uid ? uid : "");
	live.marked = says(hgt_node_get(metadata, "labels"), KUBECTL_LABEL, k->order->target->name);
	live.sourced = says(annotations, KUBECTL_SOURCE, k->source.data);
	live.owned = owners && owners->type == HGT_NODE_SEQ && owners->v.seq.n > 0;
	live.kept = says(annotations, KUBECTL_PRUNE, "never");
	live.deleted = hgt_node_get(metadata, "deletionTimestamp") != NULL;
	code = hgt_buf_check(&message, err);
	if (code == 0 && (!live.object.version || !live.object.kind || !live.object.namespace || !live.object.name ||
		!live.uid || (message.len && !live.message)))
		code = hgt_error_nomem(err);
	hgt_buf_release(&message);
	if (code == 0)
		lives->items[lives->n++] = live;
	return code;
}

int kubectl_lives_parse(struct kubectl *k, const char *text, size_t len, struct kubectl_lives *out, struct hgt_error *err)
{
	struct hgt_doc_limits limits = limits_of(k);
	const struct hgt_node *root, *items;
	struct hgt_doc_set set;
	int code;

	/* Where nothing is found nothing is printed. */
	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (len == 0)
		return 0;
	hgt_doc_set_init(&set);
	code = hgt_json_parse(text, len, &limits, &set, err);
	if (code < 0)
		goto out;
	if (set.n_problems || !set.n_docs) {
		code = hgt_error_set(err, HGT_EPARSE, "the output of kubectl get cannot be read: %s",
			set.n_problems ? set.problems[0].message : "it is empty");
		goto out;
	}
	root = set.docs[0].root;
	items = says(root, "kind", "List") ? hgt_node_get(root, "items") : NULL;
	if (!items)
		code = add(k, out, root, err);
	for (size_t i = 0; items && items->type == HGT_NODE_SEQ && i < items->v.seq.n && code == 0; i++)
		code = add(k, out, items->v.seq.items[i], err);
out:
	hgt_doc_set_release(&set);
	return code;
}

static int by_object(const void *a, const void *b)
{
	return kubectl_object_compare(&((const struct kubectl_live *)a)->object, &((const struct kubectl_live *)b)->object);
}

const struct kubectl_live *kubectl_lives_find(const struct kubectl_lives *lives, const struct kubectl_object *object)
{
	struct kubectl_live key = {.object = *object};

	return lives->n > 0 ? bsearch(&key, lives->items, lives->n, sizeof(*lives->items), by_object) : NULL;
}

/* Objects from..to, which are of one namespace. */
static int get_some(struct kubectl *k, const struct kubectl_set *set, size_t from, size_t to, struct kubectl_lives *out,
	struct hgt_error *err)
{
	static const char *const verb[] = {"get", "-o", "json", "--ignore-not-found", NULL};
	struct kubectl_run run = KUBECTL_RUN_INIT;
	int code = kubectl_run_named(k, &run, verb, set, from, to, err);

	if (code == 0 && run.job.exit_status != 0) {
		enum kubectl_trouble trouble = kubectl_trouble_of(run.job.output.data, run.job.output.len);

		/* One such kind fails the whole run: each is asked for alone. */
		if (trouble == KUBECTL_TROUBLE_NO_KIND)
			for (size_t i = from; to - from > 1 && i < to && code == 0; i++)
				code = get_some(k, set, i, i + 1, out, err);
		else
			code = kubectl_fail(k, &run, "kubectl get", err);
	} else if (code == 0) {
		code = kubectl_lives_parse(k, run.out.data, run.out.len, out, err);
	}
	kubectl_run_release(&run);
	return code;
}

static int by_namespace(const void *a, const void *b)
{
	const struct kubectl_object *x = *(struct kubectl_object *const *)a, *y = *(struct kubectl_object *const *)b;
	int order = strcmp(x->namespace, y->namespace);

	return order ? order : kubectl_object_compare(x, y);
}

int kubectl_get(struct kubectl *k, const struct kubectl_set *set, struct kubectl_lives *out, struct hgt_error *err)
{
	struct kubectl_set sorted = KUBECTL_SET_INIT;
	int code = 0;

	for (size_t i = 0; i < set->n && code == 0; i++)
		code = kubectl_set_add(&sorted, set->items[i], NULL, err);
	if (code == 0 && sorted.n > 0)
		qsort(sorted.items, sorted.n, sizeof(*sorted.items), by_namespace);
	for (size_t from = 0, to; from < sorted.n && code == 0; from = to) {
		for (to = from + 1; to < sorted.n && to - from < KUBECTL_NAMES_MAX; to++)
			if (strcmp(sorted.items[to]->namespace, sorted.items[from]->namespace) != 0)
				break;
		code = get_some(k, &sorted, from, to, out, err);
	}
	if (code == 0 && out->n > 0)
		qsort(out->items, out->n, sizeof(*out->items), by_object);
	kubectl_set_release(&sorted);
	return code;
}

/* The names of all kinds that can be listed and deleted, comma-separated. */
static int ask_resources(struct kubectl *k, struct hgt_buf *out, struct hgt_error *err)
{
	static const char *const args[] = {"api-resources", "--verbs=list,delete", "-o", "name", NULL};
	struct kubectl_run run = KUBECTL_RUN_INIT;
	int code;

	run.args = args;
	code = kubectl_run(k, &run, err);
	/* A group whose server is away does not keep the others from being told. */
	if (code == 0 && run.job.exit_status != 0 && !run.out.len)
		code = kubectl_fail(k, &run, "kubectl api-resources", err);
	for (size_t i = 0; code == 0 && i < run.out.len; i++)
		if (run.out.data[i] != '\n')
			hgt_buf_addc(out, run.out.data[i]);
		else if (i + 1 < run.out.len)
			hgt_buf_addc(out, ',');
	if (code == 0)
		code = hgt_buf_check(out, err);
	kubectl_run_release(&run);
	return code;
}

static int discover_in(struct kubectl *k, const char *resources, const char *namespace, struct kubectl_lives *lives, bool *all,
	struct hgt_error *err)
{
	const char *args[] = {"get", "-o", "json", "--ignore-not-found", "-l", k->selector.data, namespace ? "-n" : "-A",
		NULL, NULL, NULL};
	struct kubectl_run run = KUBECTL_RUN_INIT;
	int code;

	args[7] = namespace ? namespace : resources;
	args[8] = namespace ? resources : NULL;
	run.args = args;
	code = kubectl_run(k, &run, err);
	*all = code == 0 && run.job.exit_status == 0;
	if (code == 0 && run.job.exit_status != 0 &&
		kubectl_trouble_of(run.job.output.data, run.job.output.len) == KUBECTL_TROUBLE_AWAY)
		code = kubectl_fail(k, &run, "kubectl get", err);
	if (code == 0)
		code = kubectl_lives_parse(k, run.out.data, run.out.len, lives, err);
	kubectl_run_release(&run);
	return code;
}

int kubectl_discover(struct kubectl *k, struct kubectl_set *out, struct hgt_error *err)
{
	struct kubectl_lives lives = KUBECTL_LIVES_INIT;
	struct hgt_buf resources = HGT_BUF_INIT;
	bool all = true;
	int code = ask_resources(k, &resources, err);

	if (code == 0)
		code = discover_in(k, resources.data, NULL, &lives, &all, err);
	/* An agent that may look at one namespace alone is not told of others. */
	if (code == 0 && !all) {
		hgt_log(HGT_LOG_WARNING, "kubectl", "not all kinds can be listed everywhere: objects of this target that an earlier agent applied may "
			"be left out of the inventory", HGT_S("target", k->order->target->name));
		code = discover_in(k, resources.data, k->options->namespace, &lives, &all, err);
	}
	for (size_t i = 0; i < lives.n && code == 0; i++) {
		const struct kubectl_live *live = &lives.items[i];

		kubectl_set_sort(out);
		if (live->marked && live->sourced && !live->owned && !kubectl_set_find(out, &live->object))
			code = kubectl_set_add(out, &live->object, NULL, err);
	}
	kubectl_set_sort(out);
	hgt_buf_release(&resources);
	kubectl_lives_release(&lives);
	return code;
}
