/* Things in order of their names, each name once. */
#ifndef HEADGATE_DAEMON_NAME_LIST_H
#define HEADGATE_DAEMON_NAME_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct name_list {
	struct named {
		const char *name;	/* the thing's own */
		void *thing;
	} *items;
	size_t n, cap;
};

void name_list_release(struct name_list *list);	/* not the things */

/* NULL when there is none of that name. */
void *name_list_find(const struct name_list *list, const char *name);

/* Make room for one more; false when memory runs out. */
bool name_list_reserve(struct name_list *list);

/* Put in, where there is room, a thing of another name than all others have; take out one that is there. */
void name_list_put(struct name_list *list, const char *name, void *thing);
void name_list_remove(struct name_list *list, const char *name);

#endif
