/* What is made of a file before it is the engine's turn. */
#include "check/reading.h"

#include "check/check.h"

void hgt_reading_init(struct hgt_reading *reading)
{
	*reading = (struct hgt_reading){.path = "", .data = ""};
	hgt_doc_set_init(&reading->set);
}

void hgt_reading_release(struct hgt_reading *reading)
{
	hgt_doc_set_release(&reading->set);
	hgt_reading_init(reading);
}

int hgt_reading_parse(const char *path, const char *data, size_t len, enum hgt_class cls, const struct hgt_doc_limits *limits,
	struct hgt_doc_set *set, struct hgt_error *err)
{
	return (hgt_class_reads_json(path, cls) ? hgt_json_parse : hgt_yaml_parse)(data, len, limits, set, err);
}

int hgt_reading_read(struct hgt_reading *r, const char *path, const char *data, size_t len, enum hgt_class wanted,
	const struct hgt_doc_limits *limits, struct hgt_error *err)
{
	r->path = path;
	r->data = len ? data : "";
	r->len = len;
	r->cls = hgt_class_agreed(path, wanted);
	r->forced = wanted != HGT_CLASS_AUTO;
	r->binary = r->cls != HGT_CLASS_OTHER && memchr(r->data, 0, len);
	if (r->cls == HGT_CLASS_OTHER || r->binary)
		return 0;
	if (!r->forced || wanted == HGT_CLASS_KUBERNETES)
		r->cls = hgt_class_of_text(path, r->data, len, r->cls, r->forced);
	return hgt_class_is_parsed(r->cls) ? hgt_reading_parse(path, r->data, len, r->cls, limits, &r->set, err) : 0;
}
