/*
 * Repositories that got another name while the daemon was away. The journal's database has which folder each was
 * (journal/folders.h). One of which it knows under a name that is not there, and that it did not know under the name it has, was
 * renamed: its refs under the old name are journaled as deleted. Where that cannot be told they stay as they were last known, as do
 * those of a repository that is just gone.
 */
#ifndef HEADGATE_DAEMON_FOLDERS_H
#define HEADGATE_DAEMON_FOLDERS_H

#include "daemon/daemon.h"

/*
 * On the loop: look at which folders daemon->repos are, and note what is new of that. Those that were renamed are retired when
 * `retire` says so: then nothing else has seen them go. True when all is noted; else it is to be called again, later.
 */
bool folders_look(struct daemon *daemon, bool retire);

#endif
