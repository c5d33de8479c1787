/* The gate: every update of a push judged, each by the policy of its ref. */
#include "hooks/gate.h"

#include "base/escape.h"
#include "check/report.h"
#include "policy/policy.h"

enum {
	FINDINGS_MAX = 50,	/* kept for the daemon */
	TOLD_MAX = 20,		/* refs told with their findings; more are counted */
};

#define OID_NONE "0000000000000000000000000000000000000000"

/* One update being judged. */
struct trial {
	struct gate *gate;
	const struct hgt_update *update;
	const struct hgt_config_policy *policy;
	struct hgt_engine *engine;
	struct hgt_buf blob;
	size_t movements;	/* findings about the movement of the ref */
	struct hgt_error *err;
};

void gate_init(struct gate *gate, struct hook *hook)
{
	*gate = (struct gate){.hook = hook, .default_branch = HGT_BUF_INIT, .default_tip = OID_NONE,
		.text = HGT_BUF_INIT};
	hgt_findings_init(&gate->findings, FINDINGS_MAX);
}

void gate_release(struct gate *gate)
{
	hgt_findings_release(&gate->findings);
	hgt_buf_release(&gate->default_branch);
	hgt_buf_release(&gate->text);
}

/* What HEAD points at, and where that is; neither need exist. */
static int find_default_branch(struct gate *gate, struct hgt_error *err)
{
	int code = hgt_repo_default_branch(gate->repo, &gate->default_branch, err);

	if (code == 0)
		code = hgt_repo_ref(gate->repo, gate->default_branch.data, gate->default_tip, err);
	return code == HGT_ENOENT ? 0 : code;
}

/* Whether the policy has a file of this name judged. */
static bool is_checked(void *ctx, const char *path)
{
	const struct trial *t = ctx;
	bool strict;

	return hgt_policy_class(t->policy, path, &strict) != HGT_CLASS_OTHER && hgt_class_of_path(path) != HGT_CLASS_OTHER;
}

/* Check the new content of one changed path: of a file, or where a link leads. Else there is none. */
static int check_path(void *ctx, const struct hgt_path_change *change)
{
	struct trial *t = ctx;
	struct hgt_repo *repo = t->gate->repo;
	enum hgt_class cls;
	uint64_t size;
	uint32_t kind;
	bool strict;
	int code;

	if (hgt_engine_out_of_time(t->engine, change->path))
		return 1;
	kind = change->new_mode & 0170000;
	if ((kind != 0100000 && kind != 0120000) || !is_checked(t, change->path))
		return 0;
	cls = hgt_policy_class(t->policy, change->path, &strict);
	hgt_engine_set_strict(t->engine, strict);
	code = hgt_repo_blob_size(repo, change->new_id, &size, t->err);
	if (code == 0)
		code = hgt_engine_too_large(t->engine, change->path, size, t->err);
	if (code != 0)
		return code < 0 ? code : 0;
	hgt_buf_reset(&t->blob);
	code = hgt_repo_blob(repo, change->new_id, size, &t->blob, t->err);
	if (code == 0 && kind == 0120000)
		return hgt_engine_link(t->engine, change->path, t->blob.data, is_checked, t, t->err);
	return code < 0 ? code : hgt_engine_file(t->engine, change->path, t->blob.data, t->blob.len, cls, t->err);
}

/* 1 when the update leaves behind what the ref pointed at. */
static int is_forced(struct trial *t)
{
	char old_commit[HGT_OID_HEX + 1], new_commit[HGT_OID_HEX + 1];
	int code;

	if (hgt_update_change(t->update) != HGT_CHANGE_UPDATE)
		return 0;
	code = hgt_repo_commit(t->gate->repo, t->update->old_id, old_commit, t->err);
	if (code == 0)
		code = hgt_repo_commit(t->gate->repo, t->update->new_id, new_commit, t->err);
	if (code == 0)
		code = hgt_repo_descends(t->gate->repo, new_commit, old_commit, t->err);
	return code < 0 ? code : !code;
}

/* Judge the movement of the ref itself; what is found counts in the engine as one file each. */
static int judge_movement(struct trial *t)
{
	const struct hook *hook = t->gate->hook;
	struct hgt_findings movement;
	int code = is_forced(t);

	if (code < 0)
		return code;
	hgt_findings_init(&movement, FINDINGS_MAX);
	code = hgt_policy_judge(hook->config, t->policy, t->update, hook->actor.name, code > 0, &movement, t->err);
	for (; t->movements < movement.n && code == 0; t->movements++)
		code = hgt_engine_add(t->engine, &movement.items[t->movements], t->err);
	hgt_findings_release(&movement);
	return code;
}

/*
 * What the change is told from: what the ref held before; for a new one the default branch, if the same policy has judged that; else
 * nothing, so that no file comes under a policy unjudged by way of a branch without one.
 */
static const char *find_base(const struct trial *t)
{
	const struct gate *gate = t->gate;

	if (!hgt_oid_is_zero(t->update->old_id))
		return t->update->old_id;
	if (gate->default_branch.len && hgt_policy_for(gate->hook->config, gate->hook->repo.data, gate->default_branch.data,
			gate->default_branch.data) == t->policy)
		return gate->default_tip;
	return OID_NONE;
}

/* Judge the movement, then what it brings. What a refused movement brings is not looked into. */
static int judge_trial(struct trial *t)
{
	struct gate *gate = t->gate;
	int code = judge_movement(t);

	if (code == 0 && hgt_engine_findings(t->engine)->errors == 0 && hgt_update_change(t->update) != HGT_CHANGE_DELETE) {
		code = hgt_repo_changes(gate->repo, find_base(t), t->update->new_id, "", check_path, t, t->err);
		hgt_engine_out_of_time(t->engine, t->update->ref);
	}
	return code < 0 ? code : hgt_engine_finish(t->engine, t->err);
}

/* "headgate: refused: refs/heads/main: 2 errors in 3 changed files" and the findings. */
static void tell(struct gate *gate, const struct trial *t, const char *verdict)
{
	const struct hgt_findings *list = hgt_engine_findings(t->engine);
	const struct hgt_report_style style = {.excerpt = true};
	size_t files = hgt_engine_files(t->engine) - t->movements;

	hgt_buf_addf(&gate->text, "headgate: %s: ", verdict);
	hgt_escape_str(&gate->text, t->update->ref);
	if (files > 0) {
		hgt_buf_adds(&gate->text, ": ");
		hgt_report_summary(list, files, "changed file", &gate->text);
	}
	hgt_buf_addc(&gate->text, '\n');
	hgt_report_text(list, &style, &gate->text);
}

/* Keep what was found in one ref. Warnings are told only as long as no ref is refused: they do not decide then. */
static int keep_verdict(struct gate *gate, const struct trial *t)
{
	const struct hgt_findings *list = hgt_engine_findings(t->engine);
	size_t errors = gate->findings.errors + list->errors, warnings = gate->findings.warnings + list->warnings;
	int code = 0;

	if (list->errors > 0 && gate->refused++ == 0)
		hgt_buf_reset(&gate->text);
	if (list->errors > 0 ? gate->refused <= TOLD_MAX : list->warnings > 0 && gate->refused == 0)
		tell(gate, t, list->errors > 0 ? "refused" : "accepted");
	for (size_t i = 0; i < list->n && code == 0; i++)
		code = hgt_findings_add(&gate->findings, &list->items[i], t->err);
	/* The engine may have counted more than it kept. */
	gate->findings.errors = errors;
	gate->findings.warnings = warnings;
	return code;
}

/* Judge an update whose ref is the one that moves. */
static int judge_move(struct gate *gate, const struct hgt_update *update, struct hgt_error *err)
{
	struct hook *hook = gate->hook;
	struct trial t = {.gate = gate, .update = update, .blob = HGT_BUF_INIT, .err = err};
	const char *default_branch = gate->default_branch.len ? gate->default_branch.data : NULL;
	struct hgt_engine_options options = {0};
	int code;

	t.policy = hgt_policy_for(hook->config, hook->repo.data, update->ref, default_branch);
	if (!t.policy)
		return 0;
	options.blob_limit = t.policy->limits.blob;
	options.findings_limit = t.policy->limits.findings;
	options.settings = t.policy->rules;
	options.n_settings = t.policy->n_rules;
	options.deadline_ms = hook->began_ms + t.policy->limits.seconds * 1000;
	code = hgt_engine_new(&options, &t.engine, err);
	if (code < 0)
		return code;
	code = judge_trial(&t);
	if (code == 0)
		code = keep_verdict(gate, &t);
	hgt_engine_free(t.engine);
	hgt_buf_release(&t.blob);
	return code;
}

/* A push to a symbolic ref (an old name kept for a branch, say) moves what that leads to, and is judged as such. */
static int judge_update(struct gate *gate, const struct hgt_update *update, struct hgt_error *err)
{
	struct hgt_update move = *update;
	struct hgt_buf ref = HGT_BUF_INIT;
	int code = hgt_repo_real_ref(gate->repo, update->ref, &ref, err);

	move.ref = ref.data;
	if (code == 0)
		code = judge_move(gate, &move, err);
	hgt_buf_release(&ref);
	return code;
}

int gate_judge(struct gate *gate, struct hgt_repo *repo, struct hgt_error *err)
{
	const struct hgt_updates *updates = &gate->hook->updates;
	int code;

	gate->repo = repo;
	gate->hook->way_out = "push a commit; if it is one, the server's administrator must see to the repository (git fsck)";
	code = find_default_branch(gate, err);
	for (size_t i = 0; i < updates->n && code == 0; i++)
		code = judge_update(gate, &updates->items[i], err);
	if (code == 0 && gate->refused > TOLD_MAX)
		hgt_buf_addf(&gate->text, "headgate: refused: and %zu more refs\n", gate->refused - TOLD_MAX);
	return code < 0 ? code : hgt_buf_check(&gate->text, err);
}
