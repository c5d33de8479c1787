/* A pull: what has moved is told as a push is. */
#include "base/io.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/timing.h"
#include "base/utf8.h"
#include "daemon/intake.h"
#include "daemon/mirror_pull.h"
#include "headgate/protocol.h"

enum { TOLD_AT_ONCE = 5000 };	/* moves of one announcement; the next is made when it is on disk, so that none holds much memory */

static const char zero_id[] = "0000000000000000000000000000000000000000";

static void tell_on(struct pull *pull);

/* What could not be told is found by a compare, and told without saying who moved it. */
static void told(void *ctx, int code, uint64_t seq, const struct hgt_error *err)
{
	struct pull *pull = ctx;

	(void)seq;
	if (code < 0) {
		hgt_log(HGT_LOG_WARNING, "mirrors", "what a mirror has moved is not journaled yet", HGT_S("mirror", pull->name),
			HGT_S("repo", pull->repo), HGT_S("error", err->message));
		if (pull->turn)
			intake_compare(pull->turn->daemon->intake, pull->repo, pull->path, INTAKE_SEEN);
	}
	if (pull->telling)
		pull->answered = true;
	else
		tell_on(pull);
}

static void write_update(struct hgt_json *json, const struct hgt_pull_item *item)
{
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "old", *item->ours ? item->ours : zero_id);
	hgt_json_key_string(json, "new", item->what == HGT_PULL_DELETE ? zero_id : item->theirs);
	hgt_json_key_string(json, "ref", item->ref);
	hgt_json_end_object(json);
}

/* The line that a hook would hand over (docs/design.md, "Hook socket"). */
static void begin_line(struct pull *pull, struct hgt_json *json)
{
	char time[HGT_TIME_TEXT], push[33];
	struct hgt_buf actor = HGT_BUF_INIT;

	hgt_time_format(hgt_time_now_ms(), time);
	hgt_random_hex(16, push);
	hgt_buf_addf(&actor, "mirror:%s", pull->name);
	hgt_json_begin_object(json);
	hgt_json_key_int(json, "v", HGT_HOOK_VERSION);
	hgt_json_key_string(json, "type", "received");
	hgt_json_key_string(json, "repo", pull->path);
	hgt_json_key_string(json, "push", push);
	hgt_json_key(json, "actor");
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", actor.data);
	hgt_json_key_string(json, "server", "mirror");
	hgt_json_end_object(json);
	hgt_json_key_string(json, "time", time);
	hgt_json_key(json, "updates");
	hgt_json_begin_array(json);
	hgt_buf_release(&actor);
}

static bool can_be_told(const struct hgt_pull_item *item)
{
	return hgt_utf8_check(item->ref, strlen(item->ref)) == strlen(item->ref);
}

/* The next announcement; false when there is nothing left. */
static bool tell_some(struct pull *pull)
{
	struct hgt_buf text = HGT_BUF_INIT;
	struct hgt_json json = HGT_JSON_INIT(&text);
	struct hook_line *line = NULL;
	struct hgt_error err = {0};
	size_t n = 0;
	int code;

	begin_line(pull, &json);
	for (; pull->told < pull->plan.n && n < TOLD_AT_ONCE; pull->told++) {
		const struct hgt_pull_item *item = &pull->plan.items[pull->told];

		if (!pull->done[pull->told] || !can_be_told(item))
			continue;
		write_update(&json, item);
		n++;
	}
	hgt_json_end_array(&json);
	hgt_json_end_object(&json);
	code = hgt_buf_check(&text, &err);
	if (code == 0 && n)
		code = hook_line_parse(text.data, text.len, &line, &err);
	hgt_buf_release(&text);
	if (line)
		intake_announce(pull->turn->daemon->intake, line, "mirror", told, pull);
	else if (n)
		told(pull, code, 0, &err);
	return n > 0;
}

/* One after the other; answers may come at once. */
static void tell_on(struct pull *pull)
{
	bool more = true;

	if (!pull->turn) {
		pull_give_up(pull);
		return;
	}
	pull->telling = true;
	do {
		pull->answered = false;
		more = tell_some(pull);
	} while (more && pull->answered);
	pull->telling = false;
	if (more)
		return;
	pull->busy = false;
	pull_tidy(pull);
}

void pull_tell(struct pull *pull)
{
	bool odd = false;

	for (size_t i = 0; i < pull->plan.n && !odd; i++)
		odd = pull->done[i] && !can_be_told(&pull->plan.items[i]);
	if (odd)
		intake_compare(pull->turn->daemon->intake, pull->repo, pull->path, INTAKE_SEEN);
	pull->busy = true;
	pull->told = 0;
	tell_on(pull);
}
