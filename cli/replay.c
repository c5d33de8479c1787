/* headgate replay: a policy over the history of a branch, as if each commit were being pushed. */
#include <getopt.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/timing.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/replay_report.h"
#include "cli/terminal.h"
#include "headgate/protocol.h"
#include "policy/policy.h"

static const char usage[] =
	"usage: headgate replay [-c CONFIG] [--name NAME] [--ref REF] [--limit N] [--json] REPO [RANGE]\n"
	"\n"
	"Judge the first-parent history of a branch, each commit as a push from the one before, by the policy that holds for\n"
	"the branch now, and tell which pushes would have been refused. Who pushed, and how, is not judged. Nothing is changed.\n"
	"\n"
	"A RANGE is OLD..NEW (what came after OLD, up to NEW), or one revision: all up to it. With none it is all of the branch.\n"
	"\n"
	"  -c, --config CONFIG    the server's configuration; without one the built-in policy\n"
	"      --name NAME        what the configuration calls the repository, when that does not follow from its place\n"
	"      --ref REF          whose policy it is, and with no RANGE whose history: a branch, or a full name; else the default\n"
	"                         branch\n"
	"      --limit N          the most findings to tell (1000); all are counted\n"
	"      --json             as JSON\n"
	"  -h, --help             print this\n"
	"\n"
	"Exit status: 0 none would have been refused, 1 some would, 2 could not tell.\n";

enum { LIMIT = 1000 };

struct replay {
	const char *config_path, *name, *ref, *path, *range;
	size_t limit;
	bool json;
	struct hgt_config *loaded;	/* NULL: the built-in policy */
	const struct hgt_config *config;
	struct hgt_repo *repo;
	struct hgt_buf repo_name;	/* in the config */
	struct hgt_buf ref_name;	/* full */
	struct hgt_buf policy;		/* where the policy is stated */
	struct hgt_judge *judge;
	struct hgt_history *history;
	struct replay_report report;
	struct progress progress;
};

/* -1 to go on, else the exit status to end with. */
static int read_options(int argc, char **argv, struct replay *r)
{
	enum { OPT_NAME = 256, OPT_REF, OPT_LIMIT, OPT_JSON };
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"name", required_argument, NULL, OPT_NAME},
		{"ref", required_argument, NULL, OPT_REF},
		{"limit", required_argument, NULL, OPT_LIMIT},
		{"json", no_argument, NULL, OPT_JSON},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	char *end;
	int c;

	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":c:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'c':
			r->config_path = optarg;
			break;
		case OPT_NAME:
			r->name = optarg;
			break;
		case OPT_REF:
			r->ref = optarg;
			break;
		case OPT_LIMIT:
			r->limit = (size_t)strtoull(optarg, &end, 10);
			if (*optarg < '0' || *optarg > '9' || *end || r->limit > 1000000)
				return terminal_usage_error("replay", "--limit is a number from 0 to 1000000, not", optarg);
			break;
		case OPT_JSON:
			r->json = true;
			break;
		case 'h':
			return terminal_print(usage);
		default:
			return terminal_option_error("replay", c, argv[optind - 1]);
		}
	}
	if (optind == argc)
		return terminal_usage_error("replay", "it needs a repository", NULL);
	if (argc - optind > 2)
		return terminal_usage_error("replay", "one range at the most; this is one too many:", argv[optind + 2]);
	r->path = argv[optind];
	r->range = argc - optind == 2 ? argv[optind + 1] : NULL;
	return -1;
}

/* The server's config. That there is none at the place where it is looked for last is no mistake. */
static int read_config(struct replay *r, struct hgt_error *err)
{
	static const struct hgt_config none;
	struct hgt_buf path = HGT_BUF_INIT;
	int code = hgt_config_find(r->config_path, hgt_repo_path(r->repo), &path, err);

	r->config = &none;
	if (code == 0 && (r->config_path || strcmp(path.data, HGT_CONFIG_PATH) != 0 || access(path.data, F_OK) == 0)) {
		code = hgt_config_load(path.data, &r->loaded, err);
		if (code == 0)
			r->config = r->loaded;
	}
	hgt_buf_release(&path);
	return code;
}

/* What the config calls the repository: as was said, else by its place. */
static int find_name(struct replay *r, struct hgt_error *err)
{
	int code;

	if (r->name || !r->loaded) {
		hgt_buf_adds(&r->repo_name, r->name ? r->name : "");
		return hgt_buf_check(&r->repo_name, err);
	}
	code = hgt_config_repo_name(r->loaded, hgt_repo_path(r->repo), &r->repo_name, err);
	if (code == HGT_EINVAL && err) {
		struct hgt_error why = *err;

		hgt_error_set(err, code, "%s; if it is a clone, say with --name what the config calls the repository", why.message);
	}
	return code;
}

static int find_ref(struct replay *r, struct hgt_error *err)
{
	if (!r->ref) {
		int code = hgt_repo_default_branch(r->repo, &r->ref_name, err);

		return code == HGT_ENOENT ? hgt_error_set(err, code, "HEAD is detached; say with --ref which branch it is about") : code;
	}
	if (strncmp(r->ref, "refs/", strlen("refs/")) != 0)
		hgt_buf_adds(&r->ref_name, "refs/heads/");
	hgt_buf_adds(&r->ref_name, r->ref);
	return hgt_buf_check(&r->ref_name, err);
}

/* Find the judge, and say which policy that is. */
static int find_policy(struct replay *r, struct hgt_error *err)
{
	const struct hgt_config_policy *policy;
	int code = hgt_judge_new(r->repo, r->config, r->repo_name.data, NULL, &r->judge, err);

	if (code < 0)
		return code;
	/* In a clone HEAD is what is checked out, which says nothing of the server's default branch. */
	if (!hgt_repo_is_bare(r->repo) || !hgt_judge_default_branch(r->judge))
		code = hgt_judge_set_default_branch(r->judge, r->ref_name.data, err);
	if (code < 0)
		return code;
	policy = hgt_policy_for(r->config, r->repo_name.data, r->ref_name.data, hgt_judge_default_branch(r->judge));
	if (!policy)
		return hgt_error_set(err, HGT_ENOENT, "no policy holds for %s of %s in %s; name another branch with --ref",
			r->ref_name.data, r->repo_name.len ? r->repo_name.data : r->path, r->loaded ? r->loaded->path : "the built-in policy");
	if (r->config->n_policies && policy->line)
		hgt_buf_addf(&r->policy, "%s:%" PRIu32, r->loaded->path, policy->line);
	else
		hgt_buf_adds(&r->policy, "built in");
	return hgt_buf_check(&r->policy, err);
}

/* One end of the range; an empty one is the tip of the ref. */
static int resolve(struct replay *r, const char *rev, size_t len, char id[HGT_OID_HEX + 1], struct hgt_error *err)
{
	struct hgt_buf name = HGT_BUF_INIT;
	int code;

	hgt_buf_add(&name, len ? rev : r->ref_name.data, len ? len : r->ref_name.len);
	code = hgt_buf_check(&name, err);
	if (code == 0)
		code = hgt_repo_resolve(r->repo, name.data, id, err);
	hgt_buf_release(&name);
	return code;
}

static int find_history(struct replay *r, struct hgt_error *err)
{
	char tip[HGT_OID_HEX + 1], base[HGT_OID_HEX + 1];
	const char *range = r->range ? r->range : "", *dots = strstr(range, "..");
	int code;

	if (dots && dots[2] == '.')
		return hgt_error_set(err, HGT_EINVAL, "a range is OLD..NEW, with two dots, not %s", range);
	if (!dots) {
		code = resolve(r, range, strlen(range), tip, err);
	} else {
		code = resolve(r, range, (size_t)(dots - range), base, err);
		if (code == 0)
			code = resolve(r, dots + 2, strlen(dots + 2), tip, err);
	}
	if (code == 0)
		code = hgt_history_new(r->repo, tip, dots ? base : NULL, &r->history, err);
	if (code == 0 && hgt_history_is_shallow(r->history))
		terminal_complain("replay", "the clone is a shallow one: what is before its first commits is not there to be judged");
	return code;
}

/* Judge one commit as a push. What the gate would refuse because it cannot judge it is refused here, too. */
static int replay_commit(struct replay *r, const struct hgt_past_commit *commit, struct hgt_error *err)
{
	const struct hgt_update update = {.old_id = commit->parent, .new_id = commit->id, .ref = r->ref_name.data};
	struct hgt_verdict verdict = HGT_VERDICT_INIT;
	struct hgt_error why = {0};
	int code = hgt_judge_update(r->judge, &update, hgt_time_mono_ms(), &verdict, &why);

	if (code == HGT_ECORRUPT || code == HGT_ELIMIT)
		code = replay_report_push(&r->report, commit, &verdict, why.message, err);
	else if (code < 0)
		hgt_error_set(err, code, "commit %s: %s", commit->id, why.message);
	else
		code = replay_report_push(&r->report, commit, &verdict, NULL, err);
	hgt_verdict_release(&verdict);
	return code;
}

static int replay_all(struct replay *r, struct hgt_error *err)
{
	size_t n = hgt_history_count(r->history);
	int code = 0;

	progress_begin(&r->progress, "commits", n);
	if (isatty(STDOUT_FILENO))
		r->report.progress = &r->progress;
	replay_report_begin(&r->report);
	for (size_t i = 0; i < n && code == 0; i++) {
		struct hgt_past_commit commit;

		code = hgt_history_get(r->history, i, &commit, err);
		if (code == 0)
			code = replay_commit(r, &commit, err);
		progress_step(&r->progress, i + 1);
	}
	progress_end(&r->progress);
	return code < 0 ? code : replay_report_end(&r->report, r->ref_name.data, r->policy.data, err);
}

static int replay(struct replay *r, struct hgt_error *err)
{
	/* Nothing that the repository's config names is run, so it may be another user's: the Git server's, looked at by root. */
	int code = hgt_repo_open_any_owner(r->path, &r->repo, err);

	if (code == 0)
		code = read_config(r, err);
	if (code == 0)
		code = find_name(r, err);
	if (code == 0)
		code = find_ref(r, err);
	if (code == 0)
		code = find_policy(r, err);
	if (code == 0)
		code = find_history(r, err);
	return code < 0 ? code : replay_all(r, err);
}

int replay_main(int argc, char **argv)
{
	struct replay r = {.limit = LIMIT, .repo_name = HGT_BUF_INIT, .ref_name = HGT_BUF_INIT, .policy = HGT_BUF_INIT};
	struct hgt_error err = {0};
	int status = read_options(argc, argv, &r);

	if (status >= 0)
		return status;
	replay_report_init(&r.report, r.json, r.limit);
	if (replay(&r, &err) < 0) {
		terminal_complain("replay", err.message);
		status = HGT_EXIT_TROUBLE;
	} else {
		status = r.report.refused ? HGT_EXIT_NOT : HGT_EXIT_OK;
	}
	replay_report_release(&r.report);
	hgt_history_free(r.history);
	hgt_judge_free(r.judge);
	hgt_buf_release(&r.policy);
	hgt_buf_release(&r.ref_name);
	hgt_buf_release(&r.repo_name);
	hgt_repo_close(r.repo);
	hgt_config_free(r.loaded);
	return status;
}
