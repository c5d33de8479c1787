/* What is told of mirrors as events: docs/design.md, "Event". */
#include "base/json_writer.h"
#include "base/timing.h"
#include "daemon/mirror_parts.h"

#define REFS_MOST 100	/* that an event lists */

static void begin(const struct copy *copy, struct hgt_json *json)
{
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "mirror", copy->mirror->name);
	hgt_json_key_string(json, "repo", copy->repo);
	hgt_json_key_string(json, "direction", copy->mirror->way->name);
}

static void write_time(struct hgt_json *json, const char *key, int64_t ms)
{
	char text[HGT_TIME_TEXT];

	hgt_time_format(ms, text);
	hgt_json_key_string(json, key, ms ? text : NULL);
}

/* "" as null: what is not there. */
static void write_id(struct hgt_json *json, const char *key, const char *id)
{
	hgt_json_key_string(json, key, *id ? id : NULL);
}

bool mirror_has_moved(const struct turn *turn)
{
	for (const struct turn_ref *ref = turn->turn_refs; ref; ref = ref->next)
		if (ref->moved)
			return true;
	return false;
}

void mirror_write_updated(const struct turn *turn, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	size_t n = 0;

	begin(turn->copy, &json);
	hgt_json_key(&json, "refs");
	hgt_json_begin_array(&json);
	for (const struct turn_ref *ref = turn->turn_refs; ref; ref = ref->next) {
		if (!ref->moved || n++ >= REFS_MOST)
			continue;
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "ref", ref->row.ref);
		write_id(&json, "old", ref->before);
		write_id(&json, "new", ref->forget ? "" : ref->row.id);
		hgt_json_key_bool(&json, "forced", ref->forced);
		hgt_json_end_object(&json);
	}
	hgt_json_end_array(&json);
	hgt_json_key_bool(&json, "refs_truncated", n > REFS_MOST);
	hgt_json_key_uint(&json, "bytes", turn->bytes);
	hgt_json_key_int(&json, "milliseconds", hgt_time_mono_ms() - turn->began_ms);
	hgt_json_end_object(&json);
}

void mirror_write_diverged(const struct turn *turn, const char *reason, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	size_t n = 0;

	begin(turn->copy, &json);
	hgt_json_key(&json, "refs");
	hgt_json_begin_array(&json);
	for (const struct turn_ref *ref = turn->turn_refs; ref; ref = ref->next) {
		bool stands = ref->row.state == HGT_COPY_REF_IN_STEP || ref->row.state == HGT_COPY_REF_BEHIND;

		if (ref->forget || stands || n++ >= REFS_MOST)
			continue;
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "ref", ref->row.ref);
		write_id(&json, "ours", ref->row.ours);
		write_id(&json, "theirs", ref->row.theirs);
		hgt_json_key_string(&json, "state", hgt_copy_ref_state_name(ref->row.state));
		hgt_json_key_string(&json, "note", ref->row.note);
		hgt_json_end_object(&json);
	}
	hgt_json_end_array(&json);
	hgt_json_key_bool(&json, "refs_truncated", n > REFS_MOST);
	hgt_json_key_string(&json, "reason", reason);
	hgt_json_end_object(&json);
}

void mirror_write_late(const struct copy *copy, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	begin(copy, &json);
	write_time(&json, "since", copy->row.since_ms);
	hgt_json_key_string(&json, "error", *copy->row.error ? copy->row.error : NULL);
	hgt_json_end_object(&json);
}

void mirror_write_caught_up(const struct copy *copy, int64_t since_ms, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	begin(copy, &json);
	write_time(&json, "since", since_ms);
	hgt_json_end_object(&json);
}

void mirror_write_acted(const char *mirror, const char *repo, const char *action, const char *actor, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "mirror", mirror);
	hgt_json_key_string(&json, "repo", repo);
	hgt_json_key_string(&json, "action", action);
	hgt_json_key_string(&json, "actor", actor);
	hgt_json_end_object(&json);
}
