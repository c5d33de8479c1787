/* The config: what it takes, what it refuses and with which words, and which file is read. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/io.h"
#include "base/log.h"
#include "fail_alloc.h"

#define MINIMAL "repositories: {root: /srv/git}\n"

static struct hgt_config *parse(const char *text)
{
	struct hgt_config *config = NULL;
	struct hgt_error err = {0};

	if (hgt_config_parse(text, strlen(text), "hg.yaml", &config, &err) < 0)
		fail_msg("%s", err.message);
	return config;
}

static void test_defaults(void **state)
{
	struct hgt_config *c = parse(MINIMAL);

	(void)state;
	assert_string_equal(c->repositories.root, "/srv/git");
	assert_int_equal(c->repositories.include.n, 1);
	assert_string_equal(c->repositories.include.items[0], "**");
	assert_int_equal(c->repositories.exclude.n, 0);
	assert_string_equal(c->state, "/var/lib/headgate");
	assert_string_equal(c->sockets.hook, "/run/headgate/hook.sock");
	assert_int_equal(c->n_listen, 1);
	assert_string_equal(c->listen[0].address, "127.0.0.1:7420");
	assert_int_equal(c->n_policies, 0);
	assert_int_equal(c->limits.archive_cache, 256 << 20);
	assert_int_equal(c->journal.keep_days, 400);
	assert_int_equal(c->journal.keep_events, 10000000);
	assert_true(c->site[0]);
	hgt_config_free(c);
}

static void test_policy(void **state)
{
	struct hgt_config *c = parse(MINIMAL
		"groups: {ops: [alice, bob]}\n"
		"policies:\n"
		"  - repos: ['infra/**']\n"
		"    push: {allow: ['@ops', carol], force: allow}\n"
		"    checks: [{paths: ['clusters/**'], as: kubernetes, strict: true}]\n"
		"    rules: {yaml/duplicate-key: warning, 'k8s/*': off}\n"
		"    limits: {seconds: 9, blob: 512KiB}\n"
		"    kubernetes: 1.30\n"
		"  - refs: [refs/heads/main]\n"
		"    push: {allow: []}\n");
	const struct hgt_config_policy *p = &c->policies[0];

	(void)state;
	assert_int_equal(c->n_policies, 2);
	assert_string_equal(p->refs.items[0], "HEAD");
	assert_true(p->push.restricted);
	assert_int_equal(p->push.allow.n, 2);
	assert_int_equal(p->push.force, HGT_PUSH_ALLOW);
	assert_int_equal(p->push.delete, HGT_PUSH_NEVER);
	assert_int_equal(p->checks[0].as, HGT_CLASS_KUBERNETES);
	assert_true(p->checks[0].strict);
	assert_int_equal(p->n_rules, 2);
	assert_int_equal(p->rules[0].severity, HGT_SEVERITY_WARNING);
	assert_int_equal(p->rules[1].severity, HGT_SEVERITY_OFF);
	assert_int_equal(p->limits.seconds, 9);
	assert_int_equal(p->kubernetes, 30);
	assert_int_equal(c->policies[1].kubernetes, 0);
	assert_false(c->schemas_given);
	assert_int_equal(p->limits.blob, 512 * 1024);
	assert_int_equal(p->limits.findings, 50);
	assert_int_equal(p->line, 4);
	/* An empty list shuts everybody out; no list shuts nobody out. */
	assert_true(c->policies[1].push.restricted);
	assert_int_equal(c->policies[1].limits.seconds, 5);
	hgt_config_free(c);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "hg.yaml:1:1: the config needs the key \"repositories\""},
		{"- a\n", "hg.yaml:1:1: expected the config to be a map, got array"},
		{MINIMAL "stat: /x\n", "hg.yaml:2:1: unknown key \"stat\"; did you mean \"state\"?"},
		{MINIMAL "colour: red\n", "hg.yaml:2:1: unknown key \"colour\" in the config"},
		{MINIMAL "\"a\\eb\": 1\n", "hg.yaml:2:1: unknown key \"a\\eb\" in the config"},
		{"repositories: {root: git}\n", "hg.yaml:1:22: expected an absolute path, got \"git\""},
		{"repositories: {root: 7}\n", "hg.yaml:1:22: expected a string, got integer; put it in quotes"},
		{MINIMAL "policies: [{kubernetes: v1.36}]\n", "hg.yaml:2:25: expected a version of Kubernetes, such as \"1.36\""},
		{MINIMAL "policies: [{kubernetes: 1.36.2}]\n", "hg.yaml:2:25: expected a version of Kubernetes, such as \"1.36\""},
		{MINIMAL "schemas: flux\n", "hg.yaml:2:10: expected a list of strings, got string"},
		{MINIMAL "state: ''\n", "hg.yaml:2:8: must not be empty"},
		{MINIMAL "journal: {keep_days: 36501}\n", "hg.yaml:2:22: out of range: from 0 to 36500"},
		{MINIMAL "journal: {keep: 1}\n", "hg.yaml:2:11: unknown key \"keep\" in journal"},
		{MINIMAL "limits: {streams: 0}\n", "hg.yaml:2:19: out of range: from 1 to 1000000"},
		{MINIMAL "limits: {archive_cache: 3 apples}\n", "hg.yaml:2:25: expected an amount such as 512KiB or 10MiB"},
		{MINIMAL "limits: {archive_cache: 99999999999999999999GiB}\n",
			"hg.yaml:2:25: expected an amount such as 512KiB or 10MiB"},
		{MINIMAL "listen: [{address: '0.0.0.0:7420'}]\n",
			"hg.yaml:2:20: plain HTTP beyond loopback shows every token to the network; say tls: {cert: FILE, key: "
			"FILE}, or listen on 127.0.0.1 behind a TLS proxy, or say insecure: true"},
		{MINIMAL "listen: [{address: '0.0.0.0:7420', tls: {cert: /c}}]\n", "hg.yaml:2:41: tls needs the key \"key\""},
		{MINIMAL "listen: [{address: '0.0.0.0:7420', tls: {cert: c, key: /k}}]\n", "hg.yaml:2:48: expected an absolute path, got \"c\""},
		{MINIMAL "proxies: [here]\n", "hg.yaml:2:11: expected an address, such as 127.0.0.1 or ::1"},
		{MINIMAL "listen: [{address: 'localhost:7420'}]\n",
			"hg.yaml:2:20: expected an address and a port, such as \"127.0.0.1:7420\" or \"[::1]:7420\""},
		{MINIMAL "listen: [{address: '[::2]:7420'}]\n",
			"hg.yaml:2:20: plain HTTP beyond loopback shows every token to the network; say tls: {cert: FILE, key: "
			"FILE}, or listen on 127.0.0.1 behind a TLS proxy, or say insecure: true"},
		{MINIMAL "listen: [{address: '::1:7420'}]\n",
			"hg.yaml:2:20: expected an address and a port, such as \"127.0.0.1:7420\" or \"[::1]:7420\""},
		{MINIMAL "listen: [{address: nonsense}]\n", "hg.yaml:2:20: expected an address and a port, such as \"127.0.0.1:7420\" or \"[::1]:7420\""},
		{MINIMAL "listen: [{address: '127.0.0.1:99999'}]\n",
			"hg.yaml:2:20: expected an address and a port, such as \"127.0.0.1:7420\" or \"[::1]:7420\""},
		{MINIMAL "policies: [{repos: [a], refs: [b], push: {signed: true}}]\n",
			"hg.yaml:2:51: signed: this version does not have it yet; take the key out"},
		{MINIMAL "policies: [{repos: ['[a']}]\n", "hg.yaml:2:21: pattern has '[' without ']'"},
		{MINIMAL "policies: [{push: {force: maybe}}]\n", "hg.yaml:2:27: expected never or allow"},
		{MINIMAL "policies: [{push: {allow: ['@opps']}}]\n",
			"hg.yaml:2:1: this policy allows \"@opps\", and no such group is in groups"},
		{MINIMAL "policies: [{rules: {no/such: error}}]\n",
			"hg.yaml:2:21: no such rule; \"headgate explain\" lists them"},
		{MINIMAL "policies: [{rules: {yaml/syntax: loud}}]\n", "hg.yaml:2:34: expected off, info, warning or error"},
		{MINIMAL "policies: [{checks: [{as: kubernetes}]}]\n", "hg.yaml:2:22: an entry of checks needs the key \"paths\""},
		{MINIMAL "policies: [{checks: [{paths: ['**'], as: kubernets}]}]\n",
			"hg.yaml:2:42: unknown class; \"headgate check --help\" lists them"},
		{MINIMAL "---\n" MINIMAL, "hg.yaml:2:1: a config is one YAML document, this begins a second"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hgt_config *config = NULL;
		struct hgt_error err = {0};
		int code = hgt_config_parse(cases[i].text, strlen(cases[i].text), "hg.yaml", &config, &err);

		assert_true(code < 0);
		assert_null(config);
		/* A policy's line is its own: in flow style that is the line of the brace. */
		if (strstr(cases[i].message, "@opps"))
			assert_non_null(strstr(err.message, "this policy allows \"@opps\""));
		else
			assert_string_equal(err.message, cases[i].message);
	}
}

static void test_malformed_says_where(void **state)
{
	static const char *const texts[] = {"site: [a\n", "a: 1\na: 2\n", "a:\tb: c\n", "site: \xff\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct hgt_config *config = NULL;
		struct hgt_error err = {0};
		unsigned line = 0, column = 0;

		assert_int_equal(hgt_config_parse(texts[i], strlen(texts[i]), "hg.yaml", &config, &err), HGT_EPARSE);
		assert_int_equal(sscanf(err.message, "hg.yaml:%u:%u: ", &line, &column), 2);
		assert_true(line > 0 && column > 0);
	}
}

#define TARGET "  - {name: web, repo: infra/prod, path: hosts/web, driver: files, options: {into: /etc/web}}\n"

static void test_agent(void **state)
{
	static const char text[] = "server: http://127.0.0.1:7420\ntargets:\n" TARGET
				   "  - {name: all, repo: a, path: \"\", driver: files, sync: manual, compare_every: 5m, options: {into: /x, after: "
				   "[systemctl, reload, nginx]}, jitter: 3s, windows: [{days: [sat, sun], from: \"22:30\", to: \"24:00\"}, {kind: "
				   "deny, from: \"00:00\", to: \"04:05\", zone: UTC}]}\n";
	struct hgt_agent_config *c = NULL;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(hgt_agent_config_parse(text, sizeof(text) - 1, "agent.yaml", &c, &err), 0);
	assert_int_equal(c->n_targets, 2);
	assert_string_equal(c->targets[0].ref, "refs/heads/main");
	assert_string_equal(c->targets[0].path, "hosts/web");
	assert_true(c->targets[0].automatic && c->targets[0].prune && c->targets[0].self_heal);
	assert_int_equal(c->targets[0].compare_every, 60);
	assert_string_equal(c->targets[1].path, "");
	assert_false(c->targets[1].automatic);
	assert_int_equal(c->targets[1].compare_every, 300);
	assert_int_equal(c->targets[1].files.after.n, 3);
	assert_int_equal(c->parallel, 4);
	assert_int_equal(c->stop_within, 50);
	assert_int_equal(c->targets[0].jitter, 0);
	assert_int_equal(c->targets[0].windows.n, 0);
	assert_int_equal(c->targets[1].jitter, 3);
	assert_int_equal(c->targets[1].windows.n, 2);
	assert_int_equal(c->targets[1].windows.items[0].days, 1 | 64);
	assert_int_equal(c->targets[1].windows.items[0].from, 22 * 60 + 30);
	assert_int_equal(c->targets[1].windows.items[0].to, 24 * 60);
	assert_false(c->targets[1].windows.items[0].deny || c->targets[1].windows.items[0].utc);
	assert_int_equal(c->targets[1].windows.items[1].days, 127);
	assert_true(c->targets[1].windows.items[1].deny && c->targets[1].windows.items[1].utc);
	hgt_agent_config_free(c);
}

static void test_agent_drivers(void **state)
{
	static const char text[] = "server: http://127.0.0.1:7420\ntargets:\n"
		"  - {name: a, repo: r, driver: ansible, options: {playbook: site.yml, inventory: [hosts, \"web1,\"], become: true}}\n"
		"  - {name: t, repo: r, driver: terraform, options: {folder: envs/prod, var_files: [a.tfvars, /b], state_file: /s/x}}\n"
		"  - {name: u, repo: r, driver: terraform, options: {state_file: /s/x, workspace: blue}}\n"
		"  - {name: e, repo: r, driver: exec, options: {compare: [look, hard], apply: [do], apply_timeout: 2h}}\n";
	struct hgt_agent_config *c = NULL;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(hgt_agent_config_parse(text, sizeof(text) - 1, "agent.yaml", &c, &err), 0);
	assert_string_equal(c->targets[0].driver, "ansible");
	assert_string_equal(c->targets[0].ansible.command, "ansible-playbook");
	assert_int_equal(c->targets[0].ansible.inventory.n, 2);
	assert_int_equal(c->targets[0].ansible.apply_timeout, 3600);
	assert_true(c->targets[0].ansible.become);
	assert_string_equal(c->targets[1].terraform.command, "terraform");
	assert_string_equal(c->targets[1].terraform.folder, "envs/prod");
	assert_int_equal(c->targets[1].terraform.lock_timeout, 60);
	assert_string_equal(c->targets[2].terraform.folder, "");
	assert_string_equal(c->targets[3].exec.compare.items[1], "hard");
	assert_int_equal(c->targets[3].exec.apply_timeout, 7200);
	hgt_agent_config_free(c);
}

#define WITH_WINDOW(window) "[{name: w, repo: a, driver: files, options: {into: /x}, windows: [{" window "}]}]"

static void test_agent_refused(void **state)
{
	static const struct {
		const char *targets, *message;
	} cases[] = {
		{"[]", "names no targets"},
		{"[{name: Web, repo: a, driver: files, options: {into: /x}}]", ":2:18: a name is 1 to 63"},
		{"[{name: w, repo: a, driver: rsync, options: {into: /x}}]", "unknown driver"},
		{"[{name: w, repo: a, driver: files, options: {into: x}}]", "expected an absolute path"},
		{"[{name: w, repo: a, driver: ansible}]", "needs the key \"playbook\""},
		{"[{name: w, repo: a, driver: ansible, options: {playbook: ../site.yml}}]", "expected a file of the target's tree"},
		{"[{name: w, repo: a, driver: ansible, options: {playbook: s, inventory: [a//b]}}]", "lists of hosts such as \"web1,\"; got \"a//b\""},
		{"[{name: w, repo: a, driver: ansible, options: {playbook: s, extra_vars: [./x]}}]", "absolute path, got \"./x\""},
		{"[{name: w, repo: a, driver: terraform, options: {folder: /abs}}]", "expected a folder of the repository"},
		{"[{name: w, repo: a, driver: terraform, options: {state_file: rel}}]", "expected an absolute path"},
		{"[{name: w, repo: a, driver: terraform, options: {into: /x}}]", "unknown key \"into\""},
		{"[{name: v, repo: a, driver: terraform, options: {state_file: /s}}, {name: w, repo: a, driver: terraform, options: {state_file: /s, "
			"workspace: default}}]", "targets \"v\" and \"w\" share one state_file"},
		{"[{name: w, repo: a, driver: exec, options: {compare: [x]}}]", "needs the key \"apply\""},
		{"[{name: w, repo: a, driver: exec, options: {compare: x, apply: [x]}}]", ":2:"},
		{"[{name: w, repo: a, driver: files}]", ":2:11: options needs the key \"into\""},
		{"[{name: w, repo: a, path: ../b, driver: files, options: {into: /x}}]", "expected a folder of the repository"},
		{"[{name: w, repo: a, path: [b], driver: files, options: {into: /x}}]", "expected a folder of the repository"},
		{"[{name: w, repo: a, path: b/, driver: files, options: {into: /x}}]", "slash at the end"},
		{"[{name: w, repo: a, ref: main, driver: files, options: {into: /x}}]", "expected a full ref name"},
		{"[{name: w, repo: a, driver: files, options: {into: /x}}, {name: w, repo: a, driver: files, options: {into: /y}}]",
			"a second target named \"w\""},
		{"[{name: v, repo: a, driver: files, options: {into: /x}}, {name: w, repo: a, driver: files, options: {into: /x}}]",
			"share one folder"},
		{WITH_WINDOW("to: \"04:00\""), "the key \"from\""},
		{WITH_WINDOW("from: \"24:00\", to: \"04:00\""), "times up to \"23:59\""},
		{WITH_WINDOW("from: \"20:00\", to: \"24:01\""), "a day ends at \"24:00\""},
		{WITH_WINDOW("from: \"20:60\", to: \"24:00\""), "expected a time of day"},
		{WITH_WINDOW("from: \"8:00\", to: \"24:00\""), "expected a time of day"},
		{WITH_WINDOW("from: 7, to: \"24:00\""), "expected a time of day"},
		{WITH_WINDOW("from: \"08:00\", to: \"09:00\", days: []"), "expected a list of days"},
		{WITH_WINDOW("from: \"08:00\", to: \"09:00\", days: [mon, Tue]"), "expected one of mon"},
		{WITH_WINDOW("from: \"08:00\", to: \"09:00\", zone: CET"), "expected local or UTC"},
		{WITH_WINDOW("from: \"08:00\", to: \"09:00\", kind: never"), "expected allow or deny"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hgt_agent_config *config = NULL;
		struct hgt_buf text = HGT_BUF_INIT;
		struct hgt_error err = {0};

		hgt_buf_addf(&text, "server: http://127.0.0.1:1\ntargets: %s\n", cases[i].targets);
		assert_int_equal(hgt_agent_config_parse(text.data, text.len, "agent.yaml", &config, &err), HGT_EPARSE);
		if (!strstr(err.message, cases[i].message))
			fail_msg("expected \"%s\" in \"%s\"", cases[i].message, err.message);
		hgt_buf_release(&text);
	}
}

static void test_repo_name(void **state)
{
	static const struct {
		const char *folder, *name;
	} cases[] = {{"infra/prod.git", "infra/prod"}, {"work/.git", "work"}, {"plain", "plain"}};
	char root[] = "/tmp/hgt-test-XXXXXX";
	struct hgt_buf text = HGT_BUF_INIT, path = HGT_BUF_INIT, name = HGT_BUF_INIT;
	struct hgt_error err = {0};
	struct hgt_config *c = NULL;

	(void)state;
	assert_non_null(mkdtemp(root));
	hgt_buf_addf(&text, "repositories: {root: %s, exclude: ['scratch/**']}\n", root);
	assert_int_equal(hgt_config_parse(text.data, text.len, "hg.yaml", &c, &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		hgt_buf_reset(&path);
		hgt_buf_reset(&name);
		hgt_buf_addf(&path, "%s/%s", root, cases[i].folder);
		assert_int_equal(hgt_make_folders(path.data, 0700, &err), 0);
		assert_int_equal(hgt_config_repo_name(c, path.data, &name, &err), 0);
		assert_string_equal(name.data, cases[i].name);
	}
	hgt_buf_reset(&path);
	hgt_buf_addf(&path, "%s/scratch/x.git", root);
	assert_int_equal(hgt_make_folders(path.data, 0700, &err), 0);
	hgt_buf_reset(&name);
	assert_int_equal(hgt_config_repo_name(c, path.data, &name, &err), HGT_ENOENT);
	assert_int_equal(name.len, 0);
	assert_int_equal(hgt_config_repo_name(c, "/usr", &name, &err), HGT_EINVAL);
	hgt_buf_reset(&text);
	hgt_buf_addf(&text, "rm -r %s", root);
	assert_int_equal(system(text.data), 0);
	hgt_config_free(c);
	hgt_buf_release(&text);
	hgt_buf_release(&path);
	hgt_buf_release(&name);
}

static void test_find(void **state)
{
	char repo[] = "/tmp/hgt-test-XXXXXX";
	struct hgt_buf path = HGT_BUF_INIT, folder = HGT_BUF_INIT, link = HGT_BUF_INIT;
	struct hgt_error err = {0};

	(void)state;
	unsetenv("HEADGATE_CONFIG");
	assert_non_null(mkdtemp(repo));
	assert_int_equal(hgt_config_find(NULL, repo, &path, &err), 0);
	assert_string_equal(path.data, HGT_SYSCONFDIR "/headgate/headgate.yaml");
	/* Even a dangling link decides: falling through to another policy would be worse than refusing. */
	hgt_buf_addf(&folder, "%s/headgate", repo);
	hgt_buf_addf(&link, "%s/config", folder.data);
	assert_int_equal(mkdir(folder.data, 0700), 0);
	assert_int_equal(symlink("/nowhere/hg.yaml", link.data), 0);
	hgt_buf_reset(&path);
	assert_int_equal(hgt_config_find(NULL, repo, &path, &err), 0);
	assert_string_equal(path.data, link.data);
	setenv("HEADGATE_CONFIG", "/env.yaml", 1);
	hgt_buf_reset(&path);
	assert_int_equal(hgt_config_find(NULL, repo, &path, &err), 0);
	assert_string_equal(path.data, "/env.yaml");
	hgt_buf_reset(&path);
	assert_int_equal(hgt_config_find("given.yaml", repo, &path, &err), 0);
	assert_string_equal(path.data, "given.yaml");
	unsetenv("HEADGATE_CONFIG");
	unlink(link.data);
	rmdir(folder.data);
	rmdir(repo);
	hgt_buf_release(&path);
	hgt_buf_release(&folder);
	hgt_buf_release(&link);
}

static void test_reference(void **state)
{
	struct hgt_buf out = HGT_BUF_INIT;

	(void)state;
	hgt_config_reference(&out);
	assert_non_null(strstr(out.data, ".It Cm policies[].push.force : Ar never | allow\n"));
	assert_null(strstr(out.data, "linear"));
	hgt_buf_reset(&out);
	hgt_agent_config_reference(&out);
	assert_non_null(strstr(out.data, ".It Cm (files) targets[].options.into : Ar absolute path\n"));
	hgt_buf_release(&out);
}

static void test_out_of_memory(void **state)
{
	static const char text[] = MINIMAL "policies: [{repos: [a, b], checks: [{paths: [c]}]}]\n";

	(void)state;
	for (unsigned n = 1;; n++) {
		struct hgt_config *config = NULL;
		struct hgt_error err = {0};
		int code;

		assert_true(n < 10000);
		fail_alloc_at(n);
		code = hgt_config_parse(text, sizeof(text) - 1, "hg.yaml", &config, &err);
		fail_alloc_off();
		if (code == 0) {
			hgt_config_free(config);
			return;
		}
		assert_null(config);
		assert_true(err.message[0]);
	}
}

static void test_log(void **state)
{
	static const char *const bad[] = {"log: {level: loud}\n", "log: {format: xml}\n", "log: {level: 3}\n", "log: {colour: red}\n"};
	struct hgt_config *config = parse(MINIMAL);
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(config->log.level, HGT_LOG_INFO);
	assert_int_equal(config->log.format, -1);
	hgt_config_free(config);
	config = parse(MINIMAL "log: {level: debug, format: json}\n");
	assert_int_equal(config->log.level, HGT_LOG_DEBUG);
	assert_int_equal(config->log.format, HGT_LOG_JSON);
	hgt_config_free(config);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), "%s%s", MINIMAL, bad[i]);
		assert_int_equal(hgt_config_parse(text, strlen(text), "hg.yaml", &config, &err), HGT_EPARSE);
	}
}

/* Valgrind and the sanitizers see whether it lives too long or not long enough. */
static void test_references(void **state)
{
	struct hgt_config *config = parse(MINIMAL);
	const struct hgt_config *second = hgt_config_ref(config), *third = hgt_config_ref(config);

	(void)state;
	assert_ptr_equal(second, config);
	hgt_config_free(config);
	assert_string_equal(second->path, "hg.yaml");
	hgt_config_unref(second);
	assert_string_equal(third->path, "hg.yaml");
	hgt_config_unref(third);
	hgt_config_unref(NULL);
}

static void test_follow(void **state)
{
	struct hgt_config *running = parse(MINIMAL "state: /a\nsockets: {hook: /h, admin: /m}\n");
	struct hgt_config *same = parse(MINIMAL "state: /a\nsockets: {hook: /h, admin: /m}\nsite: other\n");
	struct hgt_config *other = parse(MINIMAL "state: /b\nsockets: {hook: /h, admin: /n}\nsite: other\n");
	struct hgt_buf kept = HGT_BUF_INIT;
	struct hgt_error err = {0};

	(void)state;
	assert_int_equal(hgt_config_follow(same, running, &kept, &err), 0);
	assert_string_equal(kept.data, "");
	assert_string_equal(same->site, "other");
	assert_int_equal(hgt_config_follow(other, running, &kept, &err), 0);
	assert_string_equal(kept.data, "state, sockets.admin");
	/* They are its own. */
	hgt_config_free(running);
	assert_string_equal(other->state, "/a");
	assert_string_equal(other->sockets.hook, "/h");
	assert_string_equal(other->sockets.admin, "/m");
	assert_string_equal(other->site, "other");
	hgt_config_free(same);
	hgt_config_free(other);
	hgt_buf_release(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_malformed_says_where),
		cmocka_unit_test(test_agent),
		cmocka_unit_test(test_agent_drivers),
		cmocka_unit_test(test_agent_refused),
		cmocka_unit_test(test_repo_name),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_reference),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
