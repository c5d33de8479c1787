/* A push that the gate refused, journaled. */
#include "daemon/refusal.h"

#include "base/json_writer.h"
#include "headgate/protocol.h"

/* What one refusal may put into the journal: anybody who may try to push may have pushes refused. */
enum { UPDATES_MAX = 1000, FINDINGS_BYTES = 256 * 1024 };

struct refusal {
	struct hook_line *line;
	struct hgt_buf repo, data;
	intake_done_cb done;
	void *ctx;
	uint64_t seq;
};

static void write_findings(const struct hgt_node *findings, struct hgt_json *json)
{
	struct hgt_buf one = HGT_BUF_INIT;
	size_t bytes = 0, n = findings ? findings->v.seq.n : 0;

	hgt_json_begin_array(json);
	for (size_t i = 0; i < n && i < HOOK_FINDINGS_MAX; i++) {
		struct hgt_json writer = HGT_JSON_INIT(&one);

		hgt_buf_reset(&one);
		hgt_node_write_json(findings->v.seq.items[i], &writer);
		bytes += one.len;
		if (bytes > FINDINGS_BYTES)
			break;
		hgt_json_raw(json, one.data, one.len);
		if (one.failed)
			json->out->failed = true;
	}
	hgt_json_end_array(json);
	hgt_buf_release(&one);
}

static void write_data(const struct hook_line *line, const char *repo, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "repo", repo);
	hgt_json_key_string(&json, "push", line->push);
	hgt_json_key_string(&json, "actor", line->actor);
	hgt_json_key_string(&json, "remote", line->remote);
	hgt_json_key(&json, "updates");
	hgt_json_begin_array(&json);
	for (size_t i = 0; i < line->n_updates && i < UPDATES_MAX; i++) {
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "old", line->updates[i].old_id);
		hgt_json_key_string(&json, "new", line->updates[i].new_id);
		hgt_json_key_string(&json, "ref", line->updates[i].ref);
		hgt_json_end_object(&json);
	}
	hgt_json_end_array(&json);
	hgt_json_key_int(&json, "errors", line->errors);
	hgt_json_key_int(&json, "warnings", line->warnings);
	hgt_json_key(&json, "findings");
	write_findings(line->findings, &json);
	hgt_json_end_object(&json);
}

static int run(struct hgt_journal *journal, struct store_batch *batch, void *arg, struct hgt_error *err)
{
	struct refusal *r = arg;
	int code = hgt_journal_claim_push(journal, r->line->push, err);

	if (code == HGT_EEXIST)
		return hgt_journal_head(journal, &r->seq, err);
	if (code < 0)
		return code;
	return store_append(batch, &(struct hgt_journal_entry){.type = HGT_EVENT_PUSH_REFUSED, .subject = r->repo.data,
		.repo = r->repo.data, .ref = "", .data = r->data.data, .data_len = r->data.len}, &r->seq, err);
}

static void on_done(void *arg, int code, const struct hgt_error *err)
{
	struct refusal *r = arg;

	r->done(r->ctx, code, r->seq, err);
	hook_line_free(r->line);
	hgt_buf_release(&r->repo);
	hgt_buf_release(&r->data);
	free(r);
}

void refusal_submit(struct store *store, const char *repo, struct hook_line *line, intake_done_cb done, void *ctx)
{
	struct refusal *r = calloc(1, sizeof(*r));
	struct hgt_error err = {0};
	int code;

	if (!r) {
		hook_line_free(line);
		done(ctx, hgt_error_nomem(&err), 0, &err);
		return;
	}
	*r = (struct refusal){.line = line, .repo = HGT_BUF_INIT, .data = HGT_BUF_INIT, .done = done, .ctx = ctx};
	hgt_buf_adds(&r->repo, repo);
	write_data(line, repo, &r->data);
	code = hgt_buf_check(&r->repo, &err);
	if (code == 0)
		code = hgt_buf_check(&r->data, &err);
	if (code == 0)
		code = store_submit(store, run, on_done, r, &err);
	if (code < 0)
		on_done(r, code, &err);
}
