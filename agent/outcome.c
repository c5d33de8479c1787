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

/* The report with the last `kept` bytes of the output. */
static void write_with(const struct outcome *o, const char *target, bool times, size_t kept, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	struct hgt_buf message = HGT_BUF_INIT;

	hgt_buf_adds(&message, o->message);
	if (kept > 0) {
		hgt_buf_addc(&message, '\n');
		hgt_buf_add(&message, o->output + o->output_len - kept, kept);
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
	hgt_json_key_string(&json, "tool", "files");
	hgt_json_key_string(&json, "version", HGT_VERSION);
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
	hgt_json_key_bool(&json, "truncated", o->truncated || kept < o->output_len);
	hgt_json_end_object(&json);
	out->failed |= message.failed;
	hgt_buf_release(&message);
}

void outcome_write(const struct outcome *o, const char *target, bool times, struct hgt_buf *out)
{
	size_t start = out->len, kept = o->output ? o->output_len : 0;

	write_with(o, target, times, kept, out);
	/* Control bytes take six bytes each as JSON, so the length is known only afterwards. */
	while (out->len - start > OUTCOME_REPORT_MAX && kept > 0) {
		hgt_buf_truncate(out, start);
		kept /= 2;
		write_with(o, target, times, kept, out);
	}
}
