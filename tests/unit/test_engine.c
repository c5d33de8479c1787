/* lib/check/engine: every rule with what triggers it and what nearly does. */
#include "check/engine.h"

#include "base/buf.h"
#include "base/timing.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

static void finds_broken_text(void **state)
{
	static const struct judged cases[] = {
		{.text = "", .expect = ""},
		{.text = "# nothing\n---\n---\n", .expect = ""},
		{.text = "a: [1, 2\n", .expect = "1:4 yaml/syntax"},
		{.text = "a: [1, 2]\n", .expect = ""},
		{.text = "a: 1\n\tb: 2\n", .expect = "2:1 yaml/syntax"},
		{.text = "a: \xff\n", .expect = "1:4 yaml/syntax"},
		{.text = "a: \xc3\xa9\n", .expect = ""},
		{.path = "a.json", .text = "{\"a\": 1,}", .expect = "1:9 json/syntax"},
		{.path = "a.json", .text = "{\"a\": 1}", .expect = ""},
		{.path = "a.json", .text = "a: 1", .expect = "1:1 json/syntax"},
		{.path = "a.JSON", .text = "{a: 1}", .expect = "1:2 json/syntax"},
		{.text = "{\"a\": 1,}", .expect = ""},
		{.text = "{a: 1}", .cls = HGT_CLASS_JSON, .expect = "1:2 json/syntax"},
		{.path = "a.json", .text = "{a: 1}", .cls = HGT_CLASS_YAML, .expect = ""},
		{.text = "a:\n  b: 1\n  b: 2\n", .expect = "3:3-4 yaml/duplicate-key /a/b", .message = "duplicate key \"b\""},
		{.text = "a:\n  b: 1\nb: 2\n", .expect = ""},
		{.path = "a.json", .text = "{\"a\": {}, \"a\": 1}", .expect = "1:11-14 yaml/duplicate-key /a"},
		{.text = "\"\\e[31m\": 1\n\"\\e[31m\": 2\n", .expect = "2:1-9 yaml/duplicate-key /\x1b[31m",
			.message = "duplicate key \"\\e[31m\""},
		{.text = "a: &a [*a]\n", .expect = "1:8-10 yaml/alias-bomb /a/0"},
		{.text = "a: &a [1]\nb: *a\n", .expect = ""},
		/* two documents: what is wrong with the first does not hide the second */
		{.text = "a: [\n---\nb: 1\nb: 2\n", .expect = "1:4 yaml/syntax\n4:1-2 yaml/duplicate-key /b"},
	};

	(void)state;
	judge_table(cases, N_OF(cases));
}

#define MAP(name) "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " name "}\n"
#define LS "\xe2\x80\xa8"

static void finds_two_readers(void **state)
{
	static const struct judged cases[] = {
		{.text = MAP("a") "--- # b\n" MAP("b") "---\n", .expect = ""},
		{.text = "--- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n", .expect = "1:5 yaml/two-readers",
			.message = "kubectl stops with an error, because text follows \"---\" on its line; "
				"a YAML parser sees ConfigMap \"a\""},
		/* a text of which only kubectl sees the object */
		{.text = "[x]\n---#c\n" MAP("a"), .expect = "2:1 yaml/syntax\n2:1 yaml/two-readers"},
		{.text = "a: 1" LS "---" LS "b: 2\n---\n" MAP("a"), .expect = "1:10 yaml/two-readers"},
		{.text = "\"a\n---# b\"\n", .expect = ""},
		{.text = "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"\\ud83d\\ude00\"}}\n",
			.expect = "1:67 yaml/syntax\n1:67 yaml/two-readers"},
		/* what kubectl does not read */
		{.text = "--- {a: b}\n", .expect = ""},
		{.text = "%YAML 1.2\n---\na: 1\n", .expect = ""},
		{.text = "--- [{hosts: all, tasks: []}]\n", .expect = ""},
		{.path = "values.yaml", .text = "--- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n", .expect = ""},
		{.text = "--- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n", .cls = HGT_CLASS_YAML, .expect = ""},
		{.text = "--- {a: b}\n", .cls = HGT_CLASS_KUBERNETES,
			.expect = "1:5 k8s/type-meta /apiVersion\n1:5 k8s/type-meta /kind\n1:5 k8s/type-meta /metadata\n"
				"1:5 yaml/two-readers"},
		{.path = "a.json", .text = "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\"}}\n{}\n",
			.expect = "2:1 json/syntax\n2:1 yaml/two-readers"},
		/* values */
		{.text = MAP("a") "x: [{z: .inf}]\n", .expect = "4:9-13 yaml/two-readers /x/0/z",
			.message = "kubectl refuses what is no finite number; a YAML parser takes it"},
		{.text = "x: [{y: .inf}]\n", .expect = ""},
		{.text = MAP("a") "x-b: &b {k: 1}\nd:\n  k: 2\n  <<: *b\n", .expect = "6:3-4 yaml/two-readers /d/k"},
		{.text = MAP("a") "x-b: &b {k: 1}\nd:\n  <<: *b\n  k: 2\n", .expect = ""},
	};

	(void)state;
	judge_table(cases, N_OF(cases));
}

static void finds_objects_without_type(void **state)
{
	static const struct judged cases[] = {
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n", .expect = ""},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n", .expect = ""},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {name: ~, generateName: x-}\n", .expect = ""},
		{.text = "kind: Pod\nmetadata: {name: x}\n", .expect = "1:1 k8s/type-meta /apiVersion",
			.message = "apiVersion is missing"},
		{.text = "apiVersion: v1\nmetadata: {name: x}\n", .expect = "1:1 k8s/type-meta /kind", .message = "kind is missing"},
		{.text = "apiversion: v1\nkind: Pod\nmetadata: {name: x}\n", .expect = "1:1-11 k8s/type-meta /apiVersion",
			.message = "apiVersion is missing; \"apiversion\" is not the same"},
		{.text = "apiVersion: v1\nKind: Pod\nmetadata: {name: x}\n", .expect = "2:1-5 k8s/type-meta /kind"},
		{.text = "apiVersion: v1\nkind: Pod\nmetadat: {name: x}\nspec: {}\nmetadata: \n",
			.expect = "5:10 k8s/type-meta /metadata", .message = "metadata has to be a mapping, this is null"},
		{.text = "apiVersion: v1\nkind: Pod\nmetdata: {name: x}\n", .expect = "3:1-8 k8s/type-meta /metadata"},
		{.text = "apiVersion: v1\nkind: Pod\n", .expect = "1:1 k8s/type-meta /metadata", .message = "metadata is missing"},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {labels: {}}\n", .expect = "3:11 k8s/type-meta /metadata/name"},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"\"}\n", .expect = "3:18-20 k8s/type-meta /metadata/name",
			.message = "metadata.name is empty"},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {name: 12}\n", .expect = "3:18-20 k8s/type-meta /metadata/name",
			.message = "metadata.name has to be a string, this is an integer"},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {name: on}\n", .expect = "3:18-20 k8s/type-meta /metadata/name",
			.message = "metadata.name has to be a string, this is a boolean"},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"12\"}\n", .expect = ""},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: 1}\n",
			.expect = "3:26-27 k8s/type-meta /metadata/generateName"},
		{.text = "apiVersion: 1\nkind: Pod\nmetadata: {name: x}\n", .expect = "1:13-14 k8s/type-meta /apiVersion"},
		{.text = "apiVersion: apps/v1/x\nkind: Pod\nmetadata: {name: x}\n", .expect = "1:13-22 k8s/type-meta /apiVersion"},
		{.text = "apiVersion: /v1\nkind: Pod\nmetadata: {name: x}\n", .expect = "1:13-16 k8s/type-meta /apiVersion"},
		{.text = "apiVersion: apps/\nkind: Pod\nmetadata: {name: x}\n", .expect = "1:13-18 k8s/type-meta /apiVersion"},
		{.text = "apiVersion: Apps/v1\nkind: Pod\nmetadata: {name: x}\n", .expect = "1:13-20 k8s/type-meta /apiVersion"},
		{.text = "apiVersion: 'v1 '\nkind: Pod\nmetadata: {name: x}\n", .expect = "1:13-18 k8s/type-meta /apiVersion"},
		{.text = "apiVersion: ${API}\nkind: Pod\nmetadata: {name: x}\n", .expect = ""},
		{.text = "apiVersion: v1\nkind: pod\nmetadata: {name: x}\n", .expect = "2:7-10 k8s/type-meta /kind"},
		{.text = "apiVersion: example.org/v1\nkind: pod\nmetadata: {name: x}\n", .expect = ""},
		{.text = "apiVersion: v1\nkind: Po d\nmetadata: {name: x}\n", .expect = "2:9-10 k8s/type-meta /kind"},
		{.text = "apiVersion: v1\nkind: [Pod]\nmetadata: {name: x}\n", .expect = "2:7 k8s/type-meta /kind",
			.message = "kind has to be a string, this is a sequence"},
		{.text = "apiVersion: v1\nkind:\nmetadata: {name: x}\n", .expect = "2:6 k8s/type-meta /kind", .message = "kind is empty"},
		/* requests have no name */
		{.text = "apiVersion: authorization.k8s.io/v1\nkind: SubjectAccessReview\nspec: {}\n", .expect = ""},
		/* lists */
		{.text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n- 1\n- {kind: Pod, metadata: {name: X}}\n",
			.expect = "4:3 k8s/type-meta /items/0/metadata\n6:3-4 k8s/type-meta /items/1\n7:3 k8s/type-meta /items/2/apiVersion"},
		{.text = "apiVersion: v1\nkind: List\nmetadata: {}\nitems: []\n", .expect = ""},
		{.text = "apiVersion: v1\nkind: PodList\nitems: []\n", .expect = ""},
		{.text = "apiVersion: v1\nkind: List\nmetadata: {name: x}\n", .expect = "2:7-11 k8s/type-meta"},
		{.text = "apiVersion: v1\nkind: List\nitems: 1\n", .expect = "3:8-9 k8s/type-meta /items"},
		{.text = "apiVersion: example.org/v1\nkind: AllowList\nmetadata: {name: x}\nspec: {}\n", .expect = ""},
		/* what is no object is left alone, until somebody says that it is one */
		{.text = "a: 1\n", .expect = ""},
		{.text = "a: 1\n", .cls = HGT_CLASS_KUBERNETES, .expect =
			"1:1 k8s/type-meta /apiVersion\n1:1 k8s/type-meta /kind\n1:1 k8s/type-meta /metadata"},
		{.text = "- a\n", .cls = HGT_CLASS_KUBERNETES, .expect = "1:1 k8s/type-meta",
			.message = "a Kubernetes object is a mapping, this is a sequence"},
		{.text = "# nothing\n", .cls = HGT_CLASS_KUBERNETES, .expect = ""},
		{.path = "kustomization.yaml", .text = "a: 1\n", .cls = HGT_CLASS_KUBERNETES, .expect = ""},
		{.path = "values.yaml", .text = "a: 1\n", .cls = HGT_CLASS_KUBERNETES, .expect = ""},
		{.path = "README.md", .text = "a: [\n", .cls = HGT_CLASS_KUBERNETES, .expect = ""},
		/* what a file looks like does not undo what was asked for */
		{.path = "x/templates/a.yaml", .text = "# {{\na: 1\na: 2\n", .cls = HGT_CLASS_KUBERNETES, .expect =
			"2:1 k8s/type-meta /apiVersion\n2:1 k8s/type-meta /kind\n2:1 k8s/type-meta /metadata\n3:1-2 yaml/duplicate-key /a"},
		{.path = "x/templates/a.yaml", .text = "# {{\na: 1\na: 2\n", .cls = HGT_CLASS_AUTO, .expect = ""},
		{.path = "-", .text = "a: 1\n", .cls = HGT_CLASS_YAML, .expect = ""},
		{.text = "kind: Pod\nmetadata: {name: x}\n", .cls = HGT_CLASS_YAML, .expect = ""},
		{.text = "kind: Pod\nmetadata: [\n", .cls = HGT_CLASS_OTHER, .expect = ""},
		{.text = "kind: Pod\nmetadata: [\n", .cls = HGT_CLASS_HELM_TEMPLATE, .expect = ""},
		/* OpenShift's templates: the template, and what is in it */
		{.text = "apiVersion: v1\nkind: Template\nmetadata: {name: t}\nobjects:\n- apiVersion: v1\n  metadata: {name: \"${N}\"}\n",
			.expect = "5:3 k8s/type-meta /objects/0/kind"},
		/* encrypted: what is not an object is none here either */
		{.text = "kind: ENC[x]\nmetadata: {}\nsops: {mac: m, lastmodified: l}\n", .expect = ""},
		{.text = "apiVersion: v1\nkind: Secret\nmetadata: {}\nsops: {mac: m, lastmodified: l}\n",
			.expect = "3:11 k8s/type-meta /metadata/name"},
	};

	(void)state;
	judge_table(cases, N_OF(cases));
}

#define PORTS "spec: {ports: [{port: 80}]}\n"
#define OBJECT(api, kind, name) "apiVersion: " api "\nkind: " kind "\nmetadata:\n  name: " name "\n"
#define NAME " k8s/name /metadata/name"
#define A10 "aaaaaaaaaa"
#define A50 A10 A10 A10 A10 A10
#define A250 A50 A50 A50 A50 A50

static void finds_bad_names(void **state)
{
	static const struct judged cases[] = {
		{.text = OBJECT("v1", "ConfigMap", "a.b-c.1"), .expect = ""},
		{.text = OBJECT("v1", "ConfigMap", "a_b"), .expect = "4:10-11" NAME, .message =
			"metadata.name \"a_b\" is not a DNS name: \"_\" is not allowed (allowed: a-z, 0-9, \"-\" and \".\")"},
		{.text = OBJECT("v1", "ConfigMap", "\"a_b\""), .expect = "4:11-12" NAME},
		{.text = OBJECT("v1", "ConfigMap", "'a_b'"), .expect = "4:11-12" NAME},
		{.text = OBJECT("v1", "ConfigMap", "\"a\\x5fb\""), .expect = "4:9-17" NAME},
		{.text = OBJECT("v1", "ConfigMap", ">-\n    a_b"), .expect = "4:9" NAME},
		{.text = OBJECT("v1", "ConfigMap", "Web"), .expect = "4:9-10" NAME},
		{.text = OBJECT("v1", "ConfigMap", "\xe6\x97\xa5"), .expect = "4:9-10" NAME},
		{.text = OBJECT("v1", "ConfigMap", "a\xe6\x97\xa5z"), .expect = "4:10-11" NAME},
		{.text = OBJECT("v1", "ConfigMap", "\"-a\""), .expect = "4:10-11" NAME,
			.message = "metadata.name \"-a\" is not a DNS name: it begins with \"-\" (allowed: a-z, 0-9, \"-\" and \".\")"},
		{.text = OBJECT("v1", "ConfigMap", "a-"), .expect = "4:10-11" NAME},
		{.text = OBJECT("v1", "ConfigMap", "a."), .expect = "4:10-11" NAME},
		{.text = OBJECT("v1", "ConfigMap", "a..b"), .expect = "4:10-11" NAME},
		{.text = OBJECT("v1", "ConfigMap", "a-.b"), .expect = "4:10-11" NAME},
		{.text = OBJECT("v1", "ConfigMap", "a.-b"), .expect = "4:11-12" NAME},
		{.text = OBJECT("v1", "ConfigMap", "a--b"), .expect = ""},
		{.text = OBJECT("v1", "ConfigMap", "\"a\\x1b[31m\""), .expect = "4:9-20" NAME, .message =
			"metadata.name \"a\\e[31m\" is not a DNS name: \"\\e\" is not allowed (allowed: a-z, 0-9, \"-\" and \".\")"},
		{.text = OBJECT("v1", "ConfigMap", "a" A250 "bc"), .expect = ""},
		{.text = OBJECT("v1", "ConfigMap", "a" A250 "bcd"), .expect = "4:262-263" NAME,
			.message = "metadata.name has 254 characters, and 253 are the most"},
		/* labels */
		{.text = OBJECT("v1", "Namespace", "a-b"), .expect = ""},
		{.text = OBJECT("v1", "Namespace", "1a"), .expect = ""},
		{.text = OBJECT("v1", "Namespace", "a.b"), .expect = "4:10-11" NAME},
		{.text = OBJECT("v1", "Namespace", A50 A10 "bcd"), .expect = ""},
		{.text = OBJECT("v1", "Namespace", A50 A10 "bcde"), .expect = "4:72-73" NAME},
		{.text = OBJECT("example.org/v1", "Namespace", "a.b"), .expect = ""},
		{.text = OBJECT("v1", "Service", "a1") PORTS, .expect = ""},
		/* since Kubernetes 1.36 */
		{.text = OBJECT("v1", "Service", "1a") PORTS, .expect = ""},
		{.text = OBJECT("v1", "Service", "a.b") PORTS, .expect = "4:10-11" NAME},
		{.text = OBJECT("serving.knative.dev/v1", "Service", "1.a"), .expect = ""},
		/* lengths of their own */
		{.text = OBJECT("batch/v1", "CronJob", A50 "bc"), .expect = ""},
		{.text = OBJECT("batch/v1", "CronJob", A50 "bcd"), .expect = "4:61-62" NAME},
		{.text = OBJECT("batch/v1", "Job", A50 "bcd"), .expect = ""},
		/* path segments */
		{.text = OBJECT("rbac.authorization.k8s.io/v1", "ClusterRole", "\"system:Aggregate_to-x\""), .expect = ""},
		{.text = OBJECT("rbac.authorization.k8s.io/v1", "Role", "a/b"), .expect = "4:10-11" NAME},
		{.text = OBJECT("rbac.authorization.k8s.io/v1", "Role", "a%b"), .expect = "4:10-11" NAME},
		{.text = OBJECT("rbac.authorization.k8s.io/v1", "Role", "\"..\""), .expect = "4:9-13" NAME},
		{.text = OBJECT("rbac.authorization.k8s.io/v1", "Role", "\"...\""), .expect = ""},
		{.text = OBJECT("user.openshift.io/v1", "Group", "Ops Team"), .expect = ""},
		/* prefixes may end in a dash */
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n", .expect = ""},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a.}\n",
			.expect = "3:27-28 k8s/name /metadata/generateName"},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {generateName: A-}\n",
			.expect = "3:26-27 k8s/name /metadata/generateName"},
		/* namespaces */
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b-c}\n", .expect = ""},
		{.text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b.c}\n",
			.expect = "3:33-34 k8s/name /metadata/namespace"},
		/* filled in later */
		{.text = OBJECT("v1", "ConfigMap", "${CLUSTER}-Web"), .expect = ""},
		{.text = OBJECT("v1", "ConfigMap", "\"{{ .Name }}\""), .expect = ""},
		{.text = OBJECT("v1", "ConfigMap", "a$b"), .expect = "4:10-11" NAME},
		{.text = OBJECT("v1", "ConfigMap", "\"a}${\""), .expect = "4:11-12" NAME},
		{.text = OBJECT("v1", "Secret", "ENC[AES256_GCM,data:x]") "sops: {mac: m, lastmodified: l}\n", .expect = ""},
		/* in lists; an alias stands where it is used */
		{.text = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: A}}\n",
			.expect = "4:48-49 k8s/name /items/0/metadata/name"},
		{.text = "x: &n a_b\napiVersion: v1\nkind: Pod\nmetadata: {name: *n}\n", .expect = "4:18-20" NAME},
	};

	(void)state;
	judge_table(cases, N_OF(cases));
}

static void suggests_names(void **state)
{
	static const struct {
		const char *kind, *name, *hint;
	} cases[] = {
		{"ConfigMap", "Web_Front.End", "for example web-front.end"}, {"ConfigMap", "_a_", "for example a"},
		{"ConfigMap", "a..b", "for example a.b"}, {"ConfigMap", "___", NULL}, {"Namespace", "a.b", "for example a-b"},
		{"Service", "-web", "for example web"}, {"Service", "---", NULL}, {"ConfigMap", "a\xc3\xa9z", "for example a-z"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){0});
		struct hgt_buf text = HGT_BUF_INIT;

		hgt_buf_addf(&text, "apiVersion: v1\nkind: %s\nmetadata: {name: \"%s\"}\n%s", cases[i].kind, cases[i].name,
			strcmp(cases[i].kind, "Service") == 0 ? PORTS : "");
		rig_judge(engine, "a.yaml", text.data, text.len, HGT_CLASS_AUTO);
		assert_int_equal(hgt_engine_findings(engine)->n, 1);
		if (cases[i].hint)
			assert_string_equal(hgt_engine_findings(engine)->items[0].hint, cases[i].hint);
		else
			assert_null(hgt_engine_findings(engine)->items[0].hint);
		hgt_buf_release(&text);
		hgt_engine_free(engine);
	}
}

#define WEB OBJECT("apps/v1", "Deployment", "web") "spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}\n"
#define PATCH OBJECT("apps/v1", "Deployment", "web") "spec: {replicas: 2}\n"

static void finds_duplicates(void **state)
{
	static const struct {
		struct {
			const char *path, *text;
		} files[3];
		size_t found;
		const char *message;	/* of the first */
	} cases[] = {
		{{{"a.yaml", WEB "---\n" WEB}}, 1, "Deployment \"web\" is already in this file, line 4"},
		{{{"a.yaml", WEB "---\n" WEB "---\n" WEB}}, 2, NULL},
		{{{"d/a.yaml", WEB}, {"d/b.yaml", WEB}}, 1, "Deployment \"web\" is already in d/a.yaml, line 4"},
		{{{"a.yaml", WEB}, {"b.yaml", WEB}, {"c.yaml", WEB}}, 2, NULL},
		{{{"a.yaml", WEB "---\n" OBJECT("apps/v1", "Deployment", "api")}}, 0, NULL},
		{{{"a.yaml", OBJECT("v1", "Pod", "a") "  namespace: x\n---\n" OBJECT("v1", "Pod", "a") "  namespace: y\n"}}, 0, NULL},
		{{{"a.yaml", OBJECT("v1", "Pod", "a") "  namespace: x\n---\n" OBJECT("v1", "Pod", "a") "  namespace: x\n"}}, 1,
			"Pod \"a\" of namespace \"x\" is already in this file, line 4"},
		{{{"a.yaml", OBJECT("v1", "Service", "a") PORTS "---\n" OBJECT("serving.knative.dev/v1", "Service", "a")}}, 0, NULL},
		{{{"a.yaml", OBJECT("example.org/v1", "A", "a") "---\n" OBJECT("example.org/v2", "A", "a")}}, 1, NULL},
		{{{"a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n---\napiVersion: v1\nkind: Pod\n"
			"metadata: {generateName: a-}\n"}}, 0, NULL},
		{{{"a.yaml", "apiVersion: v1\nkind: List\nitems:\n- &p {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- *p\n"}}, 1,
			NULL},
		/* folders of their own */
		{{{"base/a.yaml", WEB}, {"overlays/prod/a.yaml", WEB}}, 0, NULL},
		{{{"clusters/a/a.yaml", WEB}, {"clusters/b/a.yaml", WEB}}, 0, NULL},
		{{{"a.yaml", WEB}, {"d/a.yaml", WEB}}, 0, NULL},
		/* patches, by what is in them or by their name */
		{{{"d/a.yaml", PATCH}, {"d/b.yaml", PATCH}}, 0, NULL},
		{{{"d/a.yaml", PATCH}, {"d/b.yaml", WEB}, {"d/c.yaml", WEB}}, 1,
			"Deployment \"web\" is already in d/b.yaml, line 4"},
		{{{"d/a.yaml", WEB}, {"d/web-patch.yaml", WEB}}, 0, NULL},
		{{{"d/patches/a.yaml", WEB}, {"d/patches/b.yaml", WEB}}, 0, NULL},
		{{{"d/a.yaml", PATCH "---\n" PATCH}}, 1, NULL},
		/* fixtures */
		{{{"d/testdata/a.yaml", WEB}, {"d/testdata/b.yaml", WEB}}, 0, NULL},
		{{{"latests/a.yaml", WEB}, {"latests/b.yaml", WEB}}, 1, NULL},
		/* a file that is judged twice */
		{{{"a.yaml", WEB}, {"a.yaml", WEB}}, 0, NULL},
		/* encrypted names */
		{{{"a.yaml", OBJECT("v1", "Secret", "ENC[x]") "---\n" OBJECT("v1", "Secret", "ENC[x]")}}, 0, NULL},
		/* an escape in a path stays one */
		{{{"\x1b/a.yaml", WEB}, {"\x1b/b.yaml", WEB}}, 1, "Deployment \"web\" is already in \"\\e/a.yaml\", line 4"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){0});
		const struct hgt_findings *list = hgt_engine_findings(engine);

		for (size_t j = 0; j < 3 && cases[i].files[j].path; j++)
			rig_judge(engine, cases[i].files[j].path, cases[i].files[j].text, strlen(cases[i].files[j].text), HGT_CLASS_AUTO);
		assert_int_equal(hgt_engine_finish(engine, NULL), 0);
		if (list->n != cases[i].found)
			fail_msg("%s: %zu: %s", cases[i].files[0].path, list->n, list->n ? list->items[0].message : cases[i].files[0].text);
		for (size_t j = 0; j < list->n; j++) {
			assert_string_equal(list->items[j].rule, "k8s/duplicate-resource");
			assert_true(list->items[j].line > 0 && list->items[j].excerpt);
		}
		if (cases[i].message)
			assert_string_equal(list->items[0].message, cases[i].message);
		hgt_engine_free(engine);
	}
}

static void finds_binary_data(void **state)
{
	static const struct {
		const char *path, *text;
		size_t len;
		uint32_t line, column;
		const char *message;	/* NULL: nothing found */
	} cases[] = {
		{"a.yaml", "a: 1\nbc\0d", 9, 2, 3, "binary data: the file has a NUL byte here, and text has none"},
		{"a.json", "\0", 1, 1, 1, "binary data: the file has a NUL byte here, and text has none"},
		{"a.tf", "a\0", 2, 1, 2, "binary data: the file has a NUL byte here, and text has none"},
		{"a.yaml", "\xff\xfe" "a\0", 4, 0, 0, "the text is encoded in UTF-16"},
		{"a.yaml", "\xfe\xff" "\0a", 4, 0, 0, "the text is encoded in UTF-16"},
		{"a.png", "\0", 1, 0, 0, NULL},
		{"a.yaml", "a: 0\n", 5, 0, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){0});
		const struct hgt_findings *list = hgt_engine_findings(engine);

		rig_judge(engine, cases[i].path, cases[i].text, cases[i].len, HGT_CLASS_AUTO);
		assert_int_equal(list->n, cases[i].message ? 1 : 0);
		if (cases[i].message) {
			assert_string_equal(list->items[0].rule, "git/binary");
			assert_string_equal(list->items[0].message, cases[i].message);
			assert_int_equal(list->items[0].line, cases[i].line);
			assert_int_equal(list->items[0].column, cases[i].column);
		}
		hgt_engine_free(engine);
	}
}

static void finds_large_files(void **state)
{
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){.blob_limit = 8});
	const struct hgt_findings *list = hgt_engine_findings(engine);

	(void)state;
	rig_judge(engine, "a.yaml", "a: 12345", 8, HGT_CLASS_AUTO);
	assert_int_equal(list->n, 0);
	rig_judge(engine, "b.yaml", "a: [3456", 8, HGT_CLASS_AUTO);
	assert_string_equal(list->items[0].rule, "yaml/syntax");
	rig_judge(engine, "c.yaml", "a: [34567", 9, HGT_CLASS_AUTO);
	rig_judge(engine, "c.txt", "a: [34567", 9, HGT_CLASS_AUTO);
	assert_int_equal(list->n, 2);
	assert_string_equal(list->items[1].rule, "git/blob-size");
	assert_string_equal(list->items[1].message, "the file has 9 bytes; 8 is the most that is checked");
	assert_int_equal(hgt_engine_too_large(engine, "d.yaml", 8, NULL), 0);
	assert_int_equal(hgt_engine_too_large(engine, "d.yaml", UINT64_MAX, NULL), 1);
	assert_int_equal(list->n, 3);
	assert_string_equal(list->items[2].message, "the file has more than 8 bytes, the most that is checked");
	assert_int_equal(hgt_engine_files(engine), 4);
	hgt_engine_free(engine);
	engine = rig_engine(&(struct hgt_engine_options){0});
	assert_int_equal(hgt_engine_too_large(engine, "d.yaml", 10 << 20, NULL), 0);
	assert_int_equal(hgt_engine_too_large(engine, "d.yaml", (10 << 20) + 1, NULL), 1);
	hgt_engine_free(engine);
}

/* Text of which one more level, document or doubling is too much. */
static void repeat(struct hgt_buf *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hgt_buf_adds(out, text);
	assert_false(out->failed);
}

static void expect_rule(const char *path, const struct hgt_buf *text, const struct hgt_engine_options *options, const char *rule)
{
	struct hgt_engine *engine = rig_engine(options);
	const struct hgt_findings *list = hgt_engine_findings(engine);

	rig_judge(engine, path, text->data, text->len, HGT_CLASS_AUTO);
	assert_int_equal(list->n, rule ? 1 : 0);
	if (rule) {
		assert_string_equal(list->items[0].rule, rule);
		assert_true(list->items[0].line > 0 && list->items[0].column > 0);
	}
	hgt_engine_free(engine);
}

static void keeps_limits(void **state)
{
	static const struct hgt_engine_options usual = {0}, shallow = {.depth_limit = 3};
	struct hgt_buf text = HGT_BUF_INIT;

	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		size_t depth = 100 + (size_t)extra;

		hgt_buf_reset(&text);
		repeat(&text, "[", depth);
		repeat(&text, "]", depth);
		expect_rule("a.yaml", &text, &usual, extra ? "yaml/depth" : NULL);
		expect_rule("a.json", &text, &usual, extra ? "yaml/depth" : NULL);
		hgt_buf_reset(&text);
		repeat(&text, "[", 3 + (size_t)extra);
		repeat(&text, "]", 3 + (size_t)extra);
		expect_rule("a.yaml", &text, &shallow, extra ? "yaml/depth" : NULL);
		hgt_buf_reset(&text);
		repeat(&text, "--- 1\n", 10000 + (size_t)extra);
		expect_rule("a.yaml", &text, &usual, extra ? "yaml/limit" : NULL);
	}
	hgt_buf_reset(&text);
	repeat(&text, "[", 64000);
	expect_rule("a.yaml", &text, &usual, "yaml/depth");
	hgt_buf_reset(&text);
	hgt_buf_adds(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 9; i++) {
		hgt_buf_addf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 10; j++)
			hgt_buf_addf(&text, "%s*a%d", j ? ", " : "", i - 1);
		hgt_buf_adds(&text, "]\n");
	}
	expect_rule("a.yaml", &text, &usual, "yaml/alias-bomb");
	hgt_buf_release(&text);
}

static void stops_when_the_time_is_up(void **state)
{
	struct hgt_engine_options options = {.deadline_ms = hgt_time_mono_ms() + 3600 * 1000};
	const struct hgt_rule_setting off = {"gate/*", HGT_SEVERITY_OFF};
	struct hgt_engine *engine = rig_engine(&options);
	const struct hgt_findings *list;

	(void)state;
	rig_judge(engine, "a.yaml", "a: 1\n", 5, HGT_CLASS_AUTO);
	assert_int_equal(hgt_engine_findings(engine)->n, 0);
	assert_int_equal(hgt_engine_documents(engine), 1);
	hgt_engine_free(engine);

	options.deadline_ms = 1;
	options.settings = &off;	/* which does not help */
	options.n_settings = 1;
	engine = rig_engine(&options);
	list = hgt_engine_findings(engine);
	rig_judge(engine, "a.txt", "a: [\n", 5, HGT_CLASS_AUTO);
	assert_int_equal(list->n, 0);
	rig_judge(engine, "a.yaml", "a: [\n", 5, HGT_CLASS_AUTO);
	rig_judge(engine, "b.yaml", "a: [\n", 5, HGT_CLASS_AUTO);
	assert_int_equal(hgt_engine_finish(engine, NULL), 0);
	assert_int_equal(list->n, 1);
	assert_int_equal(list->errors, 1);
	assert_string_equal(list->items[0].rule, "gate/timeout");
	assert_string_equal(list->items[0].path, "a.yaml");
	assert_int_equal(list->items[0].line, 0);
	hgt_engine_free(engine);
}

static void obeys_settings(void **state)
{
	static const struct {
		struct hgt_rule_setting settings[3];
		size_t n;
		bool strict;
		enum hgt_severity severity;
	} cases[] = {
		{{{NULL, 0}}, 0, false, HGT_SEVERITY_ERROR},
		{{{"k8s/name", HGT_SEVERITY_WARNING}}, 1, false, HGT_SEVERITY_WARNING},
		{{{"k8s/name", HGT_SEVERITY_WARNING}}, 1, true, HGT_SEVERITY_ERROR},
		{{{"k8s/name", HGT_SEVERITY_INFO}}, 1, true, HGT_SEVERITY_INFO},
		{{{"k8s/name", HGT_SEVERITY_OFF}}, 1, true, HGT_SEVERITY_OFF},
		{{{"k8s/*", HGT_SEVERITY_INFO}}, 1, false, HGT_SEVERITY_INFO},
		{{{"k8/*", HGT_SEVERITY_INFO}}, 1, false, HGT_SEVERITY_ERROR},
		{{{"k8s/nam", HGT_SEVERITY_INFO}}, 1, false, HGT_SEVERITY_ERROR},
		{{{"k8s/name", HGT_SEVERITY_OFF}, {"k8s/*", HGT_SEVERITY_WARNING}}, 2, false, HGT_SEVERITY_WARNING},
		{{{"k8s/*", HGT_SEVERITY_WARNING}, {"k8s/name", HGT_SEVERITY_OFF}, {"yaml/*", HGT_SEVERITY_INFO}}, 3, false,
			HGT_SEVERITY_OFF},
	};
	static const char text[] = OBJECT("v1", "ConfigMap", "A");

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){.settings = cases[i].settings,
			.n_settings = cases[i].n, .strict = cases[i].strict});
		const struct hgt_findings *list = hgt_engine_findings(engine);

		rig_judge(engine, "a.yaml", text, sizeof(text) - 1, HGT_CLASS_AUTO);
		assert_int_equal(list->n, cases[i].severity == HGT_SEVERITY_OFF ? 0 : 1);
		if (list->n)
			assert_int_equal(list->items[0].severity, cases[i].severity);
		hgt_engine_free(engine);
	}
}

static void is_strict_file_by_file(void **state)
{
	static const struct hgt_rule_setting warn = {"k8s/name", HGT_SEVERITY_WARNING};
	static const char text[] = OBJECT("v1", "ConfigMap", "A");
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){.settings = &warn, .n_settings = 1});

	(void)state;
	rig_judge(engine, "a/a.yaml", text, sizeof(text) - 1, HGT_CLASS_AUTO);
	hgt_engine_set_strict(engine, true);
	rig_judge(engine, "b/a.yaml", text, sizeof(text) - 1, HGT_CLASS_AUTO);
	hgt_engine_set_strict(engine, false);
	rig_judge(engine, "c/a.yaml", text, sizeof(text) - 1, HGT_CLASS_AUTO);
	assert_int_equal(hgt_engine_findings(engine)->errors, 1);
	assert_int_equal(hgt_engine_findings(engine)->warnings, 2);
	hgt_engine_free(engine);
}

static void takes_findings_of_its_caller(void **state)
{
	static const struct hgt_rule_setting warn = {"policy/delete", HGT_SEVERITY_WARNING};
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){.settings = &warn, .n_settings = 1});
	const struct hgt_findings *list = hgt_engine_findings(engine);
	struct hgt_finding f = {.severity = HGT_SEVERITY_ERROR, .rule = "policy/delete", .path = "refs/heads/main", .message = "m"};

	(void)state;
	assert_int_equal(hgt_engine_add(engine, &f, NULL), 0);
	f.rule = "other/unknown";
	assert_int_equal(hgt_engine_add(engine, &f, NULL), 0);
	assert_int_equal(list->items[0].severity, HGT_SEVERITY_WARNING);
	assert_int_equal(list->items[1].severity, HGT_SEVERITY_ERROR);
	assert_int_equal(hgt_engine_files(engine), 2);
	hgt_engine_free(engine);
}

static void counts_and_limits(void **state)
{
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){.findings_limit = 2});
	const struct hgt_findings *list = hgt_engine_findings(engine);

	(void)state;
	rig_judge(engine, "a.yaml", "a: 1\n---\n---\nb: 2\n", 18, HGT_CLASS_AUTO);
	rig_judge(engine, "a.txt", "a", 1, HGT_CLASS_AUTO);
	rig_judge(engine, "a.tf", "a", 1, HGT_CLASS_AUTO);
	rig_judge(engine, "b.yaml", "a: 1\na: 2\na: 3\na: 4\n", 20, HGT_CLASS_AUTO);
	assert_int_equal(hgt_engine_finish(engine, NULL), 0);
	assert_int_equal(hgt_engine_files(engine), 3);
	assert_int_equal(hgt_engine_documents(engine), 3);
	assert_int_equal(list->n, 2);
	assert_int_equal(list->errors, 3);
	assert_true(list->cut);
	hgt_engine_free(engine);
}

static void shows_the_line(void **state)
{
	static const struct {
		const char *text;
		const char *excerpt;	/* of the first finding */
	} cases[] = {
		{"a: 1\na: 2\nb: 3\n", "a: 2"}, {"a: 1\r\na: 2\r\n", "a: 2"}, {"a: 1\na: 2", "a: 2"},
		{"\xef\xbb\xbf{a: 1, a: 2}", "{a: 1, a: 2}"}, {"a: [", "a: ["}, {"x:\n\n\n  a: 1\n  a: 1\n", "  a: 1"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){0});
		const struct hgt_finding *f;

		rig_judge(engine, "a.yaml", cases[i].text, strlen(cases[i].text), HGT_CLASS_AUTO);
		assert_int_equal(hgt_engine_findings(engine)->n, 1);
		f = hgt_engine_findings(engine)->items;
		assert_non_null(f->excerpt);
		assert_int_equal(f->excerpt_len, strlen(cases[i].excerpt));
		assert_memory_equal(f->excerpt, cases[i].excerpt, f->excerpt_len);
		assert_false(f->excerpt_cut);
		hgt_engine_free(engine);
	}
}

static void cuts_long_lines(void **state)
{
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){0});
	const struct hgt_finding *f;
	struct hgt_buf text = HGT_BUF_INIT;

	(void)state;
	hgt_buf_adds(&text, "{\"a\": 1");
	repeat(&text, ", \"\xc3\xa9\": 1", 1);
	for (int i = 0; i < 100; i++)
		hgt_buf_addf(&text, ", \"k%03d\": 1", i);
	hgt_buf_adds(&text, ", \"a\": 2");
	for (int i = 100; i < 200; i++)
		hgt_buf_addf(&text, ", \"k%03d\": 1", i);
	hgt_buf_adds(&text, "}");
	rig_judge(engine, "a.json", text.data, text.len, HGT_CLASS_AUTO);
	assert_int_equal(hgt_engine_findings(engine)->n, 1);
	f = hgt_engine_findings(engine)->items;
	assert_int_equal(f->column, 7 + 8 + 100 * 11 + 3);
	assert_int_equal(f->excerpt_column, f->column - 60);
	assert_int_equal(f->excerpt_len, 120);
	assert_true(f->excerpt_cut);
	assert_memory_equal(f->excerpt + 60, "\"a\": 2", 6);
	hgt_buf_release(&text);
	hgt_engine_free(engine);
}

/* Minutes, were the excerpt sought for each of them. */
static void counts_many_on_one_line(void **state)
{
	enum { MANY = 100000 };
	struct hgt_engine *engine = rig_engine(&(struct hgt_engine_options){0});
	const struct hgt_findings *list = hgt_engine_findings(engine);
	struct hgt_buf text = HGT_BUF_INIT;

	(void)state;
	hgt_buf_adds(&text, "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}], sessionAffinity: None, "
		"loadBalancerSourceRanges: [");
	repeat(&text, "x, ", MANY);
	hgt_buf_adds(&text, "], type: LoadBalancer}}\n");
	rig_judge(engine, "a.yaml", text.data, text.len, HGT_CLASS_AUTO);
	assert_int_equal(list->errors, MANY);
	assert_int_equal(list->n, list->limit);
	for (size_t i = 0; i < list->n; i++)
		assert_true(list->items[i].excerpt_len);
	hgt_buf_release(&text);
	hgt_engine_free(engine);
}

static void has_a_table_of_rules(void **state)
{
	size_t n;
	const struct hgt_rule *rules = hgt_rules(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (i)
			assert_true(strcmp(rules[i - 1].id, rules[i].id) < 0);
		assert_ptr_equal(hgt_rule_find(rules[i].id), &rules[i]);
		assert_non_null(strchr(rules[i].id, '/'));
		assert_int_not_equal(rules[i].severity, HGT_SEVERITY_OFF);
		/* A reason, an example of both, no line that a terminal would break. */
		assert_true(strlen(rules[i].title) > 10 && strlen(rules[i].title) < 60);
		assert_true(strlen(rules[i].why) > 200);
		assert_non_null(strstr(rules[i].why, "\n\n"));
	}
	assert_null(hgt_rule_find("yaml/nothing"));
	assert_null(hgt_rule_find(""));
	assert_int_equal(hgt_rule_find("policy/force-push")->severity, HGT_SEVERITY_ERROR);
}

static void survives_want_of_memory(void **state)
{
	static const char text[] = OBJECT("v1", "ConfigMap", "A_b") "---\n" OBJECT("v1", "ConfigMap", "A_b")
		"---\napiVersion: v1\nkind: List\nitems: [{kind: Pod}, {}]\n---\na: [\n";

	(void)state;
	for (long n = 1;; n++) {
		struct hgt_engine *engine = NULL;
		struct hgt_error err = {0};
		int code;

		fail_alloc_at(n);
		code = hgt_engine_new(&(struct hgt_engine_options){0}, &engine, &err);
		if (code == 0)
			code = hgt_engine_file(engine, "a.yaml", text, sizeof(text) - 1, HGT_CLASS_AUTO, &err);
		if (code == 0)
			code = hgt_engine_finish(engine, &err);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			hgt_engine_free(engine);
			break;
		}
		/* A quotation in a message may come out empty; all else is told. */
		if (code != 0) {
			assert_int_equal(code, HGT_ENOMEM);
			assert_int_equal(err.code, HGT_ENOMEM);
		} else {
			assert_true(hgt_engine_findings(engine)->errors > 0);
		}
		hgt_engine_free(engine);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_broken_text), cmocka_unit_test(finds_two_readers), cmocka_unit_test(finds_objects_without_type),
		cmocka_unit_test(finds_bad_names), cmocka_unit_test(suggests_names), cmocka_unit_test(finds_duplicates),
		cmocka_unit_test(finds_binary_data), cmocka_unit_test(finds_large_files), cmocka_unit_test(keeps_limits),
		cmocka_unit_test(stops_when_the_time_is_up), cmocka_unit_test(obeys_settings),
		cmocka_unit_test(is_strict_file_by_file), cmocka_unit_test(takes_findings_of_its_caller),
		cmocka_unit_test(counts_and_limits), cmocka_unit_test(shows_the_line), cmocka_unit_test(cuts_long_lines),
		cmocka_unit_test(counts_many_on_one_line), cmocka_unit_test(has_a_table_of_rules),
		cmocka_unit_test(survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
