/* headgate mirror upstreams and promote. */
#include "cli/remote/mirror_promote.h"

#include <time.h>

#include "base/escape.h"
#include "base/json_writer.h"
#include "base/timing.h"
#include "cli/remote/remote.h"
#include "cli/remote/table.h"
#include "cli/terminal.h"

enum { LOOK_MS = 200 };

static const char *text_of(const struct hgt_node *map, const char *key)
{
	const char *text = hgt_node_get_string(map, key);

	return text ? text : "";
}

static int ask(struct client *client, const char *mirror, struct client_answer *answer, struct hgt_error *err)
{
	struct hgt_buf path = HGT_BUF_INIT;
	int code;

	hgt_buf_adds(&path, "/v1/mirrors/upstreams");
	remote_add_query(&path, "mirror", mirror);
	code = hgt_buf_check(&path, err);
	if (code == 0)
		code = client_call(client, "GET", path.data, NULL, answer, err);
	hgt_buf_release(&path);
	return code;
}

static void add_row(struct table *table, const struct hgt_node *upstream)
{
	const struct hgt_node *peer = hgt_node_get(upstream, "peer"), *handover = hgt_node_get(peer, "handover");
	const char *said = text_of(peer, "trouble"), *phase = text_of(peer, "phase");
	bool following = false, leads = !strcmp(text_of(peer, "role"), "leader");
	char term[24] = "";
	int64_t number;

	hgt_node_get_bool(upstream, "following", &following);
	if (hgt_node_get_int(peer, "term", &number))
		snprintf(term, sizeof(term), "%lld", (long long)number);
	if (!*said)
		said = hgt_node_get_string(handover, "waiting_for") ? text_of(handover, "waiting_for") : text_of(peer, "outcome");
	if (!*said)
		said = text_of(upstream, "error");
	table_add(table, text_of(upstream, "mirror"), TINT_NONE);
	table_add(table, text_of(upstream, "server"), TINT_NONE);
	table_add(table, following ? "yes" : "no", following ? TINT_GOOD : leads ? TINT_NONE : TINT_BAD);
	table_add(table, text_of(peer, "role"), TINT_NONE);
	table_add(table, phase, !strcmp(phase, "open") || !strcmp(phase, "following") ? TINT_GOOD : !strcmp(phase, "disputed") ? TINT_BAD : TINT_BUSY);
	table_add(table, term, TINT_NONE);
	table_add(table, said, TINT_BAD);
}

int mirror_upstreams(struct client *client, const struct promote_options *o)
{
	static const char *const heads[] = {"MIRROR", "SERVER", "FOLLOWED", "ROLE", "PHASE", "TERM", "TROUBLE"};
	struct hgt_buf out = HGT_BUF_INIT;
	struct client_answer answer;
	const struct hgt_node *list;
	struct hgt_error err = {0};
	struct table table;
	int status;

	client_answer_init(&answer);
	if (ask(client, o->mirror, &answer, &err) < 0) {
		status = remote_fail(&err);
	} else if (o->json) {
		status = remote_print_answer(&answer);
	} else {
		list = hgt_node_get(answer.root, "upstreams");
		table_init(&table, heads, sizeof(heads) / sizeof(heads[0]));
		for (size_t i = 0; list && list->type == HGT_NODE_SEQ && i < list->v.seq.n; i++)
			add_row(&table, list->v.seq.items[i]);
		status = table_write(&table, terminal_has_color(), &out, &err) < 0 ? remote_fail(&err) : remote_print(&out);
		table_release(&table);
		hgt_buf_release(&out);
	}
	client_answer_release(&answer);
	return status;
}

static int post(struct client *client, const struct promote_options *o, struct client_answer *answer, struct hgt_error *err)
{
	struct hgt_buf body = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&body);
	int code;

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "mirror", o->mirror);
	hgt_json_key_bool(&json, "force", o->force);
	hgt_json_key_bool(&json, "abort", o->abort);
	hgt_json_key_string(&json, "actor", o->actor);
	hgt_json_end_object(&json);
	code = hgt_buf_check(&body, err);
	if (code == 0)
		code = client_call(client, "POST", "/v1/mirrors/promote", body.data, answer, err);
	hgt_buf_release(&body);
	return code;
}

/* What a hand-over is at, told when it is something else than before. */
struct telling {
	struct hgt_buf last;
};

static void tell_step(struct telling *telling, const struct promote_options *o, const struct hgt_node *peer)
{
	const struct hgt_node *handover = hgt_node_get(peer, "handover");
	const char *step = text_of(handover, "step"), *waits = text_of(handover, "waiting_for");
	struct hgt_buf line = HGT_BUF_INIT;

	if (!strcmp(step, "closing"))
		hgt_buf_adds(&line, "the leader takes no more pushes");
	else if (!strcmp(step, "catching-up"))
		hgt_buf_adds(&line, "catching up and comparing every ref");
	else if (!strcmp(step, "granting"))
		hgt_buf_adds(&line, "all is the same; the leader is asked to cede");
	if (line.len && *waits) {
		hgt_buf_adds(&line, "; waiting for ");
		hgt_escape_text(&line, waits, strlen(waits));
	}
	if (line.len && !line.failed && strcmp(line.data, telling->last.data) != 0) {
		hgt_buf_reset(&telling->last);
		hgt_buf_adds(&telling->last, line.data);
		if (!o->json)
			fprintf(stderr, "%s: %s\n", o->mirror, line.data);
	}
	hgt_buf_release(&line);
}

static const struct hgt_node *peer_of(const struct client_answer *answer)
{
	const struct hgt_node *list = hgt_node_get(answer->root, "upstreams");

	return list && list->type == HGT_NODE_SEQ && list->v.seq.n ? hgt_node_get(list->v.seq.items[0], "peer") : NULL;
}

static int tell_end(const struct promote_options *o, const struct client_answer *answer, const struct hgt_node *peer)
{
	const char *role = text_of(peer, "role"), *phase = text_of(peer, "phase"), *outcome = text_of(peer, "outcome");
	const char *met = hgt_node_get_string(peer, "met");
	bool leads = !strcmp(role, "leader"), well = o->abort ? !strcmp(phase, "open") || !strcmp(phase, "following") : leads;
	struct hgt_buf out = HGT_BUF_INIT;
	int64_t term = 0;
	int status;

	if (o->json) {
		status = remote_print_answer(answer);
		return status == HGT_EXIT_OK && !well ? HGT_EXIT_NOT : status;
	}
	hgt_node_get_int(peer, "term", &term);
	hgt_buf_addf(&out, "%s: this Headgate %s in term %lld", o->mirror, leads ? "leads" : "follows", (long long)term);
	if (!leads && *outcome && !o->abort) {
		hgt_buf_adds(&out, "; the hand-over did not come about: ");
		hgt_escape_text(&out, outcome, strlen(outcome));
	}
	hgt_buf_addc(&out, '\n');
	if (leads && o->force)
		hgt_buf_addf(&out, "what the other had taken in and is not here may be lost: all was here %s%s; should it come back, it follows, and tells what "
			"only it has\n", met ? "at " : "", met ? met : "never for certain");
	status = remote_print(&out);
	hgt_buf_release(&out);
	return status == HGT_EXIT_OK && !well ? HGT_EXIT_NOT : status;
}

/* Until it has ended one way or the other, or the time is up. */
static int follow(struct client *client, const struct promote_options *o, struct hgt_error *err)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	int64_t until = hgt_time_mono_ms() + (int64_t)o->timeout * 1000;
	struct telling telling = {HGT_BUF_INIT};
	struct client_answer answer;
	int status = -1;

	while (status < 0) {
		const struct hgt_node *peer;
		const char *phase;

		client_answer_init(&answer);
		if (ask(client, o->mirror, &answer, err) < 0) {
			status = remote_fail(err);
		} else {
			peer = peer_of(&answer);
			phase = text_of(peer, "phase");
			tell_step(&telling, o, peer);
			if (strcmp(phase, "asking") != 0 && strcmp(phase, "granting") != 0 && strcmp(phase, "closed") != 0)
				status = tell_end(o, &answer, peer);
			else if (hgt_time_mono_ms() >= until)
				status = remote_fail((hgt_error_set(err, HGT_ETIMEOUT, "the hand-over is still under way; the same command goes on, and "
					"--abort takes it back"), err));
		}
		client_answer_release(&answer);
		if (status < 0)
			nanosleep(&pause, NULL);
	}
	hgt_buf_release(&telling.last);
	return status;
}

int mirror_promote(struct client *client, const struct promote_options *o)
{
	struct client_answer answer;
	struct hgt_error err = {0};
	int code;

	client_answer_init(&answer);
	code = post(client, o, &answer, &err);
	client_answer_release(&answer);
	return code < 0 ? remote_fail(&err) : follow(client, o, &err);
}
