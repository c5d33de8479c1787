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

static void reads_manifests(void **state)
{
	struct hgt_config *config;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(parse(MINIMAL "manifest: {file: /srv/www/manifest.js.gz, repos: ['pub/**'], export_ok: true}\n"
		"mirrors: [{name: up, direction: pull, url: 'https://a/{repo}.git', manifest: 'https://a/manifest.js.gz'}]\n"
		"limits: {manifest: 1MiB}\n", &config, &err), 0);
	assert_string_equal(config->manifest.file, "/srv/www/manifest.js.gz");
	assert_string_equal(config->manifest.repos.items[0], "pub/**");
	assert_true(config->manifest.export_ok);
	assert_string_equal(config->mirrors[0].manifest, "https://a/manifest.js.gz");
	assert_int_equal(config->limits.manifest, 1024 * 1024);
	hgt_config_free(config);
	assert_int_equal(parse(MINIMAL, &config, &err), 0);
	assert_null(config->manifest.file);
	assert_int_equal(config->limits.manifest, 64 * 1024 * 1024);
	hgt_config_free(config);
	assert_int_equal(parse(MINIMAL "manifest: {repos: [a]}\n", &config, &err), HGT_EPARSE);
	assert_non_null(strstr(err.message, "needs the key \"file\""));
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

/* Of a Headgate upstream; what follows the name of the mirror. */
static int parse_upstream(const char *text, struct hgt_config **config, struct hgt_error *err)
{
	struct hgt_buf all = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&all, MINIMAL "mirrors: [{name: a, direction: pull, url: '/srv/{repo}.git', %s}]\n", text);
	code = parse(all.data, config, err);
	hgt_buf_release(&all);
	return code;
}

static void reads_an_upstream(void **state)
{
	struct hgt_config *config;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(parse_upstream("peer: follower, lfs: true, upstream: {server: 'https://a.example:7443', token_file: /t, ca_file: /c}", &config,
		&err), 0);
	assert_int_equal(config->mirrors[0].peer, HGT_MIRROR_FOLLOWER);
	assert_true(config->mirrors[0].lfs);
	assert_string_equal(config->mirrors[0].upstream.server, "https://a.example:7443");
	assert_string_equal(config->mirrors[0].upstream.token_file, "/t");
	assert_string_equal(config->mirrors[0].upstream.ca_file, "/c");
	assert_null(config->mirrors[0].upstream.repo);
	hgt_config_free(config);
	assert_int_equal(parse_upstream("repos: [b], upstream: {server: 'http://[::1]:7420', token_file: /t, repo: c}", &config, &err), 0);
	assert_int_equal(config->mirrors[0].peer, HGT_MIRROR_ALONE);
	assert_string_equal(config->mirrors[0].upstream.repo, "c");
	hgt_config_free(config);
}

static void refuses_upstreams(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"upstream: {server: 'https://a'}", "upstream needs server and token_file"},
		{"upstream: {token_file: /t}", "upstream needs server and token_file"},
		{"upstream: {server: 'ssh://a', token_file: /t}", "expected a URL that begins with https:// or http://"},
		{"upstream: {server: 'https://u@a', token_file: /t}", "without a user or a path"},
		{"upstream: {server: 'https://a/b', token_file: /t}", "without a user or a path"},
		{"upstream: {server: 'http://a:80', token_file: /t}", "plain HTTP shows the token"},
		{"upstream: {server: 'http://localhost.evil:80', token_file: /t}", "plain HTTP shows the token"},
		{"upstream: {server: 'https://a', token_file: /t, repo: c}", "a mirror of one repository here"},
		{"peer: leader", "peer needs upstream"},
		{"peer: both, upstream: {server: 'https://a', token_file: /t}", "expected leader or follower"},
		{"peer: leader, gate: true, upstream: {server: 'https://a', token_file: /t}", "leave gate out"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_config *config;
		struct hgt_error err = {0};

		assert_int_equal(parse_upstream(cases[i].text, &config, &err), HGT_EPARSE);
		if (!strstr(err.message, cases[i].why))
			fail_msg("%s: %s", cases[i].text, err.message);
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
		{"{" PUSH URL ", manifest: 'https://a/m.js.gz'}", "manifest is for direction: pull"},
		{"{name: a, direction: pull, repos: [b], " URL ", manifest: 'https://a/m.js.gz'}", "write {repo} into url"},
		{"{name: a, direction: pull, url: '/a/{repo}', manifest: 'ftp://a/m.js.gz'}", "expected a URL that begins with https://, http:// or file:///"},
		{"{name: a, direction: pull, url: '/a/{repo}', manifest: m.js.gz}", "or an absolute path"},
		{"{name: a, direction: pull, url: '/a/{repo}', manifest: 'https://u:p@a/m.js.gz'}", "a password has no place in a URL"},
		{"{name: a, direction: pull, url: '/a/{repo}', manifest: 'https://a/m js'}", "a URL has no spaces"},
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
		cmocka_unit_test(reads_mirrors), cmocka_unit_test(reads_manifests), cmocka_unit_test(takes_the_urls_that_git_speaks), cmocka_unit_test(refuses),
		cmocka_unit_test(reads_an_upstream), cmocka_unit_test(refuses_upstreams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
