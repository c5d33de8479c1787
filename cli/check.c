/* headgate check: the gate's engine over files, standard input or a revision. */
#include <getopt.h>

#include "base/ahead.h"
#include "check/report.h"
#include "cli/check_input.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "git/repository.h"
#include "headgate/protocol.h"
#include "pack/choice.h"

static const char usage[] =
	"usage: headgate check [--as CLASS] [--strict] [--format FORMAT] [PATH...]\n"
	"       headgate check --rev REV [--against OLD] [--repo DIR] [...] [PATH...]\n"
	"       headgate check [--stdin-name NAME] [...] -\n"
	"\n"
	"Judge files as the gate judges a push. A PATH is a file or a folder, - is standard input; with none, the current\n"
	"folder. What is found goes to standard output.\n"
	"\n"
	"      --rev REV          the files of a revision; a PATH is then one from its root\n"
	"      --against OLD      only what has changed since the revision OLD, compared with what it was\n"
	"      --repo DIR         of this repository, not the one around the current folder\n"
	"      --as CLASS         what the files are: kubernetes, yaml, ... (--as help lists them); else name and content tell\n"
	"      --strict           a warning is an error\n"
	"      --kubernetes-version 1.NN\n"
	"                         what the objects are for; else the newest version that is known here\n"
	"      --schemas PACK     hold objects against this pack besides Kubernetes' own: a name that \"headgate schema list\"\n"
	"                         tells, or a path; may be given again. Without it, every pack that is found\n"
	"      --format FORMAT    text (the default), json, sarif, junit, or github: commands of a GitHub workflow\n"
	"      --stdin-name NAME  the path that standard input has, for its class and for what is told\n"
	"  -h, --help             print this\n"
	"\n"
	"Exit status: 0 no errors found, 1 errors found, 2 could not tell.\n";

/* All findings are told, up to a number that nobody reads. */
enum { FINDINGS_MAX = 100000 };

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF, FORMAT_JUNIT, FORMAT_GITHUB, FORMAT_COUNT };

static const char *const format_names[FORMAT_COUNT] = {"text", "json", "sarif", "junit", "github"};

struct options {
	const char *rev, *against, *repo, *stdin_name;
	char **packs;		/* at most as many as there are arguments */
	size_t n_packs;
	unsigned kubernetes;	/* minor version */
	enum hgt_class cls;
	bool strict;
	enum format format;
};

static int list_classes(void)
{
	struct hgt_buf out = HGT_BUF_INIT;
	int status;

	for (int i = 0; i < HGT_CLASS_COUNT; i++)
		hgt_buf_addf(&out, "%s\n", hgt_class_name((enum hgt_class)i));
	status = terminal_print(out.data);
	hgt_buf_release(&out);
	return status;
}

/* Whether there is such a format. */
static bool read_format(const char *name, enum format *format)
{
	for (int i = 0; i < FORMAT_COUNT; i++) {
		if (strcmp(name, format_names[i]) == 0) {
			*format = (enum format)i;
			return true;
		}
	}
	return false;
}

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { OPT_REV = 256, OPT_REPO, OPT_AS, OPT_STRICT, OPT_FORMAT, OPT_STDIN_NAME, OPT_SCHEMAS,
		OPT_KUBERNETES, OPT_AGAINST };
	static const struct option longs[] = {
		{"rev", required_argument, NULL, OPT_REV},
		{"against", required_argument, NULL, OPT_AGAINST},
		{"repo", required_argument, NULL, OPT_REPO},
		{"as", required_argument, NULL, OPT_AS},
		{"strict", no_argument, NULL, OPT_STRICT},
		{"format", required_argument, NULL, OPT_FORMAT},
		{"stdin-name", required_argument, NULL, OPT_STDIN_NAME},
		{"schemas", required_argument, NULL, OPT_SCHEMAS},
		{"kubernetes-version", required_argument, NULL, OPT_KUBERNETES},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c, cls;

	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) >= 0) {
		switch (c) {
		case OPT_REV:
			o->rev = optarg;
			break;
		case OPT_AGAINST:
			o->against = optarg;
			break;
		case OPT_REPO:
			o->repo = optarg;
			break;
		case OPT_AS:
			if (strcmp(optarg, "help") == 0)
				return list_classes();
			cls = hgt_class_parse(optarg);
			if (cls < 0)
				return terminal_usage_error("check", "no class that --as knows (--as help lists them):", optarg);
			o->cls = (enum hgt_class)cls;
			break;
		case OPT_STRICT:
			o->strict = true;
			break;
		case OPT_FORMAT:
			if (!read_format(optarg, &o->format))
				return terminal_usage_error("check", "--format is text, json, sarif, junit or github, not", optarg);
			break;
		case OPT_STDIN_NAME:
			o->stdin_name = optarg;
			break;
		case OPT_SCHEMAS:
			o->packs[o->n_packs++] = optarg;
			break;
		case OPT_KUBERNETES:
			if (!hgt_kubernetes_parse(optarg, &o->kubernetes))
				return terminal_usage_error("check", "--kubernetes-version is of the form 1.36, not", optarg);
			break;
		case 'h':
			return terminal_print(usage);
		default:
			return terminal_option_error("check", c, argv[optind - 1]);
		}
	}
	if ((o->repo || o->against) && !o->rev)
		return terminal_usage_error("check", o->repo ? "--repo needs --rev" : "--against needs --rev", NULL);
	return -1;
}

static void write_report(enum format format, const struct check_input *input, struct hgt_buf *out)
{
	struct hgt_report_style style = {.color = terminal_has_color(), .excerpt = true};

	switch (format) {
	case FORMAT_JSON:
		hgt_report_json(input->engine, out);
		break;
	case FORMAT_SARIF:
		hgt_report_sarif(input->engine, !input->trouble, out);
		break;
	case FORMAT_JUNIT:
		hgt_report_junit(input->engine, out);
		break;
	case FORMAT_GITHUB:
		hgt_report_github(input->engine, out);
		break;
	default:
		hgt_report_text(hgt_engine_findings(input->engine), &style, out);
	}
}

/* The summary is for people: where the result is for a program it is that program's to sum up. */
static int report(enum format format, const struct check_input *input, struct hgt_error *err)
{
	struct hgt_buf out = HGT_BUF_INIT, summary = HGT_BUF_INIT;
	int code;

	write_report(format, input, &out);
	hgt_report_summary(hgt_engine_findings(input->engine), hgt_engine_files(input->engine), "file", &summary);
	code = hgt_buf_check(&out, err);
	if (code == 0)
		code = hgt_buf_check(&summary, err);
	if (code == 0 && terminal_print(out.data) != HGT_EXIT_OK)
		code = hgt_error_set(err, HGT_EIO, "the findings could not be written");
	if (code == 0 && (format == FORMAT_TEXT || format == FORMAT_GITHUB))
		fprintf(stderr, "%s\n", summary.data);
	hgt_buf_release(&summary);
	hgt_buf_release(&out);
	return code;
}

/* Make the engine, and the schemas for it. */
static int begin(const struct options *o, struct check_input *input, struct hgt_catalog **catalog, struct hgt_error *err)
{
	const struct hgt_pack_choice choice = {.names = o->packs, .n = o->n_packs, .given = o->n_packs > 0,
		.kubernetes = o->kubernetes};
	int code = hgt_catalog_choose(&choice, catalog, err);
	const struct hgt_engine_options options = {.kubernetes = o->kubernetes, .blob_limit = CHECK_BLOB_MAX,
		.findings_limit = FINDINGS_MAX, .strict = o->strict, .catalog = *catalog, .definitions = check_revision_tree,
		.tree = check_revision_tree, .read = check_read, .tree_ctx = input};

	return code < 0 ? code : hgt_engine_new(&options, &input->engine, err);
}

static int run(const struct options *o, struct check_input *input, char **paths, int n, struct hgt_error *err)
{
	int code = o->rev ? check_revision(input, o->repo, o->rev, o->against, paths, n, err) :
		check_paths(input, paths, n, o->stdin_name ? o->stdin_name : "-", err);

	if (code == 0)
		code = hgt_engine_finish(input->engine, err);
	return code < 0 ? code : report(o->format, input, err);
}

int check_main(int argc, char **argv)
{
	struct options o = {.cls = HGT_CLASS_AUTO, .kubernetes = HGT_KUBERNETES_NEWEST};
	struct check_input input = {.helpers = hgt_ahead_helpers(), .text = HGT_BUF_INIT};
	struct hgt_catalog *catalog = NULL;
	struct hgt_error err = {0};
	int status, code;

	o.packs = calloc((size_t)argc + 1, sizeof(char *));
	status = o.packs ? read_options(argc, argv, &o) : -1;
	if (status >= 0)
		goto out;
	input.cls = o.cls;
	code = o.packs ? begin(&o, &input, &catalog, &err) : hgt_error_nomem(&err);
	if (code == 0)
		code = run(&o, &input, argv + optind, argc - optind, &err);
	if (code < 0) {
		terminal_complain("check", err.message);
		status = HGT_EXIT_TROUBLE;
	} else {
		status = hgt_engine_findings(input.engine)->errors ? HGT_EXIT_NOT : input.trouble ? HGT_EXIT_TROUBLE : HGT_EXIT_OK;
	}
out:
	hgt_engine_free(input.engine);
	hgt_catalog_free(catalog);
	hgt_repo_close(input.repo);
	hgt_buf_release(&input.text);
	free(o.packs);
	return status;
}
