/* What clients send as JSON: the first byte chooses the message; what is taken reads back as itself. */
#include <assert.h>
#include <stdint.h>

#include "daemon/messages.h"
#include "daemon/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_spec(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	struct agent_spec spec;
	int code = message_agent_spec(text, len, set, &spec, err);

	if (code == 0) {
		assert(hgt_name_is_valid(spec.name) && spec.allow.n > 0);
		for (size_t i = 0; i < spec.allow.n; i++)
			assert(spec.allow.items[i]);
	}
	return code;
}

static int take_announcement(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	struct announcement said, stored;
	struct hgt_buf first = HGT_BUF_INIT, second = HGT_BUF_INIT;
	struct hgt_doc_set again;
	int code = message_announcement(text, len, set, &said, err);

	if (code < 0)
		return code;
	message_announcement_write(&said, &first);
	hgt_doc_set_init(&again);
	assert(message_announcement_stored(first.data, first.len, &again, &stored, NULL) == 0);
	message_announcement_write(&stored, &second);
	assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	for (size_t i = 0; i < said.n_targets; i++) {
		assert(hgt_name_is_valid(said.targets[i].name) && message_ref_is_valid(said.targets[i].ref));
		assert(message_path_is_valid(said.targets[i].path) && message_path_is_valid(said.targets[i].repo));
	}
	hgt_doc_set_release(&again);
	hgt_buf_release(&first);
	hgt_buf_release(&second);
	return 0;
}

static int take_report(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	struct report report, stored;
	struct hgt_buf first = HGT_BUF_INIT, second = HGT_BUF_INIT;
	struct hgt_doc_set again;
	int code = report_parse(text, len, set, &report, err);

	if (code < 0)
		return code;
	report_write(&report, NULL, &first);
	/* Written out it may be longer than what came in, for it has every field. */
	if (first.len <= REPORT_MAX) {
		hgt_doc_set_init(&again);
		assert(report_parse(first.data, first.len, &again, &stored, NULL) == 0);
		report_write(&stored, NULL, &second);
		assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
		hgt_doc_set_release(&again);
	}
	hgt_buf_release(&first);
	hgt_buf_release(&second);
	return 0;
}

static int take_command(const char *text, size_t len, struct hgt_doc_set *set, struct hgt_error *err)
{
	struct command_spec spec;
	int code = message_command(text, len, set, &spec, err);

	if (code == 0) {
		assert(!spec.target || hgt_name_is_valid(spec.target));
		assert(!strcmp(spec.action, "sync") || !spec.revision);
		assert(!spec.revision || (*spec.revision && *spec.revision != '-' && !strpbrk(spec.revision, " :{}\n")));
	}
	return code;
}

static int take_receipt(const char *text, size_t len, struct hgt_error *err)
{
	struct hgt_cursor id;
	int code = message_acknowledgement(text, len, &id, err);

	assert(code < 0 || strlen(id.journal) == HGT_JOURNAL_ID_HEX);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hgt_error err = {0};
	struct hgt_doc_set set;
	const char *text;
	int code;

	if (!size)
		return 0;
	text = (const char *)data + 1;
	size--;
	hgt_doc_set_init(&set);
	if (data[0] == 'a')
		code = take_spec(text, size, &set, &err);
	else if (data[0] == 'b')
		code = take_announcement(text, size, &set, &err);
	else if (data[0] == 'd')
		code = take_command(text, size, &set, &err);
	else if (data[0] == 'e')
		code = take_receipt(text, size, &err);
	else
		code = take_report(text, size, &set, &err);
	assert(code == 0 || (code == err.code && err.message[0]));
	hgt_doc_set_release(&set);
	return 0;
}
