/* A push as Gitea, Forgejo and Gogs tell it. A ref that is deleted is told as a push to nothing, for that is all that every reader
 * of theirs takes. */
#include "webhook/push.h"

static void write_user(struct hgt_json *json, const char *key, const char *name, size_t len)
{
	static const char *const keys[] = {"login", "username", "full_name"};

	hgt_json_key(json, key);
	hgt_json_begin_object(json);
	hgt_json_key_int(json, "id", 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		hgt_json_key(json, keys[i]);
		hgt_json_string_len(json, name, len);
	}
	hgt_json_key_string(json, "email", "");
	hgt_json_key_string(json, "avatar_url", "");
	hgt_json_end_object(json);
}

static void write_person(struct hgt_json *json, const char *key, const char *name, const char *email)
{
	hgt_json_key(json, key);
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", name ? name : "");
	hgt_json_key_string(json, "email", email ? email : "");
	hgt_json_key_string(json, "username", "");
	hgt_json_end_object(json);
}

static void write_commit(const struct push *push, struct hgt_json *json)
{
	const struct hgt_webhook_commit *commit = push->event->commit;
	struct hgt_buf suffix = HGT_BUF_INIT;
	char time[PUSH_TIME];

	push_commit_time(push, time);
	hgt_buf_addf(&suffix, "/commit/%s", push_commit_id(push));
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "id", push_commit_id(push));
	hgt_json_key_string(json, "message", push_message(push));
	push_key_url(json, "url", &push->web_url, suffix.data);
	write_person(json, "author", commit ? commit->author : NULL, commit ? commit->email : NULL);
	write_person(json, "committer", commit ? commit->committer : NULL, commit ? commit->committer_email : NULL);
	hgt_json_key_string(json, "verification", NULL);
	hgt_json_key_string(json, "timestamp", time);
	push_write_paths(push, json);
	hgt_json_end_object(json);
	hgt_buf_release(&suffix);
}

static void write_repository(const struct push *push, struct hgt_json *json)
{
	char time[PUSH_TIME];

	push_event_time(push, time);
	hgt_json_begin_object(json);
	hgt_json_key_uint(json, "id", push->id);
	write_user(json, "owner", push->space, push->space_len);
	hgt_json_key_string(json, "name", push->name);
	hgt_json_key_string(json, "full_name", push->ref->repo);
	hgt_json_key_string(json, "description", "");
	hgt_json_key_bool(json, "empty", false);
	hgt_json_key_bool(json, "private", true);
	hgt_json_key_bool(json, "fork", false);
	hgt_json_key_bool(json, "template", false);
	hgt_json_key_string(json, "parent", NULL);
	hgt_json_key_bool(json, "mirror", false);
	hgt_json_key_int(json, "size", 0);
	hgt_json_key_string(json, "html_url", push->web_url.data);
	hgt_json_key_string(json, "ssh_url", push->ssh_url.data);
	hgt_json_key_string(json, "clone_url", push->http_url.data);
	hgt_json_key_string(json, "website", "");
	hgt_json_key_string(json, "default_branch", push->event->default_branch);
	hgt_json_key_bool(json, "archived", false);
	hgt_json_key_string(json, "created_at", "1970-01-01T00:00:00Z");
	hgt_json_key_string(json, "updated_at", time);
	hgt_json_end_object(json);
}

void push_write_gitea(const struct push *push, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	struct hgt_buf compare = HGT_BUF_INIT;

	hgt_buf_addf(&compare, "/compare/%s...%s", push->ref->old_id, push->ref->new_id);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "ref", push->ref->ref);
	hgt_json_key_string(&json, "before", push->ref->old_id);
	hgt_json_key_string(&json, "after", push->ref->new_id);
	push_key_url(&json, "compare_url", &push->web_url, compare.data);
	hgt_json_key(&json, "commits");
	hgt_json_begin_array(&json);
	if (push_has_commit(push))
		write_commit(push, &json);
	hgt_json_end_array(&json);
	hgt_json_key_int(&json, "total_commits", push_has_commit(push));
	hgt_json_key(&json, "head_commit");
	if (push_has_commit(push))
		write_commit(push, &json);
	else
		hgt_json_null(&json);
	hgt_json_key(&json, "repository");
	write_repository(push, &json);
	write_user(&json, "pusher", push->actor, strlen(push->actor));
	write_user(&json, "sender", push->actor, strlen(push->actor));
	hgt_json_end_object(&json);
	hgt_buf_release(&compare);
}
