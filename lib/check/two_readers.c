/* yaml/two-readers: what kubectl reads otherwise than a YAML parser, of files that it reads. */
#include "doc/readers.h"

#include "check/check.h"

static const char rule[] = "yaml/two-readers";

static void tell_value(void *ctx, const struct hgt_node *where, const char *pointer, const char *message, const char *hint)
{
	struct hgt_subject *subject = ctx;

	if (pointer)
		hgt_tell(subject, rule, hgt_span_of(where), pointer, hint, "%s", message);
	else
		hgt_engine_fail(subject->engine);
}

void hgt_check_two_readers(struct hgt_subject *subject)
{
	hgt_readers_judge_values(subject->object, tell_value, subject);
}

/* What tells whether a document that only kubectl sees is an object. */
struct view {
	const struct hgt_subject *file;
	bool forced;
};

static bool is_object(void *ctx, const char *text, const struct hgt_doc *doc)
{
	const struct view *view = ctx;

	return hgt_class_holds_objects(hgt_class_of_document(view->file->path, text, doc, view->file->cls, view->forced));
}

int hgt_compare_readers(struct hgt_subject *file, bool json, const struct hgt_doc_set *set, const struct hgt_doc_limits *limits,
	bool objects, bool forced, struct hgt_error *err)
{
	struct view view = {file, forced};
	const struct hgt_reader_text text = {.text = file->source->data, .len = file->source->len, .named_json = json,
		.is_object = objects ? NULL : is_object, .ctx = &view};
	struct hgt_reader_difference difference;
	int code;

	if (!objects && file->cls != HGT_CLASS_AUTO && !hgt_class_holds_objects(file->cls))
		return 0;
	hgt_reader_difference_init(&difference);
	code = hgt_readers_compare(&text, set, limits, &difference, err);
	if (!code && difference.found && (objects || difference.objects))
		hgt_tell(file, rule, (struct hgt_span){difference.line, difference.column, difference.end_column}, "",
			difference.hint.len ? difference.hint.data : NULL, "%s", difference.message.data);
	hgt_reader_difference_release(&difference);
	return code;
}
