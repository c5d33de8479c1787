/*
 * What hgt_report_sarif writes, held against the schema of SARIF 2.1.0: sarif SCHEMA FOLDER, where FOLDER has inputs as fuzz_engine
 * takes them (a path, a NUL, the file's content). Results as TAP.
 */
#include <dirent.h>

#include "base/io.h"
#include "check/report.h"
#include "schema/compile.h"
#include "schema/evaluate.h"

enum { FILE_MAX = 16 << 20 };

static struct hgt_evaluator *evaluator;
static uint32_t schema;
static unsigned passed, failed;

/* A test that cannot be run is the end of the run. */
static _Noreturn void give_up(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	exit(2);
}

static void read_file(const char *path, struct hgt_buf *text)
{
	struct hgt_error err;

	if (hgt_read_file(path, FILE_MAX, text, &err) < 0)
		give_up(path, err.message);
}

static void result(bool good, const char *name, const char *why)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", passed + failed + 1, name);
	if (!good)
		printf("# %s\n", why);
	*(good ? &passed : &failed) += 1;
}

static void compile(const char *path, struct hgt_buf *data, struct hgt_image *image)
{
	struct hgt_evaluate_options options = hgt_evaluate_default_options;
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_compiler *c;
	struct hgt_doc_set set;
	struct hgt_error err;

	read_file(path, &text);
	hgt_doc_set_init(&set);
	if (hgt_json_parse_message(text.data, text.len, &set, &err) < 0 || hgt_compiler_new(HGT_DRAFT_4, &c, &err) < 0)
		give_up(path, err.message);
	options.formats = true;
	if (hgt_compiler_add(c, "test:sarif", set.docs[0].root, &err) < 0 ||
		hgt_compiler_entry(c, "sarif", "test:sarif", 0, &err) < 0 || hgt_compiler_finish(c, data, &err) < 0 ||
		hgt_image_open(image, data->data, data->len, &err) < 0 || hgt_image_find(image, "sarif", &schema, NULL, &err) < 0 ||
		hgt_evaluator_new(image, &options, &evaluator, &err) < 0)
		give_up(path, err.message);
	hgt_compiler_free(c);
	hgt_doc_set_release(&set);
	hgt_buf_release(&text);
}

static void keep_reason(void *user, const struct hgt_schema_finding *finding)
{
	struct hgt_buf *why = user;

	hgt_buf_addf(why, "%s: %s; ", finding->pointer, finding->message);
}

/* Whether a text is JSON that the schema takes. */
static void expect(const char *name, const struct hgt_buf *text, bool fits)
{
	struct hgt_buf why = HGT_BUF_INIT;
	struct hgt_doc_set set;
	struct hgt_error err;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(text->data, text->len, &set, &err);
	if (code == 0)
		code = hgt_evaluate(evaluator, schema, set.docs[0].root, keep_reason, &why, &err);
	result(code == fits, name, code < 0 ? err.message : code ? "fits, and should not" : why.data);
	hgt_doc_set_release(&set);
	hgt_buf_release(&why);
}

static void report(struct hgt_engine *engine, struct hgt_buf *out)
{
	if (hgt_engine_finish(engine, NULL) < 0)
		give_up("engine", "out of memory");
	hgt_report_sarif(engine, true, out);
	hgt_engine_free(engine);
}

static struct hgt_engine *engine_new(void)
{
	struct hgt_engine *engine;

	if (hgt_engine_new(&(struct hgt_engine_options){0}, &engine, NULL) < 0)
		give_up("engine", "out of memory");
	return engine;
}

/* One input of the corpus, under its own path and as one of YAML and of JSON. */
static void run_input(const char *folder, const char *name)
{
	struct hgt_buf path = HGT_BUF_INIT, input = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_engine *engine = engine_new();
	const char *nul;

	hgt_buf_addf(&path, "%s/%s", folder, name);
	read_file(path.data, &input);
	nul = memchr(input.data, 0, input.len);
	if (nul) {
		const char *names[] = {input.data, "a.yaml", "b/c.json"};

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (hgt_engine_file(engine, names[i], nul + 1, input.len - (size_t)(nul + 1 - input.data), HGT_CLASS_AUTO, NULL) < 0)
				give_up(name, "out of memory");
	}
	report(engine, &out);
	expect(name, &out, true);
	hgt_buf_release(&out);
	hgt_buf_release(&input);
	hgt_buf_release(&path);
}

/* Each rule of the table, with a path, a place and a text that are hard to write down. */
static void run_rules(void)
{
	static const char *const paths[] = {"", "-", "/etc/a b.yaml", "a:b/%41 \xff\x1b[1m\xe2\x80\xae.yaml", "./././x", "../up.yaml",
		"a//b/", "refs/heads/main"};
	struct hgt_buf out = HGT_BUF_INIT;
	char name[64];
	size_t n;
	const struct hgt_rule *rules = hgt_rules(&n);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct hgt_engine *engine = engine_new();

		for (size_t j = 0; j < n; j++) {
			struct hgt_finding f = {.rule = rules[j].id, .path = paths[i], .line = j % 3 ? (uint32_t)j : 0,
				.column = j % 3 == 1 ? UINT32_MAX : 0, .pointer = j % 2 ? "/a~1b/\x1b" : "",
				.message = "{{ a }} [b](0) {1", .hint = j % 2 ? "}" : NULL};

			if (hgt_engine_add(engine, &f, NULL) < 0)
				give_up("engine", "out of memory");
		}
		hgt_buf_reset(&out);
		report(engine, &out);
		snprintf(name, sizeof(name), "every rule, path %zu", i);
		expect(name, &out, true);
	}
	hgt_buf_release(&out);
}

/* The schema does refuse: what is missing, what is not known, what is not a URI. */
static void run_refused(void)
{
	static const char *const texts[] = {
		"{}", "{\"version\":\"2.0.0\",\"runs\":[]}", "{\"version\":\"2.1.0\",\"runs\":[{}]}",
		"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"x\"}},\"results\":["
		"{\"level\":\"info\",\"message\":{\"text\":\"m\"}}]}]}",
		"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"x\"}},\"results\":["
		"{\"message\":{\"text\":\"m\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"a b\"}}}]}]}]}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct hgt_buf text = HGT_BUF_INIT;
		char name[64];

		snprintf(name, sizeof(name), "refused %zu", i);
		hgt_buf_adds(&text, texts[i]);
		expect(name, &text, false);
		hgt_buf_release(&text);
	}
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entries = NULL;
	struct hgt_buf data = HGT_BUF_INIT;
	struct hgt_image image;
	int n;

	if (argc != 3) {
		fprintf(stderr, "usage: sarif SCHEMA FOLDER\n");
		return 2;
	}
	compile(argv[1], &data, &image);
	n = scandir(argv[2], &entries, is_visible, alphasort);
	if (n <= 0)
		give_up(argv[2], "no inputs");
	for (int i = 0; i < n; i++) {
		run_input(argv[2], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	run_rules();
	run_refused();
	hgt_evaluator_free(evaluator);
	hgt_buf_release(&data);
	printf("1..%u\n", passed + failed);
	return failed != 0;
}
