/* Events as text: CloudEvents in JSON, cursors, server-sent events, and the filters that choose among them. */
#include "event/event.h"

#include "base/glob.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "headgate/protocol.h"

int hgt_cursor_parse(const char *text, struct hgt_cursor *out, struct hgt_error *err)
{
	struct hgt_cursor cursor = {.seq = 0};
	size_t digits = strspn(text, "0123456789abcdef");

	if (strcmp(text, "0") != 0) {
		/* A cursor has one spelling: a number with zeros before it was never given out. */
		if (digits != HGT_JOURNAL_ID_HEX || text[digits] != '.' || (text[digits + 1] == '0' && text[digits + 2]) ||
			hgt_parse_u64(text + digits + 1, INT64_MAX, &cursor.seq) < 0)
			return hgt_error_set(err, HGT_EPARSE, "no cursor: it has the form <%d hex digits>.<number>, or is 0",
				HGT_JOURNAL_ID_HEX);
		memcpy(cursor.journal, text, HGT_JOURNAL_ID_HEX);
	}
	*out = cursor;
	return 0;
}

void hgt_cursor_format(const struct hgt_cursor *cursor, struct hgt_buf *out)
{
	if (cursor->journal[0])
		hgt_buf_addf(out, "%s.%llu", cursor->journal, (unsigned long long)cursor->seq);
	else
		hgt_buf_addc(out, '0');
}

void hgt_ref_event_write(const struct hgt_ref_event *event, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "repo", event->repo);
	hgt_json_key_string(&json, "ref", event->ref);
	hgt_json_key_string(&json, "old", event->old_id);
	hgt_json_key_string(&json, "new", event->new_id);
	hgt_json_key_string(&json, "change", event->change);
	hgt_json_key_bool(&json, "forced", event->forced);
	hgt_json_key_string(&json, "actor", event->actor);
	hgt_json_key_string(&json, "push", event->push);
	hgt_json_key_string(&json, "source", event->source);
	hgt_json_key(&json, "paths");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < event->n_paths; i++) {
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "path", event->paths[i].path);
		hgt_json_key(&json, "status");
		hgt_json_string_len(&json, &event->paths[i].status, 1);
		hgt_json_end_object(&json);
	}
	hgt_json_end_array(&json);
	hgt_json_key_bool(&json, "paths_truncated", event->paths_truncated);
	hgt_json_end_object(&json);
}

void hgt_event_write(const char *journal, uint64_t seq, const char *site, const char *type, const char *subject,
	int64_t time_ms, const char *data, size_t data_len, struct hgt_buf *out)
{
	char id[HGT_JOURNAL_ID_HEX + 32];

	snprintf(id, sizeof(id), "%s.%llu", journal, (unsigned long long)seq);
	hgt_event_write_id(id, site, type, subject, time_ms, data, data_len, out);
}

void hgt_event_write_id(const char *id, const char *site, const char *type, const char *subject, int64_t time_ms, const char *data,
	size_t data_len, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	struct hgt_buf source = HGT_BUF_INIT;
	char when[HGT_TIME_TEXT];

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "specversion", "1.0");
	hgt_json_key_string(&json, "id", id);
	hgt_buf_addf(&source, "/headgate/%s", site);
	hgt_json_key_string(&json, "source", source.data);
	hgt_json_key_string(&json, "type", type);
	hgt_time_format(time_ms, when);
	hgt_json_key_string(&json, "time", when);
	if (subject)
		hgt_json_key_string(&json, "subject", subject);
	hgt_json_key_string(&json, "datacontenttype", "application/json");
	hgt_json_key(&json, "data");
	hgt_json_raw(&json, data, data_len);
	hgt_json_end_object(&json);
	if (source.failed)
		out->failed = true;
	hgt_buf_release(&source);
}

bool hgt_path_below(const char *path, const char *prefix)
{
	size_t len = strlen(prefix);

	while (len > 0 && prefix[len - 1] == '/')
		len--;
	return len == 0 || (strncmp(path, prefix, len) == 0 && (path[len] == '\0' || path[len] == '/'));
}

static bool matches(const char *pattern, const char *text)
{
	return !*pattern || hgt_glob_match(pattern, text);
}

enum hgt_match hgt_filter_match_ref(const struct hgt_filter *filter, const struct hgt_ref_event *event)
{
	if (!matches(filter->type, HGT_EVENT_REF_UPDATED) || !matches(filter->repo, event->repo) ||
		!matches(filter->ref, event->ref))
		return HGT_MATCH_NO;
	if (!*filter->path)
		return HGT_MATCH_YES;
	for (size_t i = 0; i < event->n_paths; i++)
		if (hgt_path_below(event->paths[i].path, filter->path))
			return HGT_MATCH_YES;
	return event->paths_truncated ? HGT_MATCH_ASK : HGT_MATCH_NO;
}

void hgt_sse_write(struct hgt_buf *out, const char *id, const char *event, const char *data, size_t data_len)
{
	if (id)
		hgt_buf_addf(out, "id: %s\n", id);
	if (event)
		hgt_buf_addf(out, "event: %s\n", event);
	hgt_buf_adds(out, "data: ");
	hgt_buf_add(out, data, data_len);
	hgt_buf_adds(out, "\n\n");
}
