/* lib/check/class: what a file is, by its name and by what is in it. */
#include "check/check.h"
#include "tests/unit/unit.h"

static void names_classes(void **state)
{
	(void)state;
	for (int i = 0; i < HGT_CLASS_COUNT; i++)
		assert_int_equal(hgt_class_parse(hgt_class_name((enum hgt_class)i)), i);
	assert_int_equal(hgt_class_parse("kubernetes"), HGT_CLASS_KUBERNETES);
	assert_int_equal(hgt_class_parse("helm-template"), HGT_CLASS_HELM_TEMPLATE);
	assert_int_equal(hgt_class_parse("Kubernetes"), -1);
}

static void classifies_by_path(void **state)
{
	static const struct {
		const char *path;
		enum hgt_class cls;
	} cases[] = {
		{"a.yaml", HGT_CLASS_AUTO}, {"x/a.yml", HGT_CLASS_AUTO}, {"a.YAML", HGT_CLASS_AUTO}, {"a.json", HGT_CLASS_AUTO},
		{"-", HGT_CLASS_AUTO}, {".github/workflows/ci.yaml", HGT_CLASS_AUTO}, {".yaml", HGT_CLASS_AUTO},
		{"README.md", HGT_CLASS_OTHER}, {"yaml", HGT_CLASS_OTHER}, {"a.yaml.bak", HGT_CLASS_OTHER}, {"", HGT_CLASS_OTHER},
		{"a.yaml/b", HGT_CLASS_OTHER}, {"ansible.cfg", HGT_CLASS_OTHER}, {"a.yaml.gotmpl", HGT_CLASS_OTHER},
		{"kustomization.yaml", HGT_CLASS_KUSTOMIZATION}, {"a/kustomization.yml", HGT_CLASS_KUSTOMIZATION},
		{"a/Kustomization", HGT_CLASS_KUSTOMIZATION}, {"kustomization/a.yaml", HGT_CLASS_AUTO},
		{"my-kustomization.yaml", HGT_CLASS_AUTO}, {"charts/web/Chart.yaml", HGT_CLASS_HELM_CHART},
		{"chart.yaml", HGT_CLASS_AUTO}, {"charts/web/values.yaml", HGT_CLASS_HELM_VALUES},
		{"values-prod.yml", HGT_CLASS_HELM_VALUES}, {"values.prod.yaml", HGT_CLASS_HELM_VALUES},
		{"values_eu.yaml", HGT_CLASS_HELM_VALUES}, {"valuesets.yaml", HGT_CLASS_AUTO}, {"myvalues.yaml", HGT_CLASS_AUTO},
		{"values.json", HGT_CLASS_AUTO}, {"main.tf", HGT_CLASS_TERRAFORM}, {"env/prod.tfvars", HGT_CLASS_TERRAFORM},
		{"main.tf.json", HGT_CLASS_AUTO}, {"terraform.tfstate", HGT_CLASS_OTHER},
		{"roles/web/tasks/main.yml", HGT_CLASS_ANSIBLE}, {"ansible/roles/web/defaults/main.yml", HGT_CLASS_ANSIBLE},
		{"roles/web/meta/main.yml", HGT_CLASS_ANSIBLE}, {"roles/web/vars/os/debian.yml", HGT_CLASS_ANSIBLE},
		{"roles/web/files/deploy.yaml", HGT_CLASS_AUTO}, {"roles/tasks.yaml", HGT_CLASS_AUTO},
		{"rbac/roles/admin.yaml", HGT_CLASS_AUTO}, {"roles/web/tasks", HGT_CLASS_OTHER},
		{"group_vars/all.yml", HGT_CLASS_ANSIBLE}, {"inv/host_vars/web1/main.yml", HGT_CLASS_ANSIBLE},
		{"group_vars.yml", HGT_CLASS_AUTO}, {"inventory/deploy.yaml", HGT_CLASS_AUTO},
		{".vscode/settings.json", HGT_CLASS_OTHER}, {"web/tsconfig.json", HGT_CLASS_OTHER},
		{"web/tsconfig.build.json", HGT_CLASS_OTHER}, {".devcontainer.json", HGT_CLASS_OTHER},
		{".devcontainer/x/devcontainer.json", HGT_CLASS_OTHER}, {"config.json", HGT_CLASS_AUTO},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		if (hgt_class_of_path(cases[i].path) != cases[i].cls)
			fail_msg("%s: %s", cases[i].path, hgt_class_name(hgt_class_of_path(cases[i].path)));
}

/* The class of the first document as the engine finds it. */
static enum hgt_class classify(const char *path, const char *text, bool forced)
{
	enum hgt_class cls = hgt_class_of_text(path, text, strlen(text), forced ? HGT_CLASS_KUBERNETES : hgt_class_of_path(path),
		forced);
	struct hgt_doc_set set;

	if (cls == HGT_CLASS_VAULT || cls == HGT_CLASS_HELM_TEMPLATE)
		return cls;
	hgt_doc_set_init(&set);
	assert_int_equal(hgt_yaml_parse(text, strlen(text), &hgt_doc_default_limits, &set, NULL), 0);
	assert_int_equal(set.n_problems, 0);
	assert_int_equal(set.n_docs, 1);
	cls = hgt_class_of_document(path, text, &set.docs[0], cls, forced);
	hgt_doc_set_release(&set);
	return cls;
}

#define POD "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"

static void classifies_by_content(void **state)
{
	static const struct {
		const char *path, *text;
		enum hgt_class cls;
	} cases[] = {
		{"a.yaml", POD, HGT_CLASS_KUBERNETES},
		{"a.yaml", "a: 1\n", HGT_CLASS_YAML},
		{"a.json", "{\"a\": 1}\n", HGT_CLASS_JSON},
		{"a.json", "{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}\n", HGT_CLASS_KUBERNETES},
		{"a.yaml", "just text\n", HGT_CLASS_YAML},
		{"a.yaml", "[]\n", HGT_CLASS_YAML},
		/* one of the two, or mistyped: meant as an object where it has the body of one */
		{"a.yaml", "kind: Pod\nmetadata: {name: x}\n", HGT_CLASS_KUBERNETES},
		{"a.yaml", "apiVersion: v1\nmetadata: {name: x}\n", HGT_CLASS_KUBERNETES},
		{"a.yaml", "apiversion: v1\nKind: Pod\nspec: {}\n", HGT_CLASS_KUBERNETES},
		{"a.yaml", "apiVersion: 1\nproviders: []\n", HGT_CLASS_YAML},		/* Grafana */
		{"a.yaml", "kind: pipeline\ntype: docker\nname: x\n", HGT_CLASS_YAML},	/* Drone */
		{"index.yaml", "apiVersion: v1\nentries: {}\n", HGT_CLASS_YAML},	/* a Helm repository */
		{"a.yaml", "metadata: {name: x}\nspec: {}\n", HGT_CLASS_YAML},
		/* files of other tools */
		{"a.yaml", "apiVersion: v1\nkind: Config\nclusters: []\n", HGT_CLASS_YAML},
		{"a.yaml", "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\nname: x\n", HGT_CLASS_YAML},
		{"a.yaml", "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n", HGT_CLASS_YAML},
		{"a.yaml", "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: A_b}\n", HGT_CLASS_YAML},
		{"a.yaml", "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: A_b}\n", HGT_CLASS_YAML},
		{"score.yaml", "apiVersion: score.dev/v1b1\nmetadata: {name: x}\n", HGT_CLASS_YAML},
		{"a.yaml", "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\n", HGT_CLASS_YAML},
		{"a.yaml", "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: x}\n", HGT_CLASS_KUBERNETES},
		/* families */
		{"a.yaml", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: x}\n", HGT_CLASS_FLUX},
		{"a.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\n", HGT_CLASS_ARGO},
		{"a.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n", HGT_CLASS_KUSTOMIZATION},
		{"a.yaml", "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: x}\nobjects: []\n",
			HGT_CLASS_OPENSHIFT_TEMPLATE},
		{"a.yaml", "apiVersion: v1\nkind: Template\nmetadata: {name: x}\nobjects: []\n", HGT_CLASS_OPENSHIFT_TEMPLATE},
		{"a.yaml", "apiVersion: v1\nkind: List\nitems: []\n", HGT_CLASS_KUBERNETES},
		/* patches */
		{"a.yaml", "- {op: add, path: /a, value: 1}\n- {op: remove, path: /b}\n", HGT_CLASS_KUSTOMIZE_PATCH},
		{"a.yaml", "- {op: add, path: /a}\n- {path: /b}\n", HGT_CLASS_YAML},
		{"a.yaml", POD "spec:\n  containers:\n  - $patch: delete\n    name: x\n", HGT_CLASS_KUSTOMIZE_PATCH},
		{"a.yaml", POD "data: {a: '$patch: delete'}\n", HGT_CLASS_KUBERNETES},
		/* Ansible */
		{"a.yaml", "- hosts: all\n  tasks: []\n", HGT_CLASS_ANSIBLE},
		{"a.yaml", "- hosts: all\n  roles: [web]\n- import_playbook: b.yaml\n", HGT_CLASS_ANSIBLE},
		{"a.yaml", "- hosts: all\n", HGT_CLASS_YAML},
		{"playbooks/a.yaml", "a: 1\n", HGT_CLASS_ANSIBLE},
		{"inventory/a.yaml", POD, HGT_CLASS_KUBERNETES},
		{"hosts.yml", "all: {}\n", HGT_CLASS_ANSIBLE},
		{"roles/x/tasks/main.yml", POD, HGT_CLASS_ANSIBLE},
		/* encrypted */
		{"a.yaml", "$ANSIBLE_VAULT;1.1;AES256\n3132\n", HGT_CLASS_VAULT},
		{"group_vars/a.yaml", "$ANSIBLE_VAULT;1.1;AES256\n3132\n", HGT_CLASS_VAULT},
		{"a.yaml", "$ANSIBLE_VAULT;1.1;AES256", HGT_CLASS_VAULT},
		{"a.yaml", "$ANSIBLE_VAULT;1.2;AES256;dev\r\n3132\r\n 33\r\n", HGT_CLASS_VAULT},
		{"a.yaml", "$ANSIBLE_VAULT;1.1: x\napiVersion: v1\nkind: Pod\nmetadata: {}\n", HGT_CLASS_KUBERNETES},
		{"a.yaml", "x: y\n$ANSIBLE_VAULT: 1\n", HGT_CLASS_YAML},
		{"a.yaml", "x: ENC[a]\nsops: {mac: m, lastmodified: l}\n", HGT_CLASS_SOPS},
		{"a.yaml", "x: y\nsops: {lastmodified: l}\n", HGT_CLASS_YAML},
		{"a.yaml", "x: y\nsops: yes\n", HGT_CLASS_YAML},
		/* templates */
		{"charts/x/templates/a.yaml", "a: {{ .Values.a }}\n", HGT_CLASS_HELM_TEMPLATE},
		{"roles/x/templates/a.yaml", "{% if a %}\n", HGT_CLASS_HELM_TEMPLATE},
		{"charts/x/templates/a.yaml", POD, HGT_CLASS_KUBERNETES},
		{"{{cookiecutter.name}}/a.yaml", "a: {{cookiecutter.a}}\n", HGT_CLASS_HELM_TEMPLATE},
		{"a/templates.yaml", "a: '{{ x }}'\n", HGT_CLASS_YAML},
		{"helmfile.yaml", "a: {{ x }}\n", HGT_CLASS_HELM_TEMPLATE},
		/* by name, whatever is in them */
		{"values.yaml", POD, HGT_CLASS_HELM_VALUES},
		{"Chart.yaml", "apiVersion: v2\nkind: x\nmetadata: {}\n", HGT_CLASS_HELM_CHART},
		{"kustomization.yaml", "resources: []\n", HGT_CLASS_KUSTOMIZATION},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		if (classify(cases[i].path, cases[i].text, false) != cases[i].cls)
			fail_msg("%s: %s is %s", cases[i].path, cases[i].text,
				hgt_class_name(classify(cases[i].path, cases[i].text, false)));
}

static void keeps_a_wanted_class(void **state)
{
	static const struct {
		const char *text;
		enum hgt_class cls;
	} cases[] = {
		{"a: 1\n", HGT_CLASS_KUBERNETES}, {"just text\n", HGT_CLASS_KUBERNETES}, {"- 1\n", HGT_CLASS_KUBERNETES},
		{"apiVersion: v1\nkind: Config\n", HGT_CLASS_KUBERNETES}, {"- hosts: all\n  tasks: []\n", HGT_CLASS_KUBERNETES},
		{"apiVersion: backstage.io/v1\nkind: A\n", HGT_CLASS_KUBERNETES},
		{"- {op: add, path: /a}\n", HGT_CLASS_KUSTOMIZE_PATCH},
		{"apiVersion: argoproj.io/v1alpha1\nkind: Application\n", HGT_CLASS_ARGO},
		{"a: 1\nsops: {mac: m, lastmodified: l}\n", HGT_CLASS_SOPS},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++)
		assert_int_equal(classify("hosts.yaml", cases[i].text, true), cases[i].cls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_classes), cmocka_unit_test(classifies_by_path),
		cmocka_unit_test(classifies_by_content), cmocka_unit_test(keeps_a_wanted_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
