/* The config of mirrors. */
#include "config/config.h"
#include "unit.h"

#define MINIMAL "repositories: {root: /srv/git}\n"

static int parse(const char *text, struct hgt_config **out, struct hgt_error *err)
{
	return hgt_config_parse(text, strlen(text), "hg.yaml", out, err);
}

static void reads_mirrors(void **state)
{
	struct hgt_config *config;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(parse(MINIMAL "mirrors:\n"
		"  - {name: backup, repos: ['infra/**'], direction: push, url: 'ssh://git@backup.example.org/{repo}.git'}\n"
		"  - {name: vendor, repos: [vendor/charts], direction: pull, url: 'https://example.org/charts.git', every: 30s, gate: true,\n"
		"     on_force: stop, on_delete: follow, guard: 5, create: true, credentials_file: /etc/headgate/vendor.credentials}\n",
		&config, &err), 0);
	assert_int_equal(config->n_mirrors, 2);
	assert_int_equal(config->mirrors[0].direction, HGT_MIRROR_PUSH);
	assert_string_equal(config->mirrors[0].url, "ssh://git@backup.example.org/{repo}.git");
	assert_int_equal(config->mirrors[0].refs.n, 2);
	assert_string_equal(config->mirrors[0].refs.items[1], "refs/tags/**");
	assert_int_equal(config->mirrors[0].every, 300);
	assert_int_equal(config->mirrors[0].on_force, HGT_MIRROR_KEEP);
	assert_int_equal(config->mirrors[0].guard, 20);
	assert_int_equal(config->mirrors[1].direction, HGT_MIRROR_PULL);
	assert_int_equal(config->mirrors[1].every, 30);
	assert_true(config->mirrors[1].gate && config->mirrors[1].create);
	assert_int_equal(config->mirrors[1].on_force, HGT_MIRROR_STOP);
	assert_int_equal(config->mirrors[1].on_delete, HGT_MIRROR_FOLLOW);
	assert_int_equal(config->mirrors[1].guard, 5);
	assert_int_equal(config->limits.mirrors, 8);
	assert_int_equal(config->limits.mirrors_per_host, 4);
	hgt_config_free(config);
}

static void takes_the_urls_that_git_speaks(void **state)
{
	static const char *const urls[] = {"ssh://git@a.example/b.git", "ssh://[2001:db8::1]:2222/b.git", "git@a.example:b.git", "a:b", "https://a/b",
		"http://a/b", "file:///srv/b.git", "/srv/b.git", "https://a/b@c/d"};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct hgt_config *config;
		struct hgt_error err = {0};
		char text[512];

		snprintf(text, sizeof(text), MINIMAL "mirrors: [{name: a, direction: push, repos: [b], url: '%s'}]\n", urls[i]);
		if (parse(text, &config, &err) < 0)
			fail_msg("%s: %s", urls[i], err.message);
		hgt_config_free(config);
	}
}

static void refuses(void **state)
{
#define PUSH "name: a, direction: push, repos: [b], "
#define URL "url: 'https://a.example/b.git'"
	static const struct {
		const char *entry, *message;
	} cases[] = {
		{"{" PUSH "}", "an entry of mirrors needs the key \"url\""},
		{"{name: a, repos: [b], " URL "}", "an entry of mirrors needs the key \"direction\""},
		{"{name: a, direction: both, " URL "}", "expected push or pull"},
		{"{name: a, direction: pull, repos: [b], on_force: maybe, " URL "}", "expected keep, follow or stop"},
		{"{" PUSH "url: 'ext::sh -c id'}", "a URL has no spaces, quotes or letters beyond ASCII"},
		{"{" PUSH "url: 'ext::id'}", "expected a URL that begins with ssh://, https://, http:// or file:///"},
		{"{" PUSH "url: 'git://a/b'}", "expected a URL that begins with"},
		{"{" PUSH "url: 'ftp://a/b'}", "expected a URL that begins with"},
		{"{" PUSH "url: 'relative/b.git'}", "expected a URL that begins with"},
		{"{" PUSH "url: 'ssh://-oProxyCommand=id/b'}", "a URL needs a host, which does not begin with a dash"},
		{"{" PUSH "url: 'ssh://git@-oProxyCommand=id/b'}", "a host does not begin with a dash"},
		{"{" PUSH "url: 'git@-oProxyCommand=id:b'}", "a host does not begin with a dash"},
		{"{" PUSH "url: '-oProxyCommand=id:b'}", "a URL needs a host, which does not begin with a dash"},
		{"{" PUSH "url: 'https:///b'}", "a URL needs a host"},
		{"{" PUSH "url: 'https://'}", "a URL needs a host"},
		{"{" PUSH "url: 'https://user:secret@a/b'}", "a password has no place here; put it into a file that credentials_file names"},
		{"{" PUSH "url: 'https://token@a/b'}", "a password has no place here"},
		{"{" PUSH "url: 'ssh://git:secret@a/b'}", "a password has no place here"},
		{"{name: a, direction: push, " URL "}", "several repositories would go by one URL; write {repo}"},
		{"{name: a, direction: push, repos: [b, c], " URL "}", "several repositories would go by one URL; write {repo}"},
		{"{" PUSH URL ", gate: true}", "gate is for direction: pull"},
		{"{" PUSH URL ", every: 1m}", "every is for direction: pull"},
		{"{" PUSH URL ", retry_first: 20m}", "retry_first is longer than retry_most"},
		{"{" PUSH "url: 'http://a/b', credentials_file: /c}", "plain HTTP shows the credentials to the network"},
		{"{" PUSH URL "}, {" PUSH URL "}", "there is another mirror named \"a\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hgt_config *config;
		struct hgt_error err = {0};
		char text[1024];

		snprintf(text, sizeof(text), MINIMAL "mirrors: [%s]\n", cases[i].entry);
		if (parse(text, &config, &err) != HGT_EPARSE || !strstr(err.message, cases[i].message))
			fail_msg("%s: %s", cases[i].entry, err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_mirrors), cmocka_unit_test(takes_the_urls_that_git_speaks), cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
