/* What of the audit trail is asked for. */
#include "cli/remote/audit_filter.h"

#include <time.h>

#include "base/glob.h"
#include "base/io.h"
#include "base/timing.h"
#include "doc/doc.h"
#include "headgate/protocol.h"

/* "2026-01-02": when that day begins here. */
static bool parse_day(const char *text, int64_t *ms)
{
	struct tm tm = {.tm_isdst = -1};
	char whole[HGT_TIME_TEXT];
	int64_t utc;
	time_t begin;

	if (strlen(text) != 10)
		return false;
	snprintf(whole, sizeof(whole), "%sT00:00:00Z", text);
	if (hgt_time_parse(whole, &utc, NULL) < 0)
		return false;
	begin = (time_t)(utc / 1000);
	if (!gmtime_r(&begin, &tm))
		return false;
	tm.tm_isdst = -1;
	begin = mktime(&tm);
	*ms = (int64_t)begin * 1000;
	return begin != (time_t)-1;
}

static bool parse_age(const char *text, int64_t now_ms, int64_t *ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60 * 1000}, {'h', 60 * 60 * 1000}, {'d', 24 * 60 * 60 * 1000}};
	size_t len = strlen(text);
	char digits[8];
	uint64_t n;

	if (len < 2 || len > sizeof(digits))
		return false;
	memcpy(digits, text, len - 1);
	digits[len - 1] = '\0';
	if (hgt_parse_u64(digits, 9999999, &n) < 0)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (text[len - 1] == units[i].unit) {
			*ms = now_ms - (int64_t)n * units[i].ms;
			return true;
		}
	return false;
}

int audit_when_parse(const char *text, int64_t now_ms, struct audit_when *out, struct hgt_error *err)
{
	struct audit_when when = {.text = text};
	struct hgt_cursor cursor;

	if (hgt_cursor_parse(text, &cursor, NULL) == 0) {
		when.is_place = true;
		when.seq = cursor.seq;
	} else if (hgt_time_parse(text, &when.ms, NULL) < 0 && !parse_day(text, &when.ms) && !parse_age(text, now_ms, &when.ms)) {
		return hgt_error_set(err, HGT_EPARSE, "expected a cursor, a time such as 2026-01-02T03:04:05Z, a day such as 2026-01-02, or an age "
			"such as 90m, 12h or 7d");
	}
	*out = when;
	return 0;
}

bool audit_filter_names(const struct audit_filter *filter, const char *type)
{
	const size_t prefix = strlen(HGT_EVENT_PREFIX);
	char name[128];
	size_t len = strlen(type);

	if (!filter->type)
		return false;
	if (strncmp(filter->type, HGT_EVENT_PREFIX, prefix) == 0 || strncmp(type, HGT_EVENT_PREFIX, prefix) != 0)
		return hgt_glob_match(filter->type, type);
	len -= prefix;
	if (len > 3 && strcmp(type + prefix + len - 3, ".v1") == 0)
		len -= 3;
	snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), type + prefix);
	return hgt_glob_match(filter->type, name);
}

bool audit_filter_in_time(const struct audit_filter *filter, int64_t time_ms, uint64_t seq)
{
	const struct audit_when *since = &filter->since, *until = &filter->until;

	if (since->text && (since->is_place ? seq <= since->seq : time_ms < since->ms))
		return false;
	return !until->text || (until->is_place ? seq <= until->seq : time_ms <= until->ms);
}

bool audit_filter_has_path(const struct audit_filter *filter, const struct hgt_node *list)
{
	if (!filter->path)
		return true;
	for (size_t i = 0; list && list->type == HGT_NODE_SEQ && i < list->v.seq.n; i++) {
		const char *path = hgt_node_get_string(list->v.seq.items[i], "path");

		if (path && hgt_path_below(path, filter->path))
			return true;
	}
	return false;
}
