/* The driver ansible: a result out of what its plugin tells. */
#include <inttypes.h>
#include <string.h>

#include "agent/ansible_private.h"
#include "agent/tool.h"
#include "doc/doc.h"

#define NAME_MAX_BYTES 200	/* of a task's or host's name in a sentence */
#define MESSAGE_MAX 500

/* The plugin, put into the program by the assembler. */
__asm__(".section .rodata\n\t.globl ansible_events, ansible_events_end\n"
	"ansible_events:\n\t.incbin \"agent/ansible_events.py\"\n"
	"ansible_events_end:\n\t.byte 0\n\t.previous\n");

void ansible_run_init(struct ansible_run *run, bool check, struct driver_result *result)
{
	memset(run, 0, sizeof(*run));
	run->result = result;
	run->check = check;
	run->secrets = (struct secrets)SECRETS_INIT;
	hgt_buf_init(&run->failure);
	hgt_buf_init(&run->running);
	hgt_buf_init(&run->trouble);
}

void ansible_run_release(struct ansible_run *run)
{
	hgt_buf_release(&run->failure);
	hgt_buf_release(&run->running);
	hgt_buf_release(&run->trouble);
	secrets_release(&run->secrets);
}

static void phrase(struct hgt_buf *out, const char *text, size_t most)
{
	tool_phrase(out, text ? text : "", text ? strlen(text) : 0, most);
}

static bool flag(const struct hgt_node *event, const char *key)
{
	bool value = false;

	return hgt_node_get_bool(event, key, &value) && value;
}

static uint64_t number(const struct hgt_node *event, const char *key)
{
	int64_t value = 0;

	return hgt_node_get_int(event, key, &value) && value > 0 ? (uint64_t)value : 0;
}

static bool is(const char *word, const char *other)
{
	return word && strcmp(word, other) == 0;
}

static int take_start(struct ansible_run *run, const struct hgt_node *event, struct hgt_error *err)
{
	run->started = true;
	run->old = flag(event, "old");
	hgt_buf_reset(&run->result->version);
	phrase(&run->result->version, hgt_node_get_string(event, "version"), 60);
	return hgt_buf_check(&run->result->version, err);
}

/* The first one that failed is named; the diff of what would have followed is missing. */
static void note_failure(struct ansible_run *run, const struct hgt_node *event, bool unreachable)
{
	if (run->failures++ > 0)
		return;
	hgt_buf_adds(&run->failure, "task \"");
	phrase(&run->failure, hgt_node_get_string(event, "task"), NAME_MAX_BYTES);
	hgt_buf_adds(&run->failure, unreachable ? "\" cannot reach " : "\" failed on ");
	phrase(&run->failure, hgt_node_get_string(event, "host"), NAME_MAX_BYTES);
	hgt_buf_adds(&run->failure, ": ");
	phrase(&run->failure, hgt_node_get_string(event, "message"), MESSAGE_MAX);
}

/* What the row of a task on a host says. */
struct row {
	const char *sync, *message;
};

static struct row row_of(const struct ansible_run *run, const struct hgt_node *event, const char *outcome)
{
	if (is(outcome, "failed") || is(outcome, "unreachable"))
		return (struct row){"Unknown", hgt_node_get_string(event, "message")};
	if (flag(event, "ran"))
		return (struct row){"Unknown", "ran in the comparison, since it has check_mode: false, and says that it changed something"};
	if (is(outcome, "ignored"))
		return (struct row){run->check ? "Unknown" : "Synced", "failed, which the playbook ignores"};
	if (flag(event, "unchecked"))
		return (struct row){"Unknown", "cannot be compared: it has no check mode"};
	if (run->check && flag(event, "changed"))
		return (struct row){"OutOfSync", "would change something"};
	return (struct row){"Synced", !run->check && flag(event, "changed") ? "changed something" : NULL};
}

static int add_row(struct ansible_run *run, const struct hgt_node *event, const char *outcome, struct hgt_error *err)
{
	struct row row = row_of(run, event, outcome);
	struct hgt_buf name = HGT_BUF_INIT, message = HGT_BUF_INIT;
	int code;

	phrase(&name, hgt_node_get_string(event, "host"), NAME_MAX_BYTES);
	hgt_buf_adds(&name, ": ");
	phrase(&name, hgt_node_get_string(event, "task"), NAME_MAX_BYTES);
	phrase(&message, row.message, MESSAGE_MAX);
	code = hgt_buf_check(&name, err);
	if (code == 0)
		code = hgt_buf_check(&message, err);
	if (code == 0 && run->check && flag(event, "changed"))
		driver_differs(run->result, name.data, "would change something");
	if (code == 0)
		code = driver_add_resource(run->result, name.data, row.sync, NULL, row.message ? message.data : NULL, err);
	hgt_buf_release(&name);
	hgt_buf_release(&message);
	return code;
}

static int add_diff(struct ansible_run *run, const struct hgt_node *event, struct hgt_error *err)
{
	const struct hgt_node *diff = hgt_node_get(event, "diff");
	struct hgt_buf text = HGT_BUF_INIT;
	int code = 0;

	if (diff && diff->type == HGT_NODE_STRING && diff->len > 0) {
		code = secrets_hide(&run->secrets, diff->text, diff->len, &text, &run->result->redacted, err);
		if (code == 0) {
			driver_add_diff(run->result, text.data, text.len);
			code = hgt_buf_check(&run->result->diff, err);
		}
	}
	run->result->redacted += number(event, "redacted");
	run->result->diff_cut |= flag(event, "cut");
	hgt_buf_release(&text);
	return code;
}

static int take_task(struct ansible_run *run, const struct hgt_node *event, struct hgt_error *err)
{
	const char *outcome = hgt_node_get_string(event, "outcome");
	bool unreachable = is(outcome, "unreachable"), failed = unreachable || is(outcome, "failed");
	bool unchecked = flag(event, "unchecked") || (run->check && failed);
	struct driver_result *result = run->result;
	int code = 0;

	if (failed)
		note_failure(run, event, unreachable);
	/* What a condition leaves out is as it should be, and so is what asks and sets nothing. */
	if (!failed && !unchecked && (is(outcome, "skipped") || !flag(event, "counted")))
		return 0;
	result->has_coverage = true;
	if (unchecked)
		result->unchecked++;
	else
		result->checked++;
	if (!run->check && flag(event, "changed"))
		result->modified++;
	code = add_row(run, event, outcome, err);
	return code == 0 && run->check ? add_diff(run, event, err) : code;
}

static int take_event(struct ansible_run *run, const struct hgt_node *event, struct hgt_error *err)
{
	const char *name = hgt_node_get_string(event, "event");

	if (is(name, "start"))
		return take_start(run, event, err);
	if (is(name, "task"))
		return take_task(run, event, err);
	if (is(name, "begin")) {
		hgt_buf_reset(&run->running);
		phrase(&run->running, hgt_node_get_string(event, "task"), NAME_MAX_BYTES);
		return hgt_buf_check(&run->running, err);
	}
	if (is(name, "trouble") && run->trouble.len == 0)
		phrase(&run->trouble, hgt_node_get_string(event, "message"), MESSAGE_MAX);
	if (is(name, "end")) {
		run->ended = true;
		run->hosts = number(event, "hosts");
	}
	return hgt_buf_check(&run->trouble, err);
}

int ansible_line(void *ctx, const char *line, size_t len, struct hgt_error *err)
{
	size_t mark = strlen(ANSIBLE_MARK);
	struct ansible_run *run = ctx;
	struct hgt_doc_set set;
	int code;

	if (len < mark || memcmp(line, ANSIBLE_MARK, mark) != 0)
		return 0;
	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(line + mark, len - mark, &set, err);
	/* Something has written in between, or past what a line may be. */
	if (code == HGT_EPARSE) {
		hgt_buf_reset(&run->trouble);
		hgt_buf_adds(&run->trouble, "a line of what it told cannot be read");
		code = hgt_buf_check(&run->trouble, err);
	} else if (code == 0) {
		code = take_event(run, set.docs[0].root, err);
	}
	hgt_doc_set_release(&set);
	return code;
}

/* What makes any run worth nothing. */
static int judge_run(const struct ansible_run *run, int exit_status, const char *said, struct hgt_error *err)
{
	const char *sign = *said ? ": " : "";

	if (run->old)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "ansible-core %s is too old: install " ANSIBLE_OLDEST " or newer, or name one by `command`",
			run->result->version.data);
	if (!run->started && exit_status == 0)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "the command ended well without a word of what it did: is it ansible-playbook?");
	if (!run->started)
		return hgt_error_set(err, HGT_EINVAL, "ansible-playbook ended with status %d before it ran anything%s%s", exit_status, sign, said);
	if (run->trouble.len > 0)
		return hgt_error_set(err, HGT_ECORRUPT, "not all that ansible-playbook did could be told: %s", run->trouble.data);
	if (!run->ended)
		return hgt_error_set(err, HGT_ECONFLICT, "ansible-playbook ended with status %d in the midst of it%s%s%s%s%s", exit_status,
			run->running.len ? ", at task \"" : "", run->running.data, run->running.len ? "\"" : "", sign, said);
	if (run->hosts == 0)
		return hgt_error_set(err, HGT_ENOENT, "no host of the inventory belongs to what the playbook is for, so nothing was done; look at "
			"`inventory` and `limit`");
	return 0;
}

int ansible_judge_check(struct ansible_run *run, int exit_status, const char *said, struct hgt_error *err)
{
	struct driver_result *result = run->result;
	int code = judge_run(run, exit_status, said, err);

	if (code < 0)
		return code;
	/* A block that rescues leaves status 0: what failed then has been counted as not compared. */
	if (exit_status != 0 && result->differing == 0)
		return run->failures > 0 ?
			hgt_error_set(err, HGT_ECONFLICT, "%s; what follows it was not compared", run->failure.data) :
			hgt_error_set(err, HGT_ECONFLICT, "ansible-playbook ended with status %d%s%s", exit_status, *said ? ": " : "", said);
	if (result->checked == 0 && result->unchecked > 0)
		return hgt_error_set(err, HGT_EUNSUPPORTED, "none of the %" PRIu64 " tasks can be compared: they have no check mode", result->unchecked);
	code = driver_difference_end(result, err);
	if (code == 0 && exit_status != 0 && run->failures > 0) {
		hgt_buf_addf(&result->difference, "; the comparison ended early: %s", run->failure.data);
		code = hgt_buf_check(&result->difference, err);
	}
	return code;
}

int ansible_judge_apply(struct ansible_run *run, int exit_status, const char *said, struct hgt_error *err)
{
	int code = judge_run(run, exit_status, said, err);

	if (code < 0 || exit_status == 0)
		return code;
	if (run->failures > 1)
		hgt_buf_addf(&run->failure, "; %" PRIu64 " more failed", run->failures - 1);
	return run->failures > 0 ?
		hgt_error_set(err, HGT_ECONFLICT, "%s; the hosts are as ansible-playbook left them", run->failure.data) :
		hgt_error_set(err, HGT_ECONFLICT, "ansible-playbook ended with status %d%s%s; the hosts are as it left them", exit_status,
			*said ? ": " : "", said);
}
