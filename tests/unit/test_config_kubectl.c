/* lib/config/agent_kubectl: the options of the driver kubectl, their defaults, and what is refused. */
#include "config/config.h"
#include "tests/unit/unit.h"

#define TARGET "server: http://127.0.0.1:1\ntargets:\n  - name: t\n    repo: r\n    driver: kubectl\n"

static int parse(const char *options, struct hgt_agent_config **out, struct hgt_error *err)
{
	char text[2000];

	snprintf(text, sizeof(text), TARGET "%s%s\n", *options ? "    options: " : "", options);
	return hgt_agent_config_parse(text, strlen(text), "a.yaml", out, err);
}

static void has_defaults(void **state)
{
	const struct hgt_kubectl_options *o;
	struct hgt_agent_config *config;

	(void)state;
	assert_int_equal(parse("", &config, NULL), 0);
	o = &config->targets[0].kubectl;
	assert_string_equal(config->targets[0].driver, "kubectl");
	assert_string_equal(o->command, "kubectl");
	assert_string_equal(o->namespace, "default");
	assert_string_equal(o->folder, "");
	assert_null(o->kubeconfig);
	assert_null(o->context);
	assert_int_equal(o->kustomize, HGT_KUSTOMIZE_AUTO);
	assert_true(o->force_conflicts);
	assert_false(o->allow_empty);
	assert_int_equal(o->prune_allow.n, 0);
	assert_int_equal(o->n_ignore, 0);
	assert_int_equal(o->n_redact, 0);
	assert_int_equal(o->health_timeout, 60);
	assert_int_equal(o->timeout, 300);
	assert_int_equal(o->output_limit, 64 << 20);
	hgt_agent_config_free(config);
}

static void reads_what_is_said(void **state)
{
	const struct hgt_kubectl_options *o;
	struct hgt_agent_config *config;

	(void)state;
	assert_int_equal(parse("{command: oc, kubeconfig: /k, context: c, namespace: shop, folder: a/b, kustomize: never, force_conflicts: false, "
		"prune_allow: [Namespace], allow_empty: true, health_timeout: 2m, timeout: 10s, output_limit: 1MiB, ignore: [{kind: Deployment, "
		"pointers: [/spec/replicas, /a~1b]}, {group: \"\", kind: \"S*\", namespace: x, name: z, pointers: [/]}], redact: [{kind: ConfigMap, "
		"pointers: [/data]}]}", &config, NULL), 0);
	o = &config->targets[0].kubectl;
	assert_string_equal(o->command, "oc");
	assert_string_equal(o->kubeconfig, "/k");
	assert_string_equal(o->context, "c");
	assert_string_equal(o->namespace, "shop");
	assert_string_equal(o->folder, "a/b");
	assert_int_equal(o->kustomize, HGT_KUSTOMIZE_NEVER);
	assert_false(o->force_conflicts);
	assert_true(o->allow_empty);
	assert_string_equal(o->prune_allow.items[0], "Namespace");
	assert_int_equal(o->health_timeout, 120);
	assert_int_equal(o->n_ignore, 2);
	assert_string_equal(o->ignore[0].group, "*");
	assert_string_equal(o->ignore[0].name, "*");
	assert_int_equal(o->ignore[0].pointers.n, 2);
	assert_string_equal(o->ignore[1].group, "");
	assert_string_equal(o->ignore[1].namespace, "x");
	assert_string_equal(o->redact[0].pointers.items[0], "/data");
	hgt_agent_config_free(config);
}

static void refuses_the_rest(void **state)
{
	static const struct {
		const char *options, *why;
	} cases[] = {
		{"{into: /x}", "into"},
		{"{kustomize: yes}", "expected auto, always or never"},
		{"{kubeconfig: relative}", "absolute"},
		{"{folder: ../x}", "expected a folder"},
		{"{prune_allow: [Pod]}", "expected Namespace or CustomResourceDefinition"},
		{"{health_timeout: 2h}", "out of range"},
		{"{timeout: 0s}", "out of range"},
		{"{output_limit: 1KiB}", "out of range"},
		{"{ignore: [{pointers: [/a]}]}", "kind"},
		{"{ignore: [{kind: X}]}", "pointers"},
		{"{ignore: [{kind: X, pointers: []}]}", "at least one place"},
		{"{ignore: [{kind: X, pointers: [spec]}]}", "begins with a slash"},
		{"{ignore: [{kind: \"[\", pointers: [/spec]}]}", "1:"},
		{"{ignore: [{kind: 7, pointers: [/spec]}]}", "expected a name or pattern"},
		{"{redact: [{kind: X, pointers: [/a], more: 1}]}", "more"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_agent_config *config = NULL;
		struct hgt_error err = {0};

		assert_int_equal(parse(cases[i].options, &config, &err), HGT_EPARSE);
		assert_null(config);
		assert_memory_equal(err.message, "a.yaml:6:", 9);
		assert_non_null(strstr(err.message, cases[i].why));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(reads_what_is_said),
		cmocka_unit_test(refuses_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
