/* lib/config: webhooks, sent and coming in. */
#include "config/config.h"
#include "tests/unit/unit.h"

#define MINIMAL "repositories: {root: /srv/git}\n"
#define URL "url: 'https://a.example.org/in'"

static int parse(const char *text, struct hgt_config **config, struct hgt_error *err)
{
	return hgt_config_parse(text, strlen(text), "hg.yaml", config, err);
}

static void defaults(void **state)
{
	const struct hgt_config_webhook *hook;
	struct hgt_config *config = NULL;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(parse(MINIMAL, &config, &err), 0);
	assert_int_equal(config->n_webhooks + config->n_inbound, 0);
	hgt_config_free(config);
	assert_int_equal(parse(MINIMAL "webhooks: [{name: a, " URL "}]\ninbound: [{name: b, kind: gitea, secret_file: /s, repo: x/y}]\n",
		&config, &err), 0);
	hook = &config->webhooks[0];
	assert_int_equal(hook->format, HGT_WEBHOOK_CLOUDEVENTS);
	assert_null(hook->secret_file);
	assert_string_equal(hook->repos.items[0], "**");
	assert_string_equal(hook->events.items[0], "ref.updated");
	assert_string_equal(hook->http_url, "https://{site}/{repo}.git");
	assert_false(hook->allow_private || hook->insecure || hook->allow.n);
	assert_int_equal(hook->timeout, 10);
	assert_int_equal(hook->retry_for, 6 * 3600);
	assert_int_equal(hook->body, 2 * 1024 * 1024);
	assert_int_equal(hook->keep, 500);
	assert_int_equal(config->inbound[0].kind, HGT_WEBHOOK_GITEA);
	assert_int_equal(config->inbound[0].window, 86400);
	hgt_config_free(config);
}

static void takes_what_is_said(void **state)
{
	static const char text[] = MINIMAL "webhooks:\n"
		"  - {name: a, url: 'http://[::1]:80/x?y=z', format: jenkins, secret_file: /s, insecure: true, allow: [10.0.0.0/8, '::1'], retry_for: 0s}\n"
		"  - {name: b, url: 'https://b.example.org', events: ['agent.*', push.refused], repos: ['infra/**'], ca_file: /ca}\n";
	struct hgt_config *config = NULL;
	struct hgt_error err = {0};

	(void)state;
	if (parse(text, &config, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(config->n_webhooks, 2);
	assert_int_equal(config->webhooks[0].allow.n, 2);
	assert_int_equal(config->webhooks[0].allow.items[0].bits, 104);
	assert_int_equal(config->webhooks[0].allow.items[1].bits, 128);
	assert_int_equal(config->webhooks[0].retry_for, 0);
	assert_string_equal(config->webhooks[1].events.items[1], "push.refused");
	assert_string_equal(config->webhooks[1].ca_file, "/ca");
	hgt_config_free(config);
}

static void refuses(void **state)
{
	static const struct {
		const char *entry, *message;
	} cases[] = {
		{"webhooks: [{" URL "}]", "an entry of webhooks needs the key \"name\""},
		{"webhooks: [{name: a}]", "an entry of webhooks needs the key \"url\""},
		{"webhooks: [{name: no, " URL "}]", "expected a string, got boolean; put it in quotes"},
		{"webhooks: [{name: A, " URL "}]", "a name is 1 to 63 of a-z 0-9 - . _"},
		{"webhooks: [{name: a, " URL "}, {name: a, " URL "}]", "there is another webhook named \"a\""},
		{"webhooks: [{name: a, " URL ", format: bitbucket}]", "expected cloudevents, github, gitlab, gitea or jenkins"},
		{"webhooks: [{name: a, url: 'ftp://a'}]", "expected a URL that begins with https:// or http://"},
		{"webhooks: [{name: a, url: 'https://'}]", "expected a URL that begins with https:// or http://"},
		{"webhooks: [{name: a, url: 'https:///x'}]", "expected a URL that begins with https:// or http://"},
		{"webhooks: [{name: a, url: 'https://u:p@a/x'}]", "a user or password has no place here"},
		{"webhooks: [{name: a, url: 'https://a/x#y'}]", "a URL to send to has no fragment"},
		{"webhooks: [{name: a, url: 'https://a/x y'}]", "a URL has no spaces"},
		{"webhooks: [{name: a, " URL ", secret_file: s}]", "expected an absolute path"},
		{"webhooks: [{name: a, " URL ", secret: geheim}]", "unknown key \"secret\""},
		{"webhooks: [{name: a, " URL ", allow: [10.0.0.0/40]}]", "expected an address or a range"},
		{"webhooks: [{name: a, " URL ", retry_first: 1h, retry_most: 1m}]", "retry_first is longer than retry_most"},
		{"webhooks: [{name: a, " URL ", timeout: 0s}]", "out of range"},
		{"webhooks: [{name: a, " URL ", format: github, events: [push.refused]}]", "the format github has a word for ref.updated alone"},
		{"webhooks: [{name: a, url: 'http://a', format: gitlab, secret_file: /s}]", "plain HTTP shows it to the network"},
		{"webhooks: [{name: a, " URL ", repos: ['[x']}]", "pattern has '[' without ']'"},
		{"inbound: [{name: a, kind: jenkins, secret_file: /s, repo: x}]", "expected github, gitlab or gitea"},
		{"inbound: [{name: a, kind: github, repo: x}]", "an entry of inbound needs the key \"secret_file\""},
		{"inbound: [{name: a, kind: github, secret_file: /s, repo: x}, {name: a, kind: gitea, secret_file: /s, repo: x}]",
			"there is another inbound webhook named \"a\""},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_config *config = NULL;
		struct hgt_error err = {0};

		snprintf(text, sizeof(text), MINIMAL "%s\n", cases[i].entry);
		if (parse(text, &config, &err) != HGT_EPARSE || strncmp(err.message, "hg.yaml:2:", 10) != 0 || !strstr(err.message,
			cases[i].message))
			fail_msg("%s: %s", cases[i].entry, err.message);
		assert_null(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(defaults), cmocka_unit_test(takes_what_is_said), cmocka_unit_test(refuses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
