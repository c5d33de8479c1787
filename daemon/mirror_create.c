/* The repository of a pull mirror's copy that is not here yet. */
#include "daemon/mirror_create.h"

#include "base/log.h"
#include "base/workers.h"
#include "daemon/mirror_manifest.h"
#include "daemon/ref_watch.h"
#include "daemon/repos.h"
#include "install/make_repo.h"
#include "install/programs.h"
#include "mirror/manifest.h"

/*
 * LISTING    git ls-remote: upstream is there, and where its HEAD leads
 * MAKING     a worker makes it
 */
struct mirror_create {
	struct turn *turn;		/* NULL: nobody waits any more */
	mirror_created_cb made;
	void *ctx;
	struct mirror_run *run;		/* LISTING */
	bool stopping;
	const struct hgt_config *config;	/* a reference */
	char *name;
	char *head, *description, *owner, *borrow;	/* or NULL */
	struct hgt_buf path;		/* what MAKING has come to */
	int code;
	struct hgt_error err;
};

static void give_up(struct mirror_create *c)
{
	mirror_git_free(c->run);
	hgt_config_unref(c->config);
	free(c->name);
	free(c->head);
	free(c->description);
	free(c->owner);
	free(c->borrow);
	hgt_buf_release(&c->path);
	free(c);
}

static void end(struct mirror_create *c, int code, const struct hgt_error *err)
{
	mirror_created_cb made = c->made;
	struct hgt_error why = *err;
	void *ctx = c->ctx;

	give_up(c);
	made(ctx, code, &why);
}

/* On a worker. */
static void make(void *arg)
{
	struct mirror_create *c = arg;
	struct hgt_buf programs = HGT_BUF_INIT;
	struct hgt_new_repo order = {.name = c->name, .head = c->head, .description = c->description, .owner = c->owner, .borrow = c->borrow,
		.config = c->config};

	c->code = hgt_hook_programs(NULL, &programs, &c->err);
	order.programs = programs.data;
	if (c->code == 0)
		c->code = hgt_make_repo(&order, &c->path, &c->err);
	hgt_buf_release(&programs);
}

static void on_made(void *arg)
{
	struct mirror_create *c = arg;

	if (!c->turn) {
		give_up(c);
		return;
	}
	if (c->code == 0) {
		hgt_log(HGT_LOG_INFO, "mirrors", "repository made", HGT_S("mirror", c->turn->mirror->name), HGT_S("repo", c->name));
		c->turn->path = hgt_buf_take(&c->path);
		if (!c->turn->path)
			c->code = hgt_error_nomem(&c->err);
		ref_watch_rescan(c->turn->daemon->ref_watch);
	} else {
		hgt_error_prefix(&c->err, "the repository cannot be made");
	}
	end(c, c->code, &c->err);
}

/* "ref: refs/heads/main\tHEAD" */
static void take_line(void *ctx, int fd, const char *line, size_t len)
{
	struct mirror_create *c = ctx;
	const char *tab = fd == 1 ? memchr(line, '\t', len) : NULL;
	char *head;

	if (!tab || len - (size_t)(tab - line) != sizeof("\tHEAD") - 1 || memcmp(tab, "\tHEAD", sizeof("\tHEAD") - 1) != 0)
		return;
	head = strndup(line, (size_t)(tab - line));
	if (head && strncmp(head, "ref: ", 5) == 0 && hgt_manifest_head_is_valid(head)) {
		free(c->head);
		c->head = head;
	} else {
		free(head);
	}
}

static void listed(void *ctx, const struct child_end *ended, const char *said)
{
	struct mirror_create *c = ctx;
	struct hgt_error err = {0};
	int code = 0;

	c->run = NULL;
	if (c->stopping) {
		code = hgt_error_set(&err, HGT_EUNAVAILABLE, "it was stopped");
	} else if (ended->status != 0 || ended->timed_out) {
		mirror_git_judge(c->turn, ended, said, &err);
		code = err.code < 0 ? err.code : HGT_EUNAVAILABLE;
	} else {
		c->turn->phase = "making";
		code = hgt_workers_submit(c->turn->daemon->archivers, make, on_made, c, &err);
	}
	if (code < 0)
		end(c, code, &err);
}

static int copy_text(char **out, const char *text, struct hgt_error *err)
{
	if (!text)
		return 0;
	*out = strdup(text);
	return *out ? 0 : hgt_error_nomem(err);
}

/* What upstream's manifest says of it, and whose objects it borrows, where that is here. */
static int take_entry(struct mirror_create *c, const struct turn *turn, struct hgt_error *err)
{
	const struct hgt_manifest_entry *entry = mirror_manifest_entry(turn->copy->mirror, turn->copy->repo);
	struct hgt_buf lender = HGT_BUF_INIT;
	const struct repo *there = NULL;
	int code;

	if (!entry)
		return 0;
	code = copy_text(&c->head, entry->head, err);
	if (code == 0)
		code = copy_text(&c->description, entry->description, err);
	if (code == 0)
		code = copy_text(&c->owner, entry->owner, err);
	if (code == 0 && entry->reference && hgt_manifest_name(entry->reference, &lender, NULL) == 0)
		there = repos_find(turn->daemon->repos, lender.data);
	if (code == 0 && there && !there->trouble)
		code = copy_text(&c->borrow, there->path, err);
	hgt_buf_release(&lender);
	return code;
}

int mirror_create_begin(struct turn *turn, mirror_created_cb made, void *ctx, struct mirror_create **out, struct hgt_error *err)
{
	static const char *const args[] = {"ls-remote", "--quiet", "--symref", "mirror", "HEAD", NULL};
	struct mirror_create *c = calloc(1, sizeof(*c));
	const struct mirror_git git = {.args = args, .folder = turn->config->repositories.root, .line = take_line, .ended = listed, .ctx = c};
	int code;

	if (!c)
		return hgt_error_nomem(err);
	hgt_buf_init(&c->path);
	c->turn = turn;
	c->made = made;
	c->ctx = ctx;
	c->config = hgt_config_ref(turn->config);
	code = copy_text(&c->name, turn->copy->repo, err);
	if (code == 0)
		code = take_entry(c, turn, err);
	turn->phase = "listing";
	if (code == 0)
		code = mirror_git_run(turn, &git, &c->run, err);
	if (code == 0)
		*out = c;
	else
		give_up(c);
	return code;
}

void mirror_create_stop(struct mirror_create *c)
{
	c->stopping = true;
	if (c->run)
		mirror_git_stop(c->run);
}

void mirror_create_free(struct mirror_create *c)
{
	if (!c)
		return;
	if (c->run)
		give_up(c);
	else
		c->turn = NULL;
}
