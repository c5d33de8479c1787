/* git push -o headgate.wait[=SECONDS]: the pusher sees what becomes of the push on its targets (docs/design.md, "Rollout"). */
#ifndef HEADGATE_HOOKS_WAIT_H
#define HEADGATE_HOOKS_WAIT_H

#include "hooks/hook.h"

#define WAIT_OPTION "headgate.wait"
#define WAIT_DEFAULT_SECONDS 60

/* Whether the push asks to wait; *seconds gets for how long, no longer than the config allows. HGT_EINVAL: it asks in a way that makes no
 * sense. */
int wait_wanted(const struct hook *hook, uint32_t *seconds, bool *wanted, struct hgt_error *err) HGT_MUST_CHECK;

/* Ask the daemon, and write lines to stderr until it has told how it ended, the time is over, or nobody reads them any more (which is no
 * failure). */
int wait_tell(const struct hook *hook, uint32_t seconds, struct hgt_error *err) HGT_MUST_CHECK;

#endif
