/* Findings as people and programs read them. */
#include "check/report.h"

#include "base/escape.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "check/width.h"

enum { TAB = 4, MARK_MOST = 200 };

#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"
#define BLUE "\033[1;34m"
#define GREEN "\033[32m"
#define BOLD "\033[1m"
#define PLAIN "\033[m"

static void paint(struct hgt_buf *out, const struct hgt_report_style *style, const char *color)
{
	if (style->color)
		hgt_buf_adds(out, color);
}

static const char *color_of(enum hgt_severity severity)
{
	return severity == HGT_SEVERITY_ERROR ? RED : severity == HGT_SEVERITY_WARNING ? YELLOW : BLUE;
}

/* Add one character of the excerpt as it is shown, and give the columns it takes. A tab becomes blanks: what
 * a terminal makes of it depends on where the line begins there. */
static unsigned show(struct hgt_buf *out, const char *s, size_t len, unsigned at)
{
	size_t before = out->len;
	uint32_t cp;

	if (*s == '\t') {
		unsigned n = TAB - at % TAB;

		hgt_buf_addf(out, "%*s", (int)n, "");
		return n;
	}
	hgt_escape_text(out, s, len);
	/* What was escaped is ASCII by now. */
	if (out->len - before == len && hgt_utf8_decode(s, len, &cp) == len)
		return hgt_width(cp);
	return (unsigned)(out->len - before);
}

/* The source line, and under it a mark from column to end_column. */
static void excerpt(const struct hgt_finding *f, const struct hgt_report_style *style, struct hgt_buf *out)
{
	uint32_t column = f->excerpt_column ? f->excerpt_column : 1;
	size_t line_start = out->len;
	unsigned at = 0, mark_at = 0, mark_end = 0;

	hgt_buf_addf(out, "%6u | ", f->line);
	mark_at = (unsigned)(out->len - line_start);
	if (column > 1) {
		hgt_buf_adds(out, "...");
		mark_at += 3;
	}
	mark_end = mark_at;
	for (size_t i = 0; i < f->excerpt_len; column++) {
		uint32_t cp;
		size_t n = hgt_utf8_decode(f->excerpt + i, f->excerpt_len - i, &cp);
		unsigned width = show(out, f->excerpt + i, n ? n : 1, at);

		if (column < f->column)
			mark_at += width;
		if (column < f->column || column < f->end_column)
			mark_end += width;
		at += width;
		i += n ? n : 1;
	}
	hgt_buf_adds(out, f->excerpt_cut ? "...\n" : "\n");
	/* A place past the end of its line gets no mark, save the place just behind the last character: what
	 * is missing there. */
	if (!f->column || f->column > column)
		return;
	hgt_buf_addf(out, "%*s", (int)mark_at, "");
	paint(out, style, GREEN);
	hgt_buf_addc(out, '^');
	for (unsigned i = mark_at + 1; i < mark_end && i < mark_at + MARK_MOST; i++)
		hgt_buf_addc(out, '~');
	paint(out, style, PLAIN);
	hgt_buf_addc(out, '\n');
}

static void one(const struct hgt_finding *f, const struct hgt_report_style *style, struct hgt_buf *out)
{
	paint(out, style, BOLD);
	if (*f->path) {
		hgt_escape_str(out, f->path);
		if (f->line)
			hgt_buf_addf(out, ":%u:%u", f->line, f->column);
		hgt_buf_adds(out, ": ");
	}
	paint(out, style, color_of(f->severity));
	hgt_buf_addf(out, "%s: ", hgt_severity_name(f->severity));
	paint(out, style, PLAIN);
	hgt_buf_addf(out, "%s [%s]\n", f->message, f->rule);
	if (style->excerpt && f->excerpt)
		excerpt(f, style, out);
	if (f->hint)
		hgt_buf_addf(out, "  hint: %s\n", f->hint);
}

void hgt_report_text(const struct hgt_findings *list, const struct hgt_report_style *style, struct hgt_buf *out)
{
	size_t all = list->errors + list->warnings + list->infos;

	for (size_t i = 0; i < list->n; i++)
		one(&list->items[i], style, out);
	if (list->cut && all > list->n)
		hgt_buf_addf(out, "and %zu more, not shown\n", all - list->n);
}

static void add_count(struct hgt_buf *out, size_t n, const char *noun, bool *first)
{
	if (!n)
		return;
	hgt_buf_addf(out, "%s%zu %s%s", *first ? "" : ", ", n, noun, n == 1 ? "" : "s");
	*first = false;
}

void hgt_report_summary(const struct hgt_findings *list, size_t files, const char *noun, struct hgt_buf *out)
{
	bool first = true;

	add_count(out, list->errors, "error", &first);
	add_count(out, list->warnings, "warning", &first);
	add_count(out, list->infos, "info", &first);
	if (first)
		hgt_buf_adds(out, "no findings");
	hgt_buf_addf(out, " in %zu %s%s", files, noun, files == 1 ? "" : "s");
}

void hgt_report_findings_json(const struct hgt_findings *list, size_t most, struct hgt_json *json)
{
	hgt_json_begin_array(json);
	for (size_t i = 0; i < list->n && i < most; i++) {
		const struct hgt_finding *f = &list->items[i];

		hgt_json_begin_object(json);
		hgt_json_key_string(json, "severity", hgt_severity_name(f->severity));
		hgt_json_key_string(json, "rule", f->rule);
		hgt_json_key_string(json, "path", f->path);
		hgt_json_key_uint(json, "line", f->line);
		hgt_json_key_uint(json, "column", f->column);
		hgt_json_key_string(json, "pointer", f->pointer);
		hgt_json_key_string(json, "message", f->message);
		hgt_json_key_string(json, "hint", f->hint);
		hgt_json_end_object(json);
	}
	hgt_json_end_array(json);
}
