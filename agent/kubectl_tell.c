/* A look at a cluster, told. */
#include "agent/kubectl_tell.h"

#include <inttypes.h>
#include <stdlib.h>

#include "agent/kubectl_health.h"

/* A line of the list of resources. */
struct row {
	const struct kubectl_object *object;
	const char *sync, *health, *message;
	int badness;
	size_t at;
};

static int by_badness(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->badness != y->badness)
		return x->badness > y->badness ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static const char *sync_word(enum kubectl_sync sync)
{
	static const char *const words[] = {"Synced", "OutOfSync", "Missing", "Unknown"};

	return words[sync];
}

/* Why an object that is no longer in the tree is still there; NULL for one that is to go. */
static const char *why_kept(const struct kubectl *k, const struct kubectl_live *live)
{
	switch (kubectl_fate_of(k, live)) {
	case KUBECTL_GOING:
		return "no longer in the tree, and being deleted";
	case KUBECTL_STAYS:
		if (live->kept)
			return "no longer in the tree, and kept by its annotation " KUBECTL_PRUNE;
		return k->order->target->prune ? "no longer in the tree, and kept: prune_allow does not name its kind" :
			"no longer in the tree, and kept: prune is off";
	case KUBECTL_TO_GO:
	case KUBECTL_NOT_OURS:
		break;
	}
	return NULL;
}

static struct row row_of(const struct kubectl_manifest *item, size_t at)
{
	return (struct row){&item->object, sync_word(item->sync), kubectl_health_word((enum kubectl_health)item->health), item->message,
		(item->sync != KUBECTL_SYNCED ? 100 : 0) + (int)item->sync + 10 * item->health, at};
}

static int write_rows(struct kubectl *k, struct row *rows, size_t n, struct hgt_error *err)
{
	int code = 0;

	if (n > 0)
		qsort(rows, n, sizeof(*rows), by_badness);
	for (size_t i = 0; i < n && code == 0; i++) {
		struct hgt_buf name = HGT_BUF_INIT;

		kubectl_object_write(rows[i].object, &name);
		code = hgt_buf_check(&name, err);
		if (code == 0)
			code = driver_add_resource(k->result, name.data, rows[i].sync, rows[i].health, rows[i].message, err);
		if (code == 0 && (strcmp(rows[i].sync, "OutOfSync") == 0 || strcmp(rows[i].sync, "Missing") == 0))
			driver_differs(k->result, name.data, rows[i].message ? rows[i].message : "differs");
		else if (code == 0 && strcmp(rows[i].sync, "Extra") == 0 && !rows[i].message)
			driver_differs(k->result, name.data, "is no longer in the tree and still there");
		hgt_buf_release(&name);
	}
	return code == 0 ? driver_difference_end(k->result, err) : code;
}

static int refuse_unknown(const struct kubectl *k, const struct kubectl_manifests *m, struct hgt_error *err)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->items[i]->sync == KUBECTL_SYNC_UNKNOWN)
			return hgt_error_set(err, HGT_EUNAVAILABLE, "%" PRIu64 " of %zu objects could not be compared: %s", k->result->unchecked, m->n,
				m->items[i]->message ? m->items[i]->message : "kubectl does not say why");
	return 0;
}

int kubectl_worst(const struct kubectl_manifests *m)
{
	int worst = KUBECTL_HEALTHY;

	for (size_t i = 0; i < m->n; i++)
		if (m->items[i]->health > worst)
			worst = m->items[i]->health;
	return worst;
}

int kubectl_tell(struct kubectl *k, const struct kubectl_manifests *m, const struct kubectl_lives *extras, struct hgt_error *err)
{
	struct row *rows = calloc(m->n + extras->n + 1, sizeof(*rows));
	size_t n = 0;
	int code;

	if (!rows)
		return hgt_error_nomem(err);
	k->result->has_coverage = true;
	for (size_t i = 0; i < m->n; i++) {
		rows[n] = row_of(m->items[i], n);
		n++;
		if (m->items[i]->sync == KUBECTL_SYNC_UNKNOWN)
			k->result->unchecked++;
		else
			k->result->checked++;
	}
	for (size_t i = 0; i < extras->n; i++) {
		const struct kubectl_live *live = &extras->items[i];
		const char *why = why_kept(k, live);

		if (kubectl_fate_of(k, live) == KUBECTL_NOT_OURS)
			continue;
		rows[n] = (struct row){&live->object, "Extra", kubectl_health_word((enum kubectl_health)live->health), why, why ? 90 : 110, n};
		n++;
	}
	code = write_rows(k, rows, n, err);
	free(rows);
	k->result->health = kubectl_health_word((enum kubectl_health)kubectl_worst(m));
	return code == 0 && k->result->unchecked > 0 ? refuse_unknown(k, m, err) : code;
}
