/*
 * Whether a repository of two peers takes pushes, for hooks, which may find no daemon: one file a mirror, <state>/peers/<mirror>, that the
 * daemon replaces whole whenever it changes. Without that file nobody gets in.
 *
 * The daemon shuts before it notes that it is shut, and opens after it has noted that it leads: so the file never says more than the
 * journal.
 */
#ifndef HEADGATE_MIRROR_DOOR_H
#define HEADGATE_MIRROR_DOOR_H

#include "config/config.h"

#define HGT_DOOR_FOLDER "peers"

enum hgt_door {
	HGT_DOOR_OPEN,
	HGT_DOOR_FOLLOWS,	/* the other one leads */
	HGT_DOOR_CLOSING,	/* it is being handed over */
	HGT_DOOR_DISPUTED,	/* the other one says that it leads too */
};

int hgt_door_set(const char *state, const char *mirror, enum hgt_door door, struct hgt_error *err) HGT_MUST_CHECK;

/* The first mirror by whose door a push into the repository of that name may not go, or NULL; `why` gets the reason as one sentence. A
 * door that cannot be read is shut. */
int hgt_door_check(const struct hgt_config *config, const char *repo, const struct hgt_config_mirror **mirror, struct hgt_buf *why,
	struct hgt_error *err) HGT_MUST_CHECK;

#endif
