/* lib/git/repository: opening, refs, ancestry, blobs and changed paths, on repositories that git itself makes. */
#include "git/repository.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "tests/unit/unit.h"

#define Z "0000000000000000000000000000000000000000"

static char *folder;	/* of the tests, and the current one */

/* Run a shell script in the tests' folder; its output, without the last newline, in a buffer that the next call reuses. */
static const char *sh(const char *script)
{
	static struct hgt_buf out = HGT_BUF_INIT;
	FILE *pipe = popen(script, "re");
	struct hgt_error err = {0};
	int status;

	assert_non_null(pipe);
	hgt_buf_reset(&out);
	if (hgt_read_fd(fileno(pipe), "a script's output", 1024 * 1024, &out, &err) < 0)
		fail_msg("%s", err.message);
	status = pclose(pipe);
	if (status != 0)
		fail_msg("script ended with %d: %s", status, script);
	if (out.len && out.data[out.len - 1] == '\n')
		hgt_buf_truncate(&out, out.len - 1);
	return out.data;
}

/* Ids of revisions of "a" by name, each its own copy. */
static char *id_of(const char *rev)
{
	char script[300];

	snprintf(script, sizeof(script), "git -C a rev-parse '%s'", rev);
	return strdup(sh(script));
}

static struct hgt_repo *open_repo(const char *path)
{
	struct hgt_repo *repo = NULL;
	struct hgt_error err = {0};

	if (hgt_repo_open(path, &repo, &err) < 0)
		fail_msg("%s", err.message);
	return repo;
}

/* Repository "a": a history of a few kinds of change. */
static int make_repositories(void **state)
{
	if (unit_folder_make(state) < 0)
		return -1;
	folder = *state;
	if (chdir(folder) < 0)
		return -1;
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("HOME", folder, 1);
	setenv("GIT_AUTHOR_NAME", "A", 1);
	setenv("GIT_AUTHOR_EMAIL", "a@example.org", 1);
	setenv("GIT_COMMITTER_NAME", "A", 1);
	setenv("GIT_COMMITTER_EMAIL", "a@example.org", 1);
	setenv("GIT_COMMITTER_DATE", "1700000000 +0000", 1);
	setenv("GIT_AUTHOR_DATE", "1700000000 +0000", 1);
	sh("git init -q -b main a && cd a && mkdir -p d/e x && echo 1 >d/e/one && echo 2 >d/two && echo 3 >x/three && echo 0 >zero &&"
	   " git add . && git commit -qm first && git tag -a -m t v1 && git tag first");
	sh("cd a && echo 1b >d/e/one && chmod +x x/three && git rm -q d/two && echo 4 >d/four && git add . && git commit -qm second");
	sh("cd a && rm zero && ln -s d zero && git add . && git commit -qm link");
	sh("cd a && rm zero && mkdir zero && echo 5 >zero/five && echo 6 >zero.six && git add . && git commit -qm folder");
	sh("cd a && git update-index --add --cacheinfo 160000,`git rev-parse HEAD`,sub && git commit -qm submodule &&"
	   " git checkout -q --orphan other && git rm -rqf . && echo 9 >nine && git add nine && git commit -qm root &&"
	   " git tag -a -m blob onblob `git rev-parse HEAD:nine` && git symbolic-ref refs/heads/alias refs/heads/main &&"
	   " git checkout -qf main && git pack-refs --all");
	return 0;
}

static int remove_repositories(void **state)
{
	return chdir("/") < 0 ? -1 : unit_folder_remove(state);
}

static int add_change(void *ctx, const struct hgt_path_change *change)
{
	struct hgt_buf *out = ctx;

	hgt_buf_addf(out, "%c %s %o %o\n", change->status, change->path, change->old_mode, change->new_mode);
	assert_int_equal(strlen(change->old_id), HGT_OID_HEX);
	assert_int_equal(hgt_oid_is_zero(change->old_id), change->status == 'A');
	assert_int_equal(hgt_oid_is_zero(change->new_id), change->status == 'D');
	return 0;
}

static void tells_changes(void **state)
{
	static const struct {
		const char *old, *new, *under, *want;
	} cases[] = {
		{"main~4", "main~3", "", "M d/e/one 100644 100644\nA d/four 0 100644\nD d/two 100644 0\nM x/three 100644 100755\n"},
		{"main~4", "main~3", "d/e", "M d/e/one 100644 100644\n"},
		{"main~4", "main~3", "d/e/one", "M d/e/one 100644 100644\n"},
		{"main~4", "main~3", "zero", ""},
		{"main~4", "main~3", "no/such", ""},
		{"main~3", "main~2", "", "T zero 100644 120000\n"},
		{"main~2", "main~1", "", "D zero 120000 0\nA zero.six 0 100644\nA zero/five 0 100644\n"},
		{"main~2", "main~1", "zero", "D zero 120000 0\nA zero/five 0 100644\n"},
		{"main~1", "main", "", "A sub 0 160000\n"},
		{"main", "main~1", "", "D sub 160000 0\n"},
		{"main", "main", "", ""},
		{"v1", "first", "", ""},
		{NULL, "v1", "", "A d/e/one 0 100644\nA d/two 0 100644\nA x/three 0 100644\nA zero 0 100644\n"},
		{"v1", NULL, "x", "D x/three 100644 0\n"},
		{NULL, NULL, "", ""},
		{"main~4", "other", "d", "D d/e/one 100644 0\nD d/two 100644 0\n"},
	};
	struct hgt_repo *repo = open_repo("a/.git");

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char *old = cases[i].old ? id_of(cases[i].old) : strdup(Z);
		char *new = cases[i].new ? id_of(cases[i].new) : strdup(Z);
		struct hgt_buf out = HGT_BUF_INIT;
		struct hgt_error err = {0};

		if (hgt_repo_changes(repo, old, new, cases[i].under, add_change, &out, &err) < 0)
			fail_msg("%s", err.message);
		assert_string_equal(out.data, cases[i].want);
		hgt_buf_release(&out);
		free(old);
		free(new);
	}
	hgt_repo_close(repo);
}

static int stop(void *ctx, const struct hgt_path_change *change)
{
	(void)change;
	return *(int *)ctx;
}

static void changes_can_be_stopped(void **state)
{
	struct hgt_repo *repo = open_repo("a/.git");
	char *tip = id_of("main"), *blob = id_of("main:zero.six");
	int said = 1;

	(void)state;
	assert_int_equal(hgt_repo_changes(repo, Z, tip, "", stop, &said, NULL), 0);
	said = HGT_EIO;
	assert_int_equal(hgt_repo_changes(repo, Z, tip, "", stop, &said, NULL), HGT_EIO);
	assert_int_equal(hgt_repo_changes(repo, Z, blob, "", stop, &said, NULL), HGT_ENOENT);
	assert_int_equal(hgt_repo_changes(repo, "1234567890123456789012345678901234567890", tip, "", stop, &said, NULL),
		HGT_ENOENT);
	assert_int_equal(hgt_repo_changes(repo, "main", tip, "", stop, &said, NULL), HGT_EINVAL);
	free(tip);
	free(blob);
	hgt_repo_close(repo);
}

static void walks_and_finds_paths(void **state)
{
	struct hgt_repo *repo = open_repo("a/.git");
	char *first = id_of("first"), *tree = id_of("first^{tree}"), *sub = id_of("first:d/e"), *file = id_of("first:d/e/one");
	struct hgt_buf out = HGT_BUF_INIT;
	char id[HGT_OID_HEX + 1];

	(void)state;
	assert_int_equal(hgt_repo_walk(repo, first, "d", add_change, &out, NULL), 0);
	assert_string_equal(out.data, "A d/e/one 0 100644\nA d/two 0 100644\n");
	assert_int_equal(hgt_repo_walk(repo, first, "d/no", add_change, &out, NULL), HGT_ENOENT);
	assert_int_equal(hgt_repo_path_id(repo, first, "", id, NULL), 0);
	assert_string_equal(id, tree);
	assert_int_equal(hgt_repo_path_id(repo, first, "d/e", id, NULL), 0);
	assert_string_equal(id, sub);
	assert_int_equal(hgt_repo_path_id(repo, first, "d/e/one", id, NULL), 0);
	assert_string_equal(id, file);
	assert_int_equal(hgt_repo_path_id(repo, first, "d/e/one/x", id, NULL), HGT_ENOENT);
	assert_int_equal(hgt_repo_path_id(repo, Z, "", id, NULL), HGT_ENOENT);
	hgt_buf_release(&out);
	free(first);
	free(tree);
	free(sub);
	free(file);
	hgt_repo_close(repo);
}

static void tells_what_a_path_was(void **state)
{
	static const struct {
		const char *from, *path, *id;
		unsigned commits;
		bool was;
	} cases[] = {
		{"main", "d", "main:d", 1, true}, {"main", "d", "main~3:d", 1, true}, {"main", "d", "first:d", 4, false},
		{"main", "d", "first:d", 5, true}, {"main~3", "d", "first:d", 2, true}, {"first", "d", "main:d", 100, false},
		{"main", "x", "first:d", 100, false}, {"main", "", "first^{tree}", 100, true}, {"main", "no", "first:d", 100, false},
		{"main", "", "other^{tree}", 100, false}, {"main", "d/two", "first:d/two", 100, true}, {"main", "d", "main:d", 0, false},
	};
	struct hgt_repo *repo = open_repo("a/.git");
	bool was;

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		char *from = id_of(cases[i].from), *id = id_of(cases[i].id);

		was = !cases[i].was;
		assert_int_equal(hgt_repo_path_was(repo, from, cases[i].path, id, cases[i].commits, &was, NULL), 0);
		if (was != cases[i].was)
			fail_msg("%u: %s of %s, %s", cases[i].commits, cases[i].path, cases[i].from, cases[i].id);
		free(from);
		free(id);
	}
	assert_int_equal(hgt_repo_path_was(repo, "x", "", Z, 1, &was, NULL), HGT_EINVAL);
	assert_int_equal(hgt_repo_path_was(repo, "1234567890123456789012345678901234567890", "", Z, 1, &was, NULL), HGT_ENOENT);
	hgt_repo_close(repo);
}

static int add_ref(void *ctx, const char *ref, const char *id)
{
	assert_int_equal(strlen(id), HGT_OID_HEX);
	hgt_buf_addf(ctx, "%s ", ref);
	return 0;
}

static int stop_at_ref(void *ctx, const char *ref, const char *id)
{
	(void)ref;
	(void)id;
	++*(int *)ctx;
	return HGT_EIO;
}

static void reads_refs(void **state)
{
	struct hgt_repo *repo = open_repo("a/.git");
	char *main_id = id_of("main"), *tag_id = id_of("v1"), *first = id_of("first"), *blob = id_of("onblob");
	char *other = id_of("other");
	struct hgt_buf out = HGT_BUF_INIT;
	char id[HGT_OID_HEX + 1];
	int64_t seconds = 0;
	int calls = 0;

	(void)state;
	assert_int_equal(hgt_repo_refs(repo, add_ref, &out, NULL), 0);
	assert_string_equal(out.data, "refs/heads/main refs/heads/other refs/tags/first refs/tags/onblob refs/tags/v1 ");
	assert_int_equal(hgt_repo_refs(repo, stop_at_ref, &calls, NULL), HGT_EIO);
	assert_int_equal(calls, 1);
	hgt_buf_reset(&out);
	assert_int_equal(hgt_repo_default_branch(repo, &out, NULL), 0);
	assert_string_equal(out.data, "refs/heads/main");

	assert_int_equal(hgt_repo_ref(repo, "refs/tags/v1", id, NULL), 0);
	assert_string_equal(id, tag_id);
	assert_int_equal(hgt_repo_ref(repo, "refs/heads/nope", id, NULL), HGT_ENOENT);
	assert_int_equal(hgt_repo_ref(repo, "refs/heads/a..b", id, NULL), HGT_ENOENT);
	assert_int_equal(hgt_repo_commit(repo, tag_id, id, NULL), 0);
	assert_string_equal(id, first);
	assert_int_equal(hgt_repo_commit(repo, blob, id, NULL), HGT_ENOENT);
	assert_int_equal(hgt_repo_commit_time(repo, tag_id, &seconds, NULL), 0);
	assert_int_equal(seconds, 1700000000);

	assert_int_equal(hgt_repo_resolve(repo, "HEAD", id, NULL), 0);
	assert_string_equal(id, main_id);
	assert_int_equal(hgt_repo_resolve(repo, "main~4", id, NULL), 0);
	assert_string_equal(id, first);
	memcpy(id, main_id, 9);
	id[9] = '\0';
	assert_int_equal(hgt_repo_resolve(repo, id, id, NULL), 0);
	assert_string_equal(id, main_id);
	assert_int_equal(hgt_repo_resolve(repo, "onblob", id, NULL), HGT_ENOENT);
	assert_int_equal(hgt_repo_resolve(repo, "nope", id, NULL), HGT_ENOENT);
	assert_int_equal(hgt_repo_resolve(repo, "a b^{", id, NULL), HGT_ENOENT);

	assert_true(hgt_repo_has(repo, first));
	assert_false(hgt_repo_has(repo, "1234567890123456789012345678901234567890"));
	assert_false(hgt_repo_has(repo, "main"));
	assert_int_equal(hgt_repo_descends(repo, main_id, first, NULL), 1);
	assert_int_equal(hgt_repo_descends(repo, first, first, NULL), 1);
	assert_int_equal(hgt_repo_descends(repo, first, main_id, NULL), 0);
	assert_int_equal(hgt_repo_descends(repo, other, main_id, NULL), 0);
	hgt_buf_release(&out);
	free(main_id);
	free(tag_id);
	free(first);
	free(blob);
	free(other);
	hgt_repo_close(repo);
}

static void reads_blobs(void **state)
{
	struct hgt_repo *repo = open_repo("a/.git");
	char *blob = id_of("main:zero.six"), *tree = id_of("main:d");
	struct hgt_buf out = HGT_BUF_INIT;
	uint64_t size = 0;

	(void)state;
	hgt_buf_adds(&out, ">");
	assert_int_equal(hgt_repo_blob_size(repo, blob, &size, NULL), 0);
	assert_int_equal(size, 2);
	assert_int_equal(hgt_repo_blob(repo, blob, 2, &out, NULL), 0);
	assert_string_equal(out.data, ">6\n");
	assert_int_equal(hgt_repo_blob(repo, blob, 1, &out, NULL), HGT_ELIMIT);
	assert_int_equal(hgt_repo_blob(repo, tree, 100, &out, NULL), HGT_ENOENT);
	assert_int_equal(hgt_repo_blob_size(repo, tree, &size, NULL), HGT_ENOENT);
	assert_int_equal(hgt_repo_blob_size(repo, "1234567890123456789012345678901234567890", &size, NULL), HGT_ENOENT);
	assert_string_equal(out.data, ">6\n");
	hgt_buf_release(&out);
	free(blob);
	free(tree);
	hgt_repo_close(repo);
}

static void knows_unborn_and_detached_heads(void **state)
{
	struct hgt_buf ref = HGT_BUF_INIT;
	char id[HGT_OID_HEX + 1];
	struct hgt_repo *repo;

	(void)state;
	sh("git init -q --bare -b trunk unborn.git && git clone -q --bare a detached.git && cd detached.git &&"
	   " git update-ref --no-deref HEAD refs/heads/main");
	repo = open_repo("unborn.git");
	assert_int_equal(hgt_repo_default_branch(repo, &ref, NULL), 0);
	assert_string_equal(ref.data, "refs/heads/trunk");
	assert_int_equal(hgt_repo_ref(repo, ref.data, id, NULL), HGT_ENOENT);
	hgt_repo_close(repo);
	repo = open_repo("detached.git");
	assert_int_equal(hgt_repo_default_branch(repo, &ref, NULL), HGT_ENOENT);
	hgt_buf_release(&ref);
	hgt_repo_close(repo);
}

static void tells_its_path(void **state)
{
	static const char *const ways[] = {"a", "a/", "a/.git", "a/.git/", "./a/../a/.git"};
	char *want = strdup(sh("cd a/.git && pwd -P"));

	(void)state;
	for (size_t i = 0; i < N_OF(ways); i++) {
		struct hgt_repo *repo = open_repo(ways[i]);

		assert_string_equal(hgt_repo_path(repo), want);
		hgt_repo_close(repo);
	}
	free(want);
}

static void refuses_what_it_cannot_read(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *says;
	} cases[] = {
		{"nothing", HGT_ENOENT, "cannot open repository nothing: No such file"},
		{"plain", HGT_ENOENT, "plain is not a Git repository"},
		{"a/d", HGT_ENOENT, "is not a Git repository"},
		{"file", HGT_ENOENT, "is not a Git repository"},
		{"sha256.git", HGT_EUNSUPPORTED, "another hash than SHA-1"},
		{"sha256", HGT_EUNSUPPORTED, "another hash than SHA-1"},
		{"reftable.git", HGT_EUNSUPPORTED, "another form than files"},
		{"shout.git", HGT_EUNSUPPORTED, "another form than files"},
		{"old.git", HGT_EUNSUPPORTED, "another hash than SHA-1"},
		{"future.git", HGT_EIO, "future.git"},
		{"broken.git", HGT_EIO, "broken.git"},
	};

	(void)state;
	sh("mkdir plain && : >file && git init -q --bare --object-format=sha256 sha256.git && git init -q --object-format=sha256 sha256 &&"
	   " git init -q --bare reftable.git && git -C reftable.git config core.repositoryformatversion 1 &&"
	   " git -C reftable.git config extensions.refStorage reftable && cp -r reftable.git shout.git &&"
	   " printf '[core]\\n\\tbare = true\\n\\trepositoryformatversion = 1\\n[EXTENSIONS] REFSTORAGE = reftable\\n' >shout.git/config &&"
	   " git init -q --bare old.git && printf '[extensions]\\n\\tobjectFormat = sha256\\n' >>old.git/config &&"
	   " git init -q --bare future.git && printf '[core]\\n\\trepositoryformatversion = 7\\n' >future.git/config &&"
	   " git init -q --bare broken.git && printf '[core\\n' >broken.git/config");
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_repo *repo = NULL;
		struct hgt_error err = {0};

		assert_int_equal(hgt_repo_open(cases[i].path, &repo, &err), cases[i].code);
		assert_null(repo);
		assert_non_null(strstr(err.message, cases[i].says));
	}
}

/* Another user's repository is refused as git refuses it, and let in by git's own setting. Only root can make one. */
static void keeps_to_safe_directory(void **state)
{
	bool foreign = geteuid() == 0;
	struct hgt_repo *repo = NULL;
	struct hgt_error err = {0};

	(void)state;
	sh("git init -q --bare foreign.git");
	if (foreign)
		sh("chown -R 4711:4711 foreign.git");
	assert_int_equal(hgt_repo_open("foreign.git", &repo, &err), foreign ? HGT_EPERM : 0);
	if (foreign)
		assert_non_null(strstr(err.message, "safe.directory /"));
	hgt_repo_close(repo);
	repo = NULL;
	sh("printf '[safe]\\n\\tdirectory = %s/foreign.git\\n' \"$PWD\" >.gitconfig");
	assert_int_equal(hgt_repo_open("foreign.git", &repo, &err), 0);
	hgt_repo_close(repo);
	repo = NULL;
	sh("printf '[safe]\\n\\tdirectory = /elsewhere\\n' >.gitconfig");
	assert_int_equal(hgt_repo_open("foreign.git", &repo, &err), foreign ? HGT_EPERM : 0);
	hgt_repo_close(repo);
	sh("rm .gitconfig");
}

/* A commit whose tree has these names in this order, all the same blob, whatever git would think of them. */
static char *commit_of_names(const char *const *names, size_t n)
{
	char *blob = id_of("main:zero.six");
	struct hgt_buf tree = HGT_BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		hgt_buf_addf(&tree, "100644 %s", names[i]);
		hgt_buf_addc(&tree, '\0');
		for (size_t c = 0; c < HGT_OID_HEX; c += 2) {
			unsigned byte;

			assert_int_equal(sscanf(blob + c, "%2x", &byte), 1);
			hgt_buf_addc(&tree, (char)byte);
		}
	}
	assert_int_equal(hgt_write_file("tree", tree.data, tree.len, 0600, NULL), 0);
	hgt_buf_release(&tree);
	free(blob);
	return strdup(sh("git -C a commit-tree -m x `git -C a hash-object -t tree --literally -w ../tree`"));
}

/* Names that no folder could hold are an error on the new side; of what stands in no order, nothing new is passed over. */
static void walks_hostile_trees(void **state)
{
	static const char *const impossible[] = {"..", ".", "a/b", "/", ".git", ".GIT"};
	struct hgt_repo *repo = open_repo("a/.git");
	struct hgt_buf out = HGT_BUF_INIT;
	char *old, *new;

	(void)state;
	for (size_t i = 0; i < N_OF(impossible); i++) {
		new = commit_of_names(&impossible[i], 1);
		assert_int_equal(hgt_repo_changes(repo, Z, new, "", add_change, &out, NULL), HGT_ECORRUPT);
		assert_int_equal(hgt_repo_changes(repo, new, Z, "", stop, &(int){0}, NULL), 0);
		free(new);
	}
	assert_string_equal(out.data, "");
	old = commit_of_names((const char *const[]){"b", "z"}, 2);
	new = commit_of_names((const char *const[]){"z", "a", "b", "b", "c"}, 5);
	assert_int_equal(hgt_repo_changes(repo, old, new, "", add_change, &out, NULL), 0);
	assert_non_null(strstr(out.data, "A a "));
	assert_non_null(strstr(out.data, "A c "));
	free(old);
	free(new);
	hgt_buf_release(&out);
	hgt_repo_close(repo);
}

/* What a push to a name moves: a symbolic ref is followed as Git follows it, and whatever else is in the way is none. */
static void follows_symbolic_refs(void **state)
{
	static const struct {
		const char *ref, *real;
	} cases[] = {
		{"refs/heads/main", "refs/heads/main"}, {"refs/heads/one", "refs/heads/main"}, {"refs/heads/two", "refs/heads/main"},
		{"refs/heads/unborn", "refs/heads/nope"}, {"refs/heads/nope", "refs/heads/nope"},
		{"refs/heads/folder", "refs/heads/folder"}, {"refs/heads/main/below", "refs/heads/main/below"},
		{"refs/heads/a..b", "refs/heads/a..b"}, {"refs/heads/circle", NULL},
	};
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_repo *repo;

	(void)state;
	sh("git clone -q --bare a sym.git && cd sym.git && git symbolic-ref refs/heads/one refs/heads/main &&"
		" git symbolic-ref refs/heads/two refs/heads/one && git symbolic-ref refs/heads/unborn refs/heads/nope &&"
		" echo ref: refs/heads/circle >refs/heads/circle && mkdir refs/heads/folder && git symbolic-ref HEAD refs/heads/two");
	repo = open_repo("sym.git");
	for (size_t i = 0; i < N_OF(cases); i++) {
		hgt_buf_reset(&out);
		print_message("%s\n", cases[i].ref);
		assert_int_equal(hgt_repo_real_ref(repo, cases[i].ref, &out, NULL), cases[i].real ? 0 : HGT_ECORRUPT);
		assert_string_equal(out.data, cases[i].real ? cases[i].real : "");
	}
	assert_int_equal(hgt_repo_default_branch(repo, &out, NULL), 0);
	assert_string_equal(out.data, "refs/heads/main");
	hgt_buf_release(&out);
	hgt_repo_close(repo);
}

static void limits_paths(void **state)
{
	struct hgt_repo *repo = open_repo("a/.git");
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_error err = {0};
	char *deep = strdup(sh("cd a && t=`printf '100644 blob %s\\tf\\n' \\`git rev-parse main:zero.six\\` | git mktree` &&"
		" n=`printf %0200d 0` && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do"
		" t=`printf '040000 tree %s\\t%s\\n' $t $n | git mktree`; done && git commit-tree -m x $t"));

	(void)state;
	assert_int_equal(hgt_repo_changes(repo, Z, deep, "", add_change, &out, &err), HGT_ELIMIT);
	assert_string_equal(out.data, "");
	free(deep);
	hgt_buf_release(&out);
	hgt_repo_close(repo);
}

/* What a pre-receive hook sees: objects in quarantine, also below a folder whose name git must quote. */
static void sees_quarantine(void **state)
{
	static const char *const names[] = {"q.git", "q:\"x\\.git", "q:\tx\xe9.git"};

	(void)state;
	for (size_t i = 0; i < N_OF(names); i++) {
		struct hgt_buf quoted = HGT_BUF_INIT, objects = HGT_BUF_INIT;
		struct hgt_repo *repo = NULL;
		struct hgt_error err = {0};
		char script[700], *old;
		const char *id;

		snprintf(script, sizeof(script), "git clone -q --bare a '%s' && mkdir '%s/objects/q' && git -C a rev-parse main", names[i],
			names[i]);
		old = strdup(sh(script));
		hgt_buf_addf(&objects, "%s/%s/objects", folder, names[i]);
		if (strchr(names[i], ':')) {
			hgt_buf_addc(&quoted, '"');
			for (const char *p = objects.data; *p; p++) {
				if (*p == '\t')
					hgt_buf_adds(&quoted, "\\t");
				else if ((unsigned char)*p >= 0x80)
					hgt_buf_addf(&quoted, "\\%03o", (unsigned char)*p);
				else
					hgt_buf_addf(&quoted, *p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
			}
			hgt_buf_addc(&quoted, '"');
		} else {
			hgt_buf_adds(&quoted, objects.data);
		}
		setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted.data, 1);
		hgt_buf_adds(&objects, "/q");
		setenv("GIT_OBJECT_DIRECTORY", objects.data, 1);
		setenv("GIT_DIR", ".", 1);
		assert_int_equal(chdir(names[i]), 0);
		id = sh("git commit-tree -m quarantined -p main main^{tree}");
		if (hgt_repo_open_env(&repo, &err) < 0)
			fail_msg("%s", err.message);
		assert_true(hgt_repo_has(repo, id));
		assert_true(hgt_repo_has(repo, old));
		assert_int_equal(hgt_repo_descends(repo, id, old, NULL), 1);
		hgt_repo_close(repo);
		unsetenv("GIT_DIR");
		unsetenv("GIT_OBJECT_DIRECTORY");
		unsetenv("GIT_ALTERNATE_OBJECT_DIRECTORIES");
		assert_int_equal(chdir(folder), 0);
		hgt_buf_release(&quoted);
		hgt_buf_release(&objects);
		free(old);
	}
}

static void finds_the_repository_around(void **state)
{
	struct hgt_repo *repo = NULL;
	char *want = strdup(sh("cd a/.git && pwd -P"));

	(void)state;
	assert_int_equal(chdir("a/d"), 0);
	assert_int_equal(hgt_repo_open_env(&repo, NULL), 0);
	assert_string_equal(hgt_repo_path(repo), want);
	hgt_repo_close(repo);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(hgt_repo_open_env(&repo, NULL), HGT_ENOENT);
	free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_changes), cmocka_unit_test(changes_can_be_stopped), cmocka_unit_test(walks_and_finds_paths),
		cmocka_unit_test(tells_what_a_path_was),
		cmocka_unit_test(reads_refs), cmocka_unit_test(reads_blobs), cmocka_unit_test(knows_unborn_and_detached_heads),
		cmocka_unit_test(tells_its_path), cmocka_unit_test(refuses_what_it_cannot_read),
		cmocka_unit_test(keeps_to_safe_directory), cmocka_unit_test(walks_hostile_trees), cmocka_unit_test(follows_symbolic_refs), cmocka_unit_test(limits_paths),
		cmocka_unit_test(sees_quarantine), cmocka_unit_test(finds_the_repository_around),
	};

	return cmocka_run_group_tests(tests, make_repositories, remove_repositories);
}
