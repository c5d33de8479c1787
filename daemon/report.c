/* What an agent reports of a target. */
#include "daemon/report.h"

#include "base/json_writer.h"

#define RESOURCE_TEXT_MAX 1024	/* bytes of a resource's name or message, or an ignore rule */

static const char *const healths[] = {"Healthy", "Progressing", "Suspended", "Degraded", "Missing", "Unknown", NULL};

struct resource {
	const char *name, *sync, *health, *message;
};

static int parse_outcome(const struct hgt_node *root, struct report *out, struct hgt_error *err)
{
	const struct hgt_node *changes = hgt_node_get(root, "changes");
	bool there = false;
	int code;

	if ((code = field_int(root, "exit_status", INT64_MIN, &out->has_exit_status, &out->exit_status, err)) < 0 ||
	    (code = field_time(root, "started", &out->started, err)) < 0 ||
	    (code = field_time(root, "finished", &out->finished, err)) < 0 ||
	    (code = field_bool(root, "truncated", &out->truncated, err)) < 0)
		return code;
	if (!changes || changes->type == HGT_NODE_NULL)
		return 0;
	if (changes->type != HGT_NODE_MAP)
		return hgt_error_set(err, HGT_EPARSE, "field \"changes\" is to be an object, not %s",
			hgt_node_type_name(changes->type));
	if ((code = field_int(changes, "added", 0, &there, &out->added, err)) < 0 ||
	    (code = field_int(changes, "modified", 0, &there, &out->modified, err)) < 0 ||
	    (code = field_int(changes, "removed", 0, &there, &out->removed, err)) < 0)
		return code;
	return 0;
}

static int parse_coverage(const struct hgt_node *root, struct report *out, struct hgt_error *err)
{
	const struct hgt_node *coverage = hgt_node_get(root, "coverage");
	bool there, also;
	int code;

	if (!coverage || coverage->type == HGT_NODE_NULL)
		return 0;
	if (coverage->type != HGT_NODE_MAP)
		return hgt_error_set(err, HGT_EPARSE, "field \"coverage\" is to be an object, not %s", hgt_node_type_name(coverage->type));
	if ((code = field_int(coverage, "checked", 0, &there, &out->checked, err)) < 0 ||
	    (code = field_int(coverage, "unchecked", 0, &also, &out->unchecked, err)) < 0)
		return code;
	out->has_coverage = there && also;
	return out->has_coverage ? 0 : hgt_error_set(err, HGT_EPARSE, "field \"coverage\" needs \"checked\" and \"unchecked\"");
}

/* An array that may be missing; each item is an object. */
static int parse_objects(const struct hgt_node *root, const char *key, size_t max, const struct hgt_node **out, struct hgt_error *err)
{
	const struct hgt_node *there = hgt_node_get(root, key);
	int code = !there || there->type == HGT_NODE_NULL ? 0 : field_array(root, key, max, out, err);

	for (size_t i = 0; code == 0 && *out && i < (*out)->v.seq.n; i++)
		if ((*out)->v.seq.items[i]->type != HGT_NODE_MAP)
			code = hgt_error_set(err, HGT_EPARSE, "field \"%s\" is to hold objects", key);
	return code;
}

static int read_resource(const struct hgt_node *node, struct resource *out, struct hgt_error *err)
{
	static const char *const syncs[] = {"Synced", "OutOfSync", "Missing", "Extra", "Unknown", NULL};
	int code;

	if ((code = field_string(node, "name", RESOURCE_TEXT_MAX, true, &out->name, err)) < 0 ||
	    (code = field_word(node, "sync", syncs, true, &out->sync, err)) < 0 ||
	    (code = field_word(node, "health", healths, false, &out->health, err)) < 0 ||
	    (code = field_string(node, "message", RESOURCE_TEXT_MAX, false, &out->message, err)) < 0)
		return code;
	return 0;
}

static int read_ignored(const struct hgt_node *node, const char **rule, int64_t *hits, struct hgt_error *err)
{
	bool there;
	int code = field_string(node, "rule", RESOURCE_TEXT_MAX, true, rule, err);

	*hits = 0;
	return code < 0 ? code : field_int(node, "hits", 0, &there, hits, err);
}

static int parse_lists(const struct hgt_node *root, struct report *out, struct hgt_error *err)
{
	struct resource resource;
	const char *rule;
	int64_t hits;
	bool there;
	int code;

	if ((code = parse_objects(root, "resources", REPORT_RESOURCES_MAX, &out->resources, err)) < 0 ||
	    (code = parse_objects(root, "ignored", REPORT_IGNORED_MAX, &out->ignored, err)) < 0 ||
	    (code = field_int(root, "resources_total", 0, &there, &out->resources_total, err)) < 0)
		return code;
	for (size_t i = 0; code == 0 && out->resources && i < out->resources->v.seq.n; i++)
		code = read_resource(out->resources->v.seq.items[i], &resource, err);
	for (size_t i = 0; code == 0 && out->ignored && i < out->ignored->v.seq.n; i++)
		code = read_ignored(out->ignored->v.seq.items[i], &rule, &hits, err);
	if (code == 0 && out->resources && (uint64_t)out->resources_total < out->resources->v.seq.n)
		out->resources_total = (int64_t)out->resources->v.seq.n;
	return code;
}

int report_parse(const char *text, size_t len, struct hgt_doc_set *set, struct report *out, struct hgt_error *err)
{
	static const char *const syncs[] = {"Synced", "OutOfSync", "Unknown", NULL};
	static const char *const operations[] = {"Pending", "Running", "Succeeded", "Failed", NULL};
	static const char *const causes[] = {"pending", "drift", "both", NULL};
	const struct hgt_node *root;
	bool there;
	int code;

	*out = (struct report){0};
	if (len > REPORT_MAX)
		return hgt_error_set(err, HGT_ELIMIT, "the report is longer than %d bytes", REPORT_MAX);
	if ((code = field_object(text, len, set, &root, err)) < 0 || (code = field_name(root, "target", &out->target, err)) < 0 ||
	    (code = field_word(root, "sync", syncs, true, &out->sync, err)) < 0 ||
	    (code = field_word(root, "health", healths, true, &out->health, err)) < 0 ||
	    (code = field_word(root, "operation", operations, true, &out->operation, err)) < 0 ||
	    (code = field_commit(root, "desired", &out->desired, err)) < 0 ||
	    (code = field_commit(root, "applied", &out->applied, err)) < 0 ||
	    (code = field_commit(root, "observed", &out->observed, err)) < 0 ||
	    (code = field_word(root, "cause", causes, false, &out->cause, err)) < 0 ||
	    (code = field_string(root, "message", REPORT_MAX, false, &out->message, err)) < 0 ||
	    (code = field_string(root, "tool", FIELD_TEXT_MAX, false, &out->tool, err)) < 0 ||
	    (code = field_string(root, "version", FIELD_TEXT_MAX, false, &out->version, err)) < 0)
		return code;
	if ((code = field_string(root, "diff", REPORT_DIFF_MAX, false, &out->diff, err)) < 0 ||
	    (code = field_int(root, "redacted", 0, &there, &out->redacted, err)) < 0 ||
	    (code = field_string(root, "request", FIELD_TEXT_MAX, false, &out->request, err)) < 0 ||
	    (code = field_bool(root, "suspended", &out->suspended, err)) < 0 ||
	    (code = field_commit(root, "pinned", &out->pinned, err)) < 0 ||
	    (code = field_time(root, "next", &out->next, err)) < 0 || (code = parse_coverage(root, out, err)) < 0 ||
	    (code = parse_lists(root, out, err)) < 0)
		return code;
	return parse_outcome(root, out, err);
}

static void write_lists(struct hgt_json *json, const struct report *report)
{
	struct resource resource = {0};
	const char *rule = NULL;
	int64_t hits = 0;

	hgt_json_key(json, "ignored");
	hgt_json_begin_array(json);
	for (size_t i = 0; report->ignored && i < report->ignored->v.seq.n; i++) {
		if (read_ignored(report->ignored->v.seq.items[i], &rule, &hits, NULL) < 0)
			continue;
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "rule", rule);
		hgt_json_key_int(json, "hits", hits);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
	hgt_json_key(json, "resources");
	hgt_json_begin_array(json);
	for (size_t i = 0; report->resources && i < report->resources->v.seq.n; i++) {
		if (read_resource(report->resources->v.seq.items[i], &resource, NULL) < 0)
			continue;
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "name", resource.name);
		hgt_json_key_string(json, "sync", resource.sync);
		hgt_json_key_string(json, "health", resource.health);
		hgt_json_key_string(json, "message", resource.message);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
	hgt_json_key_int(json, "resources_total", report->resources_total);
}

static void write_look(struct hgt_json *json, const struct report *report)
{
	hgt_json_key(json, "coverage");
	if (report->has_coverage) {
		hgt_json_begin_object(json);
		hgt_json_key_int(json, "checked", report->checked);
		hgt_json_key_int(json, "unchecked", report->unchecked);
		hgt_json_end_object(json);
	} else {
		hgt_json_null(json);
	}
	hgt_json_key_string(json, "diff", report->diff);
	hgt_json_key_int(json, "redacted", report->redacted);
	write_lists(json, report);
	hgt_json_key_string(json, "request", report->request);
	hgt_json_key_bool(json, "suspended", report->suspended);
	hgt_json_key_string(json, "pinned", report->pinned);
	hgt_json_key_string(json, "next", report->next);
}

void report_write(const struct report *report, const char *agent, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	if (agent)
		hgt_json_key_string(&json, "agent", agent);
	hgt_json_key_string(&json, "target", report->target);
	hgt_json_key_string(&json, "sync", report->sync);
	hgt_json_key_string(&json, "health", report->health);
	hgt_json_key_string(&json, "operation", report->operation);
	hgt_json_key_string(&json, "desired", report->desired);
	hgt_json_key_string(&json, "applied", report->applied);
	hgt_json_key_string(&json, "observed", report->observed);
	hgt_json_key_string(&json, "cause", report->cause);
	hgt_json_key_string(&json, "message", report->message ? report->message : "");
	hgt_json_key_string(&json, "tool", report->tool);
	hgt_json_key_string(&json, "version", report->version);
	hgt_json_key(&json, "exit_status");
	if (report->has_exit_status)
		hgt_json_int(&json, report->exit_status);
	else
		hgt_json_null(&json);
	hgt_json_key_string(&json, "started", report->started);
	hgt_json_key_string(&json, "finished", report->finished);
	hgt_json_key(&json, "changes");
	hgt_json_begin_object(&json);
	hgt_json_key_int(&json, "added", report->added);
	hgt_json_key_int(&json, "modified", report->modified);
	hgt_json_key_int(&json, "removed", report->removed);
	hgt_json_end_object(&json);
	write_look(&json, report);
	hgt_json_key_bool(&json, "truncated", report->truncated);
	hgt_json_end_object(&json);
}
