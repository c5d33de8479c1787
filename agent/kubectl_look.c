/* How a cluster differs from the manifests, and how they fare. */
#include "agent/kubectl_look.h"

#include <stdlib.h>

#include "agent/kubectl_diff.h"
#include "agent/kubectl_health.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	HALVINGS_MAX = 64,	/* runs to find out which objects cannot be compared */
	KINDS_MAX = 100,	/* of one run */
	MESSAGE_MAX = 600,
	CONCURRENCY_MINOR = 30,
};

struct look {
	struct kubectl *k;
	struct kubectl_manifests *m;
	struct kubectl_rules rules;
	struct kubectl_verdict verdict;
	unsigned halvings;
};

static const char *keep(struct kubectl_manifests *m, const char *text, size_t len)
{
	return hgt_arena_strndup(&m->arena, text, len < MESSAGE_MAX ? len : MESSAGE_MAX);
}

static int on_change(void *ctx, const struct kubectl_change *change, struct hgt_error *err)
{
	struct look *look = ctx;
	struct driver_result *result = look->k->result;
	struct kubectl_manifest *item = kubectl_manifests_find(look->m, &change->object);
	struct hgt_buf message = HGT_BUF_INIT;
	int code;

	if (!item)
		return hgt_error_set(err, HGT_EPARSE, "kubectl diff tells of %s %s, which it was not asked about", change->object.kind,
			change->object.name);
	code = kubectl_diff_judge(change, &look->rules, &look->verdict, err);
	if (code < 0 || (look->verdict.places == 0 && change->live))
		return code;
	item->sync = change->live ? KUBECTL_OUT_OF_SYNC : KUBECTL_NOT_THERE;
	if (change->live)
		hgt_buf_addf(&message, "differs at %s", look->verdict.first.len ? look->verdict.first.data : "/");
	else
		hgt_buf_adds(&message, "is missing");
	if (change->live && look->verdict.places > 1)
		hgt_buf_addf(&message, " and %llu more", (unsigned long long)look->verdict.places - 1);
	driver_add_diff(result, look->verdict.diff.data, look->verdict.diff.len);
	result->redacted += look->verdict.redacted;
	code = hgt_buf_check(&message, err);
	item->message = code == 0 ? keep(look->m, message.data, message.len) : NULL;
	hgt_buf_release(&message);
	return code == 0 && !item->message ? hgt_error_nomem(err) : code;
}

/* These cannot be compared: why, in the server's words. */
static int note_trouble(struct look *look, const struct kubectl_run *run, size_t from, size_t to, struct hgt_error *err)
{
	enum kubectl_trouble trouble = kubectl_trouble_of(run->job.output.data, run->job.output.len);
	struct hgt_buf why = HGT_BUF_INIT;
	const char *message;

	kubectl_sentence(run->job.output.data, run->job.output.len, &why);
	message = keep(look->m, why.data, why.len);
	hgt_buf_release(&why);
	if (!message)
		return hgt_error_nomem(err);
	for (size_t i = from; i < to; i++) {
		bool alone = to - from == 1;

		/* Of a kind, and in a namespace, that is not there, nothing is. */
		look->m->items[i]->sync = alone && (trouble == KUBECTL_TROUBLE_NO_KIND || trouble == KUBECTL_TROUBLE_NO_NAMESPACE) ?
			KUBECTL_NOT_THERE : KUBECTL_SYNC_UNKNOWN;
		look->m->items[i]->message = message;
	}
	return 0;
}

/* An object that cannot be compared fails the whole run, so the halves are asked about. */
static int diff_some(struct look *look, size_t from, size_t to, struct hgt_error *err)
{
	/* Each object takes two requests, whose way takes most of the time. Versions before may not know the word. */
	const char *args[] = {"diff", "--server-side", "--force-conflicts", "--field-manager=" KUBECTL_MANAGER, "-f", "-",
		look->k->minor >= CONCURRENCY_MINOR ? "--concurrency=8" : NULL, NULL};
	struct kubectl_run run = KUBECTL_RUN_INIT;
	struct hgt_buf input = HGT_BUF_INIT;
	enum kubectl_trouble trouble;
	size_t middle = from + (to - from) / 2;
	int code = kubectl_manifests_join(look->m, from, to, &input, err);

	run.args = args;
	run.input = input.data;
	run.input_len = input.len;
	if (code == 0)
		code = kubectl_run(look->k, &run, err);
	hgt_buf_release(&input);
	if (code < 0 || run.job.exit_status == 0)
		goto out;
	if (run.job.exit_status == 1 && run.out.len > 0) {
		code = kubectl_diff_parse(run.out.data, run.out.len, on_change, look, err);
		goto out;
	}
	trouble = kubectl_trouble_of(run.job.output.data, run.job.output.len);
	if (trouble == KUBECTL_TROUBLE_AWAY || trouble == KUBECTL_TROUBLE_NO_DIFF) {
		code = kubectl_fail(look->k, &run, trouble == KUBECTL_TROUBLE_AWAY ? "kubectl diff" : "install diffutils", err);
		goto out;
	}
	if (to - from == 1 || look->halvings >= HALVINGS_MAX) {
		code = note_trouble(look, &run, from, to, err);
		goto out;
	}
	look->halvings += 2;
	kubectl_run_release(&run);
	run = (struct kubectl_run)KUBECTL_RUN_INIT;
	code = diff_some(look, from, middle, err);
	if (code == 0)
		code = diff_some(look, middle, to, err);
out:
	kubectl_run_release(&run);
	return code;
}

static int tell_ignored(struct look *look, struct hgt_error *err)
{
	int code = 0;

	for (size_t i = 0; i < look->rules.n_ignore && code == 0; i++) {
		struct hgt_buf rule = HGT_BUF_INIT;

		kubectl_rule_write(&look->rules.ignore[i], &rule);
		code = hgt_buf_check(&rule, err);
		if (code == 0)
			code = driver_add_ignored(look->k->result, rule.data, look->rules.hits[i], err);
		hgt_buf_release(&rule);
	}
	return code;
}

int kubectl_look_at_sync(struct kubectl *k, struct kubectl_manifests *m, struct hgt_error *err)
{
	struct look look = {.k = k, .m = m};
	int code = kubectl_rules_init(&look.rules, k->order->target, err);

	if (code < 0)
		return code;
	kubectl_verdict_init(&look.verdict);
	for (size_t i = 0; i < m->n; i++) {
		m->items[i]->sync = KUBECTL_SYNCED;
		m->items[i]->message = NULL;
	}
	if (m->n > 0)
		code = diff_some(&look, 0, m->n, err);
	if (code == 0)
		code = tell_ignored(&look, err);
	kubectl_verdict_release(&look.verdict);
	kubectl_rules_release(&look.rules);
	return code;
}

/* What is there of these in one namespace ("": in none), by one run. */
static int health_in(struct kubectl *k, struct kubectl_manifests *m, const char *namespace, const char *kinds,
	struct hgt_error *err)
{
	const char *args[] = {"get", "-o", "json", "--ignore-not-found", "-l", k->selector.data, NULL, NULL, NULL, NULL, NULL};
	struct kubectl_lives lives = KUBECTL_LIVES_INIT;
	struct kubectl_run run = KUBECTL_RUN_INIT;
	struct hgt_buf why = HGT_BUF_INIT;
	const char *message = "not found by its label";
	size_t n = 6;
	int code;

	if (*namespace) {
		args[n++] = "-n";
		args[n++] = namespace;
	}
	args[n++] = "--";
	args[n++] = kinds;
	run.args = args;
	code = kubectl_run(k, &run, err);
	if (code == 0 && run.job.exit_status != 0) {
		if (kubectl_trouble_of(run.job.output.data, run.job.output.len) == KUBECTL_TROUBLE_AWAY)
			code = kubectl_fail(k, &run, "kubectl get", err);
		kubectl_sentence(run.job.output.data, run.job.output.len, &why);
		message = keep(m, why.data, why.len);
	}
	/* Of several kinds those that may be read are told all the same. */
	if (code == 0)
		code = kubectl_lives_parse(k, run.out.data, run.out.len, &lives, err);
	for (size_t i = 0; i < m->n && code == 0; i++) {
		struct kubectl_manifest *item = m->items[i];

		if (item->fares && item->sync != KUBECTL_NOT_THERE && strcmp(item->object.namespace, namespace) == 0 && !item->message)
			item->message = message;
	}
	for (size_t i = 0; i < lives.n && code == 0; i++) {
		const struct kubectl_live *live = &lives.items[i];
		struct kubectl_manifest *item = kubectl_manifests_find(m, &live->object);

		if (!item || item->sync == KUBECTL_NOT_THERE)
			continue;
		item->health = live->health;
		if (item->sync == KUBECTL_SYNCED)
			item->message = live->message ? keep(m, live->message, strlen(live->message)) : NULL;
	}
	hgt_buf_release(&why);
	kubectl_lives_release(&lives);
	kubectl_run_release(&run);
	return code;
}

/* The kinds of one namespace whose health is to be asked for, from `at` on, comma-separated; the manifests that were seen to are
 * marked. */
static void gather(const struct kubectl_manifests *m, size_t at, bool *seen, struct hgt_buf *kinds)
{
	const char *namespace = m->items[at]->object.namespace;
	struct hgt_map had = HGT_MAP_INIT;
	struct hgt_arena arena = HGT_ARENA_INIT;

	for (size_t i = at; i < m->n && had.len < KINDS_MAX; i++) {
		const struct kubectl_manifest *item = m->items[i];
		struct hgt_buf kind = HGT_BUF_INIT;
		char *copy;

		if (!item->fares || seen[i] || item->sync == KUBECTL_NOT_THERE || strcmp(item->object.namespace, namespace) != 0)
			continue;
		seen[i] = true;
		kubectl_object_write_type(&item->object, &kind);
		copy = kind.failed ? NULL : hgt_arena_strndup(&arena, kind.data, kind.len);
		if (!copy || hgt_map_get(&had, copy, kind.len))
			kinds->failed |= !copy;
		else if (hgt_map_put(&had, copy, kind.len, copy, NULL) < 0)
			kinds->failed = true;
		else
			hgt_buf_addf(kinds, "%s%s", kinds->len ? "," : "", copy);
		hgt_buf_release(&kind);
	}
	hgt_map_release(&had);
	hgt_arena_release(&arena);
}

int kubectl_look_at_health(struct kubectl *k, struct kubectl_manifests *m, struct hgt_error *err)
{
	bool *seen = calloc(m->n + 1, sizeof(*seen));
	int code = 0;

	if (!seen)
		return hgt_error_nomem(err);
	for (size_t i = 0; i < m->n; i++) {
		struct kubectl_manifest *item = m->items[i];

		if (item->sync == KUBECTL_SYNCED)
			item->message = NULL;
		item->health = item->sync == KUBECTL_NOT_THERE ? KUBECTL_MISSING :
			item->fares || item->sync == KUBECTL_SYNC_UNKNOWN ? KUBECTL_HEALTH_UNKNOWN : KUBECTL_HEALTHY;
	}
	for (size_t i = 0; i < m->n && code == 0; i++) {
		struct hgt_buf kinds = HGT_BUF_INIT;

		if (m->items[i]->fares && !seen[i] && m->items[i]->sync != KUBECTL_NOT_THERE) {
			gather(m, i, seen, &kinds);
			code = hgt_buf_check(&kinds, err);
			if (code == 0)
				code = health_in(k, m, m->items[i]->object.namespace, kinds.data, err);
		}
		hgt_buf_release(&kinds);
	}
	free(seen);
	return code;
}
