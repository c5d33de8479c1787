/* What people ask of mirrors. */
#include "base/json_writer.h"
#include "base/log.h"
#include "daemon/mirror_manifest.h"
#include "daemon/mirror_parts.h"
#include "daemon/request.h"
#include "headgate/protocol.h"

static const char *const names[] = {[MIRROR_SYNC] = "sync", [MIRROR_ACCEPT] = "accept", [MIRROR_VERIFY] = "verify",
	[MIRROR_PAUSE] = "pause", [MIRROR_RESUME] = "resume"};

/* Something that waits for the disk. */
struct act {
	struct mirror *mirror;	/* a reference */
	struct copy **copies;	/* references */
	size_t n;
	bool whole;		/* it is about the mirror as such */
	bool *paused;		/* how each was before, and last the mirror itself */
	enum mirror_action action;
	struct request *request;
};

static void act_free(struct act *act)
{
	if (!act)
		return;
	for (size_t i = 0; i < act->n; i++)
		copy_unref(act->copies[i]);
	mirror_unref(act->mirror);
	free(act->copies);
	free(act->paused);
	free(act);
}

static struct act *act_new(struct mirror *mirror, struct copy *copy, enum mirror_action action, struct request *request)
{
	size_t n = copy ? 1 : mirror->n_copies;
	struct act *act = calloc(1, sizeof(*act));

	if (!act)
		return NULL;
	act->mirror = mirror;
	mirror->refs++;
	act->whole = !copy;
	act->action = action;
	act->request = request;
	act->copies = calloc(n + 1, sizeof(struct copy *));
	act->paused = calloc(n + 1, sizeof(bool));
	if (!act->copies || !act->paused) {
		act_free(act);
		return NULL;
	}
	act->paused[n] = mirror->paused;
	for (; act->n < n; act->n++) {
		act->copies[act->n] = copy_ref(copy ? copy : mirror->copies[act->n]);
		act->paused[act->n] = act->copies[act->n]->row.paused;
	}
	return act;
}

static void answer(struct request *request, const char *mirror, int status, size_t n)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "mirror", mirror);
	hgt_json_key_uint(&json, "copies", n);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, status, &body);
	hgt_buf_release(&body);
}

/* A turn at once, for those that may have one. */
static size_t ask(struct copy *const *copies, size_t n, enum mirror_action action)
{
	size_t asked = 0;

	for (size_t i = 0; i < n; i++) {
		struct copy *copy = copies[i];

		if (copy->gone || copy_is_paused(copy))
			continue;
		copy->verify = copy->verify || action != MIRROR_SYNC;
		copy->routine = copy->routine && action == MIRROR_SYNC;
		copy->accept = copy->accept || action == MIRROR_ACCEPT;
		copy_look(copy, true);
		asked++;
	}
	return asked;
}

/* In memory at once, so that whatever else is written meanwhile says the same. */
static void set_paused(struct act *act)
{
	bool paused = act->action == MIRROR_PAUSE;

	if (act->whole)
		act->mirror->paused = paused;
	/* Of a whole mirror that pauses, each copy keeps what was said of it alone. */
	for (size_t i = 0; i < act->n && (!act->whole || !paused); i++)
		act->copies[i]->row.paused = paused;
}

static void follow_pause(struct act *act)
{
	if (act->whole)
		mirror_manifest_look(act->mirror);
	for (size_t i = 0; i < act->n; i++) {
		struct copy *copy = act->copies[i];

		if (copy_is_paused(copy) && copy->turn)
			turn_stop(copy->turn);
		copy_step(copy);
	}
}

static void undo(struct act *act)
{
	if (act->action != MIRROR_PAUSE && act->action != MIRROR_RESUME)
		return;
	act->mirror->paused = act->paused[act->n];
	for (size_t i = 0; i < act->n; i++)
		act->copies[i]->row.paused = act->paused[i];
	follow_pause(act);
}

static void acted(void *ctx, int code, const struct hgt_error *err)
{
	struct act *act = ctx;
	size_t n = act->n;

	if (code < 0) {
		undo(act);
		request_reply_failure(act->request, err);
		act_free(act);
		return;
	}
	if (act->action == MIRROR_ACCEPT)
		n = ask(act->copies, act->n, MIRROR_ACCEPT);
	else
		follow_pause(act);
	answer(act->request, act->mirror->name, act->action == MIRROR_ACCEPT ? 202 : 200, n);
	act_free(act);
}

static int gather(struct act *act, const char *repo, const char *actor, struct save **out, struct hgt_error *err)
{
	struct save *save = save_new(act->mirror->mirrors);
	struct hgt_buf data = HGT_BUF_INIT;
	bool rows = act->action == MIRROR_RESUME || (act->action == MIRROR_PAUSE && !act->whole);
	int code = 0;

	if (!save)
		return hgt_error_nomem(err);
	mirror_write_acted(act->mirror->name, repo, names[act->action], actor, &data);
	code = save_event(save, HGT_EVENT_MIRROR_ACTED, act->mirror->name, repo, &data, err);
	if (code == 0 && act->whole && act->action != MIRROR_ACCEPT)
		code = save_mirror(save, act->mirror, err);
	for (size_t i = 0; i < act->n && rows && code == 0; i++)
		if (act->copies[i]->row.paused != act->paused[i])
			code = save_copy(save, act->copies[i], err);
	hgt_buf_release(&data);
	if (code == 0)
		*out = save;
	else
		save_free(save);
	return code;
}

/* Journaled, then done. */
static void submit(struct mirror *mirror, struct copy *copy, struct request *request, enum mirror_action action, const char *repo,
	const char *actor)
{
	struct act *act = act_new(mirror, copy, action, request);
	struct save *save = NULL;
	struct hgt_error err = {0};

	if (!act) {
		hgt_error_nomem(&err);
		request_reply_failure(request, &err);
		return;
	}
	if (action != MIRROR_ACCEPT)
		set_paused(act);
	if (gather(act, repo, actor, &save, &err) == 0)
		save_submit(save, acted, act);
	else
		acted(act, err.code, &err);
}

static size_t count_free(const struct mirror *mirror, const struct copy *copy)
{
	size_t n = 0;

	if (copy)
		return !copy_is_paused(copy);
	for (size_t i = 0; i < mirror->n_copies; i++)
		n += !copy_is_paused(mirror->copies[i]);
	return n;
}

void mirrors_act(struct mirrors *m, struct request *request, const char *name, const char *repo, enum mirror_action action,
	const char *actor)
{
	struct mirror *mirror = mirrors_find(m, name);
	struct copy *copy = mirror && repo ? mirror_find_copy(mirror, repo) : NULL;

	if (!mirror) {
		request_reply_error(request, 404, NULL, "there is no mirror named \"%s\" in the config", name);
	} else if (repo && !copy) {
		request_reply_error(request, 404, NULL, "the mirror %s has no repository \"%s\"", name, repo);
	} else if (action == MIRROR_RESUME && copy && mirror->paused) {
		request_reply_error(request, 409, NULL, "the whole mirror %s is paused; resume it without naming a repository", name);
	} else if (action == MIRROR_PAUSE || action == MIRROR_RESUME) {
		submit(mirror, copy, request, action, repo, actor);
	} else if (mirror->config->peer != HGT_MIRROR_ALONE && !mirror->may_pull) {
		request_reply_error(request, 409, NULL, mirror->leads ? "of two peers this one leads, so there is nothing to bring here" :
			"of two peers this one does not know whom to follow; headgate mirror upstreams tells why");
	} else if (!count_free(mirror, copy) && (copy || mirror->n_copies)) {
		request_reply_error(request, 409, NULL, copy ? "it is paused; resume it first" : "all of it is paused; resume it first");
	} else if (action == MIRROR_ACCEPT) {
		submit(mirror, copy, request, action, repo, actor);
	} else {
		size_t n = copy ? ask(&copy, 1, action) : ask(mirror->copies, mirror->n_copies, action);

		if (!copy)
			mirror_manifest_look(mirror);
		answer(request, name, 202, n);
	}
}
