/* The policy of a ref applied to a move of it: first the move itself, then what it brings. */
#include "gate/judge.h"

#include "gate/tree.h"
#include "pack/choice.h"
#include "policy/policy.h"

enum { MOVEMENTS_MAX = 8 };	/* findings that one move can have about itself, and more */

#define OID_NONE "0000000000000000000000000000000000000000"

struct hgt_judge {
	struct hgt_repo *repo;
	const struct hgt_config *config;
	const char *name, *actor;
	struct hgt_buf default_branch;	/* "" when HEAD is detached */
	char default_tip[HGT_OID_HEX + 1];	/* all zero when it is not born */
	struct hgt_buf blob;		/* of the file in hand */
	struct hgt_definitions *definitions;	/* in history; NULL: as the repository has them on record */
	struct hgt_catalog *catalog;	/* of the last policy that asked for one, */
	unsigned kubernetes;		/* and the minor version that it is for */
};

/* One update being judged. */
struct trial {
	struct hgt_judge *judge;
	const struct hgt_update *update;	/* its ref is the one that moves */
	const struct hgt_config_policy *policy;
	struct hgt_engine *engine;
	size_t movements;	/* findings about the movement of the ref */
	struct hgt_error *err;
};

/* What HEAD points at, and where that is; neither need exist. */
static int find_default_branch(struct hgt_judge *judge, struct hgt_error *err)
{
	int code = hgt_repo_default_branch(judge->repo, &judge->default_branch, err);

	if (code == 0)
		code = hgt_repo_ref(judge->repo, judge->default_branch.data, judge->default_tip, err);
	return code == HGT_ENOENT ? 0 : code;
}

int hgt_judge_new(struct hgt_repo *repo, const struct hgt_config *config, const char *name, const char *actor,
	struct hgt_judge **out, struct hgt_error *err)
{
	struct hgt_judge *judge = calloc(1, sizeof(*judge));
	int code;

	if (!judge)
		return hgt_error_nomem(err);
	*judge = (struct hgt_judge){.repo = repo, .config = config, .name = name, .actor = actor, .default_branch = HGT_BUF_INIT,
		.default_tip = OID_NONE, .blob = HGT_BUF_INIT};
	code = find_default_branch(judge, err);
	if (code == 0 && !actor)
		code = hgt_definitions_new(&judge->definitions, err);
	if (code < 0)
		hgt_judge_free(judge);
	else
		*out = judge;
	return code;
}

void hgt_judge_free(struct hgt_judge *judge)
{
	if (!judge)
		return;
	hgt_definitions_free(judge->definitions);
	hgt_catalog_free(judge->catalog);
	hgt_buf_release(&judge->blob);
	hgt_buf_release(&judge->default_branch);
	free(judge);
}

const char *hgt_judge_default_branch(const struct hgt_judge *judge)
{
	return judge->default_branch.len ? judge->default_branch.data : NULL;
}

int hgt_judge_set_default_branch(struct hgt_judge *judge, const char *ref, struct hgt_error *err)
{
	int code;

	hgt_buf_reset(&judge->default_branch);
	hgt_buf_adds(&judge->default_branch, ref);
	code = hgt_buf_check(&judge->default_branch, err);
	memcpy(judge->default_tip, OID_NONE, sizeof(OID_NONE));
	if (code == 0)
		code = hgt_repo_ref(judge->repo, ref, judge->default_tip, err);
	return code == HGT_ENOENT ? 0 : code;
}

void hgt_verdict_release(struct hgt_verdict *verdict)
{
	hgt_engine_free(verdict->engine);
	hgt_buf_release(&verdict->ref);
	*verdict = (struct hgt_verdict)HGT_VERDICT_INIT;
}

static bool is_file(uint32_t mode)
{
	return (mode & 0170000) == 0100000;
}

static bool is_link(uint32_t mode)
{
	return (mode & 0170000) == 0120000;
}

/* The class that a path is to be checked as; false when nobody needs to read it. */
static bool class_of(const struct trial *t, const char *path, enum hgt_class *cls, bool *strict)
{
	*cls = hgt_policy_class(t->policy, path, strict);
	return *cls != HGT_CLASS_OTHER && hgt_class_of_path(path) != HGT_CLASS_OTHER;
}

static bool tree_class_of(void *ctx, const char *path, enum hgt_class *cls)
{
	bool strict;

	return class_of(ctx, path, cls, &strict);
}

/* Whether the policy has a file of this name judged. */
static bool is_checked(void *ctx, const char *path)
{
	enum hgt_class cls;

	return tree_class_of(ctx, path, &cls);
}

/* Put a blob into the judge's buffer, in place of the last. */
static int load(struct trial *t, const char *id, uint64_t size)
{
	hgt_buf_reset(&t->judge->blob);
	return hgt_repo_blob(t->judge->repo, id, size, &t->judge->blob, t->err);
}

/* Check what stands at a changed path now: a file, or where a link leads. */
static int check_after(struct trial *t, const struct hgt_path_change *change, enum hgt_class cls)
{
	const struct hgt_buf *blob = &t->judge->blob;
	uint64_t size;
	int code;

	if (!is_file(change->new_mode) && !is_link(change->new_mode))
		return 0;
	code = hgt_repo_blob_size(t->judge->repo, change->new_id, &size, t->err);
	if (code == 0)
		code = hgt_engine_too_large(t->engine, change->path, size, t->err);
	if (code != 0)
		return code < 0 ? code : 0;
	code = load(t, change->new_id, size);
	if (code == 0 && is_link(change->new_mode))
		return hgt_engine_link(t->engine, change->path, blob->data, is_checked, t, t->err);
	return code < 0 ? code : hgt_engine_file(t->engine, change->path, blob->data, blob->len, cls, t->err);
}

/* What stood at a changed path before. Too large to be checked is too large to be compared. */
static int note_before(void *ctx, const struct hgt_path_change *change)
{
	struct trial *t = ctx;
	enum hgt_class cls;
	uint64_t size;
	bool strict;
	int code;

	if (!is_file(change->old_mode) || !class_of(t, change->path, &cls, &strict))
		return 0;
	if (hgt_engine_out_of_time(t->engine, change->path))
		return 1;
	code = hgt_repo_blob_size(t->judge->repo, change->old_id, &size, t->err);
	if (code < 0 || size > t->policy->limits.blob)
		return code < 0 ? code : 0;
	code = load(t, change->old_id, size);
	return code < 0 ? code : hgt_engine_before(t->engine, change->path, t->judge->blob.data, t->judge->blob.len, cls, t->err);
}

/* One changed path, whatever became of it. */
static int check_path(void *ctx, const struct hgt_path_change *change)
{
	struct trial *t = ctx;
	bool strict;
	enum hgt_class cls;

	if (hgt_engine_out_of_time(t->engine, change->path))
		return 1;
	if (!class_of(t, change->path, &cls, &strict))
		return 0;
	hgt_engine_set_strict(t->engine, strict);
	return check_after(t, change, cls);
}

/* 1 when the update leaves behind what the ref pointed at. */
static int is_forced(struct trial *t)
{
	char old_commit[HGT_OID_HEX + 1], new_commit[HGT_OID_HEX + 1];
	struct hgt_repo *repo = t->judge->repo;
	int code;

	if (hgt_update_change(t->update) != HGT_CHANGE_UPDATE)
		return 0;
	code = hgt_repo_commit(repo, t->update->old_id, old_commit, t->err);
	if (code == 0)
		code = hgt_repo_commit(repo, t->update->new_id, new_commit, t->err);
	if (code == 0)
		code = hgt_repo_descends(repo, new_commit, old_commit, t->err);
	return code < 0 ? code : !code;
}

/* Judge the movement of the ref itself; what is found counts in the engine as one file each. */
static int judge_movement(struct trial *t)
{
	const struct hgt_judge *judge = t->judge;
	struct hgt_findings movement;
	int code = is_forced(t);

	if (code < 0)
		return code;
	hgt_findings_init(&movement, MOVEMENTS_MAX);
	code = hgt_policy_judge(judge->config, t->policy, t->update, judge->actor, code > 0, &movement, t->err);
	for (; t->movements < movement.n && code == 0; t->movements++)
		code = hgt_engine_add(t->engine, &movement.items[t->movements], t->err);
	hgt_findings_release(&movement);
	return code;
}

/*
 * What the change is told from: what the ref held before; for a new one the default branch, if the same policy has judged that;
 * else nothing, so that no file comes under a policy unjudged by way of a branch without one. In history, before a first
 * commit there was nothing.
 */
static const char *find_base(const struct trial *t)
{
	const struct hgt_judge *judge = t->judge;
	const char *branch = hgt_judge_default_branch(judge);

	if (!hgt_oid_is_zero(t->update->old_id))
		return t->update->old_id;
	if (judge->actor && branch && hgt_policy_for(judge->config, judge->name, branch, branch) == t->policy)
		return judge->default_tip;
	return OID_NONE;
}

/* Judge what the move brings: all that stood before first, for an object may have moved to any file. */
static int judge_change(struct trial *t)
{
	const char *base = find_base(t);
	int code = 0;

	if (!hgt_oid_is_zero(base))
		code = hgt_repo_changes(t->judge->repo, base, t->update->new_id, "", note_before, t, t->err);
	if (code == 0)
		code = hgt_repo_changes(t->judge->repo, base, t->update->new_id, "", check_path, t, t->err);
	hgt_engine_out_of_time(t->engine, t->update->ref);
	return code;
}

/* Judge the movement, then what it brings. What a refused movement brings is not looked into. */
static int judge_trial(struct trial *t)
{
	int code = t->judge->actor ? judge_movement(t) : 0;

	if (code == 0 && hgt_engine_findings(t->engine)->errors == 0 && hgt_update_change(t->update) != HGT_CHANGE_DELETE)
		code = judge_change(t);
	return code < 0 ? code : hgt_engine_finish(t->engine, t->err);
}

/* The schemas that the policy wants: opened when the first update asks, and again for another version of Kubernetes. */
static int choose_schemas(struct hgt_judge *judge, const struct hgt_config_policy *policy, struct hgt_error *err)
{
	const struct hgt_pack_choice choice = {.names = judge->config->schemas.items, .n = judge->config->schemas.n,
		.given = judge->config->schemas_given, .kubernetes = policy->kubernetes ? policy->kubernetes : HGT_KUBERNETES_NEWEST};

	if (judge->catalog && judge->kubernetes == choice.kubernetes)
		return 0;
	hgt_catalog_free(judge->catalog);
	judge->catalog = NULL;
	judge->kubernetes = choice.kubernetes;
	return hgt_catalog_choose(&choice, &judge->catalog, err);
}

/* A push to a symbolic ref (an old name kept for a branch, say) moves what that leads to, and is judged as such. */
int hgt_judge_update(struct hgt_judge *judge, const struct hgt_update *update, int64_t began_ms, struct hgt_verdict *verdict,
	struct hgt_error *err)
{
	struct hgt_update move = *update;
	struct trial t = {.judge = judge, .update = &move, .err = err};
	struct hgt_engine_options options = {0};
	struct hgt_tree tree = {.repo = judge->repo, .commit = update->new_id, .class_of = tree_class_of, .ctx = &t,
		.definitions = judge->definitions};
	int64_t limit_ms;
	int code = hgt_repo_real_ref(judge->repo, update->ref, &verdict->ref, err);

	if (code < 0)
		return code;
	move.ref = verdict->ref.data;
	t.policy = hgt_policy_for(judge->config, judge->name, move.ref, hgt_judge_default_branch(judge));
	if (!t.policy)
		return 0;
	code = choose_schemas(judge, t.policy, err);
	if (code < 0)
		return code;
	limit_ms = t.policy->limits.seconds * INT64_C(1000);
	tree.known = find_base(&t);
	/* Half of the time: what it is not enough for is taken as of an unknown kind. */
	tree.deadline_ms = began_ms + limit_ms / 2;
	options.kubernetes = judge->kubernetes;
	options.catalog = judge->catalog;
	options.blob_limit = t.policy->limits.blob;
	options.findings_limit = t.policy->limits.findings;
	options.settings = t.policy->rules;
	options.n_settings = t.policy->n_rules;
	options.tree = hgt_tree_walk;
	options.definitions = hgt_tree_definitions;
	options.read = hgt_tree_read;
	options.tree_ctx = &tree;
	options.deadline_ms = began_ms + limit_ms;
	code = hgt_engine_new(&options, &verdict->engine, err);
	if (code < 0)
		return code;
	t.engine = verdict->engine;
	code = judge_trial(&t);
	verdict->files = hgt_engine_files(t.engine) - t.movements;
	return code;
}
