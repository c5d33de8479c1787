/* A target's archive: asked for with what it has, checked against its digest, handed on as an unlinked file. */
#include <fcntl.h>
#include <unistd.h>

#include "agent/call.h"
#include "agent/target_private.h"
#include "archive/unpack.h"
#include "base/escape.h"
#include "base/io.h"
#include "base/log.h"
#include "base/timing.h"
#include "headgate/protocol.h"
#include "object/proof.h"

#define SILENCE 60	/* seconds; the daemon may have to build it first */

void target_fetch_release(struct target *t)
{
	struct fetch *f = &t->fetch;

	call_cancel(f->call);
	f->call = NULL;
	if (f->file >= 0)
		close(f->file);
	f->file = -1;
	hgt_buf_release(&f->digest);
	target_verify_release(f);
}

/* What the answer is about: "<tree id>" with its quotes, or "<tree id>-<the tree that we have>" of differences. */
static int take_tree(struct fetch *f, const char *etag, const char *from, struct hgt_error *err)
{
	size_t len = etag ? strlen(etag) : 0, rest;

	if (from && strcmp(from, "none") != 0 && strcmp(from, f->from) != 0)
		return hgt_error_set(err, HGT_EPARSE, "the server tells the differences to a tree that is not ours (" HGT_HEADER_FROM ")");
	if (!from || strcmp(from, "none") == 0)
		f->from[0] = '\0';
	rest = *f->from ? strlen(f->from) + 1 : 0;
	if (len > 2 + rest && len - rest < sizeof(f->tree) + 2 && etag[0] == '"' && etag[len - 1] == '"' &&
		(rest == 0 || (etag[len - 1 - rest] == '-' && memcmp(etag + len - rest, f->from, rest - 1) == 0))) {
		memcpy(f->tree, etag + 1, len - 2 - rest);
		f->tree[len - 2 - rest] = '\0';
		if (hgt_oid_is_valid(f->tree))
			return 0;
	}
	f->tree[0] = '\0';
	return hgt_error_set(err, HGT_EPARSE, "the server does not say which tree its archive holds (ETag)");
}

static int open_file(struct target *t, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	hgt_buf_addf(&path, "%s/archive", t->folder.data);
	code = hgt_buf_check(&path, err);
	if (code == 0) {
		t->fetch.file = open(path.data, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (t->fetch.file < 0)
			code = hgt_error_set_errno(err, "cannot create %s", path.data);
		else
			unlink(path.data);
	}
	hgt_buf_release(&path);
	return code;
}

/* Where the commit had to be signed: the content is the one that it names. */
static int is_proved(const struct fetch *f, const char *tree, struct hgt_error *err)
{
	if (!f->proof || strcmp(f->proof->tree, tree) == 0)
		return 0;
	return hgt_error_set(err, HGT_EPARSE, "the server gives tree %s where the signed commit has %s", tree, f->proof->tree);
}

static int on_head(void *ctx, struct call *call, struct hgt_error *err)
{
	struct target *t = ctx;
	struct fetch *f = &t->fetch;
	const char *digest = call_header(call, "Repr-Digest");
	int code;

	if (call_status(call) == 304 && !f->conditional)
		return hgt_error_set(err, HGT_EPARSE, "the server says that nothing has changed, unasked");
	if (call_status(call) == 304)
		return is_proved(f, t->saved.tree, err);
	if (!digest)
		return hgt_error_set(err, HGT_EPARSE, "the server gives no digest of its archive (Repr-Digest)");
	hgt_buf_adds(&f->digest, digest);
	hgt_sha256_init(&f->sha);
	code = hgt_buf_check(&f->digest, err);
	if (code == 0)
		code = take_tree(f, call_header(call, "ETag"), call_header(call, HGT_HEADER_FROM), err);
	if (code == 0)
		code = is_proved(f, f->tree, err);
	if (code == 0 && f->explain && strcmp(f->tree, t->saved.tree) != 0)
		code = hgt_error_set(err, HGT_EPARSE, "the server gives tree %s where %s was applied", f->tree, t->saved.tree);
	return code == 0 ? open_file(t, err) : code;
}

static int on_data(void *ctx, const char *data, size_t len, struct hgt_error *err)
{
	struct target *t = ctx;

	hgt_sha256_update(&t->fetch.sha, data, len);
	return hgt_write_all(t->fetch.file, data, len) < 0 ? hgt_error_set_errno(err, "cannot write the archive to %s", t->folder.data) : 0;
}

/* Repr-Digest is a list of algorithm=:value: (RFC 9530). */
static int check_digest(struct fetch *f, struct hgt_error *err)
{
	struct hgt_buf field = HGT_BUF_INIT;
	unsigned char digest[HGT_SHA256_SIZE];
	int code;

	hgt_sha256_final(&f->sha, digest);
	hgt_digest_field(&field, digest);
	code = hgt_buf_check(&field, err);
	if (code == 0 && !strstr(f->digest.data, field.data))
		code = hgt_error_set(err, HGT_EPARSE, "the archive is not what its digest promised: got %s, promised %s", field.data,
			f->digest.data);
	if (code == 0 && lseek(f->file, 0, SEEK_SET) < 0)
		code = hgt_error_set_errno(err, "cannot read the archive again");
	hgt_buf_release(&field);
	return code;
}

/* The content is the one that we have: only the revision moves. */
static void unchanged(struct target *t)
{
	memcpy(t->saved.applied, t->fetch.revision, sizeof(t->saved.applied));
	t->last = (struct outcome){.operation = "Succeeded", .message = "the content is unchanged", .started_ms = t->started_ms,
		.finished_ms = hgt_time_now_ms()};
	t->failed = false;
	t->retry_at = 0;
	pause_reset(&t->pause);
	target_save(t);
	t->compare_at = 0;
}

void target_fetch_failed(struct target *t, bool permanent, const char *sync, const char *health, const char *message)
{
	target_answer(t, false);
	if (permanent)
		target_give_up(t, t->fetch.revision);
	else
		target_postpone(t);
	target_tell_failure(t, sync, health, message, NULL);
}

static void failed(struct target *t, const struct call *call, int code, const struct hgt_error *err)
{
	if (code == HGT_ENOENT && strcmp(call_problem(call), "path-not-found") == 0) {
		/* A folder that is gone from the tree may be a mistake; an empty target would be one. */
		target_fetch_failed(t, true, "OutOfSync", "Missing", "path not in the tree");
	} else if (code == HGT_ENOENT && strcmp(call_problem(call), "revision-not-found") == 0) {
		target_fetch_failed(t, true, "OutOfSync", *t->saved.applied ? "Unknown" : "Missing", err->message);
	} else if (t->fetch.asked_from && !t->whole && (code == HGT_EINVAL || code == HGT_EPARSE)) {
		/* It may not know of differences, or tell them otherwise. */
		hgt_log(HGT_LOG_INFO, "target", "the differences cannot be had; fetching the whole", HGT_S("target", t->config->name),
			HGT_S("reason", err->message));
		t->whole = true;
	} else if (code == HGT_EUNAVAILABLE || code == HGT_ETIMEOUT) {
		/* A daemon that cannot be reached is no news about the target; one that answers wrongly is. */
		target_postpone(t);
		hgt_log(HGT_LOG_WARNING, "target", "cannot fetch", HGT_S("target", t->config->name), HGT_S("reason", err->message));
	} else {
		target_fetch_failed(t, false, "Unknown", "Unknown", err->message);
	}
}

static void fetched(void *ctx, struct call *call, int code, const struct hgt_error *err)
{
	struct target *t = ctx;
	struct hgt_error own = *err;

	t->fetch.call = NULL;
	if (code == 0 && call_status(call) == 200)
		code = t->fetch.file < 0 ? hgt_error_set(&own, HGT_EPARSE, "the server sends no archive") : check_digest(&t->fetch, &own);
	if (code == 0 && call_status(call) == 200) {
		target_set_state(t, TARGET_READY);
		target_drive(t);
		return;
	}
	target_set_state(t, TARGET_IDLE);
	if (t->fetch.explain)
		target_explain_failed(t, own.message);
	else if (code == 0)
		unchanged(t);
	else
		failed(t, call, code, &own);
	target_fetch_release(t);
	target_drive(t);
}

static void write_path(const struct target *t, struct hgt_buf *path)
{
	hgt_buf_adds(path, "/v1/archive?repo=");
	hgt_escape_url(path, t->config->repo, strlen(t->config->repo));
	hgt_buf_addf(path, "&rev=%s&path=", t->fetch.revision);
	hgt_escape_url(path, t->config->path, strlen(t->config->path));
	if (*t->fetch.from)
		hgt_buf_addf(path, "&from=%s", t->fetch.from);
}

void target_fetch(struct target *t)
{
	const struct state_request *request = target_request(t);

	snprintf(t->fetch.revision, sizeof(t->fetch.revision), "%s", target_wanted(t));
	snprintf(t->fetch.request, sizeof(t->fetch.request), "%s", request ? request->id : "");
	snprintf(t->fetch.ref, sizeof(t->fetch.ref), "%s", t->desired);
	t->fetch.explain = false;
	t->started_ms = hgt_time_now_ms();
	if (t->config->verify.allowed_signers || t->config->verify.keyring)
		target_verify(t);
	else
		target_fetch_archive(t);
}

void target_fetch_archive(struct target *t)
{
	struct hgt_buf path = HGT_BUF_INIT, tag = HGT_BUF_INIT;
	struct call_spec spec = {.method = "GET", .silence = SILENCE, .limit = hgt_unpack_default_limits.bytes, .head = on_head,
		.data = on_data, .done = fetched, .ctx = t};
	struct hgt_error err = {0};
	int code;

	/* What has drifted, or owes its `after`, needs the files themselves; and whoever asks for a sync gets one. What is not to be applied is
	 * shown, for which all files are needed. */
	t->fetch.conditional = *t->saved.tree && !t->drifted && !t->saved.unfinished && !*t->fetch.request && !t->fetch.explain;
	t->fetch.asked_from = t->fetch.conditional && !t->whole && t->driver->takes_differences && !t->fetch.proof && target_may_act(t);
	memcpy(t->fetch.from, t->saved.tree, sizeof(t->fetch.from));
	if (!t->fetch.asked_from)
		t->fetch.from[0] = '\0';
	write_path(t, &path);
	hgt_buf_addf(&tag, "\"%s\"", t->saved.tree);
	code = path.failed || tag.failed ? hgt_error_nomem(&err) : 0;
	spec.path = path.data;
	if (t->fetch.conditional) {
		spec.header = "If-None-Match";
		spec.value = tag.data;
	}
	target_set_state(t, TARGET_FETCHING);
	if (code == 0)
		code = call_start(t->runner->caller, &spec, &t->fetch.call, &err);
	hgt_buf_release(&tag);
	hgt_buf_release(&path);
	if (code < 0) {
		hgt_log(HGT_LOG_WARNING, "target", "cannot fetch", HGT_S("target", t->config->name), HGT_S("reason", err.message));
		target_set_state(t, TARGET_IDLE);
		if (t->fetch.explain)
			target_explain_failed(t, err.message);
		else
			target_postpone(t);
		target_fetch_release(t);
	}
}
