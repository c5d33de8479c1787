/* The endpoint that gives archives. */
#include "daemon/api.h"
#include "daemon/archives.h"
#include "daemon/messages.h"
#include "daemon/repos.h"
#include "daemon/scope.h"
#include "git/update.h"

void api_archive(struct request *request)
{
	const char *name = query_get(&request->query, "repo");
	const char *rev = query_get(&request->query, "rev");
	const char *path = query_get(&request->query, "path");
	const char *from = query_get(&request->query, "from");
	const struct repo *repo;
	char who[REQUEST_WHO_MAX];

	if (!name || !*name || !rev) {
		request_reply_error(request, 400, NULL, "parameters \"repo\" and \"rev\" are needed");
		return;
	}
	if (!hgt_oid_is_valid(rev) || hgt_oid_is_zero(rev)) {
		request_reply_error(request, 400, NULL, "parameter \"rev\" is to be a whole commit id");
		return;
	}
	if (path && !message_path_is_valid(path)) {
		request_reply_error(request, 400, NULL, "parameter \"path\" is to be a relative path without empty, \".\" or \"..\" "
			"components");
		return;
	}
	if (from && (!hgt_oid_is_valid(from) || hgt_oid_is_zero(from))) {
		request_reply_error(request, 400, NULL, "parameter \"from\" is to be a whole tree id");
		return;
	}
	/* Whether there is such a repository or folder is not told to those who may not see it. */
	if (!scope_has_repo(request->scope, name)) {
		request_refuse(request, "%s may not see repository %s", request_who(request, who), name);
		return;
	}
	if (!scope_has_path(request->scope, path ? path : "")) {
		request_refuse(request, "%s may not see all of folder \"%s\"", request_who(request, who), path ? path : "");
		return;
	}
	repo = repos_find(request->daemon->repos, name);
	if (!repo)
		request_reply_error(request, 404, "repository-not-found", "there is no repository %s", name);
	else if (repo->trouble)
		request_reply_error(request, 503, "repository-trouble", "repository %s: %s", name, repo->trouble);
	else
		archives_serve(request->daemon->archives, request, repo->path,
			&(struct archive_request){.rev = rev, .path = path ? path : "", .from = from});
}
