/* daemon/mirror_push with real repositories: what it leaves of each ref, and that memory that runs out at any place costs a turn and no more. */
#include "daemon/mirror_parts.h"

#include "daemon/mirror_push.h"
#include "tests/unit/daemon_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/temp_folder.h"
#include "tests/unit/unit.h"

enum { STRIDE = 3 };	/* each so manyth allocation fails in turn: all of them take minutes under valgrind */

static const struct way *const ways[] = {[HGT_MIRROR_PUSH] = &mirror_push, [HGT_MIRROR_PULL] = &mirror_pull};

struct scene {
	struct rig rig;
	char *there;
	struct copy *copy;
};

static char *sh(struct scene *scene, const char *script)
{
	struct hgt_buf all = HGT_BUF_INIT;
	char *out;

	hgt_buf_addf(&all, "THERE='%s'; OURS=git/infra.git; export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; %s",
		scene->there, script);
	out = rig_sh(&scene->rig, all.data);
	hgt_buf_release(&all);
	return out;
}

static void start(struct scene *scene)
{
	struct hgt_buf more = HGT_BUF_INIT;
	struct mirror *mirror;
	struct hgt_error err = {0};

	scene->there = temp_folder_new();
	hgt_buf_addf(&more, "mirrors: [{name: m, direction: push, url: '%s/{repo}.git'}]\n", scene->there);
	rig_start(&scene->rig, more.data);
	free(sh(scene, "git init -q --bare $OURS; git init -q --bare $THERE/infra.git; one=$(git -C $OURS commit-tree -m one $(git -C $OURS mktree </dev/null));"
		"two=$(git -C $OURS commit-tree -m two $(git -C $OURS mktree </dev/null)); git -C $OURS update-ref refs/heads/main $one;"
		"git -C $OURS update-ref refs/headgate/one $one; git -C $OURS update-ref refs/headgate/two $two"));
	rig_restart(&scene->rig);
	if (mirrors_new_with(&scene->rig.daemon, ways, &scene->rig.daemon.mirrors, &err) < 0)
		fail_msg("%s", err.message);
	mirror = mirrors_find(scene->rig.daemon.mirrors, "m");
	assert_non_null(mirror);
	scene->copy = mirror_find_copy(mirror, "infra");
	assert_non_null(scene->copy);
	hgt_buf_release(&more);
}

static void finish(struct scene *scene)
{
	rig_settle(&scene->rig);
	mirrors_free(scene->rig.daemon.mirrors);
	scene->rig.daemon.mirrors = NULL;
	rig_stop(&scene->rig);
	temp_folder_free(scene->there);
}

static bool is_over(void *ctx)
{
	const struct copy *copy = ctx;

	return !copy->turn && !copy->ending && !copy->writing && !(copy->wanted && copy->urgent);
}

/* One turn, at once. */
static void turn(struct scene *scene)
{
	copy_look(scene->copy, true);
	if (!rig_until(&scene->rig, is_over, scene->copy))
		fail_msg("the turn has not ended");
}

static void same(struct scene *scene)
{
	char *out = sh(scene, "[ \"$(git -C $OURS for-each-ref refs/heads refs/tags)\" = \"$(git -C $THERE/infra.git for-each-ref)\" ] && echo same");

	assert_string_equal(out, "same");
	free(out);
}

static int note(void *ctx, const struct hgt_copy_ref_row *row)
{
	hgt_buf_addf(ctx, "%s %s%s;", row->ref, hgt_copy_ref_state_name(row->state), row->since_ms ? " since" : "");
	return 0;
}

static void knows(struct scene *scene, const char *expected)
{
	struct hgt_buf rows = HGT_BUF_INIT;

	assert_int_equal(hgt_copy_refs(scene->rig.daemon.reader, "m", "infra", "", false, 100, note, &rows, NULL), 0);
	assert_string_equal(rows.data, expected);
	hgt_buf_release(&rows);
}

static void leaves_what_is_known_of_each_ref(void **state)
{
	struct scene scene;

	(void)state;
	start(&scene);
	turn(&scene);
	assert_int_equal(scene.copy->row.state, HGT_COPY_IN_STEP);
	assert_true(scene.copy->row.verified_ms > 0);
	same(&scene);
	knows(&scene, "refs/heads/main in-step;");
	free(sh(&scene, "git -C $OURS update-ref refs/heads/b refs/headgate/two; git -C $THERE/infra.git update-ref refs/heads/b "
		"$(git -C $THERE/infra.git commit-tree -m x $(git -C $THERE/infra.git mktree </dev/null))"));
	turn(&scene);
	assert_int_equal(scene.copy->row.state, HGT_COPY_STOPPED);
	knows(&scene, "refs/heads/b diverged since;refs/heads/main in-step;");
	scene.copy->accept = true;
	turn(&scene);
	same(&scene);
	free(sh(&scene, "git -C $OURS update-ref -d refs/heads/b; mv $THERE/infra.git $THERE/away"));
	turn(&scene);
	assert_int_equal(scene.copy->row.state, HGT_COPY_FAILING);
	knows(&scene, "refs/heads/b behind since;refs/heads/main in-step;");
	free(sh(&scene, "mv $THERE/away $THERE/infra.git"));
	turn(&scene);
	assert_int_equal(scene.copy->row.state, HGT_COPY_IN_STEP);
	same(&scene);
	knows(&scene, "refs/heads/main in-step;");
	finish(&scene);
}

/* Until a worker looks at the repository: libgit2 does not live with little memory. */
static bool is_compared(void *ctx)
{
	const struct copy *copy = ctx;

	return is_over(ctx) || (copy->turn && !strcmp(copy->turn->phase, "comparing"));
}

static void asks_with_little_memory(void **state)
{
	struct scene scene;
	long before, n, most = 1;

	(void)state;
	start(&scene);
	for (n = 0; n < most; n++) {
		scene.copy->verify = true;
		before = fail_alloc_count();
		if (n)
			fail_alloc_here_at(n);
		copy_look(scene.copy, true);
		assert_true(rig_until(&scene.rig, is_compared, scene.copy));
		if (!n)
			most = fail_alloc_count() - before;
		fail_alloc_off();
		assert_true(rig_until(&scene.rig, is_over, scene.copy));
		turn(&scene);
		if (scene.copy->row.state != HGT_COPY_IN_STEP)
			fail_msg("allocation %ld: %s", n, scene.copy->row.error);
	}
	assert_true(most > 20);
	same(&scene);
	finish(&scene);
}

static bool is_sent;

static void sent(struct push *push)
{
	(void)push;
	is_sent = true;
}

static bool has_sent(void *ctx)
{
	(void)ctx;
	return is_sent;
}

static void sends_with_little_memory(void **state)
{
	struct scene scene;
	bool met = true;

	(void)state;
	start(&scene);
	for (long n = 1; met; n += STRIDE) {
		struct hgt_push_item items[] = {{.ref = (char *)(uintptr_t)"refs/heads/a", .what = HGT_PUSH_DELETE},
			{.ref = (char *)(uintptr_t)"refs/heads/b", .what = HGT_PUSH_MAKE, .again = true}};
		struct turn turn_of = {.copy = scene.copy, .daemon = &scene.rig.daemon, .config = scene.rig.config, .mirror = scene.copy->mirror->config,
			.path = sh(&scene, "git -C $THERE/infra.git update-ref -d refs/heads/b; git -C $OURS push -q $THERE/infra.git refs/headgate/one:refs/heads/a;"
				"realpath $OURS"), .url = sh(&scene, "echo $THERE/infra.git")};
		char *id = sh(&scene, "git -C $OURS rev-parse refs/headgate/one");
		struct push push = {.turn = &turn_of, .plan = {.items = items, .n = N_OF(items)}};

		snprintf(items[0].theirs, sizeof(items[0].theirs), "%s", id);
		snprintf(items[1].ours, sizeof(items[1].ours), "%s", id);
		TAILQ_INIT(&push.batches);
		is_sent = false;
		fail_alloc_here_at(n);
		push_send(&push, sent);
		assert_true(rig_until(&scene.rig, has_sent, NULL));
		met = fail_alloc_off();
		if (!met)
			assert_false(push.err.code);
		if (!push.err.code)
			assert_true(push.fates[0] == FATE_DONE && push.fates[1] == FATE_DONE);
		for (size_t i = 0; push.notes && i < N_OF(items); i++)
			free(push.notes[i]);
		free(push.notes);
		free(push.fates);
		free(id);
		free(turn_of.path);
		free(turn_of.url);
	}
	finish(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_what_is_known_of_each_ref),
		cmocka_unit_test(asks_with_little_memory),
		cmocka_unit_test(sends_with_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
