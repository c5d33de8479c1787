/* The Headgates that mirrors have upstream: which there are, and what is shown of them. */
#include "daemon/mirror_links.h"

#include <event2/event.h>

#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "daemon/mirror_link.h"
#include "daemon/mirror_survey.h"
#include "daemon/request.h"

void link_plan(struct event *timer, int64_t ms)
{
	const struct timeval in = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	evtimer_add(timer, &in);
}

struct link *link_ref(struct link *link)
{
	link->refs++;
	return link;
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void link_unref(struct link *link)
{
	if (!link || --link->refs)
		return;
	link_feed_release(link);
	upstream_free(link->upstream);
	free_event(link->step);
	free_event(link->patience);
	survey_free(link->closed);
	hgt_buf_release(&link->busy);
	hgt_buf_release(&link->trouble);
	hgt_buf_release(&link->outcome);
	free(link->force_actor);
	hgt_config_unref(link->config);
	free(link->name);
	free(link);
}

void link_end_job(struct link *link)
{
	struct links *links = link->links;

	link_unref(link);
	if (!--links->jobs && links->closing)
		free(links);
}

struct link *links_find(const struct links *links, const char *mirror)
{
	struct link *link;

	TAILQ_FOREACH(link, &links->list, entry)
		if (!strcmp(link->name, mirror))
			return link;
	return NULL;
}

static void stop(struct link *link)
{
	link_feed_stop(link);
	if (link->is_peer)
		peer_stop(link);
}

/* Out of the list already, or never in it. */
static void drop(struct link *link)
{
	link->gone = true;
	stop(link);
	link_unref(link);
}

static int load(struct links *links, struct hgt_error *err)
{
	int code = links->loaded ? 0 : webhook_curl_load(&links->curl, err);

	links->loaded |= code == 0;
	return code;
}

static int link_new(struct links *links, const struct hgt_config *config, const struct hgt_config_mirror *mirror, struct link **out,
	struct hgt_error *err)
{
	struct link *link;
	int code = load(links, err);

	if (code < 0)
		return code;
	link = calloc(1, sizeof(*link));
	if (!link)
		return hgt_error_nomem(err);
	link->refs = 1;
	link->links = links;
	link->config = hgt_config_ref(config);
	link->mirror = mirror;
	link->name = strdup(mirror->name);
	link->is_peer = mirror->peer != HGT_MIRROR_ALONE;
	hgt_buf_init(&link->busy);
	hgt_buf_init(&link->trouble);
	hgt_buf_init(&link->outcome);
	code = link_feed_new(link, err);
	if (code == 0 && !link->name)
		code = hgt_error_nomem(err);
	if (code == 0)
		code = upstream_new(links->daemon->base, &links->curl, mirror, &link->upstream, err);
	if (code == 0 && link->is_peer)
		code = peer_new(link, err);
	if (code < 0) {
		hgt_error_prefix(err, "mirror %s", mirror->name);
		drop(link);
		return code;
	}
	*out = link;
	return 0;
}

static void start(struct link *link)
{
	if (link->is_peer)
		peer_start(link);
	else
		link_feed_start(link);
}

static bool is_same(const char *a, const char *b)
{
	return (!a && !b) || (a && b && !strcmp(a, b));
}

/* Whether what the link has of its mirror is what another config says too. */
static bool still_holds(const struct link *link, const struct hgt_config_mirror *mirror)
{
	const struct hgt_config_mirror *now = link->mirror;

	return is_same(now->upstream.server, mirror->upstream.server) && is_same(now->upstream.token_file, mirror->upstream.token_file) &&
		is_same(now->upstream.ca_file, mirror->upstream.ca_file) && link->is_peer == (mirror->peer != HGT_MIRROR_ALONE);
}

static const struct hgt_config_mirror *find_mirror(const struct hgt_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_mirrors; i++)
		if (config->mirrors[i].upstream.server && !strcmp(config->mirrors[i].name, name))
			return &config->mirrors[i];
	return NULL;
}

static void follow_config(struct link *link, const struct hgt_config *config, const struct hgt_config_mirror *mirror)
{
	const struct hgt_config *before = link->config;

	link->config = hgt_config_ref(config);
	link->mirror = mirror;
	hgt_config_unref(before);
	if (link->is_peer)
		peer_let_pull(link);
	/* Other repositories may be the mirror's now. */
	link->feed.look_at_all = true;
	if (link->feed.state == FEED_FOLLOWING || link->feed.state == FEED_DIALLING) {
		link_feed_stop(link);
		if (link->is_peer)
			peer_feed_lost(link);
		else
			link_feed_start(link);
	}
}

int links_reload(struct links *links, const struct hgt_config *config, struct hgt_error *err)
{
	TAILQ_HEAD(, link) fresh = TAILQ_HEAD_INITIALIZER(fresh);
	struct link *link, *next;
	int code = 0;

	TAILQ_FOREACH(link, &links->list, entry)
		if (link->writing)
			return hgt_error_set(err, HGT_EUNAVAILABLE, "mirror %s is just changing hands; reload again in a moment", link->name);
	for (size_t i = 0; i < config->n_mirrors && code == 0; i++) {
		const struct hgt_config_mirror *mirror = &config->mirrors[i];

		if (!mirror->upstream.server || ((link = links_find(links, mirror->name)) && still_holds(link, mirror)))
			continue;
		code = link_new(links, config, mirror, &link, err);
		if (code == 0)
			TAILQ_INSERT_TAIL(&fresh, link, entry);
	}
	if (code < 0) {
		while ((link = TAILQ_FIRST(&fresh))) {
			TAILQ_REMOVE(&fresh, link, entry);
			drop(link);
		}
		return code;
	}
	for (link = TAILQ_FIRST(&links->list); link; link = next) {
		const struct hgt_config_mirror *mirror = find_mirror(config, link->name);

		next = TAILQ_NEXT(link, entry);
		if (mirror && still_holds(link, mirror)) {
			follow_config(link, config, mirror);
		} else {
			TAILQ_REMOVE(&links->list, link, entry);
			drop(link);
		}
	}
	links->config = config;
	while ((link = TAILQ_FIRST(&fresh))) {
		TAILQ_REMOVE(&fresh, link, entry);
		TAILQ_INSERT_TAIL(&links->list, link, entry);
		start(link);
	}
	return 0;
}

int links_new(struct daemon *daemon, struct links **out, struct hgt_error *err)
{
	struct links *links = calloc(1, sizeof(*links));
	int code;

	if (!links)
		return hgt_error_nomem(err);
	links->daemon = daemon;
	TAILQ_INIT(&links->list);
	code = links_reload(links, daemon->config, err);
	if (code < 0)
		links_free(links);
	else
		*out = links;
	return code;
}

void links_free(struct links *links)
{
	struct link *link;

	if (!links)
		return;
	while ((link = TAILQ_FIRST(&links->list))) {
		TAILQ_REMOVE(&links->list, link, entry);
		drop(link);
	}
	links->closing = true;
	if (!links->jobs)
		free(links);
}

int links_drain(struct links *links)
{
	struct link *link;

	if (!links)
		return 1;
	if (!links->draining)
		TAILQ_FOREACH(link, &links->list, entry)
			stop(link);
	links->draining = true;
	return links->jobs == 0;
}

/* What is shown. */

static void write_time(struct hgt_json *json, const char *key, int64_t ms)
{
	char text[HGT_TIME_TEXT];

	if (ms)
		hgt_time_format(ms, text);
	hgt_json_key_string(json, key, ms ? text : NULL);
}

static const char *text_or_null(const struct hgt_buf *text)
{
	return text->len ? text->data : NULL;
}

static void write_handover(const struct link *link, struct hgt_json *json)
{
	const struct handover *h = &link->handover;
	const enum hgt_peer_phase phase = link->row.peer.phase;

	hgt_json_key(json, "handover");
	if (phase != HGT_PEER_ASKING && phase != HGT_PEER_GRANTING && phase != HGT_PEER_CLOSED) {
		hgt_json_null(json);
		return;
	}
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "step", phase == HGT_PEER_CLOSED ? "ceding" : phase == HGT_PEER_GRANTING ? "granting" :
		h->closed ? "catching-up" : "closing");
	hgt_json_key_uint(json, "repositories", h->repos);
	hgt_json_key_uint(json, "left", h->left);
	hgt_json_key_string(json, "waiting_for", text_or_null(&link->busy));
	hgt_json_end_object(json);
}

void link_write(const struct link *link, struct hgt_json *json)
{
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "mirror", link->name);
	hgt_json_key_string(json, "server", link->mirror->upstream.server);
	hgt_json_key_bool(json, "following", link->feed.state == FEED_FOLLOWING);
	hgt_json_key_string(json, "cursor", text_or_null(&link->feed.cursor));
	hgt_json_key_string(json, "error", text_or_null(&link->feed.trouble));
	hgt_json_key(json, "peer");
	if (link->is_peer) {
		hgt_json_begin_object(json);
		peer_write(&link->row.peer, json);
		write_time(json, "since", link->row.since_ms);
		write_time(json, "met", link->row.met_ms);
		hgt_json_key(json, "other");
		if (link->met) {
			hgt_json_begin_object(json);
			peer_write(&link->other, json);
			hgt_json_end_object(json);
		} else {
			hgt_json_null(json);
		}
		write_handover(link, json);
		hgt_json_key_string(json, "outcome", text_or_null(&link->outcome));
		hgt_json_key_string(json, "trouble", text_or_null(&link->trouble));
		hgt_json_end_object(json);
	} else {
		hgt_json_null(json);
	}
	hgt_json_end_object(json);
}

void links_show(struct links *links, struct request *request, const char *mirror)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	struct link *link;

	if (mirror && !links_find(links, mirror)) {
		request_reply_error(request, 404, NULL, "there is no mirror named \"%s\" with an upstream in the config", mirror);
		return;
	}
	hgt_json_begin_object(&json);
	hgt_json_key(&json, "upstreams");
	hgt_json_begin_array(&json);
	TAILQ_FOREACH(link, &links->list, entry)
		if (!mirror || !strcmp(link->name, mirror))
			link_write(link, &json);
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
	hgt_buf_addc(&body, '\n');
	request_reply_json(request, 200, &body);
	hgt_buf_release(&body);
}
