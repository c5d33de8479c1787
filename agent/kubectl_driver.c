/*
 * The kubectl driver: a Kubernetes cluster, or a part of one, that holds the objects of a tree. Everything here blocks and runs
 * on a worker.
 *
 * An apply has kubectl read the tree (kubectl_manifests.h), looks at what it will change, writes into the inventory all that was
 * and will be, applies namespaces and definitions, waits for these to be known to the server, applies the rest, deletes what is
 * in the inventory and no longer in the tree, waits a while for workloads to become healthy, and looks again. Applying is
 * server-side, by a field manager of ours, and the same twice over is nothing; so whatever an apply is interrupted by, the next
 * one goes on from there.
 */
#include <poll.h>

#include "agent/kubectl_health.h"
#include "agent/kubectl_inventory.h"
#include "agent/kubectl_tell.h"
#include "base/log.h"
#include "base/timing.h"

enum {
	SETTLE_SECONDS = 30,	/* for new kinds to be served */
	AGAIN_MS = 500,
	HEALTH_MS = 2000,
};

/* An apply, or a comparison, under way. */
struct turn {
	struct kubectl k;
	struct kubectl_kinds kinds;
	struct kubectl_manifests m;
	struct kubectl_set inventory, extras;
};

static int turn_init(struct turn *turn, const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	*turn = (struct turn){.kinds = KUBECTL_KINDS_INIT, .m = KUBECTL_MANIFESTS_INIT, .inventory = KUBECTL_SET_INIT,
		.extras = KUBECTL_SET_INIT};
	return kubectl_init(&turn->k, order, result, err);
}

static void turn_release(struct turn *turn)
{
	kubectl_release(&turn->k);
	kubectl_kinds_release(&turn->kinds);
	kubectl_manifests_release(&turn->m);
	kubectl_set_release(&turn->inventory);
	kubectl_set_release(&turn->extras);
}

/* A while, unless the agent is to stop; 1 when it is to leave. */
static int wait_ms(struct turn *turn, int ms, struct hgt_error *err)
{
	struct pollfd fds[] = {{.fd = turn->k.order->stop_fd, .events = POLLIN}, {.fd = turn->k.order->leave_fd, .events = POLLIN}};

	if (poll(fds, 2, ms) <= 0)
		return 0;
	return fds[0].revents ? hgt_error_set(err, HGT_EUNAVAILABLE, "not ended, since the agent stops") : fds[1].revents != 0;
}

static int ask_kinds(struct turn *turn, struct hgt_error *err)
{
	static const char *const args[] = {"api-resources", "--no-headers", NULL};
	struct kubectl_run run = KUBECTL_RUN_INIT;
	int code;

	run.args = args;
	code = kubectl_run(&turn->k, &run, err);
	/* A group whose server is away does not keep the others from being told. */
	if (code == 0 && run.job.exit_status != 0 && !run.out.len)
		code = kubectl_fail(&turn->k, &run, "kubectl api-resources", err);
	if (code == 0)
		code = kubectl_kinds_parse(&turn->kinds, run.out.data, run.out.len, err);
	kubectl_run_release(&run);
	return code;
}

static int render(struct turn *turn, struct hgt_error *err)
{
	int code = kubectl_ask_version(&turn->k, err);

	if (code == 0)
		code = ask_kinds(turn, err);
	if (code == 0) {
		code = kubectl_manifests_render(&turn->k, &turn->kinds, &turn->m, err);
		turn->k.result->permanent = code == HGT_EPARSE || code == HGT_EPERM || code == HGT_ELIMIT;
	}
	return code;
}

/* The inventory; where there is none, of what an agent before this one has applied. */
static int find_inventory(struct turn *turn, struct hgt_error *err)
{
	struct hgt_error why = {0};
	int code = kubectl_inventory_load(&turn->inventory, turn->k.order->folder, &why);

	if (code == 0)
		return 0;
	if (code != HGT_ENOENT && code != HGT_ECORRUPT) {
		if (err)
			*err = why;
		return code;
	}
	if (code == HGT_ECORRUPT)
		hgt_log(HGT_LOG_WARNING, "kubectl", "the inventory is made anew from the labels in the cluster",
			HGT_S("target", turn->k.order->target->name), HGT_S("reason", why.message));
	kubectl_set_release(&turn->inventory);
	return kubectl_discover(&turn->k, &turn->inventory, err);
}

static int refuse_empty(const struct turn *turn, struct hgt_error *err)
{
	turn->k.result->permanent = true;
	return hgt_error_set(err, HGT_EINVAL, "the tree has no objects%s; if that is meant, say so with the option allow_empty",
		turn->inventory.n > 0 ? ", and none of those that are there is pruned for that" : "");
}

static int apply_some(struct turn *turn, size_t from, size_t to, bool *no_kind, struct hgt_error *err)
{
	const char *args[] = {"apply", "--server-side", "--field-manager=" KUBECTL_MANAGER, "-f", "-",
		turn->k.options->force_conflicts ? "--force-conflicts" : NULL, NULL};
	struct kubectl_run run = KUBECTL_RUN_INIT;
	struct hgt_buf input = HGT_BUF_INIT;
	int code = kubectl_manifests_join(&turn->m, from, to, &input, err);

	run.args = args;
	run.input = input.data;
	run.input_len = input.len;
	if (code == 0)
		code = kubectl_run(&turn->k, &run, err);
	hgt_buf_release(&input);
	if (code == 0 && run.job.exit_status != 0) {
		*no_kind = kubectl_trouble_of(run.job.output.data, run.job.output.len) == KUBECTL_TROUBLE_NO_KIND;
		code = kubectl_fail(&turn->k, &run, "kubectl apply", err);
	}
	kubectl_run_release(&run);
	return code;
}

/* How the definitions are: 1 when all are established. */
static int look_at_definitions(struct turn *turn, const struct kubectl_set *set, struct hgt_error *err)
{
	struct kubectl_lives lives = KUBECTL_LIVES_INIT;
	int code = kubectl_get(&turn->k, set, &lives, err);
	size_t established = 0;

	for (size_t i = 0; i < lives.n && code == 0; i++) {
		const struct kubectl_live *live = &lives.items[i];

		established += live->health == KUBECTL_HEALTHY;
		if (live->health == KUBECTL_DEGRADED)
			code = hgt_error_set(err, HGT_ECONFLICT, "the definition %s is not accepted: %s", live->object.name,
				live->message ? live->message : "the API server does not say why");
	}
	kubectl_lives_release(&lives);
	return code < 0 ? code : established == set->n;
}

/* Until the definitions among the first objects are established, so that their kinds can be applied. Asked for again and again,
 * since `kubectl wait` would take the right to watch. */
static int wait_for_kinds(struct turn *turn, int64_t deadline, struct hgt_error *err)
{
	struct kubectl_set set = KUBECTL_SET_INIT;
	int code = 0;

	for (size_t i = 0; i < turn->m.n_first && code == 0; i++)
		if (kubectl_object_is_crd(&turn->m.items[i]->object))
			code = kubectl_set_add(&set, &turn->m.items[i]->object, NULL, err);
	while (code == 0 && set.n > 0) {
		code = look_at_definitions(turn, &set, err);
		if (code != 0)
			break;
		if (hgt_time_mono_ms() >= deadline)
			code = hgt_error_set(err, HGT_ETIMEOUT, "the custom resource definitions are not established within %d seconds", SETTLE_SECONDS);
		else if (wait_ms(turn, AGAIN_MS, err) != 0)
			code = hgt_error_set(err, HGT_EUNAVAILABLE, "not ended, since the agent stops");
	}
	kubectl_set_release(&set);
	return code < 0 ? code : 0;
}

/* First what others need; the rest again for a while when it is of kinds that have just been defined and are not served yet. */
static int apply_all(struct turn *turn, struct hgt_error *err)
{
	int64_t deadline = hgt_time_mono_ms() + SETTLE_SECONDS * 1000;
	struct kubectl_manifests *m = &turn->m;
	bool no_kind = false;
	int code = 0;

	if (m->n_first > 0)
		code = apply_some(turn, 0, m->n_first, &no_kind, err);
	if (code == 0 && m->n_first > 0)
		code = wait_for_kinds(turn, deadline, err);
	if (code < 0 || m->n_known == m->n_first)
		return code;
	for (;;) {
		no_kind = false;
		code = apply_some(turn, m->n_first, m->n_known, &no_kind, err);
		if (code == 0 || !no_kind || m->n_first == 0 || hgt_time_mono_ms() >= deadline)
			return code;
		code = wait_ms(turn, AGAIN_MS, err);
		if (code != 0)
			return code < 0 ? code : hgt_error_set(err, HGT_EUNAVAILABLE, "not ended, since the agent stops");
	}
}

/* What is of a kind that nobody knows waits, for something that was just applied may define it; the rest has been applied by
 * now. */
static int refuse_unknown_kind(const struct kubectl_manifests *m, struct hgt_error *err)
{
	const struct kubectl_object *o = &m->items[m->n_known]->object;

	return hgt_error_set(err, HGT_ECONFLICT, "%zu of %zu objects are not applied, since the API server has no such kind: %s %s is of %s%s%s; "
		"its CustomResourceDefinition has to be there first, or in the tree", m->n - m->n_known, m->n, o->kind, o->name, o->group,
		*o->group ? "/" : "", o->version);
}

/* What the apply will add and change. What cannot be told now may be once it is applied. */
static int count_changes(struct turn *turn, struct hgt_error *err)
{
	struct driver_result *result = turn->k.result, look;
	int code;

	driver_result_init(&look);
	turn->k.result = &look;
	code = kubectl_look_at_sync(&turn->k, &turn->m, err);
	turn->k.result = result;
	driver_result_release(&look);
	for (size_t i = 0; i < turn->m.n && code == 0; i++) {
		result->added += turn->m.items[i]->sync == KUBECTL_NOT_THERE;
		result->modified += turn->m.items[i]->sync == KUBECTL_OUT_OF_SYNC;
	}
	return code;
}

/* The inventory as it is now: the tree's objects, and those of the extras that are still there and ours. */
static int settle_inventory(struct turn *turn, const struct kubectl_lives *lives, struct hgt_error *err)
{
	struct kubectl_set now = KUBECTL_SET_INIT;
	int code = kubectl_manifests_set(&turn->m, &now, err);

	for (size_t i = 0; i < lives->n && code == 0; i++)
		if (kubectl_fate_of(&turn->k, &lives->items[i]) != KUBECTL_NOT_OURS)
			code = kubectl_set_add(&now, &lives->items[i].object, NULL, err);
	kubectl_set_sort(&now);
	if (code == 0)
		code = kubectl_inventory_save(&now, turn->k.order->folder, err);
	kubectl_set_release(&now);
	return code;
}

/* All that there is to see, into the result. */
static int look(struct turn *turn, struct kubectl_lives *extras, struct hgt_error *err)
{
	int code = kubectl_look_at_sync(&turn->k, &turn->m, err);

	if (code == 0 && turn->extras.n > 0)
		code = kubectl_get(&turn->k, &turn->extras, extras, err);
	if (code == 0)
		code = kubectl_look_at_health(&turn->k, &turn->m, err);
	return code;
}

/* Something is still on its way. */
static bool is_moving(const struct kubectl_manifests *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->items[i]->health == KUBECTL_PROGRESSING || m->items[i]->health == KUBECTL_HEALTH_UNKNOWN)
			return true;
	return false;
}

static int wait_for_health(struct turn *turn, struct hgt_error *err)
{
	int64_t deadline = hgt_time_mono_ms() + (int64_t)turn->k.options->health_timeout * 1000;
	int code = 0;

	for (size_t i = 0; i < turn->m.n; i++)
		turn->m.items[i]->sync = KUBECTL_SYNCED;
	while (code == 0 && hgt_time_mono_ms() < deadline) {
		code = kubectl_look_at_health(&turn->k, &turn->m, err);
		if (code < 0 || !is_moving(&turn->m))
			break;
		code = wait_ms(turn, HEALTH_MS, err);
	}
	return code < 0 ? code : 0;
}

static int run_apply(struct turn *turn, struct hgt_error *err)
{
	const char *folder = turn->k.order->folder;
	struct kubectl_lives lives = KUBECTL_LIVES_INIT;
	struct kubectl_set wanted = KUBECTL_SET_INIT;
	int code = render(turn, err);

	if (code == 0)
		code = find_inventory(turn, err);
	if (code == 0 && turn->m.n == 0 && !turn->k.options->allow_empty)
		code = refuse_empty(turn, err);
	if (code == 0)
		code = kubectl_extras(&turn->inventory, &turn->m, &turn->extras, err);
	if (code == 0)
		code = count_changes(turn, err);
	if (code == 0)
		code = kubectl_manifests_set(&turn->m, &wanted, err);
	if (code == 0)
		code = kubectl_set_join(&turn->inventory, &wanted, err);
	if (code == 0)
		code = kubectl_inventory_save(&turn->inventory, folder, err);
	if (code == 0)
		code = apply_all(turn, err);
	if (code == 0 && turn->m.n_known < turn->m.n)
		code = refuse_unknown_kind(&turn->m, err);
	if (code == 0)
		code = kubectl_manifests_save(&turn->k, &turn->m, err);
	if (code == 0)
		code = kubectl_prune(&turn->k, &turn->extras, &turn->m, err);
	if (code == 0 && turn->k.options->health_timeout > 0)
		code = wait_for_health(turn, err);
	if (code == 0)
		code = look(turn, &lives, err);
	if (code == 0)
		code = settle_inventory(turn, &lives, err);
	if (code == 0)
		code = kubectl_tell(&turn->k, &turn->m, &lives, err);
	/* What an earlier apply has left is compared with until this one has ended well. */
	if (code == 0)
		kubectl_manifests_keep(folder, turn->k.order->revision);
	kubectl_set_release(&wanted);
	kubectl_lives_release(&lives);
	return code;
}

static int apply(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	struct turn turn;
	int code = turn_init(&turn, order, result, err);

	if (code == 0)
		code = run_apply(&turn, err);
	turn_release(&turn);
	return code;
}

/* The objects as they were applied, or as they would be. */
static int find_manifests(struct turn *turn, struct hgt_error *err)
{
	int code = kubectl_manifests_load(&turn->k, &turn->m, NULL);

	if (code != HGT_ENOENT)
		return code < 0 ? hgt_error_nomem(err) : 0;
	code = render(turn, err);
	if (code == 0 && turn->m.n_known == turn->m.n)
		code = kubectl_manifests_save(&turn->k, &turn->m, err);
	/* While changes wait to be applied, each is compared with. */
	if (code == 0)
		kubectl_manifests_thin(turn->k.order->folder);
	return code;
}

static int compare(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	struct kubectl_lives lives = KUBECTL_LIVES_INIT;
	struct turn turn;
	int code = turn_init(&turn, order, result, err);

	if (code == 0)
		code = find_manifests(&turn, err);
	if (code == 0) {
		code = kubectl_inventory_load(&turn.inventory, order->folder, err);
		/* Without one, nothing is known of what should be gone; the next apply makes one. */
		if (code == HGT_ENOENT || code == HGT_ECORRUPT)
			code = 0;
	}
	if (code == 0)
		code = kubectl_extras(&turn.inventory, &turn.m, &turn.extras, err);
	if (code == 0)
		code = look(&turn, &lives, err);
	if (code == 0)
		code = kubectl_tell(&turn.k, &turn.m, &lives, err);
	kubectl_lives_release(&lives);
	turn_release(&turn);
	return code;
}

/* The cluster is the kubeconfig's: its address is not ours to know. */
static void place(const struct hgt_agent_target *target, struct hgt_buf *out)
{
	const struct hgt_kubectl_options *o = &target->kubectl;

	hgt_buf_addf(out, "kubectl:%s:%s", o->kubeconfig ? o->kubeconfig : "", o->context ? o->context : "");
}

/* Another cluster: what was applied to the one before says nothing of it. */
static void forget(const struct driver_order *order)
{
	kubectl_inventory_remove(order->folder);
	kubectl_manifests_keep(order->folder, "");
}

const struct driver kubectl_driver = {.name = "kubectl", .from_checkout = true, .place = place, .forget = forget,
	.compare = compare, .apply = apply};
