/* The repository of a pull mirror's copy that is not here yet: made, once upstream has been seen to have it, with upstream's HEAD. */
#ifndef HEADGATE_DAEMON_MIRROR_CREATE_H
#define HEADGATE_DAEMON_MIRROR_CREATE_H

#include "daemon/mirror.h"

struct mirror_create;

/* code 0: turn->path is where it is. The object is gone when this returns. */
typedef void (*mirror_created_cb)(void *ctx, int code, const struct hgt_error *err);

/* The turn has no path, and its mirror says create. `made` comes later, once. On failure it does not. */
int mirror_create_begin(struct turn *turn, mirror_created_cb made, void *ctx, struct mirror_create **out,
	struct hgt_error *err) HGT_MUST_CHECK;

/* It ends soon, by `made`. */
void mirror_create_stop(struct mirror_create *create);

/* Nobody waits for it any more: `made` is not called. A repository that is being made is made. NULL is fine. */
void mirror_create_free(struct mirror_create *create);

#endif
