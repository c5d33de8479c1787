/* Repositories that got another name while the daemon was away. */
#include "daemon/folders.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/map.h"
#include "daemon/intake.h"
#include "daemon/repos.h"
#include "daemon/store.h"
#include "git/identity.h"
#include "journal/folders.h"

/* What is to be noted: a job of the store. */
struct note {
	struct note *next;
	const char *repo, *identity;
};

struct look {
	struct daemon *daemon;
	struct hgt_map known;		/* name -> identity */
	struct hgt_map missing;		/* identity -> the name that is not there */
	struct note *notes, **last;
	struct hgt_arena room;
	bool due;			/* something could not be noted yet */
};

static void look_free(struct look *look)
{
	hgt_map_release(&look->known);
	hgt_map_release(&look->missing);
	hgt_arena_release(&look->room);
	free(look);
}

/* On the writer thread. */
static int run_notes(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	const struct look *look = job;
	int code = 0;

	(void)batch;
	for (const struct note *note = look->notes; note && code == 0; note = note->next)
		code = hgt_journal_folder_set(journal, note->repo, note->identity, err);
	return code;
}

static void on_noted(void *job, int code, const struct hgt_error *err)
{
	if (code < 0)
		hgt_log(HGT_LOG_WARNING, "ref_watch", "which folders repositories are could not be noted", HGT_S("error", err->message));
	look_free(job);
}

static char *keep(struct look *look, const char *text)
{
	return hgt_arena_strndup(&look->room, text, strlen(text));
}

static int take_known(void *ctx, const char *repo, const char *identity)
{
	struct look *look = ctx;
	char *name = keep(look, repo), *folder = keep(look, identity);

	if (!name || !folder || hgt_map_put(&look->known, name, strlen(name), folder, NULL) < 0)
		return HGT_ENOMEM;
	if (!repos_find(look->daemon->repos, name) && hgt_map_put(&look->missing, folder, strlen(folder), name, NULL) < 0)
		return HGT_ENOMEM;
	return 0;
}

static int note(struct look *look, const char *repo, const char *identity)
{
	struct note *note = hgt_arena_alloc(&look->room, sizeof(*note));

	if (!note)
		return HGT_ENOMEM;
	*note = (struct note){.repo = keep(look, repo), .identity = keep(look, identity)};
	if (!note->repo || !note->identity)
		return HGT_ENOMEM;
	*look->last = note;
	look->last = &note->next;
	return 0;
}

static void retire_old_name(struct daemon *daemon, const char *old, const char *now)
{
	struct hgt_buf path = HGT_BUF_INIT;

	hgt_log(HGT_LOG_INFO, "ref_watch", "repository was renamed while the daemon was away", HGT_S("repo", old), HGT_S("to", now));
	hgt_buf_addf(&path, "%s/%s.git", daemon->config->repositories.root, old);
	if (!path.failed)
		intake_retire(daemon->intake, old, path.data);
	hgt_buf_release(&path);
}

/* The new name is noted only once the old one is forgotten, with its refs (intake_compare.c): until then a start finds what this
 * one did. */
static int look_at(struct look *look, const struct repo *repo, bool retire)
{
	const char *known = hgt_map_get(&look->known, repo->name, strlen(repo->name));
	char identity[HGT_IDENTITY_TEXT];
	const char *old;

	hgt_folder_identity(repo->path, identity);
	if (strcmp(known ? known : "", identity) == 0)
		return 0;
	old = *identity ? hgt_map_get(&look->missing, identity, strlen(identity)) : NULL;
	if (!old)
		return note(look, repo->name, identity);
	look->due = true;
	if (retire)
		retire_old_name(look->daemon, old, repo->name);
	return 0;
}

bool folders_look(struct daemon *daemon, bool retire)
{
	struct look *look = calloc(1, sizeof(*look));
	struct hgt_error err = {0};
	const struct repo *repo;
	size_t pos = 0;
	bool due;
	int code;

	if (!look)
		return false;
	look->daemon = daemon;
	look->last = &look->notes;
	code = hgt_journal_folders(daemon->reader, take_known, look, &err);
	while (code == 0 && (repo = repos_next(daemon->repos, &pos)))
		code = look_at(look, repo, retire);
	due = look->due || code < 0;
	if (code == 0 && look->notes)
		code = store_submit(daemon->store, run_notes, on_noted, look, &err);
	else
		look_free(look);
	if (code < 0)
		hgt_log(HGT_LOG_WARNING, "ref_watch", "which folders repositories are cannot be told", HGT_S("error", err.message));
	return !due;
}
