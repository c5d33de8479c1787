/* Findings as workflow commands of GitHub Actions, which become annotations. */
#include "base/escape.h"
#include "check/report.h"

/* Escaped as for a terminal, which the log of a run may be, then as the commands have it: a property ends at a comma or colon. */
static void add_escaped(struct hgt_buf *out, const char *s, bool property)
{
	struct hgt_buf text = HGT_BUF_INIT;

	hgt_escape_text(&text, s, strlen(s));
	for (const char *p = text.data; *p; p++) {
		if (*p == '%' || (property && (*p == ',' || *p == ':')))
			hgt_buf_addf(out, "%%%02X", (unsigned char)*p);
		else
			hgt_buf_addc(out, *p);
	}
	out->failed |= text.failed;
	hgt_buf_release(&text);
}

/* What the engine's writers have escaped already. */
static void add_data(struct hgt_buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '%' || *s == '\r' || *s == '\n')
			hgt_buf_addf(out, "%%%02X", (unsigned char)*s);
		else
			hgt_buf_addc(out, *s);
	}
}

static void write_command(struct hgt_buf *out, const struct hgt_finding *f)
{
	hgt_buf_addf(out, "::%s ", f->severity == HGT_SEVERITY_ERROR ? "error" :
		f->severity == HGT_SEVERITY_WARNING ? "warning" : "notice");
	if (*f->path) {
		hgt_buf_adds(out, "file=");
		add_escaped(out, f->path, true);
		hgt_buf_addc(out, ',');
	}
	if (f->line)
		hgt_buf_addf(out, "line=%u,", f->line);
	if (f->line && f->column)
		hgt_buf_addf(out, "col=%u,", f->column);
	hgt_buf_adds(out, "title=");
	add_escaped(out, f->rule, true);
	hgt_buf_adds(out, "::");
	add_data(out, f->message);
	if (f->hint) {
		hgt_buf_adds(out, "%0Ahint: ");
		add_data(out, f->hint);
	}
	hgt_buf_addc(out, '\n');
}

void hgt_report_github(const struct hgt_engine *engine, struct hgt_buf *out)
{
	const struct hgt_findings *list = hgt_engine_findings(engine);

	for (size_t i = 0; i < list->n; i++)
		write_command(out, &list->items[i]);
}
