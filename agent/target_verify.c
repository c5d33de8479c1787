/*
 * A target whose commits have to be signed: the daemon is asked for the commit itself and the trees on the way to the folder
 * (object/proof.h), whose ids show that they are what the revision names; then who has signed it is looked at. What the archive holds
 * is held against the same tree before it is used. So neither the daemon nor whoever pushes can bring anything that was not signed.
 */
#include <unistd.h>

#include "agent/call.h"
#include "agent/signature.h"
#include "agent/target_private.h"
#include "archive/tree_id.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/workers.h"
#include "object/proof.h"

#define SILENCE 60			/* seconds */
#define TEXT_MAX (2 * HGT_PROOF_MAX)	/* base64 and JSON make it longer */

struct check {
	struct target *target;
	struct hgt_buf who;
	int code;
	struct hgt_error err;
};

void target_verify_release(struct fetch *f)
{
	hgt_buf_release(&f->proof_text);
	if (f->proof)
		hgt_proof_release(f->proof);
	free(f->proof);
	f->proof = NULL;
}

static void refuse(struct target *t, bool permanent, int code, const struct hgt_error *err)
{
	struct hgt_error told = *err;

	target_set_state(t, TARGET_IDLE);
	hgt_error_prefix(&told, "commit %.12s is not applied", t->fetch.revision);
	if (code == HGT_EPERM)
		target_fetch_failed(t, permanent, "OutOfSync", *t->saved.applied ? "Degraded" : "Missing", told.message);
	else
		target_fetch_failed(t, permanent, "Unknown", "Unknown", told.message);
	target_fetch_release(t);
	target_drive(t);
}

static void run(void *job)
{
	struct check *c = job;
	struct fetch *f = &c->target->fetch;

	c->code = hgt_proof_check(f->proof_text.data, f->proof_text.len, f->revision, c->target->config->path, f->proof, &c->err);
	if (c->code == 0)
		c->code = signature_check(c->target->config, c->target->folder.data, &f->proof->commit.payload, &f->proof->commit.signature, -1,
			&c->who, &c->err);
}

static void done(void *job)
{
	struct check *c = job;
	struct target *t = c->target;
	struct hgt_error err = c->err;
	int code = c->code;

	if (code == 0)
		hgt_log(HGT_LOG_INFO, "target", "the commit is signed", HGT_S("target", t->config->name), HGT_S("commit", t->fetch.revision),
			HGT_S("by", c->who.data));
	hgt_buf_release(&c->who);
	free(c);
	if (code < 0) {
		refuse(t, false, code, &err);
	} else if (t->runner->stopping) {
		target_set_state(t, TARGET_IDLE);
		target_fetch_release(t);
	} else {
		target_fetch_archive(t);
		target_drive(t);
	}
	runner_settle(t->runner);
}

/* On the worker: hashing and two programs. */
static int start_check(struct target *t, struct hgt_error *err)
{
	struct check *c = calloc(1, sizeof(*c));
	int code;

	t->fetch.proof = calloc(1, sizeof(*t->fetch.proof));
	if (!c || !t->fetch.proof) {
		free(c);
		return hgt_error_nomem(err);
	}
	c->target = t;
	hgt_buf_init(&c->who);
	code = hgt_workers_submit(t->runner->workers, run, done, c, err);
	if (code < 0)
		free(c);
	return code;
}

static int on_data(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct target *t = ctx;

	hgt_buf_add(&t->fetch.proof_text, data, len);
	return hgt_buf_check(&t->fetch.proof_text, err);
}

static void fetched(void *ctx, struct call *call, int code, const struct hgt_error *err)
{
	struct target *t = ctx;
	struct hgt_error own = *err;

	t->fetch.call = NULL;
	if (code == 0)
		code = start_check(t, &own);
	if (code == 0)
		return;
	if (code == HGT_EUNAVAILABLE || code == HGT_ETIMEOUT) {
		hgt_log(HGT_LOG_WARNING, "target", "cannot fetch", HGT_S("target", t->config->name), HGT_S("reason", own.message));
		target_set_state(t, TARGET_IDLE);
		target_postpone(t);
		target_fetch_release(t);
		target_drive(t);
		return;
	}
	refuse(t, code == HGT_ENOENT && strcmp(call_problem(call), "path-not-found") == 0, code == HGT_EPERM ? HGT_EINVAL : code, &own);
}

void target_verify(struct target *t)
{
	struct hgt_buf path = HGT_BUF_INIT;
	struct call_spec spec = {.method = "GET", .silence = SILENCE, .limit = TEXT_MAX, .data = on_data, .done = fetched, .ctx = t};
	struct hgt_error err = {0};
	int code;

	hgt_buf_adds(&path, "/v1/proof?repo=");
	hgt_escape_url(&path, t->config->repo, strlen(t->config->repo));
	hgt_buf_addf(&path, "&rev=%s&path=", t->fetch.revision);
	hgt_escape_url(&path, t->config->path, strlen(t->config->path));
	code = hgt_buf_check(&path, &err);
	spec.path = path.data;
	target_set_state(t, TARGET_VERIFYING);
	if (code == 0)
		code = call_start(t->runner->caller, &spec, &t->fetch.call, &err);
	hgt_buf_release(&path);
	if (code < 0) {
		hgt_log(HGT_LOG_WARNING, "target", "cannot fetch", HGT_S("target", t->config->name), HGT_S("reason", err.message));
		target_set_state(t, TARGET_IDLE);
		target_postpone(t);
	}
}

int target_verify_archive(const struct fetch *f, struct hgt_error *err)
{
	char tree[HGT_OID_HEX + 1];
	int code;

	if (!f->proof)
		return 0;
	code = hgt_archive_tree_id(f->file, &hgt_unpack_default_limits, f->proof->submodules, f->proof->n_submodules, tree, err);
	if (code == 0 && strcmp(tree, f->proof->tree) != 0)
		code = hgt_error_set(err, HGT_EPERM, "the archive holds tree %s where the signed commit has %s", tree, f->proof->tree);
	if (code == 0 && lseek(f->file, 0, SEEK_SET) < 0)
		code = hgt_error_set_errno(err, "cannot read the archive again");
	return code;
}
