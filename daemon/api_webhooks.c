/* Endpoints about webhooks. */
#include "base/io.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "daemon/api.h"
#include "daemon/inbound.h"
#include "daemon/webhooks.h"
#include "doc/doc.h"
#include "journal/deliveries.h"

#define LIMIT_MAX 1000

void api_webhooks(struct request *request)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);

	hgt_json_begin_object(&json);
	hgt_json_key(&json, "webhooks");
	webhooks_write(request->daemon->webhooks, &json);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, 200, &body);
	hgt_buf_release(&body);
}

static void write_time(struct hgt_json *json, const char *key, int64_t ms)
{
	char text[HGT_TIME_TEXT];

	if (ms)
		hgt_time_format(ms, text);
	hgt_json_key_string(json, key, ms ? text : NULL);
}

struct writing {
	struct hgt_json *json;
	const char *journal;
};

static int write_delivery(void *ctx, const struct hgt_delivery_row *row)
{
	struct writing *writing = ctx;
	struct hgt_json *json = writing->json;
	char event[HGT_JOURNAL_ID_HEX + 32];

	snprintf(event, sizeof(event), "%s.%llu", writing->journal, (unsigned long long)row->seq);
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "delivery", row->delivery);
	hgt_json_key_string(json, "webhook", row->target);
	hgt_json_key_string(json, "event", event);
	hgt_json_key_string(json, "type", row->type);
	hgt_json_key_string(json, "repo", row->repo[0] ? row->repo : NULL);
	hgt_json_key_string(json, "ref", row->ref[0] ? row->ref : NULL);
	hgt_json_key_string(json, "state", hgt_delivery_state_name(row->state));
	hgt_json_key_uint(json, "attempts", row->attempts);
	hgt_json_key_int(json, "status", row->status);
	hgt_json_key_string(json, "answer", row->answer);
	hgt_json_key_string(json, "error", row->error[0] ? row->error : NULL);
	write_time(json, "first", row->first_ms);
	write_time(json, "last", row->tried_ms);
	write_time(json, "next", row->state == HGT_DELIVERY_WAITING ? row->next_ms : 0);
	hgt_json_end_object(json);
	return json->out->failed ? 1 : 0;
}

void api_webhook_deliveries(struct request *request)
{
	const char *name = query_get(&request->query, "webhook"), *state = query_get(&request->query, "state");
	const char *limit = query_get(&request->query, "limit");
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	struct writing writing = {&json, hgt_journal_id(request->daemon->reader)};
	struct hgt_error err = {0};
	uint64_t most = 100;
	int wanted = state ? hgt_delivery_state_parse(state) : -1;

	if (state && wanted < 0) {
		request_reply_error(request, 400, NULL, "state is waiting, delivered, parked or queued");
		return;
	}
	if (limit && (hgt_parse_u64(limit, LIMIT_MAX, &most) < 0 || !most)) {
		request_reply_error(request, 400, NULL, "limit is a number from 1 to %d", LIMIT_MAX);
		return;
	}
	if (name && !webhooks_has(request->daemon->webhooks, name)) {
		request_reply_error(request, 404, NULL, "there is no webhook named \"%s\" in the config", name);
		return;
	}
	hgt_json_begin_object(&json);
	hgt_json_key(&json, "deliveries");
	hgt_json_begin_array(&json);
	if (hgt_deliveries(request->daemon->reader, name, wanted, (unsigned)most, write_delivery, &writing, &err) < 0) {
		request_reply_failure(request, &err);
		hgt_buf_release(&body);
		return;
	}
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, 200, &body);
	hgt_buf_release(&body);
}

/* The body as JSON with a "webhook" in it; NULL when the request has been answered. */
static const char *read_body(struct request *request, struct hgt_doc_set *set)
{
	struct hgt_error err = {0};
	size_t len;
	const char *text = request_body(request, &len), *name;

	if (hgt_json_parse_message(text, len, set, &err) < 0) {
		request_reply_failure(request, &err);
		return NULL;
	}
	name = hgt_node_get_string(set->docs[0].root, "webhook");
	if (!name)
		request_reply_error(request, 400, NULL, "field \"webhook\" is to be a name");
	return name;
}

void api_webhook_replay(struct request *request)
{
	struct webhooks *webhooks = request->daemon->webhooks;
	const char *name, *delivery, *after;
	struct hgt_error err = {0};
	struct hgt_cursor cursor;
	struct hgt_doc_set set;
	bool parked = false;

	hgt_doc_set_init(&set);
	name = read_body(request, &set);
	if (!name)
		goto out;
	delivery = hgt_node_get_string(set.docs[0].root, "delivery");
	after = hgt_node_get_string(set.docs[0].root, "after");
	hgt_node_get_bool(set.docs[0].root, "parked", &parked);
	if ((delivery != NULL) + (after != NULL) + parked != 1)
		request_reply_error(request, 400, NULL, "one of \"delivery\", \"parked\": true and \"after\" is wanted");
	else if (after && hgt_cursor_parse(after, &cursor, &err) < 0)
		request_reply_failure(request, &err);
	else if (after)
		webhooks_rewind(webhooks, request, name, &cursor);
	else
		webhooks_replay(webhooks, request, name, delivery);
out:
	hgt_doc_set_release(&set);
}

void api_webhook_test(struct request *request)
{
	struct hgt_doc_set set;
	const char *name;

	hgt_doc_set_init(&set);
	name = read_body(request, &set);
	if (name)
		webhooks_test(request->daemon->webhooks, request, name);
	hgt_doc_set_release(&set);
}

void api_inbound(struct request *request)
{
	inbound_take(request->daemon->inbound, request);
}
