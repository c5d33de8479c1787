/* Findings as SARIF 2.1.0 (OASIS), which code hosts and editors read. */
#include "base/escape.h"
#include "base/json_writer.h"
#include "check/report.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

enum { NO_INDEX = -1 };

/* Where each rule of the table stands in the run's list of rules. */
struct listing {
	const struct hgt_rule *rules;
	size_t n;
	int *index;	/* NO_INDEX: does not occur */
};

static const char *level_of(enum hgt_severity severity)
{
	return severity == HGT_SEVERITY_ERROR ? "error" : severity == HGT_SEVERITY_WARNING ? "warning" :
		severity == HGT_SEVERITY_INFO ? "note" : "none";
}

/* A member that is an object with a text in it. */
static void key_text(struct hgt_json *json, const char *key, const char *text, size_t len)
{
	hgt_json_key(json, key);
	hgt_json_begin_object(json);
	hgt_json_key(json, "text");
	hgt_json_string_len(json, text, len);
	hgt_json_end_object(json);
}

static void write_rule(struct hgt_json *json, const struct hgt_rule *rule)
{
	const char *paragraph = strstr(rule->why, "\n\n");

	hgt_json_begin_object(json);
	hgt_json_key_string(json, "id", rule->id);
	key_text(json, "shortDescription", rule->title, strlen(rule->title));
	key_text(json, "fullDescription", rule->why, paragraph ? (size_t)(paragraph - rule->why) : strlen(rule->why));
	key_text(json, "help", rule->why, strlen(rule->why));
	hgt_json_key(json, "defaultConfiguration");
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "level", level_of(rule->severity));
	hgt_json_end_object(json);
	hgt_json_end_object(json);
}

/* The rules that occur, in the order of the table. */
static void write_rules(struct hgt_json *json, struct listing *listing, const struct hgt_findings *list)
{
	int next = 0;

	for (size_t i = 0; i < listing->n; i++)
		listing->index[i] = NO_INDEX;
	for (size_t i = 0; i < list->n; i++) {
		const struct hgt_rule *rule = hgt_rule_find(list->items[i].rule);

		if (rule)
			listing->index[rule - listing->rules] = 0;
	}
	hgt_json_key(json, "rules");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < listing->n; i++) {
		if (listing->index[i] == NO_INDEX)
			continue;
		listing->index[i] = next++;
		write_rule(json, &listing->rules[i]);
	}
	hgt_json_end_array(json);
}

/* Braces are doubled: a single one would begin a placeholder (section 3.11.5). */
static void add_message(struct hgt_buf *text, const char *s)
{
	for (; *s; s++) {
		if (*s == '{' || *s == '}')
			hgt_buf_addc(text, *s);
		hgt_buf_addc(text, *s);
	}
}

static void write_message(struct hgt_json *json, const struct hgt_finding *f)
{
	struct hgt_buf text = HGT_BUF_INIT;

	add_message(&text, f->message);
	if (f->hint) {
		hgt_buf_adds(&text, ". Hint: ");
		add_message(&text, f->hint);
	}
	key_text(json, "message", text.data, text.len);
	json->out->failed |= text.failed;
	hgt_buf_release(&text);
}

/* A path as a URI reference: relative to the root of the sources, or from the root of this machine. */
static void write_artifact(struct hgt_json *json, const char *path)
{
	struct hgt_buf uri = HGT_BUF_INIT;
	bool absolute = *path == '/';

	while (path[0] == '.' && path[1] == '/')
		path += 1 + strspn(path + 1, "/");
	hgt_buf_adds(&uri, absolute ? "file://" : "");
	for (const char *end; *path; path = end) {
		end = path + strcspn(path, "/");
		hgt_escape_url(&uri, path, (size_t)(end - path));
		for (; *end == '/'; end++)
			hgt_buf_addc(&uri, '/');
	}
	hgt_json_key(json, "artifactLocation");
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "uri", uri.data);
	if (!absolute)
		hgt_json_key_string(json, "uriBaseId", "%SRCROOT%");
	hgt_json_end_object(json);
	json->out->failed |= uri.failed;
	hgt_buf_release(&uri);
}

static void write_region(struct hgt_json *json, const struct hgt_finding *f)
{
	hgt_json_key(json, "region");
	hgt_json_begin_object(json);
	hgt_json_key_uint(json, "startLine", f->line);
	if (f->column) {
		hgt_json_key_uint(json, "startColumn", f->column);
		hgt_json_key_uint(json, "endColumn", f->end_column > f->column ? f->end_column : (uint64_t)f->column + 1);
	}
	hgt_json_end_object(json);
}

static void write_location(struct hgt_json *json, const struct hgt_finding *f)
{
	hgt_json_begin_object(json);
	hgt_json_key(json, "physicalLocation");
	hgt_json_begin_object(json);
	write_artifact(json, f->path);
	if (f->line)
		write_region(json, f);
	hgt_json_end_object(json);
	if (*f->pointer) {
		hgt_json_key(json, "logicalLocations");
		hgt_json_begin_array(json);
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "fullyQualifiedName", f->pointer);
		hgt_json_end_object(json);
		hgt_json_end_array(json);
	}
	hgt_json_end_object(json);
}

static void write_result(struct hgt_json *json, const struct listing *listing, const struct hgt_finding *f)
{
	const struct hgt_rule *rule = hgt_rule_find(f->rule);

	hgt_json_begin_object(json);
	hgt_json_key_string(json, "ruleId", f->rule);
	if (rule)
		hgt_json_key_int(json, "ruleIndex", listing->index[rule - listing->rules]);
	hgt_json_key_string(json, "level", level_of(f->severity));
	write_message(json, f);
	hgt_json_key(json, "locations");
	hgt_json_begin_array(json);
	if (*f->path)
		write_location(json, f);
	hgt_json_end_array(json);
	hgt_json_end_object(json);
}

static void write_run(struct hgt_json *json, struct listing *listing, const struct hgt_findings *list, bool complete)
{
	hgt_json_begin_object(json);
	hgt_json_key(json, "tool");
	hgt_json_begin_object(json);
	hgt_json_key(json, "driver");
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", "headgate");
	hgt_json_key_string(json, "version", HGT_VERSION);
	write_rules(json, listing, list);
	hgt_json_end_object(json);
	hgt_json_end_object(json);
	hgt_json_key(json, "invocations");
	hgt_json_begin_array(json);
	hgt_json_begin_object(json);
	hgt_json_key_bool(json, "executionSuccessful", complete);
	hgt_json_end_object(json);
	hgt_json_end_array(json);
	hgt_json_key_string(json, "columnKind", "unicodeCodePoints");
	hgt_json_key(json, "results");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < list->n; i++)
		write_result(json, listing, &list->items[i]);
	hgt_json_end_array(json);
	hgt_json_end_object(json);
}

void hgt_report_sarif(const struct hgt_engine *engine, bool complete, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	struct listing listing;

	listing.rules = hgt_rules(&listing.n);
	listing.index = calloc(listing.n, sizeof(*listing.index));
	if (!listing.index) {
		out->failed = true;
		return;
	}
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "$schema", SCHEMA);
	hgt_json_key_string(&json, "version", "2.1.0");
	hgt_json_key(&json, "runs");
	hgt_json_begin_array(&json);
	write_run(&json, &listing, hgt_engine_findings(engine), complete);
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
	hgt_buf_addc(out, '\n');
	free(listing.index);
}
