/* Deleting what is no longer in the tree. */
#include "agent/kubectl_prune.h"

#include <stdlib.h>

#include "agent/kubectl_names.h"
#include "base/log.h"

static bool is_allowed(const struct kubectl *k, const struct kubectl_object *o)
{
	if (!kubectl_object_is_namespace(o) && !kubectl_object_is_crd(o))
		return true;
	for (size_t i = 0; i < k->options->prune_allow.n; i++)
		if (strcmp(k->options->prune_allow.items[i], o->kind) == 0)
			return true;
	return false;
}

enum kubectl_fate kubectl_fate_of(const struct kubectl *k, const struct kubectl_live *live)
{
	if (!live->marked)
		return KUBECTL_NOT_OURS;
	if (live->deleted)
		return KUBECTL_GOING;
	return !k->order->target->prune || live->kept || !is_allowed(k, &live->object) ? KUBECTL_STAYS : KUBECTL_TO_GO;
}

int kubectl_extras(const struct kubectl_set *inventory, const struct kubectl_manifests *m, struct kubectl_set *out,
	struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; i < inventory->n && code == 0; i++)
		if (!kubectl_manifests_find(m, inventory->items[i]))
			code = kubectl_set_add(out, inventory->items[i], NULL, err);
	kubectl_set_sort(out);
	return code;
}

/* Objects from..to, which are of one namespace. */
static int delete_some(struct kubectl *k, const struct kubectl_set *set, size_t from, size_t to, struct hgt_error *err)
{
	static const char *const verb[] = {"delete", "--wait=false", "--ignore-not-found", NULL};
	struct kubectl_run run = KUBECTL_RUN_INIT;
	int code = kubectl_run_named(k, &run, verb, set, from, to, err);

	if (code == 0 && run.job.exit_status != 0)
		code = kubectl_fail(k, &run, "kubectl delete", err);
	if (code == 0)
		k->result->removed += to - from;
	kubectl_run_release(&run);
	return code;
}

/* Namespaces and definitions go last: what was in them and is ours has gone by itself then. */
static int by_turn(const void *a, const void *b)
{
	const struct kubectl_object *x = *(struct kubectl_object *const *)a, *y = *(struct kubectl_object *const *)b;
	int first = kubectl_object_is_crd(x) + 2 * kubectl_object_is_namespace(x);
	int second = kubectl_object_is_crd(y) + 2 * kubectl_object_is_namespace(y);
	int order = first - second;

	if (order == 0)
		order = strcmp(x->namespace, y->namespace);
	return order ? order : kubectl_object_compare(x, y);
}

static bool go_together(const struct kubectl_object *a, const struct kubectl_object *b)
{
	return strcmp(a->namespace, b->namespace) == 0 && kubectl_object_is_crd(a) == kubectl_object_is_crd(b) &&
		kubectl_object_is_namespace(a) == kubectl_object_is_namespace(b);
}

/* The same but for the group. */
static bool is_namesake(const struct kubectl_object *a, const struct kubectl_object *b)
{
	return strcmp(a->kind, b->kind) == 0 && strcmp(a->namespace, b->namespace) == 0 && strcmp(a->name, b->name) == 0 &&
		strcmp(a->group, b->group) != 0;
}

/* Whether the object is there by another name as well, which the tree has. */
static int is_wanted(struct kubectl *k, const struct kubectl_live *live, const struct kubectl_manifests *m, bool *wanted,
	struct hgt_error *err)
{
	struct kubectl_lives others = KUBECTL_LIVES_INIT;
	struct kubectl_set names = KUBECTL_SET_INIT;
	int code = 0;

	*wanted = false;
	for (size_t i = 0; i < m->n && code == 0; i++)
		if (is_namesake(&m->items[i]->object, &live->object))
			code = kubectl_set_add(&names, &m->items[i]->object, NULL, err);
	if (code == 0 && names.n > 0)
		code = kubectl_get(k, &names, &others, err);
	for (size_t i = 0; i < others.n && code == 0; i++)
		*wanted |= *live->uid && strcmp(others.items[i].uid, live->uid) == 0;
	kubectl_lives_release(&others);
	kubectl_set_release(&names);
	return code;
}

static void take_out(struct kubectl_set *set, const struct kubectl_object *object)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->n; i++)
		if (kubectl_object_compare(set->items[i], object) != 0)
			set->items[kept++] = set->items[i];
	set->n = kept;
}

static int choose(struct kubectl *k, struct kubectl_set *extras, const struct kubectl_manifests *m, struct kubectl_set *going,
	struct hgt_error *err)
{
	struct kubectl_lives lives = KUBECTL_LIVES_INIT;
	int code = extras->n > 0 ? kubectl_get(k, extras, &lives, err) : 0;

	for (size_t i = 0; i < lives.n && code == 0; i++) {
		const struct kubectl_live *live = &lives.items[i];
		bool wanted;

		if (!kubectl_set_find(extras, &live->object) || kubectl_fate_of(k, live) != KUBECTL_TO_GO)
			continue;
		code = is_wanted(k, live, m, &wanted, err);
		if (code == 0 && wanted)
			take_out(extras, &live->object);
		else if (code == 0)
			code = kubectl_set_add(going, &live->object, NULL, err);
	}
	kubectl_lives_release(&lives);
	return code;
}

int kubectl_prune(struct kubectl *k, struct kubectl_set *extras, const struct kubectl_manifests *m, struct hgt_error *err)
{
	struct kubectl_set going = KUBECTL_SET_INIT;
	int code = choose(k, extras, m, &going, err);

	if (going.n > 0)
		qsort(going.items, going.n, sizeof(*going.items), by_turn);
	for (size_t from = 0, to; from < going.n && code == 0; from = to) {
		for (to = from + 1; to < going.n && to - from < KUBECTL_NAMES_MAX && go_together(going.items[from], going.items[to]); to++)
			;
		code = delete_some(k, &going, from, to, err);
	}
	for (size_t i = 0; i < going.n && code == 0; i++) {
		struct hgt_buf name = HGT_BUF_INIT;

		kubectl_object_write(going.items[i], &name);
		hgt_log(HGT_LOG_INFO, "kubectl", "pruned", HGT_S("target", k->order->target->name), HGT_S("object", name.data));
		hgt_buf_release(&name);
	}
	kubectl_set_release(&going);
	return code;
}
