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

/* "headgate: <before><message>; <way out>" as one line on stderr, text from outside escaped. */
void hook_complain(const struct hook *hook, const char *before, const struct hgt_error *err);

/*
 * Let the hook that was here before ours go on in our place: `<folder of argv0>/<name>.before-headgate`, with the same stdin.
 * Returns 0 when there is none, or that it cannot be run; else it does not return.
 */
int hook_chain(const struct hook *hook, const char *argv0, const char *name, struct hgt_error *err) HGT_MUST_CHECK;

#endif
