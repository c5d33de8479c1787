/* lib/k8s/metadata: what objects of all kinds have. */
#include "base/buf.h"
#include "tests/unit/engine_rig.h"
#include "tests/unit/kind_rig.h"
#include "tests/unit/unit.h"

#define HEAD(api, kind) "apiVersion: " api "\nkind: " kind "\nmetadata:\n  name: a\n"
#define L63 "a12345678901234567890123456789012345678901234567890123456789012"

static void checks_labels(void **state)
{
	static const struct kind_case cases[] = {
		{"  labels: {app: web, example.com/a_b.C: \"\", x: " L63 "}\n", "", 0},
		{"  labels: {owner: a@b, \"a b\": c, example.com/: d, Example.com/a: e}\n",
			"metadata.labels.owner: \"a@b\" is not a label's value\nmetadata.labels[\"a b\"]: is not a label's key\n"
			"metadata.labels[\"example.com/\"]: is not a label's key\nmetadata.labels[\"Example.com/a\"]: is not a label's key", 0},
		{"  labels: {x: " L63 "3, " L63 "3: y}\n", "metadata.labels.x: \"" L63 "3\" is not a label's value\n"
			"metadata.labels." L63 "3: is not a label's key", 0},
		{"  labels: {\"${KEY}\": a, b: \"${VALUE}\"}\n", "", 0},
		{"  annotations: {owner: a@b, Example.com/A: \"b c\"}\n", "", 0},
		{"  annotations: {\"a b\": c, a/b/c: d, \"\": e}\n",
			"metadata.annotations[\"a b\"]: is not an annotation's key\nmetadata.annotations[\"a/b/c\"]: is not an annotation's key\n"
			"metadata.annotations[\"\"]: is not an annotation's key", 0},
	};

	(void)state;
	KIND_TABLE(HEAD("v1", "ConfigMap"), cases, "k8s/labels");
	KIND_TABLE(HEAD("example.org/v1", "Thing"), cases, "k8s/labels");
}

static void bounds_annotations(void **state)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct kind_case one = {"\n", "", 0};

	(void)state;
	/* 256 KiB with the key's letter. */
	hgt_buf_adds(&text, HEAD("v1", "ConfigMap") "  annotations:\n    a: ");
	for (size_t i = 1; i < 256 << 10; i++)
		hgt_buf_addc(&text, 'x');
	assert_false(text.failed);
	kind_table(text.data, (const char *const []){"k8s/labels", NULL}, &one, 1);
	one.body = "x\n";
	one.expect = "metadata.annotations: together they have 262145 bytes, and 262144 are the most";
	kind_table(text.data, (const char *const []){"k8s/labels", NULL}, &one, 1);
	hgt_buf_release(&text);
}

#define OWNER(more) "{apiVersion: apps/v1, kind: ReplicaSet, name: a, uid: b" more "}"

static void checks_owners(void **state)
{
	static const struct kind_case cases[] = {
		{"  ownerReferences: [" OWNER(", controller: true") ", " OWNER(", controller: false") "]\n", "", 0},
		{"  ownerReferences: [" OWNER(", controller: true") ", " OWNER(", controller: true") "]\n",
			"metadata.ownerReferences[1].controller: there is a controller already", 0},
		{"  ownerReferences: [{apiVersion: a/b/c, kind: A, name: b, uid: c}]\n",
			"metadata.ownerReferences[0].apiVersion: \"a/b/c\" is not of the form version or group/version", 0},
		{"  ownerReferences: [{apiVersion: v1, kind: A}]\n",
			"metadata.ownerReferences[0].name: is missing\nmetadata.ownerReferences[0].uid: is missing", 0},
		{"  ownerReferences: [null]\n", "metadata.ownerReferences[0].apiVersion: is missing\nmetadata.ownerReferences[0].kind: is missing\n"
			"metadata.ownerReferences[0].name: is missing\nmetadata.ownerReferences[0].uid: is missing", 0},
	};

	(void)state;
	KIND_TABLE(HEAD("v1", "ConfigMap"), cases, "k8s/metadata");
	KIND_TABLE(HEAD("example.org/v1", "Thing"), cases, "k8s/metadata");
}

static void checks_finalizers(void **state)
{
	static const struct kind_case cases[] = {
		{"  finalizers: [example.com/a, orphan, kubernetes]\n", "", 0},
		{"  finalizers: [keep me]\n", "metadata.finalizers[0]: \"keep me\" is not a finalizer's name", 0},
		{"  finalizers: [orphan, foregroundDeletion]\n",
			"metadata.finalizers: orphan and foregroundDeletion cannot both be there", 0},
	};
	static const struct kind_case of_core[] = {
		{"  finalizers: [backup]\n",
			"metadata.finalizers[0]: \"backup\" is no finalizer of Kubernetes, and one of somebody else has a domain", 0},
	};
	static const struct kind_case of_others[] = {
		{"  finalizers: [backup]\n", "", 0},
	};

	(void)state;
	KIND_TABLE(HEAD("v1", "ConfigMap"), cases, "k8s/metadata");
	KIND_TABLE(HEAD("example.org/v1", "Thing"), cases, "k8s/metadata");
	KIND_TABLE(HEAD("v1", "ConfigMap"), of_core, "k8s/metadata");
	KIND_TABLE(HEAD("example.org/v1", "Thing"), of_others, "k8s/metadata");
}

/* The key is marked where the key is wrong, the value where that is. */
static void marks_places(void **state)
{
	static const struct judged cases[] = {
		{.text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels:\n    a b: c\n    d: e f\n",
			.expect = "6:5-8 k8s/labels /metadata/labels/a b\n7:8-11 k8s/labels /metadata/labels/d"},
	};

	(void)state;
	judge_table(cases, N_OF(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_labels), cmocka_unit_test(bounds_annotations), cmocka_unit_test(checks_owners),
		cmocka_unit_test(checks_finalizers), cmocka_unit_test(marks_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
