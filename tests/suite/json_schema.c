/*
 * The official JSON-Schema-Test-Suite against lib/schema: json_schema FOLDER, where FOLDER has tests/ and remotes/. Results as TAP.
 *
 * Every mandatory test of the five drafts is run, and every optional one but those in left_out below.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "schema/compile.h"
#include "schema/evaluate.h"

enum { FILE_MAX = 16 << 20, DOCUMENTS_MAX = 512 };

static const struct {
	const char *folder;
	enum hgt_draft draft;
} drafts[] = {
	{"draft4", HGT_DRAFT_4}, {"draft6", HGT_DRAFT_6}, {"draft7", HGT_DRAFT_7}, {"draft2019-09", HGT_DRAFT_2019},
	{"draft2020-12", HGT_DRAFT_2020},
};

/* Optional files, by the end of their path. */
static const struct {
	const char *file, *why;
} left_out[] = {
	{"optional/content.json", "content is not looked into"},
	{"optional/format/idn-email.json", "no internationalised names"},
	{"optional/format/idn-hostname.json", "no internationalised names"},
	{"optional/format/iri.json", "no internationalised names"},
	{"optional/format/iri-reference.json", "no internationalised names"},
	{"optional/format/uri-template.json", "not a format of Kubernetes"},
};

struct document {
	char *uri, *path;
	struct hgt_doc_set set;
};

static struct document remotes[DOCUMENTS_MAX];
static size_t n_remotes;
static unsigned passed, failed;

/* A test that cannot be run is the end of the run. */
static _Noreturn void give_up(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	exit(2);
}

static void read_json(const char *path, struct hgt_doc_set *set)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_error err;

	hgt_doc_set_init(set);
	if (hgt_read_file(path, FILE_MAX, &text, &err) < 0 || hgt_json_parse_message(text.data, text.len, set, &err) < 0)
		give_up(path, err.message);
	hgt_buf_release(&text);
}

static char *join(const char *a, const char *b, const char *c)
{
	char *text;

	if (asprintf(&text, "%s%s%s", a, b, c) < 0)
		give_up(a, "out of memory");
	return text;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Call `each` with every .json file below a folder (in order, its own first when not `deep`). */
static void walk(const char *folder, const char *prefix, bool deep, void (*each)(const char *path, const char *name))
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_visible, alphasort);

	for (int i = 0; i < n; i++) {
		char *path = join(folder, "/", entries[i]->d_name), *name = join(prefix, entries[i]->d_name, "");
		struct stat st;

		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode) && deep) {
			char *inner = join(name, "/", "");

			walk(path, inner, deep, each);
			free(inner);
		} else if (strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".json") == 0) {
			each(path, name);
		}
		free(path);
		free(name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static void add_remote(const char *path, const char *name)
{
	if (n_remotes == DOCUMENTS_MAX)
		give_up(path, "too many documents");
	remotes[n_remotes].uri = join("http://localhost:1234/", name, "");
	read_json(path, &remotes[n_remotes++].set);
}

static void result(bool good, const char *file, const char *group, const char *test, const char *why)
{
	printf("%s %u - %s: %s: %s\n", good ? "ok" : "not ok", passed + failed + 1, file, group, test);
	if (!good)
		printf("# %s\n", why);
	*(good ? &passed : &failed) += 1;
}

static int compile(const struct hgt_node *schema, enum hgt_draft draft, struct hgt_buf *data, struct hgt_error *err)
{
	struct hgt_compiler *c;
	int code = hgt_compiler_new(draft, &c, err);

	if (code)
		return code;
	for (size_t i = 0; i < n_remotes && !code; i++)
		code = hgt_compiler_add(c, remotes[i].uri, remotes[i].set.docs[0].root, err);
	if (!code)
		code = hgt_compiler_add(c, "test:schema", schema, err);
	if (!code)
		code = hgt_compiler_entry(c, "schema", "test:schema", 0, err);
	if (!code)
		code = hgt_compiler_finish(c, data, err);
	hgt_compiler_free(c);
	return code;
}

static void ignore(void *user, const struct hgt_schema_finding *finding)
{
	(void)user;
	(void)finding;
}

static int judge(const struct hgt_buf *data, const struct hgt_node *node, bool formats, struct hgt_error *err)
{
	struct hgt_evaluate_options options = hgt_evaluate_default_options;
	struct hgt_evaluator *e;
	struct hgt_image image;
	uint32_t schema;
	int code, told, quiet;

	options.formats = formats;
	code = hgt_image_open(&image, data->data, data->len, err);
	if (!code)
		code = hgt_image_check(&image, err);
	if (!code)
		code = hgt_image_find(&image, "schema", &schema, NULL, err);
	if (!code)
		code = hgt_evaluator_new(&image, &options, &e, err);
	if (code)
		return code;
	told = hgt_evaluate(e, schema, node, ignore, NULL, err);
	quiet = hgt_evaluate(e, schema, node, NULL, NULL, err);
	hgt_evaluator_free(e);
	if (told != quiet)
		return hgt_error_set(err, HGT_EINVAL, "telling findings makes it %d, not telling %d", told, quiet);
	return told;
}

static enum hgt_draft draft_now;
static bool formats_now;

static void run_group(const char *file, const struct hgt_node *group)
{
	const struct hgt_node *tests = hgt_node_get(group, "tests");
	const char *description = hgt_node_get_string(group, "description");
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_error err = {0};
	int compiled = compile(hgt_node_get(group, "schema"), draft_now, &data, &err);

	for (size_t i = 0; i < tests->v.seq.n; i++) {
		const struct hgt_node *test = tests->v.seq.items[i];
		bool valid = false;
		int code = compiled ? compiled : judge(&data, hgt_node_get(test, "data"), formats_now, &err);

		if (!hgt_node_get_bool(test, "valid", &valid))
			give_up(file, "a test without verdict");
		result(code == valid, file, description, hgt_node_get_string(test, "description"),
			code < 0 ? err.message : code ? "fits, and should not" : "does not fit, and should");
	}
	hgt_buf_release(&data);
}

static void run_file(const char *path, const char *name)
{
	struct hgt_doc_set set;

	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		size_t len = strlen(left_out[i].file), all = strlen(name);

		if (all >= len && strcmp(name + all - len, left_out[i].file) == 0) {
			printf("# left out: %s: %s\n", name, left_out[i].why);
			return;
		}
	}
	read_json(path, &set);
	for (size_t i = 0; i < set.docs[0].root->v.seq.n; i++)
		run_group(name, set.docs[0].root->v.seq.items[i]);
	hgt_doc_set_release(&set);
}

int main(int argc, char **argv)
{
	char *folder;

	if (argc != 2) {
		fprintf(stderr, "usage: json_schema FOLDER\n");
		return 2;
	}
	folder = join(argv[1], "/remotes", "");
	walk(folder, "", true, add_remote);
	free(folder);
	for (size_t i = 0; i < sizeof(drafts) / sizeof(drafts[0]); i++) {
		static const struct {
			const char *folder;
			bool formats;
		} parts[] = {{"/", false}, {"/optional/", false}, {"/optional/format/", true}};

		for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++) {
			char *prefix = join(drafts[i].folder, parts[j].folder, "");

			folder = join(argv[1], "/tests/", prefix);
			draft_now = drafts[i].draft;
			formats_now = parts[j].formats;
			walk(folder, prefix, false, run_file);
			free(folder);
			free(prefix);
		}
	}
	for (size_t i = 0; i < n_remotes; i++) {
		hgt_doc_set_release(&remotes[i].set);
		free(remotes[i].uri);
	}
	printf("1..%u\n", passed + failed);
	return failed || !passed;
}
