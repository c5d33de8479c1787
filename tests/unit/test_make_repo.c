/* lib/install/make_repo: whole or not at all, where its name says and nowhere else, and never over what is there. */
#include "install/make_repo.h"

#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "base/io.h"
#include "config/config.h"
#include "tests/unit/unit.h"

static const char *folder;	/* the current one */

static void run(const char *script)
{
	if (system(script) != 0)
		fail_msg("failed: %s", script);
}

static void check_prints(const char *script, const char *want)
{
	char got[4096] = "";
	FILE *pipe = popen(script, "re");

	assert_non_null(pipe);
	got[fread(got, 1, sizeof(got) - 1, pipe)] = '\0';
	assert_int_equal(pclose(pipe), 0);
	assert_string_equal(got, want);
}

static struct hgt_config *read_config(const char *more)
{
	struct hgt_buf text = HGT_BUF_INIT, path = HGT_BUF_INIT;
	struct hgt_config *config = NULL;
	struct hgt_error err = {0};

	hgt_buf_addf(&text, "repositories: {root: %s/git%s}\n", folder, more);
	hgt_buf_addf(&path, "%s/headgate.yaml", folder);
	if (hgt_config_parse(text.data, text.len, path.data, &config, &err) < 0)
		fail_msg("%s", err.message);
	hgt_buf_release(&text);
	hgt_buf_release(&path);
	return config;
}

static int make(const struct hgt_config *config, const char *name, struct hgt_error *err)
{
	const struct hgt_new_repo order = {.name = name, .programs = "/opt/x", .config = config};
	struct hgt_buf path = HGT_BUF_INIT;
	int code = hgt_make_repo(&order, &path, err);

	hgt_buf_release(&path);
	return code;
}

static void makes_a_whole_repository(void **state)
{
	struct hgt_config *config = read_config("");
	struct hgt_buf path = HGT_BUF_INIT, want = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct hgt_new_repo order = {.name = "pub/scm/linux", .head = "ref: refs/heads/trunk", .description = "The kernel", .owner = "L \"T\"",
		.programs = "/opt/x", .config = config};

	(void)state;
	run("git init -q --bare git/base.git");
	hgt_buf_addf(&want, "%s/git/base.git", folder);
	order.borrow = want.data;
	if (hgt_make_repo(&order, &path, &err) < 0)
		fail_msg("%s", err.message);
	hgt_buf_reset(&want);
	hgt_buf_addf(&want, "%s/git/pub/scm/linux.git", folder);
	assert_string_equal(path.data, want.data);
	check_prints("cd git/pub/scm/linux.git && git symbolic-ref HEAD && cat description && git config gitweb.owner && git config core.bare && "
		"git config receive.advertisePushOptions && git config transfer.hideRefs && readlink hooks/pre-receive hooks/post-receive",
		"refs/heads/trunk\nThe kernel\nL \"T\"\ntrue\ntrue\nrefs/headgate\n/opt/x/headgate-pre-receive\n/opt/x/headgate-post-receive\n");
	check_prints("cd git/pub/scm && ls -A && git -C linux.git fsck 2>/dev/null && basename $(readlink linux.git/headgate/config)", "linux.git\nheadgate.yaml\n");
	check_prints("dirname $(dirname $(cat git/pub/scm/linux.git/objects/info/alternates)) | xargs basename", "git\n");
	check_prints("git -C git/base.git config --local gc.pruneExpire", "never\n");
	assert_int_equal(make(config, "pub/scm/linux", &err), HGT_EEXIST);
	check_prints("ls -A git/pub/scm", "linux.git\n");
	hgt_buf_release(&path);
	hgt_buf_release(&want);
	hgt_config_free(config);
}

static void keeps_out_of_everything_else(void **state)
{
	static const char *const bad[] = {"../x", "a/../../x", "/etc/x", "a//b", "", ".git", "a/.git", "x.git", "a.git/b", "-x", "a/.headgate-new.1"};
	struct hgt_config *config = read_config(", exclude: [no/**]");
	struct hgt_error err = {0};

	(void)state;
	for (size_t i = 0; i < N_OF(bad); i++)
		if (make(config, bad[i], &err) != HGT_EINVAL)
			fail_msg("made: %s", bad[i]);
	assert_int_equal(make(config, "no/x", &err), HGT_ENOENT);
	run("mkdir out && ln -s ../out git/link && touch git/file && git init -q --bare git/plain && git init -q git/work");
	assert_int_equal(make(config, "link/x", &err), HGT_ECONFLICT);
	assert_int_equal(make(config, "file/x", &err), HGT_ECONFLICT);
	assert_int_equal(make(config, "plain/x", &err), HGT_ECONFLICT);
	assert_int_equal(make(config, "work/x", &err), HGT_ECONFLICT);
	assert_int_equal(make(config, "plain", &err), HGT_EEXIST);
	run("ln -s nowhere git/gone.git");
	assert_int_equal(make(config, "gone", &err), HGT_EEXIST);
	check_prints("ls -A out git | tr '\\n' ' '", "git: file gone.git link plain work  out: ");
	hgt_config_free(config);
}

static void leaves_nothing_behind(void **state)
{
	struct hgt_config *config = read_config("");
	const struct hgt_new_repo order = {.name = "a", .programs = "/opt/x", .config = config, .borrow = "/nowhere/at/all"};
	struct hgt_buf path = HGT_BUF_INIT;
	struct utimbuf old = {0, 0};
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(hgt_make_repo(&order, &path, &err), HGT_ENOENT);
	assert_string_equal(path.data, "");
	check_prints("ls -A git", "");
	/* What was left half made long ago goes; what may still be in the making stays. */
	run("mkdir -p git/.headgate-new.old/objects git/.headgate-new.young && touch git/.headgate-new.old/objects/x");
	assert_int_equal(utime("git/.headgate-new.old", &old), 0);
	assert_int_equal(make(config, "a", &err), 0);
	check_prints("ls -A git", ".headgate-new.young\na.git\n");
	hgt_config_free(config);
	hgt_buf_release(&path);
}

static int begin(void **state)
{
	if (unit_folder_make(state) < 0 || chdir(*state) < 0 || mkdir("git", 0755) < 0)
		return -1;
	folder = *state;
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("HOME", folder, 1);
	return 0;
}

static int end(void **state)
{
	return chdir("/") < 0 ? -1 : unit_folder_remove(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes_a_whole_repository, begin, end),
		cmocka_unit_test_setup_teardown(keeps_out_of_everything_else, begin, end),
		cmocka_unit_test_setup_teardown(leaves_nothing_behind, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
