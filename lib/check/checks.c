/* The table of checks, and how they are run and speak. */
#include <ctype.h>

#include "base/escape.h"
#include "base/utf8.h"
#include "k8s/k8s.h"
#include "k8s/workload_checks.h"

#define OF(cls) (UINT32_C(1) << (HGT_CLASS_##cls))

enum {
	OBJECTS = OF(KUBERNETES) | OF(FLUX) | OF(ARGO) | OF(OPENSHIFT_TEMPLATE) | OF(SOPS),
};

/* In the order in which they run; per_object: on each item where a document is a list of objects, the list
 * itself too. */
static const struct {
	uint32_t classes;
	bool per_object;
	void (*run)(struct hgt_subject *subject);
} checks[] = {
	{OBJECTS, false, hgt_check_two_readers},
	{OBJECTS, true, hgt_check_k8s_type_meta},
	{OBJECTS, true, hgt_check_k8s_name},
	{OBJECTS, true, hgt_check_k8s_metadata},
	{OBJECTS, true, hgt_check_k8s_duplicate},
	{OBJECTS, true, hgt_check_k8s_api},
	{OBJECTS, true, hgt_check_k8s_deprecated_fields},
	{OBJECTS | OF(KUSTOMIZE_PATCH), true, hgt_check_k8s_schema},
	{OBJECTS, true, hgt_check_k8s_kind},
	{OBJECTS | OF(KUSTOMIZE_PATCH), true, hgt_check_k8s_transition},
};

bool hgt_class_holds_objects(enum hgt_class cls)
{
	return OBJECTS & (UINT32_C(1) << cls);
}

static void run_checks_on(struct hgt_subject *subject, bool per_object)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].per_object == per_object && (checks[i].classes & (UINT32_C(1) << subject->cls)))
			checks[i].run(subject);
}

/* The object and, where it is a list of objects, those; a list in a list is none that Kubernetes knows. */
static void run_on_objects(struct hgt_subject *subject)
{
	const char *key;
	const struct hgt_node *items = hgt_k8s_items(subject->object, &key);
	struct hgt_buf pointer = HGT_BUF_INIT;

	run_checks_on(subject, true);
	for (size_t i = 0; items && i < items->v.seq.n; i++) {
		struct hgt_subject item = *subject;

		hgt_buf_reset(&pointer);
		hgt_pointer_add(&pointer, key, strlen(key));
		hgt_pointer_add_index(&pointer, i);
		if (pointer.failed) {
			hgt_engine_fail(subject->engine);
			break;
		}
		item.object = items->v.seq.items[i];
		item.pointer = pointer.data;
		run_checks_on(&item, true);
	}
	hgt_buf_release(&pointer);
}

void hgt_run_checks(struct hgt_subject *subject)
{
	run_checks_on(subject, false);
	run_on_objects(subject);
}

struct hgt_span hgt_span_of(const struct hgt_node *node)
{
	bool scalar = node->type != HGT_NODE_MAP && node->type != HGT_NODE_SEQ;
	bool whole = scalar && node->end_line == node->line && node->end_column > node->column;

	return (struct hgt_span){node->line, node->column, whole ? node->end_column : 0};
}

/* The code points of the first n bytes. */
static uint32_t characters(const char *s, size_t n)
{
	uint32_t count = 0;

	for (size_t i = 0; i < n; count++) {
		uint32_t cp;
		size_t step = hgt_utf8_decode(s + i, n - i, &cp);

		i += step ? step : 1;
	}
	return count;
}

struct hgt_span hgt_span_in(const struct hgt_node *node, size_t at)
{
	uint32_t width = node->end_line == node->line ? node->end_column - node->column : 0;
	uint32_t quotes = node->quoted ? 2 : 0;
	uint32_t column = node->column + quotes / 2 + characters(node->text, at);

	/* Escapes, folded lines and block scalars do not stand in the source as they read. */
	if (node->aliased || width != characters(node->text, node->len) + quotes || at >= node->len)
		return hgt_span_of(node);
	return (struct hgt_span){node->line, column, column + 1};
}

struct hgt_quote hgt_quote_text(const char *s, size_t len)
{
	enum { SHOWN = 80 };	/* bytes; each becomes four at the most, and quotes and dots come to it */
	struct hgt_quote quote = {"\"\""};
	struct hgt_buf escaped = HGT_BUF_INIT;
	size_t n = len;

	if (n > SHOWN)
		for (n = SHOWN; n && ((unsigned char)s[n] & 0xc0) == 0x80;)
			n--;
	hgt_escape_text(&escaped, s, n);
	snprintf(quote.text, sizeof(quote.text), "\"%s%s\"", escaped.data, n < len ? "..." : "");
	hgt_buf_release(&escaped);
	return quote;
}

struct hgt_quote hgt_quote_word(const char *s)
{
	enum { LONGEST = 63 };
	struct hgt_quote quote;
	size_t n = 0;

	while (isalnum((unsigned char)s[n]))
		n++;
	if (!n || n > LONGEST || s[n])
		return hgt_quote_text(s, strlen(s));
	memcpy(quote.text, s, n + 1);
	return quote;
}

/* Not told yet: the engine gives it its severity when it is. */
static void hold(struct hgt_subject *subject, struct hgt_finding *finding)
{
	finding->severity = HGT_SEVERITY_ERROR;
	if (hgt_findings_keeps(subject->held, finding->severity))
		hgt_source_excerpt(subject->source, finding);
	if (hgt_findings_add(subject->held, finding, NULL) < 0)
		hgt_engine_fail(subject->engine);
}

static void tell(struct hgt_subject *subject, struct hgt_finding *finding)
{
	if (hgt_engine_keeps(subject->engine, finding))
		hgt_source_excerpt(subject->source, finding);
	hgt_engine_tell(subject->engine, finding);
}

void hgt_tell(struct hgt_subject *subject, const char *rule, struct hgt_span span, const char *pointer, const char *hint,
	const char *fmt, ...)
{
	struct hgt_finding finding = {.rule = rule, .path = subject->path, .line = span.line, .column = span.column,
		.end_column = span.end_column, .hint = hint};
	struct hgt_buf message = HGT_BUF_INIT, full = HGT_BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	hgt_buf_addvf(&message, fmt, ap);
	va_end(ap);
	hgt_buf_adds(&full, subject->pointer);
	hgt_buf_adds(&full, pointer);
	if (message.failed || full.failed) {
		hgt_engine_fail(subject->engine);
	} else {
		finding.message = message.data;
		finding.pointer = full.data;
		if (subject->held)
			hold(subject, &finding);
		else
			tell(subject, &finding);
	}
	hgt_buf_release(&message);
	hgt_buf_release(&full);
}
