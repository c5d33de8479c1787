/* Endpoints about the Headgates that mirrors have upstream. */
#include "daemon/api.h"
#include "daemon/mirror_links.h"

void api_upstreams(struct request *request)
{
	/* It tells of mirrors as a whole. */
	if (request->scope)
		request_refuse(request, "who has a scope is not shown the upstreams of mirrors");
	else
		links_show(request->daemon->links, request, query_get(&request->query, "mirror"));
}

void api_upstream_word(struct request *request)
{
	links_word(request->daemon->links, request);
}

void api_mirror_promote(struct request *request)
{
	links_promote(request->daemon->links, request);
}
