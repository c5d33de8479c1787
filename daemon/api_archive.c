/* The endpoint that gives archives. */
#include "daemon/api.h"
#include "daemon/archives.h"
#include "daemon/messages.h"
#include "daemon/repos.h"
#include "daemon/scope.h"
#include "git/update.h"

bool archive_place_take(struct request *request, struct archive_place *out)
{
	const char *name = query_get(&request->query, "repo");
	const char *path = query_get(&request->query, "path");
	char who[REQUEST_WHO_MAX];

	out->rev = query_get(&request->query, "rev");
	out->path = path ? path : "";
	if (!name || !*name || !out->rev)
		request_reply_error(request, 400, NULL, "parameters \"repo\" and \"rev\" are needed");
	else if (!hgt_oid_is_valid(out->rev) || hgt_oid_is_zero(out->rev))
		request_reply_error(request, 400, NULL, "parameter \"rev\" is to be a whole commit id");
	else if (!message_path_is_valid(out->path))
		request_reply_error(request, 400, NULL, "parameter \"path\" is to be a relative path without empty, \".\" or \"..\" "
			"components");
	/* Whether there is such a repository or folder is not told to those who may not see it. */
	else if (!scope_has_repo(request->scope, name))
		request_refuse(request, "%s may not see repository %s", request_who(request, who), name);
	else if (!scope_has_path(request->scope, out->path))
		request_refuse(request, "%s may not see all of folder \"%s\"", request_who(request, who), out->path);
	else if (!(out->repo = repos_find(request->daemon->repos, name)))
		request_reply_error(request, 404, "repository-not-found", "there is no repository %s", name);
	else if (out->repo->trouble)
		request_reply_error(request, 503, "repository-trouble", "repository %s: %s", name, out->repo->trouble);
	else
		return true;
	return false;
}

void api_archive(struct request *request)
{
	const char *from = query_get(&request->query, "from");
	struct archive_place place;

	if (from && (!hgt_oid_is_valid(from) || hgt_oid_is_zero(from)))
		request_reply_error(request, 400, NULL, "parameter \"from\" is to be a whole tree id");
	else if (archive_place_take(request, &place))
		archives_serve(request->daemon->archives, request, place.repo->path,
			&(struct archive_request){.rev = place.rev, .path = place.path, .from = from});
}
