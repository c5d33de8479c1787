/* The engine: classes decide which checks see a file, settings decide how severe what they find is. */
#include "check/engine.h"

#include <inttypes.h>

#include "base/timing.h"
#include "check/check.h"
#include "check/put_off.h"
#include "check/reading.h"
#include "k8s/definitions.h"

enum { DEFAULT_BLOB_LIMIT = 10 * 1024 * 1024, DEFAULT_FINDINGS_LIMIT = 100 };

struct hgt_engine {
	struct hgt_engine_options options;
	struct hgt_doc_limits limits;
	struct hgt_findings findings;
	struct hgt_duplicates *duplicates;
	struct hgt_transitions *transitions;	/* made when there is something that was before */
	struct hgt_schemas *schemas;	/* NULL: objects are not held against any */
	struct hgt_put_off_list put_off;
	struct hgt_kustomize *kustomize;	/* NULL: nobody reads kustomizations */
	size_t files, documents;
	bool timed_out;	/* told once */
	bool failed;	/* memory ran out in a check */
};

static struct hgt_doc_limits limits_of(const struct hgt_engine_options *options)
{
	struct hgt_doc_limits limits = hgt_doc_default_limits;

	if (options->depth_limit)
		limits.depth = options->depth_limit;
	if (limits.bytes < options->blob_limit)
		limits.bytes = options->blob_limit;
	return limits;
}

int hgt_engine_new(const struct hgt_engine_options *options, struct hgt_engine **out, struct hgt_error *err)
{
	struct hgt_engine *engine = calloc(1, sizeof(*engine));
	int code = 0;

	if (!engine)
		return hgt_error_nomem(err);
	engine->options = *options;
	if (!engine->options.blob_limit)
		engine->options.blob_limit = DEFAULT_BLOB_LIMIT;
	if (!engine->options.kubernetes)
		engine->options.kubernetes = HGT_KUBERNETES_NEWEST;
	engine->limits = limits_of(&engine->options);
	hgt_findings_init(&engine->findings, options->findings_limit ? options->findings_limit : DEFAULT_FINDINGS_LIMIT);
	hgt_put_off_init(&engine->put_off);
	engine->duplicates = hgt_duplicates_new();
	if (!engine->duplicates)
		code = hgt_error_nomem(err);
	if (code == 0 && options->catalog)
		code = hgt_schemas_new(options->catalog, &engine->schemas, err);
	if (code == 0 && options->read)
		code = hgt_kustomize_new(options->read, options->tree_ctx, &engine->kustomize, err);
	if (code < 0) {
		hgt_engine_free(engine);
		return code;
	}
	*out = engine;
	return 0;
}

void hgt_engine_free(struct hgt_engine *engine)
{
	if (!engine)
		return;
	hgt_put_off_release(&engine->put_off);
	hgt_schemas_free(engine->schemas);
	hgt_kustomize_free(engine->kustomize);
	hgt_transitions_free(engine->transitions);
	hgt_duplicates_free(engine->duplicates);
	hgt_findings_release(&engine->findings);
	free(engine);
}

void hgt_engine_set_strict(struct hgt_engine *engine, bool strict)
{
	engine->options.strict = strict;
}

void hgt_engine_fail(struct hgt_engine *engine)
{
	engine->failed = true;
}

static bool setting_matches(const char *setting, const char *rule)
{
	size_t len = strlen(setting);

	if (len >= 2 && strcmp(setting + len - 2, "/*") == 0)
		return strncmp(setting, rule, len - 1) == 0;
	return strcmp(setting, rule) == 0;
}

/* What the settings make of a rule. The gate's own rules are not theirs to change: a gate that ran out of
 * time has not judged. */
static enum hgt_severity severity_of(const struct hgt_engine *engine, const char *id, enum hgt_severity given)
{
	const struct hgt_rule *rule = hgt_rule_find(id);
	enum hgt_severity severity = rule ? rule->severity : given;

	if (strncmp(id, "gate/", 5) == 0)
		return severity;
	for (size_t i = 0; i < engine->options.n_settings; i++)
		if (setting_matches(engine->options.settings[i].rule, id))
			severity = engine->options.settings[i].severity;
	if (engine->options.strict && severity == HGT_SEVERITY_WARNING)
		severity = HGT_SEVERITY_ERROR;
	return severity;
}

bool hgt_engine_keeps(struct hgt_engine *engine, const struct hgt_finding *finding)
{
	return hgt_findings_keeps(&engine->findings, severity_of(engine, finding->rule, finding->severity));
}

void hgt_engine_tell(struct hgt_engine *engine, const struct hgt_finding *finding)
{
	struct hgt_finding told = *finding;

	told.severity = severity_of(engine, finding->rule, finding->severity);
	if (hgt_findings_add(&engine->findings, &told, NULL) < 0)
		engine->failed = true;
}

static int outcome(struct hgt_engine *engine, struct hgt_error *err)
{
	return engine->failed ? hgt_error_nomem(err) : 0;
}

int hgt_engine_add(struct hgt_engine *engine, const struct hgt_finding *finding, struct hgt_error *err)
{
	engine->files++;
	hgt_engine_tell(engine, finding);
	return outcome(engine, err);
}

int hgt_engine_too_large(struct hgt_engine *engine, const char *path, uint64_t size, struct hgt_error *err)
{
	char message[160];
	int code;

	if (size <= engine->options.blob_limit)
		return 0;
	if (size == UINT64_MAX)
		snprintf(message, sizeof(message), "the file has more than %zu bytes, the most that is checked",
			engine->options.blob_limit);
	else
		snprintf(message, sizeof(message), "the file has %" PRIu64 " bytes; %zu is the most that is checked", size,
			engine->options.blob_limit);
	code = hgt_engine_add(engine, &(struct hgt_finding){.rule = "git/blob-size", .path = path, .message = message,
		.hint = "keep large data out of the repository, or raise the policy's limits.blob"}, err);
	return code < 0 ? code : 1;
}

bool hgt_engine_out_of_time(struct hgt_engine *engine, const char *path)
{
	if (engine->timed_out)
		return true;
	if (!engine->options.deadline_ms || hgt_time_mono_ms() < engine->options.deadline_ms)
		return false;
	engine->timed_out = true;
	hgt_engine_tell(engine, &(struct hgt_finding){.rule = "gate/timeout", .path = path,
		.message = "the time was up before this file and those after it were checked",
		.hint = "push the change in smaller parts, or raise the policy's limits.seconds"});
	return true;
}

/* Text has no NUL; what has is an archive, an image, or text in an encoding that Kubernetes does not read. */
static void tell_binary(struct hgt_engine *engine, const struct hgt_reading *reading)
{
	const struct hgt_source source = {.data = reading->data, .len = reading->len};
	struct hgt_finding finding = {.rule = "git/binary", .path = reading->path,
		.message = "binary data: the file has a NUL byte here, and text has none",
		.hint = "store the text itself, or give the file a name that says what it is"};
	const char *nul = memchr(source.data, 0, source.len);

	if (source.len >= 2 && (memcmp(source.data, "\xff\xfe", 2) == 0 || memcmp(source.data, "\xfe\xff", 2) == 0)) {
		finding.message = "the text is encoded in UTF-16";
		finding.hint = "save the file as UTF-8";
	} else {
		hgt_source_position(&source, (size_t)(nul - source.data), &finding.line, &finding.column);
	}
	hgt_engine_tell(engine, &finding);
}

static const char *rule_of_problem(enum hgt_problem_kind kind, bool json)
{
	switch (kind) {
	case HGT_PROBLEM_SYNTAX:
		break;
	case HGT_PROBLEM_DUPLICATE_KEY:
		return "yaml/duplicate-key";
	case HGT_PROBLEM_DEPTH:
		return "yaml/depth";
	case HGT_PROBLEM_ALIAS_BOMB:
		return "yaml/alias-bomb";
	case HGT_PROBLEM_LIMIT:
		return "yaml/limit";
	}
	return json ? "json/syntax" : "yaml/syntax";
}

static void tell_problem(struct hgt_engine *engine, struct hgt_source *source, const char *path,
	const struct hgt_problem *problem, bool json)
{
	struct hgt_finding finding = {.rule = rule_of_problem(problem->kind, json), .path = path, .line = problem->line,
		.column = problem->column, .end_column = problem->end_column, .pointer = problem->pointer,
		.message = problem->message, .hint = problem->hint};

	if (hgt_engine_keeps(engine, &finding))
		hgt_source_excerpt(source, &finding);
	hgt_engine_tell(engine, &finding);
}

/* The subject of a document of the file; its class is that of the document. */
static struct hgt_subject subject_of(struct hgt_engine *engine, const struct hgt_put_off *file, struct hgt_source *source,
	const struct hgt_doc *doc)
{
	enum hgt_class cls = hgt_class_of_document(file->path, file->data, doc, file->cls, file->forced);

	if (hgt_class_holds_objects(cls) && file->role >= HGT_KUSTOMIZE_PATCH)
		cls = file->role == HGT_KUSTOMIZE_PATCH ? HGT_CLASS_KUSTOMIZE_PATCH : HGT_CLASS_YAML;
	return (struct hgt_subject){.engine = engine, .source = source, .duplicates = engine->duplicates,
		.transitions = engine->transitions, .schemas = engine->schemas, .path = file->path, .file = file->file,
		.cls = cls, .role = file->role, .object = doc->root,
		.pointer = "", .kubernetes = engine->options.kubernetes};
}

/* Meet the definitions in a file; 1 when it has an object of a kind that nobody knows yet, 0, or HGT_E*. */
static int meet_definitions(struct hgt_engine *engine, const struct hgt_put_off *file, struct hgt_source *source,
	const struct hgt_doc_set *set, struct hgt_error *err)
{
	bool meets = hgt_definitions_concern(file->data, file->len);
	struct hgt_subject subject;
	int code = 0;

	for (size_t i = 0; meets && i < set->n_docs; i++) {
		if (!set->docs[i].root)
			continue;
		subject = subject_of(engine, file, source, &set->docs[i]);
		if (hgt_class_holds_objects(subject.cls))
			hgt_definitions_meet(&subject);
	}
	for (size_t i = 0; i < set->n_docs && code == 0; i++) {
		/* The class costs more than looking the kind up does. */
		if (set->docs[i].root)
			code = hgt_definitions_lack(engine->schemas, set->docs[i].root, err);
		if (code > 0) {
			subject = subject_of(engine, file, source, &set->docs[i]);
			code = hgt_class_holds_objects(subject.cls);
		}
	}
	return code;
}

/* Judge a file that has been read. 1: it is to be judged again when all others are known; nothing has been told. */
static int judge_documents(struct hgt_engine *engine, const struct hgt_put_off *file, const struct hgt_doc_set *set, bool last,
	struct hgt_error *err)
{
	bool json = hgt_class_reads_json(file->path, file->cls), objects = false;
	struct hgt_source source;
	struct hgt_subject whole = {.engine = engine, .source = &source, .path = file->path, .cls = file->cls, .pointer = ""};
	int code = 0;

	hgt_source_init(&source, file->data, file->len);
	if (engine->schemas && !last)
		code = meet_definitions(engine, file, &source, set, err);
	for (size_t i = 0; i < set->n_problems && code == 0; i++)
		tell_problem(engine, &source, file->path, &set->problems[i], json);
	for (size_t i = 0; i < set->n_docs && code == 0 && !engine->failed && !hgt_engine_out_of_time(engine, file->path); i++) {
		struct hgt_subject subject;

		if (!set->docs[i].root)
			continue;
		engine->documents++;
		subject = subject_of(engine, file, &source, &set->docs[i]);
		objects |= hgt_class_holds_objects(subject.cls);
		hgt_run_checks(&subject);
	}
	if (code == 0 && !engine->failed && !hgt_engine_out_of_time(engine, file->path))
		code = hgt_compare_readers(&whole, json, set, &engine->limits, objects, file->forced, err);
	return code ? code : outcome(engine, err);
}

int hgt_engine_before(struct hgt_engine *engine, const char *path, const char *data, size_t len, enum hgt_class wanted,
	struct hgt_error *err)
{
	enum hgt_class cls = hgt_class_agreed(path, wanted);
	bool forced = wanted != HGT_CLASS_AUTO;

	if (cls == HGT_CLASS_OTHER || !len || len > engine->options.blob_limit || !hgt_transitions_concern(data, len) ||
		memchr(data, 0, len) || hgt_engine_out_of_time(engine, path))
		return outcome(engine, err);
	if (!forced || wanted == HGT_CLASS_KUBERNETES)
		cls = hgt_class_of_text(path, data, len, cls, forced);
	if (!hgt_class_is_parsed(cls))
		return 0;
	if (!engine->transitions)
		engine->transitions = hgt_transitions_new();
	if (!engine->transitions)
		return hgt_error_nomem(err);
	return hgt_transitions_before(engine->transitions, path, data, len, cls, forced, &engine->limits, err);
}

int hgt_engine_judge(struct hgt_engine *engine, const struct hgt_reading *reading, struct hgt_error *err)
{
	struct hgt_put_off file = {.path = reading->path, .data = reading->data, .len = reading->len, .cls = reading->cls,
		.forced = reading->forced, .strict = engine->options.strict};
	int code = 0;

	if (reading->cls == HGT_CLASS_OTHER || hgt_engine_out_of_time(engine, reading->path))
		return outcome(engine, err);
	file.file = ++engine->files;
	if (reading->binary) {
		tell_binary(engine, reading);
		return outcome(engine, err);
	}
	if (!hgt_class_is_parsed(reading->cls))
		return 0;
	if (engine->kustomize)
		code = hgt_kustomize_role_of(engine->kustomize, reading->path, &file.role, err);
	if (code == 0)
		code = judge_documents(engine, &file, &reading->set, false, err);
	if (code <= 0)
		return code;
	code = hgt_put_off_add(&engine->put_off, &file, err);
	return code == 0 ? judge_documents(engine, &file, &reading->set, true, err) : code < 0 ? code : 0;
}

int hgt_engine_file(struct hgt_engine *engine, const char *path, const char *data, size_t len, enum hgt_class wanted,
	struct hgt_error *err)
{
	struct hgt_reading reading;
	int code;

	if (hgt_class_agreed(path, wanted) == HGT_CLASS_OTHER || hgt_engine_out_of_time(engine, path))
		return outcome(engine, err);
	code = hgt_engine_too_large(engine, path, len, err);
	if (code != 0)
		return code < 0 ? code : 0;
	hgt_reading_init(&reading);
	code = hgt_reading_read(&reading, path, data, len, wanted, &engine->limits, err);
	if (code == 0)
		code = hgt_engine_judge(engine, &reading, err);
	hgt_reading_release(&reading);
	return code;
}

/* A walk of the tree for the definitions of kinds that are not known yet. */
struct search {
	struct hgt_engine *engine;
	struct hgt_buf text;
	struct hgt_error *err;
};

static int search_file(void *ctx, const struct hgt_tree_file *file)
{
	struct search *search = ctx;
	int code;

	if (file->size > search->engine->options.blob_limit)
		return 0;
	if (hgt_engine_out_of_time(search->engine, file->path))
		return 1;
	code = file->load(file, &search->text, search->err);
	return code < 0 ? code : hgt_definitions_read(search->engine->schemas, file->path, search->text.data, search->text.len,
		&search->engine->limits, search->err);
}

/* Judge the files that were put off: now all of the change is known, and the rest of the tree is asked for what they lack. */
static int judge_put_off(struct hgt_engine *engine, struct hgt_error *err)
{
	struct search search = {.engine = engine, .text = HGT_BUF_INIT, .err = err};
	bool strict = engine->options.strict;
	struct hgt_doc_set set;
	int code = 0;

	hgt_doc_set_init(&set);
	if (engine->put_off.first && engine->options.definitions)
		code = engine->options.definitions(engine->options.tree_ctx, search_file, &search, err);
	hgt_buf_release(&search.text);
	for (const struct hgt_put_off *file = engine->put_off.first; file && code == 0; file = file->next) {
		if (hgt_engine_out_of_time(engine, file->path))
			break;
		engine->options.strict = file->strict;
		code = hgt_reading_parse(file->path, file->data, file->len, file->cls, &engine->limits, &set, err);
		if (code == 0)
			code = judge_documents(engine, file, &set, true, err);
	}
	hgt_doc_set_release(&set);
	engine->options.strict = strict;
	return code;
}

int hgt_engine_finish(struct hgt_engine *engine, struct hgt_error *err)
{
	int code = judge_put_off(engine, err);

	if (code == 0 && engine->transitions)
		code = hgt_transitions_finish(engine->transitions, engine, &engine->options, err);
	hgt_findings_sort(&engine->findings);
	return code < 0 ? code : outcome(engine, err);
}

const struct hgt_doc_limits *hgt_engine_limits(const struct hgt_engine *engine)
{
	return &engine->limits;
}

const struct hgt_findings *hgt_engine_findings(const struct hgt_engine *engine)
{
	return &engine->findings;
}

size_t hgt_engine_files(const struct hgt_engine *engine)
{
	return engine->files;
}

size_t hgt_engine_documents(const struct hgt_engine *engine)
{
	return engine->documents;
}
