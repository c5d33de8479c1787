/* cli/check_input: what is found in a tree, and what is complained of, does not depend on how many threads read it. */
#include "cli/check_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "check/report.h"
#include "pack/catalog.h"
#include "tests/unit/fail_alloc.h"
#include "tests/unit/unit.h"

enum { FOLDERS = 12 };

static const char crd[] =
	"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.org}\n"
	"spec:\n  group: example.org\n  scope: Namespaced\n  names: {kind: Thing, plural: things}\n  versions:\n"
	"  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, "
	"properties: {size: {type: integer}}}}}}}\n";

/* Each of them is in each folder. */
static const struct {
	const char *name, *text;
} parts[] = {
	{"a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v, k: w}\n"},
	{"b.yaml", "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: b}\nspec: {size: large}\n"},
	{"broken.yaml", "a: [\n"},
	{"c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: B}\n"},
	{"empty.json", ""},
	{"kustomization.yaml", "resources: [a.yaml]\npatches: [{path: patch.yaml}]\n"},
	{"list.json", "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"kind\": \"Pod\"}]}"},
	{"patch.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: p}\nspec: {replicas: x}\n"},
	{"readme.md", "not looked at"},
	{"split.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\n--- {kind: X}\n"},
};

/* A file that is too large to be read ahead, and wrong at its end. */
static void write_large(const char *folder)
{
	char *path = unit_path(folder, "large.yaml");
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_buf_adds(&text, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: large}\ndata:\n");
	for (int i = 0; i < 20000; i++)
		hgt_buf_addf(&text, "  key-%d: value of key %d\n", i, i);
	hgt_buf_adds(&text, "  key-0: again\n");
	assert_int_equal(hgt_write_file(path, text.data, text.len, 0600, NULL), 0);
	hgt_buf_release(&text);
	free(path);
}

static void write_tree(const char *root)
{
	for (int f = 0; f < FOLDERS; f++) {
		char name[16], *folder, *path;

		snprintf(name, sizeof(name), "f%02d", f);
		folder = unit_path(root, name);
		assert_int_equal(mkdir(folder, 0700), 0);
		for (size_t i = 0; i < N_OF(parts); i++) {
			path = unit_path(folder, parts[i].name);
			assert_int_equal(hgt_write_file(path, parts[i].text, strlen(parts[i].text), 0600, NULL), 0);
			free(path);
		}
		path = unit_path(folder, "pipe.yaml");
		assert_int_equal(mkfifo(path, 0600), 0);
		free(path);
		if (f % 4 == 1)
			write_large(folder);
		if (f == FOLDERS - 1) {
			path = unit_path(folder, "zz-definition.yaml");
			assert_int_equal(hgt_write_file(path, crd, strlen(crd), 0600, NULL), 0);
			free(path);
			path = unit_path(folder, "zzz-binary.yaml");
			assert_int_equal(hgt_write_file(path, "a\0b", 3, 0600, NULL), 0);
			free(path);
		}
		free(folder);
	}
}

/* Check the paths with so many helpers; what stdout and stderr would have, one behind the other. *fail_at: the allocation that fails; 0
 * afterwards when there were fewer. */
static int check(char *const *paths, int n, unsigned helpers, long *fail_at, struct hgt_buf *out)
{
	struct check_input input = {.cls = HGT_CLASS_AUTO, .helpers = helpers, .text = HGT_BUF_INIT};
	struct hgt_report_style style = {.excerpt = true};
	struct hgt_catalog *catalog = NULL;
	struct hgt_engine_options options = {.findings_limit = 100000, .blob_limit = CHECK_BLOB_MAX, .read = check_read,
		.tree_ctx = &input};
	FILE *told = tmpfile();
	int kept = dup(STDERR_FILENO), code = hgt_catalog_new(&catalog, NULL);

	assert_non_null(told);
	assert_true(kept >= 0 && dup2(fileno(told), STDERR_FILENO) >= 0);
	options.catalog = catalog;
	fail_alloc_at(*fail_at);
	if (code == 0)
		code = hgt_engine_new(&options, &input.engine, NULL);
	if (code == 0)
		code = check_paths(&input, paths, n, "-", NULL);
	if (code == 0)
		code = hgt_engine_finish(input.engine, NULL);
	if (!fail_alloc_off())
		*fail_at = 0;
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	close(kept);
	if (code == 0) {
		hgt_report_text(hgt_engine_findings(input.engine), &style, out);
		hgt_report_json(input.engine, out);
		hgt_buf_addf(out, "%zu files, %zu documents, trouble %d\n", hgt_engine_files(input.engine),
			hgt_engine_documents(input.engine), input.trouble);
		rewind(told);
		assert_int_equal(hgt_read_fd(fileno(told), "told", 1 << 20, out, NULL), 0);
	}
	fclose(told);
	hgt_engine_free(input.engine);
	hgt_catalog_free(catalog);
	hgt_buf_release(&input.text);
	return code;
}

static int make(void **state)
{
	int code = unit_folder_make(state);

	if (code == 0)
		write_tree(*state);
	return code;
}

static void finds_the_same_with_any_number_of_threads(void **state)
{
	char *missing = unit_path(*state, "f03/none.yaml"), *readme = unit_path(*state, "f03/readme.md"),
		*pipe = unit_path(*state, "f04/pipe.yaml"), *root = *state;
	char *paths[] = {missing, root, pipe, readme, missing};
	struct hgt_buf one = HGT_BUF_INIT;
	long never = 0;

	assert_int_equal(check(paths, N_OF(paths), 0, &never, &one), 0);
	assert_non_null(strstr(one.data, "schema/type"));
	assert_non_null(strstr(one.data, "yaml/duplicate-key"));
	assert_non_null(strstr(one.data, "large.yaml:20005:3"));
	assert_non_null(strstr(one.data, "f11/zzz-binary.yaml:1:2"));
	assert_non_null(strstr(one.data, "trouble 1\n"));
	/* The complaints in the order of the paths. */
	assert_true(strstr(one.data, "none.yaml: No such file") < strstr(one.data, "pipe.yaml: not a file or folder"));
	assert_true(strstr(one.data, "pipe.yaml: not a file or folder") < strstr(one.data, "readme.md: not checked"));
	for (unsigned round = 0; round < 12; round++) {
		struct hgt_buf many = HGT_BUF_INIT;

		assert_int_equal(check(paths, N_OF(paths), 1 + round % 3, &never, &many), 0);
		assert_string_equal(many.data, one.data);
		hgt_buf_release(&many);
	}
	hgt_buf_release(&one);
	free(missing);
	free(readme);
	free(pipe);
}

/* Each thread takes memory; whichever meets the failure, it comes out as one. */
static void survives_want_of_memory(void **state)
{
	char *folder = unit_path(*state, "f00"), *paths[] = {folder};

	for (long n = 1, at = 1; at; n += n < 300 ? 1 : 7) {
		struct hgt_buf out = HGT_BUF_INIT;
		int code;

		at = n;
		code = check(paths, 1, n % 3, &at, &out);
		/* A quotation in a message may do without. */
		if (!at || code != HGT_ENOMEM)
			assert_int_equal(code, 0);
		hgt_buf_release(&out);
	}
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_the_same_with_any_number_of_threads, make, unit_folder_remove),
		cmocka_unit_test_setup_teardown(survives_want_of_memory, make, unit_folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
