/* What the forms of forges share. */
#include "webhook/push.h"

#include <stdlib.h>

static void format_time(int64_t seconds, int offset, char out[PUSH_TIME])
{
	time_t at = (time_t)(seconds + offset * 60);
	struct tm tm;

	/* What RFC 3339 has no room for is told in UTC, at the epoch. */
	if (abs(offset) >= 24 * 60 || !gmtime_r(&at, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900) {
		at = offset = 0;
		gmtime_r(&at, &tm);
	}
	snprintf(out, PUSH_TIME, "%04d-%02d-%02dT%02d:%02d:%02d", (tm.tm_year + 1900) % 10000, tm.tm_mon % 12 + 1, tm.tm_mday % 32,
		tm.tm_hour % 24,
		tm.tm_min % 60, tm.tm_sec % 61);
	if (offset)
		snprintf(out + 19, PUSH_TIME - 19, "%c%02d:%02d", offset < 0 ? '-' : '+', abs(offset) / 60 % 24, abs(offset) % 60);
	else
		snprintf(out + 19, PUSH_TIME - 19, "Z");
}

void push_event_time(const struct push *push, char out[PUSH_TIME])
{
	format_time(push->seconds, 0, out);
}

void push_commit_time(const struct push *push, char out[PUSH_TIME])
{
	const struct hgt_webhook_commit *commit = push->event->commit;

	if (commit)
		format_time(commit->seconds, commit->offset, out);
	else
		push_event_time(push, out);
}

bool push_has_commit(const struct push *push)
{
	return !push->deleted;
}

const char *push_commit_id(const struct push *push)
{
	return push->event->commit && push->event->commit->id[0] ? push->event->commit->id : push->ref->new_id;
}

const char *push_message(const struct push *push)
{
	return push->event->commit ? push->event->commit->message : "";
}

static void write_list(const struct push *push, struct hgt_json *json, const char *key, const char *statuses)
{
	hgt_json_key(json, key);
	hgt_json_begin_array(json);
	for (size_t i = 0; push->list_paths && i < push->ref->n_paths; i++)
		if (strchr(statuses, push->ref->paths[i].status))
			hgt_json_string(json, push->ref->paths[i].path);
	hgt_json_end_array(json);
}

void push_write_paths(const struct push *push, struct hgt_json *json)
{
	write_list(push, json, "added", "A");
	write_list(push, json, "modified", "MT");
	write_list(push, json, "removed", "D");
}

void push_key_url(struct hgt_json *json, const char *key, const struct hgt_buf *base, const char *suffix)
{
	struct hgt_buf url = HGT_BUF_INIT;

	hgt_buf_add(&url, base->data, base->len);
	hgt_buf_adds(&url, suffix);
	hgt_json_key_string(json, key, url.data);
	json->out->failed |= url.failed;
	hgt_buf_release(&url);
}
