/* The driver ansible: its calls of ansible-playbook. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/ansible_private.h"
#include "agent/lines.h"
#include "agent/tool.h"
#include "base/io.h"

static void add_place(struct hgt_buf *out, const char *what, const char *value)
{
	if (value)
		hgt_buf_addf(out, " %s=%s", what, value);
}

static void place(const struct hgt_agent_target *target, struct hgt_buf *out)
{
	hgt_buf_addf(out, "ansible %s", target->ansible.playbook);
	for (size_t i = 0; i < target->ansible.inventory.n; i++)
		add_place(out, "inventory", target->ansible.inventory.items[i]);
	add_place(out, "limit", target->ansible.limit);
}

/* The plugin where ansible-playbook finds it; written anew each time, since another version of the agent has another. */
static int place_plugin(const char *folder, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&path, "%s/" ANSIBLE_PLUGIN ".py", folder);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = hgt_write_file(path.data, ansible_events, (size_t)(ansible_events_end - ansible_events), 0600, err);
	hgt_buf_release(&path);
	return code;
}

/* Its own folders: of the plugin, and of temporary files, among which are those that a vault has been opened into. */
static int prepare_folders(struct tool *tool, const struct driver_order *order, struct hgt_buf *temporary, struct hgt_error *err)
{
	struct hgt_buf plugins = HGT_BUF_INIT;
	int code = tool_folder(order, "ansible/plugins", &plugins, err);

	if (code == 0)
		code = place_plugin(plugins.data, err);
	if (code == 0)
		code = tool_folder(order, "ansible/tmp", temporary, err);
	tool_env(tool, "ANSIBLE_CALLBACK_PLUGINS=%s", plugins.data);
	tool_env(tool, "ANSIBLE_LOCAL_TEMP=%s", temporary->data);
	hgt_buf_release(&plugins);
	return code;
}

/* A word and the path of a file that the options name. */
static int add_file(struct tool *tool, const struct driver_order *order, const char *before, const char *name, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code = tool_path(order, NULL, name, &path, err);

	tool_word(tool, "%s%s", before, path.data);
	hgt_buf_release(&path);
	return code;
}

static int add_inventory(struct tool *tool, const struct driver_order *order, const char *name, struct hgt_error *err)
{
	if (!strchr(name, ','))
		return add_file(tool, order, "--inventory=", name, err);
	tool_word(tool, "--inventory=%s", name);
	return 0;
}

static int prepare_words(struct tool *tool, const struct driver_order *order, bool check, struct hgt_error *err)
{
	const struct hgt_agent_target *target = order->target;
	int code = 0;

	if (check) {
		tool_word(tool, "--check");
		tool_word(tool, "--diff");
	}
	for (size_t i = 0; i < target->ansible.inventory.n && code == 0; i++)
		code = add_inventory(tool, order, target->ansible.inventory.items[i], err);
	for (size_t i = 0; i < target->ansible.extra_vars.n && code == 0; i++)
		code = add_file(tool, order, "--extra-vars=@", target->ansible.extra_vars.items[i], err);
	if (code == 0 && target->ansible.vault_password_file)
		code = add_file(tool, order, "--vault-password-file=", target->ansible.vault_password_file, err);
	if (target->ansible.limit)
		tool_word(tool, "--limit=%s", target->ansible.limit);
	if (target->ansible.user)
		tool_word(tool, "--user=%s", target->ansible.user);
	if (target->ansible.become)
		tool_word(tool, "--become");
	return code == 0 ? add_file(tool, order, "", target->ansible.playbook, err) : code;
}

static void prepare_environment(struct tool *tool)
{
	tool_env(tool, "ANSIBLE_STDOUT_CALLBACK=" ANSIBLE_PLUGIN);
	tool_env(tool, "ANSIBLE_NOCOLOR=1");
	tool_env(tool, "ANSIBLE_FORCE_COLOR=0");
	tool_env(tool, "ANSIBLE_RETRY_FILES_ENABLED=0");
	/* Nobody is there to be asked. */
	tool_env(tool, "ANSIBLE_ASK_PASS=0");
	tool_env(tool, "ANSIBLE_BECOME_ASK_PASS=0");
	tool_env(tool, "ANSIBLE_ASK_VAULT_PASS=0");
	/* It refuses to work where text is not UTF-8. */
	tool_env(tool, "LC_ALL=C.UTF-8");
	/* The tree's own plugins leave nothing behind in the tree. */
	tool_env(tool, "PYTHONDONTWRITEBYTECODE=1");
}

/* One run of the playbook, heard to its end. */
static int run_playbook(const struct driver_order *order, struct tool *tool, struct ansible_run *run, struct hgt_error *err)
{
	struct lines lines = {.max = ANSIBLE_LINE_MAX, .take = ansible_line, .ctx = run};
	struct hgt_buf temporary = HGT_BUF_INIT;
	int code = prepare_words(tool, order, run->check, err);

	/* What the options name and the tree lacks, this revision will always lack. */
	run->result->permanent = code == HGT_ENOENT;
	prepare_environment(tool);
	if (code == 0)
		code = prepare_folders(tool, order, &temporary, err);
	tool->job.take = lines_take;
	tool->job.ctx = &lines;
	if (code == 0)
		code = tool_run(tool, err);
	if (code == 0)
		code = lines_end(&lines, err);
	if (code == 0 && lines.left_out > 0)
		hgt_buf_adds(&run->trouble, "a line of what it told is too long");
	/* Whatever it left there because it was killed. */
	if (temporary.len > 0 && !temporary.failed)
		tool_remove(temporary.data);
	lines_release(&lines);
	hgt_buf_release(&temporary);
	return code;
}

static int judge(struct tool *tool, struct ansible_run *run, struct hgt_error *err)
{
	struct hgt_buf at = HGT_BUF_INIT;
	const struct job_result *ended = &tool->result;
	bool killed = ended->timed_out || ended->stopped || (ended->exit_status >= JOB_NOT_RUN && ended->exit_status <= 128 + SIGRTMAX);
	const char *said;
	int code;

	run->result->ran = !ended->stopped && !ended->timed_out;
	run->result->exit_status = ended->exit_status;
	if (run->running.len > 0)
		hgt_buf_addf(&at, "at task \"%s\"", run->running.data);
	code = tool_judge(tool, at.len > 0 ? at.data : NULL, NULL, run->result, err);
	if (!killed) {
		/* Where a task has failed, that is what is told; what the tool says beside it may show what a vault holds. */
		if (run->failures > 0)
			hgt_buf_reset(&run->result->output);
		hgt_buf_reset(&at);
		tool_last_word(&run->result->output, &at);
		said = at.failed ? "" : at.data;
		code = run->check ? ansible_judge_check(run, ended->exit_status, said, err) :
			ansible_judge_apply(run, ended->exit_status, said, err);
	}
	hgt_buf_release(&at);
	return code;
}

static int run_and_judge(const struct driver_order *order, bool check, uint32_t seconds, struct driver_result *result,
	struct hgt_error *err)
{
	struct ansible_run run;
	struct tool tool;
	int code;

	ansible_run_init(&run, check, result);
	tool_init(&tool, order, order->target->ansible.command);
	tool.job.limit_ms = (int)seconds * 1000;
	code = run_playbook(order, &tool, &run, err);
	if (code == 0)
		code = judge(&tool, &run, err);
	tool_release(&tool);
	ansible_run_release(&run);
	return code;
}

static int compare(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	return run_and_judge(order, true, order->target->ansible.compare_timeout, result, err);
}

static int apply(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	return run_and_judge(order, false, order->target->ansible.apply_timeout, result, err);
}

const struct driver ansible_driver = {.name = "ansible", .from_checkout = true, .place = place, .compare = compare, .apply = apply};
