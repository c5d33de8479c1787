/* Stands in for the rooms that land after this one: weak, so that theirs take its place. */
#include "daemon/agents.h"
#include "daemon/archives.h"
#include "daemon/http.h"
#include "daemon/hub.h"

#define ROOM(name) \
	__attribute__((weak)) int name##_new(struct daemon *d, struct name **out, struct hgt_error *err) \
	{ \
		(void)d, (void)err; \
		*out = NULL; \
		return 0; \
	} \
	__attribute__((weak)) void name##_free(struct name *room) \
	{ \
		(void)room; \
	}

ROOM(hub)
ROOM(agents)
ROOM(archives)
ROOM(http)

__attribute__((weak)) void hub_publish(struct hub *hub, const struct hgt_journal_row *row)
{
	(void)hub, (void)row;
}

__attribute__((weak)) int http_drain(struct http *http)
{
	(void)http;
	return 1;
}
