/*
 * The manifest of a pull mirror's upstream (config: manifest): which repositories there are, and which have moved. While it can be read no
 * copy is looked at by the clock: those alone whose fingerprint upstream is another than here. New repositories become copies; of one
 * that it has no more what is here stays, and its copy says so. When it cannot be read for long, the clock counts again.
 */
#ifndef HEADGATE_DAEMON_MIRROR_MANIFEST_H
#define HEADGATE_DAEMON_MIRROR_MANIFEST_H

#include "daemon/mirror.h"
#include "mirror/manifest.h"

struct mirror_manifest;

/* As the config of the mirror has it now: begin with it, go on, or leave it. mirror->manifest is this file's. */
void mirror_manifest_follow(struct mirror *mirror);
void mirror_manifest_end(struct mirror *mirror);	/* nothing of it is done any more */

/* Look at it now, whatever the clock says. */
void mirror_manifest_look(struct mirror *mirror);

/* Begin nothing new. */
void mirror_manifest_drain(struct mirror *mirror);

/* Whether it says when a copy is to be looked at, and not the clock. */
bool mirror_manifest_leads(const struct mirror *mirror);

/* How long ago it was last read well, or found to be as it was; or has been tried in vain. 0: there is none. */
int64_t mirror_manifest_unread_ms(const struct mirror *mirror);

/* It has not been read yet, nor found to be unreadable: no turn begins before. */
bool mirror_manifest_awaited(const struct mirror *mirror);

/* What it says of a repository; NULL: nothing, or there is no manifest. Until the loop is returned to. */
const struct hgt_manifest_entry *mirror_manifest_entry(const struct mirror *mirror, const char *repo);

#endif
