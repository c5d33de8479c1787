/* Webhooks that forges send here. */
#include "daemon/inbound.h"

#include "base/digest.h"
#include "base/io.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "daemon/agents.h"
#include "daemon/request.h"
#include "daemon/store.h"
#include "doc/doc.h"
#include "headgate/protocol.h"
#include "journal/deliveries.h"
#include "webhook/inbound.h"

struct inbound {
	struct daemon *daemon;
	const struct hgt_config *config;
	struct hgt_secret *secrets;	/* one an entry of the config */
	struct inbound_stats stats;
};

static void secrets_free(struct hgt_secret *secrets, size_t n)
{
	for (size_t i = 0; secrets && i < n; i++)
		hgt_secret_release(&secrets[i]);
	free(secrets);
}

int inbound_reload(struct inbound *inbound, const struct hgt_config *config, struct hgt_error *err)
{
	struct hgt_secret *secrets = calloc(config->n_inbound + 1, sizeof(*secrets));
	int code = secrets ? 0 : hgt_error_nomem(err);

	for (size_t i = 0; i < config->n_inbound && code == 0; i++) {
		code = hgt_secret_read(config->inbound[i].secret_file, &secrets[i], err);
		if (code < 0)
			hgt_error_prefix(err, "inbound webhook %s", config->inbound[i].name);
	}
	if (code < 0) {
		secrets_free(secrets, config->n_inbound);
		return code;
	}
	secrets_free(inbound->secrets, inbound->config ? inbound->config->n_inbound : 0);
	inbound->secrets = secrets;
	inbound->config = config;
	return 0;
}

int inbound_new(struct daemon *daemon, struct inbound **out, struct hgt_error *err)
{
	struct inbound *inbound = calloc(1, sizeof(*inbound));
	int code;

	if (!inbound)
		return hgt_error_nomem(err);
	inbound->daemon = daemon;
	code = inbound_reload(inbound, daemon->config, err);
	if (code < 0) {
		free(inbound);
		return code;
	}
	*out = inbound;
	return 0;
}

void inbound_free(struct inbound *inbound)
{
	if (!inbound)
		return;
	secrets_free(inbound->secrets, inbound->config->n_inbound);
	free(inbound);
}

void inbound_stats(const struct inbound *inbound, struct inbound_stats *out)
{
	*out = inbound->stats;
}

/* A push that waits for the disk. Strings are its own. */
struct arrival {
	struct inbound *inbound;
	struct request *request;
	char *name, *repo, *ref, *delivery;
	char digest[HGT_SHA256_HEX];	/* of the body */
	char subject[2 * HGT_INBOUND_REF_MAX];
	struct hgt_buf data;
	uint32_t window;
	uint64_t seq;
	bool repeated;
};

static void arrival_free(struct arrival *a)
{
	free(a->name);
	free(a->repo);
	free(a->ref);
	free(a->delivery);
	hgt_buf_release(&a->data);
	free(a);
}

/* The signature is over the body alone, so whoever has seen one may send it again under another id: both are looked for. */
static int run_arrival(struct hgt_journal *journal, struct store_batch *batch, void *job, struct hgt_error *err)
{
	struct arrival *a = job;
	const struct hgt_journal_entry entry = {.type = HGT_EVENT_UPSTREAM_PUSHED, .subject = a->subject, .repo = a->repo, .ref = a->ref,
		.data = a->data.data, .data_len = a->data.len};
	int64_t now = hgt_time_now_ms();
	int code = hgt_inbound_claim(journal, a->name, a->digest, now, (int64_t)a->window * 1000, err);

	if (code == 0 && a->delivery)
		code = hgt_inbound_claim(journal, a->name, a->delivery, now, (int64_t)a->window * 1000, err);
	if (code == HGT_EEXIST) {
		a->repeated = true;
		return 0;
	}
	return code < 0 ? code : store_append(batch, &entry, &a->seq, err);
}

static void arrived(void *job, int code, const struct hgt_error *err)
{
	struct arrival *a = job;
	struct hgt_buf body = HGT_BUF_INIT, cursor = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	struct hgt_cursor at = {.seq = a->seq};

	if (code < 0) {
		request_reply_failure(a->request, err);
		arrival_free(a);
		return;
	}
	a->inbound->stats.taken += !a->repeated;
	a->inbound->stats.repeated += a->repeated;
	snprintf(at.journal, sizeof(at.journal), "%s", hgt_journal_id(a->inbound->daemon->reader));
	hgt_cursor_format(&at, &cursor);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "cursor", a->repeated ? NULL : cursor.data);
	hgt_json_key_bool(&json, "repeated", a->repeated);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	body.failed |= cursor.failed;
	request_reply_json(a->request, 200, &body);
	hgt_buf_release(&body);
	hgt_buf_release(&cursor);
	arrival_free(a);
}

static void write_data(const struct hgt_config_inbound *config, const struct hgt_inbound_push *push, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "inbound", config->name);
	hgt_json_key_string(&json, "kind", hgt_webhook_format_name(config->kind));
	hgt_json_key_string(&json, "repo", config->repo);
	hgt_json_key_string(&json, "ref", push->ref);
	hgt_json_key_string(&json, "old", push->old_id);
	hgt_json_key_string(&json, "new", push->new_id);
	hgt_json_key_string(&json, "delivery", push->delivery);
	hgt_json_end_object(&json);
}

static int submit(struct inbound *inbound, struct request *request, const struct hgt_config_inbound *config,
	const struct hgt_inbound_push *push, const char *body, size_t len, struct hgt_error *err)
{
	struct arrival *a = calloc(1, sizeof(*a));
	unsigned char digest[HGT_SHA256_SIZE];
	int code;

	if (!a)
		return hgt_error_nomem(err);
	hgt_buf_init(&a->data);
	a->inbound = inbound;
	a->request = request;
	a->window = config->window;
	a->name = strdup(config->name);
	a->repo = strdup(config->repo);
	a->ref = strdup(push->ref);
	a->delivery = push->delivery ? strdup(push->delivery) : NULL;
	hgt_sha256(body, len, digest);
	hgt_hex(digest, sizeof(digest), a->digest);
	snprintf(a->subject, sizeof(a->subject), "%s:%s", config->repo, push->ref);
	write_data(config, push, &a->data);
	code = hgt_buf_check(&a->data, err);
	if (code == 0 && (!a->name || !a->repo || !a->ref || (push->delivery && !a->delivery)))
		code = hgt_error_nomem(err);
	if (code == 0)
		code = store_submit(inbound->daemon->store, run_arrival, arrived, a, err);
	if (code < 0)
		arrival_free(a);
	return code;
}

static const char *get_header(void *ctx, const char *name)
{
	return request_get_header(ctx, name);
}

static void reply_ignored(struct request *request)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	hgt_json_begin_object(&json);
	hgt_json_key_bool(&json, "ignored", true);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, 200, &body);
	hgt_buf_release(&body);
}

void inbound_take(struct inbound *inbound, struct request *request)
{
	const struct hgt_config_inbound *config = NULL;
	const struct hgt_secret *secret = NULL;
	struct hgt_inbound_push push;
	struct hgt_error err = {0};
	struct hgt_doc_set set;
	const char *body;
	size_t len;
	int code;

	for (size_t i = 0; i < inbound->config->n_inbound; i++) {
		if (strcmp(inbound->config->inbound[i].name, request->name) != 0)
			continue;
		config = &inbound->config->inbound[i];
		secret = &inbound->secrets[i];
	}
	if (!config) {
		request_reply_error(request, 404, NULL, "no inbound webhook of this name is in the config");
		return;
	}
	body = request_body(request, &len);
	if (!hgt_inbound_verify(config->kind, secret, get_header, request, body, len)) {
		inbound->stats.refused++;
		agents_refused(inbound->daemon->agents, &(struct refused){.remote = request->remote},
			"the signature of an inbound webhook is wrong");
		request_reply_error(request, 401, NULL, "the signature is missing or wrong");
		return;
	}
	hgt_doc_set_init(&set);
	code = hgt_inbound_read(config->kind, get_header, request, body, len, &set, &push, &err);
	if (code == 0) {
		inbound->stats.ignored++;
		reply_ignored(request);
	} else {
		if (code > 0)
			code = submit(inbound, request, config, &push, body, len, &err);
		else
			inbound->stats.refused++;
		if (code < 0)
			request_reply_failure(request, &err);
	}
	hgt_doc_set_release(&set);
}
