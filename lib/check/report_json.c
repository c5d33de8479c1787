/*
 * The findings of an engine as JSON. Apart from the list of findings, which whoever announces a refusal writes too: a hook that does
 * not judge has no need of an engine.
 */
#include "base/json_writer.h"
#include "check/report.h"

void hgt_report_json(const struct hgt_engine *engine, struct hgt_buf *out)
{
	const struct hgt_findings *list = hgt_engine_findings(engine);
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key(&json, "summary");
	hgt_json_begin_object(&json);
	hgt_json_key_uint(&json, "files", hgt_engine_files(engine));
	hgt_json_key_uint(&json, "documents", hgt_engine_documents(engine));
	hgt_json_key_uint(&json, "errors", list->errors);
	hgt_json_key_uint(&json, "warnings", list->warnings);
	hgt_json_end_object(&json);
	hgt_json_key(&json, "findings");
	hgt_report_findings_json(list, SIZE_MAX, &json);
	hgt_json_end_object(&json);
	hgt_buf_addc(out, '\n');
}
