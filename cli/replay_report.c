/* What `headgate replay` tells, as lines for people or as one JSON object. */
#include "cli/replay_report.h"

#include "base/escape.h"
#include "base/timing.h"
#include "base/utf8.h"
#include "check/report.h"
#include "cli/terminal.h"
#include "headgate/protocol.h"

enum { ID_SHOWN = 12, AUTHOR_MOST = 60, SUBJECT_MOST = 200, FLUSH_AT = 64 * 1024 };

#define RED "\033[1;31m"
#define PLAIN "\033[m"

void replay_report_init(struct replay_report *report, bool json, size_t limit)
{
	*report = (struct replay_report){.json = json, .color = !json && terminal_has_color(), .limit = limit, .out = HGT_BUF_INIT,
		.arena = HGT_ARENA_INIT};
	report->writer = (struct hgt_json)HGT_JSON_INIT(&report->out);
}

void replay_report_release(struct replay_report *report)
{
	hgt_arena_release(&report->arena);
	hgt_buf_release(&report->out);
	free(report->counts);
}

/* Let out what is written so far. */
static int flush(struct replay_report *report, struct hgt_error *err)
{
	int code = hgt_buf_check(&report->out, err);

	if (code < 0 || !report->out.len)
		return code;
	if (report->progress)
		progress_hide(report->progress);
	if (terminal_print(report->out.data) != HGT_EXIT_OK)
		return hgt_error_set(err, HGT_EIO, "the result could not be written");
	hgt_buf_reset(&report->out);
	return 0;
}

/* The count of a rule, made where there is none; NULL without memory. */
static struct replay_count *count_of(struct replay_report *report, const char *rule, enum hgt_severity severity)
{
	struct replay_count *count;

	for (size_t i = 0; i < report->n_counts; i++)
		if (report->counts[i].severity == severity && strcmp(report->counts[i].rule, rule) == 0)
			return &report->counts[i];
	if (report->n_counts == report->cap) {
		size_t cap = report->cap ? report->cap * 2 : 32;
		struct replay_count *counts = realloc(report->counts, cap * sizeof(*counts));

		if (!counts)
			return NULL;
		report->counts = counts;
		report->cap = cap;
	}
	rule = hgt_arena_strndup(&report->arena, rule, strlen(rule));
	if (!rule)
		return NULL;
	count = &report->counts[report->n_counts++];
	*count = (struct replay_count){.rule = rule, .severity = severity};
	return count;
}

static int count_findings(struct replay_report *report, const struct hgt_findings *list, struct hgt_error *err)
{
	size_t all = list->errors + list->warnings + list->infos;

	for (size_t i = 0; i < list->n; i++) {
		struct replay_count *count = count_of(report, list->items[i].rule, list->items[i].severity);

		if (!count)
			return hgt_error_nomem(err);
		count->findings++;
		count->pushes += count->last != report->pushes;
		count->last = report->pushes;
	}
	report->errors += list->errors;
	report->warnings += list->warnings;
	report->found += all;
	report->uncounted += all - list->n;
	return 0;
}

/* Text of a commit in a line, cut where it is long. */
static void add_text(struct hgt_buf *out, const char *text, size_t most)
{
	size_t len = strlen(text), cut = len > most ? most : len;

	/* Not in the middle of a character. */
	while (cut < len && cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	hgt_escape_text(out, text, cut);
	if (cut < len)
		hgt_buf_adds(out, "...");
}

static const char *author_of(const struct hgt_past_commit *commit)
{
	return *commit->author ? commit->author : *commit->email ? commit->email : "nobody";
}

/* A commit may claim any time. */
static void format_time(const struct hgt_past_commit *commit, char out[HGT_TIME_TEXT])
{
	int64_t most = INT64_MAX / 1000, seconds = commit->time;

	hgt_time_format((seconds > most ? most : seconds < -most ? -most : seconds) * 1000, out);
}

/* "refused: 0123456789ab 2026-01-31 Alice: Add the web: 1 error in 2 changed files" */
static void tell_head(struct replay_report *report, const struct hgt_past_commit *commit, const struct hgt_findings *list,
	size_t files, const char *trouble)
{
	struct hgt_buf *out = &report->out;
	char time[HGT_TIME_TEXT];

	format_time(commit, time);
	hgt_buf_addf(out, "%srefused:%s %.*s %.10s ", report->color ? RED : "", report->color ? PLAIN : "", ID_SHOWN, commit->id, time);
	add_text(out, author_of(commit), AUTHOR_MOST);
	hgt_buf_adds(out, ": ");
	if (*commit->subject)
		add_text(out, commit->subject, SUBJECT_MOST);
	else
		hgt_buf_adds(out, "(no subject)");
	hgt_buf_adds(out, ": ");
	if (trouble) {
		hgt_buf_adds(out, "cannot be judged: ");
		hgt_escape_text(out, trouble, strlen(trouble));
	} else {
		hgt_report_summary(list, files, "changed file", out);
	}
	hgt_buf_addc(out, '\n');
}

/* How many of a list's findings are still to be told. */
static size_t to_tell(struct replay_report *report, const struct hgt_findings *list)
{
	size_t left = report->limit - report->told;
	size_t n = list->n < left ? list->n : left;

	report->told += n;
	return n;
}

static void tell_text(struct replay_report *report, const struct hgt_past_commit *commit, const struct hgt_findings *list,
	size_t files, const char *trouble)
{
	const struct hgt_report_style style = {.color = report->color, .excerpt = true};
	struct hgt_findings part;

	tell_head(report, commit, list, files, trouble);
	if (!list)
		return;
	part = *list;	/* a view of it, for the writer; it is not released */
	part.n = to_tell(report, list);
	part.cut |= part.n < list->n;
	hgt_report_text(&part, &style, &report->out);
}

static void tell_json(struct replay_report *report, const struct hgt_past_commit *commit, const struct hgt_findings *list,
	const char *trouble)
{
	struct hgt_json *json = &report->writer;
	static const struct hgt_findings none;
	char time[HGT_TIME_TEXT];

	format_time(commit, time);
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "commit", commit->id);
	hgt_json_key_string(json, "parent", hgt_oid_is_zero(commit->parent) ? NULL : commit->parent);
	hgt_json_key_string(json, "date", time);
	hgt_json_key_string(json, "author", author_of(commit));
	hgt_json_key_string(json, "email", commit->email);
	hgt_json_key_string(json, "subject", commit->subject);
	hgt_json_key_bool(json, "refused", trouble || list->errors > 0);
	hgt_json_key_string(json, "trouble", trouble);
	hgt_json_key_uint(json, "errors", list ? list->errors : 0);
	hgt_json_key_uint(json, "warnings", list ? list->warnings : 0);
	hgt_json_key(json, "findings");
	hgt_report_findings_json(list ? list : &none, list ? to_tell(report, list) : 0, json);
	hgt_json_end_object(json);
}

void replay_report_begin(struct replay_report *report)
{
	if (!report->json)
		return;
	hgt_json_begin_object(&report->writer);
	hgt_json_key(&report->writer, "pushes");
	hgt_json_begin_array(&report->writer);
}

int replay_report_push(struct replay_report *report, const struct hgt_past_commit *commit, const struct hgt_verdict *verdict,
	const char *trouble, struct hgt_error *err)
{
	const struct hgt_findings *list = trouble ? NULL : hgt_engine_findings(verdict->engine);
	bool refused = trouble || list->errors > 0, warned = !refused && list->warnings > 0;
	int code = 0;

	report->pushes++;
	report->refused += refused;
	report->warned += warned;
	report->unjudged += trouble != NULL;
	if (list) {
		report->files += verdict->files;
		code = count_findings(report, list, err);
	}
	if (code == 0 && report->json && (refused || warned))
		tell_json(report, commit, list, trouble);
	else if (code == 0 && refused)
		tell_text(report, commit, list, verdict->files, trouble);
	/* A person sees at once what was found; a program waits for the end anyhow. */
	if (code == 0 && (!report->json || report->out.len > FLUSH_AT))
		code = flush(report, err);
	return code;
}

/* Errors first, then what met most pushes. */
static int compare(const void *left, const void *right)
{
	const struct replay_count *a = left, *b = right;

	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a->pushes != b->pushes)
		return a->pushes > b->pushes ? -1 : 1;
	return strcmp(a->rule, b->rule);
}

static void sum_json(struct replay_report *report, const char *ref, const char *policy)
{
	struct hgt_json *json = &report->writer;

	hgt_json_end_array(json);
	hgt_json_key(json, "summary");
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "ref", ref);
	hgt_json_key_string(json, "policy", policy);
	hgt_json_key_uint(json, "pushes", report->pushes);
	hgt_json_key_uint(json, "refused", report->refused);
	hgt_json_key_uint(json, "warned", report->warned);
	hgt_json_key_uint(json, "unjudged", report->unjudged);
	hgt_json_key_uint(json, "files", report->files);
	hgt_json_key_uint(json, "errors", report->errors);
	hgt_json_key_uint(json, "warnings", report->warnings);
	hgt_json_key_uint(json, "told", report->told);
	hgt_json_key(json, "rules");
	hgt_json_begin_array(json);
	for (size_t i = 0; i < report->n_counts; i++) {
		hgt_json_begin_object(json);
		hgt_json_key_string(json, "rule", report->counts[i].rule);
		hgt_json_key_string(json, "severity", hgt_severity_name(report->counts[i].severity));
		hgt_json_key_uint(json, "pushes", report->counts[i].pushes);
		hgt_json_key_uint(json, "findings", report->counts[i].findings);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
	hgt_json_end_object(json);
	hgt_json_end_object(json);
	hgt_buf_addc(&report->out, '\n');
}

static void sum_rules(struct replay_report *report)
{
	int width = (int)strlen("RULE");

	for (size_t i = 0; i < report->n_counts; i++)
		if ((int)strlen(report->counts[i].rule) > width)
			width = (int)strlen(report->counts[i].rule);
	if (report->n_counts)
		hgt_buf_addf(&report->out, "\n%-*s  SEVERITY  PUSHES  FINDINGS\n", width, "RULE");
	for (size_t i = 0; i < report->n_counts; i++)
		hgt_buf_addf(&report->out, "%-*s  %-8s  %6zu  %8zu\n", width, report->counts[i].rule,
			hgt_severity_name(report->counts[i].severity), report->counts[i].pushes, report->counts[i].findings);
	if (report->uncounted)
		hgt_buf_addf(&report->out, "and %zu findings past what a push is told (limits.findings), by no rule\n", report->uncounted);
}

static void sum_text(struct replay_report *report, const char *ref, const char *policy)
{
	const struct hgt_findings all = {.errors = report->errors, .warnings = report->warnings,
		.infos = report->found - report->errors - report->warnings};
	struct hgt_buf *out = &report->out;

	if (report->refused)
		hgt_buf_addf(out, "\n%zu of %zu pushes to ", report->refused, report->pushes);
	else
		hgt_buf_addf(out, "none of %zu pushes to ", report->pushes);
	hgt_escape_str(out, ref);
	hgt_buf_adds(out, " would have been refused");
	if (report->warned)
		hgt_buf_addf(out, ", %zu warned of", report->warned);
	if (report->unjudged)
		hgt_buf_addf(out, "; %zu of those refused cannot be judged", report->unjudged);
	hgt_buf_adds(out, ": ");
	hgt_report_summary(&all, report->files, "changed file", out);
	hgt_buf_adds(out, "\npolicy: ");
	hgt_escape_str(out, policy);
	hgt_buf_addc(out, '\n');
	sum_rules(report);
}

int replay_report_end(struct replay_report *report, const char *ref, const char *policy, struct hgt_error *err)
{
	if (report->n_counts)
		qsort(report->counts, report->n_counts, sizeof(*report->counts), compare);
	if (report->json)
		sum_json(report, ref, policy);
	else
		sum_text(report, ref, policy);
	return flush(report, err);
}
