/* A gated pull: the program that judges pushes judges what upstream has moved. */
#include "base/escape.h"
#include "daemon/mirror_pull.h"
#include "headgate/protocol.h"
#include "install/programs.h"

#define REFUSED "headgate: refused: "
#define CANNOT "cannot judge"

enum { SAID_MAX = 256 * 1024, NOTE_MAX = 500 };

static void ask(struct pull *pull);

/* The next that are to be asked about: all that are left, or one of them. */
static size_t collect(struct pull *pull)
{
	pull->n_asked = 0;
	for (size_t i = 0; i < pull->plan.n && !(pull->one_by_one && pull->n_asked); i++)
		if (hgt_pull_moves(&pull->plan.items[i]) && !pull->passed[i])
			pull->asked[pull->n_asked++] = i;
	return pull->n_asked;
}

static bool take(void *ctx, int fd, const char *data, size_t len)
{
	struct pull *pull = ctx;

	(void)fd;
	if (pull->said.len < SAID_MAX)
		hgt_buf_add(&pull->said, data, len);
	return true;
}

/* "1 error in 2 changed files; apps/web.yaml:3:1: error: ...": the rest of the line that names the ref, and the first finding. */
static int refuse(struct pull *pull, size_t i, enum hgt_copy_ref_state state, const char *rest, size_t len, const char *next,
	struct hgt_error *err)
{
	struct hgt_buf note = HGT_BUF_INIT;
	int code;

	while (len && (*rest == ':' || *rest == ' '))
		rest++, len--;
	hgt_buf_add(&note, rest, len);
	if (*next && strncmp(next, "headgate: ", 10) != 0) {
		hgt_buf_adds(&note, len ? "; " : "");
		hgt_buf_add(&note, next, strcspn(next, "\n"));
	}
	if (note.len > NOTE_MAX)
		hgt_buf_truncate(&note, NOTE_MAX);
	code = hgt_buf_check(&note, err);
	if (code == 0)
		code = hgt_pull_leave(&pull->plan, &pull->plan.items[i], state, note.data, err);
	hgt_buf_release(&note);
	return code;
}

/* The ref that is asked about and whose name, as the program writes it, these bytes are; SIZE_MAX. */
static size_t find_asked(const struct pull *pull, const char *name, size_t len)
{
	struct hgt_buf escaped = HGT_BUF_INIT;
	size_t found = SIZE_MAX;

	for (size_t k = 0; k < pull->n_asked && found == SIZE_MAX; k++) {
		hgt_buf_reset(&escaped);
		hgt_escape_str(&escaped, pull->plan.items[pull->asked[k]].ref);
		if (escaped.len == len && memcmp(escaped.data, name, len) == 0)
			found = pull->asked[k];
	}
	hgt_buf_release(&escaped);
	return found;
}

/* Those that were named as refused; how many, or negative. */
static int take_refused(struct pull *pull, struct hgt_error *err)
{
	int named = 0;

	for (const char *line = pull->said.data; *line;) {
		size_t len = strcspn(line, "\n");
		const char *next = line + len + (line[len] == '\n');

		if (len > strlen(REFUSED) && strncmp(line, REFUSED, strlen(REFUSED)) == 0) {
			const char *name = line + strlen(REFUSED);
			size_t left = len - strlen(REFUSED), n = 0, i;

			while (n < left && name[n] != ':')
				n++;
			i = find_asked(pull, name, n);
			if (i != SIZE_MAX) {
				int code = refuse(pull, i, HGT_COPY_REF_REFUSED, name + n, left - n, next, err);

				if (code < 0)
					return code;
				named++;
			}
		}
		line = next;
	}
	return named;
}

/* It could not be judged, even alone: tried again, and not published until it can. */
static int take_unjudged(struct pull *pull, struct hgt_error *err)
{
	const char *line = pull->said.data;

	if (strncmp(line, REFUSED, strlen(REFUSED)) == 0)
		line += strlen(REFUSED);
	return refuse(pull, pull->asked[0], HGT_COPY_REF_BEHIND, line, strcspn(line, "\n"), "", err);
}

static void judged(void *ctx, const struct child_end *end)
{
	struct pull *pull = ctx;
	struct hgt_error err = {0};
	int code = hgt_buf_check(&pull->said, &err);

	pull->gate = NULL;
	if (pull_stopped(pull))
		return;
	if (code == 0 && end->status == 0) {
		for (size_t k = 0; k < pull->n_asked; k++)
			pull->passed[pull->asked[k]] = true;
	} else if (code == 0 && end->status == 1 && !end->timed_out) {
		code = take_refused(pull, &err);
		if (code == 0 && pull->n_asked == 1)
			code = take_unjudged(pull, &err);
		else if (code == 0)
			pull->one_by_one = true;
	} else if (code == 0) {
		code = end->timed_out ? hgt_error_set(&err, HGT_ETIMEOUT, "headgate-pre-receive does not end") :
			hgt_error_set(&err, HGT_EUNAVAILABLE, "headgate-pre-receive cannot judge what has come: it ended with status %d", end->status);
	}
	if (code < 0)
		pull_fail(pull, &err);
	else
		ask(pull);
}

static void add_updates(struct pull *pull)
{
	static const char none[] = "0000000000000000000000000000000000000000";

	hgt_buf_reset(&pull->input);
	for (size_t k = 0; k < pull->n_asked; k++) {
		const struct hgt_pull_item *item = &pull->plan.items[pull->asked[k]];

		hgt_buf_addf(&pull->input, "%s %s %s\n", *item->ours ? item->ours : none,
			item->what == HGT_PULL_DELETE ? none : item->theirs, item->ref);
	}
}

static void add_variable(struct hgt_buf *out, const char *name, const char *value)
{
	hgt_buf_addf(out, "%s=%s", name, value);
	hgt_buf_add(out, "", 1);
}

/* Start it in the repository, as git would for a push of the user mirror:NAME. */
static int start(struct pull *pull, struct hgt_error *err)
{
	struct hgt_buf program = HGT_BUF_INIT, env = HGT_BUF_INIT, actor = HGT_BUF_INIT;
	char *config = realpath(pull->config->path, NULL);
	const char *variables[8] = {NULL};
	size_t n = 0;
	int code = hgt_hook_programs(NULL, &program, err);

	hgt_buf_adds(&program, "/headgate-pre-receive");
	hgt_buf_addf(&actor, "mirror:%s", pull->name);
	add_variable(&env, "PATH", getenv("PATH") ? getenv("PATH") : "/usr/local/bin:/usr/bin:/bin");
	add_variable(&env, "HOME", getenv("HOME") ? getenv("HOME") : "/");
	add_variable(&env, "USER", actor.data);
	add_variable(&env, "LOGNAME", actor.data);
	add_variable(&env, "GIT_DIR", ".");
	add_variable(&env, HGT_CONFIG_ENV, config ? config : pull->config->path);
	if (code == 0)
		code = hgt_buf_check(&program, err);
	if (code == 0)
		code = hgt_buf_check(&actor, err);
	if (code == 0)
		code = hgt_buf_check(&env, err);
	for (const char *p = env.data; code == 0 && p < env.data + env.len && n < 7; p += strlen(p) + 1)
		variables[n++] = p;
	if (code == 0) {
		const char *const argv[] = {program.data, NULL};
		const struct child_order order = {.argv = argv, .folder = pull->path, .env = variables, .input = pull->input.data,
			.input_len = pull->input.len, .limit_ms = pull->mirror->timeout * 1000, .take = take, .ended = judged, .ctx = pull};

		code = child_start(pull->turn->daemon->base, &order, &pull->gate, err);
	}
	free(config);
	hgt_buf_release(&actor);
	hgt_buf_release(&env);
	hgt_buf_release(&program);
	return code;
}

static void ask(struct pull *pull)
{
	struct hgt_error err = {0};

	if (!collect(pull)) {
		pull->one_by_one = false;
		pull_move(pull);
		return;
	}
	hgt_buf_reset(&pull->said);
	add_updates(pull);
	pull->turn->phase = "judging";
	if (hgt_buf_check(&pull->input, &err) < 0 || start(pull, &err) < 0)
		pull_fail(pull, &err);
}

void pull_judge(struct pull *pull)
{
	struct hgt_error err = {0};

	if (pull_room(pull, &err) < 0) {
		pull_fail(pull, &err);
		return;
	}
	pull->one_by_one = false;
	ask(pull);
}
