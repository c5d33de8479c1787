/* Numbers as Prometheus reads them. */
#include "base/metrics_text.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

enum { MILLION = 1000000 };

void hgt_metrics_family(struct hgt_metrics *m, const char *name, enum hgt_metric_type type, const char *help)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};

	m->name = name;
	hgt_buf_addf(m->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

/* Backslash, quote and newline are written as two characters; the rest stands for itself. */
static void add_value(struct hgt_buf *out, const char *value)
{
	size_t left = strlen(value);
	uint32_t cp;

	while (left > 0) {
		size_t n = hgt_utf8_decode(value, left, &cp);

		if (n == 0)
			hgt_buf_adds(out, "\xef\xbf\xbd");
		else if (*value == '\n')
			hgt_buf_adds(out, "\\n");
		else if (*value == '\\' || *value == '"')
			hgt_buf_addf(out, "\\%c", *value);
		else
			hgt_buf_add(out, value, n);
		n = n ? n : 1;
		value += n;
		left -= n;
	}
}

/* The sample's name and labels; `le` is one more label, or NULL. */
static void add_head(struct hgt_metrics *m, const char *suffix, const char *const *labels, const char *le)
{
	const char *before = "{";

	hgt_buf_addf(m->out, "%s%s", m->name, suffix);
	for (; *labels; labels += 2, before = ",") {
		hgt_buf_addf(m->out, "%s%s=\"", before, labels[0]);
		add_value(m->out, labels[1]);
		hgt_buf_addc(m->out, '"');
	}
	if (le)
		hgt_buf_addf(m->out, "%sle=\"%s\"", before, le);
	hgt_buf_adds(m->out, le || *before == ',' ? "} " : " ");
}

void hgt_metrics_uint(struct hgt_metrics *m, const char *const *labels, uint64_t value)
{
	add_head(m, "", labels, NULL);
	hgt_buf_addf(m->out, "%" PRIu64 "\n", value);
}

/* value / MILLION, without what is zero at the end. */
static void format_micro(struct hgt_buf *out, uint64_t value)
{
	size_t len;

	hgt_buf_addf(out, "%" PRIu64, value / MILLION);
	if (value % MILLION == 0)
		return;
	hgt_buf_addf(out, ".%06" PRIu64, value % MILLION);
	for (len = out->len; out->data[len - 1] == '0'; len--)
		;
	hgt_buf_truncate(out, len);
}

void hgt_metrics_micro(struct hgt_metrics *m, const char *const *labels, int64_t value)
{
	add_head(m, "", labels, NULL);
	if (value < 0)
		hgt_buf_addc(m->out, '-');
	format_micro(m->out, value < 0 ? -(uint64_t)value : (uint64_t)value);
	hgt_buf_addc(m->out, '\n');
}

void hgt_metrics_milli(struct hgt_metrics *m, const char *const *labels, int64_t value)
{
	if (value > INT64_MAX / 1000)
		value = INT64_MAX / 1000;
	if (value < INT64_MIN / 1000)
		value = INT64_MIN / 1000;
	hgt_metrics_micro(m, labels, value * 1000);
}

void hgt_metrics_histogram_us(struct hgt_metrics *m, const char *const *labels, const uint64_t *bounds_us, const uint64_t *counts,
	size_t n, uint64_t sum_us)
{
	struct hgt_buf le = HGT_BUF_INIT;
	uint64_t sum = 0;

	for (size_t i = 0; i <= n; i++) {
		hgt_buf_reset(&le);
		if (i == n)
			hgt_buf_adds(&le, "+Inf");
		else
			format_micro(&le, bounds_us[i]);
		if (le.failed)
			m->out->failed = true;
		sum += counts[i];
		add_head(m, "_bucket", labels, le.data);
		hgt_buf_addf(m->out, "%" PRIu64 "\n", sum);
	}
	add_head(m, "_sum", labels, NULL);
	format_micro(m->out, sum_us);
	hgt_buf_addc(m->out, '\n');
	add_head(m, "_count", labels, NULL);
	hgt_buf_addf(m->out, "%" PRIu64 "\n", sum);
	hgt_buf_release(&le);
}
