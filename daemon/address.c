/* Whose connection or request it is. */
#include "daemon/address.h"

#include <netdb.h>
#include <sys/socket.h>

#include "daemon/agents.h"
#include "daemon/guard.h"

static socklen_t get_peer(int fd, struct sockaddr_storage *out)
{
	socklen_t len = sizeof(*out);

	return getpeername(fd, (struct sockaddr *)out, &len) < 0 ? 0 : len;
}

void address_text(int fd, char out[REQUEST_REMOTE_MAX])
{
	struct sockaddr_storage address = {0};
	socklen_t len = get_peer(fd, &address);

	/* A number needs no resolver. */
	if (!len || getnameinfo((const struct sockaddr *)&address, len, out, REQUEST_REMOTE_MAX, NULL, 0, NI_NUMERICHOST) != 0)
		out[0] = '\0';
}

bool address_admit(struct daemon *daemon, int fd, struct peer **out, bool *proxied)
{
	struct sockaddr_storage address = {0};
	char text[REQUEST_REMOTE_MAX];
	struct peer *peer;

	*out = NULL;
	*proxied = false;
	if (!get_peer(fd, &address))
		return true;
	if (guard_is_proxy(daemon->guard, (const struct sockaddr *)&address)) {
		*proxied = true;
		return true;
	}
	peer = guard_peer(daemon->guard, (const struct sockaddr *)&address);
	if (guard_connect(daemon->guard, peer)) {
		*out = peer;
		return true;
	}
	address_text(fd, text);
	agents_refused(daemon->agents, &(struct refused){.remote = text}, "more connections than limits.address_connections allows");
	return false;
}

void address_forwarded(struct request *request)
{
	const char *value = request_get_header(request, "X-Forwarded-For");
	const char *last = value ? strrchr(value, ',') : NULL;
	char address[REQUEST_REMOTE_MAX];

	last = last ? last + 1 : value;
	if (last) {
		last += strspn(last, " \t");
		snprintf(address, sizeof(address), "%.*s", (int)strcspn(last, " \t"), last);
		request->peer = guard_peer_text(request->daemon->guard, address);
		if (request->peer) {
			memcpy(request->remote, address, sizeof(address));
			return;
		}
	}
	request->peer = guard_peer_text(request->daemon->guard, request->remote);
}
