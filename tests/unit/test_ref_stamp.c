/* git/ref_stamp: the same while no ref moves, and never the same once one has. */
#include "git/ref_stamp.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/unit/temp_folder.h"
#include "tests/unit/unit.h"

/* The time of day, turned forward: what has changed a moment ago is as old as it looks. */
static time_t clock_ahead;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int code = (int)syscall(SYS_clock_gettime, id, ts);

	if (code == 0 && id == CLOCK_REALTIME)
		ts->tv_sec += clock_ahead;
	return code;
}

static char *folder, *path;

static void sh(const char *script)
{
	struct hgt_buf command = HGT_BUF_INIT;

	hgt_buf_addf(&command, "set -e; cd %s; export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a "
		"GIT_COMMITTER_EMAIL=a@b; %s", folder, script);
	if (system(command.data) != 0)
		fail_msg("%s", command.data);
	hgt_buf_release(&command);
}

static int set_up(void **state)
{
	(void)state;
	folder = temp_folder_new();
	path = unit_path(folder, "r.git");
	sh("git init -q --bare r.git; git init -q -b main w; cd w; git commit -q --allow-empty -m 1; git commit -q --allow-empty -m 2; "
		"git push -q ../r.git main main~1:refs/heads/team/old main:refs/tags/t");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	clock_ahead = 0;
	free(path);
	temp_folder_free(folder);
	return 0;
}

static void moves_show(void **state)
{
	static const char *const moves[] = {
		"git -C r.git update-ref refs/heads/main main~1", "git -C r.git update-ref refs/heads/main refs/tags/t",
		"git -C r.git update-ref refs/heads/a/b/c main", "git -C r.git pack-refs --all", "git -C r.git update-ref -d refs/heads/a/b/c",
		"git -C r.git update-ref refs/heads/team/old main", "git -C w push -q ../r.git main:refs/heads/pushed",
		/* not as git does it: within the file, within the second, with its times put back */
		"cat r.git/refs/heads/pushed >x; touch -r r.git/refs/heads/pushed y; cat x >r.git/refs/heads/pushed; touch -r y r.git/refs/heads/pushed",
		"git -C r.git symbolic-ref refs/heads/alias refs/heads/main", "git -C r.git config extensions.x y", "rm -r r.git/refs/tags",
		"cp -r r.git s.git; rm -r r.git; mv s.git r.git",
	};
	char before[HGT_REF_STAMP_TEXT], after[HGT_REF_STAMP_TEXT];

	(void)state;
	clock_ahead = 10;
	hgt_ref_stamp(path, before);
	assert_int_equal(strlen(before), HGT_REF_STAMP_TEXT - 1);
	for (size_t i = 0; i < N_OF(moves); i++) {
		sh(moves[i]);
		hgt_ref_stamp(path, after);
		if (!*after || strcmp(before, after) == 0)
			fail_msg("does not show: %s", moves[i]);
		memcpy(before, after, sizeof(before));
	}
}

static void looking_changes_nothing(void **state)
{
	char before[HGT_REF_STAMP_TEXT], after[HGT_REF_STAMP_TEXT];

	(void)state;
	clock_ahead = 10;
	hgt_ref_stamp(path, before);
	sh("git -C r.git for-each-ref >/dev/null; git -C r.git rev-parse main >/dev/null; echo x >r.git/description; git -C r.git gc -q --auto; "
		"git clone -q r.git c 2>/dev/null");
	hgt_ref_stamp(path, after);
	assert_true(*before);
	assert_string_equal(before, after);
}

static void proves_nothing_too_soon(void **state)
{
	char stamp[HGT_REF_STAMP_TEXT];

	(void)state;
	hgt_ref_stamp(path, stamp);
	assert_string_equal(stamp, "");
	/* A clock that has gone back makes times to come. */
	clock_ahead = -3600;
	hgt_ref_stamp(path, stamp);
	assert_string_equal(stamp, "");
	clock_ahead = 10;
	hgt_ref_stamp(path, stamp);
	assert_true(*stamp);
	hgt_ref_stamp("/nowhere", stamp);
	assert_string_equal(stamp, "");
	/* What a link leads to may change without it. */
	sh("ln -s /etc/hostname r.git/refs/heads/link");
	hgt_ref_stamp(path, stamp);
	assert_string_equal(stamp, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(moves_show), TEST(looking_changes_nothing), TEST(proves_nothing_too_soon)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
