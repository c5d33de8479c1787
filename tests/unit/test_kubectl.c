/* The kubectl driver's other parts: objects, kinds, inventory, manifests, live objects, and what is made of kubectl's words. */
#include "agent/kubectl_inventory.h"
#include "agent/kubectl_prune.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "doc/doc.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

/* What `kubectl label --local -o json` prints: one object after the other, indented. */
#define WEBHOOK "{\n    \"apiVersion\": \"admissionregistration.k8s.io/v1\",\n    \"kind\": \"ValidatingWebhookConfiguration\",\n" \
	"    \"metadata\": {\n        \"name\": \"h\"\n    }\n}\n"
#define THING "{\n    \"apiVersion\": \"example.org/v1\",\n    \"kind\": \"Thing\",\n    \"metadata\": {\n        \"name\": \"t\"\n    },\n" \
	"    \"spec\": {\n        \"f\": 1.5,\n        \"s\": \"}\\n}\"\n    }\n}\n"
#define CRD "{\n    \"apiVersion\": \"apiextensions.k8s.io/v1\",\n    \"kind\": \"CustomResourceDefinition\",\n    \"metadata\": {\n" \
	"        \"name\": \"things.example.org\",\n        \"namespace\": \"nonsense\"\n    },\n    \"spec\": {\n" \
	"        \"group\": \"example.org\",\n        \"names\": {\n            \"kind\": \"Thing\"\n        },\n" \
	"        \"scope\": \"Namespaced\"\n    }\n}\n"
#define MAP "{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"ConfigMap\",\n    \"metadata\": {\n        \"annotations\": {\n" \
	"            \"a\": \"b\",\n            \"headgate.io/source\": \"forged\"\n        },\n        \"name\": \"m\",\n" \
	"        \"namespace\": \"other\"\n    }\n}\n"
#define NAMESPACE "{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"Namespace\",\n    \"metadata\": {\n        \"annotations\": null,\n" \
	"        \"name\": \"shop\"\n    }\n}\n"

#define RESOURCES "configmaps     cm     v1            true    ConfigMap\nnamespaces   ns   v1   false   Namespace\n" \
	"customresourcedefinitions   crd,crds   apiextensions.k8s.io/v1   false   CustomResourceDefinition\nnonsense\n\n" \
	"validatingwebhookconfigurations      admissionregistration.k8s.io/v1   false   ValidatingWebhookConfiguration\n" \
	"deployments   deploy   apps/v1   true   Deployment"

struct rig {
	struct hgt_agent_target target;
	struct driver_order order;
	struct driver_result result;
	struct kubectl k;
};

static void rig_make(struct rig *rig, const char *folder)
{
	*rig = (struct rig){.target = {.name = "web", .repo = "infra", .ref = "refs/heads/main", .path = "apps", .prune = true,
		.kubectl = {.command = "kubectl", .namespace = "shop", .folder = "", .timeout = 10, .output_limit = 1 << 20}}};
	rig->order = (struct driver_order){.target = &rig->target, .folder = folder, .revision = "abc", .stop_fd = -1, .leave_fd = -1,
		.archive = -1};
	driver_result_init(&rig->result);
	assert_int_equal(kubectl_init(&rig->k, &rig->order, &rig->result, NULL), 0);
}

static void rig_free(struct rig *rig)
{
	kubectl_release(&rig->k);
	driver_result_release(&rig->result);
}

static struct kubectl_object object(const char *group, const char *kind, const char *namespace, const char *name)
{
	return (struct kubectl_object){group, "v1", kind, namespace, name};
}

static void writes_objects(void **state)
{
	static const struct {
		struct kubectl_object object;
		const char *text, *type;
	} cases[] = {
		{{"apps", "v1", "Deployment", "shop", "web"}, "apps/v1/Deployment shop/web", "Deployment.v1.apps"},
		{{"", "v1", "Namespace", "", "shop"}, "v1/Namespace shop", "Namespace.v1."},
		{{"a.b", "v1", "X", "", "n\n\x1b[0m"}, "a.b/v1/X n\\n\\e[0m", "X.v1.a.b"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf text = HGT_BUF_INIT, type = HGT_BUF_INIT;

		kubectl_object_write(&cases[i].object, &text);
		kubectl_object_write_type(&cases[i].object, &type);
		assert_string_equal(text.data, cases[i].text);
		assert_string_equal(type.data, cases[i].type);
		hgt_buf_release(&text);
		hgt_buf_release(&type);
	}
}

static void reads_no_object_that_has_no_name(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"{}", "without apiVersion"}, {"[]", "without apiVersion"}, {"{\"apiVersion\":\"v1\"}", "without kind"},
		{"{\"apiVersion\":\"v1\",\"kind\":\"X\"}", "a X without a name"},
		{"{\"apiVersion\":\"v1\",\"kind\":\"X\",\"metadata\":{\"name\":7}}", "a X without a name"},
		{"{\"apiVersion\":\"v1\",\"kind\":\"X\",\"metadata\":{\"name\":\"a\\u0000b\"}}", "a X without a name"},
		{"{\"apiVersion\":\"v1\",\"kind\":\"X\",\"metadata\":{\"generateName\":\"a-\"}}", "cannot be applied"},
		{"{\"apiVersion\":\"a/b/c\",\"kind\":\"X\",\"metadata\":{\"name\":\"a\"}}", "is no apiVersion"},
		{"{\"apiVersion\":\"a/\",\"kind\":\"X\",\"metadata\":{\"name\":\"a\"}}", "is no apiVersion"},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_arena arena = HGT_ARENA_INIT;
		struct hgt_error err = {0};
		struct kubectl_object o;
		struct hgt_doc_set set;

		hgt_doc_set_init(&set);
		assert_int_equal(hgt_json_parse_message(cases[i].text, strlen(cases[i].text), &set, NULL), 0);
		assert_int_equal(kubectl_object_read(set.docs[0].root, &arena, &o, &err), HGT_EPARSE);
		assert_non_null(strstr(err.message, cases[i].why));
		hgt_doc_set_release(&set);
		hgt_arena_release(&arena);
	}
}

static void knows_the_servers_kinds(void **state)
{
	static const struct {
		const char *group, *kind;
		enum kubectl_place place;
	} cases[] = {
		{"", "ConfigMap", KUBECTL_IN_NAMESPACE}, {"", "Namespace", KUBECTL_IN_CLUSTER}, {"apps", "Deployment", KUBECTL_IN_NAMESPACE},
		{"extensions", "Deployment", KUBECTL_UNKNOWN_KIND}, {"example.org", "Thing", KUBECTL_UNKNOWN_KIND},
		{"apiextensions.k8s.io", "CustomResourceDefinition", KUBECTL_IN_CLUSTER},
	};
	struct kubectl_kinds kinds = KUBECTL_KINDS_INIT;

	(void)state;
	assert_int_equal(kubectl_kinds_parse(&kinds, RESOURCES, strlen(RESOURCES), NULL), 0);
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct kubectl_object o = object(cases[i].group, cases[i].kind, "", "x");

		assert_int_equal(kubectl_kinds_find(&kinds, &o), cases[i].place);
	}
	kubectl_kinds_release(&kinds);
}

static void an_inventory_is_read_as_it_was_written(void **state)
{
	struct kubectl_set set = KUBECTL_SET_INIT, again = KUBECTL_SET_INIT;
	struct kubectl_object objects[] = {object("", "ConfigMap", "b", "x"), object("apps", "Deployment", "a", "y\"\\\n"),
		object("", "ConfigMap", "a", "x"), object("", "Namespace", "", "a")}, other = object("", "ConfigMap", "c", "x");

	for (size_t i = 0; i < N_OF(objects); i++)
		assert_int_equal(kubectl_set_add(&set, &objects[i], NULL, NULL), 0);
	assert_int_equal(kubectl_inventory_load(&again, *state, NULL), HGT_ENOENT);
	assert_int_equal(kubectl_inventory_save(&set, *state, NULL), 0);
	assert_int_equal(kubectl_inventory_load(&again, *state, NULL), 0);
	assert_int_equal(again.n, N_OF(objects));
	for (size_t i = 0; i < N_OF(objects); i++) {
		const struct kubectl_object *found = kubectl_set_find(&again, &objects[i]);

		assert_non_null(found);
		assert_string_equal(found->name, objects[i].name);
		assert_string_equal(found->version, "v1");
	}
	assert_null(kubectl_set_find(&again, &other));

	/* The same object in another version is the same object. */
	objects[1].version = "v1beta1";
	assert_non_null(kubectl_set_find(&again, &objects[1]));
	kubectl_set_release(&set);
	assert_int_equal(kubectl_set_add(&set, &other, NULL, NULL), 0);
	assert_int_equal(kubectl_set_add(&set, &objects[1], NULL, NULL), 0);
	assert_int_equal(kubectl_set_join(&again, &set, NULL), 0);
	assert_int_equal(again.n, N_OF(objects) + 1);
	kubectl_inventory_remove(*state);
	kubectl_set_release(&again);
	assert_int_equal(kubectl_inventory_load(&again, *state, NULL), HGT_ENOENT);
	kubectl_set_release(&set);
	kubectl_set_release(&again);
}

static void no_other_file_is_an_inventory(void **state)
{
	static const char *const texts[] = {"", "{}", "[]", "{\"v\":1}", "{\"v\":2,\"objects\":[]}", "{\"v\":1,\"objects\":{}}",
		"{\"v\":1,\"objects\":[{}]}", "{\"v\":1,\"objects\":[7]}", "{\"v\":1,\"objects\":[]",
		"{\"v\":1,\"objects\":[{\"apiVersion\":\"v1\",\"kind\":\"\",\"namespace\":\"\",\"name\":\"x\"}]}",
		"{\"v\":1,\"objects\":[{\"apiVersion\":\"v1\",\"kind\":\"X\",\"namespace\":\"\",\"name\":\"\"}]}",
		"{\"v\":1,\"objects\":[{\"apiVersion\":\"\",\"kind\":\"X\",\"namespace\":\"\",\"name\":\"x\"}]}"};
	char *path = unit_path(*state, "inventory");

	for (size_t i = 0; i < N_OF(texts); i++) {
		struct kubectl_set set = KUBECTL_SET_INIT;

		assert_int_equal(hgt_write_file(path, texts[i], strlen(texts[i]), 0600, NULL), 0);
		assert_int_equal(kubectl_inventory_load(&set, *state, NULL), HGT_ECORRUPT);
		kubectl_set_release(&set);
	}
	free(path);
}

static int parse(struct rig *rig, const char *text, struct kubectl_manifests *m, struct hgt_error *err)
{
	struct kubectl_kinds kinds = KUBECTL_KINDS_INIT;
	int code = kubectl_kinds_parse(&kinds, RESOURCES, strlen(RESOURCES), err);

	if (code == 0)
		code = kubectl_manifests_parse(&rig->k, &kinds, text, strlen(text), m, err);
	kubectl_kinds_release(&kinds);
	return code;
}

static void manifests_stand_in_the_order_in_which_they_are_needed(void **state)
{
	static const char *const lines[] = {
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\",\"annotations\":{\"headgate.io/source\":"
		"\"infra:refs/heads/main:apps:shop\"}}}\n",
		"{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"CustomResourceDefinition\",\"metadata\":{\"name\":\"things.example.org\","
		"\"annotations\":{\"headgate.io/source\":\"infra:refs/heads/main:apps:shop\"}},\"spec\":{\"group\":\"example.org\",\"names\":"
		"{\"kind\":\"Thing\"},\"scope\":\"Namespaced\"}}\n",
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\",\"namespace\":\"other\",\"annotations\":{\"a\":\"b\","
		"\"headgate.io/source\":\"infra:refs/heads/main:apps:shop\"}}}\n",
		"{\"apiVersion\":\"example.org/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"t\",\"namespace\":\"shop\",\"annotations\":"
		"{\"headgate.io/source\":\"infra:refs/heads/main:apps:shop\"}},\"spec\":{\"f\":1.5,\"s\":\"}\\n}\"}}\n",
		"{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":\"ValidatingWebhookConfiguration\",\"metadata\":{\"name\":\"h\","
		"\"annotations\":{\"headgate.io/source\":\"infra:refs/heads/main:apps:shop\"}}}\n"};
	struct kubectl_manifests m = KUBECTL_MANIFESTS_INIT, again = KUBECTL_MANIFESTS_INIT;
	struct rig rig;

	rig_make(&rig, *state);
	assert_int_equal(parse(&rig, WEBHOOK THING CRD MAP NAMESPACE, &m, NULL), 0);
	assert_int_equal(m.n, N_OF(lines));
	assert_int_equal(m.n_first, 2);
	for (size_t i = 0; i < m.n; i++) {
		assert_string_equal(m.items[i]->json, lines[i]);
		assert_ptr_equal(kubectl_manifests_find(&m, &m.items[i]->object), m.items[i]);
	}
	assert_string_equal(m.items[1]->object.namespace, "");
	assert_true(m.items[3]->fares && !m.items[2]->fares);

	/* What is kept is what was made, as long as it would be made so again. */
	assert_int_equal(kubectl_manifests_load(&rig.k, &again, NULL), HGT_ENOENT);
	rig.k.minor = 37;
	hgt_buf_adds(&rig.result.version, "v1.37.2");
	assert_int_equal(kubectl_manifests_save(&rig.k, &m, NULL), 0);
	rig.k.minor = 0;
	hgt_buf_reset(&rig.result.version);
	assert_int_equal(kubectl_manifests_load(&rig.k, &again, NULL), 0);
	assert_int_equal(again.n, m.n);
	assert_int_equal(again.n_first, 2);
	for (size_t i = 0; i < m.n; i++)
		assert_string_equal(again.items[i]->json, lines[i]);
	assert_int_equal(rig.k.minor, 37);
	assert_string_equal(rig.result.version.data, "v1.37.2");
	kubectl_manifests_release(&again);
	rig.target.kubectl.namespace = "else";
	assert_int_equal(kubectl_manifests_load(&rig.k, &again, NULL), HGT_ENOENT);
	rig.target.kubectl.namespace = "shop";
	kubectl_manifests_keep(*state, "abc");
	assert_int_equal(kubectl_manifests_load(&rig.k, &again, NULL), 0);
	kubectl_manifests_keep(*state, "abd");
	kubectl_manifests_release(&again);
	assert_int_equal(kubectl_manifests_load(&rig.k, &again, NULL), HGT_ENOENT);
	kubectl_manifests_release(&m);
	rig_free(&rig);
}

static void few_renderings_are_kept(void **state)
{
	static const char *const revisions[] = {"a", "b", "c", "d", "a", "e"};
	struct rig rig;

	rig_make(&rig, *state);
	for (size_t i = 0; i < N_OF(revisions); i++) {
		struct kubectl_manifests m = KUBECTL_MANIFESTS_INIT, again = KUBECTL_MANIFESTS_INIT;
		char *path = unit_path(*state, "rendered-");
		struct timespec times[2] = {{1000 + (time_t)i, 0}, {1000 + (time_t)i, 0}};
		struct hgt_buf file = HGT_BUF_INIT;

		/* "a" is asked for again, which keeps it longer. */
		rig.order.revision = revisions[i];
		assert_int_equal(parse(&rig, MAP, &m, NULL), 0);
		if (kubectl_manifests_load(&rig.k, &again, NULL) < 0)
			assert_int_equal(kubectl_manifests_save(&rig.k, &m, NULL), 0);
		hgt_buf_addf(&file, "%s%s", path, revisions[i]);
		assert_int_equal(utimensat(AT_FDCWD, file.data, times, 0), 0);
		if (i != 3)
			kubectl_manifests_thin(*state);
		hgt_buf_release(&file);
		free(path);
		kubectl_manifests_release(&m);
		kubectl_manifests_release(&again);
	}
	for (size_t i = 0; i < N_OF(revisions) - 1; i++) {
		struct kubectl_manifests m = KUBECTL_MANIFESTS_INIT;

		rig.order.revision = (const char *[]){"a", "b", "c", "d", "e"}[i];
		assert_int_equal(kubectl_manifests_load(&rig.k, &m, NULL), strchr("ade", rig.order.revision[0]) ? 0 : HGT_ENOENT);
		kubectl_manifests_release(&m);
	}
	rig_free(&rig);
}

static void what_is_kept_has_to_be_whole(void **state)
{
	char *path = unit_path(*state, "rendered-abc");
	struct kubectl_manifests m = KUBECTL_MANIFESTS_INIT;
	struct hgt_buf text = HGT_BUF_INIT;
	struct rig rig;

	rig_make(&rig, *state);
	assert_int_equal(parse(&rig, THING CRD MAP NAMESPACE, &m, NULL), 0);
	assert_int_equal(kubectl_manifests_save(&rig.k, &m, NULL), 0);
	kubectl_manifests_release(&m);
	assert_int_equal(hgt_read_file(path, 1 << 20, &text, NULL), 0);
	for (size_t len = 0; len < text.len; len++) {
		assert_int_equal(hgt_write_file(path, text.data, len, 0600, NULL), 0);
		/* Without the last line end it says the same. */
		assert_int_equal(kubectl_manifests_load(&rig.k, &m, NULL), len + 1 == text.len ? 0 : HGT_ENOENT);
		kubectl_manifests_release(&m);
	}
	hgt_buf_release(&text);
	rig_free(&rig);
	free(path);
}

static void refuses_what_cannot_be_meant(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{MAP THING MAP, "v1/ConfigMap other/m is in the tree twice"},
		{"{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"Pod\",\n    \"metadata\": {\n        \"generateName\": \"a\"\n    }\n}\n",
			"generateName"},
		{"{\n    \"apiVersion\": \"v1\"\n", "ends within an object"},
		{MAP "junk", "ends within an object"},
		{"[\n]\n}\n", ""},
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct kubectl_manifests m = KUBECTL_MANIFESTS_INIT;
		struct hgt_error err = {0};
		struct rig rig;

		rig_make(&rig, *state);
		assert_int_equal(parse(&rig, cases[i].text, &m, &err), HGT_EPARSE);
		assert_non_null(strstr(err.message, cases[i].why));
		kubectl_manifests_release(&m);
		rig_free(&rig);
	}
}

static void every_allocation_of_manifests_may_fail(void **state)
{
	struct rig rig;

	rig_make(&rig, *state);
	for (long n = 1;; n++) {
		struct kubectl_manifests m = KUBECTL_MANIFESTS_INIT;
		int code;

		fail_alloc_at(n);
		code = parse(&rig, WEBHOOK THING CRD MAP NAMESPACE, &m, NULL);
		kubectl_manifests_release(&m);
		if (!fail_alloc_off()) {
			assert_int_equal(code, 0);
			break;
		}
		assert_int_equal(code, HGT_ENOMEM);
	}
	rig_free(&rig);
}

#define LIVE(name, more) "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"shop\"" more "}}"
#define MARK ",\"labels\":{\"headgate.io/target\":\"web\"}"

static void what_is_pruned_is_ours(void **state)
{
	static const struct {
		const char *text;
		enum kubectl_fate fate;
		bool sourced, owned;
	} cases[] = {
		{LIVE("a", MARK ",\"annotations\":{\"headgate.io/source\":\"infra:refs/heads/main:apps:shop\"}"), KUBECTL_TO_GO, true, false},
		{LIVE("a", MARK ",\"annotations\":{\"headgate.io/source\":\"infra:refs/heads/main:apps:else\"}"), KUBECTL_TO_GO, false, false},
		{LIVE("a", MARK ",\"ownerReferences\":[{\"name\":\"x\"}]"), KUBECTL_TO_GO, false, true},
		{LIVE("a", ""), KUBECTL_NOT_OURS, false, false},
		{LIVE("a", ",\"labels\":{\"headgate.io/target\":\"web2\"}"), KUBECTL_NOT_OURS, false, false},
		{LIVE("a", ",\"labels\":{\"headgate.io/target\":7}"), KUBECTL_NOT_OURS, false, false},
		{LIVE("a", MARK ",\"annotations\":{\"headgate.io/prune\":\"never\"}"), KUBECTL_STAYS, false, false},
		{LIVE("a", MARK ",\"deletionTimestamp\":\"now\""), KUBECTL_GOING, false, false},
		{"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"" MARK "}}", KUBECTL_STAYS, false, false},
		{"{\"apiVersion\":\"example.org/v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"" MARK "}}", KUBECTL_TO_GO, false, false},
		{"{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"CustomResourceDefinition\",\"metadata\":{\"name\":\"a\"" MARK "}}",
			KUBECTL_STAYS, false, false},
	};
	char *allowed[] = {(char *)(uintptr_t)"Namespace"};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct kubectl_lives lives = KUBECTL_LIVES_INIT;
		struct rig rig;

		rig_make(&rig, *state);
		assert_int_equal(kubectl_lives_parse(&rig.k, cases[i].text, strlen(cases[i].text), &lives, NULL), 0);
		assert_int_equal(lives.n, 1);
		assert_int_equal(kubectl_fate_of(&rig.k, &lives.items[0]), cases[i].fate);
		assert_int_equal(lives.items[0].sourced, cases[i].sourced);
		assert_int_equal(lives.items[0].owned, cases[i].owned);
		rig.target.kubectl.prune_allow = (struct hgt_strings){allowed, 1};
		assert_int_equal(kubectl_fate_of(&rig.k, &lives.items[0]), i == 8 ? KUBECTL_TO_GO : cases[i].fate);
		rig.target.prune = false;
		assert_int_not_equal(kubectl_fate_of(&rig.k, &lives.items[0]), KUBECTL_TO_GO);
		kubectl_lives_release(&lives);
		rig_free(&rig);
	}
}

static void reads_what_get_prints(void **state)
{
	static const struct {
		const char *text;
		int code;
		size_t n;
	} cases[] = {
		{"", 0, 0}, {"\n", 0, 0}, {LIVE("a", ""), 0, 1}, {"{\"kind\":\"List\",\"items\":[]}", 0, 0}, {"{\"kind\":\"List\"}", HGT_EPARSE,
			0},
		{"{\"kind\":\"List\",\"items\":[" LIVE("a", "") "," LIVE("b", "") "]}", 0, 2}, {"{\"kind\":\"List\",\"items\":[{}]}", HGT_EPARSE,
			0},
		{"Error", HGT_EPARSE, 0}, {"{\"kind\":\"List\",\"items\":[", HGT_EPARSE, 0},
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct kubectl_lives lives = KUBECTL_LIVES_INIT;
		struct rig rig;

		rig_make(&rig, *state);
		assert_int_equal(kubectl_lives_parse(&rig.k, cases[i].text, strlen(cases[i].text), &lives, NULL), cases[i].code);
		assert_int_equal(lives.n, cases[i].n);
		kubectl_lives_release(&lives);
		rig_free(&rig);
	}
}

static void reads_versions(void **state)
{
	static const struct {
		const char *text;
		unsigned minor;
	} cases[] = {
		{"{\"clientVersion\":{\"major\":\"1\",\"minor\":\"37\",\"gitVersion\":\"v1.37.2\"}}", 37},
		{"{\"clientVersion\":{\"major\":\"1\",\"minor\":\"32+\",\"gitVersion\":\"v1.32.4-dispatcher\"}}", 32},
		{"{\"clientVersion\":{\"major\":\"1\",\"minor\":\"20\"}}", 20},
		{"{\"clientVersion\":{\"major\":\"\",\"minor\":\"\",\"gitVersion\":\"4.14.0-202310201027.p0\"},\"releaseClientVersion\":\"4.14.1\"}", 27},
		{"{\"clientVersion\":{\"gitVersion\":\"v2.1.0\"}}", 0}, {"{}", 0}, {"", 0}, {"v1.30", 0},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf version = HGT_BUF_INIT;

		assert_int_equal(kubectl_parse_version(cases[i].text, strlen(cases[i].text), &version), cases[i].minor);
		assert_true((version.len > 0) == (cases[i].minor > 0));
		hgt_buf_release(&version);
	}
}

/* As kubectl 1.20, 1.32 and 1.37 have said it. */
static void understands_what_is_wrong(void **state)
{
	static const struct {
		const char *said, *sentence;
		enum kubectl_trouble trouble;
	} cases[] = {
		{"E1126 00:04:45.161850   25254 memcache.go:381] \"Couldn't get current server API group list\" err=\"Get \\\"https://127.0.0.1:1\\\": "
			"dial tcp 127.0.0.1:1: connect: connection refused\"\nThe connection to the server 127.0.0.1:1 was refused - did you specify "
			"the right host or port?\n", "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
			KUBECTL_TROUBLE_AWAY},
		{"error: You must be logged in to the server (Unauthorized)\n", "You must be logged in to the server (Unauthorized)",
			KUBECTL_TROUBLE_AWAY},
		{"error: resource mapping not found for name: \"t\" namespace: \"\" from \"STDIN\": no matches for kind \"Thing\" in version \"e/v1\"\n"
			"ensure CRDs are installed first\n", "resource mapping not found for name: \"t\" namespace: \"\" from \"STDIN\": no matches for "
			"kind \"Thing\" in version \"e/v1\"", KUBECTL_TROUBLE_NO_KIND},
		{"Warning: old\nerror: the server doesn't have a resource type \"things\"\n",
			"the server doesn't have a resource type \"things\"",
			KUBECTL_TROUBLE_NO_KIND},
		{"Error from server (NotFound): namespaces \"nowhere\" not found\n",
			"Error from server (NotFound): namespaces \"nowhere\" not found",
			KUBECTL_TROUBLE_NO_NAMESPACE},
		{"W1126 00:04:11.506798   22319 diff.go:723] Object keeps changing\nerror: one\nError from server (Invalid): two\nthree\n",
			"Error from server (Invalid): two", KUBECTL_TROUBLE_OTHER},
		{"error: failed to run \"diff\": executable file not found in $PATH\n",
			"failed to run \"diff\": executable file not found in $PATH",
			KUBECTL_TROUBLE_NO_DIFF},
		{"Warning: alone\n", "", KUBECTL_TROUBLE_OTHER}, {"", "", KUBECTL_TROUBLE_OTHER}, {"plain", "plain", KUBECTL_TROUBLE_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf sentence = HGT_BUF_INIT;

		kubectl_sentence(cases[i].said, strlen(cases[i].said), &sentence);
		assert_string_equal(sentence.data, cases[i].sentence);
		assert_int_equal(kubectl_trouble_of(cases[i].said, strlen(cases[i].said)), cases[i].trouble);
		hgt_buf_release(&sentence);
	}
}

/* As kubectl 1.37 and its API server have said it. */
static void leaves_out_the_values_that_errors_quote(void **state)
{
	static const struct {
		const char *said, *left;
	} cases[] = {
		{"Error from server: failed to create typed patch object (default/sx; /v1, Kind=Secret): .stringData.password: expected string, got "
			"&value.valueUnstructured{Value:hunter2}\n", "Error from server: failed to create typed patch object (default/sx; /v1, "
			"Kind=Secret): .stringData.password: expected string (the value is left out)\n"},
		{"one\nx: .data: expected map, got &{hunter\n2}\nError from server: two\n",
			"one\nx: .data: expected map (the value is left out)\n"
			"Error from server: two\n"},
		{"error: unable to decode \"a.yaml\": Object 'Kind' is missing in '{\"just\":\"hunter2\"}'\nmore",
			"error: unable to decode \"a.yaml\": "
			"Object 'Kind' (the value is left out)\n"},
		{"a, got &b, got &c\nError from server: d, got &e", "a (the value is left out)\nError from server: d (the value is left out)\n"},
		{"plain\n", "plain\n"}, {"", ""},
	};

	(void)state;
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct hgt_buf said = HGT_BUF_INIT;

		hgt_buf_adds(&said, cases[i].said);
		kubectl_clean(&said);
		assert_string_equal(said.data, cases[i].left);
		hgt_buf_release(&said);
	}
}

/* No link of a tree leads kubectl out of it, to whatever else the agent may read. */
static void follows_no_link_out_of_the_tree(void **state)
{
	static const struct {
		const char *link, *to, *why;
		int code;
	} cases[] = {
		{"tree/l.yaml", "/etc/passwd", "leads out of the target's folder", HGT_EPERM},
		{"tree/l.yaml", "../secret.yaml", "leads out of the target's folder", HGT_EPERM},
		{"tree/deep/l", "../../tree2", "leads out of the target's folder", HGT_EPERM},
		{"tree/l.yaml", "nowhere", "leads nowhere", HGT_EPARSE},
		{"tree/l.yaml", "l.yaml", "leads nowhere", HGT_EPARSE},
		{"tree/l.yaml", "deep/../deep/x", NULL, 0},
	};
	char *tree = unit_path(*state, "tree"), *deep = unit_path(*state, "tree/deep"), *file = unit_path(*state, "tree/deep/x");
	char *secret = unit_path(*state, "secret.yaml"), *beside = unit_path(*state, "tree2"), *tool = unit_path(*state, "tool");
	static const char script[] = "#!/bin/sh\nexit 0\n";

	assert_int_equal(hgt_make_folders(deep, 0700, NULL), 0);
	assert_int_equal(hgt_make_folders(beside, 0700, NULL), 0);
	assert_int_equal(hgt_write_file(file, "x", 1, 0600, NULL), 0);
	assert_int_equal(hgt_write_file(secret, "x", 1, 0600, NULL), 0);
	assert_int_equal(hgt_write_file(tool, script, sizeof(script) - 1, 0700, NULL), 0);
	for (size_t i = 0; i < N_OF(cases); i++) {
		char *link = unit_path(*state, cases[i].link);
		struct kubectl_manifests m = KUBECTL_MANIFESTS_INIT;
		struct kubectl_kinds kinds = KUBECTL_KINDS_INIT;
		struct hgt_error err = {0};
		struct rig rig;

		rig_make(&rig, *state);
		rig.order.checkout = tree;
		rig.target.kubectl.command = tool;
		assert_int_equal(symlink(cases[i].to, link), 0);
		assert_int_equal(kubectl_manifests_render(&rig.k, &kinds, &m, &err), cases[i].code);
		if (cases[i].why)
			assert_non_null(strstr(err.message, cases[i].why));
		unlink(link);
		kubectl_kinds_release(&kinds);
		kubectl_manifests_release(&m);
		rig_free(&rig);
		free(link);
	}
	free(tree);
	free(deep);
	free(file);
	free(secret);
	free(beside);
	free(tool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_objects),
		cmocka_unit_test(reads_no_object_that_has_no_name),
		cmocka_unit_test(knows_the_servers_kinds),
		cmocka_unit_test_setup_teardown(an_inventory_is_read_as_it_was_written, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(no_other_file_is_an_inventory, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(manifests_stand_in_the_order_in_which_they_are_needed, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(few_renderings_are_kept, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(what_is_kept_has_to_be_whole, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(refuses_what_cannot_be_meant, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(every_allocation_of_manifests_may_fail, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(what_is_pruned_is_ours, unit_folder_make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(reads_what_get_prints, unit_folder_make, unit_folder_remove),
		cmocka_unit_test(reads_versions),
		cmocka_unit_test(understands_what_is_wrong),
		cmocka_unit_test(leaves_out_the_values_that_errors_quote),
		cmocka_unit_test_setup_teardown(follows_no_link_out_of_the_tree, unit_folder_make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
