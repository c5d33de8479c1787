/* headgate install: the command line, and its report on each repository. */
#include "cli/commands.h"

#include <getopt.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "cli/terminal.h"
#include "config/config.h"
#include "headgate/protocol.h"
#include "install/install_repo.h"
#include "install/programs.h"
#include "install/push_options.h"

static const char usage[] =
	"usage: headgate install [-c CONFIG] [--layout auto|plain|gitlab|gitea] [--hooks-dir DIR] [--json] REPO...\n"
	"       headgate install --uninstall [--layout LAYOUT] [--json] REPO...\n"
	"\n"
	"Make Headgate's programs the pre-receive and post-receive hooks of bare Git repositories. A hook that is\n"
	"there already is kept as <hook>" HGT_CHAINED_SUFFIX " and runs after Headgate's. A second run changes nothing.\n"
	"\n"
	"  -c, --config CONFIG   the configuration that the hooks of these repositories read, by a link in each\n"
	"      --layout LAYOUT   whose hooks they are: plain, gitlab (custom_hooks), gitea (and Forgejo), or auto\n"
	"      --hooks-dir DIR   where headgate-pre-receive and headgate-post-receive are\n"
	"      --uninstall       remove the hooks, put back what was there\n"
	"      --json            report as JSON\n"
	"  -h, --help            print this\n";

struct options {
	const char *config;
	const char *hooks_dir;
	int layout;	/* enum hgt_layout, or -1: judge */
	bool uninstall;
	bool json;
};

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_LAYOUT = 256, OPT_UNINSTALL, OPT_HOOKS_DIR, OPT_JSON };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"layout", required_argument, NULL, OPT_LAYOUT},
		{"uninstall", no_argument, NULL, OPT_UNINSTALL},
		{"hooks-dir", required_argument, NULL, OPT_HOOKS_DIR},
		{"json", no_argument, NULL, OPT_JSON},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":c:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case OPT_LAYOUT:
			o->layout = hgt_layout_parse(optarg);
			if (o->layout < 0 && strcmp(optarg, "auto") != 0)
				return terminal_usage_error("install",
					"--layout is auto, plain, gitlab or gitea, not", optarg);
			break;
		case OPT_UNINSTALL:
			o->uninstall = true;
			break;
		case OPT_HOOKS_DIR:
			o->hooks_dir = optarg;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return HGT_EXIT_OK;
		default:
			return terminal_option_error("install", c, argv[optind - 1]);
		}
	}
	return optind < argc ? -1 : terminal_usage_error("install", "which repositories?", NULL);
}

static void add_hook_names(struct hgt_buf *line, const struct hgt_install_report *report, enum hgt_install_change change,
	const char *verb)
{
	const char *separator = verb;

	for (size_t i = 0; i < HGT_INSTALL_HOOKS; i++) {
		if (report->hooks[i].change != change)
			continue;
		hgt_buf_addf(line, "%s%s", separator, hgt_install_hook_names[i]);
		separator = ", ";
	}
	if (separator != verb)
		hgt_buf_adds(line, "; ");
}

/* "REPO: gitea hooks: installed pre-receive, post-receive" and what else there is to say, in one line. */
static int tell(const struct hgt_install_report *report, bool uninstall)
{
	struct hgt_buf line = HGT_BUF_INIT;
	size_t start;
	int status;

	hgt_escape_str(&line, report->repo);
	hgt_buf_addf(&line, ": %s hooks: ", hgt_layout_name(report->layout));
	start = line.len;
	for (int change = 0; change < HGT_INSTALL_CHANGE_COUNT; change++) {
		struct hgt_buf verb = HGT_BUF_INIT;

		if (change == HGT_INSTALL_NOTHING)
			continue;
		hgt_buf_addf(&verb, "%s ", hgt_install_change_name((enum hgt_install_change)change));
		add_hook_names(&line, report, (enum hgt_install_change)change, verb.data);
		if (report->config == (enum hgt_install_change)change)
			hgt_buf_addf(&line, "%s config; ", hgt_install_change_name((enum hgt_install_change)change));
		if (report->push_options == (enum hgt_install_change)change)
			hgt_buf_addf(&line, "%s " HGT_PUSH_OPTIONS_KEY "; ", hgt_install_change_name((enum hgt_install_change)change));
		hgt_buf_release(&verb);
	}
	if (line.len == start)
		hgt_buf_addf(&line, "%s installed, nothing to do; ", uninstall ? "not" : "already");
	for (size_t i = 0; i < HGT_INSTALL_HOOKS; i++)
		if (report->hooks[i].chained && !uninstall)
			hgt_buf_addf(&line, "%s" HGT_CHAINED_SUFFIX " runs after ours; ", hgt_install_hook_names[i]);
	hgt_buf_truncate(&line, line.len - 2);
	hgt_buf_addc(&line, '\n');
	status = terminal_print(line.data);
	hgt_buf_release(&line);
	return status;
}

static void report_json(struct hgt_json *json, const struct hgt_install_report *report, const struct hgt_error *err)
{
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "repo", report->repo);
	hgt_json_key_string(json, "error", err ? err->message : NULL);
	if (!err) {
		hgt_json_key_string(json, "layout", hgt_layout_name(report->layout));
		hgt_json_key(json, "hooks");
		hgt_json_begin_array(json);
		for (size_t i = 0; i < HGT_INSTALL_HOOKS; i++) {
			hgt_json_begin_object(json);
			hgt_json_key_string(json, "hook", hgt_install_hook_names[i]);
			hgt_json_key_string(json, "path", report->hooks[i].path.data);
			hgt_json_key_string(json, "change", hgt_install_change_name(report->hooks[i].change));
			hgt_json_key_bool(json, "chained", report->hooks[i].chained);
			hgt_json_end_object(json);
		}
		hgt_json_end_array(json);
		hgt_json_key_string(json, "config", hgt_install_change_name(report->config));
		hgt_json_key_string(json, "push_options", hgt_install_change_name(report->push_options));
	}
	hgt_json_end_object(json);
}

/* The config must be good, or every push to these repositories would be refused. path gets its absolute path,
 * links in it kept: they are how an administrator moves it. */
static int check_config(const char *given, struct hgt_buf *path, struct hgt_config **config, struct hgt_error *err)
{
	int code = hgt_config_load(given, config, err);

	if (code == 0 && *given != '/') {
		char *here = getcwd(NULL, 0);

		if (!here)
			return hgt_error_set_errno(err, "cannot tell the current folder");
		hgt_buf_addf(path, "%s/", here);
		free(here);
	}
	hgt_buf_adds(path, given);
	return code < 0 ? code : hgt_buf_check(path, err);
}

/* Why nobody can ask to wait there, where that is so. */
static void tell_push_options(const char *repo, const struct hgt_install_report *report)
{
	if (report->push_options_off)
		terminal_complain(repo, "its config says no to " HGT_PUSH_OPTIONS_KEY ": nobody can git push -o headgate.wait to it");
	if (report->push_options_trouble.code < 0)
		terminal_complain(repo, report->push_options_trouble.message);
}

int install_main(int argc, char **argv)
{
	struct options o = {.layout = -1};
	struct hgt_buf programs = HGT_BUF_INIT, config_path = HGT_BUF_INIT, out = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&out);
	struct hgt_config *config = NULL;
	struct hgt_install_plan plan = {0};
	struct hgt_error err = {0};
	int status = read_options(argc, argv, &o);

	if (status >= 0)
		return status;
	status = HGT_EXIT_OK;
	plan.layout = o.layout;
	if (!o.uninstall && (hgt_hook_programs(o.hooks_dir, &programs, &err) < 0 ||
		(o.config && check_config(o.config, &config_path, &config, &err) < 0))) {
		terminal_complain("install", err.message);
		status = HGT_EXIT_TROUBLE;
		goto out;
	}
	plan.programs = programs.data;
	plan.config = config;
	plan.config_path = config_path.data;
	hgt_json_begin_array(&json);
	for (int i = optind; i < argc; i++) {
		struct hgt_install_report report;
		int code;

		hgt_install_report_init(&report, argv[i]);
		code = (o.uninstall ? hgt_install_remove : hgt_install_repo)(argv[i], &plan, &report, &err);
		if (code < 0) {
			terminal_complain(argv[i], err.message);
			status = HGT_EXIT_TROUBLE;
		} else if (report.not_served) {
			terminal_complain(argv[i],
				"the config leaves this repository out: its pushes pass unchecked and are not announced");
		}
		if (code == 0)
			tell_push_options(argv[i], &report);
		if (o.json)
			report_json(&json, &report, code < 0 ? &err : NULL);
		else if (code == 0 && tell(&report, o.uninstall))
			status = HGT_EXIT_TROUBLE;
		hgt_install_report_release(&report);
	}
	hgt_json_end_array(&json);
	hgt_buf_addc(&out, '\n');
	if (o.json && terminal_print(out.data))
		status = HGT_EXIT_TROUBLE;
out:
	hgt_config_free(config);
	hgt_buf_release(&out);
	hgt_buf_release(&config_path);
	hgt_buf_release(&programs);
	return status;
}
