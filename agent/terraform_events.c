/* The driver terraform: what a run with -json tells, line by line. */
#include <string.h>

#include "agent/terraform_private.h"
#include "agent/tool.h"
#include "doc/doc.h"

#define ADDRESS_MAX 200
#define SUMMARY_MAX 300
#define DETAIL_MAX 500

void terraform_run_init(struct terraform_run *run)
{
	memset(run, 0, sizeof(*run));
	hgt_buf_init(&run->first);
	hgt_buf_init(&run->error);
	hgt_buf_init(&run->detail);
}

void terraform_run_release(struct terraform_run *run)
{
	hgt_buf_release(&run->first);
	hgt_buf_release(&run->error);
	hgt_buf_release(&run->detail);
}

static bool is(const char *word, const char *other)
{
	return word && strcmp(word, other) == 0;
}

static void phrase(struct hgt_buf *out, const char *text, size_t most)
{
	if (text)
		tool_phrase(out, text, strlen(text), most);
}

static uint64_t number(const struct hgt_node *node, const char *key)
{
	int64_t value = 0;

	return hgt_node_get_int(node, key, &value) && value > 0 ? (uint64_t)value : 0;
}

static void take_planned(struct terraform_run *run, const struct hgt_node *change)
{
	static const char *const words[][2] = {{"create", "would be created"}, {"update", "would be updated"}, {"delete", "would be destroyed"},
		{"replace", "would be replaced"}, {"move", "would be moved"}, {"import", "would be imported"}, {"remove", "would be forgotten"},
		{"forget", "would be forgotten"}};
	const char *action = hgt_node_get_string(change, "action");

	if (is(action, "noop") || is(action, "read") || run->planned++ > 0)
		return;
	phrase(&run->first, hgt_node_get_string(hgt_node_get(change, "resource"), "addr"), ADDRESS_MAX);
	run->first_action = "would be changed";
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is(action, words[i][0]))
			run->first_action = words[i][1];
}

static void take_summary(struct terraform_run *run, const struct hgt_node *changes)
{
	if (!is(hgt_node_get_string(changes, "operation"), "apply"))
		return;
	run->summed_up = true;
	run->added = number(changes, "add");
	run->changed = number(changes, "change");
	run->removed = number(changes, "remove");
}

static void take_done(struct terraform_run *run, const struct hgt_node *hook)
{
	const char *action = hgt_node_get_string(hook, "action");

	if (run->summed_up)
		return;
	run->added += is(action, "create");
	run->changed += is(action, "update");
	run->removed += is(action, "delete");
}

static void take_diagnostic(struct terraform_run *run, const struct hgt_node *diagnostic)
{
	const char *address = hgt_node_get_string(diagnostic, "address");
	const struct hgt_node *range = hgt_node_get(diagnostic, "range");
	const char *file = hgt_node_get_string(range, "filename");

	if (!is(hgt_node_get_string(diagnostic, "severity"), "error") || run->errors++ > 0)
		return;
	if (address) {
		phrase(&run->error, address, ADDRESS_MAX);
		hgt_buf_adds(&run->error, ": ");
	} else if (file) {
		phrase(&run->error, file, ADDRESS_MAX);
		hgt_buf_addf(&run->error, ":%d: ", (int)number(hgt_node_get(range, "start"), "line"));
	}
	phrase(&run->error, hgt_node_get_string(diagnostic, "summary"), SUMMARY_MAX);
	phrase(&run->detail, hgt_node_get_string(diagnostic, "detail"), DETAIL_MAX);
}

int terraform_line(void *ctx, const char *line, size_t len, struct hgt_error *err)
{
	struct terraform_run *run = ctx;
	const struct hgt_node *event;
	const char *type;
	struct hgt_doc_set set;
	int code;

	if (len == 0 || line[0] != '{')
		return 0;
	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(line, len, &set, err);
	/* What is no message is none of ours; whether all went well the status tells. */
	if (code < 0) {
		hgt_doc_set_release(&set);
		return code == HGT_ENOMEM ? code : 0;
	}
	event = set.docs[0].root;
	type = hgt_node_get_string(event, "type");
	if (is(type, "planned_change"))
		take_planned(run, hgt_node_get(event, "change"));
	else if (is(type, "resource_drift"))
		run->drifted++;
	else if (is(type, "change_summary"))
		take_summary(run, hgt_node_get(event, "changes"));
	else if (is(type, "apply_complete"))
		take_done(run, hgt_node_get(event, "hook"));
	else if (is(type, "diagnostic"))
		take_diagnostic(run, hgt_node_get(event, "diagnostic"));
	hgt_doc_set_release(&set);
	code = hgt_buf_check(&run->first, err);
	if (code == 0)
		code = hgt_buf_check(&run->error, err);
	return code == 0 ? hgt_buf_check(&run->detail, err) : code;
}

void terraform_sentence(const struct terraform_run *run, struct secrets *secrets, struct hgt_buf *out)
{
	struct hgt_buf whole = HGT_BUF_INIT, shown = HGT_BUF_INIT;
	uint64_t hidden = 0;

	if (run->errors == 0)
		return;
	hgt_buf_addf(&whole, "%s%s%s", run->error.data, run->detail.len ? ": " : "", run->detail.data);
	if (!whole.failed && secrets_hide(secrets, whole.data, whole.len, &shown, &hidden, NULL) == 0)
		hgt_buf_adds(out, shown.data);
	else
		hgt_buf_adds(out, run->error.data);
	if (run->errors > 1)
		hgt_buf_addf(out, ", and %llu more errors", (unsigned long long)(run->errors - 1));
	hgt_buf_release(&whole);
	hgt_buf_release(&shown);
}
