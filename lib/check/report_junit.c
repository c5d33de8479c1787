/* Findings as JUnit XML, which CI systems show as test results. */
#include "base/escape.h"
#include "check/report.h"

/* The findings of one file: `n` of them, which a sorted list has side by side. */
static size_t same_path(const struct hgt_findings *list, size_t first)
{
	size_t n = 1;

	while (first + n < list->n && strcmp(list->items[first + n].path, list->items[first].path) == 0)
		n++;
	return n;
}

static void attribute(struct hgt_buf *out, const char *name, const char *text, size_t len)
{
	hgt_buf_addf(out, " %s=\"", name);
	hgt_escape_xml(out, text, len);
	hgt_buf_addc(out, '"');
}

/* The lines of hgt_report_text, each on its own: what is in them is escaped for a terminal already. */
static void add_lines(struct hgt_buf *out, const struct hgt_buf *text)
{
	for (const char *line = text->data, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		hgt_escape_xml(out, line, (size_t)(end - line));
		if (*end)
			hgt_buf_addc(out, *end++);
	}
}

/* What a failure begins with: the first error, and how many more there are. */
static void add_message(struct hgt_buf *out, const struct hgt_finding *error, size_t errors)
{
	if (error->line)
		hgt_buf_addf(out, "%u:%u: ", error->line, error->column);
	hgt_buf_adds(out, error->message);
	if (errors > 1)
		hgt_buf_addf(out, ", and %zu more error%s", errors - 1, errors == 2 ? "" : "s");
}

/* One file: a failure where there are errors, else what was found as output. Whether it failed. */
static bool write_case(struct hgt_buf *out, struct hgt_finding *items, size_t n)
{
	/* A view of the list's own items for the writer of text; nothing in it is released. */
	const struct hgt_findings part = {.items = items, .n = n};
	const struct hgt_report_style style = {.excerpt = true};
	struct hgt_buf name = HGT_BUF_INIT, text = HGT_BUF_INIT, message = HGT_BUF_INIT;
	const struct hgt_finding *error = NULL;
	size_t errors = 0;

	for (size_t i = 0; i < n; i++) {
		if (items[i].severity != HGT_SEVERITY_ERROR)
			continue;
		error = error ? error : &items[i];
		errors++;
	}
	hgt_escape_text(&name, items->path, strlen(items->path));
	hgt_report_text(&part, &style, &text);
	hgt_buf_adds(out, "    <testcase");
	attribute(out, "name", name.data, name.len);
	attribute(out, "classname", "headgate", strlen("headgate"));
	attribute(out, "file", items->path, strlen(items->path));
	hgt_buf_adds(out, error ? ">\n      <failure" : ">\n      <system-out");
	if (error) {
		add_message(&message, error, errors);
		attribute(out, "message", message.data, message.len);
		attribute(out, "type", error->rule, strlen(error->rule));
	}
	hgt_buf_addc(out, '>');
	add_lines(out, &text);
	hgt_buf_adds(out, error ? "</failure>\n    </testcase>\n" : "</system-out>\n    </testcase>\n");
	out->failed |= name.failed || text.failed || message.failed;
	hgt_buf_release(&message);
	hgt_buf_release(&text);
	hgt_buf_release(&name);
	return error;
}

void hgt_report_junit(const struct hgt_engine *engine, struct hgt_buf *out)
{
	const struct hgt_findings *list = hgt_engine_findings(engine);
	struct hgt_buf cases = HGT_BUF_INIT;
	size_t n_cases = 0, n_failed = 0;

	for (size_t i = 0, n; i < list->n; i += n) {
		n = same_path(list, i);
		n_failed += write_case(&cases, &list->items[i], n);
		n_cases++;
	}
	if (!n_cases) {
		hgt_buf_adds(&cases, "    <testcase name=\"no findings\" classname=\"headgate\"/>\n");
		n_cases = 1;
	}
	hgt_buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"headgate\"");
	hgt_buf_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\">\n", n_cases, n_failed);
	hgt_buf_add(out, cases.data, cases.len);
	hgt_buf_adds(out, "  </testsuite>\n</testsuites>\n");
	out->failed |= cases.failed;
	hgt_buf_release(&cases);
}
