/*
 * The driver exec: two commands of the administrator's. `compare` ends with 0 when the target is as the tree has it and with 2 when it is
 * not; what it says on stdout then is the difference. `apply` makes it so. Both run in the tree's folder.
 */
#include <ctype.h>
#include <string.h>

#include "agent/tool.h"

#define SAME 0
#define DIFFERS 2

static void place(const struct hgt_agent_target *target, struct hgt_buf *out)
{
	hgt_buf_adds(out, "exec");
	for (size_t i = 0; i < target->exec.apply.n; i++)
		hgt_buf_addf(out, " %s", target->exec.apply.items[i]);
}

/* HEADGATE_LABEL_DATA_CENTER for the label data-center. */
static void add_label(struct tool *tool, const struct hgt_label *label)
{
	struct hgt_buf name = HGT_BUF_INIT;

	for (const char *c = label->name; *c; c++)
		hgt_buf_addc(&name, isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_');
	tool_env(tool, "HEADGATE_LABEL_%s=%s", name.data, label->value);
	tool->env.failed |= name.failed;
	hgt_buf_release(&name);
}

static void prepare(struct tool *tool, const struct driver_order *order, const struct hgt_strings *argv, uint32_t seconds)
{
	const struct hgt_agent_target *target = order->target;
	const struct hgt_strings rest = {argv->items + 1, argv->n - 1};

	tool_init(tool, order, argv->items[0]);
	tool_strings(tool, &rest);
	tool_env(tool, "HEADGATE_REPO=%s", target->repo);
	tool_env(tool, "HEADGATE_REF=%s", target->ref);
	tool_env(tool, "HEADGATE_REVISION=%s", order->revision);
	tool_env(tool, "HEADGATE_TARGET=%s", target->name);
	tool_env(tool, "HEADGATE_PATH=%s", target->path);
	for (size_t i = 0; i < target->labels.n; i++)
		add_label(tool, &target->labels.items[i]);
	tool->job.limit_ms = (int)seconds * 1000;
}

/* Of the difference, no more is kept than a result takes; the command may say on. */
static int take_difference(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct hgt_buf *said = ctx;
	size_t room = DRIVER_DIFF_MAX + 1 - said->len;

	hgt_buf_add(said, data, len < room ? len : room);
	return hgt_buf_check(said, err);
}

static int tell_difference(struct hgt_buf *said, struct driver_result *result, struct hgt_error *err)
{
	const char *end;
	int code;

	if (said->len > DRIVER_DIFF_MAX) {
		end = memrchr(said->data, '\n', DRIVER_DIFF_MAX);
		hgt_buf_truncate(said, end ? (size_t)(end - said->data) + 1 : 0);
		result->diff_cut = true;
	}
	code = secrets_hide_in(NULL, said, &result->redacted, err);
	if (code == 0)
		driver_add_diff(result, said->data, said->len);
	driver_differs(result, "the target", "is not as the tree has it, says the command of `compare`");
	return code == 0 ? driver_difference_end(result, err) : code;
}

static int compare(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	struct hgt_buf said = HGT_BUF_INIT;
	struct tool tool;
	int code;

	prepare(&tool, order, &order->target->exec.compare, order->target->exec.compare_timeout);
	tool.job.take = take_difference;
	tool.job.ctx = &said;
	code = tool_run(&tool, err);
	result->ran = code == 0;
	result->exit_status = tool.result.exit_status;
	if (code == 0 && !tool.result.timed_out && !tool.result.stopped && tool.result.exit_status == DIFFERS)
		code = tell_difference(&said, result, err);
	else if (code == 0)
		code = tool_judge(&tool, "compare", NULL, result, err);
	hgt_buf_release(&said);
	tool_release(&tool);
	return code;
}

static int apply(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	struct tool tool;
	int code;

	prepare(&tool, order, &order->target->exec.apply, order->target->exec.apply_timeout);
	code = tool_run(&tool, err);
	if (code == 0) {
		result->ran = true;
		result->exit_status = tool.result.exit_status;
		code = tool_judge(&tool, "the target is as the command of `apply` left it", NULL, result, err);
	}
	tool_release(&tool);
	return code;
}

const struct driver exec_driver = {.name = "exec", .from_checkout = true, .place = place, .compare = compare, .apply = apply};
