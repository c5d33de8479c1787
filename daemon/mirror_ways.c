/* The way out, while there is none: each turn is refused. */
#include "daemon/mirror.h"

static int begin(struct turn *turn, struct hgt_error *err)
{
	return hgt_error_set(err, HGT_EUNSUPPORTED, "this version does not %s; leave mirrors out of the config", turn->copy->mirror->way->name);
}

static void nothing(struct turn *turn)
{
	(void)turn;
}

const struct way mirror_push = {"push", begin, nothing, nothing};
