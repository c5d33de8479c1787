/*
 * What both hooks begin with: what git tells them, the config, and the name of the repository in it.
 *
 *	struct hook hook;
 *	hook_init(&hook);
 *	if (hook_read(&hook, &err) < 0)
 *		...err.message; hook.way_out...
 *	if (hook.served)
 *		...
 *	hook_release(&hook);
 */
#ifndef HEADGATE_HOOKS_HOOK_H
#define HEADGATE_HOOKS_HOOK_H

#include "config/config.h"
#include "git/actor.h"
#include "git/update.h"

#define HOOK_PUSH_ID_HEX 32

struct hook {
	int64_t began_ms;		/* hgt_time_mono_ms() at the start */
	const char *way_out;		/* what to do should the step at hand fail; one clause */
	struct hgt_arena arena;
	struct hgt_buf input;		/* stdin as it came */
	char *repo_path;		/* absolute path of the .git folder */
	struct hgt_config *config;
	bool served;			/* the config includes the repository; when not, nothing below is filled in */
	struct hgt_buf repo;		/* its name */
	struct hgt_updates updates;
	struct hgt_actor actor;
	const char **options;		/* push options */
	size_t n_options;
	char push[HOOK_PUSH_ID_HEX + 1];
};

void hook_init(struct hook *hook);
void hook_release(struct hook *hook);

/* Read stdin and the environment. Even when it fails, `input` holds what stdin gave. */
int hook_read(struct hook *hook, struct hgt_error *err) HGT_MUST_CHECK;

/* Whether GitLab runs this hook: it shows on its pages the lines that begin with HOOK_GITLAB. */
#define HOOK_GITLAB "GL-HOOK-ERR: "
bool hook_on_gitlab(void);

/* What a line begins with that refuses for trouble of our own. */
#define HOOK_CANNOT_JUDGE "refused: cannot judge this push: "

/* Tell the pusher why the push is refused: whole lines, which on GitLab's pages begin with the first. */
void hook_tell_refusal(const char *text, size_t len);

/* The same with "headgate: refused: cannot judge this push: <message>; <way out>", text from outside escaped. */
void hook_tell_trouble(const struct hook *hook, const struct hgt_error *err);

/* "headgate: warning: <what><message>; <way out>": the push is in. */
void hook_warn(const struct hook *hook, const char *what, const struct hgt_error *err);

/*
 * Let the hook that was here before ours go on in our place: `<folder of argv0>/<name>.before-headgate`, with the same stdin.
 * Returns 0 when there is none, or that it cannot be run; else it does not return.
 */
int hook_chain(const struct hook *hook, const char *argv0, const char *name, struct hgt_error *err) HGT_MUST_CHECK;

#endif
