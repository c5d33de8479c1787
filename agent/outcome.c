/* The report that tells what became of a target. */
#include "agent/outcome.h"

#include "base/json_writer.h"
#include "base/timing.h"

static void write_time(struct hgt_json *json, const char *key, int64_t ms)
{
	char text[HGT_TIME_TEXT];

	hgt_time_format(ms, text);
	hgt_json_key_string(json, key, ms ? text : NULL);
}

static void write_id(struct hgt_json *json, const char *key, const char *id)
{
	hgt_json_key_string(json, key, id && *id ? id : NULL);
}

/* How much of what is long is told. */
struct room {
	size_t output, diff, resources;	/* bytes, bytes, number */
};

/* As much of the diff as there is room for, whole lines. */
static size_t diff_part(const struct hgt_buf *diff, size_t room)
{
	const char *end = diff->len > room ? memrchr(diff->data, '\n', room) : NULL;

	return diff->len <= room ? diff->len : end ? (size_t)(end - diff->data) + 1 : 0;
}

static void write_resources(struct hgt_json *json, const struct driver_result *look, size_t n)
{
	hgt_json_key(json, "resources");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < n; i++) {
		const struct driver_resource *r = &look->resources[i];

		hgt_json_begin_object(json);
		hgt_json_key_string(json, "name", r->name);
		hgt_json_key_string(json, "sync", r->sync);
		hgt_json_key_string(json, "health", r->health);
		hgt_json_key_string(json, "message", r->message);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
	hgt_json_key_uint(json, "resources_total", look->resources_total);
}

static void write_look(struct hgt_json *json, const struct driver_result *look, const struct room *room)
{
	hgt_json_key(json, "coverage");
	if (look->has_coverage) {
		hgt_json_begin_object(json);
		hgt_json_key_uint(json, "checked", look->checked);
		hgt_json_key_uint(json, "unchecked", look->unchecked);
		hgt_json_end_object(json);
	} else {
		hgt_json_null(json);
	}
	hgt_json_key(json, "diff");
	if (look->diff.len > 0)
		hgt_json_string_len(json, look->diff.data, diff_part(&look->diff, room->diff));
	else
		hgt_json_null(json);
	hgt_json_key_uint(json, "redacted", look->redacted);
	hgt_json_key(json, "ignored");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < look->n_ignored; i++) {
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "rule", look->ignored[i].rule);
		hgt_json_key_uint(json, "hits", look->ignored[i].hits);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
	write_resources(json, look, room->resources);
}

static bool is_cut(const struct outcome *o, const struct room *room)
{
	return o->truncated || room->output < o->output_len || (o->look && (o->look->diff_cut || room->diff < o->look->diff.len ||
		room->resources < o->look->resources_total));
}

static void write_with(const struct outcome *o, const char *target, bool times, const struct room *room, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	struct hgt_buf message = HGT_BUF_INIT;

	hgt_buf_adds(&message, o->message);
	if (room->output > 0) {
		hgt_buf_addc(&message, '\n');
		hgt_buf_add(&message, o->output + o->output_len - room->output, room->output);
	}
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "target", target);
	hgt_json_key_string(&json, "sync", o->sync);
	hgt_json_key_string(&json, "health", o->health);
	hgt_json_key_string(&json, "operation", o->operation);
	write_id(&json, "desired", o->desired);
	write_id(&json, "applied", o->applied);
	write_id(&json, "observed", o->observed);
	hgt_json_key_string(&json, "cause", o->cause);
	hgt_json_key(&json, "message");
	hgt_json_string_len(&json, message.data, message.len);
	hgt_json_key_string(&json, "tool", o->tool);
	hgt_json_key_string(&json, "version", o->look && o->look->version.len > 0 ? o->look->version.data : HGT_VERSION);
	hgt_json_key(&json, "exit_status");
	if (o->has_exit_status)
		hgt_json_int(&json, o->exit_status);
	else
		hgt_json_null(&json);
	if (times) {
		write_time(&json, "started", o->started_ms);
		write_time(&json, "finished", o->finished_ms);
	}
	hgt_json_key(&json, "changes");
	hgt_json_begin_object(&json);
	hgt_json_key_uint(&json, "added", o->added);
	hgt_json_key_uint(&json, "modified", o->modified);
	hgt_json_key_uint(&json, "removed", o->removed);
	hgt_json_end_object(&json);
	if (o->look)
		write_look(&json, o->look, room);
	hgt_json_key_string(&json, "request", o->request);
	hgt_json_key_bool(&json, "suspended", o->suspended);
	write_id(&json, "pinned", o->pinned);
	write_time(&json, "next", times ? o->next_ms : 0);
	hgt_json_key_bool(&json, "truncated", is_cut(o, room));
	hgt_json_end_object(&json);
	out->failed |= message.failed;
	hgt_buf_release(&message);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

void outcome_write(const struct outcome *o, const char *target, bool times, struct hgt_buf *out)
{
	struct room room = {.output = o->output ? o->output_len : 0};
	size_t start = out->len;

	if (o->look) {
		room.diff = smaller(o->look->diff.len, OUTCOME_DIFF_MAX);
		room.resources = smaller(o->look->n_resources, OUTCOME_RESOURCES_MAX);
	}
	write_with(o, target, times, &room, out);
	/* Control bytes take six bytes each as JSON, so the length is known only afterwards. */
	while (out->len - start > OUTCOME_REPORT_MAX && (room.output > 0 || room.diff > 0 || room.resources > 0)) {
		hgt_buf_truncate(out, start);
		room = (struct room){room.output / 2, room.diff / 2, room.resources / 2};
		write_with(o, target, times, &room, out);
	}
}
