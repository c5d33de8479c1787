/* The door that hooks look at: open only where a file says so, whole. */
#include "mirror/door.h"

#include "base/io.h"
#include "unit.h"

static struct hgt_config *config_of(const char *state)
{
	struct hgt_config *config;
	struct hgt_error err = {0};
	char text[1024];

	snprintf(text, sizeof(text), "state: %s\nrepositories: {root: /srv/git}\nmirrors:\n"
		"  - {name: plain, direction: pull, url: '/x/{repo}.git', repos: ['**']}\n"
		"  - {name: site, direction: pull, url: 'ssh://git@a.example/{repo}.git', repos: ['infra/**'], peer: follower,\n"
		"     upstream: {server: 'https://a.example', token_file: /t}}\n", state);
	if (hgt_config_parse(text, strlen(text), "hg.yaml", &config, &err) < 0)
		fail_msg("%s", err.message);
	return config;
}

/* "" when a push may go in. */
static void check_door(const char *state, const char *repo, const char *says)
{
	struct hgt_config *config = config_of(state);
	const struct hgt_config_mirror *mirror;
	struct hgt_buf why = HGT_BUF_INIT;
	struct hgt_error err = {0};

	assert_int_equal(hgt_door_check(config, repo, &mirror, &why, &err), 0);
	assert_true((mirror != NULL) == (*says != '\0'));
	if (*says ? !strstr(why.data, says) : why.len > 0)
		fail_msg("%s: %s", repo, why.data);
	hgt_buf_release(&why);
	hgt_config_free(config);
}

static void is_shut_unless_it_says_open(void **state)
{
	static const char *const texts[] = {"", "open", "opened\n", "open\n\n", "open\nx", "OPEN\n", "\n", "fol"};
	char *folder = unit_path(*state, HGT_DOOR_FOLDER), *file = unit_path(folder, "site");

	check_door(*state, "infra/prod", "it is not known whether");
	check_door(*state, "other", "");
	assert_int_equal(hgt_make_folders(folder, 0700, NULL), 0);
	for (size_t i = 0; i < N_OF(texts); i++) {
		assert_int_equal(hgt_write_file(file, texts[i], strlen(texts[i]), 0600, NULL), 0);
		check_door(*state, "infra/prod", "it is not known whether");
	}
	assert_int_equal(hgt_write_file(file, "open\n\0x", 7, 0600, NULL), 0);
	check_door(*state, "infra/prod", "it is not known whether");
	free(file);
	free(folder);
}

static void says_why(void **state)
{
	char *folder = unit_path(*state, HGT_DOOR_FOLDER);

	assert_int_equal(hgt_make_folders(folder, 0700, NULL), 0);
	assert_int_equal(hgt_door_set(*state, "site", HGT_DOOR_OPEN, NULL), 0);
	check_door(*state, "infra/prod", "");
	assert_int_equal(hgt_door_set(*state, "site", HGT_DOOR_FOLLOWS, NULL), 0);
	check_door(*state, "infra/prod", "follows another Headgate; push to ssh://git@a.example/infra/prod.git");
	assert_int_equal(hgt_door_set(*state, "site", HGT_DOOR_CLOSING, NULL), 0);
	check_door(*state, "infra/prod", "is being handed over");
	assert_int_equal(hgt_door_set(*state, "site", HGT_DOOR_DISPUTED, NULL), 0);
	check_door(*state, "infra/prod", "two Headgates say that they lead mirror site");
	check_door(*state, "other", "");
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(is_shut_unless_it_says_open, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(says_why, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
