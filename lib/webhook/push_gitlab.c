/* A push as GitLab tells it: "push", or "tag_push" for refs/tags. `event_id` is ours: AWX drops a body that it has seen before. */
#include "webhook/push.h"

static void write_project(const struct push *push, struct hgt_json *json)
{
	hgt_json_begin_object(json);
	hgt_json_key_uint(json, "id", push->id);
	hgt_json_key_string(json, "name", push->name);
	hgt_json_key_string(json, "description", "");
	hgt_json_key_string(json, "web_url", push->web_url.data);
	hgt_json_key_string(json, "avatar_url", NULL);
	hgt_json_key_string(json, "git_ssh_url", push->ssh_url.data);
	hgt_json_key_string(json, "git_http_url", push->http_url.data);
	hgt_json_key(json, "namespace");
	hgt_json_string_len(json, push->space, push->space_len);
	hgt_json_key_int(json, "visibility_level", 0);
	hgt_json_key_string(json, "path_with_namespace", push->ref->repo);
	hgt_json_key_string(json, "default_branch", push->event->default_branch);
	hgt_json_key_string(json, "homepage", push->web_url.data);
	hgt_json_key_string(json, "url", push->ssh_url.data);
	hgt_json_key_string(json, "ssh_url", push->ssh_url.data);
	hgt_json_key_string(json, "http_url", push->http_url.data);
	hgt_json_end_object(json);
}

static void write_commit(const struct push *push, struct hgt_json *json)
{
	const struct hgt_webhook_commit *commit = push->event->commit;
	const char *message = push_message(push);
	struct hgt_buf suffix = HGT_BUF_INIT;
	char time[PUSH_TIME];

	push_commit_time(push, time);
	hgt_buf_addf(&suffix, "/-/commit/%s", push_commit_id(push));
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "id", push_commit_id(push));
	hgt_json_key_string(json, "message", message);
	hgt_json_key(json, "title");
	hgt_json_string_len(json, message, strcspn(message, "\r\n"));
	hgt_json_key_string(json, "timestamp", time);
	push_key_url(json, "url", &push->web_url, suffix.data);
	hgt_json_key(json, "author");
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", commit ? commit->author : "");
	hgt_json_key_string(json, "email", commit ? commit->email : "");
	hgt_json_end_object(json);
	push_write_paths(push, json);
	hgt_json_end_object(json);
	hgt_buf_release(&suffix);
}

void push_write_gitlab(const struct push *push, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	const char *kind = push->is_tag ? "tag_push" : "push";

	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "object_kind", kind);
	hgt_json_key_string(&json, "event_name", kind);
	hgt_json_key_string(&json, "event_id", push->event->id);
	hgt_json_key_string(&json, "before", push->ref->old_id);
	hgt_json_key_string(&json, "after", push->ref->new_id);
	hgt_json_key_string(&json, "ref", push->ref->ref);
	hgt_json_key_bool(&json, "ref_protected", false);
	hgt_json_key_string(&json, "checkout_sha", push->deleted ? NULL : push_commit_id(push));
	hgt_json_key_string(&json, "message", NULL);
	hgt_json_key_int(&json, "user_id", 0);
	hgt_json_key_string(&json, "user_name", push->actor);
	hgt_json_key_string(&json, "user_username", push->actor);
	hgt_json_key_string(&json, "user_email", "");
	hgt_json_key_string(&json, "user_avatar", NULL);
	hgt_json_key_uint(&json, "project_id", push->id);
	hgt_json_key(&json, "project");
	write_project(push, &json);
	hgt_json_key(&json, "commits");
	hgt_json_begin_array(&json);
	if (push_has_commit(push))
		write_commit(push, &json);
	hgt_json_end_array(&json);
	hgt_json_key_int(&json, "total_commits_count", push_has_commit(push));
	hgt_json_key(&json, "repository");
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "name", push->name);
	hgt_json_key_string(&json, "url", push->ssh_url.data);
	hgt_json_key_string(&json, "description", "");
	hgt_json_key_string(&json, "homepage", push->web_url.data);
	hgt_json_key_string(&json, "git_http_url", push->http_url.data);
	hgt_json_key_string(&json, "git_ssh_url", push->ssh_url.data);
	hgt_json_key_int(&json, "visibility_level", 0);
	hgt_json_end_object(&json);
	hgt_json_end_object(&json);
}
