/* The driver terraform: its calls of terraform or tofu. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/lines.h"
#include "agent/terraform_private.h"
#include "agent/tool.h"
#include "base/io.h"
#include "base/log.h"
#include "doc/doc.h"

#define OLDEST_MAJOR 1
#define OLDEST_MINOR 4
#define VERSION_SECONDS 60
#define VERSION_MAX (64 * 1024)
#define READY_MAX (64 * 1024)
#define DIFFERS 2	/* the status of `plan -detailed-exitcode` */

/* One comparison or one apply. */
struct session {
	const struct driver_order *order;
	struct driver_result *result;
	struct terraform_place place;
	struct terraform_run run;
	struct secrets secrets;
	struct hgt_buf show;	/* the plan as JSON */
	uint32_t seconds;	/* for each step */
};

static void place(const struct hgt_agent_target *target, struct hgt_buf *out)
{
	hgt_buf_addf(out, "terraform %s", target->terraform.folder);
	if (target->terraform.workspace)
		hgt_buf_addf(out, " workspace=%s", target->terraform.workspace);
	if (target->terraform.state_file)
		hgt_buf_addf(out, " state=%s", target->terraform.state_file);
	for (size_t i = 0; i < target->terraform.backend_config.n; i++)
		hgt_buf_addf(out, " backend=%s", target->terraform.backend_config.items[i]);
}

/* What it knew of the old backend would have it ask whether the state is to move. The state is nobody's to move here. */
static void forget(const struct driver_order *order)
{
	static const char *const names[] = {"data", "work"};
	struct hgt_buf path = HGT_BUF_INIT;

	for (size_t i = 0; i < 2; i++) {
		hgt_buf_reset(&path);
		hgt_buf_addf(&path, "%s/terraform/%s", order->folder, names[i]);
		if (!path.failed)
			tool_remove(path.data);
	}
	hgt_buf_reset(&path);
	hgt_buf_addf(&path, "%s/terraform/ready", order->folder);
	if (!path.failed)
		unlink(path.data);
	hgt_buf_release(&path);
}

static void session_init(struct session *s, const struct driver_order *order, struct driver_result *result, uint32_t seconds)
{
	memset(s, 0, sizeof(*s));
	s->order = order;
	s->result = result;
	s->seconds = seconds;
	s->secrets = (struct secrets)SECRETS_INIT;
	terraform_place_init(&s->place);
	terraform_run_init(&s->run);
	hgt_buf_init(&s->show);
}

static void session_release(struct session *s)
{
	/* It holds whatever the plan holds, secrets too. */
	if (s->place.plan.len > 0 && unlink(s->place.plan.data) < 0 && errno != ENOENT)
		hgt_log(HGT_LOG_WARNING, "driver", "a plan cannot be removed", HGT_S("file", s->place.plan.data), HGT_S("reason", strerror(errno)));
	terraform_place_release(&s->place);
	terraform_run_release(&s->run);
	secrets_release(&s->secrets);
	hgt_buf_release(&s->show);
}

static void step_init(const struct session *s, struct tool *tool, const char *verb)
{
	tool_init(tool, s->order, s->order->target->terraform.command);
	tool_word(tool, "%s", verb);
	/* It takes a first one for a wish to end in good order, with the state written. */
	tool->job.stop_signal = SIGINT;
	tool->job.limit_ms = (int)s->seconds * 1000;
	tool->job.folder = s->place.module.len ? s->place.module.data : NULL;
	tool_env(tool, "TF_IN_AUTOMATION=1");
	tool_env(tool, "TF_INPUT=0");
	tool_env(tool, "CHECKPOINT_DISABLE=1");
	if (s->place.data.len)
		tool_env(tool, "TF_DATA_DIR=%s", s->place.data.data);
	if (s->place.plugins.len)
		tool_env(tool, "TF_PLUGIN_CACHE_DIR=%s", s->place.plugins.data);
}

static int keep_some(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct hgt_buf *said = ctx;
	size_t room = VERSION_MAX - said->len;

	hgt_buf_add(said, data, len < room ? len : room);
	return hgt_buf_check(said, err);
}

static int judge_version(const struct session *s, const char *text, size_t len, struct hgt_error *err)
{
	const char *command = s->order->target->terraform.command, *version;
	unsigned major = 0, minor = 0;
	struct hgt_doc_set set;
	int code;

	hgt_doc_set_init(&set);
	code = hgt_json_parse_message(text, len, &set, err);
	version = code == 0 ? hgt_node_get_string(set.docs[0].root, "terraform_version") : NULL;
	if (code == HGT_EPARSE || (code == 0 && (!version || sscanf(version, "%u.%u", &major, &minor) != 2))) {
		code = hgt_error_set(err, HGT_EUNSUPPORTED, "%s does not tell its version: is it terraform or tofu?", command);
	} else if (code == 0) {
		tool_phrase(&s->result->version, version, strlen(version), 60);
		code = hgt_buf_check(&s->result->version, err);
		if (code == 0 && (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)))
			code = hgt_error_set(err, HGT_EUNSUPPORTED, "%s %s is too old: install %d.%d or newer, or name one by `command`", command,
				s->result->version.data, OLDEST_MAJOR, OLDEST_MINOR);
	}
	hgt_doc_set_release(&set);
	return code;
}

static int check_version(const struct session *s, struct hgt_error *err)
{
	struct hgt_buf said = HGT_BUF_INIT;
	struct tool tool;
	int code;

	step_init(s, &tool, "version");
	tool_word(&tool, "-json");
	tool.job.limit_ms = VERSION_SECONDS * 1000;
	tool.job.take = keep_some;
	tool.job.ctx = &said;
	code = tool_run(&tool, err);
	if (code == 0)
		code = tool_judge(&tool, NULL, NULL, s->result, err);
	if (code == 0)
		code = judge_version(s, said.data, said.len, err);
	tool_release(&tool);
	hgt_buf_release(&said);
	return code;
}

/* A word with the path of a file that the options name. */
static int add_file(const struct session *s, struct tool *tool, const char *before, const char *name, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code = tool_path(s->order, NULL, name, &path, err);

	tool_word(tool, "%s%s", before, path.data);
	s->result->permanent |= code == HGT_ENOENT;
	hgt_buf_release(&path);
	return code;
}

/* What the last good `init` was for; a change in any of it asks for another. */
static void describe_ready(const struct session *s, const struct tool *tool, struct hgt_buf *out)
{
	hgt_buf_addf(out, "%s\n%s\n%s\n", s->order->revision, s->result->version.data, s->order->target->terraform.folder);
	for (size_t i = 0; i < tool->words.n; i++)
		hgt_buf_addf(out, "%s\n", tool->words.items[i]);
}

static bool is_ready(const struct session *s, const struct hgt_buf *wanted)
{
	struct hgt_buf text = HGT_BUF_INIT;
	bool same = hgt_read_file(s->place.ready.data, READY_MAX, &text, NULL) == 0 && strcmp(text.data, wanted->data) == 0;

	hgt_buf_release(&text);
	return same;
}

static int run_init(const struct session *s, struct tool *tool, struct hgt_error *err)
{
	int code;

	unlink(s->place.ready.data);
	code = tool_run(tool, err);
	if (code == 0)
		code = tool_judge(tool, "init", NULL, s->result, err);
	if (code == 0)
		code = terraform_keep_lock(&s->place, err);
	return code == 0 ? terraform_check_backend(s->order, &s->place, err) : code;
}

static int init(const struct session *s, struct hgt_error *err)
{
	const struct hgt_agent_target *target = s->order->target;
	struct hgt_buf wanted = HGT_BUF_INIT;
	struct tool tool;
	int code = 0;

	step_init(s, &tool, "init");
	tool_word(&tool, "-input=false");
	tool_word(&tool, "-no-color");
	if (s->place.locked)
		tool_word(&tool, "-lockfile=readonly");
	for (size_t i = 0; i < target->terraform.backend_config.n && code == 0; i++)
		code = add_file(s, &tool, "-backend-config=", target->terraform.backend_config.items[i], err);
	describe_ready(s, &tool, &wanted);
	if (code == 0)
		code = hgt_buf_check(&wanted, err);
	if (code == 0 && !is_ready(s, &wanted)) {
		code = run_init(s, &tool, err);
		if (code == 0)
			code = hgt_write_file(s->place.ready.data, wanted.data, wanted.len, 0600, err);
	}
	tool_release(&tool);
	hgt_buf_release(&wanted);
	return code;
}

/* A comparison makes no workspace; that changes the backend. */
static int choose_workspace(const struct session *s, bool make, struct hgt_error *err)
{
	const char *name = s->order->target->terraform.workspace;
	struct tool tool;
	int code;

	if (!name)
		return 0;
	step_init(s, &tool, "workspace");
	tool_word(&tool, "select");
	if (make)
		tool_word(&tool, "-or-create");
	tool_word(&tool, "%s", name);
	code = tool_run(&tool, err);
	if (code == 0)
		code = tool_judge(&tool, "workspace", NULL, s->result, err);
	tool_release(&tool);
	return code;
}

static void add_common(const struct session *s, struct tool *tool)
{
	const struct hgt_agent_target *target = s->order->target;

	tool_word(tool, "-input=false");
	tool_word(tool, "-no-color");
	tool_word(tool, "-json");
	tool_word(tool, "-lock-timeout=%us", target->terraform.lock_timeout);
	if (target->terraform.parallelism)
		tool_word(tool, "-parallelism=%u", target->terraform.parallelism);
}

/* What failed, by what it told itself; else by its status and what it said beside. */
static int judge_run(struct session *s, const struct tool *tool, const char *what, struct hgt_error *err)
{
	struct hgt_buf sentence = HGT_BUF_INIT;
	struct hgt_error own = {0};
	int code = tool_judge(tool, what, &s->secrets, s->result, &own);

	terraform_sentence(&s->run, &s->secrets, &sentence);
	if (code < 0 && sentence.len > 0 && !tool->result.timed_out && !tool->result.stopped)
		hgt_error_set(err, code, "%s: %s", what, sentence.data);
	else if (code < 0)
		hgt_error_set(err, code, "%s", own.message);
	hgt_buf_release(&sentence);
	return code;
}

static int run_told(struct session *s, struct tool *tool, struct hgt_error *err)
{
	struct lines lines = {.max = TERRAFORM_LINE_MAX, .take = terraform_line, .ctx = &s->run};
	int code;

	tool->job.take = lines_take;
	tool->job.ctx = &lines;
	code = tool_run(tool, err);
	if (code == 0)
		code = lines_end(&lines, err);
	lines_release(&lines);
	return code;
}

static int take_plan(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct hgt_buf *text = ctx;

	if (text->len + len > hgt_doc_default_limits.bytes)
		return hgt_error_set(err, HGT_ELIMIT, "the plan is larger than %zu bytes", hgt_doc_default_limits.bytes);
	hgt_buf_add(text, data, len);
	return hgt_buf_check(text, err);
}

/* What the plan holds. Where it cannot be had, nothing is shown of it; what it comes to is known all the same. */
static int show(struct session *s, bool diff, struct hgt_error *err)
{
	struct hgt_error own = {0};
	struct tool tool;
	int code;

	step_init(s, &tool, "show");
	tool_word(&tool, "-no-color");
	tool_word(&tool, "-json");
	tool_word(&tool, "%s", s->place.plan.data);
	tool.job.take = take_plan;
	tool.job.ctx = &s->show;
	code = tool_run(&tool, &own);
	if (code == 0)
		code = tool_judge(&tool, "show", NULL, s->result, &own);
	if (code == 0)
		code = terraform_read_plan(s->show.data, s->show.len, diff, &s->secrets, s->result, &own);
	if (code == HGT_ELIMIT || code == HGT_EPARSE) {
		hgt_log(HGT_LOG_WARNING, "driver", "a plan is not shown", HGT_S("target", s->order->target->name), HGT_S("reason", own.message));
		s->secrets.failed = true;
		s->result->diff_cut = true;
		code = 0;
	} else if (code < 0) {
		hgt_error_set(err, code, "%s", own.message);
	}
	tool_release(&tool);
	hgt_buf_release(&s->show);
	return code;
}

/* The file is there before the tool writes it, so that it is nobody else's from the first byte on. */
static int make_plan_file(const struct session *s, struct hgt_error *err)
{
	int fd;

	unlink(s->place.plan.data);
	fd = open(s->place.plan.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return hgt_error_set_errno(err, "cannot make %s", s->place.plan.data);
	close(fd);
	return 0;
}

/* 1 when it would change something. */
static int plan(struct session *s, bool diff, struct hgt_error *err)
{
	const struct hgt_agent_target *target = s->order->target;
	struct tool tool;
	int code = make_plan_file(s, err), shown;
	bool differs;

	step_init(s, &tool, "plan");
	add_common(s, &tool);
	tool_word(&tool, "-detailed-exitcode");
	tool_word(&tool, "-out=%s", s->place.plan.data);
	for (size_t i = 0; i < target->terraform.var_files.n && code == 0; i++)
		code = add_file(s, &tool, "-var-file=", target->terraform.var_files.items[i], err);
	if (code == 0)
		code = run_told(s, &tool, err);
	differs = code == 0 && !tool.result.timed_out && !tool.result.stopped && tool.result.exit_status == DIFFERS;
	if (code == 0 && !differs)
		code = judge_run(s, &tool, "plan", err);
	/* It may be that it cannot work with what `init` has left. */
	if (code < 0)
		unlink(s->place.ready.data);
	tool_release(&tool);
	if (code < 0)
		return code;
	shown = show(s, diff, err);
	return shown < 0 ? shown : differs;
}

static int prepare(struct session *s, bool make_workspace, struct hgt_error *err)
{
	int code = check_version(s, err);

	if (code == 0) {
		code = terraform_make_place(s->order, &s->place, err);
		s->result->permanent |= code == HGT_ENOENT || code == HGT_ECONFLICT;
	}
	if (code == 0)
		code = init(s, err);
	return code == 0 ? choose_workspace(s, make_workspace, err) : code;
}

/* The plan has its resources in order; the words of the run come as they come. */
static const struct driver_resource *first_row(const struct driver_result *result)
{
	for (size_t i = 0; i < result->n_resources; i++)
		if (strcmp(result->resources[i].sync, "Synced") != 0 && strcmp(result->resources[i].sync, "Unknown") != 0)
			return &result->resources[i];
	return NULL;
}

static int tell_difference(struct session *s, struct hgt_error *err)
{
	const struct driver_resource *row = first_row(s->result);

	if (s->run.planned == 0)
		driver_differs(s->result, "an output", "would change");
	else if (row)
		driver_differs(s->result, row->name, row->message);
	else
		driver_differs(s->result, s->run.first.data, s->run.first_action);
	if (s->run.planned > 1)
		s->result->differing = s->run.planned;
	return driver_difference_end(s->result, err);
}

static int compare(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	struct session s;
	int code;

	session_init(&s, order, result, order->target->terraform.compare_timeout);
	code = prepare(&s, false, err);
	if (code == 0)
		code = plan(&s, true, err);
	if (code == 1)
		code = tell_difference(&s, err);
	session_release(&s);
	return code;
}

/* Exactly what has been planned. */
static int apply_plan(struct session *s, struct hgt_error *err)
{
	struct tool tool;
	int code;

	step_init(s, &tool, "apply");
	add_common(s, &tool);
	tool_word(&tool, "%s", s->place.plan.data);
	code = run_told(s, &tool, err);
	if (code == 0) {
		s->result->ran = true;
		s->result->exit_status = tool.result.exit_status;
		code = judge_run(s, &tool, "apply", err);
	}
	s->result->added = s->run.added;
	s->result->modified = s->run.changed;
	s->result->removed = s->run.removed;
	tool_release(&tool);
	return code;
}

/* After an apply every resource is as the plan had it, and what was to go has gone. */
static void settle_rows(struct driver_result *result)
{
	size_t kept = 0;

	for (size_t i = 0; i < result->n_resources; i++) {
		struct driver_resource *row = &result->resources[i];
		bool gone = strcmp(row->sync, "Extra") == 0;

		free(row->message);
		row->message = NULL;
		row->sync = "Synced";
		if (gone)
			free(row->name);
		else
			result->resources[kept++] = *row;
	}
	result->resources_total -= result->n_resources - kept;
	result->n_resources = kept;
	result->checked = result->resources_total;
	result->unchecked = 0;
}

static int apply(const struct driver_order *order, struct driver_result *result, struct hgt_error *err)
{
	struct session s;
	int code;

	session_init(&s, order, result, order->target->terraform.apply_timeout);
	code = prepare(&s, true, err);
	if (code == 0)
		code = plan(&s, false, err);
	if (code == 1) {
		code = apply_plan(&s, err);
		if (code == 0)
			settle_rows(result);
		else if (err)
			hgt_error_prefix(err, "%" PRIu64 " added, %" PRIu64 " changed, %" PRIu64 " destroyed, which stays and is in the state; then",
				result->added, result->modified, result->removed);
	}
	session_release(&s);
	return code;
}

const struct driver terraform_driver = {.name = "terraform", .from_checkout = true, .place = place, .forget = forget, .compare = compare,
	.apply = apply};
