/* The endpoint that tells what has become of a revision on the targets that follow its repository. */
#include "base/digest.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "daemon/api.h"
#include "daemon/messages.h"
#include "daemon/rollout.h"
#include "daemon/scope.h"

enum {
	WAIT_MAX = 60,		/* seconds */
	LOOK_SECONDS = 30,	/* for a first look, where nobody wants to wait */
	SEEN_HEX = 16,
	REVISION_MAX = 256,
};

/* One request, until it is answered. */
struct asker {
	struct request *request;
	struct rollout *rollout;
	char seen[SEEN_HEX + 1];	/* what the client knows; "": nothing */
};

static void asker_free(struct asker *asker)
{
	rollout_close(asker->rollout);
	free(asker);
}

static void on_gone(void *ctx)
{
	struct asker *asker = ctx;

	request_free(asker->request);
	asker_free(asker);
}

static void write_targets(const struct rollout *rollout, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	struct rollout_target target;
	size_t pos = 0;

	hgt_json_begin_array(&json);
	while (rollout_next(rollout, &pos, &target))
		rollout_write_target(&target, &json);
	hgt_json_end_array(&json);
}

/* By what is told now, so that it is the same for the same. */
static void make_seen(const struct hgt_buf *targets, char seen[SEEN_HEX + 1])
{
	unsigned char digest[HGT_SHA256_SIZE];

	hgt_sha256(targets->data, targets->len, digest);
	for (int i = 0; i < SEEN_HEX / 2; i++)
		snprintf(seen + 2 * i, 3, "%02x", digest[i]);
}

static void answer(struct asker *asker, enum hgt_rollout_end state, const struct hgt_buf *targets, const char *seen)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	hgt_json_begin_object(&json);
	rollout_write_head(asker->rollout, &json);
	hgt_json_key_string(&json, "state", state == HGT_ROLLOUT_TIMEOUT ? NULL : hgt_rollout_end_name(state));
	hgt_json_key(&json, "targets");
	hgt_json_raw(&json, targets->data, targets->len);
	hgt_json_key_string(&json, "seen", seen);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	if (targets->failed)
		body.failed = true;
	request_reply_json(asker->request, 200, &body);
	hgt_buf_release(&body);
}

static void on_moved(void *ctx)
{
	struct asker *asker = ctx;
	enum hgt_rollout_end state = rollout_end(asker->rollout);
	const struct hgt_error *err;
	struct hgt_buf targets = HGT_BUF_INIT;
	char seen[SEEN_HEX + 1];

	if (state == HGT_ROLLOUT_LEFT && rollout_trouble(asker->rollout, &err) < 0) {
		if (err->code == HGT_ENOENT)
			request_reply_error(asker->request, 404, "revision-not-found", "%s", err->message);
		else
			request_reply_failure(asker->request, err);
		asker_free(asker);
		return;
	}
	if (!rollout_version(asker->rollout)) {
		request_reply_error(asker->request, 503, NULL, state == HGT_ROLLOUT_LEFT ? "the daemon is shutting down" :
			"the repository could not be looked at in time; ask again");
		asker_free(asker);
		return;
	}
	write_targets(asker->rollout, &targets);
	make_seen(&targets, seen);
	if (state != HGT_ROLLOUT_GOES_ON || strcmp(seen, asker->seen) != 0) {
		answer(asker, state, &targets, seen);
		asker_free(asker);
	}
	hgt_buf_release(&targets);
}

/* A branch, a tag, a ref or an id, none of the ways from one commit to another: those may take long. */
static bool is_plain(const char *rev)
{
	size_t len = strlen(rev);

	return len > 0 && len <= REVISION_MAX && strcspn(rev, "~^:@{}?*[]\\ \x7f") == len && !strstr(rev, "..") && *rev != '-';
}

/* What is asked for; false when the request has been answered. */
static bool read_query(struct request *request, struct rollout_spec *spec, struct asker *asker)
{
	const char *seen = query_get(&request->query, "seen"), *wait = query_get(&request->query, "wait");
	uint64_t seconds = 0;
	char who[REQUEST_WHO_MAX];

	spec->repo = query_get(&request->query, "repo");
	spec->revision = query_get(&request->query, "rev");
	spec->ref = query_get(&request->query, "ref");
	spec->scope = request->scope;
	spec->resolves = scope_is_all(request->scope);
	if (!spec->repo || !*spec->repo || !spec->revision)
		request_reply_error(request, 400, NULL, "parameters \"repo\" and \"rev\" are needed");
	else if (spec->resolves ? !is_plain(spec->revision) : !hgt_oid_is_valid(spec->revision))
		request_reply_error(request, 400, NULL, spec->resolves ? "parameter \"rev\" is to be a commit id or the name of a ref" :
			"parameter \"rev\" is to be a whole commit id");
	else if (spec->ref && !message_ref_is_valid(spec->ref))
		request_reply_error(request, 400, NULL, "parameter \"ref\" is no full ref name, like refs/heads/main");
	else if (wait && hgt_parse_u64(wait, WAIT_MAX, &seconds) < 0)
		request_reply_error(request, 400, NULL, "parameter \"wait\" is to be a number up to %d", WAIT_MAX);
	else if (seen && *seen && (strlen(seen) != SEEN_HEX || strspn(seen, "0123456789abcdef") != SEEN_HEX))
		request_reply_error(request, 400, NULL, "parameter \"seen\" is to be what an answer said");
	else if (!scope_has_repo(request->scope, spec->repo))
		request_refuse(request, "%s may not see repository %s", request_who(request, who), spec->repo);
	else {
		spec->wait_ms = seconds ? (int64_t)seconds * 1000 : LOOK_SECONDS * 1000;
		if (seen && *seen && seconds)
			memcpy(asker->seen, seen, SEEN_HEX + 1);
		return true;
	}
	return false;
}

void api_rollout(struct request *request)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	struct rollout_spec spec = {.moved = on_moved, .ctx = asker};
	struct hgt_error err = {0};
	int code;

	if (!asker) {
		hgt_error_nomem(&err);
		request_reply_failure(request, &err);
		return;
	}
	asker->request = request;
	if (!read_query(request, &spec, asker)) {
		free(asker);
		return;
	}
	code = rollout_open(request->daemon->rollouts, &spec, &asker->rollout, &err);
	if (code < 0) {
		free(asker);
		if (code == HGT_ENOENT)
			request_reply_error(request, 404, "repository-not-found", "%s", err.message);
		else
			request_reply_failure(request, &err);
		return;
	}
	request->gone = on_gone;
	request->gone_ctx = asker;
}
