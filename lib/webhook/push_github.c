/*
 * A push as GitHub tells it. The shape is that of GitHub's own schema, so that whoever reads GitHub's reads ours; what Headgate
 * has nothing to say about is there, empty. All changed paths stand in one commit, the one that the ref has now: the difference of
 * the whole push.
 */
#include "webhook/push.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Keys that clients of GitHub's API follow; a receiver finds the repository by html_url, clone_url and ssh_url. */
static const struct {
	const char *key, *suffix;
} links[] = {
	{"url", ""}, {"forks_url", "/forks"}, {"keys_url", "/keys{/key_id}"}, {"collaborators_url", "/collaborators{/collaborator}"},
	{"teams_url", "/teams"}, {"hooks_url", "/hooks"}, {"issue_events_url", "/issues/events{/number}"}, {"events_url", "/events"},
	{"assignees_url", "/assignees{/user}"}, {"branches_url", "/branches{/branch}"}, {"tags_url", "/tags"},
	{"blobs_url", "/git/blobs{/sha}"}, {"git_tags_url", "/git/tags{/sha}"}, {"git_refs_url", "/git/refs{/sha}"},
	{"trees_url", "/git/trees{/sha}"}, {"statuses_url", "/statuses/{sha}"}, {"languages_url", "/languages"},
	{"stargazers_url", "/stargazers"}, {"contributors_url", "/contributors"}, {"subscribers_url", "/subscribers"},
	{"subscription_url", "/subscription"}, {"commits_url", "/commits{/sha}"}, {"git_commits_url", "/git/commits{/sha}"},
	{"comments_url", "/comments{/number}"}, {"issue_comment_url", "/issues/comments{/number}"}, {"contents_url", "/contents/{+path}"},
	{"compare_url", "/compare/{base}...{head}"}, {"merges_url", "/merges"}, {"archive_url", "/{archive_format}{/ref}"},
	{"downloads_url", "/downloads"}, {"issues_url", "/issues{/number}"}, {"pulls_url", "/pulls{/number}"},
	{"milestones_url", "/milestones{/number}"}, {"notifications_url", "/notifications{?since,all,participating}"},
	{"labels_url", "/labels{/name}"}, {"releases_url", "/releases{/id}"}, {"deployments_url", "/deployments"}, {"svn_url", ""},
};

static const char *const counts[] = {"size", "stargazers_count", "watchers_count", "forks_count", "open_issues_count", "forks",
	"open_issues", "watchers"};
static const char *const flags[] = {"fork", "has_issues", "has_projects", "has_downloads", "has_wiki", "has_pages", "archived",
	"is_template", "web_commit_signoff_required"};
static const char *const nothings[] = {"description", "homepage", "language", "mirror_url", "license"};

static const struct {
	const char *key, *suffix;
} user_links[] = {
	{"avatar_url", ""}, {"url", ""}, {"html_url", ""}, {"followers_url", "/followers"}, {"following_url", "/following{/other_user}"},
	{"gists_url", "/gists{/gist_id}"}, {"starred_url", "/starred{/owner}{/repo}"}, {"subscriptions_url", "/subscriptions"},
	{"organizations_url", "/orgs"}, {"repos_url", "/repos"}, {"events_url", "/events{/privacy}"},
	{"received_events_url", "/received_events"},
};

static void write_user(struct hgt_json *json, const char *site, const char *login, size_t len, const char *type)
{
	struct hgt_buf base = HGT_BUF_INIT;

	hgt_buf_addf(&base, "https://%s", site);
	hgt_json_begin_object(json);
	hgt_json_key(json, "login");
	hgt_json_string_len(json, login, len);
	hgt_json_key_int(json, "id", 0);
	hgt_json_key_string(json, "node_id", "");
	hgt_json_key_string(json, "gravatar_id", "");
	for (size_t i = 0; i < COUNT(user_links); i++)
		push_key_url(json, user_links[i].key, &base, user_links[i].suffix);
	hgt_json_key_string(json, "type", type);
	hgt_json_key_bool(json, "site_admin", false);
	hgt_json_end_object(json);
	hgt_buf_release(&base);
}

/* created_at is a number: Argo CD's reader of pushes knows no other. */
static void write_repository(const struct push *push, struct hgt_json *json)
{
	char time[PUSH_TIME];

	push_event_time(push, time);
	hgt_json_begin_object(json);
	hgt_json_key_uint(json, "id", push->id);
	hgt_json_key_string(json, "node_id", "");
	hgt_json_key_string(json, "name", push->name);
	hgt_json_key_string(json, "full_name", push->ref->repo);
	hgt_json_key_bool(json, "private", true);
	hgt_json_key_string(json, "visibility", "private");
	hgt_json_key(json, "owner");
	write_user(json, push->to->site, push->space, push->space_len, "Organization");
	hgt_json_key_string(json, "html_url", push->web_url.data);
	hgt_json_key_string(json, "clone_url", push->http_url.data);
	hgt_json_key_string(json, "git_url", push->http_url.data);
	hgt_json_key_string(json, "ssh_url", push->ssh_url.data);
	for (size_t i = 0; i < COUNT(links); i++)
		push_key_url(json, links[i].key, &push->web_url, links[i].suffix);
	for (size_t i = 0; i < COUNT(counts); i++)
		hgt_json_key_int(json, counts[i], 0);
	for (size_t i = 0; i < COUNT(flags); i++)
		hgt_json_key_bool(json, flags[i], false);
	for (size_t i = 0; i < COUNT(nothings); i++)
		hgt_json_key_string(json, nothings[i], NULL);
	hgt_json_key_int(json, "created_at", 0);
	hgt_json_key_string(json, "updated_at", time);
	hgt_json_key_int(json, "pushed_at", push->seconds);
	hgt_json_key(json, "topics");
	hgt_json_begin_array(json);
	hgt_json_end_array(json);
	hgt_json_key(json, "custom_properties");
	hgt_json_begin_object(json);
	hgt_json_end_object(json);
	hgt_json_key_string(json, "default_branch", push->event->default_branch);
	hgt_json_end_object(json);
}

static void write_person(struct hgt_json *json, const char *key, const char *name, const char *email)
{
	hgt_json_key(json, key);
	hgt_json_begin_object(json);
	hgt_json_key_string(json, "name", name ? name : "");
	hgt_json_key_string(json, "email", email ? email : "");
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
	hgt_json_key_string(json, "tree_id", commit ? commit->tree : "");
	hgt_json_key_bool(json, "distinct", true);
	hgt_json_key_string(json, "message", push_message(push));
	hgt_json_key_string(json, "timestamp", time);
	push_key_url(json, "url", &push->web_url, suffix.data);
	write_person(json, "author", commit ? commit->author : NULL, commit ? commit->email : NULL);
	write_person(json, "committer", commit ? commit->committer : NULL, commit ? commit->committer_email : NULL);
	push_write_paths(push, json);
	hgt_json_end_object(json);
	hgt_buf_release(&suffix);
}

void push_write_github(const struct push *push, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	struct hgt_buf compare = HGT_BUF_INIT;

	hgt_buf_addf(&compare, "/compare/%.12s...%.12s", push->ref->old_id, push->ref->new_id);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "ref", push->ref->ref);
	hgt_json_key_string(&json, "before", push->ref->old_id);
	hgt_json_key_string(&json, "after", push->ref->new_id);
	hgt_json_key_string(&json, "base_ref", NULL);
	hgt_json_key_bool(&json, "created", push->created);
	hgt_json_key_bool(&json, "deleted", push->deleted);
	hgt_json_key_bool(&json, "forced", push->ref->forced);
	push_key_url(&json, "compare", &push->web_url, compare.data);
	hgt_json_key(&json, "commits");
	hgt_json_begin_array(&json);
	if (push_has_commit(push))
		write_commit(push, &json);
	hgt_json_end_array(&json);
	hgt_json_key(&json, "head_commit");
	if (push_has_commit(push))
		write_commit(push, &json);
	else
		hgt_json_null(&json);
	hgt_json_key(&json, "repository");
	write_repository(push, &json);
	write_person(&json, "pusher", push->actor, NULL);
	hgt_json_key(&json, "sender");
	write_user(&json, push->to->site, push->actor, strlen(push->actor), "User");
	hgt_json_end_object(&json);
	hgt_buf_release(&compare);
}

void push_write_ping(const struct hgt_webhook_to *to, const char *delivery, int64_t seconds, struct hgt_buf *out)
{
	struct hgt_json json = HGT_JSON_INIT(out);
	struct hgt_buf base = HGT_BUF_INIT;
	const struct push push = {.seconds = seconds};
	char time[PUSH_TIME];

	push_event_time(&push, time);
	hgt_buf_addf(&base, "https://%s/", to->site);
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "zen", "What is on disk has been acknowledged.");
	hgt_json_key_int(&json, "hook_id", 1);
	hgt_json_key(&json, "hook");
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "type", "Repository");
	hgt_json_key_int(&json, "id", 1);
	hgt_json_key_string(&json, "name", "web");
	hgt_json_key_bool(&json, "active", true);
	hgt_json_key(&json, "events");
	hgt_json_begin_array(&json);
	hgt_json_string(&json, "push");
	hgt_json_end_array(&json);
	hgt_json_key(&json, "config");
	hgt_json_begin_object(&json);
	hgt_json_key_string(&json, "content_type", "json");
	hgt_json_key_string(&json, "url", to->url);
	hgt_json_key_string(&json, "insecure_ssl", "0");
	hgt_json_end_object(&json);
	hgt_json_key_string(&json, "updated_at", time);
	hgt_json_key_string(&json, "created_at", time);
	push_key_url(&json, "url", &base, to->name);
	push_key_url(&json, "ping_url", &base, to->name);
	push_key_url(&json, "deliveries_url", &base, delivery);
	hgt_json_end_object(&json);
	hgt_json_end_object(&json);
	hgt_buf_release(&base);
}
