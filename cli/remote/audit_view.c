/* The audit trail as people and programs read it. */
#include "cli/remote/audit_view.h"

#include <inttypes.h>

#include "base/json_writer.h"
#include "base/timing.h"
#include "cli/remote/event_view.h"
#include "cli/remote/show.h"

/* The most paths a paragraph lists. */
enum { PATHS_TOLD = 5 };

static void add_paths(const struct audit_change *change, struct hgt_buf *out)
{
	size_t told = 0;

	for (const struct audit_path *path = change->paths; path && told < PATHS_TOLD; path = path->next, told++) {
		hgt_buf_adds(out, "    ");
		show_text(out, path->status, TINT_NONE, false);
		hgt_buf_addc(out, ' ');
		show_text(out, path->path, TINT_NONE, false);
		hgt_buf_addc(out, '\n');
	}
	if (change->n_paths > told || change->paths_truncated)
		hgt_buf_addf(out, "    ... %zu%s in all\n", change->n_paths,
			change->paths_truncated ? " and more" : "");
}

static void add_rules(const struct audit_change *change, struct hgt_buf *out)
{
	for (const struct audit_rule *rule = change->rules; rule; rule = rule->next) {
		hgt_buf_addf(out, "    %zu x ", rule->n);
		show_text(out, rule->rule, TINT_NONE, false);
		hgt_buf_addc(out, '\n');
	}
}

/* "after 0.4 s", from the change to the report. */
static void add_delay(const struct audit_change *change, const struct audit_report *report, struct hgt_buf *out)
{
	int64_t from, to;

	if (!change->time || !report->time || hgt_time_parse(change->time, &from, NULL) < 0 ||
		hgt_time_parse(report->time, &to, NULL) < 0 || to < from)
		return;
	hgt_buf_addf(out, " after %" PRId64 ".%03" PRId64 " s", (to - from) / 1000, (to - from) % 1000);
}

static enum tint report_tint(const struct audit_report *report)
{
	if (report->operation && strcmp(report->operation, "Failed") == 0)
		return TINT_BAD;
	return report->sync && strcmp(report->sync, "Synced") == 0 ? TINT_GOOD : TINT_BUSY;
}

static void add_reports(const struct audit_change *change, bool color, struct hgt_buf *out)
{
	for (const struct audit_report *report = change->reports; report; report = report->next) {
		hgt_buf_adds(out, "    -> ");
		show_text(out, report->agent, TINT_NONE, false);
		hgt_buf_addc(out, '/');
		show_text(out, report->target, TINT_NONE, false);
		hgt_buf_adds(out, ": ");
		show_text(out, report->sync, report_tint(report), color);
		hgt_buf_adds(out, ", ");
		show_text(out, report->health, TINT_NONE, false);
		hgt_buf_adds(out, ", ");
		show_text(out, report->operation, TINT_NONE, false);
		add_delay(change, report, out);
		if (report->added || report->modified || report->removed)
			hgt_buf_addf(out, ": %" PRId64 " added, %" PRId64 " modified, %" PRId64 " removed",
				report->added, report->modified, report->removed);
		if (report->message && *report->message && report_tint(report) != TINT_GOOD) {
			hgt_buf_adds(out, ": ");
			show_text(out, report->message, TINT_NONE, false);
		}
		hgt_buf_addc(out, '\n');
	}
}

static void add_head(const struct audit_change *change, bool color, struct hgt_buf *out)
{
	show_time(out, change->time);
	hgt_buf_adds(out, "  ");
	show_text(out, change->repo, TINT_NONE, false);
	if (change->kind == AUDIT_REFUSED) {
		struct hgt_buf counts = HGT_BUF_INIT;

		hgt_buf_adds(out, "  ");
		show_text(out, "refused: ", TINT_BAD, color);
		event_view_counts(change->errors, change->warnings, &counts);
		show_text(out, counts.data, TINT_BAD, color);
		hgt_buf_release(&counts);
	}
	hgt_buf_adds(out, "  by ");
	if (change->actor)
		show_text(out, change->actor, TINT_NONE, false);
	else
		show_text(out, "somebody that nobody named", TINT_FAINT, color);
	if (change->remote) {
		hgt_buf_adds(out, " from ");
		show_text(out, change->remote, TINT_NONE, false);
	}
	hgt_buf_addc(out, '\n');
}

void audit_view_text(const struct audit_change *change, bool color, struct hgt_buf *out)
{
	if (change->kind == AUDIT_EVENT) {
		hgt_buf_adds(out, change->line);
		return;
	}
	add_head(change, color, out);
	for (const struct audit_move *move = change->moves; move; move = move->next) {
		hgt_buf_adds(out, "    ");
		show_text(out, move->ref, TINT_NONE, false);
		hgt_buf_addc(out, ' ');
		event_view_move(move->old_id, move->new_id, out);
		if (change->forced)
			show_text(out, " forced", TINT_BUSY, color);
		if (change->kind == AUDIT_SUPERSEDED)
			show_text(out, " overtaken before it was seen", TINT_BUSY, color);
		hgt_buf_addc(out, '\n');
	}
	add_rules(change, out);
	add_paths(change, out);
	add_reports(change, color, out);
}

static void write_moves(const struct audit_change *change, struct hgt_json *json)
{
	hgt_json_key(json, "updates");
	hgt_json_begin_array(json);
	for (const struct audit_move *move = change->moves; move; move = move->next) {
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "ref", move->ref);
		hgt_json_key_string(json, "old", move->old_id);
		hgt_json_key_string(json, "new", move->new_id);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
}

static void write_refusal(const struct audit_change *change, struct hgt_json *json)
{
	hgt_json_key_int(json, "errors", change->errors);
	hgt_json_key_int(json, "warnings", change->warnings);
	hgt_json_key(json, "rules");
	hgt_json_begin_object(json);
	for (const struct audit_rule *rule = change->rules; rule; rule = rule->next)
		hgt_json_key_uint(json, rule->rule, rule->n);
	hgt_json_end_object(json);
}

static void write_paths(const struct audit_change *change, struct hgt_json *json)
{
	hgt_json_key(json, "paths");
	hgt_json_begin_array(json);
	for (const struct audit_path *path = change->paths; path; path = path->next) {
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "path", path->path);
		hgt_json_key_string(json, "status", path->status);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
	hgt_json_key_bool(json, "paths_truncated", change->paths_truncated);
}

static void write_reports(const struct audit_change *change, struct hgt_json *json)
{
	hgt_json_key(json, "reports");
	hgt_json_begin_array(json);
	for (const struct audit_report *report = change->reports; report; report = report->next) {
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "agent", report->agent);
		hgt_json_key_string(json, "target", report->target);
		hgt_json_key_string(json, "sync", report->sync);
		hgt_json_key_string(json, "health", report->health);
		hgt_json_key_string(json, "operation", report->operation);
		hgt_json_key_string(json, "applied", report->applied);
		hgt_json_key_string(json, "time", report->time);
		hgt_json_key_string(json, "message", report->message);
		hgt_json_key(json, "changes");
		hgt_json_begin_object(json);
		hgt_json_key_int(json, "added", report->added);
		hgt_json_key_int(json, "modified", report->modified);
		hgt_json_key_int(json, "removed", report->removed);
		hgt_json_end_object(json);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
}

void audit_view_json(const struct audit_change *change, struct hgt_json *json)
{
	static const char *const kinds[] = {
		[AUDIT_UPDATED] = "updated", [AUDIT_REFUSED] = "refused", [AUDIT_SUPERSEDED] = "superseded", [AUDIT_EVENT] = "event"};

	if (change->kind == AUDIT_EVENT) {
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "kind", kinds[change->kind]);
		hgt_json_key(json, "event");
		hgt_json_raw(json, change->json, strlen(change->json));
		hgt_json_end_object(json);
		return;
	}
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "kind", kinds[change->kind]);
	hgt_json_key_string(json, "event", change->event);
	hgt_json_key_string(json, "time", change->time);
	hgt_json_key_string(json, "repo", change->repo);
	hgt_json_key_string(json, "actor", change->actor);
	hgt_json_key_string(json, "push", change->push);
	write_moves(change, json);
	if (change->kind == AUDIT_REFUSED) {
		hgt_json_key_string(json, "remote", change->remote);
		write_refusal(change, json);
	} else {
		hgt_json_key_string(json, "source", change->source);
		hgt_json_key_bool(json, "forced", change->forced);
		write_paths(change, json);
		write_reports(change, json);
	}
	hgt_json_end_object(json);
}
