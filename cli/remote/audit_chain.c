/* What `headgate audit` does with the journal's file itself: verify it, write it out, copy it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/io.h"
#include "base/json_writer.h"
#include "cli/remote/audit.h"
#include "cli/remote/remote.h"
#include "cli/terminal.h"
#include "journal/backup.h"
#include "journal/export.h"
#include "journal/journal.h"

enum { LINE_MAX_BYTES = 64 << 20 };	/* of an export */

static int journal_path(const struct audit_options *o, struct hgt_buf *out, struct hgt_error *err)
{
	struct hgt_config *config = NULL;
	int code = 0;

	if (o->journal) {
		hgt_buf_adds(out, o->journal);
	} else {
		code = remote_config(o->config, &config, err);
		if (code == 0)
			hgt_buf_addf(out, "%s/" HGT_JOURNAL_FILE, config->state);
	}
	hgt_config_free(config);
	return code < 0 ? code : hgt_buf_check(out, err);
}

/* What was verified, and how it came out. */
struct verdict {
	const char *what;	/* "journal", "export" */
	const char *id;
	uint64_t rows, first;
	const struct hgt_error *broken;	/* or NULL */
};

static int print_verdict(const struct audit_options *o, const struct verdict *v)
{
	struct hgt_buf out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);
	int status;

	if (o->json) {
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "journal", v->id);
		hgt_json_key_uint(&json, "events", v->rows);
		hgt_json_key_uint(&json, "first", v->first);
		hgt_json_key_bool(&json, "holds", !v->broken);
		hgt_json_key_string(&json, "error", v->broken ? v->broken->message : NULL);
		hgt_json_end_object(&json);
		hgt_buf_addc(&out, '\n');
	} else if (!v->broken) {
		hgt_buf_addf(&out, "%s %s: %" PRIu64 " event%s", v->what, v->id, v->rows, v->rows == 1 ? "" : "s");
		if (v->first > 1)
			hgt_buf_addf(&out, " from number %" PRIu64 " on", v->first);
		hgt_buf_adds(&out, ", chain holds\n");
	}
	status = remote_print(&out);
	hgt_buf_release(&out);
	return status ? status : v->broken ? HGT_EXIT_NOT : HGT_EXIT_OK;
}

/* The next line without its end; 0 at the end of the file. */
static int read_line(FILE *file, struct hgt_buf *line, struct hgt_error *err)
{
	int c;

	hgt_buf_reset(line);
	while ((c = getc_unlocked(file)) != EOF && c != '\n') {
		if (line->len == LINE_MAX_BYTES)
			return hgt_error_set(err, HGT_ECORRUPT, "export: a line is longer than %d MiB, which no event is", LINE_MAX_BYTES >> 20);
		hgt_buf_addc(line, (char)c);
	}
	if (ferror(file))
		return hgt_error_set_errno(err, "cannot read the export");
	if (hgt_buf_check(line, err) < 0)
		return err->code;
	return c != EOF || line->len;
}

static int check_lines(FILE *file, struct hgt_export_check *check, struct hgt_error *err)
{
	struct hgt_buf line = HGT_BUF_INIT;
	int code;

	while ((code = read_line(file, &line, err)) == 1) {
		code = hgt_export_check_line(check, line.data, line.len, err);
		if (code < 0)
			break;
	}
	hgt_buf_release(&line);
	return code < 0 ? code : hgt_export_check_end(check, err);
}

static int verify_export(const struct audit_options *o)
{
	bool is_stdin = strcmp(o->export, "-") == 0;
	struct hgt_export_check check = {0};
	struct hgt_error err = {0};
	FILE *file = is_stdin ? stdin : fopen(o->export, "re");
	int code;

	if (!file) {
		code = hgt_error_set_errno(&err, "cannot open %s", o->export);
		terminal_complain(NULL, err.message);
		return HGT_EXIT_TROUBLE;
	}
	code = check_lines(file, &check, &err);
	if (!is_stdin)
		fclose(file);
	if (code < 0)
		terminal_complain(NULL, err.message);
	if (code < 0 && code != HGT_ECORRUPT)
		return HGT_EXIT_TROUBLE;
	return print_verdict(o, &(struct verdict){"export", check.id, check.rows, check.seq + 1 - check.rows, code < 0 ? &err : NULL});
}

int audit_verify(const struct audit_options *o)
{
	struct verdict verdict = {.what = "journal"};
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_journal *journal = NULL;
	struct hgt_error err = {0};
	int code, status;

	if (o->export)
		return verify_export(o);
	code = journal_path(o, &path, &err);
	/* First, because opening it takes over what a crash has left in its log. */
	if (code == 0)
		code = hgt_journal_verify(path.data, &verdict.rows, &err);
	if ((code == 0 || code == HGT_ECORRUPT) && hgt_journal_open(path.data, HGT_JOURNAL_READ, &journal, NULL) < 0)
		journal = NULL;
	if (code == 0 && journal)
		code = hgt_journal_tail(journal, &verdict.first, &err);
	if (code < 0)
		terminal_complain(NULL, err.message);
	if (code < 0)
		verdict.broken = &err;
	verdict.id = journal ? hgt_journal_id(journal) : NULL;
	status = code == 0 || code == HGT_ECORRUPT ? print_verdict(o, &verdict) : HGT_EXIT_TROUBLE;
	hgt_journal_close(journal);
	hgt_buf_release(&path);
	return status;
}

static int write_line(void *ctx, const char *line, size_t len)
{
	struct hgt_error *err = ctx;

	if (fwrite(line, 1, len, stdout) != len)
		return hgt_error_set_errno(err, "cannot write the export");
	return 0;
}

int audit_export(const struct audit_options *o)
{
	const struct audit_when *since = &o->filter.since;
	struct hgt_buf path = HGT_BUF_INIT;
	struct hgt_cursor after;
	struct hgt_error err = {0};
	int code = 0, status = HGT_EXIT_OK;

	if (since->text && hgt_cursor_parse(since->text, &after, &err) < 0)
		return terminal_usage_error("audit", "--since of export is a cursor, not", since->text);
	code = journal_path(o, &path, &err);
	if (code == 0)
		code = hgt_journal_export(path.data, since->text ? &after : NULL, write_line, &err, &err);
	if (fflush(stdout) != 0 && code == 0)
		code = hgt_error_set_errno(&err, "cannot write the export");
	if (code < 0)
		status = remote_fail(&err);
	hgt_buf_release(&path);
	return code == HGT_ECORRUPT ? HGT_EXIT_NOT : status;
}

int audit_backup(const struct audit_options *o, const char *to)
{
	struct hgt_buf path = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);
	struct hgt_backup backup;
	struct hgt_error err = {0};
	int status, code = journal_path(o, &path, &err);

	if (code == 0)
		code = hgt_journal_backup(path.data, to, &backup, &err);
	if (code < 0) {
		status = remote_fail(&err);
		status = code == HGT_ECORRUPT ? HGT_EXIT_NOT : status;
		goto out;
	}
	if (o->json) {
		hgt_json_begin_object(&json);
		hgt_json_key_string(&json, "file", to);
		hgt_json_key_string(&json, "journal", backup.id);
		hgt_json_key_uint(&json, "seq", backup.seq);
		hgt_json_key_uint(&json, "events", backup.events);
		hgt_json_end_object(&json);
		hgt_buf_addc(&out, '\n');
	} else {
		hgt_buf_addf(&out, "journal %s up to %" PRIu64 ": %" PRIu64 " event%s copied and verified\n", backup.id, backup.seq, backup.events,
			backup.events == 1 ? "" : "s");
	}
	status = remote_print(&out);
out:
	hgt_buf_release(&path);
	hgt_buf_release(&out);
	return status;
}
