/* An event as people read it. */
#include "cli/remote/event_view.h"

#include <inttypes.h>

#include "headgate/protocol.h"

static bool is_null_id(const char *id)
{
	return !id || strspn(id, "0") == strlen(id);
}

void event_view_move(const char *old_id, const char *new_id, struct hgt_buf *out)
{
	if (is_null_id(new_id)) {
		hgt_buf_adds(out, "gone, was ");
		show_id(out, old_id);
		return;
	}
	if (is_null_id(old_id)) {
		hgt_buf_adds(out, "new ");
	} else {
		show_id(out, old_id);
		hgt_buf_adds(out, "..");
	}
	show_id(out, new_id);
}

static void add_count(int64_t n, const char *noun, struct hgt_buf *out)
{
	hgt_buf_addf(out, "%" PRId64 " %s%s", n, noun, n == 1 ? "" : "s");
}

void event_view_counts(int64_t errors, int64_t warnings, struct hgt_buf *out)
{
	if (errors || !warnings)
		add_count(errors, "error", out);
	if (errors && warnings)
		hgt_buf_adds(out, ", ");
	if (warnings)
		add_count(warnings, "warning", out);
}

static void add_move(const struct hgt_node *data, struct hgt_buf *out)
{
	event_view_move(hgt_node_get_string(data, "old"), hgt_node_get_string(data, "new"), out);
}

static void updated(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	const struct hgt_node *paths = hgt_node_get(data, "paths");
	const char *source = hgt_node_get_string(data, "source");
	bool forced = false, truncated = false;

	add_move(data, out);
	hgt_node_get_bool(data, "forced", &forced);
	hgt_node_get_bool(data, "paths_truncated", &truncated);
	if (forced)
		show_text(out, " forced", TINT_BUSY, color);
	if (paths && paths->type == HGT_NODE_SEQ) {
		hgt_buf_adds(out, ", ");
		add_count((int64_t)paths->v.seq.n, "path", out);
		if (truncated)
			hgt_buf_adds(out, " and more");
	}
	if (source && strcmp(source, "hook") != 0) {
		hgt_buf_adds(out, ", seen by ");
		show_text(out, source, TINT_NONE, false);
	}
}

static void push_refused(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	int64_t errors = 0, warnings = 0;
	struct hgt_buf counts = HGT_BUF_INIT;

	hgt_node_get_int(data, "errors", &errors);
	hgt_node_get_int(data, "warnings", &warnings);
	event_view_counts(errors, warnings, &counts);
	show_text(out, counts.data, TINT_BAD, color);
	out->failed = out->failed || counts.failed;
	hgt_buf_release(&counts);
}

static void agent_changed(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	const struct hgt_node *allow = hgt_node_get(data, "allow");

	show_text(out, hgt_node_get_string(data, "kind"), TINT_NONE, color);
	hgt_buf_adds(out, ", may see");
	for (size_t i = 0; allow && allow->type == HGT_NODE_SEQ && i < allow->v.seq.n; i++) {
		hgt_buf_addc(out, ' ');
		show_text(out, allow->v.seq.items[i]->text, TINT_NONE, false);
	}
}

static void agent_refused(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	show_text(out, hgt_node_get_string(data, "reason"), TINT_BAD, color);
	hgt_buf_adds(out, ", from ");
	show_text(out, hgt_node_get_string(data, "remote"), TINT_NONE, false);
}

static void agent_reported(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	static const char *const words[] = {"sync", "health", "operation"};
	const char *sync = hgt_node_get_string(data, "sync"), *message = hgt_node_get_string(data, "message");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		show_text(out, hgt_node_get_string(data, words[i]), TINT_NONE, color);
		hgt_buf_addc(out, ' ');
	}
	hgt_buf_adds(out, "at ");
	show_id(out, hgt_node_get_string(data, "applied"));
	if (message && *message && !(sync && strcmp(sync, "Synced") == 0)) {
		hgt_buf_adds(out, ": ");
		show_text(out, message, TINT_NONE, false);
	}
}

static void sync_requested(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	const char *revision = hgt_node_get_string(data, "revision");

	show_text(out, hgt_node_get_string(data, "action"), TINT_NONE, color);
	if (revision) {
		hgt_buf_adds(out, " to ");
		show_id(out, revision);
	}
}

static void attributed(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	add_move(data, out);
	hgt_buf_adds(out, ", explains ");
	show_text(out, hgt_node_get_string(data, "event"), TINT_FAINT, color);
}

static void superseded(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	add_move(data, out);
	show_text(out, ", overtaken before it was seen", TINT_BUSY, color);
}

static void compacted(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	int64_t count = 0, seq = 0;

	hgt_node_get_int(data, "count", &count);
	hgt_node_get_int(data, "seq", &seq);
	add_count(count, "event", out);
	hgt_buf_addf(out, " up to %" PRId64 " removed by ", seq);
	show_text(out, hgt_node_get_string(data, "reason"), TINT_NONE, color);
	hgt_buf_adds(out, ", the last of ");
	show_time(out, hgt_node_get_string(data, "time"));
}

static void restored(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	int64_t seq = 0;

	hgt_node_get_int(data, "seq", &seq);
	hgt_buf_adds(out, "goes on from a backup of ");
	show_time(out, hgt_node_get_string(data, "copied"));
	hgt_buf_adds(out, ", after ");
	show_text(out, hgt_node_get_string(data, "journal"), TINT_NONE, color);
	hgt_buf_addf(out, ".%" PRId64, seq);
}

/* Of a mirror: which, and what of it. */
static void add_mirror(const struct hgt_node *data, struct hgt_buf *out)
{
	const char *direction = hgt_node_get_string(data, "direction");

	if (direction)
		hgt_buf_adds(out, !strcmp(direction, "push") ? "pushed to " : "pulled from ");
	show_text(out, hgt_node_get_string(data, "mirror"), TINT_NONE, false);
}

static void add_refs(const struct hgt_node *data, struct hgt_buf *out)
{
	const struct hgt_node *refs = hgt_node_get(data, "refs");
	bool truncated = false;

	hgt_node_get_bool(data, "refs_truncated", &truncated);
	add_count(refs && refs->type == HGT_NODE_SEQ ? (int64_t)refs->v.seq.n : 0, "ref", out);
	if (truncated)
		hgt_buf_adds(out, " and more");
}

static void mirror_updated(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	int64_t took = 0;

	(void)color;
	hgt_node_get_int(data, "milliseconds", &took);
	add_mirror(data, out);
	hgt_buf_adds(out, ": ");
	add_refs(data, out);
	hgt_buf_addf(out, " in %" PRId64 " ms", took);
}

static void mirror_diverged(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	add_mirror(data, out);
	hgt_buf_adds(out, ": ");
	show_text(out, hgt_node_get_string(data, "reason"), TINT_BAD, color);
	hgt_buf_adds(out, ", ");
	add_refs(data, out);
}

static void mirror_late(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	const char *error = hgt_node_get_string(data, "error");

	add_mirror(data, out);
	hgt_buf_adds(out, ": behind since ");
	show_time(out, hgt_node_get_string(data, "since"));
	if (error && *error) {
		hgt_buf_adds(out, ": ");
		show_text(out, error, TINT_BAD, color);
	}
}

static void mirror_caught_up(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	(void)color;
	add_mirror(data, out);
	hgt_buf_adds(out, ": in step again, behind since ");
	show_time(out, hgt_node_get_string(data, "since"));
}

static void mirror_acted(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	show_text(out, hgt_node_get_string(data, "action"), TINT_NONE, color);
}

static void mirror_promoted(const struct hgt_node *data, bool color, struct hgt_buf *out)
{
	const char *role = hgt_node_get_string(data, "role");
	int64_t term = 0;
	bool forced = false;

	hgt_node_get_int(data, "term", &term);
	hgt_node_get_bool(data, "forced", &forced);
	hgt_buf_addf(out, "%s from now on, term %" PRId64, role && !strcmp(role, "leader") ? "leads" : "follows", term);
	if (forced)
		show_text(out, ", by force", TINT_BUSY, color);
	hgt_buf_adds(out, "; the other is ");
	show_text(out, hgt_node_get_string(data, "server"), TINT_NONE, color);
}

static const struct {
	const char *type;
	bool has_actor;
	void (*tell)(const struct hgt_node *data, bool color, struct hgt_buf *out);
} kinds[] = {
	{HGT_EVENT_REF_UPDATED, true, updated},
	{HGT_EVENT_PUSH_REFUSED, true, push_refused},
	{HGT_EVENT_PUSH_ATTRIBUTED, true, attributed},
	{HGT_EVENT_PUSH_SUPERSEDED, true, superseded},
	{HGT_EVENT_AGENT_ADDED, false, agent_changed},
	{HGT_EVENT_AGENT_REMOVED, false, agent_changed},
	{HGT_EVENT_AGENT_REFUSED, false, agent_refused},
	{HGT_EVENT_AGENT_REPORTED, false, agent_reported},
	{HGT_EVENT_SYNC_REQUESTED, true, sync_requested},
	{HGT_EVENT_MIRROR_UPDATED, false, mirror_updated},
	{HGT_EVENT_MIRROR_DIVERGED, false, mirror_diverged},
	{HGT_EVENT_MIRROR_LATE, false, mirror_late},
	{HGT_EVENT_MIRROR_CAUGHT_UP, false, mirror_caught_up},
	{HGT_EVENT_MIRROR_ACTED, true, mirror_acted},
	{HGT_EVENT_MIRROR_PROMOTED, true, mirror_promoted},
	{HGT_EVENT_JOURNAL_COMPACTED, false, compacted},
	{HGT_EVENT_JOURNAL_RESTORED, false, restored},
};

/* "io.headgate.ref.updated.v1" -> "ref.updated", in a column as wide as the longest. */
static void add_type(const char *type, struct hgt_buf *out)
{
	const size_t prefix = strlen(HGT_EVENT_PREFIX), widest = strlen("push.superseded");
	struct hgt_buf text = HGT_BUF_INIT;
	size_t len;

	show_text(&text, type, TINT_NONE, false);
	len = text.len;
	if (len > prefix + 3 && strncmp(text.data, HGT_EVENT_PREFIX, prefix) == 0 &&
		strcmp(text.data + len - 3, ".v1") == 0) {
		hgt_buf_truncate(&text, len - 3);
		hgt_buf_consume(&text, prefix);
	}
	hgt_buf_addf(out, "%-*s", (int)widest, text.data);
	out->failed = out->failed || text.failed;
	hgt_buf_release(&text);
}

void event_view_line(const struct hgt_node *event, bool color, struct hgt_buf *out)
{
	const char *type = hgt_node_get_string(event, "type");
	const struct hgt_node *data = hgt_node_get(event, "data");

	show_time(out, hgt_node_get_string(event, "time"));
	hgt_buf_adds(out, "  ");
	add_type(type, out);
	hgt_buf_adds(out, "  ");
	show_text(out, hgt_node_get_string(event, "subject"), TINT_NONE, color);
	for (size_t i = 0; type && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *actor = hgt_node_get_string(data, "actor");

		if (strcmp(type, kinds[i].type) != 0)
			continue;
		hgt_buf_adds(out, "  ");
		if (kinds[i].has_actor) {
			show_text(out, actor ? actor : "(not told)", actor ? TINT_NONE : TINT_FAINT, color);
			hgt_buf_adds(out, "  ");
		}
		kinds[i].tell(data, color, out);
	}
	hgt_buf_addc(out, '\n');
}
